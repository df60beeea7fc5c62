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
import time

import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
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


# What pg_dump would tell of schema public, in one question; and what it would not: is it fit for use?
SCHEMA = """
WITH rel AS (SELECT c.* FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace)
SELECT 'relation ' || r.oid::regclass::text || ' ' || r.relkind::text || r.relpersistence::text || ' ' || coalesce(pg_get_expr(r.relpartbound, r.oid), '')
	|| coalesce(r.reloptions::text, '') || ' ' || r.relrowsecurity::text || coalesce(r.relacl::text, '') FROM rel r
UNION ALL SELECT 'column ' || a.attrelid::regclass::text || ' ' || row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) || ' ' || a.attname || ' '
	|| format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text || a.attidentity::text || a.attgenerated::text || a.attstorage::text || a.attcollation::text || ' '
	|| coalesce(pg_get_expr(d.adbin, d.adrelid), '') FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'constraint ' || c.conrelid::regclass::text || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid) || ' ' || c.convalidated::text
	FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace
UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid::text || i.indisready::text || i.indislive::text || i.indisclustered::text
	FROM rel r JOIN pg_index i ON i.indrelid = r.oid
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) || t.tgenabled::text FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
UNION ALL SELECT 'view ' || r.relname || ' ' || pg_get_viewdef(r.oid) FROM rel r WHERE r.relkind IN ('v', 'm')
UNION ALL SELECT 'inherits ' || inhrelid::regclass::text || ' ' || inhparent::regclass::text || DETACHING FROM pg_inherits JOIN rel r ON r.oid = inhrelid
UNION ALL SELECT 'function ' || p.oid::regprocedure::text || p.prosrc FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL SELECT 'comment ' || pg_describe_object(d.classoid, d.objoid, d.objsubid) || d.description FROM rel r JOIN pg_description d ON d.objoid = r.oid
"""


class Postgres:
    name = "postgres"
    server = True
    pooled = False

    def __init__(self):
        self.dir = server("postgres.sh", "start", env={
            "PG_OPTIONS": "-c shared_buffers=16MB -c max_connections=60 -c autovacuum=off "
                          "-c max_wal_size=128MB " + os.environ.get("PG_OPTIONS", "")})[0]
        self.lines = wire.Lines(lambda db: wire.Pq(
            f"host={self.dir} user=postgres dbname={db} options='-c client_min_messages=error'"))
        self.version = int(self.ask("postgres", "SHOW server_version_num"))
        self.words = "PostgreSQL " + self.ask("postgres", "SHOW server_version")

    def stop(self):
        server("postgres.sh", "stop", self.dir)

    def url(self, db):
        return f"postgres:///{db}?host={self.dir}&user=postgres"

    def dbmate_url(self, db):
        return f"postgres://postgres@/{db}?socket={self.dir}&sslmode=disable"

    def ask(self, db, *sql):
        return self.lines.ask(db, *sql, stay=db == "postgres")

    def create(self, db, like=None):
        if like:  # a pooler's sessions would stand in the way
            self.end_sessions(like)
        self.ask("postgres", f"CREATE DATABASE {db} TEMPLATE {like or 'template0'}")
        if like:  # a copy would be refused
            self.ask(db, "DO $$ BEGIN IF to_regclass('belay.run') IS NOT NULL THEN "
                         f"UPDATE belay.run SET database_name = '{db}'; END IF; END $$")

    def drop(self, db):
        force = " WITH (FORCE)" if self.version >= 130000 else ""
        self.end_sessions(db)
        for _ in range(50):  # the server itself would look ten times a second
            if self.ask("postgres", f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{db}'") == "0":
                break
            time.sleep(0.002)
        self.ask("postgres", f"DROP DATABASE IF EXISTS {db}{force}")

    def end_sessions(self, db):
        self.ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                             f"'{db}' AND pid <> pg_backend_pid()")

    def expire(self, db):
        """As for the lease, its holder was not heard of for long."""
        self.ask(db, "SET lock_timeout = '300ms'", "DO $$ BEGIN IF to_regclass('belay.lease') IS NOT NULL THEN "
                     "UPDATE belay.lease SET beat = beat - interval '20 seconds' WHERE part = 'heartbeat'; END IF; "
                     "EXCEPTION WHEN lock_not_available THEN NULL; END $$")

    def sight(self, db):
        detaching = "|| inhdetachpending::text" if self.version >= 140000 else ""
        schema = self.ask(db, SCHEMA.replace("|| DETACHING", detaching))
        tables = self.ask(db, "SELECT relname FROM pg_class WHERE relkind IN ('r', 'm') AND "
                              "relnamespace = 'public'::regnamespace").split()
        rows = self.ask(db, *(f"SELECT 'row of {t} ' || x::text FROM public.{t} x" for t in tables if t not in FRAMEWORKS))
        return sorted_lines(schema + "\n" + rows, r"$^")

    def dump(self, db):
        """Another program's opinion, where there is one for this server."""
        if self.version >= 160000:
            return ""
        text = command("pg_dump", "-h", self.dir, "-U", "postgres", "-n", "public", "-s", db)
        return sorted_lines(text, r"--|SET |SELECT pg_catalog|\\(un)?restrict")

    def journal(self, table):
        return f"belay.{table}"


