/* rules_policy.c - what a project asks of its own migrations. Silent until belay.yml asks. */
#include "lint/policies.h"

#include <stdint.h>
#include <stdio.h>

#define FOR_POLICIES(j, p)                                                                         \
	for (const struct policy *                                                                 \
			p = (j)->judge->in->policies,                                              \
		       *p##_end = (j)->judge->in->npolicies ? p + (j)->judge->in->npolicies : p;   \
		p < p##_end; p++)                                                                  \
		if (policy_on_path(p, path_of(j)))

static const char *path_of(const struct judged *j)
{
	return j->judge->unit && j->judge->unit->src ? j->judge->unit->src->path : NULL;
}

/* The policy's own words and severity win over the rule's. */
static void as_policy(struct finding *f, const struct policy *p)
{
	if (p->because)
		f->why = slice_of(p->because);
	if (p->severity && f->rule)
		f->severity = (enum severity)p->severity;
}

static const struct object *part_of(
	const struct object *t, enum object_type type, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == type && slice_eq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

/* CREATE TABLE IF NOT EXISTS of a table that was there makes nothing. */
static bool was_made_by(const struct object *t, const struct statement *st, const struct change *c)
{
	struct span at = t->span;

	if (!(c->flags & CHANGE_IF_NOT_EXISTS) || !at.src)
		return true;
	return at.src == st->span.src && at.off >= st->span.off &&
	       at.off <= st->span.off + st->span.len;
}

/* IF NOT EXISTS where nobody knows what is there: as it is written, and not certain. */
static const struct object *as_written(struct judged *j, const struct change *c)
{
	struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
	struct object *t;

	if (!c->def || c->def->type != OBJECT_TABLE)
		return NULL;
	t = ARENA_NEW(j->arena, struct object);
	*t = *c->def;
	t->schema = n.schema;
	t->name = n.name;
	return t;
}

static const struct object *new_table(
	struct judged *j, const struct statement *st, const struct change *c, bool *certain)
{
	const struct object *t = NULL;

	if ((c->kind != CHANGE_CREATE_TABLE && c->kind != CHANGE_CREATE_TABLE_AS) ||
		(c->flags & CHANGE_TEMPORARY))
		return NULL;
	*certain = true;
	switch (catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t)) {
	case ABSENT:
		return NULL;
	case UNKNOWN:
		*certain = false;
		t = as_written(j, c);
		break;
	case PRESENT:
		if (!was_made_by(t, st, c))
			return NULL;
		break;
	}
	if (!t || slice_is(t->table_.persistence, "temporary") || t->table_.partition_of.name.len)
		return NULL;
	return t;
}

/* The tables that this script made and left: `each` is told with the statement that made it. */
static void for_new_tables(const struct rule *r, struct judged *j,
	void (*each)(const struct rule *r, struct judged *j, const struct change *c,
		const struct object *t))
{
	const struct script *s = &j->judge->unit->script;
	struct verdict *v = j->judge->out;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *c = &s->at[i].changes[k];
			size_t first = v->nfindings;
			bool certain = true;
			const struct object *t = new_table(j, &s->at[i], c, &certain);

			if (!t)
				continue;
			j->statement = &s->at[i];
			each(r, j, c, t);
			j->statement = NULL;
			for (; !certain && first < v->nfindings; first++) {
				v->findings[first].certain = false;
				names_add(j->arena, &v->findings[first].needs,
					arena_printf(j->arena, "whether %.*s is there already",
						SLICE(t->name)));
			}
		}
}

/* ---- required-column-missing ---- */

static bool key_is(const struct object *have, const struct object *want)
{
	const struct constraint_def *h = &have->constraint, *w = &want->constraint;

	return have->type == OBJECT_CONSTRAINT && slice_is(h->kind, "foreign key") &&
	       names_eq(h->columns, w->columns) && slice_eq(h->ref_table.name, w->ref_table.name) &&
	       (slice_empty(w->ref_table.schema) ||
		       slice_eq(h->ref_table.schema, w->ref_table.schema)) &&
	       (w->ref_columns.n == 0 || h->ref_columns.n == 0 ||
		       names_eq(h->ref_columns, w->ref_columns));
}

static bool has_key(const struct object *t, const struct object *want)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (key_is(t->parts[i], want))
			return true;
	return false;
}

