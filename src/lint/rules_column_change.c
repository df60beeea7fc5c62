/* rules_column_change.c - types, NULL and defaults of columns that are there already. */
#include "lint/internal.h"

#include <stdint.h>

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"
#define MYSQL_DDL_DOC "https://dev.mysql.com/doc/refman/8.0/en/innodb-online-ddl-operations.html"

/* The column as it is before the statement; NULL when it is not known. */
static const struct object *old_column(
	const struct judged *j, const struct object *t, struct slice name)
{
	const struct object *col;

	return t && catalog_part(j->before, t, OBJECT_COLUMN, name, &col) == PRESENT ? col : NULL;
}

/* A change of that kind to a table that others see. */
static bool changes_old(struct judged *j, const struct change *c, enum change_kind kind,
	struct name *n, const struct object **t)
{
	return c->kind == kind && !(c->flags & CHANGE_INNER) &&
	       existed_before(j, c, OBJECT_NONE, n, t);
}

/* ---- Type changes that keep the table ---- */

static bool check_names(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "check") &&
			(names_has(p->constraint.columns, column) ||
				(p->constraint.expression.facts &&
					names_has(
						p->constraint.expression.facts->columns, column))))
			return true;
	}
	return false;
}

static void check_reindexed(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		const struct touched *b;
		struct name n;

		if (!changes_old(j, c, CHANGE_ALTER_TYPE, &n, &t) || rewrite_of(j, n))
			continue;
		b = first_existing(j->effect->builds, j->effect->nbuilds);
		if (b)
			add_needs(on_change(j, r, c, shown(j, n, c->name),
					  "the table stays, but index %.*s is built anew while "
					  "reads and writes of %.*s wait",
					  SLICE(b->part.len ? b->part : b->object.name),
					  SLICE(n.name)),
				b, j->effect);
	}
}

const struct rule rule_column_type_reindex = {
	.id = "column-type-reindex",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "indexes of the column are built anew while reads and writes wait",
	.why = "Another collation, or citext for text, keeps every row as it is, but sorts "
	       "differently: each index on the column is rebuilt under ACCESS EXCLUSIVE.",
	.safe = "A new column of the new type with its own index, filled in batches; or drop the "
		"index first and build it CONCURRENTLY afterwards, if queries can do without.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text, name text); CREATE INDEX "
		 "users_email ON users (email);",
	.bad = "ALTER TABLE users ALTER COLUMN email TYPE text COLLATE \"C\";",
	.good = "ALTER TABLE users ALTER COLUMN name TYPE text COLLATE \"C\";",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_reindexed,
	.hides = hides_work,
};

static void check_rechecked(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		const struct touched *s;
		struct name n;

		if (!changes_old(j, c, CHANGE_ALTER_TYPE, &n, &t) || rewrite_of(j, n) ||
			!check_names(t, c->name))
			continue;
		s = touched_of(j->effect->scans, j->effect->nscans, n);
		if (s)
			add_needs(on_change(j, r, c, shown(j, n, c->name),
					  "a CHECK names %.*s: %.*s is read in full while reads "
					  "and writes wait",
					  SLICE(c->name), SLICE(n.name)),
				s, j->effect);
	}
}

const struct rule rule_column_type_recheck = {
	.id = "column-type-recheck",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a CHECK on the column makes the server read the whole table",
	.why = "Growing a varchar changes no row. But a CHECK constraint that names the column is "
	       "verified again, against every row, under ACCESS EXCLUSIVE.",
	.safe = "DROP CONSTRAINT; change the type; ADD CONSTRAINT … NOT VALID; VALIDATE CONSTRAINT "
		"in another transaction.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, code varchar(10) CHECK (code <> ''), "
		 "name varchar(10));",
	.bad = "ALTER TABLE users ALTER COLUMN code TYPE varchar(20);",
	.good = "ALTER TABLE users ALTER COLUMN name TYPE varchar(20);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rechecked,
};

/* ---- column-type-narrowing ---- */

static bool breaks_writers(const struct judged *j, struct slice column)
{
	for (size_t i = 0; i < j->effect->nbreaks; i++)
		if (j->effect->breaks[i].who == BREAKS_OLD_WRITERS &&
			!j->effect->breaks[i].certain &&
			slice_ieq(j->effect->breaks[i].part, column))
			return true;
	return false;
}

