"""A tiny journey whose effects append to a file; run as a program, it can be killed at any moment.

python tiny.py HOME LINES PAUSE [WEBHOOK] [SEGMENT]: drives the journey in HOME/store.db and
prints what happens. With LINES 0 it is a worker. TINY_STORE is a PostgreSQL URL to use instead,
TINY_TTL the seconds after which a process that gives no sign has lost its lease.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store
from gctrust.adapters.webhooks.outbox import Outbox, Target
from gctrust.errors import Problem, ProblemType, Retry
from gctrust.pipelines.effects import Effect, Now, Pipeline, Record, Segment, Stage, Wait, do
from gctrust.pipelines.orders import RunEnd
from gctrust.ports import Performer
from gctrust.runner.codec import Codec
from gctrust.runner.means import Patience
from gctrust.runner.runner import Runner

BUSY = ProblemType("tiny.busy", "The file is busy.", "", "", retry=Retry.LATER)
REFUSED = ProblemType("tiny.refused", "The file refuses.", "", "")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class AppendLine(Effect[Line]):
    outcome = Line
    outward = True
    number: int
    name: str = "a"

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class TinyOrder:
    name: str = "a"
    lines: int = 3
    wait: float = 0.1
    horizon: float = 3600.0
    event: bool = False

    @property
    def identity(self) -> str:
        return f"tiny:{self.name}"


@dataclass(frozen=True, slots=True)
class TinyState:
    written: int


def tiny(order: TinyOrder, state: TinyState | None = None) -> Pipeline[RunEnd]:
    if state is None:
        yield from do(Stage("append", "writing lines"))
    signal = None
    for number in range(state.written if state else 0, order.lines):
        yield from do(Segment(TinyState(number)))
        yield from do(AppendLine(number, order.name))
        now = yield from do(Now())
        woken = yield from do(Wait(now.at + order.wait, "a pause", ("cancel", "advance")))
        signal = woken.signal or signal
        if signal == "cancel":
            return RunEnd("cancelled", {"lines": number + 1})
    event = "tiny.done" if order.event else None
    yield from do(Record("tiny.done", order.name, {"lines": order.lines}, event, {"x": order.name}))
    return RunEnd("succeeded", {"lines": order.lines, "signal": signal})


class SystemClock:
    def now(self) -> float:
        return time.time()

    async def sleep_until(self, at: float) -> None:
        await asyncio.sleep(at - time.time())


@dataclass
class HandClock:
    """A virtual clock that stands still until it is set."""

    at: float = 1_800_000_000.0

    def now(self) -> float:
        return self.at

    async def sleep_until(self, at: float) -> None:
        while self.at < at:
            await asyncio.sleep(0.01)


def appender(first: Path, pause: float = 0.0) -> Performer:
    """Looks before it appends, as every real outward effect does."""

    async def perform(effect: Effect[object]) -> object:
        assert isinstance(effect, AppendLine)
        await asyncio.sleep(pause)
        text = f"{effect.number}\n"
        file = first if effect.name == "a" else first.with_name(f"{effect.name}.txt")
        if file.exists() and text in file.read_text().splitlines(keepends=True):
            return Line(effect.number, adopted=True)
        with file.open("a") as out:
            out.write(text)
        await asyncio.sleep(pause)
        return Line(effect.number)

    return perform


@dataclass
class House:
    """Everything a Runner stands on, in one folder."""

    home: Path
    clock: SystemClock | HandClock = field(default_factory=SystemClock)
    target: Target | None = None
    place: str = ""  # a PostgreSQL URL, in place of a file in the folder

    def __post_init__(self) -> None:
        self.store = Store(self.place or self.home / "store.db", "sandbox")
        self.ledger = Ledger(self.store, self.home / "ledger.key", self.clock, "tester")
        self.outbox = Outbox(self.store, self.ledger, self.clock, self.target)
        self.file = self.home / "lines.txt"

    def runner(
        self,
        performer: Performer | None = None,
        pipelines: Mapping[str, Callable[..., Pipeline[RunEnd]]] | None = None,
        name: str = "test",
        **options: float,
    ) -> Runner:
        return Runner(
            pipelines=pipelines or {"tiny": tiny},
            performer=performer or appender(self.file),
            clock=self.clock,
            store=self.store,
            outbox=self.outbox,
            executor=name,
            codec=Codec([Line, AppendLine, TinyOrder, TinyState]),
            patience=Patience(tries=4, base=0.05, cap=0.2),
            **options,
        )


async def main() -> None:
    home, lines, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    target = None
    if len(sys.argv) > 4 and sys.argv[4]:
        secret = "whsec_" + "c2VjcmV0" * 4
        target = Target(sys.argv[4], lambda: secret, allow_private=True, schedule=(0.2,) * 50)
    house = House(home, target=target, place=os.environ.get("TINY_STORE", ""))
    segment = int(sys.argv[5]) if len(sys.argv) > 5 else 200
    ttl = float(os.environ.get("TINY_TTL", "6"))
    runner = house.runner(appender(house.file, pause), segment=segment, lease_ttl=ttl)
    await runner.start()
    if not lines:  # a worker: drives what others order, until its standard input ends
        print("working", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        return await runner.close()
    print("leading" if runner.leading else "watching", flush=True)
    run = runner.submit(TinyOrder(lines=lines, wait=pause, event=target is not None))
    end = await runner.await_end(run, 60)
    print("ended", end.status if end else None, flush=True)
    while target and house.outbox.rows("pending"):
        await asyncio.sleep(0.05)
    await runner.close()


def raising(type_: ProblemType, times: int, then: Performer) -> Performer:
    """Ends in a Problem for the first `times` effects, then behaves."""
    left = [times]

    async def perform(effect: Effect[object]) -> object:
        if left[0] > 0:
            left[0] -= 1
            raise Problem(type_, {"left": left[0]})
        return await then(effect)

    return perform


if __name__ == "__main__":
    asyncio.run(main())
