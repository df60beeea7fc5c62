/* apply_column.c - ADD, DROP, RENAME and ALTER COLUMN. */
#include "catalog/internal.h"

/* ---- Types ---- */

static const struct {
	const char *written, *type;
} serials[] = {
	{"serial", "integer"},
	{"serial4", "integer"},
	{"bigserial", "bigint"},
	{"serial8", "bigint"},
	{"smallserial", "smallint"},
	{"serial2", "smallint"},
};

static const char *serial_type(struct slice type)
{
	for (size_t i = 0; i < sizeof serials / sizeof *serials; i++)
		if (slice_iis(type, serials[i].written))
			return serials[i].type;
	return NULL;
}

static bool is_text_type(struct slice type)
{
	static const char *const heads[] = {"char", "varchar", "tinytext", "text", "mediumtext",
		"longtext", "enum", "set", NULL};

	for (size_t i = 0; heads[i]; i++)
		if (slice_istarts(type, heads[i]))
			return true;
	return false;
}

/* Text columns take the table's character set and collation when they name none. */
static void inherit_charset(const struct node *table, struct column_def *d)
{
	const struct table_def *t = &table->o.table_;

	if (!is_text_type(d->type))
		return;
	if (slice_empty(d->charset) && slice_empty(d->collation)) {
		d->charset = t->charset;
		d->collation = t->collation;
	}
}

/* ---- Sequences behind columns ---- */

static struct node *owned_sequence(
	struct apply *x, struct node *table, struct slice column, struct slice type)
{
	struct object o = {.type = OBJECT_SEQUENCE, .generated_name = true};
	struct name name = {table->o.schema,
		pg_relation_name(x->c, table->o.schema, table->o.name, column, "seq", false)};
	struct slice integer =
		slice_is(type, "smallint") || slice_is(type, "integer") ? type : SL("bigint");

	o.sequence.type = integer;
	o.sequence.persistence = table->o.table_.persistence;
	o.sequence.owned_by = textf(x->c, "%.*s.%.*s.%.*s", SLICE(table->o.schema),
		SLICE(table->o.name), SLICE(column));
	return create(x, &o, name);
}

static void note_sequence(struct apply *x, struct object *column, const struct node *seq)
{
	column->column.sequence = (struct names){0};
	names_add(&x->c->arena, &column->column.sequence,
		dotted(&x->c->arena, (struct name){seq->o.schema, seq->o.name}));
}

/* `identity.<column>.<key>=<value>` among the change's settings. */
static struct names identity_options(struct apply *x, struct slice column)
{
	struct slice head = textf(x->c, "identity.%.*s.", SLICE(column));
	struct names out = {0};

	for (size_t i = 0; i < x->ch->settings.n; i++)
		if (slice_eq(slice_sub(x->ch->settings.at[i], 0, head.len), head))
			names_add(&x->c->arena, &out, slice_from(x->ch->settings.at[i], head.len));
	return out;
}

static void set_sequence_options(struct apply *x, struct node *seq, struct names options)
{
	struct object *o = node_edit(x->c, seq);

	o->sequence.min = o->sequence.max = o->sequence.start = SLICE_NONE;
	sequence_options(x->c, &o->sequence, options);
	sequence_defaults(x->c, &o->sequence);
	node_edited(x->c, seq);
}

static struct node *add_identity_sequence(
	struct apply *x, struct node *table, struct slice column, struct slice type)
{
	struct node *seq = owned_sequence(x, table, column, type);
	struct names options = identity_options(x, column);

	if (x->ch->kind == CHANGE_ADD_IDENTITY)
		options = x->ch->list;
	if (options.n)
		set_sequence_options(x, seq, options);
	return seq;
}

/* ---- ADD COLUMN ---- */

struct node *add_column(struct apply *x, struct node *table, const struct object *def, size_t at)
{
	struct node *col = node_new(x->c, def), *seq = NULL;
	struct column_def *d = &col->o.column;
	const char *integer = is_postgres(x->c) ? serial_type(d->type) : NULL;

