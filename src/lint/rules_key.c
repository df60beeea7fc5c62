/* rules_key.c - primary, unique and exclusion keys, and what replication identifies rows by. */
#include "lint/defined.h"

#include <stdint.h>

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"
#define ADD_DOC ALTER_DOC "#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT"

static bool adds_key(struct judged *j, const struct change *c, const char *kind, struct name *n)
{
	const struct object *t;

	return (c->kind == CHANGE_ADD_CONSTRAINT || c->kind == CHANGE_ADD_CONSTRAINT_INDEX) &&
	       c->def && !(c->flags & CHANGE_INNER) && slice_is(c->def->constraint.kind, kind) &&
	       existed_before(j, c, OBJECT_NONE, n, &t);
}

static const struct touched *scan_of(const struct judged *j, struct name n)
{
	for (size_t i = 0; i < j->effect->nscans; i++)
		if (!j->effect->scans[i].new_in_tx && name_eq(j->effect->scans[i].object, n))
			return &j->effect->scans[i];
	return NULL;
}

/* ---- Adding ---- */

/* Of a unique constraint or index on an existing table: its columns. */
static bool adds_unique(
	struct judged *j, const struct change *c, struct name *n, struct names *columns)
{
	const struct object *t;

	if (c->kind == CHANGE_CREATE_INDEX && c->def && c->def->index.unique &&
		!(c->flags & CHANGE_INNER) && existed_before(j, c, OBJECT_NONE, n, &t)) {
		*columns = c->def->index.keys;
		return true;
	}
	if (c->kind != CHANGE_ADD_CONSTRAINT || !adds_key(j, c, "unique", n))
		return false;
	*columns = c->def->constraint.columns;
	return true;
}

/* A column that this script has added, empty, cannot hold the same value twice. */
static bool all_empty(const struct judged *j, struct name table, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		struct slice column = key_plain(columns.at[i]);
		const struct added_column *a = facts_added(j->facts, table, column);

		if (a && !a->has_default &&
			!text_set_find(&j->facts->filled, facts_key(j->arena, table, column)))
			return true;
	}
	return false;
}

static void check_may_fail(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t = NULL;
		struct names columns;
		struct name n;

		if (!adds_unique(j, c, &n, &columns) || all_empty(j, n, columns))
			continue;
		catalog_find(j->before, j->session, OBJECT_TABLE, n, &t);
		if (t && still_unique(t, NULL, columns))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"it fails if rows of %.*s have the same values", SLICE(n.name));
	}
}

const struct rule rule_unique_may_fail = {
	.id = "unique-may-fail",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "a unique index over existing columns fails if there are duplicates",
	.why = "What holds on a laptop may not hold in production. A concurrent build that finds a "
	       "duplicate fails at its end and leaves an INVALID index. Columns that a unique "
	       "index guards already, and empty ones added by the same script, are fine.",
	.safe = "Look first: SELECT columns, count(*) FROM table GROUP BY columns HAVING count(*) "
		"> 1.",
	.doc = "https://www.postgresql.org/docs/current/indexes-unique.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text);",
	.bad = "CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);",
	.good = "CREATE UNIQUE INDEX CONCURRENTLY users_id_email ON users (id, email);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_may_fail,
};

static void check_index_nullable(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct touched *t;
		struct name n;

		/* Of a table that nobody has seen: the columns of a key to be are NOT NULL. */
		if (c->kind != CHANGE_ADD_CONSTRAINT_INDEX || !adds_key(j, c, "primary key", &n) ||
			catalog_find(j->before, j->session, OBJECT_TABLE, c->target, NULL) ==
				UNKNOWN ||
			!(t = scan_of(j, n)))
			continue;
		add_needs(on_change(j, r, c, shown(j, n, SLICE_NONE),
				  "a column of the index may be NULL: all of %.*s is read while "
				  "reads and writes wait",
				  SLICE(n.name)),
			t, j->effect);
	}
}

