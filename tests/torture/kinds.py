"""kinds.py - the kinds of steps, each as a little history of migrations, in each tool's layout.

The first migration makes the tables. What comes behind it is what goes wrong. Every row counts how
often it was changed (`n`): a step that runs twice shows in it."""
from dataclasses import dataclass, field
import hashlib
import zlib

OUTSIDE = "-- belay:no-transaction\n"
PG_LIKE = ("postgres", "pgbouncer")
LITE = ("sqlite", "sqlite-wal")
ALL = PG_LIKE + ("mariadb",) + LITE

PG_BASE = """CREATE TABLE big (id int PRIMARY KEY, a int, n int DEFAULT 0);
INSERT INTO big SELECT i, i % 97, 0 FROM generate_series(1, 300) i;
CREATE TABLE log (what text);
CREATE INDEX big_old ON big (n);
"""
MY_BASE = """CREATE TABLE big (id int PRIMARY KEY, a int, n int NOT NULL DEFAULT 0, KEY big_old (n)) ENGINE=InnoDB;
INSERT INTO big SELECT seq, seq % 97, 0 FROM seq_1_to_300;
CREATE TABLE log (what varchar(40)) ENGINE=InnoDB;
CREATE TABLE goes (id int PRIMARY KEY) ENGINE=InnoDB;
"""
LITE_BASE = """CREATE TABLE big (id integer PRIMARY KEY, a int, n int DEFAULT 0);
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 300) INSERT INTO big SELECT i, i % 97, 0 FROM c;
CREATE TABLE log (what text);
CREATE INDEX big_old ON big (n);
"""
BASES = {**{e: PG_BASE for e in PG_LIKE}, "mariadb": MY_BASE, **{e: LITE_BASE for e in LITE}}


PROVIDERS = {**{e: "postgresql" for e in PG_LIKE}, "mariadb": "mysql", **{e: "sqlite" for e in LITE}}


@dataclass
class Kind:
    name: str
    engines: tuple
    ups: list                   # SQL of migrations 2, 3, …
    downs: list = field(default_factory=list)
    verb: str = "up"            # the run in question; down: to the first migration
    first: bool = False         # from an empty database, nothing of belay's in it
    base: str = ""              # besides the engine's
    layouts: tuple = ("golang-migrate", "dbmate", "prisma", "flyway")
    seconds: float = 0          # how long the run takes by itself
    least: int = 0              # version of the server
    options: tuple = ()         # of the command line


BOTH = ("golang-migrate", "dbmate")

