/* cmd_run.c - belay status, up, down, goto, redo: what runs migrations. */
#include "base/io.h"
#include "cli/cli.h"
#include "cli/doors.h"
#include "cli/foretold.h"
#include "cli/gates.h"
#include "cli/hooks.h"
#include "cli/log.h"
#include "cli/running.h"
#include "run/identity.h"
#include "run/limits.h"
#include "sql/clean.h"
#include "sql/redact.h"

#include <signal.h>
#include <time.h>

void running_end(struct running *r)
{
	if (r->conn)
		lease_give(&r->lease, r->conn);
	conn_close(r->conn);
	run_lock_drop(&r->lock);
	r->conn = NULL;
}

static bool may_write(const struct conn *c, struct err *err)
{
	if (!c->id.read_only || (dialect_is_mysql(c->id.dialect) && c->id.superuser))
		return true;
	err_set(err, ERR_CONNECT, "cannot write to %.*s: it is read-only", SLICE(c->id.database));
	return err_hint(err, "A standby, a read-only session or a file without write permission: "
			     "name the database that may be written to.");
}

/* --wait-for-db: a server that is still starting is no failure yet. */
static bool connect_patiently(struct cli *c, struct conn **out, bool read_only, struct err *err)
{
	const char *text = cli_text(c, "wait-for-db");
	long long begun = io_now_ms();
	int patience = 0;

	if (text && !slice_duration(slice_of(text), &patience))
		return err_set(err, ERR_INPUT,
			"--wait-for-db wants a duration such as 30s or 2m, not \"%s\"", text);
	while (!cli_connect(c, out, read_only, err)) {
		const struct timespec nap = {0, 250 * 1000000L};

		if (err->code != ERR_CONNECT || io_now_ms() - begun >= patience ||
			signals_pending())
			return false;
		err_done(err);
		*err = (struct err){0};
		nanosleep(&nap, NULL);
	}
	return true;
}

bool running_begin(struct running *r, struct cli *c, bool read_only, struct err *err)
{
	*r = (struct running){.cli = c, .lock = {.fd = -1}};
	if (!cli_project(c, &r->project, true, err))
		return false;
	if (!connect_patiently(c, &r->conn, read_only || cli_flag(c, "dry-run"), err))
		return false;
	if (!gate_role(c, r->conn, err)) {
		running_end(r);
		return false;
	}
	r->project.dialect = r->conn->id.dialect;
	if ((read_only || cli_flag(c, "dry-run") || may_write(r->conn, err)) &&
		state_read(&r->state, &c->arena, &r->project, r->conn, cli_journal(c), err))
		return true;
	running_end(r);
	return false;
}

/* Nothing to undo in a database that is not there: SQLite would make an empty file of it. */
bool running_is_there(struct cli *c, struct err *err)
{
	struct conn *probe;
	struct slice url;
	bool quiet = c->quiet, ok;

	c->quiet = true; /* what cli_url warns of is said when it is asked for good */
	ok = cli_url(c, &url, err);
	c->quiet = quiet;
	if (!ok || url_dialect(url) != DIALECT_SQLITE)
		return ok;
	if (!cli_connect(c, &probe, true, err))
		return false;
	conn_close(probe);
	return true;
}

/* ---- status ---- */

struct status_document {
	const struct project *project;
	const struct run_state *state;
	const struct report_options *options;
};

static void fill_status(const struct reporter *r, struct buf *b, const void *document)
{
	const struct status_document *d = document;

	r->status(b, d->project, d->state, d->options);
}

int cmd_status(struct cli *c, struct err *err)
{
	struct report_options ro = {.color = c->color_out};
	struct running r;
	bool ok;

	if (!running_begin(&r, c, true, err))
		return 2;
	ro.dialect = r.conn->id.dialect;
	ro.version = r.conn->id.version;
	ok = running_identity(&r, false, err);
	ok = ok &&
	     cli_report(c, fill_status, &(struct status_document){&r.project, &r.state, &ro}, err);
	running_end(&r);
	return ok ? 0 : 2;
}

