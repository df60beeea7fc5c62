/* effects.c - what SQLite does with a statement: locks, creations, pragmas, transactions.
 *
 * One writer at a time: a statement that writes takes the database's RESERVED lock and keeps it to
 * the end of its transaction; readers go on, but for the moment of the commit (and all along in WAL
 * mode). https://sqlite.org/lockingv3.html, https://sqlite.org/lang_altertable.html */
#include "engine/sqlite/effects.h"

#include "engine/unknown_column.h"
#include "sql/token.h"

#include <stdarg.h>
#include <stdint.h>

/* ---- Saying things ---- */

/* A table that is not temporary is among those that are read. */
static bool reads_others(const struct judging *j)
{
	if (j->ch->kind == CHANGE_CREATE_VIEW || j->ch->kind == CHANGE_CREATE_TRIGGER)
		return false; /* they are looked up when they are used */
	for (size_t i = 0; i < j->ch->reads.n; i++) {
		const struct object *o = NULL;

		if (catalog_find(j->c, j->s, OBJECT_NONE, e_full_name(j->ch->reads.at[i]), &o) !=
				PRESENT ||
			!slice_iis(o->schema, "temp"))
			return true;
	}
	return false;
}

static void lock(struct judging *j, const char *mode, enum lock_class blocks, bool certain)
{
	effect_lock(j->a, j->e,
		(struct lock){.object = {SLICE_NONE, j->database.len ? j->database : SL("main")},
			.type = OBJECT_DATABASE,
			.mode = mode,
			.blocks = blocks,
			.certain = certain});
}

void e_read(struct judging *j)
{
	if (!j->temporary)
		lock(j, "SHARED", LOCK_NOTHING, true);
}

/* What fills a temporary table only reads the others. */
void e_write(struct judging *j)
{
	if (!j->temporary)
		lock(j, "RESERVED", LOCK_WRITES, true);
	else if (reads_others(j))
		lock(j, "SHARED", LOCK_NOTHING, true);
	if (j->s->query_only && !j->temporary)
		e_fails(j, "attempt to write a readonly database: query_only is on");
}

/* IF EXISTS of what is not there: SQLite looks, where there is such a database. */
void e_nothing_there(struct judging *j)
{
	struct slice schema = j->ch->target.schema;

	if (!schema.len || slice_iis(schema, "main") || slice_iis(schema, "temp") ||
		e_is_attached(j, schema))
		e_read(j);
}

void e_exclusive(struct judging *j)
{
	lock(j, "EXCLUSIVE", LOCK_READS_WRITES, true);
}

void e_maybe_exclusive(struct judging *j)
{
	lock(j, "EXCLUSIVE", LOCK_READS_WRITES, false);
}

void e_fails(struct judging *j, const char *why, ...)
{
	va_list ap;

	if (j->e->outcome == OUTCOME_FAILS)
		return;
	j->e->outcome = OUTCOME_FAILS;
	va_start(ap, why);
	j->e->outcome_why = arena_vprintf(j->a, why, ap);
	va_end(ap);
}

void e_may_fail(struct judging *j, const char *why, ...)
{
	va_list ap;

	if (j->e->outcome != OUTCOME_OK)
		return;
	j->e->outcome = OUTCOME_MAY_FAIL;
	va_start(ap, why);
	j->e->outcome_why = arena_vprintf(j->a, why, ap);
	va_end(ap);
}

void e_needs(struct judging *j, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	effect_need(j->a, j->e, arena_vprintf(j->a, what, ap));
	va_end(ap);
}

bool e_new(const struct judging *j, const struct object *o)
{
	return o && j->s->in_tx && o->born_tx && o->born_tx == j->s->tx;
}

struct touched e_touch(
	const struct judging *j, enum object_type type, struct name table, struct slice part)
{
	return (struct touched){.type = type,
		.object = table,
		.part = part,
		.certain = j->presence == PRESENT,
		.new_in_tx = e_new(j, j->o)};
}

void e_breaks(struct judging *j, enum breaks_who who, enum object_type type, struct slice part)
{
	if (e_new(j, j->o) || j->temporary)
		return;
	effect_break(j->a, j->e,
		(struct breakage){.who = who,
			.type = type,
			.object = j->full,
			.part = part,
			.certain = true});
}

struct slice e_path(const struct judging *j, struct name n, struct slice part)
{
	struct buf b = {0};
	struct slice out;

	quote_name_pretty(&b, DIALECT_SQLITE, n.schema, n.name);
	if (part.len) {
		buf_addc(&b, '.');
		quote_ident_pretty(&b, DIALECT_SQLITE, part);
	}
	out = arena_slice(j->a, buf_slice(&b));
	buf_done(&b);
	return out;
}

