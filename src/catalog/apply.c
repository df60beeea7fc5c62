/* apply.c - what the server's schema is after a change: the table of changes, and helpers. */
#include "catalog/internal.h"

#include <stdarg.h>

/* ---- Saying no ---- */

static struct slice why_of(struct apply *x, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static struct slice why_of(struct apply *x, const char *fmt, va_list ap)
{
	return arena_vprintf(&x->c->arena, fmt, ap);
}

enum apply_result conflict(struct apply *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	x->why = why_of(x, fmt, ap);
	va_end(ap);
	return APPLY_CONFLICT;
}

enum apply_result unsure(struct apply *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	x->why = why_of(x, fmt, ap);
	va_end(ap);
	return APPLY_UNSURE;
}

struct slice path_of(struct apply *x, const struct node *n)
{
	return object_path(&x->c->arena, x->c->dialect, &n->o);
}

/* ---- Finding what a change is about ---- */

static struct node *tainted_node(struct apply *x, enum object_type type, struct name n)
{
	struct name full = catalog_resolve(x->c, x->s, type, n);
	enum object_type space = type == OBJECT_NONE ? OBJECT_TABLE : type;
	struct node *at = node_find(x->c, space, full);

	while (at && type != OBJECT_NONE && at->o.type != type)
		at = node_again(x->c, at, space, full);
	return at;
}

/* Names that contain types: f(mood) is f(public.mood). */
static struct slice full_spelling(struct apply *x, enum object_type type, struct slice name)
{
	if (type == OBJECT_FUNCTION)
		return resolve_signature(x, name);
	return type == OBJECT_OTHER ? resolve_cast(x, name) : name;
}

/* Unknown for no other reason than that the server has functions and types of its own? */
static bool is_only_builtin(struct apply *x, enum object_type type, struct name n)
{
	struct name full = catalog_resolve(x->c, x->s, type, n);

	return (type == OBJECT_FUNCTION || type == OBJECT_TYPE) && slice_empty(n.schema) &&
	       full.schema.len && catalog_find(x->c, x->s, type, full, NULL) == ABSENT;
}

struct node *target_named(
	struct apply *x, enum object_type type, struct name n, enum apply_result *r)
{
	const char *word = object_type_word(type == OBJECT_NONE ? OBJECT_TABLE : type);
	const struct object *found = NULL;
	enum presence p;
	struct node *tainted;

	n.name = full_spelling(x, type, n.name);
	p = catalog_find(x->c, x->s, type, n, &found);
	/* What the server brings itself cannot be dropped or altered. */
	if (p == UNKNOWN && !tainted_node(x, type, n) && is_only_builtin(x, type, n))
		p = ABSENT;
	switch (p) {
	case PRESENT:
		return node_of(found);
	case UNKNOWN:
		tainted = tainted_node(x, type, n);
		*r = unsure(x, "%s \"%.*s\" is not known at this point", word, SLICE(n.name));
		if (tainted)
			x->unsure = true;
		return tainted;
	case ABSENT:
		break;
	}
	*r = has(x, CHANGE_IF_EXISTS)
		     ? APPLY_NOOP
		     : conflict(x, "%s \"%.*s\" does not exist", word, SLICE(n.name));
	return NULL;
}

struct node *target(struct apply *x, enum object_type type, enum apply_result *r)
{
	return target_named(x, type, x->ch->target, r);
}

struct node *target_part(struct apply *x, struct node *table, enum object_type type,
	struct slice name, enum apply_result *r)
{
	const char *word = object_type_word(type);
	const struct object *found = NULL;
	struct node *n;

	switch (catalog_part(x->c, &table->o, type, name, &found)) {
	case PRESENT:
		return node_of(found);
	case UNKNOWN:
		*r = unsure(x, "%s \"%.*s\" of \"%.*s\" is not known at this point", word,
			SLICE(name), SLICE(table->o.name));
		n = part_find(x->c, table, type, name);
		if (n)
			x->unsure = true;
		return n;
	case ABSENT:
		break;
	}
	*r = has(x, CHANGE_IF_EXISTS) ? APPLY_NOOP
				      : conflict(x, "%s \"%.*s\" of \"%.*s\" does not exist", word,
						SLICE(name), SLICE(table->o.name));
	return NULL;
}

/* Where a new object goes: a named schema, or the first of the path; never along the path. */
struct name creation_name(struct apply *x, struct name n)
{
	struct name full = n;

	if (has(x, CHANGE_TEMPORARY))
		full.schema = is_sqlite(x->c)  ? SL("temp")
			      : is_mysql(x->c) ? n.schema
					       : SL("pg_temp");
	for (size_t i = 0; slice_empty(full.schema) && i < x->s->search_path.n; i++)
		if (!slice_is(x->s->search_path.at[i], "$user"))
			full.schema = x->s->search_path.at[i];
		else if (x->s->role.len &&
			 node_find(x->c, OBJECT_SCHEMA, (struct name){SLICE_NONE, x->s->role}))
			full.schema = x->s->role;
	if (slice_empty(full.schema) && is_sqlite(x->c))
		full.schema = SL("main");
	if (is_sqlite(x->c) && slice_iis(full.schema, "main"))
		full.schema = SL("main");
	return name_copy(&x->c->arena, full);
}

static bool schema_missing(struct apply *x, struct slice schema)
{
	const struct object *found;

	if (!is_postgres(x->c) || slice_empty(schema) || slice_is(schema, "pg_temp") ||
		slice_is(schema, "public"))
		return false;
	return catalog_find(x->c, x->s, OBJECT_SCHEMA, (struct name){SLICE_NONE, schema}, &found) ==
	       ABSENT;
}

enum apply_result may_create(
	struct apply *x, enum object_type type, struct name n, struct name *full, struct node **old)
{
	const char *word = object_type_word(type);
	enum object_type any = object_is_relation(space_of(x->c, type)) ? OBJECT_NONE : type;
	const struct object *found = NULL;
	enum presence p;

	n.name = full_spelling(x, type, n.name);
	*full = creation_name(x, n);
	*old = NULL;
	if (schema_missing(x, full->schema))
		return conflict(x, "schema \"%.*s\" does not exist", SLICE(full->schema));
	p = catalog_find(x->c, x->s, any, *full, &found);
	if (p == ABSENT)
		return APPLIED;
	if (p == UNKNOWN) {
		*old = tainted_node(x, any, *full);
		/* Plain CREATE works only if it was not there; with IF NOT EXISTS who knows. */
		if (has(x, CHANGE_IF_NOT_EXISTS)) {
			x->unsure = true;
			x->why = textf(x->c, "%s \"%.*s\" may exist already", word, SLICE(n.name));
		}
		return APPLIED;
	}
	if (has(x, CHANGE_OR_REPLACE) && found->type == type) {
		*old = node_of(found);
		return APPLIED;
	}
	if (has(x, CHANGE_IF_NOT_EXISTS))
		return APPLY_NOOP;
	return conflict(
		x, "%s \"%.*s\" already exists", object_type_word(found->type), SLICE(full->name));
}

/* ---- Making ---- */

struct node *create(struct apply *x, const struct object *def, struct name full)
{
	struct node *n = node_new(x->c, def);

	n->o.schema = full.schema;
	n->o.name = full.name;
	n->o.born_tx = x->s->tx;
	if (slice_empty(n->o.owner))
		n->o.owner = keep(x->c, x->s->role);
	n->o.tainted = x->unsure && has(x, CHANGE_IF_NOT_EXISTS);
	n->o.acl = acl_of_new(x->c, &n->o);
	node_put(x->c, n);
	return n;
}

struct node *create_part(struct apply *x, struct node *table, const struct object *def)
{
	struct node *n = node_new(x->c, def);

	n->o.schema = table->o.schema;
	n->o.born_tx = x->s->tx;
	part_put_last(x->c, table, n);
	return n;
}

struct name in_table_schema(const struct node *table, struct slice name)
{
	return (struct name){table->o.schema, name};
}

size_t children(struct apply *x, const struct node *n, struct node ***out)
{
	struct name own = {n->o.schema, n->o.name};
	struct node **v;
	size_t all, k = 0;

	if (!is_postgres(x->c)) {
		*out = NULL;
		return 0;
	}
	all = mentions(x->c, own, &x->c->undo_arena, &v);
	for (size_t i = 0; i < all; i++)
		if (v[i]->o.type == OBJECT_TABLE && !name_eq(v[i]->o.table_.of_type, own))
			v[k++] = v[i];
	*out = v;
	return k;
}

/* ---- The table ---- */

static enum apply_result apply_inner(struct apply *x)
{
	enum apply_result all = APPLIED;

	for (size_t i = 0; i < x->ch->ninner; i++) {
		enum apply_result r = catalog_apply(x->c, x->s, &x->ch->inner[i], &x->why);

		if (r == APPLY_CONFLICT)
			return r;
		if (r == APPLY_UNSURE)
			all = r;
	}
	return all;
}

static enum apply_result create_schema(struct apply *x)
{
	struct names path = x->s->search_path, inside = {0};
	enum apply_result r = apply_create_schema(x);

	if (r != APPLIED || x->ch->ninner == 0)
		return r;
	/* Its elements see one another first. */
	names_add(x->s->arena, &inside, x->ch->target.name);
	for (size_t i = 0; i < path.n; i++)
		names_add(x->s->arena, &inside, path.at[i]);
	x->s->search_path = inside;
	r = apply_inner(x);
	x->s->search_path = path;
	return r;
}

/* Rows that leave the schema alone are not here. */
/* clang-format off */
static apply_fn *const rows[CHANGE_KINDS_] = {
	[CHANGE_CREATE_TABLE] = apply_create_table,
	[CHANGE_SELECT] = apply_call,
	[CHANGE_CALL] = apply_call,
	[CHANGE_CREATE_TABLE_AS] = apply_create_table_as,
	[CHANGE_DROP_TABLE] = apply_drop_relation,
	[CHANGE_RENAME_TABLE] = apply_rename_relation,
	[CHANGE_SET_SCHEMA] = apply_set_schema,
	[CHANGE_SET_OWNER] = apply_owner,
	[CHANGE_SET_OPTIONS] = apply_set_options,
	[CHANGE_RESET_OPTIONS] = apply_reset_options,
	[CHANGE_SET_LOGGED] = apply_table_word,
	[CHANGE_SET_UNLOGGED] = apply_table_word,
	[CHANGE_SET_TABLESPACE] = apply_table_word,
	[CHANGE_SET_ACCESS_METHOD] = apply_table_word,
	[CHANGE_TABLE_ENGINE] = apply_table_word,
	[CHANGE_CLUSTER_ON] = apply_cluster_on,
	[CHANGE_ROW_SECURITY] = apply_row_security,
	[CHANGE_REPLICA_IDENTITY] = apply_replica_identity,
	[CHANGE_INHERIT] = apply_inherit,
	[CHANGE_NO_INHERIT] = apply_no_inherit,
	[CHANGE_ATTACH_PARTITION] = apply_attach,
	[CHANGE_DETACH_PARTITION] = apply_detach,
	[CHANGE_OF_TYPE] = apply_of_type,
	[CHANGE_TABLE_CHARSET] = apply_charset,
	[CHANGE_CONVERT_CHARSET] = apply_charset,
	[CHANGE_ALTER_PARTITIONS] = apply_partitions,
	[CHANGE_ADD_COLUMN] = apply_add_column,
	[CHANGE_DROP_COLUMN] = apply_drop_column,
	[CHANGE_RENAME_COLUMN] = apply_rename_column,
	[CHANGE_ALTER_TYPE] = apply_alter_type,
	[CHANGE_MODIFY_COLUMN] = apply_modify_column,
	[CHANGE_SET_DEFAULT] = apply_set_default,
	[CHANGE_DROP_DEFAULT] = apply_drop_default,
	[CHANGE_SET_NOT_NULL] = apply_set_not_null,
	[CHANGE_DROP_NOT_NULL] = apply_drop_not_null,
	[CHANGE_ADD_IDENTITY] = apply_add_identity,
	[CHANGE_ALTER_IDENTITY] = apply_alter_identity,
	[CHANGE_DROP_IDENTITY] = apply_drop_identity,
	[CHANGE_SET_EXPRESSION] = apply_set_expression,
	[CHANGE_DROP_EXPRESSION] = apply_drop_expression,
	[CHANGE_SET_STATISTICS] = apply_column_word,
	[CHANGE_SET_STORAGE] = apply_column_word,
	[CHANGE_SET_COMPRESSION] = apply_column_word,
	[CHANGE_COLUMN_OPTIONS] = apply_column_options,
	[CHANGE_COLUMN_VISIBILITY] = apply_column_visibility,
	[CHANGE_ADD_CONSTRAINT] = apply_add_constraint,
	[CHANGE_ADD_CONSTRAINT_INDEX] = apply_add_constraint_index,
	[CHANGE_VALIDATE_CONSTRAINT] = apply_validate_constraint,
	[CHANGE_ALTER_CONSTRAINT] = apply_alter_constraint,
	[CHANGE_DROP_CONSTRAINT] = apply_drop_constraint,
	[CHANGE_RENAME_CONSTRAINT] = apply_rename_constraint,
	[CHANGE_CREATE_INDEX] = apply_create_index,
	[CHANGE_DROP_INDEX] = apply_drop_index,
	[CHANGE_RENAME_INDEX] = apply_rename_index,
	[CHANGE_ALTER_INDEX] = apply_alter_index,
	[CHANGE_ATTACH_INDEX] = apply_attach_index,
	[CHANGE_CREATE_VIEW] = apply_create_view,
	[CHANGE_ALTER_VIEW] = apply_alter_view,
	[CHANGE_DROP_VIEW] = apply_drop_relation,
	[CHANGE_CREATE_MATVIEW] = apply_create_view,
	[CHANGE_REFRESH_MATVIEW] = apply_refresh,
	[CHANGE_DROP_MATVIEW] = apply_drop_relation,
	[CHANGE_CREATE_SEQUENCE] = apply_create_sequence,
	[CHANGE_ALTER_SEQUENCE] = apply_alter_sequence,
	[CHANGE_DROP_SEQUENCE] = apply_drop_relation,
	[CHANGE_CREATE_TYPE] = apply_create_type,
	[CHANGE_ALTER_TYPE_ATTR] = apply_type_attr,
	[CHANGE_ADD_ENUM_VALUE] = apply_add_enum_value,
	[CHANGE_RENAME_ENUM_VALUE] = apply_rename_enum_value,
	[CHANGE_DROP_TYPE] = apply_drop_object,
	[CHANGE_CREATE_DOMAIN] = apply_create_type,
	[CHANGE_ALTER_DOMAIN] = apply_alter_domain,
	[CHANGE_DROP_DOMAIN] = apply_drop_object,
	[CHANGE_CREATE_FUNCTION] = apply_create_function,
	[CHANGE_ALTER_FUNCTION] = apply_alter_function,
	[CHANGE_DROP_FUNCTION] = apply_drop_object,
	[CHANGE_CREATE_TRIGGER] = apply_create_part,
	[CHANGE_ALTER_TRIGGER] = apply_alter_part,
	[CHANGE_DROP_TRIGGER] = apply_drop_part,
	[CHANGE_TRIGGER_STATE] = apply_trigger_state,
	[CHANGE_RULE_STATE] = apply_trigger_state,
	[CHANGE_CREATE_RULE] = apply_create_part,
	[CHANGE_DROP_RULE] = apply_drop_part,
	[CHANGE_CREATE_POLICY] = apply_create_part,
	[CHANGE_ALTER_POLICY] = apply_alter_policy,
	[CHANGE_DROP_POLICY] = apply_drop_part,
	[CHANGE_CREATE_STATISTICS] = apply_create_statistics,
	[CHANGE_DROP_STATISTICS] = apply_drop_object,
	[CHANGE_CREATE_SCHEMA] = create_schema,
	[CHANGE_DROP_SCHEMA] = apply_drop_schema,
	[CHANGE_CREATE_DATABASE] = apply_create_schema,
	[CHANGE_DROP_DATABASE] = apply_drop_schema,
	[CHANGE_CREATE_EXTENSION] = apply_create_extension,
	[CHANGE_ALTER_EXTENSION] = apply_alter_extension,
	[CHANGE_DROP_EXTENSION] = apply_drop_extension,
	[CHANGE_CREATE_OTHER] = apply_create_object,
	[CHANGE_ALTER_OTHER] = apply_alter_other,
	[CHANGE_DROP_OTHER] = apply_drop_object,
	[CHANGE_RENAME_OTHER] = apply_rename_object,
	[CHANGE_COMMENT_ON] = apply_comment,
	[CHANGE_GRANT] = apply_grant,
	[CHANGE_REVOKE] = apply_revoke,
	[CHANGE_DEFAULT_PRIVILEGES] = apply_default_privileges,
	[CHANGE_DO_BLOCK] = apply_inner,
	[CHANGE_SET_VARIABLE] = apply_set,
	[CHANGE_RESET_VARIABLE] = apply_reset,
	[CHANGE_SET_ROLE] = apply_set_role,
	[CHANGE_USE_DATABASE] = apply_use,
	[CHANGE_PRAGMA] = apply_pragma,
	[CHANGE_ATTACH_DATABASE] = apply_attach_database,
	[CHANGE_DETACH_DATABASE] = apply_detach_database,
	[CHANGE_DISCARD] = apply_discard,
	[CHANGE_BEGIN] = apply_begin,
	[CHANGE_COMMIT] = apply_commit,
	[CHANGE_ROLLBACK] = apply_rollback,
	[CHANGE_SAVEPOINT] = apply_savepoint,
	[CHANGE_RELEASE] = apply_release,
	[CHANGE_ROLLBACK_TO] = apply_rollback_to,
};
/* clang-format on */

static bool ends_transaction(enum change_kind k)
{
	return change_class_of(k) == CLASS_TX;
}

/* Runs fn so that a conflict leaves nothing behind. */
struct guarded {
	bool was_logging;
	size_t mark;
};

static struct guarded guard(struct catalog *c)
{
	struct guarded g = {c->logging, 0};

	g.mark = catalog_mark(c);
	return g;
}

static void unguard(struct catalog *c, struct guarded g, bool undo)
{
	if (undo)
		undo_to(c, g.mark);
	if (!g.was_logging)
		catalog_forget_marks(c);
}

/* What a rename gives its new name to, or would have. */
static void taint_new_name(struct apply *x, struct name old)
{
	struct arena scratch = {0};

	if ((x->ch->kind == CHANGE_RENAME_TABLE || x->ch->kind == CHANGE_RENAME_INDEX ||
		    x->ch->kind == CHANGE_RENAME_OTHER) &&
		x->ch->other.name.len)
		catalog_taint(
			x->c, x->s, dotted(&scratch, (struct name){old.schema, x->ch->other.name}));
	arena_done(&scratch);
}

static void taint_target(struct apply *x)
{
	struct name n = catalog_resolve(x->c, x->s, OBJECT_NONE, x->ch->target);
	struct arena scratch = {0};

	if (x->ch->target.name.len) {
		catalog_taint(x->c, x->s, dotted(&scratch, n));
		taint_new_name(x, n);
	}
	arena_done(&scratch);
}

static enum apply_result finish(struct apply *x, enum apply_result r)
{
	const unsigned sure = CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE;

	if (r == APPLIED && x->unsure)
		r = APPLY_UNSURE;
	if (r == APPLY_CONFLICT && has(x, CHANGE_PASSED_OVER))
		return APPLY_NOOP;
	/* A guard that we did not read decides whether it runs at all. */
	if (has(x, CHANGE_GUARDED) && !(x->ch->flags & sure)) {
		if (r == APPLY_CONFLICT || r == APPLY_UNSURE) {
			taint_new_name(x, catalog_resolve(x->c, x->s, OBJECT_NONE, x->ch->target));
			return r == APPLY_CONFLICT ? APPLY_NOOP : r;
		}
		if (r == APPLIED && change_class_of(x->ch->kind) <= CLASS_RENAME) {
			taint_target(x);
			x->why = SL("it runs only under a condition");
			return APPLY_UNSURE;
		}
	}
	return r;
}

enum apply_result catalog_apply(
	struct catalog *c, struct session *s, const struct change *ch, struct slice *why)
{
	struct apply x = {.c = c, .s = s, .ch = ch};
	apply_fn *fn = rows[ch->kind];
	enum apply_result r;
	struct guarded g;

	if (!fn)
		return APPLIED;
	if (ends_transaction(ch->kind)) {
		r = fn(&x);
	} else {
		g = guard(c);
		r = fn(&x);
		unguard(c, g, r == APPLY_CONFLICT);
		r = finish(&x, r);
	}
	if (why && (r == APPLY_CONFLICT || r == APPLY_UNSURE))
		*why = x.why;
	return r;
}

static bool has_tx_change(const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if (ends_transaction(st->changes[i].kind))
			return true;
	return false;
}

static void taint_all(struct catalog *c, struct session *s, struct names what)
{
	for (size_t i = 0; i < what.n; i++)
		catalog_taint(c, s, what.at[i]);
}

/* PostgreSQL takes the parts of an ALTER TABLE in an order of its own: what goes first, then types,
 * new columns, and what may speak of them. */
enum { PASSES = 4 };

static int pass_of(enum change_kind kind)
{
	if (kind == CHANGE_DROP_COLUMN || kind == CHANGE_DROP_CONSTRAINT)
		return 0;
	if (kind == CHANGE_ALTER_TYPE)
		return 1;
	return kind == CHANGE_ADD_COLUMN ? 2 : PASSES - 1;
}

static enum apply_result apply_changes(
	struct catalog *c, struct session *s, const struct statement *st, struct slice *why)
{
	bool passes = c->dialect == DIALECT_POSTGRES && st->nchanges > 1 && st->kind &&
		      slice_is(slice_of(st->kind), "ALTER TABLE");
	enum apply_result all = st->nchanges ? APPLY_NOOP : APPLIED;

	for (int pass = passes ? 0 : PASSES - 1; pass < PASSES; pass++)
		for (size_t i = 0; i < st->nchanges; i++) {
			enum apply_result r;

			if (passes && pass_of(st->changes[i].kind) != pass)
				continue;
			r = catalog_apply(c, s, &st->changes[i], why);
			if (r == APPLY_CONFLICT)
				return r;
			if (r == APPLY_UNSURE || (r == APPLIED && all == APPLY_NOOP))
				all = r;
		}
	return all;
}

enum apply_result catalog_apply_statement(
	struct catalog *c, struct session *s, const struct statement *st, struct slice *why)
{
	enum apply_result r;
	struct guarded g;

	s->statement++;
	if (st->state == STATEMENT_CLIENT)
		return APPLIED;
	if (st->state != STATEMENT_READ) {
		taint_all(c, s, st->may_touch);
		if (!s->untyped)
			note_written(c, s, st);
		*why = st->state == STATEMENT_OPAQUE ? st->opaque_reason : st->fault_message;
		return APPLY_UNSURE;
	}
	if (has_tx_change(st)) {
		r = apply_changes(c, s, st, why);
	} else {
		c->batch = st->changes;
		c->nbatch = st->nchanges;
		g = guard(c);
		r = apply_changes(c, s, st, why);
		if (c->dialect == DIALECT_MYSQL && r != APPLY_CONFLICT && st->nchanges)
			count_row_versions(c, st);
		unguard(c, g, r == APPLY_CONFLICT);
		c->batch = NULL;
		c->nbatch = 0;
		if (!s->untyped && r != APPLY_CONFLICT)
			note_written(c, s, st);
	}
	if (st->partly_opaque && r != APPLY_CONFLICT) {
		taint_all(c, s, st->may_touch);
		*why = st->opaque_reason;
		return APPLY_UNSURE;
	}
	return r;
}