	col->o.type = OBJECT_COLUMN;
	col->o.schema = table->o.schema;
	col->o.born_tx = x->s->tx;
	d->type = integer ? slice_of(integer) : keep(x->c, resolve_type(x, d->type));
	d->collation = keep(x->c, resolve_collation(x, d->collation));
	if (integer) {
		seq = owned_sequence(x, table, col->o.name, d->type);
		d->default_value = nextval_of(x->c, (struct name){seq->o.schema, seq->o.name});
		d->not_null = true;
	} else if (is_postgres(x->c) && d->identity.len) {
		seq = add_identity_sequence(x, table, col->o.name, d->type);
		d->not_null = true;
	}
	if (seq)
		note_sequence(x, &col->o, seq);
	if (is_mysql(x->c))
		inherit_charset(table, d);
	part_put(x->c, table, col, at < table->ncolumns ? at : table->ncolumns);
	return col;
}

/* MySQL's FIRST and AFTER; the end if nothing is said. */
static bool position(struct apply *x, struct node *table, size_t *at)
{
	struct slice word = x->ch->list.n ? x->ch->list.at[0] : SLICE_NONE;
	struct node *after;

	*at = table->ncolumns;
	if (!is_mysql(x->c) || word.len == 0)
		return true;
	if (slice_is(word, "FIRST")) {
		*at = 0;
		return true;
	}
	after = part_find(x->c, table, OBJECT_COLUMN, slice_from(word, strlen("AFTER ")));
	if (!after)
		return false;
	*at = part_place(after) + 1;
	return true;
}

static enum apply_result inline_constraints(struct apply *x, struct node *table, struct node *col)
{
	bool named = false;

	for (size_t i = 0; i < x->ch->def->nparts; i++) {
		const struct object *con = x->ch->def->parts[i];
		enum apply_result r;

		named |= slice_is(con->constraint.kind, "not null");
		r = add_constraint(x, table, con);
		if (r == APPLY_CONFLICT)
			return r;
	}
	if (is_postgres(x->c) && col->o.column.not_null && !named)
		set_not_null(x, table, col->o.name, true, SLICE_NONE);
	return APPLIED;
}

static void add_to_children(struct apply *x, struct node *table, const struct object *def)
{
	struct node **v, *there;
	size_t n = has(x, CHANGE_ONLY) ? 0 : children(x, table, &v);

	for (size_t i = 0; i < n; i++) {
		struct object copy = *def;

		copy.column.inherited = true;
		copy.parts = NULL;
		copy.nparts = 0;
		there = part_find(x->c, v[i], OBJECT_COLUMN, def->name);
		if (!there) {
			add_column(x, v[i], &copy, SIZE_MAX);
		} else if (!there->o.column.inherited) {
			struct object *o = node_edit(x->c, there);

			o->column.inherited = true;
			names_add(&x->c->arena, &o->column.own, SL("yes"));
			node_edited(x->c, there);
		}
		add_to_children(x, v[i], def);
	}
}

enum apply_result apply_add_column(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r), *col;
	const struct object *found;
	enum presence p;
	size_t at;

	if (!table)
		return r;
	p = catalog_part(x->c, &table->o, OBJECT_COLUMN, x->ch->name, &found);
	if (p == PRESENT)
		return has(x, CHANGE_IF_NOT_EXISTS)
			       ? APPLY_NOOP
			       : conflict(x, "column \"%.*s\" of \"%.*s\" already exists",
					 SLICE(x->ch->name), SLICE(table->o.name));
	if (p == UNKNOWN && has(x, CHANGE_IF_NOT_EXISTS))
		x->unsure = true;
	if (!position(x, table, &at))
		return conflict(
			x, "there is no column to stand after: %.*s", SLICE(x->ch->list.at[0]));
	col = part_find(x->c, table, OBJECT_COLUMN, x->ch->name);
	if (col)
		part_drop(x->c, col); /* a tainted one */
	col = add_column(x, table, x->ch->def, at);
	r = inline_constraints(x, table, col);
	if (r == APPLIED)
		add_to_children(x, table, &col->o);
	return r;
}

