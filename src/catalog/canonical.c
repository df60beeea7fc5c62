/* canonical.c - defaults that servers fill in, so that saying them and leaving them away is the
 * same. Done to every object on its way into a catalog, whether a reader or a server made it. */
#include "catalog/internal.h"

static void fill(struct slice *s, const char *dflt)
{
	if (slice_empty(*s))
		*s = slice_of(dflt);
}

void sequence_defaults(struct catalog *c, struct sequence_def *d)
{
	bool down = d->increment.len && d->increment.at[0] == '-';
	bool small = slice_is(d->type, "smallint"), mid = slice_is(d->type, "integer");

	(void)c;
	fill(&d->type, "bigint");
	fill(&d->increment, "1");
	if (slice_empty(d->min))
		d->min = !down   ? SL("1")
			 : small ? SL("-32768")
			 : mid   ? SL("-2147483648")
				 : SL("-9223372036854775808");
	if (slice_empty(d->max))
		d->max = down    ? SL("-1")
			 : small ? SL("32767")
			 : mid   ? SL("2147483647")
				 : SL("9223372036854775807");
	if (slice_empty(d->start))
		d->start = down ? d->max : d->min;
	fill(&d->cache, "1");
	fill(&d->persistence, "permanent");
	if (slice_is(d->owned_by, "none"))
		d->owned_by = SLICE_NONE;
}

static void table(struct catalog *c, struct table_def *d)
{
	fill(&d->kind, "table");
	fill(&d->persistence, "permanent");
	if (!is_postgres(c))
		return;
	if (slice_is(d->kind, "table"))
		fill(&d->access_method, "heap");
	fill(&d->replica_identity, "default");
}

static void constraint(struct catalog *c, struct constraint_def *d)
{
	if (d->deferred)
		d->deferrable = true;
	if (d->not_enforced && is_postgres(c))
		d->not_valid = true;
	if (!slice_is(d->kind, "foreign key"))
		return;
	fill(&d->on_delete, "no action");
	fill(&d->on_update, "no action");
	if (is_sqlite(c))
		d->match = SLICE_NONE; /* parsed and forgotten */
	else
		fill(&d->match, "simple");
}

static void function(struct catalog *c, struct function_def *d)
{
	fill(&d->kind, "function");
	if (!is_postgres(c))
		return;
	fill(&d->volatility, "volatile");
	fill(&d->parallel, "unsafe");
	if (slice_is(d->kind, "aggregate")) {
		d->language = SL("internal");
		d->volatility = SL("immutable");
		fill(&d->cost, "1");
		fill(&d->rows, "0");
		return;
	}
	fill(&d->language, "sql");
	fill(&d->rows, slice_istarts(d->returns, "setof") || slice_istarts(d->returns, "table(")
			       ? "1000"
			       : "0");
	fill(&d->cost,
		slice_is(d->language, "c") || slice_is(d->language, "internal") ? "1" : "100");
}

static void view(struct catalog *c, const struct object *o, struct view_def *d)
{
	if (is_postgres(c) && o->type == OBJECT_MATVIEW)
		fill(&d->access_method, "heap");
}

static void policy(struct catalog *c, struct policy_def *d)
{
	fill(&d->command, "all");
	/* PUBLIC beside roles: the server keeps PUBLIC only. */
	for (size_t i = 0; i < d->roles.n; i++)
		if (slice_iis(d->roles.at[i], "public"))
			d->roles.n = 0;
	if (d->roles.n == 0)
		names_add(&c->arena, &d->roles, SL("public"));
}

static void publication(struct catalog *c, struct other_def *d)
{
	fill(&d->class_, "publication");
	/* Members say it all, but for row filters and column lists. */
	if (slice_istarts(d->definition.text, "create") &&
		slice_ifind(d->definition.text, SL(" where ")) == SIZE_MAX)
		d->definition = (struct expr){0};
	for (size_t i = 0; i < d->options.n; i++)
		if (slice_starts(d->options.at[i], "publish="))
			return;
	d->options = names_copy(&c->arena, d->options);
	names_add(&c->arena, &d->options, SL("publish=insert, update, delete, truncate"));
}

/* How the server keeps values of a type when nobody says: with and without being moved out. */
const char *type_storage(struct slice type)
{
	static const char *const main_types[] = {"numeric", "inet", "cidr"};
	static const char *const extended[] = {"text", "character", "character varying", "bytea",
		"json", "jsonb", "xml", "bit", "bit varying", "tsvector", "tsquery", "path",
		"polygon", "citext", "hstore"};
	struct slice base = type_base(type), bare = split_name(base).name;

	if (slice_ends(type, "]"))
		return "extended";
	for (size_t i = 0; i < sizeof main_types / sizeof *main_types; i++)
		if (slice_is(base, main_types[i]))
			return "main";
	for (size_t i = 0; i < sizeof extended / sizeof *extended; i++)
		if (slice_is(base, extended[i]) || slice_is(bare, extended[i]))
			return "extended";
	return slice_chr(base, '.') == SIZE_MAX ? "plain" : NULL;
}

static void column(struct catalog *c, struct column_def *d)
{
	const char *storage = is_postgres(c) ? type_storage(d->type) : NULL;

	if (storage && slice_is(d->storage, storage))
		d->storage = SLICE_NONE;
	if (is_postgres(c) && slice_is(d->statistics, "-1"))
		d->statistics = SLICE_NONE;
	/* A column without a default has the default NULL. */
	if (slice_iis(d->default_value.text, "null") && !d->default_value.normal.len)
		d->default_value = (struct expr){0};
}

void canonical(struct catalog *c, struct object *o)
{
	switch (o->type) {
	case OBJECT_TABLE:
		table(c, &o->table_);
		break;
	case OBJECT_COLUMN:
		column(c, &o->column);
		break;
	case OBJECT_CONSTRAINT:
		constraint(c, &o->constraint);
		break;
	case OBJECT_INDEX:
		if (is_postgres(c))
			fill(&o->index.method, "btree");
		break;
	case OBJECT_SEQUENCE:
		sequence_defaults(c, &o->sequence);
		break;
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
		view(c, o, &o->view);
		break;
	case OBJECT_FUNCTION:
		function(c, &o->function);
		break;
	case OBJECT_TRIGGER:
		if (is_postgres(c))
			fill(&o->trigger.enabled, "origin");
		break;
	case OBJECT_RULE:
	case OBJECT_EVENT_TRIGGER:
		fill(&o->other.enabled, "origin");
		break;
	case OBJECT_PUBLICATION:
		publication(c, &o->other);
		break;
	case OBJECT_POLICY:
		policy(c, &o->policy);
		break;
	case OBJECT_NONE:
	case OBJECT_SCHEMA:
	case OBJECT_EXTENSION:
	case OBJECT_TYPE:
	case OBJECT_STATISTICS:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_OTHER:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
}
