/* rules_index_advice.c - indexes that nobody needs, or that could serve better. */
#include "lint/internal.h"

#include <stdint.h>

#define INDEX_DOC "https://www.postgresql.org/docs/current/sql-createindex.html"

/* One index that a statement makes: by itself, or with its table (MySQL). */
struct new_index {
	const struct change *c;
	const struct object *table; /* as it is before; NULL = made here, or not known */
	struct name name;           /* of the table */
	const struct object *index;
	struct object *const *others; /* what the table has, or gets beside it */
	size_t nothers;
};

typedef void (*index_check)(const struct rule *r, struct judged *j, const struct new_index *x);

static void each_new_index(const struct rule *r, struct judged *j, index_check check)
{
	FOR_CHANGES(j, c)
	{
		struct new_index x = {.c = c};

		if ((c->kind != CHANGE_CREATE_INDEX && c->kind != CHANGE_CREATE_TABLE) || !c->def ||
			j->effect->outcome == OUTCOME_FAILS)
			continue;
		x.name = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
		if (c->kind == CHANGE_CREATE_INDEX) {
			catalog_find(j->before, j->session, OBJECT_NONE, c->target, &x.table);
			x.index = c->def;
			x.others = x.table ? x.table->parts : NULL;
			x.nothers = x.table ? x.table->nparts : 0;
			check(r, j, &x);
			continue;
		}
		x.others = c->def->parts;
		x.nothers = c->def->nparts;
		for (size_t i = 0; i < c->def->nparts; i++)
			if (c->def->parts[i]->type == OBJECT_INDEX) {
				x.index = c->def->parts[i];
				check(r, j, &x);
			}
	}
}

/* ---- redundant-index ---- */

static bool is_btree(struct slice method)
{
	return slice_empty(method) || slice_iis(method, "btree");
}

static bool same_predicate(const struct index_def *a, const struct index_def *b)
{
	if (slice_eq(a->predicate.text, b->predicate.text))
		return true;
	return a->predicate.normal.len && slice_eq(a->predicate.normal, b->predicate.normal);
}

/* A constraint written beside it stands for the index it will have. */
static struct names columns_of_key(const struct object *p)
{
	if (slice_is(p->constraint.kind, "primary key") || slice_is(p->constraint.kind, "unique"))
		return p->constraint.columns;
	return (struct names){0};
}

static bool keys_lead_columns(struct names keys, struct names columns)
{
	if (!keys.n || keys.n > columns.n)
		return false;
	for (size_t i = 0; i < keys.n; i++)
		if (!slice_ieq(key_plain(keys.at[i]), columns.at[i]) ||
			slice_chr(keys.at[i], ' ') != SIZE_MAX)
			return false;
	return true;
}

/* Does `old` do all that `new` would? */
static bool covers(const struct object *old, const struct object *new)
{
	const struct index_def *n = &new->index, *o = &old->index;

	if (old->type == OBJECT_CONSTRAINT) {
		struct names columns = columns_of_key(old);

		return is_btree(n->method) && slice_empty(n->predicate.text) && !n->include.n &&
		       keys_lead_columns(n->keys, columns) &&
		       (!n->unique || columns.n == n->keys.n);
	}
	if (old->type != OBJECT_INDEX || o->invalid || o->invisible || o->not_ready)
		return false;
	if (!(is_btree(n->method) && is_btree(o->method)) && !slice_ieq(n->method, o->method))
		return false;
	if (!same_predicate(n, o) || !keys_lead(n->keys, o->keys))
		return false;
	for (size_t i = 0; i < n->include.n; i++)
		if (!names_has(o->include, n->include.at[i]) &&
			!names_has(o->columns, n->include.at[i]))
			return false;
	if (n->keys.n < o->keys.n && !is_btree(n->method))
		return false;
	return !n->unique || (o->unique && n->keys.n == o->keys.n);
}

static void check_redundant_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	for (size_t i = 0; i < x->nothers; i++) {
		const struct object *o = x->others[i];

		if (o == x->index || !covers(o, x->index))
			continue;
		/* Of two equal ones in a CREATE TABLE the second is named. */
		if (x->c->kind == CHANGE_CREATE_TABLE && o->type == OBJECT_INDEX &&
			covers(x->index, o) && x->others[i] > x->index)
			continue;
		on_change(j, r, x->c, shown(j, x->name, SLICE_NONE),
			"%.*s of %.*s already does what %.*s would",
			SLICE(o->name.len ? o->name : SL("another key")), SLICE(x->name.name),
			SLICE(x->index->name.len ? x->index->name : SL("this index")));
		return;
	}
}

static void check_redundant(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_redundant_one);
}

