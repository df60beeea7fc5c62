/* rules_column_add.c - what a new column brings with it: defaults, checks, keys, its place. */
#include "lint/internal.h"

#include <stdint.h>

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"
#define MYSQL_DDL_DOC "https://dev.mysql.com/doc/refman/8.0/en/innodb-online-ddl-operations.html"

/* ---- Domains and inline constraints ---- */

static void check_domain(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct touched *t;
		struct name n;

		if (!adds_column(j, c, &n) || !checked_domain(j, c->def->column.type))
			continue;
		t = rewrite_of(j, n);
		if (t)
			add_needs(on_change(j, r, c, shown(j, n, c->name),
					  "the domain has a constraint: %.*s is rewritten while "
					  "reads and writes wait",
					  SLICE(n.name)),
				t, j->effect);
	}
}

const struct rule rule_add_column_checked_domain = {
	.id = "add-column-checked-domain",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the whole table is rewritten to check the domain's constraint",
	.why = "Even without a default the server computes the new column for each row when its "
	       "domain carries a CHECK or NOT NULL: the table and its indexes are rewritten under "
	       "ACCESS EXCLUSIVE. A domain without constraints costs nothing.",
	.safe = "The domain's base type and a CHECK … NOT VALID on the column, validated later.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN plain AS "
		 "text; CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN address email;",
	.good = "ALTER TABLE users ADD COLUMN address plain;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_domain,
};

static const struct object *inline_part(const struct change *c, const char *kind)
{
	for (size_t i = 0; i < c->def->nparts; i++)
		if (c->def->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(c->def->parts[i]->constraint.kind, kind))
			return c->def->parts[i];
	return NULL;
}

static bool is_scanned(const struct judged *j, struct name n)
{
	return touched_of(j->effect->scans, j->effect->nscans, n);
}

/* NOT NULL of a virtual column is looked at like a CHECK. */
static bool is_looked_at(const struct change *c)
{
	return inline_part(c, "check") ||
	       (c->def->column.not_null && slice_is(c->def->column.generated, "virtual"));
}

static void check_inline_check(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (adds_column(j, c, &n) && is_looked_at(c) && is_scanned(j, n))
			on_change(j, r, c, shown(j, n, c->name),
				"%.*s is read in full while reads and writes wait", SLICE(n.name));
	}
}

const struct rule rule_add_column_inline_check = {
	.id = "add-column-inline-check",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the table is read in full while reads and writes wait",
	.why = "A CHECK inside ADD COLUMN is verified against every row under ACCESS EXCLUSIVE, "
	       "though all of them hold the same value.",
	.safe = "ADD COLUMN alone; ADD CONSTRAINT … CHECK … NOT VALID; VALIDATE CONSTRAINT in "
		"another transaction.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE orders ADD COLUMN total numeric CHECK (total >= 0);",
	.good = "ALTER TABLE orders ADD COLUMN total numeric;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_inline_check,
	.hides = hides_work,
};

static bool locks_existing(const struct judged *j, struct name n)
{
	for (size_t i = 0; i < j->effect->nlocks; i++)
		if (!j->effect->locks[i].new_in_tx &&
			slice_eq(j->effect->locks[i].object.name, n.name))
			return true;
	return false;
}

/* An earlier statement of the transaction keeps everybody out of it anyway. */
static bool closed_by_name(const struct judged *j, struct name n)
{
	for (size_t i = 0; i < j->effect->nlocks; i++)
		if (slice_eq(j->effect->locks[i].object.name, n.name) &&
			already_closed(j, j->effect->locks[i].object))
			return true;
	return false;
}

