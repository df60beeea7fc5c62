/* read_alter.c - ALTER TABLE and its relatives, one change for each action.
 *
 * The tree gives no place for an action, so the text behind the table's name is cut at the commas
 * that stand outside brackets: one piece for each action, in order. */
#include "engine/postgres/read_impl.h"

/* What an action is read with. */
struct action {
	struct change *c;
	node cmd, def;
	struct slice name;
	size_t from, to; /* tokens */
	bool if_exists;  /* ALTER TABLE IF EXISTS, not the action's own */
};

typedef void action_fn(struct rd *rd, struct action *x);

static void add_column(struct rd *rd, struct action *x)
{
	struct object none = {.type = OBJECT_NONE};
	size_t at = rd_loc(x->def);

	if (tree_true(tree_get(x->cmd, "missing_ok")))
		x->c->flags |= CHANGE_IF_NOT_EXISTS;
	if (!x->if_exists)
		x->c->flags &= ~(unsigned)CHANGE_IF_EXISTS;
	x->c->def = rd_column(rd, x->def, &none, x->to);
	x->c = &rd->v[rd->n - 1];
	x->c->name = x->c->def->name;
	if (at != NOWHERE)
		x->c->def->span = rd_span(rd, rd_tok(rd, at), x->to);
}

static void alter_type(struct rd *rd, struct action *x)
{
	struct object *o = rd_object(rd, OBJECT_COLUMN, (struct name){SLICE_NONE, x->name});
	node coll = tree_get(x->def, "collClause");
	size_t using_ = rd_find(rd, x->from, "using");
	size_t type_at = rd_loc(tree_get(x->def, "typeName"));

	o->column.type = rd_type(rd, tree_get(x->def, "typeName"));
	if (coll)
		o->column.collation = rd_collation(rd, coll);
	if (type_at != NOWHERE)
		o->span = rd_span(rd, rd_tok(rd, type_at), using_ < x->to ? using_ : x->to);
	if (tree_get(x->def, "raw_default"))
		x->c->value = rd_expr(rd, tree_get(x->def, "raw_default"), using_ + 1, x->to);
	x->c->def = o;
}

static void column_default(struct rd *rd, struct action *x)
{
	size_t i = rd_find(rd, x->from, "default");

	if (!x->def) {
		x->c->kind = CHANGE_DROP_DEFAULT;
		return;
	}
	x->c->value = rd_expr(rd, tree_get(x->cmd, "def"), i + 1, x->to);
}

static void set_expression(struct rd *rd, struct action *x)
{
	rd_requires(rd, 17, "SET EXPRESSION");
	x->c->value = rd_expr_in(rd, tree_get(x->cmd, "def"), rd_find(rd, x->from, "as") + 1);
}

static void drop_expression(struct rd *rd, struct action *x)
{
	(void)x;
	rd_requires(rd, 13, "DROP EXPRESSION");
}

static void add_constraint(struct rd *rd, struct action *x)
{
	struct object *o = rd_constraint(rd, x->def, SLICE_NONE, x->to);

	if (!o)
		return;
	x->c->def = o;
	x->c->name = o->name;
	if (o->constraint.not_valid)
		x->c->flags |= CHANGE_NOT_VALID;
	if (slice_is(o->constraint.kind, "foreign key"))
		rd_list(rd, &x->c->reads, rd_plain(rd, o->constraint.ref_table));
	if (o->constraint.index.len) {
		x->c->kind = CHANGE_ADD_CONSTRAINT_INDEX;
		x->c->other.name = o->constraint.index;
	}
}

