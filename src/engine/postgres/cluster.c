/* cluster.c - the files of a scratch server.
 *
 * initdb takes half a second and more; copying what it made takes 30 ms. So its result is kept, per
 * server program, below ${BELAY_CACHE:-$XDG_CACHE_HOME/belay:-$HOME/.cache/belay}/postgres, in a
 * folder that belongs to us and that nobody else can enter; any doubt about that and it is made
 * anew. The template is written beside and renamed into place, so that two belays never see half
 * of one. */
#include "engine/postgres/scratch.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Grows when what we ask of initdb changes. */
#define TEMPLATE_FORM 1

/* ---- Copying ---- */
static bool copy_file(const char *from, const char *to, mode_t mode, struct err *err)
{
	char block[65536];
	bool ok = false;
	ssize_t n = 0;
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out = -1;

	if (in < 0) {
		err_errno(err, "read", from);
		goto out;
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0700);
	if (out < 0) {
		err_errno(err, "write", to);
		goto out;
	}
#ifdef __linux__
	while ((n = copy_file_range(in, NULL, out, NULL, (size_t)1 << 30, 0)) > 0)
		;
#endif
	/* Also when the kernel cannot: the offsets stand where it stopped. */
	while ((n = read(in, block, sizeof block)) > 0)
		if (!io_write_fd(out, slice_n(block, (size_t)n)))
			break;
	ok = n == 0 || err_errno(err, "copy", from);
out:
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return ok;
}

static bool copy_tree(const char *from, const char *to, struct err *err)
{
	struct arena a = {0};
	const char **names;
	struct stat st;
	bool ok = false;
	size_t n;

	if (lstat(from, &st) != 0) {
		err_errno(err, "read", from);
	} else if (S_ISREG(st.st_mode)) {
		ok = copy_file(from, to, st.st_mode, err);
	} else if (!S_ISDIR(st.st_mode)) {
		err_set(err, ERR_INPUT, "\"%s\" is neither a file nor a folder", from);
	} else if (mkdir(to, 0700) != 0) {
		err_errno(err, "make directory", to);
	} else {
		ok = io_list(&a, from, &names, &n, err);
		for (size_t i = 0; ok && i < n; i++)
			ok = copy_tree(io_join(&a, from, names[i]), io_join(&a, to, names[i]), err);
	}
	arena_done(&a);
	return ok;
}

