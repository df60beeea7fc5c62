/* effects_refused.c - what the server refuses whatever is in the tables, beyond names that are
 * there or not. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Partitioned tables ---- */

/* "The partition keys must not include any expressions or function calls and the constraint's
 * columns must include all of the partition key columns": the manual, Table Partitioning,
 * Limitations. */
static void refuse_key(struct looking *l, struct slice partition_key, struct names keys)
{
	struct slice missing = partition_lacks(l->arena, partition_key, keys);

	if (partition_key.len && partition_columns(l->arena, partition_key).n == 0)
		pg_fails(l, "no unique key where the partition key has an expression");
	else if (missing.len)
		pg_fails(l, "unique constraint on partitioned table must include \"%.*s\"",
			SLICE(missing));
}

static void refuse_constraint(struct looking *l, struct slice partition_key, const struct object *k)
{
	if (k->type == OBJECT_CONSTRAINT && (slice_is(k->constraint.kind, "primary key") ||
						    slice_is(k->constraint.kind, "unique")))
		refuse_key(l, partition_key, k->constraint.columns);
}

static bool brings_parts(const struct change *c)
{
	return c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_ADD_COLUMN;
}

static void refuse_keys(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *t = c->def;

	if (!c->def ||
		(c->kind != CHANGE_CREATE_TABLE && catalog_find(l->catalog, l->session,
							   OBJECT_TABLE, c->target, &t) != PRESENT))
		return;
	if (!slice_is(t->table_.kind, "partitioned"))
		return;
	if (c->kind == CHANGE_CREATE_INDEX && c->def->index.unique)
		refuse_key(l, t->table_.partition_key.text, c->def->index.keys);
	if (c->kind == CHANGE_ADD_CONSTRAINT)
		refuse_constraint(l, t->table_.partition_key.text, c->def);
	for (size_t i = 0; brings_parts(c) && i < c->def->nparts; i++)
		refuse_constraint(l, t->table_.partition_key.text, c->def->parts[i]);
}

/* ---- Rows ---- */

/* Names are compared with each other: of wide tables nothing is said. */
enum { FEW = 64 };

/* Is `column` followed by a bracket or a dot somewhere: a part of it, which may be set twice? */
static bool sets_parts(const struct looking *l, struct slice column)
{
	struct slice text = l->statement->raw;
	size_t at;

	while ((at = slice_ifind(text, column)) != SIZE_MAX) {
		text = slice_from(text, at + column.len);
		if (text.len && (text.at[0] == '[' || text.at[0] == '.'))
			return true;
	}
	return false;
}

static void refuse_columns(struct looking *l)
{
	const struct object *t = l->change->def;
	struct names n = {0};

	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN) {
			pg_refuse_column_name(l, t->parts[i]->name);
			names_add(l->arena, &n, t->parts[i]->name);
		}
	for (size_t i = 1; i < n.n && n.n <= FEW; i++)
		for (size_t k = 0; k < i; k++)
			if (slice_eq(n.at[i], n.at[k]))
				pg_fails(l, "column \"%.*s\" specified more than once",
					SLICE(n.at[i]));
}

/* Primary and unique keys have each column once; indexes may have it twice. */
static void refuse_key_twice(struct looking *l, const struct object *o)
{
	struct names n = o->constraint.columns;

	if (o->type != OBJECT_CONSTRAINT || (!slice_is(o->constraint.kind, "primary key") &&
						    !slice_is(o->constraint.kind, "unique")))
		return;
	for (size_t i = 1; i < n.n; i++)
		for (size_t k = 0; k < i; k++)
			if (slice_eq(n.at[i], n.at[k]))
				pg_fails(l, "column \"%.*s\" appears twice in the key",
					SLICE(n.at[i]));
}

static void refuse_keys_twice(struct looking *l)
{
	const struct change *c = l->change;

	if (c->def && c->kind == CHANGE_ADD_CONSTRAINT)
		refuse_key_twice(l, c->def);
	for (size_t i = 0; c->def && c->kind == CHANGE_CREATE_TABLE && i < c->def->nparts; i++)
		refuse_key_twice(l, c->def->parts[i]);
}

static void refuse_twice(struct looking *l)
{
	struct names n = l->change->list;

	for (size_t i = 1; i < n.n && n.n <= FEW; i++)
		for (size_t k = 0; k < i; k++)
			if (slice_eq(n.at[i], n.at[k]) && !sets_parts(l, n.at[i])) {
				pg_fails(l, "column \"%.*s\" is assigned to twice", SLICE(n.at[i]));
				return;
			}
}

/* ---- Enums ---- */

static bool has_column_of_enum(struct looking *l, struct slice label)
{
	const struct object *t, *type;

	if (catalog_find(l->catalog, l->session, OBJECT_TABLE, l->change->target, &t) != PRESENT)
		return false;
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN &&
			catalog_find(l->catalog, l->session, OBJECT_TYPE,
				pg_split_name(t->parts[i]->column.type), &type) == PRESENT &&
			names_has(type->type_.labels, label))
			return true;
	return false;
}

/* "If ALTER TYPE ... ADD VALUE is executed inside a transaction block, the new value cannot be used
 * until after the transaction has been committed": the manual, ALTER TYPE. */
