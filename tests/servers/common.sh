# common.sh - sourced by the scripts of this folder.
# shellcheck shell=bash

# As root a server runs as the user of that name, or as nobody where there is none.
choose_user() { # choose_user NAME
	user=
	[ "$(id -u)" = 0 ] || return 0
	user=$1
	id "$user" >/dev/null 2>&1 || user=nobody
}

as_user() {
	if [ -n "$user" ]; then runuser -u "$user" -- "$@"; else "$@"; fi
}

# A folder of the server's own, in $dir, with the folders that are named in it.
make_folder() { # make_folder NAME…
	dir=$(mktemp -d "${TMPDIR:-/tmp}/belay-test.XXXXXX")
	chmod 711 "$dir"
	local name
	for name; do mkdir "$dir/$name"; done
	[ -z "$user" ] || chown "$user" "$dir" "${@/#/$dir/}"
	cd /
}

# Until the command succeeds, 20 seconds at most; else the server's log is shown.
wait_for() { # wait_for COMMAND…
	local _
	for _ in $(seq 400); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	cat "$dir/log" >&2
	exit 3
}

# The server whose number is the first word of FILE ends, and its folder goes.
stop_server() { # stop_server FILE [SIGNAL]
	[ -f "$1" ] || exit 0
	local pid _
	pid=$(head -n 1 "$1")
	kill "-${2:-TERM}" "$pid" 2>/dev/null || true
	for _ in $(seq 400); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	rm -rf "$dir"
}
