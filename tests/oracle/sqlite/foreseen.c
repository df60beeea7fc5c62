/* foreseen.c - the effects of a statement in the words of the table. */
#include "facts.h"

#include "engine/sqlite/sqlite.h"
#include "sql/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct engine engine_sqlite;

static struct script read_sql(struct arena *a, struct reader *r, struct slice sql)
{
	struct source *src = ARENA_NEW(a, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, a, "case", sql);
	if (!script_read(&engine_sqlite, r, a, src, 0, sql.len, &script, &err))
		fail_msg("%s", err.message);
	return script;
}

static struct slice parted(struct arena *a, struct slice object, struct slice part)
{
	return part.len ? arena_printf(a, "%.*s.%.*s", SLICE(object), SLICE(part)) : object;
}

/* Trees that were there before: no new index. */
static struct slice trees(
	struct arena *a, const struct catalog *c, const struct session *s, const struct effect *e)
{
	struct names n = {0};

	for (size_t i = 0; i < e->nrewrites; i++)
		add_sorted(a, &n, e->rewrites[i].object.name);
	for (size_t i = 0; i < e->nbuilds; i++)
		if (catalog_find(c, s, OBJECT_INDEX, e->builds[i].object, NULL) == PRESENT ||
			slice_starts(e->builds[i].object.name, "sqlite_"))
			add_sorted(a, &n, e->builds[i].object.name);
	return joined(a, n);
}

static struct slice gone(struct arena *a, const struct effect *e)
{
	struct names n = {0};

	for (size_t i = 0; i < e->ndestroys; i++)
		if (e->destroys[i].type == OBJECT_TRIGGER)
			add_sorted(a, &n, e->destroys[i].part);
		else
			add_sorted(
				a, &n, parted(a, e->destroys[i].object.name, e->destroys[i].part));
	return joined(a, n);
}

static struct slice broken(struct arena *a, const struct effect *e, enum breaks_who who)
{
	struct names n = {0};

	for (size_t i = 0; i < e->nbreaks; i++)
		if (e->breaks[i].who == who)
			add_sorted(a, &n, e->breaks[i].object.name);
	return joined(a, n);
}

static struct slice rows_of(struct arena *a, const struct effect *e)
{
	struct names n = {0};

	for (size_t i = 0; i < e->nwrites_rows; i++)
		if (!slice_istarts(e->writes_rows[i].object.name, "sqlite_") &&
			slice_is(e->writes_rows[i].object.schema, "main"))
			add_sorted(a, &n, e->writes_rows[i].object.name);
	return joined(a, n);
}

static void fill(struct arena *a, const struct catalog *c, const struct session *s,
	const struct effect *e, struct facts *out)
{
	out->certain = e->certain && !e->unread;
	out->elsewhere = e->nlocks && !slice_is(e->locks[0].object.name, "main");
	out->why = e->outcome_why;
	out->v[FACT_OUTCOME] = e->outcome == OUTCOME_FAILS      ? SL("refused")
			       : e->outcome == OUTCOME_MAY_FAIL ? SL("may-fail")
								: SL("ok");
	out->v[FACT_LOCK] = e->nlocks && slice_is(e->locks[0].object.name, "main")
				    ? slice_of(e->locks[0].mode)
				    : SL("none");
	out->v[FACT_TREES] = trees(a, c, s, e);
	out->v[FACT_ROWS] = rows_of(a, e);
	out->v[FACT_GONE] = gone(a, e);
	out->v[FACT_READERS] = broken(a, e, BREAKS_OLD_READERS);
	out->v[FACT_WRITERS] = broken(a, e, BREAKS_OLD_WRITERS);
	out->v[FACT_AGAIN] = slice_of(rerun_word(e->rerun));
	out->v[FACT_UNDO] = slice_of(undo_word(e->undo));
	out->v[FACT_TX] = e->transaction == TX_FORBIDDEN ? SL("forbidden") : SLICE_NONE;
	for (size_t i = 0; i < FACTS_; i++)
		out->v[i] = arena_slice(a, out->v[i]);
	out->why = arena_slice(a, out->why);
}

void facts_foreseen(
	struct arena *a, int version, struct slice setup, struct slice sql, struct facts *out)
{
	struct reader_options ro = {.dialect = DIALECT_SQLITE, .version = version};
	struct catalog *c = catalog_new(DIALECT_SQLITE, version);
	struct reader *r;
	struct script before, now;
	struct session s;
	struct err err = {0};
	struct slice why;
	struct effect e;

	assert_true(engine_sqlite.reader_open(&r, &ro, &err));
	before = read_sql(a, r, setup);
	now = read_sql(a, r, sql);
	session_init(&s, DIALECT_SQLITE, a);
	catalog_set_complete(c, true);
	for (size_t i = 0; i < before.n; i++)
		catalog_apply_statement(c, &s, &before.at[i], &why);
	assert_int_equal(now.n, 1);
	engine_sqlite.effects(a, c, &s, &now.at[0], &e);
	fill(a, c, &s, &e, out);
	engine_sqlite.reader_close(r);
	catalog_free(c);
}