KINDS = [
    # ---- transactional files ----
    Kind("transaction", PG_LIKE, ["""CREATE TABLE made (id int PRIMARY KEY);
UPDATE big SET n = n + 1;
INSERT INTO log VALUES ('once');
CREATE INDEX big_a ON big (a);
ALTER TABLE big ADD COLUMN extra text;
"""]),
    Kind("transaction", LITE, ["""CREATE TABLE made (id integer PRIMARY KEY);
UPDATE big SET n = n + 1;
INSERT INTO log VALUES ('once');
CREATE INDEX big_a ON big (a);
ALTER TABLE big ADD COLUMN extra text;
"""]),
    Kind("transaction", ("mariadb",), ["""UPDATE big SET n = n + 1;
INSERT INTO log VALUES ('once');
DELETE FROM big WHERE id = 7;
"""]),
    Kind("data of a dump", PG_LIKE, ["""CREATE TABLE given (id int PRIMARY KEY, what text);
COPY given (id, what) FROM stdin;
1\tone
2\ttwo
3\t\\N
\\.
UPDATE big SET n = n + 1;
"""], layouts=("golang-migrate",)),
    # ---- statement by statement ----
    Kind("separate", PG_LIKE, [OUTSIDE + """UPDATE big SET n = n + 1;
ALTER TABLE big ADD COLUMN extra text;
INSERT INTO log VALUES ('once');
VACUUM log;
"""]),
    Kind("separate", LITE, [OUTSIDE + """UPDATE big SET n = n + 1;
ALTER TABLE big ADD COLUMN extra text;
INSERT INTO log VALUES ('once');
CREATE UNIQUE INDEX big_a ON big (id, a);
"""]),
    Kind("separate", ("mariadb",), ["""UPDATE big SET n = n + 1;
ALTER TABLE big ADD COLUMN extra varchar(20), ALGORITHM=COPY;
INSERT INTO log VALUES ('once');
CREATE INDEX big_a ON big (a);
DROP INDEX big_old ON big;
"""]),
    Kind("objects", ("mariadb",), ["""CREATE TABLE made (id int PRIMARY KEY) ENGINE=InnoDB;
RENAME TABLE log TO told;
CREATE VIEW seen AS SELECT id FROM big;
CREATE TRIGGER big_t BEFORE INSERT ON big FOR EACH ROW SET NEW.n = 1;
ALTER TABLE big RENAME COLUMN a TO b, FORCE;
INSERT INTO told VALUES ('once');
DROP TABLE goes;
"""]),
    Kind("own transaction", PG_LIKE, [OUTSIDE + """INSERT INTO log VALUES ('before');
BEGIN;
UPDATE big SET n = n + 1;
CREATE TABLE made (id int PRIMARY KEY);
COMMIT;
INSERT INTO log VALUES ('after');
"""], layouts=("golang-migrate",)),
    # ---- what PostgreSQL does concurrently ----
    Kind("concurrently create", PG_LIKE, ["""CREATE INDEX CONCURRENTLY big_a ON big (a);
UPDATE big SET n = n + 1;
CREATE UNIQUE INDEX CONCURRENTLY big_id_a ON big (id, a);
"""]),
    Kind("concurrently drop", PG_LIKE, ["""DROP INDEX CONCURRENTLY big_old;
INSERT INTO log VALUES ('once');
"""]),
    Kind("concurrently reindex", PG_LIKE, ["""REINDEX INDEX CONCURRENTLY big_old;
INSERT INTO log VALUES ('once');
REINDEX TABLE CONCURRENTLY big;
"""]),
    Kind("concurrently detach", PG_LIKE, ["""ALTER TABLE parts DETACH PARTITION parts_2 CONCURRENTLY;
INSERT INTO log VALUES ('once');
"""], base="""CREATE TABLE parts (id int, n int) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts VALUES (1, 0), (2, 0);
""", layouts=("golang-migrate",), least=140000),
    # ---- batches ----
    Kind("batches", ALL, ["""-- belay:batched size=60
UPDATE big SET n = n + 1 WHERE id > 10;
-- belay:batched size=20
DELETE FROM big WHERE a = 5;
"""], layouts=BOTH),
    Kind("batches by place", PG_LIKE, ["""-- belay:batched size=150 key=ctid
UPDATE loose SET n = n + 1;
"""], base="""CREATE TABLE loose (a int, n int DEFAULT 0);
INSERT INTO loose SELECT i, 0 FROM generate_series(1, 400) i;
""", layouts=("golang-migrate",), least=140000),
    Kind("batches in parallel", ("postgres", "pgbouncer", "mariadb"), ["""-- belay:batched size=20
UPDATE big SET n = n + 1 WHERE id > 10;
"""], options=("--parallel", "3"), layouts=BOTH),
    # ---- history ----
    Kind("history", PG_LIKE + LITE, ["ALTER TABLE big ADD COLUMN b int;\n", "UPDATE big SET n = n + 1;\n",
                                     "INSERT INTO log VALUES ('once');\n"]),
    Kind("history", ("mariadb",), ["ALTER TABLE big ADD COLUMN b int;\n", "UPDATE big SET n = n + 1;\n",
                                   "INSERT INTO log VALUES ('once');\n"]),
    Kind("first run", ALL, ["INSERT INTO log VALUES ('once');\nUPDATE big SET n = n + 1;\n"], first=True),
    # ---- down ----
    Kind("down", PG_LIKE + LITE, ["CREATE TABLE made (id int PRIMARY KEY);\nALTER TABLE big ADD COLUMN b int;\n",
                                  "INSERT INTO log VALUES ('up');\n"],
         ["UPDATE big SET n = n + 1;\nALTER TABLE big DROP COLUMN b;\nDROP TABLE made;\n",
          "DELETE FROM log;\nUPDATE big SET n = n + 1;\n"], verb="down", layouts=BOTH),
    Kind("down", ("mariadb",), ["CREATE TABLE made (id int PRIMARY KEY);\n", "INSERT INTO log VALUES ('up');\n"],
         ["UPDATE big SET n = n + 1;\nDROP TABLE made;\nINSERT INTO log VALUES ('once');\n",
          "DELETE FROM log;\nUPDATE big SET n = n + 1;\n"], verb="down", layouts=BOTH),
    Kind("down separate", PG_LIKE, ["CREATE INDEX CONCURRENTLY big_a ON big (a);\n"],
         [OUTSIDE + "UPDATE big SET n = n + 1;\nDROP INDEX CONCURRENTLY big_a;\nINSERT INTO log VALUES ('once');\n"],
         verb="down", layouts=BOTH),
    # ---- what is kept before it goes ----
    Kind("archive", PG_LIKE + LITE, ["""ALTER TABLE big DROP COLUMN a;
UPDATE big SET n = n + 1;
DROP TABLE log;
"""], base="INSERT INTO log VALUES ('worth keeping');\n", options=("--backup",), layouts=BOTH),
    Kind("archive", ("mariadb",), ["""ALTER TABLE big DROP COLUMN a;
UPDATE big SET n = n + 1;
DROP TABLE log;
"""], base="INSERT INTO log VALUES ('worth keeping');\n", options=("--backup",), layouts=BOTH),
    Kind("restore", PG_LIKE + LITE, ["""ALTER TABLE big DROP COLUMN a;
DROP TABLE kept;
"""], base="""CREATE TABLE kept (id int PRIMARY KEY, what text NOT NULL DEFAULT 'x');
INSERT INTO kept (id) SELECT id FROM big WHERE id < 40;
CREATE INDEX kept_what ON kept (what);
""", options=("--backup",), verb="restore", layouts=BOTH),
    Kind("restore", ("mariadb",), ["""ALTER TABLE big DROP COLUMN a;
DROP TABLE kept;
"""], base="""CREATE TABLE kept (id int PRIMARY KEY, what varchar(20) NOT NULL DEFAULT 'x', KEY kept_what (what)) ENGINE=InnoDB;
INSERT INTO kept (id) SELECT id FROM big WHERE id < 40;
""", options=("--backup",), verb="restore", layouts=BOTH),
    Kind("down puts back", PG_LIKE + LITE, ["UPDATE big SET n = n + 1;\nALTER TABLE big DROP COLUMN a;\n"],
         ["ALTER TABLE big ADD COLUMN a int;\n"], verb="down", options=("--backup",), layouts=BOTH),
    Kind("down puts back", ("mariadb",), ["UPDATE big SET n = n + 1;\nALTER TABLE big DROP COLUMN a;\n"],
         ["ALTER TABLE big ADD COLUMN a int;\n"], verb="down", options=("--backup",), layouts=BOTH),
    # ---- long enough for the lease to be renewed ----
    Kind("lease renewal", PG_LIKE, [OUTSIDE + """INSERT INTO log VALUES ('before');
INSERT INTO log SELECT 'once' FROM pg_sleep(3.6);
UPDATE big SET n = n + 1;
"""], layouts=("golang-migrate",), seconds=4),
]


