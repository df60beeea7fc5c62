/* effects.c - what a statement does at the point where it runs. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"
#include "engine/unknown_column.h"

#include <stdarg.h>
#include <stdint.h>

struct name fx_resolved(const struct effects *x, struct name n)
{
	return catalog_resolve(x->c, x->s, OBJECT_TABLE, n);
}

const struct object *fx_find(
	const struct effects *x, enum object_type type, struct name n, enum presence *how)
{
	const struct object *o = NULL;

	*how = catalog_find(x->c, x->s, type, n, &o);
	return *how == PRESENT ? o : NULL;
}

void fx_touch(struct effects *x, struct touched **v, size_t *n, enum object_type type,
	struct name object, struct slice part, bool certain)
{
	effect_touch(x->a, v, n,
		(struct touched){.type = type, .object = object, .part = part, .certain = certain});
}

void fx_breaks(struct effects *x, enum breaks_who who, const struct change *ch,
	enum object_type type, struct slice part, bool certain)
{
	effect_break(x->a, x->out,
		(struct breakage){.who = who,
			.type = type,
			.object = fx_resolved(x, ch->target),
			.part = part,
			.certain = certain});
}

void fx_destroys(struct effects *x, const struct change *ch, enum object_type type,
	struct slice part, bool certain)
{
	fx_touch(x, &x->out->destroys, &x->out->ndestroys, type,
		type == OBJECT_SCHEMA ? ch->target : fx_resolved(x, ch->target), part, certain);
}

void fx_rewrites(struct effects *x, struct name table, const struct object *t)
{
	struct name n = fx_resolved(x, table);

	fx_touch(x, &x->out->rewrites, &x->out->nrewrites, OBJECT_TABLE, n, SLICE_NONE, t != NULL);
	if (!t)
		effect_need(x->a, x->out,
			arena_printf(x->a, "definition of %.*s", SLICE(fx_show(x, table))));
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *o = t->parts[i];

		if (o->type == OBJECT_INDEX || (o->type == OBJECT_CONSTRAINT &&
						       slice_is(o->constraint.kind, "primary key")))
			fx_touch(x, &x->out->builds, &x->out->nbuilds, OBJECT_INDEX, n, o->name,
				true);
	}
}

void fx_fails(struct effects *x, enum outcome how, const char *why, ...)
{
	va_list ap;

	if (how == OUTCOME_FAILS ? x->out->outcome == OUTCOME_FAILS : x->out->outcome != OUTCOME_OK)
		return;
	va_start(ap, why);
	x->out->outcome = how;
	x->out->outcome_why = arena_vprintf(x->a, why, ap);
	va_end(ap);
}

void fx_rerun(struct effects *x, enum rerun r)
{
	static const int rank[] = {
		[RERUN_SAME] = 0, [RERUN_UNKNOWN] = 1, [RERUN_DIFFERS] = 2, [RERUN_FAILS] = 3};

	if (rank[r] > rank[x->out->rerun])
		x->out->rerun = r;
}

void fx_undo(struct effects *x, enum undo u)
{
	if (u > x->out->undo)
		x->out->undo = u;
}

bool fx_flag(const struct change *ch, unsigned flag)
{
	return ch->flags & flag;
}

struct slice fx_show(struct effects *x, struct name n)
{
	return my_name_text(x->a, fx_resolved(x, n));
}

/* ---- does it work at all ---- */

void fx_want_absent(struct effects *x, const struct change *ch, enum object_type type,
	struct name n, const char *word)
{
	enum presence how;

	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE))
		return;
	fx_find(x, type, n, &how);
	if (how == PRESENT)
		fx_fails(
			x, OUTCOME_FAILS, "the %s %.*s exists already", word, SLICE(fx_show(x, n)));
}

/* ---- one change ---- */

/* RENAME TABLE a TO b, b TO c: a name may be that of an earlier pair. */
static void rename_tables(struct effects *x, const struct change *ch)
{
	enum presence how;

	fx_find(x, OBJECT_NONE, ch->target, &how);
	for (const struct change *e = x->st->changes; e < ch; e++)
		if (slice_eq(e->other.name, ch->target.name))
			how = UNKNOWN;
	if (how == ABSENT && !fx_flag(ch, CHANGE_IF_EXISTS))
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	fx_rename_table(x, ch);
}

