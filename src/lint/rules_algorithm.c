/* rules_algorithm.c - ALGORITHM and LOCK as written, and ALTER TABLEs that could be one. */
#include "lint/internal.h"

#define ONLINE_DOC "https://mariadb.com/kb/en/innodb-online-ddl-overview/"
#define CHANGES (RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_DROP))

/* The value of algorithm= or lock= as the statement has it; empty if it is not said. */
static struct slice setting(const struct change *c, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < c->settings.n; i++)
		if (slice_istarts(c->settings.at[i], name) && c->settings.at[i].len > n &&
			c->settings.at[i].at[n] == '=')
			return slice_from(c->settings.at[i], n + 1);
	return SLICE_NONE;
}

static bool is_said(struct slice value)
{
	return value.len && !slice_iis(value, "default");
}

static void check_asserted(const struct rule *r, struct judged *j)
{
	if (!j->effect->algorithm)
		return;
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		if (!is_said(setting(c, "algorithm")) && !is_said(setting(c, "lock")))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"if %s does not work out, the server copies %.*s without a word",
				j->effect->algorithm, SLICE(n.name));
		return;
	}
}

const struct rule rule_algorithm_not_asserted = {
	.id = "algorithm-not-asserted",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = CHANGES,
	.says = "the server may choose to copy the table",
	.why = "Without ALGORITHM= and LOCK= the server takes the best way that the table allows, "
	       "down to a copy that blocks all writes. What it takes depends on the version, on "
	       "row formats and on earlier changes of the same table.",
	.safe = "ALGORITHM=INSTANT, or ALGORITHM=INPLACE, LOCK=NONE: the statement then fails at "
		"once where it cannot be had.",
	.doc = ONLINE_DOC,
	.setup = "CREATE TABLE t (id int PRIMARY KEY);",
	.bad = "ALTER TABLE t ADD COLUMN a int;",
	.good = "ALTER TABLE t ADD COLUMN a int, ALGORITHM=INSTANT;",
	.example_dialect = DIALECT_MARIADB,
	.check = check_asserted,
};

/* A collation that is written out, over one that the server chose: the history does not say which
 * it was, so what the change needs is not known. */
static bool collates(const struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_MODIFY_COLUMN && c->def &&
			(c->def->column.collation.len || c->def->column.charset.len))
			return true;
	}
	return false;
}

/* The words that ask for more than the best way needs; NULL if none do. */
static const char *asks_for_more(const struct judged *j, const struct change *c)
{
	struct slice lock = setting(c, "lock");

	if (!j->effect->algorithm || strcmp(j->effect->algorithm, "COPY") == 0 || collates(j))
		return NULL;
	if (slice_iis(setting(c, "algorithm"), "copy"))
		return "ALGORITHM=COPY";
	if (!j->effect->lock_clause || strcmp(j->effect->lock_clause, "NONE") != 0)
		return NULL;
	return slice_iis(lock, "shared")      ? "LOCK=SHARED"
	       : slice_iis(lock, "exclusive") ? "LOCK=EXCLUSIVE"
					      : NULL;
}

static void check_copy(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const char *words = asks_for_more(j, c);
		const struct object *t;
		struct name n;

		if (!words || !existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%s is asked for: writes of %.*s wait, and %s would do", words,
			SLICE(n.name), j->effect->algorithm);
		return;
	}
}

const struct rule rule_algorithm_copy = {
	.id = "algorithm-copy",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = CHANGES,
	.says = "more is locked than the change needs, because the statement says so",
	.why = "ALGORITHM=COPY, LOCK=SHARED and LOCK=EXCLUSIVE are taken at their word, also where "
	       "the change could run beside reads and writes.",
	.safe = "ALGORITHM=INSTANT, or ALGORITHM=INPLACE, LOCK=NONE.",
	.doc = ONLINE_DOC,
	.setup = "CREATE TABLE t (id int PRIMARY KEY);",
	.bad = "ALTER TABLE t ADD COLUMN a int, ALGORITHM=COPY;",
	.good = "ALTER TABLE t ADD COLUMN a int, ALGORITHM=INSTANT;",
	.example_dialect = DIALECT_MARIADB,
	.check = check_copy,
	.hides = (const char *const[]){"table-copied", NULL},
};

