/* effects_refused_objects.c - what the server refuses of types, sequences, views, functions,
 * triggers, policies, statistics, publications and what is said about them. */
#include "engine/postgres/effects.h"
#include "sql/token.h"

#include <stdint.h>

/* ---- What the catalog would refuse too ---- */

/* Rare kinds: tried on the catalog and taken back. */
static bool catalog_tells(enum change_kind kind)
{
	switch ((int)kind) {
	case CHANGE_CREATE_OTHER:
	case CHANGE_ALTER_OTHER:
	case CHANGE_DROP_OTHER:
	case CHANGE_RENAME_OTHER:
	case CHANGE_ALTER_EXTENSION:
	case CHANGE_DROP_EXTENSION:
		return true;
	default:
		return false;
	}
}

static void as_catalog_says(struct looking *l)
{
	struct catalog *c = (struct catalog *)l->catalog; /* is as before when we return */
	struct session s = *l->session;
	size_t mark = catalog_mark(c);
	struct slice why = SLICE_NONE;

	s.arena = l->arena;
	if (!(l->change->flags & CHANGE_GUARDED) && catalog_is_complete(c) &&
		!pg_has_extensions(l) && catalog_apply(c, &s, l->change, &why) == APPLY_CONFLICT)
		pg_fails(l, "%.*s", SLICE(why));
	catalog_undo(c, mark);
}

bool pg_changes_nothing(struct looking *l)
{
	struct catalog *c = (struct catalog *)l->catalog; /* is as before when we return */
	struct session s = *l->session;
	size_t mark = catalog_mark(c);
	struct slice why = SLICE_NONE;
	bool nothing;

	s.arena = l->arena;
	nothing = catalog_apply(c, &s, l->change, &why) == APPLY_NOOP;
	catalog_undo(c, mark);
	return nothing;
}

/* ---- Types ---- */
static bool unknown_type(struct looking *l, struct slice type)
{
	if (!type.len || pg_type_known(l, type) != ABSENT)
		return false;
	pg_fails(l, "type \"%.*s\" does not exist", SLICE(type));
	return true;
}

/* A relation has a type of its name, and a type keeps a relation from having it. */
static void taken_name(struct looking *l, enum object_type other)
{
	const struct change *c = l->change;
	struct name full = catalog_resolve(l->catalog, l->session, c->type, c->target);
	const struct object *there;

	if (!(c->flags & (CHANGE_IF_NOT_EXISTS | CHANGE_TEMPORARY | CHANGE_OR_REPLACE)) &&
		catalog_find(l->catalog, l->session, other, full, &there) == PRESENT &&
		there->type != OBJECT_INDEX && there->type != OBJECT_SEQUENCE)
		pg_fails(l, "type \"%.*s\" exists already", SLICE(full.name));
}

/* "name type": the type. */
static struct slice behind_name(struct slice attribute)
{
	size_t blank;

	if (attribute.len && attribute.at[0] == '"') {
		size_t end = slice_chr(slice_from(attribute, 1), '"');

		attribute = slice_from(attribute, end == SIZE_MAX ? attribute.len : end + 2);
		return slice_trim(attribute);
	}
	blank = slice_chr(attribute, ' ');
	return blank == SIZE_MAX ? SLICE_NONE : slice_trim(slice_from(attribute, blank));
}

static void refuse_type(struct looking *l)
{
	const struct type_def *d = l->change->def ? &l->change->def->type_ : NULL;

	taken_name(l, OBJECT_NONE);
	for (size_t i = 1; d && i < d->labels.n; i++)
		for (size_t k = 0; k < i && i < 256; k++)
			if (slice_eq(d->labels.at[i], d->labels.at[k]))
				pg_fails(l, "label \"%.*s\" stands there twice",
					SLICE(d->labels.at[i]));
	for (size_t i = 0; d && i < d->attributes.n; i++) {
		struct slice type = behind_name(d->attributes.at[i]);

		unknown_type(l, slice_trim(slice_sub(type, 0, slice_find(type, SL(" COLLATE ")))));
	}
}

