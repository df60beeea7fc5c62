#!/usr/bin/env bats
# The whole road on a real MariaDB.
load helper

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	load helper
	local out
	out=$("$ROOT/tests/servers/mariadb.sh" start) || return 1
	MY_DIR=$(sed -n 1p <<<"$out") url=$(sed -n 2p <<<"$out")
	export MY_DIR url
}

teardown_file() {
	[ -z "${MY_DIR:-}" ] || "$BATS_TEST_DIRNAME/servers/mariadb.sh" stop "$MY_DIR"
}

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "$1"; }
tables() { my "SELECT group_concat(table_name ORDER BY table_name SEPARATOR ' ') FROM information_schema.tables WHERE table_schema = 'test' AND table_name NOT LIKE 'belay%' AND table_name <> 'schema_migrations'"; }

project() {
	my "DROP DATABASE test; CREATE DATABASE test"
	file migrations/1_users.up.sql <<'SQL'
CREATE TABLE users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(40)) ENGINE=InnoDB;
INSERT INTO users (name) VALUES ('ada');
SQL
	file migrations/1_users.down.sql <<<'DROP TABLE users;'
	file migrations/2_orders.up.sql <<'SQL'
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint NOT NULL, state enum('open', 'shipped') NOT NULL DEFAULT 'open',
  KEY orders_customer (customer), CONSTRAINT orders_customer_fk FOREIGN KEY (customer) REFERENCES users (id)) ENGINE=InnoDB;
SQL
	file migrations/2_orders.down.sql <<<'DROP TABLE orders;'
	echo 'dialect: mariadb' >belay.yml
}

@test "up, status, down, redo, the tool's history" {
	project
	export DATABASE_URL=$url
	ends 0 belay check
	ends 0 belay up
	says "MariaDB" "applied 1" "applied 2"
	[ "$(tables)" = "orders users" ]
	[ "$(my "SELECT version, dirty FROM schema_migrations" | tr '\t' ' ')" = "2 0" ]
	ends 0 belay up
	says "nothing to do"
	ends 0 belay diff "$url" @
	ends 0 belay redo
	ends 0 belay down
	[ "$(tables)" = users ]
	ends 0 belay status
	says "1 applied, 1 pending"
	ends 0 belay up
	[ "$(tables)" = "orders users" ]
	ends 6 belay down --all
	says "it would destroy table test.users (1 row)"
	ends 0 belay down --all --yes-destroy test.users
	[ "$(tables)" = NULL ]
}

@test "the journal holds words that the database's own character set cannot" {
	project
	my "DROP DATABASE test; CREATE DATABASE test CHARACTER SET latin1"
	file migrations/3_words.up.sql <<<"CREATE TABLE words (id int PRIMARY KEY COMMENT '主键') CHARACTER SET utf8mb4;"
	file migrations/3_words.down.sql <<<'DROP TABLE words;'
	export DATABASE_URL=$url
	ends 0 belay up
	says "applied 3"
	my "SELECT sql_text FROM belay_step" | grep -q '主键'
}

@test "a statement fails: what ran before it stays, is recorded, and is said" {
	project
	file migrations/3_fails.up.sql <<'SQL'
CREATE TABLE extra (id bigint PRIMARY KEY);
INSERT INTO nowhere VALUES (1);
SQL
	ends 5 belay up --db "$url"
	says "3_fails.up.sql:2" "nowhere" "doesn't exist"
	[ "$(tables)" = "extra orders users" ]
	[ "$(my "SELECT version, dirty FROM schema_migrations" | tr '\t' ' ')" = "3 1" ]
	ends 0 belay status --db "$url"
	says_not "3 applied"
}

@test "rehearse on a scratch MariaDB of belay's own" {
	project
	ends 0 belay rehearse
	says "every proof holds"
}

@test "a table in use: tried at once and again, its readers never queue; then who is in the way" {
	project
	ends 0 belay up --db "$url"
	file migrations/3_note.up.sql <<<'ALTER TABLE users ADD COLUMN note varchar(10);'
	file migrations/3_note.down.sql <<<'ALTER TABLE users DROP COLUMN note;'
	mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "BEGIN; SELECT * FROM users; SELECT sleep(3); COMMIT" >/dev/null 3>&- &
	until [ "$(my "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%sleep(3)%' AND state = 'User sleep'")" -gt 0 ]; do sleep 0.05; done
	ends 4 belay up --db "$url" --patience 300ms
	says "a lock on" "users" "was not to be had" "in the way is session" "3_note.up.sql:1"
	belay up --db "$url" >up.out 2>&1 3>&- &
	up=$!
	while kill -0 "$up" 2>/dev/null; do
		my "SET STATEMENT max_statement_time = 2 FOR SELECT count(*) FROM users" >/dev/null
	done
	wait "$up"
	wait
	[ "$(my "SELECT count(*) FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'note'")" = 1 ]
	[ "$(my "SELECT @@lock_wait_timeout = @@GLOBAL.lock_wait_timeout")" = 1 ]
}