/* What a view or a query reads: unqualified names, for other databases are not known. */
static void wants_table(struct effects *x, struct slice read)
{
	enum presence how;

	if (slice_chr(read, '.') != SIZE_MAX)
		return;
	fx_find(x, OBJECT_NONE, (struct name){SLICE_NONE, read}, &how);
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(read));
}

/* A table that foreign keys of others refer to. MySQL looks at the whole list of tables first,
 * MariaDB takes them one by one. */
static bool is_referenced(const struct effects *x, const struct change *ch, const struct object *t)
{
	const struct object **keys;
	size_t n = catalog_referencing(x->c, t, x->a, &keys);
	const struct change *end =
		x->d.dialect == DIALECT_MYSQL ? x->st->changes + x->st->nchanges : ch;

	for (size_t i = 0; i < n; i++) {
		bool goes = keys[i]->table == t;

		for (const struct change *e = x->st->changes; e < end; e++)
			goes |= keys[i]->table && slice_eq(e->target.name, keys[i]->table->name);
		if (!goes)
			return true;
	}
	return false;
}

/* OR REPLACE drops what is there. */
static void replaced(struct effects *x, const struct change *ch)
{
	enum presence how;
	const struct object *t = fx_find(x, OBJECT_NONE, ch->target, &how);

	if (!fx_flag(ch, CHANGE_OR_REPLACE) || fx_flag(ch, CHANGE_TEMPORARY) || how == ABSENT)
		return;
	if (t && t->type == OBJECT_TABLE && (!x->s || x->s->foreign_keys) &&
		is_referenced(x, ch, t))
		fx_fails(x, OUTCOME_FAILS, "a foreign key of another table refers to %.*s",
			SLICE(fx_show(x, ch->target)));
	fx_undo(x, UNDO_SCHEMA_ONLY);
	fx_destroys(x, ch, OBJECT_TABLE, SLICE_NONE, how == PRESENT);
	if (how == UNKNOWN)
		effect_need(x->a, x->out,
			arena_printf(x->a, "whether %.*s exists", SLICE(fx_show(x, ch->target))));
}

static void create_table(struct effects *x, const struct change *ch)
{
	const struct object *t = ch->def;
	enum presence how;

	for (size_t i = 0; i < ch->reads.n; i++) {
		wants_table(x, ch->reads.at[i]);
		if (ch->kind == CHANGE_CREATE_TABLE_AS)
			fx_reads(x, ch);
	}
	if (!slice_empty(ch->other.name)) { /* LIKE */
		fx_find(x, OBJECT_NONE, ch->other, &how);
		if (how == ABSENT)
			fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(ch->other.name));
	}
	if (t)
		fx_created_fits(x, ch);
}

static void create_effects(struct effects *x, const struct change *ch)
{
	fx_rerun(x,
		fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE) ? RERUN_SAME : RERUN_FAILS);
	if (fx_flag(ch, CHANGE_OR_REPLACE))
		fx_undo(x, UNDO_EXACT);
	switch ((int)ch->kind) {
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_TABLE_AS:
		if (!fx_flag(ch, CHANGE_TEMPORARY))
			fx_want_absent(x, ch, OBJECT_NONE, ch->target, "table");
		fx_breaks(x, BREAKS_NEW_CODE, ch, OBJECT_TABLE, SLICE_NONE, true);
		replaced(x, ch);
		create_table(x, ch);
		break;
	case CHANGE_CREATE_VIEW:
		for (size_t i = 0; ch->def && i < ch->def->view.reads.n; i++)
			wants_table(x, ch->def->view.reads.at[i]);
		for (size_t i = 0; i < ch->reads.n; i++)
			wants_table(x, ch->reads.at[i]);
		fx_want_absent(x, ch, OBJECT_NONE, ch->target, "view");
		fx_breaks(x, BREAKS_NEW_CODE, ch, OBJECT_VIEW, SLICE_NONE, true);
		break;
	case CHANGE_CREATE_SEQUENCE:
		fx_want_absent(x, ch, OBJECT_NONE, ch->target, "sequence");
		break;
	case CHANGE_CREATE_FUNCTION:
		fx_want_absent(x, ch, OBJECT_FUNCTION, ch->target, "routine");
		break;
	case CHANGE_CREATE_TRIGGER:
		fx_create_trigger(x, ch);
		break;
	case CHANGE_CREATE_OTHER:
		if (ch->type == OBJECT_EVENT)
			fx_want_absent(x, ch, OBJECT_EVENT, ch->target, "event");
		break;
	default:
		break;
	}
}

