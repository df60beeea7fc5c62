/* catalog_test.c - changes built by hand: what is there afterwards, and that all of it is undone.
 */
#include "catalog/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

struct box {
	struct arena a;
	struct catalog *c;
	struct session s;
	struct slice why;
};

static struct box *open_box(enum dialect d, int version)
{
	struct box *b = mem_alloc(sizeof *b);

	b->c = catalog_new(d, version);
	session_init(&b->s, d, &b->a);
	return b;
}

static void close_box(struct box *b)
{
	catalog_free(b->c);
	arena_done(&b->a);
	free(b);
}

static struct object *make(struct box *b, enum object_type type, const char *name)
{
	struct object *o = ARENA_NEW(&b->a, struct object);

	o->type = type;
	o->name = slice_of(name);
	return o;
}

static struct object *column(struct box *b, struct object *t, const char *name, const char *type)
{
	struct object *o = make(b, OBJECT_COLUMN, name);

	o->column.type = slice_of(type);
	if (t)
		*ARENA_PUSH(&b->a, t->parts, t->nparts) = o;
	return o;
}

static struct object *constraint(
	struct box *b, struct object *t, const char *kind, const char *name, const char *col)
{
	struct object *o = make(b, OBJECT_CONSTRAINT, name);

	o->constraint.kind = slice_of(kind);
	o->generated_name = !*name;
	if (col)
		names_add(&b->a, &o->constraint.columns, slice_of(col));
	if (t)
		*ARENA_PUSH(&b->a, t->parts, t->nparts) = o;
	return o;
}

static struct change change(enum change_kind k, const char *table)
{
	return (struct change){.kind = k, .target = {SLICE_NONE, slice_of(table)}};
}

static enum apply_result apply_change(struct box *b, struct change ch)
{
	return catalog_apply(b->c, &b->s, &ch, &b->why);
}

static void must(struct box *b, struct change ch)
{
	enum apply_result r = apply_change(b, ch);

	if (r != APPLIED)
		fail_msg("%s: %d %.*s", change_words(ch.kind), (int)r, SLICE(b->why));
}

static const struct object *find(struct box *b, enum object_type type, const char *name)
{
	const struct object *o = NULL;

	return catalog_find(b->c, &b->s, type, (struct name){SLICE_NONE, slice_of(name)}, &o) ==
			       PRESENT
		       ? o
		       : NULL;
}

static const struct object *part(
	struct box *b, const char *table, enum object_type type, const char *name)
{
	const struct object *t = find(b, OBJECT_NONE, table), *o = NULL;

	return t && catalog_part(b->c, t, type, slice_of(name), &o) == PRESENT ? o : NULL;
}

static void fingerprint(struct box *b, char out[65])
{
	catalog_fingerprint(b->c, NULL, out);
}

/* users(id bigserial primary key, mail text unique, check mail <> ''), orders → users */
static void make_shop(struct box *b)
{
	struct object *users = make(b, OBJECT_TABLE, "users");
	struct object *orders = make(b, OBJECT_TABLE, "orders");
	struct change ch = change(CHANGE_CREATE_TABLE, "users");
	struct object *k;

	column(b, users, "id", "bigserial");
	column(b, users, "mail", "text");
	constraint(b, users, "primary key", "", "id");
	constraint(b, users, "unique", "", "mail");
	k = constraint(b, users, "check", "", "mail");
	k->constraint.expression.text = SL("mail <> ''");
	ch.def = users;
	must(b, ch);
	column(b, orders, "id", "integer");
	column(b, orders, "user_id", "bigint");
	k = constraint(b, orders, "foreign key", "", "user_id");
	k->constraint.ref_table.name = SL("users");
	ch = change(CHANGE_CREATE_TABLE, "orders");
	ch.def = orders;
	must(b, ch);
}

static void test_create_postgres(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	const struct object *o;

	(void)state;
	make_shop(b);
	assert_non_null(part(b, "users", OBJECT_CONSTRAINT, "users_pkey"));
	assert_non_null(part(b, "users", OBJECT_INDEX, "users_pkey"));
	assert_non_null(part(b, "users", OBJECT_INDEX, "users_mail_key"));
	assert_non_null(part(b, "users", OBJECT_CONSTRAINT, "users_mail_check"));
	assert_non_null(find(b, OBJECT_SEQUENCE, "users_id_seq"));
	o = part(b, "users", OBJECT_COLUMN, "id");
	assert_true(o->column.not_null);
	assert_true(slice_is(o->column.type, "bigint"));
	assert_true(slice_is(
		o->column.default_value.normal, "nextval('public.users_id_seq'::regclass)"));
	o = part(b, "orders", OBJECT_CONSTRAINT, "orders_user_id_fkey");
	assert_true(slice_is(o->constraint.ref_table.schema, "public"));
	assert_true(slice_is(o->constraint.ref_columns.at[0], "id"));
	assert_int_equal(catalog_find(b->c, &b->s, OBJECT_TABLE,
				 (struct name){SLICE_NONE, SL("nobody")}, NULL),
		ABSENT);
	close_box(b);
}

