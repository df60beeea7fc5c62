/* refer.c - what a rename does to those who mention what is renamed. */
#include "catalog/internal.h"

#include "sql/quote.h"
#include "sql/token.h"

#include <stdarg.h>

struct slice keep(struct catalog *c, struct slice s)
{
	return s.len ? arena_slice(&c->arena, s) : SLICE_NONE;
}

struct slice textf(struct catalog *c, const char *fmt, ...)
{
	struct slice s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(&c->arena, fmt, ap);
	va_end(ap);
	return s;
}

struct name split_name(struct slice s)
{
	size_t dot = slice_chr(s, '.');

	if (dot == SIZE_MAX)
		return (struct name){SLICE_NONE, s};
	return (struct name){slice_sub(s, 0, dot), slice_from(s, dot + 1)};
}

struct slice dotted(struct arena *a, struct name n)
{
	if (slice_empty(n.schema))
		return n.name;
	return arena_join(a, (const struct slice[]){n.schema, SL("."), n.name}, 3);
}

struct name relation_in(struct slice s, struct slice *column)
{
	struct name n = split_name(s);
	size_t dot = slice_chr(n.name, '.');

	*column = SLICE_NONE;
	if (!slice_empty(n.schema) && dot != SIZE_MAX) {
		*column = slice_from(n.name, dot + 1);
		n.name = slice_sub(n.name, 0, dot);
	}
	return n;
}

/* Where the name that begins at `at` ends: "quoted" ones hold anything. */
static size_t type_word_end(struct slice t, size_t at)
{
	if (at < t.len && t.at[at] == '"') {
		for (at++; at < t.len; at++)
			if (t.at[at] == '"' && (at + 1 == t.len || t.at[at + 1] != '"'))
				return at + 1;
			else if (t.at[at] == '"')
				at++;
		return t.len;
	}
	while (at < t.len && t.at[at] != '.' && t.at[at] != '(' && t.at[at] != '[')
		at++;
	return at;
}

struct slice type_base(struct slice t)
{
	size_t end = type_word_end(t, 0);

	if (end < t.len && t.at[end] == '.')
		end = type_word_end(t, end + 1);
	return slice_trim(slice_sub(t, 0, end));
}

static struct slice unquoted(struct slice s)
{
	return s.len >= 2 && s.at[0] == '"' ? slice_sub(s, 1, s.len - 2) : s;
}

struct name type_named(struct slice t)
{
	struct slice base = type_base(t);
	size_t dot = type_word_end(base, 0);

	if (dot >= base.len)
		return (struct name){SLICE_NONE, unquoted(base)};
	return (struct name){
		unquoted(slice_sub(base, 0, dot)), unquoted(slice_from(base, dot + 1))};
}

struct slice type_spelled(struct catalog *c, struct name n)
{
	struct buf b = {0};
	struct slice s;

