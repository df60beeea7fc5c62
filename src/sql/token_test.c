/* token_test.c - the lexer: each dialect's quoting, comments and oddities, by example. */
#include "base/buf.h"
#include "sql/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PG DIALECT_POSTGRES
#define MY DIALECT_MYSQL
#define MA DIALECT_MARIADB
#define LITE DIALECT_SQLITE

/* What each kind of token is called in the tables below. */
static const char letters[] = "#_cwqsnp.!";

struct example {
	enum dialect dialect;
	const char *text;
	const char *want; /* "w:select n:1 .:;" without blanks and comments */
};

/* clang-format off */
static const struct example examples[] = {
	{PG, "SELECT 1;", "w:SELECT n:1 .:;"},
	{PG, "a$1 $1 $12x", "w:a$1 p:$1 p:$12 w:x"},
	{PG, "$$a$b$c$$ $x$ $$ $x$y", "s:$$a$b$c$$ s:$x$ $$ $x$ w:y"},
	{PG, "$a$ $b$ ; $b$ $a$;", "s:$a$ $b$ ; $b$ $a$ .:;"},
	{PG, "$1$ x $1$", "p:$1 !:$ w:x p:$1 !:$"},
	{PG, "$é$x$é$", "s:$é$x$é$"},
	{PG, "$a$ never", "!:$a$ never"},
	{PG, "'it''s'", "s:'it''s'"},
	{PG, "'a\\' ;", "s:'a\\' .:;"},
	{PG, "E'a\\'b' ;", "s:E'a\\'b' .:;"},
	{PG, "e'\\\\' ;", "s:e'\\\\' .:;"},
	{PG, "U&'d\\0061' U&\"x\" u&1", "s:U&'d\\0061' q:U&\"x\" w:u .:& n:1"},
	{PG, "B'01' x'1F' N'n' bb'x'", "s:B'01' s:x'1F' s:N'n' w:bb s:'x'"},
	{PG, "'a'\n  'b' 'c'", "s:'a'\n  'b' s:'c'"},
	{PG, "E'a' -- x\n '\\'' ;", "s:E'a' -- x\n '\\'' .:;"},
	{PG, "'a' 'b'", "s:'a' s:'b'"},
	{PG, "\"a\"\"b\" \"x\\\"", "q:\"a\"\"b\" q:\"x\\\""},
	{PG, "/* a /* b */ c */ 1", "n:1"},
	{PG, "/* a /* b */ 1", "!:/* a /* b */ 1"},
	{PG, "1--2\n3", "n:1 n:3"},
	{PG, "1--2\r3", "n:1 n:3"},
	{PG, "a::text b:=1 :v :'v' :\"v\" x[1:2]", "w:a .::: w:text w:b .::= n:1 p::v p::'v' p::\"v\" w:x .:[ n:1 .:: n:2 .:]"},
	{PG, "a=-1 @-1 ->> <@/*c*/ ||", "w:a .:= .:- n:1 .:@- n:1 .:->> .:<@ .:||"},
	{PG, "1.5e-3 0x1f 1_000 1..10 .5 12abc", "n:1.5e-3 n:0x1f n:1_000 n:1 .:.. n:10 n:.5 n:12abc"},
	{PG, "a.b \\x {}", "w:a .:. w:b !:\\ w:x .:{ .:}"},
	{PG, "\xef\xbb\xbf""a", "w:a"},
	{PG, "é_1 \xff", "w:é_1 w:\xff"},
	{PG, "'open", "!:'open"},
	{PG, "\"open", "!:\"open"},

	{MY, "'a\\'b' \"c\\\"d\" `e``f`", "s:'a\\'b' s:\"c\\\"d\" q:`e``f`"},
	{MY, "1--2 -- x\n3", "n:1 .:- .:- n:2 n:3"},
	{MY, "1 --\n2 # x\n3 --", "n:1 n:2 n:3"},
	{MY, "/* a /* b */ 1", "n:1"},
	{MY, "/*!50001 a ; */ b", "w:a .:; w:b"},
	{MY, "/*! a /* c */ b */ d", "w:a w:b w:d"},
	{MY, "/*M! a */ b", "w:b"},
	{MA, "/*M! a */ /*M!100100 c */ b", "w:a w:c w:b"},
	{MY, "/*+ hint */ a", "w:a"},
	{MY, "_utf8'x' N'y' x'1F' b'0' 0x1F", "w:_utf8 s:'x' s:N'y' s:x'1F' s:b'0' n:0x1F"},
	{MY, "1st_try 1e5 12 t.2x a$b $c 1e5x", "w:1st_try n:1e5 n:12 w:t .:. w:2x w:a$b w:$c w:1e5x"},
	{MY, "@a @@global.b @'q' @`r` u@h ?", "p:@a p:@@global.b p:@'q' p:@`r` w:u p:@h p:?"},
	{MY, "a:=1 l:LOOP a<=>b a->>b !a", "w:a .::= n:1 w:l .:: w:LOOP w:a .:<=> w:b w:a .:->> w:b .:! w:a"},
	{MY, "'a' 'b", "s:'a' !:'b"},
	{MY, "/* open", "!:/* open"},

	{LITE, "[a b] `c``d` \"e\" 'f''g' x'00'", "q:[a b] q:`c``d` q:\"e\" s:'f''g' s:x'00'"},
	{LITE, "'a\\' b", "s:'a\\' w:b"},
	{LITE, "/* a /* b */ 1 --x\n2", "n:1 n:2"},
	{LITE, "? ?1 :a @b $c $d::e #", "p:? p:?1 p::a p:@b p:$c p:$d::e .:#"},
	{LITE, "a==b a<>b a->>'$.x' $$", "w:a .:== w:b w:a .:<> w:b w:a .:->> s:'$.x' p:$$"},
	{LITE, "[open", "!:[open"},
};
/* clang-format on */

