/* rules_schema.c - what moves away from under running code, and what goes with what is dropped. */
#include "lint/defined.h"

/* ---- Moving ---- */

static void check_rename_schema(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *o;
		struct name n;

		if (c->kind == CHANGE_RENAME_OTHER && c->type == OBJECT_SCHEMA &&
			existed_before(j, c, OBJECT_SCHEMA, &n, &o))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"code that says %.*s, in a name or a search_path, fails from here "
				"on",
				SLICE(c->target.name));
	}
}

const struct rule rule_rename_schema = {
	.id = "rename-schema",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_RENAME),
	.says = "everything in the schema changes its name under running code",
	.why = "Qualified names, search_path settings of roles and functions, and the text of "
	       "function bodies do not follow. An entry of search_path that does not exist is "
	       "skipped without an error: code may then find another table of the same name.",
	.safe = "Keep the schema's name; or create the new one and move the tables one by one, "
		"with a view under each old name.",
	.doc = "https://www.postgresql.org/docs/current/sql-alterschema.html",
	.setup = "CREATE SCHEMA shop;",
	.bad = "ALTER SCHEMA shop RENAME TO store;",
	.good = "CREATE SCHEMA store;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rename_schema,
};

static bool makes_shim(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_CREATE_VIEW && is_table(j, c->target, *(const struct name *)arg);
}

static bool is_used_by_name(const struct change *c, const struct object *o)
{
	enum object_type t = o ? o->type : c->type;

	return t == OBJECT_NONE || t == OBJECT_TABLE || t == OBJECT_VIEW || t == OBJECT_MATVIEW ||
	       t == OBJECT_SEQUENCE || t == OBJECT_FUNCTION || t == OBJECT_TYPE;
}

static void check_set_schema(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *o;
		struct name n;

		if (c->kind != CHANGE_SET_SCHEMA || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, c->type, &n, &o) || !is_used_by_name(c, o) ||
			slice_eq(n.schema, c->other.schema) ||
			(j->session->in_tx && later_change(j, makes_shim, &n)))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"code that looks for %.*s in %.*s fails from here on", SLICE(n.name),
			SLICE(n.schema.len ? n.schema : SL("its old schema")));
	}
}

const struct rule rule_set_schema = {
	.id = "set-schema",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "running code that uses the old place fails",
	.why = "SET SCHEMA is a rename: during a deploy old and new code run side by side, and no "
	       "moment exists at which both are right.",
	.safe = "In one transaction SET SCHEMA and create a view under the old name; drop the view "
		"in a later release.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html",
	.setup = "CREATE SCHEMA archive; CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users SET SCHEMA archive;",
	.good = "BEGIN; ALTER TABLE users SET SCHEMA archive; CREATE VIEW users AS SELECT * FROM "
		"archive.users; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_set_schema,
};

/* ---- Dropping ---- */

static bool drops_table(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_DROP_TABLE && is_table(j, c->target, *(const struct name *)arg);
}

bool table_goes_too(struct judged *j, struct name n)
{
	FOR_CHANGES(j, c)
	{
		if (drops_table(j, c, &n))
			return true;
	}
	return later_change(j, drops_table, &n) != NULL;
}

/* The lock on another table that goes with this foreign key, if anybody will miss that table and
 * it was not closed before. */
static const struct lock *parent_lock(
	struct judged *j, const struct object *t, const struct object *k)
{
	const struct name n = {t->schema, t->name};
	const struct lock *l;

	if (k->type != OBJECT_CONSTRAINT || !slice_is(k->constraint.kind, "foreign key") ||
		name_eq(k->constraint.ref_table, n))
		return NULL;
	l = lock_on(j, k->constraint.ref_table.name, LOCK_READS_WRITES);
	return l && !already_closed(j, l->object) && !table_goes_too(j, l->object) ? l : NULL;
}

struct slice closed_parents(struct judged *j, const struct object *t)
{
	struct names v = {0};

	for (size_t i = 0; i < t->nparts; i++) {
		const struct lock *l = parent_lock(j, t, t->parts[i]);

		if (l && !names_has(v, l->object.name))
			names_add(j->arena, &v, l->object.name);
	}
	return name_list(j, v);
}

static void check_parents(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_DROP_TABLE || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) || !t)
			continue;
		for (size_t i = 0; i < t->nparts; i++) {
			const struct lock *l = parent_lock(j, t, t->parts[i]);

			if (!l)
				continue;
			on_change(j, r, c, shown(j, l->object, SLICE_NONE),
				"reads and writes of %.*s wait until this transaction ends: %.*s "
				"refers to it",
				SLICE(l->object.name), SLICE(n.name));
		}
	}
}

