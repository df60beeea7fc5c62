/* rules_data.c - changing rows inside migrations; SQLite's rebuild. */
#include "lint/internal.h"

static bool changes_rows(const struct change *c)
{
	return c->kind == CHANGE_UPDATE || c->kind == CHANGE_DELETE;
}

/* The author knows, and belay runs it in batches. */
static bool in_batches(const struct statement *st)
{
	for (size_t i = 0; i < st->ndirectives; i++)
		if (slice_iis(st->directives[i].name, "batched"))
			return true;
	return false;
}

/* SQLite: a column that this migration has added is filled. There nothing is lost, and rows are not
 * locked one by one. */
static bool fills_new_columns(
	struct judged *j, const struct change *c, struct name n, const struct object *t)
{
	if (j->dialect != DIALECT_SQLITE || c->kind != CHANGE_UPDATE || !c->list.n)
		return false;
	for (size_t i = 0; i < c->list.n; i++)
		if (!is_new_column(j, n, t, c->list.at[i]))
			return false;
	return true;
}

/* PostgreSQL's UPDATE and DELETE have none: theirs stands in a subquery. */
static bool has_own_limit(const struct judged *j, const struct change *c)
{
	return j->dialect != DIALECT_POSTGRES && (c->flags & CHANGE_HAS_LIMIT);
}

static void check_no_where(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		struct name n;

		if (!changes_rows(c) || (c->flags & CHANGE_INNER) || in_batches(j->statement) ||
			has_own_limit(j, c) ||
			((c->flags & CHANGE_HAS_WHERE) && !(c->flags & CHANGE_WHERE_TRUE)) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) || fills_new_columns(j, c, n, t))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			c->kind == CHANGE_DELETE
				? "every row of %.*s is deleted"
				: "every row of %.*s is changed, in one transaction",
			SLICE(n.name));
	}
}

const struct rule rule_update_no_where = {
	.id = "update-no-where",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "every row is changed or deleted, in one transaction",
	.why = "On a large table one statement locks each row until the end, bloats the table, and "
	       "holds "
	       "back vacuum and replicas for as long as it runs.",
	.safe = "Keyed batches with a commit each (-- belay:batched).",
	.doc = "https://www.postgresql.org/docs/current/sql-update.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, plan text);",
	.bad = "UPDATE users SET plan = 'free';",
	.good = "UPDATE users SET plan = 'free' WHERE id BETWEEN 1 AND 1000;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_no_where,
};

static void check_ddl_and_backfill(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct session_lock *l;
		const struct object *t;
		struct name n;
		bool many = changes_rows(c) ||
			    (c->kind == CHANGE_INSERT && (c->flags & CHANGE_FROM_SELECT));

		if (!many || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) || where_names_rows(j, c) ||
			!(l = held_near(j, LOCK_READS_WRITES, n)))
			continue;
		/* Once for each transaction: the cure is the same for all that follow. */
		if (!first_time(j, r, arena_printf(&j->facts->script, "%llu", j->session->tx)))
			return;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"reads and writes of %.*s wait until these rows are changed: this "
			"transaction "
			"already holds %s on it",
			SLICE(l->object.name), l->mode);
	}
}

const struct rule rule_ddl_and_backfill_tx = {
	.id = "ddl-and-backfill-tx",
	.severity = SEVERITY_ERROR,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DATA),
	.says = "a table stays locked for reads and writes while rows are changed",
	.why = "A lock is kept to the end of its transaction. After ALTER TABLE everybody waits, "
	       "and goes on "
	       "waiting while the UPDATE behind it runs.",
	.safe = "The schema change in one migration, the rows in the next, in batches.",
	.doc = "https://www.postgresql.org/docs/current/explicit-locking.html",
	.setup = "CREATE TABLE users (id bigint PRIMARY KEY, plan text);",
	.bad = "BEGIN; ALTER TABLE users ADD COLUMN tier text; UPDATE users SET tier = plan WHERE "
	       "plan IS "
	       "NOT NULL; COMMIT;",
	.good = "ALTER TABLE users ADD COLUMN tier text; UPDATE users SET tier = plan WHERE plan "
		"IS NOT "
		"NULL;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_ddl_and_backfill,
	.hides = (const char *const[]){"update-no-where", "unbatched-backfill",
		"work-under-exclusive-lock", NULL},
};

