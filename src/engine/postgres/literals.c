/* literals.c - can a value of a type be written like this? The input functions of the types that
 * migrations use, as far as they are sure of themselves: the manual's chapter "Data Types". */
#include "engine/postgres/typed.h"
#include "sql/token.h"

#include <stdint.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool has_digit(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_digit(s.at[i]))
			return true;
	return false;
}

static size_t digits(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && is_digit(s.at[at + n]))
		n++;
	return n;
}

/* ---- Numbers ---- */

/* 16: 0x1F, 0o17, 0b1, 1_000 */
static bool newer_number(struct looking *l, struct slice s)
{
	return l->version >= 160000 && (slice_chr(s, '_') != SIZE_MAX ||
					       (s.len > 1 && s.at[0] == '0' && is_letter(s.at[1])));
}

/* Digits with a point and an exponent, the sign taken off. */
static bool is_number(struct slice s)
{
	size_t at = digits(s, 0), n = at;

	if (at < s.len && s.at[at] == '.') {
		size_t more = digits(s, at + 1);

		n += more;
		at += 1 + more;
	}
	if (n == 0)
		return false;
	if (at < s.len && (s.at[at] == 'e' || s.at[at] == 'E')) {
		at++;
		if (at < s.len && (s.at[at] == '+' || s.at[at] == '-'))
			at++;
		if (digits(s, at) == 0)
			return false;
		at += digits(s, at);
	}
	return at == s.len;
}

static struct slice unsigned_part(struct slice s)
{
	s = slice_trim(s);
	return slice_starts(s, "-") || slice_starts(s, "+") ? slice_from(s, 1) : s;
}

static enum fit integer_fits(
	struct looking *l, struct slice text, struct slice type, bool number, bool lengths)
{
	struct slice plain = unsigned_part(text);
	bool minus = slice_starts(slice_trim(text), "-");
	unsigned long long v, most;

	most = slice_is(type, "smallint")  ? INT16_MAX
	       : slice_is(type, "integer") ? INT32_MAX
					   : INT64_MAX;
	if (newer_number(l, plain))
		return FIT_UNKNOWN;
	if (number && digits(plain, 0) != plain.len)
		return FIT_UNKNOWN; /* rounded */
	if (!plain.len || digits(plain, 0) != plain.len)
		return FIT_BAD;
	if (number && !lengths)
		return FITS;
	return slice_u64(plain, &v) && v <= most + minus ? FITS : FIT_BAD;
}

/* numeric(4,2) holds what rounds to less than 100. */
static enum fit numeric_room(struct slice plain, struct slice type)
{
	struct slice mods = pg_in_brackets(type, ""), first, second;
	unsigned long long precision, scale = 0;
	size_t whole = digits(plain, 0), zeros = 0;

	if (!mods.len || slice_ifind(plain, SL("e")) != SIZE_MAX)
		return mods.len ? FIT_UNKNOWN : FITS;
	slice_next(&mods, ',', &first);
	if (!slice_u64(slice_trim(first), &precision))
		return FIT_UNKNOWN;
	if (slice_next(&mods, ',', &second) && !slice_u64(slice_trim(second), &scale))
		return FIT_UNKNOWN;
	while (zeros < whole && plain.at[zeros] == '0')
		zeros++;
	if (scale > precision)
		return FIT_UNKNOWN;
	if (whole - zeros > precision - scale)
		return FIT_BAD;
	/* 99.999 may round up to one digit more. */
	if (plain.len <= whole + 1 + scale)
		return FITS;
	return whole - zeros == precision - scale && plain.len > whole ? FIT_UNKNOWN : FITS;
}

static enum fit numeric_fits(
	struct looking *l, struct slice text, struct slice type, bool lengths, bool real)
{
	struct slice plain = unsigned_part(text);

	if (newer_number(l, plain))
		return FIT_UNKNOWN;
	if (slice_iis(plain, "nan"))
		return FITS;
	if (slice_iis(plain, "infinity") || slice_iis(plain, "inf"))
		return real || l->version >= 140000 ? FIT_UNKNOWN : FIT_BAD;
	if (!is_number(plain))
		return FIT_BAD;
	return real || !lengths ? FITS : numeric_room(plain, type);
}

