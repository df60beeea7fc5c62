/* engine.h - what belay needs to know about one kind of database. One row per engine.
 *
 * Everything a server's family knows sits behind this table: parse, effects, load catalog,
 * connection, scratch server. Nothing outside src/engine/<name> knows its lock names, its system
 * tables or its client library. An engine that was left out of the build has no row;
 * engine_for() then fails with a sentence that says so. */
#ifndef BELAY_ENGINE_ENGINE_H
#define BELAY_ENGINE_ENGINE_H

#include "base/buf.h"
#include "catalog/catalog.h"
#include "engine/conn.h"
#include "sql/effect.h"
#include "sql/statement.h"

/* ---- Reading ---- */
struct reader; /* one per thread; engine's own parser state */
struct reader_options {
	enum dialect dialect;
	int version; /* 0 = the default */
	bool ansi_quotes, no_backslash_escapes;
};

/* ---- Connecting ---- */
struct conn_options {
	struct slice url; /* postgres://… mysql://… mariadb://… sqlite:PATH; may hold a password */
	struct waiter waiter;
	int connect_timeout_ms;  /* 0 = 10 s */
	const char *application; /* shown in the server's activity list: "belay up" */
	bool read_only;          /* a read-only session: nothing can be written by accident */
};

/* ---- Loading a catalog ---- */
struct load_options {
	/* Leave objects of extensions, system schemas and belay's own journal out: always done.
	 * Restrict to these schemas if n > 0. */
	struct names schemas;
};

/* ---- Scratch servers ---- */
struct scratch; /* a throw-away server, or a database on a given server, or a temporary file */
struct scratch_options {
	struct slice url; /* --scratch URL: create (and drop) a database there; empty = start one */
	int version;      /* wanted major version, 0 = any */
	const char *bin_dir; /* where the server's programs are; NULL = search */
	bool keep;           /* leave it running / on disk and say where (for debugging) */
	struct waiter waiter;
};
struct scratch_info {
	struct slice describe; /* "PostgreSQL 15.20 (private, /tmp/…)" */
	int version;
};

/* What a rehearsal observes of one statement (locks by server's words). */
struct observed {
	struct lock *locks;
	size_t nlocks;
	struct touched *rewrites, *scans;
	size_t nrewrites, nscans;
	bool privileged; /* wants a superuser: done by the scratch server itself */
};

/* What became of a statement that ran outside a transaction and was never heard of again. */
enum probe_verdict {
	PROBE_DONE,     /* its effect is there, by definition and not by name alone */
	PROBE_NOT_DONE, /* nothing of it is there (leftovers, if any, were removed: `repaired`) */
	PROBE_BUSY,     /* the server is still at it: ask again */
	PROBE_DOUBT,    /* cannot be told */
};
struct probe {
	enum probe_verdict verdict;
	struct slice words; /* what was found, for people */
	bool repaired;      /* something was removed before it can run again */
};

/* ---- Waiting for locks ---- */
/* A session that stands in the way of another one. */
struct blocker {
	struct slice id; /* as the server calls it: "4711", or the name of a prepared transaction */
	struct slice who;   /* "psql, role shop" */
	struct slice doing; /* "idle in transaction for 12 s" */
	struct slice query; /* its last statement, shortened, without secrets; may be empty */
};
/* The ladder in front of a lock that others would have to wait behind. */
enum rung {
	RUNG_SETTLE, /* a lock that stops neither reads nor writes, but vacuum and other changes */
	RUNG_TRY,    /* the lock itself, at once or not at all: nobody queues behind it */
	RUNG_WAIT,   /* the lock itself, waiting as long as the limits say */
};
struct engine_locks {
	/* Settings for what follows on the connection: wait at most so long for a lock (0: at once
	 * where the server can, else its least), and no time limit of the role's own. `local`: for
	 * this transaction. The words may be put in front of other statements with "; ". */
	struct slice (*limits)(struct arena *a, enum dialect d, int wait_ms, bool local);
	/* Another wait in a transaction that has its limits; NULL: by `limits` again. */
	struct slice (*other_wait)(struct arena *a, int wait_ms);
	/* Back to what the session had. */
	const char *unlimit;
	/* One more limit of time that newer servers have: off together with the others; NULL =
	 * none.
	 */
	const char *newer;
	int newer_since;
	/* The least the server can wait, in milliseconds, when it does not refuse at once. */
	int least_wait_ms;
	/* Was this failure about a lock, a deadlock or a serialization: does trying again help? */
	bool (*is_lock_failure)(const struct err *e);
	/* The statement that takes `l` on its table; empty where the server has none for it. NULL:
	 * locks can only be had by the statement itself. */
	struct slice (*rung)(struct arena *a, const struct lock *l, enum rung r);
	/* Is the session the server's own, with no pooler between? NULL: always. */
	bool (*is_direct)(struct conn *c);
	/* How the server calls this session, for blockers(). */
	bool (*session)(struct conn *c, struct arena *a, struct slice *out, struct err *err);
	/* Who holds up that session, or what would hold up these locks. Asked on another one. */
	bool (*blockers)(struct conn *watcher, struct slice session, const struct lock *locks,
		size_t nlocks, struct arena *a, struct blocker **out, size_t *n, struct err *err);
	/* Who else builds an index of the table at this moment; empty: nobody. NULL: builds do not
	 * stop each other. */
	bool (*builder)(struct conn *c, struct slice table, struct arena *a, struct slice *who,
		struct err *err);
	/* The standby that is furthest behind with replaying locks, 0 ms = none is. NULL: locks are
	 * not replayed. */
	bool (*behind)(
		struct conn *c, struct arena *a, struct slice *who, long long *ms, struct err *err);
};

