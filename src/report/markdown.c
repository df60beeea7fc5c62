/* markdown.c - for a pull request: finding, why, safe version.
 *
 * What comes from files can neither open markup nor mention anybody: marks are escaped, code stands
 * in fences longer than any run of backquotes in it. */
#include "report/internal.h"
#include "sql/clean.h"

#include <stdint.h>

/* A comment on GitHub holds 65,536 characters. */
enum { MOST_BYTES = 56000 };

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Running text. An empty comment keeps @name and #12 from becoming a mention or a reference. */
void markdown_prose(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		bool before_word = i + 1 < s.len && is_word_char(s.at[i + 1]);

		if (c == '<')
			buf_adds(b, "&lt;");
		else if (c == '>')
			buf_adds(b, "&gt;");
		else if (c == '&')
			buf_adds(b, "&amp;");
		else if ((c == '@' || c == '#') && before_word)
			buf_printf(b, "%c<!-- -->", c);
		else if (strchr("\\`*_{}[]#|~", c))
			buf_printf(b, "\\%c", c);
		else
			buf_addc(b, c);
	}
}

static size_t longest_backquotes(struct slice s)
{
	size_t best = 0, run = 0;

	for (size_t i = 0; i < s.len; i++) {
		run = s.at[i] == '`' ? run + 1 : 0;
		best = run > best ? run : best;
	}
	return best;
}

static void backquotes(struct buf *b, size_t n)
{
	while (n--)
		buf_addc(b, '`');
}

void markdown_code_span(struct buf *b, struct slice s)
{
	size_t n = longest_backquotes(s) + 1;

	backquotes(b, n);
	/* A blank keeps backquotes at the ends apart; one at each end is not shown. */
	buf_printf(b, n > 1 ? " %.*s " : "%.*s", SLICE(s));
	backquotes(b, n);
}

void markdown_code_block(struct buf *b, struct slice s)
{
	size_t n = longest_backquotes(s) + 1;

	n = n < 3 ? 3 : n;
	backquotes(b, n);
	buf_printf(b, "sql\n%.*s\n", SLICE(s));
	backquotes(b, n);
	buf_adds(b, "\n");
}

static const char *mark(enum severity s)
{
	switch (s) {
	case SEVERITY_OFF:
	case SEVERITY_INFO:
		return "\xe2\x84\xb9\xef\xb8\x8f"; /* information */
	case SEVERITY_WARNING:
		return "\xe2\x9a\xa0\xef\xb8\x8f"; /* warning sign */
	case SEVERITY_ERROR:
		break;
	}
	return "\xe2\x9d\x8c"; /* cross mark */
}

/* Does the safe form begin as a statement does, or as a comment, rather than as a sentence?
 * Statements of ours are written with a keyword in capitals. */
static bool is_sql(struct slice s)
{
	size_t n = 0;

	if (slice_starts(s, "-- "))
		return true;
	while (n < s.len && s.at[n] >= 'A' && s.at[n] <= 'Z')
		n++;
	return n >= 3 && n < s.len && s.at[n] == ' ' && slice_chr(s, ';') != SIZE_MAX;
}

static void finding(struct buf *b, const struct finding *f, const struct report_options *o)
{
	struct arena a = {0};
	struct slice sql = report_sql(&a, f, o->dialect), safe = clean_text(&a, f->safe);

	buf_printf(b, "#### %s %s: ", mark(f->severity), severity_word(f->severity));
	markdown_prose(b, report_sentence(&a, f));
	buf_adds(b, "\n\n");
	if (f->file || f->span.src) {
		markdown_code_span(b, arena_printf(&a, "%.*s:%zu", SLICE(report_path(&a, f, o)),
					      report_place(f).line));
		buf_adds(b, ", ");
	}
	buf_printf(b, "rule `%s`\n\n", f->rule->id);
	if (sql.len) {
		markdown_code_block(b, sql);
		buf_addc(b, '\n');
	}
	if (f->why.len) {
		buf_adds(b, "**Why:** ");
		markdown_prose(b, clean_line(&a, f->why));
		buf_adds(b, "\n\n");
	}
	if (is_sql(safe)) {
		buf_adds(b, "**Safe version:**\n\n");
		markdown_code_block(b, safe);
		buf_addc(b, '\n');
	} else if (safe.len) {
		buf_adds(b, "**Safe version:** ");
		markdown_prose(b, clean_line(&a, f->safe));
		buf_adds(b, "\n\n");
	}
	arena_done(&a);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void unread(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	struct arena a = {0};

	if (v->nopaque == 0)
		return;
	buf_printf(b, "%zu statement%s could not be read, so nothing is said about %s:\n\n",
		v->nopaque, plural(v->nopaque), v->nopaque == 1 ? "it" : "them");
	for (size_t i = 0; i < v->nopaque && b->len < MOST_BYTES; i++) {
		struct span at = v->opaque[i].span;

		buf_adds(b, "- ");
		markdown_code_span(
			b, arena_printf(&a, "%.*s:%zu", SLICE(report_path_of(&a, at.src->path, o)),
				   span_place(at).line));
		buf_adds(b, ": ");
		markdown_prose(b, clean_line(&a, v->opaque[i].reason));
		buf_addc(b, '\n');
	}
	buf_addc(b, '\n');
	arena_done(&a);
}

static void body(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	const struct finding *f;
	size_t i = 0, shown = 0, all = v->errors + v->warnings + v->infos;

	while (b->len < MOST_BYTES && (f = report_next(v, &i))) {
		finding(b, f, o);
		shown++;
	}
	if (shown < all)
		buf_printf(b, "… and %zu more: run `belay check`.\n\n", all - shown);
	unread(b, v, o);
}

void report_check_markdown(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	buf_adds(b, "### belay: ");
	if (v->errors + v->warnings + v->infos == 0)
		buf_printf(b, "nothing to report%s", v->nopaque ? " about what was read" : "");
	else
		buf_printf(b, "%zu error%s, %zu warning%s", v->errors, plural(v->errors),
			v->warnings, plural(v->warnings));
	buf_printf(b, " in %zu file%s, %zu statement%s\n\n", v->files, plural(v->files),
		v->statements, plural(v->statements));
	body(b, v, o);
}

static void rehearsed(struct buf *b, const struct review *r)
{
	const struct rehearsal *x = r->rehearsal;
	struct report_options plain = {0};
	struct buf text = {0};
	struct arena a = {0};

	buf_adds(b, "### Rehearsal\n\n");
	if (!x) {
		buf_adds(b, "Not rehearsed: ");
		markdown_prose(b, clean_line(&a, r->rehearsal_skipped));
		buf_adds(b, "\n\n");
	} else {
		report_rehearse_text(&text, x, &plain);
		markdown_code_block(b, slice_trim(buf_slice(&text)));
		buf_addc(b, '\n');
	}
	buf_done(&text);
	arena_done(&a);
}

void report_review_markdown(struct buf *b, const struct review *r, const struct report_options *o)
{
	buf_printf(b, "## belay: %s\n\n%zu migration%s reviewed; %s.\n\n", r->decision,
		r->nmigrations, plural(r->nmigrations),
		r->nheads > 1 ? "several heads, which must be merged first" : "one head");
	report_check_markdown(b, r->verdict, o);
	rehearsed(b, r);
}
