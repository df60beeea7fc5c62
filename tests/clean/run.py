#!/usr/bin/env python3
"""run.py BELAY FILE.sql… - judges each case of a file as a project of its own, at the default tier.

A case is one migration in the plain layout, or several (`-- then`). What stands before the first
case is the schema it finds. Prints each case that has a finding, and last how many there were.
"""
import json
import os
import re
import subprocess
import sys
import tempfile


def cases_of(text):
    base, *rest = re.split(r"^-- case: ", text, flags=re.M)
    return base, [part.split("\n", 1) for part in rest]


def findings(belay, dialect, base, body):
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(f"{d}/migrations")
        with open(f"{d}/base.sql", "w") as f:
            f.write(base)
        for i, sql in enumerate(re.split(r"^-- then\n", body, flags=re.M), 1):
            with open(f"{d}/migrations/{i:03}_x.sql", "w") as f:
                f.write(sql)
        args = [belay, "check", "-C", d, "--dialect", dialect, "--base-schema", f"{d}/base.sql", "-o", "json"]
        p = subprocess.run(args, capture_output=True, text=True)
        if p.returncode not in (0, 1):
            sys.exit(f"exit {p.returncode}: {p.stderr}\n{body}")
        return json.loads(p.stdout)["findings"]


def main():
    cases = fired = 0
    for path in sys.argv[2:]:
        with open(path) as f:
            base, found = cases_of(f.read())
        dialects = {"mysql": ["mysql", "mariadb"]}.get(os.path.basename(path)[:-4], [os.path.basename(path)[:-4]])
        for dialect in dialects:
            for name, body in found:
                cases += 1
                v = findings(sys.argv[1], dialect, base, body)
                if v:
                    fired += 1
                    print(f"{dialect}: {name}")
                    for x in v:
                        print(f"\t{x['rule']} {x['file']}:{x['line']} {x['message']}")
    print(f"{fired} of {cases} cases")
    sys.exit(1 if fired * 100 >= cases or cases < 200 else 0)


if __name__ == "__main__":
    main()
