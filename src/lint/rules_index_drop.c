/* rules_index_drop.c - what is lost with an index, and when a build goes wrong. */
#include "lint/internal.h"

#define INDEX_DOC "https://www.postgresql.org/docs/current/sql-createindex.html"
#define CONCURRENT_DOC INDEX_DOC "#SQL-CREATEINDEX-CONCURRENTLY"

static bool drops_index(const struct change *c)
{
	return c->kind == CHANGE_DROP_INDEX && !(c->flags & CHANGE_INNER);
}

static void check_backing(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *i = drops_index(c) ? dropped_index(j, c) : NULL;

		if (!i || !i->index.constraint.len)
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"it fails: constraint %.*s of %.*s needs this index",
			SLICE(i->index.constraint), SLICE(i->table->name));
	}
}

const struct rule rule_drop_backing_index = {
	.id = "drop-backing-index",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "it fails: the index stands behind a constraint",
	.why = "The index of a primary key, a UNIQUE or an EXCLUDE constraint belongs to the "
	       "constraint; the server refuses to drop it alone.",
	.safe = "ALTER TABLE … DROP CONSTRAINT, if the guarantee may go.",
	.doc = "https://www.postgresql.org/docs/current/sql-dropindex.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE);",
	.bad = "DROP INDEX users_email_key;",
	.good = "ALTER TABLE users DROP CONSTRAINT users_email_key;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_backing,
	.hides = (const char *const[]){"history-replay", "drop-index-not-concurrent",
		"drop-unique-guard", NULL},
};

/* ---- Guards ---- */

struct guard {
	struct name table;
	struct names keys;
	const struct change *self;
};

static bool touches_key(const struct guard *g, struct slice column)
{
	for (size_t i = 0; i < g->keys.n; i++)
		if (slice_ieq(key_plain(g->keys.at[i]), column))
			return true;
	return false;
}

/* A new guard of the table, or its columns go: nobody misses the old guard. */
static bool guard_is_moot(struct judged *j, const struct change *c, const void *arg)
{
	const struct guard *g = arg;

	if (c == g->self || !is_table(j, c->target, g->table))
		return false;
	switch ((int)c->kind) {
	case CHANGE_CREATE_INDEX:
		return c->def && c->def->index.unique;
	case CHANGE_ADD_CONSTRAINT:
	case CHANGE_ADD_CONSTRAINT_INDEX:
		return c->def && (slice_is(c->def->constraint.kind, "unique") ||
					 slice_is(c->def->constraint.kind, "primary key"));
	case CHANGE_DROP_COLUMN:
		return touches_key(g, c->name);
	case CHANGE_DROP_TABLE:
	case CHANGE_RENAME_TABLE:
		return true;
	}
	return false;
}

/* The unique index that a change drops, by itself or with its constraint. */
static const struct object *dropped_guard(struct judged *j, const struct change *c)
{
	const struct object *t, *k, *i = NULL;
	struct name n;

	if (c->flags & CHANGE_INNER)
		return NULL;
	if (c->kind == CHANGE_DROP_INDEX) {
		i = dropped_index(j, c);
		return i && i->index.unique && !i->index.constraint.len ? i : NULL;
	}
	if (c->kind != CHANGE_DROP_CONSTRAINT || !existed_before(j, c, OBJECT_NONE, &n, &t) || !t ||
		catalog_part(j->before, t, OBJECT_CONSTRAINT, c->name, &k) != PRESENT ||
		!slice_is(k->constraint.kind, "unique"))
		return NULL;
	if (catalog_part(j->before, t, OBJECT_INDEX,
		    k->constraint.index.len ? k->constraint.index : k->name, &i) != PRESENT)
		return NULL;
	return i;
}

static bool is_old(const struct judged *j, const struct object *o)
{
	return o->table && !slice_is(o->table->table_.persistence, "temporary") &&
	       !born_here(j, o) && !born_here(j, o->table);
}

bool guard_replaced(
	struct judged *j, const struct change *self, struct name table, struct names keys)
{
	struct guard g = {table, keys, self};

	/* ALTER TABLE t DROP …, ADD … */
	FOR_CHANGES(j, c)
	{
		if (guard_is_moot(j, c, &g))
			return true;
	}
	return later_change(j, guard_is_moot, &g) != NULL;
}

static void check_guard(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *i = dropped_guard(j, c);
		struct name n;

		if (!i || !is_old(j, i) || i->index.invalid ||
			still_unique(i->table, i, i->index.keys))
			continue;
		n = (struct name){i->table->schema, i->table->name};
		if (guard_replaced(j, c, n, i->index.keys))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"nothing keeps duplicates out of %.*s any more, and %s", SLICE(n.name),
			dialect_is_mysql(j->dialect)
				? "INSERT … ON DUPLICATE KEY UPDATE adds a row instead of finding "
				  "one"
				: "ON CONFLICT that names these columns fails");
	}
}