/* 18 has a node of its own for this; before, it is a Constraint. */
static void alter_constraint(struct rd *rd, struct action *x)
{
	struct object *o;

	x->c->name = rd_text_of(rd, tree_get(x->def, "conname"));
	o = rd_object(rd, OBJECT_CONSTRAINT, (struct name){SLICE_NONE, x->c->name});
	o->constraint.deferrable = tree_true(tree_get(x->def, "deferrable"));
	o->constraint.deferred = tree_true(tree_get(x->def, "initdeferred"));
	if (tree_true(tree_get(x->def, "alterEnforceability"))) {
		rd_requires(rd, 18, "ALTER CONSTRAINT [NOT] ENFORCED");
		o->constraint.not_enforced = !tree_true(tree_get(x->def, "is_enforced"));
	}
	if (tree_true(tree_get(x->def, "alterInheritability"))) {
		rd_requires(rd, 18, "ALTER CONSTRAINT [NO] INHERIT");
		o->constraint.no_inherit = tree_true(tree_get(x->def, "noinherit"));
	}
	/* Which of them were said: deferrability, enforceability, inheritability. */
	if (!tree_key_is(x->def, "ATAlterConstraint") ||
		tree_true(tree_get(x->def, "alterDeferrability")))
		rd_list(rd, &x->c->list, SL("deferrable"));
	if (tree_true(tree_get(x->def, "alterEnforceability")))
		rd_list(rd, &x->c->list, SL("not enforced"));
	if (tree_true(tree_get(x->def, "alterInheritability")))
		rd_list(rd, &x->c->list, SL("no inherit"));
	x->c->def = o;
	x->c->value.text = rd_between(rd, x->from, x->to);
}

static void identity(struct rd *rd, struct action *x)
{
	struct object *o = rd_object(rd, OBJECT_COLUMN, (struct name){SLICE_NONE, x->name});

	o->column.identity =
		tree_is(tree_get(x->def, "generated_when"), "a") ? SL("always") : SL("by default");
	o->column.not_null = true;
	x->c->def = o;
	x->c->list = rd_options(rd, tree_get(x->def, "options"));
}

/* ALTER [COLUMN] c SET GENERATED …: the options are everything behind the name. */
static void alter_identity(struct rd *rd, struct action *x)
{
	size_t from = x->from + (token_is(rd->tok[x->from + 1], "column") ? 3 : 2);
	size_t i = rd_find(rd, from, "set"), r = rd_find(rd, from, "restart");

	if (r < i)
		i = r;
	x->c->value.text = rd_between(rd, i, x->to);
	x->c->list = rd_options(rd, tree_get(x->cmd, "def"));
	for (i = 0; i < x->c->list.n; i++) /* the tree has a letter's number there */
		if (slice_starts(x->c->list.at[i], "generated="))
			x->c->list.at[i] = slice_is(x->c->list.at[i], "generated=97")
						   ? SL("generated=always")
						   : SL("generated=by default");
}

static void value(struct rd *rd, struct action *x)
{
	x->c->value.text = rd_value(rd, tree_get(x->cmd, "def"));
	if (x->c->kind == CHANGE_SET_STATISTICS && x->to > x->from &&
		token_punct(rd->tok[x->to - 2], "-"))
		x->c->value.text = SL("-1"); /* the JSON has no negative numbers */
	if (x->c->kind == CHANGE_SET_STATISTICS && tree_int(tree_get(x->cmd, "num"), 0))
		x->c->name = arena_printf(rd->a, "%lld", tree_int(tree_get(x->cmd, "num"), 0));
	if (x->c->kind == CHANGE_SET_STORAGE && slice_iis(x->c->value.text, "default"))
		rd_requires(rd, 16, "SET STORAGE DEFAULT");
	if (x->c->kind == CHANGE_SET_COMPRESSION)
		rd_requires(rd, 14, "SET COMPRESSION");
}

/* Tablespace, access method: the name is the value. */
static void name_value(struct rd *rd, struct action *x)
{
	x->c->value.text = x->name;
	x->c->name = SLICE_NONE;
	if (x->c->kind != CHANGE_SET_ACCESS_METHOD)
		return;
	rd_requires(rd, 15, "SET ACCESS METHOD");
	if (!x->c->value.text.len) {
		x->c->value.text = SL("default");
		rd_requires(rd, 17, "SET ACCESS METHOD DEFAULT");
	}
}

static void options(struct rd *rd, struct action *x)
{
	x->c->list = rd_options(rd, tree_get(x->cmd, "def"));
}

/* Column options RESET: said by the verb, because the row is shared. */
static void reset_column_options(struct rd *rd, struct action *x)
{
	options(rd, x);
	x->c->value.text = SL("reset");
}

static void owner(struct rd *rd, struct action *x)
{
	x->c->value.text = rd_role(rd, tree_get(x->cmd, "newowner"));
}

