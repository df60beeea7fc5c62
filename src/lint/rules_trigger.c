/* rules_trigger.c - triggers and routines. */
#include "lint/defined.h"

#include <stdint.h>

#define TRIGGER_DOC "https://www.postgresql.org/docs/current/sql-createtrigger.html"
#define FUNCTION                                                                                   \
	"CREATE TABLE users (id bigint PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger "         \
	"LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
#define SETUP FUNCTION " CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();"

static void check_locks(
	const struct rule *r, struct judged *j, enum change_kind kind, const char *who)
{
	FOR_CHANGES(j, c)
	{
		const struct lock *l;

		/* With a limit on the wait nobody queues for long. */
		if (c->kind != kind || (c->flags & CHANGE_INNER) || j->session->lock_timeout > 0 ||
			!(l = lock_on(j, c->target.name, LOCK_WRITES)))
			continue;
		on_change(j, r, c, shown(j, l->object, SLICE_NONE),
			"%s of %.*s wait until this transaction ends", who, SLICE(l->object.name));
	}
}

static void check_create(const struct rule *r, struct judged *j)
{
	check_locks(r, j, CHANGE_CREATE_TRIGGER, "writes");
}

const struct rule rule_create_trigger = {
	.id = "create-trigger",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "writes wait for a new trigger, and pay for it ever after",
	.why = "CREATE TRIGGER takes SHARE ROW EXCLUSIVE: short in itself, but it queues behind "
	       "every writing transaction, and new writers behind it. From then on each row that "
	       "is written runs the function. Under a lock_timeout nothing is said.",
	.safe = "SET lock_timeout = '2s' first, and try again when it fails.",
	.doc = TRIGGER_DOC,
	.setup = FUNCTION,
	.bad = "CREATE TRIGGER u BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();",
	.good = "SET lock_timeout = '2s'; CREATE TRIGGER u BEFORE UPDATE ON users FOR EACH ROW "
		"EXECUTE FUNCTION f();",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_create,
};

static void check_drop(const struct rule *r, struct judged *j)
{
	check_locks(r, j, CHANGE_DROP_TRIGGER, "reads and writes");
}

const struct rule rule_drop_trigger = {
	.id = "drop-trigger",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "dropping a trigger makes reads wait as well as writes",
	.why = "DROP TRIGGER takes ACCESS EXCLUSIVE, more than CREATE TRIGGER does, and queues "
	       "behind every query of the table. Under a lock_timeout nothing is said.",
	.safe = "SET lock_timeout = '2s' first; or CREATE OR REPLACE TRIGGER (14 and newer).",
	.doc = "https://www.postgresql.org/docs/current/sql-droptrigger.html",
	.setup = SETUP,
	.bad = "DROP TRIGGER t ON users;",
	.good = "SET lock_timeout = '2s'; DROP TRIGGER t ON users;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop,
};

/* ---- Disabled ---- */

struct silenced {
	struct name table;
	struct slice trigger;
};

static bool is_all(struct slice trigger)
{
	return slice_iis(trigger, "all") || slice_iis(trigger, "user");
}

static bool turns_on(struct judged *j, const struct change *c, const void *arg)
{
	const struct silenced *s = arg;

	if (!is_table(j, c->target, s->table))
		return false;
	if (c->kind == CHANGE_DROP_TRIGGER)
		return slice_eq(c->name, s->trigger);
	return c->kind == CHANGE_TRIGGER_STATE && !slice_is(c->value.text, "disabled") &&
	       (slice_eq(c->name, s->trigger) || is_all(c->name));
}

/* The first of: rows come or go, the trigger is on again. An UPDATE seldom sets a key. */
static bool turns_on_or_writes(struct judged *j, const struct change *c, const void *arg)
{
	const struct silenced *s = arg;

	return turns_on(j, c, arg) ||
	       ((c->kind == CHANGE_INSERT || c->kind == CHANGE_COPY_IN ||
			c->kind == CHANGE_DELETE || c->kind == CHANGE_MERGE) &&
		       is_table(j, c->target, s->table));
}

/* What follows from it, NULL when nothing does: other sessions cannot write to the table as long
 * as the transaction that turned the trigger off goes on. */
static const char *silence_means(struct judged *j, const struct silenced *s)
{
	const struct change *on = later_change(j, turns_on, s);
	bool all = slice_iis(s->trigger, "all");

	if (!on)
		return all ? "no trigger fires any more, foreign keys are not checked, and nothing "
			     "turns them on again"
			   : "it does not fire any more, and nothing turns it on again";
	if (!j->session->in_tx && on->kind != CHANGE_DROP_TRIGGER)
		return all ? "no trigger fires for anybody until they are on again, and no foreign "
			     "key is checked"
			   : "it does not fire for anybody until it is on again";
	if (all && later_change(j, turns_on_or_writes, s) != on)
		return "foreign keys are not checked for the rows that come and go meanwhile, "
		       "nor later";
	return NULL;
}

