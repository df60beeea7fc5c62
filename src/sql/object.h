/* object.h - what can be said about one database object.
 *
 * The same types serve twice: a parsed CREATE TABLE *defines* objects, and the catalog *holds*
 * them. Each kind's fields are one X-macro list; the struct, the comparison, the copy, the
 * fingerprint and the diff are made from it, so a field cannot be forgotten in one of them.
 *
 * Names and definitions, never OIDs. Expressions keep the author's text and, when a server gave
 * it, the server's normal form. */
#ifndef BELAY_SQL_OBJECT_H
#define BELAY_SQL_OBJECT_H

#include "base/arena.h"
#include "sql/source.h"

/* A possibly schema-qualified name, unquoted (the bytes the server stores). */
struct name {
	struct slice schema; /* empty: not said; resolved by search_path / current database */
	struct slice name;
};

struct names {
	struct slice *at;
	size_t n;
};

/* What the reader saw inside an expression; NULL in expr.facts = nobody looked. */
struct expr_facts {
	bool constant; /* literals, signs, casts and arrays of them only */
	bool null;     /* the NULL literal (possibly cast) */
	bool has_columns, has_subquery, has_params;
	struct names functions; /* called functions, schema-qualified as written, lower case */
	struct names columns;   /* columns mentioned */
	struct names types;     /* types cast to */
	const void *tree;       /* the engine's own reading of it, or NULL */
};

struct expr {
	struct slice text;   /* as written, empty = there is none */
	struct slice normal; /* as the server prints it, empty = not known */
	const struct expr_facts *facts;
};

enum object_type {
	OBJECT_NONE,
	OBJECT_SCHEMA, /* MySQL: a database */
	OBJECT_EXTENSION,
	OBJECT_TABLE, /* plain, partitioned, foreign, virtual */
	OBJECT_COLUMN,
	OBJECT_CONSTRAINT,
	OBJECT_INDEX,
	OBJECT_SEQUENCE,
	OBJECT_VIEW,
	OBJECT_MATVIEW,
	OBJECT_TYPE,     /* enum, composite, range, domain, base */
	OBJECT_FUNCTION, /* functions, procedures, aggregates; name includes the argument types */
	OBJECT_TRIGGER,
	OBJECT_POLICY,
	OBJECT_RULE,
	OBJECT_STATISTICS,
	OBJECT_PUBLICATION,
	OBJECT_EVENT_TRIGGER,
	OBJECT_EVENT, /* MySQL scheduled event */
	OBJECT_DEFAULT_ACL,
	OBJECT_OTHER, /* anything else, by class and definition: collation, operator class, cast… */
	OBJECT_DATABASE,
	OBJECT_ROLE,
	OBJECT_TYPES_
};

/* Field kinds:
 *   TEXT  slice, compared exactly             NAME  struct name
 *   BOOL  bool                                INT   long long
 *   EXPR  expression, compared after normalisation (equal, different or not compared)
 *   LIST  ordered names                       SET   names whose order does not matter
 *   NOTE  names that are kept but never compared (what a view reads, …) */

/* clang-format off */
#define TABLE_FIELDS(F) \
	F(TEXT, kind, "kind")                    /* table, partitioned, foreign, virtual */ \
	F(TEXT, persistence, "persistence")      /* permanent, unlogged, temporary */ \
	F(TEXT, access_method, "access method")  /* heap; MySQL: the storage engine */ \
	F(TEXT, tablespace, "tablespace") \
	F(SET,  options, "options")              /* key=value; MySQL: row_format=…, comment apart */ \
	F(LIST, inherits, "inherits")            /* schema.name */ \
	F(EXPR, partition_key, "partition key")  /* RANGE (day) */ \
	F(NAME, partition_of, "partition of") \
	F(EXPR, partition_bound, "partition bound") /* FOR VALUES … or DEFAULT */ \
	F(BOOL, row_security, "row level security") \
	F(BOOL, force_row_security, "force row level security") \
	F(TEXT, replica_identity, "replica identity") /* default, full, nothing, or index name */ \
	F(NAME, of_type, "of type") \
	F(TEXT, charset, "character set")        /* MySQL */ \
	F(TEXT, collation, "collation")          /* MySQL */ \
	F(BOOL, strict, "strict")                /* SQLite */ \
	F(BOOL, without_rowid, "without rowid")  /* SQLite */ \
	F(EXPR, definition, "definition")        /* virtual tables; MySQL partitions text */ \
	F(NOTE, cluster_on, "clustered on")

