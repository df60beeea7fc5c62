/* after.h - the table as an ALTER TABLE will leave it.
 *
 * Which indexes are new, which lose a column, which are gone, where each column stands and what
 * unnamed keys will be called: the costs and the losses of a statement follow from that, and from
 * no action alone. */
#ifndef BELAY_ENGINE_MYSQL_AFTER_H
#define BELAY_ENGINE_MYSQL_AFTER_H

#include "engine/mysql/mysql.h"

struct after_part {
	enum object_type type;     /* COLUMN, INDEX, CONSTRAINT, TRIGGER */
	struct slice name;         /* its name then; of what goes, the name now */
	const struct object *was;  /* NULL: new */
	const struct object *will; /* NULL: unchanged in its definition */
	const struct change *by;   /* what added, dropped or changed it last */
	struct names columns;      /* of indexes and constraints, by their new names */
	size_t place;              /* columns: where it stood, from 1 */
	bool gone;                 /* dropped, by name or together with its columns */
	bool shrunk;               /* an index that lost a column and stays */
	bool twin;      /* dropped under one name and added under another: it only gets that */
	bool reordered; /* an index whose text sorts differently then */
	bool implied;   /* an index that a foreign key brings along */
};

struct after {
	struct after_part *v;
	size_t n;
};

/* `t` NULL: not known, only what the statement says. */
void my_after(struct arena *a, const struct my_dialect *d, const struct object *t,
	const struct statement *st, struct after *out);
/* A part that will be there, or NULL. */
const struct after_part *after_find(
	const struct after *x, enum object_type type, struct slice name);
bool after_is_primary(const struct after_part *p);
bool my_names_have(struct names n, struct slice s); /* whatever the case */
/* Does an expression's text mention a column, as a word or in quotes? */
bool my_mentions(struct arena *a, enum dialect d, struct slice text, struct slice column);

#endif
