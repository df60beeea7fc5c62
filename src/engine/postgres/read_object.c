/* read_object.c - what can be done to an object of any kind, and sequences, types and domains. */
#include "engine/postgres/read_impl.h"

/* How the tree writes the name of an object. */
enum shape { RELATION, PART, TYPE_NAME, ROUTINE, BARE, ODD };

struct kind_row {
	const char *objtype;
	enum object_type type;
	const char *words; /* upper case, as in command tags */
	enum shape shape;
	enum change_kind drop, rename;
};

/* clang-format off */
static const struct kind_row kinds[] = {
	{"OBJECT_TABLE",          OBJECT_TABLE,      "TABLE", RELATION, CHANGE_DROP_TABLE, CHANGE_RENAME_TABLE},
	{"OBJECT_FOREIGN_TABLE",  OBJECT_TABLE,      "FOREIGN TABLE", RELATION, CHANGE_DROP_TABLE, CHANGE_RENAME_TABLE},
	{"OBJECT_INDEX",          OBJECT_INDEX,      "INDEX", RELATION, CHANGE_DROP_INDEX, CHANGE_RENAME_INDEX},
	{"OBJECT_SEQUENCE",       OBJECT_SEQUENCE,   "SEQUENCE", RELATION, CHANGE_DROP_SEQUENCE, CHANGE_RENAME_OTHER},
	{"OBJECT_VIEW",           OBJECT_VIEW,       "VIEW", RELATION, CHANGE_DROP_VIEW, CHANGE_RENAME_OTHER},
	{"OBJECT_MATVIEW",        OBJECT_MATVIEW,    "MATERIALIZED VIEW", RELATION, CHANGE_DROP_MATVIEW, CHANGE_RENAME_OTHER},
	{"OBJECT_COLUMN",         OBJECT_COLUMN,     "COLUMN", PART, CHANGE_DROP_COLUMN, CHANGE_RENAME_COLUMN},
	{"OBJECT_ATTRIBUTE",      OBJECT_TYPE,       "TYPE", PART, CHANGE_ALTER_TYPE_ATTR, CHANGE_ALTER_TYPE_ATTR},
	{"OBJECT_TABCONSTRAINT",  OBJECT_CONSTRAINT, "CONSTRAINT", PART, CHANGE_DROP_CONSTRAINT, CHANGE_RENAME_CONSTRAINT},
	{"OBJECT_DOMCONSTRAINT",  OBJECT_CONSTRAINT, "CONSTRAINT", PART, CHANGE_ALTER_DOMAIN, CHANGE_ALTER_DOMAIN},
	{"OBJECT_TYPE",           OBJECT_TYPE,       "TYPE", TYPE_NAME, CHANGE_DROP_TYPE, CHANGE_RENAME_OTHER},
	{"OBJECT_DOMAIN",         OBJECT_TYPE,       "DOMAIN", TYPE_NAME, CHANGE_DROP_DOMAIN, CHANGE_RENAME_OTHER},
	{"OBJECT_FUNCTION",       OBJECT_FUNCTION,   "FUNCTION", ROUTINE, CHANGE_DROP_FUNCTION, CHANGE_RENAME_OTHER},
	{"OBJECT_PROCEDURE",      OBJECT_FUNCTION,   "PROCEDURE", ROUTINE, CHANGE_DROP_FUNCTION, CHANGE_RENAME_OTHER},
	{"OBJECT_ROUTINE",        OBJECT_FUNCTION,   "ROUTINE", ROUTINE, CHANGE_DROP_FUNCTION, CHANGE_RENAME_OTHER},
	{"OBJECT_AGGREGATE",      OBJECT_FUNCTION,   "AGGREGATE", ROUTINE, CHANGE_DROP_FUNCTION, CHANGE_RENAME_OTHER},
	{"OBJECT_TRIGGER",        OBJECT_TRIGGER,    "TRIGGER", PART, CHANGE_DROP_TRIGGER, CHANGE_RENAME_OTHER},
	{"OBJECT_RULE",           OBJECT_RULE,       "RULE", PART, CHANGE_DROP_RULE, CHANGE_RENAME_OTHER},
	{"OBJECT_POLICY",         OBJECT_POLICY,     "POLICY", PART, CHANGE_DROP_POLICY, CHANGE_RENAME_OTHER},
	{"OBJECT_STATISTIC_EXT",  OBJECT_STATISTICS, "STATISTICS", RELATION, CHANGE_DROP_STATISTICS, CHANGE_RENAME_OTHER},
	{"OBJECT_SCHEMA",         OBJECT_SCHEMA,     "SCHEMA", BARE, CHANGE_DROP_SCHEMA, CHANGE_RENAME_OTHER},
	{"OBJECT_EXTENSION",      OBJECT_EXTENSION,  "EXTENSION", BARE, CHANGE_DROP_EXTENSION, CHANGE_RENAME_OTHER},
	{"OBJECT_DATABASE",       OBJECT_DATABASE,   "DATABASE", BARE, CHANGE_DROP_DATABASE, CHANGE_RENAME_OTHER},
	{"OBJECT_ROLE",           OBJECT_ROLE,       "ROLE", BARE, CHANGE_DROP_ROLE, CHANGE_ALTER_ROLE},
	{"OBJECT_PUBLICATION",    OBJECT_PUBLICATION, "PUBLICATION", BARE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_EVENT_TRIGGER",  OBJECT_EVENT_TRIGGER, "EVENT TRIGGER", BARE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_SUBSCRIPTION",   OBJECT_OTHER,      "SUBSCRIPTION", BARE, CHANGE_DROP_SUBSCRIPTION, CHANGE_ALTER_SUBSCRIPTION},
	{"OBJECT_TABLESPACE",     OBJECT_OTHER,      "TABLESPACE", BARE, CHANGE_DROP_TABLESPACE, CHANGE_RENAME_OTHER},
	{"OBJECT_FDW",            OBJECT_OTHER,      "FOREIGN DATA WRAPPER", BARE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_FOREIGN_SERVER", OBJECT_OTHER,      "SERVER", BARE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_LANGUAGE",       OBJECT_OTHER,      "LANGUAGE", BARE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_ACCESS_METHOD",  OBJECT_OTHER,      "ACCESS METHOD", BARE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_PARAMETER_ACL",  OBJECT_OTHER,      "PARAMETER", BARE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_LARGEOBJECT",    OBJECT_OTHER,      "LARGE OBJECT", ODD, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_COLLATION",      OBJECT_OTHER,      "COLLATION", RELATION, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_CONVERSION",     OBJECT_OTHER,      "CONVERSION", RELATION, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_TSCONFIGURATION", OBJECT_OTHER,     "TEXT SEARCH CONFIGURATION", RELATION, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_TSDICTIONARY",   OBJECT_OTHER,      "TEXT SEARCH DICTIONARY", RELATION, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_TSPARSER",       OBJECT_OTHER,      "TEXT SEARCH PARSER", RELATION, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_TSTEMPLATE",     OBJECT_OTHER,      "TEXT SEARCH TEMPLATE", RELATION, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_OPERATOR",       OBJECT_OTHER,      "OPERATOR", ROUTINE, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_OPCLASS",        OBJECT_OTHER,      "OPERATOR CLASS", PART, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_OPFAMILY",       OBJECT_OTHER,      "OPERATOR FAMILY", PART, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_CAST",           OBJECT_OTHER,      "CAST", ODD, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_TRANSFORM",      OBJECT_OTHER,      "TRANSFORM", ODD, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
	{"OBJECT_USER_MAPPING",   OBJECT_OTHER,      "USER MAPPING", ODD, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER},
};
/* clang-format on */

static const struct kind_row *kind_row(node objtype)
{
	static const struct kind_row unknown = {
		"", OBJECT_OTHER, "OBJECT", ODD, CHANGE_DROP_OTHER, CHANGE_RENAME_OTHER};
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (tree_is(objtype, kinds[i].objtype))
			return &kinds[i];
	return &unknown;
}

enum object_type rd_object_type(node objtype)
{
	return kind_row(objtype)->type;
}

const char *rd_object_words(node objtype)
{
	return kind_row(objtype)->words;
}

const char *rd_kind(struct rd *rd, const char *verb, const char *words)
{
	return arena_join(rd->a, (const struct slice[]){slice_of(verb), slice_of(words)}, 2).at;
}

static node items_of(node n)
{
	node body = rd_body(n);

	if (tree_key_is(body, "List"))
		return tree_get(body, "items");
	return n && n->kind == TREE_ARRAY ? n : NULL;
}

/* schema.table + part from a list of names, the last of which is the part. */
static void part_name(struct rd *rd, struct change *c, node list, bool part_first)
{
	size_t n = tree_count(list), i;

	for (i = 0; i < n; i++) {
		node item = tree_nth(list, i);
		bool is_part = part_first ? i > 0 : i + 1 == n;

		if (tree_key_is(rd_body(item), "TypeName")) {
			c->target = rd_qname(rd, tree_get(rd_body(item), "names"));
		} else if (is_part && !part_first) {
			c->name = rd_string(rd, item);
		} else if (is_part) { /* access method, then the operator class's name */
			c->target.schema = c->target.name;
			c->target.name = rd_string(rd, item);
		} else if (part_first) {
			c->name = rd_string(rd, item);
		} else {
			c->target.schema = c->target.name;
			c->target.name = rd_string(rd, item);
		}
	}
}

/* Casts and transforms are known by types: "integer as text". */
static void odd_name(struct rd *rd, struct change *c, node object)
{
	node list = items_of(object), a = tree_nth(list, 0), b = tree_nth(list, 1);

	if (!list) {
		c->target.name = rd_value(rd, object);
		return;
	}
	if (tree_key_is(rd_body(b), "TypeName"))
		c->target.name = arena_printf(
			rd->a, "%.*s as %.*s", SLICE(rd_type(rd, a)), SLICE(rd_type(rd, b)));
	else
		c->target.name = arena_printf(rd->a, "%.*s language %.*s", SLICE(rd_type(rd, a)),
			SLICE(rd_string(rd, b)));
}

/* Who is meant: fills type, target and name. */
static const struct kind_row *object_named(
	struct rd *rd, struct change *c, node objtype, node object)
{
	const struct kind_row *k = kind_row(objtype);
	node body = rd_body(object);

	c->type = k->type;
	if (c->type == OBJECT_OTHER && c->kind != CHANGE_GRANT && c->kind != CHANGE_REVOKE) {
		c->def = rd_object(rd, OBJECT_OTHER, c->target);
		c->def->other.class_ = rd_lower(rd, slice_of(k->words));
	}
	switch (k->shape) {
	case RELATION:
		c->target =
			items_of(object) ? rd_qname(rd, items_of(object)) : rd_relation(rd, object);
		break;
	case TYPE_NAME:
		c->target = tree_key_is(body, "TypeName") ? rd_qname(rd, tree_get(body, "names"))
							  : rd_qname(rd, items_of(object));
		break;
	case ROUTINE:
		c->target =
			rd_signature_name(rd, tree_key_is(body, "ObjectWithArgs") ? body : object);
		break;
	case BARE:
		c->target.name = items_of(object) ? rd_qname(rd, items_of(object)).name
						  : rd_string(rd, object);
		break;
	case PART:
		part_name(rd, c, items_of(object), c->type == OBJECT_OTHER);
		break;
	case ODD:
		odd_name(rd, c, object);
		break;
	}
	if (c->def && c->def->type == OBJECT_OTHER) {
		c->def->schema = c->target.schema;
		c->def->name = c->target.name;
	}
	return k;
}

/* The first token behind DROP, the kind's words and the options before the names. */
static size_t names_begin(struct rd *rd, const char *words)
{
	size_t i = 2;

	for (; *words; words++)
		i += *words == ' ';
	rd_tokens(rd);
	if (rd_has(rd, i) && token_is(rd->tok[i], "concurrently"))
		i++;
	if (rd_has(rd, i) && token_is(rd->tok[i], "if"))
		i += 2;
	return i < rd->ntok ? i : rd->ntok - 1;
}

static void drop(struct rd *rd, node n)
{
	node objtype = tree_get(n, "removeType"), list = tree_get(n, "objects"), o;
	const struct kind_row *k = kind_row(objtype);
	size_t i = names_begin(rd, k->words), count = tree_count(list);

	rd->kind = rd_kind(rd, "DROP ", k->words);
	for (o = tree_first(list); o; o = tree_next(list, o)) {
		struct change *c = rd_emit(rd, k->drop);
		size_t end = rd_item_end(rd, i), stop = end;

		object_named(rd, c, objtype, o);
		c->flags |= (tree_true(tree_get(n, "missing_ok")) ? CHANGE_IF_EXISTS : 0) |
			    (tree_true(tree_get(n, "concurrent")) ? CHANGE_CONCURRENTLY : 0) |
			    (tree_is(tree_get(n, "behavior"), "DROP_CASCADE") ? CHANGE_CASCADE : 0);
		if (count > 1) {
			while (stop > i + 1 && (token_is(rd->tok[stop - 1], "cascade") ||
						       token_is(rd->tok[stop - 1], "restrict")))
				stop--;
			c->span = rd_span(rd, i, stop);
		}
		i = end + 1;
	}
}

static void rename_part(struct rd *rd, struct change *c, node n, const struct kind_row *k)
{
	c->type = k->type;
	c->target = tree_get(n, "relation") ? rd_relation(rd, tree_get(n, "relation"))
					    : rd_qname(rd, items_of(tree_get(n, "object")));
	c->name = rd_text_of(rd, tree_get(n, "subname"));
	if (c->kind == CHANGE_ALTER_TYPE_ATTR || c->kind == CHANGE_ALTER_DOMAIN)
		c->value.text =
			c->kind == CHANGE_ALTER_DOMAIN ? SL("rename-constraint") : SL("rename");
	if (c->kind == CHANGE_ALTER_DOMAIN)
		c->type = OBJECT_TYPE;
}

static void rename_(struct rd *rd, node n)
{
	node objtype = tree_get(n, "renameType"), object = tree_get(n, "object");
	const struct kind_row *k = kind_row(objtype);
	struct change *c = rd_emit(rd, k->rename);
	struct slice new = rd_text_of(rd, tree_get(n, "newname"));
	const char *words = k->words;

	if (k->shape == PART && k->type != OBJECT_OTHER) {
		rename_part(rd, c, n, k);
		if (k->type == OBJECT_COLUMN || k->type == OBJECT_CONSTRAINT)
			words = rd_object_words(tree_get(n, "relationType"));
		if (tree_is(objtype, "OBJECT_TABCONSTRAINT"))
			words = "TABLE";
		if (tree_is(objtype, "OBJECT_DOMCONSTRAINT"))
			words = "DOMAIN";
	} else if (tree_get(n, "relation")) {
		c->type = k->type;
		c->target = rd_relation(rd, tree_get(n, "relation"));
	} else if (object) {
		object_named(rd, c, objtype, object);
	} else {
		c->type = k->type;
		c->target.name = rd_text_of(rd, tree_get(n, "subname"));
	}
	rd->kind = rd_kind(rd, "ALTER ", words);
	c->other.name = new;
	/* A routine keeps its arguments. */
	if (k->shape == ROUTINE && slice_chr(c->target.name, '(') != SIZE_MAX)
		c->other.name = arena_printf(rd->a, "%.*s%.*s", SLICE(new),
			SLICE(slice_from(c->target.name, slice_chr(c->target.name, '('))));
	if (c->kind == CHANGE_ALTER_ROLE)
		c->value.text = SL("rename");
	c->flags |= (tree_true(tree_get(n, "missing_ok")) ? CHANGE_IF_EXISTS : 0) |
		    (tree_is(tree_get(n, "behavior"), "DROP_CASCADE") ? CHANGE_CASCADE : 0);
	if (tree_get(n, "relation") && !tree_true(tree_get(tree_get(n, "relation"), "inh")) &&
		k->type != OBJECT_TYPE)
		c->flags |= CHANGE_ONLY;
}

/* ALTER … SET SCHEMA and OWNER TO carry either a relation or an object. */
static const struct kind_row *either(struct rd *rd, struct change *c, node n)
{
	node objtype = tree_get(n, "objectType");

	if (tree_true(tree_get(n, "missing_ok")))
		c->flags |= CHANGE_IF_EXISTS;
	if (tree_get(n, "object"))
		return object_named(rd, c, objtype, tree_get(n, "object"));
	c->type = rd_object_type(objtype);
	c->target = rd_relation(rd, tree_get(n, "relation"));
	return kind_row(objtype);
}

static void set_schema(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_SET_SCHEMA);

	rd->kind = rd_kind(rd, "ALTER ", either(rd, c, n)->words);
	c->other.schema = rd_text_of(rd, tree_get(n, "newschema"));
}

