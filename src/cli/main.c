/* main.c - the tables of commands and global options, help, and how a run ends. */
#include "base/io.h"
#include "cli/log.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* clang-format off */
const struct option_spec global_options[] = {
	{"dialect",        0,   OPTION_TEXT, "NAME",    "postgres, mysql, mariadb or sqlite"},
	{"server-version", 0,   OPTION_TEXT, "V",       "version of the server the SQL is for, such as 15 or 10.11"},
	{"layout",         0,   OPTION_TEXT, "NAME",    "how the migrations are laid out (default: found by itself)"},
	{"migrations",     0,   OPTION_LIST, "DIR",     "the migrations folder (repeatable)"},
	{"directory",      'C', OPTION_TEXT, "DIR",     "work in DIR instead of the current folder"},
	{"base-schema",    0,   OPTION_TEXT, "FILE",    "SQL that stands before the first migration"},
	{"db",             0,   OPTION_TEXT, "URL",     "the database (else DATABASE_URL, .env, belay.yml)"},
	{"env",            0,   OPTION_TEXT, "NAME",    "an environment of belay.yml"},
	{"output",         'o', OPTION_LIST, "FORMAT[=FILE]", "text, json, …: see the command; to a file if one is named (repeatable)"},
	{"config",         0,   OPTION_TEXT, "FILE",    "configuration instead of belay.yml"},
	{"quiet",          'q', OPTION_FLAG, NULL,      "no progress, no warnings"},
	{"no-color",       0,   OPTION_FLAG, NULL,      "no colours (NO_COLOR does the same)"},
	{"log-format",     0,   OPTION_TEXT, "FORMAT",  "text, or json: what goes to standard error as an object a line"},
	{"version",        'V', OPTION_FLAG, NULL,      "print the version"},
	{"help",           'h', OPTION_FLAG, NULL,      "print help"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};

static const struct option_spec check_options[] = {
	{"since",   0, OPTION_TEXT, "GITREF",   "report only on files that changed since GITREF; all are read for context"},
	{"select",  0, OPTION_LIST, "RULES",    "only these rules, or all; comma-separated"},
	{"ignore",  0, OPTION_LIST, "RULES",    "not these rules; comma-separated"},
	{"fail-on", 0, OPTION_TEXT, "SEVERITY", "exit 1 from this severity on: error (default), warning or never"},
	{"write-baseline", 0, OPTION_TEXT, "FILE", "write the findings of today to FILE, for baseline: in belay.yml"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec explain_options[] = {
	{"execute", 'e', OPTION_LIST, "SQL", "explain this text (repeatable)"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec since_options[] = {
	{"since",   0, OPTION_TEXT, "GITREF", "what counts as new (default: the merge base with the main branch)"},
	{"scratch", 0, OPTION_TEXT, "URL",    "a server to make a throw-away database on, instead of starting one"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec rehearse_options[] = {
	{"since",   0, OPTION_TEXT, "GITREF", "what counts as new (default: the merge base with the main branch)"},
	{"scratch", 0, OPTION_TEXT, "URL",    "a server to make a throw-away database on, instead of starting one"},
	{"receipt", 0, OPTION_TEXT, "FILE",   "write a receipt of what was proven, for up --receipt"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec graph_options[] = {
	{"check", 0, OPTION_FLAG, NULL, "exit 1 when there is more than one head"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
#define NO_RESTORE \
	{"no-restore", 0, OPTION_FLAG, NULL, "leave what a migration's up has kept in the archive"}
/* What every command that moves a database has: one row per line, shared by up, down, goto, redo. */
#define MOVING_OPTIONS \
	{"in-doubt",  0, OPTION_TEXT, "WHAT",  "done or again: of a statement whose outcome is not known after a crash"}, \
	{"wait",      0, OPTION_TEXT, "TIME", "stand in the way of traffic for a lock at most this long (200ms; 0: no limit)"}, \
	{"hold",      0, OPTION_TEXT, "TIME", "keep a lock that stops writes at most this long (2s; 0: no limit)"}, \
	{"patience",  0, OPTION_TEXT, "TIME", "try for a lock this long before giving up (10m)"}, \
	{"parallel",  0, OPTION_TEXT, "N",    "statements in batches: so many connections at a time (1)"}, \
	{"if-running", 0, OPTION_TEXT, "WHAT", "when another belay is at it: fail (default, after 3 s), wait or skip"}, \
	{"window",    0, OPTION_TEXT, "WINDOW", "begin no migration outside of it: 02:00-04:00 UTC"}, \
	{"confirm",   0, OPTION_TEXT, "NAME", "the name of a protected environment"}, \
	{"yes-destroy", 0, OPTION_LIST, "NAME", "agree that rows are lost: an object as belay prints it, or a migration's id (repeatable)"}, \
	{"backup",    0, OPTION_CHOICE, "scoped|whole", "keep what would be lost: copies beside it (scoped, default), or the whole database in a file"}, \
	{"dry-run",   0, OPTION_FLAG, NULL, "print the statements, transactions, locks and estimates; change nothing"}, \
	{"wait-for-db", 0, OPTION_TEXT, "TIME", "while the server does not answer, try again this long (30s)"}

static const struct option_spec up_options[] = {
	{"only",      0, OPTION_TEXT, "ID",    "this migration alone"},
	{"phase",     0, OPTION_TEXT, "PHASE", "expand, backfill or contract"},
	{"out-of-order", 0, OPTION_FLAG, NULL, "run late migrations too, in their place"},
	{"ignore-missing", 0, OPTION_FLAG, NULL, "go on although files of applied migrations are missing"},
	{"no-verify", 0, OPTION_FLAG, NULL,    "do not run the verify queries"},
	MOVING_OPTIONS,
	{"receipt",   0, OPTION_TEXT, "FILE", "only what was rehearsed: a receipt of belay rehearse"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec plan_options[] = {
	{"only",    0, OPTION_TEXT, "ID",     "this migration alone"},
	{"phase",   0, OPTION_TEXT, "PHASE",  "expand, backfill or contract"},
	{"out-of-order", 0, OPTION_FLAG, NULL, "as for up: late migrations too, in their place"},
	{"ignore-missing", 0, OPTION_FLAG, NULL, "as for up: although files of applied migrations are missing"},
	{"offline", 0, OPTION_FLAG, NULL,     "without a database: what is new --since, else everything"},
	{"since",   0, OPTION_TEXT, "GITREF", "with --offline: what counts as new (default: the merge base with the main branch)"},
	{"wait",    0, OPTION_TEXT, "TIME",   "as for up: in the way of traffic for a lock at most this long (200ms)"},
	{"hold",    0, OPTION_TEXT, "TIME",   "as for up: a lock that stops writes is kept at most this long (2s)"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec down_options[] = {
	NO_RESTORE,
	{"count", 'n', OPTION_TEXT, "N",  "how many (default 1)"},
	{"all",   0,   OPTION_FLAG, NULL, "all that are applied"},
	MOVING_OPTIONS,
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec move_options[] = {
	NO_RESTORE,
	MOVING_OPTIONS,
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec init_options[] = {
	{"journal", 0, OPTION_FLAG, NULL, "print the SQL that makes belay's journal, for a role that may"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};

static const struct option_spec fix_options[] = {
	{"since", 0, OPTION_TEXT, "GITREF", "only migrations that changed since GITREF"},
	{"write", 0, OPTION_FLAG, NULL,     "write the files instead of showing the diff"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec new_options[] = {
	{"sql",   0, OPTION_TEXT, "STATEMENT",  "the change as a statement (or several)"},
	{"fill",  0, OPTION_TEXT, "EXPRESSION", "a value for the rows that are there, for a column that must not be NULL"},
	{"using", 0, OPTION_TEXT, "EXPRESSION", "change-type: how an old value becomes a new one"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};

static const struct option_spec uses_options[] = {
	{"code", 0, OPTION_TEXT, "DIR", "search the application's files below DIR too"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec watch_options[] = {
	{"once", 0, OPTION_FLAG, NULL, "print it once and end"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec baseline_options[] = {
	{"confirm", 0,   OPTION_TEXT, "NAME", "the name of a protected environment"},
	{"if-running", 0, OPTION_TEXT, "WHAT", "when another belay is at it: fail (default, after 3 s), wait or skip"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec repair_options[] = {
	{"yes",     'y', OPTION_FLAG, NULL, "do not ask"},
	{"dry-run", 0,   OPTION_FLAG, NULL, "only say what was found"},
	{"confirm", 0,   OPTION_TEXT, "NAME", "the name of a protected environment"},
	{"if-running", 0, OPTION_TEXT, "WHAT", "when another belay is at it: fail (default, after 3 s), wait or skip"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec forget_options[] = {
	{"yes",     'y', OPTION_FLAG, NULL, "do not ask"},
	{"confirm", 0,   OPTION_TEXT, "NAME", "the name of a protected environment"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec unblock_options[] = {
	{"yes", 'y', OPTION_FLAG, NULL, "do not ask"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};

static const struct option_spec backups_options[] = {
	{"prune",      0, OPTION_FLAG, NULL, "take away what is older than --older-than, or backups: {keep: …} of belay.yml"},
	{"older-than", 0, OPTION_TEXT, "DAYS", "with --prune: 30d"},
	{"confirm",    0, OPTION_TEXT, "NAME", "the name of a protected environment"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};
static const struct option_spec restore_options[] = {
	{"into",    0, OPTION_TEXT, "URL",  "an empty database for a whole backup"},
	{"dry-run", 0, OPTION_FLAG, NULL,   "print the statements; change nothing"},
	{"confirm", 0, OPTION_TEXT, "NAME", "the name of a protected environment"},
	{NULL, 0, OPTION_FLAG, NULL, NULL},
};

const struct command commands[] = {
	{"init", "", "look at the folder, say what was found, write belay.yml",
	 "Finds the layout, the dialect and the database of the project and writes a commented\n"
	 "belay.yml. Nothing else is changed. A belay.yml that is there is left alone.",
	 "belay init", init_options, 0, 0, cmd_init},
	{"new", "NAME [CHANGE…]", "make a new migration in the project's layout: empty, or a change in safe phases",
	 "Without a CHANGE: the up and down files (or sections) that the layout wants, numbered after the\n"
	 "last migration, for you to fill in. With one: its safe phases, one file per step, with the way\n"
	 "back and verify queries. Contract files go to a later/ folder where the project's own runner\n"
	 "would not stop before them. No file is ever overwritten. Changes:\n"
	 "  add-column TABLE COLUMN 'TYPE …'           drop-column TABLE COLUMN\n"
	 "  rename-column TABLE OLD NEW                change-type TABLE COLUMN TYPE\n"
	 "  set-not-null TABLE COLUMN                  drop-not-null TABLE COLUMN\n"
	 "  set-default TABLE COLUMN EXPRESSION        rename-table OLD NEW\n"
	 "  add-index TABLE COLUMN[,COLUMN…] [NAME]    drop-index NAME [TABLE]\n"
	 "  add-unique TABLE COLUMN[,COLUMN…] [NAME]   add-primary-key TABLE COLUMN[,COLUMN…]\n"
	 "  add-foreign-key TABLE COLUMN[,…] TABLE [COLUMN[,…]]\n"
	 "  add-check TABLE NAME EXPRESSION            drop-constraint TABLE NAME\n"
	 "  drop-table TABLE                           or any statement by --sql",
	 "belay new email_index add-index customers email", new_options, 1, SIZE_MAX, cmd_new},
	{"check", "[PATH…]", "say what is dangerous in migrations, and the safe form",
	 "Reads all migrations in the order in which they run, judges each statement against the schema\n"
	 "as it will be at that point, and reports. PATHs are files or folders inside the project, or\n"
	 "any SQL files; - reads standard input. No database is needed.",
	 "belay check", check_options, 0, SIZE_MAX, cmd_check, DOCUMENT_CHECK},
	{"explain", "[FILE…]", "locks, rewrites, scans, losses of each statement",
	 "For every statement: the strongest lock on each object, what is rewritten, scanned, built and\n"
	 "destroyed, which running code breaks, whether it can run in a transaction, be repeated, undone.\n"
	 "With no FILE standard input is read. Statements see what the ones before them did.",
	 "belay explain -e \"ALTER TABLE users ADD COLUMN phone text\"", explain_options, 0, SIZE_MAX, cmd_explain, DOCUMENT_EXPLAIN},
	{"fix", "[PATH…]", "the safe version of unsafe migrations, as a diff",
	 "Where check finds something that a recipe answers, the statement becomes the recipe's safe steps:\n"
	 "in the file's own place when it is one, else the first in its place and the others numbered behind\n"
	 "it, which is done for the last migration only. Exit 1 when there is a diff. --write writes it, to\n"
	 "migrations that were named or are new --since; never do that to one that is applied somewhere.",
	 "belay fix", fix_options, 0, SIZE_MAX, cmd_fix},
	{"rules", "[RULE]", "list the rules; one rule with an unsafe and a safe example",
	 "Without RULE: the table. With RULE: what happens, why, the safe form, the manual's page.",
	 "belay rules index-not-concurrent", NULL, 0, 1, cmd_rules},
	{"graph", "", "the order of the migrations, and their heads",
	 "Lists the migrations in the order in which the project's tool runs them.",
	 "belay graph --check", graph_options, 0, 0, cmd_graph},
	{"rehearse", "[ID…]", "prove migrations on a scratch server: up, down, up again",
	 "Starts a private server of its own (or makes a database on --scratch URL), walks through the\n"
	 "history and proves each migration on a copy: it goes up, verifies, goes down, leaves schema and\n"
	 "rows as they were, goes up again; and what a second run does. Without IDs: what is new since\n"
	 "--since, or everything.",
	 "belay rehearse", rehearse_options, 0, SIZE_MAX, cmd_rehearse, DOCUMENT_REHEARSE},
	{"review", "", "findings, rehearsal and heads in one report with a decision",
	 "What a careful reviewer does before a migration is merged. Ends in block, allow or approve;\n"
	 "exits 0 at once when no migration changed.",
	 "belay review --since main", since_options, 0, 0, cmd_review, DOCUMENT_REVIEW},
	{"status", "", "which migrations are applied, pending, edited, missing",
	 "Reads the history table of the project's tool and belay's journal. Changes nothing.",
	 "belay status --db sqlite:app.db", NULL, 0, 0, cmd_status, DOCUMENT_STATUS},
	{"plan", "[ID]", "what up would do: impact, duration, risk, way back, checklist",
	 "For each pending migration: locks, rewrites, losses, how long it takes (an interval, from the sizes\n"
	 "that the database's statistics give) and how risky it is; the steps of the deploy and of the way\n"
	 "back, and what to look at before, meanwhile and afterwards. -o sql is a script to run by hand, with\n"
	 "the rows of the project's own history. Nothing is written, no table read.",
	 "belay plan --db sqlite:app.db", plan_options, 0, 1, cmd_plan, DOCUMENT_PLAN},
	{"up", "[ID]", "apply pending migrations, up to and including ID",
	 "Shows server, database and role, then applies what is pending in the tool's own order, keeping\n"
	 "the tool's history table. Each transactional migration commits together with its records. After\n"
	 "a failure or Ctrl-C the same command goes on where it stopped.",
	 "belay up --db sqlite:app.db", up_options, 0, 1, cmd_up},
	{"down", "[ID]", "undo the last migration; down to, not including, ID",
	 "Runs the down scripts in reverse order.",
	 "belay down --db sqlite:app.db", down_options, 0, 1, cmd_down},
	{"goto", "ID", "up or down, whichever leads to ID",
	 "Afterwards ID is the last applied migration.",
	 "belay goto 3 --db sqlite:app.db", move_options, 1, 1, cmd_goto},
	{"redo", "", "undo the last migration and apply it again",
	 "For work on a development database.",
	 "belay redo --db sqlite:app.db", move_options, 0, 0, cmd_redo},
	{"baseline", "ID", "record everything up to ID as applied, without running it",
	 "For a database that already has the schema. Also accepts the present text of an edited or\n"
	 "failed migration.",
	 "belay baseline 3 --db sqlite:app.db", baseline_options, 1, 1, cmd_baseline},
	{"repair", "[ID…]", "what history, journal, files and database disagree on; mends it",
	 "Says what it found and what it would change, and asks: edited and missing migrations, hashes that\n"
	 "were not kept, statements whose outcome is not known, invalid indexes, runs and leases that never\n"
	 "ended, a copied database, a changed schema. What only a person can decide is said with the choices.\n"
	 "No migration is run. Exit 1 when something is left.",
	 "belay repair --dry-run --db sqlite:app.db", repair_options, 0, SIZE_MAX, cmd_repair},
	{"forget", "ID", "take a migration out of the history, without running anything",
	 "Removes its rows from the tool's history and from belay's journal. What it did to the schema stays.",
	 "belay forget 3 --yes --db sqlite:app.db", forget_options, 1, 1, cmd_forget},
	{"verify", "[ID…]", "run the verify queries of what is applied; see what others did to the schema",
	 "Runs the verify queries of the applied migrations in a read-only transaction. Without IDs the schema\n"
	 "is compared with what belay stored after its last run: exit 1, and the difference, when somebody\n"
	 "else has changed it.",
	 "belay verify --db sqlite:app.db", NULL, 0, SIZE_MAX, cmd_verify},
	{"backups", "", "what was kept before one-way doors",
	 "Lists the archives that up, down, goto and redo made with --backup: of which objects, how many\n"
	 "rows, how large, how old. --prune takes old ones away.",
	 "belay backups --db sqlite:app.db", backups_options, 0, 0, cmd_backups, DOCUMENT_STATUS},
	{"restore", "NAME", "put back what was kept",
	 "A table or column that is gone is made again with what stood on it, then its rows are put back;\n"
	 "rows whose keys are taken by now are left out and counted. One transaction where the engine has\n"
	 "one. A whole database goes into another, empty one: --into URL.",
	 "belay restore 3@12 --db sqlite:app.db", restore_options, 1, 1, cmd_restore},
	{"diff", "A B", "compare two schemas: URLs, SQL files, folders of migrations, @ID",
	 "Prints what B has that A has not, and the other way round. Exit 1 when they differ.\n"
	 "@ID is the schema after that migration of this project, @ the schema after all of them.",
	 "belay diff sqlite:app.db @", NULL, 2, 2, cmd_diff},
	{"uses", "TABLE[.COLUMN]", "where a table or a column is used, before it goes",
	 "Lists what in the schema uses it: foreign keys, indexes, views, functions, triggers, policies. With\n"
	 "--code the lines of the application that name it, also as ORMs write it; with --db the queries that\n"
	 "PostgreSQL has counted (pg_stat_statements). Bodies are searched for words: that is \"possibly\".",
	 "belay uses customers.email --code .", uses_options, 1, 1, cmd_uses},
	{"watch", "", "who waits for whom, what is at work, how far it is",
	 "Shows sessions that are in the way and those that wait behind them, the progress of index\n"
	 "builds and vacuum, open transactions and standbys; again every two seconds until Ctrl-C.\n"
	 "Nothing is changed.",
	 "belay watch --once --db postgres:///shop", watch_options, 0, 0, cmd_watch},
	{"unblock", "SESSION", "end what one session does, or the session",
	 "Shows the session and those that wait for it, and asks. Its statement is cancelled first; if it\n"
	 "keeps its locks, it is ended, and its transaction rolled back.",
	 "belay unblock 4711 --db postgres:///shop", unblock_options, 1, 1, cmd_unblock},
	{"batches", "[pause | resume | set NAME=VALUE…]", "statements in batches: how far they are; hold them, change their limits",
	 "Shows what is under way in the database and what it waits for. pause holds all batches before\n"
	 "the next one, also of a run that begins later, until resume. set changes limits of belay.yml's\n"
	 "batches: while they run (target_ms, max_rows, max_lag, max_commit, max_active, max_wal,\n"
	 "max_history, max_snapshot, window); NAME= takes one back. The runner looks once a second.",
	 "belay batches --db sqlite:app.db", NULL, 0, SIZE_MAX, cmd_batches},
	{"completions", "SHELL", "print completions for bash, zsh or fish",
	 "Source the output in your shell's start-up file.",
	 "belay completions bash", NULL, 1, 1, cmd_completions},
	{.name = NULL},
};
/* clang-format on */

/* ---- Help ---- */

static void print_options(const struct option_spec *s)
{
	for (; s && s->name; s++) {
		char left[64];

		snprintf(left, sizeof left,
			s->kind == OPTION_CHOICE ? "%s%c%s--%s%s%s]" : "%s%c%s--%s%s%s",
			s->letter ? "-" : " ", s->letter ? s->letter : ' ', s->letter ? ", " : "  ",
			s->name,
			s->kind == OPTION_CHOICE ? "[="
			: s->arg                 ? " "
						 : "",
			s->arg ? s->arg : "");
		printf("  %-28s %s\n", left, s->help);
	}
}

static void print_help(void)
{
	printf("belay makes database migrations safe: it checks, rehearses, runs and undoes "
	       "them.\n\n"
	       "usage: belay COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:\n");
	for (size_t i = 0; commands[i].name; i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].summary);
	printf("\nOptions for every command:\n");
	print_options(global_options);
	printf("\nStart with:   belay check\n"
	       "Exit codes:   0 done, 1 findings, 2 usage or input, 3 no connection, 4 blocked,\n"
	       "              5 a statement failed, 6 refused by a gate\n"
	       "More:         belay COMMAND --help\n");
}

static void print_command_help(const struct command *cmd)
{
	printf("belay %s: %s\n\nusage: belay %s [OPTION…]%s%s\n\n%s\n", cmd->name, cmd->summary,
		cmd->name, cmd->args[0] ? " " : "", cmd->args, cmd->details);
	if (cmd->options) {
		printf("\nOptions:\n");
		print_options(cmd->options);
	}
	printf("\nOptions for every command:\n");
	print_options(global_options);
	printf("\nOutput formats:\n");
	for (size_t i = 0; reporters[i]; i++)
		if (reporter_has(reporters[i], cmd->document))
			printf("  %-28s %s\n", reporters[i]->format, reporters[i]->says);
	printf("\nExample:\n  %s\n", cmd->example);
}

/* ---- One run ---- */

/* The formats of this command, for a sentence: "text, json and gcc". */
static const char *formats_of(struct cli *c)
{
	const char *names[32];
	struct buf b = {0};
	const char *out;
	size_t n = 0;

	for (size_t i = 0; reporters[i] && n < 32; i++)
		if (reporter_has(reporters[i], c->command->document))
			names[n++] = reporters[i]->format;
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", names[i]);
	out = arena_cstr(&c->arena, buf_slice(&b));
	buf_done(&b);
	return out;
}

static bool unknown_format(struct cli *c, struct slice format, struct err *err)
{
	const struct reporter *r = reporter_find(format);
	const char *words[32], *near;
	size_t n = 0;

	for (size_t i = 0; reporters[i] && n < 32; i++)
		if (reporter_has(reporters[i], c->command->document))
			words[n++] = reporters[i]->format;
	near = r ? NULL : nearest_word(format, words, n);
	if (r)
		err_set(err, ERR_INPUT, "belay %s has no output format \"%s\"", c->command->name,
			r->format);
	else
		err_set(err, ERR_INPUT, "there is no output format \"%.*s\"", SLICE(format));
	if (near)
		return err_hint(err, "Did you mean %s? Formats of belay %s are %s.", near,
			c->command->name, formats_of(c));
	return err_hint(err, "Formats of belay %s are %s; json=FILE writes to a file.",
		c->command->name, formats_of(c));
}

static bool read_outputs(struct cli *c, struct err *err)
{
	const char **given;
	size_t n = cli_list(c, "output", &given), to_stdout = 0;

	for (size_t i = 0; i < n; i++) {
		struct slice rest = slice_of(given[i]), format;
		const struct reporter *r;
		struct output o = {0};

		slice_next(&rest, '=', &format);
		o.format = arena_cstr(&c->arena, format);
		o.file = rest.at && rest.len ? rest.at : NULL;
		r = reporter_find(format);
		if (!r || !reporter_has(r, c->command->document))
			return unknown_format(c, format, err);
		to_stdout += !o.file;
		*ARENA_PUSH(&c->arena, c->outputs, c->noutputs) = o;
	}
	if (to_stdout > 1) {
		err_set(err, ERR_INPUT, "only one output can go to standard output");
		return err_hint(err, "Name a file for the others: -o text -o sarif=belay.sarif");
	}
	if (c->noutputs == 0)
		*ARENA_PUSH(&c->arena, c->outputs, c->noutputs) = (struct output){"text", NULL};
	return true;
}

bool cli_wants(const struct cli *c, const char *format)
{
	for (size_t i = 0; i < c->noutputs; i++)
		if (strcmp(c->outputs[i].format, format) == 0)
			return true;
	return false;
}

bool cli_emit(struct cli *c, const char *format, struct slice document, struct err *err)
{
	for (size_t i = 0; i < c->noutputs; i++) {
		const struct output *o = &c->outputs[i];

		if (strcmp(o->format, format) != 0)
			continue;
		if (o->file) {
			if (!io_write(o->file, document, 0644, err))
				return false;
		} else if (document.len) {
			fwrite(document.at, 1, document.len, stdout);
		}
	}
	return true;
}

bool cli_report(struct cli *c,
	void (*fill)(const struct reporter *r, struct buf *b, const void *document),
	const void *document, struct err *err)
{
	bool ok = true;

	for (size_t i = 0; ok && reporters[i]; i++) {
		struct buf b = {0};

		if (!cli_wants(c, reporters[i]->format))
			continue;
		fill(reporters[i], &b, document);
		ok = cli_emit(c, reporters[i]->format, buf_slice(&b), err);
		buf_done(&b);
	}
	return ok;
}

static bool find_root(struct cli *c, struct err *err)
{
	const char *dir = cli_text(c, "directory");
	char *full = realpath(dir ? dir : ".", NULL);

	if (!full)
		return err_errno(err, "work in", dir ? dir : ".");
	c->root = arena_cstr(&c->arena, slice_of(full));
	free(full);
	full = realpath(".", NULL);
	c->prefix = full ? io_relative(&c->arena, full, c->root) : "";
	free(full);
	/* Elsewhere, or right here: names are as the project has them. */
	if (c->prefix[0] == '/' || strcmp(c->prefix, ".") == 0)
		c->prefix = "";
	if (!io_is_dir(c->root))
		return err_set(
			err, ERR_INPUT, "cannot work in \"%s\": it is not a folder", c->root);
	return true;
}

static void colours(struct cli *c)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	bool off = cli_flag(c, "no-color") || (no && no[0]) || (term && strcmp(term, "dumb") == 0);

	c->color_out = !off && isatty(STDOUT_FILENO);
	c->color_err = !off && isatty(STDERR_FILENO);
}

static int run(struct cli *c, int argc, char **argv, struct err *err)
{
	bool parsed = options_parse(c, argc, argv, err);

	colours(c);
	c->quiet = cli_flag(c, "quiet");
	parsed = parsed && log_read_format(c, err);
	if (cli_flag(c, "version")) {
		err_done(err);
		printf("belay %s\n", BELAY_VERSION);
		return 0;
	}
	if (cli_flag(c, "help") && (parsed || c->command)) {
		err_done(err);
		if (c->command)
			print_command_help(c->command);
		else
			print_help();
		return 0;
	}
	if (!parsed)
		return 2;
	if (!c->command) {
		if (argc > 1) {
			err_set(err, ERR_INPUT, "no command was given");
			err_hint(err, "belay --help lists the commands.");
			return 2;
		}
		print_help();
		return 2;
	}
	if (!read_outputs(c, err) || !find_root(c, err) ||
		!config_read(&c->config, &c->arena, c->root, cli_text(c, "config"), err) ||
		!cli_validate(c, err))
		return 2;
	return c->command->run(c, err);
}

static bool asked_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-ojson") == 0 || strcmp(argv[i], "--output=json") == 0)
			return true;
		if ((strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0) &&
			i + 1 < argc && strcmp(argv[i + 1], "json") == 0)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct cli c = {0};
	struct err err = {0};
	struct buf b = {0};
	int code;

	signals_install();
	code = run(&c, argc, argv, &err);
	if (err_is(&err)) {
		if (err.code == ERR_INTERRUPTED && signals_pending() == SIGTERM)
			err.signal = SIGTERM;
		code = err_exit_code(&err);
		if (asked_for_json(argc, argv)) {
			report_error_json(&b, &err);
			fwrite(b.at, 1, b.len, stdout);
		}
		fflush(stdout);
		error_print(&c, &err);
	}
	if (fflush(stdout) || ferror(stdout)) {
		if (code == 0) {
			fprintf(stderr, "error: cannot write the result to standard output\n");
			code = 2;
		}
	}
	buf_done(&b);
	err_done(&err);
	arena_done(&c.arena);
	return code;
}