static void refuse_domain(struct looking *l)
{
	const struct object *def = l->change->def;

	taken_name(l, OBJECT_NONE);
	if (def && !unknown_type(l, def->type_.base) && def->type_.default_value.text.len &&
		pg_bad_literal(l, def->type_.default_value.text, def->type_.base, false))
		pg_fails(l, "the default is no value of type %.*s", SLICE(def->type_.base));
}

/* ---- Sequences ---- */
static bool number(struct slice text, long long *out)
{
	unsigned long long n;
	bool minus = slice_starts(text, "-");

	if (!slice_u64(slice_from(text, minus ? 1 : 0), &n) || n > INT64_MAX)
		return false;
	*out = minus ? -(long long)n : (long long)n;
	return true;
}

static void type_range(struct slice type, long long *least, long long *most)
{
	*most = slice_is(type, "smallint")  ? INT16_MAX
		: slice_is(type, "integer") ? INT32_MAX
					    : INT64_MAX;
	*least = -*most - 1;
}

/* The bound that a type brings along changes with the type. */
static bool bound_of_type(struct slice bound)
{
	static const char *const bounds[] = {"32767", "-32768", "2147483647", "-2147483648",
		"9223372036854775807", "-9223372036854775808", "-32767", "-2147483647",
		"-9223372036854775807"};

	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		if (slice_is(bound, bounds[i]))
			return true;
	return false;
}

static void refuse_numbers(struct looking *l)
{
	const struct sequence_def *now = &l->change->def->sequence, *old = now;
	const struct object *o = NULL;
	long long min, max, n, least, most;
	bool again;

	if (l->change->kind == CHANGE_ALTER_SEQUENCE &&
		catalog_find(l->catalog, l->session, OBJECT_SEQUENCE, l->change->target, &o) ==
			PRESENT)
		old = &o->sequence;
	if (number(now->increment, &n) && n == 0)
		pg_fails(l, "the increment must not be zero");
	type_range(now->type.len ? now->type : old->type, &least, &most);
	again = names_has(l->change->list, SL("minvalue")) ||
		(now != old && now->type.len && old->min.len && bound_of_type(old->min));
	if (!number(now->min.len || again ? now->min : old->min, &min))
		min = INT64_MIN;
	again = names_has(l->change->list, SL("maxvalue")) ||
		(now != old && now->type.len && old->max.len && bound_of_type(old->max));
	if (!number(now->max.len || again ? now->max : old->max, &max))
		max = INT64_MAX;
	if (now->max.len && (max > most || max < least))
		pg_fails(l, "MAXVALUE (%lld) is out of range for the sequence", max);
	if (now->min.len && (min > most || min < least))
		pg_fails(l, "MINVALUE (%lld) is out of range for the sequence", min);
	if (now != old && !now->start.len && number(old->start, &n) && (n < min || n > max))
		pg_fails(l, "START value (%lld) is not between minimum and maximum", n);
	if (min >= max)
		pg_fails(l, "the minimum must be less than the maximum");
	if (now->position.n && number(now->position.at[0], &n) && (n < min || n > max))
		pg_fails(l, "%lld is not between minimum and maximum", n);
	if (number(now->start, &n) && (n < min || n > max))
		pg_fails(l, "%lld is not between minimum and maximum", n);
}

static void refuse_sequence(struct looking *l)
{
	const struct change *c = l->change;
	struct name full = catalog_resolve(l->catalog, l->session, OBJECT_SEQUENCE, c->target);
	struct slice owner;
	const struct object *o, *t, *col;

	if (!c->def)
		return;
	refuse_numbers(l);
	owner = c->def->sequence.owned_by;
	if (!owner.len)
		return;
	if (c->kind == CHANGE_ALTER_SEQUENCE &&
		catalog_find(l->catalog, l->session, OBJECT_SEQUENCE, full, &o) == PRESENT &&
		o->sequence.owned_by.len) {
		struct slice column = pg_last_part(o->sequence.owned_by), of = o->sequence.owned_by;

		if (of.len > column.len &&
			catalog_find(l->catalog, l->session, OBJECT_TABLE,
				pg_split_name(slice_sub(of, 0, of.len - column.len - 1)),
				&t) == PRESENT &&
			catalog_part(l->catalog, t, OBJECT_COLUMN, column, &col) == PRESENT &&
			col->column.identity.len)
			pg_fails(l, "the sequence is its identity column's");
	}
	if (slice_is(owner, "none") || slice_chr(owner, '.') == SIZE_MAX)
		return;
	owner = slice_sub(owner, 0, owner.len - pg_last_part(owner).len - 1);
	if (catalog_find(l->catalog, l->session, OBJECT_TABLE, pg_split_name(owner), &t) ==
			PRESENT &&
		!slice_eq(t->schema, full.schema))
		pg_fails(l, "the sequence must be in the schema of its table");
}

