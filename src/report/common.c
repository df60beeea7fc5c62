/* common.c - tints, excerpts, the head of every document. */
#include "report/report.h"
#include "base/utf8.h"
#include "sql/clean.h"

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

enum { SHOWN_WIDTH = 200 };

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
	line = clean_line(&a, source_line_at((struct source *)at.src, at.off));
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
	for (size_t i = before; i < width; i++)
		buf_addc(b, '^');
	buf_printf(b, "%s\n", off);
out:
	arena_done(&a);
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
	if (err->next)
		json_cstr(&j, err->next);
	json_end(&j);
	json_end(&j);
	json_end(&j);
}
