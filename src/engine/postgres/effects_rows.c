/* effects_rows.c - rows written and read, and what that sets off. */
#include "engine/postgres/typed.h"
#include "sql/token.h"

#include <stdint.h>

bool pg_target(struct looking *l, struct relation *r)
{
	if (slice_empty(l->change->target.name))
		return false;
	*r = pg_relation(l, l->change->target, OBJECT_NONE);
	if (r->presence != ABSENT)
		return true;
	pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r->name.name));
	return false;
}

/* ---- Rows ---- */

static bool gives(const struct names *columns, struct slice column)
{
	return columns->n == 0 || names_has(*columns, column);
}

/* A partial index serves who asks for its part: who names a column of its predicate, at least. */
static bool predicate_met(const struct object *index, const struct names *columns)
{
	const struct expr *e = &index->index.predicate;

	if (!e->text.len && !e->normal.len)
		return true;
	for (size_t i = 0; i < columns->n; i++)
		if (pg_expr_names(e, columns->at[i]))
			return true;
	return false;
}

/* A column, or an expression over one. */
static bool finds(struct slice key, const struct names *columns)
{
	struct expr e = {.text = key};

	if (key_plain(key).len && slice_chr(key, '(') == SIZE_MAX)
		return names_has(*columns, key_plain(key));
	for (size_t i = 0; i < columns->n; i++)
		if (pg_expr_names(&e, columns->at[i]))
			return true;
	return false;
}

/* Is there an index that could find the rows? */
static bool indexed(const struct relation *r, const struct names *columns)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type != OBJECT_INDEX || !predicate_met(p, columns))
			continue;
		if (p->index.keys.n && finds(p->index.keys.at[0], columns))
			return true;
	}
	return false;
}

/* Could an index that holds all rows find those of a key? */
static bool key_indexed(const struct relation *r, const struct names *columns)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_INDEX && p->index.keys.n && !p->index.predicate.text.len &&
			!p->index.predicate.normal.len && names_has(*columns, p->index.keys.at[0]))
			return true;
	}
	return false;
}

static bool has_default(const struct object *col)
{
	return col->column.default_value.text.len || col->column.default_value.normal.len ||
	       col->column.identity.len || col->column.sequence.n;
}

/* NULL in one of its columns, and a key is not looked at. */
static bool key_is_null(
	struct looking *l, const struct relation *r, const struct pg_values *v, struct slice column)
{
	const struct object *col;
	struct slice to_null = arena_printf(l->arena, "%.*s = null", SLICE(column));

	if (l->change->kind == CHANGE_UPDATE)
		return slice_ifind(l->statement->text, to_null) != SIZE_MAX;
	if (!gives(&l->change->list, column))
		return !(r->object &&
			 catalog_part(l->catalog, r->object, OBJECT_COLUMN, column, &col) ==
				 PRESENT &&
			 has_default(col));
	for (size_t i = 0; i < v->n; i++)
		if (!slice_iis(pg_value(l, v, i, r, column), "null"))
			return false;
	return v->n > 0;
}

/* A key of this table: the row it points at is looked for. */
static void key_out(struct looking *l, const struct relation *r, struct relation *other,
	const struct constraint_def *k)
{
	const struct change *c = l->change;
	struct pg_values v = pg_values_of(l);
	bool looks = c->kind != CHANGE_UPDATE;

	for (size_t i = 0; i < k->columns.n; i++) {
		if (key_is_null(l, r, &v, k->columns.at[i]))
			return;
		looks = looks || names_has(c->list, k->columns.at[i]);
	}
	/* A deferred one looks at COMMIT. */
	if (looks && !k->not_enforced && !k->deferred)
		pg_lock(l, other, PG_ROW_SHARE);
}

static bool does(struct slice action, const char *what)
{
	return slice_istarts(action, what);
}