class PgBouncer(Postgres):
    """The same through a pooler in transaction mode."""
    name = "pgbouncer"
    pooled = True  # a killed runner's lease runs out by the clock only

    def __init__(self):
        super().__init__()
        self.words = "PgBouncer before " + self.words
        self.bouncer = server("pgbouncer.sh", "start", self.dir)[0]

    def stop(self):
        server("pgbouncer.sh", "stop", self.bouncer)
        super().stop()

    def url(self, db):
        return f"postgres://postgres@/{db}?host={self.bouncer}&port=6432"


class MariaDB:
    name = "mariadb"
    server = True
    pooled = False

    def __init__(self):
        self.dir = server("mariadb.sh", "start")[0]
        self.lines = wire.Lines(lambda db: wire.Maria(f"{self.dir}/s", db))
        self.words = "MariaDB " + self.ask("mysql", "SELECT version()")

    def stop(self):
        server("mariadb.sh", "stop", self.dir)

    def url(self, db):
        return f"mariadb://root@localhost/{db}?socket={self.dir}/s"

    def dbmate_url(self, db):
        return f"mysql://root@/{db}?socket={self.dir}/s"

    def ask(self, db, *sql):
        return self.lines.ask(db, *sql, stay=db == "mysql")

    def tables(self, db, kind="BASE TABLE"):
        return self.ask("mysql", "SELECT table_name FROM information_schema.tables WHERE table_schema = "
                                 f"'{db}' AND table_type = '{kind}' ORDER BY 1").split()

    def create(self, db, like=None):
        self.ask("mysql", f"CREATE DATABASE {db}", *(
            words for t in (self.tables(like) if like else []) for words in (
                f"CREATE TABLE {db}.{t} LIKE {like}.{t}", f"INSERT INTO {db}.{t} SELECT * FROM {like}.{t}")))
        if like and "belay_run" in self.tables(like):  # a copy would be refused, and archives name the original
            self.ask(db, f"UPDATE belay_run SET database_name = '{db}'", *(
                f"UPDATE belay_archive SET {c} = replace({c}, '{like}', '{db}')" for c in (
                    "object", "table_schema", "store_schema", "define_sql", "restore_sql", "after_sql"))
                if "belay_archive" in self.tables(like) else ())

    def drop(self, db):
        self.end_sessions(db)
        self.ask("mysql", f"DROP DATABASE IF EXISTS {db}")

    def end_sessions(self, db):
        ids = self.ask("mysql", "SELECT id FROM information_schema.processlist WHERE db = "
                                f"'{db}' AND id <> connection_id()").split()
        for one in ids:
            try:
                self.ask("mysql", f"KILL {one}")
            except wire.WireError:  # it has gone by itself
                pass

    def expire(self, db):
        """There is no lease: a lock goes with its session."""

    def dump(self, db):
        return ""

    def sight(self, db):
        tables = [t for t in self.tables(db) if t not in FRAMEWORKS and not t.startswith("belay_")]
        schema = self.ask(db, *(f"SHOW CREATE TABLE {t}" for t in tables + self.tables(db, "VIEW")),
                          "SELECT trigger_name, action_statement FROM information_schema.triggers "
                          f"WHERE trigger_schema = '{db}'")
        rows = self.ask(db, *(f"SELECT '{t}', x.* FROM {t} x" for t in tables))
        text = re.sub(r" AUTO_INCREMENT=\d+", "", schema.replace(f"`{db}`.", "")) + "\n" + rows
        return sorted_lines(text, r"$^")

    def journal(self, table):
        return f"belay_{table}"


class Sqlite:
    name = "sqlite"
    server = pooled = False

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="belay-torture.")
        self.words = "SQLite " + sqlite3.sqlite_version

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

    def expire(self, db):
        pass

    def dump(self, db):
        return ""

    def sight(self, db):
        skip = (*FRAMEWORKS, "belay_")
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
