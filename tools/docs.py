#!/usr/bin/env python3
"""docs.py BELAY OUTDIR - the manual page and one page per rule, from the program's own tables.

belay.1 comes from `belay --help` and `belay COMMAND --help`, rules/*.md from `belay rules -o json`.
A test runs this again and compares, so the pages cannot fall behind.
"""
import json
import os
import re
import subprocess
import sys
from importlib import import_module

rule_examples = import_module("rule-examples")


def belay(program, *args):
    return subprocess.run([program, *args], check=True, capture_output=True, text=True).stdout


def roff(text):
    """Plain words for roff: hyphens and backslashes as they are, no line that starts a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + l if l[:1] in ".'" else l for l in text.split("\n"))


def sections(help_text):
    """{'': first paragraphs, 'Options': lines, …} of a help text."""
    out, name = {"": []}, ""
    for line in help_text.split("\n"):
        head = re.fullmatch(r"([A-Z][A-Za-z ]+):(?:   .*)?", line)
        if head:
            name = head.group(1)
            out[name] = []
            if line != name + ":":
                out[name].append(line[len(name) + 1 :].strip())
        else:
            out[name].append(line)
    return out


def options(lines):
    out = []
    for line in lines:
        m = re.match(r"  (.{28}) (.*)", line) or re.match(r"  (\S.*?)  +(.*)", line)
        if m:
            out.append(f".TP\n.B {roff(m.group(1).strip())}\n{roff(m.group(2).strip())}")
    return "\n".join(out)


EXIT_CODES = [
    ("0", "done; nothing to report"),
    ("1", "findings (a syntax error is one), a difference, drift, several heads under graph --check, a proof that failed, decision block"),
    ("2", "usage, configuration, or an input that cannot be read"),
    ("3", "no connection, or the server refused"),
    ("4", "blocked: somebody else holds what is needed; one plain re-run goes on"),
    ("5", "a statement or a verify query failed while running; what is and is not applied was printed"),
    ("6", "refused by a gate: edited history, several heads, a contract phase that was not asked for"),
    ("130, 143", "stopped by a signal, resumable"),
]
ENVIRONMENT = [
    ("DATABASE_URL", "the database, when --db is not given"),
    ("NO_COLOR", "no colours"),
    ("TMPDIR", "where scratch servers and databases live"),
]


def manual(program):
    top = sections(belay(program, "--help"))
    version = belay(program, "--version").split()[1]
    names = [l.split()[0] for l in top["Commands"] if l.startswith("  ")]
    out = [
        '.\\" Made by tools/docs.py (make docs) from the tables of the program.',
        f'.TH BELAY 1 "" "belay {version}" "belay"',
        ".SH NAME",
        "belay \\- makes database migrations safe",
        ".SH SYNOPSIS",
        ".B belay",
        ".I COMMAND",
        "[\\fIOPTION\\fR…] [\\fIARGUMENT\\fR…]",
        ".SH DESCRIPTION",
        roff(
            "belay reads the migrations a project already has, says what each statement will lock, rewrite,\n"
            "scan and destroy, rehearses the change on a scratch server, up and down, and runs it on the real\n"
            "database. PostgreSQL, MySQL and MariaDB, SQLite."
        ),
        ".SH COMMANDS",
    ]
    for name in names:
        text = belay(program, name, "--help")
        s = sections(text)
        usage = re.search(r"^usage: (.*)$", text, re.M).group(1)
        summary, body = "", []
        for i, line in enumerate(s[""]):
            if i == 0:
                summary = line.split(": ", 1)[1]
            elif not line.startswith("usage:"):
                body.append(line)
        out += [f".SS {roff(usage)}", roff(summary[0].upper() + summary[1:]) + ".", ".PP", roff("\n".join(body).strip())]
        if s.get("Options"):
            out.append(options(s["Options"]))
        if len(s["Output formats"]) > 3:
            out += [".PP", "Output formats:", options(s["Output formats"])]
        out += [".PP", "Example:", ".PP", ".RS 4", ".nf", roff("\n".join(l.strip() for l in s["Example"] if l.strip())), ".fi", ".RE"]
    out += [".SH OPTIONS", options(top["Options for every command"]), ".SH EXIT STATUS"]
    out += [f".TP\n.B {code}\n{roff(text)}" for code, text in EXIT_CODES]
    out.append(".SH ENVIRONMENT")
    out += [f".TP\n.B {roff(name)}\n{roff(text)}" for name, text in ENVIRONMENT]
    out += [".SH FILES", ".TP", ".B belay.yml", roff("configuration; `belay init` writes one with comments"), ""]
    return "\n".join(out)


TIERS = {
    "on": "on by default",
    "advice": "advice: off unless selected (`--select`) or given a severity in `belay.yml`",
    "policy": "policy: off unless `belay.yml` asks for it",
}


USUAL = {"rerun": ("same",), "transaction": ("allowed", "commits"), "outcome": ("ok",)}
SHOWN = {
    "rewrites": "rewrites {}",
    "scans": "reads {} in full",
    "builds": "builds {}",
    "destroys": "destroys {}",
    "rerun": "a second run {}",
    "transaction": "{} in a transaction",
    "outcome": "{}",
}


def observations(path):
    """{(setup, context, statement): {fact: text}} of the oracle's table, which `make check` compares with a server."""
    out, setup, context, statement, inside = {}, "", [], None, False
    with open(path, encoding="utf-8") as f:
        for line in f.read().split("\n"):
            if line == "{":
                setup, inside = "", True
            elif line == "}":
                inside = False
            elif inside:
                setup += line + "\n"
            elif line.startswith("| "):
                context.append(line[2:].rstrip(";"))
            elif line.startswith("    ") and statement:
                fact, _, text = line.strip().partition(" ")
                out[statement][fact] = text.strip()
            elif line and not line.startswith(("#", "===")):
                statement = (setup, tuple(context), line)
                out[statement] = {}
                context = []
    return out