const struct rule rule_pk_index_nullable = {
	.id = "pk-index-nullable",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "PRIMARY KEY USING INDEX reads the table when a column may be NULL",
	.why = "USING INDEX saves the build, not the proof: for a column without NOT NULL the "
	       "server does SET NOT NULL on its own, under ACCESS EXCLUSIVE.",
	.safe = "ADD CHECK (column IS NOT NULL) NOT VALID; VALIDATE; SET NOT NULL; then ADD "
		"PRIMARY KEY USING INDEX.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX",
	.setup = "CREATE TABLE users (id bigint, code bigint NOT NULL); CREATE UNIQUE INDEX "
		 "users_id ON users (id); CREATE UNIQUE INDEX users_code ON users (code);",
	.bad = "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id;",
	.good = "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_code;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_index_nullable,
};

static void check_exclusion(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (adds_key(j, c, "exclude", &n))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"an index is built and every row checked while reads and writes of "
				"%.*s wait",
				SLICE(n.name));
	}
}

const struct rule rule_add_exclusion = {
	.id = "add-exclusion",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "an index is built and every row checked while reads and writes wait",
	.why = "ADD EXCLUDE builds its index and compares all rows under ACCESS EXCLUSIVE. Neither "
	       "NOT VALID nor USING INDEX exists for it.",
	.safe = "A new table with the constraint, filled in batches and swapped in; or a "
		"maintenance window.",
	.doc = ADD_DOC,
	.setup = "CREATE TABLE bookings (id bigint PRIMARY KEY, during tsrange);",
	.bad = "ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH "
	       "&&);",
	.good = "CREATE TABLE stays (id bigint PRIMARY KEY, during tsrange, CONSTRAINT no_overlap "
		"EXCLUDE USING gist (during WITH &&));",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_exclusion,
	.hides = hides_work,
};

static void check_key_of(const struct rule *r, struct judged *j, const struct change *c,
	struct slice partition_key, struct names keys)
{
	struct slice missing = partition_lacks(j->arena, partition_key, keys);

	if (missing.len)
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"the server refuses it: the key has to include %.*s, by which the table is "
			"partitioned",
			SLICE(missing));
}

static void check_partition_key(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t = c->def, *k;
		bool creates = c->kind == CHANGE_CREATE_TABLE;
		bool index = c->kind == CHANGE_CREATE_INDEX && c->def && c->def->index.unique;

		if ((!creates && !index && c->kind != CHANGE_ADD_CONSTRAINT) || !c->def ||
			(!creates && catalog_find(j->before, j->session, OBJECT_TABLE, c->target,
					     &t) != PRESENT) ||
			!slice_is(t->table_.kind, "partitioned"))
			continue;
		if (index)
			check_key_of(r, j, c, t->table_.partition_key.text, c->def->index.keys);
		for (size_t i = 0; (k = next_constraint(c, &i));)
			if (slice_is(k->constraint.kind, "primary key") ||
				slice_is(k->constraint.kind, "unique"))
				check_key_of(r, j, c, t->table_.partition_key.text,
					k->constraint.columns);
	}
}

const struct rule rule_partition_key_in_pk = {
	.id = "partition-key-in-pk",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "a unique key of a partitioned table has to include the partition key",
	.why = "Uniqueness is checked inside each partition, so the server refuses a primary key "
	       "or unique constraint that could hold in each of them and not in all.",
	.safe = "Add the partition columns to the key.",
	.doc = "https://www.postgresql.org/docs/current/"
	       "ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-LIMITATIONS",
	.setup = "",
	.bad = "CREATE TABLE events (id bigint PRIMARY KEY, day date) PARTITION BY RANGE (day);",
	.good = "CREATE TABLE events (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY "
		"RANGE (day);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_partition_key,
	.hides = (const char *const[]){"history-replay", NULL},
};

/* ---- Losing ---- */

static bool brings_key(struct judged *j, const struct change *c, const void *arg)
{
	const struct name *table = arg;
	const struct object *k;

	if (!is_table(j, c->target, *table))
		return false;
	if (c->kind == CHANGE_DROP_TABLE)
		return true;
	for (size_t i = 0; (k = next_constraint(c, &i));)
		if (slice_is(k->constraint.kind, "primary key"))
			return true;
	return false;
}

