#!/usr/bin/env bash
# mysql.sh - a MySQL server to test against, without installing one: prints the folder that holds its
# programs (mysqld, mysql, mysqldump), which BELAY_MYSQL_BIN or PATH can name.
#
# Debian's stable releases have MariaDB alone; the unstable suite has MySQL. Its packages are brought
# with apt in folders of its own (signatures checked with this system's keyring, the system's package
# lists and packages untouched), unpacked, and run by the loader and the libraries that came with them.
# Kept in $BELAY_CACHE (default ~/.cache/belay) as mysql-server-VERSION, or in /var/cache/belay where root
# keeps its home to itself, because the server runs as somebody else then. What is there is taken as it
# is; MYSQL_FRESH=1 looks for a newer one.
set -euo pipefail
suite=${MYSQL_SUITE:-sid} mirror=${MYSQL_MIRROR:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

refuse() { echo "mysql.sh: $*" >&2; exit 3; }

cache=${BELAY_CACHE:-$HOME/.cache/belay}
mkdir -p "$cache"
if [ "$(id -u)" = 0 ] && ! runuser -u nobody -- test -x "$cache"; then
	cache=/var/cache/belay
	mkdir -p "$cache"
	chmod 755 "$cache"
fi

kept() { ls -d "$cache"/mysql-server-*/bin/mysqld 2>/dev/null | sort -V | tail -n 1; }

if [ -z "${MYSQL_FRESH:-}" ] && [ -n "$(kept)" ]; then
	dirname "$(kept)"
	exit 0
fi
for p in apt-get dpkg-deb; do
	command -v "$p" >/dev/null || refuse "there is no $p here: put a MySQL server's programs on PATH, or name them with BELAY_MYSQL_BIN"
done
[ -r "$keyring" ] || refuse "$keyring is missing (package debian-archive-keyring): signatures could not be checked"

work=$(mktemp -d "$cache/.mysql.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/apt/{etc/apt.conf.d,etc/preferences.d,etc/sources.list.d,state/lists/partial,cache/archives/partial} "$work/root"
: >"$work/apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/apt/etc/sources.list"
own=(-qq -o Dir::Etc="$work/apt/etc" -o Dir::State="$work/apt/state" -o Dir::State::status="$work/apt/status"
	-o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false
	-o Acquire::Languages=none -o Acquire::Retries=3)

echo "mysql.sh: asking $mirror for the suite $suite" >&2
apt-get "${own[@]}" update >"$work/log" 2>&1 && ! grep -q '^W: Failed to fetch' "$work/log" || {
	sed 's/^/    /' "$work/log" >&2
	refuse "cannot read the package lists of $mirror: no network, or a signature that is not right; without them there is no MySQL here"
}
apt-get "${own[@]}" install -y --download-only --no-install-recommends \
	mysql-server-core mysql-client-core >"$work/log" 2>&1 || {
	sed 's/^/    /' "$work/log" >&2
	refuse "cannot bring mysql-server-core from $mirror ($suite)"
}
for deb in "$work"/apt/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$work/root"
done
loader=$(cd "$work/root" && ls usr/lib/*-linux-gnu*/ld-linux*.so.* 2>/dev/null | head -n 1)
[ -n "$loader" ] && [ -x "$work/root/usr/sbin/mysqld" ] || refuse "the packages of $suite hold no mysqld"

# The programs that are needed, each behind the loader of its own libraries.
mkdir "$work/bin"
wrap() { # wrap NAME PATH [OPTION…]: $here in an option is the tree
	local name=$1 path=$2
	shift 2
	cat >"$work/bin/$name" <<-END
		#!/bin/sh
		here=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
		exec "\$here/$loader" --library-path "\$here/$(dirname "$loader")" "\$here/$path" "\$@" $*
	END
	chmod 755 "$work/bin/$name"
}
wrap mysqld usr/sbin/mysqld '--lc-messages-dir="$here/usr/share/mysql"' \
	'--character-sets-dir="$here/usr/share/mysql/charsets"'
wrap mysql usr/bin/mysql
wrap mysqldump usr/bin/mysqldump
find "$work/root/usr/bin" -type f ! -name mysql ! -name mysqldump -delete
rm -rf "$work"/root/usr/share/{doc,man,locale,lintian,bug,perl,info} "$work"/root/usr/lib/mysql \
	"$work"/root/{etc,var,bin,sbin}

version=$("$work/bin/mysqld" --no-defaults --version | sed -n 's/.* Ver \([0-9][0-9.]*\).*/\1/p')
[ -n "$version" ] || refuse "the mysqld of $suite does not run here"
chmod 755 "$work"
rm -rf "$work/apt" "$work/log"
rm -rf "$cache/mysql-server-$version"
mv "$work" "$cache/mysql-server-$version"
trap - EXIT
echo "mysql.sh: MySQL $version is in $cache/mysql-server-$version" >&2
echo "$cache/mysql-server-$version/bin"
