/* oracle_test.c - the effects of PostgreSQL held up against the server and against a table.
 *
 * postgres.txt says what each statement does. Three answers are compared: the table's, what
 * engine->effects() predicts, and what the server was seen doing. See README.md. */
#include "base/io.h"
#include "engine/engine.h"
#include "sql/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

extern const struct engine engine_postgres;

enum fact { FACT_LOCKS, FACT_REWRITES, FACT_SCANS, FACT_BUILDS, FACTS_ };
static const char *const fact_words[] = {"locks", "rewrites", "scans", "builds"};

/* What one of the three says. Entries are "table MODE" or "table"; "?" at the end: not certain. */
struct answer {
	struct names facts[FACTS_];
	struct slice outcome; /* ok, fails, may-fail */
	struct slice rerun;   /* same, differs, fails; empty = not said */
};

struct kase {
	size_t line;
	struct slice context; /* what ran before it in the same transaction */
	struct slice sql;
	bool alone; /* runs outside a transaction only: nothing is observed */
	struct answer says;
};

struct oracle {
	const struct engine *e;
	struct scratch *scratch;
	struct reader *reader;
	const char *only; /* sections whose title contains this */
	bool write;       /* print the table with what was observed */
	struct arena arena, step;
	struct conn *conn;
	struct catalog *model;
	size_t cases, observed, faults;
	size_t agreed[FACTS_], all[FACTS_];
	bool faulty; /* this case */
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

static void fault(struct oracle *o, const struct kase *k, const char *fmt, ...)
{
	va_list ap;

	if (!o->faulty)
		printf("postgres.txt:%zu: %.*s\n", k->line, SLICE(k->sql));
	o->faulty = true;
	o->faults++;
	printf("\t");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* ---- Lists of facts ---- */
static bool doubtful(struct slice s)
{
	return slice_ends(s, "?");
}

static struct slice sure(struct slice s)
{
	return doubtful(s) ? slice_sub(s, 0, s.len - 1) : s;
}

static void add(struct oracle *o, struct names *n, struct slice s)
{
	size_t at = n->n;

	names_add(&o->arena, n, s);
	for (; at > 0 && slice_cmp(n->at[at - 1], s) > 0; at--)
		n->at[at] = n->at[at - 1];
	n->at[at] = s;
}

static struct slice spelt(struct oracle *o, struct name n, const char *mode, bool certain)
{
	return arena_printf(&o->arena, "%.*s%s%.*s%s%s%s",
		slice_is(n.schema, "public") ? 0 : (int)n.schema.len,
		n.schema.at ? n.schema.at : "",
		n.schema.len == 0 || slice_is(n.schema, "public") ? "" : ".", SLICE(n.name),
		mode ? " " : "", mode ? mode : "", certain ? "" : "?");
}

static struct slice joined(struct oracle *o, struct names n)
{
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < n.n; i++)
		out = arena_printf(
			&o->arena, "%.*s%s%.*s", SLICE(out), i ? ", " : "", SLICE(n.at[i]));
	return out;
}

static bool has(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_eq(sure(n.at[i]), sure(s)))
			return true;
	return false;
}

static void add_touched(struct oracle *o, struct names *out, const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_empty(v[i].part))
			add(o, out, spelt(o, v[i].object, NULL, v[i].certain));
}

/* ---- Locks that a context holds already ---- */
static int strength(const char *mode)
{
	static const char *const modes[] = {"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE",
		"SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
		"ACCESS EXCLUSIVE"};

	for (int i = 0; i < 8; i++)
		if (strcmp(mode, modes[i]) == 0)
			return i + 1;
	return 0;
}

static void add_locks(struct oracle *o, struct names *out, const struct lock *v, size_t n,
	const struct observed *held)
{
	for (size_t i = 0; i < n; i++) {
		bool had = false;

		for (size_t k = 0; k < held->nlocks; k++)
			had = had || (name_eq(held->locks[k].object, v[i].object) &&
					     strength(held->locks[k].mode) >= strength(v[i].mode));
		if (!had)
			add(o, out, spelt(o, v[i].object, v[i].mode, v[i].certain));
	}
}

