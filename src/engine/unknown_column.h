/* unknown_column.h - a column that a statement names, and that none of its tables has.
 *
 * Tokens, scopes and the catalog: no grammar of expressions. What is not understood (a derived
 * table, a function that returns rows, a view, a table that is not known) may have any column, and
 * then nothing is said of the names that could be its. */
#ifndef BELAY_ENGINE_UNKNOWN_COLUMN_H
#define BELAY_ENGINE_UNKNOWN_COLUMN_H

#include "catalog/catalog.h"

/* SELECT, INSERT, REPLACE, UPDATE, DELETE, WITH, CREATE TABLE … AS and (MySQL) CREATE VIEW … AS.
 * False: every name is known, or may be. The name is lent from `text` or the arena. */
bool unknown_column(struct arena *a, const struct catalog *c, const struct session *s,
	struct slice text, struct slice *name);
/* An expression over one table: of a check, a computed column, an index. `own`: a column that is
 * about to be. */
bool unknown_in_expression(struct arena *a, const struct catalog *c, const struct object *table,
	struct slice own, struct slice text, struct slice *name);
/* SQLite: the condition and the body of CREATE TRIGGER, with its rows NEW and OLD. */
bool unknown_in_trigger(struct arena *a, const struct catalog *c, const struct session *s,
	const struct object *table, struct names events, struct slice text, struct slice *name);
/* How many values an INSERT … SELECT gives for each row; false: there is no query, or a star in it
 * stands for columns that are not known. */
bool selected_values(struct arena *a, const struct catalog *c, const struct session *s,
	struct slice text, size_t *n);
/* UNION of queries that do not give as many values as each other. */
bool selects_differ(struct arena *a, const struct catalog *c, const struct session *s,
	struct slice text, size_t *one, size_t *other);
/* Would an expression of that trigger miss the column, if the table had it no longer? What INSERT
 * and SET give values to does not count. */
bool trigger_wants_column(struct arena *a, const struct catalog *c, const struct session *s,
	const struct object *trigger, const struct object *table, struct slice column);

#endif
