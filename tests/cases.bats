#!/usr/bin/env bats
# tests/cases/*.sql beside what belay says of them. `tests/cases/update.sh` writes the .want files anew.
load helper

@test "check and explain say what the golden files have" {
	cd "$ROOT/tests/cases"
	status=0
	for sql in *.sql; do
		want=${sql%.sql}.want
		BELAY=$BELAY ./update.sh --print "$sql" >"$BATS_TEST_TMPDIR/got" 2>&1
		diff -u "$want" "$BATS_TEST_TMPDIR/got" >&2 || status=1
	done
	[ "$status" = 0 ]
	[ "$(ls ./*.sql | wc -l)" -ge 8 ]
}
