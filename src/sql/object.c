/* object.c - the field tables of objects, and the copies and comparisons made from them. */
#include "sql/object.h"

#include <stdint.h>

#define ROW(member_of, kind, member, label)                                                        \
	{FIELD_##kind, label, offsetof(struct object, member_of.member)},
#define END_ROW                                                                                    \
	{                                                                                          \
		FIELD_TEXT, NULL, 0                                                                \
	}

#define TABLE_ROW(kind, member, label) ROW(table_, kind, member, label)
#define COLUMN_ROW(kind, member, label) ROW(column, kind, member, label)
#define CONSTRAINT_ROW(kind, member, label) ROW(constraint, kind, member, label)
#define INDEX_ROW(kind, member, label) ROW(index, kind, member, label)
#define SEQUENCE_ROW(kind, member, label) ROW(sequence, kind, member, label)
#define VIEW_ROW(kind, member, label) ROW(view, kind, member, label)
#define TYPE_ROW(kind, member, label) ROW(type_, kind, member, label)
#define FUNCTION_ROW(kind, member, label) ROW(function, kind, member, label)
#define TRIGGER_ROW(kind, member, label) ROW(trigger, kind, member, label)
#define POLICY_ROW(kind, member, label) ROW(policy, kind, member, label)
#define OTHER_ROW(kind, member, label) ROW(other, kind, member, label)

static const struct field table_fields[] = {TABLE_FIELDS(TABLE_ROW) END_ROW};
static const struct field column_fields[] = {COLUMN_FIELDS(COLUMN_ROW) END_ROW};
static const struct field constraint_fields[] = {CONSTRAINT_FIELDS(CONSTRAINT_ROW) END_ROW};
static const struct field index_fields[] = {INDEX_FIELDS(INDEX_ROW) END_ROW};
static const struct field sequence_fields[] = {SEQUENCE_FIELDS(SEQUENCE_ROW) END_ROW};
static const struct field view_fields[] = {VIEW_FIELDS(VIEW_ROW) END_ROW};
static const struct field type_fields[] = {TYPE_FIELDS(TYPE_ROW) END_ROW};
static const struct field function_fields[] = {FUNCTION_FIELDS(FUNCTION_ROW) END_ROW};
static const struct field trigger_fields[] = {TRIGGER_FIELDS(TRIGGER_ROW) END_ROW};
static const struct field policy_fields[] = {POLICY_FIELDS(POLICY_ROW) END_ROW};
static const struct field other_fields[] = {OTHER_FIELDS(OTHER_ROW) END_ROW};
static const struct field no_fields[] = {END_ROW};

/* clang-format off */
static const struct {
	const char *word;
	const struct field *fields;
	bool relation; /* shares PostgreSQL's name space of relations */
} types[OBJECT_TYPES_] = {
	[OBJECT_NONE]          = {"object", no_fields, false},
	[OBJECT_SCHEMA]        = {"schema", other_fields, false},
	[OBJECT_EXTENSION]     = {"extension", other_fields, false},
	[OBJECT_TABLE]         = {"table", table_fields, true},
	[OBJECT_COLUMN]        = {"column", column_fields, false},
	[OBJECT_CONSTRAINT]    = {"constraint", constraint_fields, false},
	[OBJECT_INDEX]         = {"index", index_fields, true},
	[OBJECT_SEQUENCE]      = {"sequence", sequence_fields, true},
	[OBJECT_VIEW]          = {"view", view_fields, true},
	[OBJECT_MATVIEW]       = {"materialized view", view_fields, true},
	[OBJECT_TYPE]          = {"type", type_fields, false},
	[OBJECT_FUNCTION]      = {"function", function_fields, false},
	[OBJECT_TRIGGER]       = {"trigger", trigger_fields, false},
	[OBJECT_POLICY]        = {"policy", policy_fields, false},
	[OBJECT_RULE]          = {"rule", other_fields, false},
	[OBJECT_STATISTICS]    = {"statistics object", other_fields, false},
	[OBJECT_PUBLICATION]   = {"publication", other_fields, false},
	[OBJECT_EVENT_TRIGGER] = {"event trigger", other_fields, false},
	[OBJECT_EVENT]         = {"event", other_fields, false},
	[OBJECT_DEFAULT_ACL]   = {"default privileges", other_fields, false},
	[OBJECT_OTHER]         = {"object", other_fields, false},
	[OBJECT_DATABASE]      = {"database", other_fields, false},
	[OBJECT_ROLE]          = {"role", other_fields, false},
};
/* clang-format on */

const char *object_type_word(enum object_type t)
{
	return types[t].word;
}

bool object_is_relation(enum object_type t)
{
	return types[t].relation;
}

bool object_fills_rows(const struct object *table, const char *event)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type == OBJECT_TRIGGER && p->trigger.for_each_row &&
			slice_is(p->trigger.timing, "before") &&
			names_has(p->trigger.events, slice_of(event)))
			return true;
	}
	return false;
}

const struct field *object_fields(enum object_type t)
{
	return types[t].fields;
}

bool name_eq(struct name a, struct name b)
{
	return slice_eq(a.name, b.name) && slice_eq(a.schema, b.schema);
}

