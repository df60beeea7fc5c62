/* rules_column_drop.c - what goes with a column: keys, indexes, views; and sequences left behind.
 */
#include "lint/internal.h"

#include <stdint.h>

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"

static bool drops_column(
	struct judged *j, const struct change *c, struct name *n, const struct object **t)
{
	return c->kind == CHANGE_DROP_COLUMN && !(c->flags & CHANGE_INNER) &&
	       existed_before(j, c, OBJECT_NONE, n, t) && *t;
}

static bool key_has(struct names keys, struct slice column)
{
	for (size_t i = 0; i < keys.n; i++)
		if (slice_ieq(key_plain(keys.at[i]), column))
			return true;
	return false;
}

/* MariaDB refuses; MySQL takes the column out of the key; PostgreSQL drops the whole. */
static const char *fate(const struct judged *j)
{
	return j->dialect == DIALECT_MARIADB ? "MariaDB refuses unless it is dropped first"
	       : j->dialect == DIALECT_MYSQL
		       ? "the key goes on without the column, and rows that differ there alone "
			 "become duplicates"
		       : "the whole key goes with the column, and duplicates may come in";
}

static void check_loses_unique(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		for (size_t i = 0; drops_column(j, c, &n, &t) && i < t->nparts; i++) {
			const struct object *p = t->parts[i];

			if (p->type != OBJECT_INDEX || !p->index.unique || p->index.primary ||
				p->index.keys.n < 2 || !key_has(p->index.keys, c->name) ||
				still_unique(t, p, p->index.keys) ||
				guard_replaced(j, c, n, p->index.keys))
				continue;
			on_change(j, r, c, shown(j, n, p->name), "%.*s is unique over %.*s too: %s",
				SLICE(p->name), SLICE(c->name), fate(j));
		}
	}
}

const struct rule rule_drop_column_loses_unique = {
	.id = "drop-column-loses-unique",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a unique key over several columns goes with one of them",
	.why = "PostgreSQL drops the whole constraint or index without a word, and nothing keeps "
	       "duplicates out any more. MySQL goes on with the other columns alone, MariaDB "
	       "refuses.",
	.safe = "Create the guard that is to hold from now on, then drop the column.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-DROP-COLUMN",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, realm text, name text, note text, "
		 "UNIQUE (realm, name));",
	.bad = "ALTER TABLE users DROP COLUMN realm;",
	.good = "ALTER TABLE users DROP COLUMN note;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_loses_unique,
};

static void check_loses_pk(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		for (size_t i = 0; drops_column(j, c, &n, &t) && i < t->nparts; i++) {
			const struct object *p = t->parts[i];

			if (p->type == OBJECT_CONSTRAINT &&
				slice_is(p->constraint.kind, "primary key") &&
				key_has(p->constraint.columns, c->name) &&
				!guard_replaced(j, c, n, p->constraint.columns))
				on_change(j, r, c, shown(j, n, p->name),
					"%.*s is in the primary key of %.*s: %s", SLICE(c->name),
					SLICE(n.name), fate(j));
		}
	}
}

const struct rule rule_drop_column_loses_pk = {
	.id = "drop-column-loses-pk",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the primary key goes with the column",
	.why = "Without a primary key logical replication refuses updates and deletes, ORMs cannot "
	       "find the row they loaded, and ON CONFLICT has nothing to name.",
	.safe = "Make and fill the new key first; change over to it; then drop the column.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-DROP-COLUMN",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, name text);",
	.bad = "ALTER TABLE users DROP COLUMN id;",
	.good = "ALTER TABLE users DROP COLUMN name;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_loses_pk,
};

static const struct lock *lock_of(const struct effect *e, struct slice table)
{
	for (size_t i = 0; i < e->nlocks; i++)
		if (!e->locks[i].new_in_tx && slice_eq(e->locks[i].object.name, table) &&
			e->locks[i].blocks == LOCK_READS_WRITES)
			return &e->locks[i];
	return NULL;
}

static void check_loses_fk(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		for (size_t i = 0; drops_column(j, c, &n, &t) && i < t->nparts; i++) {
			const struct object *p = t->parts[i];
			struct slice other = p->constraint.ref_table.name;
			const struct lock *l;

			if (p->type != OBJECT_CONSTRAINT ||
				!slice_is(p->constraint.kind, "foreign key") ||
				!names_has(p->constraint.columns, c->name) ||
				slice_eq(other, n.name) || !(l = lock_of(j->effect, other)) ||
				already_closed(j, l->object) || table_goes_too(j, l->object))
				continue;
			on_change(j, r, c, shown(j, n, p->name),
				"reads and writes of %.*s wait too: its foreign key goes with %.*s",
				SLICE(other), SLICE(c->name));
		}
	}
}