	quote_name_pretty(&b, c->dialect, n.schema, n.name);
	s = keep(c, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* ---- Lists ---- */

struct names names_replaced(struct catalog *c, struct names n, struct slice from, struct slice to)
{
	struct names out = names_copy(&c->arena, n);

	for (size_t i = 0; i < out.n; i++)
		if (same_name(c, OBJECT_COLUMN, out.at[i], from))
			out.at[i] = to;
	return out;
}

struct names names_without(struct catalog *c, struct names n, struct slice s)
{
	struct names out = {0};

	for (size_t i = 0; i < n.n; i++)
		if (!same_name(c, OBJECT_COLUMN, n.at[i], s))
			names_add(&c->arena, &out, n.at[i]);
	return out;
}

static struct slice option_key(struct slice s)
{
	return slice_sub(s, 0, slice_chr(s, '='));
}

struct names options_changed(struct catalog *c, struct names old, struct names list, bool reset)
{
	struct names out = {0};

	for (size_t i = 0; i < old.n; i++) {
		bool changed = false;

		for (size_t k = 0; k < list.n && !changed; k++)
			changed = slice_ieq(option_key(old.at[i]), option_key(list.at[k]));
		if (!changed)
			names_add(&c->arena, &out, old.at[i]);
	}
	for (size_t k = 0; !reset && k < list.n; k++)
		names_add(&c->arena, &out, list.at[k]);
	return out;
}

/* The same, where the elements are schema.table or schema.table.column. */
static struct names relations_replaced(
	struct catalog *c, struct names n, struct name from, struct name to)
{
	struct names out = names_copy(&c->arena, n);

	for (size_t i = 0; i < out.n; i++) {
		struct slice column;
		struct name r = relation_in(out.at[i], &column);

		if (!same_full_name(c, OBJECT_TABLE, r, from))
			continue;
		out.at[i] = dotted(&c->arena, to);
		if (column.len)
			out.at[i] = textf(c, "%.*s.%.*s", SLICE(out.at[i]), SLICE(column));
	}
	return out;
}

/* ---- Expressions ---- */

static bool is_name_byte(char ch)
{
	return ch == '_' || ch == '$' || (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
	       (ch >= 'A' && ch <= 'Z') || (unsigned char)ch >= 0x80;
}

static struct slice text_rename(struct catalog *c, struct slice text, struct slice from,
	struct slice to, bool functions_too)
{
	struct arena scratch = {0};
	struct buf b = {0};
	struct lexer l;
	struct slice out;
	bool changed = false, into = false;

	if (slice_ifind(text, from) == SIZE_MAX)
		return text;
	lexer_init(&l, c->dialect, text);
	for (struct token t = lexer_raw(&l); t.kind != TOKEN_END; t = lexer_raw(&l)) {
		bool name = t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;

		if (name &&
			same_name(c, OBJECT_COLUMN, token_value(&scratch, c->dialect, t), from) &&
			(functions_too || into || !token_punct(lexer_peek(&l), "("))) {
			quote_ident_pretty(&b, c->dialect, to);
			changed = true;
		} else {
			buf_add(&b, t.text);
		}
		/* INSERT INTO t (a, b): no call */
		if (t.kind != TOKEN_BLANK && t.kind != TOKEN_COMMENT)
			into = token_is(t, "INTO");
	}
	out = changed ? keep(c, buf_slice(&b)) : text;
	arena_done(&scratch);
	buf_done(&b);
	return out;
}

struct expr expr_rename(struct catalog *c, struct expr e, struct slice from, struct slice to)
{
	struct expr_facts *f;

	e.text = text_rename(c, e.text, from, to, false);
	e.normal = text_rename(c, e.normal, from, to, false);
	if (e.facts && names_has(e.facts->columns, from)) {
		f = ARENA_NEW(&c->arena, struct expr_facts);
		*f = *e.facts;
		f->columns = names_replaced(c, f->columns, from, to);
		e.facts = f;
	}
	return e;
}

static bool text_mentions(const struct catalog *c, struct slice text, struct slice column)
{
	struct arena scratch = {0};
	struct lexer l;
	bool found = false;

	if (slice_ifind(text, column) == SIZE_MAX)
		return false;
	lexer_init(&l, c->dialect, text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END && !found; t = lexer_next(&l))
		found = (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) &&
			same_name(c, OBJECT_COLUMN, token_value(&scratch, c->dialect, t), column) &&
			!token_punct(lexer_peek(&l), "(");
	arena_done(&scratch);
	return found;
}

bool expr_mentions(const struct catalog *c, struct expr e, struct slice column)
{
	if (e.facts) {
		for (size_t i = 0; i < e.facts->columns.n; i++)
			if (same_name(c, OBJECT_COLUMN, e.facts->columns.at[i], column))
				return true;
		return false;
	}
	return text_mentions(c, e.normal.len ? e.normal : e.text, column);
}

/* ---- Index keys ---- */

struct slice key_column(struct catalog *c, struct slice key)
{
	struct lexer l;
	struct token t;

	if (key.len == 0 || key.at[0] == '(')
		return SLICE_NONE;
	lexer_init(&l, c->dialect, key);
	t = lexer_next(&l);
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
		return SLICE_NONE;
	return token_value(&c->arena, c->dialect, t);
}

struct slice key_of_column(struct catalog *c, struct slice column)
{
	struct buf b = {0};
	struct slice out;

	quote_ident_pretty(&b, c->dialect, column);
	out = keep(c, buf_slice(&b));
	buf_done(&b);
	return out;
}

bool index_uses(struct catalog *c, const struct object *o, struct slice column)
{
	const struct index_def *d = &o->index;

	for (size_t i = 0; i < d->columns.n; i++)
		if (same_name(c, OBJECT_COLUMN, d->columns.at[i], column))
			return true;
	for (size_t i = 0; i < d->include.n; i++)
		if (same_name(c, OBJECT_COLUMN, d->include.at[i], column))
			return true;
	for (size_t i = 0; i < d->keys.n; i++) {
		struct slice plain = key_column(c, d->keys.at[i]);

		if (plain.len ? same_name(c, OBJECT_COLUMN, plain, column)
			      : text_mentions(c, d->keys.at[i], column))
			return true;
	}
	return expr_mentions(c, d->predicate, column);
}

static struct slice key_rename(
	struct catalog *c, struct slice key, struct slice from, struct slice to)
{
	struct slice plain = key_column(c, key);
	struct lexer l;
	struct token t;

	if (plain.len == 0)
		return text_rename(c, key, from, to, false);
	if (!same_name(c, OBJECT_COLUMN, plain, from))
		return key;
	lexer_init(&l, c->dialect, key);
	t = lexer_next(&l);
	plain = key_of_column(c, to);
	return textf(c, "%.*s%.*s", SLICE(plain), SLICE(slice_from(key, t.off + t.text.len)));
}

/* ---- Renaming what is mentioned ---- */

static struct slice type_retarget(
	struct catalog *c, struct slice type, struct name from, struct name to)
{
	struct slice base = type_base(type);

	if (!name_eq(type_named(type), from))
		return type;
	return textf(c, "%.*s%.*s", SLICE(type_spelled(c, to)), SLICE(slice_from(type, base.len)));
}

struct expr nextval_of(struct catalog *c, struct name seq)
{
	struct buf name = {0}, b = {0};
	struct expr e = {0};

	quote_name_pretty(&name, c->dialect, seq.schema, seq.name);
	buf_adds(&b, "nextval(");
	quote_literal(&b, c->dialect, buf_slice(&name));
	buf_adds(&b, "::regclass)");
	e.text = e.normal = keep(c, buf_slice(&b));
	buf_done(&name);
	buf_done(&b);
	return e;
}

/* Every schema.name in the text, quoted or not. */
static struct slice requalified(
	struct catalog *c, struct slice text, struct name from, struct name to)
{
	struct buf old = {0}, new = {0}, out = {0};
	struct slice rest = text, result;

	quote_name_pretty(&old, c->dialect, from.schema, from.name);
	quote_name_pretty(&new, c->dialect, to.schema, to.name);
	for (;;) {
		size_t at = slice_find(rest, buf_slice(&old));
		char before = at && at != SIZE_MAX ? rest.at[at - 1] : ' ';
		struct slice behind = slice_from(rest, at == SIZE_MAX ? rest.len : at + old.len);
		bool whole = !is_name_byte(before) && before != '.' && before != '"' &&
			     (behind.len == 0 || !is_name_byte(behind.at[0]));

		if (at == SIZE_MAX)
			break;
		buf_add(&out, slice_sub(rest, 0, at));
		buf_add(&out, whole ? buf_slice(&new) : buf_slice(&old));
		rest = behind;
	}
	result = out.len ? (buf_add(&out, rest), keep(c, buf_slice(&out))) : text;
	buf_done(&old);
	buf_done(&new);
	buf_done(&out);
	return result;
}

static bool is_written(const struct expr *e, struct slice name)
{
	return e->facts &&
	       (names_has(e->facts->types, name) || names_has(e->facts->functions, name));
}

/* What a function, a type or a sequence is called inside an object's expressions. */
static void requalify(struct catalog *c, struct object *o, struct name from, struct name to)
{
	for (const struct field *f = object_fields(o->type); f->label; f++) {
		struct expr *e = (void *)((char *)o + f->offset);

		if (f->kind != FIELD_EXPR || o->type == OBJECT_VIEW || o->type == OBJECT_MATVIEW)
			continue;
		if (is_written(e, from.name))
			e->text = text_rename(c, e->text, from.name, to.name, true);
		e->text = requalified(c, e->text, from, to);
		e->normal = requalified(c, e->normal, from, to);
	}
	if (o->type == OBJECT_FUNCTION) {
		o->function.returns = requalified(c, o->function.returns, from, to);
		o->function.arguments = requalified(c, o->function.arguments, from, to);
		o->name = requalified(c, o->name, from, to);
	} else if (o->type == OBJECT_INDEX) {
		o->index.keys = names_copy(&c->arena, o->index.keys);
		for (size_t i = 0; i < o->index.keys.n; i++)
			o->index.keys.at[i] = requalified(c, o->index.keys.at[i], from, to);
	} else if (o->type == OBJECT_TYPE) {
		o->type_.checks = names_copy(&c->arena, o->type_.checks);
		for (size_t i = 0; i < o->type_.checks.n; i++)
			o->type_.checks.at[i] = requalified(c, o->type_.checks.at[i], from, to);
		o->type_.attributes = names_copy(&c->arena, o->type_.attributes);
		for (size_t i = 0; i < o->type_.attributes.n; i++)
			o->type_.attributes.at[i] =
				requalified(c, o->type_.attributes.at[i], from, to);
	}
}

static void retarget_column(struct catalog *c, struct object *o, enum object_type type,
	struct name from, struct name to)
{
	struct column_def *d = &o->column;

	if (type == OBJECT_TYPE)
		d->type = type_retarget(c, d->type, from, to);
	if (type != OBJECT_SEQUENCE)
		return;
	d->sequence = relations_replaced(c, d->sequence, from, to);
	if (slice_istarts(d->default_value.text, "nextval("))
		d->default_value = nextval_of(c, to);
}

static void retarget_owned(struct catalog *c, struct object *o, struct name from, struct name to)
{
	struct names one = {&o->sequence.owned_by, 1};

	o->sequence.owned_by = relations_replaced(c, one, from, to).at[0];
}

static void retarget_view(struct catalog *c, struct object *o, struct name from, struct name to)
{
	o->view.reads = relations_replaced(c, o->view.reads, from, to);
	if (is_sqlite(c)) /* it rewrites the text of the view */
		o->view.query = (struct expr){
			text_rename(c, o->view.query.text, from.name, to.name, false)};
	else if (is_postgres(c))
		o->view.query.normal = SLICE_NONE; /* printed with the new name from now on */
}

static void retarget_trigger(
	struct catalog *c, struct trigger_def *d, struct name from, struct name to)
{
	d->reads = relations_replaced(c, d->reads, from, to);
	d->body = (struct expr){text_rename(c, d->body.text, from.name, to.name, false)};
	d->condition = expr_rename(c, d->condition, from.name, to.name);
}

static void retarget_one(
	struct catalog *c, struct node *n, enum object_type type, struct name from, struct name to)
{
	struct object *o = node_edit(c, n);
	struct slice column;

	if (is_postgres(c))
		requalify(c, o, from, to);
	switch (o->type) {
	case OBJECT_CONSTRAINT:
		if (same_full_name(c, OBJECT_TABLE, o->constraint.ref_table, from))
			o->constraint.ref_table = to;
		break;
	case OBJECT_TABLE:
		if (type == OBJECT_TYPE && name_eq(o->table_.of_type, from))
			o->table_.of_type = to;
		o->table_.inherits = relations_replaced(c, o->table_.inherits, from, to);
		if (same_full_name(c, OBJECT_TABLE, o->table_.partition_of, from))
			o->table_.partition_of = to;
		break;
	case OBJECT_INDEX:
		if (name_eq(o->index.partition_of, from))
			o->index.partition_of = to;
		break;
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
		retarget_view(c, o, from, to);
		break;
	case OBJECT_FUNCTION:
		o->function.reads = relations_replaced(c, o->function.reads, from, to);
		break;
	case OBJECT_SEQUENCE:
		retarget_owned(c, o, from, to);
		break;
	case OBJECT_COLUMN:
		retarget_column(c, o, type, from, to);
		break;
	case OBJECT_TRIGGER:
		if (type == OBJECT_FUNCTION)
			o->trigger.body.text =
				text_rename(c, o->trigger.body.text, from.name, to.name, true);
		else if (is_sqlite(c)) /* it rewrites the bodies, wherever the trigger is */
			retarget_trigger(c, &o->trigger, from, to);
		break;
	case OBJECT_TYPE:
		o->type_.base = type_retarget(c, o->type_.base, from, to);
		break;
	case OBJECT_PUBLICATION:
		o->other.members = relations_replaced(c, o->other.members, from, to);
		break;
	case OBJECT_STATISTICS:
		if (name_eq(relation_in(o->other.definition.text, &column), from))
			o->other.definition.text = o->other.definition.normal =
				dotted(&c->arena, to);
		break;
	case OBJECT_NONE:
	case OBJECT_SCHEMA:
	case OBJECT_EXTENSION:
	case OBJECT_POLICY:
	case OBJECT_RULE:
	case OBJECT_EVENT_TRIGGER:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_OTHER:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
	node_edited(c, n);
}

void retarget(struct catalog *c, enum object_type type, struct name from, struct name to)
{
	struct arena scratch = {0};
	struct node **v;
	size_t n = mentions(c, from, &scratch, &v);

	for (size_t i = 0; i < n; i++)
		retarget_one(c, v[i], type, from, to);
	/* Written without the schema, in an author's text. */
	n = is_postgres(c) && (type == OBJECT_TYPE || type == OBJECT_FUNCTION ||
				      type == OBJECT_SEQUENCE)
		    ? mentions(c, (struct name){SLICE_NONE, from.name}, &scratch, &v)
		    : 0;
	for (size_t i = 0; i < n; i++)
		retarget_one(c, v[i], type, from, to);
	arena_done(&scratch);
}

/* ---- Renaming a column ---- */

static void rename_in_part(struct catalog *c, struct node *n, struct slice from, struct slice to)
{
	struct object *o = node_edit(c, n);

	switch (o->type) {
	case OBJECT_COLUMN:
		o->column.generation = expr_rename(c, o->column.generation, from, to);
		break;
	case OBJECT_CONSTRAINT:
		o->constraint.columns = names_replaced(c, o->constraint.columns, from, to);
		o->constraint.include = names_replaced(c, o->constraint.include, from, to);
		o->constraint.beside = names_replaced(c, o->constraint.beside, from, to);
		o->constraint.on_delete_columns =
			names_replaced(c, o->constraint.on_delete_columns, from, to);
		o->constraint.expression = expr_rename(c, o->constraint.expression, from, to);
		break;
	case OBJECT_INDEX:
		o->index.keys = names_copy(&c->arena, o->index.keys);
		for (size_t i = 0; i < o->index.keys.n; i++)
			o->index.keys.at[i] = key_rename(c, o->index.keys.at[i], from, to);
		o->index.columns = names_replaced(c, o->index.columns, from, to);
		o->index.include = names_replaced(c, o->index.include, from, to);
		o->index.predicate = expr_rename(c, o->index.predicate, from, to);
		break;
	case OBJECT_TRIGGER:
		o->trigger.columns = names_replaced(c, o->trigger.columns, from, to);
		o->trigger.condition = expr_rename(c, o->trigger.condition, from, to);
		if (is_sqlite(c))
			o->trigger.body = expr_rename(c, o->trigger.body, from, to);
		break;
	case OBJECT_POLICY:
		o->policy.using_expr = expr_rename(c, o->policy.using_expr, from, to);
		o->policy.check_expr = expr_rename(c, o->policy.check_expr, from, to);
		break;
	case OBJECT_RULE:
		o->other.definition.normal = SLICE_NONE;
		break;
	case OBJECT_NONE:
	case OBJECT_SCHEMA:
	case OBJECT_EXTENSION:
	case OBJECT_TABLE:
	case OBJECT_SEQUENCE:
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
	case OBJECT_TYPE:
	case OBJECT_FUNCTION:
	case OBJECT_STATISTICS:
	case OBJECT_PUBLICATION:
	case OBJECT_EVENT_TRIGGER:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_OTHER:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
	node_edited(c, n);
}

/* Could a part mention a column? Saves editing thousands of plain columns. */
static bool may_mention(const struct object *o, struct slice from)
{
	if (o->type != OBJECT_COLUMN)
		return true;
	return slice_ifind(o->column.generation.text, from) != SIZE_MAX ||
	       slice_ifind(o->column.generation.normal, from) != SIZE_MAX;
}

static void rename_in_dependent(
	struct catalog *c, struct node *n, struct name table, struct slice from, struct slice to)
{
	struct object *o = node_edit(c, n);
	struct slice old =
		textf(c, "%.*s.%.*s.%.*s", SLICE(table.schema), SLICE(table.name), SLICE(from));
	struct slice new =
		textf(c, "%.*s.%.*s.%.*s", SLICE(table.schema), SLICE(table.name), SLICE(to));

	if (o->type == OBJECT_CONSTRAINT)
		o->constraint.ref_columns = names_replaced(c, o->constraint.ref_columns, from, to);
	if (o->type == OBJECT_STATISTICS) {
		o->other.members = names_copy(&c->arena, o->other.members);
		for (size_t i = 0; i < o->other.members.n; i++) {
			struct slice *s = &o->other.members.at[i];

			if (slice_eq(*s, from))
				*s = to;
			else if (s->len && s->at[0] == '(')
				*s = text_rename(c, *s, from, to, false);
		}
	}
	if (o->type == OBJECT_SEQUENCE && slice_eq(o->sequence.owned_by, old))
		o->sequence.owned_by = new;
	if (o->type == OBJECT_TRIGGER && is_sqlite(c))
		o->trigger.body = expr_rename(c, o->trigger.body, from, to);
	if (o->type == OBJECT_VIEW || o->type == OBJECT_MATVIEW) {
		o->view.reads = names_replaced(c, o->view.reads, old, new);
		if (is_sqlite(c))
			o->view.query = expr_rename(c, o->view.query, from, to);
		else if (is_postgres(c))
			o->view.query.normal = SLICE_NONE;
	}
	node_edited(c, n);
}

void rename_column_everywhere(
	struct catalog *c, struct node *table, struct slice from, struct slice to)
{
	struct name name = {table->o.schema, table->o.name};
	struct arena scratch = {0};
	struct node **v;
	size_t n = mentions(c, name, &scratch, &v);
	struct object *o;

	for (size_t i = 0; i < table->o.nparts; i++)
		if (may_mention(table->o.parts[i], from))
			rename_in_part(c, node_of(table->o.parts[i]), from, to);
	for (size_t i = 0; i < n; i++)
		rename_in_dependent(c, v[i], name, from, to);
	if (table->o.type == OBJECT_TABLE && table->o.table_.partition_key.text.len) {
		o = node_edit(c, table);
		o->table_.partition_key = expr_rename(c, o->table_.partition_key, from, to);
		node_edited(c, table);
	}
	arena_done(&scratch);
}
