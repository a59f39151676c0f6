"""Ports: what the runner and the composition root expect of adapters. One to five methods each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from .pipelines.effect import Effect


class Clock(Protocol):
    """The only source of "now". Unix seconds, UTC."""

    def now(self) -> float: ...

    async def sleep_until(self, at: float) -> None:
        """Return when this clock shows `at` or later."""


class Ids(Protocol):
    def new(self) -> str: ...


# Performs one effect and returns its outcome, or raises Problem. Synchronous work inside is the
# performer's own affair (a bounded thread pool), never the event loop's.
Performer = Callable[[Effect[Any]], Awaitable[object]]
