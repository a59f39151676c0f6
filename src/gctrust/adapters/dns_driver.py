"""Drives a mail judge: asks the questions it yields and sends it the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol, TypeVar

from ..mailauth.questions import Answer, Asks, Judge, Question, Status

T = TypeVar("T")


class Dns(Protocol):
    """Answers a batch of questions at once, in their order; a failure is an answer's status."""

    async def resolve_all(self, questions: Iterable[Question]) -> tuple[Answer, ...]: ...


async def drive(judge: Judge[T], dns: Dns, *, deadline: float | None = None) -> T:
    """What the judge says. After `deadline` seconds every question still open times out, so the
    judge ends with the verdict its standard has for silence."""
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
        return tuple(Answer(Status.TIMEOUT, server=q.server or "") for q in asks.questions)
