"""Effect: what a pipeline yields, typed by the outcome that comes of it; `do` yields one.

`outcome = yield from do(Effect(...))` reads like the step of a guide. The runner performs each
effect as one durable step; a failure arrives as a raised Problem.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar, Generic, TypeVar, cast

from ..errors import Problem

O = TypeVar("O")  # noqa: E741 - the outcome of an effect
T = TypeVar("T")


class Effect(Generic[O]):
    """Base of all effects. `outward` effects change the world outside and get ledger entries.

    `settles`: seconds until a look shows what a try made that was cut off. For those that look at
    a list before they create: done again sooner, they would create twice.
    """

    __slots__ = ()
    outcome: ClassVar[type]
    outward: ClassVar[bool] = False
    settles: ClassVar[float] = 0.0

    @property
    def key(self) -> str:
        """What tells this effect from another of its class in one run."""
        return ""


Pipeline = Generator[Effect[Any], Any, T]


class Undone(Exception):
    """`problem` ended the run, which has put back what it did: a resumption begins at the start."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def ending(problem: Problem) -> str:
    """The status of a run that this Problem ends."""
    return "cancelled" if problem.code == "run.cancelled" else "failed"


def do(effect: Effect[O]) -> Pipeline[O]:
    """Yield the effect; its outcome comes back typed. Raises the Problem it ended in."""
    return cast(O, (yield effect))