/* ---- Statements in batches ---- */
/* What the rows of a table are told apart and put in order by. */
struct batch_key {
	struct names columns; /* as people know them */
	struct slice *sql;    /* per column: what is compared and sorted */
	struct slice *read;   /* per column: its value as text */
	struct slice *type;   /* per column: the engine's own, for literal() */
	struct slice words;   /* "primary key orders_pkey": the same words, the same key */
	/* Not a key but where the rows lie: rows move when they are changed. `pages` of them, and
	 * the ranges are cut by their numbers. */
	bool places;
	long long pages;
	long long rows;  /* about, -1 = not known */
	struct slice at; /* the table, for pressure() */
	/* A number made of a row's key, by which neighbours can be told apart; empty: none is
	 * known. Is it of use to change them in different transactions? */
	struct slice turn;
	bool turns_pay;
};
/* What else the server has to do. Counters that only grow are compared with the last time; -1 =
 * not known here. */
struct batch_pressure {
	long long active;            /* other sessions at work */
	long long standbys, unseen;  /* that stream; that this role may not see */
	long long lag_ms, lag_bytes; /* of the one furthest behind */
	long long waiters;           /* sessions that have waited for a lock on the table */
	long long commits;           /* of everybody, since the server began to count */
	long long written;           /* bytes of its log, likewise */
	long long history;           /* old versions that wait to be purged */
	long long snapshot_ms; /* since when somebody keeps old versions from being cleaned away */
	long long snapshot_by; /* that session */
	long long
		updated;  /* rows of the table that were changed, since the server began to count */
	long long beside; /* of these: the new version found room beside the old one */
};
/* What came of cleaning a table of its dead rows. */
enum batch_cleaned { BATCH_CLEANED, BATCH_CLEAN_BUSY, BATCH_CLEAN_REFUSED };
struct engine_batches {
	/* The key asked for (`wanted`), or the best one that the statement does not change. */
	bool (*key)(struct conn *c, struct arena *a, struct name table, struct names wanted,
		struct names changed, struct batch_key *out, struct err *err);
	/* A value that `read` gave, as SQL. */
	void (*literal)(
		struct buf *b, const struct batch_key *k, size_t column, struct slice value);
	/* On a second connection; NULL: nothing can be known. */
	bool (*pressure)(struct conn *watcher, struct slice session, const struct batch_key *k,
		struct batch_pressure *out, struct err *err);
	/* Fills in `turn` and `turns_pay`, for a statement that changes these columns. NULL: it
	 * is never of use. */
	bool (*turns)(struct conn *c, struct arena *a, struct names changed, struct batch_key *k,
		struct err *err);
	/* Takes the dead rows of the table away, so that the next batches find room (VACUUM); what
	 * is left of them in indexes only if `whole`. Slowly if `gently`. BUSY: somebody else is
	 * doing that. NULL: the server does it by itself. */
	bool (*clean)(struct conn *c, const struct batch_key *k, bool whole, bool gently,
		enum batch_cleaned *out, struct err *err);
	/* How far a replica is behind, asked on the replica; -1 = it does not follow at all. NULL:
	 * not to be known. */
	bool (*behind)(struct conn *replica, long long *ms, struct err *err);
	/* In a transaction whose COMMIT need not wait for the disk, for a later one does; NULL: all
	 * do. What a crash takes away it takes with its cursor. */
	const char *lazily;
	/* Bytes of the server's log so far. NULL: not to be known, or nobody waits for it. */
	bool (*written)(struct conn *c, long long *bytes, struct err *err);
	/* The declared types of those columns. */
	bool (*types)(struct conn *c, struct arena *a, struct name table, struct names columns,
		struct slice *out, struct err *err);
	/* A condition: the column holds what it holds when `value` is written to it, NULL, case and
	 * blanks included. False: values of that type are not compared. */
	bool (*same)(struct buf *b, struct slice type, struct slice column, struct slice value);
	bool no_row_ranges; /* (a, b) > (1, 2) finds no range of an index */
	int most_ms; /* a batch takes at most so long, for others wait for it; 0 = they do not */
};

