/* tree.h - the parser's JSON as a flat array of nodes, made in one pass.
 *
 * The parse tree of one statement lies in an array in the order of the text: a node is followed by
 * its children, and `size` says how many nodes it and everything below it take. So a sibling is one
 * addition away, and "everything under this node" is a plain loop over an array. Nothing is copied:
 * keys and strings point into the JSON text, which must outlive the array. The array is kept and
 * reused from statement to statement.
 *
 * This is not a JSON library: it reads what libpg_query writes and refuses what is not well formed.
 * Absent nodes are NULL and every accessor takes NULL. */
#ifndef BELAY_ENGINE_POSTGRES_TREE_H
#define BELAY_ENGINE_POSTGRES_TREE_H

#include "base/arena.h"

#include <stdint.h>

enum tree_kind {
	TREE_NULL,
	TREE_FALSE,
	TREE_TRUE,
	TREE_NUMBER,
	TREE_STRING,
	TREE_ARRAY,
	TREE_OBJECT
};

struct tree_node {
	const char *key, *val; /* val: text of a string (without quotes) or number */
	uint32_t len;          /* of val; of a number without text, the number */
	uint32_t size;         /* nodes in this subtree, itself included */
	uint16_t keylen;       /* 0 for array elements */
	uint8_t kind;
	union {
		bool escaped; /* the string holds backslashes */
		bool minus;   /* of a number without text */
	};
};

struct tree {
	struct tree_node *at;
	size_t n, cap;
	uint32_t *open; /* containers that are open while reading */
	size_t open_cap;
};

/* For those who build a tree piece by piece: a node behind the last one (not initialised), and the
 * container that is open at a depth. */
void tree_grow(struct tree *j);
static inline struct tree_node *tree_add(struct tree *j)
{
	if (j->n == j->cap)
		tree_grow(j);
	return &j->at[j->n++];
}
void tree_deepen(struct tree *j);
static inline void tree_open(struct tree *j, size_t depth, uint32_t i)
{
	if (depth == j->open_cap)
		tree_deepen(j);
	j->open[depth] = i;
}
/* Reads a whole document; false when it is not well formed. */
bool tree_read(struct tree *j, struct slice text);
void tree_done(struct tree *j);

/* Children: for (c = tree_first(n); c; c = tree_next(n, c)). */
static inline const struct tree_node *tree_first(const struct tree_node *n)
{
	return n && n->size > 1 ? n + 1 : NULL;
}
static inline const struct tree_node *tree_next(
	const struct tree_node *parent, const struct tree_node *c)
{
	const struct tree_node *next = c + c->size;

	return next < parent + parent->size ? next : NULL;
}
static inline bool tree_key_is_n(const struct tree_node *n, const char *key, size_t len)
{
	return n && n->keylen == len && (!len || n->key[0] == key[0]) &&
	       memcmp(n->key, key, len) == 0;
}
/* For a name out of a table: most do not begin alike. */
static inline bool tree_key_is_of(const struct tree_node *n, const char *key)
{
	return n && n->keylen && n->key[0] == key[0] && tree_key_is_n(n, key, strlen(key));
}
#define tree_key_is(n, lit) tree_key_is_n((n), "" lit, sizeof(lit) - 1)

/* Member of an object. */
const struct tree_node *tree_get_n(const struct tree_node *n, const char *key, size_t len);
#define tree_get(n, lit) tree_get_n((n), "" lit, sizeof(lit) - 1)

/* A string's text, escapes resolved, in the arena; numbers as written; empty for anything else. */
struct slice tree_text(struct arena *a, const struct tree_node *n);
bool tree_is(const struct tree_node *n, const char *text); /* a string without escapes */
long long tree_int(const struct tree_node *n, long long otherwise);
static inline bool tree_true(const struct tree_node *n)
{
	return n && n->kind == TREE_TRUE;
}
size_t tree_count(const struct tree_node *n);
/* The i-th child, or NULL. */
const struct tree_node *tree_nth(const struct tree_node *n, size_t i);

#endif
