/* unknown_column.c - the names in a query, held against the tables that it reads. */
#include "engine/unknown_column.h"

#include "sql/token.h"

#include <stdint.h>

enum { LONGEST = 1 << 16 }; /* longer ones are rows and rows of values */

struct relation {
	struct slice alias;
	const struct object *table; /* NULL: may have any column */
};

struct scope {
	const struct scope *outer;
	struct relation *at;
	size_t n;
	bool open;    /* it has a source that may have any column */
	bool into;    /* INSERT INTO t (a, b): these brackets are no function's */
	bool blurred; /* aliases may stand where they were not looked for */
	bool unnamed; /* its own aliases do not count here */
	struct names aliases;
};

struct walk {
	struct arena *a;
	const struct catalog *c;
	const struct session *s;
	enum dialect d;
	struct token *at;
	size_t n;
	struct names common; /* WITH x AS (…) */
	struct slice unknown;
	const struct object *gone_of; /* as if this column of it were gone, and it alone */
	struct slice gone;
};

/* clang-format off */
/* Words that are no column where they stand alone. Those that no list has are only ever names. */
static const char *const words[] = {
	"ABORT", "ACTION", "CASCADED", "CHECK", "LOCAL", "OPTION", "PROCEDURE",
	"AGAINST", "ALL", "ANALYZE", "AND", "ANY", "AS", "ASC", "BETWEEN", "BINARY",
	"BIT", "BOOLEAN", "BOTH", "BY", "CASE", "CAST", "CHAR", "CHARACTER", "CHARSET", "COLLATE",
	"CONFLICT", "CONSTRAINT", "CONVERT", "CROSS", "CUBE", "CURRENT", "CURRENT_DATE", "CURRENT_ROLE",
	"CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "DATE", "DATETIME", "DAY", "DAY_HOUR",
	"DAY_MICROSECOND", "DAY_MINUTE", "DAY_SECOND", "DECIMAL", "DEFAULT", "DELAYED", "DESC", "DISTINCT",
	"DISTINCTROW", "DIV", "DO", "DOUBLE", "DUAL", "DUPLICATE", "ELSE", "END", "ESCAPE", "EXCEPT",
	"EXCLUDE", "EXISTS", "EXPANSION", "FAIL", "FALSE", "FETCH", "FILTER", "FIRST", "FLOAT",
	"FOLLOWING", "FOR", "FORCE", "FROM", "FULL", "GLOB", "GROUP", "GROUPS", "HAVING", "HIGH_PRIORITY",
	"HOUR", "HOUR_MICROSECOND", "HOUR_MINUTE", "HOUR_SECOND", "IGNORE", "IN", "INDEX", "INDEXED",
	"INNER", "INSERT", "INT", "INTEGER", "INTERSECT", "INTERVAL", "INTO", "IS", "ISNULL", "JOIN",
	"JSON", "KEY", "LANGUAGE", "LAST", "LEADING", "LEFT", "LIKE", "LIMIT", "LOCALTIME",
	"LOCALTIMESTAMP", "LOCK", "LOCKED", "LOW_PRIORITY", "MATCH", "MATERIALIZED", "MEMBER",
	"MICROSECOND", "MINUS", "MINUTE", "MINUTE_MICROSECOND", "MINUTE_SECOND", "MOD", "MODE", "MONTH",
	"NATURAL", "NCHAR", "NEXT", "NO", "NOT", "NOTNULL", "NOWAIT", "NULL", "NULLS", "OF",
	"OFFSET", "OID", "ON", "ONLY", "OR", "ORDER", "OTHERS", "OUTER", "OVER", "PARTITION", "PRECEDING",
	"PRECISION", "PREVIOUS", "PRIMARY", "QUARTER", "QUERY", "QUICK", "RAISE", "RANGE", "REAL",
	"RECURSIVE", "REGEXP", "REPLACE", "RETURNING", "RIGHT", "RLIKE", "ROLLBACK", "ROLLUP", "ROW",
	"ROWID", "ROWNUM", "ROWS", "SECOND", "SECOND_MICROSECOND", "SELECT", "SEPARATOR", "SET", "SHARE",
	"SIGNED", "SKIP", "SOME", "SOUNDS", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_CACHE",
	"SQL_CALC_FOUND_ROWS", "SQL_NO_CACHE", "SQL_SMALL_RESULT", "STRAIGHT_JOIN", "SYSDATE",
	"TEMPORARY", "TEXT", "THEN", "TIES", "TIME", "TIMESTAMP", "TO", "TRAILING", "TRUE", "UNBOUNDED",
	"UNION", "UNIQUE", "UNSIGNED", "UPDATE", "USE", "USING", "UTC_DATE", "UTC_TIME",
	"UTC_TIMESTAMP", "VALUE", "VALUES", "WAIT", "WEEK", "WHEN", "WHERE", "WINDOW", "WITH", "WITHIN",
	"XOR", "YEAR", "YEAR_MONTH", "_ROWID_",
};
/* What ends the tables behind FROM. */
static const char *const clauses[] = {
	"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW", "SET", "RETURNING", "FETCH", "OFFSET",
	"UNION", "INTERSECT", "EXCEPT", "MINUS", "INTO", "PROCEDURE",
};
static const char *const joins[] = {
	"JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "NATURAL", "STRAIGHT_JOIN", "FULL",
};
/* What else may stand behind a table without being its other name: any other word is one. */
static const char *const behind_tables[] = {
	"ON", "USING", "AS", "NOT", "INDEXED", "USE", "IGNORE", "FORCE", "FOR", "LOCK", "PARTITION",
	"OUTER", "SELECT", "VALUES", "VALUE", "DEFAULT", "WITH", "DO", "WHEN", "THEN", "ELSE", "END",
	"AND", "OR", "IN", "IS", "FROM", "TO", "BEGIN", "LIKE", "BETWEEN", "CASE", "EXISTS", "NULL",
};
/* Their argument is no column. */
static const char *const of_sequences[] = {"NEXTVAL", "LASTVAL", "SETVAL", "GET_FORMAT"};
/* With one of these the whole statement is let pass. */
static const char *const strange[] = {
	"LATERAL", "JSON_TABLE", "XMLTABLE", "PIVOT", "QUALIFY", "SYSTEM_TIME", "OUTFILE", "DUMPFILE",
	"CONNECT",
};
/* clang-format on */