static bool sets_replication_role(struct judged *j, const struct change *c, const void *arg)
{
	(void)j;
	(void)arg;
	return (c->kind == CHANGE_SET_VARIABLE || c->kind == CHANGE_RESET_VARIABLE) &&
	       (slice_iis(c->name, "session_replication_role") || slice_iis(c->name, "all"));
}

static bool writes_rows(struct judged *j, const struct change *c, const void *arg)
{
	(void)j;
	(void)arg;
	return change_class_of(c->kind) == CLASS_DATA && c->kind != CHANGE_SELECT;
}

/* SET session_replication_role = replica, and rows are written before it goes back. */
static void check_replica_role(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct change *back, *write;

	if (c->kind != CHANGE_SET_VARIABLE || !slice_iis(c->name, "session_replication_role") ||
		slice_ifind(c->value.text, SL("replica")) == SIZE_MAX)
		return;
	back = later_change(j, sets_replication_role, NULL);
	write = later_change(j, writes_rows, NULL);
	if (write && (!back || write->span.off < back->span.off))
		on_change(j, r, c, SLICE_NONE,
			"no trigger fires and no foreign key is checked for the rows that this "
			"session writes from here on");
}

static void check_disable(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct silenced s = {.trigger = c->name};
		const char *words;

		check_replica_role(r, j, c);
		if (c->kind != CHANGE_TRIGGER_STATE || !slice_is(c->value.text, "disabled"))
			continue;
		s.table = catalog_resolve(j->before, j->session, OBJECT_TABLE, c->target);
		words = silence_means(j, &s);
		if (words)
			on_change(j, r, c,
				shown(j, s.table, is_all(c->name) ? SLICE_NONE : c->name),
				"on %.*s %s", SLICE(s.table.name), words);
	}
}

const struct rule rule_disable_trigger = {
	.id = "disable-trigger",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_ALTER) | RULE_CLASS(CLASS_SESSION),
	.says = "rows are written that a trigger or a foreign key never sees",
	.why = "What the trigger keeps true is not kept from here on, for all sessions, until it "
	       "is on again; only inside one transaction can nobody else write meanwhile. DISABLE "
	       "TRIGGER ALL also stops the checks of foreign keys: rows that break them stay, and "
	       "turning the triggers on looks at none of them. SET session_replication_role = "
	       "replica does both for all that the session writes.",
	.safe = "DISABLE TRIGGER USER, or the trigger's name, and ENABLE TRIGGER at the end of the "
		"same transaction.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html"
	       "#SQL-ALTERTABLE-DESC-DISABLE-ENABLE-TRIGGER",
	.setup = SETUP,
	.bad = "ALTER TABLE users DISABLE TRIGGER t;",
	.good = "BEGIN; ALTER TABLE users DISABLE TRIGGER t; ALTER TABLE users ENABLE TRIGGER ALL; "
		"COMMIT;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_disable,
};

/* ---- Routines ---- */

static const char *routine(const struct change *c)
{
	if (c->kind == CHANGE_CREATE_FUNCTION)
		return c->def && slice_is(c->def->function.kind, "procedure") ? "procedure"
									      : "function";
	return c->kind == CHANGE_CREATE_TRIGGER                            ? "trigger"
	       : c->kind == CHANGE_CREATE_VIEW                             ? "view"
	       : c->kind == CHANGE_CREATE_OTHER && c->type == OBJECT_EVENT ? "event"
									   : NULL;
}

static void check_routines(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const char *what = routine(c);

		if (what)
			on_change(j, r, c, shown(j, c->target, c->name), "a %s", what);
	}
}

const struct rule rule_no_routines = {
	.id = "no-routines",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "this project does without routines, triggers, events and views",
	.why = "They run as their DEFINER, are versioned nowhere but in migrations, and online "
	       "schema change tools refuse tables with triggers.",
	.safe = "The same in the application.",
	.doc = "https://mariadb.com/kb/en/stored-routines/",
	.setup = "CREATE TABLE users (id int PRIMARY KEY);",
	.bad = "CREATE VIEW ids AS SELECT id FROM users;",
	.good = "CREATE TABLE ids (id int PRIMARY KEY);",
	.example_dialect = DIALECT_MARIADB,
	.check = check_routines,
};
