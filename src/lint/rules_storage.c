/* rules_storage.c - where and how a table's rows are kept, and explicit locks. */
#include "lint/defined.h"

#include <stdint.h>

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"
#define COPIED "the whole table is copied while reads and writes wait"

static void check_copies(const struct rule *r, struct judged *j, enum change_kind kind)
{
	FOR_CHANGES(j, c)
	{
		const struct touched *t;

		if (c->kind != kind ||
			!(t = first_existing(j->effect->rewrites, j->effect->nrewrites)))
			continue;
		add_needs(on_change(j, r, c, shown(j, t->object, SLICE_NONE),
				  "%.*s is copied while reads and writes wait",
				  SLICE(t->object.name)),
			t, j->effect);
	}
}

static void check_tablespace(const struct rule *r, struct judged *j)
{
	const struct lock *l = strongest_existing(j->effect);

	/* Of an index: queries need its lock to make their plans. */
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_SET_TABLESPACE && c->type == OBJECT_INDEX && l)
			on_change(j, r, c, shown(j, l->object, SLICE_NONE),
				"%.*s is copied while reads and writes of its table wait",
				SLICE(l->object.name));
	}
	check_copies(r, j, CHANGE_SET_TABLESPACE);
}

const struct rule rule_set_tablespace = {
	.id = "set-tablespace",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = COPIED,
	.why = "SET TABLESPACE copies the files of the table block by block under ACCESS "
	       "EXCLUSIVE, and needs the space twice. Moving it to where it is already costs "
	       "nothing.",
	.safe = "pg_repack with its --tablespace option; or a maintenance window.",
	.doc = ALTER_DOC,
	.setup = "CREATE TABLE events (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE events SET TABLESPACE slow_disks;",
	.good = "CREATE TABLE old_events (id bigint PRIMARY KEY) TABLESPACE slow_disks;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_tablespace,
};

static void check_access_method(const struct rule *r, struct judged *j)
{
	check_copies(r, j, CHANGE_SET_ACCESS_METHOD);
}

const struct rule rule_set_access_method = {
	.id = "set-access-method",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.since = 150000,
	.says = COPIED,
	.why = "Another access method means other files: each row is written again under ACCESS "
	       "EXCLUSIVE, and all indexes are built again.",
	.safe = "A new table with the access method, filled in batches and swapped in.",
	.doc = ALTER_DOC,
	.setup = "CREATE TABLE events (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE events SET ACCESS METHOD columnar;",
	.good = "CREATE TABLE old_events (id bigint PRIMARY KEY) USING heap;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_access_method,
};

static void check_unlogged(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_CREATE_TABLE && c->def &&
			slice_is(c->def->table_.persistence, "unlogged"))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"%.*s is empty after a crash, and on every replica",
				SLICE(c->target.name));
	}
}

const struct rule rule_unlogged_table = {
	.id = "unlogged-table",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "the table is empty after a crash, and on every replica",
	.why = "What is not in the write-ahead log is not recovered, not replicated and not in a "
	       "base backup.",
	.safe = "A logged table; or UNLOGGED for what can be made again at any time.",
	.doc = "https://www.postgresql.org/docs/current/sql-createtable.html",
	.setup = "",
	.bad = "CREATE UNLOGGED TABLE carts (id bigint PRIMARY KEY);",
	.good = "CREATE TABLE carts (id bigint PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_unlogged,
};

static void check_with_data(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_CREATE_MATVIEW && !(c->flags & CHANGE_WITH_NO_DATA) &&
			!(c->def && c->def->view.no_data))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"its query runs now, inside the migration");
	}
}

const struct rule rule_matview_with_data = {
	.id = "matview-with-data",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "the materialized view's query runs inside the migration",
	.why = "It takes as long as the query does, with all locks of the transaction kept and an "
	       "old snapshot that vacuum has to wait for.",
	.safe = "CREATE MATERIALIZED VIEW … WITH NO DATA; REFRESH after the deploy.",
	.doc = "https://www.postgresql.org/docs/current/sql-creatematerializedview.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
	.bad = "CREATE MATERIALIZED VIEW sums AS SELECT sum(total) AS total FROM orders;",
	.good = "CREATE MATERIALIZED VIEW sums AS SELECT sum(total) AS total FROM orders WITH NO "
		"DATA;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_with_data,
};

/* ---- Explicit locks ---- */

