/* diff.c - two catalogs side by side. */
#include "catalog/internal.h"

#include "sql/quote.h"

#include <stdlib.h>

struct comparing {
	struct arena *a;
	const struct catalog *before, *after;
	const struct diff_options *options;
	struct catalog_diff out;
	enum dialect dialect;
};

/* ---- What is compared ---- */

static bool skipped(const struct diff_options *opt, const struct object *o)
{
	const struct object *top = o->table ? o->table : o;

	/* Temporary objects are the session's. */
	if (slice_is(top->schema, "pg_temp") || slice_is(top->schema, "temp") ||
		(top->type == OBJECT_TABLE && slice_is(top->table_.persistence, "temporary")))
		return true;
	return opt && opt->skip && opt->skip(opt->skip_ctx, o);
}

/* Not a definition's own business: implied by another field, or a matter of the server's memory. */
bool field_counts(enum dialect d, const struct object *o, const struct field *f,
	const struct diff_options *opt)
{
	bool postgres = d == DIALECT_POSTGRES || d == DIALECT_UNKNOWN;

	if (f->kind == FIELD_NOTE)
		return false;
	if (o->type == OBJECT_CONSTRAINT && !strcmp(f->label, "columns") &&
		(is_kind(o, "check") || is_kind(o, "exclude")))
		return false; /* said by the expression */
	if (o->type == OBJECT_CONSTRAINT && !strcmp(f->label, "options") && postgres)
		return false; /* the index has them */
	if (opt && opt->ignore_generated_names && o->generated_name &&
		(!strcmp(f->label, "index") || !strcmp(f->label, "constraint")))
		return false;
	if (o->type == OBJECT_OTHER && slice_starts(o->other.class_, "text search") &&
		!strcmp(f->label, "options"))
		return false; /* COPY = is no option that the server keeps */
	if (o->type == OBJECT_VIEW && !strcmp(f->label, "columns"))
		return false; /* said by the query, or by the column parts */
	if (o->type == OBJECT_MATVIEW && !strcmp(f->label, "columns"))
		return false;
	return true;
}

/* ---- Saying what differs ---- */

static struct slice path(struct comparing *c, const struct object *o)
{
	return object_path(c->a, c->dialect, o);
}

static void add(struct comparing *c, struct difference d)
{
	*ARENA_PUSH(c->a, c->out.at, c->out.n) = d;
}

static void whole(struct comparing *c, enum difference_kind kind, const struct object *o)
{
	add(c, (struct difference){.kind = kind, .type = o->type, .object = path(c, o)});
}

static struct slice list_text(struct arena *a, struct names n)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < n.n; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : "", SLICE(n.at[i]));
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static struct slice value_text(struct arena *a, const struct object *o, const struct field *f)
{
	const void *at = (const char *)o + f->offset;
	const struct expr *e = at;

	switch (f->kind) {
	case FIELD_TEXT:
		return arena_slice(a, *(const struct slice *)at);
	case FIELD_NAME:
		return arena_slice(a, dotted(a, *(const struct name *)at));
	case FIELD_BOOL:
		return *(const bool *)at ? SL("yes") : SL("no");
	case FIELD_INT:
		return arena_printf(a, "%lld", *(const long long *)at);
	case FIELD_EXPR:
		return arena_slice(a, e->normal.len ? e->normal : e->text);
	case FIELD_LIST:
	case FIELD_SET:
	case FIELD_NOTE:
		break;
	}
	return list_text(a, *(const struct names *)at);
}

static void field_differs(struct comparing *c, enum sameness s, const struct object *x,
	const struct object *y, const struct field *f)
{
	c->out.compared++;
	if (s == SAME)
		return;
	if (s == NOT_COMPARED) {
		c->out.compared--;
		c->out.not_compared++;
	}
	add(c, (struct difference){.kind = s == NOT_COMPARED ? DIFF_NOT_COMPARED : DIFF_FIELD,
		       .type = x->type,
		       .object = path(c, x),
		       .field = f->label,
		       .before = value_text(c->a, x, f),
		       .after = value_text(c->a, y, f)});
}

