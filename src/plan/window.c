/* window.c - when a change may run. */
#include "plan/window.h"

static bool digits(struct slice s, int *out)
{
	unsigned long long n;

	if (s.len != 2 || !slice_u64(s, &n))
		return false;
	*out = (int)n;
	return true;
}

/* "02:00" in minutes; 24:00 is the end of the day. */
static bool clock_time(struct slice s, int *out)
{
	int h, m;

	s = slice_trim(s);
	if (s.len != 5 || s.at[2] != ':' || !digits(slice_sub(s, 0, 2), &h) ||
		!digits(slice_from(s, 3), &m) || m > 59 || h * 60 + m > 24 * 60)
		return false;
	*out = h * 60 + m;
	return true;
}

static bool zone(struct slice s, struct window *w)
{
	s = slice_trim(s);
	if (s.len == 0 || slice_iis(s, "local")) {
		w->local = true;
		return true;
	}
	if (slice_iis(s, "UTC") || slice_iis(s, "Z") || slice_iis(s, "GMT"))
		return true;
	if ((s.at[0] != '+' && s.at[0] != '-') || !clock_time(slice_from(s, 1), &w->offset))
		return false;
	if (s.at[0] == '-')
		w->offset = -w->offset;
	return w->offset >= -14 * 60 && w->offset <= 14 * 60;
}

bool window_parse(struct slice text, struct window *out, struct err *err)
{
	struct slice s = slice_trim(text), to;
	size_t dash = slice_chr(s, '-');
	struct window w = {.set = true};

	if (dash < s.len) {
		to = slice_trim(slice_from(s, dash + 1));
		if (clock_time(slice_sub(s, 0, dash), &w.from) &&
			clock_time(slice_sub(to, 0, 5), &w.to) && zone(slice_from(to, 5), &w)) {
			*out = w;
			return true;
		}
	}
	return err_set(err, ERR_INPUT,
		"a window is written as 02:00-04:00 UTC (or local, or +02:00), not \"%.*s\"",
		SLICE(text));
}

bool window_is_open(const struct window *w, time_t now)
{
	struct tm tm;
	int at;

	if (!w->set)
		return true;
	if (w->local ? !localtime_r(&now, &tm) : !gmtime_r(&now, &tm))
		return false;
	at = tm.tm_hour * 60 + tm.tm_min + (w->local ? 0 : w->offset);
	at = (at + 24 * 60) % (24 * 60);
	if (w->from <= w->to)
		return at >= w->from && at < w->to;
	return at >= w->from || at < w->to;
}
