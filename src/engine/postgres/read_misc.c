/* read_misc.c - triggers, rules, policies, publications, schemas, roles and whatever else there is.
 */
#include "engine/postgres/read_impl.h"

/* ---- Parts of tables ---- */

/* The server's TRIGGER_TYPE bits (pg_trigger.h). */
enum {
	TRIGGER_BEFORE = 2,
	TRIGGER_INSERT = 4,
	TRIGGER_DELETE = 8,
	TRIGGER_UPDATE = 16,
	TRIGGER_TRUNCATE = 32,
	TRIGGER_INSTEAD = 64
};

static void trigger_events(struct rd *rd, struct trigger_def *d, node n)
{
	static const struct {
		int bit;
		const char *word;
	} events[] = {
		{TRIGGER_INSERT, "insert"},
		{TRIGGER_UPDATE, "update"},
		{TRIGGER_DELETE, "delete"},
		{TRIGGER_TRUNCATE, "truncate"},
	};
	long long timing = tree_int(tree_get(n, "timing"), 0);
	long long bits = tree_int(tree_get(n, "events"), 0);
	size_t i;

	d->timing = timing & TRIGGER_INSTEAD  ? SL("instead of")
		    : timing & TRIGGER_BEFORE ? SL("before")
					      : SL("after");
	for (i = 0; i < sizeof events / sizeof *events; i++)
		if (bits & events[i].bit)
			rd_list(rd, &d->events, slice_of(events[i].word));
	d->columns = rd_strings(rd, tree_get(n, "columns"));
}

static void create_trigger(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_TRIGGER);
	node relation = tree_get(n, "relation"), list = tree_get(n, "transitionRels"), t;
	struct trigger_def *d;
	struct name function = rd_qname(rd, tree_get(n, "funcname"));
	size_t from = rd_name_end(rd, rd_loc(relation)), execute = rd_find(rd, from, "execute");

	c->type = OBJECT_TRIGGER;
	c->target = rd_relation(rd, relation);
	c->name = rd_text_of(rd, tree_get(n, "trigname"));
	if (tree_true(tree_get(n, "replace"))) {
		c->flags |= CHANGE_OR_REPLACE;
		rd_requires(rd, 14, "CREATE OR REPLACE TRIGGER");
	}
	c->def = rd_object(rd, OBJECT_TRIGGER, (struct name){SLICE_NONE, c->name});
	d = &c->def->trigger;
	trigger_events(rd, d, n);
	d->for_each_row = tree_true(tree_get(n, "row"));
	d->enabled = SL("origin");
	d->constraint = tree_true(tree_get(n, "isconstraint"));
	d->deferrable = tree_true(tree_get(n, "deferrable"));
	d->deferred = tree_true(tree_get(n, "initdeferred"));
	if (tree_get(n, "whenClause"))
		d->condition =
			rd_expr_in(rd, tree_get(n, "whenClause"), rd_find(rd, from, "when") + 1);
	d->body.text = rd_between(rd, execute + 2, rd->ntok - 1);
	c->other = function;
	for (t = tree_first(list); t; t = tree_next(list, t)) {
		node b = rd_body(t);
		struct slice name = rd_text_of(rd, tree_get(b, "name"));

		if (tree_true(tree_get(b, "isNew")))
			d->new_table = name;
		else
			d->old_table = name;
	}
	/* FROM other_table, of a constraint trigger */
	if (tree_get(n, "constrrel"))
		rd_list(rd, &c->reads, rd_plain(rd, rd_relation(rd, tree_get(n, "constrrel"))));
}

static void create_rule(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_RULE);
	node relation = tree_get(n, "relation");

	c->type = OBJECT_RULE;
	c->target = rd_relation(rd, relation);
	c->name = rd_text_of(rd, tree_get(n, "rulename"));
	if (tree_true(tree_get(n, "replace")))
		c->flags |= CHANGE_OR_REPLACE;
	c->def = rd_object(rd, OBJECT_RULE, (struct name){SLICE_NONE, c->name});
	c->def->other.definition = rd_expr(rd, n, rd_find(rd, 0, "as") + 1, rd->ntok - 1);
	c->def->other.enabled = SL("origin");
	rd_reads(rd, tree_get(n, "actions"), &c->reads);
	rd_reads(rd, tree_get(n, "whereClause"), &c->reads);
}

