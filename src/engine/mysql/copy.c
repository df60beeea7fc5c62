/* copy.c - one database copied into another on the same server.
 *
 * What is in the target already and is equal stays: after a proof most of a copy is as it was, and
 * making all of it again is what takes long. Tables are equal when their definitions and their
 * checksums are; everything else is made anew.
 *
 * The servers have no such statement. Definitions come from SHOW CREATE, run while the source is
 * the current database (then views name their tables without it), rows by INSERT … SELECT without
 * generated columns, foreign keys unchecked meanwhile. Triggers come after the rows. Rows of
 * earlier versions in system-versioned tables are not copied. */
#include "engine/mysql/conn.h"

#include "sql/quote.h"

#include <stdint.h>

struct made {             /* one statement that makes something in the target */
	const char *what; /* "TABLE" */
	struct slice name, sql, mode;
	struct slice checksum;
	bool there; /* the target has the same one */
};

struct copier {
	struct conn *c;
	struct arena a;
	struct slice source, target;
	struct made *tables, *views, *routines, *triggers, *sequences;
	size_t ntables, nviews, nroutines, ntriggers, nsequences;
	struct err *err;
};

static bool ask(struct copier *k, struct rows *r, const char *sql)
{
	return conn_query(k->c, slice_of(sql), &k->a, r, k->err);
}

static size_t column_named(const struct rows *r, const char *name)
{
	for (size_t i = 0; i < r->ncols; i++)
		if (slice_iis(r->names[i], name))
			return i;
	return r->ncols;
}

/* SHOW CREATE <what> <name>: the text stands in the column "Create <what>" (or "SQL Original
 * Statement"), the mode it was made under in "sql_mode". */
static bool show_create(
	struct copier *k, const char *what, struct slice name, const char *column, struct made *out)
{
	struct rows r;
	size_t text, mode;

	if (!my_queryf(k->c, &k->a, &r, k->err, "SHOW CREATE %s %I", slice_of(what), name))
		return false;
	text = column_named(&r, column);
	mode = column_named(&r, "sql_mode");
	if (r.nrows != 1 || text == r.ncols || rows_null(&r, 0, text))
		return err_set(k->err, ERR_FAILED, "cannot see the definition of the %s %.*s", what,
			SLICE(name));
	out->what = what;
	out->name = name;
	out->sql = rows_get(&r, 0, text);
	out->mode = mode < r.ncols ? rows_get(&r, 0, mode) : SLICE_NONE;
	return true;
}

static bool collect_tables(struct copier *k)
{
	struct rows r;

	if (!ask(k, &r, "SHOW FULL TABLES"))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct slice name = rows_get(&r, i, 0), type = rows_get(&r, i, 1);
		struct made m = {.name = name};

		if (slice_ends(type, "VIEW")) {
			if (!show_create(k, "VIEW", name, "Create View", &m))
				return false;
			*ARENA_PUSH(&k->a, k->views, k->nviews) = m;
		} else if (slice_is(type, "SEQUENCE")) {
			if (!show_create(k, "SEQUENCE", name, "Create Table", &m))
				return false;
			*ARENA_PUSH(&k->a, k->sequences, k->nsequences) = m;
		} else {
			if (!show_create(k, "TABLE", name, "Create Table", &m))
				return false;
			*ARENA_PUSH(&k->a, k->tables, k->ntables) = m;
		}
	}
	return true;
}

static bool collect_routines(struct copier *k)
{
	struct rows r;

	if (!ask(k, &r,
		    "SELECT routine_name, routine_type FROM information_schema.routines"
		    " WHERE routine_schema = DATABASE() AND routine_type IN ('PROCEDURE', "
		    "'FUNCTION')"
		    " ORDER BY routine_type, routine_name"))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		bool f = slice_is(rows_get(&r, i, 1), "FUNCTION");
		struct made m = {0};

		if (!show_create(k, f ? "FUNCTION" : "PROCEDURE", rows_get(&r, i, 0),
			    f ? "Create Function" : "Create Procedure", &m))
			return false;
		*ARENA_PUSH(&k->a, k->routines, k->nroutines) = m;
	}
	return true;
}

static bool collect_triggers(struct copier *k)
{
	struct rows r;

	if (!ask(k, &r,
		    "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema ="
		    " DATABASE() ORDER BY event_object_table, action_timing, event_manipulation,"
		    " action_order"))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct made m = {0};

		if (!show_create(k, "TRIGGER", rows_get(&r, i, 0), "SQL Original Statement", &m))
			return false;
		*ARENA_PUSH(&k->a, k->triggers, k->ntriggers) = m;
	}
	if (!ask(k, &r,
		    "SELECT event_name FROM information_schema.events WHERE event_schema = "
		    "DATABASE()"
		    " ORDER BY event_name"))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct made m = {0};

		if (!show_create(k, "EVENT", rows_get(&r, i, 0), "Create Event", &m))
			return false;
		*ARENA_PUSH(&k->a, k->triggers, k->ntriggers) = m;
	}
	return true;
}

