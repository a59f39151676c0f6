"""What was seen of a thing a moment ago, so that a poll need not read again what hardly changes.

Kept in memory on purpose: another process knows of nothing, and looks for itself.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from ..ports import Clock

T = TypeVar("T")
MOST = 10_000


class Lately(Generic[T]):
    """`moment`: seconds for which what was seen is good."""

    def __init__(self, clock: Clock, moment: float) -> None:
        self._clock, self._moment = clock, moment
        self._seen: dict[str, tuple[float, T]] = {}

    def note(self, name: str, seen: T) -> T:
        if len(self._seen) >= MOST:
            self._seen.clear()
        self._seen[name] = (self._clock.now(), seen)
        return seen

    def known(self, name: str) -> T | None:
        at, seen = self._seen.get(name, (0.0, None))
        return seen if self._clock.now() - at < self._moment else None
