/* directive.h - comments that speak to belay, and other tools' own ignore comments.
 *
 *	-- belay:allow drop-column until 2027-01-31 because "unused since release 41"
 *
 * They hold for the next statement unless they are file directives (allow-file, phase,
 * no-transaction). Peers' comments that mean "I know" become allow directives with the peer's
 * words kept: squawk-ignore, atlas:nolint, eugene: ignore, pgfence-ignore, migrationpilot-disable,
 * safety-assured, pg-migration-lint suppressions. */
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

#endif
