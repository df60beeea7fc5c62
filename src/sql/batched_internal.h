/* batched_internal.h - shared by the files that read statements in batches. */
#ifndef BELAY_SQL_BATCHED_INTERNAL_H
#define BELAY_SQL_BATCHED_INTERNAL_H

#include "sql/batched.h"
#include "sql/token.h"

struct reading_tokens {
	struct arena *arena;
	enum dialect dialect;
	struct slice sql;
	struct token *at; /* ends with TOKEN_END */
	size_t n, i;
};
void batched_tokens(struct reading_tokens *r);
struct token batched_here(const struct reading_tokens *r);
bool batched_take(struct reading_tokens *r, const char *word);
bool batched_is_name(struct token t);
/* What an identifier means. */
struct slice batched_value(const struct reading_tokens *r, struct token t);
/* The text of tokens [from, to). */
struct slice batched_text(const struct reading_tokens *r, size_t from, size_t to);
bool batched_table(struct reading_tokens *r, struct name *out);
/* [ONLY] name [*] [[AS] alias]: table, relation, alias */
bool batched_relation(struct reading_tokens *r, struct batched *out);
/* Is token i the FROM or JOIN of that table? */
bool batched_reads(const struct reading_tokens *r, size_t i, struct slice table);
/* The end of the parentheses that open at i. */
size_t batched_close(const struct reading_tokens *r, size_t i);

/* Each reads a whole statement and gives the reason why it cannot be cut, or NULL. */
const char *batched_read_change(struct reading_tokens *r, struct batched *out); /* UPDATE, DELETE */
const char *batched_read_insert(struct reading_tokens *r, struct batched *out);
const char *batched_read_loop(struct reading_tokens *r, struct batched *out); /* DO */

#endif
