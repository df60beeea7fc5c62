/* rules_transaction.c - locks that a transaction keeps: what is done under them, in which order
 * they are taken, and how long they are waited for. */
#include "lint/internal.h"

#include <stdint.h>

#define LOCKING_DOC "https://www.postgresql.org/docs/current/explicit-locking.html"
#define TIMEOUT_DOC "https://www.postgresql.org/docs/current/runtime-config-client.html"

/* The first ones of a transaction say enough. */
enum { MANY_LOCKS = 64 };

/* ---- work-under-exclusive-lock ---- */

/* Does the statement itself keep writers from that relation? Then its own rule says so. */
static bool locks_itself(const struct effect *e, struct name n)
{
	for (size_t i = 0; i < e->nlocks; i++)
		if (e->locks[i].blocks >= LOCK_WRITES && name_eq(e->locks[i].object, n))
			return true;
	return false;
}

/* Keeps it writers out for its own sake? A foreign key and a trigger do; that of an index goes with
 * the index, built CONCURRENTLY, and its own rule says so. */
static bool keeps_writers_out(const struct session_lock *l)
{
	return l->strength >= LOCK_READS_WRITES ||
	       (l->strength >= LOCK_WRITES && strcmp(l->mode, "SHARE") != 0);
}

/* A table of others that an earlier statement of the transaction closed, and this one does not: the
 * one that is closed most. */
static const struct session_lock *held_elsewhere(const struct judged *j)
{
	const struct session_lock *best = NULL;

	for (size_t i = 0; i < j->session->nlocks && i < MANY_LOCKS; i++) {
		const struct session_lock *l = &j->session->locks[i];

		if (keeps_writers_out(l) && l->type == OBJECT_TABLE &&
			(!best || l->strength > best->strength) &&
			!locks_itself(j->effect, l->object))
			best = l;
	}
	return best;
}

static bool is_new(const struct judged *j, struct name n)
{
	const struct object *o;

	return catalog_find(j->before, j->session, OBJECT_NONE, n, &o) == PRESENT && o->born_tx &&
	       o->born_tx == j->session->tx;
}

static bool reads_old(const struct judged *j, const struct change *c)
{
	for (size_t i = 0; i < c->reads.n; i++) {
		size_t dot = slice_chr(c->reads.at[i], '.');
		struct name n = {SLICE_NONE, c->reads.at[i]};

		if (dot < c->reads.at[i].len)
			n = (struct name){slice_sub(c->reads.at[i], 0, dot),
				slice_from(c->reads.at[i], dot + 1)};
		if (!is_new(j, n))
			return true;
	}
	return false;
}

static struct slice named(struct judged *j, struct slice name, const char *what)
{
	return arena_printf(j->arena, "%.*s %s", SLICE(name), what);
}

/* What it works through of queries and changes of rows, in words; empty when it is over at once. */
static struct slice rows_work(struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		switch ((int)c->kind) {
		case CHANGE_UPDATE:
		case CHANGE_DELETE:
		case CHANGE_MERGE:
			if (existed_before(j, c, OBJECT_NONE, &n, &t) && !where_names_rows(j, c))
				return named(j, c->target.name, "has rows changed");
			break;
		case CHANGE_SELECT:
			if (slice_ifind(j->statement->text, SL("pg_sleep")) != SIZE_MAX)
				return SL("it sleeps");
			if (reads_old(j, c))
				return SL("a query runs");
			break;
		case CHANGE_CREATE_TABLE_AS:
		case CHANGE_CREATE_MATVIEW:
		case CHANGE_REFRESH_MATVIEW:
			if (reads_old(j, c))
				return SL("a query runs");
			break;
		case CHANGE_INSERT:
			if ((c->flags & CHANGE_FROM_SELECT) && reads_old(j, c))
				return named(j, c->target.name, "is filled by a query");
			break;
		}
	}
	return SLICE_NONE;
}

/* The same, with rewrites, builds and scans. */
static struct slice long_work(struct judged *j)
{
	const struct effect *e = j->effect;
	const struct touched *t;

	if ((t = first_existing(e->rewrites, e->nrewrites)))
		return named(j, t->object.name, "is rewritten");
	if ((t = first_existing(e->builds, e->nbuilds)))
		return named(j, t->part.len ? t->part : t->object.name, "is built");
	if ((t = first_existing(e->scans, e->nscans)))
		return named(j, t->object.name, "is read in full");
	return rows_work(j);
}

