#!/usr/bin/env bats
# docs/guides.md: each row of its tables is run, as the page says.
load helper

@test "what the guides call dangerous is found, what they call safe passes, and where not the page says so" {
	python3 - "$BELAY" "$ROOT/docs/guides.md" <<'PY'
import json, os, re, shutil, subprocess, sys

belay, page = sys.argv[1], open(sys.argv[2], encoding="utf-8").read()
setup = re.search(r"```sql\n(.*?)```", page, re.S).group(1)
config = re.search(r"```yaml\n(.*?)```", page, re.S).group(1)
known = {r["id"] for r in json.loads(subprocess.run([belay, "rules", "-o", "json"], check=True,
         capture_output=True, text=True).stdout)["rules"]}

def run(args, text=None):
    p = subprocess.run([belay, "check", "-o", "json", *args], input=text, capture_output=True, text=True)
    if p.returncode not in (0, 1):
        sys.exit(f"exit {p.returncode}: {p.stderr}\n{text}")
    return json.loads(p.stdout)["findings"]

def findings(section, files):
    shutil.rmtree("migrations", ignore_errors=True)
    os.mkdir("migrations")
    base = setup if section != "On MySQL" else re.sub(r"CREATE SCHEMA.*\n|CREATE INDEX.*\n", "", setup).replace("text", "varchar(200)")
    open("base.sql", "w").write(base)
    mysql = section == "On MySQL"
    open("belay.yml", "w").write(config.split("policies:")[0].replace("postgres", "mysql\nserver_version: 8.0.36") if mysql else config)
    args = ["--base-schema", "base.sql"]
    if section.startswith("By hand"):
        return run([*args, "-"], "\n".join(files))
    open("migrations/001_first.sql", "w").write("/* the first one of a project is not measured */ SELECT 1;")
    for i, sql in enumerate(files, 2):
        open(f"migrations/{i:03}_x.sql", "w").write(sql)
    return run(args)

rows, wrong = 0, []
for section in re.split(r"^## ", page, flags=re.M)[1:]:
    title = section.split("\n")[0]
    if title == "What is not SQL":
        continue
    for line in section.split("\n"):
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)]
        if len(cells) != 6 or cells[1] not in ("safe", "dangerous"):
            continue
        files = [s.replace(r"\|", "|") for s in re.findall(r"`([^`]+)`", cells[2])]
        want = set(re.findall(r"`([a-z0-9-]+)`", cells[3]))
        if not files or want - known or (not want and cells[3] != "passes"):
            wrong.append(f"not understood: {line}")
            continue
        rows += 1
        found = findings(title, files)
        ids = {f["rule"] for f in found}
        loud = sorted({f["rule"] for f in found if f["severity"] != "info"})
        if want - ids:
            wrong.append(f"{title}: {files}\n  wanted {sorted(want)}, got {sorted(ids)}")
        if not want and loud:
            wrong.append(f"{title}: {files}\n  should pass, got {loud}")
        # What belay sees otherwise than the guide is explained.
        if (cells[1] == "safe") != (cells[3] == "passes") and not cells[4]:
            if cells[1] == "safe" or cells[3] == "passes":
                wrong.append(f"no reason given: {line}")
print(f"{rows} rows", *wrong, sep="\n", file=sys.stderr)
sys.exit(1 if wrong or rows < 50 else 0)
PY
}
