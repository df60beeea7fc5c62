/* apply_constraint.c - ADD, DROP, VALIDATE, ALTER and RENAME CONSTRAINT, and NOT NULL. */
#include "catalog/internal.h"

#include "sql/token.h"

static struct node *primary_key(const struct node *table)
{
	for (size_t i = table->ncolumns; i < table->o.nparts; i++)
		if (is_kind(table->o.parts[i], "primary key"))
			return node_of(table->o.parts[i]);
	return NULL;
}

/* ---- NOT NULL ---- */

static bool names_not_null(const struct catalog *c)
{
	return is_postgres(c) && c->version >= 180000;
}

static struct node *not_null_constraint(const struct node *table, struct slice column)
{
	for (size_t i = table->ncolumns; i < table->o.nparts; i++)
		if (is_kind(table->o.parts[i], "not null") &&
			names_has(table->o.parts[i]->constraint.columns, column))
			return node_of(table->o.parts[i]);
	return NULL;
}

static void add_not_null_constraint(
	struct apply *x, struct node *table, struct slice column, struct slice name)
{
	struct object o = {.type = OBJECT_CONSTRAINT, .name = name, .generated_name = !name.len};

	if (!name.len)
		o.name = pg_constraint_name(
			x->c, table->o.schema, table->o.name, column, "not_null");
	o.constraint.kind = SL("not null");
	names_add(&x->c->arena, &o.constraint.columns, column);
	create_part(x, table, &o);
}

void set_not_null(
	struct apply *x, struct node *table, struct slice column, bool yes, struct slice name)
{
	struct node *col = part_find(x->c, table, OBJECT_COLUMN, column), *con;

	if (col && col->o.column.not_null != yes) {
		node_edit(x->c, col)->column.not_null = yes;
		node_edited(x->c, col);
	}
	if (!names_not_null(x->c))
		return;
	con = not_null_constraint(table, column);
	if (yes && !con)
		add_not_null_constraint(x, table, column, name);
	else if (!yes && con)
		part_drop(x->c, con);
}

void not_null_constraints(struct apply *x, struct node *table)
{
	struct names have = {0};

	if (!names_not_null(x->c))
		return;
	for (size_t i = table->ncolumns; i < table->o.nparts; i++)
		if (is_kind(table->o.parts[i], "not null"))
			names_add(&x->c->undo_arena, &have,
				table->o.parts[i]->constraint.columns.at[0]);
	for (size_t i = 0; i < table->ncolumns; i++)
		if (table->o.parts[i]->column.not_null && !names_has(have, table->o.parts[i]->name))
			add_not_null_constraint(x, table, table->o.parts[i]->name, SLICE_NONE);
}

/* ---- Keys ---- */

static struct slice option_value(struct names options, const char *key)
{
	for (size_t i = 0; i < options.n; i++)
		if (slice_starts(options.at[i], key))
			return slice_from(options.at[i], strlen(key));
	return SLICE_NONE;
}

/* EXCLUDE USING method (element WITH operator, …) WHERE (…): what its index is made of. */
static void exclusion_index(struct apply *x, struct index_def *d, struct slice text)
{
	struct lexer l;
	size_t depth = 0, from = 0;
	bool skipping = false;

	lexer_init(&l, x->c->dialect, text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		if (depth == 0 && token_is(t, "using"))
			d->method = keep(x->c, lexer_next(&l).text);
		if (depth == 0 && token_is(t, "where")) {
			size_t end = text.len;

			d->predicate.text =
				keep(x->c, slice_trim(slice_sub(text, t.off + 5, end - t.off - 5)));
			return;
		}
		if (token_punct(t, "(") && depth++ == 0)
			from = t.off + 1;
		if (depth == 1 && !skipping && token_is(t, "with")) {
			names_add(&x->c->arena, &d->keys,
				slice_trim(slice_sub(text, from, t.off - from)));
			skipping = true;
		}
		if (depth == 1 && token_punct(t, ",")) {
			from = t.off + 1;
			skipping = false;
		}
		if (token_punct(t, ")"))
			depth -= depth > 0;
	}
}

