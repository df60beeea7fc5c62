/* effects_mysql.c - what MySQL refuses and MariaDB takes, as MySQL 9.7 was seen refusing it. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* ---- the value that a new column has in the rows that are there ---- */

/* Functions that may give each row, or each replica, another value. ADD COLUMN is refused with one
 * of them in its default, whatever the binary log's format: error 1674. */
static bool calls_unsafe(const struct expr *e)
{
	static const char *const unsafe[] = {"uuid", "uuid_short", "rand", "user", "session_user",
		"system_user", "sysdate", "load_file", "found_rows", "row_count", "sleep"};

	for (size_t i = 0; e->facts && i < e->facts->functions.n; i++)
		for (size_t k = 0; k < sizeof unsafe / sizeof *unsafe; k++)
			if (slice_iis(e->facts->functions.at[i], unsafe[k]))
				return true;
	return false;
}

static bool is_date(struct slice base)
{
	return slice_is(base, "date") || slice_is(base, "datetime") || slice_is(base, "timestamp");
}

static bool refuses_zero_dates(const struct effects *x)
{
	struct slice mode = x->s ? x->s->sql_mode : SLICE_NONE;

	return slice_empty(mode) || slice_find(mode, SL("NO_ZERO_DATE")) < mode.len ||
	       slice_find(mode, SL("TRADITIONAL")) < mode.len;
}

static void rows_get_value(struct effects *x, const struct change *ch)
{
	const struct column_def *d = &ch->def->column;
	struct slice base = my_type_base(d->type);

	if (calls_unsafe(&d->default_value))
		fx_fails(x, OUTCOME_FAILS,
			"MySQL adds no column whose default may differ from row to row (%.*s)",
			SLICE(d->default_value.text));
	if (!d->not_null || d->default_value.text.len || d->generated.len)
		return;
	if (is_date(base) && fx_is_strict(x) && refuses_zero_dates(x))
		fx_fails(x, OUTCOME_MAY_FAIL,
			"rows would get the date 0000-00-00 in %.*s, which sql_mode refuses",
			SLICE(ch->name));
	if (my_is_geometry(d->type))
		fx_fails(x, OUTCOME_MAY_FAIL, "rows would get NULL in %.*s", SLICE(ch->name));
}

/* ---- defaults ---- */

void fx_mysql_default(struct effects *x, const struct object *column)
{
	const struct column_def *d = &column->column;
	struct slice text = d->default_value.text, base = my_type_base(d->type);

	if (is_mariadb(&x->d) || !text.len)
		return;
	if (text.at[0] != '(' &&
		(my_lob_size(base) || slice_is(base, "json") || my_is_geometry(d->type)))
		fx_fails(x, OUTCOME_FAILS,
			"a default of the %.*s column %.*s has to be an expression in brackets",
			SLICE(base), SLICE(column->name));
	if (is_date(base) && slice_starts(text, "'0000-00-00") && fx_is_strict(x) &&
		refuses_zero_dates(x))
		fx_fails(x, OUTCOME_FAILS, "%.*s is no valid default of %.*s", SLICE(text),
			SLICE(column->name));
}

void fx_mysql_add_column(struct effects *x, const struct change *ch)
{
	if (!is_mariadb(&x->d))
		rows_get_value(x, ch);
}

/* ---- columns that others hold on to ---- */

static struct slice expression_of(const struct object *o)
{
	const struct expr *e =
		o->type == OBJECT_COLUMN ? &o->column.generation : &o->constraint.expression;

	return e->normal.len ? e->normal : e->text;
}

/* A key part in brackets is an expression: a column of it is neither dropped nor called otherwise
 * while the index stays. */
void fx_mysql_functional(struct effects *x, const struct after_part *p, struct slice column)
{
	if (is_mariadb(&x->d) || p->gone || !p->was || p->type != OBJECT_INDEX)
		return;
	for (size_t i = 0; i < p->was->index.keys.n; i++)
		if (slice_starts(p->was->index.keys.at[i], "(") &&
			my_mentions(x->a, x->d.dialect, p->was->index.keys.at[i], column))
			fx_fails(x, OUTCOME_FAILS, "the index %.*s is over an expression of %.*s",
				SLICE(p->was->name), SLICE(column));
}

void fx_mysql_rename_column(struct effects *x, const struct change *ch)
{
	if (is_mariadb(&x->d) || !x->t || slice_ieq(ch->name, ch->other.name))
		return;
	for (size_t i = 0; i < x->after.n; i++) {
		const struct object *o = x->after.v[i].was;
		struct slice by;

		fx_mysql_functional(x, &x->after.v[i], ch->name);
		if (!o || x->after.v[i].gone ||
			(o->type != OBJECT_COLUMN && o->type != OBJECT_CONSTRAINT))
			continue;
		by = expression_of(o);
		if (by.len && my_mentions(x->a, x->d.dialect, by, ch->name))
			fx_fails(x, OUTCOME_FAILS, "the %s %.*s is computed from %.*s",
				o->type == OBJECT_COLUMN ? "column" : "check", SLICE(o->name),
				SLICE(ch->name));
	}
	if (x->t->table_.partition_key.text.len &&
		my_mentions(x->a, x->d.dialect, x->t->table_.partition_key.text, ch->name))
		fx_fails(x, OUTCOME_FAILS, "the partitions of %.*s are by %.*s",
			SLICE(fx_show(x, ch->target)), SLICE(ch->name));
}

