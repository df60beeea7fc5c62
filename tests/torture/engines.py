"""engines.py - a private server of each kind, and what can be seen of a database.

Each engine makes databases for single runs (a copy of a prepared one), ends their sessions, and
shows them as text: schema and rows, without belay's own tables and the framework's, which are
compared by their rules."""
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = ("run", "step", "applied", "cursor", "moved", "version", "snapshot", "verified", "archive")
FRAMEWORKS = ("schema_migrations", "_prisma_migrations", "flyway_schema_history", "belay_migrations",
              "goose_db_version")


class Failed(Exception):
    """A command of ours did not work; its words."""


def command(*args, text=None, env=None):
    p = subprocess.run(args, input=text, capture_output=True, text=True, errors="replace",
                       env={**os.environ, **(env or {})}, timeout=120)
    if p.returncode:
        raise Failed(f"{args[0]}: exit {p.returncode}: {p.stderr.strip()[-600:]}")
    return p.stdout


def server(script, *args, env=None):
    return command(str(ROOT / "tests/servers" / script), *args, env=env).split("\n")


def sorted_lines(text, drop):
    """Rows may come in another order: the lines of a dump are compared as a set."""
    return "\n".join(sorted(line.rstrip(",") for line in text.split("\n")
                            if line.strip() and not re.match(drop, line)))


class Postgres:
    name = "postgres"
    classes = ("send", "recv")

    def __init__(self):
        self.dir = server("postgres.sh", "start", env={
            "PG_OPTIONS": "-c shared_buffers=16MB -c max_connections=60 -c autovacuum=off "
                          "-c max_wal_size=128MB " + os.environ.get("PG_OPTIONS", "")})[0]
        self.version = int(self.ask("postgres", "SHOW server_version_num"))

    def stop(self):
        server("postgres.sh", "stop", self.dir)

    def url(self, db):
        return f"postgres:///{db}?host={self.dir}&user=postgres"

    def dbmate_url(self, db):
        return f"postgres://postgres@/{db}?socket={self.dir}&sslmode=disable"

    def ask(self, db, *sql):
        args = [a for s in sql for a in ("-c", s)]
        return command("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-U", "postgres",
                       *args, db).strip()

    def create(self, db, like=None):
        if like:  # a pooler's sessions would stand in the way
            self.end_sessions(like)
        self.ask("postgres", f"CREATE DATABASE {db} TEMPLATE {like or 'template0'}")
        if like and self.ask(db, "SELECT to_regclass('belay.run')"):  # a copy would be refused
            self.ask(db, f"UPDATE belay.run SET database_name = '{db}'")

    def drop(self, db):
        force = " WITH (FORCE)" if self.version >= 130000 else ""
        self.end_sessions(db)
        self.ask("postgres", f"DROP DATABASE IF EXISTS {db}{force}")

    def end_sessions(self, db):
        self.ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                             f"'{db}' AND pid <> pg_backend_pid()")

    def sight(self, db):
        left_out = [f"--exclude-table-data=public.{t}" for t in FRAMEWORKS]
        dump = command("pg_dump", "-h", self.dir, "-U", "postgres", "-n", "public", "--no-comments",
                       *left_out, db)
        bad = self.ask(db, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid OR NOT indisready",
                       "SELECT conname FROM pg_constraint WHERE NOT convalidated",
                       "SELECT inhrelid::regclass FROM pg_inherits WHERE inhdetachpending"
                       if self.version >= 140000 else "SELECT 1 WHERE false")
        return sorted_lines(dump, r"--|SET |SELECT pg_catalog|\\(un)?restrict") + f"\ninvalid: {bad}"

    def journal(self, table):
        return f"belay.{table}"


class PgBouncer(Postgres):
    """The same through a pooler in transaction mode."""
    name = "pgbouncer"

    def __init__(self):
        super().__init__()
        self.bouncer = server("pgbouncer.sh", "start", self.dir)[0]

    def stop(self):
        server("pgbouncer.sh", "stop", self.bouncer)
        super().stop()

    def url(self, db):
        return f"postgres://postgres@/{db}?host={self.bouncer}&port=6432"


