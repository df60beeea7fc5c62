#!/usr/bin/env python3
"""rule-examples.py BELAY postgres|mariadb - the statements of the rules' examples, for the oracle of effects.

Prints tests/oracle/effects/postgres/rules.txt or tests/oracle/mysql/rules.txt without its facts: one section per
state of the database. `make rule-examples` lets the oracle fill in what a server was seen doing; tools/docs.py
shows that on the rule's page.
"""
import json
import re
import subprocess
import sys

# What a plain server wants first; extensions are played by something that behaves alike.
ROLE = "DO $$ BEGIN CREATE ROLE {0}; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
BEFORE = {
    "dml-in-schema-migration": ["CREATE TABLE users (id bigint PRIMARY KEY, plan text)"],
    "grant-wide": [ROLE.format("shop")],
    "rls-no-policy": ["CREATE TABLE notes (id bigint PRIMARY KEY, author text)"],
    "spatial-without-index": ["CREATE DOMAIN geometry AS point"],
    "managed-parent": [
        "CREATE SCHEMA partman",
        "CREATE FUNCTION partman.create_parent(text, text, text) RETURNS void LANGUAGE sql AS ''",
        "CREATE FUNCTION partman.run_maintenance(text) RETURNS void LANGUAGE sql AS ''",
    ],
}
# Rows, where the server does not look without.
ROWS = {
    "add-column-inline-fk": ["INSERT INTO regions VALUES (1)", "INSERT INTO orders VALUES (1)"],
    "add-fk-validated": ["INSERT INTO users VALUES (1)", "INSERT INTO orders VALUES (1, 1)"],
}
# Not run: no such extension, access method or tablespace here; about the text alone; or about MySQL alone.
NOT_RUN = {"instant-redo-flaw", "index-vector-params", "set-access-method", "set-tablespace", "syntax-error", "history-replay"}
# Not compared: what the server does hangs on a plan, on what is there to be found, or on chance.
NOT_COMPARED = ("DELETE FROM users WHERE id < 0", "RELEASE ", "DO $$ DECLARE t text; BEGIN SELECT relname", "DROP DATABASE")
# The servers that the examples are run on: how belay is told, whose examples, which statements of a section.
ENGINES = {
    "postgres": {"dialects": ("postgres",), "server": ["--dialect", "postgres", "--server-version", "18"], "title": " @18-"},
    "mariadb": {"dialects": ("mysql", "mariadb"), "server": ["--dialect", "mariadb", "--server-version", "10.11"], "title": ""},
}
SESSION = ("SET", "RESET", "BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "SAVEPOINT")


def split(belay, sql, server):
    """Statements as belay splits them, each on one line."""
    p = subprocess.run([belay, "explain", "-", *server, "-o", "json"], input=sql, capture_output=True, text=True)
    if p.returncode != 0:
        return None
    out = []
    for s in json.loads(p.stdout)["statements"]:
        text = re.sub(r"(?m)^\s*--.*$", "", s["sql"]).strip().rstrip(";")
        out.append(" ".join(text.split()))
    return out


def runs(statements):
    """What is observed: (statements before it in its transaction, statement); the rest moves the setup on."""
    block, open_, out, done = [], False, [], []
    for text in statements:
        word = text.upper()
        if word.startswith(("BEGIN", "START TRANSACTION")):
            block, open_ = [], True
        elif word.startswith(("COMMIT", "END", "ROLLBACK")):
            done += block
            open_ = False
        elif word.startswith(("SET", "RESET")) and not open_:
            continue
        elif open_:
            if not word.startswith(SESSION):
                out.append((list(done), list(block), text))
            block.append(text)
        else:
            out.append((list(done), [], text))
            if not word.startswith(("VACUUM", "CREATE DATABASE", "DROP DATABASE", "ALTER SYSTEM")):
                done.append(re.sub(" CONCURRENTLY", "", text, flags=re.I))  # a setup is one message
    return out


def examples(belay, rules, engine):
    """(rule's id, side, setup, context, statement) of everything that is observed, in order."""
    server = ENGINES[engine]["server"]
    for r in rules:
        if r["example_dialect"] not in ENGINES[engine]["dialects"] or r["id"] in NOT_RUN:
            continue
        setup = split(belay, r["setup"] or "", server)
        for side in ("bad", "good"):
            found = split(belay, r[side], server)
            for done, block, text in runs(found) if found and setup is not None else []:
                if not text.startswith(NOT_COMPARED):
                    yield r["id"], side, BEFORE.get(r["id"], []) + setup + ROWS.get(r["id"], []) + done, block, text


def main(belay, engine):
    rules = json.loads(subprocess.run([belay, "rules", "-o", "json"], check=True, capture_output=True, text=True).stdout)
    sections = {}
    for rule, _, setup, context, text in examples(belay, rules["rules"], engine):
        s = sections.setdefault("".join(line + ";\n" for line in setup), {"rules": [], "cases": []})
        if rule not in s["rules"]:
            s["rules"].append(rule)
        if (context, text) not in s["cases"]:
            s["cases"].append((context, text))
    print("# The examples of the rules: what the rules' pages show as observed. Made by `make rule-examples`.")
    for setup, s in sections.items():
        more = len(s["rules"]) - 3
        names = ", ".join(s["rules"][:3]) + (f" and {more} more" if more > 0 else "")
        print(f"\n=== {names}{ENGINES[engine]['title']}\n{{\n{setup}}}\n")
        for context, text in s["cases"]:
            print("".join(f"| {c};\n" for c in context) + text + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
