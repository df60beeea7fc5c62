/* cmd_keep.c - belay baseline, repair, forget: the history itself is what changes, not the schema.
 */
#include "cli/running.h"
#include "run/repair.h"
#include "run/snapshot.h"
#include "sql/clean.h"

#include <unistd.h>

/* ---- baseline ---- */

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

static bool accept_text(
	struct running *r, struct journal *j, const struct migration *m, struct err *err)
{
	const struct layout *l = r->project.layout;

	return (!l->history_accept || l->history_accept(&r->project, r->conn, m, err)) &&
	       journal_applied(j, m, DIR_UP, true, err);
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
		if (is_recorded(s) && (s->edited || s->late)) {
			if (!accept_text(r, j, s->migration, err))
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

	if (!running_is_there(c, err) || !running_begin(&r, c, false, err))
		return 2;
	ok = project_find(&r.project, slice_of(c->args[0]), &stop, err) &&
	     running_turn(&r, 0, err) &&
	     r.project.layout->history_create(&r.project, r.conn, err) &&
	     journal_open(&j, r.conn, cli_journal(c), DIR_UP, r.project.layout->name, err) &&
	     record_until(&r, j, stop, &done, err);
	if (ok && done)
		snapshot_after(r.conn, &r.project, cli_journal(c), journal_run(j),
			lease_fence(&r.lease, &c->arena));
	if (j)
		journal_finish(j, ok ? "done" : "failed", &ignored);
	err_done(&ignored);
	journal_close(j);
	return running_finish(&r, ok, done, "nothing to do: all of them are recorded");
}

/* ---- repair ---- */

struct repairing {
	struct running running;
	struct repair repair;
	bool *agreed; /* per item of the first look */
	size_t nagreed;
	struct repair_item *first;
	size_t nfirst;
};

static bool look(struct repairing *x, struct err *err)
{
	struct running *r = &x->running;

	x->repair = (struct repair){.arena = &r->cli->arena,
		.project = &r->project,
		.conn = r->conn,
		.state = &r->state,
		.where = cli_journal(r->cli)};
	return repair_look(&x->repair, r->cli->nargs == 0, err);
}

/* With IDs only what is about those. */
static bool is_meant(struct repairing *x, const struct repair_item *i)
{
	struct cli *c = x->running.cli;
	const struct migration *m;
	struct err ignored = {0};
	bool yes = c->nargs == 0;

	for (size_t k = 0; k < c->nargs && !yes; k++) {
		struct slice given = slice_of(c->args[k]);

		yes = slice_eq(given, i->id) ||
		      (i->migration && project_find(&x->running.project, given, &m, &ignored) &&
			      m == i->migration);
		err_done(&ignored);
		ignored = (struct err){0};
	}
	return yes;
}

static void drop_unmeant(struct repairing *x)
{
	size_t keep = 0;

	for (size_t i = 0; i < x->repair.n; i++)
		if (is_meant(x, &x->repair.at[i]))
			x->repair.at[keep++] = x->repair.at[i];
	x->repair.n = keep;
}

static void item_text(struct buf *b, struct cli *c, const struct repair_item *i)
{
	buf_printf(b, "%s%-9s%s%.*s\n         %s%.*s\n",
		tint(c->color_out, i->changes ? "warning" : "info"), repair_word(i->kind),
		tint(c->color_out, "off"), SLICE(clean_line(&c->arena, i->found)),
		i->changes ? "repair: " : "choices: ", SLICE(clean_line(&c->arena, i->would)));
}

static void repair_json(struct buf *b, const struct repair *r)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "repair/1");
	json_key(&j, "items");
	json_array(&j);
	for (size_t i = 0; i < r->n; i++) {
		json_object(&j);
		json_kcstr(&j, "kind", repair_word(r->at[i].kind));
		json_kstr(&j, "id", r->at[i].id);
		json_kstr(&j, "found", r->at[i].found);
		json_kcstr(&j, "does", r->at[i].changes ? "repair" : "advice");
		json_kstr(&j, "would", r->at[i].would);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}

