/* rules_rebuild.c - what changes when SQLite's way is taken: a new table, the rows copied over, the
 * old one dropped. Its statements say CREATE and INSERT where others say ALTER. */
#include "lint/internal.h"

#include <stdint.h>

static bool drops_it(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_DROP_TABLE && is_table(j, c->target, *(const struct name *)arg);
}

static bool was_renamed(const struct judged *j, struct slice before, struct slice now)
{
	enum { NEAR = 100 };
	const struct script *s = &j->judge->unit->script;
	size_t here = s->n ? j->statement->index - s->at[0].index : 0;

	for (size_t i = here; i > 0 && i + NEAR > here; i--)
		for (size_t k = 0; k < s->at[i - 1].nchanges; k++) {
			const struct change *c = &s->at[i - 1].changes[k];

			if (c->kind == CHANGE_RENAME_TABLE && slice_ieq(c->target.name, before) &&
				slice_ieq(c->other.name, now))
				return true;
		}
	return false;
}

bool was_renamed_away(const struct judged *j, struct slice now)
{
	enum { NEAR = 100 };
	const struct script *s = &j->judge->unit->script;
	size_t here = s->n ? j->statement->index - s->at[0].index : 0;

	for (size_t i = here; i > 0 && i + NEAR > here; i--)
		for (size_t k = 0; k < s->at[i - 1].nchanges; k++)
			if (s->at[i - 1].changes[k].kind == CHANGE_RENAME_TABLE &&
				slice_ieq(s->at[i - 1].changes[k].other.name, now))
				return true;
	return false;
}

static bool takes_name(struct judged *j, const struct change *c, const void *arg)
{
	const struct name *n = arg;

	(void)j;
	return c->kind == CHANGE_RENAME_TABLE && slice_ieq(c->other.name, n->name);
}

bool name_comes_back(struct judged *j, struct name table)
{
	return later_change(j, takes_name, &table) != NULL;
}

/* The table that the INSERT copies into another one, which takes its place; NULL if it does not. */
static const struct object *rebuilt_from(
	struct judged *j, const struct change *c, const struct object **to)
{
	struct slice name = c->reads.n == 1 ? c->reads.at[0] : SLICE_NONE;
	size_t dot = slice_chr(name, '.');
	const struct object *from;
	struct name n;

	if (dot != SIZE_MAX)
		name = slice_from(name, dot + 1);
	if (c->kind != CHANGE_INSERT || !(c->flags & CHANGE_FROM_SELECT) || !name.len ||
		catalog_find(j->before, j->session, OBJECT_TABLE, c->target, to) != PRESENT ||
		catalog_find(j->before, j->session, OBJECT_TABLE, (struct name){SLICE_NONE, name},
			&from) != PRESENT)
		return NULL;
	n = (struct name){from->schema, from->name};
	if (later_rename(j, c->target, from->name))
		return from;
	/* or the old one was renamed away, and goes now */
	return was_renamed(j, (*to)->name, from->name) && later_change(j, drops_it, &n) ? from
											: NULL;
}

static bool has_column(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return true;
	return false;
}

static bool is_key(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key") &&
			names_has(t->parts[i]->constraint.columns, name))
			return true;
	return false;
}

/* A column that came under another name is a rename, and another rule's. */
static bool lost_one(const struct object *from, const struct object *to)
{
	for (size_t i = 0; i < from->nparts; i++)
		if (from->parts[i]->type == OBJECT_COLUMN && !has_column(to, from->parts[i]->name))
			return true;
	return false;
}

void rebuild_requires(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *to, *from = rebuilt_from(j, c, &to);

	for (size_t i = 0; from && i < to->nparts; i++) {
		const struct object *p = to->parts[i];
		const struct column_def *d = &p->column;

		if (p->type != OBJECT_COLUMN || !d->not_null || d->default_value.text.len ||
			d->generated.len || is_key(to, p->name) || has_column(from, p->name) ||
			lost_one(from, to))
			continue;
		on_change(j, r, c, shown(j, (struct name){from->schema, from->name}, p->name),
			"the table comes back with %.*s, NOT NULL without a default: running code "
			"that does not know it can no longer insert",
			SLICE(p->name));
	}
}

