/* state.c - what is applied, what is pending, and which migrations a request means. */
#include "run/run.h"

#include <stdint.h>

static const struct history_row *row_of(const struct history *h, struct slice id)
{
	for (size_t i = 0; i < h->n; i++)
		if (slice_eq(h->at[i].id, id))
			return &h->at[i];
	return NULL;
}

static const struct migration *migration_of(const struct project *p, struct slice id)
{
	for (size_t i = 0; i < p->nmigrations; i++)
		if (slice_eq(p->migrations[i].id, id))
			return &p->migrations[i];
	return NULL;
}

static bool changed_since(const struct ledger_row *ledger, size_t n, const struct migration *m)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(ledger[i].migration, m->id))
			return strcmp(ledger[i].checksum, m->checksum) != 0;
	return false;
}

static void add_files(struct run_state *out, struct arena *a, const struct project *p,
	const struct ledger_row *ledger, size_t nledger)
{
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];
		const struct history_row *r = row_of(&out->history, m->id);
		struct migration_state s = {.migration = m, .id = m->id, .ms = -1};

		if (r) {
			s.state = r->state;
			s.applied_at = r->applied_at;
			s.ms = r->ms;
			s.note = r->note;
			s.edited = r->edited ||
				   (r->state == STATE_APPLIED && changed_since(ledger, nledger, m));
		}
		*ARENA_PUSH(a, out->at, out->n) = s;
	}
}

static void add_ghosts(struct run_state *out, struct arena *a, const struct project *p)
{
	for (size_t i = 0; i < out->history.n; i++) {
		const struct history_row *r = &out->history.at[i];
		struct migration_state s = {.id = r->id,
			.state = r->state,
			.applied_at = r->applied_at,
			.ms = r->ms,
			.note = r->note,
			.missing_file = true};

		if (!migration_of(p, r->id))
			*ARENA_PUSH(a, out->at, out->n) = s;
	}
}

/* Pending although something behind it is applied already. */
static void mark_late(struct run_state *s)
{
	bool applied_behind = false;

	for (size_t i = s->n; i-- > 0;) {
		if (!s->at[i].migration || s->at[i].migration->repeatable)
			continue;
		if (s->at[i].state == STATE_APPLIED)
			applied_behind = true;
		else if (s->at[i].state == STATE_PENDING && applied_behind)
			s->at[i].late = true;
	}
}

/* A step that was begun and not finished makes its migration partial, whatever the table says. */
static void mark_partial(struct run_state *s)
{
	for (size_t i = 0; i < s->nopen_steps; i++)
		for (size_t k = 0; k < s->n; k++)
			if (slice_eq(s->at[k].id, s->open_steps[i].migration) &&
				s->at[k].state == STATE_PENDING)
				s->at[k].state = STATE_PARTIAL;
}

bool state_read(struct run_state *out, struct arena *a, const struct project *p, struct conn *c,
	struct slice journal_where, struct err *err)
{
	struct ledger_row *ledger = NULL;
	size_t nledger = 0;

	*out = (struct run_state){0};
	if (!p->layout->history_read(p, c, a, &out->history, err))
		return err_context(err, "reading the history of %s", p->layout->name);
	if (out->history.problem.len) {
		err_set(err, ERR_INPUT, "%.*s", SLICE(out->history.problem));
		return err_hint(err, "Say which tool keeps this project with --layout.");
	}
	if (!journal_read(c, journal_where, a, &out->journal_exists, &ledger, &nledger,
		    &out->open_steps, &out->nopen_steps, err))
		return err_context(err, "reading belay's journal");
	add_files(out, a, p, ledger, nledger);
	add_ghosts(out, a, p);
	mark_partial(out);
	mark_late(out);
	return true;
}

/* ---- Selecting ---- */

static size_t index_of(const struct run_state *s, const struct migration *m)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].migration == m)
			return i;
	return s->n;
}

