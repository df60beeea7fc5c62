/* layout.h - where a project keeps its migrations, and what its own tool believes.
 *
 * One row per layout: how to recognise the folder, how to read it (order, directions, directives),
 * how a new file is named, and what the tool's history table looks like - read and written so that
 * a team can go back to its tool any day. Nothing outside layout/<name>.c knows that tool. */
#ifndef BELAY_LAYOUT_LAYOUT_H
#define BELAY_LAYOUT_LAYOUT_H

#include "engine/engine.h"

enum tx_mode {
	TX_MODE_MIGRATION, /* one transaction around the migration and its history row */
	TX_MODE_NONE,      /* statement by statement */
	TX_MODE_BATCH,     /* sent as one message: one implicit transaction unless it has its own */
};

enum phase { PHASE_NONE, PHASE_EXPAND, PHASE_BACKFILL, PHASE_CONTRACT };

/* One direction of a migration: a part of a file (or all of it). */
struct script_part {
	struct source *src; /* NULL = there is none */
	size_t off, len;
	enum tx_mode tx;
	bool empty; /* there, but nothing to run in it: only comments */
};

struct migration {
	struct slice id; /* what status, up ID and the history call it: "12", "20240101120000_x" */
	struct slice name;     /* the human part */
	struct slice version;  /* the ordering key as written */
	struct slice *parents; /* ids; a linear layout has the one before */
	size_t nparents;
	struct script_part up, down, verify;
	enum phase phase;
	const char *code; /* NULL, or why it is not SQL: "a Go migration", "a Kotlin migration" */
	bool repeatable, baseline;
	char checksum[65]; /* SHA-256 hex of the up text as executed: kept by belay's journal */
	const char *path;  /* of the up file, relative to the project */
	struct slice description; /* leading comment, first line */
	size_t order;             /* position in the framework's order */
	const void *layout_data;  /* the layout's own (Flyway checksum, …) */
};

/* A problem of the folder itself (not of SQL): two with one version, a gap, an unknown marker. */
struct layout_problem {
	bool fatal; /* exit 2, nothing may run */
	const char
		*rule; /* "duplicate-version", "version-gap", "missing-down", "unknown-marker", … */
	struct slice message;
	struct span span; /* src NULL: the path alone */
	const char *path;
};

struct project {
	const char *root; /* absolute */
	const struct layout *layout;
	enum dialect dialect;
	const char **dirs; /* migration folders, relative to root */
	size_t ndirs;
	const char *base_schema; /* file, or NULL */
	unsigned mask_styles;    /* which placeholders to expect */
	struct slice (*placeholders)[2];
	size_t nplaceholders;
	const char *table; /* history table if configured otherwise; NULL = the layout's default */
	struct migration *migrations; /* in the framework's order */
	size_t nmigrations;
	struct layout_problem *problems;
	size_t nproblems;
	struct arena *arena;
	struct peeks *peeks; /* what the folders hold, while it is being opened */
	bool no_checksums;
};

enum applied_state { STATE_PENDING, STATE_APPLIED, STATE_PARTIAL, STATE_FAILED, STATE_UNKNOWN };
struct history_row {
	struct slice id; /* as the layout matches it to migration.id */
	enum applied_state state;
	struct slice applied_at; /* as text, empty if the table has no time */
	long long ms;            /* -1 not known */
	bool edited;             /* the tool's own checksum differs from the file's */
	struct slice note;       /* e.g. "dirty", error text */
};
struct history {
	bool exists; /* the table is there */
	struct history_row *at;
	size_t n;
	struct slice problem; /* it is there but not what the layout expects (another tool's) */
};

enum direction { DIR_UP, DIR_DOWN };

struct new_file {
	const char *path; /* relative to the project's root */
	struct slice text;
};

struct peeks;

struct layout {
	const char *name;  /* "golang-migrate" */
	const char *title; /* "golang-migrate (NNN_name.up.sql / .down.sql)" */
	const char *table; /* default history table */
	bool high_water;   /* applied = everything up to one number */

	/* How well does the folder fit? 0 = not at all, 100 = certain. *dir (relative to root,
	 * arena) is the migrations folder it found. Looks only at names and first lines. */
	int (*detect)(struct peeks *k, const char *given_dir, const char **dir);
	/* Fills migrations and problems, ordered as the framework orders. */
	bool (*read)(struct project *p, struct err *err);
	/* The paths and first contents of a new migration: files relative to root. */
	bool (*new_files)(const struct project *p, struct arena *a, struct slice name,
		struct slice up, struct slice down, struct new_file **files, size_t *n,
		struct err *err);

	/* History, on an open connection. Reading never creates the table. */
	bool (*history_read)(const struct project *p, struct conn *c, struct arena *a,
		struct history *out, struct err *err);
	/* Makes the table if it is missing, exactly as the tool would. */
	bool (*history_create)(const struct project *p, struct conn *c, struct err *err);
	/* Before the first statement (golang-migrate's dirty mark, Prisma's started row), outside
	 * the migration's transaction; may be NULL. */
	bool (*history_begin)(const struct project *p, struct conn *c, const struct migration *m,
		enum direction d, struct err *err);
	/* After the last statement; inside the migration's transaction where there is one. */
	bool (*history_finish)(const struct project *p, struct conn *c, const struct migration *m,
		enum direction d, long long ms, struct err *err);
	/* After a failure, outside; may be NULL. */
	bool (*history_failed)(const struct project *p, struct conn *c, const struct migration *m,
		enum direction d, const char *message, struct err *err);
	/* Takes the rows of a migration out of the table, whether its file is there or not; runs
	 * nothing. */
	bool (*history_forget)(
		const struct project *p, struct conn *c, struct slice id, struct err *err);
	/* The row of an applied migration gets the checksum of its present text; NULL where the
	 * table keeps none. */
	bool (*history_accept)(const struct project *p, struct conn *c, const struct migration *m,
		struct err *err);
	/* The tool's own runner lock: true and *sql_try (a query whose first cell is true / 1 when
	 * the lock was got, per transaction) and *sql_unlock (may be empty). False: the tool has
	 * none. */
	bool (*lock_sql)(const struct project *p, const struct conn *c, struct arena *a,
		struct slice *sql_try, struct slice *sql_unlock);
};

extern const struct layout *const layouts[]; /* ends with NULL */
/* Is a table of that name some layout's history? */
bool layout_is_history(struct slice table);
/* Is it a schema that some tool makes for its history? */
bool layout_is_home(enum object_type type, struct slice name);
const struct layout *layout_by_name(
	struct slice name, struct err *err); /* nearest one in the hint */

/* Finds the layout and its folder below `root` (or takes the given ones) and reads it.
 * `dirs` are --migrations; `wanted` NULL or "auto" = find. */
struct project_options {
	const char *root;
	const char *wanted_layout;
	const char *const *dirs;
	size_t ndirs;
	enum dialect dialect; /* UNKNOWN: found from files, lock files, and the SQL itself */
	const char *table;
	struct slice (*placeholders)[2];
	size_t nplaceholders;
	bool may_be_empty; /* no migrations yet is fine: p->layout stays NULL */
	bool no_checksums; /* nobody will ask what was applied: migration.checksum stays empty */
};
bool project_open(
	struct project *p, struct arena *a, const struct project_options *o, struct err *err);
/* The migration with that id (also an unambiguous prefix or version); error with the nearest ids.
 */
bool project_find(
	const struct project *p, struct slice id, const struct migration **out, struct err *err);
/* Ids nobody has as a parent. */
size_t project_heads(const struct project *p, struct arena *a, struct slice **out);

#endif
