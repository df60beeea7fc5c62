/* turn.c - which turns of a range are done: a row of the journal while there are some, written with
 * the cursor. Only PostgreSQL gains by them (engine/postgres/turns.c). */
#include "run/cursor.h"

#include "sql/quote.h"

static void where_turn(struct buf *b, const struct cursor *cur, const struct step *s)
{
	cursor_where(b, DIALECT_POSTGRES, s);
	sqlf(b, DIALECT_POSTGRES, " AND part = %lld", cur->part);
}

bool turn_read(struct cursor *cur, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err)
{
	unsigned long long turns, turn;
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	if (c->id.dialect != DIALECT_POSTGRES)
		return true;
	buf_adds(&b, "SELECT words, turns, turn, upto FROM ");
	journal_table(j, &b, "turn");
	where_turn(&b, cur, s);
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	if (!ok || r.nrows == 0)
		return ok;
	cur->turn_noted = true;
	cur->turn_words = rows_get(&r, 0, 0);
	if (!slice_u64(rows_get(&r, 0, 1), &turns) || !slice_u64(rows_get(&r, 0, 2), &turn) ||
		turns == 0 || turn >= turns ||
		!cursor_values_read(rows_get(&r, 0, 3), a, nkey, &cur->turn_upto)) {
		cur->spoilt = true;
		return true;
	}
	cur->turns = (long long)turns;
	cur->turn = (long long)turn;
	return true;
}

void turn_move(struct buf *b, const struct cursor *cur, struct journal *j, const struct step *s,
	size_t nkey, struct arena *a)
{
	const enum dialect d = DIALECT_POSTGRES;

	if (!cur->turns) {
		buf_adds(b, "; DELETE FROM ");
		journal_table(j, b, "turn");
		where_turn(b, cur, s);
		return;
	}
	if (cur->turn_noted) {
		buf_adds(b, "; UPDATE ");
		journal_table(j, b, "turn");
		sqlf(b, d, " SET turn = %lld", cur->turn);
		where_turn(b, cur, s);
		return;
	}
	buf_adds(b, "; INSERT INTO ");
	journal_table(j, b, "turn");
	sqlf(b, d,
		" (migration, direction, statement, part, words, turns, turn, upto)"
		" VALUES (%L, %L, %d, %lld, %L, %lld, %lld, %L)",
		s->migration->id, s->direction == DIR_UP ? SL("up") : SL("down"), (int)s->ordinal,
		cur->part, cur->turn_words, cur->turns, cur->turn,
		cursor_values(a, cur->turn_upto, nkey));
}
