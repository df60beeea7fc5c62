/* read_table.c - CREATE TABLE with its columns and constraints, and ALTER TABLE.
 *
 * https://sqlite.org/lang_createtable.html, https://sqlite.org/lang_altertable.html and the rules
 * of SQLite's parse.y where the diagrams say less. Types and expressions are kept as written. */
#include "engine/sqlite/read.h"

/* What a table is put together from while its columns and constraints are read. */
struct table_reading {
	struct parse *p;
	struct object *table; /* gets the constraints; the column itself in ADD COLUMN */
	struct object **constraints;
	size_t nconstraints;
	bool alter; /* one column of an ALTER TABLE */
};

static const char *const column_ends[] = {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK",
	"DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS", "DEFERRABLE", "ON", "AUTOINCREMENT",
	NULL};

static bool at_any(const struct parse *p, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (p_is(p, words[i]))
			return true;
	return false;
}

struct slice read_conflict(struct parse *p)
{
	static const char *const words[] = {"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE", NULL};
	static const char *const lower[] = {"rollback", "abort", "fail", "ignore", "replace"};

	if (!p_is(p, "ON") || !token_is(p_peek_at(p, 1), "CONFLICT"))
		return SLICE_NONE;
	p_next(p);
	p_next(p);
	for (size_t i = 0; words[i]; i++)
		if (p_take(p, words[i]))
			return slice_of(lower[i]);
	p_fail(p);
	return SLICE_NONE;
}

static struct object *new_constraint(
	struct table_reading *r, const char *kind, struct slice name, size_t from)
{
	struct object *o = p_object(r->p, OBJECT_CONSTRAINT);

	o->name = name;
	o->generated_name = !name.len;
	o->table = r->alter ? NULL : r->table;
	o->constraint.kind = slice_of(kind);
	o->span = p_span(r->p, from, from + 1);
	*ARENA_PUSH(r->p->a, r->constraints, r->nconstraints) = o;
	return o;
}

static void end_span(struct parse *p, struct object *o, size_t from)
{
	o->span = p_span(p, from, p->at);
}

static void note_conflict(struct parse *p, struct object *o)
{
	struct slice word = read_conflict(p);

	if (word.len)
		names_add(p->a, &o->constraint.conflict, word);
}

/* ON DELETE x, ON UPDATE x: the action's words in lower case. */
static struct slice action(struct parse *p)
{
	if (p_take(p, "SET")) {
		if (p_take(p, "NULL"))
			return SL("set null");
		p_want(p, "DEFAULT");
		return SL("set default");
	}
	if (p_take(p, "CASCADE"))
		return SL("cascade");
	if (p_take(p, "RESTRICT"))
		return SL("restrict");
	p_want(p, "NO");
	p_want(p, "ACTION");
	return SL("no action");
}

/* [NOT] DEFERRABLE [INITIALLY DEFERRED | IMMEDIATE] */
static bool deferral(struct parse *p, struct constraint_def *c)
{
	bool negated = p_is(p, "NOT") && token_is(p_peek_at(p, 1), "DEFERRABLE");

	if (!negated && !p_is(p, "DEFERRABLE"))
		return false;
	if (negated)
		p_next(p);
	p_next(p);
	if (c)
		c->deferrable = !negated;
	if (p_take(p, "INITIALLY")) {
		bool deferred = p_take(p, "DEFERRED");

		if (!deferred)
			p_want(p, "IMMEDIATE");
		if (c)
			c->deferred = deferred && !negated;
	}
	return true;
}

/* What follows REFERENCES. */
static void references(struct parse *p, struct constraint_def *c)
{
	c->ref_table.name = p_name(p);
	c->on_delete = c->on_update = SL("no action");
	if (p_is_punct(p, "("))
		c->ref_columns = p_name_list(p);
	for (;;) {
		if (p_is(p, "ON") && token_is(p_peek_at(p, 1), "DELETE")) {
			p_next(p), p_next(p);
			c->on_delete = action(p);
		} else if (p_is(p, "ON") && token_is(p_peek_at(p, 1), "UPDATE")) {
			p_next(p), p_next(p);
			c->on_update = action(p);
		} else if (p_is(p, "ON") && token_is(p_peek_at(p, 1), "INSERT")) {
			p_next(p), p_next(p);
			action(p);
		} else if (p_take(p, "MATCH")) {
			c->match = p_name(p); /* SQLite reads it and does not act on it */
		} else if (!deferral(p, c)) {
			return;
		}
	}
}

