/* effects_column.c - ALTER TABLE: columns that come, go and change. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* ---- ADD COLUMN ---- */

static bool is_null(const struct expr *e)
{
	return !e->text.len || (e->facts && e->facts->null) || slice_iis(e->text, "null");
}

/* Rows get NULL in it, or each a value of its own: no key over it can be violated. */
static bool starts_empty(const struct object *column)
{
	const struct column_def *d = &column->column;

	return !slice_empty(d->identity) ||
	       (!d->not_null && is_null(&d->default_value) && slice_empty(d->generated));
}

const struct object *fx_new_column(const struct effects *x, struct slice name)
{
	const struct after_part *p = after_find(&x->after, OBJECT_COLUMN, name);

	return p && !p->was ? p->will : NULL;
}

/* All columns are new and without values yet. */
bool fx_over_empty(const struct effects *x, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		const struct object *c = fx_new_column(x, columns.at[i]);

		if (c && starts_empty(c))
			return true;
	}
	return false;
}

static void wants_neighbour(struct effects *x, const struct change *ch)
{
	const struct object *o;
	struct slice after;

	if (ch->list.n == 0 || !slice_starts(ch->list.at[0], "AFTER "))
		return;
	after = slice_from(ch->list.at[0], 6);
	if (fx_part(x, OBJECT_COLUMN, after, &o) == ABSENT &&
		!after_find(&x->after, OBJECT_COLUMN, after))
		fx_fails(x, OUTCOME_FAILS, "%.*s has no column %.*s", SLICE(fx_show(x, ch->target)),
			SLICE(after));
}

static void counter_wants_key(struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;

		if (p->type == OBJECT_COLUMN && !p->gone && !slice_empty(o->column.identity) &&
			!slice_ieq(p->name, ch->def->name))
			fx_fails(x, OUTCOME_FAILS,
				"a table has one AUTO_INCREMENT column, here it is %.*s",
				SLICE(p->name));
	}
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (!p->gone && (p->type == OBJECT_INDEX || p->type == OBJECT_CONSTRAINT) &&
			my_names_have(p->columns, ch->def->name))
			return;
	}
	if (x->t)
		fx_fails(x, OUTCOME_FAILS, "an AUTO_INCREMENT column must be a key");
}

/* Does a foreign key change the column's value? */
static bool is_carried(const struct effects *x, struct slice column)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct object *o = x->after.v[i].was;

		if (!x->after.v[i].gone && fx_is_foreign(o) &&
			my_names_have(o->constraint.columns, column) &&
			(slice_is(o->constraint.on_update, "cascade") ||
				slice_is(o->constraint.on_update, "set null") ||
				slice_is(o->constraint.on_delete, "set null")))
			return true;
	}
	return false;
}

/* MariaDB stores no CHAR's text, of which sql_mode decides whether blanks stand at its end. */
static bool is_stored_well(struct effects *x, const struct object *def)
{
	static const char *const trimming[] = {"rtrim", "trim"};
	const struct expr *e = &def->column.generation;
	struct slice type = def->column.type, base = my_type_base(type), bare;

	for (size_t i = 0; i < sizeof trimming / sizeof *trimming; i++)
		for (size_t k = 0; k < e->facts->functions.n; k++)
			if (slice_iis(e->facts->functions.at[k], trimming[i]))
				return true;
	bare = slice_trim(e->text);
	for (size_t i = 0; i < bare.len; i++)
		if (strchr("=<>", bare.at[i]))
			return true; /* compared, blanks do not count */
	for (size_t i = 0; i < e->facts->columns.n; i++) {
		const struct after_part *p =
			after_find(&x->after, OBJECT_COLUMN, e->facts->columns.at[i]);
		const struct object *c = !p ? NULL : p->will ? p->will : p->was;

		if (c && slice_is(my_type_base(c->column.type), "char") &&
			!(e->facts->functions.n == 0 && e->facts->columns.n == 1 &&
				slice_is(base, "char")))
			return false;
	}
	return true;
}

