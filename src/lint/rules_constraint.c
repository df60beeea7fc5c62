/* rules_constraint.c - keys, checks, their validation, partitions. */
#include "lint/internal.h"

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"

static bool adds(struct judged *j, const struct change *c, const char *kind, struct name *n)
{
	const struct object *t;

	return c->kind == CHANGE_ADD_CONSTRAINT && c->def && !(c->flags & CHANGE_INNER) &&
	       slice_is(c->def->constraint.kind, kind) && existed_before(j, c, OBJECT_NONE, n, &t);
}

static bool unchecked(const struct change *c)
{
	return c->def->constraint.not_valid || c->def->constraint.not_enforced;
}

/* MySQL and MariaDB: is the table copied for it, with writes waiting? Else a change of this kind
 * runs beside them. */
static bool copies_beside_nobody(const struct judged *j)
{
	return dialect_is_mysql(j->dialect) && j->effect->algorithm &&
	       strcmp(j->effect->algorithm, "COPY") == 0;
}

/* The referenced table, if it is another one, and one that others see. */
static struct slice parent_of_others(struct judged *j, const struct change *c, struct name n)
{
	struct name parent = c->def->constraint.ref_table;

	if (slice_eq(parent.name, n.name))
		return SLICE_NONE;
	for (size_t i = 0; i < j->effect->nlocks; i++)
		if (j->effect->locks[i].new_in_tx &&
			slice_eq(j->effect->locks[i].object.name, parent.name))
			return SLICE_NONE;
	return parent.name;
}

static void check_fk(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct slice parent;
		struct name n;

		if (!adds(j, c, "foreign key", &n) || unchecked(c))
			continue;
		parent = parent_of_others(j, c, n);
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%s %.*s%s%.*s wait while every row is checked",
			already_closed(j, n) ? "reads and writes of" : "writes to", SLICE(n.name),
			parent.len ? " and " : "", SLICE(parent));
	}
}

const struct rule rule_add_fk_validated = {
	.id = "add-fk-validated",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "writes to both tables wait while every row is checked",
	.why = "ADD FOREIGN KEY takes SHARE ROW EXCLUSIVE on both tables and reads the child in "
	       "full. "
	       "NOT VALID skips the reading; VALIDATE CONSTRAINT does it later without blocking "
	       "writes.",
	.safe = "ADD CONSTRAINT … FOREIGN KEY … NOT VALID; then VALIDATE CONSTRAINT in another "
		"transaction.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint "
		 "PRIMARY KEY, "
		 "user_id bigint);",
	.bad = "ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES "
	       "users "
	       "(id);",
	.good = "ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES "
		"users "
		"(id) NOT VALID;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_fk,
	.hides = hides_work,
};

static void check_fk_copy(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (!adds(j, c, "foreign key", &n) || !j->effect->algorithm ||
			strcmp(j->effect->algorithm, "COPY") != 0)
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%.*s is copied row by row while writes wait", SLICE(n.name));
	}
}

const struct rule rule_add_fk_copy = {
	.id = "add-fk-copy",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the table is copied row by row while writes wait",
	.why = "With foreign_key_checks on, ADD FOREIGN KEY needs ALGORITHM=COPY.",
	.safe = "Look for orphans, SET foreign_key_checks = 0 for this one statement, look again: "
		"the "
		"server does not check the rows then.",
	.doc = "https://mariadb.com/kb/en/"
	       "innodb-online-ddl-operations-with-the-alter-inplace-algorithm/",
	.setup = "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (id int PRIMARY "
		 "KEY, user_id "
		 "int, KEY (user_id));",
	.bad = "ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES "
	       "users "
	       "(id);",
	.good = "ALTER TABLE orders ADD INDEX orders_user_idx2 (user_id);",
	.example_dialect = DIALECT_MARIADB,
	.check = check_fk_copy,
	.hides = (const char *const[]){"table-copied", NULL},
};

static void check_check(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (!adds(j, c, "check", &n) || unchecked(c) ||
			(dialect_is_mysql(j->dialect) && !copies_beside_nobody(j)))
			continue;
		if (dialect_is_mysql(j->dialect)) {
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"%.*s is copied row by row while writes wait", SLICE(n.name));
			continue;
		}
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%.*s is read in full while reads and writes wait", SLICE(n.name));
	}
}

const struct rule rule_add_check_validated = {
	.id = "add-check-validated",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the table is read in full while reads and writes wait",
	.why = "ADD CHECK takes ACCESS EXCLUSIVE and looks at every row. With NOT VALID it only "
	       "holds for "
	       "new rows; VALIDATE CONSTRAINT reads the old ones without blocking anybody. MySQL "
	       "and "
	       "MariaDB copy the whole table, with writes waiting.",
	.safe = "ADD CONSTRAINT … CHECK (…) NOT VALID; then VALIDATE CONSTRAINT in another "
		"transaction. MySQL, MariaDB: an online schema change tool.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
	.bad = "ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0);",
	.good = "ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_check,
	.hides = hides_work,
};

static void check_unique(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (adds(j, c, "unique", &n))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"an index is built while reads and writes of %.*s wait",
				SLICE(n.name));
	}
}

