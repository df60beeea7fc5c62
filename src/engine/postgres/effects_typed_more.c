/* effects_typed_more.c - indexes, SQL functions and rows, as effects_typed.c looks at them. */
#include "engine/postgres/effects_typed.h"
#include "sql/token.h"

#include <stdint.h>

/* ---- Index methods ---- */
static const struct {
	const char *method, *name, *type;
	bool is_default;
	int since, until;
} classes[] = {
#include "engine/postgres/classes.inc"
};

enum { CLASSES = sizeof classes / sizeof *classes };

static bool is_method(struct slice m)
{
	static const char *const methods[] = {"btree", "hash", "gist", "gin", "spgist", "brin"};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (slice_iis(m, methods[i]))
			return true;
	return false;
}

/* Does the class take values of the type: its own, one with the same bytes, or a kind of types? */
static bool class_takes(struct typing *t, const char *of, struct slice type)
{
	struct slice class_type = slice_of(of);

	if (slice_eq(type, class_type) || pg_type_same_bytes(t->l, type, class_type))
		return true;
	if (slice_is(class_type, "anyarray"))
		return slice_ends(type, "]");
	if (slice_is(class_type, "anyenum"))
		return typed_is_enum(t, type);
	if (slice_is(class_type, "anyrange"))
		return slice_ends(type, "range") && !slice_ends(type, "multirange");
	if (slice_is(class_type, "anymultirange"))
		return slice_ends(type, "multirange");
	return slice_is(class_type, "record") && !typed_known(t, type);
}

/* What nearly all keys are. */
static bool is_ordered(struct slice type)
{
	static const char *const types[] = {"integer", "bigint", "text", "character varying",
		"uuid", "timestamp with time zone", "timestamp without time zone", "date",
		"boolean", "numeric", "smallint"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (slice_is(type, types[i]))
			return true;
	return false;
}

/* `class` empty: the default one. */
static void class_for(struct typing *t, struct slice method, struct slice class, struct slice type)
{
	bool named = false, takes = false;
	int version = t->l->version / 10000;

	if (!class.len && slice_is(method, "btree") && is_ordered(type))
		return;
	if (!is_method(method) || pg_has_extensions(t->l) ||
		(class.len && slice_chr(class, '.') != SIZE_MAX))
		return;
	for (size_t i = 0; i < CLASSES; i++) {
		if (!slice_iis(method, classes[i].method) || version < classes[i].since ||
			version > classes[i].until ||
			(class.len ? !slice_is(class, classes[i].name) : !classes[i].is_default))
			continue;
		named = true;
		takes = takes || class_takes(t, classes[i].type, type);
	}
	if (class.len && !named)
		typed_fault(t, "operator class \"%.*s\" does not exist for %.*s", SLICE(class),
			SLICE(method));
	else if (typed_known(t, type) && !slice_is(type, "unknown") && !takes)
		typed_fault(t, "data type %.*s has no operator class for %.*s", SLICE(type),
			SLICE(method));
}

static bool own_classes(struct looking *l)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_OTHER, l->arena, &all);

	for (size_t i = 0; i < n; i++)
		if (slice_starts(all[i]->other.class_, "operator"))
			return true;
	return false;
}

/* ---- One key: an expression, COLLATE, class, order ---- */
struct key {
	struct slice expression, class, collation;
	bool ordered;
};

static struct key key_parts(struct arena *a, struct slice text)
{
	struct key k = {0};
	struct lexer x;
	struct token t;
	size_t end = text.len;

