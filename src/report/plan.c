/* plan.c - what up would do and what that means, for people and as plan/1. */
#include "report/internal.h"
#include "sql/clean.h"
#include "sql/redact.h"

enum { SHOWN_BYTES = 160 };

static struct slice sql_of(
	struct arena *a, enum dialect d, const struct outlook_statement *s, size_t most)
{
	struct slice sql = clean_line(a, slice_trim(redact_sql(a, d, step_shown(s->step))));

	if (sql.len <= most)
		return sql;
	while (most && ((unsigned char)sql.at[most] & 0xC0) == 0x80)
		most--;
	return arena_printf(a, "%.*s…", (int)most, sql.at);
}

static const char *risk_tint(enum risk r)
{
	switch (r) {
	case RISK_LOW:
		return "ok";
	case RISK_MEDIUM:
		return "warning";
	case RISK_HIGH:
		break;
	}
	return "error";
}

/* ---- For people ---- */

static void effect_text(struct buf *b, struct arena *a, enum dialect d, const char *label,
	const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].new_in_tx)
			buf_printf(b, "       %-9s %.*s%s\n", label,
				SLICE(outlook_object(a, d, v[i].object,
					slice_is(v[i].part, "rows") ? SLICE_NONE : v[i].part)),
				v[i].certain ? "" : " (possibly)");
}

static void locks_text(
	struct buf *b, struct arena *a, enum dialect d, const struct outlook_statement *s)
{
	static const char *const waits[] = {
		"nobody waits", "other changes wait", "writes wait", "reads and writes wait"};
	const struct effect *e = s->step->effect;

	for (size_t i = 0; e && i < e->nlocks; i++)
		if (!e->locks[i].new_in_tx && e->locks[i].blocks > LOCK_NOTHING)
			buf_printf(b, "       %-9s %s on %.*s: %s\n", "locks", e->locks[i].mode,
				SLICE(outlook_object(a, d, e->locks[i].object, SLICE_NONE)),
				waits[e->locks[i].blocks]);
	if (e && e->algorithm)
		buf_printf(b, "       %-9s %s, LOCK=%s\n", "algorithm", e->algorithm,
			e->lock_clause ? e->lock_clause : "?");
}

static void statement_text(
	struct buf *b, const struct outlook_statement *s, const struct report_options *o)
{
	const struct span *at = &s->step->statement->span;
	const struct effect *e = s->step->effect;
	struct arena a = {0};

	buf_printf(b, "  %4zu %.*s\n", span_place(*at).line,
		SLICE(sql_of(&a, o->dialect, s, SHOWN_BYTES)));
	locks_text(b, &a, o->dialect, s);
	if (e) {
		effect_text(b, &a, o->dialect, "rewrites", e->rewrites, e->nrewrites);
		effect_text(b, &a, o->dialect, "scans", e->scans, e->nscans);
		effect_text(b, &a, o->dialect, "builds", e->builds, e->nbuilds);
		effect_text(b, &a, o->dialect, "writes to", e->writes_rows, e->nwrites_rows);
		effect_text(b, &a, o->dialect, "destroys", e->destroys, e->ndestroys);
	}
	if (!s->time.known || s->time.to_ms > 100)
		buf_printf(b, "       %-9s %.*s\n", "takes", SLICE(interval_words(&a, s->time)));
	for (size_t i = 0; i < s->reasons.n; i++)
		buf_printf(b, "       %s%-9s%s %.*s\n",
			tint(o->color, risk_tint(s->reasons.at[i].risk)),
			risk_word(s->reasons.at[i].risk), tint(o->color, "off"),
			SLICE(clean_line(&a, s->reasons.at[i].words)));
	arena_done(&a);
}

static void migration_text(
	struct buf *b, const struct outlook_migration *m, const struct report_options *o)
{
	struct arena a = {0};

