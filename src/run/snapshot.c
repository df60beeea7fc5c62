/* snapshot.c - the schema as belay left it. */
#include "run/snapshot.h"

#include "catalog/freeze.h"
#include "sql/quote.h"

/* ---- What belongs to runners ---- */

static struct slice before_last_dot(struct slice name)
{
	while (name.len && name.at[name.len - 1] != '.')
		name.len--;
	return slice_sub(name, 0, name.len ? name.len - 1 : 0);
}

static struct slice bare(struct slice name)
{
	struct slice front = before_last_dot(name);

	return front.len ? slice_from(name, front.len + 1) : name;
}

struct snapshot_scope snapshot_scope(
	const struct project *p, enum dialect d, struct slice journal_where)
{
	const char *table = p->table ? p->table : p->layout->table ? p->layout->table : "";

	return (struct snapshot_scope){d, journal_where, bare(slice_of(table))};
}

static bool skip(void *ctx, const struct object *o)
{
	const struct snapshot_scope *s = ctx;
	const struct object *top = o->table ? o->table : o;

	if (journal_owns(s->dialect, s->where, top->schema, top->name))
		return true;
	if (top->type == OBJECT_SCHEMA && journal_owns(s->dialect, s->where, top->name, top->name))
		return true;
	if (layout_is_home(top->type, top->name))
		return true;
	if (top->type == OBJECT_SEQUENCE)
		return s->table.len &&
		       slice_eq(bare(before_last_dot(top->sequence.owned_by)), s->table);
	return top->type == OBJECT_TABLE &&
	       (layout_is_history(top->name) || slice_eq(top->name, s->table));
}

struct diff_options snapshot_options(struct snapshot_scope *scope)
{
	return (struct diff_options){.ignore_order = true, .skip = skip, .skip_ctx = scope};
}

/* ---- Storing ---- */

static void begin(struct buf *b, struct conn *c, struct slice fence)
{
	buf_adds(b, c->id.dialect == DIALECT_SQLITE ? "BEGIN IMMEDIATE;\n" : "BEGIN;\n");
	if (fence.len)
		buf_printf(b, "%.*s;\n", SLICE(fence));
}

/* One message: the older ones keep their fingerprints. */
static void store_script(struct buf *b, struct conn *c, struct slice where, long long run,
	const char *fingerprint, struct slice content)
{
	enum dialect d = c->id.dialect;

	buf_adds(b, "UPDATE ");
	journal_name(b, d, where, "snapshot");
	sqlf(b, d, " SET content = NULL WHERE content IS NOT NULL;\nDELETE FROM ");
	journal_name(b, d, where, "snapshot");
	sqlf(b, d, " WHERE run = %lld;\nINSERT INTO ", run);
	journal_name(b, d, where, "snapshot");
	sqlf(b, d, " (run, fingerprint, made, content) VALUES (%lld, %L, %s, %L);\nCOMMIT", run,
		slice_of(fingerprint), slice_of(journal_now(d)), content);
}

bool snapshot_store(struct conn *c, struct snapshot_scope *scope, long long run, struct slice fence,
	struct err *err)
{
	struct catalog *live = catalog_new(c->id.dialect, c->id.version);
	struct diff_options o = snapshot_options(scope);
	struct buf b = {0}, content = {0};
	struct err ignored = {0};
	char fingerprint[65];
	bool ok = c->engine->load(c, live, &(struct load_options){0}, err);

