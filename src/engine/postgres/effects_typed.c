/* effects_typed.c - what the server refuses because an expression, a query or a value is not what
 * the place needs: columns, operators and functions that are not there, types that do not fit,
 * literals that are none. typed.h says how it is known. */
#include "engine/postgres/effects_typed.h"

#include <stdint.h>

enum { TEXT_MAX = 30000 };

void pg_typed_fault(struct looking *l, const struct typing *t)
{
	if (t->fault.len)
		pg_fails(l, "%.*s", SLICE(t->fault));
}

static struct slice written(const struct expr *e)
{
	return e->text.len ? e->text : e->normal;
}

static struct typed_node *parsed(struct looking *l, struct slice text)
{
	return text.len && text.len < TEXT_MAX ? typed_expr(l->arena, text) : NULL;
}

/* ---- Scopes ---- */

/* What the statement makes of the column, now or later: the server takes ALTER TYPE and ADD COLUMN
 * before it looks at constraints and defaults. */
static const struct object *made_by_statement(const struct looking *l, struct slice column)
{
	const struct statement *st = l->statement;

	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *c = &st->changes[i];

		if ((c->kind == CHANGE_ADD_COLUMN || c->kind == CHANGE_ALTER_TYPE) && c->def &&
			slice_eq(c->name, column) && name_eq(c->target, l->change->target))
			return c->def;
	}
	return NULL;
}

static void own_scope(struct typing *t, struct typed_scope *s, const struct relation *r)
{
	const struct statement *st = t->l->statement;
	struct typed_source *src;

	typed_add_table(t, s, r->object, SLICE_NONE);
	src = &s->sources[s->n - 1];
	for (size_t i = 0; i < src->columns.n && st->nchanges > 1; i++) {
		const struct object *made = made_by_statement(t->l, src->columns.at[i]);

		if (made)
			src->types.at[i] =
				catalog_full_type(t->l->catalog, t->l->session, made->column.type);
	}
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *c = &st->changes[i];

		if (c->kind == CHANGE_ADD_COLUMN && c->def &&
			name_eq(c->target, t->l->change->target) &&
			!names_has(src->columns, c->name)) {
			names_add(t->l->arena, &src->columns, c->name);
			names_add(t->l->arena, &src->types, c->def->column.type);
		}
	}
}

/* The columns of a table that is being made; more than are written out may be there. */
static void new_scope(struct typing *t, struct typed_scope *s, const struct object *def, bool all)
{
	typed_add_table(t, s, def, SLICE_NONE);
	s->sources[0].opaque = s->sources[0].opaque || !all;
}

/* ---- Expressions by their place ---- */
static void check(struct typing *t, const struct typed_scope *s, const struct expr *e)
{
	struct typed_node *n = parsed(t->l, written(e));
	struct slice type;

	if (!n)
		return;
	if (n->kind == NODE_QUERY || (e->facts && e->facts->has_subquery)) {
		typed_fault(t, "cannot use subquery in check constraint");
		return;
	}
	type = typed_type(t, s, n);
	if (t->aggregates)
		typed_fault(t, "aggregate functions are not allowed in check constraints");
	if (t->sets)
		typed_fault(t, "set-returning functions are not allowed in check constraints");
	if (typed_known(t, type) && !slice_is(type, "boolean") && !slice_is(type, "unknown"))
		typed_fault(
			t, "argument of CHECK must be type boolean, not type %.*s", SLICE(type));
}

static void default_value(struct typing *t, const struct expr *e, struct slice type, bool assign)
{
	struct typed_scope none = {0};
	struct typed_node *n = parsed(t->l, e->text);

	if (!n)
		return;
	if (e->facts && e->facts->has_columns) {
		typed_fault(t, "cannot use column reference in DEFAULT expression");
		return;
	}
	typed_assign(t, n, typed_type(t, &none, n), type, assign);
	if (t->aggregates)
		typed_fault(t, "aggregate functions are not allowed in DEFAULT expressions");
	if (t->sets)
		typed_fault(t, "set-returning functions are not allowed in DEFAULT expressions");
}

/* By the functions' names alone. */
static void generation_volatility(struct typing *t, const struct expr *e)
{
	struct slice which;
	char v = pg_volatility(t->l, e, &which);

	if (v == 'v' || v == 's')
		typed_fault(t, "generation expression is not immutable");
}

