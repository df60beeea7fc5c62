/* plain.c - SQL files that people number by hand.
 *
 *	001_name.sql  20240115120000_name.sql  2024-01-15_name.sql  001.sql
 *	  up and down in one file after `-- UP` / `-- DOWN`, or down beside it:
 *	001_name.down.sql  001_name.rollback.sql  001_name_down.sql  rollback/001_name.sql
 *	verify_001.sql  001_name.verify.sql  verify/001_name.sql      checks of one migration
 *	verify.sql       checks of the schema as it is now: they belong to the last migration
 *	v1.2.3.sql  V0001.name.up.sql         releases as numbers: each part counts by itself
 *	0.22/00_name.sql folders named by a version: folder first, then number
 *	001_name.postgres.sql    for one database only: the others are left out
 *	003_name.py      a script of another language: listed in its place, not run
 *
 * Order: the numbers in the name, as numbers. The history is belay's own table. */
#include "layout/internal.h"

#include "sql/mask.h"

#include <stdint.h>

enum role { ROLE_NONE, ROLE_UP, ROLE_DOWN, ROLE_VERIFY, ROLE_VERIFY_ALL, ROLE_BAD };

struct plain_name {
	enum role role;
	struct slice version, name;
	enum dialect dialect; /* named before .sql, else UNKNOWN */
	const char *code;
	const char *path;
};

/* ---- Names ---- */

static bool is_sep(char c)
{
	return c == '_' || c == '-' || c == '.' || c == ' ';
}

static unsigned two_digits(struct slice s, size_t at)
{
	return (unsigned)(s.at[at] - '0') * 10 + (unsigned)(s.at[at + 1] - '0');
}

/* 20240115-120000, 20240115_120000_words: a day and the time of it. */
static size_t day_and_time_length(struct slice s)
{
	struct slice time = slice_from(s, 9);
	unsigned month, day;

	if (s.len < 15 || count_digits(s) != 8 || (s.at[8] != '-' && s.at[8] != '_') ||
		count_digits(time) != 6 || (s.at[0] != '1' && s.at[0] != '2'))
		return 0;
	month = two_digits(s, 4);
	day = two_digits(s, 6);
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && two_digits(time, 0) < 24 &&
			       two_digits(time, 2) < 60 && two_digits(time, 4) < 60
		       ? 15
		       : 0;
}

/* 2024-01-15, 2024_01_15_120000, 2024-01-15T12: a date counts as one version. */
static size_t date_length(struct slice s)
{
	size_t at = day_and_time_length(s);

	if (at)
		return at;
	at = 4;
	if (count_digits(s) != 4 || (s.at[0] != '1' && s.at[0] != '2'))
		return 0;
	for (int part = 0; part < 2; part++) {
		if (at + 3 > s.len || (s.at[at] != '-' && s.at[at] != '_') ||
			count_digits(slice_from(s, at + 1)) != 2)
			return 0;
		at += 3;
	}
	while (at + 1 < s.len && (is_sep(s.at[at]) || s.at[at] == 'T') && s.at[at] != '.') {
		size_t n = count_digits(slice_from(s, at + 1));

		if (n == 0 || n > 9)
			break;
		at += n + 1;
	}
	return at;
}

/* 001, 1.2.3, v1.2.3, V0001: a part belongs to it when nothing but a separator follows. */
static size_t dotted_length(struct slice s)
{
	size_t at = s.len > 1 && (s.at[0] == 'v' || s.at[0] == 'V');
	size_t n = count_digits(slice_from(s, at));

	for (at += n; n && at + 1 < s.len && s.at[at] == '.'; at += n + 1) {
		n = count_digits(slice_from(s, at + 1));
		if (!n || (at + 1 + n < s.len && !is_sep(s.at[at + 1 + n])))
			return at;
	}
	return n ? at : 0;
}

static struct slice version_of(struct slice s)
{
	size_t n = date_length(s);

	return slice_sub(s, 0, n ? n : dotted_length(s));
}

static enum role role_of_word(struct slice w)
{
	if (slice_iis(w, "up"))
		return ROLE_UP;
	if (slice_iis(w, "down") || slice_iis(w, "rollback") || slice_iis(w, "undo") ||
		slice_iis(w, "revert"))
		return ROLE_DOWN;
	if (slice_iis(w, "verify") || slice_iis(w, "test"))
		return ROLE_VERIFY;
	return ROLE_NONE;
}

