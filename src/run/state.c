/* state.c - what is applied, what is pending, and which migrations a request means. */
#include "run/run.h"
#include "run/snapshot.h"

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

static bool in_ledger(const struct ledger_row *ledger, size_t n, struct slice id)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(ledger[i].migration, id))
			return true;
	return false;
}

static void add_files(struct run_state *out, struct arena *a, const struct project *p,
	const struct ledger_row *ledger, size_t nledger)
{
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];
		const struct history_row *r = row_of(&out->history, m->id);
		struct migration_state s = {.migration = m, .id = m->id, .ms = -1};

		s.taken_out = !r && in_ledger(ledger, nledger, m->id);
		if (s.taken_out)
			s.note = SL("applied by belay, and taken out of the history since");
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

static bool is_below_mark(const struct history *h, struct slice id)
{
	unsigned long long n, mark;

	for (size_t i = 0; slice_u64(id, &n) && i < h->n; i++)
		if (slice_u64(h->at[i].id, &mark) && n <= mark)
			return true;
	return false;
}

/* Where the tool's table holds one number, only our ledger knows of the others. */
static void add_ledger_ghosts(struct run_state *out, struct arena *a, const struct project *p,
	const struct ledger_row *ledger, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct migration_state s = {.id = ledger[i].migration,
			.state = STATE_APPLIED,
			.ms = -1,
			.missing_file = true};

		if (!migration_of(p, s.id) && !row_of(&out->history, s.id) &&
			is_below_mark(&out->history, s.id))
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

/* One number says that everything below it is applied, and its tool passes over what is added there
 * later. Between two migrations that belay ran, one that it did not run is suspect. */
static void mark_below(struct run_state *s, const struct ledger_row *ledger, size_t n)
{
	bool before = false, behind = false;

	for (size_t i = s->n; i-- > 0;)
		if (s->at[i].migration && in_ledger(ledger, n, s->at[i].id)) {
			behind = true;
		} else if (s->at[i].migration && s->at[i].state == STATE_APPLIED && behind) {
			s->at[i].late = true;
			s->at[i].note = SL("below the mark, and belay did not run it");
		}
	for (size_t i = 0; i < s->n && !before; i++) {
		before = s->at[i].migration && in_ledger(ledger, n, s->at[i].id);
		if (s->at[i].late && !before) {
			s->at[i].late = false;
			s->at[i].note = SLICE_NONE;
		}
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

static bool is_mark(const struct journal_entry *e)
{
	return e->mark || e->state == STEP_FAILED;
}

/* A down that was begun: the migration is still in the framework's table, or the table's one number
 * stands, marked as failed, on the one before it. */
static void begun_down(struct run_state *s, size_t k, bool high_water, bool mark)
{
	struct migration_state *m = &s->at[k];
	bool blamed = false;

	for (size_t i = k; high_water && i-- > 0;) {
		if (s->at[i].state == STATE_FAILED) {
			s->at[i].state = STATE_APPLIED;
			s->at[i].note = SLICE_NONE;
			blamed = true;
		}
		break;
	}
	if (mark && !blamed && m->state != STATE_FAILED)
		return;
	m->state = STATE_PARTIAL;
	m->undoing = true;
	m->note = SL("half undone: belay down finishes it");
}

/* What our journal knows to be begun is partial and can be gone on with, whatever mark the
 * framework has put on it. A mark alone, where the framework sees nothing amiss, is nothing. */
static void mark_partial(struct run_state *s, bool high_water)
{
	for (size_t i = 0; i < s->nopen_steps; i++) {
		const struct journal_entry *e = &s->open_steps[i];

		for (size_t k = 0; k < s->n; k++) {
			struct migration_state *m = &s->at[k];

			if (!slice_eq(m->id, e->migration))
				continue;
			if (e->direction == DIR_DOWN) {
				if (!m->undoing)
					begun_down(s, k, high_water, is_mark(e));
			} else if (m->state == STATE_FAILED ||
				   (m->state == STATE_PENDING && !is_mark(e))) {
				m->state = STATE_PARTIAL;
				m->note = SL("half applied: belay up finishes it");
			}
		}
	}
}

/* PostgreSQL finds a table without a schema by search_path: another of that name may have come
 * before the one that knows what is applied. */
static bool look_behind(struct run_state *s, struct arena *a, const struct project *p,
	struct conn *c, struct err *err)
{
	struct cell name = {.text = slice_of(p->table ? p->table : p->layout->table)};
	bool taken = false;
	struct rows r = {0};

	for (size_t i = 0; i < s->n; i++)
		taken |= s->at[i].taken_out;
	if (!taken || c->id.dialect != DIALECT_POSTGRES)
		return true;
	if (!conn_query_params(c,
		    SL("SELECT n.nspname FROM pg_catalog.pg_class c"
		       " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		       " WHERE c.relname = $1 AND c.relkind IN ('r', 'p')"
		       " AND n.nspname = ANY (pg_catalog.current_schemas(false)) ORDER BY"
		       " pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname)"),
		    &name, 1, a, &r, err))
		return false;
	if (r.nrows > 1)
		s->shadow = arena_printf(a, "%.*s.%.*s, while there is %.*s.%.*s, too",
			SLICE(rows_get(&r, 0, 0)), SLICE(name.text), SLICE(rows_get(&r, 1, 0)),
			SLICE(name.text));
	return true;
}

/* Does the difference name something that the migration speaks of? */
static bool speaks_of(const struct migration *m, const struct difference *d)
{
	struct slice text =
		m->up.src ? slice_sub(m->up.src->text, m->up.off, m->up.len) : SLICE_NONE;
	struct slice rest = d->object, last = SLICE_NONE;

	while (slice_next(&rest, '.', &last))
		;
	return d->kind != DIFF_ORDER && d->kind != DIFF_NOT_COMPARED && last.len &&
	       slice_ifind(text, last) != SIZE_MAX;
}

/* A migration that belay applied and the history does not know: another tool took it back, if what
 * it made is not as belay left it; then it is pending as any other. Else only its row is gone. */
static bool look_at_schema(struct run_state *s, struct arena *a, const struct project *p,
	struct conn *c, struct slice where, struct err *err)
{
	struct snapshot_scope scope = snapshot_scope(p, c->id.dialect, where);
	struct catalog_diff diff = {0};
	struct snapshot last;
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		any |= s->at[i].taken_out && s->at[i].migration;
	if (!any || s->shadow.len)
		return true;
	if (!snapshot_read(&last, a, c, where, err))
		return false;
	if (!last.found || !last.current || !last.content.len)
		return true;
	if (!snapshot_compare(&diff, a, c, &scope, &last, err))
		return err_context(err, "looking whether another tool took a migration back");
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < diff.n && s->at[i].taken_out && s->at[i].migration; k++)
			if (speaks_of(s->at[i].migration, &diff.at[k]))
				s->at[i].taken_out = false;
	return true;
}

/* The ledger first: what it knows was written together with the history's row, so somebody who is
 * at work now cannot make it know more than the history. */
static bool read_once(struct run_state *out, struct arena *a, const struct project *p,
	struct conn *c, struct slice journal_where, struct err *err)
{
	struct ledger_row *ledger = NULL;
	size_t nledger = 0;

	*out = (struct run_state){0};
	if (!journal_read(c, journal_where, a, &out->journal_exists, &ledger, &nledger,
		    &out->open_steps, &out->nopen_steps, err))
		return err_context(err, "reading belay's journal");
	if (!p->layout->history_read(p, c, a, &out->history, err))
		return err_context(err, "reading the history of %s", p->layout->name);
	if (out->history.problem.len) {
		err_set(err, ERR_INPUT, "%.*s", SLICE(out->history.problem));
		return err_hint(err, "Say which tool keeps this project with --layout.");
	}
	out->orphans = out->history.exists ? 0 : nledger;
	add_files(out, a, p, ledger, nledger);
	add_ghosts(out, a, p);
	if (p->layout->high_water)
		add_ledger_ghosts(out, a, p, ledger, nledger);
	out->ledger = ledger;
	out->nledger = nledger;
	mark_partial(out, p->layout->high_water);
	if (!look_behind(out, a, p, c, err) || !look_at_schema(out, a, p, c, journal_where, err))
		return false;
	if (p->layout->high_water)
		mark_below(out, ledger, nledger);
	mark_late(out);
	return true;
}

static bool is_suspicious(const struct run_state *s)
{
	bool any = s->orphans > 0;

	for (size_t i = 0; i < s->n; i++)
		any |= s->at[i].taken_out;
	return any;
}

bool state_read(struct run_state *out, struct arena *a, const struct project *p, struct conn *c,
	struct slice journal_where, struct err *err)
{
	/* A down that is under way takes both out, between two looks of ours. */
	return read_once(out, a, p, c, journal_where, err) &&
	       (!is_suspicious(out) || read_once(out, a, p, c, journal_where, err));
}

/* ---- Selecting ---- */

static size_t index_of(const struct run_state *s, const struct migration *m)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].migration == m)
			return i;
	return s->n;
}