static void key_index(struct apply *x, const struct object *con, struct object *index)
{
	const struct constraint_def *d = &con->constraint;

	*index = (struct object){.type = OBJECT_INDEX, .name = con->name};
	index->generated_name = con->generated_name;
	index->index.unique = !is_kind(con, "exclude");
	index->index.primary = is_kind(con, "primary key");
	index->index.include = d->include;
	index->index.nulls_not_distinct = d->nulls_not_distinct;
	index->index.columns = d->columns;
	index->index.tablespace = option_value(d->options, "tablespace=");
	for (size_t i = 0; i < d->options.n; i++)
		if (!slice_starts(d->options.at[i], "tablespace="))
			names_add(&x->c->arena, &index->index.options, d->options.at[i]);
	if (d->period)
		index->index.method = SL("gist");
	if (is_kind(con, "exclude"))
		exclusion_index(x, &index->index, d->expression.text);
	else
		index->index.keys = keys_of_columns(x->c, d->columns);
	index->index.constraint = con->name;
}

static enum apply_result relation_free(struct apply *x, const struct node *table, struct slice name)
{
	if (node_find(x->c, OBJECT_TABLE, in_table_schema(table, name)))
		return conflict(x, "relation \"%.*s\" already exists", SLICE(name));
	return APPLIED;
}

static enum apply_result columns_exist(struct apply *x, struct node *table, struct names columns)
{
	const struct object *found;

	for (size_t i = 0; i < columns.n; i++)
		if (catalog_part(x->c, &table->o, OBJECT_COLUMN, columns.at[i], &found) == ABSENT)
			return conflict(x, "column \"%.*s\" of \"%.*s\" does not exist",
				SLICE(columns.at[i]), SLICE(table->o.name));
	return APPLIED;
}

static void key_in_partitions(
	struct apply *x, struct node *table, const struct object *con, const struct node *index)
{
	struct node **v;
	size_t n = slice_is(table->o.table_.kind, "partitioned") && !has(x, CHANGE_ONLY)
			   ? children(x, table, &v)
			   : 0;

	for (size_t i = 0; i < n; i++)
		inherit_key(x, v[i], con, &index->o);
}

/* MySQL's, with the prefixes and DESC that the constraint keeps as options. */
static void primary_index(struct apply *x, struct node *table, const struct object *con)
{
	struct object o = {.type = OBJECT_INDEX, .name = SL("PRIMARY"), .comment = con->comment};
	const struct constraint_def *d = &con->constraint;

	o.index.unique = o.index.primary = true;
	o.index.method = SL("btree");
	o.index.constraint = o.name;
	o.index.columns = d->columns;
	o.index.keys = keys_of_columns(x->c, d->columns);
	for (size_t i = 0; i < d->options.n; i++) {
		struct slice key = slice_from(d->options.at[i], strlen("key="));

		for (size_t k = 0; k < d->columns.n; k++)
			if (same_name(x->c, OBJECT_COLUMN, key_column(x->c, key), d->columns.at[k]))
				o.index.keys.at[k] = key;
	}
	create_part(x, table, &o);
}

static enum apply_result add_key(struct apply *x, struct node *table, struct object *con)
{
	struct object index;
	struct node *n, *made;
	enum apply_result r = columns_exist(x, table, con->constraint.columns);

