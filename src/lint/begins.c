/* begins.c - does the schema begin before the history that is there?
 *
 * A folder is taken for the whole history, so what it never makes does not exist, and using it is a
 * finding. But where nothing at all was made before, in an earlier migration, the schema must have
 * begun elsewhere: then what is missing is unknown, as it is for a lone file. */
#include "lint/internal.h"

#include <stdint.h>

/* How the engines say that an object is not there. */
static bool says_missing(struct slice why)
{
	return slice_ends(why, " does not exist") || slice_starts(why, "there is no ") ||
	       slice_starts(why, "no such ");
}

/* A part of the table that is named; the table itself may be there. */
static bool names_part(struct slice why)
{
	static const char *const parts[] = {"column ", "constraint ", "trigger ", NULL};

	for (size_t i = 0; parts[i]; i++) {
		size_t at = slice_find(why, slice_of(parts[i]));

		if (at != SIZE_MAX && at < sizeof "there is no ")
			return true;
	}
	return false;
}

static bool target_known(const struct judged *j)
{
	return j->statement->nchanges && catalog_find(j->before, j->session, OBJECT_NONE,
						 j->statement->changes[0].target, NULL) == PRESENT;
}

static bool misses_something(const struct judged *j)
{
	return j->effect->outcome == OUTCOME_FAILS && catalog_is_complete(j->before) &&
	       says_missing(j->effect->outcome_why) &&
	       !(names_part(j->effect->outcome_why) && target_known(j));
}

bool begins_elsewhere(const struct judged *j)
{
	return !j->judge->begun && misses_something(j);
}

bool misses_table(const struct judged *j)
{
	struct slice why = j->effect->outcome_why;

	return misses_something(j) && (slice_find(why, SL("relation ")) != SIZE_MAX ||
					      slice_find(why, SL("table")) != SIZE_MAX);
}

void note_beginning(struct judge *jg, const struct unit *u)
{
	for (size_t i = 0; !jg->begun && i < u->script.n; i++)
		for (size_t k = 0; k < u->script.at[i].nchanges; k++)
			jg->begun =
				jg->begun || u->script.at[i].changes[k].kind == CHANGE_CREATE_TABLE;
}
