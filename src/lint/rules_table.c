/* rules_table.c - dropping, renaming, rewriting whole tables; enums and views. */
#include "lint/internal.h"

#include <stdint.h>

static bool same_table(struct slice written, struct slice name)
{
	size_t dot = slice_chr(written, '.');

	return slice_ieq(dot == SIZE_MAX ? written : slice_from(written, dot + 1), name);
}

/* Was `now` renamed from `before` in this script? */
static bool renamed_from(const struct script *s, struct slice now, struct slice before)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *c = &s->at[i].changes[k];

			if (c->kind == CHANGE_RENAME_TABLE && slice_ieq(c->other.name, now) &&
				slice_ieq(c->target.name, before))
				return true;
		}
	return false;
}

/* Do rows of `from` go to `to` in this script? */
static bool copied_to(const struct script *s, struct slice from, struct slice to)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *c = &s->at[i].changes[k];

			if ((c->kind != CHANGE_INSERT && c->kind != CHANGE_CREATE_TABLE_AS) ||
				!same_table(to, c->target.name))
				continue;
			for (size_t n = 0; n < c->reads.n; n++)
				if (same_table(c->reads.at[n], from))
					return true;
		}
	return false;
}

/* A rebuild stands together; looking through a whole script for each DROP would take long. */
enum { REBUILD_NEAR = 100 };

/* The rebuild idiom: the rows were copied to another table in this script, and that one takes the
 * name. Nothing is lost by dropping the old copy. */
static bool rebuilt(struct judged *j, struct slice name, bool *copied_out)
{
	const struct script *s = &j->judge->unit->script;
	size_t here = s->n ? j->statement->index - s->at[0].index : 0;
	size_t from = here > REBUILD_NEAR ? here - REBUILD_NEAR : 0;
	bool copied = false, back = false, used = false;

	for (size_t i = from; i < s->n && i <= here + REBUILD_NEAR; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *c = &s->at[i].changes[k];

			for (size_t n = 0; c->kind == CHANGE_UPDATE && n < c->reads.n; n++)
				used = used || (s->at[i].index < j->statement->index &&
						       same_table(c->reads.at[n], name));
			for (size_t n = 0; n < c->reads.n; n++)
				copied = copied || ((c->kind == CHANGE_INSERT ||
							    c->kind == CHANGE_CREATE_TABLE_AS) &&
							   s->at[i].index < j->statement->index &&
							   same_table(c->reads.at[n], name));
			if (c->kind == CHANGE_RENAME_TABLE && s->at[i].index > j->statement->index)
				back = back || slice_ieq(c->other.name, name);
			/* or they come back, from where they were kept meanwhile */
			if (c->kind == CHANGE_INSERT && s->at[i].index > j->statement->index &&
				same_table(c->target.name, name))
				for (size_t n = 0; n < c->reads.n; n++)
					back = back || copied_to(s, name, c->reads.at[n]);
			/* or the old one was renamed away, and a new one made under its name */
			if (c->kind == CHANGE_INSERT && s->at[i].index < j->statement->index)
				for (size_t n = 0; n < c->reads.n; n++)
					back = back ||
					       (same_table(c->reads.at[n], name) &&
						       renamed_from(s, name, c->target.name));
		}
	*copied_out = copied || used;
	return copied && back;
}

/* DROP TABLE IF EXISTS t_old; ALTER TABLE t RENAME TO t_old: what an attempt before may have left
 * goes out of the way. */
static bool makes_name(struct judged *j, const struct change *c, const void *arg)
{
	const struct name *n = arg;

	return ((c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_CREATE_TABLE_AS) &&
		       is_table(j, c->target, *n)) ||
	       (c->kind == CHANGE_RENAME_TABLE && slice_ieq(c->other.name, n->name));
}

/* DROP TABLE t; CREATE TABLE t AS …: a table computed from others, computed anew. */
static bool refills(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_CREATE_TABLE_AS &&
	       is_table(j, c->target, *(const struct name *)arg);
}

