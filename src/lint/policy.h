/* policy.h - what a project asks of its own migrations, from belay.yml: no code, only rows.
 *
 * A policy is a set of demands on the tables (and files) that it names. Each demand has a rule of
 * tier policy, which is silent until a policy asks for it. */
#ifndef BELAY_LINT_POLICY_H
#define BELAY_LINT_POLICY_H

#include "base/err.h"
#include "sql/change.h"

/* What a name belongs to; `constraint` is every kind of constraint that has no pattern of its own.
 */
enum naming_kind {
	NAMING_TABLE,
	NAMING_COLUMN,
	NAMING_INDEX,
	NAMING_UNIQUE_INDEX,
	NAMING_PRIMARY_KEY,
	NAMING_FOREIGN_KEY,
	NAMING_UNIQUE,
	NAMING_CHECK,
	NAMING_CONSTRAINT,
	NAMING_VIEW,
	NAMING_SEQUENCE,
	NAMING_TYPE,
	NAMING_FUNCTION,
	NAMING_TRIGGER,
	NAMING_SCHEMA,
	NAMING_KINDS
};
const char *naming_word(enum naming_kind k); /* "table", "primary_key", … */

enum size_class { SIZE_NOT_SAID, SIZE_SMALL, SIZE_LARGE };

/* "load_id integer not null references load(id)" */
struct required_column {
	struct slice text;
	struct span at;
};

struct policy {
	struct span at;      /* in belay.yml */
	const char **tables; /* patterns, ends with NULL; NULL = all tables */
	const char **paths;  /* of files likewise */
	const char *because; /* shown as the why */
	int severity;        /* enum severity; 0 = the rule's own */
	struct required_column *columns;
	size_t ncolumns;
	const char *naming[NAMING_KINDS]; /* extended regular expressions for the whole name */
	enum change_kind *forbid;
	size_t nforbid;
	bool table_comments, column_comments;
	const char **engines, **charsets, **collations; /* the allowed ones */
	const char **forbid_types;
	enum size_class size;
};

/* Is that a pattern that can be used? Otherwise `why` says what is wrong. */
bool naming_pattern_ok(const char *pattern, char why[128]);
/* The change of that name ("drop table"); the nearest one when there is none. */
bool change_by_words(struct slice words, enum change_kind *out, const char **nearest);

#endif