static void policy(struct rd *rd, struct change *c, node n)
{
	node relation = tree_get(n, "table"), roles = tree_get(n, "roles"), r;
	size_t i = rd_name_end(rd, rd_loc(relation));
	struct policy_def *d;

	c->type = OBJECT_POLICY;
	c->target = rd_relation(rd, relation);
	c->name = rd_text_of(rd, tree_get(n, "policy_name"));
	c->def = rd_object(rd, OBJECT_POLICY, (struct name){SLICE_NONE, c->name});
	d = &c->def->policy;
	d->command = rd_text_of(rd, tree_get(n, "cmd_name"));
	for (r = tree_first(roles); r; r = tree_next(roles, r))
		rd_list(rd, &d->roles, rd_role(rd, r));
	/* The server ignores whoever is named beside PUBLIC. */
	if (names_has(d->roles, SL("public"))) {
		d->roles = (struct names){0};
		rd_list(rd, &d->roles, SL("public"));
	}
	if (tree_get(n, "qual"))
		d->using_expr = rd_expr_in(rd, tree_get(n, "qual"), rd_find(rd, i, "using") + 1);
	if (tree_get(n, "with_check"))
		d->check_expr =
			rd_expr_in(rd, tree_get(n, "with_check"), rd_find(rd, i, "check") + 1);
	rd_reads(rd, tree_get(n, "qual"), &c->reads);
	rd_reads(rd, tree_get(n, "with_check"), &c->reads);
}

static void create_policy(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_POLICY);
	size_t i;

	policy(rd, c, n);
	i = rd_name_end(rd, rd_loc(tree_get(n, "table")));
	c->def->policy.restrictive = token_is(rd->tok[i], "as") && rd_has(rd, i + 1) &&
				     token_is(rd->tok[i + 1], "restrictive");
}

static void alter_policy(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_POLICY);

	policy(rd, c, n);
	if (c->def->policy.roles.n)
		rd_list(rd, &c->list, SL("roles"));
	if (tree_get(n, "qual"))
		rd_list(rd, &c->list, SL("using"));
	if (tree_get(n, "with_check"))
		rd_list(rd, &c->list, SL("with check"));
}

/* ---- Statistics ---- */

static void create_statistics(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_STATISTICS);
	node list = tree_get(n, "exprs"), e;
	size_t i;

	c->type = OBJECT_STATISTICS;
	c->target = rd_qname(rd, tree_get(n, "defnames"));
	if (!c->target.name.len)
		rd_requires(rd, 16, "CREATE STATISTICS without a name");
	c->other = rd_relation(rd, tree_nth(tree_get(n, "relations"), 0));
	if (tree_true(tree_get(n, "if_not_exists")))
		c->flags |= CHANGE_IF_NOT_EXISTS;
	c->def = rd_object(rd, OBJECT_STATISTICS, c->target);
	c->def->generated_name = !c->target.name.len;
	c->def->other.options = rd_strings(rd, tree_get(n, "stat_types"));
	rd_tokens(rd);
	i = rd_find(rd, 0, "on") + 1;
	for (e = tree_first(list); e; e = tree_next(list, e)) {
		node b = rd_body(e);
		struct slice name = rd_text_of(rd, tree_get(b, "name"));
		size_t end = rd_item_end(rd, i), from = rd_find(rd, i, "from");

		rd_list(rd, &c->def->other.members,
			name.len ? name : rd_between(rd, i, from < end ? from : end));
		if (!name.len)
			rd_requires(rd, 14, "CREATE STATISTICS on expressions");
		i = end + 1;
	}
}

