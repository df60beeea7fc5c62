#!/usr/bin/env bats
# belay fix: the diff, what it writes, and what it leaves alone.
load helper

project() {
	file migrations/001_users.sql <<'SQL'
-- UP
CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);
-- DOWN
DROP TABLE orders;
DROP TABLE users;
SQL
}

@test "one step takes the file's own place and keeps its down script and comments" {
	project
	file migrations/002_idx.sql <<'SQL'
-- UP
-- support asked for it
CREATE INDEX orders_user ON orders (user_id);
-- DOWN
DROP INDEX orders_user; -- mine
SQL
	ends 1 belay fix --dialect postgres
	says '-CREATE INDEX orders_user' '+CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);' ' -- support asked for it' ' DROP INDEX orders_user; -- mine'
	[ "$(ls migrations | wc -l)" = 2 ]
	ends 0 belay fix --dialect postgres --write migrations/002_idx.sql
	ends 0 belay check --dialect postgres --fail-on warning
	says 'nothing to report'
	ends 0 belay fix --dialect postgres
	[ -z "$output" ]
}

@test "several steps: the first in the file's place, the others behind it; twice changes nothing" {
	project
	file migrations/002_more.sql <<'SQL'
-- UP
CREATE TABLE campaigns (id bigint PRIMARY KEY);
ALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
CREATE INDEX campaigns_id ON campaigns (id);
-- DOWN
ALTER TABLE users DROP COLUMN token;
DROP TABLE campaigns;
SQL
	ends 0 belay fix --dialect postgres --write migrations/002_more.sql
	[ "$(ls migrations | tr '\n' ' ')" = '001_users.sql 002_more.sql 003_more_expand.sql 004_more_backfill.sql 005_more_not_null.sql ' ]
	grep -q 'CREATE INDEX campaigns_id' migrations/002_more.sql
	ends 0 belay check --dialect postgres --fail-on warning
	says 'nothing to report'
	ends 0 belay fix --dialect postgres
}

@test "what needs a value, has no safe form, or stands before others is left alone and said" {
	project
	file migrations/002_city.sql <<<'ALTER TABLE users ADD COLUMN city text NOT NULL;'
	file migrations/003_empty.sql <<<'TRUNCATE orders;'
	file migrations/004_key.sql <<<'ALTER TABLE orders RENAME COLUMN user_id TO owner;'
	file migrations/005_last.sql <<<'CREATE TABLE t (id int);'
	run --separate-stderr belay fix --dialect postgres
	[ "$status" = 0 ]
	[ -z "$output" ]
	says '002_city.sql:1' '--fill' '003_empty.sql:1' 'TRUNCATE' '004_key.sql' 'others follow'
	ends 2 belay fix --dialect postgres --write
	says '--since'
	run --separate-stderr belay fix --dialect postgres -o json
	[ "$(json "len(d['not_fixed'])" <<<"$output")" = 3 ]
}

@test "golang-migrate and dbmate: in their own files" {
	file migrations/1_a.up.sql <<<'CREATE TABLE users (id bigint PRIMARY KEY, email text);'
	file migrations/1_a.down.sql <<<'DROP TABLE users;'
	file migrations/2_b.up.sql <<<'ALTER TABLE users ALTER COLUMN email SET NOT NULL;'
	file migrations/2_b.down.sql <<<'ALTER TABLE users ALTER COLUMN email DROP NOT NULL;'
	ends 0 belay fix --dialect postgres --write migrations/2_b.up.sql
	[ "$(ls migrations | tr '\n' ' ')" = '1_a.down.sql 1_a.up.sql 2_b.down.sql 2_b.up.sql ' ]
	grep -q VALIDATE migrations/2_b.up.sql
	grep -q 'DROP NOT NULL' migrations/2_b.down.sql
	ends 0 belay check --dialect postgres --fail-on warning
	rm -r migrations verify 2>/dev/null || :
	file db/migrations/1_a.sql <<<$'-- migrate:up\nCREATE TABLE users (id bigint PRIMARY KEY, email text);\n-- migrate:down\nDROP TABLE users;'
	file db/migrations/2_b.sql <<<$'-- migrate:up\nCREATE INDEX e ON users (email);\n-- migrate:down\nDROP INDEX e;'
	ends 0 belay fix --dialect postgres --write db/migrations/2_b.sql
	grep -q 'migrate:up transaction:false' db/migrations/2_b.sql
	grep -q 'DROP INDEX e;' db/migrations/2_b.sql
	ends 0 belay check --dialect postgres --fail-on warning
}

@test "what was named is there, and is a migration, or it is said" {
	file migrations/001_a.sql <<<'CREATE TABLE users (id bigint PRIMARY KEY);'
	file lone.sql <<<'CREATE INDEX i ON users (id);'
	ends 2 belay fix --dialect postgres nosuch
	says 'cannot read "nosuch"'
	ends 2 belay fix --dialect postgres lone.sql
	says '"lone.sql" holds no migration of this project' 'belay check lone.sql'
	ends 0 belay fix --dialect postgres migrations
}

@test "the loop of the guides becomes the statement that it means" {
	file migrations/1_a.sql <<<'CREATE TABLE orders (id bigint PRIMARY KEY, total int, cents int);'
	file migrations/2_b.sql <<'SQL'
DO $$
DECLARE n int;
BEGIN
  LOOP
    UPDATE orders SET cents = total * 100 WHERE id IN (SELECT id FROM orders WHERE cents IS NULL LIMIT 1000);
    GET DIAGNOSTICS n = ROW_COUNT;
    EXIT WHEN n = 0;
  END LOOP;
END $$;
SQL
	ends 1 belay fix --dialect postgres
	says "-- belay:batched" "UPDATE orders SET cents = total * 100" " WHERE cents IS NULL;"
	ends 0 belay fix --dialect postgres --write migrations/2_b.sql
	ends 0 belay check --dialect postgres --fail-on warning
}
