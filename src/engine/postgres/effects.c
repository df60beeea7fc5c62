/* effects.c - what one statement does at that point: the frame, and facts shared by all kinds. */
#include "engine/postgres/effects.h"

#include <stdint.h>

#include <stdarg.h>

static const struct {
	const char *words;
	enum lock_class blocks;
} modes[] = {
	[PG_ACCESS_SHARE] = {"ACCESS SHARE", LOCK_NOTHING},
	[PG_ROW_SHARE] = {"ROW SHARE", LOCK_NOTHING},
	[PG_ROW_EXCLUSIVE] = {"ROW EXCLUSIVE", LOCK_NOTHING},
	[PG_SHARE_UPDATE_EXCLUSIVE] = {"SHARE UPDATE EXCLUSIVE", LOCK_DDL},
	[PG_SHARE] = {"SHARE", LOCK_WRITES},
	[PG_SHARE_ROW_EXCLUSIVE] = {"SHARE ROW EXCLUSIVE", LOCK_WRITES},
	[PG_EXCLUSIVE] = {"EXCLUSIVE", LOCK_WRITES},
	[PG_ACCESS_EXCLUSIVE] = {"ACCESS EXCLUSIVE", LOCK_READS_WRITES},
};

const char *pg_mode_words(enum pg_mode m)
{
	return modes[m].words;
}

enum lock_class pg_mode_blocks(enum pg_mode m)
{
	return modes[m].blocks;
}

static bool born_here(const struct looking *l, const struct object *o)
{
	return l->session->in_tx && o->born_tx && o->born_tx == l->session->tx;
}

struct relation pg_relation(struct looking *l, struct name n, enum object_type type)
{
	struct relation r = {.name = n, .type = type == OBJECT_NONE ? OBJECT_TABLE : type};

	r.presence = catalog_find(l->catalog, l->session, type, n, &r.object);
	r.certain = r.presence != ABSENT;
	if (r.presence == PRESENT && r.object) {
		r.name = (struct name){r.object->schema, r.object->name};
		r.type = r.object->type;
		r.is_new = born_here(l, r.object);
	} else {
		r.name = catalog_resolve(l->catalog, l->session, r.type, n);
		r.object = NULL;
		if (l->change && (l->change->flags & CHANGE_IF_EXISTS))
			r.certain = false;
	}
	r.certain = r.certain && !l->perhaps;
	return r;
}

bool pg_is_temporary(const struct relation *r)
{
	return r->object && (slice_starts(r->object->schema, "pg_temp") ||
				    (r->object->type == OBJECT_TABLE &&
					    slice_is(r->object->table_.persistence, "temporary")));
}

static enum pg_mode mode_of(const char *words)
{
	enum pg_mode m = PG_ACCESS_SHARE;

	while (m < PG_ACCESS_EXCLUSIVE && strcmp(modes[m].words, words) != 0)
		m++;
	return m;
}

/* One row each: the strongest. What is not certain stands beside a weaker one that is. */
void pg_lock(struct looking *l, const struct relation *r, enum pg_mode m)
{
	struct effect *e = l->out;

	if (r->presence == ABSENT || pg_is_temporary(r))
		return;
	for (size_t i = 0; i < e->nlocks; i++) {
		struct lock *old = &e->locks[i];

		if (!name_eq(old->object, r->name))
			continue;
		if (mode_of(old->mode) >= m && (old->certain || !r->certain))
			return;
		if (mode_of(old->mode) <= m && (r->certain || !old->certain)) {
			old->mode = modes[m].words;
			old->blocks = modes[m].blocks;
			old->certain = r->certain;
			old->new_in_tx = old->new_in_tx || r->is_new;
			return;
		}
	}
	*ARENA_PUSH(l->arena, e->locks, e->nlocks) = (struct lock){.object = r->name,
		.type = r->type,
		.mode = modes[m].words,
		.blocks = modes[m].blocks,
		.certain = r->certain,
		.new_in_tx = r->is_new};
}

static struct relation of_object(struct looking *l, const struct object *o)
{
	return (struct relation){.name = {o->schema, o->name},
		.presence = PRESENT,
		.object = o,
		.type = o->type,
		.is_new = born_here(l, o) || (o->table && born_here(l, o->table)),
		.certain = true};
}

