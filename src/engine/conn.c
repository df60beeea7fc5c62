/* conn.c - shorthands over an open connection. */
#include "engine/conn.h"

#include "engine/engine.h"
#include "sql/quote.h"

bool conn_exec(struct conn *c, struct slice sql, struct err *err)
{
	return c->ops->exec(c, sql, NULL, NULL, err);
}

bool conn_execf(struct conn *c, struct err *err, const char *template, ...)
{
	struct buf b = {0};
	va_list ap;
	bool ok;

	va_start(ap, template);
	sqlvf(&b, c->id.dialect, template, ap);
	va_end(ap);
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

bool conn_query(
	struct conn *c, struct slice sql, struct arena *a, struct rows *out, struct err *err)
{
	return c->ops->query(c, sql, NULL, 0, a, out, err);
}

bool conn_query_params(struct conn *c, struct slice sql, const struct cell *params, size_t n,
	struct arena *a, struct rows *out, struct err *err)
{
	return c->ops->query(c, sql, params, n, a, out, err);
}

void conn_close(struct conn *c)
{
	if (c)
		c->ops->close(c);
}
