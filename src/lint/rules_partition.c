/* rules_partition.c - what making, dropping and changing partitions does to the whole. */
#include "lint/defined.h"

#include <stdint.h>

#define PARTITION_DOC "https://www.postgresql.org/docs/current/ddl-partitioning.html"
#define EVENTS                                                                                     \
	"CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day); CREATE "     \
	"TABLE e20 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"

/* The table a new partition goes to; empty if the change makes none. */
static struct name parent_of_new(const struct change *c)
{
	if (c->kind == CHANGE_ATTACH_PARTITION)
		return c->target;
	if (c->kind == CHANGE_CREATE_TABLE && c->def)
		return c->def->table_.partition_of;
	return (struct name){0};
}

static void check_default_scan(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name parent = parent_of_new(c);

		for (size_t i = 0; parent.name.len && i < j->effect->nscans; i++) {
			const struct touched *t = &j->effect->scans[i];

			if (t->new_in_tx || (c->kind == CHANGE_ATTACH_PARTITION &&
						    slice_eq(t->object.name, c->other.name)))
				continue;
			add_needs(on_change(j, r, c, shown(j, t->object, SLICE_NONE),
					  "%.*s is read in full while its reads and writes wait",
					  SLICE(t->object.name)),
				t, j->effect);
		}
	}
}

const struct rule rule_default_partition_scan = {
	.id = "default-partition-scan",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "the default partition is read in full while its reads and writes wait",
	.why = "A new partition takes rows that went to the default one so far. The server looks "
	       "for such rows, under ACCESS EXCLUSIVE on the default partition, unless a valid "
	       "CHECK on it excludes them; and fails if there are any.",
	.safe = "ADD CONSTRAINT … CHECK (not the new range) NOT VALID on the default partition; "
		"VALIDATE; add the partition; drop the check.",
	.doc = PARTITION_DOC "#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE",
	.setup = EVENTS " CREATE TABLE rest PARTITION OF events DEFAULT;",
	.bad = "CREATE TABLE e21 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO "
	       "('2022-01-01');",
	.good = "CREATE TABLE e21 (LIKE events INCLUDING ALL);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_default_scan,
};

static void check_create_locks(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct lock *l;

		if (c->kind != CHANGE_CREATE_TABLE || !parent_of_new(c).name.len ||
			!(l = lock_on(j, parent_of_new(c).name, LOCK_READS_WRITES)))
			continue;
		on_change(j, r, c, shown(j, l->object, SLICE_NONE),
			"reads and writes of %.*s wait until this transaction ends",
			SLICE(l->object.name));
	}
}

const struct rule rule_create_partition_locks_parent = {
	.id = "create-partition-locks-parent",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE),
	.says = "PARTITION OF locks the partitioned table for everybody",
	.why = "CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the parent; ATTACH PARTITION "
	       "takes SHARE UPDATE EXCLUSIVE, which blocks neither reads nor writes.",
	.safe = "CREATE TABLE … (LIKE parent INCLUDING ALL); then ALTER TABLE parent ATTACH "
		"PARTITION.",
	.doc = PARTITION_DOC "#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE",
	.setup = "CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day);",
	.bad = "CREATE TABLE e21 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO "
	       "('2022-01-01');",
	.good = "CREATE TABLE e21 (LIKE events INCLUDING ALL); ALTER TABLE events ATTACH PARTITION "
		"e21 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_create_locks,
};

static bool drops_parent(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_DROP_TABLE && is_table(j, c->target, *(const struct name *)arg);
}

static void check_drop_locks(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		const struct object *t;
		const struct lock *l;
		struct name n;

		if (c->kind != CHANGE_DROP_TABLE || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_TABLE, &n, &t) || !t ||
			slice_empty(t->table_.partition_of.name) ||
			!(l = lock_on(j, t->table_.partition_of.name, LOCK_READS_WRITES)) ||
			later_change(j, drops_parent, &l->object))
			continue;
		on_change(j, r, c, shown(j, l->object, SLICE_NONE),
			"reads and writes of all of %.*s wait until this transaction ends",
			SLICE(l->object.name));
	}
}

const struct rule rule_drop_partition_locks_parent = {
	.id = "drop-partition-locks-parent",
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_DROP),
	.says = "dropping a partition locks the partitioned table for everybody",
	.why = "DROP TABLE of a partition takes ACCESS EXCLUSIVE on its parent, though none of the "
	       "other partitions' rows are concerned.",
	.safe = "ALTER TABLE parent DETACH PARTITION … CONCURRENTLY (14 and newer, no default "
		"partition); then DROP TABLE.",
	.doc = PARTITION_DOC "#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE",
	.setup = EVENTS,
	.bad = "DROP TABLE e20;",
	.good = "ALTER TABLE events DETACH PARTITION e20 CONCURRENTLY; DROP TABLE e20;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_drop_locks,
};

/* How many other tables that the effect locks against writes. */
static size_t others_locked(const struct judged *j, struct name but)
{
	size_t n = 0;

	for (size_t i = 0; i < j->effect->nlocks; i++) {
		const struct lock *l = &j->effect->locks[i];

		n += !l->new_in_tx && l->type == OBJECT_TABLE && l->blocks >= LOCK_WRITES &&
		     !name_eq(l->object, but);
	}
	return n;
}

