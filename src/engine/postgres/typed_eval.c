/* typed_eval.c - what an expression comes to when values are known, as far as nothing but the
 * statement decides: no clock, no collation, no rows. See typed.h. */
#include "engine/postgres/typed.h"
#include "sql/token.h"

#include <regex.h>
#include <stdint.h>
#include <stdlib.h>

static const struct value opaque = {.kind = VALUE_OPAQUE};
static const struct value null = {.kind = VALUE_NULL};

static struct value truth(bool is)
{
	return (struct value){.kind = VALUE_BOOL, .truth = is};
}

static struct value number(long double v)
{
	return (struct value){.kind = VALUE_NUMBER, .number = v};
}

static struct value text(struct slice s)
{
	return (struct value){.kind = VALUE_TEXT, .text = s};
}

/* ---- Literals ---- */
static bool read_number(struct slice s, long double *out)
{
	char copy[64], *end;

	s = slice_trim(s);
	if (!s.len || s.len >= sizeof copy || !strchr("+-.0123456789", s.at[0]))
		return false;
	memcpy(copy, s.at, s.len);
	copy[s.len] = 0;
	if (strpbrk(copy, "xXpPnN_"))
		return false;
	*out = strtold(copy, &end);
	return !*end;
}

static long long days_of(long long y, long long m, long long d)
{
	/* Days since 1970-01-01, by the years that begin in March. */
	long long era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool two_digits(struct slice s, size_t at, long long *out)
{
	unsigned long long v;

	if (at + 2 > s.len || !slice_u64(slice_sub(s, at, 2), &v))
		return false;
	*out = (long long)v;
	return true;
}

/* 2024-05-06, 2024-05-06 07:08[:09]: nothing with a zone. */
static bool read_time(struct slice s, long double *out)
{
	unsigned long long year;
	long long month, day, hour = 0, minute = 0, second = 0;

	s = slice_trim(s);
	if (s.len < 10 || s.at[4] != '-' || s.at[7] != '-' ||
		!slice_u64(slice_sub(s, 0, 4), &year) || !two_digits(s, 5, &month) ||
		!two_digits(s, 8, &day))
		return false;
	if (s.len > 10 && (s.len < 16 || s.at[13] != ':' || !two_digits(s, 11, &hour) ||
				  !two_digits(s, 14, &minute)))
		return false;
	if (s.len > 16 && (s.len != 19 || s.at[16] != ':' || !two_digits(s, 17, &second)))
		return false;
	*out = (long double)(((days_of((long long)year, month, day) * 24 + hour) * 60 + minute) *
				     60 +
			     second) *
	       1e6L;
	return true;
}

static bool read_truth(struct slice s, bool *out)
{
	static const char *const yes[] = {"true", "t", "yes", "y", "on", "1"};
	static const char *const no[] = {"false", "f", "no", "n", "off", "0"};

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		*out = slice_iis(s, yes[i]);
		if (*out || slice_iis(s, no[i]))
			return true;
	}
	return false;
}

static bool is_numeric_type(struct slice type)
{
	return slice_is(type, "integer") || slice_is(type, "bigint") ||
	       slice_is(type, "smallint") || slice_starts(type, "numeric") ||
	       slice_is(type, "real") || slice_is(type, "double precision") ||
	       slice_ends(type, "serial");
}

static bool is_text_type(struct slice type)
{
	return slice_is(type, "text") || slice_starts(type, "character varying");
}

/* Blanks at the end do not count. */
static bool is_padded_type(struct slice type)
{
	return slice_is(type, "bpchar") || slice_is(type, "character") ||
	       slice_starts(type, "character(");
}

static struct slice unpadded(struct slice s)
{
	while (s.len && s.at[s.len - 1] == ' ')
		s.len--;
	return s;
}

struct value typed_literal(struct slice s, struct slice type)
{
	struct value v = opaque;

	if (is_numeric_type(type)) {
		v.kind = read_number(s, &v.number) ? VALUE_NUMBER : VALUE_OPAQUE;
	} else if (is_text_type(type)) {
		v = text(s);
	} else if (is_padded_type(type)) {
		v = text(unpadded(s));
	} else if (slice_is(type, "boolean")) {
		v.kind = read_truth(slice_trim(s), &v.truth) ? VALUE_BOOL : VALUE_OPAQUE;
	} else if (slice_is(type, "date") || slice_starts(type, "timestamp")) {
		v.kind = read_time(s, &v.number) ? VALUE_TIME : VALUE_OPAQUE;
		if (slice_is(type, "date") && slice_trim(s).len != 10)
			v.kind = VALUE_OPAQUE;
	}
	return v;
}

