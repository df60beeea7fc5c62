/* findings.c - what a rule says becomes a finding: how severe it is here, its fingerprint, which of
 * several stay. */
#include "lint/internal.h"

#include "base/digest.h"

#include <stdlib.h>

enum severity severity_now(const struct judge *jg, const struct rule *r, const char *path)
{
	const struct judge_input *in = jg->in;
	bool on = r->tier == TIER_ON || policy_asks(in, r);
	enum severity s = on ? r->severity : SEVERITY_OFF;

	for (size_t i = 0; i < in->nsettings; i++) {
		const struct rule_setting *set = &in->settings[i];
		bool here = !set->paths;

		if (strcmp(set->rule, r->id) != 0 && strcmp(set->rule, "all") != 0)
			continue;
		for (size_t k = 0; set->paths && set->paths[k]; k++)
			here = here || (path && path_matches(set->paths[k], path));
		if (here)
			s = set->severity;
	}
	if (in->select) {
		enum severity chosen = SEVERITY_OFF;

		for (size_t i = 0; in->select[i]; i++)
			if (strcmp(in->select[i], "all") == 0 || strcmp(in->select[i], r->id) == 0)
				chosen = s == SEVERITY_OFF ? r->severity : s;
		s = chosen;
	}
	for (size_t i = 0; in->ignore && in->ignore[i]; i++)
		if (strcmp(in->ignore[i], r->id) == 0)
			s = SEVERITY_OFF;
	return s;
}

bool select_all(const struct judge *jg)
{
	for (size_t i = 0; jg->in->select && jg->in->select[i]; i++)
		if (strcmp(jg->in->select[i], "all") == 0)
			return true;
	return false;
}

/* A statement that says thousands of things is hashed once, not for each of its findings. */
static struct slice long_words(struct judge *jg, const struct statement *st)
{
	if (jg->hashed != st) {
		digest_sha256_hex(st->raw, jg->hash);
		jg->hashed = st;
	}
	return slice_of(jg->hash);
}

/* Stable over line shifts: rule, file, object and the statement's words. */
static void fingerprint(struct judge *jg, struct finding *f, const struct statement *st)
{
	struct buf b = {0};
	char hex[65];
	struct slice words = st ? st->raw : f->span.src ? span_text(f->span) : SLICE_NONE;
	bool blank = false;
	char *to;

	if (st && words.len > LONG_STATEMENT)
		words = long_words(jg, st);
	buf_printf(&b, "%s%c%s%c%.*s%c", f->rule->id, 0, f->file ? f->file : "", 0,
		SLICE(f->object), 0);
	to = buf_room(&b, words.len);
	for (size_t i = 0; i < words.len; i++) {
		char c = words.at[i];

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			blank = true;
			continue;
		}
		if (blank)
			*to++ = ' ';
		blank = false;
		*to++ = c;
	}
	b.len = (size_t)(to - b.at);
	digest_sha256_hex(buf_slice(&b), hex);
	memcpy(f->fingerprint, hex, 32);
	f->fingerprint[32] = 0;
	buf_done(&b);
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Is that a file which is only read for context? For findings about the whole history, which come
 * when all units were judged. */
static bool is_context(const struct judge *jg, const char *path)
{
	return path && jg->ncontext_paths &&
	       bsearch(&path, jg->context_paths, jg->ncontext_paths, sizeof path, by_text);
}

void findings_context(struct judge *jg)
{
	const char *last = NULL;

	for (size_t i = 0; i < jg->nunits; i++) {
		const struct unit *u = &jg->units[i];
		const char *path = u->src ? u->src->path : u->migration ? u->migration->path : NULL;

		if (path && u->context && (!last || strcmp(last, path) != 0))
			*ARENA_PUSH(jg->arena, jg->context_paths, jg->ncontext_paths) = last = path;
	}
	if (jg->ncontext_paths)
		qsort(jg->context_paths, jg->ncontext_paths, sizeof *jg->context_paths, by_text);
}

static bool is_one_too_many(struct judge *jg, const struct judged *j)
{
	if (!j->statement || jg->out->nfindings < jg->first_of_statement + MOST_FINDINGS)
		return false;
	jg->unsaid++;
	return true;
}

