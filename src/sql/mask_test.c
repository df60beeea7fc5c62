/* mask_test.c - placeholders: found, masked at equal length, replaced by their values. */
#include "base/buf.h"
#include "sql/mask.h"
#include "sql/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PG DIALECT_POSTGRES
#define MY DIALECT_MYSQL
#define LITE DIALECT_SQLITE
#define ALL 0xff

static const struct {
	enum dialect dialect;
	unsigned styles;
	const char *text, *want, *names;
} examples[] = {
	{PG, MASK_GO, "ALTER TABLE {{ .NS }}.t;", "ALTER TABLE p_ns_____.t;", ".NS"},
	{PG, MASK_GO, "create {{ index .Options \"Namespace\" }}.users",
		"create p_indexoptionsnamespace_________.users", "index .Options \"Namespace\""},
	{PG, MASK_GO, "{{if .X}}a{{ else -}}b{{- end}}{{/* c */}}",
		"         a           b"
		"                    ",
		"if .X|else|end|/* c */"},
	{PG, MASK_GO, "{{ \"}}\" }} {{}} {{ a }}", "p_________ {{}} p_a____", "\"}}\"|a"},
	{PG, MASK_GO, "{{ open {{ x", "{{ open {{ x", ""},
	{PG, MASK_DOLLAR, "create table ${schema}.t -- ${c}\n",
		"create table p_schema_.t -- "
		"${c}\n",
		"schema|c"},
	{PG, MASK_DOLLAR, "${flyway:timestamp}", "p_flywaytimestamp__", "flyway:timestamp"},
	{PG, MASK_DOLLAR, "'${a}' \"${b}\" '${c'd}' ${e", "'${a}' \"${b}\" 'p_cd__' ${e",
		"a|b|c'd"},
	{PG, MASK_DOLLAR, "${a\n}", "${a\n}", ""},
	{PG, MASK_DOLLAR, "$$ ${a} $$ $1 $x$${b}$x$", "$$ p_a_ $$ $1 $x$p_b_$x$", "a|b"},
	{PG, MASK_SYNAPSE, "x $%y%$ z", "x p_y__ z", "y"},
	{MY, MASK_BRACE, "CREATE TABLE {$NAMESPACE}_user.t", "CREATE TABLE p_namespace__user.t",
		"NAMESPACE"},
	{MY, MASK_BRACE, "`{$N}_x` {$C}", "`{$N}_x` p_c_", "N|C"},
	{PG, MASK_PERCENT, "a=%s, %(ab)s, 5 %% 3, '%s', %small",
		"a=p_, p_ab__, 5 %% 3, "
		"'%s', %small",
		"s|ab"},
	{PG, MASK_COLON, "a::int = :ab and x[1:n] and b := :c or ':d'",
		"a::int = p_a and x[1:n] and b := p_ or ':d'", "ab|c"},
	{PG, MASK_COLON, ":'x' :\"y\" :'z w'", " 'x'  \"y\" :'z w'", "x|y"},
	{MY, MASK_COLON, "l:LOOP a = :b", "l:LOOP a = p_", "b"},
	{MY, MASK_QUESTION, "a = ? and '?' -- ?\n", "a = p and '?' -- ?\n", "?"},
	{PG, MASK_QUESTION, "a = ? and b ? 'k' and c ?| d and (?, ?) limit ?",
		"a = p and b ? 'k' and c ?| d and (p, p) limit p", "?|?|?|?"},
	{PG, MASK_FLYWAY_FP, "FP__a_b__ xFP__c__ FP____ FP__x",
		"p_a_b____ xFP__c__ FP____ "
		"FP__x",
		"a_b"},
	{PG, ALL, "select 1", "select 1", ""},
	{PG, MASK_GO | MASK_COLON, "{{a}} :b {{c}} :d", "p_a__ p_ p_c__ p_", "a|b|c|d"},
	{PG, 0, "{{ a }} ${b}", "{{ a }} ${b}", ""},
	{PG, 0, "\xef\xbb\xbfx", "   x", ""},
};

static void test_mask(void **state)
{
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct slice text = slice_of(examples[i].text), got;
		struct placeholder *found;
		struct buf names = {0};
		size_t n;

		got = mask_text(&a, examples[i].dialect, text, examples[i].styles, &found, &n);
		assert_string_equal(arena_cstr(&a, got), examples[i].want);
		assert_int_equal(got.len, text.len);
		if (slice_eq(got, text) && n == 0)
			assert_ptr_equal(got.at, text.at);
		for (size_t k = 0; k < n; k++) {
			if (k)
				buf_addc(&names, '|');
			buf_add(&names, found[k].name);
		}
		assert_string_equal(buf_cstr(&names), examples[i].names);
		buf_done(&names);
	}
	arena_done(&a);
}

/* Line ends inside a placeholder stay, so that lines are counted the same. */
static void test_lines(void **state)
{
	struct arena a = {0};
	struct slice got = mask_text(&a, PG, SL("{{\nabc }}"), MASK_GO, NULL, NULL);

	(void)state;
	assert_int_equal(got.len, 9);
	assert_int_equal(slice_chr(got, '\n'), 2);
	arena_done(&a);
}

static bool value(void *ctx, struct slice name, struct slice *out)
{
	(void)ctx;
	if (slice_is(name, "none"))
		return false;
	*out = slice_is(name, ".NS") ? SL("auth") : SL("");
	return true;
}

static void test_expand(void **state)
{
	struct arena a = {0};
	struct err err = {0};
	struct slice out = SL("untouched");

	(void)state;
	assert_true(mask_expand(&a, SL("a {{ .NS }}.b '{{.NS}}' ${x}c"), MASK_GO | MASK_DOLLAR,
		value, NULL, &out, &err));
	assert_string_equal(arena_cstr(&a, out), "a auth.b 'auth' c");
	assert_true(mask_expand(&a, SL("a"), ALL, value, NULL, &out, &err));
	assert_string_equal(arena_cstr(&a, out), "a");
	assert_false(mask_expand(&a, SL("a ${none}"), MASK_DOLLAR, value, NULL, &out, &err));
	assert_string_equal(err.message, "the placeholder ${none} has no value");
	assert_string_equal(arena_cstr(&a, out), "a");
	err_done(&err);
	arena_done(&a);
}

/* A placeholder that holds a quote must not open one: the statements stay where they are. */
static void test_split(void **state)
{
	struct arena a = {0};
	struct slice text = SL("CREATE TABLE {{ index .O \"a';b\" }}.t (x int); SELECT 1;");
	struct splitter s;
	struct piece p;

	(void)state;
	splitter_init(&s, PG, mask_text(&a, PG, text, MASK_GO, NULL, NULL));
	assert_true(splitter_next(&s, &p));
	assert_string_equal(arena_cstr(&a, slice_sub(text, p.body_off, p.body_len)),
		"CREATE TABLE {{ index .O \"a';b\" }}.t (x int)");
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