/* A key to this table: those that point at the row go with it, or keep it. */
static void key_in(struct looking *l, struct relation *other, const struct constraint_def *k)
{
	bool update = l->change->kind == CHANGE_UPDATE, named = !update;
	struct slice action = update ? k->on_update : k->on_delete;

	for (size_t i = 0; i < k->ref_columns.n; i++)
		named = named || names_has(l->change->list, k->ref_columns.at[i]);
	if (!named || k->not_enforced)
		return;
	if (does(action, "cascade"))
		pg_writes_too(l, l->change->kind, other->name, k->columns, SLICE_NONE, true);
	else if (does(action, "set"))
		pg_writes_too(l, CHANGE_UPDATE, other->name,
			k->on_delete_columns.n && !update ? k->on_delete_columns : k->columns,
			SLICE_NONE, true);
	else if (k->deferred && !does(action, "restrict"))
		return pg_may_fail(l, "rows of \"%.*s\" may refer to it when it commits",
			SLICE(other->name.name));
	else
		pg_lock(l, other, PG_ROW_SHARE);
	if (!does(action, "cascade") && !does(action, "set"))
		pg_may_fail(l, "rows of \"%.*s\" may refer to it", SLICE(other->name.name));
	/* Who still refers to it is looked for row by row. */
	if (other->object && !key_indexed(other, &k->columns))
		pg_scan(l, other, true);
}

static void row_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	enum change_kind kind = l->change->kind;

	if (refers && kind != CHANGE_DELETE)
		key_out(l, r, other, &key->constraint);
	if ((!refers || name_eq(other->name, r->name)) &&
		(kind == CHANGE_UPDATE || kind == CHANGE_DELETE))
		key_in(l, other, &key->constraint);
}

static bool default_values(const struct looking *l)
{
	return slice_ifind(l->statement->text, SL("default values")) != SIZE_MAX;
}

static void row_sequences(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	bool all = default_values(l);

	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		const struct expr *e = &p->column.default_value;

		if (p->type != OBJECT_COLUMN || (!all && pg_gives(l, v, r, p->name)))
			continue;
		pg_lock_called_sequences(l, e->normal.len ? e->normal : e->text);
		for (size_t k = 0; k < p->column.sequence.n; k++) {
			struct relation s = pg_relation(
				l, pg_split_name(p->column.sequence.at[k]), OBJECT_SEQUENCE);

			s.is_new = s.is_new || r->is_new;
			pg_lock(l, &s, PG_ROW_EXCLUSIVE);
		}
	}
}

/* What INSERT is refused for, whatever the rows are. */
static void insert_refused(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	const struct change *c = l->change;
	const struct object *col;
	bool overriding = slice_ifind(l->statement->text, SL("overriding")) != SIZE_MAX;
	bool filled = r->object && object_fills_rows(r->object, "insert") &&
		      pg_fills(l, r->object, "insert", SLICE_NONE);
	bool fills = r->object && !filled && object_fills_rows(r->object, "insert");

	for (size_t i = 0; r->object && i < c->list.n; i++) {
		enum presence p =
			catalog_part(l->catalog, r->object, OBJECT_COLUMN, c->list.at[i], &col);

		if (p == ABSENT && r->type == OBJECT_TABLE)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->list.at[i]));
		else if (p == PRESENT && slice_is(col->column.identity, "always") && !overriding &&
			 slice_ifind(l->statement->text, SL("default")) == SIZE_MAX)
			pg_fails(l, "column \"%.*s\" is always generated", SLICE(c->list.at[i]));
	}
	for (size_t i = 0; r->object && r->type == OBJECT_TABLE && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		for (size_t k = 0; p->type == OBJECT_COLUMN && k < v->n; k++)
			if (pg_bad_literal(l, pg_value(l, v, k, r, p->name), p->column.type, true))
				pg_fails(l, "a value is no %.*s", SLICE(p->column.type));
		for (size_t k = 0;
			p->type == OBJECT_COLUMN && p->column.not_null && !filled && k < v->n; k++)
			if (slice_iis(pg_value(l, v, k, r, p->name), "null") &&
				!(fills && pg_fills(l, r->object, "insert", p->name)))
				pg_fails(l, "column \"%.*s\" must not be null", SLICE(p->name));
	}
	if (c->list.n == 0 || c->kind != CHANGE_INSERT || filled)
		return;
	for (size_t i = 0; r->object && r->type == OBJECT_TABLE && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_COLUMN && p->column.not_null &&
			!names_has(c->list, p->name) && !p->column.default_value.text.len &&
			!p->column.default_value.normal.len && !p->column.identity.len &&
			!p->column.sequence.n && !p->column.generated.len &&
			!pg_domain(l, p->column.type) &&
			!(fills && pg_fills(l, r->object, "insert", p->name)))
			pg_fails(l, "column \"%.*s\" has no default and must not be null",
				SLICE(p->name));
	}
}

