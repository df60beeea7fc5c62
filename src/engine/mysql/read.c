/* read.c - the reader's door: one statement in, its changes, its fault or the reason why not. */
#include "engine/mysql/parser.h"

#include <stdint.h>

#define INNER_DEPTH 6
#define REMEMBERED 4000

/* What one file has said so far. Forgotten with the next file. */
struct memory {
	enum { MEMORY_VARIABLE, MEMORY_PREPARED, MEMORY_ROUTINE } kind;
	struct slice name, value, other;
};

struct reader {
	struct my_dialect d, from_options;
	const struct source *src;
	struct arena arena, tokens;
	struct memory *memory;
	size_t nmemory;
};

static bool reader_open(struct reader **out, const struct reader_options *o, enum dialect d)
{
	struct reader *r = mem_alloc(sizeof *r);

	*r = (struct reader){.d = {.dialect = d,
				     .version = o->version ? o->version : version_default(d),
				     .ansi_quotes = o->ansi_quotes,
				     .no_backslash_escapes = o->no_backslash_escapes}};
	r->from_options = r->d;
	*out = r;
	return true;
}

bool mysql_reader_open(struct reader **out, const struct reader_options *o, struct err *err)
{
	(void)err;
	return reader_open(out, o, DIALECT_MYSQL);
}

bool mariadb_reader_open(struct reader **out, const struct reader_options *o, struct err *err)
{
	(void)err;
	return reader_open(out, o, DIALECT_MARIADB);
}

void mysql_reader_close(struct reader *r)
{
	if (!r)
		return;
	arena_done(&r->arena);
	arena_done(&r->tokens);
	free(r);
}

/* ---- memory ---- */

static struct memory *recall(struct reader *r, int kind, struct slice name)
{
	for (size_t i = r ? r->nmemory : 0; i-- > 0;)
		if ((int)r->memory[i].kind == kind && slice_ieq(r->memory[i].name, name))
			return &r->memory[i];
	return NULL;
}

static void remember(struct reader *r, int kind, struct slice name, struct slice value,
	struct slice other, bool known)
{
	struct memory *m = recall(r, kind, name);

	if (!r || (!m && (!known || r->nmemory >= REMEMBERED)))
		return;
	if (!m) {
		m = ARENA_PUSH(&r->arena, r->memory, r->nmemory);
		*m = (struct memory){.kind = kind, .name = arena_slice(&r->arena, name)};
	}
	m->value = known ? slice_of(arena_cstr(&r->arena, value)) : SLICE_NONE;
	m->value.len = known ? value.len : 0;
	m->other = other.at && known ? arena_slice(&r->arena, other) : SLICE_NONE;
}

struct arena *my_reader_tokens(struct reader *r)
{
	return &r->tokens;
}

struct slice my_reader_variable(struct reader *r, struct slice name, struct slice *other)
{
	struct memory *m = recall(r, MEMORY_VARIABLE, name);

	if (!m)
		return SLICE_NONE;
	*other = m->other;
	return m->value;
}

void my_reader_set_variable(
	struct reader *r, struct slice name, struct slice value, struct slice other, bool known)
{
	remember(r, MEMORY_VARIABLE, name, value, other, known);
}

void my_reader_set_prepared(
	struct reader *r, struct slice name, struct slice value, struct slice other, bool known)
{
	remember(r, MEMORY_PREPARED, name, value, other, known);
}

bool my_reader_prepared(
	struct reader *r, struct slice name, struct slice *value, struct slice *other)
{
	struct memory *m = recall(r, MEMORY_PREPARED, name);

	if (!m || !m->value.at)
		return false;
	*value = m->value;
	*other = m->other;
	return true;
}

void my_reader_set_routine(struct reader *r, struct slice name, struct slice body)
{
	remember(r, MEMORY_ROUTINE, name, body, SLICE_NONE, true);
}

bool my_reader_routine(struct reader *r, struct slice name, struct slice *body)
{
	struct memory *m = recall(r, MEMORY_ROUTINE, name);

	if (!m)
		return false;
	*body = m->value;
	return true;
}

void my_reader_set_mode(struct reader *r, struct slice mode)
{
	struct slice rest = mode, one;

	if (!r)
		return;
	r->d.ansi_quotes = r->d.no_backslash_escapes = false;
	while (slice_next(&rest, ',', &one)) {
		one = slice_trim(one);
		if (slice_iis(one, "ANSI_QUOTES") || slice_iis(one, "ANSI") ||
			slice_iis(one, "ORACLE") || slice_iis(one, "MSSQL") ||
			slice_iis(one, "POSTGRESQL") || slice_iis(one, "DB2") ||
			slice_iis(one, "MAXDB"))
			r->d.ansi_quotes = true;
		else if (slice_iis(one, "NO_BACKSLASH_ESCAPES"))
			r->d.no_backslash_escapes = true;
	}
}