void pg_lock_tree(struct looking *l, const struct relation *r, enum pg_mode m)
{
	const struct object **parts;
	size_t n = l->change->flags & CHANGE_ONLY ? 0 : pg_children(l, r, &parts);

	pg_lock(l, r, m);
	for (size_t i = 0; i < n; i++)
		if (pg_is_heir(parts[i], r)) {
			struct relation child = of_object(l, parts[i]);

			pg_lock_tree(l, &child, m);
		}
}

void pg_lock_indexes(struct looking *l, const struct relation *r, enum pg_mode m)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_INDEX) {
			struct relation index = pg_index_of(l, r, r->object->parts[i]);

			index.certain = index.certain && r->certain;
			pg_lock(l, &index, m);
		}
}

static struct touched touch_of(const struct relation *r, bool certain)
{
	return (struct touched){.type = r->type,
		.object = r->name,
		.certain = certain && r->certain,
		.new_in_tx = r->is_new};
}

void pg_build(struct looking *l, const struct relation *on, struct slice index, bool certain)
{
	struct touched t = touch_of(on, certain);

	t.type = OBJECT_INDEX;
	t.object = (struct name){on->name.schema, index};
	effect_touch(l->arena, &l->out->builds, &l->out->nbuilds, t);
}

static void build_all(struct looking *l, const struct relation *r, bool certain)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_INDEX)
			pg_build(l, r, r->object->parts[i]->name, certain);
}

static bool has_rows(const struct relation *r)
{
	return r->presence != ABSENT && !pg_is_temporary(r) && !pg_is_partitioned(r) &&
	       (r->type == OBJECT_TABLE || r->type == OBJECT_MATVIEW);
}

/* Its partitions hold the rows; of inheritance, unless ONLY was said. */
static size_t also(struct looking *l, const struct relation *r, const struct object ***out)
{
	if (l->change->flags & CHANGE_ONLY && !pg_is_partitioned(r))
		return 0;
	return pg_children(l, r, out);
}

void pg_rewrite(struct looking *l, const struct relation *r, bool certain)
{
	const struct object **parts;
	size_t n = also(l, r, &parts);
	struct relation sure = *r;

	if (has_rows(r)) {
		effect_touch(l->arena, &l->out->rewrites, &l->out->nrewrites, touch_of(r, certain));
		build_all(l, r, certain);
		sure.certain = sure.certain && certain;
		pg_lock_indexes(l, &sure, PG_ACCESS_EXCLUSIVE);
	}
	for (size_t i = 0; i < n; i++)
		if (pg_is_heir(parts[i], r)) {
			struct relation child = of_object(l, parts[i]);

			pg_rewrite(l, &child, certain);
		}
}

void pg_scan_one(struct looking *l, const struct relation *r, bool certain)
{
	for (size_t i = 0; i < l->out->nrewrites; i++)
		if (name_eq(l->out->rewrites[i].object, r->name))
			return; /* a rewrite reads it anyway */
	if (has_rows(r))
		effect_touch(l->arena, &l->out->scans, &l->out->nscans, touch_of(r, certain));
}

void pg_scan(struct looking *l, const struct relation *r, bool certain)
{
	const struct object **parts;
	size_t n = also(l, r, &parts);

	pg_scan_one(l, r, certain);
	for (size_t i = 0; i < n; i++)
		if (pg_is_heir(parts[i], r)) {
			struct relation child = of_object(l, parts[i]);

			pg_scan(l, &child, certain);
		}
}

void pg_writes(struct looking *l, const struct relation *r)
{
	effect_touch(l->arena, &l->out->writes_rows, &l->out->nwrites_rows, touch_of(r, true));
}

void pg_destroys(struct looking *l, enum object_type t, struct name object, struct slice part)
{
	effect_touch(l->arena, &l->out->destroys, &l->out->ndestroys,
		(struct touched){.type = t, .object = object, .part = part, .certain = true});
}

void pg_breaks(struct looking *l, enum breaks_who who, enum object_type t, struct name object,
	struct slice part)
{
	const struct object *o;

	/* Nobody's code knows what this transaction has made. */
	if (catalog_find(l->catalog, l->session, OBJECT_NONE, object, &o) == PRESENT &&
		born_here(l, o))
		return;
	effect_break(l->arena, l->out,
		(struct breakage){
			.who = who, .type = t, .object = object, .part = part, .certain = true});
}