/* ---- Views ---- */

/* The manual, CREATE VIEW, Updatable Views: what they must not have. */
static bool not_updatable(const struct expr *query)
{
	static const char *const words[] = {" group by ", " having ", " distinct ", " union ",
		" intersect ", " except ", " limit ", " offset ", " join ", "count(", "sum("};
	struct slice text = query->normal.len ? query->normal : query->text;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_ifind(text, slice_of(words[i])) != SIZE_MAX)
			return true;
	return slice_istarts(slice_trim(text), "with ");
}

static void refuse_check_option(struct looking *l, struct names options, const struct object *view)
{
	for (size_t i = 0; view && i < options.n; i++)
		if (slice_istarts(options.at[i], "check_option=") &&
			not_updatable(&view->view.query))
			pg_fails(l, "WITH CHECK OPTION needs a view that can be updated");
}

void pg_refuse_view_option(struct looking *l, const struct relation *r)
{
	refuse_check_option(l, l->change->list, r->object);
}

static void refuse_view(struct looking *l)
{
	const struct object *def = l->change->def;
	const struct query_column *col = l->change->columns;

	if (!def)
		return;
	if (def->view.check_option.len && not_updatable(&def->view.query))
		pg_fails(l, "WITH CHECK OPTION needs a view that can be updated");
	refuse_check_option(l, def->view.options, def);
	for (size_t i = 1; i < l->change->ncolumns && i < 64 && !def->view.columns.n; i++)
		for (size_t k = 0; k < i; k++)
			if (col[i].name.len && slice_eq(col[i].name, col[k].name))
				pg_fails(l, "column \"%.*s\" specified more than once",
					SLICE(col[i].name));
}

/* ---- Functions ---- */
static const char *wanted_kind(const struct looking *l)
{
	struct slice kind = slice_of(l->statement->kind);

	if (slice_ends(kind, " PROCEDURE"))
		return "procedure";
	if (slice_ends(kind, " AGGREGATE"))
		return "aggregate";
	return slice_ends(kind, " FUNCTION") ? "function" : NULL;
}

/* A function may be a window function, which goes by the same name. */
static void refuse_routine_kind(struct looking *l)
{
	const char *wanted = wanted_kind(l);
	struct name n = pg_function_name(l, l->change->target);
	const struct object *f;
	struct slice is;

	if (!wanted || catalog_find(l->catalog, l->session, OBJECT_FUNCTION, n, &f) != PRESENT)
		return;
	is = f->function.kind.len ? f->function.kind : SL("function");
	if (slice_is(is, "window") || f->tainted)
		is = SL("function");
	if (!slice_is(is, wanted))
		pg_fails(l, "\"%.*s\" is not a %s", SLICE(n.name), wanted);
}

static unsigned results_among(struct slice arguments)
{
	unsigned n = 0;
	struct slice one;

	while (slice_next(&arguments, ',', &one)) {
		one = slice_trim(one);
		n += slice_istarts(one, "out ") || slice_istarts(one, "inout ");
	}
	return n;
}