/* Of a text: does it name a column that an index begins with, behind WHERE? */
static bool mentions_index(const struct relation *r, struct slice text)
{
	size_t at = slice_ifind(text, SL("where"));
	struct expr where = {.text = at == SIZE_MAX ? SLICE_NONE : slice_from(text, at)};

	for (size_t i = 0; at != SIZE_MAX && r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_INDEX && p->index.keys.n &&
			pg_expr_names(&where, p->index.keys.at[0]))
			return true;
	}
	return false;
}

/* One table, and no index that could find the rows: it is read from end to end. */
static bool reads_whole(const struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct expr_facts *f = c->value.facts;

	if (c->flags & CHANGE_HAS_LIMIT)
		return false;
	if (!(c->flags & CHANGE_HAS_WHERE) || c->flags & CHANGE_WHERE_TRUE)
		return true;
	return r->object && f && !f->has_subquery && f->columns.n && !indexed(r, &f->columns);
}

/* Does WHERE decide which partitions are read? */
static bool prunes(const struct looking *l, const struct relation *r)
{
	const struct expr_facts *f = l->change->value.facts;

	for (size_t i = 0; pg_is_partitioned(r) && f && i < f->columns.n; i++)
		if (pg_in_partition_key(r, f->columns.at[i]))
			return true;
	return false;
}

/* … WHERE NOT EXISTS (SELECT … FROM the only table that is read) */
static bool subquery_reads(const struct looking *l, const struct relation *r)
{
	const struct expr_facts *f = l->change->value.facts;

	return l->change->kind == CHANGE_INSERT && r->object && f && f->has_subquery &&
	       f->columns.n && !indexed(r, &f->columns) && !(l->change->flags & CHANGE_HAS_LIMIT);
}

/* What a query reads: one table, or several that are joined as the planner likes. */
static void scan_sources(struct looking *l)
{
	const struct change *c = l->change;

	if (c->reads.n > 1)
		pg_need(l, "how the join is planned");
	for (size_t i = 0; i < c->reads.n; i++) {
		struct relation r = pg_relation(l, pg_split_name(c->reads.at[i]), OBJECT_NONE);

		if (r.type == OBJECT_VIEW || pg_is_temporary(&r))
			continue;
		if (c->reads.n > 1)
			pg_scan(l, &r, false);
		else if (reads_whole(l, &r) || subquery_reads(l, &r))
			pg_scan(l, &r, !prunes(l, &r));
	}
}

static void where_columns(struct arena *a, const struct typed_node *n, struct names *out)
{
	if (n->kind == NODE_COLUMN && !names_has(*out, n->text))
		names_add(a, out, n->text);
	if (n->operand)
		where_columns(a, n->operand, out);
	for (size_t i = 0; i < n->n; i++)
		where_columns(a, n->args[i], out);
}

/* Of a query over one table: only what WHERE names can lead to an index. */
static const struct expr_facts *facts_of_where(struct looking *l, const struct typed_query *q)
{
	const struct expr_facts *all = l->change->value.facts;
	struct expr_facts *f;

	if (!all || !q || !q->where || q->nwith || q->more || q->nfrom != 1 || q->from[0].query)
		return all;
	f = ARENA_NEW(l->arena, struct expr_facts);
	*f = *all;
	f->columns = (struct names){0};
	where_columns(l->arena, q->where, &f->columns);
	return f->columns.n ? f : all;
}

/* INSERT … SELECT: WHERE belongs to the query, whose facts are the change's. */
static void insert_sources(struct looking *l)
{
	struct change query = *l->change;
	struct looking inner = *l;
	struct typed_insert *in = query.reads.n == 1 && l->statement->text.len < 8000
					  ? typed_insert(l->arena, l->statement->text)
					  : NULL;

	if (in)
		query.value.facts = facts_of_where(l, in->query);

	if (slice_ifind(l->statement->text, SL("where")) != SIZE_MAX)
		query.flags |= CHANGE_HAS_WHERE;
	inner.change = &query;
	scan_sources(&inner);
}

static void selected_sources(struct looking *l)
{
	struct change query = *l->change;
	struct looking inner = *l;

	if (query.reads.n == 1 && l->statement->text.len < 8000)
		query.value.facts = facts_of_where(l, typed_query(l->arena, l->statement->text));
	inner.change = &query;
	scan_sources(&inner);
}

static void scan_target(struct looking *l, const struct relation *r, bool certain)
{
	if (l->change->flags & CHANGE_ONLY)
		pg_scan_one(l, r, certain);
	else
		pg_scan(l, r, certain);
}

