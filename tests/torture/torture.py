#!/usr/bin/env python3
"""torture.py - the runner is hit at every point, and one plain re-run has to finish.

For each engine, kind of step (kinds.py) and layout: an undisturbed run tells the points (shim.c:
each message, each answer, each write) and what the database is to look like. Then, run by run, one
fault at one point. Afterwards:

	the exit code is one that the contract has for it, and 0 only if all is done
	what belay says was left behind is true
	ONE plain re-run of the same command ends with 0
	schema and rows are those of the undisturbed run (each row counts its changes)
	the framework's table is what its own tool would have written; dbmate itself is asked
	belay's journal has nothing open, and a further run finds nothing to do

Usage: torture.py [--sample N] [--jobs N] [--seed N] [--engine NAME]… [--only 'ENGINE KIND LAYOUT']
                  [--fault NAME] [--at POINT] [--keep]
Prints a table of kinds and faults, the points by name, and last `N runs, N failed`."""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import engines  # noqa: E402
import kinds    # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BELAY = os.path.realpath(os.environ.get("BELAY") or engines.ROOT / "build/belay")
assert os.path.basename(BELAY) == "belay", "BELAY is a program called belay"
DBMATE = os.environ.get("DBMATE") or str(
    engines.ROOT / "tests/npm/node_modules/@dbmate/linux-x64/bin/dbmate")

# name: (class of points, action of the shim, end the server's sessions while belay is stopped)
FAULTS = {
    "kill -9 before a message": ("send", "kill", False),
    "kill -9 behind a message": ("send", "after", False),
    "cut behind a message": ("send", "cut", False),
    "cut before a message": ("send", "lost", False),
    "answer cannot be read": ("recv", "fail", False),
    "backend ended before": ("send", "hold", True),
    "backend ended behind": ("send", "stay", True),
    "kill -9 before a write": ("io", "kill", False),
    "kill -9 behind a write": ("io", "after", False),
    "a write fails": ("io", "fail", False),
    "disk full from here on": ("io", "full", False),
    "kill -9 at random": (None, None, False),
    "backend ended at random": (None, None, True),
}
RANDOM_RUNS = 6  # of each random fault, for each kind and layout

# What a message is about: the first that fits gives the point its name.
POINTS = [
    ("connecting", r"application_name|mysql_native|caching_sha2|current_setting|pg_control_system|server_uid|SHOW GRANTS"),
    ("closing", r"^X\\00|^\\01\\00\\00\\00\\01"),
    ("cancel", r"^\\00\\00\\00\\10"),
    ("lease: look and lock", r"FOR UPDATE OF f NOWAIT"),
    ("lease: take", r"SET epoch = "),
    ("lease: give back", r"SET beat = '-infinity'"),
    ("lease: heartbeat", r"SET beat = "),
    ("runner's lock", r"get_lock|GET_LOCK|RELEASE_LOCK|try_advisory"),
    ("journal: make", r"CREATE TABLE IF NOT EXISTS belay"),
    ("history: make", r"(?i)create table .*(schema_migrations|_prisma|flyway)"),
    ("journal: new run", r"INSERT INTO belay[._]run "),
    ("journal: end of run", r"UPDATE belay[._]run SET"),
    ("record and commit", r"(?s)(belay[._](step|applied).*|schema_migrations.*|flyway_.*|_prisma_.*)COMMIT"),
    ("history: write", r"(?i)(insert into|update|delete from|replace into) (\w+\.)?(schema_migrations|_prisma_migrations|flyway_schema_history)"),
    ("journal: mark", r"'mark', '', 'intent'"),
    ("journal: intent", r"'alone', '[0-9a-f]*', 'intent'"),
    ("journal: row with its statement", r"'alone', '[0-9a-f]*', 'done'"),
    ("journal: done", r"UPDATE belay[._]step SET state = 'done'"),
    ("journal: read", r"FROM belay[._](applied|step|version|run)|namespace n ON n.oid = c.relnamespace WHERE c.relname|'belay_(applied|version)'"),
    ("archive", r"belay[._]archive|belay_archive"),
    ("snapshot", r"belay[._]snapshot"),
    ("cursor: begin", r"INSERT INTO belay[._]cursor"),
    ("cursor: move", r"UPDATE belay[._]cursor"),
    ("cursor: end", r"DELETE FROM belay[._]cursor"),
    ("cursor: moved rows", r"INSERT INTO belay[._]moved"),
    ("cursor: read", r"FROM belay[._]cursor"),
    ("batch: bound", r"belay_key_0"),
    ("begin and fence", r"(BEGIN; |START TRANSACTION; )?.*FROM belay.lease"),
    ("begin", r"BEGIN|START TRANSACTION"),
    ("history: read", r"schema_migrations|_prisma_migrations|flyway_schema_history"),
    ("commit", r"COMMIT"),
    ("limits", r"SET (LOCAL|SESSION) lock_(wait_)?timeout"),
    ("catalog", r"pg_catalog|information_schema|SHOW |client_connection_check|CONNECTION_ID"),
    ("statement", r"."),
]
FILE_POINTS = [
    ("file: journal", r"-journal"), ("file: write-ahead log", r"-wal"), ("file: index of the log", r"-shm"),
    ("file: database", r"\.db"), ("file: other", r"."),
]
GOOD_CODES = {0, 3, 4, 5}
NOTHING_STAYS = ("nothing of it stays", "was rolled back: nothing of it is")