static void outcome(struct looking *l, enum outcome o, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void outcome(struct looking *l, enum outcome o, const char *fmt, va_list ap)
{
	/* What a condition keeps from running does not fail. */
	if (l->change->flags & CHANGE_GUARDED && o == OUTCOME_FAILS)
		return;
	if (l->out->outcome == OUTCOME_FAILS || (l->out->outcome == o && o == OUTCOME_MAY_FAIL))
		return;
	l->out->outcome = o;
	l->out->outcome_why = arena_vprintf(l->arena, fmt, ap);
}

void pg_fails(struct looking *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	outcome(l, OUTCOME_FAILS, fmt, ap);
	va_end(ap);
}

void pg_may_fail(struct looking *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	outcome(l, OUTCOME_MAY_FAIL, fmt, ap);
	va_end(ap);
}

void pg_need(struct looking *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	effect_need(l->arena, l->out, arena_vprintf(l->arena, fmt, ap));
	va_end(ap);
}

/* ---- The frame ---- */

/* What the transaction rule, a second run and the best inverse come to, by kind alone. */
struct habit {
	enum change_kind kind;
	enum rerun rerun;         /* plain */
	enum rerun rerun_guarded; /* with IF [NOT] EXISTS or OR REPLACE */
	enum undo undo;
};

/* clang-format off */
static const struct habit habits[] = {
	{CHANGE_CREATE_TABLE,       RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_TABLE_AS,    RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_TABLE,         RERUN_FAILS, RERUN_SAME, UNDO_SCHEMA_ONLY},
	{CHANGE_RENAME_TABLE,       RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_SET_SCHEMA,         RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_INHERIT,            RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_NO_INHERIT,         RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_ATTACH_PARTITION,   RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DETACH_PARTITION,   RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_ADD_COLUMN,         RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_COLUMN,        RERUN_FAILS, RERUN_SAME, UNDO_SCHEMA_ONLY},
	{CHANGE_RENAME_COLUMN,      RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_ADD_IDENTITY,       RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DROP_IDENTITY,      RERUN_FAILS, RERUN_SAME, UNDO_SCHEMA_ONLY},
	{CHANGE_DROP_EXPRESSION,    RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_ADD_CONSTRAINT,     RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_ADD_CONSTRAINT_INDEX, RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DROP_CONSTRAINT,    RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_RENAME_CONSTRAINT,  RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_CREATE_INDEX,       RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_INDEX,         RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_RENAME_INDEX,       RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_VIEW,        RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_VIEW,          RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_MATVIEW,     RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_MATVIEW,       RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_REFRESH_MATVIEW,    RERUN_SAME, RERUN_SAME, UNDO_NONE},
	{CHANGE_CREATE_SEQUENCE,    RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_SEQUENCE,      RERUN_FAILS, RERUN_SAME, UNDO_SCHEMA_ONLY},
	{CHANGE_CREATE_TYPE,        RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DROP_TYPE,          RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_ADD_ENUM_VALUE,     RERUN_FAILS, RERUN_SAME, UNDO_NONE},
	{CHANGE_RENAME_ENUM_VALUE,  RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_CREATE_DOMAIN,      RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DROP_DOMAIN,        RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_FUNCTION,    RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_FUNCTION,      RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_TRIGGER,     RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_TRIGGER,       RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_POLICY,      RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DROP_POLICY,        RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_RULE,        RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_RULE,          RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_STATISTICS,  RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_STATISTICS,    RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_SCHEMA,      RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_SCHEMA,        RERUN_FAILS, RERUN_SAME, UNDO_SCHEMA_ONLY},
	{CHANGE_CREATE_EXTENSION,   RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_EXTENSION,     RERUN_FAILS, RERUN_SAME, UNDO_SCHEMA_ONLY},
	{CHANGE_CREATE_OTHER,       RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_DROP_OTHER,         RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_RENAME_OTHER,       RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_CREATE_ROLE,        RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DROP_ROLE,          RERUN_FAILS, RERUN_SAME, UNDO_EXACT},
	{CHANGE_CREATE_DATABASE,    RERUN_FAILS, RERUN_FAILS, UNDO_EXACT},
	{CHANGE_DROP_DATABASE,      RERUN_FAILS, RERUN_SAME, UNDO_NONE},
	{CHANGE_INSERT,             RERUN_DIFFERS, RERUN_UNKNOWN, UNDO_EXACT},
	{CHANGE_UPDATE,             RERUN_UNKNOWN, RERUN_UNKNOWN, UNDO_NONE},
	{CHANGE_DELETE,             RERUN_SAME, RERUN_SAME, UNDO_NONE},
	{CHANGE_MERGE,              RERUN_UNKNOWN, RERUN_UNKNOWN, UNDO_NONE},
	{CHANGE_TRUNCATE,           RERUN_SAME, RERUN_SAME, UNDO_NONE},
	{CHANGE_COPY_IN,            RERUN_DIFFERS, RERUN_DIFFERS, UNDO_EXACT},
	{CHANGE_DO_BLOCK,           RERUN_SAME, RERUN_SAME, UNDO_EXACT}, /* what is inside decides */
	{CHANGE_CALL,               RERUN_SAME, RERUN_SAME, UNDO_EXACT},
};
/* clang-format on */

enum { GUARDS = CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE | CHANGE_ON_CONFLICT };

enum rerun pg_worse_rerun(enum rerun a, enum rerun b)
{
	/* fails beats differs beats unknown beats same */
	static const int rank[] = {
		[RERUN_SAME] = 0, [RERUN_UNKNOWN] = 1, [RERUN_DIFFERS] = 2, [RERUN_FAILS] = 3};

	return rank[a] >= rank[b] ? a : b;
}

static void habitual(struct looking *l)
{
	enum rerun rerun = RERUN_SAME;
	enum undo undo = UNDO_EXACT;

	for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
		if (habits[i].kind == l->change->kind) {
			rerun = l->change->flags & GUARDS ? habits[i].rerun_guarded
							  : habits[i].rerun;
			undo = habits[i].undo;
		}
	if (l->change->kind == CHANGE_ALTER_ROLE && slice_is(l->change->value.text, "rename"))
		rerun = RERUN_FAILS;
	l->rerun = rerun;
	if (undo > l->out->undo)
		l->out->undo = undo;
}

/* PostgreSQL's own list: "cannot be executed inside a transaction block". */
static bool forbidden_in_tx(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	switch (c->kind) {
	case CHANGE_CREATE_INDEX:
	case CHANGE_DROP_INDEX:
	case CHANGE_REINDEX:
	case CHANGE_DETACH_PARTITION:
		if (c->kind == CHANGE_DETACH_PARTITION && l->version < 140000)
			return false; /* not known yet */
		if (c->flags & CHANGE_CONCURRENTLY)
			return true;
		if (c->kind != CHANGE_REINDEX)
			return false;
		if (c->type == OBJECT_SCHEMA || c->type == OBJECT_DATABASE)
			return true;
		r = pg_relation(l, c->target, c->type);
		if (c->type == OBJECT_INDEX && r.object && r.object->table)
			r = pg_relation_of(l, r.object->table);
		return l->version >= 140000 && pg_is_partitioned(&r);
	case CHANGE_DISCARD:
		return slice_iis(c->value.text, "all");
	case CHANGE_DO_BLOCK: /* COMMIT in a body works only outside of a block */
		for (size_t i = 0; i < c->ninner; i++)
			if (c->inner[i].kind == CHANGE_COMMIT ||
				c->inner[i].kind == CHANGE_ROLLBACK)
				return true;
		return false;
	case CHANGE_CALL:
		return pg_ends_transaction(l, c->target);
	case CHANGE_VACUUM:
	case CHANGE_CREATE_DATABASE:
	case CHANGE_DROP_DATABASE:
	case CHANGE_ALTER_SYSTEM:
	case CHANGE_CREATE_TABLESPACE:
	case CHANGE_DROP_TABLESPACE:
	case CHANGE_DROP_SUBSCRIPTION:
		return true;
	case CHANGE_CREATE_SUBSCRIPTION: /* it makes a replication slot over there */
		return !names_has(c->settings, SL("create_slot=false")) &&
		       !names_has(c->settings, SL("connect=false"));
	case CHANGE_CLUSTER:
		r = pg_relation(l, c->target, OBJECT_NONE);
		return slice_empty(c->target.name) ||
		       (l->version >= 150000 && pg_is_partitioned(&r));
	case CHANGE_ADD_ENUM_VALUE:
		return l->version < 120000;
	default:
		return false;
	}
}

static void transaction_rule(struct looking *l)
{
	if (forbidden_in_tx(l)) {
		l->out->transaction = TX_FORBIDDEN;
		if (l->change->flags & CHANGE_INNER)
			pg_fails(l, "what cannot run inside a transaction block cannot run inside "
				    "a DO block or a function either");
		else if (l->session->in_tx)
			pg_fails(l, "%s cannot run inside a transaction block", l->statement->kind);
	} else if (l->change->kind == CHANGE_SET_VARIABLE && (l->change->flags & CHANGE_LOCAL) &&
		   !l->session->in_tx) {
		l->out->transaction = TX_NO_EFFECT;
	}
}

static void newer_syntax(struct looking *l)
{
	for (size_t i = 0; i < l->change->settings.n; i++) {
		struct slice s = l->change->settings.at[i];
		unsigned long long major;

		if (slice_starts(s, "requires=") && slice_u64(slice_from(s, 9), &major) &&
			l->version < (int)major * 10000)
			pg_fails(l, "this syntax needs PostgreSQL %llu", major);
	}
}

void pg_rerun(struct looking *l, enum rerun r)
{
	l->rerun = r;
}

static const struct pg_action *action_of(enum change_kind kind)
{
	/* What is frequent comes first. */
	static const struct pg_action *const tables[] = {pg_row_actions, pg_index_actions,
		pg_column_actions, pg_constraint_actions, pg_relation_actions, pg_type_actions,
		pg_alter_actions, pg_object_actions, pg_drop_actions, pg_partition_actions,
		pg_maintenance_actions};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct pg_action *a = tables[i]; a->on || a->on_relation; a++)
			if (a->kind == kind)
				return a;
	return NULL;
}

