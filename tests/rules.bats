#!/usr/bin/env bats
# Every rule's own examples: the unsafe one fires it, the safe one does not.
load helper

@test "every rule fires on its unsafe example and is silent on its safe one" {
	belay rules -o json >rules.json
	python3 - "$BELAY" <<'PY'
import json, subprocess, sys

rules = json.load(open("rules.json"))["rules"]
# About folders: bad_input.bats, config.bats and the last test here.
folder_rules = {"migration-folder", "irreversible", "non-linear-history"}
wrong, seen = [], 0

def fires(rule, sql):
    with open("belay.yml", "w") as f:
        f.write(rule["config"] or "")
    with open("base.sql", "w") as f:
        f.write(rule["setup"] or "")
    p = subprocess.run([sys.argv[1], "check", "-", "--dialect", rule["example_dialect"], "--select", "all",
                        *(["--server-version", rule["example_version"]] if "example_version" in rule else []),
                        *(["--base-schema", "base.sql"] if rule["setup"] else []),
                        "-o", "json"], input=sql, capture_output=True, text=True)
    if p.returncode not in (0, 1):
        return f"exit {p.returncode}: {p.stderr}"
    return rule["id"] in [f["rule"] for f in json.loads(p.stdout)["findings"]]

for r in rules:
    if r["id"] in folder_rules:
        continue
    seen += 1
    bad, good = fires(r, r["bad"]), fires(r, r["good"])
    if bad is not True:
        wrong.append(f"{r['id']}: silent on its unsafe example ({bad})")
    if good is not False:
        wrong.append(f"{r['id']}: fires on its safe example ({good})")
print(f"{seen} rules", *wrong, sep="\n", file=sys.stderr)
sys.exit(1 if wrong or seen < 30 else 0)
PY
}

@test "every rule has all its words, and a page" {
	belay rules -o json | json "[r['id'] for r in d['rules'] if not all(r[k] for k in ('says', 'why', 'doc'))]" >missing
	[ "$(cat missing)" = "[]" ] || { cat missing >&2; false; }
	for id in $(belay rules -o json | json "' '.join(r['id'] for r in d['rules'])"); do
		[ -s "$ROOT/docs/rules/$id.md" ]
	done
}

@test "irreversible fires on a migration without a down, when it is selected" {
	shop
	file migrations/003_one_way.sql <<<'DROP TABLE customers;'
	run --separate-stderr belay check --dialect sqlite --select irreversible -o json
	[ "$(json "[f['file'] for f in d['findings']]" <<<"$output")" = "['migrations/003_one_way.sql']" ]
}

@test "a replacement is found in the next file too, and locks are compared over files" {
	file migrations/001_orders.sql <<-'SQL'
	CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, day date);
	CREATE TABLE users (id bigint PRIMARY KEY);
	CREATE INDEX orders_customer ON orders (customer);
	SQL
	file migrations/002_drop.sql <<-'SQL'
	-- belay:no-transaction
	DROP INDEX CONCURRENTLY orders_customer;
	SQL
	file migrations/003_create.sql <<-'SQL'
	-- belay:no-transaction
	CREATE INDEX CONCURRENTLY orders_customer_day ON orders (customer, day);
	SQL
	file migrations/004_one_order.sql <<-'SQL'
	ALTER TABLE orders ADD COLUMN a text;
	ALTER TABLE users ADD COLUMN a text;
	SQL
	file migrations/005_the_other.sql <<-'SQL'
	ALTER TABLE users ADD COLUMN b text;
	ALTER TABLE orders ADD COLUMN b text;
	SQL
	run --separate-stderr belay check --dialect postgres -o json --select replace-index-gap --select lock-order
	[ "$(json "[(f['rule'], f['file']) for f in d['findings']]" <<<"$output")" = \
		"[('replace-index-gap', 'migrations/003_create.sql'), ('lock-order', 'migrations/005_the_other.sql')]" ]
}

@test "what a migration without a transaction has just made is new" {
	file migrations/001_users.sql <<<'CREATE TABLE users (id bigint PRIMARY KEY);'
	file migrations/002_orders.sql <<-'SQL'
	-- belay:no-transaction
	CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);
	CREATE INDEX orders_customer ON orders (customer);
	ALTER TABLE orders ADD COLUMN day date NOT NULL;
	ALTER TABLE users ADD COLUMN day date NOT NULL;
	SQL
	run --separate-stderr belay check --dialect postgres -o json
	[ "$(json "[(f['rule'], f['line']) for f in d['findings']]" <<<"$output")" = "[('add-column-required', 5)]" ]
}

@test "what was seen of the examples on a server is of today's examples" {
	local engine table
	for engine in postgres mariadb; do
		[ "$engine" = postgres ] && table=effects/postgres/rules.txt || table=mysql/rules.txt
		"$ROOT/tools/rule-examples.py" "$BELAY" "$engine" | grep -v '^$' >now
		grep -v -e '^$' -e '^    ' "$ROOT/tests/oracle/$table" >then
		diff then now || { echo 'make rule-examples docs' >&2; false; }
	done
}
