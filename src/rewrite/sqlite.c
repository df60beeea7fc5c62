/* sqlite.c - SQLite: what ALTER TABLE cannot do is a table made anew.
 *
 * Four ways to lose data are known and kept out (each was seen to happen): foreign keys are
 * switched off outside the transaction, where the pragma works, for DROP TABLE deletes the rows
 * first and CASCADE takes the children's with them; legacy_alter_table keeps the rename from
 * touching what other tables and views say; all is one transaction; and a row that
 * foreign_key_check reports makes that transaction fail. */
#include "rewrite/internal.h"

#include <stdint.h>

static bool is_table_part(const struct object *p)
{
	return p->type == OBJECT_COLUMN || p->type == OBJECT_CONSTRAINT;
}

/* CREATE TABLE alone, under another name. */
static struct slice create_text(struct step_writer *w, const struct object *to, struct slice name)
{
	struct object copy = *to;

	copy.name = name;
	copy.parts = ARENA_ARRAY(w->a, to->nparts + 1, struct object *);
	copy.nparts = 0;
	for (size_t i = 0; i < to->nparts; i++)
		if (is_table_part(to->parts[i]))
			copy.parts[copy.nparts++] = to->parts[i];
	return rendered(w, &copy);
}

/* The columns that both have, without generated ones; `value` stands for `column` if given. */
static void column_lists(struct step_writer *w, const struct object *from, const struct object *to,
	struct slice column, struct slice value, struct slice *into, struct slice *select)
{
	struct names both = {0};
	struct buf b = {0};

	for (size_t i = 0; i < to->nparts; i++) {
		const struct object *p = to->parts[i];

		if (p->type == OBJECT_COLUMN && !p->column.generated.len &&
			column_of(from, p->name))
			names_add(w->a, &both, p->name);
	}
	*into = column_list(w, both);
	for (size_t i = 0; i < both.n; i++) {
		buf_adds(&b, i ? ", " : "");
		if (value.len && slice_eq(both.at[i], column))
			buf_add(&b, value);
		else
			quote_ident_pretty(&b, w->d, both.at[i]);
	}
	*select = arena_slice(w->a, buf_slice(&b));
	buf_done(&b);
}

static bool counts_on(const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN &&
			slice_is(t->parts[i]->column.identity, "autoincrement"))
			return true;
	return false;
}

static void add_users(struct step_writer *w, struct buf *b, const struct object *to)
{
	for (int triggers = 0; triggers < 2; triggers++)
		for (size_t i = 0; i < to->nparts; i++) {
			const struct object *p = to->parts[i];

			if (triggers ? p->type == OBJECT_TRIGGER
				     : p->type == OBJECT_INDEX &&
						slice_empty(p->index.constraint) &&
						!p->index.primary)
				sqlf(b, w->d, "%s;\n", rendered(w, p));
		}
}

void sqlite_rebuild(struct step_writer *w, struct piece_list *pieces, const struct object *from,
	const struct object *to, struct slice column, struct slice value)
{
	struct slice new = chosen_name(w, from->name, SLICE_NONE, "new", OBJECT_NONE);
	struct slice into, select;
	struct buf b = {0};

	column_lists(w, from, to, column, value, &into, &select);
	piece(w, pieces, "PRAGMA foreign_keys = OFF");
	piece(w, pieces, "PRAGMA legacy_alter_table = ON");
	sqlf(&b, w->d, "BEGIN IMMEDIATE;\n%s;\nINSERT INTO %i %s SELECT %s FROM %i;\n",
		create_text(w, to, new), new, into, select, from->name);
	if (counts_on(to))
		sqlf(&b, w->d,
			"DELETE FROM sqlite_sequence WHERE name = %L;\n"
			"INSERT INTO sqlite_sequence SELECT %L, seq FROM sqlite_sequence WHERE "
			"name = %L;\n",
			new, new, from->name);
	sqlf(&b, w->d, "DROP TABLE %i;\nALTER TABLE %i RENAME TO %i;\n", from->name, new,
		from->name);
	add_users(w, &b, to);
	buf_adds(&b, "-- A broken reference makes this fail, and with it the transaction.\n"
		     "CREATE TEMP TABLE belay_references (broken CHECK (broken IS NULL));\n"
		     "INSERT INTO temp.belay_references SELECT 1 FROM pragma_foreign_key_check "
		     "LIMIT 1;\n"
		     "DROP TABLE temp.belay_references;\nCOMMIT");
	piece_text(w, pieces, arena_slice(w->a, buf_slice(&b)));
	buf_done(&b);
	piece(w, pieces, "PRAGMA legacy_alter_table = OFF");
	if (w->in->session->foreign_keys)
		piece(w, pieces, "PRAGMA foreign_keys = ON");
}

static struct safe_step *rebuild_step(struct step_writer *w, enum phase phase, const char *name,
	const char *says, const struct object *from, const struct object *to, struct slice column,
	struct slice value)
{
	struct safe_step *s = step_add(w, phase, name,
		"%s The table is made anew in one transaction: writers wait until its rows are "
		"copied, readers do not in WAL mode.",
		says);

