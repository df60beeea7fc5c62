/* load_test.c - a schema is loaded from a real server; rows and sequences; what statements did. */
#include "engine/postgres/scratch.h"

#include "base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
	struct scratch *s;
	struct conn *c;
	struct arena a;
	struct catalog *k;
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	struct scratch_options o = {0};
	struct err err = {0};

	*f = (struct fixture){0};
	*state = f;
	if (!pg_scratch_start(&f->s, &o, &err)) {
		printf("# skipped: %s\n", err.message);
		err_done(&err);
	}
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pg_scratch_stop(f->s);
	arena_done(&f->a);
	free(f);
	return 0;
}

static int fresh(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};

	if (f->s)
		must(pg_scratch_open(f->s, "main", NULL, &f->c, &err), &err);
	return 0;
}

static int done(void **state)
{
	struct fixture *f = *state;

	conn_close(f->c);
	catalog_free(f->k);
	f->c = NULL;
	f->k = NULL;
	return 0;
}

static void run(struct fixture *f, const char *sql)
{
	struct err err = {0};

	must(conn_exec(f->c, slice_of(sql), &err), &err);
}

static void load(struct fixture *f)
{
	struct load_options o = {0};
	struct err err = {0};

	catalog_free(f->k);
	f->k = catalog_new(DIALECT_POSTGRES, f->c->id.version);
	must(pg_load(f->c, f->k, &o, &err), &err);
}

static const struct object *object(
	struct fixture *f, enum object_type type, const char *schema, const char *name)
{
	const struct object **v;
	size_t n = catalog_list(f->k, type, &f->a, &v);

	for (size_t i = 0; i < n; i++)
		if (slice_is(v[i]->schema, schema) && slice_is(v[i]->name, name))
			return v[i];
	fail_msg("there is no %s %s.%s", object_type_word(type), schema, name);
	return NULL;
}

static const struct object *part(const struct object *t, enum object_type type, const char *name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == type && slice_is(t->parts[i]->name, name))
			return t->parts[i];
	fail_msg("%.*s has no %s %s", SLICE(t->name), object_type_word(type), name);
	return NULL;
}

#define IS(slice, text) assert_string_equal(arena_cstr(&f->a, (slice)), (text))