class Fault(Exception):
    """The runner was caught out."""


class Case:
    """One kind on one engine in one layout."""

    def __init__(self, engine, kind, layout, work):
        self.engine, self.kind, self.layout = engine, kind, layout
        self.title = f"{engine.name} {kind.name} {layout}"
        self.id = re.sub(r"\W+", "_", self.title).lower()
        self.dir = pathlib.Path(work) / self.id
        base = kinds.BASES[engine.name] + kind.base
        downs = kind.downs or ["SELECT 1;\n"] * len(kind.ups)
        self.files = kinds.files(layout, engine.name, [base, *kind.ups], ["SELECT 1;\n", *downs])
        for path, text in self.files.items():
            (self.dir / path).parent.mkdir(parents=True, exist_ok=True)
            (self.dir / path).write_text(text)
        self.dialect = {"mariadb": "mariadb", "sqlite": "sqlite", "sqlite-wal": "sqlite"}.get(
            engine.name, "postgres")
        self.points = {}

    def command(self, db, *verb):
        """The program is a copy: one may be built while this runs."""
        verb = verb or (("down", kinds.ident(self.layout, 1), *self.consent()) if self.kind.undo else ("up", *self.consent()))
        if verb[0] in ("up", "down"):
            verb = (*verb, "--hold", "60s")  # a busy machine is no fault
        return [str(self.dir.parent / "belay"), *verb, "--layout", self.layout, "--migrations", "migrations",
                "--dialect", self.dialect, "--db", self.engine.url(db), "--quiet"]

    def consent(self):
        """To the loss of rows, and with --backup what goes is kept first."""
        ids = [a for i in range(2, 2 + len(self.kind.ups))
               for a in ("--yes-destroy", kinds.ident(self.layout, i))]
        return (*ids, *self.kind.options)

    def run(self, db, *verb):
        """Plainly, to the end."""
        p = subprocess.run(self.command(db, *verb), cwd=self.dir, capture_output=True, text=True,
                           errors="replace", timeout=120)
        return p.returncode, p.stdout + p.stderr

    def must(self, db, *verb):
        code, words = self.run(db, *verb)
        if code:
            raise Fault(f"exit {code} without any fault: {words}")

    def applied(self):
        return 1 if self.kind.undo else 1 + len(self.kind.ups)

    # ---- The undisturbed run ----
    def prepare(self, shim):
        """A database to copy, the points, and what it is to end in."""
        e, ready = self.engine, f"{self.id}_t"
        e.drop(ready)
        e.create(ready)
        if self.kind.undo:
            self.must(ready, "up")
        elif not self.kind.first:
            self.must(ready, "up", kinds.ident(self.layout, 1))
        self.template = ready
        self.before = e.sight(ready) if not self.kind.first else None
        db = f"{self.id}_0"
        e.drop(db)
        e.create(db, ready)
        trace = self.dir / "trace"
        begun = time.monotonic()
        p = subprocess.run(self.command(db), cwd=self.dir, capture_output=True, text=True,
                           env={**os.environ, "LD_PRELOAD": shim, "TORTURE_TRACE": str(trace)})
        self.seconds = time.monotonic() - begun
        if p.returncode:
            raise Fault(f"exit {p.returncode} without any fault: {p.stderr}")
        self.points, sent = {}, "connecting"
        for line in trace.read_text().split("\n"):
            if line:
                word, _, text = line.split(" ", 2)
                name = sent if word == "recv" else self.name_of(word, text)
                sent = name if word == "send" else sent
                self.points.setdefault(word, []).append(name)
        self.want = e.sight(db)
        self.look(db)
        e.drop(db)

    @staticmethod
    def name_of(word, text):
        table = FILE_POINTS if word == "io" else POINTS
        text = re.sub('["`]', "", text)
        return next((name for name, pattern in table if re.search(pattern, text)), "other")

    # ---- What has to be true ----
    def look(self, db):
        e = self.engine
        now = e.sight(db)
        if now != self.want:
            a, b = set(self.want.split("\n")), set(now.split("\n"))
            raise Fault("the database is not that of an undisturbed run:\n  missing: "
                        + "\n    ".join(sorted(a - b)[:8]) + "\n  instead: " + "\n    ".join(sorted(b - a)[:8]))
        got = e.ask(db, kinds.history_query(self.layout, e.name))
        want = kinds.history_wanted(self.layout, self.files, self.applied())
        if got != want:
            raise Fault(f"the history of {self.layout} is\n{got}\ninstead of\n{want}")
        for table, where in (("step", "kind IN ('alone', 'mark') AND state <> 'recorded'"),
                             ("cursor", "1 = 1"), ("moved", "1 = 1")):
            left = e.ask(db, f"SELECT count(*) FROM {e.journal(table)} WHERE {where}")
            if left != "0":
                raise Fault(f"{left} rows are open in the journal's {table}")
        ledger = e.ask(db, f"SELECT count(*) FROM {e.journal('applied')}")
        if ledger != str(self.applied()):
            raise Fault(f"the ledger has {ledger} migrations")

    def ask_dbmate(self, db):
        if self.layout != "dbmate" or not os.access(DBMATE, os.X_OK):
            return
        out = engines.command(DBMATE, "--no-dump-schema", "-d", str(self.dir / "migrations"), "status",
                              env={"DATABASE_URL": self.engine.dbmate_url(db)})
        if f"Applied: {self.applied()}" not in out:
            raise Fault(f"dbmate says: {out}")

    # ---- One run ----
    def hit(self, db, fault, at, delay, shim):
        """The disturbed run: its exit code (negative: the signal) and its words."""
        word, action, end_sessions = FAULTS[fault]
        env = dict(os.environ)
        if word:
            env.update(LD_PRELOAD=shim, TORTURE=f"{word}:{at}:{action}")
        with tempfile.TemporaryFile("w+", errors="replace") as out:
            p = subprocess.Popen(self.command(db), cwd=self.dir, stdout=out, stderr=out, env=env)
            if word is None:
                time.sleep(delay)
                if end_sessions:
                    self.engine.end_sessions(db)
                else:
                    os.kill(p.pid, signal.SIGKILL)
            code = self.wait(p, db, end_sessions)
            out.seek(0)
            return code, out.read()

    def wait(self, p, db, end_sessions):
        limit = time.monotonic() + 90
        while time.monotonic() < limit:
            pid, status = os.waitpid(p.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFSTOPPED(status):
                if end_sessions:
                    self.engine.end_sessions(db)
                os.kill(p.pid, signal.SIGCONT)
            elif pid:
                p.returncode = os.waitstatus_to_exitcode(status)
                return p.returncode
            else:
                time.sleep(0.003)
        p.kill()
        p.wait()
        raise Fault("it did not end within 90 s")

    def check(self, db, fault, at, delay, shim):
        code, words = self.hit(db, fault, at, delay, shim)
        if code not in GOOD_CODES and code != -signal.SIGKILL:
            raise Fault(f"exit {code}: {words}")
        if code == 0:
            try:
                self.look(db)
            except (Fault, engines.Failed) as why:
                raise Fault(f"exit 0, but {why}\nit said: {words}") from why
        elif code > 0 and any(w in words for w in NOTHING_STAYS) and len(self.kind.ups) == 1:
            if self.before is not None and self.engine.sight(db) != self.before:
                raise Fault(f"it says that nothing stays, and something does: {words}")
        status, more = self.run(db, "status")
        if status != 0 and not (status == 3 and "there is no such file" in more):
            raise Fault(f"status ends with {status}: {more}\nbefore that (exit {code}): {words}")
        again, more = self.run(db)
        if again != 0:
            raise Fault(f"the re-run ends with {again}: {more}\nbefore that (exit {code}): {words}")
        try:
            self.look(db)
        except Fault as why:
            raise Fault(f"{why}\nthe first run (exit {code}) said: {words}\nthe re-run: {more}") from why
        self.ask_dbmate(db)
        third, more = self.run(db)
        if third or "nothing to do" not in more:
            raise Fault(f"a third run finds something to do: {more}")


class Run:
    def __init__(self, case, fault, at=0, delay=0.0):
        self.case, self.fault, self.at, self.delay = case, fault, at, delay
        word = FAULTS[fault][0]
        names = case.points.get(word, [])
        self.point = names[at - 1] if word and at <= len(names) else "any instant"

    def __str__(self):
        where = f"--at {self.at} ({self.point})" if self.at else f"after {self.delay:.3f} s"
        return f"--only '{self.case.title}' --fault '{self.fault}' {where}"


def all_runs(cases, dice):
    for case in cases:
        for fault, (word, _, _) in FAULTS.items():
            if word is None and not (fault.startswith("backend") and "sqlite" in case.engine.name):
                for _ in range(RANDOM_RUNS):
                    yield Run(case, fault, delay=dice.uniform(0.0, case.seconds * 1.05))
            elif word:
                for at in range(1, len(case.points.get(word, [])) + 1):
                    yield Run(case, fault, at)


def sample(runs, n, dice):
    """n of them, so that each kind × fault is met before any is met twice."""
    cells = collections.defaultdict(list)
    for r in runs:
        cells[(r.case.engine.name, r.case.kind.name, r.fault)].append(r)
    for key, v in cells.items():
        dice.shuffle(v)
        luck = {r: dice.random() for r in v}
        met = collections.Counter()
        turn = {}
        for r in v:  # of each point's name one, then of each a second one, …
            met[r.point] += 1
            turn[r] = met[r.point]
        cells[key] = sorted(v, key=lambda r: (-turn[r], luck[r]))
    order = list(cells.values())
    dice.shuffle(order)
    chosen = []
    while order and len(chosen) < n:
        for v in order:
            chosen.append(v.pop())
        order = [v for v in order if v]
    return chosen[:n]


def fewer(cases, n, dice):
    """About n runs: a few cases of each engine, for each costs an undisturbed run."""
    by_engine = collections.defaultdict(list)
    for c in cases:
        by_engine[c.engine.name].append(c)
    for v in by_engine.values():
        dice.shuffle(v)
    turns = [v.pop() for _ in range(len(cases)) for v in by_engine.values() if v]
    return turns[:max(len(by_engine), n // 4)]


def one(run, number, shim, keep):
    """The words of a failure, or None."""
    case, db = run.case, f"{run.case.id}_{number}"
    try:
        case.engine.drop(db)
        case.engine.create(db, case.template)
        case.check(db, run.fault, run.at, run.delay, shim)
    except (Fault, engines.Failed, OSError, subprocess.SubprocessError) as why:
        if keep:
            return f"{why}\nkept: {case.engine.url(db)} in {case.dir}"
        case.engine.drop(db)
        return str(why)
    case.engine.drop(db)
    return None


def build_shim(work):
    out = f"{work}/shim.so"
    engines.command("cc", "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared", "-fPIC",
                    str(HERE / "shim.c"), "-o", out, "-ldl")
    return out


def use_memory():
    """Servers in memory, where there is enough of it: what is tested here is no disk."""
    shm = "/dev/shm"
    if "TMPDIR" not in os.environ and os.path.isdir(shm) and shutil.disk_usage(shm).free > 4 << 30:
        os.environ["TMPDIR"] = tempfile.tempdir = shm


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--sample", type=int, default=0)
    p.add_argument("--jobs", type=int, default=3)
    p.add_argument("--seed", type=int, default=int(os.environ.get("TORTURE_SEED", "20261121")))
    p.add_argument("--engine", action="append")
    p.add_argument("--only", default="", help="as a failure names it: 'postgres separate dbmate'")
    p.add_argument("--kind", action="append")
    p.add_argument("--layouts", type=int, default=0, help="this many for each kind")
    p.add_argument("--fault")
    p.add_argument("--at", type=int, default=0)
    p.add_argument("--keep", action="store_true", help="databases of failures stay, and so do the servers")
    p.add_argument("--points", action="store_true", help="only list the points of each case")
    return p.parse_args()


def make_cases(o, servers, work):
    for name, e in servers.items():
        for i, k in enumerate(kinds.KINDS):
            if name not in k.engines or k.least > getattr(e, "version", 0) > 0:
                continue
            if o.kind and k.name not in o.kind:
                continue
            layouts = k.layouts
            if o.layouts and not o.only:  # each kind begins at another one
                layouts = [layouts[(i + j) % len(layouts)] for j in range(min(o.layouts, len(layouts)))]
            for layout in layouts:
                if not o.only or f"{name} {k.name} {layout}" == o.only:
                    yield Case(e, k, layout, work)


def print_tables(done, failed):
    rows, names = {}, collections.Counter()
    columns = list(FAULTS)
    for r in done:
        cell = rows.setdefault(f"{r.case.engine.name}: {r.case.kind.name}", {}).setdefault(r.fault, [0, 0])
        cell[0] += 1
        cell[1] += r in failed
        names[r.point] += 1
    used = [c for c in columns if any(c in v for v in rows.values())]
    print("\nruns (failed) by kind and fault")
    for i, c in enumerate(used):
        print(f"  {chr(ord('a') + i)} = {c}")
    print(f"{'':34}" + "".join(f"{chr(ord('a') + i):>9}" for i in range(len(used))))
    for title, cells in rows.items():
        text = [f"{n}" + (f" ({bad})" if bad else "") for n, bad in (cells.get(c, (0, 0)) for c in used)]
        print(f"{title:34}" + "".join(f"{t if t != '0' else '.':>9}" for t in text))
    print("\nruns by fault point")
    for name, n in sorted(names.items()):
        print(f"  {name:28}{n:6}")
    return names


def never_hit(names, servers):
    """Names of the tables above that no run met: the tables are wrong, or the kinds are."""
    wanted = [n for n, _ in POINTS] if {"postgres", "mariadb"} <= set(servers) else []
    wanted += [n for n, _ in FILE_POINTS[:2]] if "sqlite" in servers else []
    return [n for n in wanted if n not in names and n != "cancel"]


def stop(*_):
    """Told to end: the servers are stopped first."""
    raise SystemExit(143)


def main():
    o = arguments()
    signal.signal(signal.SIGTERM, stop)
    use_memory()
    dice = random.Random(o.seed)
    work = tempfile.mkdtemp(prefix="belay-torture.")
    names = o.engine or ([o.only.split(" ")[0]] if o.only else list(engines.ENGINES))
    servers, failed, done = {}, {}, []
    lock = threading.Lock()
    begun = time.monotonic()
    try:
        shim = build_shim(work)
        shutil.copy(BELAY, work)
        for name in names:
            servers[name] = engines.ENGINES[name]()
        cases = list(make_cases(o, servers, work))
        if o.sample:
            cases = fewer(cases, o.sample, dice)
        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            list(pool.map(lambda c: c.prepare(shim), cases))
        if o.points:
            for c in cases:
                print(c.title, {k: collections.Counter(v) for k, v in c.points.items()})
            return 0
        runs = [r for r in all_runs(cases, dice)
                if (not o.fault or r.fault == o.fault) and (not o.at or r.at == o.at)]
        if o.sample:
            runs = sample(runs, o.sample, dice)

        def do(numbered):
            number, r = numbered
            why = one(r, number, shim, o.keep)
            with lock:
                done.append(r)
                if why:
                    failed[r] = why
                    print(f"FAILED {r}\n  " + why.replace("\n", "\n  "), file=sys.stderr, flush=True)
                if len(done) % 100 == 0:
                    print(f"{len(done)} of {len(runs)} runs, {len(failed)} failed, "
                          f"{time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)

        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            list(pool.map(do, enumerate(runs, 1)))
        met = print_tables(sorted(done, key=lambda r: (r.case.engine.name, r.case.kind.name)), failed)
        missed = [] if 0 < o.sample < 1000 or o.only or o.fault or o.kind else never_hit(met, servers)
        if missed:
            print("points that no run met: " + ", ".join(missed))
        for r, why in failed.items():
            print(f"FAILED {r}: " + why.split("\n")[0])
        print(f"seed {o.seed}, {time.monotonic() - begun:.0f} s")
        print(f"{len(done)} runs, {len(failed)} failed")
        return 1 if failed or missed or not done else 0
    finally:
        if not o.keep:
            for s in servers.values():
                s.stop()
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
