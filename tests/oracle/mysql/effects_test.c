/* effects_test.c - the effects of MariaDB and MySQL held up against servers and against tables.
 *
 * A table says what each statement does. Three answers are compared: the table's, what
 * engine->effects() predicts from the section's own text, and what a server was seen doing. A
 * section of MySQL is of one version: a later server runs it too, and the prediction for that
 * server's version must be the same. See README.md. */
#include "effects_oracle.h"

#include "base/io.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

extern const struct engine engine_mariadb, engine_mysql;

static const char *const list_words[] = {
	"rewrites", "scans", "builds", "writes", "destroys", "breaks", "needs"};
static const char *const word_words[] = {"algorithm", "transaction", "rerun", "outcome", "undo"};

void oracle_must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

static void fault(struct oracle *o, const struct kase *k, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void fault(struct oracle *o, const struct kase *k, const char *fmt, ...)
{
	va_list ap;

	if (!o->faulty)
		printf("%s:%zu: %.*s\n", o->file, k->line, SLICE(k->sql));
	o->faulty = true;
	o->faults++;
	printf("\t");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* ---- Lists ---- */

static struct slice sure(struct slice s)
{
	return slice_ends(s, "?") ? slice_sub(s, 0, s.len - 1) : s;
}

static bool has(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_eq(sure(n.at[i]), sure(s)))
			return true;
	return false;
}

void oracle_add(struct oracle *o, struct names *n, struct slice s)
{
	size_t at = n->n;

	if (has(*n, s))
		return;
	names_add(&o->arena, n, s);
	for (; at > 0 && slice_cmp(n->at[at - 1], s) > 0; at--)
		n->at[at] = n->at[at - 1];
	n->at[at] = s;
}

struct slice oracle_joined(struct oracle *o, struct names n)
{
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < n.n; i++)
		out = arena_printf(
			&o->arena, "%.*s%s%.*s", SLICE(out), i ? ", " : "", SLICE(n.at[i]));
	return out;
}

/* ---- The prediction ---- */

static struct slice path(struct oracle *o, struct name n, struct slice part, bool certain)
{
	return arena_printf(&o->arena, "%.*s%s%.*s%s%.*s%s", SLICE(n.schema),
		n.schema.len ? "." : "", SLICE(n.name), part.len ? "." : "", SLICE(part),
		certain ? "" : "?");
}

static void add_touched(
	struct oracle *o, struct names *out, const struct touched *v, size_t n, bool type)
{
	for (size_t i = 0; i < n; i++) {
		struct slice p = path(o, v[i].object, v[i].part, v[i].certain);

		if (type)
			p = arena_printf(
				&o->arena, "%s %.*s", object_type_word(v[i].type), SLICE(p));
		oracle_add(o, out, p);
	}
}

static void facts_of(struct oracle *o, const struct effect *e, struct answer *out)
{
	add_touched(o, &out->lists[F_REWRITES], e->rewrites, e->nrewrites, false);
	add_touched(o, &out->lists[F_SCANS], e->scans, e->nscans, false);
	add_touched(o, &out->lists[F_BUILDS], e->builds, e->nbuilds, false);
	add_touched(o, &out->lists[F_WRITES], e->writes_rows, e->nwrites_rows, false);
	add_touched(o, &out->lists[F_DESTROYS], e->destroys, e->ndestroys, true);
	for (size_t i = 0; i < e->nbreaks; i++)
		oracle_add(o, &out->lists[F_BREAKS],
			arena_printf(&o->arena, "%s %.*s", breaks_word(e->breaks[i].who),
				SLICE(path(o, e->breaks[i].object, e->breaks[i].part,
					e->breaks[i].certain))));
	for (size_t i = 0; i < e->needs.n; i++)
		oracle_add(o, &out->lists[F_NEEDS], e->needs.at[i]);
	if (e->algorithm)
		out->words[W_ALGORITHM] =
			arena_printf(&o->arena, "%s %s", e->algorithm, e->lock_clause);
	out->words[W_TRANSACTION] = slice_of(tx_rule_word(e->transaction));
	out->words[W_RERUN] = slice_of(rerun_word(e->rerun));
	out->words[W_OUTCOME] = slice_of(outcome_word(e->outcome));
	out->words[W_UNDO] = slice_of(undo_word(e->undo));
}

struct script oracle_read(struct oracle *o, struct slice sql)
{
	struct source *src = ARENA_NEW(&o->arena, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, &o->arena, "case", sql);
	oracle_must(script_read(o->e, o->reader, &o->arena, src, 0, sql.len, &script, &err), &err);
	return script;
}

