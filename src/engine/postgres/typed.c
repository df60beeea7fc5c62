/* typed.c - the type of an expression, and what the server would say against it. See typed.h. */
#include "engine/postgres/typed_internal.h"

#include <stdarg.h>
#include <stdint.h>

enum { NEST_MAX = 100 };

void typed_begin(struct typing *t, struct looking *l)
{
	*t = (struct typing){.l = l, .volatility = 'i'};
}

void typed_fault(struct typing *t, const char *fmt, ...)
{
	va_list ap;

	if (t->fault.len)
		return;
	va_start(ap, fmt);
	t->fault = arena_vprintf(t->l->arena, fmt, ap);
	va_end(ap);
}

/* The loosest so far; volatile is volatile whatever else is not known. */
void typed_loosen(struct typing *t, char volatility)
{
	static const char order[] = {'i', 's', 0, 'v'};
	size_t now = 0, more = 0;

	for (size_t i = 0; i < sizeof order; i++) {
		now = order[i] == t->volatility ? i : now;
		more = order[i] == volatility ? i : more;
	}
	t->volatility = order[now > more ? now : more];
}

/* ---- Types ---- */
struct slice typed_plain(struct typing *t, struct slice type)
{
	const struct object *d;
	size_t array = slice_find(type, SL("[]"));

	if (slice_ends(type, "[]")) {
		struct slice element = typed_plain(t, slice_sub(type, 0, array));

		return element.len ? arena_printf(t->l->arena, "%.*s[]", SLICE(element))
				   : SLICE_NONE;
	}
	if (slice_is(type, "serial"))
		return SL("integer");
	if (slice_is(type, "bigserial"))
		return SL("bigint");
	if (slice_is(type, "smallserial"))
		return SL("smallint");
	type = pg_type_plain(t->l->arena, type);
	if (slice_starts(type, "pg_catalog."))
		type = slice_from(type, 11);
	for (int i = 0; i < 16 && !pg_type_category(t->l, type); i++) {
		d = pg_type_object(t->l, type);
		if (!d)
			return type;
		if (!slice_is(d->type_.kind, "domain"))
			return catalog_full_type(t->l->catalog, t->l->session, type);
		type = pg_type_plain(t->l->arena, d->type_.base);
	}
	return type;
}

bool typed_is_enum(struct typing *t, struct slice type)
{
	const struct object *o =
		pg_type_category(t->l, type) || !type.len ? NULL : pg_type_object(t->l, type);

	return o && slice_is(o->type_.kind, "enum");
}

bool typed_known(struct typing *t, struct slice type)
{
	if (slice_is(type, "unknown"))
		return true;
	if (slice_ends(type, "[]"))
		return typed_known(t, slice_sub(type, 0, type.len - 2));
	return type.len && (pg_type_category(t->l, type) || typed_is_enum(t, type));
}

bool typed_preferred(struct slice type)
{
	static const char *const preferred[] = {"boolean", "text", "double precision", "oid",
		"timestamp with time zone", "interval", "inet", "bit varying"};

	for (size_t i = 0; i < sizeof preferred / sizeof *preferred; i++)
		if (slice_is(type, preferred[i]))
			return true;
	return false;
}

static struct slice number_type(struct slice text)
{
	unsigned long long v;

	for (size_t i = 0; i < text.len; i++)
		if (strchr("oObBxX_", text.at[i]))
			return SLICE_NONE;
	if (!slice_u64(text, &v))
		return SL("numeric");
	return v <= INT32_MAX ? SL("integer") : v <= INT64_MAX ? SL("bigint") : SL("numeric");
}

/* ---- Columns ---- */
static bool is_system_column(struct slice name)
{
	static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

static size_t place(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_eq(n.at[i], s))
			return i;
	return SIZE_MAX;
}

/* In one scope: how many sources have it; *unsure: one of them may. */
static size_t in_scope(struct typing *t, const struct typed_scope *s, const struct typed_node *n,
	struct slice *type, bool *unsure)
{
	size_t found = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct typed_source *src = &s->sources[i];
		size_t at = place(src->columns, n->text);

