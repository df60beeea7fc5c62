/* render_postgres.c - PostgreSQL's DDL, in pg_dump's order: tables stand alone first; partitions
 * are attached and children made to inherit afterwards, keys and indexes of partitioned tables are
 * made with ONLY and their parts attached, so that every name comes out as it is. */
#include "catalog/render.h"

#include "sql/quote.h"

/* ---- Columns and tables ---- */

static void sequence_words(struct render *r, const struct sequence_def *d)
{
	r_text(r, " START WITH %.*s INCREMENT BY %.*s MINVALUE %.*s MAXVALUE %.*s CACHE %.*s",
		SLICE(d->start), SLICE(d->increment), SLICE(d->min), SLICE(d->max),
		SLICE(d->cache));
	if (d->cycle)
		r_text(r, " CYCLE");
}

static void identity(struct render *r, const struct object *col)
{
	const struct object *seq = NULL;

	r_text(r, " GENERATED %s AS IDENTITY",
		slice_is(col->column.identity, "always") ? "ALWAYS" : "BY DEFAULT");
	if (r->c && col->column.sequence.n)
		catalog_find(
			r->c, NULL, OBJECT_SEQUENCE, split_name(col->column.sequence.at[0]), &seq);
	if (!seq)
		return;
	r_text(r, " (SEQUENCE NAME ");
	r_name(r, seq->schema, seq->name);
	sequence_words(r, &seq->sequence);
	r_text(r, ")");
}

static const struct object *not_null_of(const struct object *table, struct slice column)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (is_kind(table->parts[i], "not null") &&
			names_has(table->parts[i]->constraint.columns, column))
			return table->parts[i];
	return NULL;
}

static void collation(struct render *r, struct slice name)
{
	struct name n = split_name(name);

	r_text(r, " COLLATE ");
	r_name(r, n.schema, n.name);
}

static void column(struct render *r, const struct object *o)
{
	const struct column_def *d = &o->column;
	const struct object *named = o->table ? not_null_of(o->table, o->name) : NULL;

	r_ident(r, o->name);
	/* Of a query's column nobody said what it is. */
	if (d->type.len == 0)
		r_text(r, " text /* type not known */");
	else
		r_text(r, " %.*s", SLICE(d->type));
	if (d->collation.len)
		collation(r, d->collation);
	if (d->generated.len)
		r_text(r, " GENERATED ALWAYS AS (%.*s) %s", SLICE(r_best(d->generation)),
			slice_is(d->generated, "virtual") ? "VIRTUAL" : "STORED");
	else if (d->identity.len)
		identity(r, o);
	else if (r_best(d->default_value).len)
		r_text(r, " DEFAULT %.*s", SLICE(r_best(d->default_value)));
	if (named) {
		r_text(r, " CONSTRAINT ");
		r_ident(r, named->name);
	}
	if (d->not_null)
		r_text(r, " NOT NULL");
	if (named && named->constraint.no_inherit)
		r_text(r, " NO INHERIT");
}

static void constraint_end(struct render *r, const struct constraint_def *d)
{
	if (d->no_inherit)
		r_text(r, " NO INHERIT");
	if (d->deferrable)
		r_text(r, " DEFERRABLE");
	if (d->deferred)
		r_text(r, " INITIALLY DEFERRED");
	if (d->not_enforced)
		r_text(r, " NOT ENFORCED");
	else if (d->not_valid)
		r_text(r, " NOT VALID");
}

static void check(struct render *r, const struct object *o)
{
	r_text(r, "CONSTRAINT ");
	r_ident(r, o->name);
	r_text(r, " CHECK (%.*s)", SLICE(r_best(o->constraint.expression)));
	constraint_end(r, &o->constraint);
}

static void table_head(struct render *r, const struct object *t)
{
	const struct table_def *d = &t->table_;

	r_text(r, "CREATE %s%sTABLE ",
		slice_is(d->persistence, "unlogged")    ? "UNLOGGED "
		: slice_is(d->persistence, "temporary") ? "TEMPORARY "
							: "",
		slice_is(d->kind, "foreign") ? "FOREIGN " : "");
	if (slice_is(d->persistence, "temporary"))
		r_ident(r, t->name);
	else
		r_self(r, t);
}

static void foreign_options(struct render *r, struct names options)
{
	for (size_t i = 0; i < options.n; i++) {
		size_t eq = slice_chr(options.at[i], '=');

		r_text(r, "%s%.*s ", i ? ", " : " OPTIONS (",
			SLICE(slice_sub(options.at[i], 0, eq)));
		r_literal(r, slice_from(options.at[i], eq + 1));
	}
	if (options.n)
		r_text(r, ")");
}

static void table_tail(struct render *r, const struct object *t)
{
	const struct table_def *d = &t->table_;

	if (slice_is(d->kind, "partitioned"))
		r_text(r, " PARTITION BY %.*s", SLICE(r_best(d->partition_key)));
	if (slice_is(d->kind, "foreign")) {
		r_text(r, " SERVER ");
		r_ident(r, d->access_method);
		foreign_options(r, d->options);
		return;
	}
	if (d->access_method.len && !slice_is(d->access_method, "heap")) {
		r_text(r, " USING ");
		r_ident(r, d->access_method);
	}
	r_options(r, d->options, " WITH ");
	if (d->tablespace.len) {
		r_text(r, " TABLESPACE ");
		r_ident(r, d->tablespace);
	}
}

