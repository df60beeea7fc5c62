/* history.c - looking at history tables: is ours there, is it ours, or is it another tool's. */
#include "layout/internal.h"

#include "sql/quote.h"

#include <stdint.h>

struct table_name history_table(const struct project *p)
{
	struct slice whole = slice_of(p->table ? p->table : p->layout->table);
	size_t dot = slice_chr(whole, '.');

	if (!p->table || dot == SIZE_MAX)
		return (struct table_name){SLICE_NONE, whole};
	return (struct table_name){slice_sub(whole, 0, dot), slice_from(whole, dot + 1)};
}

bool cell_true(struct slice s)
{
	return slice_iis(s, "t") || slice_iis(s, "true") || slice_is(s, "1");
}

struct slice now_sql(enum dialect d)
{
	return d == DIALECT_POSTGRES ? SL("now()") : SL("CURRENT_TIMESTAMP");
}

const struct migration *migration_by_id(const struct project *p, struct slice id)
{
	for (size_t i = 0; i < p->nmigrations; i++)
		if (slice_eq(p->migrations[i].id, id))
			return &p->migrations[i];
	return NULL;
}

struct history_row *history_add(
	struct arena *a, struct history *h, struct slice id, enum applied_state state)
{
	struct history_row *r = ARENA_PUSH(a, h->at, h->n);

	*r = (struct history_row){.id = id, .state = state, .ms = -1};
	return r;
}

/* ---- Columns ---- */

static void columns_query(struct buf *b, enum dialect d, struct table_name t)
{
	struct buf quoted = {0};

	switch (d) {
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		sqlf(b, d,
			"SELECT column_name FROM information_schema.columns WHERE table_schema = ");
		if (t.schema.len)
			sqlf(b, d, "%L", t.schema);
		else
			buf_adds(b, "DATABASE()");
		sqlf(b, d, " AND table_name = %L ORDER BY ordinal_position", t.name);
		return;
	case DIALECT_SQLITE:
		sqlf(b, d, "SELECT name FROM pragma_table_info(%L) ORDER BY cid", t.name);
		return;
	case DIALECT_POSTGRES:
	case DIALECT_UNKNOWN:
		quote_name(&quoted, d, t.schema, t.name);
		sqlf(b, d,
			"SELECT attname FROM pg_catalog.pg_attribute"
			" WHERE attrelid = pg_catalog.to_regclass(%L)"
			" AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
			buf_slice(&quoted));
		buf_done(&quoted);
		return;
	}
}

bool table_columns(
	struct conn *c, struct arena *a, struct table_name t, struct names *out, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	*out = (struct names){0};
	columns_query(&b, c->id.dialect, t);
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	for (size_t i = 0; ok && i < r.nrows; i++)
		*ARENA_PUSH(a, out->at, out->n) = rows_get(&r, i, 0);
	return ok;
}

static bool has_column(const struct names *cols, const char *name)
{
	for (size_t i = 0; i < cols->n; i++)
		if (slice_iis(cols->at[i], name))
			return true;
	return false;
}

/* ---- Whose table is it ---- */

static const struct {
	const char *table, *needs, *tool; /* needs: columns that must be there, "," between */
} tools[] = {
	{"schema_migrations", "version,dirty", "golang-migrate"},
	{"schema_migrations", "version,inserted_at", "Ecto"},
	{"schema_migrations", "version", "dbmate"}, /* or Rails: see tool_of_tables */
	{"goose_db_version", "version_id", "goose"},
	{"flyway_schema_history", "installed_rank", "Flyway"},
	{"schema_version", "installed_rank", "Flyway"},
	{"databasechangelog", "id", "Liquibase"},
	{"alembic_version", "version_num", "Alembic"},
	{"django_migrations", "app", "Django"},
	{"_prisma_migrations", "migration_name", "Prisma"},
	{"knex_migrations", "batch", "knex"},
	{"pgmigrations", "run_on", "node-pg-migrate"},
	{"atlas_schema_revisions", "version", "Atlas"},
	{"_sqlx_migrations", "checksum", "sqlx"},
	{"gorp_migrations", "applied_at", "sql-migrate"},
	{"__diesel_schema_migrations", "run_on", "diesel"},
	{"schema_version", "version", "tern"},
	{"migrations", "timestamp", "TypeORM"},
	{"migrations", "batch", "Laravel"},
	{"ir_module_module", "latest_version", "Odoo"},
	{"belay_migrations", "checksum", "belay's plain layout"},
};