static void drop_relation(struct effects *x, const struct change *ch)
{
	enum presence how;
	const struct object *t = fx_find(x, OBJECT_NONE, ch->target, &how);
	bool quiet = fx_flag(ch, CHANGE_IF_EXISTS);

	if (how == ABSENT && quiet)
		return;
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no %s %.*s", object_type_word(ch->type),
			SLICE(fx_show(x, ch->target)));
	if (t && t->type == OBJECT_SEQUENCE && ch->type == OBJECT_TABLE && is_mariadb(&x->d)) {
		fx_undo(x, UNDO_SCHEMA_ONLY);
		fx_destroys(x, ch, OBJECT_SEQUENCE, SLICE_NONE, true);
		return;
	}
	if (t && t->type != ch->type && !quiet)
		fx_fails(x, OUTCOME_FAILS, "%.*s is a %s", SLICE(fx_show(x, ch->target)),
			object_type_word(t->type));
	if (t && t->type != ch->type && quiet)
		return;
	if (t && t->type == OBJECT_TABLE && slice_is(t->table_.persistence, "temporary")) {
		fx_undo(x, UNDO_SCHEMA_ONLY);
		return;
	}
	if (t && ch->type == OBJECT_TABLE && (!x->s || x->s->foreign_keys) &&
		is_referenced(x, ch, t))
		fx_fails(x, OUTCOME_FAILS, "a foreign key of another table refers to %.*s",
			SLICE(fx_show(x, ch->target)));
	if (ch->type != OBJECT_VIEW)
		fx_undo(x, UNDO_SCHEMA_ONLY);
	fx_breaks(x, BREAKS_OLD_READERS, ch, ch->type, SLICE_NONE, true);
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, ch->type, SLICE_NONE, true);
	fx_destroys(x, ch, ch->type, SLICE_NONE, how == PRESENT || !quiet);
}

static void drop_other(struct effects *x, const struct change *ch)
{
	enum presence how = UNKNOWN;

	if (ch->type == OBJECT_FUNCTION || ch->type == OBJECT_EVENT)
		fx_find(x, ch->type, ch->target, &how);
	if (how == ABSENT && fx_flag(ch, CHANGE_IF_EXISTS))
		return;
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no %s %.*s", object_type_word(ch->type),
			SLICE(fx_show(x, ch->target)));
	if (ch->type == OBJECT_SCHEMA)
		fx_undo(x, UNDO_SCHEMA_ONLY);
	if (ch->type == OBJECT_SCHEMA || ch->type == OBJECT_FUNCTION || ch->type == OBJECT_EVENT)
		fx_destroys(x, ch, ch->type, SLICE_NONE,
			how == PRESENT || !fx_flag(ch, CHANGE_IF_EXISTS));
	if (how == UNKNOWN && fx_flag(ch, CHANGE_IF_EXISTS))
		effect_need(x->a, x->out,
			arena_printf(x->a, "whether %.*s exists", SLICE(ch->target.name)));
	if (ch->type == OBJECT_FUNCTION)
		fx_breaks(x, BREAKS_OLD_READERS, ch, ch->type, SLICE_NONE, true);
}

static void drop_temporary(struct effects *x, const struct change *ch)
{
	enum presence how;
	const struct object *t = fx_find(x, OBJECT_TABLE, ch->target, &how);

	fx_undo(x, UNDO_SCHEMA_ONLY);
	if ((how == ABSENT || (t && !slice_is(t->table_.persistence, "temporary"))) &&
		!fx_flag(ch, CHANGE_IF_EXISTS))
		fx_fails(x, OUTCOME_FAILS, "there is no temporary table %.*s",
			SLICE(fx_show(x, ch->target)));
}

static void drop_effects(struct effects *x, const struct change *ch)
{
	fx_rerun(x, fx_flag(ch, CHANGE_IF_EXISTS) ? RERUN_SAME : RERUN_FAILS);
	if (fx_flag(ch, CHANGE_TEMPORARY)) {
		drop_temporary(x, ch);
		return;
	}
	if (ch->type == OBJECT_TABLE || ch->type == OBJECT_VIEW || ch->type == OBJECT_SEQUENCE)
		drop_relation(x, ch);
	else if (ch->type == OBJECT_TRIGGER)
		fx_drop_trigger(x, ch);
	else
		drop_other(x, ch);
}

