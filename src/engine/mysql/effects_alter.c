/* effects_alter.c - ALTER TABLE, CREATE INDEX, DROP INDEX, RENAME TABLE.
 *
 * What the server would refuse is said where the schema alone tells; what depends on the rows is
 * "may fail". The rest follows from the table as it will be (after.h) and from what the server does
 * to get there (online.h). */
#include "engine/mysql/effects.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* ---- ALGORITHM and LOCK ---- */

static struct slice setting(const struct statement *st, const char *key)
{
	for (size_t i = 0; st->nchanges && i < st->changes[0].settings.n; i++) {
		struct slice s = st->changes[0].settings.at[i];

		if (slice_starts(s, key) && s.len > strlen(key) && s.at[strlen(key)] == '=')
			return slice_from(s, strlen(key) + 1);
	}
	return SLICE_NONE;
}

static int asked_algorithm(struct slice s)
{
	static const char *const words[] = {"instant", "nocopy", "inplace", "copy"};

	for (int i = 0; i < 4; i++)
		if (slice_is(s, words[i]))
			return i;
	return -1;
}

static int asked_lock(struct slice s)
{
	static const char *const words[] = {"none", "shared", "exclusive"};

	for (int i = 0; i < 3; i++)
		if (slice_is(s, words[i]))
			return i;
	return -1;
}

bool fx_is_online(enum change_kind k)
{
	return change_class_of(k) == CLASS_ALTER || k == CHANGE_CREATE_INDEX ||
	       k == CHANGE_DROP_INDEX || k == CHANGE_RENAME_COLUMN || k == CHANGE_RENAME_INDEX ||
	       k == CHANGE_COMMENT_ON || k == CHANGE_TABLE_FORCE || k == CHANGE_RENAME_TABLE;
}

static bool takes_clauses(const struct statement *st)
{
	struct slice kind = slice_of(st->kind);

	return slice_is(kind, "ALTER TABLE") || slice_is(kind, "CREATE INDEX") ||
	       slice_is(kind, "DROP INDEX");
}

/* Indexes that are written: all that will be there, or the new ones and those whose order of text
 * changed. */
static void builds(struct effects *x, const struct online *o, struct name table, bool all)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		bool primary = p->type == OBJECT_CONSTRAINT && after_is_primary(p);

		if (p->gone || (p->type != OBJECT_INDEX && !primary))
			continue;
		if (all || !p->was || p->reordered)
			fx_touch(x, &x->out->builds, &x->out->nbuilds, OBJECT_INDEX, table, p->name,
				!o->needs);
	}
}

static void refused_clauses(struct effects *x, const struct online *o, int algorithm, int lock)
{
	enum outcome how = o->needs ? OUTCOME_MAY_FAIL : OUTCOME_FAILS;

	if (algorithm >= 0 && algorithm < (int)o->algorithm)
		fx_fails(x, how, "ALGORITHM=%s is refused: it needs %s",
			my_algorithm_word((enum algorithm)algorithm),
			my_algorithm_word(o->algorithm));
	if (lock >= 0 && lock < (int)o->lock)
		fx_fails(x, how, "LOCK=%s is refused: it needs %s",
			my_lock_word((enum lock_words)lock), my_lock_word(o->lock));
	if (lock == LOCK_WORDS_NONE && algorithm == ALGO_COPY && o->lock == LOCK_WORDS_NONE &&
		!my_copies_online(&x->d, x->t))
		fx_fails(x, how, "LOCK=NONE is refused: ALGORITHM=COPY needs SHARED");
	if (!is_mariadb(&x->d) && algorithm == ALGO_NOCOPY)
		fx_fails(x, OUTCOME_FAILS, "MySQL has no ALGORITHM=NOCOPY");
	if (!is_mariadb(&x->d) && algorithm == ALGO_INSTANT && lock >= 0)
		fx_fails(x, OUTCOME_FAILS,
			"ALGORITHM=INSTANT goes with no LOCK clause but LOCK=DEFAULT");
}

static struct slice needs_text(struct effects *x, const struct online *o, const struct change *ch)
{
	bool column = !slice_eq(o->needs_of, ch->target.name);

	return arena_printf(x->a, "%s of %.*s%s%.*s", o->needs, SLICE(fx_show(x, ch->target)),
		column ? "." : "", SLICE(column ? o->needs_of : SLICE_NONE));
}

static void online_facts(struct effects *x, const struct change *first)
{
	struct online o = my_online_statement(x->a, &x->d, x->s, x->c, x->t, x->st, &x->after);
	struct name table = fx_resolved(x, first->target);
	int algorithm = asked_algorithm(setting(x->st, "algorithm")),
	    lock = asked_lock(setting(x->st, "lock"));
	bool all = o.rebuild || algorithm == ALGO_COPY;

	if (!o.applies)
		return;
	x->out->algorithm = my_algorithm_word(o.algorithm);
	x->out->lock_clause = my_lock_word(o.lock);
	if (o.needs)
		effect_need(x->a, x->out, needs_text(x, &o, first));
	refused_clauses(x, &o, algorithm, lock);
	if (all)
		fx_touch(x, &x->out->rewrites, &x->out->nrewrites, OBJECT_TABLE, table, SLICE_NONE,
			!o.needs);
	else if (o.scan)
		fx_touch(x, &x->out->scans, &x->out->nscans, OBJECT_TABLE, table, SLICE_NONE,
			!o.needs);
	builds(x, &o, table, all);
}

