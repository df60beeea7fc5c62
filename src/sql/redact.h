/* redact.h - secrets never reach a log, a report, a process list or a journal.
 *
 * redact_sql hides what follows PASSWORD, IDENTIFIED BY, connection strings in CREATE SUBSCRIPTION,
 * dblink and FOREIGN SERVER options, keys in pgcrypto calls are left (they are data).
 * redact_url hides the password of a URL and of libpq keyword strings (password=…). */
#ifndef BELAY_SQL_REDACT_H
#define BELAY_SQL_REDACT_H

#include "base/arena.h"
#include "sql/dialect.h"

/* Returns `sql` itself when there is nothing to hide. Hidden text becomes '***'. */
struct slice redact_sql(struct arena *a, enum dialect d, struct slice sql);
struct slice redact_url(struct arena *a, struct slice url);

#endif
