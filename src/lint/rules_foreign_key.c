/* rules_foreign_key.c - what a key does to the other table, and whether it can hold. */
#include "lint/defined.h"

#include <stdint.h>

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"
#define KEY_DOC "https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK"
#define MAKES_KEYS (RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER))
#define TWO_TABLES                                                                                 \
	"CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE shops (id bigint PRIMARY KEY); " \
	"CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, shop_id bigint);"

/* The next key that a change makes. */
static const struct object *next_key(const struct change *c, size_t *i)
{
	const struct object *k;

	if (c->flags & CHANGE_INNER)
		return NULL;
	while ((k = next_constraint(c, i)))
		if (slice_is(k->constraint.kind, "foreign key"))
			return k;
	return NULL;
}

/* ---- Locks on the other table ---- */

static void check_parent_lock(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		for (size_t i = 0; (k = next_key(c, &i));) {
			struct slice parent = k->constraint.ref_table.name;
			const struct lock *l;

			/* Others speak of keys that read the table, and of ADD COLUMN. */
			if (c->kind == CHANGE_ADD_COLUMN ||
				(c->kind != CHANGE_CREATE_TABLE && !k->constraint.not_valid) ||
				slice_eq(parent, c->target.name) ||
				!(l = lock_on(j, parent, LOCK_WRITES)))
				continue;
			on_change(j, r, c, shown(j, l->object, SLICE_NONE),
				"writes to %.*s wait until this transaction ends", SLICE(parent));
		}
	}
}

const struct rule rule_fk_locks_parent = {
	.id = "fk-locks-parent",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = MAKES_KEYS,
	.says = "writes to the referenced table wait until the transaction ends",
	.why = "Even for a new, empty table a foreign key takes SHARE ROW EXCLUSIVE on the table "
	       "it points at. The lock itself is short; getting it may mean waiting behind a long "
	       "transaction, with all writers queued behind it, and it is kept until COMMIT.",
	.safe = "A short lock_timeout, and one such key per transaction, at its end.",
	.doc = KEY_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users);",
	.good = "BEGIN; CREATE TABLE authors (id bigint PRIMARY KEY); CREATE TABLE books (id "
		"bigint PRIMARY KEY, author_id bigint REFERENCES authors); COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_parent_lock,
};

/* The other table that a key of this transaction has locked before; notes this one. */
static struct slice other_parent(struct judged *j, const struct rule *r, struct slice parent)
{
	struct arena *a = &j->facts->script;
	struct slice key = arena_printf(a, "%s %llu", r->id, j->session->tx);
	const struct text_entry *e;

	if (text_set_add(&j->facts->said, a, key, parent))
		return SLICE_NONE;
	e = text_set_find(&j->facts->said, key);
	return e && !slice_eq(e->value, parent) ? e->value : SLICE_NONE;
}

static void check_several(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		for (size_t i = 0; (k = next_key(c, &i));) {
			struct slice parent = k->constraint.ref_table.name, first;
			const struct lock *l = lock_on(j, parent, LOCK_WRITES);

			if (!l || slice_eq(parent, c->target.name))
				continue;
			first = other_parent(j, r, parent);
			if (first.len)
				on_change(j, r, c, shown(j, l->object, SLICE_NONE),
					"writes to both %.*s and %.*s wait until this transaction "
					"ends",
					SLICE(first), SLICE(parent));
		}
	}
}

const struct rule rule_several_fks_one_tx = {
	.id = "several-fks-one-tx",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = MAKES_KEYS,
	.says = "keys to several existing tables: writes to all of them wait together",
	.why = "Each key locks the table it points at until COMMIT. The first one is kept while "
	       "the second is waited for, so a slow transaction on one table stops the writers of "
	       "the others, and traffic that takes them in another order deadlocks.",
	.safe = "Create the table with one key; add the others with NOT VALID, one transaction "
		"each.",
	.doc = KEY_DOC,
	.setup = TWO_TABLES,
	.bad = "BEGIN; ALTER TABLE orders ADD CONSTRAINT o_user FOREIGN KEY (user_id) REFERENCES "
	       "users NOT VALID; ALTER TABLE orders ADD CONSTRAINT o_shop FOREIGN KEY (shop_id) "
	       "REFERENCES shops NOT VALID; COMMIT;",
	.good = "ALTER TABLE orders ADD CONSTRAINT o_user FOREIGN KEY (user_id) REFERENCES users "
		"NOT VALID; ALTER TABLE orders ADD CONSTRAINT o_shop FOREIGN KEY (shop_id) "
		"REFERENCES shops NOT VALID;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_several,
};

