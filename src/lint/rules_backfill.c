/* rules_backfill.c - the shape of data changes in migrations, and what is to follow them. */
#include "lint/defined.h"

#include <stdint.h>

#define DATA RULE_CLASS(CLASS_DATA)

static bool writes_rows(const struct change *c)
{
	return c->kind == CHANGE_INSERT || c->kind == CHANGE_UPDATE || c->kind == CHANGE_DELETE ||
	       c->kind == CHANGE_MERGE || c->kind == CHANGE_REPLACE || c->kind == CHANGE_COPY_IN ||
	       c->kind == CHANGE_LOAD_DATA;
}

/* Could it touch most of the table? */
static bool is_bulk(const struct change *c)
{
	if (c->kind == CHANGE_UPDATE || c->kind == CHANGE_DELETE)
		return !(c->flags & CHANGE_HAS_WHERE) || (c->flags & CHANGE_WHERE_TRUE);
	return (c->kind == CHANGE_INSERT && (c->flags & CHANGE_FROM_SELECT)) ||
	       c->kind == CHANGE_MERGE || c->kind == CHANGE_COPY_IN;
}

/* ---- Schema and data in one file ---- */

static bool is_ddl(const struct change *c)
{
	enum change_class k = change_class_of(c->kind);

	return k == CLASS_CREATE || k == CLASS_DROP || k == CLASS_ALTER || k == CLASS_RENAME;
}

static bool has_ddl(const struct script *s)
{
	enum { FAR = 400 };

	for (size_t i = 0; i < s->n && i < FAR; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (is_ddl(&s->at[i].changes[k]))
				return true;
	return false;
}

static void check_mixed(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (!writes_rows(c) || !existed_before(j, c, OBJECT_NONE, &n, &t) ||
			!has_ddl(&j->judge->unit->script))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"rows of %.*s change in a migration that changes the schema too",
			SLICE(n.name));
	}
}

const struct rule rule_dml_in_schema_migration = {
	.id = "dml-in-schema-migration",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = DATA,
	.says = "data changes in a schema migration",
	.why = "They take other times, fail for other reasons and are undone in other ways; "
	       "together both wait for the slower one.",
	.safe = "A migration of its own for the rows.",
	.doc = "https://www.postgresql.org/docs/current/dml.html",
	.setup = "",
	.bad = "ALTER TABLE users ADD COLUMN tier text; UPDATE users SET tier = plan WHERE id < "
	       "100;",
	.good = "UPDATE users SET plan = 'free' WHERE id < 100;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_mixed,
};

/* ---- INSERT ---- */

static bool is_random(struct slice text)
{
	return slice_ifind(text, SL("order by rand(")) != SIZE_MAX ||
	       slice_ifind(text, SL("order by random(")) != SIZE_MAX;
}

static void check_insert(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct slice text = j->statement->text;

		if ((c->kind != CHANGE_INSERT && c->kind != CHANGE_REPLACE) ||
			(c->flags & CHANGE_INNER))
			continue;
		if (!c->list.n && slice_ifind(text, SL("default values")) == SIZE_MAX)
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"which value goes where depends on the order of %.*s's columns",
				SLICE(c->target.name));
		else if ((c->flags & CHANGE_FROM_SELECT) && is_random(text))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"it reads and sorts everything to choose by chance, and chooses "
				"other rows on each database");
	}
}

const struct rule rule_insert_shape = {
	.id = "insert-shape",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = DATA,
	.says = "an INSERT that means something else on another database",
	.why = "Without a column list the order of the columns decides, and that differs between a "
	       "database that grew by ALTER TABLE and one that was made at once; a new column "
	       "makes "
	       "the statement fail.",
	.safe = "INSERT INTO table (columns) …",
	.doc = "https://www.postgresql.org/docs/current/sql-insert.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, name text);",
	.bad = "INSERT INTO users VALUES (1, 'a');",
	.good = "INSERT INTO users (id, name) VALUES (1, 'a');",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_insert,
};

/* ---- After a bulk change ---- */

static bool analyzes(struct judged *j, const struct change *c, const void *arg)
{
	if (c->kind == CHANGE_DROP_TABLE)
		return is_table(j, c->target, *(const struct name *)arg);
	return (c->kind == CHANGE_ANALYZE || c->kind == CHANGE_VACUUM) &&
	       (slice_empty(c->target.name) || is_table(j, c->target, *(const struct name *)arg));
}

static void check_analyze(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (!is_bulk(c) || (c->flags & CHANGE_INNER))
			continue;
		n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
		if (!later_change(j, analyzes, &n) && first_time(j, r, n.name))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"the planner goes on with what it knew of %.*s before",
				SLICE(n.name));
	}
}

const struct rule rule_analyze_after_backfill = {
	.id = "analyze-after-backfill",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = DATA,
	.says = "a bulk change without ANALYZE behind it",
	.why = "Until autovacuum comes by, plans are made with the old numbers: a new column "
	       "counts "
	       "as empty, a filled table as small.",
	.safe = "ANALYZE table; at the end of the migration, or after it.",
	.doc = "https://www.postgresql.org/docs/current/populate.html#POPULATE-ANALYZE",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, plan text);",
	.bad = "UPDATE users SET plan = 'free';",
	.good = "UPDATE users SET plan = 'free'; ANALYZE users;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_analyze,
};

static bool is_wide(struct slice type)
{
	static const char *const wide[] = {"text", "jsonb", "json", "bytea", "xml", "hstore", NULL};

	return is_one_of(type, wide) || slice_ends(type, "[]");
}

static void check_bloat(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct name n;

		if (c->kind != CHANGE_UPDATE || !is_bulk(c) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) || !t)
			continue;
		for (size_t i = 0; i < c->list.n; i++)
			if (catalog_part(j->before, t, OBJECT_COLUMN, c->list.at[i], &col) ==
					PRESENT &&
				is_wide(col->column.type)) {
				on_change(j, r, c, shown(j, n, col->name),
					"each old value of %.*s stays on disk beside the new one "
					"until vacuum has been there",
					SLICE(col->name));
				break;
			}
	}
}

const struct rule rule_toast_bloat = {
	.id = "toast-bloat",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = DATA,
	.says = "a mass update of a wide column doubles its space",
	.why = "Long values live in a table beside the table. An UPDATE writes new ones and leaves "
	       "the old for vacuum; the files do not shrink again.",
	.safe = "Keyed batches with a commit each, and a VACUUM between them.",
	.doc = "https://www.postgresql.org/docs/current/storage-toast.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, settings jsonb, n bigint);",
	.bad = "UPDATE users SET settings = '{}';",
	.good = "UPDATE users SET n = 0;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_bloat,
};
