/* batched.c - reads what a statement in batches is made of. */
#include "sql/batched_internal.h"

enum { MOST_ROWS = 1000000 };

static const struct directive *directive_of(const struct statement *st)
{
	for (size_t i = 0; i < st->ndirectives; i++)
		if (slice_iis(st->directives[i].name, "batched"))
			return &st->directives[i];
	return NULL;
}

bool batched_is_asked(const struct statement *st)
{
	return directive_of(st) != NULL;
}

/* ---- The directive ---- */

static bool read_size(struct slice text, int *out)
{
	unsigned long long n;

	if (!slice_u64(text, &n) || n == 0 || n > MOST_ROWS)
		return false;
	*out = (int)n;
	return true;
}

static bool read_key(struct arena *a, struct slice text, struct names *out)
{
	struct slice word;

	while (slice_next(&text, ',', &word)) {
		if (slice_trim(word).len == 0)
			return false;
		names_add(a, out, slice_trim(word));
	}
	return out->n > 0;
}

static bool read_left(struct slice text, enum batched_left *out)
{
	static const char *const words[] = {"say", "stop", "again", "ignore"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(text, words[i])) {
			*out = (enum batched_left)i;
			return true;
		}
	return false;
}

static bool read_words(
	struct batched *out, struct arena *a, const struct directive *d, struct err *err)
{
	struct slice rest = d->args, word;

	while (slice_next(&rest, ' ', &word)) {
		word = slice_trim(word);
		if (word.len == 0 || slice_is(word, "size=auto"))
			continue;
		if (slice_starts(word, "size=") && read_size(slice_from(word, 5), &out->size))
			continue;
		if (slice_starts(word, "key=") && read_key(a, slice_from(word, 4), &out->key))
			continue;
		if (slice_starts(word, "left=") && read_left(slice_from(word, 5), &out->left))
			continue;
		err_set(err, ERR_INPUT,
			"belay:batched wants size=N (1 to %d rows, or auto), key=COLUMN,… and "
			"left=say, stop, again or ignore, not \"%.*s\"",
			MOST_ROWS, SLICE(word));
		return err_span(err, d->span);
	}
	return true;
}

/* ---- The statement ---- */

void batched_tokens(struct reading_tokens *r)
{
	struct lexer l;
	struct token t;
	size_t n = 0;

	lexer_init(&l, r->dialect, r->sql);
	do {
		t = lexer_next(&l);
		*ARENA_PUSH(r->arena, r->at, n) = t;
	} while (t.kind != TOKEN_END);
	r->n = n - 1;
}

struct token batched_here(const struct reading_tokens *r)
{
	return r->at[r->i < r->n ? r->i : r->n];
}

bool batched_take(struct reading_tokens *r, const char *word)
{
	if (!token_is(batched_here(r), word))
		return false;
	r->i++;
	return true;
}

bool batched_is_name(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
}

struct slice batched_value(const struct reading_tokens *r, struct token t)
{
	return token_value(r->arena, r->dialect, t);
}

bool batched_table(struct reading_tokens *r, struct name *out)
{
	if (!batched_is_name(batched_here(r)))
		return false;
	*out = (struct name){.name = batched_value(r, batched_here(r))};
	r->i++;
	while (token_punct(batched_here(r), ".") && batched_is_name(r->at[r->i + 1])) {
		out->schema = out->name;
		out->name = batched_value(r, r->at[r->i + 1]);
		r->i += 2;
	}
	return true;
}

static bool ends_relation(struct token t)
{
	static const char *const words[] = {"SET", "WHERE", "USING", "RETURNING", "FROM", "ORDER",
		"LIMIT", "INDEXED", "NOT", "ON", "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "FULL",
		"NATURAL", "GROUP", "HAVING", "UNION", "INTERSECT", "EXCEPT", "WINDOW", "FETCH",
		"OFFSET", "FOR"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(t, words[i]))
			return true;
	return !batched_is_name(t);
}

