/* read_column.c - a column's definition: attributes, default, and the keys written inside it. */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

#include <stdint.h>

struct column_read {
	struct object *column;
	struct column_parts *parts;
	struct my_type type;
	bool nullable_said, default_said, has_json_check;
	bool said, generated, checked, references; /* which attributes came so far */
	struct slice constraint;                   /* the name before the one that is read */
};

static struct object *add_part(struct parser *p, struct column_read *c, enum object_type t)
{
	struct object *o = my_object_new(p->a, t, SLICE_NONE);

	*ARENA_PUSH(p->a, c->parts->at, c->parts->n) = o;
	return o;
}

static struct slice key_of(struct parser *p, struct slice column)
{
	struct buf b = {0};
	struct slice s;

	quote_ident_pretty(&b, p->d.dialect, column);
	s = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static void add_primary(struct parser *p, struct column_read *c)
{
	struct object *o = add_part(p, c, OBJECT_CONSTRAINT);

	o->name = o->constraint.index = SL("PRIMARY");
	o->constraint.kind = SL("primary key");
	names_add(p->a, &o->constraint.columns, c->column->name);
	c->column->column.not_null = true;
}

static void add_unique(struct parser *p, struct column_read *c)
{
	struct object *o = add_part(p, c, OBJECT_INDEX);

	o->generated_name = true;
	o->index.unique = true;
	o->index.method = SL("btree");
	names_add(p->a, &o->index.keys, key_of(p, c->column->name));
	names_add(p->a, &o->index.columns, c->column->name);
}

static struct object *add_check(struct parser *p, struct column_read *c, struct slice name)
{
	struct object *o = add_part(p, c, OBJECT_CONSTRAINT);

	o->constraint.kind = SL("check");
	o->name = name;
	o->generated_name = slice_empty(name);
	/* MariaDB keeps one check with the column, under the column's name. */
	if (is_mariadb(&p->d) && slice_empty(name))
		o->name = c->column->name;
	return o;
}

/* ---- defaults ---- */

static bool is_now(struct token t)
{
	return token_is(t, "CURRENT_TIMESTAMP") || token_is(t, "NOW") || token_is(t, "LOCALTIME") ||
	       token_is(t, "LOCALTIMESTAMP");
}

static struct slice now_normal(struct parser *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (tok_at(p, i).kind == TOKEN_NUMBER && !slice_is(tok_at(p, i).text, "0"))
			return arena_printf(
				p->a, "current_timestamp(%.*s)", SLICE(tok_at(p, i).text));
	return SL("current_timestamp()");
}

static struct slice quoted(struct parser *p, struct slice value)
{
	struct buf b = {0};
	struct slice s;

	quote_literal(&b, p->d.dialect, value);
	s = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* decimal(10,2) DEFAULT 0 is stored as 0.00. */
static struct slice decimal_normal(struct parser *p, struct slice type, struct slice number)
{
	size_t comma = slice_chr(type, ','), dot = slice_chr(number, '.');
	unsigned long long scale = 0;
	struct buf b = {0};
	struct slice digits, s;

