/* rules_guide.c - what field guides for migrations call dangerous, beyond locks and losses: data
 * that is not idempotent, a table thrown away and made anew, too much at once, no word of
 * explanation, values of one environment, secrets. docs/guides.md holds the guides' own cases. */
#include "lint/internal.h"
#include "sql/directive.h"
#include "sql/redact.h"
#include "sql/token.h"

#include <stdint.h>
#include <stdlib.h>

/* ---- data-not-idempotent ---- */

/* A guard anywhere in the statement: NOT EXISTS, EXCEPT, an anti-join. */
static bool is_guarded(const struct judged *j, const struct change *c)
{
	static const char *const guards[] = {
		"not exists", "except", "is null", "not in", "on conflict", "on duplicate"};
	const struct slice text = j->statement->text;

	if (c->flags & (CHANGE_ON_CONFLICT | CHANGE_GUARDED))
		return true;
	for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
		if (slice_ifind(text, slice_of(guards[i])) != SIZE_MAX)
			return true;
	return false;
}

/* SET n = n + 1, SET s = s || 'x': what was set is part of what it is set to. */
static bool counts_on(struct judged *j)
{
	struct lexer l;
	struct token name = {0}, t;
	bool set = false;

	lexer_init(&l, j->dialect, j->statement->text);
	for (t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		struct token next;

		if (token_is(t, "where") || token_is(t, "from"))
			set = false;
		set = set || token_is(t, "set");
		if (!set || (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)) {
			continue;
		}
		name = t;
		next = lexer_peek(&l);
		if (!token_punct(next, "="))
			continue;
		lexer_next(&l);
		t = lexer_next(&l);
		while (token_punct(lexer_peek(&l), ".")) { /* users.n */
			lexer_next(&l);
			t = lexer_next(&l);
		}
		next = lexer_peek(&l);
		if (slice_ieq(t.text, name.text) && next.kind == TOKEN_PUNCT &&
			strchr("+-*/|", next.text.at[0]))
			return true;
	}
	return false;
}

static void check_idempotent(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;
		bool insert = c->kind == CHANGE_INSERT && !is_guarded(j, c);
		bool update =
			c->kind == CHANGE_UPDATE && !(c->flags & CHANGE_GUARDED) && counts_on(j);

		/* A table made in the same transaction is not there when it runs again. */
		if ((!insert && !update) || j->effect->rerun == RERUN_SAME ||
			!existed_before(j, c, OBJECT_NONE, &n, &t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			insert ? "run a second time, this adds the rows to %.*s again, or fails"
			       : "run a second time, this changes the rows of %.*s once more",
			SLICE(n.name));
	}
}

const struct rule rule_data_not_idempotent = {
	.id = "data-not-idempotent",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "a second run adds the rows again, or changes them once more",
	.why = "A migration that failed half way, or was recorded in one place and not in another, "
	       "is "
	       "run again. In one transaction with its record that cannot happen; outside of one "
	       "it "
	       "does, and then rows are there twice.",
	.safe = "INSERT … ON CONFLICT DO NOTHING (MySQL: ON DUPLICATE KEY UPDATE, SQLite: OR "
		"IGNORE), or "
		"WHERE NOT EXISTS; SET to a value, not to the old one plus something.",
	.doc = "https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT",
	.setup = "CREATE TABLE plans (id bigint PRIMARY KEY, name text UNIQUE);",
	.bad = "BEGIN; INSERT INTO plans (id, name) VALUES (1, 'free'); COMMIT;",
	.good = "BEGIN; INSERT INTO plans (id, name) VALUES (1, 'free') ON CONFLICT DO NOTHING; "
		"COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_idempotent,
};

/* ---- drop-and-recreate ---- */

/* How many statements before and behind are looked at: what belongs together stands together, and a
 * file of a hundred thousand statements is not walked for each of them. */
enum { FAR = 400 };

/* The place of the statement being judged in its script. */
static size_t here(const struct judged *j)
{
	return j->statement->index - j->judge->unit->script.at[0].index;
}

