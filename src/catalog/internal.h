/* internal.h - what the files of this folder share; nobody else includes it.
 *
 * Every object a catalog holds sits in a node. Nodes with a name of their own hang in one hash
 * table by (name space, schema, name); parts of a table hang in their table's list and, when there
 * are many, in a small hash of the table. What an object's definition mentions (the table a foreign
 * key points at, what a view reads, a column's type) is kept as edges by the mentioned name, so
 * that "who depends on this" costs as much as there are answers.
 *
 * Nothing is changed but through the functions of store.c: they keep hashes, edges and the undo
 * log right. Lists and text inside objects are never written in place; they are replaced. */
#ifndef BELAY_CATALOG_INTERNAL_H
#define BELAY_CATALOG_INTERNAL_H

#include "catalog/catalog.h"

#include <stdint.h>

struct node;

/* A mention: `from` mentions the object called `to`. */
struct edge {
	struct node *from;
	struct name to;
	unsigned long long hash;
	struct edge *next, **back; /* in the bucket */
	struct edge *sibling;      /* of the same `from` */
};

struct node {
	struct object o;           /* first: lent pointers to objects are pointers to nodes */
	struct node *next, **back; /* in the bucket of the catalog's hash */
	struct node *pnext;        /* in the bucket of the table's hash */
	unsigned long long hash, phash;
	struct edge *edges;
	struct node **parts_by_name; /* of a table with many parts */
	size_t nbuckets, ncolumns;
	unsigned editing;
	bool assumed;             /* the schema public of a new catalog */
	bool hashed, gone, going; /* going: its drop is under way */
	bool columns_unknown;     /* the table has columns that we do not know */
	bool parts_unknown;       /* or other parts */
};

enum undo_kind {
	UNDOING_EDIT,
	UNDOING_PUT,
	UNDOING_DROP,
	UNDOING_PART_PUT,
	UNDOING_PART_DROP,
	UNDOING_META
};

struct before {
	struct object o;
	bool columns_unknown, parts_unknown;
};

/* What is known about the catalog as a whole. */
struct meta {
	bool complete;
	bool tainted;                     /* something opaque may have touched anything */
	struct names taints;              /* names that something opaque may have made or dropped */
	struct names foreign;             /* extensions whose objects we do not know, by name */
	unsigned long long rows_epoch;    /* grows when any table's rows may have changed */
	unsigned long long numbers_epoch; /* … and when any sequence was set */
};

struct undo_entry {
	enum undo_kind kind;
	struct node *node, *parent;
	size_t at;
	struct before *before;
	struct meta *meta;
};

struct saved_session {
	struct session s;
	size_t undo;
};

struct catalog {
	enum dialect dialect;
	int version;
	struct arena arena;
	struct arena undo_arena;
	struct node **buckets;
	size_t nbuckets, nnodes;
	size_t ntype[OBJECT_TYPES_]; /* of the nodes */
	size_t nextensions;          /* plpgsql not counted */
	struct edge **edges;
	size_t nedge_buckets, nedges;
	struct edge *free_edges;
	struct meta meta;
	bool has_temporary;  /* something is or was in the schema of temporary objects */
	struct node **sound; /* not tainted since the last taint of everything */
	size_t nsound;
	bool logging;
	struct undo_entry *log;
	size_t nlog, log_cap;
	struct saved_session *saved; /* session at BEGIN and at each savepoint */
	size_t nsaved;
	const struct change *batch; /* changes of the statement that is being applied */
	size_t nbatch;
};

static inline struct node *node_of(const struct object *o)
{
	return (struct node *)(uintptr_t)o;
}

static inline bool is_postgres(const struct catalog *c)
{
	return c->dialect == DIALECT_POSTGRES || c->dialect == DIALECT_UNKNOWN;
}
static inline bool is_mysql(const struct catalog *c)
{
	return dialect_is_mysql(c->dialect);
}
static inline bool is_sqlite(const struct catalog *c)
{
	return c->dialect == DIALECT_SQLITE;
}

/* The schema that is searched before the path itself. */
static inline struct slice temp_schema(const struct catalog *c)
{
	return is_sqlite(c) ? SL("temp") : is_postgres(c) ? SL("pg_temp") : SLICE_NONE;
}

/* A constraint of that kind? */
static inline bool is_kind(const struct object *o, const char *kind)
{
	return o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, kind);
}