static bool refuse_edited(const struct migration_state *m, struct err *err)
{
	err_set(err, ERR_REFUSED, "migration %.*s was edited after it was applied", SLICE(m->id));
	err_hint(err,
		"Put the old text back and make a new migration; or, if the database is as the "
		"new text wants it, accept the text with `belay baseline %.*s`.",
		SLICE(m->id));
	return err_at(err, m->migration->path, 0, 0, 0);
}

static bool refuse_failed(const struct migration_state *m, struct err *err)
{
	err_set(err, ERR_REFUSED, "migration %.*s is recorded as %s%s%.*s", SLICE(m->id),
		m->state == STATE_FAILED ? "failed" : "unknown", m->note.len ? ": " : "",
		SLICE(m->note));
	if (!m->migration)
		return err_hint(err, "Its file is missing. Bring it back first: belay has to know "
				     "what it was.");
	err_hint(err,
		"Another tool left it so, and belay cannot know what is there. Look at what it "
		"left behind, mend that, then record it with `belay baseline %.*s`.",
		SLICE(m->id));
	return err_at(err, m->migration->path, 0, 0, 0);
}

static bool refuse_partial(const struct migration_state *m, struct err *err)
{
	err_set(err, ERR_REFUSED, "migration %.*s is half %s", SLICE(m->id),
		m->undoing ? "undone" : "applied");
	err_hint(err, m->undoing
			      ? "`belay down` goes on undoing it; after that `belay up` applies it "
				"again."
			      : "`belay up` goes on with it; after that `belay down` undoes it.");
	err_next(err, m->undoing ? "belay down" : "belay up");
	return m->migration ? err_at(err, m->migration->path, 0, 0, 0) : false;
}

