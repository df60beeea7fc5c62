#!/usr/bin/env python3
"""experiments.py BUILD [E1 E2 E2v E3 E3i E4] [ONLY=tool,…] - what goes wrong when things go wrong, side by side.

belay, dbmate, knex and node-pg-migrate with their default settings, each on a database of its own
on the same private PostgreSQL, in the same run. The other tools come from bench/npm.

  E1   a file without a transaction: two statements pass, the third fails; its cause is removed; again
  E2   a transaction has read the table and stays open for 8 s; a column is added meanwhile. The worst
       latency of a reader of single rows, against its idle maximum
  E2v  the same with autovacuum at work on the table instead of the transaction
  E3   kill -9 during CREATE INDEX CONCURRENTLY; again
  E3i  the same, and the server's session ends with it, so that the index is left INVALID
  E4   two runners at once; a change of data that is not idempotent, without a transaction
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
NPM = os.environ.get("BENCH_NPM", os.path.join(HERE, "npm/node_modules"))
BELAY = os.path.join(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build"), "belay")
ENV = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
ENV["LC_ALL"] = "C.UTF-8"
BLOCKED_S = 8


class Postgres:
    # Autovacuum comes at once where a table wants it, and takes its time.
    OPTIONS = "-c autovacuum_max_workers=8 -c autovacuum_naptime=1s -c autovacuum_vacuum_cost_delay=100 -c autovacuum_vacuum_cost_limit=1"

    def __enter__(self):
        self.dir = subprocess.run([os.path.join(ROOT, "tests/servers/postgres.sh"), "start"], check=True,
            stdout=subprocess.PIPE, text=True, env={**ENV, "PG_OPTIONS": self.OPTIONS}).stdout.split("\n")[0]
        return self

    def __exit__(self, *_):
        subprocess.run([os.path.join(ROOT, "tests/servers/postgres.sh"), "stop", self.dir], check=True)

    def argv(self, db):
        return ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-U", "postgres", db]

    def sql(self, db, text):
        return subprocess.run(self.argv(db), input="SET client_min_messages = warning;\n" + text, check=True,
            stdout=subprocess.PIPE, text=True, env=ENV).stdout.strip()

    def fresh(self, db):
        self.sql("postgres", f"DROP DATABASE IF EXISTS {db};\nCREATE DATABASE {db};\n")
        return db


# ---- The tools: write a migration of these statements, and the command that applies all ----------
class Belay:
    name = "belay"

    def write(self, folder, statements, transaction):
        os.makedirs(os.path.join(folder, "migrations"))
        with open(os.path.join(folder, "migrations/001_change.sql"), "w") as f:
            f.write("" if transaction else "-- belay:no-transaction\n")
            f.write(";\n".join(statements) + ";\n")

    def up(self, pg, db, folder):
        return [BELAY, "-C", folder, "up", "--db", f"postgres:///{db}?host={pg.dir}&user=postgres"], ENV

    recorded = "SELECT count(*) FROM belay_migrations"


class Dbmate:
    name = "dbmate"

    def write(self, folder, statements, transaction):
        os.makedirs(os.path.join(folder, "db/migrations"))
        with open(os.path.join(folder, "db/migrations/20260101000000_change.sql"), "w") as f:
            f.write("-- migrate:up" + ("" if transaction else " transaction:false") + "\n")
            f.write(";\n".join(statements) + ";\n\n-- migrate:down\n")

    def up(self, pg, db, folder):
        url = f"postgres://postgres@/{db}?socket={pg.dir}&sslmode=disable"
        return [os.path.join(NPM, "@dbmate/linux-x64/bin/dbmate"), "--url", url, "--no-dump-schema", "up"], ENV

    recorded = "SELECT count(*) FROM schema_migrations"


class Knex:
    name = "knex"

    def write(self, folder, statements, transaction):
        os.makedirs(os.path.join(folder, "migrations"))
        with open(os.path.join(folder, "migrations/20260101000000_change.js"), "w") as f:
            f.write("exports.up = async (knex) => {\n")
            f.writelines(f"\tawait knex.raw(`{s}`);\n" for s in statements)
            f.write("};\nexports.down = async () => {};\n")
            f.write("" if transaction else "exports.config = { transaction: false };\n")

    def up(self, pg, db, folder):
        with open(os.path.join(folder, "knexfile.js"), "w") as f:
            f.write(f"module.exports = {{ client: 'pg', connection: {{ host: '{pg.dir}', user: 'postgres', database: '{db}' }} }};\n")
        return ["node", os.path.join(NPM, "knex/bin/cli.js"), "migrate:latest", "--knexfile", os.path.join(folder, "knexfile.js")], \
            {**ENV, "NODE_PATH": NPM}

    recorded = "SELECT count(*) FROM knex_migrations"


class NodePgMigrate:
    name = "node-pg-migrate"

    def write(self, folder, statements, transaction):
        os.makedirs(os.path.join(folder, "migrations"))
        with open(os.path.join(folder, "migrations/1760000000000_change.cjs"), "w") as f:
            f.write("exports.up = (pgm) => {\n" + ("" if transaction else "\tpgm.noTransaction();\n"))
            f.writelines(f"\tpgm.sql(`{s}`);\n" for s in statements)
            f.write("};\nexports.down = false;\n")

    def up(self, pg, db, folder):
        url = f"postgres://postgres@{pg.dir.replace('/', '%2F')}/{db}"
        return ["node", os.path.join(NPM, "node-pg-migrate/bin/node-pg-migrate.js"), "up", "-m", os.path.join(folder, "migrations")], \
            {**ENV, "DATABASE_URL": url}

    recorded = "SELECT count(*) FROM pgmigrations"


TOOLS = [Belay(), Dbmate(), Knex(), NodePgMigrate()]


class Run:
    """One migration of one tool on a database of its own."""

    def __init__(self, pg, tool, work, setup, statements, transaction=False):
        self.pg, self.tool = pg, tool
        self.db = pg.fresh("exp_" + tool.name.replace("-", "_"))
        pg.sql(self.db, setup)
        self.folder = tempfile.mkdtemp(dir=work)
        if tool.name == "knex":
            os.symlink(NPM, os.path.join(self.folder, "node_modules"))
        tool.write(self.folder, statements, transaction)

    def start(self):
        argv, env = self.tool.up(self.pg, self.db, self.folder)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        return subprocess.Popen(argv, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, start_new_session=True)

    def up(self, seconds=120):
        p = self.start()
        try:
            return p.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            return "hangs"

    def sql(self, text):
        return self.pg.sql(self.db, text)

    def recorded(self):
        there = self.sql(f"SELECT to_regclass('{self.tool.recorded.split()[-1]}') IS NOT NULL")
        return there == "t" and self.sql(self.tool.recorded) not in ("", "0")


class Reader:
    """Reads single rows over one connection, one after the other, and keeps the worst latency."""

    def __init__(self, pg, db):
        self.p = subprocess.Popen(pg.argv(db), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=ENV)
        self.worst, self.over, self.reads = 0.0, False, 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over:
            t = time.monotonic()
            self.p.stdin.write(f"SELECT id FROM accounts WHERE id = {self.reads % 1000 + 1};\n")
            self.p.stdin.flush()
            self.p.stdout.readline()
            self.worst = max(self.worst, time.monotonic() - t)
            self.reads += 1
            time.sleep(0.002)

    def lap(self):
        """The worst since the last lap, in ms."""
        worst, self.worst = self.worst, 0.0
        return worst * 1000

    def stop(self):
        self.over = True
        self.thread.join()
        self.p.stdin.close()
        self.p.wait()


ACCOUNTS = "CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0);\n" \
    "INSERT INTO accounts (id) SELECT generate_series(1, {rows});\n"


# ---- The experiments ---------------------------------------------------------------------------
def e1(pg, tool, work):
    run = Run(pg, tool, work, "", ["CREATE TABLE a (id bigint)", "CREATE INDEX a_id ON a (id)", "INSERT INTO missing VALUES (1)"])
    first = run.up()
    run.sql("CREATE TABLE missing (id bigint)")
    second = run.up()
    done = second == 0 and run.recorded() and run.sql("SELECT count(*) FROM missing") == "1"
    return f"{'completes' if done else 'stuck'} (exit {first}, then {second})", done


def stall(run, reader, busy):
    """Idle, then the migration beside what `busy` begins: (idle ms, worst ms, exit, seconds)."""
    time.sleep(2)
    idle = reader.lap()
    process = busy()
    time.sleep(1)
    reader.lap()
    t = time.monotonic()
    status = run.up()
    took = time.monotonic() - t
    if process:
        process.wait()
    time.sleep(0.2)
    worst = reader.lap()
    reader.stop()
    return idle, worst, status, took


def told(idle, worst, status, took, run):
    done = status == 0 and run.sql("SELECT count(*) FROM information_schema.columns WHERE column_name = 'note'") == "1"
    return f"{worst:.0f} ms (idle {idle:.0f}), {'done' if done else 'exit ' + str(status)} after {took:.1f} s", \
        done and worst <= idle + 200


def e2(pg, tool, work):
    run = Run(pg, tool, work, ACCOUNTS.format(rows=1000), ["ALTER TABLE accounts ADD COLUMN note text"], transaction=True)

    def blocker():
        p = subprocess.Popen(pg.argv(run.db), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=ENV)
        p.stdin.write(f"BEGIN;\nSELECT * FROM accounts WHERE id = 1;\nSELECT pg_sleep({BLOCKED_S});\nCOMMIT;\n")
        p.stdin.close()
        return p

    return told(*stall(run, Reader(pg, run.db), blocker), run)


def e2v(pg, tool, work):
    # Autovacuum keeps away from the table until its rows are dead and it is let in.
    run = Run(pg, tool, work, ACCOUNTS.format(rows=300000) + "ALTER TABLE accounts SET (autovacuum_enabled = off);\n"
        "UPDATE accounts SET balance = 1;\n", ["ALTER TABLE accounts ADD COLUMN note text"], transaction=True)

    def vacuum():
        run.sql("ALTER TABLE accounts SET (autovacuum_enabled = on)")
        for _ in range(600):
            if run.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND datname = current_database() AND query LIKE '%accounts%'") != "0":
                return None
            time.sleep(0.1)
        sys.exit("autovacuum did not come")

    return told(*stall(run, Reader(pg, run.db), vacuum), run)


def e3(pg, tool, work, ends=False):
    run = Run(pg, tool, work, ACCOUNTS.format(rows=3000000), ["CREATE INDEX CONCURRENTLY accounts_balance ON accounts (balance, id)"])
    building = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%CREATE INDEX CONC%' AND state = 'active' AND pid <> pg_backend_pid()"
    p = run.start()
    for _ in range(6000):
        if run.sql(building) != "0" or p.poll() is not None:
            break
        time.sleep(0.01)
    time.sleep(0.5)
    killed = p.poll() is None
    if killed:
        os.killpg(p.pid, signal.SIGKILL)
    p.wait()
    if ends:
        run.sql(building.replace("count(*)", "pg_terminate_backend(pid)"))
    while run.sql(building) != "0":
        time.sleep(0.05)
    status = run.up()
    valid = run.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('accounts_balance')")
    words = {"t": "valid", "f": "INVALID", "": "no"}[valid]
    done = killed and status == 0 and valid == "t" and run.recorded()
    return f"{words} index, {'recorded' if run.recorded() else 'not recorded'}, exit {status}{'' if killed else ' (was not killed in time)'}", done


def e3i(pg, tool, work):
    return e3(pg, tool, work, ends=True)


def e4(pg, tool, work):
    run = Run(pg, tool, work, ACCOUNTS.format(rows=10), ["UPDATE accounts SET balance = balance + 1", "SELECT pg_sleep(2)"])
    both = [run.start(), run.start()]
    codes = sorted(p.wait() for p in both)
    balance = run.sql("SELECT DISTINCT balance FROM accounts")
    return f"applied {balance} ×, exits {codes[0]} and {codes[1]}", balance == "1" and codes[0] == 0


EXPERIMENTS = {"E1": e1, "E2": e2, "E2v": e2v, "E3": e3, "E3i": e3i, "E4": e4}


def main():
    only = [a[5:].split(",") for a in sys.argv if a.startswith("ONLY=")]
    parts = [a for a in sys.argv[2:] if a in EXPERIMENTS] or list(EXPERIMENTS)
    tools = [t for t in TOOLS if not only or t.name in only[0]]
    work = tempfile.mkdtemp(prefix="belay-experiments.")
    rows, bad = [], False
    try:
        with Postgres() as pg:
            for part in parts:
                row = [part]
                for tool in tools:
                    words, right = EXPERIMENTS[part](pg, tool, work)
                    print(f"  {part} {tool.name}: {words}{'' if right else '  (!)'}", file=sys.stderr, flush=True)
                    row.append(words + ("" if right else " **!**"))
                    bad = bad or (tool.name == "belay" and not right)
                rows.append(row)
    finally:
        if os.environ.get("BENCH_KEEP"):
            print(work, file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)
    print("| | " + " | ".join(t.name for t in tools) + " |\n|" + "---|" * (len(tools) + 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.exit(1 if bad else 0)


main()
