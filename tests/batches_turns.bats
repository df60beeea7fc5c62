#!/usr/bin/env bats
# Neighbours in different transactions; what watch shows of batches; windows that close meanwhile;
# commits and old versions that hold them up.
load batches

limits() { printf 'batches:\n%s\n' "$1" >belay.yml; }

beside() {
	pg -c "SELECT pg_stat_get_tuples_hot_updated(oid) * 100 / greatest(pg_stat_get_tuples_updated(oid), 1) FROM pg_class WHERE relname = '$1'"
}

@test "most rows find room beside themselves, whatever the key is; each is changed once" {
	pg_database turns
	base "CREATE TABLE a (id bigint PRIMARY KEY, v int, n int DEFAULT 0, pad text);
CREATE TABLE b (t text, u uuid, n int DEFAULT 0, pad text, PRIMARY KEY (t, u));
CREATE TABLE c (id int PRIMARY KEY, n int DEFAULT 0, pad text);
INSERT INTO a SELECT i * 8, i % 100, 0, repeat('x', 60) FROM generate_series(1, 30000) i;
INSERT INTO b SELECT 'one', lpad(to_hex(i), 32, '0')::uuid, 0, repeat('x', 60) FROM generate_series(1, 30000) i;
INSERT INTO c SELECT i, 0, repeat('x', 60) FROM generate_series(1, 30000) i;
CREATE INDEX ON a (v); CREATE INDEX ON c ((n + 1)) WHERE id > 0;
ALTER TABLE a SET (autovacuum_enabled = off); ALTER TABLE b SET (autovacuum_enabled = off);
ANALYZE a; ANALYZE b; ANALYZE c;" <<-'SQL'
		-- belay:batched size=500
		UPDATE a SET n = n + 1;
		-- belay:batched size=500
		UPDATE b SET n = n + 1;
		-- belay:batched size=500
		UPDATE c SET n = n + 1;
	SQL
	ends 0 belay up 1 --db "$url"
	ends 0 belay up --db "$url"
	for t in a b c; do [ "$(times $t)" = "1|30000" ]; done
	[ "$(beside a)" -ge 60 ]
	[ "$(beside b)" -ge 60 ]
	[ "$(beside c)" = 0 ] # an index looks at what is changed
	[ -z "$(pg -c 'SELECT 1 FROM belay.turn')" ]
}

@test "killed between two turns, and gone on with: each row once, also where a turn fails" {
	pg_database between
	base "CREATE TABLE t (id bigint PRIMARY KEY, n int DEFAULT 0, pad text);
INSERT INTO t SELECT i, 0, repeat('x', 60) FROM generate_series(1, 40000) i;
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS \$f\$ BEGIN
	IF NEW.id = 30001 AND current_setting('application_name') <> 'fine' AND EXISTS (SELECT FROM closed) THEN RAISE 'not this one'; END IF;
	RETURN NEW; END \$f\$;
CREATE TABLE closed ();
INSERT INTO closed DEFAULT VALUES;
CREATE TRIGGER stop BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION stop();
ANALYZE t;" <<<$'-- belay:batched size=400\nUPDATE t SET n = n + 1 WHERE pg_sleep(0.00001) IS NOT NULL;'
	ends 0 belay up 1 --db "$url"
	started
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres between -c "SELECT count(*) FROM belay.turn WHERE turn > 2")" = 1 ]; do sleep 0.02; done' "$PG_DIR"
	kill -KILL "$pid"
	wait "$pid" || true
	ends 5 belay up --db "$url"
	says "not this one" "the row id = 30001" "up to id = 30000"
	[ "$(pg -c 'SELECT n, count(*) FROM t WHERE id <= 30000 GROUP BY n')" = "1|30000" ]
	[ -z "$(pg -c 'SELECT 1 FROM t WHERE n > 1 OR id = 30001 AND n > 0')" ]
	pg -c 'DELETE FROM closed'
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|40000" ]
}

@test "turns that were begun another way are not gone on with" {
	pg_database other_way
	base "CREATE TABLE t (id bigint PRIMARY KEY, n int DEFAULT 0); INSERT INTO t SELECT i, 0 FROM generate_series(1, 20000) i; ANALYZE t;" \
		<<<$'-- belay:batched size=100\nUPDATE t SET n = n + 1 WHERE pg_sleep(0.0001) IS NOT NULL;'
	ends 0 belay up 1 --db "$url"
	started
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres other_way -c "SELECT count(*) FROM belay.turn")" = 1 ]; do sleep 0.02; done' "$PG_DIR"
	kill -KILL "$pid"
	wait "$pid" || true
	pg -c "UPDATE belay.turn SET words = replace(words, 'hashint8', 'hashint4')"
	if [ -n "$(pg -c 'SELECT 1 FROM belay.turn')" ]; then
		ends 6 belay up --db "$url"
		says "were told apart by" "hashint4" "belay baseline 2"
		pg -c "UPDATE belay.turn SET words = replace(words, 'hashint4', 'hashint8')"
	fi
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
}

