/* effects.h - shared inside the effects of PostgreSQL only.
 *
 * Claims about locks, rewrites and scans. What was measured on 15 stands in the tables of
 * effects*.c; the manual's pages are "Explicit Locking", "ALTER TABLE" and "CREATE INDEX". */
#ifndef BELAY_ENGINE_POSTGRES_EFFECTS_H
#define BELAY_ENGINE_POSTGRES_EFFECTS_H

#include "engine/engine.h"

enum pg_mode {
	PG_ACCESS_SHARE = 1,
	PG_ROW_SHARE,
	PG_ROW_EXCLUSIVE,
	PG_SHARE_UPDATE_EXCLUSIVE,
	PG_SHARE,
	PG_SHARE_ROW_EXCLUSIVE,
	PG_EXCLUSIVE,
	PG_ACCESS_EXCLUSIVE,
};
const char *pg_mode_words(enum pg_mode m);
enum lock_class pg_mode_blocks(enum pg_mode m);

/* One statement being looked at. */
struct looking {
	struct arena *arena;
	const struct catalog *catalog;
	const struct session *session;
	const struct statement *statement;
	const struct change *change;
	struct effect *out;
	int version;
};

/* A relation as the statement names it. */
struct relation {
	struct name name; /* resolved */
	enum presence presence;
	const struct object *object; /* NULL unless PRESENT */
	enum object_type type;
	bool is_new;  /* created in this transaction */
	bool certain; /* it is that relation for sure */
};
struct relation pg_relation(struct looking *l, struct name n, enum object_type type);
void pg_lock(struct looking *l, const struct relation *r, enum pg_mode m);
/* The relation and what inherits from it: partitions, children. */
void pg_lock_tree(struct looking *l, const struct relation *r, enum pg_mode m);
void pg_lock_indexes(struct looking *l, const struct relation *r, enum pg_mode m);
void pg_rewrite(struct looking *l, const struct relation *r, bool certain); /* and its indexes */
void pg_scan(struct looking *l, const struct relation *r, bool certain);
void pg_build(struct looking *l, const struct relation *on, struct slice index, bool certain);
void pg_writes(struct looking *l, const struct relation *r);
void pg_destroys(struct looking *l, enum object_type t, struct name object, struct slice part);
void pg_breaks(struct looking *l, enum breaks_who who, enum object_type t, struct name object,
	struct slice part);
void pg_fails(struct looking *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pg_may_fail(struct looking *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pg_need(struct looking *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 'i', 's', 'v', or 0 when a function is not known; *needs names it then. */
char pg_volatility(struct looking *l, const struct expr *e, struct slice *needs);

/* ALTER TABLE and its kin: true when the change was one of theirs. */
bool pg_effects_alter(struct looking *l);
bool pg_effects_create(struct looking *l);
bool pg_effects_data(struct looking *l);

/* Does changing a column from one type to the other rewrite the table, rebuild its indexes only,
 * or neither? */
enum type_change { TYPE_SAME_STORAGE, TYPE_REINDEX, TYPE_REWRITE, TYPE_UNSURE };
enum type_change pg_type_change(struct looking *l, struct slice from, struct slice to);

void postgres_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out);

#endif
