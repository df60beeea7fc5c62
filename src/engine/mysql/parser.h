/* parser.h - what the parts of the MySQL and MariaDB reader share.
 *
 * A statement is cut into tokens once; the parser walks them by index, so looking ahead costs
 * nothing. Functions return false when they cannot go on; the fault is in the parser by then:
 * either the server would refuse the text (SYNTAX, with what was expected and what was found) or we
 * do not know the construct (OPAQUE, with the reason). Nothing else is ever done with text that was
 * not understood.
 *
 * Everything lives in the arena that engine.read() was given; only the tokens leave with the
 * statement. */
#ifndef BELAY_ENGINE_MYSQL_PARSER_H
#define BELAY_ENGINE_MYSQL_PARSER_H

#include "engine/mysql/mysql.h"
#include "sql/token.h"

enum fault { FAULT_NONE, FAULT_SYNTAX, FAULT_OPAQUE };

struct parser {
	struct arena *a;
	struct reader *reader;
	struct my_dialect d;
	struct statement *st;
	struct slice text;
	const struct token *tok; /* ends with a TOKEN_END */
	size_t n, at;
	struct change *changes;
	size_t nchanges;
	const char *kind;
	unsigned flags; /* added to every change: INNER, GUARDED */
	bool inner;     /* text is not the statement's own: all spans are the whole statement */
	size_t base;    /* offset of `text` inside the statement's, when not inner */
	int depth;      /* of inner statements, bounded */
	enum fault fault;
	struct slice fault_words;
	size_t fault_at;
	struct names may_touch;
	const char *reset; /* the table option that was just set back to its default */
	bool partly_opaque;
	struct slice partly_why;
};

/* ---- parser.c: tokens ---- */
bool my_parser_init(struct parser *p, struct reader *r, struct arena *a, struct statement *st,
	struct slice text);
static inline struct token tok_at(const struct parser *p, size_t i)
{
	return p->tok[i < p->n ? i : p->n - 1];
}
static inline struct token tok_now(const struct parser *p)
{
	return tok_at(p, p->at);
}
static inline struct token tok_next(const struct parser *p, size_t ahead)
{
	return tok_at(p, p->at + ahead);
}
bool my_at_end(const struct parser *p);
bool my_is_word(
	const struct parser *p, const char *words); /* the words stand here: "IF NOT EXISTS" */
