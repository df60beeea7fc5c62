/* effects.c - what a statement does at the point where it runs. */
#include "engine/mysql/online.h"

#include "engine/mysql/parser.h"

struct effects {
	struct arena *a;
	const struct catalog *c;
	const struct session *s;
	const struct statement *st;
	struct my_dialect d;
	struct effect *out;
};

static struct name resolved(const struct effects *x, struct name n)
{
	return catalog_resolve(x->c, x->s, OBJECT_TABLE, n);
}

static const struct object *find(
	const struct effects *x, enum object_type type, struct name n, enum presence *how)
{
	const struct object *o = NULL;

	*how = catalog_find(x->c, x->s, type, n, &o);
	return *how == PRESENT ? o : NULL;
}

static void touch(struct effects *x, struct touched **v, size_t *n, enum object_type type,
	struct name object, struct slice part, bool certain)
{
	effect_touch(x->a, v, n,
		(struct touched){.type = type, .object = object, .part = part, .certain = certain});
}

static void breaks(struct effects *x, enum breaks_who who, const struct change *ch,
	enum object_type type, struct slice part, bool certain)
{
	effect_break(x->a, x->out,
		(struct breakage){.who = who,
			.type = type,
			.object = resolved(x, ch->target),
			.part = part,
			.certain = certain});
}

static void fails(struct effects *x, enum outcome how, struct slice why)
{
	if (how == OUTCOME_FAILS ? x->out->outcome == OUTCOME_FAILS : x->out->outcome != OUTCOME_OK)
		return;
	x->out->outcome = how;
	x->out->outcome_why = why;
}

static void rerun(struct effects *x, enum rerun r)
{
	static const int rank[] = {
		[RERUN_SAME] = 0, [RERUN_UNKNOWN] = 1, [RERUN_DIFFERS] = 2, [RERUN_FAILS] = 3};

	if (rank[r] > rank[x->out->rerun])
		x->out->rerun = r;
}

static void undo(struct effects *x, enum undo u)
{
	if (u > x->out->undo)
		x->out->undo = u;
}

static bool has_flag(const struct change *ch, unsigned flag)
{
	return ch->flags & flag;
}

static struct slice show(struct effects *x, struct name n)
{
	return my_name_text(x->a, resolved(x, n));
}

/* ---- does it work at all ---- */

/* Is the part named by this change made by an earlier one of the same statement? */
static bool made_before(const struct effects *x, const struct change *ch, struct slice name)
{
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (slice_ieq(e->name, name) || slice_ieq(e->other.name, name))
			return true;
	return false;
}

static void want_part(struct effects *x, const struct change *ch, const struct object *t,
	enum object_type type, struct slice name, const char *word)
{
	const struct object *part;

	if (!t || has_flag(ch, CHANGE_IF_EXISTS) || made_before(x, ch, name))
		return;
	if (catalog_part(x->c, t, type, name, &part) == ABSENT)
		fails(x, OUTCOME_FAILS,
			arena_printf(x->a, "%.*s has no %s %.*s", SLICE(show(x, ch->target)), word,
				SLICE(name)));
}

static void want_no_part(struct effects *x, const struct change *ch, const struct object *t,
	enum object_type type, struct slice name, const char *word)
{
	const struct object *part;

	if (!t || slice_empty(name) || has_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE))
		return;
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (e->kind == CHANGE_DROP_COLUMN || e->kind == CHANGE_DROP_INDEX ||
			e->kind == CHANGE_DROP_CONSTRAINT || e->kind == CHANGE_RENAME_COLUMN ||
			e->kind == CHANGE_RENAME_INDEX)
			return;
	if (catalog_part(x->c, t, type, name, &part) == PRESENT)
		fails(x, OUTCOME_FAILS,
			arena_printf(x->a, "%.*s already has the %s %.*s",
				SLICE(show(x, ch->target)), word, SLICE(name)));
}

