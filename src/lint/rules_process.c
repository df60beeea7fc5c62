/* rules_process.c - what does not parse, cannot be read, cannot run, cannot be undone. */
#include "lint/internal.h"

/* A text of another dialect fails in a hundred places for one reason: say whose it looks like. */
static struct slice other_dialect(const struct judged *j)
{
	const struct source *src = j->statement->span.src;
	/* What stands around it says enough; a file of nothing but errors asks thousands of times.
	 */
	enum { AROUND = 1024 };
	size_t off = j->statement->span.off, from = off > AROUND ? off - AROUND : 0;
	enum dialect d = DIALECT_UNKNOWN;
	char why[128];

	if (src)
		d = dialect_guess(slice_sub(src->text, from, 2 * AROUND), why);
	if (d == DIALECT_UNKNOWN || d == j->dialect ||
		(dialect_is_mysql(d) && dialect_is_mysql(j->dialect)))
		return SLICE_NONE;
	return arena_printf(j->arena, "Read as %s, but the file looks like %s: see --dialect.",
		dialect_name(j->dialect), dialect_name(d));
}

static void check_syntax(const struct rule *r, struct judged *j)
{
	const struct statement *st = j->statement;
	struct span at = st->span;
	struct finding *f;

	if (st->state != STATEMENT_SYNTAX)
		return;
	if (st->fault_at < at.len) {
		at.off += st->fault_at;
		at.len -= st->fault_at;
		for (size_t i = 0; i < at.len; i++) {
			char c = at.src->text.at[at.off + i];

			if (i && (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '(' ||
					 c == ',' || c == ';' || c == ')'))
				at.len = i;
		}
	}
	f = finding_add(j, r, at, SLICE_NONE, "%.*s", SLICE(st->fault_message));
	f->safe = other_dialect(j);
}

const struct rule rule_syntax_error = {
	.id = "syntax-error",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.says = "the statement does not parse",
	.why = "The server would refuse it.",
	.safe = "",
	.doc = "https://www.postgresql.org/docs/current/sql-commands.html",
	.setup = "",
	.bad = "CREATE TABEL users (id bigint);",
	.good = "CREATE TABLE users (id bigint);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_syntax,
};

static void check_unread(const struct rule *r, struct judged *j)
{
	const struct statement *st = j->statement;

	if (st->state == STATEMENT_OPAQUE || st->state == STATEMENT_CLIENT || st->partly_opaque)
		finding_add(j, r, st->span, SLICE_NONE, "not read: %.*s", SLICE(st->opaque_reason));
}

const struct rule rule_raw_sql_unread = {
	.id = "raw-sql-unread",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.says = "belay could not read this, so it says nothing about it",
	.why = "Dynamic SQL and client commands are not guessed at. What they may touch is unknown "
	       "from here "
	       "on.",
	.safe = "Plain statements instead of text that is put together at run time.",
	.doc = "https://www.postgresql.org/docs/current/plpgsql-statements.html",
	.setup = "CREATE TABLE users (id bigint);",
	.bad = "DO $$ DECLARE t text; BEGIN SELECT relname INTO t FROM pg_class LIMIT 1; EXECUTE "
	       "'DROP TABLE ' "
	       "|| t; END $$;",
	.good = "DO $$ BEGIN PERFORM 1; END $$;",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_unread,
};

static void check_replay(const struct rule *r, struct judged *j)
{
	const struct statement *st = j->statement;

	if (st->state != STATEMENT_READ || j->effect->outcome != OUTCOME_FAILS)
		return;
	/* What another engine says of the same rows may differ: SQLite numbers an INTEGER PRIMARY
	 * KEY by itself. */
	if (j->judge->in->assumed && st->nchanges &&
		change_class_of(st->changes[0].kind) == CLASS_DATA)
		return;
	finding_add(j, r,
		j->statement->nchanges && j->statement->changes[0].span.src
			? j->statement->changes[0].span
			: j->statement->span,
		SLICE_NONE, "it fails at this point: %.*s", SLICE(j->effect->outcome_why));
}

const struct rule rule_history_replay = {
	.id = "history-replay",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.says = "the statement fails when the history is replayed up to it",
	.why = "It names something that is not there, or makes something that is there already. "
	       "Whether each expression is of the type that its place needs is told by belay "
	       "explain, "
	       "plan and rehearse.",
	.safe = "Mend the name or the order; give --base-schema if the schema begins elsewhere.",
	.doc = "https://www.postgresql.org/docs/current/sql-createtable.html",
	.setup = "CREATE TABLE users (id bigint);",
	.bad = "CREATE TABLE users (id bigint);",
	.good = "CREATE TABLE IF NOT EXISTS users (id bigint);",
	.example_dialect = DIALECT_POSTGRES,
	.check = check_replay,
};