static void set_version(struct oracle *o, int version)
{
	struct reader_options ro = {.dialect = o->e->dialect, .version = version};
	struct err err = {0};

	if (o->reader && o->version == version)
		return;
	if (o->reader)
		o->e->reader_close(o->reader);
	o->reader = NULL;
	o->version = version;
	oracle_must(o->e->reader_open(&o->reader, &ro, &err), &err);
}

static void apply_all(struct oracle *o, struct catalog *c, struct session *s, struct slice sql)
{
	struct script script = oracle_read(o, sql);
	struct slice why;

	for (size_t i = 0; i < script.n; i++)
		if (catalog_apply_statement(c, s, &script.at[i], &why) == APPLY_CONFLICT)
			fail_msg("the setup: %.*s: %.*s", SLICE(script.at[i].text), SLICE(why));
}

static struct script predict(
	struct oracle *o, int version, const struct kase *k, struct answer *out)
{
	struct catalog *c = catalog_new(o->e->dialect, version);
	struct script now;
	struct session s;
	struct effect e;

	set_version(o, version);
	now = oracle_read(o, k->sql);
	session_init(&s, o->e->dialect, &o->arena);
	catalog_set_complete(c, true);
	apply_all(o, c, &s, o->setup);
	apply_all(o, c, &s, k->context);
	if (now.n != 1) {
		fault(o, k, "is not one statement");
	} else {
		o->e->effects(&o->arena, c, &s, &now.at[0], &e);
		facts_of(o, &e, out);
		if (now.at[0].state == STATEMENT_OPAQUE)
			fault(o, k, "opaque: %.*s", SLICE(now.at[0].opaque_reason));
		if (o->write && e.outcome_why.len)
			printf("# because: %.*s\n", SLICE(e.outcome_why));
	}
	catalog_free(c);
	return now;
}

/* ---- Comparing ---- */

/* A refusal that follows from the rows that are there, as "may-fail" says. */
static bool is_of_rows(struct slice why)
{
	static const char *const says[] = {"Duplicate entry", "Data truncated", "Data too long",
		"Out of range value", "a foreign key constraint fails", "constraint fails",
		"CONSTRAINT `", "Check constraint '", "Invalid use of NULL", "Incorrect date",
		"Incorrect string value", "Incorrect integer", "Incorrect decimal",
		"cannot be null", "at row ", "a row that does not match", "Invalid JSON text",
		"Specified key was too long", "Cannot get geometry object"};

	for (size_t i = 0; i < sizeof says / sizeof *says; i++)
		if (slice_find(why, slice_of(says[i])) != SIZE_MAX)
			return true;
	return false;
}

static void compare_words(struct oracle *o, const struct kase *k, const struct answer *p,
	const struct answer *s, bool seen)
{
	for (int w = 0; w < WORDS_; w++) {
		struct slice says = k->says.words[w], foreseen = p->words[w], was = s->words[w];
		bool ok = true;

		if (w == W_UNDO && !says.len)
			continue;
		if (slice_is(k->says.words[W_OUTCOME], "fails") && w != W_OUTCOME)
			continue;
		o->all[LISTS_ + w]++;
		if (!slice_eq(says, foreseen)) {
			fault(o, k, "%s: table %.*s, predicted %.*s", word_words[w], SLICE(says),
				SLICE(foreseen));
			ok = false;
		}
		if (was.len && !slice_eq(says, was) &&
			!(w == W_RERUN && slice_is(says, "unknown")) &&
			!(slice_is(k->says.words[W_OUTCOME], "may-fail") &&
				(w == W_OUTCOME || slice_is(s->words[W_OUTCOME], "fails")))) {
			fault(o, k, "%s: table %.*s, observed %.*s", word_words[w], SLICE(says),
				SLICE(was));
			ok = false;
		}
		o->agreed[LISTS_ + w] += ok;
	}
	(void)seen;
}

