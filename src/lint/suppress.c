/* suppress.c - findings that somebody has answered for: directives, belay.yml, peers' comments, the
 * baseline; and answers that answer nothing. */
#include "lint/internal.h"

#include "sql/directive.h"

#include <stdint.h>
#include <stdlib.h>

/* An answer in a file, kept until the end: findings about the whole history come last. */
struct ignore {
	struct directive d;
	const struct source *src;
	size_t from, to;     /* offsets that it speaks for; from > to = none */
	const char *problem; /* why it cannot be understood */
	int statement;
	bool open; /* the begin of a block whose end has not come */
};

/* "*" within a path part, "**" over parts, everything else literal. */
bool path_matches(const char *pattern, const char *path)
{
	while (*pattern) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			pattern += 2;
			if (*pattern == '/')
				pattern++;
			for (;; path++) {
				if (path_matches(pattern, path))
					return true;
				if (!*path)
					return false;
			}
		}
		if (*pattern == '*') {
			pattern++;
			for (;; path++) {
				if (path_matches(pattern, path))
					return true;
				if (!*path || *path == '/')
					return false;
			}
		}
		if (*pattern != *path)
			return false;
		pattern++;
		path++;
	}
	return *path == 0;
}

/* ---- Remembering ---- */

static bool is_allow(const struct directive *d)
{
	return !directive_is_peer(d) &&
	       (slice_iis(d->name, "allow") || slice_iis(d->name, "allow-file"));
}

static struct ignore *remember(struct judge *jg, const struct unit *u, const struct directive *d)
{
	struct ignore *g = ARENA_PUSH(jg->arena, jg->ignores, jg->nignores);

	*g = (struct ignore){.d = *d, .src = u->src, .from = 1, .to = 0, .statement = -1};
	g->problem = directive_problem(jg->arena, d);
	return g;
}

static void close_block(
	struct judge *jg, const struct unit *u, const struct directive *d, size_t to)
{
	const char *tool = directive_tool(d);

	for (size_t i = jg->nignores; i-- > 0 && jg->ignores[i].src == u->src;)
		if (jg->ignores[i].open && tool &&
			strcmp(directive_tool(&jg->ignores[i].d), tool) == 0) {
			jg->ignores[i].open = false;
			jg->ignores[i].to = to;
			return;
		}
}

static void remember_one(struct judge *jg, const struct unit *u, const struct statement *st,
	const struct directive *d)
{
	size_t end = st->span.off + st->span.len;
	struct ignore *g;

	if (!is_allow(d) && !directive_is_peer(d) && !directive_problem(jg->arena, d))
		return;
	if (directive_scope(d) == SCOPE_END) {
		close_block(jg, u, d, st->span.off ? st->span.off - 1 : 0);
		return;
	}
	g = remember(jg, u, d);
	g->statement = (int)st->index;
	if (g->problem || !(is_allow(d) || directive_is_peer(d)))
		return;
	switch (directive_scope(d)) {
	case SCOPE_STATEMENT:
		g->from = st->span.off;
		g->to = end;
		break;
	case SCOPE_FILE:
		g->from = 0;
		g->to = SIZE_MAX;
		break;
	case SCOPE_BEGIN:
		g->from = st->span.off;
		g->to = u->off + u->len;
		g->open = true;
		break;
	case SCOPE_END:
		break;
	}
}

/* A file's own head, before the mark where its up part begins. */
static void remember_head(struct judge *jg, const struct unit *u)
{
	struct directive *v = NULL;
	size_t n = 0;

	directives_read(jg->arena, (struct span){u->src, 0, u->off}, &v, &n);
	for (size_t i = 0; i < n; i++)
		if (directive_scope(&v[i]) == SCOPE_FILE) {
			struct ignore *g = remember(jg, u, &v[i]);

			g->from = 0;
			g->to = g->problem ? 0 : SIZE_MAX;
		}
}

