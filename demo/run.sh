#!/usr/bin/env bash
# run.sh - belay's main job on a small shop, in a folder of its own that is removed afterwards: a
# dangerous migration, why it is, the safe one, the proof, the run, the way back. SQLite needs no
# server; where PostgreSQL is installed the same follows on a private server.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$here/../$build ;; esac
belay=$build/belay
unset DATABASE_URL
work=$(mktemp -d)
server=
cleanup() {
	[ -z "$server" ] || "$here/../tests/servers/postgres.sh" stop "$server"
	rm -rf "$work"
}
trap cleanup EXIT

bold='' dim='' off=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' dim=$'\033[2m' off=$'\033[0m'; fi
step=0
say() {
	step=$((step + 1))
	printf '\n%s── %d. %s%s\n\n' "$bold" "$step" "$1" "$off"
}
show() { sed "s/^/    /" "$1"; }

# go WANTED-EXIT COMMAND…: shows the command, runs it, and stops when it ends otherwise
go() {
	local want=$1 code
	shift
	printf '%s$ belay %s%s\n' "$bold" "$*" "$off"
	"$belay" "$@"
	code=$?
	printf '%s(exit %s)%s\n\n' "$dim" "$code" "$off"
	[ "$code" = "$want" ] || { echo "demo: expected exit $want" >&2; exit 1; }
}

story() { # ENGINE URL
	cp -r "$here/$1" "$work/$1"
	cd "$work/$1" || exit 1
	export DATABASE_URL=$2
	mv dangerous.sql migrations/003_tier.sql

	say "A small shop on $3. Its newest migration:"
	show migrations/003_tier.sql
	say "belay check says what it would do to a busy database"
	go 1 check
	say "Its down script looks right. belay rehearse runs it on a scratch $3 and looks at the rows"
	go 1 rehearse 003

	mv safe.sql migrations/003_tier.sql
	[ ! -f verify_003.sql ] || mv verify_003.sql migrations/
	say "The safe version: old and new code run side by side, nothing is lost"
	show migrations/003_tier.sql
	go 0 check
	say "Proof: up, verify, down, the same schema and rows as before, up again"
	go 0 rehearse 003

	say "On the database itself: what is pending, what that means, up"
	go 0 status
	go 0 plan
	go 0 up
	go 0 status
	if [ "$1" = sqlite ]; then
		say "The way back would lose what is in the new column: belay stops, and keeps it when told to"
		go 6 down
		go 0 down --backup
		go 0 backups
	else
		say "And back: an index is no loss, so nobody is asked"
		go 0 down
	fi
	go 0 status
	cd "$here" || exit 1
}

touch "$work/shop.db"
story sqlite "sqlite:$work/shop.db" SQLite

if ls -d /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && command -v psql >/dev/null; then
	printf '\nPostgreSQL is installed here: the same once more, on a private server.\n'
	out=$("$here/../tests/servers/postgres.sh" start) || exit 1
	server=${out%%$'\n'*}
	story postgres "${out#*$'\n'}" PostgreSQL
else
	printf '\nWith PostgreSQL installed (apt-get install postgresql-15) the same follows on a private server.\n'
fi
printf '\n%sThat was the road: check, rehearse, plan, up, down.%s In a project of yours: belay check, then belay --help\n' "$bold" "$off"