static void generation(struct typing *t, const struct typed_scope *s, const struct object *col)
{
	struct typed_node *n = parsed(t->l, written(&col->column.generation));
	struct slice type;

	if (!n) {
		generation_volatility(t, &col->column.generation);
		return;
	}
	type = typed_type(t, s, n);
	typed_assign(t, n, type, col->column.type, false);
	if (!t->volatility && !t->fault.len)
		generation_volatility(t, &col->column.generation);
	if (t->aggregates)
		typed_fault(
			t, "aggregate functions are not allowed in column generation expressions");
	if (t->volatility == 'v' || t->volatility == 's')
		typed_fault(t, "generation expression is not immutable");
}

static bool says_all(const struct looking *l, const struct object *def)
{
	return !def->table_.inherits.n && !l->change->reads.n &&
	       slice_empty(def->table_.partition_of.name) &&
	       slice_empty(def->table_.of_type.name) && !slice_is(def->table_.kind, "foreign");
}

/* ---- Tables ---- */
static void new_column(
	struct looking *l, const struct typed_scope *s, const struct object *col, bool filled)
{
	struct typing t;

	typed_begin(&t, l);
	if (col->column.generated.len) {
		generation(&t, s, col);
	} else if (col->column.default_value.text.len) {
		bool domain = pg_domain(l, col->column.type) != NULL;

		if (col->column.identity.len || slice_ends(col->column.type, "serial"))
			typed_fault(&t, "both default and identity are specified");
		default_value(&t, &col->column.default_value, col->column.type, filled && !domain);
	}
	pg_typed_fault(l, &t);
}

static void create_table(struct looking *l, const struct object *def)
{
	struct typed_scope s = {0};
	struct typing t;

	typed_begin(&t, l);
	for (size_t i = 0; i < def->nparts; i++) {
		const struct object *p = def->parts[i];

		if (p->type == OBJECT_COLUMN && p->column.default_value.text.len && !s.n)
			new_scope(&t, &s, def, says_all(l, def));
		if (p->type == OBJECT_COLUMN && p->column.generated.len && !s.n)
			new_scope(&t, &s, def, says_all(l, def));
		if (p->type == OBJECT_COLUMN)
			new_column(l, &s, p, false);
		if (p->type != OBJECT_CONSTRAINT)
			continue;
		if (slice_is(p->constraint.kind, "check")) {
			if (!s.n)
				new_scope(&t, &s, def, says_all(l, def));
			check(&t, &s, &p->constraint.expression);
		} else if (slice_is(p->constraint.kind, "exclude")) {
			if (!s.n)
				new_scope(&t, &s, def, says_all(l, def));
			pg_exclusion(&t, &s, &p->constraint);
		}
	}
	pg_typed_fault(l, &t);
}

static bool table_of(struct looking *l, struct relation *r)
{
	*r = pg_relation(l, l->change->target, OBJECT_NONE);
	return r->object && r->type == OBJECT_TABLE;
}

/* What the default makes of the check in each row that is there. */
static void default_meets_check(
	struct looking *l, const struct object *col, const struct constraint_def *k)
{
	struct typed_node *value = parsed(l, col->column.default_value.text);
	struct typed_node *is = parsed(l, written(&k->expression));
	struct typed_row row = {0};
	struct value v, met;

	if (!value || !is || l->out->outcome != OUTCOME_MAY_FAIL || col->nparts != 1)
		return;
	v = pg_given_value(l, value, col->column.type);
	names_add(l->arena, &row.columns, col->name);
	row.values = &v;
	met = typed_value(l, &row, is);
	if ((met.kind == VALUE_BOOL && met.truth) || met.kind == VALUE_NULL) {
		l->out->outcome = OUTCOME_OK;
		l->out->outcome_why = SLICE_NONE;
	}
}

