/* rules_rerun.c - what happens to many rows at once, and to a file that is run again. */
#include "lint/internal.h"

#include <stdint.h>

/* ---- unbatched-backfill ---- */

static bool is_batched(const struct statement *st)
{
	for (size_t i = 0; i < st->ndirectives; i++)
		if (slice_iis(st->directives[i].name, "batched"))
			return true;
	return false;
}

/* A body that goes round, and never commits in between. */
static bool loops_in_one_tx(const struct judged *j)
{
	const struct slice text = j->statement->text;

	if (slice_ifind(text, SL("loop")) == SIZE_MAX)
		return false;
	return slice_ifind(text, SL("commit")) == SIZE_MAX || j->session->in_tx;
}

static bool changes_many(const struct judged *j, const struct change *c)
{
	bool all = !(c->flags & CHANGE_HAS_WHERE) || (c->flags & CHANGE_WHERE_TRUE);

	/* All of them: update-no-where says so. */
	return !all && !(c->flags & CHANGE_HAS_LIMIT) && !where_pins(j, c);
}

static bool changes_rows(const struct change *c)
{
	return c->kind == CHANGE_UPDATE || c->kind == CHANGE_DELETE;
}

/* The UPDATE or DELETE of an existing table in a body that goes round in one transaction. */
static void check_loop(const struct rule *r, struct judged *j, const struct change *block)
{
	for (size_t i = 0; i < block->ninner; i++) {
		const struct object *t;
		struct name n;

		if (!changes_rows(&block->inner[i]) ||
			!existed_before(j, &block->inner[i], OBJECT_TABLE, &n, &t))
			continue;
		on_change(j, r, block, shown(j, n, SLICE_NONE),
			"the loop is one transaction: every row of %.*s that it changes stays "
			"locked until the last round",
			SLICE(n.name));
		return;
	}
}

/* MERGE that changes or deletes what it finds, for the rows of another table. */
static bool merges_many(const struct change *c, struct slice text)
{
	size_t at = slice_ifind(text, SL("when matched"));

	return c->kind == CHANGE_MERGE && c->reads.n && at != SIZE_MAX &&
	       (slice_ifind(slice_from(text, at), SL("update")) != SIZE_MAX ||
		       slice_ifind(slice_from(text, at), SL("delete")) != SIZE_MAX);
}

static void check_backfill(const struct rule *r, struct judged *j)
{
	if (is_batched(j->statement))
		return;
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind == CHANGE_DO_BLOCK && loops_in_one_tx(j))
			check_loop(r, j, c);
		if ((!merges_many(c, j->statement->text) &&
			    (!changes_rows(c) || !changes_many(j, c))) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"it may %s most rows of %.*s in one transaction",
			c->kind == CHANGE_DELETE ? "delete" : "change", SLICE(n.name));
	}
}

const struct rule rule_unbatched_backfill = {
	.id = "unbatched-backfill",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "one statement, or one loop, changes as many rows as there are in one transaction",
	.why = "Each changed row stays locked until the transaction ends, vacuum and replicas wait "
	       "for it, "
	       "and a failure near the end undoes it all. A loop in a DO block or a function "
	       "changes "
	       "nothing about that unless it commits: the rounds are one transaction.",
	.safe = "Keyed batches with a commit each (-- belay:batched), or a procedure that commits.",
	.doc = "https://www.postgresql.org/docs/current/plpgsql-transactions.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, status text);",
	.bad = "UPDATE orders SET status = 'pending' WHERE status IS NULL;",
	.good = "UPDATE orders SET status = 'pending' WHERE status IS NULL AND id BETWEEN 1 AND "
		"1000;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_backfill,
};

/* ---- not-rerunnable ---- */

static bool makes_or_drops(const struct change *c)
{
	switch (change_class_of(c->kind)) {
	case CLASS_CREATE:
	case CLASS_DROP:
	case CLASS_RENAME:
		return true;
	case CLASS_ALTER:
		return c->kind == CHANGE_ADD_COLUMN || c->kind == CHANGE_DROP_COLUMN ||
		       c->kind == CHANGE_ADD_CONSTRAINT || c->kind == CHANGE_DROP_CONSTRAINT ||
		       c->kind == CHANGE_ADD_ENUM_VALUE;
	case CLASS_DATA:
	case CLASS_SESSION:
	case CLASS_TX:
	case CLASS_MAINT:
	case CLASS_META:
		break;
	}
	return false;
}

static void check_rerun(const struct rule *r, struct judged *j)
{
	/* One transaction with its record is done, or not done at all. */
	if (j->session->in_tx && j->judge->in->engine->transactional_ddl)
		return;
	if (j->effect->rerun != RERUN_FAILS || j->effect->outcome == OUTCOME_FAILS)
		return;
	FOR_CHANGES(j, c)
	{
		if (!makes_or_drops(c) || (c->flags & (CHANGE_GUARDED | CHANGE_TEMPORARY)))
			continue;
		on_change(j, r, c, SLICE_NONE,
			"it fails when it is run a second time, and nothing here makes both runs "
			"one");
		return;
	}
}

const struct rule rule_not_rerunnable = {
	.id = "not-rerunnable",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_DROP) | RULE_CLASS(CLASS_RENAME) |
		   RULE_CLASS(CLASS_ALTER),
	.says = "outside a transaction, a second run fails here",
	.why = "When what comes after it fails, the file is run again from the top, and stops at "
	       "the first "
	       "thing that is there already. In a transaction with its record that cannot happen, "
	       "and a "
	       "guard only hides that the thing has another shape.",
	.safe = "One transaction around the file; where that cannot be, IF NOT EXISTS or IF EXISTS "
		"(not "
		"with CREATE INDEX CONCURRENTLY: see concurrent-index-retry).",
	.doc = "https://www.postgresql.org/docs/current/tutorial-transactions.html",
	.setup = "CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE orders ADD COLUMN status varchar(50);",
	.good = "ALTER TABLE orders ADD COLUMN IF NOT EXISTS status varchar(50);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rerun,
};