bool e_table_there(struct judging *j)
{
	switch (j->presence) {
	case ABSENT:
		e_fails(j, "no such table: %.*s", SLICE(j->full.name));
		return false;
	case PRESENT:
		return true;
	case UNKNOWN:
		e_needs(j, "definition of %.*s", SLICE(e_path(j, j->full, SLICE_NONE)));
		return false;
	}
	return false;
}

const struct object *e_part(
	const struct judging *j, enum object_type type, struct slice name, enum presence *p)
{
	const struct object *part = NULL;

	*p = j->o ? catalog_part(j->c, j->o, type, name, &part) : UNKNOWN;
	return *p == PRESENT ? part : NULL;
}

bool e_too_new(struct judging *j, int since, const char *what)
{
	char has[24], wants[24];

	if (j->version >= since)
		return false;
	e_fails(j, "SQLite %s has no %s: it came with %s",
		version_text(DIALECT_SQLITE, j->version, has), what,
		version_text(DIALECT_SQLITE, since, wants));
	return true;
}

/* A column: upper(…) is none that is called upper. */
bool e_mentions(struct slice text, struct slice name)
{
	struct lexer l;
	struct arena a = {0};
	struct token t;
	bool found = false;

	lexer_init(&l, DIALECT_SQLITE, text);
	while (!found && (t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		found = (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) &&
			slice_ieq(token_value(&a, DIALECT_SQLITE, t), name) &&
			!(t.kind == TOKEN_WORD && token_punct(lexer_peek(&l), "("));
	arena_done(&a);
	return found;
}

static struct name split_name(struct slice s)
{
	size_t dot = slice_chr(s, '.');

	if (dot == SIZE_MAX)
		return (struct name){.name = s};
	return (struct name){slice_sub(s, 0, dot), slice_from(s, dot + 1)};
}

void e_broken_views(struct judging *j)
{
	const struct object **views;
	size_t n;

	if (!catalog_is_complete(j->c))
		return;
	n = catalog_list(j->c, OBJECT_VIEW, j->a, &views);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < views[i]->view.reads.n; k++) {
			struct name read = split_name(views[i]->view.reads.at[k]);

			if (slice_istarts(read.name, "sqlite_") ||
				slice_istarts(read.name, "pragma_"))
				continue;
			if (catalog_find(j->c, j->s, OBJECT_NONE, read, NULL) != ABSENT)
				continue;
			e_fails(j, "error in view %.*s: no such table: %.*s", SLICE(views[i]->name),
				SLICE(read.name));
			return;
		}
}

/* ---- Creating and dropping ---- */

bool e_creates(struct judging *j, enum presence there, const char *word)
{
	bool quiet = j->ch->flags & CHANGE_IF_NOT_EXISTS;

	j->e->rerun = quiet ? RERUN_SAME : RERUN_FAILS;
	j->e->undo = UNDO_EXACT;
	if (there == PRESENT && quiet) {
		e_read(j);
		return false;
	}
	e_known_database(j, j->full.schema);
	e_reserved(j, j->full.name);
	if (there == PRESENT)
		e_fails(j, "%s %.*s already exists", word, SLICE(j->full.name));
	if (there == UNKNOWN && quiet)
		e_needs(j, "whether %.*s exists", SLICE(e_path(j, j->full, SLICE_NONE)));
	e_write(j);
	return true;
}

static bool drops(struct judging *j, enum presence there, const char *word)
{
	bool quiet = j->ch->flags & CHANGE_IF_EXISTS;

	j->e->rerun = quiet ? RERUN_SAME : RERUN_FAILS;
	j->e->undo = UNDO_EXACT;
	if (there == ABSENT && quiet) {
		e_nothing_there(j);
		return false;
	}
	if (there == ABSENT)
		e_fails(j, "no such %s: %.*s", word, SLICE(j->full.name));
	if (there == UNKNOWN)
		e_needs(j, "whether %.*s exists", SLICE(e_path(j, j->full, SLICE_NONE)));
	e_write(j);
	return there != ABSENT;
}

/* STRICT came with 3.37, generated columns with 3.31. */
static void table_versions(struct judging *j)
{
	const struct object *t = j->ch->def;

	if (t && t->table_.strict)
		e_too_new(j, SQLITE_V(3, 37, 0), "STRICT tables");
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && t->parts[i]->column.generated.len)
			e_too_new(j, SQLITE_V(3, 31, 0), "generated columns");
}

