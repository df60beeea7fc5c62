/* utf8.c - just enough UTF-8. */
#include "base/utf8.h"

static bool tail(struct slice s, size_t i)
{
	return i < s.len && ((unsigned char)s.at[i] & 0xC0) == 0x80;
}

size_t utf8_length(struct slice s)
{
	unsigned char c, d;

	if (s.len == 0)
		return 0;
	c = (unsigned char)s.at[0];
	if (c < 0x80)
		return 1;
	d = s.len > 1 ? (unsigned char)s.at[1] : 0;
	if (c >= 0xC2 && c <= 0xDF)
		return tail(s, 1) ? 2 : 0;
	if (c >= 0xE0 && c <= 0xEF) {
		if ((c == 0xE0 && d < 0xA0) || (c == 0xED && d > 0x9F))
			return 0;
		return tail(s, 1) && tail(s, 2) ? 3 : 0;
	}
	if (c >= 0xF0 && c <= 0xF4) {
		if ((c == 0xF0 && d < 0x90) || (c == 0xF4 && d > 0x8F))
			return 0;
		return tail(s, 1) && tail(s, 2) && tail(s, 3) ? 4 : 0;
	}
	return 0;
}

unsigned utf8_decode(struct slice s, size_t len)
{
	static const unsigned char first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	unsigned v = (unsigned char)s.at[0] & first[len];

	for (size_t i = 1; i < len; i++)
		v = v << 6 | ((unsigned char)s.at[i] & 0x3F);
	return v;
}

size_t utf8_count(struct slice s)
{
	size_t n = 0;

	while (s.len) {
		size_t len = (unsigned char)s.at[0] < 0x80 ? 1 : utf8_length(s);

		s = slice_n(s.at + (len ? len : 1), s.len - (len ? len : 1));
		n++;
	}
	return n;
}