static void check_work(const struct rule *r, struct judged *j)
{
	const struct session_lock *l;
	struct slice work;
	bool closed;

	if (!j->session->in_tx || !j->session->nlocks || !j->statement->nchanges ||
		j->effect->outcome == OUTCOME_FAILS)
		return;
	l = held_elsewhere(j);
	closed = l && l->strength >= LOCK_READS_WRITES;
	work = !l ? SLICE_NONE : closed ? long_work(j) : rows_work(j);
	if (work.len && first_time(j, r,
				facts_key(&j->facts->script, l->object,
					closed ? SLICE_NONE : SL("writes"))))
		on_change(j, r, j->statement->changes, shown(j, l->object, SLICE_NONE),
			"%s of %.*s wait while %.*s: this transaction holds %s on it",
			closed ? "reads and writes" : "writes", SLICE(l->object.name), SLICE(work),
			l->mode);
}

const struct rule rule_work_under_exclusive_lock = {
	.id = "work-under-exclusive-lock",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "a table stays closed while something long runs elsewhere",
	.why = "A lock is kept to the end of its transaction. An ALTER TABLE that takes a "
	       "millisecond closes its table for as long as whatever comes after it: the scan, the "
	       "build, the query on another table. CREATE TRIGGER, a foreign key, and a new table "
	       "that refers to another one keep that table's writers out in the same way.",
	.safe = "Commit first; the long work in a migration of its own, or before the ALTER TABLE.",
	.doc = LOCKING_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint "
		 "PRIMARY "
		 "KEY, total numeric);",
	.bad = "BEGIN; ALTER TABLE users ADD COLUMN plan text; ALTER TABLE orders ADD CONSTRAINT "
	       "positive CHECK (total >= 0); COMMIT;",
	.good = "ALTER TABLE users ADD COLUMN plan text; ALTER TABLE orders ADD CONSTRAINT "
		"positive "
		"CHECK (total >= 0);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_work,
};

/* ---- several-tables-one-tx ---- */

static const struct session_lock *held_on(const struct judged *j, struct name n)
{
	for (size_t i = 0; i < j->session->nlocks; i++)
		if (name_eq(j->session->locks[i].object, n))
			return &j->session->locks[i];
	return NULL;
}

static void check_several(const struct rule *r, struct judged *j)
{
	const struct session_lock *other;

	if (!j->session->in_tx || !j->session->nlocks || !j->statement->nchanges)
		return;
	other = held_elsewhere(j);
	for (size_t i = 0; other && i < j->effect->nlocks; i++) {
		const struct lock *l = &j->effect->locks[i];

		if (l->new_in_tx || l->blocks != LOCK_READS_WRITES || l->type != OBJECT_TABLE ||
			held_on(j, l->object))
			continue;
		on_change(j, r, j->statement->changes, shown(j, l->object, SLICE_NONE),
			"it waits for %.*s while %.*s is closed already: one long query on either "
			"stops both",
			SLICE(l->object.name), SLICE(other->object.name));
		return;
	}
}

const struct rule rule_several_tables_one_tx = {
	.id = "several-tables-one-tx",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "one transaction closes several tables, one after the other",
	.why = "While it waits for the second table's lock it holds the first one's. All queries "
	       "on "
	       "the first queue up behind a stranger's long query on the second, and an "
	       "application "
	       "that takes the tables the other way round makes a deadlock.",
	.safe = "A migration for each table; or a short lock_timeout and a retry of the whole.",
	.doc = LOCKING_DOC "#LOCKING-DEADLOCKS",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint "
		 "PRIMARY "
		 "KEY);",
	.bad = "BEGIN; ALTER TABLE users ADD COLUMN plan text; ALTER TABLE orders ADD COLUMN note "
	       "text; COMMIT;",
	.good = "BEGIN; ALTER TABLE users ADD COLUMN plan text; ALTER TABLE users ADD COLUMN note "
		"text; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_several,
};

/* ---- lock-upgrade ---- */

static const char *const order[] = {"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE",
	"SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"};

static int rank_of(struct slice mode)
{
	for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
		if (slice_is(mode, order[i]))
			return i;
	return -1;
}

static void check_upgrade(const struct rule *r, struct judged *j)
{
	struct history_facts *f = j->facts;

	for (size_t i = 0; j->session->in_tx && i < j->effect->nlocks; i++) {
		const struct lock *l = &j->effect->locks[i];
		const struct text_entry *e;
		struct slice key;

		if (l->new_in_tx || !l->certain || l->type != OBJECT_TABLE)
			continue;
		key = arena_printf(&f->script, "%llu %.*s.%.*s", j->session->tx,
			SLICE(l->object.schema), SLICE(l->object.name));
		e = text_set_find(&f->first_locks, key);
		if (!e)
			text_set_add(&f->first_locks, &f->script, key, slice_of(l->mode));
		else if (l->blocks >= LOCK_WRITES && j->statement->nchanges &&
			 rank_of(e->value) < rank_of(slice_of(l->mode)) && first_time(j, r, key))
			on_change(j, r, j->statement->changes, shown(j, l->object, SLICE_NONE),
				"this transaction has %.*s on %.*s and asks for %s: whoever has "
				"the first too, and wants more, is in a deadlock with it",
				SLICE(e->value), SLICE(l->object.name), l->mode);
	}
}

