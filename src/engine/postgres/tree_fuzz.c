/* tree_fuzz.c - any bytes as the parser's JSON: read or refused, and every node lies inside its
 * parent. */
#include "engine/postgres/tree.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns how many nodes there are below `n`, itself included. */
static size_t walk(struct arena *a, const struct tree_node *n, unsigned depth)
{
	size_t seen = 1, count = 0;

	(void)tree_text(a, n);
	(void)tree_int(n, 0);
	if (depth > 200)
		return n->size;
	for (const struct tree_node *c = tree_first(n); c; c = tree_next(n, c)) {
		if (c <= n || c + c->size > n + n->size)
			abort();
		seen += walk(a, c, depth + 1);
		count++;
	}
	if (seen != n->size || count != tree_count(n))
		abort();
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree tree = {0};
	struct arena a = {0};

	if (tree_read(&tree, slice_n((const char *)data, size)) && tree.n &&
		walk(&a, tree.at, 0) != tree.n)
		abort();
	tree_done(&tree);
	arena_done(&a);
	return 0;
}
