/* outlook.h - what a plan means for the people who carry it out: how long, how risky, in which
 * order, and how back.
 *
 * Facts in (the plan with its effects, the sizes of tables), words out; no I/O. Durations are
 * intervals: rates of slow and of fast machines over sizes that statistics give. What waiting for
 * locks adds is not in them. A size that is not known is named, never guessed. */
#ifndef BELAY_PLAN_OUTLOOK_H
#define BELAY_PLAN_OUTLOOK_H

#include "plan/plan.h"

/* Without `known` the work is at least from_ms; how much more, nobody knows. */
struct interval {
	long long from_ms, to_ms;
	bool known;
};

enum risk { RISK_LOW, RISK_MEDIUM, RISK_HIGH };
struct reason {
	enum risk risk;
	struct slice words;
};
struct reasons {
	struct reason *at;
	size_t n;
};

struct outlook_statement {
	const struct step *step;
	struct interval time;
	struct names unknown; /* what the interval would need */
	enum risk risk;
	struct reasons reasons;
};
struct outlook_migration {
	const struct migration *migration;
	struct outlook_statement *at;
	size_t n;
	bool grouped; /* one transaction */
	bool has_way_back;
	enum undo undo; /* the worst of its statements */
	struct interval time;
	enum risk risk;
	struct reasons reasons; /* of the migration as a whole */
};
struct outlook {
	const struct plan *plan;
	enum dialect dialect;
	int version;
	struct slice server, database; /* empty without one */
	struct outlook_migration *at;
	size_t n;
	struct interval time;
	enum risk risk;
	struct names rests_on, deploy, rollback, before, during, after;
	struct slice script; /* to run by hand; empty unless asked for */
};

struct outlook_request {
	const struct plan *plan;
	enum dialect dialect;
	int version;
	struct slice server, database;
	const struct catalog *before; /* the schema the plan begins with; NULL = not known */
	const struct table_size *sizes;
	size_t nsizes;
	struct slice options;         /* " --env production": behind each command of ours */
	struct slice ids;             /* " 003", " --phase contract": behind up */
	size_t contracts;             /* migrations that wait for --phase contract */
	const struct migration *code; /* stops the run: not SQL; may be NULL */
};
void outlook_make(struct outlook *out, struct arena *a, const struct outlook_request *r);

const char *risk_word(enum risk r); /* low, medium, high */
/* "3 s to 20 s"; "at least 3 s". */
struct slice interval_words(struct arena *a, struct interval t);
/* An object as people write it. */
struct slice outlook_object(struct arena *a, enum dialect d, struct name n, struct slice part);

#endif