/* A column of an index becomes a text that an index takes only a part of. */
static void index_wants_length(struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;
		struct names keys = {0};

		if (p->gone || p->implied || (p->type != OBJECT_INDEX && !after_is_primary(p)) ||
			(p->type == OBJECT_INDEX && slice_is(o->index.method, "fulltext")))
			continue;
		if (p->type == OBJECT_INDEX)
			keys = o->index.keys;
		for (size_t k = 0; k < p->columns.n; k++)
			if (slice_ieq(p->columns.at[k], ch->def->name) &&
				!(k < keys.n && slice_chr(keys.at[k], '(') != SIZE_MAX))
				fx_fails(x, OUTCOME_FAILS,
					"the index %.*s over %.*s wants a length", SLICE(p->name),
					SLICE(ch->def->name));
	}
}

void fx_mysql_modify_column(struct effects *x, const struct change *ch, const struct object *from)
{
	if (is_mariadb(&x->d) || !x->t)
		return;
	if (my_lob_size(my_type_base(ch->def->column.type)) &&
		!my_lob_size(my_type_base(from->column.type)))
		index_wants_length(x, ch);
	if (ch->def->column.not_null ||
		!my_mentions(x->a, x->d.dialect, span_text(ch->span), SL("null")))
		return;
	for (size_t i = 0; i < x->after.n; i++)
		if (after_is_primary(&x->after.v[i]) && !x->after.v[i].gone &&
			my_names_have(x->after.v[i].columns, ch->def->name))
			fx_fails(x, OUTCOME_FAILS, "%.*s is part of the primary key",
				SLICE(ch->def->name));
}

/* ---- names ---- */

static bool is_check(const struct object *o)
{
	return o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "check");
}

/* One that the same statement drops is free. */
static bool is_let_go(const struct effects *x, const struct object *check)
{
	for (size_t i = 0; i < x->after.n; i++)
		if (x->after.v[i].was == check)
			return x->after.v[i].gone;
	return false;
}

void fx_check_name_is_free(struct effects *x, struct name on, const struct object *check)
{
	const struct object **v;
	size_t n;

	if (is_mariadb(&x->d) || check->generated_name || slice_empty(check->name))
		return;
	on = fx_resolved(x, on);
	n = catalog_bearing(x->c, check->name, x->a, &v);
	for (size_t i = 0; i < n; i++)
		if (is_check(v[i]) && slice_eq(v[i]->table->schema, on.schema) &&
			!v[i]->table->tainted && !is_let_go(x, v[i]))
			fx_fails(x, OUTCOME_FAILS, "%.*s has a check %.*s already",
				SLICE(v[i]->table->name), SLICE(check->name));
}

/* ---- FULLTEXT ---- */

void fx_mysql_fulltext(struct effects *x, bool copies)
{
	size_t n = 0;

	for (size_t i = 0; !is_mariadb(&x->d) && i < x->st->nchanges; i++) {
		const struct change *ch = &x->st->changes[i];

		n += ch->kind == CHANGE_CREATE_INDEX && ch->def &&
		     slice_is(ch->def->index.method, "fulltext");
	}
	if (n > 1 && !copies)
		fx_fails(x, OUTCOME_FAILS, "InnoDB makes one FULLTEXT index at a time");
}

/* ---- partitions ---- */

void fx_mysql_partition_by(struct effects *x)
{
	for (size_t i = 0; !is_mariadb(&x->d) && x->t && i < x->t->nparts; i++)
		if (x->t->parts[i]->type == OBJECT_COLUMN &&
			my_is_geometry(x->t->parts[i]->column.type))
			fx_fails(x, OUTCOME_FAILS, "a partitioned table has no %.*s column",
				SLICE(x->t->parts[i]->column.type));
}

/* ---- options ---- */

/* innodb_strict_mode: KEY_BLOCK_SIZE belongs to ROW_FORMAT=COMPRESSED. */
void fx_mysql_options(struct effects *x, const struct change *ch)
{
	static const char *const others[] = {
		"row_format=redundant", "row_format=compact", "row_format=dynamic"};
	bool sized = false, other = false;

	if (is_mariadb(&x->d) || !x->t)
		return;
	for (size_t i = 0; i < ch->list.n; i++)
		sized |= slice_starts(ch->list.at[i], "key_block_size=");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		other |= names_has(x->t->table_.options, slice_of(others[i]));
	for (size_t i = 0; i < ch->list.n; i++)
		other &= !slice_starts(ch->list.at[i], "row_format=");
	if (sized && other)
		fx_fails(x, OUTCOME_FAILS, "KEY_BLOCK_SIZE belongs to ROW_FORMAT=COMPRESSED");
}
