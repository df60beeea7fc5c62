# both.bash - PostgreSQL and MariaDB, a server of each for the file.
load helper

setup_file() {
	load helper
	postgres_start
	local out
	out=$("$ROOT/tests/servers/mariadb.sh" start) || return 1
	MY_DIR=$(sed -n 1p <<<"$out") MY_URL=$(sed -n 2p <<<"$out")
	export MY_DIR MY_URL
}

teardown_file() {
	load helper
	postgres_stop
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
}

my() {
	mariadb --no-defaults -N -S "$MY_DIR/s" -u root "$@"
}

my_database() {
	my -e "DROP DATABASE IF EXISTS $1; CREATE DATABASE $1"
	url="${MY_URL/\/test\?/\/$1?}"
}
