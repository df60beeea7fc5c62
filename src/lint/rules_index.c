/* rules_index.c - building and dropping indexes. */
#include "lint/internal.h"

#include <stdint.h>

#define CREATE_INDEX_DOC "https://www.postgresql.org/docs/current/sql-createindex.html"

/* FULLTEXT and SPATIAL: the only indexes that InnoDB builds while writes wait. */
static void check_mysql_index(const struct rule *r, struct judged *j, const struct change *c)
{
	struct slice method = c->def ? c->def->index.method : SLICE_NONE;
	const char *clause = j->effect->lock_clause;
	const struct object *t;
	struct name n;

	if (c->kind != CHANGE_CREATE_INDEX || !clause || strcmp(clause, "NONE") == 0 ||
		(!slice_iis(method, "fulltext") && !slice_iis(method, "spatial")) ||
		!existed_before(j, c, OBJECT_NONE, &n, &t))
		return;
	on_change(j, r, c, shown(j, n, SLICE_NONE),
		"writes to %.*s wait until the %s index is built", SLICE(n.name),
		slice_iis(method, "spatial") ? "SPATIAL" : "FULLTEXT");
}

static void check_plain_index(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (dialect_is_mysql(j->dialect)) {
			check_mysql_index(r, j, c);
			continue;
		}
		if (c->kind != CHANGE_CREATE_INDEX ||
			(c->flags & (CHANGE_CONCURRENTLY | CHANGE_INNER)) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) ||
			(!t && (c->flags & CHANGE_ONLY)) || /* nobody writes that but of parents */
			!first_existing(j->effect->builds, j->effect->nbuilds))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			t && t->type == OBJECT_TABLE && slice_is(t->table_.kind, "partitioned")
				? "writes to every partition of %.*s wait until its index is built"
				: "writes to %.*s wait until the index is built",
			SLICE(n.name));
	}
}

const struct rule rule_index_not_concurrent = {
	.id = "index-not-concurrent",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER), /* ADD FULLTEXT KEY */
	.says = "writes to the table wait until the index is built",
	.why = "CREATE INDEX takes a SHARE lock on the table: reads go on, but every INSERT, "
	       "UPDATE "
	       "and DELETE waits for the whole build, minutes on a large table.",
	.safe = "CREATE INDEX CONCURRENTLY, outside a transaction; afterwards check that the index "
		"is "
		"valid.",
	.doc = CREATE_INDEX_DOC "#SQL-CREATEINDEX-CONCURRENTLY",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
	.bad = "CREATE INDEX orders_customer_idx ON orders (customer);",
	.good = "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_plain_index,
};

/* An index of nobody knows which table: most have its name in theirs. */
static bool closed_by_name(const struct judged *j, struct slice index)
{
	enum { FIRST_LOCKS = 64, SHORT = 3 };
	const struct session *s = j->session;

	for (size_t i = 0; i < s->nlocks && i < FIRST_LOCKS; i++)
		if (s->locks[i].strength >= LOCK_READS_WRITES && s->locks[i].type == OBJECT_TABLE &&
			s->locks[i].object.name.len >= SHORT &&
			slice_find(index, s->locks[i].object.name) != SIZE_MAX)
			return true;
	return false;
}

static void check_drop_index(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct lock *l = strongest_existing(j->effect);
		const struct object *index;
		struct finding *f;

		if (c->kind != CHANGE_DROP_INDEX ||
			(c->flags & (CHANGE_CONCURRENTLY | CHANGE_INNER)) ||
			j->effect->outcome == OUTCOME_FAILS || !l || l->blocks != LOCK_READS_WRITES)
			continue;
		/* There is no other way on a partitioned table. */
		index = dropped_index(j, c);
		if (index && index->table->type == OBJECT_TABLE &&
			slice_is(index->table->table_.kind, "partitioned"))
			continue;
		if (index ? already_closed(
				    j, (struct name){index->table->schema, index->table->name})
			  : closed_by_name(j, c->target.name))
			continue;
		f = on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"dropping %.*s stops reads and writes of its table for a moment, and "
			"queues "
			"behind every running query",
			SLICE(c->target.name));
		f->certain = l->certain;
	}
}

const struct rule rule_drop_index_not_concurrent = {
	.id = "drop-index-not-concurrent",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "reads and writes of the table wait while the index is dropped",
	.why = "DROP INDEX takes an ACCESS EXCLUSIVE lock on the table. It is short, but it waits "
	       "for "
	       "every running query, and everything that comes after waits behind it.",
	.safe = "DROP INDEX CONCURRENTLY, outside a transaction.",
	.doc = "https://www.postgresql.org/docs/current/sql-dropindex.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint); CREATE INDEX "
		 "orders_customer_idx ON orders (customer);",
	.bad = "DROP INDEX orders_customer_idx;",
	.good = "DROP INDEX CONCURRENTLY orders_customer_idx;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_index,
};

static void check_reindex(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind != CHANGE_REINDEX || (c->flags & CHANGE_CONCURRENTLY))
			continue;
		if (c->type != OBJECT_SCHEMA && c->type != OBJECT_DATABASE &&
			!strongest_existing(j->effect))
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"reads that use the index and all writes wait until it is rebuilt");
	}
}

