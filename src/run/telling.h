/* telling.h - what is said about batches that are under way. */
#ifndef BELAY_RUN_TELLING_H
#define BELAY_RUN_TELLING_H

#include "run/pace.h"
#include "run/rate.h"

struct batch_run;

struct telling {
	const struct batch_run *b;
	struct rate rate;
	long long told;
};
void telling_begin(struct telling *t, const struct batch_run *b, long long seen);
/* A batch is done; said twice a second at most. */
void telling_batch(struct telling *t, long long seen, const struct pace *p);
/* The batches wait. */
void telling_pause(struct telling *t, long long seen, const struct pace *p, struct slice why);

#endif
