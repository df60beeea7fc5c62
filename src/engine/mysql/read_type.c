/* read_type.c - data types, in the one spelling that information_schema gives them. */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

#include <stdint.h>

enum type_class {
	CLASS_INT,      /* display width */
	CLASS_DECIMAL,  /* (10,0) unless said */
	CLASS_REAL,     /* float, double: (M,D) or (p) */
	CLASS_FIXED,    /* nothing in brackets */
	CLASS_LENGTH,   /* a length, 1 unless said */
	CLASS_VAR,      /* a length that must be said */
	CLASS_LOB,      /* text and blob: a length chooses the size */
	CLASS_FRACTION, /* time types: (0) to (6) */
	CLASS_YEAR,
	CLASS_LIST, /* enum, set */
	CLASS_BOOL,
	CLASS_JSON,
	CLASS_SERIAL,
	CLASS_VECTOR,
};

struct type_row {
	const char *words, *name;
	enum type_class class;
	int width, unsigned_width; /* integers */
	bool text;
};

/* Longer forms stand before the shorter ones they begin with. */
/* clang-format off */
static const struct type_row types[] = {
	{"TINYINT",   "tinyint",   CLASS_INT, 4, 3},
	{"INT1",      "tinyint",   CLASS_INT, 4, 3},
	{"SMALLINT",  "smallint",  CLASS_INT, 6, 5},
	{"INT2",      "smallint",  CLASS_INT, 6, 5},
	{"MEDIUMINT", "mediumint", CLASS_INT, 9, 8},
	{"MIDDLEINT", "mediumint", CLASS_INT, 9, 8},
	{"INT3",      "mediumint", CLASS_INT, 9, 8},
	{"INTEGER",   "int",       CLASS_INT, 11, 10},
	{"INT4",      "int",       CLASS_INT, 11, 10},
	{"INT",       "int",       CLASS_INT, 11, 10},
	{"BIGINT",    "bigint",    CLASS_INT, 20, 20},
	{"INT8",      "bigint",    CLASS_INT, 20, 20},
	{"BOOLEAN",   "tinyint(1)", CLASS_BOOL},
	{"BOOL",      "tinyint(1)", CLASS_BOOL},
	{"SERIAL",    "bigint",    CLASS_SERIAL, 20, 20},
	{"DECIMAL",   "decimal",   CLASS_DECIMAL},
	{"NUMERIC",   "decimal",   CLASS_DECIMAL},
	{"NUMBER",    "decimal",   CLASS_DECIMAL},
	{"FIXED",     "decimal",   CLASS_DECIMAL},
	{"DEC",       "decimal",   CLASS_DECIMAL},
	{"FLOAT4",    "float",     CLASS_REAL},
	{"FLOAT8",    "double",    CLASS_REAL},
	{"FLOAT",     "float",     CLASS_REAL},
	{"DOUBLE PRECISION", "double", CLASS_REAL},
	{"DOUBLE",    "double",    CLASS_REAL},
	{"REAL",      "double",    CLASS_REAL},
	{"BIT",       "bit",       CLASS_LENGTH},
	{"NATIONAL CHARACTER VARYING", "varchar", CLASS_VAR, .text = true},
	{"NATIONAL CHAR VARYING", "varchar", CLASS_VAR, .text = true},
	{"NATIONAL VARCHARACTER", "varchar", CLASS_VAR, .text = true},
	{"NATIONAL VARCHAR", "varchar", CLASS_VAR, .text = true},
	{"NATIONAL CHARACTER", "char", CLASS_LENGTH, .text = true},
	{"NATIONAL CHAR", "char",  CLASS_LENGTH, .text = true},
	{"NCHAR VARCHAR", "varchar", CLASS_VAR, .text = true},
	{"NCHAR VARYING", "varchar", CLASS_VAR, .text = true},
	{"NVARCHAR",  "varchar",   CLASS_VAR, .text = true},
	{"NCHAR",     "char",      CLASS_LENGTH, .text = true},
	{"LONG VARCHARACTER", "mediumtext", CLASS_FIXED, .text = true},
	{"LONG VARCHAR", "mediumtext", CLASS_FIXED, .text = true},
	{"LONG CHARACTER VARYING", "mediumtext", CLASS_FIXED, .text = true},
	{"LONG CHAR VARYING", "mediumtext", CLASS_FIXED, .text = true},
	{"LONG VARBINARY", "mediumblob", CLASS_FIXED},
	{"LONGTEXT",  "longtext",  CLASS_FIXED, .text = true},
	{"LONGBLOB",  "longblob",  CLASS_FIXED},
	{"LONG",      "mediumtext", CLASS_FIXED, .text = true},
	{"CHARACTER VARYING", "varchar", CLASS_VAR, .text = true},
	{"CHAR VARYING", "varchar", CLASS_VAR, .text = true},
	{"CHARACTER", "char",      CLASS_LENGTH, .text = true},
	{"CHAR BYTE", "binary",    CLASS_LENGTH},
	{"CHAR",      "char",      CLASS_LENGTH, .text = true},
	{"VARCHARACTER", "varchar", CLASS_VAR, .text = true},
	{"VARCHAR2",  "varchar",   CLASS_VAR, .text = true},
	{"VARCHAR",   "varchar",   CLASS_VAR, .text = true},
	{"VARBINARY", "varbinary", CLASS_VAR},
	{"RAW",       "varbinary", CLASS_VAR},
	{"BINARY",    "binary",    CLASS_LENGTH},
	{"TINYTEXT",  "tinytext",  CLASS_FIXED, .text = true},
	{"MEDIUMTEXT", "mediumtext", CLASS_FIXED, .text = true},
	{"TEXT",      "text",      CLASS_LOB, .text = true},
	{"CLOB",      "longtext",  CLASS_FIXED, .text = true},
	{"TINYBLOB",  "tinyblob",  CLASS_FIXED},
	{"MEDIUMBLOB", "mediumblob", CLASS_FIXED},
	{"BLOB",      "blob",      CLASS_LOB},
	{"DATETIME",  "datetime",  CLASS_FRACTION},
	{"DATE",      "date",      CLASS_FIXED},
	{"TIMESTAMP", "timestamp", CLASS_FRACTION},
	{"TIME",      "time",      CLASS_FRACTION},
	{"YEAR",      "year",      CLASS_YEAR},
	{"ENUM",      "enum",      CLASS_LIST, .text = true},
	{"SET",       "set",       CLASS_LIST, .text = true},
	{"JSON",      "json",      CLASS_JSON},
	{"UUID",      "uuid",      CLASS_FIXED},
	{"INET6",     "inet6",     CLASS_FIXED},
	{"INET4",     "inet4",     CLASS_FIXED},
	{"XMLTYPE",   "xmltype",   CLASS_FIXED},
	{"VECTOR",    "vector",    CLASS_VECTOR},
	{"GEOMETRYCOLLECTION", "geometrycollection", CLASS_FIXED},
	{"GEOMCOLLECTION", "geomcollection", CLASS_FIXED},
	{"GEOMETRY",  "geometry",  CLASS_FIXED},
	{"MULTIPOINT", "multipoint", CLASS_FIXED},
	{"MULTILINESTRING", "multilinestring", CLASS_FIXED},
	{"MULTIPOLYGON", "multipolygon", CLASS_FIXED},
	{"POINT",     "point",     CLASS_FIXED},
	{"LINESTRING", "linestring", CLASS_FIXED},
	{"POLYGON",   "polygon",   CLASS_FIXED},
};
/* clang-format on */

