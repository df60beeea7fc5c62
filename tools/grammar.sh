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
fast=$here/src/engine/postgres/grammar/sandbox_fast.h
runtime=$(dirname "$(command -v wasm2c || echo /usr/bin/wasm2c)")/../include/wasm-rt.h
cc=${BELAY_GRAMMAR_CC:-gcc}
flags="-O3 -D_GNU_SOURCE -fPIC -ftls-model=initial-exec -w -fno-strict-aliasing -fwrapv"

die() { echo "grammar.sh: $*" >&2; exit 2; }

[ -f "$wasm" ] || die "$wasm is missing: run 'make deps' first"
command -v wasm2c >/dev/null || die "wasm2c is missing: install wabt"
[ -f "$runtime" ] || runtime=/usr/include/wasm-rt.h
[ -f "$runtime" ] || die "wasm-rt.h is missing: install wabt"

# sandbox.h knows where the module keeps its own stack. That is checked, not hoped for.
check_layout() {
	awk -v top="$(awk '/^#define SANDBOX_STACK_TOP/ { print $3 + 0 }' "$sandbox")" -v slack=1048576 '
	/^  instance->w2c_g0 = [0-9]+u;$/ && !seen { seen = 1; found = $3 + 0 }
	match($0, /_(load|store)[0-9_su]*\(&instance->w2c_z, \(u64\)\([a-z0-9_]*\) \+ [0-9]+/) {
		n = substr($0, RSTART, RLENGTH); sub(/.* /, "", n); if (n + 8 > far) far = n + 8
	}
	/LOAD_DATA\(instance->w2c_z, [0-9]+u,/ { split($0, f, /, /); if (f[2] + f[4] + 0 > data) data = f[2] + f[4] + 0 }
	frame == 1 && /^  w2c_i1 = [0-9]+u;$/ { frame = 2; n = $3 + 0; next }
	frame == 2 && /^  w2c_i0 -= w2c_i1;$/ { if (n > most) most = n }
	{ frame = /^  w2c_i0 = instance->w2c_g0;$/ ? 1 : 0 }
	END {
		low = top - 32 * 1024 * 1024
		if (found != top || data == 0 || data > low || low - data > 65536 || most == 0 || most > 32768 || far == 0 || far > slack) {
			printf "stack from %d (expected %d), data up to %d, largest frame %d, largest offset %d\n", found, top, data, most, far
			exit 1
		}
	}' "$1" >&2 || die "the module is not laid out as sandbox.h says"
}

# The functions that sandbox_fast.h replaces, as wasm2c writes them.
replaced='26 30 34 38 44'
replaced_sum=9a0806cb8c1766de99224d4349ed010a5bbc0f64a9664aa229d64b081e93d037

function_text() {
	for i in $replaced; do
		awk -v head="^static [a-z0-9]+ w2c_f$i[(]Z_libpgZ2Dquery_instance_t[*] instance," '
		$0 ~ head { on = 1 }
		on { print }
		on && /^}/ { exit }' "$1"
	done
}

# Accesses go straight into the module's region; some functions are our own.
adapt() {
	local i code=$1
	# Every function checks its stacks instead of counting its depth, see sandbox.h.
	sed -i -e '0,/^#define FUNC_PROLOGUE$/s//#define FUNC_PROLOGUE SANDBOX_PROLOGUE/' \
		-e '/^#define DEFINE_LOAD(/,/^  }$/{/MEMCHECK\|wasm_asm/d;s/&mem->data\[addr\]/SANDBOX_AT(mem, addr)/}' \
		-e '/^#define DEFINE_STORE(/,/^  }$/{/MEMCHECK/d;s/&mem->data\[addr\]/SANDBOX_AT(mem, addr)/}' \
		"$code"
	grep -q '^#define FUNC_PROLOGUE SANDBOX_PROLOGUE$' "$code" || die "no place for the stack check"
	[ "$(grep -c 'SANDBOX_AT(mem, addr)' "$code")" = 2 ] || die "loads and stores are not where they were"
	if [ "$(function_text "$code" | sha256sum | cut -d' ' -f1)" != "$replaced_sum" ]; then
		echo "another wasm2c: building the grammar without sandbox_fast.h" >&2
		return
	fi
	for i in $replaced; do
		sed -i -E "s/^(static [a-z0-9]+ )w2c_f$i([(]Z_libpgZ2Dquery_instance_t[*] instance,)/\1module_f$i\2/" "$code"
	done
	printf '#include "%s"\n' "$fast" >> "$code"
}

build() {
	local work=$1
	echo "compiling the PostgreSQL 18 grammar once (about a minute) ..." >&2
	wasm2c "$wasm" -o "$work/pgquery.c"
	check_layout "$work/pgquery.c"
	adapt "$work/pgquery.c"
	# shellcheck disable=SC2086
	"$cc" $flags -std=gnu17 -include "$sandbox" -c "$work/pgquery.c" -o "$work/pgquery.o"
	ar rcsD "$work/libpgquery.a" "$work/pgquery.o"
}

key=$({ cat "$wasm" "$sandbox" "$fast" "$runtime" "$0"; "$cc" --version; uname -m; wasm2c --version; echo "$flags"; } |
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