/* On a table that no migration made the name has to tell: PostgreSQL's own, table_pkey. */
static bool named_like_key(struct judged *j, const struct change *c, struct name table)
{
	size_t len = table.name.len;

	return drops_kind(c, NULL, "primary key") ||
	       (j->dialect == DIALECT_POSTGRES && c->name.len > len &&
		       slice_eq(slice_sub(c->name, 0, len), table.name) &&
		       slice_is(slice_from(c->name, len), "_pkey"));
}

static void check_drop_primary(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct finding *f;
		bool here = false;
		struct name n;

		if (c->kind != CHANGE_DROP_CONSTRAINT || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) ||
			!(t ? drops_kind(c, dropped_constraint(j, c, t), "primary key")
			    : named_like_key(j, c, n)))
			continue;
		for (size_t i = 0; !here && i < j->statement->nchanges; i++)
			here = brings_key(j, &j->statement->changes[i], &n);
		if (here || later_change(j, brings_key, &n))
			continue;
		f = on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%.*s is left without a primary key: replication cannot tell its "
			"rows apart, ON CONFLICT and foreign keys that rely on it fail",
			SLICE(n.name));
		if (!t) {
			f->certain = false;
			names_add(j->arena, &f->needs,
				arena_printf(j->arena, "what %.*s is", SLICE(c->name)));
		}
	}
}

const struct rule rule_drop_primary_key = {
	.id = "drop-primary-key",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the table is left without a primary key",
	.why = "Logical replication refuses UPDATE and DELETE on a published table without an "
	       "identity, INSERT … ON CONFLICT finds no arbiter, and in MySQL the table is copied "
	       "and clustered by a hidden key. A key that the same script replaces is not meant.",
	.safe = "Build the new key's index first; drop the old key and add the new one in one "
		"statement.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-DROP-CONSTRAINT",
	.setup = "CREATE TABLE users (id bigint CONSTRAINT users_pkey PRIMARY KEY, code bigint NOT "
		 "NULL); CREATE UNIQUE INDEX users_code ON users (code);",
	.bad = "ALTER TABLE users DROP CONSTRAINT users_pkey;",
	.good = "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD CONSTRAINT users_pk PRIMARY KEY "
		"USING INDEX users_code;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_primary,
	.hides = (const char *const[]){"table-copied", "drop-constraint", NULL},
};

static bool sets_identity(struct judged *j, const struct change *c, const void *arg)
{
	const struct name *table = arg;

	return (c->kind == CHANGE_REPLICA_IDENTITY || c->kind == CHANGE_DROP_TABLE) &&
	       is_table(j, c->target, *table);
}

/* Drops the index that the table's rows are identified by. */
static void check_identity_index(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *i = dropped_index(j, c);
	struct name n;

	if (!i || !i->table->table_.replica_identity.len ||
		!slice_eq(i->table->table_.replica_identity, i->name))
		return;
	n = (struct name){i->table->schema, i->table->name};
	if (!later_change(j, sets_identity, &n))
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"rows of %.*s are identified by this index: without it UPDATE and DELETE "
			"fail where the table is published",
			SLICE(n.name));
}

static void check_replica(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct finding *f;
		struct name n;

		if (c->kind == CHANGE_DROP_INDEX && !(c->flags & CHANGE_INNER))
			check_identity_index(r, j, c);
		if (c->kind != CHANGE_REPLICA_IDENTITY ||
			!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		if (slice_is(c->value.text, "nothing"))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"UPDATE and DELETE on %.*s fail where the table is published",
				SLICE(n.name));
		if (!slice_is(c->value.text, "full"))
			continue;
		f = on_change(j, r, c, shown(j, n, SLICE_NONE),
			"every UPDATE and DELETE writes the whole old row of %.*s to the log, and "
			"subscribers read the whole table for each",
			SLICE(n.name));
		if (f->severity > SEVERITY_INFO)
			f->severity = SEVERITY_INFO;
	}
}

