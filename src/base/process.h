/* process.h - other programs: started without a shell, as the user we say, and gone when we are.
 *
 * Two ways. process_run() starts a program, collects what it prints and waits for its end: initdb,
 * mariadb-install-db, git. process_start() starts a server and hands out a struct process; a small
 * guard process of ours stands between. The guard ends the server, and removes the directory named
 * in `remove`, as soon as belay goes away, however it went (kill -9 too): it holds the other end of
 * a socket. A program's environment is only what is given; its input is what is given, or
 * /dev/null; every descriptor but 0, 1 and 2 is closed in it.
 *
 *	struct process *p;
 *	process_start(&p, &(struct process_options){.argv = argv, .log = log, …}, &err)
 *	process_alive(p) …
 *	process_stop(p, SIGINT, 5000);         always; also frees it and removes `remove` */
#ifndef BELAY_BASE_PROCESS_H
#define BELAY_BASE_PROCESS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <sys/types.h>

struct process;

/* Who to be; a zeroed one is "stay who you are". */
struct process_user {
	bool set;
	uid_t uid;
	gid_t gid;
};

struct process_options {
	const char *const *argv;  /* argv[0] is a path; ends with NULL. process_start: NULL = no
				   * program, only a guard for `remove` */
	const char *const *env;   /* "NAME=value", ends with NULL; NULL = PATH and LC_ALL=C only */
	const char *dir;          /* working directory; NULL = / */
	struct process_user user; /* needs root */
	const char *log;    /* process_start: file for its output, appended; NULL = /dev/null */
	const char *remove; /* process_start: tree to remove after it has ended; NULL = none */
	int death_signal;   /* process_start: how the guard ends it; 0 = SIGTERM */
	struct slice input; /* process_run: what it reads on standard input; empty = /dev/null */
	const char *input_path; /* process_run: … or this file */
	bool fleeting;          /* nothing that it writes has to survive a power cut: no waiting for
				 * disks (Linux) */
	bool drop_stderr;       /* process_run: what it says on standard error is not wanted */
	int timeout_ms;         /* process_run: kill it after that long; 0 = never */
	/* process_run: called every 100 ms while waiting; false = kill it, ERR_INTERRUPTED. */
	bool (*tick)(void *ctx, long long elapsed_ms);
	void *tick_ctx;
};

/* Output (both streams, NULL = not wanted) and exit status: 0 to 255, 128 + signal if killed. */
bool process_run(const struct process_options *o, struct buf *output, int *status, struct err *err);

bool process_start(struct process **out, const struct process_options *o, struct err *err);
bool process_alive(struct process *p);
pid_t process_pid(const struct process *p); /* of the program itself */
/* Sends `sig`, waits up to grace_ms, then kills. Frees p; NULL is fine. Returns the exit status. */
int process_stop(struct process *p, int sig, int grace_ms);

/* The program's full path: from PATH when `name` has no slash. NULL when there is none. */
const char *process_find(struct arena *a, const char *name);
/* The first of these users that exists (list ends with NULL); false when none does. */
bool process_user_find(const char *const *names, struct process_user *out);
/* Gives a file or a tree to a user, without following links. */
bool process_give_tree(const char *path, struct process_user user, struct err *err);

#endif
