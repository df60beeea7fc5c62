/* rules_security.c - row level security, definer functions, grants, extensions. */
#include "lint/defined.h"

#include <stdint.h>

/* ---- Row level security ---- */

static bool makes_policy(struct judged *j, const struct change *c, const void *arg)
{
	return is_table(j, c->target, *(const struct name *)arg) &&
	       (c->kind == CHANGE_CREATE_POLICY ||
		       (c->kind == CHANGE_ROW_SECURITY && slice_is(c->value.text, "disable")));
}

static bool has_policy(const struct object *table)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_POLICY)
			return true;
	return false;
}

/* The policy that goes is the last one, and the table goes on asking for one. */
static bool last_policy_goes(struct judged *j, const struct change *c, struct name *n)
{
	const struct object *t;
	size_t policies = 0;

	if (c->kind != CHANGE_DROP_POLICY || (c->flags & CHANGE_INNER) ||
		!existed_before(j, c, OBJECT_TABLE, n, &t) || !t || !t->table_.row_security ||
		table_goes_too(j, *n) || later_change(j, makes_policy, n))
		return false;
	for (size_t i = 0; i < t->nparts; i++)
		policies += t->parts[i]->type == OBJECT_POLICY;
	return policies == 1 && j->effect->ndestroys;
}

static void check_rls(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (last_policy_goes(j, c, &n))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"all rows of %.*s vanish for everybody but its owner: its last "
				"policy goes",
				SLICE(n.name));
		if (c->kind != CHANGE_ROW_SECURITY || !slice_is(c->value.text, "enable") ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) ||
			/* made by this file: nobody has read its rows yet */
			(t && t->span.src && t->span.src == j->statement->span.src) ||
			(t ? t->table_.row_security || has_policy(t) : facts_has_policy(j, n)) ||
			later_change(j, makes_policy, &n))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"all rows of %.*s vanish for everybody but its owner: it has no policy",
			SLICE(n.name))
			->certain = t != NULL;
	}
}

const struct rule rule_rls_no_policy = {
	.id = "rls-no-policy",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DROP),
	.says = "row level security without a policy hides all rows",
	.why = "As long as there is no policy the answer is no: SELECT, UPDATE and DELETE find no "
	       "rows, INSERT fails, without an error that says why. The owner, superusers and "
	       "roles with BYPASSRLS do not notice. A table made in the same file is not meant.",
	.safe = "CREATE POLICY first, for each command that is used; ENABLE ROW LEVEL SECURITY in "
		"the same transaction.",
	.doc = "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
	.setup = "",
	.bad = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
	.good = "BEGIN; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON notes "
		"USING (author = current_user); COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rls,
};

/* ---- Functions with their owner's rights ---- */

static bool sets_path(struct names settings)
{
	for (size_t i = 0; i < settings.n; i++)
		if (slice_istarts(settings.at[i], "search_path"))
			return true;
	return false;
}

static bool sets_path_later(struct judged *j, const struct change *c, const void *arg)
{
	const struct change *create = arg;
	struct slice name = create->target.name;

	(void)j;
	return c->kind == CHANGE_ALTER_FUNCTION && c->span.src &&
	       slice_eq(slice_sub(c->target.name, 0, slice_chr(c->target.name, '(')),
		       slice_sub(name, 0, slice_chr(name, '('))) &&
	       slice_ifind(slice_sub(c->span.src->text, c->span.off, c->span.len),
		       SL("search_path")) != SIZE_MAX;
}

/* ---- Row level security goes ---- */

static bool turns_on(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_ROW_SECURITY && slice_is(c->value.text, "enable") &&
	       is_table(j, c->target, *(const struct name *)arg);
}

static void check_rls_off(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_ROW_SECURITY || !slice_is(c->value.text, "disable") ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) ||
			(t && !t->table_.row_security) || later_change(j, turns_on, &n))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"whoever may read %.*s sees all of its rows from here on", SLICE(n.name))
			->certain = t != NULL;
	}
}