	lexer_init(&x, DIALECT_POSTGRES, text);
	t = lexer_next(&x);
	if (token_punct(t, "(")) {
		for (int depth = 1; depth && t.kind != TOKEN_END;) {
			t = lexer_next(&x);
			depth += token_punct(t, "(");
			depth -= token_punct(t, ")");
		}
	}
	end = t.off + t.text.len;
	/* a call, its brackets too */
	for (struct lexer y = x;
		t.kind == TOKEN_WORD && slice_starts(slice_from(text, end), "(");) {
		int depth = 0;

		do {
			t = lexer_next(&y);
			depth += token_punct(t, "(");
			depth -= token_punct(t, ")");
		} while (depth && t.kind != TOKEN_END);
		end = t.off + t.text.len;
		x = y;
	}
	k.expression = slice_sub(text, 0, end);
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		if (token_is(t, "collate")) {
			k.collation = token_value(a, DIALECT_POSTGRES, lexer_next(&x));
		} else if (token_is(t, "desc") || token_is(t, "asc") || token_is(t, "nulls")) {
			k.ordered = true;
			break;
		} else if (token_is(t, "with")) {
			break;
		} else if ((t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) && !k.class.len) {
			k.class = token_value(a, DIALECT_POSTGRES, t);
		} else {
			break; /* options of the class, a schema */
		}
	}
	return k;
}

static void one_key(
	struct typing *t, const struct typed_scope *s, struct slice method, struct slice text)
{
	struct key k = key_parts(t->l->arena, text);
	struct typed_node *n = NULL;
	struct slice type = SLICE_NONE;

	if (slice_chr(k.expression, '(') != SIZE_MAX || slice_starts(k.expression, "\"")) {
		n = typed_expr(t->l->arena, k.expression);
	} else {
		n = ARENA_NEW(t->l->arena, struct typed_node);
		*n = (struct typed_node){.kind = NODE_COLUMN, .text = k.expression};
	}
	if (!n)
		return;
	type = typed_type(t, s, n);
	if (t->aggregates)
		typed_fault(t, "aggregate functions are not allowed in index expressions");
	if (t->sets)
		typed_fault(t, "set-returning functions are not allowed in index expressions");
	if (n->kind == NODE_QUERY)
		typed_fault(t, "cannot use subquery in index expression");
	if (k.collation.len)
		typed_collation(t, k.collation, type);
	if (k.ordered && method.len && is_method(method) && !slice_iis(method, "btree"))
		typed_fault(t, "access method \"%.*s\" does not support ASC/DESC options",
			SLICE(method));
	if (slice_is(type, "unknown"))
		type = SL("text");
	class_for(t, method.len ? method : SL("btree"), k.class, type);
}

static void method_abilities(struct typing *t, const struct index_def *d)
{
	struct slice m = d->method;
	bool hash = slice_iis(m, "hash"), gin = slice_iis(m, "gin"), brin = slice_iis(m, "brin");
	bool spgist = slice_iis(m, "spgist");

	if (!m.len || slice_iis(m, "btree") || !is_method(m))
		return;
	if (d->unique)
		typed_fault(t, "access method \"%.*s\" does not support unique indexes", SLICE(m));
	if ((hash || spgist) && d->keys.n > 1)
		typed_fault(
			t, "access method \"%.*s\" does not support multicolumn indexes", SLICE(m));
	if (d->include.n && (hash || gin || brin || (spgist && t->l->version < 140000)))
		typed_fault(
			t, "access method \"%.*s\" does not support included columns", SLICE(m));
}

/* A plain key of a type that has an order: nothing to be said. */
static bool is_plain_key(struct looking *l, const struct relation *r, struct slice key)
{
	enum presence known;
	const struct object *col = pg_column(l, r, key, &known);

	return col && is_ordered(pg_type_plain(l->arena, col->column.type));
}

void pg_typed_index(struct looking *l, const struct relation *r)
{
	const struct index_def *d = l->change->def ? &l->change->def->index : NULL;
	bool btree = d && (!d->method.len || slice_iis(d->method, "btree"));
	struct typed_scope s = {0};
	struct typing t;

	if (!d)
		return;
	typed_begin(&t, l);
	method_abilities(&t, d);
	for (size_t i = 0; i < d->keys.n && d->keys.n <= 32; i++) {
		if (btree && is_plain_key(l, r, d->keys.at[i]))
			continue;
		if (!s.n)
			typed_add_table(&t, &s, r->object, SLICE_NONE);
		one_key(&t, &s, d->method, d->keys.at[i]);
	}
	if (d->predicate.text.len && !s.n)
		typed_add_table(&t, &s, r->object, SLICE_NONE);
	if (d->predicate.text.len) {
		struct typed_node *n = typed_expr(l->arena, d->predicate.text);
		struct slice type = n ? typed_type(&t, &s, n) : SLICE_NONE;

		if (t.aggregates)
			typed_fault(&t, "aggregate functions are not allowed in index predicates");
		if (typed_known(&t, type) && !slice_is(type, "boolean") &&
			!slice_is(type, "unknown"))
			typed_fault(&t, "argument of WHERE must be type boolean");
	}
	if (t.volatility == 's' || t.volatility == 'v')
		typed_fault(&t, "functions in an index must be immutable");
	if (t.fault.len && slice_ifind(t.fault, SL("operator class")) != SIZE_MAX && own_classes(l))
		return;
	pg_typed_fault(l, &t);
}