const struct rule rule_redundant_index = {
	.id = "redundant-index",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "another index already does what this one would",
	.why = "An index whose keys are the first keys of another one answers no query that the "
	       "other does not, and every write pays for both. A unique one is not redundant "
	       "unless the other is unique over the same keys.",
	.safe = "Leave it out; or create the wider one and drop the narrower.",
	.doc = "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, day date); CREATE "
		 "INDEX orders_customer_day ON orders (customer, day);",
	.bad = "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
	.good = "CREATE INDEX CONCURRENTLY orders_day ON orders (day);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_redundant,
};

/* ---- wide-index, too-many-indexes ---- */

enum { MAX_KEYS = 3, MAX_INDEXES = 15 };

static void check_wide_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	if (!x->index->index.unique && !x->index->index.primary &&
		x->index->index.keys.n > MAX_KEYS)
		on_change(j, r, x->c, shown(j, x->name, SLICE_NONE),
			"%zu key columns: the later ones narrow little down, and every write "
			"carries them",
			x->index->index.keys.n);
}

static void check_wide(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_wide_one);
}

const struct rule rule_wide_index = {
	.id = "wide-index",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "an index with more than three key columns",
	.why = "Past the third column an index rarely finds rows faster, yet it grows with each "
	       "one and stands in the way of cheap updates of all of them.",
	.safe = "Fewer columns, or INCLUDE for those that are only read.",
	.doc = "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, a int, b int, c int, d int);",
	.bad = "CREATE INDEX CONCURRENTLY orders_all ON orders (a, b, c, d);",
	.good = "CREATE INDEX CONCURRENTLY orders_all ON orders (a, b) INCLUDE (c, d);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_wide,
};

static void check_many_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	size_t n = x->c->kind == CHANGE_CREATE_INDEX;

	for (size_t i = 0; i < x->nothers; i++)
		n += x->others[i]->type == OBJECT_INDEX;
	if (n > MAX_INDEXES && first_time(j, r, facts_key(&j->facts->script, x->name, SLICE_NONE)))
		on_change(j, r, x->c, shown(j, x->name, SLICE_NONE),
			"%.*s would have %zu indexes: every insert writes to all of them",
			SLICE(x->name.name), n);
}

static void check_many(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_many_one);
}

const struct rule rule_too_many_indexes = {
	.id = "too-many-indexes",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "a table gets more than fifteen indexes",
	.why = "Every insert, and every update that is not heap-only, writes to each index; "
	       "planning looks at all of them, and takes a lock on each.",
	.safe = "Drop what pg_stat_user_indexes shows as unused before adding another.",
	.doc = "https://www.postgresql.org/docs/current/indexes-examine.html",
	.setup = "CREATE TABLE t (a int); CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t ((a + "
		 "2)); CREATE INDEX i3 ON t ((a + 3)); CREATE INDEX i4 ON t ((a + 4)); CREATE "
		 "INDEX i5 ON t ((a + 5)); CREATE INDEX i6 ON t ((a + 6)); CREATE INDEX i7 ON t "
		 "((a + 7)); CREATE INDEX i8 ON t ((a + 8)); CREATE INDEX i9 ON t ((a + 9)); "
		 "CREATE INDEX i10 ON t ((a + 10)); CREATE INDEX i11 ON t ((a + 11)); CREATE INDEX "
		 "i12 ON t ((a + 12)); CREATE INDEX i13 ON t ((a + 13)); CREATE INDEX i14 ON t "
		 "((a + 14)); CREATE INDEX i15 ON t ((a + 15));",
	.bad = "CREATE INDEX CONCURRENTLY i16 ON t ((a + 16));",
	.good = "DROP INDEX CONCURRENTLY i15; CREATE INDEX CONCURRENTLY i16 ON t ((a + 16));",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_many,
};

/* ---- unnamed-index, index-duplicate-column ---- */

static void check_unnamed_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	if (slice_empty(x->c->name) && x->c->kind == CHANGE_CREATE_INDEX &&
		(slice_empty(x->index->name) || x->index->generated_name))
		on_change(j, r, x->c, shown(j, x->name, SLICE_NONE),
			"the server chooses the name, and a second run makes a second index");
}

static void check_unnamed(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_unnamed_one);
}

const struct rule rule_unnamed_index = {
	.id = "unnamed-index",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "an index without a name of its own",
	.why = "Which name the server chooses depends on what is there already, so a later "
	       "migration that wants to drop it may name another one; and a retry after a failure "
	       "makes a second index instead of an error.",
	.safe = "Name it.",
	.doc = INDEX_DOC,
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
	.bad = "CREATE INDEX CONCURRENTLY ON orders (customer);",
	.good = "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_unnamed,
};

static void check_twice_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	const struct names *keys = &x->index->index.keys;

	for (size_t i = 0; i < keys->n; i++)
		for (size_t k = 0; k < i; k++)
			if (slice_ieq(keys->at[i], keys->at[k])) {
				on_change(j, r, x->c, shown(j, x->name, SLICE_NONE),
					"%.*s is in the index twice", SLICE(keys->at[i]));
				return;
			}
}