/* ---- Dropping ---- */

/* A key over the same columns, or the end of its column or table. */
static bool key_is_moot(struct judged *j, const struct change *c, const void *arg)
{
	const struct lost_part *k = arg;

	if (!is_table(j, c->target, k->table))
		return false;
	switch ((int)c->kind) {
	case CHANGE_ADD_CONSTRAINT:
		return c->def && slice_is(c->def->constraint.kind, "foreign key") &&
		       (same_columns(c->def->constraint.columns, k->columns) ||
			       slice_ieq(c->def->name, k->name));
	case CHANGE_DROP_COLUMN:
		return names_has(k->columns, c->name);
	case CHANGE_DROP_TABLE:
		return true;
	}
	return false;
}

/* A DROP CONSTRAINT of a key of a table that existed before. */
static bool drops_key(struct judged *j, const struct change *c, struct lost_part *out)
{
	const struct object *t, *k;

	if (c->kind != CHANGE_DROP_CONSTRAINT || (c->flags & CHANGE_INNER) ||
		!existed_before(j, c, OBJECT_NONE, &out->table, &t))
		return false;
	k = dropped_constraint(j, c, t);
	out->name = c->name;
	out->columns = k ? k->constraint.columns : (struct names){0};
	return drops_kind(c, k, "foreign key");
}

static void check_drop_locks(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct lost_part k;
		const struct lock *l;

		if (!drops_key(j, c, &k))
			continue;
		l = lock_elsewhere(j, OBJECT_TABLE, k.table, LOCK_READS_WRITES);
		if (l)
			on_change(j, r, c, shown(j, l->object, SLICE_NONE),
				"reads and writes of %.*s wait too, until this transaction ends",
				SLICE(l->object.name));
	}
}

const struct rule rule_drop_fk_locks_both = {
	.id = "drop-fk-locks-both",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "dropping a foreign key locks the referenced table as well, for everybody",
	.why = "The key's triggers stand on both tables; to remove them the server takes ACCESS "
	       "EXCLUSIVE on both. Adding a key never blocks readers, dropping one does.",
	.safe = "A transaction of its own, with a short lock_timeout and a retry.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-DROP-CONSTRAINT",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint "
		 "PRIMARY KEY, user_id bigint, CONSTRAINT o_user FOREIGN KEY (user_id) REFERENCES "
		 "users, CONSTRAINT positive CHECK (id > 0));",
	.bad = "ALTER TABLE orders DROP CONSTRAINT o_user;",
	.good = "ALTER TABLE orders DROP CONSTRAINT positive;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_locks,
};

static void check_drop_key(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct lost_part k;

		if (drops_key(j, c, &k) && !here_or_later(j, key_is_moot, &k))
			on_change(j, r, c, shown(j, k.table, c->name),
				"rows of %.*s may refer to nothing from here on",
				SLICE(k.table.name));
	}
}

const struct rule rule_drop_foreign_key = {
	.id = "drop-foreign-key",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a foreign key goes: rows may refer to nothing from here on",
	.why = "Orphans that come in after the key is gone make it impossible to add it again "
	       "without a clean-up. A key that is replaced in the same script, or whose column or "
	       "table goes too, is not meant.",
	.safe = "Add the key that replaces it first, with NOT VALID; drop the old one afterwards.",
	.doc = KEY_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint "
		 "PRIMARY KEY, user_id bigint, CONSTRAINT o_user FOREIGN KEY (user_id) REFERENCES "
		 "users);",
	.bad = "ALTER TABLE orders DROP CONSTRAINT o_user;",
	.good = "BEGIN; ALTER TABLE orders DROP CONSTRAINT o_user; ALTER TABLE orders ADD "
		"CONSTRAINT o_user FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT "
		"VALID; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_key,
	.hides = (const char *const[]){"drop-constraint", NULL},
};

