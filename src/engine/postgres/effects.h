/* effects.h - shared inside the effects of PostgreSQL only.
 *
 * Claims about locks, rewrites and scans. What was measured on 15 stands in the tables of
 * effects*.c; the manual's pages are "Explicit Locking", "ALTER TABLE" and "CREATE INDEX". */
#ifndef BELAY_ENGINE_POSTGRES_EFFECTS_H
#define BELAY_ENGINE_POSTGRES_EFFECTS_H

#include "engine/engine.h"

enum pg_mode {
	PG_ACCESS_SHARE = 1,
	PG_ROW_SHARE,
	PG_ROW_EXCLUSIVE,
	PG_SHARE_UPDATE_EXCLUSIVE,
	PG_SHARE,
	PG_SHARE_ROW_EXCLUSIVE,
	PG_EXCLUSIVE,
	PG_ACCESS_EXCLUSIVE,
};
const char *pg_mode_words(enum pg_mode m);
enum lock_class pg_mode_blocks(enum pg_mode m);

struct pg_values {
	struct names *rows; /* of INSERT … VALUES: the texts of each row */
	size_t n;
};

/* One statement being looked at. */
struct looking {
	struct arena *arena;
	const struct catalog *catalog;
	const struct session *session;
	const struct statement *statement;
	const struct change *change;
	struct effect *out;
	struct slice block; /* the text of all of it; the statement's own may be a part */
	int version;
	enum rerun rerun; /* of this change */
	bool partial;     /* the catalog holds what earlier changes of the statement did */
	/* What a statement sets off in turn (effects_bodies.c, keys that cascade): */
	unsigned nest;
	const struct looking *above;
	/* What pg_values_of found, and of which change of which text: it is asked several times. */
	struct pg_values values;
	const struct change *values_of;
	const char *values_in;
	bool perhaps;    /* a condition decides whether it does */
	bool only_locks; /* a function's SQL is read, not run */
	bool skipped;    /* the block's own question keeps the change from running */
};

/* A relation as the statement names it. */
struct relation {
	struct name name; /* resolved */
	enum presence presence;
	const struct object *object; /* NULL unless PRESENT */
	enum object_type type;
	bool is_new;  /* created in this transaction */
	bool certain; /* it is that relation for sure */
};
struct relation pg_relation(struct looking *l, struct name n, enum object_type type);
void pg_lock(struct looking *l, const struct relation *r, enum pg_mode m);
/* The relation and what inherits from it: partitions, children. */
void pg_lock_tree(struct looking *l, const struct relation *r, enum pg_mode m);
void pg_lock_indexes(struct looking *l, const struct relation *r, enum pg_mode m);
void pg_rewrite(struct looking *l, const struct relation *r, bool certain); /* and its indexes */
void pg_scan(struct looking *l, const struct relation *r, bool certain);
void pg_scan_one(struct looking *l, const struct relation *r, bool certain); /* no children */
void pg_build(struct looking *l, const struct relation *on, struct slice index, bool certain);
void pg_writes(struct looking *l, const struct relation *r);
/* narrow.c: what an assignment cast may do to values; a set. Unknown types: nothing is said.
 * written_cast: USING says the same cast, which cuts texts instead of refusing them. */
enum { PG_NARROW_FAILS = 1, PG_NARROW_ROUNDS = 2 };
unsigned pg_narrowing(struct slice from, struct slice to, bool written_cast);
void pg_destroys(struct looking *l, enum object_type t, struct name object, struct slice part);
void pg_breaks(struct looking *l, enum breaks_who who, enum object_type t, struct name object,
	struct slice part);
