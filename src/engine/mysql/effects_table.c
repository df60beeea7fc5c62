/* effects_table.c - ALTER TABLE: names, storage, character sets of whole tables. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

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
void fx_versioned(struct effects *x, const struct change *ch)
{
	bool key = ch->kind == CHANGE_ADD_CONSTRAINT && ch->def &&
		   slice_is(ch->def->constraint.kind, "primary key");

	if (x->t && x->t->type == OBJECT_TABLE && !(x->s && x->s->keeps_past) &&
		names_has(x->t->table_.options, SL("system versioning")) &&
		(key || ch->kind == CHANGE_ADD_COLUMN || ch->kind == CHANGE_DROP_COLUMN ||
			ch->kind == CHANGE_MODIFY_COLUMN))
		fx_fails(x, OUTCOME_FAILS,
			"the table is system-versioned: refused unless "
			"system_versioning_alter_history is KEEP");
}

void fx_convert(struct effects *x, const struct change *ch)
{
	struct column_def d = {
		.charset = ch->value.text, .collation = ch->list.n ? ch->list.at[0] : SLICE_NONE};
	bool narrows = !x->t || x->t->tainted;

	fx_charset_fits(x, d.charset, d.collation);
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

static bool over_virtual(const struct object *t, const struct object *index)
{
	for (size_t i = 0; index->type == OBJECT_INDEX && i < index->index.columns.n; i++)
		for (size_t k = 0; k < t->nparts; k++)
			if (t->parts[k]->type == OBJECT_COLUMN &&
				slice_is(t->parts[k]->column.generated, "virtual") &&
				slice_ieq(t->parts[k]->name, index->index.columns.at[i]))
				return true;
	return false;
}

/* Only InnoDB keeps foreign keys. */
void fx_change_engine(struct effects *x, const struct change *ch)
{
	const struct object **keys;

	/* The first run leaves Aria's PAGE_CHECKSUM, the second takes it away. */
	if (x->t && slice_is(x->t->table_.access_method, "Aria") &&
		!slice_is(ch->value.text, "Aria"))
		fx_rerun(x, RERUN_DIFFERS);
	if (!x->t || slice_is(ch->value.text, "InnoDB"))
		return;
	for (size_t i = 0; i < x->t->nparts; i++)
		if (fx_is_foreign(x->t->parts[i]))
			fx_fails(x, OUTCOME_FAILS, "the table has the foreign key %.*s",
				SLICE(x->t->parts[i]->name));
	for (size_t i = 0; i < x->t->nparts && slice_is(ch->value.text, "Aria"); i++)
		if (over_virtual(x->t, x->t->parts[i]))
			fx_fails(x, OUTCOME_FAILS, "Aria has no index over a virtual column");
	if (names_has(x->t->table_.options, SL("system versioning")))
		fx_fails(x, OUTCOME_FAILS, "its system versioning is InnoDB's own");
	if (catalog_referencing(x->c, x->t, x->a, &keys) && (!x->s || x->s->foreign_keys))
		fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to it",
			SLICE(keys[0]->name));
}

static bool has_option(const struct object *t, const char *start)
{
	for (size_t i = 0; i < t->table_.options.n; i++)
		if (slice_starts(t->table_.options.at[i], start))
			return true;
	return false;
}

/* InnoDB's strict mode: pages are compressed one way or the other, or not at all. */
void fx_set_options(struct effects *x, const struct change *ch)
{
	static const char *const apart[][2] = {
		{"page_compressed=", "row_format=compressed"},
		{"page_compressed=", "row_format=redundant"},
		{"page_compressed=", "key_block_size="},
		{"key_block_size=", "row_format=redundant"},
		{"key_block_size=", "row_format=compact"},
		{"key_block_size=", "row_format=dynamic"},
	};
	bool innodb;

	if (!x->t || !is_mariadb(&x->d) || x->st->nchanges > 1)
		return;
	innodb = slice_empty(x->t->table_.access_method) ||
		 slice_is(x->t->table_.access_method, "InnoDB");
	for (size_t i = 0; i < ch->list.n; i++) {
		struct slice o = ch->list.at[i];

		if (!innodb && (slice_starts(o, "page_compress") || slice_starts(o, "encrypt")))
			fx_fails(x, OUTCOME_FAILS, "%.*s does not know the option %.*s",
				SLICE(x->t->table_.access_method), SLICE(o));
		for (size_t k = 0; innodb && k < sizeof apart / sizeof *apart; k++)
			if ((slice_starts(o, apart[k][0]) && has_option(x->t, apart[k][1])) ||
				(slice_starts(o, apart[k][1]) && has_option(x->t, apart[k][0])))
				fx_fails(x, OUTCOME_FAILS, "%s does not go with %s", apart[k][0],
					apart[k][1]);
	}
}

/* "PERIOD FOR stay (s, e)", DROP PERIOD FOR stay */
static struct slice period_name(struct effects *x, struct slice text)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, x->d.dialect, text);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		if (token_is(t, "FOR"))
			return token_value(x->a, x->d.dialect, lexer_next(&l));
	return SLICE_NONE;
}

/* ADD and DROP PERIOD FOR: both columns hold a value, the first before the second. */
static void period(struct effects *x, const struct change *ch, bool drops)
{
	struct slice name = period_name(x, ch->value.text);
	bool there = false;

	fx_rerun(x,
		slice_ifind(ch->value.text, SL(" EXISTS")) != SIZE_MAX ? RERUN_SAME : RERUN_FAILS);
	for (size_t i = 0; x->t && i < x->t->table_.options.n; i++)
		there |= slice_istarts(x->t->table_.options.at[i], "PERIOD FOR") &&
			 slice_ieq(period_name(x, x->t->table_.options.at[i]), name);
	if (!drops) {
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may end before it begins");
		return;
	}
	if (x->t && !x->t->tainted && !there && x->t->table_.options.n)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no period %.*s", SLICE(fx_show(x, ch->target)),
			SLICE(name));
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (!p->gone && p->type == OBJECT_INDEX && my_names_have(p->columns, name))
			fx_fails(x, OUTCOME_FAILS, "the key %.*s is over the period %.*s",
				SLICE(p->name), SLICE(name));
	}
}

void fx_system_versioning(struct effects *x, const struct change *ch)
{
	bool drops = slice_istarts(ch->value.text, "DROP");
	bool has = x->t && names_has(x->t->table_.options, SL("system versioning"));

	if (slice_ifind(ch->value.text, SL("PERIOD")) != SIZE_MAX) {
		period(x, ch, drops);
		return;
	}
	fx_rerun(x, RERUN_FAILS);
	if (drops && x->t && slice_istarts(x->t->table_.partition_key.text, "system_time"))
		fx_fails(x, OUTCOME_FAILS, "the partitions of %.*s are by its rows' past",
			SLICE(fx_show(x, ch->target)));
	if (drops && x->t && has_option(x->t, "PERIOD FOR SYSTEM_TIME"))
		fx_fails(x, OUTCOME_FAILS, "its columns of the period must be dropped with it");
	if (drops) { /* the rows' past goes */
		fx_undo(x, UNDO_SCHEMA_ONLY);
		fx_destroys(x, ch, OBJECT_TABLE, SL("history"), true);
	}
	if (x->t && !x->t->tainted && has != drops)
		fx_fails(x, OUTCOME_FAILS, "%.*s is %s system-versioned",
			SLICE(fx_show(x, ch->target)), has ? "already" : "not");
}