static void test_tables(void **state)
{
	struct fixture *f = *state;
	const struct object *t, *p;

	if (!f->s)
		skip();
	run(f, "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a', 'b, c', 'd\"e', '');"
	       "CREATE TABLE app.u (gone int, id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
	       " mail varchar(20) COLLATE \"C\" NOT NULL UNIQUE DEFERRABLE, m app.mood[] DEFAULT"
	       " '{a}', low text GENERATED ALWAYS AS (lower(mail)) STORED, CHECK (mail <> ''))"
	       " WITH (fillfactor = 70, toast.autovacuum_enabled = false);"
	       "ALTER TABLE app.u DROP gone; ALTER TABLE app.u ALTER low SET STATISTICS 7;"
	       "COMMENT ON TABLE app.u IS 'the users'; COMMENT ON COLUMN app.u.low IS 'lowered';"
	       "CREATE INDEX i1 ON app.u (lower(mail) text_pattern_ops, \"id\" DESC NULLS LAST)"
	       " WHERE id > 3;"
	       "CREATE TABLE app.o (u bigint, d date, CONSTRAINT fk FOREIGN KEY (u) REFERENCES"
	       " app.u ON DELETE SET NULL) PARTITION BY RANGE (d);"
	       "CREATE TABLE app.o1 PARTITION OF app.o FOR VALUES FROM ('2024-01-01') TO "
	       "('2025-01-01');");
	load(f);
	t = object(f, OBJECT_TABLE, "app", "u");
	IS(t->comment, "the users");
	assert_true(names_has(t->table_.options, SL("toast.autovacuum_enabled=false")));
	assert_int_equal(t->table_.options.n, 2);
	IS(t->parts[0]->name, "id");
	IS(t->parts[0]->column.identity, "always");
	IS(t->parts[0]->column.sequence.at[0], "app.u_id_seq");
	IS(t->parts[1]->column.type, "character varying(20)");
	IS(t->parts[1]->column.collation, "C");
	IS(t->parts[2]->column.type, "app.mood[]");
	IS(t->parts[2]->column.default_value.normal, "'{a}'::app.mood[]");
	IS(t->parts[3]->column.generated, "stored");
	IS(t->parts[3]->column.statistics, "7");
	IS(t->parts[3]->comment, "lowered");
	p = part(t, OBJECT_CONSTRAINT, "u_mail_key");
	assert_true(p->constraint.deferrable && !p->constraint.deferred);
	IS(part(t, OBJECT_CONSTRAINT, "u_mail_check")->constraint.expression.normal,
		"((mail)::text <> ''::text)");
	p = part(t, OBJECT_INDEX, "i1");
	IS(p->index.keys.at[0], "(lower((mail)::text)) text_pattern_ops");
	IS(p->index.keys.at[1], "id DESC NULLS LAST");
	IS(p->index.predicate.normal, "(id > 3)");
	assert_int_equal(p->index.columns.n, 2);
	t = object(f, OBJECT_TYPE, "app", "mood");
	assert_int_equal(t->type_.labels.n, 4);
	IS(t->type_.labels.at[1], "b, c");
	IS(t->type_.labels.at[2], "d\"e");
	IS(t->type_.labels.at[3], "");
	t = object(f, OBJECT_TABLE, "app", "o");
	IS(t->table_.partition_key.normal, "RANGE (d)");
	p = part(t, OBJECT_CONSTRAINT, "fk");
	IS(p->constraint.ref_table.name, "u");
	IS(p->constraint.ref_columns.at[0], "id");
	IS(p->constraint.on_delete, "set null");
	t = object(f, OBJECT_TABLE, "app", "o1");
	IS(t->table_.partition_of.name, "o");
	IS(t->table_.partition_bound.normal, "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')");
	assert_true(part(t, OBJECT_CONSTRAINT, "fk")->constraint.inherited);
}

static void test_other_objects(void **state)
{
	struct fixture *f = *state;
	const struct object *t, *v;

	if (!f->s)
		skip();
	run(f, "CREATE EXTENSION citext; CREATE TABLE t (id int, n text);"
	       "CREATE VIEW v WITH (security_barrier) AS SELECT id FROM t WITH LOCAL CHECK OPTION;"
	       "CREATE MATERIALIZED VIEW mv AS SELECT n FROM t WITH NO DATA;"
	       "CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql IMMUTABLE"
	       " SET search_path = public AS 'SELECT 1';"
	       "CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
	       "CREATE TRIGGER tg BEFORE UPDATE OF n ON t FOR EACH ROW WHEN (NEW.n > OLD.n)"
	       " EXECUTE FUNCTION tr('q'); ALTER TABLE t DISABLE TRIGGER tg;"
	       "ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
	       "CREATE POLICY p ON t AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (id > 0);"
	       "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;"
	       "CREATE STATISTICS st (mcv) ON id, n FROM t;"
	       "CREATE PUBLICATION pub FOR TABLE t; GRANT SELECT ON t TO somebody;"
	       "CREATE DOMAIN pos AS int CHECK (VALUE > 0) NOT NULL;"
	       "COMMENT ON POLICY p ON t IS 'pc'; COMMENT ON TRIGGER tg ON t IS 'tc';"
	       "COMMENT ON FUNCTION f(int, text) IS 'fc';");
	load(f);
	t = object(f, OBJECT_TABLE, "public", "t");
	assert_true(t->table_.row_security);
	assert_true(names_has(t->acl, SL("somebody=r/belay")));
	v = part(t, OBJECT_TRIGGER, "tg");
	IS(v->trigger.timing, "before");
	IS(v->trigger.events.at[0], "update");
	IS(v->trigger.columns.at[0], "n");
	IS(v->trigger.condition.normal, "(new.n > old.n)");
	IS(v->trigger.body.normal, "public.tr('q')");
	IS(v->trigger.enabled, "disabled");
	IS(v->comment, "tc");
	v = part(t, OBJECT_POLICY, "p");
	assert_true(v->policy.restrictive);
	IS(v->policy.roles.at[0], "public");
	IS(v->comment, "pc");
	IS(part(t, OBJECT_RULE, "r")->other.definition.normal,
		"ON DELETE TO public.t DO INSTEAD NOTHING");
	v = object(f, OBJECT_VIEW, "public", "v");
	IS(v->view.check_option, "local");
	assert_true(names_has(v->view.reads, SL("public.t.id")));
	assert_true(object(f, OBJECT_MATVIEW, "public", "mv")->view.no_data);
	v = object(f, OBJECT_FUNCTION, "public", "f(integer, text)");
	IS(v->function.arguments, "a integer, b text DEFAULT 'x'::text");
	IS(v->function.settings.at[0], "search_path=public");
	IS(v->comment, "fc");
	IS(object(f, OBJECT_TYPE, "public", "pos")->type_.checks.at[0], "pos_check: (VALUE > 0)");
	IS(object(f, OBJECT_EXTENSION, "public", "citext")->other.class_, "");
	assert_int_equal(object(f, OBJECT_STATISTICS, "public", "st")->other.members.n, 2);
	assert_int_equal(object(f, OBJECT_PUBLICATION, "", "pub")->other.members.n, 1);
}

