/* log.c - events as lines of JSON on standard error. */
#include "cli/log.h"

#include "base/io.h"
#include "sql/redact.h"

#include <time.h>

enum { SHOWN_BYTES = 1000, TICK_MS = 10000, WAIT_MS = 1000 };

bool log_read_format(struct cli *c, struct err *err)
{
	const char *text = cli_text(c, "log-format");

	c->log_json = text && strcmp(text, "json") == 0;
	return !text || c->log_json || strcmp(text, "text") == 0 ||
	       err_set(err, ERR_INPUT, "--log-format wants text or json, not \"%s\"", text);
}

bool log_talks(const struct cli *c)
{
	return !c->quiet && !c->log_json;
}

static void open_line(struct json *j, struct buf *b, const char *level, const char *event)
{
	struct timespec now;
	struct tm tm;
	char text[40], full[64];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(full, sizeof full, "%s.%03dZ", text, (int)(now.tv_nsec / 1000000 % 1000));
	json_init(j, b);
	j->compact = true;
	json_object(j);
	json_kcstr(j, "time", full);
	json_kcstr(j, "level", level);
	json_kcstr(j, "event", event);
}

/* One write, so that lines of several processes do not mix. */
static void close_line(struct json *j, struct buf *b)
{
	size_t end;

	json_end(j);
	end = b->len;
	while (end && b->at[end - 1] == '\n')
		end--;
	b->len = end;
	buf_addc(b, '\n');
	fflush(stderr);
	fwrite(b->at, 1, b->len, stderr);
	fflush(stderr);
	buf_done(b);
}

void log_message(const struct cli *c, const char *level, const char *event, struct slice text)
{
	struct buf b = {0};
	struct json j;

	if (!c->log_json)
		return;
	open_line(&j, &b, level, event);
	json_kstr(&j, "message", text);
	close_line(&j, &b);
}

static void text_or_null(struct json *j, const char *key, const char *text)
{
	json_kcstr(j, key, text && text[0] ? text : NULL);
}

void log_error(const struct cli *c, const struct err *err)
{
	struct buf b = {0};
	struct json j;

	if (!c->log_json)
		return;
	open_line(&j, &b, "error", "error");
	json_kint(&j, "exit", err_exit_code(err));
	json_kcstr(&j, "code", err_code_name(err->code));
	text_or_null(&j, "message", err->message);
	text_or_null(&j, "context", err->context);
	text_or_null(&j, "file", err->file);
	if (err->line)
		json_kint(&j, "line", (long long)err->line);
	text_or_null(&j, "sqlstate", err->sqlstate);
	text_or_null(&j, "hint", err->hint);
	text_or_null(&j, "next", err->next);
	close_line(&j, &b);
}

void log_begin(const struct cli *c, const struct conn_identity *id)
{
	struct buf b = {0};
	struct json j;

	if (!c->log_json)
		return;
	open_line(&j, &b, "info", "begin");
	json_kcstr(&j, "command", c->command->name);
	json_kcstr(&j, "environment", cli_text(c, "env"));
	json_kstr(&j, "server", id->server);
	json_kstr(&j, "database", id->database);
	json_kstr(&j, "role", id->role);
	close_line(&j, &b);
}

static void put_statement(struct json *j, const struct running *r, const struct step *s)
{
	struct arena a = {0};
	struct slice sql = redact_sql(&a, r->conn->id.dialect, step_shown(s));

	json_kcstr(j, "file", s->statement->span.src->path);
	json_kint(j, "line", (long long)span_place(s->statement->span).line);
	json_kstr(j, "sql", slice_sub(sql, 0, SHOWN_BYTES));
	arena_done(&a);
}

static const char *event_word(const struct run_event *e)
{
	switch (e->kind) {
	case EVENT_MIGRATION_BEGIN:
		return "migration";
	case EVENT_STATEMENT_BEGIN:
		return "statement";
	case EVENT_STATEMENT_TICK:
		return "running";
	case EVENT_STATEMENT_DONE:
		return "statement_done";
	case EVENT_MIGRATION_DONE:
		return e->direction == DIR_UP ? "applied" : "undone";
	case EVENT_VERIFY_DONE:
		return "verified";
	case EVENT_RETRY:
		return "waiting";
	case EVENT_BATCH:
		return "batch";
	case EVENT_LEFT:
		return "left";
	case EVENT_STANDBY:
		return "standby";
	case EVENT_KEEP:
		return "kept";
	case EVENT_PUT_BACK:
		return "put_back";
	case EVENT_PAUSE:
		break;
	}
	return "paused";
}

/* What comes many times a second is said now and then; the first of its kind at once, unless it is
 * that a statement is still at work. */
static bool is_due(struct running *r, const struct run_event *e)
{
	bool tick = e->kind == EVENT_STATEMENT_TICK, first = r->logged_kind != e->kind && !tick;
	bool often = tick || e->kind == EVENT_RETRY || e->kind == EVENT_PAUSE;
	long long now = io_now_ms();

	if (often && !first && now - r->logged < (tick ? TICK_MS : WAIT_MS))
		return false;
	r->logged = now;
	if (!tick)
		r->logged_kind = e->kind;
	return true;
}

static void put_progress(struct json *j, const struct batch_progress *g)
{
	json_kint(j, "rows_seen", g->seen);
	if (g->total)
		json_kint(j, "rows_about", g->total);
	json_kint(j, "rows_per_second", g->per_second);
	if (g->most_s >= 0) {
		json_kint(j, "seconds_left_least", g->least_s);
		json_kint(j, "seconds_left_most", g->most_s);
	}
	json_kcstr(j, "signal", g->signal);
}

void log_run(struct running *r, const struct run_event *e)
{
	struct buf b = {0};
	struct json j;

	if (!r->cli->log_json || !is_due(r, e))
		return;
	open_line(&j, &b, e->kind == EVENT_RETRY || e->kind == EVENT_STANDBY ? "warning" : "info",
		event_word(e));
	json_kcstr(&j, "direction", e->direction == DIR_UP ? "up" : "down");
	json_kstr(&j, "migration", e->migration->id);
	json_kstr(&j, "name", e->migration->name);
	json_kint(&j, "index", (long long)e->index);
	json_kint(&j, "total", (long long)e->total);
	if (e->step)
		put_statement(&j, r, e->step);
	if (e->kind == EVENT_STATEMENT_DONE || e->kind == EVENT_MIGRATION_DONE ||
		e->kind == EVENT_STATEMENT_TICK)
		json_kint(&j, "ms", e->ms);
	if (e->batch)
		put_progress(&j, e->batch);
	if (e->text.len)
		json_kstr(&j, "message", e->text);
	close_line(&j, &b);
}

void log_done(const struct running *r, bool ok, size_t migrations)
{
	struct buf b = {0};
	struct json j;

	if (!r->cli->log_json)
		return;
	open_line(&j, &b, ok ? "info" : "error", "done");
	json_kcstr(&j, "command", r->cli->command->name);
	json_kbool(&j, "ok", ok);
	json_kbool(&j, "skipped", r->skipped);
	json_kint(&j, "migrations", (long long)migrations);
	close_line(&j, &b);
}