const struct rule rule_drop_column_loses_fk = {
	.id = "drop-column-loses-fk",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "reads and writes of the referenced table wait too",
	.why = "The foreign key of the column is dropped with it, and that takes ACCESS EXCLUSIVE "
	       "on "
	       "the referenced table as well: a small clean-up stops a busy table.",
	.safe = "DROP CONSTRAINT first, in a transaction of its own with a short lock_timeout.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-DROP-COLUMN",
	.setup = "CREATE TABLE regions (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint "
		 "PRIMARY KEY, region_id bigint REFERENCES regions (id), note text);",
	.bad = "ALTER TABLE orders DROP COLUMN region_id;",
	.good = "ALTER TABLE orders DROP COLUMN note;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_loses_fk,
};

static void check_index_first(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		for (size_t i = 0; drops_column(j, c, &n, &t) && i < t->nparts; i++) {
			const struct object *p = t->parts[i];

			if (p->type != OBJECT_INDEX || p->index.constraint.len ||
				!(names_has(p->index.columns, c->name) ||
					key_has(p->index.keys, c->name) ||
					names_has(p->index.include, c->name)))
				continue;
			on_change(j, r, c, shown(j, n, p->name),
				"index %.*s goes with %.*s, under the same lock: queries on its "
				"other columns lose it",
				SLICE(p->name), SLICE(c->name));
		}
	}
}

const struct rule rule_drop_column_index_first = {
	.id = "drop-column-index-first",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "indexes that use the column go with it",
	.why = "An index goes when a key, an INCLUDE column or its WHERE names the dropped column, "
	       "also if other queries live on it; and its lock is held together with the table's. "
	       "(MySQL takes the column out of the index instead.)",
	.safe = "DROP INDEX CONCURRENTLY first, and a new index for what still needs one.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-DROP-COLUMN",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, region text, note "
		 "text); CREATE INDEX orders_region ON orders (customer, region);",
	.bad = "ALTER TABLE orders DROP COLUMN region;",
	.good = "ALTER TABLE orders DROP COLUMN note;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_index_first,
};

/* ---- dependent-objects ---- */

static bool may_have_dependents(const struct change *c)
{
	switch ((int)c->kind) {
	case CHANGE_DROP_COLUMN:
	case CHANGE_RENAME_COLUMN:
	case CHANGE_ALTER_TYPE:
	case CHANGE_MODIFY_COLUMN:
	case CHANGE_DROP_TABLE:
	case CHANGE_RENAME_TABLE:
	case CHANGE_DROP_VIEW:
	case CHANGE_DROP_MATVIEW:
		return !(c->flags & CHANGE_INNER);
	}
	return false;
}

/* MySQL and MariaDB let the statement through and leave the view broken. */
static bool leaves_broken(const struct judged *j, const struct change *c)
{
	return dialect_is_mysql(j->dialect) && c->kind != CHANGE_ALTER_TYPE &&
	       (c->kind != CHANGE_MODIFY_COLUMN ||
		       (c->other.name.len && !slice_ieq(c->other.name, c->name)));
}

/* The view is dropped by the same statement, or made anew further down. */
static bool view_is_mended(struct judged *j, const struct change *c, const void *arg)
{
	const struct object *v = arg;

	return (c->kind == CHANGE_DROP_VIEW || c->kind == CHANGE_CREATE_VIEW ||
		       c->kind == CHANGE_DROP_MATVIEW) &&
	       is_table(j, c->target, (struct name){v->schema, v->name});
}

static bool mended(struct judged *j, const struct object *view)
{
	FOR_CHANGES(j, c)
	{
		if (view_is_mended(j, c, view))
			return true;
	}
	return later_change(j, view_is_mended, view) != NULL;
}

static void check_dependents(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, **views;
		struct name n;
		bool fails = j->effect->outcome == OUTCOME_FAILS && !dialect_is_mysql(j->dialect);
		bool cascades =
			(c->flags & CHANGE_CASCADE) && c->kind == CHANGE_DROP_COLUMN && !fails;

		if (!may_have_dependents(c) || (!fails && !cascades && !leaves_broken(j, c)) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) || !t ||
			(fails && (c->kind == CHANGE_RENAME_COLUMN ||
					  c->kind == CHANGE_RENAME_TABLE)) ||
			!catalog_dependents(j->before, t,
				c->kind == CHANGE_DROP_TABLE || c->kind == CHANGE_RENAME_TABLE
					? SLICE_NONE
					: c->name,
				j->arena, &views))
			continue;
		if (!fails && mended(j, views[0]))
			continue;
		on_change(j, r, c, shown(j, n, c->name), "%s %.*s uses it: %s",
			object_type_word(views[0]->type), SLICE(views[0]->name),
			fails      ? "the statement fails"
			: cascades ? "it is dropped too"
				   : "whoever reads that gets an error from here on");
	}
}

