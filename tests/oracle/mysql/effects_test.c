/* effects_test.c - the effects of MariaDB held up against a server and against a table.
 *
 * effects.txt says what each statement does. Three answers are compared: the table's, what
 * engine->effects() predicts from the section's own text, and what MariaDB was seen doing. For
 * MySQL no server is at hand: mysql.txt is compared with the prediction alone, each row naming the
 * page of the manual that it was taken from. See README.md. */
#include "base/io.h"
#include "engine/mysql/scratch.h"
#include "sql/source.h"

#include <ctype.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

extern const struct engine engine_mariadb, engine_mysql;

enum fact { F_REWRITES, F_SCANS, F_BUILDS, F_WRITES, F_DESTROYS, F_BREAKS, F_NEEDS, LISTS_ };
static const char *const list_words[] = {
	"rewrites", "scans", "builds", "writes", "destroys", "breaks", "needs"};
enum word { W_ALGORITHM, W_TRANSACTION, W_RERUN, W_OUTCOME, W_UNDO, WORDS_ };
static const char *const word_words[] = {"algorithm", "transaction", "rerun", "outcome", "undo"};

/* What one of the three says. Entries of lists end with "?" when they are not certain. */
struct answer {
	struct names lists[LISTS_];
	struct slice words[WORDS_]; /* empty: not said */
	bool said_breaks;
};

struct kase {
	size_t line;
	struct slice context, sql, manual;
	struct answer says;
};

struct oracle {
	const struct engine *e;
	const char *file, *only, *other; /* ORACLE_TABLE: a table from elsewhere */
	bool write;
	int version;
	struct arena arena;
	struct cluster cluster; /* server NULL: nothing is observed */
	struct conn *admin, *conn;
	struct reader *reader;
	struct slice setup;
	struct slice made; /* the part of the setup that the database was made from */
	bool clean;        /* … and it is as that made it */
	struct catalog *model;
	struct session session;
	size_t cases, observed, faults, agreed[LISTS_ + WORDS_], all[LISTS_ + WORDS_];
	bool faulty;
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

static void fault(struct oracle *o, const struct kase *k, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void fault(struct oracle *o, const struct kase *k, const char *fmt, ...)
{
	va_list ap;

	if (!o->faulty)
		printf("%s:%zu: %.*s\n", o->file, k->line, SLICE(k->sql));
	o->faulty = true;
	o->faults++;
	printf("\t");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* ---- Lists ---- */

static struct slice sure(struct slice s)
{
	return slice_ends(s, "?") ? slice_sub(s, 0, s.len - 1) : s;
}

static bool has(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_eq(sure(n.at[i]), sure(s)))
			return true;
	return false;
}

static void add(struct oracle *o, struct names *n, struct slice s)
{
	size_t at = n->n;

	if (has(*n, s))
		return;
	names_add(&o->arena, n, s);
	for (; at > 0 && slice_cmp(n->at[at - 1], s) > 0; at--)
		n->at[at] = n->at[at - 1];
	n->at[at] = s;
}

static struct slice joined(struct oracle *o, struct names n)
{
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < n.n; i++)
		out = arena_printf(
			&o->arena, "%.*s%s%.*s", SLICE(out), i ? ", " : "", SLICE(n.at[i]));
	return out;
}

/* ---- The prediction ---- */

static struct slice path(struct oracle *o, struct name n, struct slice part, bool certain)
{
	return arena_printf(&o->arena, "%.*s%s%.*s%s%.*s%s", SLICE(n.schema),
		n.schema.len ? "." : "", SLICE(n.name), part.len ? "." : "", SLICE(part),
		certain ? "" : "?");
}

static void add_touched(
	struct oracle *o, struct names *out, const struct touched *v, size_t n, bool type)
{
	for (size_t i = 0; i < n; i++) {
		struct slice p = path(o, v[i].object, v[i].part, v[i].certain);

		if (type)
			p = arena_printf(
				&o->arena, "%s %.*s", object_type_word(v[i].type), SLICE(p));
		add(o, out, p);
	}
}

static void facts_of(struct oracle *o, const struct effect *e, struct answer *out)
{
	add_touched(o, &out->lists[F_REWRITES], e->rewrites, e->nrewrites, false);
	add_touched(o, &out->lists[F_SCANS], e->scans, e->nscans, false);
	add_touched(o, &out->lists[F_BUILDS], e->builds, e->nbuilds, false);
	add_touched(o, &out->lists[F_WRITES], e->writes_rows, e->nwrites_rows, false);
	add_touched(o, &out->lists[F_DESTROYS], e->destroys, e->ndestroys, true);
	for (size_t i = 0; i < e->nbreaks; i++)
		add(o, &out->lists[F_BREAKS],
			arena_printf(&o->arena, "%s %.*s", breaks_word(e->breaks[i].who),
				SLICE(path(o, e->breaks[i].object, e->breaks[i].part,
					e->breaks[i].certain))));
	for (size_t i = 0; i < e->needs.n; i++)
		add(o, &out->lists[F_NEEDS], e->needs.at[i]);
	if (e->algorithm)
		out->words[W_ALGORITHM] =
			arena_printf(&o->arena, "%s %s", e->algorithm, e->lock_clause);
	out->words[W_TRANSACTION] = slice_of(tx_rule_word(e->transaction));
	out->words[W_RERUN] = slice_of(rerun_word(e->rerun));
	out->words[W_OUTCOME] = slice_of(outcome_word(e->outcome));
	out->words[W_UNDO] = slice_of(undo_word(e->undo));
}

static struct script read_sql(struct oracle *o, struct slice sql)
{
	struct source *src = ARENA_NEW(&o->arena, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, &o->arena, "case", sql);
	must(script_read(o->e, o->reader, &o->arena, src, 0, sql.len, &script, &err), &err);
	return script;
}

static void apply_all(struct oracle *o, struct catalog *c, struct session *s, struct slice sql)
{
	struct script script = read_sql(o, sql);
	struct slice why;

	for (size_t i = 0; i < script.n; i++)
		if (catalog_apply_statement(c, s, &script.at[i], &why) == APPLY_CONFLICT)
			fail_msg("the setup: %.*s: %.*s", SLICE(script.at[i].text), SLICE(why));
}

static struct script predict(struct oracle *o, const struct kase *k, struct answer *out)
{
	struct catalog *c = catalog_new(o->e->dialect, o->version);
	struct script now = read_sql(o, k->sql);
	struct session s;
	struct effect e;

