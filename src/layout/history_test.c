/* Each layout's history table, made, read and written on every kind of server there is here.
 *
 * A server that cannot be started is passed over: the same tests run where it can. */
#include "layout/fixture.h"

#include "engine/engine.h"
#include "sql/quote.h"

static bool queryf(struct conn *c, struct arena *a, struct rows *out, struct err *err,
	const char *template, ...)
{
	struct buf b = {0};
	va_list ap;
	bool ok;

	va_start(ap, template);
	sqlvf(&b, c->id.dialect, template, ap);
	va_end(ap);
	ok = conn_query(c, buf_slice(&b), a, out, err);
	buf_done(&b);
	return ok;
}

struct server {
	struct scratch *scratch;
	const struct engine *engine;
};
static struct server servers[4];
static size_t nservers;

static int start_servers(void **state)
{
	struct err err = {0};

	(void)state;
	for (size_t i = 0; engines[i] && nservers < 4; i++) {
		struct scratch_options o = {0};
		struct server s = {.engine = engines[i]};

		if (engines[i]->dialect == DIALECT_MYSQL) /* MariaDB stands for both here */
			continue;
		if (engines[i]->scratch_start(&s.scratch, &o, &err))
			servers[nservers++] = s;
		else
			print_message("without %s: %s\n", engines[i]->title, err.message);
		err_done(&err);
	}
	return 0;
}

static int stop_servers(void **state)
{
	(void)state;
	while (nservers)
		servers[nservers - 1].engine->scratch_stop(servers[nservers - 1].scratch),
			nservers--;
	return 0;
}

static struct conn *fresh(struct fixture *f, size_t i)
{
	struct conn *c = NULL;

	if (!servers[i].engine->scratch_open(servers[i].scratch, "layout", NULL, &c, &f->err))
		fail_msg("%s: %s", servers[i].engine->title, f->err.message);
	return c;
}

static void must(struct fixture *f, bool ok)
{
	if (!ok)
		fail_msg("%s (%s): %s", f->p.layout ? f->p.layout->name : "?",
			dialect_name(f->p.dialect), f->err.message);
}

/* "1:applied 2:failed", in the order of the migrations, then ghosts. */
static const char *read_states(struct fixture *f, struct conn *c)
{
	static const char *const words[] = {"pending", "applied", "partial", "failed", "unknown"};
	struct history h;
	struct slice all = SLICE_NONE;

	must(f, f->p.layout->history_read(&f->p, c, &f->arena, &h, &f->err));
	if (h.problem.len)
		return arena_cstr(&f->arena, h.problem);
	if (!h.exists)
		return "no table";
	for (size_t i = 0; i < h.n; i++)
		all = arena_printf(&f->arena, "%.*s%s%.*s:%s%s", SLICE(all), i ? " " : "",
			SLICE(h.at[i].id), words[h.at[i].state], h.at[i].edited ? "(edited)" : "");
	return arena_cstr(&f->arena, all);
}

static void finish(struct fixture *f, struct conn *c, size_t i, enum direction d)
{
	must(f, conn_exec(c, SL("BEGIN"), &f->err));
	must(f, f->p.layout->history_finish(&f->p, c, &f->p.migrations[i], d, 12, &f->err));
	must(f, conn_exec(c, SL("COMMIT"), &f->err));
}

static void begin(struct fixture *f, struct conn *c, size_t i, enum direction d)
{
	if (f->p.layout->history_begin)
		must(f, f->p.layout->history_begin(&f->p, c, &f->p.migrations[i], d, &f->err));
}

/* Nothing, then the first, both, and one back; with the table made twice. */
static void round_trip(struct fixture *f, struct conn *c, const char *one, const char *both)
{
	must(f, open_as(f, NULL, servers[0].engine->dialect));
	assert_string_equal(read_states(f, c), "no table");
	must(f, f->p.layout->history_create(&f->p, c, &f->err));
	must(f, f->p.layout->history_create(&f->p, c, &f->err));
	assert_string_equal(read_states(f, c), "");
	begin(f, c, 0, DIR_UP);
	finish(f, c, 0, DIR_UP);
	assert_string_equal(read_states(f, c), one);
	begin(f, c, 1, DIR_UP);
	finish(f, c, 1, DIR_UP);
	assert_string_equal(read_states(f, c), both);
	begin(f, c, 1, DIR_DOWN);
	finish(f, c, 1, DIR_DOWN);
	assert_string_equal(read_states(f, c), one);
	finish(f, c, 0, DIR_DOWN);
	assert_string_equal(read_states(f, c), "");
	finish(f, c, 0, DIR_UP);
	assert_string_equal(read_states(f, c), one);
}

