/* baseline.c - the findings of an old code base, so that only new ones are reported. */
#include "lint/internal.h"

#include <stdlib.h>

static const char head[] =
	"# What belay found when it came: only what is not in here is reported.\n"
	"# belay check --write-baseline FILE writes it anew; lines can be removed by hand.\n"
	"# fingerprint                     rule  file\n";

static bool is_fingerprint(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'a' && s.at[i] <= 'f')))
			return false;
	return s.len == 32;
}

static int by_fingerprint(const void *x, const void *y)
{
	const struct baseline_entry *a = x, *b = y;

	return slice_cmp(a->fingerprint, b->fingerprint);
}

bool baseline_read(struct baseline *out, struct arena *a, const struct source *src, struct err *err)
{
	struct slice rest = src->text, line, field;
	struct baseline b = {0};

	while (slice_line(&rest, &line)) {
		struct baseline_entry e = {.at = {src, (size_t)(line.at - src->text.at), line.len}};

		if (slice_empty(slice_trim(line)) || line.at[0] == '#')
			continue;
		field = line;
		slice_next(&field, ' ', &e.fingerprint);
		slice_next(&field, ' ', &e.rule);
		e.file = slice_trim(field);
		if (!is_fingerprint(e.fingerprint) || slice_empty(e.rule)) {
			err_set(err, ERR_INPUT, "this is not a line of a baseline");
			err_span(err, e.at);
			return err_hint(err, "belay check --write-baseline FILE writes one.");
		}
		*ARENA_PUSH(a, b.at, b.n) = e;
	}
	if (b.n)
		qsort(b.at, b.n, sizeof *b.at, by_fingerprint);
	*out = b;
	return true;
}

size_t baseline_write(struct buf *b, const struct verdict *v)
{
	size_t n = 0;

	buf_adds(b, head);
	for (size_t i = 0; i < v->nfindings; i++) {
		const struct finding *f = &v->findings[i];

		if (f->suppressed)
			continue;
		buf_printf(b, "%s %s ", f->fingerprint, f->rule->id);
		/* A file name cannot break the line. */
		for (const char *p = f->file ? f->file : ""; *p; p++)
			buf_addc(b, (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
		buf_addc(b, '\n');
		n++;
	}
	return n;
}
