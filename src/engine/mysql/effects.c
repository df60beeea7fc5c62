/* effects.c - what a statement does at the point where it runs. */
#include "engine/mysql/effects.h"

#include "engine/mysql/parser.h"

#include <stdarg.h>

struct name fx_resolved(const struct effects *x, struct name n)
{
	return catalog_resolve(x->c, x->s, OBJECT_TABLE, n);
}

const struct object *fx_find(
	const struct effects *x, enum object_type type, struct name n, enum presence *how)
{
	const struct object *o = NULL;

	*how = catalog_find(x->c, x->s, type, n, &o);
	return *how == PRESENT ? o : NULL;
}

void fx_touch(struct effects *x, struct touched **v, size_t *n, enum object_type type,
	struct name object, struct slice part, bool certain)
{
	effect_touch(x->a, v, n,
		(struct touched){.type = type, .object = object, .part = part, .certain = certain});
}

void fx_breaks(struct effects *x, enum breaks_who who, const struct change *ch,
	enum object_type type, struct slice part, bool certain)
{
	effect_break(x->a, x->out,
		(struct breakage){.who = who,
			.type = type,
			.object = fx_resolved(x, ch->target),
			.part = part,
			.certain = certain});
}

void fx_destroys(struct effects *x, const struct change *ch, enum object_type type,
	struct slice part, bool certain)
{
	fx_touch(x, &x->out->destroys, &x->out->ndestroys, type,
		type == OBJECT_SCHEMA ? ch->target : fx_resolved(x, ch->target), part, certain);
}

void fx_fails(struct effects *x, enum outcome how, const char *why, ...)
{
	va_list ap;

	if (how == OUTCOME_FAILS ? x->out->outcome == OUTCOME_FAILS : x->out->outcome != OUTCOME_OK)
		return;
	va_start(ap, why);
	x->out->outcome = how;
	x->out->outcome_why = arena_vprintf(x->a, why, ap);
	va_end(ap);
}

void fx_rerun(struct effects *x, enum rerun r)
{
	static const int rank[] = {
		[RERUN_SAME] = 0, [RERUN_UNKNOWN] = 1, [RERUN_DIFFERS] = 2, [RERUN_FAILS] = 3};

	if (rank[r] > rank[x->out->rerun])
		x->out->rerun = r;
}

void fx_undo(struct effects *x, enum undo u)
{
	if (u > x->out->undo)
		x->out->undo = u;
}

bool fx_flag(const struct change *ch, unsigned flag)
{
	return ch->flags & flag;
}

struct slice fx_show(struct effects *x, struct name n)
{
	return my_name_text(x->a, fx_resolved(x, n));
}

/* ---- does it work at all ---- */

void fx_want_absent(struct effects *x, const struct change *ch, enum object_type type,
	struct name n, const char *word)
{
	enum presence how;

	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE))
		return;
	fx_find(x, type, n, &how);
	if (how == PRESENT)
		fx_fails(
			x, OUTCOME_FAILS, "the %s %.*s exists already", word, SLICE(fx_show(x, n)));
}

static void want_present(struct effects *x, const struct change *ch, enum object_type type,
	struct name n, const char *word)
{
	enum presence how;

	if (fx_flag(ch, CHANGE_IF_EXISTS | CHANGE_TEMPORARY))
		return;
	fx_find(x, type, n, &how);
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no %s %.*s", word, SLICE(fx_show(x, n)));
}

/* ---- one change ---- */

/* RENAME TABLE a TO b, b TO c: a name may be that of an earlier pair. */
static void rename_tables(struct effects *x, const struct change *ch)
{
	enum presence how;

	fx_find(x, OBJECT_NONE, ch->target, &how);
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (slice_eq(e->other.name, ch->target.name))
			how = UNKNOWN;
	if (how == ABSENT && !fx_flag(ch, CHANGE_IF_EXISTS))
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	fx_rename_table(x, ch);
}

static void create_trigger(struct effects *x, const struct change *ch)
{
	const struct object *o;
	enum presence how;
	const struct object *t = fx_find(x, OBJECT_NONE, ch->target, &how);

	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	if (t && t->type == OBJECT_VIEW)
		fx_fails(x, OUTCOME_FAILS, "%.*s is a view", SLICE(fx_show(x, ch->target)));
	if (t && !fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE) &&
		catalog_part(x->c, t, OBJECT_TRIGGER, ch->name, &o) == PRESENT)
		fx_fails(x, OUTCOME_FAILS, "the trigger %.*s exists already", SLICE(ch->name));
}

