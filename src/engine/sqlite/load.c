/* load.c - reading a database's schema into a catalog.
 *
 * Three queries in one read transaction. SQLite keeps each object's CREATE statement, kept up to
 * date by its own ALTER TABLE: our reader takes it apart. What SQLite made of it (table_xinfo) has
 * the last word on columns, and stands alone where the text cannot be read. */
#include "engine/sqlite/conn.h"

#include "queries.h"

#include <stdint.h>

/* A column as SQLite understands it: a row of columns.sql. */
struct known_column {
	struct slice name, type, default_text;
	bool not_null, has_default;
	int key;    /* place in the primary key, from 1; 0 = not in it */
	int hidden; /* 2: virtual, 3: stored */
};

struct loading {
	struct conn *conn;
	struct catalog *into;
	struct arena arena; /* lists of objects */
	struct arena table; /* what is being put into the catalog, which copies it */
	struct rows objects, shadows;
	struct tokens tokens;
	sqlite3_stmt *columns;      /* stepped along with the tables: same order */
	bool pending;               /* its present row has not been used */
	struct known_column *known; /* of the present table */
	size_t nknown;
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

static struct slice text_of(struct loading *l, int i)
{
	const char *at = (const char *)sqlite3_column_text(l->columns, i);

	return arena_slice(&l->table, slice_n(at, (size_t)sqlite3_column_bytes(l->columns, i)));
}

static bool next_row(struct loading *l, struct err *err)
{
	int rc = sqlite3_step(l->columns);

	l->pending = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE || sqlite_error(l->conn, rc, err);
}

/* Fills l->known with the rows of one table: none for a virtual one. */
static bool known_columns(struct loading *l, struct slice table, struct err *err)
{
	l->known = NULL;
	l->nknown = 0;
	while (l->pending) {
		struct known_column *k;
		const char *name = (const char *)sqlite3_column_text(l->columns, 0);

		if (!slice_eq(slice_n(name, (size_t)sqlite3_column_bytes(l->columns, 0)), table))
			break;
		k = ARENA_PUSH(&l->table, l->known, l->nknown);
		*k = (struct known_column){
			.name = text_of(l, 1),
			.type = text_of(l, 2),
			.not_null = sqlite3_column_int(l->columns, 3),
			.has_default = sqlite3_column_type(l->columns, 4) != SQLITE_NULL,
			.key = sqlite3_column_int(l->columns, 5),
			.hidden = sqlite3_column_int(l->columns, 6),
		};
		if (k->has_default)
			k->default_text = text_of(l, 4);
		if (!next_row(l, err))
			return false;
	}
	return true;
}

static void overlay_column(struct object *col, const struct known_column *k)
{
	struct column_def *c = &col->column;

	/* SQLite prints INTEGER for integer, and no more than it keeps: the text knows better
	 * unless the two disagree. */
	if (!slice_ieq(k->type, c->type) && !c->generated.len)
		c->type = k->type;
	c->not_null = k->not_null;
	if (k->hidden == 2)
		c->generated = SL("virtual");
	else if (k->hidden == 3)
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
static bool same_columns(const struct loading *l, const struct object *t)
{
	if (count_columns(t) != l->nknown)
		return false;
	for (size_t i = 0; i < l->nknown; i++)
		if (!slice_eq(t->parts[i]->name, l->known[i].name))
			return false;
	return true;
}

static struct object *part(struct loading *l, struct object *t, enum object_type type)
{
	struct object *o = ARENA_NEW(&l->table, struct object);

	o->type = type;
	o->table = t;
	*ARENA_PUSH(&l->table, t->parts, t->nparts) = o;
	return o;
}

static void add_primary_key(struct loading *l, struct object *t)
{
	struct object *o = NULL;

	for (int place = 1; place <= (int)l->nknown; place++)
		for (size_t i = 0; i < l->nknown; i++) {
			if (l->known[i].key != place)
				continue;
			if (!o) {
				o = part(l, t, OBJECT_CONSTRAINT);
				o->generated_name = true;
				o->constraint.kind = SL("primary key");
			}
			names_add(&l->table, &o->constraint.columns, l->known[i].name);
		}
}

static bool add_foreign_keys(struct loading *l, struct object *t, struct err *err)
{
	struct rows r;
	struct cell table = {.text = t->name};
	struct object *o = NULL;

	if (!conn_query_params(
		    l->conn, slice_of(query_sqlite_foreign_keys), &table, 1, &l->table, &r, err))
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
		names_add(&l->table, &o->constraint.columns, rows_get(&r, i, 2));
		if (!rows_null(&r, i, 3))
			names_add(&l->table, &o->constraint.ref_columns, rows_get(&r, i, 3));
	}
	return true;
}

/* Without a readable text: columns, primary key and foreign keys as SQLite lists them. CHECKs and
 * UNIQUE constraints are not listed, so what hangs on this table is not known for certain. */
static bool from_pragmas(struct loading *l, struct object *t, struct err *err)
{
	t->parts = NULL;
	t->nparts = 0;
	t->tainted = true;
	for (size_t i = 0; i < l->nknown; i++) {
		struct object *col = part(l, t, OBJECT_COLUMN);

		col->name = l->known[i].name;
		col->column.type = l->known[i].type;
		col->column.default_value.text = l->known[i].default_text;
		overlay_column(col, &l->known[i]);
	}
	add_primary_key(l, t);
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

/* The object that a CREATE text defines; an empty one of that type where it cannot be read. */
static struct object *defined(struct loading *l, size_t i, enum object_type type)
{
	const struct change *ch =
		sqlite_read_schema(&l->table, &l->tokens, rows_get(&l->objects, i, 3));
	struct object *o;

	if (ch && ch->def && ch->def->type == type)
		return ch->def;
	o = ARENA_NEW(&l->table, struct object);
	o->type = type;
	o->tainted = true;
	return o;
}

static bool load_table(struct loading *l, size_t i, struct err *err)
{
	struct slice name = rows_get(&l->objects, i, 1);
	struct object *t = defined(l, i, OBJECT_TABLE);

	if (!known_columns(l, name, err))
		return false;
	if (is_shadow(l, name))
		return true;
	t->schema = SL("main");
	t->name = name;
	if (l->nknown > 0 && !same_columns(l, t)) {
		if (!from_pragmas(l, t, err))
			return false;
	} else {
		for (size_t k = 0; k < l->nknown; k++)
			overlay_column(t->parts[k], &l->known[k]);
	}
	finish_references(t);
	catalog_put(l->into, t);
	return true;
}

static void load_view(struct loading *l, size_t i)
{
	struct object *v = defined(l, i, OBJECT_VIEW);

	if (v->tainted)
		v->view.query.text = rows_get(&l->objects, i, 3);
	v->schema = SL("main");
	v->name = rows_get(&l->objects, i, 1);
	v->view.reads = main_names(&l->table, v->view.reads);
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
	struct object *owner = owner_of(l, rows_get(&l->objects, i, 2));
	struct object *o = defined(l, i, type);

	if (!owner)
		return;
	if (type == OBJECT_TRIGGER)
		o->trigger.reads = main_names(&l->table, o->trigger.reads);
	o->schema = SL("main");
	o->name = rows_get(&l->objects, i, 1);
	o->table = owner;
	catalog_put_part(l->into, owner, o);
}

static bool read_everything(struct loading *l, struct err *err)
{
	int rc;

	if (!conn_query(l->conn, slice_of(query_sqlite_objects), &l->arena, &l->objects, err) ||
		!conn_query(l->conn, slice_of(query_sqlite_shadows), &l->arena, &l->shadows, err))
		return false;
	rc = sqlite3_prepare_v2(
		sqlite_handle(l->conn), query_sqlite_columns, -1, &l->columns, NULL);
	return rc == SQLITE_OK ? next_row(l, err) : sqlite_error(l->conn, rc, err);
}

static bool build(struct loading *l, struct err *err)
{
	for (size_t i = 0; i < l->objects.nrows; i++) {
		struct slice type = rows_get(&l->objects, i, 0);

		arena_reset(&l->table);
		if (slice_is(type, "table") && !load_table(l, i, err))
			return false;
		if (slice_is(type, "view"))
			load_view(l, i);
	}
	for (size_t i = 0; i < l->objects.nrows; i++) {
		struct slice type = rows_get(&l->objects, i, 0);

		arena_reset(&l->table);
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
	sqlite3_finalize(l.columns);
	if (own) {
		struct err ignored = {0};

		conn_exec(c, SL("COMMIT"), ok ? err : &ignored);
		err_done(&ignored);
	}
	tokens_done(&l.tokens);
	arena_done(&l.table);
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