static struct slice dump(struct buf *b, struct lexer *l)
{
	struct token t;

	while ((t = lexer_next(l)).kind != TOKEN_END) {
		if (b->len)
			buf_addc(b, ' ');
		buf_addc(b, letters[t.kind]);
		buf_addc(b, ':');
		buf_add(b, t.text);
	}
	return buf_slice(b);
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct buf b = {0};
		struct lexer l;

		lexer_init(&l, examples[i].dialect, slice_of(examples[i].text));
		dump(&b, &l);
		assert_string_equal(buf_cstr(&b), examples[i].want);
		buf_done(&b);
	}
}

static void want(struct lexer *l, const char *text, const char *expected)
{
	struct buf b = {0};

	l->text = slice_of(text);
	l->at = 0;
	l->executable = 0;
	dump(&b, l);
	assert_string_equal(buf_cstr(&b), expected);
	buf_done(&b);
}

static void test_modes(void **state)
{
	struct lexer l;

	(void)state;
	lexer_init(&l, MY, SLICE_NONE);
	l.ansi_quotes = true;
	want(&l, "\"a\"\"b\" 'c'", "q:\"a\"\"b\" s:'c'");
	l.no_backslash_escapes = true;
	want(&l, "'a\\' b", "s:'a\\' w:b");
	lexer_init(&l, PG, SLICE_NONE);
	l.backslash_strings = true;
	want(&l, "'a\\'b' B'\\' c", "s:'a\\'b' s:B'\\' w:c");
}

static void test_executable_versions(void **state)
{
	struct lexer l;

	(void)state;
	lexer_init(&l, MY, SLICE_NONE);
	l.mysql_version = 80036;
	want(&l, "/*!50001 a */ /*!90000 b /* c */ d */ e", "w:a w:e");
	want(&l, "/*!123 a */", "n:123 w:a");
	l.dialect = MA;
	l.mysql_version = 101119;
	want(&l, "/*!50701 a */ /*!50100 b */ /*!100100 c */ /*!110000 d */", "w:b w:c");
	want(&l, "/*M!50701 a */", "w:a");
}

static void test_nul(void **state)
{
	struct lexer l;
	struct token t;

	(void)state;
	lexer_init(&l, PG, slice_n("a\0'b\0c'", 7));
	t = lexer_next(&l);
	assert_int_equal(t.kind, TOKEN_WORD);
	t = lexer_next(&l);
	assert_int_equal(t.kind, TOKEN_BAD);
	assert_int_equal(t.text.len, 1);
	assert_false(token_unclosed(t));
	t = lexer_next(&l);
	assert_int_equal(t.kind, TOKEN_STRING);
	assert_int_equal(t.text.len, 5);
	assert_int_equal(lexer_next(&l).kind, TOKEN_END);
}

/* Raw tokens are the text, whatever the text is. */
static void test_join(void **state)
{
	static const char alphabet[] = "'\"`$[]()/*-!#;:.\\ \n\rEeuU&xbN1a_@?{}%<>=\xc3\xa9\xff";
	unsigned long long seed = 42;
	char text[64];

	(void)state;
	for (int round = 0; round < 40000; round++) {
		struct lexer l;
		struct token t;
		size_t n = (size_t)(round % 60), at = 0;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			text[i] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
		}
		lexer_init(&l, (enum dialect)(round % 5), slice_n(text, n));
		while ((t = lexer_raw(&l)).kind != TOKEN_END) {
			assert_true(t.off == at && t.text.len > 0);
			at += t.text.len;
		}
		assert_true(at == n);
	}
}

static const struct {
	enum dialect dialect;
	const char *text, *want;
} values[] = {
	{PG, "AbC", "abc"},
	{MY, "AbC", "AbC"},
	{PG, "\"A\"\"b\"", "A\"b"},
	{MY, "`a``b`", "a`b"},
	{LITE, "[a b]", "a b"},
	{LITE, "`a`", "a"},
	{PG, "'it''s'", "it's"},
	{PG, "'a\\n'", "a\\n"},
	{PG, "E'a\\n\\'\\x41\\101\\u00e9\\\\'", "a\n'AAé\\"},
	{PG, "E'\\uD83D\\uDE00'", "😀"},
	{PG, "U&'d\\0061t\\+000061 \\\\'", "data \\"},
	{PG, "U&\"\\0041\"", "A"},
	{PG, "'a'\n -- x\n 'b''c'", "ab'c"},
	{PG, "$$a'b$$", "a'b"},
	{PG, "$t$ $$ $t$", " $$ "},
	{PG, "$$$$", ""},
	{PG, "''", ""},
	{PG, "N'x'", "x"},
	{PG, "B'01'", "01"},
	{MY, "'a\\'b\\n\\%\\Z'", "a'b\n\\%\032"},
	{MY, "\"a\"\"b\"", "a\"b"},
	{LITE, "'a\\n'", "a\\n"},
};

static void test_values(void **state)
{
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct lexer l;

		lexer_init(&l, values[i].dialect, slice_of(values[i].text));
		assert_string_equal(
			arena_cstr(&a, token_value(&a, values[i].dialect, lexer_next(&l))),
			values[i].want);
		assert_int_equal(lexer_next(&l).kind, TOKEN_END);
	}
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_executable_versions),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
