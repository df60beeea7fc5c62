/* term.c - what goes to standard error: progress, warnings, errors; and the signals. */
#include "base/io.h"
#include "cli/log.h"
#include "sql/clean.h"

#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

/* pending: the signal; urgent: what is under way is cancelled for it; gentle: a first Ctrl-C lets
 * it finish. */
static volatile sig_atomic_t pending, urgent, gentle;

static void on_signal(int sig)
{
	if (urgent)
		_exit(128 + sig); /* asked once more: at once */
	urgent = sig != SIGINT || pending || !gentle;
	pending = sig;
}

void signals_install(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
}

void signals_gently(bool on)
{
	gentle = on;
	if (!on && pending)
		urgent = 1;
}

void signals_plain(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

int signals_pending(void)
{
	return pending;
}

bool signals_tick(void *ctx, long long elapsed_ms)
{
	(void)ctx;
	(void)elapsed_ms;
	return !urgent;
}

void progress_begin(struct progress *p, const struct cli *c)
{
	*p = (struct progress){
		.terminal = isatty(STDERR_FILENO), .on = log_talks(c), .begun = io_now_ms()};
}

static void print_rate(size_t done, size_t total, long long ms)
{
	double rate = ms > 0 ? (double)done * 1000 / (double)ms : 0;

	if (total)
		fprintf(stderr, " %zu/%zu", done, total);
	if (rate > 0)
		fprintf(stderr, ", %.1f/s", rate);
	if (rate > 0 && total > done)
		fprintf(stderr, ", about %.0f s left", (double)(total - done) / rate);
}

void progress_show(struct progress *p, const char *what, size_t done, size_t total)
{
	long long now = io_now_ms();

	if (!p->on || now - p->begun < 1000 || now - p->shown < (p->terminal ? 100 : 5000))
		return;
	p->shown = now;
	if (p->terminal)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%s", what);
	print_rate(done, total, now - p->begun);
	if (!p->terminal)
		fputc('\n', stderr);
	p->last_width = 1;
	fflush(stderr);
}

void progress_say(struct progress *p, struct slice text)
{
	long long now = io_now_ms();

	if (!p->on || now - p->begun < 1000 || now - p->shown < (p->terminal ? 100 : 5000))
		return;
	p->shown = now;
	if (p->terminal)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%.*s", SLICE(text));
	if (!p->terminal)
		fputc('\n', stderr);
	p->last_width = 1;
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->on && p->terminal && p->last_width)
		fputs("\r\033[K", stderr);
	p->last_width = 0;
}

void warning_print(const struct cli *c, const char *fmt, ...)
{
	struct arena a = {0};
	struct slice text;
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	text = clean_text(&a, arena_vprintf(&a, fmt, ap));
	va_end(ap);
	if (c->log_json)
		log_message(c, "warning", "warning", text);
	else
		fprintf(stderr, "%swarning%s: %.*s\n", tint(c->color_err, "warning"),
			tint(c->color_err, "off"), SLICE(text));
	arena_done(&a);
}

static void clean_out(const char *prefix, const char *text)
{
	struct arena a = {0};
	struct slice rest = clean_text(&a, slice_of(text)), line;

	while (slice_line(&rest, &line))
		fprintf(stderr, "%s%.*s\n", prefix, SLICE(line));
	arena_done(&a);
}

static void print_place(const struct cli *c, const struct err *e)
{
	const char *dim = tint(c->color_err, "dim"), *off = tint(c->color_err, "off");
	struct arena a = {0};
	struct slice line;

	if (!e->file)
		return;
	fprintf(stderr, "%s  --> %s", dim, off);
	if (e->line)
		fprintf(stderr, "%s:%zu:%zu\n", clean_text(&a, slice_of(e->file)).at, e->line,
			e->column ? e->column : 1);
	else
		fprintf(stderr, "%s\n", clean_text(&a, slice_of(e->file)).at);
	if (e->source_line && e->line) {
		size_t from = e->column ? e->column - 1 : 0;
		size_t to = e->end_column > from ? e->end_column : from + 1;
		size_t before, width;

		line = clean_line(&a, slice_of(e->source_line));
		before = clean_width(line, from);
		width = clean_width(line, to);
		fprintf(stderr, "%s%5zu |%s %.*s\n%s      |%s %*s%s", dim, e->line, off,
			SLICE(slice_sub(line, 0, 400)), dim, off, (int)(before < 400 ? before : 0),
			"", tint(c->color_err, "error"));
		for (size_t i = before; i < width || i == before; i++) {
			if (i > before + 200)
				break;
			fputc('^', stderr);
		}
		fprintf(stderr, "%s\n", off);
	}
	arena_done(&a);
}

void error_print(const struct cli *c, const struct err *e)
{
	if (c->log_json) {
		log_error(c, e);
		return;
	}
	fprintf(stderr, "%serror%s: ", tint(c->color_err, "error"), tint(c->color_err, "off"));
	clean_out("", e->message ? e->message : "something failed");
	print_place(c, e);
	if (e->sqlstate[0])
		fprintf(stderr, "  SQLSTATE %s\n", e->sqlstate);
	if (e->context)
		clean_out("  ", e->context);
	if (e->hint)
		clean_out("  help: ", e->hint);
	if (e->next)
		clean_out("  next: ", e->next);
}
