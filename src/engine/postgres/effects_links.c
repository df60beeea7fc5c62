/* effects_links.c - what else a statement reaches: children, keys, owned sequences, views that
 * read a relation, and the indexes that it will have built. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* As types are spelt: "Mood" has quotes, mood has none. */
static struct slice without_quotes(struct slice s)
{
	bool quoted = s.len > 2 && s.at[0] == '"' && s.at[s.len - 1] == '"';

	return quoted ? slice_sub(s, 1, s.len - 2) : s;
}

struct name pg_split_name(struct slice full)
{
	size_t dot = slice_chr(full, '.');

	return (struct name){dot == SIZE_MAX ? SLICE_NONE : without_quotes(slice_sub(full, 0, dot)),
		without_quotes(dot == SIZE_MAX ? full : slice_from(full, dot + 1))};
}

struct name pg_table_of(struct slice read)
{
	struct name n = pg_split_name(read);
	size_t dot = slice_chr(n.name, '.');

	if (dot != SIZE_MAX)
		n.name = slice_sub(n.name, 0, dot);
	return n;
}

struct slice pg_last_part(struct slice full)
{
	for (size_t dot; (dot = slice_chr(full, '.')) != SIZE_MAX;)
		full = slice_from(full, dot + 1);
	return full;
}

bool pg_is_partitioned(const struct relation *r)
{
	return r->object && r->object->type == OBJECT_TABLE &&
	       slice_is(r->object->table_.kind, "partitioned");
}

size_t pg_children(struct looking *l, const struct relation *r, const struct object ***out)
{
	if (!r->object || r->object->type != OBJECT_TABLE)
		return 0;
	if (pg_is_partitioned(r))
		return catalog_partitions(l->catalog, r->object, l->arena, out);
	return catalog_naming(l->catalog, r->name, OBJECT_TABLE, l->arena, out);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Does the expression name the column? A loaded one has only its text. */
bool pg_expr_names(const struct expr *e, struct slice column)
{
	struct slice text = e->normal.len ? e->normal : e->text;

	if (e->facts)
		return names_has(e->facts->columns, column);
	for (size_t i = 0; i + column.len <= text.len; i++)
		if (slice_eq(slice_sub(text, i, column.len), column) &&
			(i == 0 || !is_word(text.at[i - 1])) &&
			(i + column.len == text.len || !is_word(text.at[i + column.len])))
			return true;
	return false;
}

bool pg_is_heir(const struct object *child, const struct relation *of)
{
	for (size_t i = 0; i < child->table_.inherits.n; i++)
		if (name_eq(pg_split_name(child->table_.inherits.at[i]), of->name))
			return true;
	return name_eq(child->table_.partition_of, of->name);
}

struct relation pg_relation_of(struct looking *l, const struct object *o)
{
	struct relation r = pg_relation(l, (struct name){o->schema, o->name}, OBJECT_NONE);

	if (!r.object) {
		r.object = o;
		r.type = o->type;
		r.presence = PRESENT;
	}
	return r;
}

struct relation pg_index_of(struct looking *l, const struct relation *table, const struct object *i)
{
	struct relation r = pg_relation_of(l, i);

	r.type = OBJECT_INDEX;
	r.is_new = r.is_new || table->is_new;
	if (pg_is_temporary(table))
		r.presence = ABSENT;
	return r;
}

/* An index with those attached to it; `table` is 0 when their tables are not locked. */
void pg_lock_index_tree(
	struct looking *l, const struct object *index, enum pg_mode m, enum pg_mode table)
{
	struct relation t = pg_relation_of(l, index->table), r = pg_index_of(l, &t, index);
	const struct object **parts;
	size_t n = catalog_naming(l->catalog, r.name, OBJECT_INDEX, l->arena, &parts);

	pg_lock(l, &r, m);
	if (table)
		pg_lock(l, &t, table);
	for (size_t i = 0; i < n; i++)
		if (parts[i]->table && name_eq(parts[i]->index.partition_of, r.name))
			pg_lock_index_tree(l, parts[i], m, table);
}

/* Sequences that the table's columns own; `column` empty = of all columns. */
void pg_lock_sequences(
	struct looking *l, const struct relation *r, struct slice column, enum pg_mode m)
{
	const struct object **all;
	size_t n = r->object ? catalog_naming(l->catalog, r->name, OBJECT_SEQUENCE, l->arena, &all)
			     : 0;

	for (size_t i = 0; i < n; i++) {
		struct relation s = pg_relation_of(l, all[i]);
		struct slice owner = all[i]->sequence.owned_by;

		if (column.len &&
			!(owner.len > column.len && slice_ends(owner, "") &&
				slice_eq(slice_from(owner, owner.len - column.len), column) &&
				owner.at[owner.len - column.len - 1] == '.'))
			continue;
		s.is_new = s.is_new || r->is_new;
		pg_lock(l, &s, m);
	}
}

/* nextval('s') takes ROW EXCLUSIVE on the sequence. */
void pg_lock_called_sequences(struct looking *l, struct slice text)
{
	for (size_t at; (at = slice_ifind(text, SL("val('"))) != SIZE_MAX;) {
		struct slice word = slice_from(text, at + 5); /* nextval, currval */
		size_t end = slice_chr(word, '\'');
		struct relation s;

		if (end == SIZE_MAX)
			return;
		s = pg_relation(l, pg_split_name(slice_sub(word, 0, end)), OBJECT_SEQUENCE);
		if (s.presence == PRESENT)
			pg_lock(l, &s, PG_ROW_EXCLUSIVE);
		text = slice_from(word, end);
	}
}

/* Views and what is made of them, in turn. */
void pg_lock_views(struct looking *l, const struct object *of, struct slice column, bool destroys)
{
	const struct object **all;
	size_t n = catalog_dependents(l->catalog, of, column, l->arena, &all);

	for (size_t i = 0; i < n; i++) {
		struct relation v = pg_relation_of(l, all[i]);

		pg_lock(l, &v, PG_ACCESS_EXCLUSIVE);
		pg_lock_indexes(l, &v, PG_ACCESS_EXCLUSIVE);
		if (destroys) {
			pg_destroys(l, v.type, v.name, SLICE_NONE);
			pg_breaks(l, BREAKS_OLD_READERS, v.type, v.name, SLICE_NONE);
		}
		pg_lock_views(l, all[i], SLICE_NONE, destroys);
	}
}

/* What a view reads, below it: the rewriter locks that in the statement's own mode. */
void pg_lock_below(struct looking *l, const struct relation *r, enum pg_mode m, bool scan)
{
	const struct names *reads;

	if (!r->object || (r->object->type != OBJECT_VIEW && r->object->type != OBJECT_MATVIEW))
		return;
	reads = &r->object->view.reads;
	for (size_t i = 0; i < reads->n; i++) {
		struct relation below = pg_relation(l, pg_table_of(reads->at[i]), OBJECT_NONE);

		pg_lock(l, &below, m);
		if (below.type == OBJECT_VIEW)
			pg_lock_below(l, &below, m, scan);
		else if (scan)
			pg_scan(l, &below, true);
	}
}

/* ---- Foreign keys ---- */
static bool key_has(const struct names *columns, struct slice column)
{
	return slice_empty(column) || names_has(*columns, column);
}

/* The other tables of the keys on and to `r` (of one column, or of all): those it refers to and
 * those that refer to it. */
void pg_each_key(struct looking *l, const struct relation *r, struct slice column,
	void (*fn)(struct looking *l, const struct relation *r, struct relation *other,
		const struct object *key, bool refers))
{
	const struct object **keys;
	size_t n;

	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		struct relation other;

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "foreign key") ||
			!key_has(&p->constraint.columns, column))
			continue;
		other = pg_relation(l, p->constraint.ref_table, OBJECT_TABLE);
		fn(l, r, &other, p, true);
	}
	n = r->object ? catalog_referencing(l->catalog, r->object, l->arena, &keys) : 0;
	for (size_t i = 0; i < n; i++) {
		struct relation other;

		if (!keys[i]->table || keys[i]->table == r->object ||
			!key_has(&keys[i]->constraint.ref_columns, column))
			continue;
		other = pg_relation_of(l, keys[i]->table);
		fn(l, r, &other, keys[i], false);
	}
}