static bool has_all(struct slice columns, const char *needs)
{
	struct slice rest = slice_of(needs), one;

	while (slice_next(&rest, ',', &one)) {
		struct buf b = {0};
		bool found;

		buf_printf(&b, ",%.*s,", SLICE(one));
		found = slice_ifind(columns, buf_slice(&b)) != SIZE_MAX;
		buf_done(&b);
		if (!found)
			return false;
	}
	return true;
}

const char *tool_of_tables(const struct known_table *v, size_t n)
{
	bool rails = false;

	for (size_t i = 0; i < n; i++)
		rails |= slice_iis(v[i].name, "ar_internal_metadata");
	for (size_t t = 0; t < sizeof tools / sizeof *tools; t++)
		for (size_t i = 0; i < n; i++)
			if (slice_iis(v[i].name, tools[t].table) &&
				has_all(v[i].columns, tools[t].needs)) {
				if (rails && strcmp(tools[t].tool, "dbmate") == 0)
					return "Rails";
				return tools[t].tool;
			}
	return NULL;
}

static void known_query(struct buf *b, enum dialect d)
{
	switch (d) {
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		buf_adds(b, "SELECT table_name, column_name FROM information_schema.columns"
			    " WHERE table_schema = DATABASE() AND lower(table_name) IN (");
		break;
	case DIALECT_SQLITE:
		buf_adds(b,
			"SELECT m.name, i.name FROM sqlite_master m, pragma_table_info(m.name) i"
			" WHERE m.type = 'table' AND lower(m.name) IN (");
		break;
	case DIALECT_POSTGRES:
	case DIALECT_UNKNOWN:
		buf_adds(b, "SELECT c.relname, a.attname FROM pg_catalog.pg_class c"
			    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
			    " WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
			    " AND pg_catalog.pg_table_is_visible(c.oid)"
			    " AND pg_catalog.lower(c.relname::pg_catalog.text) IN (");
		break;
	}
	buf_adds(b, "'ar_internal_metadata'");
	for (size_t t = 0; t < sizeof tools / sizeof *tools; t++)
		sqlf(b, d, ", %L", slice_of(tools[t].table));
	buf_adds(b, ") ORDER BY 1, 2");
}

static bool known_tables(
	struct conn *c, struct arena *a, struct known_table **v, size_t *n, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	known_query(&b, c->id.dialect);
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	*v = NULL;
	*n = 0;
	for (size_t i = 0; ok && i < r.nrows; i++) {
		struct slice table = rows_get(&r, i, 0), column = rows_get(&r, i, 1);

		if (*n && slice_eq((*v)[*n - 1].name, table)) {
			struct known_table *k = &(*v)[*n - 1];

			k->columns = arena_printf(a, "%.*s%.*s,", SLICE(k->columns), SLICE(column));
		} else {
			*ARENA_PUSH(a, *v, *n) = (struct known_table){
				table, arena_printf(a, ",%.*s,", SLICE(column))};
		}
	}
	return ok;
}

static bool same_tool(const struct layout *l, const char *tool)
{
	struct slice x = slice_of(l->name);

	return slice_ieq(x, slice_of(tool)) ||
	       (strcmp(l->name, "plain") == 0 && slice_starts(slice_of(tool), "belay"));
}

static const char *layout_for_tool(const char *tool)
{
	for (size_t i = 0; layouts[i]; i++)
		if (slice_iis(slice_of(layouts[i]->name), tool))
			return layouts[i]->name;
	return NULL;
}

static void foreign_problem(
	const struct project *p, struct arena *a, const char *tool, struct history *out)
{
	const char *layout = layout_for_tool(tool);

	out->problem = arena_printf(a,
		"this database is kept by %s: its history table is there, and there is none of "
		"%s%s%s",
		tool, p->layout->name, layout ? "; --layout " : "", layout ? layout : "");
}

