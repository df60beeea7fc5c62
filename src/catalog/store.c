/* store.c - nodes, their hashes and edges, and the log that undoes every change to them. */
#include "catalog/internal.h"

#include <stdlib.h>

/* ---- Names ---- */

enum object_type space_of(const struct catalog *c, enum object_type t)
{
	if (t == OBJECT_INDEX && is_mysql(c))
		return OBJECT_INDEX; /* MySQL's index names belong to their table */
	return object_is_relation(t) ? OBJECT_TABLE : t;
}

static bool folds(const struct catalog *c, enum object_type t)
{
	if (is_sqlite(c))
		return true;
	return is_mysql(c) && (t == OBJECT_COLUMN || t == OBJECT_INDEX || t == OBJECT_CONSTRAINT ||
				      t == OBJECT_FUNCTION || t == OBJECT_EVENT);
}

bool same_name(const struct catalog *c, enum object_type t, struct slice a, struct slice b)
{
	return folds(c, t) ? slice_ieq(a, b) : slice_eq(a, b);
}

bool same_full_name(const struct catalog *c, enum object_type t, struct name a, struct name b)
{
	return same_name(c, t, a.name, b.name) && same_name(c, t, a.schema, b.schema);
}

static unsigned long long hash_add(unsigned long long h, struct slice s)
{
	/* Bit 5 is what upper and lower case differ in; other pairs that it makes equal only share
	 * a bucket. */
	const unsigned long long fold = 0x2020202020202020ull, k = 0x9e3779b97f4a7c15ull;
	unsigned long long w = 0;

	/* The last eight bytes may overlap those before; so may the two fours of a short name. */
	for (size_t i = 0; i + 8 < s.len; i += 8) {
		memcpy(&w, s.at + i, 8);
		h = (h ^ (w | fold)) * k;
		h ^= h >> 32;
	}
	w = 0;
	if (s.len >= 8) {
		memcpy(&w, s.at + s.len - 8, 8);
	} else if (s.len >= 4) {
		unsigned head, tail;

		memcpy(&head, s.at, 4);
		memcpy(&tail, s.at + s.len - 4, 4);
		w = (unsigned long long)head << 32 | tail;
	} else {
		for (size_t i = 0; i < s.len; i++)
			w = w << 8 | (unsigned char)s.at[i];
	}
	h = (h ^ (w | fold) ^ s.len) * k;
	return h ^ h >> 32;
}

/* A function is found by its bare name; its argument types are compared afterwards. */
static struct slice hashed_part(enum object_type t, struct slice name)
{
	return t == OBJECT_FUNCTION ? slice_sub(name, 0, slice_chr(name, '(')) : name;
}

static unsigned long long hash_of(enum object_type space, struct name n)
{
	unsigned long long h = 14695981039346656037ull ^ (unsigned)space;

	h = hash_add(h, n.schema);
	h = hash_add(h, hashed_part(space, n.name));
	return h ^ h >> 29;
}

/* An extension's schema is where its objects are, not part of its name. */
static struct name key_of(const struct object *o)
{
	return (struct name){o->type == OBJECT_EXTENSION ? SLICE_NONE : o->schema, o->name};
}

/* ---- Hash of all named nodes ---- */

/* Linked both ways: thousands of triggers or constraints may have the same name. */
static void bucket_in(struct node **bucket, struct node *n)
{
	n->next = *bucket;
	if (n->next)
		n->next->back = &n->next;
	n->back = bucket;
	*bucket = n;
}

static void grow_buckets(struct catalog *c)
{
	size_t n = c->nbuckets ? c->nbuckets * 2 : 64;
	struct node **fresh = mem_alloc(n * sizeof *fresh);

	for (size_t i = 0; i < c->nbuckets; i++)
		for (struct node *at = c->buckets[i], *next; at; at = next) {
			next = at->next;
			bucket_in(&fresh[at->hash & (n - 1)], at);
		}
	free(c->buckets);
	c->buckets = fresh;
	c->nbuckets = n;
}

/* plpgsql is in every database, and defines nothing that others would not know. */
static bool is_added_extension(const struct node *n)
{
	return n->o.type == OBJECT_EXTENSION && !slice_is(n->o.name, "plpgsql");
}

static void hash_in(struct catalog *c, struct node *n)
{
	if (n->o.type == OBJECT_COLUMN)
		return;
	if (c->nnodes >= c->nbuckets)
		grow_buckets(c);
	c->has_temporary |= slice_ieq(n->o.schema, temp_schema(c));
	n->hash = hash_of(space_of(c, n->o.type), key_of(&n->o));
	bucket_in(&c->buckets[n->hash & (c->nbuckets - 1)], n);
	n->hashed = true;
	c->nnodes++;
	c->ntype[n->o.type]++;
	c->nextensions += is_added_extension(n);
}

