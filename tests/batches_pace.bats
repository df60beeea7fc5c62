#!/usr/bin/env bats
# When statements in batches wait, and for whom; limits that change while they run.
load batches

# fill DATABASE [DIRECTIVE…]: the numbers, and a statement in batches that is still to run
fill() {
	pg_database "$1"
	base "$numbers" <<<"-- belay:batched ${*:2}"$'\nUPDATE t SET n = n + 1;'
	ends 0 belay up 1 --db "$url"
}

limits() { printf 'batches:\n%s\n' "$1" >belay.yml; }

@test "the project's own question and a file hold the batches up; a lost signal does for a while" {
	fill pause
	pg -c 'CREATE TABLE busy (yes bool)' -c 'INSERT INTO busy VALUES (true)'
	file belay.yml <<-'YML'
		batches:
		  target_ms: 100ms
		  max_rows: 5000
		  max_lag: 5s
		  pause_query: SELECT yes FROM busy
		  pause_file: stop-here
	YML
	started
	reads_out "paused: pause_query says so"
	[ "$(times)" = "0|20000" ]
	touch stop-here
	pg -c 'UPDATE busy SET yes = false'
	sleep 0.7
	[ "$(times)" = "0|20000" ]
	rm stop-here
	wait "$pid"
	[ "$(times)" = "1|20000" ]

	file migrations/3_more.up.sql <<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	pg -c 'DROP TABLE busy'
	ends 4 belay up --db "$url" --patience 1s
	says "held up" 'pause_query cannot be read' 'relation "busy" does not exist'
	[ "$(times)" = "1|20000" ]
}

@test "a standby that falls behind holds the batches up, one that is gone does not" {
	local bin
	bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	fill standby
	(cd / && as_server "$bin/pg_basebackup" -h "$PG_DIR" -U postgres -R -c fast --no-sync -D "$PG_DIR/standby" 3>&-)
	(cd / && exec 3>&- && as_server "$bin/postgres" -D "$PG_DIR/standby" -k "$PG_DIR" -p 5433 -c listen_addresses= \
		-c recovery_min_apply_delay=1h -c wal_receiver_status_interval=1s -c hot_standby=on >"$BATS_TEST_TMPDIR/standby.log" 2>&1 </dev/null &)
	timeout 60 sh -c 'until psql -XAtq -h "$0" -U postgres -c "SELECT state FROM pg_stat_replication" postgres | grep -q streaming; do sleep 0.1; done' "$PG_DIR"
	standby_pid=$(head -n 1 "$PG_DIR/standby/postmaster.pid")
	pg -c 'CREATE TABLE later AS SELECT 1 AS x' # a commit that the standby will not show for an hour
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres -c "SELECT replay_lag > interval \$\$ 1 s \$\$ FROM pg_stat_replication" postgres)" = t ]; do sleep 0.2; done' "$PG_DIR"
	limits '  max_lag: 500ms'
	started
	reads_out "paused: a standby is .* ms behind (max_lag 500 ms)"
	[ "$(times)" = "0|20000" ]
	kill -INT "$standby_pid"
	standby_pid=
	wait "$pid"
	[ "$(times)" = "1|20000" ]
}

