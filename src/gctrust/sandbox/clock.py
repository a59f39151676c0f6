"""The sandbox's own time: it can stand still, jump ahead, or run at another rate.

Everything the sandbox does by time (token expiry, rate windows, propagation, certificates) reads
this clock, so a test can cross three days in a millisecond. It never runs backwards.
"""

from __future__ import annotations

import asyncio
import time

MOST_RATE = 100_000.0
LATEST = 2.0**36  # the year 4147: certificates and dates can still be written


def check_rate(rate: float) -> float:
    """Raises ValueError."""
    if not 0 < rate <= MOST_RATE:  # nan is refused as well
        raise ValueError(f"the clock's rate must be greater than 0, at most {MOST_RATE:g}")
    return rate


def check_instant(seconds: float) -> float:
    """Raises ValueError."""
    if not 0 <= seconds <= LATEST:
        raise ValueError(f"the clock shows Unix seconds from 0 to {LATEST:.0f}")
    return seconds


class VirtualClock:
    """Virtual Unix seconds. Belongs to one event loop; `now` may be read from any thread."""

    def __init__(self, start: float | None = None, rate: float = 1.0) -> None:
        check_rate(rate)
        self._base = time.time() if start is None else check_instant(start)
        self._mark = time.monotonic()
        self._rate = rate
        self._frozen = False
        self._sleepers: set[asyncio.Event] = set()

    def __repr__(self) -> str:
        state = "frozen" if self._frozen else f"rate {self._rate:g}"
        return f"<VirtualClock {self.now():.3f} {state}>"

    @property
    def rate(self) -> float:
        return self._rate

    @property
    def frozen(self) -> bool:
        return self._frozen

    def now(self) -> float:
        """Unix seconds, virtual."""
        if self._frozen:
            return self._base
        return self._base + (time.monotonic() - self._mark) * self._rate

    def told(self) -> dict[str, object]:
        """For who follows it: the time, and how fast it goes on."""
        return {"now": self.now(), "rate": 0.0 if self._frozen else self._rate}

    def freeze(self, frozen: bool = True) -> None:
        self._rebase(self.now())
        self._frozen = frozen
        self._wake()

    def set_rate(self, rate: float) -> None:
        check_rate(rate)
        self._rebase(self.now())
        self._rate = rate
        self._wake()

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("the clock does not run backwards")
        self._rebase(check_instant(self.now() + seconds))
        self._wake()

    def to(self, instant: float) -> None:
        """Jump to an instant; one already past leaves the clock as it is."""
        self.advance(max(0.0, check_instant(instant) - self.now()))

    async def wait_until(self, instant: float) -> None:
        """Sleep until the virtual instant; a jump or a new rate is noticed at once."""
        changed, loop = asyncio.Event(), asyncio.get_running_loop()
        self._sleepers.add(changed)
        # Not asyncio.wait_for: in 3.11 it drops a cancellation that meets the wake-up.
        try:
            while (left := instant - self.now()) > 0:
                changed.clear()
                alarm = None if self._frozen else loop.call_later(left / self._rate, changed.set)
                try:
                    await changed.wait()
                finally:
                    if alarm is not None:
                        alarm.cancel()
        finally:
            self._sleepers.discard(changed)

    async def sleep(self, seconds: float) -> None:
        await self.wait_until(self.now() + seconds)

    def _rebase(self, instant: float) -> None:
        self._base, self._mark = instant, time.monotonic()

    def _wake(self) -> None:
        for changed in self._sleepers:
            changed.set()
