/* rules_column_mysql.c - MODIFY and CHANGE: lists of values, places, character sets. */
#include "lint/internal.h"

#include <stdint.h>

#define MYSQL_DDL_DOC "https://dev.mysql.com/doc/refman/8.0/en/innodb-online-ddl-operations.html"

static const struct object *modified(struct judged *j, const struct change *c, struct name *n)
{
	const struct object *t, *col;

	if (c->kind != CHANGE_MODIFY_COLUMN || !c->def ||
		!existed_before(j, c, OBJECT_TABLE, n, &t) || !t ||
		catalog_part(j->before, t, OBJECT_COLUMN, c->name, &col) != PRESENT)
		return NULL;
	return col;
}

/* The next 'member' of an enum's or set's list, with its quotes; *rest goes on behind it. */
static bool next_member(struct slice *rest, struct slice *member)
{
	size_t from = slice_chr(*rest, '\''), to;

	if (from == SIZE_MAX)
		return false;
	for (to = from + 1; to < rest->len; to++) {
		if (rest->at[to] == '\\')
			to++;
		else if (rest->at[to] == '\'' && to + 1 < rest->len && rest->at[to + 1] == '\'')
			to++;
		else if (rest->at[to] == '\'')
			break;
	}
	if (to >= rest->len)
		return false;
	*member = slice_sub(*rest, from, to + 1 - from);
	*rest = slice_from(*rest, to + 1);
	return true;
}

static bool has_member(struct slice list, struct slice member)
{
	struct slice m;

	while (next_member(&list, &m))
		if (slice_eq(m, member))
			return true;
	return false;
}

static size_t count_members(struct slice list)
{
	struct slice m;
	size_t n = 0;

	while (next_member(&list, &m))
		n++;
	return n;
}

static bool same_list_type(struct slice a, struct slice b)
{
	return (slice_istarts(a, "enum(") && slice_istarts(b, "enum(")) ||
	       (slice_istarts(a, "set(") && slice_istarts(b, "set("));
}

/* Bytes that a value of the list takes. */
static size_t list_bytes(struct slice type)
{
	size_t n = count_members(type);

	if (slice_istarts(type, "enum("))
		return n > 255 ? 2 : 1;
	return n > 32 ? 8 : (n + 7) / 8;
}

static void judge_list(const struct rule *r, struct judged *j, const struct change *c,
	struct slice object, struct slice old, struct slice new)
{
	struct slice a = old, b = new, x, y;

	while (next_member(&a, &x)) {
		if (!has_member(new, x)) {
			on_change(j, r, c, object,
				"%.*s is taken away: rows that hold it make the statement fail, or "
				"lose it outside strict mode; the table is copied",
				SLICE(x));
			return;
		}
		if (next_member(&b, &y) && !slice_eq(x, y)) {
			on_change(j, r, c, object,
				"%.*s stands where %.*s was: every row has to be written anew, and "
				"the table is copied while writes wait",
				SLICE(y), SLICE(x));
			return;
		}
	}
	if (list_bytes(old) != list_bytes(new))
		on_change(j, r, c, object,
			"with %zu members a value takes %zu bytes instead of %zu: the table is "
			"copied while writes wait",
			count_members(new), list_bytes(new), list_bytes(old));
}

static void check_list(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;
		const struct object *col = modified(j, c, &n);

		if (col && same_list_type(col->column.type, c->def->column.type))
			judge_list(r, j, c, shown(j, n, c->name), col->column.type,
				c->def->column.type);
	}
}

const struct rule rule_mysql_enum_set_edit = {
	.id = "mysql-enum-set-edit",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "members of an ENUM or SET are removed, moved, or more than their bytes hold",
	.why = "A value is stored as the number of its member. Only a member added at the end "
	       "leaves the rows alone, and even that copies the table when the numbers need "
	       "another byte (256 members of an ENUM; 9, 17, 25, 33 of a SET).",
	.safe = "Add at the end; or a new column, or a table that lists the values.",
	.doc = MYSQL_DDL_DOC,
	.setup = "CREATE TABLE orders (id int PRIMARY KEY, state enum('new', 'paid'));",
	.bad = "ALTER TABLE orders MODIFY state enum('new', 'packed', 'paid');",
	.good = "ALTER TABLE orders MODIFY state enum('new', 'paid', 'packed');",
	.example_dialect = DIALECT_MARIADB,
	.check = check_list,
	.hides = (const char *const[]){"table-copied", "mysql-column-copy", "column-type-narrowing",
		NULL},
};

