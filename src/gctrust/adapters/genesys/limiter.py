"""Request budget of one OAuth client: who may send when. Pure state, like the breaker.

Led by the platform's count, allowed and reset. Slots are spread evenly over what is left of the
window, and leased in small batches, so that many processes can share one state. All times are Unix
seconds of the clock that those processes share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

WINDOW = 60.0  # "per minute", in every limit the platform publishes
UNTOLD_GAP = 0.2  # between requests before any header was seen: the documented 300 a minute
AHEAD = 1.0  # slots are leased so far ahead, and a process that dies loses no more than those
TURN = 0.5  # of it must be free again before it is asked for, so that a lease is worth its price
BURST = 0.05  # of the allowed may go at once after a pause
FASTEST = 0.5  # of the even gap: how close requests come when a window is to be caught up with
HEAD = 0.5  # seconds after the latest possible end of a window, and
TAIL = 1.5  # before the earliest: what is under way then still lands in the window it was meant for
SAME = 2.0  # resets are told in whole seconds, so one end may be told this far apart
SEEN = 4  # readings kept: the least of them is what others use, whatever order answers come in
SPENT = 0.5  # of the allowed: a window used less than this ended before we got round to it
FRESH = 3.0  # seconds after which what a process said to wait for counts no more
LEVELS = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """Leave to send one request from `at` on: the `number`th of window `window`, from 1."""

    at: float
    window: int
    number: int
    until: float = math.inf  # too late after this


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer's headers say. The window ends after `ends_from` and not after `ends_by`."""

    count: int
    allowed: int
    ends_from: float
    ends_by: float

    @classmethod
    def of(cls, headers: Mapping[str, str], sent: float, received: float) -> Told | None:
        try:
            count = int(headers["inin-ratelimit-count"])
            allowed = int(headers["inin-ratelimit-allowed"])
            reset = float(headers["inin-ratelimit-reset"])
        except (KeyError, ValueError):
            return None
        if allowed <= 0 or count < 0 or not 0 <= reset <= 3600:
            return None
        # The seconds are rounded up, and were told at some moment between the two.
        return cls(count, allowed, sent + max(0.0, reset - 1), received + reset)


