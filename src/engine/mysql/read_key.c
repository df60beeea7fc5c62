/* read_key.c - keys, foreign keys, checks and partitions, as they stand in CREATE and ALTER TABLE.
 */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

bool my_at_key(const struct parser *p)
{
	static const char *const starts[] = {"CONSTRAINT", "PRIMARY KEY", "UNIQUE", "KEY", "INDEX",
		"FULLTEXT", "SPATIAL", "FOREIGN KEY", "CHECK"};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (my_is_word(p, starts[i]))
			return true;
	return false;
}

/* ---- key parts ---- */

static bool read_key_expression(struct parser *p, struct buf *key)
{
	size_t from, to;
	struct expr e;

	if (!my_take_brackets(p, &from, &to))
		return false;
	e = my_expr_tokens(p, from, to);
	buf_addc(key, '(');
	buf_add(key, slice_empty(e.normal) ? e.text : e.normal);
	buf_addc(key, ')');
	return true;
}

static bool read_key_part(struct parser *p, struct names *keys, struct names *columns)
{
	struct buf key = {0};
	struct slice column;
	bool ok = false;

	if (my_is_punct(p, "(")) {
		if (!read_key_expression(p, &key))
			goto out;
	} else {
		if (!my_want_ident(p, &column, "a column name"))
			goto out;
		quote_ident_pretty(&key, p->d.dialect, column);
		names_add(p->a, columns, column);
		if (my_take_punct(p, "(")) {
			if (tok_now(p).kind != TOKEN_NUMBER) {
				my_fault_expected(p, "a length");
				goto out;
			}
			buf_printf(&key, "(%.*s)", SLICE(tok_now(p).text));
			p->at++;
			if (!my_want_punct(p, ")"))
				goto out;
		}
	}
	if (my_take_word(p, "DESC"))
		buf_adds(&key, " DESC");
	else
		my_take_word(p, "ASC");
	if (my_take_word(p, "WITHOUT OVERLAPS"))
		buf_adds(&key, " WITHOUT OVERLAPS");
	names_add(p->a, keys, arena_slice(p->a, buf_slice(&key)));
	ok = true;
out:
	buf_done(&key);
	return ok;
}

static bool read_key_parts(struct parser *p, struct names *keys, struct names *columns)
{
	if (!my_want_punct(p, "("))
		return false;
	do {
		if (!read_key_part(p, keys, columns))
			return false;
	} while (my_take_punct(p, ","));
	return my_want_punct(p, ")");
}

static bool read_index_type(struct parser *p, struct index_def *d)
{
	if (!my_take_word(p, "USING") && !my_take_word(p, "TYPE"))
		return true;
	if (my_take_word(p, "HASH")) {
		d->method = SL("hash");
		return true;
	}
	if (my_take_word(p, "BTREE") || my_take_word(p, "RTREE"))
		return true;
	return my_fault_expected(p, "BTREE, HASH or RTREE");
}

static bool read_index_option(struct parser *p, struct object *o, bool *took)
{
	struct slice s;

	*took = true;
	if (my_is_word(p, "USING") || my_is_word(p, "TYPE"))
		return read_index_type(p, &o->index);
	if (my_take_word(p, "COMMENT"))
		return my_take_punct(p, "="), my_want_string(p, &o->comment, "a comment in quotes");
	if (my_take_word(p, "KEY_BLOCK_SIZE")) {
		my_take_punct(p, "=");
		if (tok_now(p).kind != TOKEN_NUMBER)
			return my_fault_expected(p, "a number");
		p->at++;
		return true;
	}
	if (my_take_word(p, "WITH PARSER")) {
		if (!my_want_ident(p, &s, "a parser"))
			return false;
		names_add(p->a, &o->index.options,
			arena_printf(p->a, "parser=%.*s", SLICE(my_lower(p->a, s))));
		return true;
	}
	if (my_take_word(p, is_mariadb(&p->d) ? "IGNORED" : "INVISIBLE")) {
		o->index.invisible = true;
		return true;
	}
	if (my_take_word(p, is_mariadb(&p->d) ? "NOT IGNORED" : "VISIBLE"))
		return true;
	if (my_take_word(p, "ENGINE_ATTRIBUTE") || my_take_word(p, "SECONDARY_ENGINE_ATTRIBUTE"))
		return my_take_punct(p, "="), my_want_string(p, &s, "a string");
	if (my_take_word(p, "CLUSTERING")) {
		my_take_punct(p, "=");
		p->at++;
		return true;
	}
	*took = false;
	return true;
}