/* What SQLite says of it without knowing any table. */
static void refused_by_sqlite(struct judging *j)
{
	if (j->ch->kind != CHANGE_CREATE_TABLE_AS && j->ch->payload)
		e_fails(j, "%.*s", SLICE(*(const struct slice *)j->ch->payload));
}

static void create_table(struct judging *j)
{
	struct name n = {j->full.schema, j->full.name};

	if (catalog_find(j->c, j->s, OBJECT_INDEX, n, NULL) == PRESENT) {
		e_creates(j, ABSENT, "table");
		e_fails(j, "there is already an index named %.*s", SLICE(n.name));
		return;
	}
	if (!e_creates(j, j->presence, "table"))
		return;
	table_versions(j);
	refused_by_sqlite(j);
	if (e_is_shadow(j, n))
		e_may_fail(j, "%.*s may stand behind a virtual table", SLICE(n.name));
	e_breaks(j, BREAKS_NEW_CODE, OBJECT_TABLE, SLICE_NONE);
	if (j->ch->kind == CHANGE_CREATE_TABLE_AS)
		judge_query(j);
}

static void create_view(struct judging *j)
{
	if (!e_creates(j, j->presence, "table"))
		return;
	refused_by_sqlite(j);
	e_breaks(j, BREAKS_NEW_CODE, OBJECT_VIEW, SLICE_NONE);
}

static void drop_view(struct judging *j)
{
	if (j->o && j->o->type == OBJECT_TABLE)
		e_fails(j, "use DROP TABLE to delete table %.*s", SLICE(j->full.name));
	if (!drops(j, j->presence, "view"))
		return;
	effect_touch(j->a, &j->e->destroys, &j->e->ndestroys,
		e_touch(j, OBJECT_VIEW, j->full, SLICE_NONE));
	e_breaks(j, BREAKS_OLD_READERS, OBJECT_VIEW, SLICE_NONE);
	if (!j->temporary)
		e_view_goes(j);
}

static void drop_index(struct judging *j)
{
	if (slice_istarts(j->full.name, "sqlite_autoindex_"))
		e_fails(j, "index associated with UNIQUE or PRIMARY KEY constraint cannot be "
			   "dropped");
	if (drops(j, j->presence, "index"))
		effect_touch(j->a, &j->e->destroys, &j->e->ndestroys,
			e_touch(j, OBJECT_INDEX, j->full, SLICE_NONE));
}

static const struct object *find_trigger(struct judging *j, enum presence *p);

static void create_trigger(struct judging *j)
{
	enum presence there;
	struct name table = j->full;

	find_trigger(j, &there); /* one name space for the whole database */
	j->full.name = j->ch->name;
	if (!e_creates(j, there, "trigger"))
		return;
	refused_by_sqlite(j);
	j->full = table;
	if (!e_table_there(j))
		return;
	if (j->o->type == OBJECT_VIEW && !slice_is(j->ch->def->trigger.timing, "instead of"))
		e_fails(j, "cannot create %.*s trigger on view: %.*s",
			SLICE(j->ch->def->trigger.timing), SLICE(j->full.name));
	if (j->o->type == OBJECT_TABLE && slice_is(j->o->table_.kind, "virtual"))
		e_fails(j, "cannot create triggers on virtual tables");
	if (j->o->type == OBJECT_TABLE && slice_is(j->ch->def->trigger.timing, "instead of"))
		e_fails(j, "cannot create INSTEAD OF trigger on table: %.*s", SLICE(j->full.name));
	e_trigger_works(j);
}

/* DROP TRIGGER does not name the table: look through all of them. */
static const struct object *find_trigger(struct judging *j, enum presence *p)
{
	static const enum object_type owners[] = {OBJECT_TABLE, OBJECT_VIEW};

	*p = catalog_is_complete(j->c) ? ABSENT : UNKNOWN;
	for (size_t t = 0; t < 2; t++) {
		const struct object **v;
		size_t n = catalog_list(j->c, owners[t], j->a, &v);

		for (size_t i = 0; i < n; i++) {
			const struct object *part = NULL;

			if (catalog_part(j->c, v[i], OBJECT_TRIGGER, j->ch->name, &part) != PRESENT)
				continue;
			*p = PRESENT;
			return part;
		}
	}
	return NULL;
}

