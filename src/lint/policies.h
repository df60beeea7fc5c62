/* policies.h - shared by policy.c and rules_policy.c. */
#ifndef BELAY_LINT_POLICIES_H
#define BELAY_LINT_POLICIES_H

#include "lint/internal.h"

struct wanted_column {
	const struct object *column;
	const struct object *key; /* the foreign key that it wants; NULL = none */
};

/* What belay.yml says, read by the engine's own reader: one for each policy. */
struct prepared {
	struct wanted_column *columns;
	struct names types; /* forbidden ones */
};

bool naming_fits(struct arena *a, const char *pattern, struct slice name, struct slice table,
	struct slice columns);
bool policy_on_table(struct arena *a, const struct policy *p, struct name n);
bool policy_on_path(const struct policy *p, const char *path);
/* The type without its length, precision and array marks. */
struct slice plain_type(struct arena *a, struct slice type);

#endif
