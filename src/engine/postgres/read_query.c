/* read_query.c - the columns that a query makes: CREATE TABLE AS, SELECT INTO, matviews.
 *
 * A column's name is found as the server finds it (FigureColname() in parse_target.c). Its type is
 * known here for casts, literals and some functions; for a column of a table, and for how many a
 * star stands for, it is the catalog's to say: see query_column in change.h. */
#include "engine/postgres/read_impl.h"

#include "sql/quote.h"

struct from { /* a relation of the FROM clause; no path: not a plain table */
	struct slice alias, path;
};

struct query {
	struct rd *rd;
	struct from *from;
	size_t nfrom;
};

struct column {
	struct slice name, type, relation, source;
};

static void add_from(struct query *q, node n)
{
	node body = rd_body(n), alias;
	struct from *f;

	if (tree_key_is(body, "JoinExpr")) {
		add_from(q, tree_get(body, "larg"));
		add_from(q, tree_get(body, "rarg"));
		return;
	}
	alias = rd_body(tree_get(body, "alias"));
	f = ARENA_PUSH(q->rd->a, q->from, q->nfrom);
	*f = (struct from){0};
	if (!alias)
		alias = tree_get(body, "alias");
	f->alias = rd_text_of(q->rd, tree_get(alias, "aliasname"));
	if (!tree_key_is(body, "RangeVar") || tree_count(tree_get(alias, "colnames")))
		return;
	f->path = rd_text_of(q->rd, tree_get(body, "relname"));
	if (slice_empty(f->alias))
		f->alias = f->path;
	if (tree_get(body, "schemaname"))
		f->path = arena_printf(q->rd->a, "%.*s.%.*s",
			SLICE(rd_text_of(q->rd, tree_get(body, "schemaname"))), SLICE(f->path));
}

static const struct from *relation_of(const struct query *q, struct slice alias)
{
	if (slice_empty(alias))
		return q->nfrom == 1 ? &q->from[0] : NULL;
	for (size_t i = 0; i < q->nfrom; i++)
		if (slice_eq(q->from[i].alias, alias))
			return &q->from[i];
	return NULL;
}

/* t.c, c, t.* or *. False for a star whose relation is not known. */
static bool column_ref(struct query *q, node ref, struct column *c)
{
	node fields = tree_get(ref, "fields");
	size_t n = tree_count(fields);
	node last = rd_body(tree_nth(fields, n - 1));
	bool star = tree_key_is(last, "A_Star");
	const struct from *f =
		n > 2 ? NULL
		      : relation_of(q, n == 2 ? rd_string(q->rd, tree_nth(fields, 0)) : SLICE_NONE);

	c->source = star ? SL("*") : rd_string(q->rd, tree_nth(fields, n - 1));
	c->relation = f ? f->path : SLICE_NONE;
	if (slice_empty(c->name))
		c->name = c->source;
	return !star || c->relation.len > 0;
}

static struct slice literal_type(struct rd *rd, node n)
{
	struct slice number;

	if (tree_true(tree_get(n, "isnull")) || tree_get(n, "sval"))
		return SL("text");
	if (tree_get(n, "boolval"))
		return SL("boolean");
	if (tree_get(n, "ival"))
		return SL("integer");
	if (!tree_get(n, "fval"))
		return SLICE_NONE;
	number = rd_value(rd, n);
	for (size_t i = 0; i < number.len; i++)
		if (number.at[i] < '0' || number.at[i] > '9')
			return SL("numeric");
	return number.len < 19 ? SL("bigint") : SL("numeric");
}

static void call(struct query *q, node n, struct column *c)
{
	static const struct {
		const char *name, *type;
	} known[] = {{"count", "bigint"}, {"row_number", "bigint"}, {"lower", "text"},
		{"upper", "text"}, {"now", "timestamp with time zone"}, {"gen_random_uuid", "uuid"},
		{"md5", "text"}, {"bool_and", "boolean"}, {"bool_or", "boolean"},
		{"length", "integer"}};
	node names = tree_get(n, "funcname"), arg;
	struct slice name = rd_string(q->rd, tree_nth(names, tree_count(names) - 1));

	if (slice_empty(c->name))
		c->name = name;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(name, known[i].name))
			c->type = slice_of(known[i].type);
	if (!slice_is(name, "min") && !slice_is(name, "max"))
		return;
	arg = rd_body(tree_nth(tree_get(n, "args"), 0));
	if (tree_key_is(arg, "ColumnRef"))
		(void)column_ref(q, arg, c);
}

