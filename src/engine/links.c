/* links.c - foreign keys that point at a table, from a query's rows. */
#include "engine/links.h"

static enum link_action action(struct slice s)
{
	return slice_iis(s, "CASCADE")       ? LINK_CASCADE
	       : slice_iis(s, "SET NULL")    ? LINK_SET_NULL
	       : slice_iis(s, "SET DEFAULT") ? LINK_SET_DEFAULT
					     : LINK_NOTHING;
}

void links_from_rows(struct arena *a, const struct rows *r, struct kept_link **out, size_t *n)
{
	struct kept_link *at = NULL;

	for (size_t i = 0; i < r->nrows; i++) {
		if (slice_is(rows_get(r, i, 2), "1")) {
			at = ARENA_PUSH(a, *out, *n);
			*at = (struct kept_link){.child = {rows_get(r, i, 0), rows_get(r, i, 1)},
				.on_delete = action(rows_get(r, i, 5)),
				.on_update = action(rows_get(r, i, 6))};
		}
		names_add(a, &at->columns, rows_get(r, i, 3));
		names_add(a, &at->cleared, rows_get(r, i, 3));
		names_add(a, &at->refs, rows_get(r, i, 4));
	}
}