	s->no_tx = true;
	sqlite_rebuild(w, &s->up, from, to, column, value);
	sqlite_rebuild(w, &s->down, to, from, SLICE_NONE, SLICE_NONE);
	return s;
}

static struct object *part_of_copy(struct object *t, enum object_type type, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == type && slice_eq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

static void add_part(struct step_writer *w, struct object *t, const struct object *part)
{
	struct object *copy = object_copy(w->a, part);
	size_t at = t->nparts;

	copy->table = t;
	*ARENA_PUSH(w->a, t->parts, t->nparts) = copy;
	/* Columns stand before what speaks of them. */
	while (part->type == OBJECT_COLUMN && at > 0 && t->parts[at - 1]->type != OBJECT_COLUMN) {
		t->parts[at] = t->parts[at - 1];
		t->parts[--at] = copy;
	}
}

static void remove_part(struct object *t, const struct object *part)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i] != part)
			t->parts[n++] = t->parts[i];
	t->nparts = n;
}

/* The table as the change would make it; NULL when the part that it changes is not there. */
static struct object *changed(struct step_writer *w)
{
	struct object *t = object_copy(w->a, w->table);
	struct object *col = part_of_copy(t, OBJECT_COLUMN, w->c->name);

	switch (w->c->kind) {
	case CHANGE_ADD_CONSTRAINT:
		add_part(w, t, w->c->def);
		return t;
	case CHANGE_DROP_CONSTRAINT:
		col = part_of_copy(t, OBJECT_CONSTRAINT, w->c->name);
		if (col)
			remove_part(t, col);
		return col ? t : NULL;
	default:
		break;
	}
	if (!col)
		return NULL;
	switch (w->c->kind) {
	case CHANGE_SET_NOT_NULL:
	case CHANGE_DROP_NOT_NULL:
		col->column.not_null = w->c->kind == CHANGE_SET_NOT_NULL;
		break;
	case CHANGE_SET_DEFAULT:
		col->column.default_value = w->c->value;
		break;
	case CHANGE_DROP_DEFAULT:
		col->column.default_value = (struct expr){0};
		break;
	case CHANGE_ALTER_TYPE:
		col->column.type = w->c->def->column.type;
		break;
	default:
		return NULL;
	}
	return t;
}

static void fill_rows(struct step_writer *w, enum phase phase, const char *name, bool undo)
{
	struct safe_step *s =
		step_add(w, phase, name, "rows without %.*s get a value.", SLICE(w->c->name));

	s->no_tx = s->batched = true;
	piece(w, &s->up, "UPDATE %n SET %i = %s WHERE %i IS NULL", T(w), w->c->name, w->in->fill,
		w->c->name);
	piece(w, &s->verify, "SELECT 1 AS still_null FROM %n WHERE %i IS NULL LIMIT 1", T(w),
		w->c->name);
	if (undo)
		piece(w, &s->down, "UPDATE %n SET %i = NULL", T(w), w->c->name);
	else
		s->one_way = true;
}

static bool write_rebuild(struct step_writer *w)
{
	struct object *to;

	(void)target_existed(w);
	if (!w->table || w->table->type != OBJECT_TABLE)
		return refuse(w, "the table %.*s is not known here: --base-schema or --db tell",
			SLICE(w->c->target.name));
	if (slice_is(w->table->table_.kind, "virtual"))
		return refuse(w, "a virtual table cannot be made anew by copying");
	to = changed(w);
	if (!to)
		return refuse(w, "%.*s has no %.*s", SLICE(w->table->name), SLICE(w->c->name));
	if (w->c->kind == CHANGE_SET_NOT_NULL && w->in->fill.len)
		fill_rows(w, PHASE_BACKFILL, "backfill", false);
	rebuild_step(w, w->out->n ? PHASE_BACKFILL : PHASE_EXPAND, "rebuild",
		"SQLite's ALTER TABLE cannot do this.", w->table, to, w->c->name,
		w->c->kind == CHANGE_ALTER_TYPE ? best(w->c->value) : SLICE_NONE);
	return true;
}

const struct recipe recipe_sqlite_rebuild = {
	.id = "sqlite-rebuild",
	.engines = RULE_SQLITE,
	.kinds = KINDS(CHANGE_SET_NOT_NULL, CHANGE_DROP_NOT_NULL, CHANGE_ALTER_TYPE,
		CHANGE_ADD_CONSTRAINT, CHANGE_DROP_CONSTRAINT, CHANGE_SET_DEFAULT,
		CHANGE_DROP_DEFAULT),
	.says = "the table is made anew in one transaction: foreign keys off outside it, "
		"legacy_alter_table on, copy, drop, rename, its indexes and triggers again, "
		"foreign_key_check, foreign keys on",
	.write = write_rebuild,
};

/* ---- Columns ---- */