static void refuse_arguments(struct looking *l, struct slice signature)
{
	size_t open = slice_chr(signature, '(');
	struct slice rest, type;

	if (open == SIZE_MAX || !slice_ends(signature, ")"))
		return;
	rest = slice_sub(signature, open + 1, signature.len - open - 2);
	if (slice_chr(rest, '(') != SIZE_MAX)
		return;
	while (slice_next(&rest, ',', &type))
		if (!slice_starts(slice_trim(type), "VARIADIC") &&
			unknown_type(l, slice_trim(type)))
			return;
}

static void refuse_result(struct looking *l, struct slice type)
{
	if (slice_istarts(type, "setof "))
		type = slice_trim(slice_from(type, 6));
	if (!slice_istarts(type, "table") && slice_chr(type, '(') == SIZE_MAX &&
		slice_chr(type, '%') == SIZE_MAX)
		unknown_type(l, type);
}

static void refuse_function(struct looking *l)
{
	static const char *const always[] = {"sql", "plpgsql", "c", "internal"};
	const struct object *def = l->change->def, *old, *x;
	struct slice language = def ? def->function.language : SLICE_NONE;
	struct name n = pg_function_name(l, l->change->target);
	bool known = slice_empty(language);

	if (!def)
		return;
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		known = known || slice_iis(language, always[i]);
	if (!known && !pg_has_extensions(l) && catalog_is_complete(l->catalog) &&
		catalog_find(l->catalog, l->session, OBJECT_OTHER,
			(struct name){SLICE_NONE, language}, &x) != PRESENT)
		pg_fails(l, "language \"%.*s\" does not exist", SLICE(language));
	refuse_arguments(l, l->change->target.name);
	refuse_result(l, def->function.returns);
	if (!(l->change->flags & CHANGE_OR_REPLACE) ||
		catalog_find(l->catalog, l->session, OBJECT_FUNCTION, n, &old) != PRESENT)
		return;
	refuse_routine_kind(l);
	if (results_among(old->function.arguments) != results_among(def->function.arguments))
		pg_fails(l, "a function that is replaced keeps its OUT parameters");
}

/* ---- Triggers and policies ---- */
static bool names_row(struct slice condition, const char *which)
{
	size_t at = slice_ifind(condition, slice_of(which));

	return at != SIZE_MAX &&
	       (at == 0 || !strchr("abcdefghijklmnopqrstuvwxyz_", condition.at[at - 1]));
}

static void refuse_trigger(struct looking *l)
{
	const struct trigger_def *d = l->change->def ? &l->change->def->trigger : NULL;
	struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);
	enum presence known;

	if (!d)
		return;
	if (d->for_each_row && names_has(d->events, SL("truncate")))
		pg_fails(l, "TRUNCATE has no triggers for rows");
	if ((d->old_table.len || d->new_table.len) && d->columns.n)
		pg_fails(l, "a trigger for some columns has no transition tables");
	if ((d->old_table.len || d->new_table.len) && d->events.n > 1)
		pg_fails(l, "a trigger for several events has no transition tables");
	if ((d->old_table.len || d->new_table.len) && d->for_each_row &&
		(pg_is_partitioned(&r) || (r.object && r.type == OBJECT_TABLE &&
						  r.object->table_.partition_of.name.len)))
		pg_fails(l, "a trigger for rows of partitions has no transition tables");
	for (size_t i = 0; i < d->columns.n; i++) {
		pg_column(l, &r, d->columns.at[i], &known);
		if (known == ABSENT && r.type == OBJECT_TABLE)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(d->columns.at[i]));
	}
	if (names_has(d->events, SL("insert")) && names_row(d->condition.text, "old."))
		pg_fails(l, "an INSERT has no OLD");
	if (names_has(d->events, SL("delete")) && names_row(d->condition.text, "new."))
		pg_fails(l, "a DELETE has no NEW");
	if (d->condition.text.len && !d->for_each_row &&
		(names_row(d->condition.text, "old.") || names_row(d->condition.text, "new.")))
		pg_fails(l, "a trigger for statements has no row to look at");
	if (d->condition.text.len && slice_istarts(d->timing, "instead"))
		pg_fails(l, "INSTEAD OF triggers have no condition");
}

