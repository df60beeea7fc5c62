/* internal.h - what the layouts share among themselves; nobody else includes it.
 *
 * A layout's read() makes migrations out of files (files.c), then calls migrations_finish() once
 * (order.c), which sorts, links the parents, and fills in what every layout needs: checksum,
 * phase, description, empty parts, placeholders masked, duplicates and gaps as problems. */
#ifndef BELAY_LAYOUT_INTERNAL_H
#define BELAY_LAYOUT_INTERNAL_H

#include "layout/layout.h"

#include "base/buf.h"
#include "base/io.h"

/* ---- files.c: names and texts ---- */

struct entry {
	const char *name;
	const char *path; /* relative to the project's root */
	bool dir;
};
/* Sorted by bytes, dot files left out. A folder that cannot be read is a fatal problem. */
bool files_list(struct project *p, const char *dir, struct entry **v, size_t *n);
/* The entries of all of the project's folders. */
void files_each(struct project *p,
	void (*take)(struct project *p, const struct entry *e, void *ctx), void *ctx);
/* Quiet look for detection: only names, empty when there is no such folder. Every layout looks at
 * the same folders: the last few are remembered. */
struct peeks {
	struct arena *a;
	const char *root;
	struct {
		const char *dir;
		const struct entry *v;
		size_t n;
	} seen[4];
	unsigned nseen;
};
void files_peek(struct peeks *k, const char *dir, const struct entry **v, size_t *n);
/* Does one of the first `max` files of the folder whose name ends in `suffix` have a line that
 * `match` likes? */
bool files_any_line(struct peeks *k, const struct entry *v, size_t n, const char *suffix,
	size_t max, bool (*match)(struct slice line));
/* Migrations in these folders that are programs, or another tool's: says so, as an error
 * (foreign.c). False: none are seen. */
bool foreign_said(struct peeks *k, const char *const *dirs, size_t ndirs, struct err *err);
/* The text of a file as a source, or NULL and a fatal problem with errno's words. */
struct source *files_load(struct project *p, const char *path);
bool file_there(const struct project *p, const char *path);
const char *path_in(struct arena *a, const char *dir, const char *name);

__attribute__((format(printf, 6, 7))) void problem(struct project *p, bool fatal, const char *rule,
	const char *path, struct span at, const char *fmt, ...);
#define NOWHERE ((struct span){NULL, 0, 0})

/* ---- order.c: numbers, order, the last touches ---- */

size_t count_digits(struct slice s); /* at the start */
/* Digits of any length, compared as numbers. */
int cmp_number(struct slice x, struct slice y);
/* Without leading zeros ("0" stays). */
struct slice plain_number(struct slice digits);
bool is_near(struct slice word, const char *to); /* one slip of the fingers away, not equal */

/* Which migrations have a key; thousands of files must not be searched one by one. */
struct key_entry {
	struct slice key;
	size_t first, count; /* index of the first one that was put, and how many were */
};
struct key_index {
	struct key_entry *at;
	size_t n, cap;
};
void index_put(struct arena *a, struct key_index *x, struct slice key, size_t i);
const struct key_entry *index_get(const struct key_index *x, struct slice key);

struct migration *migration_add(struct project *p, struct slice id, struct slice version,
	struct slice name, const char *path);
struct script_part part_all(struct source *src, enum tx_mode tx);

typedef int (*migration_cmp)(const struct migration *x, const struct migration *y);
int by_number(const struct migration *x, const struct migration *y);
int by_version_text(const struct migration *x, const struct migration *y);

enum finish_flag {
	FINISH_DUPLICATES = 1 << 0, /* same under the order: fatal */
	FINISH_GAPS = 1 << 1,
	FINISH_WANTS_DOWN = 1 << 2, /* a migration without a down is worth a word */
};
void migrations_finish(struct project *p, migration_cmp cmp, unsigned flags);

/* ---- markers.c: up and down in one file ---- */

