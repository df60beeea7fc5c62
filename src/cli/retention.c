/* retention.c - archives whose time is over, after a run.
 *
 * Only where belay.yml says how long they are kept. The newest whole backup stays, however old it
 * is, and so do files that are on another machine. That one cannot be taken away now is no failure
 * of the run. */
#include "base/io.h"
#include "cli/doors.h"
#include "cli/running.h"
#include "engine/engine.h"

static bool is_due(const struct running *r, const struct archive *v, size_t n, size_t i)
{
	bool newer = false;

	if (v[i].age_s < r->cli->config.backups.keep_days * 86400LL)
		return false;
	if (v[i].kind != ARCHIVE_WHOLE)
		return true;
	for (size_t k = 0; k < n; k++)
		newer |= v[k].kind == ARCHIVE_WHOLE && v[k].done && v[k].age_s < v[i].age_s &&
			 io_is_file(arena_cstr(&r->cli->arena, v[k].store.name));
	return newer && io_is_file(arena_cstr(&r->cli->arena, v[i].store.name));
}

/* Somebody who reads an archive is not waited for. */
static bool begin(struct running *r, struct err *err)
{
	struct slice fence = lease_fence(&r->lease, &r->cli->arena);

	switch (r->conn->id.dialect) {
	case DIALECT_POSTGRES:
		return conn_exec(r->conn, SL("BEGIN; SET LOCAL lock_timeout = '200ms'"), err) &&
		       (!fence.len || conn_exec(r->conn, fence, err));
	case DIALECT_SQLITE:
		return conn_exec(r->conn, SL("BEGIN IMMEDIATE"), err);
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		return conn_exec(r->conn, SL("SET SESSION lock_wait_timeout = 1"), err);
	case DIALECT_UNKNOWN:
		break;
	}
	return true;
}

static bool take_away(struct running *r, const struct archive *v, struct err *err)
{
	struct conn *c = r->conn;
	struct err ignored = {0};
	bool ok = begin(r, err) && archive_remove(c, cli_journal(r->cli), v, err) &&
		  (!c->ops->in_transaction(c) || conn_exec(c, SL("COMMIT"), err));

	if (!ok && c->ops->alive(c) && c->ops->in_transaction(c))
		conn_exec(c, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
	return ok;
}

void retention_after(struct running *r)
{
	int days = r->cli->config.backups.keep_days;
	struct archive *v;
	struct err err = {0};
	size_t n, gone = 0;
	bool ok = true;

	if (!days || !r->taken || r->skipped)
		return;
	ok = archives_read(r->conn, cli_journal(r->cli), &r->cli->arena, &v, &n, &err);
	for (size_t i = 0; ok && i < n; i++) {
		if (!is_due(r, v, n, i))
			continue;
		ok = take_away(r, &v[i], &err);
		gone += ok;
	}
	if (gone)
		printf("%zu archive%s older than %d day%s taken away (backups: keep)\n", gone,
			gone == 1 ? "" : "s", days, days == 1 ? "" : "s");
	if (!ok)
		warning_print(r->cli, "old archives were not taken away: %s", err.message);
	err_done(&err);
}
