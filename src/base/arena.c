/* arena.c - memory that leaves together. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct arena_block {
	struct arena_block *next;
	size_t cap;
	size_t mapped; /* bytes that were mapped; 0 = it came from calloc */
	_Alignas(max_align_t) char data[];
};

/* A long run asks for tens of megabytes: blocks as large as the processor's large pages cost one
 * page fault each instead of 512, and what the kernel hands out is zero already. */
enum {
	FIRST_BLOCK = 4096,
	LARGEST_SMALL = 256 << 10,
	LARGE_PAGE = 2 << 20,
	LARGEST_BLOCK = LARGE_PAGE - 64,
	ALIGN = _Alignof(max_align_t),
};

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

static struct arena_block *map_block(size_t cap)
{
	size_t bytes =
		(sizeof(struct arena_block) + cap + LARGE_PAGE - 1) & ~(size_t)(LARGE_PAGE - 1);
	char *raw, *at;

	raw = mmap(NULL, bytes + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	at = (char *)(((uintptr_t)raw + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1));
	if (at > raw)
		munmap(raw, (size_t)(at - raw));
	munmap(at + bytes, (size_t)(raw + LARGE_PAGE - at));
#ifdef MADV_HUGEPAGE
	(void)madvise(at, bytes, MADV_HUGEPAGE);
#endif
	((struct arena_block *)at)->mapped = bytes;
	return (struct arena_block *)at;
}

static void free_block(struct arena_block *b)
{
	if (b->mapped)
		munmap(b, b->mapped);
	else
		free(b);
}

void arena_done(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b) {
		struct arena_block *next = b->next;

		free_block(b);
		b = next;
	}
	*a = (struct arena){0};
}

static void add_block(struct arena *a, size_t need)
{
	size_t cap = a->head ? a->head->cap * 2 : FIRST_BLOCK;
	struct arena_block *b;

	if (cap > LARGEST_SMALL)
		cap = LARGEST_BLOCK;
	if (cap < need)
		cap = need;
	if (cap > SIZE_MAX / 2)
		alloc_failed(cap);
	b = cap >= LARGEST_BLOCK ? map_block(cap) : calloc(1, sizeof *b + cap);
	if (!b)
		alloc_failed(cap);
	b->cap = cap;
	b->next = a->head;
	a->head = b;
	a->used = 0;
	a->cap = cap;
	a->total += cap;
	a->used_before = false;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->head;
	size_t total = a->total;

	if (!keep)
		return;
	if (keep->next && total <= LARGEST_BLOCK) {
		/* One block that holds as much: the next use will need no other. */
		arena_done(a);
		add_block(a, total);
		return;
	}
	/* The newest block is the largest: keep it, give the others back. */
	a->head = keep->next;
	{
		struct arena rest = *a;

		arena_done(&rest);
	}
	keep->next = NULL;
	*a = (struct arena){
		.head = keep, .used = 0, .cap = keep->cap, .total = keep->cap, .used_before = true};
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

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){a->head, a->used};
}

void arena_back(struct arena *a, struct arena_mark m)
{
	if (!a->head || a->head != m.head)
		return;
	memset(a->head->data + m.used, 0, a->used - m.used);
	a->used = m.used;
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
	if (!a->used_before)
		return p;
	if (n > 128)
		return memset(p, 0, n);
	for (size_t i = 0; i < n; i += ALIGN)
		memset(p + i, 0, ALIGN); /* two words each: no call */
	return p;
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

struct slice arena_join(struct arena *a, const struct slice *parts, size_t n)
{
	size_t len = 0;
	char *p, *at;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	p = at = arena_alloc(a, len + 1);
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(at, parts[i].at, parts[i].len);
		at += parts[i].len;
	}
	return slice_n(p, len);
}

struct slice arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char here[256];
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(here, sizeof here, fmt, ap);
	if (n < 0)
		n = 0;
	p = arena_alloc(a, (size_t)n + 1);
	if ((size_t)n < sizeof here)
		memcpy(p, here, (size_t)n);
	else
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
