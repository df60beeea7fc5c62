#!/usr/bin/env bats
# belay.yml: what is wrong in it is underlined; and what is new since a commit.
load helper

wrong() { # wrong YAML TEXT…: exit 2, the place is shown, the texts are said
	file belay.yml <<<"$1"
	shift
	ends 2 belay check - <<<'SELECT 1'
	says "--> belay.yml:" "^" "$@"
}

@test "unknown keys and words: the nearest one, line and column underlined" {
	wrong $'dialect: postgres\nlayuot: plain' 'unknown key "layuot" in belay.yml' "Did you mean layout?" "belay.yml:2:1" "2 | layuot: plain"
	wrong $'rules:\n  drop-colum: off' 'there is no rule "drop-colum"' "Did you mean drop-column?" "belay.yml:2:3" "   ^^^^^^^^^^"
	wrong $'batches:\n  max_row: 5' 'unknown key "max_row" in batches' "Did you mean max_rows?"
	wrong $'batches:\n  max_rows: many' "wants a number from 1"
	wrong $'batches:\n  target_ms: 0' "a duration above 0"
	wrong $'batches:\n  pause_query: DELETE FROM t' "wants a SELECT"
	wrong $'rules:\n  drop-column: {severty: off}' 'unknown key "severty"' "Did you mean severity?" "belay.yml:2:17"
	wrong $'rules:\n  drop-column: {paths: [a]}' "drop-column wants a severity"
	wrong $'rules:\n  drop-column: loud' "a severity is off, info, warning or error" "belay.yml:2:16"
	wrong $'policies:\n  - forbid: [drop tabel]' '"drop tabel" is no operation' "Did you mean drop table?"
	wrong $'policies:\n  - naming: {tabel: x}' "Did you mean table?"
	wrong $'policies:\n  - naming: {table: "(["}' 'is no pattern'
	wrong $'policies:\n  - tabels: [a]' "Did you mean tables?"
	wrong $'policies:\n  - size: tiny\n    tables: [a]' "size is small or large"
	wrong $'policies:\n  - size: small' "wants the tables"
	wrong $'policies:\n  - columns: [load_id]' "wants a name and a type"
	wrong $'policies:\n  - columns: [load_id integer refrences load]' "is no column as PostgreSQL writes it" "belay.yml:2:"
	wrong $'policies:\n  - forbid_types: ["no (type"]' "is no type of PostgreSQL"
	wrong $'allow:\n  - {rule: drop-table}' "an allow wants a rule and a because"
	wrong $'allow:\n  - {rule: drop-tabel, because: x}' "Did you mean drop-table?"
	wrong $'allow:\n  - {rule: drop-table, because: x, until: soon}' '"soon" is not a date'
	wrong $'dialect: postgres\ndialect: sqlite' '"dialect" is there twice'
	wrong $'rules: [a' "cannot read the configuration"
	wrong $'ü: {ö: x' "belay.yml:"
}

@test "keys with nothing behind them are nothing" {
	printf 'rules:\nallow:\npolicies:\nenvironments:\n' >belay.yml
	ends 0 belay check --dialect postgres - <<<'SELECT 1'
}

@test "server_version: a version, not any number" {
	for v in 99999999999999999999 0 -1 15. 1.2.3.4 9999 fifteen 15,4; do
		file belay.yml <<<"server_version: $v"
		ends 2 belay check - <<<'SELECT 1'
		says "is not a server version" "15, 10.11, 3.40"
		rm belay.yml
		ends 2 belay check --server-version "$v" - <<<'SELECT 1'
	done
	for v in 15 15.4 10.11.6 10.11.6-MariaDB 8.0 3.45.1 18; do
		ends 0 belay check --dialect postgres --server-version "$v" - <<<'SELECT 1'
	done
}

@test "belay.yml that is no file: a folder, a pipe, a broken link" {
	mkdir belay.yml
	ends 2 belay check - <<<'SELECT 1'
	says 'cannot read "belay.yml"' "a folder"
	rmdir belay.yml && mkfifo belay.yml
	ends 2 timeout 10 "$BELAY" check - <<<'SELECT 1'
	says 'cannot read "belay.yml"' "not a file"
	rm belay.yml && mkfifo belay.yaml
	ends 2 timeout 10 "$BELAY" check - <<<'SELECT 1'
	rm belay.yaml && ln -s nowhere belay.yml
	ends 2 belay check - <<<'SELECT 1'
	rm belay.yml
	mkfifo pipe
	ends 2 timeout 10 "$BELAY" check --config pipe - <<<'SELECT 1'
	ends 2 belay check --config missing.yml - <<<'SELECT 1'
	says "missing.yml"
	run bash -c "'$BELAY' check --config <(sleep 0.2; echo 'dialect: postgres') - <<<'SELECT 1'"
	[ "$status" = 0 ]
}

