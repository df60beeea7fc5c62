/* cluster.c - the program and the files of a private server.
 *
 * The system tables are made by the server itself, once (cluster_server.c). The result, about 15 MB
 * of MariaDB's and 80 of MySQL's, is kept in the cache, and every scratch server begins with a copy
 * of it. */
#include "engine/mysql/scratch.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPLATE_FORMAT 1 /* of the template: a new number makes a new one */

/* ---- the program ---- */

static const struct product {
	enum dialect dialect;
	const char *title, *programs[2], *env, *package, *scheme;
	const char *places[5];
} products[] = {
	{DIALECT_MARIADB, "MariaDB", {"mariadbd", "mysqld"}, "BELAY_MARIADB_BIN", "mariadb-server",
		"mariadb",
		{"/usr/sbin", "/usr/libexec", "/usr/local/bin", "/opt/homebrew/bin",
			"/usr/local/mariadb/bin"}},
	{DIALECT_MYSQL, "MySQL", {"mysqld", "mysqld"}, "BELAY_MYSQL_BIN", "mysql-server", "mysql",
		{"/usr/sbin", "/usr/libexec", "/usr/local/bin", "/opt/homebrew/bin",
			"/usr/local/mysql/bin"}},
};

static const struct product *product_of(enum dialect d)
{
	return &products[d == DIALECT_MYSQL];
}