/* ---- parts that must be there, or must not ---- */

static bool is_drop(enum change_kind k)
{
	return k == CHANGE_DROP_INDEX || k == CHANGE_DROP_CONSTRAINT || k == CHANGE_DROP_COLUMN;
}

/* Is the part named by this change made by an earlier one of the same statement? */
static bool made_before(const struct effects *x, const struct change *ch, struct slice name)
{
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (!is_drop(e->kind) &&
			(slice_ieq(e->name, name) || slice_ieq(e->other.name, name)))
			return true;
	return false;
}

static enum presence part(
	const struct effects *x, enum object_type type, struct slice name, const struct object **o)
{
	*o = NULL;
	return x->t ? catalog_part(x->c, x->t, type, name, o) : UNKNOWN;
}

static void want_part(struct effects *x, const struct change *ch, enum object_type type,
	struct slice name, const char *word)
{
	const struct object *o;

	if (fx_flag(ch, CHANGE_IF_EXISTS) || made_before(x, ch, name))
		return;
	if (part(x, type, name, &o) == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no %s %.*s", SLICE(fx_show(x, ch->target)),
			word, SLICE(name));
}

/* A name is taken when something that stays has it. */
static void want_free(struct effects *x, const struct change *ch, enum object_type type,
	struct slice name, const char *word)
{
	const struct object *o;

	if (slice_empty(name) || fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE) ||
		part(x, type, name, &o) != PRESENT)
		return;
	for (size_t i = 0; i < x->after.n; i++)
		if (x->after.v[i].was == o &&
			(x->after.v[i].gone || !slice_ieq(x->after.v[i].name, name)))
			return;
	fx_fails(x, OUTCOME_FAILS, "%.*s already has the %s %.*s", SLICE(fx_show(x, ch->target)),
		word, SLICE(name));
}

/* Dropped and made again in one statement: a second run finds what the first one found. */
static bool is_replaced(const struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->st->nchanges; i++) {
		const struct change *o = &x->st->changes[i];

		if (o != ch && o->type == ch->type && !slice_empty(o->name) &&
			slice_ieq(o->name, ch->name) && is_drop(o->kind) != is_drop(ch->kind))
			return true;
	}
	return false;
}

static void part_rerun(struct effects *x, const struct change *ch, unsigned same)
{
	fx_rerun(x, fx_flag(ch, same) || is_replaced(x, ch) ? RERUN_SAME : RERUN_FAILS);
}

/* The name that the part gets which this change makes. */
static struct slice name_made(const struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++)
		if (x->after.v[i].by == ch && !x->after.v[i].was && !x->after.v[i].implied)
			return x->after.v[i].name;
	return ch->name;
}

static bool is_strict(const struct effects *x)
{
	struct slice mode = x->s ? x->s->sql_mode : SLICE_NONE;

	return slice_empty(mode) || slice_find(mode, SL("STRICT")) < mode.len ||
	       slice_find(mode, SL("TRADITIONAL")) < mode.len;
}

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

static const struct object *new_column(const struct effects *x, struct slice name)
{
	const struct after_part *p = after_find(&x->after, OBJECT_COLUMN, name);

	return p && !p->was ? p->will : NULL;
}

/* All columns are new and without values yet. */
static bool over_empty(const struct effects *x, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		const struct object *c = new_column(x, columns.at[i]);

		if (c && starts_empty(c))
			return true;
	}
	return false;
}

/* As many characters as bytes, none of them escaped. */
static bool is_plain_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80 || s.at[i] == '\\' || s.at[i] == '\'')
			return false;
	return true;
}

static void default_fits(struct effects *x, const struct change *ch)
{
	const struct column_def *d = &ch->def->column;
	struct slice text = d->default_value.text, base = my_type_base(d->type);
	bool quoted = text.len >= 2 && text.at[0] == '\'' && text.at[text.len - 1] == '\'';
	struct slice inside = quoted ? slice_sub(text, 1, text.len - 2) : SLICE_NONE;
	unsigned long long limit = 0;
	bool bad = d->not_null && slice_ifind(span_text(ch->span), SL("default null")) != SIZE_MAX;

	if (quoted && slice_ends(base, "int") && inside.len)
		bad |= (inside.at[0] < '0' || inside.at[0] > '9') && !strchr("-+ .", inside.at[0]);
	if (quoted && (slice_is(base, "char") || slice_is(base, "varchar")) &&
		my_type_number(d->type, &limit))
		bad |= is_plain_text(inside) && inside.len > limit;
	if (quoted && slice_is(base, "enum"))
		bad |= slice_find(d->type, text) == SIZE_MAX &&
		       slice_find(my_lower(x->a, d->type), my_lower(x->a, text)) == SIZE_MAX;
	if (bad)
		fx_fails(x, OUTCOME_FAILS, "%.*s is no valid default of %.*s", SLICE(text),
			SLICE(ch->name));
}

