/* cmd_uses.c - belay uses: where a table or column is used, before it goes. */
#include "base/io.h"
#include "catalog/uses.h"
#include "cli/code.h"
#include "cli/cli.h"
#include "cli/steps.h"
#include "sql/clean.h"
#include "sql/quote.h"

#include <stdint.h>
#include <stdlib.h>

struct using
{
	struct cli *cli;
	struct project project;
	struct schema_now now;
	const struct object *table;
	struct slice column; /* as the catalog has it; empty: the table */
	struct use *uses;
	size_t nuses;
	struct code_search code;
	bool searched;
	struct recorded_query *queries;
	size_t nqueries;
	bool asked; /* for recorded queries, and there was an answer */
};

/* ---- What is meant ---- */

/* SCHEMA.TABLE.COLUMN, TABLE.COLUMN, SCHEMA.TABLE or TABLE: the longest that is there. */
static bool try_as(struct using *u, struct slice schema, struct slice table, struct slice column)
{
	struct name n = {schema, table};
	const struct object *found, *part;

	if (catalog_find(u->now.catalog, &u->now.session, OBJECT_NONE, n, &found) != PRESENT ||
		(found->type != OBJECT_TABLE && found->type != OBJECT_VIEW &&
			found->type != OBJECT_MATVIEW))
		return false;
	if (column.len &&
		catalog_part(u->now.catalog, found, OBJECT_COLUMN, column, &part) != PRESENT)
		return false;
	u->table = found;
	u->column = column.len ? part->name : SLICE_NONE;
	return true;
}

static bool resolve(struct using *u, const char *text, struct err *err)
{
	struct slice rest = slice_of(text), p[3] = {{0}};
	size_t n = 0;

	while (n < 3 && slice_next(&rest, '.', &p[n]))
		n++;
	if ((n == 3 && !rest.len && try_as(u, p[0], p[1], p[2])) ||
		(n == 2 &&
			(try_as(u, SLICE_NONE, p[0], p[1]) || try_as(u, p[0], p[1], SLICE_NONE))) ||
		(n == 1 && try_as(u, SLICE_NONE, p[0], SLICE_NONE)))
		return true;
	err_set(err, ERR_INPUT, "there is no table or column \"%s\" in the schema", text);
	return err_hint(err, "Write TABLE, TABLE.COLUMN or SCHEMA.TABLE.COLUMN, as the schema "
			     "after the last migration has them; --db asks a database.");
}

/* ---- Looking ---- */

static bool search_code(struct using *u, struct err *err)
{
	struct cli *c = u->cli;
	const char *dir = cli_text(c, "code");
	const char **leave_out, *full;
	char *real;

	if (!dir)
		return true;
	real = realpath(io_join(&c->arena, c->root, dir), NULL);
	if (!real)
		return err_errno(err, "read", dir);
	full = arena_cstr(&c->arena, slice_of(real));
	free(real);
	leave_out = ARENA_ARRAY(&c->arena, u->project.ndirs + 1, const char *);
	u->code = (struct code_search){
		.table = u->table->name, .column = u->column, .leave_out = leave_out};
	for (size_t i = 0; i < u->project.ndirs; i++)
		leave_out[i] = io_relative(
			&c->arena, full, io_join(&c->arena, c->root, u->project.dirs[i]));
	u->searched = true;
	return code_find(&u->code, &c->arena, full, err);
}

/* Statements that the server has counted. Where it counts none, that is said and no failure. */
static bool ask_server(struct using *u, struct err *err)
{
	struct cli *c = u->cli;
	struct err ignored = {0};
	struct recorded_query *v = NULL;
	struct conn *conn;
	size_t n = 0, keep = 0;

	if (!cli_text(c, "db") && !cli_text(c, "env"))
		return true;
	if (!cli_connect(c, &conn, true, err))
		return false;
	u->asked = conn->engine->recorded &&
		   conn->engine->recorded(conn, &c->arena, u->table->name, &v, &n, &ignored);
	err_done(&ignored);
	conn_close(conn);
	for (size_t i = 0; u->asked && i < n; i++)
		if (text_has_word(v[i].sql, u->table->name) &&
			(!u->column.len || text_has_word(v[i].sql, u->column) ||
				slice_chr(v[i].sql, '*') != SIZE_MAX))
			v[keep++] = v[i];
	u->queries = v;
	u->nqueries = keep;
	return true;
}

/* ---- Saying ---- */

static struct slice subject(struct using *u)
{
	struct buf b = {0};
	struct slice out;

	quote_name_pretty(&b, u->now.engine->dialect, u->table->schema, u->table->name);
	if (u->column.len) {
		buf_addc(&b, '.');
		quote_ident_pretty(&b, u->now.engine->dialect, u->column);
	}
	out = arena_slice(&u->cli->arena, buf_slice(&b));
	buf_done(&b);
	return out;
}

