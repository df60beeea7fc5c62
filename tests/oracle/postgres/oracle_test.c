/* oracle_test.c - the reader and the catalog held up against PostgreSQL itself. */
#include "base/io.h"
#include "engine/engine.h"
#include "sql/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

extern const struct engine engine_postgres;

/* An expression must be comparable without the server's help but for so many of a hundred. */
#define NOT_COMPARED_PERCENT 2

struct oracle {
	const struct engine *e;
	struct scratch *scratch;
	struct reader *reader;
	const char *only[16]; /* files asked for */
	size_t nonly;
	bool verbose;
	/* the file at work */
	const char *file;
	struct arena arena; /* the file's text and statements */
	struct arena step;
	struct conn *conn;
	struct catalog *model;
	struct session session;
	/* counts */
	size_t statements, faults, unsure, fields, not_compared;
};

static void say(const struct oracle *o, const struct statement *st, const char *fmt, ...)
{
	va_list ap;

	printf("%s:%zu: %.*s\n\t", o->file, st ? span_place(st->span).line : 0,
		st ? (int)(st->raw.len < 100 ? st->raw.len : 100) : 0, st ? st->raw.at : "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

static void fault(struct oracle *o, const struct statement *st, const char *what, struct slice why)
{
	o->faults++;
	say(o, st, "%s%s%.*s", what, why.len ? ": " : "", SLICE(why));
}

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

/* ---- Comparing ---- */
/* Roles are the server's; the extensions' and public's story is not in a history. */
static bool not_ours(void *ctx, const struct object *o)
{
	(void)ctx;
	return (o->type == OBJECT_SCHEMA && slice_is(o->name, "public")) ||
	       slice_is(o->schema, "pg_temp");
}

static struct catalog *loaded(struct oracle *o, struct conn *c)
{
	struct catalog *k = catalog_new(DIALECT_POSTGRES, c->id.version);
	struct load_options lo = {0};
	struct err err = {0};

	must(o->e->load(c, k, &lo, &err), &err);
	return k;
}

/* The server's own form of a query, asked on the spot: does it print `before` as `after`? */
static bool same_query(struct oracle *o, struct slice before, struct slice after)
{
	struct buf sql = {0};
	struct err ignored = {0};
	struct rows r = {0};
	bool same = false, in_tx = o->session.in_tx;

	if (!conn_exec(o->conn, in_tx ? SL("SAVEPOINT oracle") : SL("BEGIN"), &ignored))
		goto out;
	buf_printf(&sql, "CREATE VIEW public.belay_oracle AS %.*s", SLICE(before));
	same = conn_exec(o->conn, buf_slice(&sql), &ignored) &&
	       conn_exec(o->conn, SL("SET LOCAL search_path = ''"), &ignored) &&
	       conn_query(o->conn, SL("SELECT pg_get_viewdef('public.belay_oracle'::regclass)"),
		       &o->step, &r, &ignored) &&
	       slice_starts(rows_get(&r, 0, 0), arena_cstr(&o->step, after));
	err_done(&ignored);
	conn_exec(o->conn, in_tx ? SL("ROLLBACK TO SAVEPOINT oracle") : SL("ROLLBACK"), &ignored);
out:
	err_done(&ignored);
	buf_done(&sql);
	return same;
}

static bool compare(struct oracle *o, const struct statement *st, const struct catalog *model,
	const struct catalog *server)
{
	struct diff_options options = {.ignore_owner = true, .skip = not_ours};
	struct catalog_diff d = catalog_compare(&o->step, model, server, &options);
	size_t bad = 0;

	for (size_t i = 0; i < d.n; i++) {
		const struct difference *x = &d.at[i];

		if (x->kind == DIFF_NOT_COMPARED && x->field && strcmp(x->field, "query") == 0 &&
			same_query(o, x->before, x->after)) {
			d.not_compared--;
			d.compared++;
			continue;
		}
		if (x->kind == DIFF_NOT_COMPARED && o->verbose)
			say(o, st, "not compared: %.*s %s: %.*s | %.*s", SLICE(x->object),
				x->field ? x->field : "", SLICE(x->before), SLICE(x->after));
		if (x->kind == DIFF_NOT_COMPARED)
			continue;
		if (bad++ == 0)
			say(o, st, "differs");
		printf("\t\t%s %.*s%s%s: model [%.*s] server [%.*s]\n",
			x->kind == DIFF_MISSING ? "only in the model:"
			: x->kind == DIFF_EXTRA ? "only in the server:"
						: "",
			SLICE(x->object), x->field ? " " : "", x->field ? x->field : "",
			SLICE(x->before), SLICE(x->after));
	}
	o->fields += d.compared;
	o->not_compared += d.not_compared;
	o->faults += bad > 0;
	return bad == 0;
}

/* ---- One statement ---- */
static void start_again(struct oracle *o, struct catalog *server)
{
	catalog_free(o->model);
	o->model = server;
}

static void check_outcome(struct oracle *o, const struct statement *st, enum apply_result r,
	struct slice why, bool ran, const struct err *err)
{
	if (st->state == STATEMENT_SYNTAX)
		fault(o, st, "does not parse", st->fault_message);
	else if (st->state == STATEMENT_OPAQUE)
		fault(o, st, "not read", st->opaque_reason);
	else if (!ran && (r == APPLIED || r == APPLY_NOOP))
		fault(o, st, "the server refuses what the model accepts", slice_of(err->message));
	else if (ran && r == APPLY_CONFLICT)
		fault(o, st, "the model refuses what the server accepts", why);
	else if (ran && r == APPLY_UNSURE)
		o->unsure++;
}

static void one(struct oracle *o, const struct statement *st)
{
	size_t mark = catalog_mark(o->model), before = o->faults;
	struct slice why = SLICE_NONE;
	struct catalog *server;
	struct err err = {0};
	enum apply_result r;
	bool ran, in_tx = o->session.in_tx;

	o->statements++;
	if (o->verbose)
		say(o, st, "…");
	ran = conn_exec(o->conn, st->raw, &err);
	r = catalog_apply_statement(o->model, &o->session, st, &why);
	check_outcome(o, st, r, why, ran, &err);
	if (!ran && !in_tx)
		catalog_undo(o->model, mark);
	err_done(&err);
	server = loaded(o, o->conn);
	if (!compare(o, st, o->model, server) || o->faults > before)
		start_again(o, server);
	else
		catalog_free(server);
	arena_reset(&o->step);
}

/* ---- One file ---- */
static void file(struct oracle *o, const char *dir, const char *name)
{
	struct source *src = ARENA_NEW(&o->arena, struct source);
	struct script script = {0};
	struct slice text;
	struct err err = {0};

	o->file = name;
	must(io_read(&o->arena, io_join(&o->arena, dir, name), &text, &err), &err);
	source_init(src, &o->arena, name, text);
	must(script_read(o->e, o->reader, &o->arena, src, 0, text.len, &script, &err), &err);
	must(o->e->scratch_open(o->scratch, "main", NULL, &o->conn, &err), &err);
	o->model = catalog_new(DIALECT_POSTGRES, o->conn->id.version);
	session_init(&o->session, DIALECT_POSTGRES, &o->arena);
	o->session.role = o->conn->id.role;
	for (size_t i = 0; i < script.n; i++)
		one(o, &script.at[i]);
	catalog_free(o->model);
	conn_close(o->conn);
	arena_reset(&o->step);
	arena_reset(&o->arena);
}

static void test_all(void **state)
{
	struct oracle *o = *state;
	struct reader_options ro = {.dialect = DIALECT_POSTGRES};
	struct scratch_options so = {0};
	struct arena a = {0};
	const char *dir, **names;
	struct err err = {0};
	size_t n;

	if (!o->e->scratch_start(&o->scratch, &so, &err)) {
		printf("# skipped: %s\n", err.message);
		err_done(&err);
		skip();
	}
	ro.version = o->e->scratch_info(o->scratch).version;
	must(o->e->reader_open(&o->reader, &ro, &err), &err);
	dir = arena_cstr(&a, slice_n(__FILE__, (size_t)(strrchr(__FILE__, '/') - __FILE__)));
	must(io_list(&a, dir, &names, &n, &err), &err);
	for (size_t i = 0; i < n && o->nonly == 0; i++)
		if (slice_ends(slice_of(names[i]), ".sql"))
			file(o, dir, names[i]);
	for (size_t i = 0; i < o->nonly; i++)
		file(o, dir, o->only[i]);
	o->e->reader_close(o->reader);
	o->e->scratch_stop(o->scratch);
	arena_done(&o->arena);
	arena_done(&o->step);
	arena_done(&a);
	printf("# %zu statements, %zu not sure, %zu fields compared, %zu not, %zu faults\n",
		o->statements, o->unsure, o->fields, o->not_compared, o->faults);
	assert_int_equal(o->faults, 0);
	assert_true(o->not_compared * 100 <= o->fields * NOT_COMPARED_PERCENT);
}

int main(int argc, char **argv)
{
	struct oracle o = {.e = &engine_postgres, .verbose = getenv("ORACLE_VERBOSE") != NULL};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_all, &o),
	};

	for (int i = 1; i < argc && o.nonly < sizeof o.only / sizeof *o.only; i++)
		o.only[o.nonly++] = argv[i];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
