/* cursor.c - how far a statement in batches has come: one row of the journal, written in the
 * transactions that it tells about. */
#include "run/cursor.h"

#include "base/json.h"
#include "sql/quote.h"

static struct slice direction_of(const struct step *s)
{
	return s->direction == DIR_UP ? SL("up") : SL("down");
}

void cursor_where(struct buf *b, enum dialect d, const struct step *s)
{
	sqlf(b, d, " WHERE migration = %L AND direction = %L AND statement = %d", s->migration->id,
		direction_of(s), (int)s->ordinal);
}

/* ---- A key's values as a JSON list of texts ---- */

struct slice cursor_values(struct arena *a, const struct slice *values, size_t n)
{
	struct buf b = {0};
	struct slice out;

	buf_addc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&b, ',');
		json_escape(&b, values[i]);
	}
	buf_addc(&b, ']');
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_character(struct buf *b, unsigned c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	}
}

/* What stands behind a backslash: the writer uses \u only for single characters of the basic
 * plane. */
static bool add_escape(struct buf *b, struct slice *rest)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = rest->len ? rest->at[0] : 0;
	const char *at = c ? strchr(from, c) : NULL;
	unsigned value = 0;

	if (at) {
		buf_addc(b, to[at - from]);
		*rest = slice_from(*rest, 1);
		return true;
	}
	if (c != 'u' || rest->len < 5)
		return false;
	for (size_t i = 1; i < 5; i++) {
		if (hex(rest->at[i]) < 0)
			return false;
		value = value << 4 | (unsigned)hex(rest->at[i]);
	}
	add_character(b, value);
	*rest = slice_from(*rest, 5);
	return true;
}

static bool read_text(struct slice *rest, struct arena *a, struct slice *out)
{
	struct buf b = {0};
	bool ok = false;

	if (!slice_starts(*rest, "\""))
		return false;
	*rest = slice_from(*rest, 1);
	while (rest->len) {
		char c = rest->at[0];

		*rest = slice_from(*rest, 1);
		ok = c == '"';
		if (ok || (c == '\\' && !add_escape(&b, rest)))
			break;
		if (c != '\\')
			buf_addc(&b, c);
	}
	*out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return ok;
}

bool cursor_values_read(struct slice text, struct arena *a, size_t n, struct slice **out)
{
	struct slice *v = ARENA_ARRAY(a, n ? n : 1, struct slice);

	for (size_t i = 0; i < n; i++) {
		if (!slice_starts(text, i ? "," : "["))
			return false;
		text = slice_from(text, 1);
		if (!read_text(&text, a, &v[i]))
			return false;
	}
	*out = v;
	return slice_is(text, "]");
}

/* ---- The row ---- */

static long long number(struct slice s)
{
	unsigned long long n = 0;

	slice_u64(s, &n);
	return (long long)n;
}

static bool spoilt(const struct step *s, struct err *err)
{
	err_set(err, ERR_REFUSED,
		"the journal's row about how far the batches of migration %.*s have come cannot be "
		"read",
		SLICE(s->migration->id));
	return err_hint(err, "Somebody changed it by hand: see the table cursor of the journal.");
}

bool cursor_read(struct cursor *out, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	*out = (struct cursor){0};
	buf_adds(&b, "SELECT hash, key_words, last_key, upto, rows_seen, rows_done, ranges_done"
		     " FROM ");
	journal_table(j, &b, "cursor");
	cursor_where(&b, c->id.dialect, s);
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	if (!ok || r.nrows == 0)
		return ok;
	out->found = true;
	out->hash = rows_get(&r, 0, 0);
	out->key_words = rows_get(&r, 0, 1);
	out->seen = number(rows_get(&r, 0, 4));
	out->rows = number(rows_get(&r, 0, 5));
	out->ranges = number(rows_get(&r, 0, 6));
	/* With another key the values mean nothing: the caller looks at the words first. */
	if (!rows_null(&r, 0, 2))
		out->spoilt |= !cursor_values_read(rows_get(&r, 0, 2), a, nkey, &out->last);
	out->spoilt |= !cursor_values_read(rows_get(&r, 0, 3), a, nkey, &out->upto);
	return turn_read(out, j, c, s, nkey, a, err);
}

bool cursor_lost(struct journal *j, struct conn *c, const struct step *steps, size_t n,
	const struct step **step, bool *lost, struct err *err)
{
	struct arena a = {0};
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	*step = NULL;
	*lost = false;
	buf_adds(&b, "SELECT statement, hash FROM ");
	journal_table(j, &b, "cursor");
	sqlf(&b, c->id.dialect, " WHERE migration = %L AND direction = %L", steps->migration->id,
		direction_of(steps));
	ok = conn_query(c, buf_slice(&b), &a, &r, err);
	for (size_t i = 0; ok && i < r.nrows && !*lost; i++) {
		const struct step *found = NULL;

		for (size_t k = 0; k < n; k++)
			if (steps[k].ordinal == number(rows_get(&r, i, 0)))
				found = &steps[k];
		*lost = !found || !slice_is(rows_get(&r, i, 1), found->hash);
		*step = found;
	}
	buf_done(&b);
	arena_done(&a);
	return ok;
}

bool cursor_is_whole(const struct cursor *c, const struct step *s, struct err *err)
{
	return !c->spoilt || spoilt(s, err);
}

