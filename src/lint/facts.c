/* facts.c - what earlier statements left behind: dropped indexes, new columns, filled columns. */
#include "lint/internal.h"

#include <stdint.h>

static struct text_entry *slot_of(const struct text_set *s, struct slice key)
{
	size_t i = (size_t)slice_hash(key) & (s->cap - 1);

	while (s->at[i].key.at && !slice_eq(s->at[i].key, key))
		i = (i + 1) & (s->cap - 1);
	return &s->at[i];
}

const struct text_entry *text_set_find(const struct text_set *s, struct slice key)
{
	const struct text_entry *e;

	if (!s->n)
		return NULL;
	e = slot_of(s, key);
	return e->key.at ? e : NULL;
}

static void grow(struct text_set *s, struct arena *a)
{
	struct text_set bigger = {.cap = s->cap ? s->cap * 2 : 32};

	bigger.at = ARENA_ARRAY(a, bigger.cap, struct text_entry);
	for (size_t i = 0; i < s->cap; i++)
		if (s->at[i].key.at)
			*slot_of(&bigger, s->at[i].key) = s->at[i];
	bigger.n = s->n;
	*s = bigger;
}

bool text_set_add(struct text_set *s, struct arena *a, struct slice key, struct slice value)
{
	struct text_entry *e;

	if ((s->n + 1) * 4 > s->cap * 3)
		grow(s, a);
	e = slot_of(s, key);
	if (e->key.at)
		return false;
	e->key = slice_n(arena_cstr(a, key), key.len);
	e->value = arena_slice(a, value);
	s->n++;
	return true;
}

struct slice facts_key(struct arena *a, struct name table, struct slice column)
{
	struct slice dot = SL(".");

	return arena_join(a, (const struct slice[]){table.schema, dot, table.name, dot, column}, 5);
}

const struct object *dropped_index(const struct judged *j, const struct change *c)
{
	const struct object *o = NULL, *t = NULL;

	/* MySQL and MariaDB: the index is a part of the table that is named. */
	if (dialect_is_mysql(j->dialect)) {
		if (catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) != PRESENT ||
			catalog_part(j->before, t, OBJECT_INDEX, c->name, &o) != PRESENT)
			return NULL;
		return o;
	}
	if (catalog_find(j->before, j->session, OBJECT_INDEX, c->target, &o) != PRESENT)
		return NULL;
	return o->table ? o : NULL;
}

const struct added_column *facts_added(
	const struct history_facts *f, struct name table, struct slice column)
{
	for (size_t i = f->nadded; i-- > 0;)
		if (slice_ieq(f->added[i].column, column) && name_eq(f->added[i].table, table))
			return &f->added[i];
	return NULL;
}

/* CONCURRENTLY wants a file of its own, so a replacement may be in the next one. */
static void forget_gone(struct history_facts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->ngone; i++)
		if (f->gone[i].script + 1 == f->scripts)
			f->gone[n++] = f->gone[i];
	f->ngone = n;
	if (!n)
		f->gone = NULL;
}

void facts_begin(struct history_facts *f, unsigned long long first_tx)
{
	f->scripts++;
	f->first_tx = first_tx;
	if (f->ngone)
		forget_gone(f);
	if (!f->script.total)
		return;
	arena_reset(&f->script);
	f->added = NULL;
	f->nadded = 0;
	f->said = f->made = f->emptied = f->refilled = f->written = f->positioned = f->first_locks =
		f->dropped = (struct text_set){0};
	f->positioned_read = false;
}

static void note_gone(struct judged *j, const struct change *c)
{
	struct history_facts *f = j->facts;
	const struct object *i = dropped_index(j, c);
	struct object copy;

	text_set_add(&f->dropped, &f->script, c->target.name, SLICE_NONE);
	if (!i)
		return;
	object_copy_into(f->arena, &copy, i);
	*ARENA_PUSH(f->arena, f->gone, f->ngone) = (struct gone_index){
		.table = name_copy(f->arena, (struct name){i->table->schema, i->table->name}),
		.script = f->scripts,
		.name = copy.name,
		.def = copy.index,
		.statement = j->statement->index,
		.tx = j->session->in_tx ? j->session->tx : 0};
}