static void test_conflicts_leave_nothing(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_CREATE_TABLE, "users");
	char before[65], after[65];

	(void)state;
	make_shop(b);
	fingerprint(b, before);
	ch.def = make(b, OBJECT_TABLE, "users");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	assert_true(b->why.len > 0);
	ch.flags = CHANGE_IF_NOT_EXISTS;
	assert_int_equal(apply_change(b, ch), APPLY_NOOP);
	ch = change(CHANGE_DROP_TABLE, "users");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT); /* orders points at it */
	ch = change(CHANGE_DROP_COLUMN, "users");
	ch.name = SL("id");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	ch.name = SL("nothing");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	ch.flags = CHANGE_IF_EXISTS;
	assert_int_equal(apply_change(b, ch), APPLY_NOOP);
	fingerprint(b, after);
	assert_string_equal(before, after);
	close_box(b);
}

static void test_drop_cascade(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_DROP_TABLE, "users");

	(void)state;
	make_shop(b);
	ch.flags = CHANGE_CASCADE;
	must(b, ch);
	assert_null(find(b, OBJECT_TABLE, "users"));
	assert_null(find(b, OBJECT_SEQUENCE, "users_id_seq"));
	assert_null(find(b, OBJECT_INDEX, "users_mail_key"));
	assert_non_null(find(b, OBJECT_TABLE, "orders"));
	assert_null(part(b, "orders", OBJECT_CONSTRAINT, "orders_user_id_fkey"));
	close_box(b);
}

static void test_drop_column_takes_keys(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_DROP_COLUMN, "users");

	(void)state;
	make_shop(b);
	ch.name = SL("mail");
	must(b, ch);
	assert_null(part(b, "users", OBJECT_CONSTRAINT, "users_mail_key"));
	assert_null(part(b, "users", OBJECT_CONSTRAINT, "users_mail_check"));
	assert_null(find(b, OBJECT_INDEX, "users_mail_key"));
	assert_int_equal(find(b, OBJECT_TABLE, "users")->nparts, 3); /* id, constraint, index */
	close_box(b);
}

static void test_renames_reach_everybody(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_RENAME_COLUMN, "users");
	const struct object *o;

	(void)state;
	make_shop(b);
	ch.name = SL("id");
	ch.other.name = SL("user_no");
	must(b, ch);
	o = part(b, "orders", OBJECT_CONSTRAINT, "orders_user_id_fkey");
	assert_true(slice_is(o->constraint.ref_columns.at[0], "user_no"));
	o = part(b, "users", OBJECT_INDEX, "users_pkey");
	assert_true(slice_is(o->index.keys.at[0], "user_no"));
	assert_true(slice_is(find(b, OBJECT_SEQUENCE, "users_id_seq")->sequence.owned_by,
		"public.users.user_no"));
	ch = change(CHANGE_RENAME_COLUMN, "users");
	ch.name = SL("mail");
	ch.other.name = SL("select");
	must(b, ch);
	o = part(b, "users", OBJECT_CONSTRAINT, "users_mail_check");
	assert_true(slice_is(o->constraint.expression.text, "\"select\" <> ''"));
	ch = change(CHANGE_RENAME_TABLE, "users");
	ch.other.name = SL("people");
	must(b, ch);
	o = part(b, "orders", OBJECT_CONSTRAINT, "orders_user_id_fkey");
	assert_true(slice_is(o->constraint.ref_table.name, "people"));
	assert_true(slice_is(find(b, OBJECT_SEQUENCE, "users_id_seq")->sequence.owned_by,
		"public.people.user_no"));
	assert_null(find(b, OBJECT_TABLE, "users"));
	ch = change(CHANGE_RENAME_OTHER, "users_id_seq");
	ch.type = OBJECT_SEQUENCE;
	ch.other.name = SL("people_seq");
	must(b, ch);
	o = part(b, "people", OBJECT_COLUMN, "user_no");
	assert_true(
		slice_is(o->column.default_value.text, "nextval('public.people_seq'::regclass)"));
	close_box(b);
}