/* Small letters; hyphens where the server writes them. */
static struct value uuid(struct looking *l, struct slice s)
{
	char *to = arena_alloc(l->arena, 37);

	if (s.len != 36)
		return opaque;
	for (size_t i = 0; i < 36; i++) {
		char c = s.at[i];

		to[i] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
		if ((i == 8 || i == 13 || i == 18 || i == 23) != (c == '-') ||
			(c != '-' && !strchr("0123456789abcdef", to[i])))
			return opaque;
	}
	return text((struct slice){to, 36});
}

struct value typed_literal_of(struct looking *l, struct slice s, struct slice type)
{
	const struct object *o;

	if (slice_is(type, "uuid"))
		return uuid(l, s);
	if (slice_is(type, "text") || slice_is(type, "integer") || slice_is(type, "bigint"))
		return typed_literal(s, type);
	o = pg_type_object(l, type);
	return o && slice_is(o->type_.kind, "enum") ? text(s) : typed_literal(s, type);
}

/* A string beside a value is read as one of its kind. */
static struct value as_kind(struct value v, enum value_kind kind)
{
	if (v.kind != VALUE_TEXT || !v.literal || kind == VALUE_TEXT)
		return v;
	v.literal = false;
	if (kind == VALUE_NUMBER)
		v.kind = read_number(v.text, &v.number) ? VALUE_NUMBER : VALUE_OPAQUE;
	else if (kind == VALUE_TIME)
		v.kind = read_time(v.text, &v.number) ? VALUE_TIME : VALUE_OPAQUE;
	else if (kind == VALUE_BOOL)
		v.kind = read_truth(v.text, &v.truth) ? VALUE_BOOL : VALUE_OPAQUE;
	return v;
}

/* ---- Comparisons ---- */

/* Of texts only equality is the same in all collations that migrations use. */
static struct value compare(struct slice op, struct value a, struct value b)
{
	bool eq = slice_is(op, "="), ne = slice_is(op, "<>");
	long double d;

	if (a.kind == VALUE_NULL || b.kind == VALUE_NULL)
		return null;
	if (a.kind == VALUE_OPAQUE || b.kind == VALUE_OPAQUE)
		return opaque;
	a = as_kind(a, b.kind);
	b = as_kind(b, a.kind);
	if (a.kind != b.kind || a.kind == VALUE_OPAQUE)
		return opaque;
	if (a.kind == VALUE_TEXT)
		return eq || ne ? truth(slice_eq(a.text, b.text) == eq) : opaque;
	if (a.kind == VALUE_BOOL)
		return eq || ne ? truth((a.truth == b.truth) == eq) : opaque;
	d = a.number - b.number;
	if (eq)
		return truth(d == 0);
	if (ne)
		return truth(d != 0);
	if (slice_is(op, "<"))
		return truth(d < 0);
	if (slice_is(op, "<="))
		return truth(d <= 0);
	if (slice_is(op, ">"))
		return truth(d > 0);
	return slice_is(op, ">=") ? truth(d >= 0) : opaque;
}

static struct value both(struct value a, struct value b)
{
	if ((a.kind == VALUE_BOOL && !a.truth) || (b.kind == VALUE_BOOL && !b.truth))
		return truth(false);
	if (a.kind == VALUE_OPAQUE || b.kind == VALUE_OPAQUE)
		return opaque;
	return a.kind == VALUE_NULL || b.kind == VALUE_NULL ? null : truth(true);
}

static struct value negated(struct value v)
{
	return v.kind == VALUE_BOOL ? truth(!v.truth) : v.kind == VALUE_NULL ? null : opaque;
}

static struct value either(struct value a, struct value b)
{
	return negated(both(negated(a), negated(b)));
}

/* % and _; a backslash makes the next one plain. Bytes: of _ beside other than ASCII nothing is
 * said. */
static bool like(struct slice s, struct slice p, unsigned depth, bool *unsure)
{
	for (size_t i = 0; depth < 50; i++) {
		if (!p.len)
			return !s.len;
		if (p.at[0] == '%') {
			for (size_t k = 0; k <= s.len; k++)
				if (like(slice_from(s, k), slice_from(p, 1), depth + 1, unsure))
					return true;
			return false;
		}
		if (!s.len)
			return false;
		if ((unsigned char)s.at[0] >= 0x80 && p.at[0] == '_')
			*unsure = true;
		if (p.at[0] == '\\' && p.len > 1)
			p = slice_from(p, 1);
		if (p.at[0] != '_' && p.at[0] != s.at[0])
			return false;
		s = slice_from(s, 1);
		p = slice_from(p, 1);
	}
	*unsure = true;
	return false;
}

