/* effects_index.c - CREATE INDEX: what SQLite refuses in keys and conditions, what it reads. */
#include "engine/sqlite/effects.h"

#include "engine/unknown_column.h"
#include "sql/token.h"

/* Columns that an index needs and the table does not have. */
static void missing_columns(struct judging *j)
{
	const struct object *index = j->ch->def;

	for (size_t i = 0; i < index->index.keys.n; i++) {
		struct slice key = index->index.keys.at[i];
		enum presence p;

		if (!names_has(index->index.columns, key) || names_has(j->ch->list, key))
			continue; /* an expression, or with COLLATE or DESC; or a string */
		e_part(j, OBJECT_COLUMN, key, &p);
		if (p == ABSENT)
			e_fails(j, "no such column: %.*s", SLICE(key));
	}
}

static void names_are_there(struct judging *j, struct slice text)
{
	struct slice name;

	if (text.len && unknown_in_expression(j->a, j->c, j->o, SLICE_NONE, text, &name))
		e_fails(j, "no such column: %.*s", SLICE(name));
}

/* An expression's columns, and those of the condition. */
static void missing_names(struct judging *j)
{
	const struct index_def *index = &j->ch->def->index;

	for (size_t i = 0; i < index->keys.n; i++)
		if (!names_has(index->columns, index->keys.at[i]))
			names_are_there(j, index->keys.at[i]);
	names_are_there(j, index->predicate.text);
}

static bool is_one_of(struct token t, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (token_is(t, words[i]))
			return true;
	return false;
}
#define IS_ONE_OF(t, words) is_one_of((t), (words), sizeof(words) / sizeof *(words))

/* date(…), behind its name: of the present time? */
static bool is_now(struct lexer l)
{
	struct token t;
	int depth = 0;
	bool any = false;

	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
		if (depth == 0)
			return !any;
		if (t.kind == TOKEN_STRING && slice_iis(t.text, "'now'"))
			return true;
		any |= !token_punct(t, "(");
	}
	return false;
}

/* An index computes the same value each time, from its own row. */
static void expression(struct judging *j, struct slice text, const char *where)
{
	static const char *const chance[] = {"random", "randomblob", "changes", "total_changes",
		"last_insert_rowid", "current_timestamp", "current_date", "current_time"};
	static const char *const clocks[] = {
		"date", "time", "datetime", "julianday", "strftime", "unixepoch"};
	static const char *const sums[] = {"sum", "total", "avg", "count", "group_concat"};
	struct lexer l;
	struct token t;

	lexer_init(&l, DIALECT_SQLITE, text);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		bool call = token_punct(lexer_peek(&l), "(");

		if (token_is(t, "SELECT"))
			e_fails(j, "subqueries prohibited in %s", where);
		else if (t.kind == TOKEN_PARAM)
			e_fails(j, "parameters prohibited in %s", where);
		else if (IS_ONE_OF(t, chance) && (call || slice_istarts(t.text, "current_")))
			e_fails(j, "non-deterministic functions prohibited in %s", where);
		else if (call && IS_ONE_OF(t, clocks) && is_now(l))
			e_fails(j, "non-deterministic use of %.*s() in an index", SLICE(t.text));
		else if (call && IS_ONE_OF(t, sums))
			e_fails(j, "misuse of aggregate function %.*s()", SLICE(t.text));
	}
}

static void expressions(struct judging *j)
{
	const struct index_def *index = &j->ch->def->index;

	for (size_t i = 0; i < index->keys.n; i++)
		if (!names_has(index->columns, index->keys.at[i]))
			expression(j, index->keys.at[i], "index expressions");
	expression(j, index->predicate.text, "partial index WHERE clauses");
}

void judge_create_index(struct judging *j)
{
	struct name index = {j->full.schema, j->ch->name};
	const struct object *found = NULL;
	enum presence there = catalog_find(j->c, j->s, OBJECT_INDEX, index, &found);
	struct name table = j->full;

	j->full = index;
	if (!e_creates(j, there, "index"))
		return;
	if (catalog_find(j->c, j->s, OBJECT_NONE, index, NULL) == PRESENT)
		e_fails(j, "there is already a table named %.*s", SLICE(index.name));
	expressions(j);
	j->full = table;
	if (e_table_there(j)) {
		if (j->o->type != OBJECT_TABLE)
			e_fails(j, "views may not be indexed");
		else if (slice_is(j->o->table_.kind, "virtual"))
			e_fails(j, "virtual tables may not be indexed");
		missing_columns(j);
		if (j->o->type == OBJECT_TABLE)
			missing_names(j);
	}
	effect_touch(
		j->a, &j->e->scans, &j->e->nscans, e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
	effect_touch(j->a, &j->e->builds, &j->e->nbuilds,
		(struct touched){.type = OBJECT_INDEX,
			.object = index,
			.certain = true,
			.new_in_tx = e_new(j, j->o)});
	if (j->ch->def->index.unique) {
		e_may_fail(j, "rows of %.*s that are not unique would refuse the index",
			SLICE(e_path(j, j->full, SLICE_NONE)));
	}
}
