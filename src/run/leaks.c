/* leaks.c - what a migration sets for its session ends with it.
 *
 * `SET search_path`, `SET ROLE`, `SET foreign_key_checks = 0`, `PRAGMA foreign_keys = OFF`: run one
 * by one, migrations never see each other's; in one session the next one would run under them, and
 * so would the history's row. (A dump's first lines set search_path to nothing.) So after a
 * migration that may have set something the session is brought back to what it was when the run
 * began, before the verify queries and the rows.
 *
 *	PostgreSQL		RESET ALL goes back to how the session was opened, role included;
 *				prepared statements, cursors and LISTEN end
 *	MySQL, MariaDB		the settings in question are read once, and set again
 *	SQLite			so are the pragmas; other databases are detached
 *
 * What only looks like a query may set things, too (set_config): calls, blocks, queries and
 * statements that were not read count as settings. */
#include "run/run_internal.h"

#include "engine/engine.h"
#include "sql/quote.h"

#include <stdint.h>

/* ---- May this set anything? ---- */

static bool may_set(const struct change *c)
{
	bool may = change_class_of(c->kind) == CLASS_SESSION || c->kind == CHANGE_SELECT ||
		   c->kind == CHANGE_CALL || c->kind == CHANGE_DO_BLOCK;

	for (size_t i = 0; i < c->ninner; i++)
		may |= may_set(&c->inner[i]);
	return may;
}

static bool step_may_set(const struct step *s)
{
	const struct statement *st = s->statement;
	bool may = st->state != STATEMENT_READ;

	for (size_t i = 0; i < st->nchanges; i++)
		may |= may_set(&st->changes[i]);
	return may;
}

static bool step_is_temporary(const struct step *s)
{
	return slice_ifind(s->sql, SL("temp")) != SIZE_MAX;
}

void leaks_note(struct leaks *k, const struct step *s)
{
	k->set |= step_may_set(s);
	k->temporary |= step_is_temporary(s);
}

/* ---- PostgreSQL ---- */

static bool prepare_postgres(struct leaks *k, struct conn *c, struct err *err)
{
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	ok = conn_query(c,
		SL("SELECT pg_catalog.current_setting('role'),"
		   " pg_catalog.current_setting('client_connection_check_interval', true)"),
		&k->arena, &r, err);
	if (ok && r.nrows == 1) {
		buf_adds(&b, "DEALLOCATE ALL; UNLISTEN *; CLOSE ALL; RESET SESSION AUTHORIZATION; "
			     "RESET ALL; ");
		if (slice_is(rows_get(&r, 0, 0), "none"))
			buf_adds(&b, "SET ROLE NONE");
		else
			sqlf(&b, DIALECT_POSTGRES, "SET ROLE %I", rows_get(&r, 0, 0));
		if (!rows_null(&r, 0, 1))
			sqlf(&b, DIALECT_POSTGRES, "; SET client_connection_check_interval = %L",
				rows_get(&r, 0, 1));
		k->back = arena_slice(&k->arena, buf_slice(&b));
	}
	buf_done(&b);
	return ok;
}

/* ---- MySQL, MariaDB ---- */

static const char usual_settings[] =
	"'sql_mode','foreign_key_checks','unique_checks','time_zone','sql_safe_updates',"
	"'character_set_client','character_set_results','collation_connection',"
	"'default_storage_engine','group_concat_max_len','lock_wait_timeout',"
	"'innodb_lock_wait_timeout','max_statement_time','max_execution_time',"
	"'transaction_isolation','tx_isolation','alter_algorithm','old_alter_table',"
	"'explicit_defaults_for_timestamp','innodb_strict_mode','auto_increment_increment',"
	"'auto_increment_offset','sql_quote_show_create','wait_timeout','net_write_timeout',"
	"'net_read_timeout','lc_time_names','div_precision_increment','sql_auto_is_null',"
	"'big_tables','sql_big_selects','max_join_size','sql_select_limit','system_versioning_"
	"alter_history',"
	"'check_constraint_checks'";

static void add_value(struct buf *b, struct slice v)
{
	bool number = v.len > 0;

	for (size_t i = 0; i < v.len; i++)
		number &= (v.at[i] >= '0' && v.at[i] <= '9') || v.at[i] == '.';
	if (number)
		buf_add(b, v);
	else
		sqlf(b, DIALECT_MARIADB, "%L", v);
}

/* MySQL refuses to set this one in a transaction. */
static bool comes_behind(const struct conn *c, struct slice name)
{
	return c->id.dialect == DIALECT_MYSQL && slice_is(name, "explicit_defaults_for_timestamp");
}