static void check_inline_fk(const struct rule *r, struct judged *j)
{
	const struct change *first = NULL;
	struct names parents = {0};
	struct finding *f;
	struct name n;

	FOR_CHANGES(j, c)
	{
		const struct object *key;
		const struct expr *d;
		struct name parent;

		if (!adds_column(j, c, &n) || !(key = inline_part(c, "foreign key")))
			continue;
		parent = key->constraint.ref_table;
		d = &c->def->column.default_value;
		if (is_scanned(j, n) && d->text.len && !(d->facts && d->facts->null)) {
			on_change(j, r, c, shown(j, n, c->name),
				"every row of %.*s is looked up in %.*s while its reads and writes "
				"wait, and the writes of %.*s too",
				SLICE(n.name), SLICE(parent.name), SLICE(parent.name));
		} else if (locks_existing(j, parent) && !slice_eq(parent.name, n.name) &&
			   !closed_by_name(j, parent)) {
			first = first ? first : c;
			if (!names_has(parents, parent.name))
				names_add(j->arena, &parents, parent.name);
		}
	}
	if (!first || !adds_column(j, first, &n))
		return;
	f = on_change(j, r, first, shown(j, n, first->name),
		"several tables are locked at once: %.*s for all, %.*s for writes; the key reads "
		"nothing",
		SLICE(n.name), SLICE(name_list(j, parents)));
	if (f->severity > SEVERITY_INFO)
		f->severity = SEVERITY_INFO;
}

const struct rule rule_add_column_inline_fk = {
	.id = "add-column-inline-fk",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "REFERENCES in ADD COLUMN locks two tables at once",
	.why = "ADD COLUMN holds ACCESS EXCLUSIVE on its table while the key asks for SHARE ROW "
	       "EXCLUSIVE on the referenced one. A new nullable column without a default is not "
	       "checked; with a default every row is looked up under these locks.",
	.safe = "ADD COLUMN; ADD CONSTRAINT … FOREIGN KEY … NOT VALID; VALIDATE CONSTRAINT in "
		"another transaction.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE regions (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint "
		 "PRIMARY KEY);",
	.bad = "ALTER TABLE orders ADD COLUMN region_id bigint DEFAULT 1 REFERENCES regions (id);",
	.good = "ALTER TABLE orders ADD COLUMN region_id bigint;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_inline_fk,
	.hides = hides_work,
};

/* ---- Defaults ---- */

struct defaulted {
	struct name table;
	struct slice column;
};

static bool gets_default(struct judged *j, const struct change *c, const void *arg)
{
	const struct defaulted *d = arg;

	return (c->kind == CHANGE_SET_DEFAULT || c->kind == CHANGE_DROP_COLUMN ||
		       c->kind == CHANGE_DROP_NOT_NULL) &&
	       slice_ieq(c->name, d->column) && is_table(j, c->target, d->table);
}

static void check_dropped_default(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct added_column *a;
		const struct object *t, *col = NULL;
		struct name n;
		bool required = false, had = false;

		if (c->kind != CHANGE_DROP_DEFAULT || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		a = facts_added(j->facts, n, c->name);
		if (a) {
			had = true;
			required = a->not_null;
			if (t && catalog_part(j->before, t, OBJECT_COLUMN, c->name, &col) ==
					 PRESENT) {
				required = col->column.not_null;
				had = col->column.default_value.text.len > 0;
			}
		}
		for (const struct change *e = j->statement->changes; !a && e < c; e++)
			if (e->kind == CHANGE_ADD_COLUMN && e->def && slice_ieq(e->name, c->name)) {
				required = e->def->column.not_null;
				had = e->def->column.default_value.text.len > 0;
			}
		if (had && required &&
			!later_change(j, gets_default, &(struct defaulted){n, c->name}))
			on_change(j, r, c, shown(j, n, c->name),
				"running code that does not know %.*s can no longer insert: the "
				"column is NOT NULL and its default goes away again",
				SLICE(c->name));
	}
}

const struct rule rule_add_column_default_dropped = {
	.id = "add-column-default-dropped",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a required column loses the default that it was just added with",
	.why = "The default fills the old rows, but the code that still runs during the deploy "
	       "inserts without the column, and fails. Some ORMs write such migrations by "
	       "themselves.",
	.safe = "Keep the default in the database until no code relies on it (Django: db_default).",
	.doc = "https://www.postgresql.org/docs/current/ddl-default.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN active boolean DEFAULT true NOT NULL; ALTER TABLE "
	       "users ALTER COLUMN active DROP DEFAULT;",
	.good = "ALTER TABLE users ADD COLUMN active boolean DEFAULT true NOT NULL;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_dropped_default,
	.hides = (const char *const[]){"drop-default", NULL},
};

