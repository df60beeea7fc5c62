/* render.h - the parts of rendering that the dialects share; private to this folder. */
#ifndef BELAY_CATALOG_RENDER_H
#define BELAY_CATALOG_RENDER_H

#include "catalog/internal.h"

struct render {
	struct buf *out;
	enum dialect dialect;
	int version;
	const struct catalog *c; /* NULL when a single object is rendered */
	struct arena scratch;
};

void r_text(struct render *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void r_ident(struct render *r, struct slice name);
void r_name(struct render *r, struct slice schema, struct slice name);
void r_self(struct render *r, const struct object *o); /* its full name; of a part: its table's */
void r_literal(struct render *r, struct slice value);
void r_expr(struct render *r, struct expr e);
/* (a, b): names quoted, or texts as they are. */
void r_idents(struct render *r, struct names n);
void r_texts(struct render *r, struct names n);
void r_options(struct render *r, struct names options, const char *before);
struct slice r_best(struct expr e);
const struct object *r_part(const struct object *table, enum object_type t, struct slice name);
const struct object *r_table(const struct object *o);

void render_postgres(struct render *r);
void render_postgres_object(struct render *r, const struct object *o);
void render_mysql(struct render *r);
void render_mysql_object(struct render *r, const struct object *o);
void render_sqlite(struct render *r);
void render_sqlite_object(struct render *r, const struct object *o);
/* Every object of a type, by name. */
typedef void render_fn(struct render *r, const struct object *o);
void r_each(struct render *r, enum object_type type, render_fn *fn);
/* The same, but after those of the type that it mentions (views read views). */
void r_each_in_order(struct render *r, enum object_type type, enum object_type also, render_fn *fn);
#endif