static void refuse_policy(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r = pg_relation(l, c->target, OBJECT_NONE);
	const struct object *old = NULL;
	struct slice command;

	if (r.object && r.type != OBJECT_TABLE)
		pg_fails(l, "\"%.*s\" is not a table", SLICE(r.name.name));
	if (!c->def)
		return;
	command = c->def->policy.command;
	if (c->kind == CHANGE_ALTER_POLICY) {
		if (!r.object ||
			catalog_part(l->catalog, r.object, OBJECT_POLICY, c->name, &old) != PRESENT)
			return;
		command = old->policy.command;
	}
	if (slice_iis(command, "insert") && c->def->policy.using_expr.text.len)
		pg_fails(l, "for INSERT there is only WITH CHECK");
	if ((slice_iis(command, "select") || slice_iis(command, "delete")) &&
		c->def->policy.check_expr.text.len)
		pg_fails(l, "for SELECT and DELETE there is only USING");
}

/* new.x and old.x of what is not there. */
static void refuse_row_columns(struct looking *l, const struct relation *r, struct slice text)
{
	struct names all = r->object ? pg_column_names(l, r->object) : (struct names){0};
	struct token t, dot = {0}, row = {0};
	struct lexer x;

	lexer_init(&x, DIALECT_POSTGRES, text);
	while (all.n && (t = lexer_next(&x)).kind != TOKEN_END) {
		bool of_row = token_is(row, "new") || token_is(row, "old");

		if (of_row && token_punct(dot, ".") && t.kind == TOKEN_WORD &&
			!names_has(all, token_value(l->arena, DIALECT_POSTGRES, t)))
			pg_fails(l, "column %.*s.%.*s does not exist", SLICE(row.text),
				SLICE(t.text));
		row = dot;
		dot = t;
	}
}

/* A table's rows are its own: nothing else answers for them. */
static void refuse_rule(struct looking *l)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);
	struct slice text =
		l->change->def ? slice_trim(l->change->def->other.definition.text) : SLICE_NONE;

	refuse_row_columns(l, &r, text);
	if (r.type != OBJECT_TABLE || !r.object || !slice_istarts(text, "on select"))
		return;
	if (l->version >= 160000)
		pg_fails(l, "a table has no rules for SELECT");
	else
		pg_may_fail(l, "only an empty table without parts becomes a view");
}

/* ---- Statistics and publications ---- */
static void refuse_statistics(struct looking *l)
{
	const struct object *def = l->change->def;
	struct relation r = pg_relation(l, l->change->other, OBJECT_NONE);
	enum presence known;

	if (!def)
		return;
	if (def->other.members.n == 1 && slice_chr(def->other.members.at[0], '(') == SIZE_MAX)
		pg_fails(l, "extended statistics need two columns");
	if (r.object && r.type != OBJECT_TABLE && r.type != OBJECT_MATVIEW)
		pg_fails(l, "statistics are of tables");
	for (size_t i = 0; i < def->other.members.n; i++) {
		if (slice_chr(def->other.members.at[i], '(') != SIZE_MAX)
			continue;
		pg_column(l, &r, def->other.members.at[i], &known);
		if (known == ABSENT && r.type == OBJECT_TABLE)
			pg_fails(l, "column \"%.*s\" does not exist",
				SLICE(def->other.members.at[i]));
	}
}

static void refuse_published(struct looking *l)
{
	static const char *const actions[] = {"insert", "update", "delete", "truncate"};
	const struct object *def = l->change->def;
	struct slice rest, one;

	for (size_t i = 0; def && i < def->other.options.n; i++) {
		if (!slice_istarts(def->other.options.at[i], "publish="))
			continue;
		for (rest = slice_from(def->other.options.at[i], 8);
			slice_next(&rest, ',', &one);) {
			bool known = slice_empty(slice_trim(one));

			for (size_t k = 0; k < sizeof actions / sizeof *actions; k++)
				known = known || slice_iis(slice_trim(one), actions[k]);
			if (!known)
				pg_fails(l, "nothing is called \"%.*s\" that could be published",
					SLICE(slice_trim(one)));
		}
	}
}