/* ---- DROP and RENAME ---- */

/* The table and the column that a change is about. */
static struct node *column_of(struct apply *x, struct node **table, enum apply_result *r)
{
	*table = target(x, OBJECT_NONE, r);
	if (!*table)
		return NULL;
	/* A view's columns are known where a server told them; its defaults are kept nowhere else.
	 */
	if (((*table)->o.type == OBJECT_VIEW || (*table)->o.type == OBJECT_MATVIEW) &&
		(*table)->ncolumns == 0) {
		*r = APPLIED;
		return NULL;
	}
	return target_part(x, *table, OBJECT_COLUMN, x->ch->name, r);
}

enum apply_result apply_drop_column(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r);
	struct slice blocker = SLICE_NONE;

	if (!col)
		return r;
	if (!drop_column_all(x, table, col, has(x, CHANGE_CASCADE), &blocker))
		return conflict(x, "cannot drop column \"%.*s\" of \"%.*s\": %.*s",
			SLICE(x->ch->name), SLICE(table->o.name), SLICE(blocker));
	return APPLIED;
}

/* MariaDB keeps one check with the column itself, under the column's name. */
static struct node *column_check(struct apply *x, struct node *table, struct slice column)
{
	struct node *n = x->c->dialect == DIALECT_MARIADB
				 ? part_find(x->c, table, OBJECT_CONSTRAINT, column)
				 : NULL;

	return n && is_kind(&n->o, "check") ? n : NULL;
}

static void rename_column_check(
	struct apply *x, struct node *table, struct slice from, struct slice to)
{
	struct node *check = column_check(x, table, from);

	if (!check)
		return;
	node_edit(x->c, check)->name = keep(x->c, to);
	node_edited(x->c, check);
}

static void rename_column(struct apply *x, struct node *table, struct slice from, struct slice to)
{
	struct node *col = part_find(x->c, table, OBJECT_COLUMN, from);
	struct node **v;
	size_t n = children(x, table, &v);

	if (!col)
		return;
	node_edit(x->c, col)->name = keep(x->c, to);
	node_edited(x->c, col);
	rename_column_everywhere(x->c, table, from, col->o.name);
	rename_column_check(x, table, from, col->o.name);
	for (size_t i = 0; i < n; i++)
		rename_column(x, v[i], from, to);
}

static enum apply_result rename_view_column(struct apply *x, struct node *view)
{
	struct object *o = node_edit(x->c, view);

	o->view.columns =
		names_replaced(x->c, o->view.columns, x->ch->name, keep(x->c, x->ch->other.name));
	o->view.query.normal = SLICE_NONE;
	node_edited(x->c, view);
	return APPLIED;
}

enum apply_result apply_rename_column(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r), *col;
	const struct object *found;
	struct slice to = x->ch->other.name;

	if (!table)
		return r;
	if (table->o.type != OBJECT_TABLE && !part_find(x->c, table, OBJECT_COLUMN, x->ch->name))
		return rename_view_column(x, table);
	col = target_part(x, table, OBJECT_COLUMN, x->ch->name, &r);
	if (!col)
		return r;
	if (!same_name(x->c, OBJECT_COLUMN, x->ch->name, to) &&
		catalog_part(x->c, &table->o, OBJECT_COLUMN, to, &found) == PRESENT)
		return conflict(x, "column \"%.*s\" of \"%.*s\" already exists", SLICE(to),
			SLICE(table->o.name));
	if (table->o.type != OBJECT_TABLE)
		rename_view_column(x, table);
	rename_column(x, table, keep(x->c, x->ch->name), to);
	return APPLIED;
}

/* ---- ALTER COLUMN ---- */

/* Does fn to the column of the table and, unless ONLY, of what inherits from it. */
typedef void column_fn(struct apply *x, struct node *table, struct node *col);