static enum fit boolean_fits(struct slice s)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};

	s = slice_trim(s);
	if (slice_is(s, "1") || slice_is(s, "0"))
		return FITS;
	for (size_t i = 0; s.len && i < sizeof words / sizeof *words; i++)
		if (slice_ieq(s, slice_sub(slice_of(words[i]), 0, s.len)) && (i < 4 || s.len > 1))
			return FITS;
	return FIT_BAD;
}

/* ---- Days and times ---- */
static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100) || year % 400 == 0;
}

static bool day_exists(unsigned year, unsigned month, unsigned day)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static unsigned number_at(struct slice s, size_t at, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned)(s.at[at + i] - '0');
	return v;
}

/* 12:30, 12:30:15.5; what follows is a zone. */
static enum fit time_fits(struct slice s)
{
	size_t h = digits(s, 0), m, sec;

	if (h < 1 || h > 2 || h >= s.len || s.at[h] != ':')
		return FIT_UNKNOWN;
	m = digits(s, h + 1);
	if (m != 2)
		return FIT_UNKNOWN;
	if (number_at(s, 0, h) > 24 || number_at(s, h + 1, m) > 59)
		return FIT_BAD;
	if (h + 1 + m >= s.len || s.at[h + 1 + m] != ':')
		return FITS;
	sec = digits(s, h + 2 + m);
	return sec == 2 && number_at(s, h + 2 + m, sec) > 60 ? FIT_BAD : FITS;
}

/* Words only: each has to be one that dates know. */
static enum fit words_fit(struct slice s)
{
	static const char *const known[] = {"now", "today", "tomorrow", "yesterday", "epoch",
		"infinity", "allballs", "utc", "gmt", "z", "zulu"};

	for (size_t i = 0; i < s.len;) {
		size_t n = 0;
		bool found = false;

		while (i + n < s.len && is_letter(s.at[i + n]))
			n++;
		for (size_t k = 0; n && k < sizeof known / sizeof *known; k++)
			found = found || slice_iis(slice_sub(s, i, n), known[k]);
		if (n && !found)
			return FIT_BAD;
		i += n ? n : 1;
	}
	return FIT_UNKNOWN;
}

static enum fit day_fits(struct slice s)
{
	size_t y, m, d;

	s = slice_trim(s);
	if (!s.len)
		return FIT_BAD;
	if (!has_digit(s))
		return words_fit(s);
	y = digits(s, 0);
	if (y != 4 || y >= s.len || s.at[y] != '-')
		return FIT_UNKNOWN;
	m = digits(s, 5);
	if (m < 1 || m > 2 || 5 + m >= s.len || s.at[5 + m] != '-')
		return FIT_UNKNOWN;
	d = digits(s, 6 + m);
	if (d < 1 || d > 2)
		return FIT_UNKNOWN;
	if (!day_exists(number_at(s, 0, 4), number_at(s, 5, m), number_at(s, 6 + m, d)))
		return FIT_BAD;
	s = slice_trim(slice_from(s, 6 + m + d));
	if (!s.len)
		return FITS;
	if (s.at[0] == 'T' || s.at[0] == 't')
		s = slice_from(s, 1);
	return time_fits(s) == FIT_BAD ? FIT_BAD : time_fits(s) == FITS ? FITS : FIT_UNKNOWN;
}

static enum fit interval_fits(struct slice s)
{
	s = slice_trim(s);
	if (!s.len)
		return FIT_BAD;
	if (has_digit(s) || slice_ifind(s, SL("infinity")) != SIZE_MAX)
		return FIT_UNKNOWN;
	return FIT_BAD;
}

/* ---- JSON ---- */
struct json {
	struct slice s;
	size_t at;
	unsigned depth;
};

