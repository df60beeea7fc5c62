/* freeze.c - a catalog as text that can be read back.
 *
 * Labels with a point are ours, the others are the fields' own. An expression has its text, and its
 * normal form under the label with "=" behind it; a name has its schema under the label with "^".
 */
#include "catalog/freeze.h"

#include "catalog/internal.h"

#include <stdint.h>

static const char head[] = "belay schema 1\n";

static void put(struct buf *b, const char *label, const char *mark, struct slice v)
{
	if (v.len)
		buf_printf(b, "%s%s %zu:%.*s\n", label, mark, v.len, SLICE(v));
}

static void put_flag(struct buf *b, const char *label, bool v)
{
	put(b, label, "", v ? SL("yes") : SLICE_NONE);
}

static void put_field(struct buf *b, const struct object *o, const struct field *f)
{
	const void *at = (const char *)o + f->offset;
	const struct names *list = at;
	struct arena a = {0};

	switch (f->kind) {
	case FIELD_TEXT:
		put(b, f->label, "", *(const struct slice *)at);
		break;
	case FIELD_NAME:
		put(b, f->label, "^", ((const struct name *)at)->schema);
		put(b, f->label, "", ((const struct name *)at)->name);
		break;
	case FIELD_BOOL:
		put_flag(b, f->label, *(const bool *)at);
		break;
	case FIELD_INT:
		put(b, f->label, "", arena_printf(&a, "%lld", *(const long long *)at));
		break;
	case FIELD_EXPR:
		put(b, f->label, "", ((const struct expr *)at)->text);
		put(b, f->label, "=", ((const struct expr *)at)->normal);
		break;
	case FIELD_LIST:
	case FIELD_SET:
		for (size_t i = 0; i < list->n; i++)
			buf_printf(
				b, "%s %zu:%.*s\n", f->label, list->at[i].len, SLICE(list->at[i]));
		break;
	case FIELD_NOTE: /* never compared */
		break;
	}
	arena_done(&a);
}

static void put_object(struct buf *b, const struct object *o, const char *what)
{
	put(b, what, "", slice_of(object_type_word(o->type)));
	if (!o->table)
		put(b, ".schema", "", o->schema);
	put(b, ".name", "", o->name);
	put(b, ".owner", "", o->owner);
	put(b, ".comment", "", o->comment);
	for (size_t i = 0; i < o->acl.n; i++)
		put(b, ".acl", "", o->acl.at[i]);
	put_flag(b, ".generated", o->generated_name);
	for (const struct field *f = object_fields(o->type); f->label; f++)
		put_field(b, o, f);
}

static bool left_out(const struct object *o, const struct diff_options *options)
{
	return slice_is(o->schema, "pg_temp") || slice_is(o->schema, "temp") ||
	       (o->type == OBJECT_TABLE && slice_is(o->table_.persistence, "temporary")) ||
	       (options && options->skip && options->skip(options->skip_ctx, o));
}

void catalog_freeze(struct buf *out, const struct catalog *c, const struct diff_options *o)
{
	struct arena list = {0};
	const struct object **v;
	size_t n = catalog_list(c, OBJECT_NONE, &list, &v);

	buf_adds(out, head);
	for (size_t i = 0; i < n; i++) {
		if (left_out(v[i], o))
			continue;
		put_object(out, v[i], ".object");
		for (size_t k = 0; k < v[i]->nparts; k++)
			put_object(out, v[i]->parts[k], ".part");
	}
	arena_done(&list);
}

/* ---- Reading ---- */

struct thawing {
	struct catalog *catalog;
	struct arena arena; /* of the object that is being read */
	struct object object;
	bool is_part, some;
	struct object *table; /* the last one that was put: parts go there */
};

static enum object_type type_of(struct slice word)
{
	for (int t = OBJECT_NONE + 1; t < OBJECT_TYPES_; t++)
		if (slice_is(word, object_type_word((enum object_type)t)))
			return (enum object_type)t;
	return OBJECT_NONE;
}

