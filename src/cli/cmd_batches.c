/* cmd_batches.c - belay batches: statements in batches that are under way, held and changed from
 * outside. What is written is read by the runner between two batches, about once a second. */
#include "base/json.h"
#include "cli/cli.h"
#include "cli/gates.h"
#include "cli/running.h"
#include "cli/sight.h"
#include "run/limits.h"
#include "sql/clean.h"

static struct slice line(struct cli *c, struct slice text)
{
	return clean_line(&c->arena, text);
}

/* ---- Looking ---- */

static const struct control_row *row_of(const struct control_sight *s, const char *name)
{
	for (size_t i = 0; i < s->nrows; i++)
		if (slice_is(s->rows[i].name, name))
			return &s->rows[i];
	return NULL;
}

static void text_of(struct buf *b, struct cli *c, const struct control_sight *s)
{
	const struct control_row *paused = row_of(s, "paused"), *held = row_of(s, "held");

	for (size_t i = 0; i < s->nbatches; i++) {
		const struct batch_seen *k = &s->batches[i];

		buf_printf(b, "%.*s %.*s, statement %lld: %lld rows seen, %lld changed",
			SLICE(line(c, k->direction)), SLICE(line(c, k->migration)),
			k->statement + 1, k->seen, k->rows);
		if (k->parts)
			buf_printf(b, ", %lld of %lld parts done", k->finished, k->parts);
		buf_printf(b, " (%.*s, %.*s)\n", SLICE(line(c, k->key_words)),
			SLICE(line(c, k->updated)));
	}
	if (!s->nbatches)
		buf_adds(b, "no statement in batches is under way\n");
	if (paused)
		buf_printf(b, "paused by %.*s, %.*s\n", SLICE(line(c, paused->by)),
			SLICE(line(c, paused->at)));
	if (held && s->nbatches)
		buf_printf(b, "waiting since %.*s: %.*s\n", SLICE(line(c, held->at)),
			SLICE(line(c, held->value)));
	for (size_t i = 0; i < s->nrows; i++)
		if (limit_is_known(s->rows[i].name))
			buf_printf(b, "%.*s = %.*s, set by %.*s, %.*s\n",
				SLICE(line(c, s->rows[i].name)), SLICE(line(c, s->rows[i].value)),
				SLICE(line(c, s->rows[i].by)), SLICE(line(c, s->rows[i].at)));
}

static void json_batches(struct json *j, const struct control_sight *s)
{
	json_key(j, "batches");
	json_array(j);
	for (size_t i = 0; i < s->nbatches; i++) {
		const struct batch_seen *k = &s->batches[i];

		json_object(j);
		sight_batch(j, k);
		json_kstr(j, "key", k->key_words);
		json_kint(j, "parts", k->parts);
		json_kint(j, "parts_done", k->finished);
		json_end(j);
	}
	json_end(j);
}

static void json_of(struct buf *b, struct cli *c, const struct control_sight *s)
{
	const struct control_row *held = row_of(s, "held");
	struct json j;

	json_init(&j, b);
	json_object(&j);
	json_key(&j, "belay");
	json_object(&j);
	json_kcstr(&j, "version", BELAY_VERSION);
	json_kcstr(&j, "schema", "batches/1");
	json_end(&j);
	json_batches(&j, s);
	json_kbool(&j, "paused", row_of(s, "paused") != NULL);
	json_key(&j, "waiting_for");
	if (held && s->nbatches)
		json_str(&j, held->value);
	else
		json_null(&j);
	json_key(&j, "limits");
	json_object(&j);
	for (size_t i = 0; i < s->nrows; i++)
		if (limit_is_known(s->rows[i].name))
			json_kstr(&j, arena_cstr(&c->arena, s->rows[i].name), s->rows[i].value);
	json_end(&j);
	json_end(&j);
	buf_addc(b, '\n');
}

static bool show(struct cli *c, struct conn *conn, struct err *err)
{
	struct buf text = {0}, json = {0};
	struct control_sight s;
	bool ok = control_look(&s, conn, cli_journal(c), &c->arena, err);

	if (ok) {
		text_of(&text, c, &s);
		json_of(&json, c, &s);
		ok = cli_emit(c, "text", buf_slice(&text), err) &&
		     cli_emit(c, "json", buf_slice(&json), err);
	}
	buf_done(&text);
	buf_done(&json);
	return ok;
}

/* ---- Writing ---- */

static bool needs_journal(struct cli *c, struct conn *conn, struct err *err)
{
	return journal_make(conn, cli_journal(c), err);
}

static bool set_one(struct cli *c, struct conn *conn, const char *word, struct err *err)
{
	struct slice value = slice_of(word), name;
	struct batch_limits trial = {0};

	if (!strchr(word, '=')) {
		err_set(err, ERR_INPUT, "belay batches set wants NAME=VALUE, not \"%s\"", word);
		return err_hint(err, "NAME= takes a limit back to what belay.yml says.");
	}
	slice_next(&value, '=', &name);
	if (!limit_is_known(name) || value.len)
		if (!limit_set(&trial, name, value, err))
			return false;
	if (slice_is(name, "parallel")) {
		err_set(err, ERR_INPUT, "parallel cannot be changed while batches run");
		return err_hint(err, "End the run with Ctrl-C and go on with --parallel N.");
	}
	return control_write(conn, cli_journal(c), name, value, err);
}

static bool pause_them(struct cli *c, struct conn *conn, struct err *err)
{
	if (!needs_journal(c, conn, err) ||
		!control_write(conn, cli_journal(c), SL("paused"), SL("yes"), err))
		return false;
	printf("batches wait before the next one, until belay batches resume\n");
	return true;
}

static bool resume_them(struct cli *c, struct conn *conn, struct err *err)
{
	if (!needs_journal(c, conn, err) ||
		!control_write(conn, cli_journal(c), SL("paused"), SLICE_NONE, err))
		return false;
	printf("batches go on\n");
	return true;
}

static bool set_them(struct cli *c, struct conn *conn, struct err *err)
{
	if (c->nargs < 2)
		return set_one(c, conn, "", err);
	if (!needs_journal(c, conn, err))
		return false;
	for (size_t i = 1; i < c->nargs; i++)
		if (!set_one(c, conn, c->args[i], err))
			return false;
	return true;
}

int cmd_batches(struct cli *c, struct err *err)
{
	static const struct {
		const char *word;
		bool (*run)(struct cli *c, struct conn *conn, struct err *err);
	} verbs[] = {{"pause", pause_them}, {"resume", resume_them}, {"set", set_them}};
	const char *word = c->nargs ? c->args[0] : NULL;
	struct conn *conn;
	bool ok = false;

	for (size_t i = 0; word && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(word, verbs[i].word) != 0)
			continue;
		if (c->nargs > 1 && i < 2)
			break;
		if (!running_is_there(c, err) || !cli_connect(c, &conn, false, err))
			return 2;
		ok = gate_role(c, conn, err) && verbs[i].run(c, conn, err);
		conn_close(conn);
		return ok ? 0 : 2;
	}
	if (word) {
		err_set(err, ERR_INPUT, "belay batches wants pause, resume or set NAME=VALUE…");
		return 2;
	}
	if (!cli_connect(c, &conn, true, err))
		return 2;
	ok = gate_role(c, conn, err) && show(c, conn, err);
	conn_close(conn);
	return ok ? 0 : 2;
}