static void test_transactions(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	char before[65], inside[65], after[65];
	struct change ch = {.kind = CHANGE_SAVEPOINT, .name = SL("s")};

	(void)state;
	make_shop(b);
	fingerprint(b, before);
	session_begin(&b->s, b->c, false);
	ch = change(CHANGE_ADD_COLUMN, "orders");
	ch.name = SL("note");
	ch.def = column(b, NULL, "note", "text");
	must(b, ch);
	assert_true(part(b, "orders", OBJECT_COLUMN, "note")->born_tx == b->s.tx);
	assert_true(find(b, OBJECT_TABLE, "orders")->born_tx == 0);
	fingerprint(b, inside);
	must(b, (struct change){.kind = CHANGE_SAVEPOINT, .name = SL("s")});
	ch = change(CHANGE_DROP_TABLE, "users");
	ch.flags = CHANGE_CASCADE;
	must(b, ch);
	must(b, (struct change){.kind = CHANGE_SET_VARIABLE,
			.name = SL("lock_timeout"),
			.value = {.text = SL("'2s'")}});
	assert_true(b->s.lock_timeout == 2000);
	must(b, (struct change){.kind = CHANGE_ROLLBACK_TO, .name = SL("s")});
	assert_true(b->s.lock_timeout == -1);
	fingerprint(b, after);
	assert_string_equal(inside, after);
	must(b, (struct change){.kind = CHANGE_ROLLBACK});
	fingerprint(b, after);
	assert_string_equal(before, after);
	assert_non_null(part(b, "users", OBJECT_INDEX, "users_mail_key"));
	close_box(b);
}

static void test_unknown(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct name users = {SLICE_NONE, SL("users")}, other = {SLICE_NONE, SL("other")};
	struct change ch = change(CHANGE_ADD_COLUMN, "other");

	(void)state;
	make_shop(b);
	catalog_taint(b->c, &b->s, SL("public.other"));
	assert_int_equal(catalog_find(b->c, &b->s, OBJECT_TABLE, other, NULL), UNKNOWN);
	assert_int_equal(catalog_find(b->c, &b->s, OBJECT_TABLE, users, NULL), PRESENT);
	ch.name = SL("c");
	ch.def = column(b, NULL, "c", "text");
	assert_int_equal(apply_change(b, ch), APPLY_UNSURE);
	catalog_taint(b->c, &b->s, SL("*"));
	assert_int_equal(catalog_find(b->c, &b->s, OBJECT_TABLE, users, NULL), UNKNOWN);
	ch = change(CHANGE_CREATE_TABLE, "fresh");
	ch.def = make(b, OBJECT_TABLE, "fresh");
	column(b, ch.def, "a", "text");
	must(b, ch);
	assert_non_null(find(b, OBJECT_TABLE, "fresh"));
	catalog_set_complete(b->c, false);
	close_box(b);
}

static void test_generated_names(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_CREATE_TABLE,
		"a_table_with_a_name_of_exactly_sixty_three_bytes_in_its_full_le");
	struct object *t = make(b, OBJECT_TABLE, ch.target.name.at);
	struct object *i;

	(void)state;
	column(b, t, "another_quite_long_column_name_here", "integer");
	ch.def = t;
	must(b, ch);
	for (int n = 0; n < 2; n++) {
		i = make(b, OBJECT_INDEX, "");
		i->generated_name = true;
		names_add(&b->a, &i->index.keys, SL("another_quite_long_column_name_here"));
		ch = change(CHANGE_CREATE_INDEX, t->name.at);
		ch.def = i;
		must(b, ch);
	}
	assert_non_null(find(b, OBJECT_INDEX,
		"a_table_with_a_name_of_exactl_another_quite_long_column_nam_idx"));
	assert_non_null(find(b, OBJECT_INDEX,
		"a_table_with_a_name_of_exactl_another_quite_long_column_na_idx1"));
	close_box(b);
}

