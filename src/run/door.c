/* door.c - what would be lost.
 *
 * The statements name what they would destroy; names are followed back over renames of the same
 * migration to what they are before it begins, and there the database is asked. */
#include "run/door.h"

#include "run/run_internal.h"
#include "sql/quote.h"
#include "sql/token.h"

#include <stdint.h>

/* So many rows are counted; of more, that there are more. */
enum { COUNTED = 10000 };

struct search {
	struct doors *d;
	size_t begin, at; /* the migration's first step, and the one looked at */
	size_t end;       /* behind its last */
	bool now;         /* the steps before `at` have been run */
	struct door **out;
	size_t *n;
	bool inside;   /* a transaction of somebody else's */
	bool enforced; /* SQLite: foreign keys, for the time of a question */
	struct err *err;
};

/* ---- Which statements could be doors ---- */

static bool empties(const struct change *c)
{
	return c->kind == CHANGE_TRUNCATE ||
	       (c->kind == CHANGE_DELETE && !(c->flags & CHANGE_HAS_LIMIT) &&
		       (!(c->flags & CHANGE_HAS_WHERE) || (c->flags & CHANGE_WHERE_TRUE)));
}

static bool drops_partition(const struct change *c)
{
	return c->kind == CHANGE_ALTER_PARTITIONS &&
	       (slice_istarts(c->value.text, "drop") || slice_istarts(c->value.text, "truncate"));
}

static bool could_be(const struct change *c)
{
	switch (c->kind) {
	case CHANGE_DROP_TABLE:
	case CHANGE_DROP_COLUMN:
	case CHANGE_DROP_SCHEMA:
	case CHANGE_DROP_DATABASE:
		return true;
	case CHANGE_DROP_TYPE:
	case CHANGE_DROP_DOMAIN:
	case CHANGE_DROP_EXTENSION:
		return c->flags & CHANGE_CASCADE;
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_TABLE_AS:
		return c->flags & CHANGE_OR_REPLACE;
	default:
		break;
	}
	if (empties(c) || drops_partition(c))
		return true;
	for (size_t i = 0; i < c->ninner; i++)
		if (could_be(&c->inner[i]))
			return true;
	return false;
}

static bool step_could_be(const struct step *s)
{
	for (size_t i = 0; i < s->statement->nchanges; i++)
		if (could_be(&s->statement->changes[i]))
			return true;
	return false;
}

/* To another database of the same server, which need not be as empty as ours. */
static bool leads_elsewhere(const struct doors *d)
{
	for (size_t i = 0; dialect_is_mysql(d->conn->id.dialect) && i < d->plan->nsteps; i++) {
		const struct statement *st = d->plan->steps[i].statement;

		for (size_t k = 0; k < st->nchanges; k++)
			if (could_be(&st->changes[k]) &&
				(st->changes[k].target.schema.len ||
					st->changes[k].kind == CHANGE_DROP_DATABASE ||
					st->changes[k].kind == CHANGE_DROP_SCHEMA))
				return true;
	}
	return false;
}

bool doors_begin(struct doors *d, const struct plan *p, struct conn *c,
	const struct run_state *state, struct arena *a, struct err *err)
{
	size_t n = 0;

	*d = (struct doors){.plan = p, .conn = c, .arena = a, .state = state};
	if (!c->engine->keep)
		return true;
	for (size_t i = 0; i < p->nsteps && !d->any; i++)
		d->any = step_could_be(&p->steps[i]);
	if (!d->any)
		return true;
	if (!c->engine->keep->tables(c, a, SLICE_NONE, &d->then, &n, err))
		return err_context(err, "looking at what there is to lose");
	for (size_t i = 0; i < n; i++)
		if (!layout_is_history(d->then[i].name) &&
			!(p->project->table && slice_is(d->then[i].name, p->project->table)))
			d->then[d->nthen++] = d->then[i];
	d->fresh = d->nthen == 0 && !leads_elsewhere(d);
	return true;
}

/* ---- Names ---- */

static bool same_word(const struct doors *d, struct slice a, struct slice b)
{
	return d->conn->id.dialect == DIALECT_POSTGRES ? slice_eq(a, b) : slice_ieq(a, b);
}

/* A schema that was left away may be any. */
static bool same(const struct doors *d, struct name a, struct name b)
{
	return same_word(d, a.name, b.name) &&
	       (!a.schema.len || !b.schema.len || same_word(d, a.schema, b.schema));
}

