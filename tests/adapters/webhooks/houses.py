"""An outbox on a store of its own, and receivers on loopback ports that behave as a test says."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gctrust.adapters.credentials.sealed import SealedKeys
from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store
from gctrust.adapters.webhooks.endpoint import Endpoint, Target
from gctrust.adapters.webhooks.outbox import Outbox
from gctrust.adapters.webhooks.secret_source import SecretSources

SECRET = "whsec_" + "c2VjcmV0" * 4


class Clock:
    at = 1_800_000_000.0

    def now(self):
        return self.at

    async def sleep_until(self, at):
        raise AssertionError(at)


@dataclass
class Seen:
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Receiver:
    """`statuses` are answered in turn, the last one for ever."""

    statuses: list[int] = field(default_factory=lambda: [200])
    delay: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    @property
    def ids(self):
        return [one.headers["webhook-id"] for one in self.seen]


@contextlib.contextmanager
def receiver(*statuses, delay=0.0, headers=(), tls=None) -> Iterator[Receiver]:
    told = Receiver(list(statuses) or [200], delay, tuple(headers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            told.connections += 1
            super().setup()

        def do_POST(self):
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # its sender was killed
                return
            named = {k.lower(): v for k, v in self.headers.items()}
            told.seen.append(Seen(named, body, time.monotonic()))
            time.sleep(told.delay)
            status = told.statuses.pop(0) if len(told.statuses) > 1 else told.statuses[0]
            self.send_response(status)
            for name, value in (*told.headers, ("Content-Length", "0")):
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    told.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/hook"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


def house(folder: Path, target: Target | None = None, environ: Callable = dict, **more) -> Outbox:
    """`environ` is what secrets are read from."""
    clock = more.pop("clock", None) or Clock()
    store = Store(more.pop("place", folder / "store.db"), "sandbox")
    ledger = Ledger(store, folder / "ledger.key", clock, "tester")
    sealed = SealedKeys(store, clock, folder / "seal.key", None)
    sources = SecretSources(environ, lambda: sealed)
    return Outbox(store, ledger, clock, target, sources=sources, **more)


def endpoint(name: str, url: str, **more) -> Endpoint:
    return Endpoint(name, url, **{"allow_private": True} | more)


def record(box: Outbox, number: int = 1, entity: str = "example.com", event: str = "webhook.test"):
    entry = Entry("thing.done", entity, "run@1", number, f"{number}.1:record", {"n": number})
    data = {"endpoint": "x", "message": f"number {number}"}
    with box.store.write() as connection:
        return box.record_in(connection, entry, event, data)


async def deliver(box: Outbox, turns: int = 1) -> None:
    """What is due now, to every endpoint; `turns` times, each when the next deadline has come."""
    for turn in range(turns):
        if turn:
            box.clock.at = max(box.clock.at, min(box.deadlines(), default=0.0))
        for name in box.due():
            await box.deliver(name)
        await box.settled()