/* ---- Running ---- */

/* Server, database and role are shown before anything is written. */
static bool announce(
	void *ctx, const struct conn_identity *id, const struct plan *plan, struct err *err)
{
	struct running *r = ctx;
	struct cli *c = r->cli;

	(void)plan;
	if (!r->told)
		log_begin(c, id);
	if (!r->told && log_talks(c))
		fprintf(stderr, "%s%.*s%s, database %.*s%s%.*s\n", tint(c->color_err, "bold"),
			SLICE(clean_line(&c->arena, id->server)), tint(c->color_err, "off"),
			SLICE(clean_line(&c->arena, id->database)), id->role.len ? ", role " : "",
			SLICE(clean_line(&c->arena, id->role)));
	r->told = true;
	if (!r->confirmed && !gate_protected(c, err))
		return false;
	r->confirmed = true;
	return true;
}

/* Once a run: somebody may want to be woken. */
static void tell_block(struct running *r, struct slice who)
{
	struct err ignored = {0};

	if (!r->block_told)
		hook_run(r, "on_block", &r->cli->config.on_block, NULL, false, who, HOOK_BETWEEN,
			&ignored);
	r->block_told = true;
	err_done(&ignored);
}

static void say_stopping(struct running *r)
{
	if (r->stop_told || signals_pending() != SIGINT)
		return;
	r->stop_told = true;
	progress_end(&r->progress);
	fprintf(stderr, "stopping when this is done; Ctrl-C again cancels it now\n");
}

static void on_event(void *ctx, const struct run_event *e)
{
	struct running *r = ctx;
	struct cli *c = r->cli;

	log_run(r, e);
	switch (e->kind) {
	case EVENT_MIGRATION_BEGIN:
	case EVENT_STATEMENT_BEGIN:
	case EVENT_STATEMENT_TICK:
		say_stopping(r);
		/* fall through */
	case EVENT_STATEMENT_DONE:
		if (e->step && e->step->batched)
			break;
		progress_show(&r->progress, "running migrations", e->index - 1, e->total);
		break;
	case EVENT_MIGRATION_DONE:
		progress_end(&r->progress);
		printf("%s%s%s %.*s%s%.*s (%lld ms)\n", tint(c->color_out, "ok"),
			e->direction == DIR_DOWN ? "undone " : "applied", tint(c->color_out, "off"),
			SLICE(clean_line(&c->arena, e->migration->id)),
			e->migration->name.len ? " " : "",
			SLICE(clean_line(&c->arena, e->migration->name)), e->ms);
		fflush(stdout);
		break;
	case EVENT_RETRY:
		tell_block(r, e->text);
		if (log_talks(c) && io_now_ms() - r->said > 5000) {
			r->said = io_now_ms();
			fprintf(stderr, "waiting: %.*s\n", SLICE(clean_line(&c->arena, e->text)));
		}
		break;
	case EVENT_BATCH:
		progress_say(&r->progress, e->text);
		break;
	case EVENT_PAUSE:
		if (log_talks(c) && io_now_ms() - r->said > 5000) {
			r->said = io_now_ms();
			progress_end(&r->progress);
			fprintf(stderr, "paused: %.*s\n", SLICE(clean_line(&c->arena, e->text)));
		}
		break;
	case EVENT_LEFT:
	case EVENT_STANDBY:
		progress_end(&r->progress);
		warning_print(c, "%.*s", SLICE(clean_line(&c->arena, e->text)));
		break;
	case EVENT_KEEP:
		progress_end(&r->progress);
		if (log_talks(c))
			fprintf(stderr, "%.*s\n", SLICE(clean_line(&c->arena, e->text)));
		break;
	case EVENT_PUT_BACK:
		progress_end(&r->progress);
		printf("%.*s\n", SLICE(clean_line(&c->arena, e->text)));
		break;
	case EVENT_VERIFY_DONE:
		break;
	}
}

static bool stopping(void *ctx)
{
	(void)ctx;
	return signals_pending() != 0;
}

