/* rules_copy.c - MySQL and MariaDB: tables made anew while writes wait, partitions with their rows,
 * rows that a statement deletes without a word. */
#include "lint/internal.h"

#include <stdint.h>

#define ONLINE_DOC "https://dev.mysql.com/doc/refman/8.0/en/innodb-online-ddl-operations.html"

/* ---- table-copied ---- */

static bool writers_wait(const struct effect *e)
{
	return e->lock_clause && strcmp(e->lock_clause, "NONE") != 0;
}

/* Since 11.2 MariaDB copies a whole table beside running writes; single partitions it does not. */
static bool copies_online(const struct judged *j, const struct change *c)
{
	return j->dialect == DIALECT_MARIADB && j->version >= 110200 &&
	       (slice_istarts(c->value.text, "remove") ||
		       slice_istarts(c->value.text, "partition by"));
}

static const char *how_it_waits(const struct judged *j, const struct change *c)
{
	const struct effect *e = j->effect;

	if (e->outcome == OUTCOME_FAILS)
		return NULL;
	if (c->kind == CHANGE_ALTER_PARTITIONS) {
		bool moves = first_existing(e->rewrites, e->nrewrites) && !copies_online(j, c) &&
			     !slice_istarts(c->value.text, "optimize");

		return moves ? "moves from partition to partition" : NULL;
	}
	if (!writers_wait(e) || (!first_existing(e->rewrites, e->nrewrites) &&
					!first_existing(e->builds, e->nbuilds)))
		return NULL;
	return first_existing(e->rewrites, e->nrewrites) ? "is made anew"
							 : "gets an index that is built";
}

static void check_copied(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const char *how = how_it_waits(j, c);
		const struct object *t;
		struct finding *f;
		struct name n;

		if (!how || (c->flags & CHANGE_INNER) || !existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		f = on_change(j, r, c, shown(j, n, SLICE_NONE), "%.*s %s while writes wait",
			SLICE(n.name), how);
		if (!j->effect->certain) {
			f->certain = false;
			f->needs = j->effect->needs;
		}
		return; /* once, however many actions the statement has */
	}
}

const struct rule rule_table_copied = {
	.id = "table-copied",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_DROP),
	.says = "the table is made anew, or an index is built, while writes wait",
	.why = "Some changes have no way beside running writes: what moves rows between "
	       "partitions, takes partitions away or brings them, changes the engine, orders the "
	       "rows, builds a FULLTEXT or SPATIAL index; and what is instant elsewhere may have "
	       "to be a copy on this table, for its virtual columns, its FULLTEXT index or its "
	       "engine.",
	.safe = "An online schema change tool (gh-ost, pt-online-schema-change); or a window in "
		"which writes may wait.",
	.doc = ONLINE_DOC,
	.setup = "CREATE TABLE visits (id int, y int, KEY (id)) PARTITION BY RANGE (y) (PARTITION "
		 "p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN (2030));",
	.bad = "ALTER TABLE visits REMOVE PARTITIONING;",
	.good = "ALTER TABLE visits ADD PARTITION (PARTITION p2 VALUES LESS THAN (2040));",
	.example_dialect = DIALECT_MARIADB,
	.check = check_copied,
};

/* ---- drop-partition ---- */

static const char *rows_go(const struct judged *j, const struct change *c)
{
	if (!first_existing(j->effect->destroys, j->effect->ndestroys))
		return NULL;
	if (c->kind == CHANGE_SYSTEM_VERSIONING)
		return "the past of its rows is gone for good";
	if (c->kind != CHANGE_ALTER_PARTITIONS)
		return NULL;
	return slice_istarts(c->value.text, "truncate")
		       ? "the rows of these partitions are gone for good"
		       : "these partitions and their rows are gone for good";
}

static void check_partition(const struct rule *r, struct judged *j)
{
	if (j->effect->outcome == OUTCOME_FAILS)
		return;
	FOR_CHANGES(j, c)
	{
		const char *what = rows_go(j, c);
		const struct object *t;
		struct name n;

		if (what && !(c->flags & CHANGE_INNER) && existed_before(j, c, OBJECT_NONE, &n, &t))
			on_change(
				j, r, c, shown(j, n, SLICE_NONE), "%.*s: %s", SLICE(n.name), what);
	}
}