static void replica_identity(struct rd *rd, struct action *x)
{
	node t = tree_get(x->def, "identity_type");

	x->c->name = rd_text_of(rd, tree_get(x->def, "name"));
	x->c->value.text = tree_is(t, "f")   ? SL("full")
			   : tree_is(t, "n") ? SL("nothing")
			   : tree_is(t, "d") ? SL("default")
					     : SLICE_NONE;
}

static void parent(struct rd *rd, struct action *x)
{
	x->c->other = rd_relation(rd, x->def);
}

static void of_type(struct rd *rd, struct action *x)
{
	if (x->def)
		x->c->other = rd_qname(rd, tree_get(x->def, "names"));
}

static void partition(struct rd *rd, struct action *x)
{
	node bound = tree_get(x->def, "bound"), name = tree_get(x->def, "name");

	x->c->other = rd_relation(rd, name);
	if (x->c->kind == CHANGE_ATTACH_PARTITION && x->c->type == OBJECT_INDEX)
		x->c->kind = CHANGE_ATTACH_INDEX;
	if (bound)
		x->c->value = rd_expr(rd, bound, rd_name_end(rd, rd_loc(name)), x->to);
	if (tree_true(tree_get(x->def, "concurrent"))) {
		x->c->flags |= CHANGE_CONCURRENTLY;
		rd_requires(rd, 14, "DETACH PARTITION CONCURRENTLY");
	}
	if (tree_is(tree_get(x->cmd, "subtype"), "AT_DetachPartitionFinalize")) {
		x->c->flags |= CHANGE_FINALIZE;
		rd_requires(rd, 14, "DETACH PARTITION FINALIZE");
	}
}

static void foreign_options(struct rd *rd, struct action *x)
{
	options(rd, x);
	x->c->value.text = rd_between(rd, x->from, x->to);
}

struct action_row {
	const char *subtype;
	enum change_kind kind;
	action_fn *read;
	const char *value; /* value.text, where the subtype says all */
};

