/* judge.c - one pass over a history: parse in parallel, replay in order, judge in between. */
#include "lint/internal.h"

#include "base/digest.h"
#include "sql/directive.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- What there is to read ---- */

static struct unit *add_unit(struct judge *jg, struct unit u)
{
	struct unit *slot = ARENA_PUSH(jg->arena, jg->units, jg->nunits);

	*slot = u;
	return slot;
}

static bool reported(const struct judge *jg, const char *path)
{
	return !jg->in->report_this || jg->in->report_this(jg->in->report_ctx, path);
}

static void add_part(struct judge *jg, const struct migration *m, const struct script_part *p,
	bool down, bool context)
{
	if (!p->src)
		return;
	add_unit(jg, (struct unit){.migration = m,
			     .src = p->src,
			     .off = p->off,
			     .len = p->len,
			     .tx = p->tx,
			     .down = down,
			     .context = context || !reported(jg, p->src->path)});
}

static void collect(struct judge *jg)
{
	const struct judge_input *in = jg->in;
	bool before = in->start_after != NULL;

	if (in->base_schema)
		add_unit(jg, (struct unit){.src = in->base_schema,
				     .len = in->base_schema->text.len,
				     .lone = true,
				     .context = true});
	for (size_t i = 0; in->project && i < in->project->nmigrations; i++) {
		const struct migration *m = &in->project->migrations[i];

		if (!m->baseline && !(in->live && before))
			add_part(jg, m, &m->up, false, before);
		if (!before)
			add_part(jg, m, &m->down, true, false);
		if (m->code && !(in->live && before))
			add_unit(jg, (struct unit){.migration = m, .context = true});
		if (before && slice_is(m->id, in->start_after))
			before = false;
	}
	for (size_t i = 0; i < in->nfiles; i++)
		add_unit(jg, (struct unit){.src = in->files[i],
				     .len = in->files[i]->text.len,
				     .lone = true,
				     .context = !reported(jg, in->files[i]->path)});
}

/* ---- Parsing, in parallel ---- */

/* The units are read in chunks, each into an arena of its own, by all threads, a few chunks ahead
 * of the one that is being judged; its memory is then used again. So a long history needs no more
 * of it than a short one, and judging goes on beside reading. */
enum { CHUNK_BYTES = 8 * 1024, CHUNK_UNITS = 32, CHUNKS = 4, CHUNK_KEEPS = 512 * 1024 };

struct chunk {
	size_t begin, end; /* units */
	struct arena arena;
	bool is_read;
};

struct pool {
	struct judge *jg;
	struct reader **readers; /* of each thread; the first is the judge's */
	struct chunk chunks[CHUNKS];
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t is_read, has_room;
	size_t taken, judged; /* chunks so far */
	size_t next;          /* unit */
	unsigned started;
	bool stop;
};

static void read_unit(struct unit *u, const struct engine *e, struct reader *r, struct arena *a)
{
	if (!u->src) {
		u->ok = true;
		return;
	}
	u->ok = script_read(e, r, a, u->src, u->off, u->len, &u->script, &u->err);
}

static size_t chunk_end(const struct judge *jg, size_t begin)
{
	size_t bytes = 0, i = begin;

	while (i < jg->nunits && i - begin < CHUNK_UNITS && bytes < CHUNK_BYTES)
		bytes += jg->units[i++].len;
	return i;
}

/* With the lock held: takes the next chunk and reads it without; false when there is none, or no
 * room for one yet. */
static bool read_chunk(struct pool *p, struct reader *r)
{
	struct judge *jg = p->jg;
	struct chunk *c = &p->chunks[p->taken % CHUNKS];

	if (p->stop || p->next == jg->nunits || p->taken == p->judged + CHUNKS)
		return false;
	p->taken++;
	c->begin = p->next;
	c->end = p->next = chunk_end(jg, p->next);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = c->begin; i < c->end; i++)
		read_unit(&jg->units[i], jg->in->engine, r, &c->arena);
	pthread_mutex_lock(&p->lock);
	c->is_read = true;
	return true;
}

