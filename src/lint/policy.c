/* policy.c - what policies speak for, and what they mean on this engine. */
#include "lint/policies.h"

#include <regex.h>
#include <stdint.h>
#include <stdio.h>

/* ---- Words ---- */

const char *naming_word(enum naming_kind k)
{
	static const char *const words[NAMING_KINDS] = {[NAMING_TABLE] = "table",
		[NAMING_COLUMN] = "column",
		[NAMING_INDEX] = "index",
		[NAMING_UNIQUE_INDEX] = "unique_index",
		[NAMING_PRIMARY_KEY] = "primary_key",
		[NAMING_FOREIGN_KEY] = "foreign_key",
		[NAMING_UNIQUE] = "unique",
		[NAMING_CHECK] = "check",
		[NAMING_CONSTRAINT] = "constraint",
		[NAMING_VIEW] = "view",
		[NAMING_SEQUENCE] = "sequence",
		[NAMING_TYPE] = "type",
		[NAMING_FUNCTION] = "function",
		[NAMING_TRIGGER] = "trigger",
		[NAMING_SCHEMA] = "schema"};

	return words[k];
}

bool change_by_words(struct slice words, enum change_kind *out, const char **nearest)
{
	size_t best = words.len / 3 + 2;

	*nearest = NULL;
	for (int k = 0; k < CHANGE_KINDS_; k++) {
		struct slice its = slice_of(change_words((enum change_kind)k));
		size_t d;

		if (slice_ieq(words, its)) {
			*out = (enum change_kind)k;
			return true;
		}
		d = slice_distance(words, its);
		if (d < best) {
			best = d;
			*nearest = its.at;
		}
	}
	return false;
}

/* ---- Patterns of names ---- */

/* Text that a regular expression takes literally. */
static void add_literal(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (strchr(".[]{}()*+?^$|\\", s.at[i]))
			buf_addc(b, '\\');
		buf_addc(b, s.at[i]);
	}
}

/* {table} and {columns} become the names, the whole is anchored. */
static void expand(struct buf *b, const char *pattern, struct slice table, struct slice columns)
{
	buf_adds(b, "^(");
	for (const char *p = pattern; *p;) {
		if (strncmp(p, "{table}", 7) == 0) {
			add_literal(b, table);
			p += 7;
		} else if (strncmp(p, "{columns}", 9) == 0) {
			add_literal(b, columns);
			p += 9;
		} else {
			buf_addc(b, *p++);
		}
	}
	buf_adds(b, ")$");
}

bool naming_pattern_ok(const char *pattern, char why[128])
{
	struct buf b = {0};
	regex_t re;
	int e;

	expand(&b, pattern, SL("t"), SL("c"));
	e = regcomp(&re, buf_cstr(&b), REG_EXTENDED | REG_NOSUB);
	if (e)
		regerror(e, &re, why, 128);
	else
		regfree(&re);
	buf_done(&b);
	return e == 0;
}

bool naming_fits(struct arena *a, const char *pattern, struct slice name, struct slice table,
	struct slice columns)
{
	struct buf b = {0};
	bool fits = true;
	regex_t re;

	expand(&b, pattern, table, columns);
	if (regcomp(&re, buf_cstr(&b), REG_EXTENDED | REG_NOSUB) == 0) {
		fits = regexec(&re, arena_cstr(a, name), 0, NULL, 0) == 0;
		regfree(&re);
	}
	buf_done(&b);
	return fits;
}

/* ---- What a policy speaks for ---- */

/* "*" over anything but a dot; everything else literal. */
static bool glob(const char *p, struct slice s)
{
	for (; *p; p++) {
		if (*p == '*') {
			for (size_t i = 0; i <= s.len; i++) {
				if (glob(p + 1, slice_from(s, i)))
					return true;
				if (i < s.len && s.at[i] == '.')
					return false;
			}
			return false;
		}
		if (s.len == 0 || *p != s.at[0])
			return false;
		s = slice_from(s, 1);
	}
	return s.len == 0;
}

bool policy_on_table(struct arena *a, const struct policy *p, struct name n)
{
	struct slice full = n.schema.len
				    ? arena_printf(a, "%.*s.%.*s", SLICE(n.schema), SLICE(n.name))
				    : n.name;

	for (size_t i = 0; p->tables && p->tables[i]; i++)
		if (glob(p->tables[i], strchr(p->tables[i], '.') ? full : n.name))
			return true;
	return !p->tables;
}

bool policy_on_path(const struct policy *p, const char *path)
{
	for (size_t i = 0; p->paths && p->paths[i]; i++)
		if (path && path_matches(p->paths[i], path))
			return true;
	return !p->paths;
}

