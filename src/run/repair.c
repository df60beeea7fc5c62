/* repair.c - what does not agree, and how it comes together again. */
#include "run/repair.h"

#include "run/identity.h"
#include "run/run_internal.h"
#include "run/snapshot.h"
#include "sql/quote.h"

#include <stdint.h>

const char *repair_word(enum repair_kind k)
{
	static const char *const words[] = {"copy", "run", "lease", "doubt", "half", "failed",
		"edited", "missing", "unhashed", "undone", "index", "schema"};

	return words[k];
}

static struct repair_item *add(struct repair *r, enum repair_kind k, bool changes, struct slice id)
{
	struct repair_item *i = ARENA_PUSH(r->arena, r->at, r->n);

	*i = (struct repair_item){.kind = k, .changes = changes, .id = id};
	return i;
}

#define FOUND(r, i, ...) ((i)->found = arena_printf((r)->arena, __VA_ARGS__))
#define WOULD(r, i, ...) ((i)->would = arena_printf((r)->arena, __VA_ARGS__))

/* ---- What belongs to no migration ---- */

static bool look_at_identity(struct repair *r, struct err *err)
{
	struct repair_item *i;
	enum identity what;
	struct slice words;

	if (!identity_check(r->conn, r->where, r->arena, &what, &words, err))
		return false;
	if (what == IDENTITY_SAME)
		return true;
	i = add(r, REPAIR_COPY, true, SLICE_NONE);
	FOUND(r, i, "this is not where belay ran last: %.*s", SLICE(words));
	WOULD(r, i, "take this database as it is, with the history that came along");
	return true;
}

static bool query_own(struct repair *r, const char *columns, const char *name, const char *rest,
	struct rows *out, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_printf(&b, "SELECT %s FROM ", columns);
	journal_name(&b, r->conn->id.dialect, r->where, name);
	buf_printf(&b, " %s", rest);
	ok = conn_query(r->conn, buf_slice(&b), r->arena, out, err);
	buf_done(&b);
	return ok;
}

static bool look_at_runs(struct repair *r, struct err *err)
{
	struct rows v = {0};

	if (!query_own(r, "id, direction, host, pid, started", "run",
		    "WHERE state = 'running' ORDER BY id", &v, err))
		return false;
	for (size_t k = 0; k < v.nrows; k++) {
		struct repair_item *i = add(r, REPAIR_RUN, true, rows_get(&v, k, 0));

		FOUND(r, i,
			"run %.*s (%.*s, process %.*s on %.*s, begun %.*s) never said that it "
			"ended",
			SLICE(rows_get(&v, k, 0)), SLICE(rows_get(&v, k, 1)),
			SLICE(rows_get(&v, k, 3)), SLICE(rows_get(&v, k, 2)),
			SLICE(slice_sub(rows_get(&v, k, 4), 0, 19)));
		WOULD(r, i, "mark it as lost, unless it is still at work");
	}
	return true;
}

static bool look_at_lease(struct repair *r, struct err *err)
{
	struct rows v = {0};

	if (r->conn->id.dialect != DIALECT_POSTGRES)
		return true;
	if (!query_own(r, "owner, pg_catalog.date_trunc('second', beat)", "lease",
		    "WHERE part = 'heartbeat' AND beat > '-infinity' AND beat < "
		    "pg_catalog.clock_timestamp() - interval '15 seconds'",
		    &v, err))
		return false;
	for (size_t k = 0; k < v.nrows; k++) {
		struct repair_item *i = add(r, REPAIR_LEASE, true, SLICE_NONE);

		FOUND(r, i, "the lease of %.*s, last heard of at %.*s, was never given back",
			SLICE(rows_get(&v, k, 0)), SLICE(rows_get(&v, k, 1)));
		WOULD(r, i, "take it over and give it back: its holder cannot write any more");
	}
	return true;
}

static bool look_at_schema(struct repair *r, struct err *err)
{
	struct snapshot_scope scope = snapshot_scope(r->project, r->conn->id.dialect, r->where);
	struct repair_item *i;
	struct catalog_diff diff;
	struct snapshot s;

	if (!snapshot_read(&s, r->arena, r->conn, r->where, err))
		return false;
	if (!s.found)
		return true;
	if (s.current) {
		if (!snapshot_compare(&diff, r->arena, r->conn, &scope, &s, err))
			return false;
		if (catalog_diff_is_empty(&diff))
			return true;
	}
	i = add(r, REPAIR_SCHEMA, true, SLICE_NONE);
	if (s.current)
		FOUND(r, i,
			"the schema is not as run %lld left it: belay verify shows %zu "
			"difference%s",
			s.run, diff.n, diff.n == 1 ? "" : "s");
	else
		FOUND(r, i, "the last run that changed something could not store its schema");
	WOULD(r, i, "take the schema as it is now: belay verify compares with it from then on");
	return true;
}

