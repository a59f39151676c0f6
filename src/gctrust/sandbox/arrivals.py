"""Changes on their way to one replica (a name server, a TLS edge, an mTLS gateway).

A change is sent once and arrives after the replica's own delay, by the virtual clock. When a later
change of the same key arrives first, the earlier one is dropped: it never undoes a newer value.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class VirtualClock(Protocol):
    """Whatever tells the sandbox's time, in Unix seconds."""

    def now(self) -> float: ...


class Arrivals(Generic[K, V]):
    """The queue in front of one replica."""

    def __init__(self) -> None:
        self._order = count()
        self._heap: list[tuple[float, int, K, V]] = []
        self._applied: dict[K, int] = {}

    def send(self, key: K, value: V, at: float) -> None:
        heapq.heappush(self._heap, (at, next(self._order), key, value))

    def due(self, now: float) -> Iterator[tuple[K, V]]:
        """Take what has arrived by `now`, each change once, oldest arrival first."""
        while self._heap and self._heap[0][0] <= now:
            _, order, key, value = heapq.heappop(self._heap)
            if order >= self._applied.get(key, -1):
                self._applied[key] = order
                yield key, value

    def clear(self) -> None:
        self._heap.clear()
        self._applied.clear()

    @property
    def waiting(self) -> int:
        return len(self._heap)