static void row_scan(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct object *only;

	if (c->kind == CHANGE_INSERT && c->flags & CHANGE_FROM_SELECT)
		insert_sources(l);
	if (c->kind != CHANGE_UPDATE && c->kind != CHANGE_DELETE && c->kind != CHANGE_MERGE)
		return;
	if (c->reads.n) {
		pg_need(l, "how the join is planned");
		scan_target(l, r, false);
		for (size_t i = 0; i < c->reads.n; i++) {
			struct relation other =
				pg_relation(l, pg_split_name(c->reads.at[i]), OBJECT_NONE);

			if (!name_eq(other.name, r->name))
				pg_scan(l, &other, false);
		}
		return;
	}
	if (!reads_whole(l, r))
		return;
	if (pg_pruned(l, r, &only)) {
		struct relation left = *r;

		while (only && pg_is_partitioned(&left) && pg_pruned(l, &left, &only) && only)
			left = pg_relation_of(l, only);
		if (only)
			scan_target(l, &left, true);
		return;
	}
	scan_target(l, r, !prunes(l, r));
}

static bool instead_of(const struct relation *r, enum change_kind k)
{
	const char *event = k == CHANGE_INSERT   ? "insert"
			    : k == CHANGE_UPDATE ? "update"
						 : "delete";

	for (size_t i = 0; r->object && r->type == OBJECT_VIEW && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		for (size_t e = 0; p->type == OBJECT_TRIGGER && e < p->trigger.events.n; e++)
			if (slice_istarts(p->trigger.timing, "instead") &&
				slice_istarts(p->trigger.events.at[e], event))
				return true;
	}
	return false;
}

/* Rows are written into plain tables, and into views that are as simple as one. */
static void write_refused(struct looking *l, const struct relation *r)
{
	const struct object *o = r->object;

	if (!o)
		return;
	if (o->type == OBJECT_MATVIEW || o->type == OBJECT_SEQUENCE)
		pg_fails(l, "rows of a %s cannot be changed", object_type_word(o->type));
	if (o->type != OBJECT_VIEW || o->view.reads.n < 2)
		return;
	if (instead_of(r, l->change->kind))
		return;
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i]->type == OBJECT_RULE)
			return;
	if (slice_ifind(o->view.query.text, SL(" join ")) != SIZE_MAX ||
		slice_ifind(o->view.query.normal, SL(" join ")) != SIZE_MAX)
		pg_fails(l, "a view that joins tables cannot be written to");
}

/* The partitions below, none of them for sure. */
static void lock_maybe(struct looking *l, const struct relation *r, enum pg_mode m)
{
	const struct object **parts;
	size_t n = pg_children(l, r, &parts);

	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		child.certain = false;
		pg_lock(l, &child, m);
		lock_maybe(l, &child, m);
	}
}

/* The rows of an INSERT go into one partition each. */
static void lock_routed(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	const struct object **parts;
	size_t n;
	bool known = pg_routed(l, r, v, &parts, &n);

	if (!known)
		n = pg_children(l, r, &parts);
	known = known || (n && pg_keeps_partition(l, r));
	if (!known && n)
		pg_need(l, "which partition the rows belong to");
	if (known && n == 0)
		pg_fails(l, "no partition takes the row");
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		child.certain = child.certain && known;
		pg_lock(l, &child, PG_ROW_EXCLUSIVE);
		pg_writes(l, &child);
		if (pg_is_partitioned(&child))
			lock_routed(l, &child, v);
	}
}

static void lock_inserted(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	if (r->object && r->object->type == OBJECT_TABLE &&
		r->object->table_.partition_of.name.len) {
		struct relation parent =
			pg_relation(l, r->object->table_.partition_of, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ACCESS_SHARE); /* for the bound */
	}
	if (pg_is_partitioned(r))
		lock_routed(l, r, v);
}

static void writes_tree(struct looking *l, const struct relation *r, bool certain)
{
	const struct object **parts;
	size_t n = l->change->flags & CHANGE_ONLY && !pg_is_partitioned(r)
			   ? 0
			   : pg_children(l, r, &parts);

	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		if (!pg_is_heir(parts[i], r))
			continue;
		child.certain = child.certain && certain;
		pg_writes(l, &child);
		writes_tree(l, &child, certain);
	}
}

