/* typed.h - expressions and queries as the server reads them: which column, operator and function
 * is meant, of which type the result is, and what a constant comes to.
 *
 * The text is parsed here, from tokens, because expressions come from catalogs too. What is not
 * understood is NULL, "" or VALUE_OPAQUE, and nothing is ever claimed about it: a fault is only
 * said when the server is sure to find it as well. Order: typed_expr() or typed_query(), a scope,
 * then typed_type() or typed_query_faults(). Everything lives in the arena. */
#ifndef BELAY_ENGINE_POSTGRES_TYPED_H
#define BELAY_ENGINE_POSTGRES_TYPED_H

#include "engine/postgres/effects.h"

enum node_kind {
	NODE_OPAQUE, /* syntax that is not read: anything may be in it */
	NODE_NUMBER,
	NODE_STRING, /* text: its meaning */
	NODE_BOOL,
	NODE_NULL,
	NODE_DEFAULT,
	NODE_COLUMN, /* text, qualifier */
	NODE_STAR,   /* qualifier, or none */
	NODE_PARAM,
	NODE_CALL, /* text, qualifier = schema, args */
	NODE_OP,   /* text; one or two args */
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_IS,   /* text: null, true, false, unknown, distinct; flag: NOT */
	NODE_CAST, /* text: the type */
	NODE_IN,   /* args[0] IN the others, or query; flag: NOT */
	NODE_BETWEEN,
	NODE_CASE, /* args: WHEN, THEN, WHEN, THEN, … ELSE; operand: what is compared */
	NODE_ARRAY,
	NODE_ROW,
	NODE_QUERY, /* one value of a query */
	NODE_EXISTS,
	NODE_ARRAY_QUERY,
	NODE_ANY, /* args[0] text (operator) ANY args[1], or query */
	NODE_SUBSCRIPT,
	NODE_FIELD,
	NODE_COLLATE,
	NODE_NOW, /* CURRENT_DATE and its kin: text */
};

struct typed_node {
	enum node_kind kind;
	struct slice text, qualifier;
	struct typed_node **args;
	size_t n;
	struct typed_node *operand;
	struct typed_query *query;
	bool flag;
	bool opaque_call; /* OVER, FILTER, WITHIN GROUP, VARIADIC, named arguments, DISTINCT … */
	bool window;
};

struct typed_target {
	struct typed_node *value;
	struct slice name; /* AS; empty: what the value is called */
};

/* One relation of FROM. */
struct typed_from {
	struct name relation;      /* a table, a view, a WITH query */
	struct typed_query *query; /* (SELECT …) */
	struct slice alias;
	struct names columns; /* AS alias (a, b) */
	bool opaque;          /* a function, TABLESAMPLE, ROWS FROM */
	struct names using_;  /* JOIN … USING (…) */
	bool natural;
	struct typed_node *on;
};

struct typed_with {
	struct slice name;
	struct names columns;
	struct typed_query *query; /* NULL: INSERT, UPDATE, DELETE */
};

struct typed_query {
	struct typed_with *with;
	size_t nwith;
	struct typed_target *targets;
	size_t ntargets;
	struct typed_from *from;
	size_t nfrom;
	struct typed_node *where, *having;
	struct typed_node **group, **order;
	size_t ngroup, norder;
	bool odd_group; /* GROUPING SETS and the like */
	bool distinct, values;
	struct typed_query *more; /* UNION, INTERSECT, EXCEPT: the other side */
	size_t end;               /* how far the text was read */
};

/* NULL: not understood. */
struct typed_node *typed_expr(struct arena *a, struct slice text);
struct typed_query *typed_query(struct arena *a, struct slice text);
/* The conditions and values of UPDATE and DELETE; targets are the SET's. NULL: not understood. */
struct typed_dml {
	struct typed_from target;
	struct typed_query query; /* FROM, WHERE, RETURNING as targets, WITH */
	struct names columns;     /* of SET */
	struct typed_node **values;
	size_t nvalues;
	struct slice fault; /* of its shape */
};
struct typed_dml *typed_dml(struct arena *a, struct slice text);
/* INSERT: query is the SELECT or VALUES; NULL for DEFAULT VALUES. */
struct typed_insert {
	struct typed_from target;
	struct typed_query *query;
	struct typed_dml conflict;    /* ON CONFLICT DO UPDATE: SET and WHERE */
	struct typed_query returning; /* its targets */
};
struct typed_insert *typed_insert(struct arena *a, struct slice text);

