/* observe.c - what a statement does to tables, from SQLite's own program for it.
 *
 * EXPLAIN lists the instructions of the virtual machine: a cursor on a table that is rewound and
 * stepped with Next reads the table in full; an ALTER TABLE that steps and inserts through one
 * cursor rewrites it; VACUUM copies everything. https://sqlite.org/opcode.html */
#include "engine/sqlite/conn.h"

#include "sql/token.h"

struct cursor {
	int number;
	struct slice table; /* empty: not one of the database's tables */
	bool sought;        /* it begins somewhere in the middle, by a key */
	bool steps, inserts;
};

struct sqlite_watch {
	struct arena arena;
	struct names scans, rewrites;
	size_t scans_before; /* scans.n when the present statement began */
	bool writes;         /* a statement that was not read-only ran */
	bool exclusive;      /* VACUUM, BEGIN EXCLUSIVE */
	bool reads;
};

void watch_free(struct sqlite_watch *w)
{
	if (!w)
		return;
	arena_done(&w->arena);
	free(w);
}

bool sqlite_observe_begin(struct conn *base, struct err *err)
{
	struct sqlite_conn *c = sqlite_conn_of(base);

	(void)err;
	watch_free(c->watch);
	c->watch = mem_alloc(sizeof *c->watch);
	*c->watch = (struct sqlite_watch){0};
	return true;
}

/* The table whose b-tree (or whose index's) begins at a page; empty for the schema table and for
 * what was not there before. */
static struct slice table_at(struct sqlite_conn *c, sqlite3_int64 root)
{
	static const char sql[] =
		"SELECT tbl_name FROM main.sqlite_schema WHERE rootpage = ?1 AND type IN "
		"('table', 'index') AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
	sqlite3_stmt *stmt = NULL;
	struct slice name = SLICE_NONE;

	if (sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, root);
		if (sqlite3_step(stmt) == SQLITE_ROW)
			name = arena_slice(&c->watch->arena,
				slice_of((const char *)sqlite3_column_text(stmt, 0)));
	}
	sqlite3_finalize(stmt);
	return name;
}

static struct cursor *cursor_of(struct cursor *v, size_t n, int number)
{
	for (size_t i = n; i > 0; i--) /* the latest that was opened under the number */
		if (v[i - 1].number == number)
			return &v[i - 1];
	return NULL;
}

static void add(struct arena *a, struct names *n, struct slice s)
{
	if (!names_has(*n, s))
		names_add(a, n, s);
}

static void instruction(struct sqlite_conn *c, sqlite3_stmt *row, struct cursor **v, size_t *n)
{
	struct slice op = slice_of((const char *)sqlite3_column_text(row, 1));
	int p1 = sqlite3_column_int(row, 2);
	struct cursor *cursor;

	if (slice_is(op, "OpenRead") || slice_is(op, "OpenWrite") || slice_is(op, "ReopenIdx")) {
		bool is_register = slice_is(op, "OpenWrite") && (sqlite3_column_int(row, 6) & 0x10);
		bool is_main = sqlite3_column_int(row, 4) == 0;
		struct cursor new = {.number = p1};

		if (is_main && !is_register)
			new.table = table_at(c, sqlite3_column_int64(row, 3));
		*ARENA_PUSH(&c->watch->arena, *v, *n) = new;
		return;
	}
	if (slice_starts(op, "Open")) { /* ephemeral, pseudo, sorter */
		*ARENA_PUSH(&c->watch->arena, *v, *n) = (struct cursor){.number = p1};
		return;
	}
	cursor = cursor_of(*v, *n, p1);
	if (!cursor)
		return;
	if (slice_starts(op, "Seek"))
		cursor->sought = true;
	else if (slice_is(op, "Rewind") || slice_is(op, "Last"))
		cursor->sought = false;
	else if (slice_is(op, "Count"))
		cursor->steps = true;
	else if (slice_is(op, "Next") || slice_is(op, "Prev"))
		cursor->steps |= !cursor->sought;
	else if (slice_is(op, "Insert") || slice_is(op, "IdxInsert"))
		cursor->inserts = true;
}

static void all_tables(struct sqlite_conn *c)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(c->db,
		    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0 "
		    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
		    -1, &stmt, NULL) == SQLITE_OK)
		while (sqlite3_step(stmt) == SQLITE_ROW)
			add(&c->watch->arena, &c->watch->rewrites,
				arena_slice(&c->watch->arena,
					slice_of((const char *)sqlite3_column_text(stmt, 0))));
	sqlite3_finalize(stmt);
}

/* Only statements that are made of an instruction list worth reading. */
static bool has_program(struct token first)
{
	static const char *const words[] = {"CREATE", "ALTER", "INSERT", "UPDATE", "DELETE",
		"REPLACE", "SELECT", "WITH", "REINDEX", "DROP", "VALUES"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(first, words[i]))
			return true;
	return false;
}

