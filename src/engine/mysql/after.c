/* after.c - an ALTER TABLE carried out on a list of parts. */
#include "engine/mysql/after.h"

#include "sql/token.h"

bool my_names_have(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_ieq(n.at[i], s))
			return true;
	return false;
}

const struct after_part *after_find(const struct after *x, enum object_type type, struct slice name)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].type == type && !x->v[i].gone && slice_ieq(x->v[i].name, name))
			return &x->v[i];
	return NULL;
}

bool after_is_primary(const struct after_part *p)
{
	const struct object *o = p->will ? p->will : p->was;

	return p->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key");
}

bool my_mentions(struct arena *a, enum dialect d, struct slice text, struct slice column)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, d, text);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		if ((t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) &&
			slice_ieq(token_value(a, d, t), column) &&
			!(t.kind == TOKEN_WORD && token_punct(lexer_peek(&l), "(")))
			return true;
	return false;
}

struct altering {
	struct arena *a;
	const struct my_dialect *d;
	const struct object *t;
	struct after *x;
};

static struct after_part *find(struct altering *s, enum object_type type, struct slice name)
{
	return (struct after_part *)after_find(s->x, type, name);
}

static struct names columns_of(const struct object *o)
{
	if (o->type == OBJECT_INDEX)
		return o->index.columns;
	return o->type == OBJECT_CONSTRAINT ? o->constraint.columns : (struct names){0};
}

static bool is_check(const struct object *o)
{
	return o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "check");
}

/* The columns of the table that a check looks at. */
static struct names columns_checked(struct altering *s, const struct object *o)
{
	struct slice text = o->constraint.expression.normal.len ? o->constraint.expression.normal
								: o->constraint.expression.text;
	struct names out = {0};

	for (size_t i = 0; i < s->t->nparts; i++)
		if (s->t->parts[i]->type == OBJECT_COLUMN &&
			my_mentions(s->a, s->d->dialect, text, s->t->parts[i]->name))
			names_add(s->a, &out, s->t->parts[i]->name);
	return out;
}

static bool drops_column(const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_DROP_COLUMN)
			return true;
	return false;
}

static void begin(struct altering *s, const struct statement *st)
{
	bool drops = drops_column(st);
	size_t place = 0;

	for (size_t i = 0; s->t && i < s->t->nparts; i++) {
		const struct object *o = s->t->parts[i];

		if (o->type == OBJECT_INDEX && slice_iis(o->name, "primary"))
			continue; /* the constraint stands for it */
		*ARENA_PUSH(s->a, s->x->v, s->x->n) = (struct after_part){.type = o->type,
			.name = o->name,
			.was = o,
			.columns = drops && is_check(o) ? columns_checked(s, o) : columns_of(o),
			.place = o->type == OBJECT_COLUMN ? ++place : 0};
	}
}

/* ---- columns ---- */

static size_t index_of(const struct altering *s, const struct after_part *p)
{
	return (size_t)(p - s->x->v);
}

/* FIRST, AFTER x: `from` moves there. Columns stand among other parts; only their order counts. */
static void move(struct altering *s, size_t from, struct names where)
{
	struct after_part part = s->x->v[from];
	const struct after_part *behind;
	size_t to = 0;

	if (where.n == 0)
		return;
	if (slice_starts(where.at[0], "AFTER ")) {
		behind = after_find(s->x, OBJECT_COLUMN, slice_from(where.at[0], 6));
		if (!behind)
			return;
		to = index_of(s, behind) + 1;
	}
	if (to > from)
		to--;
	if (to < from)
		memmove(&s->x->v[to + 1], &s->x->v[to], (from - to) * sizeof part);
	else
		memmove(&s->x->v[from], &s->x->v[from + 1], (to - from) * sizeof part);
	s->x->v[to] = part;
}

static void add_column(struct altering *s, const struct change *ch)
{
	*ARENA_PUSH(s->a, s->x->v, s->x->n) = (struct after_part){
		.type = OBJECT_COLUMN, .name = ch->name, .will = ch->def, .by = ch};
	move(s, s->x->n - 1, ch->list);
}

static struct names without(struct altering *s, struct names n, struct slice column)
{
	struct names out = {0};

	for (size_t i = 0; i < n.n; i++)
		if (!slice_ieq(n.at[i], column))
			names_add(s->a, &out, n.at[i]);
	return out;
}

static bool is_foreign(const struct after_part *p)
{
	const struct object *o = p->will ? p->will : p->was;

	return p->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "foreign key");
}

