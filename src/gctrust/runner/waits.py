"""Everything that sleeps, woken by one ticker: by the run's clock, or by a signal row.

Deadlines are in the time of the injected clock, which may be virtual, so no timer of the event loop
can be set to them; and one look a tick for all sleepers keeps a thousand waits as cheap as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..ports import Clock

TICK = 0.1  # seconds between looks at the clock
LOOK = 0.25  # seconds between looks for signals of other processes


@dataclass(slots=True, eq=False)
class Sleeper:
    run: str
    until: float
    signals: frozenset[str]
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Waits:
    """`untaken` reads the signals no wait has taken: (run, name) pairs. It may block: it is called
    in a thread."""

    def __init__(self, clock: Clock, untaken: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self.clock, self._untaken = clock, untaken
        self._sleepers: list[Sleeper] = []

    def pending_deadlines(self) -> tuple[float, ...]:
        """The instants somebody sleeps to, earliest first."""
        return tuple(sorted(sleeper.until for sleeper in self._sleepers))

    async def sleep(self, run: str, until: float, signals: Iterable[str]) -> None:
        """Return at `until`, or earlier when a signal may have come: the caller looks which."""
        sleeper = Sleeper(run, until, frozenset(signals))
        self._sleepers.append(sleeper)
        try:
            await sleeper.woken.wait()
        finally:
            self._sleepers.remove(sleeper)

    def wake_due(self, now: float) -> None:
        for sleeper in self._sleepers:
            if now >= sleeper.until:
                sleeper.woken.set()

    def wake_signalled(self, untaken: Iterable[tuple[str, str]]) -> None:
        came = set(untaken)
        for sleeper in self._sleepers:
            if any((sleeper.run, name) in came for name in sleeper.signals):
                sleeper.woken.set()

    async def tick(self) -> None:
        """Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        looked = 0.0
        while True:
            if self._sleepers:
                # In a thread: a sandbox's clock is asked over its port, and may not answer.
                self.wake_due(await asyncio.to_thread(self.clock.now))
                if loop.time() - looked >= LOOK:
                    looked = loop.time()
                    self.wake_signalled(await asyncio.to_thread(self._untaken))
            await asyncio.sleep(TICK)