const struct rule rule_reindex_not_concurrent = {
	.id = "reindex-not-concurrent",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_MAINT),
	.since = 120000,
	.says = "queries wait while the index is rebuilt",
	.why = "REINDEX takes SHARE on the table and ACCESS EXCLUSIVE on every index it rebuilds: "
	       "writes wait, and so do reads, for the planner looks at all indexes of a table.",
	.safe = "REINDEX … CONCURRENTLY (PostgreSQL 12 and newer), outside a transaction.",
	.doc = "https://www.postgresql.org/docs/current/sql-reindex.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY);",
	.bad = "REINDEX TABLE orders;",
	.good = "REINDEX TABLE CONCURRENTLY orders;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_reindex,
	.hides = hides_work,
};

static void check_concurrently_in_tx(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		bool block = j->statement->kind && strcmp(j->statement->kind, "DO") == 0;

		if (!(c->flags & CHANGE_CONCURRENTLY) || (!j->session->in_tx && !block) ||
			j->effect->transaction != TX_FORBIDDEN)
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"it fails: CONCURRENTLY cannot run inside a %s%s",
			block ? "DO block" : "transaction block",
			!block && j->session->runner_tx ? ", and this layout's runner opens one"
							: "");
	}
}

const struct rule rule_concurrently_in_tx = {
	.id = "concurrently-in-tx",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_DROP) | RULE_CLASS(CLASS_ALTER) |
		   RULE_CLASS(CLASS_MAINT),
	.says = "it fails: CONCURRENTLY cannot run inside a transaction block",
	.why = "A concurrent build or drop commits in between, so the server refuses it inside "
	       "BEGIN … "
	       "COMMIT. Most runners wrap a migration in a transaction unless told otherwise.",
	.safe = "Put the statement alone into a migration that runs without a transaction (-- "
		"belay:no-transaction, or your tool's own word for it).",
	.doc = CREATE_INDEX_DOC "#SQL-CREATEINDEX-CONCURRENTLY",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
	.bad = "BEGIN; CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer); COMMIT;",
	.good = "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_concurrently_in_tx,
	.hides = (const char *const[]){"statement-not-in-tx", "history-replay", NULL},
};

static void check_not_in_tx(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (j->effect->transaction != TX_FORBIDDEN || !j->session->in_tx ||
			(c->flags & CHANGE_CONCURRENTLY))
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"it fails: %s cannot run inside a transaction block", j->statement->kind);
	}
}

const struct rule rule_statement_not_in_tx = {
	.id = "statement-not-in-tx",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_SQLITE,
	.says = "it fails: the statement cannot run inside a transaction block",
	.why = "VACUUM, CREATE DATABASE, ALTER SYSTEM and some others refuse to run inside BEGIN … "
	       "COMMIT, which most runners put around a migration.",
	.safe = "A file of its own that runs without a transaction.",
	.doc = "https://www.postgresql.org/docs/current/sql-vacuum.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY);",
	.bad = "BEGIN; VACUUM orders; COMMIT;",
	.good = "VACUUM orders;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_not_in_tx,
	.hides = (const char *const[]){"history-replay", NULL},
};

static void check_concurrent_retry(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind != CHANGE_CREATE_INDEX || !(c->flags & CHANGE_CONCURRENTLY) ||
			!(c->flags & CHANGE_IF_NOT_EXISTS))
			continue;
		/* The leftover was dropped further up. */
		if (text_set_find(&j->facts->dropped, c->name.len ? c->name : c->def->name))
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"after a failed build the INVALID index stays, and IF NOT EXISTS takes it "
			"for done");
	}
}

const struct rule rule_concurrent_index_retry = {
	.id = "concurrent-index-retry",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "a retry after a failed concurrent build keeps the INVALID index and reports "
		"success",
	.why = "A concurrent build that is cancelled or fails leaves an index marked INVALID: it "
	       "costs "
	       "every write and helps no query. IF NOT EXISTS looks at the name only.",
	.safe = "Without IF NOT EXISTS; before a retry DROP INDEX CONCURRENTLY IF EXISTS the "
		"leftover.",
	.doc = CREATE_INDEX_DOC "#SQL-CREATEINDEX-CONCURRENTLY",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
	.bad = "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer_idx ON orders (customer);",
	.good = "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_concurrent_retry,
};

static void check_concurrent_partitioned(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_CREATE_INDEX || !(c->flags & CHANGE_CONCURRENTLY))
			continue;
		existed_before(j, c, OBJECT_NONE, &n, &t);
		if (t && t->type == OBJECT_TABLE && slice_is(t->table_.kind, "partitioned"))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"it fails: an index on a partitioned table cannot be built "
				"concurrently");
	}
}

const struct rule rule_concurrent_index_partitioned = {
	.id = "concurrent-index-partitioned",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "it fails: a partitioned table's index cannot be built concurrently",
	.why = "The server refuses CONCURRENTLY on a partitioned parent; the plain form would "
	       "block "
	       "writes to all partitions at once.",
	.safe = "CREATE INDEX ON ONLY the parent; CREATE INDEX CONCURRENTLY on each partition; "
		"ALTER "
		"INDEX … ATTACH PARTITION for each.",
	.doc = CREATE_INDEX_DOC,
	.setup = "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);",
	.bad = "CREATE INDEX CONCURRENTLY events_day_idx ON events (day);",
	.good = "CREATE INDEX events_day_idx ON ONLY events (day);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_concurrent_partitioned,
	.hides = (const char *const[]){"history-replay", NULL},
};