/* USING gist (a WITH =, …) */
void pg_exclusion(struct typing *t, const struct typed_scope *s, const struct constraint_def *k)
{
	struct slice text = slice_trim(k->expression.text), method = SL("btree"), inside;
	size_t open = slice_chr(text, '('), from = 0;
	int depth = 0;

	if (slice_istarts(text, "using ") && open != SIZE_MAX)
		method = slice_trim(slice_sub(text, 6, open - 6));
	if (open == SIZE_MAX || slice_chr(method, ' ') != SIZE_MAX || own_classes(t->l))
		return;
	inside = slice_from(text, open + 1);
	for (size_t i = 0; i < inside.len; i++) {
		bool ends = depth == 0 && (inside.at[i] == ',' || inside.at[i] == ')');

		if (ends) {
			one_key(t, s, method, slice_trim(slice_sub(inside, from, i - from)));
			from = i + 1;
			if (inside.at[i] == ')')
				return;
			continue;
		}
		depth += (inside.at[i] == '(') - (inside.at[i] == ')');
	}
}

/* ---- SQL functions ---- */

/* The names and types of the parameters, as far as they can be used in the body. */
static void parameters(struct typing *t, const struct function_def *f, struct typed_source *src)
{
	static const char *const modes[] = {"in ", "inout ", "out ", "variadic "};
	struct slice text = f->arguments;
	int depth = 0;

	for (size_t i = 0, from = 0; text.len && i <= text.len; i++) {
		struct slice one, name;
		size_t blank;

		if (i < text.len)
			depth += (text.at[i] == '(') - (text.at[i] == ')');
		if (i < text.len && (text.at[i] != ',' || depth))
			continue;
		one = slice_trim(slice_sub(text, from, i - from));
		from = i + 1;
		for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
			if (slice_istarts(one, modes[m]))
				one = slice_trim(slice_from(one, strlen(modes[m])));
		blank = slice_chr(one, ' ');
		if (blank == SIZE_MAX)
			continue;
		name = slice_sub(one, 0, blank);
		one = slice_trim(slice_from(one, blank));
		blank = slice_ifind(one, SL(" default "));
		if (blank != SIZE_MAX)
			one = slice_trim(slice_sub(one, 0, blank));
		if (slice_starts(name, "\"") && slice_ends(name, "\""))
			name = slice_sub(name, 1, name.len - 2);
		names_add(t->l->arena, &src->columns, name);
		names_add(t->l->arena, &src->types, slice_starts(one, "any") ? SLICE_NONE : one);
	}
}

/* What the last statement gives is what the function returns. */
static void result_of(struct typing *t, const struct typed_scope *s, const struct function_def *f,
	const struct typed_query *q)
{
	struct names columns = {0}, types = {0};
	struct slice to = typed_plain(t, f->returns), from;

	if (t->fault.len || !typed_known(t, to) || slice_is(to, "void") || slice_is(to, "record") ||
		slice_starts(to, "any") || slice_istarts(to, "setof") ||
		slice_ifind(f->arguments, SL("out ")) != SIZE_MAX || q->more ||
		pg_has_extensions(t->l))
		return;
	if (!typed_columns(t, s, q, &columns, &types))
		return;
	if (columns.n != 1) {
		typed_fault(t, "return type mismatch: the final statement must return one column");
		return;
	}
	from = typed_plain(t, types.at[0]);
	if (slice_is(from, "unknown"))
		from = SL("text");
	if (typed_known(t, from) && pg_assignable(t->l, from, to) == ABSENT)
		typed_fault(t, "return type mismatch: actual return type is %.*s", SLICE(from));
}