/* A row holds 65,535 bytes, so many has the longest VARCHAR. */
static void length_fits(struct effects *x, const struct change *ch)
{
	struct object column = my_with_charset(x->t, ch->def);
	struct slice base = my_type_base(column.column.type);
	unsigned long long n = 0;
	bool text = slice_is(base, "varchar"), said = !slice_empty(column.column.charset);
	unsigned bytes = !text ? 1 : (unsigned)my_charset_bytes(column.column.charset);

	if ((!text && !slice_is(base, "varbinary")) || !my_type_number(column.column.type, &n) ||
		n * bytes <= 65535)
		return;
	if (said || !text || n > 65535) {
		fx_fails(x, OUTCOME_FAILS, "%.*s is too long for a column",
			SLICE(column.column.type));
		return;
	}
	fx_fails(x, OUTCOME_MAY_FAIL, "%.*s is too long for a column of four bytes a character",
		SLICE(column.column.type));
	effect_need(x->a, x->out,
		arena_printf(x->a, "character set of %.*s.%.*s", SLICE(fx_show(x, ch->target)),
			SLICE(ch->name)));
}

static void wants_neighbour(struct effects *x, const struct change *ch)
{
	const struct object *o;
	struct slice after;

	if (ch->list.n == 0 || !slice_starts(ch->list.at[0], "AFTER "))
		return;
	after = slice_from(ch->list.at[0], 6);
	if (part(x, OBJECT_COLUMN, after, &o) == ABSENT &&
		!after_find(&x->after, OBJECT_COLUMN, after))
		fx_fails(x, OUTCOME_FAILS, "%.*s has no column %.*s", SLICE(fx_show(x, ch->target)),
			SLICE(after));
}

static void counter_wants_key(struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (!p->gone && (p->type == OBJECT_INDEX || p->type == OBJECT_CONSTRAINT) &&
			my_names_have(p->columns, ch->def->name))
			return;
	}
	if (x->t)
		fx_fails(x, OUTCOME_FAILS, "an AUTO_INCREMENT column must be a key");
}

/* The expression of a generated column, over columns that are not there. */
static void generation_fits(struct effects *x, const struct change *ch)
{
	const struct expr *e = &ch->def->column.generation;

	if (!x->t || x->t->tainted || !e->text.len || !e->facts)
		return;
	for (size_t i = 0; i < e->facts->columns.n; i++)
		if (!after_find(&x->after, OBJECT_COLUMN, e->facts->columns.at[i]))
			fx_fails(x, OUTCOME_FAILS, "there is no column %.*s to compute %.*s from",
				SLICE(e->facts->columns.at[i]), SLICE(ch->name));
}

static void add_column(struct effects *x, const struct change *ch)
{
	const struct column_def *d = &ch->def->column;
	const struct object *old;

	part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS) && part(x, OBJECT_COLUMN, ch->name, &old) == PRESENT)
		return;
	want_free(x, ch, OBJECT_COLUMN, ch->name, "column");
	wants_neighbour(x, ch);
	generation_fits(x, ch);
	default_fits(x, ch);
	length_fits(x, ch);
	if (!slice_empty(d->identity))
		counter_wants_key(x, ch);
	fx_breaks(x, BREAKS_NEW_CODE, ch, OBJECT_COLUMN, ch->name, true);
	if (d->not_null && !d->default_value.text.len && !d->identity.len && !d->generated.len &&
		!slice_starts(d->type, "enum") && is_strict(x))
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
}

/* ---- DROP COLUMN ---- */

static bool is_foreign(const struct object *o)
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
	if (is_foreign(o) && my_names_have(o->constraint.columns, column))
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

	for (size_t i = 0; i < n; i++)
		if (my_names_have(keys[i]->constraint.ref_columns, column))
			fx_fails(x, OUTCOME_FAILS, "%.*s is needed by the foreign key %.*s",
				SLICE(column), SLICE(keys[i]->name));
}