const struct rule rule_drop_table_locks_parents = {
	.id = "drop-table-locks-parents",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "dropping a table locks every table it refers to, for everybody",
	.why = "The triggers of a foreign key stand on both tables. DROP TABLE removes them and "
	       "takes ACCESS EXCLUSIVE on each referenced table: a forgotten table takes the "
	       "busiest one with it.",
	.safe = "Drop each foreign key first, in a transaction of its own with a short "
		"lock_timeout; then the table.",
	.doc = "https://www.postgresql.org/docs/current/sql-droptable.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE notes (id bigint "
		 "PRIMARY KEY, user_id bigint, CONSTRAINT n_user FOREIGN KEY (user_id) REFERENCES "
		 "users);",
	.bad = "DROP TABLE notes;",
	.good = "ALTER TABLE notes DROP CONSTRAINT n_user; DROP TABLE notes;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_parents,
};

static void check_database(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_DROP_DATABASE ||
			(c->kind == CHANGE_DROP_SCHEMA && dialect_is_mysql(j->dialect)))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"the whole database %.*s is gone for good", SLICE(c->target.name));
	}
}

const struct rule rule_drop_database = {
	.id = "drop-database",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "the whole database is gone for good",
	.why = "A migration is the wrong place for it: no transaction brings it back, and one "
	       "wrong connection string is enough.",
	.safe = "By hand, by name, with a backup.",
	.doc = "https://www.postgresql.org/docs/current/sql-dropdatabase.html",
	.setup = "",
	.bad = "DROP DATABASE IF EXISTS shop;",
	.good = "DROP TABLE IF EXISTS shop;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_database,
	.hides = (const char *const[]){"drop-schema", NULL},
};

/* ---- Views and functions that clients call ---- */

static struct slice bare_name(struct slice name)
{
	return slice_sub(name, 0, slice_chr(name, '('));
}

/* Made again further down, as whatever it may be. */
static bool makes_again(struct judged *j, const struct change *c, const void *arg)
{
	const struct change *drop = arg;

	(void)j;
	if (c->kind == CHANGE_RENAME_TABLE || c->kind == CHANGE_RENAME_OTHER)
		return slice_ieq(c->other.name, drop->target.name);
	return (change_class_of(c->kind) == CLASS_CREATE) &&
	       slice_ieq(bare_name(c->target.name), bare_name(drop->target.name));
}

/* Its trigger went first: nobody calls it by name. */
static bool is_trigger_function(struct judged *j, const struct change *c, const struct object *o)
{
	const struct script *s = &j->judge->unit->script;

	if (c->kind != CHANGE_DROP_FUNCTION)
		return false;
	if (o)
		return slice_ieq(o->function.returns, SL("trigger")) ||
		       slice_ieq(o->function.returns, SL("event_trigger"));
	for (size_t i = 0; i < s->n && i < j->statement->index; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (s->at[i].changes[k].kind == CHANGE_DROP_TRIGGER)
				return true;
	return false;
}

static const char *dropped_thing(const struct change *c)
{
	return c->kind == CHANGE_DROP_VIEW       ? "view"
	       : c->kind == CHANGE_DROP_MATVIEW  ? "materialized view"
	       : c->kind == CHANGE_DROP_FUNCTION ? "function"
	       : c->kind == CHANGE_DROP_SEQUENCE ? "sequence"
						 : NULL;
}

/* A sequence of which nobody knows, or that only numbers a column's rows. */
static bool is_numbering(const struct judged *j, const struct change *c, const struct object *o)
{
	const struct script *s = &j->judge->unit->script;

	if (c->kind != CHANGE_DROP_SEQUENCE)
		return false;
	if (!o || o->sequence.owned_by.len)
		return true;
	/* its column has just lost the default */
	for (size_t i = 0; i < s->n && i < j->statement->index; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (s->at[i].changes[k].kind == CHANGE_DROP_DEFAULT ||
				s->at[i].changes[k].kind == CHANGE_DROP_COLUMN ||
				s->at[i].changes[k].kind == CHANGE_DROP_TABLE)
				return true;
	return false;
}

/* One finding for a DROP VIEW, however many names it has. */
static void check_drop_view(const struct rule *r, struct judged *j)
{
	const struct change *first = NULL;
	struct slice object = SLICE_NONE;
	bool certain = false;
	size_t others = 0;

	FOR_CHANGES(j, c)
	{
		const char *thing = dropped_thing(c);
		const struct object *o;
		struct name n;

		if (!thing || (c->flags & CHANGE_INNER) || !existed_before(j, c, c->type, &n, &o) ||
			is_trigger_function(j, c, o) || is_numbering(j, c, o) ||
			later_change(j, makes_again, c))
			continue;
		certain = certain || o;
		if (first) {
			others++;
			continue;
		}
		first = c;
		object = shown(j, n, SLICE_NONE);
	}
	if (!first)
		return;
	on_change(j, r, first, object, "code that uses %s %.*s%s fails from here on",
		dropped_thing(first), SLICE(bare_name(first->target.name)),
		others ? arena_printf(j->arena, " and %zu more", others).at : "")
		->certain = certain;
}

const struct rule rule_drop_view = {
	.id = "drop-view",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "running code that uses the view, function or sequence fails",
	.why = "A view, a function or a sequence of its own is an interface: the code that runs "
	       "during the deploy still uses it. One that the same script makes again, and a "
	       "trigger's function, are not "
	       "meant.",
	.safe = "Release code that does not use it; drop it in a later release.",
	.doc = "https://www.postgresql.org/docs/current/sql-dropview.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE VIEW emails AS "
		 "SELECT email FROM users;",
	.bad = "DROP VIEW emails;",
	.good = "BEGIN; DROP VIEW emails; CREATE VIEW emails AS SELECT id, email FROM users; "
		"COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_view,
};

/* ---- Emptying and making again ---- */

static void check_truncate_cascade(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind == CHANGE_TRUNCATE && (c->flags & CHANGE_CASCADE) &&
			existed_before(j, c, OBJECT_TABLE, &n, &t))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"all rows of %.*s are gone for good, and those of every table that "
				"refers to it, named or not",
				SLICE(n.name));
	}
}

