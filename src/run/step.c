/* step.c - what the executor asks of a single step. */
#include "run/run_internal.h"

#include "engine/engine.h"

struct slice step_begin_words(const struct conn *c)
{
	switch (c->id.dialect) {
	case DIALECT_SQLITE:
		return SL("BEGIN IMMEDIATE");
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		return SL("START TRANSACTION");
	case DIALECT_POSTGRES:
	case DIALECT_UNKNOWN:
		break;
	}
	return SL("BEGIN");
}

/* One statement, and its row with it: then nobody ever has to ask. Not where the statement commits
 * by itself, or might. */
bool step_fits_transaction(const struct conn *c, const struct step *s)
{
	const struct statement *st = s->statement;
	const struct engine *e = c->engine;

	if (st->state != STATEMENT_READ || st->nchanges == 0 || e->needs_no_tx(st, c->id.version))
		return false;
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];

		if (ch->kind == CHANGE_CALL)
			return false;
		for (size_t k = 0; k < ch->ninner; k++)
			if (ch->inner[k].kind == CHANGE_CALL)
				return false;
		if (!e->transactional_ddl && change_class_of(ch->kind) != CLASS_DATA)
			return false;
		if (!e->transactional_ddl && ch->kind == CHANGE_TRUNCATE)
			return false;
	}
	return true;
}

bool step_place_of_failure(const struct step *s, struct err *err)
{
	struct span at = s->statement->span;

	if (err->sql_offset && err->sql_offset <= at.len && s->sql.at == s->statement->raw.at) {
		at.off += err->sql_offset - 1;
		at.len = at.len - (err->sql_offset - 1) < 1 ? at.len : 1;
	}
	return err_span(err, at);
}

bool step_send_with(
	struct conn *c, struct arena *a, struct slice words, struct slice sql, struct err *err)
{
	if (!words.len)
		return conn_exec(c, sql, err);
	words = arena_printf(a, "%.*s; ", SLICE(words));
	if (conn_exec(c, arena_printf(a, "%.*s%.*s", SLICE(words), SLICE(sql)), err))
		return true;
	err->sql_offset = err->sql_offset > words.len ? err->sql_offset - words.len : 0;
	return false;
}
