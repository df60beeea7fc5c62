#!/usr/bin/env python3
"""Draws findings for a person to judge: the same ones each time for the same input.

    belay check -C ~/src/lemmy -o json > lemmy.json; …
    tools/draw-findings.py [-n 100] [--seed 3] lemmy.json auth.json … > draw.tsv

Each report is one project, named after its file. The draw is over all findings alike, and is
printed in order of project, file and line: project, file, line, rule, object, message.
--totals counts the findings by rule instead, --overlaps the rules that speak of one statement.
"""

import argparse
import collections
import json
import pathlib
import random


def findings_of(paths):
    out = []
    for path in sorted(paths, key=lambda p: p.stem):
        for f in json.loads(path.read_text())["findings"]:
            out.append((path.stem, f))
    return out


def row(project, f):
    text = (project, f["file"], f["line"], f["rule"], f["object"] or "", f["message"])
    return "\t".join(str(x).replace("\t", " ").replace("\n", " ") for x in text)


def overlaps(found):
    by_statement = collections.defaultdict(set)
    for project, f in found:
        if f["statement"] is not None:
            by_statement[project, f["file"], f["statement"]].add(f["rule"])
    return collections.Counter(" + ".join(sorted(r)) for r in by_statement.values() if len(r) > 1)


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("-n", type=int, default=100, help="how many (100)")
    ap.add_argument("--seed", type=int, default=3, help="of the draw (3)")
    ap.add_argument("--totals", action="store_true", help="count by rule, do not draw")
    ap.add_argument("--overlaps", action="store_true", help="count rules on one statement")
    ap.add_argument("report", nargs="+", type=pathlib.Path, help="what belay check -o json wrote")
    args = ap.parse_args()
    found = findings_of(args.report)
    if args.totals or args.overlaps:
        count = (
            overlaps(found)
            if args.overlaps
            else collections.Counter(f["rule"] for _, f in found)
        )
        for what, n in sorted(count.items(), key=lambda kv: (-kv[1], kv[0])):
            print(f"{n}\t{what}")
        return
    drawn = random.Random(args.seed).sample(range(len(found)), min(args.n, len(found)))
    for i in sorted(drawn):
        print(row(*found[i]))


if __name__ == "__main__":
    main()
