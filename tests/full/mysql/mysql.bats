#!/usr/bin/env bats
# The runner on a real MySQL: what tests/mysql.sh runs, and make check-full with it.

load server

setup() {
	unset DATABASE_URL NO_COLOR
	url=$MY_URL
	export LC_ALL=C.UTF-8 TERM=xterm
	cd "$BATS_TEST_TMPDIR" || return 1
	mariadb --no-defaults -S "$MY_DIR/s" -u root -e "DROP DATABASE IF EXISTS test; CREATE DATABASE test"
	echo 'dialect: mysql' >belay.yml
}

# migration ID UP [DOWN]
migration() {
	file "migrations/$1.up.sql" <<<"$2"
	file "migrations/$1.down.sql" <<<"${3:-SELECT 1;}"
}

digits='(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)'
# 0 … 9999
numbers="(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS seq FROM $digits a, $digits b, $digits c, $digits e) s"

shop() {
	migration 1_shop "CREATE TABLE users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(40) NOT NULL, score decimal(8,2) NOT NULL DEFAULT 1.5, what json, up varchar(40) AS (upper(name)) STORED, UNIQUE KEY uname (name), KEY ix ((score + 1)), CONSTRAINT ck CHECK (score > 0)) COMMENT='it''s';
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, n int NOT NULL DEFAULT 0, CONSTRAINT ofk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);
CREATE TRIGGER tg BEFORE INSERT ON orders FOR EACH ROW SET NEW.n = GREATEST(NEW.n, 1);
CREATE VIEW seen AS SELECT id, name FROM users;" "DROP VIEW seen; DROP TABLE orders, users;"
	ends 0 belay up 1 --db "$url" --hold 60s
	my "INSERT INTO users (name, what) SELECT concat('u', seq), '{\"a\": 1}' FROM $numbers WHERE seq < 500;
		INSERT INTO orders (id, user_id) SELECT id, id FROM users;"
}

sight() {
	my "SHOW CREATE TABLE users; SHOW CREATE TABLE orders; SHOW TRIGGERS; SELECT * FROM users ORDER BY id; SELECT * FROM orders ORDER BY id" |
		sed 's/AUTO_INCREMENT=[0-9]* //; s/20[0-9-]* [0-9:.]*\t/T\t/'
}

@test "MySQL: up, status, verify, plan, redo, down, the schema as the history has it" {
	shop
	migration 2_note "ALTER TABLE users ADD COLUMN note varchar(10), ALGORITHM=INSTANT;
ALTER TABLE orders ADD INDEX n (n), ALGORITHM=INPLACE, LOCK=NONE;" "ALTER TABLE users DROP COLUMN note; ALTER TABLE orders DROP INDEX n;"
	file migrations/2_note.verify.sql <<<"SELECT id FROM users WHERE note IS NOT NULL;"
	ends 0 belay plan --db "$url"
	says "algorithm INSTANT" "on MySQL"
	ends 0 belay up --db "$url"
	says "MySQL" "applied 2"
	ends 0 belay verify --db "$url"
	ends 0 belay diff "$url" @
	ends 0 belay redo --db "$url" --yes-destroy test.users.note
	ends 0 belay down --db "$url"
	ends 0 belay status --db "$url"
	says "1 applied, 1 pending"
	my "ALTER TABLE users DROP INDEX uname"
	ends 1 belay verify --db "$url"
	says "uname"
}

@test "MySQL: a migration of rows that asks, or sets something: the session is brought back around its transaction" {
	migration 1_t 'CREATE TABLE t (id int PRIMARY KEY, n int);'
	migration 2_rows "SET @n = 4; SET sql_mode = 'ANSI_QUOTES';
INSERT INTO t VALUES (1, @n); SELECT 1;"
	migration 3_rows "SELECT count(*) FROM t; INSERT INTO t VALUES (2, \"x\" = 'x');"
	ends 0 belay up --db "$url"
	[ "$(my 'SELECT * FROM t')" = $'1\t4\n2\t1' ]
}