static void compare_lists(struct oracle *o, const struct kase *k, const struct script *st,
	const struct answer *p, const struct answer *s, bool seen)
{
	if (slice_is(k->says.words[W_OUTCOME], "fails"))
		return;
	for (int f = 0; f < LISTS_; f++) {
		struct names t = k->says.lists[f];
		bool ok = names_eq(t, p->lists[f]);

		if (f == F_BREAKS && !k->says.said_breaks)
			continue;
		o->all[f]++;
		if (!ok)
			fault(o, k, "%s: table [%.*s], predicted [%.*s]", list_words[f],
				SLICE(oracle_joined(o, t)), SLICE(oracle_joined(o, p->lists[f])));
		for (size_t i = 0; seen && oracle_is_observable(o, st, f) && i < t.n; i++)
			if (!slice_ends(t.at[i], "?") && !slice_ends(t.at[i], ".rows") &&
				!oracle_makes_again(st, t.at[i]) && !has(s->lists[f], t.at[i])) {
				fault(o, k, "%s: table says %.*s, not observed", list_words[f],
					SLICE(t.at[i]));
				ok = false;
			}
		for (size_t i = 0; seen && oracle_is_observable(o, st, f) && i < s->lists[f].n; i++)
			if (!has(t, s->lists[f].at[i])) {
				fault(o, k, "%s: observed %.*s, not in the table", list_words[f],
					SLICE(s->lists[f].at[i]));
				ok = false;
			}
		o->agreed[f] += ok;
	}
}

/* For a table to be looked through: what the server did, and beside it what was predicted. */
static void write_case(struct oracle *o, const struct kase *k, const struct script *st,
	const struct answer *p, const struct answer *s, bool seen, struct slice why)
{
	struct slice rest = k->context, line;

	while (slice_line(&rest, &line))
		printf("| %.*s\n", SLICE(line));
	printf("%.*s\n", SLICE(k->sql));
	if (slice_is(s->words[W_OUTCOME], "fails") && slice_is(p->words[W_OUTCOME], "may-fail")) {
		printf("# %.*s\n", SLICE(why));
		s = p;
	} else if (slice_is(s->words[W_OUTCOME], "fails")) {
		printf("    outcome     fails\n# %.*s\n", SLICE(why));
		if (!slice_is(p->words[W_OUTCOME], "fails"))
			printf("#   predicted %.*s\n", SLICE(p->words[W_OUTCOME]));
		printf("\n");
		return;
	}
	if (k->manual.len)
		printf("    %-12s%.*s\n", "manual", SLICE(k->manual));
	if (!s->words[W_OUTCOME].len && slice_is(p->words[W_OUTCOME], "fails")) {
		printf("    outcome     fails\n\n");
		return;
	}
	for (int w = 0; w < WORDS_; w++) {
		struct slice was = s->words[w].len ? s->words[w] : p->words[w];

		if (w == W_OUTCOME && !(seen && slice_is(p->words[w], "fails")))
			was = p->words[w];
		if (was.len && !(w == W_OUTCOME && slice_is(was, "ok")) &&
			!(w == W_TRANSACTION && slice_is(was, "allowed")))
			printf("    %-12s%.*s\n", word_words[w], SLICE(was));
		if (!slice_eq(was, p->words[w]))
			printf("#   predicted %s %.*s%s%.*s\n", word_words[w], SLICE(p->words[w]),
				w == W_RERUN ? " because: " : "",
				SLICE(w == W_RERUN ? why : SLICE_NONE));
	}
	for (int f = 0; f < LISTS_; f++) {
		const struct names *n =
			seen && oracle_is_observable(o, st, f) ? &s->lists[f] : &p->lists[f];

		if (n->n)
			printf("    %-12s%.*s\n", list_words[f], SLICE(oracle_joined(o, *n)));
		if (!names_eq(*n, p->lists[f]))
			printf("#   predicted %s: %.*s\n", list_words[f],
				SLICE(oracle_joined(o, p->lists[f])));
	}
	printf("\n");
}

/* MySQL: what is said of versions before 8.0.29 holds for those alone. */
static bool is_watched(const struct oracle *o)
{
	return o->cluster.server && !o->documented &&
	       (o->e != &engine_mysql || (o->section >= 80029 && o->section <= o->cluster.version));
}

/* What is said of the section's version is said of the server's. */
static void predict_later(struct oracle *o, const struct kase *k, const struct answer *p)
{
	struct answer later = {0};

	if (o->section == o->cluster.version)
		return;
	predict(o, o->cluster.version, k, &later);
	for (int w = 0; w < WORDS_; w++)
		if (!slice_eq(later.words[w], p->words[w]))
			fault(o, k, "%s: predicted %.*s, for the server's version %.*s",
				word_words[w], SLICE(p->words[w]), SLICE(later.words[w]));
	for (int f = 0; f < LISTS_; f++)
		if (!names_eq(later.lists[f], p->lists[f]))
			fault(o, k, "%s: predicted [%.*s], for the server's version [%.*s]",
				list_words[f], SLICE(oracle_joined(o, p->lists[f])),
				SLICE(oracle_joined(o, later.lists[f])));
}

/* The tables say what MariaDB 10.11 does. On another version the server is compared with what is
 * foreseen of that one. */
static bool is_other_version(const struct oracle *o)
{
	return o->e == &engine_mariadb && o->admin && o->admin->id.version / 100 != 1011;
}