static void drop_column(struct effects *x, const struct change *ch)
{
	const struct object *c = NULL;
	enum presence there = part(x, OBJECT_COLUMN, ch->name, &c);

	part_rerun(x, ch, CHANGE_IF_EXISTS);
	want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
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

static void rename_column(struct effects *x, const struct change *ch)
{
	const struct object *c;

	if (slice_eq(ch->name, ch->other.name))
		return;
	if (fx_flag(ch, CHANGE_IF_EXISTS)) {
		if (part(x, OBJECT_COLUMN, ch->name, &c) == ABSENT)
			return;
	} else if (!slice_ieq(ch->name, ch->other.name)) {
		fx_rerun(x, is_swapped(x, ch->other.name) ? RERUN_DIFFERS : RERUN_FAILS);
	}
	if (!slice_ieq(ch->name, ch->other.name))
		want_free(x, ch, OBJECT_COLUMN, ch->other.name, "column");
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
	if (loses || !is_strict(x)) {
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
	if (!is_mariadb(&x->d) &&
		((x->s && !x->s->foreign_keys) || slice_starts(from->column.type, "varchar")))
		return;
	for (size_t i = 0; i < x->after.n; i++)
		if (!x->after.v[i].gone && is_foreign(x->after.v[i].was) &&
			my_names_have(x->after.v[i].was->constraint.columns, ch->name))
			fx_fails(x, OUTCOME_FAILS, "%.*s is part of the foreign key %.*s",
				SLICE(ch->name), SLICE(x->after.v[i].name));
	n = catalog_referencing(x->c, x->t, x->a, &keys);
	for (size_t i = 0; i < n; i++)
		if (my_names_have(keys[i]->constraint.ref_columns, ch->name))
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to %.*s",
				SLICE(keys[i]->name), SLICE(ch->name));
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

static void modify_column(struct effects *x, const struct change *ch)
{
	const struct object *c = NULL;
	struct object from, to;
	struct type_question q = {0};

	want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
	wants_neighbour(x, ch);
	generation_fits(x, ch);
	default_fits(x, ch);
	length_fits(x, ch);
	if (!slice_empty(ch->other.name))
		rename_column(x, ch);
	if (part(x, OBJECT_COLUMN, ch->name, &c) != PRESENT) {
		if (!x->t || x->t->tainted)
			effect_need(x->a, x->out,
				arena_printf(x->a, "old definition of %.*s.%.*s",
					SLICE(fx_show(x, ch->target)), SLICE(ch->name)));
		return;
	}
	generated_stays(x, c, ch);
	key_keeps_type(x, ch, c);
	from = my_with_charset(x->t, c);
	to = my_with_charset(x->t, ch->def);
	q.from = &from;
	q.to = &to;
	q.indexed = true;
	if (my_type_change(&x->d, &q) == TYPE_NARROWER)
		narrowing(x, ch, c);
	if (!slice_empty(ch->def->column.identity))
		counter_wants_key(x, ch);
	if (!c->column.not_null && ch->def->column.not_null) {
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may hold NULL there");
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
	}
}

/* ---- constraints and indexes ---- */

static bool leads(const struct object *index, struct names columns)
{
	struct names key =
		index->type == OBJECT_INDEX ? index->index.columns : index->constraint.columns;
	size_t k = 0;

	while (k < columns.n && k < key.n && slice_ieq(key.at[k], columns.at[k]))
		k++;
	return k == columns.n;
}

static const struct object *column_in(const struct object *t, struct slice name)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

/* The two columns of a foreign key have one type: the same integer, signed alike. */
static bool types_meet(const struct object *a, const struct object *b)
{
	struct slice x = my_type_base(a->column.type), y = my_type_base(b->column.type);
	bool text = my_type_has_charset(a->column.type) && my_type_has_charset(b->column.type);

	if (text)
		return true;
	return slice_eq(x, y) && (slice_find(a->column.type, SL(" unsigned")) == SIZE_MAX) ==
					 (slice_find(b->column.type, SL(" unsigned")) == SIZE_MAX);
}

static void foreign_key_fits(
	struct effects *x, const struct change *ch, const struct object *parent)
{
	const struct constraint_def *k = &ch->def->constraint;
	bool key = false;

	for (size_t i = 0; i < parent->nparts; i++) {
		const struct object *o = parent->parts[i];

		key |= (o->type == OBJECT_INDEX ||
			       (o->type == OBJECT_CONSTRAINT &&
				       slice_is(o->constraint.kind, "primary key"))) &&
		       leads(o, k->ref_columns);
	}
	if (!key && !parent->tainted && k->ref_columns.n)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no key over the columns referred to",
			SLICE(parent->name));
	for (size_t i = 0; i < k->columns.n && i < k->ref_columns.n; i++) {
		const struct after_part *mine =
			after_find(&x->after, OBJECT_COLUMN, k->columns.at[i]);
		const struct object *theirs = column_in(parent, k->ref_columns.at[i]),
				    *own = !mine        ? NULL
					   : mine->will ? mine->will
							: mine->was;

		if (own && theirs && !types_meet(own, theirs))
			fx_fails(x, OUTCOME_FAILS, "%.*s and %.*s.%.*s have different types",
				SLICE(k->columns.at[i]), SLICE(parent->name),
				SLICE(k->ref_columns.at[i]));
	}
}

static void add_foreign_key(struct effects *x, const struct change *ch)
{
	bool checked = !x->s || x->s->foreign_keys;
	enum presence how;
	const struct object *parent = fx_find(x, OBJECT_TABLE, ch->def->constraint.ref_table, &how);

	if (how == ABSENT && checked)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s to refer to",
			SLICE(fx_show(x, ch->def->constraint.ref_table)));
	if (parent && checked)
		foreign_key_fits(x, ch, parent);
	if (x->t)
		for (size_t i = 0; i < ch->def->constraint.columns.n; i++)
			want_part(
				x, ch, OBJECT_COLUMN, ch->def->constraint.columns.at[i], "column");
	if (over_empty(x, ch->def->constraint.columns))
		return;
	if (checked)
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may have no partner in the other table");
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, name_made(x, ch), true);
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

	if (column) {
		fx_rerun(x, column->kind == CHANGE_ADD_COLUMN ? RERUN_FAILS : RERUN_SAME);
		if (column->kind == CHANGE_ADD_COLUMN ||
			slice_starts(ch->def->constraint.expression.normal, "json_valid("))
			return;
	} else if (slice_empty(ch->name)) {
		fx_rerun(x, RERUN_DIFFERS);
	} else {
		want_free(x, ch, OBJECT_CONSTRAINT, ch->name, "constraint");
		part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	}
	if (ch->def->constraint.not_enforced)
		return;
	if (!column)
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may not satisfy the check");
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, name_made(x, ch), true);
}

