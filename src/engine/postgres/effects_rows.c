/* effects_rows.c - rows read and written, and maintenance. */
#include "engine/postgres/effects.h"
#include "sql/token.h"

#include <stdint.h>

/* ---- Data and maintenance ---- */

static enum pg_mode lock_table_mode(struct slice words)
{
	for (enum pg_mode m = PG_ACCESS_SHARE; m <= PG_ACCESS_EXCLUSIVE; m++)
		if (slice_iis(words, pg_mode_words(m)))
			return m;
	return PG_ACCESS_EXCLUSIVE; /* the default of LOCK TABLE */
}

static void truncate_one(struct looking *l, const struct relation *r)
{
	if (r->object && r->type != OBJECT_TABLE)
		pg_fails(l, "\"%.*s\" is not a table", SLICE(r->name.name));
	if (l->change->flags & CHANGE_ONLY && pg_is_partitioned(r))
		pg_fails(l, "a partitioned table is emptied with its partitions");
	if (r->object && r->object->table_.partition_of.name.len && l->version < 140000) {
		struct relation parent =
			pg_relation(l, r->object->table_.partition_of, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ACCESS_SHARE);
	}
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (r->is_new && l->session->in_tx && !pg_is_partitioned(r))
		pg_scan_one(l, r, true); /* emptied in its place */
	else
		pg_rewrite(l, r, true);
	pg_writes(l, r);
	pg_destroys(l, OBJECT_TABLE, r->name, SL("rows"));
	if (l->change->flags & CHANGE_RESTART_IDENTITY)
		pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
}

static void truncate(struct looking *l, const struct relation *r, int depth)
{
	const struct object **keys;
	size_t n = r->object ? catalog_referencing(l->catalog, r->object, l->arena, &keys) : 0;

	truncate_one(l, r);
	for (size_t i = 0; i < n && depth < 32; i++) {
		struct relation child;

		if (!keys[i]->table || keys[i]->table == r->object)
			continue;
		child = pg_relation_of(l, keys[i]->table);
		if (l->change->flags & CHANGE_CASCADE)
			truncate(l, &child, depth + 1);
		else if (!pg_in_statement(l, &child))
			pg_fails(l, "table \"%.*s\" has a foreign key to it",
				SLICE(child.name.name));
	}
}

static bool target_of(struct looking *l, struct relation *r)
{
	if (slice_empty(l->change->target.name))
		return false;
	*r = pg_relation(l, l->change->target, OBJECT_NONE);
	if (r->presence != ABSENT)
		return true;
	pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r->name.name));
	return false;
}

/* ---- Rows ---- */

static bool gives(const struct names *columns, struct slice column)
{
	return columns->n == 0 || names_has(*columns, column);
}

/* Is there an index that could find the rows? */
static bool indexed(const struct relation *r, const struct names *columns)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type != OBJECT_INDEX)
			continue;
		if (p->index.keys.n && (names_has(*columns, p->index.keys.at[0]) ||
					       slice_starts(p->index.keys.at[0], "(")))
			return true;
	}
	return false;
}

/* Keys are checked in the other table: a new one there, a lost one here. */
static void row_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	const struct change *c = l->change;
	const struct constraint_def *k = &key->constraint;
	bool named = false;

	(void)r;
	if (refers && c->kind != CHANGE_DELETE) {
		for (size_t i = 0; i < k->columns.n; i++)
			named = named || gives(&c->list, k->columns.at[i]);
		if (named)
			pg_lock(l, other, PG_ROW_SHARE);
		return;
	}
	if (refers || c->kind == CHANGE_INSERT || c->kind == CHANGE_COPY_IN)
		return;
	for (size_t i = 0; c->kind == CHANGE_UPDATE && i < k->ref_columns.n; i++)
		named = named || names_has(c->list, k->ref_columns.at[i]);
	if (c->kind == CHANGE_UPDATE && !named)
		return;
	if (slice_istarts(c->kind == CHANGE_UPDATE ? k->on_update : k->on_delete, "cascade") ||
		slice_istarts(c->kind == CHANGE_UPDATE ? k->on_update : k->on_delete, "set"))
		pg_lock(l, other, PG_ROW_EXCLUSIVE);
	else
		pg_lock(l, other, PG_ROW_SHARE);
	/* Who still refers to it is looked for row by row. */
	if (other->object && !indexed(other, &k->columns))
		pg_scan(l, other, true);
}

