/* cmd_backup.c - belay backups, restore: what was kept before one-way doors, and back again. */
#include "base/io.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/doors.h"
#include "cli/gates.h"
#include "cli/log.h"
#include "engine/engine.h"
#include "run/run.h"
#include "run/whole.h"
#include "sql/clean.h"
#include "sql/redact.h"

#include <stdint.h>
#include <time.h>

struct view {
	struct cli *cli;
	struct conn *conn;
	struct lease lease;
	struct run_lock lock;
	struct archive *at;
	size_t n;
};

static void close_view(struct view *v)
{
	if (v->conn)
		lease_give(&v->lease, v->conn);
	conn_close(v->conn);
	run_lock_drop(&v->lock);
}

static bool open_view(struct view *v, struct cli *c, bool read_only, struct err *err)
{
	*v = (struct view){.cli = c, .lock = {.fd = -1}};
	if (!running_is_there(c, err) || !cli_connect(c, &v->conn, read_only, err))
		return false;
	if (gate_role(c, v->conn, err) &&
		archives_read(v->conn, cli_journal(c), &c->arena, &v->at, &v->n, err))
		return true;
	close_view(v);
	return false;
}

/* Nobody else may be at it while something is put back or taken away. */
static bool take_turn(struct view *v, struct err *err)
{
	struct cli *c = v->cli;
	struct lease_request q = {.where = cli_journal(c), .command = c->command->name};
	const struct conn_identity *id = &v->conn->id;
	bool skipped;

	if (!c->quiet)
		fprintf(stderr, "%.*s, database %.*s%s%.*s\n",
			SLICE(clean_line(&c->arena, id->server)),
			SLICE(clean_line(&c->arena, id->database)), id->role.len ? ", role " : "",
			SLICE(clean_line(&c->arena, id->role)));
	if (!gate_protected(c, err))
		return false;
	if (id->dialect == DIALECT_POSTGRES)
		return journal_make(v->conn, q.where, err) &&
		       lease_take(&v->lease, v->conn, &q, &skipped, err);
	return run_lock_take(&v->lock, v->conn, &q, &skipped, err);
}

/* ---- backups ---- */

static struct slice size_words(struct arena *a, long long bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double v = (double)bytes;
	size_t u = 0;

	if (bytes < 0)
		return SL("?");
	while (v >= 1000 && u < 4) {
		v /= 1000;
		u++;
	}
	return arena_printf(a, v < 10 && u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

static struct slice age_words(struct arena *a, long long s)
{
	if (s < 120)
		return arena_printf(a, "%lld s", s < 0 ? 0 : s);
	if (s < 7200)
		return arena_printf(a, "%lld min", s / 60);
	return s < 172800 ? arena_printf(a, "%lld h", s / 3600)
			  : arena_printf(a, "%lld days", s / 86400);
}

static const char *state_of(const struct archive *r)
{
	return !r->done ? "begun" : r->restored.len ? "restored" : "kept";
}

static void print_text(struct buf *b, struct view *v)
{
	struct arena *a = &v->cli->arena;
	long long total = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct archive *r = &v->at[i];

		buf_printf(b, "%.*s  %s %.*s", SLICE(clean_line(a, r->name)),
			archive_kind_word(r->kind), SLICE(clean_line(a, r->object)));
		if (r->kind != ARCHIVE_WHOLE)
			buf_printf(b, "  %lld row%s", r->kept, r->kept == 1 ? "" : "s");
		buf_printf(b, "  %.*s  %.*s ago  by %s %.*s", SLICE(size_words(a, r->bytes)),
			SLICE(age_words(a, r->age_s)), r->direction == DIR_UP ? "up" : "down",
			SLICE(clean_line(a, r->migration)));
		if (r->kind == ARCHIVE_WHOLE)
			buf_printf(b, "  in %.*s", SLICE(clean_line(a, r->store.name)));
		if (!r->done)
			buf_adds(b, "  begun and not finished: of no use");
		else if (r->growing)
			buf_adds(b, "  so far: its batches are not through");
		else if (r->restored.len)
			buf_printf(b, "  put back %.*s", SLICE(clean_line(a, r->restored)));
		buf_addc(b, '\n');
		total += r->bytes > 0 ? r->bytes : 0;
	}
	if (v->n)
		buf_printf(b, "%zu archive%s, %.*s; belay restore NAME puts one back\n", v->n,
			v->n == 1 ? "" : "s", SLICE(size_words(a, total)));
	else
		buf_adds(b, "nothing was kept in this database\n");
}

static void print_json(struct buf *b, struct view *v)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "backups/1");
	json_key(&j, "backups");
	json_array(&j);
	for (size_t i = 0; i < v->n; i++) {
		const struct archive *r = &v->at[i];

		json_object(&j);
		json_kstr(&j, "name", r->name);
		json_kcstr(&j, "kind", archive_kind_word(r->kind));
		json_kstr(&j, "object", r->object);
		json_kstr(&j, "migration", r->migration);
		json_kcstr(&j, "direction", r->direction == DIR_UP ? "up" : "down");
		json_kint(&j, "run", r->run);
		json_kint(&j, "rows", r->kept);
		json_kint(&j, "bytes", r->bytes);
		json_kstr(&j, "made", r->made);
		json_kint(&j, "age_s", r->age_s);
		json_kcstr(&j, "state", state_of(r));
		json_kstr(&j, "stored_in", r->store.name);
		json_kstr(&j, "fingerprint", r->fingerprint);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	buf_addc(b, '\n');
}

