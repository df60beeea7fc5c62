/* waits_test.c - who waits while a table is altered, seen from beside it.
 *
 * One session alters a table of many rows. When the server says that it is at the work itself, a
 * second one reads and a third one writes: each either answers, or the server says that it waits
 * for the table. Nothing is concluded from how long anything took: what was seen counts only if the
 * first session was still at its work behind it, and if it was not, the table is made twice as
 * large. Changes that are instant have no such time; of them it is seen that they do not go through
 * the table's pages. */
#include "engine/mysql/scratch.h"
#include "sql/source.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct engine engine_mariadb;

/* One statement at least for each answer that belay gives, worst for the writer last. */
static const char *const statements[] = {
	"ALTER TABLE big ADD COLUMN n INT NOT NULL DEFAULT 5",
	"ALTER TABLE big ALTER a SET DEFAULT 3",
	"ALTER TABLE big RENAME TO bigger",
	"ALTER TABLE big ADD INDEX kv (v)",
	"CREATE UNIQUE INDEX kid ON big (v, id)",
	"ALTER TABLE big ADD SPATIAL INDEX kg (g)",
	"ALTER TABLE big FORCE",
	"ALTER TABLE big MODIFY a INT NOT NULL",
	"ALTER TABLE big DROP PRIMARY KEY, ADD PRIMARY KEY (id, b)",
	"ALTER TABLE big ADD FULLTEXT INDEX ft (v)",
	"ALTER TABLE big ADD COLUMN n INT NOT NULL AUTO_INCREMENT, ADD UNIQUE KEY (n)",
	"ALTER TABLE big MODIFY a BIGINT",
	"ALTER TABLE big ADD CONSTRAINT ck CHECK (a >= 0)",
	"ALTER TABLE big ADD COLUMN s INT AS (a + 1) STORED",
};

static const char table[] =
	"CREATE TABLE big (id INT NOT NULL PRIMARY KEY, a INT DEFAULT 1, b INT NOT NULL,"
	" v VARCHAR(200) NOT NULL, g POINT NOT NULL) CHARSET=latin1";

enum { FIRST_ROWS = 100000, MOST_ROWS = 3200000 };

struct beside {
	struct conn *conn;
	struct slice id; /* the server's number of the session */
	struct slice sql;
	atomic_bool done;
	bool ok;
	pthread_t thread;
};

struct watch {
	struct arena arena;
	struct cluster cluster;
	struct conn *admin;
	struct beside alters, reads, writes;
	struct reader *reader;
	struct slice sql; /* of the case */
	unsigned long rows;
	size_t faults;
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

static void run(struct watch *w, struct conn *c, struct slice sql)
{
	struct err err = {0};

	(void)w;
	must(conn_exec(c, sql, &err), &err);
}

static struct slice ask(struct watch *w, const char *sql)
{
	struct rows r;
	struct err err = {0};

	must(conn_query(w->admin, slice_of(sql), &w->arena, &r, &err), &err);
	return r.nrows ? rows_get(&r, 0, 0) : SLICE_NONE;
}

static unsigned long long number(struct watch *w, const char *sql)
{
	unsigned long long n = 0;

	slice_u64(ask(w, sql), &n);
	return n;
}

static void open_session(struct watch *w, struct beside *b)
{
	static const struct waiter none;
	struct err err = {0};
	struct rows r;

	must(my_cluster_connect(
		     &w->arena, &w->cluster, SCRATCH_ADMIN, SL("w"), &none, &b->conn, &err),
		&err);
	must(conn_query(b->conn, SL("SELECT CONNECTION_ID()"), &w->arena, &r, &err), &err);
	b->id = rows_get(&r, 0, 0);
}

/* ---- sessions ---- */

static void *run_beside(void *at)
{
	struct beside *b = at;
	struct err err = {0};

	b->ok = conn_exec(b->conn, b->sql, &err);
	err_done(&err);
	atomic_store(&b->done, true);
	return NULL;
}

static void start(struct beside *b, struct slice sql)
{
	b->sql = sql;
	atomic_store(&b->done, false);
	assert_int_equal(pthread_create(&b->thread, NULL, run_beside, b), 0);
}

static void finish(struct beside *b)
{
	pthread_join(b->thread, NULL);
}

static struct slice state_of(struct watch *w, const struct beside *b)
{
	const char *sql = arena_cstr(&w->arena,
		arena_printf(&w->arena,
			"SELECT state FROM information_schema.processlist WHERE id = %.*s",
			SLICE(b->id)));

