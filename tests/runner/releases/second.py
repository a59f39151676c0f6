"""Release N+1: fields were added, and between the first two steps a third line is asked for.

Runs that passed that place before the upgrade go on without it; what comes after the pause is new
for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gctrust.pipelines.effects import Effect, Pipeline, Stage, Wait, do
from gctrust.pipelines.orders import RunEnd
from gctrust.pipelines.versions import version


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class AppendLine(Effect[Line]):
    outcome = Line
    outward = True
    number: int
    ending: str = "\n"

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class LinesOrder:
    until: float
    name: str = "a"
    horizon: float = 3600.0
    more: bool = False

    @property
    def identity(self) -> str:
        return f"lines:{self.name}"


def lines(order: LinesOrder) -> Pipeline[RunEnd]:
    yield from do(Stage("first", "one line"))
    numbers = []
    if (yield from version("line-before")):
        numbers.append((yield from do(AppendLine(0))).number)
    numbers.append((yield from do(AppendLine(1))).number)
    yield from do(Wait(order.until, "a pause"))
    if (yield from version("line-after")):
        numbers.append((yield from do(AppendLine(3))).number)
    numbers.append((yield from do(AppendLine(2))).number)
    return RunEnd("succeeded", {"lines": [str(number) for number in numbers]})