/* ---- What would be lost, and keeping it ---- */
/* A table with rows of its own. */
struct kept_table {
	struct name name;      /* in full */
	long long rows, bytes; /* about, by the server's statistics; -1 = not known */
	struct names columns;  /* that can be written: generated ones are not */
	struct slice *casts;   /* of each: kept as text, and cast to this; empty = as it is */
	struct names key;      /* what tells its rows apart; none = nothing does */
	struct names touched;  /* columns that the server sets when others change (ON UPDATE) */
	bool loose;            /* the key is the place of a row, and not for ever */
	bool inherited;        /* rows of other tables are seen in it */
};
struct kept_column {
	struct name table;
	struct slice column;
};
/* A foreign key that points at a table. */
enum link_action { LINK_NOTHING, LINK_CASCADE, LINK_SET_NULL, LINK_SET_DEFAULT };
struct kept_link {
	struct name child;
	struct names columns, refs; /* of the child; of the table, in the same order */
	struct names cleared;       /* that SET NULL or SET DEFAULT changes when a row goes */
	enum link_action on_delete, on_update;
};
struct engine_keep {
	/* Tables with rows of their own, in that schema, or all of them; never belay's. */
	bool (*tables)(struct conn *c, struct arena *a, struct slice schema, struct name **out,
		size_t *n, struct err *err);
	/* The table that a statement would mean by this name; *found false: there is none, or it
	 * holds no rows that would be lost (a view, a foreign or temporary table). */
	bool (*table)(struct conn *c, struct arena *a, struct name name, bool *found,
		struct kept_table *out, struct err *err);
	/* Tables whose rows go with those of that one: emptied by TRUNCATE … CASCADE, or deleted by
	 * foreign keys. */
	bool (*emptied_with)(struct conn *c, struct arena *a, struct name table, bool truncate,
		struct name **out, size_t *n, struct err *err);
	/* Foreign keys that point at it and do something when its rows go or change. */
	bool (*links)(struct conn *c, struct arena *a, struct name table, struct kept_link **out,
		size_t *n, struct err *err);
	/* Columns that go with a type or an extension; NULL: no such thing. */
	bool (*columns_of)(struct conn *c, struct arena *a, enum object_type type, struct name name,
		struct kept_column **out, size_t *n, struct err *err);
	/* Statements that make the table, or a column of it, when it is gone: before its rows are
	 * put back, and afterwards. */
	bool (*define)(struct conn *c, struct arena *a, const struct kept_table *t,
		struct slice column, struct names *before, struct names *after, struct err *err);
	/* Statements that keep triggers quiet while rows are put back, and let them speak again. */
	bool (*hush)(struct conn *c, struct arena *a, struct name table, struct names *before,
		struct names *after, struct err *err);
};

/* ---- A whole database as a file ---- */
/* The programs of the server's own family do it, without a shell, and with the password in their
 * environment only. All of them use what the open connection was opened with. */
struct engine_dump {
	const char *suffix; /* of the file: ".dump" */
	/* How large the database is; how much is free where it lies, -1 = not known. */
	bool (*size)(struct conn *c, struct arena *a, long long *bytes, long long *room,
		struct err *err);
	/* Opens a transaction that sees what the dump will see; what others write meanwhile is seen
	 * by neither, where the server can do that. */
	bool (*freeze)(struct conn *c, struct arena *a, struct slice *snapshot, struct err *err);
	bool (*dump)(struct conn *c, const char *path, struct slice snapshot, struct err *err);
	/* Into an empty database. `rows_only`: what the role may not make does not matter. */
	bool (*load)(struct conn *c, const char *path, bool rows_only, struct err *err);
};

