/* effects_objects.c - parts of tables, types, functions and what else has a name. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Triggers, policies and rules ---- */

static const struct {
	enum change_kind kind;
	enum object_type part;
	enum pg_mode mode;
} parts[] = {
	{CHANGE_CREATE_TRIGGER, OBJECT_TRIGGER, PG_SHARE_ROW_EXCLUSIVE},
	{CHANGE_DROP_TRIGGER, OBJECT_TRIGGER, PG_ACCESS_EXCLUSIVE},
	{CHANGE_ALTER_TRIGGER, OBJECT_TRIGGER, PG_ACCESS_EXCLUSIVE},
	{CHANGE_CREATE_POLICY, OBJECT_POLICY, PG_ACCESS_EXCLUSIVE},
	{CHANGE_ALTER_POLICY, OBJECT_POLICY, PG_ACCESS_EXCLUSIVE},
	{CHANGE_DROP_POLICY, OBJECT_POLICY, PG_ACCESS_EXCLUSIVE},
	{CHANGE_CREATE_RULE, OBJECT_RULE, PG_ACCESS_EXCLUSIVE},
	{CHANGE_DROP_RULE, OBJECT_RULE, PG_ACCESS_EXCLUSIVE},
};

static void trigger_tree(struct looking *l, const struct relation *r, enum pg_mode mode)
{
	const struct object **children;
	size_t n = pg_is_partitioned(r) ? pg_children(l, r, &children) : 0;

	pg_lock(l, r, mode);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, children[i]);

		if (change_class_of(l->change->kind) == CLASS_DROP && l->version >= 150000)
			pg_destroys(l, OBJECT_TRIGGER, child.name, l->change->name);
		trigger_tree(l, &child, mode);
	}
}

/* A trigger for rows is made in each partition too. */
static bool for_rows(struct looking *l, const struct relation *r)
{
	const struct object *t;

	if (l->change->kind == CHANGE_CREATE_TRIGGER)
		return l->change->def && l->change->def->trigger.for_each_row;
	return r->object &&
	       catalog_part(l->catalog, r->object, OBJECT_TRIGGER, l->change->name, &t) ==
		       PRESENT &&
	       t->trigger.for_each_row;
}

static void create_part(struct looking *l, const struct relation *r, enum object_type type)
{
	const struct change *c = l->change;
	const struct object *part;

	if (r->object && catalog_part(l->catalog, r->object, type, c->name, &part) == PRESENT &&
		!(c->flags & CHANGE_OR_REPLACE))
		pg_fails(l, "%s \"%.*s\" exists already", object_type_word(type), SLICE(c->name));
	if (type != OBJECT_TRIGGER || !c->def || !r->object)
		return;
	if (slice_istarts(c->def->trigger.timing, "instead") != (r->type == OBJECT_VIEW) &&
		(r->type != OBJECT_VIEW || c->def->trigger.for_each_row))
		pg_fails(l, "INSTEAD OF is for views, and views have no other row triggers");
	if (catalog_find(l->catalog, l->session, OBJECT_FUNCTION, c->other, &part) == PRESENT &&
		part->function.returns.len && !slice_is(part->function.returns, "trigger"))
		pg_fails(l, "function %.*s does not return a trigger", SLICE(c->other.name));
}

