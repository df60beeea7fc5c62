/* facts.h - what earlier statements and migrations left behind, for rules over several of them.
 *
 * The catalog knows the schema, the session its transaction and settings; here is the rest. Noted
 * after the rules have seen a statement and before it is applied. Small lists belong to the script
 * being judged; what belongs to the whole history is kept in hashed sets. */
#ifndef BELAY_LINT_FACTS_H
#define BELAY_LINT_FACTS_H

#include "catalog/catalog.h"

struct judged;

/* A set of texts, each with a word beside it. */
struct text_set {
	struct text_entry {
		struct slice key, value;
	} * at;
	size_t n, cap;
};
/* The entry of that key, NULL if there is none. */
const struct text_entry *text_set_find(const struct text_set *s, struct slice key);
/* Adds it unless it is there; false if it was. Key and value are copied. */
bool text_set_add(struct text_set *s, struct arena *a, struct slice key, struct slice value);

struct gone_index {
	struct name table;
	struct slice name;
	struct index_def def;
	unsigned statement;
	unsigned script; /* which one of the history */
	unsigned long long tx;
};

struct added_column {
	struct name table;
	struct slice column;
	bool not_null, has_default;
	unsigned statement;
};

struct history_facts {
	struct arena *arena;        /* of the history */
	struct text_set policies;   /* schema.table of unknown tables that were given a policy */
	struct text_set filled;     /* schema.table.column that an UPDATE has written */
	struct text_set not_valid;  /* schema.table.constraint of unknown tables: the column that
				       it says is not NULL */
	struct text_set validated;  /* schema.table.column: the same once it was validated; * =
				       what was validated is not known */
	struct text_set lock_order; /* table\ntable, in the order they were locked: the file */
	struct text_set managed;    /* tables whose partitions an extension makes: the extension */

	unsigned scripts;            /* begun so far */
	unsigned long long first_tx; /* of the script */
	struct gone_index *gone;     /* dropped by this script and the one before */
	size_t ngone;

	struct arena script; /* emptied at each script; all that follows with it */
	struct added_column *added;
	size_t nadded;
	struct text_set dropped;     /* names of indexes that it dropped, there or not */
	struct text_set first_locks; /* transaction and table: the mode it was first locked in */
	struct text_set said;        /* once per script is enough */
	struct text_set made;        /* tables it makes that the catalog cannot know: the
					transaction */
	struct text_set emptied;     /* tables that it truncates: the transaction */
	struct text_set refilled;    /* of those: rows came back */
	struct text_set written;     /* tables that the lone file made and put rows into */
	struct text_set positioned;  /* sequences and schema.table.column that the script sets */
	bool positioned_read;
};

void facts_begin(struct history_facts *f, unsigned long long first_tx);
void facts_note(struct judged *j);
/* schema.table.column, as keys are built. */
struct slice facts_key(struct arena *a, struct name table, struct slice column);
/* The index that DROP INDEX names, and its table; NULL when they are not known. */
const struct object *dropped_index(const struct judged *j, const struct change *c);
/* Did the script make that table, which the catalog does not know? With IF NOT EXISTS it may have
 * been there, but who writes this means a new one. */
bool facts_made(const struct judged *j, struct name table);
/* Of a table whose making is not in the history: was a policy made for it? */
bool facts_has_policy(const struct judged *j, struct name table);
/* Has the script, a lone file, put rows into that table, or the table of that part? */
bool facts_has_rows(const struct judged *j, const struct object *o);
/* Has the open transaction truncated the table that the statement is about, and put nothing into
 * it since? Nobody else could, so there is nothing to read or to rewrite. */
bool facts_emptied(const struct judged *j);
/* Of a table whose making is not in the history: was a constraint validated that says, or may say,
 * that the column is not NULL, and does the server take that for a proof? With an empty column: one
 * that says something else, as a bound of a partition to be does. */
bool facts_validated(const struct judged *j, struct name table, struct slice column);
const struct added_column *facts_added(
	const struct history_facts *f, struct name table, struct slice column);

#endif