/* ---- The cache ---- */
static bool is_ours_alone(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

/* NULL: there is no place to keep it. */
static const char *cache_dir(struct arena *a)
{
	const char *belay = getenv("BELAY_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME"), *dir;
	struct err ignored = {0};

	if (belay && belay[0] == '/')
		dir = io_join(a, belay, "postgres");
	else if (xdg && xdg[0] == '/')
		dir = io_join(a, xdg, "belay/postgres");
	else if (home && home[0] == '/')
		dir = io_join(a, home, ".cache/belay/postgres");
	else
		return NULL;
	if (!io_make_dirs(dir, 0700, &ignored) || !is_ours_alone(dir)) {
		err_done(&ignored);
		return NULL;
	}
	return dir;
}

/* The same program, not only the same version: path, size and time of change are in the name. */
static const char *template_name(struct arena *a, const struct pg_programs *p)
{
	struct stat st = {0};
	unsigned long long h = slice_hash(slice_of(p->postgres));

	if (stat(p->postgres, &st) != 0)
		return NULL;
	h ^= (unsigned long long)st.st_mtime * 1000003u ^ (unsigned long long)st.st_size * 8191u;
	return arena_cstr(a, arena_printf(a, "%.*s-%016llx-%d", SLICE(p->text), h, TEMPLATE_FORM));
}

/* ---- initdb ---- */
static bool make_password(struct arena *a, const char *path, struct err *err)
{
	unsigned char raw[24];
	char hex[sizeof raw * 2 + 1];

	(void)a;
	if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
		return err_set(err, ERR_INPUT, "no random numbers to be had");
	for (size_t i = 0; i < sizeof raw; i++)
		snprintf(hex + i * 2, 3, "%02x", raw[i]);
	return io_write_new(path, slice_n(hex, sizeof raw * 2), 0600, err);
}

static bool tick(void *ctx, long long elapsed_ms)
{
	const struct waiter *w = ctx;

	return !w->tick || w->tick(w->ctx, elapsed_ms);
}

static bool run_initdb(const struct pg_programs *p, const char *dir, const char *ctype,
	struct process_user user, const struct waiter *w, struct err *err)
{
	struct arena a = {0};
	const char *data = io_join(&a, dir, "data");
	const char *const argv[] = {p->initdb, "-D", data, "-U", SCRATCH_ADMIN, "-E", "UTF8",
		"--no-sync", "--wal-segsize=1", "--auth=scram-sha-256", "--lc-collate=C",
		"--lc-messages=C", "--lc-monetary=C", "--lc-numeric=C", "--lc-time=C",
		arena_cstr(&a, arena_printf(&a, "--lc-ctype=%s", ctype)),
		arena_cstr(&a, arena_printf(&a, "--pwfile=%s/password", dir)), NULL};
	struct buf out = {0};
	struct slice rest, line, last = SLICE_NONE;
	int status = 1;
	bool ok;

	ok = process_run(&(struct process_options){.argv = argv,
				 .user = user,
				 .timeout_ms = 120000,
				 .tick = tick,
				 .tick_ctx = (void *)(uintptr_t)w},
		&out, &status, err);
	rest = buf_slice(&out);
	while (slice_line(&rest, &line))
		if (slice_find(line, SL("error")) != SIZE_MAX ||
			slice_find(line, SL("FATAL")) != SIZE_MAX)
			last = slice_trim(line);
	if (ok && status != 0)
		ok = err_set(err, ERR_FAILED, "initdb failed (exit %d): %.*s", status, SLICE(last));
	buf_done(&out);
	arena_done(&a);
	return ok;
}

/* The admin with a password, the owner without: the socket's folder is private, and the hostile
 * SQL that runs as owner gains nothing by connecting again as itself. */
static const char hba[] = "local all " SCRATCH_ADMIN " scram-sha-256\n"
			  "local all all trust\n";

static bool make_template(struct arena *a, const struct pg_programs *p, const char *dir,
	struct process_user user, const struct waiter *w, struct err *err)
{
	struct err first = {0};
	const char *password = io_join(a, dir, "password"), *data = io_join(a, dir, "data");

	if (!make_password(a, password, err))
		return false;
	if (user.set && !process_give_tree(dir, user, err))
		return false;
	/* Not every system has C.UTF-8. */
	if (!run_initdb(p, dir, "C.UTF-8", user, w, &first)) {
		if (first.code == ERR_INTERRUPTED) {
			err_move(err, &first);
			return false;
		}
		err_done(&first);
		io_remove_tree(data);
		if (!run_initdb(p, dir, "C", user, w, err))
			return false;
	}
	return io_write(io_join(a, data, "pg_hba.conf"), slice_of(hba), 0600, err);
}

/* ---- Making one ---- */
static bool keep_template(struct arena *a, const struct pg_programs *p, const char *made,
	const char *cache, const char *name)
{
	const char *beside =
		arena_cstr(a, arena_printf(a, "%s/%s.%ld", cache, name, (long)getpid()));
	struct err ignored = {0};
	bool ok;

	(void)p;
	ok = mkdir(beside, 0700) == 0 &&
	     copy_tree(io_join(a, made, "data"), io_join(a, beside, "data"), &ignored) &&
	     copy_tree(io_join(a, made, "password"), io_join(a, beside, "password"), &ignored) &&
	     rename(beside, io_join(a, cache, name)) == 0;
	if (!ok)
		io_remove_tree(beside);
	err_done(&ignored);
	return ok;
}

static bool fill(struct arena *a, const struct pg_programs *p, const struct waiter *w,
	struct pg_cluster *c, struct err *err)
{
	const char *cache = cache_dir(a), *name = template_name(a, p), *kept = NULL;
	struct err stale = {0};

	if (cache && name)
		kept = io_join(a, cache, name);
	if (kept && is_ours_alone(kept)) {
		if (copy_tree(io_join(a, kept, "data"), c->data, &stale) &&
			copy_tree(io_join(a, kept, "password"), c->password, &stale))
			return true;
		/* Half removed by somebody: make it anew. */
		err_done(&stale);
		io_remove_tree(c->data);
		(void)unlink(c->password);
		io_remove_tree(kept);
	}
	if (!make_template(a, p, c->dir, c->user, w, err))
		return false;
	if (kept)
		(void)keep_template(a, p, c->dir, cache, name);
	return true;
}

/* The path of a socket must fit into 107 bytes, whatever TMPDIR says. */
static bool make_dir(struct arena *a, const char **out, struct err *err)
{
	const char *base = getenv("TMPDIR");
	char *path;

	if (!base || base[0] != '/' || strlen(base) > 60)
		base = "/tmp";
	path = arena_cstr(a, arena_printf(a, "%s/belay-pg-XXXXXX", base));
	if (!mkdtemp(path))
		return err_errno(err, "make directory", path);
	*out = path;
	return true;
}

bool pg_cluster_make(struct arena *a, const struct pg_programs *p, const struct waiter *w,
	struct pg_cluster *out, struct err *err)
{
	static const char *const users[] = {"postgres", "nobody", NULL};
	struct pg_cluster c = {0};

	if (geteuid() == 0 && !process_user_find(users, &c.user))
		return err_set(err, ERR_INPUT,
			"a PostgreSQL server does not run as root, and there is neither a user "
			"postgres nor nobody");
	if (!make_dir(a, &c.dir, err))
		return false;
	c.data = io_join(a, c.dir, "data");
	c.sockets = io_join(a, c.dir, "s");
	c.log = io_join(a, c.dir, "log");
	c.password = io_join(a, c.dir, "password");
	if (!fill(a, p, w, &c, err) || !io_make_dirs(c.sockets, 0700, err) ||
		!io_write(c.log, SLICE_NONE, 0600, err) ||
		(c.user.set && !process_give_tree(c.dir, c.user, err))) {
		io_remove_tree(c.dir);
		return false;
	}
	*out = c;
	return true;
}
