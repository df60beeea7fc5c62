/* effects_default.c - defaults that a column's type cannot hold: the server looks at them when the
 * table is made or altered, not when the first row wants one. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <arpa/inet.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum literal_kind {
	LITERAL_NONE, /* an expression: not looked at here */
	LITERAL_STRING,
	LITERAL_NUMBER, /* TRUE and FALSE too */
	LITERAL_BITS,   /* b'101', 0x2A, x'2A' */
	LITERAL_NOW,
};
struct literal {
	enum literal_kind kind;
	struct slice text;     /* of a string: its value */
	long double number;    /* of numbers and bits */
	unsigned long long of; /* CURRENT_TIMESTAMP(3): 3 */
};

/* ---- what is said ---- */

static long double bits_of(struct slice s)
{
	bool hex = slice_istarts(s, "0x") || slice_istarts(s, "x'");
	long double v = 0;

	for (size_t i = slice_starts(s, "0") ? 2 : 1; i < s.len; i++) {
		char c = s.at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit >= 0)
			v = v * (hex ? 16 : 2) + digit;
	}
	return v;
}

static bool is_bits(struct slice s)
{
	return slice_istarts(s, "0x") || slice_istarts(s, "0b") || slice_istarts(s, "b'") ||
	       slice_istarts(s, "x'");
}

static bool is_now(struct token t)
{
	return token_is(t, "CURRENT_TIMESTAMP") || token_is(t, "NOW") || token_is(t, "LOCALTIME") ||
	       token_is(t, "LOCALTIMESTAMP");
}

static struct literal now_literal(struct lexer *l)
{
	struct literal out = {.kind = LITERAL_NOW};
	struct token t = lexer_next(l);

	if (token_punct(t, "(")) {
		t = lexer_next(l);
		if (t.kind == TOKEN_NUMBER)
			slice_u64(t.text, &out.of);
	} else if (t.kind != TOKEN_END) {
		out.kind = LITERAL_NONE;
	}
	return out;
}

/* MariaDB takes a literal in brackets for the literal. */
static struct slice without_brackets(const struct effects *x, struct slice s)
{
	s = slice_trim(s);
	while (is_mariadb(&x->d) && s.len > 2 && s.at[0] == '(' && s.at[s.len - 1] == ')')
		s = slice_trim(slice_sub(s, 1, s.len - 2));
	return s;
}

static struct literal literal_of(struct effects *x, struct slice text)
{
	struct literal out = {0};
	bool minus = false;
	struct lexer l;
	struct token t;

	text = without_brackets(x, text);
	lexer_init(&l, x->d.dialect, text);
	t = lexer_next(&l);
	if (is_now(t))
		return now_literal(&l);
	while (token_punct(t, "-") || token_punct(t, "+")) {
		minus ^= token_punct(t, "-");
		t = lexer_next(&l);
	}
	if (t.kind == TOKEN_WORD && slice_starts(t.text, "_")) /* a string's character set */
		t = lexer_next(&l);
	if (lexer_next(&l).kind != TOKEN_END)
		return out;
	if ((t.kind == TOKEN_NUMBER || t.kind == TOKEN_STRING) && is_bits(t.text)) {
		out.kind = LITERAL_BITS;
		out.number = bits_of(t.text);
	} else if (t.kind == TOKEN_NUMBER || token_is(t, "TRUE") || token_is(t, "FALSE")) {
		out.kind = LITERAL_NUMBER;
		out.number = t.kind == TOKEN_NUMBER ? strtold(arena_cstr(x->a, t.text), NULL)
						    : token_is(t, "TRUE");
		out.text = text;
	} else if (t.kind == TOKEN_STRING) {
		out.kind = LITERAL_STRING;
		out.text = token_value(x->a, x->d.dialect, t);
	}
	if (minus)
		out.number = -out.number;
	return out;
}

/* The number that a string is, if it is one. */
static bool number_in(struct effects *x, struct slice s, long double *out)
{
	const char *text = arena_cstr(x->a, slice_trim(s));
	char *end = NULL;

	*out = strtold(text, &end);
	return *text && !*end && !strpbrk(text, "xXnNpP");
}

static bool is_unsigned(struct slice type)
{
	return slice_find(type, SL(" unsigned")) != SIZE_MAX;
}

/* ---- numbers ---- */