static bool clears_leftover(
	struct judged *j, const struct change *c, const struct object *t, struct name n)
{
	return !t && (c->flags & CHANGE_IF_EXISTS) && later_change(j, makes_name, &n);
}

static void check_drop_table(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct slice parents = SLICE_NONE;
		const struct object *t;
		struct name n;
		bool copied;

		if (c->kind != CHANGE_DROP_TABLE || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) ||
			rebuilt(j, n.name, &copied) || clears_leftover(j, c, t, n) ||
			(j->session->in_tx && later_change(j, refills, &n)))
			continue;
		if (j->dialect == DIALECT_POSTGRES && t)
			parents = closed_parents(j, t);
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%.*s and its rows are gone for good%s, and code that still uses it "
			"fails%s%.*s%s",
			SLICE(n.name), copied ? ", but for what was copied above" : "",
			parents.len ? "; reads and writes of " : "", SLICE(parents),
			parents.len ? ", which it refers to, wait until this transaction ends"
				    : "");
	}
}

const struct rule rule_drop_table = {
	.id = "drop-table",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "the table and its rows are gone for good",
	.why = "No down script can bring the rows back.",
	.safe = "Release code that does not use it; rename it away and wait; keep a dump; then "
		"drop it.",
	.doc = "https://www.postgresql.org/docs/current/sql-droptable.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "DROP TABLE users;",
	.good = "CREATE TABLE accounts (id bigint PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_table,
	.hides = (const char *const[]){"drop-table-locks-parents", NULL},
};

static bool makes_view(struct judged *j, const struct change *c, const void *arg)
{
	const struct name *old = arg;

	(void)j;
	return c->kind == CHANGE_CREATE_VIEW && slice_ieq(c->target.name, old->name);
}

/* A view under the old name, made further down in the same transaction, keeps old code alive. */
static bool shimmed(struct judged *j, struct name old)
{
	return later_in_tx(j, makes_view, &old);
}

static bool gives_up(const struct change *c, struct slice name)
{
	return (c->kind == CHANGE_RENAME_TABLE || c->kind == CHANGE_DROP_TABLE) &&
	       slice_ieq(c->target.name, name);
}

/* The other half of a swap or a rebuild: the table takes a name that another one has just given
 * up. That one is what code knew. */
static bool takes_over(struct judged *j, const struct change *rename)
{
	const struct script *s = &j->judge->unit->script;
	size_t here = s->n ? j->statement->index - s->at[0].index : 0;

	for (const struct change *c = j->statement->changes; c < rename; c++)
		if (gives_up(c, rename->other.name))
			return true;
	for (size_t i = here; i > 0 && i + REBUILD_NEAR > here; i--)
		for (size_t k = 0; k < s->at[i - 1].nchanges; k++)
			if (gives_up(&s->at[i - 1].changes[k], rename->other.name))
				return true;
	return false;
}

/* Another table takes the name, before anybody can look or a moment later. */
static bool replaced(struct judged *j, const struct change *rename, struct name old)
{
	for (const struct change *c = rename + 1;
		c < j->statement->changes + j->statement->nchanges; c++)
		if (makes_name(j, c, &old))
			return true;
	return later_change(j, makes_name, &old) != NULL;
}

/* Not a table, but code may say its name: a view, a function that no trigger has. */
static bool is_called(const struct change *c, const struct object *o)
{
	switch ((int)(o ? o->type : c->type)) {
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
		return o;
	case OBJECT_FUNCTION:
		return o && !slice_iis(o->function.returns, "trigger") &&
		       !slice_iis(o->function.returns, "event_trigger");
	}
	return false;
}

