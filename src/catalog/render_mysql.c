/* render_mysql.c - MySQL's and MariaDB's DDL. Foreign keys come after all tables. What partitions a
 * table has is kept as a list and not as SQL where a server told it: those are noted, not made. */
#include "catalog/render.h"

#include "sql/quote.h"

/* The author's or the server's own words: normal forms are for comparing here. */
static struct slice words(struct expr e)
{
	return e.text.len ? e.text : e.normal;
}

static void column(struct render *r, const struct object *o)
{
	const struct column_def *d = &o->column;
	bool maria = r->dialect == DIALECT_MARIADB;

	r_ident(r, o->name);
	r_text(r, " %.*s", SLICE(d->type));
	if (d->charset.len)
		r_text(r, " CHARACTER SET %.*s", SLICE(d->charset));
	if (d->collation.len)
		r_text(r, " COLLATE %.*s", SLICE(d->collation));
	if (d->generated.len)
		r_text(r, " GENERATED ALWAYS AS (%.*s) %s", SLICE(words(d->generation)),
			slice_is(d->generated, "stored") ? "STORED" : "VIRTUAL");
	if (d->not_null)
		r_text(r, " NOT NULL");
	else if (slice_istarts(d->type, "timestamp") && !d->generated.len)
		r_text(r, " NULL");
	if (words(d->default_value).len)
		r_text(r, " DEFAULT %.*s", SLICE(words(d->default_value)));
	if (words(d->on_update).len)
		r_text(r, " ON UPDATE %.*s", SLICE(words(d->on_update)));
	if (slice_is(d->identity, "auto_increment"))
		r_text(r, " AUTO_INCREMENT");
	if (names_has(d->options, SL("invisible")))
		r_text(r, " INVISIBLE");
	if (maria && names_has(d->options, SL("without system versioning")))
		r_text(r, " WITHOUT SYSTEM VERSIONING");
	if (o->comment.len) {
		r_text(r, " COMMENT ");
		r_literal(r, o->comment);
	}
}

static void index_words(struct render *r, const struct object *o)
{
	const struct index_def *d = &o->index;

	r_text(r, "%s",
		slice_is(d->method, "fulltext")  ? "FULLTEXT KEY "
		: slice_is(d->method, "spatial") ? "SPATIAL KEY "
		: d->unique                      ? "UNIQUE KEY "
						 : "KEY ");
	r_ident(r, o->name);
	buf_addc(r->out, ' ');
	r_texts(r, d->keys);
	if (slice_is(d->method, "hash"))
		r_text(r, " USING HASH");
	if (d->invisible)
		r_text(r, r->dialect == DIALECT_MARIADB ? " IGNORED" : " INVISIBLE");
	if (o->comment.len) {
		r_text(r, " COMMENT ");
		r_literal(r, o->comment);
	}
}

static void primary_key(struct render *r, const struct object *o)
{
	const struct object *index =
		o->table ? r_part(o->table, OBJECT_INDEX, o->constraint.index) : NULL;

	r_text(r, "PRIMARY KEY ");
	if (index)
		r_texts(r, index->index.keys);
	else
		r_idents(r, o->constraint.columns);
}

static void foreign_key(struct render *r, const struct object *o)
{
	const struct constraint_def *d = &o->constraint;

	r_text(r, "CONSTRAINT ");
	r_ident(r, o->name);
	r_text(r, " FOREIGN KEY ");
	r_idents(r, d->columns);
	r_text(r, " REFERENCES ");
	r_name(r, d->ref_table.schema, d->ref_table.name);
	buf_addc(r->out, ' ');
	r_idents(r, d->ref_columns);
	if (d->on_delete.len && !slice_is(d->on_delete, "no action"))
		r_text(r, " ON DELETE %.*s", SLICE(d->on_delete));
	if (d->on_update.len && !slice_is(d->on_update, "no action"))
		r_text(r, " ON UPDATE %.*s", SLICE(d->on_update));
}

