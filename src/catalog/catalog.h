/* catalog.h - the schema as it is at some point, and everything that can be asked of it.
 *
 * A history is replayed into a catalog statement by statement, or a catalog is loaded from a
 * server: the same struct. Calling sequence:
 *
 *	struct catalog *c = catalog_new(dialect, version);
 *	catalog_apply(c, &session, &change, &err)       for each change, in order
 *	catalog_find(c, …)                               present, absent or unknown
 *	catalog_free(c);
 *
 * Look-ups have three answers. ABSENT is only said when it is known: the catalog is complete (the
 * history begins with an empty database, or a server was read) and nothing opaque came between.
 *
 * The catalog owns copies of everything it holds, in an arena of its own. Pointers to objects are
 * lent until the next apply, rollback or free. */
#ifndef BELAY_CATALOG_CATALOG_H
#define BELAY_CATALOG_CATALOG_H

#include "base/buf.h"
#include "sql/change.h"
#include "sql/dialect.h"
#include "sql/statement.h"

enum presence { ABSENT, PRESENT, UNKNOWN };

struct catalog;

struct catalog *catalog_new(enum dialect d, int version);
struct catalog *catalog_copy(const struct catalog *c);
void catalog_free(struct catalog *c);
enum dialect catalog_dialect(const struct catalog *c);
int catalog_version(const struct catalog *c);
/* Nothing is known about what is not in it (a single file is checked without its history). A fresh
 * catalog is complete. */
void catalog_set_complete(struct catalog *c, bool complete);
bool catalog_is_complete(const struct catalog *c);
struct arena *catalog_arena(struct catalog *c);

/* ---- The session: what SET, BEGIN and friends have done so far ---- */
struct session {
	struct names search_path; /* PostgreSQL; MySQL: current database; SQLite: main */
	bool in_tx;               /* an explicit or runner's transaction is open */
	bool runner_tx;           /* … and the runner opened it */
	bool failed_tx;
	unsigned long long tx; /* number of the transaction, grows; compare with object.born_tx */
	unsigned long long statement; /* statements since the start */
	struct slice role, time_zone;
	/* Milliseconds; -1 = not set by the history (server default, unknown) */
	long long lock_timeout, statement_timeout, idle_timeout;
	bool lock_timeout_local, statement_timeout_local;
	bool foreign_keys;      /* SQLite pragma; MySQL foreign_key_checks */
	bool foreign_keys_said; /* … and somebody has set it */
	bool legacy_alter_table, query_only, writable_schema; /* SQLite */
	struct names attached;                                /* SQLite: beside main and temp */
	bool check_function_bodies;
	struct slice sql_mode; /* MySQL */
	bool keeps_past;       /* MariaDB: system_versioning_alter_history is KEEP */
	struct session_lock
		*locks; /* held by the open transaction on objects that existed before */
	size_t nlocks;
	struct names new_labels; /* given by the open transaction to enums older than it: not usable
				    yet */
	struct session_mark *marks; /* savepoints */
	size_t nmarks;
	struct arena *arena; /* where the lists live */
	/* Not our server's, but our question: whether values, expressions and queries fit is left
	 * out. It costs as much again as all that check asks; explain, plan and rehearse ask it. */
	bool untyped;
};
struct session_lock {
	struct name object;
	enum object_type type;
	const char *mode;
	int strength; /* lock_class, and above it the engine's own order */
	const struct statement *since;
};
struct session_mark {
	struct slice name;
	size_t undo, nlocks;
};
void session_init(struct session *s, enum dialect d, struct arena *a);
/* Opens and ends the runner's transaction around a migration; BEGIN/COMMIT in the text go through
 * catalog_apply. `commit` false rolls the catalog back. */
void session_begin(struct session *s, struct catalog *c, bool runner);
void session_end(struct session *s, struct catalog *c, bool commit);

/* Is there an extension besides plpgsql? What one defines is not known. */
bool catalog_has_extensions(const struct catalog *c);

/* ---- Looking up ---- */
/* Resolves a name as the server would (search_path, temp first). *out is filled only if PRESENT.
 * OBJECT_NONE = any relation. Functions: name with argument types, or the bare name if unique. */
enum presence catalog_find(const struct catalog *c, const struct session *s, enum object_type type,
	struct name name, const struct object **out);
/* A part of a table or view: column, constraint, index (by table), trigger, policy, rule. */
enum presence catalog_part(const struct catalog *c, const struct object *table,
	enum object_type type, struct slice name, const struct object **out);
/* The full name a new or existing object of that name gets: schema filled in. */
struct name catalog_resolve(
	const struct catalog *c, const struct session *s, enum object_type type, struct name name);
/* PostgreSQL: a signature and a type as the catalog spells them, f(mood) is f(public.mood). Lent
 * from the catalog. */
struct slice catalog_full_signature(
	const struct catalog *c, const struct session *s, struct slice name);
struct slice catalog_full_type(const struct catalog *c, const struct session *s, struct slice type);
/* PostgreSQL: the functions of that name, whatever they take. */
size_t catalog_overloads(const struct catalog *c, const struct session *s, struct name bare,
	struct arena *a, const struct object ***out);
/* All objects of a type (OBJECT_NONE: all), in a stable order (schema, name). Returns count. */
size_t catalog_list(const struct catalog *c, enum object_type type, struct arena *a,
	const struct object ***out);
/* Foreign keys of other tables that point at `table`; views and matviews that read it (or the
 * column, if not empty); partitions of it; its index by constraint. */
