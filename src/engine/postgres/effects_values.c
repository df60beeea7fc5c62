/* effects_values.c - the values an INSERT writes out, and the partition that a literal belongs to.
 */
#include "engine/postgres/typed.h"
#include "sql/token.h"

#include <stdint.h>

/* ---- VALUES (…), (…) ---- */

static struct slice between(struct slice text, const struct token *from, const struct token *to)
{
	return slice_sub(text, from->off, to->off + to->text.len - from->off);
}

/* One row, behind its opening bracket. */
static bool read_row(
	struct looking *l, struct slice text, struct lexer *x, struct names *row, struct token *t)
{
	struct token first = {0}, last = {0};
	int depth = 0;

	while ((*t = lexer_next(x)).kind != TOKEN_END) {
		bool closes = token_punct(*t, ")") || token_punct(*t, "]");

		if (depth == 0 && (closes || token_punct(*t, ","))) {
			names_add(l->arena, row,
				first.kind ? between(text, &first, &last) : SLICE_NONE);
			first = (struct token){0};
			if (closes)
				return true;
			continue;
		}
		depth += token_punct(*t, "(") || token_punct(*t, "[");
		depth -= closes;
		if (!first.kind)
			first = *t;
		last = *t;
	}
	return false;
}

static struct pg_values read_values(struct looking *l)
{
	struct pg_values v = {0};
	struct slice text = l->statement->text;
	struct lexer x;
	struct token t;

	if (l->change->kind != CHANGE_INSERT || l->change->flags & CHANGE_FROM_SELECT)
		return v;
	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END && !token_is(t, "values"))
		;
	while ((t = lexer_next(&x)).kind != TOKEN_END && token_punct(t, "(")) {
		struct names *row = ARENA_PUSH(l->arena, v.rows, v.n);

		*row = (struct names){0};
		if (!read_row(l, text, &x, row, &t))
			return (struct pg_values){0};
		t = lexer_next(&x);
		if (!token_punct(t, ","))
			break;
	}
	return v;
}

struct pg_values pg_values_of(struct looking *l)
{
	if (l->values_of != l->change || l->values_in != l->statement->text.at) {
		l->values = read_values(l);
		l->values_of = l->change;
		l->values_in = l->statement->text.at;
	}
	return l->values;
}

/* Where a column's value stands in a row; SIZE_MAX: nowhere. */
static size_t place_of(const struct looking *l, const struct relation *r, struct slice column)
{
	const struct names *list = &l->change->list;
	size_t at = 0;

	for (size_t i = 0; i < list->n; i++)
		if (slice_eq(list->at[i], column))
			return i;
	for (size_t i = 0; list->n == 0 && r->object && i < r->object->nparts; i++) {
		if (r->object->parts[i]->type != OBJECT_COLUMN)
			continue;
		if (slice_eq(r->object->parts[i]->name, column))
			return at;
		at++;
	}
	return SIZE_MAX;
}

struct slice pg_value(const struct looking *l, const struct pg_values *v, size_t row,
	const struct relation *r, struct slice column)
{
	size_t at = place_of(l, r, column);

	return row < v->n && at < v->rows[row].n ? v->rows[row].at[at] : SLICE_NONE;
}

