/* keep_define.c - statements that make a table, or a column of one, again.
 *
 * Before the rows: schema, types, sequences, the table with its keys and indexes, its partitions.
 * After them: where sequences stand, foreign keys (others' too), triggers, rules, policies, row
 * security, comments, grants, the owner, and views that read it. */
#include "engine/postgres/keep.h"

#include "engine/postgres/postgres.h"
#include "sql/quote.h"

struct defining {
	struct conn *conn;
	struct arena *arena;
	struct catalog *live;
	struct names *before, *after;
	struct slice table; /* quoted */
};

static void say(struct defining *d, struct names *to, const char *template, ...)
{
	struct buf b = {0};
	va_list ap;

	va_start(ap, template);
	sqlvf(&b, DIALECT_POSTGRES, template, ap);
	va_end(ap);
	names_add(d->arena, to, arena_slice(d->arena, buf_slice(&b)));
	buf_done(&b);
}

static void render(struct defining *d, struct names *to, const struct object *o)
{
	struct buf b = {0};

	object_render(&b, DIALECT_POSTGRES, o);
	if (b.len)
		names_add(d->arena, to, arena_slice(d->arena, buf_slice(&b)));
	buf_done(&b);
}

/* Asked first: IF NOT EXISTS wants the right to make one even where it is there. */
static void schema(struct defining *d, struct slice name)
{
	struct buf b = {0};

	sqlf(&b, DIALECT_POSTGRES,
		"BEGIN IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %L) "
		"THEN CREATE SCHEMA %I; END IF; END",
		name, name);
	say(d, d->before, "DO %L", buf_slice(&b));
	buf_done(&b);
}

static bool is_foreign_key(const struct object *o)
{
	return o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "foreign key");
}

static bool comes_late(const struct object *o)
{
	return is_foreign_key(o) || o->type == OBJECT_TRIGGER || o->type == OBJECT_POLICY ||
	       o->type == OBJECT_RULE;
}

/* ---- Sequences ---- */

static bool position(struct defining *d, struct slice schema, struct slice name,
	struct slice column, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	sqlf(&b, DIALECT_POSTGRES, "SELECT last_value, is_called FROM %N", schema, name);
	ok = conn_query(d->conn, buf_slice(&b), d->arena, &r, err);
	buf_done(&b);
	if (ok && r.nrows)
		say(d, d->after,
			"SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(%L, %L), %s, "
			"%s)",
			d->table, column, rows_get(&r, 0, 0),
			slice_is(rows_get(&r, 0, 1), "t") ? SL("true") : SL("false"));
	return ok;
}