/* ---- statements ---- */

static bool read_ddl(struct parser *p, bool *known)
{
	*known = true;
	if (my_is_word(p, "CREATE"))
		return my_read_create(p);
	if (my_is_word(p, "ALTER"))
		return my_read_alter(p);
	if (my_is_word(p, "DROP"))
		return my_read_drop(p);
	if (my_is_word(p, "RENAME"))
		return my_read_rename(p);
	if (my_is_word(p, "GRANT") || my_is_word(p, "REVOKE"))
		return my_read_grant(p);
	*known = false;
	return true;
}

/* MariaDB has no -> and ->> operators: MySQL's JSON shorthand. */
static bool refuse_arrows(struct parser *p)
{
	for (size_t i = 0; is_mariadb(&p->d) && i < p->n; i++)
		if (token_punct(tok_at(p, i), "->") || token_punct(tok_at(p, i), "->>"))
			return my_fault_syntax(p, i,
				"MariaDB has no \"%.*s\" operator: use JSON_EXTRACT or JSON_VALUE",
				SLICE(tok_at(p, i).text));
	return true;
}

static bool only_in_bodies(struct token t)
{
	static const char *const words[] = {"DECLARE", "OPEN", "FETCH", "CLOSE", "END", "REPEAT",
		"UNTIL", "LOOP", "WHILE", "LEAVE", "ITERATE", "RETURN", "ELSE", "ELSEIF"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(t, words[i]))
			return true;
	return false;
}

/* The first words of statements that are not read here. Any other is no statement to any server. */
static bool is_statement_word(struct token t)
{
	static const char *const words[] = {"BACKUP", "BINLOG", "CHANGE", "CLONE", "DESC",
		"DESCRIBE", "EXPLAIN", "GET", "HANDLER", "HELP", "IMPORT", "INSTALL", "KILL",
		"PURGE", "RESET", "RESIGNAL", "RESTART", "SHOW", "SHUTDOWN", "SIGNAL", "START",
		"STOP", "UNINSTALL", "XA", "CASE", "FOR", "IF", "BEGIN", "WITH", "DO", "CALL",
		"PREPARE", "EXECUTE", "DEALLOCATE", "LOAD", "ALTER", "CREATE", "DROP", "SELECT",
		"INSERT", "UPDATE", "DELETE", "REPLACE", "SET", "USE", "LOCK", "UNLOCK", "FLUSH",
		"ANALYZE", "OPTIMIZE", "CHECK", "CHECKSUM", "REPAIR", "CACHE", "RENAME", "TRUNCATE",
		"TABLE", "VALUES", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "GRANT", "REVOKE",
		"RELOAD"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(t, words[i]))
			return true;
	return false;
}

bool my_read_statement(struct parser *p)
{
	bool known;

	if (my_at_end(p)) /* an executable comment for another version, or nothing at all */
		return true;
	if (!refuse_arrows(p))
		return false;
	if (!read_ddl(p, &known) || known)
		return p->fault == FAULT_NONE;
	if (!my_read_data(p, &known) || known)
		return p->fault == FAULT_NONE;
	names_add(p->a, &p->may_touch, SL("*"));
	if (only_in_bodies(tok_now(p)))
		return my_fault_opaque(p,
			"%.*s stands only in the body of a routine: is a DELIMITER line missing?",
			SLICE(tok_now(p).text));
	if (tok_now(p).kind != TOKEN_WORD)
		return my_fault_expected(p, "a statement");
	if (!p->inner && !is_statement_word(tok_now(p)))
		return my_fault_syntax(
			p, p->at, "there is no statement %.*s", SLICE(tok_now(p).text));
	return my_fault_opaque(p, "belay does not know the statement %.*s", SLICE(tok_now(p).text));
}

