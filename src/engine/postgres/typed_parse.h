/* typed_parse.h - shared by typed_parse.c, which reads expressions, and typed_parse_query.c. */
#ifndef BELAY_ENGINE_POSTGRES_TYPED_PARSE_H
#define BELAY_ENGINE_POSTGRES_TYPED_PARSE_H

#include "engine/postgres/typed.h"
#include "sql/token.h"

enum { TOKENS_MAX = 6000, DEPTH_MAX = 120 };

enum bind {
	BIND_NONE,
	BIND_OR,
	BIND_AND,
	BIND_NOT,
	BIND_IS,
	BIND_COMPARE,
	BIND_IN,
	BIND_OTHER,
	BIND_ADD,
	BIND_MULTIPLY,
	BIND_POWER,
	BIND_ZONE,
	BIND_COLLATE,
	BIND_SIGN,
};

struct parse {
	struct arena *a;
	struct slice text;
	struct token *t;
	size_t n, at;
	unsigned depth;
	bool failed;
};

static inline struct token parse_ahead(const struct parse *p, size_t by)
{
	return p->t[p->at + by < p->n ? p->at + by : p->n - 1];
}

static inline struct token parse_peek(const struct parse *p)
{
	return p->t[p->at];
}

static inline bool parse_word(const struct parse *p, const char *w)
{
	const struct token *t = &p->t[p->at];

	/* Most comparisons end at the first letter. */
	return t->kind == TOKEN_WORD && (t->text.at[0] | 32) == w[0] && slice_iis(t->text, w);
}

static inline bool parse_punct(const struct parse *p, const char *s)
{
	const struct token *t = &p->t[p->at];

	return t->kind == TOKEN_PUNCT && t->text.at[0] == s[0] && slice_is(t->text, s);
}

static inline void parse_skip_some(struct parse *p, size_t n)
{
	p->at = p->at + n < p->n ? p->at + n : p->n - 1;
}

bool parse_start(struct parse *p, struct arena *a, struct slice text);
void parse_skip(struct parse *p);
bool parse_take_word(struct parse *p, const char *w);
bool parse_take(struct parse *p, const char *s);
void parse_expect(struct parse *p, const char *s);
bool parse_is_identifier(struct token t);
struct slice parse_identifier(struct parse *p);
/* Over what stands in brackets, behind the opening one. */
void parse_skip_brackets(struct parse *p);
struct typed_node *parse_node(struct parse *p, enum node_kind kind, struct slice text);
void parse_add(struct parse *p, struct typed_node *to, struct typed_node *arg);
void parse_arguments(struct parse *p, struct typed_node *to, const char *close);
struct typed_node *parse_expr(struct parse *p, enum bind least);
struct typed_query *parse_query(struct parse *p);
bool parse_begins_query(const struct parse *p);

#endif
