/* script.c - a plan as a script for the database's own client. */
#include "run/script.h"

#include "sql/clean.h"
#include <stdint.h>

/* A stand-in for the connection: what the layout sends to keep its history is written down, what it
 * asks is asked where there is somebody to ask. */
struct recorder {
	struct conn stand_in; /* first */
	struct conn *real;
	struct buf *out;
};

struct writing {
	struct buf *out;
	struct arena *a;
	const struct plan *p;
	const struct engine *e;
	struct recorder rec;
	int wait_ms; /* in force in the open transaction, -1 = the session's own */
};

static struct recorder *recorder_of(struct conn *c)
{
	return (struct recorder *)c;
}

static bool record_exec(
	struct conn *c, struct slice sql, struct arena *a, struct rows *out, struct err *err)
{
	struct recorder *r = recorder_of(c);

	(void)a;
	(void)err;
	if (out)
		*out = (struct rows){.affected = -1};
	buf_add(r->out, slice_trim(sql));
	buf_adds(r->out, slice_ends(slice_trim(sql), ";") ? "\n" : ";\n");
	return true;
}

static bool record_query(struct conn *c, struct slice sql, const struct cell *params, size_t n,
	struct arena *a, struct rows *out, struct err *err)
{
	struct recorder *r = recorder_of(c);

	*out = (struct rows){0};
	return !r->real || r->real->ops->query(r->real, sql, params, n, a, out, err);
}

static bool never_in_transaction(struct conn *c)
{
	(void)c;
	return false;
}

static void nothing(struct conn *c)
{
	(void)c;
}

static bool always_alive(struct conn *c)
{
	(void)c;
	return true;
}

static const struct conn_ops recorder_ops = {
	.exec = record_exec,
	.query = record_query,
	.in_transaction = never_in_transaction,
	.cancel = nothing,
	.alive = always_alive,
	.close = nothing,
};

/* ---- Statements ---- */

static bool is_mysql(const struct writing *w)
{
	return dialect_is_mysql(w->e->dialect);
}

/* mariadb and mysql cut at every semicolon: a body needs another mark behind it. */
static const char *mark_for(struct slice sql)
{
	static const char *const marks[] = {"//", "$$", "~~~", "%%%%"};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (slice_find(sql, slice_of(marks[i])) == SIZE_MAX)
			return marks[i];
	return "--belay--";
}

/* A remark at the end would swallow the semicolon. */
static bool ends_in_remark(struct slice sql)
{
	size_t at = sql.len;

	while (at && sql.at[at - 1] != '\n')
		at--;
	sql = slice_from(sql, at);
	return slice_find(sql, SL("--")) != SIZE_MAX || slice_chr(sql, '#') != SIZE_MAX;
}

static void put_sql(struct writing *w, struct slice sql)
{
	const char *mark;

	sql = slice_trim(sql);
	if (is_mysql(w) && slice_chr(sql, ';') < sql.len - (sql.len && slice_ends(sql, ";"))) {
		mark = mark_for(sql);
		buf_printf(w->out, "DELIMITER %s\n%.*s\n%s\nDELIMITER ;\n", mark, SLICE(sql), mark);
		return;
	}
	buf_add(w->out, sql);
	if (!slice_ends(sql, ";"))
		buf_adds(w->out, ends_in_remark(sql) ? "\n;" : ";");
	buf_addc(w->out, '\n');
}

static void put_limits(struct writing *w, const struct step *s, bool local)
{
	const struct engine_locks *l = w->e->locks;

	if (!l || !s->wait_ms || s->lock < LOCK_WRITES || s->wait_ms == w->wait_ms)
		return;
	put_sql(w, l->limits(w->a, w->e->dialect, s->wait_ms, local));
	w->wait_ms = s->wait_ms;
}

