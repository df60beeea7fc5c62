#!/usr/bin/env python3
"""backfill.py BUILD [--rows N] [--rounds N] [--seconds N] [idle] [sizes] [load] - backfills, side by side.

idle    a new column is filled for N rows (5,000,000), nobody else at work: belay's batches, one big
        UPDATE, and the loop of the guides (LIMIT 1000 … WHERE x IS NULL), with and without its sleep
sizes   rows a second from a tenth of N to four times N
load    the same beside point updates (pgbench, 200 a second): their p99 while nobody fills, and then

Each contestant begins with a copy of the same table. Ratios are medians of rounds in which all take
turns. The server is durable (fsync on), private, and stopped at the end.
"""
import argparse
import glob
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
ENV = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
ENV["LC_ALL"] = "C.UTF-8"
SERVER = ("-c fsync=on -c full_page_writes=on -c synchronous_commit=on -c shared_buffers=512MB"
    " -c max_wal_size=8GB -c checkpoint_timeout=30min")
FILL = "UPDATE orders SET total_cents = total * 100 WHERE total_cents IS NULL"
LOOP = """CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  LOOP
    UPDATE orders SET total_cents = total * 100
      WHERE id IN (SELECT id FROM orders WHERE total_cents IS NULL LIMIT 1000);
    GET DIAGNOSTICS n = ROW_COUNT;
    COMMIT;
    EXIT WHEN n = 0;
    PERFORM pg_sleep(%s);
  END LOOP;
END $$"""


class Server:
    def __enter__(self):
        out = subprocess.run([f"{ROOT}/tests/servers/postgres.sh", "start"], check=True, text=True,
            stdout=subprocess.PIPE, env={**ENV, "PG_OPTIONS": SERVER}).stdout.split("\n")
        self.dir = out[0]
        return self

    def __exit__(self, *_):
        subprocess.run([f"{ROOT}/tests/servers/postgres.sh", "stop", self.dir], check=True)

    def psql(self, db, *args):
        return ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-U", "postgres", *args, db]

    def sql(self, db, *commands):
        argv = self.psql(db, *[w for c in commands for w in ("-c", c)])
        return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE, env=ENV).stdout.strip()

    def template(self, name, rows):
        self.sql("postgres", f"CREATE DATABASE {name}")
        self.sql(name, "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, total numeric, note text)",
            f"INSERT INTO orders SELECT i, i % 10007, i % 1000, repeat('x', 60) FROM generate_series(1, {rows}) i",
            "CREATE INDEX ON orders (customer)", "ALTER TABLE orders ADD total_cents bigint", "VACUUM ANALYZE orders")

    def copy(self, template):
        self.sql("postgres", "DROP DATABASE IF EXISTS bench WITH (FORCE)",
            f"CREATE DATABASE bench TEMPLATE {template} STRATEGY file_copy", "CHECKPOINT")

    def heap(self):
        return int(self.sql("bench", "SELECT pg_relation_size('orders')"))

    def left(self):
        return int(self.sql("bench", "SELECT count(*) FROM orders WHERE total_cents IS NULL"))


def big_update(s, work):
    return s.psql("bench", "-c", FILL)


def loop(pause):
    def start(s, work):
        s.sql("bench", LOOP % pause)
        return s.psql("bench", "-c", "CALL fill()")
    return start


def belay(s, work):
    folder = os.path.join(work, "project")
    if not os.path.exists(folder):
        os.makedirs(f"{folder}/migrations")
        with open(f"{folder}/migrations/0001_fill.sql", "w") as f:
            f.write(f"-- belay:batched\n{FILL};\n")
    return [BELAY, "-C", folder, "up", "-q", "--db", f"postgres:///bench?host={s.dir}&user=postgres", "--parallel", str(PARALLEL)]


CONTESTANTS = [("one UPDATE", big_update), ("belay", belay), ("guides' loop", loop(0)),
    ("guides' loop, sleep 0.1", loop(0.1))]


def run(s, work, start, rows, limit):
    """Fills, for at most `limit` seconds: (rows a second, growth of the heap, whether it came to its end)."""
    before = s.heap()
    argv = start(s, work)
    t = time.monotonic()
    words = tempfile.TemporaryFile()
    p = subprocess.Popen(argv, env=ENV, stdout=subprocess.DEVNULL, stderr=words)
    try:
        p.wait(limit)
    except subprocess.TimeoutExpired:
        p.send_signal(signal.SIGTERM)
        s.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'bench'")
        p.wait()
        seconds = time.monotonic() - t
        return (rows - s.left()) / seconds, s.heap() / before - 1, False
    seconds = time.monotonic() - t
    if p.returncode != 0 or s.left() != 0:
        words.seek(0)
        sys.exit(f"{' '.join(argv)}: exit {p.returncode}, {s.left()} rows left\n{words.read().decode()}")
    return rows / seconds, s.heap() / before - 1, True


def table(title, head, rows):
    print(f"\n{title}")
    width = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    for r in [head, *rows]:
        print("  " + "  ".join(f"{str(v):<{w}}" if i == 0 else f"{str(v):>{w}}" for i, (v, w) in enumerate(zip(r, width))))
    sys.stdout.flush()


def median(values):
    return statistics.median(values)