static void uses_text(struct buf *b, struct using *u)
{
	struct arena *a = &u->cli->arena;
	enum dialect d = u->now.engine->dialect;

	for (size_t i = 0; i < u->nuses; i++)
		buf_printf(b, "%s %.*s %s%s\n", object_type_word(u->uses[i].object->type),
			SLICE(clean_line(a, object_path(a, d, u->uses[i].object))), u->uses[i].how,
			u->uses[i].certain ? "" : " (possibly)");
	for (size_t i = 0; i < u->nqueries; i++)
		buf_printf(b, "query, called %lld times: %.*s\n", u->queries[i].calls,
			SLICE(slice_sub(clean_line(a, u->queries[i].sql), 0, 200)));
	for (size_t i = 0; i < u->code.n; i++)
		buf_printf(b, "%.*s:%zu: %.*s\n",
			SLICE(clean_line(a, slice_of(u->code.at[i].path))), u->code.at[i].line,
			SLICE(u->code.at[i].text));
	if (u->code.beyond)
		buf_printf(b, "… and %zu more lines of code\n", u->code.beyond);
	buf_printf(b, "%.*s: %zu object%s of the schema", SLICE(clean_line(a, subject(u))),
		u->nuses, u->nuses == 1 ? "" : "s");
	if (u->searched)
		buf_printf(b, ", %zu line%s in %zu files of code", u->code.n + u->code.beyond,
			u->code.n + u->code.beyond == 1 ? "" : "s", u->code.files);
	if (u->asked)
		buf_printf(b, ", %zu recorded quer%s", u->nqueries, u->nqueries == 1 ? "y" : "ies");
	else if (cli_text(u->cli, "db") || cli_text(u->cli, "env"))
		buf_adds(b, "; this server keeps no record of queries that this role may read");
	buf_addc(b, '\n');
	if (!catalog_is_complete(u->now.catalog))
		buf_adds(b, "not all of the schema is known: something was not read\n");
}

static void uses_json(struct buf *b, struct using *u)
{
	enum dialect d = u->now.engine->dialect;
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "uses/1");
	json_kstr(&j, "object", subject(u));
	json_kbool(&j, "complete", catalog_is_complete(u->now.catalog));
	json_key(&j, "objects");
	json_array(&j);
	for (size_t i = 0; i < u->nuses; i++) {
		json_object(&j);
		json_kcstr(&j, "type", object_type_word(u->uses[i].object->type));
		json_kstr(&j, "object", object_path(&u->cli->arena, d, u->uses[i].object));
		json_kcstr(&j, "how", u->uses[i].how);
		json_kbool(&j, "certain", u->uses[i].certain);
		json_end(&j);
	}
	json_end(&j);
	json_key(&j, "code");
	json_array(&j);
	for (size_t i = 0; i < u->code.n; i++) {
		json_object(&j);
		json_kcstr(&j, "file", u->code.at[i].path);
		json_kint(&j, "line", (long long)u->code.at[i].line);
		json_kstr(&j, "text", u->code.at[i].text);
		json_end(&j);
	}
	json_end(&j);
	json_key(&j, "queries");
	if (u->asked)
		json_array(&j);
	else
		json_null(&j);
	for (size_t i = 0; i < u->nqueries; i++) {
		json_object(&j);
		json_kstr(&j, "sql", u->queries[i].sql);
		json_kint(&j, "calls", u->queries[i].calls);
		json_end(&j);
	}
	if (u->asked)
		json_end(&j);
	json_end(&j);
}

static bool say(struct using *u, struct err *err)
{
	struct cli *c = u->cli;
	struct buf b = {0};
	bool ok = true;

	if (cli_wants(c, "text")) {
		uses_text(&b, u);
		ok = cli_emit(c, "text", buf_slice(&b), err);
	}
	if (ok && cli_wants(c, "json")) {
		buf_clear(&b);
		uses_json(&b, u);
		ok = cli_emit(c, "json", buf_slice(&b), err);
	}
	buf_done(&b);
	return ok;
}

int cmd_uses(struct cli *c, struct err *err)
{
	struct using u = {.cli = c};
	bool ok;

	if (!cli_project(c, &u.project, false, err) || !schema_now_open(c, &u.project, &u.now, err))
		return 2;
	ok = resolve(&u, c->args[0], err);
	if (ok)
		u.nuses = catalog_uses(u.now.catalog, u.table, u.column, &c->arena, &u.uses);
	ok = ok && search_code(&u, err) && ask_server(&u, err) && say(&u, err);
	schema_now_close(&u.now);
	return ok ? 0 : 2;
}
