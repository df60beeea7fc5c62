/* archive_words.c - the statements that copy what is kept, and put it back. */
#include "run/archive_internal.h"

#include "sql/quote.h"

static struct slice cast_of(const struct archive *r, struct slice column)
{
	for (size_t i = 0; i < r->source.columns.n; i++)
		if (slice_eq(r->source.columns.at[i], column))
			return r->source.casts[i];
	return SLICE_NONE;
}

/* SELECT … FROM …: what is kept of it. */
void archive_select(struct buf *b, enum dialect d, const struct archive *r)
{
	buf_adds(b, "SELECT ");
	for (size_t i = 0; i < r->columns.n; i++) {
		struct slice c = r->columns.at[i];

		buf_adds(b, i ? ", " : "");
		if (cast_of(r, c).len)
			sqlf(b, d, "%I::text AS %I", c, c);
		else
			sqlf(b, d, r->source.loose ? "%I AS %I" : "%I", c, c);
	}
	buf_adds(b, " FROM ");
	if (r->relation.len && !slice_is(r->relation, "PARTITION"))
		buf_add(b, r->relation);
	else
		sqlf(b, d, "%N", r->table.schema, r->table.name);
	if (slice_is(r->relation, "PARTITION"))
		sqlf(b, d, " PARTITION (%I)", r->part);
	if (r->kind == ARCHIVE_COLUMN && !r->by_row)
		sqlf(b, d, " WHERE %I IS NOT NULL", r->part);
	else if (r->where.len)
		buf_printf(b, " WHERE (%.*s\n)", SLICE(r->where));
}

void archive_store(struct buf *b, enum dialect d, const struct archive *r, struct slice alias)
{
	if (!r->stored_as.n) {
		sqlf(b, d, "%N %I", r->store.schema, r->store.name, alias);
		return;
	}
	for (size_t i = 0; i < r->columns.n; i++)
		sqlf(b, d, i ? ", %I AS %I" : "(SELECT %I AS %I", r->stored_as.at[i],
			r->columns.at[i]);
	sqlf(b, d, " FROM %N) %I", r->store.schema, r->store.name, alias);
}

/* INSERT INTO t (…) SELECT … FROM store */
static void insert_back(struct buf *b, enum dialect d, const struct archive *r)
{
	sqlf(b, d, "INSERT INTO %N (", r->table.schema, r->table.name);
	for (size_t i = 0; i < r->columns.n; i++)
		sqlf(b, d, i ? ", %I" : "%I", r->columns.at[i]);
	buf_adds(b, d == DIALECT_POSTGRES ? ") OVERRIDING SYSTEM VALUE SELECT " : ") SELECT ");
	for (size_t i = 0; i < r->columns.n; i++) {
		struct slice cast = cast_of(r, r->columns.at[i]);

		sqlf(b, d, i ? ", a.%I" : "a.%I", r->columns.at[i]);
		if (cast.len)
			buf_printf(b, "::%.*s", SLICE(cast));
	}
	buf_adds(b, " FROM ");
	archive_store(b, d, r, SL("a"));
	if (!dialect_is_mysql(d))
		buf_adds(b, " WHERE true ON CONFLICT DO NOTHING");
	else if (r->source.key.n)
		sqlf(b, d, " ON DUPLICATE KEY UPDATE %I = %N.%I", r->source.key.at[0],
			r->table.schema, r->table.name, r->source.key.at[0]);
}

/* Of SET col = …: what was kept, or what is there unless that is NULL. */
static void add_value(struct buf *b, enum dialect d, const struct archive *r, struct slice c)
{
	if (r->only_null)
		sqlf(b, d, "COALESCE(x.%I, a.%I", c, c);
	else
		sqlf(b, d, "a.%I", c);
	if (cast_of(r, c).len)
		buf_printf(b, "::%.*s", SLICE(cast_of(r, c)));
	if (r->only_null)
		buf_addc(b, ')');
}