static void body_statement(struct typing *t, const struct typed_scope *s,
	const struct function_def *f, struct slice text, bool last)
{
	struct looking *l = t->l;
	struct typed_query *q;
	struct typed_dml *d;
	struct relation r;

	text = slice_trim(text);
	q = typed_query(l->arena, text);
	if (q && q->end >= text.len) {
		typed_query_faults(t, s, q);
		if (last)
			result_of(t, s, f, q);
		return;
	}
	d = typed_dml(l->arena, text);
	if (!d)
		return;
	r = pg_relation(l, d->target.relation, OBJECT_NONE);
	if (r.object && r.type == OBJECT_TABLE)
		typed_dml_faults(t, s, d, r.object);
}

static bool is_one_of(struct slice w, const char *const *list)
{
	for (; *list; list++)
		if (slice_is(w, *list))
			return true;
	return false;
}

/* What the head of a function is refused for. */
static void head(struct typing *t, const struct function_def *f)
{
	static const char *const triggers[] = {"trigger", "event_trigger", NULL};
	size_t first = slice_ifind(f->arguments, SL(" default ")), comma;
	int depth = 0;

	if (slice_iis(f->language, "sql") && is_one_of(f->returns, triggers))
		typed_fault(t, "SQL functions cannot return type %.*s", SLICE(f->returns));
	if (first == SIZE_MAX)
		return;
	for (comma = first; comma < f->arguments.len; comma++) {
		depth += (f->arguments.at[comma] == '(') - (f->arguments.at[comma] == ')');
		if (depth || f->arguments.at[comma] != ',')
			continue;
		struct slice rest = slice_trim(slice_from(f->arguments, comma + 1));
		size_t next = slice_chr(rest, ',');
		struct slice one = slice_sub(rest, 0, next);

		if (slice_ifind(one, SL(" default ")) == SIZE_MAX && !slice_istarts(one, "out ") &&
			!slice_istarts(one, "variadic ") && slice_chr(one, '\'') == SIZE_MAX &&
			slice_chr(one, ')') == SIZE_MAX)
			typed_fault(
				t, "parameters after one with a default must have defaults too");
	}
}

static bool makes_things(struct slice body)
{
	return slice_ifind(body, SL("create ")) != SIZE_MAX ||
	       slice_ifind(body, SL("insert ")) != SIZE_MAX;
}

void pg_typed_function(struct looking *l)
{
	const struct object *def = l->change->def;
	const struct function_def *f = def ? &def->function : NULL;
	struct typed_scope s = {0};
	struct typed_source src = {0};
	struct typing t;
	struct slice body;
	size_t open = def ? slice_chr(def->name, '(') : 0;

	if (!f)
		return;
	typed_begin(&t, l);
	head(&t, f);
	parameters(&t, f, &src);
	for (size_t i = 0; i < src.columns.n; i++)
		for (size_t k = 0; k < i; k++)
			if (slice_eq(src.columns.at[i], src.columns.at[k]))
				typed_fault(&t, "parameter name \"%.*s\" used more than once",
					SLICE(src.columns.at[i]));
	body = slice_trim(f->body.text);
	if (slice_iis(f->language, "sql") && l->session->check_function_bodies && body.len &&
		body.len < 20000 && !slice_istarts(body, "begin atomic") &&
		!slice_istarts(body, "return ") && !makes_things(body)) {
		struct lexer x;
		struct token k;
		size_t from = 0;

		src.alias = slice_sub(def->name, 0, open);
		s.sources = &src;
		s.n = 1;
		lexer_init(&x, DIALECT_POSTGRES, body);
		do {
			k = lexer_next(&x);
			if (k.kind != TOKEN_END && !token_punct(k, ";"))
				continue;
			if (slice_trim(slice_sub(body, from, k.off - from)).len)
				body_statement(&t, &s, f, slice_sub(body, from, k.off - from),
					!slice_trim(slice_from(body, k.off + (k.kind != TOKEN_END)))
						 .len);
			from = k.off + 1;
		} while (k.kind != TOKEN_END && !t.fault.len);
	}
	pg_typed_fault(l, &t);
}