bool backups_prune(struct cli *c, struct conn *conn, struct archive *v, size_t n, long long days,
	size_t *removed, struct err *err)
{
	*removed = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i].age_s < days * 86400 && (v[i].done || v[i].age_s < 86400))
			continue;
		if (!archive_remove(conn, cli_journal(c), &v[i], err))
			return err_context(err, "taking away archive %.*s", SLICE(v[i].name));
		++*removed;
	}
	return true;
}

static bool days_of(const struct cli *c, long long *out, struct err *err)
{
	const char *text = cli_text(c, "older-than");
	unsigned long long n;
	struct slice s = slice_of(text);

	*out = c->config.backups.keep_days;
	if (text && slice_ends(s, "d") && slice_u64(slice_sub(s, 0, s.len - 1), &n) && n < 40000) {
		*out = (long long)n;
		return true;
	}
	if (text)
		return err_set(
			err, ERR_INPUT, "--older-than wants days such as 30d, not \"%s\"", text);
	if (*out)
		return true;
	err_set(err, ERR_INPUT, "nobody said how long archives are kept");
	return err_hint(err, "Say --older-than 30d, or backups: {keep: 30d} in belay.yml.");
}

static bool prune(struct view *v, struct err *err)
{
	long long days;
	size_t n;

	if (!days_of(v->cli, &days, err) || !take_turn(v, err) ||
		!backups_prune(v->cli, v->conn, v->at, v->n, days, &n, err))
		return false;
	printf("%zu archive%s taken away\n", n, n == 1 ? "" : "s");
	return true;
}

int cmd_backups(struct cli *c, struct err *err)
{
	struct buf text = {0}, json = {0};
	struct view v;
	bool ok;

	if (!open_view(&v, c, !cli_flag(c, "prune"), err))
		return 2;
	if (cli_flag(c, "prune")) {
		ok = prune(&v, err);
	} else {
		print_text(&text, &v);
		print_json(&json, &v);
		ok = cli_emit(c, "text", buf_slice(&text), err) &&
		     cli_emit(c, "json", buf_slice(&json), err);
	}
	buf_done(&text);
	buf_done(&json);
	close_view(&v);
	return ok ? 0 : 2;
}