static void note_added(struct judged *j, const struct change *c)
{
	struct history_facts *f = j->facts;
	struct name n;
	const struct object *t;

	if (!c->def || !existed_before(j, c, OBJECT_NONE, &n, &t))
		return;
	*ARENA_PUSH(&f->script, f->added, f->nadded) =
		(struct added_column){.table = name_copy(&f->script, n),
			.column = arena_slice(&f->script, c->name),
			.not_null = c->def->column.not_null,
			.has_default = c->def->column.default_value.text.len > 0,
			.statement = j->statement->index};
}

static void note_filled(struct judged *j, const struct change *c)
{
	struct history_facts *f = j->facts;
	struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

	for (size_t i = 0; i < c->list.n; i++)
		text_set_add(
			&f->filled, f->arena, facts_key(&f->script, n, c->list.at[i]), SLICE_NONE);
}

/* What the catalog does not know afterwards either: it may have been there, or it is made of
 * something that is not known. The key is as the name resolves, so that later statements find it.
 */
static void note_made(struct judged *j, const struct change *c)
{
	struct history_facts *f = j->facts;
	struct name n;

	if (catalog_find(j->before, j->session, OBJECT_NONE, c->target, NULL) == PRESENT)
		return;
	n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
	text_set_add(&f->made, &f->script, facts_key(&f->script, n, SLICE_NONE),
		arena_printf(&f->script, "%llu", j->session->tx));
}

bool facts_made(const struct judged *j, struct name table)
{
	struct history_facts *f = j->facts;
	const struct text_entry *e;

	if (!f->made.n)
		return false;
	e = text_set_find(&f->made, facts_key(&f->script, table, SLICE_NONE));
	if (!e || (j->judge->unit && !j->judge->unit->lone) || completes_table(j))
		return e != NULL;
	return j->session->in_tx &&
	       slice_eq(e->value, arena_printf(&f->script, "%llu", j->session->tx));
}

static struct slice target_key(const struct judged *j, const struct change *c)
{
	struct arena *a = &j->facts->script;

	return facts_key(
		a, catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target), SLICE_NONE);
}

static void note_emptied(struct judged *j, const struct change *c)
{
	struct history_facts *f = j->facts;

	if (j->session->in_tx)
		text_set_add(&f->emptied, &f->script, target_key(j, c),
			arena_printf(&f->script, "%llu", j->session->tx));
}

bool facts_emptied(const struct judged *j)
{
	const struct history_facts *f = j->facts;
	const struct text_entry *e;
	struct slice key;

	if (!f->emptied.n || !j->session->in_tx || !j->statement->nchanges)
		return false;
	key = target_key(j, j->statement->changes);
	e = text_set_find(&f->emptied, key);
	return e && !text_set_find(&f->refilled, key) &&
	       slice_eq(e->value, arena_printf(&j->facts->script, "%llu", j->session->tx));
}

/* The column that a CHECK or NOT NULL constraint says is not NULL; empty if it says otherwise. */
static struct slice says_not_null(const struct object *k)
{
	const struct expr *e = &k->constraint.expression;

	if (slice_is(k->constraint.kind, "not null"))
		return k->constraint.columns.n ? k->constraint.columns.at[0] : SLICE_NONE;
	if (!slice_is(k->constraint.kind, "check") || !e->facts || e->facts->columns.n != 1 ||
		slice_ifind(e->text, SL("IS NOT NULL")) == SIZE_MAX)
		return SLICE_NONE;
	return e->facts->columns.at[0];
}

static void note_validated(struct history_facts *f, struct name table, struct slice column)
{
	text_set_add(&f->validated, f->arena, facts_key(&f->script, table, column), SLICE_NONE);
}

