/* common.c - tints, excerpts, the head of every document. */
#include "base/utf8.h"
#include "report/internal.h"
#include "sql/clean.h"
#include "sql/redact.h"

static const struct {
	const char *name, *seq;
} tints[] = {{"error", "\033[1;31m"}, {"warning", "\033[1;33m"}, {"info", "\033[1;34m"},
	{"ok", "\033[1;32m"}, {"dim", "\033[2m"}, {"bold", "\033[1m"}, {"off", "\033[0m"}};

const char *tint(bool color, const char *what)
{
	for (size_t i = 0; color && i < sizeof tints / sizeof *tints; i++)
		if (strcmp(tints[i].name, what) == 0)
			return tints[i].seq;
	return "";
}

/* ---- Findings, as CI services want them ---- */

struct slice report_path_of(struct arena *a, const char *path, const struct report_options *o)
{
	if (!path)
		return SLICE_NONE;
	if (o->prefix && o->prefix[0] && path[0] != '/' && strcmp(path, "-") != 0)
		return clean_line(a, arena_printf(a, "%s/%s", o->prefix, path));
	return clean_line(a, slice_of(path));
}

struct slice report_path(struct arena *a, const struct finding *f, const struct report_options *o)
{
	return report_path_of(a, f->span.src ? f->span.src->path : f->file, o);
}

struct place report_place(const struct finding *f)
{
	struct place top = {1, 1, 1, 1};

	return f->span.src ? span_place(f->span) : top;
}

struct slice report_sql(struct arena *a, const struct finding *f, enum dialect d)
{
	enum { SHOWN_BYTES = 2000 };
	struct slice s = f->span.src ? span_text(f->span) : SLICE_NONE;
	bool cut = s.len > SHOWN_BYTES;

	if (slice_empty(s))
		return SLICE_NONE;
	s = redact_sql(a, d, redact_tokens(a, s));
	s = clean_text(a, cut ? slice_sub(s, 0, SHOWN_BYTES) : s);
	return cut ? arena_printf(a, "%.*s…", SLICE(s)) : s;
}

struct slice report_sentence(struct arena *a, const struct finding *f)
{
	struct buf b = {0};
	struct slice out;

	buf_add(&b, f->message);
	if (!f->certain)
		buf_adds(&b, " (possibly");
	for (size_t i = 0; !f->certain && i < f->needs.n; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : "; needs: ", SLICE(f->needs.at[i]));
	if (!f->certain)
		buf_addc(&b, ')');
	out = clean_line(a, arena_slice(a, buf_slice(&b)));
	buf_done(&b);
	return out;
}

const struct finding *report_next(const struct verdict *v, size_t *i)
{
	while (*i < v->nfindings && v->findings[*i].suppressed)
		(*i)++;
	return *i < v->nfindings ? &v->findings[(*i)++] : NULL;
}

/* ---- Excerpts ---- */

enum { SHOWN_WIDTH = 200 };

/* The source line of a span with the secrets in it hidden. */
static struct slice shown_line(struct arena *a, struct span at)
{
	struct slice line = source_line_at((struct source *)at.src, at.off);

	return redact_sql(a, DIALECT_UNKNOWN, redact_tokens(a, line));
}

void report_excerpt(struct buf *b, struct span at, bool color)
{
	const char *dim = tint(color, "dim"), *off = tint(color, "off");
	struct arena a = {0};
	struct place p;
	struct slice line;
	size_t before, width;

	if (!at.src)
		return;
	p = span_place(at);
	line = clean_line(&a, shown_line(&a, at));
	buf_printf(b, "%s  --> %s%.*s:%zu:%zu\n", dim, off,
		SLICE(clean_line(&a, slice_of(at.src->path))), p.line, p.column);
	before = clean_width(line, p.column - 1);
	width = clean_width(line, p.end_line == p.line ? p.end_column : utf8_count(line));
	if (width <= before)
		width = before + 1;
	if (before > SHOWN_WIDTH)
		goto out; /* far out on a very long line: the place must do */
	if (width > SHOWN_WIDTH)
		width = SHOWN_WIDTH;
	buf_printf(b, "%s%5zu |%s %.*s\n%s      |%s %*s%s", dim, p.line, off,
		SLICE(slice_sub(line, 0, SHOWN_WIDTH)), dim, off, (int)before, "",
		tint(color, "error"));
	memset(buf_room(b, width - before), '^', width - before);
	b->len += width - before;
	buf_adds(b, off);
	buf_addc(b, '\n');
out:
	arena_done(&a);
}

void report_names_json(struct json *j, const char *key, struct names n)
{
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < n.n; i++)
		json_str(j, n.at[i]);
	json_end(j);
}

void report_head(struct json *j, const char *schema)
{
	json_key(j, "belay");
	json_object(j);
	json_kcstr(j, "version", BELAY_VERSION);
	json_kcstr(j, "schema", schema);
	json_end(j);
}

void report_error_json(struct buf *b, const struct err *err)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "error/1");
	json_key(&j, "error");
	json_object(&j);
	json_kcstr(&j, "code", err_code_name(err->code));
	json_kcstr(&j, "message", err->message);
	json_kcstr(&j, "context", err->context);
	json_kcstr(&j, "file", err->file);
	json_key(&j, "line");
	if (err->line)
		json_int(&j, (long long)err->line);
	else
		json_null(&j);
	json_kcstr(&j, "sqlstate", err->sqlstate[0] ? err->sqlstate : NULL);
	json_kcstr(&j, "hint", err->hint);
	json_key(&j, "next");
	json_array(&j);
	for (struct slice rest = slice_of(err->next), line; slice_line(&rest, &line);)
		json_str(&j, line);
	json_end(&j);
	json_end(&j);
	json_end(&j);
}

void report_differences(struct json *j, const struct catalog_diff *d)
{
	static const char *const kinds[] = {"missing", "extra", "changed", "order", "not-compared"};

	json_key(j, "differences");
	json_array(j);
	for (size_t i = 0; i < d->n; i++) {
		json_object(j);
		json_kcstr(j, "kind", kinds[d->at[i].kind]);
		json_kcstr(j, "type", object_type_word(d->at[i].type));
		json_kstr(j, "object", d->at[i].object);
		json_kcstr(j, "field", d->at[i].field);
		json_kstr(j, "before", d->at[i].before);
		json_kstr(j, "after", d->at[i].after);
		json_end(j);
	}
	json_end(j);
}
