/* quote.h - the only place where names and values become SQL text.
 *
 * Every identifier that is sent to a server goes through quote_ident, every value that is not a
 * parameter through quote_literal. A %s inside SQL text is a bug even when it happens to be safe.
 */
#ifndef BELAY_SQL_QUOTE_H
#define BELAY_SQL_QUOTE_H

#include "base/buf.h"
#include "sql/dialect.h"

/* Always quoted: "x" (PostgreSQL, SQLite), `x` (MySQL). A NUL byte ends the name. */
void quote_ident(struct buf *b, enum dialect d, struct slice name);
/* Quoted only where the dialect needs it (case, odd characters, reserved words): for people and
 * for generated migrations, and safe to send as well. */
void quote_ident_pretty(struct buf *b, enum dialect d, struct slice name);
/* schema.name, the schema left away when empty. */
void quote_name(struct buf *b, enum dialect d, struct slice schema, struct slice name);
void quote_name_pretty(struct buf *b, enum dialect d, struct slice schema, struct slice name);
/* 'x' with the dialect's own escapes; PostgreSQL with a backslash uses E''. A NUL byte ends the
 * value for PostgreSQL, which has none; the others keep it. */
void quote_literal(struct buf *b, enum dialect d, struct slice value);
/* Would need quotes as an identifier (reserved word, upper case in PostgreSQL, odd characters). */
bool ident_needs_quotes(enum dialect d, struct slice name);

/* A statement put together from a template: %I identifier, %N schema-qualified name (two slices),
 * %i and %n the same with quotes only where needed, %L literal, %s trusted text of our own (a
 *slice), %d int, %lld long long, %% percent. sqlf(&b, d, "ALTER TABLE %N DROP COLUMN %I", schema,
 *table, column); */
void sqlf(struct buf *b, enum dialect d, const char *template, ...);
void sqlvf(struct buf *b, enum dialect d, const char *template, va_list ap);

#endif