/* ---- Values ---- */
struct value pg_given_value(struct looking *l, const struct typed_node *n, struct slice type)
{
	return pg_row_value(l, NULL, n, type);
}

struct value pg_row_value(struct looking *l, const struct typed_row *row,
	const struct typed_node *n, struct slice type)
{
	struct value v = {0};
	const struct object *d = pg_domain(l, type);

	for (int depth = 0; d && depth < 8; depth++) {
		type = d->type_.base;
		d = pg_domain(l, type);
	}
	v = typed_value(l, row, n);
	if (v.kind == VALUE_TEXT && slice_starts(type, "character")) {
		while (slice_starts(type, "character(") && v.text.len &&
			v.text.at[v.text.len - 1] == ' ')
			v.text.len--;
		v.literal = false;
		return v;
	}
	if (v.kind == VALUE_TEXT)
		return v.literal                ? typed_literal_of(l, v.text, type)
		       : slice_is(type, "text") ? v
						: (struct value){0};
	if (v.kind == VALUE_NUMBER) {
		bool whole = v.number > -1e15L && v.number < 1e15L &&
			     v.number == (long double)(long long)v.number;

		if (!whole && !slice_is(type, "numeric") && !slice_is(type, "double precision"))
			return (struct value){0}; /* it may be rounded */
		if (pg_type_category(l, pg_type_plain(l->arena, type)) != 'N')
			return (struct value){0};
	}
	if (v.kind == VALUE_BOOL && !slice_is(type, "boolean"))
		return (struct value){0};
	return v;
}

/* The checks of a table, read once. */
struct checks {
	const struct object **of;
	struct typed_node **nodes;
	size_t n;
};

/* `columns`: those that mention one of them; none: all. */
static struct checks checks_of(
	struct looking *l, const struct object *table, const struct names *columns)
{
	struct checks k = {0};

	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];
		const struct expr *e = &p->constraint.expression;
		bool wanted = !columns;
		struct typed_node *n;
		size_t again = k.n;

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "check") ||
			p->constraint.not_enforced)
			continue;
		for (size_t c = 0; columns && c < columns->n; c++)
			wanted = wanted || pg_constraint_uses(p, columns->at[c]);
		n = wanted ? typed_expr(l->arena, e->text.len ? e->text : e->normal) : NULL;
		if (!n)
			continue;
		*ARENA_PUSH(l->arena, k.nodes, k.n) = n;
		*ARENA_PUSH(l->arena, k.of, again) = p;
	}
	return k;
}

/* The first check that the row does not meet. */
static const struct object *unmet_check(
	struct looking *l, const struct checks *k, const struct typed_row *row)
{
	for (size_t i = 0; i < k->n; i++) {
		struct value v = typed_value(l, row, k->nodes[i]);

		if (v.kind == VALUE_BOOL && !v.truth)
			return k->of[i];
	}
	return NULL;
}

/* What a column gets when nothing is said. */
struct value pg_unsaid_value(struct looking *l, const struct column_def *d)
{
	struct slice text =
		d->default_value.text.len ? d->default_value.text : d->default_value.normal;
	struct typed_node *n;

	if (d->identity.len || d->generated.len || d->sequence.n || slice_ends(d->type, "serial") ||
		pg_domain(l, d->type))
		return (struct value){0};
	if (!text.len)
		return (struct value){.kind = VALUE_NULL};
	n = typed_expr(l->arena, text);
	return n ? pg_given_value(l, n, d->type) : (struct value){0};
}

enum { ROWS_LOOKED_AT = 24, COLUMNS_LOOKED_AT = 200 };

/* Checks that only the partition has which the row goes to. */
static void partition_checks(struct looking *l, const struct relation *r, const struct pg_values *v,
	size_t at, const struct typed_row *row)
{
	struct pg_values one = {&v->rows[at], 1};
	const struct object **parts, *unmet;
	struct checks own;
	size_t n;

	if (!pg_routed(l, r, &one, &parts, &n) || n != 1)
		return;
	own = checks_of(l, parts[0], NULL);
	unmet = unmet_check(l, &own, row);
	if (unmet)
		pg_fails(l, "a row violates check constraint \"%.*s\"", SLICE(unmet->name));
}