/* ---- The prediction ---- */
static struct script read_sql(struct oracle *o, struct slice sql)
{
	struct source *src = ARENA_NEW(&o->arena, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, &o->arena, "case", sql);
	must(script_read(o->e, o->reader, &o->arena, src, 0, sql.len, &script, &err), &err);
	return script;
}

static void predict(
	struct oracle *o, const struct kase *k, const struct observed *held, struct answer *out)
{
	struct script before = read_sql(o, k->context), now = read_sql(o, k->sql);
	struct effect e;
	struct session s;
	struct slice why;

	if (now.n != 1 || now.at[0].state != STATEMENT_READ) {
		fault(o, k, "is not one statement that was read");
		return;
	}
	session_init(&s, DIALECT_POSTGRES, &o->arena);
	session_begin(&s, o->model, false);
	for (size_t i = 0; i < before.n; i++)
		catalog_apply_statement(o->model, &s, &before.at[i], &why);
	s.in_tx = !k->alone;
	o->e->effects(&o->arena, o->model, &s, &now.at[0], &e);
	s.in_tx = true;
	session_end(&s, o->model, false);
	add_locks(o, &out->facts[FACT_LOCKS], e.locks, e.nlocks, held);
	add_touched(o, &out->facts[FACT_REWRITES], e.rewrites, e.nrewrites);
	add_touched(o, &out->facts[FACT_SCANS], e.scans, e.nscans);
	add_touched(o, &out->facts[FACT_BUILDS], e.builds, e.nbuilds);
	out->outcome = slice_of(outcome_word(e.outcome));
	out->rerun = slice_of(rerun_word(e.rerun));
	if (k->alone != (e.transaction == TX_FORBIDDEN))
		fault(o, k, "transaction: predicted %s", tx_rule_word(e.transaction));
	for (size_t i = 0; !e.certain && i < e.needs.n && o->write; i++)
		printf("# needs %.*s\n", SLICE(e.needs.at[i]));
}

/* ---- The observation ---- */
static const char indexes_sql[] =
	"SELECT n.nspname, c.relname, c.relfilenode, i.indrelid, c.oid FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relkind = 'i' AND n.nspname !~ '^pg_'";
static const char tables_sql[] = "SELECT oid FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm')";

static bool query(struct oracle *o, const char *sql, struct rows *r)
{
	struct err err = {0};

	must(conn_query(o->conn, slice_of(sql), &o->arena, r, &err), &err);
	return true;
}

static bool holds(
	const struct rows *r, size_t col, struct slice value, size_t col2, struct slice v2)
{
	for (size_t i = 0; i < r->nrows; i++)
		if (slice_eq(rows_get(r, i, col), value) &&
			(col2 == SIZE_MAX || slice_eq(rows_get(r, i, col2), v2)))
			return true;
	return false;
}

static void add_builds(struct oracle *o, struct names *out, const struct rows *tables,
	const struct rows *before, const struct rows *after)
{
	for (size_t i = 0; i < after->nrows; i++) {
		struct name n = {rows_get(after, i, 0), rows_get(after, i, 1)};

		if (holds(tables, 0, rows_get(after, i, 3), SIZE_MAX, SLICE_NONE) &&
			!holds(before, 2, rows_get(after, i, 2), SIZE_MAX, SLICE_NONE))
			add(o, out, spelt(o, n, NULL, true));
	}
}

static bool run(struct oracle *o, struct slice sql, struct slice *why)
{
	struct err err = {0};
	bool ok = sql.len == 0 || conn_exec(o->conn, sql, &err);

	*why = ok ? SLICE_NONE : arena_slice(&o->arena, slice_of(err.message));
	err_done(&err);
	return ok;
}

static struct catalog *load(struct oracle *o)
{
	struct catalog *c = catalog_new(DIALECT_POSTGRES, o->conn->id.version);
	struct load_options lo = {0};
	struct err err = {0};

	must(o->e->load(o->conn, c, &lo, &err), &err);
	return c;
}