/* ---- Invalid indexes ---- */

static const struct migration_state *maker_in(
	struct repair *r, struct reader *reader, struct slice name, struct arena *a)
{
	const struct migration_state *found = NULL;
	struct err ignored = {0};

	for (size_t i = 0; i < r->state->n; i++) {
		const struct migration *m = r->state->at[i].migration;
		struct script s = {0};

		if (!m || !m->up.src || slice_find(m->up.src->text, name) == SIZE_MAX ||
			!script_read(r->conn->engine, reader, a, m->up.src, m->up.off, m->up.len,
				&s, &ignored))
			continue;
		for (size_t k = 0; k < s.n; k++)
			for (size_t c = 0; c < s.at[k].nchanges; c++) {
				const struct change *ch = &s.at[k].changes[c];

				if (ch->kind == CHANGE_CREATE_INDEX && ch->def &&
					slice_eq(ch->def->name, name))
					found = &r->state->at[i];
			}
	}
	err_done(&ignored);
	return found;
}

/* idx_ccnew, idx_ccold1: leftovers of idx. */
static struct slice base_name(const struct broken_index *x)
{
	struct slice s = x->index.name;

	if (!x->leftover)
		return s;
	while (s.len && s.at[s.len - 1] != '_')
		s.len--;
	return slice_sub(s, 0, s.len ? s.len - 1 : 0);
}

static void add_index(
	struct repair *r, const struct broken_index *x, const struct migration_state *maker)
{
	bool rebuild = maker->state == STATE_APPLIED && !x->leftover;
	struct buf path = {0};
	struct repair_item *i;

	quote_name_pretty(&path, r->conn->id.dialect, x->index.schema, x->index.name);
	i = add(r, REPAIR_INDEX, true, maker->id);
	i->migration = maker->migration;
	i->sql = rebuild ? x->rebuild : x->drop;
	FOUND(r, i,
		"index %.*s of %.*s (migration %.*s) is invalid: it costs writes and serves "
		"nobody",
		SLICE(buf_slice(&path)), SLICE(x->table.name), SLICE(maker->id));
	WOULD(r, i, "%.*s%s", SLICE(i->sql),
		rebuild || x->leftover ? "" : "; belay up builds it anew");
	buf_done(&path);
}

