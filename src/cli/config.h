/* config.h - belay.yml.
 *
 * Unknown keys are an error with the nearest known one. ${NAME} in values is the environment
 * variable; a value with an unset variable is an error only when it is used. */
#ifndef BELAY_CLI_CONFIG_H
#define BELAY_CLI_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "lint/lint.h"
#include "plan/window.h"
#include "run/run.h"

struct config_env {
	const char *name, *url, *role, *journal;
	bool protected_, require_receipt;
	int wait_ms, hold_ms; /* lock budget; -1 = not said */
	struct window window;
	bool backup_said;
	enum backup_mode backup;
};

/* backups: what is kept before one-way doors, where, and for how long. */
struct config_backups {
	enum backup_mode mode;
	const char *dir;     /* of whole ones; NULL = .belay/backups */
	long long max_bytes; /* of one archive; 0 = no limit */
	int keep_days;       /* belay backups --prune; 0 = for ever */
};

/* A program and its arguments, run without a shell; argv[n] is NULL; n 0 = none. */
struct config_hook {
	const char **argv;
	size_t n;
};

struct config {
	const char *path; /* NULL = there is none */
	const char *dialect, *server_version, *layout, *base_schema, *history_table;
	const char **migrations;
	size_t nmigrations;
	struct slice (*placeholders)[2];
	size_t nplaceholders;
	bool no_placeholders; /* `placeholders: false`: the tool replaces none in this project */
	struct config_env *envs;
	size_t nenvs;
	const char *journal;
	bool out_of_order, ignore_missing; /* as the options of up */
	struct config_hook before_up, after_up, on_block;
	struct batch_limits batches;
	struct config_backups backups;
	struct rule_setting *rules;
	size_t nrules;
	const char *start_after, *baseline;
	struct allow_setting *allows;
	size_t nallows;
	struct policy *policies;
	size_t npolicies;
};

/* Reads `path`; NULL: belay.yml (or .yaml) in `root` if it is there. */
bool config_read(
	struct config *out, struct arena *a, const char *root, const char *path, struct err *err);
const struct config_env *config_env(const struct config *c, const char *name);
/* ${NAME} replaced; an unset variable is an error that names it. */
bool config_expand(struct arena *a, const char *value, struct slice *out, struct err *err);

#endif
