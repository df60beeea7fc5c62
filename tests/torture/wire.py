"""wire.py - questions to servers without a client program for each: libpq and libmariadb, opened.

The torture asks its servers some thirty times for every run. A connection that stays, and no
process started, makes a run a third as long."""
import ctypes
import ctypes.util
import threading


class WireError(Exception):
    """The server's words."""


def library(*names):
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            pass
    raise WireError(f"none of {', '.join(names)} is installed")


def text_of(value):
    return "" if value is None else value.decode(errors="replace")


class Pq:
    """One connection to PostgreSQL."""
    lib = None

    def __init__(self, words):
        if Pq.lib is None:
            lib = library("libpq.so.5")
            for name, result, args in (
                    ("PQconnectdb", ctypes.c_void_p, [ctypes.c_char_p]), ("PQstatus", ctypes.c_int, [ctypes.c_void_p]),
                    ("PQerrorMessage", ctypes.c_char_p, [ctypes.c_void_p]), ("PQfinish", None, [ctypes.c_void_p]),
                    ("PQexec", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]),
                    ("PQresultStatus", ctypes.c_int, [ctypes.c_void_p]), ("PQclear", None, [ctypes.c_void_p]),
                    ("PQntuples", ctypes.c_int, [ctypes.c_void_p]), ("PQnfields", ctypes.c_int, [ctypes.c_void_p]),
                    ("PQgetvalue", ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int, ctypes.c_int])):
                getattr(lib, name).restype, getattr(lib, name).argtypes = result, args
            Pq.lib = lib
        self.at = self.lib.PQconnectdb(words.encode())
        if self.lib.PQstatus(self.at) != 0:
            why = text_of(self.lib.PQerrorMessage(self.at))
            self.close()
            raise WireError(why)

    def close(self):
        if self.at:
            self.lib.PQfinish(self.at)
        self.at = None

    def ask(self, sql):
        """The rows of the last statement, their values joined by |."""
        r = self.lib.PQexec(self.at, sql.encode())
        try:
            if self.lib.PQresultStatus(r) not in (1, 2):
                raise WireError(text_of(self.lib.PQerrorMessage(self.at)).strip() + f" ({sql[:200]})")
            columns = range(self.lib.PQnfields(r))
            return "\n".join("|".join(text_of(self.lib.PQgetvalue(r, row, c)) for c in columns)
                             for row in range(self.lib.PQntuples(r)))
        finally:
            self.lib.PQclear(r)


class Maria:
    """One connection to MariaDB."""
    lib = None
    lock = threading.Lock()

    def __init__(self, socket, db):
        with Maria.lock:
            if Maria.lib is None:
                lib = library("libmariadb.so.3")
                for name, result, args in (
                        ("mysql_init", ctypes.c_void_p, [ctypes.c_void_p]),
                        ("mysql_real_connect", ctypes.c_void_p, [ctypes.c_void_p] + [ctypes.c_char_p] * 4
                         + [ctypes.c_uint, ctypes.c_char_p, ctypes.c_ulong]),
                        ("mysql_error", ctypes.c_char_p, [ctypes.c_void_p]), ("mysql_close", None, [ctypes.c_void_p]),
                        ("mysql_real_query", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong]),
                        ("mysql_store_result", ctypes.c_void_p, [ctypes.c_void_p]),
                        ("mysql_num_fields", ctypes.c_uint, [ctypes.c_void_p]),
                        ("mysql_free_result", None, [ctypes.c_void_p]),
                        ("mysql_fetch_row", ctypes.POINTER(ctypes.c_char_p), [ctypes.c_void_p])):
                    getattr(lib, name).restype, getattr(lib, name).argtypes = result, args
                Maria.lib = lib
            self.at = self.lib.mysql_init(None)
        if not self.lib.mysql_real_connect(self.at, None, b"root", None, db.encode(), 0, socket.encode(), 0):
            why = text_of(self.lib.mysql_error(self.at))
            self.close()
            raise WireError(why)

    def close(self):
        if self.at:
            self.lib.mysql_close(self.at)
        self.at = None

    def ask(self, sql):
        words = sql.encode()
        if self.lib.mysql_real_query(self.at, words, len(words)):
            raise WireError(text_of(self.lib.mysql_error(self.at)) + f" ({sql[:200]})")
        r, rows = self.lib.mysql_store_result(self.at), []
        if r:
            columns = range(self.lib.mysql_num_fields(r))
            while row := self.lib.mysql_fetch_row(r):
                rows.append("|".join(text_of(row[c]) for c in columns))
            self.lib.mysql_free_result(r)
        return "\n".join(rows)


class Lines:
    """Connections by thread and database; one that is ended by others is made anew."""

    def __init__(self, make):
        self.make, self.mine = make, threading.local()

    def ask(self, db, *sql, stay=False):
        kept = self.mine.__dict__.setdefault("kept", {})
        for attempt in (1, 2):
            fresh = db not in kept
            line = kept.pop(db, None) or self.make(db)
            try:
                out = [line.ask(one) for one in sql]
                if stay:
                    kept[db] = line
                else:
                    line.close()
                return "\n".join(t for t in out if t).strip()
            except WireError as why:
                line.close()
                if fresh or attempt == 2 or not any(w in str(why) for w in ("terminat", "gone away", "no connection", "Lost connection")):
                    raise
        return None
