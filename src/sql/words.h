/* words.h - the words that cannot be a name without quotes, per dialect.
 *
 * Every word that the dialect's server refuses as a bare table or column name is here, those of
 * its newer versions too: a quote too many is harmless, one too few breaks a migration.
 * Sources: PostgreSQL's pg_get_keywords() (everything that quote_ident() quotes: reserved, function
 * or type, column name) with the additions of 16 to 18; MariaDB 10.11 asked word by word together
 * with MySQL's manual "Keywords and Reserved Words"; SQLite asked word by word. */
#ifndef BELAY_SQL_WORDS_H
#define BELAY_SQL_WORDS_H

#include "sql/dialect.h"

/* Any case. For DIALECT_UNKNOWN: reserved in one of them. */
bool word_is_reserved(enum dialect d, struct slice word);

#endif