/* ---- What goes with the old table ---- */

static bool copies_to(const struct change *c, struct slice column)
{
	return !c->list.n || names_has(c->list, column);
}

/* The new table has one column that the old one had not, and the copy fills it: most likely one of
 * the old ones under another name. */
static bool brings_another(
	const struct change *c, const struct object *from, const struct object *to)
{
	for (size_t i = 0; i < to->nparts; i++)
		if (to->parts[i]->type == OBJECT_COLUMN && !has_column(from, to->parts[i]->name) &&
			copies_to(c, to->parts[i]->name))
			return true;
	return false;
}

void rebuild_loses(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *to, *from = rebuilt_from(j, c, &to);
	bool renamed;

	if (!from || born_here(j, from))
		return;
	renamed = brings_another(c, from, to);
	for (size_t i = 0; i < from->nparts; i++) {
		const struct object *p = from->parts[i];

		if (p->type == OBJECT_COLUMN && !has_column(to, p->name))
			on_change(j, r, c,
				shown(j, (struct name){from->schema, from->name}, p->name),
				"the table comes back without %.*s: what it holds is gone unless "
				"%s, and code that still uses it fails",
				SLICE(p->name),
				renamed ? "this copy puts it into another column"
					: "it was copied elsewhere before");
	}
}

/* ---- rebuild-loses ---- */

/* `to` is NULL if the new table is a CREATE TABLE … AS SELECT, which brings columns only. */
struct lost {
	const struct object *part, *from, *to;
	struct slice to_name;
};

/* CREATE TABLE new AS SELECT … FROM old; the new one takes the old one's name. */
static const struct object *copied_from(struct judged *j, const struct change *c)
{
	struct slice name = c->reads.n == 1 ? c->reads.at[0] : SLICE_NONE;
	const struct object *from;
	struct name n;

	if (c->kind != CHANGE_CREATE_TABLE_AS || !(c->flags & CHANGE_FROM_SELECT) || !name.len)
		return NULL;
	name = slice_from(name, slice_chr(name, '.') == SIZE_MAX ? 0 : slice_chr(name, '.') + 1);
	n = (struct name){SLICE_NONE, name};
	if (catalog_find(j->before, j->session, OBJECT_TABLE, n, &from) != PRESENT)
		return NULL;
	n = (struct name){from->schema, from->name};
	return later_rename(j, c->target, from->name) && later_change(j, drops_it, &n) ? from
										       : NULL;
}

static bool same_keys(struct names a, struct names b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!slice_ieq(a.at[i], b.at[i]))
			return false;
	return true;
}

/* To be unique the order does not matter. */
static bool same_set(struct names a, struct names b)
{
	for (size_t i = 0; i < a.n; i++)
		if (!names_has(b, a.at[i]))
			return false;
	return a.n == b.n;
}

static bool is_of(const struct lost *x, struct slice table)
{
	return slice_ieq(table, x->from->name) || slice_ieq(table, x->to_name);
}

/* Made again further down, under whatever name. */
static bool made_again(struct judged *j, const struct change *c, const void *arg)
{
	const struct lost *x = arg;

	(void)j;
	if (slice_ieq(c->target.name, x->part->name) || slice_ieq(c->name, x->part->name))
		return change_class_of(c->kind) == CLASS_CREATE;
	if (x->part->type == OBJECT_TRIGGER)
		return c->kind == CHANGE_CREATE_TRIGGER && is_of(x, c->target.name);
	return c->kind == CHANGE_CREATE_INDEX && c->def && is_of(x, c->target.name) &&
	       same_keys(c->def->index.keys, x->part->type == OBJECT_INDEX
						     ? x->part->index.keys
						     : x->part->constraint.columns);
}

static bool keeps_columns(const struct object *to, struct names columns)
{
	for (size_t i = 0; to && i < columns.n; i++)
		if (!has_column(to, key_plain(columns.at[i])))
			return false;
	return true;
}