class MariaDB:
    name = "mariadb"
    classes = ("send", "recv")

    def __init__(self):
        self.dir = server("mariadb.sh", "start")[0]

    def stop(self):
        server("mariadb.sh", "stop", self.dir)

    def url(self, db):
        return f"mariadb://root@localhost/{db}?socket={self.dir}/s"

    def dbmate_url(self, db):
        return f"mysql://root@/{db}?socket={self.dir}/s"

    def ask(self, db, *sql):
        return command("mariadb", "--no-defaults", "-S", f"{self.dir}/s", "-u", "root", "-N", "-B", db,
                       "-e", ";".join(sql)).strip().replace("\t", "|")

    def tables(self, db, kind="BASE TABLE"):
        return self.ask("mysql", "SELECT table_name FROM information_schema.tables WHERE table_schema = "
                                 f"'{db}' AND table_type = '{kind}' ORDER BY 1").split()

    def create(self, db, like=None):
        self.ask("mysql", f"CREATE DATABASE {db}", *(
            words for t in (self.tables(like) if like else []) for words in (
                f"CREATE TABLE {db}.{t} LIKE {like}.{t}", f"INSERT INTO {db}.{t} SELECT * FROM {like}.{t}")))
        if like and "belay_run" in self.tables(like):  # a copy would be refused
            self.ask(db, f"UPDATE belay_run SET database_name = '{db}'")

    def drop(self, db):
        self.end_sessions(db)
        self.ask("mysql", f"DROP DATABASE IF EXISTS {db}")

    def end_sessions(self, db):
        ids = self.ask("mysql", "SELECT id FROM information_schema.processlist WHERE db = "
                                f"'{db}' AND id <> connection_id()").split()
        for one in ids:
            try:
                self.ask("mysql", f"KILL {one}")
            except Failed:  # it has gone by itself
                pass

    def sight(self, db):
        ours = {*FRAMEWORKS, *("belay_" + t for t in OURS)}
        tables = [t for t in self.tables(db) if t not in ours and not t.startswith("belay_archive_")]
        schema = self.ask(db, *(f"SHOW CREATE TABLE {t}" for t in tables + self.tables(db, "VIEW")),
                          "SELECT trigger_name, action_statement FROM information_schema.triggers "
                          f"WHERE trigger_schema = '{db}'")
        rows = self.ask(db, *(f"SELECT '{t}', x.* FROM {t} x" for t in tables))
        text = re.sub(r" AUTO_INCREMENT=\d+", "", schema.replace(f"`{db}`.", "")).replace("\\n", "\n") + "\n" + rows
        return sorted_lines(text, r"$^")

    def journal(self, table):
        return f"belay_{table}"


class Sqlite:
    name = "sqlite"
    classes = ("io",)

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="belay-torture.")

    def stop(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, db):
        return f"{self.dir}/{db}.db"

    def url(self, db):
        return "sqlite:" + self.path(db)

    def dbmate_url(self, db):
        return "sqlite:" + self.path(db)

    def ask(self, db, *sql):
        with sqlite3.connect(self.path(db), timeout=20) as c:
            rows = [row for one in sql for row in c.execute(one)]
        c.close()
        return "\n".join("|".join("" if v is None else str(v) for v in row) for row in rows)

    def create(self, db, like=None):
        if like and os.path.exists(self.path(like)):
            shutil.copy(self.path(like), self.path(db))
            st, path = os.stat(self.path(db)), os.path.realpath(self.path(db))
            if self.ask(db, "SELECT 1 FROM sqlite_master WHERE name = 'belay_run'"):  # a copy would be refused
                self.ask(db, f"UPDATE belay_run SET database_name = '{path}', "
                             f"system_id = 'inode:{st.st_dev:x}:{st.st_ino:x}'")

    def drop(self, db):
        for ending in ("", "-journal", "-wal", "-shm"):
            pathlib.Path(self.path(db) + ending).unlink(missing_ok=True)

    def end_sessions(self, db):
        pass

    def sight(self, db):
        skip = tuple(FRAMEWORKS) + tuple("belay_" + t for t in OURS)
        c = sqlite3.connect(self.path(db), timeout=20)
        out = [str(c.execute("PRAGMA integrity_check").fetchone())]
        for kind, name, sql in c.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall():
            if name.startswith("sqlite_") or any(name == s or s in (sql or "") for s in skip):
                continue
            out.append(f"{kind} {name}: {sql}")
            if kind == "table":
                out += sorted(map(repr, c.execute(f'SELECT * FROM "{name}"')))
        c.close()
        return "\n".join(out)

    def journal(self, table):
        return f"belay_{table}"


class SqliteWal(Sqlite):
    """The same file with a write-ahead log."""
    name = "sqlite-wal"

    def create(self, db, like=None):
        super().create(db, like)
        c = sqlite3.connect(self.path(db))
        c.execute("PRAGMA journal_mode=WAL")
        c.close()


ENGINES = {e.name: e for e in (Postgres, PgBouncer, MariaDB, Sqlite, SqliteWal)}
