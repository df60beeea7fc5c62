/* mask_fuzz.c - any bytes: the mask has the text's length and its line ends, what is not masked is
 * unchanged, and expanding each placeholder to itself gives the text back. */
#include "sql/mask.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

struct itself {
	struct slice text;
	const struct placeholder *v;
	size_t n, at;
};

static bool value(void *ctx, struct slice name, struct slice *out)
{
	struct itself *self = ctx;

	check(self->at < self->n && slice_eq(self->v[self->at].name, name));
	*out = slice_sub(self->text, self->v[self->at].off, self->v[self->at].len);
	self->at++;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text, got, out;
	struct arena a = {0};
	struct itself self = {0};
	struct err err = {0};
	struct placeholder *found;
	size_t n, at = 0;

	if (size < 2)
		return 0;
	text = slice_n((const char *)data + 2, size - 2);
	got = mask_text(&a, (enum dialect)(data[0] % 5), text, data[1], &found, &n);
	check(got.len == text.len);
	if (slice_starts(text, "\xef\xbb\xbf"))
		at = 3;
	for (size_t i = 0; i < n; i++) {
		check(found[i].len > 0 && (found[i].off >= at || at == 3));
		if (found[i].off > at)
			check(memcmp(text.at + at, got.at + at, found[i].off - at) == 0);
		at = found[i].off + found[i].len;
	}
	check(at <= text.len && slice_eq(slice_from(text, at), slice_from(got, at)));
	for (size_t i = 0; i < text.len; i++)
		check((text.at[i] == '\n') == (got.at[i] == '\n'));
	mask_text(&a, DIALECT_UNKNOWN, text, data[1], &found, &n);
	self = (struct itself){.text = text, .v = found, .n = n};
	check(mask_expand(&a, text, data[1], value, &self, &out, &err));
	check(slice_eq(out, text) && self.at == n);
	err_done(&err);
	arena_done(&a);
	return 0;
}