/* Our table has the columns, but also the ones that make it another tool's. */
static bool others_shape(const struct project *p, struct table_name t,
	const struct known_table *known, size_t n, const char **tool)
{
	struct known_table near[2];
	size_t k = 0;

	for (size_t i = 0; i < n && k < 2; i++)
		if (slice_ieq(known[i].name, t.name) ||
			slice_iis(known[i].name, "ar_internal_metadata"))
			near[k++] = known[i];
	*tool = tool_of_tables(near, k);
	return *tool && !same_tool(p->layout, *tool);
}

static bool look(const struct project *p, struct conn *c, struct arena *a, const char *const *needs,
	struct history *out, bool *usable, struct err *err)
{
	struct table_name t = history_table(p);
	struct names cols;
	struct known_table *known = NULL;
	size_t nknown = 0;
	const char *tool;

	*out = (struct history){0};
	*usable = false;
	if (!table_columns(c, a, t, &cols, err) || !known_tables(c, a, &known, &nknown, err))
		return false;
	tool = tool_of_tables(known, nknown);
	if (cols.n == 0) {
		if (tool && !same_tool(p->layout, tool))
			foreign_problem(p, a, tool, out);
		return true;
	}
	out->exists = true;
	for (size_t i = 0; needs[i]; i++)
		if (!has_column(&cols, needs[i])) {
			out->problem = arena_printf(a,
				"the table %.*s is not %s's: it has no column %s%s%s",
				SLICE(t.name), p->layout->name, needs[i],
				tool ? "; it looks like the history of " : "", tool ? tool : "");
			return true;
		}
	if (others_shape(p, t, known, nknown, &tool)) {
		out->problem = arena_printf(a, "the table %.*s is %s's history, not %s's",
			SLICE(t.name), tool, p->layout->name);
		return true;
	}
	*usable = true;
	return true;
}

bool history_rows(const struct project *p, struct conn *c, struct arena *a,
	const char *const *needs, struct history *out, struct rows *rows, struct err *err,
	const char *template, ...)
{
	struct buf b = {0};
	bool usable, ok;
	va_list ap;

	*rows = (struct rows){0};
	if (!look(p, c, a, needs, out, &usable, err))
		return false;
	if (!usable)
		return true;
	va_start(ap, template);
	sqlvf(&b, c->id.dialect, template, ap);
	va_end(ap);
	ok = conn_query(c, buf_slice(&b), a, rows, err);
	buf_done(&b);
	return ok;
}

/* ---- Small shorthands ---- */

bool history_finish_version(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	struct table_name t = history_table(p);

	(void)ms;
	if (d == DIR_DOWN)
		return conn_execf(
			c, err, "DELETE FROM %N WHERE version = %L", t.schema, t.name, m->id);
	return conn_execf(c, err, "INSERT INTO %N (version) VALUES (%L)", t.schema, t.name, m->id);
}

bool history_forget_version(
	const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	struct table_name t = history_table(p);

	return conn_execf(c, err, "DELETE FROM %N WHERE version = %L", t.schema, t.name, id);
}

struct slice text_type(enum dialect d)
{
	return dialect_is_mysql(d) ? SL("char") : SL("text");
}

long long cell_number(struct slice text)
{
	unsigned long long n;
	bool minus = text.len && text.at[0] == '-';

	if (!slice_u64(minus ? slice_from(text, 1) : text, &n))
		return -1;
	return minus ? -(long long)n : (long long)n;
}

/* ---- Runner locks ---- */

void pg_try_keys(struct arena *a, const long long *keys, size_t n, struct slice *sql)
{
	struct buf b = {0};

	buf_adds(&b, "SELECT ");
	for (size_t i = 0; i < n; i++)
		sqlf(&b, DIALECT_POSTGRES, "%spg_catalog.pg_try_advisory_xact_lock(%lld)",
			i ? SL(" AND ") : SLICE_NONE, keys[i]);
	*sql = arena_slice(a, buf_slice(&b));
	buf_done(&b);
}

void mysql_try_name(
	struct arena *a, struct slice name, struct slice *sql_try, struct slice *sql_unlock)
{
	struct buf b = {0};

	sqlf(&b, DIALECT_MYSQL, "SELECT GET_LOCK(%L, 0) = 1", name);
	*sql_try = arena_slice(a, buf_slice(&b));
	buf_clear(&b);
	sqlf(&b, DIALECT_MYSQL, "SELECT RELEASE_LOCK(%L)", name);
	*sql_unlock = arena_slice(a, buf_slice(&b));
	buf_done(&b);
}
