/* effects_data.c - statements on rows, and the upkeep of tables.
 *
 * "As if at least one row matched": a second INSERT of the same key fails, a second UPDATE to the
 * same values changes nothing. Which index the server takes is said only where there is no choice.
 */
#include "engine/mysql/effects.h"

#include "sql/token.h"

#include <stdint.h>

static void scans(struct effects *x, struct name table, bool certain)
{
	fx_touch(x, &x->out->scans, &x->out->nscans, OBJECT_TABLE, fx_resolved(x, table),
		SLICE_NONE, certain);
}

static void writes(struct effects *x, struct name table)
{
	fx_touch(x, &x->out->writes_rows, &x->out->nwrites_rows, OBJECT_TABLE,
		fx_resolved(x, table), SLICE_NONE, true);
}

/* ---- the words of the statement ---- */

struct words {
	struct token *at;
	size_t n;
};

static struct words words_of(struct effects *x)
{
	struct words w = {0};
	struct lexer l;
	struct token t;

	lexer_init(&l, x->d.dialect, x->st->text);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		*ARENA_PUSH(x->a, w.at, w.n) = t;
	return w;
}

static size_t word_at(const struct words *w, size_t from, const char *word)
{
	int depth = 0;

	for (size_t i = from; i < w->n; i++) {
		if (token_punct(w->at[i], "("))
			depth++;
		else if (token_punct(w->at[i], ")"))
			depth--;
		else if (depth == 0 && token_is(w->at[i], word))
			return i;
	}
	return w->n;
}

static bool has_word(const struct words *w, size_t from, size_t to, const char *word)
{
	for (size_t i = from; i < to && i < w->n; i++)
		if (token_is(w->at[i], word))
			return true;
	return false;
}

static bool is_call(const struct words *w, size_t i)
{
	return w->at[i].kind == TOKEN_WORD && i + 1 < w->n && token_punct(w->at[i + 1], "(");
}

