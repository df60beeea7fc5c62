/* lookup.c - present, absent or unknown. */
#include "catalog/internal.h"

#include "sql/token.h"

/* Where the server keeps what every database has. */
static bool is_system_schema(const struct catalog *c, struct slice s)
{
	static const char *const postgres[] = {
		"pg_catalog", "information_schema", "pg_toast", NULL};
	static const char *const mysql[] = {
		"mysql", "information_schema", "performance_schema", "sys", NULL};
	const char *const *at = is_postgres(c) ? postgres : is_mysql(c) ? mysql : NULL;

	for (; at && *at; at++)
		if (slice_is(s, *at))
			return true;
	return false;
}

/* What belongs to no schema. */
static bool is_global(enum object_type t)
{
	return t == OBJECT_SCHEMA || t == OBJECT_EXTENSION || t == OBJECT_PUBLICATION ||
	       t == OBJECT_EVENT_TRIGGER || t == OBJECT_DEFAULT_ACL || t == OBJECT_DATABASE ||
	       t == OBJECT_ROLE;
}

/* The node of exactly this type; in the shared space of relations any type may answer to NONE. */
static struct node *find_exact(const struct catalog *c, enum object_type type, struct name n)
{
	enum object_type space = type == OBJECT_NONE ? OBJECT_TABLE : type;
	struct node *at = node_find(c, space, n);

	for (; at; at = node_again(c, at, space, n))
		if (type == OBJECT_NONE || at->o.type == type)
			return at;
	return NULL;
}

static struct node *find_function(const struct catalog *c, struct name n, bool *several)
{
	struct node *at = find_exact(c, OBJECT_FUNCTION, n);

	*several = at && slice_chr(n.name, '(') == SIZE_MAX &&
		   node_again(c, at, OBJECT_FUNCTION, n) != NULL;
	return at;
}

static bool schema_in_path(const struct catalog *c, const struct session *s, struct slice schema)
{
	if (!slice_is(schema, "$user"))
		return schema.len > 0;
	return s->role.len && node_find(c, OBJECT_SCHEMA, (struct name){SLICE_NONE, s->role});
}

static struct slice path_entry(const struct session *s, size_t i)
{
	struct slice schema = s->search_path.at[i];

	return slice_is(schema, "$user") ? s->role : schema;
}

static bool is_there(const struct catalog *c, struct slice schema)
{
	return !catalog_is_complete(c) || slice_starts(schema, "pg_") ||
	       node_find(c, OBJECT_SCHEMA, (struct name){SLICE_NONE, schema});
}

/* Looks along the path; *full is where it was found, or where a new one would go. */
static struct node *search(const struct catalog *c, const struct session *s, enum object_type type,
	struct slice name, struct name *full)
{
	struct slice temp = temp_schema(c);
	struct node *n = NULL;
	/* A new one goes to the first that there is, or to the first at all. */
	bool first = true, real = !is_postgres(c);

	*full = (struct name){is_sqlite(c) ? SL("main") : SLICE_NONE, name};
	if (temp.len && c->has_temporary && type != OBJECT_FUNCTION &&
		(n = find_exact(c, type, (struct name){temp, name}))) {
		full->schema = temp;
		return n;
	}
	for (size_t i = 0; s && i < s->search_path.n; i++) {
		struct name at = {path_entry(s, i), name};

		if (!schema_in_path(c, s, s->search_path.at[i]))
			continue;
		if ((n = find_exact(c, type, at))) {
			*full = at;
			return n;
		}
		if (first)
			*full = at;
		if (!real && !(first && i + 1 == s->search_path.n) && is_there(c, at.schema)) {
			*full = at;
			real = true;
		}
		first = false;
	}
	return first ? find_exact(c, type, *full) : NULL;
}

static struct slice real_schema(const struct catalog *c, struct slice schema)
{
	if (is_postgres(c) && slice_starts(schema, "pg_temp"))
		return SL("pg_temp");
	if (is_sqlite(c) && slice_iis(schema, "temporary"))
		return SL("temp");
	return schema;
}

static struct node *locate(const struct catalog *c, const struct session *s, enum object_type type,
	struct name name, struct name *full)
{
	if (is_global(type)) {
		*full = (struct name){SLICE_NONE, name.name};
		return find_exact(c, type, *full);
	}
	/* Casts, languages, servers and the like belong to no schema. */
	if (type == OBJECT_OTHER && slice_empty(name.schema)) {
		struct node *n = find_exact(c, type, name);

		*full = name;
		if (n)
			return n;
	}
	if (name.schema.len) {
		*full = (struct name){real_schema(c, name.schema), name.name};
		return find_exact(c, type, *full);
	}
	return search(c, s, type, name.name, full);
}

