/* plan.c - facts in, steps out. */
#include "plan/plan.h"

#include "base/digest.h"
#include "sql/mask.h"
#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

struct planner {
	struct plan *plan;
	struct arena *arena;
	const struct project *project;
	const struct engine *engine;
	const struct plan_request *request;
	struct reader *reader;
	struct catalog *catalog; /* replayed as we go, NULL when nobody gave one */
	struct session session;
	unsigned groups;
	struct step *steps; /* on the heap while there come more */
	size_t room;
};

static bool placeholder_value(void *ctx, struct slice name, struct slice *out)
{
	const struct project *p = ctx;

	for (size_t i = 0; i < p->nplaceholders; i++)
		if (slice_eq(p->placeholders[i][0], name)) {
			*out = p->placeholders[i][1];
			return true;
		}
	return false;
}

/* The text that is sent: the author's words with the placeholders' values. */
static bool expand(
	struct planner *pl, const struct statement *st, struct slice *out, struct err *err)
{
	struct project *p = (struct project *)pl->project;

	if (st->raw.at == st->text.at || !p->mask_styles) {
		*out = st->raw;
		return true;
	}
	if (!mask_expand(pl->arena, st->raw, p->mask_styles, placeholder_value, p, out, err)) {
		err_hint(err,
			"Give placeholders their values in belay.yml under `placeholders:`, or "
			"write `placeholders: false` if your tool replaces none here.");
		return err_span(err, st->span);
	}
	return true;
}

static bool is_tx_word(const struct statement *st)
{
	if (st->nchanges != 1)
		return false;
	switch (st->changes[0].kind) {
	case CHANGE_BEGIN:
	case CHANGE_COMMIT:
	case CHANGE_ROLLBACK:
		return true;
	default:
		return false;
	}
}

static bool is_kind(const struct statement *st, enum change_kind k)
{
	return st->nchanges == 1 && st->changes[0].kind == k;
}

/* How a script runs: wrapped in one transaction of ours, or statement by statement. */
struct grouping {
	bool wrap;
	size_t first, last; /* statements to run: [first, last) */
};

static bool has_ddl(const struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			switch (change_class_of(s->at[i].changes[k].kind)) {
			case CLASS_DATA:
				if (s->at[i].changes[k].kind == CHANGE_TRUNCATE)
					return true;
				break;
			case CLASS_SESSION:
			case CLASS_TX:
				break;
			default:
				return true;
			}
	return false;
}

/* Where DDL commits by itself: a procedure may hold some, and so may what was not read. */
static bool may_commit(const struct script *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->at[i].state != STATEMENT_READ)
			return true;
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (s->at[i].changes[k].kind == CHANGE_CALL)
				return true;
	}
	return false;
}

/* Nothing but statements in batches, and settings: then nobody has to say that there is no
 * transaction. */
static bool only_batched(const struct script *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		bool asked = batched_is_asked(&s->at[i]);

		n += asked;
		if (!asked && (s->at[i].nchanges != 1 ||
				      change_class_of(s->at[i].changes[0].kind) != CLASS_SESSION))
			return false;
	}
	return n > 0;
}

static struct grouping decide(struct planner *pl, const struct script *s, enum tx_mode mode)
{
	struct grouping g = {.first = 0, .last = s->n};
	size_t words = 0, outside = 0;

	for (size_t i = 0; i < s->n; i++) {
		words += is_tx_word(&s->at[i]);
		outside += s->at[i].state == STATEMENT_READ &&
			   pl->engine->needs_no_tx(&s->at[i], pl->request->server_version);
	}
	if (mode == TX_MODE_NONE)
		return g;
	if (words == 2 && s->n >= 2 && outside == 0 && is_kind(&s->at[0], CHANGE_BEGIN) &&
		is_kind(&s->at[s->n - 1], CHANGE_COMMIT)) {
		/* The author's own BEGIN … COMMIT around everything: ours takes its place, so that
		 * the history row commits with it. */
		g.first = 1;
		g.last = s->n - 1;
		words = 0;
	}
	g.wrap = words == 0 && outside == 0 && !only_batched(s);
	if (!pl->engine->transactional_ddl && (has_ddl(s) || may_commit(s)))
		g.wrap = false;
	return g;
}

