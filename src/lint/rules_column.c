/* rules_column.c - adding, changing, renaming and dropping columns. */
#include "lint/internal.h"

#include <stdint.h>

#define ALTER_DOC "https://www.postgresql.org/docs/current/sql-altertable.html"

bool adds_column(struct judged *j, const struct change *c, struct name *n)
{
	const struct object *t;

	return c->kind == CHANGE_ADD_COLUMN && c->def && !(c->flags & CHANGE_INNER) &&
	       existed_before(j, c, OBJECT_NONE, n, &t);
}

const struct touched *rewrite_of(struct judged *j, struct name n)
{
	return touched_of(j->effect->rewrites, j->effect->nrewrites, n);
}

void add_needs(struct finding *f, const struct touched *t, const struct effect *e)
{
	if (t->certain)
		return;
	f->certain = false;
	f->needs = e->needs;
}

static const struct object *domain_of(struct judged *j, struct slice type)
{
	size_t dot = slice_chr(type, '.');
	struct name n = {SLICE_NONE, type};
	const struct object *o;

	if (dot != SIZE_MAX)
		n = (struct name){slice_sub(type, 0, dot), slice_from(type, dot + 1)};
	if (catalog_find(j->before, j->session, OBJECT_TYPE, n, &o) != PRESENT ||
		!slice_is(o->type_.kind, "domain"))
		return NULL;
	return o;
}

/* The domain, or one that it is made of, has a constraint. */
const struct object *checked_domain(struct judged *j, struct slice type)
{
	enum { DEEP = 16 };
	const struct object *o = domain_of(j, type);

	for (int i = 0; o && i < DEEP; i++) {
		if (o->type_.checks.n || o->type_.not_null)
			return o;
		o = domain_of(j, o->type_.base);
	}
	return NULL;
}

/* Without a default of its own a column has its domain's. */
static bool has_default(struct judged *j, const struct column_def *d)
{
	const struct object *o = slice_empty(d->default_value.text) ? domain_of(j, d->type) : NULL;

	return !slice_empty(d->default_value.text) ||
	       (o && !slice_empty(o->type_.default_value.text));
}

enum rewrite_reason { BY_DEFAULT, BY_SERIAL, BY_IDENTITY, BY_GENERATED };

static enum rewrite_reason reason_of(const struct column_def *d)
{
	if (slice_ends(d->type, "serial") || slice_is(d->identity, "auto_increment"))
		return BY_SERIAL;
	if (d->identity.len)
		return BY_IDENTITY;
	if (d->generated.len)
		return BY_GENERATED;
	return BY_DEFAULT;
}

static bool is_stable(struct judged *j, const struct expr *e)
{
	const struct engine *engine = j->judge->in->engine;
	char v = engine->volatility ? engine->volatility(j->arena, j->before, j->session, e) : 0;

	return v == 'i' || v == 's';
}

static void check_adding_rewrites(
	const struct rule *r, struct judged *j, enum rewrite_reason want, const char *what)
{
	FOR_CHANGES(j, c)
	{
		const struct touched *t;
		struct name n;

		if (!adds_column(j, c, &n) || reason_of(&c->def->column) != want)
			continue;
		if (want == BY_DEFAULT && !has_default(j, &c->def->column))
			continue;
		/* Another column of the statement may be the one with the volatile default. */
		if (want == BY_DEFAULT && !slice_empty(c->def->column.default_value.text) &&
			is_stable(j, &c->def->column.default_value))
			continue;
		t = rewrite_of(j, n);
		if (!t || (want == BY_DEFAULT && checked_domain(j, c->def->column.type)))
			continue;
		add_needs(on_change(j, r, c, shown(j, n, c->name),
				  "%s: %.*s is rewritten while %s wait", what, SLICE(n.name),
				  dialect_is_mysql(j->dialect) ? "writes" : "reads and writes"),
			t, j->effect);
	}
}

static void check_volatile_default(const struct rule *r, struct judged *j)
{
	check_adding_rewrites(r, j, BY_DEFAULT, "the default is volatile");
}