static void text_differs(struct comparing *c, const struct object *x, const char *field,
	struct slice before, struct slice after, bool compared)
{
	if (!compared) {
		c->out.not_compared++;
		return;
	}
	c->out.compared++;
	if (slice_eq(before, after))
		return;
	add(c, (struct difference){.kind = DIFF_FIELD,
		       .type = x->type,
		       .object = path(c, x),
		       .field = field,
		       .before = arena_slice(c->a, before),
		       .after = arena_slice(c->a, after)});
}

/* ---- Fields ---- */

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static struct names sorted(struct arena *a, struct names n)
{
	struct names out = names_copy(a, n);

	if (out.n > 1)
		qsort(out.at, out.n, sizeof *out.at, by_bytes);
	return out;
}

static enum sameness worse(enum sameness a, enum sameness b)
{
	if (a == DIFFERENT || b == DIFFERENT)
		return DIFFERENT;
	return a == NOT_COMPARED ? a : b;
}

static enum sameness keys(struct comparing *c, struct names a, struct names b, bool both_loaded)
{
	enum sameness all = SAME;

	if (a.n != b.n)
		return DIFFERENT;
	for (size_t i = 0; i < a.n; i++) {
		enum sameness one = key_compare(c->dialect, a.at[i], b.at[i]);

		if (one == NOT_COMPARED && both_loaded)
			one = DIFFERENT;
		all = worse(all, one);
	}
	return all;
}

/* Bodies that servers keep as they were written. */
static bool is_verbatim(const struct object *x, const struct field *f)
{
	struct slice text =
		slice_trim(x->type == OBJECT_FUNCTION ? x->function.body.text : SLICE_NONE);

	if (strcmp(f->label, "body") != 0)
		return false;
	if (x->type == OBJECT_TRIGGER)
		return true;
	if (slice_istarts(text, "return") && text.len > 6 && strchr(" \t\r\n(", text.at[6]))
		return false;
	return x->type == OBJECT_FUNCTION && !slice_is(x->function.kind, "aggregate") &&
	       !slice_istarts(text, "begin atomic");
}

static enum sameness exprs(struct comparing *c, const struct object *x, const struct object *y,
	const struct field *f, bool both_loaded)
{
	const struct expr *a = (const void *)((const char *)x + f->offset);
	const struct expr *b = (const void *)((const char *)y + f->offset);
	enum sameness s;

	/* CREATE AGGREGATE's list as it was written, and as we make it from the server's rows. */
	if (x->type == OBJECT_FUNCTION && slice_is(x->function.kind, "aggregate") && !both_loaded &&
		!strcmp(f->label, "body"))
		return NOT_COMPARED;
	if (is_verbatim(x, f)) {
		if (slice_eq(slice_trim(a->text), slice_trim(b->text)))
			return SAME;
		s = expr_compare(
			c->dialect, (struct expr){.text = a->text}, (struct expr){.text = b->text});
		return s == SAME ? SAME : DIFFERENT;
	}
	s = expr_compare(c->dialect, *a, *b);
	/* Two servers' texts that differ, where servers print no normal form: MySQL's views. */
	if (s == NOT_COMPARED && both_loaded && dialect_is_mysql(c->dialect))
		s = DIFFERENT;
	return s;
}

/* The next argument of a function, up to a comma outside of brackets and quotes. */
static struct slice next_argument(struct slice *rest)
{
	size_t depth = 0, i;
	char quote = 0;
	struct slice one;

	for (i = 0; i < rest->len; i++) {
		char c = rest->at[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
			continue;
		}
		if (c == '"' || c == '\'')
			quote = c;
		depth += c == '(' || c == '[';
		depth -= (c == ')' || c == ']') && depth > 0;
		if (c == ',' && !depth)
			break;
	}
	one = slice_trim(slice_sub(*rest, 0, i));
	*rest = i < rest->len ? slice_from(*rest, i + 1) : SLICE_NONE;
	return one;
}

/* Arguments are text, but their defaults are expressions, which servers print in their own way. */
static enum sameness arguments(struct comparing *c, struct slice a, struct slice b)
{
	enum sameness all = SAME;

