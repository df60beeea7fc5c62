/* effects_known.c - the rows that a history wrote itself, as far as catalog_written() knows them,
 * and what that means for the next ones: keys that are there already, rows that a key points at and
 * that cannot be there. */
#include "engine/postgres/effects_typed.h"

#include <stdint.h>

enum { ROWS_MAX = 1500, COLUMNS_MAX = 100, OWN_MAX = 200 };

/* What a column holds. `written`: the words of a string of a type that is not evaluated. */
struct held {
	struct value value;
	struct slice written;
};

/* Rows of a table, a cell for each of its columns. */
struct known {
	const struct object *table;
	const struct object **columns;
	struct names names;
	struct held **rows;
	size_t ncolumns, n;
	bool whole;     /* there are no others */
	bool new_in_tx; /* … and nobody else can have written any */
	bool counted;   /* `next` is right */
	long long *next;
};

/* ---- Cells ---- */
static bool counts_from_one(struct looking *l, const struct object *col)
{
	const struct object *s;
	const struct sequence_def *d;

	if (col->column.sequence.n != 1 ||
		catalog_find(l->catalog, l->session, OBJECT_SEQUENCE,
			pg_split_name(col->column.sequence.at[0]), &s) != PRESENT)
		return false;
	d = &s->sequence;
	return (!d->start.len || slice_is(d->start, "1")) &&
	       (!d->increment.len || slice_is(d->increment, "1")) &&
	       (!d->min.len || slice_is(d->min, "1"));
}

static struct held cell_of(
	struct looking *l, struct known *k, size_t at, struct slice text, bool given)
{
	const struct object *col = k->columns[at];
	struct held c = {0};
	struct typed_node *n;

	if (!given || slice_iis(text, "default")) {
		if (!col->column.sequence.n) {
			c.value = pg_unsaid_value(l, &col->column);
		} else if (k->counted && counts_from_one(l, col)) {
			c.value.kind = VALUE_NUMBER;
			c.value.number = (long double)++k->next[at];
		}
		return c;
	}
	n = text.len ? typed_expr(l->arena, text) : NULL;
	if (!n)
		return c;
	c.value = pg_given_value(l, n, col->column.type);
	while (n->kind == NODE_CAST)
		n = n->args[0];
	if (c.value.kind == VALUE_OPAQUE && n->kind == NODE_STRING)
		c.written = n->text;
	return c;
}

/* PRESENT: the same, ABSENT: another, UNKNOWN. Neither is NULL. */
static enum presence same(const struct held *a, const struct held *b)
{
	bool is = false;

	if (a->written.len && b->written.len) {
		return slice_eq(a->written, b->written) ? PRESENT : UNKNOWN;
	}
	if (a->value.kind != b->value.kind)
		return UNKNOWN;
	switch (a->value.kind) {
	case VALUE_OPAQUE:
	case VALUE_NULL:
		return UNKNOWN;
	case VALUE_BOOL:
		is = a->value.truth == b->value.truth;
		break;
	case VALUE_NUMBER:
	case VALUE_TIME:
		is = a->value.number == b->value.number;
		break;
	case VALUE_TEXT:
		is = slice_eq(a->value.text, b->value.text);
		break;
	}
	return is ? PRESENT : ABSENT;
}

/* ---- Rows ---- */
static void begin(struct looking *l, struct known *k, const struct object *table)
{
	*k = (struct known){.table = table};
	k->columns = ARENA_ARRAY(l->arena, table->nparts + 1, const struct object *);
	k->next = ARENA_ARRAY(l->arena, table->nparts + 1, long long);
	for (size_t i = 0; i < table->nparts; i++) {
		if (table->parts[i]->type != OBJECT_COLUMN)
			continue;
		names_add(l->arena, &k->names, table->parts[i]->name);
		k->next[k->ncolumns] = 0;
		k->columns[k->ncolumns++] = table->parts[i];
	}
}

static size_t place(struct names names, struct slice column)
{
	for (size_t i = 0; i < names.n; i++)
		if (slice_eq(names.at[i], column))
			return i;
	return SIZE_MAX;
}

static void add_rows(struct looking *l, struct known *k, const struct pg_values *v,
	struct names columns, size_t most)
{
	for (size_t r = 0; r < v->n && k->n < most; r++) {
		struct held *row = ARENA_ARRAY(l->arena, k->ncolumns + 1, struct held);

		for (size_t i = 0; i < k->ncolumns; i++) {
			size_t at = columns.n ? place(columns, k->names.at[i]) : i;
			bool given = at < v->rows[r].n;

			row[i] = cell_of(l, k, i, given ? v->rows[r].at[at] : SLICE_NONE, given);
		}
		*ARENA_PUSH(l->arena, k->rows, k->n) = row;
	}
	k->whole = k->whole && k->n < most;
}

