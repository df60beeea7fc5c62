/* read.c - SQLite's reader: one statement in, its changes out.
 *
 * Our own descent gives the changes; SQLite itself, on an empty database in memory, has the last
 * word on what parses, in its own words. Where the two disagree the statement is opaque. */
#include "engine/sqlite/read.h"

struct reader {
	struct reader_options options;
	struct sqlite3 *db; /* made when the first statement asks for it */
	struct tokens tokens;
};

void tokens_cut(struct tokens *t, struct slice text)
{
	struct lexer l;

	t->n = 0;
	lexer_init(&l, DIALECT_SQLITE, text);
	for (;;) {
		if (t->n == t->cap) {
			t->cap = t->cap ? t->cap * 2 : 256;
			t->at = mem_realloc(t->at, t->cap * sizeof *t->at);
		}
		t->at[t->n] = lexer_next(&l);
		if (t->at[t->n++].kind == TOKEN_END)
			return;
	}
}

void tokens_done(struct tokens *t)
{
	free(t->at);
	*t = (struct tokens){0};
}

/* ---- Statements of one or two words ---- */

static void read_begin(struct parse *p)
{
	struct change *ch = p_change(p, CHANGE_BEGIN, OBJECT_NONE);

	p->kind = "BEGIN";
	p_next(p);
	if (p_is(p, "DEFERRED") || p_is(p, "IMMEDIATE") || p_is(p, "EXCLUSIVE"))
		ch->value.text = p_next(p).text;
	if (p_take(p, "TRANSACTION") && !p_at_end(p))
		p_name(p);
}

static void read_commit(struct parse *p)
{
	p_change(p, CHANGE_COMMIT, OBJECT_NONE);
	p->kind = "COMMIT";
	p_next(p);
	if (p_take(p, "TRANSACTION") && !p_at_end(p))
		p_name(p);
}

static void read_rollback(struct parse *p)
{
	struct change *ch = p_change(p, CHANGE_ROLLBACK, OBJECT_NONE);

	p->kind = "ROLLBACK";
	p_next(p);
	if (p_take(p, "TRANSACTION") && !p_at_end(p) && !p_is(p, "TO"))
		p_name(p);
	if (!p_take(p, "TO"))
		return;
	ch->kind = CHANGE_ROLLBACK_TO;
	p_take(p, "SAVEPOINT");
	ch->name = p_name(p);
}

static void read_savepoint(struct parse *p)
{
	bool release = p_is(p, "RELEASE");
	struct change *ch = p_change(p, release ? CHANGE_RELEASE : CHANGE_SAVEPOINT, OBJECT_NONE);

	p->kind = release ? "RELEASE" : "SAVEPOINT";
	p_next(p);
	if (release)
		p_take(p, "SAVEPOINT");
	ch->name = p_name(p);
}

static struct slice lower_word(struct arena *a, struct slice s)
{
	char *out = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] + 32);
	return slice_n(out, s.len);
}

/* PRAGMA [schema.]name [= value | (value)] */
static void read_pragma(struct parse *p)
{
	struct change *ch = p_change(p, CHANGE_PRAGMA, OBJECT_NONE);
	struct name n;
	size_t from;

	p->kind = "PRAGMA";
	p_next(p);
	n = p_qualified(p);
	ch->target.schema = n.schema;
	ch->name = lower_word(p->a, n.name);
	if (p_at_end(p))
		return;
	if (p_take_punct(p, "(")) {
		from = p->at;
		p_skip_until(p, NULL, false);
		ch->value.text = p_text(p, from, p->at);
		p_want_punct(p, ")");
		return;
	}
	if (!slice_starts(p_peek(p).text, "="))
		p_fail(p);
	p_next(p);
	from = p->at;
	while (!p_at_end(p))
		p_next(p);
	if (p->at == from && from > 0 && p->tok[from - 1].text.len == 1)
		p_fail(p);
	ch->value.text = p_text(p, from, p->at);
	/* "=-1" may be one token of operators. */
	if (from > 0 && p->tok[from - 1].text.len > 1)
		ch->value.text = slice_from(p_text(p, from - 1, p->at), 1);
}

