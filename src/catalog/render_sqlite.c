/* render_sqlite.c - SQLite's DDL. Constraints stand in CREATE TABLE: there is no other place. */
#include "catalog/render.h"

#include "sql/quote.h"

static struct slice option(struct names options, const char *key)
{
	for (size_t i = 0; i < options.n; i++)
		if (slice_starts(options.at[i], key))
			return slice_from(options.at[i], strlen(key));
	return SLICE_NONE;
}

static void conflict_clause(struct render *r, struct slice word)
{
	if (word.len)
		r_text(r, " ON CONFLICT %.*s", SLICE(word));
}

static struct slice first(struct names n)
{
	return n.n ? n.at[0] : SLICE_NONE;
}

/* AUTOINCREMENT is only said at the column itself. */
static bool at_column(const struct object *table, const struct object *con)
{
	const struct object *col;

	if (!is_kind(con, "primary key") || con->constraint.columns.n != 1)
		return false;
	col = r_part(table, OBJECT_COLUMN, con->constraint.columns.at[0]);
	return col && slice_is(col->column.identity, "autoincrement");
}

static void column(struct render *r, const struct object *o)
{
	const struct column_def *d = &o->column;
	struct slice name = option(d->options, "not null name=");

	r_ident(r, o->name);
	if (d->type.len)
		r_text(r, " %.*s", SLICE(d->type));
	if (slice_is(d->identity, "autoincrement"))
		r_text(r, " PRIMARY KEY AUTOINCREMENT");
	if (d->not_null) {
		if (name.len)
			r_text(r, " CONSTRAINT "), r_ident(r, name);
		r_text(r, " NOT NULL");
		conflict_clause(r, option(d->options, "not null on conflict="));
	}
	if (r_best(d->default_value).len)
		r_text(r, " DEFAULT %.*s", SLICE(r_best(d->default_value)));
	if (d->collation.len)
		r_text(r, " COLLATE "), r_ident(r, d->collation);
	if (d->generated.len)
		r_text(r, " GENERATED ALWAYS AS (%.*s) %s", SLICE(r_best(d->generation)),
			slice_is(d->generated, "stored") ? "STORED" : "VIRTUAL");
}

/* Columns with what stands behind them: a DESC, b COLLATE nocase. */
static void key_columns(struct render *r, const struct constraint_def *d)
{
	buf_addc(r->out, '(');
	for (size_t i = 0; i < d->columns.n; i++) {
		struct buf quoted = {0};
		struct slice more;

		quote_ident_pretty(&quoted, r->dialect, d->columns.at[i]);
		buf_addc(&quoted, ' ');
		more = option(d->options, buf_cstr(&quoted));
		r_text(r, "%s", i ? ", " : "");
		r_ident(r, d->columns.at[i]);
		if (more.len)
			r_text(r, " %.*s", SLICE(more));
		buf_done(&quoted);
	}
	buf_addc(r->out, ')');
}

static void foreign_key(struct render *r, const struct constraint_def *d)
{
	r_text(r, "FOREIGN KEY ");
	r_idents(r, d->columns);
	r_text(r, " REFERENCES ");
	r_ident(r, d->ref_table.name);
	if (d->ref_columns.n) {
		buf_addc(r->out, ' ');
		r_idents(r, d->ref_columns);
	}
	if (d->on_delete.len && !slice_is(d->on_delete, "no action"))
		r_text(r, " ON DELETE %.*s", SLICE(d->on_delete));
	if (d->on_update.len && !slice_is(d->on_update, "no action"))
		r_text(r, " ON UPDATE %.*s", SLICE(d->on_update));
	if (d->deferrable)
		r_text(r, " DEFERRABLE%s", d->deferred ? " INITIALLY DEFERRED" : "");
}

static void constraint(struct render *r, const struct object *o)
{
	const struct constraint_def *d = &o->constraint;

	if (o->name.len)
		r_text(r, "CONSTRAINT "), r_ident(r, o->name), buf_addc(r->out, ' ');
	if (slice_is(d->kind, "foreign key")) {
		foreign_key(r, d);
	} else if (slice_is(d->kind, "check")) {
		r_text(r, "CHECK (%.*s)", SLICE(r_best(d->expression)));
	} else {
		r_text(r, "%s ", slice_is(d->kind, "unique") ? "UNIQUE" : "PRIMARY KEY");
		key_columns(r, d);
	}
	conflict_clause(r, first(d->conflict));
}

