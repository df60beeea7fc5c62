/* read_columns.c - columns, constraints and index keys: what tables are made of. */
#include "engine/postgres/read_impl.h"

struct object *rd_object(struct rd *rd, enum object_type type, struct name name)
{
	struct object *o = ARENA_NEW(rd->a, struct object);

	o->type = type;
	o->schema = name.schema;
	o->name = name.name;
	o->span = rd->span;
	return o;
}

void rd_add_part(struct rd *rd, struct object *owner, struct object *part)
{
	part->table = owner->type == OBJECT_COLUMN ? NULL : owner;
	*ARENA_PUSH(rd->a, owner->parts, owner->nparts) = part;
}

static struct slice action(node code)
{
	static const struct {
		const char *code, *words;
	} rows[] = {
		{"r", "restrict"},
		{"c", "cascade"},
		{"n", "set null"},
		{"d", "set default"},
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (tree_is(code, rows[i].code))
			return slice_of(rows[i].words);
	return SL("no action");
}

static void foreign_key(struct rd *rd, struct object *o, node n, struct slice column)
{
	struct constraint_def *d = &o->constraint;

	d->kind = SL("foreign key");
	d->columns = rd_strings(rd, tree_get(n, "fk_attrs"));
	if (!d->columns.n && column.len)
		rd_list(rd, &d->columns, column);
	d->ref_table = rd_relation(rd, tree_get(n, "pktable"));
	d->ref_columns = rd_strings(rd, tree_get(n, "pk_attrs"));
	d->on_delete = action(tree_get(n, "fk_del_action"));
	d->on_update = action(tree_get(n, "fk_upd_action"));
	d->on_delete_columns = rd_strings(rd, tree_get(n, "fk_del_set_cols"));
	d->match = tree_is(tree_get(n, "fk_matchtype"), "f")   ? SL("full")
		   : tree_is(tree_get(n, "fk_matchtype"), "p") ? SL("partial")
							       : SL("simple");
	if (d->on_delete_columns.n)
		rd_requires(rd, 15, "ON DELETE SET with a column list");
	d->period = tree_true(tree_get(n, "fk_with_period"));
	if (d->period)
		rd_requires(rd, 18, "PERIOD in a foreign key");
}

static void key(struct rd *rd, struct object *o, node n, struct slice column)
{
	struct constraint_def *d = &o->constraint;

	d->columns = rd_strings(rd, tree_get(n, "keys"));
	if (!d->columns.n && column.len)
		rd_list(rd, &d->columns, column);
	d->include = rd_strings(rd, tree_get(n, "including"));
	d->options = rd_options(rd, tree_get(n, "options"));
	d->index = rd_text_of(rd, tree_get(n, "indexname"));
	if (tree_get(n, "indexspace"))
		rd_list(rd, &d->options,
			arena_printf(rd->a, "tablespace=%.*s",
				SLICE(rd_text_of(rd, tree_get(n, "indexspace")))));
	d->nulls_not_distinct = tree_true(tree_get(n, "nulls_not_distinct"));
	if (d->nulls_not_distinct)
		rd_requires(rd, 15, "NULLS NOT DISTINCT");
	d->period = tree_true(tree_get(n, "without_overlaps"));
	if (d->period)
		rd_requires(rd, 18, "WITHOUT OVERLAPS");
}

/* The first of these words at depth 0 in [from, to), or `to`. */
static size_t before_words(struct rd *rd, size_t from, size_t to, const char *const *words)
{
	for (; *words; words++) {
		size_t i = rd_find(rd, from, *words);

		if (i < to)
			to = i;
	}
	return to;
}

static void exclusion(struct rd *rd, struct object *o, node n, size_t from, size_t to)
{
	static const char *const ends[] = {"deferrable", "initially", "not", NULL};
	struct constraint_def *d = &o->constraint;
	size_t i = rd_find(rd, from + (token_is(rd->tok[from], "constraint") ? 2 : 0), "exclude");
	node list = tree_get(n, "exclusions"), c;

	key(rd, o, n, SLICE_NONE);
	d->kind = SL("exclude");
	d->expression.text = rd_between(rd, i + 1, before_words(rd, i + 1, to, ends));
	d->expression.facts = rd_facts(rd, n);
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		node elem = tree_nth(tree_get(rd_body(c), "items"), 0);
		struct slice name = rd_text_of(rd, tree_get(rd_body(elem), "name"));

		if (name.len)
			rd_list(rd, &d->columns, name);
	}
}

