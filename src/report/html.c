/* html.c - pages to look at: one file, no script, nothing loaded from anywhere.
 *
 * The page of explain is a picture: statements downwards in the order in which they run, objects to
 * the right, and in each field who has to wait there. Whatever comes from files goes through
 * html_put(), which leaves no character that could open markup. */
#include "report/internal.h"
#include "sql/clean.h"
#include "sql/quote.h"

#include <stdint.h>

/* Cleaned text, as text of HTML or as the value of an attribute. */
void html_put(struct buf *b, struct slice s)
{
	static const struct {
		char c;
		const char *as;
	} known[] = {
		{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

	for (size_t i = 0; i < s.len; i++) {
		const char *as = NULL;

		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			if (s.at[i] == known[k].c)
				as = known[k].as;
		if (as)
			buf_adds(b, as);
		else
			buf_addc(b, s.at[i]);
	}
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static const char style[] =
	":root{color-scheme:light dark;--line:#8884;--dim:#777;--all:#d33;--writes:#e90;"
	"--ddl:#58c;--none:#3a6}"
	"body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
	"h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}"
	"pre,code{font:13px/1.4 ui-monospace,monospace}"
	"pre{background:#8881;border-radius:6px;padding:.7rem;overflow:auto;white-space:pre-wrap}"
	"table{border-collapse:collapse}th,td{border:1px solid var(--line);padding:.3rem .5rem;"
	"text-align:left;vertical-align:top}"
	"th.o{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:normal}"
	"td.c{min-width:2.2rem;text-align:center;font-weight:bold}"
	".all{background:var(--all)}.writes{background:var(--writes)}.ddl{background:var(--ddl)}"
	".none{background:var(--none)}td.all,td.writes,td.ddl,td.none{color:#fff}.maybe{opacity:.6}"
	".key span{display:inline-block;padding:.1rem .5rem;color:#fff;border-radius:4px;"
	"margin-right:.6rem}.dim{color:var(--dim)}"
	".finding{border-left:5px solid var(--line);padding:.1rem 1rem;margin:1rem 0}"
	".finding.error{border-color:var(--all)}.finding.warning{border-color:var(--writes)}"
	".finding.info{border-color:var(--ddl)}"
	".decision{padding:.6rem 1rem;border-radius:6px;color:#fff;display:inline-block}"
	".block{background:var(--all)}.allow{background:var(--writes)}"
	".approve{background:var(--none)}";

void html_head(struct buf *b, const char *title)
{
	buf_printf(b,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<meta name=\"generator\" content=\"belay %s\">\n<title>%s</title>\n"
		"<style>%s</style></head>\n<body>\n",
		BELAY_VERSION, title, style);
}

void html_foot(struct buf *b)
{
	buf_adds(b, "</body></html>\n");
}

/* ---- Findings ---- */

static void paragraph(struct buf *b, const char *label, struct slice text)
{
	if (!text.len)
		return;
	buf_printf(b, "<p><b>%s</b> ", label);
	html_put(b, text);
	buf_adds(b, "</p>\n");
}

static void finding(struct buf *b, const struct finding *f, const struct report_options *o)
{
	struct arena a = {0};
	struct slice sql = report_sql(&a, f, o->dialect), safe = clean_text(&a, f->safe);

	buf_printf(b, "<div class=\"finding %s\"><p><b>%s</b> ", severity_word(f->severity),
		severity_word(f->severity));
	html_put(b, report_sentence(&a, f));
	buf_adds(b, "<br><span class=\"dim\">");
	if (f->file || f->span.src) {
		html_put(b, report_path(&a, f, o));
		buf_printf(b, ":%zu, ", report_place(f).line);
	}
	buf_printf(b, "rule %s</span></p>\n", f->rule->id);
	if (sql.len) {
		buf_adds(b, "<pre>");
		html_put(b, sql);
		buf_adds(b, "</pre>\n");
	}
	paragraph(b, "Why:", clean_line(&a, f->why));
	if (safe.len) {
		buf_adds(b, "<p><b>Safe version:</b></p><pre>");
		html_put(b, safe);
		buf_adds(b, "</pre>\n");
	}
	buf_adds(b, "</div>\n");
	arena_done(&a);
}

static void unread(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	struct arena a = {0};

	if (!v->nopaque)
		return;
	buf_printf(b, "<p>%zu statement%s could not be read, so nothing is said about %s:</p><ul>",
		v->nopaque, plural(v->nopaque), v->nopaque == 1 ? "it" : "them");
	for (size_t i = 0; i < v->nopaque; i++) {
		struct span at = v->opaque[i].span;

		buf_adds(b, "<li><code>");
		html_put(b, report_path_of(&a, at.src->path, o));
		buf_printf(b, ":%zu</code> ", span_place(at).line);
		html_put(b, clean_line(&a, v->opaque[i].reason));
		buf_adds(b, "</li>\n");
	}
	buf_adds(b, "</ul>\n");
	arena_done(&a);
}

static void findings(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	const struct finding *f;
	size_t i = 0;

	buf_printf(b,
		"<p>%zu error%s, %zu warning%s, %zu note%s in %zu file%s, %zu statement%s.</p>\n",
		v->errors, plural(v->errors), v->warnings, plural(v->warnings), v->infos,
		plural(v->infos), v->files, plural(v->files), v->statements, plural(v->statements));
	while ((f = report_next(v, &i)))
		finding(b, f, o);
	unread(b, v, o);
}

void report_check_html(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	html_head(b, "belay check");
	buf_printf(b, "<h1>%s</h1>\n",
		v->errors     ? "Findings"
		: v->warnings ? "Warnings"
			      : "Nothing dangerous");
	findings(b, v, o);
	html_foot(b);
}

void report_review_html(struct buf *b, const struct review *r, const struct report_options *o)
{
	struct report_options plain = {.dialect = o->dialect, .version = o->version};
	struct buf text = {0};
	struct arena a = {0};

	html_head(b, "belay review");
	buf_printf(b,
		"<h1>Review of %zu migration%s</h1>\n<p><span class=\"decision %s\">%s</span></p>\n"
		"<p>%s.</p>\n<h2>Findings</h2>\n",
		r->nmigrations, plural(r->nmigrations), r->decision, r->decision,
		r->nheads > 1 ? "There are several heads, which must be merged first"
			      : "There is one head");
	findings(b, r->verdict, o);
	buf_adds(b, "<h2>Rehearsal</h2>\n");
	if (r->rehearsal) {
		report_rehearse_text(&text, r->rehearsal, &plain);
		buf_adds(b, "<pre>");
		html_put(b, slice_trim(buf_slice(&text)));
		buf_adds(b, "</pre>\n");
	} else {
		paragraph(b, "Not rehearsed:", clean_line(&a, r->rehearsal_skipped));
	}
	html_foot(b);
	buf_done(&text);
	arena_done(&a);
}

/* ---- The picture of explain ---- */

/* What has a column. Beyond MOST they are listed in words only. */
enum { MOST_COLUMNS = 24 };
struct picture {
	struct arena arena;
	struct name columns[MOST_COLUMNS];
	size_t n, left_out;
	const struct report_options *o;
};

static size_t column_of(struct picture *p, struct name object)
{
	for (size_t i = 0; i < p->n; i++)
		if (name_eq(p->columns[i], object))
			return i;
	return SIZE_MAX;
}

static void add_column(struct picture *p, struct name object)
{
	if (column_of(p, object) != SIZE_MAX)
		return;
	if (p->n == MOST_COLUMNS)
		p->left_out++;
	else
		p->columns[p->n++] = object;
}

static void add_touched(struct picture *p, const struct touched *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!t[i].new_in_tx && !t[i].part.len)
			add_column(p, t[i].object);
}

static bool touches(const struct touched *t, size_t n, struct name object)
{
	for (size_t i = 0; i < n; i++)
		if (!t[i].new_in_tx && name_eq(t[i].object, object))
			return true;
	return false;
}

static struct slice shown_name(struct picture *p, struct name n)
{
	struct buf b = {0};
	struct slice s;

	quote_name_pretty(&b, p->o->dialect, n.schema, n.name);
	s = clean_line(&p->arena, arena_slice(&p->arena, buf_slice(&b)));
	buf_done(&b);
	return s;
}

static const char *class_of(enum lock_class c)
{
	switch (c) {
	case LOCK_NOTHING:
		return "none";
	case LOCK_DDL:
		return "ddl";
	case LOCK_WRITES:
		return "writes";
	case LOCK_READS_WRITES:
		break;
	}
	return "all";
}

/* One field: its colour says who waits, its letters what is done to the rows. */
static void field(struct buf *b, struct picture *p, const struct effect *e, struct name object)
{
	const struct lock *l = NULL;

	for (size_t i = 0; i < e->nlocks; i++)
		if (!e->locks[i].new_in_tx && name_eq(e->locks[i].object, object))
			l = &e->locks[i];
	buf_printf(b, "<td class=\"c%s%s%s\"", l ? " " : "", l ? class_of(l->blocks) : "",
		l && !l->certain ? " maybe" : "");
	if (l) {
		buf_printf(b, " title=\"%s on ", l->mode);
		html_put(b, shown_name(p, object));
		buf_adds(b, "\"");
	}
	buf_printf(b, ">%s%s%s%s%s</td>", touches(e->rewrites, e->nrewrites, object) ? "W" : "",
		touches(e->scans, e->nscans, object) ? "R" : "",
		touches(e->builds, e->nbuilds, object) ? "B" : "",
		touches(e->writes_rows, e->nwrites_rows, object) ? "U" : "",
		touches(e->destroys, e->ndestroys, object) ? "\xc3\x97" : "");
}

static void row(struct buf *b, struct picture *p, const struct explained *x)
{
	const struct statement *st = x->statement;
	struct slice words = clean_line(&p->arena, slice_sub(st->raw, 0, 160));

	buf_printf(b, "<tr><td><code>");
	html_put(b, words);
	buf_adds(b, "</code></td>");
	for (size_t i = 0; i < p->n; i++)
		field(b, p, &x->effect, p->columns[i]);
	buf_adds(b, "<td>");
	if (st->state != STATEMENT_READ)
		buf_adds(b, st->state == STATEMENT_SYNTAX ? "a syntax error" : "could not be read");
	else
		buf_printf(b, "%s%s, again: %s, undo: %s",
			x->effect.outcome == OUTCOME_OK ? "" : outcome_word(x->effect.outcome),
			x->effect.outcome == OUTCOME_OK ? tx_rule_word(x->effect.transaction) : "",
			rerun_word(x->effect.rerun), undo_word(x->effect.undo));
	if (x->effect.algorithm)
		buf_printf(b, "<br>%s, LOCK=%s", x->effect.algorithm,
			x->effect.lock_clause ? x->effect.lock_clause : "?");
	for (size_t i = 0; i < x->effect.nbreaks; i++) {
		buf_printf(b, "<br>breaks %s of ", breaks_word(x->effect.breaks[i].who));
		html_put(b, shown_name(p, x->effect.breaks[i].object));
		if (x->effect.breaks[i].part.len) {
			buf_addc(b, '.');
			html_put(b, clean_line(&p->arena, x->effect.breaks[i].part));
		}
	}
	buf_adds(b, "</td></tr>\n");
}

void report_explain_html(
	struct buf *b, const struct explained *e, size_t n, const struct report_options *o)
{
	struct picture p = {.o = o};

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < e[i].effect.nlocks; k++)
			if (!e[i].effect.locks[k].new_in_tx)
				add_column(&p, e[i].effect.locks[k].object);
		add_touched(&p, e[i].effect.rewrites, e[i].effect.nrewrites);
		add_touched(&p, e[i].effect.scans, e[i].effect.nscans);
		add_touched(&p, e[i].effect.builds, e[i].effect.nbuilds);
	}
	html_head(b, "belay explain");
	buf_adds(b, "<h1>Who waits, statement by statement</h1>\n<p class=\"key\">"
		    "<span class=\"all\">reads and writes wait</span><span class=\"writes\">writes "
		    "wait</span>"
		    "<span class=\"ddl\">schema changes and vacuum wait</span>"
		    "<span class=\"none\">nobody waits</span></p>\n"
		    "<p class=\"dim\">W rewritten, R read in full, B built, U rows written, "
		    "\xc3\x97 destroyed; "
		    "paler: possibly.</p>\n<table>\n<tr><th>statement</th>");
	for (size_t i = 0; i < p.n; i++) {
		buf_adds(b, "<th class=\"o\">");
		html_put(b, shown_name(&p, p.columns[i]));
		buf_adds(b, "</th>");
	}
	buf_adds(b, "<th>besides</th></tr>\n");
	for (size_t i = 0; i < n; i++)
		row(b, &p, &e[i]);
	buf_adds(b, "</table>\n");
	if (p.left_out)
		buf_printf(b, "<p>%zu more objects are not shown: belay explain lists them.</p>\n",
			p.left_out);
	html_foot(b);
	arena_done(&p.arena);
}
