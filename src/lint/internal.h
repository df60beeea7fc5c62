/* internal.h - shared inside src/lint only. */
#ifndef BELAY_LINT_INTERNAL_H
#define BELAY_LINT_INTERNAL_H

#include "lint/facts.h"
#include "lint/lint.h"
#include "sql/quote.h"

/* One script to judge: a direction of a migration, a lone file, the base schema. */
struct unit {
	const struct migration *migration;
	const struct source *src;
	size_t off, len;
	enum tx_mode tx;
	bool lone;    /* each statement in a transaction of its own until a BEGIN */
	bool down;    /* only parsed */
	bool context; /* read, not reported */
	struct script script;
	bool ok;
	struct err err;
};

/* The rules that are asked about statements with changes of these classes. */
struct asked {
	unsigned classes;
	bool all; /* those too that name no class */
	const struct rule **rules;
	size_t n;
};

struct judge {
	const struct judge_input *in;
	struct arena *arena;
	struct arena scratch; /* of the statement being judged: its effects */
	struct verdict *out;
	struct catalog *catalog;
	struct session session;
	const struct rule **active; /* that apply to this engine and are not off everywhere */
	size_t nactive;
	struct asked *asked;
	size_t nasked;
	struct history_facts *facts;
	struct unit *units;
	size_t nunits;
	const struct unit *unit;          /* the one being judged */
	const struct unit *timeouts_from; /* the one that last set a timeout; NULL = none */
	bool begun;                       /* a script before this one made a table: begins.c */
	bool base_unknown;                /* something was used that no migration made */
	struct prepared *policies;        /* one for each of in->policies: policies.h */
	struct ignore *ignores;           /* what the files answer for: suppress.c */
	size_t nignores;
	const char **context_paths; /* sorted: files that are only read, once all were judged */
	size_t ncontext_paths;
	size_t first_of_statement;      /* index of its first finding */
	size_t unsaid;                  /* findings about it that are one too many */
	const struct statement *hashed; /* the long statement whose digest is `hash` */
	char hash[65];
};

/* What is bounded, so that hostile text costs no more than its length: changes that are judged in
 * one statement (no table has as many columns), findings about one, and the text from which on a
 * statement is nothing to read, so that no safe form of it is either. */
enum { MOST_CHANGES = 2000, MOST_FINDINGS = 2000, LONG_STATEMENT = 64 << 10 };

/* ---- findings.c ---- */
/* Of a statement's findings those stay that say something of their own. */
void findings_collapse(struct judge *jg, const struct judged *j);
void findings_safe_forms(struct judge *jg, const struct judged *j);
/* Once all units were judged: the files that are only context. */
void findings_context(struct judge *jg);
/* Something about that statement is not known or not said, and why. */
void note_unread(struct judge *jg, const struct statement *st, struct slice why);