static void check_rename_table(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if ((c->kind != CHANGE_RENAME_TABLE && c->kind != CHANGE_RENAME_OTHER) ||
			(c->flags & CHANGE_INNER) || c->type == OBJECT_INDEX ||
			!existed_before(j, c,
				c->kind == CHANGE_RENAME_TABLE ? OBJECT_NONE : c->type, &n, &t) ||
			(t ? t->type != OBJECT_TABLE && !is_called(c, t)
			   : c->kind != CHANGE_RENAME_TABLE) ||
			shimmed(j, n) || replaced(j, c, n) || takes_over(j, c))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"code that runs now still says %.*s, and fails from here on",
			SLICE(slice_sub(n.name, 0, slice_chr(n.name, '('))));
	}
}

const struct rule rule_rename_table = {
	.id = "rename-table",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_RENAME),
	.says = "running code that uses the old name fails",
	.why = "During a deploy old and new code run side by side; no moment exists at which both "
	       "names "
	       "are right.",
	.safe = "In one transaction rename the table and create a view with the old name; drop the "
		"view in "
		"a later release.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users RENAME TO accounts;",
	.good = "BEGIN; ALTER TABLE users RENAME TO accounts; CREATE VIEW users AS SELECT * FROM "
		"accounts; "
		"COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rename_table,
};

static void check_truncate(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_TRUNCATE || !existed_before(j, c, OBJECT_TABLE, &n, &t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE), "all rows of %.*s%s are gone for good",
			SLICE(n.name),
			c->flags & CHANGE_CASCADE ? " and of every table that refers to it" : "");
	}
}

const struct rule rule_truncate_rule = {
	.id = "truncate",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "all rows are gone for good",
	.why = "TRUNCATE takes ACCESS EXCLUSIVE and cannot be undone; with CASCADE it empties "
	       "tables that "
	       "nobody named.",
	.safe = "DELETE in batches with a WHERE, after a copy of what may be needed.",
	.doc = "https://www.postgresql.org/docs/current/sql-truncate.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "TRUNCATE users;",
	.good = "DELETE FROM users WHERE id < 0;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_truncate,
	.hides = hides_work,
};

/* One CASCADE, one finding, however many names stand before it. */
static void check_cascade(const struct rule *r, struct judged *j)
{
	const struct change *first = NULL;
	struct name of = {SLICE_NONE, SLICE_NONE};
	size_t others = 0;

	FOR_CHANGES(j, c)
	{
		const struct object *o;
		struct name n;

		if (!(c->flags & CHANGE_CASCADE) || (c->flags & CHANGE_INNER) ||
			change_class_of(c->kind) != CLASS_DROP || c->kind == CHANGE_DROP_SCHEMA)
			continue;
		/* An extension is mostly made by somebody else than the migrations. */
		if (!existed_before(j, c, c->type, &n, &o) &&
			(c->kind != CHANGE_DROP_EXTENSION || o))
			continue;
		if (!first || c->kind == CHANGE_DROP_COLUMN || c->kind == CHANGE_DROP_CONSTRAINT) {
			first = c;
			of = n;
		} else {
			others++;
		}
	}
	if (!first)
		return;
	on_change(j, r, first, shown(j, of, SLICE_NONE),
		"CASCADE drops whatever depends on %.*s%s, named or not", SLICE(of.name),
		others ? arena_printf(j->arena, " and %zu more", others).at : "");
}

const struct rule rule_drop_cascade = {
	.id = "drop-cascade",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "CASCADE drops whatever depends on it, named or not",
	.why = "Views, foreign keys, defaults and functions that nobody thought of go with it, in "
	       "production more than on a laptop.",
	.safe = "Drop the dependents by name, in their own statements.",
	.doc = "https://www.postgresql.org/docs/current/ddl-depend.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE VIEW v AS SELECT id FROM "
		 "users;",
	.bad = "DROP TABLE users CASCADE;",
	.good = "DROP VIEW v;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_cascade,
};

static void check_drop_schema(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *o;
		struct name n;

		if (c->kind != CHANGE_DROP_SCHEMA || !existed_before(j, c, OBJECT_SCHEMA, &n, &o))
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"everything in %.*s is gone for good", SLICE(c->target.name));
	}
}