static void check(struct render *r, const struct object *o)
{
	if (o->name.len && !(r->dialect == DIALECT_MARIADB && o->table &&
				   r_part(o->table, OBJECT_COLUMN, o->name))) {
		r_text(r, "CONSTRAINT ");
		r_ident(r, o->name);
		buf_addc(r->out, ' ');
	}
	r_text(r, "CHECK (%.*s)", SLICE(words(o->constraint.expression)));
	if (o->constraint.not_enforced)
		r_text(r, " NOT ENFORCED");
}

/* A part that stands between the brackets of CREATE TABLE. */
static bool inside(struct render *r, const struct object *o, bool any)
{
	bool is_key = o->type == OBJECT_INDEX && !o->index.primary;

	if (o->type != OBJECT_COLUMN && !is_key && !is_kind(o, "primary key") &&
		!is_kind(o, "check"))
		return any;
	r_text(r, "%s\n    ", any ? "," : "");
	if (o->type == OBJECT_COLUMN)
		column(r, o);
	else if (is_key)
		index_words(r, o);
	else if (is_kind(o, "check"))
		check(r, o);
	else
		primary_key(r, o);
	return true;
}

static void table_options(struct render *r, const struct object *t)
{
	const struct table_def *d = &t->table_;

	if (d->access_method.len)
		r_text(r, " ENGINE=%.*s", SLICE(d->access_method));
	if (d->charset.len)
		r_text(r, " DEFAULT CHARACTER SET=%.*s", SLICE(d->charset));
	if (d->collation.len)
		r_text(r, " COLLATE=%.*s", SLICE(d->collation));
	for (size_t i = 0; i < d->options.n; i++)
		if (slice_is(d->options.at[i], "system versioning"))
			r_text(r, " WITH SYSTEM VERSIONING");
		else
			r_text(r, " %.*s", SLICE(d->options.at[i]));
	if (t->comment.len) {
		r_text(r, " COMMENT=");
		r_literal(r, t->comment);
	}
}

static void table(struct render *r, const struct object *t)
{
	struct slice partitions = t->table_.definition.text;
	bool any = false;

	r_text(r, "CREATE %sTABLE ",
		slice_is(t->table_.persistence, "temporary") ? "TEMPORARY " : "");
	r_self(r, t);
	r_text(r, " (");
	for (size_t i = 0; i < t->nparts; i++)
		any = inside(r, t->parts[i], any);
	r_text(r, "\n)");
	table_options(r, t);
	if (slice_istarts(partitions, "partition"))
		r_text(r, "\n%.*s", SLICE(partitions));
	r_text(r, ";\n");
	if (slice_is(t->table_.kind, "partitioned") && !slice_istarts(partitions, "partition"))
		r_text(r, "-- partitioned by %.*s: %.*s\n", SLICE(words(t->table_.partition_key)),
			SLICE(partitions));
}

static void alter(struct render *r, const struct object *o, render_fn *what)
{
	r_text(r, "ALTER TABLE ");
	r_self(r, o);
	r_text(r, " ADD ");
	what(r, o);
	r_text(r, ";\n");
}

static void foreign_keys_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (is_kind(t->parts[i], "foreign key"))
			alter(r, t->parts[i], foreign_key);
}

static void view(struct render *r, const struct object *o)
{
	r_text(r, "CREATE %sVIEW ",
		slice_is(o->view.security, "invoker") ? "SQL SECURITY INVOKER " : "");
	r_self(r, o);
	if (o->view.columns.n) {
		buf_addc(r->out, ' ');
		r_idents(r, o->view.columns);
	}
	r_text(r, " AS %.*s", SLICE(words(o->view.query)));
	if (o->view.check_option.len)
		r_text(r, " WITH %.*s CHECK OPTION", SLICE(o->view.check_option));
	r_text(r, ";\n");
}

/* Bodies may hold semicolons: the client needs another delimiter for them. */
static void open_body(struct render *r)
{
	r_text(r, "DELIMITER ;;\n");
}

static void close_body(struct render *r)
{
	r_text(r, ";;\nDELIMITER ;\n");
}