size_t catalog_referencing(const struct catalog *c, const struct object *table, struct arena *a,
	const struct object ***constraints);
size_t catalog_dependents(const struct catalog *c, const struct object *table, struct slice column,
	struct arena *a, const struct object ***out);
/* Of one of those: does it read the column for sure, and so stand in its way? */
enum presence catalog_view_reads(const struct catalog *c, const struct object *view,
	const struct object *table, struct slice column);
size_t catalog_partitions(const struct catalog *c, const struct object *table, struct arena *a,
	const struct object ***out);
/* Everything of a type that names that object: tables that inherit from it, sequences it owns,
 * columns of that type, triggers that call that function. */
size_t catalog_naming(const struct catalog *c, struct name object, enum object_type type,
	struct arena *a, const struct object ***out);

/* MySQL and MariaDB, where such names are one in a database: the foreign keys, checks and
 * triggers of that name, on whatever table. */
size_t catalog_bearing(
	const struct catalog *c, struct slice name, struct arena *a, const struct object ***out);

/* ---- Rows ---- */

/* PostgreSQL, and not where session.untyped is set: what the statements of a history wrote into a
 * table. A chain, from the newest back to one that `ends` it. */
struct rows_written {
	const struct rows_written *before;
	struct slice text; /* INSERT … VALUES; empty: rows that are not known */
	struct names columns;
	unsigned long long tx, epoch;
	unsigned long long numbers; /* epoch of sequences */
	size_t size;                /* of all texts from here back */
	bool ends;                  /* nothing older counts */
	bool none;                  /* … and there was no row left */
	bool used;                  /* what its sequences give next is not known */
	bool filled;                /* a trigger in front of the rows has had its say */
};
/* NULL: nothing is known. *sure: what happened last did not happen to all tables. *numbers: where
 * the epoch of sequences is now. */
const struct rows_written *catalog_written(const struct catalog *c, const struct object *table,
	bool *sure, unsigned long long *numbers);

/* ---- Changing ---- */
enum apply_result {
	APPLIED,
	APPLY_NOOP,     /* IF [NOT] EXISTS did its work */
	APPLY_CONFLICT, /* exists already / does not exist: the server would refuse; *why is filled
			 */
	APPLY_UNSURE,   /* needed something unknown; taints what it touches */
};
/* Applies one change at this point. *why (lent, catalog's arena) for CONFLICT and UNSURE. The
 * catalog is changed only when APPLIED (or tainted when UNSURE). */
enum apply_result catalog_apply(
	struct catalog *c, struct session *s, const struct change *ch, struct slice *why);
/* All changes of a statement; opaque ones taint what they may touch. The first CONFLICT stops. */
enum apply_result catalog_apply_statement(
	struct catalog *c, struct session *s, const struct statement *st, struct slice *why);
/* What an opaque statement may touch: "schema.name" (any type), or "*". */
void catalog_taint(struct catalog *c, const struct session *s, struct slice what);
/* Direct building, for loaders: takes a copy. Parts go with their table already in the catalog. */
struct object *catalog_put(struct catalog *c, const struct object *o);
struct object *catalog_put_part(struct catalog *c, struct object *table, const struct object *part);
void catalog_drop(struct catalog *c, struct object *o);
/* PostgreSQL: what the server calls an index of that table which nobody named, as far as known. */
struct slice catalog_index_name(struct catalog *c, struct name table, const struct object *index);

/* Transactions and savepoints: everything since the mark is undone by catalog_undo. */
size_t catalog_mark(const struct catalog *c);
void catalog_undo(struct catalog *c, size_t mark);
void catalog_forget_marks(struct catalog *c); /* commit: the undo log is emptied */

/* ---- Comparing ---- */
enum difference_kind { DIFF_MISSING, DIFF_EXTRA, DIFF_FIELD, DIFF_ORDER, DIFF_NOT_COMPARED };
struct difference {
	enum difference_kind kind;
	enum object_type type;
	struct slice object; /* public.orders.status */
	const char *field;   /* "type", "default", …; NULL for missing / extra */
	struct slice before, after;
};
struct catalog_diff {
	struct difference *at;
	size_t n;
	size_t compared, not_compared; /* fields and expressions looked at */
};
struct diff_options {
	bool ignore_owner, ignore_acl, ignore_comments, ignore_order;
	bool ignore_generated_names; /* names that the server chose */
	/* Objects to leave out (history tables, journals): true = leave out. May be NULL. */
	bool (*skip)(void *ctx, const struct object *o);
	void *skip_ctx;
};
/* Sorted; column order alone is DIFF_ORDER (reported, not counted as a difference). */
struct catalog_diff catalog_compare(struct arena *a, const struct catalog *before,
	const struct catalog *after, const struct diff_options *options);
bool catalog_diff_is_empty(const struct catalog_diff *d); /* apart from ORDER and NOT_COMPARED */
/* A readable listing, `-` / `+` / `~` lines grouped by table. */
void catalog_diff_text(struct buf *out, const struct catalog_diff *d);
/* The DDL that creates the catalog's contents (for people and for scratch servers), and a
 * fingerprint over all fields that diff compares, stable for ever (64 hex digits, SHA-256). */
void catalog_render(struct buf *out, const struct catalog *c);
void object_render(struct buf *out, enum dialect d, const struct object *o);
void catalog_fingerprint(const struct catalog *c, const struct diff_options *o, char out[65]);
/* schema.table.column, quoted only where needed; for messages and JSON. */
struct slice object_path(struct arena *a, enum dialect d, const struct object *o);

#endif
