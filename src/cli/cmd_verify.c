/* cmd_verify.c - belay verify: is the database as belay left it? */
#include "cli/running.h"
#include "sql/clean.h"

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

static void print_failure(struct cli *c, const struct verify_failure *f)
{
	struct buf b = {0};

	report_excerpt(&b, f->span, c->color_out);
	printf("%sfailed%s %.*s: expected %.*s, got %.*s\n%s", tint(c->color_out, "error"),
		tint(c->color_out, "off"), SLICE(f->migration->id),
		SLICE(clean_line(&c->arena, f->expected)),
		SLICE(clean_line(&c->arena, slice_sub(f->got, 0, 400))), buf_cstr(&b));
	buf_done(&b);
}

int cmd_verify(struct cli *c, struct err *err)
{
	const struct migration **list;
	struct run_result res = {0};
	struct running r;
	size_t n;
	bool ok;

	if (!running_begin(&r, c, true, err))
		return 2;
	n = with_checks(&r, &list, err);
	ok = !err_is(err) && run_verify(&res, &c->arena, &r.project, list, n, r.conn, err);
	for (size_t i = 0; i < res.nfailures; i++)
		print_failure(c, &res.failures[i]);
	if (ok)
		printf("%zu migration%s with verify queries, %zu failed check%s\n", n,
			n == 1 ? "" : "s", res.nfailures, res.nfailures == 1 ? "" : "s");
	running_end(&r);
	return !ok ? 2 : res.nfailures ? 5 : 0;
}
