/* Finding, ordering and reading each layout. */
#include "layout/fixture.h"

#include <unistd.h>

static void expect(struct fixture *f, const char *layout, const char *order, const char *problems)
{
	if (!open_as(f, NULL, DIALECT_UNKNOWN))
		fail_msg("%s", f->err.message);
	assert_string_equal(f->p.layout->name, layout);
	assert_string_equal(ids(f), order);
	assert_string_equal(rules(f), problems);
}

static void refuses(struct fixture *f, const char *words, enum dialect d)
{
	assert_false(open_as(f, NULL, d));
	if (!strstr(f->err.message, words))
		fail_msg("%s", f->err.message);
}

/* ---- plain ---- */

static void plain_one_file(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/2_two.sql",
		"-- Migration: second\n\n-- UP Migration\nSELECT 2;\n"
		"-- DOWN Migration\nSELECT -2;\n");
	put(f, "migrations/10_ten.sql", "SELECT 10;\n-- Rollback:\nSELECT -10;\n");
	put(f, "migrations/001_one.sql", "-- Up\nSELECT 1;\n\n-- Down\nSELECT -1;\n");
	expect(f, "plain", "001 2 10", "");
	assert_string_equal(text_of(f, &f->p.migrations[0].up), "SELECT 1;");
	assert_string_equal(text_of(f, &f->p.migrations[0].down), "SELECT -1;");
	assert_string_equal(text_of(f, &f->p.migrations[1].up), "SELECT 2;");
	assert_string_equal(text_of(f, &f->p.migrations[2].up), "SELECT 10;");
	assert_string_equal(text_of(f, &f->p.migrations[2].down), "SELECT -10;");
	assert_true(slice_is(f->p.migrations[1].description, "second"));
	assert_true(slice_is(f->p.migrations[1].parents[0], "001"));
	assert_int_equal(f->p.migrations[0].nparents, 0);
}

static void plain_folders_beside(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_phone.sql", "ALTER TABLE users ADD phone text;\n");
	put(f, "migrations/002_mail.sql", "ALTER TABLE users ADD mail text;\n");
	put(f, "migrations/verify_001.sql", "SELECT 1;\n-- Expected: 1\n");
	put(f, "migrations/verify.sql", "SELECT 2;\n-- Expected: 2\n");
	put(f, "rollback/001_phone.sql", "ALTER TABLE users DROP phone;\n");
	put(f, "rollback/002_mail.sql", "-- DOWN\nALTER TABLE users DROP mail;\n");
	expect(f, "plain", "001 002", "");
	assert_string_equal(text_of(f, &f->p.migrations[0].down), "ALTER TABLE users DROP phone;");
	assert_string_equal(text_of(f, &f->p.migrations[1].down), "ALTER TABLE users DROP mail;");
	assert_string_equal(text_of(f, &f->p.migrations[0].verify), "SELECT 1;\n-- Expected: 1");
	assert_string_equal(text_of(f, &f->p.migrations[1].verify), "SELECT 2;\n-- Expected: 2");
}

static void plain_names(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/2024-01-15_a.sql", "SELECT 1;");
	put(f, "migrations/2024-01-15-2_b.sql", "SELECT 1;");
	put(f, "migrations/2024_02_01_120000_c.sql", "SELECT 1;");
	put(f, "migrations/2024_02_01_120000_c_down.sql", "SELECT -1;");
	put(f, "migrations/2024_02_02_120000_d.py", "pass");
	put(f, "migrations/2024-03-01_e.sql", "SELECT 1;");
	put(f, "migrations/2024-03-01_e.verify.sql", "SELECT 1;");
	put(f, "migrations/notes.sql", "SELECT 1;");
	put(f, "migrations/README.md", "words");
	expect(f, "plain", "2024-01-15 2024-01-15-2 2024_02_01_120000 2024_02_02_120000 2024-03-01",
		"not-a-migration");
	assert_string_equal(text_of(f, &f->p.migrations[2].down), "SELECT -1;");
	assert_string_equal(f->p.migrations[3].code, "a Python script");
	assert_non_null(f->p.migrations[4].verify.src);
}

static void plain_day_and_time(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/20240115-090000.sql", "SELECT 1;");
	put(f, "migrations/20240115-100000.sql", "SELECT 2;");
	put(f, "migrations/20240116_080910_words.sql", "SELECT 3;");
	expect(f, "plain", "20240115-090000 20240115-100000 20240116_080910", "");
}

