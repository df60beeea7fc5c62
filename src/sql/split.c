/* split.c - cuts a migration file into statements.
 *
 * A statement is a run of tokens up to its delimiter. What counts as a delimiter is asked of three
 * small machines that see each token: psql's heuristics for parentheses and BEGIN ATOMIC,
 * compound.c for MySQL's routines, sqlite3_complete()'s table for triggers. Client commands are
 * looked for where the clients do. */
#include "sql/split.h"

#include "sql/compound.h"

#include <stdint.h>

void splitter_init(struct splitter *s, enum dialect d, struct slice text)
{
	*s = (struct splitter){
		.dialect = d,
		.client_commands = true,
		.compound = true,
		.text = text,
		.delimiter = ";",
		.delimiter_len = 1,
	};
}

/* psql's own view of a statement (psqlscan.l). */
struct psql_state {
	size_t parens, paren_at;
	size_t words;  /* seen so far */
	char heads[4]; /* first letters of the first four, if they are CREATE OR REPLACE … */
	size_t begins, begin_at;
	bool copy, from; /* COPY first; the last token was FROM */
	bool copy_in;
	bool plain; /* no COPY and no routine: words tell nothing more */
};

enum lite_state {
	LITE_START,
	LITE_NORMAL,
	LITE_EXPLAIN,
	LITE_CREATE,
	LITE_TRIGGER,
	LITE_SEMI,
	LITE_END
};

/* One statement while it is being cut. */
struct cut {
	struct splitter *s;
	struct lexer lexer;
	struct piece *out;
	bool has_body;
	size_t body_end;
	size_t mark_at; /* the executable comment we are in */
	struct psql_state psql;
	struct compound compound;
	enum lite_state lite;
};

static bool is_my(const struct cut *c)
{
	return dialect_is_mysql(c->s->dialect);
}

static bool is_lite(const struct cut *c)
{
	return c->s->dialect == DIALECT_SQLITE;
}

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice here(const struct cut *c)
{
	return slice_from(c->lexer.text, c->lexer.at);
}

/* Behind the line end of the line that `at` is in. */
static size_t next_line(struct slice text, size_t at)
{
	size_t n = slice_chr(slice_from(text, at), '\n');

	return n == SIZE_MAX ? text.len : at + n + 1;
}

enum { MOST_KEPT = 2048 };

static void keep_token(struct cut *c, struct token t)
{
	struct kept_tokens *k = c->s->keep;

	if (!k || !k->whole)
		return;
	if (k->n == k->room) {
		k->whole = k->room < MOST_KEPT;
		if (!k->whole)
			return;
		k->room = k->room ? k->room * 2 : 128;
		k->at = mem_realloc(k->at, k->room * sizeof *k->at);
	}
	k->at[k->n++] = (struct token){t.kind, t.off - c->out->body_off, t.text};
}

/* What stood there is no token: the text is not what the tokens say. */
static void keep_nothing(struct cut *c)
{
	if (c->s->keep)
		c->s->keep->whole = false;
}

static void set_body(struct cut *c, size_t from, size_t to)
{
	if (!c->has_body)
		c->out->body_off = from;
	c->has_body = true;
	c->body_end = to;
}

/* The piece ends at `end`, its terminator is the last `terminator` bytes. */
static bool finish(struct cut *c, enum piece_kind kind, size_t end, size_t terminator)
{
	struct piece *p = c->out;

	p->kind = c->has_body || kind == PIECE_META || kind == PIECE_DELIMITER ? kind : PIECE_BLANK;
	p->len = end - p->off;
	if (!c->has_body)
		p->body_off = c->body_end = end - terminator;
	p->body_len = c->body_end - p->body_off;
	keep_token(
		c, (struct token){TOKEN_END, c->body_end, slice_sub(c->s->text, c->body_end, 0)});
	p->copy_in = p->kind == PIECE_SQL && c->psql.copy_in;
	c->s->at = end;
	if (p->copy_in && p->terminated)
		c->s->after_copy = true;
	return true;
}

static bool finish_terminated(struct cut *c, size_t end, size_t terminator)
{
	c->out->terminated = true;
	return finish(c, PIECE_SQL, end, terminator);
}

/* A client command from `from` to `end`; its body without the white space around it. */
static bool finish_command(struct cut *c, enum piece_kind kind, size_t from, size_t end)
{
	size_t to = end;

	while (to > from && blank(c->s->text.at[to - 1]))
		to--;
	set_body(c, from, to);
	c->out->terminated = true;
	return finish(c, kind, end, 0);
}

