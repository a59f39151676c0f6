"""What driving a run takes: the store, the clock, the performer, and how much patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from ..adapters.telemetry.traces import NoTraces
from ..adapters.webhooks.outbox import Outbox
from ..ports import Clock, Performer
from .chronicle import Chronicle
from .claims import Parking
from .codec import Codec
from .runs import Runs
from .waits import LINGER, Waits

SEGMENT = 200  # steps after which a run is cut where its pipeline allows it

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a passing fault is met with trying again. Seconds, by the run's clock."""

    tries: int = 60
    base: float = 2.0
    cap: float = 300.0
    grace: float = 3600.0  # past the horizon: what is undone and recorded there meets faults too


@dataclass(frozen=True, slots=True)
class Means:
    """What a drive needs of the outside.

    `held`: this process may still act for the run. `park`: the run is nobody's until an instant or
    a signal; False when one of these has come. `leaving` is set when this process is about to end.
    """

    codec: Codec
    clock: Clock
    performer: Performer
    runs: Runs
    outbox: Outbox
    waits: Waits
    chronicle: Chronicle
    held: Callable[[str], bool]
    park: Callable[[Parking], Awaitable[bool]]
    threads: Executor
    patience: Patience = Patience()
    segment: int = SEGMENT
    linger: float = LINGER
    traces: NoTraces = field(default_factory=NoTraces)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)

    async def blocking(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await blocking(self.threads, call, *args, **kwargs)


async def blocking(threads: Executor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A synchronous store call, in the bounded pool."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(threads, lambda: call(*args, **kwargs))
