/* window_gate.c - nothing begins outside its window. */
#include "run/run_internal.h"

#include <time.h>

bool window_gate(const struct window *w, struct span at, const struct migration *m, struct err *err)
{
	if (window_is_open(w, time(NULL)))
		return true;
	err_set(err, ERR_BLOCKED,
		"stopped before migration %.*s: its window is %02d:%02d to %02d:%02d%s",
		SLICE(m->id), w->from / 60, w->from % 60, w->to / 60, w->to % 60,
		w->local    ? ""
		: w->offset ? " of its zone"
			    : " UTC");
	if (at.src)
		err_span(err, at);
	return err_hint(err, "Run the same command again when the window is open.");
}