bool cursor_begin(struct cursor *cur, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "INSERT INTO ");
	journal_table(j, &b, "cursor");
	sqlf(&b, d,
		" (migration, direction, statement, run, hash, key_words, last_key, upto, "
		"rows_seen,"
		" rows_done, ranges_done, updated)"
		" VALUES (%L, %L, %d, %lld, %L, %L, NULL, %L, 0, 0, 0, %s)",
		s->migration->id, direction_of(s), (int)s->ordinal, journal_run(j),
		slice_of(s->hash), cur->key_words, cursor_values(a, cur->upto, nkey),
		slice_of(journal_now(d)));
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

bool cursor_move(const struct cursor *cur, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "UPDATE ");
	journal_table(j, &b, cur->part ? "part" : "cursor");
	buf_adds(&b, " SET last_key = ");
	if (cur->last)
		sqlf(&b, d, "%L", cursor_values(a, cur->last, nkey));
	else
		buf_adds(&b, "NULL");
	sqlf(&b, d, ", rows_seen = %lld, rows_done = %lld, ranges_done = %lld, updated = %s",
		cur->seen, cur->rows, cur->ranges, slice_of(journal_now(d)));
	if (cur->part)
		sqlf(&b, d, ", finished = %d", (int)cur->finished);
	else
		sqlf(&b, d, ", run = %lld", journal_run(j));
	cursor_where(&b, d, s);
	if (cur->part)
		sqlf(&b, d, " AND part = %lld", cur->part);
	if (cur->turns || cur->turn_noted)
		turn_move(&b, cur, j, s, nkey, a);
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

/* ---- Parts ---- */

bool cursor_part(const struct cursor *part, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "INSERT INTO ");
	journal_table(j, &b, "part");
	sqlf(&b, d,
		" (migration, direction, statement, part, last_key, upto, rows_seen, rows_done,"
		" ranges_done, finished, updated) VALUES (%L, %L, %d, %lld, ",
		s->migration->id, direction_of(s), (int)s->ordinal, part->part);
	if (part->last)
		sqlf(&b, d, "%L", cursor_values(a, part->last, nkey));
	else
		buf_adds(&b, "NULL");
	sqlf(&b, d, ", %L, 0, 0, 0, 0, %s)", cursor_values(a, part->upto, nkey),
		slice_of(journal_now(d)));
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

bool cursor_parts(struct cursor **out, size_t *n, struct journal *j, struct conn *c,
	const struct step *s, size_t nkey, struct arena *a, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	*out = NULL;
	*n = 0;
	buf_adds(&b,
		"SELECT part, last_key, upto, rows_seen, rows_done, ranges_done, finished FROM ");
	journal_table(j, &b, "part");
	cursor_where(&b, c->id.dialect, s);
	buf_adds(&b, " ORDER BY part");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	for (size_t i = 0; ok && i < r.nrows; i++) {
		struct cursor part = {.found = true,
			.part = number(rows_get(&r, i, 0)),
			.seen = number(rows_get(&r, i, 3)),
			.rows = number(rows_get(&r, i, 4)),
			.ranges = number(rows_get(&r, i, 5)),
			.finished = slice_is(rows_get(&r, i, 6), "1")};

		if ((!rows_null(&r, i, 1) &&
			    !cursor_values_read(rows_get(&r, i, 1), a, nkey, &part.last)) ||
			!cursor_values_read(rows_get(&r, i, 2), a, nkey, &part.upto))
			return spoilt(s, err);
		if (!turn_read(&part, j, c, s, nkey, a, err))
			return false;
		if (part.spoilt)
			return spoilt(s, err);
		*ARENA_PUSH(a, *out, *n) = part;
	}
	return ok;
}

bool cursor_restart(struct journal *j, struct conn *c, const struct step *s, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "DELETE FROM ");
	journal_table(j, &b, "part");
	cursor_where(&b, c->id.dialect, s);
	if (c->id.dialect == DIALECT_POSTGRES) {
		buf_adds(&b, "; DELETE FROM ");
		journal_table(j, &b, "turn");
		cursor_where(&b, c->id.dialect, s);
	}
	buf_adds(&b, "; UPDATE ");
	journal_table(j, &b, "cursor");
	buf_adds(&b, " SET last_key = NULL");
	cursor_where(&b, c->id.dialect, s);
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

bool cursor_end(struct journal *j, struct conn *c, const struct step *s, struct err *err)
{
	static const char *const walks[] = {"cursor", "part", "moved", "turn"};
	size_t n = c->id.dialect == DIALECT_POSTGRES ? 4 : 3;
	struct buf b = {0};
	bool ok;

	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i ? "; DELETE FROM " : "DELETE FROM ");
		journal_table(j, &b, walks[i]);
		cursor_where(&b, c->id.dialect, s);
	}
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

/* ---- Rows that move when they are changed ---- */

bool cursor_note_moved(struct journal *j, struct conn *c, const struct step *s, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "INSERT INTO ");
	journal_table(j, &b, "moved");
	sqlf(&b, c->id.dialect,
		" (migration, direction, statement, xid)"
		" VALUES (%L, %L, %d, pg_catalog.pg_current_xact_id()::xid)",
		s->migration->id, direction_of(s), (int)s->ordinal);
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

void cursor_not_moved(struct buf *b, struct journal *j, const struct step *s, struct slice alias)
{
	buf_adds(b, " AND NOT EXISTS (SELECT 1 FROM ");
	journal_table(j, b, "moved");
	buf_adds(b, " belay_moved");
	cursor_where(b, DIALECT_POSTGRES, s);
	buf_printf(b, " AND belay_moved.xid = %.*s.xmin)", SLICE(alias));
}
