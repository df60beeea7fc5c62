/* keep.c - what would be lost, and what makes it again.
 *
 * DROP TABLE deletes the rows first when foreign keys are enforced, so it cascades as DELETE does:
 * https://sqlite.org/foreignkeys.html#fk_schemacommands */
#include "engine/sqlite/sqlite.h"

#include "engine/links.h"
#include "sql/quote.h"

static long long number(const struct rows *r, size_t row, size_t col)
{
	unsigned long long n = 0;

	return r->nrows > row && !rows_null(r, row, col) && slice_u64(rows_get(r, row, col), &n)
		       ? (long long)n
		       : -1;
}

static bool tables(struct conn *c, struct arena *a, struct slice schema, struct name **out,
	size_t *n, struct err *err)
{
	struct rows r = {0};

	(void)schema;
	*n = 0;
	if (!conn_query(c,
		    SL("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0"
		       " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
		       " AND name NOT LIKE 'belay\\_%' ESCAPE '\\' ORDER BY name"),
		    a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = (struct name){SL("main"), rows_get(&r, i, 0)};
	return true;
}

/* The size of the table itself, where this SQLite can tell. */
static long long bytes_of(struct conn *c, struct arena *a, struct name t)
{
	struct cell params[2] = {{.text = t.schema}, {.text = t.name}};
	struct err ignored = {0};
	struct rows r = {0};
	long long n = -1;

	if (conn_query_params(c,
		    SL("SELECT sum(pgsize) FROM dbstat(?1, 1) WHERE name = ?2 AND aggregate"),
		    params, 2, a, &r, &ignored))
		n = number(&r, 0, 0);
	err_done(&ignored);
	return n;
}

static bool columns(
	struct conn *c, struct arena *a, struct kept_table *t, bool rowid, struct err *err)
{
	static const char *const words[] = {"rowid", "_rowid_", "oid"};
	struct cell params[2] = {{.text = t->name.name}, {.text = t->name.schema}};
	bool taken[3] = {false, false, false};
	struct rows r = {0};

	if (!conn_query_params(c,
		    SL("SELECT name, hidden, pk FROM pragma_table_xinfo(?1, ?2)"
		       " ORDER BY pk = 0, pk, cid"),
		    params, 2, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct slice name = rows_get(&r, i, 0);

		for (size_t w = 0; w < 3; w++)
			taken[w] |= slice_iis(name, words[w]);
		if (!slice_is(rows_get(&r, i, 1), "0"))
			continue;
		names_add(a, &t->columns, name);
		if (!slice_is(rows_get(&r, i, 2), "0"))
			names_add(a, &t->key, name);
	}
	t->casts = ARENA_ARRAY(a, t->columns.n + 1, struct slice);
	for (size_t w = 0; w < 3 && rowid && t->key.n == 0; w++)
		if (!taken[w]) {
			names_add(a, &t->key, slice_of(words[w]));
			t->loose = true;
		}
	return true;
}

static bool table(struct conn *c, struct arena *a, struct name name, bool *found,
	struct kept_table *out, struct err *err)
{
	struct cell params[2] = {{.text = name.name}, {.text = name.schema}};
	struct rows r = {0};

	*found = false;
	if (!conn_query_params(c,
		    SL("SELECT schema, name, type, wr FROM pragma_table_list"
		       " WHERE lower(name) = lower(?1) AND (?2 = '' OR lower(schema) = lower(?2))"
		       " ORDER BY schema = 'temp' DESC, schema = 'main' DESC LIMIT 1"),
		    params, 2, a, &r, err))
		return false;
	if (r.nrows == 0 || slice_is(rows_get(&r, 0, 0), "temp") ||
		!(slice_is(rows_get(&r, 0, 2), "table") || slice_is(rows_get(&r, 0, 2), "virtual")))
		return true;
	*found = true;
	*out = (struct kept_table){
		.name = {rows_get(&r, 0, 0), rows_get(&r, 0, 1)}, .rows = -1, .bytes = -1};
	out->bytes = bytes_of(c, a, out->name);
	return columns(c, a, out, slice_is(rows_get(&r, 0, 3), "0"), err);
}

static bool emptied_with(struct conn *c, struct arena *a, struct name t, bool truncate,
	struct name **out, size_t *n, struct err *err)
{
	struct cell param = {.text = t.name};
	struct rows r = {0};

	(void)truncate;
	*n = 0;
	if (!conn_query_params(c,
		    SL("WITH RECURSIVE gone(name) AS (SELECT ?1 UNION"
		       " SELECT m.name FROM gone g, main.sqlite_schema m,"
		       " pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
		       " AND lower(f.\"table\") = lower(g.name) AND f.on_delete = 'CASCADE')"
		       " SELECT name FROM gone WHERE lower(name) <> lower(?1)"
		       " AND (SELECT foreign_keys FROM pragma_foreign_keys)"),
		    &param, 1, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = (struct name){t.schema, rows_get(&r, i, 0)};
	return true;
}

/* A foreign key that names no columns means the primary key. */
static bool links(struct conn *c, struct arena *a, struct name t, struct kept_link **out, size_t *n,
	struct err *err)
{
	struct cell params[2] = {{.text = t.name}, {.text = t.schema}};
	struct rows r = {0};

	*n = 0;
	if (!conn_query_params(c,
		    SL("SELECT ?2, m.name, f.seq = 0, f.\"from\", COALESCE(f.\"to\","
		       " (SELECT p.name FROM pragma_table_xinfo(?1, ?2) p WHERE p.pk = f.seq + 1)),"
		       " f.on_delete, f.on_update FROM main.sqlite_schema m,"
		       " pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
		       " AND lower(f.\"table\") = lower(?1)"
		       " AND (SELECT foreign_keys FROM pragma_foreign_keys)"
		       " ORDER BY m.name, f.id, f.seq"),
		    params, 2, a, &r, err))
		return false;
	links_from_rows(a, &r, out, n);
	return true;
}

/* SQLite adds no column that must not be NULL and has no default: then it comes back without that
 * condition. */
static bool define_column(struct conn *c, struct arena *a, const struct kept_table *t,
	struct slice column, struct names *before, struct err *err)
{
	struct catalog *live = catalog_new(DIALECT_SQLITE, c->id.version);
	const struct object *o = NULL, *col = NULL;
	bool ok = sqlite_load(c, live, &(struct load_options){0}, err);
	struct object copy, bare;
	struct buf b = {0};

	if (ok && (catalog_find(live, NULL, OBJECT_TABLE, t->name, &o) != PRESENT ||
			  catalog_part(live, o, OBJECT_COLUMN, column, &col) != PRESENT))
		ok = err_set(err, ERR_FAILED, "cannot read the definition of column %.*s of %.*s",
			SLICE(column), SLICE(t->name.name));
	if (ok) {
		copy = *col;
		bare = *o;
		copy.table = &bare;
		if (copy.column.not_null && !copy.column.default_value.text.len)
			copy.column.not_null = false;
		object_render(&b, DIALECT_SQLITE, &copy);
		names_add(a, before, arena_slice(a, buf_slice(&b)));
	}
	buf_done(&b);
	catalog_free(live);
	return ok;
}

static bool define(struct conn *c, struct arena *a, const struct kept_table *t, struct slice column,
	struct names *before, struct names *after, struct err *err)
{
	struct cell param = {.text = t->name.name};
	struct rows r = {0};

	if (column.len)
		return define_column(c, a, t, column, before, err);
	if (!conn_query_params(c,
		    SL("SELECT type, sql FROM main.sqlite_schema WHERE lower(tbl_name) = lower(?1)"
		       " AND sql IS NOT NULL AND type IN ('table', 'index', 'trigger')"
		       " ORDER BY type <> 'table', rowid"),
		    &param, 1, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		names_add(a, slice_is(rows_get(&r, i, 0), "table") ? before : after,
			rows_get(&r, i, 1));
	return true;
}

static bool hush(struct conn *c, struct arena *a, struct name t, struct names *before,
	struct names *after, struct err *err)
{
	struct cell param = {.text = t.name};
	struct rows r = {0};

	if (!conn_query_params(c,
		    SL("SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger'"
		       " AND lower(tbl_name) = lower(?1) ORDER BY rowid"),
		    &param, 1, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct buf b = {0};

		sqlf(&b, DIALECT_SQLITE, "DROP TRIGGER main.%I", rows_get(&r, i, 0));
		names_add(a, before, arena_slice(a, buf_slice(&b)));
		names_add(a, after, rows_get(&r, i, 1));
		buf_done(&b);
	}
	return true;
}

const struct engine_keep sqlite_keep = {.tables = tables,
	.table = table,
	.emptied_with = emptied_with,
	.links = links,
	.define = define,
	.hush = hush};