struct type_words {
	const struct type_row *row;
	struct slice first, second; /* numbers in brackets */
	struct names labels;
	bool is_unsigned, zerofill, national;
};

static const struct type_row *type_row(struct parser *p)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (my_take_word(p, types[i].words))
			return &types[i];
	return NULL;
}

static bool want_number(struct parser *p, struct slice *out, const char *what)
{
	if (tok_now(p).kind != TOKEN_NUMBER)
		return my_fault_expected(p, what);
	*out = tok_now(p).text;
	p->at++;
	return true;
}

static bool read_labels(struct parser *p, struct names *labels)
{
	struct slice s;

	if (!my_want_punct(p, "("))
		return false;
	do {
		while (tok_now(p).kind == TOKEN_WORD && slice_starts(tok_now(p).text, "_"))
			p->at++;
		if (!my_want_string(p, &s, "a value in quotes"))
			return false;
		while (s.len && s.at[s.len - 1] == ' ')
			s.len--;
		names_add(p->a, labels, s);
	} while (my_take_punct(p, ","));
	return my_want_punct(p, ")");
}

/* The lexer may see "10,2" in pieces only: a number, a comma, a number. */
static bool read_lengths(struct parser *p, struct type_words *w)
{
	if (!my_take_punct(p, "("))
		return true;
	if (!want_number(p, &w->first, "a length"))
		return false;
	my_take_either(p, "CHAR", "BYTE");
	if (my_take_punct(p, ",") && !want_number(p, &w->second, "a number of decimals"))
		return false;
	return my_want_punct(p, ")");
}

static bool read_charset_words(struct parser *p, struct slice *charset)
{
	struct slice name;
	const char *known;

	if (my_take_word(p, "ASCII")) {
		*charset = SL("latin1");
		return true;
	}
	if (my_take_word(p, "UNICODE")) {
		*charset = SL("ucs2");
		return true;
	}
	if (!my_take_word(p, "CHARACTER SET") && !my_take_word(p, "CHARSET") &&
		!my_take_word(p, "CHAR SET"))
		return true;
	if (my_take_word(p, "BINARY")) {
		*charset = SL("binary");
		return true;
	}
	if (tok_now(p).kind == TOKEN_STRING)
		my_take_string(p, &name);
	else if (!my_want_ident(p, &name, "a character set"))
		return false;
	known = my_charset_canonical(name);
	*charset = known ? slice_of(known) : my_lower(p->a, name);
	return true;
}