static void test_mysql(void **state)
{
	struct box *b = open_box(DIALECT_MARIADB, 101119);
	struct object *users = make(b, OBJECT_TABLE, "users");
	struct object *orders = make(b, OBJECT_TABLE, "orders"), *k;
	struct change ch = change(CHANGE_CREATE_TABLE, "users");

	(void)state;
	column(b, users, "id", "bigint(20)");
	constraint(b, users, "primary key", "PRIMARY", "id")->constraint.index = SL("PRIMARY");
	ch.def = users;
	must(b, ch);
	column(b, orders, "id", "int(11)");
	column(b, orders, "user_id", "bigint(20)");
	k = constraint(b, orders, "foreign key", "", "user_id");
	k->constraint.ref_table.name = SL("users");
	names_add(&b->a, &k->constraint.ref_columns, SL("id"));
	ch = change(CHANGE_CREATE_TABLE, "orders");
	ch.def = orders;
	must(b, ch);
	assert_true(part(b, "users", OBJECT_COLUMN, "ID")->column.not_null);
	assert_non_null(part(b, "users", OBJECT_INDEX, "PRIMARY"));
	assert_non_null(part(b, "orders", OBJECT_CONSTRAINT, "orders_ibfk_1"));
	assert_non_null(part(b, "orders", OBJECT_INDEX, "user_id"));
	ch = change(CHANGE_DROP_INDEX, "orders");
	ch.name = SL("user_id");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	/* A better index replaces the one that the foreign key asked for. */
	ch = change(CHANGE_CREATE_INDEX, "orders");
	ch.name = SL("by_user");
	ch.def = make(b, OBJECT_INDEX, "by_user");
	names_add(&b->a, &ch.def->index.keys, SL("user_id"));
	names_add(&b->a, &ch.def->index.keys, SL("id"));
	must(b, ch);
	assert_null(part(b, "orders", OBJECT_INDEX, "user_id"));
	ch = change(CHANGE_DROP_COLUMN, "orders");
	ch.name = SL("id");
	must(b, ch);
	assert_int_equal(part(b, "orders", OBJECT_INDEX, "by_user")->index.keys.n, 1);
	ch.name = SL("user_id");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	/* CHANGE with a position */
	ch = change(CHANGE_MODIFY_COLUMN, "orders");
	ch.name = SL("user_id");
	ch.other.name = SL("buyer");
	ch.def = column(b, NULL, "buyer", "bigint(20)");
	names_add(&b->a, &ch.list, SL("FIRST"));
	must(b, ch);
	assert_true(slice_is(
		part(b, "orders", OBJECT_CONSTRAINT, "orders_ibfk_1")->constraint.columns.at[0],
		"buyer"));
	close_box(b);
}

static void test_sqlite(void **state)
{
	struct box *b = open_box(DIALECT_SQLITE, 34001);
	struct change ch;

	(void)state;
	make_shop(b);
	assert_non_null(part(b, "USERS", OBJECT_COLUMN, "Mail"));
	ch = change(CHANGE_DROP_COLUMN, "users");
	ch.name = SL("mail");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	ch = change(CHANGE_RENAME_TABLE, "users");
	ch.other.name = SL("people");
	must(b, ch);
	assert_true(slice_is(
		find(b, OBJECT_TABLE, "orders")->parts[2]->constraint.ref_table.name, "people"));
	close_box(b);
}

static void test_partitions(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct object *t = make(b, OBJECT_TABLE, "m"), *p = make(b, OBJECT_TABLE, "m_1");
	struct change ch = change(CHANGE_CREATE_TABLE, "m");
	const struct object **v;

	(void)state;
	t->table_.kind = SL("partitioned");
	t->table_.partition_key.text = SL("RANGE (day)");
	column(b, t, "id", "bigint");
	column(b, t, "day", "date");
	constraint(b, t, "primary key", "", "id");
	names_add(&b->a, &t->parts[2]->constraint.columns, SL("day"));
	ch.def = t;
	must(b, ch);
	p->table_.partition_of.name = SL("m");
	p->table_.partition_bound.text = SL("DEFAULT");
	ch = change(CHANGE_CREATE_TABLE, "m_1");
	ch.def = p;
	must(b, ch);
	assert_non_null(part(b, "m_1", OBJECT_CONSTRAINT, "m_1_pkey"));
	assert_true(slice_is(
		part(b, "m_1", OBJECT_INDEX, "m_1_pkey")->index.partition_of.name, "m_pkey"));
	assert_true(part(b, "m_1", OBJECT_COLUMN, "day")->column.inherited);
	ch = change(CHANGE_CREATE_INDEX, "m");
	ch.def = make(b, OBJECT_INDEX, "");
	ch.def->generated_name = true;
	names_add(&b->a, &ch.def->index.keys, SL("day"));
	must(b, ch);
	assert_non_null(find(b, OBJECT_INDEX, "m_1_day_idx"));
	ch = change(CHANGE_ADD_COLUMN, "m");
	ch.name = SL("note");
	ch.def = column(b, NULL, "note", "text");
	must(b, ch);
	assert_non_null(part(b, "m_1", OBJECT_COLUMN, "note"));
	assert_int_equal(catalog_partitions(b->c, find(b, OBJECT_TABLE, "m"), &b->a, &v), 1);
	must(b, change(CHANGE_DROP_TABLE, "m"));
	assert_null(find(b, OBJECT_TABLE, "m_1"));
	close_box(b);
}