static bool loses(const struct judged *j, struct slice column)
{
	for (size_t i = 0; i < j->effect->ndestroys; i++)
		if (!j->effect->destroys[i].certain &&
			slice_ieq(j->effect->destroys[i].part, column))
			return true;
	return false;
}

static void check_narrowing(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct name n;
		bool lost;

		if (!changes_old(j, c, CHANGE_ALTER_TYPE, &n, &t) &&
			!changes_old(j, c, CHANGE_MODIFY_COLUMN, &n, &t))
			continue;
		col = old_column(j, t, c->name);
		if (!col || !c->def || !breaks_writers(j, c->name))
			continue;
		lost = loses(j, c->name);
		on_change(j, r, c, shown(j, n, c->name), "%.*s holds less than %.*s: %s",
			SLICE(c->def->column.type), SLICE(col->column.type),
			lost && j->effect->outcome == OUTCOME_MAY_FAIL
				? "values that do not fit make it fail, or are changed silently"
			: lost ? "values are rounded or cut silently"
			       : "one value that does not fit makes it fail");
	}
}

const struct rule rule_column_type_narrowing = {
	.id = "column-type-narrowing",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the new type holds less than the old one",
	.why = "A value that does not fit makes the statement fail after it has worked through the "
	       "table; digits behind the point or of a second are rounded away without a word (and "
	       "outside strict mode MySQL cuts everything). Code that still writes the old range "
	       "fails from then on.",
	.safe = "Look for values that do not fit; a CHECK … NOT VALID with the new limit first, "
		"validated; or a new column.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-SET-DATA-TYPE",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10, 2), note "
		 "varchar(100));",
	.bad = "ALTER TABLE orders ALTER COLUMN total TYPE numeric(10, 0);",
	.good = "ALTER TABLE orders ALTER COLUMN note TYPE varchar(200);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_narrowing,
};

/* ---- NULL ---- */

static bool is_filled(struct judged *j, struct name n, const struct change *c)
{
	const struct added_column *a = facts_added(j->facts, n, c->name);

	/* ALTER COLUMN … TYPE … USING of the same statement writes every row. */
	for (const struct change *e = j->statement->changes; e < c; e++)
		if (e->kind == CHANGE_ALTER_TYPE && e->value.text.len &&
			slice_ieq(e->name, c->name))
			return true;
	return (a && a->has_default) ||
	       text_set_find(&j->facts->filled, facts_key(&j->facts->script, n, c->name)) != NULL;
}

static bool in_primary(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key") &&
			names_has(t->parts[i]->constraint.columns, column))
			return true;
	return false;
}

struct renaming {
	struct name table;
	struct slice to;
};

static bool renames_to(struct judged *j, const struct change *c, const void *arg)
{
	const struct renaming *x = arg;

	return c->kind == CHANGE_RENAME_TABLE && is_table(j, c->target, x->table) &&
	       slice_ieq(c->other.name, x->to);
}

bool later_rename(struct judged *j, struct name table, struct slice to)
{
	struct renaming x = {table, to};

	return later_change(j, renames_to, &x) != NULL;
}

