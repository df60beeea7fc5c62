/* read.c - opening the reader, one statement after the other, and what is said about it afterwards.
 */
#include "engine/postgres/read.h"

#include "engine/postgres/grammar/provider.h"
#include "engine/postgres/read_impl.h"

bool postgres_reader_open(struct reader **out, const struct reader_options *o, struct err *err)
{
	struct reader *r = mem_alloc(sizeof *r);

	memset(r, 0, sizeof *r);
	r->version = o->version ? o->version : version_default(DIALECT_POSTGRES);
	if (!grammar_open(&r->grammar, err)) {
		free(r);
		return err_context(err, "opening the PostgreSQL parser");
	}
	*out = r;
	return true;
}

void postgres_reader_close(struct reader *r)
{
	size_t i;

	if (!r)
		return;
	grammar_close(r->grammar);
	for (i = 0; i < READ_DEPTH_MAX; i++) {
		tree_done(&r->trees[i]);
		buf_done(&r->texts[i]);
	}
	arena_done(&r->scratch);
	free(r);
}

struct change *rd_emit(struct rd *rd, enum change_kind kind)
{
	struct change *c = ARENA_PUSH(rd->a, rd->v, rd->n);

	memset(c, 0, sizeof *c);
	c->kind = kind;
	c->flags = rd->flags;
	c->span = rd->span;
	return c;
}

void rd_opaque(struct rd *rd, struct slice reason, struct slice may_touch)
{
	if (!rd->opaque.len)
		rd->opaque = reason;
	if (may_touch.len && !names_has(rd->may_touch, may_touch))
		rd_list(rd, &rd->may_touch, may_touch);
}

void rd_partly(struct rd *rd, struct slice reason, struct slice may_touch)
{
	if (!rd->partly.len)
		rd->partly = reason;
	if (may_touch.len && !names_has(rd->may_touch, may_touch))
		rd_list(rd, &rd->may_touch, may_touch);
}

void rd_requires(struct rd *rd, int major, const char *what)
{
	if (major <= rd->r->version / 10000 || major <= rd->required)
		return;
	rd->required = major;
	rd->required_for = what;
}

static const struct statement_row *row_of(const struct statement_row *rows, node n)
{
	for (; rows->node; rows++)
		if (tree_key_is_of(n, rows->node))
			return rows;
	return NULL;
}

void rd_statement(struct rd *rd, node wrapped)
{
	static const struct statement_row *const tables[] = {read_table_rows, read_data_rows,
		read_object_rows, read_function_rows, read_misc_rows};
	node n = rd_body(wrapped);
	const char *outer = rd->kind;
	const struct statement_row *row = NULL;
	size_t i;

	for (i = 0; n && !row && i < sizeof tables / sizeof *tables; i++)
		row = row_of(tables[i], n);
	if (!row) {
		rd_opaque(rd,
			arena_printf(rd->a, "a kind of statement that is not known (%.*s)",
				n ? (int)n->keylen : 0, n ? n->key : ""),
			SL("*"));
		return;
	}
	rd->kind = row->kind;
	rd->level++;
	row->read(rd, n);
	if (--rd->level)
		rd->kind = outer;
}

bool rd_parse(
	struct rd *rd, struct slice sql, bool plpgsql, node *root, struct grammar_fault *fault)
{
	struct reader *r = rd->r;
	struct slice json = {0};
	struct err err = {0};
	bool ok;

	memset(fault, 0, sizeof *fault);
	fault->offset = NOWHERE;
	ok = plpgsql ? grammar_plpgsql(r->grammar, sql, &json, fault, &err) &&
			       provider_tree(
				       json, &r->trees[rd->depth], &r->texts[rd->depth], fault)
		     : grammar_tree(r->grammar, sql, &r->trees[rd->depth], &r->texts[rd->depth],
			       fault, &err);
	if (!ok) {
		fault->message = arena_slice(rd->a, fault->message);
		if (err_is(&err) && rd->err)
			err_move(rd->err, &err);
		err_done(&err);
		return false;
	}
	*root = r->trees[rd->depth].at;
	return true;
}

static void statements_of(struct rd *rd, node root)
{
	node list = tree_get(root, "stmts"), s;

	rd->r->grammar_version = (int)tree_int(tree_get(root, "version"), 0);
	for (s = tree_first(list); s; s = tree_next(list, s))
		rd_statement(rd, tree_get(s, "stmt"));
}

