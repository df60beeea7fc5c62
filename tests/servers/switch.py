#!/usr/bin/env python3
"""switch.py LISTEN FIRST SECOND FLAG - a proxy for MariaDB that changes its mind.

Sessions lead to the socket FIRST. As soon as the file FLAG is there, a session's next command goes to SECOND,
where the session is opened as it was opened at FIRST; the client's connection stays what it is. FLAG may hold
"same": then it is another session of FIRST."""
import os
import socket
import sys
import threading


def read_exactly(s, n):
    out = b""
    while len(out) < n:
        part = s.recv(n - len(out))
        if not part:
            raise EOFError
        out += part
    return out


def read_packet(s):
    head = read_exactly(s, 4)
    return head + read_exactly(s, int.from_bytes(head[:3], "little"))


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    return s


def log_in(path, response):
    """A session of the same user, without the client's help."""
    s = connect(path)
    read_packet(s)
    s.sendall(response)
    while True:
        p = read_packet(s)
        if p[4] == 0xFE:  # another way to show who we are: nothing to show
            s.sendall(bytes([0, 0, 0, p[3] + 1]))
        elif p[4] == 0:
            return s
        else:
            raise EOFError


class Session:
    def __init__(self, client, first, second, flag):
        self.client, self.first, self.second, self.flag = client, first, second, flag
        self.server, self.switched = connect(first), False

    def answers(self, server):
        try:
            while True:
                data = server.recv(65536)
                if not data:
                    break
                self.client.sendall(data)
        except OSError:
            pass
        if server is self.server:
            self.close()

    def close(self):
        for s in (self.client, self.server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def run(self):
        try:
            self.client.sendall(read_packet(self.server))
            response = read_packet(self.client)
            self.server.sendall(response)
            threading.Thread(target=self.answers, args=(self.server,), daemon=True).start()
            while True:
                p = read_packet(self.client)
                if p[3] == 0 and not self.switched and os.path.exists(self.flag):
                    self.switched = True
                    same = open(self.flag).read().strip() == "same"
                    old, self.server = self.server, log_in(self.first if same else self.second, response)
                    old.shutdown(socket.SHUT_RDWR)
                    threading.Thread(target=self.answers, args=(self.server,), daemon=True).start()
                self.server.sendall(p)
        except (EOFError, OSError):
            self.close()


def main():
    listen, first, second, flag = sys.argv[1:]
    s = socket.socket(socket.AF_UNIX)
    s.bind(listen)
    s.listen(16)
    while True:
        client, _ = s.accept()
        threading.Thread(target=Session(client, first, second, flag).run, daemon=True).start()


main()