		if (n->qualifier.len && !slice_eq(n->qualifier, src->alias))
			continue;
		if (at != SIZE_MAX) {
			*type = found ? SLICE_NONE : typed_plain(t, src->types.at[at]);
			found++;
		} else if (is_system_column(n->text)) {
			found++;
			*type = SLICE_NONE;
		} else if (src->opaque) {
			*unsure = true;
		}
		if (!n->qualifier.len && slice_eq(n->text, src->alias)) /* the whole row */
			*unsure = true;
	}
	if (found > 1 && place(s->merged, n->text) != SIZE_MAX)
		found = 1;
	return found;
}

/* name(row) may be written row.name. */
static bool may_be_call(struct typing *t, struct slice name)
{
	const struct object **all;
	struct pg_builtin b;

	for (size_t i = pg_builtin_first(name); pg_builtin_row(i, name, &b); i++)
		if (strstr(b.arguments, "any") || strstr(b.arguments, "record"))
			return true;
	return catalog_overloads(t->l->catalog, t->l->session, (struct name){.name = name},
		       t->l->arena, &all) > 0;
}

/* column.part of a column that is a row itself. */
static bool is_row(const struct typed_scope *s, struct slice name)
{
	for (; s; s = s->outer)
		for (size_t i = 0; i < s->n; i++)
			if (names_has(s->sources[i].columns, name))
				return true;
	return false;
}

static struct slice column_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice type = SLICE_NONE;
	bool unsure = false, qualifier_seen = !n->qualifier.len;

	if (n->qualifier.len && is_row(s, n->qualifier))
		return SLICE_NONE;
	for (; s; s = s->outer) {
		size_t found = in_scope(t, s, n, &type, &unsure);

		for (size_t i = 0; i < s->n && !qualifier_seen; i++)
			qualifier_seen = slice_eq(s->sources[i].alias, n->qualifier);
		if (unsure)
			return SLICE_NONE;
		if (found > 1)
			typed_fault(t, "column reference \"%.*s\" is ambiguous", SLICE(n->text));
		if (found)
			return found > 1 ? SLICE_NONE : type;
	}
	if (!qualifier_seen)
		typed_fault(t, "missing FROM-clause entry for table \"%.*s\"", SLICE(n->qualifier));
	else if (!n->qualifier.len || !may_be_call(t, n->text))
		typed_fault(t, "column \"%.*s\" does not exist", SLICE(n->text));
	return SLICE_NONE;
}

/* ---- Several that must agree ---- */
static struct slice common(struct typing *t, struct slice a, struct slice b, const char *what)
{
	char ca = pg_type_category(t->l, a), cb = pg_type_category(t->l, b);

	if (slice_is(a, "unknown") || slice_eq(a, b))
		return b;
	if (slice_is(b, "unknown"))
		return a;
	if (!typed_known(t, a) || !typed_known(t, b))
		return SLICE_NONE;
	if (ca != cb || !ca) {
		typed_fault(
			t, "%s types %.*s and %.*s cannot be matched", what, SLICE(a), SLICE(b));
		return SLICE_NONE;
	}
	if (typed_preferred(a) || pg_cast_context(t->l, b, a) == 'i')
		return a;
	return typed_preferred(b) || pg_cast_context(t->l, a, b) == 'i' ? b : SLICE_NONE;
}

/* A literal among values of a type has to be one. */
static void fits_others(struct typing *t, const struct typed_node *n, struct slice type)
{
	if (n->kind == NODE_STRING && typed_known(t, type) && !slice_is(type, "unknown") &&
		pg_literal_fits(t->l, n->text, type, false, false) == FIT_BAD)
		typed_fault(
			t, "invalid input for type %.*s: \"%.*s\"", SLICE(type), SLICE(n->text));
}

static struct slice common_of(struct typing *t, const struct typed_scope *s,
	struct typed_node **nodes, size_t n, size_t step, const char *what)
{
	struct slice type = SL("unknown");