static void *read_units(void *arg)
{
	struct pool *p = arg;
	struct reader *r;

	pthread_mutex_lock(&p->lock);
	r = p->readers[++p->started];
	while (!p->stop && p->next < p->jg->nunits) {
		if (read_chunk(p, r))
			pthread_cond_signal(&p->is_read);
		else
			pthread_cond_wait(&p->has_room, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static unsigned start_threads(struct pool *p, pthread_t *threads, unsigned n)
{
	pthread_attr_t attr;
	unsigned started = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 8u << 20);
	while (started + 1 < n && pthread_create(&threads[started], &attr, read_units, p) == 0)
		started++;
	pthread_attr_destroy(&attr);
	return started;
}

/* The chunk to judge next, read; NULL at the end. Who waits for it reads another meanwhile. */
static struct chunk *next_chunk(struct pool *p)
{
	struct chunk *c = &p->chunks[p->judged % CHUNKS];

	pthread_mutex_lock(&p->lock);
	while (!(p->judged < p->taken && c->is_read) &&
		(p->judged < p->taken || p->next < p->jg->nunits))
		if (!read_chunk(p, p->readers[0]))
			pthread_cond_wait(&p->is_read, &p->lock);
	if (p->judged == p->taken)
		c = NULL;
	pthread_mutex_unlock(&p->lock);
	return c;
}

static void chunk_done(struct pool *p, struct chunk *c)
{
	if (c->arena.total > CHUNK_KEEPS)
		arena_done(&c->arena);
	else
		arena_reset(&c->arena);
	pthread_mutex_lock(&p->lock);
	c->is_read = false;
	p->judged++;
	pthread_cond_broadcast(&p->has_room);
	pthread_mutex_unlock(&p->lock);
}

static void stop_threads(struct pool *p, const pthread_t *threads, unsigned n)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->has_room);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

enum { MOST_THREADS = 16 };

static unsigned thread_count(const struct judge *jg)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t bytes = 0;
	unsigned n = jg->in->threads ? jg->in->threads : cores > 0 ? (unsigned)cores : 1;

	for (size_t i = 0; i < jg->nunits && bytes < 65536; i++)
		bytes += jg->units[i].len;
	if (bytes < 65536 || jg->nunits < 8)
		return 1; /* a thread costs more than it saves */
	return n > MOST_THREADS ? MOST_THREADS : n;
}

static bool chunk_ok(struct judge *jg, const struct chunk *c, struct err *err)
{
	for (size_t i = c->begin; i < c->end; i++)
		if (!jg->units[i].ok) {
			err_move(err, &jg->units[i].err);
			return false;
		}
	return true;
}

static bool open_readers(struct judge *jg, struct pool *p, unsigned n, struct err *err)
{
	struct reader_options ro = {.dialect = jg->in->engine->dialect, .version = jg->in->version};

	p->readers = ARENA_ARRAY(jg->arena, n, struct reader *);
	for (unsigned i = 0; i < n; i++)
		if (!jg->in->engine->reader_open(&p->readers[i], &ro, err))
			return false;
	return true;
}

static void close_readers(struct judge *jg, struct pool *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		jg->in->engine->reader_close(p->readers[i]);
	for (size_t i = 0; i < CHUNKS; i++)
		arena_done(&p->chunks[i].arena);
}

/* ---- Replaying ---- */

static bool applies(const struct rule *r, const struct judge_input *in)
{
	unsigned bit = 0;

	switch (in->engine->dialect) {
	case DIALECT_POSTGRES:
		bit = RULE_PG;
		break;
	case DIALECT_MYSQL:
		bit = RULE_MYSQL;
		break;
	case DIALECT_MARIADB:
		bit = RULE_MARIADB;
		break;
	case DIALECT_SQLITE:
		bit = RULE_SQLITE;
		break;
	case DIALECT_UNKNOWN:
		break;
	}
	return (r->engines & bit) && (!r->since || in->version >= r->since) &&
	       (!r->until || in->version < r->until);
}