def idle(s, work, o):
    s.template("base", o.rows)
    seen = {name: [] for name, _ in CONTESTANTS}
    for n in range(o.rounds):
        for name, start in CONTESTANTS if n % 2 == 0 else CONTESTANTS[::-1]:
            if name.endswith("sleep 0.1") and n:
                continue
            s.copy("base")
            seen[name].append(run(s, work, start, o.rows, o.seconds if "loop" in name else 36000))
            print(f"  {name}: {seen[name][-1][0]:,.0f} rows/s", file=sys.stderr, flush=True)
    rows = []
    for name, _ in CONTESTANTS:
        ratio = median([a[0] / b[0] for a, b in zip(seen[name], seen["one UPDATE"])])
        rows.append((name, f"{median([v[0] for v in seen[name]]):,.0f}", f"{ratio:.0%}",
            f"{median([v[1] for v in seen[name]]):+.0%}", "" if seen[name][0][2] else f"stopped after {o.seconds} s"))
    table(f"{o.rows:,} rows, nobody else at work", ("", "rows/s", "of one UPDATE", "heap", ""), rows)


def sizes(s, work, o):
    rows = []
    for n in (o.rows // 10, o.rows // 2, o.rows, o.rows * 4):
        s.template("sized", n)
        out = []
        for start in (big_update, belay):
            s.copy("sized")
            out.append(run(s, work, start, n, 36000))
        s.sql("postgres", "DROP DATABASE sized")
        rows.append((f"{n:,}", f"{out[1][0]:,.0f}", f"{out[0][0]:,.0f}", f"{out[1][0] / out[0][0]:.0%}", f"{out[1][1]:+.0%}"))
    table("by size, nobody else at work", ("rows", "belay, rows/s", "one UPDATE, rows/s", "ratio", "belay's heap"), rows)


# ---- Beside a load -------------------------------------------------------------------------------
def pgbench(s, work, rows, seconds):
    script = f"{work}/point.sql"
    with open(script, "w") as f:
        f.write(f"\\set id random(1, {rows})\nUPDATE orders SET customer = customer + 1 WHERE id = :id;\n")
    for old in glob.glob(f"{work}/load.*"):
        os.remove(old)
    tool = sorted(glob.glob("/usr/lib/postgresql/*/bin/pgbench"))[-1]
    return subprocess.Popen([tool, "-n", "-c", "4", "-R", "200", "-T", str(seconds), "-h", s.dir, "-U", "postgres", "-f", script,
        "--log", "--log-prefix", f"{work}/load", "bench"], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def latencies(work, since=0.0, until=1e18):
    """Milliseconds of those that ended in between, waiting for their turn included."""
    out = []
    for name in glob.glob(f"{work}/load.*"):
        with open(name) as f:
            for line in f:
                v = line.split()
                if len(v) >= 6 and since <= int(v[4]) + int(v[5]) / 1e6 <= until and v[2].isdigit():
                    out.append(int(v[2]) / 1000)
    return sorted(out)


def p99(values):
    return values[min(len(values) - 1, len(values) * 99 // 100)] if values else 0


def beside(s, work, start, o):
    """(idle p99, p99 while filling, worst while filling, rows a second, growth)"""
    s.copy("base")
    s.sql("bench", "SELECT count(*) FROM orders")
    load = pgbench(s, work, o.rows, 36000)
    time.sleep(3)
    quiet = time.time()
    time.sleep(o.quiet)
    begun = time.time()
    rate, growth, whole = run(s, work, start, o.rows, o.seconds)
    ended = time.time()
    if load.poll() is None:
        load.send_signal(signal.SIGTERM)
    load.wait()
    before, during = latencies(work, quiet, begun), latencies(work, begun, ended)
    return p99(before), p99(during), during[-1] if during else 0, rate, growth, whole


def load(s, work, o):
    if not s.sql("postgres", "SELECT 1 FROM pg_database WHERE datname = 'base'"):
        s.template("base", o.rows)
    rows = []
    for name, start in CONTESTANTS:
        seen = [beside(s, work, start, o) for _ in range(o.rounds if name == "belay" else 1)]
        m = [median([v[i] for v in seen]) for i in range(5)]
        ratio = median([v[1] / v[0] for v in seen])
        rows.append((name, f"{m[0]:.1f}", f"{m[1]:.1f}", f"{ratio:.1f} ×", f"{m[2]:.0f}", f"{m[3]:,.0f}", f"{m[4]:+.0%}",
            "" if seen[0][5] else f"stopped after {o.seconds} s"))
    table(f"{o.rows:,} rows beside 200 point updates a second, milliseconds",
        ("", "p99 before", "p99", "ratio", "worst", "rows/s", "heap", ""), rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("parts", nargs="*", default=[])
    p.add_argument("--rows", type=int, default=5000000)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=60, help="the loops are stopped after so long")
    p.add_argument("--quiet", type=int, default=15, help="seconds of load before the fill")
    p.add_argument("--only", action="append", help="these contestants (repeatable), besides one UPDATE")
    p.add_argument("--parallel", type=int, default=1, help="belay's connections")
    o = p.parse_intermixed_args()
    global BELAY, PARALLEL
    PARALLEL = o.parallel
    if o.only:
        CONTESTANTS[:] = [c for c in CONTESTANTS if c[0] in o.only or c[0] == "one UPDATE"]
    BELAY = os.path.join(os.path.abspath(o.build), "belay")
    work = tempfile.mkdtemp(prefix="belay-bench.")
    try:
        with Server() as s:
            for name, part in (("idle", idle), ("sizes", sizes), ("load", load)):
                if not o.parts or name in o.parts:
                    part(s, work, o)
    finally:
        shutil.rmtree(work, ignore_errors=True)


main()