static void act(struct looking *l, const struct pg_action *a)
{
	struct relation r;

	if (a->on) {
		a->on(l);
		return;
	}
	r = pg_relation(l, l->change->target, OBJECT_NONE);
	if (r.presence != ABSENT) {
		a->on_relation(l, &r);
		pg_refuse_action(l, &r);
	} else if (l->change->flags & CHANGE_IF_EXISTS)
		pg_rerun(l, RERUN_SAME);
	else
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
}

/* Does the block ask whether it has been done already, or take it for no fault? */
static bool asks_first(struct slice block)
{
	static const char *const signs[] = {"if not exists(", "if not exists (", "if exists(",
		"if exists (", "to_regclass(", "to_regtype(", "duplicate_", "undefined_",
		"when others", "already_exists", "not found"};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (slice_ifind(block, slice_of(signs[i])) != SIZE_MAX)
			return true;
	return false;
}

static enum rerun guarded_rerun(const struct looking *l)
{
	if (l->rerun == RERUN_SAME)
		return RERUN_SAME;
	if (l->rerun == RERUN_FAILS && l->change->flags & CHANGE_INNER &&
		change_class_of(l->change->kind) != CLASS_DATA && asks_first(l->block))
		return RERUN_SAME;
	return RERUN_UNKNOWN;
}