static void refuse_new_label(struct looking *l)
{
	for (size_t i = 0; i < l->session->new_labels.n; i++) {
		struct slice label = l->session->new_labels.at[i];
		struct slice literal = arena_printf(l->arena, "'%.*s'", SLICE(label));

		struct slice cast = arena_printf(l->arena, "%.*s::", SLICE(literal));

		if (slice_find(l->statement->raw, cast) == SIZE_MAX &&
			(slice_find(l->statement->raw, literal) == SIZE_MAX ||
				!has_column_of_enum(l, label)))
			continue;
		pg_fails(l, "unsafe use of new value \"%.*s\": it was added in this transaction",
			SLICE(label));
	}
}

/* table%ROWTYPE, table.column%TYPE; one without a dot may be of another variable. */
static void refuse_like_type(struct looking *l, struct slice type)
{
	struct slice name = slice_trim(slice_sub(type, 0, slice_chr(type, '%')));
	size_t dot = slice_chr(name, '.');
	const struct object *o, *col;
	enum presence p;

	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] >= 'A' && name.at[i] <= 'Z')
			return;
	if (slice_ifind(type, SL("rowtype")) != SIZE_MAX) {
		p = catalog_find(l->catalog, l->session, OBJECT_NONE, pg_split_name(name), &o);
		if (p == ABSENT && !slice_starts(name, "pg_") && dot == SIZE_MAX &&
			!pg_has_extensions(l))
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(name));
		return;
	}
	if (dot == SIZE_MAX || slice_chr(slice_from(name, dot + 1), '.') != SIZE_MAX ||
		catalog_find(l->catalog, l->session, OBJECT_TABLE,
			(struct name){SLICE_NONE, slice_sub(name, 0, dot)}, &o) != PRESENT ||
		o->type != OBJECT_TABLE)
		return;
	if (catalog_part(l->catalog, o, OBJECT_COLUMN, slice_from(name, dot + 1), &col) == ABSENT)
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(name));
}

/* What PL/pgSQL's parser says of a body: the reader has asked it. */
static void refuse_body(struct looking *l)
{
	for (size_t i = 0; i < l->change->settings.n; i++)
		if (slice_starts(l->change->settings.at[i], "body-fault="))
			pg_fails(l, "%.*s", SLICE(slice_from(l->change->settings.at[i], 11)));
	for (size_t i = 0; i < l->change->settings.n; i++) {
		struct slice s = l->change->settings.at[i];

		if (slice_starts(s, "declares=") && slice_chr(s, '%') != SIZE_MAX)
			refuse_like_type(l, slice_from(s, 9));
		else if (slice_starts(s, "declares=") &&
			 pg_type_known(l, slice_from(s, 9)) == ABSENT)
			pg_fails(l, "type \"%.*s\" does not exist", SLICE(slice_from(s, 9)));
	}
}

/* A bare RETURN in a function that gives a value. */
static void refuse_return(struct looking *l)
{
	const struct function_def *f = l->change->def ? &l->change->def->function : NULL;

	if (f && slice_ifind(f->body.text, SL("return;")) != SIZE_MAX &&
		slice_is(f->language, "plpgsql") && slice_is(f->kind, "function") &&
		f->returns.len && !slice_is(f->returns, "void") &&
		!slice_istarts(f->returns, "setof ") && !slice_istarts(f->returns, "table") &&
		slice_ifind(f->arguments, SL("out ")) == SIZE_MAX &&
		slice_chr(f->body.text, '\'') == SIZE_MAX)
		pg_fails(l, "missing expression at or near \";\"");
}

void pg_refusals(struct looking *l)
{
	pg_refuse_object(l);
	pg_refuse_part(l);
	if (!l->session->untyped)
		pg_refuse_typed(l);
	switch ((int)l->change->kind) {
	case CHANGE_CREATE_TABLE:
		refuse_columns(l);
		refuse_keys(l);
		refuse_keys_twice(l);
		pg_refuse_table(l);
		if (l->change->def)
			pg_refuse_options(l, NULL, &l->change->def->table_.options);
		break;
	case CHANGE_CREATE_VIEW:
		if (l->change->def)
			pg_refuse_options(l, NULL, &l->change->def->view.options);
		break;
	case CHANGE_CREATE_INDEX:
		refuse_keys(l);
		if (l->change->def)
			pg_refuse_options(l, NULL, &l->change->def->index.options);
		break;
	case CHANGE_ADD_COLUMN:
	case CHANGE_ADD_CONSTRAINT:
		refuse_keys(l);
		refuse_keys_twice(l);
		break;
	case CHANGE_CALL:
		pg_refuse_call(l);
		break;
	case CHANGE_CREATE_FUNCTION:
		if (l->session->check_function_bodies) {
			refuse_body(l);
			refuse_return(l);
		}
		break;
	case CHANGE_DO_BLOCK:
		refuse_body(l);
		break;
	case CHANGE_RELEASE:
	case CHANGE_ROLLBACK_TO:
		pg_refuse_savepoint(l);
		break;
	case CHANGE_UPDATE:
		pg_refuse_rows(l);
		refuse_twice(l);
		refuse_new_label(l);
		break;
	case CHANGE_INSERT:
		pg_refuse_rows(l);
		refuse_twice(l);
		refuse_new_label(l);
		break;
	case CHANGE_DELETE:
	case CHANGE_MERGE:
	case CHANGE_SELECT:
	case CHANGE_SET_DEFAULT:
		refuse_new_label(l);
		break;
	}
}
