/* read.h - the inside of SQLite's reader: a cursor over tokens and what hangs on it.
 *
 * Recursive descent, one function per production of https://sqlite.org/syntaxdiagrams.html.
 * Expressions, SELECTs and trigger bodies are kept as text and looked through token by token. The
 * first token that does not fit sets `failed`; from then on every function returns at once, so
 * callers need not check after each step. */
#ifndef BELAY_ENGINE_SQLITE_READ_H
#define BELAY_ENGINE_SQLITE_READ_H

#include "base/buf.h"
#include "engine/sqlite/sqlite.h"
#include "sql/quote.h"
#include "sql/token.h"

#include <stdint.h>

struct parse {
	struct arena *a;
	struct slice text;       /* of the statement */
	struct span span;        /* where the text stands */
	const struct token *tok; /* ends with TOKEN_END */
	size_t n, at;
	bool failed;
	size_t failed_at; /* index of the token that did not fit */
	const char *kind;
	struct change *changes;
	size_t nchanges;
	size_t not_from; /* the FROM of DELETE FROM: names what is written, not what is read */
};

/* ---- read_cursor.c: tokens ---- */
struct token p_peek(const struct parse *p);
struct token p_peek_at(const struct parse *p, size_t ahead);
struct token p_next(struct parse *p);
bool p_is(const struct parse *p, const char *word);
bool p_is_punct(const struct parse *p, const char *punct);
bool p_at_end(const struct parse *p); /* end of text, or of it all after a failure */
bool p_take(struct parse *p, const char *word);
bool p_take_punct(struct parse *p, const char *punct);
void p_want(struct parse *p, const char *word);
void p_want_punct(struct parse *p, const char *punct);
bool p_fail(struct parse *p); /* returns false */
/* An identifier: word, quoted or (SQLite allows it) a string. */
struct slice p_name(struct parse *p);
bool p_is_name(const struct parse *p);
struct name p_qualified(struct parse *p);
/* From token `from` up to, not including, token `to`. */
struct slice p_text(const struct parse *p, size_t from, size_t to);
struct span p_span(const struct parse *p, size_t from, size_t to);
/* Moves to the first token at depth 0 that ends an expression: a comma, an unmatched closing
 * parenthesis, or one of the NULL-terminated words. */
void p_skip_until(struct parse *p, const char *const *words, bool at_comma);
/* Takes "( … )" and gives the tokens between. */
bool p_parens(struct parse *p, size_t *from, size_t *to);
struct names p_name_list(struct parse *p); /* ( a, b, … ) */
struct change *p_change(struct parse *p, enum change_kind kind, enum object_type type);
struct object *p_object(struct parse *p, enum object_type type);

/* ---- read_expr.c: what is inside an expression or a query ---- */
struct expr p_expr(const struct parse *p, size_t from, size_t to);
/* Relations read by queries among the tokens from..to, common table expressions left out. */
void p_reads(const struct parse *p, size_t from, size_t to, struct names *out);
void p_functions(const struct parse *p, size_t from, size_t to, struct names *out);
/* One space between words, no comments, quotes untouched. */
struct slice sqlite_squeeze(struct arena *a, struct slice text);
bool sqlite_is_keyword(struct slice word); /* one that cannot be a bare name */

/* ---- read_table.c, read_index.c, read_data.c: one function per statement ---- */
void read_create(struct parse *p);
void read_create_index(struct parse *p, bool unique, size_t start);
void read_create_view(struct parse *p, bool temporary, size_t start);
void read_create_trigger(struct parse *p, bool temporary, size_t start);
void read_create_virtual(struct parse *p, size_t start);
void read_create_table(struct parse *p, bool temporary, size_t start);
void read_alter(struct parse *p);
void read_drop(struct parse *p);
/* INSERT, REPLACE, UPDATE, DELETE, SELECT, VALUES, WITH …; `with` is where WITH stood. */
void read_data(struct parse *p);
void read_explain(struct parse *p);
/* "a", lower(b) COLLATE x DESC …: one key of an index or constraint up to a comma or ')'. */
struct slice read_key(struct parse *p, struct slice *column, struct slice *extra);
struct slice read_conflict(struct parse *p); /* ON CONFLICT x, or nothing */

/* ---- read.c ---- */
/* Cuts a statement into tokens. */
void tokens_cut(struct tokens *t, struct slice text);
/* Reads a text that is one statement; false if it does not fit (p->failed_at says where). Nothing
 * in the result points into the tokens. */
bool sqlite_parse(
	struct parse *p, struct arena *a, struct tokens *t, struct slice text, struct span span);
/* The body statements of a CREATE TRIGGER that has been read, for checking them one by one. */
struct slice trigger_body(const struct change *create_trigger);

#endif