/* What may follow a type in any order: UNSIGNED, ZEROFILL, a character set, COLLATE. */
static bool read_type_words(struct parser *p, struct type_words *w, struct my_type *out)
{
	for (;;) {
		size_t before = p->at;

		if (my_take_word(p, "UNSIGNED"))
			w->is_unsigned = true;
		else if (my_take_word(p, "SIGNED"))
			w->is_unsigned = false;
		else if (my_take_word(p, "ZEROFILL"))
			w->zerofill = w->is_unsigned = true;
		else if (out->is_text && my_take_word(p, "BINARY"))
			out->binary = true;
		else if (out->is_text && !read_charset_words(p, &out->charset))
			return false;
		if (p->at == before)
			return true;
	}
}

static struct slice int_text(struct parser *p, const struct type_words *w)
{
	const struct type_row *r = w->row;
	unsigned long long width = (unsigned)(w->is_unsigned ? r->unsigned_width : r->width);
	/* MySQL shows no widths since 8.0.19, except tinyint(1) and with ZEROFILL. */
	bool shown = is_mariadb(&p->d) || p->d.version < 80019 || w->zerofill ||
		     (slice_is(slice_of(r->name), "tinyint") && slice_is(w->first, "1") &&
			     !w->is_unsigned);

	slice_u64(w->first, &width);
	if (!shown)
		return slice_of(r->name);
	return arena_printf(p->a, "%s(%llu)", r->name, width);
}

static struct slice real_text(struct parser *p, const struct type_words *w)
{
	unsigned long long bits = 0;

	if (!slice_empty(w->second))
		return arena_printf(
			p->a, "%s(%.*s,%.*s)", w->row->name, SLICE(w->first), SLICE(w->second));
	if (!slice_empty(w->first) && slice_u64(w->first, &bits) && bits > 24)
		return SL("double");
	return slice_of(w->row->name);
}

/* TEXT(100): the smallest type that holds so many characters. */
static struct slice lob_text(struct parser *p, const struct type_words *w, struct slice charset)
{
	unsigned long long n = 65535, bytes = 1;
	static const char *const sizes[] = {"tiny", "", "medium", "long"};
	int i;

	if (slice_empty(w->first) || !slice_u64(w->first, &n) || n == 0)
		return slice_of(w->row->name);
	if (w->row->text)
		bytes = (unsigned)my_charset_bytes(slice_empty(charset) ? SL("utf8mb4") : charset);
	n *= bytes;
	i = n < 256 ? 0 : n < 65536 ? 1 : n < 16777216 ? 2 : 3;
	return arena_printf(p->a, "%s%s", sizes[i], w->row->name);
}

static struct slice list_text(struct parser *p, const struct type_words *w)
{
	struct buf b = {0};
	struct slice s;

	buf_adds(&b, w->row->name);
	for (size_t i = 0; i < w->labels.n; i++) {
		buf_addc(&b, i ? ',' : '(');
		buf_addc(&b, '\'');
		for (size_t k = 0; k < w->labels.at[i].len; k++) {
			char c = w->labels.at[i].at[k];

			if (c == '\'' || c == '\\')
				buf_addc(&b, c);
			buf_addc(&b, c);
		}
		buf_addc(&b, '\'');
	}
	buf_addc(&b, ')');
	s = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static struct slice base_text(struct parser *p, const struct type_words *w, struct slice charset)
{
	const char *name = w->row->name;

	switch (w->row->class) {
	case CLASS_INT:
	case CLASS_SERIAL:
		return int_text(p, w);
	case CLASS_DECIMAL:
		return arena_printf(p->a, "decimal(%.*s,%.*s)",
			SLICE(slice_empty(w->first) ? SL("10") : w->first),
			SLICE(slice_empty(w->second) ? SL("0") : w->second));
	case CLASS_REAL:
		return real_text(p, w);
	case CLASS_LENGTH:
	case CLASS_VAR:
	case CLASS_VECTOR:
		return arena_printf(
			p->a, "%s(%.*s)", name, SLICE(slice_empty(w->first) ? SL("1") : w->first));
	case CLASS_LOB:
		return lob_text(p, w, charset);
	case CLASS_FRACTION:
		if (slice_empty(w->first) || slice_is(w->first, "0"))
			return slice_of(name);
		return arena_printf(p->a, "%s(%.*s)", name, SLICE(w->first));
	case CLASS_YEAR:
		return is_mariadb(&p->d) || p->d.version < 80019 ? SL("year(4)") : SL("year");
	case CLASS_LIST:
		return list_text(p, w);
	case CLASS_JSON:
		return is_mariadb(&p->d) ? SL("longtext") : SL("json");
	case CLASS_FIXED:
	case CLASS_BOOL:
		break;
	}
	if (!is_mariadb(&p->d) && p->d.version >= 80000 &&
		slice_is(slice_of(name), "geometrycollection"))
		return SL("geomcollection");
	return slice_of(name);
}

/* Text in the character set "binary" is no text. */
static struct slice as_binary(struct arena *a, struct slice text)
{
	static const char *const to[][2] = {{"varchar", "varbinary"}, {"char", "binary"},
		{"tinytext", "tinyblob"}, {"mediumtext", "mediumblob"}, {"longtext", "longblob"},
		{"text", "blob"}};