static void alter_statistics(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_OTHER);

	c->type = OBJECT_STATISTICS;
	c->target = rd_qname(rd, tree_get(n, "defnames"));
	c->value.text = rd_between(rd, rd_find(rd, 0, "set"), rd->ntok - 1);
	rd_requires(rd, 13, "ALTER STATISTICS SET STATISTICS");
	if (tree_true(tree_get(n, "missing_ok")))
		c->flags |= CHANGE_IF_EXISTS;
}

/* ---- Publications and subscriptions ---- */

/* Fills the members; says whether any has columns or a filter of its own. */
static bool members(struct rd *rd, struct names *out, node list)
{
	bool parts = false;
	node m;

	for (m = tree_first(list); m; m = tree_next(list, m)) {
		node b = rd_body(m), t = tree_get(b, "pubtable");

		if (tree_key_is(b, "RangeVar")) { /* the form before 15 */
			rd_list(rd, out, rd_plain(rd, rd_relation(rd, b)));
			continue;
		}
		if (!t) {
			rd_requires(rd, 15, "FOR TABLES IN SCHEMA");
			rd_list(rd, out,
				arena_printf(rd->a, "%.*s.*",
					SLICE(rd_text_of(rd, tree_get(b, "name")))));
			continue;
		}
		parts = parts || tree_get(t, "whereClause") || tree_get(t, "columns");
		if (tree_get(t, "whereClause") || tree_get(t, "columns"))
			rd_requires(rd, 15, "row filters and column lists of a publication");
		rd_list(rd, out, rd_plain(rd, rd_relation(rd, tree_get(t, "relation"))));
	}
	return parts;
}

static struct change *publication(struct rd *rd, node n, enum change_kind kind)
{
	struct change *c = rd_emit(rd, kind);

	c->type = OBJECT_PUBLICATION;
	c->target.name = rd_text_of(rd, tree_get(n, "pubname"));
	c->def = rd_object(rd, OBJECT_PUBLICATION, c->target);
	c->def->other.options = rd_options(rd, tree_get(n, "options"));
	/* Without columns and filters the members say it all. */
	if (members(rd, &c->def->other.members, tree_get(n, "pubobjects")))
		c->def->other.definition.text = rd_between(rd, 0, (rd_tokens(rd), rd->ntok - 1));
	if (tree_true(tree_get(n, "for_all_tables")))
		rd_list(rd, &c->def->other.members, SL("*"));
	return c;
}

static void create_publication(struct rd *rd, node n)
{
	publication(rd, n, CHANGE_CREATE_OTHER);
}

static void alter_publication(struct rd *rd, node n)
{
	struct change *c = publication(rd, n, CHANGE_ALTER_OTHER);
	node action = tree_get(n, "action");

	c->value.text = tree_is(action, "AP_AddObjects")    ? SL("add")
			: tree_is(action, "AP_DropObjects") ? SL("drop")
							    : SL("set");
}

static void subscription(struct rd *rd, node n, enum change_kind kind)
{
	struct change *c = rd_emit(rd, kind);

	c->type = OBJECT_OTHER;
	c->target.name = c->name = rd_text_of(rd, tree_get(n, "subname"));
	c->list = rd_strings(rd, tree_get(n, "publication"));
	c->settings = rd_options(rd, tree_get(n, "options"));
	if (tree_get(n, "kind"))
		c->value.text = rd_lower(rd, rd_text_of(rd, tree_get(n, "kind")));
	if (tree_true(tree_get(n, "missing_ok")))
		c->flags |= CHANGE_IF_EXISTS;
}

static void create_subscription(struct rd *rd, node n)
{
	subscription(rd, n, CHANGE_CREATE_SUBSCRIPTION);
}

static void alter_subscription(struct rd *rd, node n)
{
	subscription(rd, n, CHANGE_ALTER_SUBSCRIPTION);
}

static void drop_subscription(struct rd *rd, node n)
{
	subscription(rd, n, CHANGE_DROP_SUBSCRIPTION);
}

/* ---- Event triggers and extensions ---- */

