/* What is frozen and thawed is the same schema: nothing that a comparison looks at is lost. */
#include "catalog/freeze.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct catalog *read_schema(struct arena *a, enum dialect d, const char *sql)
{
	struct err err = {0};
	const struct engine *e = engine_for(d, &err);
	struct reader_options ro = {.dialect = d};
	struct catalog *c = catalog_new(d, 0);
	struct source src = {0};
	struct script script;
	struct session s;
	struct reader *r;

	session_init(&s, d, a);
	assert_true(e->reader_open(&r, &ro, &err));
	source_init(&src, a, "schema.sql", slice_of(sql));
	assert_true(script_read(e, r, a, &src, 0, src.text.len, &script, &err));
	for (size_t i = 0; i < script.n; i++) {
		struct slice why = SLICE_NONE;

		if (catalog_apply_statement(c, &s, &script.at[i], &why) != APPLIED)
			fail_msg("%.*s: %.*s", SLICE(script.at[i].raw), SLICE(why));
	}
	e->reader_close(r);
	return c;
}

static void comes_back(enum dialect d, const char *sql)
{
	struct arena a = {0};
	struct catalog *c = read_schema(&a, d, sql), *back = catalog_new(d, 0);
	struct catalog_diff diff;
	struct buf b = {0}, second = {0};
	char before[65], after[65];

	catalog_freeze(&b, c, NULL);
	assert_true(catalog_thaw(back, buf_slice(&b)));
	diff = catalog_compare(&a, c, back, NULL);
	assert_true(catalog_diff_is_empty(&diff));
	catalog_fingerprint(c, NULL, before);
	catalog_fingerprint(back, NULL, after);
	assert_string_equal(before, after);
	catalog_freeze(&second, back, NULL);
	assert_string_equal(buf_cstr(&b), buf_cstr(&second));
	buf_done(&b);
	buf_done(&second);
	catalog_free(c);
	catalog_free(back);
	arena_done(&a);
}

static void postgres(void **state)
{
	(void)state;
	comes_back(DIALECT_POSTGRES,
		"CREATE SCHEMA app;"
		"CREATE TYPE app.mood AS ENUM ('sad', 'so:so', E'two\\nlines');"
		"CREATE DOMAIN app.age AS int CHECK (VALUE > 0);"
		"CREATE SEQUENCE app.seq INCREMENT 5;"
		"CREATE TABLE app.parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
		" \"odd \"\"name\" text DEFAULT 'x: 3', m app.mood NOT NULL, CHECK (id > 0));"
		"CREATE TABLE child (id int, parent bigint REFERENCES app.parent ON DELETE CASCADE,"
		" twice int GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY RANGE (id);"
		"CREATE TABLE child_1 PARTITION OF child FOR VALUES FROM (1) TO (10);"
		"CREATE UNIQUE INDEX i ON app.parent (lower(\"odd \"\"name\") DESC) WHERE id > 5;"
		"CREATE VIEW v AS SELECT id FROM app.parent;"
		"CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT a; $$;"
		"CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END "
		"$$;"
		"CREATE TRIGGER t BEFORE UPDATE ON app.parent FOR EACH ROW EXECUTE FUNCTION tf();"
		"ALTER TABLE app.parent ENABLE ROW LEVEL SECURITY;"
		"CREATE POLICY p ON app.parent USING (id > 1);"
		"COMMENT ON TABLE app.parent IS 'a\nremark';"
		"GRANT SELECT ON app.parent TO PUBLIC;");
}

static void mariadb(void **state)
{
	(void)state;
	comes_back(DIALECT_MARIADB,
		"CREATE TABLE p (id int PRIMARY KEY AUTO_INCREMENT, a varchar(20) CHARACTER SET "
		"utf8mb4 NOT NULL DEFAULT 'x', KEY ka (a(5))) ENGINE=InnoDB COMMENT='r';"
		"CREATE TABLE c (id int, p int, FOREIGN KEY (p) REFERENCES p (id));"
		"CREATE VIEW v AS SELECT id FROM p;");
}

static void sqlite(void **state)
{
	(void)state;
	comes_back(DIALECT_SQLITE,
		"CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE DEFAULT ('x'),"
		" CHECK (a <> '')) STRICT;"
		"CREATE INDEX i ON p (a) WHERE a > 'b';"
		"CREATE VIEW v AS SELECT id FROM p;"
		"CREATE TRIGGER t AFTER INSERT ON p BEGIN DELETE FROM p; END;");
}

static void words_of_types_are_unique(void **state)
{
	(void)state;
	for (int i = OBJECT_NONE + 1; i < OBJECT_TYPES_; i++)
		for (int k = i + 1; k < OBJECT_TYPES_; k++)
			assert_string_not_equal(object_type_word((enum object_type)i),
				object_type_word((enum object_type)k));
}

static void something_else_is_refused(void **state)
{
	static const char *const texts[] = {"", "belay schema 2\n", "belay schema 1\nname 1:x\n",
		"belay schema 1\n.object 5:table", "belay schema 1\n.object 99:table\n",
		"belay schema 1\n.object 5:tableX", "belay schema 1\n.object 3:zzz\n",
		"belay schema 1\n.part 6:column\n.name 1:a\n", "belay schema 1\n:\n",
		"belay schema 1\n.object 18446744073709551615:table\n"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct catalog *c = catalog_new(DIALECT_POSTGRES, 0);

		if (catalog_thaw(c, slice_of(texts[i])))
			fail_msg("thawed: %s", texts[i]);
		catalog_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(postgres), cmocka_unit_test(mariadb),
		cmocka_unit_test(sqlite), cmocka_unit_test(words_of_types_are_unique),
		cmocka_unit_test(something_else_is_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
