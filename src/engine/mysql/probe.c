/* probe.c - what became of a statement that commits by itself and was never heard of again.
 *
 * DDL is atomic in MariaDB since 10.6 and in MySQL since 8.0: of one statement there is all or
 *nothing. So a fingerprint of everything the statement names is written down before it is sent;
 *afterwards:
 *
 *	the connection still runs it			busy
 *	nothing changed					not done (or nothing to be seen of it: it
 *may run again, but for TRUNCATE of a table with rows) all changed, and the parts it names are
 *there, or gone, as it wants them			done anything else
 *doubt
 *
 * Several tables in one DROP go one by one: some gone and some not is doubt, unless IF EXISTS
 * makes a second run finish. Older servers are always in doubt. */
#include "engine/mysql/conn.h"

#include "base/digest.h"
#include "sql/quote.h"

struct thing {
	enum object_type type;
	struct name name;
};
struct things {
	struct thing *at;
	size_t n;
};

/* ---- what the statement names ---- */

static void add_thing(struct arena *a, struct things *v, enum object_type type, struct name n)
{
	if (slice_empty(n.name))
		return;
	for (size_t i = 0; i < v->n; i++)
		if (v->at[i].type == type && name_eq(v->at[i].name, n))
			return;
	*ARENA_PUSH(a, v->at, v->n) = (struct thing){type, n};
}

static bool is_relation(enum object_type t)
{
	return t == OBJECT_TABLE || t == OBJECT_VIEW || t == OBJECT_SEQUENCE ||
	       t == OBJECT_COLUMN || t == OBJECT_INDEX || t == OBJECT_CONSTRAINT ||
	       t == OBJECT_NONE;
}

/* False: a kind of object that is not looked up. */
static bool name_things(struct arena *a, const struct statement *st, struct things *v)
{
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];

		switch ((int)ch->type) {
		case OBJECT_TRIGGER:
			add_thing(a, v, OBJECT_TRIGGER, (struct name){ch->target.schema, ch->name});
			continue;
		case OBJECT_FUNCTION:
		case OBJECT_EVENT:
		case OBJECT_SCHEMA:
			add_thing(a, v, ch->type, ch->target);
			if (!slice_empty(ch->other.name))
				add_thing(a, v, ch->type, ch->other);
			continue;
		default:
			break;
		}
		if (!is_relation(ch->type))
			return false;
		add_thing(a, v, OBJECT_TABLE, ch->target);
		if (ch->kind == CHANGE_RENAME_TABLE)
			add_thing(a, v, OBJECT_TABLE, ch->other);
	}
	return v->n > 0;
}

/* ---- fingerprints ---- */

/* "AUTO_INCREMENT=7 " moves with every row. */
static void add_without_counter(struct buf *b, struct slice text)
{
	size_t at = slice_find(text, SL(" AUTO_INCREMENT=")), end = at;

	if (at >= text.len) {
		buf_add(b, text);
		return;
	}
	for (end = at + 16; end < text.len && text.at[end] >= '0' && text.at[end] <= '9'; end++)
		;
	buf_add(b, slice_sub(text, 0, at));
	buf_add(b, slice_from(text, end));
}

static const char *template_of(enum object_type t)
{
	if (t == OBJECT_TRIGGER)
		return "SELECT CONCAT_WS('|', event_object_table, action_timing, "
		       "event_manipulation, "
		       "action_statement, created) FROM information_schema.triggers "
		       "WHERE trigger_schema = %s AND trigger_name = %L";
	if (t == OBJECT_FUNCTION)
		return "SELECT CONCAT_WS('|', routine_type, dtd_identifier, routine_definition, "
		       "created, last_altered) FROM information_schema.routines "
		       "WHERE routine_schema = %s AND routine_name = %L ORDER BY 1";
	if (t == OBJECT_EVENT)
		return "SELECT CONCAT_WS('|', event_definition, status, interval_value, "
		       "interval_field, execute_at, last_altered) FROM information_schema.events "
		       "WHERE event_schema = %s AND event_name = %L";
	return NULL;
}