/* ---- what ends a statement --------------------------------------------------------------------
 */

static void psql_word(struct psql_state *p, struct token t)
{
	static const char *const heads[] = {"create", "function", "procedure", "or", "replace"};
	bool routine;

	for (size_t i = 0; i < 5 && p->words < 4; i++)
		if ((t.text.at[0] | 32) == heads[i][0] && slice_iis(t.text, heads[i]))
			p->heads[p->words] = heads[i][0];
	p->words++;
	routine =
		p->heads[0] == 'c' && (p->heads[1] == 'f' || p->heads[1] == 'p' ||
					      (p->heads[1] == 'o' && p->heads[2] == 'r' &&
						      (p->heads[3] == 'f' || p->heads[3] == 'p')));
	p->plain = p->words >= 4 && !routine && !p->copy;
	if (!routine || p->parens)
		return;
	if (token_is(t, "begin")) {
		if (p->begins++ == 0)
			p->begin_at = t.off;
	} else if (token_is(t, "case")) {
		p->begins += p->begins > 0;
	} else if (token_is(t, "end")) {
		p->begins -= p->begins > 0;
	}
}

static void psql_token(struct psql_state *p, struct token t)
{
	if (t.kind == TOKEN_WORD) {
		if (p->plain)
			return;
		if (p->words == 0)
			p->copy = token_is(t, "copy");
		psql_word(p, t);
		if (p->copy && p->from && p->parens == 0)
			p->copy_in |= token_is(t, "stdin");
	} else if (token_punct(t, "(")) {
		if (p->parens++ == 0)
			p->paren_at = t.off;
	} else if (token_punct(t, ")")) {
		p->parens -= p->parens > 0;
	}
	p->from = p->copy && token_is(t, "from");
}

/* sqlite3_complete()'s table: what a token makes of each state. */
static enum lite_state lite_token(enum lite_state s, struct token t)
{
	enum word { SEMI, OTHER, EXPLAIN, CREATE, TEMP, TRIGGER, END } w = OTHER;
	/* clang-format off */
	static const unsigned char next[][7] = {
		/*                SEMI        OTHER         EXPLAIN       CREATE        TEMP          TRIGGER       END */
		[LITE_START] =   {LITE_START, LITE_NORMAL,  LITE_EXPLAIN, LITE_CREATE,  LITE_NORMAL,  LITE_NORMAL,  LITE_NORMAL},
		[LITE_NORMAL] =  {LITE_START, LITE_NORMAL,  LITE_NORMAL,  LITE_NORMAL,  LITE_NORMAL,  LITE_NORMAL,  LITE_NORMAL},
		[LITE_EXPLAIN] = {LITE_START, LITE_EXPLAIN, LITE_NORMAL,  LITE_CREATE,  LITE_NORMAL,  LITE_NORMAL,  LITE_NORMAL},
		[LITE_CREATE] =  {LITE_START, LITE_NORMAL,  LITE_NORMAL,  LITE_NORMAL,  LITE_CREATE,  LITE_TRIGGER, LITE_NORMAL},
		[LITE_TRIGGER] = {LITE_SEMI,  LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER},
		[LITE_SEMI] =    {LITE_SEMI,  LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_END},
		[LITE_END] =     {LITE_START, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER, LITE_TRIGGER},
	};
	/* clang-format on */

	if (token_punct(t, ";"))
		w = SEMI;
	else if (token_is(t, "explain"))
		w = EXPLAIN;
	else if (token_is(t, "create"))
		w = CREATE;
	else if (token_is(t, "temp") || token_is(t, "temporary"))
		w = TEMP;
	else if (token_is(t, "trigger"))
		w = TRIGGER;
	else if (token_is(t, "end"))
		w = END;
	return (enum lite_state)next[s][w];
}

/* Tells the machines about a token of the statement. True when it is its end. */
static bool token_ends(struct cut *c, struct token t)
{
	if (is_lite(c)) {
		c->lite = lite_token(c->lite, t);
		return c->lite == LITE_START && token_punct(t, ";");
	}
	if (is_my(c)) {
		if (c->s->compound && c->s->delimiter_len == 1 && c->s->delimiter[0] == ';')
			compound_token(&c->compound, &c->lexer, t);
		return false; /* delimiter_here has looked before */
	}
	if (token_punct(t, ";") && c->psql.parens == 0 && c->psql.begins == 0)
		return true;
	psql_token(&c->psql, t);
	return false;
}

