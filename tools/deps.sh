#!/usr/bin/env bash
# deps.sh GROUP… - installs the Debian packages of a group that are missing: build, test, bench, fuzz.
# Nothing is asked of apt when all are there.
set -euo pipefail

packages() {
	case $1 in
	build) echo gcc libc6-dev make meson ninja-build pkg-config wabt nodejs npm \
		libsqlite3-dev nettle-dev zlib1g-dev libyaml-dev libpq-dev libmariadb-dev ;;
	test) echo bats libcmocka-dev valgrind sqlite3 git python3-minimal postgresql-15 postgresql-client-15 pgbouncer \
		mariadb-server-core mariadb-client-core mariadb-client libpq5 libmariadb3 man-db groff-base ;;
	bench) echo libpg-query-dev ;;
	fuzz) echo clang ;;
	*) echo "deps.sh: there is no group \"$1\": build, test, bench, fuzz" >&2; return 2 ;;
	esac
}

has() {
	dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'
}

missing=
for group; do
	names=$(packages "$group")
	for p in $names; do
		# npm's own packages also come from elsewhere: what counts is the program.
		case $p in nodejs) p=node ;; esac
		case $p in
		node | npm) command -v "$p" >/dev/null || missing="$missing ${p/#node/nodejs}" ;;
		*) has "$p" || missing="$missing $p" ;;
		esac
	done
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
	echo "deps.sh: this is not Debian; install what corresponds to:$missing" >&2
	exit 2
fi
echo "installing:$missing" >&2
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
# The PostgreSQL package would start a server of its own, which nobody here wants.
$as_root install -d /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
	echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get install -y -qq --no-install-recommends $missing >&2
