/* effects_drop.c - what goes, and what goes with it or keeps it. */
#include "engine/postgres/effects.h"
#include "sql/quote.h"

#include <stdint.h>

/* ---- Is it there? ---- */

/* True when it is known that there is none: said, unless IF EXISTS allows it. */
bool pg_missing(struct looking *l, enum object_type type)
{
	const struct object *o;
	enum object_type t = l->change->kind == CHANGE_DROP_DOMAIN ? OBJECT_TYPE : type;
	struct name n = l->change->target;

	if (t == OBJECT_NONE || t == OBJECT_OTHER || t == OBJECT_ROLE || t == OBJECT_DATABASE ||
		pg_has_extensions(l))
		return false;
	if (t == OBJECT_FUNCTION)
		n = pg_function_name(l, n);
	if (catalog_find(l->catalog, l->session, t, catalog_resolve(l->catalog, l->session, t, n),
		    &o) != ABSENT ||
		catalog_find(l->catalog, l->session, t, n, &o) == PRESENT)
		return false;
	if (!(l->change->flags & CHANGE_IF_EXISTS))
		pg_fails(l, "%s \"%.*s\" does not exist", object_type_word(t),
			SLICE(l->change->target.name));
	return true;
}

struct name pg_function_name(struct looking *l, struct name n)
{
	n.name = catalog_full_signature(l->catalog, l->session, n.name);
	return n;
}

/* As the server prints it: schemas on the search path are not said. */
struct slice pg_short_signature(struct looking *l, struct slice name)
{
	for (size_t i = 0; i < l->session->search_path.n; i++) {
		struct slice dotted =
			arena_printf(l->arena, "%.*s.", SLICE(l->session->search_path.at[i]));

		for (size_t at; (at = slice_find(name, dotted)) != SIZE_MAX;)
			name = arena_printf(l->arena, "%.*s%.*s", SLICE(slice_sub(name, 0, at)),
				SLICE(slice_from(name, at + dotted.len)));
	}
	return name;
}

void pg_no_schema(struct looking *l, struct slice schema)
{
	const struct object *o;

	if (slice_starts(slice_of(l->statement->kind), "CREATE SCHEMA"))
		return; /* it makes it */
	if (schema.len && !slice_starts(schema, "pg_") &&
		catalog_find(l->catalog, l->session, OBJECT_SCHEMA,
			(struct name){SLICE_NONE, schema}, &o) == ABSENT)
		pg_fails(l, "schema \"%.*s\" does not exist", SLICE(schema));
}

/* ---- Relations ---- */

/* Does the same statement drop, or empty, that table too? */
bool pg_in_statement(const struct looking *l, const struct relation *r)
{
	for (size_t i = 0; i < l->statement->nchanges; i++) {
		const struct change *c = &l->statement->changes[i];

		if (c->kind == l->change->kind &&
			name_eq(catalog_resolve(l->catalog, l->session, OBJECT_TABLE, c->target),
				r->name))
			return true;
	}
	return false;
}

static void drop_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	(void)r;
	if (refers) {
		/* A partition's key is the parent's: nothing of it stands on the other side. */
		if (!key->constraint.inherited)
			pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
	} else if (l->change->flags & CHANGE_CASCADE) {
		pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
		pg_destroys(l, OBJECT_CONSTRAINT, other->name, key->name);
	} else if (!pg_in_statement(l, other)) {
		pg_fails(l, "table \"%.*s\" has a foreign key to it", SLICE(other->name.name));
	}
}

static void drop_key_above(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	if (!refers && !key->constraint.inherited)
		drop_key(l, r, other, key, refers);
}

static void drop_dependents(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n = r->object ? catalog_dependents(l->catalog, r->object, SLICE_NONE, l->arena, &all)
			     : 0;

	for (size_t i = 0; i < n; i++) {
		struct relation v = pg_relation_of(l, all[i]);

		if (!(l->change->flags & CHANGE_CASCADE) && !pg_in_statement(l, &v) &&
			!all[i]->tainted)
			pg_fails(l, "%s \"%.*s\" depends on it", object_type_word(all[i]->type),
				SLICE(all[i]->name));
	}
	if (n && l->change->flags & CHANGE_CASCADE)
		pg_lock_views(l, r->object, SLICE_NONE, true);
}

