/* writers_test.c - does a writer wait beside an ALTER TABLE?
 *
 * writers.txt says so of statements that take a while; explain's LOCK must say the same, and a
 * second session, which updates a row of the table again and again meanwhile, must be seen waiting
 * or going on. It is seen going on when three of its updates began and ended while the statement
 * worked; it waits when none took place for most of that time. On a busy machine neither may be
 * seen: then the statement is tried again. */
#include "base/io.h"
#include "engine/mysql/scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct engine engine_mariadb, engine_mysql;

struct world {
	const struct engine *e;
	struct arena arena;
	struct cluster cluster;
	struct conn *admin, *writer;
	atomic_bool stop;
	atomic_int written;
	atomic_llong longest_ms; /* of the writer's updates */
	size_t asked, wrong;
	char table[2];
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s", err->message);
}

static void run(struct world *w, struct slice sql)
{
	struct err err = {0};

	must(conn_exec(w->admin, sql, &err), &err);
}

static void *write_rows(void *arg)
{
	struct world *w = arg;
	struct err err = {0};
	char sql[80];

	snprintf(sql, sizeof sql, "UPDATE %s SET b = b + 1 WHERE id = 77", w->table);
	while (!w->stop) {
		long long before = io_now_ms(), took;

		if (!conn_exec(w->writer, slice_of(sql), &err))
			break;
		took = io_now_ms() - before;
		if (took > w->longest_ms)
			w->longest_ms = took;
		w->written++;
	}
	err_done(&err);
	return NULL;
}

static struct slice table_sql(struct world *w)
{
	return arena_printf(&w->arena,
		"CREATE TABLE %s (id INT PRIMARY KEY, a INT, b INT NOT NULL, c VARCHAR(60), d "
		"CHAR(20)%s)"
		" CHARACTER SET latin1",
		w->table, w->table[0] == 'f' ? ", FULLTEXT KEY fc (c)" : "");
}

static void make_table(struct world *w)
{
	static const char digits[] = "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL "
				     "SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL "
				     "SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL "
				     "SELECT 9)";

	run(w, SL("DROP TABLE IF EXISTS t, f"));
	run(w, table_sql(w));
	run(w, arena_printf(&w->arena,
		       "INSERT INTO %s SELECT n, n, n, CONCAT('word', n), 'x' FROM (SELECT a.d + "
		       "10 * "
		       "b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n FROM %s a, %s b, %s c, %s "
		       "e, "
		       "%s f) s",
		       w->table, digits, digits, digits, digits, digits));
}

enum seen { SEEN_WAITING, SEEN_GOING_ON, SEEN_NEITHER };

static enum seen watch(struct world *w, struct slice sql)
{
	pthread_t thread;
	long long start, took;
	int written;

	make_table(w);
	w->stop = false;
	w->written = 0;
	if (pthread_create(&thread, NULL, write_rows, w) != 0)
		fail_msg("no thread");
	while (w->written < 3)
		;
	w->longest_ms = 0;
	written = w->written;
	start = io_now_ms();
	run(w, sql);
	took = io_now_ms() - start;
	written = w->written - written;
	w->stop = true;
	pthread_join(thread, NULL);
	if (took < 60)
		return SEEN_NEITHER;
	if (w->longest_ms * 10 >= took * 6)
		return SEEN_WAITING;
	return written >= 10 && w->longest_ms * 2 <= took ? SEEN_GOING_ON : SEEN_NEITHER;
}

static struct script read_sql(struct world *w, struct reader *reader, struct slice sql)
{
	struct source *src = ARENA_NEW(&w->arena, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, &w->arena, "case", sql);
	must(script_read(w->e, reader, &w->arena, src, 0, sql.len, &script, &err), &err);
	return script;
}