/* What a change renames `n` from, were it done: the new name must be `n`. */
static bool renamed_to(const struct doors *d, const struct change *c, struct name n)
{
	struct name to = {c->other.schema.len ? c->other.schema : c->target.schema, c->other.name};

	if (c->kind == CHANGE_RENAME_TABLE)
		return same(d, to, n);
	return c->kind == CHANGE_SET_SCHEMA && c->type == OBJECT_TABLE &&
	       same(d, (struct name){c->other.schema, c->target.name}, n);
}

static struct name before_renames(const struct search *s, struct name n)
{
	for (size_t i = s->now ? s->begin : s->at; i-- > s->begin;) {
		const struct statement *st = s->d->plan->steps[i].statement;

		for (size_t k = st->nchanges; k-- > 0;)
			if (renamed_to(s->d, &st->changes[k], n))
				n = st->changes[k].target;
	}
	return n;
}

static struct slice column_before(const struct search *s, struct name table, struct slice column)
{
	for (size_t i = s->now ? s->begin : s->at; i-- > s->begin;) {
		const struct statement *st = s->d->plan->steps[i].statement;

		for (size_t k = st->nchanges; k-- > 0;) {
			const struct change *c = &st->changes[k];

			if ((c->kind == CHANGE_RENAME_COLUMN || c->kind == CHANGE_MODIFY_COLUMN) &&
				c->other.name.len && same(s->d, c->target, table) &&
				same_word(s->d, c->other.name, column))
				column = c->name;
		}
	}
	return column;
}

/* ---- What this run has made ---- */

static bool was_there(const struct doors *d, struct name n)
{
	for (size_t i = 0; i < d->nthen; i++)
		if (same(d, d->then[i], n))
			return true;
	return false;
}

/* Steps of a migration that an earlier run began may be that run's. */
static bool is_ours(const struct search *s, const struct step *step)
{
	return !resume_has(s->d->state, step->migration);
}

static bool made_here(const struct search *s, struct name n, size_t before)
{
	for (size_t i = before; i-- > 0;) {
		const struct step *step = &s->d->plan->steps[i];

		for (size_t k = step->statement->nchanges; k-- > 0;) {
			const struct change *c = &step->statement->changes[k];

			if (renamed_to(s->d, c, n))
				return made_here(s, c->target, i);
			if ((c->kind != CHANGE_CREATE_TABLE && c->kind != CHANGE_CREATE_TABLE_AS) ||
				!same(s->d, c->target, n))
				continue;
			return is_ours(s, step) &&
			       (!(c->flags & CHANGE_IF_NOT_EXISTS) || !was_there(s->d, n));
		}
	}
	return false;
}

static bool column_made_here(
	const struct search *s, struct name table, struct slice column, size_t before)
{
	for (size_t i = before; i-- > 0;) {
		const struct step *step = &s->d->plan->steps[i];

		for (size_t k = step->statement->nchanges; k-- > 0;) {
			const struct change *c = &step->statement->changes[k];

			if (!same(s->d, c->target, table))
				continue;
			if (c->kind == CHANGE_RENAME_COLUMN &&
				same_word(s->d, c->other.name, column))
				return column_made_here(s, table, c->name, i);
			if (c->kind == CHANGE_ADD_COLUMN && same_word(s->d, c->name, column))
				return is_ours(s, step) && !(c->flags & CHANGE_IF_NOT_EXISTS);
		}
	}
	return false;
}

/* ---- Asking ---- */

/* SQLite's foreign keys, where the migration will have switched them on by then. Inside a
 * transaction the PRAGMA does nothing. */
static bool enforce(struct search *s)
{
	struct conn *c = s->d->conn;
	struct rows r = {0};
	bool wanted = false;

	for (size_t i = s->begin; i < s->at && !s->now; i++) {
		const struct step *step = &s->d->plan->steps[i];
		const struct change *ch = step->statement->changes;

		if (!step->group && step->statement->nchanges == 1 && ch->kind == CHANGE_PRAGMA &&
			slice_iis(ch->name, "foreign_keys"))
			wanted = slice_iis(ch->value.text, "on") ||
				 slice_iis(ch->value.text, "1") ||
				 slice_iis(ch->value.text, "true") ||
				 slice_iis(ch->value.text, "yes");
	}
	if (!wanted)
		return true;
	if (!conn_query(c, SL("PRAGMA foreign_keys"), s->d->arena, &r, s->err))
		return false;
	s->enforced = r.nrows && slice_is(rows_get(&r, 0, 0), "0");
	return !s->enforced || conn_exec(c, SL("PRAGMA foreign_keys = ON"), s->err);
}