const struct rule rule_add_unique = {
	.id = "add-unique",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "an index is built while reads and writes of the table wait",
	.why = "ADD UNIQUE builds its index under ACCESS EXCLUSIVE. NOT VALID does not exist for "
	       "it.",
	.safe = "CREATE UNIQUE INDEX CONCURRENTLY; then ADD CONSTRAINT … UNIQUE USING INDEX.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL); CREATE UNIQUE "
		 "INDEX "
		 "users_email_idx ON users (email);",
	.bad = "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);",
	.good = "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX "
		"users_email_idx;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_unique,
	.hides = hides_work,
};

static void check_primary(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (!adds(j, c, "primary key", &n) ||
			(dialect_is_mysql(j->dialect) && !copies_beside_nobody(j)))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			dialect_is_mysql(j->dialect)
				? "%.*s is copied row by row while writes wait"
				: "an index is built while reads and writes of %.*s wait",
			SLICE(n.name));
	}
}

const struct rule rule_add_primary_key = {
	.id = "add-primary-key",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "an index is built while reads and writes of the table wait",
	.why = "ADD PRIMARY KEY builds its index, and looks for NULLs, under ACCESS EXCLUSIVE.",
	.safe = "Make the columns NOT NULL safely; CREATE UNIQUE INDEX CONCURRENTLY; ADD PRIMARY "
		"KEY USING "
		"INDEX.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX",
	.setup = "CREATE TABLE users (id bigint NOT NULL); CREATE UNIQUE INDEX users_id_idx ON "
		 "users (id);",
	.bad = "ALTER TABLE users ADD PRIMARY KEY (id);",
	.good = "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id_idx;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_primary,
	.hides = hides_work,
};

static void check_validate_same_tx(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *k = NULL;
		const struct session_lock *l = held(j, LOCK_WRITES);
		struct name n;

		if (c->kind != CHANGE_VALIDATE_CONSTRAINT || !j->session->in_tx ||
			!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		if (t)
			catalog_part(j->before, t, OBJECT_CONSTRAINT, c->name, &k);
		if (k && k->born_tx && k->born_tx == j->session->tx)
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"the constraint was added in this transaction: its lock is kept "
				"while all "
				"rows are checked, so NOT VALID gained nothing");
		else if (l)
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"this transaction holds %s on %.*s while all rows are checked",
				l->mode, SLICE(l->object.name));
	}
}

const struct rule rule_validate_in_same_tx = {
	.id = "validate-in-same-tx",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a blocking lock is kept while all rows are checked",
	.why = "VALIDATE CONSTRAINT alone blocks nobody. In the transaction that added the "
	       "constraint, the "
	       "lock of ADD CONSTRAINT is still held while it reads the table.",
	.safe = "VALIDATE CONSTRAINT in the next migration, or after COMMIT.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
	.bad = "BEGIN; ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID; "
	       "ALTER TABLE "
	       "orders VALIDATE CONSTRAINT positive; COMMIT;",
	.good = "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID; ALTER "
		"TABLE orders "
		"VALIDATE CONSTRAINT positive;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_validate_same_tx,
	.hides = (const char *const[]){"work-under-exclusive-lock", NULL},
};

/* Nobody reads or writes it yet, or a check was validated that will be the bound. */
static bool is_ready(const struct judged *j, struct name child)
{
	const struct object *o = NULL;
	enum presence p = catalog_find(j->before, j->session, OBJECT_TABLE, child, &o);
	struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, child);

	if (p == PRESENT)
		return born_here(j, o);
	return p == UNKNOWN && (facts_made(j, n) || facts_validated(j, n, SLICE_NONE));
}

static void check_attach(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		for (size_t i = 0; c->kind == CHANGE_ATTACH_PARTITION && i < j->effect->nscans;
			i++) {
			const struct touched *t = &j->effect->scans[i];
			struct finding *f;

			if (t->new_in_tx || !slice_eq(t->object.name, c->other.name) ||
				is_ready(j, c->other))
				continue;
			f = on_change(j, r, c, shown(j, t->object, SLICE_NONE),
				"%.*s is read in full while its reads and writes wait",
				SLICE(t->object.name));
			f->certain = t->certain;
		}
	}
}

const struct rule rule_attach_partition_scan = {
	.id = "attach-partition-scan",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the table to attach is read in full while its reads and writes wait",
	.why = "ATTACH PARTITION proves that every row fits the bound, under ACCESS EXCLUSIVE on "
	       "the child. "
	       "A validated CHECK that implies the bound saves it.",
	.safe = "ADD CONSTRAINT … CHECK (the bound) NOT VALID; VALIDATE; ATTACH; drop the check.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-ATTACH-PARTITION",
	.setup = "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day); CREATE TABLE "
		 "old (id "
		 "bigint, day date);",
	.bad = "ALTER TABLE events ATTACH PARTITION old FOR VALUES FROM ('2020-01-01') TO "
	       "('2021-01-01');",
	.good = "CREATE TABLE events_new (id bigint, day date);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_attach,
};
