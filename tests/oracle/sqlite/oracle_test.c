/* oracle_test.c - the catalog and the effects held up against SQLite itself.
 *
 * Every statement of schema.sql is read, judged and applied to a catalog, and run on a real
 * database. Then the database is loaded and must equal the catalog; and what the effects said of
 * failing, scanning, rewriting and running twice must be what happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/io.h"
#include "engine/engine.h"
#include "sql/split.h"

#include <stdio.h>

extern const struct engine engine_sqlite;

struct oracle {
	const struct engine *e;
	struct arena a;
	struct reader *reader;
	struct scratch *scratch;
	struct conn *conn;
	struct catalog *model;
	struct session session;
	const char *name; /* of the case */
	struct statement *st;
	struct effect effect;
	size_t statements, refused, compared, not_compared, wrong, uncertain;
};

static void complain(struct oracle *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct oracle *o, const char *fmt, ...)
{
	va_list ap;

	o->wrong++;
	printf("%s: %.*s\n    ", o->name, SLICE(o->st->text));
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

static void open_case(struct oracle *o, const char *name)
{
	struct err err = {0};

	conn_close(o->conn);
	catalog_free(o->model);
	o->name = name;
	if (!o->e->scratch_open(o->scratch, "oracle", NULL, &o->conn, &err))
		fail_msg("%s", err.message);
	o->model = catalog_new(DIALECT_SQLITE, o->conn->id.version);
	session_init(&o->session, DIALECT_SQLITE, &o->a);
}

/* ---- The catalog ---- */

static bool temporary(void *ctx, const struct object *o)
{
	(void)ctx;
	return slice_is(o->schema, "temp") || (o->table && slice_is(o->table->schema, "temp"));
}

static struct catalog *load(struct oracle *o)
{
	struct catalog *c = catalog_new(DIALECT_SQLITE, o->conn->id.version);
	struct err err = {0};

	if (!o->e->load(o->conn, c, NULL, &err))
		fail_msg("%s", err.message);
	return c;
}

static void compare(struct oracle *o)
{
	struct catalog *real = load(o);
	struct diff_options options = {.skip = temporary};
	struct catalog_diff d = catalog_compare(&o->a, o->model, real, &options);

	o->compared += d.compared;
	o->not_compared += d.not_compared;
	if (!catalog_diff_is_empty(&d)) {
		struct buf b = {0};

		catalog_diff_text(&b, &d);
		complain(o, "the catalog and SQLite differ:\n%s", buf_cstr(&b));
		buf_done(&b);
	}
	catalog_free(real);
}

/* ---- The effects ---- */

static bool said(const struct touched *v, size_t n, struct slice table)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(v[i].object.name, table))
			return true;
	return false;
}

static void check_touched(struct oracle *o, const char *word, const struct touched *claimed,
	size_t nclaimed, const struct touched *seen, size_t nseen)
{
	for (size_t i = 0; i < nseen; i++)
		if (!said(claimed, nclaimed, seen[i].object.name) && o->effect.certain)
			complain(o, "it %s %.*s, and the effects did not say so", word,
				SLICE(seen[i].object.name));
	for (size_t i = 0; i < nclaimed; i++)
		if (claimed[i].certain && !said(seen, nseen, claimed[i].object.name))
			complain(o, "the effects said it %s %.*s, and it does not", word,
				SLICE(claimed[i].object.name));
}

static bool is_view_read(const struct oracle *o)
{
	return o->st->nchanges && o->st->changes[0].kind == CHANGE_ANALYZE;
}

/* VACUUM and REINDEX of everything build every index that sqlite_schema knows. */
static void check_builds(struct oracle *o)
{
	const struct change *ch = o->st->nchanges ? o->st->changes : NULL;
	struct rows r;
	struct err err = {0};

	if (!ch || (ch->kind != CHANGE_VACUUM && ch->kind != CHANGE_REINDEX) ||
		ch->value.text.len || ch->target.name.len)
		return;
	if (!conn_query(o->conn, SL("SELECT name FROM main.sqlite_schema WHERE type = 'index'"),
		    &o->a, &r, &err))
		fail_msg("%s", err.message);
	if (r.nrows != o->effect.nbuilds)
		complain(o, "%zu indexes are there, the effects build %zu", r.nrows,
			o->effect.nbuilds);
	for (size_t i = 0; i < r.nrows; i++)
		if (!said(o->effect.builds, o->effect.nbuilds, rows_get(&r, i, 0)))
			complain(o, "it builds %.*s, and the effects did not say so",
				SLICE(rows_get(&r, i, 0)));
}