const struct rule rule_drop_unique_guard = {
	.id = "drop-unique-guard",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_DROP) | RULE_CLASS(CLASS_ALTER),
	.says = "nothing keeps duplicates out any more",
	.why = "Duplicates that come in after the unique index or constraint is gone make it "
	       "impossible to create again, and INSERT … ON CONFLICT that relies on it fails.",
	.safe = "Create the guard that replaces it first; drop the old one when no code relies on "
		"it.",
	.doc = "https://www.postgresql.org/docs/current/indexes-unique.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE UNIQUE INDEX "
		 "users_email_idx ON users (email); CREATE INDEX users_email_plain ON users "
		 "(email);",
	.bad = "DROP INDEX CONCURRENTLY users_email_idx;",
	.good = "DROP INDEX CONCURRENTLY users_email_plain;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_guard,
};

/* ---- Replacing ---- */

static bool has_other(const struct object *table, struct names keys, struct slice but)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type == OBJECT_INDEX && !slice_ieq(p->name, but) && !p->index.invalid &&
			slice_empty(p->index.predicate.text) && keys_lead(keys, p->index.keys))
			return true;
	}
	return false;
}

static const struct gone_index *replaced_by(
	struct judged *j, const struct change *c, struct name table, const struct object *t)
{
	const struct index_def *d = &c->def->index;

	for (size_t i = 0; i < j->facts->ngone; i++) {
		const struct gone_index *g = &j->facts->gone[i];

		if (!name_eq(g->table, table) ||
			(g->script == j->facts->scripts && g->statement == j->statement->index) ||
			(g->tx && j->session->in_tx && g->tx == j->session->tx &&
				!dialect_is_mysql(j->dialect)) ||
			!keys_lead(g->def.keys, d->keys) ||
			(g->def.predicate.text.len > 0) != (d->predicate.text.len > 0) ||
			g->def.invalid)
			continue;
		if (t && has_other(t, g->def.keys, c->def->name))
			continue;
		return g;
	}
	return NULL;
}

static void check_gap(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct gone_index *g;
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_CREATE_INDEX || !c->def || !j->facts->ngone ||
			!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		g = replaced_by(j, c, n, t);
		if (g)
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"it replaces %.*s, which was dropped before it: until it is built "
				"no query of %.*s has an index for these columns",
				SLICE(g->name), SLICE(n.name));
	}
}

const struct rule rule_replace_index_gap = {
	.id = "replace-index-gap",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "the old index is dropped before its replacement exists",
	.why = "Between the drop and the end of the build every query that used the old index "
	       "reads "
	       "the whole table; on a busy table that is an outage. A unique one lets duplicates "
	       "in.",
	.safe = "Create the new index first, under another name; drop the old one afterwards; "
		"rename if the name matters.",
	.doc = "https://www.postgresql.org/docs/current/sql-dropindex.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, day date); CREATE "
		 "INDEX orders_customer ON orders (customer);",
	.bad = "DROP INDEX CONCURRENTLY orders_customer; CREATE INDEX CONCURRENTLY "
	       "orders_customer_day ON orders (customer, day);",
	.good = "CREATE INDEX CONCURRENTLY orders_customer_day ON orders (customer, day); DROP "
		"INDEX CONCURRENTLY orders_customer;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_gap,
};

/* ---- Building ---- */

static void check_in_exclusive(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct session_lock *l;
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_CREATE_INDEX ||
			(c->flags & (CHANGE_INNER | CHANGE_CONCURRENTLY)) || !j->session->in_tx ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) ||
			!first_existing(j->effect->builds, j->effect->nbuilds))
			continue;
		l = held_near(j, LOCK_READS_WRITES, n);
		if (!l)
			return;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"reads and writes of %.*s wait until the index is built: this transaction "
			"holds %s on it",
			SLICE(l->object.name), l->mode);
	}
}

const struct rule rule_index_in_exclusive_tx = {
	.id = "index-in-exclusive-tx",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "reads and writes of a table wait until an index is built",
	.why = "An earlier statement of the transaction took ACCESS EXCLUSIVE, and a lock is kept "
	       "to the end. While the index is built not even reads get through.",
	.safe = "CREATE INDEX CONCURRENTLY in a migration of its own, without a transaction.",
	.doc = "https://www.postgresql.org/docs/current/explicit-locking.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
	.bad = "BEGIN; ALTER TABLE orders ADD COLUMN region text; CREATE INDEX orders_region ON "
	       "orders (region); COMMIT;",
	.good = "ALTER TABLE orders ADD COLUMN region text; CREATE INDEX CONCURRENTLY "
		"orders_region ON orders (region);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_in_exclusive,
	.hides = (const char *const[]){"index-not-concurrent", "work-under-exclusive-lock", NULL},
};