static size_t near_begin(const struct judged *j)
{
	return here(j) > FAR ? here(j) - FAR : 0;
}

static size_t near_end(const struct judged *j)
{
	size_t n = j->judge->unit->script.n;

	return n - here(j) > FAR ? here(j) + FAR : n;
}

/* Were the rows of that table copied away earlier in this script? */
static bool was_copied(struct judged *j, struct slice table)
{
	const struct script *s = &j->judge->unit->script;

	for (size_t i = near_begin(j); i < here(j); i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *c = &s->at[i].changes[k];

			if (c->kind != CHANGE_INSERT && c->kind != CHANGE_CREATE_TABLE_AS &&
				c->kind != CHANGE_UPDATE)
				continue;
			for (size_t n = 0; n < c->reads.n; n++) {
				struct slice read = c->reads.at[n];
				size_t dot = slice_chr(read, '.');

				if (slice_ieq(dot == SIZE_MAX ? read : slice_from(read, dot + 1),
					    table))
					return true;
			}
		}
	return false;
}

static bool same_object(const struct change *a, const struct change *b)
{
	return slice_ieq(a->target.name, b->target.name) &&
	       (slice_empty(a->target.schema) || slice_empty(b->target.schema) ||
		       slice_ieq(a->target.schema, b->target.schema));
}

/* The change further down, or further right in this statement, that makes again what `c` drops. */
static bool made_again(struct judged *j, const struct change *c)
{
	const struct script *s = &j->judge->unit->script;
	bool column = c->kind == CHANGE_DROP_COLUMN;

	for (size_t i = here(j); i < near_end(j); i++) {
		for (size_t k = 0; k < s->at[i].nchanges; k++) {
			const struct change *m = &s->at[i].changes[k];

			if (m->kind != (column ? CHANGE_ADD_COLUMN : CHANGE_CREATE_TABLE) ||
				(m->flags & CHANGE_TEMPORARY) || !same_object(c, m) ||
				(column && !slice_ieq(c->name, m->name)))
				continue;
			if (s->at[i].index > j->statement->index || m > c)
				return true;
		}
	}
	return false;
}

/* Did an UPDATE of this script fill another column of the table before, from this one? Then the
 * values are kept. */
static bool was_moved(struct judged *j, const struct change *c)
{
	const struct script *s = &j->judge->unit->script;

	for (size_t i = near_begin(j); i < here(j); i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (s->at[i].changes[k].kind == CHANGE_UPDATE &&
				same_object(c, &s->at[i].changes[k]) &&
				slice_ifind(s->at[i].text, c->name) != SIZE_MAX)
				return true;
	return false;
}

static void check_recreate(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		bool table = c->kind == CHANGE_DROP_TABLE, column = c->kind == CHANGE_DROP_COLUMN;
		const struct object *t;
		struct finding *f;
		struct name n;

		if ((!table && !column) || (c->flags & CHANGE_INNER) || !made_again(j, c) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) || was_copied(j, n.name) ||
			(column && was_moved(j, c)))
			continue;
		/* A left-over that may be there: drop-table says what there is to say. */
		if (!t && (c->flags & CHANGE_IF_EXISTS))
			continue;
		if (table)
			f = on_change(j, r, c, shown(j, n, SLICE_NONE),
				"%.*s is dropped with its rows and made anew, empty",
				SLICE(n.name));
		else
			f = on_change(j, r, c, shown(j, n, c->name),
				"column %.*s is dropped with its values and added anew, without "
				"them",
				SLICE(c->name));
		if (!t) {
			f->certain = false;
			names_add(j->arena, &f->needs,
				arena_printf(j->arena, "whether %.*s is there", SLICE(n.name)));
		}
	}
}

