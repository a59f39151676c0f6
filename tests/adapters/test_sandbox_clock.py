"""The sandbox's clock is read now and then and told between; a jump is followed all the same."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.adapters.sandbox_clock import Reading, SandboxClock


class Served:
    """A clock behind a port, that counts who looks at it."""

    def __init__(self) -> None:
        self.rate, self.base, self.mark, self.looks = 5.0, 1_000.0, time.monotonic(), 0
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                served.looks += 1
                body = json.dumps({"now": served.now(), "rate": served.rate}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def now(self) -> float:
        return self.base + (time.monotonic() - self.mark) * self.rate

    def to(self, at: float, rate: float) -> None:
        self.base, self.mark, self.rate = at, time.monotonic(), rate


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.shutdown()
    made.server.server_close()


def clock_of(served: Served) -> SandboxClock:
    return SandboxClock(PlatformAddress.parse(f"http://127.0.0.1:{served.server.server_port}"))


async def test_a_wait_looks_seldom_and_ends_in_time(served: Served) -> None:
    clock = clock_of(served)
    until = served.now() + 7.5  # a second and a half
    await clock.sleep_until(until)
    assert until <= served.now()
    assert served.looks < 12, "thirty polls, most of them told"


async def test_what_is_told_is_never_ahead_and_little_behind(served: Served) -> None:
    clock = clock_of(served)
    behind = []
    for _ in range(60):
        told = clock.now()
        behind.append(served.now() - told)
        await asyncio.sleep(0.01)
    assert min(behind) > -0.1, "2 % of what passed since the reading, at the most"
    assert sorted(behind)[30] < 0.5


async def test_a_jump_is_followed_at_once_by_who_made_it_and_soon_by_others(served: Served) -> None:
    mine, other = clock_of(served), clock_of(served)
    await asyncio.gather(mine.sleep_until(1_002.0), other.sleep_until(1_002.0))
    served.to(9_000.0, 5.0)
    mine.jumped()
    assert mine.now() >= 9_000.0
    await asyncio.wait_for(other.sleep_until(9_000.0), 4)


async def test_a_clock_that_was_stopped_is_soon_seen_to_stand(served: Served) -> None:
    clock = clock_of(served)
    await clock.sleep_until(1_002.0)
    stopped = served.now()
    served.to(stopped, 0.0)
    assert clock.now() <= stopped + 10.0
    await asyncio.sleep(2.1)
    assert clock.now() == stopped


def test_a_busy_machine_does_not_make_it_ask_each_time() -> None:
    """Late answers say the same rate: were it reckoned from two of them, none would fit."""
    late, reading = (0.0, 0.3, 0.02, 0.5, 0.1), Reading(0.0, 0.0)
    for at, wait in enumerate(late, start=1):
        reading = reading.then(at + wait, 1_000.0 + at * 5.0, 5.0)
    assert reading.steady
    assert reading.tell(5.2) == pytest.approx(1_025.5)
    assert not reading.then(6.0, 9_000.0, 5.0).steady, "a jump"
    assert not reading.then(6.0, 1_030.0, 0.0).steady, "another rate"
