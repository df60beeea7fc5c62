/* err.c - an error that carries its story. */
#include "base/err.h"

#include "base/arena.h"
#include "base/buf.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

void err_done(struct err *e)
{
	free(e->message);
	free(e->context);
	free(e->hint);
	free(e->next);
	free(e->file);
	free(e->source_line);
	*e = (struct err){0};
}

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static char *format(const char *fmt, va_list ap)
{
	struct buf b = {0};

	buf_vprintf(&b, fmt, ap);
	return b.at ? b.at : mem_cstr(SLICE_NONE);
}

bool err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
	if (e->code != ERR_NONE)
		return false;
	e->code = code;
	e->message = format(fmt, ap);
	return false;
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, code, fmt, ap);
	va_end(ap);
	return false;
}

bool err_context(struct err *e, const char *fmt, ...)
{
	struct buf b = {0};
	va_list ap;

	if (e->code == ERR_NONE)
		return false;
	if (e->context)
		buf_printf(&b, "%s\n", e->context);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	free(e->context);
	e->context = b.at;
	return false;
}

static void keep_first(char **where, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void keep_first(char **where, const char *fmt, va_list ap)
{
	if (!*where)
		*where = format(fmt, ap);
}

bool err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (e->code != ERR_NONE)
		keep_first(&e->hint, fmt, ap);
	va_end(ap);
	return false;
}

bool err_next(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (e->code != ERR_NONE)
		keep_first(&e->next, fmt, ap);
	va_end(ap);
	return false;
}

bool err_at(struct err *e, const char *file, size_t line, size_t column, size_t end_column)
{
	if (e->code == ERR_NONE || e->file)
		return false;
	e->file = mem_cstr(slice_of(file));
	e->line = line;
	e->column = column;
	e->end_column = end_column;
	return false;
}

bool err_errno(struct err *e, const char *doing, const char *path)
{
	return err_set(e, ERR_INPUT, "cannot %s \"%s\": %s", doing, path, strerror(errno));
}

void err_move(struct err *to, struct err *from)
{
	if (to->code == ERR_NONE) {
		err_done(to);
		*to = *from;
		*from = (struct err){0};
	} else {
		err_done(from);
	}
}

const char *err_code_name(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return "none";
	case ERR_FINDINGS:
		return "findings";
	case ERR_INPUT:
		return "input";
	case ERR_CONNECT:
		return "connect";
	case ERR_BLOCKED:
		return "blocked";
	case ERR_FAILED:
		return "failed";
	case ERR_REFUSED:
		return "refused";
	case ERR_INTERRUPTED:
		return "interrupted";
	}
	return "unknown";
}

int err_exit_code(const struct err *e)
{
	if (e->code == ERR_INTERRUPTED && e->signal == SIGTERM)
		return 143;
	return (int)e->code;
}