static void create_effects(struct effects *x, const struct change *ch)
{
	fx_rerun(x,
		fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE) ? RERUN_SAME : RERUN_FAILS);
	if (fx_flag(ch, CHANGE_OR_REPLACE))
		fx_undo(x, UNDO_NONE);
	switch ((int)ch->kind) {
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_TABLE_AS:
		if (!fx_flag(ch, CHANGE_TEMPORARY))
			fx_want_absent(x, ch, OBJECT_NONE, ch->target, "table");
		fx_breaks(x, BREAKS_NEW_CODE, ch, OBJECT_TABLE, SLICE_NONE, true);
		if (fx_flag(ch, CHANGE_OR_REPLACE))
			fx_touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TABLE,
				fx_resolved(x, ch->target), SLICE_NONE, false);
		break;
	case CHANGE_CREATE_VIEW:
		fx_want_absent(x, ch, OBJECT_NONE, ch->target, "view");
		fx_breaks(x, BREAKS_NEW_CODE, ch, OBJECT_VIEW, SLICE_NONE, true);
		break;
	case CHANGE_CREATE_SEQUENCE:
		fx_want_absent(x, ch, OBJECT_NONE, ch->target, "sequence");
		break;
	case CHANGE_CREATE_FUNCTION:
		fx_want_absent(x, ch, OBJECT_FUNCTION, ch->target, "routine");
		break;
	case CHANGE_CREATE_TRIGGER:
		create_trigger(x, ch);
		break;
	default:
		break;
	}
}

static void drop_effects(struct effects *x, const struct change *ch)
{
	bool data = ch->type == OBJECT_TABLE || ch->type == OBJECT_SCHEMA ||
		    ch->type == OBJECT_SEQUENCE;

	fx_rerun(x, fx_flag(ch, CHANGE_IF_EXISTS) ? RERUN_SAME : RERUN_FAILS);
	fx_undo(x, data ? UNDO_SCHEMA_ONLY : UNDO_EXACT);
	if (fx_flag(ch, CHANGE_TEMPORARY))
		return;
	if (ch->type == OBJECT_TABLE || ch->type == OBJECT_VIEW || ch->type == OBJECT_SEQUENCE) {
		want_present(x, ch, OBJECT_NONE, ch->target, object_type_word(ch->type));
		fx_breaks(x, BREAKS_OLD_READERS, ch, ch->type, SLICE_NONE, true);
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, ch->type, SLICE_NONE, true);
	}
	if (data)
		fx_touch(x, &x->out->destroys, &x->out->ndestroys, ch->type,
			ch->type == OBJECT_SCHEMA ? ch->target : fx_resolved(x, ch->target),
			SLICE_NONE, true);
}

/* Does an INSERT say a value for every column of a unique key? Then a second one fails. */
static bool says_key(const struct change *ch, const struct object *t)
{
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct names key = {0};
		bool all = true;

		if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
			key = o->constraint.columns;
		else if (o->type == OBJECT_INDEX && o->index.unique)
			key = o->index.columns;
		for (size_t k = 0; k < key.n; k++)
			all &= ch->list.n == 0 || names_has(ch->list, key.at[k]);
		if (key.n && all)
			return true;
	}
	return false;
}

static void data_effects(struct effects *x, const struct change *ch)
{
	const struct object *t = NULL;
	enum presence how = UNKNOWN;

	switch ((int)ch->kind) {
	case CHANGE_SELECT:
	case CHANGE_COPY_OUT:
		return;
	case CHANGE_CALL:
		x->out->rerun = RERUN_UNKNOWN;
		fx_undo(x, UNDO_NONE);
		return;
	default:
		break;
	}
	if (!slice_empty(ch->target.name))
		t = fx_find(x, OBJECT_NONE, ch->target, &how);
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	fx_touch(x, &x->out->writes_rows, &x->out->nwrites_rows, OBJECT_TABLE,
		fx_resolved(x, ch->target), SLICE_NONE, true);
	switch ((int)ch->kind) {
	case CHANGE_INSERT:
		fx_undo(x, fx_flag(ch, CHANGE_ON_CONFLICT) ? UNDO_NONE : UNDO_EXACT);
		fx_rerun(x, fx_flag(ch, CHANGE_ON_CONFLICT) || !t ? RERUN_UNKNOWN
			    : says_key(ch, t)                     ? RERUN_FAILS
								  : RERUN_DIFFERS);
		break;
	case CHANGE_TRUNCATE:
		fx_undo(x, UNDO_NONE);
		fx_touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TABLE,
			fx_resolved(x, ch->target), SLICE_NONE, true);
		break;
	case CHANGE_DELETE:
		fx_undo(x, UNDO_NONE);
		fx_rerun(x, fx_flag(ch, CHANGE_HAS_LIMIT) ? RERUN_DIFFERS : RERUN_SAME);
		if (!fx_flag(ch, CHANGE_HAS_WHERE) || fx_flag(ch, CHANGE_WHERE_TRUE))
			fx_touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TABLE,
				fx_resolved(x, ch->target), SLICE_NONE, true);
		break;
	default:
		fx_undo(x, UNDO_NONE);
		fx_rerun(x, RERUN_UNKNOWN);
		break;
	}
}

static void meta_effects(struct effects *x, const struct change *ch)
{
	switch ((int)ch->kind) {
	case CHANGE_CREATE_ROLE:
	case CHANGE_DROP_ROLE:
	case CHANGE_REVOKE:
		fx_rerun(x, fx_flag(ch, CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE)
				    ? RERUN_SAME
				    : RERUN_FAILS);
		break;
	default:
		break;
	}
}

/* ---- transactions ---- */

