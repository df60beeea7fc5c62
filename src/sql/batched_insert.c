/* batched_insert.c - INSERT INTO t (…) SELECT … FROM s [WHERE …]: cut along the key of s. */
#include "sql/batched_internal.h"

/* Functions that look at more than the row; those of users are asked for in the database. */
static const char *const aggregates[] = {"count", "sum", "min", "max", "avg", "array_agg",
	"string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "xmlagg",
	"bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor", "group_concat",
	"json_arrayagg", "json_objectagg", "total", "std", "stddev", "stddev_pop", "stddev_samp",
	"var_pop", "var_samp", "variance"};

static const struct {
	const char *word, *reason;
} clauses[] = {{"JOIN", "it joins tables: write them as a subquery"},
	{"GROUP", "it puts rows together (GROUP BY)"}, {"HAVING", "it puts rows together (HAVING)"},
	{"UNION", "it has several SELECTs (UNION)"},
	{"INTERSECT", "it has several SELECTs (INTERSECT)"},
	{"EXCEPT", "it has several SELECTs (EXCEPT)"},
	{"WINDOW", "it looks at other rows (WINDOW)"}, {"OVER", "it looks at other rows (OVER)"},
	{"LIMIT", "it has a LIMIT: the batches are the limit"}, {"FETCH", "it has a limit (FETCH)"},
	{"OFFSET", "it has an OFFSET"}, {"ORDER", "it has an order (ORDER BY)"},
	{"INTO", "it has another INTO"}, {"RETURNING", "it returns rows (RETURNING)"}};

static const char *clause_of(struct token t)
{
	for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++)
		if (token_is(t, clauses[i].word))
			return clauses[i].reason;
	return NULL;
}

static bool is_aggregate(struct slice name)
{
	for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
		if (slice_iis(name, aggregates[i]))
			return true;
	return false;
}

/* (a, b): the names; *end is behind them. */
static bool read_columns(struct reading_tokens *r, struct batched *out)
{
	if (!token_punct(batched_here(r), "("))
		return true;
	for (r->i++; batched_is_name(batched_here(r)); r->i++) {
		names_add(r->arena, &out->columns, batched_value(r, batched_here(r)));
		r->i++;
		if (token_punct(batched_here(r), ")")) {
			r->i++;
			return true;
		}
		if (!token_punct(batched_here(r), ","))
			return false;
	}
	return false;
}

/* An expression of the list: [from, to). */
static const char *read_value(struct reading_tokens *r, struct batched *out, size_t from, size_t to)
{
	if (from == to)
		return "it is not understood";
	names_add(r->arena, &out->values, batched_text(r, from, to));
	for (size_t i = from; i < to; i++) {
		if (token_punct(r->at[i], "(") && token_is(r->at[i + 1], "SELECT")) {
			i = batched_close(r, i);
			continue;
		}
		if (clause_of(r->at[i]))
			return clause_of(r->at[i]);
		if (!batched_is_name(r->at[i]) || !token_punct(r->at[i + 1], "("))
			continue;
		if (is_aggregate(batched_value(r, r->at[i])))
			return "it puts rows together (an aggregate)";
		names_add(r->arena, &out->calls, batched_value(r, r->at[i]));
	}
	return NULL;
}

/* Up to FROM. */
static const char *read_list(struct reading_tokens *r, struct batched *out)
{
	size_t from = r->i;

	for (; r->i < r->n; r->i++) {
		const char *reason;
		bool ends = token_is(batched_here(r), "FROM") &&
			    !(r->i > from && token_is(r->at[r->i - 1], "DISTINCT"));

		if (token_punct(batched_here(r), "(") || token_punct(batched_here(r), "[")) {
			r->i = batched_close(r, r->i);
			continue;
		}
		if (!ends && !token_punct(batched_here(r), ","))
			continue;
		reason = read_value(r, out, from, r->i);
		if (reason || ends)
			return reason;
		from = r->i + 1;
	}
	return "it reads no table";
}

/* Behind the relation: [WHERE …] [ON CONFLICT … | ON DUPLICATE KEY …] */
static const char *read_rest(struct reading_tokens *r, struct batched *out)
{
	size_t where = r->n, tail = r->n, from = r->i;

	for (; r->i < r->n && tail == r->n; r->i++) {
		struct token t = batched_here(r);

		if (batched_reads(r, r->i, out->into.name))
			return "it reads the table that it writes";
		if (token_punct(t, "(") || token_punct(t, "[")) {
			size_t end = batched_close(r, r->i);

			for (; r->i < end; r->i++)
				if (batched_reads(r, r->i, out->into.name) ||
					batched_reads(r, r->i, out->table.name))
					return "a subquery reads a table that it reads or writes";
			continue;
		}
		if (r->i == from && !token_is(t, "WHERE") && !token_is(t, "ON"))
			return clause_of(t) ? clause_of(t)
					    : "it reads several tables: write them as a subquery";
		if (token_is(t, "WHERE") && where == r->n)
			where = r->i;
		else if (token_is(t, "ON"))
			tail = r->i;
		else if (clause_of(t))
			return clause_of(t);
	}
	out->head = batched_text(r, 0, where < tail ? where : tail);
	if (where < tail)
		out->where = batched_text(r, where + 1, tail);
	if (tail < r->n)
		out->tail = batched_text(r, tail, r->n);
	return NULL;
}

const char *batched_read_insert(struct reading_tokens *r, struct batched *out)
{
	const char *reason;

	out->inserts = true;
	batched_take(r, "INSERT");
	batched_take(r, "IGNORE");
	if (token_is(batched_here(r), "OR"))
		return "it says what to do about conflicts (INSERT OR …)";
	batched_take(r, "INTO");
	if (!batched_table(r, &out->into))
		return "it is not INSERT INTO table (columns) SELECT …";
	if (batched_take(r, "AS"))
		r->i++;
	if (!read_columns(r, out) || !batched_take(r, "SELECT"))
		return "it is not INSERT INTO table (columns) SELECT …";
	if (batched_take(r, "DISTINCT"))
		return "it puts equal rows together (DISTINCT)";
	batched_take(r, "ALL");
	reason = read_list(r, out);
	if (reason)
		return reason;
	batched_take(r, "FROM");
	if (!batched_relation(r, out))
		return "it does not read one table";
	if (slice_ieq(out->table.name, out->into.name) &&
		slice_ieq(out->table.schema, out->into.schema))
		return "it reads the table that it writes";
	return read_rest(r, out);
}