/* All rows and all positions of sequences, as one text. */
static struct slice data(struct oracle *o, const struct catalog *c)
{
	const struct object **tables;
	struct slice out = SLICE_NONE;
	struct names positions = {0};
	struct err err = {0};
	size_t n = catalog_list(c, OBJECT_TABLE, &o->arena, &tables);

	for (size_t i = 0; i < n; i++) {
		struct name name = {tables[i]->schema, tables[i]->name};
		long long count;
		char hash[65];

		must(o->e->rows_fingerprint(o->conn, name, (struct names){0}, &count, hash, &err),
			&err);
		out = arena_printf(
			&o->arena, "%.*s%.*s=%s ", SLICE(out), SLICE(tables[i]->name), hash);
	}
	must(o->e->positions(o->conn, &o->arena, &positions, &err), &err);
	return arena_printf(&o->arena, "%.*s%.*s", SLICE(out), SLICE(joined(o, positions)));
}

/* The statement has run once: what does it do again? */
static struct slice run_again(struct oracle *o, struct slice sql)
{
	struct catalog *once = load(o), *twice;
	struct slice rows = data(o, once), why, out;
	struct diff_options options = {.ignore_order = true};
	struct catalog_diff d;

	if (!run(o, sql, &why)) {
		out = SL("fails");
	} else {
		twice = load(o);
		d = catalog_compare(&o->arena, once, twice, &options);
		out = catalog_diff_is_empty(&d) && slice_eq(rows, data(o, twice)) ? SL("same")
										  : SL("differs");
		catalog_free(twice);
	}
	catalog_free(once);
	return out;
}

static bool observe(
	struct oracle *o, const struct kase *k, struct observed *held, struct answer *out)
{
	struct rows tables, before, after;
	struct observed seen;
	struct err err = {0};
	struct slice why;
	bool ok;

	must(conn_exec(o->conn, SL("BEGIN"), &err), &err);
	must(o->e->observe_begin(o->conn, &err), &err);
	if (!run(o, k->context, &why))
		fail_msg("line %zu: the context fails: %.*s", k->line, SLICE(why));
	must(o->e->observe_end(o->conn, &o->arena, held, &err), &err);
	if (k->context.len) { /* with what it made */
		must(o->e->observe_begin(o->conn, &err), &err);
		must(o->e->observe_end(o->conn, &o->arena, held, &err), &err);
	}
	query(o, tables_sql, &tables);
	query(o, indexes_sql, &before);
	must(o->e->observe_begin(o->conn, &err), &err);
	ok = run(o, k->sql, &why);
	if (ok && !k->alone) {
		must(o->e->observe_end(o->conn, &o->arena, &seen, &err), &err);
		query(o, indexes_sql, &after);
		add_locks(o, &out->facts[FACT_LOCKS], seen.locks, seen.nlocks, held);
		add_touched(o, &out->facts[FACT_REWRITES], seen.rewrites, seen.nrewrites);
		add_touched(o, &out->facts[FACT_SCANS], seen.scans, seen.nscans);
		add_builds(o, &out->facts[FACT_BUILDS], &tables, &before, &after);
		out->rerun = run_again(o, k->sql);
		o->observed++;
	}
	must(conn_exec(o->conn, SL("ROLLBACK"), &err), &err);
	must(conn_exec(o->conn, SL("RESET client_min_messages"), &err), &err);
	if (k->alone && ok)
		fault(o, k, "runs inside a transaction block");
	if (!ok && !k->alone && slice_is(k->says.outcome, "ok") && !o->write)
		fault(o, k, "the server refuses: %.*s", SLICE(why));
	if (o->write && !ok)
		printf("# %.*s\n", SLICE(why));
	out->outcome = ok ? SL("ok") : SL("fails");
	return ok && !k->alone;
}

/* ---- Comparing ---- */
static void compare_outcome(
	struct oracle *o, const struct kase *k, const struct answer *p, const struct answer *s)
{
	if (!slice_eq(p->outcome, k->says.outcome))
		fault(o, k, "outcome: table %.*s, predicted %.*s", SLICE(k->says.outcome),
			SLICE(p->outcome));
	if (!k->alone && slice_is(k->says.outcome, "fails") && slice_is(s->outcome, "ok"))
		fault(o, k, "the server accepts it");
	if (s->rerun.len && !slice_is(p->rerun, "unknown") && !slice_eq(p->rerun, s->rerun))
		fault(o, k, "rerun: predicted %.*s, observed %.*s", SLICE(p->rerun),
			SLICE(s->rerun));
}