static void lock_whole_tree(struct looking *l, const struct relation *r)
{
	const struct object **parts;
	size_t n = pg_children(l, r, &parts);

	if (!pg_is_temporary(r))
		pg_destroys(l, r->type, r->name, SLICE_NONE);
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock_indexes(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		if (pg_is_heir(parts[i], r)) {
			drop_dependents(l, &child);
			lock_whole_tree(l, &child);
		}
	}
}

/* Does the default take from that sequence: nextval('s'), or with the schema? */
static bool takes_from(const struct object *column, const struct relation *s)
{
	const struct expr *e = &column->column.default_value;
	struct slice text = e->normal.len ? e->normal : e->text;
	size_t at = slice_ifind(text, SL("nextval('"));
	struct name n;

	if (at == SIZE_MAX)
		return false;
	text = slice_from(text, at + 9);
	n = pg_split_name(slice_sub(text, 0, slice_chr(text, '\'')));
	return slice_eq(n.name, s->name.name) &&
	       (slice_empty(n.schema) || slice_eq(n.schema, s->name.schema));
}

/* Columns that take their default from a sequence. */
static void drop_sequence_users(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n = r->object ? catalog_list(l->catalog, OBJECT_TABLE, l->arena, &all) : 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < all[i]->nparts; k++) {
			const struct object *p = all[i]->parts[k];
			bool owned = p->type == OBJECT_COLUMN &&
				     names_has(p->column.sequence,
					     arena_printf(l->arena, "%.*s.%.*s",
						     SLICE(r->name.schema), SLICE(r->name.name)));
			struct relation t;

			/* Owned by the column, but no default takes from it any more: no user. */
			if (p->type != OBJECT_COLUMN ||
				!(takes_from(p, r) ||
					(owned && (p->column.default_value.text.len ||
							  p->column.default_value.normal.len))))
				continue;
			t = pg_relation_of(l, all[i]);
			if (!(l->change->flags & CHANGE_CASCADE))
				pg_fails(l, "column \"%.*s\" of \"%.*s\" uses it", SLICE(p->name),
					SLICE(t.name.name));
			pg_lock(l, &t, PG_ACCESS_EXCLUSIVE);
		}
}

static bool is_identity_sequence(struct looking *l, const struct relation *r)
{
	struct slice owner = r->object ? r->object->sequence.owned_by : SLICE_NONE;
	struct slice column = pg_last_part(owner);
	const struct object *t, *col;

	return owner.len > column.len &&
	       catalog_find(l->catalog, l->session, OBJECT_TABLE,
		       pg_split_name(slice_sub(owner, 0, owner.len - column.len - 1)),
		       &t) == PRESENT &&
	       catalog_part(l->catalog, t, OBJECT_COLUMN, column, &col) == PRESENT &&
	       col->column.identity.len > 0 &&
	       /* An identity column may own a second one, which it does not need. */
	       (col->column.sequence.n == 0 ||
		       slice_eq(pg_split_name(col->column.sequence.at[0]).name, r->name.name));
}

static void drop_type_users(struct looking *l, struct name type, int depth);

/* A key that refers to the parent holds each partition. */
static void drop_keys_above(struct looking *l, const struct relation *parent)
{
	struct relation r = *parent;

	for (int depth = 0; depth < 8 && r.object; depth++) {
		pg_each_key(l, &r, SLICE_NONE, drop_key_above);
		if (slice_empty(r.object->table_.partition_of.name))
			return;
		r = pg_relation(l, r.object->table_.partition_of, OBJECT_TABLE);
	}
}

