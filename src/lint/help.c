/* help.c - what the rule files share. */
#include "lint/internal.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

struct slice shown(struct judged *j, struct name n, struct slice part)
{
	struct buf b = {0};
	struct slice s;

	quote_name_pretty(&b, j->dialect, n.schema, n.name);
	if (part.len) {
		buf_addc(&b, '.');
		quote_ident_pretty(&b, j->dialect, part);
	}
	s = arena_slice(j->arena, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* What CREATE TABLE is followed by when a table is made in several statements. */
static bool is_completion(const struct change *c)
{
	return c->kind == CHANGE_CREATE_INDEX || c->kind == CHANGE_ADD_CONSTRAINT ||
	       c->kind == CHANGE_ADD_CONSTRAINT_INDEX || c->kind == CHANGE_CREATE_TRIGGER ||
	       c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_ATTACH_PARTITION ||
	       c->kind == CHANGE_SET_DEFAULT || c->kind == CHANGE_ADD_IDENTITY ||
	       c->kind == CHANGE_ROW_SECURITY || c->kind == CHANGE_REPLICA_IDENTITY ||
	       c->kind == CHANGE_INSERT;
}

bool completes_table(const struct judged *j)
{
	if (j->judge->in->deployed)
		return false;
	FOR_CHANGES(j, c)
	{
		if (!is_completion(c))
			return false;
	}
	return j->statement && j->statement->nchanges;
}

bool born_here(const struct judged *j, const struct object *o)
{
	if (!o->born_tx)
		return false;
	if (j->session->in_tx && o->born_tx == j->session->tx)
		return true;
	/* A migration that commits in between: nobody uses yet what it has just made. */
	if (!j->judge->unit || o->born_tx < j->facts->first_tx)
		return false;
	return !j->judge->unit->lone || (completes_table(j) && !facts_has_rows(j, o));
}

const char *const hides_work[] = {"work-under-exclusive-lock", "table-copied", NULL};

/* The server's own tables are no tables of the application. */
static bool is_system_catalog(const struct judged *j, struct name n)
{
	return j->dialect == DIALECT_POSTGRES &&
	       (slice_is(n.schema, "pg_catalog") || slice_starts(n.name, "pg_"));
}

bool existed_before(struct judged *j, const struct change *c, enum object_type type,
	struct name *name, const struct object **object)
{
	const struct object *o = NULL;
	enum presence p = catalog_find(j->before, j->session, type, c->target, &o);

	*object = NULL;
	if (p != PRESENT) {
		*name = catalog_resolve(j->before, j->session,
			type == OBJECT_NONE ? OBJECT_TABLE : type, c->target);
		return p == UNKNOWN && !is_system_catalog(j, *name) && !facts_made(j, *name);
	}
	*object = o;
	*name = (struct name){o->schema, o->name};
	if (o->type == OBJECT_TABLE && slice_is(o->table_.persistence, "temporary"))
		return false;
	return !born_here(j, o);
}

const struct touched *first_existing(const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].new_in_tx)
			return &v[i];
	return NULL;
}

/* Of the table, or else of what belongs to it: its partitions, the tables that inherit from it. */
const struct touched *touched_of(const struct touched *v, size_t n, struct name table)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].new_in_tx && name_eq(v[i].object, table))
			return &v[i];
	return first_existing(v, n);
}

const struct lock *strongest_existing(const struct effect *e)
{
	const struct lock *best = NULL;

	for (size_t i = 0; i < e->nlocks; i++)
		if (!e->locks[i].new_in_tx && (!best || e->locks[i].blocks > best->blocks))
			best = &e->locks[i];
	return best;
}

struct finding *on_change(struct judged *j, const struct rule *r, const struct change *c,
	struct slice object, const char *fmt, ...)
{
	struct span at = c->span.src ? c->span : j->statement->span;
	struct finding *f;
	va_list ap;

	va_start(ap, fmt);
	f = finding_add(j, r, at, object, "%s", arena_vprintf(j->arena, fmt, ap).at);
	va_end(ap);
	return f;
}

const struct session_lock *held(const struct judged *j, int strength)
{
	for (size_t i = 0; i < j->session->nlocks; i++)
		if (j->session->locks[i].strength >= strength)
			return &j->session->locks[i];
	return NULL;
}

/* The latest ones tell: a transaction with more locks than these is no longer looked through. */
enum { LATEST_LOCKS = 512 };

