/* foretold.h - how long the statements of a dry run would take: belay plan's estimates. */
#ifndef BELAY_CLI_FORETOLD_H
#define BELAY_CLI_FORETOLD_H

#include "cli/cli.h"
#include "plan/outlook.h"

/* `now`: the schema as it is; the sizes are asked for. */
bool foretell(struct outlook *out, struct cli *c, struct conn *conn, const struct plan *p,
	const struct catalog *now, struct err *err);
/* A line for the step, of a migration of the outlook that is at `at`; nothing for what takes no
 * time to speak of. */
void foretold_print(struct cli *c, const struct outlook_migration *at, const struct step *s);

#endif