static void plain_pairs(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_a.sql", "SELECT 1;");
	put(f, "migrations/001_a.down.sql", "SELECT -1;");
	expect(f, "plain", "001", "");
	assert_string_equal(text_of(f, &f->p.migrations[0].down), "SELECT -1;");
}

static void plain_version_folders(void **state)
{
	struct fixture *f = *state;

	put(f, "migration/0.22/01__b.sql", "SELECT 1;");
	put(f, "migration/0.22/00__a.sql", "SELECT 1;");
	put(f, "migration/0.9/00__z.sql", "SELECT 1;");
	put(f, "migration/LATEST.sql", "SELECT 1;");
	expect(f, "plain", "0.9/00 0.22/00 0.22/01", "not-a-migration");
}

/* Releases: 1.10 comes after 1.9; what follows a number without a separator is the name. */
static void plain_releases(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/v1.9.0.sql", "SELECT 1;");
	put(f, "migrations/v1.10.0.sql", "SELECT 1;");
	put(f, "migrations/v1.10.0.down.sql", "SELECT 1;");
	put(f, "migrations/V0003.Add_Two.up.sql", "SELECT 1;");
	put(f, "migrations/002.2fa.sql", "SELECT 1;");
	expect(f, "plain", "v1.9.0 v1.10.0 002 V0003", "");
}

static void plain_databases(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_a.postgres.sql", "SELECT 1;");
	put(f, "migrations/001_a.sqlite.sql", "SELECT 2;");
	put(f, "migrations/002_b.sql", "SELECT 3;");
	put(f, "migrations/002_b.sqlite.down.sql", "SELECT -3;");
	assert_true(open_as(f, NULL, DIALECT_SQLITE));
	assert_string_equal(ids(f), "001 002");
	assert_string_equal(text_of(f, &f->p.migrations[0].up), "SELECT 2;");
	assert_string_equal(text_of(f, &f->p.migrations[1].down), "SELECT -3;");
	assert_true(open_as(f, NULL, DIALECT_POSTGRES));
	assert_string_equal(text_of(f, &f->p.migrations[0].up), "SELECT 1;");
	assert_null(f->p.migrations[1].down.src);
	assert_true(open_as(f, NULL, DIALECT_UNKNOWN));
	assert_non_null(strstr(rules(f), "!several-databases"));
}

static void empty_folder(void **state)
{
	struct fixture *f = *state;
	struct new_file *v;
	size_t n;

	put_dir(f, "migrations");
	expect(f, "plain", "", "");
	assert_true(f->p.layout->new_files(
		&f->p, &f->arena, SL("First"), SL("SELECT 1;"), SL("SELECT 2;"), &v, &n, &f->err));
	assert_string_equal(v[0].path, "migrations/001_first.sql");
	assert_true(slice_is(v[0].text, "-- UP\nSELECT 1;\n\n-- DOWN\nSELECT 2;\n"));
}

/* A migration of comments alone says why it is empty: nobody has to be told. */
static void plain_comment_only(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_a.sql", "SELECT 1;");
	put(f, "migrations/002_b.sql", "-- done by the application since 2.0\n");
	put(f, "migrations/003_c.sql", "\n");
	assert_true(open_as(f, "plain", DIALECT_UNKNOWN));
	assert_string_equal(rules(f), "empty-migration");
}

static void plain_refusals(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_a.sql", "SELECT 1;\n-- Dwon\nSELECT 2;\n");
	put(f, "migrations/002_b.upp.sql", "SELECT 1;");
	put(f, "migrations/003_c_down.sql", "SELECT 1;");
	put(f, "migrations/004_d.sql", "SELECT 1;");
	put(f, "migrations/04_d.sql", "SELECT 1;");
	put_dir(f, "migrations/005_e.sql");
	put(f, "migrations/006_f.sql", "-- +goose Up\nSELECT 1;");
	put(f, "migrations/007_g.sql", "--\n;\n");
	assert_true(open_as(f, "plain", DIALECT_UNKNOWN));
	assert_string_equal(rules(f),
		"!unknown-marker !not-a-migration !unknown-marker !unknown-marker "
		"!unknown-marker empty-migration !duplicate-version");
}

static void unreadable(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_a.sql", "SELECT 1;");
	assert_int_equal(
		symlink("nowhere", io_join(&f->arena, f->root, "migrations/002_b.sql")), 0);
	expect(f, "plain", "001 002", "!unreadable");
	assert_true(slice_ends(f->p.problems[0].message, "No such file or directory"));
}

