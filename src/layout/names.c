/* names.c - how a new migration is called: as the folder does it already. */
#include "layout/internal.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct slice slug(struct arena *a, struct slice name, char blank)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 32);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_addc(&b, c);
		else if (b.len && b.at[b.len - 1] != blank)
			buf_addc(&b, blank);
	}
	while (b.len && b.at[b.len - 1] == blank)
		b.len--;
	out = arena_slice(a, buf_slice(&b));
	out.len = b.len;
	buf_done(&b);
	return out.len ? out : SL("change");
}

static struct slice last_number(const struct project *p)
{
	struct slice last = SLICE_NONE;

	for (size_t i = 0; i < p->nmigrations; i++) {
		struct slice v = p->migrations[i].version;

		v.len = count_digits(v);
		if (v.len && (last.len == 0 || cmp_number(v, last) >= 0))
			last = v;
	}
	return last;
}

/* The number behind `v`, at least as wide; decimal by hand, for 20-digit numbers exist. */
static struct slice plus_one(struct arena *a, struct slice v)
{
	char *s = arena_cstr(a, v);
	size_t i = v.len;

	while (i > 0 && s[i - 1] == '9')
		s[--i] = '0';
	if (i > 0) {
		s[i - 1]++;
		return slice_n(s, v.len);
	}
	return arena_printf(a, "1%s", s);
}

static struct slice time_digits(struct arena *a, size_t width)
{
	time_t now = time(NULL);
	struct tm tm;
	char s[24];

	gmtime_r(&now, &tm);
	strftime(s, sizeof s, "%Y%m%d%H%M%S", &tm);
	if (width == 10)
		return arena_printf(a, "%lld", (long long)now);
	if (width == 13)
		return arena_printf(a, "%lld000", (long long)now);
	if (width == 17)
		return arena_printf(a, "%s000", s);
	if (width == 18) /* diesel: a time and four digits */
		return arena_printf(a, "%s0000", s);
	return arena_slice(a, slice_n(s, width < 14 ? width : 14));
}

struct slice next_version(const struct project *p, struct arena *a, size_t fallback_width)
{
	struct slice last = last_number(p), now;
	char zeros[24];

	if (last.len == 0) {
		if (fallback_width >= 8)
			return time_digits(a, fallback_width);
		snprintf(zeros, sizeof zeros, "%0*d", (int)fallback_width, 1);
		return arena_slice(a, slice_of(zeros));
	}
	if (last.len < 8)
		return plus_one(a, last);
	now = time_digits(a, last.len);
	return now.len == last.len && cmp_number(now, last) > 0 ? now : plus_one(a, last);
}

void new_file_add(
	struct arena *a, struct new_file **v, size_t *n, const char *path, struct slice text)
{
	*ARENA_PUSH(a, *v, *n) = (struct new_file){path, text};
}

struct slice with_newline(struct arena *a, struct slice text)
{
	if (text.len == 0 || text.at[text.len - 1] == '\n')
		return text;
	return arena_printf(a, "%.*s\n", SLICE(text));
}