static void compare(struct oracle *o, const struct kase *k, const struct answer *p,
	const struct answer *s, bool seen)
{
	for (int f = 0; f < FACTS_ && !slice_is(k->says.outcome, "fails"); f++) {
		struct names t = k->says.facts[f];
		bool ok = names_eq(t, p->facts[f]);

		o->all[f]++;
		if (!ok)
			fault(o, k, "%s: table [%.*s], predicted [%.*s]", fact_words[f],
				SLICE(joined(o, t)), SLICE(joined(o, p->facts[f])));
		for (size_t i = 0; seen && i < t.n; i++)
			if (!doubtful(t.at[i]) && !has(s->facts[f], t.at[i])) {
				fault(o, k, "%s: table says %.*s, not observed", fact_words[f],
					SLICE(t.at[i]));
				ok = false;
			}
		for (size_t i = 0; seen && i < s->facts[f].n; i++)
			if (!has(t, s->facts[f].at[i])) {
				fault(o, k, "%s: observed %.*s, not in the table", fact_words[f],
					SLICE(s->facts[f].at[i]));
				ok = false;
			}
		o->agreed[f] += ok;
	}
	compare_outcome(o, k, p, s);
}

/* For a table to be looked through: what the server did, and beside it what was predicted. */
static void write_case(
	struct oracle *o, const struct kase *k, const struct answer *p, const struct answer *s)
{
	struct slice rest = k->context, line;

	while (slice_line(&rest, &line))
		printf("| %.*s\n", SLICE(line));
	printf("%.*s\n", SLICE(k->sql));
	for (int f = 0; f < FACTS_; f++) {
		const struct names *n = k->alone ? &p->facts[f] : &s->facts[f];

		if (n->n)
			printf("    %-9s%.*s\n", fact_words[f], SLICE(joined(o, *n)));
		if (!names_eq(*n, p->facts[f]))
			printf("#   predicted %s: %.*s\n", fact_words[f],
				SLICE(joined(o, p->facts[f])));
	}
	if (k->alone)
		printf("    alone\n");
	if (!k->alone && slice_is(s->outcome, "fails"))
		printf("    outcome  fails\n#   predicted outcome: %.*s\n", SLICE(p->outcome));
	else if (!slice_is(p->outcome, "ok"))
		printf("    outcome  %.*s\n", SLICE(p->outcome));
	if (s->rerun.len && !slice_eq(s->rerun, p->rerun))
		printf("#   rerun %.*s predicted %.*s\n", SLICE(s->rerun), SLICE(p->rerun));
	printf("\n");
}

static void one(struct oracle *o, const struct kase *k)
{
	struct answer p = {0}, s = {0};
	struct observed held = {0};
	bool seen;

	o->faulty = false;
	o->cases++;
	seen = observe(o, k, &held, &s);
	predict(o, k, &held, &p);
	if (o->write)
		write_case(o, k, &p, &s);
	else
		compare(o, k, &p, &s, seen);
}

/* ---- Reading the table ---- */
static bool read_fact(struct oracle *o, struct kase *k, struct slice line)
{
	size_t blank = slice_chr(line, ' ');
	struct slice word = blank == SIZE_MAX ? line : slice_sub(line, 0, blank), piece;
	struct slice rest = blank == SIZE_MAX ? SLICE_NONE : slice_trim(slice_from(line, blank));

	if (slice_is(word, "alone"))
		return k->alone = true;
	if (slice_is(word, "outcome")) {
		k->says.outcome = rest;
		return true;
	}
	for (int f = 0; f < FACTS_; f++)
		if (slice_is(word, fact_words[f])) {
			while (slice_next(&rest, ',', &piece))
				add(o, &k->says.facts[f], slice_trim(piece));
			return true;
		}
	return false;
}