static const char *program_in(struct arena *a, const struct product *p, const char *dir)
{
	for (size_t i = 0; i < 2; i++) {
		const char *path = io_join(a, dir, p->programs[i]);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static bool read_version(
	struct arena *a, const char *program, bool *mariadb, struct slice *version, struct err *err)
{
	const char *const argv[] = {program, "--no-defaults", "--version", NULL};
	struct buf out = {0};
	struct slice text;
	size_t at;
	int status = 0;
	bool ok = process_run(
		&(struct process_options){.argv = argv, .timeout_ms = 20000}, &out, &status, err);

	text = arena_slice(a, buf_slice(&out));
	buf_done(&out);
	if (!ok)
		return err_context(err, "asking %s for its version", program);
	at = slice_find(text, SL("Ver "));
	if (status || at >= text.len)
		return err_set(err, ERR_INPUT, "%s does not say its version", program);
	*mariadb = slice_ifind(text, SL("MariaDB")) < text.len;
	text = slice_from(text, at + 4);
	for (text.len = 0; text.at[text.len] && strchr("0123456789.", text.at[text.len]);)
		text.len++;
	*version = text;
	return true;
}

/* Takes it when it is the product that is wanted: MariaDB has a program of MySQL's name too. */
static bool take(struct arena *a, const struct product *p, const char *program, struct cluster *c)
{
	struct err ignored = {0};
	bool mariadb = false;

	if (!program || !read_version(a, program, &mariadb, &c->version_text, &ignored) ||
		mariadb != (p->dialect == DIALECT_MARIADB)) {
		err_done(&ignored);
		return false;
	}
	c->program = program;
	c->dialect = p->dialect;
	c->version = version_from_text(p->dialect, c->version_text);
	return true;
}

static bool find_program(
	struct arena *a, const struct product *p, const char *bin_dir, struct cluster *c)
{
	const char *env = getenv(p->env);

	if (bin_dir || (env && *env))
		return take(a, p, program_in(a, p, bin_dir ? bin_dir : env), c);
	if (take(a, p, process_find(a, p->programs[0]), c))
		return true;
	for (size_t i = 0; i < sizeof p->places / sizeof *p->places; i++)
		if (take(a, p, program_in(a, p, p->places[i]), c))
			return true;
	return false;
}

bool my_cluster_find(struct arena *a, enum dialect dialect, const char *bin_dir, int version,
	struct cluster *out, struct err *err)
{
	const struct product *p = product_of(dialect);
	const char *env = getenv(p->env);
	const char *where = bin_dir ? bin_dir : env && *env ? env : NULL;
	char want[24];

	if (!find_program(a, p, bin_dir, out)) {
		err_set(err, ERR_INPUT, "no %s server program (%s) was found%s%s", p->title,
			p->programs[0], where ? " in " : "", where ? where : "");
		return err_hint(err,
			"Install it (Debian: %s), say where it is with %s, or give a server with "
			"--scratch %s://….",
			p->package, p->env, p->scheme);
	}
	if (version && version / 100 != out->version / 100 && version != out->version / 10000) {
		err_set(err, ERR_INPUT, "%s %s is wanted for the scratch server, %.*s is installed",
			p->title, version_text(dialect, version, want), SLICE(out->version_text));
		return err_hint(
			err, "Give a server of that version with --scratch %s://….", p->scheme);
	}
	return true;
}

/* ---- files ---- */

static bool copy_file(const char *from, const char *to, struct err *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	char *block = mem_alloc(1 << 18);
	ssize_t n = 0;
	bool ok = false;

	if (in < 0) {
		err_errno(err, "open", from);
		goto out;
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0) {
		err_errno(err, "create", to);
		goto out;
	}
	while ((n = read(in, block, 1 << 18)) > 0)
		if (!io_write_fd(out, slice_n(block, (size_t)n))) {
			err_errno(err, "write", to);
			goto out;
		}
	ok = n == 0 || err_errno(err, "read", from);
out:
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(block);
	return ok;
}

static bool copy_tree(struct arena *a, const char *from, const char *to, struct err *err)
{
	const char **names;
	size_t n;

	if (mkdir(to, 0700) != 0 && errno != EEXIST)
		return err_errno(err, "create", to);
	if (!io_list(a, from, &names, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *source = io_join(a, from, names[i]), *target = io_join(a, to, names[i]);
		struct stat st;

		if (lstat(source, &st) != 0)
			return err_errno(err, "look at", source);
		if (S_ISDIR(st.st_mode) ? !copy_tree(a, source, target, err)
					: S_ISREG(st.st_mode) && !copy_file(source, target, err))
			return false;
	}
	return true;
}

static const char *cache_dir(struct arena *a)
{
	const char *cache = getenv("BELAY_CACHE"), *home = getenv("HOME");

	if (cache && *cache)
		return cache;
	return home && *home ? io_join(a, home, ".cache/belay") : NULL;
}

static const char *template_path(struct arena *a, const struct cluster *c)
{
	const char *cache = cache_dir(a);

	if (!cache)
		return NULL;
	return arena_cstr(a, arena_printf(a, "%s/%s-%.*s-%d", cache, product_of(c->dialect)->scheme,
				     SLICE(c->version_text), TEMPLATE_FORMAT));
}

/* Best effort: without a cache the next start takes a second longer. */
static void keep_template(struct arena *a, const struct cluster *c, const char *path)
{
	struct err ignored = {0};
	const char *temp;

	temp = arena_cstr(a, arena_printf(a, "%s.%ld", path, (long)getpid()));
	if (!io_make_dirs(temp, 0700, &ignored) ||
		!copy_tree(a, c->data, io_join(a, temp, "data"), &ignored) ||
		!io_write(io_join(a, temp, "password"), c->password, 0600, &ignored) ||
		rename(temp, path) != 0)
		io_remove_tree(temp);
	err_done(&ignored);
}

static bool use_template(struct arena *a, struct cluster *c, const char *path)
{
	struct err ignored = {0};
	bool ok = io_is_file(io_join(a, path, "password")) &&
		  io_read(a, io_join(a, path, "password"), &c->password, &ignored) &&
		  c->password.len == 32 &&
		  copy_tree(a, io_join(a, path, "data"), c->data, &ignored);

	err_done(&ignored);
	if (!ok) { /* a damaged one: the caller makes the files anew */
		io_remove_tree(c->data);
		if (mkdir(c->data, 0700) != 0)
			return false;
	}
	return ok;
}

static bool make_password(struct arena *a, struct cluster *c, struct err *err)
{
	unsigned char bytes[16];
	struct buf b = {0};

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return err_errno(err, "read", "random bytes");
	for (size_t i = 0; i < sizeof bytes; i++)
		buf_printf(&b, "%02x", bytes[i]);
	c->password = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return true;
}

/* ---- together ---- */

static bool make_dirs(struct arena *a, struct cluster *c, struct err *err)
{
	static const char *const users[] = {"mysql", "mariadb", "nobody", NULL};
	const char *const dirs[] = {c->data, c->empty, c->tmp};

	for (size_t i = 0; i < 3; i++)
		if (mkdir(dirs[i], 0700) != 0)
			return err_errno(err, "create", dirs[i]);
	if (geteuid() == 0 && !process_user_find(users, &c->user))
		return err_set(err, ERR_INPUT,
			"%s does not run as root, and there is no user mysql or nobody",
			product_of(c->dialect)->title);
	(void)a;
	return geteuid() != 0 || process_give_tree(c->dir, c->user, err);
}

bool my_cluster_make(struct arena *a, struct cluster *c, const struct waiter *w, struct err *err)
{
	const char *template = template_path(a, c);
	bool ok;

	if (!io_temp_dir(a, product_of(c->dialect)->scheme, &c->dir, err))
		return false;
	c->data = io_join(a, c->dir, "data");
	c->empty = io_join(a, c->dir, "none");
	c->tmp = io_join(a, c->dir, "tmp");
	c->socket = io_join(a, c->dir, "s");
	c->log = io_join(a, c->dir, "log");
	ok = make_dirs(a, c, err);
	if (ok && !(template && use_template(a, c, template))) {
		ok = geteuid() != 0 || process_give_tree(c->dir, c->user, err);
		ok = ok && make_password(a, c, err) && my_cluster_make_files(a, c, w, err);
		if (ok && template)
			keep_template(a, c, template);
	}
	if (ok && geteuid() == 0)
		ok = process_give_tree(c->dir, c->user, err);
	if (!ok)
		io_remove_tree(c->dir);
	return ok;
}
