/* effects_alter.c - ALTER TABLE, CREATE INDEX, DROP INDEX, RENAME TABLE.
 *
 * What the server would refuse is said where the schema alone tells; what depends on the rows is
 * "may fail". The rest follows from the table as it will be (after.h) and from what the server does
 * to get there (online.h). */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* ---- ALGORITHM and LOCK ---- */

static struct slice setting(const struct statement *st, const char *key)
{
	for (size_t i = 0; st->nchanges && i < st->changes[0].settings.n; i++) {
		struct slice s = st->changes[0].settings.at[i];

		if (slice_starts(s, key) && s.len > strlen(key) && s.at[strlen(key)] == '=')
			return slice_from(s, strlen(key) + 1);
	}
	return SLICE_NONE;
}

static int asked_algorithm(struct slice s)
{
	static const char *const words[] = {"instant", "nocopy", "inplace", "copy"};

	for (int i = 0; i < 4; i++)
		if (slice_is(s, words[i]))
			return i;
	return -1;
}

static int asked_lock(struct slice s)
{
	static const char *const words[] = {"none", "shared", "exclusive"};

	for (int i = 0; i < 3; i++)
		if (slice_is(s, words[i]))
			return i;
	return -1;
}

bool fx_is_online(enum change_kind k)
{
	return change_class_of(k) == CLASS_ALTER || k == CHANGE_CREATE_INDEX ||
	       k == CHANGE_DROP_INDEX || k == CHANGE_RENAME_COLUMN || k == CHANGE_RENAME_INDEX ||
	       k == CHANGE_COMMENT_ON || k == CHANGE_TABLE_FORCE || k == CHANGE_RENAME_TABLE;
}

static bool takes_clauses(const struct statement *st)
{
	struct slice kind = slice_of(st->kind);

	return slice_is(kind, "ALTER TABLE") || slice_is(kind, "CREATE INDEX") ||
	       slice_is(kind, "DROP INDEX");
}

/* Indexes that are written: all that will be there, or the new ones and those whose order of text
 * changed. */
static void builds(struct effects *x, const struct online *o, struct name table, bool all)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		bool primary = p->type == OBJECT_CONSTRAINT && after_is_primary(p);

		if (p->gone || (p->type != OBJECT_INDEX && !primary))
			continue;
		if (all || (!p->was && !p->twin) || p->reordered)
			fx_touch(x, &x->out->builds, &x->out->nbuilds, OBJECT_INDEX, table, p->name,
				!o->needs);
	}
}

static void refused_clauses(struct effects *x, const struct online *o, int algorithm, int lock)
{
	enum outcome how = o->needs ? OUTCOME_MAY_FAIL : OUTCOME_FAILS;

	if (algorithm >= 0 && algorithm < (int)o->algorithm)
		fx_fails(x, how, "ALGORITHM=%s is refused: it needs %s",
			my_algorithm_word((enum algorithm)algorithm),
			my_algorithm_word(o->algorithm));
	if (lock >= 0 && lock < (int)o->lock)
		fx_fails(x, how, "LOCK=%s is refused: it needs %s",
			my_lock_word((enum lock_words)lock), my_lock_word(o->lock));
	if (lock == LOCK_WORDS_NONE && algorithm == ALGO_COPY && o->lock == LOCK_WORDS_NONE &&
		!my_copies_online(&x->d, x->t))
		fx_fails(x, how, "LOCK=NONE is refused: ALGORITHM=COPY needs SHARED");
	if (!is_mariadb(&x->d) && algorithm == ALGO_NOCOPY)
		fx_fails(x, OUTCOME_FAILS, "MySQL has no ALGORITHM=NOCOPY");
	if (!is_mariadb(&x->d) && algorithm == ALGO_INSTANT && lock >= 0)
		fx_fails(x, OUTCOME_FAILS,
			"ALGORITHM=INSTANT goes with no LOCK clause but LOCK=DEFAULT");
}

static struct slice needs_text(struct effects *x, const struct online *o, const struct change *ch)
{
	bool column = !slice_eq(o->needs_of, ch->target.name);

	return arena_printf(x->a, "%s of %.*s%s%.*s", o->needs, SLICE(fx_show(x, ch->target)),
		column ? "." : "", SLICE(column ? o->needs_of : SLICE_NONE));
}

static bool is_innodb(const struct object *t)
{
	return slice_empty(t->table_.access_method) || slice_is(t->table_.access_method, "InnoDB");
}