static void test_copy_and_compare(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct catalog_diff d;
	struct catalog *copy;
	struct change ch;
	char x[65], y[65];

	(void)state;
	make_shop(b);
	copy = catalog_copy(b->c);
	d = catalog_compare(&b->a, b->c, copy, NULL);
	assert_int_equal(d.n, 0);
	assert_true(d.compared > 50);
	catalog_fingerprint(copy, NULL, x);
	fingerprint(b, y);
	assert_string_equal(x, y);
	ch = change(CHANGE_SET_DEFAULT, "orders");
	ch.name = SL("user_id");
	ch.value.text = ch.value.normal = SL("7");
	must(b, ch);
	ch = change(CHANGE_DROP_CONSTRAINT, "orders");
	ch.name = SL("orders_user_id_fkey");
	must(b, ch);
	d = catalog_compare(&b->a, copy, b->c, NULL);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.at[0].kind, DIFF_MISSING);
	assert_int_equal(d.at[1].kind, DIFF_FIELD);
	assert_string_equal(d.at[1].field, "default");
	fingerprint(b, y);
	assert_string_not_equal(x, y);
	catalog_free(copy);
	close_box(b);
}

static struct object *view_of(struct box *b, const char *name, const char *query, const char *reads)
{
	struct object *o = make(b, OBJECT_VIEW, name);
	struct change ch = change(CHANGE_CREATE_VIEW, name);

	o->view.query.text = slice_of(query);
	names_add(&b->a, &ch.reads, slice_of(reads));
	ch.def = o;
	must(b, ch);
	return o;
}

static void test_views_keep_what_they_read(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_DROP_COLUMN, "users");
	const struct object **v;

	(void)state;
	make_shop(b);
	view_of(b, "ids", "SELECT id AS mail FROM users", "users");
	ch.name = SL("mail");
	assert_int_equal(
		catalog_dependents(b->c, find(b, OBJECT_TABLE, "users"), SL("mail"), &b->a, &v), 0);
	must(b, ch); /* an alias is not the column */
	ch = change(CHANGE_DROP_COLUMN, "orders");
	ch.name = SL("user_id");
	view_of(b, "all_orders", "SELECT * FROM orders", "orders");
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	ch.flags = CHANGE_CASCADE;
	must(b, ch);
	assert_null(find(b, OBJECT_VIEW, "all_orders"));
	ch = change(CHANGE_CREATE_VIEW, "wrong");
	ch.def = make(b, OBJECT_VIEW, "wrong");
	names_add(&b->a, &ch.reads, SL("nobody"));
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	close_box(b);
}

/* Whose star it is, a query over two tables does not say; of a name it does. */
static void test_a_star_may_be_another_table_s(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	const struct object *users, **v;
	struct object *o;

	(void)state;
	make_shop(b);
	o = make(b, OBJECT_VIEW, "both");
	o->view.query.text = SL("SELECT *, (SELECT mail FROM users u WHERE u.id = o.user_id)"
				" FROM orders o");
	{
		struct change ch = change(CHANGE_CREATE_VIEW, "both");

		names_add(&b->a, &ch.reads, SL("users"));
		names_add(&b->a, &ch.reads, SL("orders"));
		ch.def = o;
		must(b, ch);
	}
	users = find(b, OBJECT_TABLE, "users");
	assert_int_equal(catalog_dependents(b->c, users, SL("mail"), &b->a, &v), 1);
	assert_int_equal(catalog_view_reads(b->c, v[0], users, SL("mail")), PRESENT);
	assert_int_equal(catalog_view_reads(b->c, v[0], users, SL("phone")), UNKNOWN);
	close_box(b);
}

/* A rename that may or may not run, of something that may or may not be there: nobody knows whether
 * the new name is taken, and a comparison does not count it. */
