#!/usr/bin/env bats
# --backup and statements in batches: what a batch changes is kept by its own transaction, as it is at that moment.
load both

teardown() {
	touch enough
	wait
}

lite() { sqlite3 -cmd '.timeout 20000' app.db "$@"; }
ask() {
	case $engine in
	postgres) pg -c "$1" ;;
	mariadb) my kept -e "$1" ;;
	sqlite) lite "$1" ;;
	esac
}

# fresh ENGINE: 4,000 rows, and a migration that writes down what it found before it changes it
fresh() {
	engine=$1
	rm -rf migrations app.db* enough
	case $engine in
	postgres) pg_database kept ;;
	mariadb) my_database kept ;;
	sqlite) url=sqlite:app.db ;;
	esac
	export DATABASE_URL=$url
	file migrations/1_base.up.sql <<<'CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL, found INT);
INSERT INTO t SELECT i, i, NULL FROM (WITH RECURSIVE c AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM c WHERE i < 4000) SELECT i FROM c) x;'
	[ "$engine" != mariadb ] || sed -i '1i SET max_recursive_iterations = 5000;' migrations/1_base.up.sql
	file migrations/2_change.up.sql <<<"${2:--- belay:batched size=100
UPDATE t SET found = n, n = -n WHERE found IS NULL;}"
	file migrations/2_change.down.sql <<<'SELECT 1;'
	ends 0 belay up 1
}

# Others change rows all the time, before their batch and after it.
writer() {
	local i=0
	while [ ! -e enough ]; do
		i=$((i + 1))
		echo "UPDATE t SET n = n + 7 WHERE id BETWEEN $((i * 37 % 4000)) AND $((i * 37 % 4000 + 9));"
		[ "$engine" != sqlite ] || sleep 0.01
	done | case $engine in
	postgres) psql -X -q -h "$PG_DIR" -U postgres kept ;;
	mariadb) mariadb --no-defaults -f -n -S "$MY_DIR/s" -u root kept ;;
	sqlite) sqlite3 -cmd '.timeout 20000' app.db ;;
	esac >/dev/null 2>&1 3>&-
}

store() {
	case $engine in
	postgres) ask "SELECT format('%I.%I', store_schema, store_name) FROM belay.archive WHERE migration = '2'" ;;
	*) ask "SELECT store_name FROM belay_archive WHERE migration = '2'" ;;
	esac
}

# Each row was changed once, and kept once, with the value that its batch found.
all_is_kept() {
	[ "$(ask "SELECT count(*) FROM t WHERE found IS NULL OR found < 0")" = 0 ]
	[ "$(store | wc -l)" = 1 ]
	[ "$(ask "SELECT count(*) FROM $(store)")" = 4000 ]
	[ "$(ask "SELECT count(*) FROM $(store) s JOIN t ON t.id = s.id WHERE s.n = t.found AND s.found IS NULL")" = 4000 ]
}

comes_back() {
	ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
	[ "$(ask 'SELECT count(*) FROM t WHERE n > 0 AND found IS NULL')" = 4000 ]
}

# The batches wait for a file to go, until somebody has written behind the beginning.
@test "beside a writer: what is kept of a row is what its batch found" {
	file belay.yml <<<'batches:
  pause_file: hold'
	for engine in postgres mariadb sqlite; do
		fresh "$engine"
		touch hold
		writer &
		"$BELAY" up --backup >out 2>&1 3>&- &
		pid=$!
		while kill -0 "$pid" && [ -z "$(store 2>/dev/null)" ]; do sleep 0.05; done
		began=$(ask 'SELECT sum(n) FROM t')
		while kill -0 "$pid" && [ "$(ask 'SELECT sum(n) FROM t')" = "$began" ]; do sleep 0.05; done
		rm hold
		wait "$pid"
		touch enough
		wait
		[ "$(ask 'SELECT count(*) FROM t WHERE found <> id')" -gt 0 ]
		all_is_kept
		comes_back
	done
}

@test "killed in between, again and again: each row is kept once, and an archive that grows can be put back" {
	for engine in postgres mariadb sqlite; do
		fresh "$engine"
		writer &
		for round in 1 2 3 4; do
			"$BELAY" up --backup >out$round 2>&1 3>&- &
			pid=$!
			for _ in $(seq 400); do
				[ "$(ask 'SELECT count(*) FROM t WHERE found IS NOT NULL' 2>/dev/null || echo 0)" -lt $((round * 700)) ] || break
				sleep 0.02
			done
			kill -9 "$pid" 2>/dev/null || true
			wait "$pid" || true
			[ "$(ask 'SELECT count(*) FROM t WHERE found IS NOT NULL')" = "$(ask "SELECT count(*) FROM $(store)")" ]
			ends 0 belay backups
			says "rows"
		done
		ends 0 belay up --backup
		touch enough
		wait
		all_is_kept
		comes_back
	done
}

@test "a batched DELETE; several connections; what is half through is put back" {
	for engine in postgres mariadb sqlite; do
		fresh "$engine" '-- belay:batched size=100
DELETE FROM t WHERE id % 2 = 0;'
		writer &
		ends 0 belay up --backup
		touch enough
		wait
		[ "$(ask 'SELECT count(*) FROM t')" = 2000 ]
		ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
		[ "$(ask 'SELECT count(*) FROM t')" = 4000 ]
	done
	for engine in postgres mariadb; do
		fresh "$engine"
		writer &
		ends 0 belay up --backup --parallel 3
		touch enough
		wait
		all_is_kept
	done
	fresh postgres '-- belay:batched size=100
UPDATE t SET found = n, n = -n / (id - 3001) WHERE found IS NULL;'
	ends 5 belay up --backup
	ends 0 belay backups
	says "so far: its batches are not through"
	ends 0 belay restore "$(sed -n 's/^\(2@[0-9]*\) .*/\1/p' <<<"$output" | head -n 1)"
	[ "$(ask 'SELECT count(*) FROM t WHERE n = id AND found IS NULL')" = 4000 ]
}