static bool prepare_mysql(struct leaks *k, struct conn *c, struct err *err)
{
	struct buf b = {0}, behind = {0};
	bool any = false;
	struct rows r = {0};
	bool ok;

	buf_printf(&b, "SHOW SESSION VARIABLES WHERE Variable_name IN (%s)", usual_settings);
	ok = conn_query(c, buf_slice(&b), &k->arena, &r, err);
	buf_clear(&b);
	sqlf(&b, DIALECT_MARIADB, "USE %I; SET ", c->id.database);
	/* This one ends a transaction when it is switched on. */
	buf_adds(&behind, "SET SESSION autocommit = 1");
	for (size_t i = 0; ok && i < r.nrows; i++) {
		bool late = comes_behind(c, rows_get(&r, i, 0));
		struct buf *to = late ? &behind : &b;

		buf_printf(to, "%sSESSION %.*s = ",
			late  ? "; SET "
			: any ? ", "
			      : "",
			SLICE(rows_get(&r, i, 0)));
		add_value(to, rows_get(&r, i, 1));
		any |= !late;
	}
	if (any)
		k->back = arena_slice(&k->arena, buf_slice(&b));
	k->behind = arena_slice(&k->arena, buf_slice(&behind));
	buf_done(&b);
	buf_done(&behind);
	return ok;
}

/* ---- SQLite ---- */

static bool prepare_sqlite(struct leaks *k, struct conn *c, struct err *err)
{
	static const char *const pragmas[] = {"foreign_keys", "legacy_alter_table",
		"recursive_triggers", "ignore_check_constraints", "writable_schema", "query_only",
		"reverse_unordered_selects", "synchronous", "cell_size_check"};
	struct buf b = {0}, behind = {0};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof pragmas / sizeof *pragmas; i++) {
		struct rows r = {0};

		ok = conn_query(
			c, arena_printf(&k->arena, "PRAGMA %s", pragmas[i]), &k->arena, &r, err);
		if (!ok || !r.nrows)
			continue;
		buf_printf(&behind, "PRAGMA %s = %.*s; ", pragmas[i], SLICE(rows_get(&r, 0, 0)));
		/* In a transaction SQLite refuses to set it, and so it was not changed there. */
		if (strcmp(pragmas[i], "synchronous") != 0)
			buf_printf(&b, "PRAGMA %s = %.*s; ", pragmas[i], SLICE(rows_get(&r, 0, 0)));
	}
	k->back = arena_slice(&k->arena, buf_slice(&b));
	k->behind = arena_slice(&k->arena, buf_slice(&behind));
	buf_done(&b);
	buf_done(&behind);
	return ok;
}

static bool detach_others(struct leaks *k, struct conn *c, struct err *err)
{
	struct rows r = {0};
	struct arena a = {0};
	bool ok = conn_query(
		c, SL("SELECT name FROM pragma_database_list WHERE seq > 1"), &a, &r, err);

	(void)k;
	for (size_t i = 0; ok && i < r.nrows; i++)
		ok = conn_execf(c, err, "DETACH %I", rows_get(&r, i, 0));
	arena_done(&a);
	return ok;
}

/* ---- The whole ---- */

bool leaks_prepare(struct leaks *k, struct conn *c, const struct plan *p, struct err *err)
{
	bool may = false;

	for (size_t i = 0; i < p->nsteps && !may; i++)
		may = step_may_set(&p->steps[i]);
	if (!may)
		return true;
	switch (c->id.dialect) {
	case DIALECT_POSTGRES:
		return prepare_postgres(k, c, err);
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		return prepare_mysql(k, c, err);
	case DIALECT_SQLITE:
		return prepare_sqlite(k, c, err);
	case DIALECT_UNKNOWN:
		break;
	}
	return true;
}

bool leaks_restore(struct leaks *k, struct conn *c, struct err *err)
{
	bool ok = true;

	if (k->set && k->back.len)
		ok = conn_exec(c, k->back, err);
	if (ok && k->temporary && k->back.len && c->id.dialect == DIALECT_POSTGRES)
		ok = conn_exec(c, SL("DISCARD TEMP"), err);
	return ok || err_context(err, "bringing the session back to what it was before the "
				      "migration");
}

bool leaks_settle(struct leaks *k, struct conn *c, struct err *err)
{
	bool ok = true;

	if (k->set && k->behind.len)
		ok = conn_exec(c, k->behind, err);
	if (ok && k->set && k->behind.len && c->id.dialect == DIALECT_SQLITE)
		ok = detach_others(k, c, err);
	k->set = k->temporary = false;
	return ok || err_context(err, "bringing the session back to what it was before the "
				      "migration");
}

void leaks_done(struct leaks *k)
{
	arena_done(&k->arena);
}