# The oracle's table of each server, the page's heading, and what stands in the column beside the statement.
SERVERS = {
    "postgres": ("effects/postgres/rules.txt", "PostgreSQL 18", "locks", lambda f, _: "<br>".join(f.get("locks", "").split(", ")) or "none"),
    "mariadb": ("mysql/rules.txt", "MariaDB 10.11", "ALGORITHM LOCK", lambda f, text: "" if "ALGORITHM" in text else f.get("algorithm", "")),
}


def seen(rule, examples, table, engine):
    rows = []
    _, server, column, first = SERVERS[engine]
    for r, side, setup, context, text in examples:
        facts = table.get(("".join(s + ";\n" for s in setup), tuple(context), text)) if r == rule else None
        if facts is None:
            continue
        if facts.get("outcome") == "fails":
            facts = {"outcome": "fails"}
        rest = [SHOWN[f].format(facts[f]) for f in SHOWN if f in facts and facts[f] not in USUAL.get(f, ())]
        code = text.replace("|", "\\|")
        rows.append(f"| {'unsafe' if side == 'bad' else 'safe'} | `{code}` | {first(facts, text)} | {'; '.join(rest)} |")
    if not rows:
        return []
    return ["", f"## Seen on {server}", "", f"| | statement | {column} | besides |", "|---|---|---|---|", *rows]


def one_rule(r, observed):
    out = [
        f"# {r['id']}",
        "",
        r["says"][0].upper() + r["says"][1:] + ".",
        "",
        r["why"],
        "",
        f"Severity {r['severity']}, {TIERS[r['tier']]}.",
    ]
    if r.get("config"):
        out += ["", "With this in `belay.yml`:", "", "```yaml", r["config"].rstrip(), "```"]
    if r.get("setup"):
        out += ["", "Given", "", "```sql", r["setup"], "```"]
    out += ["", "## Unsafe", "", "```sql", r["bad"], "```", "", "## Safe", "", "```sql", r["good"], "```"]
    if r.get("safe"):
        out += ["", r["safe"]]
    out += observed
    if r.get("recipe"):
        out += ["", "## As belay writes it", "", r["recipe_says"][0].upper() + r["recipe_says"][1:] + "."]
    if r.get("recipe_form") and "\n" not in r["recipe_form"] and not re.search(r";( |$)", r["recipe_form"]):
        out += ["", r["recipe_form"]]
    elif r.get("recipe_form"):
        out += ["", "```sql", r["recipe_form"], "```"]
    if r.get("doc"):
        out += ["", f"Manual: <{r['doc']}>"]
    out += ["", f"Silence it for one statement: `-- belay:allow {r['id']} because \"reason\"`.", ""]
    return "\n".join(out)


def main():
    program, folder = sys.argv[1], sys.argv[2]
    rules = json.loads(belay(program, "rules", "-o", "json"))["rules"]
    here = os.path.dirname(os.path.abspath(__file__))
    table, runs = {}, {}
    for engine, (path, *_) in SERVERS.items():
        table[engine] = observations(os.path.join(here, "../tests/oracle", path))
        runs[engine] = list(rule_examples.examples(program, rules, engine))
    pages = {"belay.1": manual(program)}
    index = [
        "# Rules",
        "",
        "One page per rule, made by `make docs` from the rule table; the examples are run as tests.",
        "",
        "| rule | severity | says |",
        "|---|---|---|",
    ]
    for r in rules:
        pages[f"rules/{r['id']}.md"] = one_rule(r, [line for e in SERVERS for line in seen(r["id"], runs[e], table[e], e)])
        index.append(f"| [{r['id']}]({r['id']}.md) | {r['severity']}{'' if r['tier'] == 'on' else ', ' + r['tier']} | {r['says']} |")
    pages["rules/README.md"] = "\n".join(index) + "\n"
    os.makedirs(os.path.join(folder, "rules"), exist_ok=True)
    for old in os.listdir(os.path.join(folder, "rules")):
        if f"rules/{old}" not in pages:
            os.remove(os.path.join(folder, "rules", old))
    for path, text in pages.items():
        with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
            f.write(text)


main()
