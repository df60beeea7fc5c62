/* builder.c - two builds with CONCURRENTLY on one table.
 *
 * The second waits for the first one's lock, and the first, before it ends, for the second one's
 * snapshot: the server sees a deadlock and ends either of them, maybe the other's, after hours of
 * work. So ours is not sent while somebody else is at it; nobody waits for us meanwhile. */
#include "run/execute.h"

#include "base/buf.h"
#include "base/io.h"
#include "engine/engine.h"
#include "sql/quote.h"

static const struct change *concurrent_build(const struct step *s)
{
	const struct change *c = s->statement->changes;

	return s->statement->nchanges == 1 && c->kind == CHANGE_CREATE_INDEX &&
			       (c->flags & CHANGE_CONCURRENTLY)
		       ? c
		       : NULL;
}

static bool too_long(const struct step *s, struct slice who, struct err *err)
{
	err_set(err, ERR_BLOCKED, "cannot build an index: %.*s", SLICE(who));
	err_span(err, s->statement->span);
	return err_hint(err,
		"It was not begun. When that has finished, run the same command again; "
		"or give it more time with --patience.");
}

bool builder_wait(struct executor *x, const struct step *s, struct err *err)
{
	const struct engine_locks *locks = x->conn->engine->locks;
	const struct change *c = concurrent_build(s);
	long long begun = io_now_ms();
	struct buf table = {0};
	struct slice who, words;
	bool ok;

	if (!c || !locks || !locks->builder)
		return true;
	quote_name(&table, x->conn->id.dialect, c->target.schema, c->target.name);
	for (;;) {
		who = SLICE_NONE;
		ok = locks->builder(x->conn, buf_slice(&table), x->arena, &who, err);
		if (!ok || !who.len)
			break;
		words = arena_printf(x->arena,
			"%.*s builds an index of %.*s, and two at a time would end one of them",
			SLICE(who), SLICE(c->target.name));
		ok = io_now_ms() - begun < x->o->patience_ms || too_long(s, words, err);
		if (ok)
			execute_tell(x, EVENT_RETRY, s, words);
		if (!ok || !execute_nap(x, err))
			break;
	}
	ok = ok && !err_is(err);
	buf_done(&table);
	return ok;
}