static bool default_values(const struct looking *l)
{
	return slice_ifind(l->statement->text, SL("default values")) != SIZE_MAX;
}

static void row_sequences(struct looking *l, const struct relation *r)
{
	bool all = default_values(l);

	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		const struct expr *e = &p->column.default_value;

		if (p->type != OBJECT_COLUMN || (!all && gives(&l->change->list, p->name)))
			continue;
		pg_lock_called_sequences(l, e->normal.len ? e->normal : e->text);
		for (size_t k = 0; k < p->column.sequence.n; k++) {
			struct relation s = pg_relation(
				l, pg_split_name(p->column.sequence.at[k]), OBJECT_SEQUENCE);

			s.is_new = s.is_new || r->is_new;
			pg_lock(l, &s, PG_ROW_EXCLUSIVE);
		}
	}
}

/* What INSERT is refused for, whatever the rows are. */
static void insert_refused(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct object *col;
	bool overriding = slice_ifind(l->statement->text, SL("overriding")) != SIZE_MAX;

	for (size_t i = 0; r->object && i < c->list.n; i++) {
		enum presence p =
			catalog_part(l->catalog, r->object, OBJECT_COLUMN, c->list.at[i], &col);

		if (p == ABSENT && r->type == OBJECT_TABLE)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->list.at[i]));
		else if (p == PRESENT && slice_is(col->column.identity, "always") && !overriding &&
			 slice_ifind(l->statement->text, SL("default")) == SIZE_MAX)
			pg_fails(l, "column \"%.*s\" is always generated", SLICE(c->list.at[i]));
	}
	if (c->list.n == 0 || c->kind != CHANGE_INSERT)
		return;
	for (size_t i = 0; r->object && r->type == OBJECT_TABLE && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_COLUMN && p->column.not_null &&
			!names_has(c->list, p->name) && !p->column.default_value.text.len &&
			!p->column.default_value.normal.len && !p->column.identity.len &&
			!p->column.sequence.n && !p->column.generated.len &&
			!pg_domain(l, p->column.type))
			pg_fails(l, "column \"%.*s\" has no default and must not be null",
				SLICE(p->name));
	}
}

/* What triggers and rules do besides is in their functions. */
static void row_triggers(struct looking *l, const struct relation *r)
{
	static const char *const events[] = {"insert", "update", "delete"};
	enum change_kind k = l->change->kind;
	const char *event = k == CHANGE_UPDATE   ? events[1]
			    : k == CHANGE_DELETE ? events[2]
						 : events[0];

	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		bool fires = p->type == OBJECT_RULE && k != CHANGE_COPY_IN;

		for (size_t e = 0; p->type == OBJECT_TRIGGER && e < p->trigger.events.n; e++)
			fires = fires || slice_istarts(p->trigger.events.at[e], event);
		if (fires)
			pg_rerun(l, RERUN_UNKNOWN);
		if (fires)
			pg_need(l, "what %s %.*s does", object_type_word(p->type), SLICE(p->name));
	}
}

/* One table, and no index that could find the rows: it is read from end to end. */
static bool reads_whole(const struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct expr_facts *f = c->value.facts;

	if (c->flags & CHANGE_HAS_LIMIT)
		return false;
	if (!(c->flags & CHANGE_HAS_WHERE) || c->flags & CHANGE_WHERE_TRUE)
		return true;
	return r->object && f && !f->has_subquery && f->columns.n && !indexed(r, &f->columns);
}

/* Does WHERE decide which partitions are read? */
static bool prunes(const struct looking *l, const struct relation *r)
{
	const struct expr_facts *f = l->change->value.facts;

	for (size_t i = 0; pg_is_partitioned(r) && f && i < f->columns.n; i++)
		if (pg_in_partition_key(r, f->columns.at[i]))
			return true;
	return false;
}