/* Is NULL taken care of by the SELECT? */
static bool mentions_null(struct slice raw)
{
	static const char *const words[] = {"coalesce", "ifnull", "iif", "case", "is not null"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_ifind(raw, slice_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

/* SQLite's way to NOT NULL: a new table, the rows copied over. */
static void check_copy(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *to, *from, *col;
	struct slice select, name = c->reads.n == 1 ? c->reads.at[0] : SLICE_NONE;
	size_t dot = slice_chr(name, '.'), at;
	struct name n;

	if (dot != SIZE_MAX)
		name = slice_from(name, dot + 1);
	at = slice_ifind(j->statement->raw, SL("select"));
	if (!name.len || at == SIZE_MAX || mentions_null(j->statement->raw) ||
		catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &to) != PRESENT ||
		catalog_find(j->before, j->session, OBJECT_TABLE, (struct name){SLICE_NONE, name},
			&from) != PRESENT ||
		!later_rename(j, c->target, name))
		return;
	select = slice_from(j->statement->raw, at + 6);
	n = (struct name){from->schema, from->name};
	for (size_t i = 0; i < to->nparts; i++) {
		const struct object *p = to->parts[i];

		if (p->type != OBJECT_COLUMN || !p->column.not_null ||
			(c->list.n && !names_has(c->list, p->name)) ||
			!(col = old_column(j, from, p->name)) || col->column.not_null ||
			in_primary(from, p->name) ||
			(slice_ifind(select, p->name) == SIZE_MAX &&
				slice_chr(select, '*') == SIZE_MAX) ||
			text_set_find(&j->facts->filled, facts_key(&j->facts->script, n, p->name)))
			continue;
		on_change(j, r, c, shown(j, n, p->name),
			"the copy fails when one row of %.*s has NULL in %.*s, and nothing in the "
			"history has filled it",
			SLICE(n.name), SLICE(p->name));
	}
}

static void check_unproven(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (j->dialect == DIALECT_SQLITE && c->kind == CHANGE_INSERT &&
			(c->flags & CHANGE_FROM_SELECT))
			check_copy(r, j, c);
	}
	if (j->effect->outcome != OUTCOME_MAY_FAIL)
		return;
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct name n;

		if (changes_old(j, c, CHANGE_MODIFY_COLUMN, &n, &t)) {
			col = old_column(j, t, c->name);
			if (!col || col->column.not_null || !c->def || !c->def->column.not_null)
				continue;
		} else if (!changes_old(j, c, CHANGE_SET_NOT_NULL, &n, &t) ||
			   (!t && facts_validated(j, n, c->name))) {
			continue;
		}
		if (!is_filled(j, n, c))
			on_change(j, r, c, shown(j, n, c->name),
				"it fails when one row of %.*s has NULL there, and nothing in the "
				"history has filled %.*s",
				SLICE(n.name), SLICE(c->name));
	}
}

const struct rule rule_set_not_null_unproven = {
	.id = "set-not-null-unproven",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DATA),
	.says = "it fails on the first NULL, and nothing has filled the column before",
	.why = "NOT NULL is checked against every row. No migration of this history has written "
	       "the "
	       "column, so whether NULLs are left is known to nobody. (On PostgreSQL "
	       "set-not-null-scan says so too, with the lock. On SQLite it is the rebuild that "
	       "copies the rows into a table with NOT NULL.)",
	.safe = "Fill the column in batches first, and count what is left.",
	.doc = "https://www.postgresql.org/docs/current/ddl-constraints.html",
	.setup = "CREATE TABLE users (id int PRIMARY KEY, email varchar(50), name varchar(50)); "
		 "UPDATE users SET name = '' WHERE name IS NULL;",
	.bad = "ALTER TABLE users MODIFY email varchar(50) NOT NULL;",
	.good = "ALTER TABLE users MODIFY name varchar(50) NOT NULL;",
	.example_dialect = DIALECT_MARIADB,
	.check = check_unproven,
};

static void check_drop_not_null(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct name n;

		if (changes_old(j, c, CHANGE_MODIFY_COLUMN, &n, &t)) {
			col = old_column(j, t, c->name);
			if (!col || !col->column.not_null || !c->def || c->def->column.not_null)
				continue;
		} else if (!changes_old(j, c, CHANGE_DROP_NOT_NULL, &n, &t)) {
			continue;
		} else {
			col = old_column(j, t, c->name);
			if (col && !col->column.not_null)
				continue;
		}
		on_change(j, r, c, shown(j, n, c->name),
			"code that reads %.*s may meet NULL from here on, and the way back reads "
			"every row",
			SLICE(c->name));
	}
}

const struct rule rule_drop_not_null = {
	.id = "drop-not-null",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "readers may meet NULL where there was none",
	.why = "DROP NOT NULL itself costs nothing. But code that was written when the column was "
	       "never NULL does not expect it, and to go back every NULL has to be filled and "
	       "every "
	       "row read.",
	.safe = "Release code that copes with NULL first.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);",
	.bad = "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;",
	.good = "ALTER TABLE users ALTER COLUMN name DROP NOT NULL;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_not_null,
};

/* ---- Defaults ---- */

struct column_ref {
	struct name table;
	struct slice column;
};

/* The value comes from elsewhere soon, or the column goes. */
static bool default_is_moot(struct judged *j, const struct change *c, const void *arg)
{
	const struct column_ref *x = arg;

	if (!is_table(j, c->target, x->table))
		return false;
	switch ((int)c->kind) {
	case CHANGE_SET_DEFAULT:
	case CHANGE_ADD_IDENTITY:
	case CHANGE_DROP_COLUMN:
	case CHANGE_DROP_NOT_NULL:
	case CHANGE_RENAME_COLUMN:
		return slice_ieq(c->name, x->column);
	case CHANGE_DROP_TABLE:
	case CHANGE_RENAME_TABLE:
	case CHANGE_CREATE_TRIGGER:
		return true;
	}
	return false;
}

