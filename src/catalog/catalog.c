/* catalog.c - a catalog's life: new, copy, direct building, listing, taints, undo. */
#include "catalog/internal.h"

#include "sql/quote.h"

#include <stdlib.h>

struct catalog *catalog_new(enum dialect d, int version)
{
	struct catalog *c = mem_alloc(sizeof *c);

	c->dialect = d;
	c->version = version ? version : version_default(d);
	c->meta.complete = true;
	if (is_postgres(c)) {
		struct object o = {.type = OBJECT_SCHEMA, .name = SL("public")};
		struct node *n;

		n = node_new(c, &o);
		n->assumed = true;
		node_put(c, n);
	}
	return c;
}

void catalog_free(struct catalog *c)
{
	if (!c)
		return;
	store_done(c);
	free(c->saved);
	arena_done(&c->arena);
	arena_done(&c->undo_arena);
	free(c);
}

enum dialect catalog_dialect(const struct catalog *c)
{
	return c->dialect;
}

int catalog_version(const struct catalog *c)
{
	return c->version;
}

struct arena *catalog_arena(struct catalog *c)
{
	return &c->arena;
}

void catalog_set_complete(struct catalog *c, bool complete)
{
	meta_edit(c)->complete = complete;
}

bool catalog_is_complete(const struct catalog *c)
{
	return c->meta.complete && !c->meta.tainted;
}

/* ---- Listing ---- */

int object_order(const struct object *a, const struct object *b)
{
	int d = slice_cmp(a->schema, b->schema);

	if (d == 0)
		d = slice_cmp(a->name, b->name);
	if (d == 0)
		d = (int)a->type - (int)b->type;
	if (d == 0 && a->table && b->table)
		d = slice_cmp(a->table->name, b->table->name);
	return d;
}

static int by_name(const void *a, const void *b)
{
	return object_order(*(const struct object *const *)a, *(const struct object *const *)b);
}

bool catalog_has_extensions(const struct catalog *c)
{
	return c->nextensions > 0;
}

size_t catalog_list(
	const struct catalog *c, enum object_type type, struct arena *a, const struct object ***out)
{
	size_t all = type == OBJECT_NONE ? c->nnodes : c->ntype[type], n = 0;
	const struct object **v = ARENA_ARRAY(a, all + 1, const struct object *);

	/* Columns are not in the hash: they are listed through their tables. */
	for (size_t b = 0; b < c->nbuckets && n < all; b++)
		for (struct node *at = c->buckets[b]; at; at = at->next)
			if (type == OBJECT_NONE ? at->o.table == NULL : at->o.type == type)
				v[n++] = &at->o;
	if (n)
		qsort(v, n, sizeof *v, by_name);
	*out = v;
	return n;
}

/* ---- Direct building ---- */

static void put_parts(struct catalog *c, struct node *n, const struct object *o)
{
	for (size_t i = 0; i < o->nparts; i++)
		catalog_put_part(c, &n->o, o->parts[i]);
}

/* Is `old` what would be put a second time? */
static bool replaces(const struct catalog *c, const struct object *o, const struct object *old)
{
	if (old->type != o->type || old->table || !same_name(c, o->type, old->name, o->name))
		return false;
	if (o->type == OBJECT_DEFAULT_ACL)
		return slice_eq(o->owner, old->owner);
	return o->type != OBJECT_OTHER || slice_eq(o->other.class_, old->other.class_);
}

/* What an extension brought along is not in the catalog: look-ups have to know that. */
void note_extension(struct catalog *c, struct slice name)
{
	static const char *const without_relations[] = {"plpgsql", "uuid-ossp", "pgcrypto",
		"citext", "hstore", "pg_trgm", "btree_gin", "btree_gist", "unaccent", "ltree",
		"intarray", "fuzzystrmatch", "tablefunc", "vector", "cube", "earthdistance", "isn",
		"moddatetime", "lo", "seg", "bloom", "dict_int", "dict_xsyn"};
	struct meta *m = meta_edit(c);

	for (size_t i = 0; i < sizeof without_relations / sizeof *without_relations; i++)
		if (slice_is(name, without_relations[i]))
			name = SL("(functions only)");
	m->foreign = names_copy(&c->arena, m->foreign);
	names_add(&c->arena, &m->foreign, name);
}

/* A new catalog has the schema public, as a new database has. Whoever puts schemas in knows them
 * all. */
static void forget_assumed_public(struct catalog *c)
{
	struct node *n = node_find(c, OBJECT_SCHEMA, (struct name){SLICE_NONE, SL("public")});

	if (n && n->assumed)
		node_drop(c, n);
}

struct object *catalog_put(struct catalog *c, const struct object *o)
{
	struct name key = {o->type == OBJECT_EXTENSION ? SLICE_NONE : o->schema, o->name};
	struct node *old = node_find(c, o->type, key), *n = node_new(c, o);