/* ---- restore ---- */

static bool find(
	struct view *v, struct slice name, struct archive **out, size_t *n, struct err *err)
{
	const char *words[64], *near;
	size_t nwords = 0;

	*out = NULL;
	*n = 0;
	for (size_t i = 0; i < v->n; i++) {
		if (slice_eq(v->at[i].name, name))
			*ARENA_PUSH(&v->cli->arena, *out, *n) = v->at[i];
		if (nwords < 64)
			words[nwords++] = arena_cstr(&v->cli->arena, v->at[i].name);
	}
	if (*n)
		return true;
	near = nearest_word(name, words, nwords);
	err_set(err, ERR_INPUT, "there is no archive \"%.*s\" in this database", SLICE(name));
	return near ? err_hint(err, "Did you mean %s? belay backups lists them.", near)
		    : err_hint(err, "belay backups lists them.");
}

/* What would do harm, or is no archive yet. */
static bool may_restore(struct view *v, const struct archive *r, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!r[i].done)
			return err_set(err, ERR_REFUSED,
				"archive %.*s was begun and not finished: what it would hold is "
				"still in its place",
				SLICE(r[i].name));
		if (!r[i].restored.len || r[i].can_repeat)
			continue;
		err_set(err, ERR_REFUSED,
			"%.*s was put back already (%.*s), and its table has no key: the rows "
			"would be there twice",
			SLICE(r[i].object), SLICE(r[i].restored));
		return err_hint(err, "The rows themselves are in %.*s.",
			SLICE(clean_line(&v->cli->arena, r[i].store.name)));
	}
	return true;
}

/* Nobody has touched what was kept. */
static bool is_untouched(struct view *v, const struct archive *r, struct err *err)
{
	long long n = 0;
	char hash[65];

	if (r->growing) /* of batches that are not through: nobody knows yet */
		return true;
	if (!v->conn->engine->rows_fingerprint(
		    v->conn, r->store, r->stored_as.n ? r->stored_as : r->columns, &n, hash, err))
		return err_context(err, "reading archive %.*s", SLICE(r->name));
	if (n == r->kept && (r->kind == ARCHIVE_TABLE || slice_is(r->fingerprint, hash)))
		return true;
	return err_set(err, ERR_FAILED,
		"archive %.*s was changed since it was made: the rows of %.*s are not what was "
		"kept",
		SLICE(r->name), SLICE(r->object));
}

static bool is_as_it_was(const struct archive *r, const struct put_back *p, struct err *err)
{
	return !p->differs ||
	       err_set(err, ERR_FAILED, "the rows of %.*s came back other than they were",
		       SLICE(r->object));
}

static bool put_all(
	struct view *v, const struct archive *r, size_t n, struct put_back *out, struct err *err)
{
	struct cli *c = v->cli;
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++)
		ok = is_untouched(v, &r[i], err);
	ok = ok && archives_put_back(v->conn, &c->arena, r, n, false, out, err);
	for (size_t i = 0; ok && i < n; i++)
		ok = is_as_it_was(&r[i], &out[i], err) &&
		     archive_set_restored(v->conn, cli_journal(c), &r[i], err);
	return ok;
}

/* One transaction where the engine has one for everything. */
static bool put_back(
	struct view *v, const struct archive *r, size_t n, struct put_back *out, struct err *err)
{
	struct slice fence = lease_fence(&v->lease, &v->cli->arena);
	struct err ignored = {0};
	bool tx = v->conn->engine->transactional_ddl, ok;

	ok = !tx ||
	     conn_exec(v->conn,
		     v->conn->id.dialect == DIALECT_SQLITE ? SL("BEGIN IMMEDIATE") : SL("BEGIN"),
		     err);
	ok = ok && (!fence.len || conn_exec(v->conn, fence, err));
	ok = ok && put_all(v, r, n, out, err) && (!tx || conn_exec(v->conn, SL("COMMIT"), err));
	if (!ok && tx && v->conn->ops->alive(v->conn)) {
		v->conn->waiter = (struct waiter){0};
		conn_exec(v->conn, SL("ROLLBACK"), &ignored);
		err_context(err, "nothing was put back");
	}
	err_done(&ignored);
	return ok;
}