static void check(struct rd *rd, struct object *o, node n, size_t from)
{
	size_t i = rd_find(rd, from, "check");

	o->constraint.kind = SL("check");
	o->constraint.expression = rd_expr_in(rd, tree_get(n, "raw_expr"), i + 1);
}

static void not_null(struct rd *rd, struct object *o, node n, struct slice column)
{
	o->constraint.kind = SL("not null");
	o->constraint.columns = rd_strings(rd, tree_get(n, "keys"));
	if (column.len)
		rd_list(rd, &o->constraint.columns, column);
	else
		rd_requires(rd, 18, "NOT NULL as a table constraint");
}

/* What holds for constraints of any kind. */
static void attributes(struct rd *rd, struct object *o, node n)
{
	struct constraint_def *d = &o->constraint;

	d->deferrable = tree_true(tree_get(n, "deferrable"));
	d->deferred = tree_true(tree_get(n, "initdeferred"));
	d->no_inherit = tree_true(tree_get(n, "is_no_inherit"));
	d->not_valid = tree_true(tree_get(n, "skip_validation")) &&
		       !tree_true(tree_get(n, "initially_valid"));
	if (rd->r->grammar_version < 180000 || tree_true(tree_get(n, "is_enforced")))
		return;
	if (slice_is(d->kind, "check") || slice_is(d->kind, "foreign key"))
		d->not_enforced = tree_true(tree_get(n, "skip_validation"));
	if (d->not_enforced)
		rd_requires(rd, 18, "NOT ENFORCED");
}

struct object *rd_constraint(struct rd *rd, node n, struct slice column, size_t end)
{
	struct name name = {SLICE_NONE, rd_text_of(rd, tree_get(n, "conname"))};
	struct object *o = rd_object(rd, OBJECT_CONSTRAINT, name);
	node type = tree_get(n, "contype");
	size_t at = rd_loc(n), from = at == NOWHERE ? 0 : rd_tok(rd, at);

	if (tree_is(type, "CONSTR_CHECK")) {
		check(rd, o, n, from);
	} else if (tree_is(type, "CONSTR_FOREIGN")) {
		foreign_key(rd, o, n, column);
	} else if (tree_is(type, "CONSTR_PRIMARY")) {
		key(rd, o, n, column);
		o->constraint.kind = SL("primary key");
	} else if (tree_is(type, "CONSTR_UNIQUE")) {
		key(rd, o, n, column);
		o->constraint.kind = SL("unique");
	} else if (tree_is(type, "CONSTR_EXCLUSION")) {
		exclusion(rd, o, n, from, end);
	} else if (tree_is(type, "CONSTR_NOTNULL")) {
		not_null(rd, o, n, column);
	} else {
		return NULL;
	}
	attributes(rd, o, n);
	o->generated_name = !name.name.len;
	o->span = rd_span(rd, from, end);
	return o;
}

/* ---- Columns ---- */

/* Where the clause that begins at offset `at` ends: at the next constraint or COLLATE. */
static size_t clause_end(struct rd *rd, node column, size_t at, size_t end)
{
	node list = tree_get(column, "constraints"), c;
	size_t next = rd_loc(tree_get(column, "collClause"));

	if (next <= at)
		next = NOWHERE;
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		size_t l = rd_loc(rd_body(c));

		if (l > at && l < next)
			next = l;
	}
	if (next == NOWHERE)
		return end;
	next = rd_tok(rd, next);
	return next < end ? next : end;
}

static struct slice storage_word(struct rd *rd, node n)
{
	return rd_lower(rd, rd_text_of(rd, n));
}