/* ---- The indexes a statement will have built ---- */
struct index_list {
	struct name *names;
	bool *attached;
	size_t n;
};

static void note_indexes(struct looking *l, const struct object *table, struct index_list *out)
{
	struct relation r = pg_relation_of(l, table);
	const struct object **parts;
	size_t n, before = out->n;

	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_INDEX) {
			const struct object *p = table->parts[i];
			size_t flags = before++;

			*ARENA_PUSH(l->arena, out->names, out->n) =
				(struct name){p->schema, p->name};
			*ARENA_PUSH(l->arena, out->attached, flags) =
				p->index.partition_of.name.len > 0;
		}
	n = pg_is_partitioned(&r) ? pg_children(l, &r, &parts) : 0;
	for (size_t i = 0; i < n; i++)
		note_indexes(l, parts[i], out);
}

static size_t known(const struct index_list *v, struct name n)
{
	for (size_t i = 0; i < v->n; i++)
		if (name_eq(v->names[i], n))
			return i;
	return SIZE_MAX;
}

static void compare_indexes(
	struct looking *l, const struct object *table, const struct index_list *before)
{
	struct relation r = pg_relation_of(l, table);
	const struct object **parts;
	size_t n;

	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];
		size_t k;

		if (p->type != OBJECT_INDEX)
			continue;
		k = known(before, (struct name){p->schema, p->name});
		if (k == SIZE_MAX && !pg_is_partitioned(&r)) {
			pg_build(l, &r, p->name, true);
			pg_scan_one(l, &r, true);
		} else if (k != SIZE_MAX && !before->attached[k] &&
			   p->index.partition_of.name.len &&
			   l->change->kind == CHANGE_CREATE_INDEX) {
			struct relation index = pg_index_of(l, &r, p);

			pg_lock(l, &index, PG_SHARE);
		}
	}
	n = pg_is_partitioned(&r) ? pg_children(l, &r, &parts) : 0;
	for (size_t i = 0; i < n; i++)
		compare_indexes(l, parts[i], before);
}

/* Names that nobody wrote and indexes of partitions follow the server's rules, which the catalog
 * knows: the change is applied, the new indexes are read off, and it is undone. */
void pg_build_new(struct looking *l, struct name table)
{
	struct catalog *c = (struct catalog *)l->catalog; /* is as before when we return */
	struct session s = *l->session;
	struct relation r = pg_relation(l, table, OBJECT_NONE);
	struct index_list before = {0};
	struct change plain = *l->change; /* an IF around it does not matter to what it builds */
	size_t mark = catalog_mark(c);
	struct slice why;

	if (!r.object)
		return;
	plain.flags &= ~(unsigned)CHANGE_GUARDED;
	note_indexes(l, r.object, &before);
	s.arena = l->arena;
	if (catalog_apply(c, &s, &plain, &why) == APPLIED) {
		r = pg_relation(l, table, OBJECT_NONE);
		if (r.object)
			compare_indexes(l, r.object, &before);
	}
	catalog_undo(c, mark);
}