const struct rule rule_add_column_volatile_default = {
	.id = "add-column-volatile-default",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the whole table is rewritten while reads and writes wait",
	.why = "A default that is volatile (random(), gen_random_uuid(), clock_timestamp(), "
	       "nextval()) "
	       "has to be computed for each row: the table and all its indexes are rewritten under "
	       "ACCESS EXCLUSIVE. Constant and stable defaults cost nothing since PostgreSQL 11.",
	.safe = "ADD COLUMN without the default; ALTER COLUMN … SET DEFAULT for new rows; fill the "
		"old "
		"rows in batches.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();",
	.good = "ALTER TABLE users ADD COLUMN created timestamptz DEFAULT now();",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_volatile_default,
	.hides = hides_work,
};

static void check_serial(const struct rule *r, struct judged *j)
{
	check_adding_rewrites(r, j, BY_SERIAL, "a serial column numbers every row");
}

const struct rule rule_add_column_serial = {
	.id = "add-column-serial",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the whole table is rewritten to number its rows",
	.why = "serial means a nextval() default, which is volatile: the table is rewritten under "
	       "ACCESS EXCLUSIVE. MySQL and MariaDB rebuild it for AUTO_INCREMENT while writes "
	       "wait.",
	.safe = "Add a plain bigint column and a sequence, set the default, fill in batches.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE users (name text);",
	.bad = "ALTER TABLE users ADD COLUMN id bigserial;",
	.good = "ALTER TABLE users ADD COLUMN id bigint;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_serial,
	.hides = hides_work,
};

static void check_identity(const struct rule *r, struct judged *j)
{
	check_adding_rewrites(r, j, BY_IDENTITY, "an identity column numbers every row");
}

const struct rule rule_add_column_identity = {
	.id = "add-column-identity",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the whole table is rewritten to number its rows",
	.why = "GENERATED … AS IDENTITY gives every existing row a number: the table is rewritten "
	       "under "
	       "ACCESS EXCLUSIVE.",
	.safe = "Add a plain bigint column, fill it in batches, then ADD GENERATED … AS IDENTITY.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE users (name text);",
	.bad = "ALTER TABLE users ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;",
	.good = "ALTER TABLE users ADD COLUMN id bigint;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_identity,
	.hides = hides_work,
};

static void check_stored(const struct rule *r, struct judged *j)
{
	if (j->dialect == DIALECT_SQLITE)
		refused_with_rows(r, j, true);
	else
		check_adding_rewrites(
			r, j, BY_GENERATED, "a stored generated column is computed for every row");
}

const struct rule rule_add_column_stored_generated = {
	.id = "add-column-stored-generated",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the whole table is rewritten to compute the column",
	.why = "GENERATED … STORED is computed for each row: the table is rewritten under ACCESS "
	       "EXCLUSIVE (MySQL and MariaDB copy it while writes wait; SQLite refuses unless the "
	       "table is empty). VIRTUAL columns (PostgreSQL 18; the others) cost nothing.",
	.safe = "A plain column with a trigger, filled in batches; or VIRTUAL (PostgreSQL: from 18 "
		"on).",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE users (first text, last text);",
	.bad = "ALTER TABLE users ADD COLUMN name text GENERATED ALWAYS AS (first || ' ' || last) "
	       "STORED;",
	.good = "ALTER TABLE users ADD COLUMN name text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_stored,
	.hides = hides_work,
};

/* DEFAULT NULL gives none. */
static bool gives_a_value(const struct expr *e)
{
	return e->text.len && !slice_iis(e->text, "null");
}

static void check_required(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct column_def *d = c->def ? &c->def->column : NULL;
		struct name n;

		if (j->dialect == DIALECT_SQLITE)
			rebuild_requires(r, j, c);
		if (!adds_column(j, c, &n) || !d->not_null || gives_a_value(&d->default_value) ||
			d->identity.len || d->generated.len || slice_ends(d->type, "serial"))
			continue;
		/* MySQL fills existing rows with the type's zero value instead of failing. */
		if (dialect_is_mysql(j->dialect))
			on_change(j, r, c, shown(j, n, c->name),
				"existing rows silently get the type's zero value, and inserts of "
				"running "
				"code that does not know %.*s fail in strict mode",
				SLICE(c->name));
		else
			on_change(j, r, c, shown(j, n, c->name),
				"it fails if %.*s has any row, and running code that does not know "
				"%.*s can "
				"no longer insert",
				SLICE(n.name), SLICE(c->name));
	}
}