static bool bad_word(struct slice w)
{
	return is_near(w, "down") || is_near(w, "rollback") || is_near(w, "verify") ||
	       (w.len >= 2 && w.len <= 3 && is_near(w, "up"));
}

/* name.up, name.dwon, name.postgres.down: the parts between the last dots. */
static void take_suffix(struct plain_name *n)
{
	size_t dot = n->name.len;
	struct slice word;
	enum dialect d;

	while (dot > 0 && n->name.at[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return;
	word = slice_from(n->name, dot);
	d = dialect_from_name(word);
	if (role_of_word(word) != ROLE_NONE || (d != DIALECT_UNKNOWN && !n->dialect)) {
		if (d == DIALECT_UNKNOWN)
			n->role = role_of_word(word);
		else
			n->dialect = d;
		n->name = slice_sub(n->name, 0, dot - 1);
		take_suffix(n);
	} else if (bad_word(word)) {
		n->role = ROLE_BAD;
	}
}

/* verify_001.sql, rollback-003_x.sql: the direction stands before the number. */
static bool take_prefix(struct slice *stem, enum role *role)
{
	size_t n = 0;

	while (n < stem->len && !is_sep(stem->at[n]))
		n++;
	*role = role_of_word(slice_sub(*stem, 0, n));
	if (*role == ROLE_NONE || n + 1 >= stem->len || !count_digits(slice_from(*stem, n + 1)))
		return false;
	*stem = slice_from(*stem, n + 1);
	return true;
}

static struct plain_name name_of(const struct entry *e)
{
	struct slice s = slice_of(e->name), stem = s;
	struct plain_name n = {.path = e->path};
	enum role role = ROLE_NONE;
	bool prefixed;

	n.code = code_of(e->name);
	if (!n.code && !slice_ends(s, ".sql"))
		return n;
	while (stem.len && stem.at[stem.len - 1] != '.')
		stem.len--;
	stem.len -= stem.len > 0;
	if (slice_iis(stem, "verify") && !n.code) {
		n.role = ROLE_VERIFY_ALL;
		return n;
	}
	prefixed = take_prefix(&stem, &role);
	n.version = version_of(stem);
	if (n.version.len == 0)
		return n;
	n.name = slice_from(stem, n.version.len);
	if (n.name.len && !is_sep(n.name.at[0]))
		return (struct plain_name){.path = e->path};
	n.role = prefixed ? role : ROLE_UP;
	if (!prefixed)
		take_suffix(&n);
	while (n.name.len && is_sep(n.name.at[0]))
		n.name = slice_from(n.name, 1);
	return n;
}

/* Part by part as numbers: 2 < 10, 0.9/01 < 0.22/00, 2024-01-15 < 2024-01-15-2. */
static int cmp_parts(struct slice x, struct slice y)
{
	for (;;) {
		size_t nx, ny;
		int c;

		while (x.len && !count_digits(x))
			x = slice_from(x, 1);
		while (y.len && !count_digits(y))
			y = slice_from(y, 1);
		nx = count_digits(x);
		ny = count_digits(y);
		if (!nx || !ny)
			return (nx > 0) - (ny > 0);
		c = cmp_number(slice_sub(x, 0, nx), slice_sub(y, 0, ny));
		if (c)
			return c;
		x = slice_from(x, nx);
		y = slice_from(y, ny);
	}
}

static int by_parts(const struct migration *x, const struct migration *y)
{
	return cmp_parts(x->version, y->version);
}

static bool is_version_folder(struct slice s)
{
	size_t dots = 0;

	if (s.len && (s.at[0] == 'v' || s.at[0] == 'V'))
		s = slice_from(s, 1);
	for (size_t i = 0; i < s.len; i++) {
		dots += s.at[i] == '.';
		if (s.at[i] != '.' && (s.at[i] < '0' || s.at[i] > '9'))
			return false;
	}
	return s.len && dots && count_digits(s) && s.at[s.len - 1] != '.';
}

static bool is_rollback_folder(const char *name)
{
	struct slice s = slice_of(name);

	return slice_iis(s, "rollback") || slice_iis(s, "rollbacks") || slice_iis(s, "down") ||
	       slice_iis(s, "revert") || slice_iis(s, "undo");
}

/* ---- Detection ---- */

static size_t count_ups(const struct entry *v, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		struct plain_name x = name_of(&v[i]);

		found += !v[i].dir && !x.code && x.role == ROLE_UP;
	}
	return found;
}

static int plain_detect(struct peeks *k, const char *given, const char **dir)
{
	const struct entry *v, *inner;
	size_t n, ninner, found;

	*dir = given;
	files_peek(k, given, &v, &n);
	found = count_ups(v, n);
	for (size_t i = 0; i < n && !found; i++)
		if (v[i].dir && is_version_folder(slice_of(v[i].name))) {
			files_peek(k, v[i].path, &inner, &ninner);
			found += count_ups(inner, ninner);
		}
	return found ? 40 : 0;
}

/* ---- Reading ---- */

struct plain {
	struct project *p;
	struct plain_name *names;
	size_t n;
	const char *verify_all;
	struct key_index ups; /* migrations by the numbers of their version */
	bool templated;
};

static bool looks_templated(struct slice text)
{
	size_t at = 0;

	for (;;) {
		size_t k = slice_find(slice_from(text, at), SL("{{"));
		struct slice in;

		if (k == SIZE_MAX)
			return false;
		at += k + 2;
		in = slice_trim(slice_from(text, at));
		if (in.len && in.at[0] == '-')
			in = slice_trim(slice_from(in, 1));
		if (slice_starts(in, "."))
			return true;
		if ((slice_starts(in, "index ") || slice_starts(in, "if ") ||
			    slice_starts(in, "range ") || slice_starts(in, "template ")))
			return true;
	}
}

static struct source *load(struct plain *x, const char *path)
{
	struct source *s = files_load(x->p, path);

	if (s && looks_templated(s->text))
		x->templated = true;
	return s;
}

/* The numbers of a version without leading zeros: 0.9/01 and 0.9/1 are the same. */
static struct slice key_of(struct arena *a, struct slice version)
{
	struct buf b = {0};
	struct slice out;

	if (count_digits(version) == version.len)
		return plain_number(version);
	while (version.len) {
		size_t n = count_digits(version);

		if (n) {
			buf_add(&b, plain_number(slice_sub(version, 0, n)));
			buf_addc(&b, '.');
		}
		version = slice_from(version, n ? n : 1);
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static struct migration *find_version(struct plain *x, struct slice version)
{
	const struct key_entry *e = index_get(&x->ups, key_of(x->p->arena, version));

	return e ? &x->p->migrations[e->first] : NULL;
}

static void note_not_a_migration(struct project *p, const struct entry *e)
{
	struct slice s = slice_of(e->name);

	if (e->dir && slice_ends(s, ".sql"))
		problem(p, true, "not-a-migration", e->path, NOWHERE,
			"this is named like a migration and is a directory");
	else if (!e->dir && slice_ends(s, ".sql"))
		problem(p, false, "not-a-migration", e->path, NOWHERE,
			"this is not a migration: its name does not begin with a number and a name "
			"after _");
	else if (!e->dir && count_digits(s) && slice_ifind(s, SL(".sql")) != SIZE_MAX)
		problem(p, false, "not-a-migration", e->path, NOWHERE,
			"this is not read: its name does not end in .sql");
}

static void take_file(struct plain *x, const struct entry *e, struct slice folder)
{
	struct plain_name n = name_of(e);

	switch (n.role) {
	case ROLE_NONE:
		note_not_a_migration(x->p, e);
		return;
	case ROLE_BAD:
		problem(x->p, true, "unknown-marker", e->path, NOWHERE,
			"the part before .sql looks like up or down and is neither");
		return;
	case ROLE_VERIFY_ALL:
		x->verify_all = e->path;
		return;
	case ROLE_UP:
	case ROLE_DOWN:
	case ROLE_VERIFY:
		break;
	}
	if (folder.len)
		n.version = arena_printf(x->p->arena, "%.*s/%.*s", SLICE(folder), SLICE(n.version));
	*ARENA_PUSH(x->p->arena, x->names, x->n) = n;
}

static void list_folder(struct plain *x, const char *dir, struct slice folder)
{
	struct entry *v;
	size_t n;

	if (!files_list(x->p, dir, &v, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!v[i].dir)
			take_file(x, &v[i], folder);
		else if (!folder.len && is_version_folder(slice_of(v[i].name)))
			list_folder(x, v[i].path, slice_of(v[i].name));
		else if (slice_ends(slice_of(v[i].name), ".sql"))
			note_not_a_migration(x->p, &v[i]);
	}
}

static bool ends_in_word(struct slice name, const char *word)
{
	size_t n = strlen(word);

	return name.len > n + 1 && slice_iis(slice_from(name, name.len - n), word) &&
	       is_sep(name.at[name.len - n - 1]);
}

/* 001_x_down.sql is a down script when there is another 001; alone nobody knows. */
static void see_tail_words(struct plain *x)
{
	struct arena *a = x->p->arena;
	struct key_index others = {0};

	for (size_t i = 0; i < x->n; i++) {
		const struct plain_name *n = &x->names[i];

		if (n->role == ROLE_UP && !n->code && !ends_in_word(n->name, "down") &&
			!ends_in_word(n->name, "rollback"))
			index_put(a, &others, key_of(a, n->version), i);
	}
	for (size_t i = 0; i < x->n; i++) {
		struct plain_name *n = &x->names[i];
		bool down = ends_in_word(n->name, "down");

		if (n->role != ROLE_UP || n->code || (!down && !ends_in_word(n->name, "rollback")))
			continue;
		if (index_get(&others, key_of(a, n->version)))
			n->role = ROLE_DOWN;
		else if (down)
			problem(x->p, true, "unknown-marker", n->path, NOWHERE,
				"this reads like a down script, but no other file has its number");
	}
}

/* Files for several databases side by side: one of them is meant. */
static void choose_dialect(struct plain *x)
{
	enum dialect seen = DIALECT_UNKNOWN, want = x->p->dialect;
	size_t keep = 0;

	for (size_t i = 0; i < x->n; i++) {
		enum dialect d = x->names[i].dialect;

		if (want != DIALECT_UNKNOWN || d == DIALECT_UNKNOWN || d == seen)
			continue;
		if (seen != DIALECT_UNKNOWN) {
			problem(x->p, true, "several-databases", x->names[i].path, NOWHERE,
				"there are files for %s and for %s: say with --dialect which are "
				"meant",
				dialect_name(seen), dialect_name(d));
			return;
		}
		seen = d;
	}
	if (want == DIALECT_UNKNOWN)
		x->p->dialect = want = seen;
	for (size_t i = 0; i < x->n; i++) {
		enum dialect d = x->names[i].dialect;

		if (d == DIALECT_UNKNOWN || d == want ||
			(dialect_is_mysql(d) && dialect_is_mysql(want)))
			x->names[keep++] = x->names[i];
	}
	x->n = keep;
}

static void add_up(struct plain *x, const struct plain_name *n)
{
	struct migration *m = migration_add(x->p, n->version, n->version, n->name, n->path);
	struct script_part up = {0}, down = {0}, verify = {0};
	struct source *src;

	index_put(x->p->arena, &x->ups, key_of(x->p->arena, n->version), x->p->nmigrations - 1);
	if (ends_in_word(n->name, "up"))
		m->name = slice_sub(m->name, 0, m->name.len - 3);
	m->code = n->code;
	if (n->code)
		return;
	src = load(x, n->path);
	if (!src || !markers_split(x->p, src, &up, &down, &verify))
		return;
	m = &x->p->migrations[x->p->nmigrations - 1];
	m->up = up;
	m->down = down;
	m->verify = verify;
	m->verify.tx = TX_MODE_NONE;
}

/* A down script may carry its own marker; with both it is not what its name says. */
static void add_down(struct plain *x, const char *path, struct slice version)
{
	struct migration *m = find_version(x, version);
	struct script_part up = {0}, down = {0}, verify = {0};
	struct source *src;

	if (!m) {
		problem(x->p, false, "not-a-migration", path, NOWHERE,
			"this undoes a migration %.*s that is not there", SLICE(version));
		return;
	}
	if (m->down.src) {
		problem(x->p, true, "duplicate-version", path, NOWHERE,
			"migration %.*s has two down scripts: %s and %s", SLICE(m->id),
			m->down.src->path, path);
		return;
	}
	src = load(x, path);
	if (!src || !markers_split(x->p, src, &up, &down, &verify))
		return;
	if (down.src && !text_is_empty(x->p->dialect, slice_sub(src->text, up.off, up.len)))
		problem(x->p, true, "unknown-marker", path, NOWHERE,
			"this is a down script by its name and has an up part too");
	m->down = down.src ? down : up;
}

static void add_verify(struct plain *x, const char *path, struct slice version)
{
	struct migration *m = find_version(x, version);

	if (!m)
		problem(x->p, false, "not-a-migration", path, NOWHERE,
			"this checks a migration %.*s that is not there", SLICE(version));
	else
		m->verify = part_all(load(x, path), TX_MODE_NONE);
}

static void add_rollbacks(struct plain *x, const char *dir)
{
	const struct entry *v;
	size_t n;

	files_peek(x->p->peeks, dir, &v, &n);
	for (size_t i = 0; i < n; i++) {
		struct plain_name name = name_of(&v[i]);

		if (!v[i].dir && name.version.len && !name.code)
			add_down(x, v[i].path, name.version);
	}
}

/* rollback/ inside the folder, or beside it. */
static void find_rollbacks(struct plain *x, const char *dir)
{
	const char *slash = strrchr(dir, '/');
	const char *parent =
		slash ? arena_cstr(x->p->arena, slice_n(dir, (size_t)(slash - dir))) : ".";
	const struct entry *v;
	size_t n;

	files_peek(x->p->peeks, dir, &v, &n);
	for (size_t i = 0; i < n; i++)
		if (v[i].dir && is_rollback_folder(v[i].name))
			add_rollbacks(x, v[i].path);
	if (strcmp(dir, ".") == 0)
		return;
	files_peek(x->p->peeks, parent, &v, &n);
	for (size_t i = 0; i < n; i++)
		if (v[i].dir && is_rollback_folder(v[i].name))
			add_rollbacks(x, v[i].path);
}

static void attach_verify_all(struct plain *x)
{
	struct migration *last = NULL;

	for (size_t i = 0; x->verify_all && i < x->p->nmigrations; i++)
		if (!last || by_parts(&x->p->migrations[i], last) >= 0)
			last = &x->p->migrations[i];
	if (!last)
		return;
	if (last->verify.src)
		problem(x->p, false, "not-a-migration", x->verify_all, NOWHERE,
			"this is not used: the last migration has checks of its own");
	else
		last->verify = part_all(load(x, x->verify_all), TX_MODE_NONE);
}

static bool plain_read(struct project *p, struct err *err)
{
	struct plain x = {.p = p};

	(void)err;
	for (size_t i = 0; i < p->ndirs; i++)
		list_folder(&x, p->dirs[i], SLICE_NONE);
	choose_dialect(&x);
	see_tail_words(&x);
	for (size_t i = 0; i < x.n; i++)
		if (x.names[i].role == ROLE_UP)
			add_up(&x, &x.names[i]);
	for (size_t i = 0; i < x.n; i++)
		if (x.names[i].role == ROLE_DOWN)
			add_down(&x, x.names[i].path, x.names[i].version);
		else if (x.names[i].role == ROLE_VERIFY)
			add_verify(&x, x.names[i].path, x.names[i].version);
	for (size_t i = 0; i < p->ndirs; i++)
		find_rollbacks(&x, p->dirs[i]);
	attach_verify(p);
	attach_verify_all(&x);
	if (x.templated)
		p->mask_styles |= MASK_GO;
	if (p->nplaceholders)
		p->mask_styles |= MASK_DOLLAR;
	migrations_finish(p, by_parts, FINISH_DUPLICATES | FINISH_GAPS | FINISH_WANTS_DOWN);
	return true;
}

/* ---- New files ---- */

enum habit { HABIT_ONE_FILE, HABIT_PAIR, HABIT_FOLDER };

static enum habit habit_of(const struct project *p, const char **folder)
{
	for (size_t i = p->nmigrations; i-- > 0;) {
		const struct migration *m = &p->migrations[i];
		const char *slash;

		if (!m->down.src)
			continue;
		if (m->down.src == m->up.src)
			return HABIT_ONE_FILE;
		slash = strrchr(m->down.src->path, '/');
		*folder = slash ? arena_cstr(p->arena, slice_n(m->down.src->path,
							       (size_t)(slash - m->down.src->path)))
				: ".";
		return strcmp(*folder, p->dirs[0]) == 0 ? HABIT_PAIR : HABIT_FOLDER;
	}
	return HABIT_ONE_FILE;
}

static bool plain_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = next_version(p, a, 3), words = slug(a, name, '_');
	const char *folder = NULL, *dir = p->ndirs ? p->dirs[0] : "migrations";
	const char *file = arena_printf(a, "%.*s_%.*s.sql", SLICE(version), SLICE(words)).at;
	struct slice text = with_newline(a, up);

	(void)err;
	*files = NULL;
	*n = 0;
	switch (habit_of(p, &folder)) {
	case HABIT_ONE_FILE:
		if (down.len)
			text = arena_printf(a, "-- UP\n%.*s\n-- DOWN\n%.*s", SLICE(text),
				SLICE(with_newline(a, down)));
		new_file_add(a, files, n, path_in(a, dir, file), text);
		return true;
	case HABIT_PAIR:
		new_file_add(a, files, n, path_in(a, dir, file), text);
		file = arena_printf(a, "%.*s_%.*s.down.sql", SLICE(version), SLICE(words)).at;
		if (down.len)
			new_file_add(a, files, n, path_in(a, dir, file), with_newline(a, down));
		return true;
	case HABIT_FOLDER:
		new_file_add(a, files, n, path_in(a, dir, file), text);
		if (down.len)
			new_file_add(a, files, n, path_in(a, folder, file), with_newline(a, down));
		return true;
	}
	return true;
}

/* ---- History: belay's own table ---- */

static bool plain_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);

	if (dialect_is_mysql(c->id.dialect))
		return conn_execf(c, err,
			"CREATE TABLE IF NOT EXISTS %N (id varchar(255) NOT NULL PRIMARY KEY,"
			" name varchar(255), checksum varchar(64),"
			" applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, ms bigint)",
			t.schema, t.name);
	if (c->id.dialect == DIALECT_SQLITE)
		return conn_execf(c, err,
			"CREATE TABLE IF NOT EXISTS %N (id text NOT NULL PRIMARY KEY, name text,"
			" checksum text, applied_at text NOT NULL DEFAULT CURRENT_TIMESTAMP,"
			" ms integer)",
			t.schema, t.name);
	return conn_execf(c, err,
		"CREATE TABLE IF NOT EXISTS %N (id text PRIMARY KEY, name text, checksum text,"
		" applied_at timestamptz NOT NULL DEFAULT now(), ms bigint)",
		t.schema, t.name);
}