/* Taken a moment ago? Statements on one table come one after the other. */
static bool just_taken(const struct session *s, const struct lock *l)
{
	enum { A_FEW = 8 };

	for (size_t i = s->nlocks; i > 0 && i + A_FEW > s->nlocks; i--)
		if (s->locks[i - 1].strength == (int)l->blocks && s->locks[i - 1].mode == l->mode &&
			name_eq(s->locks[i - 1].object, l->object))
			return true;
	return false;
}

static void remember_locks(struct judge *jg, const struct statement *st, const struct effect *e)
{
	struct session *s = &jg->session;

	for (size_t i = 0; s->in_tx && i < e->nlocks; i++) {
		const struct lock *l = &e->locks[i];

		if (l->new_in_tx || !l->certain || l->blocks == LOCK_NOTHING || just_taken(s, l))
			continue;
		*ARENA_PUSH(jg->arena, s->locks, s->nlocks) =
			(struct session_lock){.object = name_copy(jg->arena, l->object),
				.type = l->type,
				.mode = l->mode,
				.strength = (int)l->blocks,
				.since = st};
	}
}

static void note_opaque(struct judge *jg, const struct statement *st)
{
	note_unread(jg, st, st->opaque_reason);
}

/* It is carried out in the catalog, and nothing is said about it but that. */
static bool too_many_changes(struct judge *jg, const struct statement *st)
{
	if (st->nchanges <= MOST_CHANGES)
		return false;
	note_unread(jg, st,
		arena_printf(jg->arena, "it makes %zu changes at once: no more than %d are judged",
			st->nchanges, MOST_CHANGES));
	return true;
}

/* Could a finding of that rule be reported anywhere? */
static bool wanted(const struct judge *jg, const struct rule *r)
{
	const struct judge_input *in = jg->in;
	bool on = r->tier == TIER_ON || policy_asks(in, r);

	for (size_t i = 0; !on && i < in->nsettings; i++)
		on = strcmp(in->settings[i].rule, r->id) == 0 ||
		     strcmp(in->settings[i].rule, "all") == 0;
	for (size_t i = 0; !on && in->select && in->select[i]; i++)
		on = strcmp(in->select[i], r->id) == 0 || strcmp(in->select[i], "all") == 0;
	return on && applies(r, in);
}

static void choose_rules(struct judge *jg)
{
	for (size_t i = 0; rules[i]; i++)
		if (wanted(jg, rules[i]))
			*ARENA_PUSH(jg->arena, jg->active, jg->nactive) = rules[i];
}

/* A row that names the classes of changes it looks at is not asked about others. */
static struct asked list_asked(const struct judge *jg, unsigned classes, bool all)
{
	struct asked list = {.classes = classes, .all = all};

	for (size_t i = 0; i < jg->nactive; i++) {
		const struct rule *r = jg->active[i];

		if (r->check && (r->classes ? (r->classes & classes) != 0 : all))
			*ARENA_PUSH(jg->arena, list.rules, list.n) = r;
	}
	return list;
}

/* Statements have few mixtures of classes: the rules for each are listed once. */
static struct asked asked_for(struct judge *jg, unsigned classes, bool all)
{
	enum { MIXTURES = 64 };

	for (size_t i = 0; i < jg->nasked; i++)
		if (jg->asked[i].classes == classes && jg->asked[i].all == all)
			return jg->asked[i];
	if (jg->nasked == MIXTURES)
		jg->nasked = 0;
	return *ARENA_PUSH(jg->arena, jg->asked, jg->nasked) = list_asked(jg, classes, all);
}