#define ONE_OF(t, list) one_of((t), (list), sizeof(list) / sizeof *(list))
static bool one_of(struct token t, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n && t.kind == TOKEN_WORD; i++)
		if (slice_iis(t.text, list[i]))
			return true;
	return false;
}

static bool is_name(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
}

static bool at(const struct walk *w, size_t i, const char *word)
{
	return i < w->n && token_is(w->at[i], word);
}

static bool punct(const struct walk *w, size_t i, const char *p)
{
	return i < w->n && token_punct(w->at[i], p);
}

/* Behind the bracket that opens at i. */
static size_t past_bracket(const struct walk *w, size_t i)
{
	int depth = 0;

	for (; i < w->n; i++) {
		depth += punct(w, i, "(");
		depth -= punct(w, i, ")");
		if (depth == 0)
			return i + 1;
	}
	return w->n;
}

static struct slice value(const struct walk *w, size_t i)
{
	return token_value(w->a, w->d, w->at[i]);
}

/* ---- sources ---- */

static bool opens_query(const struct walk *w, size_t i)
{
	return punct(w, i, "(") &&
	       (at(w, i + 1, "SELECT") || at(w, i + 1, "WITH") || at(w, i + 1, "VALUES"));
}

static bool same(struct slice a, struct slice b)
{
	return slice_ieq(a, b);
}

static bool is_common(const struct walk *w, struct slice name)
{
	for (size_t i = 0; i < w->common.n; i++)
		if (same(w->common.at[i], name))
			return true;
	return false;
}

static void add_source(
	struct walk *w, struct scope *s, struct slice alias, const struct object *table)
{
	struct relation one = {alias, table};

	*ARENA_PUSH(w->a, s->at, s->n) = one;
	s->open |= !table;
}

static const struct object *table_of(const struct walk *w, struct name n)
{
	const struct object *t = NULL;

	if ((slice_empty(n.schema) && is_common(w, n.name)) ||
		catalog_find(w->c, w->s, OBJECT_TABLE, n, &t) != PRESENT || t->tainted ||
		slice_is(t->table_.kind, "virtual"))
		return NULL;
	return t;
}

static bool takes_alias(const struct walk *w, size_t i, size_t to)
{
	return i < to &&
	       (w->at[i].kind == TOKEN_QUOTED ||
		       (w->at[i].kind == TOKEN_WORD && !ONE_OF(w->at[i], joins) &&
			       !ONE_OF(w->at[i], clauses) && !ONE_OF(w->at[i], behind_tables)));
}

