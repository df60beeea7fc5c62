/* shim.c - something goes wrong at the Nth call that leaves the process.
 *
 * Loaded into belay with LD_PRELOAD, so that the very program that is shipped is tested. belay
 * keeps nothing of a run to itself: what tells two instants apart is only what has been sent to a
 * server, received from it, or written to a file. Each such call is a fault point; its name is what
 * it carries (points.py knows the names).
 *
 *	TORTURE=send:12:kill	the 12th message to a server: the process ends before it is sent
 *	TORTURE_TEXT=WORDS	only those count that carry these words
 *	TORTURE_TRACE=FILE	a line for each point: class, number, what it carries
 *	TORTURE_STRUCK=FILE	such a line for the point that was hit
 *	TORTURE_PAUSE=20	who is stopped finds that so many seconds have passed
 *	TORTURE_CLOCK=86400	the wall clock jumps to and fro by a day, at each look
 *
 * Classes: send (messages; SQLite's statements), recv (answers; they carry what they answer), io
 * (writes, syncs, truncations and removals of regular files).
 * Actions, before the call: kill, term (SIGTERM), hold (stopped until somebody sends SIGCONT), lost
 * (the connection is gone, the message was not sent), fail (EIO), full (ENOSPC, from now on).
 * After it: after (kill), told (SIGTERM), stay (as hold), cut (the connection is closed: nobody
 * will hear the answer). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { CLASS_SEND, CLASS_RECV, CLASS_IO, NCLASSES };
enum { TEXT = 6000 };

static const char *const class_names[] = {"send", "recv", "io"};

static struct {
	bool ready, full, met;
	int class, trace, struck;
	long at;
	time_t asleep; /* what the clocks that count up are ahead */
	char action[16];
	long count[NCLASSES];
} plan;

/* The next one in line behind us: the C library's. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What each connection sent last. */
enum { LINES = 64 };
static struct {
	size_t len;
	unsigned char text[TEXT];
} sent[LINES];

static int open_log(const char *name)
{
	const char *path = getenv(name);

	return path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

static void set_up(void)
{
	const char *text = getenv("TORTURE");
	char class[16] = "";

	plan.ready = true;
	plan.class = -1;
	plan.trace = open_log("TORTURE_TRACE");
	plan.struck = open_log("TORTURE_STRUCK");
	if (!text || sscanf(text, "%15[a-z]:%ld:%15s", class, &plan.at, plan.action) != 3)
		return;
	for (int i = 0; i < NCLASSES; i++)
		if (strcmp(class, class_names[i]) == 0)
			plan.class = i;
}

static void tell(int log, int class, const void *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *at = data;
	char line[TEXT * 3 + 40];
	size_t n = (size_t)snprintf(
		line, sizeof line, "%s %ld ", class_names[class], plan.count[class]);

	for (size_t i = 0; i < len && i < TEXT; i++) {
		if (at[i] >= ' ' && at[i] < 127 && at[i] != '\\') {
			line[n++] = (char)at[i];
		} else {
			line[n++] = '\\';
			line[n++] = hex[at[i] >> 4];
			line[n++] = hex[at[i] & 15];
		}
	}
	line[n++] = '\n';
	(void)!REAL(write)(log, line, n);
}

static bool counts(const void *data, size_t len)
{
	const char *text = getenv("TORTURE_TEXT");

	return !text || memmem(data, len, text, strlen(text));
}

/* Is it this call? Then *action is what is to happen to it. */
static bool strikes(int class, const void *data, size_t len, const char **action)
{
	if (!plan.ready)
		set_up();
	if (plan.class == class && !counts(data, len))
		return false;
	plan.count[class]++;
	if (plan.trace >= 0)
		tell(plan.trace, class, data, len);
	*action = plan.action;
	if (plan.class != class ||
		(plan.count[class] != plan.at && !(plan.full && plan.count[class] > plan.at)))
		return false;
	if (plan.struck >= 0 && !plan.met)
		tell(plan.struck, class, data, len);
	plan.met = true;
	return true;
}

static void stop(void)
{
	const char *pause = getenv("TORTURE_PAUSE");

	kill(getpid(), SIGSTOP);
	plan.asleep = pause ? atol(pause) : 0;
}

static bool is(const char *action, const char *word)
{
	return strcmp(action, word) == 0;
}

/* Before the call. True: the call does not happen, errno says why. */
static bool before(const char *action, int fd)
{
	if (is(action, "kill"))
		kill(getpid(), SIGKILL);
	if (is(action, "term"))
		kill(getpid(), SIGTERM);
	if (is(action, "hold"))
		stop();
	if (is(action, "lost")) {
		shutdown(fd, SHUT_RDWR);
		errno = ECONNRESET;
		return true;
	}
	plan.full |= is(action, "full");
	errno = is(action, "full") ? ENOSPC : EIO;
	return is(action, "full") || is(action, "fail");
}

static void after(const char *action, int fd)
{
	int kept = errno;

	if (is(action, "after"))
		kill(getpid(), SIGKILL);
	if (is(action, "told"))
		kill(getpid(), SIGTERM);
	if (is(action, "stay"))
		stop();
	if (is(action, "cut"))
		shutdown(fd, SHUT_RDWR);
	errno = kept;
}

/* ---- Messages ---- */

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
	const char *action;
	bool ours = is_stream(fd), hit = ours && strikes(CLASS_SEND, data, len, &action);
	ssize_t n;

	if (ours && fd < LINES) {
		sent[fd].len = len < TEXT ? len : TEXT;
		memcpy(sent[fd].text, data, sent[fd].len);
	}
	if (hit && before(action, fd))
		return -1;
	n = REAL(send)(fd, data, len, flags);
	if (hit)
		after(action, fd);
	return n;
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
	ssize_t n = REAL(recv)(fd, data, len, flags);
	const char *action;

	/* Nothing there yet is no answer. Its name is that of the question. */
	if (n < 0 || !is_stream(fd))
		return n;
	if (fd >= LINES || sent[fd].len == 0
			? !strikes(CLASS_RECV, "", 0, &action)
			: !strikes(CLASS_RECV, sent[fd].text, sent[fd].len, &action))
		return n;
	if (before(action, fd))
		return -1;
	after(action, fd);
	return n;
}