/* In a transaction that is rolled back: with the search_path that the migration will have set by
 * then, and without row level security hiding rows (then the server refuses, and the rows are taken
 * to be there). */
static bool ask_begin(struct search *s)
{
	struct conn *c = s->d->conn;

	if (c->id.dialect == DIALECT_SQLITE)
		return enforce(s);
	if (c->id.dialect != DIALECT_POSTGRES)
		return true;
	s->inside = c->ops->in_transaction(c);
	if (!conn_exec(c,
		    s->inside ? SL("SAVEPOINT belay_look; SET LOCAL row_security = off")
			      : SL("BEGIN READ ONLY; SET LOCAL row_security = off"),
		    s->err))
		return false;
	for (size_t i = s->begin; i < s->at && !s->now; i++) {
		const struct step *step = &s->d->plan->steps[i];
		const struct statement *st = step->statement;

		if (st->nchanges == 1 && st->changes[0].kind == CHANGE_SET_VARIABLE &&
			slice_iis(st->changes[0].name, "search_path") &&
			!conn_exec(c, step->sql, s->err))
			return false;
	}
	return true;
}

static bool ask_end(struct search *s, bool ok)
{
	struct err ignored = {0};

	if (s->enforced) {
		s->enforced = false;
		return conn_exec(s->d->conn, SL("PRAGMA foreign_keys = OFF"),
			       ok ? s->err : &ignored) &&
		       ok;
	}
	if (s->d->conn->id.dialect != DIALECT_POSTGRES || !s->d->conn->ops->alive(s->d->conn))
		return ok;
	conn_exec(s->d->conn,
		s->inside ? SL("ROLLBACK TO SAVEPOINT belay_look; RELEASE SAVEPOINT belay_look")
			  : SL("ROLLBACK"),
		&ignored);
	err_done(&ignored);
	return ok;
}

static void count_words(struct buf *b, enum dialect q, const struct door *door)
{
	bool column = door->kind == DOOR_COLUMN;

	sqlf(b, q, "SELECT count(*) FROM (SELECT 1 AS x FROM %N", door->table.name.schema,
		door->table.name.name);
	if (door->kind == DOOR_PART)
		sqlf(b, q, " PARTITION (%I)", door->part);
	if (column)
		sqlf(b, q, " WHERE %I IS NOT NULL", door->part);
	sqlf(b, q, " LIMIT %d) counted", COUNTED + 1);
}

/* Rows that may not be read may be there. */
static bool may_not_look(const struct err *e)
{
	return strncmp(e->sqlstate, "42501", 5) == 0 || e->native == 1142 || e->native == 1143;
}

static bool count(struct search *s, struct door *door)
{
	struct conn *c = s->d->conn;
	struct err trouble = {0};
	unsigned long long n = 0;
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	count_words(&b, c->id.dialect, door);
	ok = conn_query(c, buf_slice(&b), s->d->arena, &r, &trouble);
	buf_done(&b);
	door->rows = -1;
	if (ok && slice_u64(rows_get(&r, 0, 0), &n)) {
		door->more = n > COUNTED;
		door->rows = door->more && door->kind != DOOR_COLUMN && door->table.rows > COUNTED
				     ? door->table.rows
				     : (long long)(door->more ? COUNTED : n);
	}
	if (!ok && may_not_look(&trouble)) {
		err_done(&trouble);
		return true;
	}
	if (!ok)
		err_move(s->err, &trouble);
	return ok;
}

/* ---- From a change to doors ---- */

static struct slice object_words(const struct search *s, const struct door *door)
{
	enum dialect q = s->d->conn->id.dialect;
	struct buf b = {0};
	struct slice out;

	quote_name_pretty(&b, q, door->table.name.schema, door->table.name.name);
	if (door->part.len) {
		buf_addc(&b, '.');
		quote_ident_pretty(&b, q, door->part);
	}
	out = arena_slice(s->d->arena, buf_slice(&b));
	buf_done(&b);
	return out;
}