/* One table and its alias; returns what stands behind them. */
static size_t read_source(struct walk *w, struct scope *s, size_t i, size_t to)
{
	struct name n = {0};
	const struct object *t = NULL;

	if (punct(w, i, "(")) {
		s->blurred |= !opens_query(w, i);
		i = past_bracket(w, i);
		s->open = true;
	} else if (i < to && is_name(w->at[i])) {
		n.name = value(w, i++);
		while (punct(w, i, ".") && i + 1 < to) {
			n.schema = n.name;
			n.name = value(w, i + 1);
			i += 2;
		}
		if (punct(w, i, "(") && !s->into) {
			i = past_bracket(w, i);
			s->open = true;
		} else {
			t = table_of(w, n);
		}
	} else {
		s->open = true;
		return i + 1;
	}
	if (at(w, i, "PARTITION") && punct(w, i + 1, "("))
		i = past_bracket(w, i + 1);
	if (at(w, i, "AS") && i + 1 < to)
		n.name = value(w, ++i), i++;
	else if (takes_alias(w, i, to))
		n.name = value(w, i++);
	add_source(w, s, n.name, t);
	return i;
}

/* The tables between two places: read at the beginning, behind commas and behind JOIN. */
static void read_sources(struct walk *w, struct scope *s, size_t from, size_t to)
{
	size_t i = read_source(w, s, from, to);

	while (i < to) {
		if (punct(w, i, "(")) {
			i = past_bracket(w, i);
		} else if (punct(w, i, ",") || at(w, i, "JOIN") || at(w, i, "STRAIGHT_JOIN")) {
			i = read_source(w, s, i + 1, to);
		} else {
			i++;
		}
	}
}

static size_t end_of_sources(const struct walk *w, size_t i, size_t to)
{
	while (i < to) {
		if (ONE_OF(w->at[i], clauses) ||
			(at(w, i, "ON") &&
				(at(w, i + 1, "DUPLICATE") || at(w, i + 1, "CONFLICT"))) ||
			(at(w, i, "FOR") && (at(w, i + 1, "UPDATE") || at(w, i + 1, "SHARE"))) ||
			(at(w, i, "LOCK") && at(w, i + 1, "IN")))
			return i;
		i = punct(w, i, "(") ? past_bracket(w, i) : i + 1;
	}
	return to;
}

/* ---- names ---- */

static const struct relation *find_source(const struct scope *s, struct slice alias)
{
	for (; s; s = s->outer)
		for (size_t i = 0; i < s->n; i++)
			if (same(s->at[i].alias, alias))
				return &s->at[i];
	return NULL;
}

static bool has_column(const struct walk *w, const struct object *t, struct slice name)
{
	if (w->gone_of)
		return t != w->gone_of || !same(w->gone, name);
	return catalog_part(w->c, t, OBJECT_COLUMN, name, NULL) != ABSENT;
}

static bool is_somewhere(const struct walk *w, const struct scope *s, struct slice name)
{
	bool inside = false;

	for (; s; s = s->outer, inside = true) {
		if (s->open)
			return true;
		for (size_t i = 0; i < s->n; i++)
			if (has_column(w, s->at[i].table, name))
				return true;
		for (size_t i = 0; i < s->aliases.n && (inside || !s->unnamed); i++)
			if (same(s->aliases.at[i], name))
				return true;
	}
	return false;
}

static bool is_blurred(const struct scope *s)
{
	for (; s; s = s->outer)
		if (s->blurred)
			return true;
	return false;
}

/* SQLite takes "x" for a text where there is no column x. */
static bool may_be_text(const struct walk *w, size_t i)
{
	return w->d == DIALECT_SQLITE && w->at[i].text.len && w->at[i].text.at[0] == '"';
}

/* A table of SQLite's WITHOUT ROWID has no column of the name that every other has. */
static bool lacks_rowid(const struct walk *w, const struct object *t, struct slice name)
{
	return t && t->type == OBJECT_TABLE && t->table_.without_rowid && !has_column(w, t, name);
}

static bool is_rowid(const struct walk *w, size_t i)
{
	return w->d == DIALECT_SQLITE && !w->gone_of &&
	       (at(w, i, "ROWID") || at(w, i, "_ROWID_") || at(w, i, "OID"));
}

