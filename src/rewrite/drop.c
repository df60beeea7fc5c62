/* drop.c - what is dropped is dropped in the contract phase, when no running code uses it.
 *
 * There is no way back from these: a down script could make the column again, not its values. So
 * the files have none, and say so. */
#include "rewrite/internal.h"

#define GONE "There is no way back: the values go with it. Keep a copy if they may be needed"

static bool names_column(const struct object *p, struct slice column)
{
	return p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "foreign key") &&
	       names_has(p->constraint.columns, column);
}

/* Running code may stop writing it. */
static void stop_requiring(struct step_writer *w)
{
	const struct object *col = column_of(w->table, w->c->name);
	struct safe_step *s;

	if (w->d != DIALECT_POSTGRES || !col || !col->column.not_null ||
		best(col->column.default_value).len || col->column.identity.len ||
		col->column.generated.len)
		return;
	for (size_t i = 0; i < w->table->nparts; i++)
		if (w->table->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(w->table->parts[i]->constraint.kind, "primary key") &&
			names_has(w->table->parts[i]->constraint.columns, w->c->name))
			return;
	s = step_add(w, PHASE_EXPAND, "expand",
		"new code may leave %.*s out. Release code that does not use it before the "
		"contract step.",
		SLICE(w->c->name));
	piece(w, &s->up, "ALTER TABLE %n ALTER COLUMN %i DROP NOT NULL", T(w), w->c->name);
	piece(w, &s->down, "ALTER TABLE %n ALTER COLUMN %i SET NOT NULL", T(w), w->c->name);
}

/* Indexes and keys that would go under the column's lock; each alone first. */
static struct safe_step *drop_users(struct step_writer *w, struct safe_step *s)
{
	for (size_t i = 0; w->d == DIALECT_POSTGRES && w->table && i < w->table->nparts; i++) {
		const struct object *p = w->table->parts[i];
		bool index = p->type == OBJECT_INDEX && slice_empty(p->index.constraint) &&
			     index_mentions(p, w->c->name) && !is_partitioned(w->table);

		if (!index && !names_column(p, w->c->name))
			continue;
		if (!s)
			s = step_add(w, PHASE_CONTRACT, "contract",
				"when no running code uses %.*s. " GONE ".", SLICE(w->c->name));
		s->no_tx = s->one_way = true;
		if (index)
			piece(w, &s->up, "DROP INDEX CONCURRENTLY %n", w->c->target.schema,
				p->name);
		else
			piece(w, &s->up, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), p->name);
		if (w->in->one_message)
			s = NULL;
	}
	return s;
}

static bool write_drop_column(struct step_writer *w)
{
	struct safe_step *s;

	if (!target_existed(w))
		return false;
	stop_requiring(w);
	s = drop_users(w, NULL);
	if (!s)
		s = step_add(w, PHASE_CONTRACT, "contract",
			"when no running code uses %.*s. " GONE ".", SLICE(w->c->name));
	s->one_way = true;
	s->allow = "drop-column";
	piece_text(w, &s->up, alone(w));
	verify_column(w, s, w->c->name, false);
	return true;
}

const struct recipe recipe_drop_column = {
	.id = "drop-column",
	.engines = RULE_ALL,
	.kinds = KINDS(CHANGE_DROP_COLUMN),
	.rules = RULES("drop-column", "drop-column-index-first", "drop-column-loses-fk"),
	.says = "DROP NOT NULL so that code may stop writing it; its indexes and foreign keys "
		"alone; "
		"DROP COLUMN in the contract phase",
	.write = write_drop_column,
};

/* What CASCADE would have dropped, by name. */
static void drop_dependents(struct step_writer *w, struct safe_step *s)
{
	const struct object **v;
	size_t n;

	if (!w->table || !(w->c->flags & CHANGE_CASCADE))
		return;
	n = catalog_dependents(w->in->before, w->table, SLICE_NONE, w->a, &v);
	while (n-- > 0)
		piece(w, &s->up, "DROP %s %n",
			v[n]->type == OBJECT_MATVIEW ? SL("MATERIALIZED VIEW") : SL("VIEW"),
			v[n]->schema, v[n]->name);
	n = catalog_referencing(w->in->before, w->table, w->a, &v);
	for (size_t i = 0; i < n; i++)
		piece(w, &s->up, "ALTER TABLE %n DROP CONSTRAINT %i", v[i]->table->schema,
			v[i]->table->name, v[i]->name);
}

static bool write_drop_table(struct step_writer *w)
{
	struct safe_step *s;
	bool by_name;

	if (!target_existed(w))
		return false;
	by_name = w->d == DIALECT_POSTGRES && w->table != NULL;
	s = step_add(w, PHASE_CONTRACT, "contract",
		"when no running code uses %.*s. There is no way back: its rows go with it. Keep a "
		"dump if they may be needed.",
		SLICE(w->c->target.name));
	s->one_way = true;
	s->allow = "drop-table";
	if (w->d == DIALECT_POSTGRES)
		drop_dependents(w, s);
	/* Each key locks the table it refers to as well: one transaction per key. */
	for (size_t i = 0; w->d == DIALECT_POSTGRES && w->table && i < w->table->nparts; i++) {
		const struct object *p = w->table->parts[i];

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "foreign key"))
			piece(w, &s->up, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), p->name);
	}
	s->no_tx = s->up.n > 0;
	piece(w, &s->up, "DROP TABLE %s%n%s",
		w->c->flags & CHANGE_IF_EXISTS ? SL("IF EXISTS ") : SLICE_NONE, T(w),
		(w->c->flags & CHANGE_CASCADE) && !by_name ? SL(" CASCADE") : SLICE_NONE);
	if (w->d == DIALECT_POSTGRES)
		piece(w, &s->verify, "SELECT %L AS still_there WHERE to_regclass(%L) IS NOT NULL",
			w->c->target.name, text_of(w, "%n", T(w)));
	return true;
}

const struct recipe recipe_drop_table = {
	.id = "drop-table",
	.engines = RULE_ALL,
	.kinds = KINDS(CHANGE_DROP_TABLE),
	.rules = RULES("drop-table", "drop-cascade"),
	.says = "its foreign keys alone, then DROP TABLE in the contract phase, without CASCADE",
	.write = write_drop_table,
};
