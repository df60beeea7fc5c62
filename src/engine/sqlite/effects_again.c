/* effects_again.c - what a second run of an INSERT, REPLACE or UPDATE does. */
#include "engine/sqlite/effects.h"

#include "engine/guarded.h"
#include "sql/token.h"

#include <stdint.h>

struct name e_full_name(struct slice read)
{
	size_t dot = slice_chr(read, '.');

	if (dot == SIZE_MAX)
		return (struct name){SLICE_NONE, read};
	return (struct name){slice_sub(read, 0, dot), slice_from(read, dot + 1)};
}

/* ---- words of the statement ---- */

struct text {
	struct token *at;
	size_t n;
};

static struct text text_of(struct judging *j, struct slice sql)
{
	struct text w = {0};
	struct lexer l;
	struct token t;

	lexer_init(&l, DIALECT_SQLITE, sql);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		*ARENA_PUSH(j->a, w.at, w.n) = t;
	return w;
}

static bool is_named(const struct judging *j, struct token t, struct slice name)
{
	return (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) &&
	       slice_ieq(token_value(j->a, DIALECT_SQLITE, t), name);
}

static bool is_call(const struct text *w, size_t i)
{
	return i + 1 < w->n && w->at[i].kind == TOKEN_WORD && token_punct(w->at[i + 1], "(");
}

/* ---- INSERT ---- */

/* NOT EXISTS (SELECT … FROM target …), NOT IN (SELECT … FROM target): where it begins, 0: none. */
static size_t guard_at(const struct judging *j, const struct text *w)
{
	for (size_t i = 1; i + 4 < w->n; i++) {
		if (!token_is(w->at[i], "NOT") ||
			(!token_is(w->at[i + 1], "EXISTS") && !token_is(w->at[i + 1], "IN")) ||
			!token_punct(w->at[i + 2], "(") || !token_is(w->at[i + 3], "SELECT"))
			continue;
		for (size_t k = i + 4; k + 1 < w->n; k++)
			if (token_is(w->at[k], "FROM"))
				return is_named(j, w->at[k + 1], j->full.name) ? i : 0;
	}
	return 0;
}

/* LEFT JOIN target … IS NULL */
static bool is_anti_join(const struct judging *j, const struct text *w)
{
	bool joins = false;

	for (size_t i = 0; i + 1 < w->n; i++) {
		size_t k = i + 1 + token_is(w->at[i + 1], "OUTER");

		joins |= token_is(w->at[i], "LEFT") && k + 1 < w->n && token_is(w->at[k], "JOIN") &&
			 is_named(j, w->at[k + 1], j->full.name);
		if (joins && token_is(w->at[i], "IS") && token_is(w->at[i + 1], "NULL"))
			return true;
	}
	return false;
}

/* An INSERT … SELECT that looks whether its rows are there. */
static bool is_guarded(struct judging *j)
{
	struct text w = text_of(j, j->st->text);
	size_t guard = guard_at(j, &w);

	return guard ? guards_what_it_adds(w.at, w.n, guard) : is_anti_join(j, &w);
}

static bool has_word(struct judging *j, const char *word)
{
	struct text w = text_of(j, j->st->text);

	for (size_t i = 0; i < w.n; i++)
		if (token_is(w.at[i], word))
			return true;
	return false;
}

/* ON CONFLICT … DO UPDATE SET a = a + 1 */
static bool grows_on_conflict(struct judging *j)
{
	struct text w = text_of(j, j->st->text);
	size_t i = 0;

	while (i + 1 < w.n && !(token_is(w.at[i], "DO") && token_is(w.at[i + 1], "UPDATE")))
		i++;
	for (i += 2; i < w.n; i++)
		if (token_punct(w.at[i], "+") || token_punct(w.at[i], "-") ||
			token_punct(w.at[i], "*") || token_punct(w.at[i], "||"))
			return true;
	return false;
}

/* Rows that are pushed out come back under a new rowid. */
static bool renumbers(const struct judging *j)
{
	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *o = j->o->parts[i];

		if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
			return j->ch->kind == CHANGE_REPLACE && j->ch->list.n &&
			       o->constraint.columns.n == 1 &&
			       !names_has(j->ch->list, o->constraint.columns.at[0]) &&
			       !j->o->table_.without_rowid;
	}
	return false;
}

