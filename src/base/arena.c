/* arena.c - memory that leaves together. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
	struct arena_block *next;
	size_t cap;
	_Alignas(max_align_t) char data[];
};

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20, ALIGN = _Alignof(max_align_t) };

_Noreturn void alloc_failed(size_t n)
{
	fprintf(stderr, "belay: out of memory (%zu bytes asked for)\n", n);
	abort();
}

void *mem_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		alloc_failed(n);
	return p;
}

void *mem_realloc(void *old, size_t n)
{
	void *p = realloc(old, n ? n : 1);

	if (!p)
		alloc_failed(n);
	return p;
}

char *mem_cstr(struct slice s)
{
	char *p = mem_alloc(s.len + 1);

	if (s.len)
		memcpy(p, s.at, s.len);
	return p;
}

void arena_done(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
	*a = (struct arena){0};
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->head;

	if (!keep)
		return;
	/* The newest block is the largest: keep it, give the others back. */
	a->head = keep->next;
	{
		struct arena rest = *a;

		arena_done(&rest);
	}
	keep->next = NULL;
	*a = (struct arena){.head = keep, .used = 0, .cap = keep->cap, .total = keep->cap};
}

void arena_adopt(struct arena *a, struct arena *from)
{
	struct arena_block *last = from->head;

	if (!last)
		return;
	while (last->next)
		last = last->next;
	if (!a->head) {
		*a = *from;
	} else {
		/* Behind the block in use. */
		last->next = a->head->next;
		a->head->next = from->head;
		a->total += from->total;
	}
	*from = (struct arena){0};
}

static void add_block(struct arena *a, size_t need)
{
	size_t cap = a->head ? a->head->cap * 2 : FIRST_BLOCK;
	struct arena_block *b;

	if (cap > LARGEST_BLOCK)
		cap = LARGEST_BLOCK;
	if (cap < need)
		cap = need;
	if (cap > SIZE_MAX - sizeof *b)
		alloc_failed(cap);
	b = malloc(sizeof *b + cap);
	if (!b)
		alloc_failed(cap);
	b->cap = cap;
	b->next = a->head;
	a->head = b;
	a->used = 0;
	a->cap = cap;
	a->total += cap;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX - ALIGN)
		alloc_failed(n);
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (n == 0)
		n = ALIGN;
	if (!a->head || a->cap - a->used < n)
		add_block(a, n);
	p = a->head->data + a->used;
	a->used += n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		alloc_failed(count);
	return arena_alloc(a, count * size);
}

char *arena_cstr(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (s.len)
		memcpy(p, s.at, s.len);
	return p;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	return slice_n(arena_cstr(a, s), s.len);
}

struct slice arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		n = 0;
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return slice_n(p, (size_t)n);
}

struct slice arena_printf(struct arena *a, const char *fmt, ...)
{
	struct slice s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

void *arena_grow_(struct arena *a, void *v, size_t n, size_t size)
{
	size_t cap;
	void *bigger;

	if (n && (n & (n - 1)))
		return v; /* not a power of two: room is left */
	cap = n ? n * 2 : 1;
	bigger = arena_array(a, cap, size);
	if (n)
		memcpy(bigger, v, n * size);
	return bigger;
}