static bool read_in_doubt(const struct cli *c, enum in_doubt *out, struct err *err)
{
	const char *text = cli_text(c, "in-doubt");

	*out = IN_DOUBT_STOP;
	if (!text)
		return true;
	if (strcmp(text, "done") == 0)
		*out = IN_DOUBT_DONE;
	else if (strcmp(text, "again") == 0)
		*out = IN_DOUBT_AGAIN;
	else
		return err_set(err, ERR_INPUT, "--in-doubt wants done or again, not \"%s\"", text);
	return true;
}

bool running_second(struct running *r, struct conn **out, struct err *err)
{
	bool quiet = r->cli->quiet, ok;

	r->cli->quiet = true; /* what there is to warn of was said for the first connection */
	ok = cli_connect(r->cli, out, false, err);
	if (ok && !gate_role(r->cli, *out, err)) {
		conn_close(*out);
		*out = NULL;
		ok = false;
	}
	r->cli->quiet = quiet;
	return ok;
}

static bool open_watcher(void *ctx, struct conn **out, struct err *err)
{
	return running_second(ctx, out, err);
}

static bool open_replica(void *ctx, struct slice text, struct conn **out, struct err *err)
{
	struct running *r = ctx;
	struct conn_options o = {.read_only = true};

	return config_expand(&r->cli->arena, arena_cstr(&r->cli->arena, text), &o.url, err) &&
	       engine_connect(out, &o, err);
}

static bool read_time(const struct cli *c, const char *option, int *ms, struct err *err)
{
	const char *text = cli_text(c, option);

	if (!text || slice_duration(slice_of(text), ms))
		return true;
	return err_set(err, ERR_INPUT, "--%s wants a duration such as 200ms, 2s or 10m, not \"%s\"",
		option, text);
}

/* The command line, else the environment of belay.yml, else what traffic does not notice. */
bool running_budget(
	const struct cli *c, struct plan_request *req, struct run_options *ro, struct err *err)
{
	const char *name = cli_text(c, "env");
	const struct config_env *e = name ? config_env(&c->config, name) : NULL;

	req->wait_ms = e && e->wait_ms >= 0 ? e->wait_ms : 200;
	req->hold_ms = e && e->hold_ms >= 0 ? e->hold_ms : 2000;
	ro->batches = c->config.batches;
	ro->patience_ms = 600000;
	if (cli_text(c, "parallel") &&
		!limit_set(&ro->batches, SL("parallel"), slice_of(cli_text(c, "parallel")), err))
		return false;
	return read_time(c, "wait", &req->wait_ms, err) &&
	       read_time(c, "hold", &req->hold_ms, err) &&
	       read_time(c, "patience", &ro->patience_ms, err);
}

static void say_running(void *ctx, struct slice who)
{
	struct running *r = ctx;

	if (io_now_ms() - r->said <= 5000)
		return;
	r->said = io_now_ms();
	log_message(r->cli, "warning", "waiting_for_turn", who);
	if (log_talks(r->cli))
		fprintf(stderr, "waiting: another belay is migrating this database: %.*s\n",
			SLICE(clean_line(&r->cli->arena, who)));
}

static bool read_if_running(const struct cli *c, enum if_running *out, struct err *err)
{
	static const char *const words[] = {"fail", "wait", "skip"};
	const char *text = cli_text(c, "if-running");

	*out = IF_RUNNING_FAIL;
	for (size_t i = 0; text && i < 3; i++)
		if (strcmp(text, words[i]) == 0) {
			*out = (enum if_running)i;
			return true;
		}
	return !text ||
	       err_set(err, ERR_INPUT, "--if-running wants wait, skip or fail, not \"%s\"", text);
}

/* One runner at a time: a lease where the engine has them, else a lock. Nobody who finds nothing to
 * do comes here. What was read before may be old by then. */