static void check_expression_default(const struct rule *r, struct judged *j)
{
	if (j->dialect == DIALECT_SQLITE) {
		refused_with_rows(r, j, false);
		return;
	}
	FOR_CHANGES(j, c)
	{
		const struct column_def *d = c->def ? &c->def->column : NULL;
		struct name n;

		if (!adds_column(j, c, &n) || !d->default_value.text.len || d->generated.len ||
			d->identity.len || !j->effect->algorithm ||
			strcmp(j->effect->algorithm, "COPY") != 0 ||
			(d->default_value.facts && d->default_value.facts->constant &&
				!slice_starts(d->default_value.text, "(")))
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"the default is an expression: %.*s is copied row by row while writes wait",
			SLICE(n.name));
	}
}

const struct rule rule_add_column_expression_default = {
	.id = "add-column-expression-default",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB | RULE_SQLITE,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a default that is computed: the table is copied while writes wait, or SQLite "
		"refuses",
	.why = "A literal default is added at once. One that has to be computed for each row, such "
	       "as uuid(), needs ALGORITHM=COPY. SQLite writes no rows in ALTER TABLE: with "
	       "CURRENT_TIMESTAMP or an expression in parentheses it fails as soon as there is a "
	       "row.",
	.safe = "A literal default; or ADD COLUMN without one, ALTER … SET DEFAULT, fill in "
		"batches. (SQLite: without a default, fill the rows, and let the code or a trigger "
		"set it.)",
	.doc = MYSQL_DDL_DOC,
	.setup = "CREATE TABLE users (id int PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN token varchar(36) DEFAULT (uuid());",
	.good = "ALTER TABLE users ADD COLUMN token varchar(36) DEFAULT '';",
	.example_dialect = DIALECT_MARIADB,
	.check = check_expression_default,
	.hides = (const char *const[]){"table-copied", NULL},
};

static void check_implicit_default(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct column_def *d = c->def ? &c->def->column : NULL;
		struct name n;

		if (!adds_column(j, c, &n) || !d->not_null || d->default_value.text.len ||
			d->identity.len || d->generated.len)
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"every row of %.*s silently gets the zero value of %.*s", SLICE(n.name),
			SLICE(d->type));
	}
}

const struct rule rule_add_column_implicit_default = {
	.id = "add-column-implicit-default",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "old rows silently get the type's zero value",
	.why = "NOT NULL without a default does not fail on a table with rows: the server writes "
	       "0, "
	       "'' or 0000-00-00 into them, which later nobody can tell from real values. "
	       "(add-column-required says what it does to running code, and is on by default.)",
	.safe = "Say the default; or add the column nullable and fill it.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/data-type-defaults.html",
	.setup = "CREATE TABLE users (id int PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN age int NOT NULL;",
	.good = "ALTER TABLE users ADD COLUMN age int;",
	.example_dialect = DIALECT_MYSQL,
	.check = check_implicit_default,
};

/* ---- MySQL: keys and places that are not what they seem ---- */

static void check_forgotten(const struct rule *r, struct judged *j)
{
	const struct statement *st = j->statement;

	for (size_t i = 0; st->nchanges && i < st->forgotten.n; i++) {
		const struct change *c = st->changes;
		struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

		for (size_t k = 0; k < st->nchanges; k++)
			if (slice_ieq(st->changes[k].name, st->forgotten.at[i]))
				c = &st->changes[k];
		on_change(j, r, c, shown(j, n, st->forgotten.at[i]),
			"REFERENCES on %.*s is read and forgotten: there is no foreign key",
			SLICE(st->forgotten.at[i]));
	}
}

