/* effects_create.c - what makes CREATE TABLE fail: columns, keys, checks and partitions that do not
 * fit each other. The new table is looked at as an ALTER TABLE looks at one that gains all of its
 * parts at once. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* https://dev.mysql.com/doc/refman/8.4/en/column-count-limit.html */
enum { MOST_COLUMNS = 4096 };

static const struct object *column_of(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

static struct names key_of(const struct object *o)
{
	return o->type == OBJECT_INDEX        ? o->index.columns
	       : o->type == OBJECT_CONSTRAINT ? o->constraint.columns
					      : (struct names){0};
}

/* ---- columns ---- */

static bool in_key(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (my_names_have(key_of(t->parts[i]), column))
			return true;
	return false;
}

static void counters_fit(struct effects *x, const struct object *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];

		if (o->type != OBJECT_COLUMN || slice_empty(o->column.identity))
			continue;
		n++;
		if (!in_key(t, o->name))
			fx_fails(x, OUTCOME_FAILS, "an AUTO_INCREMENT column must be a key");
	}
	if (n > 1)
		fx_fails(x, OUTCOME_FAILS, "a table has one AUTO_INCREMENT column");
}

static void columns_fit(struct effects *x, const struct change *ch)
{
	const struct object *t = ch->def;
	size_t visible = 0, all = 0;

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct change one = {.kind = CHANGE_ADD_COLUMN,
			.target = ch->target,
			.name = o->name,
			.def = t->parts[i],
			.span = o->span};

		if (o->type != OBJECT_COLUMN)
			continue;
		all++;
		visible += !names_has(o->column.options, SL("invisible"));
		for (size_t k = 0; k < i; k++)
			if (t->parts[k]->type == OBJECT_COLUMN &&
				slice_ieq(t->parts[k]->name, o->name))
				fx_fails(x, OUTCOME_FAILS, "the column %.*s is there twice",
					SLICE(o->name));
		fx_column_fits(x, &one);
	}
	if (all && !visible)
		fx_fails(x, OUTCOME_FAILS, "a table needs a column that is visible");
	counters_fit(x, t);
	fx_columns_fit(x);
}

/* ---- keys and checks ---- */

static void names_differ(struct effects *x, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		for (size_t k = 0; k < i; k++)
			if (t->parts[i]->type == t->parts[k]->type &&
				t->parts[i]->type != OBJECT_COLUMN &&
				!t->parts[i]->generated_name && !t->parts[k]->generated_name &&
				t->parts[i]->name.len &&
				slice_ieq(t->parts[i]->name, t->parts[k]->name))
				fx_fails(x, OUTCOME_FAILS, "there are two keys %.*s",
					SLICE(t->parts[i]->name));
}

static void primary_fits(struct effects *x, const struct object *t, const struct object *key)
{
	fx_columns_differ(x, key->constraint.columns);
	for (size_t i = 0; i < key->constraint.columns.n; i++) {
		const struct object *c = column_of(t, key->constraint.columns.at[i]);

		if (c && !slice_empty(c->column.generated) &&
			(is_mariadb(&x->d) || slice_is(c->column.generated, "virtual")))
			fx_fails(x, OUTCOME_FAILS, "%.*s is computed and cannot be a primary key",
				SLICE(c->name));
	}
}

static void keys_fit(struct effects *x, const struct change *ch, bool whole)
{
	const struct object *t = ch->def;

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct change one = {.kind = CHANGE_CREATE_INDEX,
			.target = ch->target,
			.name = o->name,
			.def = t->parts[i]};

		if (o->type == OBJECT_INDEX)
			fx_index_fits(x, &one);
		for (size_t k = 0; whole && k < key_of(o).n && o->type == OBJECT_INDEX; k++)
			if (!column_of(t, key_of(o).at[k]) &&
				!slice_ends(k < o->index.keys.n ? o->index.keys.at[k] : SLICE_NONE,
					" WITHOUT OVERLAPS"))
				fx_fails(x, OUTCOME_FAILS, "there is no column %.*s for a key",
					SLICE(key_of(o).at[k]));
		if (o->type != OBJECT_CONSTRAINT)
			continue;
		if (slice_is(o->constraint.kind, "check"))
			fx_check_name_is_free(x, ch->target, o);
		if (slice_is(o->constraint.kind, "check") && whole)
			fx_check_fits(x, o);
		else if (slice_is(o->constraint.kind, "primary key"))
			primary_fits(x, t, o);
	}
	names_differ(x, t);
}