static void read_attach(struct parse *p)
{
	bool detach = p_is(p, "DETACH");
	struct change *ch = p_change(
		p, detach ? CHANGE_DETACH_DATABASE : CHANGE_ATTACH_DATABASE, OBJECT_DATABASE);
	static const char *const ends[] = {"AS", NULL};
	size_t from;

	p->kind = detach ? "DETACH" : "ATTACH";
	p_next(p);
	p_take(p, "DATABASE");
	if (detach) {
		ch->name = p_name(p);
		return;
	}
	from = p->at;
	p_skip_until(p, ends, false);
	ch->value = p_expr(p, from, p->at);
	p_want(p, "AS");
	ch->name = p_name(p);
	if (p_take(p, "KEY"))
		p_next(p);
}

static void read_vacuum(struct parse *p)
{
	struct change *ch = p_change(p, CHANGE_VACUUM, OBJECT_DATABASE);
	size_t from;

	p->kind = "VACUUM";
	p_next(p);
	if (p_is_name(p) && !p_is(p, "INTO"))
		ch->target.schema = p_name(p);
	if (p_take(p, "INTO")) {
		from = p->at;
		p_skip_until(p, NULL, false);
		ch->value = p_expr(p, from, p->at);
		if (p->at == from)
			p_fail(p);
	}
}

/* REINDEX and ANALYZE: [schema.]name, or nothing = everything. */
static void read_upkeep(struct parse *p)
{
	bool analyze = p_is(p, "ANALYZE");
	struct change *ch = p_change(p, analyze ? CHANGE_ANALYZE : CHANGE_REINDEX, OBJECT_NONE);

	p->kind = analyze ? "ANALYZE" : "REINDEX";
	p_next(p);
	if (p_at_end(p))
		ch->type = OBJECT_DATABASE;
	else
		ch->target = p_qualified(p);
}

void read_explain(struct parse *p)
{
	struct change *ch = p_change(p, CHANGE_EXPLAIN, OBJECT_NONE);
	size_t from;

	p->kind = "EXPLAIN";
	p_next(p);
	if (p_take(p, "QUERY"))
		p_want(p, "PLAN");
	from = p->at;
	if (p_at_end(p))
		p_fail(p);
	while (!p_at_end(p))
		p_next(p);
	ch->value.text = p_text(p, from, p->at);
	p_reads(p, from, p->at, &ch->reads);
}

static const struct {
	const char *word;
	void (*read)(struct parse *p);
} statements[] = {
	{"CREATE", read_create},
	{"ALTER", read_alter},
	{"DROP", read_drop},
	{"INSERT", read_data},
	{"UPDATE", read_data},
	{"DELETE", read_data},
	{"REPLACE", read_data},
	{"SELECT", read_data},
	{"VALUES", read_data},
	{"WITH", read_data},
	{"PRAGMA", read_pragma},
	{"BEGIN", read_begin},
	{"COMMIT", read_commit},
	{"END", read_commit},
	{"ROLLBACK", read_rollback},
	{"SAVEPOINT", read_savepoint},
	{"RELEASE", read_savepoint},
	{"ATTACH", read_attach},
	{"DETACH", read_attach},
	{"VACUUM", read_vacuum},
	{"REINDEX", read_upkeep},
	{"ANALYZE", read_upkeep},
	{"EXPLAIN", read_explain},
};

bool sqlite_parse(
	struct parse *p, struct arena *a, struct tokens *t, struct slice text, struct span span)
{
	*p = (struct parse){.a = a, .text = text, .span = span};
	tokens_cut(t, text);
	p->tok = t->at;
	p->n = t->n;
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		if (!p_is(p, statements[i].word))
			continue;
		statements[i].read(p);
		if (!p->failed && !p_at_end(p))
			p_fail(p);
		return !p->failed;
	}
	return p_fail(p);
}

