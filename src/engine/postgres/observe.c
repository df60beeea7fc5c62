/* observe.c - what one statement of a rehearsal did: locks, rewrites, scans.
 *
 * Locks are read from pg_locks at the end, so the transaction must still be open; for a statement
 * in a transaction of its own (CREATE INDEX CONCURRENTLY) there are none to be seen. A rewrite
 * shows as another file behind the same relation. Scans are counted by the server for the
 * transaction, and what runs outside one is known from its DEBUG1 messages ("verifying table",
 * "rewriting table"), which the scratch server, who speaks English, sends while we observe. */
#include "engine/postgres/postgres.h"

#include "queries.h"

struct seen {
	unsigned long long oid;
	struct name name;
	char kind; /* relkind */
	struct slice file, scans;
};

struct relations {
	struct arena arena;
	struct seen *at; /* by oid */
	size_t n;
};

struct pg_observation {
	struct relations before;
	struct slice transaction; /* its number, in `first` */
	struct relations first;   /* as the transaction found them: the rest is new in it */
	struct arena messages_arena;
	struct slice *messages;
	size_t nmessages;
	struct slice level; /* client_min_messages as it was, in messages_arena */
	bool listening;
};

static unsigned long long number(struct slice s)
{
	unsigned long long n;

	return slice_u64(s, &n) ? n : 0;
}

/* ---- Relations ---- */
static bool read_relations(struct conn *c, struct relations *out, struct err *err)
{
	struct rows r;

	arena_reset(&out->arena);
	out->n = 0;
	if (!conn_query(c, slice_of(query_postgres_observe_relations), &out->arena, &r, err))
		return false;
	out->at = ARENA_ARRAY(&out->arena, r.nrows + 1, struct seen);
	for (size_t i = 0; i < r.nrows; i++)
		out->at[i] = (struct seen){.oid = number(rows_get(&r, i, 0)),
			.name = {rows_get(&r, i, 1), rows_get(&r, i, 2)},
			.kind = *rows_get(&r, i, 3).at,
			.file = rows_get(&r, i, 4),
			.scans = rows_get(&r, i, 5)};
	out->n = r.nrows;
	return true;
}

static const struct seen *find(const struct relations *v, unsigned long long oid)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->at[mid].oid == oid)
			return &v->at[mid];
		if (v->at[mid].oid < oid)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static const struct seen *find_table(const struct relations *v, struct slice name)
{
	const struct seen *only = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (slice_eq(v->at[i].name.name, name) && strchr("rpm", v->at[i].kind)) {
			if (only)
				return NULL;
			only = &v->at[i];
		}
	return only;
}

static enum object_type type_of(char kind)
{
	switch (kind) {
	case 'v':
		return OBJECT_VIEW;
	case 'm':
		return OBJECT_MATVIEW;
	case 'S':
		return OBJECT_SEQUENCE;
	case 'i':
	case 'I':
		return OBJECT_INDEX;
	default:
		return OBJECT_TABLE;
	}
}

static bool is_new(const struct pg_observation *o, const struct seen *s)
{
	return !find(&o->first, s->oid);
}

static struct name kept_name(struct arena *a, struct name n)
{
	return (struct name){arena_slice(a, n.schema), arena_slice(a, n.name)};
}

/* ---- Locks ---- */
static const struct lock_mode {
	const char *server, *manual;
	int strength;
	enum lock_class blocks;
} modes[] = {
	{"AccessShareLock", "ACCESS SHARE", 1, LOCK_NOTHING},
	{"RowShareLock", "ROW SHARE", 2, LOCK_NOTHING},
	{"RowExclusiveLock", "ROW EXCLUSIVE", 3, LOCK_NOTHING},
	{"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE", 4, LOCK_DDL},
	{"ShareLock", "SHARE", 5, LOCK_WRITES},
	{"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE", 6, LOCK_WRITES},
	{"ExclusiveLock", "EXCLUSIVE", 7, LOCK_WRITES},
	{"AccessExclusiveLock", "ACCESS EXCLUSIVE", 8, LOCK_READS_WRITES},
};