/* What is wrong with the column, empty if nothing is. */
static struct slice column_fault(
	struct judged *j, const struct object *t, const struct wanted_column *w)
{
	const struct object *have = part_of(t, OBJECT_COLUMN, w->column->name);
	struct slice name = w->column->name;

	if (!have)
		return arena_printf(
			j->arena, "%.*s has no column %.*s", SLICE(t->name), SLICE(name));
	if (!slice_ieq(have->column.type, w->column->column.type))
		return arena_printf(j->arena, "column %.*s of %.*s is %.*s, not %.*s", SLICE(name),
			SLICE(t->name), SLICE(have->column.type), SLICE(w->column->column.type));
	if (w->column->column.not_null && !have->column.not_null)
		return arena_printf(
			j->arena, "column %.*s of %.*s may be NULL", SLICE(name), SLICE(t->name));
	if (w->key && !has_key(t, w->key))
		return arena_printf(j->arena, "column %.*s of %.*s does not refer to %.*s",
			SLICE(name), SLICE(t->name), SLICE(w->key->constraint.ref_table.name));
	return SLICE_NONE;
}

static void required_in(
	const struct rule *r, struct judged *j, const struct change *c, const struct object *t)
{
	FOR_POLICIES(j, p)
	{
		const struct prepared *ready = &j->judge->policies[p - j->judge->in->policies];
		struct name n = {t->schema, t->name};

		for (size_t i = 0; i < p->ncolumns && policy_on_table(j->arena, p, n); i++) {
			struct slice fault = column_fault(j, t, &ready->columns[i]);
			struct finding *f;

			if (slice_empty(fault))
				continue;
			f = on_change(j, r, c, shown(j, n, SLICE_NONE),
				"%.*s: every new table here has %.*s", SLICE(fault),
				SLICE(p->columns[i].text));
			f->safe = arena_printf(j->arena, "CREATE TABLE %.*s (…, %.*s);",
				SLICE(shown(j, n, SLICE_NONE)), SLICE(p->columns[i].text));
			as_policy(f, p);
		}
	}
}

static void after_required(const struct rule *r, struct judged *j)
{
	for_new_tables(r, j, required_in);
}

const struct rule rule_required_column_missing = {
	.id = "required-column-missing",
	.tier = TIER_POLICY,
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.says = "a new table lacks a column that every table here has",
	.why = "The project has decided that tables of this kind carry this column, so that rows "
	       "can "
	       "be traced; a table without it is found out only when somebody needs the trace.",
	.safe = "Add the column to the CREATE TABLE; later it costs a backfill.",
	.doc = "https://www.postgresql.org/docs/current/sql-createtable.html",
	.config = "policies:\n"
		  "  - tables: etl.*\n"
		  "    columns:\n"
		  "      - load_id integer references load(id)\n",
	.setup = "CREATE TABLE load (id integer PRIMARY KEY); CREATE SCHEMA etl;",
	.bad = "CREATE TABLE etl.orders (id bigint PRIMARY KEY, load_id text);",
	.good = "CREATE TABLE etl.orders (id bigint PRIMARY KEY, load_id int REFERENCES load "
		"(id));",
	.example_dialect = DIALECT_POSTGRES,
	.after = after_required,
};

/* ---- comment-required ---- */

static void comment_column(const struct rule *r, struct judged *j, const struct policy *p,
	const struct change *c, const struct object *column)
{
	struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

	if (!p->column_comments || column->comment.len)
		return;
	as_policy(on_change(j, r, c, shown(j, n, column->name),
			  "column %.*s of %.*s has no comment", SLICE(column->name), SLICE(n.name)),
		p);
}

static void comment_in(
	const struct rule *r, struct judged *j, const struct change *c, const struct object *t)
{
	FOR_POLICIES(j, p)
	{
		struct name n = {t->schema, t->name};

		if (!policy_on_table(j->arena, p, n))
			continue;
		if (p->table_comments && slice_empty(t->comment))
			as_policy(on_change(j, r, c, shown(j, n, SLICE_NONE),
					  "table %.*s has no comment", SLICE(n.name)),
				p);
		for (size_t i = 0; i < t->nparts; i++)
			if (t->parts[i]->type == OBJECT_COLUMN)
				comment_column(r, j, p, c, t->parts[i]);
	}
}