/* What an inner reading found out goes to the outer one. */
static void inherit(struct rd *rd, const struct rd *in)
{
	size_t i;

	if (in->opaque.len)
		rd_opaque(rd, in->opaque, SLICE_NONE);
	if (in->partly.len)
		rd_partly(rd, in->partly, SLICE_NONE);
	for (i = 0; i < in->may_touch.n; i++)
		if (!names_has(rd->may_touch, in->may_touch.at[i]))
			rd_list(rd, &rd->may_touch, in->may_touch.at[i]);
	if (in->required)
		rd_requires(rd, in->required, in->required_for);
}

static void append(struct rd *rd, struct change **v, size_t *n, const struct rd *in)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		*ARENA_PUSH(rd->a, *v, *n) = in->v[i];
}

bool rd_text(struct rd *rd, struct slice sql, size_t at, bool exact, unsigned flags,
	struct change **v, size_t *n)
{
	struct rd in = {.r = rd->r,
		.a = rd->a,
		.st = rd->st,
		.text = sql,
		.span = rd->span,
		.exact = rd->exact && exact,
		.flags = rd->flags | flags,
		.depth = rd->depth + 1,
		.err = rd->err};
	struct grammar_fault fault;
	node root;

	if (in.depth >= READ_DEPTH_MAX) {
		rd_partly(rd, SL("code nested too deeply"), SL("*"));
		return true;
	}
	if (in.exact) {
		in.span = rd_span_at(rd, at, sql.len);
		in.exact = in.span.len == sql.len;
	}
	if (!rd_parse(&in, sql, false, &root, &fault))
		return false;
	statements_of(&in, root);
	inherit(rd, &in);
	append(rd, v, n, &in);
	return true;
}

void rd_into(struct rd *rd, node wrapped, unsigned flags, struct change **v, size_t *n)
{
	struct change *outer = rd->v;
	size_t count = rd->n;
	unsigned before = rd->flags;
	size_t i;

	rd->v = NULL;
	rd->n = 0;
	rd->flags |= flags;
	rd_statement(rd, wrapped);
	for (i = 0; i < rd->n; i++)
		*ARENA_PUSH(rd->a, *v, *n) = rd->v[i];
	rd->v = outer;
	rd->n = count;
	rd->flags = before;
}

static void finish(struct rd *rd, struct statement *st)
{
	st->kind = rd->kind ? rd->kind : "EMPTY";
	st->changes = rd->v;
	st->nchanges = rd->n;
	st->may_touch = rd->may_touch;
	if (rd->required && rd->n) {
		rd_list(rd, &rd->v[0].settings, arena_printf(rd->a, "requires=%d", rd->required));
		rd_list(rd, &rd->v[0].settings,
			arena_printf(rd->a, "requires-for=%s", rd->required_for));
	}
	if (rd->opaque.len) {
		st->state = STATEMENT_OPAQUE;
		st->opaque_reason = rd->opaque;
	} else if (rd->partly.len) {
		st->partly_opaque = true;
		st->opaque_reason = rd->partly;
	}
}

/* The words a broken statement begins with, so that reports can name it. */
static const char *kind_of_text(struct rd *rd)
{
	size_t n, len = 0;
	char *out;

	rd_tokens(rd);
	for (n = 0; n < 2 && rd_has(rd, n) && rd->tok[n].kind == TOKEN_WORD; n++)
		len = rd->tok[n].off + rd->tok[n].text.len;
	if (!len)
		return "UNKNOWN";
	out = arena_cstr(rd->a, rd_upper(rd, slice_sub(rd->text, 0, len)));
	return out;
}

/* Could this byte be inside a number as 16 writes them: 0x1F, 1_000? */
static bool newer_number_at(struct slice s, size_t i)
{
	bool digit_before = i > 0 && s.at[i - 1] >= '0' && s.at[i - 1] <= '9';

	switch (s.at[i]) {
	case '_':
	case 'x':
	case 'X':
	case 'o':
	case 'O':
	case 'b':
	case 'B':
		return digit_before;
	default:
		return false;
	}
}

/* The tree has values only; how a number was written is in the text. */
static void newer_numbers(struct rd *rd)
{
	size_t i, k;

	if (rd->r->version >= 160000)
		return;
	for (i = 0; i < rd->text.len && !newer_number_at(rd->text, i); i++)
		;
	if (i == rd->text.len)
		return;
	rd_tokens(rd);
	for (k = rd_tok(rd, i > 64 ? i - 64 : 0); rd_has(rd, k); k++) {
		struct token t = rd->tok[k];

		if (t.kind == TOKEN_NUMBER && t.text.len > 2 &&
			(slice_chr(t.text, '_') != SIZE_MAX || newer_number_at(t.text, 1)))
			rd_requires(rd, 16, "this way to write a number");
	}
}