/* The table that a change works on; absent ones make it fail, unknown ones uncertain. */
static const struct object *table_of(struct effects *x, const struct change *ch)
{
	enum presence how;
	const struct object *t;

	if (slice_empty(ch->target.name))
		return NULL;
	t = find(x, OBJECT_NONE, ch->target, &how);
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (slice_eq(e->other.name, ch->target.name))
			return t;
	if (how == ABSENT && !has_flag(ch, CHANGE_IF_EXISTS))
		fails(x, OUTCOME_FAILS,
			arena_printf(x->a, "there is no table %.*s", SLICE(show(x, ch->target))));
	return t;
}

static void want_absent(struct effects *x, const struct change *ch, enum object_type type,
	struct name n, const char *word)
{
	enum presence how;

	if (has_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE))
		return;
	find(x, type, n, &how);
	if (how == PRESENT)
		fails(x, OUTCOME_FAILS,
			arena_printf(x->a, "the %s %.*s exists already", word, SLICE(show(x, n))));
}

static void want_present(struct effects *x, const struct change *ch, enum object_type type,
	struct name n, const char *word)
{
	enum presence how;

	if (has_flag(ch, CHANGE_IF_EXISTS | CHANGE_TEMPORARY))
		return;
	find(x, type, n, &how);
	if (how == ABSENT)
		fails(x, OUTCOME_FAILS,
			arena_printf(x->a, "there is no %s %.*s", word, SLICE(show(x, n))));
}

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

static bool is_online(enum change_kind k)
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

static void rebuilt_indexes(
	struct effects *x, const struct object *t, struct name table, bool certain)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX)
			touch(x, &x->out->builds, &x->out->nbuilds, OBJECT_INDEX, table,
				t->parts[i]->name, certain);
}

static void online_facts(struct effects *x, const struct object *t, const struct change *first)
{
	struct online o = my_online_statement(x->a, &x->d, x->s, x->c, t, x->st);
	struct name table = resolved(x, first->target);
	int algorithm = asked_algorithm(setting(x->st, "algorithm")),
	    lock = asked_lock(setting(x->st, "lock"));
	bool certain = !o.needs;

	if (!o.applies)
		return;
	x->out->algorithm = my_algorithm_word(o.algorithm);
	x->out->lock_clause = my_lock_word(o.lock);
	if (o.needs)
		effect_need(x->a, x->out,
			arena_printf(x->a, "%s of %.*s", o.needs, SLICE(show(x, first->target))));
	if (algorithm >= 0 && algorithm < (int)o.algorithm)
		fails(x, certain ? OUTCOME_FAILS : OUTCOME_MAY_FAIL,
			arena_printf(x->a, "ALGORITHM=%s is refused: it needs %s",
				my_algorithm_word((enum algorithm)algorithm),
				my_algorithm_word(o.algorithm)));
	if (lock >= 0 && lock < (int)o.lock)
		fails(x, certain ? OUTCOME_FAILS : OUTCOME_MAY_FAIL,
			arena_printf(x->a, "LOCK=%s is refused: it needs %s",
				my_lock_word((enum lock_words)lock), my_lock_word(o.lock)));
	if (o.rebuild || algorithm == ALGO_COPY) {
		touch(x, &x->out->rewrites, &x->out->nrewrites, OBJECT_TABLE, table, SLICE_NONE,
			certain);
		rebuilt_indexes(x, t, table, certain);
	} else if (o.scan) {
		touch(x, &x->out->scans, &x->out->nscans, OBJECT_TABLE, table, SLICE_NONE, certain);
	}
}

/* ---- one change ---- */