static void with_children(struct apply *x, struct node *table, column_fn *fn)
{
	struct node *col = part_find(x->c, table, OBJECT_COLUMN, x->ch->name);
	struct node **v;
	size_t n = has(x, CHANGE_ONLY) ? 0 : children(x, table, &v);

	if (col)
		fn(x, table, col);
	for (size_t i = 0; i < n; i++)
		with_children(x, v[i], fn);
}

static enum apply_result each_column(struct apply *x, column_fn *fn)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r);

	if (!col)
		return r;
	with_children(x, table, fn);
	return APPLIED;
}

static void retype_sequence(struct apply *x, const struct node *col, struct slice type)
{
	struct node *seq = NULL;
	struct object *o;

	if (col->o.column.identity.len && col->o.column.sequence.n)
		seq = node_find(x->c, OBJECT_SEQUENCE, split_name(col->o.column.sequence.at[0]));
	if (!seq)
		return;
	o = node_edit(x->c, seq);
	o->sequence.type = type;
	o->sequence.min = o->sequence.max = SLICE_NONE;
	sequence_defaults(x->c, &o->sequence);
	node_edited(x->c, seq);
}

static void alter_type(struct apply *x, struct node *table, struct node *col)
{
	const struct column_def *new = &x->ch->def->column;
	struct slice type = keep(x->c, resolve_type(x, new->type));
	struct object *o = node_edit(x->c, col);

	(void)table;
	o->column.type = type;
	o->column.collation = keep(x->c, resolve_collation(x, new->collation));
	o->column.storage = SLICE_NONE;
	/* The server prints the default with the new type from now on. */
	if (!o->column.sequence.n)
		o->column.default_value.normal = SLICE_NONE;
	node_edited(x->c, col);
	retype_sequence(x, col, type);
}

/* A view that reads the column for sure. */
static struct slice reading_view(struct apply *x, const struct node *table, struct slice column)
{
	const struct object **v;
	size_t n = catalog_dependents(x->c, &table->o, column, &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++) {
		if (catalog_view_reads(x->c, v[i], &table->o, column) == PRESENT)
			return object_path(&x->c->arena, x->c->dialect, v[i]);
		x->unsure = true;
		x->why = textf(x->c, "whether view \"%.*s\" reads column \"%.*s\" is not known",
			SLICE(v[i]->name), SLICE(column));
	}
	return SLICE_NONE;
}

enum apply_result apply_alter_type(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r);
	struct slice view;

	if (!col)
		return r;
	view = reading_view(x, table, x->ch->name);
	if (view.len && is_postgres(x->c))
		return conflict(x, "cannot alter the type of \"%.*s\": view %.*s reads it",
			SLICE(x->ch->name), SLICE(view));
	with_children(x, table, alter_type);
	return APPLIED;
}

static bool in_primary_key(const struct node *table, const struct catalog *c, struct slice column)
{
	for (size_t i = 0; i < table->o.nparts; i++) {
		const struct object *o = table->o.parts[i];

		if (o->type != OBJECT_CONSTRAINT || !slice_is(o->constraint.kind, "primary key"))
			continue;
		for (size_t k = 0; k < o->constraint.columns.n; k++)
			if (same_name(c, OBJECT_COLUMN, o->constraint.columns.at[k], column))
				return true;
	}
	return false;
}

static void move_column(struct apply *x, struct node *table, struct node *col, size_t at)
{
	size_t from = part_place(col);

	if (from == at || from + 1 == at)
		return;
	part_drop(x->c, col);
	part_put(x->c, table, col, from < at ? at - 1 : at);
}