/* The rest of the rule files. */
#define FOR_CHANGES(j, c)                                                                          \
	for (const struct change *                                                                 \
			c = (j)->statement->changes,                                               \
		       *c##_end = (j)->statement->nchanges ? c + (j)->statement->nchanges : c;     \
		c < c##_end; c++)

/* public.orders or public.orders.status, quoted where needed. */
struct slice shown(struct judged *j, struct name n, struct slice part);
/* The target of a change as an object that existed before this transaction; false when it is new
 * here, temporary or known to be absent. *name is resolved. */
bool existed_before(struct judged *j, const struct change *c, enum object_type type,
	struct name *name, const struct object **object);
/* Of a lone file, which may be one migration or a whole history: is this a statement that goes on
 * with making a table (an index, a key, a trigger), not one that changes a table in use? */
bool completes_table(const struct judged *j);
/* Made by this transaction or this migration; of a lone file: made, and not completed yet? */
bool born_here(const struct judged *j, const struct object *o);
/* Does the effect rewrite / scan / build on an existing relation? */
const struct touched *first_existing(const struct touched *v, size_t n);
const struct touched *touched_of(const struct touched *v, size_t n, struct name table);
const struct lock *strongest_existing(const struct effect *e);
/* A finding on a change, uncertain when the effect is. */
struct finding *on_change(struct judged *j, const struct rule *r, const struct change *c,
	struct slice object, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Strongest lock of that class or more that the open transaction holds on existing relations. */
const struct session_lock *held(const struct judged *j, int strength);
/* Such a lock, on that table if there is one, else on any other table. */
const struct session_lock *held_near(const struct judged *j, int strength, struct name table);
/* Did an earlier statement of the open transaction close that table to readers and writers? */
bool already_closed(const struct judged *j, struct name table);
/* Is that table dropped by this statement, or further down in the script? */
bool table_goes_too(struct judged *j, struct name table);
/* a, b, c */
struct slice name_list(struct judged *j, struct names v);
/* The tables that DROP TABLE closes because `t` refers to them; empty when there are none. */
struct slice closed_parents(struct judged *j, const struct object *t);

/* Are the keys `few` the first ones of `many`, written alike? */
bool keys_lead(struct names few, struct names many);
/* Does a part of that table that is not `but` guard a subset of these keys as unique? */
bool still_unique(const struct object *table, const struct object *but, struct names keys);
/* Does this statement or a later one of the script make another unique key of the table, or take
 * one of these columns away? `self` does not count. */
bool guard_replaced(
	struct judged *j, const struct change *self, struct name table, struct names keys);
/* Was the column made in this transaction or script, so that no running code can know it? */
bool is_new_column(
	struct judged *j, struct name table, const struct object *t, struct slice column);
/* A change further down in this script, NULL if there is none. Looks at a bounded number. */
typedef bool (*change_test)(struct judged *j, const struct change *c, const void *arg);
const struct change *later_change(struct judged *j, change_test test, const void *arg);
/* The same, up to the end of the transaction; none outside of one. */
const struct change *later_in_tx(struct judged *j, change_test test, const void *arg);
/* The same, for the changes of this statement too. */
bool here_or_later(struct judged *j, change_test test, const void *arg);
/* Something of a table that goes: a constraint, by its name and columns. */
struct lost_part {
	struct name table;
	struct slice name;
	struct names columns;
};
/* Is the table renamed to that further down? */
bool later_rename(struct judged *j, struct name table, struct slice to);
/* words.c: puts what is so on that engine in the place of the rule's own words. */
void engine_words(const struct rule *r, enum dialect d, struct slice *why, struct slice *safe);
/* rules_rebuild.c: columns that SQLite's rebuild brings, and that running code would have to fill.
 */
void rebuild_requires(const struct rule *r, struct judged *j, const struct change *c);
/* … columns that it leaves out, */
void rebuild_loses(const struct rule *r, struct judged *j, const struct change *c);
/* … is the table dropped here one that was renamed away for the new one? Is there one to come? */
bool was_renamed_away(const struct judged *j, struct slice now);
bool name_comes_back(struct judged *j, struct name table);
/* … and columns, with a computed default or stored, that it adds to empty tables only. */
void refused_with_rows(const struct rule *r, struct judged *j, bool generated);
/* pinned.c: does its WHERE hold the change to some rows: a column compared with a value, a list or
 * range of values, a LIMIT? IS NULL, columns compared with each other, and values that most rows
 * may have (a state, a flag, everything before a day) do not. */
bool where_pins(const struct judged *j, const struct change *c);
/* … and to those few that values of a unique key name? Such a change is over at once. */
bool where_names_rows(const struct judged *j, const struct change *c);
/* Does the name, as written, mean that table? */
bool is_table(struct judged *j, struct name written, struct name table);
/* ADD COLUMN to a table that existed before; *n is its name. */
bool adds_column(struct judged *j, const struct change *c, struct name *n);
/* The effect's rewrite of that table, if it is one that others see. */
const struct touched *rewrite_of(struct judged *j, struct name n);
/* A finding on a fact that is not certain says what is missing. */
void add_needs(struct finding *f, const struct touched *t, const struct effect *e);
/* The domain of that name, if it has a constraint. */
const struct object *checked_domain(struct judged *j, struct slice type);
/* For `finish`: is the place in a file that is reported, not only read? */
bool span_is_reported(const struct judged *j, struct span at);
/* True the first time in this script. */
bool first_time(struct judged *j, const struct rule *r, struct slice key);

/* The `hides` of rules that speak of a statement's long work: whoever mends that mends what waits
 * for it elsewhere too. */
extern const char *const hides_work[];

/* Every rule, a row of rules.def each. */
#define RULE(name) extern const struct rule rule_##name;
#include "lint/rules.def"
#undef RULE

/* begins.c: is something missing that must have been made before this history began? Asked with the
 * effects of the statement; note_beginning after each script. */
bool begins_elsewhere(const struct judged *j);
/* Does the statement fail for want of a table? Once said, the schema is taken to begin elsewhere.
 */
bool misses_table(const struct judged *j);
void note_beginning(struct judge *jg, const struct unit *u);

/* --select all */
bool select_all(const struct judge *jg);
/* What is said about this rule in that file, policies and settings considered. */
enum severity severity_now(const struct judge *jg, const struct rule *r, const char *path);
/* Keeps the directives of a unit that answer for findings, before its statements are forgotten. */
void remember_ignores(struct judge *jg, const struct unit *u);
/* At the end: marks what somebody answered for (directives, belay.yml, the baseline), and adds
 * findings about answers that answer nothing. Findings come sorted, and leave unsorted. */
void answer_for(struct judge *jg);
/* Is there a policy that asks for this rule? */
bool policy_asks(const struct judge_input *in, const struct rule *r);
bool policies_prepare(struct judge *jg, struct err *err);
/* Is the harm of that rule how long something takes? */
bool grows_with_the_table(const struct rule *r);
/* What policies say of the size of the finding's table, for rules whose harm grows with it. */
enum size_class policy_size(const struct judge *jg, const struct finding *f);
bool path_matches(const char *pattern, const char *path);

#endif