static bool refuse_orphans(const struct run_state *s, struct err *err)
{
	err_set(err, ERR_REFUSED,
		"the history table is gone, but belay's journal knows %zu migration%s to be "
		"applied here",
		s->orphans, s->orphans == 1 ? "" : "s");
	return err_hint(err,
		"To run them again would do everything twice. Bring the table back, or record "
		"anew what is applied: belay baseline ID. If the database was emptied on purpose, "
		"remove belay's tables too.");
}

static bool refuse_lost(const struct migration_state *m, struct err *err)
{
	err_set(err, ERR_REFUSED, "migration %.*s is applied here, but its file is missing",
		SLICE(m->id));
	err_hint(err,
		"Nothing was done. Bring the file back; or take the migration out of the history: "
		"belay forget %.*s; or, with an older version of the code on purpose: belay up "
		"--ignore-missing",
		SLICE(m->id));
	return err_next(err, "belay forget %.*s", SLICE(m->id));
}

/* What is applied behind a late one. */
static struct slice applied_behind(const struct run_state *s, const struct migration_state *m)
{
	for (const struct migration_state *x = m + 1; x < s->at + s->n; x++)
		if (x->migration && x->state == STATE_APPLIED && !x->migration->repeatable)
			return x->id;
	return SLICE_NONE;
}

static bool refuse_late(const struct run_state *s, const struct migration_state *m, struct err *err)
{
	if (m->state == STATE_APPLIED) {
		err_set(err, ERR_REFUSED,
			"migration %.*s stands below the mark in the history, and belay did not "
			"run it",
			SLICE(m->id));
		err_hint(err,
			"Nothing was done. If it is new here: belay up --only %.*s; if it was run: "
			"belay repair writes that down.",
			SLICE(m->id));
	} else {
		err_set(err, ERR_REFUSED,
			"migration %.*s is late: %.*s, which stands behind it, is applied already",
			SLICE(m->id), SLICE(applied_behind(s, m)));
		err_hint(err,
			"Nothing was done. If their order does not matter: belay up "
			"--out-of-order, "
			"or this one alone: belay up --only %.*s. Else give it a number behind the "
			"last one.",
			SLICE(m->id));
	}
	err_next(err, "belay up --only %.*s", SLICE(m->id));
	return err_at(err, m->migration->path, 0, 0, 0);
}

