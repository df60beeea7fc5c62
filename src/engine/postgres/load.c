/* load.c - a server's catalogs as a struct catalog.
 *
 * A fixed number of queries, whatever the number of tables, in one read-only snapshot. Each query
 * names its columns after the fields of the object it describes (object_fields()), so there is one
 * loop for all of them: a row is an object, a column a field. A few columns are about the object
 * itself:
 *
 *   oid, sub         its number, for its comment and for its parts
 *   table            the number of the relation it is a part of
 *   schema, name, owner, acl
 *   object type      where a query has several
 *   class, comment   of the comments; of class: the server's catalog that `oid` is in
 *
 * Lines of a query that depend on the server's version end in --14+, or begin with --<13 (below 13)
 * or --<17@15 (15 and 16): pasted into a client, a query is one for the newest server. */
#include "engine/postgres/postgres.h"

#include "queries.h"

/* ---- Numbers to objects, and comments ---- */
struct relation {
	unsigned long long oid;
	struct object *object; /* in the catalog */
};
struct comment {
	unsigned long long oid, sub;
	struct slice class, text;
};

struct loader {
	struct pg_conn *c;
	struct catalog *into;
	const struct load_options *options;
	struct arena arena; /* as long as the load */
	struct arena row;   /* as long as a row */
	struct relation *relations;
	size_t nrelations, relation_slots;
	struct comment *comments;
	size_t ncomments, comment_slots;
	size_t *comment_at; /* slot: index + 1, 0 = empty */
};

static size_t slot_of(unsigned long long key, size_t slots)
{
	return (size_t)(key * 0x9E3779B97F4A7C15u >> 20) & (slots - 1);
}

static void relation_place(struct relation *v, size_t slots, struct relation r)
{
	size_t i = slot_of(r.oid, slots);

	while (v[i].object)
		i = (i + 1) & (slots - 1);
	v[i] = r;
}

static void relation_add(struct loader *l, unsigned long long oid, struct object *object)
{
	if (l->nrelations * 2 >= l->relation_slots) {
		size_t slots = l->relation_slots ? l->relation_slots * 4 : 1024;
		struct relation *v = ARENA_ARRAY(&l->arena, slots, struct relation);

		for (size_t i = 0; i < l->relation_slots; i++)
			if (l->relations[i].object)
				relation_place(v, slots, l->relations[i]);
		l->relations = v;
		l->relation_slots = slots;
	}
	relation_place(l->relations, l->relation_slots, (struct relation){oid, object});
	l->nrelations++;
}

static struct object *relation_find(const struct loader *l, unsigned long long oid)
{
	if (l->relation_slots == 0)
		return NULL;
	for (size_t i = slot_of(oid, l->relation_slots); l->relations[i].object;
		i = (i + 1) & (l->relation_slots - 1))
		if (l->relations[i].oid == oid)
			return l->relations[i].object;
	return NULL;
}

static unsigned long long number(struct slice s)
{
	unsigned long long n;

	return slice_u64(s, &n) ? n : 0;
}

/* The comments come first, all of them. */
static bool load_comments(struct loader *l, const PGresult *r)
{
	int n = l->c->pq.PQntuples(r);

	l->ncomments = (size_t)n;
	l->comments = ARENA_ARRAY(&l->arena, (size_t)n + 1, struct comment);
	for (l->comment_slots = 64; l->comment_slots < (size_t)n * 2;)
		l->comment_slots *= 2;
	l->comment_at = ARENA_ARRAY(&l->arena, l->comment_slots, size_t);
	for (int i = 0; i < n; i++) {
		struct comment c = {.class = arena_slice(&l->arena, pg_cell(l->c, r, i, 0)),
			.oid = number(pg_cell(l->c, r, i, 1)),
			.sub = number(pg_cell(l->c, r, i, 2)),
			.text = arena_slice(&l->arena, pg_cell(l->c, r, i, 3))};
		size_t at = slot_of(c.oid, l->comment_slots);

		while (l->comment_at[at])
			at = (at + 1) & (l->comment_slots - 1);
		l->comments[i] = c;
		l->comment_at[at] = (size_t)i + 1;
	}
	return true;
}

