/* uses.c - what else in the schema uses a table, or one of its columns. */
#include "catalog/uses.h"

#include "catalog/internal.h"

#include <stdint.h>

struct looking {
	const struct catalog *c;
	const struct object *table;
	struct slice column;
	struct arena *a;
	struct use *at;
	size_t n;
};

static bool is_word_byte(char ch)
{
	return ch == '_' || ch == '$' || (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
	       (ch >= 'A' && ch <= 'Z') || (unsigned char)ch >= 0x80;
}

bool text_has_word(struct slice text, struct slice word)
{
	while (word.len && text.len >= word.len) {
		size_t at = slice_ifind(text, word), end = at + word.len;

		if (at == SIZE_MAX)
			return false;
		if ((at == 0 || !is_word_byte(text.at[at - 1])) &&
			(end == text.len || !is_word_byte(text.at[end])))
			return true;
		text = slice_from(text, at + 1);
	}
	return false;
}

static void add(struct looking *x, const struct object *o, const char *how, bool certain)
{
	if (x->n && x->at[x->n - 1].object == o)
		return;
	*ARENA_PUSH(x->a, x->at, x->n) = (struct use){o, how, certain};
}

static bool is_table(const struct looking *x, struct name n)
{
	return slice_eq(n.name, x->table->name) &&
	       (!n.schema.len || slice_eq(n.schema, x->table->schema));
}

/* Does an expression or a body say the word? */
static bool says(const struct object *o, struct slice word)
{
	for (const struct field *f = object_fields(o->type); f->label; f++) {
		const struct expr *e = (const void *)((const char *)o + f->offset);

		if (f->kind == FIELD_EXPR &&
			(text_has_word(e->text, word) || text_has_word(e->normal, word)))
			return true;
	}
	return false;
}

static bool lists(const struct object *o, struct slice word)
{
	for (const struct field *f = object_fields(o->type); f->label; f++) {
		const struct names *n = (const void *)((const char *)o + f->offset);

		if (f->kind != FIELD_LIST && f->kind != FIELD_SET && f->kind != FIELD_NOTE)
			continue;
		for (size_t i = 0; i < n->n; i++)
			if (slice_eq(n->at[i], word) || text_has_word(n->at[i], word))
				return true;
	}
	return false;
}

/* ---- The table's own parts, for a column ---- */

static void own_part(struct looking *x, const struct object *p)
{
	struct slice col = x->column;
	bool said = says(p, col);

	if (p->type == OBJECT_COLUMN) {
		if (said && !slice_eq(p->name, col))
			add(x, p, "is computed from it", true);
	} else if (p->type == OBJECT_CONSTRAINT) {
		if (names_has(p->constraint.columns, col) || said)
			add(x, p,
				slice_is(p->constraint.kind, "foreign key")
					? "makes it reference another table"
					: "is a constraint on it",
				true);
	} else if (p->type == OBJECT_INDEX) {
		if (said || lists(p, col))
			add(x, p, "indexes it", true);
	} else if (p->type == OBJECT_TRIGGER) {
		if (said || lists(p, col))
			add(x, p, "fires on it or names it", names_has(p->trigger.columns, col));
	} else if (p->type == OBJECT_POLICY) {
		if (said)
			add(x, p, "decides by it", true);
	} else if (said || lists(p, col)) {
		add(x, p, "names it", false);
	}
}

/* Trigger functions see the row without ever naming its table. */
static bool is_trigger_function(const struct looking *x, const struct object *f)
{
	struct slice bare = slice_sub(f->name, 0, slice_chr(f->name, '('));

	for (size_t i = 0; i < x->table->nparts; i++)
		if (x->table->parts[i]->type == OBJECT_TRIGGER &&
			(text_has_word(x->table->parts[i]->trigger.body.text, bare) ||
				text_has_word(x->table->parts[i]->trigger.body.normal, bare)))
			return true;
	return false;
}

/* ---- Other objects ---- */

static void foreign_part(struct looking *x, const struct object *p)
{
	bool here = p->type == OBJECT_CONSTRAINT && is_table(x, p->constraint.ref_table);

	if (here && (!x->column.len || names_has(p->constraint.ref_columns, x->column)))
		add(x, p, "references it", true);
	else if (!here && says(p, x->table->name) && (!x->column.len || says(p, x->column)))
		add(x, p, "names it", false);
}

static bool names_both(const struct looking *x, const struct object *o)
{
	if (!says(o, x->table->name) && !lists(o, x->table->name))
		return false;
	return !x->column.len || says(o, x->column) || lists(o, x->column);
}

static void other_table(struct looking *x, const struct object *t)
{
	struct slice path =
		arena_printf(x->a, "%.*s.%.*s", SLICE(x->table->schema), SLICE(x->table->name));

	if (is_table(x, t->table_.partition_of) && t->table_.partition_of.name.len)
		add(x, t, "is a partition of it", true);
	else if (names_has(t->table_.inherits, path))
		add(x, t, "inherits from it", true);
	for (size_t i = 0; i < t->nparts; i++)
		foreign_part(x, t->parts[i]);
}

/* What gives the column its values. */
static void sequence(struct looking *x, const struct object *o)
{
	struct slice owner = arena_printf(x->a, "%.*s.%.*s.%.*s", SLICE(x->table->schema),
		SLICE(x->table->name), SLICE(x->column));

	if (x->column.len && slice_eq(o->sequence.owned_by, owner))
		add(x, o, "gives it its values", true);
}

/* Views are asked in views_of(). */
static void other(struct looking *x, const struct object *o)
{
	if (o->type == OBJECT_TABLE)
		other_table(x, o);
	else if (o->type == OBJECT_SEQUENCE)
		sequence(x, o);
	else if (o->type == OBJECT_VIEW || o->type == OBJECT_MATVIEW)
		return;
	else if (names_both(x, o))
		add(x, o, "names it", false);
	else if (o->type == OBJECT_FUNCTION && is_trigger_function(x, o) &&
		 (!x->column.len || says(o, x->column)))
		add(x, o, "is called by its trigger", !x->column.len);
}

static void views_of(struct looking *x)
{
	const struct object **v;
	size_t n = catalog_dependents(x->c, x->table, x->column, x->a, &v);

	for (size_t i = 0; i < n; i++)
		add(x, v[i], "reads it",
			!x->column.len ||
				catalog_view_reads(x->c, v[i], x->table, x->column) == PRESENT);
}

size_t catalog_uses(const struct catalog *c, const struct object *table, struct slice column,
	struct arena *a, struct use **out)
{
	struct looking x = {.c = c, .table = table, .column = column, .a = a};
	const struct object **v;
	size_t n = catalog_list(c, OBJECT_NONE, a, &v);

	for (size_t i = 0; column.len && i < table->nparts; i++)
		own_part(&x, table->parts[i]);
	views_of(&x);
	for (size_t i = 0; i < n; i++)
		if (v[i] != table)
			other(&x, v[i]);
	*out = x.at;
	return x.n;
}
