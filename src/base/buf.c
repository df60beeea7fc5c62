/* buf.c - a byte buffer that grows. */
#include "base/buf.h"

#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void buf_done(struct buf *b)
{
	free(b->at);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->at)
		b->at[0] = 0;
}

char *buf_room(struct buf *b, size_t n)
{
	if (n > SIZE_MAX / 2 - b->len - 1)
		alloc_failed(n);
	if (b->cap - b->len < n + 1) {
		size_t cap = b->cap ? b->cap * 2 : 64;

		if (cap < b->len + n + 1)
			cap = b->len + n + 1;
		b->at = mem_realloc(b->at, cap);
		b->cap = cap;
	}
	return b->at + b->len;
}

void buf_add(struct buf *b, struct slice s)
{
	char *p = buf_room(b, s.len);

	if (s.len)
		memcpy(p, s.at, s.len);
	b->len += s.len;
	b->at[b->len] = 0;
}

void buf_adds(struct buf *b, const char *cstr)
{
	buf_add(b, slice_of(cstr));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, slice_n(&c, 1));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	enum { USUAL = 120 };
	size_t room;
	va_list again;
	int n;

	va_copy(again, ap);
	buf_room(b, USUAL);
	room = b->cap - b->len;
	n = vsnprintf(b->at + b->len, room, fmt, ap);
	if (n > 0 && (size_t)n >= room)
		vsnprintf(buf_room(b, (size_t)n), (size_t)n + 1, fmt, again);
	if (n > 0)
		b->len += (size_t)n;
	else
		b->at[b->len] = 0;
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

struct slice buf_slice(const struct buf *b)
{
	return slice_n(b->at, b->len);
}

const char *buf_cstr(const struct buf *b)
{
	return b->at ? b->at : "";
}
