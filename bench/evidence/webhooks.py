"""Webhook deliveries per second: signed, from the outbox of a store on disk, to a receiver on this
machine, a process of its own, that verifies each of them. `python bench/evidence/webhooks.py`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from standardwebhooks import Webhook

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store
from gctrust.adapters.system import SystemClock
from gctrust.adapters.webhooks.endpoint import Target
from gctrust.adapters.webhooks.outbox import Outbox

SECRET = "whsec_" + "c2VjcmV0" * 4
EVENTS, ROUNDS = 1500, 3
DATA = {"endpoint": "bench", "message": "one of many"}


async def receive() -> None:
    """Verifies every POST and answers 200; 401 would be seen as a delivery that fails."""
    verifier = Webhook(SECRET)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                pairs = (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                verifier.verify(body, headers)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextlib.contextmanager
def receiver() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, __file__, "receive"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/hook"
    finally:
        process.stdin.close()
        process.wait(10)


def filled(folder: Path, url: str) -> Outbox:
    """An outbox with EVENTS committed one by one, as runs commit them."""
    clock, store = SystemClock(), Store(folder / "store.db", "sandbox")
    ledger = Ledger(store, folder / "ledger.key", clock, "bench")
    box = Outbox(store, ledger, clock, Target(url, lambda: SECRET, allow_private=True))
    for number in range(EVENTS):
        entry = Entry("thing.done", f"d{number}.example.com", f"run@{number}", 1)
        with store.write() as connection:
            box.record_in(connection, entry, "webhook.test", DATA)
    return box


async def sent(box: Outbox) -> float:
    """Deliveries a second, until every one of them is settled in the store and the ledger."""
    began = time.perf_counter()
    while due := box.due():
        for name in due:
            await box.deliver(name)
        await box.settled()
    took = time.perf_counter() - began
    await box.aclose()
    assert box.counts() == {("environment", "accepted"): EVENTS}, box.counts()
    return EVENTS / took


def rows() -> list[tuple[str, str, str]]:
    """(what, figure, goal)."""
    rates = []
    with receiver() as url:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory(prefix="gctrust-webhooks-") as name:
                rates.append(asyncio.run(sent(filled(Path(name), url))))
    return [("webhook deliveries/s, signed, settled", f"{statistics.median(rates):,.0f}", "300/s")]


if __name__ == "__main__":
    if sys.argv[1:] == ["receive"]:
        asyncio.run(receive())
    else:
        for row in rows():
            print("  ".join(row))
        print(f"load average {os.getloadavg()[0]:.1f}")