static void drop_trigger(struct judging *j)
{
	enum presence there;
	const struct object *trigger = find_trigger(j, &there);

	j->presence = there;
	j->o = trigger;
	j->temporary = j->temporary || (trigger && slice_iis(trigger->schema, "temp"));
	j->full = (struct name){
		j->ch->target.schema.len ? j->ch->target.schema : SL("main"), j->ch->name};
	if (!drops(j, there, "trigger"))
		return;
	if (trigger && trigger->table)
		e_trigger_goes(j, trigger->table);
	effect_touch(j->a, &j->e->destroys, &j->e->ndestroys,
		e_touch(j, OBJECT_TRIGGER, j->full, j->ch->name));
}

/* ---- Sessions, transactions, upkeep ---- */

enum pragma_nature {
	PRAGMA_SETTING,   /* of the connection: nobody else notices */
	PRAGMA_NO_EFFECT, /* … and inside a transaction it does nothing */
	PRAGMA_REFUSED,   /* … and inside a transaction it is an error */
	PRAGMA_WRITES,    /* a field of the file's header; asked for, it is read */
	PRAGMA_READS,     /* the schema or the header */
	PRAGMA_KEEPS,     /* it may write: what it finds decides */
	PRAGMA_MODE,      /* the whole file changes its way of working */
	PRAGMA_READS_ALL, /* every table is read */
};
static const struct {
	const char *name;
	enum pragma_nature nature;
} pragmas[] = {
	{"foreign_keys", PRAGMA_NO_EFFECT},
	{"synchronous", PRAGMA_REFUSED},
	{"user_version", PRAGMA_WRITES},
	{"application_id", PRAGMA_WRITES},
	{"schema_version", PRAGMA_WRITES},
	{"incremental_vacuum", PRAGMA_WRITES},
	{"auto_vacuum", PRAGMA_SETTING},
	{"optimize", PRAGMA_KEEPS},
	{"data_version", PRAGMA_READS},
	{"page_count", PRAGMA_READS},
	{"freelist_count", PRAGMA_READS},
	{"max_page_count", PRAGMA_READS},
	{"table_info", PRAGMA_READS},
	{"table_list", PRAGMA_READS},
	{"table_xinfo", PRAGMA_READS},
	{"index_info", PRAGMA_READS},
	{"index_xinfo", PRAGMA_READS},
	{"index_list", PRAGMA_READS},
	{"foreign_key_list", PRAGMA_READS},
	{"journal_mode", PRAGMA_MODE},
	{"wal_checkpoint", PRAGMA_REFUSED},
	{"integrity_check", PRAGMA_READS_ALL},
	{"quick_check", PRAGMA_READS_ALL},
	{"foreign_key_check", PRAGMA_READS_ALL},
};

static void all_tables(struct judging *j, struct touched **v, size_t *n)
{
	const struct object **tables;
	size_t count = catalog_list(j->c, OBJECT_TABLE, j->a, &tables);

	for (size_t i = 0; i < count; i++) {
		struct name name = {tables[i]->schema, tables[i]->name};

		if (slice_is(tables[i]->table_.kind, "table") && !slice_is(name.schema, "temp"))
			effect_touch(j->a, v, n,
				(struct touched){.type = OBJECT_TABLE,
					.object = name,
					.certain = true,
					.new_in_tx = e_new(j, tables[i])});
	}
	if (!catalog_is_complete(j->c))
		e_needs(j, "the other tables of the database");
}

/* Out of DELETE, TRUNCATE, PERSIST, MEMORY and OFF nobody has to go; into and out of WAL everybody.
 */
static void journal_mode(struct judging *j)
{
	static const char *const modes[] = {"delete", "truncate", "persist", "memory", "off"};

	if (slice_iis(j->ch->value.text, "wal")) {
		e_exclusive(j);
		j->e->transaction = TX_FORBIDDEN;
		if (j->s->in_tx)
			e_fails(j, "cannot change into wal mode from within a transaction");
		return;
	}
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (slice_iis(j->ch->value.text, modes[i])) {
			e_maybe_exclusive(j); /* or an error in a transaction, out of WAL mode */
			e_needs(j, "whether the database is in WAL mode");
			j->e->transaction = TX_NO_EFFECT;
		}
}

static void refused_inside(struct judging *j)
{
	bool checkpoint = slice_is(j->ch->name, "wal_checkpoint");

	if (!j->ch->value.text.len && !checkpoint)
		return;
	j->e->transaction = TX_FORBIDDEN;
	if (checkpoint)
		e_needs(j, "whether the database is in WAL mode");
	else if (j->s->in_tx)
		e_fails(j, "PRAGMA %.*s is refused inside a transaction", SLICE(j->ch->name));
}

