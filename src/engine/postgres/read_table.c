/* read_table.c - CREATE TABLE, CREATE TABLE AS, CREATE INDEX and views. */
#include "engine/postgres/read_impl.h"

static struct slice persistence(node relation)
{
	node p = tree_get(relation, "relpersistence");

	return tree_is(p, "t")   ? SL("temporary")
	       : tree_is(p, "u") ? SL("unlogged")
				 : SL("permanent");
}

/* pg_temp.x is a temporary table too. */
static void set_persistence(struct change *c, struct object *o, node relation)
{
	o->table_.persistence = persistence(relation);
	if (slice_is(o->schema, "pg_temp"))
		o->table_.persistence = SL("temporary");
	if (slice_is(o->table_.persistence, "temporary"))
		c->flags |= CHANGE_TEMPORARY;
}

/* LIKE other INCLUDING …: "schema.table|defaults,indexes" */
static void like(struct rd *rd, struct change *c, node n)
{
	static const char *const words[] = {"comments", "compression", "constraints", "defaults",
		"generated", "identity", "indexes", "statistics", "storage"};
	long long options = tree_int(tree_get(n, "options"), 0);
	struct buf b = {0};
	size_t i;
	bool any = false;

	buf_add(&b, rd_plain(rd, rd_relation(rd, tree_get(n, "relation"))));
	buf_addc(&b, '|');
	for (i = 0; i < sizeof words / sizeof *words; i++) {
		if (!(options & (1LL << i)))
			continue;
		buf_printf(&b, "%s%s", any ? "," : "", words[i]);
		any = true;
	}
	rd_list(rd, &c->list, arena_slice(rd->a, buf_slice(&b)));
	rd_list(rd, &c->reads, rd_plain(rd, rd_relation(rd, tree_get(n, "relation"))));
	buf_done(&b);
}

static struct object *column_of(struct object *table, struct slice name)
{
	size_t i;

	for (i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_COLUMN && slice_eq(table->parts[i]->name, name))
			return table->parts[i];
	return NULL;
}

/* Table constraints say things about columns that stand elsewhere in the list. */
static void settle(struct rd *rd, struct object *table)
{
	size_t i, k;

	(void)rd;
	for (i = 0; i < table->nparts; i++) {
		struct object *o = table->parts[i], *col;

		if (o->type != OBJECT_CONSTRAINT)
			continue;
		if (!o->constraint.not_enforced)
			o->constraint.not_valid = false; /* nothing to validate in a new table */
		if (!slice_is(o->constraint.kind, "primary key") &&
			!slice_is(o->constraint.kind, "not null"))
			continue;
		for (k = 0; k < o->constraint.columns.n; k++)
			if ((col = column_of(table, o->constraint.columns.at[k])))
				col->column.not_null = true;
	}
}

/* Columns first, then constraints in the order they were written. */
static void columns_first(struct rd *rd, struct object *table)
{
	struct object **sorted =
		ARENA_ARRAY(rd->a, table->nparts ? table->nparts : 1, struct object *);
	size_t i, n = 0;

	for (i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_COLUMN)
			sorted[n++] = table->parts[i];
	for (i = 0; i < table->nparts; i++)
		if (table->parts[i]->type != OBJECT_COLUMN)
			sorted[n++] = table->parts[i];
	table->parts = sorted;
}

static void elements(struct rd *rd, struct change *c, struct object *table, node list)
{
	node e;

	for (e = tree_first(list); e; e = tree_next(list, e)) {
		node n = rd_body(e);
		size_t at = rd_loc(n);

		if (tree_key_is(n, "ColumnDef")) {
			size_t end = rd_item_end(rd, rd_tok(rd, at));

			rd_add_part(rd, table, rd_column(rd, n, table, end));
		} else if (tree_key_is(n, "Constraint")) {
			struct object *o =
				rd_constraint(rd, n, SLICE_NONE, rd_item_end(rd, rd_tok(rd, at)));

			if (o)
				rd_add_part(rd, table, o);
		} else if (tree_key_is(n, "TableLikeClause")) {
			like(rd, c, n);
		}
	}
	columns_first(rd, table);
	settle(rd, table);
}

static void partitioning(struct rd *rd, struct object *t, node n)
{
	node spec = tree_get(n, "partspec"), bound = tree_get(n, "partbound");

	if (spec) {
		size_t i = rd_tok(rd, rd_loc(spec)); /* PARTITION BY strategy ( … ) */
		struct slice strategy = rd_between(rd, i + 2, i + 3);

		t->table_.kind = SL("partitioned");
		t->table_.partition_key.text = arena_printf(rd->a, "%.*s (%.*s)",
			SLICE(rd_upper(rd, strategy)), SLICE(rd_inside(rd, i + 3)));
		t->table_.partition_key.facts = rd_facts(rd, tree_get(spec, "partParams"));
	}
	if (bound) {
		size_t i = rd_tok(rd, rd_loc(bound)), stop = rd_find(rd, i, "partition"), k;
		static const char *const ends[] = {
			"using", "with", "on", "tablespace", "without", NULL};

		/* FOR VALUES …: the location is behind FOR or VALUES. */
		while (i && (token_is(rd->tok[i - 1], "for") || token_is(rd->tok[i - 1], "values")))
			i--;
		if (token_is(rd->tok[i], "for")) {
			/* WITH (modulus …) belongs to the bound */
			k = i + 2;
			if (token_is(rd->tok[k], "with"))
				k = rd_group_end(rd, k + 1);
		} else {
			k = i + 1;
		}
		for (size_t w = 0; ends[w]; w++) {
			size_t e = rd_find(rd, k, ends[w]);

			if (e < stop)
				stop = e;
		}
		t->table_.partition_bound = rd_expr(rd, bound, i, stop);
		t->table_.partition_of = rd_relation(rd, tree_nth(tree_get(n, "inhRelations"), 0));
	}
}