void remember_ignores(struct judge *jg, const struct unit *u)
{
	if (!u->src || u->context || u->down)
		return;
	if (u->off)
		remember_head(jg, u);
	for (size_t k = 0; k < u->script.n; k++)
		for (size_t n = 0; n < u->script.at[k].ndirectives; n++)
			remember_one(jg, u, &u->script.at[k], &u->script.at[k].directives[n]);
}

/* ---- Peers' words ---- */

static const struct peer_rule {
	const char *tool, *name, *rule;
} peer_rules[] = {
#define PEER(tool, name, rule) {tool, name, rule},
#include "lint/peers.def"
#undef PEER
};
enum { PEER_RULES = sizeof peer_rules / sizeof *peer_rules };

/* lint/safety/banDropTable → banDropTable */
static struct slice last_part(struct slice name)
{
	for (size_t i = name.len; i-- > 0;)
		if (name.at[i] == '/')
			return slice_from(name, i + 1);
	return name;
}

static bool is_group(struct slice name)
{
	return slice_is(name, "lint") || slice_is(name, "lint/safety") || slice_is(name, "safety");
}

/* Does that name of that tool stand for this rule of ours? */
static bool means(const char *tool, struct slice name, const char *rule)
{
	name = last_part(name);
	if (slice_is(name, rule))
		return true;
	for (size_t i = 0; i < PEER_RULES; i++)
		if (strcmp(peer_rules[i].rule, rule) == 0 && slice_iis(name, peer_rules[i].name) &&
			strcmp(peer_rules[i].tool, tool) == 0)
			return true;
	return false;
}

/* What no ignore comment of another tool was ever meant for. */
static bool is_ours_alone(const struct rule *r)
{
	return strcmp(r->id, "syntax-error") == 0 || strcmp(r->id, "history-replay") == 0 ||
	       strcmp(r->id, "unused-ignore") == 0;
}

static bool peer_covers(const struct directive *d, const struct rule *r)
{
	struct slice rest = d->args, name;
	bool named = false;

	while (directive_next_rule(&rest, &name)) {
		named = true;
		if (is_group(name) ? !is_ours_alone(r) : means(directive_tool(d), name, r->id))
			return true;
	}
	return !named && !is_ours_alone(r);
}

/* ---- Answering ---- */

static bool expired(const struct judge *jg, struct slice until)
{
	return until.len && jg->in->today && slice_cmp(until, slice_of(jg->in->today)) < 0;
}

static bool covers(struct judge *jg, const struct ignore *g, const struct finding *f)
{
	bool whole_file = g->from == 0 && g->to == SIZE_MAX;
	bool here = f->span.src ? f->span.off >= g->from && f->span.off <= g->to : whole_file;

	if (!here || g->problem)
		return false;
	if (directive_is_peer(&g->d))
		return peer_covers(&g->d, f->rule);
	return slice_is(g->d.rule, f->rule->id) && !expired(jg, g->d.until);
}

/* For more than one statement? */
static bool is_wide(const struct ignore *g)
{
	return directive_scope(&g->d) != SCOPE_STATEMENT || g->from > g->to;
}

/* By file: the wide ones first, then the others in the order of their statements. */
static int by_path(const void *x, const void *y)
{
	const struct ignore *a = x, *b = y;
	int d = strcmp(a->src->path, b->src->path);

	if (d)
		return d;
	if (is_wide(a) != is_wide(b))
		return is_wide(a) ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->d.span.off > b->d.span.off) - (a->d.span.off < b->d.span.off);
}

/* Where an ignore of that file stands, against a place among them: the wide ones, then offset
 * `off`. */
static bool stands_before(const struct ignore *g, const char *path, bool wide, size_t off)
{
	int d = strcmp(g->src->path, path);

	if (d)
		return d < 0;
	if (is_wide(g) != wide)
		return is_wide(g);
	return !wide && g->from < off;
}

