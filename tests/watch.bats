#!/usr/bin/env bats
# Who waits for whom, and ending what is in the way.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

# holder APPLICATION SQL: a session that goes on until its input ends
holder() {
	PGAPPNAME=$1 psql -X -q "$url" -c "$2" >/dev/null 2>&1 3>&- &
}

waiting() {
	until [ "$(pg -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$1' AND wait_event_type = 'Lock'")" -gt 0 ]; do sleep 0.05; done
}

@test "a tree of who waits for whom, and as JSON" {
	pg_database tree
	pg -c 'CREATE TABLE orders (id int)'
	ends 0 belay watch --once --db "$url"
	says "database tree" "nobody waits, nothing is at work"
	holder nightly "BEGIN; SELECT 1 FROM orders; SELECT pg_sleep(20)"
	until [ "$(pg -c "SELECT count(*) FROM pg_locks l WHERE l.relation = 'orders'::regclass AND granted")" -gt 0 ]; do sleep 0.05; done
	holder migration "ALTER TABLE orders ADD COLUMN note text"
	waiting migration
	holder reader "SELECT 'hunter2' FROM orders; ALTER ROLE CURRENT_USER PASSWORD 'hunter2'"
	waiting reader
	ends 0 belay watch --once --db "$url"
	says "in the way, and who waits:" "(nightly, role postgres)" "└─ " "(migration, role postgres)" "AccessExclusiveLock orders" "next: belay unblock"
	says_not "PASSWORD 'hunter2'"
	run --separate-stderr belay watch --once --db "$url" -o json
	[ "$(json 'd["belay"]["schema"], len(d["sessions"]), sorted(len(s["blocked_by"]) for s in d["sessions"])' <<<"$output")" = "('watch/1', 3, [0, 1, 1])" ]
	local pid
	pid=$(pg -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'nightly'")
	ends 6 belay unblock "$pid" --db "$url" </dev/null
	says "nightly" "nobody said yes" "--yes"
	[ "$(pg -c "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid")" = 1 ]
	ends 0 belay unblock "$pid" --yes --db "$url"
	says "$pid: "
	wait
	[ "$(pg -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'")" = 1 ]
	ends 2 belay unblock "$pid" --yes --db "$url"
	says "there is no session"
	ends 2 belay unblock "1; DROP TABLE orders" --yes --db "$url"
}

@test "an idle transaction is ended as a whole" {
	pg_database idle
	pg -c 'CREATE TABLE orders (id int)'
	mkfifo keep
	PGAPPNAME=forgotten psql -X -q "$url" <keep >/dev/null 2>&1 3>&- &
	exec 9>keep
	echo 'BEGIN; LOCK TABLE orders;' >&9
	until [ "$(pg -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'forgotten' AND state = 'idle in transaction'")" = 1 ]; do sleep 0.05; done
	local pid
	pid=$(pg -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'forgotten'")
	ends 0 belay unblock "$pid" -y --db "$url"
	says "the session was ended, and its transaction rolled back"
	exec 9>&-
	pg -c 'SELECT 1 FROM orders'
}

@test "watch goes on until it is stopped, and ends well" {
	pg_database going
	"$BELAY" watch --db "$url" >out 2>&1 3>&- &
	local pid=$! code=0
	until [ "$(grep -c 'database going' out)" -ge 2 ]; do sleep 0.1; done
	kill -INT "$pid"
	wait "$pid" || code=$?
	[ "$code" = 0 ]
}

@test "SQLite has no sessions" {
	shop
	ends 0 belay up --db sqlite:app.db
	ends 2 belay watch --once --db sqlite:app.db
	says "not supported" "no sessions"
}