static void ask_rules(struct judge *jg, struct judged *j, bool all)
{
	unsigned seen = 0;
	struct asked list;

	for (size_t i = 0; i < j->statement->nchanges; i++)
		seen |= RULE_CLASS(change_class_of(j->statement->changes[i].kind));
	list = asked_for(jg, seen, all);
	for (size_t i = 0; i < list.n; i++)
		list.rules[i]->check(list.rules[i], j);
}

static bool makes(const struct change *c, struct name n)
{
	return (c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_CREATE_TABLE_AS ||
		       c->kind == CHANGE_CREATE_MATVIEW) &&
	       slice_eq(c->target.name, n.name);
}

/* What a DO block does to things that it has not made itself, as if it stood there alone. */
static struct change *inside(struct arena *a, const struct change *block, size_t *n, bool *guarded)
{
	struct change *v = ARENA_ARRAY(a, block->ninner, struct change);

	*n = 0;
	for (size_t i = 0; i < block->ninner; i++) {
		const struct change *c = &block->inner[i];
		bool own = false;

		for (size_t k = 0; !own && k < i && k < 64; k++)
			own = makes(&block->inner[k], c->target);
		*guarded = *guarded || (c->flags & CHANGE_GUARDED);
		if (own)
			continue;
		v[*n] = *c;
		v[*n].flags &= ~(unsigned)CHANGE_INNER;
		++*n;
	}
	return v;
}

static bool said_before(const struct judge *jg, size_t i)
{
	const struct finding *v = jg->out->findings;

	for (size_t k = jg->first_of_statement; k < i; k++)
		if (v[k].rule == v[i].rule && slice_eq(v[k].object, v[i].object))
			return true;
	return false;
}

/* The safe form of a statement does not fit one inside a block; and what an IF guards may not run.
 */
static void run_inside(struct judge *jg, struct judged *j, const struct change *block)
{
	struct statement st = *j->statement;
	struct judged inner = *j;
	size_t first = jg->out->nfindings, n = first;
	bool guarded = false;

	st.changes = inside(&jg->scratch, block, &st.nchanges, &guarded);
	inner.statement = &st;
	ask_rules(jg, &inner, false);
	for (size_t i = first; i < jg->out->nfindings; i++) {
		struct finding *f = &jg->out->findings[i];

		if (said_before(jg, i))
			continue;
		f->safe = slice_of(f->rule->safe);
		if (guarded) {
			f->certain = false;
			names_add(jg->arena, &f->needs, SL("what the block's condition says"));
		}
		jg->out->findings[n++] = *f;
	}
	jg->out->nfindings = n;
}

static void run_rules(struct judge *jg, struct judged *j)
{
	const struct statement *st = j->statement;

	ask_rules(jg, j, true);
	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_DO_BLOCK && st->changes[i].ninner)
			run_inside(jg, j, &st->changes[i]);
}

static void foresee(struct judge *jg, const struct judged *j, struct effect *effect)
{
	const struct engine *e = jg->in->engine;

	jg->session.untyped = true;
	e->effects(&jg->scratch, jg->catalog, &jg->session, j->statement, effect);
	if (!begins_elsewhere(j))
		return;
	jg->base_unknown = true;
	catalog_set_complete(jg->catalog, false);
	*effect = (struct effect){0};
	e->effects(&jg->scratch, jg->catalog, &jg->session, j->statement, effect);
}

/* Who is to blame when a later script runs under a timeout. */
static void note_timeouts(struct judge *jg, const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_SET_VARIABLE &&
			(slice_iis(st->changes[i].name, "lock_timeout") ||
				slice_iis(st->changes[i].name, "statement_timeout")))
			jg->timeouts_from = jg->unit;
}

