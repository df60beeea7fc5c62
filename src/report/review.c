/* review.c - the whole safety report of a change set. */
#include "report/report.h"

static void section(struct buf *b, const char *title, bool color)
{
	buf_printf(b, "\n%s%s%s\n", tint(color, "bold"), title, tint(color, "off"));
}

void report_review_text(struct buf *b, const struct review *r, const struct report_options *o)
{
	bool color = o->color;

	buf_printf(b, "%sReview of %zu migration%s%s\n", tint(color, "bold"), r->nmigrations,
		r->nmigrations == 1 ? "" : "s", tint(color, "off"));
	section(b, "Heads", color);
	buf_printf(b, r->nheads > 1 ? "  %zu heads: they must be merged first\n" : "  one head\n",
		r->nheads);
	section(b, "Findings", color);
	report_check_text(b, r->verdict, o);
	section(b, "Rehearsal", color);
	if (r->rehearsal)
		report_rehearse_text(b, r->rehearsal, o);
	else
		buf_printf(b, "  not rehearsed: %.*s\n", SLICE(r->rehearsal_skipped));
	section(b, "Decision", color);
	buf_printf(b, "  %s%s%s\n",
		tint(color, strcmp(r->decision, "block") == 0   ? "error"
			    : strcmp(r->decision, "allow") == 0 ? "warning"
								: "ok"),
		r->decision, tint(color, "off"));
}

/* A document inside a document: rendered alone, its head kept. */
static void embed(struct json *j, const char *key, const struct buf *document)
{
	json_key(j, key);
	j->after_key = false;
	buf_add(j->out, slice_trim(buf_slice(document)));
}

void report_review_json(struct buf *b, const struct review *r, const struct report_options *o)
{
	struct buf part = {0};
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "review/1");
	json_kcstr(&j, "decision", r->decision);
	json_kint(&j, "migrations", (long long)r->nmigrations);
	json_key(&j, "heads");
	json_array(&j);
	for (size_t i = 0; i < r->nheads; i++)
		json_str(&j, r->heads[i]);
	json_end(&j);
	report_check_json(&part, r->verdict, o);
	embed(&j, "check", &part);
	buf_clear(&part);
	if (r->rehearsal) {
		report_rehearse_json(&part, r->rehearsal, o);
		embed(&j, "rehearsal", &part);
	} else {
		json_key(&j, "rehearsal");
		json_null(&j);
		json_kstr(&j, "rehearsal_skipped", r->rehearsal_skipped);
	}
	json_end(&j);
	buf_done(&part);
}
