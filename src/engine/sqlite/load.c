/* load.c - reading a database's schema into a catalog.
 *
 * Four queries in one read transaction. SQLite keeps each object's CREATE statement, kept up to
 * date by its own ALTER TABLE: our reader takes it apart. What SQLite made of it (table_xinfo) has
 * the last word on columns, and stands alone where the text cannot be read. */
#include "engine/sqlite/conn.h"

#include "queries.h"

#include <stdint.h>

struct loading {
	struct conn *conn;
	struct catalog *into;
	struct arena arena;
	struct rows objects, columns, shadows;
	struct tokens tokens;
	size_t column_at; /* rows of `columns` used so far: same order as the tables */
};

static struct slice main_name(struct arena *a, struct slice name)
{
	return slice_chr(name, '.') == SIZE_MAX ? arena_printf(a, "main.%.*s", SLICE(name)) : name;
}

static struct names main_names(struct arena *a, struct names n)
{
	struct names out = {0};

	for (size_t i = 0; i < n.n; i++)
		names_add(a, &out, main_name(a, n.at[i]));
	return out;
}

/* ---- Columns ---- */

static void overlay_column(struct loading *l, struct object *col, size_t row)
{
	struct slice type = rows_get(&l->columns, row, 2);
	struct slice hidden = rows_get(&l->columns, row, 6);
	struct column_def *c = &col->column;

	/* SQLite prints INTEGER for integer, and no more than it keeps: the text knows better
	 * unless the two disagree. */
	if (!slice_ieq(type, c->type) && !c->generated.len)
		c->type = type;
	c->not_null = slice_is(rows_get(&l->columns, row, 3), "1");
	if (slice_is(hidden, "2"))
		c->generated = SL("virtual");
	else if (slice_is(hidden, "3"))
		c->generated = SL("stored");
}

static size_t count_columns(const struct object *t)
{
	size_t n = 0;

	while (n < t->nparts && t->parts[n]->type == OBJECT_COLUMN)
		n++;
	return n;
}

/* Do the text and SQLite agree on which columns there are? */
static bool same_columns(struct loading *l, const struct object *t, size_t row, size_t n)
{
	if (count_columns(t) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!slice_eq(t->parts[i]->name, rows_get(&l->columns, row + i, 1)))
			return false;
	return true;
}

static struct object *part(struct loading *l, struct object *t, enum object_type type)
{
	struct object *o = ARENA_NEW(&l->arena, struct object);

	o->type = type;
	o->table = t;
	*ARENA_PUSH(&l->arena, t->parts, t->nparts) = o;
	return o;
}

/* The n-th column of the primary key, in key order. */
static void add_primary_key(struct loading *l, struct object *t, size_t row, size_t n)
{
	struct object *o = NULL;

	for (size_t k = 1; k <= n; k++)
		for (size_t i = 0; i < n; i++) {
			unsigned long long pk = 0;

			slice_u64(rows_get(&l->columns, row + i, 5), &pk);
			if (pk != k)
				continue;
			if (!o) {
				o = part(l, t, OBJECT_CONSTRAINT);
				o->generated_name = true;
				o->constraint.kind = SL("primary key");
			}
			names_add(&l->arena, &o->constraint.columns,
				rows_get(&l->columns, row + i, 1));
		}
}

static bool add_foreign_keys(struct loading *l, struct object *t, struct err *err)
{
	struct rows r;
	struct cell table = {.text = t->name};
	struct object *o = NULL;

	if (!conn_query_params(
		    l->conn, slice_of(query_sqlite_foreign_keys), &table, 1, &l->arena, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		if (i == 0 || !slice_eq(rows_get(&r, i, 0), rows_get(&r, i - 1, 0))) {
			o = part(l, t, OBJECT_CONSTRAINT);
			o->generated_name = true;
			o->constraint.kind = SL("foreign key");
			o->constraint.ref_table.name = rows_get(&r, i, 1);
			o->constraint.on_update = rows_get(&r, i, 4);
			o->constraint.on_delete = rows_get(&r, i, 5);
		}
		names_add(&l->arena, &o->constraint.columns, rows_get(&r, i, 2));
		if (!rows_null(&r, i, 3))
			names_add(&l->arena, &o->constraint.ref_columns, rows_get(&r, i, 3));
	}
	return true;
}

/* Without a readable text: columns, primary key and foreign keys as SQLite lists them. CHECKs and
 * UNIQUE constraints are not listed, so what hangs on this table is not known for certain. */
static bool from_pragmas(struct loading *l, struct object *t, size_t row, size_t n, struct err *err)
{
	t->parts = NULL;
	t->nparts = 0;
	t->tainted = true;
	for (size_t i = 0; i < n; i++) {
		struct object *col = part(l, t, OBJECT_COLUMN);

		col->name = rows_get(&l->columns, row + i, 1);
		col->column.type = rows_get(&l->columns, row + i, 2);
		if (!rows_null(&l->columns, row + i, 4))
			col->column.default_value.text = rows_get(&l->columns, row + i, 4);
		overlay_column(l, col, row + i);
	}
	add_primary_key(l, t, row, n);
	return add_foreign_keys(l, t, err);
}

/* ---- Objects ---- */

static bool is_shadow(const struct loading *l, struct slice name)
{
	for (size_t i = 0; i < l->shadows.nrows; i++)
		if (slice_eq(rows_get(&l->shadows, i, 0), name))
			return true;
	return false;
}

static void finish_references(struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		struct constraint_def *c = &t->parts[i]->constraint;

		if (t->parts[i]->type == OBJECT_CONSTRAINT && c->ref_table.name.len)
			c->ref_table.schema = SL("main");
	}
}

