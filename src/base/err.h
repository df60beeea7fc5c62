/* err.h - an error that carries its story.
 *
 * Functions that can fail return bool and take a `struct err *` last. The first failure fills it
 * in; each caller may add one line of context; only the CLI prints it, once. A zeroed struct err
 * is "no error". Filling in an error twice keeps the first: that one is the cause.
 *
 * Sentences start with what failed, lower case, no full stop:
 *	cannot lock "orders": waited 2s for pid 4711 */
#ifndef BELAY_BASE_ERR_H
#define BELAY_BASE_ERR_H

#include "base/slice.h"

#include <stdarg.h>

/* What to do about it; the values are the exit codes of the contract. */
enum err_code {
	ERR_NONE = 0,
	ERR_FINDINGS = 1,     /* a diff, drift, a proof that failed */
	ERR_INPUT = 2,        /* usage, configuration, an input that cannot be read */
	ERR_CONNECT = 3,      /* no connection, or the server refused */
	ERR_BLOCKED = 4,      /* lease held, lock budget or window spent: try again */
	ERR_FAILED = 5,       /* a statement or verify query failed while running */
	ERR_REFUSED = 6,      /* a gate: consent, edited history, several heads, phase, receipt */
	ERR_INTERRUPTED = 130 /* SIGINT; 143 for SIGTERM is kept in err.signal */
};

struct err {
	enum err_code code;
	char *message;                   /* one sentence */
	char *context;                   /* lines of context, innermost first, NULL if none */
	char *hint;                      /* what to do next, a whole sentence; NULL if none */
	char *next;                      /* a command to run next ("belay up"); NULL if none */
	char *file;                      /* where in the input, NULL if nowhere */
	size_t line, column, end_column; /* from 1; 0 = not known */
	char *source_line; /* the offending line, cleaned for a terminal; may be NULL */
	size_t sql_offset; /* byte offset + 1 in the SQL that was sent; 0 = not known */
	char sqlstate[6];  /* what the server said, "" if nothing */
	int native;        /* MariaDB errno, SQLite extended code; 0 if nothing */
	int signal;        /* SIGINT or SIGTERM when code is ERR_INTERRUPTED */
};

void err_done(struct err *e);
/* Records the failure and returns false, so that `return err_set(err, …);` reads well. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
/* One line of context from a caller; harmless when there is no error. Returns false. */
bool err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool err_next(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Place in the input; line and columns from 1, 0 when not known. */
bool err_at(struct err *e, const char *file, size_t line, size_t column, size_t end_column);
/* cannot OPEN "path": No such file or directory */
bool err_errno(struct err *e, const char *doing, const char *path);
/* Hands the story over; `from` is empty afterwards. */
void err_move(struct err *to, struct err *from);
static inline bool err_is(const struct err *e)
{
	return e->code != ERR_NONE;
}
/* A short stable word for JSON: "input", "connect", … */
const char *err_code_name(enum err_code code);
int err_exit_code(const struct err *e);

#endif