	if (r != APPLIED)
		return r;
	if (is_kind(con, "primary key") && primary_key(table))
		return conflict(
			x, "table \"%.*s\" has a primary key already", SLICE(table->o.name));
	if (is_postgres(x->c)) {
		key_index(x, con, &index);
		if (slice_empty(con->name)) {
			char kind[16];

			snprintf(kind, sizeof kind, "%.*s", SLICE(con->constraint.kind));
			con->name = pg_index_name(x->c, table, &index, kind);
		} else if ((r = relation_free(x, table, con->name)) != APPLIED) {
			return r;
		}
		index.name = index.index.constraint = con->name;
		con->constraint.index = con->name;
	}
	if (is_kind(con, "primary key") && !is_sqlite(x->c))
		for (size_t i = 0; i < con->constraint.columns.n; i++)
			set_not_null(x, table, con->constraint.columns.at[i], true, SLICE_NONE);
	n = create_part(x, table, con);
	if (is_mysql(x->c) && is_kind(con, "primary key") &&
		!part_find(x->c, table, OBJECT_INDEX, SL("PRIMARY")))
		primary_index(x, table, con);
	if (!is_postgres(x->c))
		return APPLIED;
	made = create_part(x, table, &index);
	key_in_partitions(x, table, &n->o, made);
	return APPLIED;
}

/* ---- Foreign keys ---- */

static bool same_set(const struct catalog *c, struct names a, struct names b)
{
	for (size_t i = 0; i < a.n; i++) {
		bool found = false;

		for (size_t k = 0; k < b.n && !found; k++)
			found = same_name(c, OBJECT_COLUMN, a.at[i], b.at[k]);
		if (!found)
			return false;
	}
	return a.n == b.n;
}

static bool has_unique_over(struct apply *x, const struct node *table, struct names columns)
{
	for (size_t i = table->ncolumns; i < table->o.nparts; i++) {
		const struct object *o = table->o.parts[i];
		struct names keys = {0};

		if ((is_kind(o, "primary key") || is_kind(o, "unique")) &&
			same_set(x->c, columns, o->constraint.columns))
			return true;
		if (o->type != OBJECT_INDEX || !o->index.unique || o->index.predicate.text.len ||
			o->index.predicate.normal.len)
			continue;
		for (size_t k = 0; k < o->index.keys.n; k++)
			names_add(&x->c->undo_arena, &keys, key_column(x->c, o->index.keys.at[k]));
		if (same_set(x->c, columns, keys))
			return true;
	}
	return false;
}

static enum apply_result check_reference(
	struct apply *x, struct object *con, const struct node *ref)
{
	struct names *columns = &con->constraint.ref_columns;
	struct node *pk = primary_key(ref);

	if (columns->n == 0 && pk)
		*columns = pk->o.constraint.columns;
	if (ref->o.tainted || ref->columns_unknown || !is_postgres(x->c))
		return APPLIED;
	if (columns->n == 0)
		return conflict(x, "there is no primary key for referenced table \"%.*s\"",
			SLICE(ref->o.name));
	if (!has_unique_over(x, ref, *columns))
		return conflict(x,
			"there is no unique constraint matching the keys for referenced "
			"table \"%.*s\"",
			SLICE(ref->o.name));
	return APPLIED;
}

/* Does an index of the table, or its primary key, begin with these columns? */
static bool covered(struct apply *x, const struct node *table, struct names columns)
{
	for (size_t i = table->ncolumns; i < table->o.nparts; i++) {
		const struct object *o = table->o.parts[i];
		struct names keys = o->type == OBJECT_INDEX ? o->index.keys : o->constraint.columns;
		size_t k = 0;

		if (o->type != OBJECT_INDEX && !is_kind(o, "primary key"))
			continue;
		for (; k < columns.n && k < keys.n; k++) {
			struct slice key =
				o->type == OBJECT_INDEX ? key_column(x->c, keys.at[k]) : keys.at[k];

			if (!same_name(x->c, OBJECT_COLUMN, key, columns.at[k]))
				break;
		}
		if (k == columns.n)
			return true;
	}
	return false;
}

/* InnoDB makes an index for a foreign key that has none. */
static void index_for_foreign_key(
	struct apply *x, struct node *table, const struct object *con, bool named)
{
	struct object o = {.type = OBJECT_INDEX, .generated_name = true};

	if (covered(x, table, con->constraint.columns))
		return;
	o.index.method = SL("btree");
	o.index.keys = keys_of_columns(x->c, con->constraint.columns);
	o.index.columns = con->constraint.columns;
	o.name = con->constraint.index.len ? con->constraint.index
		 : named                   ? con->name
			 : my_index_name(x->c, table, con->constraint.columns.at[0]);
	create_part(x, table, &o);
}

