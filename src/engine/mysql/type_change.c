/* type_change.c - how the values of a column fare when its type, character set or order changes.
 *
 * MariaDB's answers were observed on 10.11, MySQL's on 9.7 (tests/oracle/mysql). */
#include "engine/mysql/online.h"

#include "engine/mysql/parser.h"

bool my_type_number(struct slice type, unsigned long long *n)
{
	size_t open = slice_chr(type, '(');
	struct slice s = slice_from(type, open < type.len ? open + 1 : type.len);

	s.len = slice_chr(s, ')') < s.len ? slice_chr(s, ')') : s.len;
	s.len = slice_chr(s, ',') < s.len ? slice_chr(s, ',') : s.len;
	return slice_u64(s, n);
}

struct slice my_type_base(struct slice type)
{
	size_t open = slice_chr(type, '('), blank = slice_chr(type, ' ');
	size_t end = open < blank ? open : blank;

	return slice_sub(type, 0, end < type.len ? end : type.len);
}

static bool is_unsigned(struct slice type)
{
	return slice_find(type, SL(" unsigned")) < type.len;
}

static int int_size(struct slice base)
{
	static const char *const names[] = {"tinyint", "smallint", "mediumint", "int", "bigint"};

	for (int i = 0; i < 5; i++)
		if (slice_is(base, names[i]))
			return i + 1;
	return 0;
}

int my_lob_size(struct slice base)
{
	static const char *const names[] = {"tinytext", "text", "mediumtext", "longtext"},
				 *const blobs[] = {"tinyblob", "blob", "mediumblob", "longblob"};

	for (int i = 0; i < 4; i++)
		if (slice_is(base, names[i]) || slice_is(base, blobs[i]))
			return i + 1;
	return 0;
}

bool my_is_geometry(struct slice type)
{
	static const char *const names[] = {"point", "linestring", "polygon", "geometry",
		"multipoint", "multilinestring", "multipolygon", "geometrycollection",
		"geomcollection"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(my_type_base(type), names[i]))
			return true;
	return false;
}

unsigned long long my_key_part_bytes(
	const struct my_dialect *d, const struct object *column, struct slice key, bool *whole)
{
	struct slice base = my_type_base(column->column.type), charset = column->column.charset;
	bool text = my_type_has_charset(column->column.type);
	size_t open = slice_chr(key, '(');
	unsigned long long n = 0;

	*whole = false;
	if (!text && !slice_starts(base, "var") && !slice_is(base, "binary") && !my_lob_size(base))
		return 8;
	if (slice_is(base, "enum") || slice_is(base, "set"))
		return 2;
	if (slice_empty(charset))
		charset = my_charset_server(d);
	if (!(open < key.len && my_type_number(slice_from(key, open), &n)) &&
		!my_type_number(column->column.type, &n))
		*whole = my_lob_size(base) > 0;
	return text ? n * (unsigned)my_charset_bytes(charset) : n;
}

static size_t label_count(struct slice type)
{
	size_t n = 1;
	bool quoted = false;

	for (size_t i = 0; i < type.len; i++) {
		if (type.at[i] == '\'')
			quoted = !quoted;
		n += type.at[i] == ',' && !quoted;
	}
	return n;
}

/* Labels appended at the end, and as many bytes for a value as before. */
static enum my_type_change enum_change(struct slice from, struct slice to, bool set)
{
	size_t a = label_count(from), b = label_count(to);
	struct slice head = slice_sub(from, 0, from.len - 1);
	size_t bytes_a = set ? (a + 7) / 8 : (a > 255), bytes_b = set ? (b + 7) / 8 : (b > 255);

	if (set) /* 1, 2, 3, 4 or 8 bytes */
		bytes_a = bytes_a > 4 ? 8 : bytes_a, bytes_b = bytes_b > 4 ? 8 : bytes_b;
	if (to.len < from.len || !slice_ieq(slice_sub(to, 0, head.len), head) ||
		(to.at[head.len] != ',' && to.len != from.len))
		return TYPE_NARROWER;
	return bytes_a == bytes_b ? TYPE_METADATA : TYPE_WIDER;
}

static enum my_type_change varchar_change(
	const struct my_dialect *d, unsigned long long from, unsigned long long to, unsigned bytes)
{
	unsigned long long a = from * bytes, b = to * bytes;

	if (to < from)
		return TYPE_NARROWER;
	if (a <= 255 && b > 255)
		/* MariaDB: below 128 bytes the length byte has room to spare. */
		return is_mariadb(d) && a < 128 ? TYPE_METADATA : TYPE_WIDER;
	return TYPE_METADATA;
}

