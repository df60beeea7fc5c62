/* token_fuzz.c - any bytes: tokens joined are the text, none is empty, every value can be had. */
#include "sql/token.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct lexer l;
	struct token t;
	size_t at = 0;

	if (size == 0)
		return 0;
	lexer_init(&l, (enum dialect)(data[0] % 5), slice_n((const char *)data + 1, size - 1));
	l.ansi_quotes = data[0] & 0x10;
	l.backslash_strings = l.no_backslash_escapes = data[0] & 0x20;
	l.mysql_version = data[0] & 0x40 ? 80036 : 0;
	while ((t = lexer_raw(&l)).kind != TOKEN_END) {
		struct slice value = token_value(&a, l.dialect, t);

		/* \u0041 is six bytes for one, never the other way round but for U+FFFD. */
		if (t.off != at || t.text.len == 0 || value.len > 3 * t.text.len)
			abort();
		at += t.text.len;
	}
	if (at != l.text.len)
		abort();
	arena_done(&a);
	return 0;
}
