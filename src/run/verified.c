/* verified.c - what the verify queries of a run answered, kept in the journal: those that held
 * commit with their migration, those that did not are written after it was rolled back. */
#include "run/run_internal.h"

#include "engine/engine.h"
#include "sql/quote.h"
#include "sql/redact.h"

enum { MOST_BYTES = 2000 };

static struct slice shortened(struct arena *a, struct slice s)
{
	size_t n = MOST_BYTES;

	if (s.len <= n)
		return s;
	while (n && ((unsigned char)s.at[n] & 0xC0) == 0x80)
		n--;
	return arena_printf(a, "%.*s…", (int)n, s.at);
}

bool verified_keep(struct journal *j, struct conn *c, const struct verify_check *checks, size_t n,
	struct err *err)
{
	enum dialect d = c->id.dialect;
	struct arena a = {0};
	struct buf b = {0};
	bool ok;

	if (n == 0)
		return true;
	buf_adds(&b, "INSERT INTO ");
	journal_table(j, &b, "verified");
	buf_adds(&b, " (run, migration, query, sql_text, expected, got, state, asked) VALUES ");
	for (size_t i = 0; i < n; i++)
		sqlf(&b, d, "%s(%lld, %L, %d, %L, %L, %L, %L, %s)", i ? SL(", ") : SLICE_NONE,
			journal_run(j), checks[i].migration->id, (int)checks[i].query,
			shortened(&a, redact_sql(&a, d, checks[i].sql)),
			shortened(&a, checks[i].expected), shortened(&a, checks[i].got),
			checks[i].holds ? SL("held") : SL("failed"), slice_of(journal_now(d)));
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	arena_done(&a);
	return ok;
}

void verified_keep_failed(
	struct journal *j, struct conn *c, const struct verify_check *checks, size_t n)
{
	struct waiter waiter = c->waiter;
	struct err ignored = {0};

	if (!c->ops->alive(c))
		return;
	c->waiter = (struct waiter){0};
	verified_keep(j, c, checks, n, &ignored);
	c->waiter = waiter;
	err_done(&ignored);
}