/* ---- What is said about things ---- */
static void refuse_comment(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *part;
	struct relation r;

	switch ((int)c->type) {
	case OBJECT_CONSTRAINT:
	case OBJECT_TRIGGER:
	case OBJECT_RULE:
	case OBJECT_POLICY:
		r = pg_relation(l, c->target, OBJECT_NONE);
		if (r.object && (r.type == OBJECT_TABLE || c->type != OBJECT_RULE) &&
			!(r.type == OBJECT_TABLE && r.object->table_.partition_of.name.len) &&
			catalog_part(l->catalog, r.object, c->type, c->name, &part) == ABSENT)
			pg_fails(l, "%s \"%.*s\" does not exist", object_type_word(c->type),
				SLICE(c->name));
		break;
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
	case OBJECT_SEQUENCE:
	case OBJECT_TABLE:
		r = pg_relation(l, c->target, OBJECT_NONE);
		if (r.object && r.type != c->type)
			pg_fails(l, "\"%.*s\" is not a %s", SLICE(r.name.name),
				object_type_word(c->type));
		break;
	case OBJECT_FUNCTION:
	case OBJECT_TYPE:
	case OBJECT_STATISTICS:
	case OBJECT_PUBLICATION:
	case OBJECT_EVENT_TRIGGER:
	case OBJECT_SCHEMA:
		pg_missing(l, c->type);
		break;
	default:
		break;
	}
}

static void refuse_grant(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	if (c->type == OBJECT_FUNCTION && !slice_ends(c->target.name, "*") &&
		slice_chr(c->target.name, '(') != SIZE_MAX)
		pg_missing(l, c->type);
	if (c->type != OBJECT_SEQUENCE && c->type != OBJECT_TABLE)
		return;
	if (slice_is(c->target.name, "*"))
		return;
	r = pg_relation(l, c->target, OBJECT_NONE);
	if (c->type == OBJECT_SEQUENCE && r.object && r.type != OBJECT_SEQUENCE)
		pg_fails(l, "\"%.*s\" is not a sequence", SLICE(r.name.name));
	for (size_t i = 0; i < c->list.n; i++)
		if (slice_iis(c->list.at[i], "execute") || slice_iis(c->list.at[i], "create") ||
			slice_iis(c->list.at[i], "connect"))
			pg_fails(l, "a relation has no privilege %.*s", SLICE(c->list.at[i]));
}

static void refuse_schema(struct looking *l, struct slice name)
{
	const struct object *there;

	if (slice_starts(name, "pg_"))
		pg_fails(l, "names of schemas that begin with pg_ are the server's");
	if (l->change->kind == CHANGE_RENAME_OTHER &&
		catalog_find(l->catalog, l->session, OBJECT_SCHEMA, (struct name){SLICE_NONE, name},
			&there) == PRESENT)
		pg_fails(l, "schema \"%.*s\" exists already", SLICE(name));
}

/* Another part of the table has the name already. */
static void refuse_renamed(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *there;
	struct relation r;

	if (c->type == OBJECT_SCHEMA)
		refuse_schema(l, c->other.name);
	if (c->type == OBJECT_FUNCTION)
		refuse_routine_kind(l);
	if (c->type != OBJECT_TRIGGER && c->type != OBJECT_RULE && c->type != OBJECT_POLICY)
		return;
	r = pg_relation(l, c->target, OBJECT_NONE);
	if (r.object &&
		catalog_part(l->catalog, r.object, c->type, c->other.name, &there) == PRESENT)
		pg_fails(l, "%s \"%.*s\" exists already", object_type_word(c->type),
			SLICE(c->other.name));
}

/* ---- Rows of views that hold none ---- */
static void refuse_unfilled(struct looking *l)
{
	for (size_t i = 0; i < l->change->reads.n && i < 64; i++) {
		struct relation r =
			pg_relation(l, pg_split_name(l->change->reads.at[i]), OBJECT_NONE);

		if (r.object && r.type == OBJECT_MATVIEW && r.object->view.no_data)
			pg_fails(l, "materialized view \"%.*s\" has not been filled",
				SLICE(r.name.name));
	}
}

