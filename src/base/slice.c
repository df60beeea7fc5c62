/* slice.c - text that somebody else owns. */
#include "base/slice.h"

#include <limits.h>
#include <stdint.h>

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int d = n ? memcmp(a.at, b.at, n) : 0;

	if (d)
		return d;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool slice_ieq(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

bool slice_iis(struct slice a, const char *cstr)
{
	if (a.len && cstr && lower(a.at[0]) != lower(cstr[0]))
		return false;
	return slice_ieq(a, slice_of(cstr));
}

bool slice_starts(struct slice a, const char *prefix)
{
	size_t n;

	if (a.len && prefix[0] && a.at[0] != prefix[0])
		return false;
	n = strlen(prefix);
	return a.len >= n && memcmp(a.at, prefix, n) == 0;
}

bool slice_istarts(struct slice a, const char *prefix)
{
	size_t n;

	if (a.len && prefix[0] && lower(a.at[0]) != lower(prefix[0]))
		return false;
	n = strlen(prefix);
	return a.len >= n && slice_ieq(slice_n(a.at, n), slice_n(prefix, n));
}

bool slice_ends(struct slice a, const char *suffix)
{
	size_t n = strlen(suffix);

	return a.len >= n && memcmp(a.at + a.len - n, suffix, n) == 0;
}

size_t slice_find(struct slice hay, struct slice needle)
{
	if (needle.len == 0)
		return 0;
	for (size_t i = 0; i + needle.len <= hay.len; i++) {
		const char *p = memchr(hay.at + i, needle.at[0], hay.len - needle.len - i + 1);

		if (!p)
			return SIZE_MAX;
		i = (size_t)(p - hay.at);
		if (memcmp(p, needle.at, needle.len) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* Where `c` stands from `from` on; the length when it does not. */
static size_t next_of(struct slice hay, size_t from, unsigned char c)
{
	const char *at = from < hay.len ? memchr(hay.at + from, c, hay.len - from) : NULL;

	return at ? (size_t)(at - hay.at) : hay.len;
}

size_t slice_ifind(struct slice hay, struct slice needle)
{
	unsigned char small = needle.len ? lower(needle.at[0]) : 0;
	unsigned char big = small >= 'a' && small <= 'z' ? (unsigned char)(small - 32) : small;
	size_t a, b;

	if (!needle.len)
		return 0;
	a = next_of(hay, 0, small);
	b = big == small ? hay.len : next_of(hay, 0, big);
	while (a < hay.len || b < hay.len) {
		size_t i = a < b ? a : b;

		if (i + needle.len > hay.len)
			break;
		if (slice_ieq(slice_n(hay.at + i, needle.len), needle))
			return i;
		if (i == a)
			a = next_of(hay, a + 1, small);
		else
			b = next_of(hay, b + 1, big);
	}
	return SIZE_MAX;
}

size_t slice_chr(struct slice hay, char c)
{
	const char *p = hay.len ? memchr(hay.at, c, hay.len) : NULL;

	return p ? (size_t)(p - hay.at) : SIZE_MAX;
}

struct slice slice_from(struct slice a, size_t from)
{
	if (from > a.len)
		from = a.len;
	return slice_n(a.at ? a.at + from : NULL, a.len - from);
}

struct slice slice_sub(struct slice a, size_t from, size_t len)
{
	struct slice s = slice_from(a, from);

	if (s.len > len)
		s.len = len;
	return s;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

struct slice slice_trim(struct slice a)
{
	while (a.len && blank(a.at[0])) {
		a.at++;
		a.len--;
	}
	while (a.len && blank(a.at[a.len - 1]))
		a.len--;
	return a;
}

bool slice_next(struct slice *rest, char sep, struct slice *piece)
{
	size_t n;

	if (!rest->at)
		return false;
	n = slice_chr(*rest, sep);
	if (n == SIZE_MAX) {
		*piece = *rest;
		*rest = SLICE_NONE;
		return true;
	}
	*piece = slice_n(rest->at, n);
	*rest = slice_from(*rest, n + 1);
	return true;
}

bool slice_line(struct slice *rest, struct slice *line)
{
	size_t n;

	if (!rest->at || rest->len == 0)
		return false;
	n = slice_chr(*rest, '\n');
	if (n == SIZE_MAX) {
		*line = *rest;
		*rest = SLICE_NONE;
	} else {
		*line = slice_n(rest->at, n);
		*rest = slice_from(*rest, n + 1);
	}
	if (line->len && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool slice_u64(struct slice a, unsigned long long *out)
{
	unsigned long long v = 0;

	if (a.len == 0)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		unsigned d;

		if (a.at[i] < '0' || a.at[i] > '9')
			return false;
		d = (unsigned)(a.at[i] - '0');
		if (v > (ULLONG_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

bool slice_duration(struct slice a, int *ms)
{
	static const struct {
		const char *unit;
		unsigned long long ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"", 1}};
	const unsigned long long most = 30ull * 24 * 3600000;
	unsigned long long n;

	a = slice_trim(a);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (!slice_ends(a, units[i].unit))
			continue;
		if (!slice_u64(slice_sub(a, 0, a.len - strlen(units[i].unit)), &n) ||
			n > most / units[i].ms)
			continue;
		*ms = (int)(n * units[i].ms);
		return true;
	}
	return false;
}

unsigned long long slice_hash(struct slice a)
{
	unsigned long long h = 14695981039346656037ull;

	for (size_t i = 0; i < a.len; i++)
		h = (h ^ (unsigned char)a.at[i]) * 1099511628211ull;
	return h;
}

size_t slice_distance(struct slice a, struct slice b)
{
	size_t row[64];

	if (a.len >= 64 || b.len >= 64)
		return 64;
	for (size_t k = 0; k <= b.len; k++)
		row[k] = k;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= b.len; k++) {
			size_t up = row[k], best = diagonal + (a.at[i - 1] != b.at[k - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			diagonal = up;
			row[k] = best;
		}
	}
	return row[b.len];
}
