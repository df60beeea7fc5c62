/* effects_alter.h - the inside of ALTER TABLE's effects: one function for every kind of change, and
 * the questions that they share. Each says what it finds to x->out. */
#ifndef BELAY_ENGINE_MYSQL_EFFECTS_ALTER_H
#define BELAY_ENGINE_MYSQL_EFFECTS_ALTER_H

#include "engine/mysql/effects.h"

/* ---- effects_alter.c: parts that must be there, or must not ---- */
bool fx_is_drop(enum change_kind k);
enum presence fx_part(
	const struct effects *x, enum object_type type, struct slice name, const struct object **o);
void fx_want_part(struct effects *x, const struct change *ch, enum object_type type,
	struct slice name, const char *word);
/* A name is taken when something that stays has it. */
void fx_want_free(struct effects *x, const struct change *ch, enum object_type type,
	struct slice name, const char *word);
/* Dropped and made again in one statement: a second run finds what the first one found. */
bool fx_is_replaced(const struct effects *x, const struct change *ch);
void fx_part_rerun(struct effects *x, const struct change *ch, unsigned same);
/* The name that the part gets which this change makes. */
struct slice fx_name_made(const struct effects *x, const struct change *ch);
bool fx_is_strict(const struct effects *x);

/* ---- effects_column.c ---- */
void fx_add_column(struct effects *x, const struct change *ch);
void fx_drop_column(struct effects *x, const struct change *ch);
void fx_rename_column(struct effects *x, const struct change *ch);
void fx_modify_column(struct effects *x, const struct change *ch);
const struct object *fx_new_column(const struct effects *x, struct slice name);
/* One of the columns is new and without values yet. */
bool fx_over_empty(const struct effects *x, struct names columns);
bool fx_is_foreign(const struct object *o);

/* Its type, its default and its expression are possible. */
void fx_column_fits(struct effects *x, const struct change *ch);

/* ---- effects_type.c, effects_default.c ---- */
void fx_type_fits(struct effects *x, const struct change *ch);
void fx_charset_fits(struct effects *x, struct slice charset, struct slice collation);
/* `said`: the definition as it is written. */
void fx_default_fits(struct effects *x, const struct object *column, struct slice said);

/* ---- effects_foreign.c ---- */
/* The keys of CREATE TABLE. */
void fx_created_keys_fit(struct effects *x, const struct change *ch);
void fx_add_foreign_key(struct effects *x, const struct change *ch);
/* No foreign key sets one of the columns to NULL. */
void fx_stays_nullable(struct effects *x, struct names columns);

/* ---- effects_expr.c ---- */
enum fx_clause { FX_VIRTUAL, FX_STORED, FX_CHECK, FX_DEFAULT };
/* Functions and sub-selects; `of`: whose expression it is. */
void fx_expr_fits(struct effects *x, const struct expr *e, enum fx_clause clause, struct slice of);
/* The columns that computed columns and defaults look at, in the table as it will be. */
void fx_columns_fit(struct effects *x);
void fx_check_fits(struct effects *x, const struct object *check);

/* ---- effects_create.c ---- */
void fx_created_fits(struct effects *x, const struct change *ch);

/* ---- effects_mysql.c: nothing on MariaDB ---- */
void fx_mysql_default(struct effects *x, const struct object *column);
void fx_mysql_add_column(struct effects *x, const struct change *ch);
void fx_mysql_functional(struct effects *x, const struct after_part *p, struct slice column);
void fx_mysql_rename_column(struct effects *x, const struct change *ch);
void fx_mysql_modify_column(struct effects *x, const struct change *ch, const struct object *from);
/* Several FULLTEXT indexes at once; `copies`: ALGORITHM=COPY is said. */
void fx_mysql_fulltext(struct effects *x, bool copies);
/* A check's name is one in all of the database. */
void fx_check_name_is_free(struct effects *x, struct name on, const struct object *check);
void fx_mysql_partition_by(struct effects *x);
void fx_mysql_options(struct effects *x, const struct change *ch);

/* ---- effects_key.c ---- */
void fx_add_constraint(struct effects *x, const struct change *ch);
void fx_create_index(struct effects *x, const struct change *ch);
void fx_drop_index(struct effects *x, const struct change *ch);
/* What an index cannot be over. */
void fx_index_fits(struct effects *x, const struct change *ch);
void fx_columns_differ(struct effects *x, struct names columns);
void fx_keys_fit(struct effects *x);
void fx_row_fits(struct effects *x); /* what the columns declare together */
void fx_drop_constraint(struct effects *x, const struct change *ch);

/* ---- effects_trigger.c ---- */
void fx_triggers_clash(struct effects *x, const struct change *ch, const struct object *t);
void fx_create_trigger(struct effects *x, const struct change *ch);
void fx_drop_trigger(struct effects *x, const struct change *ch);

/* ---- effects_name.c ---- */
/* Names that no table, column, index or constraint can have. */
void fx_names_fit(struct effects *x, const struct change *ch);

/* ---- effects_partition.c ---- */
void fx_partitions(struct effects *x, const struct change *ch);
/* Ranges that rise, values that are in one list only, names that differ. */
void fx_bounds_fit(struct effects *x, const struct expr *by, struct slice list);

/* ---- effects_table.c ---- */
void fx_versioned(struct effects *x, const struct change *ch);
void fx_convert(struct effects *x, const struct change *ch);
void fx_change_engine(struct effects *x, const struct change *ch);
void fx_set_options(struct effects *x, const struct change *ch);
void fx_system_versioning(struct effects *x, const struct change *ch);

#endif
