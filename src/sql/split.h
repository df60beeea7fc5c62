/* split.h - cuts a migration file into statements, exactly as the dialect's own client would.
 *
 * One splitter, three dialects. Pieces cover the text without gap or overlap: joining them gives
 * the same bytes (property-tested and fuzzed). Nothing is allocated and no input is refused: what
 * cannot be cut (an unclosed quote) is one last piece with `unclosed` set.
 *
 * What it knows. PostgreSQL: dollar quotes with tags, E'' and U&'' strings, standard strings
 * without backslashes, nested comments, BEGIN ATOMIC bodies, psql meta-commands at the start of a
 * line or after white space, COPY … FROM stdin data up to \. (only where the statement says so).
 * MySQL/MariaDB: backslash rules, backticks, `--` only before white space, `#`, executable
 * comments (the text inside belongs to the statement), DELIMITER lines, \G and \g. SQLite: the four
 * quotings, CREATE TRIGGER … BEGIN … END. All: BOM, CRLF, NUL, invalid UTF-8, parentheses.
 * Sources: PostgreSQL manual 4.1 and psql; MariaDB "Delimiters in the mariadb Client" and "Comment
 * Syntax"; sqlite3_complete(). */
#ifndef BELAY_SQL_SPLIT_H
#define BELAY_SQL_SPLIT_H

#include "sql/dialect.h"

enum piece_kind {
	PIECE_SQL,	 /* a statement */
	PIECE_META,	 /* psql meta-command or MySQL client command: for the client, never sent */
	PIECE_DATA,	 /* rows after COPY … FROM stdin, up to and including the \. line */
	PIECE_DELIMITER, /* MySQL DELIMITER line */
	PIECE_BLANK,	 /* comments and white space only (the tail of a file, or a lone ';') */
};

struct piece {
	enum piece_kind kind;
	size_t off, len;	   /* everything: leading blanks and comments, terminator */
	size_t body_off, body_len; /* the statement: no leading blanks/comments, no terminator */
	bool terminated;	   /* ended by its delimiter, not by the end of the text */
	bool unclosed;		   /* ran into the end inside a quote, comment or body */
	size_t unclosed_at;	   /* offset of the quote or comment that was left open */
	bool copy_in;		   /* PIECE_SQL: a COPY … FROM stdin; its rows are the next piece */
};

struct splitter {
	enum dialect dialect;
	bool ansi_quotes;	   /* MySQL sql_mode ANSI_QUOTES: " is an identifier */
	bool no_backslash_escapes; /* MySQL sql_mode; PostgreSQL standard_conforming_strings=off is
				    * the opposite: set backslash_strings */
	bool backslash_strings;
	bool client_commands; /* psql / mysql client commands are recognised (default for files) */
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
