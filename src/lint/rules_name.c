/* rules_name.c - names: too long, reserved, unqualified, written twice. */
#include "lint/defined.h"

#include "sql/words.h"

#include <stdint.h>

#define NAME_DOC                                                                                   \
	"https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS"
#define DDL (RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_RENAME))

/* ---- Too long ---- */

enum { NAME_MAX_BYTES = 63, NAME_MAX_CHARS = 64 };

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* The next run of at least NAME_MAX_CHARS letters from `from` on: one of every 64 bytes is in it.
 */
static struct slice long_word(struct slice text, size_t from)
{
	for (size_t at = from + NAME_MAX_BYTES; at < text.len; at += NAME_MAX_CHARS) {
		size_t begin = at, end = at;

		if (!is_word(text.at[at]))
			continue;
		while (begin > from && is_word(text.at[begin - 1]))
			begin--;
		while (end < text.len && is_word(text.at[end]))
			end++;
		if (end - begin > NAME_MAX_BYTES)
			return slice_sub(text, begin, end - begin);
	}
	return SLICE_NONE;
}

static size_t skip_to(struct slice text, size_t i, const char *close)
{
	size_t n = slice_find(slice_from(text, i), slice_of(close));

	return n == SIZE_MAX ? text.len : i + n + strlen(close);
}

/* Is that place outside of literals, comments and dollar quotes? */
static bool is_code(struct slice text, size_t place)
{
	size_t i = 0;

	while (i < place) {
		char c = text.at[i];
		char next = i + 1 < text.len ? text.at[i + 1] : 0;

		if (c == '\'')
			i = skip_to(text, i + 1, "'");
		else if (c == '-' && next == '-')
			i = skip_to(text, i, "\n");
		else if (c == '/' && next == '*')
			i = skip_to(text, i + 2, "*/");
		else if (c == '$' && (i == 0 || !is_word(text.at[i - 1])) &&
			 (next == '$' || is_word(next)))
			return false; /* a body: nothing behind it is looked at */
		else
			i++;
	}
	return i == place;
}

static size_t characters(struct slice word)
{
	size_t n = 0;

	for (size_t i = 0; i < word.len; i++)
		n += ((unsigned char)word.at[i] & 0xC0) != 0x80;
	return n;
}

static void check_long(const struct rule *r, struct judged *j)
{
	struct slice text = j->statement->raw, word;
	bool mysql = dialect_is_mysql(j->dialect);

	for (size_t from = 0; (word = long_word(text, from)).len;) {
		size_t off = (size_t)(word.at - text.at);

		from = off + word.len;
		if ((mysql && characters(word) <= NAME_MAX_CHARS) || !is_code(text, off))
			continue;
		finding_add(j, r,
			(struct span){.src = j->statement->span.src,
				.off = j->statement->span.off + off,
				.len = word.len},
			arena_slice(j->arena, word),
			mysql ? "the server refuses a name of more than 64 characters: %.*s"
			      : "the server cuts the name after 63 bytes: %.*s",
			mysql ? (int)word.len : NAME_MAX_BYTES, word.at);
	}
}

const struct rule rule_identifier_too_long = {
	.id = "identifier-too-long",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = DDL,
	.says = "the name is longer than the server keeps",
	.why = "PostgreSQL cuts names after 63 bytes (not characters) with a mere notice: two long "
	       "names may become the same one, and tools that look for the whole name do not find "
	       "it. MySQL and MariaDB refuse more than 64 characters.",
	.safe = "A shorter name.",
	.doc = NAME_DOC,
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.bad = "ALTER TABLE users ADD COLUMN "
	       "the_name_of_the_person_who_was_responsible_for_this_account_before_it_moved text;",
	.good = "ALTER TABLE users ADD COLUMN former_owner text;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_long,
};

/* ---- Names that need quotes ---- */

typedef void (*name_seen)(
	const struct rule *r, struct judged *j, const struct change *c, struct slice name);

static void each_new_name(
	const struct rule *r, struct judged *j, const struct change *c, name_seen fn)
{
	const struct object *col;

	switch ((int)c->kind) {
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_VIEW:
	case CHANGE_CREATE_MATVIEW:
	case CHANGE_CREATE_SCHEMA:
		fn(r, j, c, c->target.name);
		for (size_t i = 0; (col = next_column(c, &i));)
			fn(r, j, c, col->name);
		break;
	case CHANGE_ADD_COLUMN:
		fn(r, j, c, c->name);
		break;
	case CHANGE_RENAME_TABLE:
	case CHANGE_RENAME_COLUMN:
		fn(r, j, c, c->other.name);
		break;
	}
}

static void each_name(const struct rule *r, struct judged *j, name_seen fn)
{
	FOR_CHANGES(j, c)
	{
		if (!(c->flags & CHANGE_INNER))
			each_new_name(r, j, c, fn);
	}
}

static void see_reserved(
	const struct rule *r, struct judged *j, const struct change *c, struct slice name)
{
	if (word_is_reserved(j->dialect, name))
		on_change(j, r, c, arena_slice(j->arena, name),
			"%.*s is a word of the grammar: it has to be quoted wherever the grammar "
			"would "
			"read it as such",
			SLICE(name));
}

static void check_reserved(const struct rule *r, struct judged *j)
{
	each_name(r, j, see_reserved);
}