static void one(struct oracle *o, const struct kase *k)
{
	struct answer p = {0}, s = {0};
	struct script st;
	struct slice why = SLICE_NONE;
	bool seen = false, watched = is_watched(o);
	struct kase elsewhere = *k;

	o->faulty = false;
	o->cases++;
	st = predict(o, o->section, k, &p);
	if (st.n != 1)
		return;
	if (is_other_version(o) && !o->write) {
		elsewhere.says = p;
		elsewhere.says.said_breaks = false;
		k = &elsewhere;
	}
	if (watched) {
		predict_later(o, k, &p);
		seen = oracle_observe(o, k, &st, &s, &why);
		if (seen)
			oracle_ask_algorithm(o, k, &st, &s);
		else if (!o->write && (slice_is(k->says.words[W_OUTCOME], "ok") ||
					      (slice_is(k->says.words[W_OUTCOME], "may-fail") &&
						      !is_of_rows(why) && !p.lists[F_NEEDS].n)))
			fault(o, k, "the server refuses: %.*s", SLICE(why));
	}
	if (!watched && o->documented && !k->manual.len)
		fault(o, k, "names no page of the manual");
	if (o->write) {
		write_case(o, k, &st, &p, &s, seen, why);
		return;
	}
	compare_words(o, k, &p, &s, seen);
	compare_lists(o, k, &st, &p, &s, seen);
}

/* ---- Reading the table ---- */

static bool read_fact(struct oracle *o, struct kase *k, struct slice line)
{
	size_t blank = slice_chr(line, ' ');
	struct slice word = blank >= line.len ? line : slice_sub(line, 0, blank), piece;
	struct slice rest = blank >= line.len ? SLICE_NONE : slice_trim(slice_from(line, blank));

	if (slice_is(word, "manual")) {
		k->manual = rest;
		return rest.len > 0;
	}
	for (int w = 0; w < WORDS_; w++)
		if (slice_is(word, word_words[w])) {
			k->says.words[w] = rest;
			return true;
		}
	for (int f = 0; f < LISTS_; f++)
		if (slice_is(word, list_words[f])) {
			k->says.said_breaks |= f == F_BREAKS;
			while (slice_next(&rest, ',', &piece))
				oracle_add(o, &k->says.lists[f], slice_trim(piece));
			return true;
		}
	return false;
}

static void read_setup(struct oracle *o, struct slice *text, size_t *at)
{
	struct slice line;

	o->setup = SLICE_NONE;
	o->clean = false;
	while (slice_line(text, &line)) {
		++*at;
		if (slice_is(line, "}"))
			break;
		o->setup = arena_printf(&o->arena, "%.*s%.*s\n", SLICE(o->setup), SLICE(line));
	}
	if (o->write)
		printf("{\n%.*s}\n\n", SLICE(o->setup));
}

static void fresh(struct kase *k)
{
	*k = (struct kase){0};
	k->says.words[W_OUTCOME] = SL("ok");
	k->says.words[W_TRANSACTION] = SL("allowed");
}

static struct slice more(struct oracle *o, struct slice a, struct slice line)
{
	return a.len ? arena_printf(&o->arena, "%.*s\n%.*s", SLICE(a), SLICE(line)) : line;
}

static void read_line(struct oracle *o, struct kase *k, struct slice line, size_t at)
{
	if (slice_starts(line, "    ") || slice_starts(line, "\t")) {
		if (!read_fact(o, k, slice_trim(line)))
			fail_msg("line %zu: %.*s", at, SLICE(line));
	} else if (slice_starts(line, "| ")) {
		k->context = more(o, k->context, slice_from(line, 2));
	} else {
		k->line = k->sql.len ? k->line : at;
		k->sql = more(o, k->sql, line);
	}
}

/* "=== title" or "=== 8.0.28 title"; "documented": no server of that version is asked. */
static void start_section(struct oracle *o, struct slice title)
{
	struct slice first = slice_sub(title, 0, slice_chr(title, ' '));

	if (first.len && first.at[0] >= '0' && first.at[0] <= '9')
		o->section = version_from_text(o->e->dialect, first);
	o->documented = slice_find(title, SL("documented")) < title.len;
	if (o->write)
		printf("=== %.*s\n", SLICE(title));
}