/* `owned`: statements that give the sequence to its column, once that is there. */
static bool sequences(struct defining *d, struct slice column, struct names *owned, struct err *err)
{
	struct cell param = {.text = d->table};
	struct rows r = {0};

	if (!conn_query_params(d->conn,
		    SL("SELECT a.attname, n.nspname, s.relname, a.attidentity <> ''"
		       " FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid"
		       " AND s.relkind = 'S' JOIN pg_catalog.pg_namespace n ON n.oid = "
		       "s.relnamespace"
		       " JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid"
		       " AND a.attnum = d.refobjsubid WHERE d.classid = "
		       "'pg_catalog.pg_class'::regclass"
		       " AND d.refclassid = 'pg_catalog.pg_class'::regclass"
		       " AND d.refobjid = $1::regclass AND d.deptype IN ('a', 'i')"
		       " ORDER BY a.attnum"),
		    &param, 1, d->arena, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct name seq = {rows_get(&r, i, 1), rows_get(&r, i, 2)};
		const struct object *o = NULL;

		if (column.len && !slice_eq(column, rows_get(&r, i, 0)))
			continue;
		catalog_find(d->live, NULL, OBJECT_SEQUENCE, seq, &o);
		if (!slice_is(rows_get(&r, i, 3), "t") && o) {
			render(d, d->before, o);
			say(d, owned, "ALTER SEQUENCE %N OWNED BY %s.%I", seq.schema, seq.name,
				d->table, rows_get(&r, i, 0));
		} else if (o) {
			say(d, d->after,
				"ALTER TABLE %s ALTER COLUMN %I SET INCREMENT BY %s SET MINVALUE "
				"%s "
				"SET MAXVALUE %s SET START WITH %s SET CACHE %s%s",
				d->table, rows_get(&r, i, 0), o->sequence.increment,
				o->sequence.min, o->sequence.max, o->sequence.start,
				o->sequence.cache,
				o->sequence.cycle ? SL(" SET CYCLE") : SLICE_NONE);
		}
		if (!position(d, seq.schema, seq.name, rows_get(&r, i, 0), err))
			return false;
	}
	return true;
}

/* ---- Types ---- */

/* Types of the schema's own that columns have; one that is there already is passed over. */
static bool types(struct defining *d, struct slice column, struct err *err)
{
	struct cell params[2] = {{.text = d->table}, {.text = column}};
	struct rows r = {0};

	if (!conn_query_params(d->conn,
		    SL("WITH RECURSIVE used(oid) AS (SELECT a.atttypid FROM "
		       "pg_catalog.pg_attribute a"
		       " WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped"
		       " AND ($2 = '' OR a.attname = $2) UNION SELECT x.oid FROM used u"
		       " JOIN pg_catalog.pg_type y ON y.oid = u.oid CROSS JOIN LATERAL"
		       " (VALUES (y.typelem), (y.typbasetype)) x(oid) WHERE x.oid <> 0)"
		       " SELECT n.nspname, y.typname FROM used u JOIN pg_catalog.pg_type y"
		       " ON y.oid = u.oid JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace"
		       " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
		       " AND NOT (y.typelem <> 0 AND y.typlen = -1) ORDER BY y.oid"),
		    params, 2, d->arena, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct name n = {rows_get(&r, i, 0), rows_get(&r, i, 1)};
		const struct object *o = NULL;

		schema(d, n.schema);
		if (catalog_find(d->live, NULL, OBJECT_TYPE, n, &o) == PRESENT)
			render(d, d->before, o);
	}
	return true;
}

/* ---- A whole table ---- */

static void table_and_partitions(struct defining *d, const struct object *t)
{
	struct object copy = *t;
	struct object **parts = ARENA_ARRAY(d->arena, t->nparts + 1, struct object *);
	const struct object **children;
	size_t n;

	copy.parts = parts;
	copy.nparts = 0;
	copy.table_.row_security = copy.table_.force_row_security = false;
	for (size_t i = 0; i < t->nparts; i++)
		if (!comes_late(t->parts[i]))
			parts[copy.nparts++] = t->parts[i];
	render(d, d->before, &copy);
	n = catalog_partitions(d->live, t, d->arena, &children);
	for (size_t i = 0; i < n; i++)
		table_and_partitions(d, children[i]);
}

static void late_parts(struct defining *d, const struct object *t)
{
	const struct object **v;
	size_t n;

	for (size_t i = 0; i < t->nparts; i++)
		if (comes_late(t->parts[i]))
			render(d, d->after, t->parts[i]);
	if (t->table_.row_security)
		say(d, d->after, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY", d->table);
	if (t->table_.force_row_security)
		say(d, d->after, "ALTER TABLE %s FORCE ROW LEVEL SECURITY", d->table);
	n = catalog_referencing(d->live, t, d->arena, &v);
	for (size_t i = 0; i < n; i++)
		if (v[i]->table != t)
			render(d, d->after, v[i]);
}

/* Views that read it go with it under CASCADE; those that read only these come after them. */
static void views(struct defining *d, const struct object *t, struct slice column, unsigned depth)
{
	const struct object **v;
	size_t n = depth > 16 ? 0 : catalog_dependents(d->live, t, column, d->arena, &v);

	for (size_t i = 0; i < n; i++) {
		if (v[i]->type != OBJECT_VIEW && v[i]->type != OBJECT_MATVIEW)
			continue;
		render(d, d->after, v[i]);
		views(d, v[i], SLICE_NONE, depth + 1);
	}
}

/* Comments of columns, grants, the owner: as statements, made by the server. */
static bool belongings(struct defining *d, struct slice column, struct err *err)
{
	struct cell params[2] = {{.text = d->table}, {.text = column}};
	struct rows r = {0};

	if (!conn_query_params(d->conn,
		    SL("SELECT pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', $1::text,"
		       " a.attname, x.description) FROM pg_catalog.pg_attribute a"
		       " JOIN pg_catalog.pg_description x ON x.objoid = a.attrelid"
		       " AND x.objsubid = a.attnum"
		       " AND x.classoid = 'pg_catalog.pg_class'::regclass"
		       " WHERE a.attrelid = $1::regclass AND a.attnum > 0"
		       " AND ($2 = '' OR a.attname = $2)"
		       " UNION ALL SELECT pg_catalog.format('GRANT %s%s ON %s TO %s%s',"
		       " g.privilege_type, CASE WHEN g.col <> '' THEN"
		       " pg_catalog.format('(%I)', g.col) ELSE '' END, $1,"
		       " CASE WHEN g.grantee = 0 THEN 'PUBLIC'"
		       " ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END,"
		       " CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
		       " FROM (SELECT '' AS col, c.relowner, l.* FROM pg_catalog.pg_class c"
		       " CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) l"
		       " WHERE c.oid = $1::regclass AND $2 = '' UNION ALL"
		       " SELECT a.attname, c.relowner, l.* FROM pg_catalog.pg_class c"
		       " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
		       " AND NOT a.attisdropped AND ($2 = '' OR a.attname = $2)"
		       " CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) l"
		       " WHERE c.oid = $1::regclass) g WHERE g.grantee <> g.relowner"
		       " UNION ALL SELECT pg_catalog.format('ALTER TABLE %s OWNER TO %I', $1,"
		       " pg_catalog.pg_get_userbyid(c.relowner)) FROM pg_catalog.pg_class c"
		       " WHERE c.oid = $1::regclass AND $2 = ''"
		       " AND pg_catalog.pg_get_userbyid(c.relowner) <> current_user"),
		    params, 2, d->arena, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		names_add(d->arena, d->after, rows_get(&r, i, 0));
	return true;
}

static void append(struct defining *d, struct names *to, struct names from)
{
	for (size_t i = 0; i < from.n; i++)
		names_add(d->arena, to, from.at[i]);
}

static bool define_table(struct defining *d, const struct object *t, struct err *err)
{
	struct names owned = {0};

	schema(d, t->schema);
	if (!types(d, SLICE_NONE, err) || !sequences(d, SLICE_NONE, &owned, err))
		return false;
	table_and_partitions(d, t);
	append(d, d->before, owned);
	late_parts(d, t);
	views(d, t, SLICE_NONE, 0);
	return belongings(d, SLICE_NONE, err);
}

/* ---- A column ---- */

static bool reads(const struct expr *e, struct slice column)
{
	return slice_find(e->normal.len ? e->normal : e->text, column) != SIZE_MAX;
}

static bool uses(const struct object *part, struct slice column)
{
	if (part->type == OBJECT_INDEX)
		return names_has(part->index.columns, column);
	if (part->type == OBJECT_TRIGGER)
		return names_has(part->trigger.columns, column) ||
		       reads(&part->trigger.condition, column);
	if (part->type == OBJECT_POLICY)
		return reads(&part->policy.using_expr, column) ||
		       reads(&part->policy.check_expr, column);
	if (part->type != OBJECT_CONSTRAINT || slice_is(part->constraint.kind, "not null"))
		return false;
	if (slice_is(part->constraint.kind, "check"))
		return reads(&part->constraint.expression, column);
	return names_has(part->constraint.columns, column);
}

/* Nothing about it is demanded before its values are back. */
static void bare_column(struct defining *d, const struct object *t, const struct object *col)
{
	struct object table = *t, copy = *col;

	table.parts = NULL;
	table.nparts = 0;
	copy.table = &table;
	copy.column.not_null = false;
	copy.column.identity = SLICE_NONE;
	copy.column.default_value = (struct expr){0};
	render(d, d->before, &copy);
}

static bool define_column(
	struct defining *d, const struct object *t, struct slice name, struct err *err)
{
	struct names owned = {0}, late = {0};
	const struct object *col;
	struct slice value;

	if (catalog_part(d->live, t, OBJECT_COLUMN, name, &col) != PRESENT)
		return err_set(err, ERR_FAILED, "cannot read the definition of column %.*s of %.*s",
			SLICE(name), SLICE(d->table));
	value = col->column.default_value.normal.len ? col->column.default_value.normal
						     : col->column.default_value.text;
	if (!types(d, name, err))
		return false;
	bare_column(d, t, col);
	if (col->column.not_null)
		say(d, d->after, "ALTER TABLE %s ALTER COLUMN %I SET NOT NULL", d->table, name);
	if (col->column.identity.len)
		say(d, d->after, "ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY",
			d->table, name,
			slice_is(col->column.identity, "always") ? SL("ALWAYS") : SL("BY DEFAULT"));
	if (!sequences(d, name, &owned, err))
		return false;
	append(d, d->before, owned);
	if (value.len && !col->column.identity.len)
		say(d, d->after, "ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s", d->table, name,
			value);
	for (size_t i = 0; i < t->nparts; i++)
		if (uses(t->parts[i], name) &&
			!(t->parts[i]->type == OBJECT_INDEX && t->parts[i]->index.constraint.len))
			render(d, is_foreign_key(t->parts[i]) ? &late : d->after, t->parts[i]);
	append(d, d->after, late);
	views(d, t, name, 0);
	return belongings(d, name, err);
}

bool pg_define(struct conn *c, struct arena *a, const struct kept_table *t, struct slice column,
	struct names *before, struct names *after, struct err *err)
{
	struct defining d = {.conn = c,
		.arena = a,
		.live = catalog_new(DIALECT_POSTGRES, c->id.version),
		.before = before,
		.after = after,
		.table = pg_quoted(a, t->name)};
	const struct object *o = NULL;
	bool ok = pg_load(c, d.live, &(struct load_options){0}, err);

	if (ok && catalog_find(d.live, NULL, OBJECT_TABLE, t->name, &o) != PRESENT)
		ok = err_set(err, ERR_FAILED, "cannot read the definition of %.*s", SLICE(d.table));
	ok = ok && (column.len ? define_column(&d, o, column, err) : define_table(&d, o, err));
	catalog_free(d.live);
	return ok;
}
