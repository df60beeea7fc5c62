/* code.h - where an application's files say a name. */
#ifndef BELAY_CLI_CODE_H
#define BELAY_CLI_CODE_H

#include "base/arena.h"
#include "base/err.h"

struct code_line {
	const char *path; /* relative to the folder that was searched */
	size_t line;
	struct slice text; /* cleaned, shortened */
};
struct code_search {
	struct slice table, column;   /* column empty: the table itself */
	const char *const *leave_out; /* folders, relative to `dir`; ends with NULL */
	struct code_line *at;
	size_t n;
	size_t files;  /* read */
	size_t beyond; /* lines found and not kept: there were too many */
};
/* Reads text files below `dir`, but for what is hidden, fetched or built (.git, node_modules,
 * vendor, …). A name is also found as ORMs write it: order_items as OrderItem, orderItems. A column
 * counts in files that name its table. */
bool code_find(struct code_search *s, struct arena *a, const char *dir, struct err *err);

#endif