#define COLUMN_FIELDS(F) \
	F(TEXT, type, "type")                    /* the server's spelling: character varying(20) */ \
	F(TEXT, collation, "collation") \
	F(TEXT, charset, "character set")        /* MySQL */ \
	F(BOOL, not_null, "not null") \
	F(EXPR, default_value, "default") \
	F(TEXT, identity, "identity")            /* always, by default; MySQL: auto_increment */ \
	F(TEXT, generated, "generated")          /* stored, virtual */ \
	F(EXPR, generation, "generation expression") \
	F(TEXT, storage, "storage") \
	F(TEXT, compression, "compression") \
	F(TEXT, statistics, "statistics target") /* empty = default */ \
	F(SET,  options, "options")              /* n_distinct=… ; MySQL: invisible, … */ \
	F(EXPR, on_update, "on update")          /* MySQL */ \
	F(BOOL, inherited, "inherited") \
	F(NOTE, own, "own")                      /* not empty: inherited, and the table's own as well */ \
	F(NOTE, sequence, "sequence")            /* serial/identity: schema.name */

#define CONSTRAINT_FIELDS(F) \
	F(TEXT, kind, "kind")                    /* primary key, unique, foreign key, check, exclude, not null */ \
	F(LIST, columns, "columns") \
	F(NAME, ref_table, "references") \
	F(LIST, ref_columns, "referenced columns") \
	F(TEXT, on_delete, "on delete")          /* no action, restrict, cascade, set null, set default */ \
	F(TEXT, on_update, "on update") \
	F(LIST, on_delete_columns, "on delete columns") \
	F(TEXT, match, "match")                  /* simple, full */ \
	F(EXPR, expression, "expression")        /* check; exclude: the whole definition */ \
	F(BOOL, deferrable, "deferrable") \
	F(BOOL, deferred, "initially deferred") \
	F(BOOL, not_valid, "not valid") \
	F(BOOL, not_enforced, "not enforced") \
	F(BOOL, no_inherit, "no inherit") \
	F(BOOL, nulls_not_distinct, "nulls not distinct") \
	F(BOOL, period, "without overlaps / period") \
	F(BOOL, inherited, "inherited") \
	F(LIST, include, "include") \
	F(TEXT, index, "index")                  /* name of the index behind it */ \
	F(SET,  options, "options") \
	F(NOTE, conflict, "on conflict")         /* SQLite; clause text */ \
	F(NOTE, beside, "beside")                /* SQLite: the column it is written beside, gone with it */

#define INDEX_FIELDS(F) \
	F(BOOL, unique, "unique") \
	F(BOOL, primary, "primary") \
	F(TEXT, method, "method")                /* btree, hash, gin…; MySQL: btree, fulltext, spatial */ \
	F(LIST, keys, "keys")                    /* column or (expression), with DESC, NULLS, opclass, collation, (prefix) */ \
	F(LIST, include, "include") \
	F(EXPR, predicate, "where") \
	F(BOOL, nulls_not_distinct, "nulls not distinct") \
	F(BOOL, invalid, "invalid") \
	F(BOOL, not_ready, "not ready") \
	F(BOOL, invisible, "invisible")          /* MySQL INVISIBLE / MariaDB IGNORED */ \
	F(SET,  options, "options") \
	F(TEXT, tablespace, "tablespace") \
	F(NAME, partition_of, "attached to") \
	F(BOOL, on_only, "on only") \
	F(TEXT, constraint, "constraint")        /* the constraint it stands behind, if any */ \
	F(NOTE, columns, "columns")              /* plain column names used anywhere in it */

#define SEQUENCE_FIELDS(F) \
	F(TEXT, type, "type") \
	F(TEXT, start, "start") \
	F(TEXT, increment, "increment") \
	F(TEXT, min, "minimum") \
	F(TEXT, max, "maximum") \
	F(TEXT, cache, "cache") \
	F(BOOL, cycle, "cycle") \
	F(TEXT, owned_by, "owned by")            /* schema.table.column */ \
	F(TEXT, persistence, "persistence") \
	F(NOTE, position, "position")            /* last value: data, not schema */