static void directives(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/001_a.sql",
		"-- belay:phase contract\n-- belay:no-transaction\nSELECT 1;");
	put(f, "migrations/002_b.sql", "-- belay:no-transactoin\nSELECT 1;");
	expect(f, "plain", "001 002", "unknown-directive");
	assert_int_equal(f->p.migrations[0].phase, PHASE_CONTRACT);
	assert_int_equal(f->p.migrations[0].up.tx, TX_MODE_NONE);
	assert_int_equal(f->p.migrations[1].up.tx, TX_MODE_MIGRATION);
}

static void checksum_of_up(void **state)
{
	struct fixture *f = *state;
	char first[65];

	put(f, "migrations/001_a.sql", "-- UP\nSELECT 1;\n-- DOWN\nSELECT 2;\n");
	assert_true(open_as(f, NULL, DIALECT_UNKNOWN));
	memcpy(first, f->p.migrations[0].checksum, 65);
	put(f, "migrations/001_a.sql", "-- UP\nSELECT 1;\n-- DOWN\nSELECT 3;\n");
	assert_true(open_as(f, NULL, DIALECT_UNKNOWN));
	assert_string_equal(first, f->p.migrations[0].checksum);
	put(f, "migrations/001_a.sql", "-- UP\nSELECT 4;\n-- DOWN\nSELECT 2;\n");
	assert_true(open_as(f, NULL, DIALECT_UNKNOWN));
	assert_string_not_equal(first, f->p.migrations[0].checksum);
}

/* The three forms of the field guides, word for word where it matters. */
static void field_guides(void **state)
{
	struct fixture *f = *state;
	const struct migration *m;

	put(f, "migrations/2024011501_add_email_verified.sql",
		"-- migrations/2024011501_add_email_verified.sql\n\n-- UP\nBEGIN;\n\n"
		"-- Add column with default false (safe, no null values)\n"
		"ALTER TABLE users ADD COLUMN email_verified BOOLEAN NOT NULL DEFAULT false;\n\n"
		"-- Optionally verify existing users with confirmed emails\n"
		"UPDATE users SET email_verified = true;\n\nCOMMIT;\n\n-- DOWN\nBEGIN;\n\n"
		"ALTER TABLE users DROP COLUMN email_verified;\n\nCOMMIT;\n");
	put(f, "migrations/2024011502_add_avatar.sql",
		"-- Migration: add_user_avatar_column\n-- Created: 2024-01-15\n"
		"-- Description: Add avatar_url column to users table\n\n-- UP Migration\nBEGIN;\n"
		"-- Add column as nullable first (safe)\nALTER TABLE users ADD COLUMN avatar_url "
		"TEXT;\n"
		"COMMIT;\n\n-- DOWN Migration\nBEGIN;\n-- Remove column\n"
		"ALTER TABLE users DROP COLUMN IF EXISTS avatar_url;\nCOMMIT;\n");
	put(f, "migrations/2024011503_phone.sql",
		"-- Migration: Add column\nALTER TABLE users ADD COLUMN phone VARCHAR(20);\n\n"
		"-- Rollback\nALTER TABLE users DROP COLUMN IF EXISTS phone;\n");
	expect(f, "plain", "2024011501 2024011502 2024011503", "");
	m = f->p.migrations;
	for (size_t i = 0; i < 3; i++) {
		assert_true(
			slice_find(slice_of(text_of(f, &m[i].up)), SL("ADD COLUMN")) != SIZE_MAX);
		assert_true(slice_find(slice_of(text_of(f, &m[i].up)), SL("DROP")) == SIZE_MAX);
		assert_true(slice_find(slice_of(text_of(f, &m[i].down)), SL("DROP")) != SIZE_MAX);
		assert_true(slice_find(slice_of(text_of(f, &m[i].down)), SL("ADD")) == SIZE_MAX);
	}
	assert_int_equal(m[0].description.len, 0); /* the head names the file only */
	assert_true(slice_is(m[1].description, "add_user_avatar_column"));
	assert_true(slice_is(m[2].description, "Add column"));
}

/* ---- golang-migrate ---- */

