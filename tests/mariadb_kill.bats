#!/usr/bin/env bats
# belay is killed in the middle of DDL that commits by itself; one plain re-run finishes.
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

base() {
	echo 'dialect: mariadb' >belay.yml
	file migrations/1_base.up.sql <<'SQL'
CREATE TABLE parent (id int PRIMARY KEY) ENGINE=InnoDB;
INSERT INTO parent VALUES (1);
CREATE TABLE big (id int PRIMARY KEY, a int, n int NOT NULL DEFAULT 0, p int, KEY big_old (n)) ENGINE=InnoDB;
INSERT INTO big SELECT seq, seq % 97, 0, 1 FROM seq_1_to_40000;
CREATE TABLE old_name (id int PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE goes (id int PRIMARY KEY) ENGINE=InnoDB;
SQL
	file migrations/2_changes.up.sql <<'SQL'
ALTER TABLE big ADD COLUMN extra varchar(20), ALGORITHM=COPY;
CREATE INDEX big_a ON big (a);
ALTER TABLE big MODIFY a bigint;
DROP INDEX big_old ON big;
ALTER TABLE big ADD CONSTRAINT big_parent FOREIGN KEY (p) REFERENCES parent (id);
RENAME TABLE old_name TO new_name;
DROP TABLE goes;
CREATE TABLE made (id int PRIMARY KEY) ENGINE=InnoDB;
CREATE VIEW seen AS SELECT id FROM big;
CREATE TRIGGER big_t BEFORE INSERT ON big FOR EACH ROW SET NEW.n = 1;
ALTER TABLE big RENAME COLUMN extra TO more, FORCE;
INSERT INTO parent VALUES (2);
SQL
}

fresh() { my "DROP DATABASE test; CREATE DATABASE test"; }

sight() {
	my "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'test' ORDER BY 1;
	SHOW CREATE TABLE big; SHOW TRIGGERS; SELECT * FROM parent; SELECT COUNT(*), SUM(a) FROM big;
	SELECT version, dirty FROM schema_migrations" | grep -v '^big_t'
}

@test "kill -9 at several instants of a migration of DDL" {
	local want at pid
	base
	fresh
	ends 0 belay up --db "$url"
	want=$(sight)
	for at in 0.05 0.15 0.3 0.5 0.7 0.9; do
		fresh
		ends 0 belay up 1 --db "$url"
		"$BELAY" up --db "$url" >out 2>&1 3>&- &
		pid=$!
		sleep "$at"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		ends 0 belay up --db "$url"
		[ "$(sight)" = "$want" ] || {
			diff <(echo "$want") <(sight) >&2
			echo "killed after $at s" >&2
			return 1
		}
	done
}

# held SQL: up, killed while its one statement waits behind a transaction of ours; then we let go.
held() {
	local pid holder statement
	base
	statement=$1
	file migrations/2_changes.up.sql <<<"$1"
	fresh
	ends 0 belay up 1 --db "$url"
	mkfifo hold
	mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B --unbuffered test <hold >/dev/null 2>&1 3>&- &
	holder=$!
	exec 7>hold
	echo 'BEGIN; SELECT COUNT(*) FROM big; SELECT COUNT(*) FROM goes;' >&7
	for _ in $(seq 100); do
		[ "$(my "SELECT COUNT(*) FROM information_schema.innodb_trx")" = 0 ] || break
		sleep 0.05
	done
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	for _ in $(seq 200); do
		[ -z "$(my "SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata lock%'")" ] || break
		sleep 0.05
	done
	kill -KILL "$pid"
	wait "$pid" || true
	"$2"
	echo 'COMMIT;' >&7
	exec 7>&-
	wait "$holder" || true
	rm -f hold
	for _ in $(seq 200); do
		[ -n "$(my "SELECT 1 FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND command = 'Query' AND info IS NOT NULL")" ] || break
		sleep 0.05
	done
}

# A server that lost its client while the statement waits gives it up by itself; once it works on it,
# it finishes. What it would have done is done by hand.
by_hand() {
	ended
	echo 'COMMIT;' >&7
	my "$statement"
}
ended() {
	local id
	for _ in $(seq 200); do
		id=$(my "SELECT id FROM information_schema.processlist WHERE LEFT(info, 12) = LEFT('$statement', 12) LIMIT 1")
		[ -n "$id" ] || return 0
		my "KILL $id" 2>/dev/null || true
		sleep 0.05
	done
	return 1
}
# A server that lost its client while the statement waits gives it up by itself; once it works on it,
# it finishes. What it would have done is done by hand.
by_hand() {
	ended
	echo 'COMMIT;' >&7
	my "$statement"
}
ended() {
	local id
	for id in $(my "SELECT id FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata lock%'"); do
		my "KILL $id"
	done
}

@test "the server finished what it was sent: the re-run sees it" {
	held 'ALTER TABLE big ADD COLUMN extra int' by_hand
	[ -n "$(my "SHOW COLUMNS FROM big LIKE 'extra'")" ]
	ends 0 belay up --db "$url"
	held 'DROP TABLE goes' by_hand
	ends 0 belay up --db "$url"
	[ -z "$(my "SHOW TABLES LIKE 'goes'")" ]
}

@test "the server gave it up: the re-run does it" {
	held 'ALTER TABLE big ADD COLUMN extra int' ended
	[ -z "$(my "SHOW COLUMNS FROM big LIKE 'extra'")" ]
	ends 0 belay up --db "$url"
	[ -n "$(my "SHOW COLUMNS FROM big LIKE 'extra'")" ]
	held 'DROP TABLE goes' ended
	ends 0 belay up --db "$url"
	[ -z "$(my "SHOW TABLES LIKE 'goes'")" ]
}

@test "somebody else changed the table meanwhile: in doubt, and said so" {
	held 'ALTER TABLE big ADD COLUMN extra int' ended
	my 'ALTER TABLE big ADD COLUMN other int'
	ends 6 belay up --db "$url"
	says "it is not known whether this statement"
	ends 0 belay up --in-doubt again --db "$url"
	[ -n "$(my "SHOW COLUMNS FROM big LIKE 'extra'")" ]
}
