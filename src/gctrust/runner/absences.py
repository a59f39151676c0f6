"""Names that a look has just missed, so that one look serves an order and its creation.

Kept in memory on purpose: whoever takes a run up after a crash knows of none, and looks anew.
"""

from __future__ import annotations

from ..ports import Clock

MOMENT = 60.0  # seconds for which a look is good
MOST = 10_000


class Absences:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._missed: dict[str, float] = {}

    def note(self, name: str) -> None:
        """A look did not find `name`."""
        if len(self._missed) >= MOST:
            self._missed.clear()
        self._missed[name] = self._clock.now()

    def take(self, name: str) -> bool:
        """Whether `name` was missed a moment ago. It is told once: the next creation looks."""
        seen = self._missed.pop(name, None)
        return seen is not None and self._clock.now() - seen < MOMENT
