/* limits.c - the limits of statements in batches: a row each. */
#include "run/limits.h"

#include "base/buf.h"

#include <limits.h>
#include <stddef.h>

enum kind { LIMIT_TIME, LIMIT_NUMBER, LIMIT_SIZE, LIMIT_WINDOW };

/* clang-format off */
static const struct limit {
	const char *name;
	enum kind kind;
	size_t offset;
	int most;
	const char *wants;
} limits[] = {
	{"target_ms",    LIMIT_TIME,   offsetof(struct batch_limits, target_ms),       0,       "a duration above 0, such as 250ms"},
	{"max_rows",     LIMIT_NUMBER, offsetof(struct batch_limits, max_rows),        1000000, "a number from 1 to 1000000"},
	{"max_lag",      LIMIT_TIME,   offsetof(struct batch_limits, max_lag_ms),      0,       "a duration above 0, such as 10s"},
	{"max_commit",   LIMIT_TIME,   offsetof(struct batch_limits, max_commit_ms),   0,       "a duration above 0, such as 500ms"},
	{"max_active",   LIMIT_NUMBER, offsetof(struct batch_limits, max_active),      100000,  "a number from 1 to 100000"},
	{"max_wal",      LIMIT_SIZE,   offsetof(struct batch_limits, max_wal_kb),      0,       "a size a second, such as 20MB"},
	{"max_history",  LIMIT_NUMBER, offsetof(struct batch_limits, max_history),     2000000000, "a number from 1 to 2000000000"},
	{"max_snapshot", LIMIT_TIME,   offsetof(struct batch_limits, max_snapshot_ms), 0,       "a duration above 0, such as 1m"},
	{"parallel",     LIMIT_NUMBER, offsetof(struct batch_limits, parallel),        32,      "a number from 1 to 32"},
	{"window",       LIMIT_WINDOW, offsetof(struct batch_limits, window),          0,       "times of the day, such as 22:00-05:00 UTC"},
};
/* clang-format on */
enum { NLIMITS = sizeof limits / sizeof *limits };

static const struct limit *find(struct slice name)
{
	for (size_t i = 0; i < NLIMITS; i++)
		if (slice_is(name, limits[i].name))
			return &limits[i];
	return NULL;
}

bool limit_is_known(struct slice name)
{
	return find(name) != NULL;
}

struct slice limit_names(struct arena *a)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < NLIMITS; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", limits[i].name);
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* "20MB" in kB */
static bool read_size(struct slice text, int *kb)
{
	static const struct {
		const char *unit;
		unsigned long long kb;
	} units[] = {{"kB", 1}, {"MB", 1024}, {"GB", 1024 * 1024}};
	unsigned long long n;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t len = strlen(units[i].unit);

		if (text.len <= len ||
			!slice_iis(slice_from(text, text.len - len), units[i].unit) ||
			!slice_u64(slice_trim(slice_sub(text, 0, text.len - len)), &n) || n == 0 ||
			n > 1u << 30 || n * units[i].kb > 1u << 30)
			continue;
		*kb = (int)(n * units[i].kb);
		return true;
	}
	return false;
}

static bool read_value(const struct limit *k, struct slice text, void *into, struct err *why)
{
	unsigned long long n;
	int ms = 0;

	switch (k->kind) {
	case LIMIT_TIME:
		if (!slice_duration(text, &ms) && slice_u64(text, &n) && n <= INT_MAX)
			ms = (int)n;
		if (ms <= 0)
			return false;
		*(int *)into = ms;
		return true;
	case LIMIT_NUMBER:
		if (!slice_u64(text, &n) || n == 0 || n > (unsigned long long)k->most)
			return false;
		*(int *)into = (int)n;
		return true;
	case LIMIT_SIZE:
		return read_size(text, into);
	case LIMIT_WINDOW:
		return window_parse(text, into, why);
	}
	return false;
}

bool limit_set(struct batch_limits *l, struct slice name, struct slice value, struct err *err)
{
	const struct limit *k = find(name);
	struct err why = {0};
	struct arena a = {0};
	bool ok;

	if (!k) {
		err_set(err, ERR_INPUT, "there is no limit \"%.*s\" of batches", SLICE(name));
		err_hint(err, "They are %.*s.", SLICE(limit_names(&a)));
		arena_done(&a);
		return false;
	}
	ok = read_value(k, slice_trim(value), (char *)l + k->offset, &why);
	err_done(&why);
	return ok || err_set(err, ERR_INPUT, "%s wants %s, not \"%.*s\"", k->name, k->wants,
			     SLICE(slice_sub(value, 0, 60)));
}