static void create_effects(struct effects *x, const struct change *ch)
{
	rerun(x, has_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE) ? RERUN_SAME : RERUN_FAILS);
	if (has_flag(ch, CHANGE_OR_REPLACE))
		undo(x, UNDO_NONE);
	switch ((int)ch->kind) {
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_TABLE_AS:
		if (!has_flag(ch, CHANGE_TEMPORARY))
			want_absent(x, ch, OBJECT_NONE, ch->target, "table");
		breaks(x, BREAKS_NEW_CODE, ch, OBJECT_TABLE, SLICE_NONE, true);
		if (has_flag(ch, CHANGE_OR_REPLACE))
			touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TABLE,
				resolved(x, ch->target), SLICE_NONE, false);
		break;
	case CHANGE_CREATE_VIEW:
		want_absent(x, ch, OBJECT_NONE, ch->target, "view");
		breaks(x, BREAKS_NEW_CODE, ch, OBJECT_VIEW, SLICE_NONE, true);
		break;
	case CHANGE_CREATE_SEQUENCE:
		want_absent(x, ch, OBJECT_NONE, ch->target, "sequence");
		break;
	case CHANGE_CREATE_FUNCTION:
		want_absent(x, ch, OBJECT_FUNCTION, ch->target, "routine");
		break;
	case CHANGE_CREATE_TRIGGER:
		want_no_part(x, ch, table_of(x, ch), OBJECT_TRIGGER, ch->name, "trigger");
		break;
	default:
		break;
	}
}

static void drop_effects(struct effects *x, const struct change *ch)
{
	bool data = ch->type == OBJECT_TABLE || ch->type == OBJECT_SCHEMA ||
		    ch->type == OBJECT_SEQUENCE;

	rerun(x, has_flag(ch, CHANGE_IF_EXISTS) ? RERUN_SAME : RERUN_FAILS);
	undo(x, data ? UNDO_SCHEMA_ONLY : UNDO_EXACT);
	if (has_flag(ch, CHANGE_TEMPORARY))
		return;
	if (ch->type == OBJECT_TABLE || ch->type == OBJECT_VIEW || ch->type == OBJECT_SEQUENCE) {
		want_present(x, ch, OBJECT_NONE, ch->target, object_type_word(ch->type));
		breaks(x, BREAKS_OLD_READERS, ch, ch->type, SLICE_NONE, true);
		breaks(x, BREAKS_OLD_WRITERS, ch, ch->type, SLICE_NONE, true);
	}
	if (data)
		touch(x, &x->out->destroys, &x->out->ndestroys, ch->type,
			ch->type == OBJECT_SCHEMA ? ch->target : resolved(x, ch->target),
			SLICE_NONE, true);
}

static bool same_part(const struct change *a, const struct change *b)
{
	return a->type == b->type && !slice_empty(a->name) && slice_ieq(a->name, b->name);
}

static bool is_drop(enum change_kind k)
{
	return k == CHANGE_DROP_INDEX || k == CHANGE_DROP_CONSTRAINT || k == CHANGE_DROP_COLUMN;
}

/* Dropped and made again in one statement: a second run finds what the first one found. */
static bool is_replaced(const struct effects *x, const struct change *ch)
{
	for (size_t i = 0; i < x->st->nchanges; i++) {
		const struct change *o = &x->st->changes[i];

		if (o != ch && same_part(o, ch) && is_drop(o->kind) != is_drop(ch->kind))
			return is_drop(ch->kind) ? o > ch : o < ch;
	}
	return false;
}

static void part_rerun(struct effects *x, const struct change *ch, unsigned same)
{
	rerun(x, has_flag(ch, same) || is_replaced(x, ch) ? RERUN_SAME : RERUN_FAILS);
}

static void add_column_effects(struct effects *x, const struct change *ch, const struct object *t)
{
	const struct column_def *d = &ch->def->column;

	want_no_part(x, ch, t, OBJECT_COLUMN, ch->name, "column");
	part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	breaks(x, BREAKS_NEW_CODE, ch, OBJECT_COLUMN, ch->name, true);
	if (d->not_null && !d->default_value.text.len && !d->identity.len && !d->generated.len)
		breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
}

static void drop_column_effects(struct effects *x, const struct change *ch, const struct object *t)
{
	const struct object *c = NULL;
	bool generated;

	want_part(x, ch, t, OBJECT_COLUMN, ch->name, "column");
	generated = t && catalog_part(x->c, t, OBJECT_COLUMN, ch->name, &c) == PRESENT &&
		    !slice_empty(c->column.generated);
	part_rerun(x, ch, CHANGE_IF_EXISTS);
	undo(x, generated ? UNDO_EXACT : UNDO_SCHEMA_ONLY);
	if (!generated)
		touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_COLUMN,
			resolved(x, ch->target), ch->name, true);
	breaks(x, BREAKS_OLD_READERS, ch, OBJECT_COLUMN, ch->name, true);
	breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
}