	for (size_t i = 0; i < n; i += step) {
		struct slice one = typed_type(t, s, nodes[i]);

		type = one.len && type.len ? common(t, type, one, what) : SLICE_NONE;
	}
	for (size_t i = 0; i < n; i += step)
		fits_others(t, nodes[i], type);
	return type;
}

/* ---- Operators and calls ---- */
static struct slice operated(struct typing *t, struct slice op,
	const struct typed_node *const *nodes, const struct slice *types, size_t n)
{
	struct slice params[2] = {SLICE_NONE, SLICE_NONE}, type;

	type = typed_operator(t, op, types, n, params);
	for (size_t i = 0; i < n; i++)
		if (nodes[i] && slice_is(types[i], "unknown") && !slice_starts(params[i], "any"))
			fits_others(t, nodes[i], params[i]);
	/* An enum, an array: the other side's. */
	for (size_t i = 0; i < n && n == 2; i++)
		if (nodes[i] && slice_is(types[i], "unknown") &&
			(typed_is_enum(t, types[1 - i]) || slice_ends(types[1 - i], "]")))
			fits_others(t, nodes[i], types[1 - i]);
	return type;
}

static struct slice compared(struct typing *t, struct slice op, const struct typed_node *a,
	struct slice ta, const struct typed_node *b, struct slice tb)
{
	const struct typed_node *nodes[] = {a, b};
	struct slice types[] = {ta, tb};

	return operated(t, op, nodes, types, 2);
}

static void is_boolean(struct typing *t, const struct typed_scope *s, const struct typed_node *n,
	const char *where)
{
	struct slice type = typed_type(t, s, n);

	if (typed_known(t, type) && !slice_is(type, "boolean") && !slice_is(type, "unknown"))
		typed_fault(t, "argument of %s must be type boolean, not type %.*s", where,
			SLICE(type));
	fits_others(t, n, SL("boolean"));
}

static struct slice special_call(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n, bool *special)
{
	struct slice a, b;

	*special = true;
	if (slice_is(n->text, "coalesce") || slice_is(n->text, "greatest") ||
		slice_is(n->text, "least"))
		return common_of(t, s, n->args, n->n, 1, "COALESCE");
	if (slice_is(n->text, "nullif") && n->n == 2) {
		a = typed_type(t, s, n->args[0]);
		b = typed_type(t, s, n->args[1]);
		compared(t, SL("="), n->args[0], a, n->args[1], b);
		return a;
	}
	if (slice_is(n->text, "count") && n->n == 0) {
		t->aggregates = t->aggregates || !n->window;
		return SL("bigint");
	}
	*special = false;
	return SLICE_NONE;
}

/* nextval('s'): a sequence that has to be there. */
static void names_sequence(struct typing *t, const struct typed_node *n)
{
	struct relation r;

	if (n->qualifier.len || n->n == 0 || n->args[0]->kind != NODE_STRING ||
		!(slice_is(n->text, "nextval") || slice_is(n->text, "currval") ||
			slice_is(n->text, "setval")) ||
		pg_has_extensions(t->l))
		return;
	r = pg_relation(t->l, pg_split_name(n->args[0]->text), OBJECT_NONE);
	if (r.presence == ABSENT && slice_chr(n->args[0]->text, '"') == SIZE_MAX)
		typed_fault(t, "relation \"%.*s\" does not exist", SLICE(n->args[0]->text));
	else if (r.object && r.type != OBJECT_SEQUENCE)
		typed_fault(t, "\"%.*s\" is not a sequence", SLICE(n->args[0]->text));
}

static struct slice call_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice *types = ARENA_ARRAY(t->l->arena, n->n + 1, struct slice), type;
	struct name name = {n->qualifier, n->text};
	bool special = false;

	if (!n->qualifier.len) {
		type = special_call(t, s, n, &special);
		if (special)
			return type;
	}
	for (size_t i = 0; i < n->n; i++)
		types[i] = typed_type(t, s, n->args[i]);
	if (n->opaque_call) {
		typed_loosen(t, 0);
		return SLICE_NONE;
	}
	if (slice_is(name.name, "extract") && t->l->version < 140000)
		name.name = SL("date_part");
	type = typed_call(t, name, types, n->n, n->window);
	names_sequence(t, n);
	return type;
}

