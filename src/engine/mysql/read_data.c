/* read_data.c - statements that work on rows, on the session and on the server. */
#include "engine/mysql/parser.h"

/* ---- tables that are read ---- */

static bool ends_from(struct token t)
{
	static const char *const words[] = {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION",
		"ON", "SET", "SELECT", "WINDOW", "EXCEPT", "INTERSECT", "USING", "VALUES", "FOR",
		"LOCK", "INTO", "PROCEDURE", "THEN", "DO"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(t, words[i]))
			return true;
	return false;
}

/* FROM inside extract(), trim(), substring(): no table follows. */
static bool from_of_function(const struct parser *p, size_t from, size_t i)
{
	size_t far = i - from > 200 ? i - 200 : from;
	int depth = 0;

	while (i-- > far) {
		if (token_punct(tok_at(p, i), ")"))
			depth++;
		if (token_is(tok_at(p, i), "SELECT") && depth == 0)
			return false;
		if (token_punct(tok_at(p, i), "(") && depth-- == 0) {
			struct token f = i > from ? tok_at(p, i - 1) : tok_at(p, i);

			return token_is(f, "EXTRACT") || token_is(f, "TRIM") ||
			       token_is(f, "SUBSTRING") || token_is(f, "SUBSTR") ||
			       token_is(f, "MID");
		}
	}
	return false;
}

static bool introduces_table(const struct parser *p, size_t from, size_t i)
{
	struct token t = tok_at(p, i), prev = i > from ? tok_at(p, i - 1) : (struct token){0};

	if (token_is(t, "FROM"))
		return !from_of_function(p, from, i);
	if (token_is(t, "JOIN") || token_is(t, "STRAIGHT_JOIN"))
		return true;
	if (token_is(t, "INTO") || token_is(t, "IGNORE"))
		return token_is(prev, "INSERT") || token_is(prev, "REPLACE");
	if (token_is(t, "UPDATE"))
		return !token_is(prev, "FOR") && !token_is(prev, "ON") && !token_is(prev, "KEY") &&
		       !token_is(prev, "BEFORE") && !token_is(prev, "AFTER");
	if (token_is(t, "TABLE"))
		return token_is(prev, "ALTER") || token_is(prev, "TRUNCATE") ||
		       token_is(prev, "DROP") || token_is(prev, "EXISTS");
	return false;
}

static bool is_cte(const struct names *ctes, struct slice name)
{
	for (size_t i = 0; i < ctes->n; i++)
		if (slice_ieq(ctes->at[i], name))
			return true;
	return false;
}

/* Behind the columns that a name in WITH may have: b (x, y). */
static size_t past_columns(const struct parser *p, size_t i, size_t to)
{
	if (!token_punct(tok_at(p, i), "("))
		return i;
	while (i < to && !token_punct(tok_at(p, i), ")"))
		i++;
	return i + 1;
}

/* WITH a AS (…), b (x) AS (…): names that are no tables. */
static struct names find_ctes(struct parser *p, size_t from, size_t to)
{
	struct names ctes = {0};

	for (size_t i = from; i + 1 < to; i++) {
		struct token before = tok_at(p, i - (i > from));
		size_t as;

		if (!my_is_identifier(p, i) ||
			(!token_is(before, "WITH") && !token_is(before, "RECURSIVE") &&
				!token_punct(before, ",")))
			continue;
		as = past_columns(p, i + 1, to);
		if (token_is(tok_at(p, as), "AS") && token_punct(tok_at(p, as + 1), "("))
			names_add(p->a, &ctes, token_value(p->a, p->d.dialect, tok_at(p, i)));
	}
	return ctes;
}

static size_t add_read(
	struct parser *p, size_t i, size_t to, const struct names *ctes, struct names *reads)
{
	struct name n = {SLICE_NONE, token_value(p->a, p->d.dialect, tok_at(p, i))};
	struct slice text;

	if (i + 2 < to && token_punct(tok_at(p, i + 1), ".")) {
		n.schema = n.name;
		n.name = token_value(p->a, p->d.dialect, tok_at(p, i + 2));
		i += 2;
	}
	if (token_punct(tok_at(p, i + 1), "(") && i + 1 < to)
		return i; /* a table function */
	if (slice_empty(n.schema) && (is_cte(ctes, n.name) || slice_iis(n.name, "dual")))
		return i;
	text = my_name_text(p->a, n);
	if (!names_has(*reads, text))
		names_add(p->a, reads, text);
	return i;
}

