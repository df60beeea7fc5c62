/* rules_check.c - checks and domains: what they may say, and whether they were ever looked at. */
#include "lint/defined.h"

#include "engine/engine.h"

#include <stdint.h>

#define CHECK_DOC                                                                                  \
	"https://www.postgresql.org/docs/current/"                                                 \
	"ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS"
#define MAKES (RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER))

/* The clock and the session: constant within a statement only, and of no use in a CHECK. */
static bool is_clock(struct slice f)
{
	static const char *const clocks[] = {"now", "current_timestamp", "current_date",
		"current_time", "localtime", "localtimestamp", "transaction_timestamp",
		"statement_timestamp", "age", "current_user", "session_user", "user",
		"current_setting", "current_schema", NULL};
	size_t dot = slice_chr(f, '.');

	return is_one_of(dot == SIZE_MAX ? f : slice_from(f, dot + 1), clocks);
}

/* The first function of the expression that changes its mind; empty if none is known to. */
static struct slice moving_part(struct judged *j, const struct expr *e)
{
	const struct engine *engine = j->judge->in->engine;

	for (size_t i = 0; e->facts && engine->volatility && i < e->facts->functions.n; i++) {
		struct names one = {&e->facts->functions.at[i], 1};
		struct expr_facts facts = {.functions = one};
		struct expr call = {.text = e->text, .facts = &facts};
		char v = engine->volatility(j->arena, j->before, j->session, &call);

		if (v == 'v' || (v == 's' && is_clock(one.at[0])))
			return one.at[0];
	}
	return SLICE_NONE;
}

static void check_moving(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		for (size_t i = 0; (k = next_constraint(c, &i));) {
			struct slice f;

			if (!slice_is(k->constraint.kind, "check"))
				continue;
			f = moving_part(j, &k->constraint.expression);
			if (f.len)
				on_change(j, r, c, shown(j, c->target, k->name),
					"%.*s changes its mind: rows that were accepted may be "
					"refused on the next UPDATE, or when a dump is restored",
					SLICE(f));
		}
	}
}

const struct rule rule_check_volatile = {
	.id = "check-volatile",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = MAKES,
	.says = "the check depends on more than the row",
	.why = "The server checks a row when it is written and takes it for true for ever. With "
	       "now(), random() or a setting in it the same row fails later: an UPDATE of another "
	       "column, or the restore of a backup, is refused.",
	.safe = "A trigger for what is to hold at the moment of writing; immutable functions in a "
		"CHECK.",
	.doc = CHECK_DOC,
	.setup = "",
	.bad = "CREATE TABLE trips (id bigint PRIMARY KEY, starts timestamptz CHECK (starts > "
	       "now()));",
	.good = "CREATE TABLE trips (id bigint PRIMARY KEY, name text CHECK (lower(name) = "
		"name));",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_moving,
};

/* ---- Never looked at ---- */

static void finish_never_validated(const struct rule *r, struct judged *j)
{
	const struct object **tables;
	size_t n = catalog_list(j->before, OBJECT_TABLE, j->arena, &tables);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < tables[i]->nparts; k++) {
			const struct object *p = tables[i]->parts[k];
			struct name t = {tables[i]->schema, tables[i]->name};

			if (p->type != OBJECT_CONSTRAINT || !p->constraint.not_valid ||
				p->constraint.not_enforced || !span_is_reported(j, p->span))
				continue;
			finding_add(j, r, p->span, shown(j, t, p->name),
				"%.*s is NOT VALID to the end of the history: old rows of %.*s "
				"were never checked",
				SLICE(p->name), SLICE(t.name));
		}
}

const struct rule rule_never_validated = {
	.id = "never-validated",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "a NOT VALID constraint that no later migration validates",
	.why = "It holds for new rows only. The planner does not rely on it, SET NOT NULL and "
	       "ATTACH PARTITION cannot use it as proof, and an UPDATE of an old row that breaks "
	       "it fails on the day somebody touches it.",
	.safe = "ALTER TABLE … VALIDATE CONSTRAINT in a later migration.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html"
	       "#SQL-ALTERTABLE-DESC-VALIDATE-CONSTRAINT",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
	.bad = "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;",
	.good = "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID; ALTER "
		"TABLE orders VALIDATE CONSTRAINT positive;",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_never_validated,
};