commit() {
	git add -A && git -c user.name=a -c user.email=a@b commit -qm "$1"
}

changed() {
	run --separate-stderr belay check --dialect sqlite --since "$1" -o json
	json "sorted({f['file'] for f in d['findings']})" <<<"$output"
}

@test "--since: added, changed, renamed and untracked files against the merge base, odd names too" {
	shop
	git init -q -b main . && commit a
	git checkout -q -b work
	for n in 3 4 5; do file migrations/00${n}_x.sql <<<"DELETE FROM customers WHERE $n;"; done
	commit b
	# Meanwhile on main: not ours.
	git checkout -q main
	file migrations/009_main.sql <<<'DELETE FROM customers;'
	commit c
	git checkout -q work
	[ "$(changed main)" = "['migrations/003_x.sql', 'migrations/004_x.sql', 'migrations/005_x.sql']" ]
	git mv migrations/003_x.sql $'migrations/003_ä "q"\n.sql'
	sed -i 's/^ALTER TABLE customers ADD/DELETE FROM customers; &/' migrations/002_phone.sql
	file migrations/006_new.sql <<<'DELETE FROM customers;'
	rm migrations/005_x.sql
	[ "$(changed main | tr -d '\n' | grep -o '00[0-9]' | tr '\n' ' ')" = "002 003 004 006 " ]
	[ "$(changed HEAD | tr -d '\n' | grep -o '00[0-9]' | tr '\n' ' ')" = "002 003 006 " ]
	# Together with a path: both.
	run --separate-stderr belay check --dialect sqlite --since main migrations/004_x.sql migrations/001_customers.sql -o json
	[ "$(json "sorted({f['file'] for f in d['findings']})" <<<"$output")" = "['migrations/004_x.sql']" ]
	# From a subfolder of the repository, and not disturbed by a hook's variables.
	commit d && mkdir -p sub && git mv migrations sub/ && commit e
	run --separate-stderr env GIT_DIR=/nonexistent GIT_INDEX_FILE=/nonexistent "$BELAY" -C sub check --dialect sqlite --since HEAD~1 -o json
	[ "$status" != 2 ]
	[ "$(json "sorted({f['file'][:14] for f in d['findings']})" <<<"$output")" != "[]" ]
}

@test "--since: a new migration before one that was there is late" {
	shop
	git init -q -b main . && file migrations/009_main.sql <<<'CREATE INDEX customers_email ON customers (email);' && commit a
	git checkout -q -b work
	file migrations/004_late.sql <<<'CREATE TABLE a (id INTEGER PRIMARY KEY);'
	file migrations/010_next.sql <<<'CREATE TABLE b (id INTEGER PRIMARY KEY);'
	sed -i 's/^ALTER/\n&/' migrations/002_phone.sql
	late() { json "[(f['file'], f['severity']) for f in d['findings'] if f['rule'] == 'non-linear-history']"; }
	[ "$(belay check --dialect sqlite --since main -o json | late)" = "[('migrations/004_late.sql', 'info')]" ]
	[ "$(belay check --dialect sqlite migrations/004_late.sql -o json | late)" = "[]" ]
	for f in migrations/*.sql; do mv "$f" "${f%.sql}.up.sql"; done
	commit b
	file migrations/005_late.up.sql <<<'CREATE TABLE c (id INTEGER PRIMARY KEY);'
	belay check --dialect sqlite --layout golang-migrate --since HEAD -o json >out.json || true
	[ "$(late <out.json)" = "[('migrations/005_late.up.sql', 'warning')]" ]
	grep -q 'golang-migrate never runs it there' out.json
}

@test "--since: no repository, no such commit, no common history, no git" {
	shop
	ends 2 belay check --since main
	says "--since needs a git repository"
	git init -q -b main .
	ends 2 belay check --since main
	says 'git knows no commit "main" here'
	commit a
	ends 2 belay check --since no-such-ref
	says 'git knows no commit "no-such-ref" here' "a branch, tag or commit"
	ends 2 belay check --since --output
	git checkout -q --orphan other && commit b
	ends 2 belay check --since main
	says "have no commit in common"
	git clone -q --depth 1 "file://$PWD" ../shallow
	cd ../shallow
	ends 2 belay check --since main
	says "shallow clone" "fetch-depth: 0"
	cd "$BATS_TEST_TMPDIR"
	mkdir empty
	ends 2 env PATH="$PWD/empty" "$BELAY" check --since main
	says "git is not installed"
}

@test "--since leaves the repository as it was" {
	shop
	git init -q -b main . && commit a
	touch migrations/*.sql
	sum=$(find .git -type f -exec sha256sum {} + | sort)
	ends 0 belay check --dialect sqlite --since main
	[ "$sum" = "$(find .git -type f -exec sha256sum {} + | sort)" ]
}