void my_select_reads(struct parser *p, size_t from, size_t to, struct names *reads)
{
	struct names ctes = find_ctes(p, from, to);
	bool expect = false, in_list = false;
	int depth = 0, list_depth = 0;

	for (size_t i = from; i < to; i++) {
		struct token t = tok_at(p, i);

		if (introduces_table(p, from, i)) {
			expect = in_list = true;
			list_depth = depth;
			if (token_is(t, "TABLE") && token_is(tok_at(p, i + 1), "IF"))
				i += 2;
			continue;
		}
		if (token_punct(t, "(")) {
			depth++;
			if (expect)
				list_depth = depth;
			continue;
		}
		if (token_punct(t, ")"))
			depth--;
		if (expect && my_is_identifier(p, i) && !token_is(t, "LATERAL"))
			i = add_read(p, i, to, &ctes, reads);
		expect = false;
		if (depth < list_depth || ends_from(t))
			in_list = false;
		if (in_list && depth == list_depth && token_punct(t, ","))
			expect = true;
	}
}

/* ---- rows ---- */

static bool is_true(struct parser *p, const struct expr *e)
{
	(void)p;
	return slice_is(e->normal, "1") || slice_is(e->normal, "(1 = 1)");
}

/* The first of `words` at depth 0 from here on; the end if there is none. */
static size_t find_word(const struct parser *p, size_t from, size_t to, const char *const *words)
{
	int depth = 0;

	for (size_t i = from; i < to; i++) {
		if (token_punct(tok_at(p, i), "("))
			depth++;
		else if (token_punct(tok_at(p, i), ")"))
			depth--;
		for (size_t k = 0; depth == 0 && words[k]; k++)
			if (token_is(tok_at(p, i), words[k]))
				return i;
	}
	return to;
}

static void read_where(struct parser *p, struct change *ch, size_t from)
{
	static const char *const where[] = {"WHERE", NULL},
				 *const after[] = {"ORDER", "LIMIT", "RETURNING", "GROUP", NULL},
				 *const limit[] = {"LIMIT", NULL},
				 *const returning[] = {"RETURNING", NULL};
	size_t end = p->n - 1, w = find_word(p, from, end, where), stop;

	if (w < end) {
		stop = find_word(p, w + 1, end, after);
		ch->value = my_expr_tokens(p, w + 1, stop);
		ch->flags |= CHANGE_HAS_WHERE;
		if (is_true(p, &ch->value))
			ch->flags |= CHANGE_WHERE_TRUE;
	}
	if (find_word(p, w < end ? w : from, end, limit) < end)
		ch->flags |= CHANGE_HAS_LIMIT;
	if (find_word(p, w < end ? w : from, end, returning) < end)
		ch->flags |= CHANGE_RETURNING;
}

static void take_modifiers(struct parser *p, struct change *ch)
{
	for (;;) {
		if (my_take_word(p, "IGNORE"))
			ch->flags |= CHANGE_ON_CONFLICT;
		else if (!my_take_word(p, "LOW_PRIORITY") && !my_take_word(p, "DELAYED") &&
			 !my_take_word(p, "HIGH_PRIORITY") && !my_take_word(p, "QUICK") &&
			 !my_take_word(p, "CONCURRENT"))
			return;
	}
}

static bool insert_columns(struct parser *p, struct change *ch)
{
	size_t from, to;

	if (!my_is_punct(p, "(") || token_is(tok_next(p, 1), "SELECT") ||
		token_is(tok_next(p, 1), "WITH") || token_punct(tok_next(p, 1), "("))
		return true;
	if (!my_take_brackets(p, &from, &to))
		return false;
	for (size_t i = from; i < to; i++)
		if (my_is_identifier(p, i) && (i + 1 == to || token_punct(tok_at(p, i + 1), ",")))
			names_add(p->a, &ch->list, token_value(p->a, p->d.dialect, tok_at(p, i)));
	return true;
}

