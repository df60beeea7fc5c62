/* process.c - other programs, and the guard that outlives us by a moment.
 *
 * belay --socket--> guard --fork--> program. The guard reads the socket: each byte is a signal
 * number to pass on, the end of the file means that belay is gone. It reports the program's pid
 * once, and leaves with the program's exit status, which belay collects as its child. Between fork
 * and exec only async-signal-safe calls are made in the program's process; the guard itself removes
 * a tree, which allocates: glibc's and macOS' fork leave malloc usable. */
#include "base/process.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

static const char *const plain_env[] = {
	"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", NULL};

struct process {
	pid_t guard, pid;
	int life; /* write end: signal numbers; closing it ends the program */
	bool ended;
	int status;
};

/* ---- In the child ---- */
static void close_from(int first)
{
#ifdef __linux__
	if (close_range((unsigned)first, ~0u, 0) == 0)
		return;
#endif
	for (int fd = first; fd < 4096; fd++)
		close(fd);
}

static void default_signals(void)
{
	sigset_t none;

	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool become(struct process_user u)
{
	return !u.set || (setgroups(0, NULL) == 0 && setgid(u.gid) == 0 && setuid(u.uid) == 0);
}

/* fsync() and fdatasync() succeed without doing anything, for the program and what it starts. A
 * program of another architecture has other numbers: servers are of ours. Where the kernel has no
 * filters, things take longer, that is all. */
static void forget_syncs(void)
{
#ifdef __linux__
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
#endif
}

/* What goes through the report pipe: the program's pid, or why it could not be started. */
enum { REPORT_PID, REPORT_ERRNO };
struct report {
	int what, value;
};

/* A file that nobody else sees, at its beginning; -1 when it cannot be had. */
static int input_file(struct slice text)
{
	char path[] = "/tmp/belay-input-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	unlink(path);
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		text = slice_from(text, (size_t)n);
	}
	return lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

/* Never returns. `report` is close-on-exec: an errno arrives there if exec did not happen. */
static _Noreturn void run_program(const struct process_options *o, int output, int report)
{
	int in = open("/dev/null", O_RDWR), text = in, e;

	if (o->input_path)
		text = open(o->input_path, O_RDONLY);
	else if (o->input.len)
		text = input_file(o->input);

	default_signals();
	if (in < 0 || text < 0 || dup2(text, 0) < 0 || dup2(output >= 0 ? output : in, 1) < 0 ||
		dup2(o->drop_stderr ? in : 1, 2) < 0)
		goto fail;
	if (report != 3) {
		if (dup2(report, 3) < 0)
			goto fail;
		report = 3;
	}
	fcntl(3, F_SETFD, FD_CLOEXEC);
	close_from(4);
	if (!become(o->user))
		goto fail;
#ifdef __linux__
	/* After the change of user, which would clear it: the guard may be killed as well. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (chdir(o->dir ? o->dir : "/") != 0)
		goto fail;
	umask(077);
	if (o->fleeting)
		forget_syncs();
	execve(o->argv[0], (char *const *)(const void *)o->argv,
		(char *const *)(const void *)(o->env ? o->env : plain_env));
fail:
	e = errno;
	if (write(report, &(struct report){REPORT_ERRNO, e}, sizeof(struct report)) < 0)
		_exit(126);
	_exit(127);
}

static bool fork_failed(const struct process_options *o, struct err *err, int e)
{
	return err_set(err, ERR_INPUT, "cannot start \"%s\": %s", o->argv ? o->argv[0] : "a guard",
		strerror(e));
}

static int status_code(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

static void close_pair(int fd[2])
{
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

/* The caller's three standard streams may be closed: ours stay clear of their numbers, and of those
 * that the guard and the program use. */
static bool raise_pair(int fd[2])
{
	for (int i = 0; i < 2; i++)
		if (fd[i] < 10) {
			int high = fcntl(fd[i], F_DUPFD_CLOEXEC, 10);

			if (high < 0)
				return false;
			close(fd[i]);
			fd[i] = high;
		}
	return true;
}

static bool make_pipe(int fd[2])
{
	return pipe2(fd, O_CLOEXEC) == 0 && raise_pair(fd);
}

/* ---- Run and wait ---- */
static bool collect(
	const struct process_options *o, pid_t pid, int from, struct buf *output, struct err *err)
{
	long long start = io_now_ms();

	for (;;) {
		struct pollfd p = {from, POLLIN, 0};
		long long elapsed;
		char some[4096];
		ssize_t n;

		if (poll(&p, 1, 100) > 0) {
			n = read(from, some, sizeof some);
			if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
				return true;
			if (n > 0 && output)
				buf_add(output, slice_n(some, (size_t)n));
		}
		elapsed = io_now_ms() - start;
		if (o->tick && !o->tick(o->tick_ctx, elapsed)) {
			kill(pid, SIGKILL);
			return err_set(err, ERR_INTERRUPTED, "\"%s\" was interrupted", o->argv[0]);
		}
		if (o->timeout_ms > 0 && elapsed > o->timeout_ms) {
			kill(pid, SIGKILL);
			return err_set(err, ERR_FAILED, "\"%s\" did not end within %d ms",
				o->argv[0], o->timeout_ms);
		}
	}
}

bool process_run(const struct process_options *o, struct buf *output, int *status, struct err *err)
{
	int text[2] = {-1, -1}, report[2] = {-1, -1}, wait_status = 0;
	struct report said;
	bool ok = false;
	pid_t pid;

	if (!make_pipe(text) || !make_pipe(report)) {
		fork_failed(o, err, errno);
		goto out;
	}
	pid = fork();
	if (pid == 0)
		run_program(o, text[1], report[1]);
	if (pid < 0) {
		fork_failed(o, err, errno);
		goto out;
	}
	close(text[1]);
	close(report[1]);
	text[1] = report[1] = -1;
	ok = collect(o, pid, text[0], output, err);
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	if (read(report[0], &said, sizeof said) == (ssize_t)sizeof said)
		ok = fork_failed(o, err, said.value);
	*status = status_code(wait_status);
out:
	close_pair(text);
	close_pair(report);
	return ok;
}

/* ---- The guard ---- */
static void on_child(int sig)
{
	(void)sig; /* its arrival ends pselect(), that is all */
}

static void end_program(const struct process_options *o, pid_t pid, int *wait_status)
{
	kill(pid, o->death_signal ? o->death_signal : SIGTERM);
	for (int i = 0; i < 500; i++) {
		if (waitpid(pid, wait_status, WNOHANG) == pid)
			return;
		poll(NULL, 0, 10);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, wait_status, 0) < 0 && errno == EINTR)
		;
}

/* Passes signals on until the program ends or belay does. Returns the program's wait status.
 * SIGCHLD is blocked but while we wait, so that none is missed. */
static int guard_loop(const struct process_options *o, pid_t pid, int life)
{
	int wait_status = 0;
	sigset_t none;

	sigemptyset(&none);
	while (waitpid(pid, &wait_status, WNOHANG) != pid) {
		unsigned char sig;
		fd_set in;
		ssize_t n;

		FD_ZERO(&in);
		FD_SET(life, &in);
		if (pselect(life + 1, &in, NULL, NULL, NULL, &none) <= 0)
			continue;
		n = read(life, &sig, 1);
		if (n == 1) {
			kill(pid, sig);
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			end_program(o, pid, &wait_status);
			break;
		}
	}
	return wait_status;
}

/* No program: a tree to remove, as soon as belay says so or is gone. */
static _Noreturn void guard_tree(const struct process_options *o, int life, int report)
{
	unsigned char any;

	if (write(report, &(struct report){REPORT_PID, getpid()}, sizeof(struct report)) < 0)
		_exit(126);
	close(report);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	while (read(life, &any, 1) < 0 && errno == EINTR)
		;
	io_remove_tree(o->remove);
	_exit(0);
}

static _Noreturn void run_guard(const struct process_options *o, int log, int life, int report)
{
	sigset_t child;
	int status;
	pid_t pid;

	setsid();
	default_signals();
	/* Nothing but belay's end ends the guard. */
	for (int s = 1; s < 32; s++)
		if (s != SIGCHLD && s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_IGN);
	if (dup2(life, 3) < 0 || dup2(report, 4) < 0 || (log >= 0 && dup2(log, 5) < 0))
		_exit(126);
	close_from(log >= 0 ? 6 : 5);
	for (int fd = 3; fd < 6; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (chdir("/") != 0)
		_exit(126);
	if (!o->argv)
		guard_tree(o, 3, 4);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child}, NULL);
	pid = fork();
	if (pid == 0)
		run_program(o, log >= 0 ? 5 : -1, 4);
	if (pid < 0 || write(4, &(struct report){REPORT_PID, pid}, sizeof(struct report)) < 0)
		_exit(126);
	close(4);
	/* The caller's standard streams are not ours to keep open. */
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	status = guard_loop(o, pid, 3);
	if (o->remove)
		io_remove_tree(o->remove);
	_exit(status_code(status));
}