static void hash_out(struct catalog *c, struct node *n)
{
	if (!n->hashed)
		return;
	*n->back = n->next;
	if (n->next)
		n->next->back = n->back;
	n->next = NULL;
	n->hashed = false;
	c->nnodes--;
	c->ntype[n->o.type]--;
	c->nextensions -= is_added_extension(n);
}

static bool matches(const struct catalog *c, const struct node *n, unsigned long long hash,
	enum object_type type, struct name want)
{
	enum object_type space = space_of(c, type);

	if (n->hash != hash || space_of(c, n->o.type) != space ||
		!same_name(c, type, key_of(&n->o).schema, want.schema))
		return false;
	if (same_name(c, type, n->o.name, want.name))
		return true;
	return type == OBJECT_FUNCTION && slice_chr(want.name, '(') == SIZE_MAX &&
	       same_name(c, type, hashed_part(type, n->o.name), want.name);
}

struct node *node_find(const struct catalog *c, enum object_type type, struct name n)
{
	unsigned long long hash = hash_of(space_of(c, type), n);

	if (!c->nbuckets)
		return NULL;
	for (struct node *at = c->buckets[hash & (c->nbuckets - 1)]; at; at = at->next)
		if (matches(c, at, hash, type, n))
			return at;
	return NULL;
}

struct node *node_again(
	const struct catalog *c, const struct node *found, enum object_type type, struct name n)
{
	for (struct node *at = found->next; at; at = at->next)
		if (matches(c, at, found->hash, type, n))
			return at;
	return NULL;
}

/* ---- Hash of a table's parts ---- */

enum { FEW_PARTS = 12 };

static unsigned long long part_hash(enum object_type type, struct slice name)
{
	return hash_of(type, (struct name){SLICE_NONE, name});
}

static void part_hash_in(struct node *table, struct node *part)
{
	struct node **b = &table->parts_by_name[part->phash & (table->nbuckets - 1)];

	part->pnext = *b;
	*b = part;
}

static void index_parts(struct catalog *c, struct node *table)
{
	size_t n = 32;

	while (n < table->o.nparts)
		n *= 2;
	table->nbuckets = n * 2;
	table->parts_by_name = ARENA_ARRAY(&c->arena, table->nbuckets, struct node *);
	for (size_t i = table->o.nparts; i-- > 0;)
		part_hash_in(table, node_of(table->o.parts[i]));
}

static void part_indexed(struct catalog *c, struct node *table, struct node *part)
{
	part->phash = part_hash(part->o.type, part->o.name);
	if (table->parts_by_name && table->o.nparts <= table->nbuckets)
		part_hash_in(table, part);
	else if (table->o.nparts > FEW_PARTS)
		index_parts(c, table); /* the part is in the list already */
}

static void part_unindexed(struct node *table, struct node *part)
{
	struct node **at;

	if (!table->parts_by_name)
		return;
	at = &table->parts_by_name[part->phash & (table->nbuckets - 1)];
	while (*at && *at != part)
		at = &(*at)->pnext;
	if (*at)
		*at = part->pnext;
	part->pnext = NULL;
}

struct node *part_find(
	const struct catalog *c, const struct node *table, enum object_type type, struct slice name)
{
	if (table->parts_by_name) {
		unsigned long long h = part_hash(type, name);

		for (struct node *n = table->parts_by_name[h & (table->nbuckets - 1)]; n;
			n = n->pnext)
			if (n->phash == h && n->o.type == type &&
				same_name(c, type, n->o.name, name))
				return n;
		return NULL;
	}
	for (size_t i = 0; i < table->o.nparts; i++)
		if (table->o.parts[i]->type == type &&
			same_name(c, type, table->o.parts[i]->name, name))
			return node_of(table->o.parts[i]);
	return NULL;
}

size_t part_place(const struct node *part)
{
	const struct object *table = part->o.table;
	size_t i = 0;

	while (i < table->nparts && table->parts[i] != &part->o)
		i++;
	return i;
}

/* ---- Edges ---- */

static unsigned long long edge_hash(struct name to)
{
	return hash_of(OBJECT_NONE, to);
}

static void edge_link(struct catalog *c, struct edge *e)
{
	struct edge **b = &c->edges[e->hash & (c->nedge_buckets - 1)];

	e->next = *b;
	if (e->next)
		e->next->back = &e->next;
	e->back = b;
	*b = e;
}