/* A key, or an index of the same columns, that the new table brings along. */
static bool brings_key(const struct object *to, struct names columns, bool unique)
{
	for (size_t i = 0; to && i < to->nparts; i++) {
		const struct object *p = to->parts[i];
		bool key = p->type == OBJECT_CONSTRAINT &&
			   (slice_is(p->constraint.kind, "primary key") ||
				   slice_is(p->constraint.kind, "unique"));

		struct names mine = key ? p->constraint.columns : p->index.keys;

		if (!key && (p->type != OBJECT_INDEX || (unique && !p->index.unique)))
			continue;
		if (unique ? same_set(mine, columns) : same_keys(mine, columns))
			return true;
	}
	return false;
}

/* What kind of thing goes with the old table and does not come back; NULL = nothing does. */
static const char *goes_with_it(struct judged *j, const struct lost *x)
{
	const struct object *p = x->part;

	if (p->type == OBJECT_INDEX && p->span.src) {
		if (!keeps_columns(x->to, p->index.keys) ||
			brings_key(x->to, p->index.keys, p->index.unique) ||
			later_change(j, made_again, x))
			return NULL;
		return p->index.unique ? "the unique index" : "the index";
	}
	if (p->type == OBJECT_TRIGGER)
		return later_change(j, made_again, x) ? NULL : "the trigger";
	if (p->type != OBJECT_CONSTRAINT || !keeps_columns(x->to, p->constraint.columns) ||
		brings_key(x->to, p->constraint.columns, true) || later_change(j, made_again, x))
		return NULL;
	return slice_is(p->constraint.kind, "primary key") ? "the primary key"
	       : slice_is(p->constraint.kind, "unique")    ? "the unique key"
							   : NULL;
}

static void check_rebuild_loses(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct lost x = {0};

		x.from = rebuilt_from(j, c, &x.to);
		if (!x.from) {
			x.from = copied_from(j, c);
			x.to = NULL;
		}
		if (!x.from || born_here(j, x.from))
			continue;
		x.to_name = c->target.name;
		for (size_t i = 0; i < x.from->nparts; i++) {
			const char *what;

			x.part = x.from->parts[i];
			what = goes_with_it(j, &x);
			if (what)
				on_change(j, r, c,
					shown(j, (struct name){x.from->schema, x.from->name},
						x.part->name),
					"the table comes back without %s%s%.*s: it goes with the "
					"old one, and nothing below makes it again",
					what, x.part->name.len ? " " : "", SLICE(x.part->name));
		}
	}
}

const struct rule rule_rebuild_loses = {
	.id = "rebuild-loses",
	.severity = SEVERITY_WARNING,
	.engines = RULE_SQLITE,
	.classes = RULE_CLASS(CLASS_DATA) | RULE_CLASS(CLASS_CREATE),
	.says = "an index, a trigger or the primary key is not made again",
	.why = "DROP TABLE takes the table's indexes and triggers along; CREATE TABLE … AS SELECT "
	       "copies columns only, without keys, defaults and NOT NULL. Nothing fails: queries "
	       "get slow, what the trigger did is no longer done, duplicates come in.",
	.safe = "SELECT sql FROM sqlite_schema WHERE tbl_name = '…' before the rebuild, and make "
		"each of them again behind the rename.",
	.doc = "https://www.sqlite.org/lang_altertable.html#otheralter",
	.setup = "CREATE TABLE notes (id INTEGER PRIMARY KEY, day TEXT, body TEXT); CREATE INDEX "
		 "notes_day ON notes (day);",
	.bad = "PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE new_notes (id INTEGER PRIMARY KEY, "
	       "day TEXT NOT NULL, body TEXT); INSERT INTO new_notes SELECT id, day, body FROM "
	       "notes; DROP TABLE notes; ALTER TABLE new_notes RENAME TO notes; COMMIT;",
	.good = "PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE new_notes (id INTEGER PRIMARY KEY, "
		"day TEXT NOT NULL, body TEXT); INSERT INTO new_notes SELECT id, day, body FROM "
		"notes; DROP TABLE notes; ALTER TABLE new_notes RENAME TO notes; CREATE INDEX "
		"notes_day ON notes (day); COMMIT;",
	.example_dialect = DIALECT_SQLITE,
	.check = check_rebuild_loses,
};

