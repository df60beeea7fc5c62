/* effects_key.c - ALTER TABLE, CREATE INDEX, DROP INDEX: keys, indexes and checks. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* The key that it adds is the one that it drops. */
static bool keeps_key(const struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++)
		if (x->after.v[i].by == ch && x->after.v[i].twin)
			return true;
	return false;
}

static const struct object *column_in(const struct object *t, struct slice name)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

/* A check written beside a column that is added or modified: MariaDB looks at no row for it. */
static const struct change *beside(const struct effects *x, const struct change *ch)
{
	return ch > x->st->changes && ch[-1].def && ch[-1].def->type == OBJECT_COLUMN &&
			       slice_eq(ch[-1].def->name, ch->name)
		       ? &ch[-1]
		       : NULL;
}

static void add_check(struct effects *x, const struct change *ch)
{
	const struct change *column = is_mariadb(&x->d) ? beside(x, ch) : NULL;
	const struct object *old;

	if (column) {
		fx_rerun(x, column->kind == CHANGE_ADD_COLUMN ? RERUN_FAILS : RERUN_SAME);
		if (column->kind == CHANGE_ADD_COLUMN) {
			fx_check_fits(x, ch->def);
			return;
		}
		if (slice_starts(ch->def->constraint.expression.normal, "json_valid(")) {
			if (fx_part(x, OBJECT_CONSTRAINT, ch->name, &old) != PRESENT)
				fx_fails(x, OUTCOME_MAY_FAIL, "a value may not be valid JSON");
			return;
		}
	} else if (slice_empty(ch->name)) {
		fx_rerun(x, RERUN_DIFFERS);
	} else {
		fx_want_free(x, ch, OBJECT_CONSTRAINT, ch->name, "constraint");
		fx_check_name_is_free(x, ch->target, ch->def);
		fx_part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	}
	fx_check_fits(x, ch->def);
	if (ch->def->constraint.not_enforced)
		return;
	if (!column)
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may not satisfy the check");
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, fx_name_made(x, ch), true);
}

static void unique_fits_partitions(struct effects *x, struct names columns, struct slice name);

/* Some of the columns are a unique key by themselves already. */
static bool is_unique_already(const struct effects *x, struct names columns, bool no_nulls)
{
	for (size_t i = 0; x->t && i < x->t->nparts; i++) {
		const struct object *o = x->t->parts[i];
		struct names key = {0};
		bool within = true;

		if (o->type == OBJECT_INDEX && o->index.unique)
			key = o->index.columns;
		else if (o->type == OBJECT_CONSTRAINT &&
			 slice_is(o->constraint.kind, "primary key"))
			key = o->constraint.columns;
		for (size_t k = 0; k < key.n; k++) {
			const struct object *c = column_in(x->t, key.at[k]);

			within &= my_names_have(columns, key.at[k]) && c &&
				  (c->column.not_null || !no_nulls);
		}
		if (key.n && within)
			return true;
	}
	return false;
}

static bool has_nullable(const struct effects *x, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		const struct object *c = column_in(x->t, columns.at[i]);

		if (c && !c->column.not_null)
			return true;
	}
	return false;
}

void fx_columns_differ(struct effects *x, struct names columns)
{
	for (size_t i = 1; i < columns.n; i++) {
		struct names before = {columns.at, i};

		if (my_names_have(before, columns.at[i]))
			fx_fails(x, OUTCOME_FAILS, "the key has %.*s twice", SLICE(columns.at[i]));
	}
}