static void create_event_trigger(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_OTHER);

	c->type = OBJECT_EVENT_TRIGGER;
	c->target.name = rd_text_of(rd, tree_get(n, "trigname"));
	c->def = rd_object(rd, OBJECT_EVENT_TRIGGER, c->target);
	c->def->other.options = rd_options(rd, tree_get(n, "whenclause"));
	rd_list(rd, &c->def->other.members, rd_text_of(rd, tree_get(n, "eventname")));
	c->def->other.enabled = SL("origin");
	c->def->other.definition.text = rd_plain(rd, rd_qname(rd, tree_get(n, "funcname")));
}

static void alter_event_trigger(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_OTHER);
	node e = tree_get(n, "tgenabled");

	c->type = OBJECT_EVENT_TRIGGER;
	c->target.name = rd_text_of(rd, tree_get(n, "trigname"));
	c->value.text = tree_is(e, "D")   ? SL("disabled")
			: tree_is(e, "A") ? SL("always")
			: tree_is(e, "R") ? SL("replica")
					  : SL("origin");
}

static void create_extension(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_EXTENSION);
	node options = tree_get(n, "options");

	c->type = OBJECT_EXTENSION;
	c->target.name = rd_text_of(rd, tree_get(n, "extname"));
	c->def = rd_object(rd, OBJECT_EXTENSION, c->target);
	c->def->other.version = rd_option_value(rd, rd_option(options, "new_version"));
	c->def->schema = rd_option_value(rd, rd_option(options, "schema"));
	c->flags |= (tree_true(tree_get(n, "if_not_exists")) ? CHANGE_IF_NOT_EXISTS : 0) |
		    (rd_option(options, "cascade") ? CHANGE_CASCADE : 0);
}

static void alter_extension(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_EXTENSION);

	c->type = OBJECT_EXTENSION;
	c->target.name = rd_text_of(rd, tree_get(n, "extname"));
	c->value.text = SL("update");
	c->def = rd_object(rd, OBJECT_EXTENSION, c->target);
	c->def->other.version =
		rd_option_value(rd, rd_option(tree_get(n, "options"), "new_version"));
}

static void extension_contents(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_EXTENSION);

	c->type = OBJECT_EXTENSION;
	c->target.name = rd_text_of(rd, tree_get(n, "extname"));
	c->value.text = tree_int(tree_get(n, "action"), 0) > 0 ? SL("add") : SL("drop");
	rd_list(rd, &c->list, rd_lower(rd, slice_of(rd_object_words(tree_get(n, "objtype")))));
}

/* ---- Schemas, databases, tablespaces, roles ---- */

/* What an element reads may be its neighbour: the new schema is the first of the path there. */
static void reads_in_schema(
	struct rd *rd, struct slice schema, const struct change *v, size_t n, struct names *reads)
{
	size_t i, k;

	*reads = names_copy(rd->a, *reads);
	for (i = 0; i < reads->n; i++)
		for (k = 0; k < n; k++)
			if (slice_eq(reads->at[i], v[k].target.name))
				reads->at[i] = arena_printf(
					rd->a, "%.*s.%.*s", SLICE(schema), SLICE(v[k].target.name));
}

/* An element without a schema of its own belongs to the schema that is being made. */
static void in_schema(struct rd *rd, struct slice schema, struct change *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		reads_in_schema(rd, schema, v, n, &v[i].reads);
		if (v[i].def && (v[i].def->type == OBJECT_VIEW || v[i].def->type == OBJECT_MATVIEW))
			reads_in_schema(rd, schema, v, n, &v[i].def->view.reads);
	}

	for (i = 0; i < n; i++) {
		if (v[i].target.name.len && !v[i].target.schema.len)
			v[i].target.schema = schema;
		if (v[i].def && !v[i].def->schema.len && v[i].def->type != OBJECT_COLUMN)
			v[i].def->schema = schema;
	}
}

