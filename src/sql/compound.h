/* compound.h - where a stored routine of MySQL ends when nobody wrote a DELIMITER.
 *
 * Files made for drivers (golang-migrate, Flyway, JDBC) hold CREATE PROCEDURE, FUNCTION, TRIGGER
 * and EVENT with the semicolons of their bodies; the server reads them with its grammar, the
 * mariadb client would cut them into pieces that all fail. This follows BEGIN, CASE, IF, LOOP,
 * WHILE and REPEAT to their END. Fed with the tokens of one statement, blanks and comments left
 * out; zero-initialise per statement. */
#ifndef BELAY_SQL_COMPOUND_H
#define BELAY_SQL_COMPOUND_H

#include "sql/token.h"

#define COMPOUND_DEEPEST 64

struct compound {
	enum compound_head {
		HEAD_START,
		HEAD_CREATE,
		HEAD_PLAIN,
		HEAD_ROUTINE,
	} head;
	enum compound_before {
		BEFORE_OTHER,
		BEFORE_START, /* a statement may begin here */
		BEFORE_DOT,
		BEFORE_EQUALS,
		BEFORE_END, /* the word END: what follows names what was closed */
	} before;
	enum compound_then { THEN_OF_IF, THEN_OF_ELSEIF, THEN_OF_WHEN } then_of;
	unsigned depth, parens;
	unsigned char open[COMPOUND_DEEPEST];
	size_t opened_at; /* where the outermost one began */
};

/* `l` stands behind `t`. */
void compound_token(struct compound *c, const struct lexer *l, struct token t);
/* Does a semicolon belong to the body? */
static inline bool compound_is_open(const struct compound *c)
{
	return c->depth > 0;
}

#endif