static enum my_type_change same_base(
	const struct my_dialect *d, const struct type_question *q, struct slice a, struct slice b)
{
	struct slice base = my_type_base(a);
	unsigned long long m = 0, n = 0;
	struct slice charset = slice_empty(q->from->column.charset) ? my_charset_server(d)
								    : q->from->column.charset;
	unsigned bytes = slice_is(base, "varchar") ? (unsigned)my_charset_bytes(charset) : 1;

	if (int_size(base))
		return is_unsigned(a) == is_unsigned(b) ? TYPE_METADATA : TYPE_NARROWER;
	if (slice_is(base, "enum") || slice_is(base, "set"))
		return enum_change(a, b, slice_is(base, "set"));
	if (slice_is(base, "float") || slice_is(base, "double"))
		return TYPE_METADATA;
	if (!my_type_number(a, &m) || !my_type_number(b, &n))
		return my_lob_size(base) ? TYPE_SAME : TYPE_NARROWER;
	if (m == n && (slice_ends(base, "char") || slice_ends(base, "binary")))
		return TYPE_SAME; /* varchar(9) of bytes, and varbinary(9) */
	if (q->redundant && n >= m && slice_starts(base, "var"))
		return TYPE_METADATA; /* every length takes two bytes there */
	if (slice_is(base, "varchar") || slice_is(base, "varbinary"))
		return varchar_change(d, m, n, bytes);
	return n > m ? TYPE_WIDER : TYPE_NARROWER;
}

/* The longest label, without its quotes. */
static unsigned long long label_length(struct slice type)
{
	unsigned long long longest = 0;
	struct slice rest = slice_from(type, slice_chr(type, '('));

	while (rest.len > 1) { /* 'a','b' */
		size_t open = slice_chr(rest, '\''), close;

		if (open >= rest.len)
			break;
		rest = slice_from(rest, open + 1);
		close = slice_chr(rest, '\'');
		close = close < rest.len ? close : rest.len;
		longest = close > longest ? close : longest;
		rest = slice_from(rest, close < rest.len ? close + 1 : close);
	}
	return longest;
}

/* The longest text that a value becomes; 0: that is not known. */
static unsigned long long text_length(struct slice type)
{
	static const struct {
		const char *base;
		unsigned long long length;
		bool fraction;
	} kinds[] = {{"date", 10, false}, {"year", 4, false}, {"time", 10, true},
		{"datetime", 19, true}, {"timestamp", 19, true}, {"float", 30, false},
		{"double", 30, false}};
	static const unsigned char digits[] = {0, 4, 6, 8, 11, 20};
	struct slice base = my_type_base(type);
	unsigned long long n = 0;

	my_type_number(type, &n);
	if (int_size(base))
		return digits[int_size(base)];
	if (slice_is(base, "decimal"))
		return n + 3; /* the sign, the point, a nought before it */
	if (slice_is(base, "enum"))
		return label_length(type);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (slice_is(base, kinds[i].base))
			return kinds[i].length + (kinds[i].fraction && n ? n + 1 : 0);
	return 0;
}

/* Another kind of type that keeps every value. */
static bool holds_all(struct slice a, struct slice b)
{
	struct slice x = my_type_base(a), y = my_type_base(b);
	unsigned long long m = 0, n = 0;
	bool text = slice_is(y, "varchar") || slice_is(y, "char") || my_lob_size(y) >= 2;

	my_type_number(a, &m);
	my_type_number(b, &n);
	if (slice_is(x, "timestamp") && slice_is(y, "datetime"))
		return n >= m;
	if (text && text_length(a) && slice_ends(y, "text"))
		return true;
	if (text && text_length(a) && !my_lob_size(y))
		return n >= text_length(a);
	if (slice_is(x, "set") && slice_ends(y, "text"))
		return true; /* 64 labels and their commas */
	if (slice_is(x, "json"))
		return slice_is(y, "longtext");
	if (int_size(x) && int_size(x) < 5 && slice_is(y, "double"))
		return true;
	if ((slice_is(x, "char") || slice_is(x, "varchar")) && text)
		return my_lob_size(y) || n >= m;
	return slice_is(x, "year") && int_size(y) >= 2;
}

