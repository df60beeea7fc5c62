/* effect.c - words for facts, and lists of facts without duplicates. */
#include "sql/effect.h"

const char *outcome_word(enum outcome o)
{
	static const char *const words[] = {
		[OUTCOME_OK] = "ok",
		[OUTCOME_FAILS] = "fails",
		[OUTCOME_MAY_FAIL] = "may-fail",
	};

	return words[o];
}

const char *tx_rule_word(enum tx_rule r)
{
	static const char *const words[] = {
		[TX_ALLOWED] = "allowed",
		[TX_FORBIDDEN] = "forbidden",
		[TX_COMMITS] = "commits",
		[TX_NO_EFFECT] = "no-effect",
	};

	return words[r];
}

const char *rerun_word(enum rerun r)
{
	static const char *const words[] = {
		[RERUN_SAME] = "same",
		[RERUN_FAILS] = "fails",
		[RERUN_DIFFERS] = "differs",
		[RERUN_UNKNOWN] = "unknown",
	};

	return words[r];
}

const char *undo_word(enum undo u)
{
	static const char *const words[] = {
		[UNDO_EXACT] = "exact",
		[UNDO_SCHEMA_ONLY] = "schema-only",
		[UNDO_NONE] = "none",
	};

	return words[u];
}

const char *breaks_word(enum breaks_who w)
{
	static const char *const words[] = {
		[BREAKS_OLD_READERS] = "old-readers",
		[BREAKS_OLD_WRITERS] = "old-writers",
		[BREAKS_NEW_CODE] = "new-code-before",
	};

	return words[w];
}

/* A lock says nothing new beside one that blocks more and is as certain. */
static bool covers(const struct lock *strong, const struct lock *weak)
{
	return strong->blocks > weak->blocks && (strong->certain || !weak->certain);
}

void effect_lock(struct arena *a, struct effect *e, struct lock l)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->nlocks; i++) {
		struct lock *old = &e->locks[i];

		if (old->type != l.type || !name_eq(old->object, l.object))
			continue;
		if (covers(old, &l))
			return;
		if (old->blocks == l.blocks && !strcmp(old->mode, l.mode)) {
			old->certain |= l.certain;
			old->new_in_tx |= l.new_in_tx;
			return;
		}
	}
	for (size_t i = 0; i < e->nlocks; i++) {
		struct lock *old = &e->locks[i];
		bool same = old->type == l.type && name_eq(old->object, l.object);

		if (!same || !covers(&l, old))
			e->locks[kept++] = *old;
	}
	/* What was covered has left its place: the array's capacity is still that of the old
	 * length, so growing from the shorter one would copy needlessly but never too little. */
	e->nlocks = kept;
	*ARENA_PUSH(a, e->locks, e->nlocks) = l;
}

void effect_touch(struct arena *a, struct touched **v, size_t *n, struct touched t)
{
	for (size_t i = 0; i < *n; i++) {
		struct touched *old = &(*v)[i];

		if (old->type == t.type && name_eq(old->object, t.object) &&
			slice_eq(old->part, t.part)) {
			old->certain |= t.certain;
			old->new_in_tx |= t.new_in_tx;
			return;
		}
	}
	*ARENA_PUSH(a, *v, *n) = t;
}

void effect_break(struct arena *a, struct effect *e, struct breakage b)
{
	for (size_t i = 0; i < e->nbreaks; i++) {
		struct breakage *old = &e->breaks[i];

		if (old->who == b.who && old->type == b.type && name_eq(old->object, b.object) &&
			slice_eq(old->part, b.part)) {
			old->certain |= b.certain;
			return;
		}
	}
	*ARENA_PUSH(a, e->breaks, e->nbreaks) = b;
}

void effect_need(struct arena *a, struct effect *e, struct slice what)
{
	e->certain = false;
	if (!names_has(e->needs, what))
		names_add(a, &e->needs, what);
}

/* ---- The same? ---- */

static bool word_eq(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

bool locks_eq(const struct lock *x, size_t nx, const struct lock *y, size_t ny)
{
	for (size_t i = 0; i < nx && nx == ny; i++)
		if (!name_eq(x[i].object, y[i].object) || x[i].type != y[i].type ||
			!word_eq(x[i].mode, y[i].mode) || x[i].blocks != y[i].blocks ||
			x[i].certain != y[i].certain || x[i].new_in_tx != y[i].new_in_tx)
			return false;
	return nx == ny;
}

static bool touched_eq(const struct touched *x, size_t nx, const struct touched *y, size_t ny)
{
	for (size_t i = 0; i < nx && nx == ny; i++)
		if (x[i].type != y[i].type || !name_eq(x[i].object, y[i].object) ||
			!slice_eq(x[i].part, y[i].part) || x[i].certain != y[i].certain ||
			x[i].new_in_tx != y[i].new_in_tx)
			return false;
	return nx == ny;
}

static bool breaks_eq(const struct effect *x, const struct effect *y)
{
	for (size_t i = 0; i < x->nbreaks && x->nbreaks == y->nbreaks; i++) {
		const struct breakage *a = &x->breaks[i], *b = &y->breaks[i];

		if (a->who != b->who || a->type != b->type || !name_eq(a->object, b->object) ||
			!slice_eq(a->part, b->part) || a->certain != b->certain)
			return false;
	}
	return x->nbreaks == y->nbreaks;
}

bool effect_eq(const struct effect *x, const struct effect *y)
{
	return x->outcome == y->outcome && slice_eq(x->outcome_why, y->outcome_why) &&
	       locks_eq(x->locks, x->nlocks, y->locks, y->nlocks) &&
	       touched_eq(x->rewrites, x->nrewrites, y->rewrites, y->nrewrites) &&
	       touched_eq(x->scans, x->nscans, y->scans, y->nscans) &&
	       touched_eq(x->builds, x->nbuilds, y->builds, y->nbuilds) &&
	       touched_eq(x->writes_rows, x->nwrites_rows, y->writes_rows, y->nwrites_rows) &&
	       touched_eq(x->destroys, x->ndestroys, y->destroys, y->ndestroys) &&
	       names_eq(x->waits_for, y->waits_for) && breaks_eq(x, y) &&
	       x->transaction == y->transaction && x->rerun == y->rerun && x->undo == y->undo &&
	       word_eq(x->algorithm, y->algorithm) && word_eq(x->lock_clause, y->lock_clause) &&
	       x->documented == y->documented && x->unread == y->unread &&
	       x->certain == y->certain && names_eq(x->needs, y->needs);
}