bool running_turn(struct running *r, int patience_ms, struct err *err)
{
	struct cli *c = r->cli;
	struct lease_request q = {.where = cli_journal(c),
		.command = c->command->name,
		.patience_ms = patience_ms,
		.waiting = say_running,
		.ctx = r};

	if (r->taken)
		return true;
	if (!read_if_running(c, &q.if_running, err) || !announce(r, &r->conn->id, NULL, err))
		return false;
	if (r->conn->id.dialect == DIALECT_POSTGRES) {
		if (!journal_make(r->conn, q.where, err) ||
			!lease_take(&r->lease, r->conn, &q, &r->skipped, err))
			return false;
	} else if (!run_lock_take(&r->lock, r->conn, &q, &r->skipped, err)) {
		return false;
	}
	r->taken = !r->skipped;
	return r->skipped || state_read(&r->state, &c->arena, &r->project, r->conn, q.where, err);
}

/* ---- Saying what would be done ---- */

static const char *class_words(enum lock_class k)
{
	switch (k) {
	case LOCK_WRITES:
		return "writes wait";
	case LOCK_READS_WRITES:
		return "reads and writes wait";
	case LOCK_DDL:
		return "other changes wait";
	case LOCK_NOTHING:
		break;
	}
	return NULL;
}

static void print_step(struct cli *c, enum dialect d, const struct step *s)
{
	const char *waits = class_words(s->lock);
	struct slice sql =
		slice_trim(clean_text(&c->arena, redact_sql(&c->arena, d, step_shown(s))));

	if (s->batched)
		printf("-- in batches: each is a short transaction over a range of the table's "
		       "key\n");
	if (waits) {
		printf("-- while it runs, %s", waits);
		for (size_t i = 0; i < s->nlocks; i++)
			printf("%s %.*s", i ? "," : ":",
				SLICE(clean_line(&c->arena, s->locks[i].object.name)));
		printf("; budget: wait %d ms, hold %d ms\n", s->wait_ms, s->hold_ms);
	}
	printf("%.*s%s\n", SLICE(sql), slice_ends(sql, ";") ? "" : ";");
	if (s->statement->alike)
		printf("-- and %zu more INSERTs like it\n", s->statement->alike);
}

/* The very plan that would be run, as a script with its transactions. */
static bool print_plan(struct cli *c, enum dialect d, const struct outlook *o, struct doors *doors,
	struct err *err)
{
	const struct outlook_migration *at = o->at;
	const struct plan *p = o->plan;
	const struct migration *m = NULL;
	unsigned group = 0;

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];

		if (group && s->group != group)
			printf("COMMIT;\n");
		if (s->migration != m)
			printf("%s-- %s %.*s %.*s (%s)\n", m ? "\n" : "",
				p->direction == DIR_UP ? "up" : "down",
				SLICE(clean_line(&c->arena, s->migration->id)),
				SLICE(clean_line(&c->arena, s->migration->name)),
				s->group ? "one transaction" : "statement by statement");
		if (s->migration != m && !doors_print(c, doors, i, err))
			return false;
		if (s->group && s->group != group)
			printf("BEGIN;\n");
		m = s->migration;
		group = s->group;
		while (at->migration != m)
			at++;
		foretold_print(c, at, s);
		print_step(c, d, s);
	}
	if (group)
		printf("COMMIT;\n");
	return true;
}

/* With the schema as it is now, so that locks are not guessed. Nothing is written, nothing locked.
 */
static bool dry_run(struct running *r, struct plan_request *req, struct err *err)
{
	const struct engine *e = r->conn->engine;
	struct catalog *live = catalog_new(r->conn->id.dialect, r->conn->id.version);
	struct outlook outlook;
	struct doors doors;
	struct plan plan;
	bool ok;

	ok = !e->load || e->load(r->conn, live, &(struct load_options){0}, err);
	req->catalog = live;
	ok = ok && plan_make(&plan, &r->cli->arena, &r->project, e, req, err);
	ok = ok && doors_begin(&doors, &plan, r->conn, &r->state, &r->cli->arena, err) &&
	     foretell(&outlook, r->cli, r->conn, &plan, live, err) &&
	     print_plan(r->cli, r->conn->id.dialect, &outlook, &doors, err);
	catalog_free(live);
	return ok;
}

