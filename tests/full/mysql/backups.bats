#!/usr/bin/env bats
# --backup on a real MySQL: what foreign keys take along, writers beside it, batches, retention, refusals.

load server

setup() {
	export LC_ALL=C.UTF-8 TERM=xterm DATABASE_URL=$MY_URL
	cd "$BATS_TEST_TMPDIR" || return 1
}
teardown() {
	touch enough
	wait
}

# fresh FIRST SECOND: the first migration is run
fresh() {
	rm -rf migrations enough
	MY_DB='' my 'DROP DATABASE IF EXISTS test; CREATE DATABASE test'
	file migrations/1_begin.up.sql <<<"$1"
	file migrations/2_change.up.sql <<<"$2"
	file migrations/2_change.down.sql <<<'SELECT 1;'
	ends 0 belay up 1
}

name() { belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1; }

teams="CREATE TABLE teams (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE people (id INT PRIMARY KEY, team INT, mentor INT, note VARCHAR(20), changed TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP,
	FOREIGN KEY (team) REFERENCES teams (id) ON DELETE SET NULL,
	FOREIGN KEY (mentor) REFERENCES people (id) ON DELETE SET NULL);
CREATE TABLE badges (id INT PRIMARY KEY, team INT, FOREIGN KEY (team) REFERENCES teams (id) ON DELETE CASCADE);
CREATE TABLE scans (id INT PRIMARY KEY, badge INT, FOREIGN KEY (badge) REFERENCES badges (id) ON DELETE SET NULL);
INSERT INTO teams VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO people VALUES (1, 1, NULL, 'x', '2001-02-03 04:05:06'), (2, 1, 1, 'y', NULL), (3, 2, 1, NULL, NULL), (4, NULL, 2, 'z', NULL), (5, 3, 4, 'w', NULL);
INSERT INTO badges VALUES (1, 1), (2, 2), (3, 3), (4, NULL);
INSERT INTO scans VALUES (1, 1), (2, 2), (3, NULL), (4, 4), (5, 3);"
sight() { my 'SELECT * FROM teams ORDER BY id; SELECT * FROM people ORDER BY id; SELECT * FROM badges ORDER BY id; SELECT * FROM scans ORDER BY id'; }

@test "MySQL: what foreign keys delete and clear comes back, and tables that are dropped" {
	for one in 'DELETE FROM teams WHERE id < 3;' 'DELETE FROM teams;' 'DELETE FROM people WHERE id IN (1, 4);' "UPDATE people SET note = 'n';" \
		'DELETE FROM teams WHERE id < 3; DROP TABLE scans; DROP TABLE badges;' 'DROP TABLE scans, badges;' 'ALTER TABLE people DROP COLUMN note;'; do
		fresh "$teams" "$one"
		sight >before
		ends 0 belay up --backup
		ends 0 belay restore "$(name)"
		sight >after
		diff before after
	done
}

# writer ID STATEMENT: again and again with i counting, until it fails; how often it did not is in written$1
writer() {
	awk -v say="$2" 'BEGIN { for (i = 1; i < 1000000; i++) { one = say; gsub("@i", i, one); print one "; SELECT " i ";" } }' |
		mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B -n test 2>/dev/null | tail -n 1 >"written$1" 3>&-
}

@test "MySQL: a writer that never rests loses nothing between the copy and the statement" {
	for one in 'DROP TABLE busy;' 'ALTER TABLE busy DROP COLUMN v;'; do
		fresh 'CREATE TABLE busy (id INT PRIMARY KEY, v INT); INSERT INTO busy VALUES (0, 0);' "$one"
		writer 1 'INSERT INTO busy (id, v) VALUES (@i, @i)' &
		until [ "$(my 'SELECT max(id) FROM busy')" -gt 50 ]; do sleep 0.02; done
		ends 0 belay up --backup --hold 60s
		wait
		ends 0 belay restore "$(name)"
		[ "$(my 'SELECT max(id), count(*) - 1, max(v) FROM busy')" = "$(cat written1)"$'\t'"$(cat written1)"$'\t'"$(cat written1)" ]
	done
}

@test "MySQL: a statement in batches keeps each row as its batch found it, killed in between" {
	fresh 'CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL, found INT);
SET SESSION cte_max_recursion_depth = 5000;
INSERT INTO t WITH RECURSIVE c AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM c WHERE i < 4000) SELECT i, i, NULL FROM c;' \
		'-- belay:batched size=100
UPDATE t SET found = n, n = -n WHERE found IS NULL;'
	(
		i=0
		while [ ! -e enough ]; do
			i=$((i + 1))
			echo "UPDATE t SET n = n + 7 WHERE id BETWEEN $((i * 37 % 4000)) AND $((i * 37 % 4000 + 9));"
		done | mariadb --no-defaults -f -n -S "$MY_DIR/s" -u root test >/dev/null 2>&1 3>&-
	) &
	"$BELAY" up --backup >/dev/null 2>&1 3>&- &
	pid=$!
	until [ "$(my 'SELECT count(*) FROM t WHERE found IS NOT NULL')" -gt 500 ]; do sleep 0.02; done
	kill -9 "$pid" || true
	wait "$pid" || true
	ends 0 belay up --backup
	touch enough
	wait
	store=$(my "SELECT store_name FROM belay_archive WHERE migration = '2'")
	[ "$(my "SELECT count(*) FROM t WHERE found IS NULL OR found < 0")" = 0 ]
	[ "$(my "SELECT count(*), sum(s.n = t.found) FROM \`$store\` s JOIN t ON t.id = s.id")" = $'4000\t4000' ]
	[ "$(my 'SELECT count(*) FROM t WHERE found <> id')" -gt 0 ]
	ends 0 belay restore "$(name)"
	[ "$(my 'SELECT count(*) FROM t WHERE n > 0 AND found IS NULL')" = 4000 ]
}

@test "MySQL: what is past its time goes; tables without a key and whole databases are refused" {
	fresh 'CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1);' 'ALTER TABLE t DROP COLUMN v;'
	ends 0 belay up --backup
	my "UPDATE belay_archive SET made = made - INTERVAL 40 DAY"
	file belay.yml <<<$'dialect: mysql\nbackups:\n  keep: 30d'
	file migrations/3_more.up.sql <<<'CREATE TABLE more (id INT PRIMARY KEY);'
	ends 0 belay up
	[ "$(my 'SELECT count(*) FROM belay_archive')" = 0 ]
	[ "$(my "SHOW TABLES LIKE 'belay_archive_%'" | wc -l)" = 0 ]
	rm belay.yml
	fresh 'CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 1);' 'ALTER TABLE t DROP COLUMN b;'
	ends 6 belay up --backup
	says "no key"
	MY_DB='' my 'CREATE DATABASE IF NOT EXISTS other; CREATE TABLE other.t (i INT PRIMARY KEY); INSERT INTO other.t VALUES (1)'
	fresh 'SELECT 1;' 'DROP DATABASE other;'
	ends 6 belay up --backup
	says "while a whole database is dropped"
	[ "$(my 'SELECT count(*) FROM other.t')" = 1 ]
	MY_DB='' my 'DROP DATABASE other'
}