static bool refuse_unrunnable(
	struct planner *pl, const struct migration *m, const struct script *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct statement *st = &s->at[i];

		if (st->state == STATEMENT_CLIENT) {
			err_set(err, ERR_INPUT,
				"cannot run \"%s\": \"%.*s\" is a command for the database's own "
				"client, not SQL",
				m->path, SLICE(slice_sub(st->raw, 0, 40)));
			err_hint(err, "Write it as SQL, or run this file with that client.");
			return err_span(err, st->span);
		}
		if (st->state == STATEMENT_SYNTAX && pl->engine->exact_grammar) {
			struct span at = st->span;

			if (st->fault_at < at.len) {
				at.off += st->fault_at;
				at.len = 1;
			}
			err_set(err, ERR_FAILED, "syntax error: %.*s", SLICE(st->fault_message));
			err_hint(err,
				"Nothing was run. Mend the file, then run the same command again.");
			return err_span(err, at);
		}
	}
	return true;
}

static bool empties_or_moves(enum change_kind k)
{
	return k == CHANGE_DROP_TABLE || k == CHANGE_TRUNCATE || k == CHANGE_RENAME_TABLE;
}

/* MySQL and MariaDB tell no lock but the LOCK clause that a change of a table would get. The tables
 * of DROP, TRUNCATE and RENAME are locked against everybody. */
static void foresee_clause(struct planner *pl, struct step *step, const struct effect *e)
{
	const struct change *ch = step->statement->changes;
	bool all = step->statement->nchanges && empties_or_moves(ch->kind);
	struct lock l = {.type = OBJECT_TABLE, .mode = e->lock_clause, .certain = e->certain};

	if ((pl->engine->dialect != DIALECT_MYSQL && pl->engine->dialect != DIALECT_MARIADB) ||
		(!e->lock_clause && !all))
		return;
	if (all || strcmp(e->lock_clause, "EXCLUSIVE") == 0)
		l.blocks = LOCK_READS_WRITES;
	else if (strcmp(e->lock_clause, "SHARED") == 0)
		l.blocks = LOCK_WRITES;
	else
		l.blocks = LOCK_DDL;
	if (!l.mode)
		l.mode = "EXCLUSIVE";
	if (l.blocks > step->lock)
		step->lock = l.blocks;
	for (size_t i = 0; l.blocks >= LOCK_WRITES && i < step->statement->nchanges; i++) {
		if (i && !all)
			break;
		l.object = catalog_resolve(pl->catalog, &pl->session, OBJECT_TABLE, ch[i].target);
		if (catalog_find(pl->catalog, &pl->session, OBJECT_NONE, ch[i].target, NULL) !=
			ABSENT)
			*ARENA_PUSH(pl->arena, step->locks, step->nlocks) = l;
	}
}

/* Outside of a transaction a statement has one of its own. */
static bool enter(struct planner *pl)
{
	bool own = !pl->session.in_tx;

	if (own)
		session_begin(&pl->session, pl->catalog, false);
	pl->session.in_tx = !own;
	return own;
}

static void pass(struct planner *pl, const struct statement *st, bool own)
{
	catalog_apply_statement(pl->catalog, &pl->session, st, &(struct slice){0});
	if (own && !pl->session.in_tx)
		session_end(&pl->session, pl->catalog, true);
}

