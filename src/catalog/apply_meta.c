/* apply_meta.c - comments, owners, grants. */
#include "catalog/internal.h"

/* Whatever a COMMENT, an OWNER or a GRANT may be about. */
struct node *meta_target(struct apply *x, enum apply_result *r)
{
	enum object_type type = x->ch->type;
	struct node *table;

	switch (type) {
	case OBJECT_COLUMN:
	case OBJECT_CONSTRAINT:
	case OBJECT_TRIGGER:
	case OBJECT_POLICY:
	case OBJECT_RULE:
		table = target(x, OBJECT_NONE, r);
		return table && x->ch->name.len ? target_part(x, table, type, x->ch->name, r)
						: table;
	case OBJECT_INDEX:
		if (is_mysql(x->c)) {
			table = target(x, OBJECT_TABLE, r);
			return table ? target_part(x, table, type, x->ch->name, r) : NULL;
		}
		return target(x, type, r);
	case OBJECT_NONE:
	case OBJECT_TABLE:
		/* ALTER TABLE takes views and sequences as well. */
		return target(x, OBJECT_NONE, r);
	case OBJECT_SCHEMA:
	case OBJECT_EXTENSION:
	case OBJECT_SEQUENCE:
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
	case OBJECT_TYPE:
	case OBJECT_FUNCTION:
	case OBJECT_STATISTICS:
	case OBJECT_PUBLICATION:
	case OBJECT_EVENT_TRIGGER:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_OTHER:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
	return target(x, type, r);
}

/* Roles, databases and the server's own objects are not in the catalog: nothing to note. */
static bool outside(const struct apply *x)
{
	return x->ch->type == OBJECT_ROLE || x->ch->type == OBJECT_DATABASE;
}

enum apply_result apply_comment(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n;

	if (outside(x))
		return APPLIED;
	n = meta_target(x, &r);
	if (!n)
		return r;
	node_edit(x->c, n)->comment = keep(x->c, x->ch->value.text);
	node_edited(x->c, n);
	return APPLIED;
}

static void own_sequences(struct apply *x, const struct node *table, struct slice owner)
{
	struct node **v;
	size_t n = mentions(
		x->c, (struct name){table->o.schema, table->o.name}, &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++)
		if (v[i]->o.type == OBJECT_SEQUENCE) {
			node_edit(x->c, v[i])->owner = owner;
			node_edited(x->c, v[i]);
		}
}

enum apply_result apply_owner(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n;
	struct slice owner = x->ch->value.text;

	if (outside(x))
		return APPLIED;
	n = meta_target(x, &r);
	if (!n)
		return r;
	if (slice_iis(owner, "current_user") || slice_iis(owner, "session_user") ||
		slice_iis(owner, "current_role"))
		owner = x->s->role;
	owner = keep(x->c, owner);
	node_edit(x->c, n)->owner = owner;
	node_edited(x->c, n);
	if (n->o.type == OBJECT_TABLE)
		own_sequences(x, n, owner);
	return APPLIED;
}

/* ---- Grants ---- */

/* Privileges on columns, `select (a, b)`, are kept with the columns. */
static void change_column_acls(struct apply *x, struct node *n, struct slice word, size_t open,
	struct slice grantee, bool grant, bool option)
{
	struct slice rest = slice_sub(word, open + 1, word.len - open - 2), column;
	struct slice privilege = slice_trim(slice_sub(word, 0, open));
	struct names one = {&privilege, 1};