static void comment_added(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *t, *column;

	if (catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) != PRESENT)
		return;
	column = part_of(t, OBJECT_COLUMN, c->name);
	FOR_POLICIES(j, p)
	{
		if (column && policy_on_table(j->arena, p, (struct name){t->schema, t->name}))
			comment_column(r, j, p, c, column);
	}
}

static void after_comment(const struct rule *r, struct judged *j)
{
	const struct script *s = &j->judge->unit->script;

	for_new_tables(r, j, comment_in);
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (s->at[i].changes[k].kind == CHANGE_ADD_COLUMN) {
				j->statement = &s->at[i];
				comment_added(r, j, &s->at[i].changes[k]);
			}
	j->statement = NULL;
}

const struct rule rule_comment_required = {
	.id = "comment-required",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.says = "a new table or column has no comment",
	.why = "The project wants its schema to explain itself to whoever reads it in a client.",
	.safe = "COMMENT ON in the same migration (MySQL: COMMENT 'words' in the definition).",
	.doc = "https://www.postgresql.org/docs/current/sql-comment.html",
	.config = "policies:\n"
		  "  - comments: [table]\n",
	.setup = "",
	.bad = "CREATE TABLE orders (id bigint PRIMARY KEY);",
	.good = "CREATE TABLE orders (id bigint PRIMARY KEY); COMMENT ON TABLE orders IS 'What was "
		"bought';",
	.example_dialect = DIALECT_POSTGRES,
	.after = after_comment,
};

/* ---- forbidden-operation ---- */

static bool forbids(const struct policy *p, enum change_kind k)
{
	for (size_t i = 0; i < p->nforbid; i++)
		if (p->forbid[i] == k)
			return true;
	return false;
}

static void check_forbidden(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

		FOR_POLICIES(j, p)
		{
			if (!forbids(p, c->kind) || !policy_on_table(j->arena, p, n))
				continue;
			as_policy(on_change(j, r, c,
					  c->target.name.len ? shown(j, n, c->name) : SLICE_NONE,
					  "%s is not allowed here", change_words(c->kind)),
				p);
			break;
		}
	}
}

const struct rule rule_forbidden_operation = {
	.id = "forbidden-operation",
	.tier = TIER_POLICY,
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.says = "the project does not allow this kind of change here",
	.why = "belay.yml forbids it for these tables or files.",
	.safe = "Ask those who wrote the policy; an exception is one line of allow in belay.yml.",
	.doc = "https://www.postgresql.org/docs/current/sql-commands.html",
	.config = "policies:\n"
		  "  - forbid: [drop table, truncate]\n"
		  "    because: tables are dropped by the platform team\n",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "DROP TABLE users;",
	.good = "ALTER TABLE users RENAME TO users_old;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_forbidden,
};

/* ---- naming-convention ---- */

struct named {
	enum naming_kind kind;
	struct slice name, columns;
	struct name table; /* of parts; the table itself */
};

static const char *pattern_for(const struct policy *p, enum naming_kind k)
{
	bool constraint = k == NAMING_PRIMARY_KEY || k == NAMING_FOREIGN_KEY ||
			  k == NAMING_UNIQUE || k == NAMING_CHECK;

	if (p->naming[k])
		return p->naming[k];
	if (k == NAMING_UNIQUE_INDEX)
		return p->naming[NAMING_INDEX];
	return constraint ? p->naming[NAMING_CONSTRAINT] : NULL;
}

static void check_name(
	const struct rule *r, struct judged *j, const struct change *c, const struct named *n)
{
	FOR_POLICIES(j, p)
	{
		const char *pattern = pattern_for(p, n->kind);
		struct finding *f;

		if (!pattern || slice_empty(n->name) || !policy_on_table(j->arena, p, n->table) ||
			naming_fits(j->arena, pattern, n->name, n->table.name, n->columns))
			continue;
		f = on_change(j, r, c,
			shown(j, n->table, slice_eq(n->name, n->table.name) ? SLICE_NONE : n->name),
			"the name of %s %.*s does not fit %s", naming_word(n->kind), SLICE(n->name),
			pattern);
		as_policy(f, p);
	}
}

