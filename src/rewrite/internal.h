/* internal.h - what the recipes share; nobody else includes it.
 *
 * A recipe looks at one change (w->c), and writes steps:
 *
 *	struct safe_step *s = step_add(w, PHASE_EXPAND, "expand", "says what it does");
 *	piece(w, &s->up, "ALTER TABLE %n ADD COLUMN %i %s", T(w), w->c->name, type);
 *
 * Templates are sqlf() templates; a piece gets its semicolon by itself. */
#ifndef BELAY_REWRITE_INTERNAL_H
#define BELAY_REWRITE_INTERNAL_H

#include "rewrite/rewrite.h"
#include "sql/quote.h"
#include "sql/token.h"

struct step_writer {
	const struct rewrite_input *in;
	struct arena *a;
	struct rewritten *out;
	const struct change *c;
	const struct object *table; /* c->target as the catalog has it; NULL = not known */
	enum dialect d;
	const struct effect *own; /* of this change alone; made by own_effect() */
};

#define KINDS(...) ((const enum change_kind[]){__VA_ARGS__, CHANGE_KINDS_})
#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})
/* The table as the author wrote it: schema and name, for %n. */
#define T(w) (w)->c->target.schema, (w)->c->target.name

struct safe_step *step_add(struct step_writer *w, enum phase phase, const char *name,
	const char *says, ...) __attribute__((format(printf, 4, 5)));
/* An sqlf() template. */
void piece(struct step_writer *w, struct piece_list *to, const char *template, ...);
void piece_text(struct step_writer *w, struct piece_list *to, struct slice sql);
/* With a directive before it that answers the rule which objects to it. */
void allowed(struct step_writer *w, struct piece_list *to, const char *rule, const char *because,
	struct slice sql);
/* `-- Nothing to undo …`, so that a down script is there and runs nothing. */
void nothing_to_undo(struct step_writer *w, struct safe_step *s, const char *why);
struct slice text_of(struct step_writer *w, const char *template, ...); /* sqlf() template */
bool refuse(struct step_writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- Looking ---- */
/* Was it there before this statement's transaction, as far as one knows? Resolves w->table. */
bool target_existed(struct step_writer *w);
bool is_partitioned(const struct object *t);
const struct object *column_of(const struct object *table, struct slice name);
/* Known to be NOT NULL already. */
bool is_not_null(const struct object *table, struct slice column);
/* The effect of this change alone, where the statement has several. */
const struct effect *own_effect(struct step_writer *w);
bool rewrites_table(struct step_writer *w);
bool scans_table(struct step_writer *w);
bool builds_index(struct step_writer *w);
bool has_directive(const struct statement *st, const char *name);
/* Plain columns of keys; the index mentions the column anywhere. */
/* Unique, and no other unique index keeps the same duplicates out. */
bool is_only_guard(const struct object *table, const struct object *index);
bool index_mentions(const struct object *index, struct slice column);

/* ---- Text of the author's ---- */
/* The change's own words inside the statement. */
struct slice change_words_written(const struct step_writer *w);
/* The statement with `insert` put in behind the first of these words at depth 0. */
struct slice with_word_after(
	struct step_writer *w, struct slice text, const char *word, struct slice insert);
/* The statement for this change alone: "ALTER TABLE t " and the change's words. */
struct slice alone(struct step_writer *w);
/* "(a, b)" with quotes where needed. */
struct slice column_list(struct step_writer *w, struct names columns);
/* Of an object's rendering: without the final semicolon and line end. */
struct slice rendered(struct step_writer *w, const struct object *o);
struct slice best(struct expr e);
/* Columns of json, xml, point … have no equality: compared as text. */
struct slice comparable(struct step_writer *w, struct slice expr, struct slice type);

bool is_literal(enum dialect d, struct slice text);

/* ---- Names of ours ---- */
/* table_middle_label, shortened as PostgreSQL shortens, with a number behind when taken. */
struct slice chosen_name(struct step_writer *w, struct slice table, struct slice middle,
	const char *label, enum object_type type);
struct slice joined(struct step_writer *w, struct names n);

/* Can the values of a column go back from one type of PostgreSQL's to another? */
enum way_back { BACK_NEVER, BACK_BY_CAST, BACK_BY_ITSELF };
enum way_back type_goes_back(struct slice from, struct slice to);
/* Puts the inverse of w->c, which stays as it is, before what takes back the changes before it. */
void undo_one(struct step_writer *w, struct safe_step *s);

/* ---- What several recipes do ---- */
/* CHECK (c IS NOT NULL) NOT VALID, VALIDATE, SET NOT NULL, DROP, or the form of 18, as pieces of
 * one file outside a transaction. */
void prove_not_null(struct step_writer *w, struct safe_step *s, struct slice column, bool undo);
/* Queries that return no row when all is well. */
void verify_index(struct step_writer *w, struct safe_step *s, struct name index);
void verify_constraint(struct step_writer *w, struct safe_step *s, struct slice name);
void verify_column(struct step_writer *w, struct safe_step *s, struct slice column, bool there);
void verify_not_null(struct step_writer *w, struct safe_step *s, struct slice column);
/* A constraint of a table that has rows: NOT VALID and VALIDATE, or a key by its index. */
bool add_foreign_key(struct step_writer *w, const struct object *def, struct slice written);
bool add_check(struct step_writer *w, const struct object *def, struct slice written);
bool add_key(struct step_writer *w, const struct object *def);
/* Fills the column in batches; `undo_with` are the pieces that make the column again, empty, after
 * it was dropped: the way back that writes no row. */
struct safe_step *fill_step(struct step_writer *w, struct slice column, struct slice value,
	struct slice where, const struct piece_list *undo_with);

/* CREATE TABLE under another name, INSERT … SELECT, DROP, RENAME, with what belongs to it: the
 * table becomes `to`. SQLite's way to what ALTER TABLE cannot do. */
void sqlite_rebuild(struct step_writer *w, struct piece_list *pieces, const struct object *from,
	const struct object *to, struct slice column, struct slice value);

#define RECIPE(name) extern const struct recipe recipe_##name;
#include "rewrite/recipes.def"
#undef RECIPE

#endif
