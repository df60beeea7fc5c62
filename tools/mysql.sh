#!/usr/bin/env bash
# mysql.sh - a MySQL server to test against, without installing one: prints the folder that holds its
# programs (mysqld, mysql, mysqldump), which BELAY_MYSQL_BIN or PATH can name.
#
# Debian's stable releases have MariaDB alone; the unstable suite has MySQL (MYSQL_SUITE, MYSQL_MIRROR). See
# debian_server.sh. What is there is taken as it is; MYSQL_FRESH=1 looks for a newer one.
set -euo pipefail
# shellcheck source=tools/debian_server.sh
. "$(dirname "$0")/debian_server.sh"
find_cache

kept() { ls -d "$cache"/mysql-server-*/bin/mysqld 2>/dev/null | sort -V | tail -n 1; }

if [ -z "${MYSQL_FRESH:-}" ] && [ -n "$(kept)" ]; then
	dirname "$(kept)"
	exit 0
fi
bring "${MYSQL_SUITE:-sid}" "${MYSQL_MIRROR:-http://deb.debian.org/debian}" mysql-server-core mysql-client-core
wrap mysqld usr/sbin/mysqld '--lc-messages-dir="$here/usr/share/mysql"' \
	'--character-sets-dir="$here/usr/share/mysql/charsets"'
wrap mysql usr/bin/mysql
wrap mysqldump usr/bin/mysqldump
find "$work/root/usr/bin" -type f ! -name mysql ! -name mysqldump -delete
rm -rf "$work/root/usr/lib/mysql"
keep mysql-server mysqld