struct name catalog_resolve(
	const struct catalog *c, const struct session *s, enum object_type type, struct name name)
{
	struct name full;

	locate(c, s, type, name, &full);
	return full;
}

/* Extensions bring functions and types, some also tables and views. */
static bool extension_may_hold(const struct catalog *c, enum object_type type, struct name name)
{
	if (!is_postgres(c) || c->meta.foreign.n == 0)
		return false;
	if (type == OBJECT_FUNCTION || type == OBJECT_TYPE)
		return true;
	for (size_t i = 0; i < c->meta.foreign.n; i++) {
		struct slice ext = c->meta.foreign.at[i];

		/* The relation of an extension is called like it, as a rule. */
		if (slice_starts(name.name, "spatial_ref_sys") ||
			slice_find(name.name, ext) != SIZE_MAX)
			return object_is_relation(type) || type == OBJECT_NONE;
	}
	return false;
}

static bool is_dotted(struct slice path, struct name n)
{
	size_t dot = n.schema.len;

	if (slice_empty(n.schema))
		return slice_eq(path, n.name);
	return path.len == dot + 1 + n.name.len && path.at[dot] == '.' &&
	       slice_eq(slice_n(path.at, dot), n.schema) &&
	       slice_eq(slice_from(path, dot + 1), n.name);
}

static bool is_taint(const struct catalog *c, struct name full)
{
	for (size_t i = 0; i < c->meta.taints.n; i++)
		if (is_dotted(c->meta.taints.at[i], full))
			return true;
	return false;
}

static bool may_exist(
	const struct catalog *c, enum object_type type, struct name given, struct name full)
{
	if (!catalog_is_complete(c) || is_system_schema(c, full.schema))
		return true;
	/* pg_catalog is searched before everything else. */
	if (is_postgres(c) && slice_empty(given.schema) && slice_starts(given.name, "pg_"))
		return true;
	/* Functions and types of the server itself are not in the catalog; MySQL's are not objects.
	 */
	if ((type == OBJECT_FUNCTION || type == OBJECT_TYPE) && slice_empty(given.schema) &&
		!is_mysql(c))
		return true;
	if (type == OBJECT_ROLE || type == OBJECT_DATABASE || type == OBJECT_OTHER)
		return true;
	return extension_may_hold(c, type, full) || is_taint(c, full);
}

enum presence catalog_find(const struct catalog *c, const struct session *s, enum object_type type,
	struct name name, const struct object **out)
{
	struct name full;
	struct node *n = locate(c, s, type, name, &full);
	bool several = false;

	if (n && type == OBJECT_FUNCTION)
		n = find_function(c, full, &several);
	if (!n)
		return may_exist(c, type, name, full) ? UNKNOWN : ABSENT;
	if (n->o.tainted || several)
		return UNKNOWN;
	if (out)
		*out = &n->o;
	return PRESENT;
}

size_t catalog_overloads(const struct catalog *c, const struct session *s, struct name bare,
	struct arena *a, const struct object ***out)
{
	struct name full;
	size_t n = 0;

	*out = NULL;
	for (struct node *at = locate(c, s, OBJECT_FUNCTION, bare, &full); at;
		at = node_again(c, at, OBJECT_FUNCTION, full))
		if (at->o.type == OBJECT_FUNCTION)
			*ARENA_PUSH(a, *out, n) = &at->o;
	return n;
}

enum presence catalog_part(const struct catalog *c, const struct object *table,
	enum object_type type, struct slice name, const struct object **out)
{
	const struct node *t = node_of(table);
	struct node *n = part_find(c, t, type, name);

	if (n && !n->o.tainted) {
		if (out)
			*out = &n->o;
		return PRESENT;
	}
	if (n || table->tainted)
		return UNKNOWN;
	if (t->parts_unknown || (type == OBJECT_COLUMN && t->columns_unknown))
		return UNKNOWN;
	return ABSENT;
}

/* ---- Who depends on whom ---- */

static const struct object **room(struct arena *a, size_t n)
{
	return ARENA_ARRAY(a, n + 1, const struct object *);
}

static struct name own_name(const struct object *o)
{
	return (struct name){o->schema, o->name};
}

size_t catalog_referencing(const struct catalog *c, const struct object *table, struct arena *a,
	const struct object ***out)
{
	struct node **v;
	size_t n = mentions(c, own_name(table), a, &v), k = 0;

	*out = room(a, n);
	for (size_t i = 0; i < n; i++)
		if (v[i]->o.type == OBJECT_CONSTRAINT && v[i]->o.table != table)
			(*out)[k++] = &v[i]->o;
	return k;
}

enum named { NOT_NAMED, BY_STAR, BY_NAME };

