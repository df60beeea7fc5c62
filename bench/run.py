#!/usr/bin/env python3
"""run.py BUILD [PART…] - the figures as one table: check, start, up, idle, load.

Each figure is the best of several runs, both sides in turn on the same machine. CPU is user + system
time as the kernel counts it for the process and its threads. Servers are private and are stopped.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BELAY = os.path.join(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build"), "belay")
PARTS = sys.argv[2:] or ["check", "start", "up", "idle", "load"]
SQUAWK = os.path.join(os.environ.get("BENCH_NPM", os.path.join(HERE, "npm/node_modules")), "@squawk-cli/linux-x64/bin/squawk")
ENV = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
ENV["LC_ALL"] = "C.UTF-8"


def once(argv, want=0, stdin=None, env=None):
    """One run: (CPU seconds, wall seconds, peak MB)."""
    source = open(stdin) if stdin else subprocess.DEVNULL
    t = time.monotonic()
    p = subprocess.Popen(argv, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env or ENV)
    words = p.stderr.read()
    _, status, used = os.wait4(p.pid, 0)
    wall = time.monotonic() - t
    p.returncode = os.waitstatus_to_exitcode(status)
    if stdin:
        source.close()
    if want is not None and p.returncode != want:
        sys.exit(f"{' '.join(argv)}: exit {p.returncode}, expected {want}\n{words.decode()}")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def best(runs, *sides):
    """The least of each figure over `runs` rounds; the sides take turns."""
    out = [[] for _ in sides]
    for _ in range(runs):
        for i, side in enumerate(sides):
            out[i].append(side())
    return [tuple(min(v[k] for v in o) for k in range(3)) for o in out]


ROWS = []


def row(what, ours, theirs, ratio, wanted):
    ROWS.append((what, ours, theirs, ratio, wanted))
    print(f"  {what}: {ours} against {theirs}  {ratio}  (wanted {wanted})", file=sys.stderr, flush=True)


# ---- A history -----------------------------------------------------------------------------------
def statements(n):
    """Ten statements for file n, as a grown project has them: a table of its own and changes."""
    t, u = f"table_{n}", f"table_{max(n - 1, 0)}"
    return [
        f"CREATE TABLE {t} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, email varchar(200), created_at timestamptz NOT NULL DEFAULT now(), state text DEFAULT 'new')",
        f"CREATE INDEX {t}_name_idx ON {t} (name, created_at)",
        f"ALTER TABLE {t} ADD COLUMN owner_id bigint REFERENCES {u} (id)",
        f"ALTER TABLE {t} ADD CONSTRAINT {t}_state_ok CHECK (state IN ('new', 'open', 'closed'))",
        f"INSERT INTO {t} (name, email, state) VALUES ('first', 'a@example.org', 'new'), ('second', NULL, 'open')",
        f"UPDATE {t} SET email = lower(email) WHERE email IS NOT NULL AND id < 1000",
        f"ALTER TABLE {t} ALTER COLUMN email TYPE text, ALTER COLUMN state SET NOT NULL",
        f"CREATE VIEW {t}_open AS SELECT a.id, a.name, b.email FROM {t} a LEFT JOIN {u} b ON b.id = a.owner_id WHERE a.state = 'open'",
        f"CREATE UNIQUE INDEX {t}_email_key ON {t} (lower(email)) WHERE state <> 'closed'",
        f"COMMENT ON COLUMN {t}.owner_id IS 'who made it'",
    ]


def history(folder, files):
    os.makedirs(os.path.join(folder, "migrations"))
    for n in range(files):
        with open(os.path.join(folder, "migrations", f"{n + 1:06d}_change_{n}.sql"), "w") as f:
            f.write(";\n".join(statements(n)) + ";\n")
    return folder


def small(folder, files, dialect):
    key = "bigint PRIMARY KEY" if dialect == "postgres" else "INTEGER PRIMARY KEY"
    os.makedirs(os.path.join(folder, "migrations"))
    for n in range(files):
        with open(os.path.join(folder, "migrations", f"{n + 1:04d}_t{n}.sql"), "w") as f:
            f.write(f"CREATE TABLE t{n} (id {key}, name text);\nINSERT INTO t{n} VALUES (1, 'a');\n")
    return folder


def one_session(folder, path):
    """The same migrations for psql or sqlite3: one session, one transaction each, and a history row."""
    names = sorted(os.listdir(os.path.join(folder, "migrations")))
    with open(path, "w") as out:
        out.write("CREATE TABLE history (id text PRIMARY KEY, at text);\n")
        for name in names:
            with open(os.path.join(folder, "migrations", name)) as f:
                out.write(f"BEGIN;\n{f.read()}INSERT INTO history VALUES ('{name}', CURRENT_TIMESTAMP);\nCOMMIT;\n")
    return path


# ---- The parts -----------------------------------------------------------------------------------
def compile_c(work, source, *flags):
    out = os.path.join(work, os.path.basename(source)[:-2])
    subprocess.run(["cc", "-O2", "-o", out, source, *flags], check=True)
    return out


def bench_check(work):
    bare = compile_c(work, os.path.join(HERE, "bare_parse.c"), "-lpg_query")
    cpu = {}
    for files, runs in ((1000, 5), (10000, 2)):
        folder = history(os.path.join(work, f"h{files}"), files)
        listing = os.path.join(work, f"list{files}")
        with open(listing, "w") as f:
            for name in sorted(os.listdir(os.path.join(folder, "migrations"))):
                f.write(os.path.join(folder, "migrations", name) + "\n")
        check = [BELAY, "-C", folder, "check", "--dialect", "postgres", "-o", "json", "--fail-on", "never"]
        ours, theirs = best(runs, lambda: once(check), lambda: once([bare], stdin=listing))
        cpu[files] = ours[0]
        row(f"check of {files:,} files × 10 statements, CPU", f"{ours[0] * 1000:.0f} ms", f"{theirs[0] * 1000:.0f} ms",
            f"{ours[0] / theirs[0]:.2f} ×", "≤ 2.5 ×")
        row("  wall and peak memory", f"{ours[1] * 1000:.0f} ms", f"{theirs[1] * 1000:.0f} ms", f"{ours[1] / theirs[1]:.2f} ×, {ours[2]:.0f} MB",
            "≤ 1.5 × on two cores, < 40 MB at 1,000 files")
        if files == 1000 and os.path.exists(SQUAWK):
            names = [os.path.join(folder, "migrations", n) for n in sorted(os.listdir(os.path.join(folder, "migrations")))]
            ours, theirs = best(5, lambda: once(check), lambda: once([SQUAWK, "--reporter", "json", *names], want=None))
            row("  the same against squawk, wall", f"{ours[1] * 1000:.0f} ms", f"{theirs[1] * 1000:.0f} ms",
                f"{theirs[1] / ours[1]:.1f} × faster", "≥ 3 × faster")
    row("  ten times the files", f"{cpu[10000] * 1000:.0f} ms", f"{cpu[1000] * 1000:.0f} ms",
        f"{cpu[10000] / cpu[1000]:.1f} ×", "about 10 ×")


def bench_start(work):
    source = os.path.join(work, "empty.c")
    with open(source, "w") as f:
        f.write("int main(void) { return 0; }\n")
    empty = compile_c(work, source)
    alone = os.path.join(work, "one")
    os.mkdir(alone)
    sql = os.path.join(alone, "one.sql")
    with open(sql, "w") as f:
        f.write("ALTER TABLE users ADD COLUMN phone text;\n")
    version, check, nothing = best(60, lambda: once([BELAY, "--version"]),
        lambda: once([BELAY, "-C", alone, "check", "--dialect", "postgres", sql]), lambda: once([empty]))
    for what, t in (("belay --version, wall", version), ("check of a one-line file, wall", check)):
        row(what, f"{t[1] * 1000:.1f} ms", f"{nothing[1] * 1000:.1f} ms", f"+ {(t[1] - nothing[1]) * 1000:.1f} ms", "≤ + 2 ms")


class Postgres:
    def __enter__(self):
        out = subprocess.run([os.path.join(ROOT, "tests/servers/postgres.sh"), "start"], check=True,
            stdout=subprocess.PIPE, text=True, env={**ENV, "PG_OPTIONS": "-c max_locks_per_transaction=10000"}).stdout.split("\n")
        self.dir = out[0]
        with open(os.path.join(self.dir, "data/PG_VERSION")) as f:
            self.version = int(f.read())
        return self

    def __exit__(self, *_):
        subprocess.run([os.path.join(ROOT, "tests/servers/postgres.sh"), "stop", self.dir], check=True)

    def psql(self, db, *args):
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-U", "postgres", *args, db]

    def fresh(self, db):
        subprocess.run(self.psql("postgres", "-c", f"DROP DATABASE IF EXISTS {db}", "-c", f"CREATE DATABASE {db}"),
            check=True, stderr=subprocess.DEVNULL)

    def url(self, db):
        return f"postgres:///{db}?host={self.dir}&user=postgres"


def bench_up(work, pg):
    folder = small(os.path.join(work, "up_pg"), 500, "postgres")
    script = one_session(folder, os.path.join(work, "up_pg.sql"))

    def ours():
        pg.fresh("up")
        return once([BELAY, "-C", folder, "up", "--db", pg.url("up"), "-q"])

    def theirs():
        pg.fresh("up")
        return once(pg.psql("up", "-o", "/dev/null", "-f", script))

    a, b = best(4, ours, theirs)
    row("up of 500 migrations on PostgreSQL, wall", f"{a[1] * 1000:.0f} ms", f"{b[1] * 1000:.0f} ms", f"{a[1] / b[1]:.2f} ×", "≤ 1.15 ×")

    folder = small(os.path.join(work, "up_lite"), 500, "sqlite")
    script = one_session(folder, os.path.join(work, "up_lite.sql"))
    db = os.path.join(work, "up.db")

    def fresh():
        for end in ("", "-journal", "-wal", "-shm"):
            if os.path.exists(db + end):
                os.remove(db + end)
        open(db, "w").close()

    def ours_lite():
        fresh()
        return once([BELAY, "-C", folder, "up", "--db", "sqlite:" + db, "-q"])

    def theirs_lite():
        fresh()
        return once(["sqlite3", "-bail", db], stdin=script)

    a, b = best(4, ours_lite, theirs_lite)
    row("up of 500 migrations on SQLite, wall", f"{a[1] * 1000:.0f} ms", f"{b[1] * 1000:.0f} ms", f"{a[1] / b[1]:.2f} ×", "≤ 1.3 ×")


def bench_idle(work, pg):
    folder = small(os.path.join(work, "idle"), 20, "postgres")
    pg.fresh("idle")
    up = [BELAY, "-C", folder, "up", "--db", pg.url("idle"), "-q"]
    once(up)
    a, b = best(20, lambda: once(up), lambda: once(pg.psql("idle", "-c", "SELECT 1", "-o", "/dev/null")))
    row("up with nothing pending, wall", f"{a[1] * 1000:.1f} ms", f"{b[1] * 1000:.1f} ms", f"{a[1] / b[1]:.2f} ×", "≤ 1 ×")


def for_server(text, version):
    """The query as belay sends it to that version: see queries/README.md."""
    out = []
    for line in text.split("\n"):
        newer = re.search(r"--(\d+)\+\s*$", line)
        older = re.match(r"\s*--<(\d+)(?:@(\d+))? ?(.*)", line)
        if newer and version < int(newer.group(1)):
            continue
        if older:
            if version >= int(older.group(1)) or version < int(older.group(2) or 0):
                continue
            line = older.group(3)
        out.append(line)
    return "\n".join(out)


def bench_load(work, pg):
    pg.fresh("load")
    script = os.path.join(work, "load.sql")
    with open(script, "w") as f:
        columns = ", ".join(f"c{i} {'text' if i % 2 else 'integer'}" for i in range(9))
        for n in range(5000):
            f.write(f"CREATE TABLE t{n} (id bigint PRIMARY KEY, {columns});\nCREATE INDEX t{n}_i ON t{n} (c1);\n")
    subprocess.run(pg.psql("load", "-1", "-f", script), check=True)
    subprocess.run(pg.psql("load", "-c", "VACUUM ANALYZE"), check=True)
    queries = sorted(os.listdir(os.path.join(ROOT, "queries/postgres")))
    args = []
    for q in queries:
        if q.startswith("observe_"):
            continue
        with open(os.path.join(ROOT, "queries/postgres", q)) as f:
            text = for_server(f.read(), pg.version)
        with open(os.path.join(work, q), "w") as f:
            f.write(text)
        args += ["-f", os.path.join(work, q)]
    alone = os.path.join(work, "alone")
    os.mkdir(alone)
    empty = os.path.join(alone, "nothing.sql")
    with open(empty, "w") as f:
        f.write("SELECT 1;\n")
    # `check --db` of one line: connect, load the whole catalog, judge.
    ours = [BELAY, "-C", alone, "check", "--db", pg.url("load"), empty]
    # The same settings on both sides: belay's session compiles nothing just in time.
    same = {**ENV, "PGOPTIONS": "-c jit=off"}
    a, b = best(5, lambda: once(ours), lambda: once(pg.psql("load", "-At", "-o", "/dev/null", *args), env=same))
    row("loading 5,000 tables × 10 columns, wall", f"{a[1] * 1000:.0f} ms", f"{b[1] * 1000:.0f} ms", f"{a[1] / b[1]:.2f} ×", "≤ 1.3 ×")


def main():
    work = tempfile.mkdtemp(prefix="belay-bench.")
    try:
        if "check" in PARTS:
            bench_check(work)
        if "start" in PARTS:
            bench_start(work)
        if {"up", "idle", "load"} & set(PARTS):
            with Postgres() as pg:
                for name, part in (("up", bench_up), ("idle", bench_idle), ("load", bench_load)):
                    if name in PARTS:
                        part(work, pg)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    width = max(len(r[0]) for r in ROWS)
    print(f"{'figure':<{width}}  {'belay':>10}  {'against':>10}  {'result':>10}  wanted")
    for r in ROWS:
        print(f"{r[0]:<{width}}  {r[1]:>10}  {r[2]:>10}  {r[3]:>10}  {r[4]}")


main()
