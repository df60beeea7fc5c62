/* archive_list.c - the journal's table of archives. */
#include "run/archive.h"

#include "sql/quote.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

static const char *const kinds[] = {"table", "column", "rows", "values", "whole"};
/* Between statements: a line that no statement of ours has. */
static const char parting[] = "\n-- belay: and then\n";

const char *archive_kind_word(enum archive_kind k)
{
	return kinds[k];
}

static struct slice join(struct arena *a, struct names n)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < n.n; i++) {
		if (i)
			buf_adds(&b, parting);
		buf_add(&b, n.at[i]);
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static struct names part(struct arena *a, struct slice s)
{
	struct names out = {0};

	while (s.len) {
		size_t at = slice_find(s, slice_of(parting));

		names_add(a, &out, slice_sub(s, 0, at));
		if (at == SIZE_MAX)
			break;
		s = slice_from(s, at + strlen(parting));
	}
	return out;
}

static long long number(const struct rows *r, size_t row, size_t col)
{
	unsigned long long n = 0;

	return !rows_null(r, row, col) && slice_u64(rows_get(r, row, col), &n) ? (long long)n : -1;
}

enum {
	NAME,
	ORDINAL,
	RUN,
	MIGRATION,
	DIRECTION,
	STATEMENT,
	HASH,
	KIND,
	OBJECT,
	TABLE_SCHEMA,
	TABLE_NAME,
	PART,
	STORE_SCHEMA,
	STORE_NAME,
	KEPT,
	BYTES,
	FINGERPRINT,
	COLUMNS,
	CAN_REPEAT,
	DEFINE,
	RESTORE,
	AFTER,
	STATE,
	MADE,
	RESTORED,
	AGE
};
#define ALL_COLUMNS                                                                                \
	"name, ordinal, run, migration, direction, statement, hash, kind, object, table_schema,"   \
	" table_name, part, store_schema, store_name, kept, bytes, fingerprint, columns,"          \
	" can_repeat, define_sql, restore_sql, after_sql, state, made, restored"

static struct archive read_one(const struct rows *r, size_t i, struct arena *a)
{
	struct archive out = {.name = rows_get(r, i, NAME),
		.ordinal = number(r, i, ORDINAL),
		.run = number(r, i, RUN),
		.migration = rows_get(r, i, MIGRATION),
		.direction = slice_is(rows_get(r, i, DIRECTION), "up") ? DIR_UP : DIR_DOWN,
		.statement = number(r, i, STATEMENT),
		.hash = rows_get(r, i, HASH),
		.object = rows_get(r, i, OBJECT),
		.table = {rows_get(r, i, TABLE_SCHEMA), rows_get(r, i, TABLE_NAME)},
		.part = rows_get(r, i, PART),
		.store = {rows_get(r, i, STORE_SCHEMA), rows_get(r, i, STORE_NAME)},
		.kept = number(r, i, KEPT),
		.bytes = number(r, i, BYTES),
		.fingerprint = rows_get(r, i, FINGERPRINT),
		.columns = part(a, rows_get(r, i, COLUMNS)),
		.can_repeat = slice_is(rows_get(r, i, CAN_REPEAT), "1"),
		.define = part(a, rows_get(r, i, DEFINE)),
		.restore = rows_get(r, i, RESTORE),
		.after = part(a, rows_get(r, i, AFTER)),
		.growing = slice_is(rows_get(r, i, STATE), "growing"),
		.made = rows_get(r, i, MADE),
		.restored = rows_get(r, i, RESTORED),
		.age_s = number(r, i, AGE)};

