/* plan_page.c - a plan as Markdown (for a change request) and as a page of HTML. One walk, two ways
 * to write: what comes from files is escaped in both. */
#include "report/internal.h"
#include "sql/clean.h"
#include "sql/redact.h"

/* How a page is written. */
struct page {
	struct buf *b;
	struct arena *a;
	bool html;
};

static void prose(struct page *p, struct slice s)
{
	s = clean_line(p->a, s);
	if (p->html)
		html_put(p->b, s);
	else
		markdown_prose(p->b, s);
}

static void heading(struct page *p, int level, struct slice s)
{
	if (p->html)
		buf_printf(p->b, "<h%d>", level);
	else
		buf_printf(p->b, "%.*s ", level, "######");
	prose(p, s);
	if (p->html)
		buf_printf(p->b, "</h%d>\n", level);
	else
		buf_adds(p->b, "\n\n");
}

static void code(struct page *p, struct slice s)
{
	s = clean_text(p->a, s);
	if (!p->html) {
		markdown_code_block(p->b, s);
		buf_addc(p->b, '\n');
		return;
	}
	buf_adds(p->b, "<pre><code>");
	html_put(p->b, s);
	buf_adds(p->b, "</code></pre>\n");
}

enum bullet { BULLET_DOT, BULLET_NUMBER, BULLET_BOX };

static void open_list(struct page *p, enum bullet kind)
{
	if (p->html)
		buf_adds(p->b, kind == BULLET_NUMBER ? "<ol>\n" : "<ul>\n");
}

static void item(struct page *p, enum bullet kind, size_t number, struct slice s)
{
	if (p->html)
		buf_adds(p->b, kind == BULLET_BOX ? "<li><input type=\"checkbox\"> " : "<li>");
	else if (kind == BULLET_NUMBER)
		buf_printf(p->b, "%zu. ", number);
	else
		buf_adds(p->b, kind == BULLET_BOX ? "- [ ] " : "- ");
	prose(p, s);
	buf_adds(p->b, p->html ? "</li>\n" : "\n");
}

static void close_list(struct page *p, enum bullet kind)
{
	if (p->html)
		buf_adds(p->b, kind == BULLET_NUMBER ? "</ol>\n" : "</ul>\n");
	else
		buf_addc(p->b, '\n');
}

static void list(struct page *p, int level, const char *title, struct names n, enum bullet kind)
{
	if (n.n == 0)
		return;
	heading(p, level, slice_of(title));
	open_list(p, kind);
	for (size_t i = 0; i < n.n; i++)
		item(p, kind, i + 1, n.at[i]);
	close_list(p, kind);
}

static void impact_of(
	struct page *p, enum dialect d, const char *word, const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].new_in_tx)
			item(p, BULLET_DOT, 0,
				arena_printf(p->a, "%s %.*s%s", word,
					SLICE(outlook_object(p->a, d, v[i].object,
						slice_is(v[i].part, "rows") ? SLICE_NONE
									    : v[i].part)),
					v[i].certain ? "" : " (possibly)"));
}

static void statement(struct page *p, enum dialect d, const struct outlook_statement *s)
{
	const struct effect *e = s->step->effect;

	code(p, slice_trim(redact_sql(p->a, d, step_shown(s->step))));
	open_list(p, BULLET_DOT);
	item(p, BULLET_DOT, 0,
		arena_printf(p->a, "risk %s, takes %.*s", risk_word(s->risk),
			SLICE(interval_words(p->a, s->time))));
	for (size_t i = 0; e && i < e->nlocks; i++)
		if (!e->locks[i].new_in_tx && e->locks[i].blocks > LOCK_NOTHING)
			item(p, BULLET_DOT, 0,
				arena_printf(p->a, "locks %.*s: %s",
					SLICE(outlook_object(
						p->a, d, e->locks[i].object, SLICE_NONE)),
					e->locks[i].mode));
	if (e) {
		impact_of(p, d, "rewrites", e->rewrites, e->nrewrites);
		impact_of(p, d, "scans", e->scans, e->nscans);
		impact_of(p, d, "builds", e->builds, e->nbuilds);
		impact_of(p, d, "writes to", e->writes_rows, e->nwrites_rows);
		impact_of(p, d, "destroys", e->destroys, e->ndestroys);
	}
	for (size_t i = 0; i < s->reasons.n; i++)
		item(p, BULLET_DOT, 0,
			arena_printf(p->a, "%s: %.*s", risk_word(s->reasons.at[i].risk),
				SLICE(s->reasons.at[i].words)));
	close_list(p, BULLET_DOT);
}