/* What a query reads: one table, or several that are joined as the planner likes. */
static void scan_sources(struct looking *l)
{
	const struct change *c = l->change;

	if (c->reads.n > 1)
		pg_need(l, "how the join is planned");
	for (size_t i = 0; i < c->reads.n; i++) {
		struct relation r = pg_relation(l, pg_split_name(c->reads.at[i]), OBJECT_NONE);

		if (r.type == OBJECT_VIEW || pg_is_temporary(&r))
			continue;
		if (c->reads.n > 1)
			pg_scan(l, &r, false);
		else if (reads_whole(l, &r))
			pg_scan(l, &r, !prunes(l, &r));
	}
}

/* INSERT … SELECT: WHERE belongs to the query, whose facts are the change's. */
static void insert_sources(struct looking *l)
{
	struct change query = *l->change;
	struct looking inner = *l;

	if (slice_ifind(l->statement->text, SL("where")) != SIZE_MAX)
		query.flags |= CHANGE_HAS_WHERE;
	inner.change = &query;
	scan_sources(&inner);
}

static void scan_target(struct looking *l, const struct relation *r, bool certain)
{
	if (l->change->flags & CHANGE_ONLY)
		pg_scan_one(l, r, certain);
	else
		pg_scan(l, r, certain);
}

static void row_scan(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	if (c->kind == CHANGE_INSERT && c->flags & CHANGE_FROM_SELECT)
		insert_sources(l);
	if (c->kind != CHANGE_UPDATE && c->kind != CHANGE_DELETE && c->kind != CHANGE_MERGE)
		return;
	if (c->reads.n) {
		pg_need(l, "how the join is planned");
		scan_target(l, r, false);
		for (size_t i = 0; i < c->reads.n; i++) {
			struct relation other =
				pg_relation(l, pg_split_name(c->reads.at[i]), OBJECT_NONE);

			if (!name_eq(other.name, r->name))
				pg_scan(l, &other, false);
		}
		return;
	}
	if (reads_whole(l, r))
		scan_target(l, r, !prunes(l, r));
}

/* SET a = 5 does the same again, SET a = a + 1 does not. */
static enum rerun rerun_update(const struct looking *l)
{
	static const char *const again[] = {"lower", "upper", "btrim", "trim", "coalesce", "abs",
		"round", "floor", "ceil", "initcap", "to_jsonb", "date_trunc"};
	static const char *const moving[] = {"random", "now", "clock_timestamp", "gen_random_uuid",
		"nextval", "current_timestamp", "uuid_generate_v4", "statement_timestamp",
		"uuidv7"};
	const struct change *c = l->change;
	struct slice text = l->statement->text;
	size_t set = slice_ifind(text, SL(" set ")), end;
	bool own = false, plain = true, only_again = true;
	struct lexer x;
	struct token t, last = {0}, before = {0};

	if (set == SIZE_MAX || c->flags & CHANGE_INNER || l->statement->nchanges > 1)
		return RERUN_UNKNOWN;
	text = slice_from(text, set + 5);
	end = slice_ifind(text, SL(" where "));
	lexer_init(&x, DIALECT_POSTGRES, slice_sub(text, 0, end));
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		bool target = before.kind == 0 || slice_is(last.text, ",");

		for (size_t i = 0; t.kind == TOKEN_WORD && i < sizeof moving / sizeof *moving; i++)
			if (slice_iis(t.text, moving[i]))
				return RERUN_DIFFERS;
		if (slice_is(t.text, "(") && last.kind == TOKEN_WORD) {
			bool known = false;

			for (size_t i = 0; i < sizeof again / sizeof *again; i++)
				known = known || slice_iis(last.text, again[i]);
			only_again = only_again && known;
			plain = plain && known;
		}
		if (t.kind == TOKEN_WORD && !target && names_has(c->list, t.text))
			own = true;
		if (own && t.kind == TOKEN_PUNCT && strchr("+-*/|", t.text.at[0]))
			return RERUN_DIFFERS;
		before = last = t;
	}
	if (!own)
		return plain || c->reads.n == 0 ? RERUN_SAME : RERUN_UNKNOWN;
	return only_again ? RERUN_SAME : RERUN_UNKNOWN;
}