static void add_primary_key(struct effects *x, const struct change *ch)
{
	const struct object *old;

	fx_rerun(x,
		is_replaced(x, ch) || fx_flag(ch, CHANGE_IF_NOT_EXISTS) ? RERUN_SAME : RERUN_FAILS);
	if (part(x, OBJECT_CONSTRAINT, SL("PRIMARY"), &old) == PRESENT)
		for (size_t i = 0; i < x->after.n; i++)
			if (x->after.v[i].was == old && !x->after.v[i].gone &&
				!fx_flag(ch, CHANGE_IF_NOT_EXISTS))
				fx_fails(x, OUTCOME_FAILS, "%.*s already has a primary key",
					SLICE(fx_show(x, ch->target)));
	for (size_t i = 0; i < ch->def->constraint.columns.n; i++)
		want_part(x, ch, OBJECT_COLUMN, ch->def->constraint.columns.at[i], "column");
	for (size_t i = 0; i < ch->def->constraint.columns.n; i++) {
		const struct object *c = new_column(x, ch->def->constraint.columns.at[i]);

		if (c && !slice_empty(c->column.identity))
			return;
	}
	fx_fails(x, OUTCOME_MAY_FAIL, "two rows may have the same key");
	if (!is_replaced(x, ch))
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, SL("PRIMARY"), true);
}

static void add_constraint(struct effects *x, const struct change *ch)
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
	if (slice_empty(ch->name) && !fx_flag(ch, CHANGE_IF_NOT_EXISTS))
		fx_rerun(x, RERUN_DIFFERS);
	else
		part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	want_free(x, ch, OBJECT_CONSTRAINT, ch->name, "constraint");
	if (slice_is(kind, "foreign key"))
		add_foreign_key(x, ch);
}

/* What an index cannot be over. */
static void index_fits(struct effects *x, const struct change *ch)
{
	const struct index_def *d = &ch->def->index;

	for (size_t i = 0; i < d->columns.n; i++) {
		const struct after_part *p = after_find(&x->after, OBJECT_COLUMN, d->columns.at[i]);
		const struct object *c = !p ? NULL : p->will ? p->will : p->was;
		struct slice base = c ? my_type_base(c->column.type) : SLICE_NONE;
		bool cut = i < d->keys.n && slice_chr(d->keys.at[i], '(') != SIZE_MAX;

		if (!c)
			continue;
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
		} else if (my_lob_size(base) && !cut && !is_mariadb(&x->d)) {
			fx_fails(x, OUTCOME_FAILS, "an index over %.*s wants a length",
				SLICE(c->name));
		}
	}
}

static void create_index(struct effects *x, const struct change *ch)
{
	const struct object *old;

	if (slice_empty(ch->name))
		fx_rerun(x, RERUN_DIFFERS);
	else
		part_rerun(x, ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE);
	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS) && part(x, OBJECT_INDEX, ch->name, &old) == PRESENT)
		return;
	want_free(x, ch, OBJECT_INDEX, ch->name, "index");
	for (size_t i = 0; i < ch->def->index.columns.n; i++)
		want_part(x, ch, OBJECT_COLUMN, ch->def->index.columns.at[i], "column");
	index_fits(x, ch);
	if (!ch->def->index.unique || over_empty(x, ch->def->index.columns))
		return;
	if (fx_flag(ch, CHANGE_IGNORE)) { /* all but one of equal rows go */
		fx_undo(x, UNDO_SCHEMA_ONLY);
	} else {
		fx_fails(x, OUTCOME_MAY_FAIL, "two rows may have the same key");
	}
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_INDEX, name_made(x, ch), true);
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

/* Foreign keys at both ends want an index. */
static void index_is_needed(struct effects *x, struct slice index)
{
	const struct object **keys;
	size_t n;

	for (size_t i = 0; i < x->after.n; i++)
		if (!x->after.v[i].gone && is_foreign(x->after.v[i].was) &&
			!served(x, x->after.v[i].columns))
			fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s needs the index %.*s",
				SLICE(x->after.v[i].name), SLICE(index));
	n = catalog_referencing(x->c, x->t, x->a, &keys);
	for (size_t i = 0; i < n && (!x->s || x->s->foreign_keys || is_mariadb(&x->d)); i++)
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