/* What triggers may fill in is not what the statement says. */
static void forget_filled(struct looking *l, struct known *k, size_t from, const char *event)
{
	for (size_t i = 0; object_fills_rows(k->table, event) && i < k->ncolumns; i++)
		for (size_t r = from; pg_fills(l, k->table, event, k->names.at[i]) && r < k->n; r++)
			k->rows[r][i] = (struct held){0};
}

static void add_note(struct looking *l, struct known *k, const struct rows_written *w)
{
	struct change c = {.kind = CHANGE_INSERT, .list = w->columns};
	struct statement st = {.text = w->text, .raw = w->text};
	struct looking inner = *l;
	struct pg_values v;
	size_t before;

	inner.change = &c;
	inner.statement = &st;
	if (w->filled && pg_fills(l, k->table, "insert", SLICE_NONE)) {
		k->whole = k->counted = k->new_in_tx = false;
		return;
	}
	v = pg_values_of(&inner);
	k->whole = k->whole && v.n;
	k->counted = k->counted && v.n;
	before = k->n;
	add_rows(l, k, &v, w->columns, ROWS_MAX);
	if (w->filled)
		forget_filled(l, k, before, "insert");
}

/* What the history left in the table. */
static void known_rows(struct looking *l, const struct object *table, struct known *k)
{
	const struct rows_written *w, *notes[512];
	unsigned long long epoch, numbers;
	bool sure;
	size_t n = 0;

	begin(l, k, table);
	w = catalog_written(l->catalog, table, &sure, &numbers);
	if (!w || !sure || table->tainted || k->ncolumns > COLUMNS_MAX)
		return;
	epoch = w->epoch;
	for (; w && n < sizeof notes / sizeof *notes && w->epoch == epoch; w = w->before)
		notes[n++] = w;
	k->whole = w == NULL && notes[n - 1]->ends && notes[n - 1]->none;
	k->counted = k->whole && !notes[n - 1]->used && notes[n - 1]->numbers == numbers;
	k->new_in_tx = k->whole && l->session->in_tx && table->born_tx == l->session->tx;
	while (n--) {
		if (notes[n]->text.len)
			add_note(l, k, notes[n]);
		else if (!notes[n]->ends)
			k->whole = k->counted = k->new_in_tx = false;
	}
}

/* ---- Keys ---- */

/* A unique index: its keys and its condition, evaluated over rows. */
struct unique {
	const struct object *index;
	struct typed_node **keys;
	struct typed_node *predicate;
	size_t n;
};

static bool unique_of(
	struct looking *l, const struct known *k, const struct object *p, struct unique *u)
{
	const struct expr *e = &p->index.predicate;

	if (p->type != OBJECT_INDEX || !(p->index.unique || p->index.primary) || p->index.invalid)
		return false;
	*u = (struct unique){.index = p};
	u->keys = ARENA_ARRAY(l->arena, p->index.keys.n + 1, struct typed_node *);
	for (size_t i = 0; i < p->index.keys.n; i++) {
		struct slice plain = key_plain(p->index.keys.at[i]);
		size_t at = place(k->names, plain);
		struct typed_node *n;

		if (plain.len && at != SIZE_MAX) {
			n = ARENA_NEW(l->arena, struct typed_node);
			*n = (struct typed_node){.kind = NODE_COLUMN, .text = plain};
		} else {
			n = typed_expr(l->arena, p->index.keys.at[i]);
		}
		if (!n)
			return false;
		u->keys[u->n++] = n;
	}
	if (e->text.len || e->normal.len) {
		u->predicate = typed_expr(l->arena, e->text.len ? e->text : e->normal);
		if (!u->predicate)
			return false;
	}
	return u->n > 0;
}

static struct typed_row as_row(struct looking *l, const struct known *k, const struct held *cells)
{
	struct typed_row row = {.columns = k->names};

	row.values = ARENA_ARRAY(l->arena, k->ncolumns + 1, struct value);
	for (size_t i = 0; i < k->ncolumns; i++)
		row.values[i] = cells[i].value;
	return row;
}