/* Guard and program report in any order; the pipe ends when both have said what they have to say.
 */
static bool read_report(
	struct process *p, const struct process_options *o, int report, struct err *err)
{
	struct report r;
	int e = 0;

	p->pid = 0;
	for (;;) {
		ssize_t n = read(report, &r, sizeof r);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof r)
			break;
		if (r.what == REPORT_PID)
			p->pid = r.value;
		else
			e = r.value;
	}
	if (e)
		return fork_failed(o, err, e);
	if (p->pid == 0)
		return err_set(
			err, ERR_INPUT, "cannot start \"%s\"", o->argv ? o->argv[0] : "a guard");
	return true;
}

static bool open_log(const char *path, int *out)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	*out = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (fd >= 0)
		close(fd);
	return *out >= 0;
}

bool process_start(struct process **out, const struct process_options *o, struct err *err)
{
	int life[2] = {-1, -1}, report[2] = {-1, -1}, log = -1;
	struct process *p = mem_alloc(sizeof *p);
	bool ok = false;

	*p = (struct process){.life = -1};
	if (o->log && !open_log(o->log, &log)) {
		err_errno(err, "write", o->log);
		goto out;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life) != 0 || !raise_pair(life) ||
		!make_pipe(report) || (p->guard = fork()) < 0) {
		fork_failed(o, err, errno);
		goto out;
	}
	if (p->guard == 0)
		run_guard(o, log, life[0], report[1]);
	close(report[1]);
	report[1] = -1;
	p->life = life[1];
	life[1] = -1;
	ok = read_report(p, o, report[0], err);