static enum apply_result resolve_reference(struct apply *x, struct node *table, struct object *con)
{
	struct name *to = &con->constraint.ref_table;
	const struct object *found = NULL;
	enum presence p;

	/* MySQL and SQLite look in the table's own schema. */
	if (slice_empty(to->schema) && !is_postgres(x->c))
		to->schema = table->o.schema;
	if (slice_empty(to->schema) && same_name(x->c, OBJECT_TABLE, to->name, table->o.name))
		to->schema = table->o.schema;
	p = catalog_find(x->c, x->s, OBJECT_TABLE, *to, &found);
	*to = catalog_resolve(x->c, x->s, OBJECT_TABLE, *to);
	if (is_sqlite(x->c))
		return APPLIED; /* looked up when rows are written */
	if (p == ABSENT && (is_postgres(x->c) || x->s->foreign_keys))
		return conflict(x, "table \"%.*s\" does not exist", SLICE(to->name));
	return p == PRESENT ? check_reference(x, con, node_of(found)) : APPLIED;
}

static enum apply_result add_foreign_key(struct apply *x, struct node *table, struct object *con)
{
	bool named = con->name.len > 0;
	enum apply_result r = columns_exist(x, table, con->constraint.columns);
	struct node *made, **v;
	size_t n;

	if (r == APPLIED)
		r = resolve_reference(x, table, con);
	if (r != APPLIED)
		return r;
	if (!named && is_postgres(x->c))
		con->name = pg_constraint_name(x->c, table->o.schema, table->o.name,
			pg_columns_addition(x->c, con->constraint.columns), "fkey");
	else if (!named && is_mysql(x->c))
		con->name = my_constraint_name(x->c, table, "ibfk");
	if (is_mysql(x->c)) {
		index_for_foreign_key(x, table, con, named);
		con->constraint.index = SLICE_NONE;
	}
	made = create_part(x, table, con);
	n = slice_is(table->o.table_.kind, "partitioned") && !has(x, CHANGE_ONLY)
		    ? children(x, table, &v)
		    : 0;
	for (size_t i = 0; i < n; i++)
		inherit_constraint(x, v[i], &made->o);
	return APPLIED;
}

/* ---- Checks ---- */

static struct slice only_column(struct apply *x, const struct node *table, const struct object *con)
{
	const struct expr_facts *f = con->constraint.expression.facts;
	struct slice only = SLICE_NONE;

	if (!f)
		return con->constraint.columns.n == 1 ? con->constraint.columns.at[0] : SLICE_NONE;
	for (size_t i = 0; i < f->columns.n; i++) {
		/* Written with its table's name it is still the same column. */
		if (!part_find(x->c, table, OBJECT_COLUMN, f->columns.at[i]))
			continue;
		if (only.len && !slice_eq(only, f->columns.at[i]))
			return SLICE_NONE;
		only = f->columns.at[i];
	}
	return only;
}

static enum apply_result add_check(struct apply *x, struct node *table, struct object *con)
{
	struct node *made, **v;
	size_t n;

	if (slice_empty(con->name) && is_postgres(x->c))
		con->name = pg_constraint_name(
			x->c, table->o.schema, table->o.name, only_column(x, table, con), "check");
	else if (slice_empty(con->name) && is_mysql(x->c))
		con->name = my_constraint_name(x->c, table, "chk");
	made = create_part(x, table, con);
	if (con->constraint.no_inherit || has(x, CHANGE_ONLY))
		return APPLIED;
	n = children(x, table, &v);
	for (size_t i = 0; i < n; i++)
		inherit_constraint(x, v[i], &made->o);
	return APPLIED;
}

/* PostgreSQL 18: NOT NULL with a name. */
static enum apply_result add_not_null(struct apply *x, struct node *table, const struct object *con)
{
	struct names cols = con->constraint.columns;
	enum apply_result r = columns_exist(x, table, cols);
	struct node *made, *col;

