/* rehearse.c - proving migrations on a throw-away server.
 *
 * One database, "main", walks through the history. For each migration under proof a copy of it,
 * "proof", goes up, is compared, goes down, is compared, goes up again, and takes a second up on
 * top; then "main" itself takes the migration for good. A failed down costs the copy only; a
 * migration that does not go up, or is code, is a gap: the walk goes on without it, and what fails
 * behind a gap is not proven rather than wrong. */
#include "rehearse/rehearse.h"

#include "base/digest.h"
#include "base/io.h"
#include "run/journal.h"

#include <stdint.h>

struct rehearser {
	struct rehearsal *out;
	struct arena *arena;
	const struct project *project;
	const struct engine *engine;
	const struct rehearse_options *o;
	struct scratch *scratch;
	struct conn *main;
	struct rehearsed *r;    /* the migration under proof */
	struct conn *proof;     /* the copy it runs on, NULL outside a proof */
	bool observing, failed; /* one did not go up */
	size_t last;            /* of those to be proven */
	struct slice history;   /* bare name of the framework's table */
	struct buf receipt;
};

/* A state of a database: its schema, and what is in its tables. */
struct table_rows {
	struct name table;
	long long count;
	char hash[65];
};
struct state {
	struct catalog *schema;
	struct table_rows *tables;
	size_t ntables;
	struct names positions;
};

static bool is_ours(void *ctx, const struct object *o)
{
	const struct rehearser *h = ctx;
	struct slice name = o->table ? o->table->name : o->name;

	/* The framework's own table (and its sequence) is kept as its tool would keep it. */
	if (h->history.len && name.len >= h->history.len &&
		slice_ieq(slice_sub(name, 0, h->history.len), h->history))
		return true;
	return journal_is_ours(h->engine->dialect, o->schema, name);
}

static struct diff_options diff_options(struct rehearser *h)
{
	return (struct diff_options){.skip = is_ours, .skip_ctx = h};
}

static bool holds_rows(const struct object *t)
{
	return slice_empty(t->table_.kind) || slice_is(t->table_.kind, "table");
}

static bool read_rows(struct rehearser *h, struct conn *c, struct state *s, struct err *err)
{
	const struct object **tables;
	size_t n = catalog_list(s->schema, OBJECT_TABLE, h->arena, &tables);

	for (size_t i = 0; i < n; i++) {
		struct table_rows t = {.table = {arena_slice(h->arena, tables[i]->schema),
					       arena_slice(h->arena, tables[i]->name)}};
		struct names all = {0};

		if (!holds_rows(tables[i]) || is_ours(h, tables[i]))
			continue;
		if (!h->engine->rows_fingerprint(c, t.table, all, &t.count, t.hash, err))
			return err_context(err, "reading the rows of %.*s", SLICE(t.table.name));
		*ARENA_PUSH(h->arena, s->tables, s->ntables) = t;
	}
	return true;
}

static bool take_state(
	struct rehearser *h, struct conn *c, struct state *s, bool rows, struct err *err)
{
	struct load_options lo = {0};

	*s = (struct state){.schema = catalog_new(h->engine->dialect, c->id.version)};
	if (!h->engine->load(c, s->schema, &lo, err))
		return err_context(err, "reading the scratch schema");
	if (!rows)
		return true;
	return read_rows(h, c, s, err) && h->engine->positions(c, h->arena, &s->positions, err);
}

static void drop_state(struct state *s)
{
	catalog_free(s->schema);
	s->schema = NULL;
}

/* ---- Running ---- */

/* A SET touches no relation, and SET TRANSACTION must come before any query, ours too. */
static bool is_observed(const struct rehearser *h, const struct step *s)
{
	return h->observing && h->engine->observe_begin &&
	       !(s->statement && s->statement->kind &&
		       slice_starts(slice_of(s->statement->kind), "SET"));
}

static bool before_step(void *ctx, const struct step *s, struct err *err)
{
	struct rehearser *h = ctx;

	return !is_observed(h, s) || h->engine->observe_begin(h->proof, err);
}

static bool after_step(void *ctx, const struct step *s, long long ms, struct err *err)
{
	struct rehearser *h = ctx;
	struct rehearsed_statement st = {
		.statement = s->statement, .sql = step_shown(s), .ms = (double)ms};

	if (!h->observing)
		return true;
	if (is_observed(h, s) && !h->engine->observe_end(h->proof, h->arena, &st.observed, err))
		return false;
	*ARENA_PUSH(h->arena, h->r->statements, h->r->nstatements) = st;
	return true;
}

