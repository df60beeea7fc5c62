/* check.c - findings, for people and for programs. */
#include "report/internal.h"
#include "sql/clean.h"

static struct slice clean(struct arena *a, struct slice s)
{
	return clean_text(a, s);
}

static void indented(struct buf *b, struct arena *a, const char *label, struct slice text)
{
	struct slice rest = clean(a, text), line;
	bool first = true;

	while (slice_line(&rest, &line)) {
		buf_printf(b, "  %s%.*s\n", first ? label : "        ", SLICE(line));
		first = false;
	}
}

/* Recipes are whole scripts: here their beginning, `belay fix` writes all of it. */
static void safe_text(struct buf *b, struct arena *a, const struct finding *f)
{
	enum { FEW_LINES = 12 };
	struct slice rest = f->safe, line;
	bool is_recipe = f->safe.at != f->rule->safe;
	size_t lines = 0;

	while (is_recipe && lines < FEW_LINES && slice_line(&rest, &line))
		lines++;
	if (!is_recipe || !slice_trim(rest).len) {
		indented(b, a, "safe:   ", f->safe);
		return;
	}
	indented(b, a, "safe:   ", slice_sub(f->safe, 0, (size_t)(rest.at - f->safe.at)));
	buf_adds(b, "          … (belay fix shows the rest)\n");
}

static void finding_text(struct buf *b, const struct finding *f, bool color)
{
	struct arena a = {0};
	const char *word = severity_word(f->severity);

	buf_printf(b, "%s%s%s[%s]: %.*s%s\n", tint(color, word), word, tint(color, "off"),
		f->rule->id, SLICE(clean(&a, f->message)), f->certain ? "" : " (possibly)");
	if (f->span.src)
		report_excerpt(b, f->span, color);
	else if (f->file)
		buf_printf(b, "%s  --> %s%.*s\n", tint(color, "dim"), tint(color, "off"),
			SLICE(clean(&a, slice_of(f->file))));
	if (f->why.len)
		indented(b, &a, "why:    ", f->why);
	for (size_t i = 0; i < f->needs.n; i++)
		buf_printf(b, "  needs:  %.*s\n", SLICE(clean(&a, f->needs.at[i])));
	if (f->safe.len)
		safe_text(b, &a, f);
	buf_addc(b, '\n');
	arena_done(&a);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void report_check_text(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	struct arena a = {0};

	for (size_t i = 0; i < v->nfindings; i++)
		if (!v->findings[i].suppressed)
			finding_text(b, &v->findings[i], o->color);
	if (v->nopaque) {
		buf_printf(b, "%zu statement%s could not be read, so nothing is said about %s:\n",
			v->nopaque, plural(v->nopaque), v->nopaque == 1 ? "it" : "them");
		for (size_t i = 0; i < v->nopaque; i++) {
			struct place p = span_place(v->opaque[i].span);

			buf_printf(b, "  %.*s:%zu: %.*s\n",
				SLICE(clean(&a, slice_of(v->opaque[i].span.src->path))), p.line,
				SLICE(clean(&a, v->opaque[i].reason)));
		}
		buf_addc(b, '\n');
	}
	if (v->errors + v->warnings + v->infos == 0)
		buf_printf(b, "%s%zu file%s, %zu statement%s: nothing to report%s%s",
			tint(o->color, "ok"), v->files, plural(v->files), v->statements,
			plural(v->statements), v->nopaque ? " about what was read" : "",
			tint(o->color, "off"));
	else
		buf_printf(b, "%zu error%s, %zu warning%s%s in %zu file%s, %zu statement%s",
			v->errors, plural(v->errors), v->warnings, plural(v->warnings),
			v->infos ? " and some notes" : "", v->files, plural(v->files),
			v->statements, plural(v->statements));
	if (v->answered)
		buf_printf(b, " (%zu more answered for)", v->answered);
	buf_addc(b, '\n');
	arena_done(&a);
}

static void place_json(struct json *j, struct span at, const char *file)
{
	struct place p = {1, 1, 1, 1};

	if (at.src)
		p = span_place(at);
	json_kcstr(j, "file", at.src ? at.src->path : file);
	json_kint(j, "line", (long long)p.line);
	json_kint(j, "column", (long long)p.column);
	json_kint(j, "end_line", (long long)p.end_line);
	json_kint(j, "end_column", (long long)p.end_column);
}

static void finding_json(struct json *j, const struct finding *f)
{
	json_object(j);
	json_kcstr(j, "rule", f->rule->id);
	json_kcstr(j, "severity", severity_word(f->severity));
	json_kbool(j, "certain", f->certain);
	report_names_json(j, "needs", f->needs);
	place_json(j, f->span, f->file);
	json_key(j, "statement");
	if (f->statement >= 0)
		json_int(j, f->statement);
	else
		json_null(j);
	json_key(j, "object");
	if (f->object.len)
		json_str(j, f->object);
	else
		json_null(j);
	json_kstr(j, "message", f->message);
	json_kstr(j, "why", f->why);
	json_key(j, "safe");
	if (f->safe.len)
		json_str(j, f->safe);
	else
		json_null(j);
	json_kcstr(j, "fingerprint", f->fingerprint);
	json_end(j);
}

void report_check_json(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	char version[24];
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "check/1");
	json_kcstr(&j, "dialect", dialect_name(o->dialect));
	json_kcstr(&j, "server_version", version_text(o->dialect, o->version, version));
	json_kbool(&j, "dialect_assumed", o->assumed);
	json_key(&j, "summary");
	json_object(&j);
	json_kint(&j, "files", (long long)v->files);
	json_kint(&j, "statements", (long long)v->statements);
	json_kint(&j, "opaque", (long long)v->nopaque);
	json_kint(&j, "errors", (long long)v->errors);
	json_kint(&j, "warnings", (long long)v->warnings);
	json_kint(&j, "infos", (long long)v->infos);
	json_kint(&j, "answered", (long long)v->answered);
	json_end(&j);
	json_key(&j, "findings");
	json_array(&j);
	for (size_t i = 0; i < v->nfindings; i++)
		if (!v->findings[i].suppressed)
			finding_json(&j, &v->findings[i]);
	json_end(&j);
	json_key(&j, "opaque");
	json_array(&j);
	for (size_t i = 0; i < v->nopaque; i++) {
		json_object(&j);
		json_kcstr(&j, "file", v->opaque[i].span.src->path);
		json_kint(&j, "line", (long long)span_place(v->opaque[i].span).line);
		json_kstr(&j, "reason", v->opaque[i].reason);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}