	return ask(w, sql);
}

/* At the work itself, behind its preparations and before the end that needs the table alone. */
static bool is_at_work(struct watch *w)
{
	struct slice s = state_of(w, &w->alters);

	return !atomic_load(&w->alters.done) &&
	       (slice_is(s, "altering table") || slice_is(s, "copy to tmp table"));
}

enum seen { SEEN_NOTHING, SEEN_FREE, SEEN_WAITING };

/* Does the statement wait for the table while it is worked at? */
static enum seen probe(struct watch *w, struct beside *b, struct slice sql)
{
	start(b, sql);
	for (;;) {
		if (atomic_load(&b->done))
			return is_at_work(w) ? SEEN_FREE : SEEN_NOTHING;
		if (slice_is(state_of(w, b), "Waiting for table metadata lock"))
			return is_at_work(w) ? SEEN_WAITING : SEEN_NOTHING;
		usleep(500);
	}
}

/* ---- the table ---- */

static void fill(struct watch *w)
{
	run(w, w->admin, SL("DROP TABLE IF EXISTS big, bigger"));
	run(w, w->admin, slice_of(table));
	run(w, w->admin,
		arena_printf(&w->arena,
			"INSERT INTO big SELECT seq, seq %% 1000, seq %% 7, "
			"CONCAT(MD5(seq), REPEAT('x', 60)), POINT(seq %% 999, seq %% 777)"
			" FROM seq_1_to_%lu",
			w->rows));
}

/* ---- foreseen ---- */

static struct statement *read_one(struct watch *w, struct slice sql)
{
	struct source *src = ARENA_NEW(&w->arena, struct source);
	struct script *s = ARENA_NEW(&w->arena, struct script);
	struct err err = {0};