@test "MySQL: rehearsed on a server of belay's own, and on a given one" {
	shop
	migration 2_note "ALTER TABLE users ADD COLUMN note varchar(10);" "ALTER TABLE users DROP COLUMN note;"
	ends 0 env BELAY_MYSQL_BIN="$MY_BIN" "$BELAY" rehearse
	says "rehearsed on mysql" "every proof holds"
	ends 0 belay rehearse --scratch "$url"
	says "every proof holds"
	[ "$(my "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'belay%'")" = 0 ]
}

@test "MySQL: what a scratch server is asked for stays within it" {
	local sql
	while read -r sql; do
		migration 1_evil "$sql"
		run env BELAY_MYSQL_BIN="$MY_BIN" "$BELAY" rehearse
		[ "$status" = 1 ] || { echo "not refused ($status): $sql $output" >&2; return 1; }
	done <<'SQL'
SELECT 1 INTO OUTFILE '/tmp/belay_evil';
LOAD DATA INFILE '/etc/passwd' INTO TABLE mysql.t;
INSTALL PLUGIN x SONAME 'mypluglib.so';
INSTALL COMPONENT 'file://component_validate_password';
SET GLOBAL general_log_file = '/tmp/belay_evil';
SET PERSIST max_connections = 1;
CREATE USER other;
GRANT ALL ON *.* TO belay@localhost;
SELECT count(*) FROM mysql.user;
SHUTDOWN;
CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1';
CREATE DATABASE elsewhere;
SQL
	[ ! -e /tmp/belay_evil ]
}

@test "MySQL: kill -9 at several instants, one plain re-run finishes" {
	local want at
	file migrations/1_base.up.sql <<SQL
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1);
CREATE TABLE big (id int PRIMARY KEY, a int, n int NOT NULL DEFAULT 0, p int, KEY big_old (n));
INSERT INTO big SELECT seq, seq % 97, 0, 1 FROM $numbers;
CREATE TABLE old_name (id int PRIMARY KEY);
CREATE TABLE goes (id int PRIMARY KEY);
SQL
	file migrations/2_changes.up.sql <<'SQL'
ALTER TABLE big ADD COLUMN extra varchar(20), ALGORITHM=COPY;
CREATE INDEX big_a ON big (a);
ALTER TABLE big MODIFY a bigint;
DROP INDEX big_old ON big;
ALTER TABLE big ADD CONSTRAINT big_parent FOREIGN KEY (p) REFERENCES parent (id);
RENAME TABLE old_name TO new_name;
DROP TABLE goes;
CREATE TABLE made (id int PRIMARY KEY);
CREATE VIEW seen AS SELECT id FROM big;
CREATE TRIGGER big_t BEFORE INSERT ON big FOR EACH ROW SET NEW.n = 1;
ALTER TABLE big RENAME COLUMN extra TO more, FORCE;
ALTER TABLE big DROP COLUMN more;
INSERT INTO parent VALUES (2);
SQL
	all() {
		my "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'test' ORDER BY 1;
		SHOW CREATE TABLE big; SELECT * FROM parent; SELECT COUNT(*), SUM(a) FROM big; SELECT version, dirty FROM schema_migrations"
	}
	ends 0 belay up --db "$url" --hold 60s
	want=$(all)
	for at in 0.1 0.4 0.8 1.5; do
		my "DROP DATABASE test; CREATE DATABASE test"
		ends 0 belay up 1 --db "$url" --hold 60s
		"$BELAY" up --db "$url" --hold 60s >out 2>&1 3>&- &
		sleep "$at"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		ends 0 belay up --db "$url" --hold 60s --if-running wait
		[ "$(all)" = "$want" ] || {
			diff <(echo "$want") <(all) >&2
			echo "killed after $at s" >&2
			return 1
		}
	done
}