static bool asks_names(const struct policy *p)
{
	for (int k = 0; k < NAMING_KINDS; k++)
		if (p->naming[k])
			return true;
	return false;
}

/* Which rule a demand belongs to. */
static bool asks(const struct policy *p, const char *rule)
{
	const struct {
		const char *rule;
		bool asked;
	} demands[] = {{"required-column-missing", p->ncolumns > 0},
		{"naming-convention", asks_names(p)}, {"forbidden-operation", p->nforbid > 0},
		{"comment-required", p->table_comments || p->column_comments},
		{"table-engine", p->engines}, {"charset-allowlist", p->charsets},
		{"collation-allowlist", p->collations}, {"forbidden-type", p->forbid_types}};

	for (size_t i = 0; i < sizeof demands / sizeof *demands; i++)
		if (demands[i].asked && strcmp(demands[i].rule, rule) == 0)
			return true;
	return false;
}

bool policy_asks(const struct judge_input *in, const struct rule *r)
{
	for (size_t i = 0; r->tier == TIER_POLICY && i < in->npolicies; i++)
		if (asks(&in->policies[i], r->id))
			return true;
	return false;
}

/* ---- In the engine's own words ---- */

static bool is_foreign_key(const struct object *o)
{
	return o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "foreign key");
}

/* MySQL reads a REFERENCES beside the column and forgets it: the key has to stand apart. */
static struct slice key_apart(struct judge *jg, struct slice text)
{
	size_t at = slice_ifind(text, SL(" references "));
	struct slice rest = text, name = SLICE_NONE;

	if (jg->in->engine->dialect != DIALECT_MYSQL || at == SIZE_MAX)
		return text;
	slice_next(&rest, ' ', &name);
	return arena_printf(jg->arena, "%.*s, FOREIGN KEY (%.*s)%.*s", SLICE(slice_n(text.at, at)),
		SLICE(name), SLICE(slice_from(text, at)));
}

/* `text` as the one column of a table: the engine's reader says what its type is really called. */
static const struct object *read_column(
	struct judge *jg, struct reader *r, struct slice text, struct err *err)
{
	struct source *src = ARENA_NEW(jg->arena, struct source);
	struct script s;

	source_init(src, jg->arena, "belay.yml",
		arena_printf(
			jg->arena, "CREATE TABLE belay_policy (%.*s)", SLICE(key_apart(jg, text))));
	if (!script_read(jg->in->engine, r, jg->arena, src, 0, src->text.len, &s, err))
		return NULL;
	if (s.n == 1 && s.at[0].state == STATEMENT_READ && s.at[0].nchanges == 1 &&
		s.at[0].changes[0].def)
		for (size_t i = 0; i < s.at[0].changes[0].def->nparts; i++)
			if (s.at[0].changes[0].def->parts[i]->type == OBJECT_COLUMN)
				return s.at[0].changes[0].def->parts[i];
	return NULL;
}

static bool prepare_columns(struct judge *jg, struct reader *r, const struct policy *p,
	struct prepared *out, struct err *err)
{
	out->columns = ARENA_ARRAY(jg->arena, p->ncolumns + 1, struct wanted_column);
	for (size_t i = 0; i < p->ncolumns; i++) {
		const struct object *c = read_column(jg, r, p->columns[i].text, err);

		if (!c || !c->table) {
			err_set(err, ERR_INPUT,
				"\"%.*s\" is no column as %s writes it in CREATE TABLE",
				SLICE(p->columns[i].text), jg->in->engine->title);
			return err_span(err, p->columns[i].at);
		}
		out->columns[i].column = c;
		for (size_t k = 0; k < c->table->nparts; k++)
			if (is_foreign_key(c->table->parts[k]))
				out->columns[i].key = c->table->parts[k];
	}
	return true;
}

/* numeric(10,2)[] → numeric, timestamp(3) without time zone → timestamp without time zone */
struct slice plain_type(struct arena *a, struct slice type)
{
	size_t open, close;

	while (slice_ends(type, "[]"))
		type.len -= 2;
	open = slice_chr(type, '(');
	close = slice_chr(type, ')');
	if (open == SIZE_MAX || close == SIZE_MAX || close < open)
		return slice_trim(type);
	if (close + 1 == type.len)
		return slice_trim(slice_n(type.at, open));
	return arena_printf(
		a, "%.*s%.*s", SLICE(slice_n(type.at, open)), SLICE(slice_from(type, close + 1)));
}