const struct rule rule_replica_identity = {
	.id = "replica-identity",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DROP),
	.says = "replication loses what it identifies rows by",
	.why = "With REPLICA IDENTITY NOTHING, or after its identity index is dropped, a published "
	       "table takes INSERTs only. FULL works without any key, and costs the whole old row "
	       "per change.",
	.safe = "REPLICA IDENTITY DEFAULT with a primary key, or USING INDEX over a unique NOT "
		"NULL one.",
	.doc = "https://www.postgresql.org/docs/current/logical-replication-publication.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users REPLICA IDENTITY NOTHING;",
	.good = "ALTER TABLE users REPLICA IDENTITY DEFAULT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_replica,
};

/* ---- Tables without one ---- */

static const struct object *primary_of(const struct object *table)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(table->parts[i]->constraint.kind, "primary key"))
			return table->parts[i];
	return NULL;
}

static bool is_not_null(const struct object *table, struct slice column)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_COLUMN &&
			slice_ieq(table->parts[i]->name, column))
			return table->parts[i]->column.not_null;
	return false;
}

/* A unique index over plain NOT NULL columns: a primary key in all but name. */
static bool has_candidate(const struct object *table)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];
		bool all = p->type == OBJECT_INDEX && p->index.unique && p->index.keys.n &&
			   slice_empty(p->index.predicate.text);

		for (size_t k = 0; all && k < p->index.keys.n; k++)
			all = is_not_null(table, key_plain(p->index.keys.at[k]));
		if (all)
			return true;
	}
	return false;
}

static bool needs_key(const struct object *t)
{
	return (slice_is(t->table_.kind, "table") || slice_is(t->table_.kind, "partitioned")) &&
	       !slice_is(t->table_.persistence, "temporary") &&
	       slice_empty(t->table_.partition_of.name) && !t->table_.inherits.n && !t->tainted &&
	       !primary_of(t);
}

static void finish_keyless(const struct rule *r, struct judged *j, bool candidate)
{
	const struct object **tables;
	size_t n = catalog_list(j->before, OBJECT_TABLE, j->arena, &tables);

	for (size_t i = 0; i < n; i++) {
		const struct object *t = tables[i];

		if (!needs_key(t) || has_candidate(t) != candidate || !span_is_reported(j, t->span))
			continue;
		finding_add(j, r, t->span, shown(j, (struct name){t->schema, t->name}, SLICE_NONE),
			candidate ? "%.*s has a unique NOT NULL key and no primary key"
				  : "%.*s has no primary key",
			SLICE(t->name));
	}
}

static void finish_without_pk(const struct rule *r, struct judged *j)
{
	finish_keyless(r, j, false);
}

const struct rule rule_table_without_pk = {
	.id = "table-without-pk",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.says = "a table without a primary key at the end of the history",
	.why = "Rows cannot be told apart: logical replication and online schema change tools "
	       "cannot handle the table, a batched backfill has nothing to go by, and one of two "
	       "equal rows cannot be deleted. Temporary tables and partitions are not meant.",
	.safe = "A primary key when the table is created.",
	.doc = "https://www.postgresql.org/docs/current/"
	       "ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS",
	.setup = "",
	.bad = "CREATE TABLE notes (body text);",
	.good = "CREATE TABLE notes (id bigint PRIMARY KEY, body text);",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_without_pk,
};

static void finish_unique_pk(const struct rule *r, struct judged *j)
{
	finish_keyless(r, j, true);
}

const struct rule rule_unique_instead_of_pk = {
	.id = "unique-instead-of-pk",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.says = "a UNIQUE NOT NULL key where a primary key is meant",
	.why = "Replication, foreign keys without a column list and many tools look for the "
	       "primary key, not for a unique one.",
	.safe = "PRIMARY KEY; for an existing table ADD PRIMARY KEY USING INDEX.",
	.doc = "https://www.postgresql.org/docs/current/"
	       "ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS",
	.setup = "",
	.bad = "CREATE TABLE notes (id bigint NOT NULL UNIQUE, body text);",
	.good = "CREATE TABLE notes (id bigint PRIMARY KEY, body text);",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_unique_pk,
};

/* ---- Keys that end too soon ---- */

/* The integer type of a column that holds less than eight bytes; empty if it is none. */
static struct slice short_integer(struct slice type)
{
	static const char *const small[] = {
		"smallint", "integer", "int", "mediumint", "tinyint", NULL};
	struct slice t = bare_type(type);
	size_t blank = slice_chr(t, ' ');