static void set_back(struct buf *b, enum dialect d, const struct archive *r)
{
	bool any = false;

	if (dialect_is_mysql(d)) {
		sqlf(b, d, "UPDATE %N x JOIN ", r->table.schema, r->table.name);
		archive_store(b, d, r, SL("a"));
		buf_adds(b, " ON ");
		for (size_t i = 0; i < r->source.key.n; i++)
			sqlf(b, d, i ? " AND x.%I = a.%I" : "x.%I = a.%I", r->source.key.at[i],
				r->source.key.at[i]);
	} else {
		sqlf(b, d, "UPDATE %N AS x", r->table.schema, r->table.name);
	}
	buf_adds(b, " SET ");
	for (size_t i = 0; i < r->columns.n; i++) {
		struct slice c = r->columns.at[i];

		if (names_has(r->source.key, c))
			continue;
		sqlf(b, d,
			dialect_is_mysql(d) ? "%sx.%I = " : "%s%I = ", any ? SL(", ") : SLICE_NONE,
			c);
		add_value(b, d, r, c);
		any = true;
	}
	/* Foreign keys do not set what ON UPDATE would set now. */
	for (size_t i = 0; i < r->source.touched.n; i++)
		if (!names_has(r->columns, r->source.touched.at[i]))
			sqlf(b, d, ", x.%I = x.%I", r->source.touched.at[i],
				r->source.touched.at[i]);
	if (dialect_is_mysql(d))
		return;
	buf_adds(b, " FROM ");
	archive_store(b, d, r, SL("a"));
	buf_adds(b, " WHERE ");
	for (size_t i = 0; i < r->source.key.n; i++) {
		struct slice c = r->source.key.at[i];

		sqlf(b, d, i ? " AND x.%I = a.%I" : "x.%I = a.%I", c, c);
		if (cast_of(r, c).len)
			buf_printf(b, "::%.*s", SLICE(cast_of(r, c)));
	}
}

/* ---- Without a key (PostgreSQL) ---- */

/* Is it among what the statement takes away or changes: of this archive, or of one that is put back
 * after it? */
static bool is_gone(const struct archive *r, const struct archive *others, size_t n, struct slice c)
{
	if (r->kind == ARCHIVE_VALUES) {
		for (size_t i = 0; i < r->changed.n; i++)
			if (slice_ieq(r->changed.at[i], c))
				return true;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (others[i].step == r->step && others[i].kind == ARCHIVE_COLUMN &&
			name_eq(others[i].table, r->table) && slice_eq(others[i].part, c))
			return true;
	return slice_eq(r->part, c);
}

/* The rest of a row as a text, and which of those that have the same it is. */
static void number_rows(struct buf *b, const struct archive *r, const struct archive *others,
	size_t n, const char *alias)
{
	struct buf row = {0};
	bool any = false;

	buf_adds(&row, "ROW(");
	for (size_t i = 0; i < r->columns.n; i++) {
		if (is_gone(r, others, n, r->columns.at[i]))
			continue;
		buf_printf(&row, "%s%s.", any ? ", " : "", alias);
		sqlf(&row, DIALECT_POSTGRES, "%I::text", r->columns.at[i]);
		any = true;
	}
	buf_adds(&row, ")::text");
	buf_printf(b,
		"%.*s AS belay_row, pg_catalog.row_number() OVER (PARTITION BY %.*s) AS belay_n",
		SLICE(buf_slice(&row)), SLICE(buf_slice(&row)));
	buf_done(&row);
}

/* Rows that have the same rest cannot be told apart by anybody: any order among them gives the same
 * table again. ctid holds for the time of one statement. */
static void set_back_by_row(
	struct buf *b, const struct archive *r, const struct archive *others, size_t n)
{
	enum dialect d = DIALECT_POSTGRES;
	bool any = false;

	sqlf(b, d, "UPDATE %N AS x SET ", r->table.schema, r->table.name);
	for (size_t i = 0; i < r->columns.n; i++) {
		struct slice c = r->columns.at[i];

		if (r->kind == ARCHIVE_COLUMN ? !slice_eq(c, r->part) : !is_gone(r, NULL, 0, c))
			continue;
		sqlf(b, d, any ? ", %I = " : "%I = ", c);
		add_value(b, d, r, c);
		any = true;
	}
	buf_adds(b, " FROM (SELECT t.tableoid AS belay_t, t.ctid AS belay_c, ");
	number_rows(b, r, others, n, "t");
	sqlf(b, d, " FROM %N t) y JOIN (SELECT s.*, ", r->table.schema, r->table.name);
	number_rows(b, r, others, n, "s");
	sqlf(b, d,
		" FROM %N s) a ON a.belay_row = y.belay_row AND a.belay_n = y.belay_n"
		" WHERE x.tableoid = y.belay_t AND x.ctid = y.belay_c",
		r->store.schema, r->store.name);
}

struct slice archive_restore_words(struct arena *a, enum dialect d, const struct archive *r,
	const struct archive *others, size_t n)
{
	struct buf b = {0};
	struct slice out;

	if (r->kind == ARCHIVE_TABLE || r->kind == ARCHIVE_ROWS)
		insert_back(&b, d, r);
	else if (r->by_row)
		set_back_by_row(&b, r, others, n);
	else
		set_back(&b, d, r);
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}
