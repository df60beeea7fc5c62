/* gates.h - what stands between a command and a database: roles, protected names, windows,
 * receipts. */
#ifndef BELAY_CLI_GATES_H
#define BELAY_CLI_GATES_H

#include "cli/cli.h"
#include "plan/plan.h"
#include "rehearse/rehearse.h"

const struct config_env *gate_env(const struct cli *c); /* of --env; NULL = none */
/* The environment's role, from now on. */
bool gate_role(const struct cli *c, struct conn *conn, struct err *err);
/* A protected environment wants its name: --confirm NAME, or typed. */
bool gate_protected(const struct cli *c, struct err *err);
/* --window, else the environment's. */
bool gate_window(const struct cli *c, struct window *out, struct err *err);
/* --receipt FILE, or an environment that requires one: each migration of the plan was rehearsed as
 * it is now. */
bool gate_receipt(struct cli *c, const struct plan *plan, struct err *err);
/* rehearse --receipt FILE: written when every proof holds. */
bool receipt_write(struct cli *c, const struct rehearsal *r, struct err *err);

#endif