static void add_primary_key(struct effects *x, const struct change *ch)
{
	const struct object *old;

	fx_columns_differ(x, ch->def->constraint.columns);
	fx_rerun(x, fx_is_replaced(x, ch) || fx_flag(ch, CHANGE_IF_NOT_EXISTS) ? RERUN_SAME
									       : RERUN_FAILS);
	if (fx_part(x, OBJECT_CONSTRAINT, SL("PRIMARY"), &old) == PRESENT && !keeps_key(x, ch))
		for (size_t i = 0; i < x->after.n; i++)
			if (x->after.v[i].was == old && !x->after.v[i].gone &&
				!fx_flag(ch, CHANGE_IF_NOT_EXISTS))
				fx_fails(x, OUTCOME_FAILS, "%.*s already has a primary key",
					SLICE(fx_show(x, ch->target)));
	for (size_t i = 0; i < ch->def->constraint.columns.n; i++)
		fx_want_part(x, ch, OBJECT_COLUMN, ch->def->constraint.columns.at[i], "column");
	if (!keeps_key(x, ch))
		unique_fits_partitions(x, ch->def->constraint.columns, SL("PRIMARY"));
	for (size_t i = 0; i < ch->def->constraint.columns.n; i++) {
		const struct object *c = fx_new_column(x, ch->def->constraint.columns.at[i]);

		if (c && !slice_empty(c->column.identity))
			return;
	}
	if (keeps_key(x, ch))
		return;
	fx_stays_nullable(x, ch->def->constraint.columns);
	if (!is_unique_already(x, ch->def->constraint.columns, true) ||
		has_nullable(x, ch->def->constraint.columns))
		fx_fails(x, OUTCOME_MAY_FAIL, "two rows may have the same key");
	if (!fx_is_replaced(x, ch))
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, SL("PRIMARY"), true);
}

void fx_add_constraint(struct effects *x, const struct change *ch)
{
	struct slice kind = ch->def->constraint.kind;

	if (slice_is(kind, "check")) {
		add_check(x, ch);
		return;
	}
	if (slice_is(kind, "primary key")) {
		add_primary_key(x, ch);
		return;
	}
	if (slice_is(kind, "foreign key") && x->t && x->t->table_.access_method.len &&
		!slice_is(x->t->table_.access_method, "InnoDB"))
		return; /* other engines read it and forget it */
	if (slice_empty(ch->name) && !fx_flag(ch, CHANGE_IF_NOT_EXISTS))
		fx_rerun(x, RERUN_DIFFERS);
	else
		fx_part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	fx_want_free(x, ch, OBJECT_CONSTRAINT, ch->name, "constraint");
	if (slice_is(kind, "foreign key"))
		fx_add_foreign_key(x, ch);
}

/* c(10): a part of a text, of not more characters than it has. */
static void prefix_fits(struct effects *x, const struct object *column, struct slice key)
{
	struct slice base = my_type_base(column->column.type), inside;
	size_t open = slice_chr(key, '('), close = slice_chr(key, ')');
	unsigned long long length = 0, most = 0;
	bool text = slice_ends(base, "char") || slice_ends(base, "binary");

	if (open >= key.len || close >= key.len || close < open)
		return;
	inside = slice_sub(key, open + 1, close - open - 1);
	if (!slice_u64(inside, &length))
		return; /* a column in brackets: an expression of MySQL's */
	if (length == 0)
		fx_fails(x, OUTCOME_FAILS, "an index over no characters of %.*s",
			SLICE(column->name));
	if (!text && !my_lob_size(base) && !my_is_geometry(column->column.type) &&
		!slice_is(base, "json"))
		fx_fails(x, OUTCOME_FAILS, "%.*s is no text: an index takes all of it",
			SLICE(column->name));
	if (text && my_type_number(column->column.type, &most) && length > most)
		fx_fails(x, OUTCOME_FAILS, "%.*s has %llu characters at most, the index wants %llu",
			SLICE(column->name), most, length);
}

void fx_index_fits(struct effects *x, const struct change *ch)
{
	const struct index_def *d = &ch->def->index;

	if (slice_find(span_text(ch->def->span), SL("((")) == SIZE_MAX)
		fx_columns_differ(x, d->columns);
	for (size_t i = 0; i < d->columns.n; i++) {
		const struct after_part *p = after_find(&x->after, OBJECT_COLUMN, d->columns.at[i]);
		const struct object *c = !p ? NULL : p->will ? p->will : p->was;
		struct slice base = c ? my_type_base(c->column.type) : SLICE_NONE;
		bool cut = i < d->keys.n && slice_chr(d->keys.at[i], '(') != SIZE_MAX;

		if (!c)
			continue;
		if (cut && !slice_is(d->method, "fulltext") && !slice_is(d->method, "spatial"))
			prefix_fits(x, c, d->keys.at[i]);
		if (slice_is(d->method, "fulltext")) {
			if (!my_type_has_charset(c->column.type) || slice_is(base, "enum") ||
				slice_is(base, "set") || slice_is(c->column.generated, "virtual"))
				fx_fails(x, OUTCOME_FAILS, "%.*s cannot be in a FULLTEXT index",
					SLICE(c->name));
		} else if (slice_is(d->method, "spatial")) {
			if (!c->column.not_null)
				fx_fails(x, OUTCOME_FAILS,
					"a SPATIAL index wants %.*s to be NOT NULL",
					SLICE(c->name));
			else if (x->t && !p->was && !c->column.default_value.text.len &&
				 is_mariadb(&x->d))
				fx_fails(x, OUTCOME_MAY_FAIL, "the rows have no place in %.*s yet",
					SLICE(c->name));
		} else if (my_lob_size(base) && !cut && !is_mariadb(&x->d)) {
			fx_fails(x, OUTCOME_FAILS, "an index over %.*s wants a length",
				SLICE(c->name));
		}
	}
}