static void drop_relation(struct looking *l, enum object_type type)
{
	struct relation r = pg_relation(l, l->change->target, type);

	if (r.presence == ABSENT) {
		struct relation other = pg_relation(l, l->change->target, OBJECT_NONE);

		if (other.object) /* also with IF EXISTS */
			pg_fails(l, "\"%.*s\" is not a %s", SLICE(r.name.name),
				object_type_word(type));
		else if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "%s \"%.*s\" does not exist", object_type_word(type),
				SLICE(r.name.name));
		return;
	}
	if (r.object && r.object->type != type) {
		pg_fails(l, "\"%.*s\" is not a %s", SLICE(r.name.name), object_type_word(type));
		return;
	}
	if (type == OBJECT_SEQUENCE && is_identity_sequence(l, &r)) {
		pg_fails(l, "an identity column needs the sequence");
		return;
	}
	r.type = type;
	lock_whole_tree(l, &r);
	if (r.object && r.object->type == OBJECT_TABLE && !pg_is_partitioned(&r) &&
		!(l->change->flags & CHANGE_CASCADE)) {
		const struct object **heirs;

		for (size_t i = 0, n = pg_children(l, &r, &heirs); i < n; i++) {
			struct relation heir = pg_relation_of(l, heirs[i]);

			if (pg_is_heir(heirs[i], &r) && !pg_in_statement(l, &heir))
				pg_fails(l, "table \"%.*s\" inherits from it",
					SLICE(heirs[i]->name));
		}
	}
	if (r.object && r.object->type == OBJECT_TABLE && r.object->table_.partition_of.name.len) {
		struct relation parent =
			pg_relation(l, r.object->table_.partition_of, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
		pg_lock_default_partition(l, &parent, false);
		drop_keys_above(l, &parent);
	}
	pg_each_key(l, &r, SLICE_NONE, drop_key);
	if (type != OBJECT_SEQUENCE && r.object)
		drop_type_users(l, r.name, 0);
	if (type == OBJECT_SEQUENCE)
		drop_sequence_users(l, &r);
	drop_dependents(l, &r);
	if (pg_is_temporary(&r))
		return;
	pg_breaks(l, BREAKS_OLD_READERS, type, r.name, SLICE_NONE);
	if (type == OBJECT_TABLE || type == OBJECT_SEQUENCE)
		pg_breaks(l, BREAKS_OLD_WRITERS, type, r.name, SLICE_NONE);
}

static void drop_table(struct looking *l)
{
	drop_relation(l, OBJECT_TABLE);
}

static void drop_view(struct looking *l)
{
	drop_relation(l, OBJECT_VIEW);
}

static void drop_matview(struct looking *l)
{
	drop_relation(l, OBJECT_MATVIEW);
}

static void drop_sequence(struct looking *l)
{
	drop_relation(l, OBJECT_SEQUENCE);
}

/* ---- Types, functions, schemas ---- */

/* Is it the type, an array of it or, in a list of arguments, one of them? */
bool pg_spells_type(struct arena *a, struct slice text, struct name type)
{
	bool quoted = ident_needs_quotes(DIALECT_POSTGRES, type.name);
	struct slice quote = quoted ? SL("\"") : SLICE_NONE;
	struct slice full = arena_join(
		a, (const struct slice[]){type.schema, SL("."), quote, type.name, quote}, 5);

	for (size_t at, from = 0; from < text.len; from += at + 1) {
		size_t end;

		at = slice_find(slice_from(text, from), full);
		if (at == SIZE_MAX)
			return false;
		end = from + at + full.len;
		if ((end == text.len || strchr(",)[ ", text.at[end])) &&
			(from + at == 0 || strchr("( ", text.at[from + at - 1])))
			return true;
	}
	return false;
}

/* A column of the rows' type keeps the table from being filled or written anew. */
void pg_row_type_used(struct looking *l, struct name type)
{
	const struct object **all;
	size_t n = catalog_naming(l->catalog, type, OBJECT_COLUMN, l->arena, &all);

	for (size_t i = 0; i < n; i++)
		if (all[i]->table && all[i]->table->type != OBJECT_VIEW &&
			pg_spells_type(l->arena, all[i]->column.type, type))
			pg_fails(l, "column \"%.*s.%.*s\" uses its row type",
				SLICE(all[i]->table->name), SLICE(all[i]->name));
}

static void spoil(struct looking *l, enum undo u)
{
	if (u > l->out->undo)
		l->out->undo = u;
}

/* It may be gone by now: dynamic SQL has touched it. */
static bool may_be_gone(const struct object *user)
{
	return user->tainted || (user->table && user->table->tainted);
}