/* ---- Several that could be one ---- */

/* Can it stand in one ALTER TABLE with others without holding its lock for longer? */
static bool combines(const struct change *c)
{
	switch ((int)c->kind) {
	case CHANGE_ADD_COLUMN:
	case CHANGE_DROP_COLUMN:
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
	case CHANGE_DROP_NOT_NULL:
	case CHANGE_ALTER_TYPE:
	case CHANGE_MODIFY_COLUMN:
	case CHANGE_DROP_CONSTRAINT:
	case CHANGE_SET_STORAGE:
		return true;
	}
	return false;
}

static bool all_combine(const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if (!combines(&st->changes[i]))
			return false;
	return st->nchanges && st->kind && strcmp(st->kind, "ALTER TABLE") == 0;
}

static void check_split(const struct rule *r, struct judged *j)
{
	const struct statement *st = j->statement, *last;
	const struct object *t;
	struct name n;

	if (!st->index || !all_combine(st))
		return;
	last = &j->judge->unit->script.at[st->index - 1];
	if (!all_combine(last) ||
		!slice_eq(last->changes[0].target.name, st->changes[0].target.name) ||
		!slice_eq(last->changes[0].target.schema, st->changes[0].target.schema) ||
		!existed_before(j, &st->changes[0], OBJECT_NONE, &n, &t))
		return;
	on_change(j, r, &st->changes[0], shown(j, n, SLICE_NONE),
		"it could be one statement with the ALTER TABLE before it: one lock to wait for "
		"instead of two");
}

const struct rule rule_split_alter_table = {
	.id = "split-alter-table",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "two ALTER TABLEs of the same table that could be one",
	.why = "Each waits for its lock and queues everybody behind it; where tables are rewritten "
	       "or copied, it is done twice.",
	.safe = "ALTER TABLE table ADD COLUMN …, ADD COLUMN …;",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN a text; ALTER TABLE users ADD COLUMN b text;",
	.good = "ALTER TABLE users ADD COLUMN a text, ADD COLUMN b text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_split,
};

static void check_redo_flaw(const struct rule *r, struct judged *j)
{
	if (!j->effect->algorithm || strcmp(j->effect->algorithm, "INSTANT") != 0)
		return;
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;
		bool column = c->kind == CHANGE_DROP_COLUMN ||
			      (c->kind == CHANGE_ADD_COLUMN &&
				      !slice_is(c->def->column.generated, "virtual"));

		if (!column || !existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		if (slice_iis(setting(c, "algorithm"), "inplace") ||
			slice_iis(setting(c, "algorithm"), "copy"))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"after it a crash, or a backup that is prepared, can damage %.*s",
			SLICE(n.name));
		return;
	}
}

const struct rule rule_instant_redo_flaw = {
	.id = "instant-redo-flaw",
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL,
	.classes = CHANGES,
	.since = 80029,
	.until = 80032,
	.says = "MySQL 8.0.29 to 8.0.31 can damage tables whose columns changed instantly",
	.why = "8.0.29 came with instant DROP COLUMN and a new form of the redo log, which "
	       "recovery "
	       "misread for tables with such changes: rows were damaged after a crash. Percona "
	       "XtraBackup refuses those tables up to 8.0.31. INSTANT is what ALTER TABLE takes "
	       "when it says nothing.",
	.safe = "MySQL 8.0.32 or later; until then ALGORITHM=INPLACE, and OPTIMIZE TABLE for "
		"tables that have row versions in information_schema.INNODB_TABLES.",
	.doc = "https://docs.percona.com/percona-xtrabackup/8.0/em/instant.html",
	.setup = "CREATE TABLE t (id int PRIMARY KEY, a int);",
	.bad = "ALTER TABLE t DROP COLUMN a;",
	.good = "ALTER TABLE t DROP COLUMN a, ALGORITHM=INPLACE, LOCK=NONE;",
	.example_dialect = DIALECT_MYSQL,
	.example_version = "8.0.30",
	.check = check_redo_flaw,
};
