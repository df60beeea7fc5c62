/* api.c - include/belay.h over the same stretch of the road that `belay check` and `belay explain`
 * walk. Nothing is printed; every call works in an arena of its own, so that a handle that lives
 * long does not grow. */
#include "belay.h"

#include "base/buf.h"
#include "engine/engine.h"
#include "lint/lint.h"
#include "report/report.h"
#include "rewrite/rewrite.h"

#include <stdlib.h>
#include <time.h>

struct belay {
	enum dialect dialect;
	char *server_version; /* as given: what it means depends on the dialect */
	char *layout;
	struct buf result;
	struct err err;
	size_t errors, warnings;
};

const char *belay_version(void)
{
	return BELAY_VERSION;
}

struct belay *belay_new(void)
{
	return calloc(1, sizeof(struct belay));
}

void belay_free(struct belay *b)
{
	if (!b)
		return;
	free(b->server_version);
	free(b->layout);
	buf_done(&b->result);
	err_done(&b->err);
	free(b);
}

static void replace(char **at, const char *value)
{
	free(*at);
	*at = mem_cstr(slice_of(value));
}

static bool set_dialect(struct belay *b, const char *value)
{
	enum dialect d = dialect_from_name(slice_of(value));

	if (d == DIALECT_UNKNOWN) {
		err_set(&b->err, ERR_INPUT, "there is no dialect \"%s\"", value);
		return err_hint(&b->err, "Dialects are postgres, mysql, mariadb and sqlite.");
	}
	if (!engine_for(d, &b->err))
		return false;
	b->dialect = d;
	return true;
}

bool belay_set(struct belay *b, const char *setting, const char *value)
{
	err_done(&b->err);
	if (strcmp(setting, "dialect") == 0)
		return set_dialect(b, value);
	if (strcmp(setting, "server-version") == 0) {
		if (version_from_text(DIALECT_POSTGRES, slice_of(value)) <= 0)
			return err_set(&b->err, ERR_INPUT,
				"server-version wants a number such as 15 or 10.11, not \"%s\"",
				value);
		replace(&b->server_version, value);
		return true;
	}
	if (strcmp(setting, "layout") == 0) {
		if (strcmp(value, "auto") != 0 && !layout_by_name(slice_of(value), &b->err))
			return false;
		replace(&b->layout, value);
		return true;
	}
	err_set(&b->err, ERR_INPUT, "there is no setting \"%s\"", setting);
	return err_hint(&b->err, "Settings are dialect, server-version and layout.");
}

static void begin(struct belay *b)
{
	err_done(&b->err);
	buf_clear(&b->result);
	b->errors = b->warnings = 0;
}

static int version_of(const struct belay *b, enum dialect d)
{
	int v = b->server_version ? version_from_text(d, slice_of(b->server_version)) : 0;

	return v > 0 ? v : version_default(d);
}

/* What was set, else what the text looks like, else PostgreSQL. */
static const struct engine *engine_of(struct belay *b, enum dialect found, struct slice text)
{
	enum dialect d = b->dialect != DIALECT_UNKNOWN ? b->dialect : found;
	char why[128];

	if (d == DIALECT_UNKNOWN)
		d = dialect_guess(text, why);
	return engine_for(d == DIALECT_UNKNOWN ? DIALECT_POSTGRES : d, &b->err);
}

static bool check(struct belay *b, struct arena *a, struct judge_input *in)
{
	struct report_options o = {.dialect = in->engine->dialect};
	struct verdict v = {0};
	time_t now = time(NULL);
	char today[16];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(today, sizeof today, "%Y-%m-%d", &tm);
	in->today = today;
	in->safe_form = rewrite_safe_form;
	in->version = o.version = version_of(b, o.dialect);
	if (!judge(&v, a, in, &b->err))
		return false;
	report_check_json(&b->result, &v, &o);
	b->errors = v.errors;
	b->warnings = v.warnings;
	return true;
}

bool belay_check_text(struct belay *b, const char *path, const char *sql, size_t len)
{
	struct judge_input in = {.nfiles = 1};
	struct arena a = {0};
	struct source src, *files = &src;
	bool ok;

	begin(b);
	source_init(&src, &a, path, slice_n(sql, len));
	in.files = &files;
	in.engine = engine_of(b, DIALECT_UNKNOWN, src.text);
	ok = in.engine && check(b, &a, &in);
	arena_done(&a);
	return ok;
}

/* The first SQL of the history, to tell its dialect by. */
static struct slice first_text(const struct project *p)
{
	for (size_t i = 0; i < p->nmigrations; i++)
		if (p->migrations[i].up.src)
			return p->migrations[i].up.src->text;
	return SLICE_NONE;
}

bool belay_check_project(struct belay *b, const char *folder)
{
	struct project_options o = {.root = folder,
		.wanted_layout = b->layout,
		.dialect = b->dialect,
		.no_checksums = true};
	struct judge_input in = {0};
	struct arena a = {0};
	struct project p;
	bool ok;

	begin(b);
	ok = project_open(&p, &a, &o, &b->err);
	if (ok && !p.layout)
		ok = err_set(&b->err, ERR_INPUT, "no migrations were found in \"%s\"", folder);
	if (ok) {
		in.project = &p;
		in.engine = engine_of(b, p.dialect, first_text(&p));
		ok = in.engine && check(b, &a, &in);
	}
	arena_done(&a);
	return ok;
}

bool belay_explain_text(struct belay *b, const char *path, const char *sql, size_t len)
{
	struct arena a = {0};
	struct explainer x = {.arena = &a};
	struct report_options o = {0};
	struct source src;
	bool ok;

	begin(b);
	source_init(&src, &a, path, slice_n(sql, len));
	x.engine = engine_of(b, DIALECT_UNKNOWN, src.text);
	if (!x.engine)
		return false;
	o.dialect = x.engine->dialect;
	o.version = version_of(b, o.dialect);
	ok = explainer_open(&x, o.version, &b->err);
	if (ok) {
		catalog_set_complete(x.catalog, false);
		ok = explain_source(&x, &src, true, &b->err);
	}
	if (ok)
		report_explain_json(&b->result, x.out, x.n, &o);
	explainer_close(&x);
	arena_done(&a);
	return ok;
}

const char *belay_result(const struct belay *b)
{
	return buf_cstr(&b->result);
}

size_t belay_errors(const struct belay *b)
{
	return b->errors;
}

size_t belay_warnings(const struct belay *b)
{
	return b->warnings;
}

const char *belay_error(const struct belay *b)
{
	return b->err.message ? b->err.message : "";
}

int belay_error_code(const struct belay *b)
{
	return err_is(&b->err) ? err_exit_code(&b->err) : 0;
}
