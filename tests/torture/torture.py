#!/usr/bin/env python3
"""torture.py - the runner is hit at every point, and one plain re-run has to finish.

For each engine, kind of step (kinds.py) and layout: an undisturbed run tells the points (shim.c:
each message, each answer, each write; points.py names them) and what the database is to look like.
Then, run by run, one fault (cases.py) at one point. Afterwards:

	the exit code is one that the contract has for it, and 0 only if all is done
	what belay says was left behind is true
	ONE plain re-run of the same command ends with 0
	schema and rows are those of the undisturbed run (each row counts its changes)
	the framework's table is what its own tool would have written; dbmate itself is asked
	belay's journal has nothing open, and a further run finds nothing to do

Usage: torture.py [--sample N] [--jobs N] [--seed N] [--engine NAME]… [--only 'ENGINE KIND LAYOUT']
                  [--fault NAME] [--at POINT] [--keep]
Prints a table of kinds and faults, the points by engine, and last `N runs, N failed`. A point that
an undisturbed run has and no fault met is a failure too. PG_BIN: another PostgreSQL's programs."""
import argparse
import collections
import concurrent.futures
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases    # noqa: E402
import engines  # noqa: E402
import kinds    # noqa: E402
import points   # noqa: E402
import wire     # noqa: E402
from cases import FAULTS, Case, Fault  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
RANDOM_RUNS = 6  # of each random fault, for each kind and layout
TROUBLE = (Fault, engines.Failed, wire.WireError, OSError, subprocess.SubprocessError)


class Run:
    def __init__(self, case, fault, at=0, delay=0.0, again=0):
        self.case, self.fault, self.blow = case, fault, FAULTS[fault]
        self.at, self.delay, self.again = at, delay, again
        self.at_once = self.dump = False  # the re-run comes at once; pg_dump is asked too
        self.met = None  # the point, when it has been hit
        names = case.points.get(self.blow.where, [])
        self.point = names[at - 1] if at else "any instant"

    def __str__(self):
        where = f"--at {self.at} ({self.point})" if self.at else f"after {self.delay:.3f} s"
        return f"--only '{self.case.title}' --fault '{self.fault}' {where}" + (
            f", and at {self.again}" if self.again else "")


def all_runs(chosen, dice):
    for case in chosen:
        for fault, blow in FAULTS.items():
            if blow.servers and not case.engine.server:
                continue
            if not blow.where:
                for _ in range(RANDOM_RUNS):
                    yield Run(case, fault, delay=dice.uniform(0.0, case.seconds * 1.05))
            n = len(case.points.get(blow.where, []))
            for at in range(1, n + 1):
                yield Run(case, fault, at, again=dice.randint(1, n) if blow.again else 0)


def sample(runs, n, dice):
    """n of them: each engine's points in turn, each time by another fault, and of the kinds the one
    that this fault has met least."""
    cells = collections.defaultdict(lambda: collections.defaultdict(list))
    for r in runs:
        where = r.point if r.at else f"any instant of {r.case.kind.name}"
        cells[(r.case.engine.name, where)][r.fault].append(r)
    met, turns = collections.Counter(), []
    for at_point in cells.values():
        for v in at_point.values():
            dice.shuffle(v)
        faults = list(at_point)
        dice.shuffle(faults)
        turns.append([at_point[f] for f in faults])
    dice.shuffle(turns)
    chosen = []
    for turn in itertools.count():
        for v in turns:
            if len(chosen) == n:
                return chosen
            left = [f for f in v if f]
            if not left:
                continue
            of_fault = left[turn % len(left)]
            best = min(of_fault, key=lambda r: met[(r.case.engine.name, r.case.kind.name, r.fault)])
            of_fault.remove(best)
            met[(best.case.engine.name, best.case.kind.name, best.fault)] += 1
            chosen.append(best)
        if not any(f for v in turns for f in v):
            return chosen