/* Locks that a part's creation or removal takes on its table. */
static void part_of_table(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r = pg_relation(l, c->target, OBJECT_NONE);
	enum object_type type = c->type;
	enum pg_mode mode = PG_ACCESS_EXCLUSIVE;
	const struct object *part;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].kind == c->kind) {
			type = parts[i].part;
			mode = parts[i].mode;
		}
	if (r.presence == ABSENT) {
		if (!(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	if (change_class_of(c->kind) == CLASS_CREATE) {
		create_part(l, &r, type);
	} else if (r.object && catalog_part(l->catalog, r.object, type, c->name, &part) == ABSENT) {
		if (!(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "%s \"%.*s\" does not exist", object_type_word(type),
				SLICE(c->name));
		return;
	}
	if (change_class_of(c->kind) == CLASS_DROP)
		pg_destroys(l, type, r.name, c->name);
	if (type == OBJECT_TRIGGER && for_rows(l, &r) &&
		!(change_class_of(c->kind) != CLASS_CREATE &&
			change_class_of(c->kind) != CLASS_DROP && l->version < 150000))
		trigger_tree(l, &r, mode);
	else
		pg_lock(l, &r, mode);
	if (c->kind == CHANGE_CREATE_RULE && c->def)
		pg_rule_locks(l, c->def);
	pg_reads(l, false, false);
}

/* ---- Functions and schemas ---- */
static bool same_result(struct looking *l, struct slice a, struct slice b)
{
	struct slice full;

	if (slice_starts(a, "SETOF ") != slice_starts(b, "SETOF "))
		return false;
	if (slice_starts(b, "TABLE(") || slice_starts(a, "TABLE("))
		return slice_eq(a, b);
	full = catalog_full_type(
		l->catalog, l->session, slice_from(b, slice_starts(b, "SETOF ") ? 6 : 0));
	return slice_eq(slice_from(a, slice_starts(a, "SETOF ") ? 6 : 0), full);
}

/* "name type DEFAULT x": the name, if there is one, and the default. */
static void one_argument(struct slice text, struct slice *name, bool *has_default)
{
	static const char *const modes[] = {"IN ", "OUT ", "INOUT ", "VARIADIC "};
	size_t blank;

	text = slice_trim(text);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (slice_istarts(text, modes[i]))
			text = slice_trim(slice_from(text, strlen(modes[i])));
	*has_default = slice_ifind(text, SL(" default ")) != SIZE_MAX ||
		       slice_find(text, SL(" = ")) != SIZE_MAX;
	text = slice_sub(text, 0, slice_ifind(text, SL(" default ")));
	blank = slice_chr(text, ' ');
	/* One word is a type; so are "character varying" and its like. */
	*name = blank == SIZE_MAX ? SLICE_NONE : slice_sub(text, 0, blank);
	if (slice_is(*name, "character") || slice_is(*name, "double") || slice_is(*name, "bit") ||
		slice_starts(*name, "timestamp") || slice_starts(*name, "time"))
		*name = SLICE_NONE;
}

/* OR REPLACE keeps the names of parameters, and does not take defaults away. */
static void same_arguments(struct looking *l, struct slice old, struct slice now)
{
	struct slice a, b, x, y;
	bool had, has;

	if (slice_chr(old, '(') != SIZE_MAX || slice_chr(now, '(') != SIZE_MAX)
		return; /* commas inside brackets are not ours to count */
	while (slice_next(&old, ',', &a) && slice_next(&now, ',', &b)) {
		one_argument(a, &x, &had);
		one_argument(b, &y, &has);
		if (x.len && y.len && !slice_eq(x, y))
			pg_fails(
				l, "a function that is replaced keeps the names of its parameters");
		if (had && !has)
			pg_fails(l, "a function that is replaced keeps its defaults");
	}
}

static void create_function(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *old;
	struct name n = pg_function_name(l, c->target);
	struct name full = catalog_resolve(l->catalog, l->session, OBJECT_FUNCTION, n);

	pg_no_schema(l, full.schema);
	/* The body of an SQL function is read, one of PL/pgSQL's only parsed. */
	if (c->def && slice_iis(c->def->function.language, "sql") &&
		l->session->check_function_bodies)
		pg_body_locks(l, c->def);
	if (catalog_find(l->catalog, l->session, OBJECT_FUNCTION, n, &old) != PRESENT) {
		full.name = pg_short_signature(l, full.name);
		pg_breaks(l, BREAKS_NEW_CODE, OBJECT_FUNCTION, full, SLICE_NONE);
		return;
	}
	if (!(c->flags & CHANGE_OR_REPLACE))
		pg_fails(l, "function %.*s exists already", SLICE(full.name));
	else if (c->def && old->function.returns.len && c->def->function.returns.len &&
		 !same_result(l, old->function.returns, c->def->function.returns))
		pg_fails(l, "a function that is replaced keeps its return type");
	else if (c->def)
		same_arguments(l, old->function.arguments, c->def->function.arguments);
}

static void alter_function(struct looking *l)
{
	pg_missing(l, OBJECT_FUNCTION);
}

static void create_schema(struct looking *l)
{
	const struct object *there;

	if (catalog_find(l->catalog, l->session, OBJECT_SCHEMA, l->change->target, &there) ==
			PRESENT &&
		!(l->change->flags & CHANGE_IF_NOT_EXISTS))
		pg_fails(l, "schema \"%.*s\" exists already", SLICE(l->change->target.name));
}

/* Columns of the type hold the attribute's values. */
static void attribute_breaks(struct looking *l, struct name type)
{
	const struct change *c = l->change;
	struct slice name = c->name.len ? c->name : c->def ? c->def->name : SLICE_NONE;
	const struct object **all;
	size_t n;

	if (slice_is(c->value.text, "add")) {
		pg_breaks(l, BREAKS_NEW_CODE, OBJECT_TYPE, type, name);
		return;
	}
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_TYPE, type, name);
	if (!slice_is(c->value.text, "drop"))
		return;
	n = catalog_naming(l->catalog, type, OBJECT_COLUMN, l->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (pg_spells_type(l->arena, all[i]->column.type, type))
			l->out->undo = UNDO_SCHEMA_ONLY;
}

/* The type of a relation's rows: its attributes can be renamed, which renames the column. True when
 * it is one. */
static bool alter_row_type(struct looking *l)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);

	if (r.presence != PRESENT || !r.object || r.type == OBJECT_TYPE)
		return false;
	if (!slice_is(l->change->value.text, "rename"))
		pg_fails(l, "\"%.*s\" is not a composite type", SLICE(r.name.name));
	pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
	pg_rerun(l, RERUN_FAILS);
	return true;
}

/* A typed table follows its type. */
static void alter_type_attribute(struct looking *l)
{
	struct name n = catalog_resolve(l->catalog, l->session, OBJECT_TYPE, l->change->target);
	const struct object **all;
	size_t count = catalog_naming(l->catalog, n, OBJECT_TABLE, l->arena, &all);

	attribute_breaks(l, n);
	if (alter_row_type(l))
		return;
	if (slice_is(l->change->value.text, "alter"))
		pg_row_type_used(l, n);
	if (!slice_is(l->change->value.text, "alter"))
		pg_rerun(l, l->change->flags & (CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS)
				    ? RERUN_SAME
				    : RERUN_FAILS);
	for (size_t i = 0; i < count; i++) {
		struct relation r = pg_relation_of(l, all[i]);

		if (!(l->change->flags & CHANGE_CASCADE))
			pg_fails(l, "table \"%.*s\" is of that type", SLICE(r.name.name));
		pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
	}
}

static void lock_owner(struct looking *l)
{
	struct slice owned = l->change->def ? l->change->def->sequence.owned_by : SLICE_NONE;
	size_t dot = SIZE_MAX;
	struct relation t;

	for (size_t i = 0; i < owned.len; i++)
		if (owned.at[i] == '.')
			dot = i;
	if (dot == SIZE_MAX)
		return;
	t = pg_relation(l, pg_split_name(slice_sub(owned, 0, dot)), OBJECT_NONE);
	pg_lock(l, &t, PG_ACCESS_SHARE);
}

static void comment_on(struct looking *l)
{
	const struct object *part;
	struct relation r = pg_relation(
		l, l->change->target, l->change->type == OBJECT_INDEX ? OBJECT_INDEX : OBJECT_NONE);

	if (object_is_relation(l->change->type) && r.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
	switch ((int)l->change->type) {
	case OBJECT_INDEX:
		r.type = OBJECT_INDEX;
		pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		break;
	case OBJECT_COLUMN:
		if (r.object && r.type == OBJECT_TABLE &&
			catalog_part(l->catalog, r.object, OBJECT_COLUMN, l->change->name, &part) ==
				ABSENT)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->name));
		pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		break;
	case OBJECT_TABLE:
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
	case OBJECT_SEQUENCE:
		pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		break;
	case OBJECT_CONSTRAINT:
	case OBJECT_TRIGGER:
	case OBJECT_RULE:
	case OBJECT_POLICY:
		pg_lock(l, &r, PG_ACCESS_SHARE);
		break;
	default:
		break;
	}
}