const struct rule rule_dependent_objects = {
	.id = "dependent-objects",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DROP) | RULE_CLASS(CLASS_RENAME),
	.says = "a view uses what is dropped or changed",
	.why = "PostgreSQL refuses to drop or retype what a view needs, or drops the view too with "
	       "CASCADE. MySQL and MariaDB let it through, and the next reader of the view gets "
	       "the "
	       "error.",
	.safe = "In one transaction: drop the view, change the table, create the view again with "
		"its "
		"grants.",
	.doc = "https://www.postgresql.org/docs/current/ddl-depend.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text, note text); CREATE VIEW "
		 "addresses AS SELECT id, email FROM users;",
	.bad = "ALTER TABLE users DROP COLUMN email;",
	.good = "ALTER TABLE users DROP COLUMN note;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_dependents,
	.hides = (const char *const[]){"history-replay", NULL},
};

/* ---- drop-identity-sequence ---- */

/* Every sequence, table and column that this script sets; read once. */
static void read_positioned(struct judged *j)
{
	struct history_facts *f = j->facts;
	const struct script *s = &j->judge->unit->script;

	f->positioned_read = true;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *c = &s->at[i].changes[k];

			if (c->kind != CHANGE_SET_VALUE && c->kind != CHANGE_ALTER_SEQUENCE &&
				c->kind != CHANGE_ALTER_IDENTITY)
				continue;
			text_set_add(&f->positioned, &f->script, c->target.name, SLICE_NONE);
			text_set_add(&f->positioned, &f->script, c->other.name, SLICE_NONE);
		}
}

/* The sequence behind a column, as its column or its name says; empty if there is none. */
static bool numbered(const struct object *t, struct slice column, struct slice *sequence)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];
		size_t dot;

		if (p->type != OBJECT_COLUMN || !slice_ieq(p->name, column))
			continue;
		*sequence = p->column.sequence.n ? p->column.sequence.at[0] : SLICE_NONE;
		dot = slice_chr(*sequence, '.');
		if (dot != SIZE_MAX)
			*sequence = slice_from(*sequence, dot + 1);
		return p->column.identity.len || p->column.sequence.n;
	}
	return false;
}

static bool is_positioned(struct judged *j, struct slice table, struct slice sequence)
{
	if (!j->facts->positioned_read)
		read_positioned(j);
	return text_set_find(&j->facts->positioned, table) ||
	       text_set_find(&j->facts->positioned, sequence);
}

/* 0 and less are never given out. Only the first row is looked at. */
static bool is_outside(const struct judged *j, size_t at)
{
	size_t values = slice_ifind(j->statement->raw, SL("values"));
	struct slice rest =
		values == SIZE_MAX ? SLICE_NONE : slice_from(j->statement->raw, values + 6);
	size_t open = slice_chr(rest, '(');

	rest = slice_trim(open == SIZE_MAX ? SLICE_NONE : slice_from(rest, open + 1));
	if (at || !rest.len)
		return false;
	return rest.at[0] == '-' ||
	       (rest.at[0] == '0' && rest.len > 1 && (rest.at[1] == ',' || rest.at[1] == ' '));
}

static void check_sequence(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct slice sequence;
		struct name n;

		if (c->kind != CHANGE_INSERT || (c->flags & (CHANGE_INNER | CHANGE_FROM_SELECT)) ||
			!c->list.n ||
			catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) != PRESENT)
			continue;
		n = (struct name){t->schema, t->name};
		for (size_t i = 0; i < c->list.n; i++) {
			if (!numbered(t, c->list.at[i], &sequence) ||
				slice_ifind(j->statement->raw, SL("nextval")) != SIZE_MAX ||
				slice_ifind(j->statement->raw, SL("default")) != SIZE_MAX ||
				is_outside(j, i) || is_positioned(j, n.name, sequence) ||
				!first_time(j, r, facts_key(&j->facts->script, n, c->list.at[i])))
				continue;
			on_change(j, r, c, shown(j, n, c->list.at[i]),
				"rows with numbers of their own, and the sequence of %.*s is not "
				"told: it will give out the same numbers",
				SLICE(c->list.at[i]));
		}
	}
}

const struct rule rule_drop_identity_sequence = {
	.id = "drop-identity-sequence",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "a sequence no longer matches the numbers in its table",
	.why = "Rows inserted with explicit ids leave the sequence where it is. Sooner or later it "
	       "gives out one of these numbers and the INSERT fails on the key.",
	.safe = "SELECT setval(pg_get_serial_sequence('t', 'id'), (SELECT max(id) FROM t)) at the "
		"end.",
	.doc = "https://www.postgresql.org/docs/current/functions-sequence.html",
	.setup = "CREATE TABLE roles (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name "
		 "text);",
	.bad = "INSERT INTO roles (id, name) VALUES (1, 'admin'), (2, 'guest');",
	.good = "INSERT INTO roles (id, name) VALUES (1, 'admin'), (2, 'guest'); SELECT "
		"setval(pg_get_serial_sequence('roles', 'id'), 2);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_sequence,
};
