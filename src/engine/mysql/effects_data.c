/* effects_data.c - statements on rows, and the upkeep of tables.
 *
 * "As if at least one row matched": a second INSERT of the same key fails, a second UPDATE to the
 * same values changes nothing. Which index the server takes is said only where there is no choice.
 */
#include "engine/mysql/effects_alter.h"

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

/* ---- tables read ---- */

static struct name name_read(struct slice read)
{
	size_t dot = slice_chr(read, '.');

	if (dot == SIZE_MAX)
		return (struct name){SLICE_NONE, read};
	return (struct name){slice_sub(read, 0, dot), slice_from(read, dot + 1)};
}

/* The word on the level that `from` begins. */
static size_t inner_word(const struct fx_words *w, size_t from, const char *word)
{
	int depth = 0;

	for (size_t i = from; i < w->n && depth >= 0; i++) {
		depth += token_punct(w->at[i], "(");
		depth -= token_punct(w->at[i], ")");
		if (depth == 0 && token_is(w->at[i], word))
			return i;
	}
	return w->n;
}

static struct slice behind(const struct effects *x, struct token word)
{
	return slice_from(x->st->text, (size_t)(word.text.at + word.text.len - x->st->text.at));
}

/* One table alone: its condition tells. */
static enum fx_scan scan_alone(
	struct effects *x, const struct object *t, const struct fx_words *w, size_t where)
{
	enum fx_scan scan = where < w->n ? fx_scan_under(x, t, behind(x, w->at[where])) : SCAN_YES;

	return scan == SCAN_YES && t && t->type == OBJECT_TABLE && fx_is_covered(x, t, w)
		       ? SCAN_MAYBE
		       : scan;
}

/* Tables behind FROM. Where there are several, one without a useful index is read in full; of the
 * others the server chooses. */
