/* rate.c - how fast batches go. */
#include "run/rate.h"

static const double memory_ms[RATES] = {5000, 60000, 300000};

void rate_begin(struct rate *r, long long now, long long seen)
{
	*r = (struct rate){.at = now, .seen = seen};
}

/* What a memory of that length makes of a new value; it cannot be longer than the whole time. */
static double mixed(double old, double now, double ms, double memory, double age)
{
	double share;

	if (memory > age)
		memory = age;
	share = memory > 0 && ms < memory ? ms / memory : 1;
	return old + (now - old) * share;
}

void rate_note(struct rate *r, long long now, long long seen, long long held)
{
	long long ms = now - r->at, work = ms - (held - r->work_at_held);
	double speed;

	if (ms <= 0)
		return;
	speed = (double)(seen - r->seen) / (double)ms;
	r->age_ms += ms;
	for (int i = 0; i < RATES; i++)
		r->per_ms[i] =
			mixed(r->per_ms[i], speed, (double)ms, memory_ms[i], (double)r->age_ms);
	if (work > 0)
		r->working_per_ms =
			mixed(r->working_per_ms, (double)(seen - r->seen) / (double)work,
				(double)work, memory_ms[1], (double)r->age_ms);
	r->at = now;
	r->seen = seen;
	r->work_at_held = held;
}

double rate_per_second(const struct rate *r)
{
	return r->per_ms[0] * 1000;
}

bool rate_left(const struct rate *r, long long rows, long long *least, long long *most)
{
	double fast = r->working_per_ms, slow = r->per_ms[0];

	for (int i = 0; i < RATES; i++) {
		fast = r->per_ms[i] > fast ? r->per_ms[i] : fast;
		slow = r->per_ms[i] < slow ? r->per_ms[i] : slow;
	}
	if (fast <= 0 || rows < 0)
		return false;
	/* Held up for so long that a short memory knows nothing else: as long as it lasts. */
	if (slow < fast / 100)
		slow = fast / 100;
	*least = (long long)((double)rows / fast / 1000);
	*most = (long long)((double)rows / slow / 1000) + 1;
	return true;
}

void rate_words(struct buf *b, long long least, long long most)
{
	static const struct {
		const char *name;
		long long s;
	} units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
	size_t i = 0;

	while (i < 3 && most < units[i].s * 2)
		i++;
	least = least / units[i].s;
	most = (most + units[i].s - 1) / units[i].s;
	if (least == most)
		buf_printf(b, "%lld %s", most, units[i].name);
	else
		buf_printf(b, "%lld to %lld %s", least, most, units[i].name);
}