static void inherits(struct rd *rd, struct object *t, node n)
{
	node list = tree_get(n, "inhRelations"), c;

	if (tree_get(n, "partbound"))
		return;
	for (c = tree_first(list); c; c = tree_next(list, c))
		rd_list(rd, &t->table_.inherits, rd_plain(rd, rd_relation(rd, c)));
}

static void create_table(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_TABLE);
	node relation = tree_get(n, "relation");
	struct object *t;

	c->type = OBJECT_TABLE;
	c->target = rd_relation(rd, relation);
	if (tree_true(tree_get(n, "if_not_exists")))
		c->flags |= CHANGE_IF_NOT_EXISTS;
	rd_head_span(rd, c, rd_loc(relation));
	c->def = t = rd_object(rd, OBJECT_TABLE, c->target);
	t->span = c->span;
	t->table_.kind = SL("table");
	set_persistence(c, t, relation);
	t->table_.access_method = rd_text_of(rd, tree_get(n, "accessMethod"));
	t->table_.tablespace = rd_text_of(rd, tree_get(n, "tablespacename"));
	t->table_.options = rd_options(rd, tree_get(n, "options"));
	if (tree_get(n, "ofTypename"))
		t->table_.of_type = rd_qname(rd, tree_get(tree_get(n, "ofTypename"), "names"));
	partitioning(rd, t, n);
	inherits(rd, t, n);
	elements(rd, c, t, tree_get(n, "tableElts"));
}

static void create_foreign_table(struct rd *rd, node n)
{
	struct names options = rd_options(rd, tree_get(n, "options"));
	struct object *t;

	create_table(rd, tree_get(n, "base"));
	t = rd->v[rd->n - 1].def;
	t->table_.kind = SL("foreign");
	t->table_.options = options;
	t->table_.access_method = rd_text_of(rd, tree_get(n, "servername"));
}

/* ---- Queries that make tables and views ---- */

/* The query's tokens: behind AS, without WITH [NO] DATA or WITH CHECK OPTION at the end. */
static struct expr query_text(struct rd *rd, node query, size_t off)
{
	size_t i = rd_find(rd, off == NOWHERE ? 0 : rd_name_end(rd, off), "as") + 1;
	size_t end = rd->ntok - 1, from;

	for (from = end > 5 ? end - 5 : 0; from < end; from++)
		if (token_is(rd->tok[from], "with") && from > i &&
			(token_is(rd->tok[end - 1], "data") ||
				token_is(rd->tok[end - 1], "option")))
			break;
	return rd_expr(rd, query, i, from > i ? from : end);
}

static void create_table_as(struct rd *rd, node query, node into, bool matview, bool if_not_exists)
{
	struct change *c = rd_emit(rd, matview ? CHANGE_CREATE_MATVIEW : CHANGE_CREATE_TABLE_AS);
	node relation = tree_get(into, "rel");
	struct object *o;

	c->type = matview ? OBJECT_MATVIEW : OBJECT_TABLE;
	c->target = rd_relation(rd, relation);
	rd_head_span(rd, c, rd_loc(relation));
	c->flags |= (if_not_exists ? CHANGE_IF_NOT_EXISTS : 0) |
		    (tree_true(tree_get(into, "skipData")) ? CHANGE_WITH_NO_DATA : 0);
	rd_reads(rd, query, &c->reads);
	c->def = o = rd_object(rd, c->type, c->target);
	o->span = c->span;
	if (matview) {
		o->view.query = query_text(rd, query, rd_loc(relation));
		o->view.columns = rd_strings(rd, tree_get(into, "colNames"));
		o->view.options = rd_options(rd, tree_get(into, "options"));
		o->view.no_data = tree_true(tree_get(into, "skipData"));
		o->view.access_method = rd_text_of(rd, tree_get(into, "accessMethod"));
		o->view.tablespace = rd_text_of(rd, tree_get(into, "tableSpaceName"));
		o->view.reads = c->reads;
	} else {
		set_persistence(c, o, relation);
		o->table_.kind = SL("table");
		o->table_.options = rd_options(rd, tree_get(into, "options"));
		o->table_.access_method = rd_text_of(rd, tree_get(into, "accessMethod"));
		o->table_.tablespace = rd_text_of(rd, tree_get(into, "tableSpaceName"));
	}
	c->value.facts = rd_facts(rd, query);
	rd_query_columns(rd, c, rd_strings(rd, tree_get(into, "colNames")), query);
	rd_gates(rd, query);
}

