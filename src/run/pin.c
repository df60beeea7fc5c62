/* pin.c - the history's table is the same one for the whole run.
 *
 * The frameworks name their table without a schema. On PostgreSQL the search path finds it, and a
 * migration can make a table of that name in a schema that is searched earlier: the next rows would
 * go there. So the one that is found when the run begins is called by its full name from then on.
 */
#include "run/run_internal.h"

#include "engine/engine.h"
#include "sql/quote.h"

#include <stdint.h>

bool pin_history(struct project *p, struct conn *c, struct arena *a, struct err *err)
{
	struct slice table = slice_of(p->table ? p->table : p->layout->table), schema;
	struct rows r = {0};
	struct buf quoted = {0};
	struct cell name;
	bool ok;

	if (c->id.dialect != DIALECT_POSTGRES || !table.len || slice_chr(table, '.') != SIZE_MAX)
		return true;
	quote_name(&quoted, DIALECT_POSTGRES, SLICE_NONE, table);
	name = (struct cell){.text = buf_slice(&quoted)};
	ok = conn_query_params(c,
		SL("SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
		   " ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass($1)"),
		&name, 1, a, &r, err);
	buf_done(&quoted);
	if (!ok || r.nrows != 1)
		return ok;
	schema = rows_get(&r, 0, 0);
	if (slice_chr(schema, '.') == SIZE_MAX)
		p->table = arena_cstr(a, arena_printf(a, "%.*s.%.*s", SLICE(schema), SLICE(table)));
	return true;
}