static void check_observed(struct oracle *o, const struct observed *seen)
{
	const struct effect *e = &o->effect;
	const char *claimed = e->nlocks ? e->locks[0].mode : "none";
	const char *held = seen->nlocks ? seen->locks[0].mode : "none";

	if (e->nlocks > 1)
		complain(o, "more than one lock row");
	if (strcmp(held, "none") != 0 && strcmp(held, claimed) != 0 &&
		!slice_find(o->st->text, SL("temp")))
		complain(o, "lock %s was held, the effects said %s", held, claimed);
	check_builds(o);
	/* REINDEX of a table WITHOUT ROWID is an index's work to the program: pages.txt has it. */
	if (!o->st->nchanges || o->st->changes[0].kind != CHANGE_REINDEX)
		check_touched(
			o, "rewrites", e->rewrites, e->nrewrites, seen->rewrites, seen->nrewrites);
	if (!is_view_read(o) && slice_is(slice_of(o->st->kind), "PRAGMA") == false)
		check_touched(o, "scans", e->scans, e->nscans, seen->scans, seen->nscans);
}

static void check_outcome(struct oracle *o, bool ok, const struct err *err)
{
	const struct effect *e = &o->effect;

	switch (e->outcome) {
	case OUTCOME_OK:
		/* What the rows themselves forbid cannot be known without them. */
		if (!ok && e->certain &&
			slice_find(slice_of(err->message), SL("constraint failed")) == SIZE_MAX)
			complain(o, "SQLite refuses (%s), the effects said ok", err->message);
		break;
	case OUTCOME_FAILS:
		if (ok)
			complain(o, "SQLite accepts, the effects said it fails: %.*s",
				SLICE(e->outcome_why));
		break;
	case OUTCOME_MAY_FAIL:
		break;
	}
	if (!e->certain)
		o->uncertain++;
}

/* ---- A second run ---- */

static void state_of(struct oracle *o, struct buf *out)
{
	struct rows r;
	struct err err = {0};

	if (!conn_query(o->conn,
		    SL("SELECT name, coalesce(sql, ''), 'main' FROM main.sqlite_schema "
		       "WHERE name NOT LIKE 'sqlite_stat%' UNION ALL "
		       "SELECT name, coalesce(sql, ''), 'temp' FROM temp.sqlite_schema ORDER BY 3, "
		       "1"),
		    &o->a, &r, &err))
		fail_msg("%s", err.message);
	for (size_t i = 0; i < r.nrows; i++) {
		struct name table = {rows_get(&r, i, 2), rows_get(&r, i, 0)};
		struct err none = {0};
		char hash[65] = "";
		long long n = 0;

		if (slice_istarts(rows_get(&r, i, 1), "create table"))
			o->e->rows_fingerprint(o->conn, table, (struct names){0}, &n, hash, &none);
		err_done(&none);
		buf_printf(out, "%.*s %s\n", SLICE(rows_get(&r, i, 1)), hash);
	}
}

static void check_rerun(struct oracle *o)
{
	struct buf before = {0}, after = {0};
	struct err err = {0};
	bool ok, same;

	if (o->session.in_tx || o->effect.transaction != TX_ALLOWED || !o->st->nchanges ||
		change_class_of(o->st->changes[0].kind) == CLASS_TX)
		return;
	state_of(o, &before);
	if (!conn_exec(o->conn, SL("BEGIN"), &err))
		fail_msg("%s", err.message);
	ok = conn_exec(o->conn, o->st->text, &err);
	state_of(o, &after);
	same = slice_eq(buf_slice(&before), buf_slice(&after));
	err_done(&err);
	conn_exec(o->conn, SL("ROLLBACK"), &err);
	err_done(&err);
	buf_done(&before);
	buf_done(&after);
	if (o->effect.rerun == RERUN_FAILS && ok)
		complain(o, "the effects said a second run fails; it does not");
	if (o->effect.rerun == RERUN_SAME && (!ok || !same))
		complain(o, "the effects said a second run changes nothing; it %s",
			ok ? "does" : "fails");
	if (o->effect.rerun == RERUN_DIFFERS && (!ok || same))
		complain(o, "the effects said a second run differs; it %s",
			ok ? "does not" : "fails");
}

