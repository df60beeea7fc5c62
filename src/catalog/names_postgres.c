/* names_postgres.c - the names PostgreSQL gives to what nobody named.
 *
 * After makeObjectName(), ChooseRelationName(), ChooseConstraintName() and ChooseIndexName() of the
 * server (src/backend/commands/indexcmds.c, src/backend/catalog/pg_constraint.c): the parts are cut
 * evenly to 63 bytes, the label stays whole, a number is added until nobody else has the name. */
#include "catalog/internal.h"

enum { NAME_BYTES = 63 };

/* Cut at a character's start, as pg_mbcliplen() does. */
static size_t clip(struct slice s, size_t len)
{
	while (len > 0 && len < s.len && ((unsigned char)s.at[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static struct slice object_name(
	struct catalog *c, struct slice a, struct slice b, const char *label)
{
	size_t overhead = (b.len ? 1 : 0) + (label ? strlen(label) + 1 : 0);
	size_t room = NAME_BYTES - overhead, na = a.len, nb = b.len;
	struct buf out = {0};
	struct slice name;

	while (na + nb > room)
		if (na > nb)
			na--;
		else
			nb--;
	na = clip(a, na);
	nb = clip(b, nb);
	buf_add(&out, slice_sub(a, 0, na));
	if (b.len) {
		buf_addc(&out, '_');
		buf_add(&out, slice_sub(b, 0, nb));
	}
	if (label)
		buf_printf(&out, "_%s", label);
	name = keep(c, buf_slice(&out));
	buf_done(&out);
	return name;
}

static bool taken(struct catalog *c, enum object_type type, struct slice schema, struct slice name)
{
	return node_find(c, type, (struct name){schema, name}) != NULL;
}

static struct slice choose(struct catalog *c, struct slice schema, struct slice a, struct slice b,
	const char *label, bool relation, bool constraint)
{
	char numbered[NAME_BYTES];

	for (unsigned pass = 0;; pass++) {
		struct slice name;

		if (pass)
			snprintf(numbered, sizeof numbered, "%s%u", label, pass);
		name = object_name(c, a, b, pass ? numbered : label);
		if ((!relation || !taken(c, OBJECT_TABLE, schema, name)) &&
			(!constraint || !taken(c, OBJECT_CONSTRAINT, schema, name)))
			return name;
	}
}

struct slice pg_relation_name(struct catalog *c, struct slice schema, struct slice a,
	struct slice b, const char *label, bool constraint)
{
	return choose(c, schema, a, b, label, true, constraint);
}

struct slice pg_constraint_name(
	struct catalog *c, struct slice schema, struct slice a, struct slice b, const char *label)
{
	return choose(c, schema, a, b, label, false, true);
}

struct slice pg_columns_addition(struct catalog *c, struct names columns)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < columns.n && b.len < NAME_BYTES + 1; i++) {
		if (b.len)
			buf_addc(&b, '_');
		buf_add(&b, columns.at[i]);
	}
	out = keep(c, slice_sub(buf_slice(&b), 0, NAME_BYTES));
	buf_done(&b);
	return out;
}

/* What FigureIndexColname() calls an expression: the outermost function, else "expr". */
static struct slice expression_name(struct slice key)
{
	struct slice e = slice_trim(slice_sub(key, 1, key.len > 2 ? key.len - 2 : 0));
	size_t open = slice_chr(e, '('), from = 0;

	while (open == 0 && e.len > 2 && e.at[e.len - 1] == ')') {
		e = slice_trim(slice_sub(e, 1, e.len - 2));
		open = slice_chr(e, '(');
	}
	if (open == SIZE_MAX || open == 0 || e.at[e.len - 1] != ')')
		return SL("expr");
	for (size_t i = 0; i < open; i++) {
		char ch = e.at[i];

		if (ch == '.')
			from = i + 1;
		else if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' ||
				 (ch >= '0' && ch <= '9')))
			return SL("expr");
	}
	return slice_sub(e, from, open - from);
}

static struct slice folded(struct catalog *c, struct slice s)
{
	char *p = arena_cstr(&c->arena, s);

	for (size_t i = 0; i < s.len; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
	return slice_n(p, s.len);
}

/* Names of an index's columns: each one differs from those before. */
static struct names index_column_names(struct catalog *c, const struct index_def *d)
{
	struct names out = {0};

	for (size_t i = 0; i < d->keys.n + d->include.n; i++) {
		struct slice key = i < d->keys.n ? d->keys.at[i] : SLICE_NONE;
		struct slice name =
			i < d->keys.n ? key_column(c, key) : d->include.at[i - d->keys.n];
		struct slice base;

		if (name.len == 0)
			name = folded(c, expression_name(key));
		base = name;
		for (unsigned n = 1; names_has(out, name); n++) {
			struct slice digits = textf(c, "%u", n);

			name = textf(c, "%.*s%u",
				SLICE(slice_sub(base, 0, clip(base, NAME_BYTES - digits.len))), n);
		}
		names_add(&c->arena, &out, name);
	}
	return out;
}

struct slice catalog_index_name(struct catalog *c, struct name table, const struct object *index)
{
	struct node stub = {
		.o = {.type = OBJECT_TABLE, .schema = table.schema, .name = table.name}};

	return pg_index_name(c, &stub, index, NULL);
}

struct slice pg_index_name(
	struct catalog *c, const struct node *table, const struct object *index, const char *kind)
{
	struct slice none = SLICE_NONE, schema = table->o.schema, addition;

	if (kind && !strcmp(kind, "primary key"))
		return pg_relation_name(c, schema, table->o.name, none, "pkey", true);
	addition = pg_columns_addition(c, index_column_names(c, &index->index));
	if (kind && !strcmp(kind, "exclude"))
		return pg_relation_name(c, schema, table->o.name, addition, "excl", true);
	if (kind)
		return pg_relation_name(c, schema, table->o.name, addition, "key", true);
	return pg_relation_name(c, schema, table->o.name, addition, "idx", false);
}