static bool keeps(struct looking *l, const struct object *user)
{
	if (l->change->flags & CHANGE_CASCADE || may_be_gone(user))
		return false;
	pg_fails(l, "%s \"%.*s\" depends on it", object_type_word(user->type), SLICE(user->name));
	return true;
}

static void drop_column_used(struct looking *l, const struct object *col)
{
	struct relation r = pg_relation_of(l, col->table);

	if (r.type == OBJECT_VIEW || r.type == OBJECT_MATVIEW || keeps(l, col))
		return; /* a view goes with the column that it shows */
	pg_lock_tree(l, &r, PG_ACCESS_EXCLUSIVE);
	pg_drop_column_of(l, &r, col->name);
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r.name, col->name);
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r.name, col->name);
	pg_each_key(l, &r, col->name, pg_drop_key);
	pg_lock_views(l, col->table, col->name, true);
	spoil(l, UNDO_SCHEMA_ONLY);
}

static void drop_function_users(struct looking *l, struct name function);

static void drop_function_used(struct looking *l, const struct object *f)
{
	struct name gone;

	if (keeps(l, f))
		return;
	gone = (struct name){f->schema, pg_short_signature(l, f->name)};
	pg_destroys(l, OBJECT_FUNCTION, gone, SLICE_NONE);
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_FUNCTION, gone, SLICE_NONE);
	drop_function_users(l, (struct name){f->schema, f->name});
}

/* What is made of a type, a domain, or the rows of a table. */
static void drop_type_users(struct looking *l, struct name type, int depth)
{
	const struct object **all;
	size_t n = catalog_naming(l->catalog, type, OBJECT_COLUMN, l->arena, &all);

	for (size_t i = 0; i < n; i++)
		if (all[i]->table && pg_spells_type(l->arena, all[i]->column.type, type) &&
			!name_eq((struct name){all[i]->table->schema, all[i]->table->name}, type))
			drop_column_used(l, all[i]);
	n = catalog_naming(l->catalog, type, OBJECT_FUNCTION, l->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (pg_spells_type(l->arena, all[i]->function.returns, type) ||
			pg_spells_type(l->arena, all[i]->name, type))
			drop_function_used(l, all[i]);
	n = catalog_naming(l->catalog, type, OBJECT_TYPE, l->arena, &all);
	for (size_t i = 0; i < n && depth < 8; i++) {
		struct name d = {all[i]->schema, all[i]->name};

		if (!pg_spells_type(l->arena, all[i]->type_.base, type) || keeps(l, all[i]))
			continue;
		pg_destroys(l, OBJECT_TYPE, d, SLICE_NONE);
		drop_type_users(l, d, depth + 1);
	}
	n = catalog_naming(l->catalog, type, OBJECT_TABLE, l->arena, &all);
	for (size_t i = 0; i < n; i++) {
		struct relation r = pg_relation_of(l, all[i]);

		if (!name_eq(all[i]->table_.of_type, type) || keeps(l, all[i]))
			continue;
		lock_whole_tree(l, &r);
		pg_lock_views(l, all[i], SLICE_NONE, true);
		pg_breaks(l, BREAKS_OLD_READERS, OBJECT_TABLE, r.name, SLICE_NONE);
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_TABLE, r.name, SLICE_NONE);
		spoil(l, UNDO_SCHEMA_ONLY);
	}
}

/* A trigger for rows is in each partition too. */
static void drop_trigger_tree(
	struct looking *l, const struct relation *r, const struct object *trigger, int depth)
{
	const struct object **children;
	size_t n = pg_is_partitioned(r) && trigger->trigger.for_each_row && depth < 16
			   ? pg_children(l, r, &children)
			   : 0;

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	if (depth == 0 || l->version >= 150000)
		pg_destroys(l, OBJECT_TRIGGER, r->name, trigger->name);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, children[i]);

		drop_trigger_tree(l, &child, trigger, depth + 1);
	}
}