const struct rule rule_rls_disabled = {
	.id = "rls-disabled",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "row level security is turned off: rows that were hidden are shown",
	.why = "The policies stay, but nobody asks them any more: every role with SELECT reads "
	       "every row, of every tenant. Nothing fails, so nobody notices.",
	.safe = "ALTER or CREATE POLICY for what has to be seen; REVOKE from the roles that must "
		"not see it before the policies go.",
	.doc = "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
	.setup = "CREATE TABLE notes (id bigint PRIMARY KEY, owner text); CREATE POLICY own ON "
		 "notes USING (owner = current_user); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
	.bad = "ALTER TABLE notes DISABLE ROW LEVEL SECURITY;",
	.good = "ALTER TABLE notes FORCE ROW LEVEL SECURITY;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rls_off,
};

/* ---- Functions with their owner's rights ---- */

static void check_definer(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_CREATE_FUNCTION && c->def &&
			c->def->function.security_definer &&
			!sets_path(c->def->function.settings) &&
			!later_change(j, sets_path_later, c))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"who calls it chooses what its unqualified names mean, and it runs "
				"with its owner's rights");
	}
}

const struct rule rule_definer_search_path = {
	.id = "definer-search-path",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "SECURITY DEFINER without a search_path of its own",
	.why = "The caller's search_path decides which table or function a name in the body means. "
	       "With one of their own in front, everything it does is done with the owner's "
	       "rights.",
	.safe = "SET search_path = pg_catalog, pg_temp (temporary schema last), and qualified "
		"names.",
	.doc = "https://www.postgresql.org/docs/current/"
	       "sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE FUNCTION count_users() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS "
	       "'SELECT count(*) FROM users';",
	.good = "CREATE FUNCTION count_users() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET "
		"search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM public.users';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_definer,
};

/* ---- Grants ---- */

static const char *too_wide(const struct change *c, const struct judged *j)
{
	struct slice words = j->statement->text;

	for (size_t i = 0; i < c->list.n; i++)
		if (slice_iis(c->list.at[i], "all") || slice_iis(c->list.at[i], "all privileges"))
			return "every privilege, now and in later versions, is granted";
	if (slice_iis(c->value.text, "public"))
		return "everybody who can connect gets it";
	if (slice_ifind(words, SL(" in schema ")) != SIZE_MAX && c->kind == CHANGE_GRANT)
		return "it holds for everything that is in the schema at this moment";
	return NULL;
}

static void check_grant(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const char *why = c->kind == CHANGE_GRANT ? too_wide(c, j) : NULL;

		if (why)
			on_change(j, r, c, shown(j, c->target, SLICE_NONE), "%s", why);
	}
}

const struct rule rule_grant_wide = {
	.id = "grant-wide",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_META),
	.says = "more is granted than is named",
	.why = "ALL includes TRUNCATE, REFERENCES and TRIGGER, PUBLIC is every role there will be, "
	       "and ALL TABLES IN SCHEMA is whatever is there when the migration runs.",
	.safe = "The privileges that are used, by name, to one role.",
	.doc = "https://www.postgresql.org/docs/current/sql-grant.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "GRANT ALL ON users TO shop;",
	.good = "GRANT SELECT, INSERT ON users TO shop;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_grant,
};

/* ---- Extensions ---- */

static void check_extension(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_CREATE_EXTENSION && c->def &&
			slice_empty(c->def->other.version))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"its version is whatever the server has, and not every role may "
				"create it");
		else if (c->kind == CHANGE_ALTER_EXTENSION)
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"the extension's own scripts run here, and not every role may run "
				"them");
	}
}

const struct rule rule_extension = {
	.id = "extension",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "an extension comes with a migration",
	.why = "Its files have to be on the server, only trusted extensions may be created without "
	       "superuser, and without VERSION two servers may end up with different ones.",
	.safe = "A step of operations, with the version written out.",
	.doc = "https://www.postgresql.org/docs/current/sql-createextension.html",
	.setup = "",
	.bad = "CREATE EXTENSION pg_trgm;",
	.good = "CREATE EXTENSION pg_trgm VERSION '1.6';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_extension,
};
