/* rate.h - how fast batches go, and how long they will take: a range, for nobody knows.
 *
 * Three memories of different length tell three speeds; the fastest and the slowest of them bound
 * what is left. Pure: the clock comes in as an argument. */
#ifndef BELAY_RUN_RATE_H
#define BELAY_RUN_RATE_H

#include "base/buf.h"

enum { RATES = 3 };
struct rate {
	long long at, seen;     /* when it was last told, and how many rows there were */
	double per_ms[RATES];   /* short memory first */
	long long age_ms;       /* since the first */
	double working_per_ms;  /* while nothing held the batches up */
	long long work_at_held; /* time held up when it was last told */
};
void rate_begin(struct rate *r, long long now, long long seen);
/* `held`: milliseconds of the whole that were spent waiting. */
void rate_note(struct rate *r, long long now, long long seen, long long held);
double rate_per_second(const struct rate *r);
/* Seconds for that many rows more; false: it cannot be told yet. */
bool rate_left(const struct rate *r, long long rows, long long *least, long long *most);
/* "3 to 5 min" */
void rate_words(struct buf *b, long long least_s, long long most_s);

#endif
