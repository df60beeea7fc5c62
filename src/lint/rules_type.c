/* rules_type.c - what the types of new columns lead to. Advice, apart from defaults that fail. */
#include "lint/defined.h"

#include <stdint.h>

#define MAKES_COLUMNS (RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER))
#define WIKI "https://wiki.postgresql.org/wiki/Don%27t_Do_This"
#define TYPE_DOC "https://www.postgresql.org/docs/current/datatype-"

/* Says something of each new column whose type the test takes. */
typedef bool (*type_test)(struct slice type);

static void each_column(const struct rule *r, struct judged *j, type_test test, const char *what)
{
	FOR_CHANGES(j, c)
	{
		const struct object *col;

		for (size_t i = 0; (col = next_column(c, &i));)
			if (test(col->column.type))
				on_change(j, r, c,
					shown(j, c->target,
						c->kind == CHANGE_CREATE_TABLE ? col->name
									       : c->name),
					"%.*s: %s", SLICE(col->column.type), what);
	}
}

static bool is_small_integer(struct slice type)
{
	return slice_iis(type, "integer") || slice_iis(type, "smallint") ||
	       slice_iis(type, "int") || slice_iis(type, "int4") || slice_iis(type, "int2");
}

static void check_bigint(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_small_integer, "it ends at 2,147,483,647 or before");
}

const struct rule rule_prefer_bigint = {
	.id = "prefer-bigint",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = MAKES_COLUMNS,
	.says = "a small integer type overflows one day",
	.why = "Changing it later rewrites the table; next to other columns the four bytes that it "
	       "saves are often lost to alignment.",
	.safe = "bigint.",
	.doc = TYPE_DOC "numeric.html#DATATYPE-INT",
	.setup = "",
	.bad = "CREATE TABLE visits (id bigint PRIMARY KEY, count integer);",
	.good = "CREATE TABLE visits (id bigint PRIMARY KEY, count bigint);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_bigint,
};

static bool is_serial(struct slice type)
{
	return slice_ends(type, "serial") || slice_iis(type, "serial4") ||
	       slice_iis(type, "serial8") || slice_iis(type, "serial2");
}

static void check_identity(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_serial, "the sequence has rights and a default of its own");
}

const struct rule rule_prefer_identity = {
	.id = "prefer-identity",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = MAKES_COLUMNS,
	.says = "serial where an identity column would do",
	.why = "serial is three things that can come apart: a sequence that needs grants of its "
	       "own, a default that anybody may overwrite, an owner relation that copies of the "
	       "table share.",
	.safe = "GENERATED ALWAYS AS IDENTITY.",
	.doc = "https://www.postgresql.org/docs/current/ddl-identity-columns.html",
	.setup = "",
	.bad = "CREATE TABLE visits (id bigserial PRIMARY KEY);",
	.good = "CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_identity,
};

static bool is_varchar(struct slice type)
{
	return slice_istarts(type, "character varying(") || slice_istarts(type, "varchar(");
}

static void check_varchar(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_varchar, "a limit that is costly to lower");
}

const struct rule rule_prefer_text_varchar = {
	.id = "prefer-text-varchar",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = MAKES_COLUMNS,
	.says = "varchar(n): the limit is costly to lower",
	.why = "A wider limit costs nothing, a narrower one rewrites the table; neither is faster "
	       "or smaller than text.",
	.safe = "text, with a CHECK (length(column) <= n) where there is a limit.",
	.doc = TYPE_DOC "character.html",
	.setup = "",
	.bad = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(255));",
	.good = "CREATE TABLE users (id bigint PRIMARY KEY, name text);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_varchar,
};

static bool is_char(struct slice type)
{
	return slice_iis(type, "character") || slice_iis(type, "char") ||
	       slice_iis(type, "bpchar") || slice_istarts(type, "character(") ||
	       slice_istarts(type, "char(");
}

static void check_char(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_char, "padded with blanks, which comparisons do not see");
}

const struct rule rule_prefer_text_char = {
	.id = "prefer-text-char",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = MAKES_COLUMNS,
	.says = "char(n) pads with blanks",
	.why = "The blanks are stored, vanish in comparisons and casts, and stay in LIKE and "
	       "regular expressions. It does not make sure of the length either: shorter values "
	       "are taken.",
	.safe = "text, with a CHECK (length(column) = n).",
	.doc = WIKI "#Don.27t_use_char.28n.29",
	.setup = "",
	.bad = "CREATE TABLE places (id bigint PRIMARY KEY, country char(2));",
	.good = "CREATE TABLE places (id bigint PRIMARY KEY, country text);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_char,
};

