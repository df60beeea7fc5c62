#!/usr/bin/env bats
# The formats of check, as the programs that read them see them.
load helper

# A small history with an error, warnings, a note to itself and something that cannot be read.
sample() {
	file 'migrations/001_a b,c:d.sql' <<'SQL'
CREATE TABLE t (id bigint PRIMARY KEY, a text);
SQL
	file migrations/002_x.sql <<'SQL'
ALTER TABLE t ADD COLUMN "ü<b>'""" int NOT NULL;
UPDATE t
   SET a = 'x';
DO $$ BEGIN EXECUTE 'DROP TABLE ' || current_user; END $$;
DROP TABLE t;
SQL
	echo 'dialect: postgres' >belay.yml
}

validated() { # validated FILE…: SARIF against the published schema
	[ -d "$ROOT/tests/npm/node_modules/ajv" ] || skip "tests/npm is not installed (tools/npm.sh tests/npm)"
	NODE_PATH=$ROOT/tests/npm/node_modules node - "$@" <<'JS'
const fs = require('fs')
const Ajv = require('ajv')
const ajv = new Ajv({ schemaId: 'auto', allErrors: true, unknownFormats: 'ignore' })
ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'))
const schema = require.resolve('@microsoft/jest-sarif').replace(/lib\/.*/, 'lib/schemas/sarif-2.1.0-rtm.5.json')
const valid = ajv.compile(JSON.parse(fs.readFileSync(schema)))
for (const file of process.argv.slice(2)) {
	if (valid(JSON.parse(fs.readFileSync(file)))) continue
	console.error(file, valid.errors)
	process.exit(1)
}
JS
}

@test "SARIF is valid against the schema of 2.1.0, with findings and without" {
	sample
	belay check -o sarif >some.sarif || true
	belay check -o sarif --select truncate >none.sarif
	belay check - --dialect sqlite -o sarif <<<'DROP TABLE t' >stdin.sarif || true
	(cd / && belay -C "$BATS_TEST_TMPDIR" check -o sarif) >elsewhere.sarif || true
	validated some.sarif none.sarif stdin.sarif elsewhere.sarif
}