static void test_schemas_only(void **state)
{
	struct fixture *f = *state;
	struct load_options o = {0};
	struct err err = {0};
	const struct object **v;

	if (!f->s)
		skip();
	run(f, "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t(a int); CREATE TABLE"
	       " two.t(a int)");
	/* Also inside a transaction, whose settings stay as they are. */
	run(f, "BEGIN; SET LOCAL search_path = two");
	names_add(&f->a, &o.schemas, SL("one"));
	f->k = catalog_new(DIALECT_POSTGRES, f->c->id.version);
	must(pg_load(f->c, f->k, &o, &err), &err);
	assert_int_equal(catalog_list(f->k, OBJECT_TABLE, &f->a, &v), 1);
	run(f, "DROP TABLE t; COMMIT");
	load(f);
	assert_int_equal(catalog_list(f->k, OBJECT_TABLE, &f->a, &v), 1);
	IS(v[0]->schema, "one");
}

static void test_fingerprint(void **state)
{
	struct fixture *f = *state;
	struct name t = {SL("public"), SL("T t")}, u = {SL("public"), SL("u")};
	struct names none = {0}, some = {0};
	char a[65], b[65];
	long long n, m;
	struct err err = {0};

	if (!f->s)
		skip();
	run(f, "CREATE TABLE \"T t\" (a int, b text, c timestamptz);"
	       "INSERT INTO \"T t\" SELECT g, 'x' || g, '2024-01-01 12:00Z' FROM"
	       " generate_series(1, 100) g;"
	       "CREATE TABLE u (c timestamptz, b text, a int);"
	       "INSERT INTO u SELECT c, b, a FROM \"T t\" ORDER BY a DESC");
	must(pg_rows_fingerprint(f->c, t, none, &n, a, &err), &err);
	run(f, "SET timezone = 'Asia/Tokyo'; BEGIN");
	must(pg_rows_fingerprint(f->c, u, none, &m, b, &err), &err);
	assert_int_equal(n, 100);
	assert_int_equal(m, 100);
	assert_string_equal(a, b);
	run(f, "UPDATE u SET a = 99 WHERE a = 100; COMMIT");
	must(pg_rows_fingerprint(f->c, u, none, &m, b, &err), &err);
	assert_string_not_equal(a, b);
	names_add(&f->a, &some, SL("b"));
	must(pg_rows_fingerprint(f->c, t, some, &n, a, &err), &err);
	must(pg_rows_fingerprint(f->c, u, some, &n, b, &err), &err);
	assert_string_equal(a, b);
	u.name = SL("nothing");
	assert_false(pg_rows_fingerprint(f->c, u, none, &m, b, &err));
	err_done(&err);
}