/* CREATE and GRANT are reserved words: outside brackets, each begins an element. */
static size_t next_element(struct rd *rd, size_t i)
{
	size_t create = rd_find(rd, i, "create"), grant = rd_find(rd, i, "grant");

	return create < grant ? create : grant;
}

/* Elements are statements: each is read from its own words. */
static void schema_elements(struct rd *rd, struct change **v, size_t *count)
{
	size_t i = next_element(rd, 1), end;

	for (; rd_has(rd, i); i = end) {
		struct slice text;

		end = next_element(rd, i + 1);
		text = rd_between(rd, i, end);
		if (!rd_text(rd, text, rd->tok[i].off, true, CHANGE_INNER, v, count))
			rd_partly(rd, SL("an element of the schema could not be read alone"),
				SL("*"));
	}
}

static void create_schema(struct rd *rd, node n)
{
	node role = tree_get(n, "authrole");
	struct slice name = rd_text_of(rd, tree_get(n, "schemaname"));
	struct change *v = NULL, *c;
	size_t count = 0;

	if (!name.len && role)
		name = rd_role(rd, role);
	if (tree_first(tree_get(n, "schemaElts")))
		schema_elements(rd, &v, &count);
	in_schema(rd, name, v, count);
	c = rd_emit(rd, CHANGE_CREATE_SCHEMA);
	c->type = OBJECT_SCHEMA;
	c->target.name = name;
	if (tree_true(tree_get(n, "if_not_exists")))
		c->flags |= CHANGE_IF_NOT_EXISTS;
	c->def = rd_object(rd, OBJECT_SCHEMA, c->target);
	if (role)
		c->def->owner = rd_role(rd, role);
	c->inner = v;
	c->ninner = count;
}

static struct change *database(struct rd *rd, node n, enum change_kind kind)
{
	struct change *c = rd_emit(rd, kind);

	c->type = OBJECT_DATABASE;
	c->target.name = rd_text_of(rd, tree_get(n, "dbname"));
	c->settings = rd_options(rd, tree_get(n, "options"));
	if (tree_true(tree_get(n, "missing_ok")))
		c->flags |= CHANGE_IF_EXISTS;
	return c;
}

static void create_database(struct rd *rd, node n)
{
	database(rd, n, CHANGE_CREATE_DATABASE);
}

static void drop_database(struct rd *rd, node n)
{
	database(rd, n, CHANGE_DROP_DATABASE);
}

static void alter_database(struct rd *rd, node n)
{
	struct change *c = database(rd, n, CHANGE_ALTER_DATABASE);

	if (rd_option(tree_get(n, "options"), "tablespace"))
		c->name = SL("tablespace");
}

static void database_set(struct rd *rd, node n)
{
	struct change *c = database(rd, n, CHANGE_ALTER_DATABASE);
	node set = tree_get(n, "setstmt");

	c->name = rd_text_of(rd, tree_get(set, "name"));
	c->value.text = rd_value(rd, tree_get(set, "args"));
}

static void create_tablespace(struct rd *rd, node n)
{
	rd_emit(rd, CHANGE_CREATE_TABLESPACE)->name = rd_text_of(rd, tree_get(n, "tablespacename"));
}

static void drop_tablespace(struct rd *rd, node n)
{
	rd_emit(rd, CHANGE_DROP_TABLESPACE)->name = rd_text_of(rd, tree_get(n, "tablespacename"));
}

static struct slice role_spec(struct rd *rd, node n)
{
	return tree_get(n, "role") ? rd_role(rd, tree_get(n, "role")) : SL("ALL");
}

static struct change *role(struct rd *rd, enum change_kind kind, struct slice name)
{
	struct change *c = rd_emit(rd, kind);

	c->type = OBJECT_ROLE;
	c->target.name = name;
	return c;
}

/* The password is not kept: what is not stored cannot be shown. */
static struct names role_options(struct rd *rd, node list)
{
	struct names out = rd_options(rd, list);
	size_t i;

	for (i = 0; i < out.n; i++)
		if (slice_starts(out.at[i], "password="))
			out.at[i] = SL("password");
	return out;
}

