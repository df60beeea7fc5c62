/* effects_server.c - what MariaDB and MySQL were seen doing: their files, their rows, their plans
 * and their refusals. */
#include "effects_oracle.h"

#include "base/io.h"
#include "sql/token.h"

#include <ctype.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* NOWAIT and WAIT 1 lose against InnoDB's own upkeep now and then: that says nothing. */
bool oracle_run(struct oracle *o, struct conn *c, struct slice sql, struct slice *why)
{
	bool ok = sql.len == 0;

	for (int tries = 0; tries < 20 && !ok; tries++) {
		struct err err = {0};

		ok = conn_exec(c, sql, &err);
		*why = ok ? SLICE_NONE : arena_slice(&o->arena, slice_of(err.message));
		err_done(&err);
		if (slice_find(*why, SL("Lock wait timeout")) == SIZE_MAX)
			break;
		usleep(50000);
	}
	return ok;
}

static bool is_mysql(const struct oracle *o)
{
	return o->e->dialect == DIALECT_MYSQL;
}

static void query(struct oracle *o, const char *sql, struct rows *r)
{
	struct err err = {0};

	oracle_must(conn_query(o->admin, slice_of(sql), &o->arena, r, &err), &err);
}

/* MySQL's dictionary may speak of a FULLTEXT index whose file is gone, and then says nothing of any
 * table until that is over. */
static void query_files(struct oracle *o, const char *sql, struct rows *r)
{
	struct err err = {0};

	for (int i = 0; i < 20; i++) {
		if (conn_query(o->admin, slice_of(sql), &o->arena, r, &err))
			return;
		if (!strstr(err.message, "Tablespace is missing"))
			oracle_must(false, &err);
		err_done(&err);
		poll(NULL, 0, 50);
	}
	*r = (struct rows){0};
	o->blind = true;
}

/* Every statement is sent alone: triggers and routines have semicolons of their own. */
static void run_all(struct oracle *o, struct slice sql, size_t line)
{
	struct script script = oracle_read(o, sql);
	struct slice why;

	for (size_t i = 0; i < script.n; i++)
		if (script.at[i].state != STATEMENT_CLIENT &&
			!oracle_run(o, o->conn, script.at[i].text, &why))
			fail_msg(
				"line %zu: %.*s: %.*s", line, SLICE(script.at[i].text), SLICE(why));
}