	while ((a.len || b.len) && all != DIFFERENT) {
		struct slice x = next_argument(&a), y = next_argument(&b);
		size_t dx = slice_find(x, SL(" DEFAULT ")), dy = slice_find(y, SL(" DEFAULT "));
		struct expr ex, ey;

		if (slice_eq(x, y))
			continue;
		if (dx == SIZE_MAX || dy == SIZE_MAX ||
			!slice_eq(slice_sub(x, 0, dx), slice_sub(y, 0, dy)))
			return DIFFERENT;
		ex = (struct expr){.text = slice_from(x, dx + strlen(" DEFAULT "))};
		ey = (struct expr){.normal = slice_from(y, dy + strlen(" DEFAULT "))};
		all = worse(all, expr_compare(c->dialect, ex, ey));
	}
	return all;
}

/* What an author need not say and a server always knows. */
static bool is_unknown(const struct object *o, const struct field *f)
{
	const struct slice *s = (const void *)((const char *)o + f->offset);

	if (f->kind != FIELD_TEXT || s->len)
		return false;
	return (o->type == OBJECT_COLUMN && !strcmp(f->label, "type")) ||
	       (o->type == OBJECT_EXTENSION && !strcmp(f->label, "version"));
}

/* MySQL takes a character set that nobody wrote from the database or the server. */
static bool is_inherited(const struct object *o, const struct field *f)
{
	const struct slice *s = (const void *)((const char *)o + f->offset);

	return f->kind == FIELD_TEXT && s->len == 0 &&
	       (o->type == OBJECT_TABLE || o->type == OBJECT_COLUMN) &&
	       (!strcmp(f->label, "character set") || !strcmp(f->label, "collation"));
}

static enum sameness field_compare(
	struct comparing *c, const struct object *x, const struct object *y, const struct field *f)
{
	const void *a = (const char *)x + f->offset, *b = (const char *)y + f->offset;
	bool both_loaded = !x->span.src && !y->span.src;
	struct arena scratch = {0};
	bool same = true;

	if (is_unknown(x, f) != is_unknown(y, f) && c->dialect != DIALECT_SQLITE)
		return NOT_COMPARED;
	/* Whatever the server took is what was asked for; what a server printed always has it. */
	if (dialect_is_mysql(c->dialect) && is_inherited(x, f) != is_inherited(y, f))
		return SAME;
	switch (f->kind) {
	case FIELD_TEXT:
		same = slice_eq(*(const struct slice *)a, *(const struct slice *)b);
		if (!same && !both_loaded && x->type == OBJECT_FUNCTION &&
			!strcmp(f->label, "arguments"))
			return x->span.src ? arguments(c, *(const struct slice *)a,
						     *(const struct slice *)b)
					   : arguments(c, *(const struct slice *)b,
						     *(const struct slice *)a);
		break;
	case FIELD_NAME:
		same = name_eq(*(const struct name *)a, *(const struct name *)b);
		break;
	case FIELD_BOOL:
		same = *(const bool *)a == *(const bool *)b;
		break;
	case FIELD_INT:
		same = *(const long long *)a == *(const long long *)b;
		break;
	case FIELD_EXPR:
		return exprs(c, x, y, f, both_loaded);
	case FIELD_LIST:
		if (x->type == OBJECT_INDEX && !strcmp(f->label, "keys"))
			return keys(
				c, *(const struct names *)a, *(const struct names *)b, both_loaded);
		same = names_eq(*(const struct names *)a, *(const struct names *)b);
		/* REFERENCES t alone, where the key of t was not known */
		if (!same && !both_loaded && !strcmp(f->label, "referenced columns") &&
			(!((const struct names *)a)->n || !((const struct names *)b)->n))
			return NOT_COMPARED;
		break;
	case FIELD_SET:
		same = names_eq(sorted(&scratch, *(const struct names *)a),
			sorted(&scratch, *(const struct names *)b));
		/* Domains' checks have expressions in them. */
		if (!same && (x->type == OBJECT_TYPE || x->type == OBJECT_OTHER) && !both_loaded) {
			arena_done(&scratch);
			return NOT_COMPARED;
		}
		break;
	case FIELD_NOTE:
		break;
	}
	arena_done(&scratch);
	return same ? SAME : DIFFERENT;
}

