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
runtime=$(dirname "$(command -v wasm2c || echo /usr/bin/wasm2c)")/../include/wasm-rt.h
cc=${BELAY_GRAMMAR_CC:-gcc}
flags="-O1 -fPIC -ftls-model=initial-exec -w -fno-strict-aliasing -fwrapv"

die() { echo "grammar.sh: $*" >&2; exit 2; }

[ -f "$wasm" ] || die "$wasm is missing: run 'make deps' first"
command -v wasm2c >/dev/null || die "wasm2c is missing: install wabt"
[ -f "$runtime" ] || runtime=/usr/include/wasm-rt.h
[ -f "$runtime" ] || die "wasm-rt.h is missing: install wabt"

# sandbox.h knows where the module keeps its own stack. That is checked, not hoped for.
check_layout() {
	awk -v top="$(awk '/^#define SANDBOX_STACK_TOP/ { print $3 + 0 }' "$sandbox")" '
	/^  instance->w2c_g0 = [0-9]+u;$/ && !seen { seen = 1; found = $3 + 0 }
	/LOAD_DATA\(instance->w2c_z, [0-9]+u,/ { split($0, f, /, /); if (f[2] + f[4] + 0 > data) data = f[2] + f[4] + 0 }
	frame == 1 && /^  w2c_i1 = [0-9]+u;$/ { frame = 2; n = $3 + 0; next }
	frame == 2 && /^  w2c_i0 -= w2c_i1;$/ { if (n > most) most = n }
	{ frame = /^  w2c_i0 = instance->w2c_g0;$/ ? 1 : 0 }
	END {
		low = top - 32 * 1024 * 1024
		if (found != top || data == 0 || data > low || low - data > 65536 || most == 0 || most > 32768) {
			printf "stack from %d (expected %d), data up to %d, largest frame %d\n", found, top, data, most
			exit 1
		}
	}' "$1" >&2 || die "the module is not laid out as sandbox.h says"
}

build() {
	local work=$1
	echo "compiling the PostgreSQL 18 grammar once (about a minute) ..." >&2
	wasm2c "$wasm" -o "$work/pgquery.c"
	check_layout "$work/pgquery.c"
	# Every function checks its stacks instead of counting its depth, see sandbox.h.
	sed -i -e '0,/^#define FUNC_PROLOGUE$/s//#define FUNC_PROLOGUE SANDBOX_PROLOGUE/' "$work/pgquery.c"
	grep -q '^#define FUNC_PROLOGUE SANDBOX_PROLOGUE$' "$work/pgquery.c" || die "no place for the stack check"
	# shellcheck disable=SC2086
	"$cc" $flags -std=gnu17 -include "$sandbox" -c "$work/pgquery.c" -o "$work/pgquery.o"
	ar rcsD "$work/libpgquery.a" "$work/pgquery.o"
}

key=$({ cat "$wasm" "$sandbox" "$runtime" "$0"; "$cc" --version; uname -m; wasm2c --version; echo "$flags"; } |
	sha256sum | cut -c1-24)
base=${BELAY_CACHE:-${HOME:?set HOME or BELAY_CACHE}/.cache/belay}
cache=$base/grammar-$key
mkdir -p "$cache" "$out"
cache=$(cd "$cache" && pwd)
if [ ! -f "$cache/libpgquery.a" ]; then
	work=$(mktemp -d "$cache/build.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	build "$work"
	# The library last: it is what says that the rest is there.
	mv "$work/pgquery.h" "$cache/pgquery.h"
	mv "$work/libpgquery.a" "$cache/libpgquery.a"
fi
ln -sfn "$cache/libpgquery.a" "$out/libpgquery.a"
ln -sfn "$cache/pgquery.h" "$out/pgquery.h"