	while (slice_next(&rest, ',', &column)) {
		struct node *col = part_find(x->c, n, OBJECT_COLUMN, slice_trim(column));

		if (!col)
			continue;
		node_edit(x->c, col)->acl = acl_changed(x->c, &col->o, grantee, one, grant, option);
		node_edited(x->c, col);
	}
}

static void change_one(struct apply *x, struct node *n, struct slice grantee, bool grant)
{
	bool option = names_has(x->ch->settings, SL("grant option"));
	struct names whole = {0};

	for (size_t i = 0; i < x->ch->list.n; i++) {
		struct slice word = slice_trim(x->ch->list.at[i]);
		size_t open = slice_chr(word, '(');

		if (open != SIZE_MAX)
			change_column_acls(x, n, word, open, grantee, grant, option);
		else
			names_add(&x->c->undo_arena, &whole, word);
	}
	if (!whole.n)
		return;
	node_edit(x->c, n)->acl = acl_changed(x->c, &n->o, grantee, whole, grant, option);
	node_edited(x->c, n);
}

static void change_for_all(struct apply *x, struct node *n, bool grant)
{
	struct slice rest = x->ch->value.text, grantee;

	while (slice_next(&rest, ',', &grantee))
		change_one(x, n, slice_trim(grantee), grant);
}

static enum apply_result whole_schema(struct apply *x, bool grant)
{
	const struct object **v;
	size_t n = catalog_list(x->c, OBJECT_NONE, &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++) {
		bool relation = v[i]->type == OBJECT_TABLE || v[i]->type == OBJECT_VIEW ||
				v[i]->type == OBJECT_MATVIEW;

		if (slice_eq(v[i]->schema, x->ch->target.schema) &&
			(x->ch->type == OBJECT_TABLE ? relation : v[i]->type == x->ch->type))
			change_for_all(x, node_of(v[i]), grant);
	}
	return APPLIED;
}

static enum apply_result change_grants(struct apply *x, bool grant)
{
	enum apply_result r = APPLIED;
	struct node *n;

	/* MySQL's accounts are not part of the schema; nor are roles and databases here. */
	if (is_mysql(x->c) || outside(x) || x->ch->type == OBJECT_OTHER)
		return APPLIED;
	if (slice_is(x->ch->target.name, "*"))
		return whole_schema(x, grant);
	n = meta_target(x, &r);
	if (!n)
		return r;
	change_for_all(x, n, grant);
	return APPLIED;
}

enum apply_result apply_grant(struct apply *x)
{
	return change_grants(x, true);
}

enum apply_result apply_revoke(struct apply *x)
{
	return change_grants(x, false);
}

/* ALTER DEFAULT PRIVILEGES: one object a schema and kind of object; its owner is the role. */
static void default_acl(struct apply *x, struct slice role, struct slice schema, bool grant)
{
	struct object o = {.type = OBJECT_DEFAULT_ACL, .owner = role};
	struct name name = {keep(x->c, schema), keep(x->c, x->ch->name)};
	struct node *n;

	if (slice_ends(name.name, "s"))
		name.name.len--; /* tables, sequences … */
	n = node_find(x->c, OBJECT_DEFAULT_ACL, name);
	while (n && !slice_eq(n->o.owner, role))
		n = node_again(x->c, n, OBJECT_DEFAULT_ACL, name);
	if (!n)
		n = create(x, &o, name);
	change_for_all(x, n, grant);
	if (acl_canonical(x->c, &x->c->undo_arena, &n->o).n == 0)
		node_drop(x->c, n);
}

static struct slice setting(struct apply *x, const char *key)
{
	for (size_t i = 0; i < x->ch->settings.n; i++)
		if (slice_starts(x->ch->settings.at[i], key))
			return slice_from(x->ch->settings.at[i], strlen(key));
	return SLICE_NONE;
}

/* Nobody said which: whoever runs this, and his name is not known. */
static struct slice role_name(struct slice role)
{
	role = slice_trim(role);
	return slice_is(role, "@owner") || slice_iis(role, "current_user") ||
			       slice_iis(role, "current_role") || slice_iis(role, "session_user")
		       ? SLICE_NONE
		       : role;
}

enum apply_result apply_default_privileges(struct apply *x)
{
	struct slice roles = setting(x, "roles="), role, schemas, schema;
	bool grant = !names_has(x->ch->settings, SL("revoke"));

	if (is_mysql(x->c))
		return APPLIED;
	if (slice_empty(roles))
		roles = x->s->role.len ? x->s->role : SL("@owner");
	while (slice_next(&roles, ',', &role)) {
		schemas = setting(x, "schemas=");
		if (slice_empty(schemas))
			default_acl(x, role_name(role), SLICE_NONE, grant);
		while (slice_next(&schemas, ',', &schema))
			default_acl(x, role_name(role), slice_trim(schema), grant);
	}
	return APPLIED;
}