static void test_guarded_rename(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct box *server = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_RENAME_TABLE, "nobody");
	struct catalog_diff d;

	(void)state;
	ch.other.name = SL("somebody");
	ch.flags = CHANGE_GUARDED;
	make_shop(b);
	make_shop(server);
	assert_int_equal(apply_change(b, ch), APPLY_NOOP);
	assert_int_equal(catalog_find(b->c, &b->s, OBJECT_TABLE,
				 (struct name){SLICE_NONE, SL("somebody")}, NULL),
		UNKNOWN);
	ch = change(CHANGE_CREATE_TABLE, "somebody");
	ch.def = make(server, OBJECT_TABLE, "somebody");
	must(server, ch);
	d = catalog_compare(&b->a, b->c, server->c, NULL);
	assert_true(d.not_compared >= 1);
	assert_true(catalog_diff_is_empty(&d));
	close_box(server);
	close_box(b);
}

static void test_expressions_keep_functions(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_CREATE_FUNCTION, "next_no()");
	const struct object *o;

	(void)state;
	make_shop(b);
	ch.type = OBJECT_FUNCTION;
	ch.def = make(b, OBJECT_FUNCTION, "next_no()");
	must(b, ch);
	ch = change(CHANGE_SET_DEFAULT, "orders");
	ch.name = SL("id");
	ch.value.text = ch.value.normal = SL("public.next_no()");
	must(b, ch);
	ch = change(CHANGE_RENAME_OTHER, "next_no()");
	ch.type = OBJECT_FUNCTION;
	ch.other.name = SL("number()");
	must(b, ch);
	o = part(b, "orders", OBJECT_COLUMN, "id");
	assert_true(slice_is(o->column.default_value.normal, "public.number()"));
	ch = change(CHANGE_DROP_FUNCTION, "number()");
	ch.type = OBJECT_FUNCTION;
	assert_int_equal(apply_change(b, ch), APPLY_CONFLICT);
	ch.flags = CHANGE_CASCADE;
	must(b, ch);
	assert_true(slice_empty(part(b, "orders", OBJECT_COLUMN, "id")->column.default_value.text));
	close_box(b);
}

static void test_privileges(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct change ch = change(CHANGE_GRANT, "users");
	struct object server = {.type = OBJECT_TABLE, .owner = SL("bob")};
	struct names mine;

	(void)state;
	make_shop(b);
	names_add(&b->a, &ch.list, SL("select"));
	ch.value.text = SL("alice, PUBLIC");
	must(b, ch);
	names_add(&b->a, &server.acl, SL("bob=arwdDxt/bob"));
	names_add(&b->a, &server.acl, SL("alice=r/bob"));
	names_add(&b->a, &server.acl, SL("=r/bob"));
	mine = acl_canonical(b->c, &b->a, find(b, OBJECT_TABLE, "users"));
	assert_true(names_eq(mine, acl_canonical(b->c, &b->a, &server)));
	ch.kind = CHANGE_REVOKE;
	must(b, ch);
	assert_int_equal(acl_canonical(b->c, &b->a, find(b, OBJECT_TABLE, "users")).n, 0);
	close_box(b);
}

static void test_like_stands_where_it_was_written(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct object *t = make(b, OBJECT_TABLE, "copy");
	struct change ch = change(CHANGE_CREATE_TABLE, "copy");
	const struct object *o;

	(void)state;
	make_shop(b);
	column(b, t, "before", "text");
	column(b, t, "after", "text");
	names_add(&b->a, &ch.list, SL("public.users|indexes|1"));
	ch.def = t;
	must(b, ch);
	o = find(b, OBJECT_TABLE, "copy");
	assert_true(slice_is(o->parts[1]->name, "id") && slice_is(o->parts[3]->name, "after"));
	assert_non_null(part(b, "copy", OBJECT_INDEX, "copy_mail_key"));
	assert_true(slice_empty(o->parts[1]->column.default_value.text));
	close_box(b);
}

static void test_rendering(void **state)
{
	static const char want[] =
		"CREATE TABLE public.orders (\n"
		"    id integer,\n"
		"    user_id bigint\n"
		");\n"
		"ALTER TABLE public.orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY "
		"(user_id) REFERENCES public.users (id);\n";
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	struct buf out = {0};

	(void)state;
	make_shop(b);
	object_render(&out, DIALECT_POSTGRES, find(b, OBJECT_TABLE, "orders"));
	assert_string_equal(buf_cstr(&out), want);
	buf_clear(&out);
	catalog_render(&out, b->c);
	assert_true(slice_find(buf_slice(&out), SL("OWNED BY public.users.id")) != SIZE_MAX);
	buf_done(&out);
	close_box(b);
}