static bool read_insert(struct parser *p, enum change_kind kind, size_t start)
{
	static const char *const duplicate[] = {"DUPLICATE", NULL},
				 *const from_words[] = {"SELECT", "TABLE", "WITH", NULL},
				 *const returning[] = {"RETURNING", NULL};
	struct change ch = my_change_new(p, kind, OBJECT_TABLE);
	size_t from, end = p->n - 1, a, b;

	p->at++;
	take_modifiers(p, &ch);
	my_take_word(p, "INTO");
	if (!my_want_name(p, &ch.target, "a table name"))
		return false;
	if (my_take_word(p, "PARTITION") && !my_take_brackets(p, &a, &b))
		return my_fault_expected(p, "\"(\" and partition names");
	if (!insert_columns(p, &ch))
		return false;
	from = p->at;
	if (!my_is_word(p, "VALUES") && !my_is_word(p, "VALUE") && !my_is_word(p, "SET") &&
		!my_is_word(p, "SELECT") && !my_is_word(p, "WITH") && !my_is_word(p, "TABLE") &&
		!my_is_punct(p, "("))
		return my_fault_expected(p, "VALUES, SET or SELECT");
	if (my_is_punct(p, "(") || find_word(p, from, from + 1, from_words) == from) {
		ch.flags |= CHANGE_FROM_SELECT;
		my_select_reads(p, from, end, &ch.reads);
	} else if (!my_is_word(p, "SET")) {
		my_select_reads(p, from, end, &ch.reads); /* sub-selects in VALUES */
		if (my_at_end(p) || tok_next(p, 1).kind == TOKEN_END)
			return p->at++, my_fault_expected(p, "a row of values");
	}
	if (find_word(p, from, end, duplicate) < end)
		ch.flags |= CHANGE_ON_CONFLICT;
	if (find_word(p, from, end, returning) < end)
		ch.flags |= CHANGE_RETURNING;
	p->at = end;
	my_change_push(p, &ch, start);
	return true;
}

/* One table of UPDATE a JOIN b … or DELETE … FROM a, b: name and what it is called there. */
struct table_ref {
	struct name name;
	struct slice alias;
	bool target;
};
struct table_refs {
	struct table_ref *at;
	size_t n;
};

static void add_ref(struct parser *p, struct table_refs *refs, size_t *i, size_t to)
{
	struct table_ref r = {.alias = SLICE_NONE};
	struct parser q = *p;

	q.at = *i;
	if (!my_want_name(&q, &r.name, "a table name"))
		return;
	r.alias = r.name.name;
	if (my_take_word(&q, "AS") ||
		(q.at < to && my_is_identifier(&q, q.at) && !my_is_word(&q, "PARTITION") &&
			!ends_from(tok_now(&q))))
		if (my_is_identifier(&q, q.at))
			my_want_ident(&q, &r.alias, "an alias");
	*ARENA_PUSH(p->a, refs->at, refs->n) = r;
	*i = q.at - 1;
}

static struct table_refs read_refs(struct parser *p, size_t from, size_t to)
{
	struct table_refs refs = {0};
	bool expect = true;
	int depth = 0, select_depth = 0;

	for (size_t i = from; i < to; i++) {
		struct token t = tok_at(p, i);

		if (token_punct(t, "(")) {
			depth++;
			if (token_is(tok_at(p, i + 1), "SELECT") && !select_depth)
				select_depth = depth;
		} else if (token_punct(t, ")")) {
			if (depth == select_depth)
				select_depth = 0;
			depth--;
			expect = false;
		} else if (select_depth) {
			continue;
		} else if (token_is(t, "JOIN") || token_is(t, "STRAIGHT_JOIN") ||
			   (token_punct(t, ",") && !expect)) {
			expect = true;
		} else if (expect && my_is_identifier(p, i) &&
			   !(token_is(t, "OUTER") || token_is(t, "INNER"))) {
			add_ref(p, &refs, &i, to);
			expect = false;
		} else if (token_is(t, "ON") || token_is(t, "USING")) {
			expect = false;
		}
	}
	return refs;
}

static void mark_target(struct table_refs *refs, struct slice alias)
{
	for (size_t i = 0; i < refs->n; i++)
		if (slice_ieq(refs->at[i].alias, alias) || slice_ieq(refs->at[i].name.name, alias))
			refs->at[i].target = true;
}

static void other_refs(struct parser *p, const struct table_refs *refs, size_t me, struct names *to)
{
	for (size_t i = 0; i < refs->n; i++)
		if (i != me)
			names_add(p->a, to, my_name_text(p->a, refs->at[i].name));
}

/* a.x = 1, y = 2: the columns, and which tables they say. */
static void read_assignments(
	struct parser *p, size_t from, size_t to, struct names *columns, struct table_refs *refs)
{
	bool unqualified = false;
	int depth = 0;