out:
	if (log >= 0)
		close(log);
	close_pair(life);
	close_pair(report);
	if (ok)
		*out = p;
	else if (p->guard > 0)
		process_stop(p, SIGKILL, 0);
	else
		free(p);
	return ok;
}

bool process_alive(struct process *p)
{
	int wait_status;

	if (p->ended)
		return false;
	if (waitpid(p->guard, &wait_status, WNOHANG) != p->guard)
		return true;
	p->ended = true;
	p->status = status_code(wait_status);
	return false;
}

pid_t process_pid(const struct process *p)
{
	return p->pid;
}

static void send_signal(struct process *p, int sig)
{
	unsigned char c = (unsigned char)sig;

	/* The guard may be gone already; that must not be a SIGPIPE. */
	if (send(p->life, &c, 1, MSG_NOSIGNAL) < 0)
		errno = 0;
}

int process_stop(struct process *p, int sig, int grace_ms)
{
	int wait_status = 0, status;
	long long until = io_now_ms() + grace_ms;

	if (!p)
		return 0;
	if (process_alive(p))
		send_signal(p, sig);
	while (process_alive(p) && io_now_ms() < until)
		poll(NULL, 0, 5);
	if (process_alive(p))
		send_signal(p, SIGKILL);
	if (p->life >= 0)
		close(p->life);
	if (!p->ended) {
		while (waitpid(p->guard, &wait_status, 0) < 0 && errno == EINTR)
			;
		p->status = status_code(wait_status);
	}
	status = p->status;
	free(p);
	return status;
}

/* ---- Looking up ---- */
static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

const char *process_find(struct arena *a, const char *name)
{
	struct slice rest = slice_of(getenv("PATH")), dir;

	if (strchr(name, '/'))
		return is_program(name) ? name : NULL;
	while (slice_next(&rest, ':', &dir)) {
		const char *path = io_join(a, arena_cstr(a, dir), name);

		if (dir.len > 0 && dir.at[0] == '/' && is_program(path))
			return path;
	}
	return NULL;
}

bool process_user_find(const char *const *names, struct process_user *out)
{
	for (; *names; names++) {
		struct passwd pw, *found = NULL;
		char text[4096];

		if (getpwnam_r(*names, &pw, text, sizeof text, &found) == 0 && found) {
			*out = (struct process_user){true, found->pw_uid, found->pw_gid};
			return true;
		}
	}
	return false;
}

static bool give(struct arena *a, const char *path, struct process_user u, struct err *err)
{
	struct stat st;
	const char **names;
	size_t n;

	if (lchown(path, u.uid, u.gid) != 0 || lstat(path, &st) != 0)
		return err_errno(err, "give away", path);
	if (!S_ISDIR(st.st_mode))
		return true;
	if (!io_list(a, path, &names, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!give(a, io_join(a, path, names[i]), u, err))
			return false;
	return true;
}

bool process_give_tree(const char *path, struct process_user user, struct err *err)
{
	struct arena a = {0};
	bool ok = give(&a, path, user, err);

	arena_done(&a);
	return ok;
}