static void add_column(struct looking *l, const struct relation *r)
{
	const struct object *col = l->change->def;
	struct typed_scope s = {0};
	struct typing t;

	if (!col)
		return;
	typed_begin(&t, l);
	own_scope(&t, &s, r);
	new_column(l, &s, col, true);
	if (col->column.default_value.text.len && pg_domain(l, col->column.type)) {
		struct typed_node *n = parsed(l, col->column.default_value.text);
		struct typing d;
		struct typed_scope none = {0};

		typed_begin(&d, l);
		if (n)
			typed_assign(&d, n, typed_type(&d, &none, n), col->column.type, true);
		if (d.fault.len)
			pg_may_fail(l, "%.*s", SLICE(d.fault));
	}
	for (size_t i = 0; i < col->nparts; i++)
		if (slice_is(col->parts[i]->constraint.kind, "check")) {
			check(&t, &s, &col->parts[i]->constraint.expression);
			if (l->statement->nchanges == 1)
				default_meets_check(l, col, &col->parts[i]->constraint);
		}
	pg_typed_fault(l, &t);
}

static void add_constraint(struct looking *l, const struct relation *r)
{
	const struct object *k = l->change->def;
	struct typed_scope s = {0};
	struct typing t;

	if (!k)
		return;
	typed_begin(&t, l);
	if (slice_is(k->constraint.kind, "check")) {
		own_scope(&t, &s, r);
		check(&t, &s, &k->constraint.expression);
	} else if (slice_is(k->constraint.kind, "exclude")) {
		own_scope(&t, &s, r);
		pg_exclusion(&t, &s, &k->constraint);
	}
	pg_typed_fault(l, &t);
}

static struct slice type_now(struct looking *l, const struct relation *r, struct slice column)
{
	const struct object *made = made_by_statement(l, column);
	enum presence known;
	const struct object *col = pg_column(l, r, column, &known);

	return made ? made->column.type : col ? col->column.type : SLICE_NONE;
}

static void set_default(struct looking *l, const struct relation *r)
{
	struct typing t;

	typed_begin(&t, l);
	default_value(&t, &l->change->value, type_now(l, r, l->change->name), false);
	pg_typed_fault(l, &t);
}

/* Of the type that the column had, and, if it is run again, of the type it has then. */
static struct slice using_type(struct typing *t, const struct relation *r,
	const struct typed_node *n, struct slice column_type)
{
	struct typed_scope s = {0};
	struct typed_source *src;
	struct slice type;

	typed_add_table(t, &s, r->object, SLICE_NONE);
	src = &s.sources[0];
	for (size_t i = 0; column_type.len && i < src->columns.n; i++)
		if (slice_eq(src->columns.at[i], t->l->change->name))
			src->types.at[i] = column_type;
	type = typed_type(t, &s, n);
	typed_assign(t, n, type, t->l->change->def->column.type, false);
	return type;
}

/* Casts of the column, one in the other, whose last result is the column's new type: the values are
 * what they are then. */
static bool only_casts(struct typing *t, const struct typed_node *n, struct slice column)
{
	struct slice to = typed_plain(t, t->l->change->def->column.type);

	if (n->kind != NODE_CAST || !slice_eq(typed_plain(t, n->text), to))
		return n->kind == NODE_COLUMN && slice_eq(n->text, column);
	for (n = n->args[0]; n->kind == NODE_CAST; n = n->args[0])
		if (!slice_is(n->text, "text") && !slice_is(n->text, "character varying"))
			return false;
	return n->kind == NODE_COLUMN && slice_eq(n->text, column);
}

/* column * 100, under casts. */
static bool reckons(const struct typed_node *n, struct slice column)
{
	while (n->kind == NODE_CAST)
		n = n->args[0];
	return n->kind == NODE_OP && n->n == 2 && n->args[1]->kind == NODE_NUMBER &&
	       n->args[0]->kind == NODE_COLUMN && slice_eq(n->args[0]->text, column) &&
	       slice_chr(SL("+-*/"), n->text.at[0]) != SIZE_MAX && n->text.len == 1 &&
	       !slice_is(n->args[1]->text, "0") && !slice_is(n->args[1]->text, "1");
}

static struct typed_node *bound(
	struct looking *l, struct slice type, struct typed_node *value, bool text)
{
	struct typed_node *cast = ARENA_NEW(l->arena, struct typed_node);

	*cast = (struct typed_node){.kind = NODE_CAST, .text = text ? SL("text") : type, .n = 1};
	cast->args = ARENA_NEW(l->arena, struct typed_node *);
	*cast->args = value;
	return cast;
}