static bool run_one(struct rehearser *h, struct conn *c, const struct migration *m,
	enum direction d, double *ms, struct err *err)
{
	const struct migration **list = ARENA_ARRAY(h->arena, 1, const struct migration *);
	struct plan_request req = {.direction = d,
		.migrations = list,
		.nmigrations = 1,
		.server_version = c->id.version};
	struct run_options ro = {.conn = c,
		.no_journal = true,
		.before = before_step,
		.after = after_step,
		.ctx = h};
	struct run_result result;
	struct plan plan;
	long long begun;
	bool ok;

	list[0] = m;
	if (!plan_make(&plan, h->arena, h->project, h->engine, &req, err))
		return false;
	begun = io_now_ms();
	ok = run_plan(&result, h->arena, &plan, &ro, err);
	*ms = (double)(io_now_ms() - begun);
	return ok;
}

/* Errors of the migration are results; errors of the scratch server or of us are failures. */
static bool is_result(const struct err *err)
{
	return err->code == ERR_FAILED || err->code == ERR_BLOCKED || err->code == ERR_REFUSED;
}

static enum proof attempt(struct rehearser *h, const struct migration *m, enum direction d,
	double *ms, struct slice *words, struct err *err)
{
	struct err e = {0};

	if (run_one(h, h->proof, m, d, ms, &e))
		return PROOF_OK;
	if (!is_result(&e)) {
		err_move(err, &e);
		return PROOF_NONE;
	}
	*words = arena_slice(h->arena, slice_of(e.message));
	err_done(&e);
	return PROOF_FAILED;
}

/* ---- Comparing ---- */

static void differs(struct rehearser *h, const char *stage, const char *kind, struct slice object,
	struct slice before, struct slice after)
{
	*ARENA_PUSH(h->arena, h->r->differences, h->r->ndifferences) =
		(struct rehearsed_difference){stage, kind, object, before, after};
}

static struct slice present(struct slice s)
{
	return s.len ? s : SL("present");
}

static bool same_schema(struct rehearser *h, const char *stage, const struct state *before,
	const struct state *after)
{
	struct diff_options opt = diff_options(h);
	struct catalog_diff d = catalog_compare(h->arena, before->schema, after->schema, &opt);

	for (size_t i = 0; i < d.n; i++) {
		const struct difference *x = &d.at[i];
		struct slice object = x->object;

		if (x->kind == DIFF_NOT_COMPARED)
			continue;
		if (x->field)
			object = arena_printf(h->arena, "%.*s (%s)", SLICE(x->object), x->field);
		differs(h, stage, x->kind == DIFF_ORDER ? "order" : "schema", object,
			x->kind == DIFF_EXTRA ? SL("absent") : present(x->before),
			x->kind == DIFF_MISSING ? SL("absent") : present(x->after));
	}
	return catalog_diff_is_empty(&d);
}

static const struct table_rows *rows_of(const struct state *s, struct name table)
{
	for (size_t i = 0; i < s->ntables; i++)
		if (name_eq(s->tables[i].table, table))
			return &s->tables[i];
	return NULL;
}

static struct slice table_path(struct rehearser *h, struct name t)
{
	if (slice_empty(t.schema))
		return t.name;
	return arena_printf(h->arena, "%.*s.%.*s", SLICE(t.schema), SLICE(t.name));
}

/* "schema.name=value" of a sequence that belongs to the framework's own table. */
static bool is_history(const struct rehearser *h, struct slice position)
{
	size_t dot = slice_chr(position, '.');
	struct slice name = dot == SIZE_MAX ? position : slice_from(position, dot + 1);

	return h->history.len && slice_ieq(slice_sub(name, 0, h->history.len), h->history);
}

/* Rows of the tables that were there before; sequence positions count as data. */
static bool same_data(struct rehearser *h, const char *stage, const struct state *before,
	const struct state *after)
{
	bool same = true;

	for (size_t i = 0; i < before->ntables; i++) {
		const struct table_rows *b = &before->tables[i], *a = rows_of(after, b->table);

		if (!a || (a->count == b->count && strcmp(a->hash, b->hash) == 0))
			continue;
		same = false;
		differs(h, stage, "data", table_path(h, b->table),
			a->count != b->count ? arena_printf(h->arena, "%lld rows", b->count)
					     : SL("other values"),
			arena_printf(h->arena, "%lld rows", a->count));
	}
	for (size_t i = 0; i < before->positions.n; i++) {
		if (names_has(after->positions, before->positions.at[i]) ||
			is_history(h, before->positions.at[i]))
			continue;
		same = false;
		differs(h, stage, "data", before->positions.at[i], SL("that position"),
			SL("another position"));
	}
	return same;
}