static bool nobody_has_rowid(const struct walk *w, const struct scope *s, struct slice name)
{
	for (; s; s = s->outer) {
		if (s->open || !s->n)
			return false;
		for (size_t i = 0; i < s->n; i++)
			if (!lacks_rowid(w, s->at[i].table, name))
				return false;
	}
	return true;
}

/* a.b: the table is known and has no such column. */
static void look_at_qualified(struct walk *w, const struct scope *s, size_t i)
{
	const struct relation *from;

	if (punct(w, i + 3, ".") || i + 2 >= w->n || !is_name(w->at[i + 2]))
		return;
	from = find_source(s, value(w, i));
	if (!from && !is_blurred(s) && !may_be_text(w, i))
		w->unknown =
			arena_printf(w->a, "%.*s.%.*s", SLICE(value(w, i)), SLICE(value(w, i + 2)));
	if (from && from->table && !has_column(w, from->table, value(w, i + 2)) &&
		!(is_rowid(w, i + 2) && !lacks_rowid(w, from->table, value(w, i + 2))))
		w->unknown = value(w, i + 2);
}

/* Behind an operand a name is an alias: SELECT a b, CASE … END c, count(*) n. */
static bool ends_operand(const struct walk *w, size_t i)
{
	struct token t = w->at[i];

	if (t.kind == TOKEN_WORD)
		return token_is(t, "END") || token_is(t, "NULL") || token_is(t, "TRUE") ||
		       token_is(t, "FALSE") || token_is(t, "CURRENT_TIMESTAMP") ||
		       token_is(t, "CURRENT_DATE") || token_is(t, "CURRENT_TIME") ||
		       !ONE_OF(t, words);
	return t.kind == TOKEN_QUOTED || t.kind == TOKEN_STRING || t.kind == TOKEN_NUMBER ||
	       t.kind == TOKEN_PARAM || token_punct(t, ")") || token_punct(t, "*");
}

/* The names of character sets, windows, indexes and the like stand behind these. */
static bool is_of_another_kind(const struct walk *w, size_t i, size_t from)
{
	return i > from &&
	       (at(w, i - 1, "AS") || at(w, i - 1, "COLLATE") || at(w, i - 1, "USING") ||
		       at(w, i - 1, "CHARSET") || at(w, i - 1, "OVER") || at(w, i - 1, "WINDOW") ||
		       at(w, i - 1, "INDEXED") || at(w, i - 1, "INTO") ||
		       (at(w, i - 1, "DO") && at(w, i, "NOTHING")) ||
		       ((at(w, i - 1, "IS") || at(w, i - 1, "NOT")) && at(w, i, "UNKNOWN")) ||
		       (at(w, i - 1, "SET") && i > from + 1 && at(w, i - 2, "CHARACTER")) ||
		       (at(w, i - 1, "FOR") && i > from + 1 && at(w, i - 2, "VALUE")) ||
		       (at(w, i - 1, "BY") && i > from + 1 && at(w, i - 2, "INDEXED")));
}

static bool is_column_name(const struct walk *w, size_t i, size_t from)
{
	struct token t = w->at[i];

	if (!is_name(t) || punct(w, i + 1, "(") || (i > from && punct(w, i - 1, ".")) ||
		may_be_text(w, i) || is_of_another_kind(w, i, from))
		return false;
	if (t.kind == TOKEN_WORD &&
		(ONE_OF(t, words) || (slice_starts(t.text, "_") && i + 1 < w->n &&
					     w->at[i + 1].kind == TOKEN_STRING)))
		return false;
	/* count(*) * x: a star behind an operand multiplies */
	if (i > from && punct(w, i - 1, "*"))
		return false;
	return !(i > from && ends_operand(w, i - 1));
}

static void look_at_query(struct walk *w, const struct scope *outer, size_t from, size_t to);