static void statistics_table(struct looking *l)
{
	struct name table = l->change->other;
	const struct object *o;
	struct relation r;

	if (l->change->kind == CHANGE_DROP_STATISTICS) {
		if (pg_missing(l, OBJECT_STATISTICS) ||
			catalog_find(l->catalog, l->session, OBJECT_STATISTICS, l->change->target,
				&o) != PRESENT)
			return;
		table = pg_split_name(o->other.definition.text);
		pg_destroys(l, OBJECT_STATISTICS, (struct name){o->schema, o->name}, SLICE_NONE);
	} else if (slice_empty(l->change->target.name)) {
		pg_rerun(l, RERUN_DIFFERS);
	} else if (catalog_find(l->catalog, l->session, OBJECT_STATISTICS, l->change->target, &o) ==
			   PRESENT &&
		   !(l->change->flags & CHANGE_IF_NOT_EXISTS)) {
		pg_fails(l, "statistics \"%.*s\" exist already", SLICE(l->change->target.name));
	}
	r = pg_relation(l, table, OBJECT_NONE);
	pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
}

static void drop_domain_check(struct looking *l)
{
	struct name n = catalog_resolve(l->catalog, l->session, OBJECT_TYPE, l->change->target);
	const struct object *o;
	bool found = false;

	if (catalog_find(l->catalog, l->session, OBJECT_TYPE, l->change->target, &o) != PRESENT)
		return;
	for (size_t i = 0; i < o->type_.checks.n; i++) {
		struct slice check = o->type_.checks.at[i];

		found = found ||
			slice_eq(slice_sub(check, 0, slice_chr(check, ':')), l->change->name);
	}
	if (found)
		pg_destroys(l, OBJECT_CONSTRAINT, n, l->change->name);
	else if (!(l->change->flags & CHANGE_IF_EXISTS))
		pg_fails(l, "constraint \"%.*s\" does not exist", SLICE(l->change->name));
}