@test "a lock that stops reads waits for a standby that is behind; one that stays behind is named" {
	local bin
	bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	pg_database behind
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	(cd / && as_server "$bin/pg_basebackup" -h "$PG_DIR" -U postgres -R -c fast --no-sync -D "$PG_DIR/standby2" 3>&-)
	(cd / && exec 3>&- && as_server "$bin/postgres" -D "$PG_DIR/standby2" -k "$PG_DIR" -p 5434 -c listen_addresses= \
		-c wal_receiver_status_interval=1s -c hot_standby=on >"$BATS_TEST_TMPDIR/standby.log" 2>&1 </dev/null &)
	timeout 60 sh -c 'until psql -XAtq -h "$0" -p 5434 -U postgres -c "SELECT 1" postgres >/dev/null 2>&1; do sleep 0.1; done' "$PG_DIR"
	standby_pid=$(head -n 1 "$PG_DIR/standby2/postmaster.pid")
	timeout 60 sh -c 'until psql -XAtq -h "$0" -U postgres -c "SELECT state FROM pg_stat_replication" postgres | grep -q streaming; do sleep 0.1; done' "$PG_DIR"
	limits '  max_lag: 1s'
	ends 0 belay up --db "$url" # a new table is nobody's
	file migrations/2_b.up.sql <<<'ALTER TABLE a ADD COLUMN b int;'
	psql -XAtq -h "$PG_DIR" -p 5434 -U postgres -c 'SELECT pg_wal_replay_pause()' postgres
	pg -c 'CREATE TABLE later AS SELECT 1 AS x'
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres -c "SELECT replay_lag > interval \$\$ 2 s \$\$ FROM pg_stat_replication" postgres)" = t ]; do sleep 0.2; done' "$PG_DIR"
	started
	reads_out "waiting: standby walreceiver is .* ms behind (max_lag 1000 ms)"
	[ -z "$(pg -c "SELECT 1 FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 'b'")" ]
	psql -XAtq -h "$PG_DIR" -p 5434 -U postgres -c 'SELECT pg_wal_replay_resume()' postgres
	wait "$pid"
	! grep -q 'go on' out
	[ "$(pg -c "SELECT 1 FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 'b'")" = 1 ]

	psql -XAtq -h "$PG_DIR" -p 5434 -U postgres -c 'SELECT pg_wal_replay_pause()' postgres
	pg -c 'CREATE TABLE later2 AS SELECT 1 AS x'
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres -c "SELECT replay_lag > interval \$\$ 2 s \$\$ FROM pg_stat_replication" postgres)" = t ]; do sleep 0.2; done' "$PG_DIR"
	file migrations/3_c.up.sql <<<'ALTER TABLE a ADD COLUMN c int;'
	ends 0 belay up --db "$url" --patience 1s
	says "standby walreceiver is" "go on" "applied 3"
	kill -INT "$standby_pid"
	standby_pid=
}

@test "belay batches: pause, resume, and limits that change while it runs" {
	fill control
	ends 0 belay batches pause --db "$url"
	ends 2 belay batches set max_rows=many --db "$url"
	says "max_rows wants a number from 1 to 1000000"
	ends 2 belay batches set max_row=5 --db "$url"
	says 'no limit "max_row"' "target_ms"
	ends 2 belay batches stop --db "$url"
	started
	reads_out "paused: belay batches pause was given"
	ends 0 belay batches --db "$url"
	says "paused by" "up 2, statement 1: 0 rows seen" "waiting since" "primary key t_pkey"
	[ "$(times)" = "0|20000" ]
	ends 0 belay batches set max_rows=150 target_ms=5ms --db "$url"
	ends 0 belay batches resume --db "$url"
	wait "$pid"
	[ "$(times)" = "1|20000" ]
	ends 0 belay batches --db "$url" -o json
	[ "$(json "d['batches'], d['paused'], d['limits']" <<<"$output")" = "([], False, {'max_rows': '150', 'target_ms': '5ms'})" ]
	ends 0 belay batches set max_rows= target_ms= --db "$url"
	limits '  pause_file: wait'
	touch wait
	file migrations/3_more.up.sql <<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	started --log-format json
	reads_out '"event":"paused".*"rows_seen":0.*"signal":"pause_file"'
	rm wait
	wait "$pid"
	ends 0 belay batches --db "$url"
	says_not "max_rows"
	url=sqlite:app.db
	sqlite3 app.db 'CREATE TABLE t (n int)'
	ends 0 belay batches pause --db "$url"
	ends 0 belay batches --db "$url" -o json
	[ "$(json "d['paused']" <<<"$output")" = True ]
}