static void start_section(struct oracle *o, struct slice title)
{
	struct err err = {0};

	if (o->conn)
		conn_close(o->conn);
	catalog_free(o->model);
	o->model = NULL;
	must(o->e->scratch_open(o->scratch, "main", NULL, &o->conn, &err), &err);
	if (o->write)
		printf("=== %.*s\n", SLICE(title));
}

static void setup(struct oracle *o, struct slice *text, size_t *at)
{
	struct slice line, why, sql = SLICE_NONE;

	while (slice_line(text, &line)) {
		++*at;
		if (slice_is(line, "}"))
			break;
		sql = arena_printf(&o->arena, "%.*s%.*s\n", SLICE(sql), SLICE(line));
	}
	if (o->write)
		printf("{\n%.*s}\n\n", SLICE(sql));
	if (!run(o, sql, &why))
		fail_msg("line %zu: the setup fails: %.*s", *at, SLICE(why));
	o->model = load(o);
}

static void flush(struct oracle *o, struct kase *k)
{
	if (k->sql.len && o->model)
		one(o, k);
	*k = (struct kase){.says.outcome = SL("ok")};
}

static struct slice more(struct oracle *o, struct slice a, struct slice line)
{
	return a.len ? arena_printf(&o->arena, "%.*s\n%.*s", SLICE(a), SLICE(line)) : line;
}

static void read_table(struct oracle *o, struct slice text)
{
	struct kase k = {.says.outcome = SL("ok")};
	struct slice line;
	bool skipping = false;
	size_t at = 0;

	while (slice_line(&text, &line)) {
		at++;
		if (slice_starts(line, "#"))
			continue;
		if (slice_starts(line, "=== ")) {
			flush(o, &k);
			skipping = o->only && slice_find(line, slice_of(o->only)) == SIZE_MAX;
			if (!skipping)
				start_section(o, slice_from(line, 4));
		} else if (skipping) {
			continue;
		} else if (slice_is(line, "{")) {
			setup(o, &text, &at);
		} else if (slice_empty(slice_trim(line))) {
			flush(o, &k);
		} else if (slice_starts(line, "    ") || slice_starts(line, "\t")) {
			if (!read_fact(o, &k, slice_trim(line)))
				fail_msg("line %zu: %.*s", at, SLICE(line));
		} else if (slice_starts(line, "| ")) {
			k.context = more(o, k.context, slice_from(line, 2));
		} else {
			k.line = k.sql.len ? k.line : at;
			k.sql = more(o, k.sql, line);
		}
	}
	flush(o, &k);
}

static void test_all(void **state)
{
	struct oracle *o = *state;
	struct reader_options ro = {.dialect = DIALECT_POSTGRES};
	struct scratch_options so = {.version = 15};
	struct arena a = {0};
	struct slice text;
	const char *dir;
	struct err err = {0};

	if (!o->e->scratch_start(&o->scratch, &so, &err)) {
		printf("# skipped: %s\n", err.message);
		err_done(&err);
		skip();
	}
	ro.version = o->e->scratch_info(o->scratch).version;
	must(o->e->reader_open(&o->reader, &ro, &err), &err);
	dir = arena_cstr(&a, slice_n(__FILE__, (size_t)(strrchr(__FILE__, '/') - __FILE__)));
	must(io_read(&a, io_join(&a, dir, "postgres.txt"), &text, &err), &err);
	read_table(o, text);
	if (o->conn)
		conn_close(o->conn);
	catalog_free(o->model);
	o->e->reader_close(o->reader);
	o->e->scratch_stop(o->scratch);
	arena_done(&o->arena);
	arena_done(&a);
	printf("# %zu statements, %zu observed, %zu faults;", o->cases, o->observed, o->faults);
	for (int f = 0; f < FACTS_; f++)
		printf(" %s %zu/%zu", fact_words[f], o->agreed[f], o->all[f]);
	printf("\n");
	assert_int_equal(o->faults, 0);
}

int main(int argc, char **argv)
{
	struct oracle o = {.e = &engine_postgres,
		.only = argc > 1 ? argv[1] : NULL,
		.write = getenv("ORACLE_WRITE") != NULL};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_all, &o),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