static struct slice comment_of(
	const struct loader *l, struct slice class, unsigned long long oid, unsigned long long sub)
{
	for (size_t at = slot_of(oid, l->comment_slots); l->comment_at[at];
		at = (at + 1) & (l->comment_slots - 1)) {
		const struct comment *c = &l->comments[l->comment_at[at] - 1];

		if (c->oid == oid && c->sub == sub && slice_eq(c->class, class))
			return c->text;
	}
	return SLICE_NONE;
}

/* ---- Values ---- */
/* The server's text form of an array; nested ones are flattened. */
static struct names array_value(struct arena *a, struct slice s)
{
	struct names out = {0};
	struct buf b = {0};

	for (size_t i = 0; i < s.len;) {
		bool quoted = s.at[i] == '"';

		if (s.at[i] == '{' || s.at[i] == '}' || s.at[i] == ',') {
			i++;
			continue;
		}
		buf_clear(&b);
		for (i += quoted; i < s.len; i++) {
			if (quoted ? s.at[i] == '"' : s.at[i] == ',' || s.at[i] == '}')
				break;
			if (s.at[i] == '\\' && i + 1 < s.len)
				i++;
			buf_addc(&b, s.at[i]);
		}
		i += quoted;
		if (quoted || !slice_is(buf_slice(&b), "NULL"))
			names_add(a, &out, arena_slice(a, buf_slice(&b)));
	}
	buf_done(&b);
	return out;
}

static void set_field(struct arena *a, struct object *o, const struct field *f, struct slice v)
{
	void *at = (char *)o + f->offset;
	struct names list;
	unsigned long long n;

	switch (f->kind) {
	case FIELD_TEXT:
		*(struct slice *)at = v;
		break;
	case FIELD_BOOL:
		*(bool *)at = slice_is(v, "t");
		break;
	case FIELD_INT:
		*(long long *)at = slice_u64(v, &n) ? (long long)n : 0;
		break;
	case FIELD_EXPR:
		((struct expr *)at)->text = ((struct expr *)at)->normal = v;
		break;
	case FIELD_NAME:
		list = array_value(a, v);
		if (list.n >= 2)
			*(struct name *)at = (struct name){list.at[0], list.at[1]};
		break;
	case FIELD_LIST:
	case FIELD_SET:
	case FIELD_NOTE:
		*(struct names *)at = array_value(a, v);
		break;
	}
}

/* ---- Rows ---- */
enum special { OID, SUB, TABLE, SCHEMA, NAME_, OWNER, ACL, OBJECT_TYPE_, OF_CLASS, SPECIALS_ };
static const char *const specials[] = {[OID] = "oid",
	[SUB] = "sub",
	[TABLE] = "table",
	[SCHEMA] = "schema",
	[NAME_] = "name",
	[OWNER] = "owner",
	[ACL] = "acl",
	[OBJECT_TYPE_] = "object type",
	[OF_CLASS] = "of class"};

struct query {
	const char *sql;
	enum object_type type;
	const char *class; /* the server's catalog, for comments */
	const char *what;  /* for messages */
};

#define MAX_COLUMNS 48
struct shape {
	int special[SPECIALS_];                 /* column, -1 = none */
	const struct field *field[MAX_COLUMNS]; /* by column, NULL = special */
	int ncols;
};

static const struct field *field_named(enum object_type type, const char *label)
{
	for (const struct field *f = object_fields(type); f->label; f++)
		if (strcmp(f->label, label) == 0)
			return f;
	return NULL;
}

static bool read_shape(struct loader *l, const struct query *q, const PGresult *r,
	struct shape *out, struct err *err)
{
	*out = (struct shape){.ncols = l->c->pq.PQnfields(r)};
	for (size_t i = 0; i < SPECIALS_; i++)
		out->special[i] = -1;
	for (int col = 0; col < out->ncols && col < MAX_COLUMNS; col++) {
		const char *name = l->c->pq.PQfname(r, col);
		size_t i = 0;

		while (i < SPECIALS_ && strcmp(specials[i], name) != 0)
			i++;
		if (i < SPECIALS_)
			out->special[i] = col;
		else if (!(out->field[col] = field_named(q->type, name)))
			return err_set(err, ERR_FAILED,
				"a query of %s has a column \"%s\" that "
				"is no field",
				q->what, name);
	}
	return true;
}