static void foresee_facts(struct planner *pl, struct step *step)
{
	struct effect *effect, e;

	effect = ARENA_NEW(pl->arena, struct effect);
	pl->engine->effects(pl->arena, pl->catalog, &pl->session, step->statement, effect);
	step->effect = effect;
	e = *effect;
	for (size_t i = 0; i < e.nlocks; i++) {
		if (e.locks[i].new_in_tx)
			continue;
		if (e.locks[i].blocks > step->lock)
			step->lock = e.locks[i].blocks;
		if (e.locks[i].blocks >= LOCK_WRITES)
			*ARENA_PUSH(pl->arena, step->locks, step->nlocks) = e.locks[i];
	}
	foresee_clause(pl, step, &e);
	for (size_t i = 0; i < e.ndestroys; i++) {
		struct slice text =
			arena_printf(pl->arena, "%.*s%s%.*s", SLICE(e.destroys[i].object.name),
				e.destroys[i].part.len ? "." : "", SLICE(e.destroys[i].part));

		names_add(pl->arena, &step->destroys, text);
	}
	step->one_way = step->destroys.n > 0;
}

/* Thousands of INSERTs say the same one after the other: it is kept once. */
static void foresee(struct planner *pl, struct step *step)
{
	const struct step *last = pl->plan->nsteps ? &pl->steps[pl->plan->nsteps - 1] : NULL;
	struct arena_mark here;
	bool own;

	if (!pl->catalog)
		return;
	own = enter(pl);
	here = arena_mark(pl->arena);
	foresee_facts(pl, step);
	if (last && effect_eq(last->effect, step->effect) && last->lock == step->lock &&
		locks_eq(last->locks, last->nlocks, step->locks, step->nlocks) &&
		names_eq(last->destroys, step->destroys)) {
		step->effect = last->effect;
		step->locks = last->locks;
		step->destroys = last->destroys;
		arena_back(pl->arena, here);
	}
	pass(pl, step->statement, own);
}

/* -- belay:budget wait=200ms hold=2s */
static bool read_budget(const struct statement *st, struct step *s, struct err *err)
{
	for (size_t i = 0; i < st->ndirectives; i++) {
		struct slice rest = st->directives[i].args, word;

		if (!slice_is(st->directives[i].name, "budget"))
			continue;
		while (slice_next(&rest, ' ', &word)) {
			bool wait = slice_starts(word, "wait="), hold = slice_starts(word, "hold=");

			if (slice_trim(word).len == 0)
				continue;
			if ((wait || hold) && slice_duration(slice_from(word, 5),
						      wait ? &s->wait_ms : &s->hold_ms))
				continue;
			err_set(err, ERR_INPUT,
				"belay:budget wants wait=… and hold=…, durations such as 200ms, 2s "
				"or 0 for none, not \"%.*s\"",
				SLICE(word));
			return err_span(err, st->directives[i].span);
		}
	}
	return true;
}

/* -- belay:window 02:00-04:00 UTC */
static bool read_window(const struct statement *st, struct step *s, struct err *err)
{
	for (size_t i = 0; i < st->ndirectives; i++)
		if (slice_is(st->directives[i].name, "window") &&
			!window_parse(st->directives[i].args, &s->window, err))
			return err_span(err, st->directives[i].span);
	return true;
}

/* -- belay:batched */
static bool read_batched(
	struct planner *pl, struct step *s, const struct grouping *g, struct err *err)
{
	struct batched *b;

	if (!batched_is_asked(s->statement))
		return true;
	if (g->wrap) {
		err_set(err, ERR_INPUT,
			"a statement in batches commits after each of them, so it cannot stand in "
			"a "
			"transaction with others");
		err_hint(err,
			"Nothing was run. Put it into a migration of its own, or mark this one "
			"with \"-- belay:no-transaction\".");
		return err_span(err, s->statement->span);
	}
	if (!pl->engine->batches) {
		err_set(err, ERR_INPUT, "statements in batches are not supported on %s",
			pl->engine->title);
		err_hint(err, "Nothing was run. Write the batches by hand, one range of the key "
			      "to a statement.");
		return err_span(err, s->statement->span);
	}
	b = ARENA_NEW(pl->arena, struct batched);
	s->batched = b;
	return batched_read(b, pl->arena, pl->engine->dialect, s->statement, s->sql, err);
}