/* ---- At the end of the history ---- */

static bool leads_with(struct names keys, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		bool found = false;

		for (size_t k = 0; !found && k < columns.n && k < keys.n; k++)
			found = slice_ieq(key_plain(keys.at[k]), columns.at[i]);
		if (!found)
			return false;
	}
	return true;
}

static bool is_indexed(const struct object *table, struct names columns)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type == OBJECT_INDEX && !p->index.invalid &&
			slice_empty(p->index.predicate.text) && leads_with(p->index.keys, columns))
			return true;
	}
	return false;
}

static void finish_without_index(const struct rule *r, struct judged *j)
{
	const struct object **tables;
	size_t n = catalog_list(j->before, OBJECT_TABLE, j->arena, &tables);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < tables[i]->nparts; k++) {
			const struct object *p = tables[i]->parts[k];
			struct name t = {tables[i]->schema, tables[i]->name};
			struct span at = p->span.src ? p->span : tables[i]->span;

			if (p->type != OBJECT_CONSTRAINT ||
				!slice_is(p->constraint.kind, "foreign key") ||
				!p->constraint.columns.n || p->constraint.inherited ||
				is_indexed(tables[i], p->constraint.columns) ||
				!span_is_reported(j, at))
				continue;
			finding_add(j, r, at, shown(j, t, p->constraint.columns.at[0]),
				"no index of %.*s begins with the columns of its key to %.*s",
				SLICE(t.name), SLICE(p->constraint.ref_table.name));
		}
}

const struct rule rule_fk_without_index = {
	.id = "fk-without-index",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.says = "no index serves the referencing columns at the end of the history",
	.why = "PostgreSQL makes no index for the referencing side. Each DELETE of a referenced "
	       "row, and each UPDATE of its key, then reads the whole referencing table, with the "
	       "row locked.",
	.safe = "CREATE INDEX CONCURRENTLY over the referencing columns, before the key is added.",
	.doc = KEY_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);",
	.good = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users); "
		"CREATE INDEX CONCURRENTLY orders_user ON orders (user_id, id);",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_without_index,
};

/* ---- Do the two sides fit? ---- */

/* 1, 2, 3 for the integer types, 0 for others. */
static int integer_rank(struct slice type)
{
	return slice_iis(type, "smallint")  ? 1
	       : slice_iis(type, "integer") ? 2
	       : slice_iis(type, "bigint")  ? 3
					    : 0;
}

/* Why the types do not fit; NULL if they do or it cannot be told. */
static const char *misfit(const struct judged *j, struct slice child, struct slice parent)
{
	static const char *const texts[] = {
		"text", "character varying", "varchar", "character", "char", "bpchar", NULL};
	static const char *const known[] = {"smallint", "integer", "bigint", "numeric", "uuid",
		"text", "character varying", "varchar", "date", "boolean", "bytea",
		"timestamp with time zone", "timestamp without time zone", NULL};
	struct slice a = bare_type(child), b = bare_type(parent);
	int from = integer_rank(a), to = integer_rank(b);

	if (slice_ieq(a, b) || !is_one_of(a, known) || !is_one_of(b, known) ||
		(is_one_of(a, texts) && is_one_of(b, texts)))
		return NULL;
	if (dialect_is_mysql(j->dialect))
		return from && to ? "the server refuses the key" : NULL;
	if (from && to)
		return from < to ? "it cannot hold every value that it may refer to" : NULL;
	if ((from || to) && (slice_iis(a, "numeric") || slice_iis(b, "numeric")))
		return "each check has to convert one side";
	return "the server refuses the key";
}

