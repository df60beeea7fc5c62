/* risk.c - what speaks against doing it without a second thought.
 *
 *	high	fails; destroys what has rows; breaks code that runs; stops reads or writes for
 *longer than the hold budget, or for nobody knows how long
 *	medium	may fail; was not read; stops reads or writes while it works; cannot be undone;
 *		works for more than a minute; new code has to wait for it
 *	low	the rest
 *
 * Tables that the plan itself makes, and those known to be empty, do not count. */
#include "plan/outlook_internal.h"

enum { LONG_MS = 60000, MANY_ROWS = 100000 };

const char *risk_word(enum risk r)
{
	switch (r) {
	case RISK_LOW:
		return "low";
	case RISK_MEDIUM:
		return "medium";
	case RISK_HIGH:
		break;
	}
	return "high";
}

static void say(
	struct looking *x, struct reasons *r, enum risk *most, enum risk risk, struct slice words)
{
	for (size_t i = 0; i < r->n; i++)
		if (slice_eq(r->at[i].words, words))
			return;
	*ARENA_PUSH(x->a, r->at, r->n) = (struct reason){risk, words};
	if (risk > *most)
		*most = risk;
}

#define SAY(x, s, risk_, ...)                                                                      \
	say(x, &(s)->reasons, &(s)->risk, risk_, arena_printf((x)->a, __VA_ARGS__))

static struct slice object(struct looking *x, struct name n, struct slice part)
{
	return outlook_object(x->a, x->r->dialect, n, part);
}

/* Does it work on rows that were there before the plan? */
static bool meets_rows(struct looking *x, const struct effect *e)
{
	bool meets = false;

	for (size_t i = 0; i < e->nrewrites; i++)
		meets |= looking_matters(x, e->rewrites[i].object);
	for (size_t i = 0; i < e->nscans; i++)
		meets |= looking_matters(x, e->scans[i].object);
	for (size_t i = 0; i < e->nwrites_rows; i++)
		meets |= looking_matters(x, e->writes_rows[i].object);
	return meets;
}

/* Or on a table that has some. */
static bool is_about_rows(struct looking *x, const struct step *s)
{
	for (size_t i = 0; i < s->statement->nchanges; i++)
		if (s->statement->changes[i].target.name.len &&
			looking_matters(x, s->statement->changes[i].target))
			return true;
	return meets_rows(x, s->effect);
}

static void weigh_outcome(struct looking *x, struct outlook_statement *s, const struct effect *e)
{
	const struct statement *st = s->step->statement;

	if (st->state == STATEMENT_SYNTAX)
		SAY(x, s, RISK_HIGH, "it does not parse: %.*s", SLICE(st->fault_message));
	else if (e->unread || st->state != STATEMENT_READ)
		SAY(x, s, RISK_MEDIUM, "belay could not read it: %.*s", SLICE(st->opaque_reason));
	if (e->outcome == OUTCOME_FAILS)
		SAY(x, s, RISK_HIGH, "it fails: %.*s", SLICE(e->outcome_why));
	else if (e->outcome == OUTCOME_MAY_FAIL)
		SAY(x, s, is_about_rows(x, s->step) ? RISK_MEDIUM : RISK_LOW, "it may fail: %.*s",
			SLICE(e->outcome_why));
}

static bool holds_rows(enum object_type t)
{
	/* Anything else can be made again from its definition. */
	return t == OBJECT_TABLE || t == OBJECT_COLUMN || t == OBJECT_SCHEMA ||
	       t == OBJECT_DATABASE || t == OBJECT_SEQUENCE;
}

static void weigh_losses(struct looking *x, struct outlook_statement *s, const struct effect *e)
{
	for (size_t i = 0; i < e->ndestroys; i++) {
		const struct touched *t = &e->destroys[i];
		bool rows = t->type == OBJECT_TABLE && slice_is(t->part, "rows");
		struct slice what = object(x, t->object, rows ? SLICE_NONE : t->part);

		if (t->new_in_tx || !looking_matters(x, t->object))
			continue;
		if (holds_rows(t->type))
			SAY(x, s, RISK_HIGH, "%s %.*s %s gone for good%s",
				rows ? "the rows of" : object_type_word(t->type), SLICE(what),
				rows ? "are" : "is", t->certain ? "" : " (possibly)");
		else
			SAY(x, s, RISK_MEDIUM, "%s %.*s is gone%s", object_type_word(t->type),
				SLICE(what), t->certain ? "" : " (possibly)");
	}
}