static struct value matched(struct slice op, struct value a, struct value b)
{
	bool unsure = false, is;

	if (a.kind == VALUE_NULL || b.kind == VALUE_NULL)
		return null;
	if (a.kind != VALUE_TEXT || b.kind != VALUE_TEXT || a.text.len > 200 || b.text.len > 60 ||
		slice_chr(b.text, '\\') != SIZE_MAX)
		return opaque;
	is = like(a.text, b.text, 0, &unsure);
	return unsure ? opaque : truth(is == !slice_starts(op, "!"));
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

/* A pattern for regcomp(), as far as it is written. */
struct pattern {
	char text[256];
	size_t n, counts;
	bool bracket;
};

static bool put(struct pattern *to, struct slice s)
{
	if (to->n + s.len >= sizeof to->text)
		return false;
	memcpy(to->text + to->n, s.at, s.len);
	to->n += s.len;
	return true;
}

/* \d, \w, \s outside of brackets; a backslash before a sign. */
static bool put_escaped(struct pattern *to, struct slice two)
{
	static const struct {
		char letter;
		const char *set;
	} sets[] = {{'d', "[0-9]"}, {'w', "[[:alnum:]_]"}, {'s', "[[:space:]]"}};

	if (two.len < 2 || to->bracket)
		return false;
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (two.at[1] == sets[i].letter)
			return put(to, slice_of(sets[i].set));
	return two.at[1] && strchr(".-+*?()[]{}|^$/\\", two.at[1]) && put(to, two);
}

/* What begins with a bracket: how much of it was taken, 0 if it is not understood. */
static size_t put_bracket(struct pattern *to, struct slice s)
{
	size_t n = 1, end;

	if (to->bracket) { /* [:alpha:] */
		end = slice_find(s, SL(":]"));
		return slice_starts(s, "[:") && end != SIZE_MAX && put(to, slice_sub(s, 0, end + 2))
			       ? end + 2
			       : 0;
	}
	to->bracket = true;
	n += slice_starts(slice_from(s, n), "^");
	n += slice_starts(slice_from(s, n), "]");
	return put(to, slice_sub(s, 0, n)) ? n : 0;
}

/* Lazy, (?…), and many counts: those are the server's own, or cost too much. */
static bool is_own(const struct pattern *to, char c, char next)
{
	if (to->bracket)
		return false;
	return (c == '(' && next == '?') || (c == '*' && next == '*') ||
	       (next == '?' && strchr("*+?}", c)) || (c == '{' && to->counts > 6);
}

/* False: a pattern that may mean something else to regcomp(). */
static bool as_extended(struct slice p, struct pattern *to)
{
	*to = (struct pattern){0};
	for (size_t i = 0; i < p.len;) {
		struct slice rest = slice_from(p, i);
		char c = p.at[i], next = i + 1 < p.len ? p.at[i + 1] : 0;
		size_t took = 1;

		if ((unsigned char)c >= 0x80 || c == 0)
			return false;
		to->counts += c == '{';
		if (is_own(to, c, next))
			return false;
		if (c == '\\')
			took = put_escaped(to, slice_sub(rest, 0, 2)) ? 2 : 0;
		else if (c == '[')
			took = put_bracket(to, rest);
		else if (!put(to, slice_sub(rest, 0, 1)))
			took = 0;
		if (c == ']')
			to->bracket = false;
		if (!took)
			return false;
		i += took;
	}
	to->text[to->n] = 0;
	return !to->bracket;
}

/* Counts of three digits may cost much memory, one in the other. */
static bool counts_much(struct slice p)
{
	size_t digits = 0;

	for (size_t i = 0; i < p.len; i++) {
		digits = p.at[i] >= '0' && p.at[i] <= '9' ? digits + 1 : 0;
		if (digits > 2 && slice_chr(p, '{') != SIZE_MAX)
			return true;
	}
	return false;
}

/* ~, ~*, !~, !~* */
static struct value regex(struct looking *l, struct slice op, struct value a, struct value b)
{
	struct pattern pattern;
	struct value v = opaque;
	regex_t r;