static void judge_statement(struct judge *jg, const struct statement *st)
{
	struct effect effect = {0};
	struct judged j = {.arena = jg->arena,
		.before = jg->catalog,
		.session = &jg->session,
		.statement = st,
		.effect = &effect,
		.migration = jg->unit->migration,
		.project = jg->in->project,
		.dialect = jg->in->engine->dialect,
		.version = jg->in->version,
		.facts = jg->facts,
		.judge = jg};
	struct slice why = SLICE_NONE;
	bool missing;

	jg->first_of_statement = jg->out->nfindings;
	jg->unsaid = 0;
	jg->hashed = NULL;
	if (!jg->unit->context)
		jg->out->statements++;
	if (st->state == STATEMENT_OPAQUE || st->state == STATEMENT_CLIENT || st->partly_opaque)
		note_opaque(jg, st);
	arena_reset(&jg->scratch);
	if (!too_many_changes(jg, st)) {
		foresee(jg, &j, &effect);
		run_rules(jg, &j);
		findings_collapse(jg, &j);
		if (jg->in->safe_form && st->text.len <= LONG_STATEMENT)
			findings_safe_forms(jg, &j);
	}
	if (jg->unsaid)
		note_unread(jg, st,
			arena_printf(jg->arena,
				"%zu more findings about it are left out: no more than %d are kept",
				jg->unsaid, MOST_FINDINGS));
	if (jg->unit->down)
		return;
	facts_note(&j);
	note_timeouts(jg, st);
	missing = misses_table(&j);
	if ((catalog_apply_statement(jg->catalog, &jg->session, st, &why) == APPLY_CONFLICT ||
		    missing) &&
		!jg->base_unknown && catalog_is_complete(jg->catalog)) {
		/* Something is not as this history alone would have it: from here on what is not in
		 * the catalog is unknown rather than absent. */
		jg->base_unknown = true;
		catalog_set_complete(jg->catalog, false);
	}
	remember_locks(jg, st, &effect);
}

static size_t count_no_tx(const struct judge *jg, const struct unit *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->script.n; i++)
		n += u->script.at[i].state == STATEMENT_READ &&
		     jg->in->engine->needs_no_tx(&u->script.at[i], jg->in->version);
	return n;
}

static bool needs_no_tx(const struct judge *jg, const struct unit *u)
{
	return count_no_tx(jg, u) > 0;
}

/* A file with a BEGIN of its own is sent by projects that told their tool not to wrap. */
static bool has_own_tx(const struct unit *u)
{
	for (size_t i = 0; i < u->script.n; i++)
		if (u->script.at[i].nchanges && u->script.at[i].changes[0].kind == CHANGE_BEGIN)
			return true;
	return false;
}

/* Does the layout's runner put this script into a transaction? */
static bool runner_wraps(const struct judge *jg, const struct unit *u)
{
	const char *layout =
		jg->in->project && jg->in->project->layout ? jg->in->project->layout->name : "";

	if (u->lone || u->tx == TX_MODE_NONE)
		return false;
	if (u->tx == TX_MODE_BATCH)
		return !has_own_tx(u) && (u->script.n > 1 || !needs_no_tx(jg, u));
	/* Flyway sees it too, and refuses to mix such statements with others. */
	if (strcmp(layout, "flyway") == 0 && u->script.n && count_no_tx(jg, u) == u->script.n)
		return false;
	/* The plain layout sees by itself what cannot be in a transaction, and leaves a script with
	 * transactions of its own to them (`decide` in plan.c). */
	return !(strcmp(layout, "plain") == 0 && (has_own_tx(u) || needs_no_tx(jg, u)));
}

/* What can only be said of a script as a whole. */
static void after_script(struct judge *jg)
{
	struct judged j = {.arena = jg->arena,
		.before = jg->catalog,
		.session = &jg->session,
		.migration = jg->unit->migration,
		.project = jg->in->project,
		.dialect = jg->in->engine->dialect,
		.version = jg->in->version,
		.facts = jg->facts,
		.judge = jg};

	if (jg->unit->context)
		return;
	for (size_t i = 0; i < jg->nactive; i++)
		if (jg->active[i]->after)
			jg->active[i]->after(jg->active[i], &j);
}