/* What hangs on a thing that nobody has described: keys, views, triggers, partitions. */
static void undescribed(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	if (catalog_is_complete(l->catalog) || l->out->outcome == OUTCOME_FAILS)
		return;
	switch ((int)c->kind) {
	case CHANGE_DROP_TABLE:
	case CHANGE_DROP_VIEW:
	case CHANGE_DROP_MATVIEW:
	case CHANGE_DROP_COLUMN:
	case CHANGE_TRUNCATE:
	case CHANGE_INSERT:
	case CHANGE_UPDATE:
	case CHANGE_DELETE:
	case CHANGE_MERGE:
	case CHANGE_COPY_IN:
	case CHANGE_REINDEX:
		r = pg_relation(l, c->target, OBJECT_NONE);
		if (c->target.name.len && r.presence == UNKNOWN && c->type != OBJECT_INDEX)
			pg_need(l, "definition of %.*s.%.*s", SLICE(r.name.schema),
				SLICE(r.name.name));
		break;
	case CHANGE_DROP_TYPE:
	case CHANGE_DROP_DOMAIN:
	case CHANGE_DROP_SCHEMA:
		pg_need(l, "what uses %.*s", SLICE(c->target.name));
		break;
	default:
		break;
	}
}

static void look_at(struct looking *l)
{
	const struct pg_action *a = action_of(l->change->kind);

	habitual(l);
	transaction_rule(l);
	newer_syntax(l);
	if (a)
		act(l, a);
	pg_refusals(l);
	undescribed(l);
	if (l->change->flags & CHANGE_GUARDED)
		l->rerun = guarded_rerun(l);
	if (l->change->kind == CHANGE_DO_BLOCK && l->statement->partly_opaque) {
		l->rerun = RERUN_UNKNOWN;
		l->out->undo = UNDO_NONE;
	}
	l->out->rerun = pg_worse_rerun(l->out->rerun, l->rerun);
}