	session_init(&s, o->e->dialect, &o->arena);
	catalog_set_complete(c, true);
	apply_all(o, c, &s, o->setup);
	apply_all(o, c, &s, k->context);
	if (now.n != 1) {
		fault(o, k, "is not one statement");
	} else {
		o->e->effects(&o->arena, c, &s, &now.at[0], &e);
		facts_of(o, &e, out);
		if (now.at[0].state == STATEMENT_OPAQUE)
			fault(o, k, "opaque: %.*s", SLICE(now.at[0].opaque_reason));
		if (o->write && e.outcome_why.len)
			printf("# because: %.*s\n", SLICE(e.outcome_why));
	}
	catalog_free(c);
	return now;
}

/* ---- The server ---- */

static bool run(struct oracle *o, struct conn *c, struct slice sql, struct slice *why)
{
	struct err err = {0};
	bool ok = sql.len == 0 || conn_exec(c, sql, &err);

	*why = ok ? SLICE_NONE : arena_slice(&o->arena, slice_of(err.message));
	err_done(&err);
	return ok;
}

static void query(struct oracle *o, const char *sql, struct rows *r)
{
	struct err err = {0};

	must(conn_query(o->admin, slice_of(sql), &o->arena, r, &err), &err);
}

/* Every statement is sent alone: triggers and routines have semicolons of their own. */
static void run_all(struct oracle *o, struct slice sql, size_t line)
{
	struct script script = read_sql(o, sql);
	struct slice why;

	for (size_t i = 0; i < script.n; i++)
		if (script.at[i].state != STATEMENT_CLIENT &&
			!run(o, o->conn, script.at[i].text, &why))
			fail_msg(
				"line %zu: %.*s: %.*s", line, SLICE(script.at[i].text), SLICE(why));
}

static void reconnect(struct oracle *o)
{
	struct waiter w = {0};
	struct err err = {0};

	conn_close(o->conn);
	must(my_cluster_connect(&o->arena, &o->cluster, SCRATCH_ADMIN, SL("o"), &w, &o->conn, &err),
		&err);
}

/* As a word of its own. */
static bool says(struct slice text, struct slice word)
{
	for (size_t at = 0; at + word.len <= text.len; at++) {
		char a = at ? text.at[at - 1] : ' ',
		     b = at + word.len < text.len ? text.at[at + word.len] : ' ';

		if (slice_ieq(slice_sub(text, at, word.len), word) && !isalnum(a) && a != '_' &&
			!isalnum(b) && b != '_')
			return true;
	}
	return false;
}

/* Of the section's tables, those that the statement has to do with: making them all for each
 * statement would take minutes. */
static struct slice setup_for(struct oracle *o, const struct kase *k)
{
	struct script script = read_sql(o, o->setup);
	bool *in = ARENA_ARRAY(&o->arena, script.n + 1, bool), more = true;
	struct slice text = arena_printf(&o->arena, "%.*s %.*s", SLICE(k->context), SLICE(k->sql));
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < script.n; i++)
		in[i] = false;
	while (more) {
		more = false;
		for (size_t i = 0; i < script.n; i++) {
			const struct change *ch = script.at[i].changes;
			bool named = !script.at[i].nchanges ||
				     (ch->name.len && says(text, ch->name)) ||
				     (ch->target.name.len && says(text, ch->target.name));

			if (in[i] || !named)
				continue;
			in[i] = more = true;
			text = arena_printf(
				&o->arena, "%.*s %.*s", SLICE(text), SLICE(script.at[i].text));
		}
		/* whoever refers to one of them */
		for (size_t i = 0; i < script.n; i++)
			for (size_t j = 0; j < script.n && !in[i]; j++)
				if (in[j] && script.at[j].nchanges &&
					script.at[j].changes->kind == CHANGE_CREATE_TABLE &&
					says(script.at[i].text,
						script.at[j].changes->target.name)) {
					in[i] = more = true;
					text = arena_printf(&o->arena, "%.*s %.*s", SLICE(text),
						SLICE(script.at[i].text));
				}
	}
	for (size_t i = 0; i < script.n; i++)
		if (in[i])
			out = arena_printf(
				&o->arena, "%.*s%.*s;\n", SLICE(out), SLICE(script.at[i].text));
	return out;
}

