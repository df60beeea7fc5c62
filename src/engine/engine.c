/* engine.c - the table of engines, and finding one by dialect, URL or the look of a text. */
#include "engine/engine.h"

#include "sql/redact.h"

#include <stdio.h>

#ifdef BELAY_WITH_POSTGRES
extern const struct engine engine_postgres;
#endif
#ifdef BELAY_WITH_MYSQL
extern const struct engine engine_mysql, engine_mariadb;
#endif
#ifdef BELAY_WITH_SQLITE
extern const struct engine engine_sqlite;
#endif

const struct engine *const engines[] = {
#ifdef BELAY_WITH_POSTGRES
	&engine_postgres,
#endif
#ifdef BELAY_WITH_MYSQL
	&engine_mariadb, &engine_mysql,
#endif
#ifdef BELAY_WITH_SQLITE
	&engine_sqlite,
#endif
	NULL};

const struct engine *engine_for(enum dialect d, struct err *err)
{
	for (size_t i = 0; engines[i]; i++)
		if (engines[i]->dialect == d)
			return engines[i];
	if (d == DIALECT_UNKNOWN)
		err_set(err, ERR_INPUT, "cannot tell which database this is for");
	else
		err_set(err, ERR_INPUT, "this belay was built without %s", dialect_name(d));
	if (d == DIALECT_UNKNOWN)
		err_hint(err, "Say it with --dialect postgres, mysql, mariadb or sqlite.");
	return NULL;
}

static const struct {
	const char *scheme;
	enum dialect dialect;
} schemes[] = {
	{"postgres:", DIALECT_POSTGRES},
	{"postgresql:", DIALECT_POSTGRES},
	{"mysql:", DIALECT_MYSQL},
	{"mariadb:", DIALECT_MARIADB},
	{"sqlite:", DIALECT_SQLITE},
	{"sqlite3:", DIALECT_SQLITE},
};

enum dialect url_dialect(struct slice url)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (slice_istarts(url, schemes[i].scheme))
			return schemes[i].dialect;
	return DIALECT_UNKNOWN;
}

enum dialect dialect_guess(struct slice text, char why[128])
{
	enum dialect best = DIALECT_UNKNOWN;
	int most = 0, second = 0;

	for (size_t i = 0; engines[i]; i++) {
		int n = engines[i]->looks_like(text);

		/* MySQL and MariaDB look the same but for a few words: not rivals. */
		if (n > most) {
			if (!dialect_is_mysql(best) || !dialect_is_mysql(engines[i]->dialect))
				second = most;
			most = n;
			best = engines[i]->dialect;
		} else if (n > second &&
			   !(dialect_is_mysql(best) && dialect_is_mysql(engines[i]->dialect))) {
			second = n;
		}
	}
	snprintf(why, 128, "%d constructs of %s, %d of another", most, dialect_name(best), second);
	return most > second ? best : DIALECT_UNKNOWN;
}

bool engine_connect(struct conn **out, const struct conn_options *o, struct err *err)
{
	enum dialect d = url_dialect(o->url);
	const struct engine *e;

	if (d == DIALECT_UNKNOWN) {
		struct arena a = {0};
		struct slice shown = redact_url(&a, o->url);

		err_set(err, ERR_INPUT, "\"%.*s\" is not a database URL that belay knows",
			SLICE(shown));
		err_hint(err, "URLs look like postgres://user@host/db, mysql://…, mariadb://… or "
			      "sqlite:PATH.");
		arena_done(&a);
		return false;
	}
	e = engine_for(d, err);
	return e && e->connect(out, o, err);
}