static struct slice op_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	const struct typed_node *nodes[2] = {NULL, NULL};
	struct slice types[2] = {SLICE_NONE, SLICE_NONE};

	for (size_t i = 0; i < n->n && i < 2; i++) {
		nodes[i] = n->args[i];
		types[i] = typed_type(t, s, n->args[i]);
	}
	return operated(t, n->text, nodes, types, n->n);
}

/* ---- Casts ---- */
static bool castable(struct typing *t, struct slice from, struct slice to)
{
	char cf = pg_type_category(t->l, from), ct = pg_type_category(t->l, to);

	if (slice_eq(from, to) || cf == 'S' || ct == 'S' || pg_cast_context(t->l, from, to))
		return true;
	if (slice_ends(from, "[]") && slice_ends(to, "[]"))
		return castable(t, slice_sub(from, 0, from.len - 2), slice_sub(to, 0, to.len - 2));
	return false;
}

static struct slice cast_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	const struct typed_node *arg = n->args[0];
	struct slice from = typed_type(t, s, arg), to = typed_plain(t, n->text);

	if (pg_type_known(t->l, n->text) == ABSENT) {
		typed_fault(t, "type \"%.*s\" does not exist", SLICE(n->text));
		return SLICE_NONE;
	}
	if (arg->kind == NODE_STRING) {
		if (pg_literal_fits(t->l, arg->text, n->text, false, false) == FIT_BAD)
			typed_fault(t, "invalid input for type %.*s: \"%.*s\"", SLICE(n->text),
				SLICE(arg->text));
		return to;
	}
	if (!typed_known(t, from) || !typed_known(t, to)) {
		typed_loosen(t, 0);
		return typed_known(t, to) ? to : SLICE_NONE;
	}
	if (slice_is(from, "unknown"))
		return to;
	if (!castable(t, from, to)) {
		if (!pg_has_extensions(t->l))
			typed_fault(t, "cannot cast type %.*s to %.*s", SLICE(from), SLICE(to));
	} else if (!slice_eq(from, to)) {
		typed_loosen(t, pg_cast_volatility(t->l, from, to));
	}
	return to;
}

/* ---- The rest ---- */
static struct slice in_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice left = typed_type(t, s, n->args[0]), one;

	if (n->query) {
		typed_query_faults(t, s, n->query);
		return SL("boolean");
	}
	for (size_t i = 1; i < n->n; i++) {
		one = typed_type(t, s, n->args[i]);
		compared(t, SL("="), n->args[0], left, n->args[i], one);
	}
	return SL("boolean");
}

static struct slice any_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice left = typed_type(t, s, n->args[0]), right;

	if (n->query) {
		typed_query_faults(t, s, n->query);
		return SL("boolean");
	}
	right = typed_type(t, s, n->args[1]);
	if (slice_ends(right, "[]"))
		compared(t, n->text, n->args[0], left, NULL, slice_sub(right, 0, right.len - 2));
	else if (typed_known(t, right) && !slice_is(right, "unknown"))
		typed_fault(t, "op ANY/ALL (array) requires array on right side");
	return SL("boolean");
}

static struct slice case_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice operand = n->operand ? typed_type(t, s, n->operand) : SLICE_NONE;
	struct typed_node **results = ARENA_ARRAY(t->l->arena, n->n + 1, struct typed_node *);
	size_t nresults = 0;

	for (size_t i = 0; i + 1 < n->n; i += 2) {
		if (n->operand)
			compared(t, SL("="), n->operand, operand, n->args[i],
				typed_type(t, s, n->args[i]));
		else
			is_boolean(t, s, n->args[i], "CASE/WHEN");
		results[nresults++] = n->args[i + 1];
	}
	if (n->n % 2)
		results[nresults++] = n->args[n->n - 1];
	return common_of(t, s, results, nresults, 1, "CASE");
}