/* ---- The hooks around a run ---- */

static bool run_hooked(struct running *r, const struct plan *plan, const struct run_options *ro,
	struct run_result *res, struct err *err)
{
	struct cli *c = r->cli;
	bool up = plan->direction == DIR_UP, ok;
	struct err after = {0};

	if (up && !hook_run(r, "before_up", &c->config.before_up, plan, true, SLICE_NONE,
			  HOOK_BEFORE, err)) {
		*res = (struct run_result){0};
		return err->hint ? false : err_hint(err, "Nothing was done.");
	}
	signals_gently(true);
	ok = run_plan(res, &c->arena, plan, ro, err);
	signals_gently(false);
	if (up && !hook_run(r, "after_up", &c->config.after_up, plan, ok,
			  ok ? SLICE_NONE : slice_of(err->message), HOOK_AFTER, &after))
		warning_print(c, "%s", after.message);
	err_done(&after);
	return ok;
}

/* What was read without our turn may be the middle of somebody's run: a refusal is looked at again
 * when we have it. *err is forgotten then. */
static bool may_be_midway(struct running *r, struct err *err)
{
	if (err->code != ERR_REFUSED || !r->state.journal_exists || r->taken ||
		cli_flag(r->cli, "dry-run"))
		return false;
	err_done(err);
	*err = (struct err){0};
	return true;
}

static bool consent(
	void *ctx, const struct migration *m, const struct door *doors, size_t n, struct err *err)
{
	struct running *r = ctx;

	progress_end(&r->progress);
	return r->backup != BACKUP_NONE || doors_agree(r->cli, m, doors, n, r->direction, err);
}

static bool back_up(
	void *ctx, const struct migration *m, enum direction d, long long run, struct err *err)
{
	struct running *r = ctx;

	progress_end(&r->progress);
	return backup_whole(r->cli, r->conn, &r->lease, m, d, run, err);
}

static bool run_selection(
	struct running *r, const struct selection *sel, size_t *done, struct err *err)
{
	struct cli *c = r->cli;
	struct plan_request req = {
		.direction = sel->direction, .server_version = r->conn->id.version};
	struct run_options ro = {.conn = r->conn,
		.state = &r->state,
		.journal_where = cli_journal(c),
		.verify = !cli_flag(c, "no-verify"),
		.announce = announce,
		.event = on_event,
		.consent = consent,
		.back_up = back_up,
		.open_watcher = open_watcher,
		.open_replica = open_replica,
		.stopping = stopping,
		.ctx = r};
	struct run_result res;
	struct plan plan;
	bool ok, midway = false;

	*done = 0;
	r->direction = sel->direction;
	if (!doors_backup(c, &ro, err) || !read_in_doubt(c, &ro.in_doubt, err) ||
		!running_budget(c, &req, &ro, err))
		return false;
	r->backup = ro.backup;
	if (!state_select(&r->state, &r->project, sel, &c->arena, &req.migrations, &req.nmigrations,
		    err) &&
		!(midway = may_be_midway(r, err)))
		return false;
	if (req.nmigrations == 0 && !midway)
		return true;
	if (!running_identity(r, true, err))
		return false;
	if (cli_flag(c, "dry-run")) {
		*done = req.nmigrations;
		return dry_run(r, &req, err);
	}
	if (!gate_window(c, &ro.window, err))
		return false;
	if (!running_turn(r, ro.patience_ms, err) || r->skipped)
		return !err_is(err);
	if (!state_select(
		    &r->state, &r->project, sel, &c->arena, &req.migrations, &req.nmigrations, err))
		return false;
	if (req.nmigrations == 0)
		return true;
	ro.lease = r->lease.epoch ? &r->lease : NULL;
	if (!plan_make(&plan, &c->arena, &r->project, r->conn->engine, &req, err))
		return false;
	if (sel->direction == DIR_UP && !gate_receipt(c, &plan, err))
		return false;
	progress_begin(&r->progress, c);
	ok = run_hooked(r, &plan, &ro, &res, err);
	progress_end(&r->progress);
	*done = res.migrations_done;
	return ok;
}