bool my_read_inner(struct parser *p, struct slice text, unsigned flags)
{
	struct parser inner = {.d = p->d,
		.changes = p->changes,
		.nchanges = p->nchanges,
		.flags = p->flags | flags,
		.inner = true,
		.depth = p->depth + 1};
	bool ok;

	if (inner.depth > INNER_DEPTH)
		return my_fault_opaque(p, "it runs SQL inside SQL inside SQL, too deep to follow");
	ok = my_parser_init(&inner, p->reader, p->a, p->st, text) && my_read_statement(&inner) &&
	     (my_at_end(&inner) || my_is_punct(&inner, ";") || my_want_end(&inner));
	p->changes = inner.changes;
	p->nchanges = inner.nchanges;
	p->partly_opaque |= inner.partly_opaque;
	if (inner.partly_opaque)
		p->partly_why = inner.partly_why;
	for (size_t i = 0; (!ok || inner.partly_opaque) && i < inner.may_touch.n; i++)
		names_add(p->a, &p->may_touch, inner.may_touch.at[i]);
	if (ok)
		return true;
	if (inner.fault == FAULT_SYNTAX)
		return my_fault_syntax(
			p, p->at, "in the SQL that it runs: %.*s", SLICE(inner.fault_words));
	/* One statement inside that we do not know: the others stand. */
	p->partly_opaque = true;
	p->partly_why = inner.fault_words;
	return true;
}

static void finish(struct parser *p, struct statement *st)
{
	st->kind = p->kind ? p->kind : "UNKNOWN";
	st->may_touch = p->may_touch;
	switch (p->fault) {
	case FAULT_SYNTAX:
		st->state = STATEMENT_SYNTAX;
		st->fault_message = p->fault_words;
		st->fault_at = p->fault_at;
		return;
	case FAULT_OPAQUE:
		st->state = STATEMENT_OPAQUE;
		st->opaque_reason = p->fault_words;
		if (st->may_touch.n == 0)
			names_add(p->a, &st->may_touch, SL("*"));
		return;
	case FAULT_NONE:
		break;
	}
	st->state = STATEMENT_READ;
	st->changes = p->changes;
	st->nchanges = p->nchanges;
	st->fault_at = SIZE_MAX;
	st->partly_opaque = p->partly_opaque;
	if (p->partly_opaque)
		st->opaque_reason = p->partly_why;
}

bool mysql_read(struct reader *r, struct arena *a, struct statement *st, struct err *err)
{
	struct parser p = {.d = r->d};

	(void)err;
	if (r->src != st->span.src || st->index == 0) {
		arena_reset(&r->arena);
		r->memory = NULL;
		r->nmemory = 0;
		r->d = r->from_options;
		r->src = st->span.src;
		p.d = r->d;
	}
	arena_reset(&r->tokens);
	if (my_parser_init(&p, r, a, st, st->text) && my_read_statement(&p)) {
		my_take_punct(&p, ";");
		my_want_end(&p);
	}
	finish(&p, st);
	return true;
}

struct slice my_normal(struct arena *a, const struct my_dialect *d, struct slice text)
{
	struct parser p = {.d = *d};
	struct statement st = {.text = text};
	struct slice out;

	if (slice_empty(text) || !my_parser_init(&p, NULL, a, &st, text) ||
		!my_expr_normal(a, d, p.tok, p.n - 1, &out))
		return SLICE_NONE;
	return out;
}

/* ---- what a text looks like ---- */

static int count_words(struct slice text, const char *const *words, bool mariadb)
{
	struct lexer l;
	int n = 0;

	lexer_init(&l, mariadb ? DIALECT_MARIADB : DIALECT_MYSQL, text);
	for (size_t tokens = 0; tokens < 20000; tokens++) {
		struct token t = lexer_next(&l);

		if (t.kind == TOKEN_END || t.kind == TOKEN_BAD)
			break;
		if (t.kind == TOKEN_QUOTED && t.text.len && t.text.at[0] == '`')
			n++;
		for (size_t i = 0; t.kind == TOKEN_WORD && words[i]; i++)
			if (slice_iis(t.text, words[i]))
				n += 2;
	}
	return n;
}

int mysql_looks_like(struct slice text)
{
	static const char *const words[] = {"AUTO_INCREMENT", "ENGINE", "DELIMITER", "UNSIGNED",
		"TINYINT", "MEDIUMTEXT", "LONGTEXT", "MEDIUMINT", "DATETIME", "FULLTEXT",
		"ZEROFILL", "utf8mb4", "InnoDB", "MODIFY", "MEDIUMBLOB", "LONGBLOB", "VARBINARY",
		NULL};

	return count_words(text, words, false);
}

/* The words that only MariaDB has, on top of what both have. */
int mariadb_looks_like(struct slice text)
{
	static const char *const words[] = {"VERSIONING", "PERSISTENT", "NOCOPY", "IGNORED",
		"NEXTVAL", "PAGE_COMPRESSED", "INET6", "MINVALUE", "NOCACHE", "Aria", NULL};
	static const char *const none[] = {NULL};
	int only = count_words(text, words, true) - count_words(text, none, true);

	return only > 0 ? mysql_looks_like(text) + only : 0;
}