static bool flush(struct thawing *t)
{
	bool ok = true;

	if (t->some && t->is_part)
		ok = t->table && catalog_put_part(t->catalog, t->table, &t->object);
	else if (t->some)
		ok = (t->table = catalog_put(t->catalog, &t->object)) != NULL;
	arena_reset(&t->arena);
	t->some = false;
	return ok;
}

static bool begin(struct thawing *t, struct slice word, bool part)
{
	if (!flush(t))
		return false;
	t->object = (struct object){.type = type_of(word)};
	t->is_part = part;
	t->some = true;
	if (part && t->table) {
		t->object.table = t->table;
		t->object.schema = t->table->schema;
	}
	return t->object.type != OBJECT_NONE;
}

static void set_field(struct thawing *t, const struct field *f, char mark, struct slice v)
{
	void *at = (char *)&t->object + f->offset;
	unsigned long long n;

	switch (f->kind) {
	case FIELD_TEXT:
		*(struct slice *)at = v;
		break;
	case FIELD_NAME:
		if (mark == '^')
			((struct name *)at)->schema = v;
		else
			((struct name *)at)->name = v;
		break;
	case FIELD_BOOL:
		*(bool *)at = true;
		break;
	case FIELD_INT:
		if (slice_u64(v.len && v.at[0] == '-' ? slice_from(v, 1) : v, &n))
			*(long long *)at = v.at[0] == '-' ? -(long long)n : (long long)n;
		break;
	case FIELD_EXPR:
		if (mark == '=')
			((struct expr *)at)->normal = v;
		else
			((struct expr *)at)->text = v;
		break;
	case FIELD_LIST:
	case FIELD_SET:
		names_add(&t->arena, at, v);
		break;
	case FIELD_NOTE:
		break;
	}
}

static void set(struct thawing *t, struct slice label, struct slice v)
{
	char mark = label.len ? label.at[label.len - 1] : 0;

	if (mark == '=' || mark == '^')
		label.len--;
	for (const struct field *f = object_fields(t->object.type); f->label; f++)
		if (f->kind != FIELD_NOTE && slice_is(label, f->label)) {
			set_field(t, f, mark, v);
			return;
		}
}

static bool take(struct thawing *t, struct slice label, struct slice v)
{
	if (slice_is(label, ".object"))
		return begin(t, v, false);
	if (slice_is(label, ".part"))
		return begin(t, v, true);
	if (!t->some)
		return false;
	if (slice_is(label, ".schema"))
		t->object.schema = v;
	else if (slice_is(label, ".name"))
		t->object.name = v;
	else if (slice_is(label, ".owner"))
		t->object.owner = v;
	else if (slice_is(label, ".comment"))
		t->object.comment = v;
	else if (slice_is(label, ".acl"))
		names_add(&t->arena, &t->object.acl, v);
	else if (slice_is(label, ".generated"))
		t->object.generated_name = true;
	else
		set(t, label, v);
	return true;
}

/* "label length:bytes\n" off the front. */
static bool next(struct slice *rest, struct slice *label, struct slice *value)
{
	size_t colon = slice_chr(*rest, ':'), blank = colon;
	unsigned long long n;

	if (colon == SIZE_MAX)
		return false;
	while (blank && rest->at[blank - 1] != ' ')
		blank--;
	if (!blank || !slice_u64(slice_sub(*rest, blank, colon - blank), &n) ||
		n >= rest->len - colon - 1)
		return false;
	*label = slice_sub(*rest, 0, blank - 1);
	*value = slice_sub(*rest, colon + 1, (size_t)n);
	*rest = slice_from(*rest, colon + 1 + (size_t)n);
	if (rest->at[0] != '\n')
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

bool catalog_thaw(struct catalog *c, struct slice text)
{
	struct thawing t = {.catalog = c};
	struct slice label, value;
	bool ok = slice_starts(text, head);

	text = slice_from(text, sizeof head - 1);
	while (ok && text.len)
		ok = next(&text, &label, &value) && take(&t, label, value);
	ok = ok && flush(&t);
	arena_done(&t.arena);
	return ok;
}