/* A second INSERT of the same key. */
static void row_rerun(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	if (c->kind == CHANGE_UPDATE)
		pg_rerun(l, rerun_update(l));
	if (c->kind != CHANGE_INSERT || c->flags & CHANGE_ON_CONFLICT)
		return;
	if (pg_is_temporary(r)) /* gone with its session */
		pg_rerun(l, RERUN_UNKNOWN);
	if (c->flags & CHANGE_FROM_SELECT &&
		(slice_ifind(l->statement->text, SL("not exists")) != SIZE_MAX ||
			l->statement->nchanges > 1))
		pg_rerun(l, RERUN_UNKNOWN);
	if (!r->object || r->type != OBJECT_TABLE)
		pg_rerun(l, RERUN_UNKNOWN);
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		bool all = p->type == OBJECT_INDEX && p->index.unique &&
			   slice_empty(p->index.predicate.text) &&
			   slice_empty(p->index.predicate.normal) && p->index.keys.n;

		for (size_t k = 0; all && k < p->index.keys.n; k++)
			all = gives(&c->list, p->index.keys.at[k]) &&
			      !slice_starts(p->index.keys.at[k], "(");
		if (all && c->value.facts && c->value.facts->functions.n == 0)
			pg_rerun(l, RERUN_FAILS);
		else if (all)
			pg_rerun(l, RERUN_UNKNOWN);
	}
}

/* Rows are written into plain tables, and into views that are as simple as one. */
static void write_refused(struct looking *l, const struct relation *r)
{
	const struct object *o = r->object;

	if (!o)
		return;
	if (o->type == OBJECT_MATVIEW || o->type == OBJECT_SEQUENCE)
		pg_fails(l, "rows of a %s cannot be changed", object_type_word(o->type));
	if (o->type != OBJECT_VIEW || o->view.reads.n < 2)
		return;
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i]->type == OBJECT_TRIGGER || o->parts[i]->type == OBJECT_RULE)
			return;
	if (slice_ifind(o->view.query.text, SL(" join ")) != SIZE_MAX ||
		slice_ifind(o->view.query.normal, SL(" join ")) != SIZE_MAX)
		pg_fails(l, "a view that joins tables cannot be written to");
}

/* The partitions below, none of them for sure. */
static void lock_maybe(struct looking *l, const struct relation *r, enum pg_mode m)
{
	const struct object **parts;
	size_t n = pg_children(l, r, &parts);

	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		child.certain = false;
		pg_lock(l, &child, m);
		lock_maybe(l, &child, m);
	}
}

static void lock_written(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct object **parts;
	size_t n;

	pg_lock(l, r, PG_ROW_EXCLUSIVE);
	if (c->kind == CHANGE_INSERT || c->kind == CHANGE_COPY_IN) {
		if (r->object && r->object->type == OBJECT_TABLE &&
			r->object->table_.partition_of.name.len) {
			struct relation parent =
				pg_relation(l, r->object->table_.partition_of, OBJECT_TABLE);

			pg_lock(l, &parent, PG_ACCESS_SHARE); /* for the bound */
		}
		n = pg_is_partitioned(r) ? pg_children(l, r, &parts) : 0;
		if (n)
			pg_need(l, "which partition the rows belong to");
		for (size_t i = 0; i < n; i++) {
			struct relation child = pg_relation_of(l, parts[i]);

			child.certain = false;
			pg_lock(l, &child, PG_ROW_EXCLUSIVE);
		}
	} else if (c->kind != CHANGE_MERGE && prunes(l, r)) {
		pg_need(l, "which partitions WHERE leaves");
		lock_maybe(l, r, PG_ROW_EXCLUSIVE);
	} else if (c->kind != CHANGE_MERGE) {
		pg_lock_tree(l, r, PG_ROW_EXCLUSIVE);
	}
}