static void column_extras(struct render *r, const struct object *t, const struct object *col)
{
	const struct column_def *d = &col->column;
	struct {
		const char *word;
		struct slice value;
	} rows[] = {{"STATISTICS", d->statistics}, {"STORAGE", d->storage},
		{"COMPRESSION", d->compression}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].value.len == 0)
			continue;
		r_text(r, "ALTER TABLE ONLY ");
		r_self(r, t);
		r_text(r, " ALTER COLUMN ");
		r_ident(r, col->name);
		r_text(r, " SET %s %.*s;\n", rows[i].word, SLICE(rows[i].value));
	}
	if (d->options.n == 0 || slice_is(t->table_.kind, "foreign"))
		return;
	r_text(r, "ALTER TABLE ONLY ");
	r_self(r, t);
	r_text(r, " ALTER COLUMN ");
	r_ident(r, col->name);
	r_options(r, d->options, " SET ");
	r_text(r, ";\n");
}

static void table(struct render *r, const struct object *t)
{
	bool any = false;

	table_head(r, t);
	r_text(r, " (");
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (p->type != OBJECT_COLUMN && !is_kind(p, "check"))
			continue;
		if (is_kind(p, "check") && p->constraint.not_valid)
			continue; /* in a new table it would be valid */
		r_text(r, "%s\n    ", any ? "," : "");
		any = true;
		if (p->type == OBJECT_COLUMN)
			column(r, p);
		else
			check(r, p);
	}
	r_text(r, "%s)", any ? "\n" : "");
	table_tail(r, t);
	r_text(r, ";\n");
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN)
			column_extras(r, t, t->parts[i]);
}

/* What makes a table part of others: after all tables are there. */
static void relations(struct render *r, const struct object *t)
{
	const struct table_def *d = &t->table_;

	if (d->partition_of.name.len) {
		r_text(r, "ALTER TABLE ONLY ");
		r_name(r, d->partition_of.schema, d->partition_of.name);
		r_text(r, " ATTACH PARTITION ");
		r_self(r, t);
		r_text(r, " %.*s;\n", SLICE(r_best(d->partition_bound)));
	}
	for (size_t i = 0; i < d->inherits.n; i++) {
		struct name parent = split_name(d->inherits.at[i]);

		r_text(r, "ALTER TABLE ONLY ");
		r_self(r, t);
		r_text(r, " INHERIT ");
		r_name(r, parent.schema, parent.name);
		r_text(r, ";\n");
	}
	if (d->of_type.name.len) {
		r_text(r, "ALTER TABLE ");
		r_self(r, t);
		r_text(r, " OF ");
		r_name(r, d->of_type.schema, d->of_type.name);
		r_text(r, ";\n");
	}
}

/* ---- Indexes and constraints ---- */

static bool is_partitioned(const struct object *t)
{
	return t->type == OBJECT_TABLE && slice_is(t->table_.kind, "partitioned");
}

static void index_head(struct render *r, const struct object *o)
{
	r_text(r, "CREATE %sINDEX ", o->index.unique ? "UNIQUE " : "");
	r_ident(r, o->name);
	r_text(r, " ON %s", o->table && is_partitioned(o->table) ? "ONLY " : "");
	if (o->table)
		r_self(r, o);
	r_text(r, " USING %.*s ", SLICE(o->index.method.len ? o->index.method : SL("btree")));
}

static void index_statement(struct render *r, const struct object *o)
{
	const struct index_def *d = &o->index;

	index_head(r, o);
	r_texts(r, d->keys);
	if (d->include.n) {
		r_text(r, " INCLUDE ");
		r_idents(r, d->include);
	}
	if (d->nulls_not_distinct)
		r_text(r, " NULLS NOT DISTINCT");
	r_options(r, d->options, " WITH ");
	if (d->tablespace.len) {
		r_text(r, " TABLESPACE ");
		r_ident(r, d->tablespace);
	}
	if (r_best(d->predicate).len)
		r_text(r, " WHERE %.*s", SLICE(r_best(d->predicate)));
	r_text(r, ";\n");
}

static void attach_index(struct render *r, const struct object *o)
{
	if (!o->index.partition_of.name.len)
		return;
	r_text(r, "ALTER INDEX ");
	r_name(r, o->index.partition_of.schema, o->index.partition_of.name);
	r_text(r, " ATTACH PARTITION ");
	r_name(r, o->schema, o->name);
	r_text(r, ";\n");
}

static void alter_table(struct render *r, const struct object *o, bool only)
{
	r_text(r, "ALTER TABLE %s", only ? "ONLY " : "");
	r_self(r, o);
	r_text(r, " ADD CONSTRAINT ");
	r_ident(r, o->name);
}

static void columns_and_period(struct render *r, const struct constraint_def *d, struct names cols,
	const char *word, const char *behind)
{
	buf_addc(r->out, '(');
	for (size_t i = 0; i < cols.n; i++) {
		bool last = i + 1 == cols.n && d->period;

		r_text(r, "%s%s", i ? ", " : "", last ? word : "");
		r_ident(r, cols.at[i]);
		r_text(r, "%s", last ? behind : "");
	}
	buf_addc(r->out, ')');
}

static void key(struct render *r, const struct object *o)
{
	const struct constraint_def *d = &o->constraint;
	const struct object *index =
		o->table && d->index.len ? r_part(o->table, OBJECT_INDEX, d->index) : NULL;

	alter_table(r, o, true);
	if (slice_is(d->kind, "exclude")) {
		r_text(r, " EXCLUDE %.*s", SLICE(r_best(d->expression)));
	} else {
		r_text(r, " %s ", slice_is(d->kind, "unique") ? "UNIQUE" : "PRIMARY KEY");
		if (d->nulls_not_distinct)
			r_text(r, "NULLS NOT DISTINCT ");
		columns_and_period(r, d, d->columns, "", " WITHOUT OVERLAPS");
		if (d->include.n) {
			r_text(r, " INCLUDE ");
			r_idents(r, d->include);
		}
		if (index)
			r_options(r, index->index.options, " WITH ");
		if (index && index->index.tablespace.len) {
			r_text(r, " USING INDEX TABLESPACE ");
			r_ident(r, index->index.tablespace);
		}
	}
	constraint_end(r, d);
	r_text(r, ";\n");
}