static bool int_holds(struct slice base, struct slice type, long double v)
{
	static const struct {
		const char *name;
		int bits;
	} sizes[] = {
		{"tinyint", 8}, {"smallint", 16}, {"mediumint", 24}, {"int", 32}, {"bigint", 64}};

	v = roundl(v);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		if (!slice_is(base, sizes[i].name))
			continue;
		if (is_unsigned(type))
			return v >= 0 && v < ldexpl(1, sizes[i].bits);
		return v >= -ldexpl(1, sizes[i].bits - 1) && v < ldexpl(1, sizes[i].bits - 1);
	}
	return true;
}

static bool decimal_holds(struct slice type, long double v)
{
	unsigned long long digits = 10, scale = 0;
	size_t comma = slice_chr(type, ','), close = slice_chr(type, ')');

	if (is_unsigned(type) && v < 0)
		return false;
	if (!my_type_number(type, &digits) || comma >= type.len ||
		!slice_u64(slice_sub(type, comma + 1, close - comma - 1), &scale) || digits > 18 ||
		scale > digits)
		return true;
	return roundl(fabsl(v) * powl(10, (long double)scale)) <
	       powl(10, (long double)digits) - 0.5L;
}

static bool real_holds(struct slice base, struct slice type, long double v)
{
	if (is_unsigned(type) && v < 0)
		return false;
	return fabsl(v) <= (slice_is(base, "float") ? (long double)FLT_MAX : (long double)DBL_MAX);
}

static bool year_holds(long double v)
{
	return (v >= 0 && v < 100) || (v >= 1901 && v <= 2155);
}

static bool is_numeric(struct slice base)
{
	return slice_ends(base, "int") || slice_is(base, "decimal") || slice_is(base, "float") ||
	       slice_is(base, "double") || slice_is(base, "year");
}

static bool number_fits(
	struct effects *x, struct slice base, struct slice type, const struct literal *v)
{
	long double n = v->number;

	if (v->kind == LITERAL_STRING && !number_in(x, v->text, &n))
		return false;
	if (slice_ends(base, "int"))
		return int_holds(base, type, n);
	if (slice_is(base, "decimal"))
		return decimal_holds(type, n);
	if (slice_is(base, "year"))
		return year_holds(n);
	return real_holds(base, type, n);
}

/* A string stands for its bytes. */
static bool bits_fit(struct slice type, const struct literal *v)
{
	unsigned long long width = 1;
	long double n = v->number;

	my_type_number(type, &width);
	for (size_t i = 0; v->kind == LITERAL_STRING && i < v->text.len; i++)
		n = n * 256 + (unsigned char)v->text.at[i];
	return n >= 0 && n < ldexpl(1, (int)width);
}

/* ---- text ---- */

static size_t characters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.at[i] & 0xc0) != 0x80;
	return n;
}