const struct rule rule_add_column_required = {
	.id = "add-column-required",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DATA), /* SQLite's rebuild copies */
	.says = "NOT NULL without a default fails on a table with rows, and breaks running inserts",
	.why = "Existing rows have no value for the column, so the server refuses (MySQL invents "
	       "one); "
	       "and code that runs already inserts without it.",
	.safe = "Add it nullable or with a constant default, fill it, make it NOT NULL afterwards.",
	.doc = ALTER_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN email text NOT NULL;",
	.good = "ALTER TABLE users ADD COLUMN email text NOT NULL DEFAULT '';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_required,
};

static void check_inline_unique(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (!adds_column(j, c, &n))
			continue;
		for (size_t i = 0; i < c->def->nparts; i++) {
			const struct object *p = c->def->parts[i];

			if (p->type == OBJECT_CONSTRAINT &&
				(slice_is(p->constraint.kind, "unique") ||
					slice_is(p->constraint.kind, "primary key")))
				on_change(j, r, c, shown(j, n, c->name),
					"an index is built while reads and writes of %.*s wait",
					SLICE(n.name));
		}
	}
}

const struct rule rule_add_column_inline_unique = {
	.id = "add-column-inline-unique",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "an index is built while reads and writes of the table wait",
	.why = "UNIQUE or PRIMARY KEY in ADD COLUMN builds its index under ACCESS EXCLUSIVE.",
	.safe = "Add the column; CREATE UNIQUE INDEX CONCURRENTLY; ADD CONSTRAINT … USING INDEX.",
	.doc = ALTER_DOC,
	.setup = "CREATE TABLE users (id bigint);",
	.bad = "ALTER TABLE users ADD COLUMN email text UNIQUE;",
	.good = "ALTER TABLE users ADD COLUMN email text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_inline_unique,
	.hides = hides_work,
};

/* A statement rewrites its table once, however many columns change their type. */
static void check_type(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		const struct touched *w;
		struct name n;

		if ((c->kind != CHANGE_ALTER_TYPE && c->kind != CHANGE_SET_EXPRESSION) ||
			(c->flags & CHANGE_INNER) || !existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		w = rewrite_of(j, n);
		if (!w)
			continue;
		add_needs(on_change(j, r, c, shown(j, n, c->name),
				  "%.*s is rewritten while reads and writes wait", SLICE(n.name)),
			w, j->effect);
		return;
	}
}

const struct rule rule_column_type_rewrite = {
	.id = "column-type-rewrite",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the whole table is rewritten while reads and writes wait",
	.why = "Most type changes, and SET EXPRESSION of a stored generated column, rewrite the "
	       "table and its indexes under ACCESS EXCLUSIVE. "
	       "Growing a "
	       "varchar, varchar to text, a wider numeric of the same scale cost nothing; int to "
	       "bigint "
	       "rewrites.",
	.safe = "A new column of the new type, kept in step by a trigger, filled in batches, then "
		"swapped "
		"by renaming.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-NOTES",
	.setup = "CREATE TABLE metrics (id bigint PRIMARY KEY, value integer, name varchar(20));",
	.bad = "ALTER TABLE metrics ALTER COLUMN value TYPE bigint;",
	.good = "ALTER TABLE metrics ALTER COLUMN name TYPE varchar(50);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_type,
	.hides = hides_work,
};

static bool asks_for_no_copy(const struct change *c)
{
	for (size_t i = 0; i < c->settings.n; i++)
		if (slice_iis(c->settings.at[i], "algorithm=instant") ||
			slice_iis(c->settings.at[i], "algorithm=nocopy") ||
			slice_iis(c->settings.at[i], "algorithm=inplace"))
			return true;
	return false;
}

static void check_mysql_copy(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct finding *f;
		struct name n;

		if ((c->kind != CHANGE_MODIFY_COLUMN && c->kind != CHANGE_CONVERT_CHARSET) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		/* Who asks for another algorithm is refused rather than copied. */
		if (!j->effect->algorithm || strcmp(j->effect->algorithm, "COPY") != 0 ||
			asks_for_no_copy(c))
			continue;
		/* One copy, however many columns it is for. */
		f = on_change(j, r, c, shown(j, n, c->name),
			"%.*s is copied row by row while writes wait", SLICE(n.name));
		if (!j->effect->certain) {
			f->certain = false;
			f->needs = j->effect->needs;
		}
		return;
	}
}

