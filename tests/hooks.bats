#!/usr/bin/env bats
# Hooks that take their time: the turn is kept meanwhile, on a server whose clock says so.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

teardown() {
	touch go_on
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
}

# hook NAME: it says that it runs, and ends when it may
hook() {
	file wait <<'SH2'
#!/bin/sh
touch running
n=0
while [ ! -e go_on ] && [ $n -lt 1200 ]; do sleep 0.05; n=$((n + 1)); done
SH2
	chmod +x wait
	printf 'hooks:\n  %s: ./wait\n' "$1" >belay.yml
}
until_running() {
	for _ in $(seq 600); do [ ! -e running ] || return 0; sleep 0.05; done
	return 1
}
# The holder's clock goes on: its lease would have run out long ago.
aged() { pg -c "UPDATE belay.lease SET beat = beat - interval '1 minute' WHERE part = 'heartbeat'"; }
beaten() {
	for _ in $(seq 300); do
		[ "$(pg -c "SELECT beat > clock_timestamp() - interval '10 s' FROM belay.lease WHERE part = 'heartbeat'")" != t ] || return 0
		sleep 0.05
	done
	return 1
}

@test "before_up takes longer than a lease lives: nobody takes over" {
	pg_database slow_hook
	hook before_up
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	local pid=$! code=0
	until_running
	aged
	beaten
	aged
	beaten
	rm belay.yml
	ends 0 belay up --db "$url" --if-running skip
	says "another belay is migrating this database"
	touch go_on
	wait "$pid" || code=$?
	[ "$code" = 0 ] || { cat out; return 1; } >&2
	[ "$(pg -c 'SELECT version FROM schema_migrations')" = 1 ]
}

@test "on_block, in the middle of a transaction, keeps the turn too" {
	pg_database blocked_hook
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	ends 0 belay up --db "$url"
	hook on_block
	file migrations/2_b.up.sql <<<'ALTER TABLE a ADD COLUMN b int;'
	pg -c "BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)" >/dev/null 2>&1 3>&- &
	local holder=$! pid code=0
	until [ -n "$(pg -c "SELECT 1 FROM pg_locks WHERE relation = 'a'::regclass AND mode = 'AccessExclusiveLock'")" ]; do sleep 0.05; done
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	until_running
	aged
	beaten
	touch go_on
	pg -c "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'a'::regclass AND mode = 'AccessExclusiveLock'" >/dev/null
	wait "$holder" || true
	wait "$pid" || code=$?
	[ "$code" = 0 ] || { cat out; return 1; } >&2
}

@test "a hook is ended by SIGTERM; after_up is told of a run that was" {
	pg_database ended_hook
	hook before_up
	file migrations/1_a.up.sql <<<"CREATE TABLE a (i int); $wait_open"
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	local pid=$! code=0
	until_running
	kill -TERM "$pid"
	wait "$pid" || code=$?
	[ "$code" = 143 ]
	grep -q 'was interrupted' out
	[ "$(pg -c "SELECT to_regclass('a')")" = '' ]
	rm -f running
	file belay.yml <<<'hooks: {after_up: [sh, -c, "cat >told"]}'
	ends 0 belay up --db "$url"
	file migrations/2_b.up.sql <<<'SELECT wait_open();'
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$! code=0
	until_waiting
	kill -TERM "$pid"
	wait "$pid" || code=$?
	[ "$code" = 143 ]
	[ "$(json 'd["ok"], d["migrations"]' <told)" = "(False, ['2'])" ]
}

@test "MariaDB ends idle sessions: not while a hook runs" {
	local out pid code=0
	out=$(MY_OPTIONS='--wait-timeout=3' "$ROOT/tests/servers/mariadb.sh" start)
	MY_DIR=$(sed -n 1p <<<"$out") url=$(sed -n 2p <<<"$out")
	hook before_up
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	until_running
	sleep 5
	touch go_on
	wait "$pid" || code=$?
	[ "$code" = 0 ] || { cat out; return 1; } >&2
}