static double seconds(void)
{
	/* Of the processor: what else the machine does must not decide a test. */
	return (double)clock() / CLOCKS_PER_SEC;
}

static double work(int tables, int columns)
{
	struct box *b = open_box(DIALECT_POSTGRES, 150000);
	double start = seconds();
	struct catalog *copy;
	struct catalog_diff d;

	for (int i = 0; i < tables; i++) {
		char *name = arena_cstr(&b->a, arena_printf(&b->a, "table_%d", i));
		struct object *t = make(b, OBJECT_TABLE, name);
		struct change ch = change(CHANGE_CREATE_TABLE, name);

		for (int k = 0; k < columns; k++)
			column(b, t, arena_cstr(&b->a, arena_printf(&b->a, "c%d", k)), "integer");
		constraint(b, t, "primary key", "", "c0");
		constraint(b, t, "unique", "", "c1");
		ch.def = t;
		must(b, ch);
	}
	copy = catalog_copy(b->c);
	d = catalog_compare(&b->a, b->c, copy, NULL);
	assert_int_equal(d.n, 0);
	catalog_free(copy);
	close_box(b);
	return seconds() - start;
}

static void test_it_is_fast(void **state)
{
	double small, large, wide;

	(void)state;
	small = work(5000, 10);
	large = work(20000, 10);
	wide = work(1, 50000);
	print_message("5,000 tables: %.3f s; 20,000: %.3f s; 50,000 columns: %.3f s\n", small,
		large, wide);
	/* Generous: sanitizers and valgrind run this too. */
	assert_true(large < small * 12 + 3);
}

