/* render_postgres.h - PostgreSQL's DDL, shared by the files that write it. */
#ifndef BELAY_CATALOG_RENDER_POSTGRES_H
#define BELAY_CATALOG_RENDER_POSTGRES_H

#include "catalog/render.h"

/* ---- render_postgres_table.c: tables and what hangs on them ---- */
void rp_sequence_words(struct render *r, const struct sequence_def *d);
void rp_collation(struct render *r, struct slice name);
void rp_column(struct render *r, const struct object *o);
void rp_constraint_end(struct render *r, const struct constraint_def *d);
void rp_check(struct render *r, const struct object *o);
void rp_foreign_options(struct render *r, struct names options);
void rp_table(struct render *r, const struct object *t);
void rp_relations(struct render *r, const struct object *t);
void rp_index_statement(struct render *r, const struct object *o);
void rp_attach_index(struct render *r, const struct object *o);
void rp_alter_table(struct render *r, const struct object *o, bool only);
void rp_key(struct render *r, const struct object *o);
void rp_foreign_key(struct render *r, const struct object *o);
void rp_keys_of(struct render *r, const struct object *t);
void rp_attachments_of(struct render *r, const struct object *t);
void rp_checks_not_valid(struct render *r, const struct object *t);
void rp_foreign_keys_of(struct render *r, const struct object *t);
void rp_trigger(struct render *r, const struct object *o);
const char *rp_state_words(struct slice enabled);
void rp_state(struct render *r, const struct object *o, const char *what, struct slice enabled);
void rp_policy(struct render *r, const struct object *o);
void rp_rule(struct render *r, const struct object *o);
void rp_rest_of(struct render *r, const struct object *t);

/* ---- render_postgres_object.c: everything that stands by itself, comments and grants ---- */
void rp_sequence(struct render *r, const struct object *o);
void rp_sequence_owner(struct render *r, const struct object *o);
void rp_type(struct render *r, const struct object *o);
void rp_function(struct render *r, const struct object *o);
void rp_early_function(struct render *r, const struct object *o);
void rp_late_function(struct render *r, const struct object *o);
void rp_view(struct render *r, const struct object *o);
void rp_schema(struct render *r, const struct object *o);
void rp_extension(struct render *r, const struct object *o);
void rp_statistics(struct render *r, const struct object *o);
void rp_publication(struct render *r, const struct object *o);
void rp_event_trigger(struct render *r, const struct object *o);
void rp_other(struct render *r, const struct object *o);
void rp_early_other(struct render *r, const struct object *o);
void rp_late_other(struct render *r, const struct object *o);
void rp_comment(struct render *r, const struct object *o);
void rp_all_grants(struct render *r, const struct object *o);
void rp_default_acl(struct render *r, const struct object *o);

#endif
