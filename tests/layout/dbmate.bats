#!/usr/bin/env bats
# dbmate itself, after belay: it must agree that nothing is pending, go back, and go on.
#
# Needs `npm ci` in tests/npm (dbmate, pinned) and BELAY, the program (default: build/belay).

setup_file() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export BELAY=${BELAY:-$top/build/belay}
	export DBMATE=${DBMATE:-$top/tests/npm/node_modules/@dbmate/linux-x64/bin/dbmate}
	export PGBIN=${PGBIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)}
	export CLUSTER=$BATS_FILE_TMPDIR/pg
	[ -x "$PGBIN/initdb" ] || return 0
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	mkdir "$CLUSTER"
	[ "$(id -u)" = 0 ] && chown postgres "$CLUSTER"
	as_postgres "$PGBIN/initdb" -A trust -U postgres -D "$CLUSTER/data" >/dev/null
	as_postgres "$PGBIN/pg_ctl" -D "$CLUSTER/data" -w -l "$CLUSTER/log" \
		-o "-c listen_addresses='' -c unix_socket_directories='$CLUSTER' -c fsync=off" start \
		>/dev/null 3>&-
}

teardown_file() {
	[ -f "$CLUSTER/data/postmaster.pid" ] || return 0
	as_postgres "$PGBIN/pg_ctl" -D "$CLUSTER/data" -m immediate stop >/dev/null
}

as_postgres() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

setup() {
	[ -x "$BELAY" ] || skip "belay is not built"
	[ -x "$DBMATE" ] || skip "dbmate is not installed (npm ci in tests/npm)"
	cd "$BATS_TEST_TMPDIR"
	mkdir -p db/migrations
	cat >db/migrations/20240101000000_people.sql <<-'SQL'
		-- migrate:up
		CREATE TABLE people (id integer PRIMARY KEY, name text);

		-- migrate:down
		DROP TABLE people;
	SQL
	cat >db/migrations/20240102000000_mail.sql <<-'SQL'
		-- migrate:up
		ALTER TABLE people ADD COLUMN mail text;

		-- migrate:down
		ALTER TABLE people DROP COLUMN mail;
	SQL
}

pending() {
	DATABASE_URL=$1 "$DBMATE" --no-dump-schema status | sed -n 's/^Pending: //p'
}

round_trip() {
	local theirs=$1 ours=$2 consent=()

	"$BELAY" down --help | grep -q -e --yes-destroy && consent=(--yes-destroy people.mail)

	run "$BELAY" up --db "$ours"
	[ "$status" -eq 0 ]
	[ "$(pending "$theirs")" = 0 ]
	run env DATABASE_URL="$theirs" "$DBMATE" --no-dump-schema up --strict
	[ "$status" -eq 0 ]
	[[ $output != *Applying* ]]

	run "$BELAY" down --db "$ours" "${consent[@]}"
	[ "$status" -eq 0 ]
	[ "$(pending "$theirs")" = 1 ]

	# dbmate goes on from there, and belay sees it
	run env DATABASE_URL="$theirs" "$DBMATE" --no-dump-schema up
	[ "$status" -eq 0 ]
	[ "$(pending "$theirs")" = 0 ]
	run "$BELAY" status --db "$ours" -o json
	[ "$status" -eq 0 ]
	[[ $output != *pending* ]]
	run env DATABASE_URL="$theirs" "$DBMATE" --no-dump-schema rollback
	[ "$status" -eq 0 ]
	run "$BELAY" status --db "$ours" -o json
	[[ $output == *pending* ]]
}

@test "dbmate and belay take turns on SQLite" {
	round_trip "sqlite:$BATS_TEST_TMPDIR/x.db" "sqlite:$BATS_TEST_TMPDIR/x.db"
}

@test "dbmate and belay take turns on PostgreSQL" {
	[ -f "$CLUSTER/data/postmaster.pid" ] || skip "no PostgreSQL here"
	"$PGBIN/createdb" -h "$CLUSTER" -U postgres turns
	round_trip "postgres://postgres@/turns?socket=$CLUSTER&sslmode=disable" \
		"postgres://postgres@/turns?host=$CLUSTER"
}

@test "dbmate made the table first" {
	export DATABASE_URL=sqlite:$BATS_TEST_TMPDIR/y.db
	"$DBMATE" --no-dump-schema up
	run "$BELAY" status --db "$DATABASE_URL" -o json
	[ "$status" -eq 0 ]
	[[ $output != *pending* ]]
	[[ $output == *'"dbmate"'* ]]
}