/* Has each row to have a value, and did it come by itself? MySQL takes the default NULL away too:
 * it wants a value even where NULL may stand. MariaDB does not. */
static bool is_needed(const struct judged *j, const struct change *c, const struct object *col)
{
	if (c->kind == CHANGE_DROP_IDENTITY)
		return col->column.identity.len;
	if (j->dialect == DIALECT_MYSQL && !col->column.not_null)
		return true;
	return col->column.not_null && col->column.default_value.text.len;
}

static void check_drop_default(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct column_ref x;
		struct name n;

		if (!changes_old(j, c, CHANGE_DROP_DEFAULT, &n, &t) &&
			!changes_old(j, c, CHANGE_DROP_IDENTITY, &n, &t))
			continue;
		col = old_column(j, t, c->name);
		if (!col || !is_needed(j, c, col) || facts_added(j->facts, n, c->name))
			continue;
		x = (struct column_ref){n, c->name};
		if (!here_or_later(j, default_is_moot, &x))
			on_change(j, r, c, shown(j, n, c->name),
				"running code that inserts without %.*s fails: it %s no default "
				"any more",
				SLICE(c->name),
				col->column.not_null || col->column.identity.len
					? "is NOT NULL and has"
					: "has");
	}
}

const struct rule rule_drop_default = {
	.id = "drop-default",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "running code that leaves a required column out can no longer insert",
	.why = "Code that relies on the default runs on during the deploy. Without it a NOT NULL "
	       "column has no value and each such INSERT fails.",
	.safe = "Release code that always names the column; drop the default afterwards.",
	.doc = "https://www.postgresql.org/docs/current/ddl-default.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, plan text NOT NULL DEFAULT 'free', "
		 "note text DEFAULT '');",
	.bad = "ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;",
	.good = "ALTER TABLE users ALTER COLUMN note DROP DEFAULT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_default,
};

static bool updates(struct judged *j, const struct change *c, const void *arg)
{
	const struct column_ref *x = arg;

	return c->kind == CHANGE_UPDATE && is_table(j, c->target, x->table) &&
	       names_has(c->list, x->column);
}

static void check_retroactive(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct column_ref x;
		struct name n;

		if (!changes_old(j, c, CHANGE_SET_DEFAULT, &n, &t) ||
			(c->value.facts && c->value.facts->null) || is_filled(j, n, c))
			continue;
		col = old_column(j, t, c->name);
		x = (struct column_ref){n, c->name};
		if ((col && col->column.not_null) || later_change(j, updates, &x))
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"rows that are there keep what they have; only new ones get the default");
	}
}

const struct rule rule_default_not_retroactive = {
	.id = "default-not-retroactive",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "SET DEFAULT changes no row that is there already",
	.why = "The default is for inserts to come. Rows with NULL keep it, and no migration of "
	       "this history fills them.",
	.safe = "UPDATE the old rows in batches in a later migration, if they need the value.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-SET-DROP-DEFAULT",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, plan text);",
	.bad = "ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free';",
	.good = "ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free'; UPDATE users SET plan = "
		"'free' WHERE plan IS NULL;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_retroactive,
};

static void check_default_orm(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct name n;

		if (!changes_old(j, c, CHANGE_SET_DEFAULT, &n, &t) ||
			!(col = old_column(j, t, c->name)) || !col->column.default_value.text.len ||
			slice_eq(col->column.default_value.text, c->value.text) ||
			facts_added(j->facts, n, c->name))
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"an ORM that read the old default at start goes on inserting %.*s",
			SLICE(col->column.default_value.text));
	}
}

const struct rule rule_default_change_orm = {
	.id = "default-change-orm",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a default changes that running processes may have cached",
	.why = "Some ORMs read column defaults once and write them into each INSERT. Until every "
	       "process is restarted both values come in.",
	.safe = "Two releases: code that does not write the default, then the change; or restart, "
		"and mend the rows in between.",
	.doc = "https://www.postgresql.org/docs/current/ddl-default.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, plan text DEFAULT 'free', note text);",
	.bad = "ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'trial';",
	.good = "ALTER TABLE users ALTER COLUMN note SET DEFAULT '';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_default_orm,
};