/* The names between two places, and the queries in brackets. */
static void look_at_names(struct walk *w, const struct scope *s, size_t from, size_t to)
{
	for (size_t i = from; i < to && !w->unknown.len; i++) {
		size_t end;

		if (opens_query(w, i)) {
			end = past_bracket(w, i);
			look_at_query(w, s, i + 1, end - 1);
			i = end - 1;
		} else if (ONE_OF(w->at[i], of_sequences) && punct(w, i + 1, "(")) {
			i = past_bracket(w, i + 1) - 1;
		} else if (w->gone_of && punct(w, i + 1, "=") &&
			   (i == from || punct(w, i - 1, ",")) && at(w, from - 1, "SET")) {
			continue;
		} else if (i > from && at(w, i - 1, "IN") && is_name(w->at[i])) {
			i += punct(w, i + 1, ".") ? 2 : 0; /* SQLite: x IN table */
		} else if (is_rowid(w, i) && !(i > from && punct(w, i - 1, ".")) &&
			   !(i > from && ends_operand(w, i - 1)) &&
			   nobody_has_rowid(w, s, value(w, i))) {
			w->unknown = value(w, i);
		} else if (is_name(w->at[i]) && punct(w, i + 1, ".")) {
			if (!(i > from && punct(w, i - 1, ".")))
				look_at_qualified(w, s, i);
		} else if (is_column_name(w, i, from) && !is_somewhere(w, s, value(w, i))) {
			w->unknown = value(w, i);
		}
	}
}

/* Behind FROM: the conditions of joins, and the queries that stand for tables. */
static void look_at_sources(struct walk *w, const struct scope *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		size_t end = i + 1;

		if (opens_query(w, i)) {
			end = past_bracket(w, i);
			look_at_query(w, s->outer, i + 1, end - 1);
		} else if (at(w, i, "ON")) {
			while (end < to && !ONE_OF(w->at[end], joins) && !punct(w, end, ","))
				end = punct(w, end, "(") ? past_bracket(w, end) : end + 1;
			look_at_names(w, s, i + 1, end < to ? end : to);
		} else if (punct(w, i, "(")) {
			end = past_bracket(w, i);
		}
		i = end - 1;
	}
}

/* The aliases of a select list, wherever in the query they are used. */
static void read_aliases(struct walk *w, struct scope *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (opens_query(w, i)) {
			i = past_bracket(w, i) - 1;
			continue;
		}
		if (i > from && (is_name(w->at[i]) || w->at[i].kind == TOKEN_STRING) &&
			!punct(w, i + 1, ".") && (at(w, i - 1, "AS") || ends_operand(w, i - 1)))
			names_add(w->a, &s->aliases, value(w, i));
	}
}

/* ---- queries ---- */

static size_t next_clause(const struct walk *w, size_t i, size_t to, const char *word)
{
	for (; i < to; i = punct(w, i, "(") ? past_bracket(w, i) : i + 1)
		if (at(w, i, word))
			return i;
	return to;
}

static void look_at_select(struct walk *w, const struct scope *outer, size_t from, size_t to)
{
	struct scope s = {.outer = outer};
	size_t tables = next_clause(w, from, to, "FROM"), end = to;

	read_aliases(w, &s, from, tables);
	if (tables < to) {
		end = end_of_sources(w, tables + 1, to);
		read_sources(w, &s, tables + 1, end);
	}
	s.unnamed = w->d != DIALECT_SQLITE;
	look_at_names(w, &s, from, tables);
	if (tables < to && !w->unknown.len)
		look_at_sources(w, &s, tables + 1, end);
	if (at(w, end, "WHERE") && !w->unknown.len) {
		from = end;
		end = end_of_sources(w, from + 1, to);
		look_at_names(w, &s, from, end);
	}
	s.unnamed = false;
	if (!w->unknown.len)
		look_at_names(w, &s, end, to);
}

static bool divides(const struct walk *w, size_t i)
{
	return at(w, i, "UNION") || at(w, i, "INTERSECT") || at(w, i, "EXCEPT") ||
	       at(w, i, "MINUS");
}

/* WITH x (a, b) AS (…), y AS (…): the place of what follows. */
static size_t read_common(struct walk *w, size_t i, size_t to)
{
	i += at(w, i + 1, "RECURSIVE") ? 2 : 1;
	while (i < to && is_name(w->at[i])) {
		names_add(w->a, &w->common, value(w, i++));
		if (punct(w, i, "("))
			i = past_bracket(w, i);
		if (at(w, i, "AS"))
			i++;
		i += at(w, i, "NOT");
		i += at(w, i, "MATERIALIZED");
		if (!punct(w, i, "("))
			return to;
		i = past_bracket(w, i);
		if (!punct(w, i, ","))
			return i;
		i++;
	}
	return i;
}