static bool plain_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {"id", "checksum", "applied_at", "ms", NULL};
	struct table_name t = history_table(p);
	struct rows r = {0};

	if (!history_rows(p, c, a, needs, out, &r, err,
		    "SELECT id, checksum, CAST(applied_at AS %s), ms FROM %N ORDER BY 1",
		    text_type(c->id.dialect), t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct history_row *row = history_add(a, out, rows_get(&r, i, 0), STATE_APPLIED);
		const struct migration *m = migration_by_id(p, row->id);

		row->edited =
			m && !rows_null(&r, i, 1) && !slice_is(rows_get(&r, i, 1), m->checksum);
		row->applied_at = rows_get(&r, i, 2);
		if (!rows_null(&r, i, 3))
			row->ms = cell_number(rows_get(&r, i, 3));
	}
	return true;
}

static bool plain_finish(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	struct table_name t = history_table(p);

	if (!conn_execf(c, err, "DELETE FROM %N WHERE id = %L", t.schema, t.name, m->id))
		return false;
	if (d == DIR_DOWN)
		return true;
	return conn_execf(c, err,
		"INSERT INTO %N (id, name, checksum, ms) VALUES (%L, %L, %L, %lld)", t.schema,
		t.name, m->id, m->name, slice_of(m->checksum), ms);
}

static bool plain_forget(const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	struct table_name t = history_table(p);

	return conn_execf(c, err, "DELETE FROM %N WHERE id = %L", t.schema, t.name, id);
}

static bool plain_accept(
	const struct project *p, struct conn *c, const struct migration *m, struct err *err)
{
	struct table_name t = history_table(p);

	return conn_execf(c, err, "UPDATE %N SET checksum = %L WHERE id = %L", t.schema, t.name,
		slice_of(m->checksum), m->id);
}

const struct layout layout_plain = {
	.name = "plain",
	.title = "plain SQL files (NNN_name.sql, -- UP / -- DOWN)",
	.table = "belay_migrations",
	.detect = plain_detect,
	.read = plain_read,
	.new_files = plain_new_files,
	.history_read = plain_history,
	.history_create = plain_create,
	.history_finish = plain_finish,
	.history_forget = plain_forget,
	.history_accept = plain_accept,
};