/* UPDATE of the partition key. */
static bool moves_rows(const struct looking *l, const struct relation *r)
{
	for (size_t i = 0; l->change->kind == CHANGE_UPDATE && i < l->change->list.n; i++)
		if (pg_in_partition_key(r, l->change->list.at[i]))
			return true;
	return false;
}

/* WHERE may leave one partition, and one of its own, in turn. */
static void lock_pruned(struct looking *l, const struct relation *r)
{
	const struct object *only;
	struct relation child;

	pg_writes(l, r);
	if (!pg_pruned(l, r, &only)) {
		pg_lock_tree(l, r, PG_ROW_EXCLUSIVE);
		writes_tree(l, r, true);
		return;
	}
	pg_lock(l, r, PG_ROW_EXCLUSIVE);
	if (!only)
		return;
	child = pg_relation_of(l, only);
	lock_pruned(l, &child);
}

static void lock_changed(struct looking *l, const struct relation *r)
{
	const struct object *only;

	bool inserts = l->change->kind == CHANGE_MERGE &&
		       slice_ifind(l->statement->text, SL("not matched")) != SIZE_MAX;

	if (!inserts && pg_pruned(l, r, &only)) {
		lock_pruned(l, r);
		if (!moves_rows(l, r))
			return;
		pg_need(l, "which partitions the rows go to");
		lock_maybe(l, r, PG_ROW_EXCLUSIVE);
		writes_tree(l, r, false);
	} else if (l->change->kind != CHANGE_MERGE && prunes(l, r)) {
		pg_need(l, "which partitions WHERE leaves");
		lock_maybe(l, r, PG_ROW_EXCLUSIVE);
		writes_tree(l, r, false);
	} else {
		pg_lock_tree(l, r, PG_ROW_EXCLUSIVE);
		writes_tree(l, r, true);
	}
}

static void lock_written(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	pg_lock(l, r, PG_ROW_EXCLUSIVE);
	if (r->type != OBJECT_VIEW || !r->object || r->object->view.reads.n == 0)
		pg_writes(l, r);
	if (l->change->kind == CHANGE_INSERT || l->change->kind == CHANGE_COPY_IN)
		lock_inserted(l, r, v);
	else
		lock_changed(l, r);
}

static void update_refused(struct looking *l, const struct relation *r)
{
	const struct object *col;

	for (size_t i = 0; r->object && r->type == OBJECT_TABLE && i < l->change->list.n; i++) {
		enum presence p = catalog_part(
			l->catalog, r->object, OBJECT_COLUMN, l->change->list.at[i], &col);

		if (p == ABSENT)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->list.at[i]));
		else if (p == PRESENT && col->column.generated.len)
			pg_fails(l, "column \"%.*s\" is generated", SLICE(l->change->list.at[i]));
	}
}

/* The one table that the rows of a view come from. */
static struct relation table_below(struct looking *l, struct relation r)
{
	for (int depth = 0; depth < 16 && r.type == OBJECT_VIEW && r.object; depth++) {
		const struct names *reads = &r.object->view.reads;

		for (size_t i = 1; i < reads->n; i++)
			if (!name_eq(pg_table_of(reads->at[i]), pg_table_of(reads->at[0])))
				return r;
		if (reads->n == 0)
			return r;
		r = pg_relation(l, pg_table_of(reads->at[0]), OBJECT_NONE);
	}
	return r;
}

/* Is there no index of the table that could find the rows of WHERE? */
static bool below_is_read(struct looking *l, const struct relation *r)
{
	struct relation table = table_below(l, *r);

	if (!(l->change->flags & CHANGE_HAS_WHERE))
		return true;
	return table.type == OBJECT_TABLE && !pg_is_partitioned(&table) && !l->change->reads.n &&
	       reads_whole(l, &table);
}

/* A view as simple as its table hands the rows on. */
static void write_below(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	if (instead_of(r, c->kind)) {
		if (c->kind != CHANGE_INSERT)
			pg_lock_below(l, r, PG_ACCESS_SHARE, !(c->flags & CHANGE_HAS_WHERE));
		return;
	}
	pg_lock_below(l, r, PG_ROW_EXCLUSIVE,
		(c->kind == CHANGE_UPDATE || c->kind == CHANGE_DELETE) && below_is_read(l, r));
	for (size_t i = 0; r->type == OBJECT_VIEW && r->object && i < r->object->view.reads.n;
		i++) {
		struct relation below =
			pg_relation(l, pg_table_of(r->object->view.reads.at[i]), OBJECT_NONE);

		if (below.type == OBJECT_VIEW)
			write_below(l, &below);
		else if (below.presence != ABSENT)
			pg_writes(l, &below);
	}
}