static struct slice schema_sql(struct arena *a, struct slice schema)
{
	struct buf b = {0};
	struct slice out;

	if (slice_empty(schema))
		return SL("DATABASE()");
	sqlf(&b, DIALECT_MYSQL, "%L", schema);
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static bool look_at_table(
	struct conn *c, struct arena *a, struct name n, struct rows *r, struct err *err)
{
	struct rows there;

	if (!my_queryf(c, a, &there, err,
		    "SELECT 1 FROM information_schema.tables WHERE table_schema = %s "
		    "AND table_name = %L",
		    schema_sql(a, n.schema), n.name))
		return false;
	if (there.nrows == 0) {
		r->nrows = 0;
		return true;
	}
	if (slice_empty(n.schema))
		return my_queryf(c, a, r, err, "SHOW CREATE TABLE %I", n.name);
	return my_queryf(c, a, r, err, "SHOW CREATE TABLE %I.%I", n.schema, n.name);
}

static bool look_at(
	struct conn *c, struct arena *a, const struct thing *t, struct rows *r, struct err *err)
{
	if (t->type == OBJECT_TABLE)
		return look_at_table(c, a, t->name, r, err);
	if (t->type == OBJECT_SCHEMA)
		return my_queryf(c, a, r, err,
			"SELECT CONCAT(default_character_set_name, default_collation_name) "
			"FROM information_schema.schemata WHERE schema_name = %L",
			t->name.name);
	return my_queryf(
		c, a, r, err, template_of(t->type), schema_sql(a, t->name.schema), t->name.name);
}

/* 16 digits, or "-": it is not there. */
static bool fingerprint(
	struct conn *c, struct arena *a, const struct thing *t, struct slice *out, struct err *err)
{
	struct rows r = {0};
	struct buf b = {0};
	char hex[65];

	if (!look_at(c, a, t, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		add_without_counter(
			&b, rows_get(&r, i, t->type == OBJECT_TABLE && r.ncols > 1 ? 1 : 0));
	digest_sha256_hex(buf_slice(&b), hex);
	*out = r.nrows ? arena_slice(a, slice_n(hex, 16)) : SL("-");
	buf_done(&b);
	return true;
}

bool mysql_witness(struct conn *c, const struct statement *st, struct arena *a,
	struct slice *before, struct err *err)
{
	struct things v = {0};
	struct buf b = {0};
	bool ok = true;

	buf_printf(&b, "connection %lu;", my_conn(c)->thread);
	if (st->state == STATEMENT_READ && name_things(a, st, &v))
		for (size_t i = 0; ok && i < v.n; i++) {
			struct slice hash;

			ok = fingerprint(c, a, &v.at[i], &hash, err);
			if (ok)
				buf_printf(&b, " %.*s", SLICE(hash));
		}
	*before = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return ok;
}

/* ---- the probe ---- */

static void verdict(struct probe *p, enum probe_verdict v, struct slice words)
{
	p->verdict = v;
	p->words = words;
}

/* The thread that had the statement: is it still at it? Its number may be another's by now, so its
 * statement is looked at too. */
static bool still_runs(struct conn *c, const struct statement *st, struct slice before,
	struct arena *a, bool *runs, struct err *err)
{
	unsigned long long thread;
	struct slice id = slice_sub(before, 11, slice_chr(before, ';') - 11);
	struct rows r;

	*runs = false;
	if (!slice_starts(before, "connection ") || !slice_u64(id, &thread))
		return true;
	if (!my_queryf(c, a, &r, err,
		    "SELECT 1 FROM information_schema.processlist WHERE id = %lld "
		    "AND id <> CONNECTION_ID() AND LEFT(info, 80) = LEFT(%L, 80)",
		    (long long)thread, st->text))
		return false;
	*runs = r.nrows > 0;
	return true;
}

static bool is_there(struct conn *c, struct arena *a, const char *table, const char *column,
	struct name in, struct slice name, bool *there, struct err *err)
{
	struct rows r;

	if (!my_queryf(c, a, &r, err,
		    "SELECT 1 FROM information_schema.%s WHERE table_schema = %s AND table_name = "
		    "%L "
		    "AND %s = %L LIMIT 1",
		    slice_of(table), schema_sql(a, in.schema), in.name, slice_of(column), name))
		return false;
	*there = r.nrows > 0;
	return true;
}

struct wanted {
	const char *table, *column;
	struct slice name;
	bool there;
};

/* The part that one action makes or drops; name empty: none that can be looked up. */
static struct wanted wanted_part(const struct change *ch)
{
	static const char columns[] = "columns", column[] = "column_name";
	struct wanted w = {columns, column, ch->name, true};

	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		return w;
	case CHANGE_DROP_COLUMN:
		w.there = false;
		return w;
	case CHANGE_RENAME_COLUMN:
		w.name = ch->other.name;
		return w;
	case CHANGE_MODIFY_COLUMN:
		if (!slice_empty(ch->other.name))
			w.name = ch->other.name;
		return w;
	case CHANGE_CREATE_INDEX:
		return (struct wanted){"statistics", "index_name", ch->name, true};
	case CHANGE_DROP_INDEX:
		return (struct wanted){"statistics", "index_name", ch->name, false};
	case CHANGE_RENAME_INDEX:
		return (struct wanted){"statistics", "index_name", ch->other.name, true};
	case CHANGE_ADD_CONSTRAINT:
		return (struct wanted){"table_constraints", "constraint_name", ch->name, true};
	case CHANGE_DROP_CONSTRAINT:
		return (struct wanted){"table_constraints", "constraint_name", ch->name, false};
	default:
		w.name = SLICE_NONE;
		return w;
	}
}

static bool is_dropped_and_made(const struct statement *st, const struct wanted *w)
{
	for (size_t i = 0; i < st->nchanges; i++) {
		struct wanted o = wanted_part(&st->changes[i]);

		if (o.name.len && o.there != w->there && slice_ieq(o.name, w->name))
			return true;
	}
	return false;
}

/* Where the table is after a RENAME in the same statement. */
static struct name place_now(const struct statement *st, struct name n)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_RENAME_TABLE && name_eq(st->changes[i].target, n))
			return st->changes[i].other;
	return n;
}

