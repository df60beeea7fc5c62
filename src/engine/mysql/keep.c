/* keep.c - what would be lost, and what makes it again: the server's own SHOW CREATE, a line to a
 * column or key. */
#include "engine/mysql/conn.h"

#include "engine/links.h"
#include "sql/quote.h"

#include <stdint.h>

static long long number(const struct rows *r, size_t row, size_t col)
{
	unsigned long long n = 0;

	return !rows_null(r, row, col) && slice_u64(rows_get(r, row, col), &n) ? (long long)n : -1;
}

static struct cell database(struct slice schema)
{
	return (struct cell){schema, slice_empty(schema)};
}

static bool tables(struct conn *c, struct arena *a, struct slice schema, struct name **out,
	size_t *n, struct err *err)
{
	struct cell param = database(schema);
	struct rows r = {0};

	*n = 0;
	if (!conn_query_params(c,
		    SL("SELECT table_schema, table_name FROM information_schema.tables"
		       " WHERE table_schema = COALESCE(?, DATABASE()) AND table_type = 'BASE TABLE'"
		       " AND table_name NOT LIKE 'belay\\_%' ORDER BY table_name"),
		    &param, 1, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = (struct name){rows_get(&r, i, 0), rows_get(&r, i, 1)};
	return true;
}

/* The primary key, else the first unique one without holes. */
static bool key_of(struct conn *c, struct arena *a, struct kept_table *t, struct err *err)
{
	struct cell params[2] = {{.text = t->name.schema}, {.text = t->name.name}};
	struct rows r = {0};
	size_t to;

	if (!conn_query_params(c,
		    SL("SELECT index_name, column_name, nullable = 'YES' OR sub_part IS NOT NULL"
		       " OR column_name IS NULL"
		       " FROM information_schema.statistics WHERE table_schema = ?"
		       " AND table_name = ? AND non_unique = 0"
		       " ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index"),
		    params, 2, a, &r, err))
		return false;
	for (size_t from = 0; from < r.nrows && t->key.n == 0; from = to) {
		bool holes = false;

		for (to = from;
			to < r.nrows && slice_eq(rows_get(&r, to, 0), rows_get(&r, from, 0)); to++)
			holes |= !slice_is(rows_get(&r, to, 2), "0");
		for (size_t i = from; i < to && !holes; i++)
			names_add(a, &t->key, rows_get(&r, i, 1));
	}
	return true;
}

static bool columns(struct conn *c, struct arena *a, struct kept_table *t, struct err *err)
{
	struct cell params[2] = {{.text = t->name.schema}, {.text = t->name.name}};
	struct rows r = {0};

	if (!conn_query_params(c,
		    SL("SELECT column_name, extra LIKE '%on update%'"
		       " FROM information_schema.columns"
		       " WHERE table_schema = ? AND table_name = ?"
		       " AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position"),
		    params, 2, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		names_add(a, &t->columns, rows_get(&r, i, 0));
		if (slice_is(rows_get(&r, i, 1), "1"))
			names_add(a, &t->touched, rows_get(&r, i, 0));
	}
	t->casts = ARENA_ARRAY(a, t->columns.n + 1, struct slice);
	return key_of(c, a, t, err);
}

static bool table(struct conn *c, struct arena *a, struct name name, bool *found,
	struct kept_table *out, struct err *err)
{
	struct cell params[2] = {database(name.schema), {.text = name.name}};
	struct rows r = {0};

	*found = false;
	if (!conn_query_params(c,
		    SL("SELECT table_schema, table_name, table_rows, data_length + index_length"
		       " FROM information_schema.tables WHERE table_schema = COALESCE(?, "
		       "DATABASE())"
		       " AND table_name = ? AND table_type = 'BASE TABLE'"),
		    params, 2, a, &r, err))
		return false;
	if (r.nrows == 0)
		return true;
	*found = true;
	*out = (struct kept_table){.name = {rows_get(&r, 0, 0), rows_get(&r, 0, 1)},
		.rows = number(&r, 0, 2),
		.bytes = number(&r, 0, 3)};
	return columns(c, a, out, err);
}

static bool has(const struct name *v, size_t n, struct name x)
{
	for (size_t i = 0; i < n; i++)
		if (name_eq(v[i], x))
			return true;
	return false;
}

/* TRUNCATE is refused where a foreign key points at the table. */
static bool emptied_with(struct conn *c, struct arena *a, struct name t, bool truncate,
	struct name **out, size_t *n, struct err *err)
{
	struct name at = t;

	*n = 0;
	for (size_t done = 0; !truncate; at = (*out)[done++]) {
		struct cell params[2] = {{.text = at.schema}, {.text = at.name}};
		struct rows r = {0};

		if (!conn_query_params(c,
			    SL("SELECT constraint_schema, table_name"
			       " FROM information_schema.referential_constraints"
			       " WHERE unique_constraint_schema = ? AND referenced_table_name = ?"
			       " AND delete_rule = 'CASCADE'"),
			    params, 2, a, &r, err))
			return false;
		for (size_t i = 0; i < r.nrows; i++) {
			struct name x = {rows_get(&r, i, 0), rows_get(&r, i, 1)};

			if (!name_eq(x, t) && !has(*out, *n, x))
				*ARENA_PUSH(a, *out, *n) = x;
		}
		if (done == *n)
			break;
	}
	return true;
}

static bool links(struct conn *c, struct arena *a, struct name t, struct kept_link **out, size_t *n,
	struct err *err)
{
	struct cell params[2] = {{.text = t.schema}, {.text = t.name}};
	struct rows r = {0};

	*n = 0;
	if (!conn_query_params(c,
		    SL("SELECT k.table_schema, k.table_name, k.ordinal_position = 1, k.column_name,"
		       " k.referenced_column_name, f.delete_rule, f.update_rule"
		       " FROM information_schema.referential_constraints f"
		       " JOIN information_schema.key_column_usage k"
		       " ON k.constraint_schema = f.constraint_schema"
		       " AND k.constraint_name = f.constraint_name AND k.table_name = f.table_name"
		       " WHERE f.unique_constraint_schema = ? AND f.referenced_table_name = ?"
		       " ORDER BY k.table_schema, k.table_name, k.constraint_name,"
		       " k.ordinal_position"),
		    params, 2, a, &r, err))
		return false;
	links_from_rows(a, &r, out, n);
	return true;
}

static bool show(struct conn *c, struct arena *a, struct name t, struct slice *out, struct err *err)
{
	struct rows r = {0};

	if (!my_queryf(c, a, &r, err, "SHOW CREATE TABLE %N", t.schema, t.name))
		return false;
	*out = r.nrows && r.ncols > 1 ? rows_get(&r, 0, 1) : SLICE_NONE;
	return true;
}

static void settings(struct arena *a, struct names *out, struct slice sql_mode)
{
	struct buf b = {0};

	sqlf(&b, DIALECT_MARIADB, "SET @belay_trigger = @@sql_mode, sql_mode = %L", sql_mode);
	names_add(a, out, arena_slice(a, buf_slice(&b)));
	buf_done(&b);
}

static bool add_triggers(
	struct conn *c, struct arena *a, struct name t, struct names *after, struct err *err)
{
	struct cell params[2] = {{.text = t.schema}, {.text = t.name}};
	struct rows r = {0}, one = {0};

	if (!conn_query_params(c,
		    SL("SELECT trigger_name FROM information_schema.triggers"
		       " WHERE event_object_schema = ? AND event_object_table = ?"
		       " ORDER BY action_timing, event_manipulation, action_order"),
		    params, 2, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		if (!my_queryf(c, a, &one, err, "SHOW CREATE TRIGGER %N", t.schema,
			    rows_get(&r, i, 0)))
			return false;
		/* Under the settings that it was made with. */
		settings(a, after, rows_get(&one, 0, 1));
		names_add(a, after, rows_get(&one, 0, 2));
		names_add(a, after, SL("SET sql_mode = @belay_trigger"));
	}
	return true;
}

/* A line of SHOW CREATE TABLE without its indent and comma. */
static struct slice line_of(struct slice line)
{
	line = slice_trim(line);
	if (slice_ends(line, ","))
		line.len--;
	return line;
}

static void alter(struct arena *a, struct names *out, struct name t, const char *verb,
	struct slice what, struct slice place)
{
	struct buf b = {0};

	sqlf(&b, DIALECT_MARIADB, "ALTER TABLE %N %s %s%s", t.schema, t.name, slice_of(verb), what,
		place);
	names_add(a, out, arena_slice(a, buf_slice(&b)));
	buf_done(&b);
}

/* A key that had other columns too is still there without this one. */
static void add_key(
	struct arena *a, struct names *out, struct name t, struct slice line, struct slice quoted)
{
	struct slice rest = slice_from(line, slice_find(line, SL("(")));
	bool shared =
		slice_find(rest, SL("`,")) != SIZE_MAX || slice_find(rest, SL("),")) != SIZE_MAX;
	size_t at = slice_find(line, SL("KEY `"));

	if (slice_find(rest, quoted) == SIZE_MAX)
		return;
	if (shared && slice_starts(line, "PRIMARY")) {
		alter(a, out, t, "DROP PRIMARY KEY, ADD", line, SLICE_NONE);
	} else if (shared && at != SIZE_MAX && !slice_starts(line, "CONSTRAINT")) {
		struct slice name = slice_from(line, at + 4);

		name.len = slice_find(name, SL("` (")) + 1;
		alter(a, out, t, "DROP INDEX",
			arena_printf(a, "%.*s, ADD %.*s", SLICE(name), SLICE(line)), SLICE_NONE);
	} else {
		alter(a, out, t, "ADD", line, SLICE_NONE);
	}
}

static void define_column(struct arena *a, struct name t, struct slice text, struct slice column,
	struct names *before, struct names *after)
{
	struct slice line, place = SL(" FIRST"), own = SLICE_NONE, quoted;
	struct buf b = {0};
	size_t counted;

	quote_ident(&b, DIALECT_MARIADB, column);
	quoted = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	for (struct slice rest = text; slice_line(&rest, &line);) {
		line = line_of(line);
		if (slice_starts(line, "`") && !own.len) {
			if (slice_starts(line, arena_cstr(a, quoted)) &&
				slice_starts(slice_from(line, quoted.len), " "))
				own = line;
			else
				place = arena_printf(a, " AFTER %.*s",
					SLICE(slice_sub(line, 0,
						slice_find(slice_from(line, 1), SL("` ")) + 2)));
		} else if (own.len && !slice_starts(line, "`") && !slice_starts(line, ")")) {
			add_key(a, after, t, line, quoted);
		}
	}
	/* What counts by itself has to be a key first. */
	counted = slice_find(own, SL(" AUTO_INCREMENT"));
	alter(a, before, t, "ADD COLUMN",
		counted == SIZE_MAX ? own
				    : arena_printf(a, "%.*s%.*s", SLICE(slice_sub(own, 0, counted)),
					      SLICE(slice_from(own, counted + 15))),
		place);
	if (counted != SIZE_MAX)
		alter(a, after, t, "MODIFY COLUMN", own, place);
}

static bool define(struct conn *c, struct arena *a, const struct kept_table *t, struct slice column,
	struct names *before, struct names *after, struct err *err)
{
	struct slice text, head;

	if (!show(c, a, t->name, &text, err))
		return false;
	if (column.len) {
		define_column(a, t->name, text, column, before, after);
		return true;
	}
	/* The server leaves the database away. */
	head = slice_sub(text, 0, slice_find(text, SL("(\n")));
	if (slice_starts(head, "CREATE TABLE `")) {
		struct buf b = {0};

		sqlf(&b, DIALECT_MARIADB, "CREATE TABLE %N ", t->name.schema, t->name.name);
		buf_add(&b, slice_from(text, head.len));
		text = arena_slice(a, buf_slice(&b));
		buf_done(&b);
	}
	names_add(a, before, text);
	return add_triggers(c, a, t->name, after, err);
}

const struct engine_keep mysql_keep = {.tables = tables,
	.table = table,
	.emptied_with = emptied_with,
	.links = links,
	.define = define};
