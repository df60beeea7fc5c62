/* check_fuzz.c - any bytes as a migration file of any dialect, the whole road: read, replayed,
 * judged by every rule, with safe forms, and reported in every form. The same twice. */
#include "engine/engine.h"
#include "lint/lint.h"
#include "report/report.h"
#include "rewrite/rewrite.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_and_report(enum dialect d, struct slice text, struct buf *out)
{
	static const char *const all[] = {"all", NULL};
	struct arena a = {0};
	struct err err = {0};
	struct source src, *files[] = {&src};
	struct judge_input in = {.engine = engine_for(d, &err),
		.version = version_default(d),
		.files = files,
		.nfiles = 1,
		.select = all,
		.today = "2026-01-01",
		.threads = 1,
		.safe_form = rewrite_safe_form};
	struct report_options o = {.dialect = d, .version = in.version};
	struct verdict v;

	source_init(&src, &a, "fuzz.sql", text);
	if (in.engine && judge(&v, &a, &in, &err))
		for (size_t i = 0; reporters[i]; i++)
			if (reporters[i]->check)
				reporters[i]->check(out, &v, &o);
	err_done(&err);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dialect dialects[] = {
		DIALECT_POSTGRES, DIALECT_MYSQL, DIALECT_MARIADB, DIALECT_SQLITE};
	struct buf once = {0}, twice = {0};
	struct slice text;
	enum dialect d;

	if (size < 1 || size > 1 << 14)
		return 0;
	d = dialects[data[0] % 4];
	text = slice_n((const char *)data + 1, size - 1);
	judge_and_report(d, text, &once);
	judge_and_report(d, text, &twice);
	if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
		abort();
	buf_done(&once);
	buf_done(&twice);
	return 0;
}