static bool show(struct repairing *x, struct err *err)
{
	struct cli *c = x->running.cli;
	struct buf b = {0};
	bool ok = true;

	if (cli_wants(c, "text")) {
		for (size_t i = 0; i < x->repair.n; i++)
			item_text(&b, c, &x->repair.at[i]);
		if (x->repair.n == 0)
			buf_adds(&b, "nothing to repair\n");
		ok = cli_emit(c, "text", buf_slice(&b), err);
	}
	if (ok && cli_wants(c, "json")) {
		buf_clear(&b);
		repair_json(&b, &x->repair);
		ok = cli_emit(c, "json", buf_slice(&b), err);
	}
	buf_done(&b);
	fflush(stdout);
	return ok;
}

static bool says_yes(const char *question)
{
	char line[64];

	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

/* --yes, or a person who says so. */
static bool may_ask(struct cli *c, const char *what, struct err *err)
{
	if (cli_flag(c, "yes") || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)))
		return true;
	err_set(err, ERR_REFUSED, "%s asks before it changes anything, and nobody is there", what);
	return err_hint(err, "Nothing was done. Say yes in advance: --yes");
}

static bool ask_for_each(struct repairing *x, size_t *yes, struct err *err)
{
	struct cli *c = x->running.cli;
	bool all = cli_flag(c, "yes");

	*yes = 0;
	if (!may_ask(c, "belay repair", err))
		return false;
	x->first = x->repair.at;
	x->nfirst = x->repair.n;
	x->agreed = ARENA_ARRAY(&c->arena, x->nfirst + 1, bool);
	for (size_t i = 0; i < x->nfirst; i++) {
		const struct repair_item *item = &x->first[i];
		struct slice q = arena_printf(&c->arena, "%s %.*s: repair it?",
			repair_word(item->kind), SLICE(clean_line(&c->arena, item->id)));

		x->agreed[i] = item->changes && (all || says_yes(q.at));
		*yes += x->agreed[i];
	}
	return true;
}

/* Was this item, found again with the turn taken, agreed to? */
static bool was_agreed(const struct repairing *x, const struct repair_item *i)
{
	for (size_t k = 0; k < x->nfirst; k++)
		if (x->agreed[k] && x->first[k].kind == i->kind &&
			slice_eq(x->first[k].id, i->id) && slice_eq(x->first[k].sql, i->sql))
			return true;
	return false;
}

