/* pace.h - when the next batch may begin: never at others' cost.
 *
 * Signals are read once a second between two batches. One that says stop holds the batches up, and
 * its name is shown; one that cannot be read does so too, for a while: then the run gives up. */
#ifndef BELAY_RUN_PACE_H
#define BELAY_RUN_PACE_H

#include "engine/engine.h"
#include "run/run_internal.h"

enum { MOST_REPLICAS = 16 };

/* What was read at one moment. */
struct reading_of {
	bool known;   /* the server was asked, and answered */
	long long at; /* our clock */
	struct batch_pressure server;
	struct conn *watcher;
};

struct pace {
	/* The caller's. */
	const struct run_options *o;
	struct batch_limits limits; /* in force now: those of `o`, and what was changed since */
	struct conn *(*watcher)(void *ctx); /* a second connection, NULL = none to be had */
	bool (*go_on)(void *ctx, struct err *err);
	void (*held)(void *ctx, struct slice why);
	void *ctx;
	struct conn *conn; /* the batches' own, idle between two of them */
	const struct engine_batches *engine;
	const struct batch_key *key;
	struct slice session;

	/* Ours. */
	struct reading_of now, before;
	long long asked;           /* when the signals were last read */
	long long failed_since;    /* a signal is lost since then; 0 = none is */
	long long busy_until;      /* others are at work, or nobody can tell */
	long long own, own_before; /* transactions of ours since `before`; in the time before it */
	long long commit_ms;       /* of the last ones, about */
	long long held_ms;         /* spent waiting */
	long long dead,
		clean_at; /* dead rows we have made; when to have them cleaned away; 0 = never */
	long long cleaned, tried; /* when that was last done; tried */
	/* Of a thousand rows that we change so many leave their page, and an entry in each index.
	 * Turns are to make them few: when they do not (somebody's snapshot keeps the room from
	 * being made), there are none for a while. Cleanings that left indexes as they are. */
	int leave, light;
	bool turns_fail;
	long long turns_again, turns_off_ms;
	long long clean_at_plain; /* clean_at while there are no turns */
	bool seen_others;         /* there are two readings to compare, or somebody was seen */
	struct slice reason;      /* what holds the batches up; in `arena` */
	bool noted;               /* it is in the journal */
	const char *signal;       /* which row of the signals; NULL = none */
	bool paused;              /* by command */
	struct conn *replicas[MOST_REPLICAS];
	struct arena arena;
};

void pace_begin(struct pace *p);
void pace_done(struct pace *p);
/* Reads the signals, if it is time: the reason to wait, or nothing. ERR_BLOCKED when one is lost
 * for longer than the patience. */
bool pace_look(struct pace *p, struct slice *reason, struct err *err);
/* Waits while a signal says so. */
bool pace_wait(struct pace *p, struct err *err);
/* Are others at work? Then batches are short, and rest. */
bool pace_is_busy(const struct pace *p);
/* … and is that known? In the first second nobody can tell. */
bool pace_sees_others(const struct pace *p);
/* A batch was committed; the server's log was looked at so many times. */
void pace_note(struct pace *p, long long commit_ms, long long dead_rows, int looks);
/* How long to leave the server to others after a batch: as long as it took, longer after so many
 * bytes of log that it would grow too fast (max_wal). */
long long pace_due(const struct batch_limits *l, long long batch_ms, long long log);
/* … when there are others. */
bool pace_rest(struct pace *p, long long batch_ms, long long log, bool waited, struct err *err);
/* Sleeps, with everybody's turn taken. */
bool pace_nap(struct pace *p, long long ms, struct err *err);
/* ---- tidy.c: has the dead rows cleaned away when there are enough of them; on `conn`. */
bool pace_tidy(struct pace *p, struct err *err);
/* The last time: what the others have left in indexes too. */
bool pace_tidied(struct pace *p, struct err *err);
bool pace_tidy_due(const struct pace *p);
/* Or does somebody's snapshot keep most of them? */
bool pace_tidy_helps(const struct pace *p);
/* ---- signals.c: the reason to wait, or nothing; *lost: a signal cannot be read. */
struct slice pace_reason(struct pace *p, bool *lost);
/* Counters between the last two readings, per second; -1 = not known. */
long long pace_rate(const struct pace *p, long long before, long long now);

#endif
