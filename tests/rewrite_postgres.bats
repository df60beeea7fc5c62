#!/usr/bin/env bats
# Safe steps on a real PostgreSQL: the schema they end in is that of the unsafe statement, check has
# nothing to say about the files, and rehearse proves each of them, with rows there.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

base() {
	cat <<'SQL'
CREATE TABLE users (id bigint PRIMARY KEY, email text, age integer, plan text NOT NULL DEFAULT 'free', "Odd name" text);
CREATE TABLE orders (id bigint NOT NULL, user_id bigint, total integer, legacy text NOT NULL, note varchar(80), doc json);
CREATE INDEX orders_total_idx ON orders (total);
CREATE INDEX orders_legacy_idx ON orders (legacy, total);
CREATE UNIQUE INDEX orders_uq ON orders (id) INCLUDE (total);
CREATE TABLE lines (id bigint PRIMARY KEY, user_id bigint CONSTRAINT lines_user_fk REFERENCES users (id), label text NOT NULL);
CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE events_3 (id bigint, day date NOT NULL);
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
CREATE UNIQUE INDEX totals_user ON totals (user_id);
CREATE TYPE mood AS ENUM ('sad', 'ok');
INSERT INTO users SELECT g, 'u' || g || '@x', g % 90, 'free', 'odd' FROM generate_series(1, 300) g;
INSERT INTO orders SELECT g, g, g * 3, 'l' || g, NULL, '{}' FROM generate_series(1, 300) g;
INSERT INTO lines SELECT g, g, 'label ' || g FROM generate_series(1, 300) g;
INSERT INTO events SELECT g, date '2020-06-01' + g FROM generate_series(1, 300) g;
INSERT INTO events_3 SELECT g, date '2022-06-01' FROM generate_series(1, 300) g;
SQL
}

# same_end UNSAFE CHANGE…: what CHANGE writes ends where UNSAFE ends
same_end() {
	local unsafe=$1 text
	shift
	rm -rf migrations verify
	{ echo '-- UP'; base; } | file migrations/001_base.sql
	ends 0 belay new change "$@"
	echo "$output" >files
	# One of the changes below makes a key narrower than what it refers to, and is told so.
	ends 0 belay check --server-version 15 --fail-on warning --ignore fk-type-mismatch
	says 'nothing to report'
	ends 0 belay rehearse $(ls migrations | grep -v 001_ | sed 's/_.*//') --scratch "postgres:///postgres?host=$PG_DIR&user=postgres"
	pg_database safe
	ends 0 belay up --db "$url" --phase contract -q
	says_not 'error'
	pg_database unsafe
	{ base; echo "$unsafe"; } | pg
	ends 0 belay diff "postgres:///unsafe?host=$PG_DIR&user=postgres" "postgres:///safe?host=$PG_DIR&user=postgres"
	# run once more: other files, none overwritten
	sha256sum $(cat files) >before
	run belay new change "$@"
	sha256sum --quiet -c before
}

@test "indexes" {
	same_end 'CREATE INDEX orders_user_id_idx ON orders (user_id)' add-index orders user_id
	same_end 'CREATE INDEX ON orders (lower(note), total DESC) WHERE total > 5' --sql 'CREATE INDEX ON orders (lower(note), total DESC) WHERE total > 5'
	same_end 'CREATE INDEX ev ON events (id)' --sql 'CREATE INDEX ev ON events (id)'
	same_end 'DROP INDEX orders_total_idx' drop-index orders_total_idx
	same_end 'REINDEX TABLE orders' --sql 'REINDEX TABLE orders'
	same_end 'REFRESH MATERIALIZED VIEW totals' --sql 'REFRESH MATERIALIZED VIEW totals'
}

