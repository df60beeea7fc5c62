#!/usr/bin/env python3
"""facts.py TEST LIBRARY... - writes the facts of facts_*.txt anew, as these libraries (tools/sqlite.sh
prints their paths) and the linked one do them. TEST is build/test-oracle-sqlite-facts. Review the
difference like code: the table says what SQLite does, not what belay foresees."""
import concurrent.futures
import os
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def watched(test, library):
    """(minor version, {(file, line): facts})"""
    env = dict(os.environ, BELAY_FACTS_PRINT="1")
    if library:
        env["BELAY_SQLITE"] = library
    out = subprocess.run([test], env=env, capture_output=True, text=True,
                         cwd=os.path.dirname(os.path.abspath(test))).stdout
    version = re.search(r"# SQLite 3\.(\d+)\.", out)
    facts = re.findall(r"^(facts_\w+\.txt):(\d+)\t(.*)$", out, re.M)
    if not version:
        sys.exit("%s: %s" % (library, out))
    return int(version[1]), {(f, int(n)): line for f, n, line in facts}


def lines_of(runs, key):
    """The facts, and from which version on they are others."""
    out, last = [], None
    for minor, facts in runs:
        if facts[key] != last:
            out.append("    %s%s" % ("3.%d " % minor if out else "", facts[key]))
        last = facts[key]
    return out


def rewrite(name, runs):
    path = os.path.join(FOLDER, name)
    with open(path) as f:
        old = f.read().split("\n")
    out = []
    for number, line in enumerate(old, 1):
        if line.startswith("    "):
            continue
        out.append(line)
        if (name, number) in runs[0][1]:
            out += lines_of(runs, (name, number))
    with open(path, "w") as f:
        f.write("\n".join(out))


def main():
    test, libraries = sys.argv[1], sys.argv[2:] + [None]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        runs = sorted(pool.map(lambda l: watched(test, l), libraries), key=lambda r: r[0])
    for name in sorted({f for f, _ in runs[0][1]}):
        rewrite(name, runs)


main()
