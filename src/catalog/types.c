/* types.c - types, signatures and collations with their schemas, as the server prints them when the
 * search path is empty. */
#include "catalog/internal.h"

/* Types that come with an extension; they live in its schema. */
static const struct {
	const char *type, *extension;
} extension_types[] = {
	{"citext", "citext"},
	{"hstore", "hstore"},
	{"ltree", "ltree"},
	{"lquery", "ltree"},
	{"ltxtquery", "ltree"},
	{"cube", "cube"},
	{"vector", "vector"},
	{"halfvec", "vector"},
	{"sparsevec", "vector"},
	{"geometry", "postgis"},
	{"geography", "postgis"},
};

const char *extension_type(struct slice extension, size_t n)
{
	for (size_t i = 0; i < sizeof extension_types / sizeof *extension_types; i++)
		if (slice_is(extension, extension_types[i].extension) && n-- == 0)
			return extension_types[i].type;
	return NULL;
}

static struct slice extension_schema(struct apply *x, struct slice type)
{
	for (size_t i = 0; i < sizeof extension_types / sizeof *extension_types; i++) {
		struct node *ext;

		if (!slice_is(type, extension_types[i].type))
			continue;
		ext = node_find(x->c, OBJECT_EXTENSION,
			(struct name){SLICE_NONE, slice_of(extension_types[i].extension)});
		if (ext)
			return ext->o.schema.len ? ext->o.schema : SL("public");
	}
	return SLICE_NONE;
}

/* A user's type gets its schema; so does a table whose rows are a type. */
static struct slice type_schema(struct apply *x, struct slice base)
{
	struct name name = {SLICE_NONE, base};
	const struct object *found = NULL;
	struct slice schema;

	if (x->c->ntype[OBJECT_TYPE] &&
		catalog_find(x->c, x->s, OBJECT_TYPE, name, &found) == PRESENT)
		return found->schema;
	schema = extension_schema(x, base);
	if (schema.len || catalog_find(x->c, x->s, OBJECT_NONE, name, &found) != PRESENT)
		return schema;
	return found->type == OBJECT_TABLE || found->type == OBJECT_VIEW ||
			       found->type == OBJECT_MATVIEW
		       ? found->schema
		       : SLICE_NONE;
}

struct slice resolve_type(struct apply *x, struct slice type)
{
	struct slice base = type_base(type), schema;
	struct name name = type_named(type);

	if (!is_postgres(x->c) || base.len == 0 || name.schema.len)
		return type;
	schema = type_schema(x, name.name);
	if (slice_empty(schema))
		return type;
	return textf(x->c, "%.*s%.*s", SLICE(type_spelled(x->c, (struct name){schema, name.name})),
		SLICE(slice_from(type, base.len)));
}

/* Arguments of a signature: no lengths, types with their schemas. */
static void resolve_argument(struct apply *x, struct buf *out, struct slice arg)
{
	size_t open = slice_chr(arg, '('), close = slice_chr(arg, ')');

	arg = slice_trim(arg);
	if (open != SIZE_MAX && close != SIZE_MAX)
		arg = textf(x->c, "%.*s%.*s", SLICE(slice_trim(slice_sub(arg, 0, open))),
			SLICE(slice_from(arg, close + 1)));
	buf_add(out, resolve_type(x, arg));
}

struct slice resolve_signature(struct apply *x, struct slice name)
{
	size_t open = slice_chr(name, '('), from = open + 1, depth = 0;
	struct buf b = {0};
	struct slice out;

	if (!is_postgres(x->c) || open == SIZE_MAX || name.at[name.len - 1] != ')')
		return name;
	buf_add(&b, slice_sub(name, 0, open + 1));
	for (size_t i = open + 1; i < name.len; i++) {
		bool last = i + 1 == name.len;

		if (name.at[i] == '(')
			depth++;
		else if (name.at[i] == ')' && !last)
			depth -= depth > 0;
		if (!last && (name.at[i] != ',' || depth))
			continue;
		resolve_argument(x, &b, slice_sub(name, from, i - from));
		buf_adds(&b, last ? ")" : ", ");
		from = i + 1;
	}
	out = keep(x->c, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* A cast is called "type as type". */
struct slice resolve_cast(struct apply *x, struct slice name)
{
	size_t as = slice_find(name, SL(" as "));

	if (!is_postgres(x->c) || as == SIZE_MAX)
		return name;
	return textf(x->c, "%.*s as %.*s", SLICE(resolve_type(x, slice_sub(name, 0, as))),
		SLICE(resolve_type(x, slice_from(name, as + strlen(" as ")))));
}

struct slice resolve_collation(struct apply *x, struct slice collation)
{
	const struct object *found = NULL;

	if (!is_postgres(x->c) || collation.len == 0 || slice_chr(collation, '.') != SIZE_MAX ||
		catalog_find(x->c, x->s, OBJECT_OTHER, (struct name){SLICE_NONE, collation},
			&found) != PRESENT ||
		!slice_is(found->other.class_, "collation"))
		return collation;
	return textf(x->c, "%.*s.%.*s", SLICE(found->schema), SLICE(collation));
}

struct slice catalog_full_signature(
	const struct catalog *c, const struct session *s, struct slice name)
{
	struct apply x = {.c = (struct catalog *)c, .s = (struct session *)s};

	return resolve_signature(&x, name);
}

struct slice catalog_full_type(const struct catalog *c, const struct session *s, struct slice type)
{
	struct apply x = {.c = (struct catalog *)c, .s = (struct session *)s};

	return resolve_type(&x, type);
}
