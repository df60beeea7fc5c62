/* picture.h - what a database holds at one moment, to be compared with the next. */
#ifndef BELAY_ORACLE_SQLITE_PICTURE_H
#define BELAY_ORACLE_SQLITE_PICTURE_H

#include "library.h"

#include "sql/object.h"

enum { PAGE = 512 };

struct leaf {
	struct slice tree;
	size_t number;
};

struct relation {
	struct slice name;
	bool view;
	struct names columns, computed; /* all of them; those that are generated */
	struct slice *rows;             /* sorted; of the columns that are not computed */
	size_t nrows;
	long long root;
};

struct picture {
	struct leaf *leaves;
	size_t nleaves;
	struct relation *v;
	size_t n;
	struct names objects; /* indexes and triggers */
	struct slice *virtual;
	size_t nvirtual;
	struct slice all; /* schema and rows, temporary ones too, as one text */
};

/* A new file of small pages, with `setup` done in it. Asserts that it works. */
sqlite3 *picture_open(
	const struct library *l, struct arena *a, const char *path, const char *setup);
void picture_take(const struct library *l, sqlite3 *db, struct arena *a, struct picture *out);
const struct relation *picture_find(const struct picture *p, struct slice name);
/* Trees of `a` that were written from the first leaf to the last on the way to `b`, by the rollback
 * journal that was kept beside `path`; sorted. */
struct names picture_written(struct arena *a, const struct picture *before,
	const struct picture *after, const char *path);
void add_sorted(struct arena *a, struct names *n, struct slice s);

#endif
