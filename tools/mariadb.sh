#!/usr/bin/env bash
# mariadb.sh - a newer MariaDB server to test against than this system's own, without installing it:
# prints the folder that holds its programs (mariadbd, mariadb, mariadb-dump), which
# BELAY_MARIADB_BIN can name.
#
# As mysql.sh does for MySQL: out of another suite of Debian (MARIADB_SUITE, MARIADB_MIRROR), see
# debian_server.sh. MARIADB_FRESH=1 looks for a newer one.
set -euo pipefail
# shellcheck source=tools/debian_server.sh
. "$(dirname "$0")/debian_server.sh"
suite=${MARIADB_SUITE:-trixie}
find_cache

kept() { ls -d "$cache/mariadb-server-$suite"-*/bin/mariadbd 2>/dev/null | sort -V | tail -n 1; }

if [ -z "${MARIADB_FRESH:-}" ] && [ -n "$(kept)" ]; then
	dirname "$(kept)"
	exit 0
fi
bring "$suite" "${MARIADB_MIRROR:-http://deb.debian.org/debian}" mariadb-server-core mariadb-client-core
share=$(cd "$work/root" && dirname "$(dirname "$(find usr/share -name 'errmsg.sys' -path '*english*' | head -n 1)")")
wrap mariadbd usr/sbin/mariadbd "--lc-messages-dir=\"\$here/$share\"" \
	"--character-sets-dir=\"\$here/$share/charsets\""
wrap mariadb usr/bin/mariadb
wrap mariadb-dump usr/bin/mariadb-dump
ln -s ../root/usr/share "$work/share"
find "$work/root/usr/bin" -type f ! -name mariadb ! -name mariadb-dump ! -name 'my_print_defaults' -delete
keep "mariadb-server-$suite" mariadbd
