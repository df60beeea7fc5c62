/* batch_begin.c - where a walk begins and ends, and whether it may go on at all. */
#include "run/batch_internal.h"

/* The end of the walk: the last key there is now. No rows: nothing to do. */
static bool find_end(struct batcher *x, struct err *err)
{
	struct rows r = {0};

	if (x->key->places) {
		x->empty = x->key->pages == 0;
		x->cursor->upto = range_place(&x->b->reached, x->key->pages);
		return true;
	}
	range_select_key(x);
	range_order_by(x, " DESC");
	buf_adds(&x->sql, " LIMIT 1");
	if (!conn_query(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err))
		return false;
	x->empty = r.nrows == 0;
	if (r.nrows)
		x->cursor->upto = range_keep(&x->b->reached, &r, nkey(x));
	return true;
}

static bool make_cursor(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;
	struct batch_run *b = x->b;
	bool ok;

	x->cursor->key_words = x->key->words;
	ok = h->begin(h->ctx, b->step, err) && find_end(x, err) &&
	     (x->empty ? journal_done_alone(b->journal, b->step, 0, err)
		       : cursor_begin(x->cursor, b->journal, b->conn, b->step, nkey(x), b->arena,
				 err)) &&
	     h->commit(h->ctx, err);
	if (!ok)
		h->roll_back(h->ctx);
	return ok;
}

bool batch_restart(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;
	struct batch_run *b = x->b;

	if (!h->begin(h->ctx, b->step, err) || !cursor_restart(b->journal, b->conn, b->step, err) ||
		!h->commit(h->ctx, err)) {
		h->roll_back(h->ctx);
		return false;
	}
	x->cursor->last = NULL;
	x->last = x->parted = false;
	return true;
}

static bool refuse_edited(const struct step *s, bool there, struct err *err)
{
	err_set(err, ERR_REFUSED,
		"migration %.*s is half applied, and the statement that runs in batches was "
		"changed "
		"since the first of them",
		SLICE(s->migration->id));
	if (there)
		err_span(err, s->statement->span);
	else
		err_at(err, s->migration->path, 0, 0, 0);
	return err_hint(err,
		"Put that statement back as it was, then the batches go on behind the last one "
		"that "
		"is done. Or bring the database by hand to what the file says now, and record it: "
		"belay baseline %.*s",
		SLICE(s->migration->id));
}

static bool refuse_other_key(const struct batcher *x, struct err *err)
{
	const struct step *s = x->b->step;

	err_set(err, ERR_REFUSED,
		"the batches of migration %.*s were begun along the %.*s, and now there is the "
		"%.*s",
		SLICE(s->migration->id), SLICE(x->cursor->key_words), SLICE(x->key->words));
	err_span(err, s->statement->span);
	return err_hint(err,
		"Bring the key back, or bring the rows by hand to what the statement "
		"makes of them and record it: belay baseline %.*s",
		SLICE(s->migration->id));
}

struct slice batch_turn_words(struct batcher *x)
{
	return arena_printf(&x->scratch, "%.*s of PostgreSQL %d", SLICE(x->key->turn),
		x->b->conn->id.version / 10000);
}

bool batch_can_turn(struct batcher *x, const struct cursor *c, struct err *err)
{
	const struct step *s = x->b->step;

	if (!c->turns || (x->key->turn.len && slice_eq(c->turn_words, batch_turn_words(x))))
		return true;
	err_set(err, ERR_REFUSED,
		"the rows that the last batches of migration %.*s have changed were told apart by "
		"%.*s, and now there is %.*s",
		SLICE(s->migration->id), SLICE(c->turn_words),
		SLICE(x->key->turn.len ? batch_turn_words(x) : SL("no such thing")));
	err_span(err, s->statement->span);
	return err_hint(err,
		"Bring the key back as it was, or bring the rows by hand to what the statement "
		"makes of them and record it: belay baseline %.*s",
		SLICE(s->migration->id));
}

bool batch_find_cursor(struct batcher *x, struct err *err)
{
	struct batch_run *b = x->b;

	if (!cursor_read(x->cursor, b->journal, b->conn, b->step, nkey(x), &b->reached, err))
		return false;
	if (!x->cursor->found)
		return make_cursor(x, err);
	if (!slice_is(x->cursor->hash, b->step->hash))
		return refuse_edited(b->step, true, err);
	if (!slice_eq(x->cursor->key_words, x->key->words))
		return refuse_other_key(x, err);
	return cursor_is_whole(x->cursor, b->step, err) && batch_can_turn(x, x->cursor, err);
}

/* Those of the server are known; a user may have made others. */
static bool calls_no_aggregate(struct conn *c, const struct batched *w, struct err *err)
{
	struct arena a = {0};
	struct buf names = {0};
	struct cell param;
	struct rows r = {0};
	bool ok;

	if (c->id.dialect != DIALECT_POSTGRES || !w->calls.n)
		return true;
	for (size_t i = 0; i < w->calls.n; i++)
		buf_printf(&names, "%.*s\n", SLICE(w->calls.at[i]));
	param = (struct cell){.text = buf_slice(&names)};
	ok = conn_query_params(c,
		SL("SELECT proname FROM pg_catalog.pg_proc WHERE prokind IN ('a', 'w')"
		   " AND proname = ANY (pg_catalog.string_to_array($1, E'\\n')) LIMIT 1"),
		&param, 1, &a, &r, err);
	if (ok && r.nrows)
		ok = err_set(err, ERR_INPUT,
			"this statement cannot run in batches: it puts rows together (%.*s is an "
			"aggregate)",
			SLICE(rows_get(&r, 0, 0)));
	buf_done(&names);
	arena_done(&a);
	return ok;
}

static bool can_walk(struct conn *c, const struct step *s, struct err *err)
{
	const struct batched *w = s->batched;
	struct arena a = {0};
	struct batch_key k;
	bool ok = c->engine->batches->key(c, &a, w->table, w->key, w->sets, &k, err) &&
		  calls_no_aggregate(c, w, err);

	if (!ok)
		err_span(err, s->statement->span);
	arena_done(&a);
	return ok;
}

bool batch_foresee(struct conn *c, const struct step *steps, size_t n, struct err *err)
{
	/* Behind any other statement the tables may be others than now. */
	for (size_t i = 0; i < n; i++) {
		const struct statement *st = steps[i].statement;
		bool sets =
			st->nchanges == 1 && change_class_of(st->changes[0].kind) == CLASS_SESSION;

		if (!steps[i].batched && !sets)
			break;
		if (steps[i].batched && !can_walk(c, &steps[i], err))
			return false;
	}
	return true;
}

bool batch_unchanged(
	struct conn *c, struct journal *j, const struct step *steps, size_t n, struct err *err)
{
	const struct step *step;
	bool lost;

	if (!cursor_lost(j, c, steps, n, &step, &lost, err))
		return false;
	return !lost || refuse_edited(step ? step : steps, step != NULL, err);
}