static bool gate_edited(const struct run_state *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct migration_state *m = &s->at[i];

		if (m->edited && m->migration && !m->migration->repeatable) {
			err_set(err, ERR_REFUSED, "migration %.*s was edited after it was applied",
				SLICE(m->id));
			err_hint(err,
				"Put the old text back and make a new migration; or, if the "
				"database is as "
				"the new text wants it, accept the text with `belay baseline "
				"%.*s`.",
				SLICE(m->id));
			return err_at(err, m->migration->path, 0, 0, 0);
		}
		if (m->state == STATE_FAILED || m->state == STATE_UNKNOWN) {
			err_set(err, ERR_REFUSED, "migration %.*s is recorded as %s%s%.*s",
				SLICE(m->id), m->state == STATE_FAILED ? "failed" : "unknown",
				m->note.len ? ": " : "", SLICE(m->note));
			err_hint(err,
				"Look at what it left behind, mend that, then record it with "
				"`belay baseline %.*s`.",
				SLICE(m->id));
			if (m->migration)
				err_at(err, m->migration->path, 0, 0, 0);
			return false;
		}
	}
	return true;
}

static bool is_pending(const struct migration_state *m)
{
	if (!m->migration)
		return false;
	if (m->migration->repeatable)
		return m->state != STATE_APPLIED || m->edited;
	return m->state == STATE_PENDING || m->state == STATE_PARTIAL;
}

static bool select_up(const struct run_state *s, const struct project *p,
	const struct selection *sel, struct arena *a, const struct migration ***out, size_t *n,
	struct err *err)
{
	const struct migration *stop = NULL, *only = NULL;

	if (sel->to.len && !project_find(p, sel->to, &stop, err))
		return false;
	if (sel->only.len && !project_find(p, sel->only, &only, err))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct migration_state *m = &s->at[i];

		if (is_pending(m) && (!only || m->migration == only) &&
			(sel->phase == PHASE_NONE || m->migration->phase == sel->phase ||
				m->migration->phase == PHASE_NONE)) {
			if (m->migration->phase == PHASE_CONTRACT && sel->phase != PHASE_CONTRACT &&
				m->migration != stop && m->migration != only)
				break; /* phases are gates: contract waits until it is asked for */
			*ARENA_PUSH(a, *out, *n) = m->migration;
		}
		if (m->migration && m->migration == stop)
			break;
	}
	return true;
}

static bool select_down(const struct run_state *s, const struct project *p,
	const struct selection *sel, struct arena *a, const struct migration ***out, size_t *n,
	struct err *err)
{
	const struct migration *stop = NULL;
	size_t left = sel->all || sel->to.len ? SIZE_MAX : sel->count ? sel->count : 1;

	if (sel->to.len && !project_find(p, sel->to, &stop, err))
		return false;
	if (stop && s->at[index_of(s, stop)].state != STATE_APPLIED)
		return err_set(err, ERR_INPUT,
			"migration %.*s is not applied, so nothing leads down to it",
			SLICE(stop->id));
	for (size_t i = s->n; i-- > 0 && left;) {
		const struct migration_state *m = &s->at[i];

		if (m->migration && m->migration == stop)
			break;
		if (m->state != STATE_APPLIED || (m->migration && m->migration->repeatable))
			continue;
		if (!m->migration) {
			err_set(err, ERR_REFUSED,
				"migration %.*s is applied but its file is missing", SLICE(m->id));
			return err_hint(err, "Bring the file back: its down script is needed.");
		}
		if (m->migration->baseline)
			break;
		*ARENA_PUSH(a, *out, *n) = m->migration;
		left--;
	}
	return true;
}

bool state_select(const struct run_state *s, const struct project *p, const struct selection *sel,
	struct arena *a, const struct migration ***out, size_t *n, struct err *err)
{
	*out = NULL;
	*n = 0;
	if (!gate_edited(s, err))
		return false;
	if (sel->direction == DIR_UP)
		return select_up(s, p, sel, a, out, n, err);
	return select_down(s, p, sel, a, out, n, err);
}