static void weigh_breaks(struct looking *x, struct outlook_statement *s, const struct effect *e)
{
	for (size_t i = 0; i < e->nbreaks; i++) {
		const struct breakage *b = &e->breaks[i];
		struct slice what = object(x, b->object, b->part);

		/* The rows of a table that the plan makes are nobody's yet, its readers neither. */
		if (!looking_matters(x, b->object) && b->who != BREAKS_NEW_CODE)
			continue;
		switch (b->who) {
		case BREAKS_OLD_READERS:
			SAY(x, s, RISK_HIGH, "code that runs now and reads %.*s fails",
				SLICE(what));
			break;
		case BREAKS_OLD_WRITERS:
			SAY(x, s, RISK_HIGH, "code that runs now and writes %.*s fails",
				SLICE(what));
			break;
		case BREAKS_NEW_CODE:
			SAY(x, s, RISK_LOW, "new code that uses %.*s has to wait for it",
				SLICE(what));
			break;
		}
	}
}

static bool works(const struct effect *e)
{
	return e->nrewrites || e->nscans || e->nbuilds || e->nwrites_rows;
}

/* SQLite locks the database: that matters where the work does. */
static bool stands_in_the_way(struct looking *x, const struct effect *e, const struct lock *l)
{
	if (l->new_in_tx || l->blocks < LOCK_WRITES)
		return false;
	if (x->r->dialect != DIALECT_SQLITE)
		return looking_matters(x, l->object);
	return meets_rows(x, e);
}

static void weigh_lock(struct looking *x, struct outlook_statement *s, const struct lock *l)
{
	const struct effect *e = s->step->effect;
	const char *who = l->blocks == LOCK_READS_WRITES ? "reads and writes" : "writes";
	struct slice table = object(x, l->object, SLICE_NONE), time = interval_words(x->a, s->time);

	if (!stands_in_the_way(x, e, l))
		return;
	if (!works(e))
		SAY(x, s, RISK_LOW, "%s of %.*s wait for a moment", who, SLICE(table));
	else if (!s->time.known)
		SAY(x, s, RISK_HIGH, "%s of %.*s wait while it works, nobody knows how long", who,
			SLICE(table));
	else if (x->r->dialect != DIALECT_SQLITE && s->step->hold_ms &&
		 s->time.to_ms > s->step->hold_ms)
		SAY(x, s, RISK_HIGH,
			"%s of %.*s wait while it works (%.*s): belay up cancels it after %d ms "
			"(--hold)",
			who, SLICE(table), SLICE(time), s->step->hold_ms);
	else
		SAY(x, s, s->time.to_ms > 1000 ? RISK_MEDIUM : RISK_LOW,
			"%s of %.*s wait while it works (%.*s)", who, SLICE(table), SLICE(time));
}

static void weigh_rows(struct looking *x, struct outlook_statement *s, const struct effect *e)
{
	struct table_size size;

	for (size_t i = 0; i < e->nwrites_rows && !s->step->batched; i++) {
		struct slice table = object(x, e->writes_rows[i].object, SLICE_NONE);
		enum size_known k = looking_size(x, e->writes_rows[i].object, &size);

		if (k == SIZE_KNOWN && size.rows >= MANY_ROWS)
			SAY(x, s, RISK_MEDIUM,
				"it changes rows of %.*s (about %lld) in one transaction, and "
				"keeps them locked",
				SLICE(table), size.rows);
	}
	if (s->time.known && s->time.to_ms > LONG_MS)
		SAY(x, s, RISK_MEDIUM, "it may work for %.*s",
			SLICE(interval_words(x->a, s->time)));
}

void weigh_statement(struct looking *x, struct outlook_statement *s)
{
	const struct effect *e = s->step->effect;

	if (!e) {
		SAY(x, s, RISK_MEDIUM, "nothing is known of it");
		return;
	}
	weigh_outcome(x, s, e);
	weigh_losses(x, s, e);
	weigh_breaks(x, s, e);
	if (e->nlocks)
		for (size_t i = 0; i < e->nlocks; i++)
			weigh_lock(x, s, &e->locks[i]);
	else
		for (size_t i = 0; i < s->step->nlocks; i++)
			weigh_lock(x, s, &s->step->locks[i]);
	weigh_rows(x, s, e);
}

void weigh_migration(struct looking *x, struct outlook_migration *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].risk > m->risk)
			m->risk = m->at[i].risk;
	if (!m->has_way_back)
		SAY(x, m, RISK_MEDIUM, "it has no down script");
	if (!m->grouped && m->n > 1)
		SAY(x, m, RISK_LOW,
			"it runs statement by statement: after a failure, what ran stays, and "
			"belay up goes on behind it");
}