static void check_twice(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_twice_one);
}

const struct rule rule_index_duplicate_column = {
	.id = "index-duplicate-column",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "the same key is in an index twice",
	.why = "The second one adds nothing but size; nearly always another column was meant. "
	       "MySQL "
	       "and MariaDB refuse it.",
	.safe = "Remove it, or name the column that was meant.",
	.doc = "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, day date);",
	.bad = "CREATE INDEX CONCURRENTLY orders_cc ON orders (customer, customer);",
	.good = "CREATE INDEX CONCURRENTLY orders_cd ON orders (customer, day);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_twice,
};

/* ---- Methods ---- */

static struct slice column_type(const struct new_index *x, struct slice column)
{
	for (size_t i = 0; column.len && i < x->nothers; i++)
		if (x->others[i]->type == OBJECT_COLUMN && slice_ieq(x->others[i]->name, column))
			return x->others[i]->column.type;
	return SLICE_NONE;
}

static void check_hash_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	if (slice_iis(x->index->index.method, "hash"))
		on_change(j, r, x->c, shown(j, x->name, SLICE_NONE),
			"a hash index answers = alone, has one column, and cannot be unique");
}

static void check_hash(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_hash_one);
}

const struct rule rule_hash_index_unlogged = {
	.id = "hash-index-unlogged",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "a hash index, which the project does not want",
	.why = "Before PostgreSQL 10 hash indexes were not written to the log, and were corrupt "
	       "after a crash or on a replica. Since then they are safe, but serve = alone.",
	.safe = "A btree index.",
	.doc = "https://www.postgresql.org/docs/current/hash-index.html",
	.setup = "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
	.bad = "CREATE INDEX CONCURRENTLY orders_customer ON orders USING hash (customer);",
	.good = "CREATE INDEX CONCURRENTLY orders_customer ON orders USING btree (customer);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_hash,
};

static void check_jsonb_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	const struct names *keys = &x->index->index.keys;

	for (size_t i = 0; slice_iis(x->index->index.method, "gin") && i < keys->n; i++) {
		struct slice column = key_plain(keys->at[i]);

		if (slice_is(column_type(x, column), "jsonb") &&
			(slice_chr(keys->at[i], ' ') == SIZE_MAX ||
				slice_ends(keys->at[i], " jsonb_ops")))
			on_change(j, r, x->c, shown(j, x->name, column),
				"the default class serves @>, ? and @@ on %.*s, not ->> or #>>",
				SLICE(column));
	}
}

static void check_jsonb(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_jsonb_one);
}

const struct rule rule_index_jsonb_gin_class = {
	.id = "index-jsonb-gin-class",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "a GIN index over a whole jsonb column in the default class",
	.why = "jsonb_ops indexes every key and value: large, slow to write, and of no use to "
	       "queries that extract text with ->>. jsonb_path_ops is smaller and faster for @>.",
	.safe = "USING gin (data jsonb_path_ops) for @>; an index on ((data ->> 'key')) for "
		"extraction.",
	.doc = "https://www.postgresql.org/docs/current/datatype-json.html#JSON-INDEXING",
	.setup = "CREATE TABLE events (id bigint PRIMARY KEY, data jsonb);",
	.bad = "CREATE INDEX CONCURRENTLY events_data ON events USING gin (data);",
	.good = "CREATE INDEX CONCURRENTLY events_data ON events USING gin (data jsonb_path_ops);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_jsonb,
};

static bool has_option(const struct index_def *d, const char *key)
{
	for (size_t i = 0; i < d->options.n; i++)
		if (slice_istarts(d->options.at[i], key))
			return true;
	return false;
}

static void check_vector_one(const struct rule *r, struct judged *j, const struct new_index *x)
{
	const struct index_def *d = &x->index->index;
	bool lists = slice_iis(d->method, "ivfflat") && !has_option(d, "lists=");
	bool graph = slice_iis(d->method, "hnsw") &&
		     !(has_option(d, "m=") && has_option(d, "ef_construction="));

	if (lists || graph)
		on_change(j, r, x->c, shown(j, x->name, SLICE_NONE),
			"%.*s without %s takes the defaults, which fit small tables",
			SLICE(d->method), lists ? "lists" : "m and ef_construction");
}

static void check_vector(const struct rule *r, struct judged *j)
{
	each_new_index(r, j, check_vector_one);
}

