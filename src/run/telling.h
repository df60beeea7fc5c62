/* telling.h - what is said about batches that are under way. */
#ifndef BELAY_RUN_TELLING_H
#define BELAY_RUN_TELLING_H

#include "run/pace.h"
#include "run/rate.h"

struct batch_run;

struct telling {
	const struct batch_run *b;
	struct rate rate;
	long long told, noted; /* to the caller; in the journal */
};
void telling_begin(struct telling *t, const struct batch_run *b, long long seen);
/* A batch is done; said twice a second at most. */
void telling_batch(struct telling *t, long long seen, const struct pace *p);
/* All is walked: there is nothing left to tell. */
void telling_end(struct telling *t, struct conn *c);
/* The batches wait. */
void telling_pause(struct telling *t, long long seen, const struct pace *p, struct slice why);

#endif