static void fields(struct comparing *c, const struct object *x, const struct object *y)
{
	const struct diff_options *opt = c->options;

	for (const struct field *f = object_fields(x->type); f->label; f++)
		if (field_counts(c->dialect, x, f, opt) && field_counts(c->dialect, y, f, opt))
			field_differs(c, field_compare(c, x, y, f), x, y, f);
	if (!opt || !opt->ignore_comments)
		text_differs(c, x, "comment", x->comment, y->comment, true);
	/* Who owns it is known only where a server or the history says so. */
	if ((!opt || !opt->ignore_owner) && !x->table)
		text_differs(c, x, "owner", x->owner, y->owner, x->owner.len && y->owner.len);
	if (!opt || !opt->ignore_acl) {
		struct slice a = list_text(c->a, sorted(c->a, acl_canonical(c->before, c->a, x)));
		struct slice b = list_text(c->a, sorted(c->a, acl_canonical(c->after, c->a, y)));

		text_differs(c, x, "privileges", a, b, true);
	}
}

/* ---- Parts ---- */

static void in_doubt(struct comparing *c, const struct object *o)
{
	c->out.not_compared++;
	add(c, (struct difference){
		       .kind = DIFF_NOT_COMPARED, .type = o->type, .object = path(c, o)});
}

/* Two objects without their names: are they the same otherwise? */
static bool same_otherwise(struct comparing *c, const struct object *x, const struct object *y)
{
	if (x->type != y->type)
		return false;
	for (const struct field *f = object_fields(x->type); f->label; f++) {
		if (!strcmp(f->label, "index") || !strcmp(f->label, "constraint") ||
			f->kind == FIELD_NOTE)
			continue;
		if (field_counts(c->dialect, x, f, c->options) &&
			field_compare(c, x, y, f) == DIFFERENT)
			return false;
	}
	return true;
}

static bool may_pair(const struct comparing *c, const struct object *x, const struct object *y)
{
	bool unnamed = slice_empty(x->name) || slice_empty(y->name);

	if (x->type != OBJECT_CONSTRAINT && x->type != OBJECT_INDEX)
		return false;
	/* SQLite's constraints need no names; elsewhere it is the caller's wish. */
	if (unnamed)
		return true;
	return c->options && c->options->ignore_generated_names &&
	       (x->generated_name || y->generated_name);
}

struct leftovers {
	const struct object **at;
	size_t n;
};

/* What is in `x` and not, under its name, in `y`; what is in both is compared. */
static struct leftovers unmatched(struct comparing *c, const struct catalog *cy,
	const struct object *x, const struct object *y, bool compare)
{
	struct leftovers l = {ARENA_ARRAY(c->a, x->nparts + 1, const struct object *), 0};

	for (size_t i = 0; i < x->nparts; i++) {
		const struct object *p = x->parts[i];
		struct node *q = p->name.len ? part_find(cy, node_of(y), p->type, p->name) : NULL;

		if (skipped(c->options, p))
			continue;
		if (!q)
			l.at[l.n++] = p;
		else if (compare && (p->tainted || q->o.tainted))
			in_doubt(c, p);
		else if (compare)
			fields(c, p, &q->o);
	}
	return l;
}

static void pair_leftovers(struct comparing *c, struct leftovers *x, struct leftovers *y)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->n; i++) {
		size_t k = 0;

		while (k < y->n && !(y->at[k] && may_pair(c, x->at[i], y->at[k]) &&
					   same_otherwise(c, x->at[i], y->at[k])))
			k++;
		if (k == y->n) {
			x->at[kept++] = x->at[i];
			continue;
		}
		fields(c, x->at[i], y->at[k]);
		y->at[k] = NULL;
	}
	x->n = kept;
}

static bool knows_columns(const struct object *o)
{
	const struct node *n = node_of(o);

	return n->ncolumns > 0 && !n->columns_unknown;
}