static struct slice joined(struct arena *a, struct names columns)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < columns.n; i++) {
		struct slice one = columns.at[i], rest = one;

		if (one.len && (one.at[0] == '"' || one.at[0] == '`')) {
			rest = slice_from(one, 1);
			slice_next(&rest, one.at[0], &one);
		} else {
			slice_next(&rest, ' ', &one);
			rest = one;
			slice_next(&rest, '(', &one);
		}
		buf_printf(&b, "%s%.*s", i ? "_" : "", SLICE(one));
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static enum naming_kind kind_of_constraint(struct slice kind)
{
	return slice_is(kind, "primary key")   ? NAMING_PRIMARY_KEY
	       : slice_is(kind, "foreign key") ? NAMING_FOREIGN_KEY
	       : slice_is(kind, "unique")      ? NAMING_UNIQUE
	       : slice_is(kind, "check")       ? NAMING_CHECK
					       : NAMING_CONSTRAINT;
}

/* A part that is defined here, with a name that the author gave it. */
static void check_part(const struct rule *r, struct judged *j, const struct change *c,
	const struct object *o, struct name table)
{
	struct named n = {.name = o->name, .table = table};

	if (o->generated_name)
		return;
	if (o->type == OBJECT_COLUMN) {
		n.kind = NAMING_COLUMN;
	} else if (o->type == OBJECT_CONSTRAINT) {
		n.kind = kind_of_constraint(o->constraint.kind);
		n.columns = joined(j->arena, o->constraint.columns);
		/* MySQL's primary key cannot be named. */
		if (n.kind == NAMING_PRIMARY_KEY && dialect_is_mysql(j->dialect))
			return;
	} else if (o->type == OBJECT_INDEX && slice_empty(o->index.constraint)) {
		n.kind = o->index.unique ? NAMING_UNIQUE_INDEX : NAMING_INDEX;
		n.columns = joined(j->arena, o->index.keys);
	} else {
		return;
	}
	check_name(r, j, c, &n);
}

static void check_parts(
	const struct rule *r, struct judged *j, const struct change *c, struct name table)
{
	for (size_t i = 0; c->def && i < c->def->nparts; i++)
		check_part(r, j, c, c->def->parts[i], table);
}

/* What is made or renamed as a whole: the kind of its name. */
static bool whole_kind(const struct change *c, enum naming_kind *k)
{
	static const struct {
		enum change_kind change;
		enum naming_kind kind;
	} rows[] = {{CHANGE_CREATE_TABLE, NAMING_TABLE}, {CHANGE_CREATE_TABLE_AS, NAMING_TABLE},
		{CHANGE_CREATE_VIEW, NAMING_VIEW}, {CHANGE_CREATE_MATVIEW, NAMING_VIEW},
		{CHANGE_CREATE_SEQUENCE, NAMING_SEQUENCE}, {CHANGE_CREATE_TYPE, NAMING_TYPE},
		{CHANGE_CREATE_DOMAIN, NAMING_TYPE}, {CHANGE_CREATE_FUNCTION, NAMING_FUNCTION},
		{CHANGE_CREATE_SCHEMA, NAMING_SCHEMA}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].change == c->kind) {
			*k = rows[i].kind;
			return true;
		}
	return false;
}

static void check_renamed(
	const struct rule *r, struct judged *j, const struct change *c, struct name t)
{
	struct named n = {.name = c->other.name, .table = t};

	if (c->kind == CHANGE_RENAME_TABLE) {
		n.kind = NAMING_TABLE;
		n.table.name = c->other.name;
	} else if (c->kind == CHANGE_RENAME_COLUMN || c->kind == CHANGE_MODIFY_COLUMN) {
		n.kind = NAMING_COLUMN;
	} else {
		return; /* an index or constraint: its columns are not at hand */
	}
	check_name(r, j, c, &n);
}