static struct held key_cell(struct looking *l, const struct known *k, const struct held *cells,
	const struct unique *u, size_t i)
{
	struct typed_row row;
	struct held c = {0};
	size_t at = u->keys[i]->kind == NODE_COLUMN ? place(k->names, u->keys[i]->text) : SIZE_MAX;

	if (at != SIZE_MAX)
		return cells[at];
	row = as_row(l, k, cells);
	c.value = typed_value(l, &row, u->keys[i]);
	return c;
}

static bool is_in_index(
	struct looking *l, const struct known *k, const struct held *cells, const struct unique *u)
{
	struct typed_row row;
	struct value v;

	if (!u->predicate)
		return true;
	row = as_row(l, k, cells);
	v = typed_value(l, &row, u->predicate);
	return v.kind == VALUE_BOOL && v.truth;
}

static bool meet(struct looking *l, const struct known *k, const struct unique *u,
	const struct held *a, const struct held *b)
{
	for (size_t i = 0; i < u->n; i++) {
		struct held x = key_cell(l, k, a, u, i), y = key_cell(l, k, b, u, i);
		bool nulls = x.value.kind == VALUE_NULL && y.value.kind == VALUE_NULL;

		if (nulls && u->index->index.nulls_not_distinct)
			continue;
		if (same(&x, &y) != PRESENT)
			return false;
	}
	return is_in_index(l, k, a, u) && is_in_index(l, k, b, u);
}

/* Is ON CONFLICT about this index? */
static bool is_arbiter(struct looking *l, const struct unique *u)
{
	struct slice on = pg_in_brackets(l->statement->text, "on conflict"), item;
	size_t n = 0;

	if (slice_ifind(l->statement->text, SL("on conflict on constraint")) != SIZE_MAX)
		return slice_ifind(l->statement->text, u->index->name) != SIZE_MAX;
	while (slice_next(&on, ',', &item)) {
		if (!names_has(u->index->index.keys, slice_trim(item)))
			return false;
		n++;
	}
	return n == u->n;
}

static void meets_rows(
	struct looking *l, const struct known *old, const struct known *own, const struct unique *u)
{
	bool update = pg_does_update(l), conflict = l->change->flags & CHANGE_ON_CONFLICT;
	bool skips = conflict && !update, arbiter = conflict && update && is_arbiter(l, u);

	if (skips || (conflict && !arbiter) || u->index->index.not_ready)
		return;
	for (size_t i = 0; i < own->n; i++) {
		for (size_t j = 0; j < i; j++)
			if (meet(l, own, u, own->rows[i], own->rows[j])) {
				pg_fails(l,
					arbiter ? "two of its rows meet in \"%.*s\""
						: "two of its rows have the same key in \"%.*s\"",
					SLICE(u->index->name));
				return;
			}
		for (size_t j = 0; !arbiter && j < old->n; j++)
			if (meet(l, own, u, own->rows[i], old->rows[j])) {
				pg_fails(l, "the history has inserted that key of \"%.*s\" already",
					SLICE(u->index->name));
				return;
			}
	}
}

/* ---- Foreign keys ---- */

/* The row that a key points at: among these? */
static enum presence points_at(const struct known *parent, const struct known *own,
	const struct held *row, const struct constraint_def *d, struct names ref)
{
	enum presence any = ABSENT;

	for (size_t r = 0; r < parent->n && any != PRESENT; r++) {
		enum presence all = PRESENT;

		for (size_t i = 0; i < d->columns.n && all != ABSENT; i++) {
			size_t from = place(own->names, d->columns.at[i]);
			size_t to = i < ref.n ? place(parent->names, ref.at[i]) : SIZE_MAX;
			enum presence is;

			if (from == SIZE_MAX || to == SIZE_MAX)
				return UNKNOWN;
			is = same(&row[from], &parent->rows[r][to]);
			all = is == ABSENT ? ABSENT : is == UNKNOWN ? UNKNOWN : all;
		}
		any = all == PRESENT ? PRESENT : all == UNKNOWN ? UNKNOWN : any;
	}
	return any;
}

static bool has_null(const struct known *own, const struct held *row, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		size_t at = place(own->names, columns.at[i]);

		if (at == SIZE_MAX || row[at].value.kind == VALUE_NULL)
			return true;
	}
	return false;
}

static struct names primary_columns(const struct object *table)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(table->parts[i]->constraint.kind, "primary key"))
			return table->parts[i]->constraint.columns;
	return (struct names){0};
}

