/* window_gate.c - nothing begins outside its window. */
#include "run/run_internal.h"

#include <time.h>

static bool is_shut(const struct window *w, const char *where, struct span at,
	const struct migration *m, struct err *err)
{
	err_set(err, ERR_BLOCKED,
		"stopped %s migration %.*s: its window is %02d:%02d to %02d:%02d%s", where,
		SLICE(m->id), w->from / 60, w->from % 60, w->to / 60, w->to % 60,
		w->local    ? ""
		: w->offset ? " of its zone"
			    : " UTC");
	if (at.src)
		err_span(err, at);
	return err_hint(err, "Run the same command again when the window is open.");
}

bool window_gate(const struct window *w, struct span at, const struct migration *m, struct err *err)
{
	return window_is_open(w, time(NULL)) || is_shut(w, "before", at, m, err);
}

bool window_between(const struct window *all, const struct step *s, struct err *err)
{
	time_t now = time(NULL);

	if (!window_is_open(&s->window, now))
		return is_shut(&s->window, "between two batches of", s->statement->span,
			s->migration, err);
	return window_is_open(all, now) ||
	       is_shut(all, "between two batches of", s->statement->span, s->migration, err);
}