static bool says_destroys(const struct step *s, const struct door *door)
{
	for (size_t i = 0; i < s->statement->ndirectives; i++) {
		const struct directive *x = &s->statement->directives[i];

		if (slice_iis(x->name, "destroys") && door_is_named(door, slice_trim(x->args)))
			return true;
	}
	return false;
}

static bool has_column(const struct kept_table *t, const struct doors *d, struct slice column)
{
	for (size_t i = 0; i < t->columns.n; i++)
		if (same_word(d, t->columns.at[i], column))
			return true;
	return false;
}

static void add(struct search *s, struct door door)
{
	struct door *v = *s->out;

	door.object = object_words(s, &door);
	door.step = &s->d->plan->steps[s->at];
	door.allowed = says_destroys(door.step, &door);
	for (size_t i = 0; i < *s->n; i++)
		if (slice_eq(v[i].object, door.object)) {
			if (v[i].kind == DOOR_ROWS && v[i].step == door.step)
				v[i].kind = door.kind;
			v[i].allowed &= door.allowed;
			if (v[i].kind != DOOR_ROWS || door.kind == DOOR_ROWS)
				return;
		}
	*ARENA_PUSH(s->d->arena, *s->out, *s->n) = door;
}

/* Is it there, and is there anything in it? */
static bool look(struct search *s, struct door door, struct name name)
{
	struct doors *d = s->d;
	bool found = false, ok;

	door.part = door.kind == DOOR_COLUMN ? column_before(s, name, door.part) : door.part;
	if (made_here(s, name, s->at) ||
		(door.kind == DOOR_COLUMN && column_made_here(s, name, door.part, s->at)))
		return true;
	name = before_renames(s, name);
	ok = ask_begin(s) &&
	     d->conn->engine->keep->table(d->conn, d->arena, name, &found, &door.table, s->err);
	found = found && (door.kind != DOOR_COLUMN || has_column(&door.table, d, door.part));
	ok = ok && (!found || count(s, &door));
	if (!ask_end(s, ok))
		return false;
	if (found && (door.rows != 0 || d->empty_too))
		add(s, door);
	return true;
}

static bool look_at_each(struct search *s, enum door_kind kind, const struct name *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!look(s, (struct door){.kind = kind, .cascade = true}, v[i]))
			return false;
	return true;
}

/* Rows of others that are deleted with these. */
static bool look_at_children(struct search *s, struct name name, bool truncate)
{
	struct doors *d = s->d;
	struct kept_table t = {0};
	struct name *v = NULL;
	bool found = false, ok;
	size_t n = 0;

	name = before_renames(s, name);
	ok = ask_begin(s) &&
	     d->conn->engine->keep->table(d->conn, d->arena, name, &found, &t, s->err) &&
	     (!found || d->conn->engine->keep->emptied_with(
				d->conn, d->arena, t.name, truncate, &v, &n, s->err));
	return ask_end(s, ok) && look_at_each(s, DOOR_ROWS, v, n);
}

static bool look_at_schema(struct search *s, struct slice schema)
{
	struct doors *d = s->d;
	struct name *v = NULL;
	size_t n = 0;

	return d->conn->engine->keep->tables(d->conn, d->arena, schema, &v, &n, s->err) &&
	       look_at_each(s, DOOR_TABLE, v, n);
}

static bool look_at_columns(struct search *s, const struct change *c)
{
	struct doors *d = s->d;
	struct kept_column *v = NULL;
	size_t n = 0;
	bool ok;

	if (!d->conn->engine->keep->columns_of)
		return true;
	ok = ask_begin(s) &&
	     d->conn->engine->keep->columns_of(d->conn, d->arena,
		     c->kind == CHANGE_DROP_EXTENSION ? OBJECT_EXTENSION : OBJECT_TYPE, c->target,
		     &v, &n, s->err);
	if (!ask_end(s, ok))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!look(s,
			    (struct door){
				    .kind = DOOR_COLUMN, .part = v[i].column, .cascade = true},
			    v[i].table))
			return false;
	return true;
}

/* ---- A table that is made anew and takes the old one's place ---- */