@test "others at work, the log, commits: each holds the batches up by its limit" {
	fill others
	limits '  max_active: 1'
	(psql -XqAt -h "$PG_DIR" -U postgres -c 'SELECT pg_sleep(60)' others 3>&- &
	psql -XqAt -h "$PG_DIR" -U postgres -c 'SELECT pg_sleep(60)' others 3>&- &
	wait) >/dev/null 2>&1 3>&- &
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres others -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE \$\$SELECT pg_sleep%\$\$")" = 2 ]; do sleep 0.05; done' "$PG_DIR"
	started
	reads_out "paused: 2 sessions are at work (max_active 1)"
	[ "$(times)" = "0|20000" ]
	pg -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'" >/dev/null
	wait "$pid"
	[ "$(times)" = "1|20000" ]

	limits '  max_wal: 1kB'
	file migrations/3_more.up.sql <<<$'-- belay:batched\nUPDATE t SET n = n + 1 WHERE pg_sleep(0.0005) IS NOT NULL;'
	started
	reads_out "paused: the server's log grows by .* kB a second (max_wal 1 kB)"
	ends 0 belay batches set max_wal=10GB --db "$url"
	wait "$pid"
	[ "$(times)" = "2|20000" ]

	file migrations/4_more.up.sql <<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	limits "  window: $(date -u -d '+3 hours' +%H:%M)-$(date -u -d '+4 hours' +%H:%M) UTC"
	started
	reads_out "paused: it is outside of the window"
	ends 0 belay batches set "window=$(date -u -d '-1 hour' +%H:%M)-$(date -u -d '+1 hour' +%H:%M) UTC" --db "$url"
	wait "$pid"
	[ "$(times)" = "3|20000" ]
}

big='CREATE TABLE t (id bigint PRIMARY KEY, n int DEFAULT 0, pad text) WITH (autovacuum_enabled = off);
INSERT INTO t SELECT i, 0, repeat('"'x'"', 100) FROM generate_series(1, 200000) i;
ANALYZE t;'

@test "while others are at work a batch writes little of the server's log, and rests for what it wrote" {
	fill quiet
	# Whole pages are logged after a checkpoint: 16 MB of rows that are as wide as that.
	pg -c "ALTER TABLE t ADD COLUMN wide text" -c "ALTER TABLE t ALTER COLUMN wide SET STORAGE PLAIN" \
		-c "UPDATE t SET wide = repeat('x', 800)" -c "VACUUM t" -c "CHECKPOINT"
	(psql -XqAt -h "$PG_DIR" -U postgres -c 'SELECT pg_sleep(120)' quiet 3>&- &
	echo $! >sleeper; wait) &
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres quiet -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE \$\$SELECT pg_sleep%\$\$")" = 1 ]; do sleep 0.05; done' "$PG_DIR"
	before=$(pg -c 'SELECT pg_current_wal_insert_lsn()')
	ends 0 belay up --db "$url" --log-format json
	kill "$(cat sleeper)"
	written=$(pg -c "SELECT (pg_current_wal_insert_lsn() - '$before')::bigint")
	took=$(sed -n 's/.*"event":"statement_done".*"ms":\([0-9]*\).*/\1/p' <<<"$output")
	echo "$written bytes in $took ms" >&2
	# 2 MB a second, and 64 kB at a time: the first batches have to find out.
	[ "$written" -gt 12000000 ]
	[ "$((written / took))" -lt 2600 ]
}

@test "the table is vacuumed meanwhile: it grows by a quarter, not by all of it" {
	pg_database vacuumed
	base "$big" <<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	ends 0 belay up 1 --db "$url"
	before=$(pg -c "SELECT pg_relation_size('t')")
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|200000" ]
	[ "$(pg -c "SELECT pg_relation_size('t')")" -lt $((before * 145 / 100)) ]
}