static void set_owner(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_SET_OWNER);

	rd->kind = rd_kind(rd, "ALTER ", either(rd, c, n)->words);
	c->value.text = rd_role(rd, tree_get(n, "newowner"));
}

/* ALTER … DEPENDS ON EXTENSION: dropping the extension will take the object along. */
static void depends(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_OTHER);
	node relation = tree_get(n, "relation");
	const struct kind_row *k;

	k = either(rd, c, n);
	if (relation) {
		c->target = rd_relation(rd, relation);
		c->name = k->shape == PART ? rd_qname(rd, items_of(tree_get(n, "object"))).name
					   : SLICE_NONE;
	}
	rd->kind = rd_kind(rd, "ALTER ", k->words);
	c->value.text = tree_true(tree_get(n, "remove")) ? SL("no depends on extension")
							 : SL("depends on extension");
	c->other.name = rd_text_of(rd, tree_get(tree_get(n, "extname"), "sval"));
}

static void comment(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_COMMENT_ON);

	object_named(rd, c, tree_get(n, "objtype"), tree_get(n, "object"));
	c->value.text = rd_text_of(rd, tree_get(n, "comment"));
}

static void label(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_SECURITY_LABEL);

	object_named(rd, c, tree_get(n, "objtype"), tree_get(n, "object"));
	c->value.text = rd_text_of(rd, tree_get(n, "label"));
	rd_list(rd, &c->list, rd_text_of(rd, tree_get(n, "provider")));
}