static void drop_trigger_users(struct looking *l, struct name function)
{
	const struct object **all;
	size_t n;

	function.name = slice_sub(function.name, 0, slice_chr(function.name, '('));
	n = catalog_naming(l->catalog, function, OBJECT_TRIGGER, l->arena, &all);
	for (size_t i = 0; i < n; i++) {
		struct relation r = pg_relation_of(l, all[i]->table);

		if (!keeps(l, all[i]))
			drop_trigger_tree(l, &r, all[i], 0);
	}
}

static bool calls(const struct expr *e, struct slice call)
{
	return slice_find(e->normal.len ? e->normal : e->text, call) != SIZE_MAX;
}

static bool part_calls(const struct object *p, struct slice call)
{
	switch ((int)p->type) {
	case OBJECT_COLUMN:
		return calls(&p->column.default_value, call) || calls(&p->column.generation, call);
	case OBJECT_CONSTRAINT:
		return calls(&p->constraint.expression, call);
	case OBJECT_INDEX:
		for (size_t i = 0; i < p->index.keys.n; i++)
			if (slice_find(p->index.keys.at[i], call) != SIZE_MAX)
				return true;
		return calls(&p->index.predicate, call);
	default:
		return p->type == OBJECT_POLICY &&
		       (calls(&p->policy.using_expr, call) || calls(&p->policy.check_expr, call));
	}
}

static void drop_calling_part(struct looking *l, const struct object *table, const struct object *p)
{
	struct relation r = pg_relation_of(l, table), index;

	pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
	if (p->type == OBJECT_INDEX) {
		index = pg_index_of(l, &r, p);
		pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
		pg_destroys(l, OBJECT_INDEX, index.name, SLICE_NONE);
	} else if (p->type != OBJECT_COLUMN) {
		pg_destroys(l, p->type, r.name, p->name);
	} else if (p->column.generated.len) {
		pg_drop_column_of(l, &r, p->name);
		pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r.name, p->name);
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r.name, p->name);
	}
}

/* Views, and defaults, checks, indexes, policies that call it. */
static void drop_function_users(struct looking *l, struct name function)
{
	bool cascade = l->change->flags & CHANGE_CASCADE;
	struct slice bare = slice_sub(function.name, 0, slice_chr(function.name, '('));
	struct slice call = arena_printf(l->arena, "%.*s(", SLICE(bare));
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_NONE, l->arena, &all);

	drop_trigger_users(l, function);
	for (size_t i = 0; i < n; i++) {
		bool view = all[i]->type == OBJECT_VIEW || all[i]->type == OBJECT_MATVIEW;
		struct relation r;

		for (size_t k = 0; k < all[i]->nparts; k++)
			if (part_calls(all[i]->parts[k], call)) {
				if (!cascade)
					pg_fails(l, "%s \"%.*s\" calls it",
						object_type_word(all[i]->parts[k]->type),
						SLICE(all[i]->parts[k]->name));
				drop_calling_part(l, all[i], all[i]->parts[k]);
			}
		if (!view || !calls(&all[i]->view.query, call))
			continue;
		if (!cascade)
			pg_fails(l, "view \"%.*s\" calls it", SLICE(all[i]->name));
		r = pg_relation_of(l, all[i]);
		pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
		pg_destroys(l, r.type, r.name, SLICE_NONE);
		pg_lock_views(l, all[i], SLICE_NONE, true);
	}
}

static struct name full_name(struct looking *l, enum object_type t)
{
	struct name n = l->change->target;
	const struct object *found;

	if (t == OBJECT_FUNCTION)
		n = pg_function_name(l, n);
	if (catalog_find(l->catalog, l->session, t, n, &found) == PRESENT)
		return (struct name){found->schema, found->name};
	return catalog_resolve(l->catalog, l->session, t, n);
}