@test "MySQL: a table in use: readers never queue, who is in the way is named, and ended" {
	shop
	migration 2_note "ALTER TABLE users ADD COLUMN note varchar(10);"
	mariadb --no-defaults -S "$MY_DIR/s" -u root test -e "BEGIN; SELECT count(*) FROM users; SELECT sleep(600)" >/dev/null 2>&1 3>&- &
	holder=$!
	until [ "$(my "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep'")" -gt 0 ]; do sleep 0.05; done
	ends 4 belay up --db "$url" --patience 300ms
	says "a lock on" "users" "in the way is session" "2_note.up.sql:1"
	"$BELAY" up --db "$url" --patience 10m >up.out 2>&1 3>&- &
	up=$!
	for _ in 1 2 3 4 5; do
		my "SELECT /*+ MAX_EXECUTION_TIME(5000) */ count(*) FROM users" >/dev/null
	done
	ends 0 belay watch --once --db "$url"
	says "transaction open for" "sleep(600)"
	id=$(my "SELECT id FROM information_schema.processlist WHERE info LIKE '%sleep(600)%' AND id <> connection_id()")
	ends 6 belay unblock "$id" --db "$url" </dev/null
	ends 0 belay unblock "$id" --yes --db "$url"
	wait "$up"
	wait "$holder" || true
	[ "$(my "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'test' AND column_name = 'note'")" = 1 ]
}

@test "MySQL: four runners at once, each migration once" {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		migration "${i}_t" "CREATE TABLE t$i (id int AUTO_INCREMENT PRIMARY KEY);
INSERT INTO t$i VALUES ();"
	done
	for i in 1 2 3 4; do
		"$BELAY" up --db "$url" --if-running wait >"out$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	for i in 1 2 3 4 5 6; do
		[ "$(my "SELECT count(*) FROM t$i")" = 1 ]
		[ "$(cat out? | grep -c "applied $i ")" = 1 ]
	done
}

@test "MySQL: what goes is kept, and comes back" {
	shop
	sight >before
	migration 2_gone "ALTER TABLE users DROP CHECK ck, DROP INDEX ix, DROP COLUMN score;
DROP TABLE orders;"
	migration 3_rows "DELETE FROM users WHERE id < 50;"
	ends 6 belay up --db "$url"
	says "column test.users.score"
	ends 0 belay up --db "$url" --backup --hold 60s
	for name in $(belay backups --db "$url" | sed -n 's/^\([^ ]*@[0-9]*\) .*/\1/p' | sort -ru); do ends 0 belay restore "$name" --db "$url"; done
	my "SELECT count(*), sum(score) FROM users" >after
	[ "$(cat after)" = $'500\t750.00' ]
	[ "$(my "SELECT count(*) FROM orders")" = 500 ]
}

@test "MySQL: the whole database in a file, and restored into another" {
	shop
	sight >before
	migration 2_gone "DROP TABLE orders;"
	ends 0 env BELAY_MYSQL_BIN="$MY_BIN" PATH="$MY_BIN:$PATH" "$BELAY" up --db "$url" --backup=whole
	my "DROP DATABASE IF EXISTS back; CREATE DATABASE back"
	ends 0 env BELAY_MYSQL_BIN="$MY_BIN" PATH="$MY_BIN:$PATH" "$BELAY" restore "$(belay backups --db "$url" | sed -n '1s/ .*//p')" --db "$url" --into "${url/\/test/\/back}"
	[ "$(my "SELECT count(*) FROM back.orders")" = 500 ]
	[ "$(my "SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = 'back'")" = 1 ]
	my "DROP DATABASE back"
}

@test "MySQL: batches, killed and resumed, each row once" {
	local i
	migration 1_t "CREATE TABLE t (id bigint UNSIGNED PRIMARY KEY, n int NOT NULL DEFAULT 0);
INSERT INTO t SELECT 18446744073709500000 - seq * 3, 0 FROM $numbers;
CREATE TABLE c (a varchar(20), b binary(16), d datetime(6), n int NOT NULL DEFAULT 0, PRIMARY KEY (a, b, d));
INSERT INTO c SELECT concat('É''\\\\\\\\', seq % 7), unhex(sha2(seq, 224)), '2024-01-01 00:00:00.000001' + INTERVAL seq HOUR, 0 FROM $numbers WHERE seq < 3000;"
	sed -i 's/unhex(sha2(seq, 224))/unhex(left(sha2(seq, 224), 32))/' migrations/1_t.up.sql
	migration 2_fill "-- belay:batched size=100
UPDATE t SET n = n + 1;
-- belay:batched size=70
UPDATE c SET n = n + 1;"
	ends 0 belay up 1 --db "$url" --hold 60s
	for i in 0.2 0.6 1.1; do
		"$BELAY" up --db "$url" >out 2>&1 3>&- &
		sleep "$i"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
	done
	ends 0 belay up --db "$url" --if-running wait
	[ "$(my 'SELECT n, count(*) FROM t GROUP BY n')" = $'1\t10000' ]
	[ "$(my 'SELECT n, count(*) FROM c GROUP BY n')" = $'1\t3000' ]
}

@test "MySQL: row versions: the last instant change, and the one that writes the rows anew" {
	local limit=255 i sql='' kind
	my "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1); CREATE TABLE e (id int PRIMARY KEY)"
	for ((i = 1; i < limit; i++)); do
		[ $((i % 2)) = 0 ] && kind='DROP COLUMN c' || kind='ADD COLUMN c int'
		sql+="ALTER TABLE t $kind;"
	done
	my "$sql"
	explained() { belay explain --db "$url" -o json -e "$1" >doc; json "$2" <doc; }
	both="(d['statements'][0]['algorithm'], len(d['statements'][0]['rewrites']), d['statements'][0]['certain'], d['statements'][0]['outcome'])"
	[ "$(explained 'ALTER TABLE t ADD COLUMN d int' "$both")" = "('INSTANT', 0, True, 'ok')" ]
	my "ALTER TABLE t ADD COLUMN d int, ALGORITHM=INSTANT"
	[ "$(explained 'ALTER TABLE t ADD COLUMN f int' "$both")" = "('INPLACE', 1, True, 'ok')" ]
	[ "$(explained 'ALTER TABLE t DROP COLUMN d, ALGORITHM=INSTANT' "$both" | sed 's/.*, //')" = "'fails')" ]
	run my "ALTER TABLE t DROP COLUMN d, ALGORITHM=INSTANT"
	[ "$status" != 0 ]
	my "ALTER TABLE t ADD COLUMN f int"
	[ "$(my "SELECT total_row_versions FROM information_schema.innodb_tables WHERE name = 'test/t'")" = 0 ]
	[ "$(explained 'ALTER TABLE t ADD COLUMN g int' "$both")" = "('INSTANT', 0, True, 'ok')" ]
	# Of an empty table nothing is counted: the history says how many there are at most.
	{ echo 'CREATE TABLE h (id int PRIMARY KEY);'; for ((i = 1; i <= 64; i++)); do [ $((i % 2)) = 0 ] && echo 'ALTER TABLE h DROP COLUMN c;' || echo 'ALTER TABLE h ADD COLUMN c int;'; done; echo 'ALTER TABLE h ADD COLUMN last int;'; } >h.sql
	belay explain -o json --server-version 8.4 h.sql >doc
	[ "$(json "d['statements'][-2]['certain'], d['statements'][-1]['certain'], d['statements'][-1]['needs']" <doc)" = "(True, False, ['row versions of h'])" ]
	belay explain -o json --server-version 9.7 h.sql >doc
	[ "$(json "d['statements'][-1]['certain'], d['statements'][-1]['source']" <doc)" = "(True, 'measured')" ]
	my "ALTER TABLE e ADD COLUMN c int"
	[ "$(my "SELECT total_row_versions FROM information_schema.innodb_tables WHERE name = 'test/e'")" = 0 ]
}

@test "MySQL: what the server takes is not called a failure" {
	(echo '-- belay:no-transaction'; cat "$ROOT/tests/right/mysql.sql") | file migrations/1_all.up.sql
	ends 0 belay up --db "$url" --yes-destroy 1
	"$BELAY" explain --server-version 9.7 -o json "$ROOT/tests/right/mysql.sql" >explained
	[ "$(grep -c '"outcome": "ok"' explained)" -gt 10 ]
	! grep -n -A1 '"outcome": "fails"' explained
}