/* [USING …] (parts) options; the words before it have been read. */
bool my_read_index_rest(struct parser *p, struct object *o)
{
	bool took = true;

	if (!read_index_type(p, &o->index) || !read_key_parts(p, &o->index.keys, &o->index.columns))
		return false;
	while (took)
		if (!read_index_option(p, o, &took))
			return false;
	if (slice_is(o->index.method, "fulltext") || slice_is(o->index.method, "spatial"))
		return true;
	if (slice_empty(o->index.method))
		o->index.method = SL("btree");
	return true;
}

/* ---- foreign keys ---- */

static bool read_action(struct parser *p, struct slice *out)
{
	if (my_take_word(p, "CASCADE"))
		*out = SL("cascade");
	else if (my_take_word(p, "SET NULL"))
		*out = SL("set null");
	else if (my_take_word(p, "SET DEFAULT"))
		*out = SL("set default");
	else if (my_take_word(p, "RESTRICT") || my_take_word(p, "NO ACTION"))
		*out = SL("no action"); /* the same thing in these servers */
	else
		return my_fault_expected(p, "CASCADE, SET NULL, RESTRICT or NO ACTION");
	return true;
}

bool my_read_references(struct parser *p, struct constraint_def *c)
{
	c->on_delete = c->on_update = SL("no action");
	c->match = SL("simple");
	if (!my_want_word(p, "REFERENCES") || !my_want_name(p, &c->ref_table, "a table name"))
		return false;
	if (my_is_punct(p, "(") && !my_want_ident_list(p, &c->ref_columns, "a column name"))
		return false;
	for (;;) {
		if (my_take_word(p, "MATCH")) {
			if (!my_take_word(p, "FULL") && !my_take_word(p, "PARTIAL") &&
				!my_take_word(p, "SIMPLE"))
				return my_fault_expected(p, "FULL, PARTIAL or SIMPLE");
		} else if (my_take_word(p, "ON DELETE")) {
			if (!read_action(p, &c->on_delete))
				return false;
		} else if (my_is_word(p, "ON UPDATE")) {
			p->at += 2;
			if (!read_action(p, &c->on_update))
				return false;
		} else {
			return true;
		}
	}
}

/* The key that InnoDB adds when no other begins with these columns. */
struct object *my_implied_fk_index(struct parser *p, const struct object *fk)
{
	struct object *o = my_object_new(p->a, OBJECT_INDEX, SLICE_NONE);

	o->name = fk->constraint.index;
	o->generated_name = true;
	o->index.method = SL("btree");
	for (size_t i = 0; i < fk->constraint.columns.n; i++) {
		struct buf b = {0};

		quote_ident_pretty(&b, p->d.dialect, fk->constraint.columns.at[i]);
		names_add(p->a, &o->index.keys, arena_slice(p->a, buf_slice(&b)));
		names_add(p->a, &o->index.columns, fk->constraint.columns.at[i]);
		buf_done(&b);
	}
	return o;
}

static bool read_foreign(struct parser *p, struct slice name, struct object **out, unsigned *flags)
{
	struct object *o = my_object_new(p->a, OBJECT_CONSTRAINT, name);
	struct slice index = SLICE_NONE;

	if (my_take_word(p, "IF NOT EXISTS"))
		*flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_is_punct(p, "(") && !my_want_ident(p, &index, "an index name"))
		return false;
	o->constraint.kind = SL("foreign key");
	if (!my_want_ident_list(p, &o->constraint.columns, "a column name") ||
		!my_read_references(p, &o->constraint))
		return false;
	/* Without a name of its own the constraint takes the index's, until MySQL 8.0.16. */
	if (slice_empty(name) && (is_mariadb(&p->d) || p->d.version < 80016))
		o->name = index;
	o->constraint.index = slice_empty(name) ? index : name;
	o->generated_name = slice_empty(o->name);
	*out = o;
	return true;
}

/* ---- everything that can stand for a key ---- */