const struct rule rule_mysql_column_copy = {
	.id = "mysql-column-copy",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the table is copied row by row while writes wait",
	.why = "A change of type, character set or enum order needs ALGORITHM=COPY: the table is "
	       "copied "
	       "under a lock that blocks writes, and so it is on every replica, one after the "
	       "other.",
	.safe = "A new column filled in batches, or an online schema change tool.",
	.doc = "https://mariadb.com/kb/en/"
	       "innodb-online-ddl-operations-with-the-alter-copy-algorithm/",
	.setup = "CREATE TABLE metrics (id int PRIMARY KEY, value int);",
	.bad = "ALTER TABLE metrics MODIFY value bigint;",
	.good = "ALTER TABLE metrics ADD COLUMN value2 bigint;",
	.example_dialect = DIALECT_MARIADB,
	.check = check_mysql_copy,
	.hides = (const char *const[]){"table-copied", NULL},
};

static void check_not_null(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct touched *scan = NULL;
		const struct object *t;
		struct name n;

		if (c->kind != CHANGE_SET_NOT_NULL || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) ||
			(!t && facts_validated(j, n, c->name)))
			continue;
		scan = touched_of(j->effect->scans, j->effect->nscans, n);
		if (scan)
			add_needs(on_change(j, r, c, shown(j, n, c->name),
					  "%.*s is read in full while reads and writes wait, and "
					  "it fails on any NULL",
					  SLICE(n.name)),
				scan, j->effect);
	}
}

const struct rule rule_set_not_null_scan = {
	.id = "set-not-null-scan",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the table is read in full while reads and writes wait",
	.why = "SET NOT NULL looks at every row under ACCESS EXCLUSIVE, unless a validated CHECK "
	       "(column "
	       "IS NOT NULL) proves it already (PostgreSQL 12 and newer).",
	.safe = "ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT in "
		"another "
		"transaction; SET NOT NULL; DROP CONSTRAINT.",
	.doc = ALTER_DOC "#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text, name text, CONSTRAINT "
		 "name_set "
		 "CHECK (name IS NOT NULL));",
	.bad = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
	.good = "ALTER TABLE users ALTER COLUMN name SET NOT NULL;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_not_null,
	.hides = (const char *const[]){"set-not-null-unproven", "work-under-exclusive-lock", NULL},
};

bool is_new_column(struct judged *j, struct name table, const struct object *t, struct slice column)
{
	const struct object *col;

	if (facts_added(j->facts, table, column))
		return true;
	return t && catalog_part(j->before, t, OBJECT_COLUMN, column, &col) == PRESENT &&
	       born_here(j, col);
}

struct shim {
	struct name table;
	struct slice column;
};

/* A view under the table's name that shows the old column keeps old code alive. */
static bool is_shim(struct judged *j, const struct change *c, const void *arg)
{
	const struct shim *s = arg;

	return c->kind == CHANGE_CREATE_VIEW && is_table(j, c->target, s->table) && c->def &&
	       (names_has(c->def->view.columns, s->column) ||
		       slice_ifind(c->def->view.query.text, s->column) != SIZE_MAX);
}

/* ALTER TYPE … ATTRIBUTE is about a composite type. */
static enum object_type attribute_or_column(const struct change *c)
{
	return c->kind == CHANGE_ALTER_TYPE_ATTR ? OBJECT_TYPE : OBJECT_NONE;
}

static void check_rename_column(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		bool renames = c->kind == CHANGE_RENAME_COLUMN ||
			       (c->kind == CHANGE_ALTER_TYPE_ATTR && c->other.name.len) ||
			       (c->kind == CHANGE_MODIFY_COLUMN && c->other.name.len &&
				       !slice_ieq(c->other.name, c->name));
		struct name n;

		struct shim shim;

		if (!renames || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, attribute_or_column(c), &n, &t) ||
			is_new_column(j, n, t, c->name))
			continue;
		shim = (struct shim){n, c->name};
		if (later_in_tx(j, is_shim, &shim))
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"code that runs now still says %.*s, and fails from here on",
			SLICE(c->name));
	}
}