/* These end an open transaction by committing it (manual: Statements That Cause an Implicit
 * Commit). */
static bool commits(const struct change *ch)
{
	switch (change_class_of(ch->kind)) {
	case CLASS_CREATE:
	case CLASS_DROP:
		return !fx_flag(ch, CHANGE_TEMPORARY);
	case CLASS_ALTER:
	case CLASS_RENAME:
	case CLASS_META:
		return true;
	case CLASS_MAINT:
		return ch->kind != CHANGE_EXPLAIN;
	case CLASS_TX:
		return ch->kind == CHANGE_BEGIN || ch->kind == CHANGE_LOCK_TABLE ||
		       ch->kind == CHANGE_COMMIT;
	case CLASS_DATA:
		return ch->kind == CHANGE_TRUNCATE;
	case CLASS_SESSION:
		return false;
	}
	return false;
}

static void change_effects(struct effects *x, const struct change *ch)
{
	switch (change_class_of(ch->kind)) {
	case CLASS_CREATE:
		create_effects(x, ch);
		break;
	case CLASS_DROP:
		drop_effects(x, ch);
		break;
	case CLASS_ALTER:
		break;
	case CLASS_RENAME:
		if (ch->kind == CHANGE_RENAME_TABLE)
			rename_tables(x, ch);
		break;
	case CLASS_DATA:
		data_effects(x, ch);
		break;
	case CLASS_META:
		meta_effects(x, ch);
		break;
	case CLASS_SESSION:
		if (ch->kind == CHANGE_PREPARE)
			fx_rerun(x, RERUN_UNKNOWN);
		break;
	case CLASS_TX:
		if (ch->kind == CHANGE_RELEASE || ch->kind == CHANGE_ROLLBACK_TO)
			fx_rerun(x, RERUN_UNKNOWN);
		break;
	case CLASS_MAINT:
		break;
	}
}

/* Changes of a table's definition; what else ALTER stands before has no parts and no rows. */
static bool alters_table(const struct statement *st)
{
	enum change_kind k = st->changes[0].kind;
	struct slice kind = slice_of(st->kind);

	return fx_is_online(k) &&
	       (slice_is(kind, "ALTER TABLE") || slice_is(kind, "CREATE INDEX") ||
		       slice_is(kind, "DROP INDEX"));
}

static void unread(struct effects *x)
{
	x->out->unread = true;
	x->out->rerun = RERUN_UNKNOWN;
	x->out->undo = UNDO_NONE;
	effect_need(x->a, x->out, x->st->opaque_reason);
}

/* What stands behind a condition may not run at all, and a routine may catch its errors. */
static void soften(struct effects *x)
{
	bool soft = false;

	for (size_t i = 0; i < x->st->nchanges; i++)
		soft |= fx_flag(&x->st->changes[i], CHANGE_GUARDED) ||
			x->st->changes[i].kind == CHANGE_CALL ||
			x->st->changes[i].kind == CHANGE_DO_BLOCK;
	if (!soft)
		return;
	if (x->out->rerun == RERUN_FAILS)
		x->out->rerun = RERUN_UNKNOWN;
	if (x->out->outcome == OUTCOME_FAILS)
		x->out->outcome = OUTCOME_MAY_FAIL;
}

void mysql_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out)
{
	struct effects x = {a, c, s, st,
		{.dialect = catalog_dialect(c), .version = catalog_version(c)}, out, NULL, {0}};

	*out = (struct effect){.certain = true, .transaction = TX_ALLOWED};
	if (st->state == STATEMENT_OPAQUE) {
		unread(&x);
		return;
	}
	if (st->state == STATEMENT_SYNTAX) {
		fx_fails(&x, OUTCOME_FAILS, "%.*s", SLICE(st->fault_message));
		x.out->rerun = RERUN_FAILS;
		return;
	}
	if (st->partly_opaque)
		effect_need(a, out, st->opaque_reason);
	for (size_t i = 0; i < st->nchanges; i++)
		if (commits(&st->changes[i]))
			out->transaction = TX_COMMITS;
	if (st->nchanges && alters_table(st))
		fx_alter(&x);
	else
		for (size_t i = 0; i < st->nchanges; i++)
			change_effects(&x, &st->changes[i]);
	soften(&x);
	if (out->outcome == OUTCOME_FAILS)
		out->rerun = RERUN_FAILS;
	/* OPTIMIZE TABLE rebuilds an InnoDB table, as FORCE does. */
	for (size_t i = 0; i < st->nchanges && !alters_table(st); i++)
		if (st->changes[i].kind == CHANGE_TABLE_FORCE)
			fx_touch(&x, &out->rewrites, &out->nrewrites, OBJECT_TABLE,
				fx_resolved(&x, st->changes[i].target), SLICE_NONE, true);
}

/* Nothing in these servers must stand outside a transaction: what cannot be part of one commits it.
 */
bool mysql_needs_no_tx(const struct statement *st, int version)
{
	(void)version;
	for (size_t i = 0; i < st->nchanges; i++)
		if (commits(&st->changes[i]))
			return true;
	return false;
}
