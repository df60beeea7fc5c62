#!/usr/bin/env bats
# The command line itself: help, versions, colours, JSON, completions, the pages made from its tables.
load helper

commands() {
	belay --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "--version" {
	ends 0 belay --version
	[[ $output =~ ^belay\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "no command: the list, exit 2" {
	ends 2 belay
	says "usage: belay COMMAND" "check" "rehearse"
}

@test "--help of every command has its usage and an example" {
	[ "$(commands | wc -l)" -ge 17 ]
	for c in $(commands); do
		ends 0 belay "$c" --help
		says "usage: belay $c" "Example:" "  belay $c"
		[ -n "$(sed -n '/^Example:/{n;p}' <<<"$output")" ]
	done
}

@test "every example of --help is understood" {
	shop
	echo 'dialect: sqlite' >belay.yml
	git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm a && git branch -M main
	file migrations/003_x.sql <<<$'-- UP\nCREATE TABLE users (id INTEGER);\n-- DOWN\nDROP TABLE users;'
	for c in $(commands); do
		example=$(belay "$c" --help | sed -n '/^Example:/{n;s/^ *//;p}')
		run bash -c "PATH=$(dirname "$BELAY"):\$PATH; $example" </dev/null
		# An example cannot know the name of an archive.
		[ "$c" != restore ] || [[ $output != *"there is no archive"* ]] || continue
		case $status in 0 | 1 | 3 | 5 | 6) ;; *) says "(example of $c: $example)" ;; esac
	done
}

@test "a mistyped command suggests the right one" {
	ends 2 belay chekc
	says 'there is no command "chekc"' "Did you mean belay check?"
}

@test "a mistyped option suggests the right one" {
	ends 2 belay check --dialct postgres
	says "unknown option" "Did you mean --dialect?"
}

@test "a mistyped rule, dialect, output format or severity is exit 2" {
	ends 2 belay check --select drop-colum - <<<'SELECT 1'
	says "Did you mean drop-column?"
	ends 2 belay check --dialect oracle - <<<'SELECT 1'
	says "oracle" "postgres, mysql, mariadb"
	ends 2 belay check --server-version new - <<<'SELECT 1'
	ends 2 belay check -o yaml - <<<'SELECT 1'
	says "yaml" "text, json, sarif"
	ends 2 belay check --fail-on disaster - <<<'SELECT 1'
	ends 2 belay rules no-such-rule-at-all
}

@test "missing and superfluous arguments are exit 2" {
	ends 2 belay goto
	says "belay goto wants ID"
	ends 2 belay status 3
	ends 2 belay check --dialect
	ends 2 belay -C /nonexistent check
}

@test "exit codes of check: findings, --fail-on, nothing" {
	sql='CREATE TABLE t (id bigint PRIMARY KEY, a text); DROP TABLE t;'
	dangerous='CREATE INDEX CONCURRENTLY i ON t (a); BEGIN; CREATE INDEX CONCURRENTLY j ON t (a); COMMIT;'
	ends 0 belay check --dialect postgres - <<<'CREATE TABLE t (id bigint PRIMARY KEY)'
	ends 1 belay check --dialect postgres - <<<"$dangerous"
	ends 0 belay check --dialect postgres --fail-on never - <<<"$dangerous"
	ends 0 belay check --dialect postgres - <<<'UPDATE t SET a = 1'
	ends 1 belay check --dialect postgres --fail-on warning - <<<'UPDATE t SET a = 1'
	ends 0 belay check --dialect postgres --fail-on warning --ignore update-no-where - <<<'UPDATE t SET a = 1'
	ends 1 belay check --dialect postgres --fail-on warning --select update-no-where - <<<'UPDATE t SET a = 1'
}

@test "-o json is one valid document, on standard output alone" {
	shop
	for args in "check" "graph" "rules" "rules drop-column" "explain -e 'DROP TABLE t'" \
		"check --dialect postgres"; do
		run --separate-stderr bash -c "'$BELAY' $args -o json"
		[ "$(json "'schema' in d['belay'] and d['belay']['version']" <<<"$output")" != False ] ||
			says "(valid JSON of $args)"
	done
	belay up --db sqlite:app.db
	run --separate-stderr belay status --db sqlite:app.db -o json
	[ "$(json "d['belay']['schema']" <<<"$output")" = status/1 ]
	[ "$(json "len(d['migrations'])" <<<"$output")" = 2 ]
	run --separate-stderr belay rehearse -o json --dialect sqlite
	[ "$(json "d['belay']['schema']" <<<"$output")" = rehearse/1 ]
	[ "$(json "d['summary']['ok']" <<<"$output")" = True ]
	run --separate-stderr belay review -o json --dialect sqlite
	[ "$(json "d['belay']['schema']" <<<"$output")" = review/1 ]
}

@test "with -o json an error is a document too" {
	run --separate-stderr belay check -o json --layout nonsense
	[ "$status" = 2 ]
	[ "$(json "d['error']['code']" <<<"$output")" = input ]
	[ -n "$stderr" ]
}

@test "the same input gives the same bytes" {
	for _ in 1 2 3; do
		belay check --dialect postgres -o json "$ROOT"/tests/cases/*.sql | sha256sum
	done >sums || true
	[ "$(sort -u sums | wc -l)" = 1 ]
}

@test "-o json=FILE writes a file, text still goes to standard output" {
	run --separate-stderr belay check --dialect postgres -o text -o json=out.json - <<<'UPDATE t SET a = 1;'
	says "update-no-where"
	[ "$(json "d['summary']['warnings']" <out.json)" = 1 ]
}

@test "colours only on a terminal, and not with NO_COLOR or --no-color" {
	coloured() { python3 -c '
import os, pty, sys
out = b""
def read(fd):
    global out
    data = os.read(fd, 65536)
    out += data
    return b""
pty.spawn(sys.argv[1:], read)
sys.exit(0 if b"\x1b[" in out else 1)' "$@" </dev/null; }
	echo 'UPDATE t SET a = 1;' >a.sql
	coloured "$BELAY" check --dialect postgres a.sql
	! coloured env NO_COLOR=1 "$BELAY" check --dialect postgres a.sql
	! coloured "$BELAY" check --no-color --dialect postgres a.sql
	! coloured env TERM=dumb "$BELAY" check --dialect postgres a.sql
	run belay check --dialect postgres a.sql
	says_not $'\033'
}

@test "completions are valid and know every command" {
	belay completions bash >c.bash
	bash -n c.bash
	for c in $(commands); do grep -qw "$c" c.bash; done
	belay completions zsh | grep -q '^#compdef belay'
	[ "$(belay completions fish | grep -c '^complete -c belay')" -gt 20 ]
	ends 2 belay completions tcsh
	bash -c 'source ./c.bash; COMP_WORDS=(belay reh); COMP_CWORD=1; _belay; [ "${COMPREPLY[0]}" = rehearse ]'
}

@test "check reads what it is given: files, folders, standard input" {
	echo 'UPDATE t SET a = 1;' >a.sql
	mkdir more && cp a.sql more/b.sql
	run --separate-stderr belay check --dialect postgres -o json a.sql more - <<<'DELETE FROM t;'
	[ "$(json "sorted(f['file'] for f in d['findings'])" <<<"$output")" = "['-', 'a.sql', 'more/b.sql']" ]
}

@test "--since reports only what changed" {
	shop
	echo 'dialect: sqlite' >belay.yml
	git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm a
	file migrations/003_clear.sql <<<$'-- UP\nDELETE FROM customers;\n-- DOWN\nSELECT 1;'
	sed -i 's/^ALTER TABLE customers ADD/DELETE FROM customers; ALTER TABLE customers ADD/' migrations/002_phone.sql
	git add -A && git -c user.name=a -c user.email=a@b commit -qm b
	run --separate-stderr belay check --dialect sqlite --since HEAD~1 -o json
	[ "$(json "sorted({f['file'] for f in d['findings']})" <<<"$output")" = "['migrations/002_phone.sql', 'migrations/003_clear.sql']" ]
	run --separate-stderr belay check --dialect sqlite --since HEAD -o json
	[ "$(json "d['findings']" <<<"$output")" = "[]" ]
	ends 2 belay check --since no-such-ref
	says "no-such-ref"
}

@test "allow directives silence with a reason, and are a finding when unused" {
	run --separate-stderr belay check --dialect sqlite -o json - <<'SQL'
-- belay:allow update-no-where because "three rows"
UPDATE t SET a = 1;
-- belay:allow drop-table because "there is none"
SELECT 1;
SQL
	[ "$(json "[f['rule'] for f in d['findings']]" <<<"$output")" = "['unused-ignore']" ]
}

@test "docs/belay.1 and docs/rules are what make docs writes" {
	mkdir docs
	"$ROOT/tools/docs.py" "$BELAY" docs
	diff -r -x README.md -x meson.build -x '*.bats' docs/rules "$ROOT/docs/rules"
	diff docs/belay.1 "$ROOT/docs/belay.1"
	man --warnings=w -l docs/belay.1 >/dev/null 2>warnings
	[ ! -s warnings ] || { cat warnings >&2; false; }
}

@test "where nothing shows the dialect, belay says which one it took" {
	run --separate-stderr belay check - -o json <<<'DROP TABLE t;'
	[ "$(json "(d['dialect'], d['dialect_assumed'])" <<<"$output")" = "('postgres', True)" ]
	[[ $stderr == *"read as postgres (--dialect says it)"* ]]
	run --separate-stderr belay check --dialect mysql - -o json <<<'DROP TABLE t;'
	[ "$(json "d['dialect_assumed']" <<<"$output")" = False ] && [ -z "$stderr" ]
	run --separate-stderr belay check --quiet - <<<'DROP TABLE t;'
	[ -z "$stderr" ]
}

@test "the safe form of a very wide table is not all of a report" {
	{
		printf 'CREATE TABLE t (id INTEGER PRIMARY KEY'
		for i in {1..2000}; do printf ", c%d TEXT NOT NULL DEFAULT ''" "$i"; done
		printf '); INSERT INTO t (id) VALUES (1); ALTER TABLE t ADD COLUMN x TEXT NOT NULL;'
	} >wide.sql
	run --separate-stderr belay check --dialect sqlite wide.sql -o json
	[ "$(json "[len(f['safe']) < 4200 and 'belay fix' in f['safe'] for f in d['findings'] if f['rule'] == 'add-column-required']" <<<"$output")" = "[True]" ]
}