	if (a.kind == VALUE_NULL || b.kind == VALUE_NULL)
		return null;
	if (a.kind != VALUE_TEXT || b.kind != VALUE_TEXT || a.text.len > 300 || b.text.len > 120 ||
		!is_ascii(a.text) || counts_much(b.text) || slice_chr(a.text, '\n') != SIZE_MAX ||
		slice_chr(a.text, 0) != SIZE_MAX || !as_extended(b.text, &pattern) ||
		regcomp(&r, pattern.text,
			REG_EXTENDED | REG_NOSUB | (slice_ends(op, "*") ? REG_ICASE : 0)))
		return opaque;
	v = truth((regexec(&r, arena_cstr(l->arena, a.text), 0, NULL, 0) == 0) !=
		  slice_starts(op, "!"));
	regfree(&r);
	return v;
}

static struct value arithmetic(struct slice op, struct value a, struct value b)
{
	if (a.kind == VALUE_NULL || b.kind == VALUE_NULL)
		return null;
	a = as_kind(a, b.kind);
	b = as_kind(b, a.kind);
	if (a.kind != VALUE_NUMBER || b.kind != VALUE_NUMBER)
		return opaque;
	if (slice_is(op, "+"))
		return number(a.number + b.number);
	if (slice_is(op, "-"))
		return number(a.number - b.number);
	if (slice_is(op, "*"))
		return number(a.number * b.number);
	return opaque; /* integers are divided in another way than others */
}

/* ---- Functions ---- */
static size_t characters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.at[i] & 0xC0) != 0x80;
	return n;
}

static struct value recased(struct looking *l, struct value v, bool upper)
{
	char *to;

	if (v.kind != VALUE_TEXT || !is_ascii(v.text))
		return v.kind == VALUE_NULL ? null : opaque;
	to = arena_alloc(l->arena, v.text.len + 1);
	for (size_t i = 0; i < v.text.len; i++) {
		char c = v.text.at[i];

		to[i] = upper && c >= 'a' && c <= 'z'    ? (char)(c - 32)
			: !upper && c >= 'A' && c <= 'Z' ? (char)(c + 32)
							 : c;
	}
	return text((struct slice){to, v.text.len});
}

static struct slice cut(struct slice s)
{
	while (s.len && s.at[0] == ' ')
		s = slice_from(s, 1);
	while (s.len && s.at[s.len - 1] == ' ')
		s.len--;
	return s;
}

static struct value called(
	struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	struct value v = opaque;

	if (n->opaque_call || n->window || n->qualifier.len || n->n == 0)
		return opaque;
	if (slice_is(n->text, "coalesce")) {
		for (size_t i = 0; i < n->n; i++) {
			v = typed_value(l, row, n->args[i]);
			if (v.kind != VALUE_NULL)
				return v;
		}
		return null;
	}
	if (n->n != 1)
		return opaque;
	v = typed_value(l, row, n->args[0]);
	if (v.kind == VALUE_NULL)
		return null;
	if (v.kind == VALUE_TEXT &&
		(slice_is(n->text, "length") || slice_is(n->text, "char_length") ||
			slice_is(n->text, "character_length")))
		return number((long double)characters(v.text));
	if (v.kind == VALUE_TEXT && slice_is(n->text, "octet_length"))
		return number((long double)v.text.len);
	if (v.kind == VALUE_TEXT && (slice_is(n->text, "btrim") || slice_is(n->text, "trim")))
		return text(cut(v.text));
	if (slice_is(n->text, "lower") || slice_is(n->text, "upper"))
		return recased(l, v, slice_is(n->text, "upper"));
	if (v.kind == VALUE_NUMBER && slice_is(n->text, "abs"))
		return number(v.number < 0 ? -v.number : v.number);
	return opaque;
}

/* ---- Nodes ---- */
static struct value column(const struct typed_row *row, const struct typed_node *n)
{
	for (size_t i = 0; row && i < row->columns.n; i++)
		if (slice_eq(row->columns.at[i], n->text))
			return row->values[i];
	return opaque;
}

static struct value in_list(
	struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	struct value left = typed_value(l, row, n->args[0]), any = truth(false);

	if (n->query)
		return opaque;
	for (size_t i = 1; i < n->n; i++)
		any = either(any, compare(SL("="), left, typed_value(l, row, n->args[i])));
	return n->flag ? negated(any) : any;
}

static const struct typed_node *without_cast(const struct typed_node *n)
{
	while (n->kind == NODE_CAST)
		n = n->args[0];
	return n;
}

/* = ANY (ARRAY[…]), with the casts that the server writes around it. */
static struct value any_of(
	struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	const struct typed_node *array = n->query ? NULL : without_cast(n->args[1]);
	struct value left, out = truth(n->flag);

	if (!array || array->kind != NODE_ARRAY)
		return opaque;
	left = typed_value(l, row, n->args[0]);
	for (size_t i = 0; i < array->n; i++) {
		struct value one = compare(n->text, left, typed_value(l, row, array->args[i]));

		out = n->flag ? both(out, one) : either(out, one);
	}
	return out;
}