	out.done = out.growing || slice_is(rows_get(r, i, STATE), "done");
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		if (slice_is(rows_get(r, i, KIND), kinds[k]))
			out.kind = (enum archive_kind)k;
	return out;
}

static const char *age_of(enum dialect d)
{
	switch (d) {
	case DIALECT_POSTGRES:
		return "floor(extract(epoch FROM now() - made))::bigint";
	case DIALECT_SQLITE:
		return "CAST(strftime('%s', 'now') - strftime('%s', made) AS integer)";
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
	case DIALECT_UNKNOWN:
		break;
	}
	return "timestampdiff(SECOND, made, now(3))";
}

static bool count_growing(struct conn *c, struct arena *a, struct archive *r, struct err *err)
{
	unsigned long long n = 0;
	struct buf b = {0};
	struct rows rows = {0};
	bool ok;

	if (!r->growing)
		return true;
	sqlf(&b, c->id.dialect, "SELECT count(*) FROM %N", r->store.schema, r->store.name);
	ok = conn_query(c, buf_slice(&b), a, &rows, err);
	buf_done(&b);
	if (ok && slice_u64(rows_get(&rows, 0, 0), &n))
		r->kept = (long long)n;
	return ok;
}

bool archives_read(struct conn *c, struct slice where, struct arena *a, struct archive **out,
	size_t *n, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool there, ok;

	*n = 0;
	*out = NULL;
	if (!journal_has(c, where, "archive", &there, err) || !there)
		return !err_is(err);
	buf_adds(&b, "SELECT " ALL_COLUMNS ", ");
	buf_adds(&b, age_of(c->id.dialect));
	buf_adds(&b, " FROM ");
	journal_table_at(&b, c->id.dialect, where, "archive");
	buf_adds(&b, " ORDER BY run, ordinal");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	for (size_t i = 0; ok && i < r.nrows; i++) {
		struct archive *one = ARENA_PUSH(a, *out, *n);

		*one = read_one(&r, i, a);
		ok = count_growing(c, a, one, err);
	}
	return ok;
}

static bool send(struct conn *c, struct buf *b, struct err *err)
{
	bool ok = conn_exec(c, buf_slice(b), err);

	buf_done(b);
	return ok;
}

bool archive_write(struct conn *c, struct slice where, const struct archive *r, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct arena a = {0};
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "INSERT INTO ");
	journal_table_at(&b, d, where, "archive");
	sqlf(&b, d,
		" (" ALL_COLUMNS ") VALUES (%L, %lld, %lld, %L, %L, %lld, %L, %L, %L, %L, %L, %L,"
		" %L, %L, %lld, %lld, %L, %L, %d, %L, %L, %L, %L, %s, NULL)",
		r->name, r->ordinal, r->run, r->migration,
		r->direction == DIR_UP ? SL("up") : SL("down"), r->statement, r->hash,
		slice_of(kinds[r->kind]), r->object, r->table.schema, r->table.name, r->part,
		r->store.schema, r->store.name, r->kept, r->bytes, r->fingerprint,
		join(&a, r->columns), r->can_repeat ? 1 : 0, join(&a, r->define), r->restore,
		join(&a, r->after), r->done ? SL("done") : SL("begun"), slice_of(journal_now(d)));
	ok = send(c, &b, err);
	arena_done(&a);
	return ok;
}

static void this_row(struct buf *b, enum dialect d, const struct archive *r)
{
	sqlf(b, d, " WHERE name = %L AND ordinal = %lld", r->name, r->ordinal);
}

bool archive_finish(struct conn *c, struct slice where, const struct archive *r, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0};

	buf_adds(&b, "UPDATE ");
	journal_table_at(&b, d, where, "archive");
	sqlf(&b, d, " SET state = 'done', kept = %lld, bytes = %lld, fingerprint = %L", r->kept,
		r->bytes, r->fingerprint);
	this_row(&b, d, r);
	return send(c, &b, err);
}

bool archive_set_growing(
	struct conn *c, struct slice where, const struct archive *r, struct err *err)
{
	struct buf b = {0};

	buf_adds(&b, "UPDATE ");
	journal_table_at(&b, c->id.dialect, where, "archive");
	buf_adds(&b, " SET state = 'growing'");
	this_row(&b, c->id.dialect, r);
	return send(c, &b, err);
}

bool archive_set_restored(
	struct conn *c, struct slice where, const struct archive *r, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0};

	buf_adds(&b, "UPDATE ");
	journal_table_at(&b, d, where, "archive");
	sqlf(&b, d, " SET restored = %s", slice_of(journal_now(d)));
	this_row(&b, d, r);
	return send(c, &b, err);
}

bool archive_remove(struct conn *c, struct slice where, const struct archive *r, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0};
	char *path;
	bool ok;

	if (r->kind == ARCHIVE_WHOLE) {
		path = mem_cstr(r->store.name);
		ok = unlink(path) == 0 || errno == ENOENT || err_errno(err, "remove", path);
		free(path);
	} else {
		ok = conn_execf(c, err, "DROP TABLE IF EXISTS %N", r->store.schema, r->store.name);
	}
	if (!ok)
		return false;
	buf_adds(&b, "DELETE FROM ");
	journal_table_at(&b, d, where, "archive");
	this_row(&b, d, r);
	return send(c, &b, err);
}
