/* io.c - files, and the limits on what is read from them. */
#include "base/io.h"

#include "base/buf.h"

#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool io_write_fd(int fd, struct slice text)
{
	while (text.len) {
		ssize_t n = write(fd, text.at, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text = slice_from(text, (size_t)n);
	}
	return true;
}

/* A pipe that is open at its other end and has nothing to say yet. */
static bool wait_to_read(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, -1) > 0 || errno == EINTR;
}

static bool read_stream(struct arena *a, int fd, size_t max, struct slice *out)
{
	struct buf b = {0};
	bool ok = true;

	while (b.len < max) {
		ssize_t n = read(fd, buf_room(&b, 65536), 65536);

		if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_to_read(fd))))
			continue;
		if (n <= 0) {
			ok = n == 0;
			break;
		}
		b.len += (size_t)n;
	}
	if (ok)
		*out = slice_sub(arena_slice(a, buf_slice(&b)), 0, max);
	buf_done(&b);
	return ok;
}

static bool read_sized(struct arena *a, int fd, size_t size, struct slice *out)
{
	char *p = arena_alloc(a, size + 1);
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, p + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*out = slice_n(p, got);
	return true;
}

/* A pipe has no size to look at first, and a device may never end. */
#define LIMIT_STREAM_BYTES ((size_t)256 << 20)

static bool read_open(
	struct arena *a, const char *path, int fd, size_t max, struct slice *out, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_errno(err, "read", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "cannot read \"%s\": it is a directory", path);
	if (S_ISREG(st.st_mode) && (size_t)st.st_size > LIMIT_FILE_BYTES && max > LIMIT_FILE_BYTES)
		return err_set(err, ERR_INPUT,
			"cannot read \"%s\": %lld bytes are more than the limit of 2 GiB for one "
			"file; make several files of it",
			path, (long long)st.st_size);
	if (S_ISREG(st.st_mode)) {
		size_t want = (size_t)st.st_size < max ? (size_t)st.st_size : max;

		if (!read_sized(a, fd, want, out))
			return err_errno(err, "read", path);
		return true;
	}
	if (!read_stream(a, fd, max < LIMIT_STREAM_BYTES ? max : LIMIT_STREAM_BYTES + 1, out))
		return err_errno(err, "read", path);
	if (out->len > LIMIT_STREAM_BYTES && max > LIMIT_STREAM_BYTES)
		return err_set(err, ERR_INPUT,
			"cannot read \"%s\": more than 256 MiB come from it, and it is no file",
			path);
	return true;
}