static void everywhere(struct fixture *f, const char *one, const char *both)
{
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);

		round_trip(f, c, one, both);
		conn_close(c);
	}
}

static void plain(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_it's.sql", "SELECT 1;");
	put(f, "migrations/002_b.sql", "SELECT 2;");
	everywhere(f, "001:applied", "001:applied 002:applied");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);

		must(f, f->p.layout->history_create(&f->p, c, &f->err));
		finish(f, c, 0, DIR_UP);
		memset(f->p.migrations[0].checksum, 'a', 64);
		assert_string_equal(read_states(f, c), "001:applied(edited)");
		must(f, open_as(f, NULL, DIALECT_UNKNOWN));
		conn_close(c);
	}
}

static void golang_migrate(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/0001_a.up.sql", "SELECT 1;");
	put(f, "migrations/0001_a.down.sql", "SELECT -1;");
	put(f, "migrations/0007_b.up.sql", "SELECT 7;");
	put(f, "migrations/0007_b.down.sql", "SELECT -7;");
	everywhere(f, "1:applied", "1:applied 7:applied");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);

		must(f, f->p.layout->history_create(&f->p, c, &f->err));
		begin(f, c, 0, DIR_UP);
		assert_string_equal(read_states(f, c), "1:failed");
		finish(f, c, 0, DIR_UP);
		begin(f, c, 1, DIR_UP);
		assert_string_equal(read_states(f, c), "1:applied 7:failed");
		finish(f, c, 1, DIR_UP);
		finish(f, c, 0, DIR_UP); /* late: the mark stays */
		assert_string_equal(read_states(f, c), "1:applied 7:applied");
		begin(f, c, 1, DIR_DOWN);
		assert_string_equal(read_states(f, c), "1:failed");
		begin(f, c, 0, DIR_DOWN); /* before the first: -1 and dirty */
		assert_string_equal(read_states(f, c), "1:failed");
		must(f, conn_exec(c, SL("UPDATE schema_migrations SET version = 5, dirty = false"),
				&f->err));
		assert_string_equal(read_states(f, c), "1:applied 5:applied");
		conn_close(c);
	}
}

static void dbmate(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migrations/01_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n");
	put(f, "db/migrations/02_b.sql", "-- migrate:up\nSELECT 2;\n-- migrate:down\n");
	everywhere(f, "01:applied", "01:applied 02:applied");
}

static void prisma(void **state)
{
	struct fixture *f = *state;

	put(f, "prisma/migrations/20240101000000_a/migration.sql", "SELECT 1;\n");
	put(f, "prisma/migrations/20240102000000_b/migration.sql", "SELECT 2;\r\n");
	everywhere(
		f, "20240101000000_a:applied", "20240101000000_a:applied 20240102000000_b:applied");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);

		must(f, f->p.layout->history_create(&f->p, c, &f->err));
		begin(f, c, 0, DIR_UP);
		begin(f, c, 0, DIR_UP); /* a second attempt: still one row */
		must(f, f->p.layout->history_failed(
				&f->p, c, &f->p.migrations[0], DIR_UP, "it's broken", &f->err));
		assert_string_equal(read_states(f, c), "20240101000000_a:failed");
		finish(f, c, 0, DIR_UP);
		assert_string_equal(read_states(f, c), "20240101000000_a:applied");
		/* The checksum of the same text with the other line end is accepted. */
		must(f, conn_exec(c,
				SL("UPDATE _prisma_migrations SET checksum = "
				   "'69b1b3e9f28e86a3ca3bd4a4a1d5f5ed0d97e2f1b0f8bd29a3a1a6bd3d7fbd"
				   "4f'"),
				&f->err));
		assert_string_equal(read_states(f, c), "20240101000000_a:applied(edited)");
		conn_close(c);
	}
}