/* ---- SQLite: each statement's first step, on a database that is a file ---- */

static bool begins(sqlite3_stmt *stmt)
{
	const char *path;

	if (!stmt || REAL(sqlite3_stmt_busy)(stmt))
		return false;
	path = REAL(sqlite3_db_filename)(REAL(sqlite3_db_handle)(stmt), "main");
	return path && path[0];
}

int sqlite3_step(sqlite3_stmt *stmt)
{
	const char *action = "", *sql = begins(stmt) ? REAL(sqlite3_sql)(stmt) : NULL;
	bool hit = sql && strikes(CLASS_SEND, sql, strlen(sql), &action);
	int rc;

	if (hit)
		before(action, -1);
	rc = REAL(sqlite3_step)(stmt);
	if (hit)
		after(action, -1);
	return rc;
}

/* ---- Files ---- */

static bool is_file(int fd)
{
	struct stat st;

	return fd > 2 && fd != plan.trace && fd != plan.struck && fstat(fd, &st) == 0 &&
	       S_ISREG(st.st_mode);
}

/* "pwrite app.db-journal" */
static bool strikes_file(const char *what, int fd, const char **action)
{
	char link[40], path[400] = "", name[500];
	const char *slash;

	if (!is_file(fd))
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	(void)!readlink(link, path, sizeof path - 1);
	slash = strrchr(path, '/');
	snprintf(name, sizeof name, "%s %s", what, slash ? slash + 1 : path);
	return strikes(CLASS_IO, name, strlen(name), action);
}

/* One call on a file, whatever its arguments. */
#define ON_FILE(fd, what, call)                                                                    \
	do {                                                                                       \
		const char *action = "";                                                           \
		bool hit = strikes_file(what, fd, &action);                                        \
		__typeof__(call) n;                                                                \
                                                                                                   \
		if (hit && before(action, fd))                                                     \
			return -1;                                                                 \
		n = (call);                                                                        \
		if (hit)                                                                           \
			after(action, fd);                                                         \
		return n;                                                                          \
	} while (0)

ssize_t write(int fd, const void *data, size_t len)
{
	ON_FILE(fd, "write", REAL(write)(fd, data, len));
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	ON_FILE(fd, "pwrite", REAL(pwrite)(fd, data, len, at));
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	ON_FILE(fd, "pwrite", REAL(pwrite64)(fd, data, len, at));
}

int fsync(int fd)
{
	ON_FILE(fd, "fsync", REAL(fsync)(fd));
}

int fdatasync(int fd)
{
	ON_FILE(fd, "fdatasync", REAL(fdatasync)(fd));
}

int ftruncate(int fd, off_t len)
{
	ON_FILE(fd, "ftruncate", REAL(ftruncate)(fd, len));
}

int ftruncate64(int fd, off64_t len)
{
	ON_FILE(fd, "ftruncate", REAL(ftruncate64)(fd, len));
}

int unlink(const char *path)
{
	const char *action = "", *slash = strrchr(path, '/');
	char name[500];
	bool hit;
	int n;

	snprintf(name, sizeof name, "unlink %s", slash ? slash + 1 : path);
	hit = strikes(CLASS_IO, name, strlen(name), &action);

	if (hit && before(action, -1))
		return -1;
	n = REAL(unlink)(path);
	if (hit)
		after(action, -1);
	return n;
}

/* ---- Clocks ---- */

static time_t jump(void)
{
	static bool back;
	const char *text = getenv("TORTURE_CLOCK");
	long seconds = text ? atol(text) : 0;

	back = !back;
	return back ? -seconds : seconds;
}

time_t time(time_t *out)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	now.tv_sec += jump();
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec + jump();
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

int clock_gettime(clockid_t which, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, which, out);

	if (which == CLOCK_REALTIME)
		out->tv_sec += jump();
	else if (which == CLOCK_MONOTONIC || which == CLOCK_BOOTTIME)
		out->tv_sec += plan.asleep;
	return rc;
}