static void parent_missing(struct looking *l, const struct relation *r, const struct known *own,
	const struct constraint_def *d)
{
	struct relation to = pg_relation(l, d->ref_table, OBJECT_TABLE);
	struct names ref = d->ref_columns;
	struct known parent;

	if (!to.object || d->not_enforced || (d->deferred && l->session->in_tx))
		return;
	if (!ref.n)
		ref = primary_columns(to.object);
	known_rows(l, to.object, &parent);
	if (!parent.whole)
		return;
	for (size_t i = 0; i < own->n; i++) {
		if (has_null(own, own->rows[i], d->columns) ||
			points_at(&parent, own, own->rows[i], d, ref) != ABSENT)
			continue;
		if (to.object == r->object && points_at(own, own, own->rows[i], d, ref) != ABSENT)
			continue;
		if (parent.new_in_tx)
			pg_fails(l, "there is no such row in \"%.*s\"", SLICE(to.name.name));
		else
			pg_may_fail(l, "the history has put no such row into \"%.*s\"",
				SLICE(to.name.name));
		return;
	}
}

/* ---- What is asked ---- */
static bool has_keys(const struct object *table)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if ((p->type == OBJECT_INDEX && p->index.unique) ||
			(p->type == OBJECT_CONSTRAINT &&
				slice_is(p->constraint.kind, "foreign key")))
			return true;
	}
	return false;
}

static void all_keys(struct looking *l, const struct relation *r, const struct known *old,
	const struct known *own)
{
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		struct unique u;

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "foreign key"))
			parent_missing(l, r, own, &p->constraint);
		else if (unique_of(l, own, p, &u))
			meets_rows(l, old, own, &u);
	}
}

void pg_known_insert(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	struct known old, own;

	if (!r->object || r->type != OBJECT_TABLE || !v->n || r->object->tainted ||
		!has_keys(r->object) || pg_fills(l, r->object, "insert", SLICE_NONE))
		return;
	known_rows(l, r->object, &old);
	if (old.ncolumns > COLUMNS_MAX)
		return;
	begin(l, &own, r->object);
	own.counted = old.counted;
	own.next = old.next;
	add_rows(l, &own, v, l->change->list, OWN_MAX);
	forget_filled(l, &own, 0, "insert");
	all_keys(l, r, &old, &own);
}

/* UPDATE … SET key = 'constant' of all rows, or of one to what another has. */
static void set_keys(struct looking *l, const struct relation *r, const struct known *old,
	const struct known *own)
{
	bool all = !(l->change->flags & CHANGE_HAS_WHERE);

	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		bool set = true;
		struct unique u;

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "foreign key")) {
			for (size_t c = 0; c < p->constraint.columns.n; c++)
				set = set &&
				      names_has(l->change->list, p->constraint.columns.at[c]);
			if (set)
				parent_missing(l, r, own, &p->constraint);
			continue;
		}
		if (!all || !unique_of(l, own, p, &u) || u.predicate)
			continue;
		for (size_t c = 0; c < p->index.keys.n; c++)
			set = set && names_has(l->change->list, key_plain(p->index.keys.at[c]));
		if (!set || !meet(l, own, &u, own->rows[0], own->rows[0]))
			continue;
		if (!old->whole)
			pg_may_fail(
				l, "all rows would have the same key in \"%.*s\"", SLICE(p->name));
	}
}

/* The row that SET makes; what it does not set is not known. */
static void set_row(struct looking *l, struct known *own, const struct typed_dml *d)
{
	struct held *row = ARENA_ARRAY(l->arena, own->ncolumns + 1, struct held);

	for (size_t i = 0; i < own->ncolumns; i++) {
		size_t at = place(d->columns, own->names.at[i]);

		row[i] = (struct held){0};
		if (at >= d->nvalues || d->values[at]->kind == NODE_DEFAULT)
			continue;
		row[i].value = pg_given_value(l, d->values[at], own->columns[i]->column.type);
		if (row[i].value.kind == VALUE_OPAQUE && d->values[at]->kind == NODE_STRING)
			row[i].written = d->values[at]->text;
	}
	*ARENA_PUSH(l->arena, own->rows, own->n) = row;
}

/* ---- UPDATE of the rows that are known ---- */
static struct held *set_in_row(
	struct looking *l, const struct known *k, const struct typed_dml *d, const struct held *was)
{
	struct held *row = ARENA_ARRAY(l->arena, k->ncolumns + 1, struct held);
	struct typed_row values = as_row(l, k, was);

	for (size_t i = 0; i < k->ncolumns; i++) {
		const struct column_def *col = &k->columns[i]->column;
		size_t at = place(d->columns, k->names.at[i]);

		row[i] = was[i];
		if (col->generated.len)
			row[i] = (struct held){0};
		if (at >= d->nvalues)
			continue;
		row[i] = (struct held){0};
		if (d->values[at]->kind == NODE_DEFAULT)
			row[i].value = pg_unsaid_value(l, col);
		else
			row[i].value = pg_row_value(l, &values, d->values[at], col->type);
	}
	return row;
}