static void say(struct view *v, const struct archive *r, const struct put_back *p)
{
	struct arena *a = &v->cli->arena;

	printf("%s%.*s: %lld row%s put back", p->defined ? "made again: " : "",
		SLICE(clean_line(a, r->object)), p->rows, p->rows == 1 ? "" : "s");
	if (p->in_the_way > 0)
		printf(r->kind == ARCHIVE_ROWS || r->kind == ARCHIVE_TABLE
				? ", %lld left out: others have their keys"
				: "; of %lld the row is not there any more, or has changed",
			p->in_the_way);
	putchar('\n');
	for (size_t i = 0; i < p->notes.n; i++)
		warning_print(v->cli, "not made again: %.*s",
			SLICE(clean_line(a, redact_sql(a, v->conn->id.dialect, p->notes.at[i]))));
}

/* ---- Whole databases ---- */

static void tell(void *ctx, struct slice text)
{
	struct cli *c = ctx;

	log_message(c, "info", "keep", text);
	if (log_talks(c))
		fprintf(stderr, "%.*s\n", SLICE(clean_line(&c->arena, text)));
}

/* The migration's name as part of a file's. */
static const char *file_name(struct cli *c, const struct migration *m, long long run)
{
	struct slice s =
		arena_printf(&c->arena, "%.*s-%lld-%ld", SLICE(m->id), run, (long)time(NULL));
	char *out = arena_cstr(&c->arena, s);

	for (char *p = out; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    *p) ||
			(p == out && *p == '.'))
			*p = '_';
	return out;
}

/* It may take long: the lease is kept by the connection that waits. */
struct waiting {
	struct lease *lease;
	struct conn *conn;
};

static bool keep_waiting(void *ctx, long long elapsed)
{
	struct waiting *w = ctx;

	return signals_tick(NULL, elapsed) &&
	       (!lease_due(w->lease) || lease_beat(w->lease, w->conn));
}

bool backup_whole(struct cli *c, struct conn *conn, struct lease *lease, const struct migration *m,
	enum direction d, long long run, struct err *err)
{
	struct waiting waiting = {lease, conn};
	const char *dir = c->config.backups.dir ? c->config.backups.dir : ".belay/backups";
	struct whole_request q = {.dir = io_join(&c->arena, c->root, dir),
		.name = file_name(c, m, run),
		.most_bytes = c->config.backups.max_bytes,
		.tell = tell,
		.ctx = c};
	struct whole w;
	bool quiet = c->quiet, ok;

	c->quiet = true; /* what there is to warn of was said for the first connection */
	ok = cli_connect(c, &q.conn, false, err);
	c->quiet = quiet;
	if (!ok)
		return false;
	q.conn->waiter = (struct waiter){keep_waiting, &waiting, 50};
	ok = gate_role(c, q.conn, err) && whole_make(&w, &c->arena, &q, err);
	conn_close(q.conn);
	if (!ok)
		return false;
	return archive_write(conn, cli_journal(c),
		&(struct archive){.name = arena_printf(&c->arena, "whole@%lld", run),
			.ordinal = 0,
			.run = run,
			.migration = m->id,
			.direction = d,
			.kind = ARCHIVE_WHOLE,
			.object = conn->id.database,
			.store = {SLICE_NONE, slice_of(w.path)},
			.kept = w.rows,
			.bytes = w.bytes,
			.fingerprint = slice_of(w.fingerprint),
			.done = true},
		err);
}