/* Is the word in a view's query as a column: not an alias, not a function? A star may mean it. */
static enum named query_names(const struct catalog *c, struct slice query, struct slice column)
{
	struct arena scratch = {0};
	struct token before = {.kind = TOKEN_END}, t;
	enum named found = NOT_NAMED;
	struct lexer l;

	lexer_init(&l, c->dialect, query);
	for (t = lexer_next(&l); t.kind != TOKEN_END && found != BY_NAME;
		before = t, t = lexer_next(&l)) {
		bool word = t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;

		if (token_punct(t, "*") &&
			(token_is(before, "select") || token_punct(before, ",") ||
				token_punct(before, ".")))
			found = BY_STAR;
		else if (word && !token_is(before, "as") && !token_punct(lexer_peek(&l), "(") &&
			 same_name(c, OBJECT_COLUMN, token_value(&scratch, c->dialect, t), column))
			found = BY_NAME;
	}
	arena_done(&scratch);
	return found;
}

/* Does another relation that the view reads have a column of this name, or may it? */
static bool elsewhere_too(const struct catalog *c, const struct object *view,
	const struct object *table, struct slice column)
{
	for (size_t i = 0; i < view->view.reads.n; i++) {
		struct slice unused;
		struct name n = relation_in(view->view.reads.at[i], &unused);
		const struct object *found = NULL, *part;

		if (name_eq(n, own_name(table)))
			continue;
		if (catalog_find(c, NULL, OBJECT_NONE, n, &found) != PRESENT ||
			found->type != OBJECT_TABLE ||
			catalog_part(c, found, OBJECT_COLUMN, column, &part) != ABSENT)
			return true;
	}
	return false;
}

/* A server says which columns a view reads; a history names the tables only, and the text decides:
 * UNKNOWN where it could be another table's column. */
enum presence catalog_view_reads(const struct catalog *c, const struct object *view,
	const struct object *table, struct slice column)
{
	struct arena scratch = {0};
	struct slice path = dotted(&scratch, own_name(table)), whole;
	bool by_column = false, found = false;
	enum named named;

	whole = arena_printf(&scratch, "%.*s.%.*s", SLICE(path), SLICE(column));
	for (size_t i = 0; i < view->view.reads.n && !found; i++) {
		struct slice r = view->view.reads.at[i];

		found = same_name(c, OBJECT_COLUMN, r, whole);
		by_column |= r.len > path.len && r.at[path.len] == '.' &&
			     slice_eq(slice_sub(r, 0, path.len), path);
	}
	arena_done(&scratch);
	if (found || by_column)
		return found ? PRESENT : ABSENT;
	named = query_names(c,
		view->view.query.text.len ? view->view.query.text : view->view.query.normal,
		column);
	if (named == NOT_NAMED)
		return ABSENT;
	/* Whose star it is, the text does not say. */
	if (named == BY_STAR && view->view.reads.n > 1)
		return UNKNOWN;
	return elsewhere_too(c, view, table, column) ? UNKNOWN : PRESENT;
}

size_t catalog_dependents(const struct catalog *c, const struct object *table, struct slice column,
	struct arena *a, const struct object ***out)
{
	struct node **v;
	size_t n = mentions(c, own_name(table), a, &v), k = 0;

	*out = room(a, n);
	for (size_t i = 0; i < n; i++) {
		enum object_type t = v[i]->o.type;

		if (t != OBJECT_VIEW && t != OBJECT_MATVIEW)
			continue;
		if (slice_empty(column) || catalog_view_reads(c, &v[i]->o, table, column) != ABSENT)
			(*out)[k++] = &v[i]->o;
	}
	return k;
}

size_t catalog_partitions(const struct catalog *c, const struct object *table, struct arena *a,
	const struct object ***out)
{
	struct node **v;
	size_t n = mentions(c, own_name(table), a, &v), k = 0;

	*out = room(a, n);
	for (size_t i = 0; i < n; i++)
		if (v[i]->o.type == OBJECT_TABLE &&
			same_full_name(
				c, OBJECT_TABLE, v[i]->o.table_.partition_of, own_name(table)))
			(*out)[k++] = &v[i]->o;
	return k;
}

size_t catalog_naming(const struct catalog *c, struct name relation, enum object_type type,
	struct arena *a, const struct object ***out)
{
	struct node **v;
	size_t n = mentions(c, relation, a, &v), k = 0;

	*out = room(a, n);
	for (size_t i = 0; i < n; i++)
		if (v[i]->o.type == type)
			(*out)[k++] = &v[i]->o;
	return k;
}

size_t catalog_bearing(
	const struct catalog *c, struct slice name, struct arena *a, const struct object ***out)
{
	struct node **v;
	size_t n = mentions(c, name_in_database(name), a, &v);

	*out = room(a, n);
	for (size_t i = 0; i < n; i++)
		(*out)[i] = &v[i]->o;
	return n;
}