/* ---- the table as a whole ---- */

static void options_fit(struct effects *x, const struct object *t)
{
	struct slice charset = t->table_.charset, collation = t->table_.collation;
	struct slice engine = t->table_.access_method;

	fx_charset_fits(x, charset, collation);
	if (engine.len && !my_engine_known(engine))
		fx_fails(x, OUTCOME_FAILS, "there is no storage engine %.*s", SLICE(engine));
}

static void partitions_fit(struct effects *x, const struct object *t)
{
	struct slice by = t->table_.partition_key.text;

	if (slice_empty(by))
		return;
	fx_bounds_fit(x, &t->table_.partition_key, t->table_.definition.normal);
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		bool key = (o->type == OBJECT_INDEX && o->index.unique) ||
			   (o->type == OBJECT_CONSTRAINT &&
				   slice_is(o->constraint.kind, "primary key"));

		if (fx_is_foreign(o))
			fx_fails(x, OUTCOME_FAILS, "a partitioned table has no foreign key");
		for (size_t k = 0; key && k < t->nparts; k++)
			if (t->parts[k]->type == OBJECT_COLUMN &&
				my_mentions(x->a, x->d.dialect, by, t->parts[k]->name) &&
				!my_names_have(key_of(o), t->parts[k]->name))
				fx_fails(x, OUTCOME_FAILS,
					"the key %.*s lacks %.*s, which the rows are spread by",
					SLICE(o->name), SLICE(t->parts[k]->name));
	}
}

/* All parts of the new table, as if they were added to one without any. */
static void look_at_new(struct effects *y, const struct effects *x, struct object *t)
{
	static const struct statement nothing;

	*y = *x;
	y->t = t;
	my_after(y->a, &y->d, t, &nothing, &y->after);
	for (size_t i = 0; i < y->after.n; i++) {
		y->after.v[i].will = y->after.v[i].was;
		y->after.v[i].was = NULL;
	}
}

/* At least so many bytes belong to it in a row. */
static unsigned long long least_bytes(const struct effects *x, const struct object *column)
{
	struct object c = my_with_charset(x->t, column);
	struct slice base = my_type_base(c.column.type);
	bool text = slice_is(base, "varchar") || slice_is(base, "char");
	unsigned long long n = 0;

	if (!text && !slice_is(base, "varbinary") && !slice_is(base, "binary"))
		return 1;
	if (!my_type_number(c.column.type, &n))
		return 1;
	return text && !slice_empty(c.column.charset)
		       ? n * (unsigned)my_charset_bytes(c.column.charset)
		       : n;
}

/* https://dev.mysql.com/doc/refman/8.4/en/column-count-limit.html, Row Size Limits: TEXT and BLOB
 * do not count, NULLs and the lengths do a little. */
void fx_row_fits(struct effects *x)
{
	enum { MOST_BYTES = 65535 };
	unsigned long long bytes = 0;

	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (p->type == OBJECT_COLUMN && !p->gone)
			bytes += least_bytes(x, p->will ? p->will : p->was);
	}
	if (bytes <= MOST_BYTES)
		return;
	x->out->row_bytes = bytes;
	fx_fails(x, OUTCOME_FAILS, "its columns declare at least %llu bytes, a row holds 65,535",
		bytes);
}

void fx_created_fits(struct effects *x, const struct change *ch)
{
	bool whole = ch->kind == CHANGE_CREATE_TABLE && slice_empty(ch->other.name);
	const struct object *t = ch->def;
	bool innodb =
		slice_empty(t->table_.access_method) || slice_is(t->table_.access_method, "InnoDB");
	struct effects y;

	if (t->nparts > MOST_COLUMNS && t->parts[MOST_COLUMNS]->type == OBJECT_COLUMN) {
		fx_fails(
			x, OUTCOME_FAILS, "too many columns: a table has at most %d", MOST_COLUMNS);
		return;
	}
	look_at_new(&y, x, ch->def);
	fx_created_keys_fit(&y, ch);
	if (whole) { /* else columns come from elsewhere, too */
		columns_fit(&y, ch);
		fx_row_fits(&y);
	}
	keys_fit(&y, ch, whole);
	if (whole && innodb && is_mariadb(&x->d))
		fx_keys_fit(&y);
	options_fit(x, t);
	if (whole)
		partitions_fit(x, t);
}
