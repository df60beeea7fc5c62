#!/usr/bin/env bash
# grammar.sh OUTDIR - the PostgreSQL 18 grammar as a static library, compiled once and cached.
#
# npm's libpg-query (WebAssembly, pinned in package-lock.json by hash) -> wasm2c -> gcc, without
# sanitizers. The result is kept in $BELAY_CACHE (default ~/.cache/belay) under a name made from
# everything that goes into it, and OUTDIR gets links to it: libpgquery.a and pgquery.h.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?usage: grammar.sh OUTDIR}
wasm=$here/node_modules/libpg-query/wasm/libpg-query.wasm
sandbox=$here/src/engine/postgres/grammar/sandbox.h
cc=${BELAY_GRAMMAR_CC:-gcc}
flags="-O1 -fPIC -w -fno-strict-aliasing -fwrapv"

if [ ! -f "$wasm" ]; then
	echo "grammar.sh: $wasm is missing: run 'make deps' first" >&2
	exit 2
fi
command -v wasm2c >/dev/null || { echo "grammar.sh: wasm2c is missing: run 'make deps' first" >&2; exit 2; }

key=$( { cat "$wasm" "$sandbox" "$0"; "$cc" --version; uname -m; wasm2c --version; echo "$flags"; } | sha256sum | cut -c1-24)
cache=${BELAY_CACHE:-$HOME/.cache/belay}/grammar-$key
if [ ! -f "$cache/libpgquery.a" ]; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/build.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	echo "compiling the PostgreSQL 18 grammar once (about a minute) ..." >&2
	wasm2c "$wasm" -o "$work/pgquery.c"
	# Every function checks the C stack instead of counting its depth, see sandbox.h.
	sed -i -e '0,/^#define FUNC_PROLOGUE$/s//#define FUNC_PROLOGUE SANDBOX_PROLOGUE/' "$work/pgquery.c"
	grep -q 'SANDBOX_PROLOGUE' "$work/pgquery.c"
	"$cc" $flags -std=gnu17 -include "$sandbox" -c "$work/pgquery.c" -o "$work/pgquery.o"
	ar rcs "$work/libpgquery.a" "$work/pgquery.o"
	mv "$work/pgquery.h" "$cache/pgquery.h"
	mv "$work/libpgquery.a" "$cache/libpgquery.a"
fi
mkdir -p "$out"
ln -sf "$cache/libpgquery.a" "$out/libpgquery.a"
ln -sf "$cache/pgquery.h" "$out/pgquery.h"