static void check_order(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n;

		if (c->list.n && modified(j, c, &n) &&
			first_existing(j->effect->rewrites, j->effect->nrewrites))
			on_change(j, r, c, shown(j, n, c->name),
				"another place for %.*s makes the server write %.*s anew",
				SLICE(c->name), SLICE(n.name));
	}
}

const struct rule rule_column_order_change = {
	.id = "column-order-change",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "moving a column makes the server write the table anew",
	.why = "The order of columns is part of every row. Nothing but SELECT * and inserts "
	       "without "
	       "a column list can see it. (MariaDB moves a column at once where it can, and then "
	       "nothing is said.)",
	.safe = "Leave the order; name columns in code.",
	.doc = MYSQL_DDL_DOC,
	.setup = "CREATE TABLE users (id int PRIMARY KEY, name varchar(20), email varchar(20));",
	.bad = "ALTER TABLE users MODIFY email varchar(20) AFTER id;",
	.good = "ALTER TABLE users MODIFY email varchar(30);",
	.example_dialect = DIALECT_MYSQL,
	.check = check_order,
};

static bool differs(struct slice old, struct slice new)
{
	return old.len && new.len && !slice_ieq(old, new);
}

static bool copies(const struct judged *j)
{
	return (j->effect->algorithm && strcmp(j->effect->algorithm, "COPY") == 0) ||
	       first_existing(j->effect->rewrites, j->effect->nrewrites);
}

static void check_charset(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t, *col;
		struct finding *f;
		struct name n;

		if (c->kind == CHANGE_TABLE_CHARSET && existed_before(j, c, OBJECT_TABLE, &n, &t)) {
			f = on_change(j, r, c, shown(j, n, SLICE_NONE),
				"columns that are there keep their character set; it is for new "
				"ones");
			if (f->severity > SEVERITY_INFO)
				f->severity = SEVERITY_INFO;
			continue;
		}
		if (c->kind == CHANGE_CONVERT_CHARSET &&
			existed_before(j, c, OBJECT_TABLE, &n, &t)) {
			if (copies(j))
				on_change(j, r, c, shown(j, n, SLICE_NONE),
					"every text of %.*s is converted: the table is copied "
					"while "
					"writes wait, and what is equal may change",
					SLICE(n.name));
			continue;
		}
		col = modified(j, c, &n);
		if (col && copies(j) &&
			(differs(col->column.charset, c->def->column.charset) ||
				differs(col->column.collation, c->def->column.collation)))
			on_change(j, r, c, shown(j, n, c->name),
				"every value of %.*s is converted: the table is copied while "
				"writes wait, and what is equal may change",
				SLICE(c->name));
	}
}

const struct rule rule_charset_collation_change = {
	.id = "charset-collation-change",
	.severity = SEVERITY_ERROR,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_ALTER),
	.says = "texts are converted: the table is copied, and what is equal may change",
	.why = "The table is copied while writes wait. Characters that the new set lacks become an "
	       "error or a question mark; under another collation two different values may be "
	       "equal, "
	       "which a unique index refuses; comparisons with columns that kept theirs no longer "
	       "use an index. The table's default alone touches no column.",
	.safe = "A new column in the new character set, filled in batches; or an online schema "
		"change tool.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/charset-conversion.html",
	.setup = "CREATE TABLE users (id int PRIMARY KEY, name varchar(20)) DEFAULT CHARACTER SET "
		 "latin1;",
	.bad = "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4;",
	.good = "ALTER TABLE users ADD COLUMN name_utf8 varchar(20) CHARACTER SET utf8mb4;",
	.example_dialect = DIALECT_MARIADB,
	.check = check_charset,
	.hides = (const char *const[]){"table-copied", "mysql-column-copy", NULL},
};