/* A clock, a die, a counter: another value each time. */
static bool is_fickle(struct token t)
{
	static const char *const names[] = {"NOW", "CURRENT_TIMESTAMP", "LOCALTIME",
		"LOCALTIMESTAMP", "SYSDATE", "UNIX_TIMESTAMP", "UTC_TIMESTAMP", "CURTIME",
		"CURRENT_TIME", "UUID", "UUID_SHORT", "SYS_GUID", "RAND", "RANDOM_BYTES", "NEXTVAL",
		"LAST_INSERT_ID", "CONNECTION_ID"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (token_is(t, names[i]))
			return true;
	return false;
}

/* ---- a second UPDATE ---- */

static bool sets(const struct change *ch, struct slice column)
{
	return my_names_have(ch->list, column);
}

static enum rerun rerun_update(struct effects *x, const struct change *ch)
{
	struct words w = words_of(x);
	size_t from = word_at(&w, 0, "SET"), to = word_at(&w, from, "WHERE");
	bool self = false, call = false, grows = false, settles = false;

	if (ch->reads.n || x->st->nchanges > 1 || fx_flag(ch, CHANGE_HAS_LIMIT) ||
		has_word(&w, 0, w.n, "SELECT") || from == w.n)
		return RERUN_UNKNOWN;
	for (size_t i = from + 1; i < to; i++) {
		struct token t = w.at[i];
		bool target = i + 1 < to && token_punct(w.at[i + 1], "=") &&
			      (i == from + 1 || token_punct(w.at[i - 1], ",") ||
				      token_punct(w.at[i - 1], "."));

		if (is_fickle(t) && (is_call(&w, i) || token_is(t, "CURRENT_TIMESTAMP")))
			return RERUN_DIFFERS;
		settles |= is_call(&w, i) &&
			   (token_is(t, "UPPER") || token_is(t, "LOWER") || token_is(t, "TRIM") ||
				   token_is(t, "COALESCE") || token_is(t, "IFNULL"));
		grows |= token_punct(t, "+") || token_punct(t, "-") || token_punct(t, "*") ||
			 token_punct(t, "/") || (is_call(&w, i) && token_is(t, "CONCAT"));
		if (is_call(&w, i))
			call = true;
		else if ((t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) && !target)
			self |= sets(ch, token_value(x->a, x->d.dialect, t));
	}
	if (self)
		return settles && !grows ? RERUN_SAME : grows ? RERUN_DIFFERS : RERUN_UNKNOWN;
	return call && !settles && !grows ? RERUN_UNKNOWN : RERUN_SAME;
}

/* ---- a second INSERT ---- */

enum said { SAID_VALUE, SAID_NOTHING, SAID_FICKLE, SAID_UNKNOWN };

static enum said what_is_said(struct token t)
{
	if (token_is(t, "NULL") || token_is(t, "DEFAULT"))
		return SAID_NOTHING;
	if (is_fickle(t))
		return SAID_FICKLE;
	return t.kind == TOKEN_NUMBER || t.kind == TOKEN_STRING || token_punct(t, "-")
		       ? SAID_VALUE
		       : SAID_UNKNOWN;
}

/* INSERT … SET column = value */
static enum said value_set(struct effects *x, const struct words *w, struct slice column)
{
	for (size_t i = word_at(w, 0, "SET"); i + 2 < w->n; i++)
		if ((w->at[i].kind == TOKEN_WORD || w->at[i].kind == TOKEN_QUOTED) &&
			token_punct(w->at[i + 1], "=") &&
			slice_ieq(token_value(x->a, x->d.dialect, w->at[i]), column))
			return what_is_said(w->at[i + 2]);
	return SAID_NOTHING;
}

/* The value for the nth column in the first row of VALUES. */
static enum said value_said(const struct words *w, size_t nth)
{
	size_t i = word_at(w, 0, "VALUES"), comma = 0;
	int depth = 0;

	if (i == w->n)
		i = word_at(w, 0, "VALUE");
	for (i++; i < w->n; i++) {
		struct token t = w->at[i];

		if (token_punct(t, "(") && depth++ == 0)
			continue;
		if (token_punct(t, ")") && --depth == 0)
			return SAID_UNKNOWN;
		if (depth == 1 && token_punct(t, ",")) {
			comma++;
			continue;
		}
		if (comma != nth)
			continue;
		return what_is_said(t);
	}
	return SAID_UNKNOWN;
}

static size_t column_place(const struct change *ch, const struct object *t, struct slice column)
{
	size_t place = 0;

	if (ch->list.n) {
		for (size_t i = 0; i < ch->list.n; i++)
			if (slice_ieq(ch->list.at[i], column))
				return i;
		return SIZE_MAX;
	}
	for (size_t i = 0; i < t->nparts; i++) {
		if (t->parts[i]->type != OBJECT_COLUMN)
			continue;
		if (slice_ieq(t->parts[i]->name, column))
			return place;
		place++;
	}
	return SIZE_MAX;
}

/* Is a unique key given a value that a second run will meet again? */
static enum said key_said(struct effects *x, const struct words *w, const struct change *ch,
	const struct object *t, struct names key)
{
	bool set = !fx_flag(ch, CHANGE_FROM_SELECT) && word_at(w, 0, "VALUES") == w->n &&
		   word_at(w, 0, "VALUE") == w->n;
	enum said all = SAID_VALUE;

	for (size_t k = 0; k < key.n; k++) {
		size_t place = column_place(ch, t, key.at[k]);
		enum said one = SAID_VALUE;

		if (set)
			one = value_set(x, w, key.at[k]);
		else if (place == SIZE_MAX)
			one = SAID_NOTHING;
		else if (!fx_flag(ch, CHANGE_FROM_SELECT))
			one = value_said(w, place);
		if (one == SAID_NOTHING || one == SAID_FICKLE)
			return one;
		if (one == SAID_UNKNOWN)
			all = one;
	}
	return key.n ? all : SAID_NOTHING;
}

static enum said keys_said(struct effects *x, const struct change *ch, const struct object *t)
{
	struct words w = words_of(x);
	enum said best = SAID_NOTHING;

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		enum said one;

		if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
			one = key_said(x, &w, ch, t, o->constraint.columns);
		else if (o->type == OBJECT_INDEX && o->index.unique)
			one = key_said(x, &w, ch, t, o->index.columns);
		else
			continue;
		if (one == SAID_VALUE)
			return one;
		if (one == SAID_UNKNOWN)
			best = one;
	}
	return best;
}