static bool is_zoneless(struct slice type)
{
	return (slice_istarts(type, "timestamp") && slice_ends(type, " without time zone")) ||
	       (slice_istarts(type, "time") && !slice_istarts(type, "timestamp") &&
		       slice_ends(type, " with time zone")) ||
	       slice_istarts(type, "timestamp(0)");
}

static void check_timestamptz(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_zoneless, "not a point in time, or one that is rounded");
}

const struct rule rule_prefer_timestamptz = {
	.id = "prefer-timestamptz",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = MAKES_COLUMNS,
	.says = "a time without its zone, or rounded to seconds",
	.why = "timestamp keeps what a clock on some wall showed: what moment that was depends on "
	       "the session's zone. timetz cannot know about summer time. Precision 0 rounds, "
	       "into the next second or day.",
	.safe = "timestamptz, without a precision.",
	.doc = WIKI "#Don.27t_use_timestamp_.28without_time_zone.29",
	.setup = "",
	.bad = "CREATE TABLE visits (id bigint PRIMARY KEY, at timestamp);",
	.good = "CREATE TABLE visits (id bigint PRIMARY KEY, at timestamptz);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_timestamptz,
};

static bool is_json(struct slice type)
{
	return slice_iis(type, "json") || slice_iis(type, "json[]");
}

static void check_jsonb(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_json, "it has no equality: DISTINCT, GROUP BY and UNION fail");
}

const struct rule rule_prefer_jsonb = {
	.id = "prefer-jsonb",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = MAKES_COLUMNS,
	.says = "json has no equality",
	.why = "A SELECT DISTINCT that takes all columns of the table fails as soon as there is a "
	       "column of type json: no equality operator. It is parsed again on each access, and "
	       "no GIN index serves it.",
	.safe = "jsonb, unless the text has to stay as it came.",
	.doc = TYPE_DOC "json.html",
	.setup = "CREATE TABLE events (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE events ADD COLUMN payload json;",
	.good = "ALTER TABLE events ADD COLUMN payload jsonb;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_jsonb,
};

static bool is_money(struct slice type)
{
	return slice_iis(type, "money");
}

static void check_money(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_money, "what it means depends on the server's locale");
}

const struct rule rule_money_type = {
	.id = "money-type",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = MAKES_COLUMNS,
	.says = "money depends on the server's locale",
	.why = "It has no currency, a fixed number of digits behind the point, and a dump that is "
	       "restored under another lc_monetary means another amount.",
	.safe = "numeric, and a column for the currency.",
	.doc = TYPE_DOC "money.html",
	.setup = "",
	.bad = "CREATE TABLE prices (id bigint PRIMARY KEY, price money);",
	.good = "CREATE TABLE prices (id bigint PRIMARY KEY, price numeric(12, 2));",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_money,
};

static bool is_float(struct slice type)
{
	return slice_iis(type, "real") || slice_istarts(type, "double") ||
	       slice_istarts(type, "float");
}

static void check_float(const struct rule *r, struct judged *j)
{
	each_column(r, j, is_float, "values are rounded to the nearest binary fraction");
}

const struct rule rule_float_type = {
	.id = "float-type",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = MAKES_COLUMNS,
	.says = "floating point numbers are not exact",
	.why = "0.1 has no exact form, sums depend on their order, and comparing for equality is "
	       "luck. For measurements that is fine, for amounts it is not.",
	.safe = "numeric (DECIMAL in MySQL) for what is counted.",
	.doc = TYPE_DOC "numeric.html#DATATYPE-FLOAT",
	.setup = "",
	.bad = "CREATE TABLE prices (id bigint PRIMARY KEY, price double precision);",
	.good = "CREATE TABLE prices (id bigint PRIMARY KEY, price numeric(12, 2));",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_float,
};

/* ---- MySQL and MariaDB ---- */

static void check_zero_date(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *col;

		for (size_t i = 0; (col = next_column(c, &i));)
			if (slice_find(col->column.default_value.text, SL("0000-00-00")) !=
				SIZE_MAX)
				on_change(j, r, c,
					shown(j, c->target,
						c->kind == CHANGE_CREATE_TABLE ? col->name
									       : c->name),
					"a strict server refuses this default: Invalid default "
					"value");
	}
}