enum marker { MARKER_NONE, MARKER_UP, MARKER_DOWN, MARKER_VERIFY, MARKER_UNKNOWN };
/* What the inner text of a comment means as a marker of the plain layout. MARKER_UNKNOWN: it looks
 * like one and is not understood, or is another tool's (then *tool names it). */
enum marker marker_of(struct slice comment, const char **tool);
/* Cuts a plain file into its parts. False: a fatal problem was reported. */
bool markers_split(struct project *p, struct source *src, struct script_part *up,
	struct script_part *down, struct script_part *verify);
bool text_is_empty(enum dialect d, struct slice text); /* nothing but blanks, comments and ; */

/* ---- history.c: tables of history ---- */

struct table_name {
	struct slice schema, name;
};
struct table_name history_table(const struct project *p);
/* Columns in order; none when the table is not there. */
bool table_columns(
	struct conn *c, struct arena *a, struct table_name t, struct names *out, struct err *err);
/* Fills exists and problem; when the table is there with all columns of `needs`, its rows by the
 * query (an sqlf() template), else none. */
bool history_rows(const struct project *p, struct conn *c, struct arena *a,
	const char *const *needs, struct history *out, struct rows *rows, struct err *err,
	const char *template, ...);
/* One known table with its columns, "," around and between: ",version,dirty,". */
struct known_table {
	struct slice name, columns;
};
/* Whose history that is; NULL when nobody's (runners know them by table and columns). */
const char *tool_of_tables(const struct known_table *v, size_t n);

struct history_row *history_add(
	struct arena *a, struct history *h, struct slice id, enum applied_state state);
const struct migration *migration_by_id(const struct project *p, struct slice id);
bool cell_true(struct slice text);        /* t, true, 1 */
long long cell_number(struct slice text); /* -1 when it is none */
/* history_finish of tools that keep nothing but a column `version`. */
bool history_finish_version(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err);
bool history_forget_version(
	const struct project *p, struct conn *c, struct slice id, struct err *err);
/* The type to CAST to for a text as people read it. */
struct slice text_type(enum dialect d);
struct slice now_sql(enum dialect d);

/* PostgreSQL: every key by pg_try_advisory_xact_lock, so nothing to give back. */
void pg_try_keys(struct arena *a, const long long *keys, size_t n, struct slice *sql);
void mysql_try_name(
	struct arena *a, struct slice name, struct slice *sql_try, struct slice *sql_unlock);
/* The keys, as functions of their own so that they can be tested. */
long long golang_migrate_key(struct slice schema, struct slice table, struct slice dbname);
long long sqlx_key(struct slice dbname);
long long flyway_key(struct slice quoted_table);
int flyway_checksum(struct slice text);
int flyway_cmp_version(struct slice x, struct slice y);

/* ---- beside.c: files that stand beside the migrations ---- */

/* Checks in a folder `verify/` inside or beside the migrations' folders: NNN_x.sql, verify_NNN.sql.
 */
void attach_verify(struct project *p);
/* 1_name.verify.sql, where no other file of the layout could be called that. */
void attach_verify_beside(struct project *p);
/* "a Go migration" … for a file name that ends in a language we know; NULL for others. */
const char *code_of(const char *name);

/* ---- names.c: new files ---- */

/* The next version in the folder's own habit: numbers of the same width, or a UTC time of 14 digits
 * (or `fallback_width` digits for the first one; 14 = time), always greater than the last one. */
struct slice next_version(const struct project *p, struct arena *a, size_t fallback_width);
struct slice slug(struct arena *a, struct slice name, char blank);
void new_file_add(
	struct arena *a, struct new_file **v, size_t *n, const char *path, struct slice text);
struct slice with_newline(struct arena *a, struct slice text);

/* ---- the rows ---- */

extern const struct layout layout_plain, layout_golang_migrate, layout_dbmate, layout_prisma,
	layout_goose, layout_flyway, layout_diesel, layout_sqlx, layout_drizzle;

#endif
