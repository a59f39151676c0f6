"""What watchers see of the runs driven here, written behind the engine's steps, many in one
transaction.

The engine's record of a step says all of it: a replay tells again what a kill cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from ..errors import Problem
from .runs import Runs, StepRow

BEHIND = 0.2  # seconds a watcher sees things late


class Chronicle:
    """`blocking` calls the store in a thread."""

    def __init__(self, runs: Runs, blocking: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._runs, self._blocking = runs, blocking
        self._lines: list[tuple[str, StepRow]] = []
        self._shown: dict[str, dict[str, object]] = {}
        self._writing = asyncio.Lock()

    def line(self, run: str, step: StepRow) -> None:
        self._lines.append((run, step))

    def stage(self, run: str, name: str, note: str) -> None:
        self._shown.setdefault(run, {}).update(stage=name, note=note)

    def waiting(self, run: str, until: float | None, reason: str = "") -> None:
        self._shown.setdefault(run, {}).update(waiting_until=until, waiting_for=reason)

    async def flush(self) -> None:
        """Everything told so far is written; kept for the next time when the store refuses."""
        async with self._writing:
            lines, shown = self._lines, self._shown
            if not lines and not shown:
                return
            self._lines, self._shown = [], {}
            try:
                await self._blocking(self._runs.write, lines, shown)
            except Problem:
                self._lines = lines + self._lines
                for run, values in shown.items():
                    self._shown[run] = values | self._shown.get(run, {})

    async def tick(self) -> None:
        """Runs until it is cancelled."""
        while True:
            with suppress(Problem):
                await self.flush()
            await asyncio.sleep(BEHIND)