static void foreign_key(struct render *r, const struct object *o)
{
	const struct constraint_def *d = &o->constraint;

	alter_table(r, o, false);
	r_text(r, " FOREIGN KEY ");
	columns_and_period(r, d, d->columns, "PERIOD ", "");
	r_text(r, " REFERENCES ");
	r_name(r, d->ref_table.schema, d->ref_table.name);
	if (d->ref_columns.n) {
		buf_addc(r->out, ' ');
		columns_and_period(r, d, d->ref_columns, "PERIOD ", "");
	}
	if (slice_is(d->match, "full"))
		r_text(r, " MATCH FULL");
	if (!slice_is(d->on_update, "no action") && d->on_update.len)
		r_text(r, " ON UPDATE %.*s", SLICE(d->on_update));
	if (!slice_is(d->on_delete, "no action") && d->on_delete.len)
		r_text(r, " ON DELETE %.*s", SLICE(d->on_delete));
	if (d->on_delete_columns.n)
		r_idents(r, d->on_delete_columns);
	constraint_end(r, d);
	r_text(r, ";\n");
}

static void keys_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (is_kind(p, "primary key") || is_kind(p, "unique") || is_kind(p, "exclude"))
			key(r, p);
		else if (p->type == OBJECT_INDEX && !p->index.constraint.len)
			index_statement(r, p);
	}
}

static void attachments_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX)
			attach_index(r, t->parts[i]);
}

static void checks_not_valid(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (!is_kind(p, "check") || !p->constraint.not_valid)
			continue;
		r_text(r, "ALTER TABLE ONLY ");
		r_self(r, t);
		r_text(r, " ADD ");
		check(r, p);
		r_text(r, ";\n");
	}
}

static void foreign_keys_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (is_kind(t->parts[i], "foreign key") && !t->parts[i]->constraint.inherited)
			foreign_key(r, t->parts[i]);
}

/* ---- Triggers, policies, rules and what else hangs on a table ---- */

static void trigger(struct render *r, const struct object *o)
{
	const struct trigger_def *d = &o->trigger;

	r_text(r, "CREATE %sTRIGGER ", d->constraint ? "CONSTRAINT " : "");
	r_ident(r, o->name);
	r_text(r, " %.*s", SLICE(d->timing));
	for (size_t i = 0; i < d->events.n; i++) {
		r_text(r, "%s%.*s", i ? " OR " : " ", SLICE(d->events.at[i]));
		for (size_t k = 0; k < d->columns.n && slice_is(d->events.at[i], "update"); k++) {
			r_text(r, "%s", k ? ", " : " OF ");
			r_ident(r, d->columns.at[k]);
		}
	}
	r_text(r, " ON ");
	r_self(r, o);
	if (d->deferrable)
		r_text(r, " DEFERRABLE%s", d->deferred ? " INITIALLY DEFERRED" : "");
	if (d->old_table.len || d->new_table.len)
		r_text(r, " REFERENCING");
	if (d->old_table.len)
		r_text(r, " OLD TABLE AS %.*s", SLICE(d->old_table));
	if (d->new_table.len)
		r_text(r, " NEW TABLE AS %.*s", SLICE(d->new_table));
	r_text(r, " FOR EACH %s", d->for_each_row ? "ROW" : "STATEMENT");
	if (r_best(d->condition).len)
		r_text(r, " WHEN (%.*s)", SLICE(r_best(d->condition)));
	r_text(r, " EXECUTE FUNCTION %.*s;\n", SLICE(r_best(d->body)));
}

static const char *state_words(struct slice enabled)
{
	return slice_is(enabled, "disabled")  ? "DISABLE"
	       : slice_is(enabled, "replica") ? "ENABLE REPLICA"
					      : "ENABLE ALWAYS";
}

static void state(struct render *r, const struct object *o, const char *what, struct slice enabled)
{
	if (slice_is(enabled, "origin") || slice_empty(enabled))
		return;
	r_text(r, "ALTER TABLE ");
	r_self(r, o);
	r_text(r, " %s %s ", state_words(enabled), what);
	r_ident(r, o->name);
	r_text(r, ";\n");
}

static void policy(struct render *r, const struct object *o)
{
	const struct policy_def *d = &o->policy;

	r_text(r, "CREATE POLICY ");
	r_ident(r, o->name);
	r_text(r, " ON ");
	r_self(r, o);
	r_text(r, "%s FOR %.*s TO ", d->restrictive ? " AS RESTRICTIVE" : "", SLICE(d->command));
	for (size_t i = 0; i < d->roles.n; i++) {
		r_text(r, "%s", i ? ", " : "");
		if (slice_iis(d->roles.at[i], "public"))
			r_text(r, "PUBLIC");
		else
			r_ident(r, d->roles.at[i]);
	}
	if (r_best(d->using_expr).len)
		r_text(r, " USING (%.*s)", SLICE(r_best(d->using_expr)));
	if (r_best(d->check_expr).len)
		r_text(r, " WITH CHECK (%.*s)", SLICE(r_best(d->check_expr)));
	r_text(r, ";\n");
}

static void rule(struct render *r, const struct object *o)
{
	r_text(r, "CREATE RULE ");
	r_ident(r, o->name);
	r_text(r, " AS %.*s;\n", SLICE(r_best(o->other.definition)));
}

