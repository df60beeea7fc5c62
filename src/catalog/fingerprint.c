/* fingerprint.c - one hash for everything that catalog_compare() looks at.
 *
 * Each value goes in with its label and its length, objects sorted by name, so that neither the
 * order of loading nor an odd name can make two schemas look alike or one look like two. The form
 * is for ever: fingerprints are kept in journals. A new field goes in only where it is not empty.
 */
#include "catalog/internal.h"

#include "base/digest.h"

#include <stdlib.h>

struct printing {
	struct arena *a;
	const struct catalog *c;
	const struct diff_options *options;
};

static void put(struct buf *b, const char *label, struct slice v)
{
	if (v.len)
		buf_printf(b, "%s %zu:%.*s\n", label, v.len, SLICE(v));
}

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void put_list(struct buf *b, const char *label, struct names n, bool sort, struct arena *a)
{
	struct names out = names_copy(a, n);

	if (sort && out.n > 1)
		qsort(out.at, out.n, sizeof *out.at, by_bytes);
	for (size_t i = 0; i < out.n; i++)
		put(b, label, out.at[i]);
}

static void put_keys(struct printing *p, struct buf *b, const char *label, struct names keys)
{
	for (size_t i = 0; i < keys.n; i++) {
		struct slice k = keys.at[i];

		if (k.len && k.at[0] == '(')
			k = expr_canonical(p->a, p->c->dialect, (struct expr){.text = k});
		put(b, label, k);
	}
}

static void put_field(
	struct printing *p, struct buf *b, const struct object *o, const struct field *f)
{
	const void *at = (const char *)o + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		put(b, f->label, *(const struct slice *)at);
		break;
	case FIELD_NAME:
		put(b, f->label, dotted(p->a, *(const struct name *)at));
		break;
	case FIELD_BOOL:
		put(b, f->label, *(const bool *)at ? SL("yes") : SLICE_NONE);
		break;
	case FIELD_INT:
		put(b, f->label, arena_printf(p->a, "%lld", *(const long long *)at));
		break;
	case FIELD_EXPR:
		put(b, f->label, expr_canonical(p->a, p->c->dialect, *(const struct expr *)at));
		break;
	case FIELD_LIST:
		if (o->type == OBJECT_INDEX && !strcmp(f->label, "keys"))
			put_keys(p, b, f->label, *(const struct names *)at);
		else
			put_list(b, f->label, *(const struct names *)at, false, p->a);
		break;
	case FIELD_SET:
		put_list(b, f->label, *(const struct names *)at, true, p->a);
		break;
	case FIELD_NOTE:
		break;
	}
}

static void put_object(struct printing *p, struct buf *b, const struct object *o)
{
	const struct diff_options *opt = p->options;
	bool nameless = opt && opt->ignore_generated_names && o->generated_name;

	put(b, "type", slice_of(object_type_word(o->type)));
	if (!o->table && o->type != OBJECT_EXTENSION)
		put(b, "schema", o->schema);
	if (!nameless)
		put(b, "name", o->name);
	for (const struct field *f = object_fields(o->type); f->label; f++)
		if (field_counts(p->c->dialect, o, f, opt))
			put_field(p, b, o, f);
	if (!opt || !opt->ignore_comments)
		put(b, "comment", o->comment);
	if ((!opt || !opt->ignore_owner) && !o->table)
		put(b, "owner", o->owner);
	if (!opt || !opt->ignore_acl)
		put_list(b, "acl", acl_canonical(p->c, p->a, o), true, p->a);
}

static bool left_out(const struct printing *p, const struct object *o)
{
	const struct object *top = o->table ? o->table : o;

	if (slice_is(top->schema, "pg_temp") || slice_is(top->schema, "temp") ||
		(top->type == OBJECT_TABLE && slice_is(top->table_.persistence, "temporary")))
		return true;
	return p->options && p->options->skip && p->options->skip(p->options->skip_ctx, o);
}

/* Columns in their order (unless that is not to count), the rest sorted by what they say. */
static void put_parts(struct printing *p, struct buf *b, const struct object *o)
{
	struct names rest = {0};
	bool order = !p->options || !p->options->ignore_order;

	for (size_t i = 0; i < o->nparts; i++) {
		struct buf one = {0};

		/* A server knows the columns of views, a history does not. */
		if (left_out(p, o->parts[i]) ||
			(o->type != OBJECT_TABLE && o->parts[i]->type == OBJECT_COLUMN))
			continue;
		put_object(p, &one, o->parts[i]);
		if (order && o->parts[i]->type == OBJECT_COLUMN)
			buf_add(b, buf_slice(&one));
		else
			names_add(p->a, &rest, buf_slice(&one));
		buf_done(&one);
	}
	put_list(b, "part", rest, true, p->a);
}

void catalog_fingerprint(const struct catalog *c, const struct diff_options *o, char out[65])
{
	struct arena list = {0}, scratch = {0};
	struct printing p = {&scratch, c, o};
	const struct object **v;
	size_t n = catalog_list(c, OBJECT_NONE, &list, &v);
	struct digest_sha256 digest;
	struct buf b = {0};

	digest_sha256_init(&digest);
	digest_sha256_add(&digest, SL("belay catalog 1\n"));
	for (size_t i = 0; i < n; i++) {
		if (left_out(&p, v[i]))
			continue;
		buf_clear(&b);
		put_object(&p, &b, v[i]);
		put_parts(&p, &b, v[i]);
		digest_sha256_add(&digest, buf_slice(&b));
		arena_reset(&scratch);
	}
	digest_sha256_done_hex(&digest, out);
	buf_done(&b);
	arena_done(&scratch);
	arena_done(&list);
}