static struct slice without_blanks(struct slice s)
{
	while (s.len && s.at[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* CHAR drops blanks at its end, and so does VARCHAR on MySQL. */
static bool text_fits(
	struct effects *x, struct slice base, struct slice type, const struct literal *v)
{
	bool bytes = slice_ends(base, "binary");
	struct slice s = v->text;
	unsigned long long most;

	if (v->kind == LITERAL_BITS || !my_type_number(type, &most))
		return true;
	if (slice_is(base, "char") || (!bytes && !is_mariadb(&x->d)))
		s = without_blanks(s);
	return (bytes ? s.len : characters(s)) <= most;
}

static bool is_label(struct effects *x, struct slice type, struct slice label)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, x->d.dialect, type);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		if (t.kind == TOKEN_STRING &&
			slice_ieq(without_blanks(token_value(x->a, x->d.dialect, t)),
				without_blanks(label)))
			return true;
	return false;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

static bool labels_fit(
	struct effects *x, struct slice base, struct slice type, const struct literal *v)
{
	struct slice rest = v->text, one;

	if (!is_ascii(v->text))
		return true; /* other letters may be the same to a collation */
	if (slice_is(base, "enum"))
		return v->kind == LITERAL_STRING && is_label(x, type, v->text);
	while (v->kind == LITERAL_STRING && slice_next(&rest, ',', &one))
		if (one.len && !is_label(x, type, one))
			return false;
	return true;
}

/* ---- time ---- */

/* The numbers in a text, at most seven; false when it begins with none. */
static bool numbers_in(struct slice s, unsigned v[7], size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < s.len;) {
		size_t from = i;
		unsigned now = 0;

		for (; i < s.len && s.at[i] >= '0' && s.at[i] <= '9'; i++)
			now = now < 100000000 ? now * 10 + (unsigned)(s.at[i] - '0') : now;
		if (i == from && *n == 0)
			return false;
		if (i > from && *n < 7)
			v[(*n)++] = now;
		i += i == from;
	}
	return *n > 0;
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && !leap ? 28 : days[month];
}

static bool mode_has(const struct effects *x, const char *word, bool by_default)
{
	struct slice mode = x->s ? x->s->sql_mode : SLICE_NONE;

	return slice_empty(mode) ? by_default : slice_ifind(mode, slice_of(word)) != SIZE_MAX;
}

static bool time_of_day_fits(const unsigned *v, size_t n)
{
	return (n < 1 || v[0] < 24) && (n < 2 || v[1] < 60) && (n < 3 || v[2] < 60);
}

/* TIMESTAMP begins with 1970 and ends in 2038, on MariaDB in 2106 since 11.5. */
static bool timestamp_holds(const struct effects *x, unsigned year)
{
	bool long_one = is_mariadb(&x->d) && x->d.version >= 110500;

	return year == 0 || (year >= 1970 && year <= (long_one ? 2106 : 2038));
}

/* '2024-02-30'. Digits without anything between them are not taken apart. */
static bool date_fits(struct effects *x, struct slice base, struct slice s)
{
	unsigned v[7];
	size_t n;

	s = slice_trim(s);
	if (!numbers_in(s, v, &n))
		return false;
	if (n < 3)
		return n == 1 && s.len >= 6;
	if (v[0] == 0 && v[1] == 0 && v[2] == 0)
		return true; /* fx_mysql_default() knows when that is refused */
	if (v[1] > 12 || v[2] > 31)
		return false;
	if ((v[1] == 0 || v[2] == 0) && mode_has(x, "NO_ZERO_IN_DATE", !is_mariadb(&x->d)))
		return false;
	if (v[1] && v[2] > days_in(v[0], v[1]) && !mode_has(x, "ALLOW_INVALID_DATES", false))
		return false;
	if (slice_is(base, "timestamp") && v[0] > 99 && !timestamp_holds(x, v[0]))
		return false;
	return slice_is(base, "date") || time_of_day_fits(v + 3, n - 3);
}

static bool time_fits(struct slice s)
{
	unsigned v[7];
	size_t n;

	s = slice_trim(s);
	if (slice_starts(s, "-"))
		s = slice_from(s, 1);
	if (!numbers_in(s, v, &n))
		return false;
	if (n < 2 || slice_chr(s, ':') == SIZE_MAX || slice_chr(s, ' ') != SIZE_MAX ||
		slice_chr(s, '-') != SIZE_MAX)
		return true;
	return v[0] <= 838 && v[1] < 60 && (n < 3 || v[2] < 60);
}

static bool is_date(struct slice base)
{
	return slice_is(base, "date") || slice_is(base, "datetime") || slice_is(base, "timestamp");
}

/* MySQL's clock wants a column of as many decimals. MariaDB's is an expression like any other. */
static bool now_fits(const struct effects *x, struct slice type, unsigned long long decimals)
{
	struct slice base = my_type_base(type);
	unsigned long long n = 0;

	my_type_number(type, &n);
	return is_mariadb(&x->d) ||
	       ((slice_is(base, "datetime") || slice_is(base, "timestamp")) && n == decimals);
}

/* ---- MariaDB's own types ---- */

static bool uuid_fits(struct slice s)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '-')
			continue;
		if (!strchr("0123456789abcdefABCDEF", s.at[i]))
			return false;
		digits++;
	}
	return digits == 32;
}

static bool address_fits(struct effects *x, struct slice base, struct slice s)
{
	bool six = slice_is(base, "inet6");
	unsigned char room[16];

	if (six && slice_chr(s, ':') == SIZE_MAX && slice_chr(s, '.') != SIZE_MAX)
		return true;
	return inet_pton(six ? AF_INET6 : AF_INET, arena_cstr(x->a, s), room) == 1;
}

/* ---- the whole ---- */