static void look_at_query(struct walk *w, const struct scope *outer, size_t from, size_t to)
{
	size_t start = from;

	if (at(w, from, "WITH"))
		start = from = read_common(w, from, to);
	for (size_t i = from; i <= to && !w->unknown.len;
		i = i < to && punct(w, i, "(") ? past_bracket(w, i) : i + 1) {
		if (i < to && !divides(w, i))
			continue;
		if (at(w, start, "SELECT")) /* what orders a UNION are names of its first query */
			look_at_select(w, outer, start,
				start > from ? next_clause(w, start, i, "ORDER") : i);
		start = i + 1;
		start += at(w, start, "ALL") || at(w, start, "DISTINCT");
	}
}

/* ---- statements ---- */

static void look_at_update(struct walk *w, const struct scope *outer, size_t from, size_t to)
{
	struct scope s = {.outer = outer};
	size_t set, more;

	for (from++; at(w, from, "LOW_PRIORITY") || at(w, from, "IGNORE") || at(w, from, "OR");)
		from += at(w, from, "OR") ? 2 : 1;
	set = next_clause(w, from, to, "SET");
	more = next_clause(w, set, to, "FROM"); /* SQLite */
	read_sources(w, &s, from, set);
	if (more < to)
		read_sources(w, &s, more + 1, end_of_sources(w, more + 1, to));
	look_at_sources(w, &s, from, set);
	if (!w->unknown.len)
		look_at_names(w, &s, set + 1, more);
	if (!w->unknown.len && more < to)
		look_at_names(w, &s, end_of_sources(w, more + 1, to), to);
}

static void look_at_delete(struct walk *w, const struct scope *outer, size_t from, size_t to)
{
	struct scope s = {.outer = outer};
	size_t tables = next_clause(w, from, to, "FROM"), using, end;

	if (tables == to)
		return;
	using = next_clause(w, tables, to, "USING");
	if (using < to && !punct(w, using + 1, "("))
		tables = using;
	end = end_of_sources(w, tables + 1, to);
	read_sources(w, &s, tables + 1, end);
	look_at_sources(w, &s, tables + 1, end);
	if (!w->unknown.len)
		look_at_names(w, &s, end, to);
}

/* What an INSERT does with a row that is there already. */
static size_t upsert(const struct walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i = punct(w, i, "(") ? past_bracket(w, i) : i + 1)
		if ((at(w, i, "ON") && (at(w, i + 1, "DUPLICATE") || at(w, i + 1, "CONFLICT"))) ||
			at(w, i, "RETURNING"))
			return i;
	return to;
}

static void look_at_upsert(struct walk *w, struct scope *s, size_t from, size_t to)
{
	for (size_t i = from; i < to && !w->unknown.len; i++) {
		size_t end = to;

		if (!at(w, i, "UPDATE"))
			continue;
		i += at(w, i + 1, "SET");
		look_at_names(w, s, i + 1, end);
		return;
	}
}

/* INSERT INTO t (a, b) */
static void look_at_list(struct walk *w, const struct scope *s, size_t from, size_t to)
{
	for (size_t i = from; i < to && s->n && s->at[0].table && !w->gone_of && !w->unknown.len;
		i++)
		if (is_name(w->at[i]) && !punct(w, i - 1, ".") && !ONE_OF(w->at[i], words) &&
			!has_column(w, s->at[0].table, value(w, i)))
			w->unknown = value(w, i);
}

static void look_at_insert(struct walk *w, const struct scope *outer, size_t from, size_t to)
{
	struct scope s = {.outer = outer, .into = true}, none = {.outer = outer, .blurred = true};
	size_t into = next_clause(w, from, to, "INTO"), i, end;

	i = into < to ? into + 1 : from + 1;
	while (at(w, i, "LOW_PRIORITY") || at(w, i, "DELAYED") || at(w, i, "HIGH_PRIORITY") ||
		at(w, i, "IGNORE"))
		i++;
	i = read_source(w, &s, i, to);
	if (punct(w, i, "(") && !opens_query(w, i)) {
		end = past_bracket(w, i);
		if (!(i + 2 < to && punct(w, i + 2, ".")))
			look_at_list(w, &s, i + 1, end - 1);
		i = end;
	}
	end = upsert(w, i, to);
	if (at(w, i, "VALUES") || at(w, i, "VALUE")) {
		if (w->d != DIALECT_SQLITE && end < to && at(w, end - 2, "AS"))
			return; /* VALUES (…) AS new: MySQL's name for the row */
		look_at_names(w, w->d == DIALECT_SQLITE ? &none : &s, i + 1, end);
	} else if (at(w, i, "SET")) {
		look_at_names(w, &s, i + 1, end);
	} else if (at(w, i, "SELECT") || at(w, i, "WITH")) {
		look_at_query(w, outer, i, end);
		s.open = true; /* its tables count behind ON DUPLICATE KEY, too */
	}
	if (w->d == DIALECT_SQLITE && s.n)
		add_source(w, &s, SL("excluded"), s.at[0].table);
	s.blurred = true; /* MySQL's name for the new row */
	if (!w->unknown.len)
		look_at_upsert(w, &s, end, to);
}