static void reads(struct effects *x, const struct change *ch, bool alone)
{
	struct fx_words w = fx_words_of(x);
	size_t where = fx_word_at(&w, 0, "WHERE");
	bool plain = !fx_has_word(&w, 0, w.n, "LIMIT");
	bool open = ch->reads.n == 1 && alone && plain && !fx_has_word(&w, 0, w.n, "GROUP") &&
		    !fx_has_word(&w, 0, w.n, "ORDER") && !fx_has_word(&w, 0, w.n, "HAVING") &&
		    !fx_has_word(&w, where, w.n, "SELECT");
	bool joins = ch->kind != CHANGE_SELECT && plain && fx_joins(&w);
	bool sure = true;
	size_t guard = ch->reads.n == 1 && alone ? fx_guard(x, &w, ch) : 0,
	       asks = guard ? inner_word(&w, guard + 1, "WHERE") : w.n;

	for (size_t i = 0; i < ch->reads.n; i++) {
		struct name n = name_read(ch->reads.at[i]);
		enum presence how;
		enum fx_scan scan = guard ? SCAN_YES : SCAN_MAYBE;
		const struct object *o = fx_find(x, OBJECT_NONE, n, &how);

		if (how == ABSENT && slice_empty(n.schema))
			fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(n.name));
		if ((o && o->type != OBJECT_TABLE) || !slice_empty(n.schema))
			continue;
		if (guard && asks < w.n)
			scan = fx_scan_under(x, o, behind(x, w.at[asks]));
		else if (open)
			scan = scan_alone(x, o, &w, where);
		else if (joins)
			scan = fx_scan_beside(x, o, x->st->text);
		sure &= scan == SCAN_NO || scan == SCAN_YES;
		if (scan >= SCAN_MAYBE)
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
	enum fx_scan scan = SCAN_YES;

	if (ch->reads.n) { /* joins and sub-selects */
		struct fx_words w = fx_words_of(x);

		reads(x, ch, false);
		scan = fx_joins(&w) && !fx_flag(ch, CHANGE_HAS_LIMIT)
			       ? fx_scan_beside(x, t, x->st->text)
			       : SCAN_MAYBE;
		if (scan != SCAN_YES)
			effect_need(x->a, x->out, SL("which indexes the server uses"));
		scans(x, ch->target, scan == SCAN_YES);
		return;
	}
	if (fx_flag(ch, CHANGE_HAS_LIMIT) || (t && t->type != OBJECT_TABLE))
		return;
	if (fx_flag(ch, CHANGE_HAS_WHERE) && !fx_flag(ch, CHANGE_WHERE_TRUE))
		scan = fx_scan_under(x, t, ch->value.text);
	if (scan == SCAN_MAYBE || scan == SCAN_LIKELY_NOT)
		effect_need(x->a, x->out, SL("which indexes the server uses"));
	if (scan >= SCAN_MAYBE)
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

/* What deleting rows of a table deletes, changes or is stopped by, however far it reaches. */
static void deleted(struct effects *x, const struct object *t, int depth)
{
	const struct object **keys;
	size_t n = depth < 16 ? catalog_referencing(x->c, t, x->a, &keys) : 0;

	for (size_t i = 0; i < n; i++) {
		struct slice action = keys[i]->constraint.on_delete;

		if (!keys[i]->table)
			continue;
		if (!acts(action)) {
			fx_fails(x, OUTCOME_MAY_FAIL, "rows of %.*s may refer to it",
				SLICE(keys[i]->table->name));
			continue;
		}
		writes(x, (struct name){keys[i]->table->schema, keys[i]->table->name});
		if (slice_is(action, "cascade"))
			deleted(x, keys[i]->table, depth + 1);
	}
}

static void children(struct effects *x, const struct change *ch, const struct object *t)
{
	const struct object **keys;
	size_t n;

	if (!t || t->type != OBJECT_TABLE || (x->s && !x->s->foreign_keys))
		return;
	if (ch->kind != CHANGE_UPDATE) {
		deleted(x, t, 0);
		return;
	}
	n = catalog_referencing(x->c, t, x->a, &keys);
	for (size_t i = 0; i < n; i++) {
		if (!keys[i]->table || !moves_key(ch, keys[i]))
			continue;
		if (acts(keys[i]->constraint.on_update))
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
	if (t && t->type == OBJECT_TABLE && slice_is(t->table_.persistence, "temporary"))
		return;
	fx_destroys(x, ch, OBJECT_TABLE, SLICE_NONE, true);
	if (!t || (t->type == OBJECT_TABLE && is_innodb(t)))
		fx_rewrites(x, ch->target, t);
}

/* The table behind a view over several that alone has the column; NULL: not so. */
static const struct object *owner_of(
	struct effects *x, const struct object *view, struct slice column)
{
	const struct object *owner = NULL, *part;

	for (size_t i = 0; i < view->view.reads.n; i++) {
		enum presence how;
		const struct object *t =
			fx_find(x, OBJECT_TABLE, name_read(view->view.reads.at[i]), &how);

		if (!t || t->type != OBJECT_TABLE || t->tainted)
			return NULL;
		if (catalog_part(x->c, t, OBJECT_COLUMN, column, &part) != PRESENT)
			continue;
		if (owner)
			return NULL;
		owner = t;
	}
	return owner;
}

/* An UPDATE of a view that joins tables writes one of them. */
static void writes_one_table(struct effects *x, const struct change *ch, const struct object *view)
{
	const struct object *first = NULL;

	if (view->tainted || view->view.columns.n ||
		my_mentions(x->a, x->d.dialect, view->view.query.text, SL("AS")))
		return;
	for (size_t i = 0; i < ch->list.n; i++) {
		const struct object *owner = owner_of(x, view, ch->list.at[i]);

		if (!owner)
			return;
		if (first && owner != first)
			fx_fails(x, OUTCOME_FAILS,
				"the view %.*s joins tables, and two are written",
				SLICE(fx_show(x, ch->target)));
		first = owner;
	}
}

/* The rows of a view are those of the tables behind it. */
static void write_view(struct effects *x, const struct change *ch, const struct object *view)
{
	const struct object *t = fx_behind_view(x, ch, view);
	bool one = t && t->type == OBJECT_TABLE;

	for (size_t i = 0; !one && i < view->view.reads.n; i++) {
		fx_touch(x, &x->out->writes_rows, &x->out->nwrites_rows, OBJECT_TABLE,
			fx_resolved(x, name_read(view->view.reads.at[i])), SLICE_NONE, false);
		if (ch->kind == CHANGE_UPDATE)
			scans(x, name_read(view->view.reads.at[i]), false);
	}
	if (one)
		writes(x, (struct name){t->schema, t->name});
	fx_undo(x, ch->kind == CHANGE_INSERT && !fx_flag(ch, CHANGE_ON_CONFLICT) ? UNDO_EXACT
										 : UNDO_NONE);
	if (ch->kind == CHANGE_UPDATE && view->view.reads.n > 1)
		writes_one_table(x, ch, view);
	if (ch->kind == CHANGE_UPDATE)
		fx_rerun(x, is_versioned(t) ? RERUN_DIFFERS : fx_update_again(x, ch, t));
	else if (ch->kind == CHANGE_DELETE)
		fx_rerun(x, fx_flag(ch, CHANGE_HAS_LIMIT) ? RERUN_DIFFERS : RERUN_SAME);
	else
		fx_rerun(x, RERUN_UNKNOWN);
	if (ch->kind == CHANGE_INSERT || ch->kind == CHANGE_REPLACE) {
		if (one)
			fx_insert_through(x, view, t);
		reads(x, ch, fx_flag(ch, CHANGE_FROM_SELECT));
		return;
	}
	effect_need(x->a, x->out, SL("which indexes the server uses"));
	if (one && !fx_flag(ch, CHANGE_HAS_LIMIT))
		scans(x, (struct name){t->schema, t->name}, false);
	children(x, ch, t);
}

/* Statements that write no row of a table by themselves. */
static bool only_reads(struct effects *x, const struct change *ch)
{
	struct slice kind = slice_of(x->st->kind);

	if (ch->kind == CHANGE_CALL || ch->kind == CHANGE_DO_BLOCK) {
		fx_rerun(x, RERUN_UNKNOWN);
		fx_undo(x, UNDO_NONE);
		return true;
	}
	if (slice_is(kind, "SIGNAL") || slice_is(kind, "RESIGNAL"))
		fx_fails(x, OUTCOME_FAILS, "it raises an error");
	if (slice_is(kind, "HANDLER")) {
		fx_rerun(x, RERUN_UNKNOWN);
		return true;
	}
	if (ch->kind != CHANGE_SELECT && ch->kind != CHANGE_COPY_OUT)
		return false;
	reads(x, ch, true);
	return true;
}

static void insert(struct effects *x, const struct change *ch, const struct object *t)
{
	struct fx_words w = fx_words_of(x);
	bool pushes_out = ch->kind == CHANGE_REPLACE || fx_word_at(&w, 0, "DUPLICATE") < w.n;

	fx_insert_fits(x, ch, t);
	fx_undo(x, pushes_out ? UNDO_NONE : UNDO_EXACT);
	fx_rerun(x, ch->kind == CHANGE_REPLACE && is_versioned(t) ? RERUN_DIFFERS
								  : fx_insert_again(x, ch, t));
	if (ch->reads.n)
		reads(x, ch, fx_flag(ch, CHANGE_FROM_SELECT));
	if (ch->kind == CHANGE_REPLACE)
		children(x, ch, t);
}

void fx_data(struct effects *x, const struct change *ch)
{
	const struct object *t = NULL;
	enum presence how = UNKNOWN;

	if (only_reads(x, ch))
		return;
	if (!slice_empty(ch->target.name))
		t = fx_find(x, OBJECT_NONE, ch->target, &how);
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	wants_columns(x, ch, t);
	if (t && t->type == OBJECT_VIEW && ch->kind != CHANGE_TRUNCATE) {
		write_view(x, ch, t);
		return;
	}
	writes(x, ch->target);
	if (t && t->type == OBJECT_TABLE && !t->tainted && ch->kind != CHANGE_TRUNCATE)
		fx_triggers_clash(x, ch, t);
	switch ((int)ch->kind) {
	case CHANGE_INSERT:
	case CHANGE_REPLACE:
		insert(x, ch, t);
		break;
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
		fx_rerun(x, is_versioned(t) ? RERUN_DIFFERS : fx_update_again(x, ch, t));
		fx_update_fits(x, ch, t);
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
		struct fx_words w = fx_words_of(x);

		/* InnoDB has none; since 11.5 MariaDB writes the table anew instead. */
		bool anew = is_mariadb(&x->d) && x->d.version >= 110500;

		if (t && (!is_innodb(t) || anew) && !fx_has_word(&w, 0, w.n, "QUICK"))
			fx_rewrites(x, ch->target, t);
	} else if (slice_is(kind, "CHECK TABLE") || slice_is(kind, "CHECKSUM TABLE")) {
		scans(x, ch->target, true);
	}
}
