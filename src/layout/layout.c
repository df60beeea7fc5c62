/* layout.c - the table of layouts. */
#include "layout/internal.h"

const struct layout *const layouts[] = {
	&layout_plain,
	&layout_golang_migrate,
	&layout_dbmate,
	&layout_prisma,
	&layout_goose,
	&layout_flyway,
	&layout_diesel,
	&layout_sqlx,
	&layout_drizzle,
	NULL,
};

static size_t distance(struct slice x, struct slice y)
{
	size_t row[64], n = y.len < 63 ? y.len : 63;

	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; i <= x.len; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t up = row[k], best = corner + (x.at[i - 1] != y.at[k - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			row[k] = best;
			corner = up;
		}
	}
	return row[n];
}

const struct layout *layout_by_name(struct slice name, struct err *err)
{
	const struct layout *near = layouts[0];

	for (size_t i = 0; layouts[i]; i++) {
		if (slice_iis(name, layouts[i]->name))
			return layouts[i];
		if (distance(name, slice_of(layouts[i]->name)) <
			distance(name, slice_of(near->name)))
			near = layouts[i];
	}
	err_set(err, ERR_INPUT, "there is no layout \"%.*s\"", SLICE(name));
	err_hint(err, "The nearest one is %s.", near->name);
	return NULL;
}

bool layout_is_home(enum object_type type, struct slice name)
{
	return type == OBJECT_SCHEMA && slice_is(name, "drizzle");
}

bool layout_is_history(struct slice table)
{
	for (size_t i = 0; layouts[i]; i++)
		if (layouts[i]->table && slice_is(table, layouts[i]->table))
			return true;
	return false;
}
