/* cli.h - the command line: everything that prints, asks and exits.
 *
 * One file per command, one row per command in commands[] (main.c); parsing, --help, completions
 * and the manual page all walk that table and the option tables. Standard output carries the result
 * and nothing else; progress, warnings and errors go to standard error. */
#ifndef BELAY_CLI_CLI_H
#define BELAY_CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/config.h"
#include "layout/layout.h"
#include "lint/lint.h"
#include "report/report.h"

/* ---- Options ---- */
/* CHOICE: a flag that may be given a value, with = only. */
enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_COUNT, OPTION_CHOICE };
struct option_spec {
	const char *name; /* "dialect" */
	char letter;      /* 'o' or 0 */
	enum option_kind kind;
	const char *arg; /* "NAME", shown in help */
	const char *help;
};
struct option_value {
	const struct option_spec *spec;
	const char *text;
};

struct cli;
struct command {
	const char *name;
	const char *args;                  /* "[PATH…]" */
	const char *summary;               /* one line, lower case, no full stop */
	const char *details;               /* paragraphs for --help */
	const char *example;               /* shown in --help, and run by a test */
	const struct option_spec *options; /* ends with name NULL; may be NULL */
	size_t min_args, max_args;         /* SIZE_MAX = any number */
	int (*run)(struct cli *c, struct err *err);
	enum document document; /* which formats -o may ask for */
};
extern const struct command commands[]; /* ends with a row without a name */
extern const struct option_spec global_options[];

/* ---- One invocation ---- */
struct output {
	const char *format; /* "text", "json", … */
	const char *file;   /* NULL = standard output */
};
struct cli {
	struct arena arena;
	const struct command *command;
	struct option_value *values;
	size_t nvalues;
	const char **args; /* what is not an option */
	size_t nargs;
	struct config config;
	struct output *outputs;
	size_t noutputs;
	bool color_out, color_err, quiet;
	bool log_json;      /* standard error: a JSON object a line (log.h) */
	bool no_checksums;  /* of migrations: the command does not look at what was applied */
	const char *root;   /* absolute project folder */
	const char *prefix; /* where it is as seen from where belay was started; "" = right there */
};

const char *cli_text(const struct cli *c, const char *option); /* last value, NULL if not given */
bool cli_flag(const struct cli *c, const char *option);
size_t cli_list(const struct cli *c, const char *option, const char ***out);
/* A whole number option; `none` when not given. */
bool cli_number(
	const struct cli *c, const char *option, long long none, long long *out, struct err *err);
bool cli_wants(const struct cli *c, const char *format); /* is that -o format asked for? */
bool options_parse(struct cli *c, int argc, char **argv, struct err *err);
/* The known word nearest to a mistyped one, NULL if none is near. */
const char *nearest_word(struct slice typed, const char *const *words, size_t n);

/* Writes a document to the outputs of that format; text goes to standard output by default. */
bool cli_emit(struct cli *c, const char *format, struct slice document, struct err *err);
/* Makes the document with each reporter whose format was asked for, and writes it. */
bool cli_report(struct cli *c,
	void (*fill)(const struct reporter *r, struct buf *b, const void *document),
	const void *document, struct err *err);

/* ---- Shared by commands ---- */
/* Dialect, layout and server version are words that exist, whether a command uses them or not. */
bool cli_validate(struct cli *c, struct err *err);
/* Reads the project below -C with its layout, dialect, placeholders; `need_layout` false leaves
 * p->layout NULL when no migrations are found. */
bool cli_project(struct cli *c, struct project *p, bool need_layout, struct err *err);
/* The dialect from --dialect, belay.yml, the URL, the project, or the text. */
enum dialect cli_dialect(const struct cli *c, const struct project *p);
int cli_server_version(const struct cli *c, enum dialect d);
/* --db, --env, DATABASE_URL, .env, belay.yml. False with exit 2 when there is none. */
bool cli_url(struct cli *c, struct slice *url, struct err *err);
bool cli_connect(struct cli *c, struct conn **out, bool read_only, struct err *err);
bool cli_base_schema(struct cli *c, const struct project *p, struct source **out, struct err *err);
/* What belay.yml says about judging, into an input whose project is set already. */
bool cli_judging(struct cli *c, struct judge_input *in, struct err *err);
struct slice cli_journal(const struct cli *c);
const char *cli_today(struct arena *a); /* YYYY-MM-DD */
/* git merge-base with the main branch or --since; the paths that changed (added, modified,
 * untracked). *known false when there is no git or no such ref and none was asked for. */
bool cli_changed(struct cli *c, const char ***paths, size_t *n, bool *known, struct err *err);
/* Of those, the ones that were not there before. Only with --since. */
bool cli_added(struct cli *c, const char ***paths, size_t *n, struct err *err);

/* ---- Progress on standard error ---- */
struct progress {
	bool terminal, on;
	long long begun, shown;
	size_t last_width;
};
void progress_begin(struct progress *p, const struct cli *c);
/* Shown after the first second, at most ten times a second; `total` 0 = unknown. */
void progress_show(struct progress *p, const char *what, size_t done, size_t total);
/* A line of its own. */
void progress_say(struct progress *p, struct slice text);
void progress_end(struct progress *p);
/* Set by SIGINT / SIGTERM; the waiter's tick looks at it. */
void signals_install(void);
void signals_plain(void); /* for what only reads: a signal ends it at once */
int signals_pending(void);
/* While a plan runs: the first Ctrl-C is only noted, the second one cancels what is under way, as
 * SIGTERM does at once. One more ends the program. */
void signals_gently(bool on);
bool signals_tick(void *ctx, long long elapsed_ms); /* a struct waiter's tick */

/* ---- Errors ---- */
void error_print(const struct cli *c, const struct err *err);
void warning_print(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int cmd_init(struct cli *c, struct err *err);
int cmd_new(struct cli *c, struct err *err);
int cmd_check(struct cli *c, struct err *err);
int cmd_fix(struct cli *c, struct err *err);
int cmd_explain(struct cli *c, struct err *err);
int cmd_rules(struct cli *c, struct err *err);
int cmd_graph(struct cli *c, struct err *err);
int cmd_review(struct cli *c, struct err *err);
int cmd_rehearse(struct cli *c, struct err *err);
int cmd_status(struct cli *c, struct err *err);
int cmd_plan(struct cli *c, struct err *err);
int cmd_up(struct cli *c, struct err *err);
int cmd_down(struct cli *c, struct err *err);
int cmd_goto(struct cli *c, struct err *err);
int cmd_redo(struct cli *c, struct err *err);
int cmd_baseline(struct cli *c, struct err *err);
int cmd_repair(struct cli *c, struct err *err);
int cmd_forget(struct cli *c, struct err *err);
int cmd_verify(struct cli *c, struct err *err);
int cmd_backups(struct cli *c, struct err *err);
int cmd_restore(struct cli *c, struct err *err);
int cmd_uses(struct cli *c, struct err *err);
int cmd_watch(struct cli *c, struct err *err);
int cmd_unblock(struct cli *c, struct err *err);
int cmd_batches(struct cli *c, struct err *err);
int cmd_diff(struct cli *c, struct err *err);
int cmd_completions(struct cli *c, struct err *err);

#endif