static const struct lock_mode *mode_named(struct slice server)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (slice_is(server, modes[i].server))
			return &modes[i];
	return NULL;
}

static int strength_of(const char *manual)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(modes[i].manual, manual) == 0)
			return modes[i].strength;
	return 0;
}

static void add_lock(struct arena *a, const struct pg_observation *o, const struct seen *s,
	const struct lock_mode *m, struct observed *out)
{
	struct lock *l = NULL;

	for (size_t i = 0; i < out->nlocks; i++)
		if (slice_eq(out->locks[i].object.name, s->name.name) &&
			slice_eq(out->locks[i].object.schema, s->name.schema))
			l = &out->locks[i];
	if (!l) {
		l = ARENA_PUSH(a, out->locks, out->nlocks);
		*l = (struct lock){.object = kept_name(a, s->name),
			.type = type_of(s->kind),
			.mode = "",
			.certain = true,
			.new_in_tx = is_new(o, s)};
	}
	if (strength_of(l->mode) < m->strength) {
		l->mode = m->manual;
		l->blocks = m->blocks;
	}
}

static bool read_locks(struct conn *c, const struct pg_observation *o, struct arena *a,
	struct observed *out, struct err *err)
{
	struct rows r;

	if (!conn_query(c, slice_of(query_postgres_observe_locks), a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		const struct seen *s = find(&o->before, number(rows_get(&r, i, 0)));
		const struct lock_mode *m = mode_named(rows_get(&r, i, 1));

		if (!s || !m || (type_of(s->kind) == OBJECT_INDEX && m->strength < 4))
			continue;
		add_lock(a, o, s, m, out);
	}
	return true;
}

/* ---- Rewrites and scans ---- */
static void touch(struct arena *a, const struct pg_observation *o, struct touched **v, size_t *n,
	const struct seen *s)
{
	for (size_t i = 0; i < *n; i++)
		if (name_eq((*v)[i].object, s->name))
			return;
	*ARENA_PUSH(a, *v, *n) = (struct touched){.type = type_of(s->kind),
		.object = kept_name(a, s->name),
		.certain = true,
		.new_in_tx = is_new(o, s)};
}

static bool rewritten(const struct observed *out, const struct seen *s)
{
	for (size_t i = 0; i < out->nrewrites; i++)
		if (name_eq(out->rewrites[i].object, s->name))
			return true;
	return false;
}

static void compare_relations(struct arena *a, const struct pg_observation *o,
	const struct relations *after, struct observed *out)
{
	for (size_t i = 0; i < o->before.n; i++) {
		const struct seen *b = &o->before.at[i], *n = find(after, b->oid);

		if (n && strchr("rm", b->kind) && !slice_eq(b->file, n->file))
			touch(a, o, &out->rewrites, &out->nrewrites, b);
	}
	for (size_t i = 0; i < o->before.n; i++) {
		const struct seen *b = &o->before.at[i], *n = find(after, b->oid);

		/* Outside a transaction the count starts again: what is below has grown too. */
		if (n && strchr("rm", b->kind) && number(n->scans) > 0 &&
			number(n->scans) != number(b->scans) && !rewritten(out, b))
			touch(a, o, &out->scans, &out->nscans, b);
	}
}

/* DEBUG1: verifying table "t"; rewriting table "t"; building index "i" on table "t" serially */
static void read_message(
	struct arena *a, const struct pg_observation *o, struct slice text, struct observed *out)
{
	static const char *const marks[] = {
		"rewriting table \"", "verifying table \"", "on table \""};
	const struct seen *s;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t at = slice_find(text, slice_of(marks[i]));
		struct slice name;