const struct rule rule_index_vector_params = {
	.id = "index-vector-params",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "a vector index that takes the default build parameters",
	.why = "Recall and build time of an approximate index hang on its parameters, and it is "
	       "rebuilt to change them. The build wants to fit into maintenance_work_mem, else it "
	       "is many times slower.",
	.safe = "WITH (lists = rows / 1000) for ivfflat, WITH (m = …, ef_construction = …) for "
		"hnsw; SET maintenance_work_mem before.",
	.doc = "https://github.com/pgvector/pgvector#indexing",
	.setup = "CREATE TABLE items (id bigint PRIMARY KEY, embedding vector(3));",
	.bad = "CREATE INDEX CONCURRENTLY items_embedding ON items USING hnsw (embedding "
	       "vector_l2_ops);",
	.good = "CREATE INDEX CONCURRENTLY items_embedding ON items USING hnsw (embedding "
		"vector_l2_ops) WITH (m = 16, ef_construction = 64);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_vector,
};

/* ---- spatial-without-index: at the end of the history ---- */

static bool is_spatial(struct slice type)
{
	return slice_istarts(type, "geometry") || slice_istarts(type, "geography") ||
	       slice_istarts(type, "public.geometry") || slice_istarts(type, "public.geography");
}

static bool has_spatial_index(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *p = t->parts[i];

		if (p->type == OBJECT_INDEX &&
			(slice_iis(p->index.method, "gist") ||
				slice_iis(p->index.method, "spgist") ||
				slice_iis(p->index.method, "brin")) &&
			names_has(p->index.columns, column))
			return true;
	}
	return false;
}

static void finish_spatial(const struct rule *r, struct judged *j)
{
	const struct object **tables;
	size_t n = catalog_list(j->before, OBJECT_TABLE, j->arena, &tables);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < tables[i]->nparts; k++) {
			const struct object *p = tables[i]->parts[k];
			struct name t = {tables[i]->schema, tables[i]->name};
			struct span at = p->span.src ? p->span : tables[i]->span;

			if (p->type != OBJECT_COLUMN || !is_spatial(p->column.type) ||
				has_spatial_index(tables[i], p->name) || !span_is_reported(j, at))
				continue;
			finding_add(j, r, at, shown(j, t, p->name),
				"%.*s has no GiST or SP-GiST index: every spatial query reads all "
				"of %.*s",
				SLICE(p->name), SLICE(t.name));
		}
}

const struct rule rule_spatial_without_index = {
	.id = "spatial-without-index",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.says = "a geometry column that no index serves at the end of the history",
	.why = "A btree cannot answer \"within\" or \"near\"; without a GiST index each such query "
	       "computes over every row.",
	.safe = "CREATE INDEX CONCURRENTLY … USING gist (column).",
	.doc = "https://postgis.net/docs/using_postgis_dbmanagement.html#build-indexes",
	.setup = "",
	.bad = "CREATE TABLE places (id bigint PRIMARY KEY, position geometry);",
	.good = "CREATE TABLE places (id bigint PRIMARY KEY, position geometry); CREATE INDEX "
		"places_position ON places USING gist (position);",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_spatial,
};

/* ---- MySQL ---- */

static bool changes_visibility(const struct change *c)
{
	return c->kind == CHANGE_ALTER_INDEX &&
	       (slice_iis(c->value.text, "visible") || slice_iis(c->value.text, "invisible") ||
		       slice_iis(c->value.text, "ignored") ||
		       slice_iis(c->value.text, "not ignored"));
}

static void check_visible(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *i, *t;
		struct name n;

		if (changes_visibility(c) && j->statement->nchanges > 1) {
			on_change(j, r, c, shown(j, c->target, c->name),
				"visibility changes together with other actions, so it can no "
				"longer be taken back at once");
			continue;
		}
		if (c->kind != CHANGE_DROP_INDEX || !existed_before(j, c, OBJECT_TABLE, &n, &t))
			continue;
		i = dropped_index(j, c);
		if (i && !i->index.invisible)
			on_change(j, r, c, shown(j, n, c->name),
				"%.*s is dropped without having been invisible for a while: if a "
				"query needs it, only a new build helps",
				SLICE(c->name));
	}
}

const struct rule rule_drop_visible_index = {
	.id = "drop-visible-index",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_DROP) | RULE_CLASS(CLASS_ALTER),
	.says = "an index is dropped that was visible until now",
	.why = "An invisible (MariaDB: ignored) index is kept up but not used: if queries get slow "
	       "it is made visible again at once. A dropped one has to be built.",
	.safe = "ALTER TABLE … ALTER INDEX … INVISIBLE (MariaDB: IGNORED), watch, then drop it.",
	.doc = "https://dev.mysql.com/doc/refman/8.0/en/invisible-indexes.html",
	.setup = "CREATE TABLE orders (id int PRIMARY KEY, customer int, KEY k (customer), KEY m "
		 "(customer, id) INVISIBLE);",
	.bad = "ALTER TABLE orders DROP INDEX k;",
	.good = "ALTER TABLE orders DROP INDEX m;",
	.example_dialect = DIALECT_MYSQL,
	.check = check_visible,
};