	for (size_t i = from; i < to; i++) {
		size_t k = i;

		while (token_punct(tok_at(p, k + 1), "."))
			k += 2;
		names_add(p->a, columns, token_value(p->a, p->d.dialect, tok_at(p, k)));
		if (k > i)
			mark_target(refs, token_value(p->a, p->d.dialect, tok_at(p, k - 2)));
		else
			unqualified = true;
		for (i = k; i < to; i++) {
			if (token_punct(tok_at(p, i), "("))
				depth++;
			else if (token_punct(tok_at(p, i), ")"))
				depth--;
			else if (depth == 0 && token_punct(tok_at(p, i), ","))
				break;
		}
	}
	/* A bare column may be of any of the tables: they all count. */
	for (size_t i = 0; unqualified && i < refs->n; i++)
		refs->at[i].target = true;
}

static bool read_update(struct parser *p, size_t start)
{
	static const char *const set[] = {"SET", NULL}, *const after[] = {
								"WHERE", "ORDER", "LIMIT", NULL};
	struct change ch = my_change_new(p, CHANGE_UPDATE, OBJECT_TABLE);
	size_t end = p->n - 1, s;
	struct table_refs refs;

	p->at++;
	take_modifiers(p, &ch);
	s = find_word(p, p->at, end, set);
	refs = read_refs(p, p->at, s);
	if (refs.n == 0)
		return my_fault_expected(p, "a table name");
	if (s == end) {
		p->at = end;
		return my_fault_expected(p, "SET");
	}
	read_assignments(p, s + 1, find_word(p, s + 1, end, after), &ch.list, &refs);
	if (refs.n == 1)
		refs.at[0].target = true;
	read_where(p, &ch, s + 1);
	p->at = end;
	for (size_t i = 0; i < refs.n; i++) {
		struct change one = ch;

		if (!refs.at[i].target)
			continue;
		one.target = refs.at[i].name;
		other_refs(p, &refs, i, &one.reads);
		my_select_reads(p, s + 1, end, &one.reads);
		my_change_push(p, &one, start);
	}
	return true;
}

/* DELETE a, b.* FROM … and DELETE FROM a, b USING …: the names in front. */
static void mark_list(struct parser *p, size_t from, size_t to, struct table_refs *refs)
{
	for (size_t i = from; i < to; i++) {
		struct token t = tok_at(p, i), next = tok_at(p, i + 1);

		if (my_is_identifier(p, i) &&
			(i + 1 >= to || token_punct(next, ",") || token_punct(next, ".*") ||
				(token_punct(next, ".") && token_punct(tok_at(p, i + 2), "*"))))
			mark_target(refs, token_value(p->a, p->d.dialect, t));
	}
}

static bool read_delete(struct parser *p, size_t start)
{
	static const char *const from_word[] = {"FROM", NULL},
				 *const using_word[] = {"USING", NULL},
				 *const stops[] = {"WHERE", "ORDER", "LIMIT", "RETURNING", NULL};
	struct change ch = my_change_new(p, CHANGE_DELETE, OBJECT_TABLE);
	size_t end = p->n - 1, list, f, u, stop;
	struct table_refs refs;

	p->at++;
	take_modifiers(p, &ch);
	list = p->at;
	f = find_word(p, list, end, from_word);
	if (f == end)
		return my_fault_expected(p, "FROM");
	stop = find_word(p, f + 1, end, stops);
	u = find_word(p, f + 1, stop, using_word);
	if (f > list) { /* DELETE a FROM a JOIN b */
		refs = read_refs(p, f + 1, stop);
		mark_list(p, list, f, &refs);
	} else if (u < stop) {
		refs = read_refs(p, u + 1, stop);
		mark_list(p, f + 1, u, &refs);
	} else {
		refs = read_refs(p, f + 1, stop);
		if (refs.n)
			refs.at[0].target = true;
	}
	if (refs.n == 0) {
		p->at = f + 1;
		return my_fault_expected(p, "a table name");
	}
	read_where(p, &ch, f + 1);
	p->at = end;
	for (size_t i = 0; i < refs.n; i++) {
		struct change one = ch;

		if (!refs.at[i].target)
			continue;
		one.target = refs.at[i].name;
		other_refs(p, &refs, i, &one.reads);
		my_select_reads(p, stop, end, &one.reads);
		my_change_push(p, &one, start);
	}
	return true;
}