static void restore(struct oracle *o, const struct kase *k)
{
	static const char *const outside[] = {"DROP DATABASE IF EXISTS fx_other",
		"DROP USER IF EXISTS fxa@localhost, fxb@localhost, fxc@localhost",
		"DROP ROLE IF EXISTS fxr", "SET GLOBAL max_connections = 40"};
	struct slice why, setup = setup_for(o, k);

	if (!slice_eq(setup, o->made))
		o->clean = false;
	o->made = setup;

	conn_close(o->conn);
	o->conn = NULL;
	if (!o->clean)
		for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
			run(o, o->admin, slice_of(outside[i]), &why);
	if (!o->clean && (!run(o, o->admin, SL("DROP DATABASE IF EXISTS o"), &why) ||
				 !run(o, o->admin, SL("CREATE DATABASE o CHARACTER SET latin1"),
					 &why))) /* MariaDB's own default */
		fail_msg("%.*s", SLICE(why));
	reconnect(o);
	if (!o->clean)
		run_all(o, setup, k->line);
	o->clean = true;
	run_all(o, k->context, k->line);
	if (k->context.len)
		o->clean = false;
}

static struct catalog *load(struct oracle *o)
{
	struct catalog *c = catalog_new(o->e->dialect, o->version);
	struct load_options lo = {0};
	struct err err = {0};

	must(o->e->load(o->conn, c, &lo, &err), &err);
	return c;
}

struct files { /* what is stored where: InnoDB's own numbers, other engines' files */
	struct rows tables, indexes;
	struct names others;
};

static void look_at_other_engines(struct oracle *o, struct files *f)
{
	static const char *const ends[] = {".MYD", ".MAD"};
	const char *dir = io_join(&o->arena, o->cluster.data, "o"), **names;
	struct err err = {0};
	struct stat st;
	size_t n;

	must(io_list(&o->arena, dir, &names, &n, &err), &err);
	for (size_t i = 0; i < n; i++)
		for (int e = 0; e < 2; e++)
			if (slice_ends(slice_of(names[i]), ends[e]) &&
				stat(io_join(&o->arena, dir, names[i]), &st) == 0)
				names_add(&o->arena, &f->others,
					arena_printf(&o->arena, "%.*s %llu",
						(int)(strlen(names[i]) - 4), names[i],
						(unsigned long long)st.st_ino));
}

static void look_at_files(struct oracle *o, struct files *f)
{
	query(o,
		"SELECT REGEXP_REPLACE(SUBSTRING(name, 3), '#[pP]#.*', ''), table_id"
		" FROM information_schema.innodb_sys_tables WHERE name LIKE 'o/%'"
		" AND name NOT LIKE '%FTS\\_%'",
		&f->tables);
	query(o,
		"SELECT REGEXP_REPLACE(SUBSTRING(t.name, 3), '#[pP]#.*', ''), i.name, i.index_id"
		" FROM information_schema.innodb_sys_indexes i"
		" JOIN information_schema.innodb_sys_tables t ON t.table_id = i.table_id"
		" WHERE t.name LIKE 'o/%' AND t.name NOT LIKE '%FTS\\_%'"
		" AND i.name NOT IN ('GEN_CLUST_INDEX', 'FTS_DOC_ID_INDEX')",
		&f->indexes);
	look_at_other_engines(o, f);
}

static bool holds(const struct rows *r, size_t col, struct slice value)
{
	for (size_t i = 0; i < r->nrows; i++)
		if (slice_eq(rows_get(r, i, col), value))
			return true;
	return false;
}

/* A new file holds new indexes too. */
static void add_copied(struct oracle *o, struct slice table, struct answer *out)
{
	struct catalog *c = load(o);
	const struct object *t;

	add(o, &out->lists[F_REWRITES], table);
	if (catalog_find(c, NULL, OBJECT_TABLE, (struct name){SLICE_NONE, table}, &t) == PRESENT)
		for (size_t i = 0; i < t->nparts; i++)
			if (t->parts[i]->type == OBJECT_INDEX ||
				(t->parts[i]->type == OBJECT_CONSTRAINT &&
					slice_is(t->parts[i]->constraint.kind, "primary key")))
				add(o, &out->lists[F_BUILDS],
					arena_printf(&o->arena, "%.*s.%.*s", SLICE(table),
						SLICE(t->parts[i]->name)));
	catalog_free(c);
}

