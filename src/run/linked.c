/* linked.c - what foreign keys do to other tables, kept as well.
 *
 * From each table whose rows go, ON DELETE CASCADE leads to rows that go too, and SET NULL and SET
 * DEFAULT to values that change; from values that change ON UPDATE leads on. As long as each table
 * is reached once, exactly those rows are kept: those that point at what goes. Where one is reached
 * on two ways (or points at itself), what is kept of it are all rows. */
#include "run/archive_internal.h"

#include "base/buf.h"
#include "sql/quote.h"

#include <stdint.h>

/* Values of a table that will be changed. */
struct cleared {
	struct kept_table table;
	struct names columns;
	struct slice where;
	bool nulled; /* by SET NULL, and nothing else */
	bool stays;  /* not kept: what is put back in the table it points at brings it along */
};
struct linking {
	struct archiver *k;
	const struct step *step;
	size_t begin;
	bool whole; /* all rows of what is reached */
	bool twice; /* a table was reached on two ways: once more, with `whole` */
	bool later; /* it can be put back only when the migration is through */
	struct cleared *v;
	size_t n;
	struct err *err;
};
/* Rows that go, or change. */
struct going {
	struct name table;
	struct slice relation, where; /* where empty: all of them */
};

static struct going source_of(const struct linking *l, const struct archive *r)
{
	struct going s = {.table = r->table};

	if (!l->whole) {
		s.relation = r->relation;
		s.where = r->where;
	}
	return s;
}