struct slice batched_text(const struct reading_tokens *r, size_t from, size_t to)
{
	size_t off = r->at[from].off, end = r->at[to - 1].off + r->at[to - 1].text.len;

	return slice_sub(r->sql, off, end - off);
}

/* [ONLY] name [*] [[AS] alias] */
bool batched_relation(struct reading_tokens *r, struct batched *out)
{
	size_t from = r->i;

	if (r->dialect == DIALECT_POSTGRES)
		batched_take(r, "ONLY");
	if (!batched_table(r, &out->table))
		return false;
	out->alias = r->at[r->i - 1].text;
	if (token_punct(batched_here(r), "*"))
		r->i++;
	if (batched_take(r, "AS")) {
		if (!batched_is_name(batched_here(r)))
			return false;
		out->alias = batched_here(r).text;
		r->i++;
	} else if (!ends_relation(batched_here(r))) {
		out->alias = batched_here(r).text;
		r->i++;
	}
	out->relation = batched_text(r, from, r->i);
	return true;
}

/* A clause at the statement's own level that looks beyond the row. */
static const char *clause_at(const struct reading_tokens *r, size_t i, bool behind_where)
{
	static const struct {
		const char *word, *reason;
		bool before_where;
	} clauses[] = {{"FROM", "it joins other tables (FROM): write them as a subquery", true},
		{"USING", "it joins other tables (USING): write them as a subquery", true},
		{"RETURNING", "it returns rows (RETURNING)", false},
		{"ORDER", "it has an order (ORDER BY)", false},
		{"LIMIT", "it has a LIMIT: the batches are the limit", false},
		{"INDEXED", "it names an index (INDEXED BY)", true}};

	for (size_t k = 0; k < sizeof clauses / sizeof *clauses; k++) {
		if (!token_is(r->at[i], clauses[k].word))
			continue;
		if (clauses[k].before_where &&
			(behind_where || (i && token_is(r->at[i - 1], "DISTINCT"))))
			continue;
		return clauses[k].reason;
	}
	if (token_is(r->at[i], "CURRENT") && token_is(r->at[i + 1], "OF"))
		return "it follows a cursor (CURRENT OF)";
	return NULL;
}

size_t batched_close(const struct reading_tokens *r, size_t i)
{
	int depth = 0;

	for (; i < r->n; i++) {
		if (token_punct(r->at[i], "(") || token_punct(r->at[i], "["))
			depth++;
		else if ((token_punct(r->at[i], ")") || token_punct(r->at[i], "]")) && --depth == 0)
			return i;
	}
	return r->n;
}

/* FROM the_table in a subquery: a later batch would see what earlier ones did. */
bool batched_reads(const struct reading_tokens *r, size_t i, struct slice table)
{
	size_t k = i;

	if (!token_is(r->at[i], "FROM") && !token_is(r->at[i], "JOIN"))
		return false;
	k++;
	while (token_is(r->at[k], "ONLY") || token_punct(r->at[k], "("))
		k++;
	while (batched_is_name(r->at[k]) && token_punct(r->at[k + 1], "."))
		k += 2;
	return batched_is_name(r->at[k]) && slice_ieq(batched_value(r, r->at[k]), table);
}

/* Walks over the rest; *where is the index of the word WHERE, or r->n. */
static const char *read_rest(struct reading_tokens *r, const struct batched *b, size_t *where)
{
	int depth = 0;

	*where = r->n;
	for (; r->i < r->n; r->i++) {
		struct token t = batched_here(r);
		const char *reason;

		if (t.kind == TOKEN_BAD)
			return "it is not understood";
		if (token_punct(t, "(") || token_punct(t, "["))
			depth++;
		else if (token_punct(t, ")") || token_punct(t, "]"))
			depth--;
		if (depth > 0) {
			if (batched_reads(r, r->i, b->table.name))
				return "it reads its own table in a subquery, where later batches "
				       "would see what earlier ones did";
			continue;
		}
		if (*where == r->n && token_is(t, "WHERE")) {
			*where = r->i;
			continue;
		}
		reason = clause_at(r, r->i, *where != r->n);
		if (reason)
			return reason;
	}
	return NULL;
}

