/* change.h - one schema operation, the word that all three engines share.
 *
 * A common core and, where an engine needs more, its own payload. Readers fill it in; the catalog
 * applies it; engines compute effects from it; rules look at it. */
#ifndef BELAY_SQL_CHANGE_H
#define BELAY_SQL_CHANGE_H

#include "sql/object.h"

enum change_class {
	CLASS_CREATE,
	CLASS_DROP,
	CLASS_ALTER,
	CLASS_RENAME,
	CLASS_DATA,
	CLASS_SESSION,
	CLASS_TX,
	CLASS_MAINT,
	CLASS_META
};

enum change_kind {
#define CHANGE(id, words, class) CHANGE_##id,
#include "sql/change.def"
#undef CHANGE
	CHANGE_KINDS_
};

const char *change_words(enum change_kind k);
enum change_class change_class_of(enum change_kind k);

enum change_flag {
	CHANGE_IF_EXISTS = 1u << 0,
	CHANGE_IF_NOT_EXISTS = 1u << 1,
	CHANGE_OR_REPLACE = 1u << 2,
	CHANGE_CASCADE = 1u << 3,
	CHANGE_CONCURRENTLY = 1u << 4,
	CHANGE_NOT_VALID = 1u << 5,
	CHANGE_ONLY = 1u << 6,
	CHANGE_HAS_WHERE = 1u << 7,
	CHANGE_WHERE_TRUE = 1u << 8, /* WHERE true, WHERE 1=1 */
	CHANGE_HAS_LIMIT = 1u << 9,
	CHANGE_FROM_SELECT = 1u << 10,
	CHANGE_ON_CONFLICT = 1u << 11, /* also ON DUPLICATE KEY, INSERT IGNORE, OR REPLACE */
	CHANGE_LOCAL = 1u << 12,       /* SET LOCAL */
	CHANGE_NOWAIT = 1u << 13,
	CHANGE_FULL = 1u << 14, /* VACUUM FULL */
	CHANGE_TEMPORARY = 1u << 15,
	CHANGE_WITH_NO_DATA = 1u << 16,
	CHANGE_RETURNING = 1u << 17,
	CHANGE_FOR_UPDATE = 1u << 18,
	CHANGE_FINALIZE = 1u << 19,
	CHANGE_RESTART_IDENTITY = 1u << 20,
	CHANGE_GUARDED =
		1u << 21,         /* runs only if the host language's or DO block's check says so */
	CHANGE_INNER = 1u << 22,  /* found inside a DO block or function body */
	CHANGE_IGNORE = 1u << 23, /* MySQL ALTER IGNORE */
	CHANGE_PASSED_OVER =
		1u << 24, /* it runs, and what fails is passed over: CONTINUE HANDLER */
	CHANGE_UNSIGNED_FLAG_ = 1u << 31
};

/* A column that a query makes: CREATE TABLE AS, CREATE MATERIALIZED VIEW. */
struct query_column {
	struct slice name, type;       /* type empty: not known, or that of … */
	struct slice relation, column; /* … this column; relation as written, empty = none;
					* column "*": as many as the relation has */
};

struct change {
	enum change_kind kind;
	unsigned flags;
	enum object_type type; /* what kind of object it acts on */
	struct name target;    /* the relation; or the object itself when it is not part of one */
	struct slice name;     /* the part of it: column, constraint, trigger, policy, setting */
	struct name other;     /* new name, parent, child, referenced: see change.def */
	struct object *def;    /* what is created, or the new form; NULL if nothing is */
	struct expr value;     /* default, USING, WHERE, setting, comment: see change.def */
	struct names list;     /* options, columns, privileges: see change.def */
	struct names reads;    /* relations read, schema.name as written */
	struct query_column *columns; /* CREATE TABLE AS, matviews: NULL = not known */
	size_t ncolumns;
	struct names settings; /* MySQL: algorithm=…, lock=…, wait=…; PostgreSQL: WITH (…) of the
				  command */
	struct span span;      /* the words of this change inside the statement */
	struct change *inner; /* DO_BLOCK: what was read inside; CREATE SCHEMA: its elements */
	size_t ninner;
	const void *payload; /* the engine's own, NULL if none */
};

#endif