static void read_table(struct oracle *o, struct slice text)
{
	struct kase k;
	struct slice line;
	bool skipping = false;
	size_t at = 0;

	fresh(&k);
	while (slice_line(&text, &line)) {
		bool section = slice_starts(line, "=== "), end = slice_empty(slice_trim(line));

		at++;
		if (slice_starts(line, "#"))
			continue;
		if ((section || end) && k.sql.len)
			one(o, &k);
		if (section || end)
			fresh(&k);
		if (section) {
			skipping = o->only && slice_find(line, slice_of(o->only)) >= line.len;
			if (!skipping)
				start_section(o, slice_from(line, 4));
		} else if (!skipping && slice_is(line, "{")) {
			read_setup(o, &text, &at);
		} else if (!skipping && !end) {
			read_line(o, &k, line, at);
		}
	}
	if (k.sql.len)
		one(o, &k);
}

static void run_table(struct oracle *o)
{
	struct slice text;
	const char *dir;
	struct err err = {0};

	dir = arena_cstr(&o->arena, slice_n(__FILE__, (size_t)(strrchr(__FILE__, '/') - __FILE__)));
	if (o->other)
		oracle_must(io_read(&o->arena, o->other, &text, &err), &err);
	else
		oracle_must(
			io_read(&o->arena, io_join(&o->arena, dir, o->file), &text, &err), &err);
	read_table(o, text);
	o->e->reader_close(o->reader);
	o->reader = NULL;
	printf("# %s: %zu statements, %zu observed, %zu faults\n#", o->file, o->cases, o->observed,
		o->faults);
	for (int f = 0; f < LISTS_ + WORDS_; f++)
		printf(" %s %zu/%zu", f < LISTS_ ? list_words[f] : word_words[f - LISTS_],
			o->agreed[f], o->all[f]);
	printf("\n");
}

static void start_server(struct oracle *o)
{
	struct waiter w = {0};
	struct slice why;
	struct err err = {0};

	if (!my_cluster_find(&o->arena, o->e->dialect, NULL, 0, &o->cluster, &err) ||
		!my_cluster_make(&o->arena, &o->cluster, &w, &err) ||
		!my_cluster_start(&o->arena, &o->cluster, false, &w, &o->admin, &err)) {
		printf("# no server, the table and the prediction only: %s\n", err.message);
		err_done(&err);
		o->cluster.server = NULL;
		return;
	}
	if (!oracle_run(o, o->admin, SL("CREATE DATABASE witness"), &why) ||
		!oracle_run(o, o->admin, SL("CREATE TABLE witness.w (i INT)"), &why))
		fail_msg("%.*s", SLICE(why));
}

static void run_tables(struct oracle *o, const char *const *files, size_t n, int version)
{
	size_t faults = 0;

	o->other = getenv("ORACLE_TABLE");
	o->write = getenv("ORACLE_WRITE") != NULL;
	start_server(o);
	for (size_t i = 0; i < (o->other ? 1 : n); i++) {
		o->file = files[i];
		o->faults = o->cases = o->observed = 0;
		memset(o->agreed, 0, sizeof o->agreed);
		memset(o->all, 0, sizeof o->all);
		o->section = version ? version : o->admin ? o->admin->id.version : 101100;
		run_table(o);
		faults += o->faults;
	}
	conn_close(o->conn);
	conn_close(o->admin);
	if (o->cluster.server)
		process_stop(o->cluster.server, SIGKILL, 5000);
	arena_done(&o->arena);
	assert_int_equal(faults, 0);
}

/* ORACLE_TABLE with ORACLE_DIALECT=mysql or mariadb: that table alone. */
static bool is_other(const char *name)
{
	const char *want = getenv("ORACLE_DIALECT");

	return want ? strcmp(want, name) != 0
		    : getenv("ORACLE_TABLE") && strcmp(name, "mariadb") != 0;
}

static void test_mariadb(void **state)
{
	static const char *const files[] = {"effects.txt", "shapes.txt", "rows.txt", "unseen.txt",
		"unseen_more.txt", "rules.txt", "fresh.txt"};
	struct oracle o = {.e = &engine_mariadb, .only = *state};

	if (!is_other("mariadb"))
		run_tables(&o, files, sizeof files / sizeof *files, 0);
}

static void test_mysql(void **state)
{
	static const char *const files[] = {"mysql.txt", "mysql_effects.txt", "mysql_more.txt",
		"mysql_shapes.txt", "mysql_rows.txt", "mysql_unseen.txt", "mysql_fresh.txt"};
	struct oracle o = {.e = &engine_mysql, .only = *state};

	if (!is_other("mysql"))
		run_tables(&o, files, sizeof files / sizeof *files, 80036);
}

int main(int argc, char **argv)
{
	void *only = argc > 1 ? argv[1] : NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_mysql, only),
		cmocka_unit_test_prestate(test_mariadb, only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