/* Types, domains, functions, extensions: what is made of them goes too, or keeps them. */
static void drop_named(struct looking *l)
{
	const struct change *c = l->change;
	enum object_type t = c->kind == CHANGE_DROP_DOMAIN ? OBJECT_TYPE : c->type;
	struct name n;

	if (pg_missing(l, c->type))
		return;
	if (t == OBJECT_OTHER && c->flags & CHANGE_IF_EXISTS && pg_changes_nothing(l))
		return;
	n = full_name(l, t);
	if (t == OBJECT_DATABASE && c->flags & CHANGE_IF_EXISTS) { /* who knows which there are */
		effect_touch(l->arena, &l->out->destroys, &l->out->ndestroys,
			(struct touched){.type = t, .object = n, .certain = false});
		return;
	}
	if (t == OBJECT_TYPE)
		drop_type_users(l, n, 0);
	else if (t == OBJECT_FUNCTION)
		drop_function_users(l, n);
	if (t == OBJECT_FUNCTION)
		n.name = pg_short_signature(l, n.name);
	pg_destroys(l, t, n, SLICE_NONE);
	pg_breaks(l, BREAKS_OLD_READERS, c->type, n, SLICE_NONE);
}

static void drop_key_outside(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	if (!slice_eq(other->name.schema, r->name.schema))
		drop_key(l, r, other, key, refers);
}

/* What stands in other schemas and hangs on a relation of this one. */
static void drop_outside(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n = catalog_dependents(l->catalog, r->object, SLICE_NONE, l->arena, &all);

	if (r->type == OBJECT_TABLE)
		pg_each_key(l, r, SLICE_NONE, drop_key_outside);
	for (size_t i = 0; i < n; i++)
		if (!slice_eq(all[i]->schema, r->name.schema)) {
			drop_dependents(l, r);
			return;
		}
}

static void drop_schema(struct looking *l)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_NONE, l->arena, &all);

	if (pg_missing(l, OBJECT_SCHEMA))
		return;
	pg_destroys(l, OBJECT_SCHEMA, l->change->target, SLICE_NONE);
	l->out->undo = UNDO_EXACT;
	for (size_t i = 0; i < n; i++) {
		if (!slice_eq(all[i]->schema, l->change->target.name) || all[i]->table)
			continue;
		if (all[i]->type == OBJECT_SCHEMA)
			continue;
		if (!(l->change->flags & CHANGE_CASCADE)) {
			pg_fails(l, "the schema is not empty");
			return;
		}
		if (object_is_relation(all[i]->type)) {
			struct relation r = pg_relation(
				l, (struct name){all[i]->schema, all[i]->name}, all[i]->type);

			pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
			pg_lock_indexes(l, &r, PG_ACCESS_EXCLUSIVE);
			if (r.object && all[i]->type != OBJECT_SEQUENCE)
				drop_outside(l, &r);
			if (all[i]->type == OBJECT_TABLE || all[i]->type == OBJECT_SEQUENCE)
				l->out->undo = UNDO_SCHEMA_ONLY;
		}
		if (all[i]->type == OBJECT_SEQUENCE && all[i]->sequence.owned_by.len)
			continue;
		pg_breaks(l, BREAKS_OLD_READERS, all[i]->type,
			(struct name){all[i]->schema, all[i]->name}, SLICE_NONE);
		if (all[i]->type == OBJECT_TABLE || all[i]->type == OBJECT_SEQUENCE)
			pg_breaks(l, BREAKS_OLD_WRITERS, all[i]->type,
				(struct name){all[i]->schema, all[i]->name}, SLICE_NONE);
		pg_destroys(
			l, all[i]->type, (struct name){all[i]->schema, all[i]->name}, SLICE_NONE);
	}
}

/* clang-format off */
const struct pg_action pg_drop_actions[] = {
	{CHANGE_DROP_TABLE, drop_table, NULL},
	{CHANGE_DROP_VIEW, drop_view, NULL},
	{CHANGE_DROP_MATVIEW, drop_matview, NULL},
	{CHANGE_DROP_SEQUENCE, drop_sequence, NULL},
	{CHANGE_DROP_SCHEMA, drop_schema, NULL},
	{CHANGE_DROP_TYPE, drop_named, NULL},
	{CHANGE_DROP_DOMAIN, drop_named, NULL},
	{CHANGE_DROP_FUNCTION, drop_named, NULL},
	{CHANGE_DROP_EXTENSION, drop_named, NULL},
	{CHANGE_DROP_DATABASE, drop_named, NULL},
	{CHANGE_DROP_OTHER, drop_named, NULL},
	{0},
};
/* clang-format on */