static void update_refused(struct looking *l, const struct relation *r)
{
	const struct object *col;

	for (size_t i = 0; r->object && r->type == OBJECT_TABLE && i < l->change->list.n; i++) {
		enum presence p = catalog_part(
			l->catalog, r->object, OBJECT_COLUMN, l->change->list.at[i], &col);

		if (p == ABSENT)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->list.at[i]));
		else if (p == PRESENT && col->column.generated.len)
			pg_fails(l, "column \"%.*s\" is generated", SLICE(l->change->list.at[i]));
	}
}

static void write_rows(struct looking *l)
{
	struct relation r;

	pg_reads(l, false, true);
	if (!target_of(l, &r))
		return;
	write_refused(l, &r);
	lock_written(l, &r);
	pg_writes(l, &r);
	pg_lock_below(l, &r, PG_ROW_EXCLUSIVE,
		(l->change->kind == CHANGE_UPDATE || l->change->kind == CHANGE_DELETE) &&
			!(l->change->flags & CHANGE_HAS_WHERE));
	pg_lock_called_sequences(l, l->statement->text);
	if (l->change->kind == CHANGE_INSERT || l->change->kind == CHANGE_COPY_IN) {
		insert_refused(l, &r);
		row_sequences(l, &r);
	}
	if (l->change->kind == CHANGE_UPDATE)
		update_refused(l, &r);
	if (l->change->kind != CHANGE_MERGE)
		pg_each_key(l, &r, SLICE_NONE, row_key);
	row_scan(l, &r);
	row_rerun(l, &r);
	row_triggers(l, &r);
}

/* Tables that a query needs and that are not there. */
static void sources_missing(struct looking *l)
{
	for (size_t i = 0; i < l->change->reads.n; i++) {
		struct name n = pg_split_name(l->change->reads.at[i]);
		struct relation r = pg_relation(l, n, OBJECT_NONE);

		if (r.presence == ABSENT && !slice_starts(n.name, "pg_") && slice_empty(n.schema) &&
			!pg_has_extensions(l))
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(n.name));
	}
}

static void select_rows(struct looking *l)
{
	const struct change *c = l->change;
	bool whole = !(c->flags & (CHANGE_HAS_WHERE | CHANGE_HAS_LIMIT)) && c->reads.n == 1;
	struct relation r = {0};

	if (c->reads.n == 1)
		r = pg_relation(l, pg_split_name(c->reads.at[0]), OBJECT_NONE);
	if (prunes(l, &r)) {
		pg_need(l, "which partitions WHERE leaves");
		pg_lock(l, &r, c->flags & CHANGE_FOR_UPDATE ? PG_ROW_SHARE : PG_ACCESS_SHARE);
		lock_maybe(l, &r, c->flags & CHANGE_FOR_UPDATE ? PG_ROW_SHARE : PG_ACCESS_SHARE);
	} else {
		pg_reads(l, whole && c->kind != CHANGE_CALL, true);
	}
	if (!whole && c->kind == CHANGE_SELECT)
		scan_sources(l);
	if (c->kind == CHANGE_SELECT)
		sources_missing(l);
	pg_lock_called_sequences(l, l->statement->text);
	if (slice_ifind(l->statement->text, SL("nextval(")) != SIZE_MAX)
		pg_rerun(l, RERUN_DIFFERS);
}

static void set_value(struct looking *l)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_SEQUENCE);

	r.type = OBJECT_SEQUENCE;
	if (l->change->target.name.len) {
		pg_lock(l, &r, PG_ROW_EXCLUSIVE);
	} else if (l->change->other.name.len) { /* pg_get_serial_sequence('t', 'c') */
		r = pg_relation(l, l->change->other, OBJECT_TABLE);
		pg_lock_sequences(l, &r, l->change->name, PG_ROW_EXCLUSIVE);
	}
	pg_reads(l, false, true);
}

static void truncate_table(struct looking *l)
{
	struct relation r;

	if (target_of(l, &r))
		truncate(l, &r, 0);
}