# A process, when it said so, and how many requests of each priority it waits to send.
Demand = tuple[str, float, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Lease:
    """Slots to use, or none: then ask again at `again_at`. `refused`: the limit is why."""

    slots: tuple[Slot, ...]
    again_at: float
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """`granted` slots of this window, and what else the platform counted in it.

    `slipped` were meant for an earlier window; `seen` are the latest readings of what others used.
    """

    allowed: int = 0  # 0: no header was seen yet
    window: int = 0
    ends_from: float = 0.0
    ends_by: float = 0.0
    granted: int = 0
    slipped: int = 0
    seen: tuple[int, ...] = ()
    next_at: float = 0.0
    paused_until: float = 0.0
    demands: tuple[Demand, ...] = ()

    @property
    def used(self) -> int:
        return self.granted + max(self.slipped, self._others)

    @property
    def _others(self) -> int:
        return min(self.seen, default=0)

    def left(self, now: float) -> int:
        """What we may still use, when the others go on as they did in this window."""
        rest = max(0.0, self.ends_by - now)
        unseen = rest + 2 * AHEAD  # what was seen is as old as the slots whose answers told it
        to_come = self._others * unseen / max(1.0, WINDOW - rest)
        return max(0, self.allowed - self.used - math.ceil(to_come))

    @property
    def resets_at(self) -> float:
        return self.ends_by

    # --- what answers tell ---------------------------------------------------------------------

    def told(self, told: Told, slot: Slot | None) -> Budget:
        """`slot` is the one the request used."""
        if not self.allowed:  # the first: what was asked for one by one may go on at once
            return replace(self, seen=(max(0, told.count - self.granted),), next_at=0.0)._led(told)
        if told.ends_by < self.ends_from - WINDOW + SAME:
            return self  # a late answer, out of a window that is over
        if told.ends_by < self.ends_from - SAME or told.ends_from > self.ends_by + SAME:
            return self._other_window(told)
        state = self._narrowed(told)
        if slot is None or slot.window != self.window:
            return replace(state, slipped=self.slipped + 1)
        others = max(0, told.count - slot.number)
        return replace(state, seen=(*self.seen, others)[-SEEN:])

    def _led(self, told: Told) -> Budget:
        return replace(self, allowed=told.allowed, ends_from=told.ends_from, ends_by=told.ends_by)

    def _narrowed(self, told: Told) -> Budget:
        """Each answer narrows the end down; one that contradicts is the newer truth."""
        ends_from = max(self.ends_from, told.ends_from)
        ends_by = min(self.ends_by, told.ends_by)
        if ends_from > ends_by:
            return self._led(told)
        return self._led(replace(told, ends_from=ends_from, ends_by=ends_by))

    def _other_window(self, told: Told) -> Budget:
        """The platform's window is not the one we thought: all it counted is as good as others'."""
        emptied = replace(self, window=self.window + 1, granted=0, slipped=told.count, seen=())
        return emptied._led(told)

    def paused(self, until: float) -> Budget:
        return replace(self, paused_until=max(self.paused_until, until))

    # --- who may send when ---------------------------------------------------------------------

    def lease(
        self, now: float, process: str, waiting: tuple[int, ...], slow: int = 1
    ) -> tuple[Budget, Lease]:
        """Slots for requests that wait, by priority; each process gets its share of them.

        `slow` stretches the gap: a process that does not know of the others leaves them room.
        """
        state = self._turned(now)
        others = tuple(d for d in state.demands if d[0] != process and now - d[1] < FRESH)
        theirs = [demand for _, _, demand in others]
        free = state._free(now, slow, wanted=sum(waiting) + sum(map(sum, theirs)))
        count = share(len(free), waiting, theirs)
        taken = free[:count]
        if taken:
            next_at = state._base(now, slow) + state._gap(now, slow) * count
            state = replace(state, granted=state.granted + count, next_at=next_at)
        mine = (process, now, _served(waiting, count))
        state = replace(state, demands=(*others, mine) if any(mine[2]) else others)
        return state, Lease(taken, state._again_at(now), state._refuses(now))

    def _turned(self, now: float) -> Budget:
        """The window after this one, when this one is over."""
        if not self.allowed or now < self.ends_by + HEAD:
            return self
        windows = math.floor((now - HEAD - self.ends_by) / WINDOW) + 1
        busy = self.next_at > self._last - BURST * WINDOW  # its quiet end is no pause to make up
        return replace(
            self,
            next_at=max(self.next_at, now) if busy else self.next_at,
            window=self.window + 1,
            ends_from=self.ends_from + windows * WINDOW,
            ends_by=self.ends_by + windows * WINDOW,
            granted=0,
            slipped=0,
            seen=(),
        )

    def _free(self, now: float, slow: int, wanted: int) -> tuple[Slot, ...]:
        if now < self.paused_until:
            return ()
        gap, at, horizon = self._gap(now, slow), self._base(now, slow), now + AHEAD
        most = min(wanted, self.left(now) if self.allowed else 1)
        until = self.ends_by if self.allowed else math.inf
        slots: list[Slot] = []
        while len(slots) < most and max(at, now) <= min(horizon, self._last):
            number = self.granted + len(slots) + 1
            slots.append(Slot(max(at, now), self.window, number, until))
            at += gap
        return tuple(slots)

    @property
    def _last(self) -> float:
        """The latest start of a request that surely lands in this window."""
        return self.ends_from - TAIL if self.allowed else math.inf

    def _gap(self, now: float, slow: int) -> float:
        if not self.allowed:
            return UNTOLD_GAP * slow
        even = WINDOW / self.allowed
        rest = self._last - max(now, self.next_at)
        return max(even * FASTEST, rest / max(1, self.left(now))) * slow

    def _base(self, now: float, slow: int) -> float:
        """The first free instant, which may lie in the past: what was not used may catch up."""
        credit = BURST * WINDOW if self.allowed and slow == 1 else 0.0
        return max(self.next_at, now - credit)

    def _refuses(self, now: float) -> bool:
        """Whether it is the limit that keeps requests waiting, and not how slow we are."""
        return now < self.paused_until or 0 < SPENT * self.allowed <= self.used

    def _again_at(self, now: float) -> float:
        if now < self.paused_until:
            return self.paused_until
        if self.allowed and (self.used >= self.allowed or max(now, self.next_at) > self._last):
            return self.ends_by + HEAD
        return max(now + UNTOLD_GAP, self.next_at - AHEAD + TURN)


def share(free: int, mine: tuple[int, ...], others: list[tuple[int, ...]]) -> int:
    """How many of the `free` slots are mine: priority by priority, in proportion to who waits."""
    taken = 0
    for level, wanted in enumerate(mine):
        theirs = sum(waiting[level] for waiting in others if level < len(waiting))
        if wanted + theirs > free:
            return taken + (math.ceil(free * wanted / (wanted + theirs)) if free > 0 else 0)
        taken, free = taken + wanted, free - wanted - theirs
    return taken


def _served(waiting: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Who still waits when the first `count`, by priority, no longer do."""
    left = []
    for wanted in waiting:
        left.append(max(0, wanted - count))
        count = max(0, count - wanted)
    return tuple(left)