static void column_order(struct comparing *c, const struct object *x, const struct object *y)
{
	struct names a = {0}, b = {0};

	for (size_t i = 0; i < x->nparts && x->parts[i]->type == OBJECT_COLUMN; i++)
		if (part_find(c->after, node_of(y), OBJECT_COLUMN, x->parts[i]->name))
			names_add(c->a, &a, x->parts[i]->name);
	for (size_t i = 0; i < y->nparts && y->parts[i]->type == OBJECT_COLUMN; i++)
		if (part_find(c->before, node_of(x), OBJECT_COLUMN, y->parts[i]->name))
			names_add(c->a, &b, y->parts[i]->name);
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (!same_name(c->before, OBJECT_COLUMN, a.at[i], b.at[i])) {
			add(c, (struct difference){.kind = DIFF_ORDER,
				       .type = OBJECT_TABLE,
				       .object = path(c, x),
				       .field = "column order",
				       .before = list_text(c->a, a),
				       .after = list_text(c->a, b)});
			return;
		}
}

static void columns_in_doubt(struct comparing *c, const struct object *x)
{
	c->out.not_compared++;
	add(c, (struct difference){.kind = DIFF_NOT_COMPARED,
		       .type = x->type,
		       .object = path(c, x),
		       .field = "columns"});
}

static bool comparable(const struct object *x, const struct object *y, const struct object *part)
{
	return part->type != OBJECT_COLUMN || (knows_columns(x) && knows_columns(y)) ||
	       (x->type == OBJECT_TABLE && !node_of(x)->columns_unknown &&
		       !node_of(y)->columns_unknown);
}

/* One side has it, and the other may have made or dropped it without our knowing. */
static void one_sided(struct comparing *c, enum difference_kind kind, const struct object *o)
{
	const struct catalog *other = kind == DIFF_MISSING ? c->after : c->before;
	struct slice schema = o->table ? o->table->schema : o->schema;
	bool own_name = !o->table || o->type == OBJECT_INDEX;
	struct arena scratch = {0};

	if (o->tainted || (own_name && names_has(other->meta.taints,
					       dotted(&scratch, (struct name){schema, o->name}))))
		in_doubt(c, o);
	else
		whole(c, kind, o);
	arena_done(&scratch);
}

static void parts(struct comparing *c, const struct object *x, const struct object *y)
{
	struct leftovers gone = unmatched(c, c->after, x, y, true);
	struct leftovers come = unmatched(c, c->before, y, x, false);
	bool doubt = false;

	pair_leftovers(c, &gone, &come);
	for (size_t i = 0; i < gone.n; i++)
		if (comparable(x, y, gone.at[i]))
			one_sided(c, DIFF_MISSING, gone.at[i]);
		else
			doubt = true;
	for (size_t i = 0; i < come.n; i++)
		if (come.at[i] && comparable(x, y, come.at[i]))
			one_sided(c, DIFF_EXTRA, come.at[i]);
		else if (come.at[i])
			doubt = true;
	if (doubt)
		columns_in_doubt(c, x);
	if (x->type == OBJECT_TABLE && (!c->options || !c->options->ignore_order))
		column_order(c, x, y);
}

/* ---- All of it ---- */

static int same_key(const struct object *a, const struct object *b)
{
	/* An extension's schema is where its objects are, not part of its name. */
	struct object x = *a, y = *b;
	int d;

	if (x.type == OBJECT_EXTENSION)
		x.schema = SLICE_NONE;
	if (y.type == OBJECT_EXTENSION)
		y.schema = SLICE_NONE;
	d = object_order(&x, &y);
	if (d == 0 && x.type == OBJECT_OTHER)
		d = slice_cmp(x.other.class_, y.other.class_);
	if (d == 0 && x.type == OBJECT_DEFAULT_ACL)
		d = slice_cmp(x.owner, y.owner);
	return d;
}

static int by_key(const void *a, const void *b)
{
	return same_key(*(const struct object *const *)a, *(const struct object *const *)b);
}

