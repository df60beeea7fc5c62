/* effects_guards.c - DO blocks that ask first: IF [NOT] EXISTS (SELECT … FROM the catalogs …), and
 * handlers for what is there already. Whether what they guard runs is looked up. */
#include "engine/postgres/typed.h"
#include "sql/token.h"

#include <stdint.h>

/* ---- Which thing is asked for ---- */
struct asked {
	struct slice relation, part; /* names; empty: not said */
	bool other;                  /* a condition that is not understood */
};

/* Columns of the catalogs that hold a name. */
static const struct source_row {
	const char *source;
	enum object_type type; /* of the thing; the part's when there is one */
	const char *relation, *part;
} sources[] = {
	{"columns", OBJECT_COLUMN, "table_name", "column_name"},
	{"tables", OBJECT_TABLE, "table_name", NULL},
	{"pg_tables", OBJECT_TABLE, "tablename", NULL},
	{"views", OBJECT_VIEW, "table_name", NULL},
	{"pg_views", OBJECT_VIEW, "viewname", NULL},
	{"pg_matviews", OBJECT_MATVIEW, "matviewname", NULL},
	{"table_constraints", OBJECT_CONSTRAINT, "table_name", "constraint_name"},
	{"pg_constraint", OBJECT_CONSTRAINT, "conrelid", "conname"},
	{"pg_attribute", OBJECT_COLUMN, "attrelid", "attname"},
	{"pg_indexes", OBJECT_INDEX, "tablename", "indexname"},
	{"pg_class", OBJECT_NONE, "relname", NULL},
	{"pg_type", OBJECT_TYPE, "typname", NULL},
	{"pg_trigger", OBJECT_TRIGGER, "tgrelid", "tgname"},
	{"pg_policies", OBJECT_POLICY, "tablename", "policyname"},
	{"pg_policy", OBJECT_POLICY, "polrelid", "polname"},
};

static struct slice literal_of(const struct typed_node *n)
{
	while (n->kind == NODE_CAST && n->n)
		n = n->args[0];
	return n->kind == NODE_STRING ? n->text : SLICE_NONE;
}

/* Conditions that say where, which all our things are. */
static bool says_schema(const struct typed_node *n)
{
	static const char *const columns[] = {"table_schema", "schemaname", "table_catalog",
		"constraint_schema", "constraint_type", "contype", "attisdropped", "attnum",
		"tgisinternal", "relkind", "udt_name", "typtype"};

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		if (n->kind == NODE_COLUMN && slice_is(n->text, columns[i]))
			return true;
	return false;
}

static void read_condition(
	const struct typed_node *n, const struct source_row *row, struct asked *a)
{
	struct slice value;

	if (n->kind == NODE_AND) {
		read_condition(n->args[0], row, a);
		read_condition(n->args[1], row, a);
		return;
	}
	if (n->kind == NODE_NOT && says_schema(n->args[0]))
		return;
	if (n->kind != NODE_OP || n->n != 2) {
		a->other = true;
		return;
	}
	if (says_schema(n->args[0]))
		return;
	value = literal_of(n->args[1]);
	if (!slice_is(n->text, "=") || !value.len || n->args[0]->kind != NODE_COLUMN)
		a->other = true;
	else if (slice_is(n->args[0]->text, row->relation))
		a->relation = value;
	else if (row->part && slice_is(n->args[0]->text, row->part))
		a->part = value;
	else
		a->other = true;
}

static enum presence any_part(struct looking *l, enum object_type type, struct slice name)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_TABLE, l->arena, &all);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < all[i]->nparts; k++)
			if (all[i]->parts[k]->type == type &&
				slice_eq(all[i]->parts[k]->name, name))
				return PRESENT;
	return catalog_is_complete(l->catalog) ? ABSENT : UNKNOWN;
}

static enum presence find_asked(
	struct looking *l, const struct source_row *row, const struct asked *a)
{
	const struct object *o, *part;
	enum presence p;

	if (row->part && !a->part.len)
		return UNKNOWN;
	if (row->part && !a->relation.len)
		return any_part(l, row->type, a->part);
	p = catalog_find(l->catalog, l->session, row->part ? OBJECT_NONE : row->type,
		pg_split_name(a->relation), &o);
	if (!row->part || p != PRESENT)
		return p;
	return catalog_part(l->catalog, o, row->type, a->part, &part);
}

