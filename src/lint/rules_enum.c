/* rules_enum.c - enum types: values that come, change their name, go. */
#include "lint/defined.h"

#define TYPE_DOC "https://www.postgresql.org/docs/current/sql-altertype.html"

static void check_position(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_ADD_ENUM_VALUE && !c->list.n)
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"'%.*s' comes after whatever is last in this database",
				SLICE(c->value.text));
	}
}

const struct rule rule_enum_value_position = {
	.id = "enum-value-position",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "the new value's place in the order is left to chance",
	.why = "ORDER BY and comparisons use the order of the values. Without BEFORE or AFTER it "
	       "depends on the order in which migrations reached this database.",
	.safe = "ADD VALUE … AFTER 'neighbour'.",
	.doc = TYPE_DOC,
	.setup = "CREATE TYPE mood AS ENUM ('sad', 'ok');",
	.bad = "ALTER TYPE mood ADD VALUE 'happy';",
	.good = "ALTER TYPE mood ADD VALUE 'happy' AFTER 'ok';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_position,
};

static void check_rename_value(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (c->kind == CHANGE_RENAME_ENUM_VALUE &&
			existed_before(j, c, OBJECT_TYPE, &n, &t))
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"code that runs now still says '%.*s', and fails from here on",
				SLICE(c->name));
	}
}

const struct rule rule_enum_rename_value = {
	.id = "enum-rename-value",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_RENAME) | RULE_CLASS(CLASS_ALTER),
	.says = "running code that uses the old value fails",
	.why = "Code that reads or writes the old label fails: invalid input value for enum. "
	       "Logical subscribers, which get labels as text, stop replicating until they are "
	       "changed too.",
	.safe = "ADD VALUE, release code that knows both, move the rows in batches; the old value "
		"stays unused.",
	.doc = TYPE_DOC,
	.setup = "CREATE TYPE mood AS ENUM ('sad', 'ok');",
	.bad = "ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';",
	.good = "ALTER TYPE mood ADD VALUE 'unhappy' BEFORE 'ok';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_rename_value,
};

/* The name that the dropped type had when this script began: X, if X was renamed to it. */
static struct slice first_name(struct judged *j, struct slice name)
{
	const struct script *s = &j->judge->unit->script;

	for (size_t i = 0; i < s->n && i < j->statement->index; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (s->at[i].changes[k].kind == CHANGE_RENAME_OTHER &&
				s->at[i].changes[k].type == OBJECT_TYPE &&
				slice_eq(s->at[i].changes[k].other.name, name))
				return s->at[i].changes[k].target.name;
	return name;
}

/* A value that the type which took its place does not have. */
static struct slice lost_value(struct judged *j, const struct change *c, const struct object *t)
{
	struct slice was = first_name(j, t->name);
	const struct object *now;

	if (slice_eq(was, t->name) ||
		catalog_find(j->before, j->session, OBJECT_TYPE,
			(struct name){c->target.schema, was}, &now) != PRESENT)
		return SLICE_NONE;
	for (size_t i = 0; i < t->type_.labels.n; i++)
		if (!names_has(now->type_.labels, t->type_.labels.at[i]))
			return t->type_.labels.at[i];
	return SLICE_NONE;
}

static void check_enum_drop(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct slice lost;
		struct name n;

		if (c->kind != CHANGE_DROP_TYPE || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_TYPE, &n, &t) || !t ||
			!slice_is(t->type_.kind, "enum"))
			continue;
		lost = lost_value(j, c, t);
		if (lost.len)
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"'%.*s' is no value any more: rows and running code that have it "
				"fail",
				SLICE(lost));
		else if ((c->flags & CHANGE_CASCADE) && j->effect->ndestroys > 1)
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"the columns of this type go with it");
	}
}

const struct rule rule_enum_drop = {
	.id = "enum-drop",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "an enum value that rows or running code still have goes",
	.why = "A value cannot be dropped, so the type is made again without it. The conversion "
	       "fails on the first row that has the value, rewrites the table, and code that still "
	       "writes the value fails afterwards. DROP TYPE … CASCADE drops the columns. A new "
	       "type with at least the old values is fine.",
	.safe = "Keep the value, unused.",
	.doc = "https://www.postgresql.org/docs/current/sql-droptype.html",
	.setup = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE people (id bigint PRIMARY "
		 "KEY, mood mood);",
	.bad = "BEGIN; ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('ok'); ALTER "
	       "TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood; DROP TYPE "
	       "mood_old; COMMIT;",
	.good = "BEGIN; ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('ok', 'sad', "
		"'fine'); ALTER TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood; "
		"DROP TYPE mood_old; COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_enum_drop,
};

static void check_enum_type(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *col;

		if (c->kind == CHANGE_CREATE_TYPE && c->def && slice_is(c->def->type_.kind, "enum"))
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"values of an enum can be added, never taken away");
		for (size_t i = 0; dialect_is_mysql(j->dialect) && (col = next_column(c, &i));)
			if (slice_istarts(col->column.type, "enum"))
				on_change(j, r, c, shown(j, c->target, col->name),
					"values of an enum can be added cheaply at its end only");
	}
}

const struct rule rule_enum_type = {
	.id = "enum-type",
	.tier = TIER_POLICY,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "an enum type",
	.why = "Values can be added and renamed, not dropped or put in another order; in a "
	       "transaction a new one cannot be used yet.",
	.safe = "A table of values with a foreign key, or text with a CHECK.",
	.doc = "https://www.postgresql.org/docs/current/datatype-enum.html",
	.setup = "",
	.bad = "CREATE TYPE mood AS ENUM ('sad', 'ok');",
	.good = "CREATE TABLE moods (mood text PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_enum_type,
};
