/* Any bytes as a migration file: nothing crashes, parts stay inside the text, up and down never
 * overlap, and reading is the same twice. */
#include "layout/internal.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct script_part *part, size_t size)
{
	if (part->src && (part->off > size || part->len > size - part->off))
		abort();
}

static void apart(const struct script_part *x, const struct script_part *y)
{
	if (x->src && y->src && x->off < y->off + y->len && y->off < x->off + x->len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct project p = {.arena = &a, .root = ".", .dialect = size ? data[0] % 5 : 0};
	struct script_part up = {0}, down = {0}, verify = {0}, again[3] = {{0}};
	struct source src;
	const char *tool;
	bool ok;

	source_init(&src, &a, "001_x.sql", slice_n((const char *)data, size));
	ok = markers_split(&p, &src, &up, &down, &verify);
	if (ok) {
		inside(&up, size);
		inside(&down, size);
		inside(&verify, size);
		apart(&up, &down);
		apart(&up, &verify);
		apart(&down, &verify);
	} else if (p.nproblems == 0) {
		abort();
	}
	if (markers_split(&p, &src, &again[0], &again[1], &again[2]) != ok ||
		(ok && (again[0].off != up.off || again[1].len != down.len)))
		abort();
	marker_of(src.text, &tool);
	flyway_checksum(src.text);
	flyway_cmp_version(slice_sub(src.text, 0, size / 2), slice_from(src.text, size / 2));
	arena_done(&a);
	return 0;
}
