#!/usr/bin/env bats
# tests/clean/*.sql: migrations as experienced people write them. Fewer than one in a hundred may have a finding.
load helper

@test "clean migrations on three engines are silent at the default tier" {
	cd "$BATS_TEST_TMPDIR"
	python3 "$ROOT/tests/clean/run.py" "$BELAY" "$ROOT"/tests/clean/*.sql >out || { cat out >&2; false; }
	tail -1 out >&2
}
