/* fold.c - several statements, one message.
 *
 * The rows of the journal and of the framework's table are written by functions that know nothing
 * of each other; a stand-in for the connection collects what they send. */
#include "run/run_internal.h"

#include "engine/engine.h"

static struct fold *fold_of(struct conn *c)
{
	return (struct fold *)c; /* the stand-in is its first member */
}

static bool send(struct fold *f, struct err *err)
{
	bool ok = f->sql.len == 0 || conn_exec(f->real, buf_slice(&f->sql), err);

	buf_clear(&f->sql);
	return ok;
}

static bool collect(
	struct conn *c, struct slice sql, struct arena *a, struct rows *out, struct err *err)
{
	enum { MOST_BYTES = 512 * 1024 }; /* and what servers take in one message is limited */
	struct fold *f = fold_of(c);

	if (f->sql.len > MOST_BYTES && !send(f, err))
		return false;
	if (out) /* somebody wants to know what came of it */
		return send(f, err) && f->real->ops->exec(f->real, sql, a, out, err);
	buf_add(&f->sql, sql);
	buf_adds(&f->sql, slice_ends(slice_trim(sql), ";") ? "\n" : ";\n");
	return true;
}

static bool ask(struct conn *c, struct slice sql, const struct cell *params, size_t n,
	struct arena *a, struct rows *out, struct err *err)
{
	struct fold *f = fold_of(c);

	return send(f, err) && f->real->ops->query(f->real, sql, params, n, a, out, err);
}

static bool in_transaction(struct conn *c)
{
	return fold_of(c)->real->ops->in_transaction(fold_of(c)->real);
}

static void cancel(struct conn *c)
{
	fold_of(c)->real->ops->cancel(fold_of(c)->real);
}

static bool alive(struct conn *c)
{
	return fold_of(c)->real->ops->alive(fold_of(c)->real);
}

static void close_nothing(struct conn *c)
{
	(void)c;
}

static const struct conn_ops fold_ops = {
	.exec = collect,
	.query = ask,
	.in_transaction = in_transaction,
	.cancel = cancel,
	.alive = alive,
	.close = close_nothing,
};

struct conn *fold_begin(struct fold *f, struct conn *c)
{
	*f = (struct fold){.real = c};
	f->stand_in.ops = &fold_ops;
	f->stand_in.engine = c->engine;
	f->stand_in.id = c->id;
	return &f->stand_in;
}

bool fold_end(struct fold *f, bool ok, struct err *err)
{
	ok = ok && send(f, err);
	buf_done(&f->sql);
	return ok;
}