static bool mark_run(struct running *r, struct journal *j, const char *what, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "UPDATE ");
	journal_table(j, &b, "run");
	buf_printf(&b, " SET direction = '%s' WHERE id = %lld", what, journal_run(j));
	ok = conn_exec(r->conn, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

static bool apply_all(struct repairing *x, struct journal *j, struct err *err)
{
	struct running *r = &x->running;
	struct cli *c = r->cli;
	struct slice fence = lease_fence(&r->lease, &c->arena);

	for (size_t i = 0; i < x->repair.n; i++) {
		const struct repair_item *item = &x->repair.at[i];

		if (!was_agreed(x, item))
			continue;
		if (!repair_apply(&x->repair, j, item, fence, err))
			return err_context(err, "repairing: %.*s", SLICE(item->found));
		if (cli_wants(c, "text"))
			printf("%srepaired%s %s%s%.*s\n", tint(c->color_out, "ok"),
				tint(c->color_out, "off"), repair_word(item->kind),
				item->id.len ? " " : "", SLICE(clean_line(&c->arena, item->id)));
	}
	return true;
}

/* The lease was taken by then: what it was is known from the first look only. */
static bool apply_agreed(struct repairing *x, struct err *err)
{
	struct running *r = &x->running;
	struct journal *j = NULL;
	struct err ignored = {0};
	bool ok;

	ok = running_turn(r, 0, err) && look(x, err) &&
	     journal_open(&j, r->conn, cli_journal(r->cli), DIR_UP, r->project.layout->name, err) &&
	     mark_run(r, j, "repair", err) && apply_all(x, j, err);
	for (size_t i = 0; ok && i < x->nfirst; i++)
		if (x->agreed[i] && x->first[i].kind == REPAIR_LEASE && cli_wants(r->cli, "text"))
			printf("repaired lease\n");
	if (j)
		journal_finish(j, ok ? "done" : "failed", &ignored);
	err_done(&ignored);
	journal_close(j);
	return ok;
}

int cmd_repair(struct cli *c, struct err *err)
{
	struct repairing x = {0};
	size_t yes = 0, left;
	bool ok;

	if (!running_is_there(c, err) || !running_begin(&x.running, c, cli_flag(c, "dry-run"), err))
		return 2;
	ok = look(&x, err);
	drop_unmeant(&x);
	ok = ok && show(&x, err);
	left = x.repair.n;
	for (size_t i = 0; ok && i < x.repair.n; i++)
		yes += x.repair.at[i].changes;
	if (ok && yes && !cli_flag(c, "dry-run")) {
		ok = ask_for_each(&x, &yes, err) && (yes == 0 || apply_agreed(&x, err));
		left -= yes;
	}
	running_end(&x.running);
	return !ok ? 2 : left ? 1 : 0;
}

/* ---- forget ---- */

static const struct migration_state *state_of(struct running *r, const char *id, struct err *err)
{
	const struct migration *m = NULL;
	struct err ignored = {0};

	for (size_t i = 0; i < r->state.n; i++)
		if (slice_is(r->state.at[i].id, id))
			return &r->state.at[i];
	if (!project_find(&r->project, slice_of(id), &m, &ignored)) {
		err_move(err, &ignored);
		return NULL;
	}
	for (size_t i = 0; i < r->state.n; i++)
		if (r->state.at[i].migration == m)
			return &r->state.at[i];
	return NULL;
}

static void explain_forget(struct running *r, const struct migration_state *m)
{
	struct slice id = clean_line(&r->cli->arena, m->id);

	fprintf(stderr,
		"migration %.*s is taken out of the history of %s and of belay's journal. Nothing "
		"is "
		"run:\nwhat it did to the schema stays. %s\n",
		SLICE(id), r->project.layout->name,
		m->migration ? "It is pending then, and belay up would run it again."
			     : "Its file is missing, so nothing runs it again.");
}

static bool forget(struct running *r, const struct migration_state *m, struct err *err)
{
	struct repair x = {.arena = &r->cli->arena,
		.project = &r->project,
		.conn = r->conn,
		.state = &r->state,
		.where = cli_journal(r->cli)};
	struct slice id = m->id;
	struct journal *j = NULL;
	struct err ignored = {0};
	bool ok;

	ok = running_turn(r, 0, err) &&
	     journal_open(&j, r->conn, x.where, DIR_DOWN, r->project.layout->name, err) &&
	     mark_run(r, j, "forget", err) &&
	     repair_forget(&x, j, id, lease_fence(&r->lease, &r->cli->arena), err);
	if (j)
		journal_finish(j, ok ? "done" : "failed", &ignored);
	err_done(&ignored);
	journal_close(j);
	return ok;
}

int cmd_forget(struct cli *c, struct err *err)
{
	const struct migration_state *m;
	struct running r;
	bool ok;

	if (!running_is_there(c, err) || !running_begin(&r, c, false, err))
		return 2;
	m = state_of(&r, c->args[0], err);
	ok = m && running_identity(&r, true, err);
	if (ok && m->state == STATE_PENDING && !m->edited) {
		printf("nothing to do: %s is not in the history\n", c->args[0]);
	} else if (ok) {
		explain_forget(&r, m);
		ok = may_ask(c, "belay forget", err) &&
		     (cli_flag(c, "yes") || says_yes("forget it?") ||
			     err_set(err, ERR_REFUSED, "nothing was done"));
		ok = ok && forget(&r, m, err);
		if (ok)
			printf("%sforgotten%s %s\n", tint(c->color_out, "ok"),
				tint(c->color_out, "off"), c->args[0]);
	}
	running_end(&r);
	return ok ? 0 : 2;
}