/* BEGIN and COMMIT of the author's own would be around the batches'. */
static bool no_words_around(const struct script *s, struct err *err)
{
	const struct statement *word = NULL;
	bool asked = false;

	for (size_t i = 0; i < s->n; i++) {
		asked |= batched_is_asked(&s->at[i]);
		if (is_tx_word(&s->at[i]))
			word = &s->at[i];
	}
	if (!asked || !word)
		return true;
	err_set(err, ERR_INPUT,
		"a statement in batches commits after each of them: it cannot share a file with "
		"BEGIN, COMMIT and ROLLBACK");
	return err_span(err, word->span);
}

/* COMMIT AND CHAIN: where a run that was stopped behind it goes on, nobody would begin the second
 * transaction. */
static bool chains(enum dialect d, const struct statement *st)
{
	struct lexer l;
	struct token t;
	bool no = false;

	if (!is_tx_word(st))
		return false;
	lexer_init(&l, d, st->text);
	while ((t = lexer_next(&l)).kind != TOKEN_END) {
		if (token_is(t, "CHAIN"))
			return !no;
		no = token_is(t, "NO");
	}
	return false;
}

static bool no_chain(struct planner *pl, const struct script *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!chains(pl->engine->dialect, &s->at[i]))
			continue;
		err_set(err, ERR_INPUT,
			"AND CHAIN is not supported: a run that was stopped behind it could not go "
			"on in the transaction that it begins");
		err_hint(err, "Nothing was run. Write two statements: COMMIT; BEGIN;");
		return err_span(err, s->at[i].span);
	}
	return true;
}

static void push_step(struct planner *pl, const struct step *s)
{
	if (pl->plan->nsteps == pl->room) {
		pl->room = pl->room ? pl->room * 2 : 64;
		pl->steps = mem_realloc(pl->steps, pl->room * sizeof *pl->steps);
	}
	pl->steps[pl->plan->nsteps++] = *s;
}

static bool add_step(struct planner *pl, const struct migration *m, const struct statement *st,
	const struct grouping *g, struct err *err)
{
	struct plan *p = pl->plan;
	struct step s = {.kind = st->piece.copy_in ? STEP_COPY : STEP_SQL,
		.migration = m,
		.direction = pl->request->direction,
		.statement = st,
		.ordinal = st->index,
		.serial = p->nsteps,
		.data = st->copy_data,
		.group = g->wrap ? pl->groups : 0,
		.wait_ms = pl->request->wait_ms,
		.hold_ms = pl->request->hold_ms};

	if (!expand(pl, st, &s.sql, err))
		return false;
	if (!read_budget(st, &s, err) || !read_window(st, &s, err) || !read_batched(pl, &s, g, err))
		return false;
	digest_sha256_hex(s.sql, s.hash);
	foresee(pl, &s);
	push_step(pl, &s);
	return true;
}

static bool read_part(struct planner *pl, const struct migration *m, struct script *s,
	const struct script_part **part, struct err *err)
{
	bool up = pl->request->direction == DIR_UP;

	*part = up ? &m->up : &m->down;
	if (m->code) {
		err_set(err, ERR_REFUSED, "cannot run migration %.*s: it is %s, not SQL",
			SLICE(m->id), m->code);
		err_hint(err, "Run it with its own tool; belay goes on after it.");
		return err_at(err, m->path, 0, 0, 0);
	}
	if (!(*part)->src) {
		err_set(err, ERR_REFUSED, "migration %.*s has no %s", SLICE(m->id),
			up ? "up script" : "down: it cannot be undone by a script");
		return err_at(err, m->path, 0, 0, 0);
	}
	return script_read(pl->engine, pl->reader, pl->arena, (*part)->src, (*part)->off,
		(*part)->len, s, err);
}