/* UNIQUE (room, stay WITHOUT OVERLAPS): the period alone is no key. */
static bool is_over_period(const struct after_part *p)
{
	const struct object *o = p->will ? p->will : p->was;

	return p->type == OBJECT_INDEX && !p->implied && o->index.keys.n &&
	       slice_ends(o->index.keys.at[o->index.keys.n - 1], " WITHOUT OVERLAPS");
}

/* An index goes with its last column. A check goes with its only column; one over others stays, as
 * a foreign key does, and the server refuses. */
static void drop_column(struct altering *s, const struct change *ch)
{
	struct after_part *column = find(s, OBJECT_COLUMN, ch->name);

	if (!column)
		return;
	column->gone = true;
	column->by = ch;
	for (size_t i = 0; i < s->x->n; i++) {
		struct after_part *p = &s->x->v[i];

		if (p->gone || is_foreign(p) || !my_names_have(p->columns, ch->name))
			continue;
		p->columns = without(s, p->columns, ch->name);
		p->by = ch;
		if (p->columns.n == (is_over_period(p) ? 1 : 0))
			p->gone = true;
		else
			p->shrunk = p->type == OBJECT_INDEX || after_is_primary(p);
	}
}

static void rename_column(
	struct altering *s, const struct change *first, const struct change *ch, struct slice to)
{
	struct after_part *column = NULL;

	(void)first;
	for (size_t i = 0; i < s->x->n; i++) /* all renames of a statement happen at once */
		if (s->x->v[i].type == OBJECT_COLUMN && !s->x->v[i].gone && s->x->v[i].was &&
			slice_ieq(s->x->v[i].was->name, ch->name))
			column = &s->x->v[i];
	if (!column)
		return;
	column->name = to;
	column->by = ch;
	for (size_t i = 0; i < s->x->n; i++) {
		struct after_part *p = &s->x->v[i];
		struct names renamed = {0};

		if (!my_names_have(p->columns, ch->name))
			continue;
		for (size_t k = 0; k < p->columns.n; k++)
			names_add(s->a, &renamed,
				slice_ieq(p->columns.at[k], ch->name) ? to : p->columns.at[k]);
		p->columns = renamed;
	}
}

static void modify_column(struct altering *s, const struct change *first, const struct change *ch)
{
	struct after_part *column = find(s, OBJECT_COLUMN, ch->name);

	if (!column)
		return;
	column->will = ch->def;
	column->by = ch;
	move(s, index_of(s, column), ch->list);
	if (!slice_empty(ch->other.name) && !slice_eq(ch->other.name, ch->name))
		rename_column(s, first, ch, ch->other.name);
}

/* ---- keys ---- */

/* Unnamed indexes are called like their first column, then with _2, _3 … */
static struct slice free_name(struct altering *s, struct names columns)
{
	struct slice stem = columns.n ? columns.at[0] : SL("functional_index"), name = stem;

	for (unsigned n = 2; after_find(s->x, OBJECT_INDEX, name) || slice_iis(name, "primary");
		n++)
		name = arena_printf(s->a, "%.*s_%u", SLICE(stem), n);
	return name;
}

/* An index that a foreign key brought along goes when another serves the key. */
static void replace_implied(struct altering *s, struct names columns)
{
	for (size_t i = 0; i < s->x->n; i++) {
		struct after_part *p = &s->x->v[i];
		size_t k = 0;
		bool implied = false;

		for (size_t j = 0; j < s->x->n && p->type == OBJECT_INDEX && p->was; j++)
			implied |= p->was->generated_name && s->x->v[j].was &&
				   is_foreign(&s->x->v[j]) &&
				   slice_ieq(s->x->v[j].was->name, p->name);
		while (k < p->columns.n && k < columns.n &&
			slice_ieq(p->columns.at[k], columns.at[k]))
			k++;
		if (implied && !p->gone && k == p->columns.n)
			p->gone = true;
	}
}

static void add_index(struct altering *s, const struct change *ch)
{
	replace_implied(s, ch->def->index.columns);
	*ARENA_PUSH(s->a, s->x->v, s->x->n) = (struct after_part){.type = OBJECT_INDEX,
		.name = ch->name.len ? ch->name : free_name(s, ch->def->index.columns),
		.will = ch->def,
		.by = ch,
		.columns = ch->def->index.columns};
}