static void online_facts(struct effects *x, const struct change *first)
{
	struct online o = my_online_statement(x->a, &x->d, x->s, x->c, x->t, x->st, &x->after);
	struct name table = fx_resolved(x, first->target);
	int algorithm = asked_algorithm(setting(x->st, "algorithm")),
	    lock = asked_lock(setting(x->st, "lock"));
	/* MySQL, asked for INPLACE, writes the rows anew where INSTANT would have been done. */
	bool again = !is_mariadb(&x->d) && algorithm == ALGO_INPLACE &&
		     o.algorithm == ALGO_INSTANT && o.adds_column;
	bool all = o.rebuild || algorithm == ALGO_COPY || again;

	if (!o.applies)
		return;
	x->out->algorithm = my_algorithm_word(o.algorithm);
	x->out->lock_clause = my_lock_word(o.lock);
	x->out->documented |= o.algorithm == ALGO_COPY && o.lock == LOCK_WORDS_NONE;
	if (x->t && slice_is(x->t->table_.persistence, "temporary"))
		return;
	if (o.needs)
		effect_need(x->a, x->out, needs_text(x, &o, first));
	refused_clauses(x, &o, algorithm, lock);
	if (x->t && is_innodb(x->t))
		fx_mysql_fulltext(x, algorithm == ALGO_COPY);
	if (all)
		fx_touch(x, &x->out->rewrites, &x->out->nrewrites, OBJECT_TABLE, table, SLICE_NONE,
			!o.needs);
	else if (o.scan)
		fx_touch(x, &x->out->scans, &x->out->nscans, OBJECT_TABLE, table, SLICE_NONE,
			!o.needs);
	builds(x, &o, table, all);
}

/* ---- parts that must be there, or must not ---- */

bool fx_is_drop(enum change_kind k)
{
	return k == CHANGE_DROP_INDEX || k == CHANGE_DROP_CONSTRAINT || k == CHANGE_DROP_COLUMN;
}

/* Is the part named by this change made by an earlier one of the same statement? */
static bool made_before(const struct effects *x, const struct change *ch, struct slice name)
{
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (!fx_is_drop(e->kind) &&
			(slice_ieq(e->name, name) || slice_ieq(e->other.name, name)))
			return true;
	return false;
}

enum presence fx_part(
	const struct effects *x, enum object_type type, struct slice name, const struct object **o)
{
	*o = NULL;
	return x->t ? catalog_part(x->c, x->t, type, name, o) : UNKNOWN;
}

void fx_want_part(struct effects *x, const struct change *ch, enum object_type type,
	struct slice name, const char *word)
{
	const struct object *o;

	if (fx_flag(ch, CHANGE_IF_EXISTS) || made_before(x, ch, name))
		return;
	if (fx_part(x, type, name, &o) == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no %s %.*s", SLICE(fx_show(x, ch->target)),
			word, SLICE(name));
}

/* A name is taken when something that stays has it. */
void fx_want_free(struct effects *x, const struct change *ch, enum object_type type,
	struct slice name, const char *word)
{
	const struct object *o;

	if (slice_empty(name) || fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE) ||
		fx_part(x, type, name, &o) != PRESENT)
		return;
	for (size_t i = 0; i < x->after.n; i++)
		if (x->after.v[i].was == o &&
			(x->after.v[i].gone || !slice_ieq(x->after.v[i].name, name)))
			return;
	fx_fails(x, OUTCOME_FAILS, "%.*s already has the %s %.*s", SLICE(fx_show(x, ch->target)),
		word, SLICE(name));
}

/* Dropped and made again in one statement: a second run finds what the first one found. */
bool fx_is_replaced(const struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->st->nchanges; i++) {
		const struct change *o = &x->st->changes[i];

		if (o != ch && o->type == ch->type && !slice_empty(o->name) &&
			slice_ieq(o->name, ch->name) && fx_is_drop(o->kind) != fx_is_drop(ch->kind))
			return true;
	}
	return false;
}

void fx_part_rerun(struct effects *x, const struct change *ch, unsigned same)
{
	fx_rerun(x, fx_flag(ch, same) || fx_is_replaced(x, ch) ? RERUN_SAME : RERUN_FAILS);
}

/* The name that the part gets which this change makes. */
struct slice fx_name_made(const struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->after.n; i++)
		if (x->after.v[i].by == ch && !x->after.v[i].was && !x->after.v[i].implied)
			return x->after.v[i].name;
	return ch->name;
}