struct slice read_key(struct parse *p, struct slice *column, struct slice *extra)
{
	static const char *const ends[] = {"ASC", "DESC", "AUTOINCREMENT", NULL};
	size_t from = p->at, to;
	struct slice collation = SLICE_NONE, plain = SLICE_NONE;
	struct buf b = {0}, more = {0};
	struct slice out;

	if ((p_is(p, "DESC") || p_is(p, "ASC")) && p_peek_at(p, 1).kind == TOKEN_PUNCT)
		p_next(p); /* a column of that name */
	p_skip_until(p, ends, true);
	to = p->at;
	if (to == from)
		p_fail(p);
	if (!p->failed && to - from >= 3 && token_is(p->tok[to - 2], "COLLATE")) {
		collation = token_value(p->a, DIALECT_SQLITE, p->tok[to - 1]);
		to -= 2;
	}
	if (!p->failed && to == from + 1 && p->tok[from].kind != TOKEN_NUMBER)
		plain = token_value(p->a, DIALECT_SQLITE, p->tok[from]);
	if (plain.len)
		quote_ident_pretty(&b, DIALECT_SQLITE, plain);
	else
		buf_printf(&b, "(%.*s)", SLICE(sqlite_squeeze(p->a, p_text(p, from, to))));
	if (collation.len) {
		buf_adds(&more, " COLLATE ");
		quote_ident_pretty(&more, DIALECT_SQLITE, collation);
	}
	if (p_take(p, "DESC"))
		buf_adds(&more, " DESC");
	else
		p_take(p, "ASC");
	buf_add(&b, buf_slice(&more));
	out = arena_slice(p->a, buf_slice(&b));
	if (column)
		*column = plain;
	if (extra)
		*extra = more.len ? out : SLICE_NONE;
	buf_done(&b);
	buf_done(&more);
	return out;
}

/* ( a, b COLLATE x DESC ) of a PRIMARY KEY or UNIQUE constraint. */
static void key_columns(struct parse *p, struct object *o, bool *autoincrement)
{
	p_want_punct(p, "(");
	do {
		struct slice column = SLICE_NONE, extra = SLICE_NONE;

		read_key(p, &column, &extra);
		if (!column.len)
			p_fail(p); /* expressions are prohibited in PRIMARY KEY and UNIQUE */
		names_add(p->a, &o->constraint.columns, column);
		if (extra.len)
			names_add(p->a, &o->constraint.options, extra);
	} while (p_take_punct(p, ",") && !p->failed);
	if (p_take(p, "AUTOINCREMENT") && autoincrement)
		*autoincrement = true;
	p_want_punct(p, ")");
}

static void check_expression(struct parse *p, struct object *o)
{
	size_t from = 0, to = 0;

	if (p_parens(p, &from, &to))
		o->constraint.expression = p_expr(p, from, to);
}

/* ---- Columns ---- */

static struct slice type_name(struct parse *p)
{
	size_t from = p->at, f, t;
	struct token first = p_peek(p);

	while (!at_any(p, column_ends) && p_is_name(p))
		p_next(p);
	if (p->at > from && p_is_punct(p, "("))
		p_parens(p, &f, &t);
	if (p->at == from + 1 && first.kind != TOKEN_WORD)
		return token_value(p->a, DIALECT_SQLITE, first);
	return sqlite_squeeze(p->a, p_text(p, from, p->at));
}

static void default_value(struct parse *p, struct column_def *c)
{
	size_t from = p->at, f, t;
	bool word = false;

	if (p_is_punct(p, "(")) {
		p_parens(p, &f, &t);
	} else {
		word = p_peek(p).kind == TOKEN_WORD || p_peek(p).kind == TOKEN_QUOTED;
		if (p_is_punct(p, "+") || p_is_punct(p, "-"))
			p_next(p);
		if (p_at_end(p) || p_peek(p).kind == TOKEN_PUNCT)
			p_fail(p);
		p_next(p);
	}
	if (p->failed)
		return;
	c->default_value = p_expr(p, from, p->at);
	c->default_value.text = sqlite_squeeze(p->a, c->default_value.text);
	if (word) { /* to SQLite a word that is no literal is a string here */
		struct expr_facts *f2 = ARENA_NEW(p->a, struct expr_facts);

		*f2 = *c->default_value.facts;
		f2->constant = f2->functions.n == 0;
		f2->has_columns = false;
		f2->columns.n = 0;
		c->default_value.facts = f2;
	}
}