/* clang-format off */
static const struct action_row actions[] = {
	{"AT_AddColumn",              CHANGE_ADD_COLUMN,          add_column, NULL},
	{"AT_DropColumn",             CHANGE_DROP_COLUMN,         NULL, NULL},
	{"AT_AlterColumnType",        CHANGE_ALTER_TYPE,          alter_type, NULL},
	{"AT_ColumnDefault",          CHANGE_SET_DEFAULT,         column_default, NULL},
	{"AT_SetNotNull",             CHANGE_SET_NOT_NULL,        NULL, NULL},
	{"AT_DropNotNull",            CHANGE_DROP_NOT_NULL,       NULL, NULL},
	{"AT_AddConstraint",          CHANGE_ADD_CONSTRAINT,      add_constraint, NULL},
	{"AT_DropConstraint",         CHANGE_DROP_CONSTRAINT,     NULL, NULL},
	{"AT_ValidateConstraint",     CHANGE_VALIDATE_CONSTRAINT, NULL, NULL},
	{"AT_AlterConstraint",        CHANGE_ALTER_CONSTRAINT,    alter_constraint, NULL},
	{"AT_SetExpression",          CHANGE_SET_EXPRESSION,      set_expression, NULL},
	{"AT_DropExpression",         CHANGE_DROP_EXPRESSION,     drop_expression, NULL},
	{"AT_AddIdentity",            CHANGE_ADD_IDENTITY,        identity, NULL},
	{"AT_SetIdentity",            CHANGE_ALTER_IDENTITY,      alter_identity, NULL},
	{"AT_DropIdentity",           CHANGE_DROP_IDENTITY,       NULL, NULL},
	{"AT_SetStatistics",          CHANGE_SET_STATISTICS,      value, NULL},
	{"AT_SetStorage",             CHANGE_SET_STORAGE,         value, NULL},
	{"AT_SetCompression",         CHANGE_SET_COMPRESSION,     value, NULL},
	{"AT_SetOptions",             CHANGE_COLUMN_OPTIONS,      options, NULL},
	{"AT_ResetOptions",           CHANGE_COLUMN_OPTIONS,      reset_column_options, NULL},
	{"AT_AlterColumnGenericOptions", CHANGE_COLUMN_OPTIONS,   foreign_options, NULL},
	{"AT_ChangeOwner",            CHANGE_SET_OWNER,           owner, NULL},
	{"AT_ClusterOn",              CHANGE_CLUSTER_ON,          NULL, NULL},
	{"AT_DropCluster",            CHANGE_CLUSTER_ON,          NULL, NULL},
	{"AT_SetLogged",              CHANGE_SET_LOGGED,          NULL, NULL},
	{"AT_SetUnLogged",            CHANGE_SET_UNLOGGED,        NULL, NULL},
	{"AT_SetTableSpace",          CHANGE_SET_TABLESPACE,      name_value, NULL},
	{"AT_SetAccessMethod",        CHANGE_SET_ACCESS_METHOD,   name_value, NULL},
	{"AT_SetRelOptions",          CHANGE_SET_OPTIONS,         options, NULL},
	{"AT_ResetRelOptions",        CHANGE_RESET_OPTIONS,       options, NULL},
	{"AT_GenericOptions",         CHANGE_SET_OPTIONS,         foreign_options, NULL},
	{"AT_AddInherit",             CHANGE_INHERIT,             parent, NULL},
	{"AT_DropInherit",            CHANGE_NO_INHERIT,          parent, NULL},
	{"AT_AddOf",                  CHANGE_OF_TYPE,             of_type, NULL},
	{"AT_DropOf",                 CHANGE_OF_TYPE,             of_type, NULL},
	{"AT_ReplicaIdentity",        CHANGE_REPLICA_IDENTITY,    replica_identity, NULL},
	{"AT_AttachPartition",        CHANGE_ATTACH_PARTITION,    partition, NULL},
	{"AT_DetachPartition",        CHANGE_DETACH_PARTITION,    partition, NULL},
	{"AT_DetachPartitionFinalize", CHANGE_DETACH_PARTITION,   partition, NULL},
	{"AT_EnableRowSecurity",      CHANGE_ROW_SECURITY,        NULL, "enable"},
	{"AT_DisableRowSecurity",     CHANGE_ROW_SECURITY,        NULL, "disable"},
	{"AT_ForceRowSecurity",       CHANGE_ROW_SECURITY,        NULL, "force"},
	{"AT_NoForceRowSecurity",     CHANGE_ROW_SECURITY,        NULL, "no-force"},
	{"AT_EnableTrig",             CHANGE_TRIGGER_STATE,       NULL, "origin"},
	{"AT_EnableAlwaysTrig",       CHANGE_TRIGGER_STATE,       NULL, "always"},
	{"AT_EnableReplicaTrig",      CHANGE_TRIGGER_STATE,       NULL, "replica"},
	{"AT_DisableTrig",            CHANGE_TRIGGER_STATE,       NULL, "disabled"},
	{"AT_EnableTrigAll",          CHANGE_TRIGGER_STATE,       NULL, "origin"},
	{"AT_DisableTrigAll",         CHANGE_TRIGGER_STATE,       NULL, "disabled"},
	{"AT_EnableTrigUser",         CHANGE_TRIGGER_STATE,       NULL, "origin"},
	{"AT_DisableTrigUser",        CHANGE_TRIGGER_STATE,       NULL, "disabled"},
	{"AT_EnableRule",             CHANGE_RULE_STATE,          NULL, "origin"},
	{"AT_EnableAlwaysRule",       CHANGE_RULE_STATE,          NULL, "always"},
	{"AT_EnableReplicaRule",      CHANGE_RULE_STATE,          NULL, "replica"},
	{"AT_DisableRule",            CHANGE_RULE_STATE,          NULL, "disabled"},
	{"AT_DropOids",               CHANGE_TABLE_OTHER,         NULL, "set without oids"},
};
/* clang-format on */

static const struct action_row *action_of(node subtype)
{
	size_t i;

	for (i = 0; i < sizeof actions / sizeof *actions; i++)
		if (tree_is(subtype, actions[i].subtype))
			return &actions[i];
	return NULL;
}