/* The catalog has no parts of a table that it does not know. */
static void note_proof(struct judged *j, const struct change *c)
{
	struct history_facts *f = j->facts;
	const struct text_entry *e;
	struct name n;

	if (catalog_find(j->before, j->session, OBJECT_TABLE, c->target, NULL) != UNKNOWN)
		return;
	n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
	if (c->kind == CHANGE_VALIDATE_CONSTRAINT) {
		e = text_set_find(&f->not_valid, facts_key(&f->script, n, c->name));
		note_validated(f, n, e ? e->value : SL("*"));
	} else if (c->def && c->def->constraint.not_valid) {
		text_set_add(&f->not_valid, f->arena, facts_key(&f->script, n, c->def->name),
			says_not_null(c->def));
	} else if (c->def && (slice_is(c->def->constraint.kind, "check") ||
				     slice_is(c->def->constraint.kind, "not null"))) {
		note_validated(f, n, says_not_null(c->def));
	}
}

bool facts_validated(const struct judged *j, struct name table, struct slice column)
{
	struct history_facts *f = j->facts;

	return f->validated.n && j->version >= 120000 &&
	       (text_set_find(&f->validated, facts_key(&f->script, table, column)) ||
		       text_set_find(&f->validated, facts_key(&f->script, table, SL("*"))));
}

static void note_policy(struct judged *j, const struct change *c)
{
	struct history_facts *f = j->facts;

	if (catalog_find(j->before, j->session, OBJECT_TABLE, c->target, NULL) == UNKNOWN)
		text_set_add(&f->policies, f->arena,
			facts_key(&f->script,
				catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target),
				SLICE_NONE),
			SLICE_NONE);
}

bool facts_has_policy(const struct judged *j, struct name table)
{
	return j->facts->policies.n &&
	       text_set_find(&j->facts->policies,
		       facts_key(&j->facts->script, table, SLICE_NONE)) != NULL;
}

static void note_rows(struct judged *j, const struct change *c)
{
	const struct object *o;

	/* Rows copied from another table are a part of making this one. */
	if (c->kind != CHANGE_DELETE && c->kind != CHANGE_TRUNCATE &&
		!(c->kind == CHANGE_INSERT && c->reads.n) &&
		catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &o) == PRESENT &&
		o->born_tx >= j->facts->first_tx)
		text_set_add(&j->facts->written, &j->facts->script,
			facts_key(&j->facts->script, (struct name){o->schema, o->name}, SLICE_NONE),
			SLICE_NONE);
}

bool facts_has_rows(const struct judged *j, const struct object *o)
{
	const struct object *t = o->table ? o->table : o;

	return j->facts->written.n &&
	       text_set_find(&j->facts->written,
		       facts_key(&j->facts->script, (struct name){t->schema, t->name}, SLICE_NONE));
}

void facts_note(struct judged *j)
{
	bool lone = j->judge->unit && j->judge->unit->lone;

	FOR_CHANGES(j, c)
	{
		if (lone && change_class_of(c->kind) == CLASS_DATA)
			note_rows(j, c);
		if (c->kind == CHANGE_ADD_COLUMN)
			note_added(j, c);
		else if (c->kind == CHANGE_ADD_CONSTRAINT || c->kind == CHANGE_VALIDATE_CONSTRAINT)
			note_proof(j, c);
		else if (c->kind == CHANGE_DROP_INDEX)
			note_gone(j, c);
		else if (c->kind == CHANGE_UPDATE)
			note_filled(j, c);
		else if (c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_CREATE_TABLE_AS ||
			 c->kind == CHANGE_CREATE_MATVIEW)
			note_made(j, c);
		else if (c->kind == CHANGE_CREATE_POLICY)
			note_policy(j, c);
		else if (c->kind == CHANGE_TRUNCATE)
			note_emptied(j, c);
		else if (j->facts->emptied.n && change_class_of(c->kind) == CLASS_DATA)
			text_set_add(&j->facts->refilled, &j->facts->script, target_key(j, c),
				SLICE_NONE);
	}
}