/* LOCK TABLES; a dump locks the tables it has just made. */
static void check_lock_tables(const struct rule *r, struct judged *j, const struct change *c)
{
	bool write = !slice_istarts(c->value.text, "read");
	const struct object *t;
	struct name n;

	if (!existed_before(j, c, OBJECT_TABLE, &n, &t) ||
		(t && t->span.src && t->span.src == j->statement->span.src))
		return;
	on_change(j, r, c, shown(j, n, SLICE_NONE),
		"%s of %.*s wait until UNLOCK TABLES, and behind whatever this waits for itself",
		write ? "reads and writes" : "writes", SLICE(n.name));
}

/* FLUSH TABLES … WITH READ LOCK: without a name it is the whole server. */
static void check_flush(const struct rule *r, struct judged *j, const struct change *c)
{
	if (slice_istarts(j->statement->text, "flush") &&
		slice_ifind(j->statement->text, SL("with read lock")) != SIZE_MAX)
		on_change(j, r, c, SLICE_NONE,
			"writes wait until UNLOCK TABLES, in every table unless some are named, "
			"and behind whatever this waits for itself");
}

static void check_lock(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct lock *l;

		if (c->kind == CHANGE_FLUSH && j->session->lock_timeout <= 0)
			check_flush(r, j, c);
		if (c->kind != CHANGE_LOCK_TABLE || (c->flags & CHANGE_NOWAIT) ||
			j->session->lock_timeout > 0)
			continue;
		if (dialect_is_mysql(j->dialect)) {
			check_lock_tables(r, j, c);
			continue;
		}
		l = lock_on(j, c->target.name, LOCK_WRITES);
		if (!l)
			continue;
		on_change(j, r, c, shown(j, l->object, SLICE_NONE),
			"%s of %.*s wait until this transaction ends, and behind whatever it "
			"waits for itself",
			l->blocks == LOCK_READS_WRITES ? "reads and writes" : "writes",
			SLICE(l->object.name));
	}
}

const struct rule rule_lock_table = {
	.id = "lock-table",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_TX) | RULE_CLASS(CLASS_MAINT),
	.says = "a table is locked, and nothing limits the wait",
	.why = "LOCK TABLE without a mode takes ACCESS EXCLUSIVE. While it waits for a long query, "
	       "everybody else queues behind it. NOWAIT, or a lock_timeout that is in force, and "
	       "modes that block nobody are fine. LOCK TABLES of MySQL and MariaDB waits a day or "
	       "a year.",
	.safe = "SET lock_timeout (lock_wait_timeout) first, or NOWAIT; and the weakest mode that "
		"will do.",
	.doc = "https://www.postgresql.org/docs/current/sql-lock.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "BEGIN; LOCK TABLE users; COMMIT;",
	.good = "SET lock_timeout = '2s'; BEGIN; LOCK TABLE users IN SHARE MODE; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_lock,
};

/* ---- Autovacuum ---- */

static bool says_off(struct names options)
{
	static const char *const off[] = {"false", "off", "0", "no", NULL};

	for (size_t i = 0; i < options.n; i++) {
		size_t eq = slice_chr(options.at[i], '=');

		if (eq != SIZE_MAX &&
			slice_ends(slice_sub(options.at[i], 0, eq), "autovacuum_enabled") &&
			is_one_of(slice_trim(slice_from(options.at[i], eq + 1)), off))
			return true;
	}
	return false;
}

static bool turns_on(struct judged *j, const struct change *c, const void *arg)
{
	return (c->kind == CHANGE_RESET_OPTIONS || c->kind == CHANGE_DROP_TABLE ||
		       (c->kind == CHANGE_SET_OPTIONS && !says_off(c->list))) &&
	       is_table(j, c->target, *(const struct name *)arg);
}

static void check_autovacuum(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (!(c->kind == CHANGE_SET_OPTIONS && says_off(c->list)) &&
			!(c->kind == CHANGE_CREATE_TABLE && c->def &&
				says_off(c->def->table_.options)))
			continue;
		n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
		if (!later_change(j, turns_on, &n))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"nothing cleans %.*s up any more, until somebody remembers",
				SLICE(n.name));
	}
}

const struct rule rule_autovacuum_off = {
	.id = "autovacuum-off",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_CREATE),
	.says = "autovacuum is turned off for a table, and not on again",
	.why = "Dead rows pile up and statistics grow stale; the day comes when the server starts "
	       "an anti-wraparound vacuum of the whole table on its own, at a time it chooses.",
	.safe = "RESET (autovacuum_enabled) at the end of the same migration; or other "
		"thresholds instead.",
	.doc = "https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM",
	.setup = "CREATE TABLE events (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE events SET (autovacuum_enabled = false);",
	.good = "ALTER TABLE events SET (autovacuum_enabled = false); ALTER TABLE events RESET "
		"(autovacuum_enabled);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_autovacuum,
};