/* The bytes of a key, text in full; *cut: of one column more than any key may have. */
static unsigned long long key_bytes(struct effects *x, const struct after_part *p,
	struct names keys, unsigned long long *largest, bool *any_whole)
{
	unsigned long long all = 0;

	*largest = 0;
	for (size_t i = 0; i < p->columns.n; i++) {
		const struct after_part *c = after_find(&x->after, OBJECT_COLUMN, p->columns.at[i]);
		struct slice key = i < keys.n ? keys.at[i] : SLICE_NONE;
		unsigned long long n;
		struct object column;
		bool whole;

		if (!c)
			continue;
		column = my_with_charset(x->t, c->will ? c->will : c->was);
		n = my_key_part_bytes(&x->d, &column, key, &whole);
		*any_whole |= whole;
		n = whole ? MY_KEY_BYTES : n;
		*largest = n > *largest ? n : *largest;
		all += n > MY_KEY_BYTES && !after_is_primary(p) ? MY_KEY_BYTES : n;
	}
	return all;
}

static bool is_touched(const struct effects *x, const struct after_part *p)
{
	for (size_t i = 0; i < p->columns.n; i++) {
		const struct after_part *c = after_find(&x->after, OBJECT_COLUMN, p->columns.at[i]);

		if (c && c->will)
			return true;
	}
	return !p->was;
}

/* MySQL cuts nothing and hashes nothing. `column`: the largest one where 767 bytes are the limit.
 */
static void mysql_key_fits(struct effects *x, const struct after_part *p, unsigned long long all,
	unsigned long long column)
{
	bool said = true;

	for (size_t i = 0; i < p->columns.n; i++) {
		const struct after_part *c = after_find(&x->after, OBJECT_COLUMN, p->columns.at[i]);
		struct object o = {0};

		if (c)
			o = my_with_charset(x->t, c->will ? c->will : c->was);
		said &= c && (!my_type_has_charset(o.column.type) || o.column.charset.len);
	}
	if (column > 767)
		fx_fails(x, said ? OUTCOME_FAILS : OUTCOME_MAY_FAIL,
			"a column of the key %.*s has more than 767 bytes", SLICE(p->name));
	if (all > MY_KEY_BYTES)
		fx_fails(x, said ? OUTCOME_FAILS : OUTCOME_MAY_FAIL,
			"the key %.*s has more than 3072 bytes", SLICE(p->name));
}

/* MariaDB's InnoDB: a plain index over one long column is cut, a unique one is kept by a hash. */
void fx_keys_fit(struct effects *x)
{
	bool older = names_has(x->t->table_.options, SL("row_format=redundant")) ||
		     names_has(x->t->table_.options, SL("row_format=compact"));

	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;
		bool index = p->type == OBJECT_INDEX && !p->implied;
		unsigned long long all, largest;
		bool whole = false;

		if (p->gone || (!index && !after_is_primary(p)) || !is_touched(x, p) ||
			(index && (slice_is(o->index.method, "fulltext") ||
					  slice_is(o->index.method, "spatial"))))
			continue;
		all = key_bytes(x, p, index ? o->index.keys : (struct names){0}, &largest, &whole);
		if (!is_mariadb(&x->d)) {
			mysql_key_fits(x, p, all, older ? largest : 0);
			continue;
		}
		if (older && largest > 767 && !(whole && index && o->index.unique))
			fx_fails(x, OUTCOME_FAILS,
				"a column of the key %.*s has more than 767 bytes", SLICE(p->name));
		if (all > MY_KEY_BYTES && (!index || (!o->index.unique && p->columns.n > 1)))
			fx_fails(x, OUTCOME_FAILS, "the key %.*s has more than 3072 bytes",
				SLICE(p->name));
	}
}