#define VIEW_FIELDS(F) \
	F(EXPR, query, "query") \
	F(LIST, columns, "columns") \
	F(SET,  options, "options") \
	F(TEXT, check_option, "check option") \
	F(BOOL, no_data, "not populated")        /* matviews */ \
	F(TEXT, access_method, "access method") \
	F(TEXT, tablespace, "tablespace") \
	F(TEXT, security, "security")            /* MySQL DEFINER/INVOKER */ \
	F(NOTE, reads, "reads")                  /* schema.table or schema.table.column it depends on */

#define TYPE_FIELDS(F) \
	F(TEXT, kind, "kind")                    /* enum, composite, range, domain, base, shell */ \
	F(LIST, labels, "labels")                /* enum */ \
	F(LIST, attributes, "attributes")        /* composite: name type */ \
	F(TEXT, base, "base type")               /* domain; range: subtype */ \
	F(BOOL, not_null, "not null")            /* domain */ \
	F(EXPR, default_value, "default")        /* domain */ \
	F(TEXT, collation, "collation") \
	F(SET,  checks, "checks")                /* domain: name: expression [NOT VALID] */ \
	F(EXPR, definition, "definition")        /* range and base types */

#define FUNCTION_FIELDS(F) \
	F(TEXT, kind, "kind")                    /* function, procedure, aggregate, window */ \
	F(TEXT, arguments, "arguments")          /* as pg_get_function_arguments prints them */ \
	F(TEXT, returns, "returns") \
	F(TEXT, language, "language") \
	F(TEXT, volatility, "volatility") \
	F(BOOL, strict, "strict") \
	F(BOOL, security_definer, "security definer") \
	F(BOOL, leakproof, "leakproof") \
	F(TEXT, parallel, "parallel") \
	F(TEXT, cost, "cost") \
	F(TEXT, rows, "rows") \
	F(SET,  settings, "settings") \
	F(EXPR, body, "body") \
	F(NOTE, reads, "reads")

#define TRIGGER_FIELDS(F) \
	F(TEXT, timing, "timing")                /* before, after, instead of */ \
	F(SET,  events, "events") \
	F(LIST, columns, "columns")              /* UPDATE OF */ \
	F(BOOL, for_each_row, "for each row") \
	F(EXPR, condition, "when") \
	F(EXPR, body, "body")                    /* function call, or the whole body (MySQL, SQLite) */ \
	F(TEXT, enabled, "enabled")              /* origin, disabled, replica, always */ \
	F(BOOL, constraint, "constraint trigger") \
	F(BOOL, deferrable, "deferrable") \
	F(BOOL, deferred, "initially deferred") \
	F(TEXT, old_table, "old table") \
	F(TEXT, new_table, "new table") \
	F(TEXT, order, "order")                  /* MySQL FOLLOWS / PRECEDES */ \
	F(NOTE, reads, "reads")                  /* SQLite: tables that the body reads or writes */

#define POLICY_FIELDS(F) \
	F(BOOL, restrictive, "restrictive") \
	F(TEXT, command, "command") \
	F(SET,  roles, "roles") \
	F(EXPR, using_expr, "using") \
	F(EXPR, check_expr, "with check")

#define OTHER_FIELDS(F) /* rules, statistics, publications, extensions, event triggers, events, … */ \
	F(TEXT, class_, "class")                 /* operator class, collation, cast, … */ \
	F(TEXT, version, "version")              /* extensions */ \
	F(SET,  options, "options") \
	F(SET,  members, "members")              /* publications: tables; statistics: columns */ \
	F(TEXT, enabled, "enabled") \
	F(EXPR, definition, "definition")
/* clang-format on */

#define FIELD_TYPE_TEXT struct slice
#define FIELD_TYPE_NAME struct name
#define FIELD_TYPE_BOOL bool
#define FIELD_TYPE_INT long long
#define FIELD_TYPE_EXPR struct expr
#define FIELD_TYPE_LIST struct names
#define FIELD_TYPE_SET struct names
#define FIELD_TYPE_NOTE struct names
#define FIELD_MEMBER(kind, member, label) FIELD_TYPE_##kind member;

