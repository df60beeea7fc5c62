/* slice.h - text that somebody else owns: a pointer and a length.
 *
 * Nearly all text in belay is a slice of a migration file, kept alive by the file's arena. A slice
 * is not NUL-terminated; C strings are made at the doors with arena_cstr(). An empty slice may have
 * a NULL pointer. Passing slices by value is cheap and meant. */
#ifndef BELAY_BASE_SLICE_H
#define BELAY_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *at;
	size_t len;
};

/* For printf: printf("%.*s", SLICE(name)). */
#define SLICE(s) ((int)(s).len), ((s).at ? (s).at : "")
/* A slice of a string literal, usable in initialisers too. */
#define SL(lit) ((struct slice){"" lit, sizeof(lit) - 1})
#define SLICE_NONE ((struct slice){NULL, 0})

static inline struct slice slice_of(const char *cstr)
{
	return (struct slice){cstr, cstr ? strlen(cstr) : 0};
}

static inline struct slice slice_n(const char *at, size_t len)
{
	return (struct slice){at, len};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *cstr)
{
	/* Most comparisons end here, before the length is counted. */
	if (a.len && cstr && a.at[0] != cstr[0])
		return false;
	return slice_eq(a, slice_of(cstr));
}

static inline bool slice_empty(struct slice a)
{
	return a.len == 0;
}

/* Order by bytes, shorter first on a tie: the same on every machine, whatever the locale. */
int slice_cmp(struct slice a, struct slice b);
/* ASCII case-insensitive versions. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_iis(struct slice a, const char *cstr);
bool slice_starts(struct slice a, const char *prefix);
bool slice_istarts(struct slice a, const char *prefix);
bool slice_ends(struct slice a, const char *suffix);
/* First offset of `needle`, or SIZE_MAX. */
size_t slice_find(struct slice hay, struct slice needle);
size_t slice_ifind(struct slice hay, struct slice needle);
size_t slice_chr(struct slice hay, char c);
/* From `from` to the end / `len` bytes from `from`, clamped to the slice. */
struct slice slice_from(struct slice a, size_t from);
struct slice slice_sub(struct slice a, size_t from, size_t len);
/* Without white space (ASCII blanks, tabs, line ends) at both ends. */
struct slice slice_trim(struct slice a);
/* Takes the next piece up to `sep` (or the rest) off the front of *rest; false when it is used up.
 */
bool slice_next(struct slice *rest, char sep, struct slice *piece);
/* Takes the next line without its line end (LF or CRLF) off the front of *rest. */
bool slice_line(struct slice *rest, struct slice *line);
/* Digits only, fits in 64 bits: the value goes to *out. */
bool slice_u64(struct slice a, unsigned long long *out);
/* "200ms", "2s", "10m", "1h", "1500" (milliseconds), at most 30 days; false and *ms untouched
 * otherwise. */
bool slice_duration(struct slice a, int *ms);
/* Edits that turn one word into the other; 64 for words of 64 bytes and more. */
size_t slice_distance(struct slice a, struct slice b);
/* FNV-1a, 64 bit: for hash tables, never stored. */
unsigned long long slice_hash(struct slice a);

#endif