static const struct session_lock *lock_held_on(
	const struct judged *j, int strength, struct name table)
{
	const struct session *s = j->session;

	for (size_t i = s->nlocks; i > 0 && i + LATEST_LOCKS > s->nlocks; i--)
		if (s->locks[i - 1].strength >= strength && name_eq(s->locks[i - 1].object, table))
			return &s->locks[i - 1];
	return NULL;
}

const struct session_lock *held_near(const struct judged *j, int strength, struct name table)
{
	enum { FIRST_LOCKS = 64 };
	const struct session_lock *l = held(j, strength);
	const struct session_lock *own = l ? lock_held_on(j, strength, table) : NULL;

	if (own || !l || l->type == OBJECT_TABLE)
		return own ? own : l;
	for (size_t i = 0; i < j->session->nlocks && i < FIRST_LOCKS; i++)
		if (j->session->locks[i].strength >= strength &&
			j->session->locks[i].type == OBJECT_TABLE)
			return &j->session->locks[i];
	return l;
}

struct slice name_list(struct judged *j, struct names v)
{
	struct slice s = v.n ? v.at[0] : SLICE_NONE;

	for (size_t i = 1; i < v.n; i++)
		s = arena_printf(j->arena, "%.*s, %.*s", SLICE(s), SLICE(v.at[i]));
	return s;
}

bool already_closed(const struct judged *j, struct name table)
{
	return lock_held_on(j, LOCK_READS_WRITES, table) != NULL;
}

bool keys_lead(struct names few, struct names many)
{
	if (!few.n || few.n > many.n)
		return false;
	for (size_t i = 0; i < few.n; i++)
		if (!slice_ieq(few.at[i], many.at[i]))
			return false;
	return true;
}

static bool keys_within(struct names few, struct names many)
{
	for (size_t i = 0; i < few.n; i++) {
		bool found = false;

		for (size_t k = 0; !found && k < many.n; k++)
			found = slice_ieq(few.at[i], many.at[k]);
		if (!found)
			return false;
	}
	return few.n > 0;
}

bool still_unique(const struct object *table, const struct object *but, struct names keys)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p != but && p->type == OBJECT_INDEX && p->index.unique && !p->index.invalid &&
			slice_empty(p->index.predicate.text) &&
			slice_empty(p->index.predicate.normal) && keys_within(p->index.keys, keys))
			return true;
	}
	return false;
}

const struct change *later_change(struct judged *j, change_test test, const void *arg)
{
	enum { FAR = 400 };
	const struct script *s = &j->judge->unit->script;
	size_t from = j->statement->index + 1;

	for (size_t i = from; i < s->n && i < from + FAR; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (test(j, &s->at[i].changes[k], arg))
				return &s->at[i].changes[k];
	return NULL;
}

const struct change *later_in_tx(struct judged *j, change_test test, const void *arg)
{
	enum { FAR = 400 };
	const struct script *s = &j->judge->unit->script;
	size_t from = j->statement->index + 1;

	for (size_t i = from; j->session->in_tx && i < s->n && i < from + FAR; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *c = &s->at[i].changes[k];

			if (c->kind == CHANGE_COMMIT || c->kind == CHANGE_ROLLBACK)
				return NULL;
			if (test(j, c, arg))
				return c;
		}
	return NULL;
}

bool here_or_later(struct judged *j, change_test test, const void *arg)
{
	FOR_CHANGES(j, c)
	{
		if (test(j, c, arg))
			return true;
	}
	return later_change(j, test, arg) != NULL;
}

bool is_table(struct judged *j, struct name written, struct name table)
{
	if (!slice_ieq(written.name, table.name))
		return false;
	return slice_empty(written.schema) || slice_empty(table.schema) ||
	       slice_ieq(written.schema, table.schema) || j->dialect == DIALECT_SQLITE;
}

bool span_is_reported(const struct judged *j, struct span at)
{
	const struct judge *jg = j->judge;

	for (size_t i = 0; at.src && i < jg->nunits; i++) {
		const struct unit *u = &jg->units[i];

		if (u->src == at.src && at.off >= u->off && at.off < u->off + u->len)
			return !u->context && !u->down;
	}
	return false;
}

bool first_time(struct judged *j, const struct rule *r, struct slice key)
{
	return text_set_add(&j->facts->said, &j->facts->script,
		arena_printf(&j->facts->script, "%s %.*s", r->id, SLICE(key)), SLICE_NONE);
}

const char *severity_word(enum severity s)
{
	switch (s) {
	case SEVERITY_OFF:
		return "off";
	case SEVERITY_INFO:
		return "info";
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_ERROR:
		break;
	}
	return "error";
}