static void table_flags(struct render *r, const struct object *t)
{
	const struct table_def *d = &t->table_;
	struct slice identity_ = d->replica_identity;
	bool index = !slice_is(identity_, "default") && !slice_is(identity_, "full") &&
		     !slice_is(identity_, "nothing") && identity_.len;

	if (d->row_security)
		r_text(r, "ALTER TABLE "), r_self(r, t), r_text(r, " ENABLE ROW LEVEL SECURITY;\n");
	if (d->force_row_security)
		r_text(r, "ALTER TABLE "), r_self(r, t), r_text(r, " FORCE ROW LEVEL SECURITY;\n");
	if (identity_.len && !slice_is(identity_, "default")) {
		r_text(r, "ALTER TABLE ONLY ");
		r_self(r, t);
		r_text(r, " REPLICA IDENTITY %s", index ? "USING INDEX " : "");
		if (index)
			r_ident(r, identity_);
		else
			r_text(r, "%.*s", SLICE(identity_));
		r_text(r, ";\n");
	}
	for (size_t i = 0; i < d->cluster_on.n; i++) {
		r_text(r, "ALTER TABLE ");
		r_self(r, t);
		r_text(r, " CLUSTER ON ");
		r_ident(r, d->cluster_on.at[i]);
		r_text(r, ";\n");
	}
}

static void rest_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (p->type == OBJECT_TRIGGER) {
			trigger(r, p);
			state(r, p, "TRIGGER", p->trigger.enabled);
		} else if (p->type == OBJECT_RULE) {
			rule(r, p);
			state(r, p, "RULE", p->other.enabled);
		} else if (p->type == OBJECT_POLICY) {
			policy(r, p);
		}
	}
	if (t->type == OBJECT_TABLE)
		table_flags(r, t);
}

/* ---- Sequences, types, functions ---- */

static bool is_identity(struct render *r, const struct object *seq)
{
	struct slice owned = seq->sequence.owned_by;
	size_t dot = owned.len;
	const struct object *t = NULL, *col;

	while (dot > 0 && owned.at[dot - 1] != '.')
		dot--;
	if (dot == 0 || !r->c)
		return false;
	if (catalog_find(r->c, NULL, OBJECT_TABLE, split_name(slice_sub(owned, 0, dot - 1)), &t) !=
		PRESENT)
		return false;
	col = r_part(t, OBJECT_COLUMN, slice_from(owned, dot));
	return col && col->column.identity.len;
}

static void sequence(struct render *r, const struct object *o)
{
	if (is_identity(r, o))
		return;
	r_text(r, "CREATE %sSEQUENCE ",
		slice_is(o->sequence.persistence, "unlogged") ? "UNLOGGED " : "");
	r_self(r, o);
	r_text(r, " AS %.*s", SLICE(o->sequence.type));
	sequence_words(r, &o->sequence);
	r_text(r, ";\n");
}

static void sequence_owner(struct render *r, const struct object *o)
{
	struct slice owned = o->sequence.owned_by;
	size_t dot = owned.len;

	while (dot > 0 && owned.at[dot - 1] != '.')
		dot--;
	if (dot == 0 || is_identity(r, o))
		return;
	r_text(r, "ALTER SEQUENCE ");
	r_self(r, o);
	r_text(r, " OWNED BY ");
	r_name(r, split_name(slice_sub(owned, 0, dot - 1)).schema,
		split_name(slice_sub(owned, 0, dot - 1)).name);
	buf_addc(r->out, '.');
	r_ident(r, slice_from(owned, dot));
	r_text(r, ";\n");
}

static void domain(struct render *r, const struct object *o)
{
	const struct type_def *d = &o->type_;

	r_text(r, "CREATE DOMAIN ");
	r_self(r, o);
	r_text(r, " AS %.*s", SLICE(d->base));
	if (d->collation.len)
		collation(r, d->collation);
	if (r_best(d->default_value).len)
		r_text(r, " DEFAULT %.*s", SLICE(r_best(d->default_value)));
	if (d->not_null)
		r_text(r, " NOT NULL");
	for (size_t i = 0; i < d->checks.n; i++) {
		struct slice c = d->checks.at[i];
		size_t colon = slice_find(c, SL(": "));

		if (slice_ends(c, " NOT VALID"))
			c.len -= strlen(" NOT VALID");
		r_text(r, " CONSTRAINT ");
		r_ident(r, slice_sub(c, 0, colon));
		r_text(r, " CHECK (%.*s)", SLICE(slice_from(c, colon + 2)));
	}
	r_text(r, ";\n");
}

/* name type [COLLATE schema.name]: the collation as it is stored, without quotes. */
static void attribute(struct render *r, struct slice a)
{
	size_t at = slice_find(a, SL(" COLLATE "));

	r_text(r, "%.*s", SLICE(slice_sub(a, 0, at)));
	if (at != SIZE_MAX)
		collation(r, slice_from(a, at + strlen(" COLLATE ")));
}

static void type(struct render *r, const struct object *o)
{
	const struct type_def *d = &o->type_;

	if (slice_is(d->kind, "domain")) {
		domain(r, o);
		return;
	}
	r_text(r, "CREATE TYPE ");
	r_self(r, o);
	if (slice_is(d->kind, "enum")) {
		r_text(r, " AS ENUM (");
		for (size_t i = 0; i < d->labels.n; i++) {
			r_text(r, "%s", i ? ", " : "");
			r_literal(r, d->labels.at[i]);
		}
		r_text(r, ")");
	} else if (slice_is(d->kind, "composite")) {
		r_text(r, " AS (");
		for (size_t i = 0; i < d->attributes.n; i++) {
			r_text(r, "%s", i ? ", " : "");
			attribute(r, d->attributes.at[i]);
		}
		r_text(r, ")");
	} else if (!slice_is(d->kind, "shell")) {
		r_text(r, "%s %.*s", slice_is(d->kind, "range") ? " AS RANGE" : "",
			SLICE(r_best(d->definition)));
	}
	r_text(r, ";\n");
}