static struct slice special(const struct loader *l, const struct shape *s, const PGresult *r,
	int row, enum special what)
{
	return s->special[what] < 0 ? SLICE_NONE : pg_cell(l->c, r, row, s->special[what]);
}

static bool wanted(const struct loader *l, const struct object *o)
{
	struct slice schema = o->type == OBJECT_SCHEMA ? o->name : o->schema;

	return l->options->schemas.n == 0 || names_has(l->options->schemas, schema);
}

static bool is_relation(enum object_type t)
{
	return t == OBJECT_TABLE || t == OBJECT_VIEW || t == OBJECT_MATVIEW;
}

static void put_row(
	struct loader *l, const struct query *q, const struct shape *s, const PGresult *r, int row)
{
	struct object o = {.type = q->type}, *made;
	unsigned long long oid = number(special(l, s, r, row, OID));
	unsigned long long sub = number(special(l, s, r, row, SUB));
	struct slice class = special(l, s, r, row, OF_CLASS);

	if (slice_is(special(l, s, r, row, OBJECT_TYPE_), "materialized view"))
		o.type = OBJECT_MATVIEW;
	if (s->special[TABLE] >= 0) {
		unsigned long long table = number(special(l, s, r, row, TABLE));

		o.table = relation_find(l, table);
		if (!o.table)
			return; /* of an extension, or of a schema that is not wanted */
		o.schema = o.table->schema;
		if (o.type == OBJECT_COLUMN)
			oid = table;
	} else {
		o.schema = special(l, s, r, row, SCHEMA);
	}
	o.name = special(l, s, r, row, NAME_);
	o.owner = special(l, s, r, row, OWNER);
	o.acl = array_value(&l->row, special(l, s, r, row, ACL));
	if (!o.table && !wanted(l, &o))
		return;
	o.comment = comment_of(l, class.len ? class : slice_of(q->class), oid, sub);
	for (int col = 0; col < s->ncols && col < MAX_COLUMNS; col++)
		if (s->field[col] && !l->c->pq.PQgetisnull(r, row, col))
			set_field(&l->row, &o, s->field[col], pg_cell(l->c, r, row, col));
	made = o.table ? catalog_put_part(l->into, o.table, &o) : catalog_put(l->into, &o);
	if (is_relation(o.type))
		relation_add(l, oid, made);
}

/* ---- Queries ---- */
static const struct query queries[] = {
	{query_postgres_comments, OBJECT_NONE, "", "comments"},
	{query_postgres_schemas, OBJECT_SCHEMA, "pg_namespace", "schemas"},
	{query_postgres_extensions, OBJECT_EXTENSION, "pg_extension", "extensions"},
	{query_postgres_types, OBJECT_TYPE, "pg_type", "types"},
	{query_postgres_functions, OBJECT_FUNCTION, "pg_proc", "functions"},
	{query_postgres_sequences, OBJECT_SEQUENCE, "pg_class", "sequences"},
	{query_postgres_tables, OBJECT_TABLE, "pg_class", "tables"},
	{query_postgres_views, OBJECT_VIEW, "pg_class", "views"},
	{query_postgres_columns, OBJECT_COLUMN, "pg_class", "columns"},
	{query_postgres_constraints, OBJECT_CONSTRAINT, "pg_constraint", "constraints"},
	{query_postgres_indexes, OBJECT_INDEX, "pg_class", "indexes"},
	{query_postgres_triggers, OBJECT_TRIGGER, "pg_trigger", "triggers"},
	{query_postgres_policies, OBJECT_POLICY, "pg_policy", "policies"},
	{query_postgres_rules, OBJECT_RULE, "pg_rewrite", "rules"},
	{query_postgres_statistics, OBJECT_STATISTICS, "pg_statistic_ext", "statistics"},
	{query_postgres_publications, OBJECT_PUBLICATION, "pg_publication", "publications"},
	{query_postgres_event_triggers, OBJECT_EVENT_TRIGGER, "pg_event_trigger", "event triggers"},
	{query_postgres_default_acls, OBJECT_DEFAULT_ACL, "", "default privileges"},
	{query_postgres_others, OBJECT_OTHER, "", "other objects"},
};

