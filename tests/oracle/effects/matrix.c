/* matrix.c - which rows of change.def have been tried in which contexts: a cell is the number of
 * statements, "." a hole, "-" one that nothing can fill, blank what acts on no table. */
#include "oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum context { EXISTING, NEW, PARTITIONED, REFERENCED, DEPENDENTS, CONTEXTS_ };
static const char *const context_words[] = {
	"existing", "new", "partitioned", "referenced", "dependents"};

/* Of other servers, or about nothing that a lock could be taken on. */
static const enum change_kind foreign[] = {CHANGE_TABLE_CHARSET, CHANGE_CONVERT_CHARSET,
	CHANGE_TABLE_ENGINE, CHANGE_TABLE_FORCE, CHANGE_ALTER_PARTITIONS, CHANGE_ORDER_BY,
	CHANGE_ENABLE_KEYS, CHANGE_SYSTEM_VERSIONING, CHANGE_MODIFY_COLUMN,
	CHANGE_COLUMN_VISIBILITY, CHANGE_REPLACE, CHANGE_USE_DATABASE, CHANGE_PRAGMA,
	CHANGE_ATTACH_DATABASE, CHANGE_DETACH_DATABASE, CHANGE_UNLOCK_TABLES, CHANGE_LOAD_DATA,
	CHANGE_FLUSH, CHANGE_REPAIR_TABLE, CHANGE_ALTER_VIEW, CHANGE_TABLE_OTHER,
	CHANGE_ALTER_INDEX, CHANGE_ALTER_TRIGGER};
/* These need rights that the oracle's owner has not, or end the transaction that is watched. */
static const enum change_kind unwatched[] = {CHANGE_BEGIN, CHANGE_COMMIT, CHANGE_ROLLBACK,
	CHANGE_SAVEPOINT, CHANGE_RELEASE, CHANGE_ROLLBACK_TO, CHANGE_CREATE_DATABASE,
	CHANGE_DROP_DATABASE, CHANGE_ALTER_DATABASE, CHANGE_CREATE_TABLESPACE,
	CHANGE_DROP_TABLESPACE, CHANGE_CREATE_SUBSCRIPTION, CHANGE_ALTER_SUBSCRIPTION,
	CHANGE_DROP_SUBSCRIPTION, CHANGE_ALTER_SYSTEM, CHANGE_CHECKPOINT, CHANGE_COPY_IN,
	CHANGE_ALTER_EXTENSION, CHANGE_SECURITY_LABEL, CHANGE_SET_ROLE};

/* Cells that no statement can fill. */
static const struct impossible {
	enum change_kind kind;
	unsigned contexts; /* a bit each */
	const char *why;
} impossible[] = {
	{CHANGE_ATTACH_PARTITION, 1u << REFERENCED | 1u << DEPENDENTS,
		"its table is partitioned, and counted there"},
	{CHANGE_DETACH_PARTITION, 1u << EXISTING | 1u << REFERENCED | 1u << DEPENDENTS,
		"its table is partitioned, and counted there"},
	{CHANGE_RENAME_INDEX, 1u << PARTITIONED | 1u << REFERENCED, "it names an index"},
	{CHANGE_CREATE_VIEW, 1u << PARTITIONED | 1u << REFERENCED, "it names a view"},
	{CHANGE_DROP_VIEW, 1u << PARTITIONED | 1u << REFERENCED, "it names a view"},
	{CHANGE_VACUUM, 1u << NEW, "it runs in no transaction"},
	{CHANGE_EXPLAIN, 1u << NEW | 1u << PARTITIONED | 1u << REFERENCED | 1u << DEPENDENTS,
		"its tables are those of the statement inside"},
	{CHANGE_ALTER_OTHER, 1u << NEW | 1u << PARTITIONED | 1u << REFERENCED | 1u << DEPENDENTS,
		"it names no table, but one may have the same name"},
};

static const char *impossible_because(enum change_kind k, int context)
{
	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++)
		if (impossible[i].kind == k && impossible[i].contexts & 1u << context)
			return impossible[i].why;
	return NULL;
}

struct matrix {
	const struct engine *e;
	struct reader *reader;
	struct arena arena;
	size_t cells[CHANGE_KINDS_][CONTEXTS_];
	bool relation[CHANGE_KINDS_]; /* acts on a table, so that all contexts are possible */
	int from[CHANGE_KINDS_];      /* newest version that a statement of it begins with */
};

static bool among(const enum change_kind *v, size_t n, enum change_kind k)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == k)
			return true;
	return false;
}

static struct script read_sql(struct matrix *m, struct slice sql)
{
	struct source *src = ARENA_NEW(&m->arena, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, &m->arena, "case", sql);
	if (!script_read(m->e, m->reader, &m->arena, src, 0, sql.len, &script, &err))
		fail_msg("%s", err.message);
	return script;
}