static size_t find_place(const struct judge *jg, const char *path, bool wide, size_t off)
{
	size_t low = 0, high = jg->nignores;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (stands_before(&jg->ignores[mid], path, wide, off))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_of(const struct judge *jg, size_t i, const char *path)
{
	return i < jg->nignores && strcmp(jg->ignores[i].src->path, path) == 0;
}

static bool ask(struct judge *jg, size_t i, const struct finding *f)
{
	if (!covers(jg, &jg->ignores[i], f))
		return false;
	jg->ignores[i].d.used = true;
	return true;
}

static bool by_directive(struct judge *jg, const struct finding *f)
{
	const char *path = f->span.src ? f->span.src->path : f->file;
	bool found = false;
	size_t i, last;

	if (!path || jg->nignores == 0)
		return false;
	for (i = find_place(jg, path, true, 0); is_of(jg, i, path) && is_wide(&jg->ignores[i]); i++)
		found = ask(jg, i, f) || found;
	if (!f->span.src)
		return found;
	/* Statements do not overlap: those of the last one that begins at or before the finding. */
	i = find_place(jg, path, false, f->span.off + 1);
	if (i == 0 || !is_of(jg, i - 1, path) || is_wide(&jg->ignores[i - 1]))
		return found;
	last = jg->ignores[i - 1].from;
	while (i > 0 && is_of(jg, i - 1, path) && !is_wide(&jg->ignores[i - 1]) &&
		jg->ignores[i - 1].from == last)
		found = ask(jg, --i, f) || found;
	return found;
}

static bool by_setting(struct judge *jg, const struct finding *f, bool *used)
{
	bool found = false;

	for (size_t i = 0; i < jg->in->nallows; i++) {
		const struct allow_setting *s = &jg->in->allows[i];

		if (strcmp(s->rule, f->rule->id) != 0)
			continue;
		if (s->file && (!f->file || !path_matches(s->file, f->file)))
			continue;
		if (s->fingerprint && strcmp(s->fingerprint, f->fingerprint) != 0)
			continue;
		if (!expired(jg, slice_of(s->until)))
			found = used[i] = true;
	}
	return found;
}

static bool by_baseline(const struct baseline *b, const struct finding *f, bool *used)
{
	struct slice want = slice_of(f->fingerprint);
	size_t low = 0, high = b ? b->n : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = slice_cmp(b->at[mid].fingerprint, want);

		if (d == 0)
			return used[mid] = true;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* ---- Answers that answer nothing ---- */

static struct finding *complain(
	struct judge *jg, struct span at, enum severity s, const char *words)
{
	const struct rule *r = rule_find(SL("unused-ignore"), NULL);
	struct judged j = {.arena = jg->arena, .project = jg->in->project, .judge = jg};
	struct finding *f;

	jg->unit = NULL;
	f = finding_add(&j, r, at, SLICE_NONE, "%s", words);
	if (f->severity > s && s != SEVERITY_OFF)
		f->severity = s;
	return f;
}

/* Could a finding of that rule have come up in this run at all? */
static bool is_on(const struct judge *jg, struct slice rule, const char *path)
{
	const struct rule *r = rule_find(rule, NULL);

	return r && severity_now(jg, r, path) != SEVERITY_OFF;
}

/* Named rules of a peer that all are rules of ours and were looked for. */
static bool peer_was_looked_for(const struct judge *jg, const struct ignore *g)
{
	struct slice rest = g->d.args, name;
	const char *tool = directive_tool(&g->d);
	bool any = false;

	while (directive_next_rule(&rest, &name)) {
		bool known = false;

		name = last_part(name);
		for (size_t i = 0; i < PEER_RULES; i++) {
			if (strcmp(peer_rules[i].tool, tool) != 0 ||
				!slice_iis(name, peer_rules[i].name))
				continue;
			known = true;
			if (!is_on(jg, slice_of(peer_rules[i].rule), g->src->path))
				return false;
		}
		if (!known)
			return false;
		any = true;
	}
	return any;
}

static const char *ignore_words(struct judge *jg, const struct ignore *g, enum severity *s)
{
	const struct directive *d = &g->d;
	bool all_rules_ran = !jg->in->select || select_all(jg);

	*s = SEVERITY_OFF;
	if (g->problem)
		return g->problem;
	if (directive_is_peer(d)) {
		*s = SEVERITY_INFO; /* the other tool may still want it */
		if (d->used || !all_rules_ran || !peer_was_looked_for(jg, g))
			return NULL;
		return arena_printf(jg->arena, "nothing here needs this %.*s", SLICE(d->name)).at;
	}
	if (!rule_find(d->rule, NULL))
		return arena_printf(jg->arena, "belay:%.*s names no rule of belay: %.*s",
			SLICE(d->name), SLICE(d->rule))
			.at;
	if (expired(jg, d->until))
		return arena_printf(jg->arena, "this allow of %.*s ended on %.*s", SLICE(d->rule),
			SLICE(d->until))
			.at;
	if (!d->used && all_rules_ran && is_on(jg, d->rule, g->src->path))
		return arena_printf(
			jg->arena, "nothing here needs this allow of %.*s", SLICE(d->rule))
			.at;
	return NULL;
}

static void complain_of_directives(struct judge *jg)
{
	for (size_t i = 0; i < jg->nignores; i++) {
		const struct ignore *g = &jg->ignores[i];
		enum severity s;
		const char *words = ignore_words(jg, g, &s);

		if (words)
			complain(jg, g->d.span, s, words)->statement = g->statement;
	}
}

/* Everything was looked at: what matched nothing has nothing to match. */
static bool whole_run(const struct judge *jg)
{
	return !jg->in->report_this && !jg->in->select && jg->in->project;
}

static void complain_of_settings(struct judge *jg, const bool *used)
{
	for (size_t i = 0; i < jg->in->nallows; i++) {
		const struct allow_setting *s = &jg->in->allows[i];

		if (expired(jg, slice_of(s->until)))
			complain(jg, s->at, SEVERITY_OFF,
				arena_printf(jg->arena, "this allow of %s ended on %s", s->rule,
					s->until)
					.at);
		else if (!used[i] && whole_run(jg) && is_on(jg, slice_of(s->rule), s->file))
			complain(jg, s->at, SEVERITY_OFF,
				arena_printf(jg->arena, "nothing needs this allow of %s", s->rule)
					.at);
	}
}

static void complain_of_baseline(struct judge *jg, const bool *used)
{
	const struct baseline *b = jg->in->baseline;

	for (size_t i = 0; b && whole_run(jg) && i < b->n; i++)
		if (!used[i] && is_on(jg, b->at[i].rule, NULL))
			complain(jg, b->at[i].at, SEVERITY_OFF,
				arena_printf(jg->arena,
					"the baseline has a finding of %.*s in %.*s that is not "
					"there any more",
					SLICE(b->at[i].rule), SLICE(b->at[i].file))
					.at);
}

void answer_for(struct judge *jg)
{
	const struct judge_input *in = jg->in;
	struct verdict *v = jg->out;
	bool *allow_used = ARENA_ARRAY(jg->arena, in->nallows + 1, bool);
	bool *old_used = ARENA_ARRAY(jg->arena, (in->baseline ? in->baseline->n : 0) + 1, bool);
	size_t n = v->nfindings;

	if (jg->nignores)
		qsort(jg->ignores, jg->nignores, sizeof *jg->ignores, by_path);
	for (size_t i = 0; i < n; i++) {
		struct finding *f = &v->findings[i];
		bool here = by_directive(jg, f), there = by_setting(jg, f, allow_used);

		enum size_class size = policy_size(jg, f);

		f->suppressed = by_baseline(in->baseline, f, old_used) || here || there ||
				size == SIZE_SMALL;
		if (size == SIZE_LARGE)
			f->severity = SEVERITY_ERROR;
	}
	complain_of_directives(jg);
	complain_of_settings(jg, allow_used);
	complain_of_baseline(jg, old_used);
	/* These can be answered for too, but only in belay.yml and the baseline. */
	for (size_t i = n; i < v->nfindings; i++)
		v->findings[i].suppressed = by_setting(jg, &v->findings[i], allow_used) ||
					    by_baseline(in->baseline, &v->findings[i], old_used);
}