static void function_options(struct render *r, const struct function_def *d)
{
	r_text(r, " LANGUAGE %.*s", SLICE(d->language));
	if (slice_is(d->kind, "window"))
		r_text(r, " WINDOW");
	if (!slice_is(d->kind, "procedure")) {
		r_text(r, " %.*s", SLICE(d->volatility));
		if (d->strict)
			r_text(r, " STRICT");
		if (d->leakproof)
			r_text(r, " LEAKPROOF");
		if (!slice_is(d->parallel, "unsafe"))
			r_text(r, " PARALLEL %.*s", SLICE(d->parallel));
		if (!slice_is(d->cost, "100") && d->cost.len)
			r_text(r, " COST %.*s", SLICE(d->cost));
		if (!slice_is(d->rows, "0") && !slice_is(d->rows, "1000") && d->rows.len)
			r_text(r, " ROWS %.*s", SLICE(d->rows));
	}
	if (d->security_definer)
		r_text(r, " SECURITY DEFINER");
	for (size_t i = 0; i < d->settings.n; i++) {
		size_t eq = slice_chr(d->settings.at[i], '=');
		struct slice name = slice_sub(d->settings.at[i], 0, eq);
		struct slice value = slice_from(d->settings.at[i], eq + 1);

		r_text(r, " SET %.*s = ", SLICE(name));
		/* A list stands there as the server keeps it: each name quoted where it must be. */
		if (slice_is(name, "search_path") && value.len)
			r_text(r, "%.*s", SLICE(value));
		else
			r_literal(r, value);
	}
}

static bool has_sql_body(const struct function_def *d)
{
	struct slice body = slice_trim(r_best(d->body));

	return slice_istarts(body, "begin atomic") || slice_istarts(body, "return ");
}

static void function(struct render *r, const struct object *o)
{
	const struct function_def *d = &o->function;
	struct slice bare = slice_sub(o->name, 0, slice_chr(o->name, '('));
	bool procedure = slice_is(d->kind, "procedure");

	r_text(r, "CREATE %s ",
		procedure                        ? "PROCEDURE"
		: slice_is(d->kind, "aggregate") ? "AGGREGATE"
						 : "FUNCTION");
	r_name(r, o->schema, bare);
	r_text(r, "(%.*s)", SLICE(d->arguments));
	if (slice_is(d->kind, "aggregate")) {
		r_text(r, " %.*s;\n", SLICE(r_best(d->body)));
		return;
	}
	if (!procedure && d->returns.len)
		r_text(r, " RETURNS %.*s", SLICE(d->returns));
	function_options(r, d);
	if (has_sql_body(d)) {
		r_text(r, " %.*s;\n", SLICE(r_best(d->body)));
		return;
	}
	r_text(r, " AS ");
	r_literal(r, r_best(d->body));
	r_text(r, ";\n");
}

