/* load.c - a catalog from information_schema, in about a dozen queries for one database.
 *
 * Objects of the connection's own database have no schema in the catalog: the same schema under two
 * database names (a copy, a scratch database) is the same catalog. Objects of other databases, when
 * they are asked for, have theirs.
 *
 * What is left out: histories and journals are the caller's to skip; the order of triggers; engine
 * attributes that are not in create_options. */
#include "engine/mysql/conn.h"

#include "engine/mysql/parser.h"
#include "sql/quote.h"

#include "queries.h"

struct loader {
	struct conn *conn;
	struct catalog *catalog;
	struct arena arena; /* of this load */
	struct my_dialect d;
	struct slice database, schema; /* schema: empty for the connection's own */
	struct object **tables;
	size_t ntables, at; /* tables are sorted by name; `at` walks along */
	struct err *err;
};

static bool ask(struct loader *l, const char *sql, struct rows *r)
{
	struct cell param = {l->database, false};

	return conn_query_params(l->conn, slice_of(sql), &param, 1, &l->arena, r, l->err);
}

static struct slice lower_of(struct loader *l, const struct rows *r, size_t row, size_t col)
{
	return my_lower(&l->arena, rows_get(r, row, col));
}

/* The table of that name; rows come in the order of names, so it is mostly the last one again. */
static struct object *table_named(struct loader *l, struct slice name)
{
	for (size_t i = 0; i < l->ntables; i++) {
		size_t k = (l->at + i) % l->ntables;

		if (slice_eq(l->tables[k]->name, name)) {
			l->at = k;
			return l->tables[k];
		}
	}
	return NULL;
}

static struct object *part(
	struct loader *l, struct object *t, enum object_type type, struct slice name)
{
	return my_object_add_part(&l->arena, t, type, name);
}

/* ---- tables ---- */

/* "row_format=COMPRESSED key_block_size=8 partitioned": the ones that somebody wrote. */
static void create_options(struct loader *l, struct object *t, struct slice text)
{
	struct slice rest = text, one;

	while (slice_next(&rest, ' ', &one)) {
		struct buf b = {0};

		if (slice_empty(one) || slice_iis(one, "partitioned"))
			continue;
		for (size_t i = 0; i < one.len; i++)
			if (one.at[i] != '`' && one.at[i] != '\'' && one.at[i] != '"')
				buf_addc(&b, one.at[i]);
		names_add(&l->arena, &t->table_.options, my_lower(&l->arena, buf_slice(&b)));
		buf_done(&b);
	}
}

static void table_row(struct loader *l, const struct rows *r, size_t i)
{
	struct slice kind = rows_get(r, i, 1);
	struct object *t;

	if (slice_starts(kind, "TEMPORARY")) /* MariaDB 11.2 shows a session its own */
		return;
	t = my_object_new(&l->arena, OBJECT_TABLE, rows_get(r, i, 0));
	t->schema = l->schema;
	if (slice_ends(kind, "VIEW")) {
		t->type = OBJECT_VIEW;
	} else if (slice_is(kind, "SEQUENCE")) {
		t->type = OBJECT_SEQUENCE;
	} else {
		t->table_.kind = SL("table");
		t->table_.persistence = SL("permanent");
		t->table_.access_method = engine_canonical(&l->arena, rows_get(r, i, 2));
		t->table_.collation = my_collation_canonical(&l->arena, rows_get(r, i, 3));
		t->table_.charset = my_collation_charset(&l->arena, rows_get(r, i, 3));
		create_options(l, t, rows_get(r, i, 4));
		t->comment = rows_get(r, i, 5);
		if (slice_is(kind, "SYSTEM VERSIONED"))
			names_add(&l->arena, &t->table_.options, SL("system versioning"));
	}
	*ARENA_PUSH(&l->arena, l->tables, l->ntables) = t;
}

