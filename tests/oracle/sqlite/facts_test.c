/* facts_test.c - everything that is said of a statement, held up against SQLite of any version.
 *
 * Each statement of facts*.txt is foreseen for the version at hand by what is linked here, and done
 * by that version, which may be another library (BELAY_SQLITE: the path of a libsqlite3). The
 * table, the prediction and the database must say the same. See README.md. */
#include "facts.h"

#include "base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const char *const fact_words[FACTS_] = {
	"", "lock", "rebuild", "writes", "gone", "readers", "writers", "again", "undo", "tx"};

struct oracle {
	struct arena arena;
	struct library lib;
	const char *path, *file;
	struct slice setup, extra, sql, wants;
	size_t line, sql_line;
	size_t statements, facts, uncertain, faults;
	bool prints;
};

struct slice joined(struct arena *a, struct names n)
{
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < n.n; i++)
		out = arena_printf(a, "%.*s%s%.*s", SLICE(out), i ? " " : "", SLICE(n.at[i]));
	return out;
}

/* "ok; lock RESERVED; rebuild t; again fails; undo exact" */
struct slice facts_line(struct arena *a, const struct facts *f)
{
	struct slice out = f->v[FACT_OUTCOME];

	for (size_t i = 1; i < FACTS_ && slice_is(f->v[FACT_OUTCOME], "ok"); i++)
		if (f->v[i].len && !slice_is(f->v[i], "?"))
			out = arena_printf(
				a, "%.*s; %s %.*s", SLICE(out), fact_words[i], SLICE(f->v[i]));
	return out;
}

static void fault(struct oracle *o, const char *what, struct slice foreseen, struct slice was,
	const struct facts *f)
{
	o->faults++;
	printf("%s:%zu: %.*s\n\t%s: foreseen %.*s%s%.*s%s, was %.*s\n", o->file, o->sql_line,
		SLICE(o->sql), what, SLICE(foreseen), f->why.len ? " (" : "", SLICE(f->why),
		f->why.len ? ")" : "", SLICE(was));
}

/* What only the rows, or the files of the machine, decide. */
static bool row_refused(const struct facts *was)
{
	return slice_find(was->why, SL("constraint failed")) != SIZE_MAX ||
	       slice_find(was->why, SL("cannot store")) != SIZE_MAX;
}

/* Every word of `a` is one of `b`. */
static bool is_within(struct slice a, struct slice b)
{
	struct slice one;

	while (slice_next(&a, ' ', &one)) {
		struct slice rest = b, other;
		bool found = false;

		while (!found && slice_next(&rest, ' ', &other))
			found = slice_eq(one, other);
		if (!found)
			return false;
	}
	return true;
}

static bool changes_rows(struct slice sql)
{
	return slice_istarts(sql, "update") || slice_istarts(sql, "delete") ||
	       slice_istarts(sql, "insert") || slice_istarts(sql, "replace") ||
	       slice_istarts(sql, "with");
}

/* The effects speak as if a row had matched, so fewer rows may be written than they say, and then
 * there is less to undo. Writers that a new NOT NULL or CHECK refuses are not tried. */
static bool agrees(
	const struct oracle *o, enum fact i, const struct facts *said, const struct facts *was)
{
	struct slice a = said->v[i], b = was->v[i];

	if (slice_eq(a, b) || (said->elsewhere && i > FACT_LOCK))
		return true;
	switch (i) {
	case FACT_OUTCOME:
		return slice_is(a, "may-fail") || (slice_is(a, "ok") && row_refused(was));
	case FACT_LOCK:
		return b.len == 0 || was->v[FACT_TX].len;
	case FACT_ROWS:
		return is_within(b, a);
	case FACT_UNDO:
		return changes_rows(o->sql) && slice_is(a, "none") && slice_is(b, "exact");
	case FACT_WRITERS:
		if (is_within(b, a) && (slice_ifind(o->sql, SL("NOT NULL")) != SIZE_MAX ||
					       slice_ifind(o->sql, SL("CHECK")) != SIZE_MAX))
			return true;
		return slice_is(b, "?");
	case FACT_TREES:
	case FACT_READERS:
	case FACT_GONE:
	case FACT_AGAIN:
	case FACT_TX:
	case FACTS_:
		break;
	}
	return slice_is(b, "?");
}

static void compare(struct oracle *o, const struct facts *said, const struct facts *was)
{
	bool done =
		slice_is(was->v[FACT_OUTCOME], "ok") && !slice_is(said->v[FACT_OUTCOME], "refused");

	for (enum fact i = 0; i < (done ? FACTS_ : 1); i++) {
		o->facts++;
		if (agrees(o, i, said, was))
			continue;
		if (!said->certain)
			o->uncertain++;
		else
			fault(o, i ? fact_words[i] : "outcome", said->v[i], was->v[i],
				i ? said : (said->why.len ? said : was));
	}
}

