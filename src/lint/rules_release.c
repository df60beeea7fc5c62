/* rules_release.c - what belongs into different releases: expand and contract, deprecation. */
#include "lint/internal.h"

#define DEPLOY_DOC "https://www.postgresql.org/docs/current/ddl-alter.html"

static bool contracts(const struct change *c)
{
	switch ((int)c->kind) {
	case CHANGE_DROP_COLUMN:
	case CHANGE_RENAME_COLUMN:
	case CHANGE_DROP_TABLE:
		return !(c->flags & CHANGE_INNER);
	}
	return false;
}

/* A column that this script added to the table, by an earlier statement or an earlier action. */
static struct slice expanded(
	struct judged *j, const struct change *c, struct name n, const struct object *t)
{
	for (size_t i = 0; i < j->facts->nadded; i++)
		if (name_eq(j->facts->added[i].table, n) &&
			!slice_ieq(j->facts->added[i].column, c->name))
			return j->facts->added[i].column;
	for (size_t i = 0; t && i < j->statement->nchanges; i++)
		if (j->statement->changes[i].kind == CHANGE_ADD_COLUMN)
			return j->statement->changes[i].name;
	return SLICE_NONE;
}

static void check_release(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct slice added;
		struct name n;

		if (!contracts(c) || !existed_before(j, c, OBJECT_TABLE, &n, &t) ||
			(c->kind != CHANGE_DROP_TABLE && is_new_column(j, n, t, c->name)))
			continue;
		added = expanded(j, c, n, t);
		if (added.len)
			on_change(j, r, c, shown(j, n, c->name),
				"%.*s comes and this goes in one migration: no moment is left in "
				"which old and new code both work",
				SLICE(added));
	}
}

const struct rule rule_release_contract = {
	.id = "release-contract",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DROP) | RULE_CLASS(CLASS_RENAME),
	.says = "one migration expands and contracts the same table",
	.why = "Adding is for the release that begins to use the new column, dropping for the one "
	       "after the old code is gone everywhere. In one migration either the old code fails "
	       "during the deploy, or the new code before it.",
	.safe = "Two migrations in two releases; mark the second with -- belay:phase contract.",
	.doc = DEPLOY_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, name text);",
	.bad = "ALTER TABLE users ADD COLUMN full_name text; ALTER TABLE users DROP COLUMN name;",
	.good = "ALTER TABLE users ADD COLUMN full_name text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_release,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The first YYYY-MM-DD in a text, empty if there is none. */
static struct slice date_in(struct slice text)
{
	static const char form[] = "0000-00-00";

	for (size_t i = 0; i + 10 <= text.len; i++) {
		size_t k = 0;

		while (k < 10 &&
			(form[k] == '-' ? text.at[i + k] == '-' : is_digit(text.at[i + k])))
			k++;
		if (k == 10)
			return slice_sub(text, i, 10);
	}
	return SLICE_NONE;
}

static void check_deprecation(const struct rule *r, struct judged *j)
{
	const char *today = j->judge->in->today;

	FOR_CHANGES(j, c)
	{
		const struct object *t, *o;
		struct slice date;
		struct name n;

		if ((c->kind != CHANGE_DROP_COLUMN && c->kind != CHANGE_DROP_TABLE) ||
			(c->flags & CHANGE_INNER) || !existed_before(j, c, OBJECT_TABLE, &n, &t) ||
			!t)
			continue;
		o = t;
		if (c->kind == CHANGE_DROP_COLUMN &&
			(is_new_column(j, n, t, c->name) ||
				catalog_part(j->before, t, OBJECT_COLUMN, c->name, &o) != PRESENT))
			continue;
		date = date_in(o->comment);
		if (!date.len)
			on_change(j, r, c, shown(j, n, c->name),
				"no comment says from which date on it may go");
		else if (today && slice_cmp(date, slice_of(today)) > 0)
			on_change(j, r, c, shown(j, n, c->name),
				"its comment says that it stays until %.*s", SLICE(date));
	}
}

const struct rule rule_drop_before_deprecation = {
	.id = "drop-before-deprecation",
	.tier = TIER_POLICY,
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DROP),
	.says = "something is dropped before its deprecation date, or without one",
	.why = "A project that announces what goes, in a comment with a date on the table or "
	       "column, "
	       "wants to be told when somebody drops without, or too early.",
	.safe = "COMMENT ON COLUMN … IS 'DEPRECATED: remove after 2026-03-01'; the drop in a "
		"migration after that day.",
	.doc = "https://www.postgresql.org/docs/current/sql-comment.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, a text, b text); COMMENT ON COLUMN "
		 "users.b IS 'DEPRECATED: remove after 2020-01-31';",
	.bad = "ALTER TABLE users DROP COLUMN a;",
	.good = "ALTER TABLE users DROP COLUMN b;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_deprecation,
};
