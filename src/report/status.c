/* status.c - which migrations are applied. */
#include "report/report.h"
#include "run/run.h"
#include "sql/clean.h"

static const char *state_word(enum applied_state s)
{
	switch (s) {
	case STATE_PENDING:
		return "pending";
	case STATE_APPLIED:
		return "applied";
	case STATE_PARTIAL:
		return "partial";
	case STATE_FAILED:
		return "failed";
	case STATE_UNKNOWN:
		break;
	}
	return "unknown";
}

void report_status_text(struct buf *b, const struct project *p, const struct run_state *s,
	const struct report_options *o)
{
	size_t counts[5] = {0};
	struct arena a = {0};

	for (size_t i = 0; i < s->n; i++) {
		const struct migration_state *m = &s->at[i];
		const char *word = state_word(m->state);
		const char *color = m->state == STATE_APPLIED   ? "ok"
				    : m->state == STATE_PENDING ? "info"
								: "error";

		counts[m->state]++;
		buf_printf(b, "%s%-8s%s %.*s%s%.*s", tint(o->color, color), word,
			tint(o->color, "off"), SLICE(clean_line(&a, m->id)),
			m->migration && m->migration->name.len ? "  " : "",
			SLICE(clean_line(&a, m->migration ? m->migration->name : SLICE_NONE)));
		if (m->applied_at.len)
			buf_printf(b, "  %s%.*s%s", tint(o->color, "dim"),
				SLICE(clean_line(&a, m->applied_at)), tint(o->color, "off"));
		if (m->edited)
			buf_adds(b, "  edited since");
		if (m->missing_file)
			buf_adds(b, "  its file is missing");
		if (m->late)
			buf_adds(b, "  late: something behind it is applied already");
		if (m->migration && m->migration->code)
			buf_printf(b, "  (%s)", m->migration->code);
		if (m->note.len)
			buf_printf(b, "  %.*s", SLICE(clean_line(&a, m->note)));
		buf_addc(b, '\n');
	}
	buf_printf(b, "%s: %zu applied, %zu pending", p->layout->name, counts[STATE_APPLIED],
		counts[STATE_PENDING]);
	if (counts[STATE_PARTIAL] + counts[STATE_FAILED] + counts[STATE_UNKNOWN])
		buf_printf(b, ", %zu to look at",
			counts[STATE_PARTIAL] + counts[STATE_FAILED] + counts[STATE_UNKNOWN]);
	buf_addc(b, '\n');
	arena_done(&a);
}

static void flags_json(struct json *j, const struct migration_state *m)
{
	json_key(j, "flags");
	json_array(j);
	if (m->edited)
		json_cstr(j, "edited");
	if (m->missing_file)
		json_cstr(j, "missing-file");
	if (m->late)
		json_cstr(j, "late");
	json_end(j);
}

void report_status_json(struct buf *b, const struct project *p, const struct run_state *s,
	const struct report_options *o)
{
	struct arena a = {0};
	struct slice *heads;
	size_t n = project_heads(p, &a, &heads);
	struct json j;

	(void)o;
	json_init(&j, b);
	json_object(&j);
	report_head(&j, "status/1");
	json_kcstr(&j, "layout", p->layout->name);
	json_key(&j, "heads");
	json_array(&j);
	for (size_t i = 0; i < n; i++)
		json_str(&j, heads[i]);
	json_end(&j);
	json_key(&j, "migrations");
	json_array(&j);
	for (size_t i = 0; i < s->n; i++) {
		const struct migration_state *m = &s->at[i];

		json_object(&j);
		json_kstr(&j, "id", m->id);
		json_kstr(&j, "name", m->migration ? m->migration->name : SLICE_NONE);
		json_kcstr(&j, "state", state_word(m->state));
		flags_json(&j, m);
		json_key(&j, "applied_at");
		if (m->applied_at.len)
			json_str(&j, m->applied_at);
		else
			json_null(&j);
		json_key(&j, "ms");
		if (m->ms >= 0)
			json_int(&j, m->ms);
		else
			json_null(&j);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	arena_done(&a);
}
