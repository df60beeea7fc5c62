/* watch.c - what a server was seen doing.
 *
 * A statement runs in a transaction that is rolled back: locks from pg_locks, rewrites and builds
 * from changed files, scans from the server's counters, what is gone from its catalogs. One that
 * refuses to run in a block runs several times in copies of the database, each time with other
 * sessions standing in its way (gates): what it waits for is a lock it asked for. A gate opens when
 * it has been waited for, so nothing here depends on time. */
#include "oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

/* ---- Queries ---- */
static const char indexes_sql[] =
	"SELECT n.nspname, c.relname, c.relfilenode, i.indrelid, c.oid FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relkind = 'i' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'";
static const char tables_sql[] =
	"SELECT c.oid, n.nspname, c.relname, c.relfilenode FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND nspname <> 'information_schema'";

static const char written_sql[] =
	"SELECT n.nspname, c.relname, pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)"
	" + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)"
	" + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND nspname <> 'information_schema'"
	" AND relpersistence <> 't'";

static void query(struct watch *w, struct conn *c, const char *sql, struct rows *r)
{
	struct err err = {0};

	must(conn_query(c, slice_of(sql), w->arena, r, &err), &err);
}

static bool run(struct watch *w, struct slice sql, struct slice *why, char state[6])
{
	struct err err = {0};
	bool ok = sql.len == 0 || conn_exec(w->conn, sql, &err);

	*why = ok ? SLICE_NONE : arena_slice(w->arena, slice_of(err.message));
	if (state)
		memcpy(state, err.sqlstate, 6);
	err_done(&err);
	return ok;
}

static bool holds(const struct rows *r, size_t col, struct slice value)
{
	for (size_t i = 0; i < r->nrows; i++)
		if (slice_eq(rows_get(r, i, col), value))
			return true;
	return false;
}

/* ---- What is gone ---- */
static bool goes_with(const struct rows *after, struct slice with)
{
	struct slice key;

	while (slice_next(&with, ' ', &key))
		if (key.len && !holds(after, 0, key) && !slice_ends(key, "pg_class0") &&
			!slice_ends(key, "constraint0"))
			return true;
	return false;
}

/* Is there one of the same kind and name in its place? */
static bool made_anew(const struct rows *before, size_t i, const struct rows *after)
{
	if (slice_is(rows_get(before, i, 1), "column")) /* its rows are gone */
		return false;
	for (size_t k = 0; k < after->nrows; k++) {
		bool same = true;

		for (size_t col = 1; same && col < 5; col++)
			same = slice_eq(rows_get(before, i, col), rows_get(after, k, col));
		if (same)
			return true;
	}
	return false;
}

static void add_destroyed(
	struct watch *w, struct answer *out, const struct rows *before, const struct rows *after)
{
	out->told[FACT_DESTROYS] = true;
	for (size_t i = 0; i < before->nrows; i++) {
		struct slice key = rows_get(before, i, 0);
		struct name n = {rows_get(before, i, 2), rows_get(before, i, 3)};

		if (holds(after, 0, key) || made_anew(before, i, after) ||
			goes_with(after, rows_get(before, i, 5)))
			continue;
		fact_add(w->arena, &out->facts[FACT_DESTROYS],
			arena_printf(w->arena, "%.*s %.*s", SLICE(rows_get(before, i, 1)),
				SLICE(fact_spelt(w->arena, n, rows_get(before, i, 4)))));
	}
}

/* ---- Data ---- */
struct catalog *watch_load(struct watch *w, struct conn *conn)
{
	struct catalog *c = catalog_new(DIALECT_POSTGRES, conn->id.version);
	struct load_options lo = {0};
	struct err err = {0};

	must(w->e->load(conn, c, &lo, &err), &err);
	return c;
}