static void generated(struct rd *rd, struct column_def *d, node n, size_t from)
{
	size_t i = rd_find(rd, from, "as");

	d->generation = rd_expr_in(rd, tree_get(n, "raw_expr"), i + 1);
	d->generated = tree_is(tree_get(n, "generated_kind"), "v") ? SL("virtual") : SL("stored");
	if (slice_is(d->generated, "virtual"))
		rd_requires(rd, 18, "virtual generated columns");
}

static void identity_options(struct rd *rd, struct slice column, node n)
{
	struct names options = rd_options(rd, tree_get(n, "options"));
	size_t i;

	for (i = 0; rd->n && i < options.n; i++)
		rd_list(rd, &rd->v[rd->n - 1].settings,
			arena_printf(
				rd->a, "identity.%.*s.%.*s", SLICE(column), SLICE(options.at[i])));
}

/* DEFERRABLE and friends come as constraints of their own behind the one they mean. */
static void attribute(struct rd *rd, struct object *last, node type)
{
	if (!last)
		return;
	if (tree_is(type, "CONSTR_ATTR_DEFERRABLE")) {
		last->constraint.deferrable = true;
	} else if (tree_is(type, "CONSTR_ATTR_DEFERRED")) {
		last->constraint.deferrable = last->constraint.deferred = true;
	} else if (tree_is(type, "CONSTR_ATTR_NOT_ENFORCED")) {
		last->constraint.not_enforced = last->constraint.not_valid = true;
		rd_requires(rd, 18, "NOT ENFORCED");
	} else if (tree_is(type, "CONSTR_ATTR_ENFORCED")) {
		rd_requires(rd, 18, "ENFORCED");
	}
}

/* One inline constraint; returns the constraint object it made, if it is one. */
static struct object *inline_constraint(
	struct rd *rd, struct object *column, struct object *owner, node n, size_t from, size_t to)
{
	struct column_def *d = &column->column;
	node type = tree_get(n, "contype");
	struct object *o;

	if (tree_is(type, "CONSTR_DEFAULT")) {
		size_t i = rd_find(rd, from, "default");

		d->default_value = rd_expr(rd, tree_get(n, "raw_expr"), i + 1, to);
		return NULL;
	}
	if (tree_is(type, "CONSTR_IDENTITY")) {
		d->identity = tree_is(tree_get(n, "generated_when"), "a") ? SL("always")
									  : SL("by default");
		d->not_null = true;
		identity_options(rd, column->name, n);
		return NULL;
	}
	if (tree_is(type, "CONSTR_GENERATED")) {
		generated(rd, d, n, from);
		return NULL;
	}
	if (tree_is(type, "CONSTR_NOTNULL")) {
		d->not_null = true;
		if (tree_true(tree_get(n, "is_no_inherit")))
			rd_requires(rd, 18, "NOT NULL NO INHERIT");
		/* Before 18 a name given here is forgotten. */
		if (!tree_get(n, "conname") || rd->r->version < 180000)
			return NULL;
	}
	o = rd_constraint(rd, n, column->name, to);
	if (!o)
		return NULL;
	if (slice_is(o->constraint.kind, "primary key"))
		d->not_null = true;
	rd_add_part(rd, owner, o);
	return o;
}

static void column_settings(struct rd *rd, struct column_def *d, node n)
{
	node coll = tree_get(n, "collClause");

	d->type = rd_type(rd, tree_get(n, "typeName"));
	if (coll)
		d->collation = rd_collation(rd, coll);
	if (tree_get(n, "storage_name")) {
		d->storage = storage_word(rd, tree_get(n, "storage_name"));
		rd_requires(rd, 16, "STORAGE of a new column");
	}
	if (tree_get(n, "compression")) {
		d->compression = storage_word(rd, tree_get(n, "compression"));
		rd_requires(rd, 14, "COMPRESSION");
	}
	d->options = rd_options(rd, tree_get(n, "fdwoptions"));
}

