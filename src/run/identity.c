/* identity.c - is this the database that belay ran on last? */
#include "run/identity.h"

#include "engine/engine.h"

static enum identity compare(
	const struct conn_identity *id, struct slice system, struct slice database)
{
	bool same_name = slice_eq(database, id->database);
	bool same_system = !system.len || !id->system.len || slice_eq(system, id->system);

	if (same_name && same_system)
		return IDENTITY_SAME;
	switch (id->dialect) {
	case DIALECT_SQLITE: /* the file under another name is still the file */
		return same_system && system.len && id->system.len ? IDENTITY_SAME
		       : same_name                                 ? IDENTITY_MOVED
								   : IDENTITY_OTHER;
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		return same_name ? IDENTITY_MOVED : IDENTITY_OTHER;
	case DIALECT_POSTGRES: /* a standby that is promoted keeps the identifier */
	case DIALECT_UNKNOWN:
		break;
	}
	return IDENTITY_OTHER;
}

bool identity_check(struct conn *c, struct slice journal_where, struct arena *a, enum identity *out,
	struct slice *words, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	*out = IDENTITY_SAME;
	*words = SLICE_NONE;
	buf_adds(&b, "SELECT id, system_id, database_name FROM ");
	journal_name(&b, c->id.dialect, journal_where, "run");
	buf_adds(&b, " ORDER BY id DESC LIMIT 1");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	if (!ok || r.nrows == 0 || rows_null(&r, 0, 2))
		return ok;
	*out = compare(&c->id, rows_get(&r, 0, 1), rows_get(&r, 0, 2));
	if (*out != IDENTITY_SAME)
		*words = arena_printf(a,
			"run %.*s was on database %.*s, system %.*s; this is database %.*s, system "
			"%.*s",
			SLICE(rows_get(&r, 0, 0)), SLICE(rows_get(&r, 0, 2)),
			SLICE(rows_get(&r, 0, 1)), SLICE(c->id.database), SLICE(c->id.system));
	return true;
}

bool identity_refuse(struct slice words, struct err *err)
{
	err_set(err, ERR_REFUSED, "this is not the database that belay ran on last: %.*s",
		SLICE(words));
	err_hint(err,
		"Nothing was done. A copy or a restored backup, and the one you mean? belay repair "
		"takes it as it is. Else look at --db.");
	return err_next(err, "belay repair");
}