static bool load_table(struct loading *l, size_t i, struct err *err)
{
	struct slice name = rows_get(&l->objects, i, 1);
	const struct change *ch =
		sqlite_read_schema(&l->arena, &l->tokens, rows_get(&l->objects, i, 3));
	struct object *t = ch && ch->def && ch->def->type == OBJECT_TABLE
				   ? ch->def
				   : ARENA_NEW(&l->arena, struct object);
	size_t row = l->column_at, n = 0;

	while (row + n < l->columns.nrows && slice_eq(rows_get(&l->columns, row + n, 0), name))
		n++;
	l->column_at += n;
	if (is_shadow(l, name))
		return true;
	if (t->type != OBJECT_TABLE) {
		t->type = OBJECT_TABLE;
		t->table_.kind = SL("table");
		t->table_.persistence = SL("permanent");
	}
	t->schema = SL("main");
	t->name = name;
	if (n > 0 && !same_columns(l, t, row, n)) {
		if (!from_pragmas(l, t, row, n, err))
			return false;
	} else {
		for (size_t k = 0; k < n; k++)
			overlay_column(l, t->parts[k], row + k);
	}
	finish_references(t);
	catalog_put(l->into, t);
	return true;
}

static void load_view(struct loading *l, size_t i)
{
	const struct change *ch =
		sqlite_read_schema(&l->arena, &l->tokens, rows_get(&l->objects, i, 3));
	struct object *v = ch && ch->def && ch->def->type == OBJECT_VIEW
				   ? ch->def
				   : ARENA_NEW(&l->arena, struct object);

	if (v->type != OBJECT_VIEW) {
		v->type = OBJECT_VIEW;
		v->view.query.text = rows_get(&l->objects, i, 3);
		v->tainted = true;
	}
	v->schema = SL("main");
	v->name = rows_get(&l->objects, i, 1);
	v->view.reads = main_names(&l->arena, v->view.reads);
	catalog_put(l->into, v);
}

static struct object *owner_of(struct loading *l, struct slice table)
{
	const struct object *found = NULL;
	struct name name = {SL("main"), table};

	catalog_find(l->into, NULL, OBJECT_NONE, name, &found);
	return (struct object *)found;
}

/* Indexes and triggers, after all tables and views. */
static void load_part(struct loading *l, size_t i, enum object_type type)
{
	const struct change *ch =
		sqlite_read_schema(&l->arena, &l->tokens, rows_get(&l->objects, i, 3));
	struct object *owner = owner_of(l, rows_get(&l->objects, i, 2));
	struct object *o = ch && ch->def && ch->def->type == type
				   ? ch->def
				   : ARENA_NEW(&l->arena, struct object);

	if (!owner)
		return;
	if (o->type != type) {
		o->type = type;
		o->tainted = true;
	}
	o->schema = SL("main");
	o->name = rows_get(&l->objects, i, 1);
	o->table = owner;
	catalog_put_part(l->into, owner, o);
}

static bool read_everything(struct loading *l, struct err *err)
{
	return conn_query(l->conn, slice_of(query_sqlite_objects), &l->arena, &l->objects, err) &&
	       conn_query(l->conn, slice_of(query_sqlite_shadows), &l->arena, &l->shadows, err) &&
	       conn_query(l->conn, slice_of(query_sqlite_columns), &l->arena, &l->columns, err);
}

static bool build(struct loading *l, struct err *err)
{
	for (size_t i = 0; i < l->objects.nrows; i++) {
		struct slice type = rows_get(&l->objects, i, 0);

		if (slice_is(type, "table") && !load_table(l, i, err))
			return false;
		if (slice_is(type, "view"))
			load_view(l, i);
	}
	for (size_t i = 0; i < l->objects.nrows; i++) {
		struct slice type = rows_get(&l->objects, i, 0);

		if (slice_is(type, "index"))
			load_part(l, i, OBJECT_INDEX);
		else if (slice_is(type, "trigger"))
			load_part(l, i, OBJECT_TRIGGER);
	}
	return true;
}

static bool is_wanted(const struct load_options *o)
{
	return !o || o->schemas.n == 0 || names_has(o->schemas, SL("main"));
}

bool sqlite_load(
	struct conn *c, struct catalog *into, const struct load_options *o, struct err *err)
{
	struct loading l = {.conn = c, .into = into};
	bool own = !c->ops->in_transaction(c), ok;

	if (!is_wanted(o))
		return true;
	if (own && !conn_exec(c, SL("BEGIN"), err))
		return false;
	ok = read_everything(&l, err) && build(&l, err);
	if (own) {
		struct err ignored = {0};

		conn_exec(c, SL("COMMIT"), ok ? err : &ignored);
		err_done(&ignored);
	}
	tokens_done(&l.tokens);
	arena_done(&l.arena);
	return ok || err_context(err, "reading the schema of \"%.*s\"", SLICE(c->id.database));
}

bool sqlite_positions(struct conn *c, struct arena *a, struct names *out, struct err *err)
{
	struct rows r;

	*out = (struct names){0};
	if (!conn_query(c, SL("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'"), a,
		    &r, err))
		return false;
	if (r.nrows == 0)
		return true;
	if (!conn_query(c,
		    SL("SELECT 'main.' || name || '=' || seq FROM main.sqlite_sequence ORDER BY 1"),
		    a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		names_add(a, out, rows_get(&r, i, 0));
	return true;
}
