/* internal.h - shared inside src/lint only. */
#ifndef BELAY_LINT_INTERNAL_H
#define BELAY_LINT_INTERNAL_H

#include "lint/facts.h"
#include "lint/lint.h"
#include "sql/quote.h"

/* One script to judge: a direction of a migration, a lone file, the base schema. */
struct unit {
	const struct migration *migration;
	const struct source *src;
	size_t off, len;
	enum tx_mode tx;
	bool lone;    /* each statement in a transaction of its own until a BEGIN */
	bool down;    /* only parsed */
	bool context; /* read, not reported */
	struct script script;
	struct directive *directives; /* of the whole file */
	size_t ndirectives;
	bool ok;
	struct err err;
};

struct judge {
	const struct judge_input *in;
	struct arena *arena;
	struct arena scratch; /* of the statement being judged: its effects */
	struct verdict *out;
	struct catalog *catalog;
	struct session session;
	const struct rule **active; /* that apply to this engine and are not off everywhere */
	size_t nactive;
	struct history_facts *facts;
	struct unit *units;
	size_t nunits;
	const struct unit *unit;   /* the one being judged */
	bool base_unknown;         /* something was used that no migration made */
	size_t first_of_statement; /* index of its first finding */
};

/* The rest of the rule files. */
#define FOR_CHANGES(j, c)                                                                          \
	for (const struct change *c = (j)->statement->changes,                                     \
				 *c##_end = c + (j)->statement->nchanges;                          \
		c < c##_end; c++)

/* public.orders or public.orders.status, quoted where needed. */
struct slice shown(struct judged *j, struct name n, struct slice part);
/* The target of a change as an object that existed before this transaction; false when it is new
 * here, temporary or known to be absent. *name is resolved. */
bool existed_before(struct judged *j, const struct change *c, enum object_type type,
	struct name *name, const struct object **object);
/* Does the effect rewrite / scan / build on an existing relation? */
const struct touched *first_existing(const struct touched *v, size_t n);
const struct lock *strongest_existing(const struct effect *e);
/* A finding on a change, uncertain when the effect is. */
struct finding *on_change(struct judged *j, const struct rule *r, const struct change *c,
	struct slice object, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Strongest lock of that class or more that the open transaction holds on existing relations. */
const struct session_lock *held(const struct judged *j, int strength);

/* Every rule, a row of rules.def each. */
#define RULE(name) extern const struct rule rule_##name;
#include "lint/rules.def"
#undef RULE

/* --select all */
bool select_all(const struct judge *jg);
/* `u` is the unit the finding is in, NULL for findings of the folder. */
bool suppressed(struct judge *jg, const struct unit *u, const struct finding *f);
void report_unused(struct judge *jg, const struct unit *u);
bool path_matches(const char *pattern, const char *path);

#endif