const struct rule rule_drop_schema = {
	.id = "drop-schema",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "everything in the schema is gone for good",
	.why = "A migration is the wrong place to lose a whole schema.",
	.safe = "Move or drop its objects by name, with a backup, by hand.",
	.doc = "https://www.postgresql.org/docs/current/sql-dropschema.html",
	.setup = "CREATE SCHEMA old;",
	.bad = "DROP SCHEMA old CASCADE;",
	.good = "CREATE SCHEMA new;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_schema,
	.hides = (const char *const[]){"drop-cascade", NULL},
};

static void check_rewrites(
	const struct rule *r, struct judged *j, enum change_kind kind, bool full_only)
{
	FOR_CHANGES(j, c)
	{
		const struct touched *t = first_existing(j->effect->rewrites, j->effect->nrewrites);

		if (c->kind != kind || (full_only && !(c->flags & CHANGE_FULL)) ||
			(!t && c->target.name.len))
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"%.*s is rewritten while reads and writes wait",
			SLICE(c->target.name.len ? c->target.name : SL("every table")));
	}
}

static void check_vacuum_full(const struct rule *r, struct judged *j)
{
	check_rewrites(r, j, CHANGE_VACUUM, true);
}

const struct rule rule_vacuum_full = {
	.id = "vacuum-full",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_MAINT),
	.says = "the whole table is rewritten while reads and writes wait",
	.why = "VACUUM FULL copies the table under ACCESS EXCLUSIVE; plain VACUUM blocks nobody.",
	.safe = "VACUUM; or pg_repack for a table that must shrink.",
	.doc = "https://www.postgresql.org/docs/current/sql-vacuum.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "VACUUM FULL users;",
	.good = "VACUUM users;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_vacuum_full,
};

static void check_cluster(const struct rule *r, struct judged *j)
{
	check_rewrites(r, j, CHANGE_CLUSTER, false);
}

const struct rule rule_cluster_table = {
	.id = "cluster-table",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_MAINT),
	.says = "the whole table is rewritten while reads and writes wait",
	.why = "CLUSTER copies the table in index order under ACCESS EXCLUSIVE.",
	.safe = "pg_repack, in a quiet hour.",
	.doc = "https://www.postgresql.org/docs/current/sql-cluster.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CLUSTER users USING users_pkey;",
	.good = "ANALYZE users;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_cluster,
};

static void check_logged(const struct rule *r, struct judged *j)
{
	check_rewrites(r, j, CHANGE_SET_LOGGED, false);
	check_rewrites(r, j, CHANGE_SET_UNLOGGED, false);
}

const struct rule rule_set_logged = {
	.id = "set-logged",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the whole table is rewritten while reads and writes wait",
	.why = "SET LOGGED and SET UNLOGGED copy the table under ACCESS EXCLUSIVE; an unlogged "
	       "table is "
	       "empty after a crash.",
	.safe = "Decide when the table is created.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users SET UNLOGGED;",
	.good = "ALTER TABLE users SET LOGGED;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_logged,
};

static void check_refresh(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *o;
		struct name n;

		if (c->kind != CHANGE_REFRESH_MATVIEW || (c->flags & CHANGE_CONCURRENTLY) ||
			!existed_before(j, c, OBJECT_MATVIEW, &n, &o) || (o && o->view.no_data))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"readers of %.*s wait until its query has run", SLICE(n.name));
	}
}

const struct rule rule_refresh_matview = {
	.id = "refresh-matview",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "readers wait until the materialized view's query has run",
	.why = "REFRESH takes ACCESS EXCLUSIVE for as long as the query runs. CONCURRENTLY lets "
	       "readers go "
	       "on; it needs a unique index, and may stand in a transaction.",
	.safe = "REFRESH MATERIALIZED VIEW CONCURRENTLY.",
	.doc = "https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html",
	.setup = "CREATE TABLE t (id bigint); CREATE MATERIALIZED VIEW m AS SELECT id FROM t; "
		 "CREATE UNIQUE INDEX m_id ON m (id);",
	.bad = "REFRESH MATERIALIZED VIEW m;",
	.good = "REFRESH MATERIALIZED VIEW CONCURRENTLY m;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_refresh,
};