static void put_step(struct writing *w, const struct step *s)
{
	put_limits(w, s, s->group != 0);
	if (s->batched)
		buf_adds(w->out, "-- belay up does this in batches; by hand it is one long "
				 "transaction\n");
	put_sql(w, s->sql);
	if (s->kind == STEP_COPY) {
		buf_add(w->out, s->data);
		if (s->data.len && !slice_ends(s->data, "\n"))
			buf_addc(w->out, '\n');
		buf_adds(w->out, "\\.\n");
	}
	if (!s->group && w->wait_ms >= 0 && w->e->locks->unlimit) {
		put_sql(w, slice_of(w->e->locks->unlimit));
		w->wait_ms = -1;
	}
}

/* ---- Migrations ---- */

static const char *begin_word(const struct writing *w)
{
	return w->e->dialect == DIALECT_SQLITE ? "BEGIN IMMEDIATE;\n" : "BEGIN;\n";
}

static bool put_mark(struct writing *w, const struct migration *m, struct err *err)
{
	const struct layout *l = w->p->project->layout;
	bool ok;

	if (!l->history_begin)
		return true;
	buf_adds(w->out, begin_word(w));
	ok = l->history_begin(w->p->project, &w->rec.stand_in, m, w->p->direction, err);
	buf_adds(w->out, "COMMIT;\n");
	return ok;
}

static bool put_migration(
	struct writing *w, const struct migration *m, size_t from, size_t to, struct err *err)
{
	const struct layout *l = w->p->project->layout;
	bool grouped = from == to || w->p->steps[from].group;
	bool ok;

	buf_printf(w->out, "\n-- %.*s %.*s\n", SLICE(clean_line(w->a, m->id)),
		SLICE(clean_line(w->a, m->name)));
	if (!grouped && !put_mark(w, m, err))
		return false;
	w->wait_ms = -1;
	if (grouped)
		buf_adds(w->out, begin_word(w));
	for (size_t i = from; i < to; i++)
		put_step(w, &w->p->steps[i]);
	if (!grouped)
		buf_adds(w->out, begin_word(w));
	ok = l->history_finish(w->p->project, &w->rec.stand_in, m, w->p->direction, 0, err);
	buf_adds(w->out, "COMMIT;\n");
	return ok;
}

static void put_head(struct writing *w)
{
	buf_printf(w->out, "-- %s of %zu migration%s, as belay would run %s, for %s.\n",
		w->p->direction == DIR_UP ? "up" : "down", w->p->nmigrations,
		w->p->nmigrations == 1 ? "" : "s", w->p->nmigrations == 1 ? "it" : "them",
		w->e->title);
	switch (w->e->dialect) {
	case DIALECT_POSTGRES:
		buf_adds(w->out, "-- psql -X -f THIS DATABASE\n\\set ON_ERROR_STOP on\n");
		break;
	case DIALECT_SQLITE:
		buf_adds(w->out, "-- sqlite3 FILE < THIS\n.bail on\n.timeout 5000\n");
		break;
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		buf_printf(w->out,
			"-- %s DATABASE < THIS (it stops at the first error)\nSET NAMES "
			"utf8mb4;\n",
			w->e->dialect == DIALECT_MYSQL ? "mysql" : "mariadb");
		break;
	case DIALECT_UNKNOWN:
		break;
	}
}

bool script_write(struct buf *out, struct arena *a, const struct plan *p, const struct engine *e,
	struct conn *c, struct err *err)
{
	struct writing w = {.out = out, .a = a, .p = p, .e = e, .rec = {.real = c, .out = out}};
	size_t step = 0;

	w.rec.stand_in.ops = &recorder_ops;
	w.rec.stand_in.engine = e;
	if (c)
		w.rec.stand_in.id = c->id;
	w.rec.stand_in.id.dialect = e->dialect;
	put_head(&w);
	if (p->nmigrations == 0)
		return true;
	buf_adds(out, "\n-- the history\n");
	if (!p->project->layout->history_create(p->project, &w.rec.stand_in, err))
		return false;
	for (size_t i = 0; i < p->nmigrations; i++) {
		size_t end = step;

		while (end < p->nsteps && p->steps[end].migration == p->migrations[i])
			end++;
		if (!put_migration(&w, p->migrations[i], step, end, err))
			return false;
		step = end;
	}
	return true;
}
