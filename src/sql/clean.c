/* clean.c - text from files on its way to people: no control characters, no bidi tricks. */
#include "sql/clean.h"

#include "base/buf.h"
#include "base/utf8.h"

/* clang-format off */
struct range { unsigned from, to; };

/* Sorted. Characters that take two cells (Unicode 15 East Asian Width W and F, in blocks). */
static const struct range wide[] = {
	{0x1100, 0x115f}, {0x231a, 0x231b}, {0x2329, 0x232a}, {0x23e9, 0x23ec}, {0x23f0, 0x23f0},
	{0x23f3, 0x23f3}, {0x25fd, 0x25fe}, {0x2614, 0x2615}, {0x2648, 0x2653}, {0x267f, 0x267f},
	{0x2693, 0x2693}, {0x26a1, 0x26a1}, {0x26aa, 0x26ab}, {0x26bd, 0x26be}, {0x26c4, 0x26c5},
	{0x26ce, 0x26ce}, {0x26d4, 0x26d4}, {0x26ea, 0x26ea}, {0x26f2, 0x26f3}, {0x26f5, 0x26f5},
	{0x26fa, 0x26fa}, {0x26fd, 0x26fd}, {0x2705, 0x2705}, {0x270a, 0x270b}, {0x2728, 0x2728},
	{0x274c, 0x274c}, {0x274e, 0x274e}, {0x2753, 0x2755}, {0x2757, 0x2757}, {0x2795, 0x2797},
	{0x27b0, 0x27b0}, {0x27bf, 0x27bf}, {0x2b1b, 0x2b1c}, {0x2b50, 0x2b50}, {0x2b55, 0x2b55},
	{0x2e80, 0x303e}, {0x3041, 0x3247}, {0x3250, 0x4dbf}, {0x4e00, 0xa4c6}, {0xa960, 0xa97c},
	{0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe10, 0xfe19}, {0xfe30, 0xfe6b}, {0xff01, 0xff60},
	{0xffe0, 0xffe6}, {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2fb}, {0x1f004, 0x1f004},
	{0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f320},
	{0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca},
	{0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e},
	{0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e},
	{0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4},
	{0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2},
	{0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7eb},
	{0x1f7f0, 0x1f7f0}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff},
	{0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

/* Sorted. Combining marks and joiners, which take none. */
static const struct range narrow[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x05bf, 0x05bf}, {0x05c1, 0x05c2},
	{0x05c4, 0x05c5}, {0x05c7, 0x05c7}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0670, 0x0670},
	{0x06d6, 0x06dc}, {0x06df, 0x06e4}, {0x06e7, 0x06e8}, {0x06ea, 0x06ed}, {0x0711, 0x0711},
	{0x0730, 0x074a}, {0x07a6, 0x07b0}, {0x0900, 0x0902}, {0x093a, 0x093a}, {0x093c, 0x093c},
	{0x0941, 0x0948}, {0x094d, 0x094d}, {0x0951, 0x0957}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
	{0x0e47, 0x0e4e}, {0x0eb1, 0x0eb1}, {0x0eb4, 0x0ebc}, {0x0ec8, 0x0ece}, {0x1ab0, 0x1ace},
	{0x1dc0, 0x1dff}, {0x200b, 0x200d}, {0x2060, 0x2064}, {0x20d0, 0x20f0}, {0x302a, 0x302d},
	{0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0x1d167, 0x1d169},
	{0x1f3fb, 0x1f3ff}, {0xe0100, 0xe01ef},
};

/* Sorted. What turns the reading direction, breaks lines behind our back, or carries hidden text. */
static const struct range tricky[] = {
	{0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160}, {0x180e, 0x180e},
	{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfeff, 0xfeff},
	{0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};
/* clang-format on */

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static bool within(const struct range *r, size_t n, unsigned c)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c > r[mid].to)
			low = mid + 1;
		else if (c < r[mid].from)
			high = mid;
		else
			return true;
	}
	return false;
}

/* One character as people see it. `len` is 0 for a byte that is not UTF-8. */
static void add_visible(struct buf *b, struct slice s, size_t len)
{
	unsigned c;

	if (len == 0) {
		buf_adds(b, "\xef\xbf\xbd");
		return;
	}
	c = utf8_decode(s, len);
	if (c < 0x20 || c == 0x7f) {
		/* U+2400 and on are pictures of the control characters. */
		unsigned picture = c == 0x7f ? 0x2421 : 0x2400 + c;

		buf_addc(b, (char)0xe2);
		buf_addc(b, (char)(0x80 | (picture >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (picture & 0x3f)));
	} else if ((c >= 0x80 && c < 0xa0) || within(tricky, LENGTH(tricky), c)) {
		buf_printf(b, "<U+%04X>", c);
	} else {
		buf_add(b, slice_n(s.at, len));
	}
}

static bool harmless(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < 0x20 || (unsigned char)s.at[i] >= 0x7f)
			return false;
	return true;
}

/* Takes the first character off *s and writes it cleaned. */
static void clean_one(struct buf *b, struct slice *s, bool one_line)
{
	size_t len = utf8_length(*s);
	char c = s->at[0];

	if (c == '\t')
		buf_addc(b, one_line ? ' ' : '\t');
	else if (!one_line && c == '\n')
		buf_addc(b, '\n');
	else if (!one_line && c == '\r' && s->len > 1 && s->at[1] == '\n')
		buf_addc(b, '\r');
	else
		add_visible(b, *s, len);
	*s = slice_from(*s, len ? len : 1);
}

static struct slice clean(struct arena *a, struct slice s, bool one_line)
{
	struct buf b = {0};
	struct slice out;

	if (harmless(s))
		return s;
	while (s.len)
		clean_one(&b, &s, one_line);
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

struct slice clean_text(struct arena *a, struct slice s)
{
	return clean(a, s, false);
}

struct slice clean_line(struct arena *a, struct slice s)
{
	return clean(a, s, true);
}

static size_t cells(struct slice s)
{
	size_t n = 0;

	while (s.len) {
		size_t len = utf8_length(s);
		unsigned c = len ? utf8_decode(s, len) : 0xfffd;

		if (within(wide, LENGTH(wide), c))
			n += 2;
		else if (!within(narrow, LENGTH(narrow), c))
			n++;
		s = slice_from(s, len ? len : 1);
	}
	return n;
}

size_t clean_width(struct slice line, size_t chars)
{
	struct buf b = {0};
	size_t n = 0;

	/* Each ASCII character takes one cell, as a blank or a picture too. */
	for (; chars && n < line.len && (unsigned char)line.at[n] < 0x80; chars--)
		n++;
	line = slice_from(line, n);
	while (line.len && chars--)
		clean_one(&b, &line, true);
	n += cells(buf_slice(&b));
	buf_done(&b);
	return n;
}