static void one_row(struct looking *l, const struct relation *r, const struct pg_values *v,
	size_t at, const struct checks *checks)
{
	struct typed_scope none = {0};
	struct typed_row row = {0};
	size_t room = 0;
	const struct object *unmet;

	row.values = ARENA_ARRAY(l->arena, r->object->nparts + 1, struct value);
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *col = r->object->parts[i];
		struct slice text;
		struct typed_node *n = NULL;
		struct typing t;

		if (col->type != OBJECT_COLUMN)
			continue;
		text = pg_value(l, v, at, r, col->name);
		names_add(l->arena, &row.columns, col->name);
		row.values[room++] = (struct value){0};
		if (text.len && !slice_iis(text, "default")) {
			n = typed_expr(l->arena, text);
			if (!n)
				continue;
			typed_begin(&t, l);
			typed_assign(&t, n, typed_type(&t, &none, n), col->column.type, true);
			pg_typed_fault(l, &t);
			if ((checks->n || pg_is_partitioned(r)) &&
				!pg_fills(l, r->object, "insert", col->name))
				row.values[room - 1] = pg_given_value(l, n, col->column.type);
		} else if ((checks->n || pg_is_partitioned(r)) &&
			   !pg_fills(l, r->object, "insert", col->name)) {
			row.values[room - 1] = pg_unsaid_value(l, &col->column);
		}
	}
	unmet = unmet_check(l, checks, &row);
	if (unmet)
		pg_fails(l, "a row violates check constraint \"%.*s\"", SLICE(unmet->name));
	pg_in_own_bound(l, r, v, at);
	if (pg_is_partitioned(r))
		partition_checks(l, r, v, at, &row);
}

static void values_shape(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	bool known = !l->change->list.n && r->type == OBJECT_TABLE && !r->object->tainted;
	size_t columns = 0;

	for (size_t i = 0; known && i < r->object->nparts; i++)
		columns += r->object->parts[i]->type == OBJECT_COLUMN;
	for (size_t i = 0; i < v->n && i < ROWS_LOOKED_AT; i++) {
		if (v->rows[i].n != v->rows[0].n)
			pg_fails(l, "VALUES lists must all be the same length");
		else if (l->change->list.n && v->rows[i].n < l->change->list.n)
			pg_fails(l, "there are fewer values than columns");
		else if (columns && v->rows[i].n > columns)
			pg_fails(l, "there are more values than columns");
	}
}

static void selected(struct looking *l, const struct relation *r, const struct typed_insert *in)
{
	struct names columns = {0}, types = {0}, list = l->change->list;
	struct typing t;

	typed_begin(&t, l);
	typed_query_faults(&t, NULL, in->query);
	if (t.fault.len || !typed_columns(&t, NULL, in->query, &columns, &types)) {
		pg_typed_fault(l, &t);
		return;
	}
	if (!list.n)
		list = pg_column_names(l, r->object);
	if (list.n && columns.n > list.n)
		typed_fault(&t, "INSERT has more expressions than target columns");
	if (l->change->list.n && columns.n < list.n)
		typed_fault(&t, "INSERT has more target columns than expressions");
	for (size_t i = 0; r->type == OBJECT_TABLE && i < columns.n && i < list.n; i++) {
		struct typed_node opaque = {.kind = NODE_OPAQUE};
		const struct typed_node *n = &opaque;
		const struct object *col;

		if (in->query->ntargets == columns.n)
			n = in->query->targets[i].value;
		if (catalog_part(l->catalog, r->object, OBJECT_COLUMN, list.at[i], &col) == PRESENT)
			typed_assign(&t, n, typed_plain(&t, types.at[i]), col->column.type, false);
	}
	pg_typed_fault(l, &t);
}

