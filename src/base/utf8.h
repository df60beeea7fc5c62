/* utf8.h - just enough UTF-8: is it valid, how long is it, what is it. */
#ifndef BELAY_BASE_UTF8_H
#define BELAY_BASE_UTF8_H

#include "base/slice.h"

/* Length of the valid sequence at the start (1 to 4), 0 if there is none. Overlong forms,
 * surrogates and values over U+10FFFF are not valid. */
size_t utf8_length(struct slice s);
/* The code point of a valid sequence. */
unsigned utf8_decode(struct slice s, size_t len);
/* Characters in a text; an invalid byte counts as one. */
size_t utf8_count(struct slice s);

#endif