static void look_at_statement(struct walk *w, const struct scope *outer, size_t i, size_t to)
{
	if (at(w, i, "WITH"))
		i = read_common(w, i, to);
	if (at(w, i, "CREATE")) {
		while (i < to && !at(w, i, "SELECT") && !at(w, i, "WITH"))
			i = punct(w, i, "(") && !opens_query(w, i) ? past_bracket(w, i) : i + 1;
	}
	if (i >= to)
		return;
	if (at(w, i, "SELECT") || at(w, i, "WITH"))
		look_at_query(w, outer, i, to);
	else if (at(w, i, "INSERT") || at(w, i, "REPLACE"))
		look_at_insert(w, outer, i, to);
	else if (at(w, i, "UPDATE"))
		look_at_update(w, outer, i, to);
	else if (at(w, i, "DELETE"))
		look_at_delete(w, outer, i, to);
}

/* The statements between BEGIN and END, of which each ends with a semicolon. */
static void look_at_body(struct walk *w, const struct scope *outer)
{
	size_t begin = next_clause(w, 0, w->n, "BEGIN"), from = begin + 1;

	look_at_names(w, outer, next_clause(w, 0, begin, "WHEN"), begin);
	for (size_t i = from; i < w->n && !w->unknown.len; i++)
		if (punct(w, i, ";")) {
			look_at_statement(w, outer, from, i);
			from = i + 1;
		}
}

static bool read_tokens(struct walk *w, struct slice text)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, w->d, text);
	while ((t = lexer_next(&l)).kind != TOKEN_END) {
		if (t.kind == TOKEN_BAD || ONE_OF(t, strange))
			return false;
		*ARENA_PUSH(w->a, w->at, w->n) = t;
	}
	return w->n > 0;
}

/* The tokens without a semicolon at the end. */
static size_t end_of(const struct walk *w)
{
	return w->n && punct(w, w->n - 1, ";") ? w->n - 1 : w->n;
}

bool unknown_column(struct arena *a, const struct catalog *c, const struct session *s,
	struct slice text, struct slice *name)
{
	struct walk w = {.a = a, .c = c, .s = s, .d = catalog_dialect(c)};

	if (text.len > LONGEST || !read_tokens(&w, text))
		return false;
	look_at_statement(&w, NULL, 0, end_of(&w));
	*name = w.unknown;
	return w.unknown.len > 0;
}

bool unknown_in_expression(struct arena *a, const struct catalog *c, const struct object *table,
	struct slice own, struct slice text, struct slice *name)
{
	struct walk w = {.a = a, .c = c, .d = catalog_dialect(c)};
	struct scope s = {.blurred = true};

	if (text.len > LONGEST || table->tainted || !read_tokens(&w, text))
		return false;
	add_source(&w, &s, table->name, table);
	names_add(a, &s.aliases, own);
	look_at_names(&w, &s, 0, w.n);
	*name = w.unknown;
	return w.unknown.len > 0;
}

bool unknown_in_trigger(struct arena *a, const struct catalog *c, const struct session *s,
	const struct object *table, struct names events, struct slice text, struct slice *name)
{
	struct walk w = {.a = a, .c = c, .s = s, .d = catalog_dialect(c)};
	const struct object *row = table->type == OBJECT_TABLE && !table->tainted ? table : NULL;
	struct scope rows = {0};

	if (text.len > LONGEST || !read_tokens(&w, text))
		return false;
	if (!names_has(events, SL("delete")))
		add_source(&w, &rows, SL("new"), row);
	if (!names_has(events, SL("insert")))
		add_source(&w, &rows, SL("old"), row);
	look_at_body(&w, &rows);
	*name = w.unknown;
	return w.unknown.len > 0;
}