static void grow_edges(struct catalog *c)
{
	struct edge **old = c->edges;
	size_t nold = c->nedge_buckets;

	c->nedge_buckets = nold ? nold * 2 : 64;
	c->edges = mem_alloc(c->nedge_buckets * sizeof *c->edges);
	for (size_t i = 0; i < nold; i++)
		for (struct edge *e = old[i], *next; e; e = next) {
			next = e->next;
			edge_link(c, e);
		}
	free(old);
}

struct linking {
	struct catalog *c;
	struct node *from;
};

static void edge_in(void *ctx, struct name to)
{
	struct linking *l = ctx;
	struct catalog *c = l->c;
	struct edge *e = c->free_edges;

	if (e)
		c->free_edges = e->sibling;
	else
		e = ARENA_NEW(&c->arena, struct edge);
	if (c->nedges >= c->nedge_buckets)
		grow_edges(c);
	c->nedges++;
	e->from = l->from;
	e->to = to;
	e->hash = edge_hash(to);
	e->sibling = l->from->edges;
	l->from->edges = e;
	edge_link(c, e);
}

static void edges_in(struct catalog *c, struct node *n)
{
	struct linking l = {c, n};

	each_mention(c, &n->o, edge_in, &l);
}

static void edges_out(struct catalog *c, struct node *n)
{
	struct edge *next;

	for (struct edge *e = n->edges; e; e = next) {
		next = e->sibling;
		*e->back = e->next;
		if (e->next)
			e->next->back = e->back;
		e->sibling = c->free_edges;
		c->free_edges = e;
		c->nedges--;
	}
	n->edges = NULL;
}

size_t mentions(const struct catalog *c, struct name to, struct arena *a, struct node ***out)
{
	unsigned long long hash = edge_hash(to);
	struct node **v = NULL;
	size_t n = 0;

	if (!c->nedge_buckets) {
		*out = NULL;
		return 0;
	}
	for (struct edge *e = c->edges[hash & (c->nedge_buckets - 1)]; e; e = e->next)
		if (e->hash == hash && same_full_name(c, OBJECT_TABLE, e->to, to) &&
			(n == 0 || v[n - 1] != e->from))
			*ARENA_PUSH(a, v, n) = e->from;
	/* Newest first in the bucket: turn around. A node's mentions stand together. */
	for (size_t i = 0; i < n / 2; i++) {
		struct node *swap = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = swap;
	}
	*out = v;
	return n;
}

/* ---- The log ---- */

static struct undo_entry *log_add(struct catalog *c, enum undo_kind kind, struct node *n)
{
	struct undo_entry *e;

	if (!c->logging)
		return NULL;
	if (c->nlog == c->log_cap) {
		c->log_cap = c->log_cap ? c->log_cap * 2 : 64;
		c->log = mem_realloc(c->log, c->log_cap * sizeof *c->log);
	}
	e = &c->log[c->nlog++];
	*e = (struct undo_entry){.kind = kind, .node = n};
	return e;
}

/* ---- Changing ---- */

struct node *node_new(struct catalog *c, const struct object *o)
{
	struct node *n = ARENA_NEW(&c->arena, struct node);
	struct object bare = *o;

	bare.parts = NULL;
	bare.nparts = 0;
	bare.table = NULL;
	object_copy_into(&c->arena, &n->o, &bare);
	canonical(c, &n->o);
	return n;
}

static void appear(struct catalog *c, struct node *n)
{
	n->gone = false;
	hash_in(c, n);
	edges_in(c, n);
}

static void vanish(struct catalog *c, struct node *n)
{
	edges_out(c, n);
	hash_out(c, n);
	n->gone = true;
}

static void note_sound(struct catalog *c, struct node *n)
{
	if (!n->o.tainted)
		*ARENA_PUSH(&c->arena, c->sound, c->nsound) = n;
}

void node_put(struct catalog *c, struct node *n)
{
	appear(c, n);
	note_sound(c, n);
	log_add(c, UNDOING_PUT, n);
}

void node_drop(struct catalog *c, struct node *n)
{
	while (n->o.nparts)
		part_drop(c, node_of(n->o.parts[n->o.nparts - 1]));
	vanish(c, n);
	log_add(c, UNDOING_DROP, n);
}