static void compare_files(
	struct oracle *o, const struct files *a, const struct files *b, struct answer *out)
{
	for (size_t i = 0; i < b->tables.nrows; i++)
		if (holds(&a->tables, 0, rows_get(&b->tables, i, 0)) &&
			!holds(&a->tables, 1, rows_get(&b->tables, i, 1)))
			add(o, &out->lists[F_REWRITES], rows_get(&b->tables, i, 0));
	for (size_t i = 0; i < b->others.n; i++) {
		struct slice name = slice_sub(b->others.at[i], 0, slice_chr(b->others.at[i], ' '));

		for (size_t k = 0; k < a->others.n; k++)
			if (slice_eq(slice_sub(a->others.at[k], 0, slice_chr(a->others.at[k], ' ')),
				    name) &&
				!slice_eq(a->others.at[k], b->others.at[i]))
				add_copied(o, name, out);
	}
	for (size_t i = 0; i < b->indexes.nrows; i++)
		if (holds(&a->tables, 0, rows_get(&b->indexes, i, 0)) &&
			!holds(&a->indexes, 2, rows_get(&b->indexes, i, 2)))
			add(o, &out->lists[F_BUILDS],
				arena_printf(&o->arena, "%.*s.%.*s",
					SLICE(rows_get(&b->indexes, i, 0)),
					SLICE(rows_get(&b->indexes, i, 1))));
}

/* All rows and the positions of counters, as one text. */
static struct slice data(struct oracle *o, const struct catalog *c)
{
	const struct object **tables;
	struct slice out = SLICE_NONE;
	struct names positions = {0};
	struct err err = {0};
	size_t n = catalog_list(c, OBJECT_TABLE, &o->arena, &tables);

	for (size_t i = 0; i < n; i++) {
		struct name name = {tables[i]->schema, tables[i]->name};
		char hash[65] = "";
		long long count;

		if (!o->e->rows_fingerprint(o->conn, name, (struct names){0}, &count, hash, &err))
			err_done(&err);
		out = arena_printf(
			&o->arena, "%.*s%.*s=%s ", SLICE(out), SLICE(tables[i]->name), hash);
	}
	must(o->e->positions(o->conn, &o->arena, &positions, &err), &err);
	return arena_printf(&o->arena, "%.*s%.*s", SLICE(out), SLICE(joined(o, positions)));
}

static struct slice run_again(struct oracle *o, struct slice sql, struct slice *why)
{
	struct catalog *once = load(o), *twice;
	struct slice rows = data(o, once), out;
	struct catalog_diff d;

	if (!run(o, o->conn, sql, why)) {
		out = SL("fails");
	} else {
		twice = load(o);
		d = catalog_compare(&o->arena, once, twice, &(struct diff_options){0});
		out = catalog_diff_is_empty(&d) && slice_eq(rows, data(o, twice)) ? SL("same")
										  : SL("differs");
		catalog_free(twice);
	}
	catalog_free(once);
	return out;
}

static bool is_full_read(const struct rows *r, size_t i)
{
	struct slice how = rows_get(r, i, 3), table = rows_get(r, i, 2), type = rows_get(r, i, 1);
	bool all = slice_is(how, "ALL") ||
		   (slice_is(how, "index") && slice_is(rows_get(r, i, 5), "PRIMARY"));

	return all && table.len && table.at[0] != '<' && !slice_is(type, "INSERT");
}

/* Tables that the optimiser reads in full, as EXPLAIN says. */
static void look_at_plan(
	struct oracle *o, const struct script *st, struct slice sql, struct answer *out)
{
	struct slice text = arena_printf(&o->arena, "EXPLAIN %.*s", SLICE(sql));
	struct rows r = {0};
	struct err err = {0};

	if (!conn_query(o->conn, text, &o->arena, &r, &err)) {
		err_done(&err);
		return;
	}
	for (size_t i = 0; i < r.nrows; i++)
		if (r.ncols > 9 && slice_is(rows_get(&r, i, 9), "Deleting all rows"))
			add(o, &out->lists[F_SCANS], st->at[0].changes[0].target.name);
		else if (r.ncols > 9 && is_full_read(&r, i))
			add(o, &out->lists[F_SCANS], rows_get(&r, i, 2));
}

static bool has_kind(const struct script *s, bool (*is)(enum change_kind k))
{
	for (size_t i = 0; i < s->at[0].nchanges; i++)
		if (is(s->at[0].changes[i].kind))
			return true;
	return false;
}

static bool is_dml(enum change_kind k)
{
	return change_class_of(k) == CLASS_DATA && k != CHANGE_TRUNCATE && k != CHANGE_CALL;
}

/* Partitions are files that come and go; the new table of CREATE OR REPLACE is not the old one. */
static bool moves_files(enum change_kind k)
{
	return k == CHANGE_ALTER_PARTITIONS || k == CHANGE_TABLE_ENGINE ||
	       k == CHANGE_CREATE_TABLE || k == CHANGE_CREATE_SEQUENCE ||
	       k == CHANGE_SET_TABLESPACE;
}

