/* read_partition.c - PARTITION BY and its list, in a form that information_schema.partitions can be
 * brought into as well: the method with its expression, and "name bound" for each partition. */
#include "engine/mysql/parser.h"

static bool want_count(struct parser *p, unsigned long long *n)
{
	if (tok_now(p).kind != TOKEN_NUMBER || !slice_u64(tok_now(p).text, n))
		return my_fault_expected(p, "a number");
	p->at++;
	return true;
}

/* RANGE (expr), LIST COLUMNS (a, b), [LINEAR] HASH (expr), [LINEAR] KEY [ALGORITHM = n] (cols) */
static bool read_method(struct parser *p, struct buf *words)
{
	unsigned long long unused;

	if (my_take_word(p, "LINEAR"))
		buf_adds(words, "linear ");
	if (my_take_word(p, "RANGE COLUMNS"))
		buf_adds(words, "range columns");
	else if (my_take_word(p, "LIST COLUMNS"))
		buf_adds(words, "list columns");
	else if (my_take_word(p, "RANGE"))
		buf_adds(words, "range");
	else if (my_take_word(p, "LIST"))
		buf_adds(words, "list");
	else if (my_take_word(p, "HASH"))
		buf_adds(words, "hash");
	else if (my_take_word(p, "KEY"))
		buf_adds(words, "key");
	else if (my_take_word(p, "SYSTEM_TIME"))
		buf_adds(words, "system_time");
	else
		return my_fault_expected(p, "RANGE, LIST, HASH or KEY");
	if (my_take_word(p, "ALGORITHM")) {
		my_take_punct(p, "=");
		if (!want_count(p, &unused))
			return false;
	}
	return true;
}

/* Expressions between commas, each in its canonical spelling. */
static bool list_normal(struct parser *p, size_t from, size_t to, struct slice *out)
{
	struct parser list = *p;
	struct buf b = {0};
	bool known = true;

	for (list.at = from; list.at < to && known; list.at++) {
		size_t end = my_expr_end(&list, NULL);
		struct slice one;

		if (end > to)
			end = to;
		known = my_expr_normal(p->a, &p->d, p->tok + list.at, end - list.at, &one);
		if (known && list.at > from)
			buf_addc(&b, ',');
		if (known)
			buf_add(&b, slice_is(one, "`maxvalue`") ? SL("maxvalue") : one);
		list.at = end;
	}
	*out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return known;
}

static bool read_by(struct parser *p, struct expr *out)
{
	struct buf words = {0};
	struct slice list = SLICE_NONE;
	size_t start = p->at, from = 0, to = 0;
	bool ok = false;

	if (!read_method(p, &words))
		goto out;
	if (my_is_punct(p, "(")) {
		if (!my_take_brackets(p, &from, &to))
			goto out;
	} else if (!slice_is(buf_slice(&words), "system_time")) {
		my_fault_expected(p, "\"(\"");
		goto out;
	}
	if (out) {
		*out = my_expr_tokens(p, from, to);
		out->text = my_tokens_text(p, start, p->at);
		out->normal = SLICE_NONE;
		if (list_normal(p, from, to, &list))
			out->normal = arena_printf(
				p->a, "%.*s (%.*s)", SLICE(buf_slice(&words)), SLICE(list));
	}
	ok = true;
out:
	buf_done(&words);
	return ok;
}

/* SYSTEM_TIME takes INTERVAL …, LIMIT n and STARTS … behind it: free words up to the list. */
static void skip_system_time(struct parser *p)
{
	while (!my_at_end(p) && !my_is_punct(p, "(") && !my_is_word(p, "PARTITIONS") &&
		!my_is_word(p, "SUBPARTITION"))
		p->at++;
}