static void note(struct matrix *m, const struct catalog *c, const struct session *s,
	const struct change *ch, int from)
{
	const struct object *o, **all;
	enum context x = EXISTING;

	m->from[ch->kind] = from > m->from[ch->kind] ? from : m->from[ch->kind];
	if (catalog_find(c, s, OBJECT_NONE, ch->target, &o) == PRESENT &&
		o->type != OBJECT_SEQUENCE) {
		m->relation[ch->kind] = m->relation[ch->kind] || o->type == OBJECT_TABLE;
		if (o->born_tx && o->born_tx == s->tx)
			x = NEW;
		else if (o->type == OBJECT_TABLE && (slice_is(o->table_.kind, "partitioned") ||
							    o->table_.partition_of.name.len))
			x = PARTITIONED;
		else if (o->type == OBJECT_TABLE && catalog_referencing(c, o, &m->arena, &all))
			x = REFERENCED;
		else if (catalog_dependents(c, o, SLICE_NONE, &m->arena, &all))
			x = DEPENDENTS;
	}
	m->cells[ch->kind][x]++;
	for (size_t i = 0; i < ch->ninner; i++)
		note(m, c, s, &ch->inner[i], from);
}

static void count_case(struct matrix *m, struct catalog *c, const struct kase *k)
{
	struct script before = read_sql(m, k->context), now = read_sql(m, k->sql);
	struct session s;
	struct slice why;
	size_t mark;

	session_init(&s, DIALECT_POSTGRES, &m->arena);
	session_begin(&s, c, false);
	s.tx += 1000; /* not one of the setup's */
	mark = catalog_mark(c);
	for (size_t i = 0; i < before.n; i++)
		catalog_apply_statement(c, &s, &before.at[i], &why);
	s.in_tx = true;
	for (size_t i = 0; now.n == 1 && i < now.at[0].nchanges; i++)
		note(m, c, &s, &now.at[0].changes[i], k->from);
	catalog_undo(c, mark);
	session_end(&s, c, false);
}

static void count_section(struct matrix *m, const struct section *section)
{
	struct catalog *c = catalog_new(DIALECT_POSTGRES, 180000);
	struct script all = read_sql(m, section->setup);
	struct session s;
	struct slice why;

	session_init(&s, DIALECT_POSTGRES, &m->arena);
	for (size_t i = 0; i < all.n; i++) {
		session_begin(&s, c, false);
		catalog_apply_statement(c, &s, &all.at[i], &why);
		session_end(&s, c, true);
	}
	for (size_t i = 0; i < section->n; i++)
		count_case(m, c, &section->cases[i]);
	catalog_free(c);
}

static void print_row(const struct matrix *m, enum change_kind k, size_t *holes, size_t *filled)
{
	printf("%-28s", change_words(k));
	for (int x = 0; x < CONTEXTS_; x++) {
		bool never = impossible_because(k, x) != NULL;
		bool hole = !never && !m->cells[k][x] && (x == EXISTING || m->relation[k]);

		if (m->cells[k][x])
			printf(" %11zu", m->cells[k][x]);
		else
			printf(" %11s", never ? "-" : hole ? "." : "");
		*filled += m->cells[k][x] > 0;
		*holes += hole;
	}
	if (m->from[k])
		printf("  from %d on too", m->from[k]);
	printf("\n");
}

void matrix_print(const struct table *t, const struct engine *e, struct reader *r)
{
	struct matrix *m = mem_alloc(sizeof *m);
	size_t holes = 0, filled = 0;

	*m = (struct matrix){.e = e, .reader = r};
	for (size_t i = 0; i < t->n; i++)
		count_section(m, &t->sections[i]);
	printf("%-28s", "");
	for (int x = 0; x < CONTEXTS_; x++)
		printf(" %11s", context_words[x]);
	printf("\n");
	for (int k = 0; k < CHANGE_KINDS_; k++)
		if (!among(foreign, sizeof foreign / sizeof *foreign, (enum change_kind)k) &&
			!among(unwatched, sizeof unwatched / sizeof *unwatched,
				(enum change_kind)k))
			print_row(m, (enum change_kind)k, &holes, &filled);
	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++)
		printf("# - %s: %s\n", change_words(impossible[i].kind), impossible[i].why);
	printf("# %zu cells, %zu holes; not watched:", filled, holes);
	for (size_t i = 0; i < sizeof unwatched / sizeof *unwatched; i++)
		printf("%s %s", i ? "," : "", change_words(unwatched[i]));
	printf("\n");
	arena_done(&m->arena);
	free(m);
}