static bool make(struct copier *k, const struct made *m)
{
	if (m->mode.at && !conn_execf(k->c, k->err, "SET SESSION sql_mode = %L", m->mode))
		return false;
	if (!conn_exec(k->c, m->sql, k->err))
		return err_context(k->err, "making %.*s again", SLICE(m->name));
	return true;
}

static bool make_all(struct copier *k, const struct made *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].there && !make(k, &v[i]))
			return false;
	return !n || conn_exec(k->c, SL("SET SESSION sql_mode = ''"), k->err);
}

/* A view may need another one first: as long as one of them can be made, there is progress. */
static bool make_views(struct copier *k)
{
	bool *done = ARENA_ARRAY(&k->a, k->nviews + 1, bool);
	size_t left = k->nviews;

	while (left) {
		size_t before = left;
		struct err last = {0};

		for (size_t i = 0; i < k->nviews; i++) {
			if (done[i])
				continue;
			err_done(&last);
			done[i] = conn_exec(k->c, k->views[i].sql, &last);
			left -= done[i];
		}
		if (left && left == before) {
			err_move(k->err, &last);
			return err_context(k->err, "making the views again");
		}
		err_done(&last);
	}
	return true;
}

/* The names of the columns that are not generated, or * when all are. */
static bool columns_of(struct copier *k, const struct made *table, struct buf *out)
{
	struct rows r;

	if (slice_ifind(table->sql, SL(" GENERATED ALWAYS AS ")) == SIZE_MAX &&
		slice_ifind(table->sql, SL(" INVISIBLE")) == SIZE_MAX) {
		buf_addc(out, '*');
		return true;
	}
	if (!my_queryf(k->c, &k->a, &r, k->err,
		    "SELECT column_name FROM information_schema.columns WHERE table_schema = %L AND"
		    " table_name = %L AND COALESCE(generation_expression, '') = ''"
		    " ORDER BY ordinal_position",
		    k->source, table->name))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		if (i)
			buf_addc(out, ',');
		quote_ident(out, k->c->id.dialect, rows_get(&r, i, 0));
	}
	return true;
}

static bool copy_rows(struct copier *k, const struct made *table)
{
	struct buf columns = {0}, sql = {0};
	bool ok = columns_of(k, table, &columns);

	if (ok && columns.len) {
		sqlf(&sql, k->c->id.dialect, "INSERT INTO %N", k->target, table->name);
		if (!slice_is(buf_slice(&columns), "*"))
			sqlf(&sql, k->c->id.dialect, " (%s)", buf_slice(&columns));
		sqlf(&sql, k->c->id.dialect, " SELECT %s FROM %N", buf_slice(&columns), k->source,
			table->name);
		ok = conn_exec(k->c, buf_slice(&sql), k->err) ||
		     err_context(k->err, "copying the rows of %.*s", SLICE(table->name));
	}
	buf_done(&columns);
	buf_done(&sql);
	return ok;
}

/* The next value of AUTO_INCREMENT stands in SHOW CREATE TABLE; a sequence's does not. */
static bool copy_position(struct copier *k, struct slice sequence)
{
	struct rows r;

	if (!my_queryf(k->c, &k->a, &r, k->err, "SELECT next_not_cached_value FROM %N", k->source,
		    sequence))
		return false;
	return r.nrows != 1 || my_queryf(k->c, &k->a, &r, k->err, "SELECT SETVAL(%N, %s, 0)",
				       k->target, sequence, rows_get(&r, 0, 0));
}

static bool collect(struct copier *k)
{
	return conn_execf(k->c, k->err, "USE %I", k->source) && collect_tables(k) &&
	       collect_routines(k) && collect_triggers(k);
}

/* The source's rows go by its character set: the target database gets that first. */
static bool copy_charset(struct copier *k)
{
	struct rows r;

	if (!my_queryf(k->c, &k->a, &r, k->err,
		    "SELECT default_character_set_name, default_collation_name FROM"
		    " information_schema.schemata WHERE schema_name = %L",
		    k->source) ||
		r.nrows != 1)
		return false;
	return conn_execf(k->c, k->err, "ALTER DATABASE %I CHARACTER SET %s COLLATE %s", k->target,
		rows_get(&r, 0, 0), rows_get(&r, 0, 1));
}

