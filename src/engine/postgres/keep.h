/* keep.h - what keep.c and keep_define.c tell each other. */
#ifndef BELAY_ENGINE_POSTGRES_KEEP_H
#define BELAY_ENGINE_POSTGRES_KEEP_H

#include "engine/engine.h"

struct slice pg_quoted(struct arena *a, struct name t);
bool pg_define(struct conn *c, struct arena *a, const struct kept_table *t, struct slice column,
	struct names *before, struct names *after, struct err *err);

#endif