static void rename_column_effects(struct effects *x, const struct change *ch)
{
	rerun(x, RERUN_FAILS);
	breaks(x, BREAKS_OLD_READERS, ch, OBJECT_COLUMN, ch->name, true);
	breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
	breaks(x, BREAKS_NEW_CODE, ch, OBJECT_COLUMN, ch->other.name, true);
}

static void narrowing(struct effects *x, const struct change *ch)
{
	fails(x, OUTCOME_MAY_FAIL, SL("a value may not fit the new type"));
	undo(x, UNDO_SCHEMA_ONLY);
	touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_COLUMN, resolved(x, ch->target),
		ch->name, false);
	breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, false);
}

static void modify_effects(struct effects *x, const struct change *ch, const struct object *t)
{
	bool renames = !slice_empty(ch->other.name) && !slice_ieq(ch->other.name, ch->name);
	const struct object *c = NULL;

	want_part(x, ch, t, OBJECT_COLUMN, ch->name, "column");
	if (renames)
		rename_column_effects(x, ch);
	if (!t || catalog_part(x->c, t, OBJECT_COLUMN, ch->name, &c) != PRESENT) {
		effect_need(x->a, x->out,
			arena_printf(x->a, "old definition of %.*s.%.*s",
				SLICE(show(x, ch->target)), SLICE(ch->name)));
		undo(x, UNDO_SCHEMA_ONLY);
		return;
	}
	if (my_type_change(&x->d, c, ch->def, true) == TYPE_NARROWER)
		narrowing(x, ch);
	if (!c->column.not_null && ch->def->column.not_null) {
		fails(x, OUTCOME_MAY_FAIL, SL("a row may hold NULL there"));
		breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, true);
	}
}

static void add_constraint_effects(struct effects *x, const struct change *ch)
{
	struct slice kind = ch->def->constraint.kind;

	if (slice_empty(ch->name) && !has_flag(ch, CHANGE_IF_NOT_EXISTS))
		rerun(x, RERUN_DIFFERS);
	else
		part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	if (slice_is(kind, "foreign key")) {
		if (!x->s || x->s->foreign_keys)
			fails(x, OUTCOME_MAY_FAIL,
				SL("a row may have no partner in the other table"));
		breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, ch->name, true);
	} else if (slice_is(kind, "check")) {
		fails(x, OUTCOME_MAY_FAIL, SL("a row may not satisfy the check"));
		breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, ch->name, true);
	} else {
		fails(x, OUTCOME_MAY_FAIL, SL("two rows may have the same key"));
		touch(x, &x->out->builds, &x->out->nbuilds, OBJECT_INDEX, resolved(x, ch->target),
			SL("PRIMARY"), true);
	}
}

static void create_index_effects(struct effects *x, const struct change *ch, const struct object *t)
{
	want_no_part(x, ch, t, OBJECT_INDEX, ch->name, "index");
	for (size_t i = 0; i < ch->def->index.columns.n; i++)
		want_part(x, ch, t, OBJECT_COLUMN, ch->def->index.columns.at[i], "column");
	if (slice_empty(ch->name))
		rerun(x, RERUN_DIFFERS);
	else
		part_rerun(x, ch, CHANGE_IF_NOT_EXISTS);
	touch(x, &x->out->builds, &x->out->nbuilds, OBJECT_INDEX, resolved(x, ch->target), ch->name,
		true);
	if (ch->def->index.unique) {
		fails(x, OUTCOME_MAY_FAIL, SL("two rows may have the same key"));
		breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_INDEX, ch->name, true);
	}
}