struct table_def {
	TABLE_FIELDS(FIELD_MEMBER)
};
struct column_def {
	COLUMN_FIELDS(FIELD_MEMBER)
};
struct constraint_def {
	CONSTRAINT_FIELDS(FIELD_MEMBER)
};
struct index_def {
	INDEX_FIELDS(FIELD_MEMBER)
};
struct sequence_def {
	SEQUENCE_FIELDS(FIELD_MEMBER)
};
struct view_def {
	VIEW_FIELDS(FIELD_MEMBER)
};
struct type_def {
	TYPE_FIELDS(FIELD_MEMBER)
};
struct function_def {
	FUNCTION_FIELDS(FIELD_MEMBER)
};
struct trigger_def {
	TRIGGER_FIELDS(FIELD_MEMBER)
};
struct policy_def {
	POLICY_FIELDS(FIELD_MEMBER)
};
struct other_def {
	OTHER_FIELDS(FIELD_MEMBER)
};

/* One object: as defined by a statement, or as held by a catalog. */
/* How many versions of its rows a table of MySQL's takes before the next one writes them all anew.
 */
static inline int row_versions_max(int version)
{
	return version >= 90100 ? 255 : 64;
}

struct rows_written;

struct object {
	enum object_type type;
	struct slice schema, name; /* for parts of a table: the table's schema, the part's name */
	struct object *table;      /* the table, view or matview a part belongs to; else NULL */
	struct object *
		*parts; /* of a table or view: columns in order, then the rest as they came */
	size_t nparts;
	struct slice owner, comment;
	struct names acl;           /* grants, one "grantee=privs/grantor"-like text each, a set */
	struct span span;           /* where it was defined, if a file did */
	unsigned long long born_tx; /* catalog: session.tx when it was made, also outside of a
				       transaction; 0 = before */
	int row_versions;           /* catalog: of MySQL's tables, the most that it can have; -1 =
				       not known */
	bool row_versions_exact;    /* … and it has as many */
	bool generated_name;        /* the server will choose the name; `name` is our prediction */
	bool tainted; /* catalog: an opaque statement may have changed it: look-ups say unknown */
	const struct rows_written *written; /* catalog: what a history put into the table, newest
					     * first; a copy has none */
	union {
		struct table_def table_;
		struct column_def column;
		struct constraint_def constraint;
		struct index_def index;
		struct sequence_def sequence;
		struct view_def view; /* VIEW and MATVIEW */
		struct type_def type_;
		struct function_def function;
		struct trigger_def trigger;
		struct policy_def policy;
		struct other_def other; /* all remaining types */
	};
};

const char *object_type_word(enum object_type t); /* "table", "materialized view", … */
bool object_is_relation(enum object_type t);      /* shares the relation name space */
/* A row's BEFORE trigger for "insert", "update" or "delete": it may fill in what is missing. */
bool object_fills_rows(const struct object *table, const char *event);
/* Deep copy into another arena (parts too, `table` pointers set, spans kept). */
struct object *object_copy(struct arena *a, const struct object *o);
/* The same without parts, into a struct of the caller's. */
void object_copy_into(struct arena *a, struct object *to, const struct object *o);
struct name name_copy(struct arena *a, struct name n);
struct names names_copy(struct arena *a, struct names n);
struct expr expr_copy(struct arena *a, struct expr e); /* facts are copied too, `tree` is dropped */
bool name_eq(struct name a, struct name b);
bool names_has(struct names n, struct slice s);
bool names_eq(struct names a, struct names b); /* same order */
void names_add(struct arena *a, struct names *n, struct slice s);

/* The fields of a type, for code that walks them. */
enum field_kind {
	FIELD_TEXT,
	FIELD_NAME,
	FIELD_BOOL,
	FIELD_INT,
	FIELD_EXPR,
	FIELD_LIST,
	FIELD_SET,
	FIELD_NOTE
};
struct field {
	enum field_kind kind;
	const char *label;
	size_t offset; /* inside struct object */
};
/* Ends with a row whose label is NULL. Owner, comment and acl are not in it. */
const struct field *object_fields(enum object_type t);

/* ---- Keys ---- */
/* The column of a key as an index has it ("email", "\"Mail\" DESC"); empty for an expression. */
struct slice key_plain(struct slice key);
/* The columns in the brackets of RANGE (a, b); n = 0 when there is an expression among them. */
struct names partition_columns(struct arena *a, struct slice key);
/* The first of them that those keys do not have: no unique key can be without it. */
struct slice partition_lacks(struct arena *a, struct slice key, struct names keys);

#endif