static struct slice now_type(const struct typed_node *n)
{
	static const struct {
		const char *word, *type;
	} words[] = {{"current_date", "date"}, {"current_timestamp", "timestamp with time zone"},
		{"current_time", "time with time zone"}, {"localtime", "time without time zone"},
		{"localtimestamp", "timestamp without time zone"}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_iis(n->text, words[i].word))
			return slice_of(words[i].type);
	return SL("name");
}

static struct slice query_type(
	struct typing *t, const struct typed_scope *s, const struct typed_query *q)
{
	struct names columns = {0}, types = {0};
	bool aggregates = t->aggregates, windows = t->windows, sets = t->sets;

	typed_query_faults(t, s, q);
	t->aggregates = aggregates;
	t->windows = windows;
	t->sets = sets;
	if (!t->fault.len && typed_columns(t, s, q, &columns, &types) && columns.n == 1)
		return typed_plain(t, types.at[0]);
	return SLICE_NONE;
}

static struct slice boolean_parts(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	const char *where = n->kind == NODE_AND ? "AND" : n->kind == NODE_OR ? "OR" : "NOT";

	for (size_t i = 0; i < n->n; i++)
		is_boolean(t, s, n->args[i], where);
	return SL("boolean");
}

static struct slice is_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice a, b;

	if (slice_iis(n->text, "distinct")) {
		a = typed_type(t, s, n->args[0]);
		b = typed_type(t, s, n->args[1]);
		compared(t, SL("="), n->args[0], a, n->args[1], b);
	} else if (slice_iis(n->text, "null")) {
		typed_type(t, s, n->args[0]);
	} else {
		is_boolean(t, s, n->args[0], "IS TRUE");
	}
	return SL("boolean");
}

static struct slice between_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice type[3];

	for (size_t i = 0; i < 3; i++)
		type[i] = typed_type(t, s, n->args[i]);
	compared(t, SL(">="), n->args[0], type[0], n->args[1], type[1]);
	compared(t, SL("<="), n->args[0], type[0], n->args[2], type[2]);
	return SL("boolean");
}

static struct slice array_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice type = common_of(t, s, n->args, n->n, 1, "ARRAY");

	if (!n->n || !type.len)
		return SLICE_NONE;
	return slice_is(type, "unknown") ? SL("text[]")
					 : arena_printf(t->l->arena, "%.*s[]", SLICE(type));
}

/* Not a name that a locale may have, and none of the history's. */
static bool no_collation(struct typing *t, struct slice name)
{
	static const char *const known[] = {
		"default", "posix", "ucs_basic", "unicode", "pg_c_utf8", "pg_unicode_fast"};
	const struct object **all;
	size_t n;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_iis(name, known[i]))
			return false;
	if (name.len <= 3 || slice_chr(name, '_') != SIZE_MAX || slice_chr(name, '-') != SIZE_MAX ||
		slice_chr(name, '.') != SIZE_MAX || pg_has_extensions(t->l))
		return false;
	n = catalog_list(t->l->catalog, OBJECT_OTHER, t->l->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (slice_is(all[i]->other.class_, "collation"))
			return false;
	return true;
}

void typed_collation(struct typing *t, struct slice name, struct slice type)
{
	if (pg_type_category(t->l, type) && pg_type_category(t->l, type) != 'S' &&
		!slice_is(type, "unknown") && !slice_ends(type, "]"))
		typed_fault(t, "collations are not supported by type %.*s", SLICE(type));
	if (no_collation(t, name))
		typed_fault(t, "collation \"%.*s\" does not exist", SLICE(name));
}

static struct slice collate_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice type = typed_type(t, s, n->args[0]);

	typed_collation(t, n->text, type);
	return slice_is(type, "unknown") ? SL("text") : type;
}

static struct slice part_type(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice type = typed_type(t, s, n->args[0]);

	if (n->kind == NODE_SUBSCRIPT && slice_ends(type, "[]"))
		return SLICE_NONE; /* an element, or a slice of it */
	return SLICE_NONE;
}