/* MySQL: text of one kind that becomes bytes of the same kind is what it was. */
static bool becomes_bytes(
	const struct my_dialect *d, const struct type_question *q, struct slice x, struct slice y)
{
	struct slice charset = q->from->column.charset;
	unsigned long long m = 0, n = 0;

	if (my_lob_size(x) && my_lob_size(x) == my_lob_size(y))
		return slice_ends(x, "text") && slice_ends(y, "blob");
	if (slice_empty(charset) || !my_type_number(q->from->column.type, &m) ||
		!my_type_number(q->to->column.type, &n))
		return false;
	m *= (unsigned)my_charset_bytes(charset);
	if (slice_is(x, "char") && slice_is(y, "binary"))
		return m == n && my_charset_bytes(charset) == 1;
	if (!slice_is(x, "varchar") || !slice_is(y, "varbinary"))
		return false;
	return n >= m && varchar_change(d, m, n, 1) == TYPE_METADATA;
}

/* Text of the character set binary is bytes: a varchar there is a varbinary. */
static struct slice bytes_of(const struct object *column, struct slice base)
{
	static const char *const kinds[][2] = {{"varchar", "varbinary"}, {"char", "binary"},
		{"tinytext", "tinyblob"}, {"text", "blob"}, {"mediumtext", "mediumblob"},
		{"longtext", "longblob"}};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (slice_is(column->column.charset, "binary") && slice_is(base, kinds[i][0]))
			return slice_of(kinds[i][1]);
	return base;
}

static enum my_type_change type_text_change(
	const struct my_dialect *d, const struct type_question *q)
{
	struct slice a = q->from->column.type, b = q->to->column.type, x = my_type_base(a),
		     y = my_type_base(b);

	if (slice_eq(a, b) && slice_is(q->from->column.charset, "binary") ==
				      slice_is(q->to->column.charset, "binary"))
		return TYPE_SAME;
	x = bytes_of(q->from, x);
	y = bytes_of(q->to, y);
	if (slice_eq(x, y))
		return same_base(d, q, a, b);
	if (int_size(x) && int_size(y))
		return int_size(y) > int_size(x) && is_unsigned(a) == is_unsigned(b)
			       ? TYPE_WIDER
			       : TYPE_NARROWER;
	if (!is_mariadb(d) && becomes_bytes(d, q, x, y))
		return q->indexed ? TYPE_WIDER : TYPE_METADATA;
	if (my_lob_size(x) && my_lob_size(y))
		return my_lob_size(y) > my_lob_size(x) ? TYPE_WIDER : TYPE_NARROWER;
	if (slice_is(x, "varchar") && my_lob_size(y) >= 2)
		return TYPE_WIDER;
	if (slice_is(x, "float") && slice_is(y, "double"))
		return TYPE_WIDER;
	if (slice_is(x, "date") && slice_is(y, "datetime"))
		return TYPE_WIDER;
	if (is_mariadb(d) && my_is_geometry(a) && slice_is(y, "geometry"))
		return TYPE_METADATA;
	if (slice_is(x, "json") && q->to->column.charset.len &&
		!slice_is(q->to->column.charset, "utf8mb4"))
		return TYPE_NARROWER;
	return holds_all(a, b) ? TYPE_WIDER : TYPE_NARROWER;
}

/* ---- character sets ---- */

/* What nobody said is taken for the server's own default, and is not certain. */
struct text_kind {
	struct slice charset, collation;
	bool assumed;
};

static struct text_kind kind_of(const struct my_dialect *d, const struct object *column)
{
	struct text_kind k = {column->column.charset, column->column.collation, false};
	const char *dflt;

	if (slice_empty(k.charset)) {
		k.charset = my_charset_server(d);
		k.assumed = true;
	}
	dflt = my_charset_collation(d, k.charset);
	if (slice_empty(k.collation) && dflt)
		k.collation = slice_of(dflt);
	return k;
}

/* What comes behind the character set's name: general_ci. */
static struct slice order_of(struct slice collation)
{
	size_t cut = slice_chr(collation, '_');

	return slice_from(collation, cut < collation.len ? cut : collation.len);
}

static bool is_list(struct slice base)
{
	return slice_is(base, "enum") || slice_is(base, "set");
}