static bool fill(struct copier *k)
{
	if (!conn_execf(k->c, k->err, "USE %I", k->target) ||
		!conn_exec(k->c,
			SL("SET SESSION foreign_key_checks = 0, unique_checks = 0,"
			   " sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"),
			k->err) ||
		!copy_charset(k) || !make_all(k, k->sequences, k->nsequences))
		return false;
	for (size_t i = 0; i < k->nsequences; i++)
		if (!copy_position(k, k->sequences[i].name))
			return false;
	/* Defaults and generated columns may call functions; routines look at nothing before they
	 * run. */
	if (!make_all(k, k->routines, k->nroutines) ||
		!conn_exec(k->c, SL("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"), k->err) ||
		!make_all(k, k->tables, k->ntables) ||
		!conn_exec(k->c, SL("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"), k->err))
		return false;
	for (size_t i = 0; i < k->ntables; i++)
		if (!k->tables[i].there && !copy_rows(k, &k->tables[i]))
			return false;
	return make_views(k) && make_all(k, k->triggers, k->ntriggers);
}

/* ---- What the target has already ---- */

/* CHECKSUM TABLE of all of them as one statement. */
static bool checksums(struct copier *k, struct slice database, struct made *v, size_t n)
{
	struct buf sql = {0};
	struct rows r;
	bool ok;

	if (n == 0)
		return true;
	buf_adds(&sql, "CHECKSUM TABLE ");
	for (size_t i = 0; i < n; i++)
		sqlf(&sql, k->c->id.dialect, i ? ",%N" : "%N", database, v[i].name);
	ok = conn_query(k->c, buf_slice(&sql), &k->a, &r, k->err);
	buf_done(&sql);
	if (!ok || r.nrows != n)
		return false;
	for (size_t i = 0; i < n; i++)
		v[i].checksum = rows_null(&r, i, 1) ? SLICE_NONE : rows_get(&r, i, 1);
	return true;
}

static bool drop(struct copier *k, const struct made *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].there && !conn_execf(k->c, k->err, "DROP %s IF EXISTS %N",
					   slice_of(v[i].what), k->target, v[i].name))
			return false;
	return true;
}

/* Definition, rows and counter: AUTO_INCREMENT stands in the definition. Of a system-versioned
 * table the checksum does not see all rows. */
static void mark_equal(struct copier *k, struct copier *old)
{
	for (size_t i = 0, j = 0; i < k->ntables; i++) {
		struct made *n = &k->tables[i];

		/* Both are in the server's order of names; a name that is missing costs a search.
		 */
		if (j >= old->ntables || !slice_eq(old->tables[j].name, n->name))
			for (j = 0; j < old->ntables && !slice_eq(old->tables[j].name, n->name);)
				j++;
		if (j == old->ntables)
			continue;
		if (n->checksum.len && slice_eq(n->checksum, old->tables[j].checksum) &&
			slice_eq(n->sql, old->tables[j].sql) &&
			slice_ifind(n->sql, SL("SYSTEM VERSIONING")) == SIZE_MAX)
			n->there = old->tables[j].there = true;
		j++;
	}
}

static bool keep_equal(struct copier *k)
{
	struct copier old = {.c = k->c, .source = k->target, .err = k->err};
	bool ok;

	ok = collect(&old) && checksums(&old, k->target, old.tables, old.ntables) &&
	     checksums(k, k->source, k->tables, k->ntables) &&
	     conn_exec(k->c, SL("SET SESSION foreign_key_checks = 0"), k->err);
	if (ok) {
		mark_equal(k, &old);
		ok = drop(k, old.triggers, old.ntriggers) && drop(k, old.routines, old.nroutines) &&
		     drop(k, old.views, old.nviews) && drop(k, old.tables, old.ntables) &&
		     drop(k, old.sequences, old.nsequences);
	}
	arena_done(&old.a);
	return ok;
}

bool mysql_copy_database(
	struct conn *c, struct slice source, struct slice target, bool refresh, struct err *err)
{
	struct copier k = {.c = c, .source = source, .target = target, .err = err};
	struct rows r;
	bool ok;

	ok = ask(&k, &r, "SELECT @@sql_mode, @@foreign_key_checks, @@unique_checks") &&
	     collect(&k) && (!refresh || keep_equal(&k)) && fill(&k);
	if (r.nrows == 1)
		ok = conn_execf(c, ok ? err : &(struct err){0},
			     "SET SESSION sql_mode = %L, foreign_key_checks = %s, unique_checks = "
			     "%s",
			     rows_get(&r, 0, 0), rows_get(&r, 0, 1), rows_get(&r, 0, 2)) &&
		     ok;
	arena_done(&k.a);
	return ok;
}