static bool parts_as_wanted(
	struct conn *c, const struct statement *st, struct arena *a, bool *wanted, struct err *err)
{
	*wanted = true;
	for (size_t i = 0; i < st->nchanges && *wanted; i++) {
		struct wanted w = wanted_part(&st->changes[i]);
		bool there;

		if (slice_empty(w.name) || is_dropped_and_made(st, &w))
			continue;
		if (!is_there(c, a, w.table, w.column, place_now(st, st->changes[i].target), w.name,
			    &there, err))
			return false;
		*wanted = there == w.there;
	}
	return true;
}

/* Whole objects: what is created is there now, what is dropped is not. */
static bool objects_as_wanted(
	const struct statement *st, const struct things *v, const struct names *now)
{
	for (size_t i = 0; i < v->n; i++) {
		bool there = !slice_is(now->at[i], "-");

		for (size_t k = 0; k < st->nchanges; k++) {
			const struct change *ch = &st->changes[k];
			enum change_class class = change_class_of(ch->kind);
			bool target = name_eq(ch->target, v->at[i].name) ||
				      (v->at[i].type == OBJECT_TRIGGER &&
					      slice_eq(ch->name, v->at[i].name.name));

			if (!target || ch->kind == CHANGE_CREATE_INDEX ||
				ch->kind == CHANGE_DROP_INDEX || st->nchanges != 1)
				continue;
			if ((class == CLASS_CREATE && !there) || (class == CLASS_DROP && there))
				return false;
		}
	}
	return true;
}

static bool may_run_again(const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if (!(st->changes[i].flags &
			    (CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE)))
			return false;
	return st->nchanges > 0;
}

static bool probe_truncate(struct conn *c, const struct change *ch, struct arena *a,
	struct probe *out, struct err *err)
{
	struct rows r;
	bool ok = slice_empty(ch->target.schema)
			  ? my_queryf(c, a, &r, err, "SELECT 1 FROM %I LIMIT 1", ch->target.name)
			  : my_queryf(c, a, &r, err, "SELECT 1 FROM %I.%I LIMIT 1",
				    ch->target.schema, ch->target.name);