static void forget_into(struct parser *p, size_t from)
{
	for (size_t i = from; i < p->n; i++)
		if (token_is(tok_at(p, i), "INTO"))
			for (i++; tok_at(p, i).kind == TOKEN_PARAM; i += 2)
				my_reader_set_variable(p->reader, tok_at(p, i).text, SLICE_NONE,
					SLICE_NONE, false);
}

static bool read_select(struct parser *p, size_t start)
{
	static const char *const into[] = {"INTO", NULL}, *const locks[] = {"FOR", "LOCK", NULL};
	struct change ch = my_change_new(p, CHANGE_SELECT, OBJECT_NONE);
	size_t end = p->n - 1, i;
	bool called = p->inner;

	(void)called;
	if (tok_next(p, 1).kind == TOKEN_END)
		return p->at++, my_fault_expected(p, "what to select");
	ch.value = my_expr_tokens(p, p->at, end);
	my_select_reads(p, p->at, end, &ch.reads);
	i = find_word(p, p->at, end, into);
	if (i < end &&
		(token_is(tok_at(p, i + 1), "OUTFILE") || token_is(tok_at(p, i + 1), "DUMPFILE"))) {
		ch.kind = CHANGE_COPY_OUT;
		ch.value.text = SL("file");
	}
	i = find_word(p, p->at, end, locks);
	if (i < end &&
		(token_is(tok_at(p, i + 1), "UPDATE") || token_is(tok_at(p, i + 1), "SHARE") ||
			token_is(tok_at(p, i + 1), "IN")))
		ch.flags |= CHANGE_FOR_UPDATE;
	forget_into(p, p->at);
	p->at = end;
	my_change_push(p, &ch, start);
	return true;
}

static bool read_with(struct parser *p, size_t start)
{
	static const char *const verbs[] = {
		"SELECT", "UPDATE", "DELETE", "INSERT", "REPLACE", "VALUES", "TABLE", NULL};
	struct names ctes = {0};
	size_t verb = find_word(p, p->at, p->n - 1, verbs), first = p->nchanges;

	if (verb == p->n - 1)
		return p->at = verb, my_fault_expected(p, "SELECT, UPDATE or DELETE");
	my_select_reads(p, p->at, verb, &ctes);
	p->at = verb;
	if (my_is_word(p, "UPDATE")) {
		p->kind = "UPDATE";
		if (!read_update(p, start))
			return false;
	} else if (my_is_word(p, "DELETE")) {
		p->kind = "DELETE";
		if (!read_delete(p, start))
			return false;
	} else if (my_is_word(p, "INSERT") || my_is_word(p, "REPLACE")) {
		bool insert = my_is_word(p, "INSERT");

		p->kind = insert ? "INSERT" : "REPLACE";
		if (!read_insert(p, insert ? CHANGE_INSERT : CHANGE_REPLACE, start))
			return false;
	} else {
		p->kind = "SELECT";
		p->at = start;
		return read_select(p, start);
	}
	for (size_t i = first; i < p->nchanges; i++)
		for (size_t k = 0; k < ctes.n; k++)
			names_add(p->a, &p->changes[i].reads, ctes.at[k]);
	return true;
}

static bool read_truncate(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_TRUNCATE, OBJECT_TABLE);

	p->at++;
	my_take_word(p, "TABLE");
	if (!my_want_name(p, &ch.target, "a table name"))
		return false;
	if (my_take_word(p, "NOWAIT"))
		names_add(p->a, &ch.settings, SL("wait=0"));
	else if (my_take_word(p, "WAIT"))
		p->at++;
	if (!my_want_end(p))
		return false;
	my_change_push(p, &ch, start);
	return true;
}

static bool read_load(struct parser *p, size_t start)
{
	static const char *const table[] = {"TABLE", NULL};
	struct change ch = my_change_new(p, CHANGE_LOAD_DATA, OBJECT_TABLE);
	size_t end = p->n - 1, t;

	p->at++;
	if (my_take_word(p, "INDEX INTO CACHE")) {
		ch.kind = CHANGE_FLUSH;
		ch.value.text = SL("load index into cache");
		p->at = end;
		my_change_push(p, &ch, start);
		return true;
	}
	if (!my_take_word(p, "DATA") && !my_take_word(p, "XML"))
		return my_fault_expected(p, "DATA or XML");
	take_modifiers(p, &ch);
	ch.value.text = my_take_word(p, "LOCAL") ? SL("local file") : SL("file");
	if (!my_want_word(p, "INFILE"))
		return false;
	t = find_word(p, p->at, end, table);
	for (size_t i = p->at; i < t; i++)
		if (token_is(tok_at(p, i), "IGNORE") || token_is(tok_at(p, i), "REPLACE"))
			ch.flags |= CHANGE_ON_CONFLICT;
	p->at = t < end ? t + 1 : end;
	if (!my_want_name(p, &ch.target, "a table name"))
		return false;
	p->at = end;
	my_change_push(p, &ch, start);
	return true;
}