const struct rule rule_zero_date = {
	.id = "zero-date",
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = MAKES_COLUMNS,
	.says = "a zero date as default fails under a strict sql_mode",
	.why = "MySQL's default sql_mode has NO_ZERO_DATE: the statement is refused there, and so "
	       "is each later ALTER of a table that has such a default. Where it is taken, "
	       "drivers give back NULL or fail.",
	.safe = "NULL for what is not known.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/sql-mode.html#sqlmode_no_zero_date",
	.setup = "",
	.bad = "CREATE TABLE visits (id int PRIMARY KEY, at datetime NOT NULL DEFAULT '0000-00-00 "
	       "00:00:00');",
	.good = "CREATE TABLE visits (id int PRIMARY KEY, at datetime NULL);",
	.example_dialect = DIALECT_MYSQL,
	.check = check_zero_date,
};

static bool is_timestamp(struct slice type)
{
	return slice_iis(bare_type(type), "timestamp");
}

static void check_2038(const struct rule *r, struct judged *j)
{
	/* MariaDB 11.5 and newer on 64 bits go to 2106. */
	if (j->dialect == DIALECT_MARIADB && j->version >= 110500)
		return;
	each_column(r, j, is_timestamp, "it ends on 2038-01-19");
}

const struct rule rule_timestamp_2038 = {
	.id = "timestamp-2038",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = MAKES_COLUMNS,
	.says = "TIMESTAMP ends on 2038-01-19",
	.why = "It is kept in four bytes of seconds. Contracts, certificates and birthdays of the "
	       "future do not fit, and values are converted by the session's zone.",
	.safe = "DATETIME, in UTC.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/datetime.html",
	.setup = "",
	.bad = "CREATE TABLE contracts (id int PRIMARY KEY, ends timestamp NULL);",
	.good = "CREATE TABLE contracts (id int PRIMARY KEY, ends datetime NULL);",
	.example_dialect = DIALECT_MYSQL,
	.check = check_2038,
};

/* ---- Alignment ---- */

/* Bytes and alignment of the types of fixed length; 0 for all others. */
static size_t fixed_size(struct slice type, size_t *align)
{
	static const struct {
		const char *type;
		size_t size, align;
	} sizes[] = {{"bigint", 8, 8}, {"double precision", 8, 8}, {"money", 8, 8},
		{"timestamp with time zone", 8, 8}, {"timestamp without time zone", 8, 8},
		{"integer", 4, 4}, {"real", 4, 4}, {"date", 4, 4}, {"smallint", 2, 2},
		{"boolean", 1, 1}, {"uuid", 16, 1}};
	struct slice t = bare_type(type);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (slice_iis(t, sizes[i].type)) {
			*align = sizes[i].align;
			return sizes[i].size;
		}
	return 0;
}

/* Bytes lost between the columns that come before the first one of varying length. */
static size_t padding(const struct change *c)
{
	const struct object *col;
	size_t at = 0, sum = 0, align = 1, size;

	for (size_t i = 0; (col = next_column(c, &i));) {
		size = fixed_size(col->column.type, &align);
		if (!size)
			break;
		at = (at + align - 1) / align * align + size;
		sum += size;
	}
	/* Sorted by width nothing is lost: each size but uuid's is a multiple of the next. */
	return at - sum;
}

static void check_padding(const struct rule *r, struct judged *j)
{
	enum { WORTH_IT = 8 };

	FOR_CHANGES(j, c)
	{
		size_t lost = c->kind == CHANGE_CREATE_TABLE ? padding(c) : 0;

		if (lost >= WORTH_IT)
			on_change(j, r, c, shown(j, c->target, SLICE_NONE),
				"%zu bytes of each row are padding between columns", lost);
	}
}

const struct rule rule_column_padding = {
	.id = "column-padding",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "the order of the columns wastes bytes of each row",
	.why = "A column of eight bytes begins at a multiple of eight: after a boolean seven bytes "
	       "are lost, in each row. Counted up to the first column of varying length.",
	.safe = "Columns of eight bytes first, then four, two, one; texts at the end.",
	.doc = "https://www.postgresql.org/docs/current/storage-page-layout.html",
	.setup = "",
	.bad = "CREATE TABLE flags (open boolean, id bigint PRIMARY KEY, paid boolean, at "
	       "timestamptz);",
	.good = "CREATE TABLE flags (id bigint PRIMARY KEY, at timestamptz, open boolean, paid "
		"boolean);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_padding,
};
