/* guarded.c - an INSERT … SELECT whose guard looks for the rows that it adds. */
#include "engine/guarded.h"

enum {
	GUARD_OPENING = 4, /* NOT EXISTS ( SELECT */
};

bool guards_what_it_adds(const struct token *at, size_t n, size_t guard)
{
	for (size_t i = guard + GUARD_OPENING; i + 1 < n; i++) {
		bool sought = token_punct(at[i], "=") &&
			      (at[i + 1].kind == TOKEN_STRING || at[i + 1].kind == TOKEN_NUMBER);
		bool added = false;

		for (size_t k = 0; sought && k < guard; k++)
			added |= slice_eq(at[k].text, at[i + 1].text);
		if (sought && !added)
			return false;
	}
	return true;
}