static void meta_effects(struct effects *x, const struct change *ch)
{
	switch ((int)ch->kind) {
	case CHANGE_CREATE_ROLE:
	case CHANGE_DROP_ROLE:
	case CHANGE_REVOKE:
		fx_rerun(x, fx_flag(ch, CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE)
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
static bool commits(const struct change *ch, struct slice kind)
{
	switch (change_class_of(ch->kind)) {
	case CLASS_CREATE:
	case CLASS_DROP:
		return !fx_flag(ch, CHANGE_TEMPORARY);
	case CLASS_ALTER:
	case CLASS_RENAME:
	case CLASS_META:
		return true;
	case CLASS_MAINT:
		return ch->kind != CHANGE_EXPLAIN && !slice_is(kind, "CHECKSUM TABLE");
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

/* ALTER VIEW, PROCEDURE, EVENT, SEQUENCE … of what is not there. */
static void alter_other(struct effects *x, const struct change *ch)
{
	enum presence how = UNKNOWN;
	enum object_type type = ch->type;

	if (type == OBJECT_VIEW || type == OBJECT_SEQUENCE)
		fx_find(x, OBJECT_NONE, ch->target, &how);
	else if (type == OBJECT_FUNCTION || type == OBJECT_EVENT)
		fx_find(x, type, ch->target, &how);
	if (how == ABSENT && !fx_flag(ch, CHANGE_IF_EXISTS))
		fx_fails(x, OUTCOME_FAILS, "there is no %s %.*s", object_type_word(type),
			SLICE(fx_show(x, ch->target)));
	if (!slice_empty(ch->other.name) && !fx_flag(ch, CHANGE_IF_EXISTS))
		fx_rerun(x, RERUN_FAILS);
}

static void change_effects(struct effects *x, const struct change *ch)
{
	switch (change_class_of(ch->kind)) {
	case CLASS_CREATE:
		create_effects(x, ch);
		break;
	case CLASS_DROP:
		drop_effects(x, ch);
		break;
	case CLASS_ALTER:
		if (ch->kind == CHANGE_TABLE_FORCE) /* OPTIMIZE TABLE */
			fx_maintain(x, ch);
		else
			alter_other(x, ch);
		break;
	case CLASS_RENAME:
		if (ch->kind == CHANGE_RENAME_TABLE)
			rename_tables(x, ch);
		break;
	case CLASS_DATA:
		fx_data(x, ch);
		break;
	case CLASS_META:
		meta_effects(x, ch);
		break;
	case CLASS_SESSION:
		if (ch->kind == CHANGE_PREPARE)
			fx_rerun(x, slice_is(slice_of(x->st->kind), "PREPARE") ? RERUN_SAME
				    : slice_is(slice_of(x->st->kind), "DEALLOCATE")
					    ? RERUN_FAILS
					    : RERUN_UNKNOWN);
		break;
	case CLASS_TX:
		if (ch->kind == CHANGE_RELEASE || ch->kind == CHANGE_ROLLBACK_TO)
			fx_rerun(x, RERUN_UNKNOWN);
		if (ch->kind == CHANGE_LOCK_TABLE)
			fx_maintain(x, ch);
		break;
	case CLASS_MAINT:
		fx_maintain(x, ch);
		break;
	}
}

/* Changes of a table's definition; what else ALTER stands before has no parts and no rows. */
static bool alters_table(const struct statement *st)
{
	enum change_kind k = st->changes[0].kind;
	struct slice kind = slice_of(st->kind);

	return fx_is_online(k) &&
	       (slice_is(kind, "ALTER TABLE") || slice_is(kind, "CREATE INDEX") ||
		       slice_is(kind, "DROP INDEX"));
}

/* ---- words of the other server ---- */

static bool has_setting(const struct change *ch, const char *key)
{
	for (size_t i = 0; i < ch->settings.n; i++)
		if (slice_starts(ch->settings.at[i], key))
			return true;
	return false;
}

/* IF [NOT] EXISTS where MySQL has none: parts of tables, and tables that are altered or renamed. */
static bool says_if(const struct effects *x, const struct change *ch)
{
	enum change_class class = change_class_of(ch->kind);

	if (!fx_flag(ch, CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS))
		return false;
	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS) &&
		(ch->kind == CHANGE_CREATE_TRIGGER || ch->kind == CHANGE_CREATE_FUNCTION))
		return x->d.version < 80029;
	if (fx_flag(ch, CHANGE_IF_NOT_EXISTS) && ch->kind == CHANGE_CREATE_VIEW)
		return x->d.version < 90100;
	return class == CLASS_ALTER || class == CLASS_RENAME || ch->kind == CHANGE_CREATE_INDEX ||
	       ch->kind == CHANGE_DROP_INDEX;
}

static const char *mariadb_only(const struct effects *x, const struct change *ch)
{
	static const char *const types[] = {"uuid", "inet4", "inet6"};
	bool replaces = fx_flag(ch, CHANGE_OR_REPLACE) && ch->kind != CHANGE_CREATE_VIEW &&
			ch->kind != CHANGE_CREATE_OTHER;

	if (says_if(x, ch))
		return "IF [NOT] EXISTS";
	if (replaces)
		return "OR REPLACE";
	if (ch->type == OBJECT_SEQUENCE)
		return "sequences";
	if (ch->kind == CHANGE_SYSTEM_VERSIONING)
		return "system versioning";
	if (fx_flag(ch, CHANGE_IGNORE))
		return "ALTER IGNORE";
	if (fx_flag(ch, CHANGE_NOWAIT) || has_setting(ch, "wait="))
		return "WAIT and NOWAIT";
	if (fx_flag(ch, CHANGE_RETURNING))
		return "RETURNING";
	if (ch->def && ch->def->type == OBJECT_TABLE &&
		names_has(ch->def->table_.options, SL("system versioning")))
		return "system versioning";
	for (size_t i = 0; ch->def && i < 3; i++) {
		if (ch->def->type == OBJECT_COLUMN && slice_is(ch->def->column.type, types[i]))
			return types[i];
		for (size_t k = 0; k < ch->def->nparts; k++)
			if (ch->def->parts[k]->type == OBJECT_COLUMN &&
				slice_is(ch->def->parts[k]->column.type, types[i]))
				return types[i];
	}
	return NULL;
}

static const char *mysql_only(const struct change *ch)
{
	if (ch->def && ch->def->type == OBJECT_CONSTRAINT && ch->def->constraint.not_enforced)
		return "NOT ENFORCED";
	if (ch->kind == CHANGE_CREATE_INDEX && ch->def &&
		ch->def->index.keys.n > ch->def->index.columns.n)
		return "indexes over expressions";
	return NULL;
}

static void foreign_words(struct effects *x)
{
	for (size_t i = 0; i < x->st->nchanges; i++) {
		const struct change *ch = &x->st->changes[i];
		const char *what = is_mariadb(&x->d) ? mysql_only(ch) : mariadb_only(x, ch);

		if (what)
			fx_fails(x, OUTCOME_FAILS, "%s does not know %s here",
				is_mariadb(&x->d) ? "MariaDB" : "MySQL", what);
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
		soft |= fx_flag(&x->st->changes[i], CHANGE_GUARDED) ||
			x->st->changes[i].kind == CHANGE_CALL ||
			x->st->changes[i].kind == CHANGE_DO_BLOCK;
	if (!soft)
		return;
	if (x->out->rerun == RERUN_FAILS)
		x->out->rerun = RERUN_UNKNOWN;
	if (x->out->outcome == OUTCOME_FAILS)
		x->out->outcome = OUTCOME_MAY_FAIL;
}

/* A query over a column that none of its tables has. */
static void query_fits(struct effects *x)
{
	struct slice name;
	enum change_kind k;
	size_t n = 0, m = 0;

	if (x->st->nchanges == 0 || fx_flag(x->st->changes, CHANGE_GUARDED | CHANGE_IF_NOT_EXISTS))
		return;
	k = x->st->changes->kind;
	if (k != CHANGE_SELECT && k != CHANGE_INSERT && k != CHANGE_REPLACE && k != CHANGE_UPDATE &&
		k != CHANGE_DELETE && k != CHANGE_CREATE_VIEW && k != CHANGE_CREATE_TABLE_AS)
		return;
	if (unknown_column(x->a, x->c, x->s, x->st->text, &name))
		fx_fails(x, OUTCOME_FAILS, "no table here has a column %.*s", SLICE(name));
	if (selects_differ(x->a, x->c, x->s, x->st->text, &n, &m))
		fx_fails(x, OUTCOME_FAILS, "a UNION of %zu columns and of %zu", n, m);
	if (k == CHANGE_CREATE_VIEW && x->st->changes->list.n &&
		selected_values(x->a, x->c, x->s, x->st->text, &n) && n != x->st->changes->list.n)
		fx_fails(x, OUTCOME_FAILS, "the view names %zu columns and selects %zu",
			x->st->changes->list.n, n);
}

/* CALL of a procedure that is not there. */
static void called_fits(struct effects *x)
{
	const struct change *ch = x->st->changes;
	enum presence how = UNKNOWN;

	if (x->st->nchanges == 0 || ch->kind != CHANGE_CALL || fx_flag(ch, CHANGE_GUARDED) ||
		ch->target.schema.len)
		return;
	fx_find(x, OBJECT_FUNCTION, ch->target, &how);
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no procedure %.*s", SLICE(ch->target.name));
}

/* What fails does nothing; only DROP drops what it finds. */
static void undone(struct effects *x)
{
	struct effect *e = x->out;

	e->rerun = RERUN_FAILS;
	if (x->st->nchanges > 1 && !alters_table(x->st))
		return;
	e->nrewrites = e->nscans = e->nbuilds = e->nwrites_rows = e->ndestroys = e->nbreaks = 0;
	e->algorithm = e->lock_clause = NULL;
	e->undo = UNDO_EXACT;
}

/* MySQL 9.7 is the one that was watched (tests/oracle/mysql); what is said of others comes from
 * their manuals and from what 9.7 does where those say the same. */
static bool unwatched(const struct my_dialect *d)
{
	return !is_mariadb(d) && d->version < 90700;
}

/* SET STATEMENT … FOR and EXECUTE IMMEDIATE '…' are what they run. */
static struct statement bare(struct arena *a, enum dialect d, const struct statement *st)
{
	struct statement in = *st;
	struct lexer l;
	struct token t;

	while (in.nchanges > 1 && in.changes->kind == CHANGE_SET_VARIABLE &&
		(in.changes->flags & CHANGE_LOCAL))
		in.changes++, in.nchanges--;
	lexer_init(&l, d, st->text);
	if (!slice_is(slice_of(st->kind), "EXECUTE") || in.nchanges < 2 ||
		!token_is(lexer_next(&l), "EXECUTE") || !token_is(lexer_next(&l), "IMMEDIATE") ||
		(t = lexer_next(&l)).kind != TOKEN_STRING || lexer_next(&l).kind != TOKEN_END)
		return in;
	in.text = token_value(a, d, t);
	in.changes++, in.nchanges--;
	lexer_init(&l, d, in.text);
	if (token_is(lexer_next(&l), "ALTER") && token_is(lexer_next(&l), "TABLE"))
		in.kind = "ALTER TABLE";
	return in;
}

static void statement_effects(struct effects *x)
{
	const struct statement *st = x->st;

	foreign_words(x);
	for (size_t i = 0; i < st->nchanges; i++)
		fx_names_fit(x, &st->changes[i]);
	if (st->nchanges && alters_table(st))
		fx_alter(x);
	else
		for (size_t i = 0; i < st->nchanges; i++)
			change_effects(x, &st->changes[i]);
	soften(x);
	called_fits(x);
	query_fits(x);
}

void mysql_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *said, struct effect *out)
{
	struct statement inner = bare(a, catalog_dialect(c), said), *st = &inner;
	struct fx_scratch scratch = {0};
	struct effects x = {a, c, s, st,
		{.dialect = catalog_dialect(c), .version = catalog_version(c)}, out, NULL, {0},
		&scratch};

	*out = (struct effect){.certain = true, .transaction = TX_ALLOWED};
	if (st->state == STATEMENT_OPAQUE) {
		unread(&x);
		out->documented = unwatched(&x.d);
		return;
	}
	if (st->state == STATEMENT_SYNTAX) {
		fx_fails(&x, OUTCOME_FAILS, "%.*s", SLICE(st->fault_message));
		x.out->rerun = RERUN_FAILS;
		return;
	}
	if (st->partly_opaque)
		effect_need(a, out, st->opaque_reason);
	for (size_t i = 0; i < st->nchanges; i++)
		if (commits(&st->changes[i], slice_of(st->kind)))
			out->transaction = TX_COMMITS;
	statement_effects(&x);
	out->documented |= unwatched(&x.d);
	if (out->outcome == OUTCOME_FAILS)
		undone(&x);
	arena_done(&scratch.arena);
}

/* Nothing in these servers must stand outside a transaction: what cannot be part of one commits it.
 */
bool mysql_needs_no_tx(const struct statement *st, int version)
{
	(void)version;
	for (size_t i = 0; i < st->nchanges; i++)
		if (commits(&st->changes[i], slice_of(st->kind)))
			return true;
	return false;
}
