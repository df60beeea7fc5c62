/* report_test.c - what comes from files cannot get out of its place in any format. */
#include "base/utf8.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* A path and names with everything that some format takes for its own. */
#define PATH "a,b:c%0A\n::error::x <&\"'>\x1b[31m\xe2\x80\xae|`@everyone` #12.sql"
#define EVIL "x]]>\"'`<b>&@team #3\n::set-output name=a::b\r\n%0A,:\x1b]0;t\x07\xe2\x80\xae\xff|*_"

static const struct rule rule = {.id = "drop-table",
	.severity = SEVERITY_ERROR,
	.says = "s",
	.why = "w",
	.safe = "f",
	.doc = "d"};

struct sample {
	struct arena a;
	struct source src;
	struct finding f[2];
	struct verdict v;
	struct report_options o;
};

static void sample_init(struct sample *s)
{
	static const char *paths[] = {PATH, "clean.sql"};
	struct slice sql = SL("-- a\nDROP TABLE \"" EVIL "\"");

	*s = (struct sample){
		.o = {.dialect = DIALECT_POSTGRES, .version = 150000, .fail_on = SEVERITY_ERROR}};
	source_init(&s->src, &s->a, PATH, sql);
	s->f[0] = (struct finding){.rule = &rule,
		.severity = SEVERITY_ERROR,
		.certain = true,
		.span = {&s->src, 5, sql.len - 5},
		.file = PATH,
		.message = SL(EVIL),
		.object = SL(EVIL),
		.why = SL(EVIL),
		.safe = SL("DROP TABLE x; -- ```" EVIL)};
	s->f[1] = (struct finding){.rule = &rule,
		.severity = SEVERITY_WARNING,
		.file = PATH,
		.message = SL("fine"),
		.why = SL("w"),
		.safe = SL("f")};
	s->v = (struct verdict){.findings = s->f,
		.nfindings = 2,
		.files = 2,
		.paths = paths,
		.npaths = 2,
		.errors = 1,
		.warnings = 1};
}

static const struct {
	const char *name;
	void (*write)(struct buf *b, const struct verdict *v, const struct report_options *o);
} formats[] = {{"sarif", report_check_sarif}, {"junit", report_check_junit},
	{"github", report_check_github}, {"gitlab", report_check_gitlab}, {"gcc", report_check_gcc},
	{"markdown", report_check_markdown}, {"text", report_check_text},
	{"json", report_check_json}};

/* Neither control characters nor bidi overrides nor bytes that are not UTF-8 pass. */
static void test_nothing_hidden_passes(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct buf b = {0};
		struct slice rest;

		formats[i].write(&b, &s.v, &s.o);
		for (rest = buf_slice(&b); rest.len;) {
			size_t n = utf8_length(rest);
			unsigned c = n ? utf8_decode(rest, n) : 0;

			if (n == 0 || (c < 0x20 && !strchr("\n\r\t", (int)c)) || c == 0x7f ||
				c == 0x202e)
				fail_msg("%s lets U+%04X pass: %.40s", formats[i].name, c, rest.at);
			rest = slice_from(rest, n);
		}
		buf_done(&b);
	}
	arena_done(&s.a);
}

static size_t lines_of(struct slice text)
{
	struct slice line;
	size_t n = 0;

	while (slice_line(&text, &line))
		n++;
	return n;
}

/* One line per finding, whatever is in it, and each is a command of ours. */
static void test_one_line_each(void **state)
{
	struct buf b = {0};
	struct sample s;
	struct slice rest, line;

	(void)state;
	sample_init(&s);
	report_check_gcc(&b, &s.v, &s.o);
	assert_int_equal(lines_of(buf_slice(&b)), 2);
	assert_true(slice_find(buf_slice(&b), SL(": warning: fine (possibly) [drop-table]\n")) !=
		    SIZE_MAX);
	buf_clear(&b);
	report_check_github(&b, &s.v, &s.o);
	assert_int_equal(lines_of(buf_slice(&b)), 2);
	rest = buf_slice(&b);
	while (slice_line(&rest, &line)) {
		assert_true(slice_starts(line, "::error file=a%2Cb%3Ac%250A") ||
			    slice_starts(line, "::warning file=a%2Cb%3Ac%250A"));
		/* the properties end at the first ::, which is ours */
		assert_true(slice_starts(
			slice_from(line, slice_find(slice_from(line, 2), SL("::")) + 2 - 6),
			"-table::"));
	}
	buf_done(&b);
	arena_done(&s.a);
}

