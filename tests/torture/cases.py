"""cases.py - one kind of step on one engine in one layout: its files, its undisturbed run, and one
run that a fault meets, with all that has to be true afterwards."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

import engines
import kinds
import points

BELAY = os.path.realpath(os.environ.get("BELAY") or engines.ROOT / "build/belay")
assert os.path.basename(BELAY) == "belay", "BELAY is a program called belay"
DBMATE = os.environ.get("DBMATE") or str(
    engines.ROOT / "tests/npm/node_modules/@dbmate/linux-x64/bin/dbmate")
GOOD_CODES = {0, 3, 4, 5}
TERMINATED = {143, -signal.SIGTERM}
NOTHING_STAYS = ("nothing of it stays", "was rolled back: nothing of it is")
PRISMA_LOCK = threading.Lock()
LONG = 300  # seconds; machines are busy
MEANWHILE = 0.5  # seconds that a second runner has while the first is stopped


class Fault(Exception):
    """The runner was caught out."""


@dataclass(frozen=True)
class Blow:
    """What goes wrong. `where`: the class of points, None is a random instant. `action`: the shim's,
    or the signal of a random instant. While belay is stopped: its sessions end, its lease runs out,
    another runner comes."""
    where: str | None
    action: str
    ends: bool = False
    expires: bool = False
    second: bool = False
    again: bool = False         # the re-run is killed too
    servers: bool = False       # where there is a connection


FAULTS = {
    "kill -9 before a message": Blow("send", "kill"),
    "kill -9 behind a message": Blow("send", "after"),
    "kill -9, and so is the re-run": Blow("send", "after", again=True),
    "cut behind a message": Blow("send", "cut", servers=True),
    "cut before a message": Blow("send", "lost", servers=True),
    "answer cannot be read": Blow("recv", "fail", servers=True),
    "backend ended before": Blow("send", "hold", ends=True, servers=True),
    "backend ended behind": Blow("send", "stay", ends=True, servers=True),
    "SIGTERM before a message": Blow("send", "term"),
    "SIGTERM behind a message": Blow("send", "told"),
    "SIGSTOP, another comes": Blow("send", "hold", second=True),
    "SIGSTOP, the lease runs out": Blow("send", "stay", expires=True, second=True, servers=True),
    "SIGSTOP, session gone, replaced": Blow("send", "hold", ends=True, expires=True, second=True, servers=True),
    "kill -9 before a write": Blow("io", "kill"),
    "kill -9 behind a write": Blow("io", "after"),
    "kill -9 at writes, twice": Blow("io", "after", again=True),
    "a write fails": Blow("io", "fail"),
    "disk full from here on": Blow("io", "full"),
    "SIGSTOP before a write": Blow("io", "hold", second=True),
    "kill -9 at random": Blow(None, "KILL"),
    "backend ended at random": Blow(None, "", ends=True, servers=True),
    "SIGTERM at random": Blow(None, "TERM"),
    "SIGSTOP at random, replaced": Blow(None, "STOP", expires=True, second=True),
}


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
        # On a machine that is busy with other things batches would shrink to a row each.
        settings = {"belay.yml": "batches: {target_ms: 60s, max_commit: 60s}\n"}
        for path, text in {**self.files, **settings}.items():
            (self.dir / path).parent.mkdir(parents=True, exist_ok=True)
            (self.dir / path).write_text(text)
        self.dialect = {"mariadb": "mariadb", "sqlite": "sqlite", "sqlite-wal": "sqlite"}.get(
            engine.name, "postgres")
        self.verb = (kind.verb,)
        if kind.verb == "down":
            self.verb = ("down", kinds.ident(layout, 1))
        self.points = {}
        # Prisma's lock on MariaDB is one for the whole server.
        self.alone = PRISMA_LOCK if (engine.name, layout) == ("mariadb", "prisma") else contextlib.nullcontext()

    def command(self, db, *verb):
        """The program is a copy: one may be built while this runs."""
        verb = verb or self.verb
        if verb[0] in ("up", "down"):
            verb = (*verb, *self.consent(), "--hold", "60s")  # a busy machine is no fault
        return [str(self.dir.parent / "belay"), *verb, "--layout", self.layout, "--migrations", "migrations",
                "--dialect", self.dialect, "--db", self.engine.url(db), "--quiet"]

    def consent(self):
        """To the loss of rows, and with --backup what goes is kept first."""
        ids = [a for i in range(2, 2 + len(self.kind.ups))
               for a in ("--yes-destroy", kinds.ident(self.layout, i))]
        return (*ids, *self.kind.options)

    def run(self, db, *verb, env=None):
        p = subprocess.run(self.command(db, *verb), cwd=self.dir, capture_output=True, text=True,
                           errors="replace", timeout=LONG, env={**os.environ, **(env or {})})
        return p.returncode, p.stdout + p.stderr

    def must(self, db, *verb):
        code, words = self.run(db, *verb)
        if code:
            raise Fault(f"exit {code} without any fault: {words}")
        return words

    def applied(self):
        return 1 if self.kind.verb == "down" else 1 + len(self.kind.ups)

    # ---- The undisturbed run ----
    def prepare(self, shim):
        """A database to copy, the points, and what it is to end in."""
        e, ready = self.engine, f"{self.id}_t"
        e.drop(ready)
        e.create(ready)
        if not self.kind.first:
            self.must(ready, "up", kinds.ident(self.layout, 1))
        if self.kind.verb != "up":  # by itself: what a run makes is not worth keeping to it
            self.must(ready, "up")
        if self.kind.verb == "restore":
            listed = json.loads(self.must(ready, "backups", "-o", "json"))
            self.verb = ("restore", listed["backups"][0]["name"])
        self.template = ready
        self.before = e.sight(ready) if not self.kind.first else None
        db = f"{self.id}_0"
        e.drop(db)
        e.create(db, ready)
        trace = self.dir / "trace"
        begun = time.monotonic()
        code, words = self.run(db, env={"LD_PRELOAD": shim, "TORTURE_TRACE": str(trace)})
        self.seconds = time.monotonic() - begun
        if code:
            raise Fault(f"exit {code} without any fault: {words}")
        for line in trace.read_text().split("\n"):
            if line:
                word, _, text = line.split(" ", 2)
                self.points.setdefault(word, []).append(points.name_of(word, text))
        self.want, self.dumped = e.sight(db), e.dump(db)
        self.look(db)
        e.drop(db)

    # ---- What has to be true ----
    @staticmethod
    def same(want, now):
        if now != want:
            a, b = set(want.split("\n")), set(now.split("\n"))
            raise Fault("the database is not that of an undisturbed run:\n  missing: "
                        + "\n    ".join(sorted(a - b)[:8]) + "\n  instead: " + "\n    ".join(sorted(b - a)[:8]))

    def look(self, db):
        e = self.engine
        self.same(self.want, e.sight(db))
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

    def ask_others(self, db, dump):
        if dump:
            self.same(self.dumped, self.engine.dump(db))
        if self.layout != "dbmate" or not os.access(DBMATE, os.X_OK):
            return
        out = engines.command(DBMATE, "--no-dump-schema", "-d", str(self.dir / "migrations"), "status",
                              env={"DATABASE_URL": self.engine.dbmate_url(db)})
        if f"Applied: {self.applied()}" not in out:
            raise Fault(f"dbmate says: {out}")

    # ---- One run ----
    def hit(self, db, run, shim):
        """The disturbed run: (exit code, negative: the signal; words), and a second runner's or None."""
        blow, env, struck = run.blow, dict(os.environ), self.dir / f"struck_{db}"
        if blow.where:
            env.update(LD_PRELOAD=shim, TORTURE=f"{blow.where}:{run.at}:{blow.action}", TORTURE_STRUCK=str(struck))
        if blow.expires:
            env.update(TORTURE_PAUSE="20")
        with tempfile.TemporaryFile("w+", errors="replace") as out:
            p = subprocess.Popen(self.command(db), cwd=self.dir, stdout=out, stderr=out, env=env)
            if not blow.where:
                time.sleep(run.delay)
                if blow.action:
                    os.kill(p.pid, getattr(signal, "SIG" + blow.action))
                elif blow.ends:
                    self.engine.end_sessions(db)
            code, other = self.wait(p, db, blow)
            out.seek(0)
            words = out.read()
        if not blow.where:
            run.met = "any instant"
        else:
            line = struck.read_text().split("\n")[0]
            word, _, text = line.split(" ", 2) if line else ("", "", "")
            run.met = points.name_of(word, text) if line else "(ended before it)"
            struck.unlink()
        return (code, words), other

    def wait(self, p, db, blow):
        limit, other = time.monotonic() + LONG, None
        while time.monotonic() < limit:
            pid, status = os.waitpid(p.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFSTOPPED(status):
                other = self.meanwhile(db, blow) or other
                os.kill(p.pid, signal.SIGCONT)
            elif pid:
                p.returncode = os.waitstatus_to_exitcode(status)
                return p.returncode, self.ended(other)
            else:
                time.sleep(0.003)
        p.kill()
        p.wait()
        self.ended(other)
        raise Fault("it did not end in time")

    def meanwhile(self, db, blow):
        """It is stopped. A second runner, or None."""
        if blow.ends:
            self.engine.end_sessions(db)
        if blow.expires:
            self.engine.expire(db)
        if not blow.second:
            return None
        out = tempfile.TemporaryFile("w+", errors="replace")
        p = subprocess.Popen(self.command(db), cwd=self.dir, stdout=out, stderr=out)
        try:
            p.wait(MEANWHILE)
        except subprocess.TimeoutExpired:
            pass  # it waits for the first
        return p, out

    @staticmethod
    def ended(other):
        if other is None:
            return None
        p, out = other
        with out:
            try:
                p.wait(LONG)
            except subprocess.TimeoutExpired as why:
                p.kill()
                raise Fault("the second runner did not end in time") from why
            out.seek(0)
            return p.returncode, out.read()

    def time_passes(self, db, run):
        """Behind a pooler a killed runner's lease has to run out; of eight re-runs one comes at once."""
        if self.engine.pooled and not run.at_once:
            self.engine.expire(db)

    def check(self, db, run, shim):
        (code, words), other = self.hit(db, run, shim)
        blow, good = run.blow, set(GOOD_CODES)
        if "kill" in run.fault:
            good.add(-signal.SIGKILL)
        if "SIGTERM" in run.fault:
            good |= TERMINATED
        said = f"exit {code}: {words}" + (f"\nthe second runner, exit {other[0]}: {other[1]}" if other else "")
        if code not in good or (other and other[0] not in GOOD_CODES):
            raise Fault(said)
        if code == 0 or (other and other[0] == 0):
            try:
                self.look(db)
            except (Fault, engines.Failed) as why:
                raise Fault(f"exit 0, but {why}\n{said}") from why
        elif code > 0 and not other and any(w in words for w in NOTHING_STAYS) and len(self.kind.ups) == 1:
            if self.before is not None and self.engine.sight(db) != self.before:
                raise Fault(f"it says that nothing stays, and something does: {words}")
        if blow.again:
            self.time_passes(db, run)
            again, more = self.run(db, env={"LD_PRELOAD": shim, "TORTURE": f"{blow.where}:{run.again}:{blow.action}"})
            said += f"\nthe killed re-run, exit {again}: {more}"
            if again not in good:
                raise Fault(said)
        status, more = self.run(db, "status")
        if status != 0 and not (status == 3 and "there is no such file" in more):
            raise Fault(f"status ends with {status}: {more}\nbefore that {said}")
        self.time_passes(db, run)
        again, more = self.run(db)
        if again != 0:
            raise Fault(f"the re-run ends with {again}: {more}\nbefore that {said}")
        try:
            self.look(db)
            self.ask_others(db, run.dump)
        except Fault as why:
            raise Fault(f"{why}\nthe first run {said}\nthe re-run: {more}") from why
        third, more = self.run(db)
        if third or ("nothing to do" not in more and self.kind.verb != "restore"):
            raise Fault(f"a third run finds something to do: {more}")