/* What the rows set off: keys, sequences of defaults, triggers. */
static void sets_off(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	static const enum change_kind moved[] = {CHANGE_INSERT, CHANGE_DELETE};
	enum change_kind k = l->change->kind;

	for (size_t i = 0; moves_rows(l, r) && i < 2; i++) {
		struct change sub = *l->change;
		struct looking inner = *l;

		sub.kind = moved[i];
		inner.change = &sub;
		inner.perhaps = true;
		inner.nest++;
		pg_run_triggers(&inner, r);
	}

	if (k == CHANGE_INSERT || k == CHANGE_COPY_IN)
		row_sequences(l, r, v);
	pg_each_key(l, r, SLICE_NONE, row_key);
	pg_run_triggers(l, r);
}

/* The columns that an action of MERGE names. */
struct names pg_merged_columns(const struct looking *l, bool insert)
{
	struct names out = {0};
	struct lexer x;
	struct token t, last = {0};
	bool inside = false;
	int depth = 0;

	lexer_init(&x, DIALECT_POSTGRES, l->statement->text);
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		if (token_is(t, insert ? "insert" : "set"))
			inside = true;
		else if (token_is(t, "when") || token_is(t, "values"))
			inside = false;
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
		if (inside && (insert ? depth == 1 && t.kind == TOKEN_WORD
				      : depth == 0 && token_punct(t, "=")))
			names_add(l->arena, &out,
				token_value(l->arena, DIALECT_POSTGRES, insert ? t : last));
		last = t;
	}
	return out;
}

static void merge_sets_off(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	static const struct {
		const char *action;
		enum change_kind kind;
	} actions[] = {
		{"insert", CHANGE_INSERT}, {"update", CHANGE_UPDATE}, {"delete", CHANGE_DELETE}};
	const struct object *col;
	bool acts = false;

	if (r->type == OBJECT_VIEW && l->version < 170000)
		pg_fails(l, "MERGE into a view needs PostgreSQL 17");
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		struct change sub = *l->change;
		struct looking inner = *l;

		if (!names_has(l->change->list, slice_of(actions[i].action)))
			continue;
		acts = true;
		sub.kind = actions[i].kind;
		sub.list = sub.kind == CHANGE_DELETE
				   ? (struct names){0}
				   : pg_merged_columns(l, sub.kind == CHANGE_INSERT);
		for (size_t k = 0; r->object && r->type == OBJECT_TABLE && k < sub.list.n; k++)
			if (catalog_part(l->catalog, r->object, OBJECT_COLUMN, sub.list.at[k],
				    &col) == ABSENT)
				pg_fails(
					l, "column \"%.*s\" does not exist", SLICE(sub.list.at[k]));
		inner.change = &sub;
		sets_off(&inner, r, v);
		l->rerun = pg_worse_rerun(l->rerun, inner.rerun);
	}
	if (!acts)
		l->out->nwrites_rows = 0;
}

static void write_into(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	const struct change *c = l->change;

	if (c->kind == CHANGE_INSERT || c->kind == CHANGE_COPY_IN)
		insert_refused(l, r, v);
	if (c->kind == CHANGE_UPDATE)
		update_refused(l, r);
	if (c->kind == CHANGE_MERGE)
		merge_sets_off(l, r, v);
	else
		sets_off(l, r, v);
}

/* What is written into a view goes to its table, under the view's names. */
static void write_through(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	struct relation table = table_below(l, *r);
	struct change sub = *l->change;
	struct looking inner = *l;

	if (table.type == OBJECT_VIEW || !table.object)
		return;
	if (sub.kind == CHANGE_INSERT && sub.list.n == 0)
		sub.list = pg_column_names(l, r->object);
	inner.change = &sub;
	if (sub.kind == CHANGE_MERGE)
		scan_target(l, &table, false);
	if (sub.kind == CHANGE_INSERT)
		insert_refused(&inner, &table, v);
	pg_row_rerun(&inner, &table, v);
	sets_off(&inner, &table, v);
	l->rerun = inner.rerun;
}

