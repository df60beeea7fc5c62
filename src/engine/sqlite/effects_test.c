/* effects_test.c - one line of facts per statement; version gates and what the oracle cannot try.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "engine/sqlite/sqlite.h"
#include "sql/split.h"

static void touched(struct buf *b, const char *word, const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%s%s %.*s.%.*s", b->len ? "; " : "", word, SLICE(v[i].object.schema),
			SLICE(v[i].object.name));
		if (v[i].part.len)
			buf_printf(b, ".%.*s", SLICE(v[i].part));
		if (!v[i].certain)
			buf_addc(b, '?');
	}
}

static void describe(struct buf *b, const struct effect *e)
{
	if (e->outcome != OUTCOME_OK)
		buf_printf(b, "%s (%.*s)", outcome_word(e->outcome), SLICE(e->outcome_why));
	for (size_t i = 0; i < e->nlocks; i++)
		buf_printf(b, "%s%s", b->len ? "; " : "", e->locks[i].mode);
	touched(b, "rewrites", e->rewrites, e->nrewrites);
	touched(b, "scans", e->scans, e->nscans);
	touched(b, "builds", e->builds, e->nbuilds);
	touched(b, "writes", e->writes_rows, e->nwrites_rows);
	touched(b, "destroys", e->destroys, e->ndestroys);
	for (size_t i = 0; i < e->nbreaks; i++) {
		buf_printf(b, "; breaks %s %.*s", breaks_word(e->breaks[i].who),
			SLICE(e->breaks[i].object.name));
		if (e->breaks[i].part.len)
			buf_printf(b, ".%.*s", SLICE(e->breaks[i].part));
	}
	if (e->transaction != TX_ALLOWED)
		buf_printf(b, "%stx %s", b->len ? "; " : "", tx_rule_word(e->transaction));
	buf_printf(b, "; again %s; undo %s", rerun_word(e->rerun), undo_word(e->undo));
	for (size_t i = 0; i < e->needs.n; i++)
		buf_printf(b, "; needs %.*s", SLICE(e->needs.at[i]));
}

#define T "CREATE TABLE t (id INTEGER PRIMARY KEY, a int, b text UNIQUE, c text);"
#define CHILD "CREATE TABLE child (t_id int REFERENCES t(id) ON DELETE CASCADE);"

/* clang-format off */
static const struct {
	int version;
	const char *setup, *sql, *want;
} cases[] = {
	{34001, "", "CREATE TABLE n (a)", "RESERVED; breaks new-code-before n; again fails; undo exact"},
	{34001, T, "CREATE TABLE IF NOT EXISTS t (a)", "SHARED; again same; undo exact"},
	{34001, T, "CREATE TABLE t (a)", "fails (table t already exists); RESERVED; breaks new-code-before t; again fails; undo exact"},
	{33500, "", "CREATE TABLE n (a int) STRICT", "fails (SQLite 3.35 has no STRICT tables: it came with 3.37); RESERVED; breaks new-code-before n; again fails; undo exact"},
	{34001, T, "ALTER TABLE t ADD COLUMN d int", "RESERVED; breaks new-code-before t.d; again fails; undo exact"},
	{34001, T, "ALTER TABLE t ADD COLUMN d int NOT NULL",
	 "may-fail (Cannot add a NOT NULL column with default value NULL: refused unless main.t is empty); RESERVED; breaks new-code-before t.d; breaks old-writers t.d; again fails; undo exact"},
	{34001, T, "ALTER TABLE t ADD COLUMN d int CHECK (d > 0)",
	 "may-fail (rows of main.t may not satisfy the new constraint); RESERVED; scans main.t; breaks new-code-before t.d; again fails; undo exact"},
	{33600, T, "ALTER TABLE t ADD COLUMN d int CHECK (d > 0)", "RESERVED; breaks new-code-before t.d; again fails; undo exact"},
	{34001, T, "ALTER TABLE t DROP COLUMN c", "RESERVED; rewrites main.t; destroys main.t.c; breaks old-readers t.c; breaks old-writers t.c; again fails; undo schema-only"},
	{33400, T, "ALTER TABLE t DROP COLUMN c", "fails (SQLite 3.34 has no DROP COLUMN: it came with 3.35); RESERVED; again fails; undo exact"},
	{34001, T, "ALTER TABLE t DROP COLUMN b", "fails (cannot drop UNIQUE column: \"b\"); RESERVED; rewrites main.t; destroys main.t.b; breaks old-readers t.b; breaks old-writers t.b; again fails; undo schema-only"},
	{34001, T, "ALTER TABLE t RENAME COLUMN a TO z", "RESERVED; breaks old-readers t.a; breaks old-writers t.a; breaks new-code-before t.z; again fails; undo exact"},
	{32400, T, "ALTER TABLE t RENAME COLUMN a TO z", "fails (SQLite 3.24 has no RENAME COLUMN: it came with 3.25); RESERVED; again fails; undo exact"},
	{34001, T, "ALTER TABLE t RENAME TO u", "RESERVED; breaks old-readers t; breaks old-writers t; breaks new-code-before u; again fails; undo exact"},
	{34001, T "CREATE VIEW v AS SELECT a FROM t; DROP TABLE t; CREATE TABLE u (a);", "ALTER TABLE u RENAME TO t",
	 "fails (error in view v: no such table: t); RESERVED; breaks old-readers u; breaks old-writers u; breaks new-code-before t; again fails; undo exact"},
	{34001, T, "ALTER TABLE t ALTER COLUMN a SET NOT NULL", "fails (SQLite 3.40.1 has no ALTER COLUMN: it came with 3.53); RESERVED; again fails; undo exact"},
	{35300, T, "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
	 "may-fail (rows of main.t may not satisfy the new constraint); RESERVED; scans main.t; breaks old-writers t.a; again same; undo exact"},
	{34001, T, "CREATE INDEX i ON t (a)", "RESERVED; scans main.t; builds main.i; again fails; undo exact"},
	{34001, T, "CREATE UNIQUE INDEX i ON t (a)",
	 "may-fail (rows of main.t that are not unique would refuse the index); RESERVED; scans main.t; builds main.i; again fails; undo exact"},
	{34001, T, "DROP TABLE t", "RESERVED; destroys main.t; breaks old-readers t; breaks old-writers t; again fails; undo schema-only"},
	{34001, T, "DROP TABLE IF EXISTS gone", "SHARED; again same; undo exact"},
	{34001, T CHILD "PRAGMA foreign_keys = ON;", "DROP TABLE t",
	 "RESERVED; writes main.child; destroys main.t; breaks old-readers t; breaks old-writers t; breaks old-writers child; again fails; undo schema-only"},
	{34001, T, "VACUUM", "EXCLUSIVE; rewrites main.t; builds main.sqlite_autoindex_t_1; tx forbidden; again same; undo exact"},
	{34001, T "BEGIN;", "VACUUM", "fails (cannot VACUUM from within a transaction); EXCLUSIVE; rewrites main.t; builds main.sqlite_autoindex_t_1; tx forbidden; again fails; undo exact"},
	{34001, T, "PRAGMA foreign_keys = ON", "tx no-effect; again same; undo exact"},
	{34001, T, "PRAGMA journal_mode = WAL", "EXCLUSIVE; tx forbidden; again same; undo exact"},
	{34001, T, "UPDATE t SET c = 'x'", "RESERVED; scans main.t; writes main.t; again same; undo none"},
	{34001, T, "UPDATE t SET a = a + 1 WHERE id = 1", "RESERVED; writes main.t; again differs; undo none"},
	{34001, T, "DELETE FROM t", "RESERVED; writes main.t; again same; undo none"},
	{34001, T, "INSERT INTO t (a) VALUES (1)", "RESERVED; writes main.t; again differs; undo exact"},
	{34001, T, "INSERT INTO t (id) VALUES (1)", "RESERVED; writes main.t; again fails; undo exact"},
	{34001, T, "INSERT OR IGNORE INTO t (id) VALUES (1)", "RESERVED; writes main.t; again same; undo exact"},
	{34001, T, "COMMIT", "fails (cannot commit - no transaction is active); tx commits; again fails; undo exact"},
	{34001, T, "SELECT * FROM t", "SHARED; scans main.t; again same; undo exact"},
};
/* clang-format on */