static void alter_domain(struct looking *l)
{
	const struct object **tables;
	size_t n;
	bool check = slice_is(l->change->value.text, "add-constraint") ||
		     slice_is(l->change->value.text, "set-not-null") ||
		     slice_is(l->change->value.text, "validate-constraint");

	if (slice_is(l->change->value.text, "add-constraint"))
		pg_rerun(l, l->change->name.len ? RERUN_FAILS : RERUN_DIFFERS);
	if (pg_missing(l, OBJECT_TYPE))
		return;
	/* 18: NOT NULL is a constraint, of which there is one. */
	if (slice_is(l->change->value.text, "add-constraint") && l->change->def &&
		slice_is(l->change->def->constraint.kind, "not null"))
		pg_rerun(l, RERUN_SAME);
	if (slice_is(l->change->value.text, "drop-constraint")) {
		drop_domain_check(l);
		if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_rerun(l, RERUN_FAILS);
	}
	if (slice_is(l->change->value.text, "rename-constraint"))
		pg_rerun(l, RERUN_FAILS);
	if (!check || (l->change->flags & CHANGE_NOT_VALID))
		return;
	n = catalog_list(l->catalog, OBJECT_TABLE, l->arena, &tables);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < tables[i]->nparts; k++) {
			const struct object *p = tables[i]->parts[k];
			struct slice type = p->type == OBJECT_COLUMN ? p->column.type : SLICE_NONE;
			size_t dot = slice_chr(type, '.');

			if (dot != SIZE_MAX)
				type = slice_from(type, dot + 1);
			if (p->type == OBJECT_COLUMN && slice_eq(type, l->change->target.name)) {
				struct relation r = pg_relation(l,
					(struct name){tables[i]->schema, tables[i]->name},
					OBJECT_TABLE);

				pg_lock(l, &r, PG_SHARE);
				pg_scan(l, &r, true);
			}
		}
	if (!catalog_is_complete(l->catalog))
		pg_need(l, "columns that use %.*s", SLICE(l->change->target.name));
	pg_may_fail(l, "it fails when a row violates it");
}