static bool any_rows(const struct state *s, size_t *tables)
{
	*tables = 0;
	for (size_t i = 0; i < s->ntables; i++)
		*tables += s->tables[i].count > 0;
	return *tables > 0;
}

/* ---- The proof of one migration ---- */

static bool fresh_copy(struct rehearser *h, struct err *err)
{
	conn_close(h->proof);
	h->proof = NULL;
	/* A database in use cannot be copied: the walker steps out for a moment. */
	conn_close(h->main);
	h->main = NULL;
	return h->engine->scratch_open(h->scratch, "proof", "main", &h->proof, err) ||
	       err_context(err, "copying the scratch database");
}

static bool main_open(struct rehearser *h, struct err *err)
{
	return h->main || h->engine->scratch_open(h->scratch, "main", "main", &h->main, err);
}

static bool prove_verify(struct rehearser *h, const struct migration *m, struct err *err)
{
	struct run_result res;
	struct err e = {0};

	if (!m->verify.src)
		return true;
	if (!run_verify(&res, h->arena, h->project, &m, 1, h->proof, &e)) {
		if (!is_result(&e) && e.code != ERR_INPUT) {
			err_move(err, &e);
			return false;
		}
		*ARENA_PUSH(h->arena, h->r->verify_failed, h->r->nverify_failed) =
			arena_slice(h->arena, slice_of(e.message));
		err_done(&e);
	}
	for (size_t i = 0; i < res.nfailures; i++)
		*ARENA_PUSH(h->arena, h->r->verify_failed, h->r->nverify_failed) = arena_printf(
			h->arena, "%.*s: expected %.*s, got %.*s", SLICE(res.failures[i].query),
			SLICE(res.failures[i].expected), SLICE(res.failures[i].got));
	h->r->verify = h->r->nverify_failed ? PROOF_FAILED : PROOF_OK;
	return true;
}

/* Down, compare with the state before, up again, compare with the state after the first up. */
static bool prove_down(struct rehearser *h, const struct migration *m, const struct state *before,
	const struct state *up, struct err *err)
{
	struct rehearsed *r = h->r;
	struct state down = {0}, again = {0};
	bool ok = true;

	r->down = attempt(h, m, DIR_DOWN, &r->down_ms, &r->down_error, err);
	if (r->down == PROOF_NONE)
		return false;
	if (r->down == PROOF_FAILED) {
		r->schema_restored = PROOF_FAILED;
		return true;
	}
	if (!take_state(h, h->proof, &down, true, err))
		return false;
	r->schema_restored = same_schema(h, "down", before, &down) ? PROOF_OK : PROOF_FAILED;
	if (any_rows(before, &r->rows_tables))
		r->data_restored = same_data(h, "down", before, &down) ? PROOF_OK : PROOF_FAILED;
	r->up_again = attempt(h, m, DIR_UP, &r->up_again_ms, &r->up_again_error, err);
	if (r->up_again == PROOF_NONE)
		ok = false;
	else if (r->up_again == PROOF_OK) {
		ok = take_state(h, h->proof, &again, true, err);
		if (ok && !same_schema(h, "up_again", up, &again))
			r->up_again = PROOF_FAILED;
	}
	drop_state(&down);
	drop_state(&again);
	return ok;
}

/* A second up directly on the first. */
static bool prove_rerun(
	struct rehearser *h, const struct migration *m, const struct state *up, struct err *err)
{
	struct rehearsed *r = h->r;
	struct state again = {0};
	double ms;
	enum proof p;

	/* What came down and went up again is as good as a fresh copy only if it is equal. */
	if (r->up_again != PROOF_OK || r->data_restored == PROOF_FAILED) {
		if (!fresh_copy(h, err))
			return false;
		if (attempt(h, m, DIR_UP, &ms, &r->rerun_error, err) == PROOF_NONE)
			return false;
	}
	p = attempt(h, m, DIR_UP, &ms, &r->rerun_error, err);
	if (p == PROOF_NONE)
		return false;
	if (p == PROOF_FAILED) {
		r->rerun = RERUN_FAILS;
		return true;
	}
	if (!take_state(h, h->proof, &again, true, err))
		return false;
	r->rerun = same_schema(h, "rerun", up, &again) && same_data(h, "rerun", up, &again)
			   ? RERUN_SAME
			   : RERUN_DIFFERS;
	drop_state(&again);
	return true;
}