const struct rule rule_drop_and_recreate = {
	.id = "drop-and-recreate",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_DROP) | RULE_CLASS(CLASS_ALTER),
	.says = "a table or column is dropped and made anew: what was in it is gone",
	.why = "Dropping and making it again is the shortest way to another shape, and the one "
	       "that loses "
	       "every row (or value). Grants, triggers and foreign keys that pointed there go too.",
	.safe = "ALTER it; or make the new one beside it, copy, and swap the names.",
	.doc = "https://www.postgresql.org/docs/current/ddl-alter.html",
	.setup = "CREATE TABLE tasks (id bigint PRIMARY KEY, title text);",
	.bad = "DROP TABLE tasks; CREATE TABLE tasks (id bigint PRIMARY KEY, title text, priority "
	       "text);",
	.good = "ALTER TABLE tasks ADD COLUMN priority text DEFAULT 'medium';",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_recreate,
	.hides = (const char *const[]){"drop-table", "drop-column", NULL},
};

/* ---- too-much-in-one-migration ---- */

enum { MOST_TABLES = 32, TOO_MANY = 4 };

/* The tables of a script; those that belong together (a foreign key, a copy) have one group. */
struct subjects {
	struct name table[MOST_TABLES];
	size_t group[MOST_TABLES];
	size_t n;
};

static size_t subject(struct subjects *s, struct name n)
{
	for (size_t i = 0; i < s->n; i++)
		if (slice_ieq(s->table[i].name, n.name))
			return i;
	if (s->n == MOST_TABLES)
		return MOST_TABLES - 1;
	s->table[s->n] = n;
	s->group[s->n] = s->n;
	return s->n++;
}

static void join(struct subjects *s, size_t a, size_t b)
{
	size_t from = s->group[b], to = s->group[a];

	for (size_t i = 0; i < s->n; i++)
		if (s->group[i] == from)
			s->group[i] = to;
}

static void join_keys(struct subjects *s, const struct change *c, size_t table)
{
	const struct object *d = c->def;

	if (d && d->type == OBJECT_CONSTRAINT && d->constraint.ref_table.name.len)
		join(s, table, subject(s, d->constraint.ref_table));
	for (size_t i = 0; d && i < d->nparts; i++)
		if (d->parts[i]->type == OBJECT_CONSTRAINT &&
			d->parts[i]->constraint.ref_table.name.len)
			join(s, table, subject(s, d->parts[i]->constraint.ref_table));
	for (size_t i = 0; i < c->reads.n; i++) {
		size_t dot = slice_chr(c->reads.at[i], '.');
		struct slice name =
			dot == SIZE_MAX ? c->reads.at[i] : slice_from(c->reads.at[i], dot + 1);

		join(s, table, subject(s, (struct name){SLICE_NONE, name}));
	}
}

static void add_subject(struct subjects *s, const struct change *c)
{
	size_t i;

	if (c->kind != CHANGE_CREATE_TABLE && c->kind != CHANGE_CREATE_TABLE_AS &&
		c->kind != CHANGE_DROP_TABLE && c->kind != CHANGE_RENAME_TABLE &&
		(change_class_of(c->kind) != CLASS_ALTER || c->type != OBJECT_TABLE) &&
		c->kind != CHANGE_ADD_COLUMN && c->kind != CHANGE_DROP_COLUMN &&
		c->kind != CHANGE_ADD_CONSTRAINT && c->kind != CHANGE_ALTER_TYPE &&
		c->kind != CHANGE_MODIFY_COLUMN)
		return;
	i = subject(s, c->target);
	if (c->kind == CHANGE_RENAME_TABLE && c->other.name.len)
		join(s, i, subject(s, c->other));
	join_keys(s, c, i);
}

static size_t groups(const struct subjects *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->group[i] == i;
	return n;
}

/* The first migration of a project makes whatever there is to make. */
static bool is_first(const struct judged *j)
{
	return j->project && j->migration && j->project->nmigrations &&
	       j->migration == &j->project->migrations[0];
}