/* Types, functions and schemas are called by name. */
static void renamed(struct looking *l, struct slice name, struct slice schema)
{
	const struct change *c = l->change;
	struct name old = c->target, now;

	if (c->type != OBJECT_TYPE && c->type != OBJECT_FUNCTION && c->type != OBJECT_SCHEMA)
		return;
	if (c->type == OBJECT_FUNCTION)
		old = pg_function_name(l, old);
	old = catalog_resolve(l->catalog, l->session, c->type, old);
	now = (struct name){schema.len ? schema : old.schema, name.len ? name : old.name};
	if (c->type == OBJECT_FUNCTION) {
		old.name = pg_short_signature(l, old.name);
		if (slice_chr(old.name, '(') != SIZE_MAX)
			now.name = arena_printf(l->arena, "%.*s%.*s",
				SLICE(slice_sub(now.name, 0, slice_chr(now.name, '('))),
				SLICE(slice_from(old.name, slice_chr(old.name, '('))));
	}
	pg_breaks(l, BREAKS_OLD_READERS, c->type, old, SLICE_NONE);
	if (c->type == OBJECT_SCHEMA)
		pg_breaks(l, BREAKS_OLD_WRITERS, c->type, old, SLICE_NONE);
	pg_breaks(l, BREAKS_NEW_CODE, c->type, now, SLICE_NONE);
}

static void rename_other(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	if (c->type == OBJECT_TRIGGER || c->type == OBJECT_RULE || c->type == OBJECT_POLICY) {
		part_of_table(l);
		return;
	}
	if (!object_is_relation(c->type)) {
		if (!pg_missing(l, c->type))
			renamed(l, c->other.name, SLICE_NONE);
		return;
	}
	r = pg_relation(l, c->target, c->type);
	if (r.presence != ABSENT)
		pg_rename_relation(l, &r);
	else if (c->flags & CHANGE_IF_EXISTS)
		pg_rerun(l, RERUN_SAME);
	else
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
}

/* RESTART, and not at a number further on: it gives numbers that it has given before. */
static bool begins_again(const struct object *def, const struct object *sequence)
{
	struct slice at =
		def && def->sequence.position.n ? def->sequence.position.at[0] : SLICE_NONE;
	unsigned long long to, start = 1;

	if (!slice_u64(at, &to))
		return !at.len;
	if (sequence)
		slice_u64(sequence->sequence.start, &start);
	return to <= start;
}

static void alter_sequence(struct looking *l)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_SEQUENCE);

	r.type = OBJECT_SEQUENCE;
	if (r.presence == ABSENT) {
		if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "sequence \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	pg_lock(l, &r, PG_SHARE_ROW_EXCLUSIVE);
	lock_owner(l);
	if (names_has(l->change->list, SL("restart"))) {
		l->out->undo = UNDO_NONE;
		if (begins_again(l->change->def, r.object))
			pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_SEQUENCE, r.name, SLICE_NONE);
	}
}