@test "a snapshot that vacuum has to wait for holds the batches up" {
	pg_database snapshot
	# Each batch takes a while: what else the server does is looked at once a second.
	base "$big
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END';
CREATE TRIGGER slowly AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION slowly();" \
		<<<$'-- belay:batched size=5000\nUPDATE t SET n = n + 1;'
	ends 0 belay up 1 --db "$url"
	limits '  max_snapshot: 1s
  max_rows: 20000'
	(echo 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;'
	echo '\! touch holding'
	echo "\\! timeout 60 sh -c 'until [ -e let_go ]; do sleep 0.05; done'"
	echo 'COMMIT;') | pg >/dev/null 3>&- &
	holder=$!
	until [ -e holding ]; do sleep 0.05; done
	started
	reads_out "paused: session .* keeps dead rows from being vacuumed away"
	touch let_go
	wait "$holder"
	wait "$pid"
	[ "$(times)" = "1|200000" ]
}

@test "a role that may not vacuum goes on without" {
	pg_database unowned
	base "$big CREATE ROLE filler LOGIN; GRANT ALL ON t TO filler; GRANT CREATE ON DATABASE unowned TO filler; GRANT ALL ON SCHEMA public TO filler;" \
		<<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	ends 0 belay up 1 --db "$url"
	pg -c 'GRANT ALL ON SCHEMA belay TO filler' -c 'GRANT ALL ON ALL TABLES IN SCHEMA belay TO filler' -c 'GRANT ALL ON ALL TABLES IN SCHEMA public TO filler'
	ends 0 belay up --db "postgres:///unowned?host=$PG_DIR&user=filler"
	[ "$(times)" = "1|200000" ]
}

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

@test "MariaDB: a replica that falls behind, or does not follow, holds the batches up" {
	local out port socket
	port=$(free_port)
	export MY_OPTIONS="--log-bin=b --server-id=1 --skip-networking=0 --bind-address=127.0.0.1 --port=$port"
	mariadb_here
	MY_OPTIONS="--server-id=2" out=$("$ROOT/tests/servers/mariadb.sh" start)
	REPLICA_DIR=$(sed -n 1p <<<"$out")
	base "CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0) ENGINE=InnoDB;
INSERT INTO t SELECT seq, 0 FROM seq_1_to_5000;" <<<$'-- belay:batched\nUPDATE t SET n = n + 1;'
	ends 0 belay up 1 --db "$url"
	replica() { mariadb --no-defaults -S "$REPLICA_DIR/s" -u root -e "$1"; }
	my "CREATE USER r@127.0.0.1 IDENTIFIED BY 'r'; GRANT REPLICATION SLAVE ON *.* TO r@127.0.0.1"
	limits "  max_lag: 2s
  replicas: mariadb://root@localhost/test?socket=$REPLICA_DIR/s"
	# It is behind before anything begins: a fast machine would be through before it fell behind.
	replica "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=$port, MASTER_USER='r', MASTER_PASSWORD='r', MASTER_DELAY=3600; START SLAVE"
	timeout 60 sh -c "until mariadb --no-defaults -S $REPLICA_DIR/s -u root -e 'SHOW SLAVE STATUS\G' | grep -q 'Seconds_Behind_Master: [3-9]'; do sleep 0.1; done"
	replica "STOP SLAVE SQL_THREAD"
	started
	reads_out "paused: replica 1 does not follow"
	replica "START SLAVE SQL_THREAD"
	timeout 60 sh -c 'until grep -q "paused: replica 1 is .* ms behind (max_lag 2000 ms)" out; do sleep 0.05; done'
	[ "$(my 'SELECT DISTINCT n FROM t')" = 0 ]
	replica "STOP SLAVE; CHANGE MASTER TO MASTER_DELAY=0; START SLAVE"
	wait "$pid"
	[ "$(my 'SELECT n, count(*) FROM t GROUP BY n')" = $'1\t5000' ]
}
