/* arena.h - memory that leaves together.
 *
 * Three lifetimes use it: the scratch of a parse (dies with the statement), a migration (text,
 * spans, findings; until the report is out) and a catalog. Nothing is freed alone; arena_reset()
 * empties it for the next user and keeps the blocks, arena_done() gives everything back.
 *
 * Out of memory is not carried through every caller: alloc_failed() writes one sentence and
 * aborts. Sizes that come from outside are bounded before they get here (LIMIT_* in io.h). */
#ifndef BELAY_BASE_ARENA_H
#define BELAY_BASE_ARENA_H

#include "base/slice.h"

#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* the block in use; earlier ones follow */
	size_t used, cap;
	size_t total;     /* bytes held, for the figures */
	bool used_before; /* the block in use is not zero any more: it was reset */
};

void arena_done(struct arena *a);
void arena_reset(struct arena *a);
/* Takes over all memory of `from`, which is empty afterwards. */
void arena_adopt(struct arena *a, struct arena *from);
/* Gives back what was allocated since, as far as it lies in one block; nothing may point there. */
struct arena_mark {
	const struct arena_block *head;
	size_t used;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_back(struct arena *a, struct arena_mark m);
/* Zeroed, aligned for anything. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t count, size_t size); /* checks the multiplication */
char *arena_cstr(struct arena *a, struct slice s);
struct slice arena_slice(struct arena *a, struct slice s);
/* The parts one behind another; a NUL follows. */
struct slice arena_join(struct arena *a, const struct slice *parts, size_t n);
struct slice arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct slice arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))

/* Growing arrays that live in an arena:
 *
 *	struct change *v = NULL; size_t n = 0;
 *	*ARENA_PUSH(a, v, n) = (struct change){...};
 *
 * Capacity is the next power of two, so it need not be stored. */
#define ARENA_PUSH(a, v, n) (((v) = arena_grow_((a), (v), (n), sizeof *(v))), (n)++, &(v)[(n)-1])
void *arena_grow_(struct arena *a, void *v, size_t n, size_t size);

/* malloc and realloc that do not return NULL. */
void *mem_alloc(size_t n);
void *mem_realloc(void *p, size_t n);
char *mem_cstr(struct slice s);
_Noreturn void alloc_failed(size_t n);

#endif