	if (!slice_starts(type, "decimal") || comma >= type.len ||
		slice_chr(number, 'e') < number.len || slice_chr(number, 'E') < number.len)
		return number;
	digits = slice_from(type, comma + 1);
	digits.len = slice_chr(digits, ')') < digits.len ? slice_chr(digits, ')') : digits.len;
	if (!slice_u64(digits, &scale) || scale > 38)
		return number;
	buf_add(&b, dot < number.len ? slice_sub(number, 0, dot) : number);
	if (scale) {
		struct slice frac = dot < number.len ? slice_from(number, dot + 1) : SLICE_NONE;

		buf_addc(&b, '.');
		for (unsigned long long i = 0; i < scale; i++)
			buf_addc(&b, i < frac.len ? frac.at[i] : '0');
	}
	s = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static struct slice number_normal(struct parser *p, const struct my_type *t, struct slice text)
{
	size_t i = text.len && (text.at[0] == '-' || text.at[0] == '+') ? 1 : 0;
	struct slice digits = slice_from(text, i), dec;

	if (slice_chr(digits, 'e') < digits.len || slice_chr(digits, 'E') < digits.len) {
		char plain[40];

		snprintf(plain, sizeof plain, "%.15g", strtod(arena_cstr(p->a, digits), NULL));
		digits = arena_slice(p->a, slice_of(plain));
	}
	if (slice_starts(digits, "."))
		digits = arena_printf(p->a, "0%.*s", SLICE(digits));
	/* Leading zeros go: '00' is 0. */
	while (digits.len > 1 && digits.at[0] == '0' && digits.at[1] >= '0' && digits.at[1] <= '9')
		digits = slice_from(digits, 1);
	dec = decimal_normal(p, t->text, digits);
	/* 0.0 in a float column is 0. */
	if (!slice_starts(t->text, "decimal")) {
		while (slice_chr(dec, '.') < dec.len && dec.at[dec.len - 1] == '0')
			dec.len--;
		if (dec.len && dec.at[dec.len - 1] == '.')
			dec.len--;
	}
	return i && text.at[0] == '-' ? arena_printf(p->a, "-%.*s", SLICE(dec)) : dec;
}

static struct slice time_normal(struct parser *p, const struct my_type *t, struct slice value)
{
	struct buf b = {0};
	struct slice s, width = SLICE_NONE;
	unsigned long long n = 0;
	size_t open = slice_chr(t->text, '(');

