"""Effects and outcomes of many runs that one run orders and watches."""

from __future__ import annotations

from dataclasses import dataclass

from .effect import Effect


@dataclass(frozen=True, slots=True)
class RunsStarted:
    """Ids in the order asked for; "" where another run for the same thing is open."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartRuns(Effect[RunsStarted]):
    """Order each, or join it when it is open already. `orders` are frozen orders of orders.py."""

    outcome = RunsStarted
    orders: tuple[object, ...]
    number: int  # of the wave

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class RunSeen:
    """`status` is "open", a RunEnd's word, or "failed" with the Problem's `code`."""

    id: str
    status: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class RunsSeen:
    runs: tuple[RunSeen, ...]


@dataclass(frozen=True, slots=True)
class ReadRuns(Effect[RunsSeen]):
    outcome = RunsSeen
    ids: tuple[str, ...]