/* ---- Grants ---- */

static struct names privileges(struct rd *rd, node list)
{
	struct names out = {0};
	node p;

	if (!tree_first(list))
		rd_list(rd, &out, SL("all"));
	for (p = tree_first(list); p; p = tree_next(list, p)) {
		node b = rd_body(p);
		struct names cols = rd_strings(rd, tree_get(b, "cols"));
		struct slice name = rd_text_of(rd, tree_get(b, "priv_name"));
		struct buf s = {0};
		size_t i;

		buf_add(&s, name.len ? name : SL("all"));
		for (i = 0; i < cols.n; i++)
			buf_printf(&s, "%s%.*s%s", i ? ", " : " (", SLICE(cols.at[i]),
				i + 1 == cols.n ? ")" : "");
		rd_list(rd, &out, arena_slice(rd->a, buf_slice(&s)));
		buf_done(&s);
	}
	return out;
}

static void grant_flags(struct rd *rd, struct change *c, node n)
{
	c->list = privileges(rd, tree_get(n, "privileges"));
	c->value.text = rd_roles(rd, tree_get(n, "grantees"));
	if (tree_true(tree_get(n, "grant_option")))
		rd_list(rd, &c->settings, SL("grant option"));
	if (tree_is(tree_get(n, "behavior"), "DROP_CASCADE"))
		c->flags |= CHANGE_CASCADE;
}

