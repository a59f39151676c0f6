"""Drives a mail judge: asks the questions it yields and sends it the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar

from ...mailauth.questions import Answer, Asks, Judge, Question, Status
from .batch import Batch, timed_out
from .resolver import Resolver

T = TypeVar("T")

ASSESSMENT_SECONDS = 20.0
"""What one assessment may take in all: the least that RFC 7208 section 4.6.4 gives a check_host."""


_ANSWERS = (Status.FOUND, Status.NO_DATA, Status.NX_DOMAIN)


class Failures:
    """How many look-ups failed that were to be answered by the configured servers."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def see(self, questions: Iterable[Question], answers: Iterable[Answer]) -> None:
        for question, answer in zip(questions, answers, strict=True):
            if answer.status not in _ANSWERS and question.server is None:
                self.count += 1


_counting: ContextVar[Failures | None] = ContextVar("failed look-ups", default=None)


@contextmanager
def failures_counted() -> Iterator[Failures]:
    """Counts the failures of all judges that are driven inside."""
    failures = Failures()
    before = _counting.set(failures)
    try:
        yield failures
    finally:
        _counting.reset(before)


class Dns(Protocol):
    """Answers a batch of questions at once, in their order; a failure is an answer's status."""

    async def resolve_all(self, questions: Iterable[Question]) -> tuple[Answer, ...]: ...


async def drive(judge: Judge[T], dns: Dns, *, deadline: float | None = None) -> T:
    """What the judge says. After `deadline` seconds every question still open times out, so the
    judge ends with the verdict its standard has for silence."""
    if isinstance(dns, Resolver):
        return await _Run(judge, dns, deadline).verdict
    loop = asyncio.get_running_loop()
    end = None if deadline is None else loop.time() + deadline
    try:
        asks = next(judge)
        while True:
            asks = judge.send(await _answers(asks, dns, end))
    except StopIteration as done:
        verdict: T = done.value
        return verdict


async def _answers(asks: Asks, dns: Dns, end: float | None) -> tuple[Answer, ...]:
    if end is None:
        return await dns.resolve_all(asks.questions)
    try:
        async with asyncio.timeout_at(end):
            return await dns.resolve_all(asks.questions)
    except TimeoutError:
        return tuple(map(timed_out, asks.questions))


class _Run(Generic[T]):
    """A judge on a resolver, without a task: each answer that completes a batch moves it on."""

    __slots__ = ("_batch", "_end", "_failures", "_judge", "_resolver", "_timer", "verdict")

    def __init__(self, judge: Judge[T], resolver: Resolver, deadline: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._judge, self._resolver, self._failures = judge, resolver, _counting.get()
        self.verdict: asyncio.Future[T] = loop.create_future()
        self._end = deadline is not None and deadline <= 0
        self._batch: Batch | None = None
        self._timer = None if deadline is None else loop.call_later(deadline, self._expire)
        self._advance(None)

    def _expire(self) -> None:
        self._end = True
        self._go_on()

    def _go_on(self) -> None:
        batch = self._batch
        if batch is None or self.verdict.done():
            return
        batch.full, self._batch = None, None
        self._advance(self._ended(batch))

    def _ended(self, batch: Batch) -> tuple[Answer, ...]:
        answers = batch.ended()
        if self._failures is not None:
            self._failures.see(batch.questions, answers)
        return answers

    def _advance(self, answers: tuple[Answer, ...] | None) -> None:
        judge, begin = self._judge, self._resolver.begin
        try:
            asks = next(judge) if answers is None else judge.send(answers)
            while True:
                batch = Batch(asks.questions) if self._end else begin(asks.questions)
                if batch.missing and not self._end:
                    self._batch, batch.full = batch, self._go_on
                    return
                asks = judge.send(self._ended(batch))
        except StopIteration as done:
            self._settle(done.value)
        except Exception as error:
            self._fail(error)

    def _settle(self, value: T) -> None:
        self._stop()
        if not self.verdict.done():
            self.verdict.set_result(value)

    def _fail(self, error: Exception) -> None:
        self._stop()
        if not self.verdict.done():
            self.verdict.set_exception(error)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