static struct slice type_of(
	struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	switch (n->kind) {
	case NODE_NUMBER:
		return number_type(n->text);
	case NODE_STRING:
	case NODE_NULL:
		return SL("unknown");
	case NODE_BOOL:
		return SL("boolean");
	case NODE_COLUMN:
		return column_type(t, s, n);
	case NODE_CALL:
		return call_type(t, s, n);
	case NODE_OP:
		return op_type(t, s, n);
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
		return boolean_parts(t, s, n);
	case NODE_IS:
		return is_type(t, s, n);
	case NODE_CAST:
		return cast_type(t, s, n);
	case NODE_IN:
		return in_type(t, s, n);
	case NODE_BETWEEN:
		return between_type(t, s, n);
	case NODE_CASE:
		return case_type(t, s, n);
	case NODE_ARRAY:
		return array_type(t, s, n);
	case NODE_QUERY:
		return query_type(t, s, n->query);
	case NODE_ARRAY_QUERY:
		query_type(t, s, n->query);
		return SLICE_NONE;
	case NODE_EXISTS:
		query_type(t, s, n->query);
		return SL("boolean");
	case NODE_ANY:
		return any_type(t, s, n);
	case NODE_COLLATE:
		return collate_type(t, s, n);
	case NODE_NOW:
		typed_loosen(t, 's');
		return now_type(n);
	case NODE_ROW:
	case NODE_OPAQUE:
		typed_loosen(t, 0);
		for (size_t i = 0; i < n->n; i++)
			typed_type(t, s, n->args[i]);
		return SLICE_NONE;
	case NODE_SUBSCRIPT:
	case NODE_FIELD:
		return part_type(t, s, n);
	case NODE_PARAM:
	case NODE_STAR:
	case NODE_DEFAULT:
		return SLICE_NONE;
	}
	return SLICE_NONE;
}

struct slice typed_type(struct typing *t, const struct typed_scope *s, const struct typed_node *n)
{
	struct slice type;

	if (t->fault.len || t->depth > NEST_MAX) {
		typed_loosen(t, 0);
		return SLICE_NONE;
	}
	t->depth++;
	type = type_of(t, s, n);
	t->depth--;
	return type;
}

/* ---- Into a column ---- */
void typed_assign(struct typing *t, const struct typed_node *n, struct slice from, struct slice to,
	bool assign)
{
	bool minus = n->kind == NODE_OP && n->n == 1 && slice_is(n->text, "-") &&
		     n->args[0]->kind == NODE_NUMBER;
	struct slice written = n->kind == NODE_NUMBER ? n->text
			       : minus ? arena_printf(t->l->arena, "-%.*s", SLICE(n->args[0]->text))
				       : SLICE_NONE;

	if (t->fault.len || n->kind == NODE_DEFAULT || n->kind == NODE_NULL || !to.len)
		return;
	if (n->kind == NODE_ROW) {
		const struct object *o = pg_type_object(t->l, to);

		if (o && slice_is(o->type_.kind, "composite") && o->type_.attributes.n != n->n)
			typed_fault(t, "cannot cast type record to %.*s", SLICE(to));
		return;
	}
	if (n->kind == NODE_STRING || written.len) {
		struct slice text = written.len ? written : n->text;

		if (written.len && pg_assignable(t->l, from, typed_plain(t, to)) == ABSENT)
			typed_fault(t, "the column is of type %.*s, the value of type %.*s",
				SLICE(to), SLICE(from));
		else if (pg_literal_fits(t->l, text, to, written.len > 0, assign) == FIT_BAD)
			typed_fault(t, "no value of type %.*s: %.*s", SLICE(to), SLICE(text));
		return;
	}
	if (typed_known(t, from) && !slice_is(from, "unknown") &&
		typed_known(t, typed_plain(t, to)) &&
		pg_assignable(t->l, from, typed_plain(t, to)) == ABSENT && !pg_has_extensions(t->l))
		typed_fault(t, "the column is of type %.*s, the value of type %.*s", SLICE(to),
			SLICE(from));
}