bool io_read_head(struct arena *a, const char *path, size_t max, struct slice *out, struct err *err)
{
	bool ok;
	int fd;

	if (strcmp(path, "-") == 0)
		return read_open(a, "standard input", STDIN_FILENO, max, out, err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(err, "read", path);
	ok = read_open(a, path, fd, max, out, err);
	close(fd);
	return ok;
}

bool io_read(struct arena *a, const char *path, struct slice *out, struct err *err)
{
	return io_read_head(a, path, SIZE_MAX / 4, out, err);
}

static void sync_parent(const char *path)
{
	struct arena a = {0};
	const char *slash = strrchr(path, '/');
	const char *dir = slash ? arena_cstr(&a, slice_n(path, (size_t)(slash - path) + 1)) : ".";
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	arena_done(&a);
}

/* Write aside, sync, put in place, sync the directory. `put` is rename or link. */
static bool write_aside(
	const char *path, struct slice text, mode_t mode, bool replace, struct err *err)
{
	struct arena a = {0};
	char *tmp = arena_cstr(&a, arena_printf(&a, "%s.XXXXXX", path));
	int fd = mkostemp(tmp, O_CLOEXEC);
	bool ok = false;

	if (fd < 0) {
		err_errno(err, "write", path);
		goto out;
	}
	if (fchmod(fd, mode) || !io_write_fd(fd, text) || fsync(fd)) {
		err_errno(err, "write", path);
		close(fd);
		unlink(tmp);
		goto out;
	}
	close(fd);
	if (replace ? rename(tmp, path) : link(tmp, path)) {
		err_errno(err, "write", path);
		unlink(tmp);
		goto out;
	}
	if (!replace)
		unlink(tmp);
	sync_parent(path);
	ok = true;
out:
	arena_done(&a);
	return ok;
}

/* A terminal, a pipe, /dev/null, /dev/stdout: it is written into, for a file put in its place would
 * take it away from everybody. */
static bool is_no_file(const char *path)
{
	struct stat st;

	if (strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return true;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static bool write_into(const char *path, struct slice text, struct err *err)
{
	/* A pipe that nobody reads is an error, not a wait without end. */
	int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return err_errno(err, "write", path);
	fcntl(fd, F_SETFL, O_WRONLY | O_APPEND);
	ok = io_write_fd(fd, text) || err_errno(err, "write", path);
	close(fd);
	return ok;
}

bool io_write(const char *path, struct slice text, mode_t mode, struct err *err)
{
	struct stat st;
	char *target;
	bool ok;

	if (is_no_file(path))
		return write_into(path, text, err);
	/* A link stays a link: what it points at is replaced. */
	target = lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;
	ok = write_aside(target ? target : path, text, mode, true, err);
	free(target);
	return ok;
}

bool io_write_new(const char *path, struct slice text, mode_t mode, struct err *err)
{
	return write_aside(path, text, mode, false, err);
}

bool io_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool io_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool io_make_dirs(const char *path, mode_t mode, struct err *err)
{
	struct arena a = {0};
	char *p = arena_cstr(&a, slice_of(path));
	bool ok = true;

	for (char *s = p + 1; ok; s++) {
		char c = *s;

		if (c != '/' && c != 0)
			continue;
		*s = 0;
		if (mkdir(p, mode) && errno != EEXIST)
			ok = err_errno(err, "make directory", p);
		*s = c;
		if (c == 0)
			break;
	}
	arena_done(&a);
	return ok;
}

static int by_bytes(const void *x, const void *y)
{
	return strcmp(((const struct io_entry *)x)->name, ((const struct io_entry *)y)->name);
}

static enum io_kind kind_of(const struct dirent *d)
{
#ifdef DT_DIR
	if (d->d_type == DT_DIR)
		return IO_DIR;
	if (d->d_type == DT_REG)
		return IO_FILE;
#endif
	(void)d;
	return IO_ASK;
}

bool io_entries(
	struct arena *a, const char *path, struct io_entry **entries, size_t *n, struct err *err)
{
	DIR *dir = opendir(path);
	struct io_entry *v = NULL;
	size_t count = 0;

	if (!dir)
		return err_errno(err, "read directory", path);
	for (;;) {
		struct dirent *d = readdir(dir);

		if (!d)
			break;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		*ARENA_PUSH(a, v, count) =
			(struct io_entry){arena_cstr(a, slice_of(d->d_name)), kind_of(d)};
	}
	closedir(dir);
	if (count)
		qsort(v, count, sizeof *v, by_bytes);
	*entries = v;
	*n = count;
	return true;
}

bool io_list(struct arena *a, const char *path, const char ***names, size_t *n, struct err *err)
{
	struct io_entry *v;

	if (!io_entries(a, path, &v, n, err))
		return false;
	*names = *n ? ARENA_ARRAY(a, *n, const char *) : NULL;
	for (size_t i = 0; i < *n; i++)
		(*names)[i] = v[i].name;
	return true;
}

const char *io_join(struct arena *a, const char *root, const char *rel)
{
	size_t n, m;
	char *p;

	if (rel[0] == '/' || !root || root[0] == 0 || strcmp(root, ".") == 0)
		return rel;
	n = strlen(root);
	m = strlen(rel);
	p = arena_alloc(a, n + m + 2);
	memcpy(p, root, n);
	if (p[n - 1] != '/')
		p[n++] = '/';
	memcpy(p + n, rel, m);
	return p;
}

const char *io_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *io_relative(struct arena *a, const char *root, const char *path)
{
	size_t n = strlen(root);

	while (n && root[n - 1] == '/')
		n--;
	if (n && strncmp(path, root, n) == 0 && path[n] == '/')
		return arena_cstr(a, slice_of(path + n + 1));
	return path;
}

bool io_temp_dir(struct arena *a, const char *word, const char **out, struct err *err)
{
	const char *base = getenv("TMPDIR");
	char *path;

	if (!base || base[0] != '/')
		base = "/tmp";
	path = arena_cstr(a, arena_printf(a, "%s/belay-%s-XXXXXX", base, word));
	if (!mkdtemp(path))
		return err_errno(err, "make directory", path);
	*out = path;
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void io_remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static long long clock_ms(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

long long io_now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

long long io_passed_ms(void)
{
#ifdef CLOCK_BOOTTIME
	return clock_ms(CLOCK_BOOTTIME);
#else
	return clock_ms(CLOCK_MONOTONIC);
#endif
}
