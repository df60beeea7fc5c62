/* verify.c - queries that return no row when a step did what it says. */
#include "rewrite/internal.h"

/* schema.name as text, for to_regclass(). */
static struct slice shown_name(struct step_writer *w, struct name n)
{
	return text_of(w, "%n", n.schema, n.name);
}

static struct slice schema_test(struct step_writer *w, struct slice schema)
{
	return schema.len ? text_of(w, "%L", schema) : SL("DATABASE()");
}

void verify_index(struct step_writer *w, struct safe_step *s, struct name index)
{
	if (w->d == DIALECT_POSTGRES)
		piece(w, &s->verify,
			"SELECT %L AS missing_or_invalid WHERE NOT EXISTS (\n"
			"    SELECT FROM pg_index WHERE indexrelid = to_regclass(%L) AND "
			"indisvalid)",
			index.name, shown_name(w, index));
	else if (w->d == DIALECT_SQLITE)
		piece(w, &s->verify,
			"SELECT %L AS missing WHERE NOT EXISTS (\n"
			"    SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = %L)",
			index.name, index.name);
	else
		piece(w, &s->verify,
			"SELECT %L AS missing FROM DUAL WHERE NOT EXISTS (\n"
			"    SELECT 1 FROM information_schema.statistics WHERE table_schema = %s "
			"AND table_name = %L AND index_name = %L)",
			index.name, schema_test(w, w->c->target.schema), w->c->target.name,
			index.name);
}

void verify_constraint(struct step_writer *w, struct safe_step *s, struct slice name)
{
	struct name t = w->c->target;

	if (w->d == DIALECT_POSTGRES)
		piece(w, &s->verify,
			"SELECT %L AS missing_or_not_valid WHERE NOT EXISTS (\n"
			"    SELECT FROM pg_constraint WHERE conrelid = to_regclass(%L) AND "
			"conname = %L AND convalidated)",
			name, shown_name(w, t), name);
	else if (w->d != DIALECT_SQLITE)
		piece(w, &s->verify,
			"SELECT %L AS missing FROM DUAL WHERE NOT EXISTS (\n"
			"    SELECT 1 FROM information_schema.table_constraints WHERE table_schema "
			"= %s AND table_name = %L AND constraint_name = %L)",
			name, schema_test(w, t.schema), t.name, name);
}

static struct slice column_query(struct step_writer *w, struct slice column, struct slice more)
{
	struct name t = w->c->target;

	if (w->d == DIALECT_POSTGRES)
		return text_of(w,
			"SELECT FROM pg_attribute WHERE attrelid = to_regclass(%L) AND attname = "
			"%L AND NOT attisdropped%s",
			shown_name(w, t), column, more);
	if (w->d == DIALECT_SQLITE)
		return text_of(w, "SELECT 1 FROM pragma_table_info(%L) WHERE name = %L%s", t.name,
			column, more);
	return text_of(w,
		"SELECT 1 FROM information_schema.columns WHERE table_schema = %s AND "
		"table_name = %L AND column_name = %L%s",
		schema_test(w, t.schema), t.name, column, more);
}

void verify_column(struct step_writer *w, struct safe_step *s, struct slice column, bool there)
{
	piece(w, &s->verify, "SELECT %L AS %s%s WHERE %sEXISTS (\n    %s)", column,
		there ? SL("missing") : SL("still_there"),
		dialect_is_mysql(w->d) ? SL(" FROM DUAL") : SLICE_NONE,
		there ? SL("NOT ") : SLICE_NONE, column_query(w, column, SLICE_NONE));
}

void verify_not_null(struct step_writer *w, struct safe_step *s, struct slice column)
{
	struct slice more = w->d == DIALECT_POSTGRES ? SL(" AND attnotnull")
			    : w->d == DIALECT_SQLITE ? SL(" AND \"notnull\"")
						     : SL(" AND is_nullable = 'NO'");

	piece(w, &s->verify, "SELECT %L AS nullable%s WHERE NOT EXISTS (\n    %s)", column,
		dialect_is_mysql(w->d) ? SL(" FROM DUAL") : SLICE_NONE,
		column_query(w, column, more));
}