/* False: this column, or how many it is, cannot be known. */
static bool expression(struct query *q, node n, struct column *c)
{
	if (tree_key_is(n, "ColumnRef"))
		return column_ref(q, n, c);
	if (tree_key_is(n, "FuncCall")) {
		call(q, n, c);
	} else if (tree_key_is(n, "A_Const")) {
		c->type = literal_type(q->rd, n);
	} else if (tree_key_is(n, "TypeCast")) {
		node type = tree_get(n, "typeName"), names = tree_get(rd_body(type), "names");
		struct column inner = {.name = c->name};

		if (!names)
			names = tree_get(type, "names");
		(void)expression(q, rd_body(tree_get(n, "arg")), &inner);
		c->name = inner.name;
		if (slice_empty(c->name) || slice_is(c->name, "?column?"))
			c->name = rd_string(q->rd, tree_nth(names, tree_count(names) - 1));
		c->type = rd_type(q->rd, type);
		return c->name.len > 0;
	} else if (tree_key_is(n, "CoalesceExpr")) {
		if (slice_empty(c->name))
			c->name = SL("coalesce");
	}
	if (slice_empty(c->name) && tree_key_is(n, "A_Const"))
		c->name = SL("?column?");
	return c->name.len > 0;
}

static bool plain(node select)
{
	return tree_key_is(select, "SelectStmt") && !tree_get(select, "larg") &&
	       !tree_get(select, "withClause") && tree_get(select, "targetList");
}

static void add_column(struct rd *rd, struct change *change, bool part, struct column c)
{
	struct object *o = rd_object(rd, OBJECT_COLUMN, (struct name){SLICE_NONE, c.name});
	struct query_column *q = ARENA_PUSH(rd->a, change->columns, change->ncolumns);

	o->column.type = c.type;
	if (part)
		rd_add_part(rd, change->def, o);
	*q = (struct query_column){c.name, c.type, SLICE_NONE, SLICE_NONE};
	if (slice_empty(c.type) && c.relation.len) {
		q->relation = c.relation;
		q->column = c.source;
	}
}

/* Names alone: what the leftmost SELECT of a set operation, or one behind WITH, says. */
static bool names_only(struct rd *rd, node query, struct names *out)
{
	node select = query, list, c;

	while (tree_get(select, "larg"))
		select = tree_get(select, "larg");
	list = tree_get(select, "targetList");
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		struct query q = {.rd = rd};
		struct column col = {.name = rd_text_of(rd, tree_get(rd_body(c), "name"))};

		if (!expression(&q, rd_body(tree_get(rd_body(c), "val")), &col))
			return false;
		rd_list(rd, out, col.name);
	}
	return out->n > 0;
}

static bool with_types(struct rd *rd, node select, struct column **v, size_t *n)
{
	node list = tree_get(select, "targetList"), from = tree_get(select, "fromClause"), c;
	struct query q = {.rd = rd};

	for (c = tree_first(from); c; c = tree_next(from, c))
		add_from(&q, c);
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		struct column col = {.name = rd_text_of(rd, tree_get(rd_body(c), "name"))};

		if (!expression(&q, rd_body(tree_get(rd_body(c), "val")), &col))
			return false;
		*ARENA_PUSH(rd->a, *v, *n) = col;
	}
	return *n > 0;
}

void rd_query_columns(struct rd *rd, struct change *change, struct names given, node query)
{
	struct names all = {0};
	struct column *v = NULL;
	size_t n = 0;
	bool star = false;

	if (plain(query) && with_types(rd, query, &v, &n))
		for (size_t i = 0; i < n; i++)
			star = star || slice_is(v[i].source, "*");
	else
		n = 0;
	/* Which of the columns a star stands for gets which name, only the catalog could say. */
	if (n == 0 || (star && given.n)) {
		n = 0;
		v = NULL;
		star = false;
		if (!names_only(rd, query, &all))
			all = given;
		for (size_t i = 0; i < all.n; i++)
			*ARENA_PUSH(rd->a, v, n) = (struct column){.name = all.at[i]};
	}
	for (size_t i = 0; i < n; i++) {
		if (i < given.n)
			v[i].name = given.at[i];
		add_column(rd, change, !star, v[i]);
	}
}
