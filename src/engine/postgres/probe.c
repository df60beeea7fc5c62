/* probe.c - what became of a statement that ran outside a transaction and was never heard of again.
 *
 * Before such a statement is sent, its witness is written down: the backend that will run it, the
 * table's OID and the OIDs of its indexes (or, for a drop, of the indexes that will go). Names can
 * be used again by somebody else; these cannot. Afterwards:
 *
 *	the backend still lives and works		busy
 *	create: a new, valid index is there		done
 *	create: a new, invalid index is there		dropped concurrently, not done
 *	drop: none of the OIDs is there			done
 *	detach: no longer a child / pending		done / finalized, done
 *	reindex, vacuum, alter system			may be run again: not done
 *	anything else					doubt */
#include "engine/postgres/postgres.h"

#include "sql/quote.h"
#include "sql/token.h"

struct prober {
	struct conn *conn;
	struct arena *arena;
	struct slice before;
	struct probe *out;
};

/* An index of the table in question, as it is now. */
struct found {
	struct slice oid, schema, name;
	bool fit, building;
};

/* ---- The witness ---- */

static struct slice field(struct slice before, const char *name)
{
	struct slice rest = before, one;

	while (slice_next(&rest, ';', &one)) {
		one = slice_trim(one);
		if (slice_starts(one, name))
			return slice_trim(slice_from(one, strlen(name)));
	}
	return SLICE_NONE;
}

static bool has_word(struct slice list, struct slice word)
{
	struct slice one;

	while (slice_next(&list, ' ', &one))
		if (slice_eq(one, word))
			return true;
	return false;
}

static struct slice regclass(struct arena *a, struct name n)
{
	struct buf b = {0};
	struct slice out;

	quote_name(&b, DIALECT_POSTGRES, n.schema, n.name);
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static bool ask_name(struct conn *c, struct arena *a, const char *sql, struct name n,
	struct rows *r, struct err *err)
{
	struct cell p = {.text = regclass(a, n)};

	return conn_query_params(c, slice_of(sql), &p, 1, a, r, err);
}

static const char of_table[] =
	"SELECT t.oid, pg_catalog.string_agg(i.indexrelid::pg_catalog.text, ' ')"
	" FROM (SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid) t"
	" LEFT JOIN pg_catalog.pg_index i ON i.indrelid = t.oid GROUP BY t.oid";
static const char of_index[] =
	"SELECT x.indrelid, pg_catalog.string_agg(i.indexrelid::pg_catalog.text, ' ')"
	" FROM pg_catalog.pg_index x JOIN pg_catalog.pg_index i ON i.indrelid = x.indrelid"
	" WHERE x.indexrelid = pg_catalog.to_regclass($1) GROUP BY x.indrelid";
static const char one_oid[] = "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid";

static bool note_table(
	struct conn *c, struct arena *a, const struct change *ch, struct buf *b, struct err *err)
{
	bool index = ch->kind == CHANGE_REINDEX && ch->type == OBJECT_INDEX;
	struct rows r = {0};

	if (!ask_name(c, a, index ? of_index : of_table, ch->target, &r, err))
		return false;
	if (r.nrows && !rows_null(&r, 0, 0))
		buf_printf(b, "; table %.*s; indexes %.*s", SLICE(rows_get(&r, 0, 0)),
			SLICE(rows_get(&r, 0, 1)));
	return true;
}

static bool note_change(
	struct conn *c, struct arena *a, const struct change *ch, struct buf *b, struct err *err)
{
	struct rows r = {0};