static void test_expressions(void **state)
{
	static const struct {
		const char *author, *server;
		enum sameness want;
	} rows[] = {
		{"0", "0", SAME},
		{"-1", "'-1'::integer", SAME},
		{"'new'", "'new'::character varying", SAME},
		{"status IN ('a','b')",
			"((status)::text = ANY ((ARRAY['a'::character varying, "
			"'b'::character varying])::text[]))",
			SAME},
		{"a > 0 AND b between 1 and 2 and c IS NOT NULL",
			"((a > 0) AND ((b >= 1) AND (b <= 2)) AND (c IS NOT NULL))", SAME},
		{"lower(mail) LIKE 'x%'", "(lower((mail)::text) ~~ 'x%'::text)", SAME},
		{"now() + interval '1 day'", "(now() + '1 day'::interval)", SAME},
		{"not (a or b)", "(NOT (a OR b))", SAME},
		{"a + b * c > 1", "((a + (b * c)) > 1)", SAME},
		{"(a + b) * c > 1", "((a + (b * c)) > 1)", NOT_COMPARED},
		{"a > 1", "(a > 2)", NOT_COMPARED},
		{"case when a then 1 else null end", "CASE WHEN a THEN 1 ELSE NULL::integer END",
			SAME},
		{"x at time zone 'utc'", "(x AT TIME ZONE 'utc'::text)", SAME},
		{"cast(x as int) = 1", "((x)::integer = 1)", SAME},
		{"'ok'::mood", "'ok'::public.mood", SAME},
		{"'ok'::mood", "'ok'::public.other", NOT_COMPARED},
		{"exists (select 1)", "something", NOT_COMPARED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum sameness got = expr_compare(DIALECT_POSTGRES,
			(struct expr){.text = slice_of(rows[i].author)},
			(struct expr){.normal = slice_of(rows[i].server)});

		if (got != rows[i].want)
			fail_msg("%s / %s: %d", rows[i].author, rows[i].server, (int)got);
	}
	assert_int_equal(expr_compare(DIALECT_SQLITE, (struct expr){.text = SL("(a >  1)")},
				 (struct expr){.text = SL("a > 0")}),
		DIFFERENT);
	assert_int_equal(expr_compare(DIALECT_SQLITE, (struct expr){.text = SL("(a >  0)")},
				 (struct expr){.text = SL("a > 0")}),
		SAME);
}

/* What real histories showed: quoted type names, operator classes, statistics, a space before the
 * bracket of a trigger's function. */
static void test_spelled_as_the_server_does(void **state)
{
	struct box *b = open_box(DIALECT_POSTGRES, 0);
	struct object *t = make(b, OBJECT_TABLE, "t"), *index, *stat, *trigger;
	struct change ch = change(CHANGE_CREATE_TYPE, "Mood");

	(void)state;
	ch.type = OBJECT_TYPE;
	ch.def = make(b, OBJECT_TYPE, "Mood");
	must(b, ch);
	ch = change(CHANGE_CREATE_EXTENSION, "pg_trgm");
	ch.def = make(b, OBJECT_EXTENSION, "pg_trgm");
	must(b, ch);
	column(b, t, "feels", "\"Mood\"");
	column(b, t, "felt", "\"Mood\"[]");
	column(b, t, "tags", "text[]");
	column(b, t, "said", "text");
	ch = change(CHANGE_CREATE_TABLE, "t");
	ch.def = t;
	must(b, ch);
	assert_string_equal(
		part(b, "t", OBJECT_COLUMN, "feels")->column.type.at, "public.\"Mood\"");
	assert_true(
		slice_is(part(b, "t", OBJECT_COLUMN, "felt")->column.type, "public.\"Mood\"[]"));
	ch = change(CHANGE_RENAME_OTHER, "Mood");
	ch.type = OBJECT_TYPE;
	ch.other.name = SL("temper");
	must(b, ch);
	assert_true(slice_is(part(b, "t", OBJECT_COLUMN, "felt")->column.type, "public.temper[]"));

	index = make(b, OBJECT_INDEX, "i");
	index->index.method = SL("gin");
	names_add(&b->a, &index->index.keys, SL("tags array_ops"));
	names_add(&b->a, &index->index.keys, SL("(lower(said)) gin_trgm_ops"));
	ch = change(CHANGE_CREATE_INDEX, "t");
	ch.name = SL("i");
	ch.def = index;
	must(b, ch);
	index = (struct object *)part(b, "t", OBJECT_INDEX, "i");
	assert_true(slice_is(index->index.keys.at[0], "tags"));
	assert_true(slice_is(index->index.keys.at[1], "(lower(said)) public.gin_trgm_ops"));

	stat = make(b, OBJECT_STATISTICS, "s");
	names_add(&b->a, &stat->other.members, SL("said"));
	names_add(&b->a, &stat->other.members, SL("(tags IS NULL)"));
	ch = change(CHANGE_CREATE_STATISTICS, "s");
	ch.other.name = SL("t");
	ch.def = stat;
	must(b, ch);
	assert_int_equal(find(b, OBJECT_STATISTICS, "s")->other.options.n, 3);
	ch = change(CHANGE_RENAME_COLUMN, "t");
	ch.name = SL("tags");
	ch.other.name = SL("words");
	must(b, ch);
	assert_true(
		slice_is(find(b, OBJECT_STATISTICS, "s")->other.members.at[1], "(words IS NULL)"));

	ch = change(CHANGE_CREATE_FUNCTION, "f()");
	ch.def = make(b, OBJECT_FUNCTION, "f()");
	must(b, ch);
	trigger = make(b, OBJECT_TRIGGER, "tr");
	trigger->trigger.body.text = SL("EXECUTE FUNCTION public.f ()");
	ch = change(CHANGE_CREATE_TRIGGER, "t");
	ch.name = SL("tr");
	ch.def = trigger;
	must(b, ch);
	ch = change(CHANGE_DROP_FUNCTION, "f");
	ch.flags = CHANGE_CASCADE;
	must(b, ch);
	assert_null(part(b, "t", OBJECT_TRIGGER, "tr"));
	close_box(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_postgres),
		cmocka_unit_test(test_conflicts_leave_nothing),
		cmocka_unit_test(test_drop_cascade),
		cmocka_unit_test(test_drop_column_takes_keys),
		cmocka_unit_test(test_renames_reach_everybody),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_generated_names),
		cmocka_unit_test(test_mysql),
		cmocka_unit_test(test_sqlite),
		cmocka_unit_test(test_partitions),
		cmocka_unit_test(test_copy_and_compare),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_spelled_as_the_server_does),
		cmocka_unit_test(test_views_keep_what_they_read),
		cmocka_unit_test(test_a_star_may_be_another_table_s),
		cmocka_unit_test(test_guarded_rename),
		cmocka_unit_test(test_expressions_keep_functions),
		cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_like_stands_where_it_was_written),
		cmocka_unit_test(test_rendering),
		cmocka_unit_test(test_it_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