/* ---- Looking at a server that is at work ---- */
struct seen_session {
	struct slice id, who, state; /* "4711"; "nightly, role shop"; "idle in transaction" */
	long long open_ms;           /* since its transaction began */
	long long waits_ms;          /* for a lock; -1 = it does not wait */
	struct slice waits_for;      /* "AccessExclusiveLock orders"; may be empty */
	struct names behind;         /* ids of those that it waits for, where the server says so */
	struct slice query;          /* its last statement, without secrets */
};
struct seen_work {
	struct slice id, what, phase,
		unit;          /* "CREATE INDEX on orders", "building index", "blocks" */
	long long done, total; /* total 0 = unknown */
};
struct seen_standby {
	struct slice name, state;
	long long bytes, ms; /* behind; -1 = unknown */
};
struct sight {
	struct seen_session *sessions;
	size_t nsessions;
	struct seen_work *work;
	size_t nwork;
	struct seen_standby *standbys;
	size_t nstandbys;
};
struct engine_watch {
	bool (*look)(struct conn *c, struct arena *a, struct sight *out, struct err *err);
	/* Ends what a session does (terminate false), or the session. *sent: the server has passed
	 * it on; false: there is no such session. */
	bool (*end)(struct conn *c, struct slice id, bool terminate, bool *sent, struct err *err);
};

/* A statement that the server has counted, without its values. */
struct recorded_query {
	struct slice sql;
	long long calls;
};

/* An index that is there and of no use: a build that nobody finished. */
struct broken_index {
	struct name index, table;
	bool leftover;              /* of a rebuild: the index itself is another one */
	struct slice drop, rebuild; /* statements, outside a transaction */
};

/* How large a table is, without reading it. */
struct table_size {
	struct name table;
	long long rows, bytes, index_bytes; /* about; -1 = not known */
};

struct engine {
	enum dialect dialect;
	const char *name;  /* "postgres" */
	const char *title; /* "PostgreSQL" */

	bool (*reader_open)(struct reader **out, const struct reader_options *o, struct err *err);
	void (*reader_close)(struct reader *r);
	/* Reads one statement: state, kind, changes or opaque reason. All memory from `a`. Fails
	 * only when the parser itself is broken; a syntax error is a state. `st->text` is already
	 * set. */
	bool (*read)(struct reader *r, struct arena *a, struct statement *st, struct err *err);
	/* Could this text be of that dialect? Counts telling constructs (0 = nothing tells). */
	int (*looks_like)(struct slice text);

	/* What the statement does at this point. Pure; memory from `a`. */
	void (*effects)(struct arena *a, const struct catalog *c, const struct session *s,
		const struct statement *st, struct effect *out);

	/* How far the value of an expression may be relied on: 'i' always, 's' within a statement,
	 * 'v' not at all, 0 = a function is not known. NULL where the engine knows no such thing.
	 */
	char (*volatility)(struct arena *a, const struct catalog *c, const struct session *s,
		const struct expr *e);

	bool (*connect)(struct conn **out, const struct conn_options *o, struct err *err);
	/* Fills an empty catalog (a handful of queries, one snapshot). */
	bool (*load)(struct conn *c, struct catalog *into, const struct load_options *o,
		struct err *err);
	/* Order-independent fingerprint of a table's rows (count and hash), for data comparison.
	 * `columns` empty = all of them, by name. */
	bool (*rows_fingerprint)(struct conn *c, struct name table, struct names columns,
		long long *count, char hash[65], struct err *err);
	/* Sequence and auto-increment positions: "schema.name=value" each, sorted. */
	bool (*positions)(struct conn *c, struct arena *a, struct names *out, struct err *err);