/* ---- tables as a whole ---- */

static bool read_lock(struct parser *p, size_t start)
{
	p->at++;
	if (my_is_word(p, "INSTANCE")) {
		struct change ch = my_change_new(p, CHANGE_FLUSH, OBJECT_NONE);

		ch.value.text = SL("lock instance for backup");
		p->at = p->n - 1;
		my_change_push(p, &ch, start);
		return true;
	}
	if (!my_take_word(p, "TABLES") && !my_take_word(p, "TABLE"))
		return my_fault_expected(p, "TABLES");
	do {
		struct change ch = my_change_new(p, CHANGE_LOCK_TABLE, OBJECT_TABLE);
		struct slice alias;
		size_t from = p->at;

		if (!my_want_name(p, &ch.target, "a table name"))
			return false;
		if (my_take_word(p, "AS") ||
			(my_is_identifier(p, p->at) && !my_is_word(p, "LOW_PRIORITY")))
			if (!my_want_ident(p, &alias, "an alias"))
				return false;
		my_take_word(p, "LOW_PRIORITY");
		if (my_take_word(p, "READ"))
			ch.value.text = my_take_word(p, "LOCAL") ? SL("read local") : SL("read");
		else if (my_take_word(p, "WRITE"))
			ch.value.text = my_take_word(p, "CONCURRENT") ? SL("write") : SL("write");
		else
			return my_fault_expected(p, "READ or WRITE");
		my_change_push(p, &ch, from);
	} while (my_take_punct(p, ","));
	if (!my_take_word(p, "NOWAIT") && my_take_word(p, "WAIT"))
		p->at++;
	return my_want_end(p);
}

static bool read_maintenance(struct parser *p, enum change_kind kind, size_t start)
{
	p->at++;
	my_take_either(p, "NO_WRITE_TO_BINLOG", "LOCAL");
	if (!my_take_word(p, "TABLE") && !my_take_word(p, "TABLES") && !my_take_word(p, "VIEW")) {
		/* MariaDB: ANALYZE runs a statement and shows its plan. */
		struct change ch = my_change_new(p, CHANGE_EXPLAIN, OBJECT_NONE);

		if (kind != CHANGE_ANALYZE)
			return my_fault_expected(p, "TABLE");
		ch.value.text = SL("analyze");
		my_select_reads(p, p->at, p->n - 1, &ch.reads);
		p->at = p->n - 1;
		my_change_push(p, &ch, start);
		return true;
	}
	do {
		struct change ch = my_change_new(p, kind, OBJECT_TABLE);
		size_t from = p->at;

		if (!my_want_name(p, &ch.target, "a table name"))
			return false;
		ch.value.text = my_lower(p->a, tok_at(p, start).text);
		my_change_push(p, &ch, from);
	} while (my_take_punct(p, ","));
	if (!is_mariadb(&p->d) && my_is_word(p, "PERSISTENT"))
		return my_fault_expected(p, "the end, or a word that MySQL knows");
	p->at = p->n - 1; /* QUICK, EXTENDED, PERSISTENT FOR …, UPDATE HISTOGRAM ON … */
	return true;
}

/* ---- transactions ---- */

static bool simple_change(struct parser *p, enum change_kind kind, size_t start)
{
	struct change ch = my_change_new(p, kind, OBJECT_NONE);

	p->at = p->n - 1;
	my_change_push(p, &ch, start);
	return true;
}

static bool savepoint_change(struct parser *p, enum change_kind kind, size_t start)
{
	struct change ch = my_change_new(p, kind, OBJECT_NONE);

	if (!my_want_ident(p, &ch.name, "a savepoint's name") || !my_want_end(p))
		return false;
	my_change_push(p, &ch, start);
	return true;
}