const struct rule rule_reserved_word = {
	.id = "reserved-word",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_ALL,
	.classes = DDL,
	.says = "a reserved word as a name needs quotes for ever",
	.why = "Each query, report and tool has to quote it; one that does not fails, or reads a "
	       "column named user as the function.",
	.safe = "Another name.",
	.doc = "https://www.postgresql.org/docs/current/sql-keywords-appendix.html",
	.setup = "",
	.bad = "CREATE TABLE \"order\" (id bigint PRIMARY KEY);",
	.good = "CREATE TABLE orders (id bigint PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_reserved,
};

static void see_case(
	const struct rule *r, struct judged *j, const struct change *c, struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] >= 'A' && name.at[i] <= 'Z') {
			on_change(j, r, c, arena_slice(j->arena, name),
				"%.*s has upper case letters: every query has to write it so",
				SLICE(name));
			return;
		}
}

static void check_case(const struct rule *r, struct judged *j)
{
	each_name(r, j, see_case);
}

const struct rule rule_mixed_case_name = {
	.id = "mixed-case-name",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = DDL,
	.says = "a name with upper case letters",
	.why = "PostgreSQL folds what is not quoted to lower case, so such a name needs quotes for "
	       "ever. In MySQL and MariaDB table names are the same in any case on one system and "
	       "different on the other.",
	.safe = "lower_case_with_underscores.",
	.doc = NAME_DOC,
	.setup = "",
	.bad = "CREATE TABLE \"userAccounts\" (id bigint PRIMARY KEY);",
	.good = "CREATE TABLE UserAccounts (id bigint PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_case,
};

static void check_unqualified(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t = NULL;

		if (c->type != OBJECT_TABLE || c->target.schema.len || !c->target.name.len ||
			(c->flags & (CHANGE_TEMPORARY | CHANGE_INNER)) ||
			(c->def && c->def->type == OBJECT_TABLE &&
				slice_is(c->def->table_.persistence, "temporary")))
			continue;
		if (catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) == PRESENT &&
			slice_is(t->table_.persistence, "temporary"))
			continue;
		on_change(j, r, c, shown(j, c->target, SLICE_NONE),
			"which table %.*s is depends on the search_path", SLICE(c->target.name));
		return;
	}
}

const struct rule rule_unqualified_name = {
	.id = "unqualified-name",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = DDL | RULE_CLASS(CLASS_DROP),
	.says = "a table without its schema",
	.why = "The migration's role may have another search_path than the application's: the "
	       "table is made, changed or dropped somewhere else.",
	.safe = "schema.table.",
	.doc = "https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH",
	.setup = "",
	.bad = "CREATE TABLE users (id bigint PRIMARY KEY);",
	.good = "CREATE TABLE public.users (id bigint PRIMARY KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_unqualified,
};

/* ---- Written twice ---- */

static bool same(const struct judged *j, struct slice a, struct slice b)
{
	return j->dialect == DIALECT_POSTGRES ? slice_eq(a, b) : slice_ieq(a, b);
}

/* Few names are compared with each other, many are looked up. */
enum { FEW = 32 };

static struct slice twice(struct judged *j, struct names n)
{
	struct arena *a = &j->facts->script;
	struct text_set seen = {0};

	for (size_t i = 0; n.n > FEW && i < n.n; i++)
		if (!text_set_add(&seen, a, n.at[i], SLICE_NONE))
			return n.at[i];
	for (size_t i = 1; n.n <= FEW && i < n.n; i++)
		for (size_t k = 0; k < i; k++)
			if (same(j, n.at[i], n.at[k]))
				return n.at[i];
	return SLICE_NONE;
}

static bool follows(const struct judged *j, struct slice column, char next)
{
	struct buf b = {0};
	bool found;

	buf_printf(&b, "%.*s%c", SLICE(column), next);
	found = slice_ifind(j->statement->raw, buf_slice(&b)) != SIZE_MAX;
	buf_done(&b);
	return found;
}

/* SET a[1] = …, a[2] = … and SET a.x = …, a.y = … name the column twice, and may. */
static bool sets_parts(const struct judged *j, struct slice column)
{
	return follows(j, column, '[') || follows(j, column, '.');
}

static void check_twice(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct names n = {0};
		struct slice name;
		const struct object *col;

		if (c->kind == CHANGE_UPDATE && j->dialect == DIALECT_POSTGRES)
			n = c->list;
		for (size_t i = 0; c->kind == CHANGE_CREATE_TABLE && (col = next_column(c, &i));)
			names_add(&j->facts->script, &n, col->name);
		name = twice(j, n);
		if (name.len && (c->kind != CHANGE_UPDATE || !sets_parts(j, name)))
			on_change(j, r, c, shown(j, c->target, name),
				"the server refuses it: %.*s is written twice", SLICE(name));
	}
}

const struct rule rule_duplicate_column = {
	.id = "duplicate-column",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_DATA),
	.says = "the same column twice",
	.why = "The server refuses a table with two columns of a name, and an UPDATE that sets a "
	       "column twice.",
	.safe = "Remove one of them.",
	.doc = "https://www.postgresql.org/docs/current/sql-update.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, name text);",
	.bad = "UPDATE users SET name = 'a', name = 'b' WHERE id = 1;",
	.good = "UPDATE users SET name = 'a' WHERE id = 1;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_twice,
	.hides = (const char *const[]){"history-replay", NULL},
};
