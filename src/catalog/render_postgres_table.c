/* render_postgres_table.c - tables, their keys and indexes, triggers, policies and rules. */
#include "catalog/render_postgres.h"

#include "sql/quote.h"

/* ---- Columns and tables ---- */

void rp_sequence_words(struct render *r, const struct sequence_def *d)
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
	rp_sequence_words(r, &seq->sequence);
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

void rp_collation(struct render *r, struct slice name)
{
	struct name n = split_name(name);

	r_text(r, " COLLATE ");
	r_name(r, n.schema, n.name);
}

void rp_column(struct render *r, const struct object *o)
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
		rp_collation(r, d->collation);
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

void rp_constraint_end(struct render *r, const struct constraint_def *d)
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

void rp_check(struct render *r, const struct object *o)
{
	r_text(r, "CONSTRAINT ");
	r_ident(r, o->name);
	r_text(r, " CHECK (%.*s)", SLICE(r_best(o->constraint.expression)));
	rp_constraint_end(r, &o->constraint);
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

void rp_foreign_options(struct render *r, struct names options)
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
		rp_foreign_options(r, d->options);
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

void rp_table(struct render *r, const struct object *t)
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
			rp_column(r, p);
		else
			rp_check(r, p);
	}
	r_text(r, "%s)", any ? "\n" : "");
	table_tail(r, t);
	r_text(r, ";\n");
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN)
			column_extras(r, t, t->parts[i]);
}

/* What makes a table part of others: after all tables are there. */
void rp_relations(struct render *r, const struct object *t)
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

void rp_index_statement(struct render *r, const struct object *o)
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

void rp_attach_index(struct render *r, const struct object *o)
{
	if (!o->index.partition_of.name.len)
		return;
	r_text(r, "ALTER INDEX ");
	r_name(r, o->index.partition_of.schema, o->index.partition_of.name);
	r_text(r, " ATTACH PARTITION ");
	r_name(r, o->schema, o->name);
	r_text(r, ";\n");
}

void rp_alter_table(struct render *r, const struct object *o, bool only)
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

void rp_key(struct render *r, const struct object *o)
{
	const struct constraint_def *d = &o->constraint;
	const struct object *index =
		o->table && d->index.len ? r_part(o->table, OBJECT_INDEX, d->index) : NULL;

	rp_alter_table(r, o, true);
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
	rp_constraint_end(r, d);
	r_text(r, ";\n");
}

void rp_foreign_key(struct render *r, const struct object *o)
{
	const struct constraint_def *d = &o->constraint;

	rp_alter_table(r, o, false);
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
	rp_constraint_end(r, d);
	r_text(r, ";\n");
}

void rp_keys_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (is_kind(p, "primary key") || is_kind(p, "unique") || is_kind(p, "exclude"))
			rp_key(r, p);
		else if (p->type == OBJECT_INDEX && !p->index.constraint.len)
			rp_index_statement(r, p);
	}
}

void rp_attachments_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX)
			rp_attach_index(r, t->parts[i]);
}

void rp_checks_not_valid(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (!is_kind(p, "check") || !p->constraint.not_valid)
			continue;
		r_text(r, "ALTER TABLE ONLY ");
		r_self(r, t);
		r_text(r, " ADD ");
		rp_check(r, p);
		r_text(r, ";\n");
	}
}

void rp_foreign_keys_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (is_kind(t->parts[i], "foreign key") && !t->parts[i]->constraint.inherited)
			rp_foreign_key(r, t->parts[i]);
}

/* ---- Triggers, policies, rules and what else hangs on a table ---- */

void rp_trigger(struct render *r, const struct object *o)
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

const char *rp_state_words(struct slice enabled)
{
	return slice_is(enabled, "disabled")  ? "DISABLE"
	       : slice_is(enabled, "replica") ? "ENABLE REPLICA"
					      : "ENABLE ALWAYS";
}

void rp_state(struct render *r, const struct object *o, const char *what, struct slice enabled)
{
	if (slice_is(enabled, "origin") || slice_empty(enabled))
		return;
	r_text(r, "ALTER TABLE ");
	r_self(r, o);
	r_text(r, " %s %s ", rp_state_words(enabled), what);
	r_ident(r, o->name);
	r_text(r, ";\n");
}

void rp_policy(struct render *r, const struct object *o)
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

void rp_rule(struct render *r, const struct object *o)
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

void rp_rest_of(struct render *r, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (p->type == OBJECT_TRIGGER) {
			rp_trigger(r, p);
			rp_state(r, p, "TRIGGER", p->trigger.enabled);
		} else if (p->type == OBJECT_RULE) {
			rp_rule(r, p);
			rp_state(r, p, "RULE", p->other.enabled);
		} else if (p->type == OBJECT_POLICY) {
			rp_policy(r, p);
		}
	}
	if (t->type == OBJECT_TABLE)
		table_flags(r, t);
}
