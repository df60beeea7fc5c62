/* hooks.c - programs of the project's own around a run, with a document on their standard input. */
#include "cli/hooks.h"

#include "base/io.h"
#include "base/json.h"
#include "base/process.h"
#include "cli/gates.h"
#include "cli/log.h"
#include "engine/engine.h"
#include "sql/clean.h"

extern char **environ;

enum { LOOK_MS = 1000 };

/* While a hook runs: whoever waits for our turn sees that we are there, and a server that ends idle
 * sessions finds ours busy. */
struct hook_wait {
	struct running *running;
	struct conn *second; /* the run's own connection is in the middle of something */
	enum hook_when when;
	bool tried, lost;
	long long looked;
};

static struct conn *free_connection(struct hook_wait *w)
{
	struct err ignored = {0};

	if (w->when != HOOK_BETWEEN)
		return w->running->conn;
	if (!w->tried)
		running_second(w->running, &w->second, &ignored);
	w->tried = true;
	err_done(&ignored);
	return w->second;
}

static bool is_ours_still(struct hook_wait *w)
{
	struct conn *c;

	if (w->running->lease.epoch) {
		if (!lease_due(&w->running->lease))
			return true;
		c = free_connection(w);
		return !c || lease_beat(&w->running->lease, c);
	}
	/* Elsewhere the lock is the connection's. */
	if (w->when == HOOK_BETWEEN || io_now_ms() - w->looked < LOOK_MS)
		return true;
	w->looked = io_now_ms();
	return w->running->conn->ops->alive(w->running->conn);
}

static bool on_tick(void *ctx, long long elapsed)
{
	struct hook_wait *w = ctx;

	w->lost = !is_ours_still(w);
	return !w->lost && (w->when == HOOK_AFTER || signals_tick(NULL, elapsed));
}

static bool lost(struct running *r, const char *name, struct err *err)
{
	if (r->lease.epoch)
		return lease_lost(err);
	err_done(err);
	*err = (struct err){0};
	return err_set(err, ERR_CONNECT, "the connection was lost while hook %s ran", name);
}

static void hook_document(struct buf *b, const struct cli *c, const char *name,
	const struct conn *conn, const struct plan *plan, bool ok, struct slice text)
{
	const char *env = cli_text(c, "env");
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "hook/1");
	json_kcstr(&j, "event", name);
	json_kcstr(&j, "environment", env ? env : "");
	json_kstr(&j, "server", conn->id.server);
	json_kstr(&j, "database", conn->id.database);
	json_kstr(&j, "role", conn->id.role);
	json_kbool(&j, "ok", ok);
	if (text.len)
		json_kstr(&j, "message", text);
	json_key(&j, "migrations");
	json_array(&j);
	for (size_t i = 0; plan && i < plan->nmigrations; i++)
		json_str(&j, plan->migrations[i]->id);
	json_end(&j);
	json_end(&j);
}

bool hook_run(struct running *r, const char *name, const struct config_hook *h,
	const struct plan *plan, bool ok, struct slice text, enum hook_when when, struct err *err)
{
	struct cli *c = r->cli;
	struct hook_wait wait = {.running = r, .when = when};
	struct process_options o = {.env = (const char *const *)environ,
		.dir = c->root,
		.tick = on_tick,
		.tick_ctx = &wait};
	struct buf doc = {0}, said = {0};
	const char **argv;
	int status = 0;
	bool done;

	if (!h->n)
		return true;
	argv = ARENA_ARRAY(&c->arena, h->n + 1, const char *);
	memcpy(argv, h->argv, (h->n + 1) * sizeof *argv);
	argv[0] = process_find(&c->arena, h->argv[0]);
	if (!argv[0])
		return err_set(
			err, ERR_INPUT, "hook %s: there is no program \"%s\"", name, h->argv[0]);
	hook_document(&doc, c, name, r->conn, plan, ok, text);
	o.argv = argv;
	o.input = buf_slice(&doc);
	done = process_run(&o, &said, &status, err);
	conn_close(wait.second);
	if (said.len)
		log_message(c, "info", "hook", buf_slice(&said));
	if (said.len && !c->log_json)
		fprintf(stderr, "%.*s", SLICE(clean_text(&c->arena, buf_slice(&said))));
	if (wait.lost)
		done = lost(r, name, err);
	else if (done && status)
		done = err_set(err, ERR_REFUSED, "hook %s (%s) said no: it ended with %d", name,
			h->argv[0], status);
	buf_done(&doc);
	buf_done(&said);
	return done;
}