static void check_unenforced(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		if (c->kind == CHANGE_ALTER_CONSTRAINT && c->def && c->def->constraint.not_enforced)
			on_change(j, r, c, shown(j, c->target, c->name),
				"the server stops looking at it");
		for (size_t i = 0; (k = next_constraint(c, &i));)
			if (k->constraint.not_enforced)
				on_change(j, r, c, shown(j, c->target, k->name),
					"the server never looks at it");
	}
}

const struct rule rule_not_enforced = {
	.id = "not-enforced",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = MAKES,
	.since = 180000,
	.says = "a NOT ENFORCED constraint promises what nobody checks",
	.why = "It is documentation that looks like a guarantee: neither old nor new rows are "
	       "checked.",
	.safe = "NOT VALID, then VALIDATE CONSTRAINT; NOT ENFORCED only where the data is checked "
		"elsewhere.",
	.doc = "https://www.postgresql.org/docs/18/sql-createtable.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
	.bad = "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT ENFORCED;",
	.good = "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;",
	.example_dialect = DIALECT_POSTGRES,
	.example_version = "18",
	.check = check_unenforced,
};

/* ---- Names ---- */

static void check_unnamed(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *k;

		for (size_t i = 0; (k = next_constraint(c, &i));) {
			struct slice kind = k->constraint.kind;

			/* Every tool knows how a table's own primary key is called. */
			if ((k->name.len && !k->generated_name) || slice_is(kind, "not null") ||
				(slice_is(kind, "primary key") && c->kind == CHANGE_CREATE_TABLE))
				continue;
			on_change(j, r, c, shown(j, c->target, k->name),
				"the server will choose the name of this %.*s", SLICE(kind));
		}
	}
}

const struct rule rule_unnamed_constraint = {
	.id = "unnamed-constraint",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = MAKES,
	.says = "the server chooses the constraint's name",
	.why = "A later migration has to name it to validate, change or drop it, and the chosen "
	       "name depends on what was there before: it may differ between two databases.",
	.safe = "CONSTRAINT name …",
	.doc = "https://www.postgresql.org/docs/current/ddl-constraints.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
	.bad = "ALTER TABLE orders ADD CHECK (total >= 0) NOT VALID;",
	.good = "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_unnamed,
};

/* ---- Dropping ---- */

static bool is_moot(struct judged *j, const struct change *c, const void *arg)
{
	const struct lost_part *l = arg;

	if (!is_table(j, c->target, l->table))
		return false;
	switch ((int)c->kind) {
	case CHANGE_ADD_CONSTRAINT:
	case CHANGE_ADD_CONSTRAINT_INDEX:
		return c->def && slice_ieq(c->def->name, l->name);
	case CHANGE_DROP_COLUMN:
		return names_has(l->columns, c->name);
	case CHANGE_DROP_TABLE:
		return true;
	}
	return false;
}

/* The scaffolding of a safe SET NOT NULL: the column itself says it now. */
static bool is_scaffold(struct judged *j, const struct object *table, const struct object *k)
{
	const struct expr *e = &k->constraint.expression;
	const struct object *col;

	return slice_is(k->constraint.kind, "check") && e->facts && e->facts->columns.n == 1 &&
	       slice_ifind(e->text, SL("is not null")) != SIZE_MAX &&
	       catalog_part(j->before, table, OBJECT_COLUMN, e->facts->columns.at[0], &col) ==
		       PRESENT &&
	       col->column.not_null;
}

static void check_drop(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *k;
		struct lost_part l = {.name = c->name};

		if (c->kind != CHANGE_DROP_CONSTRAINT || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_NONE, &l.table, &t))
			continue;
		k = dropped_constraint(j, c, t);
		/* IF EXISTS of what is known not to be there */
		if ((t && !k && j->effect->certain) || (k && is_scaffold(j, t, k)))
			continue;
		l.columns = k ? k->constraint.columns : (struct names){0};
		if (!here_or_later(j, is_moot, &l))
			on_change(j, r, c, shown(j, l.table, c->name),
				"what %.*s promised need not hold from here on", SLICE(c->name));
	}
}