/* MODIFY and CHANGE: the definition is the new one, whole. */
enum apply_result apply_modify_column(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r);
	const struct object *found;
	struct slice to = x->ch->other.name.len ? x->ch->other.name : x->ch->name;
	struct node *check;
	struct object *o;
	size_t at;

	if (!col)
		return r;
	if (!same_name(x->c, OBJECT_COLUMN, x->ch->name, to) &&
		catalog_part(x->c, &table->o, OBJECT_COLUMN, to, &found) == PRESENT)
		return conflict(x, "column \"%.*s\" of \"%.*s\" already exists", SLICE(to),
			SLICE(table->o.name));
	if (!position(x, table, &at))
		return conflict(
			x, "there is no column to stand after: %.*s", SLICE(x->ch->list.at[0]));
	/* The old definition goes with its check; the new one brings its own, if it has one. */
	check = column_check(x, table, col->o.name);
	if (check)
		part_drop(x->c, check);
	if (!slice_eq(col->o.name, to))
		rename_column(x, table, col->o.name, to);
	o = node_edit(x->c, col);
	o->column = node_new(x->c, x->ch->def)->o.column;
	o->comment = keep(x->c, x->ch->def->comment);
	inherit_charset(table, &o->column);
	if (in_primary_key(table, x->c, o->name))
		o->column.not_null = true;
	node_edited(x->c, col);
	if (x->ch->list.n)
		move_column(x, table, col, at);
	return APPLIED;
}

static void set_default(struct apply *x, struct node *table, struct node *col)
{
	struct object *o = node_edit(x->c, col);

	(void)table;
	o->column.default_value = expr_copy(&x->c->arena, x->ch->value);
	canonical(x->c, o);
	node_edited(x->c, col);
}

enum apply_result apply_set_default(struct apply *x)
{
	return each_column(x, set_default);
}

static void drop_default(struct apply *x, struct node *table, struct node *col)
{
	(void)table;
	node_edit(x->c, col)->column.default_value = (struct expr){0};
	node_edited(x->c, col);
}

enum apply_result apply_drop_default(struct apply *x)
{
	return each_column(x, drop_default);
}

static void not_null(struct apply *x, struct node *table, struct node *col)
{
	set_not_null(x, table, col->o.name, true, SLICE_NONE);
}

enum apply_result apply_set_not_null(struct apply *x)
{
	return each_column(x, not_null);
}

static void nullable(struct apply *x, struct node *table, struct node *col)
{
	set_not_null(x, table, col->o.name, false, SLICE_NONE);
}

enum apply_result apply_drop_not_null(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r);

	if (!col)
		return r;
	if (is_postgres(x->c) && in_primary_key(table, x->c, x->ch->name))
		return conflict(x, "column \"%.*s\" is in a primary key", SLICE(x->ch->name));
	if (is_postgres(x->c) && col->o.column.identity.len)
		return conflict(x, "column \"%.*s\" is an identity column", SLICE(x->ch->name));
	with_children(x, table, nullable);
	return APPLIED;
}

/* ---- Identity, generated columns ---- */

enum apply_result apply_add_identity(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r), *seq;
	struct object *o;

	if (!col)
		return r;
	if (col->o.column.identity.len)
		return conflict(
			x, "column \"%.*s\" is an identity column already", SLICE(x->ch->name));
	if (col->o.column.default_value.text.len)
		return conflict(x, "column \"%.*s\" has a default", SLICE(x->ch->name));
	if (!col->o.column.not_null)
		return conflict(x, "column \"%.*s\" must be NOT NULL first", SLICE(x->ch->name));
	seq = add_identity_sequence(x, table, col->o.name, col->o.column.type);
	o = node_edit(x->c, col);
	o->column.identity =
		x->ch->def ? keep(x->c, x->ch->def->column.identity) : SL("by default");
	note_sequence(x, o, seq);
	node_edited(x->c, col);
	return APPLIED;
}

