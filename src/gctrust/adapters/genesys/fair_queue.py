"""Who goes next: by priority, then in turns. Pure: holds whatever it is given to hold.

Turns are taken twice: between cohorts (runs that first asked in the same minute), and between the
runs of one. A thousand runs that began together are one cohort, so a single new run waits for a
few turns and not for a thousand.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .limiter import LEVELS

T = TypeVar("T")
COHORT = 60.0  # seconds
_REMEMBERED = 20_000  # runs: one that is forgotten merely begins again as a new one


@dataclass(slots=True)
class _Run:
    """What a run has had: `turns` of its cohort's."""

    cohort: int
    turns: int = 0


@dataclass(slots=True)
class _Cohort(Generic[T]):
    turns: int = 0
    heap: list[tuple[int, int, T]] = field(default_factory=list)


class FairQueue(Generic[T]):
    """`push` and `pop` in turns; entries that were given up are left to the caller to skip."""

    def __init__(self) -> None:
        self._levels: list[dict[int, _Cohort[T]]] = [{} for _ in range(LEVELS)]
        self._now = [0] * LEVELS  # the turn each level is at
        self._runs: OrderedDict[tuple[int, str], _Run] = OrderedDict()
        self._pushed = 0

    def push(self, level: int, run: str, at: float, entry: T) -> None:
        known = self._runs.pop((level, run), None) or _Run(int(at // COHORT))
        self._runs[(level, run)] = known
        if len(self._runs) > _REMEMBERED:
            self._runs.popitem(last=False)
        cohort = self._levels[level].setdefault(known.cohort, _Cohort())
        if not cohort.heap:  # it has no claim on turns that went by while it asked for none
            cohort.turns = max(cohort.turns, self._now[level])
        least = cohort.heap[0][0] if cohort.heap else 0
        known.turns = max(known.turns + 1, least)
        self._pushed += 1
        heapq.heappush(cohort.heap, (known.turns, self._pushed, entry))

    def pop(self) -> T | None:
        for level, cohorts in enumerate(self._levels):
            asking = [(c.turns, key) for key, c in cohorts.items() if c.heap]
            if asking:
                self._now[level], key = min(asking)
                cohorts[key].turns += 1
                entry = heapq.heappop(cohorts[key].heap)[2]
                self._forget_quiet(level)
                return entry
        return None

    def _forget_quiet(self, level: int) -> None:
        now, cohorts = self._now[level], self._levels[level]
        for key in [key for key, c in cohorts.items() if not c.heap and c.turns <= now]:
            del cohorts[key]