static bool mentions(const struct search *s, struct slice sql, struct slice column)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, s->d->conn->id.dialect, sql);
	while ((t = lexer_next(&l)).kind != TOKEN_END)
		if ((t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) &&
			same_word(
				s->d, token_value(s->d->arena, s->d->conn->id.dialect, t), column))
			return true;
	return false;
}

/* Every row is taken over: nothing picks among them. */
static bool takes_all_rows(const struct search *s, struct slice sql)
{
	static const char *const words[] = {"where", "limit", "join", "distinct", "group", "having",
		"offset", "except", "intersect", "union", "ignore"};
	struct lexer l;
	struct token t;

	lexer_init(&l, s->d->conn->id.dialect, sql);
	while ((t = lexer_next(&l)).kind != TOKEN_END)
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (token_is(t, words[i]))
				return false;
	return true;
}

static bool reads(const struct search *s, const struct change *c, struct name table)
{
	for (size_t i = 0; i < c->reads.n; i++) {
		struct slice at = c->reads.at[i];
		size_t dot = slice_chr(at, '.');

		if (same_word(s->d, dot == SIZE_MAX ? at : slice_from(at, dot + 1), table.name))
			return true;
	}
	return false;
}

/* By this migration, whichever run of it that was. */
static bool is_created(const struct search *s, struct name table, size_t fill)
{
	for (size_t i = s->begin; i <= fill; i++) {
		const struct statement *st = s->d->plan->steps[i].statement;

		for (size_t k = 0; k < st->nchanges; k++)
			if ((st->changes[k].kind == CHANGE_CREATE_TABLE ||
				    st->changes[k].kind == CHANGE_CREATE_TABLE_AS) &&
				same(s->d, st->changes[k].target, table))
				return true;
	}
	return false;
}

/* The statement that fills another table, which is then renamed, from this one; NULL = none. */
static const struct step *refilled(const struct search *s, struct name old)
{
	for (size_t i = s->begin; i < s->at; i++) {
		const struct step *step = &s->d->plan->steps[i];
		const struct change *c = step->statement->changes;

		if (step->statement->nchanges != 1 ||
			(c->kind != CHANGE_INSERT && c->kind != CHANGE_CREATE_TABLE_AS) ||
			!reads(s, c, old) || same(s->d, c->target, old) ||
			!takes_all_rows(s, step->sql) || !is_created(s, c->target, i))
			continue;
		for (size_t k = i + 1; k < s->end; k++) {
			const struct statement *st = s->d->plan->steps[k].statement;

			for (size_t m = 0; m < st->nchanges; m++)
				if (renamed_to(s->d, &st->changes[m], old) &&
					same(s->d, st->changes[m].target, c->target))
					return step;
		}
	}
	return NULL;
}

/* Only columns that the copy does not take along are lost. */
static bool look_at_rebuilt(struct search *s, struct name name, const struct step *fill)
{
	struct doors *d = s->d;
	struct kept_table t = {0};
	bool found = false, ok;

	if (slice_chr(fill->sql, '*') != SIZE_MAX)
		return true;
	ok = ask_begin(s) &&
	     d->conn->engine->keep->table(d->conn, d->arena, name, &found, &t, s->err);
	if (!ask_end(s, ok))
		return false;
	for (size_t i = 0; i < t.columns.n; i++)
		if (!mentions(s, fill->sql, t.columns.at[i]) &&
			!look(s,
				(struct door){.kind = DOOR_COLUMN,
					.part = t.columns.at[i],
					.rebuilt = true},
				name))
			return false;
	return true;
}

static bool look_at_dropped(struct search *s, struct name name)
{
	struct name old = before_renames(s, name);
	const struct step *fill = refilled(s, old);

	/* SQLite deletes the rows first: foreign keys follow, when they are enforced. */
	if (fill)
		return look_at_rebuilt(s, old, fill) && (s->d->conn->id.dialect != DIALECT_SQLITE ||
								look_at_children(s, old, false));
	return look(s, (struct door){.kind = DOOR_TABLE}, name) &&
	       (s->d->conn->id.dialect != DIALECT_SQLITE || made_here(s, name, s->at) ||
		       look_at_children(s, name, false));
}