# ---- Layouts: the files, and what the tool's own table must say of what is applied ----

def stamp(i):
    return f"2024010{i}000000"


def files(layout, engine, ups, downs):
    """{path: text} of these migrations, numbered from 1."""
    out = {}
    for i, (up, down) in enumerate(zip(ups, downs), 1):
        if layout == "golang-migrate":
            out[f"migrations/{i}_m{i}.up.sql"] = up
            out[f"migrations/{i}_m{i}.down.sql"] = down
        elif layout == "dbmate":
            word = {t: " transaction:false" if is_outside(t) else "" for t in (up, down)}
            out[f"migrations/{stamp(i)}_m{i}.sql"] = (f"-- migrate:up{word[up]}\n{up}\n"
                                                      f"-- migrate:down{word[down]}\n{down}")
        elif layout == "prisma":
            out["migrations/migration_lock.toml"] = f'provider = "{PROVIDERS[engine]}"\n'
            out[f"migrations/{stamp(i)}_m{i}/migration.sql"] = up
        elif layout == "flyway":
            out[f"migrations/V{i}__m{i}.sql"] = up
    return out


def is_outside(sql):
    return sql.startswith(OUTSIDE) or "CONCURRENTLY" in sql or "belay:batched" in sql


def ident(layout, i):
    return {"golang-migrate": str(i), "dbmate": stamp(i), "prisma": f"{stamp(i)}_m{i}",
            "flyway": str(i)}[layout]


def flyway_checksum(text):
    crc = 0
    for line in text.removeprefix("\ufeff").splitlines():
        crc = zlib.crc32(line.encode(), crc)
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def history_query(layout, engine):
    yes = "CASE WHEN {} THEN 1 ELSE 0 END"
    return {
        "golang-migrate": f"SELECT version, {yes.format('dirty')} FROM schema_migrations",
        "dbmate": "SELECT version FROM schema_migrations ORDER BY 1",
        "prisma": f"SELECT migration_name, checksum, {yes.format('finished_at IS NOT NULL')}, "
                  f"{yes.format('rolled_back_at IS NULL')} FROM _prisma_migrations ORDER BY 1",
        "flyway": f"SELECT installed_rank, version, checksum, {yes.format('success')} "
                  "FROM flyway_schema_history ORDER BY 1",
    }[layout]


def history_wanted(layout, made, n):
    """What that query answers when the first n migrations of `made` (path: text) are applied."""
    texts = [t for p, t in sorted(made.items()) if p.endswith(".sql")]
    if layout == "golang-migrate":
        return f"{n}|0"
    if layout == "dbmate":
        return "\n".join(stamp(i) for i in range(1, n + 1))
    if layout == "prisma":
        return "\n".join(f"{stamp(i)}_m{i}|{hashlib.sha256(texts[i - 1].encode()).hexdigest()}|1|1"
                         for i in range(1, n + 1))
    return "\n".join(f"{i}|{i}|{flyway_checksum(texts[i - 1])}|1" for i in range(1, n + 1))