void pg_typed_insert(struct looking *l, const struct relation *r)
{
	struct slice text = l->statement->text;
	struct typed_insert *in = NULL;
	struct checks checks = {0};

	if (text.len < 30000 &&
		(l->change->flags & CHANGE_FROM_SELECT || l->change->flags & CHANGE_RETURNING ||
			l->change->flags & CHANGE_ON_CONFLICT))
		in = typed_insert(l->arena, text);
	if (in && !slice_eq(in->target.relation.name, l->change->target.name))
		return;
	if (in && in->query && !in->query->values)
		selected(l, r, in);
	if (in)
		typed_insert_faults(l, r, in);
	if (!(l->change->flags & CHANGE_FROM_SELECT)) {
		struct pg_values v = pg_values_of(l);

		values_shape(l, r, &v);
		if (v.n && r->type == OBJECT_TABLE && !pg_fills(l, r->object, "insert", SLICE_NONE))
			checks = checks_of(l, r->object, NULL);
		for (size_t i = 0;
			r->type == OBJECT_TABLE && i < v.n && i < ROWS_LOOKED_AT &&
			r->object->nparts < COLUMNS_LOOKED_AT && l->out->outcome != OUTCOME_FAILS;
			i++)
			one_row(l, r, &v, i, &checks);
		if (l->out->outcome != OUTCOME_FAILS)
			pg_known_insert(l, r, &v);
	}
}

/* ---- UPDATE, DELETE ---- */
static void set_checks(struct looking *l, const struct relation *r, const struct typed_dml *d)
{
	struct typed_row row = {0};
	const struct object *unmet, *col;
	struct checks checks;
	size_t n = 0;

	row.values = ARENA_ARRAY(l->arena, d->nvalues + 1, struct value);
	for (size_t i = 0; i < d->nvalues; i++) {
		if (catalog_part(l->catalog, r->object, OBJECT_COLUMN, d->columns.at[i], &col) !=
			PRESENT)
			continue;
		names_add(l->arena, &row.columns, col->name);
		if (d->values[i]->kind == NODE_NUMBER)
			pg_set_out_of_bound(l, r, col->name, d->values[i]->text);
		else if (d->values[i]->kind == NODE_STRING)
			pg_set_out_of_bound(l, r, col->name,
				arena_printf(l->arena, "'%.*s'", SLICE(d->values[i]->text)));
		row.values[n++] = d->values[i]->kind == NODE_DEFAULT
					  ? pg_unsaid_value(l, &col->column)
					  : pg_given_value(l, d->values[i], col->column.type);
		if (row.values[n - 1].kind == VALUE_NULL && col->column.not_null &&
			!pg_fills(l, r->object, "update", col->name))
			pg_may_fail(l, "column \"%.*s\" must not be null", SLICE(col->name));
	}
	if (pg_fills(l, r->object, "update", SLICE_NONE))
		return;
	for (size_t i = 0; i < row.columns.n; i++)
		if (pg_fills(l, r->object, "update", row.columns.at[i]))
			row.values[i] = (struct value){0};
	checks = checks_of(l, r->object, &row.columns);
	unmet = unmet_check(l, &checks, &row);
	if (unmet)
		pg_may_fail(l, "it violates check constraint \"%.*s\"", SLICE(unmet->name));
}

void pg_typed_merge(struct looking *l, const struct relation *r)
{
	struct typed_merge *m = typed_merge(l->arena, l->statement->text);
	struct typing t;

	if (!m || !slice_eq(m->target.relation.name, l->change->target.name))
		return;
	typed_begin(&t, l);
	typed_merge_faults(&t, m, r->object);
	pg_typed_fault(l, &t);
}

void pg_typed_change(struct looking *l, const struct relation *r)
{
	struct typed_dml *d = typed_dml(l->arena, l->statement->text);
	struct typing t;

	if (!d || !slice_eq(d->target.relation.name, l->change->target.name))
		return;
	typed_begin(&t, l);
	typed_dml_faults(&t, NULL, d, r->object);
	pg_typed_fault(l, &t);
	if (!t.fault.len && r->type == OBJECT_TABLE && d->nvalues)
		pg_typed_set(l, r, d);
}

void pg_typed_set(struct looking *l, const struct relation *r, const struct typed_dml *d)
{
	set_checks(l, r, d);
	if (l->out->outcome != OUTCOME_FAILS)
		pg_known_update(l, r, d);
}