static void trigger(struct render *r, const struct object *o)
{
	open_body(r);
	r_text(r, "CREATE TRIGGER ");
	r_ident(r, o->name);
	r_text(r, " %.*s %.*s ON ", SLICE(o->trigger.timing),
		SLICE(o->trigger.events.n ? o->trigger.events.at[0] : SLICE_NONE));
	r_self(r, o);
	r_text(r, " FOR EACH ROW ");
	if (o->trigger.order.len)
		r_text(r, "%.*s ", SLICE(o->trigger.order));
	r_text(r, "%.*s", SLICE(words(o->trigger.body)));
	close_body(r);
}

static void triggers_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_TRIGGER)
			trigger(r, t->parts[i]);
}

static void function(struct render *r, const struct object *o)
{
	const struct function_def *d = &o->function;

	open_body(r);
	r_text(r, "CREATE %s ", slice_is(d->kind, "procedure") ? "PROCEDURE" : "FUNCTION");
	r_self(r, o);
	r_text(r, "(%.*s)", SLICE(d->arguments));
	if (d->returns.len)
		r_text(r, " RETURNS %.*s", SLICE(d->returns));
	r_text(r, " %.*s", SLICE(d->volatility));
	for (size_t i = 0; i < d->settings.n; i++)
		r_text(r, " %.*s", SLICE(d->settings.at[i]));
	r_text(r, " SQL SECURITY %s", d->security_definer ? "DEFINER" : "INVOKER");
	if (o->comment.len) {
		r_text(r, " COMMENT ");
		r_literal(r, o->comment);
	}
	r_text(r, "\n%.*s", SLICE(words(d->body)));
	close_body(r);
}

static void sequence(struct render *r, const struct object *o)
{
	const struct sequence_def *d = &o->sequence;

	r_text(r, "CREATE SEQUENCE ");
	r_self(r, o);
	r_text(r, " START WITH %.*s MINVALUE %.*s MAXVALUE %.*s INCREMENT BY %.*s%s;\n",
		SLICE(d->start), SLICE(d->min), SLICE(d->max), SLICE(d->increment),
		d->cycle ? " CYCLE" : "");
}

static void schema(struct render *r, const struct object *o)
{
	r_text(r, "CREATE DATABASE ");
	r_ident(r, o->name);
	r_text(r, ";\n");
}

/* Events and the like: what is known of them, as a note. */
static void note(struct render *r, const struct object *o)
{
	r_text(r, "-- %s ", object_type_word(o->type));
	r_self(r, o);
	r_text(r, "\n");
}

void render_mysql(struct render *r)
{
	r_each(r, OBJECT_SCHEMA, schema);
	r_each(r, OBJECT_SEQUENCE, sequence);
	r_each(r, OBJECT_FUNCTION, function);
	r_each(r, OBJECT_TABLE, table);
	r_each(r, OBJECT_TABLE, foreign_keys_of);
	r_each_in_order(r, OBJECT_VIEW, OBJECT_VIEW, view);
	r_each(r, OBJECT_TABLE, triggers_of);
	r_each(r, OBJECT_EVENT, note);
	r_each(r, OBJECT_OTHER, note);
}

static void constraint(struct render *r, const struct object *o)
{
	alter(r, o,
		is_kind(o, "foreign key") ? foreign_key
		: is_kind(o, "check")     ? check
					  : primary_key);
}

void render_mysql_object(struct render *r, const struct object *o)
{
	if (o->type == OBJECT_TABLE) {
		table(r, o);
		foreign_keys_of(r, o);
		triggers_of(r, o);
	} else if (o->type == OBJECT_COLUMN) {
		alter(r, o, column);
	} else if (o->type == OBJECT_CONSTRAINT) {
		constraint(r, o);
	} else if (o->type == OBJECT_INDEX) {
		alter(r, o, index_words);
	} else if (o->type == OBJECT_VIEW) {
		view(r, o);
	} else if (o->type == OBJECT_TRIGGER) {
		trigger(r, o);
	} else if (o->type == OBJECT_FUNCTION) {
		function(r, o);
	} else if (o->type == OBJECT_SEQUENCE) {
		sequence(r, o);
	} else if (o->type == OBJECT_SCHEMA) {
		schema(r, o);
	} else {
		note(r, o);
	}
}
