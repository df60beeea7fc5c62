/* rules_nesting.c - BEGIN, COMMIT and savepoints in a script, and what its runner makes of them. */
#include "lint/internal.h"

#define ALL_TX RULE_CLASS(CLASS_TX)
#define BEGIN_DOC "https://www.postgresql.org/docs/current/sql-begin.html"

static bool ends_tx(const struct change *c)
{
	return c->kind == CHANGE_COMMIT || c->kind == CHANGE_ROLLBACK;
}

/* What is wrong with it here; NULL if nothing is. */
static const char *nested(const struct judged *j, const struct change *c)
{
	const struct session *s = j->session;

	if (c->kind == CHANGE_BEGIN && s->in_tx)
		return s->runner_tx ? "the runner has opened a transaction already: this one is no "
				      "unit of its own"
				    : "a transaction is open already: what was meant to be two is "
				      "one, or is committed here";
	if (!ends_tx(c))
		return NULL;
	if (s->in_tx && s->runner_tx)
		return c->kind == CHANGE_COMMIT
			       ? "it ends the runner's transaction: what follows, and the runner's "
				 "own record of this migration, is outside of it"
			       : "it undoes the runner's transaction: what follows, and the "
				 "runner's own record of this migration, is outside of it";
	return s->in_tx ? NULL : "no transaction is open here";
}

/* COMMIT inside a block is the block's own affair. */
static bool is_block(const struct judged *j)
{
	const char *kind = j->statement->kind;

	return j->statement->nchanges != 1 || (kind && strcmp(kind, "DO") == 0);
}

static void check_nested(const struct rule *r, struct judged *j)
{
	if (is_block(j))
		return;
	FOR_CHANGES(j, c)
	{
		const char *why = c->flags & CHANGE_INNER ? NULL : nested(j, c);

		if (why)
			on_change(j, r, c, SLICE_NONE, "%s", why);
	}
}

const struct rule rule_nested_tx = {
	.id = "nested-tx",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = ALL_TX,
	.says = "BEGIN, COMMIT or ROLLBACK where it does not belong",
	.why = "There is one transaction, not two: PostgreSQL answers an inner BEGIN with a "
	       "warning "
	       "and the first COMMIT ends it all; MySQL and MariaDB commit at the inner BEGIN; "
	       "SQLite refuses it. A COMMIT inside a runner's transaction leaves a half-done "
	       "migration that the runner believes in.",
	.safe = "Remove it; or tell the runner not to open a transaction for this file.",
	.doc = BEGIN_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "BEGIN; INSERT INTO users (id) VALUES (1); BEGIN; INSERT INTO users (id) VALUES "
	       "(2); COMMIT;",
	.good = "BEGIN; INSERT INTO users (id) VALUES (1); COMMIT; BEGIN; INSERT INTO users (id) "
		"VALUES (2); COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_nested,
	.hides = (const char *const[]){"history-replay", NULL},
};

/* Is a transaction of the script's own open behind this statement? */
static bool left_open(const struct judged *j)
{
	bool open = j->session->in_tx && !j->session->runner_tx;

	if (is_block(j))
		return open;
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_BEGIN && !(c->flags & CHANGE_INNER))
			open = !j->session->runner_tx;
		else if (ends_tx(c) && !(c->flags & CHANGE_INNER))
			open = false;
	}
	return open;
}

static void check_unclosed(const struct rule *r, struct judged *j)
{
	const struct script *s = &j->judge->unit->script;

	if (j->statement->index + 1 != s->n || j->statement->state == STATEMENT_SYNTAX ||
		j->effect->transaction == TX_COMMITS || !left_open(j))
		return;
	finding_add(j, r, j->statement->span, SLICE_NONE,
		"the script ends and its transaction is still open: nothing of it is kept");
}

const struct rule rule_unclosed_tx = {
	.id = "unclosed-tx",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.says = "a transaction that is never committed",
	.why = "When the connection closes, everything since BEGIN is undone, and until then all "
	       "its locks are kept. The migration counts as done.",
	.safe = "COMMIT at the end.",
	.doc = "https://www.postgresql.org/docs/current/sql-commit.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "BEGIN; ALTER TABLE users ADD COLUMN email text;",
	.good = "BEGIN; ALTER TABLE users ADD COLUMN email text; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_unclosed,
};

static void check_savepoint(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_SAVEPOINT)
			on_change(j, r, c, SLICE_NONE,
				"what is behind it has a transaction number of its own, and the "
				"locks stay after ROLLBACK TO only if they were there before");
	}
}

const struct rule rule_savepoint = {
	.id = "savepoint",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = ALL_TX,
	.says = "a savepoint in a migration",
	.why = "Each savepoint that writes takes a transaction number; more than 64 of them open "
	       "at "
	       "once slow down every snapshot of the server. A migration that goes on after a part "
	       "of it failed is in a state that nobody has tried.",
	.safe = "Two migrations.",
	.doc = "https://www.postgresql.org/docs/current/subxacts.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "BEGIN; SAVEPOINT a; INSERT INTO users (id) VALUES (1); RELEASE a; COMMIT;",
	.good = "BEGIN; INSERT INTO users (id) VALUES (1); COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_savepoint,
};