const struct rule rule_lock_upgrade = {
	.id = "lock-upgrade",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "a transaction takes a weak lock and later a stronger one on the same table",
	.why = "Others can hold the weak lock at the same time. When two of them ask for a "
	       "stronger "
	       "one, each waits for the other, and the server ends one with a deadlock error.",
	.safe = "The statement with the strongest lock first, or LOCK TABLE in that mode at the "
		"start; or two migrations.",
	.doc = LOCKING_DOC "#LOCKING-DEADLOCKS",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, plan text);",
	.bad = "BEGIN; UPDATE users SET plan = 'free' WHERE plan IS NULL; ALTER TABLE users ALTER "
	       "COLUMN plan SET DEFAULT 'free'; COMMIT;",
	.good = "BEGIN; ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free'; COMMIT; UPDATE "
		"users "
		"SET plan = 'free' WHERE plan IS NULL;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_upgrade,
};

/* ---- lock-order ---- */

static struct slice pair_of(struct arena *a, struct name first, struct name second)
{
	return arena_printf(a, "%.*s.%.*s\n%.*s.%.*s", SLICE(first.schema), SLICE(first.name),
		SLICE(second.schema), SLICE(second.name));
}

static void order_pair(const struct rule *r, struct judged *j, const struct session_lock *first,
	const struct lock *second, struct slice here)
{
	struct history_facts *f = j->facts;
	const struct text_entry *e;
	struct slice pair = pair_of(&f->script, first->object, second->object);

	text_set_add(&f->lock_order, f->arena, pair, here);
	e = text_set_find(&f->lock_order, pair_of(&f->script, second->object, first->object));
	if (e && !slice_eq(e->value, here) && first_time(j, r, pair))
		on_change(j, r, j->statement->changes, shown(j, second->object, SLICE_NONE),
			"%.*s is locked before %.*s here, and after it in %.*s",
			SLICE(first->object.name), SLICE(second->object.name), SLICE(e->value));
}

/* Which migration or, in a lone file, which transaction this is. */
static struct slice place(struct judged *j)
{
	const char *path = j->statement->span.src ? j->statement->span.src->path : "";

	if (j->migration)
		return slice_of(path);
	return arena_printf(&j->facts->script, "%s, transaction %llu", path, j->session->tx);
}

static void check_order(const struct rule *r, struct judged *j)
{
	const struct session *s = j->session;

	if (!s->in_tx || !s->nlocks || !j->statement->nchanges)
		return;
	for (size_t i = 0; i < j->effect->nlocks; i++) {
		const struct lock *l = &j->effect->locks[i];

		if (l->new_in_tx || !l->certain || l->blocks < LOCK_WRITES ||
			l->type != OBJECT_TABLE || held_on(j, l->object))
			continue;
		for (size_t k = 0; k < s->nlocks && k < MANY_LOCKS; k++)
			if (s->locks[k].type == OBJECT_TABLE && s->locks[k].strength >= LOCK_WRITES)
				order_pair(r, j, &s->locks[k], l, place(j));
	}
}

const struct rule rule_lock_order = {
	.id = "lock-order",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.says = "two transactions of the history lock the same tables in opposite order",
	.why = "If both run at the same time, or the application takes the tables like one of "
	       "them, "
	       "each holds what the other waits for. One order for all keeps deadlocks out.",
	.safe = "The same order everywhere, by name if nothing else; or a transaction for each "
		"table.",
	.doc = LOCKING_DOC "#LOCKING-DEADLOCKS",
	.setup = "CREATE TABLE a (id bigint); CREATE TABLE b (id bigint); BEGIN; ALTER TABLE a ADD "
		 "COLUMN x text; ALTER TABLE b ADD COLUMN x text; COMMIT;",
	.bad = "BEGIN; ALTER TABLE b ADD COLUMN y text; ALTER TABLE a ADD COLUMN y text; COMMIT;",
	.good = "BEGIN; ALTER TABLE a ADD COLUMN y text; ALTER TABLE b ADD COLUMN y text; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_order,
};

/* ---- Timeouts ---- */

/* The first statement of the script that keeps others waiting: where a timeout has to be. */
static const struct lock *blocks_others(const struct judged *j)
{
	const struct lock *l;

	if (!j->statement->nchanges || j->effect->outcome == OUTCOME_FAILS)
		return NULL;
	l = strongest_existing(j->effect);
	return l && l->blocks >= LOCK_WRITES ? l : NULL;
}