struct finding *finding_add(struct judged *j, const struct rule *r, struct span at,
	struct slice object, const char *fmt, ...)
{
	static _Thread_local struct finding dropped;
	struct judge *jg = j->judge;
	const char *path = at.src ? at.src->path : j->migration ? j->migration->path : NULL;
	enum severity s = severity_now(jg, r, path);
	struct finding *f;
	va_list ap;

	if (s == SEVERITY_OFF || (jg->unit ? jg->unit->context : is_context(jg, path)) ||
		is_one_too_many(jg, j)) {
		dropped = (struct finding){0};
		return &dropped;
	}
	f = ARENA_PUSH(jg->arena, jg->out->findings, jg->out->nfindings);
	*f = (struct finding){.rule = r,
		.severity = s,
		.certain = true,
		.span = at,
		.file = path,
		.statement = j->statement ? (int)j->statement->index : -1,
		.migration = j->migration,
		.object = object,
		.why = slice_of(r->why),
		.safe = slice_of(r->safe)};
	engine_words(r, j->dialect, &f->why, &f->safe);
	va_start(ap, fmt);
	f->message = arena_vprintf(jg->arena, fmt, ap);
	va_end(ap);
	fingerprint(jg, f, j->statement);
	return f;
}

static bool hides(const struct rule *r, const struct rule *other)
{
	for (size_t i = 0; r->hides && r->hides[i]; i++)
		if (strcmp(r->hides[i], other->id) == 0)
			return true;
	return false;
}

/* Of overlapping findings on one statement only the most specific stays; and the same thing is
 * said once; nothing takes long on a table without rows. */
void findings_collapse(struct judge *jg, const struct judged *j)
{
	struct finding *v = jg->out->findings;
	size_t first = jg->first_of_statement, n = first;
	bool empty;

	/* The effects' memory goes with the statement. */
	for (size_t i = first; i < jg->out->nfindings; i++)
		v[i].needs = names_copy(jg->arena, v[i].needs);
	if (select_all(jg))
		return;
	empty = n < jg->out->nfindings && facts_emptied(j);
	for (size_t i = first; i < jg->out->nfindings; i++) {
		bool keep = !empty || !grows_with_the_table(v[i].rule);

		for (size_t k = first; keep && k < jg->out->nfindings; k++) {
			if (k != i && hides(v[k].rule, v[i].rule))
				keep = false;
			if (k < i && v[k].rule == v[i].rule && slice_eq(v[k].object, v[i].object) &&
				v[k].span.off == v[i].span.off)
				keep = false;
		}
		if (keep)
			v[n++] = v[i];
	}
	jg->out->nfindings = n;
}

/* The safe form of a wide table, or of a DROP of many, is a long script: a report holds its
 * beginning. */
static struct slice bounded(struct judge *jg, struct slice safe)
{
	enum { MOST = 4096 };
	size_t n = MOST;

	if (safe.len <= MOST)
		return safe;
	while (n && safe.at[n - 1] != '\n')
		n--;
	if (!n)
		n = MOST;
	while (n && (safe.at[n] & 0xC0) == 0x80)
		n--;
	return arena_printf(jg->arena, "%.*s%s-- … belay fix writes all of it",
		SLICE(slice_sub(safe, 0, n)), safe.at[n - 1] == '\n' ? "" : "\n");
}

void findings_safe_forms(struct judge *jg, const struct judged *j)
{
	for (size_t i = jg->first_of_statement; i < jg->out->nfindings; i++) {
		struct finding *f = &jg->out->findings[i];
		struct slice safe = jg->in->safe_form(j, f->rule);

		if (safe.len)
			f->safe = bounded(jg, safe);
	}
}

void note_unread(struct judge *jg, const struct statement *st, struct slice why)
{
	if (jg->unit->context)
		return;
	*ARENA_PUSH(jg->arena, jg->out->opaque, jg->out->nopaque) =
		(struct opaque_note){.span = st->span, .reason = arena_slice(jg->arena, why)};
}
