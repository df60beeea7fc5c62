# debian_server.sh - sourced by mysql.sh and mariadb.sh: a server out of another suite of Debian, without
# installing it. Its packages are brought with apt in folders of its own (signatures checked with this
# system's keyring, the system's package lists and packages untouched), unpacked, and run by the loader
# and the libraries that came with them. Kept in $BELAY_CACHE (default ~/.cache/belay), or in
# /var/cache/belay where root keeps its home to itself, because the server runs as somebody else then.
#
#	find_cache; … ; bring SUITE MIRROR PACKAGE…; wrap NAME PATH [OPTION…]; keep FOLDER PROGRAM
# shellcheck shell=bash
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
me=$(basename "$0")

refuse() { echo "$me: $*" >&2; exit 3; }

find_cache() {
	cache=${BELAY_CACHE:-$HOME/.cache/belay}
	mkdir -p "$cache"
	if [ "$(id -u)" = 0 ] && ! runuser -u nobody -- test -x "$cache"; then
		cache=/var/cache/belay
		mkdir -p "$cache"
		chmod 755 "$cache"
	fi
}

# What is unpacked is in $work/root, the loader of its libraries, from there, in $loader.
bring() { # bring SUITE MIRROR PACKAGE…
	local suite=$1 mirror=$2 own deb p
	shift 2
	for p in apt-get dpkg-deb; do
		command -v "$p" >/dev/null || refuse "there is no $p here: name the programs of a server that is (see $me)"
	done
	[ -r "$keyring" ] || refuse "$keyring is missing (package debian-archive-keyring): signatures could not be checked"
	work=$(mktemp -d "$cache/.server.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work"/apt/{etc/apt.conf.d,etc/preferences.d,etc/sources.list.d,state/lists/partial,cache/archives/partial} "$work/root"
	: >"$work/apt/status"
	echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/apt/etc/sources.list"
	own=(-qq -o Dir::Etc="$work/apt/etc" -o Dir::State="$work/apt/state" -o Dir::State::status="$work/apt/status"
		-o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false
		-o Acquire::Languages=none -o Acquire::Retries=3)
	echo "$me: asking $mirror for the suite $suite" >&2
	apt-get "${own[@]}" update >"$work/log" 2>&1 && ! grep -q '^W: Failed to fetch' "$work/log" || {
		sed 's/^/    /' "$work/log" >&2
		refuse "cannot read the package lists of $mirror: no network, or a signature that is not right"
	}
	apt-get "${own[@]}" install -y --download-only --no-install-recommends "$@" >"$work/log" 2>&1 || {
		sed 's/^/    /' "$work/log" >&2
		refuse "cannot bring $1 from $mirror ($suite)"
	}
	for deb in "$work"/apt/cache/archives/*.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
	loader=$(cd "$work/root" && ls usr/lib/*-linux-gnu*/ld-linux*.so.* 2>/dev/null | head -n 1)
	[ -n "$loader" ] || refuse "the packages of $suite hold no loader"
	mkdir "$work/bin"
}

# A program behind the loader of its own libraries.
wrap() { # wrap NAME PATH [OPTION…]: $here in an option is the tree
	local name=$1 path=$2
	shift 2
	[ -x "$work/root/$path" ] || refuse "the packages hold no $name"
	cat >"$work/bin/$name" <<-END
		#!/bin/sh
		here=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
		exec "\$here/$loader" --library-path "\$here/$(dirname "$loader")" "\$here/$path" "\$@" $*
	END
	chmod 755 "$work/bin/$name"
}

# Under FOLDER-VERSION from now on; prints where the programs are.
keep() { # keep FOLDER PROGRAM
	local version
	rm -rf "$work"/root/usr/share/{doc,man,locale,lintian,bug,perl,info} "$work"/root/{etc,var,bin,sbin}
	version=$("$work/bin/$2" --no-defaults --version | sed -n 's/.* Ver \([0-9][0-9.]*\).*/\1/p')
	[ -n "$version" ] || refuse "the $2 that came does not run here"
	chmod 755 "$work"
	rm -rf "$work/apt" "$work/log"
	rm -rf "$cache/$1-$version"
	mv "$work" "$cache/$1-$version"
	trap - EXIT
	echo "$me: version $version is in $cache/$1-$version" >&2
	echo "$cache/$1-$version/bin"
}