/* MERGE: one action for each WHEN. */
struct typed_merge_action {
	struct typed_dml sets;   /* of UPDATE, or columns and values of INSERT; where: AND … */
	bool inserts, of_target; /* BY SOURCE: the other side has no row */
	bool plain;              /* INSERT without a list of columns */
};
struct typed_merge {
	struct typed_from target;
	struct typed_query source; /* its FROM */
	struct typed_node *on;
	struct typed_merge_action *actions;
	size_t n;
};
struct typed_merge *typed_merge(struct arena *a, struct slice text);

/* ---- Scopes ---- */
struct typed_source {
	struct slice alias;
	struct names columns, types; /* types: "" = not known */
	bool opaque;                 /* has columns that are not known */
	const struct object *table;
};
struct typed_scope {
	struct typed_source *sources;
	size_t n;
	const struct typed_scope *outer;
	struct names merged; /* columns of USING: not ambiguous */
	const struct typed_scope *withs;
};

struct typing {
	struct looking *l;
	struct slice fault; /* what the server says, the first time */
	char volatility;    /* the loosest call: i, s, v, 0 = not known */
	bool aggregates, windows, sets;
	unsigned depth;
};

void typed_begin(struct typing *t, struct looking *l);
/* The type for operators: without length, a domain's base, serial as the integer it is. */
struct slice typed_plain(struct typing *t, struct slice type);
/* A relation's columns; alias empty: its name. */
void typed_add_table(
	struct typing *t, struct typed_scope *s, const struct object *table, struct slice alias);
/* "unknown" for bare literals and NULL; "" = not known. */
struct slice typed_type(struct typing *t, const struct typed_scope *s, const struct typed_node *n);
void typed_query_faults(
	struct typing *t, const struct typed_scope *outer, const struct typed_query *q);
/* The columns that a query makes; false: not all are known. */
bool typed_columns(struct typing *t, const struct typed_scope *outer, const struct typed_query *q,
	struct names *columns, struct names *types);
/* Two columns of one name, where they become a relation's. */
void typed_twice(struct typing *t, const struct typed_query *q, struct names given);
void typed_dml_faults(struct typing *t, const struct typed_scope *outer, const struct typed_dml *d,
	const struct object *table);
void typed_insert_faults(
	struct looking *l, const struct relation *r, const struct typed_insert *in);
void typed_merge_faults(struct typing *t, const struct typed_merge *m, const struct object *table);
/* Does the value go into a column of that type? A fault if not. `assign`: lengths count too. */
void typed_assign(struct typing *t, const struct typed_node *n, struct slice from, struct slice to,
	bool assign);

/* ---- Literals (literals.c) ---- */
enum fit { FIT_UNKNOWN, FITS, FIT_BAD };
/* Is there a value of the type that is written like this? `lengths`: it has to have room as well.
 */
enum fit pg_literal_fits(
	struct looking *l, struct slice text, struct slice type, bool number, bool lengths);
/* The type behind a name as catalogs and statements spell it, NULL if it is none of the history's.
 */
const struct object *pg_type_object(struct looking *l, struct slice type);

/* ---- Values (typed_eval.c) ---- */
enum value_kind { VALUE_OPAQUE, VALUE_NULL, VALUE_BOOL, VALUE_NUMBER, VALUE_TEXT, VALUE_TIME };
struct value {
	enum value_kind kind;
	bool truth;
	long double number; /* VALUE_TIME: microseconds since 1970 */
	struct slice text;
	bool literal; /* written as a string: what it is, its neighbour decides */
};
struct typed_row {
	struct names columns;
	struct value *values; /* as many */
};
struct value typed_value(
	struct looking *l, const struct typed_row *row, const struct typed_node *n);
/* A bound of a partition: a number, a day, a time. */
struct value typed_bound(struct looking *l, struct slice text);
/* A literal read as a value of the type. */
struct value typed_literal(struct slice text, struct slice type);
/* … an enum's label and a uuid too. */
struct value typed_literal_of(struct looking *l, struct slice text, struct slice type);

#endif