/* ---- One statement ---- */

static void one(struct oracle *o, struct slice sql)
{
	struct source *src = ARENA_NEW(&o->a, struct source);
	struct statement st = {0};
	struct observed seen = {0};
	struct err err = {0};
	struct slice why = {0};
	bool ok;

	source_init(src, &o->a, "schema.sql", sql);
	st.text = st.raw = sql;
	st.span = (struct span){src, 0, sql.len};
	o->st = &st;
	o->statements++;
	assert_true(o->e->read(o->reader, &o->a, &st, &err));
	o->e->effects(&o->a, o->model, &o->session, &st, &o->effect);
	assert_true(o->e->observe_begin(o->conn, &err));
	ok = conn_exec(o->conn, sql, &err);
	check_outcome(o, ok, &err);
	if (!ok) {
		o->refused++;
		err_done(&err);
		assert_true(o->e->observe_end(o->conn, &o->a, &seen, &err));
		compare(o);
		return;
	}
	assert_true(o->e->observe_end(o->conn, &o->a, &seen, &err));
	check_observed(o, &seen);
	if (st.state != STATEMENT_READ)
		complain(o, "not read: %.*s%.*s", SLICE(st.opaque_reason), SLICE(st.fault_message));
	switch (catalog_apply_statement(o->model, &o->session, &st, &why)) {
	case APPLIED:
	case APPLY_NOOP:
		break;
	case APPLY_CONFLICT:
		complain(o, "SQLite accepts, the catalog sees a conflict: %.*s", SLICE(why));
		break;
	case APPLY_UNSURE:
		if (st.changes[0].kind != CHANGE_CREATE_TABLE_AS)
			complain(o, "the catalog is unsure: %.*s", SLICE(why));
		break;
	}
	if (st.changes[0].kind != CHANGE_CREATE_TABLE_AS)
		compare(o);
	check_rerun(o);
}

static void case_name(struct slice leading, struct oracle *o)
{
	size_t at = slice_find(leading, SL("-- case: "));
	struct slice rest, line;

	if (at == SIZE_MAX)
		return;
	rest = slice_from(leading, at + strlen("-- case: "));
	slice_line(&rest, &line);
	open_case(o, arena_cstr(&o->a, line));
}

static void agrees_with_sqlite(void **state)
{
	struct oracle o = {.e = &engine_sqlite};
	struct reader_options ro = {.dialect = DIALECT_SQLITE, .version = 34001};
	struct scratch_options so = {0};
	const char *here = __FILE__;
	const char *path;
	struct slice text;
	struct splitter s;
	struct piece p;
	struct err err = {0};

	(void)state;
	path = arena_printf(&o.a, "%.*sschema.sql", (int)(strrchr(here, '/') + 1 - here), here).at;
	if (!io_read(&o.a, path, &text, &err))
		fail_msg("%s", err.message);
	assert_true(o.e->reader_open(&o.reader, &ro, &err));
	assert_true(o.e->scratch_start(&o.scratch, &so, &err));
	splitter_init(&s, DIALECT_SQLITE, text);
	while (splitter_next(&s, &p)) {
		case_name(slice_sub(text, p.off, p.body_off - p.off), &o);
		if (p.kind == PIECE_SQL)
			one(&o, slice_sub(text, p.body_off, p.body_len));
	}
	printf("%zu statements (%zu refused), %zu fields compared, %zu not, %zu uncertain, %zu "
	       "wrong\n",
		o.statements, o.refused, o.compared, o.not_compared, o.uncertain, o.wrong);
	conn_close(o.conn);
	catalog_free(o.model);
	o.e->reader_close(o.reader);
	o.e->scratch_stop(o.scratch);
	assert_true(o.statements >= 200);
	assert_int_equal(o.wrong, 0);
	/* At most 2 % of what could be compared is left out. */
	assert_true(o.not_compared * 50 <= o.compared);
	arena_done(&o.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