static void json_blanks(struct json *j)
{
	while (j->at < j->s.len && strchr(" \t\n\r", j->s.at[j->at]))
		j->at++;
}

static bool json_char(struct json *j, char c)
{
	json_blanks(j);
	if (j->at >= j->s.len || j->s.at[j->at] != c)
		return false;
	j->at++;
	return true;
}

static bool json_string(struct json *j)
{
	if (!json_char(j, '"'))
		return false;
	for (; j->at < j->s.len; j->at++) {
		unsigned char c = (unsigned char)j->s.at[j->at];

		if (c == '"') {
			j->at++;
			return true;
		}
		if (c < ' ')
			return false;
		if (c == '\\' &&
			(j->at + 1 >= j->s.len || !strchr("\"\\/bfnrtu", j->s.at[++j->at])))
			return false;
	}
	return false;
}

static bool json_word(struct json *j)
{
	static const char *const words[] = {"true", "false", "null"};
	struct slice rest = slice_from(j->s, j->at);
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if (slice_starts(rest, words[i])) {
			j->at += strlen(words[i]);
			return true;
		}
	while (n < rest.len && (is_digit(rest.at[n]) || strchr("+-.eE", rest.at[n])))
		n++;
	j->at += n;
	rest = slice_sub(rest, 0, n);
	return n && rest.at[0] != '+' && rest.at[0] != '.' && is_number(unsigned_part(rest)) &&
	       !slice_ends(rest, ".");
}

static bool json_value(struct json *j)
{
	bool ok = false, object;
	char close;

	json_blanks(j);
	if (j->at >= j->s.len || ++j->depth > 100)
		return false;
	object = j->s.at[j->at] == '{';
	if (j->s.at[j->at] == '"') {
		ok = json_string(j);
	} else if (!object && j->s.at[j->at] != '[') {
		ok = json_word(j);
	} else {
		close = object ? '}' : ']';
		j->at++;
		ok = json_char(j, close);
		if (!ok) {
			do
				ok = (!object || (json_string(j) && json_char(j, ':'))) &&
				     json_value(j);
			while (ok && json_char(j, ','));
			ok = ok && json_char(j, close);
		}
	}
	j->depth--;
	return ok;
}

static enum fit json_fits(struct slice s)
{
	struct json j = {.s = s};
	bool ok = json_value(&j);

	json_blanks(&j);
	return ok && j.at == s.len ? FITS : j.depth >= 100 ? FIT_UNKNOWN : FIT_BAD;
}

/* ---- Others ---- */
static enum fit uuid_fits(struct slice s)
{
	size_t hex = 0;

	if (slice_starts(s, "{") && slice_ends(s, "}"))
		s = slice_sub(s, 1, s.len - 2);
	for (size_t i = 0; i < s.len; i++) {
		if (strchr("0123456789abcdefABCDEF", s.at[i]))
			hex++;
		else if (s.at[i] != '-' || hex % 4 || !hex || i + 1 == s.len)
			return FIT_BAD;
	}
	return hex == 32 ? FITS : FIT_BAD;
}

static enum fit address_fits(struct slice s, bool cidr)
{
	size_t parts = 0;

	if (!s.len)
		return FIT_BAD;
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("0123456789abcdefABCDEF:./", s.at[i]))
			return FIT_BAD;
	if (slice_chr(s, ':') != SIZE_MAX)
		return FIT_UNKNOWN;
	for (size_t at = 0; at < s.len && s.at[at] != '/'; at++) {
		size_t n = digits(s, at);

		if (n < 1 || n > 3 || number_at(s, at, n) > 255)
			return FIT_BAD;
		parts++;
		at += n;
		if (at >= s.len || s.at[at] == '/')
			break;
		if (s.at[at] != '.')
			return FIT_BAD;
	}
	return parts > 4 ? FIT_BAD : parts == 4 && !cidr ? FITS : FIT_UNKNOWN;
}

static size_t characters(struct slice s)
{
	size_t n = 0;

	while (s.len && s.at[s.len - 1] == ' ') /* blanks at the end are cut off */
		s.len--;
	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.at[i] & 0xC0) != 0x80;
	return n;
}