static bool names_relation(struct render *r, struct slice schema, struct slice text)
{
	size_t from = 0;

	for (size_t i = 0; i <= text.len; i++) {
		char ch = i < text.len ? text.at[i] : ' ';
		struct name n;

		if (ch == '_' || ch == '.' || ch == '$' || (ch >= '0' && ch <= '9') ||
			(ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'))
			continue;
		n = split_name(slice_sub(text, from, i - from));
		if (slice_empty(n.schema))
			n.schema = schema;
		if (n.name.len && node_find(r->c, OBJECT_TABLE, n))
			return true;
		from = i + 1;
	}
	return false;
}

/* Does a function's head or its SQL body need tables? Then it comes after them. */
static bool needs_tables(struct render *r, const struct object *o)
{
	return has_sql_body(&o->function) || names_relation(r, o->schema, o->function.returns) ||
	       names_relation(r, o->schema, o->function.arguments);
}

static void early_function(struct render *r, const struct object *o)
{
	if (!needs_tables(r, o) && !slice_is(o->function.kind, "aggregate"))
		function(r, o);
}

static void late_function(struct render *r, const struct object *o)
{
	if (needs_tables(r, o) || slice_is(o->function.kind, "aggregate"))
		function(r, o);
}

/* ---- Views ---- */

static void view(struct render *r, const struct object *o)
{
	const struct view_def *d = &o->view;
	bool mat = o->type == OBJECT_MATVIEW;
	/* An author's text found its tables along some path: most likely this one. */
	bool path = slice_empty(d->query.normal) && !slice_is(o->schema, "public");

	if (path) {
		r_text(r, "SET search_path = ");
		r_ident(r, o->schema);
		r_text(r, ", public;\n");
	}
	r_text(r, "CREATE %sVIEW ", mat ? "MATERIALIZED " : "");
	r_self(r, o);
	if (d->columns.n) {
		buf_addc(r->out, ' ');
		r_idents(r, d->columns);
	}
	if (mat && d->access_method.len && !slice_is(d->access_method, "heap"))
		r_text(r, " USING %.*s", SLICE(d->access_method));
	r_options(r, d->options, " WITH ");
	if (mat && d->tablespace.len) {
		r_text(r, " TABLESPACE ");
		r_ident(r, d->tablespace);
	}
	r_text(r, " AS %.*s", SLICE(slice_trim(r_best(d->query))));
	if (d->check_option.len)
		r_text(r, " WITH %.*s CHECK OPTION", SLICE(d->check_option));
	if (mat && d->no_data)
		r_text(r, " WITH NO DATA");
	r_text(r, ";\n%s", path ? "RESET search_path;\n" : "");
}

/* ---- Everything else ---- */

static void schema(struct render *r, const struct object *o)
{
	if (slice_is(o->name, "public"))
		return;
	r_text(r, "CREATE SCHEMA ");
	r_ident(r, o->name);
	r_text(r, ";\n");
}

static void extension(struct render *r, const struct object *o)
{
	r_text(r, "CREATE EXTENSION IF NOT EXISTS ");
	r_ident(r, o->name);
	if (o->schema.len) {
		r_text(r, " SCHEMA ");
		r_ident(r, o->schema);
	}
	r_text(r, ";\n");
}

static void statistics(struct render *r, const struct object *o)
{
	struct name t = split_name(o->other.definition.text);

	r_text(r, "CREATE STATISTICS ");
	r_self(r, o);
	if (o->other.options.n) {
		buf_addc(r->out, ' ');
		r_texts(r, o->other.options);
	}
	r_text(r, " ON ");
	for (size_t i = 0; i < o->other.members.n; i++) {
		struct slice m = o->other.members.at[i];
		bool expression = slice_chr(m, '(') != SIZE_MAX;

		r_text(r, "%s", i ? ", " : "");
		if (expression)
			r_text(r, "(%.*s)", SLICE(m));
		else
			r_ident(r, m);
	}
	r_text(r, " FROM ");
	r_name(r, t.schema, t.name);
	r_text(r, ";\n");
}

static void publication(struct render *r, const struct object *o)
{
	bool any = false;

	r_text(r, "CREATE PUBLICATION ");
	r_ident(r, o->name);
	for (size_t i = 0; i < o->other.members.n; i++) {
		struct slice m = o->other.members.at[i];
		struct name t = split_name(m);

		if (slice_is(m, "*")) {
			r_text(r, " FOR ALL TABLES");
			break;
		}
		r_text(r, "%s", any ? ", " : " FOR ");
		any = true;
		if (slice_ends(m, ".*")) {
			r_text(r, "TABLES IN SCHEMA ");
			r_ident(r, t.schema);
		} else {
			r_text(r, "TABLE ");
			r_name(r, t.schema, t.name);
		}
	}
	r_options(r, o->other.options, " WITH ");
	r_text(r, ";\n");
}

static void event_trigger(struct render *r, const struct object *o)
{
	struct name fn = split_name(o->other.definition.text);

	r_text(r, "CREATE EVENT TRIGGER ");
	r_ident(r, o->name);
	r_text(r, " ON %.*s", SLICE(o->other.members.n ? o->other.members.at[0] : SLICE_NONE));
	for (size_t i = 0; i < o->other.options.n; i++) {
		struct slice tags = slice_from(o->other.options.at[i],
				     slice_chr(o->other.options.at[i], '=') + 1),
			     tag;
		bool first = true;

		r_text(r, " WHEN TAG IN (");
		while (slice_next(&tags, ',', &tag)) {
			r_text(r, "%s", first ? "" : ", ");
			first = false;
			r_literal(r, slice_trim(tag));
		}
		r_text(r, ")");
	}
	r_text(r, " EXECUTE FUNCTION ");
	r_name(r, fn.schema, fn.name);
	r_text(r, "();\n");
	if (slice_is(o->other.enabled, "origin") || !o->other.enabled.len)
		return;
	r_text(r, "ALTER EVENT TRIGGER ");
	r_ident(r, o->name);
	r_text(r, " %s;\n", state_words(o->other.enabled));
}

static void cast_(struct render *r, const struct object *o)
{
	size_t as = slice_find(o->name, SL(" as "));

	r_text(r, "CREATE CAST (%.*s AS %.*s) %.*s;\n", SLICE(slice_sub(o->name, 0, as)),
		SLICE(slice_from(o->name, as + 4)), SLICE(r_best(o->other.definition)));
}

static void operator_(struct render *r, const struct object *o)
{
	r_text(r, "CREATE OPERATOR ");
	if (o->schema.len)
		r_ident(r, o->schema), buf_addc(r->out, '.');
	r_text(r, "%.*s ", SLICE(slice_sub(o->name, 0, slice_chr(o->name, '('))));
	r_texts(r, o->other.options);
	r_text(r, ";\n");
}

/* What is known by more than its class, name and definition. */
static void note(struct render *r, const struct object *o)
{
	struct slice text = r_best(o->other.definition);

	r_text(r, "-- %.*s ", SLICE(o->other.class_));
	r_self(r, o);
	r_text(r, ": ");
	for (size_t i = 0; i < text.len; i++)
		buf_addc(r->out, text.at[i] == '\n' || text.at[i] == '\r' ? ' ' : text.at[i]);
	r_text(r, "\n");
}

/* CREATE <class> <name> <definition>; a word at the definition's start that belongs before the
 * class is moved there. */
static const struct {
	const char *class_, *leading;
	bool foreign;
} others[] = {
	{"collation", NULL, false},
	{"operator class", NULL, false},
	{"operator family", NULL, false},
	{"conversion", "DEFAULT ", false},
	{"text search dictionary", NULL, false},
	{"text search parser", NULL, false},
	{"text search template", NULL, false},
	{"foreign data wrapper", NULL, true},
	{"server", NULL, true},
	{"language", "TRUSTED ", false},
	{"access method", NULL, false},
};

static bool by_class(struct render *r, const struct object *o)
{
	struct slice text = r_best(o->other.definition);

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		const char *leading = others[i].leading;

		if (!slice_is(o->other.class_, others[i].class_))
			continue;
		if (!leading || !slice_starts(text, leading))
			leading = "";
		r_text(r, "CREATE %s%s ", leading, others[i].class_);
		r_self(r, o);
		r_text(r, " %.*s", SLICE(slice_from(text, strlen(leading))));
		if (others[i].foreign)
			foreign_options(r, o->other.options);
		r_text(r, ";\n");
		return true;
	}
	return false;
}

static void other(struct render *r, const struct object *o)
{
	struct slice text = r_best(o->other.definition);

	if (slice_istarts(text, "create"))
		r_text(r, "%.*s;\n", SLICE(text));
	else if (slice_is(o->other.class_, "cast"))
		cast_(r, o);
	else if (slice_is(o->other.class_, "operator") && o->other.options.n)
		operator_(r, o);
	else if (!by_class(r, o))
		note(r, o);
}

/* Types and columns may use collations. */
static bool is_early(const struct object *o)
{
	return slice_is(o->other.class_, "collation");
}

static void early_other(struct render *r, const struct object *o)
{
	if (is_early(o))
		other(r, o);
}

static void late_other(struct render *r, const struct object *o)
{
	if (!is_early(o))
		other(r, o);
}

/* ---- Comments and grants ---- */

static void comment_target(struct render *r, const struct object *o)
{
	const char *word = object_type_word(o->type);

	if (o->type == OBJECT_COLUMN) {
		r_text(r, "COLUMN ");
		r_self(r, o);
		buf_addc(r->out, '.');
		r_ident(r, o->name);
	} else if (o->table && o->type != OBJECT_INDEX) {
		r_text(r, "%s ", word);
		r_ident(r, o->name);
		r_text(r, " ON ");
		r_self(r, o);
	} else if (o->type == OBJECT_FUNCTION) {
		struct slice bare = slice_sub(o->name, 0, slice_chr(o->name, '('));

		r_text(r, "%s ",
			slice_is(o->function.kind, "procedure")   ? "PROCEDURE"
			: slice_is(o->function.kind, "aggregate") ? "AGGREGATE"
								  : "FUNCTION");
		r_name(r, o->schema, bare);
		r_text(r, "%.*s", SLICE(slice_from(o->name, bare.len)));
	} else {
		if (o->type == OBJECT_TABLE && slice_is(o->table_.kind, "foreign"))
			word = "FOREIGN TABLE";
		if (o->type == OBJECT_TYPE && slice_is(o->type_.kind, "domain"))
			word = "DOMAIN";
		if (o->type == OBJECT_OTHER)
			word = arena_cstr(&r->scratch, o->other.class_);
		if (o->type == OBJECT_STATISTICS)
			word = "STATISTICS";
		r_text(r, "%s ", word);
		r_name(r, o->type == OBJECT_EXTENSION ? SLICE_NONE : o->schema, o->name);
	}
}

static void comment(struct render *r, const struct object *o)
{
	if (o->comment.len) {
		r_text(r, "COMMENT ON ");
		comment_target(r, o);
		r_text(r, " IS ");
		r_literal(r, o->comment);
		r_text(r, ";\n");
	}
	for (size_t i = 0; i < o->nparts; i++)
		comment(r, o->parts[i]);
}

static void grant_target(struct render *r, const struct object *o)
{
	if (o->type == OBJECT_FUNCTION || o->type == OBJECT_SCHEMA || o->type == OBJECT_TYPE ||
		o->type == OBJECT_SEQUENCE) {
		comment_target(r, o);
		return;
	}
	r_text(r, "TABLE ");
	r_self(r, o);
}

static void role(struct render *r, struct slice name)
{
	if (name.len == 0)
		r_text(r, "PUBLIC");
	else if (name.at[0] == '"' || slice_is(name, "@owner"))
		r_text(r, "%.*s", SLICE(name.at[0] == '"' ? name : SL("CURRENT_USER")));
	else
		r_ident(r, name);
}

static void one_grant(struct render *r, const struct object *o, struct slice entry)
{
	struct slice grantee = slice_sub(entry, 0, slice_chr(entry, '='));
	struct names plain = {0}, passed = {0};

	acl_words(&r->scratch, entry, &plain, &passed);
	for (int option = 0; option < 2; option++) {
		struct names words = option ? passed : plain;

		if (words.n == 0)
			continue;
		r_text(r, "GRANT ");
		for (size_t i = 0; i < words.n; i++) {
			r_text(r, "%s%.*s", i ? ", " : "", SLICE(words.at[i]));
			if (o->type == OBJECT_COLUMN)
				r_text(r, " ("), r_ident(r, o->name), r_text(r, ")");
		}
		r_text(r, " ON ");
		grant_target(r, o);
		r_text(r, " TO ");
		role(r, grantee);
		r_text(r, "%s;\n", option ? " WITH GRANT OPTION" : "");
	}
}

/* An explicit list replaces the defaults: what they give to everybody is taken away first. */
static void grants(struct render *r, const struct object *o)
{
	struct names acl = acl_canonical(r->c, &r->scratch, o);
	bool everybody = o->type == OBJECT_FUNCTION || o->type == OBJECT_TYPE ||
			 (o->type == OBJECT_SCHEMA && slice_is(o->name, "public"));

	if (acl.n && everybody) {
		r_text(r, "REVOKE ALL ON ");
		grant_target(r, o);
		r_text(r, " FROM PUBLIC;\n");
	}
	if (acl.n && o->type != OBJECT_COLUMN) {
		r_text(r, "REVOKE ALL ON ");
		grant_target(r, o);
		r_text(r, " FROM CURRENT_USER;\n");
	}
	for (size_t i = 0; i < acl.n; i++)
		one_grant(r, o, acl.at[i]);
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i]->type == OBJECT_COLUMN)
			grants(r, o->parts[i]);
}