	if (ok && r.nrows == 0)
		verdict(out, PROBE_DONE, SL("the table is empty"));
	return ok;
}

static bool is_atomic(const struct conn *c)
{
	return c->id.dialect == DIALECT_MARIADB ? c->id.version >= 100600 : c->id.version >= 80000;
}

static bool compare(struct conn *c, const struct statement *st, struct slice before,
	struct arena *a, struct probe *out, struct err *err)
{
	struct slice rest = slice_trim(slice_from(before, slice_chr(before, ';') + 1)), old;
	struct things v = {0};
	struct names now = {0};
	size_t changed = 0, n = 0;
	bool wanted;

	if (!name_things(a, st, &v))
		return true;
	for (; n < v.n && slice_next(&rest, ' ', &old); n++) {
		struct slice hash;

		if (!fingerprint(c, a, &v.at[n], &hash, err))
			return false;
		names_add(a, &now, hash);
		changed += !slice_eq(hash, old);
	}
	if (n != v.n)
		return true;
	if (changed == 0) {
		verdict(out, PROBE_NOT_DONE, SL("nothing that it names has changed"));
		return true;
	}
	if (!parts_as_wanted(c, st, a, &wanted, err))
		return false;
	if (changed == v.n && wanted && objects_as_wanted(st, &v, &now))
		verdict(out, PROBE_DONE, SL("what it makes, changes or drops is as it wants it"));
	else if (may_run_again(st))
		verdict(out, PROBE_NOT_DONE, SL("it may be run again"));
	return true;
}

bool mysql_probe(struct conn *c, const struct statement *st, struct slice before, struct arena *a,
	struct probe *out, struct err *err)
{
	bool runs;

	*out = (struct probe){PROBE_DOUBT, SL("its effect cannot be told from the catalog"), false};
	if (!still_runs(c, st, before, a, &runs, err))
		return false;
	if (runs) {
		verdict(out, PROBE_BUSY, SL("the server is still working on it"));
		return true;
	}
	if (!is_atomic(c) || st->state != STATEMENT_READ || st->nchanges == 0 ||
		slice_chr(before, ';') >= before.len)
		return true;
	if (st->changes[0].kind == CHANGE_TRUNCATE)
		return probe_truncate(c, &st->changes[0], a, out, err);
	if (change_class_of(st->changes[0].kind) == CLASS_DATA ||
		st->changes[0].kind == CHANGE_REVOKE)
		return true;
	if (change_class_of(st->changes[0].kind) == CLASS_MAINT) {
		verdict(out, PROBE_NOT_DONE, SL("it may be run again"));
		return true;
	}
	return compare(c, st, before, a, out, err);
}

/* Each statement of a procedure is a transaction of its own, where it does not say otherwise. */
bool mysql_halfway(struct conn *c, const struct statement *st, struct slice sql,
	const struct err *why, bool *may, struct err *err)
{
	struct cell params[2];
	struct arena a = {0};
	struct rows r = {0};
	bool ok;

	*may = false;
	if (st->nchanges == 0 || st->changes[0].kind != CHANGE_CALL) {
		/* A compound statement, that our reader leaves unread. 1064: nobody could read it.
		 */
		*may = st->state != STATEMENT_READ && why->native != 1064 &&
		       slice_istarts(slice_trim(sql), "BEGIN");
		return true;
	}
	params[0] = (struct cell){.text = st->changes[0].target.name};
	params[1] = (struct cell){
		st->changes[0].target.schema, slice_empty(st->changes[0].target.schema)};
	ok = conn_query_params(c,
		SL("SELECT 1 FROM information_schema.routines WHERE routine_type = 'PROCEDURE'"
		   " AND routine_name = ? AND routine_schema = COALESCE(?, DATABASE())"),
		params, 2, &a, &r, err);
	*may = r.nrows > 0;
	arena_done(&a);
	return ok;
}