static void after_too_much(const struct rule *r, struct judged *j)
{
	const struct script *s = &j->judge->unit->script;
	struct subjects v = {.n = 0};

	if (is_first(j) || s->n == 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			add_subject(&v, &s->at[i].changes[k]);
	if (groups(&v) < TOO_MANY)
		return;
	j->statement = &s->at[0];
	finding_add(j, r, s->at[0].span, SLICE_NONE,
		"%zu groups of tables that have nothing to do with each other are changed in one "
		"migration",
		groups(&v));
	j->statement = NULL;
}

const struct rule rule_too_much_in_one_migration = {
	.id = "too-much-in-one-migration",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_ALL,
	.says = "one migration changes four or more things that are not connected",
	.why = "When one of them fails or has to be taken back, all the others go with it; and in "
	       "one "
	       "transaction every table stays locked until the last is done. Tables that refer to "
	       "each "
	       "other, or are copied from one to the other, count as one thing; so does a "
	       "project's "
	       "first migration.",
	.safe = "One logical change in each migration.",
	.doc = "https://www.postgresql.org/docs/current/explicit-locking.html",
	.setup =
		"CREATE TABLE a (id int); CREATE TABLE b (id int, a int); CREATE TABLE c (id int);",
	.bad = "ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; ALTER TABLE c ADD "
	       "COLUMN x "
	       "int; CREATE TABLE d (id int);",
	.good = "ALTER TABLE b ADD COLUMN x int;",
	.example_dialect = DIALECT_POSTGRES,
	.after = after_too_much,
};

/* ---- missing-description ---- */

/* A comment line that says something: no directive, no mark of a layout (-- UP, -- migrate:up,
 * +goose). */
static bool says_something(struct slice line)
{
	struct slice s = slice_trim(line);
	size_t words = 0, letters = 0;

	while (s.len && strchr("-/*# \t", s.at[0]))
		s = slice_from(s, 1);
	if (slice_istarts(s, "belay:") || slice_istarts(s, "migrate:") ||
		slice_starts(s, "+goose") || slice_istarts(s, "squawk-") ||
		slice_istarts(s, "atlas:"))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool letter = (s.at[i] | 0x20) >= 'a' && (s.at[i] | 0x20) <= 'z';

		letters += letter || (unsigned char)s.at[i] >= 0x80;
		words += letter && (i == 0 || s.at[i - 1] == ' ');
	}
	return words >= 2 && letters >= 6;
}

static void after_description(const struct rule *r, struct judged *j)
{
	const struct unit *u = j->judge->unit;
	struct slice head, line;

	if (!u->src || u->script.n == 0)
		return;
	head = slice_sub(u->src->text, 0, u->script.at[0].span.off);
	while (slice_line(&head, &line))
		if (says_something(line))
			return;
	j->statement = &u->script.at[0];
	finding_add(
		j, r, u->script.at[0].span, SLICE_NONE, "nothing says what this migration is for");
	j->statement = NULL;
}

const struct rule rule_missing_description = {
	.id = "missing-description",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_ALL,
	.says = "no comment at the top says what the migration is for",
	.why = "Whoever has to decide at night whether it may be taken back reads the file, not "
	       "the pull "
	       "request.",
	.safe = "A comment before the first statement: what changes and why, what must be deployed "
		"first.",
	.doc = "https://www.postgresql.org/docs/current/"
	       "sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS",
	.setup = "",
	.bad = "CREATE TABLE orders (id bigint PRIMARY KEY);",
	.good = "-- Orders of the new shop, filled by the importer\nCREATE TABLE orders (id bigint "
		"PRIMARY "
		"KEY);",
	.example_dialect = DIALECT_POSTGRES,
	.after = after_description,
};

/* ---- hard-coded-environment ---- */

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

static bool is_environment(struct slice word)
{
	static const char *const words[] = {"prod", "production", "prd", "staging", "stage", "stg",
		"uat", "preprod", "qa", "dev", "development"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_iis(word, words[i]))
			return true;
	return false;
}

/* db-prod.internal, api.staging.example.com: a label, or a part of one between dashes, that names
 * an environment; or a name that only one network knows. */
static bool is_of_one_environment(struct slice host)
{
	static const char *const inside[] = {".internal", ".local", ".lan", ".corp", ".intranet",
		".rds.amazonaws.com", ".cache.amazonaws.com"};
	struct slice rest = host, label, part;
	size_t labels = 0;

	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		if (host.len > strlen(inside[i]) && slice_ends(host, inside[i]))
			return true;
	while (slice_next(&rest, '.', &label)) {
		bool last = !rest.at;

		labels++;
		/* The top-level domain .dev is no environment. */
		if (last && labels > 1)
			break;
		while (slice_next(&label, '-', &part))
			if (is_environment(part))
				return true;
	}
	return false;
}