/* Strings beside the column got its type when the expression was made, and keep it; those of
 * varchar are compared as texts. */
static void bind_literals(
	struct looking *l, struct typed_node *n, struct slice column, struct slice type)
{
	bool varchar = slice_starts(type, "character varying"), beside = false;

	for (size_t i = 0; i < n->n; i++) {
		bind_literals(l, n->args[i], column, type);
		beside = beside ||
			 (n->args[i]->kind == NODE_COLUMN && slice_eq(n->args[i]->text, column));
	}
	if (!beside || (n->kind != NODE_OP && n->kind != NODE_IN && n->kind != NODE_BETWEEN))
		return;
	for (size_t i = 0; i < n->n; i++) {
		bool string = n->args[i]->kind == NODE_STRING;

		if (string || (varchar && n->args[i]->kind == NODE_COLUMN))
			n->args[i] = bound(l, type, n->args[i], varchar);
	}
}

/* What the server reads anew with the new type: its operators have to be there for it. */
static void again(
	struct looking *l, const struct relation *r, const struct object *p, struct slice text)
{
	struct typed_scope s = {0};
	struct typed_source *src;
	struct typed_node *n = parsed(l, text);
	struct typing t;

	if (!n)
		return;
	typed_begin(&t, l);
	typed_add_table(&t, &s, r->object, SLICE_NONE);
	src = &s.sources[0];
	for (size_t k = 0; k < src->columns.n; k++)
		if (slice_eq(src->columns.at[k], l->change->name) && src->types.at[k].len &&
			!slice_is(src->types.at[k], "text"))
			bind_literals(l, n, l->change->name, src->types.at[k]);
	for (size_t k = 0; k < src->columns.n; k++)
		if (slice_eq(src->columns.at[k], l->change->name))
			src->types.at[k] = catalog_full_type(
				l->catalog, l->session, l->change->def->column.type);
	typed_type(&t, &s, n);
	if (slice_starts(t.fault, "operator does not exist") ||
		slice_starts(t.fault, "function ") || slice_starts(t.fault, "argument of"))
		pg_fails(l, "%s \"%.*s\": %.*s", object_type_word(p->type), SLICE(p->name),
			SLICE(t.fault));
}

/* Checks, and expressions and conditions of indexes. */
static void read_again(struct looking *l, const struct relation *r)
{
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "check") &&
			pg_constraint_uses(p, l->change->name) &&
			!pg_statement_has(l, CHANGE_DROP_CONSTRAINT, p->name))
			again(l, r, p,
				p->constraint.expression.normal.len
					? p->constraint.expression.normal
					: p->constraint.expression.text);
		if (p->type != OBJECT_INDEX || !pg_index_uses(p, l->change->name))
			continue;
		again(l, r, p,
			p->index.predicate.normal.len ? p->index.predicate.normal
						      : p->index.predicate.text);
		for (size_t k = 0; k < p->index.keys.n; k++)
			if (slice_starts(p->index.keys.at[k], "("))
				again(l, r, p, p->index.keys.at[k]);
	}
}

static void alter_using(struct looking *l, const struct relation *r)
{
	struct typed_node *n = parsed(l, l->change->value.text);
	struct typing t;

	if (!n || !l->change->def || l->statement->nchanges > 60)
		return;
	typed_begin(&t, l);
	using_type(&t, r, n, SLICE_NONE);
	if (t.aggregates)
		typed_fault(&t, "aggregate functions are not allowed in transform expressions");
	pg_typed_fault(l, &t);
	if (t.fault.len || l->rerun != RERUN_UNKNOWN)
		return;
	typed_begin(&t, l);
	using_type(
		&t, r, n, catalog_full_type(l->catalog, l->session, l->change->def->column.type));
	if (t.fault.len)
		l->rerun = RERUN_FAILS;
	else if (reckons(n, l->change->name))
		l->rerun = RERUN_DIFFERS;
	else if (only_casts(&t, n, l->change->name))
		l->rerun = RERUN_SAME;
}

/* ---- Policies, triggers ---- */
static void condition(
	struct looking *l, struct typing *t, const struct typed_scope *s, const struct expr *e)
{
	struct typed_node *n = parsed(l, written(e));
	struct slice type;