const struct rule rule_inline_references_ignored = {
	.id = "inline-references-ignored",
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.until = 90000,
	.says = "MySQL before 9.0 reads REFERENCES on a column and forgets it",
	.why = "The statement succeeds and no foreign key is made; rows without a partner come in "
	       "from the first day. MariaDB since 10.5 and MySQL 9.0 make the key.",
	.safe = "A FOREIGN KEY (column) REFERENCES … of the table.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/ansi-diff-foreign-keys.html",
	.setup = "CREATE TABLE users (id int PRIMARY KEY);",
	.bad = "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id));",
	.good = "CREATE TABLE orders (id int PRIMARY KEY, user_id int, FOREIGN KEY (user_id) "
		"REFERENCES users (id));",
	.example_dialect = DIALECT_MYSQL,
	.check = check_forgotten,
};

static void check_position(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (adds_column(j, c, &n) && c->list.n)
			on_change(j, r, c, shown(j, n, c->name),
				"its place makes the server rebuild %.*s; at the end it is added "
				"at "
				"once",
				SLICE(n.name));
	}
}

const struct rule rule_add_column_position = {
	.id = "add-column-position",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL,
	.classes = RULE_CLASS(CLASS_ALTER),
	.since = 80012,
	.until = 80029,
	.says = "FIRST or AFTER makes the server rebuild the table",
	.why = "From 8.0.12 a column is added at once, but until 8.0.29 only at the end. The "
	       "rebuild lets reads and writes go on, takes the size of the table again, and holds "
	       "up replicas.",
	.safe = "Without FIRST and AFTER; code should name its columns.",
	.doc = MYSQL_DDL_DOC,
	.setup = "CREATE TABLE users (id int PRIMARY KEY, name varchar(50));",
	.bad = "ALTER TABLE users ADD COLUMN age int AFTER id;",
	.good = "ALTER TABLE users ADD COLUMN age int;",
	.example_dialect = DIALECT_MYSQL,
	.example_version = "8.0.20",
	.check = check_position,
};

/* ---- Width ---- */

enum { MAX_COLUMNS = 50 };

static size_t count_columns(const struct object *t)
{
	size_t n = 0;

	for (size_t i = 0; t && i < t->nparts; i++)
		n += t->parts[i]->type == OBJECT_COLUMN;
	return n;
}

static void check_count(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
		const struct object *t = NULL;
		size_t columns = 0;

		if (c->kind == CHANGE_CREATE_TABLE)
			columns = count_columns(c->def);
		else if (c->kind == CHANGE_ADD_COLUMN &&
			 catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) ==
				 PRESENT)
			columns = count_columns(t) + 1;
		if (columns > MAX_COLUMNS &&
			first_time(j, r, facts_key(&j->facts->script, n, SLICE_NONE)))
			on_change(j, r, c, shown(j, n, SLICE_NONE), "%.*s gets %zu columns",
				SLICE(n.name), columns);
	}
}

const struct rule rule_column_count = {
	.id = "column-count",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "a table gets more than fifty columns",
	.why = "Wide rows are read and written whole, each update copies all of it, and ORMs fetch "
	       "every column. PostgreSQL ends at 1600 columns, dropped ones counted.",
	.safe = "A side table for what belongs together.",
	.doc = "https://www.postgresql.org/docs/current/limits.html",
	.setup = "CREATE TABLE t (c1 int, c2 int, c3 int, c4 int, c5 int, c6 int, c7 int, c8 int, "
		 "c9 int, c10 int, c11 int, c12 int, c13 int, c14 int, c15 int, c16 int, c17 int, "
		 "c18 int, c19 int, c20 int, c21 int, c22 int, c23 int, c24 int, c25 int, c26 int, "
		 "c27 int, c28 int, c29 int, c30 int, c31 int, c32 int, c33 int, c34 int, c35 int, "
		 "c36 int, c37 int, c38 int, c39 int, c40 int, c41 int, c42 int, c43 int, c44 int, "
		 "c45 int, c46 int, c47 int, c48 int, c49 int);",
	.bad = "ALTER TABLE t ADD COLUMN c50 int, ADD COLUMN c51 int; ALTER TABLE t ADD COLUMN c52 "
	       "int;",
	.good = "ALTER TABLE t ADD COLUMN c50 int;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_count,
};