static void generation(struct parse *p, struct column_def *c)
{
	size_t from = 0, to = 0;

	if (!p_parens(p, &from, &to))
		return;
	c->generation = p_expr(p, from, to);
	c->generated = SL("virtual");
	if (p_take(p, "STORED"))
		c->generated = SL("stored");
	else
		p_take(p, "VIRTUAL");
}

static void set_option(struct parse *p, struct column_def *c, const char *key, struct slice value)
{
	if (value.len)
		names_add(p->a, &c->options, arena_printf(p->a, "%s=%.*s", key, SLICE(value)));
}

static void inline_key(struct table_reading *r, struct object *col, struct object *o)
{
	struct parse *p = r->p;

	names_add(p->a, &o->constraint.columns, col->name);
	if (slice_is(o->constraint.kind, "primary key")) {
		if (p_take(p, "DESC")) {
			struct buf b = {0};

			quote_ident_pretty(&b, DIALECT_SQLITE, col->name);
			buf_adds(&b, " DESC");
			names_add(p->a, &o->constraint.options, arena_slice(p->a, buf_slice(&b)));
			buf_done(&b);
		} else {
			p_take(p, "ASC");
		}
	}
	note_conflict(p, o);
	if (slice_is(o->constraint.kind, "primary key") && p_take(p, "AUTOINCREMENT"))
		col->column.identity = SL("autoincrement");
}

/* One column constraint whose CONSTRAINT name has been taken; false if there is none. */
static bool column_constraint(
	struct table_reading *r, struct object *col, struct slice name, size_t from)
{
	struct parse *p = r->p;
	struct column_def *c = &col->column;
	struct object *o = NULL;

	if (p_is(p, "NOT") && !token_is(p_peek_at(p, 1), "DEFERRABLE")) {
		p_next(p);
		p_want(p, "NULL");
		c->not_null = true;
		set_option(p, c, "not null on conflict", read_conflict(p));
		set_option(p, c, "not null name", name);
	} else if (p_take(p, "NULL")) {
		read_conflict(p);
	} else if (p_take(p, "DEFAULT")) {
		default_value(p, c);
	} else if (p_take(p, "COLLATE")) {
		c->collation = p_name(p);
	} else if (p_take(p, "PRIMARY")) {
		p_want(p, "KEY");
		o = new_constraint(r, "primary key", name, from);
		inline_key(r, col, o);
	} else if (p_take(p, "UNIQUE")) {
		o = new_constraint(r, "unique", name, from);
		inline_key(r, col, o);
	} else if (p_take(p, "CHECK")) {
		/* The column it stands beside: the one whose DROP takes it along. */
		o = new_constraint(r, "check", name, from);
		names_add(p->a, &o->constraint.columns, col->name);
		check_expression(p, o);
	} else if (p_take(p, "REFERENCES")) {
		o = new_constraint(r, "foreign key", name, from);
		names_add(p->a, &o->constraint.columns, col->name);
		references(p, &o->constraint);
	} else if (p_is(p, "GENERATED") && token_is(p_peek_at(p, 1), "ALWAYS")) {
		p_next(p);
		p_next(p);
		p_want(p, "AS");
		generation(p, c);
	} else if (p_take(p, "AS")) {
		generation(p, c);
	} else {
		return deferral(p, NULL);
	}
	if (o && !p->failed) {
		names_add(p->a, &o->constraint.beside, col->name);
		end_span(p, o, from);
	}
	return true;
}

static struct object *read_column(struct table_reading *r)
{
	struct parse *p = r->p;
	struct object *col = p_object(p, OBJECT_COLUMN);
	size_t from = p->at;

	col->name = p_name(p);
	col->table = r->alter ? NULL : r->table;
	col->column.type = type_name(p);
	while (!p->failed) {
		size_t start = p->at;
		struct slice name = SLICE_NONE;

		if (p_take(p, "CONSTRAINT"))
			name = p_name(p);
		/* "CONSTRAINT name" with nothing behind it is accepted by SQLite. */
		if (!column_constraint(r, col, name, start) && !name.len)
			break;
	}
	end_span(p, col, from);
	return col;
}

/* ---- Tables ---- */

static bool starts_table_constraint(const struct parse *p)
{
	return p_is(p, "CONSTRAINT") || p_is(p, "PRIMARY") || p_is(p, "UNIQUE") ||
	       p_is(p, "CHECK") || p_is(p, "FOREIGN");
}