static struct value cast(struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	struct value v = typed_value(l, row, n->args[0]);

	if (v.kind == VALUE_NULL)
		return null;
	if (v.kind == VALUE_TEXT && v.literal)
		return typed_literal_of(l, v.text, n->text);
	if (v.kind == VALUE_TEXT && (slice_is(n->text, "text") || slice_is(n->text, "bpchar") ||
					    slice_is(n->text, "character varying")))
		return v;
	if (v.kind == VALUE_NUMBER && slice_is(n->text, "numeric"))
		return v;
	return opaque;
}

static struct value is_test(
	struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	struct value v = typed_value(l, row, n->args[0]);
	bool is;

	if (v.kind == VALUE_OPAQUE || slice_iis(n->text, "distinct"))
		return opaque;
	if (slice_iis(n->text, "null") || slice_iis(n->text, "unknown"))
		is = v.kind == VALUE_NULL;
	else if (v.kind != VALUE_BOOL && v.kind != VALUE_NULL)
		return opaque;
	else
		is = v.kind == VALUE_BOOL && v.truth == slice_iis(n->text, "true");
	return truth(is != n->flag);
}

static struct value between(
	struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	struct value v = typed_value(l, row, n->args[0]), in;

	if (n->opaque_call)
		return opaque;
	in = both(compare(SL(">="), v, typed_value(l, row, n->args[1])),
		compare(SL("<="), v, typed_value(l, row, n->args[2])));
	return n->flag ? negated(in) : in;
}

static struct value operated(
	struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	struct value a = typed_value(l, row, n->args[0]), b;

	if (n->n == 1) {
		if (a.kind == VALUE_NUMBER && slice_is(n->text, "-"))
			a.number = -a.number;
		return a.kind == VALUE_NUMBER && (slice_is(n->text, "-") || slice_is(n->text, "+"))
			       ? a
		       : a.kind == VALUE_NULL ? null
					      : opaque;
	}
	b = typed_value(l, row, n->args[1]);
	if (slice_is(n->text, "~~") || slice_is(n->text, "!~~"))
		return n->opaque_call ? opaque : matched(n->text, a, b);
	if (slice_is(n->text, "~") || slice_is(n->text, "~*") || slice_is(n->text, "!~") ||
		slice_is(n->text, "!~*"))
		return regex(l, n->text, a, b);
	if (slice_is(n->text, "+") || slice_is(n->text, "-") || slice_is(n->text, "*"))
		return arithmetic(n->text, a, b);
	return compare(n->text, a, b);
}

struct value typed_value(struct looking *l, const struct typed_row *row, const struct typed_node *n)
{
	struct value v = opaque;

	switch (n->kind) {
	case NODE_NUMBER:
		v.kind = read_number(n->text, &v.number) ? VALUE_NUMBER : VALUE_OPAQUE;
		return v;
	case NODE_STRING:
		v = text(n->text);
		v.literal = true;
		return v;
	case NODE_BOOL:
		return truth(n->flag);
	case NODE_NULL:
		return null;
	case NODE_COLUMN:
		return column(row, n);
	case NODE_AND:
		return both(typed_value(l, row, n->args[0]), typed_value(l, row, n->args[1]));
	case NODE_OR:
		return either(typed_value(l, row, n->args[0]), typed_value(l, row, n->args[1]));
	case NODE_NOT:
		return negated(typed_value(l, row, n->args[0]));
	case NODE_IS:
		return is_test(l, row, n);
	case NODE_CAST:
		return cast(l, row, n);
	case NODE_IN:
		return in_list(l, row, n);
	case NODE_BETWEEN:
		return between(l, row, n);
	case NODE_ANY:
		return any_of(l, row, n);
	case NODE_OP:
		return operated(l, row, n);
	case NODE_CALL:
		return called(l, row, n);
	case NODE_COLLATE:
		return typed_value(l, row, n->args[0]);
	case NODE_OPAQUE:
	case NODE_DEFAULT:
	case NODE_STAR:
	case NODE_PARAM:
	case NODE_CASE:
	case NODE_ARRAY:
	case NODE_ROW:
	case NODE_QUERY:
	case NODE_EXISTS:
	case NODE_ARRAY_QUERY:
	case NODE_SUBSCRIPT:
	case NODE_FIELD:
	case NODE_NOW:
		return opaque;
	}
	return opaque;
}

struct value typed_bound(struct looking *l, struct slice s)
{
	struct typed_node *n = typed_expr(l->arena, s);
	struct value v = n ? typed_value(l, NULL, n) : opaque;

	if (v.kind == VALUE_TEXT && v.literal)
		v.kind = read_time(v.text, &v.number) ? VALUE_TIME : VALUE_OPAQUE;
	return v;
}
