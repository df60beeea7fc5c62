#!/usr/bin/env bash
# mariadb.sh - a newer MariaDB server to test against than this system's own, without installing it:
# prints the folder that holds its programs (mariadbd, mariadb, mariadb-dump), which
# BELAY_MARIADB_BIN can name.
#
# As mysql.sh does for MySQL: the packages of another suite of Debian are brought with apt in folders
# of its own, unpacked, and run by the loader and the libraries that came with them. Kept in
# $BELAY_CACHE (default ~/.cache/belay), or in /var/cache/belay where root keeps its home to itself.
# MARIADB_FRESH=1 looks for a newer one.
set -euo pipefail
suite=${MARIADB_SUITE:-trixie} mirror=${MARIADB_MIRROR:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

refuse() { echo "mariadb.sh: $*" >&2; exit 3; }

cache=${BELAY_CACHE:-$HOME/.cache/belay}
mkdir -p "$cache"
if [ "$(id -u)" = 0 ] && ! runuser -u nobody -- test -x "$cache"; then
	cache=/var/cache/belay
	mkdir -p "$cache"
	chmod 755 "$cache"
fi

kept() { ls -d "$cache/mariadb-server-$suite"-*/bin/mariadbd 2>/dev/null | sort -V | tail -n 1; }

if [ -z "${MARIADB_FRESH:-}" ] && [ -n "$(kept)" ]; then
	dirname "$(kept)"
	exit 0
fi
for p in apt-get dpkg-deb; do
	command -v "$p" >/dev/null || refuse "there is no $p here: name a MariaDB server's programs with BELAY_MARIADB_BIN"
done
[ -r "$keyring" ] || refuse "$keyring is missing (package debian-archive-keyring): signatures could not be checked"

work=$(mktemp -d "$cache/.mariadb.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/apt/{etc/apt.conf.d,etc/preferences.d,etc/sources.list.d,state/lists/partial,cache/archives/partial} "$work/root"
: >"$work/apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/apt/etc/sources.list"
own=(-qq -o Dir::Etc="$work/apt/etc" -o Dir::State="$work/apt/state" -o Dir::State::status="$work/apt/status"
	-o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false
	-o Acquire::Languages=none -o Acquire::Retries=3)

echo "mariadb.sh: asking $mirror for the suite $suite" >&2
apt-get "${own[@]}" update >"$work/log" 2>&1 && ! grep -q '^W: Failed to fetch' "$work/log" || {
	sed 's/^/    /' "$work/log" >&2
	refuse "cannot read the package lists of $mirror: no network, or a signature that is not right"
}
apt-get "${own[@]}" install -y --download-only --no-install-recommends \
	mariadb-server-core mariadb-client-core >"$work/log" 2>&1 || {
	sed 's/^/    /' "$work/log" >&2
	refuse "cannot bring mariadb-server-core from $mirror ($suite)"
}
for deb in "$work"/apt/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$work/root"
done
loader=$(cd "$work/root" && ls usr/lib/*-linux-gnu*/ld-linux*.so.* 2>/dev/null | head -n 1)
[ -n "$loader" ] && [ -x "$work/root/usr/sbin/mariadbd" ] || refuse "the packages of $suite hold no mariadbd"
share=$(cd "$work/root" && dirname "$(find usr/share -name 'errmsg.sys' -path '*english*' | head -n 1)")
share=$(dirname "$share")

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
wrap mariadbd usr/sbin/mariadbd "--lc-messages-dir=\"\$here/$share\"" \
	"--character-sets-dir=\"\$here/$share/charsets\""
wrap mariadb usr/bin/mariadb
wrap mariadb-dump usr/bin/mariadb-dump
ln -s ../root/usr/share "$work/share"
find "$work/root/usr/bin" -type f ! -name mariadb ! -name mariadb-dump ! -name 'my_print_defaults' -delete
rm -rf "$work"/root/usr/share/{doc,man,locale,lintian,bug,perl,info} "$work"/root/{etc,var,bin,sbin}

version=$("$work/bin/mariadbd" --no-defaults --version | sed -n 's/.* Ver \([0-9][0-9.]*\).*/\1/p')
[ -n "$version" ] || refuse "the mariadbd of $suite does not run here"
chmod 755 "$work"
rm -rf "$work/apt" "$work/log"
rm -rf "$cache/mariadb-server-$suite-$version"
mv "$work" "$cache/mariadb-server-$suite-$version"
trap - EXIT
echo "mariadb.sh: MariaDB $version is in $cache/mariadb-server-$suite-$version" >&2
echo "$cache/mariadb-server-$suite-$version/bin"
