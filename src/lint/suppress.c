/* suppress.c - findings that somebody has answered for: directives, belay.yml, peers' comments. */
#include "lint/internal.h"

#include "sql/directive.h"

#include <stdint.h>

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

/* What the peers call the things that our rules find: the first word that fits decides. */
static bool peer_means(const struct directive *d, const struct rule *r)
{
	static const struct {
		const char *peer, *rule;
	} words[] = {{"require-concurrent-index-creation", "index-not-concurrent"},
		{"require-concurrent-index-deletion", "drop-index-not-concurrent"},
		{"changing-column-type", "column-type-rewrite"},
		{"adding-not-nullable-field", "set-not-null-scan"},
		{"adding-required-field", "add-column-required"},
		{"adding-field-with-default", "add-column-volatile-default"},
		{"constraint-missing-not-valid", "add-check-validated"},
		{"constraint-missing-not-valid", "add-fk-validated"},
		{"adding-foreign-key-constraint", "add-fk-validated"},
		{"disallowed-unique-constraint", "add-unique"},
		{"adding-serial-primary-key-field", "add-primary-key"},
		{"ban-drop-column", "drop-column"}, {"ban-drop-table", "drop-table"},
		{"ban-drop-database", "drop-database"}, {"renaming-column", "rename-column"},
		{"renaming-table", "rename-table"}, {"ban-truncate-cascade", "truncate"}};

	if (slice_empty(d->args))
		return true; /* everything, as the peers do */
	if (slice_find(d->args, slice_of(r->id)) != SIZE_MAX)
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].rule, r->id) == 0 &&
			slice_find(d->args, slice_of(words[i].peer)) != SIZE_MAX)
			return true;
	return false;
}

static bool expired(const struct judge *jg, struct slice until)
{
	return until.len && jg->in->today && slice_cmp(until, slice_of(jg->in->today)) < 0;
}

static bool allows(struct judge *jg, struct directive *d, const struct finding *f)
{
	bool match;

	if (directive_is_peer(d))
		match = peer_means(d, f->rule);
	else if (slice_iis(d->name, "allow") || slice_iis(d->name, "allow-file"))
		match = slice_is(d->rule, f->rule->id) && d->reason.len > 0;
	else
		return false;
	if (!match || expired(jg, d->until))
		return false;
	d->used = true;
	return true;
}

static bool by_directive(struct judge *jg, const struct unit *u, const struct finding *f)
{
	for (size_t k = 0; u && u->src && u->src == f->span.src && k < u->script.n; k++) {
		struct statement *st = &u->script.at[k];
		bool mine = f->span.off >= st->span.off &&
			    f->span.off <= st->span.off + st->span.len &&
			    (int)st->index == f->statement;

		for (size_t n = 0; n < st->ndirectives; n++)
			if ((mine || slice_iis(st->directives[n].name, "allow-file")) &&
				allows(jg, &st->directives[n], f))
				return true;
	}
	return false;
}

static bool by_setting(struct judge *jg, const struct finding *f)
{
	for (size_t i = 0; i < jg->in->nallows; i++) {
		const struct allow_setting *s = &jg->in->allows[i];

		if (strcmp(s->rule, f->rule->id) != 0)
			continue;
		if (s->file && (!f->file || !path_matches(s->file, f->file)))
			continue;
		if (s->fingerprint && strcmp(s->fingerprint, f->fingerprint) != 0)
			continue;
		if (!expired(jg, slice_of(s->until)))
			return true;
	}
	return false;
}

bool suppressed(struct judge *jg, const struct unit *u, const struct finding *f)
{
	return by_directive(jg, u, f) || by_setting(jg, f);
}

static void complain(struct judge *jg, const struct unit *u, const struct statement *st,
	const struct directive *d, const char *words)
{
	const struct rule *r = rule_find(SL("unused-ignore"), NULL);
	struct judged j = {.arena = jg->arena,
		.statement = st,
		.migration = u->migration,
		.project = jg->in->project,
		.judge = jg};

	jg->unit = u;
	finding_add(&j, r, d->span, SLICE_NONE, "%s", words);
}

static void look_at_directive(
	struct judge *jg, const struct unit *u, const struct statement *st, struct directive *d)
{
	const char *problem = directive_problem(jg->arena, d);
	bool is_allow = !directive_is_peer(d) && slice_istarts(d->name, "allow");

	if (problem)
		complain(jg, u, st, d, problem);
	else if (is_allow && !rule_find(d->rule, NULL))
		complain(jg, u, st, d,
			arena_printf(jg->arena, "belay:%.*s names no rule of belay: %.*s",
				SLICE(d->name), SLICE(d->rule))
				.at);
	else if (is_allow && expired(jg, d->until))
		complain(jg, u, st, d,
			arena_printf(jg->arena, "this allow of %.*s ended on %.*s", SLICE(d->rule),
				SLICE(d->until))
				.at);
	else if (is_allow && !d->used && (!jg->in->select || select_all(jg)))
		complain(jg, u, st, d,
			arena_printf(
				jg->arena, "nothing here needs this allow of %.*s", SLICE(d->rule))
				.at);
}

void report_unused(struct judge *jg, const struct unit *u)
{
	for (size_t k = 0; u->src && !u->down && k < u->script.n; k++)
		for (size_t n = 0; n < u->script.at[k].ndirectives; n++)
			look_at_directive(jg, u, &u->script.at[k], &u->script.at[k].directives[n]);
}
