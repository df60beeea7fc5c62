/* source.c - one text that came from outside, and places in it. */
#include "sql/source.h"

#include "base/utf8.h"
#include "sql/clean.h"

#include <stdint.h>

void source_init(struct source *s, struct arena *a, const char *path, struct slice text)
{
	*s = (struct source){.path = path, .text = text, .masked = text, .arena = a};
}

static void index_lines(struct source *s)
{
	size_t n = 1, at = 0, i = 0;

	if (s->lines)
		return;
	for (const char *p = s->text.at, *end = p + s->text.len;
		s->text.len && p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	s->lines = ARENA_ARRAY(s->arena, n, size_t);
	s->lines[i++] = 0;
	while (i < n) {
		at += slice_chr(slice_from(s->text, at), '\n') + 1;
		s->lines[i++] = at;
	}
	s->nlines = n;
}

/* Index of the line that contains `off`. */
static size_t line_of(const struct source *s, size_t off)
{
	size_t low = 0, high = s->nlines;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (s->lines[mid] <= off)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* A byte order mark belongs to the file, not to its first line. */
static size_t line_start(const struct source *s, size_t line)
{
	if (line == 0 && slice_starts(s->text, "\xef\xbb\xbf"))
		return 3;
	return s->lines[line];
}

static size_t column_of(const struct source *s, size_t line, size_t off)
{
	size_t start = line_start(s, line);

	if (off <= start)
		return 1;
	return 1 + utf8_count(slice_sub(s->text, start, off - start));
}

struct place span_place(struct span at)
{
	/* The index is a cache; the source itself is not changed. */
	struct source *s = (struct source *)(uintptr_t)at.src;
	struct place p = {0};
	size_t off, end, line;

	if (!s)
		return p;
	index_lines(s);
	off = at.off < s->text.len ? at.off : s->text.len;
	line = line_of(s, off);
	p.line = line + 1;
	p.column = column_of(s, line, off);
	p.end_line = p.line;
	p.end_column = p.column;
	end = at.len < s->text.len - off ? off + at.len : s->text.len;
	if (end <= off + 1)
		return p;
	line = line_of(s, end - 1);
	p.end_line = line + 1;
	/* Of the last character: as many as there are in front of the end. */
	p.end_column = column_of(s, line, end) - 1;
	if (p.end_column == 0 || (p.end_line == p.line && p.end_column < p.column))
		p.end_column = p.end_line == p.line ? p.column : 1;
	return p;
}

struct slice span_text(struct span at)
{
	return at.src ? slice_sub(at.src->text, at.off, at.len) : SLICE_NONE;
}

struct slice source_line_at(struct source *s, size_t off)
{
	struct slice rest, line = SLICE_NONE;

	index_lines(s);
	rest = slice_from(s->text, line_start(s, line_of(s, off)));
	slice_line(&rest, &line);
	return line;
}

bool err_span(struct err *e, struct span at)
{
	struct source *s = (struct source *)(uintptr_t)at.src;
	struct place p;

	if (!err_is(e) || !s || e->file)
		return false;
	p = span_place(at);
	err_at(e, s->path, p.line, p.column, p.end_line == p.line ? p.end_column : 0);
	if (!e->source_line)
		e->source_line = mem_cstr(clean_line(s->arena, source_line_at(s, at.off)));
	return false;
}