@test "constraints" {
	same_end 'ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE' --sql 'ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE'
	same_end 'ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)' add-check orders positive 'total > 0'
	same_end 'ALTER TABLE orders ADD CHECK (total > 0)' --sql 'ALTER TABLE orders ADD CHECK (total > 0)'
	same_end 'ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email)' add-unique users email
	same_end 'ALTER TABLE users ADD UNIQUE (email, age) INCLUDE (plan) DEFERRABLE INITIALLY DEFERRED' --sql 'ALTER TABLE users ADD UNIQUE (email, age) INCLUDE (plan) DEFERRABLE INITIALLY DEFERRED'
	same_end 'ALTER TABLE orders ADD PRIMARY KEY (id)' add-primary-key orders id
	same_end 'ALTER TABLE orders ADD PRIMARY KEY (id, user_id)' add-primary-key orders id,user_id
	same_end 'ALTER TABLE users ALTER COLUMN email SET NOT NULL' set-not-null users email
	same_end 'ALTER TABLE users ALTER COLUMN "Odd name" SET NOT NULL' set-not-null users 'Odd name'
	same_end 'ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0), ALTER COLUMN user_id SET NOT NULL, ADD COLUMN extra int' --sql 'ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0), ALTER COLUMN user_id SET NOT NULL, ADD COLUMN extra int'
}

@test "adding columns" {
	same_end 'ALTER TABLE users ADD COLUMN phone varchar(20)' add-column users phone 'varchar(20)'
	same_end "ALTER TABLE users ADD COLUMN city text NOT NULL DEFAULT 'x'; ALTER TABLE users ALTER city DROP DEFAULT" add-column users city 'text NOT NULL' --fill "'x'"
	same_end "ALTER TABLE users ADD COLUMN city text NOT NULL DEFAULT 'x'; UPDATE users SET city = upper(email); ALTER TABLE users ALTER city DROP DEFAULT" add-column users city 'text NOT NULL' --fill 'upper(email)'
	same_end 'ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid()' add-column users token 'uuid DEFAULT gen_random_uuid()'
	same_end 'ALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE' add-column users token 'uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE'
	same_end 'ALTER TABLE orders ADD COLUMN n bigserial' add-column orders n bigserial
	same_end 'ALTER TABLE orders ADD COLUMN n serial PRIMARY KEY' add-column orders n 'serial PRIMARY KEY'
	same_end 'ALTER TABLE orders ADD COLUMN n integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5)' add-column orders n 'integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5)'
	same_end 'ALTER TABLE orders ADD COLUMN owner bigint DEFAULT 1 REFERENCES users (id)' add-column orders owner 'bigint DEFAULT 1 REFERENCES users (id)'
	same_end 'ALTER TABLE orders ADD COLUMN n integer DEFAULT 1 CHECK (n > 0)' add-column orders n 'integer DEFAULT 1 CHECK (n > 0)'
	same_end 'ALTER TABLE users ADD COLUMN code text UNIQUE' add-column users code 'text UNIQUE'
}

@test "dropping, renaming tables, partitions, rows, enum values" {
	same_end 'ALTER TABLE orders DROP COLUMN legacy' drop-column orders legacy
	same_end 'ALTER TABLE lines DROP COLUMN user_id' drop-column lines user_id
	same_end 'DROP TABLE lines' drop-table lines
	same_end 'ALTER TABLE lines RENAME TO rows' rename-table lines rows
	same_end 'ALTER TABLE events DETACH PARTITION events_2' --sql 'ALTER TABLE events DETACH PARTITION events_2'
	same_end "ALTER TABLE events ATTACH PARTITION events_3 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')" --sql "ALTER TABLE events ATTACH PARTITION events_3 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')"
	same_end "UPDATE users SET plan = 'paid'" --sql "UPDATE users SET plan = 'paid'"
	same_end "ALTER TYPE mood ADD VALUE 'happy' BEFORE 'ok'" --sql "ALTER TYPE mood ADD VALUE 'happy' BEFORE 'ok'"
}

@test "renaming columns" {
	same_end 'ALTER TABLE orders RENAME COLUMN note TO remark' rename-column orders note remark
	same_end 'ALTER TABLE orders RENAME COLUMN legacy TO modern' rename-column orders legacy modern
	same_end 'ALTER TABLE users RENAME COLUMN plan TO "Plan"' rename-column users plan Plan
	same_end 'ALTER TABLE orders RENAME COLUMN doc TO body' rename-column orders doc body
	same_end 'ALTER TABLE lines RENAME COLUMN user_id TO owner_id' rename-column lines user_id owner_id
}