static bool literal_fits(struct effects *x, struct slice type, const struct literal *v)
{
	struct slice base = my_type_base(type);

	if (v->kind == LITERAL_NONE)
		return true;
	if (v->kind == LITERAL_NOW)
		return now_fits(x, type, v->of);
	if (is_numeric(base))
		return number_fits(x, base, type, v);
	if (slice_is(base, "bit"))
		return bits_fit(type, v);
	if (slice_ends(base, "char") || slice_ends(base, "binary"))
		return text_fits(x, base, type, v);
	if (slice_is(base, "enum") || slice_is(base, "set"))
		return labels_fit(x, base, type, v);
	if (v->kind == LITERAL_NUMBER && is_date(base) && v->number == 0)
		return is_mariadb(&x->d) || !mode_has(x, "NO_ZERO_DATE", true);
	if (v->kind != LITERAL_STRING)
		return true;
	if (is_date(base))
		return date_fits(x, base, v->text);
	if (slice_is(base, "time"))
		return time_fits(v->text);
	if (slice_is(base, "uuid"))
		return uuid_fits(v->text);
	if (slice_is(base, "inet6") || slice_is(base, "inet4"))
		return address_fits(x, base, v->text);
	return true;
}

/* The rows that are there get MariaDB's clock at once: as text, or as a number of 14 digits. */
static void rows_get_now(struct effects *x, const struct object *column)
{
	struct slice type = column->column.type, base = my_type_base(type);
	unsigned long long n = 0;
	bool short_text = (slice_ends(base, "char") || slice_ends(base, "binary")) &&
			  my_type_number(type, &n) && n < 19;

	if (is_mariadb(&x->d) &&
		(short_text || (slice_ends(base, "int") && !slice_is(base, "bigint"))))
		fx_fails(x, OUTCOME_MAY_FAIL, "the time of day does not fit %.*s",
			SLICE(column->name));
}

/* ON UPDATE CURRENT_TIMESTAMP */
static void clock_fits(struct effects *x, const struct object *column)
{
	const struct column_def *d = &column->column;
	struct slice base = my_type_base(d->type), says = d->on_update.normal;
	unsigned long long n = 0, decimals = 0;

	if (!d->on_update.text.len)
		return;
	my_type_number(d->type, &n);
	my_type_number(says, &decimals);
	if ((!slice_is(base, "datetime") && !slice_is(base, "timestamp")) ||
		(!is_mariadb(&x->d) && n != decimals))
		fx_fails(x, OUTCOME_FAILS, "ON UPDATE %.*s does not go with the type of %.*s",
			SLICE(says), SLICE(column->name));
}

static void counter_fits(struct effects *x, const struct object *column)
{
	const struct column_def *d = &column->column;
	struct slice base = my_type_base(d->type);
	bool real = slice_is(base, "float") || slice_is(base, "double");

	if (slice_empty(d->identity))
		return;
	if (d->default_value.text.len)
		fx_fails(x, OUTCOME_FAILS, "an AUTO_INCREMENT column has no default");
	if (!slice_ends(base, "int") && !(real && (is_mariadb(&x->d) || x->d.version < 80400)))
		fx_fails(x, OUTCOME_FAILS, "%.*s cannot count: its type is %.*s",
			SLICE(column->name), SLICE(d->type));
}

void fx_default_fits(struct effects *x, const struct object *column, struct slice said)
{
	const struct column_def *d = &column->column;
	struct slice text = d->default_value.text;
	struct literal v = text.len ? literal_of(x, text) : (struct literal){0};

	if (d->not_null && slice_ifind(said, SL("default null")) != SIZE_MAX)
		fx_fails(x, OUTCOME_FAILS, "%.*s is NOT NULL and has NULL for its default",
			SLICE(column->name));
	if (!literal_fits(x, d->type, &v))
		fx_fails(x, OUTCOME_FAILS, "%.*s is no valid default of %.*s", SLICE(text),
			SLICE(column->name));
	if (v.kind == LITERAL_NOW)
		rows_get_now(x, column);
	if (is_mariadb(&x->d) && d->not_null && !text.len && !d->identity.len &&
		!d->generated.len && names_has(d->options, SL("invisible")))
		fx_fails(x, OUTCOME_FAILS, "%.*s is invisible and NOT NULL: it wants a default",
			SLICE(column->name));
	clock_fits(x, column);
	counter_fits(x, column);
	fx_mysql_default(x, column);
}
