/* rules.c - the rule table, by id, and finding a rule by name. */
#include "lint/internal.h"

const struct rule *const rules[] = {
#define RULE(name) &rule_##name,
#include "lint/rules.def"
#undef RULE
	NULL,
};

const struct rule *rule_find(struct slice id, const char **nearest)
{
	size_t best = id.len / 3 + 2;

	if (nearest)
		*nearest = NULL;
	for (size_t i = 0; rules[i]; i++)
		if (slice_is(id, rules[i]->id))
			return rules[i];
	for (size_t i = 0; nearest && rules[i]; i++) {
		size_t d = slice_distance(id, slice_of(rules[i]->id));

		if (d < best) {
			best = d;
			*nearest = rules[i]->id;
		}
	}
	return NULL;
}