@test "changing types" {
	same_end 'ALTER TABLE users ALTER COLUMN age TYPE bigint' change-type users age bigint
	same_end "ALTER TABLE orders ALTER COLUMN legacy TYPE varchar(40) USING upper(legacy)" change-type orders legacy 'varchar(40)' --using 'upper(legacy)'
	same_end 'ALTER TABLE lines ALTER COLUMN user_id TYPE integer' change-type lines user_id integer
	same_end 'ALTER TABLE lines ALTER COLUMN label TYPE varchar(20)' change-type lines label 'varchar(20)'
	same_end 'ALTER TABLE users ADD CONSTRAINT ages CHECK (age >= 0), ADD CONSTRAINT age_key UNIQUE (age, id); ALTER TABLE users ALTER COLUMN age TYPE bigint' --sql 'ALTER TABLE users ADD CONSTRAINT ages CHECK (age >= 0), ADD CONSTRAINT age_key UNIQUE (age, id); ALTER TABLE users ALTER COLUMN age TYPE bigint'
	same_end 'ALTER TABLE orders ALTER COLUMN note TYPE varchar(60)' change-type orders note 'varchar(60)'
}

steps_until() { # PHASE CHANGE…: everything up to that phase is applied to database "safe"
	local phase=$1
	shift
	rm -rf migrations verify
	{ echo '-- UP'; base; } | file migrations/001_base.sql
	ends 0 belay new change "$@"
	pg_database safe
	ends 0 belay up --db "$url" --phase "$phase" -q
}

@test "both names work until the contract step" {
	steps_until expand rename-column users plan tariff
	pg <<<"INSERT INTO users (id, plan) VALUES (901, 'old'); INSERT INTO users (id, tariff) VALUES (902, 'new'); INSERT INTO users (id) VALUES (903)"
	pg <<<"UPDATE users SET plan = 'old2' WHERE id = 1; UPDATE users SET tariff = 'new2' WHERE id = 2; UPDATE users SET age = 5 WHERE id = 3"
	run pg <<<"UPDATE users SET plan = 'a', tariff = 'b' WHERE id = 4"
	says 'two values for one column'
	ends 0 belay up --db "$url" -q
	[ "$(pg <<<'SELECT count(*) FROM users WHERE plan IS DISTINCT FROM tariff')" = 0 ]
	[ "$(pg <<<"SELECT string_agg(tariff, ' ' ORDER BY id) FROM users WHERE id IN (1, 2, 3, 901, 902, 903)")" = 'old2 new2 free old new free' ]
	# lossless both ways; the old column is a door all the same
	ends 6 belay up --db "$url" --phase contract -q
	ends 0 belay up --db "$url" --phase contract -q --yes-destroy public.users.tariff
	pg <<<"UPDATE users SET tariff = 'late' WHERE id = 5"
	ends 0 belay down --db "$url" -q
	[ "$(pg <<<'SELECT plan || tariff FROM users WHERE id = 5')" = latelate ]
	ends 0 belay down --db "$url" --count 2 -q --yes-destroy public.users.tariff
	[ "$(pg <<<'SELECT plan FROM users WHERE id = 5')" = late ]
}

@test "a swap of types goes back without losing what was written since" {
	steps_until backfill change-type users age bigint
	[ "$(pg <<<"SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'age'")" = bigint ]
	pg <<<"UPDATE users SET age = 77 WHERE id = 1; INSERT INTO users (id, age) VALUES (901, 88)"
	ends 0 belay down --db "$url" -q
	[ "$(pg <<<'SELECT count(*) FROM users WHERE age IS DISTINCT FROM age_new')" = 0 ]
	[ "$(pg <<<'SELECT age FROM users WHERE id IN (1, 901) ORDER BY id' | tr '\n' ' ')" = '77 88 ' ]
	# one value that the old type cannot hold stops the way back, and nothing has changed
	ends 0 belay up --db "$url" -q
	pg <<<"UPDATE users SET age = 5000000000 WHERE id = 2"
	ends 5 belay down --db "$url"
	[ "$(pg <<<'SELECT age FROM users WHERE id = 2')" = 5000000000 ]
}