/* 42501 insufficient privilege, 42704 undefined object: what the real server's role may have. */
static bool wants_superuser(const struct err *e)
{
	return strcmp(e->sqlstate, "42501") == 0;
}

/* Why a failure says nothing about the migration itself, or nothing. */
static struct slice beyond_us(const struct rehearser *h, const struct err *e)
{
	if (wants_superuser(e))
		return SL("it needs a superuser");
	if (h->engine->dialect == DIALECT_SQLITE &&
		slice_find(slice_of(e->message), SL("no such function:")) != SIZE_MAX)
		return SL("it calls a function that the application brings along");
	return SLICE_NONE;
}

static const char *wants_more(const struct err *e)
{
	if (!wants_superuser(e) && strcmp(e->sqlstate, "42704") != 0)
		return "";
	return " (the scratch server's owner is no superuser and has no roles of your server: "
	       "--scratch URL names a server where it has)";
}

static bool prove_up(struct rehearser *h, const struct migration *m, struct err *err)
{
	struct rehearsed *r = h->r;
	struct err e = {0};

	h->observing = true;
	if (run_one(h, h->proof, m, DIR_UP, &r->up_ms, &e)) {
		r->up = PROOF_OK;
	} else if (is_result(&e)) {
		r->up = PROOF_FAILED;
		r->up_error = arena_printf(h->arena, "%s%s", e.message, wants_more(&e));
		r->unproven = beyond_us(h, &e);
	} else {
		err_move(err, &e);
	}
	h->observing = false;
	err_done(&e);
	return r->up != PROOF_NONE;
}

static bool prove(struct rehearser *h, const struct migration *m, struct err *err)
{
	struct state before = {0}, up = {0};
	struct rehearsed *r = h->r;
	bool ok;

	ok = fresh_copy(h, err) && take_state(h, h->proof, &before, true, err) &&
	     prove_up(h, m, err);
	if (ok)
		r->rows_source = any_rows(&before, &r->rows_tables) ? "history" : "none";
	if (ok && r->up == PROOF_OK) {
		ok = prove_verify(h, m, err) && take_state(h, h->proof, &up, true, err);
		if (ok && m->down.src)
			ok = prove_down(h, m, &before, &up, err);
		ok = ok && prove_rerun(h, m, &up, err);
	}
	r->irreversible =
		!m->down.src ||
		(r->up == PROOF_OK && (r->down != PROOF_OK || r->schema_restored == PROOF_FAILED ||
					      r->data_restored == PROOF_FAILED));
	drop_state(&before);
	drop_state(&up);
	conn_close(h->proof);
	h->proof = NULL;
	return ok;
}

/* ---- The walk ---- */

static bool wanted(const struct rehearse_options *o, const struct migration *m)
{
	if (!o->only)
		return true;
	for (size_t i = 0; i < o->nonly; i++)
		if (o->only[i] == m)
			return true;
	return false;
}

static size_t last_wanted(const struct rehearser *h)
{
	size_t last = 0;

	for (size_t i = 0; i < h->project->nmigrations; i++)
		if (wanted(h->o, &h->project->migrations[i]))
			last = i;
	return last;
}

static void progress(
	struct rehearser *h, const struct migration *m, size_t i, size_t n, const char *stage)
{
	if (h->o->progress)
		h->o->progress(h->o->ctx, m, i + 1, n, stage);
}

bool rehearsed_failed(const struct rehearsed *r)
{
	return r->up == PROOF_FAILED || r->verify == PROOF_FAILED || r->down == PROOF_FAILED ||
	       r->schema_restored == PROOF_FAILED || r->data_restored == PROOF_FAILED ||
	       r->up_again == PROOF_FAILED;
}

static void add_gap(struct rehearser *h, const struct migration *m, struct slice why)
{
	*ARENA_PUSH(h->arena, h->out->gaps, h->out->ngaps) = (struct rehearsed_gap){m, why};
}

/* Behind a gap, what does not run may want what the gap would have made. */
static void blame_gap(struct rehearser *h, struct rehearsed *r)
{
	const struct rehearsed_gap *g = h->out->gaps;

	if (h->out->ngaps == 0 || r->unproven.len ||
		(r->up != PROOF_FAILED && r->down != PROOF_FAILED && r->up_again != PROOF_FAILED))
		return;
	r->unproven = h->out->ngaps == 1
			      ? arena_printf(h->arena, "migration %.*s did not run before it",
					SLICE(g->migration->id))
			      : arena_printf(h->arena,
					"migration %.*s and %zu more did not run "
					"before it",
					SLICE(g->migration->id), h->out->ngaps - 1);
}

