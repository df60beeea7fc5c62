/* dialect.h - which SQL a text is written in, and server versions as one comparable number. */
#ifndef BELAY_SQL_DIALECT_H
#define BELAY_SQL_DIALECT_H

#include "base/slice.h"

enum dialect {
	DIALECT_UNKNOWN,
	DIALECT_POSTGRES,
	DIALECT_MYSQL,
	DIALECT_MARIADB,
	DIALECT_SQLITE,
};

/* "postgres", "mysql", "mariadb", "sqlite"; "unknown". */
const char *dialect_name(enum dialect d);
/* Also takes postgresql, pg, sqlite3; DIALECT_UNKNOWN for anything else. */
enum dialect dialect_from_name(struct slice name);
/* MySQL and MariaDB share a grammar; this says whether `d` is one of them. */
static inline bool dialect_is_mysql(enum dialect d)
{
	return d == DIALECT_MYSQL || d == DIALECT_MARIADB;
}

/* major * 10000 + minor * 100 + patch: PostgreSQL 15.20 = 150020 (server_version_num's own form:
 * major * 10000 + minor), MariaDB 10.11.19 = 101119, MySQL 8.0.36 = 80036, SQLite 3.40.1 = 34001.
 * 0 = not known. Text around the number is passed over ("PostgreSQL 15.20 on x86_64",
 * "5.5.5-10.11.19-MariaDB"). "15" is taken as 15.0, "10.11" as 10.11.0. */
int version_from_text(enum dialect d, struct slice text);
/* Is that a version as people write it: one to three numbers of at most three digits, what follows
 * a dash or a blank left aside? */
bool version_is_text(struct slice text);
/* The version that is assumed when nobody says one: 15, 8.0, 10.11, 3.40. */
int version_default(enum dialect d);
/* "15.20", "10.11.19" … into out (at least 24 bytes); returns out. Trailing zero parts are left
 * away: version_from_text("15") prints "15"; the others keep two parts, "8.0", "3.40". */
const char *version_text(enum dialect d, int version, char out[24]);

#endif
