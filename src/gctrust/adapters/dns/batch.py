"""Questions asked together: who asks them is told once, when the last is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from ...mailauth.questions import Answer, Question, Status

T = TypeVar("T")


def settle(future: asyncio.Future[T], value: T) -> None:
    """Gives the result; who waited for it may have been cancelled."""
    if not future.done():
        future.set_result(value)


class Batch:
    """Questions asked together. `missing` answers are open; `full` is called when none is."""

    __slots__ = ("answers", "full", "missing", "questions")

    def __init__(self, questions: Iterable[Question]) -> None:
        self.questions = tuple(questions)
        self.answers: list[Answer | None] = [None] * len(self.questions)
        self.missing = len(self.answers)
        self.full: Callable[[], None] | None = None

    def put(self, index: int, answer: Answer) -> None:
        self.answers[index] = answer
        self.missing -= 1
        if not self.missing and self.full is not None:
            self.full()

    def filled(self) -> asyncio.Future[None]:
        """Done when the last answer is there."""
        full: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.full = partial(settle, full, None)
        return full

    def ended(self) -> tuple[Answer, ...]:
        """All answers; what is still open has timed out."""
        if not self.missing:
            return tuple(self.answers)  # type: ignore[arg-type]  # none is missing
        return tuple([
            timed_out(self.questions[at]) if one is None else one
            for at, one in enumerate(self.answers)
        ])  # fmt: skip


def timed_out(question: Question) -> Answer:
    return Answer(Status.TIMEOUT, server=question.server or "", over=question.over)