const struct rule rule_drop_partition = {
	.id = "drop-partition",
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the rows of a partition, or a table's past, are gone for good",
	.why = "DROP PARTITION and TRUNCATE PARTITION delete all rows of the partitions at once; "
	       "no transaction brings them back. DROP SYSTEM VERSIONING forgets every row that "
	       "was changed or deleted.",
	.safe = "Keep a dump, or EXCHANGE PARTITION … WITH TABLE first; where old partitions go by "
		"plan, say so (-- belay:allow drop-partition because …).",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/partitioning-management-range-list.html",
	.setup = "CREATE TABLE visits (id int, y int, KEY (id)) PARTITION BY RANGE (y) (PARTITION "
		 "p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN (2030));",
	.bad = "ALTER TABLE visits DROP PARTITION p0;",
	.good = "ALTER TABLE visits ADD PARTITION (PARTITION p2 VALUES LESS THAN (2040));",
	.example_dialect = DIALECT_MARIADB,
	.check = check_partition,
};

/* ---- alter-ignore ---- */

static bool brings_unique(const struct change *c)
{
	if (!c->def)
		return false;
	if (c->kind == CHANGE_CREATE_INDEX)
		return c->def->index.unique;
	return c->kind == CHANGE_ADD_CONSTRAINT &&
	       (slice_is(c->def->constraint.kind, "unique") ||
		       slice_is(c->def->constraint.kind, "primary key"));
}

static void check_ignore(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (!(c->flags & CHANGE_IGNORE) || !brings_unique(c) ||
			j->effect->outcome == OUTCOME_FAILS ||
			!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"of rows of %.*s with the same key all but one are deleted, without a word",
			SLICE(n.name));
	}
}

const struct rule rule_alter_ignore = {
	.id = "alter-ignore",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_CREATE),
	.says = "rows that do not fit the new key are deleted",
	.why = "ALTER IGNORE TABLE copies the table and drops each row that the new unique key "
	       "refuses. Which of several stays is not said.",
	.safe = "Find the duplicates (GROUP BY … HAVING count(*) > 1), decide, delete them by key; "
		"then add the key without IGNORE.",
	.doc = "https://mariadb.com/kb/en/alter-table/#ignore",
	.setup = "CREATE TABLE users (id int PRIMARY KEY, email varchar(190));",
	.bad = "ALTER IGNORE TABLE users ADD UNIQUE KEY users_email (email);",
	.good = "ALTER TABLE users ADD UNIQUE KEY users_email (email);",
	.example_dialect = DIALECT_MARIADB,
	.check = check_ignore,
	.hides = (const char *const[]){"table-copied", NULL},
};

/* ---- replace-cascades ---- */

static bool replaces(const struct change *c)
{
	return c->kind == CHANGE_REPLACE;
}

/* A table whose rows go, or lose what they refer to, when rows of this one are deleted. */
static const struct object *follower(struct judged *j, const struct object *t, const char **how)
{
	const struct object **keys;
	size_t count = catalog_referencing(j->before, t, j->arena, &keys);

	for (size_t i = 0; i < count; i++) {
		struct slice does = keys[i]->constraint.on_delete;

		if (!keys[i]->table || keys[i]->table == t)
			continue;
		*how = slice_iis(does, "cascade")    ? "are deleted"
		       : slice_iis(does, "set null") ? "forget which row they belong to"
						     : NULL;
		if (*how)
			return keys[i]->table;
	}
	return NULL;
}

static void check_replace(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *child;
		const char *how;
		struct name n;

		if (!replaces(c) || (c->flags & CHANGE_INNER) ||
			(j->session->foreign_keys_said && !j->session->foreign_keys) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) || !t ||
			!(child = follower(j, t, &how)))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"a row of %.*s that is there is deleted first: rows of %.*s that refer to "
			"it %s%s",
			SLICE(n.name), SLICE(child->name), how,
			j->dialect == DIALECT_SQLITE && !j->session->foreign_keys
				? " where foreign keys are on"
				: "");
	}
}

const struct rule rule_replace_cascades = {
	.id = "replace-cascades",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB | RULE_SQLITE,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "rows that refer to a replaced one are deleted",
	.why = "REPLACE, and INSERT OR REPLACE, delete a row with the same key and insert the new "
	       "one. For foreign keys that is a DELETE: ON DELETE CASCADE and SET NULL happen, "
	       "though the row is there again a moment later.",
	.safe = "INSERT … ON CONFLICT (…) DO UPDATE; MySQL, MariaDB: INSERT … ON DUPLICATE KEY "
		"UPDATE.",
	.doc = "https://www.sqlite.org/lang_conflict.html",
	.setup = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE orders (id "
		 "INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE);",
	.bad = "INSERT OR REPLACE INTO users (id, name) VALUES (1, 'Ann');",
	.good = "INSERT INTO users (id, name) VALUES (1, 'Ann') ON CONFLICT (id) DO UPDATE SET "
		"name = excluded.name;",
	.example_dialect = DIALECT_SQLITE,
	.check = check_replace,
};