static struct names primary_of(const struct object *t)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key"))
			return t->parts[i]->constraint.columns;
	return (struct names){0};
}

/* Every unique key of a partitioned table has the columns that its rows are spread by. */
static void unique_fits_partitions(struct effects *x, struct names columns, struct slice name)
{
	struct slice by = x->t ? x->t->table_.partition_key.text : SLICE_NONE;
	struct names primary = primary_of(x->t);
	bool by_primary = slice_istarts(by, "KEY") && slice_ends(by, "()");

	for (size_t i = 0; by.len && i < x->t->nparts; i++) {
		const struct object *c = x->t->parts[i];

		if (c->type == OBJECT_COLUMN &&
			(by_primary ? my_names_have(primary, c->name)
				    : my_mentions(x->a, x->d.dialect, by, c->name)) &&
			!my_names_have(columns, c->name))
			fx_fails(x, OUTCOME_FAILS,
				"the key %.*s lacks %.*s, which the rows are "
				"spread by",
				SLICE(name), SLICE(c->name));
	}
}

/* Such a unique key is kept by a hash, and not looked at by partitions. */
static bool over_whole_text(const struct effects *x, const struct object *index)
{
	for (size_t i = 0; i < index->index.columns.n; i++) {
		const struct after_part *c =
			after_find(&x->after, OBJECT_COLUMN, index->index.columns.at[i]);
		struct slice key = i < index->index.keys.n ? index->index.keys.at[i] : SLICE_NONE;
		bool whole = false;

		if (c)
			my_key_part_bytes(&x->d, c->will ? c->will : c->was, key, &whole);
		if (whole)
			return is_mariadb(&x->d);
	}
	return false;
}

/* No column of the index is cut. */
static bool is_whole(const struct object *index)
{
	for (size_t i = 0; i < index->index.keys.n; i++)
		if (slice_chr(index->index.keys.at[i], '(') != SIZE_MAX)
			return false;
	return true;
}

void fx_create_index(struct effects *x, const struct change *ch)
{
	const struct object *old;

	if (slice_empty(ch->name))
		fx_rerun(x, RERUN_DIFFERS);
	else
		fx_part_rerun(x, ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE);
	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS) &&
		fx_part(x, OBJECT_INDEX, ch->name, &old) == PRESENT)
		return;
	fx_want_free(x, ch, OBJECT_INDEX, ch->name, "index");
	for (size_t i = 0; i < ch->def->index.columns.n; i++)
		fx_want_part(x, ch, OBJECT_COLUMN, ch->def->index.columns.at[i], "column");
	fx_index_fits(x, ch);
	if (ch->def->index.unique && !over_whole_text(x, ch->def))
		unique_fits_partitions(x, ch->def->index.columns, ch->name);
	if (!ch->def->index.unique || keeps_key(x, ch) || fx_over_empty(x, ch->def->index.columns))
		return;
	if (fx_flag(ch, CHANGE_IGNORE)) { /* all but one of equal rows go */
		fx_undo(x, UNDO_SCHEMA_ONLY);
	} else if (!is_whole(ch->def) || !is_unique_already(x, ch->def->index.columns, false)) {
		fx_fails(x, OUTCOME_MAY_FAIL, "two rows may have the same key");
	}
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_INDEX, fx_name_made(x, ch), true);
}

/* Does an index stay that serves these columns first? */
static bool served(const struct effects *x, struct names columns)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		size_t k = 0;

		if (p->gone || (p->type != OBJECT_INDEX && !after_is_primary(p)))
			continue;
		while (k < columns.n && k < p->columns.n &&
			slice_ieq(p->columns.at[k], columns.at[k]))
			k++;
		if (k == columns.n)
			return true;
	}
	return false;
}

/* Does a unique key without NULLs stay, for the rows to be kept in its order? */
static bool orders_rows(const struct effects *x)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;
		bool whole = !p->gone && p->type == OBJECT_INDEX && !p->implied && o->index.unique;

		if (!p->gone && after_is_primary(p))
			return true;
		for (size_t k = 0; whole && k < p->columns.n; k++) {
			const struct after_part *c =
				after_find(&x->after, OBJECT_COLUMN, p->columns.at[k]);

			o = !c ? NULL : c->will ? c->will : c->was;
			whole = o && o->column.not_null;
		}
		if (whole)
			return true;
	}
	return false;
}