/* A line of SQL for each table and sequence: what is in it. */
static const char contents_sql[] =
	"SELECT 'SELECT string_agg(line, chr(10) ORDER BY line) FROM (' || string_agg(CASE WHEN "
	"c.relkind = 'S' THEN format('SELECT %L || last_value ||"
	" is_called FROM %s', c.oid::regclass || ' ', c.oid::regclass) ELSE"
	" format('SELECT %L || md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM ONLY %s x',"
	" c.oid::regclass || ' ', c.oid::regclass) END, ' UNION ALL ' ORDER BY "
	"c.oid::regclass::text) || ') q(line)'"
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^pg_' AND nspname <> "
	"'information_schema'";

struct state {
	struct slice schema, rows;
};

static struct state state_now(struct watch *w)
{
	struct state s = {0};
	struct rows r;

	query(w, w->conn, w->schema_sql, &r);
	s.schema = rows_get(&r, 0, 0);
	query(w, w->conn, contents_sql, &r);
	if (!rows_get(&r, 0, 0).len)
		return s;
	query(w, w->conn, arena_cstr(w->arena, rows_get(&r, 0, 0)), &r);
	s.rows = rows_get(&r, 0, 0);
	return s;
}

/* The same, without the locks that looking takes. */
static struct state state_in_passing(struct watch *w)
{
	struct err err = {0};
	struct state s;

	must(conn_exec(w->conn, SL("SAVEPOINT looking"), &err), &err);
	s = state_now(w);
	must(conn_exec(w->conn, SL("ROLLBACK TO looking"), &err), &err);
	return s;
}

/* The statement has run once: what does it do again? */
static const char *run_again(struct watch *w, struct slice sql, bool in_block)
{
	struct state once = state_now(w), twice;
	struct slice why;
	struct err err = {0};
	const char *word = "fails";

	if (in_block)
		must(conn_exec(w->conn, SL("SAVEPOINT again"), &err), &err);
	if (run(w, sql, &why, NULL)) {
		twice = state_now(w);
		word = slice_eq(once.schema, twice.schema) && slice_eq(once.rows, twice.rows)
			       ? "same"
			       : "differs";
	}
	if (in_block)
		must(conn_exec(w->conn, SL("ROLLBACK TO again"), &err), &err);
	return word;
}

/* The statement has run: how much of `before` does its inverse bring back? */
static const char *run_back(
	struct watch *w, struct slice inverse, const struct state *before, struct slice *why)
{
	struct state after;
	struct err err = {0};
	const char *word = "none";

	must(conn_exec(w->conn, SL("SAVEPOINT back"), &err), &err);
	if (run(w, inverse, why, NULL)) {
		after = state_now(w);
		if (slice_eq(before->schema, after.schema))
			word = slice_eq(before->rows, after.rows) ? "exact" : "schema-only";
	} else {
		word = "the inverse fails";
	}
	must(conn_exec(w->conn, SL("ROLLBACK TO back"), &err), &err);
	return word;
}

/* ---- In a transaction ---- */
static int strength(const char *mode)
{
	static const char *const modes[] = {"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE",
		"SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
		"ACCESS EXCLUSIVE"};

	for (int i = 0; i < 8; i++)
		if (strcmp(mode, modes[i]) == 0)
			return i + 1;
	return 0;
}

bool watch_stronger(const struct observed *held, struct name n, const char *mode)
{
	for (size_t k = 0; k < held->nlocks; k++)
		if (name_eq(held->locks[k].object, n) &&
			strength(held->locks[k].mode) >= strength(mode))
			return false;
	return true;
}

static void add_builds(struct watch *w, struct answer *out, const struct rows *tables,
	const struct rows *before, const struct rows *after)
{
	out->told[FACT_BUILDS] = true;
	for (size_t i = 0; i < after->nrows; i++) {
		struct name n = {rows_get(after, i, 0), rows_get(after, i, 1)};

		if (holds(tables, 0, rows_get(after, i, 3)) &&
			!holds(before, 2, rows_get(after, i, 2)))
			fact_add(w->arena, &out->facts[FACT_BUILDS],
				fact_spelt(w->arena, n, SLICE_NONE));
	}
}

