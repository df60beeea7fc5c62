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

bool existed_before(struct judged *j, const struct change *c, enum object_type type,
	struct name *name, const struct object **object)
{
	const struct object *o = NULL;
	enum presence p = catalog_find(j->before, j->session, type, c->target, &o);

	*object = NULL;
	if (p != PRESENT) {
		*name = catalog_resolve(j->before, j->session,
			type == OBJECT_NONE ? OBJECT_TABLE : type, c->target);
		return p == UNKNOWN;
	}
	*object = o;
	*name = (struct name){o->schema, o->name};
	if (o->type == OBJECT_TABLE && slice_is(o->table_.persistence, "temporary"))
		return false;
	return !(j->session->in_tx && o->born_tx && o->born_tx == j->session->tx);
}

const struct touched *first_existing(const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].new_in_tx)
			return &v[i];
	return NULL;
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
