"""points.py - what a message, an answer or a write is about: the names of the fault points."""
import re

# The first that fits gives the point its name.
POINTS = [
    ("connecting", r"(?s)^(?!.*FOR SHARE).*(application_name|mysql_native|caching_sha2|current_setting|pg_control_system|server_uid|SHOW GRANTS)"),
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
    ("greeting", r"^$"),
]
FILE_POINTS = [
    ("file: journal", r"-journal"), ("file: write-ahead log", r"-wal"), ("file: index of the log", r"-shm"),
    ("file: database", r"\.db"), ("file: other", r"."),
]


def name_of(word, text):
    """Of a line that the shim wrote: a class of points, and what it carries."""
    table = FILE_POINTS if word == "io" else POINTS
    text = re.sub('["`]', "", text)
    return next((name for name, pattern in table if re.search(pattern, text)), "other")