enum apply_result apply_alter_identity(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r), *seq = NULL;
	struct slice text = x->ch->value.text;

	if (!col)
		return r;
	if (!col->o.column.identity.len)
		return conflict(x, "column \"%.*s\" is not an identity column", SLICE(x->ch->name));
	if (slice_ifind(text, SL("GENERATED ALWAYS")) != SIZE_MAX ||
		slice_ifind(text, SL("GENERATED BY DEFAULT")) != SIZE_MAX) {
		bool always = slice_ifind(text, SL("GENERATED ALWAYS")) != SIZE_MAX;

		node_edit(x->c, col)->column.identity = always ? SL("always") : SL("by default");
		node_edited(x->c, col);
	}
	if (col->o.column.sequence.n)
		seq = node_find(x->c, OBJECT_SEQUENCE, split_name(col->o.column.sequence.at[0]));
	if (seq && x->ch->list.n) {
		struct object *o = node_edit(x->c, seq);

		sequence_options(x->c, &o->sequence, x->ch->list);
		sequence_defaults(x->c, &o->sequence);
		node_edited(x->c, seq);
	}
	return APPLIED;
}

enum apply_result apply_drop_identity(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r), *seq = NULL;
	struct object *o;

	if (!col)
		return r;
	if (!col->o.column.identity.len)
		return has(x, CHANGE_IF_EXISTS)
			       ? APPLY_NOOP
			       : conflict(x, "column \"%.*s\" is not an identity column",
					 SLICE(x->ch->name));
	if (col->o.column.sequence.n)
		seq = node_find(x->c, OBJECT_SEQUENCE, split_name(col->o.column.sequence.at[0]));
	o = node_edit(x->c, col);
	o->column.identity = SLICE_NONE;
	o->column.sequence = (struct names){0};
	node_edited(x->c, col);
	if (seq)
		node_drop(x->c, seq);
	return APPLIED;
}

static void set_expression(struct apply *x, struct node *table, struct node *col)
{
	(void)table;
	node_edit(x->c, col)->column.generation = expr_copy(&x->c->arena, x->ch->value);
	node_edited(x->c, col);
}

enum apply_result apply_set_expression(struct apply *x)
{
	return each_column(x, set_expression);
}

static void drop_expression(struct apply *x, struct node *table, struct node *col)
{
	struct object *o = node_edit(x->c, col);

	(void)table;
	o->column.generation = (struct expr){0};
	o->column.generated = SLICE_NONE;
	node_edited(x->c, col);
}

enum apply_result apply_drop_expression(struct apply *x)
{
	return each_column(x, drop_expression);
}

/* ---- Small things ---- */

static void column_word(struct apply *x, struct node *table, struct node *col)
{
	struct object *o = node_edit(x->c, col);
	struct slice value = keep(x->c, x->ch->value.text), word;
	char *lower = arena_cstr(&x->c->arena, value);

	(void)table;
	for (char *p = lower; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	word = slice_n(lower, value.len);
	if (slice_is(word, "default"))
		word = SLICE_NONE;
	if (x->ch->kind == CHANGE_SET_STATISTICS)
		o->column.statistics = word;
	else if (x->ch->kind == CHANGE_SET_STORAGE)
		o->column.storage = word;
	else
		o->column.compression = word;
	canonical(x->c, o);
	node_edited(x->c, col);
}

enum apply_result apply_column_word(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r);

	/* ALTER INDEX … ALTER COLUMN n SET STATISTICS: columns of an index are not kept. */
	if (table && table->o.type == OBJECT_INDEX)
		return APPLIED;
	return table ? each_column(x, column_word) : r;
}

static void column_options(struct apply *x, struct node *table, struct node *col)
{
	struct object *o = node_edit(x->c, col);
	bool reset = slice_is(x->ch->value.text, "reset");

	(void)table;
	o->column.options = options_changed(x->c, o->column.options, x->ch->list, reset);
	node_edited(x->c, col);
}

enum apply_result apply_column_options(struct apply *x)
{
	return each_column(x, column_options);
}

enum apply_result apply_column_visibility(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *col = column_of(x, &table, &r);
	struct object *o;

	if (!col)
		return r;
	o = node_edit(x->c, col);
	o->column.options = names_without(x->c, o->column.options, SL("invisible"));
	if (slice_is(x->ch->value.text, "invisible"))
		names_add(&x->c->arena, &o->column.options, SL("invisible"));
	node_edited(x->c, col);
	return APPLIED;
}