const struct rule rule_truncate_cascade = {
	.id = "truncate-cascade",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "tables that nobody named are emptied too",
	.why = "TRUNCATE … CASCADE follows foreign keys, whatever their ON DELETE says, through as "
	       "many tables as there are, and locks each of them for everybody.",
	.safe = "Name the tables: the server then refuses when one is missing.",
	.doc = "https://www.postgresql.org/docs/current/sql-truncate.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "TRUNCATE users CASCADE;",
	.good = "TRUNCATE users;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_truncate_cascade,
	.hides = (const char *const[]){"truncate", "work-under-exclusive-lock", NULL},
};

static void check_force(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if ((c->kind != CHANGE_CREATE_TABLE && c->kind != CHANGE_CREATE_TABLE_AS) ||
			!(c->flags & CHANGE_OR_REPLACE) || (c->flags & CHANGE_TEMPORARY) ||
			(c->def && slice_is(c->def->table_.persistence, "temporary")) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"if %.*s is there, it is dropped with its rows first", SLICE(n.name))
			->certain = t != NULL;
	}
}

const struct rule rule_create_table_force = {
	.id = "create-table-force",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "CREATE OR REPLACE TABLE drops the table that is there, with its rows",
	.why = "It is DROP TABLE IF EXISTS and CREATE TABLE in one word. Run a second time, it "
	       "empties the table.",
	.safe = "CREATE TABLE, which fails when there is something to lose.",
	.doc = "https://mariadb.com/kb/en/create-table/#create-or-replace",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE OR REPLACE TABLE users (id bigint PRIMARY KEY, email text);",
	.good = "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY);",
	.example_dialect = DIALECT_MARIADB,
	.check = check_force,
};

/* The first column that the statement asks for and the table has not, or has of another type. */
static const struct object *unlike(
	struct judged *j, const struct change *c, const struct object *table)
{
	const struct object *want, *have;

	for (size_t i = 0; (want = next_column(c, &i));)
		if (catalog_part(j->before, table, OBJECT_COLUMN, want->name, &have) == ABSENT ||
			(have && !slice_ieq(bare_type(want->column.type),
					 bare_type(have->column.type))))
			return want;
	return NULL;
}

static void check_noop(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;

		if (c->kind != CHANGE_CREATE_TABLE || !(c->flags & CHANGE_IF_NOT_EXISTS) ||
			catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) != PRESENT)
			continue;
		col = unlike(j, c, t);
		if (col)
			on_change(j, r, c, shown(j, (struct name){t->schema, t->name}, col->name),
				"%.*s is there already: nothing happens, and %.*s is not as "
				"written here",
				SLICE(t->name), SLICE(col->name));
	}
}

const struct rule rule_create_if_not_exists_noop = {
	.id = "create-if-not-exists-noop",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "the table is there already, with another shape: nothing happens",
	.why = "IF NOT EXISTS looks at the name alone. The migration counts as done, the columns "
	       "are missing, and code fails later; a fresh database may look different.",
	.safe = "ALTER TABLE … ADD COLUMN for what is missing.",
	.doc = "https://www.postgresql.org/docs/current/sql-createtable.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);",
	.good = "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_noop,
};