/* Foreign keys at both ends want an index. */
static void index_is_needed(struct effects *x, struct slice index)
{
	const struct object **keys;
	size_t n;

	if (is_mariadb(&x->d) && slice_iis(index, "primary") && orders_rows(x))
		return; /* done in place, it lets that one go */
	for (size_t i = 0; i < x->after.n; i++)
		if (!x->after.v[i].gone && fx_is_foreign(x->after.v[i].was) &&
			(!is_mariadb(&x->d) || !x->s || x->s->foreign_keys) &&
			!served(x, x->after.v[i].columns))
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s needs the index %.*s",
				SLICE(x->after.v[i].name), SLICE(index));
	for (size_t i = 0; i < x->after.n; i++) /* its own rows */
		if (!x->after.v[i].gone && fx_is_foreign(x->after.v[i].was) &&
			slice_ieq(x->after.v[i].was->constraint.ref_table.name, x->t->name) &&
			!served(x, x->after.v[i].was->constraint.ref_columns))
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s needs the index %.*s",
				SLICE(x->after.v[i].name), SLICE(index));
	n = catalog_referencing(x->c, x->t, x->a, &keys);
	for (size_t i = 0; i < n; i++)
		if (!served(x, keys[i]->constraint.ref_columns))
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s needs the index %.*s",
				SLICE(keys[i]->name), SLICE(index));
}

/* An AUTO_INCREMENT column stays the first of a key. */
static void counter_loses_key(struct effects *x)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;
		struct names one = {(struct slice *)&p->name, 1};

		if (p->type == OBJECT_COLUMN && !p->gone && !slice_empty(o->column.identity) &&
			!served(x, one))
			fx_fails(x, OUTCOME_FAILS, "the AUTO_INCREMENT column %.*s must be a key",
				SLICE(p->name));
	}
}

void fx_drop_index(struct effects *x, const struct change *ch)
{
	bool primary = slice_iis(ch->name, "primary");

	fx_want_part(x, ch, primary ? OBJECT_CONSTRAINT : OBJECT_INDEX,
		primary ? SL("PRIMARY") : ch->name, "index");
	fx_part_rerun(x, ch, CHANGE_IF_EXISTS);
	if (!x->t)
		fx_destroys(x, ch, OBJECT_INDEX, ch->name, true);
	if (!x->t || x->t->tainted)
		return;
	index_is_needed(x, ch->name);
	counter_loses_key(x);
}

void fx_drop_constraint(struct effects *x, const struct change *ch)
{
	struct slice kind = ch->def ? ch->def->constraint.kind : SLICE_NONE,
		     name = slice_is(kind, "primary key") ? SL("PRIMARY") : ch->name;
	const struct object *o;

	fx_part_rerun(x, ch, CHANGE_IF_EXISTS);
	if (slice_is(kind, "primary key") && fx_is_replaced(x, ch))
		fx_rerun(x, RERUN_SAME);
	if (!x->t) {
		fx_destroys(x, ch, OBJECT_CONSTRAINT, name, true);
		return;
	}
	if (fx_part(x, OBJECT_CONSTRAINT, name, &o) == ABSENT &&
		(!slice_empty(kind) || fx_part(x, OBJECT_INDEX, name, &o) == ABSENT) &&
		!fx_flag(ch, CHANGE_IF_EXISTS))
		fx_fails(x, OUTCOME_FAILS, "%.*s has no constraint %.*s",
			SLICE(fx_show(x, ch->target)), SLICE(name));
	if (x->t->tainted || slice_is(kind, "foreign key") || slice_is(kind, "check"))
		return;
	index_is_needed(x, name);
	counter_loses_key(x);
	if (slice_iis(name, "primary") && !fx_is_replaced(x, ch) &&
		slice_istarts(x->t->table_.partition_key.text, "KEY") &&
		slice_ends(x->t->table_.partition_key.text, "()"))
		fx_fails(x, OUTCOME_FAILS, "the partitions of %.*s are by its primary key",
			SLICE(fx_show(x, ch->target)));
}