static bool prepare_types(struct judge *jg, struct reader *r, const struct policy *p,
	struct prepared *out, struct err *err)
{
	for (size_t i = 0; p->forbid_types && p->forbid_types[i]; i++) {
		const struct object *c = read_column(
			jg, r, arena_printf(jg->arena, "c %s", p->forbid_types[i]), err);

		if (!c) {
			err_set(err, ERR_INPUT, "\"%s\" is no type of %s", p->forbid_types[i],
				jg->in->engine->title);
			return err_span(err, p->at);
		}
		names_add(jg->arena, &out->types, plain_type(jg->arena, c->column.type));
	}
	return true;
}

bool policies_prepare(struct judge *jg, struct err *err)
{
	const struct judge_input *in = jg->in;
	struct reader_options ro = {.dialect = in->engine->dialect, .version = in->version};
	struct reader *r;
	bool ok = true;

	if (in->npolicies == 0)
		return true;
	jg->policies = ARENA_ARRAY(jg->arena, in->npolicies, struct prepared);
	if (!in->engine->reader_open(&r, &ro, err))
		return false;
	for (size_t i = 0; ok && i < in->npolicies; i++)
		ok = prepare_columns(jg, r, &in->policies[i], &jg->policies[i], err) &&
		     prepare_types(jg, r, &in->policies[i], &jg->policies[i], err);
	in->engine->reader_close(r);
	return ok;
}

/* ---- Sizes ---- */

/* Rules whose harm is how long something takes: on a table of a few rows there is none. */
static const char *const by_size[] = {"index-not-concurrent", "reindex-not-concurrent",
	"index-in-exclusive-tx", "add-column-volatile-default", "add-column-expression-default",
	"add-column-serial", "add-column-identity", "add-column-stored-generated",
	"add-column-checked-domain", "add-column-inline-unique", "add-column-inline-check",
	"column-type-rewrite", "column-type-reindex", "column-type-recheck", "mysql-column-copy",
	"charset-collation-change", "set-not-null-scan", "add-fk-validated", "add-fk-copy",
	"add-check-validated", "add-unique", "add-primary-key", "pk-index-nullable",
	"add-exclusion", "validate-in-same-tx", "attach-partition-scan", "default-partition-scan",
	"refresh-matview", "vacuum-full", "cluster-table", "set-logged", "set-tablespace",
	"set-access-method", "update-no-where", "unbatched-backfill", "ddl-and-backfill-tx",
	"work-under-exclusive-lock", "domain-constraint-scan", "table-copied"};

bool grows_with_the_table(const struct rule *r)
{
	for (size_t i = 0; i < sizeof by_size / sizeof *by_size; i++)
		if (strcmp(by_size[i], r->id) == 0)
			return true;
	return false;
}

/* The next part of schema.table.column, unquoted. */
static bool next_part(struct arena *a, struct slice *rest, struct slice *part)
{
	struct buf b = {0};
	size_t i = 0;
	char quote;

	if (slice_empty(*rest))
		return false;
	quote = rest->at[0] == '"' || rest->at[0] == '`' ? rest->at[0] : 0;
	for (i = quote ? 1 : 0; i < rest->len; i++) {
		if (quote && rest->at[i] == quote) {
			if (i + 1 < rest->len && rest->at[i + 1] == quote)
				i++;
			else
				quote = 0;
			if (!quote)
				continue;
		} else if (!quote && rest->at[i] == '.') {
			break;
		}
		buf_addc(&b, rest->at[i]);
	}
	*rest = slice_from(*rest, i + 1 < rest->len ? i + 1 : rest->len);
	*part = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return true;
}

enum size_class policy_size(const struct judge *jg, const struct finding *f)
{
	const struct judge_input *in = jg->in;
	struct slice rest = f->object, first = SLICE_NONE, second = SLICE_NONE;
	struct arena a = {0};
	enum size_class size = SIZE_NOT_SAID;

	if (in->npolicies == 0 || slice_empty(f->object) || !grows_with_the_table(f->rule))
		return SIZE_NOT_SAID;
	next_part(&a, &rest, &first);
	next_part(&a, &rest, &second);
	for (size_t i = 0; i < in->npolicies; i++) {
		const struct policy *p = &in->policies[i];

		if (p->size == SIZE_NOT_SAID || !policy_on_path(p, f->file))
			continue;
		/* MySQL's names may be table.column as well as database.table. */
		if (policy_on_table(&a, p, (struct name){first, second}) ||
			((slice_empty(second) || dialect_is_mysql(in->engine->dialect)) &&
				policy_on_table(&a, p, (struct name){SLICE_NONE, first})))
			size = p->size;
	}
	arena_done(&a);
	return size;
}