static void lock_table(struct looking *l)
{
	enum pg_mode m = lock_table_mode(l->change->value.text);
	struct relation r;

	if (target_of(l, &r)) {
		if (r.object && r.type != OBJECT_TABLE && r.type != OBJECT_VIEW)
			pg_fails(l, "\"%.*s\" is not a table or view", SLICE(r.name.name));
		pg_lock_tree(l, &r, m);
		if (r.type == OBJECT_VIEW)
			pg_lock_below(l, &r, m, false);
	}
	if (!l->session->in_tx)
		pg_fails(l, "LOCK TABLE can only be used in a transaction block");
}

/* Of the whole database: plain tables and matviews; VACUUM alone asks for the partitioned too. */
static void each_table(struct looking *l, bool partitioned, bool full)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_NONE, l->arena, &all);

	for (size_t i = 0; i < n; i++) {
		struct relation r;

		if (all[i]->type != OBJECT_TABLE && all[i]->type != OBJECT_MATVIEW)
			continue;
		r = pg_relation_of(l, all[i]);
		if (pg_is_partitioned(&r) && !partitioned)
			continue;
		pg_lock(l, &r, full ? PG_ACCESS_EXCLUSIVE : PG_SHARE_UPDATE_EXCLUSIVE);
		if (full && !pg_is_partitioned(&r))
			pg_rewrite(l, &r, true);
	}
	if (!catalog_is_complete(l->catalog))
		pg_need(l, "the tables of the database");
}

static void vacuum(struct looking *l)
{
	bool full = l->change->flags & CHANGE_FULL;
	struct relation r;

	if (slice_empty(l->change->target.name)) {
		each_table(l, true, full);
		return;
	}
	if (!target_of(l, &r))
		return;
	if (r.type == OBJECT_VIEW || r.type == OBJECT_SEQUENCE)
		return; /* skipped with a warning */
	pg_lock_tree(l, &r, full ? PG_ACCESS_EXCLUSIVE : PG_SHARE_UPDATE_EXCLUSIVE);
	if (full)
		pg_rewrite(l, &r, true);
}

static void analyze(struct looking *l)
{
	struct relation r;

	if (slice_empty(l->change->target.name))
		each_table(l, true, false);
	else if (target_of(l, &r) && r.type != OBJECT_VIEW)
		pg_lock_tree(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
}

static void cluster(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *index;
	struct relation r;

	if (slice_empty(c->target.name) || !target_of(l, &r))
		return;
	pg_lock_tree(l, &r, PG_ACCESS_EXCLUSIVE);
	pg_rewrite(l, &r, true);
	if (pg_is_partitioned(&r) && l->version < 150000)
		pg_fails(l, "a partitioned table cannot be clustered before 15");
	if (r.object && slice_empty(c->name) && r.type == OBJECT_TABLE &&
		r.object->table_.cluster_on.n == 0)
		pg_fails(l, "the table has not been clustered before");
	if (r.object && c->name.len &&
		catalog_part(l->catalog, r.object, OBJECT_INDEX, c->name, &index) == ABSENT)
		pg_fails(l, "index \"%.*s\" does not exist", SLICE(c->name));
}

/* Planned only, unless ANALYZE runs it. */
static void explain(struct looking *l)
{
	pg_reads(l, false, true);
}

const struct pg_action pg_row_actions[] = {
	{CHANGE_INSERT, write_rows, NULL},
	{CHANGE_UPDATE, write_rows, NULL},
	{CHANGE_DELETE, write_rows, NULL},
	{CHANGE_MERGE, write_rows, NULL},
	{CHANGE_COPY_IN, write_rows, NULL},
	{CHANGE_TRUNCATE, truncate_table, NULL},
	{CHANGE_SELECT, select_rows, NULL},
	{CHANGE_COPY_OUT, select_rows, NULL},
	{CHANGE_EXPLAIN, explain, NULL},
	{CHANGE_CALL, select_rows, NULL},
	{CHANGE_SET_VALUE, set_value, NULL},
	{CHANGE_LOCK_TABLE, lock_table, NULL},
	{CHANGE_VACUUM, vacuum, NULL},
	{CHANGE_ANALYZE, analyze, NULL},
	{CHANGE_CLUSTER, cluster, NULL},
	{0},
};
