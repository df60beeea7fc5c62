/* sure.c - what a run may be sure of: where it writes, and whether a COMMIT took place. */
#include "run/run_internal.h"

#include "engine/engine.h"

bool sure_same(struct conn *c, struct err *err)
{
	struct slice now = SLICE_NONE;
	struct arena a = {0};
	bool same = true, ok;

	if (!c->engine->is_same)
		return true;
	ok = c->engine->is_same(c, &a, &same, &now, err);
	if (ok && !same) {
		err_set(err, ERR_CONNECT,
			"the connection leads somewhere else now: %.*s; nothing more was written "
			"there",
			SLICE(now));
		err_hint(err,
			"What was done before it is where the run began. See which of the two "
			"is meant, then run the same command again.");
	}
	arena_done(&a);
	return ok && same;
}

/* A statement of a transaction came back without one: it was not the server that began it. */
bool sure_inside(struct conn *c, struct err *err)
{
	return !c->engine->is_same || c->ops->in_transaction(c) || sure_same(c, err);
}

bool sure_second(const struct conn *first, const struct conn *second, struct err *err)
{
	if (slice_eq(first->id.system, second->id.system) &&
		slice_eq(first->id.database, second->id.database))
		return true;
	return err_set(err, ERR_CONNECT,
		"a second connection leads somewhere else: to database %.*s, system %.*s instead "
		"of database %.*s, system %.*s",
		SLICE(second->id.database), SLICE(second->id.system), SLICE(first->id.database),
		SLICE(first->id.system));
}

bool sure_undone(struct conn *c, const struct err *why)
{
	return c->ops->alive(c) && !(c->engine->commit_unsure && c->engine->commit_unsure(c, why));
}