void pg_fails(struct looking *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pg_may_fail(struct looking *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pg_need(struct looking *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- Values that are written out (effects_values.c) ---- */
struct pg_values pg_values_of(struct looking *l);
struct slice pg_value(const struct looking *l, const struct pg_values *v, size_t row,
	const struct relation *r, struct slice column);
void pg_bound_overlaps(struct looking *l, const struct relation *parent, struct slice bound);
/* Is the text a literal that no value of the type can be made of? */
bool pg_bad_literal(struct looking *l, struct slice text, struct slice type, bool lengths);
/* Does the statement say what goes into the column? */
bool pg_gives(const struct looking *l, const struct pg_values *v, const struct relation *r,
	struct slice column);
void pg_set_out_of_bound(
	struct looking *l, const struct relation *r, struct slice column, struct slice text);
/* Fails when the row of an INSERT into a partition is none of its own. */
void pg_in_own_bound(
	struct looking *l, const struct relation *r, const struct pg_values *v, size_t row);
bool pg_routed(struct looking *l, const struct relation *r, const struct pg_values *v,
	const struct object ***out, size_t *n);
bool pg_pruned(struct looking *l, const struct relation *r, const struct object **out);
/* INSERT … SELECT of itself, with the key as it is: each row goes where it comes from. */
bool pg_keeps_partition(struct looking *l, const struct relation *r);
/* *out NULL: none takes it. */
bool pg_partition_for(
	struct looking *l, const struct relation *r, struct slice value, const struct object **out);

/* ---- What else is reached (effects_links.c) ---- */
struct name pg_split_name(struct slice full); /* "schema.name" */
/* "schema.table.column" or "schema.table", as views list what they read. */
struct name pg_table_of(struct slice read);
struct slice pg_last_part(struct slice full); /* of "schema.table.column" */
bool pg_is_partitioned(const struct relation *r);
bool pg_is_temporary(const struct relation *r);
/* Partitions, or tables that inherit from it. */
size_t pg_children(struct looking *l, const struct relation *r, const struct object ***out);
bool pg_expr_names(const struct expr *e, struct slice column);
bool pg_is_heir(const struct object *child, const struct relation *of);
struct relation pg_relation_of(struct looking *l, const struct object *o);
struct relation pg_index_of(
	struct looking *l, const struct relation *table, const struct object *i);
void pg_lock_index_tree(
	struct looking *l, const struct object *index, enum pg_mode m, enum pg_mode table);
void pg_lock_sequences(
	struct looking *l, const struct relation *r, struct slice column, enum pg_mode m);
void pg_lock_called_sequences(struct looking *l, struct slice text);
void pg_lock_views(struct looking *l, const struct object *of, struct slice column, bool destroys);
void pg_lock_below(struct looking *l, const struct relation *r, enum pg_mode m, bool scan);
void pg_each_key(struct looking *l, const struct relation *r, struct slice column,
	void (*fn)(struct looking *l, const struct relation *r, struct relation *other,
		const struct object *key, bool refers));
/* Lists the indexes that the change makes on that table and its partitions, and their scans. */
void pg_build_new(struct looking *l, struct name table);
void pg_lock_default_partition(struct looking *l, const struct relation *parent, bool scan);
void pg_lock_parent_indexes(struct looking *l, const struct relation *parent);
/* What the change reads, in the mode of a query. */
void pg_reads(struct looking *l, bool scan, bool below);
/* True when it is known that there is none: said, unless IF EXISTS allows it. */
bool pg_missing(struct looking *l, enum object_type type);
void pg_no_schema(struct looking *l, struct slice schema); /* fails when there is none */
bool pg_spells_type(struct arena *a, struct slice text, struct name type);
void pg_row_type_used(struct looking *l, struct name type);
/* The column, and what stands on it. */
void pg_drop_column_of(struct looking *l, const struct relation *r, struct slice column);
struct names pg_column_names(struct looking *l, const struct object *relation);
/* The function's name with its types in full. */
struct name pg_function_name(struct looking *l, struct name n);
struct slice pg_short_signature(struct looking *l, struct slice name);
bool pg_target(struct looking *l, struct relation *r); /* the change's, unless it has none */
void pg_row_rerun(struct looking *l, const struct relation *r, const struct pg_values *v);
/* Does the statement do the same to that relation too? */
bool pg_in_statement(const struct looking *l, const struct relation *r);
bool pg_has_unique(const struct object *table, struct names columns);
void pg_rename_relation(struct looking *l, const struct relation *r);
void pg_rerun(struct looking *l, enum rerun r); /* better known than by its kind */
/* The domain a type is, NULL if it is none that is known. */
const struct object *pg_domain(struct looking *l, struct slice type);
/* What stands in the brackets after that word of a bound: FROM (…), IN (…); "" = the first. */
struct slice pg_in_brackets(struct slice text, const char *after);
/* What the server refuses whatever is in the tables (effects_refused.c). */
void pg_refusals(struct looking *l);
void pg_refuse_action(struct looking *l, const struct relation *r); /* of one relation */
void pg_refuse_object(struct looking *l);
void pg_refuse_part(struct looking *l);
/* Does the block's question let the change run? */
enum presence pg_guard_lets(struct looking *l);
/* Does its handler take it for no fault that the thing is there already? */
bool pg_guard_catches(struct looking *l);
void pg_refuse_typed(struct looking *l); /* effects_typed.c */
void pg_refuse_table(struct looking *l);
void pg_refuse_rows(struct looking *l);
void pg_refuse_call(struct looking *l);
void pg_refuse_savepoint(struct looking *l);
void pg_refuse_view_option(struct looking *l, const struct relation *r);
/* Would the catalog have nothing to do for the change: IF EXISTS of what is not there? */
bool pg_changes_nothing(struct looking *l);
void pg_refuse_options(struct looking *l, const struct relation *r, const struct names *options);
void pg_refuse_column_name(struct looking *l, struct slice name);

/* May a trigger in front of the row fill in that column (effects_filled.c)? No column: may it do
 * more than to fill in columns that its body names? */
bool pg_fills(
	struct looking *l, const struct object *table, const char *event, struct slice column);

/* ---- What is set off besides (effects_bodies.c, effects_rows.c) ---- */
enum { PG_NEST_MAX = 8 };
struct pg_deeds {
	bool understood; /* nothing dynamic, nothing unknown is called */
	bool writes, inserts_only;
	bool perhaps; /* a condition decides whether it writes */
	bool deletes;
	enum rerun rerun; /* of what it writes */
	bool assigns;     /* NEW.x := … */
	bool moves;       /* … and something else each time */
	bool raises;
};
void pg_run_text(struct looking *l, struct slice text, struct slice event, bool certain,
	struct pg_deeds *out);
void pg_calls(struct looking *l, struct name function, struct slice event, bool certain,
	struct pg_deeds *out);
bool pg_ends_transaction(struct looking *l, struct name procedure);
void pg_calls_one(struct looking *l, struct name function);
void pg_calls_of(struct looking *l, const struct expr_facts *facts);
void pg_rule_locks(struct looking *l, const struct object *rule);
void pg_body_locks(struct looking *l, const struct object *function);
/* True: a rule does something else instead of the statement. */
bool pg_run_rules(struct looking *l, const struct relation *r);
void pg_run_triggers(struct looking *l, const struct relation *r);
void pg_writes_too(struct looking *l, enum change_kind kind, struct name table,
	struct names columns, struct slice text, bool certain);
void pg_reads_too(struct looking *l, struct name table, struct slice text, bool certain);
enum rerun pg_rerun_update(
	struct looking *l, struct slice text, struct names columns, struct names reads);
enum rerun pg_worse_rerun(enum rerun a, enum rerun b);
struct names pg_merged_columns(const struct looking *l, bool insert);
bool pg_does_update(const struct looking *l); /* ON CONFLICT DO UPDATE */
/* Does the server put the function's expression in place of a call, and may that be immutable? */
bool pg_is_inlined(struct looking *l, const struct object *function);
bool pg_never_immutable(const struct looking *l, struct slice text);
bool pg_is_builtin(const struct looking *l, struct slice name);

/* What a kind of change does: a row in the table of one of the files. `on` looks for itself; what
 * `on_relation` gets was named by the change and is not known to be absent. */
struct pg_action {
	enum change_kind kind;
	void (*on)(struct looking *l);
	void (*on_relation)(struct looking *l, const struct relation *r);
};
/* Each ends with a row that has neither. */
extern const struct pg_action pg_alter_actions[], pg_type_actions[], pg_column_actions[],
	pg_constraint_actions[], pg_partition_actions[], pg_index_actions[], pg_object_actions[],
	pg_relation_actions[], pg_row_actions[], pg_maintenance_actions[], pg_drop_actions[];

/* ---- Columns (effects_columns.c) ---- */
/* NULL and *known = UNKNOWN when the table is not known. */
const struct object *pg_column(
	struct looking *l, const struct relation *r, struct slice name, enum presence *known);
bool pg_index_uses(const struct object *index, struct slice column);
/* Is it a trigger, policy or rule that cannot do without the column? */
bool pg_part_needs(const struct object *part, struct slice column);
bool pg_constraint_uses(const struct object *constraint, struct slice column);
void pg_fail_for_views(struct looking *l, const struct object *table, struct slice column);
bool pg_in_partition_key(const struct relation *r, struct slice column);
bool pg_in_keys_below(struct looking *l, const struct relation *r, struct slice column);
/* Does the statement drop the column too, or add it? */
bool pg_statement_has(const struct looking *l, enum change_kind kind, struct slice column);
/* Does a validated CHECK or NOT NULL constraint prove it? */
bool pg_not_null_proven(const struct looking *l, const struct relation *r, struct slice column);
void pg_drop_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers);
struct slice pg_bare_text(struct slice text); /* without parentheses around all of it */

/* ---- Functions (functions.c) ---- */
/* 'i', 's', 'v', or 0 when a function is not known; *needs names it then. */
char pg_volatility(struct looking *l, const struct expr *e, struct slice *needs);
/* The rows of that name, from pg_builtin_first() on; false: there are no more. */
struct pg_builtin {
	const char *arguments, *result;
	int defaults, variadic, since, until;
	char volatility, kind; /* kind: function, aggregate, window, set */
	bool sql;              /* written in SQL: what its body calls decides */
};
size_t pg_builtin_first(struct slice name);
bool pg_builtin_row(size_t i, struct slice name, struct pg_builtin *out);
bool pg_function_missing(struct looking *l, const struct expr *e, struct slice *which);
/* May there be objects that an extension made, or that nobody told us about? */
bool pg_has_extensions(struct looking *l);
char postgres_volatility(
	struct arena *a, const struct catalog *c, const struct session *s, const struct expr *e);

/* ---- Types (effects_types.c, types.c) ---- */
struct slice pg_type_plain(struct arena *a, struct slice type);
bool pg_type_same_bytes(struct looking *l, struct slice from, struct slice to);
bool pg_type_is_text(struct looking *l, struct slice type);
bool pg_domain_checks(struct looking *l, const struct object *domain);
/* Is there a cast that an assignment uses? UNKNOWN: a type of somebody's. */
enum presence pg_assignable(struct looking *l, struct slice from, struct slice to);
enum presence pg_type_known(struct looking *l, struct slice type);
int pg_row_cmp(const char *row, struct slice name);           /* the order of the .inc tables */
char pg_type_category(struct looking *l, struct slice plain); /* 0 = none of the server's */
/* 'i' implicit, 'a' assignment, 'e' explicit; 0 = there is no cast. Types without lengths. */
char pg_cast_context(struct looking *l, struct slice from, struct slice to);
char pg_cast_volatility(struct looking *l, struct slice from, struct slice to);

/* Does changing a column from one type to the other rewrite the table, rebuild its indexes only,
 * or neither? */
enum type_change { TYPE_SAME_STORAGE, TYPE_REINDEX, TYPE_REWRITE, TYPE_UNSURE };
enum type_change pg_type_change(struct looking *l, struct slice from, struct slice to);

void postgres_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out);

#endif