static bool restore_whole(struct view *v, const struct archive *r, struct err *err)
{
	struct cli *c = v->cli;
	const char *into = cli_text(c, "into"), *path = arena_cstr(&c->arena, r->store.name);
	struct conn_options o = {
		.url = slice_of(into), .waiter = v->conn->waiter, .application = "belay restore"};
	struct conn *to = NULL;
	bool ok;

	if (!into) {
		err_set(err, ERR_INPUT, "archive %.*s is a whole database: say where it should go",
			SLICE(r->name));
		return err_hint(err, "Name an empty database: belay restore %.*s --into URL",
			SLICE(r->name));
	}
	if (!io_is_file(path))
		return err_set(err, ERR_INPUT, "the file of archive %.*s is gone: \"%s\"",
			SLICE(r->name), path);
	if (cli_flag(c, "dry-run")) {
		printf("-- whole database from %s, %lld rows\n", path, r->kept);
		return true;
	}
	if (url_dialect(o.url) != v->conn->id.dialect)
		return err_set(err, ERR_INPUT, "--into wants a database of the same kind");
	ok = engine_connect(&to, &o, err) && whole_load(to, path, r->fingerprint, &c->arena, err);
	if (ok)
		printf("restored %lld row%s into %.*s, compared with what was kept\n", r->kept,
			r->kept == 1 ? "" : "s", SLICE(clean_line(&c->arena, to->id.database)));
	conn_close(to);
	return ok;
}

static void print_names(struct view *v, struct names n)
{
	for (size_t i = 0; i < n.n; i++) {
		struct slice s = slice_trim(clean_text(&v->cli->arena, n.at[i]));

		printf("%.*s%s\n", SLICE(s), slice_ends(s, ";") ? "" : ";");
	}
}

static void print_sql(struct view *v, const struct archive *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		printf("-- %s %.*s, unless it is there\n", archive_kind_word(r[i].kind),
			SLICE(clean_line(&v->cli->arena, r[i].object)));
		print_names(v, r[i].define);
		printf("-- its rows\n%.*s;\n", SLICE(clean_text(&v->cli->arena, r[i].restore)));
		if (r[i].after.n)
			printf("-- what stands on them, if it was made again\n");
		print_names(v, r[i].after);
	}
}

/* The migration may have renamed what it had changed; without its file nobody knows. */
static bool follow(struct view *v, struct archive *r, size_t n, struct err *err)
{
	struct err ignored = {0};
	struct project p;
	bool known = cli_project(v->cli, &p, false, &ignored);

	err_done(&ignored);
	return !known || archives_follow(r, n, &p, v->conn, &v->cli->arena, err);
}

static bool restore_scoped(struct view *v, struct archive *r, size_t n, struct err *err)
{
	struct put_back *out = ARENA_ARRAY(&v->cli->arena, n, struct put_back);

	if (cli_text(v->cli, "into")) {
		err_set(err, ERR_INPUT,
			"archive %.*s is not a whole database: its rows lie in "
			"this one, and go back into this one",
			SLICE(r->name));
		return err_hint(err, "Leave --into away.");
	}
	if (!may_restore(v, r, n, err) || !follow(v, r, n, err))
		return false;
	if (cli_flag(v->cli, "dry-run")) {
		print_sql(v, r, n);
		return true;
	}
	if (!take_turn(v, err) || !put_back(v, r, n, out, err))
		return false;
	for (size_t i = 0; i < n; i++)
		say(v, &r[i], &out[i]);
	return true;
}

int cmd_restore(struct cli *c, struct err *err)
{
	struct archive *r;
	struct view v;
	size_t n;
	bool ok;

	if (!open_view(&v, c, cli_flag(c, "dry-run"), err))
		return 2;
	ok = find(&v, slice_of(c->args[0]), &r, &n, err) &&
	     (r->kind == ARCHIVE_WHOLE ? restore_whole(&v, r, err) : restore_scoped(&v, r, n, err));
	close_view(&v);
	return ok ? 0 : 2;
}