static void test_positions(void **state)
{
	struct fixture *f = *state;
	struct names p;
	struct err err = {0};

	if (!f->s)
		skip();
	run(f, "CREATE SEQUENCE \"B b\"; CREATE SEQUENCE a START 5; SELECT nextval('a')");
	must(pg_positions(f->c, &f->a, &p, &err), &err);
	assert_int_equal(p.n, 2);
	IS(p.at[0], "public.B b=1 unused");
	IS(p.at[1], "public.a=5");
}

static const char *lock_on(const struct observed *o, const char *name)
{
	for (size_t i = 0; i < o->nlocks; i++)
		if (slice_is(o->locks[i].object.name, name))
			return o->locks[i].mode;
	return "";
}

static bool is_touched(const struct touched *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(v[i].object.name, name))
			return true;
	return false;
}

static struct observed observe(struct fixture *f, const char *sql)
{
	struct observed o;
	struct err err = {0};

	must(pg_observe_begin(f->c, &err), &err);
	run(f, sql);
	must(pg_observe_end(f->c, &f->a, &o, &err), &err);
	return o;
}

static void test_observe(void **state)
{
	struct fixture *f = *state;
	struct observed o;

	if (!f->s)
		skip();
	run(f, "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int, p int, n text);"
	       "INSERT INTO t SELECT g, 1, 'x' FROM generate_series(1, 1000) g;"
	       "INSERT INTO p VALUES (1)");
	run(f, "BEGIN");
	o = observe(f, "ALTER TABLE t ADD COLUMN q int DEFAULT 0");
	assert_string_equal(lock_on(&o, "t"), "ACCESS EXCLUSIVE");
	assert_int_equal(o.nrewrites + o.nscans, 0);
	o = observe(f, "ALTER TABLE t ALTER id TYPE bigint");
	assert_true(is_touched(o.rewrites, o.nrewrites, "t"));
	assert_int_equal(o.nscans, 0);
	run(f, "COMMIT; BEGIN");
	o = observe(f, "CREATE INDEX ti ON t (n)");
	assert_string_equal(lock_on(&o, "t"), "SHARE");
	assert_true(is_touched(o.scans, o.nscans, "t"));
	assert_int_equal(o.nrewrites, 0);
	o = observe(f, "CREATE TABLE fresh (a int)");
	assert_string_equal(lock_on(&o, "fresh"), "");
	o = observe(f, "ALTER TABLE fresh ADD b int");
	assert_string_equal(lock_on(&o, "fresh"), "ACCESS EXCLUSIVE");
	for (size_t i = 0; i < o.nlocks; i++)
		assert_int_equal(
			o.locks[i].new_in_tx, slice_is(o.locks[i].object.name, "fresh") ||
						      slice_is(o.locks[i].object.name, "ti"));
	run(f, "COMMIT; BEGIN");
	o = observe(f, "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p NOT VALID");
	assert_string_equal(lock_on(&o, "p"), "SHARE ROW EXCLUSIVE");
	assert_int_equal(o.nscans, 0);
	o = observe(f, "ALTER TABLE t VALIDATE CONSTRAINT t_p_fkey");
	assert_true(is_touched(o.scans, o.nscans, "t"));
	run(f, "COMMIT");
	o = observe(f, "ALTER TABLE t ALTER n SET NOT NULL");
	assert_int_equal(o.nlocks, 0);
	assert_true(is_touched(o.scans, o.nscans, "t"));
	o = observe(f, "SET client_min_messages = warning");
	run(f, "DO $$ BEGIN ASSERT current_setting('client_min_messages') = 'warning'; END $$");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tables, fresh, done),
		cmocka_unit_test_setup_teardown(test_other_objects, fresh, done),
		cmocka_unit_test_setup_teardown(test_schemas_only, fresh, done),
		cmocka_unit_test_setup_teardown(test_fingerprint, fresh, done),
		cmocka_unit_test_setup_teardown(test_positions, fresh, done),
		cmocka_unit_test_setup_teardown(test_observe, fresh, done),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