static void partition_effects(struct effects *x, const struct change *ch)
{
	bool destroys =
		slice_istarts(ch->value.text, "DROP") || slice_istarts(ch->value.text, "TRUNCATE");
	bool moves = slice_istarts(ch->value.text, "PARTITION BY") ||
		     slice_istarts(ch->value.text, "REORGANIZE") ||
		     slice_istarts(ch->value.text, "REMOVE") ||
		     slice_istarts(ch->value.text, "COALESCE") ||
		     slice_istarts(ch->value.text, "REBUILD");

	rerun(x, slice_istarts(ch->value.text, "TRUNCATE") ? RERUN_SAME : RERUN_UNKNOWN);
	if (destroys) {
		undo(x, UNDO_SCHEMA_ONLY);
		touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TABLE,
			resolved(x, ch->target), SLICE_NONE, true);
	}
	if (moves)
		touch(x, &x->out->rewrites, &x->out->nrewrites, OBJECT_TABLE,
			resolved(x, ch->target), SLICE_NONE, true);
}

/* Did an earlier change of this statement give the name up, or take it? */
static bool renamed_away(const struct effects *x, const struct change *ch, struct name n)
{
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (e->kind == CHANGE_RENAME_TABLE && slice_eq(e->target.name, n.name))
			return true;
	return false;
}

/* Tables that change places: a second run puts them back. */
static bool is_swap(const struct effects *x)
{
	for (size_t i = 0; i < x->st->nchanges; i++) {
		bool taken = false;

		for (size_t k = 0; k < x->st->nchanges; k++)
			taken |= slice_eq(
				x->st->changes[k].other.name, x->st->changes[i].target.name);
		if (!taken)
			return false;
	}
	return true;
}

static void rename_table_effects(struct effects *x, const struct change *ch)
{
	if (!renamed_away(x, ch, ch->other))
		want_absent(x, ch, OBJECT_NONE, ch->other, "table");
	rerun(x, is_swap(x) ? RERUN_DIFFERS : RERUN_FAILS);
	breaks(x, BREAKS_OLD_READERS, ch, OBJECT_TABLE, SLICE_NONE, true);
	breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_TABLE, SLICE_NONE, true);
	effect_break(x->a, x->out,
		(struct breakage){.who = BREAKS_NEW_CODE,
			.type = OBJECT_TABLE,
			.object = resolved(x, ch->other),
			.certain = true});
}

/* The rows' past has the old columns: the server wants to be told what to do about that. */
static void versioned_effects(struct effects *x, const struct change *ch, const struct object *t)
{
	if (t && t->type == OBJECT_TABLE && names_has(t->table_.options, SL("system versioning")) &&
		(ch->kind == CHANGE_ADD_COLUMN || ch->kind == CHANGE_DROP_COLUMN ||
			ch->kind == CHANGE_MODIFY_COLUMN))
		fails(x, OUTCOME_MAY_FAIL,
			SL("the table is system-versioned: refused unless "
			   "system_versioning_alter_history is KEEP"));
}

static void alter_effects(struct effects *x, const struct change *ch, const struct object *t)
{
	versioned_effects(x, ch, t);
	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		add_column_effects(x, ch, t);
		break;
	case CHANGE_DROP_COLUMN:
		drop_column_effects(x, ch, t);
		break;
	case CHANGE_RENAME_COLUMN:
		want_part(x, ch, t, OBJECT_COLUMN, ch->name, "column");
		rename_column_effects(x, ch);
		break;
	case CHANGE_MODIFY_COLUMN:
		modify_effects(x, ch, t);
		break;
	case CHANGE_DROP_DEFAULT:
		want_part(x, ch, t, OBJECT_COLUMN, ch->name, "column");
		breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_COLUMN, ch->name, false);
		break;
	case CHANGE_SET_DEFAULT:
	case CHANGE_COLUMN_VISIBILITY:
		want_part(x, ch, t, OBJECT_COLUMN, ch->name, "column");
		break;
	case CHANGE_ADD_CONSTRAINT:
		add_constraint_effects(x, ch);
		break;
	case CHANGE_CREATE_INDEX:
		create_index_effects(x, ch, t);
		break;
	case CHANGE_DROP_INDEX:
		want_part(x, ch, t, OBJECT_INDEX, ch->name, "index");
		part_rerun(x, ch, CHANGE_IF_EXISTS);
		break;
	case CHANGE_DROP_CONSTRAINT:
		part_rerun(x, ch, CHANGE_IF_EXISTS);
		break;
	case CHANGE_RENAME_INDEX:
		want_part(x, ch, t, OBJECT_INDEX, ch->name, "index");
		rerun(x, RERUN_FAILS);
		break;
	case CHANGE_RENAME_TABLE:
		rename_table_effects(x, ch);
		break;
	case CHANGE_ALTER_PARTITIONS:
		partition_effects(x, ch);
		break;
	case CHANGE_CONVERT_CHARSET:
		fails(x, OUTCOME_MAY_FAIL, SL("text may not be writable in the new character set"));
		break;
	default:
		break;
	}
}