static struct object *find_column(struct object **cols, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(cols[i]->name, name))
			return cols[i];
	return NULL;
}

static void table_constraint(struct table_reading *r, struct object **cols, size_t ncols)
{
	struct parse *p = r->p;
	struct slice name = SLICE_NONE;
	struct object *o = NULL;
	bool autoincrement = false;
	size_t from = p->at;

	if (p_take(p, "CONSTRAINT"))
		name = p_name(p);
	if (p_take(p, "PRIMARY")) {
		p_want(p, "KEY");
		o = new_constraint(r, "primary key", name, from);
		key_columns(p, o, &autoincrement);
		note_conflict(p, o);
	} else if (p_take(p, "UNIQUE")) {
		o = new_constraint(r, "unique", name, from);
		key_columns(p, o, NULL);
		note_conflict(p, o);
	} else if (p_take(p, "CHECK")) {
		o = new_constraint(r, "check", name, from);
		check_expression(p, o);
		note_conflict(p, o);
	} else if (p_take(p, "FOREIGN")) {
		p_want(p, "KEY");
		o = new_constraint(r, "foreign key", name, from);
		o->constraint.columns = p_name_list(p);
		p_want(p, "REFERENCES");
		references(p, &o->constraint);
	} else if (!name.len) {
		p_fail(p);
	}
	if (autoincrement && o->constraint.columns.n == 1) {
		struct object *col = find_column(cols, ncols, o->constraint.columns.at[0]);

		if (col)
			col->column.identity = SL("autoincrement");
	}
	if (o && !p->failed)
		end_span(p, o, from);
}

static void table_options(struct parse *p, struct object *t)
{
	if (p_at_end(p))
		return;
	do {
		if (p_take(p, "WITHOUT")) {
			p_want(p, "ROWID");
			t->table_.without_rowid = true;
		} else {
			p_want(p, "STRICT");
			t->table_.strict = true;
		}
	} while (p_take_punct(p, ","));
}

/* Primary keys of WITHOUT ROWID and STRICT tables are NOT NULL without saying so; the alias of the
 * rowid stays as it is. */
static void implied_not_null(
	struct object *t, struct object **cols, size_t ncols, struct object **constraints, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct constraint_def *c = &constraints[i]->constraint;

		if (!slice_is(c->kind, "primary key"))
			continue;
		for (size_t k = 0; k < c->columns.n; k++) {
			struct object *col = find_column(cols, ncols, c->columns.at[k]);
			bool rowid = col && c->columns.n == 1 &&
				     slice_iis(col->column.type, "INTEGER") &&
				     !t->table_.without_rowid;

			if (col && !rowid && (t->table_.without_rowid || t->table_.strict))
				col->column.not_null = true;
		}
	}
}

static void table_body(struct parse *p, struct object *t)
{
	struct table_reading r = {.p = p, .table = t};
	struct object **cols = NULL;
	size_t ncols = 0;

	p_want_punct(p, "(");
	do
		*ARENA_PUSH(p->a, cols, ncols) = read_column(&r);
	while (p_take_punct(p, ",") && !starts_table_constraint(p) && !p->failed);
	while (!p->failed && !p_is_punct(p, ")")) {
		table_constraint(&r, cols, ncols);
		p_take_punct(p, ","); /* SQLite takes constraints without commas too */
	}
	p_want_punct(p, ")");
	table_options(p, t);
	implied_not_null(t, cols, ncols, r.constraints, r.nconstraints);
	t->nparts = ncols + r.nconstraints;
	t->parts = ARENA_ARRAY(p->a, t->nparts, struct object *);
	if (ncols)
		memcpy(t->parts, cols, ncols * sizeof *cols);
	if (r.nconstraints)
		memcpy(t->parts + ncols, r.constraints, r.nconstraints * sizeof *cols);
}