static void judge_unit(struct judge *jg, const struct unit *u)
{
	bool wraps;

	jg->unit = u;
	if (!u->src) {
		catalog_taint(jg->catalog, &jg->session, SL("*"));
		return;
	}
	facts_begin(jg->facts, jg->session.tx);
	wraps = runner_wraps(jg, u);
	if (wraps)
		session_begin(&jg->session, jg->catalog, true);
	for (size_t i = 0; i < u->script.n; i++) {
		bool own = !jg->session.in_tx;

		judge_statement(jg, &u->script.at[i]);
		if (own && !jg->session.in_tx)
			jg->session.tx++; /* a transaction of its own, over now */
	}
	if (jg->session.in_tx)
		session_end(&jg->session, jg->catalog, true);
	jg->session.nlocks = 0;
	after_script(jg);
	note_beginning(jg, u);
}

/* The down scripts see the schema they will find: that after their own up. Only what does not
 * parse, and what cannot be read, is said about them. */
static void judge_down(struct judge *jg, const struct unit *u)
{
	const struct rule *syntax = rule_find(SL("syntax-error"), NULL);

	jg->unit = u;
	for (size_t i = 0; i < u->script.n; i++) {
		const struct statement *st = &u->script.at[i];
		struct effect none = {0};
		struct judged j = {.arena = jg->arena,
			.before = jg->catalog,
			.session = &jg->session,
			.statement = st,
			.effect = &none,
			.migration = u->migration,
			.project = jg->in->project,
			.dialect = jg->in->engine->dialect,
			.version = jg->in->version,
			.facts = jg->facts,
			.judge = jg};

		if (!u->context)
			jg->out->statements++;
		if (st->state == STATEMENT_OPAQUE || st->state == STATEMENT_CLIENT)
			note_opaque(jg, st);
		if (st->state == STATEMENT_SYNTAX && syntax)
			syntax->check(syntax, &j);
	}
}

static void finish_rules(struct judge *jg)
{
	struct judged j = {.arena = jg->arena,
		.before = jg->catalog,
		.session = &jg->session,
		.project = jg->in->project,
		.dialect = jg->in->engine->dialect,
		.version = jg->in->version,
		.facts = jg->facts,
		.judge = jg};

	jg->unit = NULL;
	findings_context(jg);
	for (size_t i = 0; i < jg->nactive; i++)
		if (jg->active[i]->finish)
			jg->active[i]->finish(jg->active[i], &j);
}

/* ---- The result ---- */

static int by_place(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;
	int d = strcmp(a->file ? a->file : "", b->file ? b->file : "");

	if (d)
		return d;
	if (a->span.off != b->span.off)
		return a->span.off < b->span.off ? -1 : 1;
	d = strcmp(a->rule->id, b->rule->id);
	d = d ? d : slice_cmp(a->object, b->object);
	return d ? d : slice_cmp(a->message, b->message);
}

static int by_fingerprint(const void *x, const void *y)
{
	const struct finding *a = *(struct finding *const *)x, *b = *(struct finding *const *)y;
	int d = strcmp(a->fingerprint, b->fingerprint);

	return d ? d : (a > b) - (a < b);
}

/* The same statement twice in a file is two findings: the second one's fingerprint says that it is
 * the second. */
static void tell_apart(struct judge *jg)
{
	size_t n = jg->out->nfindings, repeat = 0;
	struct finding **v = ARENA_ARRAY(jg->arena, n + 1, struct finding *);
	char first[33] = "", hex[65];

	for (size_t i = 0; i < n; i++)
		v[i] = &jg->out->findings[i];
	qsort(v, n, sizeof *v, by_fingerprint);
	for (size_t i = 0; i < n; i++) {
		char text[64];

		if (strcmp(v[i]->fingerprint, first) != 0) {
			memcpy(first, v[i]->fingerprint, sizeof first);
			repeat = 0;
			continue;
		}
		snprintf(text, sizeof text, "%s %zu", first, ++repeat);
		digest_sha256_hex(slice_of(text), hex);
		memcpy(v[i]->fingerprint, hex, 32);
	}
}

