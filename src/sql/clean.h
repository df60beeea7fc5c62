/* clean.h - text from files on its way to people: no control characters, no bidi tricks.
 *
 * Terminals obey escape sequences and render right-to-left overrides; a file name or a string in
 * a migration must not be able to use them. Invalid UTF-8 becomes U+FFFD, control and bidi
 * characters become visible (␛, <U+202E>); tabs become one blank in clean_line. Lengths may change;
 * clean_line_columns keeps the caret under the right character. */
#ifndef BELAY_SQL_CLEAN_H
#define BELAY_SQL_CLEAN_H

#include "base/arena.h"

struct slice clean_text(struct arena *a, struct slice s); /* keeps line ends and tabs */
struct slice clean_line(struct arena *a, struct slice s); /* one line */
/* Display width of the first `chars` characters of a line after clean_line (wide characters count
 * two, combining ones none). */
size_t clean_width(struct slice line, size_t chars);

#endif
