/* outlook_internal.h - shared by outlook.c, estimate.c, risk.c and guide.c. */
#ifndef BELAY_PLAN_OUTLOOK_INTERNAL_H
#define BELAY_PLAN_OUTLOOK_INTERNAL_H

#include "plan/outlook.h"

struct looking {
	struct arena *a;
	const struct outlook_request *r;
	struct session session;
	struct outlook *out;
	size_t step; /* the next one */
};

/* How large a table is when the plan begins. */
enum size_known { SIZE_UNKNOWN, SIZE_NEW, SIZE_KNOWN };
enum size_known looking_size(struct looking *x, struct name table, struct table_size *out);

/* estimate.c */
void estimate(struct looking *x, struct outlook_statement *s);
struct interval interval_add(struct interval a, struct interval b);
/* risk.c */
void weigh_statement(struct looking *x, struct outlook_statement *s);
void weigh_migration(struct looking *x, struct outlook_migration *m);
/* guide.c */
void guide(struct looking *x);

/* Does it work on what was there before the plan (and is not known to be empty)? */
bool looking_matters(struct looking *x, struct name table);

#endif