/* A code migration in the way stops `up` in front of it; what stands before it runs. */
bool running_cut(
	struct running *r, struct selection *sel, const struct migration **code, struct err *err)
{
	const struct migration **list, *last = NULL;
	size_t n;

	*code = NULL;
	if (sel->only.len)
		return true;
	if (!state_select(&r->state, &r->project, sel, &r->cli->arena, &list, &n, err))
		return may_be_midway(r, err);
	for (size_t i = 0; i < n && !*code; i++) {
		if (list[i]->code)
			*code = list[i];
		else
			last = list[i];
	}
	if (*code && last)
		sel->to = last->id;
	return true;
}

static bool code_in_the_way(const struct migration *code, size_t done, struct err *err)
{
	err_set(err, ERR_REFUSED, "stopped before migration %.*s: it is %s, not SQL",
		SLICE(code->id), code->code);
	err_at(err, code->path, 0, 0, 0);
	if (done)
		err_context(err, "%zu migration%s before it %s applied", done, done == 1 ? "" : "s",
			done == 1 ? "was" : "were");
	return err_hint(err, "Run it with its own tool, then belay up goes on after it.");
}

static bool phase_of(const char *text, enum phase *out, struct err *err)
{
	*out = PHASE_NONE;
	if (!text)
		return true;
	if (strcmp(text, "expand") == 0)
		*out = PHASE_EXPAND;
	else if (strcmp(text, "backfill") == 0)
		*out = PHASE_BACKFILL;
	else if (strcmp(text, "contract") == 0)
		*out = PHASE_CONTRACT;
	else
		return err_set(err, ERR_INPUT,
			"--phase wants expand, backfill or contract, not \"%s\"", text);
	return true;
}

bool running_selection(struct cli *c, struct selection *sel, struct err *err)
{
	*sel = (struct selection){.direction = DIR_UP,
		.to = slice_of(c->nargs ? c->args[0] : NULL),
		.only = slice_of(cli_text(c, "only")),
		.out_of_order = c->config.out_of_order || cli_flag(c, "out-of-order"),
		.ignore_missing = c->config.ignore_missing || cli_flag(c, "ignore-missing")};
	return phase_of(cli_text(c, "phase"), &sel->phase, err);
}

size_t running_contracts(const struct running *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->state.n; i++)
		n += r->state.at[i].migration && r->state.at[i].state == STATE_PENDING &&
		     r->state.at[i].migration->phase == PHASE_CONTRACT;
	return n;
}

/* What was let pass on purpose is said all the same. */
static void say_oddities(const struct running *r, const struct selection *sel)
{
	struct cli *c = r->cli;

	for (size_t i = 0; i < r->state.n; i++) {
		const struct migration_state *m = &r->state.at[i];
		struct slice id = clean_line(&c->arena, m->id);

		if (m->missing_file && m->state == STATE_APPLIED && sel->ignore_missing)
			warning_print(c, "migration %.*s is in the history and its file is missing",
				SLICE(id));
		if (m->late && m->state == STATE_PENDING && sel->out_of_order)
			warning_print(c,
				"migration %.*s is late: something behind it is applied already",
				SLICE(id));
	}
}

/* A journal that was written elsewhere came here with a copy. */
bool running_identity(struct running *r, bool refuse, struct err *err)
{
	enum identity what;
	struct slice words;

	if (!r->state.journal_exists)
		return true;
	if (!identity_check(r->conn, cli_journal(r->cli), &r->cli->arena, &what, &words, err))
		return false;
	if (what == IDENTITY_OTHER && refuse)
		return identity_refuse(words, err);
	if (what != IDENTITY_SAME)
		warning_print(r->cli, "this is not where belay ran last: %.*s",
			SLICE(clean_line(&r->cli->arena, words)));
	return true;
}