static void list_in(struct catalog *c, struct node *table, struct node *part, size_t at)
{
	struct object *t = &table->o;

	*ARENA_PUSH(&c->arena, t->parts, t->nparts) = &part->o;
	memmove(t->parts + at + 1, t->parts + at, (t->nparts - 1 - at) * sizeof *t->parts);
	t->parts[at] = &part->o;
	part->o.table = t;
	if (part->o.type == OBJECT_COLUMN)
		table->ncolumns++;
	part_indexed(c, table, part);
}

static void list_out(struct node *table, struct node *part, size_t at)
{
	struct object *t = &table->o;

	part_unindexed(table, part);
	memmove(t->parts + at, t->parts + at + 1, (t->nparts - 1 - at) * sizeof *t->parts);
	t->nparts--;
	if (part->o.type == OBJECT_COLUMN)
		table->ncolumns--;
}

void part_put(struct catalog *c, struct node *table, struct node *part, size_t at)
{
	struct undo_entry *e;

	list_in(c, table, part, at);
	appear(c, part);
	note_sound(c, part);
	e = log_add(c, UNDOING_PART_PUT, part);
	if (e) {
		e->parent = table;
		e->at = at;
	}
}

void part_put_last(struct catalog *c, struct node *table, struct node *part)
{
	part_put(c, table, part, part->o.type == OBJECT_COLUMN ? table->ncolumns : table->o.nparts);
}

void part_drop(struct catalog *c, struct node *part)
{
	struct node *table = node_of(part->o.table);
	size_t n = table->o.nparts;
	size_t at = n && table->o.parts[n - 1] == &part->o ? n - 1 : part_place(part);
	struct undo_entry *e;

	list_out(table, part, at);
	vanish(c, part);
	e = log_add(c, UNDOING_PART_DROP, part);
	if (e) {
		e->parent = table;
		e->at = at;
	}
}

struct object *node_edit(struct catalog *c, struct node *n)
{
	struct undo_entry *e;

	if (n->editing++)
		return &n->o;
	e = log_add(c, UNDOING_EDIT, n);
	if (e) {
		e->before = ARENA_NEW(&c->undo_arena, struct before);
		e->before->o = n->o;
		e->before->columns_unknown = n->columns_unknown;
		e->before->parts_unknown = n->parts_unknown;
	}
	if (n->o.table)
		part_unindexed(node_of(n->o.table), n);
	edges_out(c, n);
	hash_out(c, n);
	return &n->o;
}

void node_edited(struct catalog *c, struct node *n)
{
	if (--n->editing)
		return;
	hash_in(c, n);
	edges_in(c, n);
	if (n->o.table) {
		struct node *table = node_of(n->o.table);

		n->phash = part_hash(n->o.type, n->o.name);
		if (table->parts_by_name)
			part_hash_in(table, n);
	}
}

struct meta *meta_edit(struct catalog *c)
{
	struct undo_entry *e = log_add(c, UNDOING_META, NULL);

	if (e) {
		e->meta = ARENA_NEW(&c->undo_arena, struct meta);
		*e->meta = c->meta;
	}
	return &c->meta;
}

/* ---- Undoing ---- */

static void undo_edit(struct catalog *c, struct node *n, const struct before *b)
{
	struct object **parts = n->o.parts, *table = n->o.table;
	size_t nparts = n->o.nparts;

	/* The list of parts has entries of its own in the log. */
	node_edit(c, n);
	n->o = b->o;
	n->columns_unknown = b->columns_unknown;
	n->parts_unknown = b->parts_unknown;
	n->o.parts = parts;
	n->o.nparts = nparts;
	n->o.table = table;
	node_edited(c, n);
	note_sound(c, n);
}

static void undo_one(struct catalog *c, const struct undo_entry *e)
{
	switch (e->kind) {
	case UNDOING_EDIT:
		undo_edit(c, e->node, e->before);
		break;
	case UNDOING_PUT:
		vanish(c, e->node);
		break;
	case UNDOING_DROP:
		appear(c, e->node);
		note_sound(c, e->node);
		break;
	case UNDOING_PART_PUT:
		list_out(e->parent, e->node, part_place(e->node));
		vanish(c, e->node);
		break;
	case UNDOING_PART_DROP:
		list_in(c, e->parent, e->node, e->at);
		appear(c, e->node);
		note_sound(c, e->node);
		break;
	case UNDOING_META:
		c->meta = *e->meta;
		break;
	}
}

void undo_to(struct catalog *c, size_t mark)
{
	bool logging = c->logging;

	c->logging = false;
	while (c->nlog > mark)
		undo_one(c, &c->log[--c->nlog]);
	c->logging = logging;
}

void store_done(struct catalog *c)
{
	free(c->buckets);
	free(c->edges);
	free(c->log);
}