static bool load_tables(struct loader *l)
{
	struct rows r;

	if (!ask(l, query_mysql_tables, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		table_row(l, &r, i);
	return true;
}

/* ---- columns ---- */

static struct expr server_expr(struct loader *l, struct slice text)
{
	struct expr e = {.text = text};

	e.normal = my_normal(&l->arena, &l->d, text);
	return e;
}

static struct slice quoted(struct loader *l, struct slice value)
{
	struct buf b = {0};
	struct slice s;

	quote_literal(&b, l->d.dialect, value);
	s = arena_slice(&l->arena, buf_slice(&b));
	buf_done(&b);
	return s;
}

static bool is_number_type(struct slice type)
{
	static const char *const names[] = {
		"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(type, names[i]))
			return true;
	return false;
}

/* MariaDB prints an expression, MySQL the bare value unless extra says DEFAULT_GENERATED. */
static void column_default(struct loader *l, const struct rows *r, size_t i, struct object *c)
{
	struct slice text = rows_get(r, i, 2), extra = rows_get(r, i, 7);

	if (rows_null(r, i, 2) || (is_mariadb(&l->d) && slice_is(text, "NULL")))
		return;
	if (!is_mariadb(&l->d) && slice_ifind(extra, SL("DEFAULT_GENERATED")) >= extra.len &&
		!is_number_type(rows_get(r, i, 10)) && !slice_is(rows_get(r, i, 10), "year") &&
		!slice_istarts(text, "CURRENT_TIMESTAMP") && !slice_starts(text, "b'"))
		text = quoted(l, text);
	c->column.default_value = server_expr(l, text);
}

static void column_extra(struct loader *l, struct slice extra, struct object *c)
{
	size_t at = slice_ifind(extra, SL("on update "));

	if (slice_ifind(extra, SL("auto_increment")) < extra.len)
		c->column.identity = SL("auto_increment");
	if (slice_ifind(extra, SL("INVISIBLE")) < extra.len)
		names_add(&l->arena, &c->column.options, SL("invisible"));
	if (slice_ifind(extra, SL("WITHOUT SYSTEM VERSIONING")) < extra.len)
		names_add(&l->arena, &c->column.options, SL("without system versioning"));
	if (at < extra.len) {
		struct slice text = slice_from(extra, at + 10);
		size_t end = slice_chr(text, ',');

		c->column.on_update =
			server_expr(l, slice_sub(text, 0, end < text.len ? end : text.len));
	}
}

static bool is_row_time(struct slice generation)
{
	return slice_is(generation, "ROW START") || slice_is(generation, "ROW END");
}

static void column_row(struct loader *l, const struct rows *r, size_t i)
{
	struct object *t = table_named(l, rows_get(r, i, 0)), *c;
	struct slice extra = rows_get(r, i, 7), generation = rows_get(r, i, 9);

	if (!t || t->type != OBJECT_TABLE)
		return;
	c = part(l, t, OBJECT_COLUMN, rows_get(r, i, 1));
	c->column.type = rows_get(r, i, 4);
	c->column.not_null = slice_is(rows_get(r, i, 3), "NO");
	c->column.charset = slice_empty(rows_get(r, i, 6))
				    ? SLICE_NONE
				    : my_collation_charset(&l->arena, rows_get(r, i, 6));
	c->column.collation = my_collation_canonical(&l->arena, rows_get(r, i, 6));
	c->comment = rows_get(r, i, 8);
	column_extra(l, extra, c);
	if (is_row_time(generation)) {
		names_add(&l->arena, &c->column.options, my_lower(&l->arena, generation));
		return;
	}
	if (generation.len) {
		c->column.generated =
			slice_ifind(extra, SL("STORED")) < extra.len ||
					slice_ifind(extra, SL("PERSISTENT")) < extra.len
				? SL("stored")
				: SL("virtual");
		c->column.generation = server_expr(l, generation);
		return;
	}
	column_default(l, r, i, c);
}

static bool load_columns(struct loader *l)
{
	struct rows r;

	if (!ask(l, query_mysql_columns, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		column_row(l, &r, i);
	return true;
}

/* ---- indexes and primary keys ---- */

static struct slice key_part(struct loader *l, const struct rows *r, size_t i)
{
	struct buf b = {0};
	struct slice s, type = rows_get(r, i, 6);

	if (!rows_null(r, i, 9)) {
		struct slice e = my_normal(&l->arena, &l->d, rows_get(r, i, 9));

		buf_addc(&b, '(');
		buf_add(&b, e.len ? e : rows_get(r, i, 9));
		buf_addc(&b, ')');
	} else {
		quote_ident_pretty(&b, l->d.dialect, rows_get(r, i, 3));
		if (!rows_null(r, i, 5) && !slice_is(type, "SPATIAL") && !slice_is(type, "RTREE"))
			buf_printf(&b, "(%.*s)", SLICE(rows_get(r, i, 5)));
	}
	if (slice_is(rows_get(r, i, 4), "D"))
		buf_adds(&b, " DESC");
	s = arena_slice(&l->arena, buf_slice(&b));
	buf_done(&b);
	return s;
}

static struct slice index_method(struct slice type, struct slice engine)
{
	if (slice_is(type, "FULLTEXT"))
		return SL("fulltext");
	if (slice_is(type, "SPATIAL") || slice_is(type, "RTREE"))
		return SL("spatial");
	if (slice_is(type, "HASH") && slice_is(engine, "MEMORY"))
		return SL("hash");
	return SL("btree");
}

static struct object *index_of(struct loader *l, struct object *t, const struct rows *r, size_t i)
{
	struct slice name = rows_get(r, i, 1);
	struct object *o = t->nparts ? t->parts[t->nparts - 1] : NULL;

	if (o && o->type == OBJECT_INDEX && slice_eq(o->name, name))
		return o;
	o = part(l, t, OBJECT_INDEX, name);
	o->index.unique = slice_is(rows_get(r, i, 2), "0");
	o->index.method = index_method(rows_get(r, i, 6), t->table_.access_method);
	o->index.invisible = slice_is(rows_get(r, i, 8), "YES");
	o->comment = rows_get(r, i, 7);
	if (slice_is(name, "PRIMARY")) {
		o->index.primary = true;
		o->index.constraint = name;
	}
	return o;
}

static void primary_key(struct loader *l, struct object *t, const struct object *index)
{
	struct object *k = part(l, t, OBJECT_CONSTRAINT, SL("PRIMARY"));

	k->constraint.kind = SL("primary key");
	k->constraint.columns = index->index.columns;
	k->constraint.index = k->name;
	k->comment = index->comment;
	for (size_t i = 0; i < index->index.keys.n; i++)
		if (slice_ends(index->index.keys.at[i], ")") ||
			slice_ends(index->index.keys.at[i], " DESC"))
			names_add(&l->arena, &k->constraint.options,
				arena_printf(
					&l->arena, "key=%.*s", SLICE(index->index.keys.at[i])));
}

static bool load_keys(struct loader *l)
{
	const char *sql =
		is_mariadb(&l->d)
			? (l->d.version >= 100600 ? query_mysql_keys_mariadb : query_mysql_keys_old)
			: (l->d.version >= 80013 ? query_mysql_keys_mysql : query_mysql_keys_old);
	struct rows r;

	if (!ask(l, sql, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct object *t = table_named(l, rows_get(&r, i, 0)), *o;

		if (!t || t->type != OBJECT_TABLE)
			continue;
		o = index_of(l, t, &r, i);
		names_add(&l->arena, &o->index.keys, key_part(l, &r, i));
		if (!rows_null(&r, i, 3))
			names_add(&l->arena, &o->index.columns, rows_get(&r, i, 3));
	}
	for (size_t i = 0; i < l->ntables; i++)
		for (size_t k = 0, n = l->tables[i]->nparts; k < n; k++)
			if (l->tables[i]->parts[k]->type == OBJECT_INDEX &&
				l->tables[i]->parts[k]->index.primary)
				primary_key(l, l->tables[i], l->tables[i]->parts[k]);
	return true;
}

/* ---- foreign keys and checks ---- */

static struct object *constraint_named(struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT && slice_eq(t->parts[i]->name, name) &&
			slice_is(t->parts[i]->constraint.kind, "foreign key"))
			return t->parts[i];
	return NULL;
}

static void foreign_row(struct loader *l, const struct rows *r, size_t i)
{
	struct object *t = table_named(l, rows_get(r, i, 0)), *o;

	if (!t || t->type != OBJECT_TABLE)
		return;
	o = constraint_named(t, rows_get(r, i, 1));
	if (!o) {
		o = part(l, t, OBJECT_CONSTRAINT, rows_get(r, i, 1));
		o->constraint.kind = SL("foreign key");
		o->constraint.match = SL("simple");
		o->constraint.on_delete = o->constraint.on_update = SL("no action");
		o->constraint.ref_table.name = rows_get(r, i, 4);
		o->constraint.ref_table.schema =
			slice_eq(rows_get(r, i, 3), l->database) ? l->schema : rows_get(r, i, 3);
	}
	names_add(&l->arena, &o->constraint.columns, rows_get(r, i, 2));
	names_add(&l->arena, &o->constraint.ref_columns, rows_get(r, i, 5));
}

static struct slice rule(struct loader *l, const struct rows *r, size_t i, size_t col)
{
	struct slice s = lower_of(l, r, i, col);

	return slice_is(s, "restrict") ? SL("no action") : s;
}

static bool load_foreign_keys(struct loader *l)
{
	struct rows r;

	if (!ask(l, query_mysql_foreign_keys, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		foreign_row(l, &r, i);
	if (r.nrows == 0)
		return true;
	if (!ask(l, query_mysql_foreign_rules, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct object *t = table_named(l, rows_get(&r, i, 0)), *o;

		o = t ? constraint_named(t, rows_get(&r, i, 1)) : NULL;
		if (!o)
			continue;
		o->constraint.on_update = rule(l, &r, i, 2);
		o->constraint.on_delete = rule(l, &r, i, 3);
	}
	return true;
}

static bool load_checks(struct loader *l)
{
	struct rows r;

	if (!is_mariadb(&l->d) && l->d.version < 80016)
		return true;
	if (!ask(l, is_mariadb(&l->d) ? query_mysql_checks_mariadb : query_mysql_checks_mysql, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct object *t = table_named(l, rows_get(&r, i, 0)), *o;

		if (!t || t->type != OBJECT_TABLE)
			continue;
		o = part(l, t, OBJECT_CONSTRAINT, rows_get(&r, i, 1));
		o->constraint.kind = SL("check");
		o->constraint.expression = server_expr(l, rows_get(&r, i, 2));
		o->constraint.not_enforced = slice_is(rows_get(&r, i, 3), "NO");
	}
	return true;
}

/* ---- partitions ---- */

static struct slice partition_word(struct loader *l, struct slice method, struct slice columns)
{
	struct slice list = SLICE_NONE;

	if (columns.len && !my_list_normal(&l->arena, &l->d, columns, &list))
		return SLICE_NONE;
	return arena_printf(
		&l->arena, "%.*s (%.*s)", SLICE(my_lower(&l->arena, method)), SLICE(list));
}

static bool load_partitions(struct loader *l)
{
	struct slice last = SLICE_NONE;
	struct object *before = NULL;
	struct rows r;

	if (!ask(l, query_mysql_partitions, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct object *t = table_named(l, rows_get(&r, i, 0));
		struct slice name = lower_of(l, &r, i, 1), bound = rows_get(&r, i, 4), *list;

		if (!t || (t == before && slice_eq(name, last)))
			continue; /* the next sub-partition */
		list = &t->table_.definition.normal;
		if (t != before) {
			t->table_.kind = SL("partitioned");
			t->table_.partition_key.text = arena_printf(&l->arena, "%.*s (%.*s)",
				SLICE(rows_get(&r, i, 2)), SLICE(rows_get(&r, i, 3)));
			if (rows_null(&r, i, 5))
				t->table_.partition_key.normal =
					partition_word(l, rows_get(&r, i, 2), rows_get(&r, i, 3));
		}
		my_list_normal(&l->arena, &l->d, bound, &bound);
		*list = arena_printf(&l->arena, "%.*s%s%.*s%s%.*s", SLICE(*list),
			list->len ? ", " : "", SLICE(name), bound.len ? " " : "", SLICE(bound));
		t->table_.definition.text = *list;
		before = t;
		last = name;
	}
	return true;
}

/* ---- views, triggers, routines, events, sequences ---- */

/* `shop`.`orders`.`id` becomes `orders`.`id` when shop is the database itself. */
static struct slice without_database(struct loader *l, struct slice text)
{
	struct buf b = {0};
	struct lexer lx;
	struct slice s;

	lexer_init(&lx, l->d.dialect, text);
	for (;;) {
		struct token t = lexer_raw(&lx);

		if (t.kind == TOKEN_END)
			break;
		if (t.kind == TOKEN_QUOTED && token_punct(lexer_peek(&lx), ".") &&
			slice_eq(token_value(&l->arena, l->d.dialect, t), l->database)) {
			lexer_raw(&lx);
			continue;
		}
		buf_add(&b, t.text);
	}
	s = arena_slice(&l->arena, buf_slice(&b));
	buf_done(&b);
	return s;
}

static bool load_views(struct loader *l)
{
	struct rows r;

	if (!ask(l, query_mysql_views, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct object *v = table_named(l, rows_get(&r, i, 0));
		struct parser p = {.d = l->d};
		struct statement st = {0};

		if (!v || v->type != OBJECT_VIEW)
			continue;
		v->view.query.text = without_database(l, rows_get(&r, i, 1));
		v->view.security = lower_of(l, &r, i, 3);
		v->view.check_option = lower_of(l, &r, i, 2);
		if (slice_is(v->view.check_option, "none"))
			v->view.check_option = SLICE_NONE;
		if (my_parser_init(&p, NULL, &l->arena, &st, v->view.query.text))
			my_select_reads(&p, 0, p.n - 1, &v->view.reads);
	}
	return true;
}

static bool load_triggers(struct loader *l)
{
	struct rows r;

	if (!ask(l, query_mysql_triggers, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct object *t = table_named(l, rows_get(&r, i, 1)), *o;

		if (!t)
			continue;
		o = part(l, t, OBJECT_TRIGGER, rows_get(&r, i, 0));
		o->trigger.timing = lower_of(l, &r, i, 2);
		names_add(&l->arena, &o->trigger.events, lower_of(l, &r, i, 3));
		o->trigger.for_each_row = true;
		o->trigger.enabled = SL("origin");
		o->trigger.body.text = rows_get(&r, i, 4);
	}
	return true;
}

static struct slice arguments(
	struct loader *l, const struct rows *params, struct slice name, struct slice type)
{
	bool function = slice_is(type, "FUNCTION");
	struct buf b = {0};
	struct slice s;

	for (size_t i = 0; i < params->nrows; i++) {
		if (!slice_eq(rows_get(params, i, 0), name) ||
			!slice_eq(rows_get(params, i, 1), type))
			continue;
		buf_printf(&b, "%s%.*s%s%.*s %.*s", b.len ? ", " : "",
			SLICE(function ? SLICE_NONE : rows_get(params, i, 2)), function ? "" : " ",
			SLICE(rows_get(params, i, 3)), SLICE(rows_get(params, i, 4)));
	}
	s = arena_slice(&l->arena, buf_slice(&b));
	buf_done(&b);
	return s;
}

static void routine_row(struct loader *l, const struct rows *r, size_t i, const struct rows *params)
{
	struct object *o = my_object_new(&l->arena, OBJECT_FUNCTION, rows_get(r, i, 0));
	struct slice access = lower_of(l, r, i, 5);
	struct parser p = {.d = l->d};
	struct statement st = {0};

	o->schema = l->schema;
	o->comment = rows_get(r, i, 7);
	o->function.kind = lower_of(l, r, i, 1);
	o->function.returns = rows_get(r, i, 2);
	o->function.language = SL("sql");
	o->function.volatility =
		slice_is(rows_get(r, i, 4), "YES") ? SL("deterministic") : SL("not deterministic");
	if (!slice_is(access, "contains sql"))
		names_add(&l->arena, &o->function.settings, access);
	o->function.security_definer = slice_is(rows_get(r, i, 6), "DEFINER");
	o->function.body.text = rows_get(r, i, 3);
	o->function.arguments = arguments(l, params, o->name, rows_get(r, i, 1));
	if (my_parser_init(&p, NULL, &l->arena, &st, o->function.body.text))
		my_body_reads(&p, 0, p.n - 1, &o->function.reads);
	catalog_put(l->catalog, o);
}

static bool load_routines(struct loader *l)
{
	struct rows r, params;

	if (!ask(l, query_mysql_routines, &r))
		return false;
	if (r.nrows == 0)
		return true;
	if (!ask(l, query_mysql_parameters, &params))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		routine_row(l, &r, i, &params);
	return true;
}

static bool load_events(struct loader *l)
{
	struct rows r;

	if (!ask(l, query_mysql_events, &r))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct object *o = my_object_new(&l->arena, OBJECT_EVENT, rows_get(&r, i, 0));
		struct slice status = rows_get(&r, i, 5);

		o->schema = l->schema;
		o->comment = rows_get(&r, i, 8);
		o->other.class_ = SL("event");
		o->other.enabled = slice_is(status, "ENABLED")    ? SL("enabled")
				   : slice_is(status, "DISABLED") ? SL("disabled")
								  : SL("replica");
		o->other.definition.text = rows_get(&r, i, 7);
		if (slice_is(rows_get(&r, i, 1), "RECURRING"))
			names_add(&l->arena, &o->other.options,
				arena_printf(&l->arena, "every=%.*s %.*s",
					SLICE(rows_get(&r, i, 2)), SLICE(lower_of(l, &r, i, 3))));
		else
			names_add(&l->arena, &o->other.options, SL("at"));
		if (slice_is(rows_get(&r, i, 6), "PRESERVE"))
			names_add(&l->arena, &o->other.options, SL("on completion=preserve"));
		catalog_put(l->catalog, o);
	}
	return true;
}

static bool load_sequence(struct loader *l, struct object *o)
{
	struct rows r;

	if (!my_queryf(l->conn, &l->arena, &r, l->err,
		    "SELECT start_value, increment, minimum_value, maximum_value, cache_size,"
		    " cycle_option, next_not_cached_value FROM %N",
		    l->database, o->name))
		return false;
	if (r.nrows == 0)
		return true;
	o->sequence.type = SL("bigint");
	o->sequence.persistence = SL("permanent");
	o->sequence.start = rows_get(&r, 0, 0);
	o->sequence.increment = rows_get(&r, 0, 1);
	o->sequence.min = rows_get(&r, 0, 2);
	o->sequence.max = rows_get(&r, 0, 3);
	o->sequence.cache = rows_get(&r, 0, 4);
	o->sequence.cycle = slice_is(rows_get(&r, 0, 5), "1");
	names_add(&l->arena, &o->sequence.position, rows_get(&r, 0, 6));
	return true;
}

/* ---- the whole ---- */

/* Tables whose names are stored as they are written; whoever lacks the right to look knows nothing.
 */
static void load_row_versions(struct loader *l)
{
	struct rows r = {0};
	struct err ignored = {0};
	size_t at = 0;

	if (!conn_query_params(l->conn, slice_of(query_mysql_row_versions),
		    &(struct cell){l->database, false}, 1, &l->arena, &r, &ignored))
		r.nrows = 0;
	err_done(&ignored);
	for (size_t i = 0; i < l->ntables; i++) {
		struct object *t = l->tables[i];
		unsigned long long n;

		if (t->type != OBJECT_TABLE || !slice_is(t->table_.access_method, "InnoDB"))
			continue;
		t->row_versions = -1;
		for (size_t k = 0; k < r.nrows; k++, at++) { /* in about the same order */
			if (at >= r.nrows)
				at = 0;
			if (!slice_eq(rows_get(&r, at, 0), t->name) ||
				!slice_u64(rows_get(&r, at, 1), &n))
				continue;
			t->row_versions = (int)n;
			t->row_versions_exact = true;
			break;
		}
	}
}

static bool load_database(struct loader *l)
{
	l->tables = NULL;
	l->ntables = l->at = 0;
	if (!load_tables(l) || !load_columns(l) || !load_keys(l) || !load_foreign_keys(l) ||
		!load_checks(l) || !load_partitions(l) || !load_views(l) || !load_triggers(l))
		return false;
	if (!is_mariadb(&l->d) && l->d.version >= 80029)
		load_row_versions(l);
	for (size_t i = 0; i < l->ntables; i++) {
		struct object *o = l->tables[i];

		if (o->type == OBJECT_SEQUENCE && !load_sequence(l, o))
			return false;
		catalog_put(l->catalog, o);
	}
	return load_routines(l) && load_events(l);
}

static bool is_system(struct slice database)
{
	return slice_iis(database, "mysql") || slice_iis(database, "information_schema") ||
	       slice_iis(database, "performance_schema") || slice_iis(database, "sys");
}

static bool current_database(struct loader *l, struct slice *out)
{
	struct rows r;

	if (!conn_query(l->conn, SL("SELECT DATABASE()"), &l->arena, &r, l->err))
		return false;
	*out = rows_get(&r, 0, 0);
	return true;
}

static bool databases(
	struct loader *l, const struct load_options *o, struct slice own, struct names *out)
{
	struct rows r;

	if (o && o->schemas.n) {
		*out = o->schemas;
		return true;
	}
	if (own.len) {
		names_add(&l->arena, out, own);
		return true;
	}
	if (!conn_query(l->conn, SL("SHOW DATABASES"), &l->arena, &r, l->err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		if (!is_system(rows_get(&r, i, 0)))
			names_add(&l->arena, out, rows_get(&r, i, 0));
	return true;
}

bool mysql_load(struct conn *c, struct catalog *into, const struct load_options *o, struct err *err)
{
	struct loader l = {.conn = c, .catalog = into, .d = my_conn_dialect(c), .err = err};
	bool own_tx = !c->ops->in_transaction(c), ok;
	struct names list = {0};
	struct slice own;

	/* information_schema itself is no part of a snapshot; what sequences say is. */
	if (own_tx && !conn_exec(c, SL("START TRANSACTION WITH CONSISTENT SNAPSHOT"), err))
		return false;
	ok = current_database(&l, &own) && databases(&l, o, own, &list);
	for (size_t i = 0; ok && i < list.n; i++) {
		l.database = list.at[i];
		l.schema = slice_eq(l.database, own) ? SLICE_NONE : l.database;
		ok = load_database(&l);
		if (!ok)
			err_context(err, "reading the schema of %.*s", SLICE(l.database));
	}
	if (own_tx)
		ok = conn_exec(c, SL("COMMIT"), ok ? err : &(struct err){0}) && ok;
	arena_done(&l.arena);
	return ok;
}