/* Shorter ones than these end a build of a table that deserves CONCURRENTLY. */
enum { LOCK_TIMEOUT_MS = 60 * 1000, STATEMENT_TIMEOUT_MS = 30 * 60 * 1000 };

static bool builds_concurrently(const struct change *c)
{
	return (c->flags & CHANGE_CONCURRENTLY) &&
	       (c->kind == CHANGE_CREATE_INDEX || c->kind == CHANGE_REINDEX);
}

static bool too_short(long long ms, long long limit)
{
	return ms > 0 && ms < limit;
}

/* What a cancelled build left was dropped further up: the next run begins anew. */
static bool begins_anew(const struct judged *j, const struct change *c)
{
	struct slice name = c->name.len ? c->name : c->def ? c->def->name : SLICE_NONE;

	return c->kind == CHANGE_CREATE_INDEX && name.len &&
	       text_set_find(&j->facts->dropped, name) != NULL;
}

/* A SET of an earlier migration is still in force only if one session runs both: that is known of
 * two that are new together, and not of any others. */
static bool in_this_session(const struct judge *jg)
{
	const struct unit *from = jg->timeouts_from;
	const struct judge_input *in = jg->in;

	if (!from || from == jg->unit || !from->migration)
		return true;
	return in->is_new && from->src && in->is_new(in->report_ctx, from->src->path) &&
	       in->is_new(in->report_ctx, jg->unit->src->path);
}

static void check_tight_timeout(const struct rule *r, struct judged *j)
{
	bool lock = too_short(j->session->lock_timeout, LOCK_TIMEOUT_MS);
	bool statement = too_short(j->session->statement_timeout, STATEMENT_TIMEOUT_MS);

	if ((!lock && !statement) || !in_this_session(j->judge))
		return;
	FOR_CHANGES(j, c)
	{
		if (!builds_concurrently(c) || j->effect->outcome == OUTCOME_FAILS ||
			(!statement && begins_anew(j, c)))
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"%s is %lld ms here: the build waits for every older transaction, is "
			"cancelled, and leaves an INVALID index",
			lock ? "lock_timeout" : "statement_timeout",
			lock ? j->session->lock_timeout : j->session->statement_timeout);
	}
}

const struct rule rule_concurrent_index_tight_timeout = {
	.id = "concurrent-index-tight-timeout",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_MAINT),
	.says = "a short timeout cancels the concurrent build and leaves an INVALID index",
	.why = "A concurrent build blocks nobody, but it waits for every transaction that is older "
	       "than itself, and those waits count for lock_timeout; the build itself counts for "
	       "statement_timeout. Cancelled, it leaves an index that costs every write and helps "
	       "no query. After a DROP INDEX CONCURRENTLY IF EXISTS of the same name a run after "
	       "that begins anew, so a short lock_timeout is let pass there. The SET of an earlier "
	       "migration counts where both are known to be new (--since).",
	.safe = "SET lock_timeout = 0; SET statement_timeout = 0; for this one statement, short "
		"ones for all others.",
	.doc = CONCURRENT_DOC,
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint); SET lock_timeout = "
		 "'2s';",
	.bad = "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
	.good = "SET lock_timeout = 0; CREATE INDEX CONCURRENTLY orders_customer ON orders "
		"(customer);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_tight_timeout,
};

static void check_corruption(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (builds_concurrently(c) && existed_before(j, c, OBJECT_NONE, &n, &t) &&
			j->effect->outcome != OUTCOME_FAILS)
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"this server builds it wrongly when rows are updated meanwhile: "
				"queries may miss rows");
	}
}

const struct rule rule_index_14_corruption = {
	.id = "index-14-corruption",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_MAINT),
	.since = 140001,
	.until = 140004,
	.says = "PostgreSQL 14 before 14.4 may build a corrupt index concurrently",
	.why = "In 14.0 to 14.3 CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY may leave out "
	       "rows that are updated during the build. (A version given as plain 14 is not "
	       "taken for 14.0.)",
	.safe = "Upgrade to 14.4 or newer first; check old indexes with pg_amcheck "
		"--heapallindexed.",
	.doc = "https://www.postgresql.org/docs/release/14.4/",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
	.bad = "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
	.good = "SELECT 1;",
	.example_dialect = DIALECT_POSTGRES,
	.example_version = "14.2",
	.check = check_corruption,
};