struct world {
	struct arena a;
	struct reader *reader;
	struct catalog *c;
	struct session s;
};

static void read_text(struct world *w, struct slice sql, struct statement *st)
{
	struct err err = {0};

	*st = (struct statement){.text = sql, .span = {.len = sql.len}};
	assert_true(sqlite_read(w->reader, &w->a, st, &err));
}

static void set_up(struct world *w, struct slice sql)
{
	struct splitter s;
	struct piece p;

	splitter_init(&s, DIALECT_SQLITE, sql);
	while (splitter_next(&s, &p)) {
		struct statement st;
		struct slice why;

		if (p.kind != PIECE_SQL)
			continue;
		read_text(w, slice_sub(sql, p.body_off, p.body_len), &st);
		assert_int_equal(catalog_apply_statement(w->c, &w->s, &st, &why), APPLIED);
	}
}

static void states_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world w = {0};
		struct reader_options o = {.dialect = DIALECT_SQLITE, .version = cases[i].version};
		struct statement st;
		struct effect e;
		struct buf b = {0};
		struct err err = {0};

		assert_true(sqlite_reader_open(&w.reader, &o, &err));
		w.c = catalog_new(DIALECT_SQLITE, cases[i].version);
		session_init(&w.s, DIALECT_SQLITE, &w.a);
		set_up(&w, slice_of(cases[i].setup));
		read_text(&w, slice_of(cases[i].sql), &st);
		sqlite_effects(&w.a, w.c, &w.s, &st, &e);
		describe(&b, &e);
		assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_done(&b);
		catalog_free(w.c);
		sqlite_reader_close(w.reader);
		arena_done(&w.a);
	}
}

static void knows_what_wants_no_transaction(void **state)
{
	static const struct {
		const char *sql;
		bool want;
	} table[] = {
		{"VACUUM", true},
		{"PRAGMA journal_mode = WAL", true},
		{"PRAGMA journal_mode", false},
		{"PRAGMA foreign_keys = OFF", false},
		{"PRAGMA user_version = 3", false},
		{"CREATE TABLE t (a)", false},
	};
	struct world w = {0};
	struct reader_options o = {.dialect = DIALECT_SQLITE};
	struct err err = {0};

	(void)state;
	assert_true(sqlite_reader_open(&w.reader, &o, &err));
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct statement st;

		read_text(&w, slice_of(table[i].sql), &st);
		assert_int_equal(sqlite_needs_no_tx(&st, 34001), table[i].want);
	}
	sqlite_reader_close(w.reader);
	arena_done(&w.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_facts),
		cmocka_unit_test(knows_what_wants_no_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