	if (slice_is(value, "0"))
		value = SL("0000-00-00 00:00:00");
	buf_add(&b, value);
	if (value.len == 10)
		buf_adds(&b, " 00:00:00");
	if (open < t->text.len)
		width = slice_sub(t->text, open + 1, 1);
	if (slice_u64(width, &n) && b.len == 19) {
		buf_addc(&b, '.');
		for (; n; n--)
			buf_addc(&b, '0');
	}
	s = quoted(p, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* A literal as the column's type stores it. */
static struct slice literal_normal(
	struct parser *p, const struct my_type *t, struct slice value, bool was_string)
{
	if (slice_empty(t->text)) /* ALTER … SET DEFAULT: the type is not in the statement */
		return was_string ? quoted(p, value) : value;
	if (t->is_number || slice_starts(t->text, "year"))
		return number_normal(p, t, value);
	if (t->is_time)
		return time_normal(p, t, value);
	if (slice_starts(t->text, "bit"))
		return arena_printf(p->a, "b'%.*s'", SLICE(value));
	return quoted(p, value);
}

struct slice my_default_normal(struct parser *p, const struct my_type *t, size_t from, size_t to)
{
	struct token first = tok_at(p, from);
	struct slice normal = SLICE_NONE;
	struct parser strings = *p;

	strings.at = from;
	if (to > from + 1 && first.kind == TOKEN_STRING && my_take_string(&strings, &normal) &&
		strings.at == to) /* 'a' 'b' */
		return literal_normal(p, t, normal, true);

	if (to == from + 1 && first.kind == TOKEN_NUMBER && slice_istarts(first.text, "0x"))
		return my_lower(p->a, first.text);
	if (to == from + 1 && (first.kind == TOKEN_NUMBER))
		return literal_normal(p, t, first.text, false);
	if (to == from + 1 && first.kind == TOKEN_STRING) {
		if (slice_istarts(first.text, "b'") || slice_istarts(first.text, "x'"))
			return my_lower(p->a, first.text);
		return literal_normal(p, t, token_value(p->a, p->d.dialect, first), true);
	}
	if (to == from + 2 && (token_punct(first, "-") || token_punct(first, "+")) &&
		tok_at(p, from + 1).kind == TOKEN_NUMBER)
		return literal_normal(p, t,
			token_punct(first, "-")
				? arena_printf(p->a, "-%.*s", SLICE(tok_at(p, from + 1).text))
				: tok_at(p, from + 1).text,
			false);
	if (to == from + 1 && (token_is(first, "TRUE") || token_is(first, "FALSE")))
		return literal_normal(p, t, token_is(first, "TRUE") ? SL("1") : SL("0"), false);
	if (is_now(first))
		return now_normal(p, from, to);
	if (my_expr_normal(p->a, &p->d, p->tok + from, to - from, &normal))
		return normal;
	return SLICE_NONE;
}

/* MySQL takes no function without brackets around it, but the clock. */
static bool is_plain_default(const struct parser *p)
{
	static const char *const words[] = {"NULL", "TRUE", "FALSE"};
	struct token t = tok_now(p);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(t, words[i]))
			return true;
	return t.kind != TOKEN_WORD || is_now(t) || tok_next(p, 1).kind == TOKEN_STRING;
}

/* Where a default without brackets ends: literals, signs, one function call. */
static bool skip_default(struct parser *p, size_t *to)
{
	size_t from, end;

	if (my_is_punct(p, "(")) {
		if (!my_take_brackets(p, &from, &end))
			return false;
		*to = p->at;
		return true;
	}
	if (my_take_word(p, "NEXT VALUE FOR")) {
		struct name seq;

		if (!my_want_name(p, &seq, "a sequence"))
			return false;
		*to = p->at;
		return true;
	}
	while (my_is_punct(p, "-") || my_is_punct(p, "+"))
		p->at++;
	if (!is_mariadb(&p->d) && !is_plain_default(p))
		return my_fault_expected(
			p, "a literal, CURRENT_TIMESTAMP or an expression in brackets");
	if (tok_now(p).kind == TOKEN_END || tok_now(p).kind == TOKEN_PUNCT)
		return my_fault_expected(p, "a default value");
	if (tok_now(p).kind == TOKEN_WORD && slice_starts(tok_now(p).text, "_") &&
		tok_next(p, 1).kind == TOKEN_STRING)
		p->at++;
	p->at++;
	while (my_is_punct(p, "."))
		p->at += 2;
	if (my_is_punct(p, "(") && !my_take_brackets(p, &from, &end))
		return false;
	while (tok_at(p, p->at - 1).kind == TOKEN_STRING && tok_now(p).kind == TOKEN_STRING)
		p->at++;
	*to = p->at;
	return true;
}

/* DEFAULT NULL is the same as no default: then *out stays empty. */
bool my_read_default(struct parser *p, const struct my_type *t, struct expr *out)
{
	size_t from = p->at, to = 0;

	if (!skip_default(p, &to))
		return false;
	*out = my_expr_tokens(p, from, to);
	if (out->facts && out->facts->null) {
		*out = (struct expr){0};
		return true;
	}
	out->normal = my_default_normal(p, t, from, to);
	return true;
}

/* ---- attributes ---- */

static bool read_on_update(struct parser *p, struct column_read *c)
{
	size_t from = p->at;

	if (!is_now(tok_now(p)))
		return my_fault_expected(p, "CURRENT_TIMESTAMP");
	p->at++;
	if (my_take_punct(p, "(")) {
		if (tok_now(p).kind == TOKEN_NUMBER)
			p->at++;
		if (!my_want_punct(p, ")"))
			return false;
	}
	c->column->column.on_update = my_expr_tokens(p, from, p->at);
	c->column->column.on_update.normal = now_normal(p, from, p->at);
	return true;
}

static bool read_generated(struct parser *p, struct column_read *c)
{
	struct column_def *d = &c->column->column;
	size_t from, to;

	if (my_take_word(p, "ROW START") || my_take_word(p, "ROW END")) {
		names_add(p->a, &d->options,
			token_is(tok_at(p, p->at - 1), "START") ? SL("row start") : SL("row end"));
		d->not_null = true;
		return true;
	}
	if (!my_is_punct(p, "("))
		return my_fault_expected(p, "\"(\" and an expression");
	if (!my_take_brackets(p, &from, &to))
		return false;
	c->generated = true;
	d->generation = my_expr_tokens(p, from, to);
	d->generated = SL("virtual");
	if (my_take_word(p, "STORED") || (is_mariadb(&p->d) && my_take_word(p, "PERSISTENT")))
		d->generated = SL("stored");
	else
		my_take_word(p, "VIRTUAL");
	return true;
}

/* MySQL: the check of a column is over that column alone. */
static bool mentions_others(const struct expr *e, struct slice column)
{
	for (size_t i = 0; e->facts && i < e->facts->columns.n; i++)
		if (!slice_ieq(e->facts->columns.at[i], column))
			return true;
	return false;
}

static bool read_check(struct parser *p, struct column_read *c, struct slice name)
{
	struct object *o;
	size_t from, to;

	if (!my_is_punct(p, "("))
		return my_fault_expected(p, "\"(\" and a condition");
	if (!my_take_brackets(p, &from, &to))
		return false;
	c->checked = true;
	o = add_check(p, c, name);
	o->constraint.expression = my_expr_tokens(p, from, to);
	if (!is_mariadb(&p->d) && mentions_others(&o->constraint.expression, c->column->name))
		return my_fault_expected(p, "a condition over the column alone before that");
	if (!is_mariadb(&p->d) && my_take_word(p, "NOT ENFORCED"))
		o->constraint.not_enforced = true;
	else if (!is_mariadb(&p->d))
		my_take_word(p, "ENFORCED");
	if (c->type.is_json)
		c->has_json_check = true;
	return true;
}

static bool references_count(const struct parser *p)
{
	return is_mariadb(&p->d) ? p->d.version >= 100500 : p->d.version >= 90000;
}

/* MySQL before 9.0 parses this and forgets it. */
static bool read_inline_references(struct parser *p, struct column_read *c)
{
	struct object *o = my_object_new(p->a, OBJECT_CONSTRAINT, SLICE_NONE);

	o->constraint.kind = SL("foreign key");
	o->name = o->constraint.index = c->constraint;
	o->generated_name = slice_empty(o->name);
	c->references = true;
	names_add(p->a, &o->constraint.columns, c->column->name);
	if (!my_read_references(p, &o->constraint))
		return false;
	if (references_count(p))
		*ARENA_PUSH(p->a, c->parts->at, c->parts->n) = o;
	else
		names_add(p->a, &p->st->forgotten, c->column->name);
	return true;
}

static void option(struct parser *p, struct column_read *c, struct slice text)
{
	names_add(p->a, &c->column->column.options, text);
}

static bool read_collate(struct parser *p, struct column_read *c)
{
	struct slice name;

	if (my_take_word(p, "BINARY"))
		name = SL("binary");
	else if (!my_take_string(p, &name) && !my_want_ident(p, &name, "a collation"))
		return false;
	c->column->column.collation = my_collation_canonical(p->a, name);
	c->type.collation = c->column->column.collation;
	if (slice_empty(c->type.charset))
		c->type.charset = my_collation_charset(p->a, name);
	return true;
}

static bool read_word_option(struct parser *p, struct column_read *c, const char *label)
{
	struct token t;

	my_take_punct(p, "=");
	t = tok_now(p);
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_NUMBER && t.kind != TOKEN_STRING)
		return my_fault_expected(p, "a value");
	p->at++;
	option(p, c, arena_printf(p->a, "%s=%.*s", label, SLICE(my_lower(p->a, t.text))));
	return true;
}

static bool read_null(struct parser *p, struct column_read *c, bool *took)
{
	*took = true;
	if (my_take_word(p, "NOT NULL")) {
		c->column->column.not_null = true;
		c->nullable_said = true;
	} else if (my_take_word(p, "NULL")) {
		c->column->column.not_null = false;
		c->nullable_said = true;
	} else {
		*took = false;
	}
	return true;
}

static bool read_key_word(struct parser *p, struct column_read *c, bool *took)
{
	*took = true;
	if (my_take_word(p, "PRIMARY KEY") || my_take_word(p, "PRIMARY") || my_take_word(p, "KEY"))
		add_primary(p, c);
	else if (my_take_word(p, "UNIQUE KEY") || my_take_word(p, "UNIQUE"))
		add_unique(p, c);
	else if (my_is_word(p, "REFERENCES"))
		return read_inline_references(p, c);
	else
		*took = false;
	return true;
}

/* Texts and their like of MariaDB. */
static bool takes_compression(const struct column_read *c)
{
	struct slice type = c->type.text;

	return c->type.is_text || slice_starts(type, "varbinary") ||
	       slice_find(type, SL("blob")) != SIZE_MAX;
}

static bool read_rare(struct parser *p, struct column_read *c, bool *took)
{
	struct slice s;

	*took = true;
	if (my_take_word(p, "INVISIBLE"))
		option(p, c, SL("invisible"));
	else if (!is_mariadb(&p->d) && my_take_word(p, "VISIBLE"))
		;
	else if (!is_mariadb(&p->d) && my_take_word(p, "COLUMN_FORMAT"))
		return read_word_option(p, c, "column_format");
	else if (!is_mariadb(&p->d) && my_take_word(p, "STORAGE"))
		return read_word_option(p, c, "storage");
	else if (my_take_word(p, "SRID"))
		return read_word_option(p, c, "srid");
	else if (my_take_word(p, "REF_SYSTEM_ID"))
		return read_word_option(p, c, "ref_system_id");
	else if (my_take_word(p, "ENGINE_ATTRIBUTE") ||
		 my_take_word(p, "SECONDARY_ENGINE_ATTRIBUTE"))
		return my_take_punct(p, "="), my_want_string(p, &s, "a string");
	else if (is_mariadb(&p->d) && takes_compression(c) && my_take_word(p, "COMPRESSED")) {
		option(p, c, SL("compressed"));
		if (my_take_punct(p, "="))
			p->at++;
	} else if (my_take_word(p, "WITHOUT SYSTEM VERSIONING")) {
		option(p, c, SL("without system versioning"));
	} else if (my_take_word(p, "WITH SYSTEM VERSIONING")) {
		option(p, c, SL("with system versioning"));
	} else {
		*took = false;
	}
	return true;
}

static bool at_attribute(const struct parser *p)
{
	static const char *const words[] = {"NOT", "NULL", "DEFAULT", "ON", "AUTO_INCREMENT",
		"UNIQUE", "PRIMARY", "KEY", "COMMENT", "COLLATE", "CHECK", "CONSTRAINT",
		"INVISIBLE", "REFERENCES", "GENERATED", "AS", "SERIAL"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (my_is_word(p, words[i]))
			return true;
	return false;
}

/* Attributes stand in any order, but: a computed column's expression is the first of them, and
 * REFERENCES the last. MariaDB lets only these stand behind an expression, and wants the check
 * last.
 */
static bool attribute_may_stand(struct parser *p, const struct column_read *c)
{
	static const char *const computed[] = {
		"UNIQUE", "COMMENT", "INVISIBLE", "CHECK", "CONSTRAINT"};
	bool may = !c->generated;

	if (!at_attribute(p))
		return true;
	if (c->references || (c->said && (my_is_word(p, "GENERATED") || my_is_word(p, "AS"))))
		return my_fault_expected(p, "the end of the column");
	if (!is_mariadb(&p->d))
		return true;
	for (size_t i = 0; i < sizeof computed / sizeof *computed; i++)
		may |= my_is_word(p, computed[i]);
	if (c->checked)
		may = my_is_word(p, "REFERENCES") || my_is_word(p, "CONSTRAINT");
	return may || my_fault_expected(p, "the end of the column");
}

/* CONSTRAINT name: before CHECK on MySQL, before REFERENCES on MariaDB. */
static bool read_constraint_name(struct parser *p, struct slice *name)
{
	const char *word = is_mariadb(&p->d) ? "REFERENCES" : "CHECK";

	if (!my_take_word(p, "CONSTRAINT"))
		return true;
	if (!my_is_word(p, word) && !my_want_ident(p, name, "a constraint name"))
		return false;
	return my_is_word(p, word) || my_fault_expected(p, word);
}

static bool read_attribute(struct parser *p, struct column_read *c, bool *took)
{
	struct column_def *d = &c->column->column;

	c->constraint = SLICE_NONE;
	if (!attribute_may_stand(p, c) || !read_constraint_name(p, &c->constraint))
		return false;
	if (!read_null(p, c, took) || *took || !read_key_word(p, c, took) || *took ||
		!read_rare(p, c, took) || *took)
		return p->fault == FAULT_NONE;
	*took = true;
	if (my_take_word(p, "DEFAULT")) {
		c->default_said = true;
		return my_read_default(p, &c->type, &d->default_value);
	}
	if (my_take_word(p, "ON UPDATE"))
		return read_on_update(p, c);
	if (my_take_word(p, "AUTO_INCREMENT")) {
		d->identity = SL("auto_increment");
		d->not_null = true;
		return true;
	}
	if (my_take_word(p, "SERIAL DEFAULT VALUE")) {
		d->identity = SL("auto_increment");
		d->not_null = true;
		add_unique(p, c);
		return true;
	}
	if (my_take_word(p, "COMMENT"))
		return my_want_string(p, &c->column->comment, "a comment in quotes");
	if (my_take_word(p, "COLLATE"))
		return read_collate(p, c);
	if (my_take_word(p, "GENERATED ALWAYS AS") || my_take_word(p, "AS"))
		return read_generated(p, c);
	if (my_take_word(p, "CHECK"))
		return read_check(p, c, c->constraint);
	*took = false;
	return true;
}

/* ---- the whole ---- */

static void finish_text(struct parser *p, struct column_read *c)
{
	struct column_def *d = &c->column->column;
	const char *dflt;

	if (!c->type.is_text) {
		d->charset = d->collation = SLICE_NONE;
		return;
	}
	d->charset = c->type.charset;
	if (slice_empty(d->collation))
		d->collation = c->type.collation;
	if (slice_empty(d->charset) || !slice_empty(d->collation))
		return;
	if (c->type.binary) {
		d->collation = arena_printf(p->a, "%.*s_bin", SLICE(d->charset));
		return;
	}
	dflt = my_charset_collation(&p->d, d->charset);
	if (dflt)
		d->collation = slice_of(dflt);
}

static void finish_json(struct parser *p, struct column_read *c)
{
	struct object *o;

	if (!c->type.is_json || c->has_json_check)
		return;
	o = add_check(p, c, SLICE_NONE);
	o->constraint.expression.text =
		arena_printf(p->a, "json_valid(`%.*s`)", SLICE(c->column->name));
	o->constraint.expression.normal = my_normal(p->a, &p->d, o->constraint.expression.text);
}

bool my_read_column(struct parser *p, struct object *column, struct column_parts *parts)
{
	struct column_read c = {.column = column, .parts = parts};
	bool took = true;

	if (!my_read_type(p, &c.type))
		return false;
	column->column.type = c.type.text;
	if (c.type.is_serial) {
		column->column.identity = SL("auto_increment");
		column->column.not_null = true;
		add_unique(p, &c);
	}
	while (took) {
		bool collate = my_is_word(p, "COLLATE"); /* is as good as a part of the type */

		if (!read_attribute(p, &c, &took))
			return false;
		c.said |= !collate;
	}
	finish_text(p, &c);
	finish_json(p, &c);
	/* Without explicit_defaults_for_timestamp (the default before MariaDB 10.10 and MySQL 8.0)
	 * a TIMESTAMP that does not say NULL is NOT NULL. */
	if (c.type.is_timestamp && !c.nullable_said &&
		p->d.version < (is_mariadb(&p->d) ? 101000 : 80000) &&
		slice_empty(column->column.generated))
		column->column.not_null = true;
	return true;
}