static void goose(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/00001_a.sql", "-- +goose Up\nSELECT 1;\n");
	put(f, "migrations/00002_b.sql", "-- +goose Up\nSELECT 2;\n");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);
		struct rows r = {0};

		round_trip(f, c, "1:applied", "2:applied 1:applied");
		must(f, conn_query(c,
				SL("SELECT count(*) FROM goose_db_version WHERE version_id = 0"),
				&f->arena, &r, &f->err));
		assert_true(slice_is(rows_get(&r, 0, 0), "1"));
		/* Older versions leave a row that says "no longer". */
		must(f, conn_exec(c,
				c->id.dialect == DIALECT_SQLITE ? SL("INSERT INTO goose_db_version "
								     "(version_id, is_applied) "
								     "VALUES (1, 0)")
								: SL("INSERT INTO goose_db_version "
								     "(version_id, is_applied) "
								     "VALUES (1, false)"),
				&f->err));
		assert_string_equal(read_states(f, c), "");
		conn_close(c);
	}
}

static void flyway(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migration/V1_0__first_one.sql", "SELECT 1;\n");
	put(f, "db/migration/V1.1__b.sql", "SELECT 2;\n");
	put(f, "db/migration/R__v.sql", "SELECT 3;\n");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);
		struct rows r = {0};

		round_trip(f, c, "1.0:applied", "1.0:applied 1.1:applied");
		must(f, queryf(c, &f->arena, &r, &f->err,
				"SELECT installed_rank, version, description, type, script, "
				"checksum"
				" FROM flyway_schema_history ORDER BY installed_rank"));
		assert_true(slice_is(rows_get(&r, 0, 0), "1"));
		assert_true(slice_is(rows_get(&r, 0, 1), "1.0"));
		assert_true(slice_is(rows_get(&r, 0, 2), "first one"));
		assert_true(slice_is(rows_get(&r, 0, 3), "SQL"));
		assert_true(slice_is(rows_get(&r, 0, 4), "V1_0__first_one.sql"));
		assert_true(slice_is(rows_get(&r, 0, 5), "78787420"));
		finish(f, c, 2, DIR_UP);
		assert_string_equal(read_states(f, c), "1.0:applied R__v:applied");
		must(f, conn_exec(c, SL("UPDATE flyway_schema_history SET checksum = 7"), &f->err));
		assert_string_equal(read_states(f, c), "1.0:applied(edited) R__v:applied(edited)");
		conn_close(c);
	}
}

static void flyway_baselines(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migration/V1__a.sql", "SELECT 1;\n");
	put(f, "db/migration/V2__b.sql", "SELECT 2;\n");
	put(f, "db/migration/V3__c.sql", "SELECT 3;\n");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);

		must(f, open_as(f, NULL, DIALECT_UNKNOWN));
		must(f, f->p.layout->history_create(&f->p, c, &f->err));
		must(f, conn_exec(c,
				SL("INSERT INTO flyway_schema_history VALUES (1, '2', 'base', "
				   "'BASELINE', 'x', NULL, 'me', CURRENT_TIMESTAMP, 0, true)"),
				&f->err));
		assert_string_equal(read_states(f, c), "1:applied 2:applied");
		conn_close(c);
	}
	put(f, "db/migration/B2__base.sql", "SELECT 12;\n");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);

		must(f, open_as(f, NULL, DIALECT_UNKNOWN));
		assert_string_equal(ids(f), "B2 3");
		must(f, f->p.layout->history_create(&f->p, c, &f->err));
		assert_string_equal(read_states(f, c), "");
		finish(f, c, 0, DIR_UP);
		assert_string_equal(read_states(f, c), "B2:applied");
		conn_close(c);
	}
}

static void diesel(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/2019-02-26-002946_a/up.sql", "SELECT 1;");
	put(f, "migrations/2019-02-27-002946_b/up.sql", "SELECT 1;");
	everywhere(f, "20190226002946:applied", "20190226002946:applied 20190227002946:applied");
}

static void sqlx(void **state)
{
	struct fixture *f = *state;

	put(f, "Cargo.toml", "sqlx = \"0.8\"\n");
	put(f, "migrations/1_a_b.sql", "SELECT 1;");
	put(f, "migrations/2_b.sql", "SELECT 2;");
	everywhere(f, "1:applied", "1:applied 2:applied");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);
		struct rows r = {0};

		must(f, f->p.layout->history_create(&f->p, c, &f->err));
		finish(f, c, 0, DIR_UP);
		must(f, queryf(c, &f->arena, &r, &f->err,
				"SELECT description, execution_time FROM _sqlx_migrations"));
		assert_true(slice_is(rows_get(&r, 0, 0), "a b"));
		assert_true(slice_is(rows_get(&r, 0, 1), "12000000"));
		must(f, conn_exec(c, SL("UPDATE _sqlx_migrations SET success = false"), &f->err));
		assert_string_equal(read_states(f, c), "1:failed");
		conn_close(c);
	}
}