static void create_role(struct rd *rd, node n)
{
	struct change *c = role(rd, CHANGE_CREATE_ROLE, rd_text_of(rd, tree_get(n, "role")));

	rd->kind = tree_is(tree_get(n, "stmt_type"), "ROLESTMT_USER")    ? "CREATE USER"
		   : tree_is(tree_get(n, "stmt_type"), "ROLESTMT_GROUP") ? "CREATE GROUP"
									 : "CREATE ROLE";
	c->settings = role_options(rd, tree_get(n, "options"));
}

static void alter_role(struct rd *rd, node n)
{
	struct change *c = role(rd, CHANGE_ALTER_ROLE, role_spec(rd, n));

	c->settings = role_options(rd, tree_get(n, "options"));
}

static void role_set(struct rd *rd, node n)
{
	struct change *c = role(rd, CHANGE_ALTER_ROLE, role_spec(rd, n));
	node set = tree_get(n, "setstmt");

	c->name = rd_text_of(rd, tree_get(set, "name"));
	c->value.text = rd_value(rd, tree_get(set, "args"));
}

static void drop_role(struct rd *rd, node n)
{
	node list = tree_get(n, "roles"), r;

	for (r = tree_first(list); r; r = tree_next(list, r)) {
		struct change *c = role(rd, CHANGE_DROP_ROLE, rd_role(rd, r));

		if (tree_true(tree_get(n, "missing_ok")))
			c->flags |= CHANGE_IF_EXISTS;
	}
}

static void drop_owned(struct rd *rd, node n)
{
	(void)n;
	rd_opaque(rd, SL("DROP OWNED drops whatever the role owns, which is not written here"),
		SL("*"));
}

static void reassign_owned(struct rd *rd, node n)
{
	(void)n;
	rd_opaque(rd,
		SL("REASSIGN OWNED changes the owner of whatever the role owns, which is "
		   "not written here"),
		SL("*"));
}

static void move_all(struct rd *rd, node n)
{
	rd->kind = rd_kind(rd, "ALTER ", rd_object_words(tree_get(n, "objtype")));
	rd_opaque(rd, SL("ALL IN TABLESPACE moves whatever lies there, which is not written here"),
		SL("*"));
}

static void import_schema(struct rd *rd, node n)
{
	(void)n;
	rd_opaque(rd, SL("IMPORT FOREIGN SCHEMA creates tables that only the other server knows"),
		SL("*"));
}

/* ---- Everything else: known by class and definition ---- */

struct other_row {
	const char *node;
	const char *class_;
	const char *name; /* the member that holds the name */
	enum change_kind kind;
};

/* clang-format off */
static const struct other_row others[] = {
	{"CreateFdwStmt",            "foreign data wrapper", "fdwname", CHANGE_CREATE_OTHER},
	{"AlterFdwStmt",             "foreign data wrapper", "fdwname", CHANGE_ALTER_OTHER},
	{"CreateForeignServerStmt",  "server", "servername", CHANGE_CREATE_OTHER},
	{"AlterForeignServerStmt",   "server", "servername", CHANGE_ALTER_OTHER},
	{"CreateUserMappingStmt",    "user mapping", NULL, CHANGE_CREATE_OTHER},
	{"AlterUserMappingStmt",     "user mapping", NULL, CHANGE_ALTER_OTHER},
	{"DropUserMappingStmt",      "user mapping", NULL, CHANGE_DROP_OTHER},
	{"CreateCastStmt",           "cast", NULL, CHANGE_CREATE_OTHER},
	{"CreateTransformStmt",      "transform", NULL, CHANGE_CREATE_OTHER},
	{"CreateConversionStmt",     "conversion", "conversion_name", CHANGE_CREATE_OTHER},
	{"CreateOpClassStmt",        "operator class", "opclassname", CHANGE_CREATE_OTHER},
	{"CreateOpFamilyStmt",       "operator family", "opfamilyname", CHANGE_CREATE_OTHER},
	{"AlterOpFamilyStmt",        "operator family", "opfamilyname", CHANGE_ALTER_OTHER},
	{"AlterOperatorStmt",        "operator", "opername", CHANGE_ALTER_OTHER},
	{"CreateAmStmt",             "access method", "amname", CHANGE_CREATE_OTHER},
	{"CreatePLangStmt",          "language", "plname", CHANGE_CREATE_OTHER},
	{"AlterTSConfigurationStmt", "text search configuration", "cfgname", CHANGE_ALTER_OTHER},
	{"AlterTSDictionaryStmt",    "text search dictionary", "dictname", CHANGE_ALTER_OTHER},
	{"AlterCollationStmt",       "collation", "collname", CHANGE_ALTER_OTHER},
	{"AlterTableSpaceOptionsStmt", "tablespace", "tablespacename", CHANGE_ALTER_OTHER},
	{"AlterDatabaseRefreshCollStmt", "database", "dbname", CHANGE_ALTER_OTHER},
};
/* clang-format on */