static void grant(struct rd *rd, node n)
{
	bool is_grant = tree_true(tree_get(n, "is_grant"));
	node objtype = tree_get(n, "objtype"), list = tree_get(n, "objects"), o;
	bool all = tree_is(tree_get(n, "targtype"), "ACL_TARGET_ALL_IN_SCHEMA");

	rd->kind = is_grant ? "GRANT" : "REVOKE";
	if (tree_is(objtype, "OBJECT_PARAMETER_ACL"))
		rd_requires(rd, 15, "GRANT ON PARAMETER");
	for (o = tree_first(list); o; o = tree_next(list, o)) {
		struct change *c = rd_emit(rd, is_grant ? CHANGE_GRANT : CHANGE_REVOKE);

		if (all) { /* every object of that type in a schema */
			c->type = rd_object_type(objtype);
			c->target.schema = rd_string(rd, o);
			c->target.name = SL("*");
		} else {
			object_named(rd, c, objtype, o);
		}
		grant_flags(rd, c, n);
	}
}

static void grant_role(struct rd *rd, node n)
{
	bool is_grant = tree_true(tree_get(n, "is_grant"));
	struct change *c = rd_emit(rd, is_grant ? CHANGE_GRANT : CHANGE_REVOKE);

	rd->kind = is_grant ? "GRANT ROLE" : "REVOKE ROLE";
	c->type = OBJECT_ROLE;
	c->list = privileges(rd, tree_get(n, "granted_roles"));
	c->value.text = rd_roles(rd, tree_get(n, "grantee_roles"));
	c->settings = rd_options(rd, tree_get(n, "opt"));
	if (rd_option(tree_get(n, "opt"), "inherit") || rd_option(tree_get(n, "opt"), "set"))
		rd_requires(rd, 16, "GRANT role WITH INHERIT or SET");
	if (tree_true(tree_get(n, "admin_opt")))
		rd_list(rd, &c->settings, SL("admin=true"));
}

