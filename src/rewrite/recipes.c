/* recipes.c - the table, and the walk of a statement's changes through it. */
#include "rewrite/internal.h"

const struct recipe *const recipes[] = {
#define RECIPE(name) &recipe_##name,
#include "rewrite/recipes.def"
#undef RECIPE
	NULL,
};

static unsigned engine_bit(enum dialect d)
{
	switch (d) {
	case DIALECT_POSTGRES:
		return RULE_PG;
	case DIALECT_MYSQL:
		return RULE_MYSQL;
	case DIALECT_MARIADB:
		return RULE_MARIADB;
	case DIALECT_SQLITE:
		return RULE_SQLITE;
	case DIALECT_UNKNOWN:
		break;
	}
	return 0;
}

static bool holds_for(const struct recipe *r, enum dialect d, int version)
{
	return (r->engines & engine_bit(d)) && (!r->since || version >= r->since) &&
	       (!r->until || version < r->until);
}

static bool answers_kind(const struct recipe *r, enum change_kind k)
{
	for (size_t i = 0; r->kinds[i] != CHANGE_KINDS_; i++)
		if (r->kinds[i] == k)
			return true;
	return false;
}

static bool answers_rule(const struct recipe *r, const char *rule)
{
	for (size_t i = 0; r->rules && r->rules[i]; i++)
		if (strcmp(r->rules[i], rule) == 0)
			return true;
	return false;
}

const struct recipe *recipe_for_rule(const char *rule, enum dialect d, int version)
{
	for (size_t i = 0; recipes[i]; i++)
		if (holds_for(recipes[i], d, version) && answers_rule(recipes[i], rule))
			return recipes[i];
	return NULL;
}

/* The first recipe that has something to say about this change. */
static bool write_change(struct step_writer *w)
{
	for (size_t i = 0; recipes[i]; i++) {
		const struct recipe *r = recipes[i];

		if (!answers_kind(r, w->c->kind) || !holds_for(r, w->d, w->in->version))
			continue;
		w->table = NULL;
		w->own = NULL;
		if (!r->write(w))
			continue;
		if (!w->out->recipe)
			w->out->recipe = r;
		return true;
	}
	return false;
}

/* Changes that need nothing stay together, in a step of their own between the others. */
static void keep(struct step_writer *w, struct safe_step **open)
{
	if (!*open) {
		*open = step_add(w, PHASE_EXPAND, "expand", "%s", "");
		piece_text(w, &(*open)->up, alone(w));
	} else {
		(*open)->up.at[0] =
			text_of(w, "%s, %s", (*open)->up.at[0], change_words_written(w));
	}
	w->table = NULL;
	(void)target_existed(w);
	undo_one(w, *open);
}

enum rewrite_result rewrite_statement(const struct rewrite_input *in, struct rewritten *out)
{
	struct step_writer w = {.in = in, .a = in->arena, .out = out, .d = in->dialect};
	struct safe_step *open = NULL;
	bool any = false;

	*out = (struct rewritten){0};
	if (in->statement->state != STATEMENT_READ)
		return REWRITE_AS_IS;
	for (size_t i = 0; i < in->statement->nchanges; i++) {
		w.c = &in->statement->changes[i];
		if (w.c->flags & CHANGE_INNER)
			return REWRITE_AS_IS;
		if (write_change(&w)) {
			any = true;
			open = NULL;
		} else {
			keep(&w, &open);
		}
		if (out->refused.len)
			return REWRITE_REFUSED;
		if (out->whole)
			break;
	}
	return any ? REWRITE_STEPS : REWRITE_AS_IS;
}

void rewrite_plainly(const struct rewrite_input *in, struct rewritten *out)
{
	struct step_writer w = {.in = in, .a = in->arena, .out = out, .d = in->dialect};
	struct safe_step *s;

	*out = (struct rewritten){0};
	s = step_add(&w, PHASE_NONE, "change", "%s", "");
	s->no_tx = in->effect && in->effect->transaction == TX_FORBIDDEN;
	piece_text(&w, &s->up, in->statement->raw);
	for (size_t i = 0; i < in->statement->nchanges; i++) {
		w.c = &in->statement->changes[i];
		w.table = NULL;
		(void)target_existed(&w);
		undo_one(&w, s);
	}
}

/* ---- The safe form of a finding ---- */

struct slice rewrite_safe_form(const struct judged *j, const struct rule *r)
{
	struct rewrite_input in = {.arena = j->arena,
		.before = j->before,
		.session = j->session,
		.statement = j->statement,
		.effect = j->effect,
		.dialect = j->dialect,
		.version = j->version};
	struct rewritten out;

	if (!recipe_for_rule(r->id, j->dialect, j->version))
		return SLICE_NONE;
	switch (rewrite_statement(&in, &out)) {
	case REWRITE_AS_IS:
		return SLICE_NONE;
	case REWRITE_REFUSED:
		return answers_rule(out.recipe, r->id) ? out.refused : SLICE_NONE;
	case REWRITE_STEPS:
		break;
	}
	return rewrite_text(j->arena, &out);
}
