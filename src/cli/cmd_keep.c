/* cmd_keep.c - belay baseline: the history itself is what changes, not the schema. */
#include "cli/running.h"

static bool record_one(
	struct running *r, struct journal *j, const struct migration *m, struct err *err)
{
	const struct layout *l = r->project.layout;
	bool sqlite = r->conn->id.dialect == DIALECT_SQLITE;
	struct err ignored = {0};
	bool ok;

	ok = conn_exec(r->conn, sqlite ? SL("BEGIN IMMEDIATE") : SL("BEGIN"), err);
	if (ok && l->history_begin)
		ok = l->history_begin(&r->project, r->conn, m, DIR_UP, err);
	ok = ok && l->history_finish(&r->project, r->conn, m, DIR_UP, 0, err) &&
	     journal_applied(j, m, DIR_UP, true, err) && conn_exec(r->conn, SL("COMMIT"), err);
	if (!ok && r->conn->ops->alive(r->conn)) {
		conn_exec(r->conn, SL("ROLLBACK"), &ignored);
		err_done(&ignored);
	}
	return ok;
}

static bool is_recorded(const struct migration_state *s)
{
	return s->state == STATE_APPLIED;
}

static bool record_until(struct running *r, struct journal *j, const struct migration *stop,
	size_t *done, struct err *err)
{
	for (size_t i = 0; i < r->state.n; i++) {
		const struct migration_state *s = &r->state.at[i];

		if (!s->migration || s->migration->repeatable)
			continue;
		if (is_recorded(s) && s->edited) {
			if (!journal_applied(j, s->migration, DIR_UP, true, err))
				return false;
			++*done;
		} else if (!is_recorded(s)) {
			if (!record_one(r, j, s->migration, err))
				return false;
			printf("recorded %.*s\n", SLICE(s->id));
			++*done;
		}
		if (s->migration == stop)
			break;
	}
	return true;
}

int cmd_baseline(struct cli *c, struct err *err)
{
	const struct migration *stop;
	struct journal *j = NULL;
	struct err ignored = {0};
	struct running r;
	size_t done = 0;
	bool ok;

	if (!running_begin(&r, c, false, err))
		return 2;
	ok = project_find(&r.project, slice_of(c->args[0]), &stop, err) && running_turn(&r, 0, err) &&
	     r.project.layout->history_create(&r.project, r.conn, err) &&
	     journal_open(&j, r.conn, cli_journal(c), DIR_UP, r.project.layout->name, err) &&
	     record_until(&r, j, stop, &done, err);
	if (j)
		journal_finish(j, ok ? "done" : "failed", &ignored);
	err_done(&ignored);
	journal_close(j);
	return running_finish(&r, ok, done, "nothing to do: all of them are recorded");
}