static void write_rows(struct looking *l)
{
	struct pg_values v = pg_values_of(l);
	struct relation r;

	pg_reads(l, false, true);
	if (!pg_target(l, &r))
		return;
	pg_lock_called_sequences(l, l->statement->text);
	pg_row_rerun(l, &r, &v);
	pg_calls_of(l, l->change->value.facts);
	if (pg_run_rules(l, &r)) {
		pg_lock(l, &r, PG_ROW_EXCLUSIVE);
		return;
	}
	write_refused(l, &r);
	lock_written(l, &r, &v);
	write_below(l, &r);
	row_scan(l, &r);
	if (r.type == OBJECT_VIEW && !instead_of(&r, l->change->kind))
		write_through(l, &r, &v);
	write_into(l, &r, &v);
}

/* ---- What is set off ---- */

static bool set_off_already(const struct looking *l, enum change_kind kind, struct name table)
{
	for (const struct looking *up = l; up && up->nest; up = up->above)
		if (up->change->kind == kind && name_eq(up->change->target, table))
			return true;
	return false;
}

/* A trigger, a rule or a key that cascades writes rows of another table. */
void pg_writes_too(struct looking *l, enum change_kind kind, struct name table,
	struct names columns, struct slice text, bool certain)
{
	struct change sub = {.kind = kind,
		.type = OBJECT_TABLE,
		.list = columns,
		.flags = CHANGE_INNER | CHANGE_HAS_WHERE};
	struct statement st = *l->statement;
	struct looking inner = *l;
	struct pg_values v;
	struct relation r;

	inner.perhaps = l->perhaps || !certain;
	r = pg_relation(&inner, table, OBJECT_NONE);
	if (r.presence == ABSENT)
		return;
	if (l->only_locks) {
		pg_lock(&inner, &r, PG_ROW_EXCLUSIVE);
		return;
	}
	sub.target = r.name;
	if (l->nest >= PG_NEST_MAX || set_off_already(l, kind, r.name))
		return;
	if (kind == CHANGE_INSERT && slice_ifind(text, SL("values")) == SIZE_MAX)
		sub.flags |= CHANGE_FROM_SELECT;
	st.text = text;
	st.changes = &sub;
	st.nchanges = 1;
	inner.above = l;
	inner.nest++;
	inner.change = &sub;
	inner.statement = &st;
	v = pg_values_of(&inner);
	if (pg_run_rules(&inner, &r)) {
		pg_lock(&inner, &r, PG_ROW_EXCLUSIVE);
		return;
	}
	lock_written(&inner, &r, &v);
	write_below(&inner, &r);
	if (text.len && kind != CHANGE_INSERT && !mentions_index(&r, text))
		scan_target(&inner, &r, true);
	sets_off(&inner, &r, &v);
}

void pg_reads_too(struct looking *l, struct name table, struct slice text, bool certain)
{
	struct looking inner = *l;
	struct relation r;

	inner.perhaps = l->perhaps || !certain;
	r = pg_relation(&inner, table, OBJECT_NONE);
	if (r.presence == ABSENT && l->only_locks && !slice_starts(table.name, "pg_") &&
		!pg_has_extensions(l))
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(table.name));
	if (r.presence != PRESENT)
		return;
	if (l->only_locks) {
		pg_lock(&inner, &r, PG_ACCESS_SHARE);
		return;
	}
	pg_lock_tree(&inner, &r, PG_ACCESS_SHARE);
	pg_lock_below(&inner, &r, PG_ACCESS_SHARE, false);
	if (r.type != OBJECT_VIEW && slice_ifind(text, SL(" join ")) == SIZE_MAX &&
		slice_ifind(text, SL(" limit ")) == SIZE_MAX && !mentions_index(&r, text))
		pg_scan(&inner, &r, true);
}

bool pg_does_update(const struct looking *l)
{
	return l->change->flags & CHANGE_ON_CONFLICT &&
	       slice_ifind(l->statement->text, SL("do update")) != SIZE_MAX;
}

/* Tables that a query needs and that are not there. */
static void sources_missing(struct looking *l)
{
	for (size_t i = 0; i < l->change->reads.n; i++) {
		struct name n = pg_split_name(l->change->reads.at[i]);
		struct relation r = pg_relation(l, n, OBJECT_NONE);

		if (r.presence == ABSENT && !slice_starts(n.name, "pg_") && slice_empty(n.schema) &&
			!pg_has_extensions(l))
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(n.name));
	}
}