static void check_naming(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name t = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
		struct named n = {.name = c->target.name, .table = t};

		if (whole_kind(c, &n.kind)) {
			size_t args = slice_chr(n.name, '(');

			if (c->kind == CHANGE_CREATE_FUNCTION && args != SIZE_MAX)
				n.name.len = args;
			check_name(r, j, c, &n);
			check_parts(r, j, c, t);
		} else if (c->kind == CHANGE_ADD_COLUMN) {
			n.kind = NAMING_COLUMN;
			n.name = c->name;
			check_name(r, j, c, &n);
			check_parts(r, j, c, t);
		} else if ((c->kind == CHANGE_CREATE_INDEX || c->kind == CHANGE_ADD_CONSTRAINT ||
				   c->kind == CHANGE_ADD_CONSTRAINT_INDEX) &&
			   c->def) {
			check_part(r, j, c, c->def, t);
		} else if (c->kind == CHANGE_CREATE_TRIGGER) {
			n.kind = NAMING_TRIGGER;
			n.name = c->name;
			check_name(r, j, c, &n);
		} else if (c->other.name.len) {
			check_renamed(r, j, c, t);
		}
	}
}

const struct rule rule_naming_convention = {
	.id = "naming-convention",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.says = "a new name does not fit the project's pattern",
	.why = "A name that is out of line is looked for in vain, and renaming it later breaks "
	       "running "
	       "code.",
	.safe = "Rename it before the migration is merged.",
	.doc = "https://www.postgresql.org/docs/current/sql-syntax-lexical.html",
	.config = "policies:\n"
		  "  - naming:\n"
		  "      table: '[a-z][a-z0-9_]*'\n"
		  "      index: '{table}_{columns}_idx'\n",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, email text);",
	.bad = "CREATE INDEX CONCURRENTLY by_mail ON users (email);",
	.good = "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_naming,
};

/* ---- forbidden-type ---- */

static void check_type(
	const struct rule *r, struct judged *j, const struct change *c, const struct object *column)
{
	struct name t = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
	struct slice name = column->name.len ? column->name : c->name;

	FOR_POLICIES(j, p)
	{
		const struct prepared *ready = &j->judge->policies[p - j->judge->in->policies];

		if (!names_has(ready->types, plain_type(j->arena, column->column.type)) ||
			!policy_on_table(j->arena, p, t))
			continue;
		as_policy(on_change(j, r, c, shown(j, t, name), "column %.*s is %.*s", SLICE(name),
				  SLICE(column->column.type)),
			p);
	}
}

static void check_types(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_CREATE_TABLE && c->def) {
			for (size_t i = 0; i < c->def->nparts; i++)
				if (c->def->parts[i]->type == OBJECT_COLUMN)
					check_type(r, j, c, c->def->parts[i]);
		} else if ((c->kind == CHANGE_ADD_COLUMN || c->kind == CHANGE_ALTER_TYPE ||
				   c->kind == CHANGE_MODIFY_COLUMN) &&
			   c->def) {
			check_type(r, j, c, c->def);
		}
	}
}

const struct rule rule_forbidden_type = {
	.id = "forbidden-type",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.says = "a column has a type that the project does not use",
	.why = "belay.yml forbids the type for these tables. Changing it later rewrites the table.",
	.safe = "Another type, before the table has rows.",
	.doc = "https://www.postgresql.org/docs/current/datatype.html",
	.config = "policies:\n"
		  "  - forbid_types: [money, timestamp]\n",
	.setup = "",
	.bad = "CREATE TABLE orders (id bigint PRIMARY KEY, at timestamp without time zone);",
	.good = "CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_types,
};

/* ---- MySQL: engines, character sets, collations ---- */

static bool listed(const char **list, struct slice word)
{
	for (size_t i = 0; list[i]; i++)
		if (slice_iis(word, list[i]))
			return true;
	return false;
}

/* `which` picks the list of a policy. What the statement does not say is the server's default or
 * the reader's prediction, which nobody wrote. */
static void check_listed(const struct rule *r, struct judged *j, const struct change *c,
	const char **(*which)(const struct policy *p), const char *what, struct slice word)
{
	struct name t = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);

	if (slice_ifind(j->statement->text, word) == SIZE_MAX)
		return;
	FOR_POLICIES(j, p)
	{
		if (!which(p) || slice_empty(word) || listed(which(p), word) ||
			!policy_on_table(j->arena, p, t))
			continue;
		as_policy(on_change(j, r, c, shown(j, t, SLICE_NONE),
				  "%s %.*s is not one that the project uses", what, SLICE(word)),
			p);
	}
}

static const char **engines_of(const struct policy *p)
{
	return p->engines;
}