/* MySQL's delimiter is text, not a token: END$$ is END and a delimiter. */
static bool delimiter_here(const struct cut *c)
{
	return c->lexer.executable == 0 && !compound_is_open(&c->compound) &&
	       here(c).len >= c->s->delimiter_len &&
	       memcmp(here(c).at, c->s->delimiter, c->s->delimiter_len) == 0;
}

/* Gives back what a token has taken from the delimiter on. */
static void cut_at_delimiter(struct cut *c, struct token *t)
{
	struct slice rest = slice_from(c->lexer.text, t->off);
	struct slice delimiter = slice_n(c->s->delimiter, c->s->delimiter_len);

	if (c->lexer.executable || t->kind == TOKEN_STRING || t->kind == TOKEN_QUOTED ||
		(t->kind == TOKEN_PARAM && t->text.len > 1 && memchr("'\"`", t->text.at[1], 3)) ||
		token_unclosed(*t))
		return;
	for (size_t i = 1; i < t->text.len; i++) {
		if (slice_eq(slice_sub(rest, i, delimiter.len), delimiter)) {
			t->text.len = i;
			c->lexer.at = t->off + i;
			return;
		}
	}
}

/* ---- psql's commands --------------------------------------------------------------------------
 */

/* Behind the arguments of the psql command at `at`: the line end is not taken, nor is the `\\` that
 * leads back to SQL. */
static size_t psql_arguments(struct slice text, size_t at, bool whole_line)
{
	char quote = 0;
	size_t i = at + 1;

	for (; i < text.len && text.at[i] != '\n'; i++) {
		char ch = text.at[i], next = i + 1 < text.len ? text.at[i + 1] : 0;

		if (whole_line) {
			continue;
		} else if (quote) {
			if (ch == '\\' && quote == '\'' && next != '\n')
				i++;
			else if (ch == quote)
				quote = 0;
		} else if (ch == '\'' || ch == '"' || ch == '`') {
			quote = ch;
		} else if (ch == '\\' && next == '\\') {
			return i;
		}
	}
	return i < text.len ? i : text.len;
}

static struct slice psql_command_name(struct slice text, size_t at)
{
	size_t n = 0;

	for (at++; at + n < text.len &&
		   ((text.at[at + n] | 0x20) >= 'a' && (text.at[at + n] | 0x20) <= 'z');)
		n++;
	return slice_sub(text, at, n);
}

static bool name_in(struct slice name, const char *const *names)
{
	for (; *names; names++)
		if (slice_is(name, *names))
			return true;
	return false;
}

/* \copy t from stdin takes its rows from the file, as COPY does. */
static bool is_copy_from_stdin(const struct cut *c, size_t at, size_t end)
{
	struct psql_state p = {0};
	struct lexer l;
	struct token t;

	lexer_init(&l, DIALECT_POSTGRES, slice_n(c->s->text.at, end));
	l.at = at + 1;
	while ((t = lexer_next(&l)).kind != TOKEN_END)
		psql_token(&p, t);
	return p.copy_in;
}

/* A meta-command as a piece of its own. Its line end goes with it, or the `\\` behind it. */
static bool psql_piece(struct cut *c, size_t at)
{
	static const char *const whole_line[] = {
		"copy", "h", "help", "ef", "ev", "sf", "sv", "w", "write", NULL};
	struct slice text = c->s->text, name = psql_command_name(text, at);
	bool whole = name_in(name, whole_line) || (at + 1 < text.len && text.at[at + 1] == '!');
	size_t args = psql_arguments(text, at, whole), end = args;

	if (slice_is(name, "copy") && is_copy_from_stdin(c, at, args))
		c->s->after_copy = true;
	if (end < text.len)
		end += text.at[end] == '\n' ? 1 : 2;
	/* What stands before the command in the same statement is thrown away with it. */
	if (c->has_body)
		at = c->out->body_off;
	set_body(c, at, args);
	while (c->body_end > at && blank(text.at[c->body_end - 1]))
		c->body_end--;
	c->out->terminated = true;
	return finish(c, PIECE_META, end, 0);
}