/* Every < and & in the text is ours; no quote ends an attribute. */
static void test_xml(void **state)
{
	struct buf b = {0};
	struct sample s;

	(void)state;
	sample_init(&s);
	report_check_junit(&b, &s.v, &s.o);
	assert_true(slice_find(buf_slice(&b), SL("<b>")) == SIZE_MAX);
	assert_true(slice_find(buf_slice(&b), SL("]]>")) == SIZE_MAX);
	assert_true(slice_find(buf_slice(&b), SL("tests=\"3\" failures=\"1\"")) != SIZE_MAX);
	assert_true(slice_find(buf_slice(&b), SL("name=\"clean.sql\"")) != SIZE_MAX);
	buf_done(&b);
	arena_done(&s.a);
}

/* Code fences hold what is in them; nobody is mentioned; no markup opens. */
static void test_markdown(void **state)
{
	struct buf b = {0};
	struct sample s;
	struct slice rest, line;
	size_t fence = 0;

	(void)state;
	sample_init(&s);
	report_check_markdown(&b, &s.v, &s.o);
	rest = buf_slice(&b);
	while (slice_line(&rest, &line)) {
		size_t n = 0;

		while (n < line.len && line.at[n] == '`')
			n++;
		if (fence && n >= fence && n == line.len)
			fence = 0;
		else if (!fence && n >= 3)
			fence = n;
		else if (!fence && !slice_starts(line, "`")) {
			assert_true(slice_find(line, SL("@team")) == SIZE_MAX);
			assert_true(slice_find(line, SL("<b>")) == SIZE_MAX);
		}
	}
	assert_int_equal(fence, 0);
	buf_done(&b);
	arena_done(&s.a);
}

/* Files are named from where belay was started. */
static void test_prefix(void **state)
{
	struct buf b = {0};
	struct sample s;

	(void)state;
	sample_init(&s);
	s.o.prefix = "services/db";
	s.f[0].span.src = NULL;
	s.f[0].file = s.f[1].file = "migrations/1.sql";
	report_check_gcc(&b, &s.v, &s.o);
	assert_true(slice_starts(buf_slice(&b), "services/db/migrations/1.sql:1:1: error: "));
	buf_clear(&b);
	s.f[0].file = "-";
	report_check_gcc(&b, &s.v, &s.o);
	assert_true(slice_starts(buf_slice(&b), "-:1:1: error: "));
	buf_done(&b);
	arena_done(&s.a);
}

/* A secret in the statement is not in the report. */
static void test_secrets(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	source_init(&s.src, &s.a, "a.sql",
		SL("CREATE ROLE r PASSWORD 'hunter22';\nINSERT INTO k VALUES "
		   "('AKIAIOSFODNN7EXAMPLE');"));
	s.f[0].span = (struct span){&s.src, 0, 33};
	s.f[0].file = s.f[1].file = "a.sql";
	s.f[1].span = (struct span){&s.src, 35, 45};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct buf b = {0};

		formats[i].write(&b, &s.v, &s.o);
		assert_true(slice_find(buf_slice(&b), SL("hunter22")) == SIZE_MAX);
		assert_true(slice_find(buf_slice(&b), SL("AKIAIOSFODNN7EXAMPLE")) == SIZE_MAX);
		buf_done(&b);
	}
	arena_done(&s.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_hidden_passes),
		cmocka_unit_test(test_one_line_each), cmocka_unit_test(test_xml),
		cmocka_unit_test(test_markdown), cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_secrets)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
