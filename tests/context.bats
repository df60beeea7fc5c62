#!/usr/bin/env bats
# Whether a file runs inside a transaction follows from its layout and its directives, and is not assumed.
load helper

# The rules that say what the transaction makes of it.
said() {
	belay check --dialect postgres "$@" -o json >out.json || true
	json "' '.join(sorted(f['rule'] for f in d['findings'] if f['rule'] in ('concurrently-in-tx', 'ddl-and-backfill-tx', 'statement-not-in-tx')))" <out.json
}

is() {
	[ "$1" = "$2" ] || { printf 'got "%s", wanted "%s"\n' "$1" "$2" >&2; return 1; }
}

table='CREATE TABLE t (id bigint PRIMARY KEY, a text);'
alone='CREATE INDEX CONCURRENTLY t_a ON t (a);'
two='ALTER TABLE t ADD COLUMN b text; UPDATE t SET b = a WHERE b IS NULL;'
index_and="$alone ANALYZE t;"

@test "plain: a transaction, unless a statement cannot be in one or the file says no" {
	file migrations/001_t.sql <<<"$table"
	file migrations/002_i.sql <<<"$alone"
	is "$(said)" ""
	file migrations/003_u.sql <<<"$two"
	is "$(said)" ddl-and-backfill-tx
	file migrations/003_u.sql <<<$'-- belay:no-transaction\n'"$two"
	is "$(said)" ""
	file migrations/003_u.sql <<<"BEGIN; $alone COMMIT;"
	is "$(said)" concurrently-in-tx
}

@test "golang-migrate: several statements are one message, one alone is not in a transaction" {
	file migrations/1_t.up.sql <<<"$table"
	file migrations/1_t.down.sql <<<'DROP TABLE t;'
	file migrations/2_i.up.sql <<<"$alone"
	file migrations/2_i.down.sql <<<'DROP INDEX CONCURRENTLY t_a;'
	is "$(said --layout golang-migrate)" ""
	file migrations/2_i.up.sql <<<"$index_and"
	is "$(said --layout golang-migrate)" concurrently-in-tx
	file migrations/2_i.up.sql <<<"$two"
	is "$(said --layout golang-migrate)" ddl-and-backfill-tx
}

@test "dbmate: a transaction, unless transaction:false" {
	file db/migrations/1_t.sql <<<$'-- migrate:up\n'"$table"$'\n-- migrate:down\nDROP TABLE t;'
	file db/migrations/2_i.sql <<<$'-- migrate:up\n'"$alone"$'\n-- migrate:down\nDROP INDEX t_a;'
	is "$(said --layout dbmate)" concurrently-in-tx
	file db/migrations/2_i.sql <<<$'-- migrate:up transaction:false\n'"$alone"$'\n-- migrate:down\nDROP INDEX t_a;'
	is "$(said --layout dbmate)" ""
}

@test "goose: a transaction, unless NO TRANSACTION" {
	file migrations/1_t.sql <<<$'-- +goose Up\n'"$table"$'\n-- +goose Down\nDROP TABLE t;'
	file migrations/2_i.sql <<<$'-- +goose Up\n'"$alone"$'\n-- +goose Down\nDROP INDEX t_a;'
	is "$(said --layout goose)" concurrently-in-tx
	file migrations/2_i.sql <<<$'-- +goose NO TRANSACTION\n-- +goose Up\n'"$alone"$'\n-- +goose Down\nDROP INDEX t_a;'
	is "$(said --layout goose)" ""
}

@test "Flyway: a transaction, unless its .conf says no, or no statement in it can be in one" {
	file db/migration/V1__t.sql <<<"$table"
	file db/migration/V2__u.sql <<<"$two"
	is "$(said --layout flyway)" ddl-and-backfill-tx
	file db/migration/V2__u.sql.conf <<<'executeInTransaction=false'
	is "$(said --layout flyway)" ""
	rm db/migration/V2__u.sql.conf
	file db/migration/V2__u.sql <<<"$alone"
	is "$(said --layout flyway)" ""
	file db/migration/V2__u.sql <<<"$index_and"
	is "$(said --layout flyway)" concurrently-in-tx
}

@test "diesel: a transaction, unless metadata.toml says no" {
	file diesel.toml </dev/null
	file migrations/2024-01-01-000000_t/up.sql <<<"$table"
	file migrations/2024-01-01-000000_t/down.sql <<<'DROP TABLE t;'
	file migrations/2024-01-02-000000_i/up.sql <<<"$alone"
	file migrations/2024-01-02-000000_i/down.sql <<<'DROP INDEX t_a;'
	is "$(said --layout diesel)" concurrently-in-tx
	file migrations/2024-01-02-000000_i/metadata.toml <<<'run_in_transaction = false'
	is "$(said --layout diesel)" ""
}

@test "sqlx: a transaction, unless the first line says no" {
	file Cargo.toml <<<$'[dependencies]\nsqlx = "0.8"'
	file migrations/1_t.sql <<<"$table"
	file migrations/2_i.sql <<<"$alone"
	is "$(said --layout sqlx)" concurrently-in-tx
	file migrations/2_i.sql <<<$'-- no-transaction\n'"$alone"
	is "$(said --layout sqlx)" ""
}

@test "Prisma: one message, so one statement alone is not in a transaction" {
	file prisma/migrations/20240101000000_t/migration.sql <<<"$table"
	file prisma/migrations/20240102000000_i/migration.sql <<<"$alone"
	is "$(said --layout prisma)" ""
	file prisma/migrations/20240102000000_i/migration.sql <<<"$index_and"
	is "$(said --layout prisma)" concurrently-in-tx
}

@test "standard input and lone files: each statement on its own, until a BEGIN" {
	is "$(said - <<<"$table $two")" ""
	is "$(said - <<<"$table BEGIN; $two COMMIT;")" ddl-and-backfill-tx
}

@test "only what is reported is counted; the rest is read for context" {
	file migrations/001_t.sql <<<"$table DROP TABLE IF EXISTS elsewhere;"
	file migrations/002_x.sql <<<'ALTER TABLE t ADD COLUMN a text;'
	belay check --dialect postgres migrations/002_x.sql -o json >out.json || true
	[ "$(json "[f['rule'] for f in d['findings']]" <out.json)" = "['history-replay']" ]
	[ "$(json "d['summary']['files']" <out.json)" = 1 ]
}