	bool (*scratch_start)(
		struct scratch **out, const struct scratch_options *o, struct err *err);
	/* A new, empty database there, or a copy of database `from` when not NULL, opened as its
	 * unprivileged owner. `name` is a short word of ours; an existing one is replaced. `from`
	 * equal to `name` opens what is there. No connection to `from` may be open while copying.
	 */
	bool (*scratch_open)(struct scratch *s, const char *name, const char *from,
		struct conn **out, struct err *err);
	bool (*scratch_drop)(struct scratch *s, const char *name, struct err *err);
	struct scratch_info (*scratch_info)(const struct scratch *s);
	void (*scratch_stop)(struct scratch *s); /* and removes every trace; NULL is fine */
	/* Locks the connection holds now on relations that existed at observe_begin; file nodes and
	 * scans since. Called around each statement of a rehearsal; NULL where it cannot be had. */
	bool (*observe_begin)(struct conn *c, struct err *err);
	bool (*observe_end)(struct conn *c, struct arena *a, struct observed *out, struct err *err);

	/* Must this statement run outside a transaction block? (CREATE INDEX CONCURRENTLY, VACUUM)
	 */
	bool (*needs_no_tx)(const struct statement *st, int version);
	/* DDL commits together with what surrounds it (PostgreSQL, SQLite) or commits on its own.
	 */
	bool transactional_ddl;
	/* The reader is the server's own grammar: what it refuses, the server refuses too. */
	bool exact_grammar;
	const char *scratch_extension_hint; /* what to install when no server binary is found */

	/* Is this still the server, and the session, that the connection was opened to? What stands
	 * between may lead elsewhere meanwhile. *now: what it is, when it is another. NULL: nothing
	 * can, or the lease asks. */
	bool (*is_same)(
		struct conn *c, struct arena *a, bool *same, struct slice *now, struct err *err);
	/* May a COMMIT that failed like this turn out to be done? NULL: only when no answer came.
	 */
	bool (*commit_unsure)(struct conn *c, const struct err *err);

	/* Statements outside a transaction; all three may be NULL. `witness` writes down, before
	 * the statement is sent, what `probe` will want to know if nobody comes back to tell. */
	bool (*witness)(struct conn *c, const struct statement *st, struct arena *a,
		struct slice *before, struct err *err);
	bool (*probe)(struct conn *c, const struct statement *st, struct slice before,
		struct arena *a, struct probe *out, struct err *err);
	/* It failed outside a transaction: may it have committed part of what it does? NULL: no
	 * statement does. */
	bool (*halfway)(struct conn *c, const struct statement *st, struct slice sql,
		const struct err *why, bool *may, struct err *err);
	/* The statement succeeded: is what it made fit for use? False with the sentence if not. */
	bool (*sound)(
		struct conn *c, const struct statement *st, struct slice before, struct err *err);
	/* Lock budgets; NULL where a connection waits for the whole database (SQLite: its busy
	 * handler). */
	const struct engine_locks *locks;
	/* NULL: no statement runs in batches. */
	const struct engine_batches *batches;
	/* All tables with what statistics say of them. Reads no table and waits for no lock. */
	bool (*sizes)(struct conn *c, struct arena *a, struct table_size **out, size_t *n,
		struct err *err);
	/* Those that have the word in them, most called first. Fails where none are kept or may be
	 * read; NULL where the engine keeps none. */
	bool (*recorded)(struct conn *c, struct arena *a, struct slice word,
		struct recorded_query **out, size_t *n, struct err *err);
	/* Those that nobody is at work on; NULL where an index is whole or not there. */
	bool (*broken_indexes)(struct conn *c, struct arena *a, struct broken_index **out,
		size_t *n, struct err *err);
	/* NULL where there are no sessions to see (SQLite). */
	const struct engine_watch *watch;
	const struct engine_keep *keep;
	const struct engine_dump *dump; /* NULL: not supported */
};

/* Rows that were built in; ends with NULL. */
extern const struct engine *const engines[];
/* The engine for a dialect, or a sentence why there is none. */
const struct engine *engine_for(enum dialect d, struct err *err);
/* The dialect a URL asks for; DIALECT_UNKNOWN if its scheme is not ours. */
enum dialect url_dialect(struct slice url);
/* Splits nothing and parses nothing itself: finds the dialect whose constructs the text shows. */
enum dialect dialect_guess(struct slice text, char why[128]);
/* Opens by URL. */
bool engine_connect(struct conn **out, const struct conn_options *o, struct err *err);

/* Reads a whole text into statements: split, mask already done in `src`, directives attached.
 * Shared by check, explain and the runner. */
struct script {
	struct statement *at;
	size_t n;
};
bool script_read(const struct engine *e, struct reader *r, struct arena *a,
	const struct source *src, size_t off, size_t len, struct script *out, struct err *err);

#endif