static void publish(struct looking *l, struct slice member)
{
	struct relation r;

	if (slice_is(member, "*") || slice_ends(member, ".*"))
		return;
	r = pg_relation(l, pg_split_name(member), OBJECT_TABLE);
	if (r.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
	if (pg_is_partitioned(&r) && l->version < 130000)
		pg_fails(l, "a partitioned table cannot be published before 13");
	pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
}

/* The relation is looked up under a lock; a part's under a weak one. */
static void depends_on_extension(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	if (!slice_ends(c->value.text, "depends on extension") || c->type == OBJECT_FUNCTION)
		return;
	r = pg_relation(l, c->target, OBJECT_NONE);
	if (r.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
	pg_lock(l, &r, c->type == OBJECT_TRIGGER ? PG_ACCESS_SHARE : PG_ACCESS_EXCLUSIVE);
}

/* ADD and DROP name the tables, SET those that stay: the others go. */
static void alter_publication(struct looking *l)
{
	const struct change *c = l->change;
	const struct names *now = c->def ? &c->def->other.members : NULL;
	const struct object *old = NULL;
	bool adds = slice_is(c->value.text, "add"), drops = slice_is(c->value.text, "drop");

	depends_on_extension(l);
	if (c->type != OBJECT_PUBLICATION || !now || !now->n)
		return;
	if (pg_missing(l, OBJECT_PUBLICATION))
		return;
	catalog_find(l->catalog, l->session, OBJECT_PUBLICATION, c->target, &old);
	for (size_t i = 0; i < now->n; i++) {
		struct name full = catalog_resolve(
			l->catalog, l->session, OBJECT_TABLE, pg_split_name(now->at[i]));
		struct slice member =
			arena_printf(l->arena, "%.*s.%.*s", SLICE(full.schema), SLICE(full.name));
		bool in = old && (names_has(old->other.members, member) ||
					 names_has(old->other.members, full.name));

		publish(l, now->at[i]);
		if (old && adds && in)
			pg_fails(l, "it is in the publication already");
		if (old && drops && !in)
			pg_fails(l, "it is not in the publication");
	}
	for (size_t i = 0; old && !adds && !drops && i < old->other.members.n; i++)
		publish(l, old->other.members.at[i]);
	if (adds || drops)
		pg_rerun(l, RERUN_FAILS);
}

static void create_other(struct looking *l)
{
	const struct change *c = l->change;

	for (size_t i = 0; c->type == OBJECT_PUBLICATION && c->def && i < c->def->other.members.n;
		i++)
		publish(l, c->def->other.members.at[i]);
}

static void add_enum_value(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *there;

	if (pg_missing(l, OBJECT_TYPE) ||
		catalog_find(l->catalog, l->session, OBJECT_TYPE, c->target, &there) != PRESENT)
		return;
	if (names_has(there->type_.labels, c->value.text)) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "the label exists already");
		else
			l->out->undo = UNDO_EXACT;
		return;
	}
	pg_breaks(l, BREAKS_NEW_CODE, OBJECT_TYPE, (struct name){there->schema, there->name},
		c->value.text);
	if (c->list.n > 1 && there->type_.labels.n &&
		!names_has(there->type_.labels, c->list.at[1]))
		pg_fails(l, "the label \"%.*s\" does not exist", SLICE(c->list.at[1]));
}

static void rename_enum_value(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *there;
	struct name n;

	if (pg_missing(l, OBJECT_TYPE))
		return;
	if (catalog_find(l->catalog, l->session, OBJECT_TYPE, c->target, &there) == PRESENT &&
		there->type_.labels.n) {
		if (!names_has(there->type_.labels, c->name))
			pg_fails(l, "the label \"%.*s\" does not exist", SLICE(c->name));
		if (names_has(there->type_.labels, c->other.name))
			pg_fails(l, "the label \"%.*s\" exists already", SLICE(c->other.name));
	}
	n = catalog_resolve(l->catalog, l->session, OBJECT_TYPE, c->target);
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_TYPE, n, c->name);
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_TYPE, n, c->name);
	pg_breaks(l, BREAKS_NEW_CODE, OBJECT_TYPE, n, c->other.name);
}

/* What belongs to the table goes with it, if the owner is another one. */
static void new_owner(struct looking *l, const struct relation *r)
{
	static const char *const same[] = {
		"current_user", "session_user", "current_role", "postgres"};
	struct slice to = l->change->value.text;

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (slice_iis(to, same[i]))
			return;
	if (!r->object || slice_eq(to, r->object->owner) ||
		(r->type != OBJECT_TABLE && r->type != OBJECT_MATVIEW))
		return;
	pg_lock_indexes(l, r, PG_ACCESS_EXCLUSIVE);
	if (r->type == OBJECT_TABLE)
		pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
}