def fewer(made, n, dice):
    """About n runs: a few cases of each engine, for each costs an undisturbed run."""
    by_engine = collections.defaultdict(list)
    for c in made:
        by_engine[c.engine.name].append(c)
    for v in by_engine.values():
        dice.shuffle(v)
    turns = [v.pop() for _ in range(len(made)) for v in by_engine.values() if v]
    return turns[:max(len(by_engine), n // 4)]


def prepare(case, shim):
    try:
        with case.alone:
            case.prepare(shim)
    except TROUBLE as why:
        raise SystemExit(f"{case.title}: {why}") from why


def one(run, number, shim, keep):
    """The words of a failure, or None."""
    with run.case.alone:
        return one_by_itself(run, f"{run.case.id}_{number}", shim, keep)


def one_by_itself(run, db, shim, keep):
    case = run.case
    try:
        case.engine.drop(db)
        case.engine.create(db, case.template)
        case.check(db, run, shim)
    except TROUBLE as why:
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
    p.add_argument("--again", type=int, default=0, help="of a fault that hits the re-run too: where")
    p.add_argument("--minutes", type=float, default=0, help="no new run after that")
    p.add_argument("--keep", action="store_true", help="databases of failures stay, and so do the servers")
    p.add_argument("--slow", type=int, default=0, help="name this many of the runs that took longest")
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


def print_kinds(done, failed):
    rows = {}
    for r in sorted(done, key=lambda r: (r.case.engine.name, r.case.kind.name)):
        cell = rows.setdefault(f"{r.case.engine.name}: {r.case.kind.name}", {}).setdefault(r.fault, [0, 0])
        cell[0] += 1
        cell[1] += r in failed
    used = [c for c in FAULTS if any(c in v for v in rows.values())]
    print("\nruns (failed) by kind and fault")
    for i, c in enumerate(used):
        print(f"  {chr(ord('a') + i)} = {c}")
    print(f"{'':32}" + "".join(f"{chr(ord('a') + i):>7}" for i in range(len(used))))
    for title, cells in rows.items():
        text = [f"{n}" + (f" ({bad})" if bad else "") for n, bad in (cells.get(c, (0, 0)) for c in used)]
        print(f"{title:32}" + "".join(f"{t if t != '0' else '.':>7}" for t in text))
    print(f"{'all':32}" + "".join(f"{sum(v.get(c, (0, 0))[0] for v in rows.values()):>7}" for c in used))


def print_points(done, made, servers):
    """Runs by point and engine; - is one that this engine has not. The points that no run met."""
    met = collections.Counter((r.met, r.case.engine.name) for r in done)
    has = {(p, c.engine.name) for c in made for v in c.points.values() for p in v}
    order = [n for n, _ in points.POINTS + points.FILE_POINTS]
    names = {p for p, _ in has} | {p for p, _ in met if p}
    print("\nruns by fault point" + " " * 13 + "".join(f"{n:>12}" for n in servers))
    for p in sorted(names, key=lambda p: order.index(p) if p in order else len(order)):
        print(f"{p:32}" + "".join(
            f"{met[p, e] if met[p, e] or (p, e) in has else '-':>12}" for e in servers))
    print(f"{'all':32}" + "".join(f"{sum(r.case.engine.name == e for r in done):>12}" for e in servers))
    return [f"{p} ({e})" for p, e in sorted(has) if not met[p, e]]


def nameless(made, servers):
    """Names that nothing has: the table of names is wrong, or the kinds are."""
    if set(servers) != set(engines.ENGINES):
        return []
    has = {p for c in made for v in c.points.values() for p in v}
    return [n for n, _ in points.POINTS + points.FILE_POINTS if n not in has | {"cancel", "file: other"}]


def stop(*_):
    """Told to end: the servers are stopped first."""
    raise SystemExit(143)


def chosen_runs(o, made, dice):
    runs = [r for r in all_runs(made, dice)
            if (not o.fault or r.fault == o.fault) and (not o.at or r.at == o.at)]
    for r in runs:
        r.again = o.again or r.again
    return sample(runs, o.sample, dice) if o.sample else runs


def carry_out(o, runs, shim):
    """What was done, and the failed ones' words."""
    done, failed, lock, begun = [], {}, threading.Lock(), time.monotonic()

    def do(numbered):
        number, r = numbered
        if 0 < o.minutes * 60 < time.monotonic() - begun:
            return
        r.at_once, r.dump = number % 8 == 0 and not 0 < o.sample < 1000, number % 4 == 0
        start = time.monotonic()
        why = one(r, number, shim, o.keep)
        r.seconds = time.monotonic() - start
        with lock:
            done.append(r)
            if why:
                failed[r] = why
                r.met = r.met or r.point
                print(f"FAILED {r}\n  " + why.replace("\n", "\n  "), file=sys.stderr, flush=True)
            if len(done) % 100 == 0:
                print(f"{len(done)} of {len(runs)} runs, {len(failed)} failed, "
                      f"{time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)

    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        list(pool.map(do, enumerate(runs, 1)))
    return done, failed


def judge(o, made, servers, done, failed):
    """The tables; the exit code."""
    print_kinds(done, failed)
    missed = print_points(done, made, servers)
    if 0 < o.sample < 1000 or o.only or o.fault or o.at:
        missed = []
    elif not o.kind:
        missed += nameless(made, servers)
    if missed:
        print("points that no run met: " + ", ".join(missed))
    if o.slow:
        for r in sorted(done, key=lambda r: -r.seconds)[:o.slow]:
            print(f"{r.seconds:7.1f} s {r}")
    for r, why in failed.items():
        print(f"FAILED {r}: " + why.split("\n")[0])
    print(f"{', '.join(s.words for s in servers.values())}; seed {o.seed}")
    print(f"{len(done)} runs, {len(failed)} failed")
    return 1 if failed or missed or not done else 0


def main():
    o = arguments()
    signal.signal(signal.SIGTERM, stop)
    use_memory()
    dice = random.Random(o.seed)
    work = tempfile.mkdtemp(prefix="belay-torture.")
    servers = {}
    try:
        shim = build_shim(work)
        shutil.copy(cases.BELAY, work)
        for name in o.engine or ([o.only.split(" ")[0]] if o.only else list(engines.ENGINES)):
            servers[name] = engines.ENGINES[name]()
        made = list(make_cases(o, servers, work))
        if o.sample:
            made = fewer(made, o.sample, dice)
        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            list(pool.map(lambda c: prepare(c, shim), made))
        if o.points:
            for c in made:
                print(c.title, {k: collections.Counter(v) for k, v in c.points.items()})
            return 0
        done, failed = carry_out(o, chosen_runs(o, made, dice), shim)
        return judge(o, made, servers, done, failed)
    finally:
        if not o.keep:
            for s in servers.values():
                s.stop()
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