static void drop_index(struct effects *x, const struct change *ch)
{
	bool primary = slice_iis(ch->name, "primary");

	want_part(x, ch, primary ? OBJECT_CONSTRAINT : OBJECT_INDEX,
		primary ? SL("PRIMARY") : ch->name, "index");
	part_rerun(x, ch, CHANGE_IF_EXISTS);
	if (!x->t)
		fx_destroys(x, ch, OBJECT_INDEX, ch->name, true);
	if (!x->t || x->t->tainted)
		return;
	index_is_needed(x, ch->name);
	counter_loses_key(x);
}

static void drop_constraint(struct effects *x, const struct change *ch)
{
	struct slice kind = ch->def ? ch->def->constraint.kind : SLICE_NONE,
		     name = slice_is(kind, "primary key") ? SL("PRIMARY") : ch->name;
	const struct object *o;

	part_rerun(x, ch, CHANGE_IF_EXISTS);
	if (slice_is(kind, "primary key") && is_replaced(x, ch))
		fx_rerun(x, RERUN_SAME);
	if (!x->t) {
		fx_destroys(x, ch, OBJECT_CONSTRAINT, name, true);
		return;
	}
	if (part(x, OBJECT_CONSTRAINT, name, &o) == ABSENT &&
		(!slice_empty(kind) || part(x, OBJECT_INDEX, name, &o) == ABSENT) &&
		!fx_flag(ch, CHANGE_IF_EXISTS))
		fx_fails(x, OUTCOME_FAILS, "%.*s has no constraint %.*s",
			SLICE(fx_show(x, ch->target)), SLICE(name));
	if (x->t->tainted || slice_is(kind, "foreign key") || slice_is(kind, "check"))
		return;
	index_is_needed(x, name);
	counter_loses_key(x);
}

/* ---- the table ---- */