/* Since 3.44 integrity_check asks the modules too, and some write. */
static bool has_virtual(struct judging *j)
{
	const struct object **tables;
	size_t n = catalog_list(j->c, OBJECT_TABLE, j->a, &tables);

	for (size_t i = 0; i < n; i++)
		if (slice_is(tables[i]->table_.kind, "virtual"))
			return j->version >= SQLITE_V(3, 44, 0);
	return false;
}

static void pragma(struct judging *j)
{
	enum pragma_nature nature = PRAGMA_SETTING;
	bool sets = j->ch->value.text.len > 0;

	j->e->undo = UNDO_EXACT;
	e_known_database(j, j->ch->target.schema);
	for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++)
		if (slice_is(j->ch->name, pragmas[i].name))
			nature = pragmas[i].nature;
	switch (nature) {
	case PRAGMA_SETTING:
		break;
	case PRAGMA_NO_EFFECT:
		if (sets)
			j->e->transaction = TX_NO_EFFECT;
		break;
	case PRAGMA_REFUSED:
		refused_inside(j);
		break;
	case PRAGMA_WRITES:
		if (sets || slice_is(j->ch->name, "incremental_vacuum"))
			e_write(j);
		else
			e_read(j);
		break;
	case PRAGMA_READS:
		e_read(j);
		break;
	case PRAGMA_KEEPS:
		e_write(j);
		e_needs(j, "the statistics that are there");
		break;
	case PRAGMA_MODE:
		if (sets)
			journal_mode(j);
		break;
	case PRAGMA_READS_ALL:
		e_read(j);
		all_tables(j, &j->e->scans, &j->e->nscans);
		if (has_virtual(j))
			e_needs(j, "what the modules of virtual tables do");
		break;
	}
}

static void begin(struct judging *j)
{
	j->e->transaction = TX_FORBIDDEN;
	j->e->undo = UNDO_EXACT;
	j->e->rerun = RERUN_FAILS;
	if (j->s->in_tx)
		e_fails(j, "cannot start a transaction within a transaction");
	if (slice_iis(j->ch->value.text, "EXCLUSIVE"))
		e_exclusive(j);
	else if (slice_iis(j->ch->value.text, "IMMEDIATE"))
		e_write(j);
}

static void end(struct judging *j)
{
	bool commit = j->ch->kind == CHANGE_COMMIT;

	if (commit)
		j->e->transaction = TX_COMMITS;
	j->e->undo = UNDO_EXACT;
	j->e->rerun = RERUN_FAILS;
	if (!j->s->in_tx && catalog_is_complete(j->c))
		e_fails(j, "cannot %s - no transaction is active", commit ? "commit" : "rollback");
}

static void rebuilt(struct judging *j, const struct object *t, struct slice index)
{
	effect_touch(j->a, &j->e->builds, &j->e->nbuilds,
		(struct touched){.type = OBJECT_INDEX,
			.object = {t->schema, index},
			.certain = true,
			.new_in_tx = e_new(j, t)});
}

/* INTEGER PRIMARY KEY is the rowid; the key of a table without rowids is the table. */
static bool is_table_itself(const struct object *t, const struct object *key)
{
	const struct object *column = NULL;

	if (!slice_is(key->constraint.kind, "primary key"))
		return false;
	for (size_t i = 0; i < t->nparts && key->constraint.columns.n == 1; i++)
		if (t->parts[i]->type == OBJECT_COLUMN &&
			slice_ieq(t->parts[i]->name, key->constraint.columns.at[0]))
			column = t->parts[i];
	return t->table_.without_rowid || (column && slice_iis(column->column.type, "integer"));
}

static bool same_columns(struct names a, struct names b)
{
	bool same = a.n == b.n;

	for (size_t i = 0; same && i < a.n; i++)
		same = slice_ieq(a.at[i], b.at[i]);
	return same;
}

/* sqlite_autoindex_<table>_<n> stands behind the nth key that is not one already. */
static void key_indexes(struct judging *j, const struct object *t)
{
	const struct object *seen[32];
	unsigned n = 0, kept = 0;

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *k = t->parts[i];
		bool again = false;

		if (k->type != OBJECT_CONSTRAINT ||
			(!slice_is(k->constraint.kind, "unique") &&
				!slice_is(k->constraint.kind, "primary key")))
			continue;
		for (unsigned s = 0; s < kept; s++)
			again |= same_columns(seen[s]->constraint.columns, k->constraint.columns);
		if (again || (is_table_itself(t, k) && !t->table_.without_rowid))
			continue;
		n++;
		if (kept < 32)
			seen[kept++] = k;
		if (!is_table_itself(t, k))
			rebuilt(j, t,
				arena_printf(j->a, "sqlite_autoindex_%.*s_%u", SLICE(t->name), n));
	}
}

