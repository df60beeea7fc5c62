/* batched_loop.c - the loop of the guides, taken for the statement that it means:
 *
 *	DO $$ DECLARE n int; BEGIN LOOP
 *	  UPDATE t SET … WHERE id IN (SELECT id FROM t WHERE … LIMIT 1000);
 *	  GET DIAGNOSTICS n = ROW_COUNT; EXIT WHEN n = 0; COMMIT; PERFORM pg_sleep(0.1);
 *	END LOOP; END $$
 *
 * Each round changes some of the rows that match, until none does: UPDATE t SET … WHERE …, whose
 *rows do not match any more when they are changed. Whatever else stands in the block is refused. */
#include "sql/batched_internal.h"

#define OTHER "the block does more than change rows in a loop"
#define SHAPE                                                                                          \
	"the loop is not UPDATE or DELETE … WHERE key IN (SELECT key FROM the same table WHERE … " \
	"LIMIT n)"

/* Rounds of the loop end, sleep, count and talk by these. */
static bool is_upkeep(const struct reading_tokens *r, size_t from, size_t to)
{
	struct token t = r->at[from];

	if (token_is(t, "IF")) /* … THEN EXIT */
		return to - from >= 3 && token_is(r->at[to - 1], "EXIT") &&
		       token_is(r->at[to - 2], "THEN");
	if (token_is(t, "PERFORM"))
		return token_is(r->at[from + 1], "pg_sleep") ||
		       (token_is(r->at[from + 1], "pg_catalog") &&
			       token_is(r->at[from + 3], "pg_sleep"));
	if (token_is(t, "END"))
		return token_is(r->at[from + 1], "IF");
	return token_is(t, "GET") || token_is(t, "EXIT") || token_is(t, "COMMIT") ||
	       token_is(t, "RAISE") ||
	       (batched_is_name(t) &&
		       (token_punct(r->at[from + 1], ":=") || token_punct(r->at[from + 1], "=")));
}

/* The end of a statement inside the block: its semicolon. */
static size_t end_of(const struct reading_tokens *r, size_t i)
{
	while (i < r->n && !token_punct(r->at[i], ";"))
		i = token_punct(r->at[i], "(") ? batched_close(r, i) + 1 : i + 1;
	return i < r->n ? i : r->n;
}

/* [DECLARE …] BEGIN LOOP … : r->i is behind LOOP. */
static const char *find_loop(struct reading_tokens *r)
{
	if (batched_take(r, "DECLARE"))
		while (r->i < r->n && !token_is(batched_here(r), "BEGIN"))
			r->i++;
	if (!batched_take(r, "BEGIN"))
		return OTHER;
	while (!token_is(batched_here(r), "LOOP")) {
		size_t end = end_of(r, r->i);

		if (end >= r->n || !is_upkeep(r, r->i, end))
			return OTHER;
		r->i = end + 1;
	}
	r->i++;
	return NULL;
}

static const char *read_round(struct reading_tokens *r, size_t *change, size_t *change_end)
{
	*change = r->n;
	while (r->i < r->n &&
		!(token_is(batched_here(r), "END") && token_is(r->at[r->i + 1], "LOOP"))) {
		size_t end = end_of(r, r->i);
		bool changes =
			token_is(batched_here(r), "UPDATE") || token_is(batched_here(r), "DELETE");

		if (end >= r->n || (!changes && !is_upkeep(r, r->i, end)) ||
			(changes && *change != r->n))
			return OTHER;
		if (changes) {
			*change = r->i;
			*change_end = end;
		}
		r->i = end + 1;
	}
	return *change == r->n ? "the loop changes no rows" : NULL;
}

/* END LOOP; … END [;] */
static const char *read_close(struct reading_tokens *r)
{
	r->i = end_of(r, r->i) + 1;
	while (r->i < r->n && !token_is(batched_here(r), "END")) {
		size_t end = end_of(r, r->i);

		if (end >= r->n || !is_upkeep(r, r->i, end))
			return OTHER;
		r->i = end + 1;
	}
	r->i++;
	if (token_punct(batched_here(r), ";"))
		r->i++;
	return r->i >= r->n ? NULL : OTHER;
}

/* Behind the inner WHERE: up to ORDER BY, LIMIT. */
static size_t end_of_condition(const struct reading_tokens *r, size_t i)
{
	while (i < r->n && !token_is(r->at[i], "ORDER") && !token_is(r->at[i], "LIMIT") &&
		!token_is(r->at[i], "FOR") && !token_punct(r->at[i], ")"))
		i = token_punct(r->at[i], "(") ? batched_close(r, i) + 1 : i + 1;
	return i;
}

