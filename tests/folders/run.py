#!/usr/bin/env python3
"""run.py BELAY clean|hazards FILE...: whole folders of migrations, and what belay says of them.

A case begins with `@@ name …`, its files with `## path`; what stands between is for the reader.

clean:   `@@ name [options]`; belay must be silent at the default tier.
hazards: `@@ BASE word` holds files that stand before those of the cases that name it, and
         `@@ name rule[|rule] [advice] [BASE word] [options]` is found if one of the rules speaks of
         one of the case's own files: at the default tier, or with --select all if it says advice.
         The base is pg unless another one, or none, is named.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# What findings about other engines never say.
POSTGRES = ("CONCURRENTLY", "ACCESS EXCLUSIVE", "VALIDATE", "vacuum", "DO block", "PostgreSQL")
DIALECTS = {"my": "mysql", "ma": "mariadb", "lt": "sqlite"}


def read(paths):
    cases, text = [], None
    for path in paths:
        for line in pathlib.Path(path).read_text().splitlines(keepends=True):
            if line.startswith("@@ "):
                cases.append((line[3:].split(), {}))
                text = None
            elif line.startswith("## "):
                text = line[3:].strip()
                cases[-1][1][text] = ""
            elif text:
                cases[-1][1][text] += line
    return cases


def findings(belay, files, options):
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = pathlib.Path(top, "migrations", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        run = subprocess.run(
            [belay, "-C", top, "check", "migrations", "-o", "json", *options],
            capture_output=True, text=True, env=env, check=False,
        )
    said = json.loads(run.stdout)
    if "findings" not in said:
        return [("-", 0, "error", said["error"]["message"])]
    return [
        (
            f["file"].split("migrations/", 1)[-1],
            f["line"],
            f["rule"],
            " ".join((f["message"], f["why"] or "", f["safe"] or "")),
        )
        for f in said["findings"]
    ]


def judge_clean(belay, case):
    (name, *options), files = case
    return [f"{name}/{f}:{n}: {rule}: {text}" for f, n, rule, text in findings(belay, files, options)]


def judge_hazard(belay, bases, case):
    (name, rules, *options), files = case
    if options[:1] == ["advice"]:
        options = [*options[1:], "--select", "all"]
    base = options.pop(0) if options and (options[0] in bases or options[0] == "none") else "pg"
    if base in DIALECTS and "--dialect" not in options:
        options += ["--dialect", DIALECTS[base]]
    said = findings(belay, {**bases.get(base, {}), **files}, options)
    foreign = [
        f"{name}: {rule} says {word}"
        for _, _, rule, text in said
        for word in POSTGRES
        if word in text and "--dialect" in options and "--select" not in options
    ]
    if foreign:
        return foreign
    got = {rule for f, _, rule, _ in said if f in files}
    return [] if got & set(rules.split("|")) else [f"{name}: wants {rules}, got {sorted(got)}"]


def main():
    belay, what, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    cases = read(paths)
    bases = {head[1]: files for head, files in cases if head[0] == "BASE"}
    cases = [c for c in cases if c[0][0] != "BASE"]
    names = [c[0][0] for c in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    with ThreadPoolExecutor(2) as pool:
        if what == "clean":
            wrong = list(pool.map(lambda c: judge_clean(belay, c), cases))
        else:
            wrong = list(pool.map(lambda c: judge_hazard(belay, bases, c), cases))
    for lines in wrong:
        print(*lines, sep="\n", end="\n" if lines else "")
    files = sum(len(c[1]) for c in cases)
    print(f"{len(cases)} cases, {files} files, {sum(map(bool, wrong))} wrong")
    sys.exit(any(wrong))


main()