@test "SARIF: places, levels, rules, fingerprints" {
	sample
	belay check -o json >check.json || true
	belay check -o sarif | python3 -c '
import json, sys
run = json.load(sys.stdin)["runs"][0]
want = json.load(open("check.json"))["findings"]
rules = run["tool"]["driver"]["rules"]
assert len({r["id"] for r in rules}) == len(rules)
assert len(run["results"]) == len(want) > 3
for r, w in zip(run["results"], want):
    assert rules[r["ruleIndex"]]["id"] == r["ruleId"] == w["rule"]
    assert r["level"] == {"info": "note"}.get(w["severity"], w["severity"])
    region = r["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (w["line"], w["column"])
    assert (region["endLine"], region["endColumn"]) == (w["end_line"], w["end_column"] + 1)
    assert r["partialFingerprints"]["belay/v1"] == w["fingerprint"]
'
}

@test "JUnit XML parses; what fails the run fails there" {
	sample
	belay check -o junit >j.xml || true
	belay check -o junit --fail-on warning >w.xml || true
	belay check -o junit --fail-on never >n.xml
	python3 - <<'PY'
import xml.etree.ElementTree as ET
def counts(path):
    root = ET.parse(path).getroot()
    cases, failures = root.findall("testsuite/testcase"), root.findall("testsuite/testcase/failure")
    assert int(root.get("tests")) == len(cases) == sum(int(s.get("tests")) for s in root)
    assert int(root.get("failures")) == len(failures) == sum(int(s.get("failures")) for s in root)
    assert {s.get("name") for s in root} == {"migrations/001_a b,c:d.sql", "migrations/002_x.sql"}
    return len(cases), len(failures)
j, w, n = counts("j.xml"), counts("w.xml"), counts("n.xml")
assert j[0] == w[0] == n[0]
assert n[1] == 0 < j[1] < w[1] == w[0] - 1, (j, w, n)
PY
}

@test "GitHub annotations: one command a line, properties escaped" {
	sample
	mv migrations/002_x.sql 'migrations/002_a,b:c%.sql'
	run --separate-stderr belay check -o github
	[ "$status" = 1 ]
	[ "$(grep -vcE '^::(error|warning|notice) file=migrations/002_a%2Cb%3Ac%25\.sql,line=[0-9]+,endLine=[0-9]+,(col=[0-9]+,endColumn=[0-9]+,)?title=belay%3A [a-z-]+::.' <<<"$output")" = 0 ]
	[ "$(wc -l <<<"$output")" -ge 4 ]
}

@test "GitLab code quality: the fields it asks for, fingerprints unique" {
	sample
	# The same statement twice is two findings.
	echo 'UPDATE t SET a = 1; UPDATE t SET a = 1;' | belay check - --dialect postgres -o gitlab >twice.json
	[ "$(json "len({f['fingerprint'] for f in d}) == len(d) == 2" <twice.json)" = True ]
	belay check -o gitlab >g.json || true
	[ "$(json "all(set(f) == {'description', 'check_name', 'fingerprint', 'severity', 'location'} for f in d)" <g.json)" = True ]
	[ "$(json "{f['severity'] for f in d} <= {'info', 'minor', 'major', 'critical', 'blocker'}" <g.json)" = True ]
	[ "$(json "d[0]['location']['path']" <g.json)" = migrations/002_x.sql ]
}

@test "gcc lines: what editors' error formats take apart" {
	sample
	run --separate-stderr belay check -o gcc
	[ "$(grep -vcE '^migrations/002_x\.sql:[0-9]+:[0-9]+: (error|warning|note): .+ \[[a-z0-9-]+\]$' <<<"$output")" = 0 ]
	grep -q ':1:15: error: .*\[add-column-required\]$' <<<"$output"
}

@test "Markdown: finding, why, safe version; a review too" {
	sample
	run --separate-stderr belay check -o markdown
	says '### belay: 2 errors' '**Why:**' '**Safe version:**' 'rule `add-column-required`' '```sql' 'could not be read'
	says_not $'\033'
	shop
	rm migrations/00*_[ax]*.sql
	run --separate-stderr belay review --dialect sqlite -o markdown
	says '## belay: ' '### Rehearsal' '### belay: '
}

@test "several formats in one run, files written whole or not at all" {
	sample
	run --separate-stderr belay check -o text -o sarif=out.sarif -o junit=out.xml -o gitlab=gl.json -o json=out.json
	[ "$status" = 1 ]
	says "error[add-column-required]"
	[ "$(json "d['version']" <out.sarif)" = 2.1.0 ]
	[ "$(json "d['summary']['errors']" <out.json)" = 2 ]
	[ -s out.xml ] && [ -s gl.json ]
	[ -z "$(find . -name 'out.*.??????')" ]
	ends 2 belay check -o sarif=missing/folder/out.sarif
	says "missing/folder/out.sarif"
	ends 2 belay check -o json -o sarif
	says "only one output can go to standard output"
}

@test "an output that is no file is written into, never replaced" {
	sample
	mkfifo pipe
	cat pipe >got &
	run --separate-stderr belay check -o text -o json=pipe
	wait
	[ -p pipe ]
	[ "$(json "d['summary']['errors']" <got)" = 2 ]
	run bash -c "'$BELAY' check -o json=/dev/stdout -q | cat"
	[ "$(json "d['summary']['errors']" <<<"$output")" = 2 ]
	echo old >target && ln -s target link
	belay check -o json=link || true
	[ -L link ]
	[ "$(json "d['summary']['errors']" <target)" = 2 ]
}

@test "an unknown format suggests the nearest; a command that has no such format says which it has" {
	ends 2 belay check -o sarfi - <<<'SELECT 1'
	says 'there is no output format "sarfi"' "Did you mean sarif?" "junit"
	ends 2 belay explain -o junit -e 'SELECT 1'
	says 'belay explain has no output format "junit"' "text, json and html"
	ends 2 belay graph -o sarif
	ends 0 belay check --help
	says "Output formats:" "JUnit XML"
}

@test "files are named from where belay was started" {
	mkdir -p services/db && cd services/db && sample && cd ../..
	run --separate-stderr belay -C services/db check -o gcc
	says "services/db/migrations/002_x.sql:1:15: error"
	run --separate-stderr belay -C services/db check -o json
	[ "$(json "d['findings'][0]['file']" <<<"$output")" = migrations/002_x.sql ]
}

@test "HTML: pages that load nothing, and in which names of files are text" {
	sample
	belay check -o html=check.html || true
	belay explain migrations/002_x.sql -o html >explain.html
	belay review --dialect postgres --since HEAD -o html=review.html || true
	file 'migrations/003_<script>alert(1)<script>.sql' <<<'DROP TABLE "<img src=x>";'
	belay check -o html >hostile.html || true
	python3 - check.html explain.html hostile.html <<'PY'
import sys
from html.parser import HTMLParser

class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""
    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "link", "b<", "iframe"), tag
        assert not any(k.startswith("on") or k in ("src", "href") for k, _ in attrs), attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        self.text += data

for name in sys.argv[1:]:
    page = Page()
    page.feed(open(name, encoding="utf-8").read())
    assert not page.open, page.open
    assert "ADD COLUMN" in page.text, name
assert "<img src=x>" in page.text and "<script>alert(1)<script>" in page.text
PY
	grep -q 'class="c all"' explain.html
}