/* Does WHERE take the row? UNKNOWN is not taken for it. */
static enum presence is_taken(
	struct looking *l, const struct known *k, const struct typed_dml *d, const struct held *row)
{
	struct typed_row values;
	struct value v;

	if (d->query.nfrom)
		return UNKNOWN;
	if (!d->query.where)
		return PRESENT;
	values = as_row(l, k, row);
	v = typed_value(l, &values, d->query.where);
	return v.kind == VALUE_OPAQUE            ? UNKNOWN
	       : v.kind == VALUE_BOOL && v.truth ? PRESENT
						 : ABSENT;
}

static bool breaks_check(struct looking *l, const struct known *k, const struct held *row)
{
	for (size_t i = 0; i < k->table->nparts; i++) {
		const struct object *p = k->table->parts[i];
		const struct expr *e = &p->constraint.expression;
		struct typed_row values;
		struct typed_node *n;
		struct value v;

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "check") ||
			p->constraint.not_enforced)
			continue;
		n = typed_expr(l->arena, e->text.len ? e->text : e->normal);
		values = as_row(l, k, row);
		v = n ? typed_value(l, &values, n) : (struct value){0};
		if (v.kind == VALUE_BOOL && !v.truth)
			return true;
	}
	for (size_t i = 0; i < k->ncolumns; i++)
		if (k->columns[i]->column.not_null && row[i].value.kind == VALUE_NULL)
			return true;
	return false;
}

/* One after the other, as they lie: a key is looked for among those that were changed and those
 * that still are as they were. */
static bool meets_another(
	struct looking *l, const struct known *was, const struct known *now, size_t at)
{
	for (size_t i = 0; i < now->table->nparts; i++) {
		const struct object *p = now->table->parts[i];
		struct unique u;

		if (!unique_of(l, now, p, &u))
			continue;
		for (size_t j = 0; j < was->n; j++)
			if (j != at && meet(l, now, &u, now->rows[at],
					       j < at ? now->rows[j] : was->rows[j]))
				return true;
	}
	return false;
}

/* False: a row breaks something. */
static bool update_rows(
	struct looking *l, const struct typed_dml *d, const struct known *was, struct known *now)
{
	begin(l, now, was->table);
	for (size_t i = 0; i < was->n; i++) {
		enum presence taken = is_taken(l, was, d, was->rows[i]);
		struct held *row = was->rows[i];

		if (taken == PRESENT)
			row = set_in_row(l, was, d, row);
		else if (taken == UNKNOWN)
			row = ARENA_ARRAY(l->arena, was->ncolumns + 1, struct held);
		if (taken == UNKNOWN)
			memset(row, 0, was->ncolumns * sizeof *row);
		*ARENA_PUSH(l->arena, now->rows, now->n) = row;
		if (taken != PRESENT)
			continue;
		for (size_t c = 0; c < was->ncolumns; c++)
			if (place(d->columns, was->names.at[c]) != SIZE_MAX &&
				object_fills_rows(was->table, "update") &&
				pg_fills(l, was->table, "update", was->names.at[c]))
				row[c] = (struct held){0};
		if (breaks_check(l, now, row) || meets_another(l, was, now, i))
			return false;
	}
	return true;
}

static void update_known(struct looking *l, const struct typed_dml *d, const struct known *old)
{
	struct known now, then;

	if (!old->n || d->query.nwith)
		return;
	if (!update_rows(l, d, old, &now))
		pg_fails(l, "a row that the history has inserted would break a constraint");
	else if (!update_rows(l, d, &now, &then))
		l->rerun = RERUN_FAILS;
}

void pg_known_update(struct looking *l, const struct relation *r, const struct typed_dml *d)
{
	struct known old, own;

	if (!r->object || r->type != OBJECT_TABLE || r->object->tainted ||
		pg_fills(l, r->object, "update", SLICE_NONE))
		return;
	known_rows(l, r->object, &old);
	if (old.ncolumns > COLUMNS_MAX)
		return;
	update_known(l, d, &old);
	if (!has_keys(r->object) || l->out->outcome == OUTCOME_FAILS)
		return;
	begin(l, &own, r->object);
	set_row(l, &own, d);
	forget_filled(l, &own, 0, "update");
	set_keys(l, r, &old, &own);
}