static void indexes_of(struct judging *j, const struct object *t, struct slice only)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX &&
			(!only.len || slice_ieq(t->parts[i]->name, only)))
			rebuilt(j, t, t->parts[i]->name);
	if (!only.len && !slice_is(t->table_.kind, "virtual"))
		key_indexes(j, t);
}

static void all_indexes(struct judging *j)
{
	const struct object **tables;
	size_t n = catalog_list(j->c, OBJECT_TABLE, j->a, &tables);

	for (size_t i = 0; i < n; i++)
		if (!slice_is(tables[i]->schema, "temp"))
			indexes_of(j, tables[i], SLICE_NONE);
}

static void vacuum(struct judging *j)
{
	j->e->transaction = TX_FORBIDDEN;
	j->e->undo = UNDO_EXACT;
	if (slice_iis(j->ch->target.schema, "temp")) { /* nothing happens */
		j->e->transaction = TX_ALLOWED;
		return;
	}
	e_known_database(j, j->ch->target.schema);
	if (j->s->in_tx)
		e_fails(j, "cannot VACUUM from within a transaction");
	if (j->ch->value.text.len) { /* INTO a new file: this one is only read */
		e_too_new(j, SQLITE_V(3, 27, 0), "VACUUM INTO");
		e_read(j);
		e_may_fail(j, "the file must not be there, and its folder must");
		all_tables(j, &j->e->scans, &j->e->nscans);
		j->e->rerun = RERUN_FAILS;
		return;
	}
	e_exclusive(j);
	all_tables(j, &j->e->rewrites, &j->e->nrewrites);
	all_indexes(j);
}

/* A table WITHOUT ROWID is its own index, and is written anew with the others. */
static void tables_as_indexes(struct judging *j)
{
	const struct object **tables;
	size_t n = catalog_list(j->c, OBJECT_TABLE, j->a, &tables);

	for (size_t i = 0; i < n; i++)
		if (tables[i]->table_.without_rowid)
			effect_touch(j->a, &j->e->rewrites, &j->e->nrewrites,
				(struct touched){.type = OBJECT_TABLE,
					.object = {tables[i]->schema, tables[i]->name},
					.certain = true,
					.new_in_tx = e_new(j, tables[i])});
}

/* REINDEX [table | index | collation] and ANALYZE [table | index] */
static void upkeep(struct judging *j)
{
	bool builds = j->ch->kind == CHANGE_REINDEX;
	const struct object *index = NULL;
	const struct object *t = j->o && j->o->type == OBJECT_TABLE ? j->o : NULL;

	j->e->undo = UNDO_EXACT;
	if (builds && t && slice_is(t->table_.kind, "virtual"))
		return; /* it has no indexes that SQLite knows */
	e_write(j);
	if (!t && j->ch->target.name.len &&
		catalog_find(j->c, j->s, OBJECT_INDEX, j->ch->target, &index) == PRESENT)
		t = index->table;
	if (t) {
		effect_touch(j->a, &j->e->scans, &j->e->nscans,
			(struct touched){.type = OBJECT_TABLE,
				.object = {t->schema, t->name},
				.certain = true,
				.new_in_tx = e_new(j, t)});
		if (builds)
			indexes_of(j, t, index ? index->name : SLICE_NONE);
		if (builds && !index && t->table_.without_rowid)
			effect_touch(j->a, &j->e->rewrites, &j->e->nrewrites,
				(struct touched){.type = OBJECT_TABLE,
					.object = {t->schema, t->name},
					.certain = true,
					.new_in_tx = e_new(j, t)});
		return;
	}
	if (j->ch->target.name.len) {
		e_needs(j, "what %.*s is", SLICE(j->ch->target.name));
		return;
	}
	all_tables(j, &j->e->scans, &j->e->nscans);
	if (!builds)
		return;
	all_indexes(j);
	tables_as_indexes(j);
}

/* ---- One change ---- */

/* In main and temp, then in what is attached (whose tables are known as far as they were made
 * here). SQLite's statistics and what stands behind a virtual table are nobody's definition. */
static enum presence find_anywhere(
	struct judging *j, enum object_type type, struct name n, const struct object **out)
{
	enum presence p = catalog_find(j->c, j->s, type, n, out);

	if (p != ABSENT)
		return p;
	for (size_t i = 0; i < j->s->attached.n && !n.schema.len; i++)
		if (catalog_find(j->c, j->s, type, (struct name){j->s->attached.at[i], n.name},
			    out) == PRESENT)
			return PRESENT;
	if (e_is_attached(j, n.schema) || e_is_shadow(j, n) || slice_istarts(n.name, "sqlite_stat"))
		return UNKNOWN;
	return ABSENT;
}