/* Rows that came, changed or went in tables that were there before and were not written anew. */
static void add_written(
	struct watch *w, struct answer *out, const struct rows *before, const struct rows *after)
{
	out->told[FACT_WRITES] = true;
	for (size_t i = 0; i < after->nrows; i++)
		for (size_t k = 0; k < before->nrows; k++)
			if (slice_eq(rows_get(after, i, 0), rows_get(before, k, 0)) &&
				slice_eq(rows_get(after, i, 1), rows_get(before, k, 1)) &&
				!slice_eq(rows_get(after, i, 2), rows_get(before, k, 2)) &&
				!fact_has(out->facts[FACT_REWRITES],
					fact_spelt(w->arena,
						(struct name){rows_get(after, i, 0),
							rows_get(after, i, 1)},
						SLICE_NONE)))
				fact_add(w->arena, &out->facts[FACT_WRITES],
					fact_spelt(w->arena,
						(struct name){rows_get(after, i, 0),
							rows_get(after, i, 1)},
						SLICE_NONE));
}

static void add_seen(struct watch *w, struct answer *out, const struct observed *seen,
	const struct observed *held)
{
	for (size_t i = 0; i < seen->nlocks; i++)
		if (watch_stronger(held, seen->locks[i].object, seen->locks[i].mode))
			fact_add(w->arena, &out->facts[FACT_LOCKS],
				arena_printf(w->arena, "%.*s %s",
					SLICE(fact_spelt(
						w->arena, seen->locks[i].object, SLICE_NONE)),
					seen->locks[i].mode));
	for (size_t i = 0; i < seen->nrewrites; i++)
		fact_add(w->arena, &out->facts[FACT_REWRITES],
			fact_spelt(w->arena, seen->rewrites[i].object, SLICE_NONE));
	for (size_t i = 0; i < seen->nscans; i++)
		fact_add(w->arena, &out->facts[FACT_SCANS],
			fact_spelt(w->arena, seen->scans[i].object, SLICE_NONE));
	out->told[FACT_LOCKS] = out->told[FACT_REWRITES] = out->told[FACT_SCANS] = true;
}

static void after_it(struct watch *w, const struct kase *k, struct answer *out,
	const struct rows *tables, const struct rows *indexes, const struct rows *objects)
{
	struct rows now;

	query(w, w->conn, indexes_sql, &now);
	add_builds(w, out, tables, indexes, &now);
	query(w, w->conn, w->objects_sql, &now);
	add_destroyed(w, out, objects, &now);
	(void)k;
}

/* What there is when the statement comes; without a context the same for a whole section. */
static void snapshot(struct watch *w, bool fresh)
{
	if (!fresh && w->tables.ncols)
		return;
	query(w, w->conn, tables_sql, &w->tables);
	query(w, w->conn, indexes_sql, &w->indexes);
	query(w, w->conn, w->objects_sql, &w->objects);
	if (fresh)
		w->stale = true;
}

static bool run_context(
	struct watch *w, const struct kase *k, struct observed *held, struct answer *out)
{
	struct err err = {0};
	struct slice why;

	if (!k->context.len)
		return true;
	must(w->e->observe_begin(w->conn, &err), &err);
	if (!run(w, k->context, &why, NULL)) {
		must(conn_exec(w->conn, SL("ROLLBACK"), &err), &err);
		out->words = arena_printf(w->arena, "the context fails: %.*s", SLICE(why));
		fact_add(w->arena, &out->facts[FACT_OUTCOME], out->words);
		out->told[FACT_OUTCOME] = true;
		return false;
	}
	must(w->e->observe_end(w->conn, w->arena, held, &err), &err);
	must(w->e->observe_begin(w->conn, &err), &err); /* with what it made */
	must(w->e->observe_end(w->conn, w->arena, held, &err), &err);
	return true;
}

