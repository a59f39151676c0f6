"""Everything that sleeps in this process, woken by one ticker: by the run's clock, or by a signal.

Deadlines are in the time of the injected clock, which may be virtual, so no timer of the event loop
can be set to them; and one look a tick for all sleepers keeps a thousand waits as cheap as one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from ..ports import Clock

TICK = 0.05  # seconds between looks at the clock while somebody sleeps
LOOK = 0.5  # while nobody does: parked runs may be due
LINGER = 5.0  # real seconds a run sleeps here before it is parked


class Waits:
    """`now` is the clock's last reading."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.now = clock, 0.0
        self._sleepers: dict[str, tuple[float, asyncio.Event]] = {}
        self._heard: dict[str, int] = {}
        self._somebody = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sleepers)

    def pending_deadlines(self) -> tuple[float, ...]:
        """The instants somebody sleeps to, earliest first."""
        return tuple(sorted(until for until, _ in self._sleepers.values()))

    def lie_down(self, run: str, until: float) -> asyncio.Event:
        """Set at `until`, or when the run is sent a signal; from now on, so that the caller can
        look for earlier ones after this. `rise` must follow."""
        woken = asyncio.Event()
        self._sleepers[run] = until, woken
        self._somebody.set()
        return woken

    def rise(self, run: str) -> None:
        self._sleepers.pop(run, None)

    def wake_due(self, now: float) -> None:
        self.now = now
        for until, woken in self._sleepers.values():
            if now >= until:
                woken.set()

    def wake_signalled(self, sent: Mapping[str, int]) -> None:
        """`sent`: how many signals each run was ever sent."""
        for run, (_, woken) in self._sleepers.items():
            if sent.get(run, 0) > self._heard.get(run, 0):
                self._heard[run] = sent[run]
                woken.set()

    def forget(self, run: str) -> None:
        self._heard.pop(run, None)

    async def tick(self) -> None:
        """Runs until it is cancelled."""
        while True:
            # In a thread: a sandbox's clock is asked over its port, and may not answer.
            self.wake_due(await asyncio.to_thread(self.clock.now))
            if not self._sleepers:
                self._somebody.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._somebody.wait()
            await asyncio.sleep(TICK)