/* ---- row_versions.c ---- */
/* After an ALTER TABLE, TRUNCATE or OPTIMIZE of MySQL's was applied. */
void count_row_versions(struct catalog *c, const struct statement *st);

/* ---- written.c ---- */
/* After a statement of PostgreSQL's was applied. */
void note_written(struct catalog *c, struct session *s, const struct statement *st);

/* ---- store.c ---- */
bool same_name(const struct catalog *c, enum object_type t, struct slice a, struct slice b);
bool same_full_name(const struct catalog *c, enum object_type t, struct name a, struct name b);
/* The name space a type's names live in. */
enum object_type space_of(const struct catalog *c, enum object_type t);
/* First node in that name space; step on with node_again() for the others of the same name. */
struct node *node_find(const struct catalog *c, enum object_type type, struct name n);
struct node *node_again(
	const struct catalog *c, const struct node *found, enum object_type type, struct name n);
struct node *part_find(const struct catalog *c, const struct node *table, enum object_type type,
	struct slice name);
struct node *node_new(struct catalog *c, const struct object *o); /* a copy without parts */
void node_put(struct catalog *c, struct node *n);
void node_drop(struct catalog *c, struct node *n); /* and its parts */
void part_put(struct catalog *c, struct node *table, struct node *part, size_t at);
void part_put_last(struct catalog *c, struct node *table, struct node *part);
void part_drop(struct catalog *c, struct node *part);
size_t part_place(const struct node *part);
/* Around every write to a node's fields. */
struct object *node_edit(struct catalog *c, struct node *n);
void node_edited(struct catalog *c, struct node *n);
/* For flags that no hash or edge depends on. */
struct meta *meta_edit(struct catalog *c);
void store_done(struct catalog *c);
void undo_to(struct catalog *c, size_t mark);
/* Nodes that mention `to`, in the order they were made, without duplicates. */
size_t mentions(const struct catalog *c, struct name to, struct arena *a, struct node ***out);

/* catalog.c */
void note_extension(struct catalog *c, struct slice name);

/* ---- mention.c ---- */
typedef void mention_fn(void *ctx, struct name to);
/* MySQL: foreign keys, checks and triggers mention their own name, as that of something in a schema
 * that no statement can name. */
struct name name_in_database(struct slice name);
void each_mention(const struct catalog *c, const struct object *o, mention_fn *fn, void *ctx);
/* The relation in schema.table or schema.table.column; the column in *column. */
struct name relation_in(struct slice s, struct slice *column);

/* ---- refer.c ---- */
/* The object of `type` that was called `from` is called `to` now: whoever mentions it says so. */
void retarget(struct catalog *c, enum object_type type, struct name from, struct name to);
struct name split_name(struct slice dotted);
struct slice dotted(struct arena *a, struct name n);
/* Column `from` of `table` is called `to` now. */
void rename_column_everywhere(
	struct catalog *c, struct node *table, struct slice from, struct slice to);
struct expr expr_rename(struct catalog *c, struct expr e, struct slice from, struct slice to);
bool expr_mentions(const struct catalog *c, struct expr e, struct slice column);
/* The column name an index key stands for; empty for an expression. */
struct slice key_column(struct catalog *c, struct slice key);
struct slice key_of_column(struct catalog *c, struct slice column);
bool index_uses(struct catalog *c, const struct object *index, struct slice column);
struct names names_replaced(struct catalog *c, struct names n, struct slice from, struct slice to);
/* nextval('schema.seq'::regclass) */
struct expr nextval_of(struct catalog *c, struct name seq);
/* key=value lists after SET (…) or RESET (…). */
struct names options_changed(struct catalog *c, struct names old, struct names list, bool reset);
struct names names_without(struct catalog *c, struct names n, struct slice s);

/* ---- canonical.c ---- */
/* Fills in what the server fills in: "" and the default it stands for are the same afterwards. */
void canonical(struct catalog *c, struct object *o);
/* plain, main or extended; NULL for a type of somebody's own. */
const char *type_storage(struct slice type);
struct slice type_base(struct slice type); /* without (…) and [] */
struct name type_named(struct slice type); /* its name, without quotes */
struct slice type_spelled(struct catalog *c, struct name n);
/* Fills a new sequence's numbers by its type and increment. */
void sequence_defaults(struct catalog *c, struct sequence_def *d);