static bool is_truncate(enum change_kind k) /* its losses are rows */
{
	return k == CHANGE_TRUNCATE || k == CHANGE_SYSTEM_VERSIONING ||
	       k == CHANGE_ALTER_PARTITIONS || k == CHANGE_CREATE_TABLE || k == CHANGE_ALTER_OTHER;
}

static bool is_drop(enum change_kind k)
{
	return change_class_of(k) == CLASS_DROP;
}

static bool is_rename(enum change_kind k)
{
	return change_class_of(k) == CLASS_RENAME || k == CHANGE_MODIFY_COLUMN;
}

/* The index of a primary key goes with the constraint. */
static void add_loss(struct oracle *o, const struct difference *d, struct answer *out)
{
	struct slice name = SLICE_NONE;

	for (size_t i = 0; i < d->object.len; i++)
		if (d->object.at[i] != '`')
			name = arena_printf(&o->arena, "%.*s%c", SLICE(name), d->object.at[i]);
	if (d->type != OBJECT_INDEX || !slice_ends(name, ".PRIMARY"))
		add(o, &out->lists[F_DESTROYS],
			arena_printf(&o->arena, "%s %.*s", object_type_word(d->type), SLICE(name)));
}

/* What was there and is no more: whole objects and columns. */
static void look_at_losses(
	struct oracle *o, const struct script *st, const struct catalog *before, struct answer *out)
{
	struct catalog *after = load(o);
	struct catalog_diff d =
		catalog_compare(&o->arena, before, after, &(struct diff_options){0});

	for (size_t i = 0; i < d.n && !has_kind(st, is_rename); i++)
		if (d.at[i].kind == DIFF_MISSING)
			add_loss(o, &d.at[i], out);
	catalog_free(after);
}

/* Runs it behind a row that a ROLLBACK takes back, unless the statement committed it. */
static bool run_in_transaction(
	struct oracle *o, const struct kase *k, struct answer *out, struct slice *why)
{
	struct rows r;
	struct slice ignored;
	bool ok;

	must(run(o, o->conn, SL("BEGIN"), &ignored) &&
			run(o, o->conn, SL("INSERT INTO witness.w VALUES (1)"), &ignored),
		&(struct err){.message = (char *)"cannot begin"});
	ok = run(o, o->conn, k->sql, why);
	run(o, o->conn, SL("ROLLBACK"), &ignored);
	reconnect(o);
	query(o, "SELECT COUNT(*) FROM witness.w", &r);
	out->words[W_TRANSACTION] =
		slice_is(rows_get(&r, 0, 0), "0") ? SL("allowed") : SL("commits");
	run(o, o->admin, SL("DELETE FROM witness.w"), &ignored);
	return ok;
}

static bool observe(struct oracle *o, const struct kase *k, const struct script *st,
	struct answer *out, struct slice *why)
{
	struct files before = {0}, after = {0};
	struct catalog *old;
	bool ok;

	restore(o, k);
	ok = run_in_transaction(o, k, out, why);
	o->clean = o->clean && !ok && !has_kind(st, is_drop); /* half a DROP may have been done */
	out->words[W_OUTCOME] = ok ? SL("ok") : SL("fails");
	if (!ok)
		return false;
	restore(o, k);
	o->clean = false;
	old = load(o);
	look_at_files(o, &before);
	if (has_kind(st, is_dml))
		look_at_plan(o, st, k->sql, out);
	if (!run(o, o->conn, k->sql, why))
		fail_msg("line %zu: the second time, %.*s", k->line, SLICE(*why));
	look_at_files(o, &after);
	compare_files(o, &before, &after, out);
	look_at_losses(o, st, old, out);
	catalog_free(old);
	out->words[W_RERUN] = run_again(o, k->sql, why);
	o->observed++;
	return true;
}

/* ---- ALGORITHM and LOCK: the strongest pair that the server accepts ---- */

static bool says_clause(const struct statement *st)
{
	for (size_t i = 0; st->nchanges && i < st->changes[0].settings.n; i++)
		if (slice_starts(st->changes[0].settings.at[i], "algorithm=") ||
			slice_starts(st->changes[0].settings.at[i], "lock="))
			return true;
	return false;
}

static struct slice with_clauses(
	struct oracle *o, const struct statement *st, int algorithm, int lock)
{
	static const char *const algorithms[] = {"INSTANT", "NOCOPY", "INPLACE", "COPY"};
	static const char *const locks[] = {"NONE", "SHARED", "EXCLUSIVE"};
	const struct change *ch = &st->changes[0];