/* The last line of the table that holds for this version: "3.43 ok; …" counts from 3.43 on. */
static void one(struct oracle *o)
{
	struct arena a = {0};
	struct slice setup, line;
	struct facts said, was;

	if (!o->sql.len)
		return;
	o->statements++;
	setup = arena_printf(&a, "%.*s%.*s", SLICE(o->setup), SLICE(o->extra));
	facts_foreseen(&a, o->lib.version, setup, o->sql, &said);
	facts_watched(&a, &o->lib, o->path, setup, o->sql, &was);
	line = facts_line(&a, &was);
	if (o->prints) {
		printf("%s:%zu\t%.*s\n", o->file, o->sql_line, SLICE(line));
	} else {
		compare(o, &said, &was);
		if (o->wants.len && !slice_eq(line, o->wants))
			fault(o, "the table", o->wants, line, &(struct facts){0});
	}
	o->sql = o->extra = o->wants = SLICE_NONE;
	arena_done(&a);
}

/* "3.43 ok" */
static struct slice for_version(struct slice line, int *version)
{
	int minor = 0;
	size_t i = 2;

	*version = 0;
	if (!slice_starts(line, "3."))
		return line;
	for (; i < line.len && line.at[i] >= '0' && line.at[i] <= '9'; i++)
		minor = minor * 10 + (line.at[i] - '0');
	*version = 30000 + minor * 100;
	return slice_trim(slice_from(line, i));
}

static void expect(struct oracle *o, struct slice line)
{
	int since;
	struct slice wants = for_version(line, &since);

	if (since <= o->lib.version)
		o->wants = wants;
}

static struct slice with_line(struct oracle *o, struct slice text, struct slice line)
{
	return arena_printf(&o->arena, "%.*s%.*s\n", SLICE(text), SLICE(line));
}

static void read_table(struct oracle *o, struct slice text)
{
	struct slice line;
	bool in_setup = false;
	int since;

	o->line = 0;
	while (slice_line(&text, &line)) {
		o->line++;
		if (in_setup) {
			in_setup = !slice_is(line, "}");
			if (in_setup && for_version(line, &since).len && since <= o->lib.version)
				o->setup = with_line(o, o->setup, for_version(line, &since));
		} else if (slice_starts(line, "    ")) {
			expect(o, slice_trim(line));
		} else if (slice_is(line, "{")) {
			one(o);
			in_setup = true;
			o->setup = SLICE_NONE;
		} else if (slice_starts(line, "+ ")) {
			one(o);
			o->extra = with_line(o, o->extra, slice_from(line, 2));
		} else if (line.len && !slice_starts(line, "#")) {
			one(o);
			o->sql = line;
			o->sql_line = o->line;
		}
	}
	one(o);
}

static void read_file(struct oracle *o, const char *folder, const char *name)
{
	struct slice text;
	struct err err = {0};

	o->file = name;
	if (!io_read(&o->arena, io_join(&o->arena, folder, name), &text, &err))
		fail_msg("%s", err.message);
	o->setup = SLICE_NONE;
	read_table(o, text);
}

static void says_what_sqlite_does(void **state)
{
	static const char *const files[] = {"facts_alter.txt", "facts_data.txt", "facts_odd.txt",
		"facts_unseen.txt", "facts_fresh.txt"};
	const char *other = getenv("ORACLE_TABLE");
	struct oracle o = {.prints = getenv("BELAY_FACTS_PRINT")};
	char dir[] = "/dev/shm/belay-facts-XXXXXX";
	const char *here = __FILE__, *folder;

	(void)state;
	/* Where there is none, the disk: it only takes longer. */
	if (!mkdtemp(dir))
		assert_non_null(mkdtemp(memcpy(dir, "/tmp/belay-facts-xxx-XXXXXX", sizeof dir)));
	assert_true(library_open(&o.lib, getenv("BELAY_SQLITE")));
	o.path = io_join(&o.arena, dir, "db");
	folder = arena_cstr(&o.arena, slice_n(here, (size_t)(strrchr(here, '/') - here)));
	for (size_t i = 0; i < sizeof files / sizeof *files && !other; i++)
		read_file(&o, folder, files[i]);
	if (other)
		read_file(&o, "", other);
	printf("# SQLite 3.%d.%d: %zu statements, %zu facts, %zu not certain, %zu faults\n",
		o.lib.version / 100 % 100, o.lib.version % 100, o.statements, o.facts, o.uncertain,
		o.faults);
	remove(o.path);
	remove(arena_printf(&o.arena, "%s-journal", o.path).at);
	remove(dir);
	library_close(&o.lib);
	arena_done(&o.arena);
	assert_int_equal(o.faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_sqlite_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
