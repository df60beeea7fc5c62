/* cmd_verify.c - belay verify: is the database as belay left it? */
#include "cli/running.h"
#include "run/snapshot.h"
#include "sql/clean.h"

struct verifying {
	struct running running;
	struct run_result asked;
	size_t migrations; /* with verify queries */
	struct snapshot snapshot;
	bool compared;
	struct catalog_diff diff;
};

static bool wanted(
	const struct cli *c, const struct project *p, const struct migration *m, struct err *err)
{
	for (size_t i = 0; i < c->nargs; i++) {
		const struct migration *named;

		if (!project_find(p, slice_of(c->args[i]), &named, err))
			return false;
		if (named == m)
			return true;
	}
	return c->nargs == 0;
}

static size_t with_checks(struct running *r, const struct migration ***out, struct err *err)
{
	const struct migration **v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->state.n && !err_is(err); i++) {
		const struct migration_state *s = &r->state.at[i];

		if (s->migration && s->state == STATE_APPLIED && s->migration->verify.src &&
			wanted(r->cli, &r->project, s->migration, err))
			*ARENA_PUSH(&r->cli->arena, v, n) = s->migration;
	}
	*out = v;
	return n;
}

/* ---- For people ---- */

static void failure_text(struct buf *b, struct cli *c, const struct verify_failure *f)
{
	struct buf excerpt = {0};

	report_excerpt(&excerpt, f->span, c->color_out);
	buf_printf(b, "%sfailed%s %.*s: expected %.*s, got %.*s\n%s", tint(c->color_out, "error"),
		tint(c->color_out, "off"), SLICE(f->migration->id),
		SLICE(clean_line(&c->arena, f->expected)),
		SLICE(clean_line(&c->arena, slice_sub(f->got, 0, 400))), buf_cstr(&excerpt));
	buf_done(&excerpt);
}

static void drift_text(struct buf *b, const struct verifying *v)
{
	const struct snapshot *s = &v->snapshot;
	struct slice made = slice_sub(s->made, 0, 19);

	if (!v->compared) {
		buf_adds(b, s->found ? "the schema after the last run was not stored: nothing to "
				       "compare with until the next one, or belay repair\n"
				     : "no schema was stored yet: the next belay up does\n");
		return;
	}
	if (catalog_diff_is_empty(&v->diff)) {
		buf_printf(b, "the schema is as run %lld left it (%.*s)\n", s->run, SLICE(made));
		return;
	}
	buf_printf(b, "the schema is not as run %lld left it (%.*s):\n", s->run, SLICE(made));
	catalog_diff_text(b, &v->diff);
}

static void verify_text(struct buf *b, struct verifying *v)
{
	size_t failed = v->asked.nfailures;

	for (size_t i = 0; i < failed; i++)
		failure_text(b, v->running.cli, &v->asked.failures[i]);
	buf_printf(b, "%zu migration%s with verify queries, %zu failed check%s\n", v->migrations,
		v->migrations == 1 ? "" : "s", failed, failed == 1 ? "" : "s");
	if (v->running.cli->nargs == 0)
		drift_text(b, v);
}

/* ---- verify/1 ---- */

static void checks_json(struct json *j, const struct verifying *v)
{
	json_key(j, "checks");
	json_array(j);
	for (size_t i = 0; i < v->asked.nchecks; i++) {
		const struct verify_check *c = &v->asked.checks[i];

		json_object(j);
		json_kstr(j, "migration", c->migration->id);
		json_kstr(j, "sql", c->sql);
		json_kstr(j, "expected", c->expected);
		json_kstr(j, "got", c->got);
		json_kbool(j, "holds", c->holds);
		json_end(j);
	}
	json_end(j);
}

static void drift_json(struct json *j, const struct verifying *v)
{
	json_key(j, "drift");
	if (!v->compared) {
		json_null(j);
		return;
	}
	json_object(j);
	json_kint(j, "run", v->snapshot.run);
	json_kstr(j, "stored", v->snapshot.made);
	json_kbool(j, "equal", catalog_diff_is_empty(&v->diff));
	report_differences(j, &v->diff);
	json_end(j);
}

static void verify_json(struct buf *b, const struct verifying *v)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "verify/1");
	json_kbool(&j, "ok",
		v->asked.nfailures == 0 && (!v->compared || catalog_diff_is_empty(&v->diff)));
	checks_json(&j, v);
	drift_json(&j, v);
	json_end(&j);
}

/* ---- The command ---- */

static bool compare(struct verifying *v, struct err *err)
{
	struct running *r = &v->running;
	struct snapshot_scope scope =
		snapshot_scope(&r->project, r->conn->id.dialect, cli_journal(r->cli));

	if (r->cli->nargs)
		return true;
	if (!snapshot_read(&v->snapshot, &r->cli->arena, r->conn, scope.where, err))
		return false;
	if (!v->snapshot.found || !v->snapshot.current)
		return true;
	v->compared = true;
	return snapshot_compare(&v->diff, &r->cli->arena, r->conn, &scope, &v->snapshot, err);
}

static bool say(struct verifying *v, struct err *err)
{
	struct cli *c = v->running.cli;
	struct buf b = {0};
	bool ok = true;

	if (cli_wants(c, "text")) {
		verify_text(&b, v);
		ok = cli_emit(c, "text", buf_slice(&b), err);
	}
	if (ok && cli_wants(c, "json")) {
		buf_clear(&b);
		verify_json(&b, v);
		ok = cli_emit(c, "json", buf_slice(&b), err);
	}
	buf_done(&b);
	return ok;
}

int cmd_verify(struct cli *c, struct err *err)
{
	const struct migration **list;
	struct verifying v = {0};
	bool ok;

	if (!running_begin(&v.running, c, true, err))
		return 2;
	v.migrations = with_checks(&v.running, &list, err);
	ok = !err_is(err) && run_verify(&v.asked, &c->arena, &v.running.project, list, v.migrations,
				     v.running.conn, err);
	ok = ok && compare(&v, err) && say(&v, err);
	running_end(&v.running);
	if (!ok)
		return 2;
	if (v.asked.nfailures)
		return 5;
	return v.compared && !catalog_diff_is_empty(&v.diff) ? 1 : 0;
}
