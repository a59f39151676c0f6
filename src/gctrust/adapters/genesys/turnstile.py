"""Requests wait here for their slot in the budget: the most urgent first, then runs in turns.

Slots are leased a second's worth at a time and given away when they come due, so a request that
comes late but is urgent still goes first.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from ...errors import Problem
from ...ports import Clock
from .caller import Caller
from .fair_queue import FairQueue
from .limiter import LEVELS, WINDOW, Budget, Lease, Slot, Told
from .shared import Shared, Where

CUT_OFF_SLOW = 4  # so many processes that do not see each other stay within one budget


class TooLong(Exception):
    """The wait would be longer than the caller allows: it may come back `at`."""

    def __init__(self, at: float) -> None:
        super().__init__(at)
        self.at = at


@dataclass(slots=True)
class _Waiter:
    level: int
    deadline: float
    slot: asyncio.Future[Slot]
    waits: bool = True


class Turnstile:
    """One for each client; all of a store share one budget. `pause` waits until an instant."""

    def __init__(
        self, clock: Clock, shared: Shared[Budget], pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self._clock, self._shared, self._pause = clock, shared, pause
        self._process = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self._queue: FairQueue[_Waiter] = FairQueue()
        self._waiting = [0] * LEVELS
        self._deadlines: list[tuple[float, int, _Waiter]] = []
        self._numbers = itertools.count()
        self._told: list[tuple[Told, Slot]] = []
        self._spare: list[Slot] = []
        self._waited_to = 0.0
        self._closed_until = 0.0
        self._pump: asyncio.Task[None] | None = None

    @property
    def budget(self) -> Budget:
        """As this process sees it, with what it has not yet told the others."""
        return _with(self._shared.own, self._told, self._shared.where.skew)

    async def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    async def enter(self, caller: Caller, longest: float) -> Slot:
        """Returns when a request may be sent. Raises TooLong, and what the clock raises."""
        now = self._now()
        if self._closed_until - now > longest:
            raise TooLong(self._closed_until)
        while self._spare:
            slot = self._spare.pop()
            if now <= slot.until:
                return slot
        while self._deadlines and self._deadlines[0][2].slot.done():
            heapq.heappop(self._deadlines)
        waiter = _Waiter(caller.priority, now + longest, asyncio.get_running_loop().create_future())
        self._queue.push(waiter.level, caller.run, now, waiter)
        heapq.heappush(self._deadlines, (waiter.deadline, next(self._numbers), waiter))
        self._waiting[waiter.level] += 1
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._pumping())
        try:
            return await waiter.slot
        except asyncio.CancelledError:
            if waiter.slot.done() and not waiter.slot.cancelled() and not waiter.slot.exception():
                self._spare.append(waiter.slot.result())
            raise
        finally:
            self._count_out(waiter)

    def _count_out(self, waiter: _Waiter) -> None:
        self._waiting[waiter.level] -= waiter.waits
        waiter.waits = False

    def give_back(self, slot: Slot) -> None:
        """Nothing was sent with it."""
        self._spare.append(slot)

    def told(self, told: Told, slot: Slot) -> None:
        """What an answer said; the others hear of it with the next lease."""
        self._told.append((told, slot))

    async def hold(self, until: float) -> None:
        """Nobody sends before `until`: the platform said so."""
        await self._shared.change(lambda budget, at: (budget.paused(until + at.skew), None))

    # --- the pump ------------------------------------------------------------------------------

    async def _pumping(self) -> None:
        """Runs while somebody waits."""
        try:
            while any(self._waiting):
                lease = await self._lease()
                for slot in lease.slots:
                    await self._wait(slot.at)
                    self._hand(slot)
                if not lease.slots:
                    if lease.refused:
                        self._send_away(lease.again_at)
                        self._closed_until = lease.again_at
                    await self._wait(lease.again_at)
                self._closed_until = 0.0
        except Exception as error:  # a clock that cannot be read, or a defect: theirs to know
            for waiter in iter(self._queue.pop, None):
                if not waiter.slot.done():
                    waiter.slot.set_exception(error)
                    self._count_out(waiter)
            if not isinstance(error, Problem):
                raise

    async def _lease(self) -> Lease:
        told, self._told = self._told, []
        waiting, now = tuple(self._waiting), self._now()

        def change(budget: Budget, where: Where) -> tuple[Budget, Lease]:
            skew, slow = where.skew, CUT_OFF_SLOW if where.cut_off else 1
            budget = _with(budget, told, skew)
            budget, lease = budget.lease(now + skew, self._process, waiting, slow)
            slots = tuple(replace(s, at=s.at - skew, until=s.until - skew) for s in lease.slots)
            return budget, Lease(slots, lease.again_at - skew, lease.refused)

        return await self._shared.change(change)

    def _now(self) -> float:
        """Never before an instant that was waited for: a sandbox's clock may stand still."""
        return max(self._clock.now(), self._waited_to)

    async def _wait(self, at: float) -> None:
        if at > self._now():
            await self._pause(at)
            self._waited_to = at

    def _hand(self, slot: Slot) -> None:
        now = self._now()
        if now > slot.until or self._shared.own.paused_until > now + self._shared.where.skew:
            return
        for waiter in iter(self._queue.pop, None):
            if not waiter.slot.done():
                waiter.slot.set_result(slot)
                self._count_out(waiter)
                return
        self._spare.append(slot)

    def _send_away(self, closed_until: float) -> None:
        """Those whose patience ends before their turn can come."""
        each = WINDOW / (self._shared.own.allowed or WINDOW)
        while self._deadlines and self._deadlines[0][0] < closed_until:
            waiter = heapq.heappop(self._deadlines)[2]
            if not waiter.slot.done():
                at = closed_until + each * sum(self._waiting)
                waiter.slot.set_exception(TooLong(at))
                self._count_out(waiter)


def _with(budget: Budget, told: list[tuple[Told, Slot]], skew: float) -> Budget:
    for one, slot in told:
        ends = one.ends_from + skew, one.ends_by + skew
        budget = budget.told(Told(one.count, one.allowed, *ends), slot)
    return budget
