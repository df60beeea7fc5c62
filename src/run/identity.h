/* identity.h - is this the database that belay ran on last?
 *
 * Each run writes down which system and which database it was on. A journal that came here with a
 * dump, a template or a copied file says something else than the server does. */
#ifndef BELAY_RUN_IDENTITY_H
#define BELAY_RUN_IDENTITY_H

#include "run/run.h"

enum identity {
	IDENTITY_SAME,  /* or nothing to compare with */
	IDENTITY_MOVED, /* same name on another server where that is everyday: a replica that was
			 * promoted, a file that was replaced */
	IDENTITY_OTHER, /* a copy, or a restored one */
};
/* *words: what is different, for people. */
bool identity_check(struct conn *c, struct slice journal_where, struct arena *a, enum identity *out,
	struct slice *words, struct err *err);
/* IDENTITY_OTHER as an error with the choices. */
bool identity_refuse(struct slice words, struct err *err);

#endif