static bool read_values(struct parser *p, struct buf *b)
{
	size_t from, to;
	struct slice list;

	if (my_take_word(p, "LESS THAN")) {
		if (my_take_word(p, "MAXVALUE")) {
			buf_adds(b, " maxvalue");
			return true;
		}
	} else if (!my_take_word(p, "IN")) {
		return my_fault_expected(p, "LESS THAN or IN");
	}
	if (!my_is_punct(p, "("))
		return my_fault_expected(p, "\"(\" and a list of values");
	if (!my_take_brackets(p, &from, &to))
		return false;
	if (!list_normal(p, from, to, &list))
		list = my_tokens_squeezed(p, from, to);
	buf_addc(b, ' ');
	buf_add(b, list);
	return true;
}

/* ENGINE = x, COMMENT = 'x', MAX_ROWS = n, DATA DIRECTORY = 'x', TABLESPACE x, NODEGROUP n … */
static bool skip_partition_options(struct parser *p)
{
	size_t from, to;

	while (!my_at_end(p) && !my_is_punct(p, ",") && !my_is_punct(p, ")"))
		if (my_is_punct(p, "(")) {
			if (!my_take_brackets(p, &from, &to)) /* sub-partitions */
				return false;
		} else {
			p->at++;
		}
	return true;
}

static bool read_partition_list(struct parser *p, struct buf *b)
{
	struct slice name;

	if (!my_want_punct(p, "("))
		return false;
	do {
		if (!my_want_word(p, "PARTITION") || !my_want_ident(p, &name, "a partition name"))
			return false;
		if (b->len)
			buf_adds(b, ", ");
		buf_add(b, my_lower(p->a, name));
		if (my_take_word(p, "VALUES")) {
			if (!read_values(p, b))
				return false;
		} else if (my_take_word(p, "HISTORY") || my_take_word(p, "CURRENT")) {
			;
		}
		if (!skip_partition_options(p))
			return false;
	} while (my_take_punct(p, ","));
	return my_want_punct(p, ")");
}

/* Behind PARTITION BY. */
bool my_read_partitions(struct parser *p, struct expr *key, struct expr *definition)
{
	struct buf list = {0};
	unsigned long long n = 0, unused;
	size_t start = p->at;
	bool ok = false;

	if (!read_by(p, key))
		goto out;
	if (slice_istarts(my_tokens_text(p, start, p->at), "system_time"))
		skip_system_time(p);
	if (my_take_word(p, "PARTITIONS") && !want_count(p, &n))
		goto out;
	if (my_take_word(p, "SUBPARTITION BY")) {
		if (!read_by(p, NULL))
			goto out;
		if (my_take_word(p, "SUBPARTITIONS") && !want_count(p, &unused))
			goto out;
		key->normal = SLICE_NONE;
	}
	if (my_is_punct(p, "(") && !read_partition_list(p, &list))
		goto out;
	/* HASH and KEY name their partitions themselves. */
	for (unsigned long long i = 0, all = list.len ? 0 : n ? n : 1; i < all && i < 8192; i++)
		buf_printf(&list, "%sp%llu", i ? ", " : "", i);
	definition->text = my_tokens_text(p, start, p->at);
	definition->normal = arena_slice(p->a, buf_slice(&list));
	ok = true;
out:
	buf_done(&list);
	return ok;
}

void my_added_partitions(const struct parser *p, size_t from, struct slice *out)
{
	struct parser list = *p;
	struct statement st = *p->st;
	struct buf b = {0};

	list.st = &st; /* a fault in it is for the server to find */
	for (list.at = from; list.at < p->at && !my_is_punct(&list, "("); list.at++)
		;
	if (list.at < p->at && token_is(tok_next(&list, 1), "PARTITION") &&
		read_partition_list(&list, &b))
		*out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
}

bool my_list_normal(
	struct arena *a, const struct my_dialect *d, struct slice text, struct slice *out)
{
	struct parser p = {.d = *d};
	struct statement st = {.text = text};

	return my_parser_init(&p, NULL, a, &st, text) && list_normal(&p, 0, p.n - 1, out);
}
