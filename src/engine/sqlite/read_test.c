/* read_test.c - statements and what is read out of them, one line each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "engine/sqlite/sqlite.h"

static void word(struct buf *b, const char *key, struct slice s)
{
	if (s.len)
		buf_printf(b, " %s=%.*s", key, SLICE(s));
}

static void list(struct buf *b, const char *key, struct names n)
{
	if (!n.n)
		return;
	buf_printf(b, " %s=", key);
	for (size_t i = 0; i < n.n; i++)
		buf_printf(b, "%s%.*s", i ? "," : "", SLICE(n.at[i]));
}

static void constraint(struct buf *b, const struct object *o)
{
	const struct constraint_def *c = &o->constraint;

	buf_printf(b, "; %.*s", SLICE(c->kind));
	word(b, "name", o->name);
	list(b, "of", c->columns);
	word(b, "to", c->ref_table.name);
	list(b, "cols", c->ref_columns);
	if (!slice_is(c->on_delete, "no action"))
		word(b, "delete", c->on_delete);
	if (!slice_is(c->on_update, "no action"))
		word(b, "update", c->on_update);
	word(b, "expr", c->expression.text);
	list(b, "opt", c->options);
	list(b, "conflict", c->conflict);
	if (c->deferred)
		buf_adds(b, " deferred");
}

static void column(struct buf *b, const struct object *o)
{
	const struct column_def *c = &o->column;

	buf_printf(b, "; %.*s", SLICE(o->name));
	word(b, "type", c->type);
	if (c->not_null)
		buf_adds(b, " not-null");
	word(b, "default", c->default_value.text);
	if (c->default_value.facts && !c->default_value.facts->constant)
		buf_adds(b, "(computed)");
	word(b, c->generated.len ? c->generated.at : "", c->generation.text);
	word(b, "identity", c->identity);
	word(b, "collate", c->collation);
	list(b, "opt", c->options);
	for (size_t i = 0; i < o->nparts; i++)
		constraint(b, o->parts[i]);
}

static void object(struct buf *b, const struct object *o)
{
	if (!o)
		return;
	if (o->type == OBJECT_COLUMN)
		column(b, o);
	if (o->type == OBJECT_CONSTRAINT)
		constraint(b, o);
	if (o->type == OBJECT_TABLE) {
		if (slice_is(o->table_.persistence, "temporary"))
			buf_adds(b, " temporary");
		word(b, "using", o->table_.definition.text);
		for (size_t i = 0; i < o->nparts; i++)
			object(b, o->parts[i]);
		buf_adds(b, o->table_.strict ? "; strict" : "");
		buf_adds(b, o->table_.without_rowid ? "; without rowid" : "");
	}
	if (o->type == OBJECT_INDEX) {
		buf_adds(b, o->index.unique ? " unique" : "");
		list(b, "keys", o->index.keys);
		word(b, "where", o->index.predicate.text);
		list(b, "uses", o->index.columns);
	}
	if (o->type == OBJECT_VIEW) {
		list(b, "columns", o->view.columns);
		word(b, "query", o->view.query.text);
	}
	if (o->type == OBJECT_TRIGGER) {
		word(b, "timing", o->trigger.timing);
		list(b, "events", o->trigger.events);
		list(b, "of", o->trigger.columns);
		word(b, "when", o->trigger.condition.text);
		word(b, "body", o->trigger.body.text);
	}
}

static void flags(struct buf *b, unsigned f)
{
	static const struct {
		unsigned flag;
		const char *word;
	} words[] = {
		{CHANGE_IF_EXISTS, "if-exists"},
		{CHANGE_IF_NOT_EXISTS, "if-not-exists"},
		{CHANGE_HAS_WHERE, "where"},
		{CHANGE_WHERE_TRUE, "always"},
		{CHANGE_HAS_LIMIT, "limit"},
		{CHANGE_FROM_SELECT, "from-select"},
		{CHANGE_ON_CONFLICT, "on-conflict"},
		{CHANGE_RETURNING, "returning"},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (f & words[i].flag)
			buf_printf(b, " [%s]", words[i].word);
}

static void describe(struct buf *b, const struct statement *st)
{
	if (st->state == STATEMENT_OPAQUE)
		buf_printf(b, "OPAQUE %.*s", SLICE(st->opaque_reason));
	if (st->state == STATEMENT_SYNTAX)
		buf_printf(b, "SYNTAX %.*s @%zd", SLICE(st->fault_message), (ssize_t)st->fault_at);
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];

		buf_adds(b, change_words(ch->kind));
		word(b, "schema", ch->target.schema);
		word(b, "target", ch->target.name);
		word(b, "name", ch->name);
		word(b, "other", ch->other.name);
		flags(b, ch->flags);
		list(b, "list", ch->list);
		if (ch->kind != CHANGE_SELECT && ch->kind != CHANGE_CREATE_TABLE_AS)
			word(b, "value", ch->value.text);
		list(b, "reads", ch->reads);
		if (ch->value.facts)
			list(b, "calls", ch->value.facts->functions);
		object(b, ch->def);
	}
}

/* clang-format off */
static const struct {
	const char *sql, *want;
} cases[] = {
	/* ---- CREATE TABLE ---- */
	{"CREATE TABLE t (a, b text)", "create table target=t; a; b type=text"},
	{"create table if not exists main.\"my t\" (a integer primary key)",
	 "create table schema=main target=my t [if-not-exists]; a type=integer; primary key of=a"},
	{"CREATE TEMP TABLE t (a)", "create table schema=temp target=t temporary; a"},
	{"CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b varchar ( 20 ) NOT NULL DEFAULT 'x''y')",
	 "create table target=t; a type=INTEGER identity=autoincrement; "
	 "b type=varchar ( 20 ) not-null default='x''y'; primary key of=a"},
	{"CREATE TABLE t (a int DEFAULT -1, b DEFAULT (1 + 2), c DEFAULT CURRENT_TIMESTAMP, d DEFAULT "
	 "(datetime('now')), e DEFAULT NULL, f DEFAULT TRUE)",
	 "create table target=t; a type=int default=-1; b default=(1 + 2); "
	 "c default=CURRENT_TIMESTAMP(computed); d default=(datetime('now'))(computed); "
	 "e default=NULL; f default=TRUE"},
	{"CREATE TABLE t (a CHECK (a > 0 AND length(b) < 3), b, CONSTRAINT c CHECK (a <> b))",
	 "create table target=t; a; b; check of=a expr=a > 0 AND length(b) < 3; "
	 "check name=c expr=a <> b"},
	{"CREATE TABLE t (a INT REFERENCES p(id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE "
	 "INITIALLY DEFERRED, FOREIGN KEY (a, b) REFERENCES q ON DELETE RESTRICT, b)",
	 "OPAQUE belay does not know this form: \"b\" was not expected; "
	 "SQLite says: unknown column \"b\" in foreign key definition"},
	{"CREATE TABLE t (a INT REFERENCES p(id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE "
	 "INITIALLY DEFERRED, b, FOREIGN KEY (a, b) REFERENCES q ON DELETE RESTRICT)",
	 "create table target=t; a type=INT; b; "
	 "foreign key of=a to=p cols=id delete=set null update=cascade deferred; "
	 "foreign key of=a,b to=q delete=restrict"},
	{"CREATE TABLE t (a, b AS (a * 2), c GENERATED ALWAYS AS (a || 'x') STORED)",
	 "create table target=t; a; b virtual=a * 2; c stored=a || 'x'"},
	{"CREATE TABLE t (a TEXT NOT NULL ON CONFLICT IGNORE, b COLLATE nocase UNIQUE ON CONFLICT "
	 "REPLACE, PRIMARY KEY (a, b COLLATE rtrim DESC)) WITHOUT ROWID, STRICT",
	 "create table target=t; a type=TEXT not-null opt=not null on conflict=ignore; "
	 "b not-null collate=nocase; unique of=b conflict=replace; "
	 "primary key of=a,b opt=b COLLATE rtrim DESC; strict; without rowid"},
	{"CREATE TABLE t (a, CONSTRAINT u UNIQUE (a) CHECK (a) FOREIGN KEY (a) REFERENCES t)",
	 "create table target=t; a; unique name=u of=a; check expr=a; foreign key of=a to=t"},
	{"CREATE TABLE t (\"a b\" int, [c d] text, `e f` blob, 'g h')",
	 "create table target=t; a b type=int; c d type=text; e f type=blob; g h"},
	{"CREATE TABLE t /* x */ (a int, -- first\n b unsigned  big\n int)",
	 "create table target=t; a type=int; b type=unsigned big int"},
	{"CREATE TABLE t AS SELECT a, b FROM s WHERE a > 1",
	 "create table as target=t [from-select] reads=s"},
	{"CREATE VIRTUAL TABLE ft USING fts5(a, b, content='x')",
	 "create table target=ft using=fts5(a, b, content='x')"},
	/* ---- CREATE INDEX ---- */
	{"CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t (lower(a) COLLATE nocase DESC, \"b c\", x ASC) "
	 "WHERE a IS NOT NULL",
	 "create index schema=main target=t name=i [if-not-exists] list=b c unique "
	 "keys=(lower(a)) COLLATE nocase DESC,\"b c\",x where=a IS NOT NULL uses=a,b c,x"},
	{"CREATE INDEX i ON t (a,b   DESC)", "create index target=t name=i keys=a,b DESC uses=a,b"},
	/* ---- ALTER TABLE ---- */
	{"ALTER TABLE t RENAME TO u", "rename table target=t other=u"},
	{"ALTER TABLE main.t RENAME COLUMN a TO \"b\"",
	 "rename column schema=main target=t name=a other=b"},
	{"ALTER TABLE t RENAME a TO b", "rename column target=t name=a other=b"},
	{"ALTER TABLE t ADD COLUMN z text NOT NULL DEFAULT '' CONSTRAINT k CHECK (z <> '')",
	 "add column target=t name=z; z type=text not-null default=''; check name=k of=z expr=z <> ''"},
	{"ALTER TABLE t ADD z int REFERENCES p",
	 "add column target=t name=z; z type=int; foreign key of=z to=p"},
	{"ALTER TABLE t DROP COLUMN a", "drop column target=t name=a"},
	{"ALTER TABLE t DROP a", "drop column target=t name=a"},
	{"ALTER TABLE t ALTER COLUMN a SET NOT NULL", "set not null target=t name=a"},
	{"ALTER TABLE t ALTER a DROP NOT NULL", "drop not null target=t name=a"},
	{"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 1)",
	 "add constraint target=t name=k; check name=k expr=a > 1"},
	{"ALTER TABLE t DROP CONSTRAINT k", "drop constraint target=t name=k"},
	/* ---- Views, triggers, DROP ---- */
	{"CREATE VIEW v (a, b) AS SELECT x, y FROM t JOIN (SELECT * FROM u) USING (id)",
	 "create view target=v reads=t,u columns=a,b "
	 "query=SELECT x, y FROM t JOIN (SELECT * FROM u) USING (id)"},
	{"CREATE TRIGGER g AFTER UPDATE OF a, b ON t WHEN new.a > 1 BEGIN UPDATE u SET c = 1; "
	 "INSERT INTO l SELECT * FROM s; END",
	 "create trigger target=t name=g reads=u,l,s timing=after events=update of=a,b when=new.a > 1 "
	 "body=BEGIN UPDATE u SET c = 1; INSERT INTO l SELECT * FROM s; END"},
	{"CREATE TRIGGER g INSTEAD OF DELETE ON v BEGIN SELECT 1; END",
	 "create trigger target=v name=g timing=instead of events=delete body=BEGIN SELECT 1; END"},
	{"DROP TABLE IF EXISTS t", "drop table target=t [if-exists]"},
	{"DROP INDEX main.i", "drop index schema=main target=i"},
	{"DROP VIEW v", "drop view target=v"},
	{"DROP TRIGGER g", "drop trigger name=g"},
	/* ---- Data ---- */
	{"INSERT INTO t VALUES (1, 'a;b')", "insert target=t"},
	{"INSERT INTO t (a, b) VALUES (1, upper('x')) ON CONFLICT (a) DO UPDATE SET b = 2 RETURNING *",
	 "insert target=t [on-conflict] [returning] list=a,b calls=upper"},
	{"INSERT OR IGNORE INTO t DEFAULT VALUES", "insert target=t [on-conflict]"},
	{"INSERT OR REPLACE INTO t VALUES (1)", "replace target=t [on-conflict]"},
	{"REPLACE INTO t VALUES (1)", "replace target=t [on-conflict]"},
	{"WITH x AS (SELECT * FROM y) INSERT INTO t (a) SELECT a FROM x JOIN z ON x.a = z.a, w WHERE "
	 "x.b IN (SELECT id FROM v) ON CONFLICT DO NOTHING",
	 "insert target=t [from-select] [on-conflict] list=a reads=y,z,w,v"},
	{"UPDATE t SET a = 1, (b, c) = (SELECT 1, 2 FROM q) FROM o AS oo WHERE t.id = oo.id",
	 "update target=t [where] list=a,b,c value=t.id = oo.id reads=q,o"},
	{"UPDATE t SET a = b IS DISTINCT FROM c WHERE 1=1", "update target=t [where] [always] list=a value=1=1"},
	{"UPDATE t SET a = 1", "update target=t list=a"},
	{"DELETE FROM t WHERE x IN others AND y = (SELECT max(z) FROM t2)",
	 "delete target=t [where] value=x IN others AND y = (SELECT max(z) FROM t2) reads=others,t2 calls=max"},
	{"DELETE FROM t", "delete target=t"},
	{"DELETE FROM t WHERE true", "delete target=t [where] [always] value=true"},
	{"SELECT a->>'$.x' FROM j, json_each(j.x) WHERE EXISTS (SELECT 1 FROM \"my tab\")",
	 "select reads=j,my tab calls=json_each"},
	{"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
	 "select"},
	/* ---- Sessions and transactions ---- */
	{"PRAGMA foreign_keys = OFF", "pragma name=foreign_keys value=OFF"},
	{"PRAGMA main.user_version=-3", "pragma schema=main name=user_version value=-3"},
	{"PRAGMA table_info(t)", "pragma name=table_info value=t"},
	{"BEGIN IMMEDIATE", "begin value=IMMEDIATE"},
	{"END TRANSACTION", "commit"},
	{"ROLLBACK TO SAVEPOINT a", "rollback to savepoint name=a"},
	{"SAVEPOINT a", "savepoint name=a"},
	{"RELEASE a", "release savepoint name=a"},
	{"ATTACH DATABASE 'x.db' AS y", "attach name=y value='x.db'"},
	{"DETACH y", "detach name=y"},
	{"VACUUM INTO '/tmp/x'", "vacuum value='/tmp/x'"},
	{"REINDEX main.i", "reindex schema=main target=i"},
	{"ANALYZE", "analyze"},
	{"EXPLAIN QUERY PLAN SELECT * FROM t", "explain value=SELECT * FROM t reads=t"},
	/* ---- What does not parse, in SQLite's words ---- */
	{"CREATE TABLE x (a INTEGER, CHECK (a > ))", "SYNTAX near \")\": syntax error @38"},
	{"CREATE TABLE x", "SYNTAX incomplete input @14"},
	{"ALTER TABLE x ADD COLUMN y int DEFAULT (1 + )", "SYNTAX near \")\": syntax error @44"},
	{"ALTER TABLE x ADD y int, ADD z int", "SYNTAX near \",\": syntax error @23"},
	{"ALTER TABLE x MODIFY y int", "SYNTAX near \"MODIFY\": syntax error @14"},
	{"CREATE TRIGGER q AFTER INSERT ON t BEGIN SELECT 1 FROM ; END",
	 "SYNTAX near \";\": syntax error @55"},
	{"SELEC 1", "SYNTAX near \"SELEC\": syntax error @0"},
	{"UPDATE t SET a = ${x}", "SYNTAX unrecognized token: \"$\" @17"},
	{"PRAGMA", "SYNTAX incomplete input @6"},
	{"CREATE TABLE t (id SERIAL PRIMARY KEY, at timestamp with time zone)",
	 "create table target=t; id type=SERIAL; at type=timestamp with time zone; primary key of=id"},
};
/* clang-format on */

