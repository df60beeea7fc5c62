/* session.c - SET, BEGIN and friends: what the statements before have left behind. */
#include "catalog/internal.h"

#include <stdlib.h>

void session_init(struct session *s, enum dialect d, struct arena *a)
{
	*s = (struct session){.arena = a,
		.lock_timeout = -1,
		.statement_timeout = -1,
		.idle_timeout = -1,
		.foreign_keys = d != DIALECT_SQLITE,
		.check_function_bodies = true};
	if (d == DIALECT_POSTGRES || d == DIALECT_UNKNOWN)
		names_add(a, &s->search_path, SL("public"));
	else if (d == DIALECT_SQLITE)
		names_add(a, &s->search_path, SL("main"));
}

/* ---- Transactions ---- */

static void save(struct catalog *c, const struct session *s)
{
	c->saved = mem_realloc(c->saved, (c->nsaved + 1) * sizeof *c->saved);
	c->saved[c->nsaved++] = (struct saved_session){*s, catalog_mark(c)};
}

/* Settings go back with the transaction; the transaction itself, its number and the count of
 * statements do not. */
static void restore_settings(struct session *s, const struct session *from)
{
	struct session now = *s;

	*s = *from;
	s->in_tx = now.in_tx;
	s->runner_tx = now.runner_tx;
	s->failed_tx = now.failed_tx;
	s->tx = now.tx;
	s->statement = now.statement;
	s->locks = now.locks;
	s->nlocks = now.nlocks;
	s->marks = now.marks;
	s->nmarks = now.nmarks;
}

static void end_local(struct session *s, const struct saved_session *at_begin)
{
	if (s->lock_timeout_local)
		s->lock_timeout = at_begin->s.lock_timeout;
	if (s->statement_timeout_local)
		s->statement_timeout = at_begin->s.statement_timeout;
	s->lock_timeout_local = at_begin->s.lock_timeout_local;
	s->statement_timeout_local = at_begin->s.statement_timeout_local;
}

void session_begin(struct session *s, struct catalog *c, bool runner)
{
	s->tx++;
	s->in_tx = true;
	s->runner_tx = runner;
	s->failed_tx = false;
	s->nlocks = s->nmarks = s->new_labels.n = 0;
	c->nsaved = 0;
	save(c, s);
}

void session_end(struct session *s, struct catalog *c, bool commit)
{
	if (c->nsaved) {
		if (commit && !s->failed_tx) {
			end_local(s, &c->saved[0]);
		} else {
			catalog_undo(c, c->saved[0].undo);
			restore_settings(s, &c->saved[0].s);
		}
	}
	c->nsaved = 0;
	s->in_tx = s->runner_tx = s->failed_tx = false;
	s->nlocks = s->nmarks = s->new_labels.n = 0;
	s->tx++;
	catalog_forget_marks(c);
}

enum apply_result apply_begin(struct apply *x)
{
	if (x->s->in_tx)
		return APPLY_NOOP; /* a warning on PostgreSQL; MySQL commits first */
	session_begin(x->s, x->c, false);
	return APPLIED;
}

enum apply_result apply_commit(struct apply *x)
{
	if (!x->s->in_tx)
		return APPLY_NOOP;
	session_end(x->s, x->c, true);
	return APPLIED;
}

enum apply_result apply_rollback(struct apply *x)
{
	if (!x->s->in_tx)
		return APPLY_NOOP;
	session_end(x->s, x->c, false);
	return APPLIED;
}

enum apply_result apply_savepoint(struct apply *x)
{
	struct session *s = x->s;
	struct session_mark *m;

	if (!s->in_tx) {
		if (!is_sqlite(x->c))
			return is_postgres(x->c)
				       ? conflict(x, "a savepoint needs a transaction block")
				       : APPLY_NOOP;
		session_begin(s, x->c, false); /* SQLite: an outer savepoint is a BEGIN */
	}
	save(x->c, s);
	m = ARENA_PUSH(s->arena, s->marks, s->nmarks);
	*m = (struct session_mark){
		arena_slice(s->arena, x->ch->name), catalog_mark(x->c), s->nlocks};
	return APPLIED;
}

/* The newest savepoint of that name; nmarks if there is none. */
static size_t mark_named(const struct session *s, const struct catalog *c, struct slice name)
{
	for (size_t i = s->nmarks; i-- > 0;)
		if (same_name(c, OBJECT_NONE, s->marks[i].name, name))
			return i;
	return s->nmarks;
}