static bool says_label(struct slice text, struct slice label)
{
	struct buf b = {0};
	bool found;

	buf_printf(&b, "'%.*s'", SLICE(label));
	found = slice_find(text, buf_slice(&b)) != SIZE_MAX;
	buf_done(&b);
	return found;
}

/* A body that is only kept, or a label of another type. */
static bool only_names_label(const struct statement *st)
{
	const struct change *c = st->changes;

	return st->nchanges == 0 || c->kind == CHANGE_ADD_ENUM_VALUE ||
	       c->kind == CHANGE_CREATE_TYPE || c->kind == CHANGE_COMMENT_ON ||
	       (c->kind == CHANGE_CREATE_FUNCTION &&
		       !(c->def && slice_iis(c->def->function.language, "sql")));
}

/* Does a later statement of the transaction use it? */
static bool uses_value(const struct judged *j, struct slice label)
{
	enum { FAR = 400 };
	const struct script *s = &j->judge->unit->script;
	size_t from = j->statement->index + 1;

	for (size_t i = from; i < s->n && i < from + FAR; i++) {
		const struct statement *st = &s->at[i];

		if (st->nchanges && (st->changes->kind == CHANGE_COMMIT ||
					    st->changes->kind == CHANGE_ROLLBACK))
			return false;
		if (!only_names_label(st) && says_label(st->raw, label))
			return true;
	}
	return false;
}

/* The labels added in the open transaction to types that are older than it. */
static void check_enum(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name name;

		if (c->kind != CHANGE_ADD_ENUM_VALUE || !j->session->in_tx ||
			!existed_before(j, c, OBJECT_TYPE, &name, &t))
			continue;
		if (uses_value(j, c->value.text))
			on_change(j, r, c, shown(j, name, SLICE_NONE),
				"the new value '%.*s' cannot be used before this transaction "
				"commits, and it "
				"is used further down",
				SLICE(c->value.text));
	}
}

const struct rule rule_enum_value_in_tx = {
	.id = "enum-value-in-tx",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a new enum value cannot be used in the transaction that adds it",
	.why = "PostgreSQL 12 and newer allow ADD VALUE in a transaction, but using the value "
	       "before the "
	       "commit fails: unsafe use of new value.",
	.safe = "ADD VALUE in a migration of its own.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertype.html",
	.setup = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id bigint, m mood);",
	.bad = "BEGIN; ALTER TYPE mood ADD VALUE 'happy'; UPDATE t SET m = 'happy' WHERE id = 1; "
	       "COMMIT;",
	.good = "ALTER TYPE mood ADD VALUE 'happy';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_enum,
};

static void check_detach(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_DETACH_PARTITION ||
			(c->flags & (CHANGE_CONCURRENTLY | CHANGE_FINALIZE)) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"reads and writes of %.*s wait, and it queues behind every running query",
			SLICE(n.name));
	}
}

const struct rule rule_detach_not_concurrent = {
	.id = "detach-not-concurrent",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.since = 140000,
	.says = "reads and writes of the partitioned table wait",
	.why = "DETACH PARTITION takes ACCESS EXCLUSIVE on the parent. CONCURRENTLY (14 and newer) "
	       "does not; "
	       "it is refused when a default partition exists, and inside a transaction.",
	.safe = "DETACH PARTITION … CONCURRENTLY, or a short lock_timeout where a default "
		"partition exists.",
	.doc = "https://www.postgresql.org/docs/current/"
	       "sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION",
	.setup = "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day); CREATE TABLE "
		 "e20 "
		 "PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');",
	.bad = "ALTER TABLE events DETACH PARTITION e20;",
	.good = "ALTER TABLE events DETACH PARTITION e20 CONCURRENTLY;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_detach,
};
