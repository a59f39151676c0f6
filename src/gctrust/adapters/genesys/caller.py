"""For whom a call is made: the run and its priority, told by whoever drives the run.

A context variable, so that no performer has to hand it on. Calls outside of a run are a person's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum


class Priority(IntEnum):
    """The least goes first."""

    ROTATION = 0  # its waits are counted in seconds, and a pin that is late refuses handshakes
    JOURNEY = 1
    BACKGROUND = 2


_BY_JOURNEY = {
    "pin-rotation": Priority.ROTATION,
    "email-domain": Priority.JOURNEY,
    "custom-domain": Priority.JOURNEY,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """`still_allowed` returns only while the run may still act here: asked after a long wait."""

    run: str = ""
    priority: Priority = Priority.JOURNEY
    still_allowed: Callable[[], Awaitable[None]] | None = None


A_PERSON = Caller()
_CALLER: ContextVar[Caller] = ContextVar("caller", default=A_PERSON)


def caller() -> Caller:
    return _CALLER.get()


@contextmanager
def calling_for(
    run: str, journey: str, still_allowed: Callable[[], Awaitable[None]] | None = None
) -> Iterator[None]:
    """All calls within are this run's. A journey nobody waits for is background."""
    priority = _BY_JOURNEY.get(journey, Priority.BACKGROUND)
    token = _CALLER.set(Caller(run, priority, still_allowed))
    try:
        yield
    finally:
        _CALLER.reset(token)