static void refuse_dropped_index(struct looking *l)
{
	if (l->change->flags & CHANGE_CONCURRENTLY && l->statement->nchanges > 1)
		pg_fails(l, "DROP INDEX CONCURRENTLY takes one index");
}

/* Where what is there is named, and every row is a kind. */
static const struct {
	enum change_kind kind;
	void (*refuse)(struct looking *l);
} rows[] = {
	{CHANGE_CREATE_TYPE, refuse_type},
	{CHANGE_CREATE_DOMAIN, refuse_domain},
	{CHANGE_CREATE_SEQUENCE, refuse_sequence},
	{CHANGE_ALTER_SEQUENCE, refuse_sequence},
	{CHANGE_CREATE_VIEW, refuse_view},
	{CHANGE_CREATE_FUNCTION, refuse_function},
	{CHANGE_ALTER_FUNCTION, refuse_routine_kind},
	{CHANGE_DROP_FUNCTION, refuse_routine_kind},
	{CHANGE_CREATE_TRIGGER, refuse_trigger},
	{CHANGE_CREATE_POLICY, refuse_policy},
	{CHANGE_ALTER_POLICY, refuse_policy},
	{CHANGE_CREATE_RULE, refuse_rule},
	{CHANGE_CREATE_STATISTICS, refuse_statistics},
	{CHANGE_CREATE_OTHER, refuse_published},
	{CHANGE_ALTER_OTHER, refuse_published},
	{CHANGE_COMMENT_ON, refuse_comment},
	{CHANGE_GRANT, refuse_grant},
	{CHANGE_REVOKE, refuse_grant},
	{CHANGE_RENAME_OTHER, refuse_renamed},
	{CHANGE_SELECT, refuse_unfilled},
	{CHANGE_INSERT, refuse_unfilled},
	{CHANGE_CREATE_TABLE_AS, refuse_unfilled},
	{CHANGE_CREATE_MATVIEW, refuse_unfilled},
	{CHANGE_DROP_INDEX, refuse_dropped_index},
};

/* A view has no rows of its own: COPY (SELECT …) reads them. */
static void refuse_for_view(struct looking *l)
{
	struct relation r;

	if (!l->change->target.name.len || l->change->type == OBJECT_SCHEMA ||
		l->change->type == OBJECT_DATABASE || l->change->type == OBJECT_INDEX)
		return;
	r = pg_relation(l, l->change->target, OBJECT_NONE);
	if (r.object && r.type == OBJECT_VIEW)
		pg_fails(l, "\"%.*s\" is a view", SLICE(r.name.name));
	if (r.object && r.type == OBJECT_TABLE && l->change->kind == CHANGE_COPY_OUT &&
		slice_is(r.object->table_.kind, "partitioned"))
		pg_fails(l, "\"%.*s\" is partitioned: COPY (SELECT ...) reads its partitions",
			SLICE(r.name.name));
}

void pg_refuse_object(struct looking *l)
{
	const struct change *c = l->change;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].kind == c->kind)
			rows[i].refuse(l);
	if (catalog_tells(c->kind))
		as_catalog_says(l);
	switch ((int)c->kind) {
	case CHANGE_CREATE_SCHEMA:
		refuse_schema(l, c->target.name);
		break;
	case CHANGE_CREATE_TABLE:
		taken_name(l, OBJECT_TYPE);
		break;
	case CHANGE_CREATE_EXTENSION: /* every database is made with it */
		if (slice_is(c->target.name, "plpgsql") && !(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "extension \"plpgsql\" exists already");
		break;
	case CHANGE_REFRESH_MATVIEW:
		if (c->flags & CHANGE_CONCURRENTLY && c->flags & CHANGE_WITH_NO_DATA)
			pg_fails(l, "CONCURRENTLY and WITH NO DATA exclude each other");
		break;
	case CHANGE_COPY_OUT:
	case CHANGE_REINDEX:
		refuse_for_view(l);
		break;
	case CHANGE_SECURITY_LABEL:
		pg_may_fail(l, "it fails unless a provider of labels is loaded");
		break;
	}
}