bool pg_gives(const struct looking *l, const struct pg_values *v, const struct relation *r,
	struct slice column)
{
	if (l->change->list.n && !names_has(l->change->list, column))
		return false;
	if (v->n == 0 && slice_ifind(l->statement->text, SL("default values")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		struct slice s = pg_value(l, v, i, r, column);

		if (s.len == 0 || slice_iis(s, "default"))
			return false;
	}
	return true;
}

/* ---- Literals ---- */

/* 5, -5, 'x', DATE 'x', 'x'::date */
static bool literal(struct arena *a, struct slice text, struct slice *out, bool *number)
{
	struct lexer x;
	struct token t;
	bool minus = false;

	/* As nearly all of them are. */
	*number = false;
	if (text.len > 1 && text.at[0] == '\'' &&
		slice_chr(slice_from(text, 1), '\'') == text.len - 2) {
		*out = slice_sub(text, 1, text.len - 2);
		return true;
	}
	lexer_init(&x, DIALECT_POSTGRES, text);
	t = lexer_next(&x);
	if (token_punct(t, "-")) {
		minus = true;
		t = lexer_next(&x);
	} else if (token_is(t, "date") || token_is(t, "timestamp") || token_is(t, "timestamptz")) {
		t = lexer_next(&x);
	}
	*number = t.kind == TOKEN_NUMBER;
	if (!*number && (t.kind != TOKEN_STRING || minus))
		return false;
	*out = *number ? minus ? arena_join(a, (const struct slice[]){SL("-"), t.text}, 2) : t.text
		       : token_value(a, DIALECT_POSTGRES, t);
	t = lexer_next(&x);
	return t.kind == TOKEN_END || token_punct(t, "::");
}

static bool whole_number(struct slice s, long long *out)
{
	unsigned long long v;
	bool minus = slice_starts(s, "-");

	if (!slice_u64(minus ? slice_from(s, 1) : s, &v) || v > INT64_MAX)
		return false;
	*out = minus ? -(long long)v : (long long)v;
	return true;
}

static bool is_day(struct slice s)
{
	return s.len >= 10 && s.at[4] == '-' && s.at[7] == '-';
}

/* -1, 0, 1; false when only the server can tell. */
static bool compare(struct slice a, struct slice b, bool order, int *out)
{
	long long x, y;

	if (whole_number(a, &x) && whole_number(b, &y)) {
		*out = x < y ? -1 : x > y;
		return true;
	}
	if (order && (!is_day(a) || !is_day(b)))
		return false;
	*out = order ? slice_cmp(slice_sub(a, 0, 10), slice_sub(b, 0, 10)) : slice_cmp(a, b);
	/* The hours of the same day are left to the server. */
	return !order || *out != 0 || (a.len == 10 && b.len == 10);
}

static bool is_integer(struct slice s)
{
	long long v;

	s = slice_trim(s);
	if (slice_starts(s, "+"))
		s = slice_from(s, 1);
	return whole_number(s, &v);
}

/* 16: 0x1F, 0o17, 0b1, 1_000 */
static bool newer_integer(struct slice lit)
{
	lit = slice_trim(lit);
	lit = slice_from(lit, slice_starts(lit, "-") || slice_starts(lit, "+") ? 1 : 0);
	return slice_istarts(lit, "0x") || slice_istarts(lit, "0o") || slice_istarts(lit, "0b") ||
	       slice_chr(lit, '_') != SIZE_MAX;
}

bool pg_bad_literal(struct looking *l, struct slice text, struct slice type, bool lengths)
{
	struct slice lit;
	bool number, plain;
	unsigned long long most;
	size_t open = slice_chr(type, '('), chars = 0;

	plain = slice_find(text, SL("::")) == SIZE_MAX &&
		slice_ifind(text, SL("date ")) == SIZE_MAX;
	if (!plain || !literal(l->arena, slice_trim(text), &lit, &number) || number)
		return false;
	if (slice_is(type, "integer") || slice_is(type, "bigint") || slice_is(type, "smallint"))
		return !is_integer(lit) && !(l->version >= 160000 && newer_integer(lit));
	if (!lengths || open == SIZE_MAX || !slice_starts(type, "character varying("))
		return false;
	for (size_t i = 0; i < lit.len; i++)
		chars += ((unsigned char)lit.at[i] & 0xC0) != 0x80;
	return slice_u64(slice_sub(type, open + 1, slice_chr(type, ')') - open - 1), &most) &&
	       chars > most && !slice_ends(lit, " ");
}

/* ---- Bounds ---- */

struct slice pg_in_brackets(struct slice text, const char *after)
{
	size_t at = slice_ifind(text, slice_of(after)), open, close;

	if (at == SIZE_MAX)
		return SLICE_NONE;
	text = slice_from(text, at + strlen(after));
	open = slice_chr(text, '(');
	close = slice_chr(text, ')');
	return open == SIZE_MAX || close == SIZE_MAX || close < open
		       ? SLICE_NONE
		       : slice_trim(slice_sub(text, open + 1, close - open - 1));
}

static bool in_list(struct arena *a, struct slice list, struct slice value, enum presence *in)
{
	struct slice item, lit;
	bool number;
	int c;

	*in = ABSENT;
	while (slice_next(&list, ',', &item)) {
		if (slice_iis(slice_trim(item), "null"))
			continue;
		if (!literal(a, item, &lit, &number) || !compare(value, lit, false, &c))
			return false;
		if (c == 0)
			*in = PRESENT;
	}
	return true;
}

/* Is the value at or above (below) the bound? */
static bool beyond(struct arena *a, struct slice bound, struct slice value, int *out)
{
	struct slice lit;
	bool number;

	if (slice_iis(bound, "minvalue") || slice_iis(bound, "maxvalue")) {
		*out = slice_iis(bound, "minvalue") ? 1 : -1;
		return true;
	}
	return literal(a, bound, &lit, &number) && compare(value, lit, true, out);
}

static enum presence in_bound(struct arena *a, struct slice bound, struct slice value)
{
	struct slice from = pg_in_brackets(bound, "FROM"), to = pg_in_brackets(bound, "TO");
	enum presence in;
	int low, high;

