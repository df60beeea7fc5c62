/* log.h - `--log-format json`: what goes to standard error as one JSON object a line.
 *
 * Each line has time, level (info, warning, error) and event; docs/log.md lists them. Nothing else
 * is written to standard error then, questions apart. The library knows nothing of it. */
#ifndef BELAY_CLI_LOG_H
#define BELAY_CLI_LOG_H

#include "cli/running.h"

/* "json" or "text"; anything else is an error. */
bool log_read_format(struct cli *c, struct err *err);
/* Remarks for people: not when they asked for silence or for JSON. */
bool log_talks(const struct cli *c);

/* Each writes nothing unless JSON was asked for. */
void log_message(const struct cli *c, const char *level, const char *event, struct slice text);
void log_error(const struct cli *c, const struct err *err);
void log_begin(const struct cli *c, const struct conn_identity *id);
void log_run(struct running *r, const struct run_event *e);
void log_done(const struct running *r, bool ok, size_t migrations);

#endif
