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
	r.name = catalog_resolve(l->catalog, l->session, r.type, n);
	r.certain = r.presence != ABSENT;
	if (r.presence == PRESENT && r.object) {
		r.name = (struct name){r.object->schema, r.object->name};
		r.type = r.object->type;
		r.is_new = born_here(l, r.object);
	} else {
		r.object = NULL;
		if (l->change && (l->change->flags & CHANGE_IF_EXISTS))
			r.certain = false;
	}
	return r;
}

bool pg_is_temporary(const struct relation *r)
{
	return r->object && r->object->type == OBJECT_TABLE &&
	       slice_is(r->object->table_.persistence, "temporary");
}

void pg_lock(struct looking *l, const struct relation *r, enum pg_mode m)
{
	if (r->presence == ABSENT || pg_is_temporary(r))
		return;
	effect_lock(l->arena, l->out,
		(struct lock){.object = r->name,
			.type = r->type,
			.mode = modes[m].words,
			.blocks = modes[m].blocks,
			.certain = r->certain,
			.new_in_tx = r->is_new});
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
	effect_break(l->arena, l->out,
		(struct breakage){
			.who = who, .type = t, .object = object, .part = part, .certain = true});
}

static bool drops_before(const struct looking *l)
{
	const struct statement *st = l->statement;

	for (size_t i = 0; i < st->nchanges && &st->changes[i] < l->change; i++)
		if ((st->changes[i].kind == CHANGE_DROP_CONSTRAINT ||
			    st->changes[i].kind == CHANGE_DROP_COLUMN) &&
			name_eq(st->changes[i].target, l->change->target))
			return true;
	return false;
}

static void outcome(struct looking *l, enum outcome o, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void outcome(struct looking *l, enum outcome o, const char *fmt, va_list ap)
{
	if (l->out->outcome == OUTCOME_FAILS || (l->out->outcome == o && o == OUTCOME_MAY_FAIL))
		return;
	/* Each change is held against the schema before the statement. What an earlier DROP of the
	 * same statement made room for is there only at first sight. */
	if (o == OUTCOME_FAILS && drops_before(l))
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

/* ---- Volatility ---- */

static const struct {
	const char *name;
	char volatility;
} builtins[] = {
#include "engine/postgres/functions.inc"
};

static char builtin(struct slice name)
{
	size_t low = 0, high = sizeof builtins / sizeof *builtins;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int d = slice_cmp(name, slice_of(builtins[mid].name));

		if (d == 0)
			return builtins[mid].volatility;
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return 0;
}

/* Functions of extensions that everybody uses, as their install scripts declare them. */
static char of_extension(struct slice name)
{
	static const struct {
		const char *name;
		char volatility;
	} known[] = {{"gen_random_bytes", 'v'}, {"gen_salt", 'v'}, {"crypt", 'i'},
		{"uuid_generate_v1", 'v'}, {"uuid_generate_v1mc", 'v'}, {"uuid_generate_v3", 'i'},
		{"uuid_generate_v4", 'v'}, {"uuid_generate_v5", 'i'}, {"uuid_nil", 'i'},
		{"uuidv4", 'v'}, {"uuidv7", 'v'}, {"uuid_generate_v7", 'v'}, {"unaccent", 's'}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(name, known[i].name))
			return known[i].volatility;
	return 0;
}

/* CURRENT_TIMESTAMP and its kin are not functions in the catalog, but behave like stable ones. */
static bool is_value_function(struct slice name)
{
	static const char *const words[] = {"current_timestamp", "current_date", "current_time",
		"localtime", "localtimestamp", "current_user", "session_user", "user",
		"current_role", "current_catalog", "current_schema", "system_user"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_iis(name, words[i]))
			return true;
	return false;
}

static char user_function(struct looking *l, struct slice name)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_FUNCTION, l->arena, &all);
	char worst = 0;

	for (size_t i = 0; i < n; i++) {
		struct slice bare = slice_sub(all[i]->name, 0, slice_chr(all[i]->name, '('));
		struct slice v = all[i]->function.volatility;
		char c = slice_is(v, "immutable") ? 'i' : slice_is(v, "stable") ? 's' : 'v';

		if (!slice_eq(bare, name))
			continue;
		/* The planner puts a one-line SQL function's body in its place: that decides. */
		if (c == 'v' && slice_iis(all[i]->function.language, "sql"))
			return 0;
		if ((worst == 0 || worst == 'i' || c == 'v'))
			worst = c;
	}
	return worst;
}