/* "cannot run inside a transaction block"; "invalid transaction termination" */
static bool refuses_block(const char *state)
{
	return strcmp(state, "25001") == 0 || strcmp(state, "2D000") == 0;
}

static bool in_block(struct watch *w, struct kase *k, struct observed *held, struct answer *out)
{
	struct observed seen;
	struct state before = {0};
	struct rows written, now;
	struct err err = {0};
	char state[6];
	bool ok;

	must(conn_exec(w->conn, SL("BEGIN"), &err), &err);
	if (!run_context(w, k, held, out))
		return true;
	if (k->inverse.len)
		before = state_in_passing(w);
	if (w->stale)
		w->tables.ncols = 0;
	w->stale = false;
	snapshot(w, k->context.len > 0);
	query(w, w->conn, written_sql, &written);
	must(w->e->observe_begin(w->conn, &err), &err);
	ok = run(w, k->sql, &out->words, state);
	if (ok) {
		must(w->e->observe_end(w->conn, w->arena, &seen, &err), &err);
		add_seen(w, out, &seen, held);
		query(w, w->conn, written_sql, &now);
		add_written(w, out, &written, &now);
		after_it(w, k, out, &w->tables, &w->indexes, &w->objects);
		fact_add_word(w->arena, out, FACT_RERUN, slice_of(run_again(w, k->sql, true)));
		if (k->inverse.len)
			fact_add_word(w->arena, out, FACT_UNDO,
				slice_of(run_back(w, k->inverse, &before, &out->words)));
	}
	must(conn_exec(w->conn, SL("ROLLBACK"), &err), &err);
	must(conn_exec(w->conn, SL("RESET client_min_messages"), &err), &err);
	fact_add_word(w->arena, out, FACT_OUTCOME, ok ? SL("ok") : SL("fails"));
	fact_add_word(w->arena, out, FACT_TRANSACTION,
		refuses_block(state) ? SL("forbidden") : SL("allowed"));
	return !refuses_block(state);
}

void watch_back(struct watch *w, const struct kase *k, struct answer *out)
{
	struct slice why;
	struct state before;
	struct err err = {0};

	must(conn_exec(w->conn, SL("BEGIN"), &err), &err);
	if (run(w, k->context, &why, NULL)) {
		before = state_in_passing(w);
		if (run(w, k->sql, &why, NULL))
			out->back = run_back(w, k->way_back, &before, &out->words);
	}
	must(conn_exec(w->conn, SL("ROLLBACK"), &err), &err);
}

/* ---- Outside of one: gates ---- */
struct gate {
	struct conn *conn;
	struct slice pid;
	bool open;
};