/* Does an INSERT say a value for every column of a unique key? Then a second one fails. */
static bool says_key(const struct change *ch, const struct object *t)
{
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct names key = {0};
		bool all = true;

		if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
			key = o->constraint.columns;
		else if (o->type == OBJECT_INDEX && o->index.unique)
			key = o->index.columns;
		for (size_t k = 0; k < key.n; k++)
			all &= ch->list.n == 0 || names_has(ch->list, key.at[k]);
		if (key.n && all)
			return true;
	}
	return false;
}

static void data_effects(struct effects *x, const struct change *ch)
{
	const struct object *t = NULL;
	enum presence how = UNKNOWN;

	switch ((int)ch->kind) {
	case CHANGE_SELECT:
	case CHANGE_COPY_OUT:
		return;
	case CHANGE_CALL:
		x->out->rerun = RERUN_UNKNOWN;
		undo(x, UNDO_NONE);
		return;
	default:
		break;
	}
	if (!slice_empty(ch->target.name))
		t = find(x, OBJECT_NONE, ch->target, &how);
	if (how == ABSENT)
		fails(x, OUTCOME_FAILS,
			arena_printf(x->a, "there is no table %.*s", SLICE(show(x, ch->target))));
	touch(x, &x->out->writes_rows, &x->out->nwrites_rows, OBJECT_TABLE, resolved(x, ch->target),
		SLICE_NONE, true);
	switch ((int)ch->kind) {
	case CHANGE_INSERT:
		undo(x, has_flag(ch, CHANGE_ON_CONFLICT) ? UNDO_NONE : UNDO_EXACT);
		rerun(x, has_flag(ch, CHANGE_ON_CONFLICT) || !t ? RERUN_UNKNOWN
			 : says_key(ch, t)                      ? RERUN_FAILS
								: RERUN_DIFFERS);
		break;
	case CHANGE_TRUNCATE:
		undo(x, UNDO_NONE);
		touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TABLE,
			resolved(x, ch->target), SLICE_NONE, true);
		break;
	case CHANGE_DELETE:
		undo(x, UNDO_NONE);
		rerun(x, has_flag(ch, CHANGE_HAS_LIMIT) ? RERUN_DIFFERS : RERUN_SAME);
		if (!has_flag(ch, CHANGE_HAS_WHERE) || has_flag(ch, CHANGE_WHERE_TRUE))
			touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TABLE,
				resolved(x, ch->target), SLICE_NONE, true);
		break;
	default:
		undo(x, UNDO_NONE);
		rerun(x, RERUN_UNKNOWN);
		break;
	}
}

static void meta_effects(struct effects *x, const struct change *ch)
{
	switch ((int)ch->kind) {
	case CHANGE_CREATE_ROLE:
	case CHANGE_DROP_ROLE:
	case CHANGE_REVOKE:
		rerun(x, has_flag(ch, CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE)
				 ? RERUN_SAME
				 : RERUN_FAILS);
		break;
	default:
		break;
	}
}

/* ---- transactions ---- */

/* These end an open transaction by committing it (manual: Statements That Cause an Implicit
 * Commit). */
static bool commits(const struct change *ch)
{
	switch (change_class_of(ch->kind)) {
	case CLASS_CREATE:
	case CLASS_DROP:
		return !has_flag(ch, CHANGE_TEMPORARY);
	case CLASS_ALTER:
	case CLASS_RENAME:
	case CLASS_META:
		return true;
	case CLASS_MAINT:
		return ch->kind != CHANGE_EXPLAIN;
	case CLASS_TX:
		return ch->kind == CHANGE_BEGIN || ch->kind == CHANGE_LOCK_TABLE ||
		       ch->kind == CHANGE_COMMIT;
	case CLASS_DATA:
		return ch->kind == CHANGE_TRUNCATE;
	case CLASS_SESSION:
		return false;
	}
	return false;
}