/* Attributes of a composite type wear the clothes of columns. */
static void type_attribute(struct rd *rd, struct action *x)
{
	struct object *o = rd_object(rd, OBJECT_COLUMN, (struct name){SLICE_NONE, x->name});

	x->c->value.text = x->c->kind == CHANGE_ADD_COLUMN    ? SL("add")
			   : x->c->kind == CHANGE_DROP_COLUMN ? SL("drop")
							      : SL("alter");
	x->c->kind = CHANGE_ALTER_TYPE_ATTR;
	if (x->def) {
		if (!x->name.len)
			o->name = rd_text_of(rd, tree_get(x->def, "colname"));
		o->column.type = rd_type(rd, tree_get(x->def, "typeName"));
		if (tree_get(x->def, "collClause"))
			o->column.collation = rd_dotted(rd,
				rd_qname(rd, tree_get(tree_get(x->def, "collClause"), "collname")));
	}
	x->c->name = o->name;
	x->c->def = o;
}

static void one_action(struct rd *rd, node stmt, node cmd, size_t from, size_t to)
{
	node subtype = tree_get(cmd, "subtype"), def = tree_get(cmd, "def");
	const struct action_row *row = action_of(subtype);
	enum object_type type = rd_object_type(tree_get(stmt, "objtype"));
	struct action x = {.cmd = cmd,
		.def = rd_body(def),
		.from = from,
		.to = to,
		.if_exists = tree_true(tree_get(stmt, "missing_ok"))};

	x.c = rd_emit(rd, row ? row->kind : CHANGE_TABLE_OTHER);
	x.c->type = type;
	x.c->target = rd_relation(rd, tree_get(stmt, "relation"));
	x.c->span = rd_span(rd, from, to);
	x.c->name = x.name = rd_text_of(rd, tree_get(cmd, "name"));
	x.c->flags |= (x.if_exists ? CHANGE_IF_EXISTS : 0) |
		      (tree_true(tree_get(cmd, "missing_ok")) ? CHANGE_IF_EXISTS : 0) |
		      (tree_is(tree_get(cmd, "behavior"), "DROP_CASCADE") ? CHANGE_CASCADE : 0);
	if (type != OBJECT_TYPE && !tree_true(tree_get(tree_get(stmt, "relation"), "inh")))
		x.c->flags |= CHANGE_ONLY;
	if (!row) {
		x.c->value.text = rd_between(rd, from, to);
		rd_opaque(rd,
			arena_printf(rd->a, "an ALTER TABLE action that is not known: %.*s",
				SLICE(x.c->value.text)),
			rd_plain(rd, x.c->target));
		return;
	}
	if (row->value)
		x.c->value.text = slice_of(row->value);
	if (tree_is(subtype, "AT_EnableTrigAll") || tree_is(subtype, "AT_DisableTrigAll"))
		x.c->name = SL("ALL");
	if (tree_is(subtype, "AT_EnableTrigUser") || tree_is(subtype, "AT_DisableTrigUser"))
		x.c->name = SL("USER");
	if (type == OBJECT_TYPE &&
		(row->kind == CHANGE_ADD_COLUMN || row->kind == CHANGE_DROP_COLUMN ||
			row->kind == CHANGE_ALTER_TYPE))
		type_attribute(rd, &x);
	else if (row->read)
		row->read(rd, &x);
}

/* Do the pieces between commas match the actions one to one? */
static bool pieces_match(struct rd *rd, size_t from, size_t want)
{
	size_t n = 1, i = from;

	for (;;) {
		i = rd_item_end(rd, i);
		if (!rd_has(rd, i) || !token_punct(rd->tok[i], ","))
			return n == want && !rd_has(rd, i);
		n++;
		i++;
	}
}

void rd_alter_table(struct rd *rd, node n)
{
	node cmds = tree_get(n, "cmds"), c;
	size_t i = rd_name_end(rd, rd_loc(tree_get(n, "relation")));
	bool match;

	if (token_punct(rd->tok[i], "*"))
		i++;
	match = pieces_match(rd, i, tree_count(cmds));
	rd->kind = rd_kind(rd, "ALTER ", rd_object_words(tree_get(n, "objtype")));
	for (c = tree_first(cmds); c; c = tree_next(cmds, c)) {
		size_t end = match ? rd_item_end(rd, i) : rd->ntok - 1;

		one_action(rd, n, rd_body(c), i, end);
		if (match)
			i = end + 1;
	}
}