bool postgres_read(struct reader *r, struct arena *a, struct statement *st, struct err *err)
{
	struct rd rd = {.r = r,
		.a = a,
		.st = st,
		.text = st->text,
		.span = st->span,
		.exact = true,
		.err = err};
	struct grammar_fault fault;
	node root;

	st->state = STATEMENT_READ;
	if (rd.span.len != st->text.len)
		rd.exact = false;
	if (rd_parse(&rd, st->text, false, &root, &fault)) {
		statements_of(&rd, root);
		newer_numbers(&rd);
		finish(&rd, st);
	} else if (err_is(err)) {
		arena_reset(&r->scratch);
		return err_context(err, "reading a statement");
	} else {
		st->state = STATEMENT_SYNTAX;
		st->fault_message = fault.message;
		st->fault_at = fault.offset;
		st->kind = kind_of_text(&rd);
	}
	arena_reset(&r->scratch);
	return true;
}

/* ---- Transactions ---- */

static bool has_setting(const struct change *c, const char *setting)
{
	size_t i;

	for (i = 0; i < c->settings.n; i++)
		if (slice_iis(c->settings.at[i], setting))
			return true;
	return false;
}

/* https://www.postgresql.org/docs/current/sql-commands.html: "cannot be executed inside a
 * transaction block" */
static bool change_needs_no_tx(const struct change *c)
{
	size_t i;

	if (c->kind == CHANGE_CREATE_INDEX || c->kind == CHANGE_DROP_INDEX ||
		c->kind == CHANGE_DETACH_PARTITION)
		return c->flags & CHANGE_CONCURRENTLY;
	if (c->kind == CHANGE_REINDEX)
		return (c->flags & CHANGE_CONCURRENTLY) || c->type == OBJECT_SCHEMA ||
		       c->type == OBJECT_DATABASE;
	if (c->kind == CHANGE_CLUSTER)
		return c->type == OBJECT_DATABASE;
	if (c->kind == CHANGE_CREATE_SUBSCRIPTION) /* it makes a replication slot over there */
		return !has_setting(c, "create_slot=false") && !has_setting(c, "connect=false");
	if (c->kind == CHANGE_DISCARD)
		return slice_is(c->value.text, "all");
	if (c->kind == CHANGE_ALTER_DATABASE)
		return slice_is(c->name, "tablespace");
	if (c->kind == CHANGE_DO_BLOCK) /* COMMIT in a body works only outside a block */
		for (i = 0; i < c->ninner; i++)
			if (c->inner[i].kind == CHANGE_COMMIT ||
				c->inner[i].kind == CHANGE_ROLLBACK ||
				change_needs_no_tx(&c->inner[i]))
				return true;
	return c->kind == CHANGE_VACUUM || c->kind == CHANGE_CREATE_DATABASE ||
	       c->kind == CHANGE_DROP_DATABASE || c->kind == CHANGE_CREATE_TABLESPACE ||
	       c->kind == CHANGE_DROP_TABLESPACE || c->kind == CHANGE_ALTER_SYSTEM ||
	       c->kind == CHANGE_DROP_SUBSCRIPTION;
}

bool postgres_needs_no_tx(const struct statement *st, int version)
{
	size_t i;

	(void)version;
	for (i = 0; i < st->nchanges; i++)
		if (change_needs_no_tx(&st->changes[i]))
			return true;
	return false;
}

/* ---- Guessing ---- */

int postgres_looks_like(struct slice text)
{
	static const char *const words[] = {"bigserial", "bytea", "concurrently", "extension",
		"ilike", "inet", "jsonb", "plpgsql", "serial", "smallserial", "timestamptz",
		"tsvector", "citext", "gin", "gist", "brin", "nextval", "regclass",
		"gen_random_uuid", "uuid_generate_v4", "search_path", "matview", "tablespace",
		"materialized", NULL};
	struct lexer l;
	struct token t;
	int n = 0;
	size_t i;

	lexer_init(&l, DIALECT_POSTGRES, text);
	for (t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		if (t.kind == TOKEN_PUNCT && slice_is(t.text, "::"))
			n++;
		if (t.kind == TOKEN_STRING && t.text.at[0] == '$')
			n += 2;
		for (i = 0; t.kind == TOKEN_WORD && words[i]; i++)
			if (slice_iis(t.text, words[i]))
				n++;
	}
	return n;
}