/* Does a line count for this major version? Moves *line behind a --<N mark. */
static bool line_counts(struct slice *line, int major)
{
	size_t n = line->len;
	int from = 0, below = 0, digits = 0;

	if (slice_starts(*line, "--<")) {
		size_t i = 3;

		for (; i < n && line->at[i] >= '0' && line->at[i] <= '9'; i++)
			below = below * 10 + (line->at[i] - '0');
		for (i += i < n && line->at[i] == '@';
			i < n && line->at[i] >= '0' && line->at[i] <= '9'; i++)
			from = from * 10 + (line->at[i] - '0');
		*line = slice_from(*line, i);
		return major < below && major >= from;
	}
	if (n < 4 || line->at[n - 1] != '+')
		return true;
	for (size_t i = n - 1; i > 2 && line->at[i - 1] >= '0' && line->at[i - 1] <= '9'; i--)
		digits++;
	if (digits == 0 || line->at[n - 2 - (size_t)digits] != '-')
		return true;
	for (int i = digits; i > 0; i--)
		from = from * 10 + (line->at[n - 1 - (size_t)i] - '0');
	return major >= from;
}

static void pg_query_for(struct buf *out, const char *sql, int version)
{
	struct slice rest = slice_of(sql), line;

	while (slice_line(&rest, &line))
		if (line_counts(&line, version / 10000)) {
			buf_add(out, line);
			buf_addc(out, '\n');
		}
}

static bool run_query(struct loader *l, const struct query *q, struct err *err)
{
	struct buf sql = {0};
	PGresult *r = NULL;
	struct shape s;
	bool ok;

	pg_query_for(&sql, q->sql, l->c->base.id.version);
	ok = pg_result(l->c, buf_slice(&sql), NULL, 0, &r, err);
	if (ok && q->type == OBJECT_NONE) {
		ok = load_comments(l, r);
	} else if (ok && (ok = read_shape(l, q, r, &s, err))) {
		int n = l->c->pq.PQntuples(r);

		for (int row = 0; row < n; row++) {
			put_row(l, q, &s, r, row);
			arena_reset(&l->row);
		}
	}
	l->c->pq.PQclear(r);
	buf_done(&sql);
	return ok ? true : err_context(err, "reading the server's %s", q->what);
}

/* ---- One snapshot; nothing of the session is left changed ---- */
static const char settings_sql[] =
	"SET LOCAL search_path = ''; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle ="
	" 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL quote_all_identifiers = off;"
	" SET LOCAL bytea_output = 'hex'; SET LOCAL standard_conforming_strings = on;"
	" SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0; SET LOCAL jit = off;";

static bool begin(struct loader *l, bool in_tx, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, in_tx ? "SAVEPOINT belay_load;"
			   : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;");
	buf_adds(&b, settings_sql);
	ok = conn_exec(&l->c->base, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

static bool end(struct loader *l, bool in_tx, bool ok, struct err *err)
{
	struct err second = {0};

	if (in_tx)
		ok = conn_exec(&l->c->base,
			     SL("ROLLBACK TO SAVEPOINT belay_load; RELEASE SAVEPOINT belay_load"),
			     &second) &&
		     ok;
	else
		ok = conn_exec(&l->c->base, ok ? SL("COMMIT") : SL("ROLLBACK"), &second) && ok;
	if (err_is(&second))
		err_move(err, &second);
	return ok;
}

/* A new catalog has a schema public, as a new database has; this database may have none. */
static void drop_public(struct catalog *into)
{
	struct arena a = {0};
	const struct object **v;
	size_t n = catalog_list(into, OBJECT_SCHEMA, &a, &v);

	for (size_t i = n; i-- > 0;)
		catalog_drop(into, (struct object *)(uintptr_t)v[i]);
	arena_done(&a);
}

bool pg_load(struct conn *c, struct catalog *into, const struct load_options *o, struct err *err)
{
	struct loader l = {.c = pg_conn(c), .into = into, .options = o};
	bool in_tx = c->ops->in_transaction(c), ok = true;

	if (!begin(&l, in_tx, err))
		return err_context(err, "reading the server's schema");
	drop_public(into);
	for (size_t i = 0; ok && i < sizeof queries / sizeof *queries; i++)
		ok = run_query(&l, &queries[i], err);
	ok = end(&l, in_tx, ok, err);
	arena_done(&l.arena);
	arena_done(&l.row);
	return ok;
}