static void check_fanout(const struct rule *r, struct judged *j)
{
	const struct object *t;
	struct name n;
	size_t others;

	FOR_CHANGES(j, c)
	{
		if (c->kind == CHANGE_ATTACH_PARTITION || c->kind == CHANGE_DETACH_PARTITION ||
			c->kind == CHANGE_CREATE_TABLE || (c->flags & CHANGE_INNER) ||
			!existed_before(j, c, OBJECT_NONE, &n, &t) || !t ||
			t->type != OBJECT_TABLE || !slice_is(t->table_.kind, "partitioned") ||
			!(others = others_locked(j, n)))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%zu partition%s of %.*s locked with it, all at once", others,
			others == 1 ? " is" : "s are", SLICE(n.name));
		return;
	}
}

const struct rule rule_partition_fanout = {
	.id = "partition-fanout",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_INFO,
	.engines = RULE_PG,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "every partition is locked together with the partitioned table",
	.why = "Each of the locks has to be waited for while the others are kept: the more "
	       "partitions, the longer everybody waits. With hundreds of them the lock table may "
	       "be too small (max_locks_per_transaction).",
	.safe = "Partition by partition where the statement allows it: CREATE INDEX ON ONLY the "
		"parent, CONCURRENTLY on each partition, then ATTACH.",
	.doc = PARTITION_DOC,
	.setup = EVENTS,
	.bad = "ALTER TABLE events ADD COLUMN note text;",
	.good = "CREATE INDEX events_id ON ONLY events (id);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_fanout,
};

/* ---- Tables whose partitions an extension looks after ---- */

static const struct {
	const char *function, *owner;
} managers[] = {{"create_parent", "pg_partman"}, {"create_hypertable", "TimescaleDB"},
	{"create_distributed_table", "Citus"}, {"create_reference_table", "Citus"}};

/* The table in SELECT create_hypertable('shop.events', …); the first literal as a rule. */
static struct slice named_table(struct slice text, const char *function)
{
	size_t at = slice_ifind(text, slice_of(function)), end;
	size_t named = slice_ifind(text, SL("p_parent_table"));
	struct slice rest;

	if (at == SIZE_MAX)
		return SLICE_NONE;
	rest = slice_from(text, named != SIZE_MAX ? named : at);
	at = slice_chr(rest, '\'');
	if (at == SIZE_MAX)
		return SLICE_NONE;
	rest = slice_from(rest, at + 1);
	end = slice_chr(rest, '\'');
	rest = end == SIZE_MAX ? SLICE_NONE : slice_sub(rest, 0, end);
	at = slice_chr(rest, '.');
	return at == SIZE_MAX ? rest : slice_from(rest, at + 1);
}

static void note_managed(struct judged *j, const struct change *c)
{
	const struct expr_facts *f = c->value.facts;

	for (size_t i = 0; f && i < f->functions.n; i++)
		for (size_t k = 0; k < sizeof managers / sizeof *managers; k++) {
			struct slice table;

			if (!slice_ends(f->functions.at[i], managers[k].function))
				continue;
			table = named_table(j->statement->text, managers[k].function);
			if (table.len)
				text_set_add(&j->facts->managed, j->facts->arena, table,
					slice_of(managers[k].owner));
		}
}

static void check_managed(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		struct name n = parent_of_new(c);
		const struct text_entry *e;

		if (c->kind == CHANGE_SELECT)
			note_managed(j, c);
		if (c->kind == CHANGE_DETACH_PARTITION || c->kind == CHANGE_RENAME_TABLE)
			n = c->target;
		if (!n.name.len || !(e = text_set_find(&j->facts->managed, n.name)))
			continue;
		on_change(j, r, c, shown(j, n, SLICE_NONE),
			"%.*s looks after %.*s: what is done by hand it does not know of",
			SLICE(e->value), SLICE(n.name));
	}
}

const struct rule rule_managed_parent = {
	.id = "managed-parent",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG,
	.says = "an extension looks after this table's partitions",
	.why = "pg_partman, TimescaleDB and Citus keep their own books about names, bounds and "
	       "places. A partition made or taken away by hand, or a new name, is not in them: "
	       "maintenance fails later or makes it again.",
	.safe = "The extension's own functions.",
	.doc = PARTITION_DOC,
	.setup = "CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day); "
		 "SELECT partman.create_parent('public.events', 'day', '1 month');",
	.bad = "CREATE TABLE e20 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO "
	       "('2021-01-01');",
	.good = "SELECT partman.run_maintenance('public.events');",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_managed,
};

static void check_none(const struct rule *r, struct judged *j)
{
	FOR_CHANGES(j, c)
	{
		bool made = c->kind == CHANGE_ALTER_PARTITIONS ||
			    (c->kind == CHANGE_CREATE_TABLE && c->def &&
				    (slice_is(c->def->table_.kind, "partitioned") ||
					    slice_ifind(c->def->table_.definition.text,
						    SL("partition by")) != SIZE_MAX));

		if (made)
			on_change(j, r, c, shown(j, c->target, SLICE_NONE), "a partitioned table");
	}
}

const struct rule rule_no_partitions = {
	.id = "no-partitions",
	.tier = TIER_POLICY,
	.severity = SEVERITY_WARNING,
	.engines = RULE_PG | RULE_MYSQL | RULE_MARIADB,
	.classes = RULE_CLASS(CLASS_CREATE) | RULE_CLASS(CLASS_ALTER),
	.says = "this project does without partitioned tables",
	.why = "Keys have to include the partition column, plans depend on it, and somebody has to "
	       "make the next partition in time.",
	.safe = "A plain table, archived in batches.",
	.doc = PARTITION_DOC,
	.setup = "",
	.bad = "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);",
	.good = "CREATE TABLE events (id bigint PRIMARY KEY, day date);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_none,
};