	return is_one_of(blank == SIZE_MAX ? t : slice_sub(t, 0, blank), small) ? t : SLICE_NONE;
}

static void check_short_key(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k, *t = NULL, *col;
		struct slice type;

		for (size_t i = 0; (k = next_constraint(c, &i));) {
			if (!slice_is(k->constraint.kind, "primary key") ||
				k->constraint.columns.n != 1)
				continue;
			catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t);
			col = column_seen(j, c, t, k->constraint.columns.at[0]);
			type = col ? short_integer(col->column.type) : SLICE_NONE;
			if (type.len)
				on_change(j, r, c, shown(j, c->target, k->constraint.columns.at[0]),
					"a key of type %.*s ends, and every INSERT fails from then "
					"on",
					SLICE(type));
		}
	}
}

const struct rule rule_short_primary_key = {
	.id = "short-primary-key",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "a primary key of less than eight bytes ends one day",
	.why = "After 2,147,483,647 values, rolled back ones included, every INSERT fails. "
	       "Changing the type then rewrites the table and all that refers to it; four bytes "
	       "per row now are cheap.",
	.safe = "bigint.",
	.doc = "https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT",
	.setup = "",
	.bad = "CREATE TABLE notes (id serial PRIMARY KEY);",
	.good = "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_short_key,
};

static bool widens_sequence(struct judged *j, const struct change *c, const void *arg)
{
	(void)j;
	return c->kind == CHANGE_ALTER_SEQUENCE &&
	       slice_ieq(c->target.name, ((const struct name *)arg)->name);
}

static void check_sequence_behind(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *t, *col, *s;
	struct slice full;
	struct name n, sn;
	size_t dot;

	if (!c->def || !slice_iis(bare_type(c->def->column.type), "bigint") ||
		!existed_before(j, c, OBJECT_NONE, &n, &t) || !t ||
		catalog_part(j->before, t, OBJECT_COLUMN, c->name, &col) != PRESENT ||
		!col->column.sequence.n || col->column.identity.len)
		return;
	full = col->column.sequence.at[0];
	dot = slice_chr(full, '.');
	sn = (struct name){dot == SIZE_MAX ? SLICE_NONE : slice_sub(full, 0, dot),
		dot == SIZE_MAX ? full : slice_from(full, dot + 1)};
	if (catalog_find(j->before, j->session, OBJECT_SEQUENCE, sn, &s) == PRESENT &&
		short_integer(s->sequence.type).len && !later_change(j, widens_sequence, &sn))
		on_change(j, r, c, shown(j, n, c->name),
			"the column becomes bigint, its sequence %.*s stays %.*s and ends where it "
			"did",
			SLICE(sn.name), SLICE(s->sequence.type));
}

static void check_capacity(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->flags & CHANGE_INNER)
			continue;
		if (c->kind == CHANGE_ALTER_TYPE)
			check_sequence_behind(r, j, c);
		else if (c->kind == CHANGE_CREATE_SEQUENCE && c->def && !c->def->sequence.cycle &&
			 short_integer(c->def->sequence.type).len)
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"a sequence of type %.*s ends, and nextval fails from then on",
				SLICE(c->def->sequence.type));
	}
}

const struct rule rule_sequence_capacity = {
	.id = "sequence-capacity",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "the sequence ends before its column does",
	.why = "A serial column's sequence is of the column's first type. Changing the column to "
	       "bigint leaves the sequence as it was: at 2,147,483,647 nextval fails, as if "
	       "nothing had been done.",
	.safe = "ALTER SEQUENCE … AS bigint, next to ALTER COLUMN … TYPE bigint. (An identity "
		"column's sequence follows its column.)",
	.doc = "https://www.postgresql.org/docs/current/sql-altersequence.html",
	.setup = "CREATE TABLE notes (id serial PRIMARY KEY);",
	.bad = "ALTER TABLE notes ALTER COLUMN id TYPE bigint;",
	.good = "ALTER TABLE notes ALTER COLUMN id TYPE bigint; ALTER SEQUENCE notes_id_seq AS "
		"bigint;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_capacity,
};
