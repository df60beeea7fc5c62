/* rewrite.h - an unsafe change becomes safe steps: the recipe table.
 *
 *	struct rewrite_input in = {.arena = a, .before = catalog, .session = s, .statement = st, …};
 *	struct rewritten out;
 *	if (rewrite_statement(&in, &out) == REWRITE_STEPS) … out.steps …
 *
 * A step is one migration file: a phase, in a transaction or not, pieces of SQL that are committed
 * one by one when it is not, what undoes them, and queries that return no row when it worked. Pure:
 * catalog and statement in, text out; nothing is read, written or asked. All memory from the arena.
 *
 * What cannot be had without a lock, or would need to guess, is refused with the reason: a recipe
 * never writes something that only looks safe. */
#ifndef BELAY_REWRITE_REWRITE_H
#define BELAY_REWRITE_REWRITE_H

#include "layout/layout.h"
#include "lint/lint.h"

struct rewrite_input {
	struct arena *arena;
	const struct catalog *before;  /* the schema at that point */
	const struct session *session; /* for search_path */
	const struct statement *statement;
	const struct effect *effect; /* what the statement would do */
	enum dialect dialect;
	int version;
	/* The layout's runner sends a file as one message: a statement that must stand outside a
	 * transaction needs a file of its own. */
	bool one_message;
	/* For rows that are there already, when a new column must not be NULL; empty = not given.
	 */
	struct slice fill;
};

struct piece_list {
	struct slice *at; /* one statement each, or several that belong to one transaction */
	size_t n;
};

struct safe_step {
	enum phase phase;
	const char *name;  /* one word for the file's name: expand, backfill, validate, swap … */
	struct slice says; /* what it does and why, one sentence or more; may be empty */
	bool no_tx;        /* outside a transaction: each piece commits by itself */
	bool batched;      /* its statement runs in batches: `-- belay:batched` */
	bool needs_value;  /* a value that only the author knows is missing: not a file yet */
	bool one_way;      /* there is no way back: `says` tells what is lost */
	const char *allow; /* the rule that objects to it, and is answered by this recipe */
	struct piece_list guard; /* before `up`, removes what a failed attempt left */
	struct piece_list up, down, verify;
};

enum rewrite_result {
	REWRITE_AS_IS,   /* no recipe has anything to say: it is fine as it stands */
	REWRITE_STEPS,   /* safe steps */
	REWRITE_REFUSED, /* unsafe, and there is no safe form: out->refused says why */
};

struct recipe;
struct rewritten {
	const struct recipe *recipe; /* the first one that wrote or refused */
	struct safe_step **steps;
	size_t n;
	struct slice refused;
	bool whole; /* the recipe wrote the whole statement, not one change of it */
};

struct step_writer; /* internal.h */
struct recipe {
	const char *id;
	unsigned engines;              /* RULE_PG | RULE_MYSQL | … */
	int since, until;              /* server versions, 0 = no bound; until is exclusive */
	const enum change_kind *kinds; /* changes it answers; ends with CHANGE_KINDS_ */
	const char *const *rules;      /* findings it answers; ends with NULL; may be NULL */
	const char *says;              /* the sequence in words, one line */
	/* Of the changes of one statement, this one. False: it has nothing to say about it. */
	bool (*write)(struct step_writer *w);
};

extern const struct recipe *const recipes[]; /* in the order of recipes.def, ends with NULL */
/* The recipe that answers findings of that rule on that engine; NULL when there is none. */
const struct recipe *recipe_for_rule(const char *rule, enum dialect d, int version);

enum rewrite_result rewrite_statement(const struct rewrite_input *in, struct rewritten *out);
/* The statement as it is, as one step with its way back: for files of what needs no rewriting. */
void rewrite_plainly(const struct rewrite_input *in, struct rewritten *out);

/* The steps as one text, for a finding or a terminal. */
struct slice rewrite_text(struct arena *a, const struct rewritten *r);
/* judge_input.safe_form: the finding's statement by its recipe; empty when there is none. */
struct slice rewrite_safe_form(const struct judged *j, const struct rule *r);

/* The safe form of a rule's unsafe example; empty when no recipe answers it. */
struct slice rewrite_example(struct arena *a, const struct rule *r);

/* ---- Steps as migration files ---- */
struct step_text {
	struct slice up, down, verify; /* without the layout's own markers; empty = there is none */
};
/* `index` from 0 of `n`; the words of the header say which step it is. */
struct step_text step_text(
	struct arena *a, const struct safe_step *s, size_t index, size_t n, bool one_message);

#endif