static bool covers(struct names list, struct names key)
{
	for (size_t i = 0; i < key.n; i++) {
		bool found = false;

		for (size_t k = 0; k < list.n; k++)
			found = found || slice_ieq(list.at[k], key.at[i]);
		if (!found)
			return false;
	}
	return key.n > 0;
}

/* Does the INSERT give values for a whole primary key or unique constraint or index? */
static bool gives_key(const struct judging *j)
{
	bool all = j->ch->list.n == 0;

	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *o = j->o->parts[i];

		if (o->type == OBJECT_CONSTRAINT &&
			(slice_is(o->constraint.kind, "primary key") ||
				slice_is(o->constraint.kind, "unique")) &&
			(all || covers(j->ch->list, o->constraint.columns)))
			return true;
		if (o->type == OBJECT_INDEX && o->index.unique && !o->index.predicate.text.len &&
			(all || covers(j->ch->list, o->index.keys)))
			return true;
	}
	return false;
}

/* A unique index that is partial or over expressions: whether it meets the row is not known. */
static bool half_a_key(const struct judging *j)
{
	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *o = j->o->parts[i];
		bool any = j->ch->list.n == 0;

		if (o->type != OBJECT_INDEX || !o->index.unique)
			continue;
		for (size_t k = 0; k < j->ch->list.n; k++)
			any |= names_has(o->index.columns, j->ch->list.at[k]);
		if (any)
			return true;
	}
	return false;
}

static bool gives_rowid(const struct judging *j)
{
	static const char *const words[] = {"rowid", "oid", "_rowid_"};

	for (size_t i = 0; i < j->ch->list.n; i++)
		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (slice_iis(j->ch->list.at[i], words[k]))
				return true;
	return false;
}

static bool only_clocks_and_chance(struct names functions)
{
	static const char *const words[] = {"random", "randomblob", "current_timestamp",
		"current_date", "current_time", "datetime", "date", "time", "strftime", "julianday",
		"unixepoch", "last_insert_rowid", "changes", "total_changes"};

	for (size_t i = 0; i < functions.n; i++)
		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (slice_is(functions.at[i], words[k]))
				return true;
	return false;
}

/* INSERT … SELECT, as if it had found a row: the same rows once more. */
static enum rerun rerun_copy(struct judging *j)
{
	if (is_guarded(j))
		return RERUN_SAME;
	for (size_t i = 0; i < j->ch->reads.n; i++)
		if (slice_ieq(e_full_name(j->ch->reads.at[i]).name, j->full.name))
			return RERUN_UNKNOWN;
	if (j->triggers)
		return RERUN_UNKNOWN;
	if (!gives_key(j))
		return RERUN_DIFFERS;
	return j->ch->kind == CHANGE_REPLACE || j->ch->flags & CHANGE_ON_CONFLICT ? RERUN_UNKNOWN
										  : RERUN_FAILS;
}

bool e_keys_say(struct judging *j, const char *word)
{
	if (!j->o || j->o->type != OBJECT_TABLE || has_word(j, "OR"))
		return false;
	for (size_t i = 0; i < j->o->nparts; i++)
		if (j->o->parts[i]->type == OBJECT_CONSTRAINT &&
			names_has(j->o->parts[i]->constraint.conflict, slice_of(word)))
			return true;
	return false;
}

enum rerun again_insert(struct judging *j)
{
	const struct sqlite_values *v = j->ch->payload;
	bool key;

	if (j->o && j->o->type == OBJECT_TABLE && (j->ch->flags & CHANGE_FROM_SELECT))
		return rerun_copy(j);
	if (j->o && j->o->type == OBJECT_TABLE && !v && has_word(j, "DEFAULT"))
		return RERUN_DIFFERS;
	if (!j->o || j->o->type != OBJECT_TABLE || !v || slice_is(j->o->table_.kind, "virtual"))
		return RERUN_UNKNOWN;
	key = gives_key(j) || gives_rowid(j);
	if (!key && half_a_key(j))
		return RERUN_UNKNOWN;
	if (!key || renumbers(j) || grows_on_conflict(j))
		return RERUN_DIFFERS;
	if (v->null || !v->facts.constant)
		return RERUN_UNKNOWN;
	return j->ch->flags & CHANGE_ON_CONFLICT || e_keys_say(j, "replace") ||
			       e_keys_say(j, "ignore")
		       ? RERUN_SAME
		       : RERUN_FAILS;
}