bool names_has(struct names n, struct slice s)
{
	char last = s.len ? s.at[s.len - 1] : 0;

	/* Names that are numbered begin alike. */
	for (size_t i = 0; i < n.n; i++)
		if (n.at[i].len == s.len &&
			(!s.len || (n.at[i].at[s.len - 1] == last &&
					   memcmp(n.at[i].at, s.at, s.len) == 0)))
			return true;
	return false;
}

bool names_eq(struct names a, struct names b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!slice_eq(a.at[i], b.at[i]))
			return false;
	return true;
}

void names_add(struct arena *a, struct names *n, struct slice s)
{
	*ARENA_PUSH(a, n->at, n->n) = arena_slice(a, s);
}

/* Room for n elements in an array that ARENA_PUSH may go on to grow. */
static size_t push_room(size_t n)
{
	size_t cap = 1;

	while (cap < n)
		cap *= 2;
	return cap;
}

static struct slice copy_slice(struct arena *a, struct slice s)
{
	return s.len ? arena_slice(a, s) : SLICE_NONE;
}

struct name name_copy(struct arena *a, struct name n)
{
	return (struct name){copy_slice(a, n.schema), copy_slice(a, n.name)};
}

struct names names_copy(struct arena *a, struct names n)
{
	struct names copy = {0};

	if (!n.n)
		return copy;
	copy.n = n.n;
	copy.at = ARENA_ARRAY(a, push_room(n.n), struct slice);
	for (size_t i = 0; i < n.n; i++)
		copy.at[i] = copy_slice(a, n.at[i]);
	return copy;
}

struct expr expr_copy(struct arena *a, struct expr e)
{
	struct expr copy = {copy_slice(a, e.text), copy_slice(a, e.normal), NULL};
	struct expr_facts *f;

	if (!e.facts)
		return copy;
	f = ARENA_NEW(a, struct expr_facts);
	*f = *e.facts;
	f->functions = names_copy(a, f->functions);
	f->columns = names_copy(a, f->columns);
	f->types = names_copy(a, f->types);
	f->tree = NULL;
	copy.facts = f;
	return copy;
}

static void copy_field(struct arena *a, struct object *to, const struct field *f)
{
	void *at = (char *)to + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		*(struct slice *)at = copy_slice(a, *(struct slice *)at);
		break;
	case FIELD_NAME:
		*(struct name *)at = name_copy(a, *(struct name *)at);
		break;
	case FIELD_EXPR:
		*(struct expr *)at = expr_copy(a, *(struct expr *)at);
		break;
	case FIELD_LIST:
	case FIELD_SET:
	case FIELD_NOTE:
		*(struct names *)at = names_copy(a, *(struct names *)at);
		break;
	case FIELD_BOOL:
	case FIELD_INT:
		break; /* came with the struct */
	}
}

void object_copy_into(struct arena *a, struct object *copy, const struct object *o)
{
	*copy = *o;
	copy->schema = copy_slice(a, o->schema);
	copy->name = copy_slice(a, o->name);
	copy->owner = copy_slice(a, o->owner);
	copy->comment = copy_slice(a, o->comment);
	copy->acl = names_copy(a, o->acl);
	for (const struct field *f = object_fields(o->type); f->label; f++)
		copy_field(a, copy, f);
	copy->parts = NULL;
	copy->nparts = 0;
	copy->written = NULL;
}

struct object *object_copy(struct arena *a, const struct object *o)
{
	struct object *copy = ARENA_NEW(a, struct object);

	object_copy_into(a, copy, o);
	copy->nparts = o->nparts;
	if (o->nparts)
		copy->parts = ARENA_ARRAY(a, push_room(o->nparts), struct object *);
	for (size_t i = 0; i < o->nparts; i++) {
		copy->parts[i] = object_copy(a, o->parts[i]);
		copy->parts[i]->table = copy;
	}
	return copy;
}

/* ---- Keys ---- */
struct slice key_plain(struct slice key)
{
	size_t n = 0;

	if (!key.len || key.at[0] == '(')
		return SLICE_NONE;
	if (key.at[0] == '"' || key.at[0] == '`') {
		n = slice_chr(slice_from(key, 1), key.at[0]);
		return n == SIZE_MAX ? SLICE_NONE : slice_sub(key, 1, n);
	}
	while (n < key.len && key.at[n] != ' ' && key.at[n] != '(')
		n++;
	return slice_sub(key, 0, n);
}

struct names partition_columns(struct arena *a, struct slice key)
{
	size_t open = slice_chr(key, '(');
	struct slice rest, piece;
	struct names out = {0};

	if (open == SIZE_MAX || !slice_ends(slice_trim(key), ")"))
		return out;
	rest = slice_sub(key, open + 1, key.len - open - 2);
	if (slice_chr(rest, '(') != SIZE_MAX)
		return out;
	while (slice_next(&rest, ',', &piece))
		names_add(a, &out, key_plain(slice_trim(piece)));
	return out;
}

struct slice partition_lacks(struct arena *a, struct slice key, struct names keys)
{
	struct names columns = partition_columns(a, key);

	for (size_t i = 0; i < columns.n; i++) {
		bool found = false;

		for (size_t k = 0; !found && k < keys.n; k++)
			found = slice_ieq(key_plain(keys.at[k]), columns.at[i]);
		if (!found)
			return columns.at[i];
	}
	return SLICE_NONE;
}
