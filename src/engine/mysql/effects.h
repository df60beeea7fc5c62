/* effects.h - what a statement does: the inside of effects*.c. */
#ifndef BELAY_ENGINE_MYSQL_EFFECTS_H
#define BELAY_ENGINE_MYSQL_EFFECTS_H

#include "engine/mysql/online.h"
#include "sql/token.h"

/* The statement's words: made once, gone with it. */
struct fx_words {
	struct token *at;
	size_t n;
};
struct fx_scratch {
	struct arena arena;
	struct fx_words words;
};

struct effects {
	struct arena *a;
	const struct catalog *c;
	const struct session *s;
	const struct statement *st;
	struct my_dialect d;
	struct effect *out;
	const struct object *t; /* the table that is altered, NULL = not known or none */
	struct after after;     /* … and as it will be */
	struct fx_scratch *scratch;
};

/* ---- effects.c: saying things ---- */
struct name fx_resolved(const struct effects *x, struct name n);
const struct object *fx_find(
	const struct effects *x, enum object_type type, struct name n, enum presence *how);
void fx_touch(struct effects *x, struct touched **v, size_t *n, enum object_type type,
	struct name object, struct slice part, bool certain);
void fx_destroys(struct effects *x, const struct change *ch, enum object_type type,
	struct slice part, bool certain);
void fx_breaks(struct effects *x, enum breaks_who who, const struct change *ch,
	enum object_type type, struct slice part, bool certain);
void fx_fails(struct effects *x, enum outcome how, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
void fx_rerun(struct effects *x, enum rerun r);
void fx_undo(struct effects *x, enum undo u);
bool fx_flag(const struct change *ch, unsigned flag);
struct slice fx_show(struct effects *x, struct name n);
/* The name is free, or the statement fails. */
void fx_want_absent(struct effects *x, const struct change *ch, enum object_type type,
	struct name n, const char *word);

/* The whole table is written to a new file, with its indexes. `t` NULL: not known. */
void fx_rewrites(struct effects *x, struct name table, const struct object *t);

/* ---- effects_alter.c ---- */
bool fx_is_online(enum change_kind k);
/* ALTER TABLE, CREATE INDEX, DROP INDEX: all changes of the statement, and what they cost. */
void fx_alter(struct effects *x);
void fx_rename_table(struct effects *x, const struct change *ch);

/* ---- effects_again.c ---- */
struct fx_words fx_words_of(struct effects *x);
/* The place of a word outside of brackets, w->n if there is none. */
size_t fx_word_at(const struct fx_words *w, size_t from, const char *word);
bool fx_has_word(const struct fx_words *w, size_t from, size_t to, const char *word);
/* An INSERT … SELECT that looks whether the row is there: the place behind the bracket of its
 * sub-select, 0 if there is no such thing. */
size_t fx_guard(struct effects *x, const struct fx_words *w, const struct change *ch);
enum rerun fx_insert_again(struct effects *x, const struct change *ch, const struct object *t);
enum rerun fx_update_again(struct effects *x, const struct change *ch, const struct object *t);

/* ---- effects_rows.c ---- */
void fx_insert_fits(struct effects *x, const struct change *ch, const struct object *t);
void fx_update_fits(struct effects *x, const struct change *ch, const struct object *t);
void fx_insert_through(struct effects *x, const struct object *view, const struct object *t);
/* The table that a view over one table stands for; NULL: several, or not known. */
const struct object *fx_behind_view(
	struct effects *x, const struct change *ch, const struct object *view);

/* ---- effects_where.c ---- */
enum fx_scan { SCAN_NO, SCAN_LIKELY_NOT, SCAN_MAYBE, SCAN_YES };
bool fx_leads_index(const struct object *t, struct slice column);
/* How a table is read under a condition, no other table being there. */
enum fx_scan fx_scan_under(struct effects *x, const struct object *t, struct slice where);
/* … beside others: can what the text mentions be looked up in an index at all? */
enum fx_scan fx_scan_beside(struct effects *x, const struct object *t, struct slice text);
bool fx_is_never(struct effects *x, struct slice where); /* WHERE FALSE, WHERE 1 = 0 */
bool fx_is_covered(struct effects *x, const struct object *t, const struct fx_words *w);
bool fx_joins(const struct fx_words *w); /* tables beside each other, and no sub-select */

/* ---- effects_data.c ---- */
void fx_data(struct effects *x, const struct change *ch);
void fx_reads(struct effects *x, const struct change *ch);    /* the tables behind its FROM */
void fx_maintain(struct effects *x, const struct change *ch); /* OPTIMIZE, CHECK, LOCK TABLES … */

#endif