static void table_as(struct rd *rd, node n)
{
	bool matview = tree_is(tree_get(n, "objtype"), "OBJECT_MATVIEW");

	rd->kind = matview ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS";
	create_table_as(rd, rd_body(tree_get(n, "query")), tree_get(n, "into"), matview,
		tree_true(tree_get(n, "if_not_exists")));
}

void rd_select_into(struct rd *rd, node select, node into)
{
	rd->kind = "SELECT INTO";
	create_table_as(rd, select, into, false, false);
}

static void create_view(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_VIEW);
	node relation = tree_get(n, "view"), query = tree_get(n, "query");
	node check = tree_get(n, "withCheckOption");
	struct object *o;

	c->type = OBJECT_VIEW;
	c->target = rd_relation(rd, relation);
	rd_head_span(rd, c, rd_loc(relation));
	if (tree_true(tree_get(n, "replace")))
		c->flags |= CHANGE_OR_REPLACE;
	if (tree_is(tree_get(relation, "relpersistence"), "t"))
		c->flags |= CHANGE_TEMPORARY;
	rd_reads(rd, query, &c->reads);
	c->def = o = rd_object(rd, OBJECT_VIEW, c->target);
	o->span = c->span;
	o->view.query = query_text(rd, query, rd_loc(relation));
	o->view.columns = rd_strings(rd, tree_get(n, "aliases"));
	o->view.options = rd_options(rd, tree_get(n, "options"));
	o->view.check_option = tree_is(check, "LOCAL_CHECK_OPTION")      ? SL("local")
			       : tree_is(check, "CASCADED_CHECK_OPTION") ? SL("cascaded")
									 : SLICE_NONE;
	o->view.reads = c->reads;
	rd_query_columns(rd, c, o->view.columns, rd_body(query));
	if (rd_option(tree_get(n, "options"), "security_invoker"))
		rd_requires(rd, 15, "security_invoker");
	rd_gates(rd, query);
}

/* ---- Indexes ---- */

static void index_keys(struct rd *rd, struct index_def *d, node n)
{
	node list = tree_get(n, "indexParams"), include = tree_get(n, "indexIncludingParams"), c;
	size_t i = rd_name_end(rd, rd_loc(tree_get(n, "relation")));

	if (token_is(rd->tok[i], "using"))
		i += 2;
	i++; /* the bracket */
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		rd_list(rd, &d->keys, rd_index_key(rd, rd_body(c), i, &d->columns));
		i = rd_item_end(rd, i) + 1;
	}
	for (c = tree_first(include); c; c = tree_next(include, c))
		rd_list(rd, &d->include, rd_text_of(rd, tree_get(rd_body(c), "name")));
	if (tree_get(n, "whereClause")) {
		size_t where = rd_find(rd, i, "where");

		d->predicate = rd_expr(rd, tree_get(n, "whereClause"), where + 1, rd->ntok - 1);
		for (size_t k = 0; k < d->predicate.facts->columns.n; k++)
			if (!names_has(d->columns, d->predicate.facts->columns.at[k]))
				rd_list(rd, &d->columns, d->predicate.facts->columns.at[k]);
	}
}

static void create_index(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CREATE_INDEX);
	node relation = tree_get(n, "relation");
	struct object *o;
	struct index_def *d;

	c->type = OBJECT_INDEX;
	c->target = rd_relation(rd, relation);
	c->name = rd_text_of(rd, tree_get(n, "idxname"));
	c->flags |= (tree_true(tree_get(n, "concurrent")) ? CHANGE_CONCURRENTLY : 0) |
		    (tree_true(tree_get(n, "if_not_exists")) ? CHANGE_IF_NOT_EXISTS : 0) |
		    (tree_true(tree_get(relation, "inh")) ? 0 : CHANGE_ONLY);
	c->def = o = rd_object(rd, OBJECT_INDEX, (struct name){c->target.schema, c->name});
	o->generated_name = !c->name.len;
	d = &o->index;
	d->unique = tree_true(tree_get(n, "unique"));
	d->method = rd_text_of(rd, tree_get(n, "accessMethod"));
	d->nulls_not_distinct = tree_true(tree_get(n, "nulls_not_distinct"));
	if (d->nulls_not_distinct)
		rd_requires(rd, 15, "NULLS NOT DISTINCT");
	d->options = rd_options(rd, tree_get(n, "options"));
	d->tablespace = rd_text_of(rd, tree_get(n, "tableSpace"));
	d->on_only = c->flags & CHANGE_ONLY;
	index_keys(rd, d, n);
}

const struct statement_row read_table_rows[] = {
	{"CreateStmt", "CREATE TABLE", create_table},
	{"IndexStmt", "CREATE INDEX", create_index},
	{"CreateTableAsStmt", NULL, table_as},
	{"ViewStmt", "CREATE VIEW", create_view},
	{"CreateForeignTableStmt", "CREATE FOREIGN TABLE", create_foreign_table},
	{"AlterTableStmt", NULL, rd_alter_table},
	{NULL, NULL, NULL},
};