/* A backslash outside of quotes, at `at`. True when it has ended the piece. */
static bool psql_backslash(struct cut *c, size_t at)
{
	/* These send what has been read so far … */
	static const char *const senders[] = {"g", "gx", "gdesc", "gexec", "gset", "crosstabview",
		"watch", "bind", "parse", "close", "startpipeline", "sendpipeline", NULL};
	/* … and these throw it away. */
	static const char *const droppers[] = {"r", "reset", "e", "edit", "ef", "ev", NULL};
	struct slice text = c->s->text, name = psql_command_name(text, at);
	char next = at + 1 < text.len ? text.at[at + 1] : 0;

	if (next == ';' && c->psql.parens == 0 && c->psql.begins == 0) {
		c->out->joined = true;
		return finish_terminated(c, at + 2, 2);
	}
	if (next == ';' || next == ':') {
		c->lexer.at = at + 2;
		c->out->meta_inside = true;
		set_body(c, at, at + 2);
		return false;
	}
	if (!c->has_body || name_in(name, droppers))
		return psql_piece(c, at);
	if (name_in(name, senders))
		return finish_terminated(c, at, 0);
	c->lexer.at = psql_arguments(text, at, false);
	c->out->meta_inside = true;
	set_body(c, at, c->lexer.at);
	return false;
}

/* ---- the rows after COPY ----------------------------------------------------------------------
 */

/* Is there nothing but white space and a comment up to the line end? */
static bool rest_is_blank(struct slice text, size_t at)
{
	while (at < text.len && text.at[at] != '\n' && blank(text.at[at]))
		at++;
	return at == text.len || text.at[at] == '\n' || slice_starts(slice_from(text, at), "--");
}

static bool is_end_of_data(struct slice line)
{
	if (slice_ends(line, "\n"))
		line.len--;
	if (slice_ends(line, "\r"))
		line.len--;
	return slice_is(line, "\\.");
}

/* The rows start on the line behind the COPY. */
static bool data_piece(struct splitter *s, struct piece *out)
{
	size_t at = s->at;

	if (at == 0 || s->text.at[at - 1] != '\n')
		at = next_line(s->text, at);
	out->kind = PIECE_DATA;
	out->body_off = at;
	while (at < s->text.len && !out->terminated) {
		size_t next = next_line(s->text, at);

		out->terminated = is_end_of_data(slice_n(s->text.at + at, next - at));
		if (!out->terminated)
			out->body_len = next - out->body_off;
		at = next;
	}
	out->len = at - out->off;
	s->at = at;
	s->after_copy = false;
	return true;
}

/* ---- the mariadb client's and the sqlite3 shell's commands -------------------------------------
 */

static bool at_line_start(struct slice text, size_t at)
{
	while (at > 0 && text.at[at - 1] != '\n' && blank(text.at[at - 1]))
		at--;
	return at == 0 || text.at[at - 1] == '\n' ||
	       (at == 3 && slice_starts(text, "\xef\xbb\xbf"));
}

/* The argument of DELIMITER: a word, or something in quotes. Without one, or with a backslash in
 * it, the client complains and keeps the one it has. */
static void set_delimiter(struct splitter *s, struct slice rest)
{
	size_t n = 0;

	rest = slice_trim(rest);
	if (rest.len && memchr("'\"`", rest.at[0], 3)) {
		n = slice_chr(slice_from(rest, 1), rest.at[0]);
		rest = slice_sub(rest, 1, n);
		n = rest.len;
	} else {
		while (n < rest.len && !blank(rest.at[n]))
			n++;
	}
	if (n == 0 || slice_chr(slice_n(rest.at, n), '\\') != SIZE_MAX ||
		slice_chr(slice_n(rest.at, n), 0) != SIZE_MAX)
		return;
	if (n > sizeof s->delimiter - 1)
		n = sizeof s->delimiter - 1;
	memcpy(s->delimiter, rest.at, n);
	s->delimiter[n] = 0;
	s->delimiter_len = n;
}

/* A line that can be nothing but a delimiter: $$ or // alone. */
static bool is_delimiter_line(struct slice line)
{
	line = slice_trim(line);
	if (line.len == 0 || line.at[0] == '#' || slice_starts(line, "--") ||
		slice_starts(line, "/*"))
		return false;
	for (size_t i = 0; i < line.len; i++)
		if (!memchr("$/|;:!&^~@%*+=?-#", line.at[i], 17))
			return false;
	return true;
}