	source_init(src, &w->arena, "case", sql);
	must(script_read(&engine_mariadb, w->reader, &w->arena, src, 0, sql.len, s, &err), &err);
	assert_int_equal(s->n, 1);
	return &s->at[0];
}

static void foresee(struct watch *w, struct effect *out)
{
	struct catalog *c = catalog_new(DIALECT_MARIADB, w->admin->id.version);
	struct session s;
	struct slice why;

	session_init(&s, DIALECT_MARIADB, &w->arena);
	catalog_set_complete(c, true);
	assert_int_not_equal(
		catalog_apply_statement(c, &s, read_one(w, slice_of(table)), &why), APPLY_CONFLICT);
	engine_mariadb.effects(&w->arena, c, &s, read_one(w, w->sql), out);
	catalog_free(c);
	assert_non_null(out->algorithm);
}

static void fault(struct watch *w, const struct effect *e, const char *what)
{
	printf("%.*s\n\tforeseen %s %s, but %s\n", SLICE(w->sql), e->algorithm, e->lock_clause,
		what);
	w->faults++;
}

/* ---- the cases ---- */

static void watch_instant(struct watch *w, const struct effect *e)
{
	static const char requests[] = "SELECT variable_value FROM information_schema.global_status"
				       " WHERE variable_name = 'INNODB_BUFFER_POOL_READ_REQUESTS'";
	unsigned long long pages, before;

	fill(w);
	pages = number(w, "SELECT file_size DIV 16384 FROM"
			  " information_schema.innodb_sys_tablespaces WHERE name = 'w/big'");
	before = number(w, requests);
	run(w, w->alters.conn, w->sql);
	if (number(w, requests) - before > pages / 2)
		fault(w, e, "it goes through the table");
}

static bool watch_work(struct watch *w, const struct effect *e)
{
	bool excludes = strcmp(e->lock_clause, "EXCLUSIVE") == 0,
	     stops = excludes || strcmp(e->lock_clause, "SHARED") == 0;
	enum seen reads = SEEN_NOTHING, writes = SEEN_NOTHING;

	fill(w);
	start(&w->alters, w->sql);
	while (!is_at_work(w) && !atomic_load(&w->alters.done))
		usleep(500);
	if (!atomic_load(&w->alters.done)) {
		reads = probe(w, &w->reads, SL("SELECT a FROM big WHERE id = 7"));
		if (reads != SEEN_NOTHING)
			writes = probe(w, &w->writes, SL("UPDATE big SET a = 0 WHERE id = 7"));
		finish(&w->reads);
		if (reads != SEEN_NOTHING)
			finish(&w->writes);
	}
	finish(&w->alters);
	assert_true(w->alters.ok);
	if (reads == SEEN_NOTHING || writes == SEEN_NOTHING)
		return false;
	printf("# %s %-9s a reader %s, a writer %s: %.*s\n", e->algorithm, e->lock_clause,
		reads == SEEN_FREE ? "reads" : "waits", writes == SEEN_FREE ? "writes" : "waits",
		SLICE(w->sql));
	if ((reads == SEEN_WAITING) != excludes)
		fault(w, e, reads == SEEN_FREE ? "a reader reads" : "a reader waits");
	if ((writes == SEEN_WAITING) != stops)
		fault(w, e, writes == SEEN_FREE ? "a writer writes" : "a writer waits");
	return true;
}

static void watch_one(struct watch *w)
{
	struct effect e;

	foresee(w, &e);
	if (strcmp(e.algorithm, "INSTANT") == 0) {
		watch_instant(w, &e);
		return;
	}
	while (!watch_work(w, &e)) {
		if (w->rows >= MOST_ROWS) {
			fault(w, &e, "it was not caught at its work");
			return;
		}
		w->rows *= 2;
	}
}

static bool start_server(struct watch *w)
{
	static const struct waiter none;
	struct err err = {0};

	if (!my_cluster_find(&w->arena, DIALECT_MARIADB, NULL, 0, &w->cluster, &err) ||
		!my_cluster_make(&w->arena, &w->cluster, &none, &err) ||
		!my_cluster_start(&w->arena, &w->cluster, false, &none, &w->admin, &err)) {
		printf("# no server: %s\n", err.message);
		err_done(&err);
		return false;
	}
	return true;
}

static void test_waits(void **state)
{
	struct watch w = {.rows = FIRST_ROWS};
	struct reader_options ro = {.dialect = DIALECT_MARIADB};
	struct err err = {0};

	(void)state;
	if (!start_server(&w)) {
		arena_done(&w.arena);
		skip();
	}
	ro.version = w.admin->id.version;
	must(engine_mariadb.reader_open(&w.reader, &ro, &err), &err);
	run(&w, w.admin, SL("CREATE DATABASE w CHARACTER SET latin1"));
	run(&w, w.admin, SL("USE w"));
	open_session(&w, &w.alters);
	open_session(&w, &w.reads);
	open_session(&w, &w.writes);
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		w.sql = slice_of(statements[i]);
		watch_one(&w);
	}
	conn_close(w.alters.conn);
	conn_close(w.reads.conn);
	conn_close(w.writes.conn);
	conn_close(w.admin);
	engine_mariadb.reader_close(w.reader);
	process_stop(w.cluster.server, SIGKILL, 5000);
	arena_done(&w.arena);
	assert_int_equal(w.faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_waits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