static bool read_rollback(struct parser *p, size_t start)
{
	p->at++;
	my_take_word(p, "WORK");
	if (my_take_word(p, "TO")) {
		my_take_word(p, "SAVEPOINT");
		return savepoint_change(p, CHANGE_ROLLBACK_TO, start);
	}
	return simple_change(p, CHANGE_ROLLBACK, start);
}

/* BEGIN NOT ATOMIC … END: a block that runs at once (MariaDB). */
static bool read_block(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_DO_BLOCK, OBJECT_NONE);

	p->kind = "BEGIN NOT ATOMIC";
	p->at = p->n - 1;
	my_change_push(p, &ch, start);
	return my_read_body_statements(p, my_tokens_text(p, start, p->n - 1));
}

static bool read_transaction(struct parser *p, bool *known)
{
	size_t start = p->at;

	*known = true;
	if (my_is_word(p, "BEGIN NOT ATOMIC"))
		return is_mariadb(&p->d) ? read_block(p, start)
					 : my_fault_expected(p, "a statement that MySQL knows");
	if (my_is_word(p, "BEGIN") || my_is_word(p, "START TRANSACTION"))
		return p->kind = "START TRANSACTION", simple_change(p, CHANGE_BEGIN, start);
	if (my_is_word(p, "COMMIT"))
		return p->kind = "COMMIT", simple_change(p, CHANGE_COMMIT, start);
	if (my_is_word(p, "ROLLBACK"))
		return p->kind = "ROLLBACK", read_rollback(p, start);
	if (my_take_word(p, "SAVEPOINT"))
		return p->kind = "SAVEPOINT", savepoint_change(p, CHANGE_SAVEPOINT, start);
	if (my_take_word(p, "RELEASE SAVEPOINT"))
		return p->kind = "RELEASE SAVEPOINT", savepoint_change(p, CHANGE_RELEASE, start);
	if (my_is_word(p, "LOCK"))
		return p->kind = "LOCK TABLES", read_lock(p, start);
	if (my_is_word(p, "UNLOCK"))
		return p->kind = "UNLOCK TABLES", simple_change(p, CHANGE_UNLOCK_TABLES, start);
	if (my_is_word(p, "XA"))
		return p->kind = "XA",
		       my_fault_opaque(p, "distributed transactions (XA) are not followed");
	*known = false;
	return true;
}

/* ---- the server ---- */

static const struct {
	const char *words;
	const char *kind;
	enum change_kind change;
} server_words[] = {
	{"FLUSH", "FLUSH", CHANGE_FLUSH},
	{"RESET", "RESET", CHANGE_ALTER_SYSTEM},
	{"KILL", "KILL", CHANGE_ALTER_SYSTEM},
	{"PURGE", "PURGE", CHANGE_ALTER_SYSTEM},
	{"SHUTDOWN", "SHUTDOWN", CHANGE_ALTER_SYSTEM},
	{"RESTART", "RESTART", CHANGE_ALTER_SYSTEM},
	{"INSTALL", "INSTALL", CHANGE_ALTER_SYSTEM},
	{"UNINSTALL", "UNINSTALL", CHANGE_ALTER_SYSTEM},
	{"CHANGE MASTER", "CHANGE MASTER", CHANGE_ALTER_SYSTEM},
	{"CHANGE REPLICATION", "CHANGE REPLICATION", CHANGE_ALTER_SYSTEM},
	{"START", "START REPLICA", CHANGE_ALTER_SYSTEM},
	{"STOP", "STOP REPLICA", CHANGE_ALTER_SYSTEM},
	{"CACHE INDEX", "CACHE INDEX", CHANGE_FLUSH},
	{"BACKUP", "BACKUP", CHANGE_ALTER_SYSTEM},
	{"BINLOG", "BINLOG", CHANGE_ALTER_SYSTEM},
	{"CLONE", "CLONE", CHANGE_ALTER_SYSTEM},
	{"SHOW", "SHOW", CHANGE_SELECT},
	{"HELP", "HELP", CHANGE_SELECT},
	{"DESCRIBE", "DESCRIBE", CHANGE_EXPLAIN},
	{"DESC", "DESCRIBE", CHANGE_EXPLAIN},
	{"EXPLAIN", "EXPLAIN", CHANGE_EXPLAIN},
	{"SIGNAL", "SIGNAL", CHANGE_SELECT},
	{"RESIGNAL", "RESIGNAL", CHANGE_SELECT},
	{"GET DIAGNOSTICS", "GET DIAGNOSTICS", CHANGE_SELECT},
	{"DO", "DO", CHANGE_SELECT},
	{"VALUES", "VALUES", CHANGE_SELECT},
};

