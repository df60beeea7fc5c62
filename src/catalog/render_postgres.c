/* render_postgres.c - PostgreSQL's DDL, in pg_dump's order: tables stand alone first; partitions
 * are attached and children made to inherit afterwards, keys and indexes of partitioned tables are
 * made with ONLY and their parts attached, so that every name comes out as it is. */
#include "catalog/render_postgres.h"

/* ---- All of it ---- */

void render_postgres(struct render *r)
{
	r_text(r, "SET check_function_bodies = off;\n");
	r_each(r, OBJECT_SCHEMA, rp_schema);
	r_each(r, OBJECT_EXTENSION, rp_extension);
	r_each(r, OBJECT_OTHER, rp_early_other);
	r_each_in_order(r, OBJECT_TYPE, OBJECT_TYPE, rp_type);
	r_each(r, OBJECT_SEQUENCE, rp_sequence);
	r_each(r, OBJECT_FUNCTION, rp_early_function);
	r_each(r, OBJECT_OTHER, rp_late_other);
	r_each(r, OBJECT_TABLE, rp_table);
	r_each(r, OBJECT_TABLE, rp_relations);
	r_each(r, OBJECT_SEQUENCE, rp_sequence_owner);
	r_each(r, OBJECT_FUNCTION, rp_late_function);
	r_each(r, OBJECT_TABLE, rp_checks_not_valid);
	r_each(r, OBJECT_TABLE, rp_keys_of);
	r_each(r, OBJECT_TABLE, rp_attachments_of);
	r_each(r, OBJECT_TABLE, rp_foreign_keys_of);
	r_each_in_order(r, OBJECT_VIEW, OBJECT_MATVIEW, rp_view);
	r_each(r, OBJECT_MATVIEW, rp_keys_of);
	r_each(r, OBJECT_STATISTICS, rp_statistics);
	r_each(r, OBJECT_TABLE, rp_rest_of);
	r_each(r, OBJECT_VIEW, rp_rest_of);
	r_each(r, OBJECT_MATVIEW, rp_rest_of);
	r_each(r, OBJECT_PUBLICATION, rp_publication);
	r_each(r, OBJECT_EVENT_TRIGGER, rp_event_trigger);
	r_each(r, OBJECT_NONE, rp_comment);
	r_each(r, OBJECT_NONE, rp_all_grants);
	r_each(r, OBJECT_DEFAULT_ACL, rp_default_acl);
}

static void whole_table(struct render *r, const struct object *o)
{
	rp_table(r, o);
	rp_relations(r, o);
	rp_checks_not_valid(r, o);
	rp_keys_of(r, o);
	rp_attachments_of(r, o);
	rp_foreign_keys_of(r, o);
	rp_rest_of(r, o);
	rp_comment(r, o);
}

static void add_constraint_(struct render *r, const struct object *o)
{
	if (is_kind(o, "foreign key")) {
		rp_foreign_key(r, o);
	} else if (is_kind(o, "check")) {
		r_text(r, "ALTER TABLE ");
		r_self(r, o);
		r_text(r, " ADD ");
		rp_check(r, o);
		r_text(r, ";\n");
	} else if (is_kind(o, "not null")) {
		rp_alter_table(r, o, false);
		r_text(r, " NOT NULL ");
		r_ident(r, o->constraint.columns.n ? o->constraint.columns.at[0] : SLICE_NONE);
		rp_constraint_end(r, &o->constraint);
		r_text(r, ";\n");
	} else {
		rp_key(r, o);
	}
}

void render_postgres_object(struct render *r, const struct object *o)
{
	switch (o->type) {
	case OBJECT_SCHEMA:
		r_text(r, "CREATE SCHEMA ");
		r_ident(r, o->name);
		r_text(r, ";\n");
		break;
	case OBJECT_EXTENSION:
		rp_extension(r, o);
		break;
	case OBJECT_TABLE:
		whole_table(r, o);
		break;
	case OBJECT_COLUMN:
		r_text(r, "ALTER TABLE ");
		r_self(r, o);
		r_text(r, " ADD COLUMN ");
		rp_column(r, o);
		r_text(r, ";\n");
		break;
	case OBJECT_CONSTRAINT:
		add_constraint_(r, o);
		break;
	case OBJECT_INDEX:
		rp_index_statement(r, o);
		rp_attach_index(r, o);
		break;
	case OBJECT_SEQUENCE:
		rp_sequence(r, o);
		break;
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
		rp_view(r, o);
		rp_keys_of(r, o);
		rp_rest_of(r, o);
		break;
	case OBJECT_TYPE:
		rp_type(r, o);
		break;
	case OBJECT_FUNCTION:
		rp_function(r, o);
		break;
	case OBJECT_TRIGGER:
		rp_trigger(r, o);
		rp_state(r, o, "TRIGGER", o->trigger.enabled);
		break;
	case OBJECT_POLICY:
		rp_policy(r, o);
		break;
	case OBJECT_RULE:
		rp_rule(r, o);
		break;
	case OBJECT_STATISTICS:
		rp_statistics(r, o);
		break;
	case OBJECT_PUBLICATION:
		rp_publication(r, o);
		break;
	case OBJECT_EVENT_TRIGGER:
		rp_event_trigger(r, o);
		break;
	case OBJECT_OTHER:
		rp_other(r, o);
		break;
	case OBJECT_NONE:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
}