static void finish_irreversible(const struct rule *r, struct judged *j)
{
	const struct project *p = j->project;
	bool any = false;

	for (size_t i = 0; p && i < p->nmigrations; i++)
		any = any || p->migrations[i].down.src;
	for (size_t i = 0; any && i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		if (m->down.src || m->code || m->repeatable || m->baseline)
			continue;
		j->migration = m;
		finding_add(j, r, (struct span){0}, SLICE_NONE,
			"migration %.*s has no down, unlike others here", SLICE(m->id));
	}
}

const struct rule rule_irreversible = {
	.id = "irreversible",
	.tier = TIER_ADVICE,
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.says = "the migration has no down",
	.why = "When something goes wrong at night there is no script to go back with.",
	.safe = "Write the down, and rehearse it.",
	.doc = "https://www.postgresql.org/docs/current/sql-altertable.html",
	.setup = "",
	.bad = "",
	.good = "",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_irreversible,
};

static void finish_folder(const struct rule *r, struct judged *j)
{
	const struct project *p = j->project;

	for (size_t i = 0; p && i < p->nproblems; i++) {
		const struct layout_problem *x = &p->problems[i];
		struct migration at = {.path = x->path};
		struct finding *f;

		if (!x->fatal && strcmp(x->rule, "missing-down") == 0)
			continue; /* said by `irreversible` */
		j->migration = &at;
		f = finding_add(j, r, x->span, SLICE_NONE, "%.*s", SLICE(x->message));
		f->migration = NULL;
		if (!x->fatal && f->severity == SEVERITY_ERROR)
			f->severity = SEVERITY_WARNING;
	}
}

const struct rule rule_migration_folder = {
	.id = "migration-folder",
	.severity = SEVERITY_ERROR,
	.engines = RULE_ALL,
	.says = "the folder itself is not in order: versions, gaps, markers, directives",
	.why = "Two migrations with one version, a gap, a marker that is not understood: the tools "
	       "differ in "
	       "what they make of it, and some skip a file silently.",
	.safe = "Rename or mend the file before it is merged.",
	.doc = "https://www.postgresql.org/docs/current/sql-commands.html",
	.setup = "",
	.bad = "",
	.good = "",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_folder,
};

/* ---- Late ---- */

/* What the runner does where a later migration has run already. */
static const struct late {
	const char *layout, *does;
} late[] = {
	{"golang-migrate", "golang-migrate never runs it there"},
	{"goose", "goose refuses to go on there, unless -allow-missing is said"},
	{"flyway", "Flyway refuses to go on there, unless outOfOrder is set"},
};

static const char *late_is(const struct project *p)
{
	for (size_t i = 0; p->layout && i < sizeof late / sizeof *late; i++)
		if (strcmp(late[i].layout, p->layout->name) == 0)
			return late[i].does;
	return NULL;
}

static bool takes_part(const struct migration *m)
{
	return m->path && !m->repeatable && !m->baseline;
}

static void finish_linear(const struct rule *r, struct judged *j)
{
	const struct judge_input *in = j->judge->in;
	const struct project *p = j->project;
	const struct migration *old = NULL;

	for (size_t i = p && in->is_new ? p->nmigrations : 0; i-- > 0;) {
		const struct migration *m = &p->migrations[i];
		const char *does = late_is(p);
		struct finding *f;

		if (!takes_part(m))
			continue;
		if (!in->is_new(in->report_ctx, m->path)) {
			old = old ? old : m;
			continue;
		}
		if (!old)
			continue;
		j->migration = m;
		f = finding_add(j, r, (struct span){0}, SLICE_NONE,
			"it is new and comes before %s, which is not: where that one has run, %s",
			old->path, does ? does : "the order is another one than here");
		if (!does && f->severity > SEVERITY_INFO)
			f->severity = SEVERITY_INFO;
	}
}

const struct rule rule_non_linear_history = {
	.id = "non-linear-history",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.says = "a new migration comes before one that was there already",
	.why = "Two branches grew side by side. Databases that have the later migration get this "
	       "one after it, or never, or the runner stops; new databases get it before. Asked "
	       "with --since, for only then it is known what is new.",
	.safe = "Give it a version behind the last one, and rehearse it there.",
	.doc = "https://www.postgresql.org/docs/current/sql-commands.html",
	.setup = "",
	.bad = "",
	.good = "",
	.example_dialect = DIALECT_POSTGRES,
	.finish = finish_linear,
};

const struct rule rule_unused_ignore = {
	.id = "unused-ignore",
	.severity = SEVERITY_WARNING,
	.engines = RULE_ALL,
	.says = "a directive suppresses nothing, or is not understood",
	.why = "A suppression outlives its reason and hides the next mistake.",
	.safe = "Remove it, or mend it: -- belay:allow RULE because \"…\"",
	.doc = "https://www.postgresql.org/docs/current/sql-syntax-lexical.html",
	.setup = "",
	.bad = "-- belay:allow drop-table because \"nothing here drops a table\"\nCREATE TABLE "
	       "users (id "
	       "bigint);",
	.good = "CREATE TABLE users (id bigint);",
	.example_dialect = DIALECT_POSTGRES,
};
