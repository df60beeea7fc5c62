/* rules_fixture.h - a case of a rule: a script, and whether the rule fires on it. */
#ifndef BELAY_LINT_RULES_FIXTURE_H
#define BELAY_LINT_RULES_FIXTURE_H

#include "base/arena.h"
#include "lint/lint.h"
#include "sql/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct row {
	const char *rule;
	bool fires;
	const char *sql;
	enum dialect dialect; /* unknown = PostgreSQL */
	const char *version;  /* of the server; NULL = the usual one */
	bool alone;           /* no other rule is asked, so that none hides it */
	bool new_here;        /* judged as a lone file is: what it makes is new */
};

/* With --select RULE when it is not on by default. */
static inline bool row_fires(const struct row *row, const struct engine *e)
{
	const char *select[] = {row->rule, NULL};
	const struct rule *rule = rule_find(slice_of(row->rule), NULL);
	struct arena a = {0};
	struct source src, *files[] = {&src};
	struct judge_input in = {.engine = e,
		.version = row->version ? version_from_text(e->dialect, slice_of(row->version))
					: version_default(e->dialect),
		.files = files,
		.nfiles = 1,
		.select = rule && (row->alone || rule->tier != TIER_ON) ? select : NULL,
		.deployed = !row->new_here,
		.today = "2026-06-01",
		.threads = 1};
	struct verdict v = {0};
	struct err err = {0};
	bool found = false;

	source_init(&src, &a, "case.sql", slice_of(row->sql));
	if (!judge(&v, &a, &in, &err))
		fail_msg("%s: %s", row->sql, err.message);
	for (size_t i = 0; i < v.nfindings; i++)
		found = found || (strcmp(v.findings[i].rule->id, row->rule) == 0 &&
					 !v.findings[i].suppressed);
	arena_done(&a);
	return found;
}

static inline void run_rows(const struct row *rows, size_t n)
{
	size_t wrong = 0, seen = 0;

	for (size_t i = 0; i < n; i++) {
		enum dialect d = rows[i].dialect ? rows[i].dialect : DIALECT_POSTGRES;
		struct err err = {0};
		const struct engine *e = engine_for(d, &err);

		if (!e) { /* left out of this build */
			err_done(&err);
			continue;
		}
		seen++;
		if (!rule_find(slice_of(rows[i].rule), NULL))
			fail_msg("no rule %s", rows[i].rule);
		if (row_fires(&rows[i], e) == rows[i].fires)
			continue;
		wrong++;
		printf("%s: %s\n%s\n", rows[i].rule,
			rows[i].fires ? "silent where it should fire"
				      : "fires where it should be silent",
			rows[i].sql);
	}
	printf("# %zu cases, %zu wrong\n", seen, wrong);
	assert_int_equal(wrong, 0);
}

#endif