int running_finish(struct running *r, bool ok, size_t done, const char *nothing)
{
	log_done(r, ok, done);
	if (ok && done == 0)
		printf("%s\n", r->skipped ? "nothing done: another belay is migrating this database"
					  : nothing);
	running_end(r);
	return ok ? 0 : 2;
}

int cmd_up(struct cli *c, struct err *err)
{
	const char *only = cli_text(c, "only");
	const struct migration *code = NULL;
	struct selection sel;
	struct running r;
	size_t done = 0, waiting;
	bool ok;

	if (!running_selection(c, &sel, err) || !running_begin(&r, c, false, err))
		return 2;
	sel.again = cli_text(c, "in-doubt") && strcmp(cli_text(c, "in-doubt"), "again") == 0;
	say_oddities(&r, &sel);
	ok = running_cut(&r, &sel, &code, err);
	if (ok && !(code && slice_empty(sel.to)))
		ok = run_selection(&r, &sel, &done, err);
	if (ok && code)
		ok = code_in_the_way(code, done, err);
	if (ok)
		retention_after(&r);
	waiting = running_contracts(&r);
	if (ok && waiting && sel.phase != PHASE_CONTRACT && !only)
		warning_print(c,
			"%zu contract migration%s and what stands behind wait%s: belay up --phase "
			"contract, when no running code needs the old form",
			waiting, waiting == 1 ? "" : "s", waiting == 1 ? "s" : "");
	return running_finish(&r, ok, done,
		waiting ? "nothing to do: what is left waits for its phase"
		: only  ? "nothing to do: it is applied"
			: "nothing to do: all migrations are applied");
}

int cmd_down(struct cli *c, struct err *err)
{
	struct selection sel = {.direction = DIR_DOWN,
		.to = slice_of(c->nargs ? c->args[0] : NULL),
		.all = cli_flag(c, "all")};
	struct running r;
	long long count;
	size_t done = 0;
	bool ok;

	if (!cli_number(c, "count", 0, &count, err) || !running_is_there(c, err) ||
		!running_begin(&r, c, false, err))
		return 2;
	sel.count = (size_t)count;
	ok = run_selection(&r, &sel, &done, err);
	return running_finish(&r, ok, done, "nothing to do: no migration is applied");
}

static bool is_applied(const struct running *r, const struct migration *m)
{
	for (size_t i = 0; i < r->state.n; i++)
		if (r->state.at[i].migration == m)
			return r->state.at[i].state == STATE_APPLIED;
	return false;
}

int cmd_goto(struct cli *c, struct err *err)
{
	struct selection sel = {.to = slice_of(c->args[0]),
		.out_of_order = c->config.out_of_order,
		.ignore_missing = c->config.ignore_missing};
	const struct migration *m;
	struct running r;
	size_t done = 0;
	bool ok;

	if (!running_begin(&r, c, false, err))
		return 2;
	ok = project_find(&r.project, sel.to, &m, err);
	if (ok) {
		sel.to = m->id;
		sel.direction = is_applied(&r, m) ? DIR_DOWN : DIR_UP;
		ok = run_selection(&r, &sel, &done, err);
	}
	return running_finish(&r, ok, done, "nothing to do: the database is there already");
}

int cmd_redo(struct cli *c, struct err *err)
{
	struct selection down = {.direction = DIR_DOWN, .count = 1},
			 up = {.direction = DIR_UP, .ignore_missing = true};
	const struct migration **list;
	struct running r;
	size_t n, done = 0;
	bool ok;

	if (!running_is_there(c, err) || !running_begin(&r, c, false, err))
		return 2;
	ok = state_select(&r.state, &r.project, &down, &c->arena, &list, &n, err);
	if (ok && n) {
		up.only = list[0]->id;
		ok = run_selection(&r, &down, &done, err) &&
		     state_read(&r.state, &c->arena, &r.project, r.conn, cli_journal(c), err) &&
		     run_selection(&r, &up, &done, err);
	}
	return running_finish(&r, ok, done, "nothing to do: no migration is applied");
}