/* What explain says of the lock. */
static bool foreseen_to_wait(struct world *w, struct slice sql)
{
	int version = w->admin ? w->admin->id.version : w->e == &engine_mysql ? 90700 : 101100;
	struct reader_options ro = {.dialect = w->e->dialect, .version = version};
	struct script table, script;
	struct reader *reader;
	struct catalog *c = catalog_new(w->e->dialect, version);
	struct slice why;
	struct session s;
	struct effect e;
	struct err err = {0};
	bool waits;

	must(w->e->reader_open(&reader, &ro, &err), &err);
	session_init(&s, w->e->dialect, &w->arena);
	table = read_sql(w, reader, table_sql(w));
	script = read_sql(w, reader, sql);
	if (catalog_apply_statement(c, &s, &table.at[0], &why) != APPLIED)
		fail_msg("the table was not applied");
	w->e->effects(&w->arena, c, &s, &script.at[0], &e);
	waits = !e.lock_clause || strcmp(e.lock_clause, "NONE") != 0;
	w->e->reader_close(reader);
	catalog_free(c);
	return waits;
}

static void one(struct world *w, struct slice says, struct slice sql)
{
	enum seen want = slice_is(says, "waits") ? SEEN_WAITING : SEEN_GOING_ON,
		  seen = SEEN_NEITHER;

	w->table[0] = slice_starts(sql, "ALTER TABLE f") ? 'f' : 't';
	w->asked++;
	if (foreseen_to_wait(w, sql) != (want == SEEN_WAITING)) {
		print_error("foreseen otherwise: %.*s\n", SLICE(sql));
		w->wrong++;
	}
	for (int i = 0; w->admin && i < 8 && seen != want; i++)
		seen = watch(w, sql);
	if (w->admin && seen != want) {
		print_error("%.*s expected, not seen: %.*s\n", SLICE(says), SLICE(sql));
		w->wrong++;
	}
}

static void read_lines(struct world *w, struct slice text)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		struct slice who = slice_sub(line, 0, slice_chr(line, ' '));

		if (line.len < 18 || slice_starts(line, "#"))
			continue;
		if (slice_is(who, "both") || slice_is(who, w->e->name))
			one(w, slice_trim(slice_sub(line, 9, 9)), slice_trim(slice_from(line, 18)));
	}
}

static void start(struct world *w)
{
	struct waiter waiter = {0};
	struct err err = {0};

	must(my_cluster_find(&w->arena, w->e->dialect, NULL, 0, &w->cluster, &err) &&
			my_cluster_make(&w->arena, &w->cluster, &waiter, &err) &&
			my_cluster_start(&w->arena, &w->cluster, false, &waiter, &w->admin, &err) &&
			conn_exec(w->admin, SL("CREATE DATABASE w"), &err) &&
			conn_exec(w->admin, SL("USE w"), &err) &&
			my_cluster_connect(&w->arena, &w->cluster, SCRATCH_ADMIN, SL("w"), &waiter,
				&w->writer, &err),
		&err);
}

static void look(const struct engine *e, bool ask)
{
	struct world *w = mem_alloc(sizeof *w);
	const char *slash = strrchr(__FILE__, '/');
	struct slice text;
	struct err err = {0};
	size_t wrong;

	*w = (struct world){.e = e};
	if (ask)
		start(w);
	must(io_read(&w->arena,
		     arena_cstr(&w->arena, arena_printf(&w->arena, "%.*s/writers.txt",
						   (int)(slash - __FILE__), __FILE__)),
		     &text, &err),
		&err);
	read_lines(w, text);
	print_message("# %s: %zu statements, %zu wrong%s\n", e->title, w->asked, w->wrong,
		ask ? ", beside a writer" : "");
	wrong = w->wrong;
	conn_close(w->writer);
	conn_close(w->admin);
	if (ask)
		process_stop(w->cluster.server, SIGKILL, 5000);
	arena_done(&w->arena);
	free(w);
	assert_int_equal(wrong, 0);
}

static bool asked_for(const char *name)
{
	const char *want = getenv("ORACLE_DIALECT");

	return want && !strcmp(want, name);
}

static void test_mariadb(void **state)
{
	(void)state;
	look(&engine_mariadb, asked_for("mariadb"));
}

static void test_mysql(void **state)
{
	(void)state;
	look(&engine_mysql, asked_for("mysql"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mariadb),
		cmocka_unit_test(test_mysql),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
