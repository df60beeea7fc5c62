/* steps.h - safe steps as files of the project: what `new` and `fix` write. */
#ifndef BELAY_CLI_STEPS_H
#define BELAY_CLI_STEPS_H

#include "cli/cli.h"
#include "rewrite/rewrite.h"

/* The schema after all migrations of the project, as far as they can be read; after the live
 * schema's when --db is given. `x` has an open reader and the catalog. */
struct schema_now {
	const struct engine *engine;
	int version;
	struct reader *reader;
	struct catalog *catalog;
	struct session session;
};
bool schema_now_open(struct cli *c, const struct project *p, struct schema_now *x, struct err *err);
/* The same without any migration, and an empty catalog. */
bool schema_now_empty(
	struct cli *c, const struct project *p, struct schema_now *x, struct err *err);
void schema_now_close(struct schema_now *x);
/* Replays a part; what does not fit leaves the catalog incomplete instead of failing. */
bool schema_now_replay(struct cli *c, struct schema_now *x, const struct source *src, size_t off,
	size_t len, struct err *err);

/* Does the layout's runner send a file as one message? */
bool sends_one_message(const struct layout *l);
/* The files of these steps (from `from` on), numbered one after the other behind the last
 * migration; contract steps that follow others go to a later/ folder where the project's own runner
 * cannot be stopped. */
bool steps_files(struct cli *c, const struct project *p, struct slice name,
	struct safe_step *const *steps, size_t from, size_t n, struct new_file **files,
	size_t *nfiles, struct err *err);
/* Every step parses: what was given on the command line became part of it. */
bool steps_parse(struct cli *c, struct schema_now *x, struct safe_step *const *steps, size_t n,
	struct err *err);
/* Writes all of them, or none when one is there already. */
bool files_write(struct cli *c, const struct new_file *files, size_t n, struct err *err);
/* Letters, digits and _ only: the name becomes part of file names. */
struct slice file_word(struct arena *a, struct slice name);

#endif