static void default_privileges(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_DEFAULT_PRIVILEGES);
	node action = tree_get(n, "action");

	c->type = OBJECT_DEFAULT_ACL;
	c->name = rd_lower(rd, slice_of(rd_object_words(tree_get(action, "objtype"))));
	grant_flags(rd, c, action);
	rd_list(rd, &c->settings,
		tree_true(tree_get(action, "is_grant")) ? SL("grant") : SL("revoke"));
	for (node o = tree_first(tree_get(n, "options")); o;
		o = tree_next(tree_get(n, "options"), o))
		rd_list(rd, &c->settings,
			arena_printf(rd->a, "%.*s=%.*s",
				SLICE(rd_text_of(rd, tree_get(rd_body(o), "defname"))),
				SLICE(rd_option_value(rd, rd_body(o)))));
}

/* ---- Sequences ---- */

static struct slice owned_by(struct rd *rd, node arg)
{
	node list = items_of(arg), c;
	struct buf b = {0};
	struct slice s;

	if (tree_count(list) == 1)
		return SL("none");
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		if (b.len)
			buf_addc(&b, '.');
		buf_add(&b, rd_string(rd, c));
	}
	s = arena_slice(rd->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

void rd_sequence_options(struct rd *rd, node list, struct object *o, struct names *changed)
{
	struct sequence_def *d = &o->sequence;
	node c;

	for (c = tree_first(list); c; c = tree_next(list, c)) {
		node e = rd_body(c), name = tree_get(e, "defname");
		struct slice v = rd_option_value(rd, e);

		if (changed)
			rd_list(rd, changed, rd_text_of(rd, name));
		if (tree_is(name, "as"))
			d->type = v;
		else if (tree_is(name, "start"))
			d->start = v;
		else if (tree_is(name, "increment"))
			d->increment = v;
		else if (tree_is(name, "minvalue"))
			d->min = v;
		else if (tree_is(name, "maxvalue"))
			d->max = v;
		else if (tree_is(name, "cache"))
			d->cache = v;
		else if (tree_is(name, "cycle"))
			d->cycle = slice_is(v, "true");
		else if (tree_is(name, "owned_by"))
			d->owned_by = owned_by(rd, tree_get(e, "arg"));
		else if (tree_is(name, "restart"))
			rd_list(rd, &d->position, v);
	}
}

static void create_sequence(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_SEQUENCE);
	node relation = tree_get(n, "sequence"), p = tree_get(relation, "relpersistence");

	c->type = OBJECT_SEQUENCE;
	c->target = rd_relation(rd, relation);
	if (tree_true(tree_get(n, "if_not_exists")))
		c->flags |= CHANGE_IF_NOT_EXISTS;
	c->def = rd_object(rd, OBJECT_SEQUENCE, c->target);
	c->def->sequence.persistence = tree_is(p, "t")   ? SL("temporary")
				       : tree_is(p, "u") ? SL("unlogged")
							 : SL("permanent");
	if (tree_is(p, "t"))
		c->flags |= CHANGE_TEMPORARY;
	if (tree_is(p, "u"))
		rd_requires(rd, 15, "unlogged sequences");
	rd_sequence_options(rd, tree_get(n, "options"), c->def, &c->list);
}