enum apply_result apply_release(struct apply *x)
{
	size_t i = mark_named(x->s, x->c, x->ch->name);

	if (i == x->s->nmarks)
		return conflict(x, "savepoint \"%.*s\" does not exist", SLICE(x->ch->name));
	x->s->nmarks = i;
	if (x->c->nsaved > i + 1)
		x->c->nsaved = i + 1;
	return APPLIED;
}

enum apply_result apply_rollback_to(struct apply *x)
{
	struct session *s = x->s;
	size_t i = mark_named(s, x->c, x->ch->name);

	if (i == s->nmarks)
		return conflict(x, "savepoint \"%.*s\" does not exist", SLICE(x->ch->name));
	catalog_undo(x->c, s->marks[i].undo);
	if (x->c->nsaved > i + 1)
		restore_settings(s, &x->c->saved[i + 1].s);
	s->nlocks = s->marks[i].nlocks;
	s->nmarks = i + 1;
	if (x->c->nsaved > i + 2)
		x->c->nsaved = i + 2;
	s->failed_tx = false;
	return APPLIED;
}

/* ---- Settings ---- */

/* PostgreSQL's durations: 0, 5000, '5s', '2min'; -1 = not understood, DEFAULT. */
static long long duration_ms(struct slice v, long long unit_ms)
{
	static const struct {
		const char *word;
		long long ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
	unsigned long long n = 0;
	size_t digits = 0;
	struct slice unit;

	if (v.len >= 2 && v.at[0] == '\'')
		v = slice_sub(v, 1, v.len - 2);
	v = slice_trim(v);
	while (digits < v.len && v.at[digits] >= '0' && v.at[digits] <= '9')
		digits++;
	if (!slice_u64(slice_sub(v, 0, digits), &n) || n > 1000000000000ull)
		return -1;
	unit = slice_trim(slice_from(v, digits));
	if (unit.len == 0)
		return (long long)n * unit_ms;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (slice_iis(unit, units[i].word))
			return (long long)n * units[i].ms;
	return slice_is(unit, "us") ? (long long)n / 1000 : -1;
}

static bool is_on(struct slice v)
{
	if (v.len >= 2 && v.at[0] == '\'')
		v = slice_sub(v, 1, v.len - 2);
	return slice_iis(v, "on") || slice_iis(v, "true") || slice_iis(v, "yes") ||
	       slice_is(v, "1");
}

static struct slice unquoted(struct slice v)
{
	v = slice_trim(v);
	if (v.len >= 2 && (v.at[0] == '\'' || v.at[0] == '"') && v.at[v.len - 1] == v.at[0])
		return slice_sub(v, 1, v.len - 2);
	return v;
}

static void set_path(struct session *s, struct slice value)
{
	struct slice piece;

	s->search_path = (struct names){0};
	if (slice_iis(slice_trim(value), "default")) {
		names_add(s->arena, &s->search_path, SL("public"));
		return;
	}
	/* SET search_path = '' leaves nothing but pg_catalog. */
	while (slice_next(&value, ',', &piece)) {
		piece = unquoted(piece);
		if (piece.len && !slice_is(piece, "pg_catalog"))
			names_add(s->arena, &s->search_path, piece);
	}
}

static bool is_default(struct slice v)
{
	return v.len == 0 || slice_iis(v, "default");
}

static void set_timeouts(struct session *s, struct slice name, struct slice v, bool local)
{
	long long ms = is_default(v) ? -1 : duration_ms(v, 1);

	if (slice_iis(name, "lock_timeout")) {
		s->lock_timeout = ms;
		s->lock_timeout_local = local;
	} else if (slice_iis(name, "statement_timeout")) {
		s->statement_timeout = ms;
		s->statement_timeout_local = local;
	} else if (slice_iis(name, "idle_in_transaction_session_timeout")) {
		s->idle_timeout = ms;
	} else if (slice_iis(name, "lock_wait_timeout") ||
		   slice_iis(name, "innodb_lock_wait_timeout")) {
		s->lock_timeout = is_default(v) ? -1 : duration_ms(v, 1000);
	} else if (slice_iis(name, "max_statement_time") || slice_iis(name, "max_execution_time")) {
		s->statement_timeout =
			is_default(v)
				? -1
				: duration_ms(v, name.len == 18 && name.at[4] == 's' ? 1000 : 1);
	}
}

static void set_one(struct apply *x, struct slice name, struct slice value, bool local)
{
	struct session *s = x->s;

	set_timeouts(s, name, value, local);
	if (slice_iis(name, "search_path"))
		set_path(s, x->ch->list.n ? SLICE_NONE : value);
	if (slice_iis(name, "search_path"))
		for (size_t i = 0; i < x->ch->list.n; i++)
			names_add(s->arena, &s->search_path, unquoted(x->ch->list.at[i]));
	else if (slice_iis(name, "role"))
		s->role = is_default(value) || slice_iis(value, "none")
				  ? SLICE_NONE
				  : arena_slice(s->arena, unquoted(value));
	else if (slice_iis(name, "timezone") || slice_iis(name, "time_zone"))
		s->time_zone = arena_slice(s->arena, unquoted(value));
	else if (slice_iis(name, "check_function_bodies"))
		s->check_function_bodies = is_default(value) || is_on(value);
	else if (slice_iis(name, "foreign_key_checks") || slice_iis(name, "foreign_keys"))
		s->foreign_keys = is_on(value), s->foreign_keys_said = true;
	else if (slice_iis(name, "legacy_alter_table"))
		s->legacy_alter_table = is_on(value);
	else if (slice_iis(name, "query_only"))
		s->query_only = is_on(value);
	else if (slice_iis(name, "writable_schema"))
		s->writable_schema = is_on(value);
	else if (slice_iis(name, "sql_mode"))
		s->sql_mode = arena_slice(s->arena, unquoted(value));
	else if (slice_iis(name, "system_versioning_alter_history"))
		s->keeps_past = is_on(value) || slice_iis(unquoted(value), "keep");
}

enum apply_result apply_set(struct apply *x)
{
	bool local = has(x, CHANGE_LOCAL);

	/* SET LOCAL outside of a transaction is a warning and nothing else. */
	if (local && !x->s->in_tx)
		return APPLY_NOOP;
	set_one(x, x->ch->name, x->ch->value.text, local);
	return APPLIED;
}

enum apply_result apply_reset(struct apply *x)
{
	static const char *const names[] = {"search_path", "lock_timeout", "statement_timeout",
		"idle_in_transaction_session_timeout", "role", "check_function_bodies"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_iis(x->ch->name, "all") || slice_iis(x->ch->name, names[i]) ||
			slice_empty(x->ch->name))
			set_one(x, slice_of(names[i]), SL("default"), false);
	return APPLIED;
}

enum apply_result apply_discard(struct apply *x)
{
	struct change all = *x->ch;

	all.name = SL("all");
	return apply_reset(&(struct apply){.c = x->c, .s = x->s, .ch = &all});
}

enum apply_result apply_pragma(struct apply *x)
{
	/* In a transaction this one is without effect: https://sqlite.org/pragma.html */
	if (slice_iis(x->ch->name, "foreign_keys") && x->s->in_tx)
		return APPLY_NOOP;
	if (x->ch->value.text.len)
		set_one(x, x->ch->name, x->ch->value.text, false);
	return APPLIED;
}

/* Not undone by ROLLBACK: SQLite refuses DETACH of what a transaction uses. */
enum apply_result apply_attach_database(struct apply *x)
{
	struct session *s = x->s;

	names_add(s->arena, &s->attached, arena_slice(s->arena, x->ch->name));
	return APPLIED;
}

enum apply_result apply_detach_database(struct apply *x)
{
	struct names left = {0}, had = x->s->attached;

	for (size_t i = 0; i < had.n; i++)
		if (!slice_ieq(had.at[i], x->ch->name))
			names_add(x->s->arena, &left, had.at[i]);
	x->s->attached = left;
	return APPLIED;
}

enum apply_result apply_set_role(struct apply *x)
{
	set_one(x, SL("role"), x->ch->value.text.len ? x->ch->value.text : x->ch->name,
		has(x, CHANGE_LOCAL));
	return APPLIED;
}

enum apply_result apply_use(struct apply *x)
{
	struct slice db = x->ch->target.name.len ? x->ch->target.name
			  : x->ch->name.len      ? x->ch->name
						 : unquoted(x->ch->value.text);

	x->s->search_path = (struct names){0};
	names_add(x->s->arena, &x->s->search_path, db);
	return APPLIED;
}