static enum fit text_fits(struct slice s, struct slice type, bool lengths)
{
	unsigned long long most;

	if (!lengths)
		return FITS;
	if (slice_is(type, "character"))
		return characters(s) > 1 ? FIT_BAD : FITS;
	if (!slice_starts(type, "character") || slice_chr(type, '(') == SIZE_MAX)
		return FITS;
	return slice_u64(pg_in_brackets(type, ""), &most) && characters(s) > most ? FIT_BAD : FITS;
}

/* {a,b}: elements without quotes or braces are looked at one by one. */
static enum fit array_fits(struct looking *l, struct slice s, struct slice element)
{
	struct slice inside, one;
	int depth = 0;
	bool quoted = false;

	s = slice_trim(s);
	if (slice_starts(s, "["))
		return slice_chr(s, '=') == SIZE_MAX ? FIT_BAD : FIT_UNKNOWN;
	if (!slice_starts(s, "{"))
		return FIT_BAD;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\\')
			i++;
		else if (s.at[i] == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += (s.at[i] == '{') - (s.at[i] == '}');
		if (depth == 0 && i + 1 < s.len)
			return FIT_BAD;
	}
	if (depth || quoted)
		return FIT_BAD;
	inside = slice_sub(s, 1, s.len - 2);
	if (slice_chr(inside, '{') != SIZE_MAX || slice_chr(inside, '"') != SIZE_MAX ||
		slice_chr(inside, '\\') != SIZE_MAX)
		return FIT_UNKNOWN;
	while (slice_next(&inside, ',', &one)) {
		one = slice_trim(one);
		if (!one.len)
			return slice_trim(slice_sub(s, 1, s.len - 2)).len ? FIT_BAD : FITS;
		if (!slice_iis(one, "null") &&
			pg_literal_fits(l, one, element, false, false) == FIT_BAD)
			return FIT_BAD;
	}
	return FITS;
}

static enum fit range_fits(struct slice s)
{
	size_t commas = 0;

	s = slice_trim(s);
	if (slice_iis(s, "empty"))
		return FITS;
	for (size_t i = 0; i < s.len; i++)
		commas += s.at[i] == ',';
	if (s.len < 3 || !strchr("[(", s.at[0]) || !strchr("])", s.at[s.len - 1]) || commas == 0)
		return FIT_BAD;
	return FIT_UNKNOWN;
}

/* ---- The history's types ---- */
const struct object *pg_type_object(struct looking *l, struct slice type)
{
	const struct object *o;

	return catalog_find(l->catalog, l->session, OBJECT_TYPE, pg_split_name(type), &o) == PRESENT
		       ? o
		       : NULL;
}

/* "name: CHECK (expression)", as the catalog keeps them. */
static struct slice check_of(struct slice kept)
{
	size_t colon = slice_find(kept, SL(": "));
	struct slice text = colon == SIZE_MAX ? kept : slice_from(kept, colon + 2);

	text = slice_trim(text);
	if (slice_ends(text, "NOT VALID"))
		text = slice_trim(slice_sub(text, 0, text.len - 9));
	if (slice_istarts(text, "check"))
		text = slice_trim(slice_from(text, 5));
	return text;
}

static enum fit domain_fits(
	struct looking *l, struct slice text, const struct object *d, bool number, bool lengths)
{
	enum fit fit = pg_literal_fits(l, text, d->type_.base, number, lengths);
	struct typed_row row = {0};
	struct value v;

	if (fit == FIT_BAD || !lengths || d->tainted)
		return fit;
	v = typed_literal(text, d->type_.base);
	names_add(l->arena, &row.columns, SL("value"));
	row.values = &v;
	for (size_t i = 0; i < d->type_.checks.n; i++) {
		struct typed_node *n = typed_expr(l->arena, check_of(d->type_.checks.at[i]));
		struct value is = n ? typed_value(l, &row, n) : (struct value){0};

		if (is.kind == VALUE_BOOL && !is.truth)
			return FIT_BAD;
		if (is.kind == VALUE_OPAQUE)
			fit = FIT_UNKNOWN;
	}
	return fit;
}

