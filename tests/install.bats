#!/usr/bin/env bats
# What make install brings, and another program that uses the library by its belay.pc.
load helper

@test "make install: program, library, header, belay.pc, manual page, completions; a program links" {
	build=${BELAY_BUILD:-$ROOT/build}
	DESTDIR=$PWD/root meson install -C "$build" --no-rebuild --quiet
	prefix=$(find root -name belay.h -printf '%h\n' | sed 's#/include$##')
	[ "$("$prefix/bin/belay" --version)" = "$(belay --version)" ]
	[ -s "$prefix/share/man/man1/belay.1" ]
	[ -s "$prefix/share/bash-completion/completions/belay.bash" ]
	[ -s "$prefix/share/zsh/site-functions/_belay" ]
	[ -s "$prefix/share/fish/vendor_completions.d/belay.fish" ]
	cat >uses.c <<'C'
#include <belay.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	static const char sql[] = "CREATE TABLE t (id bigint);\nALTER TABLE t ADD COLUM a int b;\n";
	struct belay *b = belay_new();
	int code = 1;

	if (belay_set(b, "dialect", "postgres") && belay_check_text(b, "uses.sql", sql, strlen(sql))) {
		puts(belay_result(b));
		code = belay_errors(b) == 1 ? 0 : 1;
	} else {
		puts(belay_error(b));
	}
	belay_free(b);
	return code;
}
C
	export PKG_CONFIG_PATH
	PKG_CONFIG_PATH=$(dirname "$(find "$PWD/root" -name belay.pc)") PKG_CONFIG_SYSROOT_DIR=$PWD/root
	export PKG_CONFIG_SYSROOT_DIR
	# The sysroot is for ours alone.
	flags=$(pkg-config --cflags --libs belay)
	# shellcheck disable=SC2086
	cc -o uses uses.c $flags
	run ./uses
	[ "$status" = 0 ]
	[ "$(json "d['belay']['schema']" <<<"$output")" = check/1 ]
	[ "$(json "d['findings'][0]['rule']" <<<"$output")" = syntax-error ]
	# The library never prints and never ends the program.
	! nm -u "$(find root -name libbelay.a)" 2>/dev/null | grep -wE ' (puts|printf|exit)$'
}