/* Do later changes of the statement find what earlier ones did? A list of names does not. */
static bool builds_up(const struct looking *l, const struct change *changes, size_t n)
{
	if (n < 2)
		return false;
	if (changes[0].flags & CHANGE_INNER)
		return true;
	return slice_starts(slice_of(l->statement->kind), "ALTER TABLE") ||
	       slice_starts(slice_of(l->statement->kind), "CREATE SCHEMA");
}

/* What a question of the block keeps from running does nothing; what fails into its handler is
 * undone. */
static void look_guarded(struct looking *l)
{
	const struct change *guarded = l->change;
	struct effect before = *l->out;
	struct change plain = *guarded;

	if (pg_guard_lets(l) == ABSENT) {
		l->skipped = true;
		return;
	}
	if (!pg_guard_catches(l)) {
		look_at(l);
		return;
	}
	plain.flags &= ~(unsigned)CHANGE_GUARDED;
	l->change = &plain;
	look_at(l);
	if (l->out->outcome == OUTCOME_FAILS) {
		*l->out = before;
		l->skipped = true;
	} else {
		*l->out = before;
		l->change = guarded;
		look_at(l);
	}
	l->change = guarded;
}

static void look_at_inner(struct looking *l)
{
	const struct statement *whole = l->statement;
	struct statement own = *whole;

	own.text = span_text(l->change->span); /* not all of the block */
	own.changes = (struct change *)l->change;
	own.nchanges = 1;
	l->statement = &own;
	look_guarded(l);
	l->statement = whole;
}

static void look_inside(struct looking *l, const struct change *changes, size_t n)
{
	struct catalog *c = (struct catalog *)l->catalog; /* is as before when all is done */
	const struct session *given = l->session;
	bool up = builds_up(l, changes, n);
	struct session s = *given;
	struct slice why;

	for (size_t i = 0; i < n; i++) {
		l->change = &changes[i];
		l->skipped = false;
		if (changes[i].flags & CHANGE_INNER && changes[i].span.src)
			look_at_inner(l);
		else
			look_guarded(l);
		if (changes[i].kind == CHANGE_CREATE_SCHEMA && changes[i].ninner) {
			struct change bare =
				changes[i]; /* its elements are looked at inside of it */

			bare.inner = NULL;
			bare.ninner = 0;
			s.arena = l->arena;
			catalog_apply(c, &s, &bare, &why);
		}
		if (changes[i].kind != CHANGE_PREPARE)
			look_inside(l, changes[i].inner, changes[i].ninner);
		if (!up || i + 1 == n || l->skipped)
			continue;
		s.arena = l->arena;
		s.in_tx = true;
		l->session = &s;
		l->partial = true;
		catalog_apply(c, &s, &changes[i], &why);
	}
	l->session = given;
}

/* A rewrite reads it anyway, whichever came first. */
static void without_rewritten(struct effect *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->nscans && out->nrewrites; i++) {
		bool rewritten = false;

		for (size_t k = 0; k < out->nrewrites; k++)
			rewritten = rewritten ||
				    (out->rewrites[k].certain &&
					    name_eq(out->rewrites[k].object, out->scans[i].object));
		if (!rewritten)
			out->scans[kept++] = out->scans[i];
	}
	if (out->nrewrites)
		out->nscans = kept;
}

void postgres_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out)
{
	struct looking l = {.arena = a,
		.catalog = c,
		.session = s,
		.statement = st,
		.out = out,
		.block = st->text,
		.version = catalog_version(c)};
	size_t mark;

	*out = (struct effect){.certain = true};
	if (st->state == STATEMENT_SYNTAX) {
		out->outcome = OUTCOME_FAILS;
		out->outcome_why = st->fault_message;
		out->rerun = RERUN_FAILS;
		return;
	}
	if (st->state != STATEMENT_READ) {
		out->unread = true;
		out->certain = false;
		out->rerun = RERUN_UNKNOWN;
		out->undo = UNDO_NONE;
		return;
	}
	mark = catalog_mark(c);
	look_inside(&l, st->changes, st->nchanges);
	catalog_undo((struct catalog *)c, mark);
	without_rewritten(out);
	if (out->outcome == OUTCOME_FAILS)
		out->rerun = RERUN_FAILS;
	if (st->partly_opaque)
		effect_need(a, out, st->opaque_reason);
}
