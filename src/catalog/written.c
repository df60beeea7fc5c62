/* written.c - what a history itself wrote into its tables: the INSERTs with their values, as text.
 *
 * A table's chain begins when the history makes it. Only what nobody can have changed since counts:
 * whatever else writes rows (UPDATE, a trigger, a key that cascades, a function) ends the chain of
 * a table, or of all tables by the epoch. A table's texts are kept up to a limit. Nothing here is
 * part of the schema: it is neither compared nor copied. */
#include "catalog/internal.h"

enum { WRITTEN_MAX = 64 << 10 };

static struct node *table_called(struct catalog *c, const struct session *s, struct name name)
{
	struct node *n;

	if (!name.name.len)
		return NULL;
	n = node_find(c, OBJECT_TABLE, catalog_resolve(c, s, OBJECT_NONE, name));
	return n && n->o.type == OBJECT_TABLE ? n : NULL;
}

static void all_changed(struct catalog *c)
{
	meta_edit(c)->rows_epoch++;
}

static void note(struct catalog *c, const struct session *s, struct node *n, struct rows_written w)
{
	const struct rows_written *last = n->o.written;
	struct rows_written *fresh;

	/* What is not known need not be said twice. */
	if (last && last->epoch == c->meta.rows_epoch && !last->text.len && !w.text.len &&
		!last->none && (last->ends || !w.ends) && !w.none)
		return;
	w.size = w.ends || !last ? 0 : last->size;
	w.size += w.text.len;
	if (w.size > WRITTEN_MAX)
		w = (struct rows_written){.ends = true, .used = true};
	w.before = w.ends ? NULL : last;
	w.tx = s->tx;
	w.epoch = c->meta.rows_epoch;
	w.numbers = c->meta.numbers_epoch;
	w.text = arena_slice(&c->arena, w.text);
	w.columns = names_copy(&c->arena, w.columns);
	fresh = ARENA_NEW(&c->arena, struct rows_written);
	*fresh = w;
	node_edit(c, n)->written = fresh;
	node_edited(c, n);
}

static void rows_unknown(struct catalog *c, const struct session *s, struct node *n)
{
	note(c, s, n, (struct rows_written){.ends = true, .used = true});
}

/* Others beside those that are known. */
static void rows_added(struct catalog *c, const struct session *s, struct node *n)
{
	note(c, s, n, (struct rows_written){.used = true});
}

/* ---- What a table's rows set off ---- */

/* Of the words of a body, the one behind `at`, as a name. */
static struct name name_behind(struct slice body, size_t at)
{
	size_t n = 0;

	body = slice_trim(slice_from(body, at));
	if (slice_istarts(body, "only "))
		body = slice_trim(slice_from(body, 5));
	while (n < body.len && !strchr(" \t\r\n(;", body.at[n]))
		n++;
	return split_name(slice_sub(body, 0, n));
}

/* The tables that a body writes; false: it may write any. */
static bool tables_written(struct catalog *c, const struct session *s, struct slice body)
{
	static const char *const any[] = {"execute ", "perform ", "call ", "truncate ", "\""};
	static const char *const words[] = {"insert into ", "delete from ", "update "};

	for (size_t i = 0; i < sizeof any / sizeof *any; i++)
		if (slice_ifind(body, slice_of(any[i])) != SIZE_MAX)
			return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct slice rest = body;

		for (size_t at; (at = slice_ifind(rest, slice_of(words[i]))) != SIZE_MAX;) {
			struct node *n =
				table_called(c, s, name_behind(rest, at + strlen(words[i])));

			if (n && i == 0)
				rows_added(c, s, n);
			else if (n)
				rows_unknown(c, s, n);
			else
				return false;
			rest = slice_from(rest, at + strlen(words[i]));
		}
	}
	return true;
}

static bool trigger_is_known(struct catalog *c, const struct session *s, const struct object *t)
{
	struct slice call =
		t->trigger.body.text.len ? t->trigger.body.text : t->trigger.body.normal;
	const struct object *f;

	if (catalog_find(c, s, OBJECT_FUNCTION,
		    split_name(slice_sub(call, 0, slice_chr(call, '('))), &f) != PRESENT)
		return false;
	return tables_written(
		c, s, f->function.body.text.len ? f->function.body.text : f->function.body.normal);
}

/* May triggers and rules change rows of any table? Those of tables that they name are noted. */
static bool sets_off(struct catalog *c, const struct session *s, const struct node *n)
{
	for (size_t i = 0; i < n->o.nparts; i++) {
		const struct object *p = n->o.parts[i];

		if (p->type == OBJECT_RULE ||
			(p->type == OBJECT_TRIGGER && !trigger_is_known(c, s, p)))
			return true;
	}
	return false;
}

static bool leaves(struct slice action)
{
	return !action.len || slice_is(action, "no action") || slice_is(action, "restrict");
}

/* Do keys of other tables change their rows along with these? */
static bool cascades(const struct catalog *c, const struct node *n)
{
	struct arena scratch = {0};
	const struct object **keys;
	size_t count = catalog_referencing(c, &n->o, &scratch, &keys);
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any = any || !leaves(keys[i]->constraint.on_delete) ||
		      !leaves(keys[i]->constraint.on_update);
	arena_done(&scratch);
	return any;
}