	/* DROP INDEX takes neither clause; the ALTER TABLE that it stands for does. */
	if (ch->kind == CHANGE_DROP_INDEX && slice_is(slice_of(st->kind), "DROP INDEX"))
		return arena_printf(&o->arena,
			"ALTER TABLE `%.*s` DROP INDEX %s `%.*s`, ALGORITHM=%s, LOCK=%s",
			SLICE(ch->target.name), ch->flags & CHANGE_IF_EXISTS ? "IF EXISTS" : "",
			SLICE(ch->name), algorithms[algorithm], locks[lock]);
	return arena_printf(&o->arena, "%.*s%s ALGORITHM=%s %s LOCK=%s", SLICE(st->text),
		slice_is(slice_of(st->kind), "ALTER TABLE") ? "," : "", algorithms[algorithm],
		slice_is(slice_of(st->kind), "ALTER TABLE") ? "," : "", locks[lock]);
}

static void ask_algorithm(
	struct oracle *o, const struct kase *k, const struct script *st, struct answer *out)
{
	static const char *const words[] = {
		"INSTANT", "NOCOPY", "INPLACE", "COPY", "NONE", "SHARED", "EXCLUSIVE"};
	struct slice kind = slice_of(st->at[0].kind), why;

	if ((!slice_is(kind, "ALTER TABLE") && !slice_is(kind, "CREATE INDEX") &&
		    !slice_is(kind, "DROP INDEX")) ||
		st->at[0].nchanges == 0 || says_clause(&st->at[0]))
		return;
	restore(o, k);
	for (int a = 0; a < 4; a++)
		for (int l = 0; l < 3; l++)
			if (run(o, o->conn, with_clauses(o, &st->at[0], a, l), &why)) {
				out->words[W_ALGORITHM] =
					arena_printf(&o->arena, "%s %s", words[a], words[4 + l]);
				o->clean = false;
				return;
			}
}

/* ---- Comparing ---- */

static void compare_words(struct oracle *o, const struct kase *k, const struct answer *p,
	const struct answer *s, bool seen)
{
	for (int w = 0; w < WORDS_; w++) {
		struct slice says = k->says.words[w], foreseen = p->words[w], was = s->words[w];
		bool ok = true;

		if (w == W_UNDO && !says.len)
			continue;
		if (slice_is(k->says.words[W_OUTCOME], "fails") && w != W_OUTCOME)
			continue;
		o->all[LISTS_ + w]++;
		if (!slice_eq(says, foreseen)) {
			fault(o, k, "%s: table %.*s, predicted %.*s", word_words[w], SLICE(says),
				SLICE(foreseen));
			ok = false;
		}
		if (o->cluster.server && was.len && !slice_eq(says, was) &&
			!(w == W_RERUN && slice_is(says, "unknown")) &&
			!(slice_is(k->says.words[W_OUTCOME], "may-fail") &&
				(w == W_OUTCOME || slice_is(s->words[W_OUTCOME], "fails")))) {
			fault(o, k, "%s: table %.*s, observed %.*s", word_words[w], SLICE(says),
				SLICE(was));
			ok = false;
		}
		o->agreed[LISTS_ + w] += ok;
	}
	(void)seen;
}

static bool is_observable(const struct script *st, int f)
{
	if (f == F_SCANS) /* under LIMIT the plan says nothing of how far it is read */
		return has_kind(st, is_dml) && !(st->at[0].changes[0].flags & CHANGE_HAS_LIMIT);
	if (f == F_DESTROYS)
		return !has_kind(st, is_rename) && !has_kind(st, is_truncate);
	return (f == F_REWRITES || f == F_BUILDS) && !has_kind(st, moves_files);
}

static void compare_lists(struct oracle *o, const struct kase *k, const struct script *st,
	const struct answer *p, const struct answer *s, bool seen)
{
	if (slice_is(k->says.words[W_OUTCOME], "fails"))
		return;
	for (int f = 0; f < LISTS_; f++) {
		struct names t = k->says.lists[f];
		bool ok = names_eq(t, p->lists[f]);

		if (f == F_BREAKS && !k->says.said_breaks)
			continue;
		o->all[f]++;
		if (!ok)
			fault(o, k, "%s: table [%.*s], predicted [%.*s]", list_words[f],
				SLICE(joined(o, t)), SLICE(joined(o, p->lists[f])));
		for (size_t i = 0; seen && is_observable(st, f) && i < t.n; i++)
			if (!slice_ends(t.at[i], "?") && !slice_ends(t.at[i], ".rows") &&
				!has(s->lists[f], t.at[i])) {
				fault(o, k, "%s: table says %.*s, not observed", list_words[f],
					SLICE(t.at[i]));
				ok = false;
			}
		for (size_t i = 0; seen && is_observable(st, f) && i < s->lists[f].n; i++)
			if (!has(t, s->lists[f].at[i])) {
				fault(o, k, "%s: observed %.*s, not in the table", list_words[f],
					SLICE(s->lists[f].at[i]));
				ok = false;
			}
		o->agreed[f] += ok;
	}
}