/* SELECT … FROM one of the catalogs WHERE names = '…' */
static enum presence exists(struct looking *l, struct slice query)
{
	struct typed_query *q = typed_query(l->arena, query);
	struct asked a = {0};

	if (!q || q->more || q->nfrom != 1 || !q->where || q->from[0].query || q->ngroup ||
		q->having)
		return UNKNOWN;
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		if (!slice_is(q->from[0].relation.name, sources[i].source))
			continue;
		read_condition(q->where, &sources[i], &a);
		return a.other ? UNKNOWN : find_asked(l, &sources[i], &a);
	}
	return UNKNOWN;
}

/* ---- The block ---- */

/* Behind the bracket that closes the one at `open`. */
static size_t closing(struct slice text, size_t open)
{
	struct lexer x;
	struct token t;
	int depth = 0;

	lexer_init(&x, DIALECT_POSTGRES, slice_from(text, open));
	do {
		t = lexer_next(&x);
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
	} while (depth && t.kind != TOKEN_END);
	return t.kind == TOKEN_END ? SIZE_MAX : open + t.off + 1;
}

static size_t count(struct slice text, const char *word)
{
	struct lexer x;
	struct token t;
	size_t n = 0;

	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END)
		n += token_is(t, word);
	return n;
}

/* Between the dollars. */
static struct slice body_of(struct slice block)
{
	struct lexer x;
	struct token t;

	lexer_init(&x, DIALECT_POSTGRES, block);
	while ((t = lexer_next(&x)).kind != TOKEN_END)
		if (t.kind == TOKEN_STRING && t.text.at[0] == '$') {
			size_t tag = slice_chr(slice_from(t.text, 1), '$') + 2;

			return t.text.len > 2 * tag ? slice_sub(t.text, tag, t.text.len - 2 * tag)
						    : SLICE_NONE;
		}
	return SLICE_NONE;
}

/* A block of one IF EXISTS and nothing that branches besides. */
static enum presence asked_first(struct looking *l, struct slice body)
{
	size_t at = slice_ifind(body, SL("if ")), open, end;
	struct slice rest;
	bool not_;
	enum presence p;

	if (at == SIZE_MAX || count(body, "if") != 2 || count(body, "else") ||
		count(body, "elsif") || count(body, "loop") || count(body, "case") ||
		count(body, "exception"))
		return UNKNOWN;
	rest = slice_trim(slice_from(body, at + 3));
	not_ = slice_istarts(rest, "not ");
	if (not_)
		rest = slice_trim(slice_from(rest, 4));
	if (!slice_istarts(rest, "exists"))
		return UNKNOWN;
	open = slice_chr(rest, '(');
	if (open == SIZE_MAX || slice_trim(slice_sub(rest, 6, open - 6)).len)
		return UNKNOWN;
	end = closing(rest, open);
	if (end == SIZE_MAX || !slice_istarts(slice_trim(slice_from(rest, end)), "then"))
		return UNKNOWN;
	p = exists(l, slice_sub(rest, open + 1, end - open - 2));
	if (p == UNKNOWN)
		return UNKNOWN;
	return (p == PRESENT) != not_ ? PRESENT : ABSENT;
}

enum presence pg_guard_lets(struct looking *l)
{
	struct slice body;

	if (!(l->change->flags & CHANGE_GUARDED) || !(l->change->flags & CHANGE_INNER) ||
		l->block.len > 20000 || slice_ifind(l->block, SL("exists")) == SIZE_MAX)
		return UNKNOWN;
	body = body_of(l->block);
	return body.len ? asked_first(l, body) : UNKNOWN;
}

/* A block whose only statement is guarded by a handler. */
bool pg_guard_catches(struct looking *l)
{
	struct slice body;

	if (!(l->change->flags & CHANGE_GUARDED) || !(l->change->flags & CHANGE_INNER) ||
		l->block.len > 20000 || slice_ifind(l->block, SL("exception")) == SIZE_MAX)
		return false;
	body = body_of(l->block);
	return body.len && !count(body, "if") && !count(body, "loop") && !count(body, "case") &&
	       count(body, "exception") == 1 && count(body, "begin") == 1 &&
	       (slice_ifind(body, SL("duplicate_")) != SIZE_MAX ||
		       slice_ifind(body, SL("undefined_")) != SIZE_MAX ||
		       slice_ifind(body, SL("when others")) != SIZE_MAX);
}
