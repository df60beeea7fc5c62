/* junit.c - JUnit XML: a test suite per file, a test case per finding. What fails the run is a
 * failure, the rest is printed by a case that passes; a file without findings is one case that
 * passes. */
#include "base/utf8.h"
#include "report/internal.h"
#include "sql/clean.h"

/* clean_text leaves nothing that XML 1.0 cannot hold except its own marks and non-characters. */
static void xml(struct buf *b, struct slice s, bool attribute)
{
	while (s.len) {
		size_t n = utf8_length(s);
		unsigned c = n ? utf8_decode(s, n) : 0xfffd;

		switch (c) {
		case '&':
			buf_adds(b, "&amp;");
			break;
		case '<':
			buf_adds(b, "&lt;");
			break;
		case '>':
			buf_adds(b, "&gt;");
			break;
		case '"':
			buf_adds(b, "&quot;");
			break;
		case '\'':
			buf_adds(b, "&apos;");
			break;
		case '\n':
		case '\r':
		case '\t':
			if (attribute)
				buf_printf(b, "&#%u;", c);
			else
				buf_addc(b, (char)c);
			break;
		case 0xfffe:
		case 0xffff:
			buf_adds(b, "\xef\xbf\xbd");
			break;
		default:
			buf_add(b, slice_n(s.at, n ? n : 1));
		}
		s = slice_from(s, n ? n : 1);
	}
}

static void attribute(struct buf *b, const char *name, struct slice value)
{
	buf_printf(b, " %s=\"", name);
	xml(b, value, true);
	buf_addc(b, '"');
}

static bool fails(const struct finding *f, const struct report_options *o)
{
	return o->fail_on != SEVERITY_OFF && f->severity >= o->fail_on;
}

static void details(struct buf *b, struct arena *a, const struct finding *f, struct slice path)
{
	struct place p = report_place(f);

	xml(b,
		arena_printf(a, "%.*s:%zu:%zu: %s: %.*s\n", SLICE(path), p.line, p.column,
			severity_word(f->severity), SLICE(report_sentence(a, f))),
		false);
	if (f->why.len)
		xml(b, arena_printf(a, "why: %.*s\n", SLICE(clean_text(a, f->why))), false);
	if (f->safe.len)
		xml(b, arena_printf(a, "safe: %.*s\n", SLICE(clean_text(a, f->safe))), false);
}

static void one_case(
	struct buf *b, struct arena *a, const struct finding *f, const struct report_options *o)
{
	struct slice path = report_path(a, f, o);
	bool failure = fails(f, o);

	buf_adds(b, "    <testcase");
	attribute(b, "name", arena_printf(a, "%s, line %zu", f->rule->id, report_place(f).line));
	attribute(b, "classname", path);
	attribute(b, "file", path);
	buf_printf(b, " line=\"%zu\" time=\"0\">\n      <%s", report_place(f).line,
		failure ? "failure" : "system-out");
	if (failure) {
		attribute(b, "type", slice_of(severity_word(f->severity)));
		attribute(b, "message", report_sentence(a, f));
	}
	buf_addc(b, '>');
	details(b, a, f, path);
	buf_printf(b, "</%s>\n    </testcase>\n", failure ? "failure" : "system-out");
}

struct tally {
	size_t tests, failures;
};

/* Findings are sorted by file: those of `file` stand together. */
static struct tally tally(
	const struct verdict *v, size_t i, const char *file, const struct report_options *o)
{
	const struct finding *f;
	struct tally t = {0};

	while ((f = report_next(v, &i)) && strcmp(f->file ? f->file : "", file) == 0) {
		t.tests++;
		t.failures += fails(f, o);
	}
	return t;
}

static void suite_head(struct buf *b, struct arena *a, const char *file, struct tally t,
	const struct report_options *o)
{
	buf_adds(b, "  <testsuite");
	attribute(b, "name", file[0] ? report_path_of(a, file, o) : SL("migrations"));
	buf_printf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"0\">\n",
		t.tests, t.failures);
}

static void clean_file(
	struct buf *b, struct arena *a, const char *file, const struct report_options *o)
{
	suite_head(b, a, file, (struct tally){1, 0}, o);
	buf_adds(b, "    <testcase name=\"check\"");
	attribute(b, "classname", report_path_of(a, file, o));
	attribute(b, "file", report_path_of(a, file, o));
	buf_adds(b, " time=\"0\"/>\n  </testsuite>\n");
}

/* Findings are sorted by file. */
static bool has_findings(const struct verdict *v, const char *file)
{
	size_t low = 0, high = v->nfindings;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(v->findings[mid].file ? v->findings[mid].file : "", file) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < v->nfindings && v->findings[low].file &&
		strcmp(v->findings[low].file, file) == 0;
		low++)
		if (!v->findings[low].suppressed)
			return true;
	return false;
}

static struct tally all(const struct verdict *v, const struct report_options *o)
{
	const struct finding *f;
	struct tally t = {0};
	size_t i = 0;

	while ((f = report_next(v, &i))) {
		t.tests++;
		t.failures += fails(f, o);
	}
	for (i = 0; i < v->npaths; i++)
		t.tests += !has_findings(v, v->paths[i]);
	return t;
}

void report_check_junit(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	struct tally t = all(v, o);
	const struct finding *f;
	const char *file = NULL;
	struct arena a = {0};
	size_t i = 0;

	buf_printf(b,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"belay\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		"time=\"0\">\n",
		t.tests, t.failures);
	for (size_t at = 0; (f = report_next(v, &i)); at = i) {
		const char *its = f->file ? f->file : "";

		if (!file || strcmp(file, its) != 0) {
			if (file)
				buf_adds(b, "  </testsuite>\n");
			suite_head(b, &a, its, tally(v, at, its, o), o);
		}
		file = its;
		one_case(b, &a, f, o);
		arena_reset(&a);
	}
	if (file)
		buf_adds(b, "  </testsuite>\n");
	for (i = 0; i < v->npaths; i++)
		if (!has_findings(v, v->paths[i]))
			clean_file(b, &a, v->paths[i], o);
	buf_adds(b, "</testsuites>\n");
	arena_done(&a);
}