bool fx_is_strict(const struct effects *x)
{
	struct slice mode = x->s ? x->s->sql_mode : SLICE_NONE;

	return slice_empty(mode) || slice_find(mode, SL("STRICT")) < mode.len ||
	       slice_find(mode, SL("TRADITIONAL")) < mode.len;
}

static void one_change(struct effects *x, const struct change *ch)
{
	fx_versioned(x, ch);
	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		fx_add_column(x, ch);
		break;
	case CHANGE_DROP_COLUMN:
		fx_drop_column(x, ch);
		break;
	case CHANGE_RENAME_COLUMN:
		fx_want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
		fx_rename_column(x, ch);
		break;
	case CHANGE_MODIFY_COLUMN:
		fx_modify_column(x, ch);
		break;
	case CHANGE_DROP_DEFAULT:
		fx_want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
		fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
		break;
	case CHANGE_SET_DEFAULT:
	case CHANGE_COLUMN_VISIBILITY:
		fx_want_part(x, ch, OBJECT_COLUMN, ch->name, "column");
		break;
	case CHANGE_ADD_CONSTRAINT:
		fx_add_constraint(x, ch);
		break;
	case CHANGE_CREATE_INDEX:
		fx_create_index(x, ch);
		break;
	case CHANGE_DROP_INDEX:
		fx_drop_index(x, ch);
		break;
	case CHANGE_DROP_CONSTRAINT:
		fx_drop_constraint(x, ch);
		break;
	case CHANGE_RENAME_INDEX:
		fx_want_part(x, ch, OBJECT_INDEX, ch->name, "index");
		fx_want_free(x, ch, OBJECT_INDEX, ch->other.name, "index");
		fx_rerun(x, fx_flag(ch, CHANGE_IF_EXISTS) ? RERUN_SAME : RERUN_FAILS);
		break;
	case CHANGE_ALTER_INDEX:
		fx_want_part(x, ch, OBJECT_INDEX, ch->name, "index");
		break;
	case CHANGE_RENAME_TABLE:
		fx_rename_table(x, ch);
		break;
	case CHANGE_ALTER_PARTITIONS:
		fx_partitions(x, ch);
		break;
	case CHANGE_CONVERT_CHARSET:
		fx_convert(x, ch);
		break;
	case CHANGE_TABLE_ENGINE:
		fx_change_engine(x, ch);
		break;
	case CHANGE_SET_OPTIONS:
		fx_set_options(x, ch);
		fx_mysql_options(x, ch);
		break;
	case CHANGE_SYSTEM_VERSIONING:
		fx_system_versioning(x, ch);
		break;
	default:
		break;
	}
}

/* Indexes and constraints that go, by name or together with their columns. */
static void losses(struct effects *x, const struct change *first)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];

		if (p->gone && p->was &&
			(p->type == OBJECT_INDEX || p->type == OBJECT_CONSTRAINT) &&
			!after_find(&x->after, p->type, p->was->name))
			fx_destroys(x, first, p->type, p->was->name, true);
	}
}

void fx_alter(struct effects *x)
{
	const struct change *first = &x->st->changes[0];
	enum presence how = UNKNOWN;
	bool quiet = fx_flag(first, CHANGE_IF_EXISTS);

	x->t = fx_find(x, OBJECT_NONE, first->target, &how);
	if (how == ABSENT && quiet) {
		if (takes_clauses(x->st)) {
			x->out->algorithm = my_algorithm_word(ALGO_INSTANT);
			x->out->lock_clause = my_lock_word(LOCK_WORDS_NONE);
		}
		return;
	}
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s",
			SLICE(fx_show(x, first->target)));
	if (x->t && x->t->type == OBJECT_VIEW) {
		fx_fails(x, OUTCOME_FAILS, "%.*s is a view", SLICE(fx_show(x, first->target)));
		x->t = NULL;
	}
	my_after(x->a, &x->d, x->t, x->st, &x->after);
	for (size_t i = 0; i < x->st->nchanges; i++)
		one_change(x, &x->st->changes[i]);
	if (x->t && !x->t->tainted && is_innodb(x->t))
		fx_keys_fit(x);
	fx_columns_fit(x);
	fx_row_fits(x);
	losses(x, first);
	if (takes_clauses(x->st))
		online_facts(x, first);
}