static bool reads_itself(struct effects *x, const struct change *ch)
{
	return my_names_have(ch->reads, fx_show(x, ch->target)) ||
	       my_names_have(ch->reads, ch->target.name);
}

static enum rerun rerun_insert(struct effects *x, const struct change *ch, const struct object *t)
{
	bool gentle = fx_flag(ch, CHANGE_ON_CONFLICT) || ch->kind == CHANGE_REPLACE;
	struct words w;
	size_t update;

	if (!t || t->tainted || t->type != OBJECT_TABLE || reads_itself(x, ch))
		return RERUN_UNKNOWN;
	switch (keys_said(x, ch, t)) {
	case SAID_NOTHING:
	case SAID_FICKLE:
		return RERUN_DIFFERS;
	case SAID_UNKNOWN:
		return RERUN_UNKNOWN;
	case SAID_VALUE:
		break;
	}
	if (!gentle)
		return RERUN_FAILS;
	w = words_of(x);
	for (size_t i = 0; i < w.n; i++)
		if (is_fickle(w.at[i]) && is_call(&w, i))
			return ch->kind == CHANGE_REPLACE ? RERUN_DIFFERS : RERUN_UNKNOWN;
	update = word_at(&w, word_at(&w, 0, "DUPLICATE"), "UPDATE");
	for (size_t i = update; i < w.n; i++)
		if (token_punct(w.at[i], "+") || token_punct(w.at[i], "-") ||
			token_punct(w.at[i], "*"))
			return RERUN_DIFFERS;
	return RERUN_SAME;
}

/* ---- tables read ---- */

static struct name name_read(struct slice read)
{
	size_t dot = slice_chr(read, '.');

	if (dot == SIZE_MAX)
		return (struct name){SLICE_NONE, read};
	return (struct name){slice_sub(read, 0, dot), slice_from(read, dot + 1)};
}

static bool leads_index(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct names key = o->type == OBJECT_INDEX ? o->index.columns
				   : o->type == OBJECT_CONSTRAINT &&
						   slice_is(o->constraint.kind, "primary key")
					   ? o->constraint.columns
					   : (struct names){0};

		if (key.n && slice_ieq(key.at[0], column))
			return true;
	}
	return false;
}

/* key = value, for a key of one column: one row is looked up. */
static bool finds_one(struct effects *x, const struct object *t, struct slice where)
{
	struct lexer l;
	struct token a, b, c;

	lexer_init(&l, x->d.dialect, where);
	a = lexer_next(&l);
	b = lexer_next(&l);
	c = lexer_next(&l);
	if ((a.kind != TOKEN_WORD && a.kind != TOKEN_QUOTED) || !token_punct(b, "=") ||
		(c.kind != TOKEN_NUMBER && c.kind != TOKEN_STRING) ||
		slice_ifind(where, SL(" or ")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct names key = {0};

		if (o->type == OBJECT_INDEX && o->index.unique)
			key = o->index.columns;
		else if (o->type == OBJECT_CONSTRAINT &&
			 slice_is(o->constraint.kind, "primary key"))
			key = o->constraint.columns;
		if (key.n == 1 && slice_ieq(key.at[0], token_value(x->a, x->d.dialect, a)))
			return true;
	}
	return false;
}

enum scan { SCAN_NO, SCAN_MAYBE, SCAN_YES };

/* How one table is read under a condition; no other table is there. */
static enum scan scan_under(struct effects *x, const struct object *t, struct slice where)
{
	if (!t || t->type != OBJECT_TABLE || t->tainted)
		return SCAN_MAYBE;
	if (finds_one(x, t, where))
		return SCAN_NO;
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && leads_index(t, t->parts[i]->name) &&
			my_mentions(x->a, x->d.dialect, where, t->parts[i]->name))
			return SCAN_MAYBE;
	return SCAN_YES;
}