/* Is a virtual column's value kept by an index? */
static bool is_kept(const struct effects *x, struct slice column)
{
	for (size_t i = 0; i < x->after.n; i++)
		if (!x->after.v[i].gone && x->after.v[i].type == OBJECT_INDEX &&
			my_names_have(x->after.v[i].columns, column))
			return true;
	return false;
}

/* The expression of a generated column. */
static void generation_fits(struct effects *x, const struct change *ch)
{
	const struct expr *e = &ch->def->column.generation;
	bool stored = slice_is(ch->def->column.generated, "stored");

	if (!e->text.len || !e->facts)
		return;
	fx_expr_fits(x, e,
		stored || (is_mariadb(&x->d) && is_kept(x, ch->def->name)) ? FX_STORED : FX_VIRTUAL,
		ch->name);
	if (!x->t || x->t->tainted)
		return;
	if (is_mariadb(&x->d) && (stored || is_kept(x, ch->def->name)) &&
		!is_stored_well(x, ch->def))
		fx_fails(x, OUTCOME_FAILS, "the value of %.*s follows from the session",
			SLICE(ch->name));
	for (size_t i = 0; i < e->facts->columns.n; i++)
		if (stored && is_carried(x, e->facts->columns.at[i]))
			fx_fails(x, OUTCOME_FAILS, "%.*s is changed by a foreign key",
				SLICE(e->facts->columns.at[i]));
}

void fx_column_fits(struct effects *x, const struct change *ch)
{
	fx_type_fits(x, ch);
	generation_fits(x, ch);
	fx_default_fits(x, ch->def, span_text(ch->span));
	fx_expr_fits(x, &ch->def->column.default_value, FX_DEFAULT, ch->name);
}

void fx_add_column(struct effects *x, const struct change *ch)
{
	const struct column_def *d = &ch->def->column;
	const struct object *old;

	fx_part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS) &&
		fx_part(x, OBJECT_COLUMN, ch->name, &old) == PRESENT)
		return;
	fx_want_free(x, ch, OBJECT_COLUMN, ch->name, "column");
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (e->kind == CHANGE_ADD_COLUMN && slice_ieq(e->name, ch->name) &&
			!fx_flag(ch, CHANGE_IF_NOT_EXISTS))
			fx_fails(x, OUTCOME_FAILS, "the column %.*s is added twice",
				SLICE(ch->name));
	wants_neighbour(x, ch);
	fx_column_fits(x, ch);
	fx_mysql_add_column(x, ch);
	if (slice_is(ch->name, "FTS_DOC_ID"))
		for (size_t i = 0; i < x->after.n; i++)
			if (x->after.v[i].was && x->after.v[i].type == OBJECT_INDEX &&
				slice_is(x->after.v[i].was->index.method, "fulltext"))
				fx_fails(x, OUTCOME_FAILS,
					"InnoDB has a hidden column FTS_DOC_ID there already");
	if (!slice_empty(d->identity))
		counter_wants_key(x, ch);
	fx_breaks(x, BREAKS_NEW_CODE, ch, OBJECT_COLUMN, ch->name, true);
	if (d->not_null && !d->default_value.text.len && !d->identity.len && !d->generated.len &&
		!slice_starts(d->type, "enum") && fx_is_strict(x))
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
}

/* ---- DROP COLUMN ---- */

bool fx_is_foreign(const struct object *o)
{
	return o && o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "foreign key");
}

static size_t columns_left(const struct effects *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->after.n; i++)
		n += x->after.v[i].type == OBJECT_COLUMN && !x->after.v[i].gone;
	return n;
}

