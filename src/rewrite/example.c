/* example.c - what a recipe makes of the unsafe example of a rule. */
#include "rewrite/internal.h"

static const struct finding *first_of(const struct verdict *v, const struct rule *r)
{
	for (size_t i = v->nfindings; i-- > 0;)
		if (v->findings[i].rule == r)
			return &v->findings[i];
	return NULL;
}

struct slice rewrite_example(struct arena *a, const struct rule *r)
{
	const char *const only[] = {r->id, NULL};
	struct source *src = ARENA_NEW(a, struct source);
	struct judge_input in = {.files = &src,
		.deployed = true,
		.nfiles = 1,
		.select = only,
		.threads = 1,
		.safe_form = rewrite_safe_form};
	const struct finding *f;
	struct verdict v;
	struct err err = {0};
	bool ok;

	if (!r->bad || !r->bad[0])
		return SLICE_NONE;
	in.engine = engine_for(r->example_dialect, &err);
	in.version = r->example_version
			     ? version_from_text(r->example_dialect, slice_of(r->example_version))
			     : version_default(r->example_dialect);
	source_init(src, a, "-", arena_printf(a, "%s\n%s\n", r->setup ? r->setup : "", r->bad));
	ok = in.engine && recipe_for_rule(r->id, r->example_dialect, in.version) &&
	     judge(&v, a, &in, &err);
	err_done(&err);
	f = ok ? first_of(&v, r) : NULL;
	return f && !slice_is(f->safe, r->safe) ? f->safe : SLICE_NONE;
}