/* ---- MySQL: what fits into a row, and into a key ---- */

static void check_row_size(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

		if (j->effect->row_bytes &&
			(c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_ADD_COLUMN ||
				c->kind == CHANGE_MODIFY_COLUMN)) {
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"it fails: the columns of %.*s declare %llu bytes, a row holds "
				"65,535",
				SLICE(n.name), j->effect->row_bytes);
			return;
		}
	}
}

const struct rule rule_lob_column_total = {
	.id = "lob-column-total",
	.hides = (const char *const[]){"history-replay", NULL},
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "the declared columns do not fit into a row",
	.why = "All columns of a row together declare at most 65,535 bytes, TEXT and BLOB not "
	       "counted; a character counts as many bytes as its character set may need (four in "
	       "utf8mb4). In strict mode the statement fails.",
	.safe = "Shorter columns, or TEXT.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/column-count-limit.html",
	.setup = "",
	.bad = "CREATE TABLE notes (id int PRIMARY KEY, a varchar(10000), b varchar(10000)) "
	       "DEFAULT "
	       "CHARACTER SET utf8mb4;",
	.good = "CREATE TABLE notes (id int PRIMARY KEY, a varchar(1000), b text) DEFAULT "
		"CHARACTER "
		"SET utf8mb4;",
	.example_dialect = DIALECT_MYSQL,
	.check = check_row_size,
};

static bool is_lob(struct slice type)
{
	static const char *const lobs[] = {"text", "tinytext", "mediumtext", "longtext", "blob",
		"tinyblob", "mediumblob", "longblob", "json", NULL};

	for (size_t i = 0; lobs[i]; i++)
		if (slice_iis(type, lobs[i]))
			return true;
	return false;
}

static const struct object *column_in(
	struct object *const *parts, size_t nparts, struct slice column)
{
	for (size_t i = 0; column.len && i < nparts; i++)
		if (parts[i]->type == OBJECT_COLUMN && slice_ieq(parts[i]->name, column))
			return parts[i];
	return NULL;
}

static void lob_key(const struct rule *r, struct judged *j, const struct change *c,
	const struct object *index, const struct object *table)
{
	struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

	if (slice_iis(index->index.method, "fulltext") || slice_iis(index->index.method, "spatial"))
		return;
	for (size_t i = 0; i < index->index.keys.n; i++) {
		struct slice key = index->index.keys.at[i];
		const struct object *col = column_in(table->parts, table->nparts, key_plain(key));

		if (!col || !is_lob(col->column.type) || slice_chr(key, '(') != SIZE_MAX)
			continue;
		on_change(j, r, c, shown(j, n, col->name),
			slice_iis(col->column.type, "json")
				? "it fails: a JSON column cannot be a key"
				: "it fails: %.*s in a key needs a length",
			SLICE(col->column.type));
	}
}

static void check_lob_key(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;

		if (c->kind == CHANGE_CREATE_INDEX && c->def &&
			catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) == PRESENT)
			lob_key(r, j, c, c->def, t);
		for (size_t i = 0; c->kind == CHANGE_CREATE_TABLE && c->def && i < c->def->nparts;
			i++)
			if (c->def->parts[i]->type == OBJECT_INDEX)
				lob_key(r, j, c, c->def->parts[i], c->def);
	}
}

const struct rule rule_index_lob_key = {
	.id = "index-lob-key",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "it fails: TEXT, BLOB and JSON columns cannot be keys as they are",
	.why = "MySQL refuses a BLOB or TEXT column in a key without a prefix length, and JSON "
	       "altogether. (MariaDB takes the first 3072 bytes by itself.)",
	.safe = "A prefix, body(100); or a generated column with what is searched for.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/column-indexes.html",
	.setup = "CREATE TABLE notes (id int PRIMARY KEY, body text);",
	.bad = "CREATE INDEX notes_body ON notes (body);",
	.good = "CREATE INDEX notes_body ON notes (body(100));",
	.example_dialect = DIALECT_MYSQL,
	.check = check_lob_key,
};