static void drizzle(void **state)
{
	struct fixture *f = *state;

	put(f, "drizzle/meta/_journal.json",
		"{\"entries\": [{\"when\": 1700000000000, \"tag\": \"0000_b\"},"
		" {\"when\": 1700000000001, \"tag\": \"0001_a\"}]}");
	put(f, "drizzle/0000_b.sql", "SELECT 1;");
	put(f, "drizzle/0001_a.sql", "SELECT 2;");
	everywhere(f, "0000_b:applied", "0000_b:applied 0001_a:applied");
}

/* Another tool's table under our name, or another tool's database altogether. */
static void strangers(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migrations/01_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n");
	for (size_t i = 0; i < nservers; i++) {
		struct conn *c = fresh(f, i);

		must(f, open_as(f, NULL, DIALECT_UNKNOWN));
		must(f, layout_golang_migrate.history_create(&f->p, c, &f->err));
		assert_string_equal(read_states(f, c),
			"the table schema_migrations is golang-migrate's history, not dbmate's");
		f->p.layout = &layout_plain;
		assert_string_equal(read_states(f, c),
			"this database is kept by golang-migrate: its history table is there, and "
			"there is none of plain; --layout golang-migrate");
		conn_close(c);
		c = fresh(f, i);
		must(f, open_as(f, NULL, DIALECT_UNKNOWN));
		must(f, f->p.layout->history_create(&f->p, c, &f->err));
		must(f, conn_exec(c,
				SL("CREATE TABLE ar_internal_metadata (k varchar(9) PRIMARY KEY)"),
				&f->err));
		assert_string_equal(read_states(f, c),
			"the table schema_migrations is Rails's history, not dbmate's");
		f->p.layout = &layout_golang_migrate;
		assert_string_equal(read_states(f, c),
			"the table schema_migrations is not golang-migrate's: it has no column "
			"dirty; it looks like the history of Rails");
		conn_close(c);
	}
}

/* The lock queries run, and exclude a second taker. */
static void locks(void **state)
{
	static const struct layout *const all[] = {&layout_golang_migrate, &layout_prisma,
		&layout_goose, &layout_flyway, &layout_sqlx, &layout_plain, &layout_dbmate,
		&layout_diesel};
	struct fixture *f = *state;

	for (size_t i = 0; i < nservers; i++)
		for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
			struct conn *c = fresh(f, i), *d = NULL;
			struct slice try_sql = SLICE_NONE, unlock = SLICE_NONE;
			struct rows r = {0};

			f->p = (struct project){.layout = all[k], .arena = &f->arena};
			if (!all[k]->lock_sql ||
				!all[k]->lock_sql(&f->p, c, &f->arena, &try_sql, &unlock)) {
				conn_close(c);
				continue;
			}
			must(f, servers[i].engine->scratch_open(
					servers[i].scratch, "layout", "layout", &d, &f->err));
			must(f, conn_exec(c, SL("BEGIN"), &f->err));
			must(f, conn_query(c, try_sql, &f->arena, &r, &f->err));
			assert_true(cell_true(rows_get(&r, 0, 0)));
			must(f, conn_exec(d, SL("BEGIN"), &f->err));
			must(f, conn_query(d, try_sql, &f->arena, &r, &f->err));
			assert_false(cell_true(rows_get(&r, 0, 0)));
			if (unlock.len)
				must(f, conn_query(c, unlock, &f->arena, &r, &f->err));
			must(f, conn_exec(c, SL("COMMIT"), &f->err));
			must(f, conn_query(d, try_sql, &f->arena, &r, &f->err));
			assert_true(cell_true(rows_get(&r, 0, 0)));
			conn_close(d);
			conn_close(c);
		}
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void)
{
	const struct CMUnitTest tests[] = {T(plain), T(golang_migrate), T(dbmate), T(prisma),
		T(goose), T(flyway), T(flyway_baselines), T(diesel), T(sqlx), T(drizzle),
		T(strangers), T(locks)};

	return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
