/* doors.h - asking in front of one-way doors. */
#ifndef BELAY_CLI_DOORS_H
#define BELAY_CLI_DOORS_H

#include "cli/cli.h"
#include "run/run.h"

/* Is the loss agreed to: by --yes-destroy, by the migration itself, or typed now? ERR_REFUSED with
 * the next commands if not. `kept`: an archive is made, so that nothing is lost. */
bool doors_agree(struct cli *c, const struct migration *m, const struct door *doors, size_t n,
	enum direction d, struct err *err);
bool backup_mode_of(struct slice word, enum backup_mode *out);
/* Takes away archives older than so many days, and those that were begun and never finished. */
bool backups_prune(struct cli *c, struct conn *conn, struct archive *v, size_t n, long long days,
	size_t *removed, struct err *err);
/* The whole database in a file, and a row about it. */
bool backup_whole(struct cli *c, struct conn *conn, struct lease *lease, const struct migration *m,
	enum direction d, long long run, struct err *err);
/* --backup, else the environment's or the project's setting; what an archive may take. */
bool doors_backup(struct cli *c, struct run_options *out, struct err *err);
/* --dry-run: a line for each door of the migration whose first step is `from`. */
bool doors_print(struct cli *c, struct doors *doors, size_t from, struct err *err);
/* The command that was given, with `more` added: what can be pasted to go on. */
struct slice command_again(struct cli *c, const char *without, struct slice more);

#endif