static void read_one(struct reader *r, struct arena *a, const char *sql, struct statement *st)
{
	struct err err = {0};
	struct source *src = ARENA_NEW(a, struct source);

	source_init(src, a, "t.sql", slice_of(sql));
	*st = (struct statement){.text = src->text, .span = {src, 0, src->text.len}};
	assert_true(sqlite_read(r, a, st, &err));
}

static void reads_statements(void **state)
{
	struct reader_options o = {.dialect = DIALECT_SQLITE};
	struct reader *r;
	struct err err = {0};

	(void)state;
	assert_true(sqlite_reader_open(&r, &o, &err));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = {0};
		struct buf b = {0};
		struct statement st;

		read_one(r, &a, cases[i].sql, &st);
		describe(&b, &st);
		assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_done(&b);
		arena_done(&a);
	}
	sqlite_reader_close(r);
}

static void spans_point_at_the_words(void **state)
{
	struct reader_options o = {.dialect = DIALECT_SQLITE};
	struct reader *r;
	struct err err = {0};
	struct arena a = {0};
	struct statement st;
	struct span at;

	(void)state;
	assert_true(sqlite_reader_open(&r, &o, &err));
	read_one(r, &a, "ALTER TABLE t ADD COLUMN b int CHECK (b > 0)", &st);
	at = st.changes[0].span;
	assert_int_equal(at.off, 14);
	assert_int_equal(at.len, 30);
	assert_int_equal(st.changes[0].def->parts[0]->span.off, 31);
	assert_string_equal(st.kind, "ALTER TABLE");
	arena_done(&a);
	sqlite_reader_close(r);
}