static void all_grants(struct render *r, const struct object *o)
{
	if (o->type != OBJECT_OTHER && o->type != OBJECT_DEFAULT_ACL)
		grants(r, o);
}

static void default_acl_entry(
	struct render *r, const struct object *o, struct slice entry, bool grant)
{
	struct names words = {0};

	acl_words(&r->scratch, entry, &words, &words);
	r_text(r, "ALTER DEFAULT PRIVILEGES");
	if (o->schema.len) {
		r_text(r, " IN SCHEMA ");
		r_ident(r, o->schema);
	}
	r_text(r, " %s ", grant ? "GRANT" : "REVOKE");
	for (size_t i = 0; i < words.n; i++)
		r_text(r, "%s%.*s", i ? ", " : "", SLICE(words.at[i]));
	r_text(r, " ON %.*sS %s ", SLICE(o->name), grant ? "TO" : "FROM");
	role(r, slice_sub(entry, 0, slice_chr(entry, '=')));
	r_text(r, ";\n");
}

static void default_acl(struct render *r, const struct object *o)
{
	struct names acl = acl_canonical(r->c, &r->scratch, o);

	for (size_t i = 0; i < acl.n; i++)
		if (!slice_starts(acl.at[i], "@owner="))
			default_acl_entry(r, o, acl.at[i], true);
}

