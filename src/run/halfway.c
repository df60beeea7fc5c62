/* halfway.c - statements that commit by themselves: when one fails, what it did before stays.
 *
 * A procedure with COMMIT, a block with COMMIT, any procedure of MySQL's. How far it came nobody
 * can tell, so it is never run again unasked: its row stays "intent", with the server's words. */
#include "run/execute.h"

#include "engine/engine.h"

bool halfway_possible(struct executor *x, const struct step *s, const struct err *why)
{
	const struct engine *e = x->conn->engine;
	struct err ignored = {0};
	bool may = false;

	if (!e->halfway || !x->conn->ops->alive(x->conn))
		return false;
	/* What cannot be found out may be. */
	if (!e->halfway(x->conn, s->statement, s->sql, why, &may, &ignored))
		may = true;
	err_done(&ignored);
	return may;
}

void halfway_say(struct executor *x, const struct migration *m, const char *path, size_t total,
	struct err *err)
{
	const char *command = x->plan->direction == DIR_UP ? "up" : "down";

	err_context(err,
		"this statement of migration %.*s (%s) commits by itself: what it did before it "
		"failed stays, and how far it came is not known",
		SLICE(m->id), path);
	if (x->kept)
		err_context(err, "%zu of %zu statements before it ran and stay", x->kept, total);
	if (!err->hint)
		err_hint(err,
			"It is not run again unasked. Look at the database: belay %s --in-doubt "
			"again runs it from its beginning, --in-doubt done goes on behind it.",
			command);
}
