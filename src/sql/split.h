/* split.h - cuts a migration file into statements, exactly as the dialect's own client would.
 *
 * One splitter, three dialects. Pieces cover the text without gap or overlap: joining them gives
 * the same bytes (property-tested and fuzzed). Nothing is allocated and no input is refused: what
 * cannot be cut (an unclosed quote) is one last piece with `unclosed` set.
 *
 * What it knows. PostgreSQL: dollar quotes with tags, E'' and U&'' strings, standard strings
 * without backslashes, nested comments, BEGIN ATOMIC bodies, parentheses (a `;` inside does not
 * end a statement), psql meta-commands wherever psql takes a backslash for one, \; between
 * statements, COPY … FROM stdin data up to \. (only where the statement says so, \copy too).
 * MySQL/MariaDB: backslash rules, backticks, `--` only before white space (and as the first thing
 * of a statement, as the client has it), `#`, executable comments (the text inside belongs to the
 * statement), DELIMITER lines, \G \g \c, the client's named commands (`use x`, `source f` on a line
 * of their own), routines without DELIMITER (`compound`). SQLite: the four quotings, CREATE TRIGGER
 * … BEGIN … END after sqlite3_complete(), dot commands of the shell. All: BOM, CRLF, NUL, invalid
 * UTF-8.
 *
 * Where it is kinder than the client, because the client's way always fails: a `;` inside an
 * executable comment, or inside a routine's body, does not cut; the word DELIMITER is a command
 * only as the first word of a statement; an unclosed comment at the end is reported, SQLite would
 * take it for a comment.
 * Sources: PostgreSQL manual 4.1 and psqlscan.l; MariaDB "Delimiters in the mariadb Client" and
 * "Comment Syntax", tried on the 10.11 client; sqlite3_complete(). */
#ifndef BELAY_SQL_SPLIT_H
#define BELAY_SQL_SPLIT_H

#include "sql/dialect.h"
#include "sql/token.h"

enum piece_kind {
	PIECE_SQL,       /* a statement */
	PIECE_META,      /* psql meta-command or MySQL client command: for the client, never sent */
	PIECE_DATA,      /* rows after COPY … FROM stdin, up to and including the \. line */
	PIECE_DELIMITER, /* MySQL DELIMITER line */
	PIECE_BLANK,     /* comments and white space only (the tail of a file, or a lone ';') */
};

struct piece {
	enum piece_kind kind;
	size_t off, len;           /* everything: leading blanks and comments, terminator */
	size_t body_off, body_len; /* the statement: no blanks/comments around it, no terminator; of
				    * PIECE_DATA the rows, without the \. line */
	bool terminated;           /* ended by its delimiter, not by the end of the text */
	bool unclosed;      /* ran into the end inside a quote, comment, body or parenthesis */
	size_t unclosed_at; /* offset of what was left open */
	bool copy_in;       /* a COPY … FROM stdin; its rows are the next PIECE_DATA */
	bool joined;        /* ended by psql's \; : psql sends it together with the next one,
			     * the two are one implicit transaction */
	bool meta_inside;   /* a client command stands in the middle of the statement: what it
			     * does cannot be sent, the body is not SQL as it is */
};

struct splitter {
	enum dialect dialect;
	bool ansi_quotes;          /* MySQL sql_mode ANSI_QUOTES: " is an identifier */
	bool no_backslash_escapes; /* MySQL sql_mode; PostgreSQL standard_conforming_strings=off is
				    * the opposite: set backslash_strings */
	bool backslash_strings;
	bool client_commands; /* psql / mysql client / sqlite3 shell commands are recognised
			       * (default for files) */
	/* If set: the tokens of each PIECE_SQL, as lexer_next() finds them in its body, so that the
	 * reader need not look again. Of a long statement (and of one with a client command inside)
	 * they are not whole. Filled for PostgreSQL only. */
	struct kept_tokens *keep;
	bool compound; /* MySQL: routines are kept whole without DELIMITER (default) */
	/* internal */
	struct slice text;
	size_t at;
	char delimiter[16];
	size_t delimiter_len;
	bool after_copy;
};

void splitter_init(struct splitter *s, enum dialect d, struct slice text);
/* The next piece; false at the end of the text. */
bool splitter_next(struct splitter *s, struct piece *out);

#endif
