/* explain.h - what each statement of a text does, one after the other against one catalog.
 *
 *	struct explainer x = {.engine = e, .arena = a};
 *	explainer_open(&x, version, &err); explain_source(&x, src, true, &err); … x.out, x.n
 *	explainer_close(&x);
 *
 * Statements run as a client would send them: each in a transaction of its own until a BEGIN says
 * otherwise. */
#ifndef BELAY_LINT_EXPLAIN_H
#define BELAY_LINT_EXPLAIN_H

#include "engine/engine.h"

struct explained {
	const struct statement *statement;
	struct effect effect;
};

struct explainer {
	const struct engine *engine; /* given */
	struct arena *arena;         /* given; holds what comes out */
	struct reader *reader;
	struct catalog *catalog; /* empty and complete at first; the caller may fill it */
	struct session session;
	struct explained *out;
	size_t n;
};

bool explainer_open(struct explainer *x, int version, struct err *err);
/* `keep` false: only for what it leaves in the catalog (a base schema). */
bool explain_source(struct explainer *x, const struct source *src, bool keep, struct err *err);
void explainer_close(struct explainer *x);

#endif