static bool is_key(const struct object *o)
{
	return (o->type == OBJECT_INDEX && o->index.unique) ||
	       (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"));
}

/* Every unique key has all columns that the rows are spread by. */
static void keys_fit_partitions(struct effects *x, const struct change *ch)
{
	size_t list = slice_ifind(ch->value.text, SL("(partition"));
	struct slice by =
		slice_sub(ch->value.text, 0, list == SIZE_MAX ? ch->value.text.len : list);

	for (size_t i = 0; x->t && i < x->t->nparts; i++) {
		const struct object *c = x->t->parts[i];

		if (c->type != OBJECT_COLUMN || !my_mentions(x->a, x->d.dialect, by, c->name))
			continue;
		for (size_t k = 0; k < x->t->nparts; k++) {
			const struct object *o = x->t->parts[k];

			if (is_key(o) &&
				!my_names_have(o->type == OBJECT_INDEX ? o->index.columns
								       : o->constraint.columns,
					c->name))
				fx_fails(x, OUTCOME_FAILS,
					"the key %.*s lacks %.*s, which the rows "
					"would be spread by",
					SLICE(o->name), SLICE(c->name));
		}
	}
}

/* Of the partitions named, are all there? */
static bool has_partitions(struct effects *x, const struct change *ch)
{
	struct slice text = x->t ? x->t->table_.definition.text : SLICE_NONE;

	if (slice_starts(text, "changed by ")) /* an ALTER TABLE that the catalog does not follow */
		return true;
	for (size_t i = 0; text.len && i < ch->list.n; i++)
		if (!my_mentions(x->a, x->d.dialect, text, ch->list.at[i]))
			return false;
	return true;
}

enum partition_does { PARTITION_NOTHING, PARTITION_LOSES, PARTITION_MOVES };
static const struct {
	const char *words;
	enum partition_does does;
	enum rerun again;
	bool named; /* partitions that must be there */
} partition_rows[] = {
	{"ADD PARTITION PARTITIONS", PARTITION_MOVES, RERUN_DIFFERS, false},
	{"ADD", PARTITION_NOTHING, RERUN_FAILS, false},
	{"DROP", PARTITION_LOSES, RERUN_FAILS, true},
	{"TRUNCATE", PARTITION_LOSES, RERUN_SAME, true},
	{"REORGANIZE", PARTITION_MOVES, RERUN_FAILS, true},
	{"COALESCE", PARTITION_MOVES, RERUN_UNKNOWN, false},
	{"REBUILD", PARTITION_MOVES, RERUN_SAME, true},
	{"OPTIMIZE", PARTITION_MOVES, RERUN_SAME, true},
	{"REMOVE", PARTITION_MOVES, RERUN_FAILS, false},
	{"PARTITION BY", PARTITION_MOVES, RERUN_SAME, false},
	{"EXCHANGE", PARTITION_NOTHING, RERUN_UNKNOWN, true},
	{"CONVERT", PARTITION_NOTHING, RERUN_FAILS, false},
	{"", PARTITION_NOTHING, RERUN_SAME, false},
};

static void lose_partitions(struct effects *x, const struct change *ch)
{
	bool all = ch->list.n == 0 || slice_iis(ch->list.at[0], "all");

	fx_undo(x, UNDO_SCHEMA_ONLY);
	if (all)
		fx_destroys(x, ch, OBJECT_TABLE, SLICE_NONE, true);
	for (size_t i = 0; !all && i < ch->list.n; i++)
		fx_destroys(x, ch, OBJECT_TABLE, ch->list.at[i], true);
}

static void partitions(struct effects *x, const struct change *ch)
{
	struct slice text = ch->value.text;
	bool is_by = slice_istarts(text, "PARTITION BY");
	bool plain = x->t && !x->t->tainted && slice_empty(x->t->table_.definition.text);
	bool quiet = slice_ifind(text, SL("IF EXISTS")) != SIZE_MAX;
	size_t i = 0;

	while (!slice_istarts(text, partition_rows[i].words))
		i++;
	if (plain && !is_by)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no partitions", SLICE(fx_show(x, ch->target)));
	if (x->t && partition_rows[i].again == RERUN_FAILS &&
		partition_rows[i].does == PARTITION_NOTHING && slice_istarts(text, "ADD") &&
		my_mentions(x->a, x->d.dialect, x->t->table_.definition.text, SL("maxvalue")))
		fx_fails(x, OUTCOME_FAILS, "the last partition of %.*s ends at MAXVALUE",
			SLICE(fx_show(x, ch->target)));
	if (is_by)
		keys_fit_partitions(x, ch);
	if (partition_rows[i].named && !has_partitions(x, ch)) {
		if (!quiet)
			fx_fails(x, OUTCOME_FAILS, "%.*s has no such partition",
				SLICE(fx_show(x, ch->target)));
		return;
	}
	fx_rerun(x, quiet && partition_rows[i].again == RERUN_FAILS ? RERUN_SAME
								    : partition_rows[i].again);
	switch (partition_rows[i].does) {
	case PARTITION_NOTHING:
		break;
	case PARTITION_LOSES:
		lose_partitions(x, ch);
		break;
	case PARTITION_MOVES:
		fx_rewrites(x, ch->target, x->t);
		break;
	}
}

/* Did an earlier change of this statement give the name up? */
static bool renamed_away(const struct effects *x, const struct change *ch, struct name n)
{
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (e->kind == CHANGE_RENAME_TABLE && slice_eq(e->target.name, n.name))
			return true;
	return false;
}

/* Tables that change places: a second run puts them back. */
static bool is_swap(const struct effects *x)
{
	for (size_t i = 0; i < x->st->nchanges; i++) {
		bool taken = false;

		for (size_t k = 0; k < x->st->nchanges; k++)
			taken |= slice_eq(
				x->st->changes[k].other.name, x->st->changes[i].target.name);
		if (!taken)
			return false;
	}
	return true;
}

void fx_rename_table(struct effects *x, const struct change *ch)
{
	enum presence how;

	if (slice_eq(ch->other.name, ch->target.name) && slice_empty(ch->other.schema) &&
		slice_is(slice_of(x->st->kind), "ALTER TABLE"))
		return; /* to its own name: nothing is done */
	if (!renamed_away(x, ch, ch->other))
		fx_want_absent(x, ch, OBJECT_NONE, ch->other, "table");
	fx_find(x, OBJECT_NONE, ch->target, &how);
	if (fx_flag(ch, CHANGE_IF_EXISTS) && how == ABSENT)
		return;
	fx_rerun(x, is_swap(x)                      ? RERUN_DIFFERS
		    : fx_flag(ch, CHANGE_IF_EXISTS) ? RERUN_SAME
						    : RERUN_FAILS);
	fx_breaks(x, BREAKS_OLD_READERS, ch, OBJECT_TABLE, SLICE_NONE, true);
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_TABLE, SLICE_NONE, true);
	effect_break(x->a, x->out,
		(struct breakage){.who = BREAKS_NEW_CODE,
			.type = OBJECT_TABLE,
			.object = fx_resolved(x, ch->other),
			.certain = true});
}

/* The rows' past has the old columns: the server wants to be told what to do about that. */
static void versioned(struct effects *x, const struct change *ch)
{
	if (x->t && x->t->type == OBJECT_TABLE &&
		names_has(x->t->table_.options, SL("system versioning")) &&
		(ch->kind == CHANGE_ADD_COLUMN || ch->kind == CHANGE_DROP_COLUMN ||
			ch->kind == CHANGE_MODIFY_COLUMN || ch->kind == CHANGE_RENAME_COLUMN))
		fx_fails(x, OUTCOME_MAY_FAIL,
			"the table is system-versioned: refused unless "
			"system_versioning_alter_history is KEEP");
}

static void convert(struct effects *x, const struct change *ch)
{
	struct column_def d = {
		.charset = ch->value.text, .collation = ch->list.n ? ch->list.at[0] : SLICE_NONE};
	bool narrows = !x->t || x->t->tainted;

	for (size_t i = 0; x->t && i < x->t->nparts; i++) {
		struct object from, to;
		struct type_question q = {.from = &from, .to = &to};

		if (x->t->parts[i]->type != OBJECT_COLUMN ||
			!my_type_has_charset(x->t->parts[i]->column.type))
			continue;
		from = my_with_charset(x->t, x->t->parts[i]);
		to = *x->t->parts[i];
		to.column.charset = d.charset;
		to.column.collation = d.collation;
		narrows |= my_type_change(&x->d, &q) == TYPE_NARROWER;
	}
	if (narrows)
		fx_fails(x, OUTCOME_MAY_FAIL, "text may not be writable in the new character set");
}