/* ---- Statements ---- */
static bool is_in_a_tree(const struct object *o)
{
	return o->table_.inherits.n || o->table_.partition_of.name.len;
}

static struct names all_columns(struct catalog *c, const struct object *table)
{
	struct names out = {0};

	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_COLUMN)
			names_add(&c->arena, &out, table->parts[i]->name);
	return out;
}

static bool is_plain_insert(const struct statement *st, const struct change *ch)
{
	const unsigned other =
		CHANGE_FROM_SELECT | CHANGE_ON_CONFLICT | CHANGE_GUARDED | CHANGE_INNER;

	return st->nchanges == 1 && !(ch->flags & other) && st->text.len == st->raw.len &&
	       slice_ifind(st->text, SL("default values")) == SIZE_MAX;
}

static void inserted(struct catalog *c, const struct session *s, const struct statement *st,
	const struct change *ch, struct node *n)
{
	struct node *up = n;

	for (int depth = 0; depth < 16 && up && up->o.table_.partition_of.name.len; depth++) {
		up = table_called(c, s, up->o.table_.partition_of);
		if (up)
			rows_added(c, s, up);
	}
	if (sets_off(c, s, n))
		all_changed(c);
	if (is_in_a_tree(&n->o))
		rows_unknown(c, s, n);
	else if (!is_plain_insert(st, ch))
		rows_added(c, s, n);
	else
		note(c, s, n,
			(struct rows_written){.text = st->text,
				.filled = object_fills_rows(&n->o, "insert"),
				.columns = ch->list.n ? ch->list : all_columns(c, &n->o)});
}

static void changed(struct catalog *c, const struct session *s, const struct change *ch,
	struct node *n, bool all_gone)
{
	if (sets_off(c, s, n) || cascades(c, n) || ch->flags & CHANGE_CASCADE)
		all_changed(c);
	if (all_gone && !is_in_a_tree(&n->o))
		note(c, s, n,
			(struct rows_written){.ends = true,
				.none = true,
				.used = !(ch->flags & CHANGE_RESTART_IDENTITY)});
	else
		rows_unknown(c, s, n);
}

/* Only what is known to have no say in rows. */
static bool only_looks(const struct catalog *c, struct slice text)
{
	static const char *const moves[] = {"setval", "nextval", "dblink", "query_to_xml"};

	if (slice_chr(text, '(') == SIZE_MAX)
		return true;
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
		if (slice_ifind(text, slice_of(moves[i])) != SIZE_MAX)
			return false;
	return c->ntype[OBJECT_FUNCTION] == 0;
}

static void one_change(struct catalog *c, const struct session *s, const struct statement *st,
	const struct change *ch)
{
	struct node *n = table_called(c, s, ch->target);

	switch ((int)ch->kind) {
	case CHANGE_INSERT:
		if (n)
			inserted(c, s, st, ch, n);
		else
			all_changed(c); /* through a view */
		break;
	case CHANGE_COPY_IN:
		if (n && !sets_off(c, s, n))
			rows_added(c, s, n);
		else
			all_changed(c);
		break;
	case CHANGE_UPDATE:
	case CHANGE_MERGE:
	case CHANGE_DELETE:
	case CHANGE_TRUNCATE:
		if (n)
			changed(c, s, ch, n,
				ch->kind == CHANGE_TRUNCATE ||
					(ch->kind == CHANGE_DELETE && st->nchanges == 1 &&
						!(ch->flags & CHANGE_HAS_WHERE)));
		else
			all_changed(c);
		break;
	case CHANGE_SELECT:
		if (!only_looks(c, st->text))
			all_changed(c);
		break;
	case CHANGE_DO_BLOCK:
	case CHANGE_CALL:
		all_changed(c);
		break;
	case CHANGE_SET_VALUE:
	case CHANGE_ALTER_SEQUENCE:
		meta_edit(c)->numbers_epoch++;
		break;
	case CHANGE_CREATE_TABLE:
		if (n && !n->o.written && n->o.born_tx == s->tx)
			note(c, s, n, (struct rows_written){.ends = true, .none = true});
		break;
	case CHANGE_CREATE_TABLE_AS:
	case CHANGE_ALTER_TYPE:
	case CHANGE_RENAME_COLUMN:
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
	case CHANGE_ADD_IDENTITY:
	case CHANGE_ALTER_IDENTITY:
	case CHANGE_DROP_IDENTITY:
	case CHANGE_ATTACH_PARTITION:
	case CHANGE_DETACH_PARTITION:
	case CHANGE_INHERIT:
		if (n)
			rows_unknown(c, s, n);
		break;
	}
}

void note_written(struct catalog *c, struct session *s, const struct statement *st)
{
	if (!is_postgres(c))
		return;
	if (st->state != STATEMENT_READ || st->partly_opaque)
		all_changed(c);
	for (size_t i = 0; st->state == STATEMENT_READ && i < st->nchanges; i++)
		one_change(c, s, st, &st->changes[i]);
}

const struct rows_written *catalog_written(const struct catalog *c, const struct object *table,
	bool *sure, unsigned long long *numbers)
{
	const struct rows_written *w = table->written;

	*sure = w && c->meta.rows_epoch == w->epoch && !is_in_a_tree(table);
	*numbers = c->meta.numbers_epoch;
	return w;
}
