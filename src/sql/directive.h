/* directive.h - comments that speak to belay, and other tools' own ignore comments.
 *
 *	-- belay:allow drop-column until 2027-01-31 because "unused since release 41"
 *
 * They hold for the next statement unless they are file directives (allow-file, phase,
 * no-transaction). Other tools' comments that mean "I know" are directives too, with the tool's
 *words kept: squawk, atlas, eugene, pgfence, migrationpilot, diesel-guard (blocks),
 *postgres-language-server (blocks and files), pg-migration-lint, migration-lint. */
#ifndef BELAY_SQL_DIRECTIVE_H
#define BELAY_SQL_DIRECTIVE_H

#include "sql/statement.h"

/* Directives in a stretch of comments and blanks (the leading part of a statement, or a whole
 * file's comments). Appended to *v. Spans point into `at.src`. */
void directives_read(struct arena *a, struct span at, struct directive **v, size_t *n);
/* A belay: directive whose name is none of ours, or an allow without rule or reason: the sentence
 * that says so, else NULL. */
const char *directive_problem(struct arena *a, const struct directive *d);
bool directive_is_peer(const struct directive *d);

/* What an ignore comment speaks for. BEGIN and END are the two ends of a block of statements. */
enum directive_scope { SCOPE_STATEMENT, SCOPE_FILE, SCOPE_BEGIN, SCOPE_END };
enum directive_scope directive_scope(const struct directive *d);
/* "squawk", …: whose ignore comment it is; NULL for ours. */
const char *directive_tool(const struct directive *d);
/* Takes the next rule name off the front of a peer's *args; false when no more follow. */
bool directive_next_rule(struct slice *args, struct slice *rule);

#endif
