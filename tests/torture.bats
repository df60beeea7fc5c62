#!/usr/bin/env bats
# A sample of `make torture`: the runner is killed, cut off and starved at some of its points.
load helper

@test "torture, a sample: one plain re-run finishes, and everything is done once" {
	run "$ROOT/tests/torture/torture.py" --layouts 1 --sample 60 --jobs 2
	[ "$status" = 0 ] && [[ ${lines[-1]} == '60 runs, 0 failed' ]] || {
		echo "$output" >&2
		return 1
	}
}