static bool guarded(const struct object *parent, struct names columns)
{
	for (size_t i = 0; i < parent->nparts; i++) {
		const struct object *p = parent->parts[i];
		struct names plain = p->index.keys;

		if (p->type != OBJECT_INDEX || !p->index.unique || p->index.predicate.text.len ||
			plain.n != columns.n)
			continue;
		if (leads_with(plain, columns))
			return true;
	}
	return false;
}

static void fit(const struct rule *r, struct judged *j, const struct change *c,
	const struct object *child, const struct object *k)
{
	const struct object *parent;
	struct names to;
	struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

	if (catalog_find(j->before, j->session, OBJECT_TABLE, k->constraint.ref_table, &parent) !=
		PRESENT)
		return;
	to = referred_columns(k, parent);
	for (size_t i = 0; to.n == k->constraint.columns.n && i < to.n; i++) {
		const struct object *a = column_seen(j, c, child, k->constraint.columns.at[i]), *b;
		const char *why;

		if (!a || catalog_part(j->before, parent, OBJECT_COLUMN, to.at[i], &b) != PRESENT ||
			!(why = misfit(j, a->column.type, b->column.type)))
			continue;
		on_change(j, r, c, shown(j, n, k->constraint.columns.at[i]),
			"%.*s is %.*s, %.*s.%.*s is %.*s: %s", SLICE(k->constraint.columns.at[i]),
			SLICE(a->column.type), SLICE(parent->name), SLICE(to.at[i]),
			SLICE(b->column.type), why);
	}
	if (j->dialect == DIALECT_POSTGRES && to.n && !guarded(parent, to))
		on_change(j, r, c, shown(j, n, k->name),
			"the server refuses the key: no unique index of %.*s is over exactly these "
			"columns",
			SLICE(parent->name));
}

static void check_fit(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k, *child = NULL;

		for (size_t i = 0; (k = next_key(c, &i));) {
			if (c->kind != CHANGE_CREATE_TABLE && !child &&
				catalog_find(j->before, j->session, OBJECT_TABLE, c->target,
					&child) != PRESENT)
				child = NULL;
			fit(r, j, c, child, k);
		}
	}
}

const struct rule rule_fk_type_mismatch = {
	.id = "fk-type-mismatch",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = MAKES_KEYS,
	.says = "the two sides of the key do not fit",
	.why = "A referencing column that is narrower than the referenced one fails on the first "
	       "row it cannot hold; types without a common comparison, and columns without a "
	       "unique index, are refused. A wider referencing column is fine. MySQL and MariaDB "
	       "refuse integers of different size.",
	.safe = "Give the referencing column the type of the column it refers to.",
	.doc = KEY_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id integer REFERENCES users);",
	.good = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_fit,
};

/* Is it a collation that the history made with deterministic = false? */
static bool is_nondeterministic(struct judged *j, struct slice collation)
{
	const struct object *o;

	return collation.len &&
	       catalog_find(j->before, j->session, OBJECT_OTHER,
		       (struct name){SLICE_NONE, collation}, &o) == PRESENT &&
	       (slice_ifind(o->other.definition.text, SL("deterministic=false")) != SIZE_MAX ||
		       names_has(o->other.options, SL("deterministic=false")));
}

static struct slice loose_side(struct judged *j, const struct change *c, const struct object *child,
	const struct object *k)
{
	const struct object *parent = NULL, *col;
	struct names to;

	catalog_find(j->before, j->session, OBJECT_TABLE, k->constraint.ref_table, &parent);
	to = referred_columns(k, parent);
	for (size_t i = 0; i < k->constraint.columns.n; i++) {
		col = column_seen(j, c, child, k->constraint.columns.at[i]);
		if (col && is_nondeterministic(j, col->column.collation))
			return col->column.collation;
		if (parent && i < to.n &&
			catalog_part(j->before, parent, OBJECT_COLUMN, to.at[i], &col) == PRESENT &&
			is_nondeterministic(j, col->column.collation))
			return col->column.collation;
	}
	return SLICE_NONE;
}