/* What stays and cannot do without the column. */
static void column_is_needed(struct effects *x, const struct after_part *p, struct slice column)
{
	const struct object *o = p->was;
	struct slice text;

	if (!o || p->gone)
		return;
	fx_mysql_functional(x, p, column);
	if (fx_is_foreign(o) && my_names_have(o->constraint.columns, column))
		fx_fails(x, OUTCOME_FAILS, "%.*s is needed by the foreign key %.*s", SLICE(column),
			SLICE(o->name));
	if (p->shrunk && is_mariadb(&x->d) && (p->type == OBJECT_CONSTRAINT || o->index.unique) &&
		my_names_have(
			p->type == OBJECT_INDEX ? o->index.columns : o->constraint.columns, column))
		fx_fails(x, OUTCOME_FAILS, "%.*s is part of the key %.*s", SLICE(column),
			SLICE(o->name));
	if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "check")) {
		text = o->constraint.expression.normal.len ? o->constraint.expression.normal
							   : o->constraint.expression.text;
		if (my_mentions(x->a, x->d.dialect, text, column))
			fx_fails(x, OUTCOME_FAILS, "the check %.*s mentions %.*s", SLICE(o->name),
				SLICE(column));
	}
	if (o->type != OBJECT_COLUMN || slice_ieq(o->name, column))
		return;
	text = o->column.generation.normal.len ? o->column.generation.normal
					       : o->column.generation.text;
	if (text.len && my_mentions(x->a, x->d.dialect, text, column))
		fx_fails(x, OUTCOME_FAILS, "the column %.*s is computed from %.*s", SLICE(o->name),
			SLICE(column));
}

static void column_is_referenced(struct effects *x, struct slice column)
{
	const struct object **keys;
	size_t n = catalog_referencing(x->c, x->t, x->a, &keys);

	for (size_t i = 0; i < x->after.n; i++) /* its own rows */
		if (!x->after.v[i].gone && fx_is_foreign(x->after.v[i].was) &&
			slice_ieq(x->after.v[i].was->constraint.ref_table.name, x->t->name) &&
			my_names_have(x->after.v[i].was->constraint.ref_columns, column))
			fx_fails(x, OUTCOME_FAILS, "%.*s is needed by the foreign key %.*s",
				SLICE(column), SLICE(x->after.v[i].name));
	for (size_t i = 0; i < n; i++)
		if (my_names_have(keys[i]->constraint.ref_columns, column))
			fx_fails(x, OUTCOME_FAILS, "%.*s is needed by the foreign key %.*s",
				SLICE(column), SLICE(keys[i]->name));
}

static bool drops_period(const struct effects *x)
{
	for (size_t i = 0; i < x->st->nchanges; i++)
		if (x->st->changes[i].kind == CHANGE_SYSTEM_VERSIONING &&
			slice_istarts(x->st->changes[i].value.text, "DROP"))
			return true;
	return false;
}

void fx_drop_column(struct effects *x, const struct change *ch)
{
	const struct object *c = NULL;
	enum presence there = fx_part(x, OBJECT_COLUMN, ch->name, &c);

	fx_part_rerun(x, ch, CHANGE_IF_EXISTS);
	fx_want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
	if (there == ABSENT && fx_flag(ch, CHANGE_IF_EXISTS))
		return;
	if (x->t && there == PRESENT) {
		for (size_t i = 0; i < x->after.n; i++)
			column_is_needed(x, &x->after.v[i], ch->name);
		column_is_referenced(x, ch->name);
		if (x->t->table_.definition.text.len &&
			my_mentions(x->a, x->d.dialect, x->t->table_.definition.text, ch->name))
			fx_fails(x, OUTCOME_FAILS, "the partitions of %.*s are by %.*s",
				SLICE(fx_show(x, ch->target)), SLICE(ch->name));
		for (size_t i = 0; i < x->t->table_.options.n; i++)
			if (slice_istarts(x->t->table_.options.at[i], "PERIOD FOR") &&
				my_mentions(
					x->a, x->d.dialect, x->t->table_.options.at[i], ch->name) &&
				!drops_period(x))
				fx_fails(x, OUTCOME_FAILS, "%.*s is a column of a period",
					SLICE(ch->name));
		if (!x->t->tainted && columns_left(x) == 0)
			fx_fails(x, OUTCOME_FAILS, "a table needs a column");
	}
	fx_undo(x, c && !slice_empty(c->column.generated) ? UNDO_EXACT : UNDO_SCHEMA_ONLY);
	fx_destroys(
		x, ch, OBJECT_COLUMN, ch->name, there == PRESENT || !fx_flag(ch, CHANGE_IF_EXISTS));
	fx_breaks(x, BREAKS_OLD_READERS, ch, OBJECT_COLUMN, ch->name, true);
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
}