/* For a table to be looked through: what the server did, and beside it what was predicted. */
static void write_case(struct oracle *o, const struct kase *k, const struct script *st,
	const struct answer *p, const struct answer *s, bool seen, struct slice why)
{
	struct slice rest = k->context, line;

	while (slice_line(&rest, &line))
		printf("| %.*s\n", SLICE(line));
	printf("%.*s\n", SLICE(k->sql));
	if (o->cluster.server && slice_is(s->words[W_OUTCOME], "fails") &&
		slice_is(p->words[W_OUTCOME], "may-fail")) {
		printf("# %.*s\n", SLICE(why));
		s = p;
	} else if (slice_is(s->words[W_OUTCOME], "fails")) {
		printf("    outcome     fails\n# %.*s\n", SLICE(why));
		if (!slice_is(p->words[W_OUTCOME], "fails"))
			printf("#   predicted %.*s\n", SLICE(p->words[W_OUTCOME]));
		printf("\n");
		return;
	}
	if (k->manual.len)
		printf("    %-12s%.*s\n", "manual", SLICE(k->manual));
	if (!o->cluster.server && slice_is(p->words[W_OUTCOME], "fails")) {
		printf("    outcome     fails\n\n");
		return;
	}
	for (int w = 0; w < WORDS_; w++) {
		struct slice was = s->words[w].len ? s->words[w] : p->words[w];

		if (w == W_OUTCOME && !(seen && slice_is(p->words[w], "fails")))
			was = p->words[w];
		if (was.len && !(w == W_OUTCOME && slice_is(was, "ok")) &&
			!(w == W_TRANSACTION && slice_is(was, "allowed")))
			printf("    %-12s%.*s\n", word_words[w], SLICE(was));
		if (!slice_eq(was, p->words[w]))
			printf("#   predicted %s %.*s%s%.*s\n", word_words[w], SLICE(p->words[w]),
				w == W_RERUN ? " because: " : "",
				SLICE(w == W_RERUN ? why : SLICE_NONE));
	}
	for (int f = 0; f < LISTS_; f++) {
		const struct names *n = seen && is_observable(st, f) ? &s->lists[f] : &p->lists[f];

		if (n->n)
			printf("    %-12s%.*s\n", list_words[f], SLICE(joined(o, *n)));
		if (!names_eq(*n, p->lists[f]))
			printf("#   predicted %s: %.*s\n", list_words[f],
				SLICE(joined(o, p->lists[f])));
	}
	printf("\n");
}

static void one(struct oracle *o, const struct kase *k)
{
	struct answer p = {0}, s = {0};
	struct script st;
	struct slice why = SLICE_NONE;
	bool seen = false;

	o->faulty = false;
	o->cases++;
	st = predict(o, k, &p);
	if (st.n != 1)
		return;
	if (o->cluster.server) {
		seen = observe(o, k, &st, &s, &why);
		if (seen)
			ask_algorithm(o, k, &st, &s);
		else if (slice_is(k->says.words[W_OUTCOME], "ok") && !o->write)
			fault(o, k, "the server refuses: %.*s", SLICE(why));
	}
	if (!o->cluster.server && o->e == &engine_mysql && !k->manual.len)
		fault(o, k, "names no page of the manual");
	if (o->write) {
		write_case(o, k, &st, &p, &s, seen, why);
		return;
	}
	compare_words(o, k, &p, &s, seen);
	compare_lists(o, k, &st, &p, &s, seen);
}

/* ---- Reading the table ---- */

static bool read_fact(struct oracle *o, struct kase *k, struct slice line)
{
	size_t blank = slice_chr(line, ' ');
	struct slice word = blank >= line.len ? line : slice_sub(line, 0, blank), piece;
	struct slice rest = blank >= line.len ? SLICE_NONE : slice_trim(slice_from(line, blank));

	if (slice_is(word, "manual")) {
		k->manual = rest;
		return rest.len > 0;
	}
	for (int w = 0; w < WORDS_; w++)
		if (slice_is(word, word_words[w])) {
			k->says.words[w] = rest;
			return true;
		}
	for (int f = 0; f < LISTS_; f++)
		if (slice_is(word, list_words[f])) {
			k->says.said_breaks |= f == F_BREAKS;
			while (slice_next(&rest, ',', &piece))
				add(o, &k->says.lists[f], slice_trim(piece));
			return true;
		}
	return false;
}

static void set_version(struct oracle *o, int version)
{
	struct reader_options ro = {.dialect = o->e->dialect, .version = version};
	struct err err = {0};

	if (o->reader)
		o->e->reader_close(o->reader);
	o->reader = NULL;
	o->version = version;
	must(o->e->reader_open(&o->reader, &ro, &err), &err);
}

static void read_setup(struct oracle *o, struct slice *text, size_t *at)
{
	struct slice line;

	o->setup = SLICE_NONE;
	o->clean = false;
	while (slice_line(text, &line)) {
		++*at;
		if (slice_is(line, "}"))
			break;
		o->setup = arena_printf(&o->arena, "%.*s%.*s\n", SLICE(o->setup), SLICE(line));
	}
	if (o->write)
		printf("{\n%.*s}\n\n", SLICE(o->setup));
}