char pg_volatility(struct looking *l, const struct expr *e, struct slice *needs)
{
	char worst = 'i';

	if (!e->facts)
		return slice_empty(e->text) ? 'i' : 0;
	for (size_t i = 0; i < e->facts->functions.n; i++) {
		struct slice name = e->facts->functions.at[i];
		size_t dot = slice_chr(name, '.');
		struct slice bare = dot == SIZE_MAX ? name : slice_from(name, dot + 1);
		bool ours = dot != SIZE_MAX && !slice_starts(name, "pg_catalog.");
		char v = is_value_function(bare) ? 's' : 0;

		if (!v && !ours)
			v = builtin(bare);
		if (!v)
			v = of_extension(bare);
		/* Looked for last: it walks through the whole catalog. */
		if (!v)
			v = user_function(l, bare);
		if (!v) {
			*needs = name;
			return 0;
		}
		if (v == 'v')
			return 'v';
		if (v == 's')
			worst = 's';
	}
	return worst;
}

char postgres_volatility(struct arena *a, const struct catalog *c, const struct session *s,
	const struct expr *e)
{
	struct looking l = {
		.arena = a, .catalog = c, .session = s, .version = catalog_version(c)};
	struct slice needs;

	return pg_volatility(&l, e, &needs);
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
	{CHANGE_DO_BLOCK,           RERUN_UNKNOWN, RERUN_UNKNOWN, UNDO_NONE},
	{CHANGE_CALL,               RERUN_UNKNOWN, RERUN_UNKNOWN, UNDO_NONE},
};
/* clang-format on */

enum { GUARDS = CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE | CHANGE_ON_CONFLICT };

static enum rerun worse_rerun(enum rerun a, enum rerun b)
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
		if (c->flags & CHANGE_CONCURRENTLY)
			return true;
		if (c->kind != CHANGE_REINDEX)
			return false;
		if (c->type == OBJECT_SCHEMA || c->type == OBJECT_DATABASE)
			return true;
		r = pg_relation(l, c->target, c->type);
		if (c->type == OBJECT_INDEX && r.object && r.object->table)
			r = pg_relation_of(l, r.object->table);
		return pg_is_partitioned(&r);
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
		return slice_empty(c->target.name);
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
		if (l->session->in_tx)
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

static void look_at(struct looking *l)
{
	habitual(l);
	transaction_rule(l);
	newer_syntax(l);
	if (!pg_effects_alter(l) && !pg_effects_create(l))
		pg_effects_data(l);
	l->out->rerun = worse_rerun(l->out->rerun, l->rerun);
}

static void look_inside(struct looking *l, const struct change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		l->change = &changes[i];
		look_at(l);
		look_inside(l, changes[i].inner, changes[i].ninner);
	}
}

void postgres_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out)
{
	struct looking l = {.arena = a,
		.catalog = c,
		.session = s,
		.statement = st,
		.out = out,
		.version = catalog_version(c)};

	*out = (struct effect){.certain = true};
	if (st->state != STATEMENT_READ) {
		out->unread = true;
		out->certain = false;
		out->rerun = RERUN_UNKNOWN;
		out->undo = UNDO_NONE;
		return;
	}
	look_inside(&l, st->changes, st->nchanges);
	if (out->outcome == OUTCOME_FAILS)
		out->rerun = RERUN_FAILS;
	if (st->partly_opaque)
		effect_need(a, out, st->opaque_reason);
}