bool my_is_punct(const struct parser *p, const char *c);
bool my_take_word(struct parser *p, const char *words);
bool my_take_either(struct parser *p, const char *one, const char *other);
bool my_take_punct(struct parser *p, const char *c);
bool my_want_word(struct parser *p, const char *words);
bool my_want_punct(struct parser *p, const char *c);
bool my_want_end(struct parser *p);
/* Faults; always false. */
bool my_fault_expected(struct parser *p, const char *what);
bool my_fault_syntax(struct parser *p, size_t token, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool my_fault_opaque(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- names and values ---- */
bool my_is_identifier(const struct parser *p, size_t i);
bool my_want_ident(struct parser *p, struct slice *out, const char *what);
bool my_want_name(struct parser *p, struct name *out, const char *what);
bool my_take_string(struct parser *p, struct slice *out);
bool my_want_string(struct parser *p, struct slice *out, const char *what);
/* user, 'user'@'host', CURRENT_USER[()], role: its text */
bool my_want_account(struct parser *p, struct slice *out);
bool my_reserved(struct slice word);
/* (…) with everything inside it; *from and *to are the tokens between the brackets */
bool my_take_brackets(struct parser *p, size_t *from, size_t *to);
/* (a, b, c) */
bool my_want_ident_list(struct parser *p, struct names *out, const char *what);
struct slice my_tokens_text(const struct parser *p, size_t from, size_t to);
/* The tokens joined by one blank where there was any: for texts that are stored as clauses. */
struct slice my_tokens_squeezed(const struct parser *p, size_t from, size_t to);
struct slice my_lower(struct arena *a, struct slice s);
struct slice my_name_text(struct arena *a, struct name n); /* schema.name */

/* ---- changes ---- */
struct change my_change_new(const struct parser *p, enum change_kind k, enum object_type t);
/* Adds it; its span is the words from token `from` to the last one taken. */
void my_change_push(struct parser *p, struct change *ch, size_t from);
struct object *my_object_new(struct arena *a, enum object_type t, struct slice name);
struct object *my_object_add_part(
	struct arena *a, struct object *table, enum object_type t, struct slice name);
struct span my_parser_span(const struct parser *p, size_t from, size_t to);

/* ---- expr.c ---- */
/* The tokens [from, to) as an expression: text, facts and, where it can be had, normal form. */
struct expr my_expr_tokens(struct parser *p, size_t from, size_t to);
/* Moves over an expression up to a token at depth 0 that ends it: , ) ; or one of the words. */
size_t my_expr_end(const struct parser *p, const char *const *stops);
/* The canonical spelling; false if the expression has something that we do not normalise. */
bool my_expr_normal(struct arena *a, const struct my_dialect *d, const struct token *tok, size_t n,
	struct slice *out);

/* ---- read_type.c ---- */
struct my_type {
	struct slice text; /* canonical */
	struct slice charset, collation;
	bool is_text; /* has a character set */
	bool is_number;
	bool is_time; /* timestamp or datetime */
	bool is_timestamp;
	bool is_json;   /* MariaDB's alias: longtext with a check */
	bool is_serial; /* SERIAL */
	bool binary;    /* BINARY attribute: the charset's _bin collation */
};
bool my_read_type(struct parser *p, struct my_type *out);
/* A column's definition behind its name. Keys and checks written inline go to `parts` of `table`
 * (may be a stand-in when there is no table). */
struct column_parts {
	struct object **at;
	size_t n;
};
bool my_read_column(struct parser *p, struct object *column, struct column_parts *parts);
bool my_read_default(struct parser *p, const struct my_type *t, struct expr *out);
struct slice my_default_normal(struct parser *p, const struct my_type *t, size_t from, size_t to);

/* ---- read_key.c ---- */
/* [CONSTRAINT x] {PRIMARY KEY|UNIQUE|KEY|INDEX|FULLTEXT|SPATIAL|FOREIGN KEY|CHECK} … */
bool my_at_key(const struct parser *p);
bool my_read_key(struct parser *p, struct object **out, unsigned *flags);
bool my_read_index_rest(struct parser *p, struct object *index);
bool my_read_references(struct parser *p, struct constraint_def *c);
struct object *my_implied_fk_index(struct parser *p, const struct object *fk);
bool my_read_partitions(struct parser *p, struct expr *key, struct expr *definition);
/* The partitions that ADD or REORGANIZE PARTITION lists, behind token `from`; empty: none. */
void my_added_partitions(const struct parser *p, size_t from, struct slice *out);
/* Expressions between commas, each in its canonical spelling; false if one has none. */
bool my_list_normal(
	struct arena *a, const struct my_dialect *d, struct slice text, struct slice *out);

/* ---- read_table.c ---- */
bool my_read_create_table(struct parser *p, size_t start, unsigned flags);
bool my_read_table_option(struct parser *p, struct object *table, bool *took);
bool my_read_select_tail(struct parser *p, struct change *ch);
bool my_type_has_charset(struct slice type);
void my_name_parts(struct parser *p, struct object *table);

/* ---- read_alter.c ---- */
bool my_read_alter_table(struct parser *p, size_t start);

/* ---- read_object.c ---- */
bool my_read_create(struct parser *p);
bool my_read_alter(struct parser *p);
bool my_read_drop(struct parser *p);
bool my_read_rename(struct parser *p);
bool my_read_grant(struct parser *p);

/* ---- read_routine.c ---- */
bool my_read_create_trigger(struct parser *p, size_t start, unsigned flags);
bool my_read_create_routine(struct parser *p, size_t start, unsigned flags);
bool my_read_create_event(struct parser *p, size_t start, unsigned flags);
bool my_read_alter_event(struct parser *p, size_t start);
void my_body_reads(struct parser *p, size_t from, size_t to, struct names *reads);
/* The statements of a body, as changes with INNER (and GUARDED inside IF, CASE and loops). */
bool my_read_body_statements(struct parser *p, struct slice body);

/* ---- read_data.c ---- */
bool my_read_data(struct parser *p, bool *known);
bool my_read_set(struct parser *p);
bool my_read_prepare(struct parser *p, bool *known);
bool my_read_call(struct parser *p);
void my_select_reads(struct parser *p, size_t from, size_t to, struct names *reads);

/* ---- read.c ---- */
bool my_read_statement(struct parser *p);
/* Reads `text` as statements of its own and adds their changes to p. */
bool my_read_inner(struct parser *p, struct slice text, unsigned flags);

/* What the reader remembers from earlier statements of one file. */
/* Where tokens live until the next statement is read. */
struct arena *my_reader_tokens(struct reader *r);
struct slice my_reader_variable(struct reader *r, struct slice name, struct slice *other);
void my_reader_set_variable(
	struct reader *r, struct slice name, struct slice value, struct slice other, bool known);
void my_reader_set_prepared(
	struct reader *r, struct slice name, struct slice value, struct slice other, bool known);
bool my_reader_prepared(
	struct reader *r, struct slice name, struct slice *value, struct slice *other);
void my_reader_set_routine(struct reader *r, struct slice name, struct slice body);
bool my_reader_routine(struct reader *r, struct slice name, struct slice *body);
void my_reader_set_mode(struct reader *r, struct slice mode);

#endif
