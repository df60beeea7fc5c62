/* redact_fuzz.c - any bytes: a URL hidden twice is as if hidden once, nothing hidden is the text
 * itself, and a cleaned line holds no control character and is clean. */
#include "sql/clean.h"
#include "sql/redact.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct slice text, once, line;
	enum dialect d;

	if (size == 0)
		return 0;
	d = (enum dialect)(data[0] % 5);
	text = slice_n((const char *)data + 1, size - 1);
	once = redact_url(&a, text);
	if (!slice_eq(redact_url(&a, once), once))
		abort();
	once = redact_sql(&a, d, text);
	if (slice_eq(once, text) && once.at != text.at)
		abort();
	line = clean_line(&a, text);
	if (!slice_eq(clean_line(&a, line), line))
		abort();
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.at[i] < 0x20 || line.at[i] == 0x7f)
			abort();
	clean_width(text, data[0]);
	arena_done(&a);
	return 0;
}