const struct rule rule_drop_constraint = {
	.id = "drop-constraint",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "a guarantee goes, and with it the index behind it",
	.why = "Rows that come in without the constraint may make it impossible to add it again; "
	       "a unique or exclusion constraint takes its index along, and the queries that used "
	       "it. One that the same script replaces, and a CHECK (… IS NOT NULL) on a column "
	       "that is NOT NULL by now, are not meant.",
	.safe = "Add what replaces it first, with NOT VALID; drop the old one afterwards.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html"
	       "#SQL-ALTERTABLE-DESC-DROP-CONSTRAINT",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric, CONSTRAINT positive "
		 "CHECK (total >= 0));",
	.bad = "ALTER TABLE orders DROP CONSTRAINT positive;",
	.good = "ALTER TABLE orders DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK (total "
		"> 0) NOT VALID;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop,
};

/* ---- Domains ---- */

static void check_create_domain(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_CREATE_DOMAIN && c->def &&
			(c->def->type_.checks.n || c->def->type_.not_null))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"changing it later locks and reads every table that uses it");
	}
}

const struct rule rule_domain_constraint = {
	.id = "domain-constraint",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "a domain with a constraint is hard to change while it is in use",
	.why = "A new constraint on a domain is checked in every table that uses it, and adding a "
	       "column of such a domain rewrites its table.",
	.safe = "The base type, and a CHECK on each column.",
	.doc = "https://www.postgresql.org/docs/current/sql-createdomain.html",
	.setup = "",
	.bad = "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');",
	.good = "CREATE DOMAIN email AS text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_create_domain,
};

/* A domain that no migration made: which tables use it is not known, and some will. */
static void check_unknown_domain(const struct rule *r, struct judged *j, const struct change *c)
{
	struct finding *f;

	if ((c->flags & CHANGE_NOT_VALID) || !j->effect->needs.n ||
		(!slice_is(c->value.text, "add-constraint") &&
			!slice_is(c->value.text, "set-not-null")) ||
		catalog_find(j->before, j->session, OBJECT_TYPE, c->target, NULL) != UNKNOWN)
		return;
	f = on_change(j, r, c, shown(j, c->target, SLICE_NONE),
		"every table with a column of %.*s is read in full while its writes wait",
		SLICE(c->target.name));
	f->certain = false;
	f->needs = j->effect->needs;
}

static void check_domain_scan(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct touched *t = first_existing(j->effect->scans, j->effect->nscans);
		struct finding *f;

		if (c->kind != CHANGE_ALTER_DOMAIN ||
			slice_is(c->value.text, "validate-constraint"))
			continue;
		if (!t) {
			check_unknown_domain(r, j, c);
			continue;
		}
		f = on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"%.*s%s is read in full while its writes wait", SLICE(t->object.name),
			j->effect->nscans > 1 ? " and every other table that uses it" : "");
		f->certain = t->certain;
	}
}

const struct rule rule_domain_constraint_scan = {
	.id = "domain-constraint-scan",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "every table that uses the domain is read in full while its writes wait",
	.why = "ALTER DOMAIN ADD CONSTRAINT takes SHARE on all tables with a column of the domain "
	       "and looks at each row, one table after the other, keeping all locks. SET NOT NULL "
	       "does the same. With NOT VALID no table is touched.",
	.safe = "ADD CONSTRAINT … NOT VALID; then ALTER DOMAIN … VALIDATE CONSTRAINT in another "
		"transaction.",
	.doc = "https://www.postgresql.org/docs/current/sql-alterdomain.html",
	.setup = "CREATE DOMAIN email AS text; CREATE TABLE users (id bigint PRIMARY KEY, address "
		 "email);",
	.bad = "ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%');",
	.good = "ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%') NOT VALID;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_domain_scan,
};