/* How strong the gates are; COMMENT takes SHARE UPDATE EXCLUSIVE on an index. */
static const char *const gate_modes[] = {
	"ACCESS SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "ACCESS EXCLUSIVE"};

static const char relations_sql[] =
	"SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind"
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE relkind IN ('r', 'p', 'm', 'i', 'I') AND relispopulated AND n.nspname !~ '^pg_'"
	" AND nspname <> 'information_schema' ORDER BY 1 LIMIT 40";

static void close_gates(struct watch *w)
{
	for (size_t i = 0; i < w->ngates; i++)
		conn_close(w->gates[i].conn);
	w->ngates = 0;
	conn_close(w->second);
	w->second = NULL;
}

static bool stand(struct watch *w, struct gate *g, struct slice name, char kind, const char *mode)
{
	struct slice sql = SLICE_NONE;
	struct err err = {0};
	struct rows r;

	if ((kind == 'r' || kind == 'm') && strcmp(mode, "ACCESS SHARE") == 0) /* indexes too */
		sql = arena_printf(w->arena, "BEGIN; SELECT FROM ONLY %.*s LIMIT 0", SLICE(name));
	else if (kind == 'r' || kind == 'p')
		sql = arena_printf(
			w->arena, "BEGIN; LOCK TABLE ONLY %.*s IN %s MODE", SLICE(name), mode);
	else if (kind == 'm' && strcmp(mode, "SHARE UPDATE EXCLUSIVE") == 0)
		sql = arena_printf(w->arena,
			"BEGIN; ALTER MATERIALIZED VIEW %.*s SET (fillfactor = 90)", SLICE(name));
	else if (kind != 'm' && strcmp(mode, "SHARE UPDATE EXCLUSIVE") == 0)
		sql = arena_printf(w->arena, "BEGIN; COMMENT ON INDEX %.*s IS 'x'", SLICE(name));
	if (!sql.len)
		return false;
	must(w->e->scratch_open(w->scratch, "alone", "alone", &g->conn, &err), &err);
	must(conn_exec(g->conn, sql, &err), &err);
	query(w, g->conn, "SELECT pg_catalog.pg_backend_pid()", &r);
	g->pid = rows_get(&r, 0, 0);
	return true;
}

static void note_wait(struct watch *w, struct slice relation, struct slice mode)
{
	static const char *const words[][2] = {{"AccessShareLock", "ACCESS SHARE"},
		{"RowShareLock", "ROW SHARE"}, {"RowExclusiveLock", "ROW EXCLUSIVE"},
		{"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"}, {"ShareLock", "SHARE"},
		{"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"}, {"ExclusiveLock", "EXCLUSIVE"},
		{"AccessExclusiveLock", "ACCESS EXCLUSIVE"}};
	struct names *n = &w->gated->facts[FACT_LOCKS], kept = {0};
	const char *manual = "";

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(mode, words[i][0]))
			manual = words[i][1];
	if (slice_starts(relation, "public."))
		relation = slice_from(relation, 7);
	for (size_t i = 0; i < n->n; i++) {
		size_t blank = slice_chr(n->at[i], ' ');

		if (!slice_eq(slice_sub(n->at[i], 0, blank), relation))
			fact_add(w->arena, &kept, n->at[i]);
		else if (strength(arena_cstr(w->arena, slice_from(n->at[i], blank + 1))) >=
			 strength(manual))
			manual = arena_cstr(w->arena, slice_from(n->at[i], blank + 1));
	}
	*n = kept;
	fact_add(w->arena, n, arena_printf(w->arena, "%.*s %s", SLICE(relation), manual));
}

/* Called while the statement runs: whatever it waits for is noted and let go. */
static bool look_on(void *ctx, long long elapsed_ms)
{
	struct watch *w = ctx;
	struct err err = {0};
	struct rows r;
	struct slice rest, pid;

	(void)elapsed_ms;
	query(w, w->second,
		"SELECT CASE WHEN locktype = 'relation' THEN (SELECT quote_ident(n.nspname) || '.' "
		"||"
		" quote_ident(c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
		" ON n.oid = c.relnamespace WHERE c.oid = l.relation AND"
		" (c.relkind NOT IN ('i', 'I') OR l.mode IN ('ShareUpdateExclusiveLock', "
		"'ShareLock',"
		" 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))) END, mode,"
		" array_to_string(pg_catalog.pg_blocking_pids(pid), ' ')"
		" FROM pg_catalog.pg_locks l WHERE NOT granted",
		&r);
	for (size_t i = 0; i < r.nrows; i++) {
		if (rows_get(&r, i, 0).len)
			note_wait(w, rows_get(&r, i, 0), rows_get(&r, i, 1));
		for (rest = rows_get(&r, i, 2); slice_next(&rest, ' ', &pid);)
			for (size_t g = 0; g < w->ngates; g++)
				if (slice_eq(w->gates[g].pid, pid) && !w->gates[g].open) {
					w->gates[g].open = true;
					must(conn_exec(w->gates[g].conn, SL("ROLLBACK"), &err),
						&err);
				}
	}
	return true;
}