static void look_up(struct judging *j)
{
	const struct change *ch = j->ch;
	enum object_type type = ch->kind == CHANGE_DROP_INDEX ? OBJECT_INDEX : OBJECT_NONE;
	struct name n = ch->target;

	j->o = NULL;
	j->triggers = j->overwrites = false;
	j->database = SLICE_NONE;
	j->presence = UNKNOWN;
	j->full = n;
	j->temporary = slice_iis(n.schema, "temp") || (ch->flags & CHANGE_TEMPORARY);
	if (!n.name.len)
		return;
	j->presence = find_anywhere(j, type, n, &j->o);
	j->full = catalog_resolve(j->c, j->s, type == OBJECT_NONE ? OBJECT_TABLE : type, n);
	if (j->o) {
		j->full = (struct name){j->o->schema, j->o->name};
		j->temporary = j->temporary || slice_iis(j->o->schema, "temp");
	}
	if (!j->full.schema.len)
		j->full.schema = j->temporary ? SL("temp") : SL("main");
	if (e_is_attached(j, j->full.schema))
		j->database = j->full.schema;
}

static void judge_other(struct judging *j)
{
	j->e->rerun = RERUN_UNKNOWN;
	e_needs(j, "what \"%s\" does in SQLite", change_words(j->ch->kind));
}

static void nothing_but_session(struct judging *j)
{
	j->e->undo = UNDO_EXACT;
}

/* The name is taken, or gone. */
static void only_once(struct judging *j)
{
	j->e->undo = UNDO_EXACT;
	j->e->rerun = RERUN_FAILS;
}

static void attach(struct judging *j)
{
	struct slice name = j->ch->name, file = slice_trim(j->ch->value.text);

	only_once(j);
	if (slice_iis(name, "main") || slice_iis(name, "temp") || e_is_attached(j, name))
		e_fails(j, "database %.*s is already in use", SLICE(name));
	if (!slice_is(file, "':memory:'") && !slice_is(file, "''"))
		e_may_fail(j, "the file's folder must be there");
}

static void detach(struct judging *j)
{
	struct slice name = j->ch->name;

	only_once(j);
	if (slice_iis(name, "main") || slice_iis(name, "temp"))
		e_fails(j, "cannot detach database %.*s", SLICE(name));
	else if (!e_is_attached(j, name))
		e_may_fail(j, "no such database: %.*s, unless the connection attached it before",
			SLICE(name));
}

/* RELEASE, ROLLBACK TO */
static void to_savepoint(struct judging *j)
{
	only_once(j);
	if (j->ch->kind == CHANGE_ROLLBACK_TO)
		j->e->rerun = RERUN_SAME;
	for (size_t i = 0; i < j->s->nmarks; i++)
		if (slice_ieq(j->s->marks[i].name, j->ch->name))
			return;
	if (catalog_is_complete(j->c))
		e_fails(j, "no such savepoint: %.*s", SLICE(j->ch->name));
}

/* FROM pragma_table_info('t'): a function that gives a table. */
static bool calls_table(struct slice text)
{
	struct lexer l;
	struct token t, before = {0};

	lexer_init(&l, DIALECT_SQLITE, text);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		if ((token_is(before, "FROM") || token_is(before, "JOIN")) &&
			t.kind == TOKEN_WORD && token_punct(lexer_peek(&l), "("))
			return true;
		before = t;
	}
	return false;
}

/* One that reads no table takes no lock, nor does EXPLAIN. */
static void select_(struct judging *j)
{
	if ((j->ch->reads.n || calls_table(j->st->text)) && j->ch->kind != CHANGE_EXPLAIN)
		e_read(j);
	judge_select(j);
}