static bool renames_away(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_RENAME_TABLE && is_table(j, c->target, *(const struct name *)arg);
}

/* Is the other table made anew further down too? */
static bool goes_too(struct judged *j, const struct object *t)
{
	struct name n = {t->schema, t->name};

	return table_goes_too(j, n) || later_change(j, renames_away, &n);
}

/* The first of the tables that refer to this one, with ON DELETE CASCADE unless `any`. */
static const struct object *followed(struct judged *j, const struct object *t, bool any)
{
	const struct object **keys;
	size_t count = catalog_referencing(j->before, t, j->arena, &keys);

	for (size_t i = 0; i < count; i++)
		if (keys[i]->table && keys[i]->table != t &&
			(any ? !goes_too(j, keys[i]->table)
			     : slice_iis(keys[i]->constraint.on_delete, "cascade")))
			return keys[i]->table;
	return NULL;
}

/* DROP TABLE of a table that others refer to with ON DELETE CASCADE, foreign keys on: SQLite
 * deletes the rows first, and theirs with them. Nobody has said in a rebuild whether they are on:
 * then that depends on the connection. */
static void check_sqlite_rebuild(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct session *s = j->session;
		const struct object *t, *child;
		struct finding *f;
		struct name n;

		if (c->kind != CHANGE_DROP_TABLE || !existed_before(j, c, OBJECT_TABLE, &n, &t) ||
			!t)
			continue;
		if ((s->foreign_keys || (!s->foreign_keys_said && name_comes_back(j, n))) &&
			(child = followed(j, t, false))) {
			f = on_change(j, r, c, shown(j, n, SLICE_NONE),
				s->foreign_keys
					? "with foreign keys on, the rows of %.*s are deleted too"
					: "if the connection has foreign keys on, the rows of "
					  "%.*s are deleted too: nothing before the transaction "
					  "turns them off",
				SLICE(child->name));
			f->certain = s->foreign_keys;
			if (!f->certain)
				names_add(j->arena, &f->needs, SL("PRAGMA foreign_keys"));
		} else if (was_renamed_away(j, t->name) && (child = followed(j, t, true))) {
			on_change(j, r, c, shown(j, n, SLICE_NONE),
				"%.*s still refers to it: the rename took the foreign keys of "
				"other tables along, and now they point at nothing",
				SLICE(child->name));
		}
	}
}

const struct rule rule_sqlite_table_rebuild = {
	.id = "sqlite-table-rebuild",
	.severity = SEVERITY_ERROR,
	.engines = RULE_SQLITE,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "dropping the old table deletes the rows of tables that refer to it",
	.why = "With PRAGMA foreign_keys = ON, DROP TABLE first deletes all rows, and ON DELETE "
	       "CASCADE "
	       "empties the children. The pragma does nothing inside a transaction; whether it is "
	       "on is the connection's affair, so a rebuild says what it wants. A table that is "
	       "renamed away takes the foreign keys of others along.",
	.safe = "PRAGMA foreign_keys = OFF before the transaction, read it back, rebuild, PRAGMA "
		"foreign_key_check, then on again. The new table under another name, renamed when "
		"the old one is gone.",
	.doc = "https://www.sqlite.org/lang_altertable.html#otheralter",
	.setup = "PRAGMA foreign_keys = ON; CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE "
		 "TABLE orders "
		 "(id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE "
		 "CASCADE);",
	.bad = "DROP TABLE users;",
	.good = "PRAGMA foreign_keys = OFF; DROP TABLE users;",
	.example_dialect = DIALECT_SQLITE,
	.check = check_sqlite_rebuild,
	.hides = (const char *const[]){"drop-table", NULL},
};