	for (size_t i = 0; i < sizeof to / sizeof *to; i++)
		if (slice_starts(text, to[i][0]))
			return arena_printf(
				a, "%s%.*s", to[i][1], SLICE(slice_from(text, strlen(to[i][0]))));
	return text;
}

static bool read_brackets(struct parser *p, struct type_words *w)
{
	if (w->row->class == CLASS_LIST)
		return read_labels(p, &w->labels);
	if (w->row->class == CLASS_FIXED && !slice_is(slice_of(w->row->name), "date"))
		return true; /* point(…) is no type: the brackets belong to what follows */
	if (!read_lengths(p, w))
		return false;
	if (w->row->class == CLASS_VAR && slice_empty(w->first))
		return my_fault_expected(p, "a length in brackets");
	return true;
}

/* What the text of a type says nothing of any more. */
static bool lengths_fit(struct parser *p, const struct type_words *w)
{
	unsigned long long n = 0;
	bool plain = slice_empty(w->second);

	if (slice_empty(w->first))
		return true;
	slice_u64(w->first, &n);
	if (w->row->class == CLASS_REAL && plain && n > 53)
		return my_fault_expected(p, "a precision of at most 53 before that");
	if (w->row->class == CLASS_INT && n > 255)
		return my_fault_expected(p, "a width of at most 255 before that");
	if (w->row->class == CLASS_LOB && n > UINT32_MAX)
		return my_fault_expected(p, "a length of at most 4294967295 before that");
	if (w->row->class == CLASS_YEAR && n != 4 && !is_mariadb(&p->d))
		return my_fault_expected(p, "YEAR without a width, or YEAR(4), before that");
	return true;
}

static void type_flags(struct parser *p, const struct type_row *row, struct my_type *out)
{
	out->is_text = row->text;
	out->is_number = row->class == CLASS_INT || row->class == CLASS_DECIMAL ||
			 row->class == CLASS_REAL || row->class == CLASS_BOOL ||
			 row->class == CLASS_SERIAL;
	out->is_timestamp = slice_is(slice_of(row->name), "timestamp");
	out->is_time = out->is_timestamp || slice_is(slice_of(row->name), "datetime");
	out->is_serial = row->class == CLASS_SERIAL;
	if (row->class == CLASS_JSON && is_mariadb(&p->d)) {
		out->is_json = out->is_text = true;
		out->charset = SL("utf8mb4");
		out->collation = SL("utf8mb4_bin");
	}
}

bool my_read_type(struct parser *p, struct my_type *out)
{
	struct type_words w = {0};
	bool national =
		my_is_word(p, "NATIONAL") || my_is_word(p, "NCHAR") || my_is_word(p, "NVARCHAR");

	*out = (struct my_type){0};
	w.row = type_row(p);
	if (!w.row)
		return my_fault_expected(p, "a data type");
	type_flags(p, w.row, out);
	if (!read_brackets(p, &w) || !lengths_fit(p, &w) || !read_type_words(p, &w, out))
		return false;
	if (national)
		out->charset = SL("utf8mb3");
	w.is_unsigned |= w.row->class == CLASS_SERIAL;
	out->text = base_text(p, &w, out->charset);
	if (out->is_text && slice_is(out->charset, "binary") && w.row->class != CLASS_LIST) {
		out->text = as_binary(p->a, out->text);
		out->is_text = false;
		out->charset = out->collation = SLICE_NONE;
	}
	if (w.is_unsigned)
		out->text = arena_printf(
			p->a, "%.*s unsigned%s", SLICE(out->text), w.zerofill ? " zerofill" : "");
	return true;
}

struct slice my_type_text(struct arena *a, const struct my_dialect *d, struct slice text)
{
	struct parser p = {.d = *d};
	struct my_type t;
	struct statement st = {.text = text};

	if (!my_parser_init(&p, NULL, a, &st, text) || !my_read_type(&p, &t) || !my_at_end(&p))
		return text;
	return t.text;
}
