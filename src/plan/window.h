/* window.h - when a change may run: "02:00-04:00 UTC", every day; over midnight if the end is
 * before the beginning. Zones: UTC, local (the default), or +02:00. The end is not part of it. */
#ifndef BELAY_PLAN_WINDOW_H
#define BELAY_PLAN_WINDOW_H

#include "base/err.h"

#include <time.h>

struct window {
	bool set;
	int from, to; /* minutes of the day */
	bool local;
	int offset; /* minutes east of UTC, when not local */
};
bool window_parse(struct slice text, struct window *out, struct err *err);
/* Open at that moment; one that is not set always is. */
bool window_is_open(const struct window *w, time_t now);

#endif