/* ---- SQLite's own opinion ---- */

static bool ask(
	struct reader *r, struct slice sql, struct arena *a, struct opinion *v, struct err *err)
{
	if (!r->db && !sqlite_sandbox_open(&r->db, err))
		return false;
	sqlite_syntax(r->db, sql, a, v);
	return true;
}

/* Statements that our reader takes apart word for word need no second opinion, and a PRAGMA must
 * not even be prepared: some take effect then. */
static bool worth_asking(const struct parse *p)
{
	enum change_kind k = p->nchanges ? p->changes[0].kind : CHANGE_KINDS_;

	return k == CHANGE_CREATE_TABLE || k == CHANGE_CREATE_TABLE_AS ||
	       k == CHANGE_CREATE_INDEX || k == CHANGE_CREATE_VIEW || k == CHANGE_INSERT ||
	       k == CHANGE_REPLACE || k == CHANGE_UPDATE || k == CHANGE_DELETE ||
	       k == CHANGE_SELECT || k == CHANGE_EXPLAIN;
}

static void set_fault(struct statement *st, struct slice message, size_t at)
{
	st->state = STATEMENT_SYNTAX;
	st->fault_message = message;
	st->fault_at = at;
	st->changes = NULL;
	st->nchanges = 0;
}

/* ALTER TABLE … ADD: SQLite looks for the table before it reads on, so the column is shown to it
 * inside a CREATE TABLE. */
static bool ask_add_column(struct reader *r, struct arena *a, struct statement *st,
	const struct parse *p, struct opinion *v, struct err *err)
{
	static const char head[] = "CREATE TABLE x(belay, ";
	struct span at = p->changes[0].def->span;
	struct buf b = {0};
	bool ok;

	buf_adds(&b, head);
	buf_add(&b, slice_sub(st->text, at.off - st->span.off, at.len));
	buf_addc(&b, ')');
	ok = ask(r, buf_slice(&b), a, v, err);
	buf_done(&b);
	if (ok && v->at != SIZE_MAX) {
		v->at = v->at < strlen(head) ? 0 : v->at - strlen(head);
		if (v->at > at.len)
			v->at = at.len;
		v->at += at.off - st->span.off;
	}
	return ok;
}

/* The statements in a trigger's body, one by one. */
static bool ask_trigger(struct reader *r, struct arena *a, struct statement *st,
	const struct parse *p, struct opinion *v, struct err *err)
{
	struct slice body = trigger_body(&p->changes[0]);
	struct splitter s;
	struct piece piece;

	splitter_init(&s, DIALECT_SQLITE, body);
	while (splitter_next(&s, &piece)) {
		/* With its semicolon, so that SQLite's words are the ones it would say. */
		struct slice one =
			slice_sub(body, piece.body_off, piece.off + piece.len - piece.body_off);

		if (piece.kind != PIECE_SQL || !one.len)
			continue;
		if (!ask(r, one, a, v, err))
			return false;
		if (v->syntax) {
			if (v->at != SIZE_MAX)
				v->at += (size_t)(one.at - st->text.at);
			return true;
		}
	}
	return true;
}

/* ALTER TABLE x …, CREATE TRIGGER … ON x: SQLite stops at a missing table before it reads on, so
 * there is one, or a view. */
static bool ask_with_relation(struct reader *r, struct slice sql, struct slice name, bool view,
	struct arena *a, struct opinion *v, struct err *err)
{
	struct buf b = {0};