static const char **charsets_of(const struct policy *p)
{
	return p->charsets;
}

static const char **collations_of(const struct policy *p)
{
	return p->collations;
}

static void check_engine(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_CREATE_TABLE && c->def)
			check_listed(r, j, c, engines_of, "storage engine",
				c->def->table_.access_method);
		else if (c->kind == CHANGE_TABLE_ENGINE)
			check_listed(r, j, c, engines_of, "storage engine", c->value.text);
	}
}

const struct rule rule_table_engine = {
	.id = "table-engine",
	.tier = TIER_POLICY,
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.says = "the table's storage engine is not one that the project uses",
	.why = "MyISAM and its like have no transactions and no foreign keys, and repair "
	       "themselves "
	       "after a crash, if at all.",
	.safe = "ENGINE=InnoDB, or leave it to the server.",
	.doc = "https://dev.mysql.com/doc/refman/8.4/en/storage-engines.html",
	.config = "policies:\n"
		  "  - engines: [InnoDB]\n",
	.setup = "",
	.bad = "CREATE TABLE t (id bigint PRIMARY KEY) ENGINE=MyISAM;",
	.good = "CREATE TABLE t (id bigint PRIMARY KEY) ENGINE=InnoDB;",
	.example_dialect = DIALECT_MYSQL,
	.check = check_engine,
};

/* Character set and collation of a change: of the table, and of each column. */
static void check_text(const struct rule *r, struct judged *j, bool collation)
{
	const char **(*which)(const struct policy *p) = collation ? collations_of : charsets_of;
	const char *what = collation ? "collation" : "character set";

	FOR_CHANGES(j, c)
	{
		const struct object *d = c->def;

		if (c->kind == CHANGE_TABLE_CHARSET || c->kind == CHANGE_CONVERT_CHARSET)
			check_listed(r, j, c, which, what,
				!collation  ? c->value.text
				: c->list.n ? c->list.at[0]
					    : SLICE_NONE);
		if (!d)
			continue;
		if (c->kind == CHANGE_CREATE_TABLE) {
			check_listed(r, j, c, which, what,
				collation ? d->table_.collation : d->table_.charset);
			for (size_t i = 0; i < d->nparts; i++)
				if (d->parts[i]->type == OBJECT_COLUMN)
					check_listed(r, j, c, which, what,
						collation ? d->parts[i]->column.collation
							  : d->parts[i]->column.charset);
		} else if (c->kind == CHANGE_ADD_COLUMN || c->kind == CHANGE_MODIFY_COLUMN) {
			check_listed(r, j, c, which, what,
				collation ? d->column.collation : d->column.charset);
		}
	}
}

static void check_charset(const struct rule *r, struct judged *j)
{
	check_text(r, j, false);
}

static void check_collation(const struct rule *r, struct judged *j)
{
	check_text(r, j, true);
}

const struct rule rule_charset_allowlist = {
	.id = "charset-allowlist",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.says = "the character set is not one that the project uses",
	.why = "Text of different character sets is converted when compared, which no index helps; "
	       "and "
	       "utf8 (utf8mb3) and latin1 cannot hold every character.",
	.safe = "CHARACTER SET utf8mb4, or leave it to the database's default.",
	.doc = "https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html",
	.config = "policies:\n"
		  "  - charsets: [utf8mb4]\n",
	.setup = "",
	.bad = "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(20)) DEFAULT CHARSET=latin1;",
	.good = "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(20)) DEFAULT CHARSET=utf8mb4;",
	.example_dialect = DIALECT_MYSQL,
	.check = check_charset,
};

const struct rule rule_collation_allowlist = {
	.id = "collation-allowlist",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.says = "the collation is not one that the project uses",
	.why = "Comparing columns of two collations is an error (illegal mix of collations), or a "
	       "conversion that no index helps.",
	.safe = "One of the project's collations, or leave it to the database's default.",
	.doc = "https://dev.mysql.com/doc/refman/8.4/en/charset-collations.html",
	.config = "policies:\n"
		  "  - collations: [utf8mb4_0900_ai_ci]\n",
	.setup = "",
	.bad = "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(20) COLLATE utf8mb4_bin);",
	.good = "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(20));",
	.example_dialect = DIALECT_MYSQL,
	.check = check_collation,
};