/* 10.x, 172.16 to 172.31, 192.168.x */
static bool is_private_address(struct slice host)
{
	unsigned long long part[4];
	struct slice rest = host, one;
	size_t n = 0;

	while (n < 4 && slice_next(&rest, '.', &one))
		if (!slice_u64(one, &part[n]) || part[n++] > 255)
			return false;
	if (n != 4 || rest.at)
		return false;
	return part[0] == 10 || (part[0] == 172 && part[1] >= 16 && part[1] <= 31) ||
	       (part[0] == 192 && part[1] == 168);
}

/* The host of the URL whose :// is at `at`; or the whole text when it is a host alone. */
static struct slice host_of(struct slice text, size_t at)
{
	struct slice rest = slice_from(text, at);
	size_t n = 0, user = 0;

	while (n < rest.len && !strchr("/?# '\"", rest.at[n]))
		n++;
	for (size_t i = 0; i < n; i++)
		if (rest.at[i] == '@')
			user = i + 1;
	rest = slice_sub(rest, user, n - user);
	n = 0;
	while (n < rest.len && is_host_char(rest.at[n]))
		n++;
	return slice_n(rest.at, n);
}

/* The first host in a string that belongs to one environment alone; empty if there is none. */
static struct slice foreign_host(struct slice s)
{
	struct slice rest = s, host;
	size_t done = 0, at;

	while ((at = slice_find(slice_from(rest, done), SL("://"))) != SIZE_MAX) {
		host = host_of(rest, done + at + 3);
		if (is_of_one_environment(host) || is_private_address(host))
			return host;
		done += at + 3;
	}
	host = host_of(s, 0);
	if (host.len == s.len && slice_chr(s, '.') != SIZE_MAX &&
		(is_private_address(host) || (is_of_one_environment(host) &&
						     !slice_u64(host, &(unsigned long long){0}))))
		return host;
	return SLICE_NONE;
}

/* current_database() = 'shop_production' and its like: the migration asks where it is. */
static bool asks_where(struct lexer *l, struct token t)
{
	struct lexer look = *l;

	if (!token_is(t, "current_database") && !token_is(t, "inet_server_addr"))
		return false;
	if (!token_punct(lexer_next(&look), "(") || !token_punct(lexer_next(&look), ")"))
		return false;
	t = lexer_next(&look);
	return token_punct(t, "=") || token_punct(t, "<>") || token_punct(t, "!=") ||
	       token_is(t, "in") || token_is(t, "like");
}

static void report_text(const struct rule *r, struct judged *j, struct slice where, const char *fmt,
	struct slice what) __attribute__((format(printf, 4, 0)));

static void report_text(const struct rule *r, struct judged *j, struct slice where, const char *fmt,
	struct slice what)
{
	const struct statement *st = j->statement;
	struct span at = st->span;

	if (where.at >= st->text.at && where.at < st->text.at + st->text.len) {
		at.off += (size_t)(where.at - st->text.at);
		at.len = where.len;
	}
	finding_add(
		j, r, at, SLICE_NONE, "%s", arena_printf(j->arena, "%s%.*s", fmt, SLICE(what)).at);
}

/* Bodies are strings to the lexer: what stands in them is looked at too. */
static bool look_for_environment(
	const struct rule *r, struct judged *j, struct slice text, int depth)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, j->dialect, text);
	for (t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		struct slice inner = t.text, host;

		if (asks_where(&l, t)) {
			report_text(r, j, t.text,
				"what it does depends on which database it runs in", SLICE_NONE);
			return true;
		}
		if (t.kind != TOKEN_STRING)
			continue;
		if (t.text.at[0] == '$' && depth < 2) {
			size_t tag = slice_chr(slice_from(t.text, 1), '$');

			if (tag != SIZE_MAX && t.text.len > 2 * (tag + 2) &&
				look_for_environment(r, j,
					slice_sub(t.text, tag + 2, t.text.len - 2 * (tag + 2)),
					depth + 1))
				return true;
			continue;
		}
		if (inner.len >= 2)
			inner = slice_sub(inner, 1, inner.len - 2);
		host = foreign_host(inner);
		if (host.len) {
			report_text(r, j, host,
				"a value of one environment is written into it: ", host);
			return true;
		}
	}
	return false;
}