	buf_printf(b, "%s%.*s%s%.*s%s  %s, %.*s, risk %s%s%s\n", tint(o->color, "bold"),
		SLICE(clean_line(&a, m->migration->id)), m->migration->name.len ? " " : "",
		SLICE(clean_line(&a, m->migration->name)), tint(o->color, "off"),
		m->grouped ? "one transaction" : "statement by statement",
		SLICE(interval_words(&a, m->time)), tint(o->color, risk_tint(m->risk)),
		risk_word(m->risk), tint(o->color, "off"));
	for (size_t i = 0; i < m->n; i++)
		statement_text(b, &m->at[i], o);
	for (size_t i = 0; i < m->reasons.n; i++)
		buf_printf(b, "       %s%-9s%s %.*s\n",
			tint(o->color, risk_tint(m->reasons.at[i].risk)),
			risk_word(m->reasons.at[i].risk), tint(o->color, "off"),
			SLICE(clean_line(&a, m->reasons.at[i].words)));
	buf_addc(b, '\n');
	arena_done(&a);
}

static void list_text(struct buf *b, const char *title, struct names n, bool numbered, bool color)
{
	struct arena a = {0};

	if (n.n == 0)
		return;
	buf_printf(b, "%s%s%s\n", tint(color, "bold"), title, tint(color, "off"));
	for (size_t i = 0; i < n.n; i++) {
		if (numbered)
			buf_printf(b, "  %zu. %.*s\n", i + 1, SLICE(clean_line(&a, n.at[i])));
		else
			buf_printf(b, "  %s %.*s\n", title[0] == 'E' ? "-" : "[ ]",
				SLICE(clean_line(&a, n.at[i])));
	}
	buf_addc(b, '\n');
	arena_done(&a);
}

void report_plan_text(struct buf *b, const struct outlook *p, const struct report_options *o)
{
	struct arena a = {0};

	if (p->n == 0) {
		buf_adds(b, "nothing to do\n");
		return;
	}
	buf_printf(b, "%zu migration%s, %zu statement%s", p->n, p->n == 1 ? "" : "s",
		p->plan->nsteps, p->plan->nsteps == 1 ? "" : "s");
	if (p->server.len)
		buf_printf(b, " on %.*s, database %.*s", SLICE(clean_line(&a, p->server)),
			SLICE(clean_line(&a, p->database)));
	buf_printf(b, "\ntakes %.*s; risk %s%s%s\n\n", SLICE(interval_words(&a, p->time)),
		tint(o->color, risk_tint(p->risk)), risk_word(p->risk), tint(o->color, "off"));
	for (size_t i = 0; i < p->n; i++)
		migration_text(b, &p->at[i], o);
	list_text(b, "Estimate rests on", p->rests_on, false, o->color);
	list_text(b, "Deploy", p->deploy, true, o->color);
	list_text(b, "Rollback", p->rollback, true, o->color);
	list_text(b, "Before", p->before, false, o->color);
	list_text(b, "Meanwhile", p->during, false, o->color);
	list_text(b, "Afterwards", p->after, false, o->color);
	arena_done(&a);
}

/* ---- plan/1 ---- */

static void interval_json(struct json *j, const char *key, struct interval t)
{
	json_key(j, key);
	json_object(j);
	json_kint(j, "from_ms", t.from_ms);
	json_key(j, "to_ms");
	if (t.known)
		json_int(j, t.to_ms);
	else
		json_null(j);
	json_end(j);
}

static void reasons_json(struct json *j, struct reasons r)
{
	json_key(j, "reasons");
	json_array(j);
	for (size_t i = 0; i < r.n; i++) {
		json_object(j);
		json_kcstr(j, "risk", risk_word(r.at[i].risk));
		json_kstr(j, "message", r.at[i].words);
		json_end(j);
	}
	json_end(j);
}

static void touched_json(struct json *j, struct arena *a, enum dialect d, const char *key,
	const struct touched *v, size_t n)
{
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < n; i++)
		if (!v[i].new_in_tx)
			json_str(j, outlook_object(a, d, v[i].object,
					    slice_is(v[i].part, "rows") ? SLICE_NONE : v[i].part));
	json_end(j);
}

