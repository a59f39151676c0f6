"""`delay.py PORT SECONDS`: a UDP proxy on loopback whose answers come SECONDS late.

Prints its port. Every client address has an upstream socket of its own, so that ids never meet.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys
import time
from collections import OrderedDict, deque

_MOST_CLIENTS = 900


class Proxy:
    def __init__(self, port: int, seconds: float) -> None:
        self.port, self.seconds = port, seconds
        self.selector = selectors.DefaultSelector()
        self.front = self._new()
        self.front.bind(("127.0.0.1", 0))
        self.selector.register(self.front, selectors.EVENT_READ, None)
        self.clients: OrderedDict[tuple[str, int], socket.socket] = OrderedDict()
        self.late: deque[tuple[float, bytes, tuple[str, int]]] = deque()

    def _new(self) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        return one

    def run(self) -> None:
        while True:
            wait = self.late[0][0] - time.monotonic() if self.late else 1.0
            for key, _ in self.selector.select(max(wait, 0)):
                if key.data is None:
                    self._queries()
                else:
                    self._answers(key.fileobj, key.data)
            now = time.monotonic()
            while self.late and self.late[0][0] <= now:
                _, data, client = self.late.popleft()
                self.front.sendto(data, client)

    def _queries(self) -> None:
        for _ in range(256):
            try:
                data, client = self.front.recvfrom(4096)
            except BlockingIOError:
                return
            self._upstream(client).send(data)

    def _upstream(self, client: tuple[str, int]) -> socket.socket:
        one = self.clients.get(client)
        if one is None:
            if len(self.clients) >= _MOST_CLIENTS:
                _, oldest = self.clients.popitem(last=False)
                self.selector.unregister(oldest)
                oldest.close()
            one = self.clients[client] = self._new()
            one.connect(("127.0.0.1", self.port))
            self.selector.register(one, selectors.EVENT_READ, client)
        return one

    def _answers(self, one: socket.socket, client: tuple[str, int]) -> None:
        due = time.monotonic() + self.seconds
        for _ in range(256):
            try:
                data = one.recv(4096)
            except (BlockingIOError, OSError):
                return
            self.late.append((due, data, client))


if __name__ == "__main__":
    proxy = Proxy(int(sys.argv[1]), float(sys.argv[2]))
    print(proxy.front.getsockname()[1], flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        proxy.run()