/* Values stand in strings, and most statements have none. */
static bool has_string(struct slice text)
{
	return text.len && (memchr(text.at, '\'', text.len) || memchr(text.at, '$', text.len) ||
				   memchr(text.at, '"', text.len));
}

/* A dot between two apostrophes? What makes the count of apostrophes uncertain counts as one. */
static bool may_quote_host(struct slice text)
{
	bool inside = false;

	if (memchr(text.at, '$', text.len) || memchr(text.at, '\\', text.len) ||
		memchr(text.at, '"', text.len) || memchr(text.at, '#', text.len) ||
		slice_find(text, SL("--")) != SIZE_MAX || slice_find(text, SL("/*")) != SIZE_MAX)
		return memchr(text.at, '.', text.len) != NULL;
	for (size_t i = 0, n; i < text.len; i += n + 1, inside = !inside) {
		n = slice_chr(slice_from(text, i), '\'');
		if (n == SIZE_MAX)
			n = text.len - i;
		if (inside && n && memchr(text.at + i, '.', n) &&
			foreign_host(slice_sub(text, i, n)).len)
			return true;
	}
	return false;
}

/* Brackets with nothing but blanks in them, or a comment: f() */
static bool calls_without_arguments(struct slice text)
{
	for (size_t i = 0, n; (n = slice_chr(slice_from(text, i), ')')) != SIZE_MAX; i += n + 1) {
		size_t at = i + n;

		while (at && (unsigned char)text.at[at - 1] <= ' ')
			at--;
		if (at && (text.at[at - 1] == '(' || text.at[at - 1] == '/'))
			return true;
	}
	return false;
}

/* Is there anything that could be it? */
static bool may_name_environment(struct slice text)
{
	return has_string(text) &&
	       (may_quote_host(text) ||
		       (calls_without_arguments(text) &&
			       (slice_ifind(text, SL("current_database")) != SIZE_MAX ||
				       slice_ifind(text, SL("inet_server_addr")) != SIZE_MAX)));
}

static void check_environment(const struct rule *r, struct judged *j)
{
	const struct statement *st = j->statement;

	if (st->state == STATEMENT_SYNTAX || !may_name_environment(st->text))
		return;
	/* A comment on an object may say what it likes. */
	if (st->nchanges && st->changes[0].kind == CHANGE_COMMENT_ON)
		return;
	look_for_environment(r, j, st->text, 0);
}

const struct rule rule_hard_coded_environment = {
	.id = "hard-coded-environment",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.says = "a host, address or database of one environment is written into the migration",
	.why = "The same file runs on a laptop, in CI, in staging and in production. A production "
	       "host in "
	       "it makes a test write to production; a test of the database's name makes "
	       "production run "
	       "something that was never tried.",
	.safe = "A placeholder or a setting that each environment fills in (belay.yml: "
		"placeholders), or a "
		"row that the deployment writes.",
	.doc = "https://www.postgresql.org/docs/current/sql-createserver.html",
	.setup = "CREATE TABLE settings (name text PRIMARY KEY, value text);",
	.bad = "INSERT INTO settings VALUES ('api', 'https://api.prod.example.com/v1') ON CONFLICT "
	       "DO "
	       "NOTHING;",
	.good = "INSERT INTO settings VALUES ('docs', 'https://docs.example.com/') ON CONFLICT DO "
		"NOTHING;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_environment,
};

/* ---- secret-in-migration ---- */

