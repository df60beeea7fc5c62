/* cmd_watch.c - belay watch and unblock: what somebody looks at who was woken up. */
#include "base/io.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/sight.h"
#include "engine/engine.h"
#include "run/rate.h"
#include "sql/clean.h"

#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 2000, GRACE_MS = 3000, QUERY_SHOWN = 100 };

struct viewer {
	struct cli *cli;
	struct conn *conn;
	struct sight now, before;
	struct control_sight batches; /* in now_arena */
	long long now_at, before_at;
	struct arena now_arena, before_arena;
};

static bool open_viewer(struct viewer *v, struct cli *c, struct err *err)
{
	*v = (struct viewer){.cli = c};
	if (!cli_connect(c, &v->conn, true, err))
		return false;
	if (v->conn->engine->watch)
		return true;
	err_set(err, ERR_INPUT, "not supported: a %s file has no sessions to look at",
		v->conn->engine->title);
	conn_close(v->conn);
	return false;
}

static void close_viewer(struct viewer *v)
{
	conn_close(v->conn);
	arena_done(&v->now_arena);
	arena_done(&v->before_arena);
}

/* Who may not read the journal sees the rest all the same. */
static bool look_batches(struct viewer *v, struct err *err)
{
	struct err why = {0};

	if (control_look(&v->batches, v->conn, cli_journal(v->cli), &v->now_arena, &why))
		return true;
	v->batches = (struct control_sight){0};
	if (why.code == ERR_INTERRUPTED || !v->conn->ops->alive(v->conn)) {
		err_move(err, &why);
		return false;
	}
	err_done(&why);
	return true;
}

static bool look(struct viewer *v, struct err *err)
{
	struct arena old = v->before_arena;

	v->before = v->now;
	v->before_at = v->now_at;
	v->before_arena = v->now_arena;
	arena_reset(&old);
	v->now_arena = old;
	v->now_at = io_now_ms();
	return v->conn->engine->watch->look(v->conn, &v->now_arena, &v->now, err) &&
	       look_batches(v, err);
}

/* ---- Text ---- */

static void add_time(struct buf *b, long long ms)
{
	if (ms < 60000)
		buf_printf(b, "%lld.%lld s", ms / 1000, ms % 1000 / 100);
	else if (ms < 3600000)
		buf_printf(b, "%lld min %lld s", ms / 60000, ms % 60000 / 1000);
	else
		buf_printf(b, "%lld h %lld min", ms / 3600000, ms % 3600000 / 60000);
}

static const struct seen_session *session_of(const struct sight *s, struct slice id)
{
	for (size_t i = 0; i < s->nsessions; i++)
		if (slice_eq(s->sessions[i].id, id))
			return &s->sessions[i];
	return NULL;
}

static bool waits_behind(const struct seen_session *s, struct slice id)
{
	for (size_t i = 0; i < s->behind.n; i++)
		if (slice_eq(s->behind.at[i], id))
			return true;
	return false;
}

static bool blocks_somebody(const struct sight *s, struct slice id)
{
	for (size_t i = 0; i < s->nsessions; i++)
		if (waits_behind(&s->sessions[i], id))
			return true;
	return false;
}

static void add_session(struct buf *b, struct arena *a, const struct seen_session *s)
{
	buf_printf(b, "%.*s (%.*s) %.*s", SLICE(clean_line(a, s->id)), SLICE(clean_line(a, s->who)),
		SLICE(clean_line(a, s->state)));
	if (s->waits_ms >= 0) {
		buf_adds(b, ", waiting for ");
		add_time(b, s->waits_ms);
		if (s->waits_for.len)
			buf_printf(b, " for %.*s", SLICE(clean_line(a, s->waits_for)));
	} else {
		buf_adds(b, ", transaction open for ");
		add_time(b, s->open_ms);
	}
	if (s->query.len)
		buf_printf(b, ": %.*s", SLICE(slice_sub(s->query, 0, QUERY_SHOWN)));
	buf_addc(b, '\n');
}

/* Depth first; a session shows once below each that it waits for, and a circle ends at its own. */
static void add_tree(struct buf *b, struct arena *a, const struct sight *s,
	const struct seen_session *root, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		buf_adds(b, i + 1 == depth ? "└─ " : "   ");
	add_session(b, a, root);
	for (size_t i = 0; i < s->nsessions && depth < 20; i++)
		if (waits_behind(&s->sessions[i], root->id))
			add_tree(b, a, s, &s->sessions[i], depth + 1);
}