static void golang_migrate(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migrations/10_c.up.sql", "SELECT 10;");
	put(f, "db/migrations/10_c.down.sql", "SELECT -10;");
	put(f, "db/migrations/007_a.up.sql", "SELECT 7;");
	put(f, "db/migrations/007_a.down.sql", "SELECT -7;");
	put(f, "db/migrations/8_b.up.go", "package x");
	put(f, "db/migrations/8_postmigrate.go", "package x");
	put(f, "db/migrations/9_x.up.sql", "");
	expect(f, "golang-migrate", "7 8 8_postmigrate 9 10", "empty-migration");
	assert_string_equal(f->p.migrations[1].code, "a Go migration");
	assert_int_equal(f->p.migrations[0].up.tx, TX_MODE_BATCH);
	assert_string_equal(text_of(f, &f->p.migrations[4].down), "SELECT -10;");
}

static void golang_migrate_refusals(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/1_a.up.sql", "SELECT 1;");
	put(f, "migrations/1_a.dwon.sql", "SELECT 1;");
	put(f, "migrations/01_b.up.sql", "SELECT 1;");
	put(f, "migrations/2_c.up.sql", "SELECT 1;");
	put(f, "migrations/plain.sql", "SELECT 1;");
	put_dir(f, "migrations/3_d.up.sql");
	expect(f, "golang-migrate", "1 1 2",
		"!unknown-marker !duplicate-version !not-a-migration not-a-migration");
}

static void templates_are_not_golang_migrate(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/00_init.up.sql", "CREATE SCHEMA {{ index .Options \"Namespace\" }};\n");
	expect(f, "plain", "00", "");
	assert_true(f->p.mask_styles != 0);
	assert_false(slice_eq(f->p.migrations[0].up.src->masked, f->p.migrations[0].up.src->text));
}

/* ---- dbmate ---- */

static void dbmate(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migrations/10_b.sql",
		"-- migrate:up transaction:false\nSELECT 10;\n"
		"-- migrate:down\nSELECT -10;\n");
	put(f, "db/migrations/9_c.sql",
		"-- words\n\n--migrate:up\nSELECT 9;\n--   migrate:down \n");
	expect(f, "dbmate", "10 9", "");
	assert_int_equal(f->p.migrations[0].up.tx, TX_MODE_NONE);
	assert_int_equal(f->p.migrations[0].down.tx, TX_MODE_MIGRATION);
	assert_string_equal(text_of(f, &f->p.migrations[1].up), "SELECT 9;");
	assert_true(f->p.migrations[1].down.empty);
}

static void dbmate_sections(void **state)
{
	struct fixture *f = *state;
	const struct migration *m;

	put(f, "db/migrations/1_a.sql",
		"-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT -1;\n"
		"-- migrate:up transaction:false\nSELECT 2;\n-- migrate:down\nSELECT -2;\n");
	expect(f, "dbmate", "1", "several-sections");
	m = &f->p.migrations[0];
	assert_int_equal(m->up.tx, TX_MODE_NONE);
	assert_int_equal(slice_find(m->up.src->text, SL("SELECT 2")),
		strlen("-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT -1;\n"
		       "-- migrate:up transaction:false\n"));
	assert_int_equal(slice_find(m->up.src->text, SL("SELECT -1")), SIZE_MAX);
	assert_string_equal(text_of(f, &m->down), "SELECT -2;\nSELECT -1;");
}

static void dbmate_refusals(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migrations/1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n");
	put(f, "db/migrations/2_b.sql", "-- migrate:up\nSELECT 1;\n-- migrate:dwon\nSELECT 2;");
	put(f, "db/migrations/3_c.sql", "-- migrate:up\nSELECT 1;\n  -- migrate:down\nSELECT 2;");
	put(f, "db/migrations/4_d.sql", "SELECT 0;\n-- migrate:up\nSELECT 1;\n-- migrate:down\n");
	put(f, "db/migrations/5_e.sql", "-- migrate:up transation:false\nSELECT 1;\n");
	put(f, "db/migrations/1_f.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n");
	put(f, "db/migrations/6_g.sql", "SELECT 1;\n");
	expect(f, "dbmate", "1 1 5",
		"!unknown-marker !unknown-marker !unknown-marker unknown-directive missing-down "
		"!unknown-marker !duplicate-version");
}

/* ---- Prisma, diesel, sqlx ---- */