static struct name other_name(struct rd *rd, const struct other_row *row, node n)
{
	struct name name = {0};
	node m = row->name ? tree_get_n(n, row->name, strlen(row->name)) : NULL;

	if (m && m->kind == TREE_STRING)
		name.name = rd_text_of(rd, m);
	else if (m && tree_get(m, "objname"))
		name = rd_signature_name(rd, m);
	else if (m)
		name = rd_qname(rd, m);
	else if (tree_get(n, "sourcetype"))
		name.name = arena_printf(rd->a, "%.*s as %.*s",
			SLICE(rd_type(rd, tree_get(n, "sourcetype"))),
			SLICE(rd_type(rd, tree_get(n, "targettype"))));
	else if (tree_get(n, "type_name"))
		name.name = arena_printf(rd->a, "%.*s language %.*s",
			SLICE(rd_type(rd, tree_get(n, "type_name"))),
			SLICE(rd_text_of(rd, tree_get(n, "lang"))));
	else if (tree_get(n, "user"))
		name.name =
			arena_printf(rd->a, "%.*s on %.*s", SLICE(rd_role(rd, tree_get(n, "user"))),
				SLICE(rd_text_of(rd, tree_get(n, "servername"))));
	return name;
}

static void other(struct rd *rd, node n)
{
	const struct other_row *row = NULL;
	const char *verb;
	struct change *c;
	size_t i;

	for (i = 0; i < sizeof others / sizeof *others; i++)
		if (tree_key_is_n(n, others[i].node, strlen(others[i].node)))
			row = &others[i];
	if (!row)
		return;
	verb = row->kind == CHANGE_CREATE_OTHER  ? "CREATE "
	       : row->kind == CHANGE_ALTER_OTHER ? "ALTER "
						 : "DROP ";
	rd->kind = arena_cstr(rd->a, rd_upper(rd, arena_printf(rd->a, "%s%s", verb, row->class_)));
	c = rd_emit(rd, row->kind);
	c->type = OBJECT_OTHER;
	c->target = other_name(rd, row, n);
	c->flags |= (tree_true(tree_get(n, "if_not_exists")) ? CHANGE_IF_NOT_EXISTS : 0) |
		    (tree_true(tree_get(n, "replace")) ? CHANGE_OR_REPLACE : 0) |
		    (tree_true(tree_get(n, "missing_ok")) ? CHANGE_IF_EXISTS : 0);
	c->def = rd_object(rd, OBJECT_OTHER, c->target);
	c->def->other.class_ = slice_of(row->class_);
	if (tree_get(n, "user")) /* its options hold a password as a rule: they are not kept */
		return;
	c->def->other.definition.text = rd_behind_name(rd, row->class_);
	c->def->other.options = rd_options(rd, tree_get(n, "options"));
	for (i = 0; i < c->def->other.options.n; i++)
		if (slice_starts(c->def->other.options.at[i], "password="))
			c->def->other.options.at[i] = SL("password=***");
	if (tree_get(n, "amname") && row->name && strncmp(row->name, "op", 2) == 0)
		rd_list(rd, &c->def->other.options,
			arena_printf(
				rd->a, "using=%.*s", SLICE(rd_text_of(rd, tree_get(n, "amname")))));
}