static bool serves(const struct after_part *p, struct names columns)
{
	const struct object *o = p->will ? p->will : p->was;
	size_t k = 0;

	/* Behind an implied index stands the foreign key's definition. */
	if (p->gone || (p->type != OBJECT_INDEX && !after_is_primary(p)) ||
		(p->type == OBJECT_INDEX && !p->implied && !slice_empty(o->index.method) &&
			!slice_is(o->index.method, "btree")))
		return false;
	while (k < columns.n && k < p->columns.n && slice_ieq(p->columns.at[k], columns.at[k]))
		k++;
	return k == columns.n;
}

/* <table>_ibfk_N, one above the highest in use; MariaDB's checks CONSTRAINT_N, MySQL's
 * <table>_chk_N. */
static struct slice constraint_name(struct altering *s, const struct change *ch)
{
	bool check = slice_is(ch->def->constraint.kind, "check");
	struct slice head = check && is_mariadb(s->d)
				    ? SL("CONSTRAINT_")
				    : arena_printf(s->a, "%.*s_%s_", SLICE(ch->target.name),
					      check ? "chk" : "ibfk");
	unsigned long long highest = 0, n;

	for (size_t i = 0; i < s->x->n; i++) {
		struct slice name = s->x->v[i].name;

		if (s->x->v[i].type == OBJECT_CONSTRAINT && name.len > head.len &&
			slice_ieq(slice_sub(name, 0, head.len), head) &&
			slice_u64(slice_from(name, head.len), &n) && n > highest)
			highest = n;
	}
	return arena_printf(s->a, "%.*s%llu", SLICE(head), highest + 1);
}

/* A check that is written beside a column of its name. */
static bool is_beside(const struct change *first, const struct change *ch)
{
	return ch > first && ch[-1].def && ch[-1].def->type == OBJECT_COLUMN &&
	       slice_ieq(ch[-1].def->name, ch->name);
}

static void add_constraint(struct altering *s, const struct change *first, const struct change *ch)
{
	const struct object *def = ch->def;
	bool foreign = slice_is(def->constraint.kind, "foreign key"),
	     primary = slice_is(def->constraint.kind, "primary key");
	struct after_part *old = find(s, OBJECT_CONSTRAINT, ch->name);

	if (old && !primary && !foreign && is_beside(first, ch))
		old->gone = true; /* a column's own check, said again */
	*ARENA_PUSH(s->a, s->x->v, s->x->n) = (struct after_part){.type = OBJECT_CONSTRAINT,
		.name = primary        ? SL("PRIMARY")
			: ch->name.len ? ch->name
				       : constraint_name(s, ch),
		.will = def,
		.by = ch,
		.columns = def->constraint.columns};
	if (!foreign)
		return;
	replace_implied(s, def->constraint.columns);
	for (size_t i = 0; i < s->x->n; i++)
		if (serves(&s->x->v[i], def->constraint.columns))
			return;
	*ARENA_PUSH(s->a, s->x->v, s->x->n) = (struct after_part){.type = OBJECT_INDEX,
		.name = ch->name.len ? ch->name : free_name(s, def->constraint.columns),
		.will = def,
		.by = ch,
		.columns = def->constraint.columns,
		.implied = true};
}

static void drop_named(
	struct altering *s, enum object_type type, struct slice name, const struct change *ch)
{
	struct after_part *p = find(s, type, name);

	if (!p)
		return;
	p->gone = true;
	p->by = ch;
}

static void drop_constraint(struct altering *s, const struct change *ch)
{
	struct slice kind = ch->def ? ch->def->constraint.kind : SLICE_NONE;

	if (slice_is(kind, "primary key"))
		drop_named(s, OBJECT_CONSTRAINT, SL("PRIMARY"), ch);
	else if (find(s, OBJECT_CONSTRAINT, ch->name))
		drop_named(s, OBJECT_CONSTRAINT, ch->name, ch);
	else
		drop_named(s, OBJECT_INDEX, ch->name, ch);
}