static bool plan_migration(struct planner *pl, const struct migration *m, struct err *err)
{
	const struct script_part *part;
	struct script s = {0};
	struct grouping g;
	size_t begin = pl->plan->nsteps;

	if (!read_part(pl, m, &s, &part, err) || !refuse_unrunnable(pl, m, &s, err) ||
		!no_words_around(&s, err) || !no_chain(pl, &s, err))
		return false;
	g = decide(pl, &s, part->tx);
	if (g.wrap)
		pl->groups++;
	if (pl->catalog && g.wrap)
		session_begin(&pl->session, pl->catalog, true);
	for (size_t i = g.first; i < g.last; i++)
		if (!add_step(pl, m, &s.at[i], &g, err))
			return false;
	if (pl->catalog && g.wrap)
		session_end(&pl->session, pl->catalog, true);
	if (g.wrap && pl->plan->nsteps > begin) {
		pl->steps[begin].begins_tx = true;
		pl->steps[pl->plan->nsteps - 1].ends_tx = true;
	}
	return true;
}

static bool leading_number(struct slice s, unsigned long long *out)
{
	size_t n = 0;

	while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
		n++;
	return slice_u64(slice_sub(s, 0, n), out);
}

/* A fatal problem of the folder stops everything, unless it lies behind what was asked for. */
static bool lies_behind(const struct layout_problem *x, const struct plan_request *r)
{
	const char *base = x->path ? strrchr(x->path, '/') : NULL;
	unsigned long long at, last, most = 0;

	if (!x->path || r->nmigrations == 0)
		return false;
	if (!leading_number(slice_of(base ? base + 1 : x->path), &at))
		return false;
	for (size_t i = 0; i < r->nmigrations; i++) {
		if (!leading_number(r->migrations[i]->version, &last))
			return false;
		if (last > most)
			most = last;
	}
	return at > most;
}

static bool folder_is_sound(const struct project *p, const struct plan_request *r, struct err *err)
{
	for (size_t i = 0; i < p->nproblems; i++) {
		const struct layout_problem *x = &p->problems[i];

		if (!x->fatal || lies_behind(x, r))
			continue;
		err_set(err, ERR_INPUT, "%.*s", SLICE(x->message));
		if (x->span.src)
			return err_span(err, x->span);
		return err_at(err, x->path, 0, 0, 0);
	}
	return true;
}

bool plan_make(struct plan *out, struct arena *a, const struct project *p, const struct engine *e,
	const struct plan_request *r, struct err *err)
{
	struct reader_options ro = {.dialect = e->dialect, .version = r->server_version};
	struct planner pl = {.plan = out, .arena = a, .project = p, .engine = e, .request = r};
	bool ok = true;

	*out = (struct plan){.project = p,
		.direction = r->direction,
		.migrations = r->migrations,
		.nmigrations = r->nmigrations,
		.arena = a};
	if (!folder_is_sound(p, r, err))
		return false;
	if (!e->reader_open(&pl.reader, &ro, err))
		return false;
	if (r->catalog) {
		pl.catalog = catalog_copy(r->catalog);
	} else if ((r->wait_ms || r->hold_ms) && e->locks) {
		pl.catalog = catalog_new(e->dialect, r->server_version);
		catalog_set_complete(pl.catalog, false);
	}
	if (pl.catalog)
		session_init(&pl.session, e->dialect, a);
	for (size_t i = 0; ok && i < r->nmigrations; i++)
		ok = plan_migration(&pl, r->migrations[i], err);
	out->steps = ARENA_ARRAY(a, out->nsteps, struct step);
	if (out->nsteps)
		memcpy(out->steps, pl.steps, out->nsteps * sizeof *out->steps);
	free(pl.steps);
	/* What the steps say of objects are the catalog's own words. */
	if (pl.catalog)
		arena_adopt(a, catalog_arena(pl.catalog));
	catalog_free(pl.catalog);
	e->reader_close(pl.reader);
	return ok;
}