/* Rows of the child that point at them. */
static struct slice pointing(
	const struct linking *l, const struct kept_link *link, const struct going *s)
{
	enum dialect d = l->k->conn->id.dialect;
	struct buf b = {0};
	struct slice out;

	if (s->where.len) {
		for (size_t i = 0; i < link->columns.n; i++)
			sqlf(&b, d, i ? ", %I" : "(%I", link->columns.at[i]);
		for (size_t i = 0; i < link->refs.n; i++)
			sqlf(&b, d, i ? ", %I" : ") IN (SELECT %I", link->refs.at[i]);
		buf_adds(&b, " FROM ");
		if (s->relation.len)
			buf_add(&b, s->relation);
		else
			sqlf(&b, d, "%N", s->table.schema, s->table.name);
		buf_printf(&b, " WHERE (%.*s\n))", SLICE(s->where));
	}
	for (size_t i = 0; !s->where.len && i < link->columns.n; i++)
		sqlf(&b, d, i ? " AND %I IS NOT NULL" : "%I IS NOT NULL", link->columns.at[i]);
	out = arena_slice(l->k->arena, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* Rows of this table are kept for this step already; SIZE_MAX = not. */
static size_t kept_rows(const struct linking *l, struct name t)
{
	for (size_t i = l->begin; i < l->k->n; i++)
		if ((l->k->at[i].kind == ARCHIVE_ROWS || l->k->at[i].kind == ARCHIVE_TABLE) &&
			name_eq(l->k->at[i].table, t))
			return i;
	return SIZE_MAX;
}

/* ---- Rows that go ---- */

static bool goes_along(struct linking *l, const struct kept_link *link, const struct going *s)
{
	struct archiver *k = l->k;
	size_t at = kept_rows(l, link->child);
	struct kept_table t = {0};
	struct archive *r;
	bool found;

	if (at != SIZE_MAX && k->at[at].where.len) {
		l->twice = true;
		k->at[at].where = SLICE_NONE;
		k->at[at].relation = SLICE_NONE;
		k->at[at].companion = true;
		return k->at[at].source.key.n > 0 || archive_no_key(&k->at[at], l->err);
	}
	if (at != SIZE_MAX)
		return true;
	if (!k->conn->engine->keep->table(k->conn, k->arena, link->child, &found, &t, l->err))
		return false;
	if (!found)
		return true;
	r = archive_add(k, l->step, ARCHIVE_ROWS, &t, archive_table_words(k, t.name), SLICE_NONE);
	r->companion = true;
	if (!l->whole)
		r->where = pointing(l, link, s);
	return t.key.n > 0 || r->where.len || archive_no_key(r, l->err);
}

/* ---- Values that change ---- */

static void add_names(struct linking *l, struct names *out, struct names more)
{
	for (size_t i = 0; i < more.n; i++)
		if (!names_has(*out, more.at[i]))
			names_add(l->k->arena, out, more.at[i]);
}

static bool changes(struct linking *l, const struct kept_link *link, struct names columns,
	enum link_action action, const struct going *s)
{
	struct slice where = pointing(l, link, s);
	/* Where foreign keys are at work while it is put back. */
	bool stays = action == LINK_CASCADE && l->k->conn->id.dialect == DIALECT_POSTGRES, found;
	struct cleared *c = NULL;

	for (size_t i = 0; i < l->n; i++)
		if (name_eq(l->v[i].table.name, link->child))
			c = &l->v[i];
	if (c) {
		add_names(l, &c->columns, columns);
		c->where = arena_printf(
			l->k->arena, "(%.*s) OR (%.*s)", SLICE(c->where), SLICE(where));
		c->nulled &= action == LINK_SET_NULL;
		c->stays &= stays;
		return true;
	}
	c = ARENA_PUSH(l->k->arena, l->v, l->n);
	*c = (struct cleared){.where = where, .nulled = action == LINK_SET_NULL, .stays = stays};
	add_names(l, &c->columns, columns);
	if (!l->k->conn->engine->keep->table(
		    l->k->conn, l->k->arena, link->child, &found, &c->table, l->err))
		return false;
	l->n -= !found;
	return true;
}

/* ---- The walk ---- */

static bool follow_gone(struct linking *l, const struct going *s)
{
	struct kept_link *v = NULL;
	size_t n;

	if (!l->k->conn->engine->keep->links(l->k->conn, l->k->arena, s->table, &v, &n, l->err))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool ok = true;

		switch (v[i].on_delete) {
		case LINK_NOTHING:
			break;
		case LINK_CASCADE:
			ok = goes_along(l, &v[i], s);
			break;
		case LINK_SET_NULL:
		case LINK_SET_DEFAULT:
			ok = changes(l, &v[i], v[i].cleared, v[i].on_delete, s);
			break;
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool any_of(struct names a, struct names b)
{
	for (size_t i = 0; i < a.n; i++)
		for (size_t k = 0; k < b.n; k++)
			if (slice_ieq(a.at[i], b.at[k]))
				return true;
	return false;
}

static bool follow_changed(struct linking *l, const struct going *s, struct names columns)
{
	struct kept_link *v = NULL;
	size_t n;

	if (!l->k->conn->engine->keep->links(l->k->conn, l->k->arena, s->table, &v, &n, l->err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (v[i].on_update != LINK_NOTHING && any_of(v[i].refs, columns) &&
			!changes(l, &v[i], v[i].columns, v[i].on_update, s))
			return false;
	return true;
}

static bool has_delete(const struct change *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c[i].kind == CHANGE_DELETE || has_delete(c[i].inner, c[i].ninner))
			return true;
	return false;
}

/* SQLite deletes the rows of a table that it drops, and of one whose rows were copied into another
 * that takes its place. */
static bool follow_dropped(struct linking *l)
{
	const struct statement *st = l->step->statement;

	for (size_t i = 0; i < st->nchanges; i++) {
		struct kept_table t = {0};
		bool found = false;

		if (st->changes[i].kind != CHANGE_DROP_TABLE)
			continue;
		if (!l->k->conn->engine->keep->table(
			    l->k->conn, l->k->arena, st->changes[i].target, &found, &t, l->err))
			return false;
		if (found && !follow_gone(l, &(struct going){.table = t.name}))
			return false;
		/* Until the other has taken its place, nothing can be put back behind it. */
		l->later |= found && kept_rows(l, t.name) == SIZE_MAX;
	}
	return true;
}

static bool walk(struct linking *l)
{
	struct archiver *k = l->k;
	bool deletes = k->conn->id.dialect == DIALECT_SQLITE ||
		       has_delete(l->step->statement->changes, l->step->statement->nchanges);

	l->twice = false;
	l->n = 0;
	if (k->conn->id.dialect == DIALECT_SQLITE && !follow_dropped(l))
		return false;
	for (size_t i = l->begin; i < k->n; i++) {
		struct going s = source_of(l, &k->at[i]);

		if (k->at[i].kind == ARCHIVE_ROWS && (deletes || k->at[i].companion) &&
			!follow_gone(l, &s))
			return false;
		if (k->at[i].kind == ARCHIVE_VALUES && !follow_changed(l, &s, k->at[i].changed))
			return false;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct going s = {.table = l->v[i].table.name};

		if (!follow_changed(l, &s, l->v[i].columns))
			return false;
	}
	return true;
}

static bool keep_values(struct linking *l, const struct cleared *c)
{
	struct archiver *k = l->k;
	size_t rows = kept_rows(l, c->table.name);
	struct archive *r;

	/* All of its rows come back with these values. */
	if (c->stays || (rows != SIZE_MAX && k->at[rows].kind == ARCHIVE_TABLE))
		return true;
	r = archive_add(k, l->step, ARCHIVE_VALUES, &c->table,
		archive_table_words(k, c->table.name), SLICE_NONE);
	r->companion = true;
	r->changed = c->columns;
	r->where = c->where;
	if (any_of(c->table.key, c->columns)) {
		err_set(l->err, ERR_REFUSED,
			"cannot keep what a foreign key changes in %.*s: it is part of the key "
			"there",
			SLICE(r->object));
		return err_hint(l->err, "Nothing was done. --backup=whole keeps the whole "
					"database in a file.");
	}
	if (!archive_find_by(k, r, l->err))
		return false;
	r->only_null = c->nulled && !r->by_row;
	return true;
}

bool archive_linked(struct archiver *k, const struct step *s, size_t begin, struct err *err)
{
	struct linking l = {.k = k, .step = s, .begin = begin, .err = err};
	size_t own = k->n;
	long long ordinal = k->ordinal;

	if (!walk(&l))
		return false;
	if (l.twice) {
		k->n = own;
		k->ordinal = ordinal;
		l.whole = true;
		if (!walk(&l))
			return false;
	}
	for (size_t i = 0; i < l.n; i++)
		if (!keep_values(&l, &l.v[i]))
			return false;
	for (size_t i = begin; i < k->n; i++)
		k->at[i].later |= l.later;
	return true;
}