static void alter_sequence(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_SEQUENCE);

	c->type = OBJECT_SEQUENCE;
	c->target = rd_relation(rd, tree_get(n, "sequence"));
	if (tree_true(tree_get(n, "missing_ok")))
		c->flags |= CHANGE_IF_EXISTS;
	c->def = rd_object(rd, OBJECT_SEQUENCE, c->target);
	rd_sequence_options(rd, tree_get(n, "options"), c->def, &c->list);
}

/* ---- Types ---- */

static struct change *create_type(struct rd *rd, struct name name, const char *kind)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_TYPE);

	c->type = OBJECT_TYPE;
	c->target = name;
	c->def = rd_object(rd, OBJECT_TYPE, name);
	c->def->type_.kind = slice_of(kind);
	return c;
}

static void create_enum(struct rd *rd, node n)
{
	struct change *c = create_type(rd, rd_qname(rd, tree_get(n, "typeName")), "enum");

	c->def->type_.labels = rd_strings(rd, tree_get(n, "vals"));
}

static void create_composite(struct rd *rd, node n)
{
	struct change *c = create_type(rd, rd_relation(rd, tree_get(n, "typevar")), "composite");
	node list = tree_get(n, "coldeflist"), col;

	for (col = tree_first(list); col; col = tree_next(list, col)) {
		node b = rd_body(col);
		struct buf s = {0};

		quote_ident_pretty(&s, DIALECT_POSTGRES, rd_text_of(rd, tree_get(b, "colname")));
		buf_addc(&s, ' ');
		buf_add(&s, rd_type(rd, tree_get(b, "typeName")));
		if (tree_get(b, "collClause")) {
			buf_adds(&s, " COLLATE ");
			buf_add(&s, rd_dotted(rd, rd_qname(rd, tree_get(tree_get(b, "collClause"),
								       "collname"))));
		}
		rd_list(rd, &c->def->type_.attributes, arena_slice(rd->a, buf_slice(&s)));
		buf_done(&s);
	}
}

/* The bracket behind the words of the head: (subtype = float8, …) */
static struct slice definition(struct rd *rd)
{
	size_t i = 0;

	rd_tokens(rd);
	while (rd_has(rd, i) && !token_punct(rd->tok[i], "("))
		i++;
	return rd_between(rd, i, rd->ntok - 1);
}

static void create_range(struct rd *rd, node n)
{
	struct change *c = create_type(rd, rd_qname(rd, tree_get(n, "typeName")), "range");
	node sub = rd_option(tree_get(n, "params"), "subtype");

	c->def->type_.base = rd_type(rd, tree_get(sub, "arg"));
	c->def->type_.definition.text = definition(rd);
}

static void add_enum_value(struct rd *rd, node n)
{
	bool rename = tree_get(n, "oldVal");
	struct change *c = rd_emit(rd, rename ? CHANGE_RENAME_ENUM_VALUE : CHANGE_ADD_ENUM_VALUE);

	c->type = OBJECT_TYPE;
	c->target = rd_qname(rd, tree_get(n, "typeName"));
	if (rename) {
		c->name = rd_text_of(rd, tree_get(n, "oldVal"));
		c->other.name = rd_text_of(rd, tree_get(n, "newVal"));
		return;
	}
	c->value.text = rd_text_of(rd, tree_get(n, "newVal"));
	if (tree_true(tree_get(n, "skipIfNewValExists")))
		c->flags |= CHANGE_IF_NOT_EXISTS;
	if (tree_get(n, "newValNeighbor")) {
		rd_list(rd, &c->list,
			tree_true(tree_get(n, "newValIsAfter")) ? SL("after") : SL("before"));
		rd_list(rd, &c->list, rd_text_of(rd, tree_get(n, "newValNeighbor")));
	}
}