/* Tables behind FROM. Where there is one table, the condition tells; else the server chooses. */
static void reads(struct effects *x, const struct change *ch, bool alone)
{
	struct words w = words_of(x);
	size_t where = word_at(&w, 0, "WHERE");
	bool open = ch->reads.n == 1 && alone && !has_word(&w, 0, w.n, "LIMIT") &&
		    !has_word(&w, 0, w.n, "GROUP") && !has_word(&w, 0, w.n, "ORDER") &&
		    !has_word(&w, 0, w.n, "HAVING") && !has_word(&w, where, w.n, "SELECT");
	bool sure = true;

	for (size_t i = 0; i < ch->reads.n; i++) {
		struct name n = name_read(ch->reads.at[i]);
		enum presence how;
		enum scan scan = open ? SCAN_YES : SCAN_MAYBE;
		const struct object *o = fx_find(x, OBJECT_NONE, n, &how);

		if (how == ABSENT && slice_empty(n.schema))
			fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(n.name));
		if ((o && o->type != OBJECT_TABLE) || !slice_empty(n.schema))
			continue;
		if (open && where < w.n)
			scan = scan_under(x, o,
				slice_from(x->st->text,
					(size_t)(w.at[where].text.at + 5 - x->st->text.at)));
		sure &= scan != SCAN_MAYBE;
		if (scan != SCAN_NO)
			scans(x, n, scan == SCAN_YES);
	}
	if (!sure)
		effect_need(x->a, x->out, SL("which indexes the server uses"));
}

void fx_reads(struct effects *x, const struct change *ch)
{
	reads(x, ch, true);
}

static void scan_of_target(struct effects *x, const struct change *ch, const struct object *t)
{
	enum scan scan = SCAN_YES;

	if (ch->reads.n) { /* joins and sub-selects */
		reads(x, ch, false);
		scans(x, ch->target, false);
		return;
	}
	if (fx_flag(ch, CHANGE_HAS_LIMIT) || (t && t->type != OBJECT_TABLE))
		return;
	if (fx_flag(ch, CHANGE_HAS_WHERE) && !fx_flag(ch, CHANGE_WHERE_TRUE))
		scan = scan_under(x, t, ch->value.text);
	if (scan == SCAN_MAYBE)
		effect_need(x->a, x->out, SL("which indexes the server uses"));
	if (scan != SCAN_NO)
		scans(x, ch->target, scan == SCAN_YES);
}

/* ---- what foreign keys add ---- */

static bool acts(struct slice action)
{
	return slice_is(action, "cascade") || slice_is(action, "set null") ||
	       slice_is(action, "set default");
}

static bool moves_key(const struct change *ch, const struct object *key)
{
	for (size_t i = 0; i < ch->list.n; i++)
		if (my_names_have(key->constraint.ref_columns, ch->list.at[i]))
			return true;
	return false;
}

static void children(struct effects *x, const struct change *ch, const struct object *t)
{
	const struct object **keys;
	size_t n;

	if (!t || t->type != OBJECT_TABLE || (x->s && !x->s->foreign_keys))
		return;
	n = catalog_referencing(x->c, t, x->a, &keys);
	for (size_t i = 0; i < n; i++) {
		bool updates = ch->kind == CHANGE_UPDATE;
		struct slice action =
			updates ? keys[i]->constraint.on_update : keys[i]->constraint.on_delete;

		if (!keys[i]->table || (updates && !moves_key(ch, keys[i])))
			continue;
		if (acts(action))
			writes(x, (struct name){keys[i]->table->schema, keys[i]->table->name});
		else
			fx_fails(x, OUTCOME_MAY_FAIL, "rows of %.*s may refer to it",
				SLICE(keys[i]->table->name));
	}
}

static void wants_columns(struct effects *x, const struct change *ch, const struct object *t)
{
	const struct object *o;

	if (!t || t->type != OBJECT_TABLE || (ch->kind == CHANGE_UPDATE && ch->reads.n))
		return;
	for (size_t i = 0; i < ch->list.n; i++)
		if (catalog_part(x->c, t, OBJECT_COLUMN, ch->list.at[i], &o) == ABSENT)
			fx_fails(x, OUTCOME_FAILS, "%.*s has no column %.*s",
				SLICE(fx_show(x, ch->target)), SLICE(ch->list.at[i]));
}

static bool is_innodb(const struct object *t)
{
	return slice_empty(t->table_.access_method) || slice_is(t->table_.access_method, "InnoDB");
}

static bool is_versioned(const struct object *t)
{
	return t && t->type == OBJECT_TABLE &&
	       names_has(t->table_.options, SL("system versioning"));
}