	if (r != APPLIED || cols.n == 0)
		return r;
	if (!names_not_null(x->c)) {
		set_not_null(x, table, cols.at[0], true, SLICE_NONE);
		return APPLIED;
	}
	if (not_null_constraint(table, cols.at[0]))
		return APPLIED;
	add_not_null_constraint(x, table, cols.at[0], con->name);
	made = not_null_constraint(table, cols.at[0]);
	node_edit(x->c, made)->constraint.not_valid = con->constraint.not_valid;
	made->o.constraint.no_inherit = con->constraint.no_inherit;
	node_edited(x->c, made);
	col = part_find(x->c, table, OBJECT_COLUMN, cols.at[0]);
	if (col) {
		node_edit(x->c, col)->column.not_null = true;
		node_edited(x->c, col);
	}
	return APPLIED;
}

/* ---- ADD ---- */

enum apply_result add_constraint(struct apply *x, struct node *table, const struct object *def)
{
	struct object con = *def;

	con.parts = NULL;
	con.nparts = 0;
	if (con.name.len && part_find(x->c, table, OBJECT_CONSTRAINT, con.name)) {
		if (has(x, CHANGE_IF_NOT_EXISTS) && x->ch->kind == CHANGE_ADD_CONSTRAINT)
			return APPLY_NOOP;
		return conflict(x, "constraint \"%.*s\" of \"%.*s\" already exists",
			SLICE(con.name), SLICE(table->o.name));
	}
	if (is_kind(&con, "foreign key"))
		return add_foreign_key(x, table, &con);
	if (is_kind(&con, "check"))
		return add_check(x, table, &con);
	if (is_kind(&con, "not null"))
		return add_not_null(x, table, &con);
	return add_key(x, table, &con);
}

enum apply_result apply_add_constraint(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r);
	struct object def;

	if (!table)
		return r;
	if (!x->ch->def)
		return unsure(x, "what is added to \"%.*s\" was not read", SLICE(table->o.name));
	def = *x->ch->def;
	if (has(x, CHANGE_NOT_VALID))
		def.constraint.not_valid = true;
	return add_constraint(x, table, &def);
}

/* The index becomes the constraint's and takes its name. */
enum apply_result apply_add_constraint_index(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r), *index;
	struct object con, *o;

	if (!table)
		return r;
	index = target_part(x, table, OBJECT_INDEX, x->ch->other.name, &r);
	if (!index)
		return r;
	if (!index->o.index.unique || index->o.index.predicate.text.len)
		return conflict(x, "index \"%.*s\" cannot stand behind a constraint",
			SLICE(x->ch->other.name));
	if (index->o.index.constraint.len)
		return conflict(x, "index \"%.*s\" belongs to a constraint already",
			SLICE(x->ch->other.name));
	con = *x->ch->def;
	con.parts = NULL;
	con.nparts = 0;
	if (is_kind(&con, "primary key") && primary_key(table))
		return conflict(
			x, "table \"%.*s\" has a primary key already", SLICE(table->o.name));
	if (slice_empty(con.name))
		con.name = index->o.name;
	con.generated_name = false;
	con.constraint.index = con.name;
	con.constraint.columns = (struct names){0};
	for (size_t i = 0; i < index->o.index.keys.n; i++)
		names_add(&x->c->arena, &con.constraint.columns,
			key_column(x->c, index->o.index.keys.at[i]));
	con.constraint.include = index->o.index.include;
	con.constraint.nulls_not_distinct = index->o.index.nulls_not_distinct;
	for (size_t i = 0; is_kind(&con, "primary key") && i < con.constraint.columns.n; i++)
		set_not_null(x, table, con.constraint.columns.at[i], true, SLICE_NONE);
	o = node_edit(x->c, index);
	o->name = o->index.constraint = keep(x->c, con.name);
	o->index.primary = is_kind(&con, "primary key");
	node_edited(x->c, index);
	create_part(x, table, &con);
	return APPLIED;
}

/* ---- VALIDATE, ALTER, RENAME, DROP ---- */