static void check_no_lock_timeout(const struct rule *r, struct judged *j)
{
	const struct lock *l;

	if (j->session->lock_timeout > 0)
		return;
	l = blocks_others(j);
	if (l && first_time(j, r, SL("")))
		on_change(j, r, j->statement->changes, shown(j, l->object, SLICE_NONE),
			"no lock_timeout: while this waits for %s, all queries on %.*s wait behind "
			"it",
			l->mode, SLICE(l->object.name));
}

const struct rule rule_no_lock_timeout = {
	.id = "no-lock-timeout",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "a lock that blocks traffic is waited for without limit",
	.why = "A statement that waits for its lock blocks everybody who comes after it. Behind "
	       "one "
	       "forgotten transaction an ALTER TABLE of a millisecond stops the table for hours. "
	       "0, "
	       "RESET, and a SET that comes later do not count.",
	.safe = "SET lock_timeout = '3s' before it, and a retry. (Not around CONCURRENTLY, which "
		"blocks nobody. `belay up` sets one by itself.)",
	.doc = TIMEOUT_DOC "#GUC-LOCK-TIMEOUT",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN plan text;",
	.good = "SET lock_timeout = '3s'; ALTER TABLE users ADD COLUMN plan text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_no_lock_timeout,
};

enum { LONG_LOCK_TIMEOUT_MS = 30 * 1000 };

static void check_long_lock_timeout(const struct rule *r, struct judged *j)
{
	const struct lock *l;

	if (j->session->lock_timeout <= LONG_LOCK_TIMEOUT_MS)
		return;
	l = blocks_others(j);
	if (l && first_time(j, r, SL("")))
		on_change(j, r, j->statement->changes, shown(j, l->object, SLICE_NONE),
			"lock_timeout is %lld s: for so long all queries on %.*s may have to wait",
			j->session->lock_timeout / 1000, SLICE(l->object.name));
}

const struct rule rule_lock_timeout_too_long = {
	.id = "lock-timeout-too-long",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "a lock that blocks traffic may be waited for longer than half a minute",
	.why = "While the statement waits, everybody who comes after it waits too: the timeout is "
	       "the length of the outage that is accepted.",
	.safe = "A few seconds, and a retry.",
	.doc = TIMEOUT_DOC "#GUC-LOCK-TIMEOUT",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "SET lock_timeout = '5min'; ALTER TABLE users ADD COLUMN plan text;",
	.good = "SET lock_timeout = '3s'; ALTER TABLE users ADD COLUMN plan text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_long_lock_timeout,
};

static void check_statement_timeout(const struct rule *r, struct judged *j)
{
	const struct lock *l = j->session->statement_timeout > 0 ? NULL : blocks_others(j);

	if (l && first_time(j, r, SL("")))
		on_change(j, r, j->statement->changes, shown(j, l->object, SLICE_NONE),
			"no statement_timeout: it may keep %.*s blocked for as long as it takes",
			SLICE(l->object.name));
}

const struct rule rule_no_statement_timeout = {
	.id = "no-statement-timeout",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "a statement that blocks traffic may run without limit",
	.why = "lock_timeout ends the waiting, not the work. A statement_timeout ends a statement "
	       "that turns out to rewrite or read more than was thought.",
	.safe = "SET statement_timeout = '30s' before it; 0 for a concurrent build.",
	.doc = TIMEOUT_DOC "#GUC-STATEMENT-TIMEOUT",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN plan text;",
	.good = "SET statement_timeout = '30s'; ALTER TABLE users ADD COLUMN plan text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_statement_timeout,
};

static void check_idle_timeout(const struct rule *r, struct judged *j)
{
	const struct lock *l =
		!j->session->in_tx || j->session->idle_timeout > 0 ? NULL : blocks_others(j);

	if (l && first_time(j, r, SL("")))
		on_change(j, r, j->statement->changes, shown(j, l->object, SLICE_NONE),
			"no idle_in_transaction_session_timeout: if the client stops here, %.*s "
			"stays blocked",
			SLICE(l->object.name));
}

const struct rule rule_no_idle_timeout = {
	.id = "no-idle-timeout",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "a transaction that blocks traffic may stay open without doing anything",
	.why = "A runner that hangs, or loses its network without telling the server, keeps its "
	       "transaction and all its locks open.",
	.safe = "SET idle_in_transaction_session_timeout = '10s' before the transaction.",
	.doc = TIMEOUT_DOC "#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "BEGIN; ALTER TABLE users ADD COLUMN plan text; COMMIT;",
	.good = "SET idle_in_transaction_session_timeout = '10s'; BEGIN; ALTER TABLE users ADD "
		"COLUMN plan text; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_idle_timeout,
};