	if (ok) {
		catalog_fingerprint(live, &o, fingerprint);
		catalog_freeze(&content, live, &o);
		begin(&b, c, fence);
		store_script(&b, c, scope->where, run, fingerprint, buf_slice(&content));
		ok = conn_exec(c, buf_slice(&b), err);
	}
	if (!ok && c->ops->alive(c) && c->ops->in_transaction(c))
		conn_exec(c, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
	catalog_free(live);
	buf_done(&content);
	buf_done(&b);
	return ok;
}

void snapshot_after(struct conn *c, const struct project *p, struct slice journal_where,
	long long run, struct slice fence)
{
	struct snapshot_scope scope = snapshot_scope(p, c->id.dialect, journal_where);
	struct err ignored = {0};

	snapshot_store(c, &scope, run, fence, &ignored);
	err_done(&ignored);
}

/* ---- Reading ---- */

static long long number(struct slice s)
{
	unsigned long long n = 0;

	slice_u64(s, &n);
	return (long long)n;
}

/* A journal that older versions of belay made has no such table. */
static bool has_table(struct conn *c, struct slice where, bool *yes, struct err *err)
{
	struct arena a = {0};
	struct rows r = {0};
	struct buf b = {0};
	bool ok, pg = c->id.dialect == DIALECT_POSTGRES;

	journal_name(&b, c->id.dialect, where, "snapshot");
	if (pg) {
		struct cell name = {.text = buf_slice(&b)};

		ok = conn_query_params(c, SL("SELECT pg_catalog.to_regclass($1) IS NOT NULL"),
			&name, 1, &a, &r, err);
		*yes = ok && slice_is(rows_get(&r, 0, 0), "t");
	} else {
		struct slice name = buf_slice(&b); /* without its quotes */
		struct cell bare_name = {.text = slice_sub(name, 1, name.len - 2)};

		ok = conn_query_params(c,
			c->id.dialect == DIALECT_SQLITE
				? SL("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = "
				     "?")
				: SL("SELECT 1 FROM information_schema.tables WHERE table_name = ?"
				     " AND table_schema = database()"),
			&bare_name, 1, &a, &r, err);
		*yes = ok && r.nrows > 0;
	}
	buf_done(&b);
	arena_done(&a);
	return ok;
}

/* Later runs that left steps behind, or ended without a word, changed something. */
static bool is_current(
	struct snapshot *s, struct arena *a, struct conn *c, struct slice where, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "SELECT count(*) FROM ");
	journal_name(&b, d, where, "run");
	sqlf(&b, d, " r WHERE r.id > %lld AND EXISTS (SELECT 1 FROM ", s->run);
	journal_name(&b, d, where, "step");
	buf_adds(&b, " s WHERE s.run = r.id)");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	s->current = ok && number(rows_get(&r, 0, 0)) == 0;
	buf_done(&b);
	return ok;
}

bool snapshot_read(
	struct snapshot *out, struct arena *a, struct conn *c, struct slice where, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	*out = (struct snapshot){0};
	if (!has_table(c, where, &out->found, err) || !out->found)
		return !err_is(err);
	sqlf(&b, d, "SELECT run, fingerprint, CAST(made AS %s), content FROM ",
		dialect_is_mysql(d) ? SL("char") : SL("text"));
	journal_name(&b, d, where, "snapshot");
	buf_adds(&b, " ORDER BY run DESC LIMIT 1");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	out->found = ok && r.nrows > 0;
	if (!out->found)
		return ok;
	out->run = number(rows_get(&r, 0, 0));
	out->fingerprint = rows_get(&r, 0, 1);
	out->made = rows_get(&r, 0, 2);
	out->content = rows_null(&r, 0, 3) ? SLICE_NONE : rows_get(&r, 0, 3);
	return is_current(out, a, c, where, err);
}

bool snapshot_compare(struct catalog_diff *diff, struct arena *a, struct conn *c,
	struct snapshot_scope *scope, const struct snapshot *s, struct err *err)
{
	struct catalog *live = catalog_new(c->id.dialect, c->id.version);
	struct catalog *then = catalog_new(c->id.dialect, c->id.version);
	struct diff_options o = snapshot_options(scope);
	char fingerprint[65];
	bool ok = c->engine->load(c, live, &(struct load_options){0}, err);

	*diff = (struct catalog_diff){0};
	if (ok)
		catalog_fingerprint(live, &o, fingerprint);
	if (ok && !slice_is(s->fingerprint, fingerprint)) {
		ok = catalog_thaw(then, s->content) ||
		     err_set(err, ERR_INPUT,
			     "the schema that belay stored after run %lld cannot be read, and the "
			     "live one has another fingerprint",
			     s->run);
		if (ok)
			*diff = catalog_compare(a, then, live, &o);
	}
	catalog_free(live);
	catalog_free(then);
	return ok;
}