@test "a step that fails in the middle goes on with one plain re-run" {
	steps_until backfill rename-column users plan tariff
	pg <<<'CREATE VIEW v AS SELECT tariff FROM users'
	ends 5 belay up --db "$url" --phase contract --yes-destroy 004
	pg <<<"DROP VIEW v; INSERT INTO users (id, plan) VALUES (901, 'between')"
	ends 0 belay up --db "$url" --phase contract --yes-destroy 004
	[ "$(pg <<<'SELECT tariff FROM users WHERE id = 901')" = between ]
	steps_until expand add-unique users email
	rm -rf migrations verify
	{ echo '-- UP'; base; echo "UPDATE users SET email = 'same' WHERE id IN (1, 2);"; } | file migrations/001_base.sql
	ends 0 belay new change add-unique users email
	pg_database safe
	ends 5 belay up --db "$url"
	pg <<<"UPDATE users SET email = 'other' WHERE id = 2"
	ends 0 belay up --db "$url"
	ends 0 belay verify --db "$url"
}

@test "a value that does not fit stops the fill of a narrower type" {
	rm -rf migrations verify
	{ echo '-- UP'; base; echo "UPDATE orders SET note = repeat('x', 70) WHERE id = 9;"; } | file migrations/001_base.sql
	ends 0 belay new change change-type orders note 'varchar(60)'
	pg_database safe
	ends 5 belay up --db "$url"
	says 'too long'
}

@test "golang-migrate: one statement a file outside a transaction, contract files wait in later/" {
	rm -rf migrations verify later
	base | file migrations/000001_base.up.sql
	file migrations/000001_base.down.sql <<<'DROP SCHEMA public CASCADE; CREATE SCHEMA public;'
	ends 0 belay new rename rename-column orders legacy modern
	[ "$(ls migrations | wc -l)" -gt 4 ]
	[ "$(ls later/*.up.sql | wc -l)" = 1 ]
	grep -q 'next free number' later/*.up.sql
	ends 0 belay new uniq add-unique users email
	ends 0 belay new idx add-index orders user_id
	ends 0 belay new nn set-not-null users email
	ends 0 belay new key add-foreign-key orders user_id users
	ends 0 belay check --fail-on warning
	says 'nothing to report'
	ends 0 belay graph
	says_not 'later'
	ends 0 belay rehearse 2 3 4 5 6 7 8 9 --scratch "postgres:///postgres?host=$PG_DIR&user=postgres"
}

@test "every layout gets files that it reads, in order" {
	local layout
	for layout in dbmate goose flyway diesel sqlx prisma plain; do
		rm -rf work && mkdir work
		[ $layout != sqlx ] || echo 'sqlx = "0.8"' >work/Cargo.toml
		ends 0 belay -C work new base --layout $layout --dialect postgres --sql 'CREATE TABLE users (id bigint PRIMARY KEY, email text)'
		ends 0 belay -C work new more --layout $layout --dialect postgres add-column users token 'uuid NOT NULL DEFAULT gen_random_uuid()'
		ends 0 belay -C work graph --layout $layout -o json
		[ "$(json "len(d['migrations'])" <<<"$output")" = 4 ] || { echo "$layout: $output" >&2; false; }
		ends 0 belay -C work check --layout $layout --dialect postgres --fail-on warning
		says 'nothing to report'
	done
}

@test "a statement that would fail, or that nobody can make safe, writes nothing" {
	{ echo '-- UP'; base; } | file migrations/001_base.sql
	ends 2 belay new x add-column users email text
	says 'would fail'
	ends 2 belay new x add-column users city 'text NOT NULL'
	says '--fill'
	ends 2 belay new x add-column users city 'text NOT NULL' --fill 'upper('
	says 'does not parse'
	ends 6 belay new x --sql 'TRUNCATE orders'
	says 'no safe form'
	ends 6 belay new x change-type users id numeric
	says 'primary key'
	ends 2 belay new x --sql 'ALTER TABEL users ADD x int'
	says 'does not parse'
	[ "$(ls migrations)" = 001_base.sql ]
}