static void effect_json(struct json *j, struct arena *a, enum dialect d, const struct effect *e)
{
	json_key(j, "locks");
	json_array(j);
	for (size_t i = 0; i < e->nlocks; i++) {
		if (e->locks[i].new_in_tx)
			continue;
		json_object(j);
		json_kstr(j, "object", outlook_object(a, d, e->locks[i].object, SLICE_NONE));
		json_kcstr(j, "mode", e->locks[i].mode);
		json_end(j);
	}
	json_end(j);
	touched_json(j, a, d, "rewrites", e->rewrites, e->nrewrites);
	touched_json(j, a, d, "scans", e->scans, e->nscans);
	touched_json(j, a, d, "builds", e->builds, e->nbuilds);
	touched_json(j, a, d, "writes_rows", e->writes_rows, e->nwrites_rows);
	touched_json(j, a, d, "destroys", e->destroys, e->ndestroys);
	json_kcstr(j, "algorithm", e->algorithm);
	json_kcstr(j, "undo", undo_word(e->undo));
}

static void statement_json(struct json *j, enum dialect d, const struct outlook_statement *s)
{
	struct arena a = {0};

	json_object(j);
	json_kcstr(j, "file", s->step->statement->span.src->path);
	json_kint(j, "line", (long long)span_place(s->step->statement->span).line);
	json_kstr(j, "sql", redact_sql(&a, d, step_shown(s->step)));
	if (s->step->statement->alike)
		json_kint(j, "alike", (long long)s->step->statement->alike);
	json_kbool(j, "batched", s->step->batched != NULL);
	if (s->step->effect)
		effect_json(j, &a, d, s->step->effect);
	json_kint(j, "wait_ms", s->step->wait_ms);
	json_kint(j, "hold_ms", s->step->hold_ms);
	interval_json(j, "estimate", s->time);
	report_names_json(j, "unknown", s->unknown);
	json_kcstr(j, "risk", risk_word(s->risk));
	reasons_json(j, s->reasons);
	json_end(j);
	arena_done(&a);
}

static const char *phase_word(enum phase p)
{
	static const char *const words[] = {NULL, "expand", "backfill", "contract"};

	return words[p];
}

static void migration_json(struct json *j, enum dialect d, const struct outlook_migration *m)
{
	json_object(j);
	json_kstr(j, "id", m->migration->id);
	json_kstr(j, "name", m->migration->name);
	json_kcstr(j, "phase", phase_word(m->migration->phase));
	json_kcstr(j, "transaction", m->grouped ? "one" : "none");
	json_kbool(j, "down", m->has_way_back);
	json_kcstr(j, "undo", undo_word(m->undo));
	interval_json(j, "estimate", m->time);
	json_kcstr(j, "risk", risk_word(m->risk));
	reasons_json(j, m->reasons);
	json_key(j, "statements");
	json_array(j);
	for (size_t i = 0; i < m->n; i++)
		statement_json(j, d, &m->at[i]);
	json_end(j);
	json_end(j);
}

void report_plan_json(struct buf *b, const struct outlook *p, const struct report_options *o)
{
	char version[24];
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "plan/1");
	json_kcstr(&j, "dialect", dialect_name(o->dialect));
	json_kcstr(&j, "server_version", version_text(o->dialect, o->version, version));
	json_key(&j, "database");
	if (p->database.len)
		json_str(&j, p->database);
	else
		json_null(&j);
	json_kcstr(&j, "risk", risk_word(p->risk));
	interval_json(&j, "estimate", p->time);
	report_names_json(&j, "rests_on", p->rests_on);
	json_key(&j, "migrations");
	json_array(&j);
	for (size_t i = 0; i < p->n; i++)
		migration_json(&j, o->dialect, &p->at[i]);
	json_end(&j);
	report_names_json(&j, "deploy", p->deploy);
	report_names_json(&j, "rollback", p->rollback);
	json_key(&j, "checklist");
	json_object(&j);
	report_names_json(&j, "before", p->before);
	report_names_json(&j, "during", p->during);
	report_names_json(&j, "after", p->after);
	json_end(&j);
	json_end(&j);
}

/* ---- A script ---- */

void report_plan_sql(struct buf *b, const struct outlook *p, const struct report_options *o)
{
	(void)o;
	buf_add(b, p->script);
}