static const struct {
	enum change_kind kind;
	void (*judge)(struct judging *j);
} judges[] = {
	{CHANGE_CREATE_TABLE, create_table},
	{CHANGE_CREATE_TABLE_AS, create_table},
	{CHANGE_CREATE_VIEW, create_view},
	{CHANGE_CREATE_INDEX, judge_create_index},
	{CHANGE_CREATE_TRIGGER, create_trigger},
	{CHANGE_DROP_TABLE, judge_drop_table},
	{CHANGE_DROP_VIEW, drop_view},
	{CHANGE_DROP_INDEX, drop_index},
	{CHANGE_DROP_TRIGGER, drop_trigger},
	{CHANGE_RENAME_TABLE, judge_alter},
	{CHANGE_RENAME_COLUMN, judge_alter},
	{CHANGE_ADD_COLUMN, judge_alter},
	{CHANGE_DROP_COLUMN, judge_alter},
	{CHANGE_SET_NOT_NULL, judge_alter},
	{CHANGE_DROP_NOT_NULL, judge_alter},
	{CHANGE_ADD_CONSTRAINT, judge_alter},
	{CHANGE_DROP_CONSTRAINT, judge_alter},
	{CHANGE_INSERT, judge_data},
	{CHANGE_REPLACE, judge_data},
	{CHANGE_UPDATE, judge_data},
	{CHANGE_DELETE, judge_data},
	{CHANGE_SELECT, select_},
	{CHANGE_EXPLAIN, select_},
	{CHANGE_PRAGMA, pragma},
	{CHANGE_BEGIN, begin},
	{CHANGE_COMMIT, end},
	{CHANGE_ROLLBACK, end},
	{CHANGE_SAVEPOINT, nothing_but_session},
	{CHANGE_RELEASE, to_savepoint},
	{CHANGE_ROLLBACK_TO, to_savepoint},
	{CHANGE_ATTACH_DATABASE, attach},
	{CHANGE_DETACH_DATABASE, detach},
	{CHANGE_VACUUM, vacuum},
	{CHANGE_REINDEX, upkeep},
	{CHANGE_ANALYZE, upkeep},
};

static void judge_change(struct judging *j)
{
	look_up(j);
	for (size_t i = 0; i < sizeof judges / sizeof *judges; i++)
		if (judges[i].kind == j->ch->kind) {
			judges[i].judge(j);
			return;
		}
	judge_other(j);
}

/* Temporary tables are nobody else's business: what is done to their rows is not a fact. */
static void without_temporary(struct touched *v, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (!slice_iis(v[i].object.schema, "temp"))
			v[kept++] = v[i];
	*n = kept;
}

static void unread(struct arena *a, const struct statement *st, struct effect *e)
{
	e->unread = true;
	e->rerun = RERUN_UNKNOWN;
	e->undo = UNDO_NONE;
	effect_need(
		a, e, arena_printf(a, "what the statement does (%.*s)", SLICE(st->opaque_reason)));
}

/* A query over a column that none of its tables has; a view's is not looked at before it is read.
 */
static void query_fits(struct judging *j)
{
	struct slice name;
	enum change_kind k = j->st->nchanges ? j->st->changes->kind : CHANGE_CREATE_VIEW;

	if ((k == CHANGE_SELECT || k == CHANGE_INSERT || k == CHANGE_REPLACE ||
		    k == CHANGE_UPDATE || k == CHANGE_DELETE || k == CHANGE_CREATE_TABLE_AS) &&
		!(j->st->changes->flags & CHANGE_IF_NOT_EXISTS) &&
		unknown_column(j->a, j->c, j->s, j->st->text, &name))
		e_fails(j, "no such column: %.*s", SLICE(name));
}

void sqlite_effects(struct arena *a, const struct catalog *c, const struct session *s,
	const struct statement *st, struct effect *out)
{
	struct judging j = {.a = a, .c = c, .s = s, .st = st, .e = out};

	*out = (struct effect){.certain = true, .transaction = TX_ALLOWED, .undo = UNDO_EXACT};
	j.version = catalog_version(c) ? catalog_version(c) : version_default(DIALECT_SQLITE);
	switch (st->state) {
	case STATEMENT_OPAQUE:
		unread(a, st, out);
		return;
	case STATEMENT_SYNTAX:
		out->outcome = OUTCOME_FAILS;
		out->outcome_why = st->fault_message;
		out->rerun = RERUN_FAILS;
		return;
	case STATEMENT_CLIENT:
		return;
	case STATEMENT_READ:
		break;
	}
	for (size_t i = 0; i < st->nchanges; i++) {
		j.ch = &st->changes[i];
		judge_change(&j);
	}
	query_fits(&j);
	if (st->partly_opaque)
		effect_need(a, out, st->opaque_reason);
	if (j.version < SQLITE_V(3, 46, 0) && st->nchanges)
		e_newer_words(&j);
	without_temporary(out->rewrites, &out->nrewrites);
	without_temporary(out->scans, &out->nscans);
	without_temporary(out->builds, &out->nbuilds);
	without_temporary(out->writes_rows, &out->nwrites_rows);
	without_temporary(out->destroys, &out->ndestroys);
	if (j.temporary && !out->nwrites_rows)
		out->undo = UNDO_EXACT; /* nobody else ever sees it */
	if (out->outcome == OUTCOME_FAILS)
		out->rerun = RERUN_FAILS;
}