static const struct seen_work *earlier(const struct viewer *v, const struct seen_work *w)
{
	for (size_t i = 0; i < v->before.nwork; i++)
		if (slice_eq(v->before.work[i].id, w->id) &&
			slice_eq(v->before.work[i].phase, w->phase))
			return &v->before.work[i];
	return NULL;
}

/* From the last two looks; -1 = cannot be told yet. */
static long long left_ms(const struct viewer *v, const struct seen_work *w)
{
	const struct seen_work *e = earlier(v, w);
	long long gone = v->now_at - v->before_at;

	if (!e || w->total <= 0 || w->done <= e->done || gone <= 0)
		return -1;
	return (w->total - w->done) * gone / (w->done - e->done);
}

static void add_work(struct buf *b, const struct viewer *v, const struct seen_work *w)
{
	struct arena *a = &v->cli->arena;
	long long left = left_ms(v, w);

	buf_printf(b, "  %.*s (session %.*s): %.*s", SLICE(clean_line(a, w->what)),
		SLICE(clean_line(a, w->id)), SLICE(clean_line(a, w->phase)));
	if (w->total > 0)
		buf_printf(b, ", %lld %% (%lld of %lld %.*s)", w->done * 100 / w->total, w->done,
			w->total, SLICE(w->unit));
	if (left >= 0) {
		buf_adds(b, ", about ");
		add_time(b, left);
		buf_adds(b, " left");
	}
	buf_addc(b, '\n');
}

static void add_batches(struct buf *b, const struct viewer *v)
{
	const struct control_sight *s = &v->batches;
	struct arena *a = &v->cli->arena;
	struct slice held = control_held(s);

	for (size_t i = 0; i < s->nbatches; i++) {
		const struct batch_seen *k = &s->batches[i];

		if (i == 0)
			buf_adds(b, "batches:\n");
		buf_printf(b, "  %.*s %.*s, statement %lld", SLICE(clean_line(a, k->direction)),
			SLICE(clean_line(a, k->migration)), k->statement + 1);
		if (k->table.len)
			buf_printf(b, ", \"%.*s\"", SLICE(clean_line(a, k->table)));
		buf_printf(b, ": %lld", k->seen);
		if (k->total > 0)
			buf_printf(b, " of about %lld rows, %lld %%", k->total,
				k->seen < k->total ? k->seen * 100 / k->total : 100);
		else
			buf_adds(b, " rows");
		if (k->per_second >= 0)
			buf_printf(b, ", %lld/s", k->per_second);
		if (k->most_s >= 0) {
			buf_adds(b, ", ");
			rate_words(b, k->least_s, k->most_s);
			buf_adds(b, " left");
		}
		buf_printf(b, " (%.*s)\n", SLICE(clean_line(a, k->updated)));
	}
	if (s->nbatches && held.len)
		buf_printf(b, "  they wait: %.*s\n", SLICE(clean_line(a, held)));
}

static void add_head(struct buf *b, const struct viewer *v)
{
	struct arena *a = &v->cli->arena;
	const struct conn_identity *id = &v->conn->id;
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	buf_printf(b, "%.*s, database %.*s, %s\n", SLICE(clean_line(a, id->server)),
		SLICE(clean_line(a, id->database)), clock);
}

static size_t add_blocked(struct buf *b, const struct viewer *v, struct slice *first)
{
	const struct sight *s = &v->now;
	size_t n = 0;

	for (size_t i = 0; i < s->nsessions; i++) {
		const struct seen_session *k = &s->sessions[i];

		if (k->behind.n || !blocks_somebody(s, k->id))
			continue;
		if (n++ == 0) {
			buf_adds(b, "in the way, and who waits:\n");
			*first = k->id;
		}
		add_tree(b, &v->cli->arena, s, k, 0);
	}
	return n;
}

static void add_rest(struct buf *b, const struct viewer *v)
{
	const struct sight *s = &v->now;
	bool head = false;

	for (size_t i = 0; i < s->nsessions; i++) {
		const struct seen_session *k = &s->sessions[i];

		if (k->behind.n || blocks_somebody(s, k->id))
			continue;
		if (!head)
			buf_adds(b, "transactions, the oldest first:\n");
		head = true;
		buf_adds(b, "  ");
		add_session(b, &v->cli->arena, k);
	}
}