static void check_collation(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k, *child = NULL;

		for (size_t i = 0; (k = next_key(c, &i));) {
			struct name n =
				catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
			struct slice loose;

			catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &child);
			loose = loose_side(j, c, child, k);
			if (loose.len)
				on_change(j, r, c, shown(j, n, k->constraint.columns.at[0]),
					"%.*s takes different texts for equal: the key compares by "
					"it, and 18 refuses it if the sides differ",
					SLICE(loose));
		}
	}
}

const struct rule rule_fk_collation = {
	.id = "fk-collation",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = MAKES_KEYS,
	.says = "the key compares with a collation that takes different texts for equal",
	.why = "With a nondeterministic collation 'abc' may refer to 'ABC', and which one is "
	       "stored differs on the two sides. From 18 on the server refuses a key whose two "
	       "sides have different collations when one of them is nondeterministic.",
	.safe = "A deterministic collation, the same on both sides; compare loosely in queries.",
	.doc = "https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC",
	.setup = "CREATE COLLATION loose (provider = icu, locale = 'und', deterministic = false); "
		 "CREATE TABLE codes (code text COLLATE loose PRIMARY KEY); CREATE TABLE plain "
		 "(code text PRIMARY KEY);",
	.bad = "CREATE TABLE uses (id bigint PRIMARY KEY, code text COLLATE loose REFERENCES "
	       "codes);",
	.good = "CREATE TABLE uses (id bigint PRIMARY KEY, code text REFERENCES plain);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_collation,
};

/* ---- By policy ---- */

static void check_cascading(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		for (size_t i = 0; (k = next_key(c, &i));)
			if (slice_iis(k->constraint.on_delete, "cascade"))
				on_change(j, r, c, shown(j, c->target, k->name),
					"a DELETE in %.*s deletes rows of %.*s that nobody named",
					SLICE(k->constraint.ref_table.name), SLICE(c->target.name));
	}
}

const struct rule rule_fk_on_delete_cascade = {
	.id = "fk-on-delete-cascade",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = MAKES_KEYS,
	.says = "ON DELETE CASCADE deletes rows that nobody named",
	.why = "One DELETE may empty several tables, in one transaction and with all their locks.",
	.safe = "ON DELETE RESTRICT, and deletes in the order and the batches you choose.",
	.doc = KEY_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users ON "
	       "DELETE CASCADE);",
	.good = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users ON "
		"DELETE RESTRICT);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_cascading,
};

static void check_deferrable(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		for (size_t i = 0; (k = next_key(c, &i));)
			if (!k->constraint.deferrable)
				on_change(j, r, c, shown(j, c->target, k->name),
					"it is checked after each statement: rows that refer to "
					"each other have to be written in order");
	}
}

const struct rule rule_fk_not_deferrable = {
	.id = "fk-not-deferrable",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = MAKES_KEYS,
	.says = "the key cannot be deferred to the end of a transaction",
	.why = "A DEFERRABLE key can be checked at COMMIT when a bulk load or a cycle of rows "
	       "needs it; one that is not has to be dropped for that.",
	.safe = "DEFERRABLE INITIALLY IMMEDIATE: nothing changes until SET CONSTRAINTS asks for "
		"it.",
	.doc = "https://www.postgresql.org/docs/current/sql-set-constraints.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users);",
	.good = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users "
		"DEFERRABLE);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_deferrable,
};

static void check_none(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		for (size_t i = 0; (k = next_key(c, &i));)
			on_change(j, r, c, shown(j, c->target, k->name), "a foreign key to %.*s",
				SLICE(k->constraint.ref_table.name));
	}
}

const struct rule rule_no_foreign_keys = {
	.id = "no-foreign-keys",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = MAKES_KEYS,
	.says = "this project does without foreign keys",
	.why = "Sharded tables and some online schema change tools cannot live with them.",
	.safe = "A plain column; look for orphans from time to time.",
	.doc = KEY_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users);",
	.good = "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_none,
};
