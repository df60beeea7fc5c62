/* follow.c - rows that were kept, and where they belong since their table or columns were renamed.
 *
 * The migration that changed them may have renamed them afterwards. Its own text says so, if it is
 * still the one that ran: the statement that the archive was made for has the same hash. */
#include "run/archive_internal.h"

#include "base/digest.h"
#include "engine/engine.h"

#include <stdint.h>

struct following {
	struct conn *conn;
	struct arena *arena;
	struct name table;
	struct names columns; /* as they are called by now */
	bool moved;
};

static bool same_word(const struct following *f, struct slice a, struct slice b)
{
	return f->conn->id.dialect == DIALECT_POSTGRES ? slice_eq(a, b) : slice_ieq(a, b);
}

static bool is_table(const struct following *f, struct name n)
{
	return same_word(f, n.name, f->table.name) &&
	       (!n.schema.len || !f->table.schema.len || same_word(f, n.schema, f->table.schema));
}

static void rename_column(struct following *f, struct slice from, struct slice to)
{
	for (size_t i = 0; i < f->columns.n; i++)
		if (same_word(f, f->columns.at[i], from)) {
			f->columns.at[i] = to;
			f->moved = true;
		}
}

/* False: the table is gone from here on. */
static bool follow_change(struct following *f, const struct change *c)
{
	if (!is_table(f, c->target))
		return true;
	switch (c->kind) {
	case CHANGE_DROP_TABLE:
		return false;
	case CHANGE_RENAME_TABLE:
		f->table.name = c->other.name;
		if (c->other.schema.len)
			f->table.schema = c->other.schema;
		f->moved = true;
		return true;
	case CHANGE_SET_SCHEMA:
		if (c->type == OBJECT_TABLE) {
			f->table.schema = c->other.schema;
			f->moved = true;
		}
		return true;
	case CHANGE_RENAME_COLUMN:
	case CHANGE_MODIFY_COLUMN:
		if (c->other.name.len)
			rename_column(f, c->name, c->other.name);
		return true;
	default:
		return true;
	}
}

static void follow_from(struct following *f, const struct script *s, size_t begin)
{
	for (size_t i = begin; i < s->n; i++)
		for (size_t k = 0; k < s->at[i].nchanges; k++)
			if (!follow_change(f, &s->at[i].changes[k])) {
				f->moved = false;
				return;
			}
}

/* The statement behind the archive's own; false if the text is not the one that ran. */
static bool begin_of(const struct script *s, const struct archive *r, size_t *begin)
{
	char hash[65];

	for (size_t i = 0; i < s->n; i++) {
		if (s->at[i].index != r->statement)
			continue;
		digest_sha256_hex(s->at[i].raw, hash);
		*begin = i + 1;
		return slice_is(r->hash, hash);
	}
	return false;
}

static bool has_all(const struct following *f, struct names have, struct names want)
{
	for (size_t i = 0; i < want.n; i++) {
		bool found = false;

		for (size_t k = 0; k < have.n && !found; k++)
			found = same_word(f, have.at[k], want.at[i]);
		if (!found)
			return false;
	}
	return true;
}

/* What the journal does not keep is in the words that it does. */
static bool fills_only_null(const struct archive *r)
{
	return r->kind == ARCHIVE_VALUES && slice_find(r->restore, SL("COALESCE(x.")) != SIZE_MAX;
}

/* The archive as if it had been made of the table as it is called now. */
static bool move(struct following *f, struct archive *r, struct err *err)
{
	const struct engine_keep *keep = f->conn->engine->keep;
	struct kept_table t = {0};
	struct archive now = *r;
	bool found;

	if (!keep->table(f->conn, f->arena, r->table, &found, &t, err))
		return false;
	if (found && has_all(f, t.columns, r->columns))
		return true; /* it is there, under the name that it had */
	now.table = f->table;
	if (!keep->table(f->conn, f->arena, f->table, &found, &t, err))
		return false;
	if (!found || !has_all(f, t.columns, f->columns) || !has_all(f, f->columns, t.key) ||
		(r->kind != ARCHIVE_ROWS && !t.key.n))
		return true; /* what is wrong is said when it is put back */
	now.table = t.name;
	now.source = t;
	now.stored_as = r->columns;
	now.columns = f->columns;
	now.only_null = fills_only_null(r);
	if (r->kind == ARCHIVE_COLUMN) {
		now.define = now.after = (struct names){0};
		for (size_t i = 0; i < r->columns.n; i++)
			if (slice_eq(r->columns.at[i], r->part))
				now.part = f->columns.at[i];
	}
	now.restore = archive_restore_words(f->arena, f->conn->id.dialect, &now, NULL, 0);
	*r = now;
	return true;
}

static bool follow_one(
	struct archive *r, const struct script *s, struct conn *c, struct arena *a, struct err *err)
{
	struct following f = {.conn = c, .arena = a, .table = r->table};
	size_t begin;

	if (r->kind == ARCHIVE_TABLE || r->kind == ARCHIVE_WHOLE || !begin_of(s, r, &begin))
		return true;
	for (size_t i = 0; i < r->columns.n; i++)
		names_add(a, &f.columns, r->columns.at[i]);
	follow_from(&f, s, begin);
	return !f.moved || move(&f, r, err);
}

bool archives_follow(struct archive *v, size_t n, const struct project *p, struct conn *c,
	struct arena *a, struct err *err)
{
	struct reader_options o = {.dialect = c->id.dialect, .version = c->id.version};
	const struct migration *m = NULL;
	const struct script_part *part;
	struct reader *reader;
	struct script s = {0};
	bool ok;

	for (size_t i = 0; n && i < p->nmigrations; i++)
		if (slice_eq(p->migrations[i].id, v->migration))
			m = &p->migrations[i];
	part = !m ? NULL : v->direction == DIR_UP ? &m->up : &m->down;
	if (!part || !part->src || m->code)
		return true;
	if (!c->engine->reader_open(&reader, &o, err))
		return false;
	ok = script_read(c->engine, reader, a, part->src, part->off, part->len, &s, err);
	for (size_t i = 0; ok && i < n; i++)
		ok = follow_one(&v[i], &s, c, a, err);
	c->engine->reader_close(reader);
	return ok;
}
