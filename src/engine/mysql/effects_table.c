/* effects_table.c - ALTER TABLE: partitions, names, storage, character sets of whole tables. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

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

	struct slice list = x->t ? x->t->table_.definition.normal : SLICE_NONE;

	if (slice_starts(text, "changed by ")) /* an ALTER TABLE that the catalog does not follow */
		return true;
	for (size_t i = 0; text.len && i < ch->list.n; i++)
		if (!my_mentions(x->a, x->d.dialect, text, ch->list.at[i]) &&
			!my_mentions(x->a, x->d.dialect, list, ch->list.at[i]) &&
			!slice_iis(ch->list.at[i], "all"))
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

static bool is_spread(const struct effects *x)
{
	struct slice by = x->t->table_.partition_key.text;

	return slice_istarts(by, "HASH") || slice_istarts(by, "KEY") || slice_istarts(by, "LINEAR");
}

/* Ranges and lists are told one by one, hashed partitions are counted. */
static void kind_fits(struct effects *x, struct slice text)
{
	bool counts =
		slice_istarts(text, "COALESCE") || slice_istarts(text, "ADD PARTITION PARTITIONS");
	bool names =
		slice_istarts(text, "DROP PARTITION") ||
		(slice_istarts(text, "ADD PARTITION") &&
			slice_ifind(text, SL("VALUES")) < text.len) ||
		(slice_istarts(text, "REORGANIZE") && slice_ifind(text, SL("VALUES")) < text.len);

	if (!x->t || slice_empty(x->t->table_.partition_key.text))
		return;
	if (counts && !is_spread(x))
		fx_fails(x, OUTCOME_FAILS, "only HASH and KEY partitions are counted");
	if (names && is_spread(x))
		fx_fails(x, OUTCOME_FAILS, "HASH and KEY partitions are not told one by one");
}

/* So many fewer each time, until one is left. */
static void coalesce(struct effects *x, struct slice text)
{
	struct slice list = x->t ? x->t->table_.definition.normal : SLICE_NONE, piece;
	struct slice number = slice_trim(slice_from(text, strlen("COALESCE PARTITION")));
	unsigned long long all = 0, fewer;

	while (slice_next(&list, ',', &piece))
		all++;
	if (!all || !slice_u64(number, &fewer))
		return;
	if (fewer >= all)
		fx_fails(x, OUTCOME_FAILS, "a partition must be left");
	x->out->rerun = all > 2 * fewer ? RERUN_DIFFERS : RERUN_FAILS;
}

/* What a partitioned table cannot have. */
static void parts_fit_partitions(struct effects *x, const struct change *ch)
{
	const struct object **keys;
	bool mariadb = is_mariadb(&x->d);

	for (size_t i = 0; x->t && i < x->t->nparts; i++) {
		const struct object *o = x->t->parts[i];

		if (fx_is_foreign(o))
			fx_fails(x, OUTCOME_FAILS, "a partitioned table has no foreign key");
		if (mariadb && o->type == OBJECT_COLUMN && my_is_geometry(o->column.type))
			fx_fails(x, OUTCOME_FAILS, "a partitioned table has no geometry");
	}
	if (x->t && catalog_referencing(x->c, x->t, x->a, &keys))
		fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to it",
			SLICE(keys[0]->name));
	keys_fit_partitions(x, ch);
}

void fx_partitions(struct effects *x, const struct change *ch)
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
	kind_fits(x, text);
	if (is_by) {
		parts_fit_partitions(x, ch);
		fx_mysql_partition_by(x);
	}
	if (!is_mariadb(&x->d) && quiet && !slice_istarts(text, "ADD"))
		fx_fails(x, OUTCOME_FAILS, "MySQL does not know IF EXISTS here");
	if (partition_rows[i].named && !has_partitions(x, ch)) {
		if (!quiet)
			fx_fails(x, OUTCOME_FAILS, "%.*s has no such partition",
				SLICE(fx_show(x, ch->target)));
		return;
	}
	fx_rerun(x, quiet && partition_rows[i].again == RERUN_FAILS ? RERUN_SAME
								    : partition_rows[i].again);
	if (slice_istarts(text, "COALESCE"))
		coalesce(x, text);
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
void fx_versioned(struct effects *x, const struct change *ch)
{
	if (x->t && x->t->type == OBJECT_TABLE &&
		names_has(x->t->table_.options, SL("system versioning")) &&
		(ch->kind == CHANGE_ADD_COLUMN || ch->kind == CHANGE_DROP_COLUMN ||
			ch->kind == CHANGE_MODIFY_COLUMN || ch->kind == CHANGE_RENAME_COLUMN))
		fx_fails(x, OUTCOME_MAY_FAIL,
			"the table is system-versioned: refused unless "
			"system_versioning_alter_history is KEEP");
}

void fx_convert(struct effects *x, const struct change *ch)
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

void fx_system_versioning(struct effects *x, const struct change *ch)
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