static void prisma(void **state)
{
	struct fixture *f = *state;

	put(f, "prisma/migrations/20230101000000_init/migration.sql", "SELECT 1;");
	put(f, "prisma/migrations/20230102000000_next/migration.sql", "SELECT 2;");
	put(f, "prisma/migrations/20230102000000_next/down.sql", "SELECT -2;");
	put(f, "prisma/migrations/migration_lock.toml", "# x\nprovider = \"mysql\"\n");
	put_dir(f, "prisma/migrations/20230103000000_empty");
	expect(f, "prisma", "20230101000000_init 20230102000000_next", "!not-a-migration");
	assert_int_equal(f->p.dialect, DIALECT_MYSQL);
	assert_true(slice_is(f->p.migrations[0].name, "init"));
	assert_string_equal(text_of(f, &f->p.migrations[1].down), "SELECT -2;");
	/* printf 'SELECT 1;' | sha256sum */
	assert_string_equal(f->p.migrations[0].checksum,
		"17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a");
}

static void diesel(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/00000000000000_diesel_initial_setup/up.sql", "SELECT 1;");
	put(f, "migrations/00000000000000_diesel_initial_setup/down.sql", "SELECT -1;");
	put(f, "migrations/2019-02-26-002946_create_user/up.sql", "SELECT 2;");
	put(f, "migrations/2019-02-26-002946_create_user/down.sql", "SELECT -2;");
	put(f, "migrations/2026-07-27-143313-0000_rename/up.sql", "SELECT 3;");
	put(f, "migrations/2026-07-27-143313-0000_rename/metadata.toml",
		"# x\nrun_in_transaction = false\n");
	put_dir(f, "migrations/2026-08-01-000000_none");
	expect(f, "diesel", "00000000000000 20190226002946 202607271433130000",
		"!not-a-migration missing-down");
	assert_int_equal(f->p.migrations[2].up.tx, TX_MODE_NONE);
	assert_int_equal(f->p.migrations[1].up.tx, TX_MODE_MIGRATION);
}

static void sqlx(void **state)
{
	struct fixture *f = *state;

	put(f, "Cargo.toml", "[dependencies]\nsqlx = { version = \"0.8\" }\n");
	put(f, "migrations/2_b.sql", "-- no-transaction\nSELECT 2;");
	put(f, "migrations/1_a_b.up.sql", "SELECT 1;");
	put(f, "migrations/1_a_b.down.sql", "SELECT -1;");
	put(f, "migrations/x_y.sql", "SELECT 1;");
	expect(f, "sqlx", "1 2", "!not-a-migration missing-down");
	assert_int_equal(f->p.migrations[1].up.tx, TX_MODE_NONE);
	assert_string_equal(text_of(f, &f->p.migrations[0].down), "SELECT -1;");
}

static void sqlx_lone_down(void **state)
{
	struct fixture *f = *state;

	put(f, "Cargo.toml", "[dependencies]\nsqlx = { version = \"0.8\" }\n");
	put(f, "migrations/1_a.up.sql", "SELECT 1;");
	put(f, "migrations/1_a.down.sql", "SELECT -1;");
	put(f, "migrations/3_c.down.sql", "SELECT -3;");
	put(f, "migrations/4_d.up.sql", "SELECT 4;");
	put(f, "migrations/4_d.down.sql", "SELECT -4;");
	expect(f, "sqlx", "1 4", "not-a-migration");
}

/* ---- Drizzle ---- */

static void drizzle(void **state)
{
	struct fixture *f = *state;

	put(f, "drizzle/meta/_journal.json",
		"{\"version\": \"7\", \"dialect\": \"postgresql\", \"entries\": [\n"
		"{\"idx\": 0, \"version\": \"7\", \"when\": 1700000000000, \"tag\": "
		"\"0000_one\", \"breakpoints\": true},\n"
		"{\"idx\": 1, \"when\": 1700000000300, \"tag\": \"0001_zeta\"},\n"
		"{\"idx\": 2, \"when\": 1700000000200, \"tag\": \"0001_alpha\"}]}\n");
	put(f, "drizzle/meta/0000_snapshot.json", "{}");
	put(f, "drizzle/0000_one.sql",
		"CREATE TABLE a (i int)\n--> statement-breakpoint\nCREATE TABLE b (i int);--> "
		"statement-breakpoint\nSELECT 1");
	put(f, "drizzle/0001_alpha.sql", "SELECT 3;");
	put(f, "drizzle/0001_zeta.sql", "SELECT 2;");
	put(f, "drizzle/0002_left.sql", "SELECT 4;");
	put(f, "drizzle/0001_zeta.sql", "COMMIT TRANSACTION;\nPRAGMA x;\nBEGIN;\nEND;\nBEGIN;");
	expect(f, "drizzle", "0000_one 0001_zeta 0001_alpha", "version-gap not-a-migration");
	assert_int_equal(f->p.dialect, DIALECT_POSTGRES);
	assert_true(slice_is(f->p.migrations[0].up.src->masked,
		"CREATE TABLE a (i int)\n;-- statement-breakpoint\nCREATE TABLE b (i int);--> "
		"statement-breakpoint\nSELECT 1"));
	assert_true(
		slice_is(slice_trim(f->p.migrations[1].up.src->masked), "PRAGMA x;\nBEGIN;\nEND;"));
}