static void newer_versions_are_not_judged_by_ours(void **state)
{
	struct reader_options o = {.dialect = DIALECT_SQLITE, .version = 99900};
	struct reader *r;
	struct err err = {0};
	struct arena a = {0};
	struct statement st;

	(void)state;
	assert_true(sqlite_reader_open(&r, &o, &err));
	read_one(r, &a, "CREATE HOLOGRAM x", &st);
	assert_int_equal(st.state, STATEMENT_OPAQUE);
	assert_int_equal(st.may_touch.n, 1);
	arena_done(&a);
	sqlite_reader_close(r);
}

static void looks(void **state)
{
	(void)state;
	assert_true(
		sqlite_looks_like(SL("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")) > 2);
	assert_true(sqlite_looks_like(SL("SELECT datetime('now')")) > 0);
	assert_int_equal(sqlite_looks_like(SL("CREATE TABLE t (id serial, PRIMARY KEY (id))")), 0);
}

static void confirms_against_a_schema(void **state)
{
	struct arena a = {0};
	struct err err = {0};
	struct opinion v;
	struct slice schema =
		SL("CREATE TABLE t (a INTEGER PRIMARY KEY, b CHECK (app(b)));"
		   "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET b = 1; END;");

	(void)state;
	assert_true(sqlite_confirm(
		schema, SL("SELECT own(b) FROM t ORDER BY b COLLATE local"), &a, &v, &err));
	assert_true(v.ok);
	assert_int_equal(v.stubs.n, 3);
	assert_true(sqlite_confirm(schema, SL("SELECT c FROM t"), &a, &v, &err));
	assert_false(v.ok);
	assert_false(v.syntax);
	assert_true(slice_is(v.message, "no such column: c"));
	assert_int_equal(v.at, 7);
	assert_true(sqlite_confirm(schema, SL("ATTACH 'x' AS y"), &a, &v, &err));
	assert_false(v.ok);
	assert_true(sqlite_confirm(schema, SL("SELECT load_extension('x')"), &a, &v, &err));
	assert_false(v.ok);
	assert_false(sqlite_confirm(
		SL("CREATE TABLE t (a); CREATE TABLE t (a);"), SL("SELECT 1"), &a, &v, &err));
	err_done(&err);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_statements),
		cmocka_unit_test(spans_point_at_the_words),
		cmocka_unit_test(newer_versions_are_not_judged_by_ours),
		cmocka_unit_test(looks),
		cmocka_unit_test(confirms_against_a_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
