"""Release N."""

from __future__ import annotations

from dataclasses import dataclass

from gctrust.pipelines.effects import Effect, Pipeline, Stage, Wait, do
from gctrust.pipelines.orders import RunEnd


@dataclass(frozen=True, slots=True)
class Line:
    number: int


@dataclass(frozen=True, slots=True)
class AppendLine(Effect[Line]):
    outcome = Line
    outward = True
    number: int

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class LinesOrder:
    until: float
    name: str = "a"
    horizon: float = 3600.0

    @property
    def identity(self) -> str:
        return f"lines:{self.name}"


def lines(order: LinesOrder) -> Pipeline[RunEnd]:
    yield from do(Stage("first", "one line"))
    first = yield from do(AppendLine(1))
    yield from do(Wait(order.until, "a pause"))
    second = yield from do(AppendLine(2))
    return RunEnd("succeeded", {"lines": [str(first.number), str(second.number)]})