	if (view)
		sqlf(&b, DIALECT_SQLITE, "CREATE VIEW %I AS SELECT 1 AS belay", name);
	else
		sqlf(&b, DIALECT_SQLITE, "CREATE TABLE %I (belay)", name);
	if (!r->db && !sqlite_sandbox_open(&r->db, err)) {
		buf_done(&b);
		return false;
	}
	sqlite_sandbox_run(r->db, "SAVEPOINT belay");
	sqlite_sandbox_run(r->db, buf_cstr(&b));
	sqlite_syntax(r->db, sql, a, v);
	sqlite_sandbox_run(r->db, "ROLLBACK TO belay");
	sqlite_sandbox_run(r->db, "RELEASE belay");
	buf_done(&b);
	return true;
}

static bool ask_whole_trigger(struct reader *r, struct arena *a, struct statement *st,
	const struct parse *p, struct opinion *v, struct err *err)
{
	const struct change *ch = &p->changes[0];

	return ask_with_relation(r, st->text, ch->target.name,
		slice_is(ch->def->trigger.timing, "instead of"), a, v, err);
}

static bool second_opinion(struct reader *r, struct arena *a, struct statement *st,
	const struct parse *p, struct opinion *v, struct err *err)
{
	*v = (struct opinion){.ok = true, .at = SIZE_MAX};
	if (worth_asking(p))
		return ask(r, st->text, a, v, err);
	if (p->nchanges == 1 && p->changes[0].kind == CHANGE_ADD_COLUMN && p->changes[0].def)
		return ask_add_column(r, a, st, p, v, err);
	if (p->nchanges == 1 && p->changes[0].kind == CHANGE_CREATE_TRIGGER)
		return ask_trigger(r, a, st, p, v, err) &&
		       (v->syntax || ask_whole_trigger(r, a, st, p, v, err));
	return true;
}

static struct slice newer_syntax(struct arena *a, struct slice message)
{
	char v[24];

	return arena_printf(a,
		"SQLite %s, which belay was built with, does not know this syntax (%.*s)",
		version_text(DIALECT_SQLITE, sqlite_version(), v), SLICE(message));
}

static void set_opaque(struct arena *a, struct statement *st, struct slice reason)
{
	st->state = STATEMENT_OPAQUE;
	st->opaque_reason = reason;
	st->changes = NULL;
	st->nchanges = 0;
	names_add(a, &st->may_touch, SL("*"));
}

static bool ask_about_failure(struct reader *r, struct arena *a, struct statement *st,
	const struct parse *p, struct opinion *v, struct err *err)
{
	size_t table = p->n > 4 && token_punct(p->tok[3], ".") ? 4 : 2;

	if (p->n > 3 && token_is(p->tok[0], "ALTER") && token_is(p->tok[1], "TABLE"))
		return ask_with_relation(r, st->text, token_value(a, DIALECT_SQLITE, p->tok[table]),
			false, a, v, err);
	return ask(r, st->text, a, v, err);
}

static struct slice unknown_form(struct arena *a, struct token t, struct slice message)
{
	struct slice where = t.kind == TOKEN_END
				     ? SL("it ends too early")
				     : arena_printf(a, "\"%.*s\" was not expected", SLICE(t.text));

	/* That a table is missing says nothing: the sandbox has none. */
	if (!message.len || slice_starts(message, "no such table"))
		return arena_printf(a, "belay does not know this form: %.*s", SLICE(where));
	return arena_printf(a, "belay does not know this form: %.*s; SQLite says: %.*s",
		SLICE(where), SLICE(message));
}

/* Our reader could not read it: does SQLite? */
static bool judge_failure(struct reader *r, struct arena *a, struct statement *st,
	const struct parse *p, struct err *err)
{
	struct token t = p->tok[p->failed_at < p->n ? p->failed_at : p->n - 1];
	struct opinion v = {.ok = true, .at = SIZE_MAX};
	bool pragma = p->n > 1 && token_is(p->tok[0], "PRAGMA");

	if (!pragma && !ask_about_failure(r, a, st, p, &v, err))
		return false;
	if (v.syntax && r->options.version <= sqlite_version()) {
		set_fault(st, v.message, v.at);
	} else if (v.syntax) {
		set_opaque(a, st, newer_syntax(a, v.message));
	} else if (pragma || t.kind == TOKEN_BAD) {
		set_fault(st,
			t.kind == TOKEN_END
				? SL("incomplete input")
				: arena_printf(a, "near \"%.*s\": syntax error", SLICE(t.text)),
			t.off);
	} else {
		set_opaque(a, st, unknown_form(a, t, v.message));
	}
	return true;
}

