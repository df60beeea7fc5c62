/* effects.h - what SQLite does with a statement: the inside of effects*.c. */
#ifndef BELAY_ENGINE_SQLITE_EFFECTS_H
#define BELAY_ENGINE_SQLITE_EFFECTS_H

#include "engine/sqlite/sqlite.h"
#include "sql/quote.h"

#define SQLITE_V(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

/* One statement at one point. */
struct judging {
	struct arena *a;
	const struct catalog *c;
	const struct session *s;
	const struct statement *st;
	const struct change *ch;
	struct effect *e;
	int version;
	enum presence presence; /* of the table (or view, index …) that is acted on */
	const struct object *o; /* it, when PRESENT */
	struct name full;       /* its name with its schema */
	bool triggers;          /* of the target fire */
	bool overwrites;        /* … and change rows that were there */
	bool temporary;         /* it is in the temp schema: no other connection sees it */
	struct slice database;  /* whose lock it is: main, or an attached one */
};

/* ---- effects.c: saying things ---- */
void e_write(struct judging *j);     /* the writer's lock */
void e_exclusive(struct judging *j); /* and readers are kept out too */
void e_read(struct judging *j);
void e_nothing_there(struct judging *j);
void e_maybe_exclusive(struct judging *j); /* that depends on what is not known */
/* CREATE x [IF NOT EXISTS]: carried out (true), fails, or passed over. */
bool e_creates(struct judging *j, enum presence there, const char *word);
void e_fails(struct judging *j, const char *why, ...) __attribute__((format(printf, 2, 3)));
void e_may_fail(struct judging *j, const char *why, ...) __attribute__((format(printf, 2, 3)));
void e_needs(struct judging *j, const char *what, ...) __attribute__((format(printf, 2, 3)));
bool e_new(const struct judging *j, const struct object *o); /* made in this transaction */
struct touched e_touch(
	const struct judging *j, enum object_type type, struct name table, struct slice part);
void e_breaks(struct judging *j, enum breaks_who who, enum object_type type, struct slice part);
/* main.t, quoted where needed */
struct slice e_path(const struct judging *j, struct name n, struct slice part);
/* The table exists for certain / the statement fails because it does not. Fills the effect. */
bool e_table_there(struct judging *j);
const struct object *e_part(
	const struct judging *j, enum object_type type, struct slice name, enum presence *p);
/* The statement is not in this version: says so and returns true. */
bool e_too_new(struct judging *j, int since, const char *what);
/* A view whose tables are not all there makes every ALTER TABLE fail. */
void e_broken_views(struct judging *j);
bool e_mentions(struct slice text, struct slice name); /* as a word or quoted name */

/* ---- effects_others.c ---- */
void e_views_break(struct judging *j);                     /* those over it, and over those */
void e_stars_lose(struct judging *j, struct slice column); /* views that show every column */
void e_views_renamed(struct judging *j, struct slice column);
void e_triggers_break(struct judging *j, struct slice column); /* empty: whatever they do with it */
void e_trigger_goes(struct judging *j, const struct object *table); /* DROP TRIGGER */
void e_triggers_stop(struct judging *j, struct slice column);       /* DROP COLUMN */
/* With foreign keys on: rows of a child go or change, and what refers to them. */
void e_goes_with(struct judging *j, const struct object *child, struct slice action);
void e_view_goes(struct judging *j);      /* DROP VIEW */
void e_values_counted(struct judging *j); /* ADD COLUMN */
void e_trigger_works(struct judging *j);  /* CREATE TRIGGER */
void e_broken_triggers(struct judging *j);
void e_children_break(struct judging *j);  /* foreign keys that refer to it */
void e_missing_parents(struct judging *j); /* foreign keys that refer to nothing */
bool e_reserved(struct judging *j, struct slice name);
bool e_is_attached(const struct judging *j, struct slice schema);
void e_known_database(struct judging *j, struct slice schema);
bool e_is_shadow(const struct judging *j, struct name n);

/* ---- effects_newer.c ---- */
void e_newer_words(struct judging *j);

/* ---- effects_index.c ---- */
void judge_create_index(struct judging *j);

/* ---- effects_again.c ---- */
struct name e_full_name(struct slice read); /* schema.name as it was written */
enum rerun again_insert(struct judging *j);
/* A key of the table that says ON CONFLICT itself; no OR in the statement. */
bool e_keys_say(struct judging *j, const char *word);
enum rerun again_update(struct judging *j);

/* ---- effects_alter.c, effects_data.c ---- */
void judge_alter(struct judging *j);
void judge_drop_table(struct judging *j);
void judge_data(struct judging *j);
void judge_select(struct judging *j);
void judge_query(struct judging *j); /* the tables behind FROM, as far as the text says */
/* Tables that statements with a FROM read in full, as far as the text says. */
void judge_reads(struct judging *j, bool certain);

#endif