bool trigger_wants_column(struct arena *a, const struct catalog *c, const struct session *s,
	const struct object *trigger, const struct object *table, struct slice column)
{
	struct walk w = {.a = a, .c = c, .s = s, .d = catalog_dialect(c)};
	struct scope rows = {.blurred = true};
	struct slice body = trigger->trigger.body.text;

	if (body.len > LONGEST || !read_tokens(&w, body))
		return false;
	w.gone_of = table;
	w.gone = column;
	look_at_body(&w, &rows);
	return same(w.unknown, column) && column.len;
}

/* ---- how many values ---- */

static bool columns_of(const struct object *t, size_t *n)
{
	if (!t)
		return false;
	for (size_t i = 0; i < t->nparts; i++)
		*n += t->parts[i]->type == OBJECT_COLUMN &&
		      !names_has(t->parts[i]->column.options, SL("invisible"));
	return true;
}

/* What a star stands for: * of all tables, t.* of one. */
static bool star_columns(const struct walk *w, const struct scope *s, size_t i, size_t *n)
{
	const struct relation *one;

	if (punct(w, i - 1, ".")) {
		one = find_source(s, value(w, i - 2));
		return one && columns_of(one->table, n);
	}
	for (size_t k = 0; k < s->n; k++)
		if (!columns_of(s->at[k].table, n))
			return false;
	return s->n > 0;
}

static bool merges_columns(const struct walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (at(w, i, "USING") || at(w, i, "NATURAL"))
			return true;
	return false;
}

static bool count_values(struct walk *w, size_t select, size_t to, size_t *n)
{
	struct scope s = {0};
	size_t tables = next_clause(w, select, to, "FROM"), end = to;

	if (tables < to) {
		end = end_of_sources(w, tables + 1, to);
		read_sources(w, &s, tables + 1, end);
	}
	*n = 1;
	for (size_t i = select + 1; i < tables; i = punct(w, i, "(") ? past_bracket(w, i) : i + 1) {
		bool starts = i == select + 1 || punct(w, i - 1, ",") || punct(w, i - 1, ".") ||
			      at(w, i - 1, "DISTINCT") || at(w, i - 1, "ALL");

		*n += punct(w, i, ",");
		if (!punct(w, i, "*") || !starts)
			continue;
		--*n;
		if (s.open || s.blurred || merges_columns(w, tables, end) ||
			!star_columns(w, &s, i, n))
			return false;
	}
	return true;
}

/* The first SELECT outside brackets; `to`: there is none. */
static size_t first_select(struct walk *w, size_t to)
{
	size_t i = at(w, 0, "WITH") ? read_common(w, 0, to) : 0;

	while (i < to && !at(w, i, "SELECT")) {
		if (at(w, i, "VALUES") || at(w, i, "WITH") || at(w, i, "SET"))
			return to;
		i = punct(w, i, "(") ? past_bracket(w, i) : i + 1;
	}
	return i;
}

bool selected_values(struct arena *a, const struct catalog *c, const struct session *s,
	struct slice text, size_t *n)
{
	struct walk w = {.a = a, .c = c, .s = s, .d = catalog_dialect(c)};
	size_t i, to;

	if (text.len > LONGEST || !read_tokens(&w, text))
		return false;
	to = end_of(&w);
	i = first_select(&w, to);
	return i < to && count_values(&w, i, upsert(&w, i, to), n);
}

bool selects_differ(struct arena *a, const struct catalog *c, const struct session *s,
	struct slice text, size_t *one, size_t *other)
{
	struct walk w = {.a = a, .c = c, .s = s, .d = catalog_dialect(c)};
	size_t to;
	bool known = false;

	if (slice_ifind(text, SL("union")) == SIZE_MAX || text.len > LONGEST ||
		!read_tokens(&w, text))
		return false;
	to = end_of(&w);
	for (size_t i = first_select(&w, to); i < to;) {
		size_t end = i + 1, n;

		while (end < to && !at(&w, end, "UNION") && !at(&w, end, "EXCEPT") &&
			!at(&w, end, "INTERSECT"))
			end = punct(&w, end, "(") ? past_bracket(&w, end) : end + 1;
		if (count_values(&w, i, end, &n)) {
			if (known && n != *one) {
				*other = n;
				return true;
			}
			*one = n;
			known = true;
		}
		i = end + 1 + (at(&w, end + 1, "ALL") || at(&w, end + 1, "DISTINCT"));
		if (!at(&w, i, "SELECT"))
			return false;
	}
	return false;
}