/* ALTER TABLE … ADD COLUMN with a CHECK looks at the rows through a virtual table; its other loops
 * only ask whether there is a row at all. */
static void added_column(struct sqlite_conn *c, struct slice sql, bool checks)
{
	struct arena *a = &c->watch->arena;
	struct lexer l;
	struct token t;

	c->watch->scans.n = c->watch->scans_before;
	if (!checks)
		return;
	lexer_init(&l, DIALECT_SQLITE, sql);
	lexer_next(&l);
	lexer_next(&l);
	t = lexer_next(&l);
	if (token_punct(lexer_peek(&l), ".")) {
		lexer_next(&l);
		t = lexer_next(&l);
	}
	add(a, &c->watch->scans, token_value(a, DIALECT_SQLITE, t));
}

static bool adds_column(struct slice sql)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, DIALECT_SQLITE, sql);
	if (!token_is(lexer_next(&l), "ALTER"))
		return false;
	for (int i = 0; i < 5 && (t = lexer_next(&l)).kind != TOKEN_END; i++)
		if (token_is(t, "ADD"))
			return true;
	return false;
}

static void read_program(struct sqlite_conn *c, struct slice sql, bool alter)
{
	bool checks = false;
	struct arena *a = &c->watch->arena;
	struct slice text = arena_printf(a, "EXPLAIN %.*s", SLICE(sql));
	struct cursor *v = NULL;
	size_t n = 0;
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(c->db, text.at, (int)text.len, &stmt, NULL) == SQLITE_OK)
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			instruction(c, stmt, &v, &n);
			checks = checks ||
				 slice_is(slice_of((const char *)sqlite3_column_text(stmt, 1)),
					 "VOpen");
		}
	sqlite3_finalize(stmt);
	c->watch->scans_before = c->watch->scans.n;
	for (size_t i = 0; i < n; i++)
		if (v[i].table.len && v[i].steps && v[i].inserts && alter)
			add(a, &c->watch->rewrites, v[i].table);
	for (size_t i = 0; i < n; i++)
		if (v[i].table.len && v[i].steps && !names_has(c->watch->rewrites, v[i].table))
			add(a, &c->watch->scans, v[i].table);
	if (adds_column(sql))
		added_column(c, sql, checks);
}

void watch_statement(struct sqlite_conn *c, struct slice sql)
{
	struct sqlite_watch *w = c->watch;
	struct lexer l;
	struct token first, second;

	lexer_init(&l, DIALECT_SQLITE, sql);
	first = lexer_next(&l);
	second = lexer_next(&l);
	if (token_is(first, "VACUUM")) {
		w->exclusive = true;
		all_tables(c);
	} else if (token_is(first, "BEGIN")) {
		w->exclusive = w->exclusive || token_is(second, "EXCLUSIVE");
		w->writes = w->writes || token_is(second, "IMMEDIATE");
	} else if (has_program(first)) {
		if (token_is(first, "SELECT") || token_is(first, "VALUES"))
			w->reads = true;
		else
			w->writes = true;
		read_program(c, sql, token_is(first, "ALTER"));
	}
}

static void put_touched(struct arena *a, struct names n, struct touched **v, size_t *count)
{
	for (size_t i = 0; i < n.n; i++)
		*ARENA_PUSH(a, *v, *count) = (struct touched){.type = OBJECT_TABLE,
			.object = {SL("main"), arena_slice(a, n.at[i])},
			.certain = true};
}

bool sqlite_observe_end(struct conn *base, struct arena *a, struct observed *out, struct err *err)
{
	struct sqlite_conn *c = sqlite_conn_of(base);
	struct sqlite_watch *w = c->watch;
	struct lock lock = {
		.object = {SLICE_NONE, SL("main")}, .type = OBJECT_DATABASE, .certain = true};

	*out = (struct observed){0};
	if (!w)
		return err_set(err, ERR_FAILED, "observing had not begun");
	put_touched(a, w->rewrites, &out->rewrites, &out->nrewrites);
	put_touched(a, w->scans, &out->scans, &out->nscans);
	if (sqlite3_txn_state(c->db, "main") == SQLITE_TXN_WRITE)
		w->writes = true;
	if (w->exclusive)
		lock.mode = "EXCLUSIVE", lock.blocks = LOCK_READS_WRITES;
	else if (w->writes)
		lock.mode = "RESERVED", lock.blocks = LOCK_WRITES;
	else if (w->reads)
		lock.mode = "SHARED", lock.blocks = LOCK_NOTHING;
	if (lock.mode)
		*ARENA_PUSH(a, out->locks, out->nlocks) = lock;
	watch_free(w);
	c->watch = NULL;
	return true;
}