/* ---- renames and MODIFY ---- */

/* Columns that change names in a circle: a second run turns it once more. */
static bool is_swapped(const struct effects *x, struct slice to)
{
	for (size_t i = 0; i < x->st->nchanges; i++)
		if ((x->st->changes[i].kind == CHANGE_RENAME_COLUMN ||
			    x->st->changes[i].kind == CHANGE_MODIFY_COLUMN) &&
			slice_ieq(x->st->changes[i].name, to) &&
			!slice_ieq(x->st->changes[i].other.name, to) &&
			!slice_empty(x->st->changes[i].other.name))
			return true;
	return false;
}

void fx_rename_column(struct effects *x, const struct change *ch)
{
	const struct object *c;

	if (slice_eq(ch->name, ch->other.name))
		return;
	fx_mysql_rename_column(x, ch);
	if (fx_flag(ch, CHANGE_IF_EXISTS)) {
		if (fx_part(x, OBJECT_COLUMN, ch->name, &c) == ABSENT)
			return;
	} else if (!slice_ieq(ch->name, ch->other.name)) {
		fx_rerun(x, is_swapped(x, ch->other.name) ? RERUN_DIFFERS : RERUN_FAILS);
	}
	if (!slice_ieq(ch->name, ch->other.name))
		fx_want_free(x, ch, OBJECT_COLUMN, ch->other.name, "column");
	fx_breaks(x, BREAKS_OLD_READERS, ch, OBJECT_COLUMN, ch->name, true);
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
	fx_breaks(x, BREAKS_NEW_CODE, ch, OBJECT_COLUMN, ch->other.name, true);
}

/* In strict mode a value that does not fit stops the statement; a fraction is rounded away. */
static void narrowing(struct effects *x, const struct change *ch, const struct object *from)
{
	bool loses = my_type_loses(from->column.type, ch->def->column.type);

	if (!loses || !my_type_rounds_only(from->column.type, ch->def->column.type))
		fx_fails(x, OUTCOME_MAY_FAIL, "a value may not fit the new type");
	if (loses || !fx_is_strict(x)) {
		fx_undo(x, UNDO_SCHEMA_ONLY);
		fx_destroys(x, ch, OBJECT_COLUMN, ch->name, false);
	}
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, false);
}

/* A column at either end of a foreign key keeps its type. */
static void key_keeps_type(struct effects *x, const struct change *ch, const struct object *from)
{
	const struct object **keys;
	size_t n;

	if (slice_eq(from->column.type, ch->def->column.type))
		return;
	if (!is_mariadb(&x->d) && slice_starts(from->column.type, "varchar"))
		return;
	for (size_t i = 0; i < x->after.n; i++)
		if (!x->after.v[i].gone && fx_is_foreign(x->after.v[i].was) &&
			my_names_have(x->after.v[i].was->constraint.columns, ch->name))
			fx_fails(x, OUTCOME_FAILS, "%.*s is part of the foreign key %.*s",
				SLICE(ch->name), SLICE(x->after.v[i].name));
	for (size_t i = 0; i < x->after.n; i++) /* its own rows */
		if (!x->after.v[i].gone && fx_is_foreign(x->after.v[i].was) &&
			slice_ieq(x->after.v[i].was->constraint.ref_table.name, x->t->name) &&
			my_names_have(x->after.v[i].was->constraint.ref_columns, ch->name))
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to %.*s",
				SLICE(x->after.v[i].name), SLICE(ch->name));
	n = catalog_referencing(x->c, x->t, x->a, &keys);
	for (size_t i = 0; i < n; i++)
		if (my_names_have(keys[i]->constraint.ref_columns, ch->name))
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to %.*s",
				SLICE(keys[i]->name), SLICE(ch->name));
}

