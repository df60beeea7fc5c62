#!/usr/bin/env bash
# sqlite.sh - libsqlite3 of many versions, built from the sources that the npm package better-sqlite3
# carries. Prints the path of each library, oldest first. Built once: $BELAY_CACHE/sqlite/VERSION.
#
#   tools/sqlite.sh            all of them
#   tools/sqlite.sh 3.35.2 …   those
set -euo pipefail
cache=${BELAY_CACHE:-$HOME/.cache/belay}/sqlite

# SQLite, the package that carries it, and the sha256 of its tarball
versions='
3.35.2 7.1.5 0c88e1c03a75b7418fbe9fa5ccf8add0f942d828cefd35a54f3b617f09a0fc98
3.36.0 7.4.3 671fe84d9f4d84f5d5042e66d9f301820487d5ccf07aa91276254f8af23fde2e
3.37.0 7.4.6 e893c1608ce81fab1e067c958c2c60531d63188b8baa0c2e16a241355480d7d8
3.38.5 7.5.3 fb16941303ea2dc4c45e547bc443cf5f997fea592a8695210ccf5d81c11de861
3.39.1 7.6.2 6b7c4cf414cc032f3c7a244e3013d80ae675b41e7521c6b1a009527fb2795aec
3.42.0 8.5.2 b82f2a1e525fafe75afca4e1aed17a1be583bdf0cad3207213c1ac644becb7c7
3.44.2 9.2.2 46c6f169080e64c3d01c7cf1d61db9055d9600567b8b5ae879ef1d78b8948d88
3.46.0 11.1.2 ec6fcff0cba4c9ae0662437d1d27e2ab291c037194567736a6f7e6fc322dc9e3
3.49.2 11.10.0 71e2d66a44dafc35649ff82742cf4908557fc31841108d19703b74b7065c0293
3.53.2 12.11.1 ebf0ed75a7a59dbcb3b24bbd014ef49d9f15bc328e4adcbf516f2a8fadfa2835
3.54.1 13.2.0 40487589df3496f2ee0079d22b73c63fccebe7db0e8ee9a2c42421861e321e0b
'
flags='-DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_DBSTAT_VTAB
	-DSQLITE_ENABLE_FTS3 -DSQLITE_ENABLE_FTS4 -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE
	-DSQLITE_ENABLE_JSON1 -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_ENABLE_UNLOCK_NOTIFY
	-DSQLITE_SECURE_DELETE'

# build SQLITE PACKAGE SHA256: into a folder of its own, which is moved into place when it is whole
build() {
	local work
	work=$(mktemp -d "$cache/.build-XXXXXX")
	(
		cd "$work"
		npm pack --silent "better-sqlite3@$2" >/dev/null
		echo "$3  better-sqlite3-$2.tgz" | sha256sum --quiet -c -
		tar xzf "better-sqlite3-$2.tgz"
		[ ! -f package/deps/sqlite3.tar.gz ] || tar xzf package/deps/sqlite3.tar.gz -C package/deps
		source=$(find package/deps -name sqlite3.c | head -n 1)
		mkdir done
		# Its functions call each other, also beside another SQLite in one process.
		# shellcheck disable=SC2086
		${CC:-cc} -O1 -fPIC -shared -w -Wl,-soname,libsqlite3.so.0 -Wl,-Bsymbolic $flags \
			-o done/libsqlite3.so.0 "$source" -lm -lpthread -ldl
		cp "${source%.c}.h" done/
	) >&2
	mv "$work/done" "$cache/$1" 2>/dev/null || [ -f "$cache/$1/libsqlite3.so.0" ]
	rm -rf "$work"
}

mkdir -p "$cache"
while read -r version package sum; do
	[ -n "$version" ] || continue
	[ $# = 0 ] || [[ " $* " == *" $version "* ]] || continue
	[ -f "$cache/$version/libsqlite3.so.0" ] || build "$version" "$package" "$sum"
	echo "$cache/$version/libsqlite3.so.0"
done <<<"$versions"
