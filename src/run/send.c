/* send.c - statements that are many (sql/alike.h), a few hundred kilobytes to a message. */
#include "run/execute.h"

#include "engine/engine.h"
#include "sql/split.h"

/* A server keeps many times a message's size while it reads it; MariaDB's largest is a megabyte at
 * least. */
enum { MESSAGE_BYTES = 256 << 10 };

struct many {
	struct executor *x;
	const struct step *step;
	struct slice sql, message; /* all; what goes next */
	size_t n;                  /* statements in it */
};

/* Which of the message's statements is it? */
static struct slice nth_of(enum dialect d, struct slice message, size_t n)
{
	struct splitter sp;
	struct piece p = {0};

	splitter_init(&sp, d, message);
	for (size_t i = 0; i <= n; i++)
		if (!splitter_next(&sp, &p))
			return message;
	return slice_sub(message, p.body_off, p.body_len);
}

/* Where the text is the file's own, the place is that of the statement that failed. */
static bool place(const struct many *m, const struct rows *r, struct err *err)
{
	struct span at = m->step->statement->span;
	struct slice one;

	if (m->sql.at == m->step->statement->raw.at) {
		one = nth_of(m->x->conn->id.dialect, m->message, r->statements);
		if (err->sql_offset && err->sql_offset <= m->message.len)
			one = slice_sub(m->message, err->sql_offset - 1, 1);
		at.off += (size_t)(one.at - m->sql.at);
		at.len = one.len;
	}
	err->sql_offset = 0;
	return err_span(err, at);
}

static bool send(struct many *m, struct err *err)
{
	struct rows r = {0};
	struct waiter *w = &m->x->conn->waiter;

	if (m->n == 0)
		return true;
	if (w->tick && !w->tick(w->ctx, 0))
		return m->x->budget.lost ? lease_lost(err)
					 : err_set(err, ERR_INTERRUPTED, "interrupted");
	if (!budget_alive(&m->x->budget, err))
		return false;
	if (!m->x->conn->ops->exec(m->x->conn, m->message, NULL, &r, err))
		return place(m, &r, err);
	m->n = 0;
	return true;
}

bool send_many(struct executor *x, const struct step *s, struct slice words, struct err *err)
{
	struct many m = {.x = x, .step = s, .sql = s->sql};
	struct splitter sp;
	struct piece p;

	if (words.len && !conn_exec(x->conn, words, err))
		return false;
	splitter_init(&sp, x->conn->id.dialect, s->sql);
	while (splitter_next(&sp, &p)) {
		if (p.kind != PIECE_SQL)
			continue;
		if (m.n && p.off + p.len > (size_t)(m.message.at - m.sql.at) + MESSAGE_BYTES &&
			!send(&m, err))
			return false;
		if (m.n == 0)
			m.message.at = s->sql.at + p.body_off;
		m.message.len = (size_t)(s->sql.at + p.body_off + p.body_len - m.message.at);
		m.n++;
	}
	return send(&m, err);
}