static struct leftovers all_of(struct comparing *c, const struct catalog *k)
{
	const struct object **v;
	size_t n = catalog_list(k, OBJECT_NONE, c->a, &v);
	struct leftovers l = {v, 0};

	for (size_t i = 0; i < n; i++)
		if (!skipped(c->options, v[i]))
			v[l.n++] = v[i];
	if (l.n)
		qsort(l.at, l.n, sizeof *l.at, by_key);
	return l;
}

static void both(struct comparing *c, const struct object *x, const struct object *y)
{
	if (x->tainted || y->tainted) {
		in_doubt(c, x);
		return;
	}
	fields(c, x, y);
	parts(c, x, y);
}

/* Whose default privileges they are is known to the server; a history may not say. */
static bool same_default_acl(const struct object *x, const struct object *y)
{
	return x->type == OBJECT_DEFAULT_ACL && y->type == OBJECT_DEFAULT_ACL &&
	       slice_eq(x->schema, y->schema) && slice_eq(x->name, y->name) &&
	       (slice_empty(x->owner) || slice_empty(y->owner));
}

static void pair(struct comparing *c, struct leftovers *x, struct leftovers *y)
{
	size_t i = 0, k = 0;

	while (i < x->n || k < y->n) {
		int d = i == x->n ? 1 : k == y->n ? -1 : same_key(x->at[i], y->at[k]);

		if (i < x->n && k < y->n && same_default_acl(x->at[i], y->at[k]))
			d = 0;

		if (d == 0) {
			both(c, x->at[i++], y->at[k++]);
		} else if (d < 0) {
			one_sided(c, DIFF_MISSING, x->at[i++]);
		} else {
			one_sided(c, DIFF_EXTRA, y->at[k++]);
		}
	}
}

static int by_object(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;
	int d = slice_cmp(x->object, y->object);

	if (d == 0)
		d = (int)x->type - (int)y->type;
	if (d == 0)
		d = (int)x->kind - (int)y->kind;
	if (d == 0)
		d = strcmp(x->field ? x->field : "", y->field ? y->field : "");
	if (d == 0)
		d = slice_cmp(x->before, y->before);
	return d ? d : slice_cmp(x->after, y->after);
}

struct catalog_diff catalog_compare(struct arena *a, const struct catalog *before,
	const struct catalog *after, const struct diff_options *options)
{
	struct comparing c = {.a = a,
		.before = before,
		.after = after,
		.options = options,
		.dialect = before->dialect};
	struct leftovers x = all_of(&c, before), y = all_of(&c, after);

	pair(&c, &x, &y);
	if (c.out.n)
		qsort(c.out.at, c.out.n, sizeof *c.out.at, by_object);
	return c.out;
}

bool catalog_diff_is_empty(const struct catalog_diff *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->at[i].kind != DIFF_ORDER && d->at[i].kind != DIFF_NOT_COMPARED)
			return false;
	return true;
}

/* ---- As text ---- */

static void value(struct buf *out, struct slice v)
{
	buf_add(out, v.len ? v : SL("(none)"));
}

void catalog_diff_text(struct buf *out, const struct catalog_diff *d)
{
	static const char marks[] = {[DIFF_MISSING] = '-',
		[DIFF_EXTRA] = '+',
		[DIFF_FIELD] = '~',
		[DIFF_ORDER] = '~',
		[DIFF_NOT_COMPARED] = '?'};

	for (size_t i = 0; i < d->n; i++) {
		const struct difference *x = &d->at[i];

		buf_printf(out, "%c %s %.*s", marks[x->kind], object_type_word(x->type),
			SLICE(x->object));
		if (x->field)
			buf_printf(out, ": %s", x->field);
		if (x->kind == DIFF_FIELD || x->kind == DIFF_ORDER) {
			buf_adds(out, " was ");
			value(out, x->before);
			buf_adds(out, ", is ");
			value(out, x->after);
		}
		if (x->kind == DIFF_NOT_COMPARED)
			buf_adds(out, x->field && x->before.len
					      ? " (not compared: one side was not "
						"printed by a server)"
					      : " (not compared)");
		buf_addc(out, '\n');
	}
}