static bool look_at_change(struct search *s, const struct change *c)
{
	if (!could_be(c))
		return true;
	for (size_t i = 0; i < c->ninner; i++)
		if (!look_at_change(s, &c->inner[i]))
			return false;
	switch (c->kind) {
	case CHANGE_DROP_TABLE:
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_TABLE_AS:
		return look_at_dropped(s, c->target);
	case CHANGE_DROP_COLUMN:
		return look(s, (struct door){.kind = DOOR_COLUMN, .part = c->name}, c->target);
	case CHANGE_DROP_SCHEMA:
	case CHANGE_DROP_DATABASE:
		return look_at_schema(s, c->target.name);
	case CHANGE_DROP_TYPE:
	case CHANGE_DROP_DOMAIN:
	case CHANGE_DROP_EXTENSION:
		return look_at_columns(s, c);
	case CHANGE_TRUNCATE:
		return look(s, (struct door){.kind = DOOR_ROWS}, c->target) &&
		       (!(c->flags & CHANGE_CASCADE) || look_at_children(s, c->target, true));
	case CHANGE_DELETE:
		return look(s, (struct door){.kind = DOOR_ROWS}, c->target) &&
		       (made_here(s, c->target, s->at) || look_at_children(s, c->target, false));
	case CHANGE_ALTER_PARTITIONS:
		for (size_t i = 0; i < c->list.n; i++)
			if (!look(s, (struct door){.kind = DOOR_PART, .part = c->list.at[i]},
				    c->target))
				return false;
		return true;
	default:
		return true;
	}
}

static bool look_at_step(struct search *s)
{
	const struct statement *st = s->d->plan->steps[s->at].statement;

	for (size_t i = 0; i < st->nchanges; i++)
		if (!look_at_change(s, &st->changes[i]))
			return err_context(s->err, "looking at what there is to lose");
	return true;
}

bool doors_find(
	struct doors *d, size_t from, size_t to, struct door **out, size_t *n, struct err *err)
{
	struct search s = {.d = d, .begin = from, .end = to, .out = out, .n = n, .err = err};

	*out = NULL;
	*n = 0;
	if (!d->any || d->fresh)
		return true;
	for (s.at = from; s.at < to; s.at++)
		if (!look_at_step(&s))
			return false;
	return true;
}

bool doors_find_now(struct doors *d, size_t at, struct door **out, size_t *n, struct err *err)
{
	const struct step *steps = d->plan->steps;
	struct search s = {.d = d,
		.begin = at,
		.at = at,
		.end = at + 1,
		.now = true,
		.out = out,
		.n = n,
		.err = err};

	*out = NULL;
	*n = 0;
	if (!d->any || d->fresh)
		return true;
	while (s.begin && steps[s.begin - 1].migration == steps[at].migration)
		s.begin--;
	while (s.end < d->plan->nsteps && steps[s.end].migration == steps[at].migration)
		s.end++;
	return look_at_step(&s);
}

/* ---- Words ---- */

static struct slice number_words(long long n, struct arena *a)
{
	char digits[32], text[48];
	size_t len = 0, out = 0;

	snprintf(digits, sizeof digits, "%lld", n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text[out++] = ',';
		text[out++] = digits[i];
	}
	return arena_slice(a, slice_n(text, out));
}

struct slice door_words(const struct door *d, struct arena *a)
{
	static const char *const whats[] = {"table", "column", "all rows of", "partition"};
	const char *what = whats[d->kind];
	struct slice n = number_words(d->rows, a);
	const char *s = d->rows == 1 ? "" : "s";

	if (d->rows < 0)
		return arena_printf(
			a, "%s %.*s (its rows cannot be counted)", what, SLICE(d->object));
	if (d->kind == DOOR_COLUMN)
		return arena_printf(a, "%s %.*s (%s%.*s value%s)", what, SLICE(d->object),
			d->more ? "more than " : "", SLICE(n), s);
	return arena_printf(a, "%s %.*s (%s%.*s row%s)", what, SLICE(d->object),
		d->more ? d->rows > COUNTED ? "about " : "more than " : "", SLICE(n), s);
}

bool door_is_named(const struct door *d, struct slice name)
{
	size_t dot;

	if (slice_eq(d->object, name))
		return true;
	/* The schema may be left away. */
	dot = d->table.name.schema.len ? slice_chr(d->object, '.') : SIZE_MAX;
	return dot != SIZE_MAX && d->object.at[0] != '"' && d->object.at[0] != '`' &&
	       slice_eq(slice_from(d->object, dot + 1), name);
}