static void fresh(struct kase *k)
{
	*k = (struct kase){0};
	k->says.words[W_OUTCOME] = SL("ok");
	k->says.words[W_TRANSACTION] = SL("allowed");
}

static struct slice more(struct oracle *o, struct slice a, struct slice line)
{
	return a.len ? arena_printf(&o->arena, "%.*s\n%.*s", SLICE(a), SLICE(line)) : line;
}

static void read_line(struct oracle *o, struct kase *k, struct slice line, size_t at)
{
	if (slice_starts(line, "    ") || slice_starts(line, "\t")) {
		if (!read_fact(o, k, slice_trim(line)))
			fail_msg("line %zu: %.*s", at, SLICE(line));
	} else if (slice_starts(line, "| ")) {
		k->context = more(o, k->context, slice_from(line, 2));
	} else {
		k->line = k->sql.len ? k->line : at;
		k->sql = more(o, k->sql, line);
	}
}

/* "=== title" or "=== 8.0.28 title" */
static void start_section(struct oracle *o, struct slice title)
{
	struct slice first = slice_sub(title, 0, slice_chr(title, ' '));

	if (first.len && first.at[0] >= '0' && first.at[0] <= '9')
		set_version(o, version_from_text(o->e->dialect, first));
	if (o->write)
		printf("=== %.*s\n", SLICE(title));
}

static void read_table(struct oracle *o, struct slice text)
{
	struct kase k;
	struct slice line;
	bool skipping = false;
	size_t at = 0;

	fresh(&k);
	while (slice_line(&text, &line)) {
		bool section = slice_starts(line, "=== "), end = slice_empty(slice_trim(line));

		at++;
		if (slice_starts(line, "#"))
			continue;
		if ((section || end) && k.sql.len)
			one(o, &k);
		if (section || end)
			fresh(&k);
		if (section) {
			skipping = o->only && slice_find(line, slice_of(o->only)) >= line.len;
			if (!skipping)
				start_section(o, slice_from(line, 4));
		} else if (!skipping && slice_is(line, "{")) {
			read_setup(o, &text, &at);
		} else if (!skipping && !end) {
			read_line(o, &k, line, at);
		}
	}
	if (k.sql.len)
		one(o, &k);
}

static void run_table(struct oracle *o)
{
	struct slice text;
	const char *dir;
	struct err err = {0};

	dir = arena_cstr(&o->arena, slice_n(__FILE__, (size_t)(strrchr(__FILE__, '/') - __FILE__)));
	if (o->other)
		must(io_read(&o->arena, o->other, &text, &err), &err);
	else
		must(io_read(&o->arena, io_join(&o->arena, dir, o->file), &text, &err), &err);
	read_table(o, text);
	o->e->reader_close(o->reader);
	printf("# %s: %zu statements, %zu observed, %zu faults\n#", o->file, o->cases, o->observed,
		o->faults);
	for (int f = 0; f < LISTS_ + WORDS_; f++)
		printf(" %s %zu/%zu", f < LISTS_ ? list_words[f] : word_words[f - LISTS_],
			o->agreed[f], o->all[f]);
	printf("\n");
	assert_int_equal(o->faults, 0);
}

static void start_server(struct oracle *o)
{
	struct waiter w = {0};
	struct slice why;
	struct err err = {0};

	if (!my_cluster_find(&o->arena, NULL, 0, &o->cluster, &err) ||
		!my_cluster_make(&o->arena, &o->cluster, &w, &err) ||
		!my_cluster_start(&o->arena, &o->cluster, false, &w, &o->admin, &err)) {
		printf("# no server, the table and the prediction only: %s\n", err.message);
		err_done(&err);
		o->cluster.server = NULL;
		return;
	}
	if (!run(o, o->admin, SL("CREATE DATABASE witness"), &why) ||
		!run(o, o->admin, SL("CREATE TABLE witness.w (i INT)"), &why))
		fail_msg("%.*s", SLICE(why));
}

static void test_mariadb(void **state)
{
	const char *only = *state;
	struct oracle o = {.e = &engine_mariadb,
		.file = "effects.txt",
		.only = only,
		.other = getenv("ORACLE_TABLE"),
		.write = getenv("ORACLE_WRITE") != NULL};

	start_server(&o);
	set_version(&o, o.admin ? o.admin->id.version : 101100);
	run_table(&o);
	conn_close(o.conn);
	conn_close(o.admin);
	if (o.cluster.server)
		process_stop(o.cluster.server, SIGKILL, 5000);
	arena_done(&o.arena);
}

static void test_mysql(void **state)
{
	if (getenv("ORACLE_TABLE"))
		return;
	struct oracle o = {.e = &engine_mysql,
		.file = "mysql.txt",
		.only = *state,
		.write = getenv("ORACLE_WRITE") != NULL};

	set_version(&o, 80036);
	run_table(&o);
	arena_done(&o.arena);
}

int main(int argc, char **argv)
{
	void *only = argc > 1 ? argv[1] : NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_mysql, only),
		cmocka_unit_test_prestate(test_mariadb, only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