/* Only InnoDB keeps foreign keys. */
static void change_engine(struct effects *x, const struct change *ch)
{
	const struct object **keys;

	if (!x->t || slice_is(ch->value.text, "InnoDB"))
		return;
	if (catalog_referencing(x->c, x->t, x->a, &keys) && (!x->s || x->s->foreign_keys))
		fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to it",
			SLICE(keys[0]->name));
}

static void system_versioning(struct effects *x, const struct change *ch)
{
	bool drops = slice_istarts(ch->value.text, "DROP");
	bool has = x->t && names_has(x->t->table_.options, SL("system versioning"));

	if (slice_ifind(ch->value.text, SL("PERIOD")) != SIZE_MAX)
		return;
	fx_rerun(x, RERUN_FAILS);
	if (drops) { /* the rows' past goes */
		fx_undo(x, UNDO_SCHEMA_ONLY);
		fx_destroys(x, ch, OBJECT_TABLE, SL("history"), true);
	}
	if (x->t && !x->t->tainted && has != drops)
		fx_fails(x, OUTCOME_FAILS, "%.*s is %s system-versioned",
			SLICE(fx_show(x, ch->target)), has ? "already" : "not");
}

static void one_change(struct effects *x, const struct change *ch)
{
	versioned(x, ch);
	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		add_column(x, ch);
		break;
	case CHANGE_DROP_COLUMN:
		drop_column(x, ch);
		break;
	case CHANGE_RENAME_COLUMN:
		want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
		rename_column(x, ch);
		break;
	case CHANGE_MODIFY_COLUMN:
		modify_column(x, ch);
		break;
	case CHANGE_DROP_DEFAULT:
		want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
		break;
	case CHANGE_SET_DEFAULT:
	case CHANGE_COLUMN_VISIBILITY:
		want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
		break;
	case CHANGE_ADD_CONSTRAINT:
		add_constraint(x, ch);
		break;
	case CHANGE_CREATE_INDEX:
		create_index(x, ch);
		break;
	case CHANGE_DROP_INDEX:
		drop_index(x, ch);
		break;
	case CHANGE_DROP_CONSTRAINT:
		drop_constraint(x, ch);
		break;
	case CHANGE_RENAME_INDEX:
		want_part(x, ch, OBJECT_INDEX, ch->name, "index");
		want_free(x, ch, OBJECT_INDEX, ch->other.name, "index");
		fx_rerun(x, fx_flag(ch, CHANGE_IF_EXISTS) ? RERUN_SAME : RERUN_FAILS);
		break;
	case CHANGE_ALTER_INDEX:
		want_part(x, ch, OBJECT_INDEX, ch->name, "index");
		break;
	case CHANGE_RENAME_TABLE:
		fx_rename_table(x, ch);
		break;
	case CHANGE_ALTER_PARTITIONS:
		partitions(x, ch);
		break;
	case CHANGE_CONVERT_CHARSET:
		convert(x, ch);
		break;
	case CHANGE_TABLE_ENGINE:
		change_engine(x, ch);
		break;
	case CHANGE_SYSTEM_VERSIONING:
		system_versioning(x, ch);
		break;
	default:
		break;
	}
}

/* Indexes and constraints that go, by name or together with their columns. */
static void losses(struct effects *x, const struct change *first)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (p->gone && p->was &&
			(p->type == OBJECT_INDEX || p->type == OBJECT_CONSTRAINT) &&
			!after_find(&x->after, p->type, p->was->name))
			fx_destroys(x, first, p->type, p->was->name, true);
	}
}

void fx_alter(struct effects *x)
{
	const struct change *first = &x->st->changes[0];
	enum presence how = UNKNOWN;
	bool quiet = fx_flag(first, CHANGE_IF_EXISTS);

	x->t = fx_find(x, OBJECT_NONE, first->target, &how);
	if (how == ABSENT && quiet) {
		if (takes_clauses(x->st)) {
			x->out->algorithm = my_algorithm_word(ALGO_INSTANT);
			x->out->lock_clause = my_lock_word(LOCK_WORDS_NONE);
		}
		return;
	}
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s",
			SLICE(fx_show(x, first->target)));
	if (x->t && x->t->type == OBJECT_VIEW) {
		fx_fails(x, OUTCOME_FAILS, "%.*s is a view", SLICE(fx_show(x, first->target)));
		x->t = NULL;
	}
	my_after(x->a, &x->d, x->t, x->st, &x->after);
	for (size_t i = 0; i < x->st->nchanges; i++)
		one_change(x, &x->st->changes[i]);
	losses(x, first);
	if (takes_clauses(x->st))
		online_facts(x, first);
}