static void table(struct render *r, const struct object *t)
{
	const struct table_def *d = &t->table_;
	bool any = false;

	if (slice_is(d->kind, "virtual")) {
		r_text(r, "CREATE VIRTUAL TABLE ");
		r_self(r, t);
		r_text(r, " USING %.*s;\n", SLICE(r_best(d->definition)));
		return;
	}
	r_text(r, "CREATE TABLE ");
	r_self(r, t);
	r_text(r, " (");
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];
		bool con = p->type == OBJECT_CONSTRAINT && !at_column(t, p);

		if (p->type != OBJECT_COLUMN && !con)
			continue;
		r_text(r, "%s\n    ", any ? "," : "");
		any = true;
		if (con)
			constraint(r, p);
		else
			column(r, p);
	}
	r_text(r, "\n)%s%s%s;\n", d->without_rowid ? " WITHOUT ROWID" : "",
		d->without_rowid && d->strict ? "," : "", d->strict ? " STRICT" : "");
}

static void index_statement(struct render *r, const struct object *o)
{
	r_text(r, "CREATE %sINDEX ", o->index.unique ? "UNIQUE " : "");
	r_ident(r, o->name);
	r_text(r, " ON ");
	r_self(r, o);
	buf_addc(r->out, ' ');
	r_texts(r, o->index.keys);
	if (r_best(o->index.predicate).len)
		r_text(r, " WHERE %.*s", SLICE(r_best(o->index.predicate)));
	r_text(r, ";\n");
}

static void trigger(struct render *r, const struct object *o)
{
	const struct trigger_def *d = &o->trigger;

	r_text(r, "CREATE TRIGGER ");
	r_ident(r, o->name);
	r_text(r, " %.*s %.*s", SLICE(d->timing), SLICE(first(d->events)));
	for (size_t i = 0; i < d->columns.n; i++)
		r_text(r, "%s", i ? ", " : " OF "), r_ident(r, d->columns.at[i]);
	r_text(r, " ON ");
	r_self(r, o);
	r_text(r, " FOR EACH ROW");
	if (r_best(d->condition).len)
		r_text(r, " WHEN %.*s", SLICE(r_best(d->condition)));
	r_text(r, " %.*s;\n", SLICE(r_best(d->body)));
}

static void indexes_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX)
			index_statement(r, t->parts[i]);
}

static void triggers_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_TRIGGER)
			trigger(r, t->parts[i]);
}

static void view(struct render *r, const struct object *o)
{
	r_text(r, "CREATE VIEW ");
	r_self(r, o);
	if (o->view.columns.n) {
		buf_addc(r->out, ' ');
		r_idents(r, o->view.columns);
	}
	r_text(r, " AS %.*s;\n", SLICE(r_best(o->view.query)));
}

void render_sqlite(struct render *r)
{
	r_each(r, OBJECT_TABLE, table);
	r_each(r, OBJECT_TABLE, indexes_of);
	r_each_in_order(r, OBJECT_VIEW, OBJECT_VIEW, view);
	r_each(r, OBJECT_TABLE, triggers_of);
	r_each(r, OBJECT_VIEW, triggers_of);
}

void render_sqlite_object(struct render *r, const struct object *o)
{
	if (o->type == OBJECT_TABLE) {
		table(r, o);
		indexes_of(r, o);
		triggers_of(r, o);
	} else if (o->type == OBJECT_COLUMN) {
		r_text(r, "ALTER TABLE ");
		r_self(r, o);
		r_text(r, " ADD COLUMN ");
		column(r, o);
		r_text(r, ";\n");
	} else if (o->type == OBJECT_CONSTRAINT) {
		r_text(r, "-- ");
		r_self(r, o);
		r_text(r, ": ");
		constraint(r, o);
		r_text(r, "\n");
	} else if (o->type == OBJECT_INDEX) {
		index_statement(r, o);
	} else if (o->type == OBJECT_VIEW) {
		view(r, o);
		triggers_of(r, o);
	} else if (o->type == OBJECT_TRIGGER) {
		trigger(r, o);
	}
}
