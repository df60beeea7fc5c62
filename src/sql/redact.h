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

/* Keys whose shape gives them away (AWS, GitHub, GitLab, Slack, Stripe, Google, npm, SendGrid;
 * private keys in PEM). The first one at or after `from`; false when there is none. */
bool redact_find_token(struct slice text, size_t from, size_t *off, size_t *len);
/* The same length with stars over them; `text` itself when there is none. */
struct slice redact_tokens(struct arena *a, struct slice text);

#endif