/* Flyway takes a delimiter on the line after the word as well, which the client refuses: where that
 * line can be nothing else it is meant. */
static bool delimiter_piece(struct cut *c, size_t at, size_t command_len)
{
	struct slice text = c->s->text;
	size_t end = next_line(text, at), next = next_line(text, end);

	if (slice_trim(slice_sub(text, at + command_len, end - at - command_len)).len == 0 &&
		is_delimiter_line(slice_sub(text, end, next - end)))
		end = next;
	set_delimiter(c->s, slice_n(c->s->text.at + at + command_len, end - at - command_len));
	return finish_command(c, PIECE_DELIMITER, at, end);
}

/* A line like `use shop` without a delimiter is a command of the client, at the start of a
 * statement. */
static bool my_is_named_command(const struct cut *c, struct slice line)
{
	static const struct {
		const char *name;
		bool takes_arguments;
	} commands[] = {{"?", true}, {"charset", true}, {"clear", false}, {"connect", true},
		{"edit", false}, {"ego", false}, {"exit", false}, {"go", false}, {"help", true},
		{"nopager", false}, {"notee", false}, {"nowarning", false}, {"pager", true},
		{"print", false}, {"prompt", true}, {"quit", false}, {"rehash", false},
		{"source", true}, {"status", false}, {"system", true}, {"tee", true}, {"use", true},
		{"warnings", false}};
	size_t n = 0;

	line = slice_trim(line);
	if (slice_find(line, slice_n(c->s->delimiter, c->s->delimiter_len)) != SIZE_MAX ||
		slice_find(line, SL("\\g")) != SIZE_MAX)
		return false;
	while (n < line.len && line.at[n] != ' ' && line.at[n] != '\t')
		n++;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (slice_iis(slice_n(line.at, n), commands[i].name))
			return n == line.len || commands[i].takes_arguments;
	return false;
}

/* At the start of a statement: a command of the mariadb client? True when it is a piece. */
static bool my_command(struct cut *c)
{
	struct slice rest = here(c), line;

	if (slice_istarts(rest, "delimiter") && (rest.len == 9 || blank(rest.at[9])))
		return delimiter_piece(c, c->lexer.at, 9);
	if (!at_line_start(c->s->text, c->lexer.at))
		return false;
	line = slice_sub(rest, 0, next_line(rest, 0));
	return my_is_named_command(c, line) &&
	       finish_command(c, PIECE_META, c->lexer.at, c->lexer.at + line.len);
}

/* \d //, \u shop, \. file.sql: their argument goes to the delimiter or the line end. */
static bool my_short_command(struct cut *c, size_t at, char letter)
{
	struct slice text = c->s->text, delimiter = slice_n(c->s->delimiter, c->s->delimiter_len);
	size_t end = at + 2;

	if (letter == 'd')
		return delimiter_piece(c, at, 2);
	if (!memchr(".!uCRrTPh?q", letter, 11))
		return finish_command(c, PIECE_META, at, end);
	while (end < text.len && text.at[end] != '\n') {
		if (letter != 'q' && slice_eq(slice_sub(text, end, delimiter.len), delimiter))
			return finish_command(c, PIECE_META, at, end + delimiter.len);
		end++;
	}
	return finish_command(c, PIECE_META, at, end + (end < text.len));
}

static bool my_backslash(struct cut *c, size_t at)
{
	char letter = at + 1 < c->s->text.len ? c->s->text.at[at + 1] : 0;

	c->lexer.at = letter && !blank(letter) ? at + 2 : at + 1;
	if (letter == 'g' || letter == 'G')
		return finish_terminated(c, at + 2, 2);
	if (letter == 'c')
		return finish_command(c, PIECE_META, c->has_body ? c->out->body_off : at, at + 2);
	if (letter == 'N' || letter == 0 || blank(letter)) {
		set_body(c, at, c->lexer.at);
		return false;
	}
	if (!c->has_body)
		return my_short_command(c, at, letter);
	c->out->meta_inside = true;
	set_body(c, at, c->lexer.at);
	return false;
}

/* .read f and the like, and the shell's own comments, on a line of their own. */
static bool lite_command(struct cut *c)
{
	size_t at = c->lexer.at;
	char ch = c->s->text.at[at];

	if ((ch != '.' && ch != '#') || (at && c->s->text.at[at - 1] != '\n'))
		return false;
	return finish_command(c, PIECE_META, at, next_line(c->s->text, at));
}