const struct rule rule_rename_column = {
	.id = "rename-column",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_RENAME) | RULE_CLASS(CLASS_ALTER),
	.says = "running code that uses the old name fails",
	.why = "During a deploy old and new code run side by side; no moment exists at which both "
	       "names "
	       "are right.",
	.safe = "Add the new column, write both, fill it, move the readers, drop the old one in a "
		"later "
		"release. Or a view that shows both names.",
	.doc = ALTER_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text);",
	.bad = "ALTER TABLE users RENAME COLUMN email TO email_address;",
	.good = "ALTER TABLE users ADD COLUMN email_address text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rename_column,
};

static bool is_word_byte(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool has_word(struct slice text, struct slice word)
{
	for (size_t at; word.len && (at = slice_ifind(text, word)) != SIZE_MAX;
		text = slice_from(text, at + word.len)) {
		size_t end = at + word.len;

		if ((at == 0 || !is_word_byte(text.at[at - 1])) &&
			(end == text.len || !is_word_byte(text.at[end])))
			return true;
	}
	return false;
}

/* orders or public.orders */
static bool names_table(struct slice read, struct slice table)
{
	size_t dot = slice_chr(read, '.');

	return slice_ieq(dot == SIZE_MAX ? read : slice_from(read, dot + 1), table);
}

static bool takes_from(const struct change *c, struct name table)
{
	if (c->kind == CHANGE_UPDATE && slice_ieq(c->target.name, table.name))
		return true;
	if (c->kind != CHANGE_INSERT && c->kind != CHANGE_UPDATE &&
		c->kind != CHANGE_CREATE_TABLE_AS)
		return false;
	for (size_t i = 0; i < c->reads.n; i++)
		if (names_table(c->reads.at[i], table.name))
			return true;
	return false;
}

/* Has a statement shortly before, in this script, put the values somewhere else? */
static bool copied_before(const struct judged *j, struct name table, struct slice column)
{
	enum { NEAR = 30, LONG = 8 << 10 };
	const struct script *s = &j->judge->unit->script;
	size_t here = s->n ? j->statement->index - s->at[0].index : 0;

	for (size_t i = here; i > 0 && i + NEAR > here; i--)
		for (size_t k = 0; k < s->at[i - 1].nchanges && k < NEAR; k++)
			if (s->at[i - 1].text.len <= LONG &&
				takes_from(&s->at[i - 1].changes[k], table) &&
				has_word(s->at[i - 1].text, column))
				return true;
	return false;
}

static bool drops_attribute(const struct judged *j, const struct change *c)
{
	return c->kind == CHANGE_ALTER_TYPE_ATTR && slice_istarts(c->value.text, "drop") &&
	       j->effect->nbreaks;
}

static void check_drop_column(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct name n;

		if (j->dialect == DIALECT_SQLITE)
			rebuild_loses(r, j, c);
		if ((c->kind != CHANGE_DROP_COLUMN && !drops_attribute(j, c)) ||
			(c->flags & CHANGE_INNER) ||
			!existed_before(j, c, attribute_or_column(c), &n, &t))
			continue;
		if (t && t->type == OBJECT_TABLE &&
			catalog_part(j->before, t, OBJECT_COLUMN, c->name, &col) == ABSENT)
			continue;
		if (is_new_column(j, n, t, c->name))
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"the data of %.*s is gone for good%s, and code that still uses it fails",
			SLICE(c->name),
			copied_before(j, n, c->name) ? ", but for what was copied above" : "");
	}
}

const struct rule rule_drop_column = {
	.id = "drop-column",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_DATA), /* SQLite's rebuild copies */
	.says = "the column's data is gone for good, and code that still uses it fails",
	.why = "No down script can bring the values back. Old code that runs during the deploy, "
	       "and "
	       "ORMs that list all columns, fail at once.",
	.safe = "Release code that does not use it, wait, then drop it in a later release; keep a "
		"copy if "
		"the values may be needed.",
	.doc = ALTER_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, legacy text);",
	.bad = "ALTER TABLE users DROP COLUMN legacy;",
	.good = "COMMENT ON COLUMN users.legacy IS 'unused since release 41';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_column,
};
