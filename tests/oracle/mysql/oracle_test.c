/* oracle_test.c - our reading of MySQL's dialect, held up against a real MariaDB or MySQL server.
 *
 * Every statement in the folder cases is read, applied to a catalog, and run on a scratch server;
 * then the server's catalog is loaded and compared with ours. A statement behind "-- refused" must
 * be refused by both. online.sql compares the ALGORITHM and LOCK that we foresee with the strongest
 * that the server accepts. With ORACLE_DIALECT=mysql the same files are run on MySQL: what it
 * refuses must be foreseen to be refused, and is left out. Run from the build directory (meson test
 * does). */
#include "base/io.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

extern const struct engine engine_mariadb, engine_mysql;

struct world {
	const struct engine *e;
	bool mysql;
	struct scratch *scratch;
	struct arena a;
	size_t statements, compared, not_compared, wrong, reruns, unforeseen, foreign;
};

static const char *here(struct arena *a, const char *name)
{
	const char *file = __FILE__, *slash = strrchr(file, '/');

	return io_join(a, slash ? arena_cstr(a, slice_n(file, (size_t)(slash - file))) : ".", name);
}

static void no_error(struct err *err)
{
	if (err_is(err))
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

static int setup(void **state)
{
	struct world *w = mem_alloc(sizeof *w);
	struct err err = {0};

	*w = (struct world){.e = &engine_mariadb};
	*state = w;
	if (getenv("ORACLE_DIALECT") && !strcmp(getenv("ORACLE_DIALECT"), "mysql")) {
		w->e = &engine_mysql;
		w->mysql = true;
	}
	if (!w->e->scratch_start(&w->scratch, &(struct scratch_options){0}, &err)) {
		print_message("no scratch server: %s\n", err.message);
		w->scratch = NULL;
	}
	err_done(&err);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	w->e->scratch_stop(w->scratch);
	arena_done(&w->a);
	free(w);
	return 0;
}

/* ---- catalogs ---- */

struct walk {
	struct world *w;
	const char *file;
	struct conn *conn;
	struct catalog *model;
	struct session session;
	struct reader *reader;
	struct script script;
};

static bool must_be_refused(const struct statement *st)
{
	return slice_find(st->leading, SL("-- refused")) < st->leading.len;
}

static void complain(struct walk *k, const struct statement *st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void complain(struct walk *k, const struct statement *st, const char *fmt, ...)
{
	va_list ap;
	char text[600];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	print_error("%s:%zu: %s\n    %.120s\n", k->file, span_place(st->span).line, text,
		arena_cstr(&k->w->a, st->text));
	k->w->wrong++;
}

/* What the file does not say is not compared: MySQL's texts leave the character set to the
 * database. */
static bool is_unsaid(const struct difference *d)
{
	return d->kind == DIFF_FIELD && slice_empty(d->before) && d->field &&
	       (!strcmp(d->field, "character set") || !strcmp(d->field, "collation"));
}

/* The loader sees no temporary tables. */
static bool is_temporary(void *ctx, const struct object *o)
{
	(void)ctx;
	return o->type == OBJECT_TABLE && slice_is(o->table_.persistence, "temporary");
}

static void compare(struct walk *k, const struct statement *st, bool last)
{
	struct catalog *real = catalog_new(k->w->e->dialect, k->conn->id.version);
	struct diff_options o = {.skip = is_temporary};
	struct err err = {0};
	struct catalog_diff d;

	k->w->e->load(k->conn, real, NULL, &err);
	no_error(&err);
	d = catalog_compare(&k->w->a, k->model, real, &o);
	for (size_t i = 0; i < d.n; i++) {
		const struct difference *x = &d.at[i];

		if (x->kind == DIFF_NOT_COMPARED && last)
			print_message("not compared: %.*s %s: %.*s | %.*s\n", SLICE(x->object),
				x->field ? x->field : "", SLICE(x->before), SLICE(x->after));
		if (x->kind == DIFF_NOT_COMPARED || is_unsaid(x))
			continue;
		complain(k, st, "%s %s %.*s %s: ours <%.*s>, server's <%.*s>",
			x->kind == DIFF_MISSING ? "only ours"
			: x->kind == DIFF_EXTRA ? "only the server's"
			: x->kind == DIFF_ORDER ? "order"
						: "differs",
			object_type_word(x->type), SLICE(x->object), x->field ? x->field : "",
			SLICE(x->before), SLICE(x->after));
	}
	if (last) {
		k->w->compared += d.compared;
		k->w->not_compared += d.not_compared;
	}
	catalog_free(real);
}

static bool apply(struct walk *k, const struct statement *st, struct slice *why)
{
	if (st->state == STATEMENT_SYNTAX) {
		*why = st->fault_message;
		return false;
	}
	if (st->state == STATEMENT_OPAQUE) {
		complain(k, st, "opaque: %.*s", SLICE(st->opaque_reason));
		return true;
	}
	switch (catalog_apply_statement(k->model, &k->session, st, why)) {
	case APPLIED:
	case APPLY_NOOP:
		return true;
	case APPLY_CONFLICT:
		return false;
	case APPLY_UNSURE:
		complain(k, st, "unsure: %.*s", SLICE(*why));
		return true;
	}
	return true;
}

/* A second run is foreseen to fail, or to change nothing: then it is tried. */
static void second_run(struct walk *k, const struct statement *st, const struct effect *e)
{
	struct err err = {0};
	bool ok;

	if (e->rerun == RERUN_UNKNOWN || e->rerun == RERUN_DIFFERS || !e->certain ||
		st->kind == NULL || slice_is(slice_of(st->kind), "HANDLER"))
		return;
	ok = conn_exec(k->conn, st->text, &err);
	k->w->reruns++;
	if (ok != (e->rerun == RERUN_SAME))
		complain(k, st, "a second run was foreseen to %s: %s",
			e->rerun == RERUN_SAME ? "succeed" : "fail",
			err.message ? err.message : "it did not");
	err_done(&err);
}

/* The files are MariaDB's: what MySQL refuses is left out. */
static void mysql_step(struct walk *k, const struct statement *st, bool last)
{
	struct slice why = SLICE_NONE;
	struct err err = {0};
	struct effect e;

	k->w->e->effects(&k->w->a, k->model, &k->session, st, &e);
	if (!conn_exec(k->conn, st->text, &err)) {
		k->w->foreign++;
		if (e.outcome == OUTCOME_OK && !must_be_refused(st) &&
			st->state == STATEMENT_READ && !slice_is(slice_of(st->kind), "SELECT"))
			complain(k, st, "MySQL refuses: %s", err.message);
		err_done(&err);
		return;
	}
	if (e.outcome == OUTCOME_FAILS)
		complain(k, st, "foreseen to fail: %.*s", SLICE(e.outcome_why));
	if (!apply(k, st, &why))
		complain(k, st, "we refused: %.*s", SLICE(why));
	second_run(k, st, &e);
	compare(k, st, last);
}

static void step(struct walk *k, const struct statement *st, bool last)
{
	struct slice why = SLICE_NONE;
	struct err err = {0};
	struct effect e;
	bool ours, theirs, refused = must_be_refused(st);

	if (st->state == STATEMENT_CLIENT)
		return;
	k->w->statements++;
	if (k->w->mysql) {
		mysql_step(k, st, last);
		return;
	}
	k->w->e->effects(&k->w->a, k->model, &k->session, st, &e);
	if (e.outcome == OUTCOME_FAILS && !refused)
		complain(k, st, "foreseen to fail: %.*s", SLICE(e.outcome_why));
	if (refused && e.outcome == OUTCOME_OK)
		k->w->unforeseen++;
	ours = apply(k, st, &why);
	theirs = conn_exec(k->conn, st->text, &err);
	if (theirs != !refused)
		complain(k, st, "the server %s: %s", theirs ? "took it" : "refused",
			err.message ? err.message : "");
	if (ours != !refused)
		complain(k, st, "we %s: %.*s", ours ? "took it" : "refused", SLICE(why));
	err_done(&err);
	if (theirs && !refused)
		second_run(k, st, &e);
	compare(k, st, last);
}

static void run_file(struct world *w, const char *name)
{
	struct walk k = {.w = w, .file = name};
	struct reader_options ro = {.dialect = w->e->dialect};
	struct source src;
	struct slice text;
	struct err err = {0};
	size_t wrong = w->wrong;

	w->e->scratch_open(w->scratch, "oracle", NULL, &k.conn, &err);
	no_error(&err);
	io_read(&w->a, here(&w->a, io_join(&w->a, "cases", name)), &text, &err);
	no_error(&err);
	source_init(&src, &w->a, name, text);
	src.masked = src.text;
	ro.version = k.conn->id.version;
	w->e->reader_open(&k.reader, &ro, &err);
	script_read(w->e, k.reader, &w->a, &src, 0, text.len, &k.script, &err);
	no_error(&err);
	k.model = catalog_new(w->e->dialect, k.conn->id.version);
	session_init(&k.session, w->e->dialect, &w->a);
	for (size_t i = 0; i < k.script.n && w->wrong == wrong; i++)
		step(&k, &k.script.at[i], i + 1 == k.script.n);
	catalog_free(k.model);
	w->e->reader_close(k.reader);
	conn_close(k.conn);
}

static void test_catalog(void **state)
{
	struct world *w = *state;
	const char **names;
	struct err err = {0};
	size_t n;

	if (!w->scratch)
		skip();
	io_list(&w->a, here(&w->a, "cases"), &names, &n, &err);
	no_error(&err);
	for (size_t i = 0; i < n; i++)
		if (slice_ends(slice_of(names[i]), ".sql") &&
			(!getenv("ORACLE_CASE") || strstr(names[i], getenv("ORACLE_CASE"))))
			run_file(w, names[i]);
	print_message("%zu statements, %zu fields compared, %zu not (%.1f %%)\n", w->statements,
		w->compared, w->not_compared,
		w->compared
			? 100.0 * (double)w->not_compared / (double)(w->compared + w->not_compared)
			: 0.0);
	print_message("%zu second runs as foreseen, %zu refusals not foreseen\n", w->reruns,
		w->unforeseen);
	assert_int_equal(w->wrong, 0);
	if (w->mysql)
		print_message("%zu that MySQL refuses\n", w->foreign);
	if (getenv("ORACLE_CASE") || w->mysql)
		return;
	assert_true(w->statements >= 250);
	assert_true(w->not_compared * 50 <= w->compared);
}

/* ---- ALGORITHM and LOCK ---- */

static const char *const algorithms[] = {"INSTANT", "NOCOPY", "INPLACE", "COPY"};
static const char *const locks[] = {"NONE", "SHARED", "EXCLUSIVE"};

/* The strongest pair that the server accepts. */
static bool ask_server(struct conn *c, struct slice sql, int *algorithm, int *lock, struct err *err)
{
	for (*algorithm = 0; *algorithm < 4; ++*algorithm)
		for (*lock = 0; *lock < 3; ++*lock) {
			struct buf b = {0};
			bool ok;

			buf_add(&b, sql);
			buf_printf(&b, ", ALGORITHM=%s, LOCK=%s", algorithms[*algorithm],
				locks[*lock]);
			err_done(err);
			ok = conn_exec(c, buf_slice(&b), err);
			buf_done(&b);
			if (ok)
				return true;
		}
	return false;
}

static struct slice section(struct slice text, const char *from, const char *to)
{
	size_t a = slice_find(text, slice_of(from)), b = slice_find(text, slice_of(to));

	return slice_sub(text, a, (b < text.len ? b : text.len) - a);
}

static void foresee(struct world *w, struct conn *c, struct reader *r,
	const struct statement *given, struct effect *e)
{
	struct catalog *real = catalog_new(DIALECT_MARIADB, c->id.version);
	struct statement st = *given;
	struct session s = {0};
	struct err err = {0};
	struct rows rows;

	engine_mariadb.load(c, real, NULL, &err);
	no_error(&err);
	engine_mariadb.read(r, &w->a, &st, &err);
	session_init(&s, DIALECT_MARIADB, &w->a);
	conn_query(c, SL("SELECT @@foreign_key_checks"), &w->a, &rows, &err);
	s.foreign_keys = slice_is(rows_get(&rows, 0, 0), "1");
	engine_mariadb.effects(&w->a, real, &s, &st, e);
	if (e->outcome == OUTCOME_FAILS)
		print_error("foreseen to fail: %.*s\n", SLICE(e->outcome_why));
	catalog_free(real);
}

static void test_online(void **state)
{
	struct world *w = *state;
	struct reader_options ro = {.dialect = DIALECT_MARIADB};
	struct script script;
	struct source src;
	struct slice text, tables, forms;
	struct reader *r;
	struct err err = {0};
	size_t wrong = 0;

	if (w->mysql) /* mysql_effects.txt has that */
		return;
	if (!w->scratch)
		skip();
	io_read(&w->a, here(&w->a, "online.sql"), &text, &err);
	no_error(&err);
	tables = section(text, "-- tables", "-- forms");
	forms = section(text, "-- forms", "-- end");
	source_init(&src, &w->a, "online.sql", text);
	src.masked = src.text;
	engine_mariadb.reader_open(&r, &ro, &err);
	script_read(&engine_mariadb, r, &w->a, &src, (size_t)(forms.at - text.at), forms.len,
		&script, &err);
	no_error(&err);
	for (size_t i = 0; i < script.n; i++) {
		const struct statement *st = &script.at[i];
		struct effect e;
		struct conn *c;
		int algorithm, lock;

		if (getenv("ORACLE_CASE") &&
			slice_find(st->text, slice_of(getenv("ORACLE_CASE"))) >= st->text.len)
			continue;
		engine_mariadb.scratch_open(w->scratch, "online", NULL, &c, &err);
		no_error(&err);
		conn_exec(c, tables, &err);
		no_error(&err);
		if (slice_find(st->leading, SL("-- unchecked")) < st->leading.len)
			conn_exec(c, SL("SET foreign_key_checks = 0"), &err);
		foresee(w, c, r, st, &e);
		if (!ask_server(c, st->text, &algorithm, &lock, &err)) {
			print_error("line %zu: the server refuses: %s\n", span_place(st->span).line,
				err.message);
			wrong++;
		} else if (!e.algorithm || strcmp(e.algorithm, algorithms[algorithm]) ||
			   strcmp(e.lock_clause, locks[lock]) || e.outcome == OUTCOME_FAILS) {
			print_error("line %zu: %s %s foreseen, %s %s accepted: %.*s\n",
				span_place(st->span).line, e.algorithm, e.lock_clause,
				algorithms[algorithm], locks[lock], SLICE(st->text));
			wrong++;
		}
		err_done(&err);
		conn_close(c);
	}
	print_message("%zu forms asked\n", script.n);
	engine_mariadb.reader_close(r);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_catalog),
		cmocka_unit_test(test_online),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
