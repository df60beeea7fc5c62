/* buf.h - a byte buffer that grows: how documents, SQL and sentences are put together.
 *
 * Zero-initialise, write, hand out buf_slice(), buf_done(). Always NUL-terminated behind the end,
 * so buf_cstr() may be given to C functions. */
#ifndef BELAY_BASE_BUF_H
#define BELAY_BASE_BUF_H

#include "base/slice.h"

#include <stdarg.h>

struct buf {
	char *at;
	size_t len, cap;
};

void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* empty, memory kept */
void buf_add(struct buf *b, struct slice s);
void buf_adds(struct buf *b, const char *cstr);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Room for n more bytes behind the end; add to b->len what was written. */
char *buf_room(struct buf *b, size_t n);
struct slice buf_slice(const struct buf *b); /* valid until the next write */
const char *buf_cstr(const struct buf *b);

#endif