static void add_standbys(struct buf *b, const struct viewer *v)
{
	struct arena *a = &v->cli->arena;

	for (size_t i = 0; i < v->now.nstandbys; i++) {
		const struct seen_standby *k = &v->now.standbys[i];

		if (i == 0)
			buf_adds(b, "standbys:\n");
		buf_printf(b, "  %.*s, %.*s", SLICE(clean_line(a, k->name)),
			SLICE(clean_line(a, k->state)));
		if (k->bytes >= 0)
			buf_printf(b, ", %lld bytes behind", k->bytes);
		if (k->ms >= 0) {
			buf_adds(b, ", ");
			add_time(b, k->ms);
		}
		buf_addc(b, '\n');
	}
}

static void show_text(struct buf *b, const struct viewer *v)
{
	struct slice first = SLICE_NONE;
	size_t blocked;

	add_head(b, v);
	blocked = add_blocked(b, v, &first);
	if (v->now.nwork)
		buf_adds(b, "at work:\n");
	for (size_t i = 0; i < v->now.nwork; i++)
		add_work(b, v, &v->now.work[i]);
	add_batches(b, v);
	add_rest(b, v);
	add_standbys(b, v);
	if (!v->now.nsessions && !v->now.nwork && !v->batches.nbatches)
		buf_adds(b, "nobody waits, nothing is at work\n");
	if (blocked)
		buf_printf(
			b, "next: belay unblock %.*s\n", SLICE(clean_line(&v->cli->arena, first)));
}

/* ---- JSON ---- */

static void session_json(struct json *j, const struct seen_session *s)
{
	json_object(j);
	json_kstr(j, "id", s->id);
	json_kstr(j, "who", s->who);
	json_kstr(j, "state", s->state);
	json_kint(j, "open_ms", s->open_ms);
	json_key(j, "waits_ms");
	if (s->waits_ms >= 0)
		json_int(j, s->waits_ms);
	else
		json_null(j);
	json_kstr(j, "waits_for", s->waits_for);
	json_key(j, "blocked_by");
	json_array(j);
	for (size_t k = 0; k < s->behind.n; k++)
		json_str(j, s->behind.at[k]);
	json_end(j);
	json_kstr(j, "query", s->query);
	json_end(j);
}

static void work_json(struct json *j, const struct seen_work *w)
{
	json_object(j);
	json_kstr(j, "id", w->id);
	json_kstr(j, "what", w->what);
	json_kstr(j, "phase", w->phase);
	json_kint(j, "done", w->done);
	json_kint(j, "total", w->total);
	json_kstr(j, "unit", w->unit);
	json_end(j);
}

static void standby_json(struct json *j, const struct seen_standby *k)
{
	json_object(j);
	json_kstr(j, "name", k->name);
	json_kstr(j, "state", k->state);
	json_kint(j, "bytes", k->bytes);
	json_kint(j, "ms", k->ms);
	json_end(j);
}

static void known_json(struct json *j, const char *key, long long v, bool known)
{
	json_key(j, key);
	if (known)
		json_int(j, v);
	else
		json_null(j);
}

static void batches_json(struct json *j, const struct control_sight *s)
{
	struct slice held = control_held(s);

	json_key(j, "batches");
	json_array(j);
	for (size_t i = 0; i < s->nbatches; i++) {
		const struct batch_seen *k = &s->batches[i];

		json_object(j);
		sight_batch(j, k);
		json_kstr(j, "table", k->table);
		known_json(j, "total", k->total, k->total > 0);
		known_json(j, "per_second", k->per_second, k->per_second >= 0);
		known_json(j, "least_s", k->least_s, k->least_s >= 0);
		known_json(j, "most_s", k->most_s, k->most_s >= 0);
		json_key(j, "waiting_for");
		if (held.len)
			json_str(j, held);
		else
			json_null(j);
		json_end(j);
	}
	json_end(j);
}

static void show_json(struct buf *b, const struct viewer *v)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "watch/1");
	json_kstr(&j, "database", v->conn->id.database);
	json_key(&j, "sessions");
	json_array(&j);
	for (size_t i = 0; i < v->now.nsessions; i++)
		session_json(&j, &v->now.sessions[i]);
	json_end(&j);
	json_key(&j, "work");
	json_array(&j);
	for (size_t i = 0; i < v->now.nwork; i++)
		work_json(&j, &v->now.work[i]);
	json_end(&j);
	batches_json(&j, &v->batches);
	json_key(&j, "standbys");
	json_array(&j);
	for (size_t i = 0; i < v->now.nstandbys; i++)
		standby_json(&j, &v->now.standbys[i]);
	json_end(&j);
	json_end(&j);
	buf_addc(b, '\n');
}