	if (from.len && to.len) {
		if (!beyond(a, from, value, &low) || !beyond(a, to, value, &high))
			return UNKNOWN;
		return low >= 0 && high < 0 ? PRESENT : ABSENT;
	}
	return in_list(a, pg_in_brackets(bound, "IN"), value, &in) ? in : UNKNOWN;
}

/* Two bounds of a range: false when only the server can tell. */
static bool bound_less(struct arena *a, struct slice x, struct slice y, bool *less)
{
	struct slice v, w;
	bool number;
	int c;

	if (slice_iis(x, "minvalue") || slice_iis(y, "maxvalue")) {
		*less = !(slice_iis(x, "minvalue") && slice_iis(y, "minvalue"));
		return true;
	}
	if (slice_iis(x, "maxvalue") || slice_iis(y, "minvalue")) {
		*less = false;
		return true;
	}
	if (!literal(a, x, &v, &number) || !literal(a, y, &w, &number) || !compare(v, w, true, &c))
		return false;
	*less = c < 0;
	return true;
}

static bool overlaps(struct arena *a, struct slice x, struct slice y)
{
	struct slice from = pg_in_brackets(x, "FROM"), to = pg_in_brackets(x, "TO"), item, lit;
	struct slice old_from = pg_in_brackets(y, "FROM"), old_to = pg_in_brackets(y, "TO");
	struct slice list = pg_in_brackets(x, "IN"), old_list = pg_in_brackets(y, "IN");
	bool starts, ends, number;
	enum presence in;

	if (from.len && to.len && old_from.len && old_to.len)
		return bound_less(a, from, old_to, &starts) && bound_less(a, old_from, to, &ends) &&
		       starts && ends;
	if (!list.len || !old_list.len || from.len || old_from.len)
		return false;
	while (slice_next(&list, ',', &item))
		if (literal(a, item, &lit, &number) && in_list(a, old_list, lit, &in) &&
			in == PRESENT)
			return true;
	return false;
}

/* A new partition takes what no other takes. */
void pg_bound_overlaps(struct looking *l, const struct relation *parent, struct slice bound)
{
	const struct object **parts;
	size_t n = parent->object ? catalog_partitions(l->catalog, parent->object, l->arena, &parts)
				  : 0;
	bool is_default = slice_iis(slice_trim(bound), "default");

	for (size_t i = 0; i < n; i++) {
		struct slice old = parts[i]->table_.partition_bound.text.len
					   ? parts[i]->table_.partition_bound.text
					   : parts[i]->table_.partition_bound.normal;
		bool old_default = slice_iis(slice_trim(old), "default");

		if (is_default && old_default)
			pg_fails(l, "there is a default partition already");
		else if (!is_default && !old_default && overlaps(l->arena, bound, old))
			pg_fails(l, "it overlaps partition \"%.*s\"", SLICE(parts[i]->name));
	}
}

/* The column of a key of one plain column. */
static struct slice key_column(const struct relation *r)
{
	struct slice key = r->object->table_.partition_key.text.len
				   ? r->object->table_.partition_key.text
				   : r->object->table_.partition_key.normal;
	struct slice c = pg_in_brackets(key, "");

	if (slice_istarts(slice_trim(key), "hash"))
		return SLICE_NONE;
	for (size_t i = 0; i < c.len; i++)
		if (strchr(" ,(:", c.at[i]))
			return SLICE_NONE;
	return c;
}

bool pg_partition_for(
	struct looking *l, const struct relation *r, struct slice value, const struct object **out)
{
	const struct object **parts, *other = NULL;
	struct slice lit;
	bool number;
	size_t n = catalog_partitions(l->catalog, r->object, l->arena, &parts);

	*out = NULL;
	if (!literal(l->arena, value, &lit, &number))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct slice bound = parts[i]->table_.partition_bound.text.len
					     ? parts[i]->table_.partition_bound.text
					     : parts[i]->table_.partition_bound.normal;
		enum presence in;

		if (slice_iis(slice_trim(bound), "default")) {
			other = parts[i];
			continue;
		}
		in = in_bound(l->arena, bound, lit);
		if (in == UNKNOWN)
			return false;
		if (in == PRESENT)
			*out = parts[i];
	}
	*out = *out ? *out : other;
	return true;
}