/* "name: expression [NOT VALID]", as TYPE_FIELDS says */
static struct slice domain_check(struct rd *rd, const struct object *k)
{
	return arena_printf(rd->a, "%.*s: %.*s%s", SLICE(k->name),
		SLICE(k->constraint.expression.text), k->constraint.not_valid ? " NOT VALID" : "");
}

static void create_domain(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_DOMAIN);
	node list = tree_get(n, "constraints"), e;
	struct type_def *d;

	c->type = OBJECT_TYPE;
	c->target = rd_qname(rd, tree_get(n, "domainname"));
	c->def = rd_object(rd, OBJECT_TYPE, c->target);
	d = &c->def->type_;
	d->kind = SL("domain");
	d->base = rd_type(rd, tree_get(n, "typeName"));
	if (tree_get(n, "collClause"))
		d->collation = rd_collation(rd, tree_get(n, "collClause"));
	for (e = tree_first(list); e; e = tree_next(list, e)) {
		node k = rd_body(e), type = tree_get(k, "contype"), next = tree_next(list, e);
		size_t from = rd_tok(rd, rd_loc(k));
		size_t to = next ? rd_tok(rd, rd_loc(rd_body(next))) : rd->ntok - 1;

		if (tree_is(type, "CONSTR_NOTNULL")) {
			d->not_null = true;
		} else if (tree_is(type, "CONSTR_DEFAULT")) {
			d->default_value = rd_expr(
				rd, tree_get(k, "raw_expr"), rd_find(rd, from, "default") + 1, to);
		} else if (tree_is(type, "CONSTR_CHECK")) {
			struct object *o = rd_constraint(rd, k, SLICE_NONE, to);

			o->constraint.not_valid = false;
			rd_list(rd, &d->checks, domain_check(rd, o));
			rd_add_part(rd, c->def, o);
		}
	}
}

static void alter_domain(struct rd *rd, node n)
{
	static const struct {
		const char *code, *words;
	} rows[] = {
		{"T", "set-default"},
		{"N", "drop-not-null"},
		{"O", "set-not-null"},
		{"C", "add-constraint"},
		{"X", "drop-constraint"},
		{"V", "validate-constraint"},
	};
	struct change *c = rd_emit(rd, CHANGE_ALTER_DOMAIN);
	node def = tree_get(n, "def");
	size_t i;

	c->type = OBJECT_TYPE;
	c->target = rd_qname(rd, tree_get(n, "typeName"));
	c->name = rd_text_of(rd, tree_get(n, "name"));
	c->flags |= (tree_true(tree_get(n, "missing_ok")) ? CHANGE_IF_EXISTS : 0) |
		    (tree_is(tree_get(n, "behavior"), "DROP_CASCADE") ? CHANGE_CASCADE : 0);
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (tree_is(tree_get(n, "subtype"), rows[i].code))
			c->value.text = slice_of(rows[i].words);
	if (tree_is(tree_get(n, "subtype"), "T") && !def)
		c->value.text = SL("drop-default");
	if (tree_is(tree_get(n, "subtype"), "T") && def) {
		size_t at = rd_find(rd, 0, "default");

		c->def = rd_object(rd, OBJECT_TYPE, c->target);
		c->def->type_.default_value = rd_expr(rd, def, at + 1, rd->ntok - 1);
		c->value.facts = c->def->type_.default_value.facts;
	}
	if (tree_key_is(rd_body(def), "Constraint")) {
		c->def = rd_constraint(rd, rd_body(def), SLICE_NONE, rd->ntok - 1);
		if (c->def && c->def->constraint.not_valid)
			c->flags |= CHANGE_NOT_VALID;
		if (c->def)
			c->name = c->def->name;
	}
}

static void alter_base_type(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_OTHER);

	c->type = OBJECT_TYPE;
	c->target = rd_qname(rd, tree_get(n, "typeName"));
	c->list = rd_options(rd, tree_get(n, "options"));
	c->value.text = definition(rd);
}

/* +(integer, integer), as DROP OPERATOR names it */
static struct slice operator_name(struct rd *rd, struct slice name, node definition)
{
	struct slice l = rd_option_value(rd, rd_option(definition, "leftarg"));
	struct slice r = rd_option_value(rd, rd_option(definition, "rightarg"));

