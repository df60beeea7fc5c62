/* resume.c - going on where an earlier run stopped, inside a migration without a transaction.
 *
 * The journal says of each statement: done (skipped, if its text is still the same), failed or
 * intended (the engine is asked what became of it). What cannot be told stops the run; the person
 * who knows says so with --in-doubt. */
#include "run/run_internal.h"

#include "base/io.h"
#include "engine/engine.h"

#include <time.h>

/* The latest word on a step: done once is done for ever. */
static const struct journal_entry *entry_of(const struct run_state *s, const struct step *step)
{
	const struct journal_entry *found = NULL;

	for (size_t i = 0; s && i < s->nopen_steps; i++) {
		const struct journal_entry *e = &s->open_steps[i];

		if (!e->mark && e->direction == step->direction && e->statement == step->ordinal &&
			slice_eq(e->migration, step->migration->id) &&
			(!found || found->state != STEP_DONE))
			found = e;
	}
	return found;
}

bool resume_has(const struct run_state *s, const struct migration *m)
{
	for (size_t i = 0; s && i < s->nopen_steps; i++)
		if (slice_eq(s->open_steps[i].migration, m->id))
			return true;
	return false;
}

static bool is_session(const struct step *s)
{
	return s->statement->nchanges == 1 &&
	       change_class_of(s->statement->changes[0].kind) == CLASS_SESSION;
}

static bool refuse_edited(const struct step *s, const struct migration *m, struct err *err)
{
	err_set(err, ERR_REFUSED,
		"migration %.*s is half applied, and a statement that has already run was changed "
		"since",
		SLICE(m->id));
	if (s)
		err_span(err, s->statement->span);
	else
		err_at(err, m->path, 0, 0, 0);
	return err_hint(err,
		"Put that statement back as it was, then belay up goes on behind it. Or bring the "
		"database by hand to what the file says now, and record it: belay baseline %.*s",
		SLICE(m->id));
}

/* Statements that ran and are not in the file any more. */
static bool none_removed(const struct run_state *s, const struct plan *p, struct err *err)
{
	for (size_t i = 0; i < s->nopen_steps; i++) {
		const struct journal_entry *e = &s->open_steps[i];
		const struct migration *m = NULL;
		bool there = false;

		if (e->mark || e->state != STEP_DONE || e->direction != p->direction)
			continue;
		for (size_t k = 0; k < p->nmigrations; k++)
			if (slice_eq(p->migrations[k]->id, e->migration))
				m = p->migrations[k];
		for (size_t k = 0; k < p->nsteps; k++)
			there |= p->steps[k].migration == m && p->steps[k].ordinal == e->statement;
		if (m && !there)
			return refuse_edited(NULL, m, err);
	}
	return true;
}

bool resume_check(const struct run_state *s, const struct plan *p, struct err *err)
{
	if (!s || s->nopen_steps == 0)
		return true;
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *step = &p->steps[i];
		const struct journal_entry *e = entry_of(s, step);

		if (e && e->state == STEP_DONE && strcmp(e->hash, step->hash) != 0)
			return refuse_edited(step, step->migration, err);
	}
	return none_removed(s, p, err);
}

static bool in_doubt(const struct step *s, const struct journal_entry *e, struct err *err)
{
	const char *command = s->direction == DIR_UP ? "up" : "down";

	if (e->error.len) {
		err_set(err, ERR_REFUSED,
			"it is not known how far this statement of migration %.*s came: it commits "
			"by itself, and failed (%.*s)",
			SLICE(s->migration->id), SLICE(slice_sub(e->error, 0, 200)));
		err_span(err, s->statement->span);
		return err_hint(err,
			"Look at the database. If it may run again from its beginning: belay %s "
			"--in-doubt again. If the rest was done by hand: belay %s --in-doubt done",
			command, command);
	}
	err_set(err, ERR_REFUSED,
		"it is not known whether this statement of migration %.*s took effect: belay was "
		"stopped while it ran (%.*s)",
		SLICE(s->migration->id), SLICE(slice_sub(e->started, 0, 19)));
	err_span(err, s->statement->span);
	err_hint(err,
		"Look at the database. If it took effect: belay %s --in-doubt done. If not: belay "
		"%s --in-doubt again",
		command, command);
	return false;
}

static bool wait_a_little(struct conn *c, long long begun, struct err *err)
{
	const struct timespec nap = {0, 200 * 1000000L};

	nanosleep(&nap, NULL);
	if (!c->waiter.tick || c->waiter.tick(c->waiter.ctx, io_now_ms() - begun))
		return true;
	return err_set(err, ERR_INTERRUPTED, "interrupted while the server is still at work");
}

static bool ask(const struct resume *r, const struct step *s, const struct journal_entry *e,
	struct probe *p, struct err *err)
{
	long long begun = io_now_ms();

	*p = (struct probe){.verdict = PROBE_DOUBT};
	if (!r->conn->engine->probe)
		return true;
	for (;;) {
		if (!lease_sure(r->lease, r->conn, err) ||
			!r->conn->engine->probe(r->conn, s->statement, e->before, r->arena, p, err))
			return false;
		if (p->verdict != PROBE_BUSY)
			return true;
		if (r->waiting)
			r->waiting(r->ctx, s, p->words);
		if (!wait_a_little(r->conn, begun, err))
			return false;
	}
}

static bool settle(const struct resume *r, const struct journal_entry *e, enum step_state state,
	struct slice words, struct err *err)
{
	return journal_settle(r->journal, e, state, words, err) ||
	       (lease_is_lost(r->lease, err) && lease_lost(err));
}

/* A statement that failed left nothing behind, except where it is known to: the probe removes
 * that. */
static bool after_failure(const struct resume *r, const struct step *s,
	const struct journal_entry *e, struct err *err)
{
	struct probe p;

	if (!ask(r, s, e, &p, err))
		return false;
	return settle(r, e, STEP_FAILED,
		p.verdict == PROBE_DOUBT ? SL("it failed, so it runs again") : p.words, err);
}

bool resume_step(const struct resume *r, const struct step *s, bool *skip, struct err *err)
{
	const struct journal_entry *e = entry_of(r->state, s);
	struct probe p;

	*skip = false;
	if (!e || !r->journal)
		return true;
	if (e->state == STEP_DONE) {
		*skip = !is_session(s); /* a session's settings went with the session */
		return true;
	}
	if (e->state == STEP_FAILED)
		return after_failure(r, s, e, err);
	if (!ask(r, s, e, &p, err))
		return false;
	if (p.verdict == PROBE_DONE && strcmp(e->hash, s->hash) != 0)
		return refuse_edited(s, s->migration, err);
	if (p.verdict == PROBE_DOUBT && r->in_doubt == IN_DOUBT_STOP)
		return in_doubt(s, e, err);
	if (p.verdict == PROBE_DOUBT) {
		*skip = r->in_doubt == IN_DOUBT_DONE;
		p.words = *skip ? SL("said to be done") : SL("said not to be done");
	} else {
		*skip = p.verdict == PROBE_DONE;
	}
	return settle(r, e, *skip ? STEP_DONE : STEP_FAILED, p.words, err);
}