/* The partitions that the rows of VALUES belong to; false: not known. */
/* UPDATE of a partition: its key's column is set to what belongs elsewhere. */
void pg_set_out_of_bound(
	struct looking *l, const struct relation *r, struct slice column, struct slice text)
{
	const struct object *o = r->object;
	struct slice bound = o->table_.partition_bound.text.len ? o->table_.partition_bound.text
								: o->table_.partition_bound.normal;
	struct relation parent;
	struct slice lit;
	bool number;

	if (pg_is_partitioned(r) && slice_eq(key_column(r), column)) {
		const struct object *into;

		if (pg_partition_for(l, r, text, &into) && !into)
			pg_fails(l, "no partition takes the row");
	}
	if (!o->table_.partition_of.name.len || !bound.len)
		return;
	parent = pg_relation(l, o->table_.partition_of, OBJECT_TABLE);
	if (pg_is_partitioned(&parent) && slice_eq(key_column(&parent), column) &&
		literal(l->arena, text, &lit, &number) && in_bound(l->arena, bound, lit) == ABSENT)
		pg_may_fail(l, "the row belongs to another partition");
}

void pg_in_own_bound(
	struct looking *l, const struct relation *r, const struct pg_values *v, size_t row)
{
	const struct object *o = r->object;
	struct slice bound = o->table_.partition_bound.text.len ? o->table_.partition_bound.text
								: o->table_.partition_bound.normal;
	struct relation parent;
	struct slice column, lit;
	bool number;

	if (!o->table_.partition_of.name.len || !bound.len)
		return;
	parent = pg_relation(l, o->table_.partition_of, OBJECT_TABLE);
	if (!pg_is_partitioned(&parent))
		return;
	column = key_column(&parent);
	if (!column.len || !literal(l->arena, pg_value(l, v, row, r, column), &lit, &number))
		return;
	if (in_bound(l->arena, bound, lit) == ABSENT)
		pg_fails(l, "the row belongs to another partition");
}

bool pg_routed(struct looking *l, const struct relation *r, const struct pg_values *v,
	const struct object ***out, size_t *n)
{
	struct slice column = pg_is_partitioned(r) ? key_column(r) : SLICE_NONE;

	*out = NULL;
	*n = 0;
	if (column.len == 0 || v->n == 0)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		const struct object *p;

		if (!pg_partition_for(l, r, pg_value(l, v, i, r, column), &p))
			return false;
		if (p)
			*ARENA_PUSH(l->arena, *out, *n) = p;
	}
	return true;
}

/* WHERE key = literal leaves one partition; *out NULL: none. */
bool pg_pruned(struct looking *l, const struct relation *r, const struct object **out)
{
	struct slice column = pg_is_partitioned(r) ? key_column(r) : SLICE_NONE;
	bool merge = l->change->kind == CHANGE_MERGE;
	size_t at = slice_ifind(l->statement->text, merge ? SL(" on ") : SL("where"));
	struct token t, last = {0}, before = {0};
	struct slice text, value = SLICE_NONE;
	struct lexer x;

	if (column.len == 0 || at == SIZE_MAX)
		return false;
	text = slice_from(l->statement->text, at + (merge ? 4 : 5));
	if (merge)
		text = slice_sub(text, 0, slice_ifind(text, SL(" when ")));
	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		if (token_is(t, "or") || token_is(t, "not") || token_is(t, "select"))
			return false;
		if (token_punct(last, "=") && slice_ieq(before.text, column) &&
			(t.kind == TOKEN_STRING || t.kind == TOKEN_NUMBER))
			value = t.text;
		before = last;
		last = t;
	}
	return value.len && pg_partition_for(l, r, value, out);
}

bool pg_keeps_partition(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	struct slice column = pg_is_partitioned(r) ? key_column(r) : SLICE_NONE;
	const struct typed_insert *in;
	size_t at = place_of(l, r, column);

	if (!column.len || !(c->flags & CHANGE_FROM_SELECT) || c->reads.n != 1 || at == SIZE_MAX ||
		!name_eq(pg_relation(l, pg_split_name(c->reads.at[0]), OBJECT_NONE).name, r->name))
		return false;
	in = typed_insert(l->arena, l->statement->text);
	if (!in || !in->query || !in->query->ntargets)
		return false;
	if (in->query->targets[0].value->kind == NODE_STAR)
		return in->query->ntargets == 1 && !c->list.n;
	return at < in->query->ntargets && in->query->targets[at].value->kind == NODE_COLUMN &&
	       slice_eq(in->query->targets[at].value->text, column);
}