static void truncate(struct effects *x, const struct change *ch, const struct object *t)
{
	const struct object **keys;
	size_t n = t && t->type == OBJECT_TABLE ? catalog_referencing(x->c, t, x->a, &keys) : 0;

	for (size_t i = 0; i < n && (!x->s || x->s->foreign_keys); i++)
		if (keys[i]->table != t)
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to it",
				SLICE(keys[i]->name));
	if (t && t->type == OBJECT_VIEW)
		fx_fails(x, OUTCOME_FAILS, "%.*s is a view", SLICE(fx_show(x, ch->target)));
	if (is_versioned(t))
		fx_fails(x, OUTCOME_FAILS, "a system-versioned table cannot be truncated");
	fx_undo(x, UNDO_NONE);
	fx_destroys(x, ch, OBJECT_TABLE, SLICE_NONE, true);
	if (!t || (t->type == OBJECT_TABLE && is_innodb(t)))
		fx_rewrites(x, ch->target, t);
}

void fx_data(struct effects *x, const struct change *ch)
{
	const struct object *t = NULL;
	enum presence how = UNKNOWN;

	if (ch->kind == CHANGE_CALL || ch->kind == CHANGE_DO_BLOCK) {
		fx_rerun(x, RERUN_UNKNOWN);
		fx_undo(x, UNDO_NONE);
		return;
	}
	if (ch->kind == CHANGE_SELECT || ch->kind == CHANGE_COPY_OUT) {
		reads(x, ch, true);
		return;
	}
	if (!slice_empty(ch->target.name))
		t = fx_find(x, OBJECT_NONE, ch->target, &how);
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	wants_columns(x, ch, t);
	writes(x, ch->target);
	switch ((int)ch->kind) {
	case CHANGE_INSERT:
	case CHANGE_REPLACE: {
		struct words w = words_of(x);
		bool pushes_out = ch->kind == CHANGE_REPLACE || word_at(&w, 0, "DUPLICATE") < w.n;

		fx_undo(x, pushes_out ? UNDO_NONE : UNDO_EXACT);
		fx_rerun(x, rerun_insert(x, ch, t));
		if (ch->reads.n)
			reads(x, ch, fx_flag(ch, CHANGE_FROM_SELECT));
		if (ch->kind == CHANGE_REPLACE)
			children(x, ch, t);
		break;
	}
	case CHANGE_TRUNCATE:
		truncate(x, ch, t);
		break;
	case CHANGE_DELETE:
		fx_undo(x, UNDO_NONE);
		fx_rerun(x, fx_flag(ch, CHANGE_HAS_LIMIT) ? RERUN_DIFFERS : RERUN_SAME);
		scan_of_target(x, ch, t);
		children(x, ch, t);
		break;
	case CHANGE_UPDATE:
		fx_undo(x, UNDO_NONE);
		fx_rerun(x, rerun_update(x, ch));
		scan_of_target(x, ch, t);
		children(x, ch, t);
		break;
	default:
		fx_undo(x, UNDO_NONE);
		fx_rerun(x, RERUN_UNKNOWN);
		break;
	}
}

/* ---- upkeep ---- */

/* OPTIMIZE and REPAIR say in a row of their answer what is wrong; they do not fail. */
void fx_maintain(struct effects *x, const struct change *ch)
{
	struct slice kind = slice_of(x->st->kind);
	enum presence how = UNKNOWN;
	const struct object *t = NULL;

	if (!slice_empty(ch->target.name))
		t = fx_find(x, OBJECT_NONE, ch->target, &how);
	if (ch->kind == CHANGE_LOCK_TABLE && how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	if (ch->kind == CHANGE_LOCK_TABLE || how == ABSENT || (t && t->type != OBJECT_TABLE))
		return;
	if (slice_is(kind, "OPTIMIZE TABLE")) {
		if (!t || is_innodb(t))
			fx_rewrites(x, ch->target, t);
	} else if (slice_is(kind, "REPAIR TABLE")) {
		if (t && !is_innodb(t))
			fx_rewrites(x, ch->target, t);
	} else if (slice_is(kind, "CHECK TABLE") || slice_is(kind, "CHECKSUM TABLE")) {
		scans(x, ch->target, true);
	}
}