@test "watch shows batches, how far they are and what they wait for" {
	pg_database watched
	base "$numbers" <<<$'-- belay:batched size=100\nUPDATE t SET n = n + 1 WHERE pg_sleep(0.0005) IS NOT NULL;'
	ends 0 belay up 1 --db "$url"
	pg -c 'ANALYZE t'
	started
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres watched -c "SELECT count(*) FROM belay.control WHERE name LIKE \$\$rows of%\$\$")" = 1 ]; do sleep 0.05; done' "$PG_DIR"
	ends 0 belay batches pause --db "$url"
	reads_out "paused: belay batches pause was given"
	ends 0 belay watch --once --db "$url"
	says "batches:" 'up 2, statement 1, "t": ' "of about 20000 rows" "/s" "they wait: belay batches pause was given"
	run --separate-stderr belay watch --once --db "$url" -o json
	[ "$(json '(lambda b: (b["migration"], b["table"], b["total"], 0 < b["seen"] < 20000, b["per_second"] >= 0, b["waiting_for"][:19]))(d["batches"][0])' <<<"$output")" = "('2', 't', 20000, True, True, 'belay batches pause')" ]
	ends 0 belay batches resume --db "$url"
	kill -INT "$pid"
	wait "$pid" || true
	ends 0 belay batches set max_rows=20000 --db "$url"
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
	ends 0 belay watch --once --db "$url"
	says_not "batches:"
	[ -z "$(pg -c "SELECT 1 FROM belay.control WHERE name LIKE 'rows of%'")" ]
}

@test "a window that closes between two batches ends the run with exit 4; another goes on" {
	pg_database windows
	# It closes with this minute or the next.
	to=$(date -u -d "+$((60 + 20 - 10#$(date +%S) % 20)) seconds" +%H:%M)
	base "$numbers" <<-SQL
		-- belay:batched size=200
		-- belay:window $(date -u -d '-3 hours' +%H:%M)-$to UTC
		UPDATE t SET n = n + 1;
	SQL
	ends 0 belay up 1 --db "$url"
	limits '  pause_file: wait'
	touch wait
	run belay up --db "$url"
	[ "$status" = 4 ]
	says "stopped between two batches of migration 2" "its window is" "when the window is open"
	rm wait
	sed -i "s/-$to UTC/-$(date -u -d '+3 hours' +%H:%M) UTC/" migrations/2_fill.up.sql
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
}

@test "a commit that takes long holds the batches up" {
	pg_database commits
	base "$numbers
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slowly AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id % 3000 = 3) EXECUTE FUNCTION slowly();" \
		<<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	ends 0 belay up 1 --db "$url"
	limits '  max_commit: 50ms
  max_rows: 1000'
	started
	reads_out "paused: a commit takes .* ms (max_commit 50 ms)"
	ends 0 belay batches set max_commit=60s max_rows=20000 --db "$url"
	wait "$pid"
	[ "$(times)" = "1|20000" ]
}

@test "MariaDB: old versions that wait to be purged hold the batches up" {
	mariadb_here
	base "CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0) ENGINE=InnoDB;
CREATE TABLE other (n int) ENGINE=InnoDB; INSERT INTO other VALUES (0);
INSERT INTO t SELECT seq, 0 FROM seq_1_to_5000;" <<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	ends 0 belay up 1 --db "$url"
	limits '  max_history: 30'
	mkfifo keep
	mariadb --no-defaults -S "$MY_DIR/s" -u root test <keep >/dev/null 2>&1 3>&- &
	exec 9>keep
	echo "START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT * FROM other;" >&9
	timeout 60 sh -c "until [ \"\$(mariadb --no-defaults -S $MY_DIR/s -u root -N -B -e 'SELECT count(*) FROM information_schema.innodb_trx')\" = 1 ]; do sleep 0.05; done"
	for i in $(seq 60); do echo "UPDATE other SET n = n + 1;"; done | mariadb --no-defaults -S "$MY_DIR/s" -u root test
	started
	reads_out "paused: .* old versions wait to be purged (max_history 30)"
	[ "$(my 'SELECT DISTINCT n FROM t')" = 0 ]
	echo 'COMMIT;' >&9 # the runner holds the pipe open too
	exec 9>&-
	wait "$pid"
	[ "$(my 'SELECT n, count(*) FROM t GROUP BY n')" = $'1\t5000' ]
}