static bool read_primary(struct parser *p, struct object **out, unsigned *flags)
{
	struct object *o = my_object_new(p->a, OBJECT_CONSTRAINT, SL("PRIMARY"));
	struct object rest = {.type = OBJECT_INDEX};
	struct slice ignored;

	if (my_take_word(p, "IF NOT EXISTS"))
		*flags |= CHANGE_IF_NOT_EXISTS;
	o->constraint.kind = SL("primary key");
	o->constraint.index = o->name;
	if (!my_is_punct(p, "(") && !my_is_word(p, "USING") && !my_is_word(p, "TYPE") &&
		!my_want_ident(p, &ignored, "\"(\""))
		return false;
	if (!my_read_index_rest(p, &rest))
		return false;
	o->constraint.columns = rest.index.columns;
	if (rest.index.keys.n && o->constraint.columns.n == rest.index.keys.n &&
		slice_ends(rest.index.keys.at[rest.index.keys.n - 1], " WITHOUT OVERLAPS"))
		o->constraint.columns.n--; /* a period is no column */
	o->comment = rest.comment;
	for (size_t i = 0; i < rest.index.keys.n; i++)
		if (slice_ends(rest.index.keys.at[i], ")") ||
			slice_ends(rest.index.keys.at[i], " WITHOUT OVERLAPS") ||
			slice_ends(rest.index.keys.at[i], " DESC"))
			names_add(p->a, &o->constraint.options,
				arena_printf(p->a, "key=%.*s", SLICE(rest.index.keys.at[i])));
	*out = o;
	return true;
}

static bool read_index(struct parser *p, struct slice name, bool unique, const char *method,
	struct object **out, unsigned *flags)
{
	struct object *o = my_object_new(p->a, OBJECT_INDEX, name);

	if (my_take_word(p, "IF NOT EXISTS"))
		*flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_is_punct(p, "(") && !my_is_word(p, "USING") && !my_is_word(p, "TYPE") &&
		!my_want_ident(p, &o->name, "an index name"))
		return false;
	o->index.unique = unique;
	if (method)
		o->index.method = slice_of(method);
	o->generated_name = slice_empty(o->name);
	*out = o;
	return my_read_index_rest(p, o);
}

static bool read_table_check(struct parser *p, struct slice name, struct object **out)
{
	struct object *o = my_object_new(p->a, OBJECT_CONSTRAINT, name);
	size_t from, to;

	o->constraint.kind = SL("check");
	o->generated_name = slice_empty(name);
	if (!my_is_punct(p, "("))
		return my_fault_expected(p, "\"(\" and a condition");
	if (!my_take_brackets(p, &from, &to))
		return false;
	o->constraint.expression = my_expr_tokens(p, from, to);
	if (my_take_word(p, "NOT ENFORCED"))
		o->constraint.not_enforced = true;
	else
		my_take_word(p, "ENFORCED");
	*out = o;
	return true;
}

bool my_read_key(struct parser *p, struct object **out, unsigned *flags)
{
	struct slice name = SLICE_NONE;
	bool constraint = my_take_word(p, "CONSTRAINT");

	if (constraint && my_take_word(p, "IF NOT EXISTS"))
		*flags |= CHANGE_IF_NOT_EXISTS;
	if (constraint && my_is_identifier(p, p->at) &&
		!my_want_ident(p, &name, "a constraint name"))
		return false;
	if (my_take_word(p, "PRIMARY KEY"))
		return read_primary(p, out, flags);
	if (my_take_word(p, "UNIQUE")) {
		my_take_either(p, "KEY", "INDEX");
		return read_index(p, name, true, NULL, out, flags);
	}
	if (my_take_word(p, "FOREIGN KEY"))
		return read_foreign(p, name, out, flags);
	if (my_take_word(p, "CHECK"))
		return read_table_check(p, name, out);
	if (constraint)
		return my_fault_expected(p, "PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK");
	if (my_take_word(p, "FULLTEXT") || my_take_word(p, "SPATIAL")) {
		const char *method =
			token_is(tok_at(p, p->at - 1), "FULLTEXT") ? "fulltext" : "spatial";

		my_take_either(p, "KEY", "INDEX");
		return read_index(p, name, false, method, out, flags);
	}
	if (my_take_word(p, "KEY") || my_take_word(p, "INDEX"))
		return read_index(p, name, false, NULL, out, flags);
	return my_fault_expected(p, "a key");
}
