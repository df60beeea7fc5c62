/* keep.c - what would be lost: tables, their columns and keys, and what goes with them.
 *
 * Values whose type is not the server's own are kept as text, for the type may go with the table.
 */
#include "engine/postgres/postgres.h"

#include "engine/postgres/keep.h"
#include "sql/quote.h"

static long long number(const struct rows *r, size_t row, size_t col)
{
	unsigned long long n = 0;

	return !rows_null(r, row, col) && slice_u64(rows_get(r, row, col), &n) ? (long long)n : -1;
}

struct slice pg_quoted(struct arena *a, struct name t)
{
	struct buf b = {0};
	struct slice s;

	quote_name(&b, DIALECT_POSTGRES, t.schema, t.name);
	s = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static bool read_names(struct conn *c, struct arena *a, struct slice sql, struct slice param,
	struct name **out, size_t *n, struct err *err)
{
	struct cell p = {.text = param};
	struct rows r = {0};

	*n = 0;
	if (!conn_query_params(c, sql, &p, 1, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = (struct name){rows_get(&r, i, 0), rows_get(&r, i, 1)};
	return true;
}

/* Partitions are part of their parent. */
static bool tables(struct conn *c, struct arena *a, struct slice schema, struct name **out,
	size_t *n, struct err *err)
{
	return read_names(c, a,
		SL("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
		   " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		   " WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'"
		   " AND ($1 = '' AND NOT c.relispartition OR n.nspname = $1"
		   " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h"
		   " JOIN pg_catalog.pg_class p ON p.oid = h.inhparent"
		   " WHERE h.inhrelid = c.oid AND c.relispartition"
		   " AND p.relnamespace = c.relnamespace))"
		   " AND n.nspname !~ '^pg_'"
		   " AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')"
		   " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'"
		   " AND e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid)"
		   " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\""),
		schema, out, n, err);
}

static bool columns(
	struct conn *c, struct arena *a, struct kept_table *t, struct slice oid, struct err *err)
{
	struct cell param = {.text = oid};
	struct batch_key key = {0};
	struct err ignored = {0};
	struct rows r = {0};

	/* Written out in full: the cast is read under any search_path. */
	if (!conn_query_params(c,
		    SL("SELECT a.attname, CASE WHEN y.typnamespace <> 'pg_catalog'::regnamespace"
		       " THEN pg_catalog.quote_ident(n.nspname) || '.' ||"
		       " pg_catalog.quote_ident(CASE WHEN y.typelem <> 0 AND y.typlen = -1"
		       " THEN e.typname ELSE y.typname END) || CASE WHEN y.typelem <> 0"
		       " AND y.typlen = -1 THEN '[]' ELSE '' END ELSE '' END"
		       " FROM pg_catalog.pg_attribute a"
		       " JOIN pg_catalog.pg_type y ON y.oid = a.atttypid"
		       " JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace"
		       " LEFT JOIN pg_catalog.pg_type e ON e.oid = y.typelem"
		       " WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0"
		       " AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum"),
		    &param, 1, a, &r, err))
		return false;
	t->casts = ARENA_ARRAY(a, r.nrows + 1, struct slice);
	for (size_t i = 0; i < r.nrows; i++) {
		t->casts[i] = rows_get(&r, i, 1);
		names_add(a, &t->columns, rows_get(&r, i, 0));
	}
	/* A table without a key is no failure here. */
	if (pg_batches.key(c, a, t->name, (struct names){0}, (struct names){0}, &key, &ignored) &&
		!key.places)
		t->key = key.columns;
	/* What the server itself said is one. */
	if (ignored.native || ignored.sqlstate[0] || ignored.code == ERR_INTERRUPTED ||
		ignored.code == ERR_CONNECT) {
		err_move(err, &ignored);
		return false;
	}
	err_done(&ignored);
	return true;
}

static bool table(struct conn *c, struct arena *a, struct name name, bool *found,
	struct kept_table *out, struct err *err)
{
	struct cell param = {.text = pg_quoted(a, name)};
	struct rows r = {0};

	*found = false;
	if (!conn_query_params(c,
		    SL("SELECT n.nspname, c.relname,"
		       " (SELECT pg_catalog.sum(x.reltuples)::bigint FROM pg_catalog.pg_class x"
		       " WHERE x.reltuples > 0 AND (x.oid = c.oid OR x.oid IN"
		       " (SELECT h.inhrelid FROM pg_catalog.pg_inherits h"
		       " WHERE h.inhparent = c.oid))),"
		       " pg_catalog.pg_table_size(c.oid) + COALESCE((SELECT pg_catalog.sum("
		       "pg_catalog.pg_table_size(h.inhrelid)) FROM pg_catalog.pg_inherits h"
		       " WHERE h.inhparent = c.oid), 0)::bigint, c.oid,"
		       " c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h"
		       " WHERE h.inhparent = c.oid)"
		       " FROM pg_catalog.pg_class c"
		       " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		       " WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind IN ('r', 'p')"
		       " AND c.relpersistence <> 't'"),
		    &param, 1, a, &r, err))
		return false;
	if (r.nrows == 0)
		return true;
	*found = true;
	*out = (struct kept_table){.name = {rows_get(&r, 0, 0), rows_get(&r, 0, 1)},
		.rows = number(&r, 0, 2),
		.bytes = number(&r, 0, 3),
		.inherited = slice_is(rows_get(&r, 0, 5), "t")};
	return columns(c, a, out, rows_get(&r, 0, 4), err);
}

static bool emptied_with(struct conn *c, struct arena *a, struct name t, bool truncate,
	struct name **out, size_t *n, struct err *err)
{
	struct slice all = SL("WITH RECURSIVE gone(oid) AS (SELECT $1::regclass::oid UNION"
			      " SELECT k.conrelid FROM gone g JOIN pg_catalog.pg_constraint k"
			      " ON k.confrelid = g.oid AND k.contype = 'f' AND k.conparentid = 0)"
			      " SELECT n.nspname, c.relname FROM gone g"
			      " JOIN pg_catalog.pg_class c ON c.oid = g.oid"
			      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
			      " WHERE c.oid <> $1::regclass ORDER BY 1, 2"),
		     cascading =
			     SL("WITH RECURSIVE gone(oid) AS (SELECT $1::regclass::oid UNION"
				" SELECT k.conrelid FROM gone g JOIN pg_catalog.pg_constraint k"
				" ON k.confrelid = g.oid AND k.contype = 'f' AND k.conparentid = 0"
				" AND k.confdeltype = 'c')"
				" SELECT n.nspname, c.relname FROM gone g"
				" JOIN pg_catalog.pg_class c ON c.oid = g.oid"
				" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
				" WHERE c.oid <> $1::regclass ORDER BY 1, 2");

	return read_names(c, a, truncate ? all : cascading, pg_quoted(a, t), out, n, err);
}

static enum link_action action(struct slice s)
{
	return slice_is(s, "c")   ? LINK_CASCADE
	       : slice_is(s, "n") ? LINK_SET_NULL
	       : slice_is(s, "d") ? LINK_SET_DEFAULT
				  : LINK_NOTHING;
}

static void link_query(struct buf *b, int version)
{
	buf_adds(b, "WITH family(oid) AS (SELECT $1::regclass::oid"
		    " UNION SELECT relid::oid FROM pg_catalog.pg_partition_ancestors($1::regclass)"
		    " UNION SELECT relid::oid FROM pg_catalog.pg_partition_tree($1::regclass))"
		    " SELECT n.nspname, c.relname, u.i, ca.attname, pa.attname, k.confdeltype,"
		    " k.confupdtype, ");
	buf_adds(b, version >= 150000 ? "k.confdelsetcols IS NULL OR u.ck = ANY (k.confdelsetcols)"
				      : "true");
	buf_adds(b,
		" FROM pg_catalog.pg_constraint k"
		" JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		" CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey),"
		" pg_catalog.unnest(k.confkey)) WITH ORDINALITY u(ck, pk, i)"
		" JOIN pg_catalog.pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.ck"
		" JOIN pg_catalog.pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.pk"
		" WHERE k.contype = 'f' AND k.conparentid = 0"
		" AND k.confrelid IN (SELECT f.oid FROM family f)"
		" ORDER BY n.nspname, c.relname, k.oid, u.i");
}

/* Of partitions, too, and of the table that this is a partition of. */
static bool links(struct conn *c, struct arena *a, struct name t, struct kept_link **out, size_t *n,
	struct err *err)
{
	struct cell param = {.text = pg_quoted(a, t)};
	struct kept_link *at = NULL;
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	*n = 0;
	link_query(&b, c->id.version);
	ok = conn_query_params(c, buf_slice(&b), &param, 1, a, &r, err);
	buf_done(&b);
	for (size_t i = 0; ok && i < r.nrows; i++) {
		if (slice_is(rows_get(&r, i, 2), "1")) {
			at = ARENA_PUSH(a, *out, *n);
			*at = (struct kept_link){.child = {rows_get(&r, i, 0), rows_get(&r, i, 1)},
				.on_delete = action(rows_get(&r, i, 5)),
				.on_update = action(rows_get(&r, i, 6))};
		}
		names_add(a, &at->columns, rows_get(&r, i, 3));
		names_add(a, &at->refs, rows_get(&r, i, 4));
		if (slice_is(rows_get(&r, i, 7), "t"))
			names_add(a, &at->cleared, rows_get(&r, i, 3));
	}
	return ok;
}

/* The types themselves, arrays and domains of them, and tables' row types. */
static bool columns_of(struct conn *c, struct arena *a, enum object_type type, struct name name,
	struct kept_column **out, size_t *n, struct err *err)
{
	struct slice of_type = SL("SELECT pg_catalog.to_regtype($1)::oid"),
		     of_extension = SL(
			     "SELECT d.objid FROM pg_catalog.pg_depend d"
			     " JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid"
			     " WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'e'"
			     " AND d.refclassid = 'pg_catalog.pg_extension'::regclass"
			     " AND x.extname = $1");
	struct cell param = {.text = type == OBJECT_EXTENSION ? name.name : pg_quoted(a, name)};
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	*n = 0;
	buf_adds(&b, "WITH RECURSIVE gone(oid) AS (");
	buf_add(&b, type == OBJECT_EXTENSION ? of_extension : of_type);
	buf_adds(&b, " UNION SELECT y.oid FROM gone g JOIN pg_catalog.pg_type y"
		     " ON y.typelem = g.oid AND y.typlen = -1 OR y.typbasetype = g.oid)"
		     " SELECT n.nspname, c.relname, t.attname FROM gone g"
		     " JOIN pg_catalog.pg_attribute t ON t.atttypid = g.oid AND NOT t.attisdropped"
		     " JOIN pg_catalog.pg_class c ON c.oid = t.attrelid AND c.relkind IN ('r', 'p')"
		     " AND NOT c.relispartition AND c.relpersistence <> 't'"
		     " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		     " WHERE n.nspname NOT IN ('belay', 'belay_archive') ORDER BY 1, 2, 3");
	ok = conn_query_params(c, buf_slice(&b), &param, 1, a, &r, err);
	buf_done(&b);
	for (size_t i = 0; ok && i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = (struct kept_column){
			{rows_get(&r, i, 0), rows_get(&r, i, 1)}, rows_get(&r, i, 2)};
	return ok;
}

static bool hush(struct conn *c, struct arena *a, struct name t, struct names *before,
	struct names *after, struct err *err)
{
	struct cell param = {.text = pg_quoted(a, t)};
	struct rows r = {0};

	if (!conn_query_params(c,
		    SL("SELECT pg_catalog.format('ALTER TABLE %s DISABLE TRIGGER %I', $1::text, "
		       "g.tgname),"
		       " pg_catalog.format('ALTER TABLE %s ENABLE %sTRIGGER %I', $1,"
		       " CASE g.tgenabled WHEN 'R' THEN 'REPLICA ' WHEN 'A' THEN 'ALWAYS '"
		       " ELSE '' END, g.tgname) FROM pg_catalog.pg_trigger g"
		       " WHERE g.tgrelid = $1::regclass AND NOT g.tgisinternal"
		       " AND g.tgenabled <> 'D' ORDER BY g.tgname"),
		    &param, 1, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		names_add(a, before, rows_get(&r, i, 0));
		names_add(a, after, rows_get(&r, i, 1));
	}
	return true;
}

const struct engine_keep pg_keep = {.tables = tables,
	.table = table,
	.emptied_with = emptied_with,
	.links = links,
	.columns_of = columns_of,
	.define = pg_define,
	.hush = hush};