static bool write_add_column(struct step_writer *w)
{
	const struct object *def = w->c->def;
	const struct column_def *d = def ? &def->column : NULL;
	struct object column, *with, *without;
	struct safe_step *s;

	if (!d || !target_existed(w) || !d->not_null || best(d->default_value).len ||
		d->generated.len)
		return false;
	if (!w->table)
		return refuse(w, "the table %.*s is not known here: --base-schema or --db tell",
			SLICE(w->c->target.name));
	column = *def;
	column.column.not_null = false;
	without = object_copy(w->a, w->table);
	with = object_copy(w->a, w->table);
	add_part(w, with, def);
	column.table = without;
	if (!is_literal(w->d, w->in->fill)) {
		s = step_add(w, PHASE_EXPAND, "expand",
			"the column can be NULL for now. Then release the code that writes it.");
		piece_text(w, &s->up, rendered(w, &column));
		piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), w->c->name);
		if (w->in->fill.len) {
			fill_rows(w, PHASE_BACKFILL, "backfill", true);
		} else {
			s = step_add(w, PHASE_BACKFILL, "backfill", "rows need a value.");
			s->batched = s->no_tx = s->needs_value = true;
			piece(w, &s->up, "-- UPDATE %n SET %i = … WHERE %i IS NULL", T(w),
				w->c->name, w->c->name);
		}
		add_part(w, without, &column);
	} else {
		column.column.not_null = true;
		column.column.default_value = (struct expr){.text = w->in->fill};
		s = step_add(w, PHASE_EXPAND, "expand",
			"a constant default gives every row its value, and inserts of code that "
			"does not know the column yet.");
		piece_text(w, &s->up, rendered(w, &column));
		piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), w->c->name);
		add_part(w, without, &column);
	}
	verify_column(w, s, w->c->name, true);
	rebuild_step(w, PHASE_CONTRACT, "contract",
		"when all running code writes the column, it becomes what was asked for.", without,
		with, w->c->name,
		w->in->fill.len && !is_literal(w->d, w->in->fill)
			? text_of(w, "coalesce(%i, %s)", w->c->name, w->in->fill)
			: SLICE_NONE);
	return true;
}

const struct recipe recipe_sqlite_add_column = {
	.id = "sqlite-add-column",
	.engines = RULE_SQLITE,
	.kinds = KINDS(CHANGE_ADD_COLUMN),
	.rules = RULES("add-column-required"),
	.says = "ADD COLUMN that can be NULL, or with a constant default; rows in batches; NOT "
		"NULL "
		"by making the table anew in the contract phase",
	.write = write_add_column,
};

/* What SQLite refuses to drop a column beneath. */
static const struct object *constraint_on(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];
		const struct expr_facts *f;

		if (p->type != OBJECT_CONSTRAINT)
			continue;
		f = p->constraint.expression.facts;
		if (names_has(p->constraint.columns, column) ||
			(f && names_has(f->columns, column)))
			return p;
	}
	return NULL;
}

static bool write_drop_column(struct step_writer *w)
{
	struct safe_step *s;

	if (!target_existed(w) || !w->table)
		return false;
	if (constraint_on(w->table, w->c->name))
		return refuse(w,
			"SQLite does not drop %.*s while a key, a reference or a check names it: "
			"drop that first (belay new … drop-constraint)",
			SLICE(w->c->name));
	s = step_add(w, PHASE_CONTRACT, "contract",
		"when no running code uses %.*s. There is no way back: the values go with it.",
		SLICE(w->c->name));
	for (size_t i = 0; i < w->table->nparts; i++)
		if (w->table->parts[i]->type == OBJECT_INDEX &&
			index_mentions(w->table->parts[i], w->c->name))
			piece(w, &s->up, "DROP INDEX %i", w->table->parts[i]->name);
	s->one_way = true;
	s->allow = "drop-column";
	piece_text(w, &s->up, alone(w));
	verify_column(w, s, w->c->name, false);
	return true;
}

const struct recipe recipe_sqlite_drop_column = {
	.id = "sqlite-drop-column",
	.engines = RULE_SQLITE,
	.kinds = KINDS(CHANGE_DROP_COLUMN),
	.rules = RULES("drop-column"),
	.says = "its indexes, then DROP COLUMN, in the contract phase",
	.write = write_drop_column,
};

static bool write_rename_column(struct step_writer *w)
{
	struct safe_step *s;

	if (!target_existed(w))
		return false;
	s = step_add(w, PHASE_CONTRACT, "rename",
		"running code that says %.*s fails from here on: run it as part of starting the "
		"new version, with the old one stopped.",
		SLICE(w->c->name));
	s->allow = "rename-column";
	piece_text(w, &s->up, alone(w));
	piece(w, &s->down, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), w->c->other.name,
		w->c->name);
	verify_column(w, s, w->c->other.name, true);
	return true;
}

const struct recipe recipe_sqlite_rename_column = {
	.id = "sqlite-rename-column",
	.engines = RULE_SQLITE,
	.kinds = KINDS(CHANGE_RENAME_COLUMN),
	.rules = RULES("rename-column"),
	.says = "RENAME COLUMN in the contract phase, with the old version of the code stopped",
	.write = write_rename_column,
};