static void change_effects(struct effects *x, const struct change *ch, const struct object *t)
{
	if (commits(ch))
		x->out->transaction = TX_COMMITS;
	if (ch->kind == CHANGE_CREATE_INDEX || ch->kind == CHANGE_DROP_INDEX) {
		alter_effects(x, ch, t);
		return;
	}
	switch (change_class_of(ch->kind)) {
	case CLASS_CREATE:
		create_effects(x, ch);
		break;
	case CLASS_DROP:
		drop_effects(x, ch);
		break;
	case CLASS_ALTER:
	case CLASS_RENAME:
		alter_effects(x, ch, t);
		break;
	case CLASS_DATA:
		data_effects(x, ch);
		break;
	case CLASS_META:
		meta_effects(x, ch);
		break;
	case CLASS_SESSION:
		if (ch->kind == CHANGE_PREPARE)
			rerun(x, RERUN_UNKNOWN);
		break;
	case CLASS_TX:
		if (ch->kind == CHANGE_RELEASE || ch->kind == CHANGE_ROLLBACK_TO)
			rerun(x, RERUN_UNKNOWN);
		break;
	case CLASS_MAINT:
		break;
	}
}

static void unread(struct effects *x)
{
	x->out->unread = true;
	x->out->rerun = RERUN_UNKNOWN;
	x->out->undo = UNDO_NONE;
	effect_need(x->a, x->out, x->st->opaque_reason);
}

/* What stands behind a condition may not run at all, and a routine may catch its errors. */
static void soften(struct effects *x)
{
	bool soft = false;

	for (size_t i = 0; i < x->st->nchanges; i++)
		soft |= has_flag(&x->st->changes[i], CHANGE_GUARDED) ||
			x->st->changes[i].kind == CHANGE_CALL ||
			x->st->changes[i].kind == CHANGE_DO_BLOCK;
	if (!soft)
		return;
	if (x->out->rerun == RERUN_FAILS)
		x->out->rerun = RERUN_UNKNOWN;
	if (x->out->outcome == OUTCOME_FAILS)
		x->out->outcome = OUTCOME_MAY_FAIL;
}

void mysql_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out)
{
	struct effects x = {
		a, c, s, st, {.dialect = catalog_dialect(c), .version = catalog_version(c)}, out};
	const struct object *t = NULL;

	*out = (struct effect){.certain = true, .transaction = TX_ALLOWED};
	if (st->state == STATEMENT_OPAQUE) {
		unread(&x);
		return;
	}
	if (st->state == STATEMENT_SYNTAX) {
		fails(&x, OUTCOME_FAILS, st->fault_message);
		return;
	}
	if (st->partly_opaque)
		effect_need(a, out, st->opaque_reason);
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];

		if (is_online(ch->kind))
			t = table_of(&x, ch);
		change_effects(&x, ch, t);
	}
	soften(&x);
	if (st->nchanges && takes_clauses(st) && is_online(st->changes[0].kind))
		online_facts(&x, t, &st->changes[0]);
	/* OPTIMIZE TABLE rebuilds an InnoDB table, as FORCE does. */
	for (size_t i = 0; i < st->nchanges && !takes_clauses(st); i++)
		if (st->changes[i].kind == CHANGE_TABLE_FORCE)
			touch(&x, &out->rewrites, &out->nrewrites, OBJECT_TABLE,
				resolved(&x, st->changes[i].target), SLICE_NONE, true);
}

/* Nothing in these servers must stand outside a transaction: what cannot be part of one commits it.
 */
bool mysql_needs_no_tx(const struct statement *st, int version)
{
	(void)version;
	for (size_t i = 0; i < st->nchanges; i++)
		if (commits(&st->changes[i]))
			return true;
	return false;
}