		if (at == SIZE_MAX)
			continue;
		name = slice_from(text, at + strlen(marks[i]));
		name = slice_sub(name, 0, slice_chr(name, '"'));
		s = find_table(&o->before, name);
		if (s && i == 0)
			touch(a, o, &out->rewrites, &out->nrewrites, s);
		else if (s && !rewritten(out, s))
			touch(a, o, &out->scans, &out->nscans, s);
	}
}

/* ---- Begin and end ---- */
void pg_observe_message(struct pg_observation *o, struct slice text)
{
	if (o->listening)
		*ARENA_PUSH(&o->messages_arena, o->messages, o->nmessages) =
			arena_slice(&o->messages_arena, text);
}

static bool ask(
	struct conn *c, const char *sql, struct arena *a, struct slice *out, struct err *err)
{
	struct rows r;

	if (!conn_query(c, slice_of(sql), a, &r, err))
		return false;
	*out = r.nrows ? rows_get(&r, 0, 0) : SLICE_NONE;
	return true;
}

/* What the transaction found is read at its first statement and kept until the next one's. */
static bool note_transaction(struct conn *c, struct pg_observation *o, struct err *err)
{
	struct arena a = {0};
	struct slice now;
	bool ok;

	ok = ask(c,
		"SELECT virtualtransaction FROM pg_catalog.pg_locks"
		" WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'virtualxid' LIMIT 1",
		&a, &now, err);
	if (ok && (!slice_eq(now, o->transaction) || now.len == 0)) {
		ok = read_relations(c, &o->first, err);
		o->transaction = arena_slice(&o->first.arena, now);
	}
	arena_done(&a);
	return ok;
}

/* Unless the statement has set it itself. */
static bool restore_level(struct conn *c, const struct pg_observation *o, struct err *err)
{
	struct cell level = {o->level, false};
	struct arena a = {0};
	struct rows r;
	bool ok;

	ok = conn_query_params(c,
		SL("SELECT CASE WHEN pg_catalog.current_setting('client_min_messages') = 'debug1'"
		   " THEN pg_catalog.set_config('client_min_messages', $1, false) END"),
		&level, 1, &a, &r, err);
	arena_done(&a);
	return ok;
}

bool pg_observe_begin(struct conn *base, struct err *err)
{
	struct pg_conn *c = pg_conn(base);
	struct pg_observation *o = c->observation;

	if (!o) {
		o = c->observation = mem_alloc(sizeof *o);
		*o = (struct pg_observation){0};
	}
	o->listening = false;
	arena_reset(&o->messages_arena);
	o->messages = NULL;
	o->nmessages = 0;
	if (!note_transaction(base, o, err) || !read_relations(base, &o->before, err) ||
		!ask(base,
			"SELECT pg_catalog.current_setting('client_min_messages'),"
			" pg_catalog.set_config('client_min_messages', 'debug1', false)",
			&o->messages_arena, &o->level, err))
		return err_context(err, "observing a statement");
	o->listening = true;
	return true;
}

bool pg_observe_end(struct conn *base, struct arena *a, struct observed *out, struct err *err)
{
	struct pg_observation *o = pg_conn(base)->observation;
	struct relations after = {0};
	bool ok;

	*out = (struct observed){0};
	if (!o || !o->listening)
		return err_set(err, ERR_INPUT, "nothing is being observed");
	o->listening = false;
	ok = restore_level(base, o, err) && read_locks(base, o, a, out, err) &&
	     read_relations(base, &after, err);
	if (ok) {
		out->privileged = pg_conn(base)->privileged;
		compare_relations(a, o, &after, out);
		for (size_t i = 0; i < o->nmessages; i++)
			read_message(a, o, o->messages[i], out);
	}
	arena_done(&after.arena);
	return ok ? true : err_context(err, "observing a statement");
}

void pg_observation_free(struct pg_observation *o)
{
	if (!o)
		return;
	arena_done(&o->before.arena);
	arena_done(&o->first.arena);
	arena_done(&o->messages_arena);
	free(o);
}
