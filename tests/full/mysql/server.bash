# A MySQL server for the file's tests: $MY_DIR (its socket is $MY_DIR/s) and $MY_URL.
BELAY=${BELAY:-$BATS_TEST_DIRNAME/../../../build/belay}
load ../../helper
ROOT=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)

setup_file() {
	local out
	out=$("$ROOT/tests/servers/mysql.sh" start) || return 1
	MY_DIR=$(sed -n 1p <<<"$out") MY_URL=$(sed -n 2p <<<"$out") MY_BIN=${MY_BIN:-$("$ROOT/tools/mysql.sh")}
	export MY_DIR MY_URL MY_BIN
}

teardown_file() {
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mysql.sh" stop "$MY_DIR"
}

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B "${MY_DB-test}" -e "$1"; }