	if (ch->kind == CHANGE_CREATE_INDEX)
		return note_table(c, a, ch, b, err);
	if (ch->kind == CHANGE_REINDEX && (ch->type == OBJECT_INDEX || ch->type == OBJECT_TABLE))
		return note_table(c, a, ch, b, err);
	if (ch->kind != CHANGE_DROP_INDEX)
		return true;
	if (!ask_name(c, a, one_oid, ch->target, &r, err))
		return false;
	if (r.nrows && !rows_null(&r, 0, 0))
		buf_printf(b, "; drops %.*s", SLICE(rows_get(&r, 0, 0)));
	return true;
}

bool pg_witness(struct conn *c, const struct statement *st, struct arena *a, struct slice *before,
	struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	ok = conn_query(c,
		SL("SELECT pid, EXTRACT(epoch FROM backend_start) FROM pg_catalog.pg_stat_activity"
		   " WHERE pid = pg_catalog.pg_backend_pid()"),
		a, &r, err);
	if (ok && r.nrows)
		buf_printf(&b, "backend %.*s %.*s", SLICE(rows_get(&r, 0, 0)),
			SLICE(rows_get(&r, 0, 1)));
	for (size_t i = 0; ok && i < st->nchanges; i++)
		ok = note_change(c, a, &st->changes[i], &b, err);
	*before = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return ok;
}

/* ---- The probe ---- */

/* The backend that had the statement: is it still at it? An idle one is done with it, whether its
 * client is suspended or it belongs to a pooler. */
static bool backend_lives(struct prober *p, bool *lives, struct err *err)
{
	struct slice rest = field(p->before, "backend "), pid, start;
	struct rows r = {0};
	struct cell params[2];

	*lives = false;
	if (!slice_next(&rest, ' ', &pid) || !slice_next(&rest, ' ', &start))
		return true;
	params[0] = (struct cell){.text = pid};
	params[1] = (struct cell){.text = start};
	if (!conn_query_params(p->conn,
		    SL("SELECT 1 FROM pg_catalog.pg_stat_activity"
		       " WHERE pid = $1::pg_catalog.int4"
		       " AND EXTRACT(epoch FROM backend_start) = $2::pg_catalog.numeric"
		       " AND pid <> pg_catalog.pg_backend_pid()"
		       " AND state IS DISTINCT FROM 'idle'"),
		    params, 2, p->arena, &r, err))
		return false;
	*lives = r.nrows > 0;
	return true;
}

static bool indexes_now(struct conn *c, struct arena *a, struct slice table, struct found **out,
	size_t *n, struct err *err)
{
	struct cell param = {.text = table};
	struct rows r = {0};

	*out = NULL;
	*n = 0;
	if (table.len == 0)
		return true;
	if (!conn_query_params(c,
		    SL("SELECT i.indexrelid, n.nspname, c.relname,"
		       " i.indisvalid AND i.indisready AND i.indislive,"
		       " EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p"
		       " WHERE p.index_relid = i.indexrelid)"
		       " FROM pg_catalog.pg_index i"
		       " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
		       " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		       " WHERE i.indrelid = $1::pg_catalog.oid ORDER BY i.indexrelid"),
		    &param, 1, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = (struct found){.oid = rows_get(&r, i, 0),
			.schema = rows_get(&r, i, 1),
			.name = rows_get(&r, i, 2),
			.fit = slice_is(rows_get(&r, i, 3), "t"),
			.building = slice_is(rows_get(&r, i, 4), "t")};
	return true;
}

static void verdict(struct prober *p, enum probe_verdict v, struct slice words)
{
	p->out->verdict = v;
	p->out->words = words;
}

static bool drop_ruin(struct prober *p, const struct found *f, struct err *err)
{
	if (!conn_execf(p->conn, err, "DROP INDEX CONCURRENTLY IF EXISTS %N", f->schema, f->name))
		return err_context(err, "removing the unfinished index \"%.*s\"", SLICE(f->name));
	p->out->repaired = true;
	verdict(p, PROBE_NOT_DONE,
		arena_printf(p->arena, "its unfinished index %.*s was dropped", SLICE(f->name)));
	return true;
}

/* REINDEX CONCURRENTLY leaves its copies behind under these endings, and a number after them. */
static bool is_reindex_copy(struct slice name)
{
	while (name.len && name.at[name.len - 1] >= '0' && name.at[name.len - 1] <= '9')
		name.len--;
	return slice_ends(name, "_ccnew") || slice_ends(name, "_ccold");
}

static bool is_new(const struct prober *p, const struct found *f)
{
	return !has_word(field(p->before, "indexes "), f->oid);
}

static bool probe_create(struct prober *p, const struct change *ch, struct err *err)
{
	struct found *v;
	size_t n;

	verdict(p, PROBE_NOT_DONE, SL("no index of it is there"));
	if (!indexes_now(p->conn, p->arena, field(p->before, "table "), &v, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_new(p, &v[i]) || (ch->name.len && !slice_eq(ch->name, v[i].name)))
			continue;
		if (v[i].building) {
			verdict(p, PROBE_BUSY,
				arena_printf(p->arena, "index %.*s is still being built",
					SLICE(v[i].name)));
			return true;
		}
		if (v[i].fit) {
			verdict(p, PROBE_DONE,
				arena_printf(p->arena, "index %.*s is there and valid",
					SLICE(v[i].name)));
			return true;
		}
		if (!drop_ruin(p, &v[i], err))
			return false;
	}
	return true;
}

static bool probe_reindex(struct prober *p, struct err *err)
{
	struct found *v;
	size_t n;

	verdict(p, PROBE_NOT_DONE, SL("a reindex may be run again"));
	if (!indexes_now(p->conn, p->arena, field(p->before, "table "), &v, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_new(p, &v[i]) && !v[i].fit && !v[i].building && is_reindex_copy(v[i].name) &&
			!drop_ruin(p, &v[i], err))
			return false;
	return true;
}

static bool probe_drop(struct prober *p, struct err *err)
{
	struct slice rest = p->before, one;
	struct rows r = {0};

	verdict(p, PROBE_DONE, SL("the index is gone"));
	while (slice_next(&rest, ';', &one)) {
		struct cell oid;

		one = slice_trim(one);
		if (!slice_starts(one, "drops "))
			continue;
		oid = (struct cell){.text = slice_trim(slice_from(one, 6))};
		if (!conn_query_params(p->conn,
			    SL("SELECT 1 FROM pg_catalog.pg_class WHERE oid = $1::pg_catalog.oid"),
			    &oid, 1, p->arena, &r, err))
			return false;
		if (r.nrows)
			verdict(p, PROBE_NOT_DONE, SL("the index is still there"));
	}
	return true;
}

static bool probe_detach(struct prober *p, const struct change *ch, struct err *err)
{
	struct cell params[2] = {
		{.text = regclass(p->arena, ch->target)}, {.text = regclass(p->arena, ch->other)}};
	struct rows r = {0};

	if (!conn_query_params(p->conn,
		    SL("SELECT inhdetachpending FROM pg_catalog.pg_inherits"
		       " WHERE inhparent = pg_catalog.to_regclass($1)"
		       " AND inhrelid = pg_catalog.to_regclass($2)"),
		    params, 2, p->arena, &r, err))
		return false;
	if (r.nrows == 0) {
		verdict(p, PROBE_DONE, SL("it is a partition no longer"));
		return true;
	}
	if (slice_is(rows_get(&r, 0, 0), "f")) {
		verdict(p, PROBE_NOT_DONE, SL("it is still a partition"));
		return true;
	}
	if (!conn_execf(p->conn, err, "ALTER TABLE %N DETACH PARTITION %N FINALIZE",
		    ch->target.schema, ch->target.name, ch->other.schema, ch->other.name))
		return false;
	p->out->repaired = true;
	verdict(p, PROBE_DONE, SL("the detaching was half done and has been finished"));
	return true;
}

bool pg_probe(struct conn *c, const struct statement *st, struct slice before, struct arena *a,
	struct probe *out, struct err *err)
{
	struct prober p = {c, a, before, out};
	const struct change *ch = st->nchanges ? &st->changes[0] : NULL;
	bool lives;

	*out = (struct probe){PROBE_DOUBT, SL("its effect cannot be told from the catalog"), false};
	if (!backend_lives(&p, &lives, err))
		return false;
	if (lives) {
		verdict(&p, PROBE_BUSY, SL("the server is still working on it"));
		return true;
	}
	if (!ch || st->state != STATEMENT_READ)
		return true;
	switch (ch->kind) {
	case CHANGE_CREATE_INDEX:
		return probe_create(&p, ch, err);
	case CHANGE_DROP_INDEX:
		return probe_drop(&p, err);
	case CHANGE_DETACH_PARTITION:
		return probe_detach(&p, ch, err);
	case CHANGE_REINDEX:
		return probe_reindex(&p, err);
	case CHANGE_VACUUM:
	case CHANGE_CLUSTER:
	case CHANGE_ALTER_SYSTEM:
	case CHANGE_CHECKPOINT:
		verdict(&p, PROBE_NOT_DONE, SL("it may be run again"));
		return true;
	default:
		return true;
	}
}

/* ---- After success ---- */

bool pg_sound(struct conn *c, const struct statement *st, struct slice before, struct err *err)
{
	const struct change *ch = st->nchanges ? &st->changes[0] : NULL;
	struct arena a = {0};
	struct prober p = {.before = before};
	struct found *v;
	size_t n;
	bool ok;

	if (!ch || (ch->kind != CHANGE_CREATE_INDEX && ch->kind != CHANGE_REINDEX))
		return true;
	ok = indexes_now(c, &a, field(before, "table "), &v, &n, err);
	for (size_t i = 0; ok && i < n; i++) {
		bool named = slice_eq(v[i].name,
			ch->kind == CHANGE_REINDEX && ch->type == OBJECT_INDEX ? ch->target.name
									       : ch->name);
		bool meant = named ||
			     (ch->kind == CHANGE_CREATE_INDEX ? !ch->name.len && is_new(&p, &v[i])
							      : ch->type == OBJECT_TABLE);

		if (v[i].fit || v[i].building || !meant)
			continue;
		ok = err_set(err, ERR_FAILED,
			"index \"%.*s\" is invalid: queries do not use it, although the statement "
			"succeeded",
			SLICE(v[i].name));
		err_hint(err,
			"Drop it (DROP INDEX CONCURRENTLY %.*s.%.*s), then run the same command "
			"again.",
			SLICE(v[i].schema), SLICE(v[i].name));
	}
	arena_done(&a);
	return ok;
}

/* ---- What commits by itself ---- */

static bool says(struct slice text, const char *word)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&l)).kind != TOKEN_END)
		if (token_is(t, word) ||
			(t.kind == TOKEN_STRING && slice_ifind(t.text, slice_of(word)) != SIZE_MAX))
			return true;
	return false;
}

/* Bodies in another language than SQL and PL/pgSQL are not read. A body in SQL cannot. */
bool pg_halfway(struct conn *c, const struct statement *st, struct slice sql, const struct err *why,
	bool *may, struct err *err)
{
	struct cell params[2];
	struct arena a = {0};
	struct rows r = {0};
	bool ok;

	(void)why;
	*may = false;
	if (st->nchanges == 0 || st->changes[0].kind != CHANGE_CALL) {
		for (size_t i = 0; i < st->nchanges; i++)
			*may |= st->changes[i].kind == CHANGE_DO_BLOCK;
		*may = *may && (says(sql, "commit") || says(sql, "call"));
		return true;
	}
	params[0] = (struct cell){.text = st->changes[0].target.name};
	params[1] = (struct cell){.text = st->changes[0].target.schema};
	ok = conn_query_params(c,
		SL("SELECT 1 FROM pg_catalog.pg_proc p"
		   " JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
		   " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
		   " WHERE p.prokind = 'p' AND p.proname = $1 AND ($2 = '' OR n.nspname = $2)"
		   " AND l.lanname <> 'sql' AND (l.lanname <> 'plpgsql'"
		   " OR p.prosrc OPERATOR(pg_catalog.~*) '\\y(commit|call)\\y') LIMIT 1"),
		params, 2, &a, &r, err);
	*may = r.nrows > 0;
	arena_done(&a);
	return ok;
}