const struct statement_row read_misc_rows[] = {
	{"CreateTrigStmt", "CREATE TRIGGER", create_trigger},
	{"RuleStmt", "CREATE RULE", create_rule},
	{"CreatePolicyStmt", "CREATE POLICY", create_policy},
	{"AlterPolicyStmt", "ALTER POLICY", alter_policy},
	{"CreateStatsStmt", "CREATE STATISTICS", create_statistics},
	{"AlterStatsStmt", "ALTER STATISTICS", alter_statistics},
	{"CreatePublicationStmt", "CREATE PUBLICATION", create_publication},
	{"AlterPublicationStmt", "ALTER PUBLICATION", alter_publication},
	{"CreateSubscriptionStmt", "CREATE SUBSCRIPTION", create_subscription},
	{"AlterSubscriptionStmt", "ALTER SUBSCRIPTION", alter_subscription},
	{"DropSubscriptionStmt", "DROP SUBSCRIPTION", drop_subscription},
	{"CreateEventTrigStmt", "CREATE EVENT TRIGGER", create_event_trigger},
	{"AlterEventTrigStmt", "ALTER EVENT TRIGGER", alter_event_trigger},
	{"CreateExtensionStmt", "CREATE EXTENSION", create_extension},
	{"AlterExtensionStmt", "ALTER EXTENSION", alter_extension},
	{"AlterExtensionContentsStmt", "ALTER EXTENSION", extension_contents},
	{"CreateSchemaStmt", "CREATE SCHEMA", create_schema},
	{"CreatedbStmt", "CREATE DATABASE", create_database},
	{"DropdbStmt", "DROP DATABASE", drop_database},
	{"AlterDatabaseStmt", "ALTER DATABASE", alter_database},
	{"AlterDatabaseSetStmt", "ALTER DATABASE", database_set},
	{"CreateTableSpaceStmt", "CREATE TABLESPACE", create_tablespace},
	{"DropTableSpaceStmt", "DROP TABLESPACE", drop_tablespace},
	{"CreateRoleStmt", NULL, create_role},
	{"AlterRoleStmt", "ALTER ROLE", alter_role},
	{"AlterRoleSetStmt", "ALTER ROLE", role_set},
	{"DropRoleStmt", "DROP ROLE", drop_role},
	{"DropOwnedStmt", "DROP OWNED", drop_owned},
	{"ReassignOwnedStmt", "REASSIGN OWNED", reassign_owned},
	{"AlterTableMoveAllStmt", NULL, move_all},
	{"ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA", import_schema},
	{"CreateFdwStmt", NULL, other},
	{"AlterFdwStmt", NULL, other},
	{"CreateForeignServerStmt", NULL, other},
	{"AlterForeignServerStmt", NULL, other},
	{"CreateUserMappingStmt", NULL, other},
	{"AlterUserMappingStmt", NULL, other},
	{"DropUserMappingStmt", NULL, other},
	{"CreateCastStmt", NULL, other},
	{"CreateTransformStmt", NULL, other},
	{"CreateConversionStmt", NULL, other},
	{"CreateOpClassStmt", NULL, other},
	{"CreateOpFamilyStmt", NULL, other},
	{"AlterOpFamilyStmt", NULL, other},
	{"AlterOperatorStmt", NULL, other},
	{"CreateAmStmt", NULL, other},
	{"CreatePLangStmt", NULL, other},
	{"AlterTSConfigurationStmt", NULL, other},
	{"AlterTSDictionaryStmt", NULL, other},
	{"AlterCollationStmt", NULL, other},
	{"AlterTableSpaceOptionsStmt", NULL, other},
	{"AlterDatabaseRefreshCollStmt", NULL, other},
	{NULL, NULL, NULL},
};
