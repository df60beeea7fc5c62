/* lint.h - judging: the rule table, and one pass over a history that fills a list of findings.
 *
 *	struct judge_input in = {...}; struct verdict v;
 *	judge(&v, arena, &in, &err);
 *
 * Parse in parallel, replay in order, judge in the replay pass. Rules consume effects, they do not
 * re-derive them. The result is sorted by file, offset, rule id: same input, same bytes. */
#ifndef BELAY_LINT_LINT_H
#define BELAY_LINT_LINT_H

#include "layout/layout.h"
#include "lint/policy.h"

enum severity { SEVERITY_OFF, SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };
enum tier { TIER_ON, TIER_ADVICE, TIER_POLICY };

struct rule;

struct finding {
	const struct rule *rule;
	enum severity severity;
	bool certain;
	struct names needs;
	struct span span; /* the offending words */
	const char *file; /* as shown; for findings without a span (a missing down) */
	int statement;    /* index in its file, -1 = none */
	const struct migration *migration; /* NULL outside a project */
	struct slice object;               /* public.orders, quoted where needed; may be empty */
	struct slice message, why, safe;
	char fingerprint[33]; /* stable over line shifts: rule, file, object, normalised statement
			       */
	bool suppressed;      /* by a directive, belay.yml or the baseline: kept, not reported */
};

struct opaque_note {
	struct span span;
	struct slice reason;
};

/* Everything a rule may look at for one statement. */
struct judged {
	struct arena *arena;
	const struct catalog *before;  /* schema at that point */
	const struct session *session; /* transaction, locks, timeouts at that point */
	const struct statement *statement;
	const struct effect *effect;
	const struct migration *migration; /* NULL: a lone file or stdin */
	const struct project *project;     /* NULL likewise */
	enum dialect dialect;
	int version;
	struct history_facts *facts; /* what earlier statements and migrations left behind */
	struct judge *judge;         /* for finding_add() */
};

struct rule {
	const char *id;
	enum tier tier;
	enum severity severity;
	unsigned engines; /* RULE_PG | RULE_MYSQL | RULE_MARIADB | RULE_SQLITE */
	unsigned classes; /* RULE_CLASS(CLASS_ALTER) | …: statements that have none of them are not
			     shown to `check`; 0 = all are */
	int since, until; /* server versions (0 = no bound), until is exclusive */
	const char *says; /* one line: what happens */
	const char *why;  /* a paragraph: what the server does, what it costs */
	const char *safe; /* the safe form, in words or SQL; a finding may give its own */
	const char *doc;  /* the manual's page */
	/* A statement that makes it fire, and one that leaves it silent; run as tests and printed
	 * by `belay rules ID`. The set-up comes first. */
	const char *setup, *bad, *good;
	const char *config; /* the belay.yml of the examples; NULL = none is needed */
	enum dialect example_dialect;
	const char *example_version; /* of the server; NULL = the usual one */
	/* Looks at one statement (all that are not syntax errors). NULL for rules of the folder. */
	void (*check)(const struct rule *r, struct judged *j);
	/* After the last statement of each script: j->before is the schema that it leaves, and
	 * j->statement is NULL; may be NULL. */
	void (*after)(const struct rule *r, struct judged *j);
	/* At the end of the whole history; may be NULL. */
	void (*finish)(const struct rule *r, struct judged *j);
	/* More specific rules hide less specific ones on the same span: ids, ends with NULL. */
	const char *const *hides;
};
enum { RULE_PG = 1, RULE_MYSQL = 2, RULE_MARIADB = 4, RULE_SQLITE = 8, RULE_ALL = 15 };
#define RULE_CLASS(class) (1u << (class))

extern const struct rule *const rules[]; /* sorted by id, ends with NULL */
const struct rule *rule_find(struct slice id, const char **nearest);

struct rule_setting {
	const char *rule; /* id, or "all" */
	enum severity severity;
	const char *const *paths; /* globs; NULL = everywhere */
};
struct allow_setting {
	const char *file, *rule, *fingerprint, *until, *because;
	struct span at; /* in belay.yml */
};

/* Findings that were there when belay came, by fingerprint: a text file, a line each. */
struct baseline_entry {
	struct slice fingerprint, rule, file;
	struct span at;
};
struct baseline {
	struct baseline_entry *at; /* sorted by fingerprint */
	size_t n;
};
struct verdict;
/* Reads what baseline_write wrote; `src` must outlive the findings. */
bool baseline_read(
	struct baseline *out, struct arena *a, const struct source *src, struct err *err);
/* All findings that nobody has answered for. Returns how many. */
size_t baseline_write(struct buf *b, const struct verdict *v);

struct judge_input {
	const struct engine *engine;
	int version;
	bool assumed;                  /* nothing said or showed which engine it is for */
	const struct project *project; /* a folder in its layout's order … */
	struct source **files;         /* … or lone files / stdin, in this order */
	size_t nfiles;
	struct source *base_schema; /* stands before everything; NULL = none */
	struct catalog *live; /* --db: the schema before the pending migrations; NULL = replay */
	/* Only findings of these migrations / files are reported; all are read for context. */
	bool (*report_this)(void *ctx, const char *path);
	/* Was that migration not there before? Asked with report_ctx; NULL = not known. */
	bool (*is_new)(void *ctx, const char *path);
	void *report_ctx;
	const char *const *select, *const *ignore; /* rule ids; NULL-terminated; may be NULL */
	const struct rule_setting *settings;
	size_t nsettings;
	const struct allow_setting *allows;
	size_t nallows;
	const struct policy *policies;
	size_t npolicies;
	const struct baseline *baseline; /* NULL = none */
	bool deployed; /* of lone files: each statement was a deploy of its own, and what it made
			  is in use. Else a table that a file makes is new while the file goes on
			  with making it, until it puts rows into it. */
	const char *start_after; /* migrations up to and including this id are context only */
	const char *today;       /* YYYY-MM-DD, for expiry dates */
	unsigned threads;        /* 0 = as many as cores */
	/* The safe form of a finding's statement, by the recipes above this folder; empty = the
	 * rule's own words stay. Asked for reported findings only. May be NULL. */
	struct slice (*safe_form)(const struct judged *j, const struct rule *r);
};

struct verdict {
	struct finding *findings;
	size_t nfindings;
	struct opaque_note *opaque;
	size_t nopaque;
	size_t files, statements;
	const char **paths; /* of those files, in the order in which they were read */
	size_t npaths;
	size_t errors, warnings, infos; /* of the reported ones */
	size_t answered;                /* the others: kept in `findings`, not reported */
};

bool judge(struct verdict *out, struct arena *a, const struct judge_input *in, struct err *err);

/* For rules. The finding takes severity and words from the rule; fill what differs. */
struct finding *finding_add(struct judged *j, const struct rule *r, struct span at,
	struct slice object, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

const char *severity_word(enum severity s);

#endif