static bool prove_one(struct rehearser *h, const struct migration *m, bool *up, struct err *err)
{
	struct rehearsed r = {.migration = m, .rows_source = "none", .rerun = RERUN_UNKNOWN};

	h->r = &r;
	if (!prove(h, m, err))
		return err_context(err, "rehearsing migration %.*s", SLICE(m->id));
	blame_gap(h, &r);
	h->out->nirreversible += r.irreversible;
	h->out->nunproven += r.unproven.len > 0;
	h->out->ok = h->out->ok && r.unproven.len == 0 && !rehearsed_failed(&r);
	*ARENA_PUSH(h->arena, h->out->at, h->out->n) = r;
	*up = r.up == PROOF_OK;
	return true;
}

static bool walk_one(
	struct rehearser *h, const struct migration *m, size_t i, size_t n, struct err *err)
{
	struct err e = {0};
	bool up = true;
	double ms;

	if (m->code) {
		add_gap(h, m, arena_printf(h->arena, "it is %s, not SQL", m->code));
		return true;
	}
	if (wanted(h->o, m)) {
		progress(h, m, i, n, "proving");
		if (!prove_one(h, m, &up, err))
			return false;
	}
	if (!up) {
		h->failed = true;
		add_gap(h, m, SL("it does not go up on a scratch server"));
		return true;
	}
	progress(h, m, i, n, "applying");
	if (!main_open(h, err))
		return false;
	if (!run_one(h, h->main, m, DIR_UP, &ms, &e)) {
		if (is_result(&e) && (h->out->ngaps > 0 || i > h->last)) {
			h->failed = true;
			add_gap(h, m, arena_slice(h->arena, slice_of(e.message)));
			err_done(&e);
			return true;
		}
		err_move(err, &e);
		return err_context(
			err, "applying migration %.*s to the scratch server", SLICE(m->id));
	}
	buf_printf(&h->receipt, "%.*s %s\n", SLICE(m->id), m->checksum);
	return true;
}

static bool base_schema(struct rehearser *h, struct err *err)
{
	if (!h->o->base_schema)
		return true;
	buf_add(&h->receipt, h->o->base_schema->text);
	if (conn_exec(h->main, h->o->base_schema->text, err))
		return true;
	return err_context(err, "applying the base schema %s", h->o->base_schema->path);
}

static bool make_receipt(struct rehearser *h, struct err *err)
{
	struct diff_options opt = diff_options(h);
	struct state end = {0};
	char print[65];

	if (!main_open(h, err) || !take_state(h, h->main, &end, false, err))
		return false;
	catalog_fingerprint(end.schema, &opt, print);
	buf_adds(&h->receipt, print);
	digest_sha256_hex(buf_slice(&h->receipt), h->out->receipt);
	drop_state(&end);
	return true;
}

static struct slice bare_name(const char *table)
{
	struct slice s = slice_of(table);
	size_t dot = slice_chr(s, '.');

	return dot == SIZE_MAX ? s : slice_from(s, dot + 1);
}

bool rehearse(struct rehearsal *out, struct arena *a, const struct project *p,
	const struct engine *e, const struct rehearse_options *o, struct err *err)
{
	struct rehearser h = {.out = out, .arena = a, .project = p, .engine = e, .o = o};
	bool ok;

	*out = (struct rehearsal){.dialect = e->dialect, .ok = true};
	h.history = bare_name(p->table ? p->table : p->layout->table);
	if (!e->scratch_start(&h.scratch, &o->scratch, err))
		return false;
	ok = e->scratch_open(h.scratch, "main", NULL, &h.main, err) && base_schema(&h, err);
	if (ok) {
		char text[24];

		out->server_version = arena_slice(
			a, slice_of(version_text(e->dialect, h.main->id.version, text)));
	}
	h.last = last_wanted(&h);
	for (size_t i = 0; ok && i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		if (m->repeatable || m->baseline)
			continue;
		ok = walk_one(&h, m, i, p->nmigrations, err);
		if (ok || err->code != ERR_INPUT || out->n == 0)
			continue;
		/* A fault of the folder ends the walk; what was proven before it is told. */
		add_gap(&h, m,
			arena_printf(
				a, "%s; what stands behind it was not rehearsed", err->message));
		err_done(err);
		out->ok = false;
		h.failed = ok = true;
		break;
	}
	if (ok && !h.failed)
		ok = make_receipt(&h, err);
	conn_close(h.proof);
	conn_close(h.main);
	e->scratch_stop(h.scratch);
	buf_done(&h.receipt);
	return ok;
}
