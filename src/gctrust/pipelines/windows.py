"""When a wave may begin: change windows ("mon-fri 22:00-04:00") and freezes, dates on which nothing
begins ("2026-12-20..2027-01-04"). All in UTC; several of each may be given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

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


@dataclass(frozen=True, slots=True)
class Freeze:
    """Both days belong to it."""

    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> Freeze:
        """Raises BadWindow."""
        first, _, last = text.strip().partition("..")
        try:
            found = cls(date.fromisoformat(first), date.fromisoformat(last or first))
        except ValueError:
            raise BadWindow('a freeze is written "2026-12-20..2027-01-04", or one date') from None
        if found.last < found.first:
            raise BadWindow("a freeze ends on the day it begins, or later")
        return found

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)


def next_open(windows: Iterable[Window], at: float, freezes: Iterable[Freeze] = ()) -> float:
    """`at` when a wave may begin then, else the next instant at which one may."""
    given, frozen = tuple(windows), tuple(freezes)
    now = asked = datetime.fromtimestamp(at, UTC)
    while True:
        ends = [one.ends for one in frozen if one.first <= now.date() <= one.last]
        opens = max(ends) if ends else _opens(given, now)
        if opens == now:
            return at if now == asked else now.timestamp()
        now = opens


def _opens(windows: tuple[Window, ...], now: datetime) -> datetime:
    begins = [(begin, window.length) for window in windows for begin in window.begins(now)]
    if not windows or any(begin <= now < begin + length for begin, length in begins):
        return now
    return min(begin for begin, _ in begins if begin > now)


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
