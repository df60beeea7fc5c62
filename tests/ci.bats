#!/usr/bin/env bats
# docs/ci.md: what its jobs and hooks run is run here, as the services would.
load helper

# block WORD N: the N-th fenced block of that language in the page
block() {
	awk -v w="$1" -v n="$2" '$0 == "```" w { k++; if (k == n) { on = 1; next } } on && $0 == "```" { exit } on' "$ROOT/docs/ci.md"
}

# step NAME < workflow: the script of that step
step() {
	python3 -c '
import sys
lines = sys.stdin.read().split("\n")
at = next(i for i, l in enumerate(lines) if l.strip() == "- name: " + sys.argv[1])
run = next(i for i in range(at, len(lines)) if lines[i].strip() == "run: |")
indent = len(lines[run]) - len(lines[run].lstrip()) + 2
for l in lines[run + 1:]:
    if l.strip() and len(l) - len(l.lstrip()) < indent:
        break
    print(l[indent:])' "$1"
}

commit() {
	git add -A && git -c user.name=a -c user.email=a@b commit -qm "$1"
}

# A repository with a remote main, and a branch with one more migration.
repository() {
	mkdir origin && cd origin && git init -q -b main .
	shop
	echo 'dialect: sqlite' >belay.yml
	commit a
	cd .. && git clone -q origin work && cd work
	git checkout -q -b change
	file migrations/003_x.sql <<<$'-- UP\nDROP TABLE customers;\nCREATE TABLE customers (id INTEGER PRIMARY KEY);\n-- DOWN\nSELECT 1;'
	commit b
	mkdir ../bin && ln -s "$BELAY" ../bin/belay
	PATH=$(realpath ../bin):$PATH
}

@test "every YAML block of the page is YAML" {
	for n in 1 2 3 4 5; do
		block yaml $n >b.yml
		[ -s b.yml ]
		run belay check --config b.yml --dialect postgres - <<<'SELECT 1'
		says_not "cannot read the configuration"
	done
	# The last two are for belay itself.
	block yaml 4 >belay.yml && ends 0 belay check --dialect postgres - <<<'SELECT 1'
	block yaml 5 >belay.yml && ends 0 belay check --dialect postgres - <<<'SELECT 1'
}

@test "the GitHub job: annotations, SARIF, a summary, and a red check" {
	repository
	block yaml 1 | step check >check.sh
	block yaml 1 | step summary >summary.sh
	run env BASE=main GITHUB_STEP_SUMMARY="$PWD/summary" bash -e check.sh
	[ "$status" = 1 ]
	says "::error file=migrations/003_x.sql,line=2"
	[ "$(json "d['runs'][0]['results'][0]['locations'][0]['physicalLocation']['artifactLocation']['uri']" <belay.sarif)" = migrations/003_x.sql ]
	GITHUB_STEP_SUMMARY=$PWD/summary bash -e summary.sh
	grep -q '^### belay: 1 error' summary
	# Nothing new: green, and the files are there.
	git checkout -q main && rm belay.*
	git checkout -q . && BASE=main bash -e check.sh
	[ "$(json "d['runs'][0]['results']" <belay.sarif)" = "[]" ]
}

@test "the GitLab job: code quality and tests" {
	repository
	block yaml 2 | sed -n 's/^    - \(belay .*\)/\1/p' >script.sh
	[ "$(wc -l <script.sh)" = 1 ]
	run env CI_MERGE_REQUEST_DIFF_BASE_SHA="$(git rev-parse main)" bash -e script.sh
	[ "$status" = 1 ]
	says "error[drop-and-recreate]"
	[ "$(json "d[0]['location']['path']" <gl-code-quality-report.json)" = migrations/003_x.sql ]
	python3 -c 'import xml.etree.ElementTree as e; assert e.parse("belay.xml").getroot().get("failures") == "1"'
}

@test "the hooks: pre-commit's entry, and a plain one that stops a commit" {
	repository
	entry=$(block yaml 3 | sed -n 's/^ *entry: //p')
	[ -n "$entry" ]
	ends 0 bash -c "$entry"
	block sh 1 >.git/hooks/pre-commit
	chmod +x .git/hooks/pre-commit
	file migrations/004_y.sql <<<$'-- UP\nDROP TABLE customers; CREATE TABLE customers (id INTEGER);\n-- DOWN\nSELECT 1;'
	git add -A
	ends 1 git -c user.name=a -c user.email=a@b commit -qm c
	says "migrations/004_y.sql"
	ends 1 bash -c "$entry"
	file migrations/004_y.sql <<<$'-- UP\nCREATE TABLE shelves (id INTEGER PRIMARY KEY);\n-- DOWN\nDROP TABLE shelves;'
	git add -A
	ends 0 git -c user.name=a -c user.email=a@b commit -qm c
	# The very first commit has no HEAD.
	mkdir ../fresh && cd ../fresh && git init -q . && cp ../work/.git/hooks/pre-commit .git/hooks/
	shop
	git add -A
	ends 0 git -c user.name=a -c user.email=a@b commit -qm first
}

@test "the baseline of an old code base" {
	repository
	ends 1 belay check
	block sh 2 >baseline.sh
	bash -e baseline.sh
	ends 0 belay check
	says "nothing to report"
}

@test "what Vim is told fits the lines" {
	repository
	[[ $(block vim 1) == *'errorformat=%f:%l:%c:\ %t%*[^:]:\ %m'* ]]
	run --separate-stderr belay check -o gcc
	grep -qE '^[^:]+:[0-9]+:[0-9]+: [a-z]+: .+' <<<"$output"
}