static void foreign(void **state)
{
	struct fixture *f = *state;
	struct project_options o = {.root = f->root};

	put(f, "db/migrate/20240101000000_a.rb", "class A < ActiveRecord::Migration[7.1]\nend\n");
	assert_false(project_open(&f->p, &f->arena, &o, &f->err));
	assert_string_equal(
		f->err.message, "\"db/migrate\" holds Rails migrations, which are Ruby");
}

/* ---- goose ---- */

static void goose(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/00002_b.sql",
		"-- +goose NO TRANSACTION\n-- +goose up\nSELECT 2;\n-- +goose DOWN\nSELECT -2;\n");
	put(f, "migrations/00001_a.sql",
		"-- +goose Up\n-- +goose StatementBegin\nSELECT 'a;\nb';\n-- +goose "
		"StatementEnd\n");
	put(f, "migrations/00003_c.go", "package x");
	put(f, "migrations/00003_c_test.go", "package x");
	expect(f, "goose", "1 2 3", "");
	assert_int_equal(f->p.migrations[1].up.tx, TX_MODE_NONE);
	assert_string_equal(text_of(f, &f->p.migrations[1].down), "SELECT -2;");
	assert_string_equal(f->p.migrations[2].code, "a Go migration");
}

static void goose_cuts(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/1_a.sql", "-- +goose Up\nSELECT 'a;\nb';\nSELECT 1; SELECT 2;\n");
	expect(f, "goose", "1", "goose-splitting goose-splitting");
}

static void goose_refusals(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Dwon\nSELECT 2;\n");
	put(f, "migrations/2_b.sql", "-- +goose Up\nSELECT 1\n");
	put(f, "migrations/3_c.sql", "-- +goose Up\n -- +goose Down\nSELECT 1;\n");
	put(f, "migrations/4_d.sql", "-- +goose Down\nSELECT 1;\n");
	put(f, "migrations/5_e.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n");
	expect(f, "goose", "",
		"!unknown-directive !unknown-directive !unknown-directive !unknown-directive "
		"!unknown-directive");
}

static void goose_environment(void **state)
{
	struct fixture *f = *state;

	put(f, "migrations/1_a.sql",
		"-- +goose Up\n-- +goose ENVSUB ON\n"
		"CREATE TABLE ${BELAY_NO_SUCH:-t}(x int);\n-- +goose ENVSUB OFF\n"
		"SELECT '${KEPT}';\n");
	expect(f, "goose", "1", "");
	assert_int_equal(f->p.nplaceholders, 1);
	assert_true(slice_is(f->p.placeholders[0][1], "t"));
	assert_true(slice_find(f->p.migrations[0].up.src->masked, SL("${KEPT}")) != SIZE_MAX);
	assert_true(slice_find(f->p.migrations[0].up.src->masked, SL("${BELAY")) == SIZE_MAX);
}

/* ---- Flyway ---- */

static void flyway(void **state)
{
	struct fixture *f = *state;
	const char *dir = "src/main/resources/db/migration/";

#define FLY(name, text) put(f, arena_printf(&f->arena, "%s%s", dir, name).at, text)
	FLY("V1__first_one.sql", "SELECT 1;");
	FLY("V1.10__tenth.sql", "SELECT 10;");
	FLY("V1_2__second.sql", "SELECT 2;");
	FLY("V1_2__second.sql.conf", "executeInTransaction=false\n");
	FLY("U1.2__second.sql", "SELECT -2;");
	FLY("R__views.sql", "SELECT 'v';");
	FLY("beforeMigrate.sql", "SELECT 'b';");
	FLY("sub/V2__deep.sql", "SELECT 20;");
	FLY("V1_oops.sql", "SELECT 1;");
	put(f, "src/main/kotlin/db/migration/V1_3__code.kt", "class X");
	expect(f, "flyway", "1 1.2 1.3 1.10 2 R__views", "not-a-migration callback-not-run");
	assert_int_equal(f->p.migrations[1].up.tx, TX_MODE_NONE);
	assert_string_equal(text_of(f, &f->p.migrations[1].down), "SELECT -2;");
	assert_string_equal(f->p.migrations[2].code, "a Kotlin migration");
	assert_true(f->p.migrations[5].repeatable);
	assert_true(slice_is(f->p.migrations[0].name, "first one"));
}