	while (old) {
		struct node *next = node_again(c, old, o->type, key);

		if (replaces(c, o, &old->o))
			node_drop(c, old);
		old = next;
	}
	node_put(c, n);
	if (o->type == OBJECT_SCHEMA)
		forget_assumed_public(c);
	if (o->type == OBJECT_EXTENSION)
		note_extension(c, o->name);
	put_parts(c, n, o);
	return &n->o;
}

struct object *catalog_put_part(struct catalog *c, struct object *table, const struct object *part)
{
	struct node *n = node_new(c, part);

	if (slice_empty(n->o.schema))
		n->o.schema = table->schema;
	part_put_last(c, node_of(table), n);
	return &n->o;
}

void catalog_drop(struct catalog *c, struct object *o)
{
	struct node *n = node_of(o);

	while (o->nparts)
		part_drop(c, node_of(o->parts[o->nparts - 1]));
	if (o->table)
		part_drop(c, n);
	else
		node_drop(c, n);
}

static void copy_node(struct catalog *to, const struct node *from)
{
	struct node *n = ARENA_NEW(&to->arena, struct node);

	object_copy_into(&to->arena, &n->o, &from->o);
	n->o.table = NULL;
	n->columns_unknown = from->columns_unknown;
	n->parts_unknown = from->parts_unknown;
	n->assumed = from->assumed;
	node_put(to, n);
	for (size_t i = 0; i < from->o.nparts; i++) {
		struct node *part = ARENA_NEW(&to->arena, struct node);

		object_copy_into(&to->arena, &part->o, from->o.parts[i]);
		part_put(to, n, part, n->o.nparts);
	}
}

struct catalog *catalog_copy(const struct catalog *c)
{
	struct catalog *to = mem_alloc(sizeof *to);

	to->dialect = c->dialect;
	to->version = c->version;
	to->meta = c->meta;
	to->meta.taints = names_copy(&to->arena, c->meta.taints);
	to->meta.foreign = names_copy(&to->arena, c->meta.foreign);
	for (size_t b = 0; b < c->nbuckets; b++)
		for (const struct node *n = c->buckets[b]; n; n = n->next)
			if (!n->o.table)
				copy_node(to, n);
	return to;
}

/* ---- Taints ---- */

static void taint_node(struct catalog *c, struct node *n)
{
	if (!n->o.tainted) {
		node_edit(c, n)->tainted = true;
		node_edited(c, n);
	}
	for (size_t i = 0; i < n->o.nparts; i++)
		taint_node(c, node_of(n->o.parts[i]));
}

static void taint_everything(struct catalog *c)
{
	struct meta *m = meta_edit(c);

	m->tainted = true;
	/* What was tainted by an earlier one still is: only newer objects are left to do. */
	for (size_t i = 0; i < c->nsound; i++) {
		struct node *n = c->sound[i];

		if (n->gone || n->o.tainted)
			continue;
		node_edit(c, n)->tainted = true;
		node_edited(c, n);
	}
	c->nsound = 0;
	c->sound = NULL;
}

void catalog_taint(struct catalog *c, const struct session *s, struct slice what)
{
	struct name name;
	struct node *n;
	struct meta *m;

	if (slice_is(what, "*")) {
		taint_everything(c);
		return;
	}
	name = catalog_resolve(c, s, OBJECT_NONE, split_name(what));
	for (int t = OBJECT_NONE + 1; t < OBJECT_TYPES_; t++)
		for (n = node_find(c, (enum object_type)t, name); n;
			n = node_again(c, n, (enum object_type)t, name))
			if ((int)n->o.type == t && !n->o.table)
				taint_node(c, n);
	m = meta_edit(c);
	m->taints = names_copy(&c->arena, m->taints);
	names_add(&c->arena, &m->taints, dotted(&c->arena, name));
}

void catalog_more(struct catalog *c)
{
	meta_edit(c)->tainted = true;
}

/* ---- Undo ---- */

size_t catalog_mark(const struct catalog *c)
{
	/* The log is kept only once somebody may come back to a mark. */
	((struct catalog *)(uintptr_t)c)->logging = true;
	return c->nlog;
}

void catalog_undo(struct catalog *c, size_t mark)
{
	undo_to(c, mark);
}

void catalog_forget_marks(struct catalog *c)
{
	c->nlog = 0;
	c->logging = false;
	arena_reset(&c->undo_arena);
}

/* ---- Names for people ---- */

struct slice object_path(struct arena *a, enum dialect d, const struct object *o)
{
	struct buf b = {0};
	struct slice out;

	if (o->table) {
		quote_name_pretty(&b, d, o->table->schema, o->table->name);
		buf_addc(&b, '.');
		quote_ident_pretty(&b, d, o->name);
	} else {
		quote_name_pretty(&b, d, o->schema, o->name);
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}