/* SELECT max(id): the end of an index. */
static bool at_an_end(struct looking *l)
{
	const struct expr_facts *f = l->change->value.facts;
	struct relation r;

	if (l->change->reads.n != 1 || !f || f->functions.n == 0 || f->columns.n != 1 ||
		l->change->flags & CHANGE_HAS_WHERE)
		return false;
	for (size_t i = 0; i < f->functions.n; i++)
		if (!slice_is(f->functions.at[i], "max") && !slice_is(f->functions.at[i], "min"))
			return false;
	r = pg_relation(l, pg_split_name(l->change->reads.at[0]), OBJECT_NONE);
	return indexed(&r, &f->columns);
}

static void select_rows(struct looking *l)
{
	const struct change *c = l->change;
	bool cursor =
		slice_is(slice_of(l->statement->kind), "DECLARE CURSOR"); /* no row before FETCH */
	bool whole = !cursor && !(c->flags & (CHANGE_HAS_WHERE | CHANGE_HAS_LIMIT)) &&
		     c->reads.n == 1 && !at_an_end(l);
	enum pg_mode read_mode = c->flags & CHANGE_FOR_UPDATE ? PG_ROW_SHARE : PG_ACCESS_SHARE;
	struct relation r = {0};
	const struct object *only;

	pg_calls_of(l, c->value.facts);
	if (c->kind == CHANGE_CALL)
		pg_calls_one(l, c->target);
	if (c->reads.n == 1)
		r = pg_relation(l, pg_split_name(c->reads.at[0]), OBJECT_NONE);
	if (pg_pruned(l, &r, &only)) {
		pg_lock(l, &r, read_mode);
		if (only) {
			r = pg_relation_of(l, only);
			pg_lock_tree(l, &r, read_mode);
			if (reads_whole(l, &r))
				pg_scan(l, &r, true);
		}
		whole = true;
	} else if (prunes(l, &r)) {
		pg_need(l, "which partitions WHERE leaves");
		pg_lock(l, &r, read_mode);
		lock_maybe(l, &r, read_mode);
	} else {
		pg_reads(l, whole && c->kind != CHANGE_CALL, true);
	}
	if (cursor)
		pg_rerun(l, RERUN_FAILS);
	else if (!whole && c->kind == CHANGE_SELECT && !at_an_end(l))
		selected_sources(l);
	if (c->kind == CHANGE_SELECT)
		sources_missing(l);
	pg_lock_called_sequences(l, l->statement->text);
	if (slice_ifind(l->statement->text, SL("nextval(")) != SIZE_MAX)
		pg_rerun(l, RERUN_DIFFERS);
}

/* Planned only, unless ANALYZE runs it. */
static void explain(struct looking *l)
{
	struct relation r;

	pg_reads(l, false, true);
	if (l->change->target.name.len && pg_target(l, &r))
		pg_lock(l, &r, PG_ROW_EXCLUSIVE);
}

/* PREPARE reads the statement, and no rows. */
static void prepare(struct looking *l)
{
	const struct change *c = l->change;

	pg_reads(l, false, false);
	for (size_t i = 0; i < c->ninner; i++) {
		struct relation r = pg_relation(l, c->inner[i].target, OBJECT_NONE);

		if (change_class_of(c->inner[i].kind) == CLASS_DATA && c->inner[i].target.name.len)
			pg_lock(l, &r, PG_ROW_EXCLUSIVE);
	}
	if (!slice_is(c->value.text, "execute") && c->name.len)
		pg_rerun(l, RERUN_FAILS); /* there is one of that name, or none any more */
}

/* CLOSE: a cursor is closed once. */
static void discard(struct looking *l)
{
	if (slice_is(l->change->value.text, "cursor") && l->change->name.len)
		pg_rerun(l, RERUN_FAILS);
}

const struct pg_action pg_row_actions[] = {
	{CHANGE_INSERT, write_rows, NULL},
	{CHANGE_UPDATE, write_rows, NULL},
	{CHANGE_DELETE, write_rows, NULL},
	{CHANGE_MERGE, write_rows, NULL},
	{CHANGE_COPY_IN, write_rows, NULL},
	{CHANGE_SELECT, select_rows, NULL},
	{CHANGE_COPY_OUT, select_rows, NULL},
	{CHANGE_EXPLAIN, explain, NULL},
	{CHANGE_CALL, select_rows, NULL},
	{CHANGE_PREPARE, prepare, NULL},
	{CHANGE_DISCARD, discard, NULL},
	{0},
};
