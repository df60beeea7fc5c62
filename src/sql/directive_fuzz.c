/* directive_fuzz.c - any bytes: what is read of a directive lies inside the text, and every list of
 * rules comes to an end. And keys hidden twice are as if hidden once. */
#include "sql/directive.h"
#include "sql/redact.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct source *src, struct slice s)
{
	if (s.len && (s.at < src->text.at || s.at + s.len > src->text.at + src->text.len))
		abort();
}

static void look(struct arena *a, const struct source *src, const struct directive *d)
{
	struct slice rest = d->args, rule;
	size_t before;

	inside(src, d->name);
	inside(src, d->args);
	inside(src, d->rule);
	inside(src, d->until);
	inside(src, d->reason);
	directive_problem(a, d);
	directive_scope(d);
	if (directive_is_peer(d) != (directive_tool(d) != NULL))
		abort();
	for (before = rest.len + 1; directive_next_rule(&rest, &rule); before = rest.len)
		if (rest.len >= before || slice_empty(rule))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct directive *v = NULL;
	struct arena a = {0};
	struct source src;
	struct slice once;
	size_t n = 0;

	source_init(&src, &a, "fuzz.sql", slice_n((const char *)data, size));
	directives_read(&a, (struct span){&src, 0, size}, &v, &n);
	for (size_t i = 0; i < n; i++)
		look(&a, &src, &v[i]);
	once = redact_tokens(&a, src.text);
	if (once.len != src.text.len || !slice_eq(redact_tokens(&a, once), once))
		abort();
	arena_done(&a);
	return 0;
}