/* ---- rebuild-shuffles ---- */

static bool takes_all(const struct judged *j, const struct change *c)
{
	size_t at = slice_ifind(j->statement->text, SL("select"));
	struct slice rest =
		at == SIZE_MAX ? SLICE_NONE : slice_trim(slice_from(j->statement->text, at + 6));

	return !c->list.n && slice_starts(rest, "*") &&
	       slice_istarts(slice_trim(slice_from(rest, 1)), "from");
}

static const struct object *next_column(const struct object *t, size_t *i)
{
	while (*i < t->nparts) {
		const struct object *p = t->parts[(*i)++];

		if (p->type == OBJECT_COLUMN && !p->column.generated.len)
			return p;
	}
	return NULL;
}

static void check_shuffles(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *to, *from = rebuilt_from(j, c, &to), *a, *b;
		size_t i = 0, k = 0;

		if (!from || !takes_all(j, c))
			continue;
		while ((a = next_column(from, &i)) && (b = next_column(to, &k))) {
			if (slice_ieq(a->name, b->name) || !has_column(to, a->name) ||
				!has_column(from, b->name))
				continue;
			on_change(j, r, c,
				shown(j, (struct name){from->schema, from->name}, b->name),
				"%.*s gets the values of %.*s: SELECT * copies by position, and "
				"the new table has its columns in another order",
				SLICE(b->name), SLICE(a->name));
			break;
		}
	}
}

const struct rule rule_rebuild_shuffles = {
	.id = "rebuild-shuffles",
	.severity = SEVERITY_ERROR,
	.engines = RULE_SQLITE,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "columns get each other's values",
	.why = "INSERT … SELECT * takes columns by position, not by name, and SQLite takes nearly "
	       "any value for any type. If the new table has its columns in another order, "
	       "nothing fails, and the values stand in the wrong columns.",
	.safe = "Name the columns on both sides: INSERT INTO new (id, a, b) SELECT id, a, b FROM "
		"old.",
	.doc = "https://www.sqlite.org/lang_altertable.html#otheralter",
	.setup = "CREATE TABLE notes (id INTEGER PRIMARY KEY, day TEXT, body TEXT);",
	.bad = "PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE new_notes (id INTEGER PRIMARY KEY, "
	       "body TEXT, day TEXT); INSERT INTO new_notes SELECT * FROM notes; DROP TABLE notes; "
	       "ALTER TABLE new_notes RENAME TO notes; COMMIT;",
	.good = "PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE new_notes (id INTEGER PRIMARY KEY, "
		"body TEXT, day TEXT); INSERT INTO new_notes (id, body, day) SELECT id, body, day "
		"FROM notes; DROP TABLE notes; ALTER TABLE new_notes RENAME TO notes; COMMIT;",
	.example_dialect = DIALECT_SQLITE,
	.check = check_shuffles,
};

/* ---- ADD COLUMN ---- */

static bool is_computed(const struct column_def *d)
{
	return d->default_value.text.len && d->default_value.facts &&
	       !d->default_value.facts->constant;
}

/* SQLite: ALTER TABLE writes no rows, so a column that has to be computed for each is added to an
 * empty table only. */
void refused_with_rows(const struct rule *r, struct judged *j, bool generated)
{
	FOR_CHANGES(j, c)
	{
		const struct column_def *d = c->def ? &c->def->column : NULL;
		struct name n;

		if (j->effect->outcome != OUTCOME_MAY_FAIL || !adds_column(j, c, &n) ||
			(generated ? !slice_is(d->generated, "stored")
				   : d->generated.len || !is_computed(d)))
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"it fails if %.*s has any row: SQLite cannot compute %.*s for rows that "
			"are there",
			SLICE(n.name), SLICE(c->name));
	}
}