static void set_schema_or_owner(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *there;
	struct relation r;

	if (!object_is_relation(c->type)) {
		struct name now = catalog_resolve(l->catalog, l->session, c->type, c->target);

		pg_missing(l, c->type);
		if (c->kind != CHANGE_SET_SCHEMA)
			return;
		if (slice_eq(now.schema, c->other.schema))
			pg_rerun(l, RERUN_SAME);
		else
			renamed(l, SLICE_NONE, c->other.schema);
		return;
	}
	/* ALTER TABLE … OWNER TO takes any of them. */
	r = pg_relation(l, c->target, c->type == OBJECT_TABLE ? OBJECT_NONE : c->type);
	if (r.presence == ABSENT) {
		if (!(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
	if (c->kind != CHANGE_SET_SCHEMA) {
		new_owner(l, &r);
		return;
	}
	if (r.object && r.type == OBJECT_SEQUENCE && r.object->sequence.owned_by.len)
		pg_fails(l, "a sequence that a column owns stays in the schema of its table");
	if (slice_eq(r.name.schema, c->other.schema)) {
		pg_rerun(l, RERUN_SAME);
		return;
	}
	pg_no_schema(l, c->other.schema);
	if (catalog_find(l->catalog, l->session, OBJECT_NONE,
		    (struct name){c->other.schema, r.name.name}, &there) == PRESENT)
		pg_fails(l, "relation \"%.*s\" exists already", SLICE(r.name.name));
	if (c->type == OBJECT_TABLE)
		pg_lock_sequences(l, &r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
	pg_breaks(l, BREAKS_OLD_READERS, c->type, r.name, SLICE_NONE);
	if (c->type == OBJECT_TABLE || c->type == OBJECT_SEQUENCE)
		pg_breaks(l, BREAKS_OLD_WRITERS, c->type, r.name, SLICE_NONE);
	pg_breaks(l, BREAKS_NEW_CODE, c->type, (struct name){c->other.schema, r.name.name},
		SLICE_NONE);
}

/* 18 looks the relation up under a lock. */
static void grant(struct looking *l)
{
	struct relation r;

	if (l->change->type != OBJECT_TABLE && l->change->type != OBJECT_COLUMN &&
		l->change->type != OBJECT_VIEW && l->change->type != OBJECT_SEQUENCE &&
		l->change->type != OBJECT_MATVIEW)
		return;
	if (slice_is(l->change->target.name, "*")) {
		pg_no_schema(l, l->change->target.schema);
		return;
	}
	r = pg_relation(l, l->change->target, OBJECT_NONE);
	if (r.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
	else if (l->version >= 180000)
		pg_lock(l, &r, PG_ACCESS_SHARE);
}

/* "grantee=letters/grantor": the letters that the grantee has in the list. */
static struct slice letters_of(struct names acl, struct slice grantee)
{
	for (size_t i = 0; i < acl.n; i++) {
		size_t is = slice_chr(acl.at[i], '=');

		if (is != SIZE_MAX && slice_eq(slice_sub(acl.at[i], 0, is), grantee)) {
			struct slice rest = slice_from(acl.at[i], is + 1);

			return slice_sub(rest, 0, slice_chr(rest, '/'));
		}
	}
	return SLICE_NONE;
}

static bool lost(struct slice before, struct slice after, const char *letters)
{
	for (; *letters; letters++)
		if (slice_chr(before, *letters) != SIZE_MAX &&
			slice_chr(after, *letters) == SIZE_MAX)
			return true;
	return false;
}

/* What somebody had been granted, and has not any more, code may have been using. */
static void revoke(struct looking *l)
{
	struct catalog *c = (struct catalog *)l->catalog; /* is as before when we return */
	size_t mark = catalog_mark(c);
	struct session s = *l->session;
	struct slice why = SLICE_NONE;
	const struct object *o;
	struct names before = {0};
	bool reads = false, writes = false;

	grant(l);
	if (l->change->type != OBJECT_TABLE || l->out->outcome == OUTCOME_FAILS ||
		catalog_find(c, &s, OBJECT_NONE, l->change->target, &o) != PRESENT)
		return;
	before = names_copy(l->arena, o->acl);
	s.arena = l->arena;
	catalog_apply(c, &s, l->change, &why);
	for (size_t i = 0; i < before.n; i++) {
		struct slice who = slice_sub(before.at[i], 0, slice_chr(before.at[i], '='));
		struct slice had = letters_of(before, who), has = letters_of(o->acl, who);

		reads = reads || lost(had, has, "r");
		writes = writes || lost(had, has, "awdD");
	}
	catalog_undo(c, mark);
	if (reads)
		pg_breaks(l, BREAKS_OLD_READERS, o->type, (struct name){o->schema, o->name},
			SLICE_NONE);
	if (writes)
		pg_breaks(l, BREAKS_OLD_WRITERS, o->type, (struct name){o->schema, o->name},
			SLICE_NONE);
}

static void new_named(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *there;
	enum object_type t = c->kind == CHANGE_CREATE_DOMAIN ? OBJECT_TYPE : c->type;
	struct name full = catalog_resolve(l->catalog, l->session, t, c->target);

	if (c->kind == CHANGE_CREATE_SEQUENCE)
		lock_owner(l);
	if (catalog_find(l->catalog, l->session, t, c->target, &there) == PRESENT &&
		!(c->flags & (CHANGE_OR_REPLACE | CHANGE_TEMPORARY))) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "%s \"%.*s\" exists already", object_type_word(t),
				SLICE(full.name));
		return;
	}
	pg_no_schema(l, full.schema);
	if (!(c->flags & CHANGE_TEMPORARY) && !(c->flags & CHANGE_OR_REPLACE))
		pg_breaks(l, BREAKS_NEW_CODE, t, full, SLICE_NONE);
}

/* clang-format off */
const struct pg_action pg_object_actions[] = {
	{CHANGE_RENAME_OTHER, rename_other, NULL},
	{CHANGE_ALTER_TYPE_ATTR, alter_type_attribute, NULL},
	{CHANGE_CREATE_SEQUENCE, new_named, NULL},
	{CHANGE_CREATE_TYPE, new_named, NULL},
	{CHANGE_CREATE_DOMAIN, new_named, NULL},
	{CHANGE_CREATE_FUNCTION, create_function, NULL},
	{CHANGE_ALTER_FUNCTION, alter_function, NULL},
	{CHANGE_CREATE_SCHEMA, create_schema, NULL},
	{CHANGE_ALTER_SEQUENCE, alter_sequence, NULL},
	{CHANGE_CREATE_TRIGGER, part_of_table, NULL},
	{CHANGE_DROP_TRIGGER, part_of_table, NULL},
	{CHANGE_DROP_POLICY, part_of_table, NULL},
	{CHANGE_CREATE_POLICY, part_of_table, NULL},
	{CHANGE_ALTER_POLICY, part_of_table, NULL},
	{CHANGE_CREATE_RULE, part_of_table, NULL},
	{CHANGE_DROP_RULE, part_of_table, NULL},
	{CHANGE_ALTER_TRIGGER, part_of_table, NULL},
	{CHANGE_CREATE_STATISTICS, statistics_table, NULL},
	{CHANGE_DROP_STATISTICS, statistics_table, NULL},
	{CHANGE_CREATE_OTHER, create_other, NULL},
	{CHANGE_ALTER_OTHER, alter_publication, NULL},
	{CHANGE_ALTER_DOMAIN, alter_domain, NULL},
	{CHANGE_ADD_ENUM_VALUE, add_enum_value, NULL},
	{CHANGE_RENAME_ENUM_VALUE, rename_enum_value, NULL},
	{CHANGE_SET_SCHEMA, set_schema_or_owner, NULL},
	{CHANGE_SET_OWNER, set_schema_or_owner, NULL},
	{CHANGE_COMMENT_ON, comment_on, NULL},
	{CHANGE_GRANT, grant, NULL},
	{CHANGE_REVOKE, revoke, NULL},
	{0},
};
/* clang-format on */
