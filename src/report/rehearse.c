/* rehearse.c - what a rehearsal proved. */
#include "report/report.h"
#include "sql/clean.h"
#include "sql/quote.h"

static void verdict_json(struct json *j, const char *key, enum proof p)
{
	json_key(j, key);
	if (p == PROOF_NONE)
		json_null(j);
	else
		json_bool(j, p == PROOF_OK);
}

static void run_json(struct json *j, const char *key, enum proof p, double ms, struct slice error)
{
	json_key(j, key);
	if (p == PROOF_NONE) {
		json_null(j);
		return;
	}
	json_object(j);
	json_kbool(j, "ok", p == PROOF_OK);
	json_key(j, "ms");
	json_ms(j, ms);
	if (error.len)
		json_kstr(j, "error", error);
	json_end(j);
}

static struct slice path(struct arena *a, enum dialect d, struct name n)
{
	struct buf b = {0};
	struct slice s;

	quote_name_pretty(&b, d, n.schema, n.name);
	s = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static void touched_json(struct json *j, struct arena *a, enum dialect d, const char *key,
	const struct touched *v, size_t n)
{
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < n; i++)
		json_str(j, path(a, d, v[i].object));
	json_end(j);
}

static void statements_json(
	struct json *j, struct arena *a, enum dialect d, const struct rehearsed *r)
{
	json_key(j, "statements");
	json_array(j);
	for (size_t i = 0; i < r->nstatements; i++) {
		const struct rehearsed_statement *s = &r->statements[i];

		json_object(j);
		json_kint(j, "line", (long long)span_place(s->statement->span).line);
		json_kstr(j, "sql", s->sql);
		json_key(j, "ms");
		json_ms(j, s->ms);
		json_key(j, "locks");
		json_array(j);
		for (size_t k = 0; k < s->observed.nlocks; k++) {
			json_object(j);
			json_kstr(j, "object", path(a, d, s->observed.locks[k].object));
			json_kcstr(j, "mode", s->observed.locks[k].mode);
			json_end(j);
		}
		json_end(j);
		touched_json(j, a, d, "rewrites", s->observed.rewrites, s->observed.nrewrites);
		touched_json(j, a, d, "scans", s->observed.scans, s->observed.nscans);
		if (s->observed.privileged)
			json_kbool(j, "superuser", true);
		json_end(j);
	}
	json_end(j);
}

static void differences_json(struct json *j, const struct rehearsed *r)
{
	json_key(j, "differences");
	json_array(j);
	for (size_t i = 0; i < r->ndifferences; i++) {
		json_object(j);
		json_kcstr(j, "stage", r->differences[i].stage);
		json_kcstr(j, "kind", r->differences[i].kind);
		json_kstr(j, "object", r->differences[i].object);
		json_kstr(j, "before", r->differences[i].before);
		json_kstr(j, "after", r->differences[i].after);
		json_end(j);
	}
	json_end(j);
}

static void migration_json(struct json *j, enum dialect d, const struct rehearsed *r)
{
	struct arena a = {0};

	json_object(j);
	json_kstr(j, "id", r->migration->id);
	json_kstr(j, "name", r->migration->name);
	run_json(j, "up", r->up, r->up_ms, r->up_error);
	json_key(j, "verify");
	if (r->verify == PROOF_NONE) {
		json_null(j);
	} else {
		json_object(j);
		json_kbool(j, "ok", r->verify == PROOF_OK);
		json_key(j, "failed");
		json_array(j);
		for (size_t i = 0; i < r->nverify_failed; i++)
			json_str(j, r->verify_failed[i]);
		json_end(j);
		json_end(j);
	}
	run_json(j, "down", r->down, r->down_ms, r->down_error);
	run_json(j, "up_again", r->up_again, r->up_again_ms, r->up_again_error);
	verdict_json(j, "schema_restored", r->schema_restored);
	verdict_json(j, "data_restored", r->data_restored);
	json_kcstr(j, "rerun", rerun_word(r->rerun));
	json_key(j, "rows");
	json_object(j);
	json_kcstr(j, "source", r->rows_source);
	json_kint(j, "tables", (long long)r->rows_tables);
	json_end(j);
	if (r->unproven.len)
		json_kstr(j, "unproven", r->unproven);
	differences_json(j, r);
	statements_json(j, &a, d, r);
	json_end(j);
	arena_done(&a);
}