const char *batched_read_change(struct reading_tokens *r, struct batched *out)
{
	const char *reason;
	size_t where;

	if (batched_take(r, "DELETE")) {
		out->deletes = true;
		if (!batched_take(r, "FROM"))
			return "it is not DELETE FROM a table";
	} else if (!batched_take(r, "UPDATE")) {
		return "only UPDATE, DELETE and INSERT … SELECT of one table can be cut into "
		       "batches";
	}
	if (token_is(batched_here(r), "OR"))
		return "it says what to do about conflicts (UPDATE OR …)";
	if (!batched_relation(r, out) || (!out->deletes && !token_is(batched_here(r), "SET")))
		return "it is not UPDATE table SET … or DELETE FROM table …";
	reason = read_rest(r, out, &where);
	if (reason)
		return reason;
	out->head = batched_text(r, 0, where);
	if (where + 1 < r->n)
		out->where = batched_text(r, where + 1, r->n);
	return NULL;
}

static struct name last_name(const struct reading_tokens *r, size_t from, size_t to)
{
	struct name n = {0};

	for (size_t i = from; i < to; i++)
		if (batched_is_name(r->at[i]) && !token_punct(r->at[i + 1], "."))
			n.name = batched_value(r, r->at[i]);
	return n;
}

/* Does WHERE look at what SET changes? Then a row that is done does not match any more, as a rule.
 */
static bool looks_at_changed(struct arena *a, enum dialect d, const struct batched *b)
{
	struct reading_tokens r = {.arena = a, .dialect = d, .sql = b->where};

	batched_tokens(&r);
	for (size_t i = 0; i < r.n; i++)
		for (size_t k = 0; batched_is_name(r.at[i]) && k < b->sets.n; k++)
			if (slice_ieq(last_name(&r, i, i + 1).name, b->sets.at[k]))
				return true;
	return false;
}

#define ONLY_THESE "only UPDATE, DELETE and INSERT … SELECT of one table can be cut into batches"

static const char *read_any(
	struct reading_tokens *r, struct batched *out, const struct statement *st)
{
	const struct change *c = st->changes;

	if (st->state == STATEMENT_READ && st->nchanges == 1 &&
		(c->kind == CHANGE_UPDATE || c->kind == CHANGE_DELETE)) {
		out->sets = c->list;
		return batched_read_change(r, out);
	}
	if (st->state == STATEMENT_READ && st->nchanges == 1 && c->kind == CHANGE_INSERT)
		return batched_read_insert(r, out);
	if (token_is(batched_here(r), "DO"))
		return batched_read_loop(r, out);
	return ONLY_THESE;
}

bool batched_read(struct batched *out, struct arena *a, enum dialect d, const struct statement *st,
	struct slice sql, struct err *err)
{
	struct reading_tokens r = {.arena = a, .dialect = d, .sql = sql};
	const char *reason;

	*out = (struct batched){0};
	if (!read_words(out, a, directive_of(st), err))
		return false;
	batched_tokens(&r);
	reason = read_any(&r, out, st);
	if (!reason) {
		out->falsifies = out->deletes || (!out->inserts && looks_at_changed(a, d, out));
		return true;
	}
	err_set(err, ERR_INPUT, "this statement cannot run in batches: %s", reason);
	err_hint(err, "Nothing was run. Take the line belay:batched away and it runs as it is, or "
		      "write it so that each row can be judged by itself.");
	return err_span(err, st->span);
}

bool batched_rows(struct batched *out, struct arena *a, enum dialect d, const struct statement *st,
	struct slice sql)
{
	struct reading_tokens r = {.arena = a, .dialect = d, .sql = sql};
	const struct change *c = st->changes;

	*out = (struct batched){0};
	if (st->state != STATEMENT_READ || st->nchanges != 1 ||
		(c->kind != CHANGE_UPDATE && c->kind != CHANGE_DELETE))
		return false;
	batched_tokens(&r);
	return !read_any(&r, out, st);
}