/* ---- the loop ---------------------------------------------------------------------------------
 */

/* The client takes `--x` for a comment where a statement would begin. */
static void my_skip_dashes(struct cut *c)
{
	while (!c->has_body && slice_starts(here(c), "--") && !delimiter_here(c))
		c->lexer.at = next_line(c->lexer.text, c->lexer.at);
}

/* What may stand where a token could begin, and is none. True when it has ended the piece. */
static bool client_has_it(struct cut *c)
{
	bool commands = c->s->client_commands;

	if (is_my(c) && commands)
		my_skip_dashes(c);
	if (c->lexer.at >= c->lexer.text.len)
		return false;
	if (is_my(c) && delimiter_here(c))
		return finish_terminated(c, c->lexer.at + c->s->delimiter_len, c->s->delimiter_len);
	if (!commands || c->has_body)
		return false;
	return is_lite(c) ? lite_command(c) : is_my(c) && my_command(c);
}

static bool backslash(struct cut *c, size_t at)
{
	return is_my(c) ? my_backslash(c, at) : psql_backslash(c, at);
}

/* Takes one token into the statement. True when it has ended the piece. */
static bool take_token(struct cut *c, struct token t)
{
	size_t end;

	if (c->s->client_commands && t.kind == TOKEN_BAD && t.text.at[0] == '\\' && !is_lite(c)) {
		keep_nothing(c);
		return backslash(c, t.off);
	}
	if (is_my(c))
		cut_at_delimiter(c, &t);
	end = t.off + t.text.len;
	if (token_unclosed(t)) {
		c->out->unclosed = true;
		c->out->unclosed_at = t.off;
	}
	if (token_is_mark(t)) {
		if (t.text.at[0] == '/' && c->lexer.executable == 1)
			c->mark_at = t.off;
	} else if (token_ends(c, t)) {
		return finish_terminated(c, end, 1);
	}
	set_body(c, t.off, end);
	keep_token(c, t);
	return false;
}

/* The text is at its end. */
static bool finish_text(struct cut *c)
{
	struct piece *p = c->out;
	bool open = true;
	size_t at = p->body_off;

	if (c->lexer.executable)
		at = c->mark_at;
	else if (compound_is_open(&c->compound))
		at = c->compound.opened_at;
	else if (c->psql.begins)
		at = c->psql.begin_at;
	else if (c->psql.parens)
		at = c->psql.paren_at;
	else
		open = c->lite == LITE_TRIGGER || c->lite == LITE_SEMI;
	if (open && !p->unclosed) {
		p->unclosed = true;
		p->unclosed_at = at;
	}
	return finish(c, PIECE_SQL, c->lexer.text.len, 0);
}

static void begin(struct cut *c, struct splitter *s, struct piece *out)
{
	*c = (struct cut){.s = s, .out = out};
	lexer_init(&c->lexer, s->dialect, s->text);
	c->lexer.at = s->at;
	c->lexer.ansi_quotes = s->ansi_quotes;
	c->lexer.no_backslash_escapes = s->no_backslash_escapes;
	c->lexer.backslash_strings = s->backslash_strings;
	/* Rows are waiting on the next line: what is left of this one is all there is before them.
	 */
	if (s->after_copy)
		c->lexer.text.len = next_line(s->text, s->at);
}

bool splitter_next(struct splitter *s, struct piece *out)
{
	struct cut c;

	if (s->at >= s->text.len)
		return false;
	*out = (struct piece){.off = s->at};
	if (s->keep) {
		s->keep->n = 0;
		s->keep->whole = s->dialect == DIALECT_POSTGRES;
	}
	if (s->after_copy && (s->text.at[s->at - 1] == '\n' || rest_is_blank(s->text, s->at)))
		return data_piece(s, out);
	begin(&c, s, out);
	for (;;) {
		struct token t;

		if (is_my(&c) || is_lite(&c)) {
			if (client_has_it(&c))
				return true;
		} else {
			lexer_skip_blanks(&c.lexer);
		}
		t = lexer_raw(&c.lexer);
		if (t.kind == TOKEN_END)
			return finish_text(&c);
		if (t.kind == TOKEN_COMMENT || (t.kind == TOKEN_BLANK && !token_is_mark(t)))
			continue;
		if (take_token(&c, t))
			return true;
	}
}