static void flyway_baseline(void **state)
{
	struct fixture *f = *state;

	put(f, "db/migration/V1__a.sql", "SELECT 1;");
	put(f, "db/migration/V2__b.sql", "SELECT 2;");
	put(f, "db/migration/B2__base.sql", "SELECT 12;");
	put(f, "db/migration/V3__c.sql", "SELECT 3;");
	put(f, "db/migration/V3.0__d.sql", "SELECT 3;");
	expect(f, "flyway", "B2 3.0 3", "!duplicate-version");
	assert_true(f->p.migrations[0].baseline);
}

static void flyway_versions(void **state)
{
	(void)state;
	assert_int_equal(flyway_cmp_version(SL("1"), SL("1.0")), 0);
	assert_int_equal(flyway_cmp_version(SL("1.0_0"), SL("1")), 0);
	assert_true(flyway_cmp_version(SL("1.2"), SL("1.10")) < 0);
	assert_true(flyway_cmp_version(SL("2"), SL("1.99")) > 0);
	assert_true(flyway_cmp_version(SL("1.0.1"), SL("1")) > 0);
	assert_true(flyway_cmp_version(SL("20240101120000"), SL("3")) > 0);
}

/* Values computed from the rule: CRC-32 of the lines without their ends (python3 zlib.crc32). */
static void flyway_checksums(void **state)
{
	(void)state;
	assert_int_equal(flyway_checksum(SL("SELECT 1;\n")), 78787420);
	assert_int_equal(flyway_checksum(SL("SELECT 1;")), 78787420);
	assert_int_equal(flyway_checksum(SL("\xef\xbb\xbfSELECT 1;\r\n")), 78787420);
	assert_int_equal(flyway_checksum(SL("a\nb\r\nc\rd")), flyway_checksum(SL("abcd")));
	assert_int_equal(flyway_checksum(SL("abcd")), (int)0xed82cd11u);
}

/* ---- Lock keys: the test values of the formulas ---- */

static void lock_keys(void **state)
{
	(void)state;
	assert_true(golang_migrate_key(SL("public"), SL("schema_migrations"), SL("/app")) ==
		    1726534663);
	assert_true(
		golang_migrate_key(SL("public"), SL("schema_migrations"), SL("app")) == 1787120056);
	assert_true(sqlx_key(SL("app")) == 3469795979745788610LL);
	assert_true(flyway_key(SL("\"public\".\"flyway_schema_history\"")) == 77433833903597LL);
}

/* ---- Projects ---- */

static void one_folder_per_database(void **state)
{
	struct fixture *f = *state;

	put(f, "backend/res/migrations/postgres/1_a.up.sql", "SELECT 1;");
	put(f, "backend/res/migrations/sqlite/1_a.up.sql", "SELECT 1;");
	refuses(f, "one folder per database: postgres, sqlite", DIALECT_UNKNOWN);
	err_done(&f->err);
	refuses(f, "none for mysql", DIALECT_MYSQL);
	err_done(&f->err);
	assert_true(open_as(f, NULL, DIALECT_SQLITE));
	assert_string_equal(f->p.dirs[0], "backend/res/migrations/sqlite");
}

static void several_projects(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {"apps/b/migrations"};
	struct project_options o = {.root = f->root, .dirs = dirs, .ndirs = 1};

	put(f, "apps/a/migrations/1_a.up.sql", "SELECT 1;");
	put(f, "apps/b/migrations/1_a.up.sql", "SELECT 1;");
	assert_int_equal(symlink("..", io_join(&f->arena, f->root, "apps/again")), 0);
	put(f, "node_modules/x/migrations/1_a.up.sql", "SELECT 1;");
	refuses(f, "several migration folders: apps/a/migrations, apps/b/migrations",
		DIALECT_UNKNOWN);
	err_done(&f->err);
	assert_true(project_open(&f->p, &f->arena, &o, &f->err));
	assert_string_equal(f->p.dirs[0], "apps/b/migrations");
}

