/* mysql.h - inside the engine for MySQL and MariaDB: what its files tell each other.
 *
 * Conventions of the catalog for this engine:
 *	schema		the database; empty when none is known
 *	types		as information_schema.columns.column_type prints them on that server
 *	primary key	a constraint named PRIMARY; the index of that name stands behind it
 *	unique key	an index, unique set: the server makes no difference either
 *	foreign key	a constraint; the index that the server adds by itself is there too
 *	check		a constraint; MariaDB's column checks are named after their column
 *	charset		of a table or column: empty = not said, then it is never compared
 *	normal		of expressions: our canonical spelling (expr.c), made from the author's text
 *			by the reader and from the server's by the loader */
#ifndef BELAY_ENGINE_MYSQL_MYSQL_H
#define BELAY_ENGINE_MYSQL_MYSQL_H

#include "engine/engine.h"

struct my_dialect {
	enum dialect dialect;
	int version;
	bool ansi_quotes, no_backslash_escapes;
};
static inline bool is_mariadb(const struct my_dialect *d)
{
	return d->dialect == DIALECT_MARIADB;
}

/* ---- budget.c ---- */
extern const struct engine_locks mysql_locks;
extern const struct engine_batches mysql_batches; /* batches.c */
extern const struct engine_keep mysql_keep;       /* keep.c */
extern const struct engine_dump mysql_dump;       /* dump.c */

/* ---- watch.c ---- */
extern const struct engine_watch mysql_watch;
bool mysql_sizes(struct conn *c, struct arena *a, struct table_size **out, size_t *n,
	struct err *err); /* sizes.c */

/* ---- charset.c ---- */
/* utf8 becomes utf8mb3, names become lower case; NULL if the name is not one we know. */
const char *my_charset_canonical(struct slice name);
/* The collation that a character set has by default on that server. */
const char *my_charset_collation(const struct my_dialect *d, struct slice charset);
/* The character set of a collation: what stands before the first '_'. */
struct slice my_collation_charset(struct arena *a, struct slice collation);
struct slice my_collation_canonical(struct arena *a, struct slice collation);
/* What a server of that version takes when nobody said another. */
struct slice my_charset_server(const struct my_dialect *d);
int my_charset_bytes(struct slice charset); /* most bytes of one character; 4 if not known */
struct slice engine_canonical(struct arena *a, struct slice engine);
bool my_engine_known(struct slice canonical);

/* ---- read.c ---- */
bool mysql_reader_open(struct reader **out, const struct reader_options *o, struct err *err);
bool mariadb_reader_open(struct reader **out, const struct reader_options *o, struct err *err);
void mysql_reader_close(struct reader *r);
bool mysql_read(struct reader *r, struct arena *a, struct statement *st, struct err *err);
int mysql_looks_like(struct slice text);
int mariadb_looks_like(struct slice text);
/* Canonical spelling of an expression that a server printed; empty if it cannot be had. */
struct slice my_normal(struct arena *a, const struct my_dialect *d, struct slice text);
/* Canonical spelling of a column default as information_schema prints it. */
struct slice my_type_text(struct arena *a, const struct my_dialect *d, struct slice text);

/* ---- effects.c ---- */
void mysql_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out);
bool mysql_needs_no_tx(const struct statement *st, int version);

/* ---- conn.c ---- */
bool mysql_connect_url(struct conn **out, const struct conn_options *o, struct err *err);
bool mariadb_connect_url(struct conn **out, const struct conn_options *o, struct err *err);

/* ---- probe.c ---- */
bool mysql_witness(struct conn *c, const struct statement *st, struct arena *a,
	struct slice *before, struct err *err);
bool mysql_probe(struct conn *c, const struct statement *st, struct slice before, struct arena *a,
	struct probe *out, struct err *err);

/* ---- load.c, rows.c, scratch.c ---- */
bool mysql_load(
	struct conn *c, struct catalog *into, const struct load_options *o, struct err *err);
bool mysql_halfway(struct conn *c, const struct statement *st, struct slice sql,
	const struct err *why, bool *may, struct err *err);
bool mysql_is_same(struct conn *c, struct arena *a, bool *same, struct slice *now, struct err *err);
bool mysql_rows_fingerprint(struct conn *c, struct name table, struct names columns,
	long long *count, char hash[65], struct err *err);
/* What information_schema.tables says of rows and counters is of now. */
bool my_fresh_statistics(struct conn *c, struct err *err);
bool mysql_positions(struct conn *c, struct arena *a, struct names *out, struct err *err);
/* `refresh`: the target holds an earlier copy; what is equal in it stays. */
bool mysql_copy_database(
	struct conn *c, struct slice source, struct slice target, bool refresh, struct err *err);
bool mariadb_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err);
bool mysql_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err);
bool mysql_scratch_open(
	struct scratch *s, const char *name, const char *from, struct conn **out, struct err *err);
bool mysql_scratch_drop(struct scratch *s, const char *name, struct err *err);
struct scratch_info mysql_scratch_info(const struct scratch *s);
void mysql_scratch_stop(struct scratch *s);

#endif