/* ---- names_postgres.c, names_mysql.c ---- */
struct slice pg_relation_name(struct catalog *c, struct slice schema, struct slice a,
	struct slice b, const char *label, bool constraint);
struct slice pg_constraint_name(
	struct catalog *c, struct slice schema, struct slice a, struct slice b, const char *label);
struct slice pg_index_name(
	struct catalog *c, const struct node *table, const struct object *index, const char *kind);
struct slice pg_columns_addition(struct catalog *c, struct names columns);
struct slice my_index_name(struct catalog *c, const struct node *table, struct slice column);
struct slice my_constraint_name(struct catalog *c, const struct node *table, const char *infix);

/* ---- apply: the files share this ---- */
struct apply {
	struct catalog *c;
	struct session *s;
	const struct change *ch;
	struct slice why;
	bool unsure;
};
typedef enum apply_result apply_fn(struct apply *x);

enum apply_result conflict(struct apply *x, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
enum apply_result unsure(struct apply *x, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline bool has(const struct apply *x, unsigned flag)
{
	return x->ch->flags & flag;
}
/* The object a change acts on. NULL: *r says what apply has to return. A tainted one is returned
 * and x->unsure set. */
struct node *target(struct apply *x, enum object_type type, enum apply_result *r);
struct node *target_named(
	struct apply *x, enum object_type type, struct name n, enum apply_result *r);
struct node *target_part(struct apply *x, struct node *table, enum object_type type,
	struct slice name, enum apply_result *r);
/* May a new object of that name be made? Fills *full. APPLIED = yes; else what to return. With
 * OR REPLACE the old one is in *old. */
enum apply_result may_create(struct apply *x, enum object_type type, struct name n,
	struct name *full, struct node **old);
struct name creation_name(struct apply *x, struct name n);
struct node *create(struct apply *x, const struct object *def, struct name full);
struct node *create_part(struct apply *x, struct node *table, const struct object *def);
struct name in_table_schema(const struct node *table, struct slice name);
struct slice path_of(struct apply *x, const struct node *n);
struct slice textf(struct catalog *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct slice keep(struct catalog *c, struct slice s);
/* Tables that inherit from, or are partitions of, `n`. */
size_t children(struct apply *x, const struct node *n, struct node ***out);

/* apply_table.c */
apply_fn apply_create_table, apply_create_table_as, apply_drop_relation, apply_rename_relation,
	apply_set_schema, apply_set_options, apply_reset_options, apply_table_word,
	apply_row_security, apply_replica_identity, apply_inherit, apply_no_inherit, apply_attach,
	apply_detach, apply_of_type, apply_charset, apply_partitions, apply_cluster_on;
/* apply_like.c: LIKE, INHERITS and PARTITION OF */
void inherit_from(
	struct apply *x, struct node *table, struct node *parent, bool partition, bool rest);
void inherit_rest(struct apply *x, struct node *table, struct node *parent, bool partition);
enum apply_result like(struct apply *x, struct node *table, struct slice clause, bool rest);
void columns_unknown(struct apply *x, struct node *table);
void parts_unknown(struct apply *x, struct node *table);
/* There may be things that we do not know; those that we know are as they were. */
void catalog_more(struct catalog *c);
/* ---- apply_query.c ---- */
/* Gives `def`, a copy, the columns of change->columns, with the types that the catalog knows.
 * False: how many there are is not known. */
bool query_columns(struct apply *x, struct object *def);
/* What a partition or child gets from its parent. */
void inherit_key(
	struct apply *x, struct node *child, const struct object *con, const struct object *index);
void inherit_constraint(struct apply *x, struct node *child, const struct object *con);
void inherit_index(struct apply *x, struct node *child, const struct object *index);
/* types.c */
struct slice resolve_type(struct apply *x, struct slice type);
struct slice resolve_signature(struct apply *x, struct slice name); /* f(a, b) */
struct slice resolve_cast(struct apply *x, struct slice name);
struct slice resolve_collation(struct apply *x, struct slice collation);
/* The n-th type that an extension brings; NULL behind the last one we know. */
const char *extension_type(struct slice extension, size_t n);
/* apply_column.c */
apply_fn apply_add_column, apply_drop_column, apply_rename_column, apply_alter_type,
	apply_modify_column, apply_set_default, apply_drop_default, apply_set_not_null,
	apply_drop_not_null, apply_add_identity, apply_alter_identity, apply_drop_identity,
	apply_set_expression, apply_drop_expression, apply_column_word, apply_column_options,
	apply_column_visibility;
struct node *add_column(struct apply *x, struct node *table, const struct object *def, size_t at);
/* apply_constraint.c */
apply_fn apply_add_constraint, apply_add_constraint_index, apply_validate_constraint,
	apply_alter_constraint, apply_drop_constraint, apply_rename_constraint;
enum apply_result add_constraint(struct apply *x, struct node *table, const struct object *def);
void drop_constraint(struct apply *x, struct node *con);
void set_not_null(
	struct apply *x, struct node *table, struct slice column, bool yes, struct slice name);
/* Names for the NOT NULLs of a new table (PostgreSQL 18). */
void not_null_constraints(struct apply *x, struct node *table);
/* apply_index.c */
apply_fn apply_create_index, apply_drop_index, apply_rename_index, apply_alter_index,
	apply_attach_index;
struct node *add_index(
	struct apply *x, struct node *table, const struct object *def, const char *kind);
bool foreign_key_needs(struct apply *x, const struct node *table, const struct object *index);
struct names keys_of_columns(struct catalog *c, struct names columns);
/* drop.c */
/* Drops n and what goes with it. What would keep it from going: the first one's path in *blocker
 * and nothing is done, unless `cascade`. */
bool drop_all(struct apply *x, struct node *n, bool cascade, struct slice *blocker);
bool drop_column_all(struct apply *x, struct node *table, struct node *column, bool cascade,
	struct slice *blocker);
/* apply_object.c */
enum apply_result reads_exist(struct apply *x, struct names reads);
apply_fn apply_create_view, apply_alter_view, apply_create_sequence, apply_alter_sequence,
	apply_refresh, apply_create_object, apply_create_part, apply_drop_part, apply_drop_object,
	apply_alter_policy, apply_trigger_state, apply_create_function, apply_alter_function,
	apply_create_schema, apply_drop_schema, apply_rename_object, apply_create_extension,
	apply_alter_extension, apply_drop_extension, apply_alter_other, apply_create_statistics,
	apply_alter_part;
void sequence_options(struct catalog *c, struct sequence_def *d, struct names options);
/* apply_type.c */
apply_fn apply_call;
apply_fn apply_create_type, apply_type_attr, apply_add_enum_value, apply_rename_enum_value,
	apply_alter_domain;
struct names domain_checks(struct apply *x, struct slice domain, const struct object *def);
/* apply_meta.c */
apply_fn apply_comment, apply_owner, apply_grant, apply_revoke, apply_default_privileges;
struct node *meta_target(struct apply *x, enum apply_result *r);
/* session.c */
apply_fn apply_begin, apply_commit, apply_rollback, apply_savepoint, apply_release,
	apply_rollback_to, apply_set, apply_reset, apply_use, apply_discard, apply_pragma,
	apply_attach_database, apply_detach_database, apply_set_role;

/* ---- acl.c ---- */
/* The list after a GRANT or REVOKE of `words` (select, all, …). */
struct names acl_changed(struct catalog *c, const struct object *o, struct slice grantee,
	struct names words, bool grant, bool option);
/* For comparing: without grantors, the owner as "@owner", empty for the defaults. */
struct names acl_canonical(const struct catalog *c, struct arena *a, const struct object *o);

/* What a new object gets by default privileges. */
struct names acl_of_new(struct catalog *c, const struct object *o);
/* The privileges of one entry, in words: those to keep, and those that may be passed on. */
void acl_words(struct arena *a, struct slice entry, struct names *plain, struct names *passed);

/* ---- expr.c ---- */
enum sameness { SAME, DIFFERENT, NOT_COMPARED };
enum sameness expr_compare(enum dialect d, struct expr a, struct expr b);
enum sameness key_compare(enum dialect d, struct slice a, struct slice b);
/* The text by which an expression goes into the fingerprint; in the arena. */
struct slice expr_canonical(struct arena *a, enum dialect d, struct expr e);

/* ---- diff.c, also for fingerprints ---- */
bool field_counts(enum dialect d, const struct object *o, const struct field *f,
	const struct diff_options *opt);
int object_order(const struct object *a, const struct object *b);
#endif