void report_rehearse_json(struct buf *b, const struct rehearsal *r, const struct report_options *o)
{
	struct json j;

	(void)o;
	json_init(&j, b);
	json_object(&j);
	report_head(&j, "rehearse/1");
	json_kcstr(&j, "dialect", dialect_name(r->dialect));
	json_kstr(&j, "server_version", r->server_version);
	json_key(&j, "migrations");
	json_array(&j);
	for (size_t i = 0; i < r->n; i++)
		migration_json(&j, r->dialect, &r->at[i]);
	json_end(&j);
	json_key(&j, "summary");
	json_object(&j);
	json_kbool(&j, "ok", r->ok);
	json_kint(&j, "migrations", (long long)r->n);
	json_kint(&j, "irreversible", (long long)r->nirreversible);
	json_kint(&j, "unproven", (long long)r->nunproven);
	json_key(&j, "without");
	json_array(&j);
	for (size_t i = 0; i < r->ngaps; i++) {
		json_object(&j);
		json_kstr(&j, "id", r->gaps[i].migration->id);
		json_kstr(&j, "why", r->gaps[i].why);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	json_kcstr(&j, "receipt", r->receipt);
	json_end(&j);
}

/* ---- For people ---- */

static void line(struct buf *b, bool color, enum proof p, const char *good, const char *bad,
	struct slice more)
{
	struct arena a = {0};

	if (p == PROOF_NONE)
		return;
	buf_printf(b, "  %s%s%s %s", tint(color, p == PROOF_OK ? "ok" : "error"),
		p == PROOF_OK ? "ok    " : "FAILED", tint(color, "off"),
		p == PROOF_OK ? good : bad);
	if (more.len)
		buf_printf(b, ": %.*s", SLICE(clean_line(&a, more)));
	buf_addc(b, '\n');
	arena_done(&a);
}

static const char *rerun_sentence(enum rerun r)
{
	switch (r) {
	case RERUN_SAME:
		return "a second run changes nothing";
	case RERUN_FAILS:
		return "a second run fails";
	case RERUN_DIFFERS:
		return "a second run changes schema or data again";
	case RERUN_UNKNOWN:
		break;
	}
	return "a second run was not tried";
}

/* A long value from a little before the place where it differs from the other one. */
static struct slice from_difference(struct arena *a, struct slice value, struct slice other)
{
	enum { WIDTH = 120, BEFORE = 30 };
	size_t same = 0;
	struct slice part;

	while (same < value.len && same < other.len && value.at[same] == other.at[same])
		same++;
	same = same > BEFORE && value.len > WIDTH ? same - BEFORE : 0;
	while (same && ((unsigned char)value.at[same] & 0xc0) == 0x80)
		same--;
	part = clean_line(a, slice_sub(value, same, WIDTH));
	return same ? arena_printf(a, "…%.*s", SLICE(part)) : part;
}

static void differences_text(struct buf *b, const struct rehearsed *r)
{
	struct arena a = {0};

	for (size_t i = 0; i < r->ndifferences && i < 20; i++) {
		const struct rehearsed_difference *d = &r->differences[i];

		buf_printf(b, "         after %s: %.*s: %.*s -> %.*s\n",
			strcmp(d->stage, "up_again") == 0 ? "up again" : d->stage,
			SLICE(clean_line(&a, d->object)),
			SLICE(from_difference(&a, d->before, d->after)),
			SLICE(from_difference(&a, d->after, d->before)));
	}
	if (r->ndifferences > 20)
		buf_printf(b, "         and %zu more differences\n", r->ndifferences - 20);
	arena_done(&a);
}

/* A superuser's work that the scratch server did in the owner's place. */
static void privileged_text(struct buf *b, const struct rehearsed *r)
{
	struct arena a = {0};
	size_t n = 0;

	for (size_t i = 0; i < r->nstatements; i++)
		n += r->statements[i].observed.privileged;
	for (size_t i = 0; n && i < r->nstatements; i++) {
		const struct rehearsed_statement *s = &r->statements[i];

		if (!s->observed.privileged)
			continue;
		buf_printf(b, "         needs a superuser: %.*s (line %zu)",
			SLICE(clean_line(&a, slice_sub(s->sql, 0, 60))),
			span_place(s->statement->span).line);
		if (n > 1)
			buf_printf(b, " and %zu more", n - 1);
		buf_addc(b, '\n');
		break;
	}
	arena_done(&a);
}

static void migration_text(struct buf *b, const struct rehearsed *r, bool color)
{
	struct arena a = {0};

	buf_printf(b, "%s%.*s%s %.*s\n", tint(color, "bold"),
		SLICE(clean_line(&a, r->migration->id)), tint(color, "off"),
		SLICE(clean_line(&a, r->migration->name)));
	if (r->unproven.len)
		buf_printf(b, "  %snot proven%s: %.*s\n", tint(color, "warning"),
			tint(color, "off"), SLICE(clean_line(&a, r->unproven)));
	line(b, color, r->up, "goes up", "does not go up", r->up_error);
	line(b, color, r->verify, "verify queries hold", "verify queries do not hold",
		r->nverify_failed ? r->verify_failed[0] : SLICE_NONE);
	if (!r->migration->down.src)
		buf_adds(b, "         has no down: it cannot be undone by a script\n");
	line(b, color, r->down, "goes down", "does not go down", r->down_error);
	if (r->down == PROOF_OK) {
		line(b, color, r->schema_restored, "down undoes up: the schema is as before",
			"down does not undo up: the schema differs", SLICE_NONE);
		line(b, color, r->data_restored, "the rows are as before",
			"rows were lost or changed", SLICE_NONE);
	}
	line(b, color, r->up_again, "goes up again, to the same schema",
		"does not go up again to the same schema", r->up_again_error);
	if (r->up == PROOF_OK)
		buf_printf(b, "         %s\n", rerun_sentence(r->rerun));
	privileged_text(b, r);
	differences_text(b, r);
	arena_done(&a);
}

static const char *outcome(const struct rehearsal *r)
{
	size_t failed = 0;

	if (r->ok)
		return "every proof holds";
	for (size_t i = 0; i < r->n; i++)
		failed += r->at[i].unproven.len == 0 && rehearsed_failed(&r->at[i]);
	return failed ? "a proof failed" : "no proof failed";
}

void report_rehearse_text(struct buf *b, const struct rehearsal *r, const struct report_options *o)
{
	for (size_t i = 0; i < r->n; i++)
		migration_text(b, &r->at[i], o->color);
	buf_printf(b, "%s%zu migration%s rehearsed on %s %.*s: %s%s",
		tint(o->color, r->ok ? "ok" : "error"), r->n, r->n == 1 ? "" : "s",
		dialect_name(r->dialect), SLICE(r->server_version), outcome(r),
		tint(o->color, "off"));
	if (r->nirreversible)
		buf_printf(b, ", %zu cannot be undone by %s down script", r->nirreversible,
			r->nirreversible == 1 ? "its" : "their");
	if (r->nunproven)
		buf_printf(
			b, ", %zu %s not proven", r->nunproven, r->nunproven == 1 ? "is" : "are");
	for (size_t i = 0; i < r->ngaps && i < 5; i++)
		buf_printf(b, "\nwithout migration %.*s: %.*s", SLICE(r->gaps[i].migration->id),
			SLICE(r->gaps[i].why));
	if (r->ngaps > 5)
		buf_printf(b, "\nwithout %zu more", r->ngaps - 5);
	if (r->receipt[0])
		buf_printf(b, "\nreceipt %.16s", r->receipt);
	buf_addc(b, '\n');
}
