/* sqlite.h - SQLite's row of the table of engines, and what its files share. */
#ifndef BELAY_ENGINE_SQLITE_SQLITE_H
#define BELAY_ENGINE_SQLITE_SQLITE_H

#include "engine/engine.h"

struct sqlite3;
struct token;

extern const struct engine_batches sqlite_batches; /* batches.c */
extern const struct engine_keep sqlite_keep;       /* keep.c */
extern const struct engine_dump sqlite_dump;       /* dump.c */
bool sqlite_sizes(struct conn *c, struct arena *a, struct table_size **out, size_t *n,
	struct err *err); /* sizes.c */

/* ---- confirm.c: asking SQLite itself ---- */

/* SQLite's version as our number (3.40.1 = 34001). */
int sqlite_version(void);
/* An empty database in memory that statements can be prepared in and never reach anything outside:
 * ATTACH, load_extension, PRAGMAs and virtual tables' files are denied by its authorizer. */
bool sqlite_sandbox_open(struct sqlite3 **out, struct err *err);
void sqlite_sandbox_close(struct sqlite3 *db);
void sqlite_sandbox_run(struct sqlite3 *db, const char *sql); /* a statement of our own */

/* What SQLite says about a statement. */
struct opinion {
	bool ok;
	bool syntax;          /* it does not parse */
	struct slice message; /* SQLite's own words */
	size_t at;            /* offset into the statement, SIZE_MAX if not said */
	struct names stubs; /* functions, collations that SQLite does not have: the application's */
};
/* Is it syntax? Only prepares, in a sandbox without tables: every other complaint counts as ok (its
 * words are in `message`). */
void sqlite_syntax(struct sqlite3 *db, struct slice sql, struct arena *a, struct opinion *out);
/* Would it prepare after `schema` (DDL, as catalog_render writes it)? Functions and collations of
 * the application get stubs and are listed. False only if the schema itself cannot be built. */
bool sqlite_confirm(struct slice schema, struct slice statement, struct arena *a,
	struct opinion *out, struct err *err);

/* What change.payload points to: for CREATE TABLE a slice with SQLite's reason to refuse it (NULL:
 * none); for INSERT, REPLACE and UPDATE this, about the values written. */
struct sqlite_values {
	struct expr_facts facts; /* of all of them together */
	bool null;               /* a NULL is among them */
};

/* ---- read.c ---- */
bool sqlite_reader_open(struct reader **out, const struct reader_options *o, struct err *err);
void sqlite_reader_close(struct reader *r);
bool sqlite_read(struct reader *r, struct arena *a, struct statement *st, struct err *err);
int sqlite_looks_like(struct slice text);
bool sqlite_needs_no_tx(const struct statement *st, int version);
bool sqlite_is_same(
	struct conn *c, struct arena *a, bool *same, struct slice *now, struct err *err);
bool sqlite_commit_unsure(struct conn *c, const struct err *why);
/* Reads a CREATE statement of sqlite_schema: its change, NULL if it cannot be read. The tokens are
 * only room to work in: zeroed before the first call, tokens_done() after the last. */
struct tokens {
	struct token *at;
	size_t n, cap;
};
void tokens_done(struct tokens *t);
const struct change *sqlite_read_schema(struct arena *a, struct tokens *t, struct slice sql);

/* ---- effects.c ---- */
void sqlite_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out);

/* ---- conn.c ---- */
bool sqlite_connect(struct conn **out, const struct conn_options *o, struct err *err);
/* Opens a file for a scratch database: reaches nothing but that file. */
bool sqlite_connect_confined(
	struct conn **out, const char *path, const struct waiter *w, struct err *err);
struct sqlite3 *sqlite_handle(struct conn *c);
/* The path in a URL: what follows sqlite: (and an empty host). */
struct slice sqlite_url_path(struct slice url);
bool sqlite_observe_begin(struct conn *c, struct err *err);
bool sqlite_observe_end(struct conn *c, struct arena *a, struct observed *out, struct err *err);

/* ---- load.c ---- */
bool sqlite_load(
	struct conn *c, struct catalog *into, const struct load_options *o, struct err *err);
bool sqlite_rows_fingerprint(struct conn *c, struct name table, struct names columns,
	long long *count, char hash[65], struct err *err);
bool sqlite_positions(struct conn *c, struct arena *a, struct names *out, struct err *err);

/* ---- scratch.c ---- */
bool sqlite_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err);
bool sqlite_scratch_open(
	struct scratch *s, const char *name, const char *from, struct conn **out, struct err *err);
bool sqlite_scratch_drop(struct scratch *s, const char *name, struct err *err);
struct scratch_info sqlite_scratch_info(const struct scratch *s);
void sqlite_scratch_stop(struct scratch *s);

#endif