static enum fit own_type_fits(
	struct looking *l, struct slice text, struct slice type, bool number, bool lengths)
{
	const struct object *o = pg_type_object(l, type);

	if (!o || o->tainted)
		return FIT_UNKNOWN;
	if (slice_is(o->type_.kind, "domain"))
		return domain_fits(l, text, o, number, lengths);
	if (slice_is(o->type_.kind, "enum"))
		return names_has(o->type_.labels, text) ? FITS : FIT_BAD;
	return FIT_UNKNOWN;
}

/* [9,4): its lower bound is above the upper one. */
static bool range_is_turned(struct looking *l, struct slice text, struct slice type)
{
	struct slice subtype = slice_is(type, "daterange")  ? SL("date")
			       : slice_is(type, "tsrange")  ? SL("timestamp without time zone")
			       : slice_is(type, "numrange") ? SL("numeric")
							    : SL("integer");
	struct value low, high;
	size_t comma;

	text = slice_trim(text);
	comma = slice_chr(text, ',');
	if (text.len < 5 || comma == SIZE_MAX || slice_is(type, "tstzrange") ||
		slice_chr(text, '"') != SIZE_MAX)
		return false;
	low = typed_literal_of(l, slice_sub(text, 1, comma - 1), subtype);
	high = typed_literal_of(l, slice_sub(text, comma + 1, text.len - comma - 2), subtype);
	return low.kind == high.kind && (low.kind == VALUE_NUMBER || low.kind == VALUE_TIME) &&
	       low.number > high.number;
}

enum fit pg_literal_fits(
	struct looking *l, struct slice text, struct slice type, bool number, bool lengths)
{
	struct slice plain = pg_type_plain(l->arena, type);
	char category = pg_type_category(l, plain);

	if (text.len > 4000)
		return FIT_UNKNOWN;
	if (slice_ends(type, "]"))
		return number ? FIT_UNKNOWN
			      : array_fits(l, text, slice_sub(type, 0, slice_find(type, SL("["))));
	if (!category)
		return own_type_fits(l, text, type, number, lengths);
	if (category == 'S')
		return text_fits(text, type, lengths);
	if (slice_is(plain, "smallint") || slice_is(plain, "integer") || slice_is(plain, "bigint"))
		return integer_fits(l, text, plain, number, lengths);
	if (slice_is(plain, "numeric"))
		return numeric_fits(l, text, type, lengths, false);
	if (slice_is(plain, "real") || slice_is(plain, "double precision"))
		return numeric_fits(l, text, type, lengths, true);
	if (number)
		return FIT_UNKNOWN;
	if (slice_is(plain, "boolean"))
		return boolean_fits(text);
	if (slice_is(plain, "date") || slice_starts(plain, "timestamp"))
		return day_fits(text);
	if (slice_starts(plain, "time"))
		return has_digit(text)
			       ? (time_fits(slice_trim(text)) == FIT_BAD ? FIT_BAD : FIT_UNKNOWN)
			       : words_fit(slice_trim(text));
	if (slice_is(plain, "interval"))
		return interval_fits(text);
	if (slice_is(plain, "uuid"))
		return uuid_fits(text);
	if (slice_is(plain, "json") || slice_is(plain, "jsonb"))
		return json_fits(text);
	if (slice_is(plain, "inet") || slice_is(plain, "cidr"))
		return address_fits(text, slice_is(plain, "cidr"));
	if (category == 'R' && slice_ends(plain, "range"))
		return slice_ends(plain, "multirange")   ? FIT_UNKNOWN
		       : range_is_turned(l, text, plain) ? FIT_BAD
							 : range_fits(text);
	if (slice_is(plain, "money") || slice_is(plain, "point"))
		return has_digit(text) ? FIT_UNKNOWN : FIT_BAD;
	return FIT_UNKNOWN;
}