/* ---- All of it ---- */

void render_postgres(struct render *r)
{
	r_text(r, "SET check_function_bodies = off;\n");
	r_each(r, OBJECT_SCHEMA, schema);
	r_each(r, OBJECT_EXTENSION, extension);
	r_each(r, OBJECT_OTHER, early_other);
	r_each_in_order(r, OBJECT_TYPE, OBJECT_TYPE, type);
	r_each(r, OBJECT_SEQUENCE, sequence);
	r_each(r, OBJECT_FUNCTION, early_function);
	r_each(r, OBJECT_OTHER, late_other);
	r_each(r, OBJECT_TABLE, table);
	r_each(r, OBJECT_TABLE, relations);
	r_each(r, OBJECT_SEQUENCE, sequence_owner);
	r_each(r, OBJECT_FUNCTION, late_function);
	r_each(r, OBJECT_TABLE, checks_not_valid);
	r_each(r, OBJECT_TABLE, keys_of);
	r_each(r, OBJECT_TABLE, attachments_of);
	r_each(r, OBJECT_TABLE, foreign_keys_of);
	r_each_in_order(r, OBJECT_VIEW, OBJECT_MATVIEW, view);
	r_each(r, OBJECT_MATVIEW, keys_of);
	r_each(r, OBJECT_STATISTICS, statistics);
	r_each(r, OBJECT_TABLE, rest_of);
	r_each(r, OBJECT_VIEW, rest_of);
	r_each(r, OBJECT_MATVIEW, rest_of);
	r_each(r, OBJECT_PUBLICATION, publication);
	r_each(r, OBJECT_EVENT_TRIGGER, event_trigger);
	r_each(r, OBJECT_NONE, comment);
	r_each(r, OBJECT_NONE, all_grants);
	r_each(r, OBJECT_DEFAULT_ACL, default_acl);
}

static void whole_table(struct render *r, const struct object *o)
{
	table(r, o);
	relations(r, o);
	checks_not_valid(r, o);
	keys_of(r, o);
	attachments_of(r, o);
	foreign_keys_of(r, o);
	rest_of(r, o);
	comment(r, o);
}

static void add_constraint_(struct render *r, const struct object *o)
{
	if (is_kind(o, "foreign key")) {
		foreign_key(r, o);
	} else if (is_kind(o, "check")) {
		r_text(r, "ALTER TABLE ");
		r_self(r, o);
		r_text(r, " ADD ");
		check(r, o);
		r_text(r, ";\n");
	} else if (is_kind(o, "not null")) {
		alter_table(r, o, false);
		r_text(r, " NOT NULL ");
		r_ident(r, o->constraint.columns.n ? o->constraint.columns.at[0] : SLICE_NONE);
		constraint_end(r, &o->constraint);
		r_text(r, ";\n");
	} else {
		key(r, o);
	}
}

void render_postgres_object(struct render *r, const struct object *o)
{
	switch (o->type) {
	case OBJECT_SCHEMA:
		r_text(r, "CREATE SCHEMA ");
		r_ident(r, o->name);
		r_text(r, ";\n");
		break;
	case OBJECT_EXTENSION:
		extension(r, o);
		break;
	case OBJECT_TABLE:
		whole_table(r, o);
		break;
	case OBJECT_COLUMN:
		r_text(r, "ALTER TABLE ");
		r_self(r, o);
		r_text(r, " ADD COLUMN ");
		column(r, o);
		r_text(r, ";\n");
		break;
	case OBJECT_CONSTRAINT:
		add_constraint_(r, o);
		break;
	case OBJECT_INDEX:
		index_statement(r, o);
		attach_index(r, o);
		break;
	case OBJECT_SEQUENCE:
		sequence(r, o);
		break;
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
		view(r, o);
		keys_of(r, o);
		rest_of(r, o);
		break;
	case OBJECT_TYPE:
		type(r, o);
		break;
	case OBJECT_FUNCTION:
		function(r, o);
		break;
	case OBJECT_TRIGGER:
		trigger(r, o);
		state(r, o, "TRIGGER", o->trigger.enabled);
		break;
	case OBJECT_POLICY:
		policy(r, o);
		break;
	case OBJECT_RULE:
		rule(r, o);
		break;
	case OBJECT_STATISTICS:
		statistics(r, o);
		break;
	case OBJECT_PUBLICATION:
		publication(r, o);
		break;
	case OBJECT_EVENT_TRIGGER:
		event_trigger(r, o);
		break;
	case OBJECT_OTHER:
		other(r, o);
		break;
	case OBJECT_NONE:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
}
