"""What a mail judge asks, and what comes back. A judge never sees a socket, a clock or a log.

A judge is a generator: `answer = yield from ask(Question(name, "TXT"))`, several at once with
`yield from ask_all(...)`, sub-judges side by side with `yield from together(...)`. A driver
(`adapters/dns/driver.py`, or a dictionary in a test) sends the answers back in order.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Status(StrEnum):
    """How a look-up ended. A time-out or a refusal is never absence (RFC 7208 section 2.6.6)."""

    FOUND = "found"
    NO_DATA = "no-data"
    NX_DOMAIN = "nx-domain"
    TIMEOUT = "timeout"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    MALFORMED = "malformed"

    @property
    def is_void(self) -> bool:
        """The name or the type is known not to exist (RFC 7208 section 4.6.4)."""
        return self in (Status.NO_DATA, Status.NX_DOMAIN)

    @property
    def is_temporary(self) -> bool:
        return self not in _SETTLED


_SETTLED = (Status.FOUND, Status.NO_DATA, Status.NX_DOMAIN)


@dataclass(frozen=True, slots=True)
class Question:
    """`name` in A-label or raw presentation form without trailing dot, `type` as in "TXT".

    `server` ("192.0.2.1" or "192.0.2.1#5353") asks that authoritative server with RD=0; None asks
    the configured resolvers. `fresh` bypasses the cache. `over` is "tcp" for TCP from the start,
    "edns" for no falling back from EDNS; an answer repeats it when that was really done.

    Types that are no DNS types ask for what lies beyond DNS: see `looks.py`.
    """

    name: str
    type: str
    server: str | None = None
    fresh: bool = False
    over: str = ""


NOBODY = "not known"
"""Stands for the server of an answer that names none."""

# The data of one record, by type: A, AAAA the address text; TXT a tuple of byte strings, one per
# character-string; MX (preference, exchange); CNAME, NS, PTR the name; SOA (mname, rname, serial,
# refresh, retry, expire, minimum); TLSA (usage, selector, matching, data); CAA (flags, tag, value).
# Names come without trailing dot, in the case the server sent.
Rdata = str | tuple[bytes, ...] | tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`records` hold the final RRset, `chain` the CNAME targets followed to it, in order.

    `ttl` is the least TTL seen (the negative TTL of RFC 2308 section 5 for a void answer), in
    seconds; `server` who answered, in a TIMEOUT everyone who was asked; `authoritative` and
    `authentic` the AA and AD bits. `referral` are the name servers that a parent zone's server
    points to, in lower case.
    """

    status: Status
    records: tuple[Rdata, ...] = ()
    chain: tuple[str, ...] = ()
    ttl: int = 0
    server: str = ""
    authoritative: bool = False
    authentic: bool = False
    referral: tuple[str, ...] = ()
    over: str = ""

    @property
    def asked(self) -> str:
        """Who was asked, in words: a silent server has to be named, or nobody can mend it."""
        return self.server or NOBODY

    @property
    def failure(self) -> str:
        """How a look-up failed and at whom, for a cause: "timeout, asked: 192.0.2.1"."""
        return f"{self.status}, asked: {self.server}" if self.server else str(self.status)


@dataclass(frozen=True, slots=True)
class Asks:
    """What a judge yields: questions that may be asked at once; the answers come in order."""

    questions: tuple[Question, ...]


Judge = Generator[Asks, tuple[Answer, ...], T]


def ask(question: Question) -> Judge[Answer]:
    """Ask one question."""
    (answer,) = yield Asks((question,))
    return answer


def ask_all(questions: Iterable[Question]) -> Judge[tuple[Answer, ...]]:
    """Ask several at once; the answers come in the order of the questions."""
    batch = tuple(questions)
    if not batch:
        return ()
    return (yield Asks(batch))


def together(judges: Iterable[Judge[T]]) -> Judge[tuple[T, ...]]:
    """Run judges side by side: each round, what they all ask goes out as one batch."""
    results: list[Any] = []
    waiting: list[tuple[int, Judge[T], Asks]] = []
    for index, judge in enumerate(judges):
        results.append(None)
        try:
            waiting.append((index, judge, next(judge)))
        except StopIteration as done:
            results[index] = done.value
    while len(waiting) > 1:
        batch: list[Question] = []
        for _, _, asks in waiting:
            batch += asks.questions
        answers = yield Asks(tuple(batch))
        start, going = 0, []
        for index, judge, asks in waiting:
            end = start + len(asks.questions)
            try:
                going.append((index, judge, judge.send(answers[start:end])))
            except StopIteration as done:
                results[index] = done.value
            start = end
        waiting = going
    for index, judge, asks in waiting:  # the last one goes on alone
        results[index] = yield from _resumed(judge, asks)
    return tuple(results)


def _resumed(judge: Judge[T], asks: Asks) -> Judge[T]:
    """A judge that has asked already, to its end."""
    try:
        while True:
            asks = judge.send((yield asks))
    except StopIteration as done:
        result: T = done.value
        return result


class Later(Generic[T]):
    """A judge to be run with `at_once`; its `result` keeps its own type, other than in a tuple.
    None in place of a judge asks for nothing: the result is set by hand."""

    __slots__ = ("judge", "result")
    result: T

    def __init__(self, judge: Judge[T] | None) -> None:
        self.judge = judge


def at_once(*parts: Later[Any]) -> Judge[None]:
    """Run judges of several kinds side by side."""
    open_parts = [part for part in parts if part.judge is not None]
    results = yield from together([part.judge for part in open_parts if part.judge is not None])
    for part, result in zip(open_parts, results, strict=True):
        part.result = result