/* MariaDB's addresses and UUIDs become text, and no other of them. */
static void stays_of_its_kind(struct effects *x, const struct change *ch, const struct object *from)
{
	static const char *const kinds[] = {"uuid", "inet4", "inet6"};
	struct slice a = my_type_base(from->column.type), b = my_type_base(ch->def->column.type);
	int known = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		known += slice_is(a, kinds[i]) + slice_is(b, kinds[i]);
	if (known == 2 && !slice_eq(a, b) && x->d.version < 110300)
		fx_fails(x, OUTCOME_FAILS, "%.*s does not become %.*s", SLICE(a), SLICE(b));
}

static void generated_stays(struct effects *x, const struct object *from, const struct change *ch)
{
	struct slice a = from->column.generated, b = ch->def->column.generated;
	bool virtual = slice_is(a, "virtual") || slice_is(b, "virtual");

	if (slice_eq(a, b) || (!virtual && (!is_mariadb(&x->d) || slice_empty(b))))
		return;
	fx_fails(x, OUTCOME_FAILS,
		"%.*s cannot become, or cease to be, a generated column in place", SLICE(ch->name));
}

static void spatial_stays(struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (!p->gone && p->was && p->type == OBJECT_INDEX &&
			slice_is(p->was->index.method, "spatial") &&
			my_names_have(p->columns, ch->name) && !ch->def->column.not_null)
			fx_fails(x, OUTCOME_FAILS,
				"the SPATIAL index %.*s wants %.*s to be NOT NULL", SLICE(p->name),
				SLICE(ch->name));
	}
}

/* MariaDB's COMPRESSED columns are in no index. */
static void packed_fits(struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (!p->gone && (p->type == OBJECT_INDEX || after_is_primary(p)) &&
			names_has(ch->def->column.options, SL("compressed")) &&
			my_names_have(p->columns, ch->name))
			fx_fails(x, OUTCOME_FAILS, "%.*s is in the key %.*s", SLICE(ch->name),
				SLICE(p->name));
	}
}

void fx_modify_column(struct effects *x, const struct change *ch)
{
	const struct object *c = NULL;
	struct object from, to;
	struct type_question q = {0};

	fx_want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
	wants_neighbour(x, ch);
	fx_column_fits(x, ch);
	if (!slice_empty(ch->other.name))
		fx_rename_column(x, ch);
	if (fx_part(x, OBJECT_COLUMN, ch->name, &c) != PRESENT) {
		if (!x->t || x->t->tainted)
			effect_need(x->a, x->out,
				arena_printf(x->a, "old definition of %.*s.%.*s",
					SLICE(fx_show(x, ch->target)), SLICE(ch->name)));
		return;
	}
	generated_stays(x, c, ch);
	stays_of_its_kind(x, ch, c);
	key_keeps_type(x, ch, c);
	fx_mysql_modify_column(x, ch, c);
	from = my_with_charset(x->t, c);
	to = my_with_charset(x->t, ch->def);
	q.from = &from;
	q.to = &to;
	q.indexed = true;
	if (my_type_change(&x->d, &q) == TYPE_NARROWER)
		narrowing(x, ch, c);
	packed_fits(x, ch);
	spatial_stays(x, ch);
	if (!slice_empty(ch->def->column.identity))
		counter_wants_key(x, ch);
	if (!c->column.not_null && ch->def->column.not_null) {
		struct names one = {(struct slice *)&ch->def->name, 1};

		fx_stays_nullable(x, one);
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may hold NULL there");
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
	}
}
