"""Answers kept by their TTL, failures for seconds; bounded in size, the oldest go first."""

from __future__ import annotations

from collections.abc import Callable

from ...mailauth.questions import Answer, Question, Status

Key = tuple[str, str, str | None, str]  # lower-case name, type, server, way

_ENTRY_COST = 700  # octets a cached answer takes beside its message, by tracemalloc
_LONGEST = 86_400  # RFC 8767 section 4 suggests a cap of days to weeks; a check wants the present
_LONGEST_VOID = 10_800  # RFC 2308 section 5: one to three hours have been found to work well
_FAILURE_SECONDS = 5  # RFC 9520 section 3.2: at least one, so that failing zones are not hammered

_FOUND, _NO_DATA, _NX_DOMAIN = Status.FOUND, Status.NO_DATA, Status.NX_DOMAIN


def key_of(question: Question) -> Key:
    return question.name.lower(), question.type, question.server, question.over


class Cache:
    """`now` gives Unix seconds, possibly a sandbox's; `octets` bounds what is held."""

    def __init__(self, octets: int, now: Callable[[], float]) -> None:
        self._limit, self._now, self._used = octets, now, 0
        self._entries: dict[Key, tuple[float, Answer, int]] = {}

    def clear(self) -> None:
        self._entries.clear()
        self._used = 0

    def get(self, key: Key) -> Answer | None:
        """The answer, its TTL being what is left of it."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        left = entry[0] - self._now()
        if left <= 0:
            self._drop(key)
            return None
        known = entry[1]
        if left < known.ttl and known.ttl > int(left):  # made once a second, not for every hit
            known = _aged(known, int(left))
            self._entries[key] = (entry[0], known, entry[2])
        return known

    def put(self, key: Key, answer: Answer, size: int) -> None:
        """`size` is that of the message, in octets."""
        if key in self._entries:
            self._drop(key)
        seconds = _lifetime(answer)
        if seconds <= 0:
            return
        cost = _ENTRY_COST + size
        while self._entries and self._used + cost > self._limit:
            self._drop(next(iter(self._entries)))
        self._entries[key] = (self._now() + seconds, answer, cost)
        self._used += cost

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._used -= entry[2]


def _lifetime(answer: Answer) -> int:
    status, ttl = answer.status, answer.ttl
    if status is _FOUND:
        return ttl if ttl < _LONGEST else _LONGEST
    if status is _NO_DATA or status is _NX_DOMAIN:
        return ttl if ttl < _LONGEST_VOID else _LONGEST_VOID
    return _FAILURE_SECONDS


def _aged(a: Answer, ttl: int) -> Answer:
    # by hand: dataclasses.replace costs five times as much
    return Answer(
        a.status,
        a.records,
        a.chain,
        ttl,
        a.server,
        a.authoritative,
        a.authentic,
        a.referral,
        a.over,
    )  # fmt: skip