static void nothing_there(void **state)
{
	struct fixture *f = *state;

	refuses(f, "found no migrations", DIALECT_UNKNOWN);
	err_done(&f->err);
	assert_false(open_as(f, "plian", DIALECT_UNKNOWN));
	assert_string_equal(f->err.hint, "The nearest one is plain.");
}

static void finding_one(void **state)
{
	struct fixture *f = *state;
	const struct migration *m = NULL;
	struct slice *heads;

	put(f, "migrations/001_alpha.sql", "SELECT 1;");
	put(f, "migrations/002_beta.sql", "SELECT 1;");
	put(f, "migrations/0021_beta.sql", "SELECT 1;");
	assert_true(open_as(f, NULL, DIALECT_UNKNOWN));
	assert_true(project_find(&f->p, SL("1"), &m, &f->err));
	assert_true(slice_is(m->id, "001"));
	assert_true(project_find(&f->p, SL("001_alpha.sql"), &m, &f->err));
	assert_true(project_find(&f->p, SL("alpha"), &m, &f->err));
	assert_true(project_find(&f->p, SL("002"), &m, &f->err));
	assert_true(slice_is(m->id, "002"));
	assert_false(project_find(&f->p, SL("beta"), &m, &f->err));
	err_done(&f->err);
	assert_false(project_find(&f->p, SL("00"), &m, &f->err));
	err_done(&f->err);
	assert_false(project_find(&f->p, SL("0077"), &m, &f->err));
	assert_non_null(strstr(f->err.hint, "There is 00"));
	assert_int_equal(project_heads(&f->p, &f->arena, &heads), 1);
	assert_true(slice_is(heads[0], "0021"));
}

static void new_names(void **state)
{
	struct fixture *f = *state;
	struct new_file *v;
	size_t n;

	put(f, "migrations/009_a.sql", "SELECT 1;");
	put(f, "rollback/009_a.sql", "SELECT -1;");
	assert_true(open_as(f, NULL, DIALECT_UNKNOWN));
	assert_true(f->p.layout->new_files(&f->p, &f->arena, SL("Add users' phone!"),
		SL("SELECT 1;"), SL("SELECT 2;"), &v, &n, &f->err));
	assert_int_equal(n, 2);
	assert_string_equal(v[0].path, "migrations/010_add_users_phone.sql");
	assert_string_equal(v[1].path, "rollback/010_add_users_phone.sql");
	assert_true(slice_is(v[0].text, "SELECT 1;\n"));
}

static void new_names_by_time(void **state)
{
	struct fixture *f = *state;
	struct new_file *v;
	size_t n;

	put(f, "db/migrations/29991231235959_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n");
	assert_true(open_as(f, NULL, DIALECT_UNKNOWN));
	assert_true(f->p.layout->new_files(
		&f->p, &f->arena, SL("b"), SL("SELECT 1;"), SLICE_NONE, &v, &n, &f->err));
	assert_string_equal(v[0].path, "db/migrations/29991231235960_b.sql");
	assert_true(slice_is(v[0].text, "-- migrate:up\nSELECT 1;\n\n-- migrate:down\n"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void)
{
	const struct CMUnitTest tests[] = {T(plain_one_file), T(plain_folders_beside),
		T(plain_names), T(plain_version_folders), T(plain_releases), T(plain_pairs),
		T(plain_day_and_time), T(plain_databases), T(empty_folder), T(field_guides),
		T(plain_comment_only), T(unreadable), T(directives), T(empty_folder),
		T(field_guides), T(plain_refusals), T(unreadable), T(directives), T(checksum_of_up),
		T(golang_migrate), T(golang_migrate_refusals), T(templates_are_not_golang_migrate),
		T(dbmate), T(dbmate_sections), T(dbmate_refusals), T(prisma), T(diesel), T(sqlx),
		T(sqlx_lone_down), T(drizzle), T(foreign), T(goose), T(goose_cuts),
		T(goose_refusals), T(goose_environment), T(flyway), T(flyway_baseline),
		T(flyway_versions), T(flyway_checksums), T(lock_keys), T(one_folder_per_database),
		T(several_projects), T(nothing_there), T(finding_one), T(new_names),
		T(new_names_by_time)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
