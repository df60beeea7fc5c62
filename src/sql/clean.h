/* clean.h - text from files on its way to people: no control characters, no bidi tricks.
 *
 * Terminals obey escape sequences and render right-to-left overrides; a file name or a string in
 * a migration must not be able to use them. Invalid UTF-8 becomes U+FFFD, control characters
 * become their pictures (␛), bidi and invisible ones are spelled (<U+202E>); tabs become one blank
 * in clean_line. Lengths may change; clean_width keeps the caret under the right character.
 * Text that needs no cleaning comes back as it is, not copied. */
#ifndef BELAY_SQL_CLEAN_H
#define BELAY_SQL_CLEAN_H

#include "base/arena.h"

struct slice clean_text(struct arena *a, struct slice s); /* keeps line ends and tabs */
struct slice clean_line(struct arena *a, struct slice s); /* one line */
/* Cells that the first `chars` characters of `line` (as it is in the file) take once clean_line has
 * shown it: wide characters count two, combining ones none, an invalid byte is a character. */
size_t clean_width(struct slice line, size_t chars);

#endif