static struct node *constraint_of(struct apply *x, struct node **table, enum apply_result *r)
{
	*table = target(x, OBJECT_NONE, r);
	return *table ? target_part(x, *table, OBJECT_CONSTRAINT, x->ch->name, r) : NULL;
}

static void validate(struct apply *x, struct node *table, struct slice name)
{
	struct node *con = part_find(x->c, table, OBJECT_CONSTRAINT, name), **v;
	size_t n = children(x, table, &v);

	if (con && con->o.constraint.not_valid) {
		node_edit(x->c, con)->constraint.not_valid = false;
		node_edited(x->c, con);
	}
	for (size_t i = 0; i < n; i++)
		validate(x, v[i], name);
}

enum apply_result apply_validate_constraint(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *con = constraint_of(x, &table, &r);

	if (!con)
		return r;
	if (con->o.constraint.not_enforced)
		return conflict(x, "constraint \"%.*s\" is not enforced", SLICE(x->ch->name));
	validate(x, table, x->ch->name);
	return APPLIED;
}

/* change.list says which of them were said; without it, deferrability was. */
enum apply_result apply_alter_constraint(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *con = constraint_of(x, &table, &r);
	const struct constraint_def *new;
	struct object *o;

	if (!con)
		return r;
	if (!x->ch->def)
		return APPLIED;
	new = &x->ch->def->constraint;
	if (is_postgres(x->c) && !is_kind(&con->o, "foreign key") &&
		!names_has(x->ch->list, SL("no inherit")))
		return conflict(x, "constraint \"%.*s\" of \"%.*s\" is not a foreign key",
			SLICE(x->ch->name), SLICE(table->o.name));
	o = node_edit(x->c, con);
	if (is_mysql(x->c) || names_has(x->ch->list, SL("not enforced"))) {
		o->constraint.not_enforced = new->not_enforced;
		if (is_postgres(x->c))
			o->constraint.not_valid = new->not_enforced;
	}
	if (names_has(x->ch->list, SL("no inherit")))
		o->constraint.no_inherit = new->no_inherit;
	if (is_postgres(x->c) && (x->ch->list.n == 0 || names_has(x->ch->list, SL("deferrable")))) {
		o->constraint.deferrable = new->deferrable || new->deferred;
		o->constraint.deferred = new->deferred;
	}
	node_edited(x->c, con);
	return APPLIED;
}

static void rename_constraint(
	struct apply *x, struct node *table, struct slice from, struct slice to)
{
	struct node *con = part_find(x->c, table, OBJECT_CONSTRAINT, from), *index, **v;
	size_t n;
	struct object *o;

	if (!con)
		return;
	index = con->o.constraint.index.len
			? part_find(x->c, table, OBJECT_INDEX, con->o.constraint.index)
			: NULL;
	o = node_edit(x->c, con);
	o->name = to;
	o->generated_name = false;
	if (index)
		o->constraint.index = to;
	node_edited(x->c, con);
	if (index) {
		o = node_edit(x->c, index);
		o->name = o->index.constraint = to;
		o->generated_name = false;
		node_edited(x->c, index);
		retarget(x->c, OBJECT_INDEX, in_table_schema(table, from),
			in_table_schema(table, to));
		return; /* partitions name theirs on their own */
	}
	n = children(x, table, &v);
	for (size_t i = 0; i < n; i++)
		rename_constraint(x, v[i], from, to);
}

enum apply_result apply_rename_constraint(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *con = constraint_of(x, &table, &r);
	struct slice to = keep(x->c, x->ch->other.name);

	if (!con)
		return r;
	if (part_find(x->c, table, OBJECT_CONSTRAINT, to))
		return conflict(x, "constraint \"%.*s\" of \"%.*s\" already exists", SLICE(to),
			SLICE(table->o.name));
	if (con->o.constraint.index.len && (r = relation_free(x, table, to)) != APPLIED)
		return r;
	rename_constraint(x, table, keep(x->c, x->ch->name), to);
	return APPLIED;
}