/* Only from utf8mb3 to utf8mb4 does text stay the same bytes. MySQL copies what is in an index. */
static enum my_type_change set_change(const struct my_dialect *d, const struct text_kind *a,
	const struct text_kind *b, const struct type_question *q)
{
	unsigned long long n = 0, m = 0;
	struct slice base = my_type_base(q->from->column.type);

	if (slice_eq(a->charset, b->charset))
		return TYPE_SAME;
	if (!is_mariadb(d) && is_list(base) && !q->indexed)
		return TYPE_METADATA; /* its values are numbers */
	if (!slice_is(b->charset, "utf8mb4"))
		return slice_is(a->charset, "ascii") ? TYPE_WIDER : TYPE_NARROWER;
	if (!slice_is(a->charset, "utf8mb3") || (!is_mariadb(d) && q->indexed))
		return TYPE_WIDER;
	if (my_lob_size(base))
		return TYPE_METADATA;
	if ((!slice_is(base, "varchar") && (is_mariadb(d) || !slice_is(base, "char"))) ||
		!my_type_number(q->from->column.type, &n) ||
		!my_type_number(q->to->column.type, &m))
		return TYPE_WIDER;
	return q->redundant ? TYPE_METADATA : varchar_change(d, n * 3, m * 4, 1);
}

static enum my_type_change charset_change(const struct my_dialect *d, struct type_question *q)
{
	struct text_kind a = kind_of(d, q->from), b = kind_of(d, q->to);
	enum my_type_change order = TYPE_SAME, set;
	struct slice base = my_type_base(q->from->column.type);
	bool list = is_list(base);

	if (!my_type_has_charset(q->from->column.type) || !my_type_has_charset(q->to->column.type))
		return TYPE_SAME;
	if (a.assumed && b.assumed && slice_empty(q->from->column.collation) &&
		slice_empty(q->to->column.collation))
		return TYPE_SAME;
	if (a.assumed || b.assumed)
		q->unsure = true;
	if (!slice_eq(order_of(a.collation), order_of(b.collation)))
		order = !q->indexed && (!list || !is_mariadb(d)) ? TYPE_METADATA : TYPE_WIDER;
	set = set_change(d, &a, &b, q);
	q->only_order = set == TYPE_SAME && !list && !my_lob_size(base);
	q->other_order = order != TYPE_SAME;
	return order > set ? order : set;
}

/* Text whose character set nobody said may be of one byte each or of four. */
static bool depends_on_charset(const struct my_dialect *d, const struct type_question *q)
{
	unsigned long long n, m;

	return slice_empty(q->from->column.charset) && !q->redundant &&
	       slice_is(my_type_base(q->from->column.type), "varchar") &&
	       slice_is(my_type_base(q->to->column.type), "varchar") &&
	       my_type_number(q->from->column.type, &n) && my_type_number(q->to->column.type, &m) &&
	       varchar_change(d, n, m, 1) != varchar_change(d, n, m, 4);
}

enum my_type_change my_type_change(const struct my_dialect *d, struct type_question *q)
{
	enum my_type_change t = type_text_change(d, q), c;

	q->unsure = depends_on_charset(d, q);
	c = charset_change(d, q);
	return c > t ? c : t;
}

/* ---- what gets lost ---- */

/* Digits behind the point, or of a second; -1: as many as it takes. */
static int fraction_of(struct slice type)
{
	struct slice base = my_type_base(type);
	size_t comma = slice_chr(type, ',');
	unsigned long long n = 0;

	if (slice_is(base, "double") || slice_is(base, "float"))
		return -1;
	if (slice_is(base, "decimal"))
		return comma < type.len && slice_u64(slice_sub(type, comma + 1,
							     slice_chr(type, ')') - comma - 1),
						   &n)
			       ? (int)n
			       : 0;
	if (slice_is(base, "datetime") || slice_is(base, "timestamp") || slice_is(base, "time"))
		return my_type_number(type, &n) ? (int)n : 0;
	return 0;
}

static bool is_clock(struct slice base)
{
	return slice_is(base, "datetime") || slice_is(base, "timestamp");
}

bool my_type_loses(struct slice from, struct slice to)
{
	struct slice x = my_type_base(from), y = my_type_base(to);
	int a = fraction_of(from), b = fraction_of(to);
	bool number = int_size(y) || slice_is(y, "decimal");

	if (is_clock(x) && (slice_is(y, "date") || slice_is(y, "time") || slice_is(y, "year")))
		return true;
	if (is_clock(x) && is_clock(y))
		return b < a;
	if (slice_is(x, "time") && slice_is(y, "time"))
		return b < a;
	if (slice_is(x, "double") && slice_is(y, "float"))
		return true;
	if (slice_is(x, "bigint") && (slice_is(y, "double") || slice_is(y, "float")))
		return true;
	return number && (a < 0 || a > b);
}

/* Then no value is refused. */
bool my_type_rounds_only(struct slice from, struct slice to)
{
	struct slice x = my_type_base(from), y = my_type_base(to);

	return is_clock(x) && (slice_eq(x, y) || slice_is(y, "date") || slice_is(y, "time"));
}