static void carry_out(struct altering *s, const struct change *first, const struct change *ch)
{
	struct after_part *p;

	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		if (!(ch->flags & CHANGE_IF_NOT_EXISTS) || !find(s, OBJECT_COLUMN, ch->name))
			add_column(s, ch);
		break;
	case CHANGE_DROP_COLUMN:
		drop_column(s, ch);
		break;
	case CHANGE_MODIFY_COLUMN:
		modify_column(s, first, ch);
		break;
	case CHANGE_RENAME_COLUMN:
		rename_column(s, first, ch, ch->other.name);
		break;
	case CHANGE_CREATE_INDEX:
		if (!(ch->flags & CHANGE_IF_NOT_EXISTS) || !find(s, OBJECT_INDEX, ch->name))
			add_index(s, ch);
		break;
	case CHANGE_DROP_INDEX:
		if (slice_iis(ch->name, "primary"))
			drop_named(s, OBJECT_CONSTRAINT, SL("PRIMARY"), ch);
		else
			drop_named(s, OBJECT_INDEX, ch->name, ch);
		break;
	case CHANGE_ADD_CONSTRAINT:
		if (!(ch->flags & CHANGE_IF_NOT_EXISTS) || !find(s, OBJECT_CONSTRAINT, ch->name))
			add_constraint(s, first, ch);
		break;
	case CHANGE_DROP_CONSTRAINT:
		drop_constraint(s, ch);
		break;
	case CHANGE_RENAME_INDEX:
		p = find(s, OBJECT_INDEX, ch->name);
		if (p) {
			p->name = ch->other.name;
			p->by = ch;
		}
		break;
	default:
		break;
	}
}

static bool same_key(const struct after_part *a, const struct after_part *b)
{
	const struct index_def *x = &a->was->index, *y = &b->will->index;

	if (a->type == OBJECT_CONSTRAINT)
		return after_is_primary(a) && after_is_primary(b) &&
		       names_eq(a->was->constraint.columns, b->will->constraint.columns);
	return x->unique == y->unique && slice_eq(x->method, y->method) &&
	       names_eq(x->columns, y->columns) && names_eq(x->keys, y->keys);
}

static bool is_dropped_by_name(const struct after_part *p)
{
	return p->gone && p->was && p->by &&
	       (p->by->kind == CHANGE_DROP_INDEX || p->by->kind == CHANGE_DROP_CONSTRAINT);
}

/* MariaDB: a primary key that becomes a unique one over the same columns only gets a name. */
static bool is_demoted(const struct after_part *old, const struct after_part *new)
{
	if (!is_dropped_by_name(old) || !after_is_primary(old) || new->gone || new->was ||
		new->type != OBJECT_INDEX || new->implied || !new->will->index.unique ||
		!names_eq(old->was->constraint.columns, new->will->index.columns))
		return false;
	for (size_t i = 0; i < new->will->index.keys.n; i++)
		if (slice_chr(new->will->index.keys.at[i], '(') < new->will->index.keys.at[i].len)
			return false;
	return true;
}

/* A key that is dropped and added with the same definition stays where it is; MySQL sees that of
 * indexes and primary keys that keep their names. */
static bool may_be_twins(
	const struct altering *s, const struct after_part *old, const struct after_part *new)
{
	if (old->type != OBJECT_INDEX && old->type != OBJECT_CONSTRAINT)
		return false;
	return is_mariadb(s->d) || (slice_ieq(old->name, new->name) &&
					   (old->type == OBJECT_INDEX || after_is_primary(old)));
}

static void find_twins(struct altering *s)
{
	for (size_t i = 0; i < s->x->n; i++)
		for (size_t k = 0; k < s->x->n; k++) {
			struct after_part *old = &s->x->v[i], *new = &s->x->v[k];

			if (is_mariadb(s->d) && is_demoted(old, new))
				new->twin = old->twin = true;
			if (old->twin || new->was || new->gone || new->implied ||
				old->type != new->type || !is_dropped_by_name(old) ||
				!may_be_twins(s, old, new) || !same_key(old, new))
				continue;
			new->was = old->was;
			new->twin = old->twin = true;
		}
}

void my_after(struct arena *a, const struct my_dialect *d, const struct object *t,
	const struct statement *st, struct after *out)
{
	struct altering s = {a, d, t, out};

	*out = (struct after){0};
	begin(&s, st);
	/* What is dropped makes room for what is added, wherever in the statement it stands. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < st->nchanges; i++) {
			const struct change *ch = &st->changes[i];
			bool drop = ch->kind == CHANGE_DROP_COLUMN ||
				    ch->kind == CHANGE_DROP_INDEX ||
				    ch->kind == CHANGE_DROP_CONSTRAINT;

			if (drop == (pass == 0))
				carry_out(&s, st->changes, ch);
		}
	if (!is_mariadb(d) && t)
		find_twins(&s);
	else if (t && slice_empty(t->table_.partition_key.text) &&
		 (slice_empty(t->table_.access_method) ||
			 slice_is(t->table_.access_method, "InnoDB")))
		find_twins(&s);
}