/* CREATE [TEMP] has been read; TABLE is next. */
void read_create_table(struct parse *p, bool temporary, size_t start)
{
	struct change *ch;
	struct object *t;
	bool exists = false;
	struct name name;

	(void)start;
	p->kind = "CREATE TABLE";
	p_want(p, "TABLE");
	if (p_take(p, "IF")) {
		p_want(p, "NOT");
		p_want(p, "EXISTS");
		exists = true;
	}
	name = p_qualified(p);
	t = p_object(p, OBJECT_TABLE);
	t->schema = temporary && !name.schema.len ? SL("temp") : name.schema;
	temporary = temporary || slice_iis(name.schema, "temp");
	t->name = name.name;
	t->table_.kind = SL("table");
	t->table_.persistence = temporary ? SL("temporary") : SL("permanent");
	ch = p_change(
		p, p_is(p, "AS") ? CHANGE_CREATE_TABLE_AS : CHANGE_CREATE_TABLE, OBJECT_TABLE);
	ch->target = (struct name){t->schema, t->name};
	ch->def = t;
	ch->flags = (exists ? CHANGE_IF_NOT_EXISTS : 0) | (temporary ? CHANGE_TEMPORARY : 0);
	if (p_take(p, "AS")) {
		size_t from = p->at;

		if (!p_is(p, "SELECT") && !p_is(p, "WITH") && !p_is(p, "VALUES"))
			p_fail(p);
		p_skip_until(p, NULL, false);
		ch->flags |= CHANGE_FROM_SELECT;
		ch->value.text = p_text(p, from, p->at);
		p_reads(p, from, p->at, &ch->reads);
	} else {
		table_body(p, t);
	}
}

/* ---- ALTER TABLE ---- */

static struct change *alter_change(
	struct parse *p, enum change_kind kind, enum object_type type, struct name table)
{
	struct change *ch = p_change(p, kind, type);

	ch->target = table;
	return ch;
}

static void add_constraint(struct parse *p, struct name table)
{
	struct change *ch = alter_change(p, CHANGE_ADD_CONSTRAINT, OBJECT_CONSTRAINT, table);
	struct table_reading r = {.p = p, .alter = true};

	table_constraint(&r, NULL, 0);
	if (r.nconstraints) {
		ch->def = r.constraints[0];
		ch->name = ch->def->name;
	}
}

static void add_column(struct parse *p, struct name table)
{
	struct change *ch = alter_change(p, CHANGE_ADD_COLUMN, OBJECT_COLUMN, table);
	struct table_reading r = {.p = p, .alter = true};
	struct object *col;

	p_take(p, "COLUMN");
	col = read_column(&r);
	col->parts = r.constraints;
	col->nparts = r.nconstraints;
	ch->def = col;
	ch->name = col->name;
}

static void rename_what(struct parse *p, struct name table)
{
	struct change *ch;

	if (p_take(p, "TO")) {
		ch = alter_change(p, CHANGE_RENAME_TABLE, OBJECT_TABLE, table);
		ch->other.name = p_name(p);
		return;
	}
	p_take(p, "COLUMN");
	ch = alter_change(p, CHANGE_RENAME_COLUMN, OBJECT_COLUMN, table);
	ch->name = p_name(p);
	p_want(p, "TO");
	ch->other.name = p_name(p);
}

static void drop_what(struct parse *p, struct name table)
{
	bool constraint = p_take(p, "CONSTRAINT");
	struct change *ch =
		alter_change(p, constraint ? CHANGE_DROP_CONSTRAINT : CHANGE_DROP_COLUMN,
			constraint ? OBJECT_CONSTRAINT : OBJECT_COLUMN, table);

	if (!constraint)
		p_take(p, "COLUMN");
	ch->name = p_name(p);
}

static void alter_column(struct parse *p, struct name table)
{
	struct slice column;
	bool set;

	p_take(p, "COLUMN");
	column = p_name(p);
	set = p_take(p, "SET");
	if (!set)
		p_want(p, "DROP");
	p_want(p, "NOT");
	p_want(p, "NULL");
	if (set)
		read_conflict(p);
	alter_change(p, set ? CHANGE_SET_NOT_NULL : CHANGE_DROP_NOT_NULL, OBJECT_COLUMN, table)
		->name = column;
}

void read_alter(struct parse *p)
{
	struct name table;
	size_t from;

	p->kind = "ALTER TABLE";
	p_want(p, "ALTER");
	p_want(p, "TABLE");
	table = p_qualified(p);
	from = p->at;
	if (p_take(p, "RENAME"))
		rename_what(p, table);
	else if (p_take(p, "ADD") && starts_table_constraint(p))
		add_constraint(p, table);
	else if (p->at > from)
		add_column(p, table);
	else if (p_take(p, "DROP"))
		drop_what(p, table);
	else if (p_take(p, "ALTER"))
		alter_column(p, table);
	else
		p_fail(p);
	if (p->nchanges)
		p->changes[0].span = p_span(p, from, p->at);
}