static void reconnect(struct oracle *o)
{
	struct waiter w = {0};
	struct err err = {0};

	conn_close(o->conn);
	oracle_must(my_cluster_connect(
			    &o->arena, &o->cluster, SCRATCH_ADMIN, SL("o"), &w, &o->conn, &err),
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
	struct script script = oracle_read(o, o->setup);
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

/* Of the character set that each product takes by itself: MariaDB's is another since 11.6. */
static const char *make_database(const struct oracle *o)
{
	if (is_mysql(o))
		return "CREATE DATABASE o";
	return o->admin->id.version >= 110600 ? "CREATE DATABASE o CHARACTER SET utf8mb4"
					      : "CREATE DATABASE o CHARACTER SET latin1";
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
			oracle_run(o, o->admin, slice_of(outside[i]), &why);
	if (!o->clean && (!oracle_run(o, o->admin, SL("DROP DATABASE IF EXISTS o"), &why) ||
				 !oracle_run(o, o->admin, slice_of(make_database(o)), &why)))
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
	struct catalog *c = catalog_new(o->e->dialect, o->cluster.version);
	struct load_options lo = {0};
	struct err err = {0};

	oracle_must(o->e->load(o->conn, c, &lo, &err), &err);
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

	oracle_must(io_list(&o->arena, dir, &names, &n, &err), &err);
	for (size_t i = 0; i < n; i++)
		for (int e = 0; e < 2; e++)
			if (slice_ends(slice_of(names[i]), ends[e]) &&
				stat(io_join(&o->arena, dir, names[i]), &st) == 0)
				names_add(&o->arena, &f->others,
					arena_printf(&o->arena, "%.*s %llu",
						(int)(strlen(names[i]) - 4), names[i],
						(unsigned long long)st.st_ino));
}

/* A column that is added instantly gives MySQL's table new numbers, and leaves its file and the
 * roots of its indexes where they are. */
static void look_at_files(struct oracle *o, struct files *f)
{
	query_files(o,
		is_mysql(o) ? "SELECT REGEXP_REPLACE(SUBSTRING(name, 3), '#[pP]#.*', ''), space"
			      " FROM information_schema.innodb_tables WHERE name LIKE 'o/%'"
			      " AND name NOT LIKE 'o/fts\\_%'"
			    : "SELECT REGEXP_REPLACE(SUBSTRING(name, 3), '#[pP]#.*', ''), table_id"
			      " FROM information_schema.innodb_sys_tables WHERE name LIKE 'o/%'"
			      " AND name NOT LIKE '%FTS\\_%'",
		&f->tables);
	query_files(o,
		is_mysql(o)
			? "SELECT REGEXP_REPLACE(SUBSTRING(t.name, 3), '#[pP]#.*', ''), i.name,"
			  " CONCAT(i.space, '/', IF(i.type & 32, i.index_id, i.page_no)) FROM "
			  "information_schema.innodb_indexes "
			  "i"
			  " JOIN information_schema.innodb_tables t ON t.table_id = i.table_id"
			  " WHERE t.name LIKE 'o/%' AND t.name NOT LIKE 'o/fts\\_%'"
			  " AND i.name NOT IN ('GEN_CLUST_INDEX', 'FTS_DOC_ID_INDEX')"
			: "SELECT REGEXP_REPLACE(SUBSTRING(t.name, 3), '#[pP]#.*', ''), i.name,"
			  " i.index_id FROM information_schema.innodb_sys_indexes i"
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

	oracle_add(o, &out->lists[F_REWRITES], table);
	if (catalog_find(c, NULL, OBJECT_TABLE, (struct name){SLICE_NONE, table}, &t) == PRESENT)
		for (size_t i = 0; i < t->nparts; i++)
			if (t->parts[i]->type == OBJECT_INDEX ||
				(t->parts[i]->type == OBJECT_CONSTRAINT &&
					slice_is(t->parts[i]->constraint.kind, "primary key")))
				oracle_add(o, &out->lists[F_BUILDS],
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
			oracle_add(o, &out->lists[F_REWRITES], rows_get(&b->tables, i, 0));
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
			oracle_add(o, &out->lists[F_BUILDS],
				arena_printf(&o->arena, "%.*s.%.*s",
					SLICE(rows_get(&b->indexes, i, 0)),
					SLICE(rows_get(&b->indexes, i, 1))));
}

/* How many rows a system-versioned table keeps, past ones too. */
static struct slice past(struct oracle *o, const struct object *t)
{
	struct rows r;

	if (!names_has(t->table_.options, SL("system versioning")))
		return SLICE_NONE;
	query(o,
		arena_cstr(&o->arena,
			arena_printf(&o->arena, "SELECT COUNT(*) FROM o.`%.*s` FOR SYSTEM_TIME ALL",
				SLICE(t->name))),
		&r);
	return rows_get(&r, 0, 0);
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
		out = arena_printf(&o->arena, "%.*s%.*s=%s%.*s ", SLICE(out),
			SLICE(tables[i]->name), hash, SLICE(past(o, tables[i])));
	}
	oracle_must(o->e->positions(o->conn, &o->arena, &positions, &err), &err);
	return arena_printf(&o->arena, "%.*s%.*s", SLICE(out), SLICE(oracle_joined(o, positions)));
}

static struct slice run_again(struct oracle *o, struct slice sql, struct slice *why)
{
	struct catalog *once = load(o), *twice;
	struct slice rows = data(o, once), out;
	struct catalog_diff d;

	if (!oracle_run(o, o->conn, sql, why)) {
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

struct plan_columns { /* of EXPLAIN */
	size_t type, table, how, key, extra;
};

static bool is_full_read(const struct rows *r, const struct plan_columns *c, size_t i)
{
	struct slice how = rows_get(r, i, c->how), table = rows_get(r, i, c->table);
	bool all = slice_is(how, "ALL") ||
		   (slice_is(how, "index") && slice_is(rows_get(r, i, c->key), "PRIMARY"));

	return all && table.len && table.at[0] != '<' &&
	       !slice_is(rows_get(r, i, c->type), "INSERT") &&
	       !slice_is(rows_get(r, i, c->type), "REPLACE");
}

static bool is_made(struct oracle *o, struct slice table)
{
	return slice_ifind(o->made, arena_printf(&o->arena, "TABLE %.*s ", SLICE(table))) !=
		       SIZE_MAX ||
	       slice_ifind(o->made, arena_printf(&o->arena, "TABLE `%.*s` ", SLICE(table))) !=
		       SIZE_MAX;
}

/* EXPLAIN calls tables as the statement does, or the view: "orders AS o" is o there. */
static struct slice table_called(struct oracle *o, struct slice sql, struct slice alias)
{
	struct token before = {.kind = TOKEN_END}, t;
	struct lexer l;

	lexer_init(&l, o->e->dialect, sql);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		struct slice name = token_value(&o->arena, o->e->dialect, t);

		if (token_is(t, "AS"))
			continue;
		if (slice_ieq(name, alias) &&
			(before.kind == TOKEN_WORD || before.kind == TOKEN_QUOTED) &&
			is_made(o, token_value(&o->arena, o->e->dialect, before)))
			return token_value(&o->arena, o->e->dialect, before);
		before = t;
	}
	return alias;
}

/* Tables that the optimiser reads in full, as EXPLAIN says. */
static void look_at_plan(
	struct oracle *o, const struct script *st, struct slice sql, struct answer *out)
{
	static const struct plan_columns mariadb = {1, 2, 3, 5, 9}, mysql = {1, 2, 4, 6, 11};
	const struct plan_columns *c = is_mysql(o) ? &mysql : &mariadb;
	struct slice text = arena_printf(
		&o->arena, "EXPLAIN %s%.*s", is_mysql(o) ? "FORMAT=TRADITIONAL " : "", SLICE(sql));
	struct rows r = {0};
	struct err err = {0};

	if (!conn_query(o->conn, text, &o->arena, &r, &err)) {
		err_done(&err);
		return;
	}
	for (size_t i = 0; i < r.nrows && r.ncols > c->extra; i++)
		if (slice_is(rows_get(&r, i, c->extra), "Deleting all rows"))
			oracle_add(o, &out->lists[F_SCANS], st->at[0].changes[0].target.name);
		else if (is_full_read(&r, c, i))
			oracle_add(o, &out->lists[F_SCANS],
				table_called(o,
					arena_printf(&o->arena, "%.*s; %.*s", SLICE(sql),
						SLICE(o->made)),
					rows_get(&r, i, c->table)));
}

bool oracle_has_kind(const struct script *s, bool (*is)(enum change_kind k))
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
		oracle_add(o, &out->lists[F_DESTROYS],
			arena_printf(&o->arena, "%s %.*s", object_type_word(d->type), SLICE(name)));
}

/* What was there and is no more: whole objects and columns. */
static void look_at_losses(
	struct oracle *o, const struct script *st, const struct catalog *before, struct answer *out)
{
	struct catalog *after = load(o);
	struct catalog_diff d =
		catalog_compare(&o->arena, before, after, &(struct diff_options){0});

	for (size_t i = 0; i < d.n && !oracle_has_kind(st, is_rename); i++)
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

	oracle_must(
		oracle_run(o, o->conn, SL("BEGIN"), &ignored) &&
			oracle_run(o, o->conn, SL("INSERT INTO witness.w VALUES (1)"), &ignored),
		&(struct err){.message = (char *)"cannot begin"});
	ok = oracle_run(o, o->conn, k->sql, why);
	oracle_run(o, o->conn, SL("ROLLBACK"), &ignored);
	reconnect(o);
	query(o, "SELECT COUNT(*) FROM witness.w", &r);
	out->words[W_TRANSACTION] =
		slice_is(rows_get(&r, 0, 0), "0") ? SL("allowed") : SL("commits");
	oracle_run(o, o->admin, SL("DELETE FROM witness.w"), &ignored);
	return ok;
}

bool oracle_observe(struct oracle *o, const struct kase *k, const struct script *st,
	struct answer *out, struct slice *why)
{
	struct files before = {0}, after = {0};
	struct catalog *old;
	bool ok;

	o->blind = false;
	restore(o, k);
	ok = run_in_transaction(o, k, out, why);
	o->clean = o->clean && !ok &&
		   !oracle_has_kind(st, is_drop); /* half a DROP may have been done */
	out->words[W_OUTCOME] = ok ? SL("ok") : SL("fails");
	if (!ok)
		return false;
	restore(o, k);
	o->clean = false;
	old = load(o);
	look_at_files(o, &before);
	if (oracle_has_kind(st, is_dml))
		look_at_plan(o, st, k->sql, out);
	if (!oracle_run(o, o->conn, k->sql, why))
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

static const char *const algorithms[] = {"INSTANT", "NOCOPY", "INPLACE", "COPY"};
static const char *const locks[] = {"NONE", "SHARED", "EXCLUSIVE"};

/* MySQL takes INSTANT without a word on locks alone: there is nothing that it would lock. */
static struct slice with_clauses(
	struct oracle *o, const struct statement *st, int algorithm, int lock)
{
	const struct change *ch = &st->changes[0];
	bool bare = is_mysql(o) && algorithm == 0,
	     alter = slice_is(slice_of(st->kind), "ALTER TABLE");
	struct slice clause = arena_printf(&o->arena, "ALGORITHM=%s%s%s%s", algorithms[algorithm],
		bare    ? ""
		: alter ? ", "
			: " ",
		bare ? "" : "LOCK=", bare ? "" : locks[lock]);

	/* DROP INDEX takes neither clause on MariaDB; the ALTER TABLE that it stands for does. */
	if (ch->kind == CHANGE_DROP_INDEX && slice_is(slice_of(st->kind), "DROP INDEX"))
		return arena_printf(&o->arena,
			"ALTER TABLE `%.*s` DROP INDEX %s `%.*s`, ALGORITHM=%s%s%s",
			SLICE(ch->target.name), ch->flags & CHANGE_IF_EXISTS ? "IF EXISTS" : "",
			SLICE(ch->name), algorithms[algorithm],
			bare ? "" : ", LOCK=", bare ? "" : locks[lock]);
	return arena_printf(
		&o->arena, "%.*s%s %.*s", SLICE(st->text), alter ? "," : "", SLICE(clause));
}

void oracle_ask_algorithm(
	struct oracle *o, const struct kase *k, const struct script *st, struct answer *out)
{
	struct slice kind = slice_of(st->at[0].kind), why;

	if ((!slice_is(kind, "ALTER TABLE") && !slice_is(kind, "CREATE INDEX") &&
		    !slice_is(kind, "DROP INDEX")) ||
		st->at[0].nchanges == 0 || says_clause(&st->at[0]))
		return;
	restore(o, k);
	for (int a = 0; a < 4; a++)
		for (int l = 0; l < 3; l++) {
			if (is_mysql(o) && (a == 1 || (a == 0 && l)))
				continue;
			if (oracle_run(o, o->conn, with_clauses(o, &st->at[0], a, l), &why)) {
				out->words[W_ALGORITHM] =
					arena_printf(&o->arena, "%s %s", algorithms[a], locks[l]);
				o->clean = false;
				return;
			}
		}
}

/* MySQL lists no indexes of partitions. */
static bool is_partitioned(struct oracle *o, const struct script *st)
{
	struct rows r;

	query(o,
		arena_cstr(&o->arena,
			arena_printf(&o->arena,
				"SELECT 1 FROM information_schema.partitions WHERE table_schema = "
				"'o'"
				" AND partition_name IS NOT NULL AND table_name = '%.*s'",
				SLICE(st->at[0].changes[0].target.name))),
		&r);
	return r.nrows > 0;
}

bool oracle_is_observable(struct oracle *o, const struct script *st, int f)
{
	if (o->blind && (f == F_REWRITES || f == F_BUILDS))
		return false;
	if (f == F_BUILDS && is_mysql(o) && st->at[0].nchanges && is_partitioned(o, st))
		return false;
	if (f == F_SCANS) /* under LIMIT the plan says nothing of how far it is read */
		return oracle_has_kind(st, is_dml) &&
		       !(st->at[0].changes[0].flags & CHANGE_HAS_LIMIT);
	if (f == F_DESTROYS)
		return !oracle_has_kind(st, is_rename) && !oracle_has_kind(st, is_truncate);
	return (f == F_REWRITES || f == F_BUILDS) && !oracle_has_kind(st, moves_files);
}

bool oracle_makes_again(const struct script *st, struct slice fact)
{
	for (size_t i = 0; slice_starts(fact, "column ") && i < st->at[0].nchanges; i++) {
		const struct change *ch = &st->at[0].changes[i];

		if (ch->kind == CHANGE_ADD_COLUMN && fact.len > ch->name.len &&
			slice_ieq(slice_from(fact, fact.len - ch->name.len), ch->name))
			return true;
	}
	return false;
}