	return arena_printf(rd->a, "%.*s(%.*s, %.*s)", SLICE(name), SLICE(l.len ? l : SL("NONE")),
		SLICE(r.len ? r : SL("NONE")));
}

struct slice rd_behind_name(struct rd *rd, const char *words)
{
	size_t i = 2;

	rd_tokens(rd);
	if (rd_has(rd, 2) && token_is(rd->tok[1], "or"))
		i += 2;
	for (; *words; words++)
		i += *words == ' ';
	while (rd_has(rd, i) && (token_is(rd->tok[i], "if") || token_is(rd->tok[i], "not") ||
					token_is(rd->tok[i], "exists")))
		i++;
	if (!rd_has(rd, i))
		return SLICE_NONE;
	i = token_punct(rd->tok[i], "(") ? rd_group_end(rd, i) : rd_name_end(rd, rd->tok[i].off);
	return rd_between(rd, i, rd->ntok - 1);
}

/* CREATE AGGREGATE s(int) (sfunc = …) */
static struct slice last_group(struct rd *rd)
{
	size_t i = 0, last = 0;

	rd_tokens(rd);
	while (rd_has(rd, i)) {
		bool group = token_punct(rd->tok[i], "(");

		if (group)
			last = i;
		i = group ? rd_group_end(rd, i) : i + 1;
	}
	return rd_between(rd, last, rd->ntok - 1);
}

/* CREATE AGGREGATE, OPERATOR, base TYPE, COLLATION, TEXT SEARCH … */
static void define(struct rd *rd, node n)
{
	node objtype = tree_get(n, "kind");
	const struct kind_row *k = kind_row(objtype);
	struct name name = rd_qname(rd, tree_get(n, "defnames"));
	struct change *c;

	rd->kind = rd_kind(rd, "CREATE ", k->words);
	if (tree_is(objtype, "OBJECT_TYPE")) {
		c = create_type(rd, name, tree_get(n, "definition") ? "base" : "shell");
		c->def->type_.definition.text = definition(rd);
	} else if (tree_is(objtype, "OBJECT_AGGREGATE")) {
		c = rd_emit(rd, CHANGE_CREATE_FUNCTION);
		c->type = OBJECT_FUNCTION;
		c->target.schema = name.schema;
		c->target.name = rd_signature(rd, name, tree_nth(tree_get(n, "args"), 0), true);
		c->def = rd_object(rd, OBJECT_FUNCTION, c->target);
		c->def->function.kind = SL("aggregate");
		c->def->function.body.text = last_group(rd);
	} else {
		c = rd_emit(rd, CHANGE_CREATE_OTHER);
		c->type = OBJECT_OTHER;
		if (tree_is(objtype, "OBJECT_OPERATOR"))
			name.name = operator_name(rd, name.name, tree_get(n, "definition"));
		c->target = name;
		c->def = rd_object(rd, OBJECT_OTHER, name);
		c->def->other.class_ = rd_lower(rd, slice_of(k->words));
		c->def->other.options = rd_options(rd, tree_get(n, "definition"));
		c->def->other.definition.text = rd_behind_name(rd, k->words);
	}
	c->flags |= (tree_true(tree_get(n, "if_not_exists")) ? CHANGE_IF_NOT_EXISTS : 0) |
		    (tree_true(tree_get(n, "replace")) ? CHANGE_OR_REPLACE : 0);
}

const struct statement_row read_object_rows[] = {
	{"DropStmt", NULL, drop},
	{"RenameStmt", NULL, rename_},
	{"AlterObjectSchemaStmt", NULL, set_schema},
	{"AlterOwnerStmt", NULL, set_owner},
	{"AlterObjectDependsStmt", NULL, depends},
	{"CommentStmt", "COMMENT", comment},
	{"SecLabelStmt", "SECURITY LABEL", label},
	{"GrantStmt", NULL, grant},
	{"GrantRoleStmt", NULL, grant_role},
	{"AlterDefaultPrivilegesStmt", "ALTER DEFAULT PRIVILEGES", default_privileges},
	{"CreateSeqStmt", "CREATE SEQUENCE", create_sequence},
	{"AlterSeqStmt", "ALTER SEQUENCE", alter_sequence},
	{"CreateEnumStmt", "CREATE TYPE", create_enum},
	{"CompositeTypeStmt", "CREATE TYPE", create_composite},
	{"CreateRangeStmt", "CREATE TYPE", create_range},
	{"AlterEnumStmt", "ALTER TYPE", add_enum_value},
	{"AlterTypeStmt", "ALTER TYPE", alter_base_type},
	{"CreateDomainStmt", "CREATE DOMAIN", create_domain},
	{"AlterDomainStmt", "ALTER DOMAIN", alter_domain},
	{"DefineStmt", NULL, define},
	{NULL, NULL, NULL},
};