/* What stands behind PASSWORD is a hash, a placeholder or nothing: no secret. */
static bool is_no_secret(struct slice text)
{
	return slice_ifind(text, SL("scram-sha-256$")) != SIZE_MAX ||
	       slice_ifind(text, SL("'md5")) != SIZE_MAX ||
	       slice_ifind(text, SL("password null")) != SIZE_MAX ||
	       slice_ifind(text, SL("password ''")) != SIZE_MAX;
}

/* Something was masked there: a placeholder, whose value comes from elsewhere. */
static bool has_placeholder(const struct statement *st)
{
	return st->raw.len == st->text.len && !slice_eq(st->raw, st->text);
}

/* Statements in which a password is a secret of a server. In those that change rows it may be any
 * word: the name of a column, a key of a document. */
static bool takes_password(const struct statement *st)
{
	static const enum change_kind kinds[] = {CHANGE_CREATE_ROLE, CHANGE_ALTER_ROLE,
		CHANGE_CREATE_SUBSCRIPTION, CHANGE_ALTER_SUBSCRIPTION, CHANGE_CREATE_OTHER,
		CHANGE_ALTER_OTHER, CHANGE_GRANT};

	for (size_t i = 0; i < st->nchanges; i++)
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
			if (st->changes[i].kind == kinds[k])
				return true;
	return false;
}

/* Where the first difference is: what redaction hid. */
static size_t first_difference(struct slice a, struct slice b)
{
	size_t i = 0;

	while (i < a.len && i < b.len && a.at[i] == b.at[i])
		i++;
	return i;
}

/* Offset of the password in the first URL that has one, SIZE_MAX if there is none. */
static size_t password_of_url(struct judged *j, struct slice text)
{
	size_t done = 0, at;

	while ((at = slice_find(slice_from(text, done), SL("://"))) != SIZE_MAX) {
		size_t from = done + at, end = from;
		struct slice url, hidden;

		while (from > 0 && is_host_char(text.at[from - 1]))
			from--;
		while (end < text.len && !strchr(" \t\r\n'\"", text.at[end]))
			end++;
		url = slice_sub(text, from, end - from);
		hidden = redact_url(j->arena, url);
		if (!slice_eq(hidden, url))
			return from + first_difference(hidden, url);
		done = end;
	}
	return SIZE_MAX;
}

/* Offset of the password in a statement, SIZE_MAX if there is none. */
static size_t password_of(struct judged *j)
{
	const struct statement *st = j->statement;
	struct slice hidden;

	if (!takes_password(st))
		return password_of_url(j, st->text);
	hidden = redact_sql(j->arena, j->dialect, st->text);
	if (slice_eq(hidden, st->text) || is_no_secret(st->text))
		return SIZE_MAX;
	return first_difference(hidden, st->text);
}

static void check_secret(const struct rule *r, struct judged *j)
{
	const struct statement *st = j->statement;
	size_t off, len;

	if (!has_string(st->raw))
		return;
	if (redact_find_token(st->raw, 0, &off, &len)) {
		finding_add(j, r, (struct span){st->span.src, st->span.off + off, len}, SLICE_NONE,
			"a key is written into the migration, and stays in the repository's "
			"history");
		return;
	}
	off = has_placeholder(st) ? SIZE_MAX : password_of(j);
	if (off != SIZE_MAX)
		finding_add(j, r, (struct span){st->span.src, st->span.off + off, 1}, SLICE_NONE,
			"a password is written into the migration, and stays in the repository's "
			"history");
}

const struct rule rule_secret_in_migration = {
	.id = "secret-in-migration",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.says = "a password or key is written into the migration",
	.why = "Everybody who can read the repository, its forks and its backups has it, for ever: "
	       "removing "
	       "it in a later commit removes nothing. Servers write the statement into their logs "
	       "too.",
	.safe = "A placeholder whose value the deployment gives (${…}), a hash that was made "
		"elsewhere, or "
		"a role without a password that is given one by hand.",
	.doc = "https://www.postgresql.org/docs/current/sql-createrole.html",
	.setup = "",
	.bad = "CREATE ROLE reporting LOGIN PASSWORD 'hunter22';",
	.good = "CREATE ROLE reporting LOGIN;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_secret,
};
