#!/usr/bin/env bats
# tests/folders/: whole folders of migrations as tools lay them out. Careful ones are silent, and each hazard, in the
# disguise that it has in practice, is found by the rule that is its own.
load helper

@test "careful folders of migrations are silent at the default tier" {
	cd "$BATS_TEST_TMPDIR"
	python3 "$ROOT/tests/folders/run.py" "$BELAY" clean "$ROOT"/tests/folders/clean-*.txt >out || { cat out >&2; false; }
	tail -1 out >&2
}

@test "hazards in disguise are found" {
	cd "$BATS_TEST_TMPDIR"
	for engine in postgres mysql sqlite; do
		python3 "$ROOT/tests/folders/run.py" "$BELAY" hazards "$ROOT/tests/folders/hazards-$engine.txt" >out || { cat out >&2; false; }
		tail -1 out >&2
	done
}
