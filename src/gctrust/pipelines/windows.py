"""Change windows: when a wave may begin. "mon-fri 22:00-04:00", in UTC; several may be given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"(?:([a-z,-]+)\s+)?(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


class BadWindow(ValueError):
    """The text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Window:
    """Open on `days` (0 is Monday) from `start` for `length`; it may pass midnight."""

    days: frozenset[int]
    start: timedelta
    length: timedelta

    @classmethod
    def parse(cls, text: str) -> Window:
        """Raises BadWindow."""
        found = _FORM.fullmatch(text.strip().lower())
        if not found:
            raise BadWindow('a window is written "22:00-04:00" or "sat,sun 00:00-06:00", in UTC')
        start, end = (_time(*found.group(n, n + 1)) for n in (2, 4))
        length = (end - start) % timedelta(days=1)
        return cls(_days(found[1]), start, length or timedelta(days=1))

    def begins(self, at: datetime) -> Iterable[datetime]:
        """The beginnings from the day before `at` on, for a week and a day."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        for offset in range(-1, 9):
            day = midnight + timedelta(days=offset)
            if day.weekday() in self.days:
                yield day + self.start


def next_open(windows: Iterable[Window], at: float) -> float:
    """`at` when a window is open then, else the next beginning. No window: always open."""
    given, now = tuple(windows), datetime.fromtimestamp(at, UTC)
    begins = [(begin, window.length) for window in given for begin in window.begins(now)]
    if not given or any(begin <= now < begin + length for begin, length in begins):
        return at
    return min(begin for begin, _ in begins if begin > now).timestamp()


def _time(hours: str, minutes: str) -> timedelta:
    if int(hours) > 24 or int(minutes) > 59 or (int(hours) == 24 and int(minutes)):
        raise BadWindow(f"{hours}:{minutes} is no time of day")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _days(text: str | None) -> frozenset[int]:
    found: set[int] = set()
    for part in (text or "mon-sun").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise BadWindow(f"days are {', '.join(DAYS)}, alone, in lists or as mon-fri")
        begin = DAYS.index(first)
        count = (DAYS.index(last) - begin) % 7 if dash else 0
        found |= {(begin + n) % 7 for n in range(count + 1)}
    return frozenset(found)