/* UPDATE t SET a = … WHERE a IS NULL: what it wrote is not found again. */
static bool excludes_itself(const struct judging *j)
{
	struct lexer l;
	struct token t[3] = {{0}};

	if (j->ch->list.n == 0)
		return false;
	lexer_init(&l, DIALECT_SQLITE, j->ch->value.text);
	do {
		t[0] = t[1];
		t[1] = t[2];
		t[2] = lexer_next(&l);
		if (token_is(t[1], "IS") && token_is(t[2], "NULL") &&
			slice_ieq(token_value(j->a, DIALECT_SQLITE, t[0]), j->ch->list.at[0]))
			return true;
	} while (t[2].kind != TOKEN_END && t[2].kind != TOKEN_BAD);
	return false;
}

/* lower(lower(a)) is lower(a); replace(a, 'x', 'y') leaves no x behind. */
static bool is_settling(const struct text *w, size_t i)
{
	static const char *const calls[] = {
		"upper", "lower", "trim", "ltrim", "rtrim", "coalesce", "ifnull", "abs"};
	const struct token *t = &w->at[i];

	for (size_t k = 0; k < sizeof calls / sizeof *calls; k++)
		if (is_call(w, i) && token_is(*t, calls[k]))
			return true;
	if (!is_call(w, i) || !token_is(*t, "replace") || i + 7 >= w->n ||
		t[4].kind != TOKEN_STRING || t[6].kind != TOKEN_STRING || t[4].text.len < 3 ||
		t[6].text.len < 3)
		return false;
	for (size_t k = 1; k + 1 < t[4].text.len; k++)
		if (slice_chr(t[6].text, t[4].text.at[k]) < t[6].text.len)
			return false;
	return true;
}

/* SET a = f(a): with functions that settle, and nothing that grows, a second time is the same. */
static enum rerun rerun_of_itself(struct judging *j)
{
	struct text w = text_of(j, j->st->text);
	bool settles = false, grows = false, other = false;
	size_t i = 0;

	while (i < w.n && !token_is(w.at[i], "SET"))
		i++;
	for (; i < w.n && !token_is(w.at[i], "WHERE"); i++) {
		grows |= token_punct(w.at[i], "+") || token_punct(w.at[i], "-") ||
			 token_punct(w.at[i], "*") || token_punct(w.at[i], "/") ||
			 token_punct(w.at[i], "||");
		settles |= is_settling(&w, i);
		other |= token_is(w.at[i], "CASE") || (is_call(&w, i) && !is_settling(&w, i));
	}
	if (grows)
		return RERUN_DIFFERS;
	return settles && !other ? RERUN_SAME : other ? RERUN_UNKNOWN : RERUN_DIFFERS;
}

/* Does a trigger on it add rows somewhere, each time that it fires? */
static bool trigger_adds(struct judging *j)
{
	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *t = j->o->parts[i];
		bool fires =
			t->type == OBJECT_TRIGGER && names_has(t->trigger.events, SL("update"));
		bool of = fires && t->trigger.columns.n == 0;

		for (size_t k = 0; fires && k < t->trigger.columns.n; k++)
			of |= names_has(j->ch->list, t->trigger.columns.at[k]);
		if (of && !t->trigger.condition.text.len &&
			slice_ifind(t->trigger.body.text, SL("insert ")) != SIZE_MAX)
			return true;
	}
	return false;
}

static bool reads_target(const struct judging *j)
{
	for (size_t i = 0; i < j->ch->reads.n; i++)
		if (slice_ieq(e_full_name(j->ch->reads.at[i]).name, j->full.name))
			return true;
	return false;
}

enum rerun again_update(struct judging *j)
{
	const struct sqlite_values *v = j->ch->payload;

	if (j->triggers && j->o && trigger_adds(j))
		return RERUN_DIFFERS;
	if (j->ch->flags & CHANGE_HAS_LIMIT || j->triggers)
		return RERUN_UNKNOWN;
	if (!v || excludes_itself(j))
		return v && !v->null ? RERUN_SAME : RERUN_UNKNOWN;
	if (v->facts.constant)
		return RERUN_SAME;
	if (only_clocks_and_chance(v->facts.functions))
		return RERUN_DIFFERS;
	if (v->facts.has_params || reads_target(j))
		return RERUN_UNKNOWN;
	for (size_t i = 0; i < j->ch->list.n && !j->ch->reads.n; i++)
		for (size_t k = 0; k < v->facts.columns.n; k++)
			if (slice_ieq(v->facts.columns.at[k], j->ch->list.at[i]))
				return rerun_of_itself(j);
	return RERUN_SAME;
}