/* key IN ( or key = ANY ( ARRAY ( ; r->i is at SELECT, *key the key. */
static bool read_key(struct reading_tokens *r, struct slice *key)
{
	while (batched_is_name(batched_here(r)) && token_punct(r->at[r->i + 1], "."))
		r->i += 2;
	if (!batched_is_name(batched_here(r)))
		return false;
	*key = batched_value(r, batched_here(r));
	r->i++;
	if (token_punct(batched_here(r), "=")) {
		r->i++;
		if (!batched_take(r, "ANY") || !token_punct(batched_here(r), "("))
			return false;
		r->i++;
		if (!batched_take(r, "ARRAY"))
			return false;
	} else if (!batched_take(r, "IN")) {
		return false;
	}
	if (!token_punct(batched_here(r), "("))
		return false;
	r->i++;
	return true;
}

/* SELECT key FROM t [WHERE …] … LIMIT n …) : the condition */
static bool read_choice(
	struct reading_tokens *r, const struct batched *b, struct slice key, struct slice *where)
{
	struct batched inner = {0};
	size_t from, to, i;
	bool limited = false;

	if (!batched_take(r, "SELECT"))
		return false;
	if (batched_is_name(batched_here(r)) && token_punct(r->at[r->i + 1], "."))
		r->i += 2;
	if (!batched_is_name(batched_here(r)) || !slice_eq(batched_value(r, batched_here(r)), key))
		return false;
	r->i++;
	if (!batched_take(r, "FROM") || !batched_relation(r, &inner) ||
		!slice_eq(inner.table.name, b->table.name) ||
		!slice_eq(inner.table.schema, b->table.schema) || !slice_eq(inner.alias, b->alias))
		return false;
	from = to = r->i;
	if (batched_take(r, "WHERE")) {
		from = r->i;
		to = end_of_condition(r, from);
	}
	for (i = to; i < r->n && !token_punct(r->at[i], ")"); i++)
		limited |= token_is(r->at[i], "LIMIT");
	while (i < r->n && token_punct(r->at[i], ")"))
		i++;
	if (!limited || i != r->n)
		return false;
	*where = to > from ? batched_text(r, from, to) : SLICE_NONE;
	return true;
}

static bool reads_own_table(struct arena *a, enum dialect d, const struct batched *b)
{
	struct reading_tokens r = {.arena = a, .dialect = d, .sql = b->where};

	batched_tokens(&r);
	for (size_t i = 0; i < r.n; i++)
		if (batched_reads(&r, i, b->table.name))
			return true;
	return false;
}

/* The columns that SET gives values: name = … , name = … */
static void read_sets(struct reading_tokens *r, size_t from, size_t to, struct batched *out)
{
	bool begins = true;

	for (size_t i = from; i < to; i++) {
		if (begins && batched_is_name(r->at[i]) && token_punct(r->at[i + 1], "="))
			names_add(r->arena, &out->sets, batched_value(r, r->at[i]));
		begins = token_punct(r->at[i], ",") || token_punct(r->at[i], "(");
		if (token_punct(r->at[i], "("))
			i = batched_close(r, i);
	}
}

static const char *read_change(struct reading_tokens *r, struct batched *out)
{
	struct slice key;
	size_t set;

	out->deletes = batched_take(r, "DELETE");
	if (out->deletes ? !batched_take(r, "FROM") : !batched_take(r, "UPDATE"))
		return SHAPE;
	if (!batched_relation(r, out))
		return SHAPE;
	set = r->i;
	while (r->i < r->n && !token_is(batched_here(r), "WHERE"))
		r->i = token_punct(batched_here(r), "(") ? batched_close(r, r->i) + 1 : r->i + 1;
	for (size_t i = set; i < r->i; i++)
		if (token_is(r->at[i], "FROM") || token_is(r->at[i], "USING") ||
			batched_reads(r, i, out->table.name))
			return SHAPE;
	out->head = batched_text(r, 0, r->i);
	read_sets(r, set, r->i, out);
	if (!batched_take(r, "WHERE") || !read_key(r, &key) ||
		!read_choice(r, out, key, &out->where) || !out->where.len)
		return SHAPE;
	if (reads_own_table(r->arena, r->dialect, out))
		return "it reads its own table in a subquery";
	return NULL;
}

const char *batched_read_loop(struct reading_tokens *r, struct batched *out)
{
	struct reading_tokens body = {.arena = r->arena, .dialect = r->dialect};
	size_t from, to = 0;
	const char *reason;

	r->i = 1;
	if (batched_here(r).kind != TOKEN_STRING)
		return "it is not a DO block of PL/pgSQL";
	body.sql = token_value(r->arena, r->dialect, batched_here(r));
	batched_tokens(&body);
	reason = find_loop(&body);
	if (!reason)
		reason = read_round(&body, &from, &to);
	if (!reason)
		reason = read_close(&body);
	if (reason)
		return reason;
	body.sql = batched_text(&body, from, to);
	body.i = 0;
	body.at = NULL;
	batched_tokens(&body);
	return read_change(&body, out);
}

bool batched_loop(struct batched *out, struct arena *a, enum dialect d, struct slice sql)
{
	struct reading_tokens r = {.arena = a, .dialect = d, .sql = sql};

	*out = (struct batched){0};
	batched_tokens(&r);
	return token_is(batched_here(&r), "DO") && !batched_read_loop(&r, out);
}