void drop_constraint(struct apply *x, struct node *con)
{
	struct node *table = node_of(con->o.table), *index = NULL;

	if (con->o.constraint.index.len)
		index = part_find(x->c, table, OBJECT_INDEX, con->o.constraint.index);
	if (is_kind(&con->o, "not null"))
		for (size_t i = 0; i < con->o.constraint.columns.n; i++) {
			struct node *col = part_find(
				x->c, table, OBJECT_COLUMN, con->o.constraint.columns.at[i]);

			if (!col)
				continue;
			node_edit(x->c, col)->column.not_null = false;
			node_edited(x->c, col);
		}
	part_drop(x->c, con);
	if (index && index->o.index.constraint.len)
		part_drop(x->c, index);
}

/* A foreign key, of this table or another, that stands on this key. */
static struct node *standing_on(struct apply *x, const struct node *table, const struct node *key)
{
	struct name own = {table->o.schema, table->o.name};
	struct node **v;
	size_t n = mentions(x->c, own, &x->c->undo_arena, &v);

	if (!is_kind(&key->o, "primary key") && !is_kind(&key->o, "unique"))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (v[i]->o.type == OBJECT_CONSTRAINT && v[i] != key &&
			same_set(x->c, v[i]->o.constraint.ref_columns, key->o.constraint.columns))
			return v[i];
	return NULL;
}

static void drop_in_children(struct apply *x, struct node *table, const struct object *con)
{
	struct node **v;
	size_t n = has(x, CHANGE_ONLY) ? 0 : children(x, table, &v);

	for (size_t i = 0; i < n; i++) {
		struct node *inherited = NULL;

		for (size_t k = v[i]->ncolumns; k < v[i]->o.nparts && !inherited; k++) {
			const struct object *o = v[i]->o.parts[k];

			if (o->type == OBJECT_CONSTRAINT && o->constraint.inherited &&
				slice_eq(o->constraint.kind, con->constraint.kind) &&
				(slice_eq(o->name, con->name) ||
					(!is_kind(con, "check") &&
						names_eq(o->constraint.columns,
							con->constraint.columns))))
				inherited = node_of(o);
		}
		if (!inherited)
			continue;
		drop_in_children(x, v[i], &inherited->o);
		drop_constraint(x, inherited);
	}
}

/* MySQL says which kind it means; DROP CONSTRAINT there may also mean an index. */
static struct node *named_constraint(struct apply *x, struct node *table, enum apply_result *r)
{
	struct slice kind = x->ch->def ? x->ch->def->constraint.kind : SLICE_NONE;
	struct slice name = x->ch->name;
	struct node *con = part_find(x->c, table, OBJECT_CONSTRAINT, name);

	if (slice_is(kind, "primary key") && (con = primary_key(table)))
		return con;
	if (con && (slice_empty(kind) || slice_eq(con->o.constraint.kind, kind)))
		return con;
	if (is_mysql(x->c) && !con && slice_empty(kind))
		if ((con = part_find(x->c, table, OBJECT_INDEX, name)) && con->o.index.unique)
			return con;
	return target_part(x, table, OBJECT_CONSTRAINT, name, r);
}

enum apply_result apply_drop_constraint(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r), *con, *fk;

	if (!table)
		return r;
	con = named_constraint(x, table, &r);
	if (!con)
		return r;
	if (con->o.type == OBJECT_INDEX) {
		part_drop(x->c, con);
		return APPLIED;
	}
	if (is_postgres(x->c) && con->o.constraint.inherited)
		return conflict(x, "cannot drop inherited constraint \"%.*s\"", SLICE(x->ch->name));
	while (is_postgres(x->c) && (fk = standing_on(x, table, con))) {
		if (!has(x, CHANGE_CASCADE))
			return conflict(x, "cannot drop constraint \"%.*s\": %.*s depends on it",
				SLICE(x->ch->name), SLICE(path_of(x, fk)));
		drop_constraint(x, fk);
	}
	drop_in_children(x, table, &con->o);
	drop_constraint(x, con);
	return APPLIED;
}