struct object *rd_column(struct rd *rd, node n, struct object *owner, size_t end)
{
	struct name name = {SLICE_NONE, rd_text_of(rd, tree_get(n, "colname"))};
	struct object *o = rd_object(rd, OBJECT_COLUMN, name), *last = NULL, *made;
	node list = tree_get(n, "constraints"), c;
	size_t at = rd_loc(n);

	column_settings(rd, &o->column, n);
	if (at != NOWHERE)
		o->span = rd_span(rd, rd_tok(rd, at), end);
	if (owner->type == OBJECT_NONE)
		owner = o;
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		node k = rd_body(c), type = tree_get(k, "contype");
		size_t l = rd_loc(k);
		struct slice word = tree_text(&rd->r->scratch, type);

		if (slice_starts(word, "CONSTR_ATTR_")) {
			attribute(rd, last, type);
			continue;
		}
		made = inline_constraint(rd, o, owner, k, l == NOWHERE ? 0 : rd_tok(rd, l),
			clause_end(rd, n, l, end));
		if (made)
			last = made;
	}
	return o;
}

/* ---- Index keys ---- */

/* The text of an expression key that begins at token i: (…) or name(…). */
static struct slice key_expression(struct rd *rd, size_t i)
{
	size_t end = rd_item_end(rd, i), open = i;

	while (open < end && !token_punct(rd->tok[open], "("))
		open++;
	if (open == i)
		return rd_inside(rd, i);
	return rd_between(rd, i, open < end ? rd_group_end(rd, open) : end);
}

static void key_tail(struct rd *rd, struct buf *b, node n)
{
	node ordering = tree_get(n, "ordering"), nulls = tree_get(n, "nulls_ordering");
	bool desc = tree_is(ordering, "SORTBY_DESC");

	if (tree_get(n, "collation")) {
		struct name c = rd_qname(rd, tree_get(n, "collation"));

		buf_adds(b, " COLLATE ");
		quote_name_pretty(b, DIALECT_POSTGRES,
			slice_is(c.schema, "pg_catalog") ? SLICE_NONE : c.schema, c.name);
	}
	if (tree_get(n, "opclass")) {
		struct name c = rd_qname(rd, tree_get(n, "opclass"));
		struct names options = rd_options(rd, tree_get(n, "opclassopts"));
		size_t i;

		buf_addc(b, ' ');
		quote_name_pretty(b, DIALECT_POSTGRES,
			slice_is(c.schema, "pg_catalog") ? SLICE_NONE : c.schema, c.name);
		for (i = 0; i < options.n; i++)
			buf_printf(b, "%s%.*s%s", i ? ", " : " (", SLICE(options.at[i]),
				i + 1 == options.n ? ")" : "");
	}
	if (desc)
		buf_adds(b, " DESC");
	if (desc && tree_is(nulls, "SORTBY_NULLS_LAST"))
		buf_adds(b, " NULLS LAST");
	if (!desc && tree_is(nulls, "SORTBY_NULLS_FIRST"))
		buf_adds(b, " NULLS FIRST");
}

struct slice rd_index_key(struct rd *rd, node n, size_t tok, struct names *columns)
{
	struct slice name = rd_text_of(rd, tree_get(n, "name")), s;
	struct buf b = {0};

	if (name.len) {
		quote_ident_pretty(&b, DIALECT_POSTGRES, name);
		if (columns && !names_has(*columns, name))
			rd_list(rd, columns, name);
	} else {
		const struct expr_facts *f = rd_facts(rd, tree_get(n, "expr"));
		size_t i;

		buf_addc(&b, '(');
		buf_add(&b, key_expression(rd, tok));
		buf_addc(&b, ')');
		for (i = 0; columns && f && i < f->columns.n; i++)
			if (!names_has(*columns, f->columns.at[i]))
				rd_list(rd, columns, f->columns.at[i]);
	}
	key_tail(rd, &b, n);
	s = arena_slice(rd->a, buf_slice(&b));
	buf_done(&b);
	return s;
}