	if (!n)
		return;
	type = typed_type(t, s, n);
	if (t->aggregates)
		typed_fault(t, "aggregate functions are not allowed there");
	if (typed_known(t, type) && !slice_is(type, "boolean") && !slice_is(type, "unknown"))
		typed_fault(t, "it must be type boolean, not type %.*s", SLICE(type));
}

static void policy(struct looking *l, const struct relation *r)
{
	const struct object *def = l->change->def;
	struct typed_scope s = {0};
	struct typing t;

	if (!def)
		return;
	typed_begin(&t, l);
	own_scope(&t, &s, r);
	condition(l, &t, &s, &def->policy.using_expr);
	condition(l, &t, &s, &def->policy.check_expr);
	pg_typed_fault(l, &t);
}

static void trigger(struct looking *l, const struct relation *r)
{
	const struct object *def = l->change->def;
	struct typed_scope s = {0};
	struct typing t;

	if (!def || !def->trigger.condition.text.len)
		return;
	typed_begin(&t, l);
	typed_add_table(&t, &s, r->object, SL("old"));
	typed_add_table(&t, &s, r->object, SL("new"));
	condition(l, &t, &s, &def->trigger.condition);
	pg_typed_fault(l, &t);
}

/* ---- Queries ---- */
static void query_of(struct looking *l, struct slice text, struct names columns)
{
	struct typed_query *q = text.len < TEXT_MAX ? typed_query(l->arena, text) : NULL;
	struct names names = {0}, types = {0};
	struct typing t;

	if (!q || slice_ifind(l->statement->text, SL("recursive")) != SIZE_MAX)
		return;
	typed_begin(&t, l);
	typed_query_faults(&t, NULL, q);
	if (!t.fault.len && l->change->kind != CHANGE_SELECT)
		typed_twice(&t, q, columns);
	if (!t.fault.len && columns.n && typed_columns(&t, NULL, q, &names, &types) &&
		columns.n > names.n)
		typed_fault(&t, "there are more column names than columns");
	pg_typed_fault(l, &t);
}

/* Behind AS. */
static struct slice query_behind_as(struct slice text)
{
	for (size_t at; (at = slice_ifind(text, SL("as"))) != SIZE_MAX;) {
		struct slice rest = slice_trim(slice_from(text, at + 2));
		bool begins = at > 0 && strchr(" \t\r\n)", text.at[at - 1]) && at + 2 < text.len &&
			      strchr(" \t\r\n(", text.at[at + 2]);

		if (begins && (slice_istarts(rest, "select") || slice_istarts(rest, "with") ||
				      slice_istarts(rest, "values") || slice_starts(rest, "(")))
			return rest;
		text = slice_from(text, at + 2);
	}
	return SLICE_NONE;
}

/* SELECT setval('s', 0): what the sequence cannot be at. */
static void set_sequence(struct looking *l, const struct typed_query *q)
{
	const struct typed_node *call = q && q->ntargets == 1 ? q->targets[0].value : NULL;
	struct value at;
	const struct object *o;
	unsigned long long least = 1, most;

	if (!call || call->kind != NODE_CALL || !slice_iis(call->text, "setval") || call->n < 2 ||
		call->args[0]->kind != NODE_STRING || q->nfrom)
		return;
	at = typed_value(l, NULL, call->args[1]);
	if (at.kind != VALUE_NUMBER ||
		catalog_find(l->catalog, l->session, OBJECT_SEQUENCE,
			pg_split_name(call->args[0]->text), &o) != PRESENT ||
		slice_starts(o->sequence.increment, "-"))
		return;
	if (o->sequence.min.len && !slice_u64(o->sequence.min, &least))
		return;
	if (at.number < (long double)least ||
		(slice_u64(o->sequence.max, &most) && at.number > (long double)most))
		pg_fails(l, "setval: the value is out of bounds for sequence \"%.*s\"",
			SLICE(o->name));
}

