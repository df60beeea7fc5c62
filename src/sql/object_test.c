/* object_test.c - copies, field tables, lists of facts. */
#include "sql/change.h"
#include "sql/effect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_copy_is_deep(void **state)
{
	struct arena from = {0}, to = {0};
	struct object *t = ARENA_NEW(&from, struct object), *copy;
	struct expr_facts facts = {.constant = true, .tree = &facts};

	(void)state;
	t->type = OBJECT_TABLE;
	t->schema = arena_slice(&from, SL("public"));
	t->name = arena_slice(&from, SL("orders"));
	for (int i = 0; i < 5; i++)
		names_add(&from, &t->table_.options, arena_printf(&from, "k%d=v", i));
	for (int i = 0; i < 3; i++) {
		struct object *c = ARENA_NEW(&from, struct object);

		c->type = OBJECT_COLUMN;
		c->name = arena_printf(&from, "c%d", i);
		c->column.default_value = (struct expr){SL("0"), SL("0"), &facts};
		c->table = t;
		*ARENA_PUSH(&from, t->parts, t->nparts) = c;
	}
	copy = object_copy(&to, t);
	arena_done(&from);
	assert_true(slice_is(copy->name, "orders"));
	assert_int_equal(copy->nparts, 3);
	assert_ptr_equal(copy->parts[2]->table, copy);
	assert_true(slice_is(copy->parts[2]->name, "c2"));
	assert_true(copy->parts[0]->column.default_value.facts->constant);
	assert_null(copy->parts[0]->column.default_value.facts->tree);
	/* A copied list can be grown. */
	names_add(&to, &copy->table_.options, SL("k5=v"));
	assert_true(names_has(copy->table_.options, SL("k4=v")));
	assert_int_equal(copy->table_.options.n, 6);
	arena_done(&to);
}

static void test_every_type_has_words_and_fields(void **state)
{
	(void)state;
	for (int t = 0; t < OBJECT_TYPES_; t++) {
		size_t last = 0;

		assert_non_null(object_type_word((enum object_type)t));
		assert_non_null(object_fields((enum object_type)t));
		for (const struct field *f = object_fields((enum object_type)t); f->label; f++) {
			assert_true(f->offset > last);
			assert_true(f->offset < sizeof(struct object));
			last = f->offset;
		}
	}
	for (int k = 0; k < CHANGE_KINDS_; k++)
		assert_non_null(change_words((enum change_kind)k));
	assert_int_equal(change_class_of(CHANGE_RENAME_COLUMN), CLASS_RENAME);
	assert_string_equal(change_words(CHANGE_ADD_ENUM_VALUE), "add enum value");
}

static struct lock lock_on(const char *table, const char *mode, enum lock_class blocks, bool sure)
{
	return (struct lock){
		{SL("public"), slice_of(table)}, OBJECT_TABLE, mode, blocks, sure, false};
}

static void test_facts_are_merged(void **state)
{
	struct arena a = {0};
	struct effect e = {.certain = true};
	struct touched t = {.type = OBJECT_TABLE, .object = {SL("public"), SL("a")}};

	(void)state;
	effect_lock(&a, &e, lock_on("a", "SHARE", LOCK_WRITES, true));
	effect_lock(&a, &e, lock_on("b", "SHARE", LOCK_WRITES, true));
	effect_lock(&a, &e, lock_on("a", "SHARE", LOCK_WRITES, false));
	assert_int_equal(e.nlocks, 2);
	effect_lock(&a, &e, lock_on("a", "ACCESS EXCLUSIVE", LOCK_READS_WRITES, false));
	assert_int_equal(e.nlocks, 3); /* the stronger one is not certain */
	effect_lock(&a, &e, lock_on("a", "ACCESS EXCLUSIVE", LOCK_READS_WRITES, true));
	effect_lock(&a, &e, lock_on("b", "ACCESS EXCLUSIVE", LOCK_READS_WRITES, true));
	assert_int_equal(e.nlocks, 3);
	effect_touch(&a, &e.scans, &e.nscans, t);
	t.certain = true;
	effect_touch(&a, &e.scans, &e.nscans, t);
	assert_int_equal(e.nscans, 1);
	assert_true(e.scans[0].certain);
	effect_need(&a, &e, SL("old type"));
	effect_need(&a, &e, SL("old type"));
	assert_int_equal(e.needs.n, 1);
	assert_false(e.certain);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_is_deep),
		cmocka_unit_test(test_every_type_has_words_and_fields),
		cmocka_unit_test(test_facts_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