/* The history and the folder tell different stories. */
static bool up_gates(const struct run_state *s, const struct selection *sel, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct migration_state *m = &s->at[i];

		if (m->missing_file && m->state == STATE_APPLIED && !sel->ignore_missing)
			return refuse_lost(m, err);
		if (m->late && m->migration && !sel->only.len &&
			(m->state == STATE_APPLIED || !sel->out_of_order))
			return refuse_late(s, m, err);
	}
	return true;
}

static bool gates(const struct run_state *s, struct err *err)
{
	if (s->orphans)
		return refuse_orphans(s, err);
	for (size_t i = 0; i < s->n; i++) {
		const struct migration_state *m = &s->at[i];

		if (m->edited && m->migration && !m->migration->repeatable)
			return refuse_edited(m, err);
		if (m->state == STATE_FAILED || m->state == STATE_UNKNOWN)
			return refuse_failed(m, err);
	}
	return true;
}

/* Taken back by another tool, or its row was removed by hand: who knows? To run it again may do
 * everything twice. */
static bool refuse_taken_out(
	const struct run_state *s, const struct migration_state *m, struct err *err)
{
	err_set(err, ERR_REFUSED,
		"migration %.*s was applied by belay, and the history does not know it any more",
		SLICE(m->id));
	err_at(err, m->migration->path, 0, 0, 0);
	if (s->shadow.len) {
		err_context(err, "search_path leads to %.*s", SLICE(s->shadow));
		return err_hint(err, "Put the schema of the right one first in search_path.");
	}
	return err_hint(err,
		"If another tool took it back: belay up --in-doubt again. If only its row was "
		"removed: belay baseline %.*s",
		SLICE(m->id));
}

static bool is_pending(const struct migration_state *m)
{
	if (!m->migration)
		return false;
	if (m->migration->repeatable)
		return m->state != STATE_APPLIED || m->edited;
	return m->state == STATE_PENDING || m->state == STATE_PARTIAL;
}

/* A phase is a gate: what is asked for and everything before it, in order; contract only when it is
 * asked for. */
static enum phase last_phase(const struct selection *sel)
{
	return sel->phase == PHASE_NONE ? PHASE_BACKFILL : sel->phase;
}

static bool refuse_phase(
	const struct migration_state *m, const struct migration *wanted, struct err *err)
{
	static const char *const words[] = {"", "expand", "backfill", "contract"};
	const char *word = words[m->migration->phase];

	err_set(err, ERR_REFUSED,
		"migration %.*s, which stands before %.*s, is of the %s phase, and that was not "
		"asked for",
		SLICE(m->id), SLICE(wanted->id), word);
	err_hint(err, "When no running code needs the old form: belay up --phase %s", word);
	return err_at(err, m->migration->path, 0, 0, 0);
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

		if (m->undoing)
			return refuse_partial(m, err);
		if (only && m->migration != only)
			continue;
		if (is_pending(m) || (only && m->late)) {
			if (!only && m->migration->phase > last_phase(sel) && m->migration != stop)
				return stop ? refuse_phase(m, stop, err) : true;
			if (m->taken_out && !sel->again && !m->migration->repeatable)
				return refuse_taken_out(s, m, err);
			*ARENA_PUSH(a, *out, *n) = m->migration;
		}
		if (stop && m->migration == stop)
			break;
	}
	return true;
}

static bool refuse_missing(const struct migration_state *m, struct err *err)
{
	err_set(err, ERR_REFUSED, "migration %.*s is applied but its file is missing",
		SLICE(m->id));
	return err_hint(err, "Bring the file back: its down script is needed.");
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

		if (stop && m->migration == stop)
			break;
		if (m->state == STATE_PARTIAL && !m->undoing)
			return refuse_partial(m, err);
		if ((m->state != STATE_APPLIED && !m->undoing) ||
			(m->migration && m->migration->repeatable))
			continue;
		if (!m->migration)
			return refuse_missing(m, err);
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
	if (!gates(s, err))
		return false;
	if (sel->direction == DIR_UP)
		return up_gates(s, sel, err) && select_up(s, p, sel, a, out, n, err);
	return select_down(s, p, sel, a, out, n, err);
}
