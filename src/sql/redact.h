/* redact.h - secrets never reach a log, a report, a process list or a journal.
 *
 * redact_sql hides what follows PASSWORD, IDENTIFIED BY/AS/USING, options and settings whose name
 * ends in password, secret, api_key and so on, and the passwords of connection strings and JSON
 * inside strings (CREATE SUBSCRIPTION, dblink, servers' OPTIONS). Bodies, EXECUTE '…' and comments
 * are looked into. Left as they are: keys in pgcrypto calls and values of INSERT, which are data.
 * redact_url hides the password of a URL and of libpq keyword strings (password=…). */
#ifndef BELAY_SQL_REDACT_H
#define BELAY_SQL_REDACT_H

#include "base/arena.h"
#include "sql/dialect.h"

/* Returns `sql` itself when there is nothing to hide. A hidden string becomes '***', a password in
 * a URL or keyword string ***. Strings in which something was hidden are written anew, without
 * their escapes. */
struct slice redact_sql(struct arena *a, enum dialect d, struct slice sql);
struct slice redact_url(struct arena *a, struct slice url);

#endif