static void migration(struct page *p, enum dialect d, const struct outlook_migration *m)
{
	heading(p, 3,
		arena_printf(
			p->a, "%.*s %.*s", SLICE(m->migration->id), SLICE(m->migration->name)));
	open_list(p, BULLET_DOT);
	item(p, BULLET_DOT, 0,
		arena_printf(p->a, "risk %s, takes %.*s, %s", risk_word(m->risk),
			SLICE(interval_words(p->a, m->time)),
			m->grouped ? "in one transaction" : "statement by statement"));
	for (size_t i = 0; i < m->reasons.n; i++)
		item(p, BULLET_DOT, 0,
			arena_printf(p->a, "%s: %.*s", risk_word(m->reasons.at[i].risk),
				SLICE(m->reasons.at[i].words)));
	close_list(p, BULLET_DOT);
	for (size_t i = 0; i < m->n; i++)
		statement(p, d, &m->at[i]);
}

static void write_page(struct page *p, const struct outlook *x)
{
	heading(p, 1, SL("Migration plan"));
	if (x->n == 0) {
		prose(p, SL("Nothing to do."));
		buf_addc(p->b, '\n');
		return;
	}
	open_list(p, BULLET_DOT);
	item(p, BULLET_DOT, 0,
		arena_printf(p->a, "%zu migration%s, %zu statement%s", x->n, x->n == 1 ? "" : "s",
			x->plan->nsteps, x->plan->nsteps == 1 ? "" : "s"));
	if (x->server.len)
		item(p, BULLET_DOT, 0,
			arena_printf(
				p->a, "%.*s, database %.*s", SLICE(x->server), SLICE(x->database)));
	item(p, BULLET_DOT, 0, arena_printf(p->a, "risk: %s", risk_word(x->risk)));
	item(p, BULLET_DOT, 0,
		arena_printf(p->a, "takes: %.*s", SLICE(interval_words(p->a, x->time))));
	close_list(p, BULLET_DOT);
	heading(p, 2, SL("Impact"));
	for (size_t i = 0; i < x->n; i++)
		migration(p, x->dialect, &x->at[i]);
	list(p, 2, "Estimate rests on", x->rests_on, BULLET_DOT);
	list(p, 2, "Deploy steps", x->deploy, BULLET_NUMBER);
	list(p, 2, "Rollback steps", x->rollback, BULLET_NUMBER);
	heading(p, 2, SL("Checklist"));
	list(p, 3, "Before", x->before, BULLET_BOX);
	list(p, 3, "Meanwhile", x->during, BULLET_BOX);
	list(p, 3, "Afterwards", x->after, BULLET_BOX);
}

void report_plan_markdown(struct buf *b, const struct outlook *x, const struct report_options *o)
{
	struct arena a = {0};

	(void)o;
	write_page(&(struct page){.b = b, .a = &a}, x);
	arena_done(&a);
}

void report_plan_html(struct buf *b, const struct outlook *x, const struct report_options *o)
{
	struct arena a = {0};

	(void)o;
	html_head(b, "Migration plan");
	write_page(&(struct page){.b = b, .a = &a, .html = true}, x);
	html_foot(b);
	arena_done(&a);
}