/* What SQLite says of a CREATE TABLE without knowing any other table holds wherever it runs; but
 * the application's own functions, collations and attached databases are not known here. */
static void note_refusal(struct arena *a, struct change *ch, const struct opinion *v)
{
	static const char *const local[] = {"no such function", "no such collation",
		"no such module", "unknown database", "not authorized", "no such column",
		"no such table", "table "};
	size_t nlocal = sizeof local / sizeof *local;
	struct slice *message;

	if (ch->kind == CHANGE_CREATE_TABLE)
		nlocal -= 3; /* all of its columns are there */
	else if (ch->kind != CHANGE_CREATE_VIEW && ch->kind != CHANGE_CREATE_TRIGGER &&
		 ch->kind != CHANGE_ADD_COLUMN)
		return;
	if (!v->message.len)
		return;
	for (size_t i = 0; i < nlocal; i++)
		if (slice_starts(v->message, local[i]))
			return;
	message = ARENA_NEW(a, struct slice);
	*message = v->message;
	ch->payload = message;
}

/* Whoever writes SQLite's own table changes the schema in a way that is not followed. */
static void note_schema_write(struct statement *st)
{
	const struct change *ch = st->nchanges ? &st->changes[st->nchanges - 1] : NULL;

	if (!ch || change_class_of(ch->kind) != CLASS_DATA ||
		(!slice_iis(ch->target.name, "sqlite_master") &&
			!slice_iis(ch->target.name, "sqlite_schema")) ||
		ch->kind == CHANGE_SELECT)
		return;
	st->partly_opaque = true;
	st->opaque_reason = SL("what it makes of SQLite's own schema table");
}

bool sqlite_read(struct reader *r, struct arena *a, struct statement *st, struct err *err)
{
	struct parse p;
	struct opinion v;
	bool read = sqlite_parse(&p, a, &r->tokens, st->text, st->span);

	st->kind = p.kind ? p.kind : "";
	if (!read)
		return judge_failure(r, a, st, &p, err);
	st->state = STATEMENT_READ;
	st->changes = p.changes;
	st->nchanges = p.nchanges;
	if (!second_opinion(r, a, st, &p, &v, err))
		return false;
	if (!v.syntax) {
		note_refusal(a, &st->changes[0], &v);
		note_schema_write(st);
		return true;
	}
	if (r->options.version <= sqlite_version()) {
		set_fault(st, v.message, v.at);
	} else {
		/* What we read is what a newer SQLite would do; what it says inside is not. */
		st->partly_opaque = true;
		st->opaque_reason = newer_syntax(a, v.message);
	}
	return true;
}

const struct change *sqlite_read_schema(struct arena *a, struct tokens *t, struct slice sql)
{
	struct parse p;
	bool ok = sqlite_parse(&p, a, t, sql, (struct span){.len = sql.len});

	return ok && p.nchanges == 1 ? &p.changes[0] : NULL;
}

bool sqlite_reader_open(struct reader **out, const struct reader_options *o, struct err *err)
{
	struct reader *r = mem_alloc(sizeof *r);

	(void)err;
	*r = (struct reader){.options = *o};
	if (!r->options.version)
		r->options.version = version_default(DIALECT_SQLITE);
	*out = r;
	return true;
}

void sqlite_reader_close(struct reader *r)
{
	if (!r)
		return;
	sqlite_sandbox_close(r->db);
	tokens_done(&r->tokens);
	free(r);
}