static bool look_at_indexes(struct repair *r, struct err *err)
{
	const struct engine *e = r->conn->engine;
	struct reader_options ro = {.dialect = e->dialect, .version = r->conn->id.version};
	struct broken_index *v;
	struct reader *reader;
	struct arena scratch = {0};
	size_t n;

	if (!e->broken_indexes)
		return true;
	if (!e->broken_indexes(r->conn, r->arena, &v, &n, err))
		return false;
	if (n == 0)
		return true;
	if (!e->reader_open(&reader, &ro, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct migration_state *maker =
			maker_in(r, reader, base_name(&v[i]), &scratch);

		if (maker)
			add_index(r, &v[i], maker);
		arena_reset(&scratch);
	}
	e->reader_close(reader);
	arena_done(&scratch);
	return true;
}

/* ---- Migrations ---- */

static const struct ledger_row *ledger_of(const struct run_state *s, struct slice id)
{
	for (size_t i = 0; i < s->nledger; i++)
		if (slice_eq(s->ledger[i].migration, id))
			return &s->ledger[i];
	return NULL;
}

static const struct journal_entry *intent_of(const struct run_state *s, struct slice id)
{
	for (size_t i = 0; i < s->nopen_steps; i++)
		if (!s->open_steps[i].mark && s->open_steps[i].state == STEP_INTENT &&
			slice_eq(s->open_steps[i].migration, id))
			return &s->open_steps[i];
	return NULL;
}

static void look_at_begun(struct repair *r, const struct migration_state *m)
{
	const struct journal_entry *e = intent_of(r->state, m->id);
	const char *command = m->undoing ? "down" : "up";
	struct repair_item *i;

	if (e) {
		i = add(r, REPAIR_DOUBT, m->migration != NULL, m->id);
		i->migration = m->migration;
		FOUND(r, i,
			"statement %u of migration %.*s was sent by run %lld, and nobody "
			"knows what became of it",
			e->statement + 1, SLICE(m->id), e->run);
		WOULD(r, i,
			"ask the database: done, or not done and nothing of it left; what it "
			"cannot tell is for you: belay %s --in-doubt done|again",
			command);
	}
	i = add(r, REPAIR_HALF, false, m->id);
	i->migration = m->migration;
	FOUND(r, i, "migration %.*s is half %s", SLICE(m->id), m->undoing ? "undone" : "applied");
	WOULD(r, i,
		"belay %s goes on with it; if the rest is not to be: bring the database to the "
		"one end or the other by hand, then belay baseline %.*s or belay forget %.*s",
		command, SLICE(m->id), SLICE(m->id));
}

static void look_at_one(struct repair *r, const struct migration_state *m)
{
	const struct ledger_row *l = ledger_of(r->state, m->id);
	struct repair_item *i;

	if (m->state == STATE_PARTIAL) {
		look_at_begun(r, m);
		return;
	}
	if (m->state == STATE_FAILED || m->state == STATE_UNKNOWN) {
		i = add(r, REPAIR_FAILED, false, m->id);
		FOUND(r, i, "migration %.*s is recorded as failed%s%.*s", SLICE(m->id),
			m->note.len ? ": " : "", SLICE(m->note));
		WOULD(r, i,
			"look at what it left behind; all of it there: belay baseline %.*s; "
			"nothing of it: belay forget %.*s",
			SLICE(m->id), SLICE(m->id));
	} else if (m->missing_file && m->state == STATE_APPLIED) {
		i = add(r, REPAIR_MISSING, true, m->id);
		FOUND(r, i, "migration %.*s is applied, and its file is gone", SLICE(m->id));
		WOULD(r, i, "take it out of the history; what it did to the schema stays");
	} else if (m->edited && m->migration && !m->migration->repeatable) {
		i = add(r, REPAIR_EDITED, true, m->id);
		FOUND(r, i, "migration %.*s was edited after it was applied", SLICE(m->id));
		WOULD(r, i, "take its present text as what was applied; nothing is run");
	} else if (m->state == STATE_PENDING && l && !m->late) {
		i = add(r, REPAIR_UNDONE, true, m->id);
		FOUND(r, i,
			"migration %.*s was applied by belay, and is not in the history of "
			"%s any more",
			SLICE(m->id), r->project->layout->name);
		WOULD(r, i, "forget the hash that belay kept of it: it is pending");
	} else {
		return;
	}
	i->migration = m->migration;
}

static bool lacks_hash(const struct run_state *s, const struct migration_state *m)
{
	return m->state == STATE_APPLIED && m->migration && !m->migration->repeatable &&
	       !m->migration->baseline && m->migration->up.src && !m->edited &&
	       !ledger_of(s, m->id);
}

/* One item for all of them: a project that comes from its own tool has hundreds. */
static void look_at_hashes(struct repair *r)
{
	struct slice names = SLICE_NONE;
	struct repair_item *i;
	size_t n = 0;

	for (size_t k = 0; k < r->state->n; k++)
		if (lacks_hash(r->state, &r->state->at[k]) && ++n <= 5)
			names = arena_printf(r->arena, "%.*s%s%.*s", SLICE(names),
				n > 1 ? ", " : "", SLICE(r->state->at[k].id));
	if (n == 0)
		return;
	i = add(r, REPAIR_UNHASHED, true, SLICE_NONE);
	FOUND(r, i,
		"%zu migration%s (%.*s%s) %s not applied by belay: an edit of %s would not be "
		"seen",
		n, n == 1 ? "" : "s", SLICE(names), n > 5 ? ", …" : "", n == 1 ? "was" : "were",
		n == 1 ? "it" : "them");
	WOULD(r, i, "keep the hash of %s present text", n == 1 ? "its" : "their");
}

bool repair_look(struct repair *r, bool whole, struct err *err)
{
	r->at = NULL;
	r->n = 0;
	if (whole && r->state->journal_exists &&
		(!look_at_identity(r, err) || !look_at_runs(r, err) || !look_at_lease(r, err)))
		return false;
	for (size_t i = 0; i < r->state->n; i++)
		look_at_one(r, &r->state->at[i]);
	if (r->state->journal_exists && whole)
		look_at_hashes(r);
	if (!look_at_indexes(r, err))
		return false;
	return !whole || !r->state->journal_exists || look_at_schema(r, err);
}