static void rows(struct looking *l)
{
	struct slice text = l->statement->text;
	struct relation r;

	if (text.len > TEXT_MAX && l->change->kind != CHANGE_INSERT)
		return;
	if (l->change->kind == CHANGE_SELECT) {
		query_of(l, text, (struct names){0});
		return;
	}
	r = pg_relation(l, l->change->target, OBJECT_NONE);
	if (!r.object || (r.type != OBJECT_TABLE && r.type != OBJECT_VIEW))
		return;
	if (l->change->kind == CHANGE_INSERT)
		pg_typed_insert(l, &r);
	else if (l->change->kind == CHANGE_MERGE)
		pg_typed_merge(l, &r);
	else
		pg_typed_change(l, &r);
	if (r.type == OBJECT_VIEW && l->out->outcome != OUTCOME_FAILS &&
		l->change->kind != CHANGE_MERGE)
		pg_view_rows(l, &r);
}

/* CALL procedure(values): one that takes them. */
static void called(struct looking *l)
{
	struct slice text = slice_trim(l->statement->text);
	struct typed_scope none = {0};
	struct typed_node *n;
	struct typing t;

	if (!slice_istarts(text, "call ") || text.len > TEXT_MAX)
		return;
	n = parsed(l, slice_from(text, 5));
	if (!n || n->kind != NODE_CALL)
		return;
	typed_begin(&t, l);
	typed_type(&t, &none, n);
	pg_typed_fault(l, &t);
}

/* IF NOT EXISTS of what exists: nothing is looked at. Without it the statement fails already. */
static bool is_there(struct looking *l)
{
	return l->change->flags & CHANGE_IF_NOT_EXISTS && pg_changes_nothing(l);
}

/* What is of one table. */
static void of_table(struct looking *l, const struct relation *r)
{
	switch ((int)l->change->kind) {
	case CHANGE_ADD_COLUMN:
		if (!is_there(l))
			add_column(l, r);
		break;
	case CHANGE_ADD_CONSTRAINT:
		add_constraint(l, r);
		break;
	case CHANGE_SET_DEFAULT:
		set_default(l, r);
		break;
	case CHANGE_ALTER_TYPE:
		if (l->change->def)
			read_again(l, r);
		if (l->change->def && l->change->value.text.len)
			alter_using(l, r);
		break;
	case CHANGE_CREATE_INDEX:
		if (!is_there(l))
			pg_typed_index(l, r);
		break;
	case CHANGE_CREATE_POLICY:
	case CHANGE_ALTER_POLICY:
		policy(l, r);
		break;
	case CHANGE_CREATE_TRIGGER:
		trigger(l, r);
		break;
	}
}

static bool is_of_table(enum change_kind k)
{
	return k == CHANGE_ADD_COLUMN || k == CHANGE_ADD_CONSTRAINT || k == CHANGE_SET_DEFAULT ||
	       k == CHANGE_ALTER_TYPE || k == CHANGE_CREATE_INDEX || k == CHANGE_CREATE_POLICY ||
	       k == CHANGE_ALTER_POLICY || k == CHANGE_CREATE_TRIGGER;
}

void pg_refuse_typed(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	/* In a DO block names may be variables. */
	if (c->flags & CHANGE_INNER || l->nest || l->out->outcome == OUTCOME_FAILS)
		return;
	if (is_of_table(c->kind) && table_of(l, &r)) {
		of_table(l, &r);
		return;
	}
	switch ((int)c->kind) {
	case CHANGE_CREATE_TABLE:
		if (c->def && !is_there(l))
			create_table(l, c->def);
		break;
	case CHANGE_CREATE_VIEW:
	case CHANGE_CREATE_MATVIEW:
		if (c->def && !is_there(l))
			query_of(l, written(&c->def->view.query), c->def->view.columns);
		break;
	case CHANGE_CREATE_TABLE_AS:
		if (!is_there(l))
			query_of(l, query_behind_as(l->statement->text), (struct names){0});
		break;
	case CHANGE_CREATE_FUNCTION:
		pg_typed_function(l);
		break;
	case CHANGE_CALL:
		called(l);
		break;
	case CHANGE_SET_VALUE:
		set_sequence(l, typed_query(l->arena, l->statement->text));
		break;
	case CHANGE_SELECT:
	case CHANGE_INSERT:
	case CHANGE_UPDATE:
	case CHANGE_DELETE:
	case CHANGE_MERGE:
		rows(l);
		break;
	}
}