static void copy_database(struct watch *w, const struct kase *k)
{
	struct slice why;
	struct err err = {0};

	conn_close(w->conn);
	w->conn = NULL;
	must(w->e->scratch_open(w->scratch, "alone", "pristine", &w->conn, &err), &err);
	if (!run(w, k->context, &why, NULL))
		fail_msg("line %zu: the context fails: %.*s", k->line, SLICE(why));
}

static bool through_gates(
	struct watch *w, const struct kase *k, struct answer *out, const char *mode)
{
	struct rows r;
	struct gate gates[40] = {0};
	struct err err = {0};
	bool ok;

	copy_database(w, k);
	query(w, w->conn, relations_sql, &r);
	w->gates = gates;
	for (size_t i = 0; i < r.nrows; i++)
		w->ngates += stand(
			w, &gates[w->ngates], rows_get(&r, i, 0), *rows_get(&r, i, 1).at, mode);
	must(w->e->scratch_open(w->scratch, "alone", "alone", &w->second, &err), &err);
	w->gated = out;
	w->conn->waiter = (struct waiter){look_on, w, 5};
	ok = run(w, k->sql, &out->words, NULL);
	w->conn->waiter = (struct waiter){0};
	close_gates(w);
	return ok;
}

static void outside(struct watch *w, const struct kase *k, struct answer *out)
{
	struct rows tables, indexes, objects;
	struct observed seen;
	struct err err = {0};
	struct answer other = {0};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof gate_modes / sizeof *gate_modes; i++)
		ok = through_gates(w, k, out, gate_modes[i]);
	if (ok) {
		copy_database(w, k);
		query(w, w->conn, tables_sql, &tables);
		query(w, w->conn, indexes_sql, &indexes);
		query(w, w->conn, w->objects_sql, &objects);
		must(w->e->observe_begin(w->conn, &err), &err);
		ok = run(w, k->sql, &out->words, NULL);
		must(w->e->observe_end(w->conn, w->arena, &seen, &err), &err);
		seen.nlocks = 0;
		add_seen(w, &other, &seen, &(struct observed){0});
		out->facts[FACT_REWRITES] = other.facts[FACT_REWRITES];
		out->told[FACT_REWRITES] = out->told[FACT_LOCKS] = true;
		after_it(w, k, out, &tables, &indexes, &objects);
		must(conn_exec(w->conn, SL("RESET client_min_messages"), &err), &err);
		fact_add_word(w->arena, out, FACT_RERUN, slice_of(run_again(w, k->sql, false)));
	}
	out->facts[FACT_OUTCOME] = (struct names){0};
	fact_add_word(w->arena, out, FACT_OUTCOME, ok ? SL("ok") : SL("fails"));
	conn_close(w->conn);
	w->conn = NULL;
	must(w->e->scratch_open(w->scratch, "main", "main", &w->conn, &err), &err);
}

void watch_case(struct watch *w, struct kase *k, struct observed *held, struct answer *out)
{
	if (getenv("ORACLE_SHOW"))
		fprintf(stderr, "%zu %.*s\n", k->line, SLICE(k->sql));
	if (in_block(w, k, held, out))
		return;
	*held = (struct observed){0};
	outside(w, k, out);
}

/* ---- Sections ---- */
void watch_section(struct watch *w, const struct section *s)
{
	struct slice why;
	struct err err = {0};

	conn_close(w->conn);
	must(w->e->scratch_open(w->scratch, "pristine", NULL, &w->conn, &err), &err);
	if (!run(w, s->setup, &why, NULL))
		fail_msg("line %zu: the setup fails: %.*s", s->line, SLICE(why));
	conn_close(w->conn);
	must(w->e->scratch_open(w->scratch, "main", "pristine", &w->conn, &err), &err);
	w->tables.ncols = 0;
}

void watch_end(struct watch *w)
{
	conn_close(w->conn);
	w->conn = NULL;
}