static bool print_once(struct viewer *v, struct err *err)
{
	struct cli *c = v->cli;
	struct buf text = {0}, json = {0};
	bool ok;

	show_text(&text, v);
	show_json(&json, v);
	ok = cli_emit(c, "text", buf_slice(&text), err) &&
	     cli_emit(c, "json", buf_slice(&json), err);
	buf_done(&text);
	buf_done(&json);
	return ok;
}

/* Until somebody stops it: that is its end, not a failure. */
static bool print_again_and_again(struct viewer *v, struct err *err)
{
	bool screen = isatty(STDOUT_FILENO) && !cli_wants(v->cli, "json");
	const struct timespec nap = {0, 100 * 1000000L};

	for (;;) {
		if (screen)
			fputs("\033[H\033[2J", stdout);
		if (!print_once(v, err))
			return false;
		fflush(stdout);
		for (long long until = io_now_ms() + EVERY_MS; io_now_ms() < until;) {
			if (signals_pending())
				return true;
			nanosleep(&nap, NULL);
		}
		if (!look(v, err))
			return err->code == ERR_INTERRUPTED
				       ? (err_done(err), *err = (struct err){0}, true)
				       : false;
	}
}

int cmd_watch(struct cli *c, struct err *err)
{
	struct viewer v;
	bool ok;

	if (!open_viewer(&v, c, err))
		return 2;
	ok = look(&v, err);
	if (ok)
		ok = cli_flag(c, "once") ? print_once(&v, err) : print_again_and_again(&v, err);
	close_viewer(&v);
	return ok ? 0 : 2;
}

/* ---- unblock ---- */

static bool agreed(struct cli *c, struct err *err)
{
	char line[16];

	if (cli_flag(c, "yes"))
		return true;
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		fputs("end it? [y/N] ", stderr);
		fflush(stderr);
		if (fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y'))
			return true;
		return err_set(err, ERR_REFUSED, "nothing was ended");
	}
	err_set(err, ERR_REFUSED, "nothing was ended: nobody said yes");
	return err_hint(err, "Say it in advance: --yes");
}

static bool still_there(struct viewer *v, struct slice id, bool *there, struct err *err)
{
	*there = false;
	if (!look(v, err))
		return false;
	*there = session_of(&v->now, id) != NULL;
	return true;
}

/* Its statement first; a session that holds its locks all the same is ended as a whole. */
static bool end_session(struct viewer *v, struct slice id, const char **how, struct err *err)
{
	const struct engine_watch *w = v->conn->engine->watch;
	const struct timespec nap = {0, 100 * 1000000L};
	bool sent, there = true;

	*how = "its statement was cancelled";
	if (!w->end(v->conn, id, false, &sent, err))
		return false;
	for (long long until = io_now_ms() + GRACE_MS; sent && there && io_now_ms() < until;) {
		nanosleep(&nap, NULL);
		if (!still_there(v, id, &there, err))
			return false;
	}
	if (!there)
		return true;
	*how = "the session was ended, and its transaction rolled back";
	if (!w->end(v->conn, id, true, &sent, err))
		return false;
	for (long long until = io_now_ms() + GRACE_MS; there && io_now_ms() < until;) {
		nanosleep(&nap, NULL);
		if (!still_there(v, id, &there, err))
			return false;
	}
	return !there || err_set(err, ERR_BLOCKED, "session %.*s is still there", SLICE(id));
}

int cmd_unblock(struct cli *c, struct err *err)
{
	struct slice id = slice_of(c->args[0]);
	const struct seen_session *s;
	struct buf b = {0};
	const char *how;
	struct viewer v;
	bool ok;

	if (!open_viewer(&v, c, err))
		return 2;
	ok = look(&v, err);
	s = ok ? session_of(&v.now, id) : NULL;
	if (ok && !s) {
		ok = err_set(err, ERR_INPUT,
			"there is no session \"%.*s\" with a transaction in this database",
			SLICE(clean_line(&c->arena, id)));
		err_hint(err, "belay watch --once shows those that are in the way.");
	}
	if (ok) {
		add_tree(&b, &c->arena, &v.now, s, 0);
		fprintf(stderr, "%s", buf_cstr(&b));
		ok = agreed(c, err) && end_session(&v, id, &how, err);
	}
	if (ok)
		printf("%.*s: %s\n", SLICE(clean_line(&c->arena, id)), how);
	buf_done(&b);
	close_viewer(&v);
	return ok ? 0 : 2;
}