static bool read_server(struct parser *p, bool *known)
{
	size_t start = p->at, end = p->n - 1;

	for (size_t i = 0; i < sizeof server_words / sizeof *server_words; i++) {
		struct change ch = my_change_new(p, server_words[i].change, OBJECT_NONE);

		if (!my_take_word(p, server_words[i].words))
			continue;
		*known = true;
		p->kind = server_words[i].kind;
		/* Not the whole text: CHANGE MASTER may hold a password. */
		ch.value.text = my_tokens_text(p, start, start + 2 > end ? end : start + 2);
		if (token_is(tok_at(p, start), "DO") || token_is(tok_at(p, start), "EXPLAIN")) {
			ch.value = my_expr_tokens(p, p->at, end);
			my_select_reads(p, p->at, end, &ch.reads);
		}
		p->at = end;
		my_change_push(p, &ch, start);
		return true;
	}
	*known = false;
	return true;
}

static bool read_handler(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_SELECT, OBJECT_TABLE);

	p->at++;
	if (!my_want_name(p, &ch.target, "a table name"))
		return false;
	names_add(p->a, &ch.reads, my_name_text(p->a, ch.target));
	p->at = p->n - 1;
	my_change_push(p, &ch, start);
	return true;
}

static bool read_use(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_USE_DATABASE, OBJECT_SCHEMA);

	p->at++;
	if (!my_want_ident(p, &ch.name, "a database name") || !my_want_end(p))
		return false;
	ch.target.name = ch.name;
	my_change_push(p, &ch, start);
	return true;
}

/* Everything that is not DDL. *known is false when the first word is none of these. */
bool my_read_data(struct parser *p, bool *known)
{
	size_t start = p->at;

	if (!read_transaction(p, known) || *known)
		return p->fault == FAULT_NONE;
	*known = true;
	if (my_is_word(p, "SELECT") || my_is_punct(p, "(") || my_is_word(p, "TABLE"))
		return p->kind = "SELECT", read_select(p, start);
	if (my_is_word(p, "WITH"))
		return read_with(p, start);
	if (my_is_word(p, "INSERT"))
		return p->kind = "INSERT", read_insert(p, CHANGE_INSERT, start);
	if (my_is_word(p, "REPLACE"))
		return p->kind = "REPLACE", read_insert(p, CHANGE_REPLACE, start);
	if (my_is_word(p, "UPDATE"))
		return p->kind = "UPDATE", read_update(p, start);
	if (my_is_word(p, "DELETE"))
		return p->kind = "DELETE", read_delete(p, start);
	if (my_is_word(p, "TRUNCATE"))
		return p->kind = "TRUNCATE", read_truncate(p, start);
	if (my_is_word(p, "LOAD"))
		return p->kind = "LOAD DATA", read_load(p, start);
	if (my_is_word(p, "CALL"))
		return p->kind = "CALL", my_read_call(p);
	if (my_is_word(p, "HANDLER"))
		return p->kind = "HANDLER", read_handler(p, start);
	if (my_is_word(p, "USE"))
		return p->kind = "USE", read_use(p, start);
	if (my_is_word(p, "SET"))
		return p->kind = "SET", my_read_set(p);
	if (my_is_word(p, "ANALYZE"))
		return p->kind = "ANALYZE TABLE", read_maintenance(p, CHANGE_ANALYZE, start);
	if (my_is_word(p, "OPTIMIZE"))
		return p->kind = "OPTIMIZE TABLE", read_maintenance(p, CHANGE_TABLE_FORCE, start);
	if (my_is_word(p, "CHECK"))
		return p->kind = "CHECK TABLE", read_maintenance(p, CHANGE_REPAIR_TABLE, start);
	if (my_is_word(p, "REPAIR"))
		return p->kind = "REPAIR TABLE", read_maintenance(p, CHANGE_REPAIR_TABLE, start);
	if (my_is_word(p, "CHECKSUM"))
		return p->kind = "CHECKSUM TABLE", read_maintenance(p, CHANGE_REPAIR_TABLE, start);
	if (!my_read_prepare(p, known) || *known)
		return p->fault == FAULT_NONE;
	return read_server(p, known);
}
