/* freeze_fuzz.c - a journal may hold anything: what is no frozen catalog is refused, and what is
 * one freezes to something that thaws. */
#include "catalog/freeze.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalog *c = catalog_new(DIALECT_POSTGRES, 0), *again;
	struct buf b = {0};

	if (catalog_thaw(c, slice_n((const char *)data, size))) {
		catalog_freeze(&b, c, NULL);
		again = catalog_new(DIALECT_POSTGRES, 0);
		if (!catalog_thaw(again, buf_slice(&b)))
			abort();
		catalog_free(again);
	}
	catalog_free(c);
	buf_done(&b);
	return 0;
}