static void sort_findings(struct judge *jg)
{
	struct verdict *v = jg->out;
	size_t i = 1;

	/* Most come in that order. */
	while (i < v->nfindings && by_place(&v->findings[i - 1], &v->findings[i]) <= 0)
		i++;
	if (i < v->nfindings)
		qsort(v->findings, v->nfindings, sizeof *v->findings, by_place);
}

static void count(struct judge *jg)
{
	const char *last = NULL;
	struct verdict *v = jg->out;

	for (size_t i = 0; i < v->nfindings; i++) {
		if (v->findings[i].suppressed) {
			v->answered++;
			continue;
		}
		v->errors += v->findings[i].severity == SEVERITY_ERROR;
		v->warnings += v->findings[i].severity == SEVERITY_WARNING;
		v->infos += v->findings[i].severity == SEVERITY_INFO;
	}
	for (size_t i = 0; i < jg->nunits; i++) {
		const struct unit *u = &jg->units[i];

		if (!u->src || u->context || (last && strcmp(last, u->src->path) == 0))
			continue;
		last = u->src->path;
		*ARENA_PUSH(jg->arena, v->paths, v->npaths) = last;
		v->files++;
	}
}

static void judge_chunk(struct judge *jg, const struct chunk *c)
{
	for (size_t i = c->begin; i < c->end; i++) {
		if (jg->units[i].down)
			judge_down(jg, &jg->units[i]);
		else
			judge_unit(jg, &jg->units[i]);
		remember_ignores(jg, &jg->units[i]);
		jg->units[i].script = (struct script){0};
	}
}

static bool judge_all(struct judge *jg, struct err *err)
{
	struct pool p = {.jg = jg,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.is_read = PTHREAD_COND_INITIALIZER,
		.has_room = PTHREAD_COND_INITIALIZER};
	unsigned n = thread_count(jg), started = 0;
	pthread_t threads[MOST_THREADS];
	struct chunk *c;
	bool ok = open_readers(jg, &p, n, err);

	if (ok)
		started = start_threads(&p, threads, n);
	while (ok && (c = next_chunk(&p))) {
		ok = chunk_ok(jg, c, err);
		if (ok)
			judge_chunk(jg, c);
		chunk_done(&p, c);
	}
	stop_threads(&p, threads, started);
	close_readers(jg, &p, n);
	if (ok)
		finish_rules(jg);
	return ok;
}

bool judge(struct verdict *out, struct arena *a, const struct judge_input *in, struct err *err)
{
	struct judge jg = {.in = in, .arena = a, .out = out};
	bool ok;

	*out = (struct verdict){0};
	jg.facts = ARENA_NEW(a, struct history_facts);
	jg.facts->arena = a;
	choose_rules(&jg);
	collect(&jg);
	jg.catalog =
		in->live ? catalog_copy(in->live) : catalog_new(in->engine->dialect, in->version);
	session_init(&jg.session, in->engine->dialect, a);
	jg.session.tx = 1; /* 0 is what nobody made */
	if (!in->project && !in->base_schema && !in->live)
		catalog_set_complete(jg.catalog, false);
	/* The framework's own table is there, though no migration makes it. */
	if (in->project && in->project->layout)
		catalog_taint(jg.catalog, &jg.session,
			slice_of(in->project->table ? in->project->table
						    : in->project->layout->table));
	ok = policies_prepare(&jg, err) && judge_all(&jg, err);
	if (ok) {
		sort_findings(&jg);
		tell_apart(&jg);
		answer_for(&jg);
		sort_findings(&jg);
		tell_apart(&jg); /* the ones that came last */
		count(&jg);
	}
	catalog_free(jg.catalog);
	arena_done(&jg.scratch);
	arena_done(&jg.facts->script);
	for (size_t i = 0; i < jg.nunits; i++)
		err_done(&jg.units[i].err);
	return ok;
}
