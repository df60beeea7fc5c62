/* oracle.h - the effects of PostgreSQL held up against servers and against a table. README.md.
 *
 * table.c reads and prints the table, watch.c asks a server, matrix.c counts what is covered,
 * oracle_test.c predicts and compares. */
#ifndef BELAY_TESTS_ORACLE_EFFECTS_H
#define BELAY_TESTS_ORACLE_EFFECTS_H

#include "base/io.h"
#include "engine/engine.h"

enum fact {
	FACT_LOCKS,
	FACT_REWRITES,
	FACT_SCANS,
	FACT_BUILDS,
	FACT_WRITES,
	FACT_DESTROYS,
	FACT_BREAKS,
	FACT_TRANSACTION, /* the rest is one word each; no line: allowed, same, exact, ok */
	FACT_RERUN,
	FACT_UNDO,
	FACT_OUTCOME,
	FACTS_
};

struct fact_row {
	const char *word;
	const char *usual; /* NULL: a list of objects, "table MODE" or "table" each */
};
extern const struct fact_row fact_rows[FACTS_];

/* What one of the three says. "?" at the end of an entry: not certain. */
struct answer {
	struct names facts[FACTS_];
	bool told[FACTS_];  /* a server may not tell all of them */
	const char *back;   /* what the way back brought back; NULL: it did not run */
	struct slice words; /* the server's, when it refused; what is missing, when predicted */
};

/* One line of the table. */
struct claim {
	enum fact fact;
	int from, to; /* major versions */
	struct names is;
};

struct result {
	int version; /* major; 0: not run */
	struct answer predicted, observed;
	struct slice way_back; /* that was tried */
	struct slice replayed; /* how the prediction from a replayed setup differs */
};

enum { VERSIONS = 7 };

struct kase {
	size_t line;
	struct slice context; /* what ran before it: in the same transaction if it can be in one */
	struct slice sql;
	struct slice way_back; /* as rewrite/ writes it; empty: none, or not asked for */
	struct slice inverse;  /* brings back what was there before, as far as `undo` says */
	int from, to;          /* versions it is tried on */
	bool clock;            /* a second run differs for the time that has passed */
	struct claim *claims;
	size_t nclaims;
	struct result results[VERSIONS];
};

struct section {
	const char *file;
	struct slice title, setup;
	size_t line; /* of the setup */
	int from, to;
	struct kase *cases;
	size_t n;
};

struct table {
	struct arena *arena;
	struct section *sections;
	size_t n;
};

/* Lists of facts: sorted, and spelt as the table does. */
bool fact_doubtful(struct slice s);
struct slice fact_sure(struct slice s);
bool fact_has(struct names n, struct slice s);
void fact_add(struct arena *a, struct names *n, struct slice s);
void fact_add_word(struct arena *a, struct answer *to, enum fact f, struct slice word);
struct slice fact_spelt(struct arena *a, struct name n, struct slice part);
struct slice fact_joined(struct arena *a, struct names n);

/* Adds what a file says. */
void table_read(struct table *t, struct arena *a, const char *file, struct slice text);
/* What the table says of a fact on that version. */
struct names table_says(const struct kase *k, enum fact f, int version);
/* As it was observed, and predicted where nothing was, on `n` versions. */
void table_print(const struct table *t, size_t n, const char *only);
/* Is the section asked for, by a part of its title or the name of its file? */
bool table_wants(const struct section *s, const char *only);

/* ---- One server ---- */
struct watch {
	const struct engine *e;
	struct scratch *scratch;
	struct arena *arena; /* for answers */
	struct conn *conn;   /* the section's database */
	struct conn *second; /* looks on while the first one works */
	struct gate *gates;
	size_t ngates;
	struct answer *gated;                 /* what they saw */
	struct rows tables, indexes, objects; /* before the statement */
	bool stale;                           /* they are a context's */
	const char *objects_sql, *schema_sql;
};
/* A section's database: empty, with the setup, and a pristine copy of it. */
void watch_section(struct watch *w, const struct section *s);
void watch_end(struct watch *w);
struct catalog *watch_load(struct watch *w, struct conn *c);
/* `held`: the locks that the context had taken already. */
void watch_case(struct watch *w, struct kase *k, struct observed *held, struct answer *out);
/* Once more in a transaction, and then the way back of the case: out->back. Building an index
 * leaves the table's size behind in the catalog, which other plans go by: after all that is
 * watched. */
void watch_back(struct watch *w, const struct kase *k, struct answer *out);
bool watch_stronger(const struct observed *held, struct name n, const char *mode);

/* Which rows of change.def × contexts have been tried, and which not. */
void matrix_print(const struct table *t, const struct engine *e, struct reader *r);

#endif
