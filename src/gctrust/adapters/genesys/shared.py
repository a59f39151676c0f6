"""A state that every process of a store shares: one row, changed by pure functions.

Without a store it is this process's own; with one that does not answer it is so for a while, from
the last state seen, and the log says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import Generic, Protocol, TypeVar

from ...errors import Problem

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")
AWAY = 5.0  # seconds until a store that did not answer is asked again
PATIENCE = 2.0  # seconds one change may take; one that lands later costs some slots of a window


@dataclass(frozen=True, slots=True)
class Where:
    """Whose clock and state a change sees. `skew`: seconds to add to this machine's time.

    `cut_off`: the other processes do not see this change, nor we theirs.
    """

    skew: float = 0.0
    cut_off: bool = False


class Rows(Protocol):
    """The rows of a store, by kind and key; None while there is no such row yet.

    `change` gets the row's text, and how many seconds the clock that all processes share is ahead
    of this machine's. It is one transaction, alone on its row. Raises the store's Problems.
    """

    def change(
        self, kind: str, key: str, change: Callable[[str | None, float], tuple[str, R]]
    ) -> R: ...


class Shared(Generic[T]):
    """`own` is the state as last seen. `rows` gives the store's rows, None where none is open."""

    def __init__(
        self,
        kind: str,
        key: str,
        initial: T,
        rows: Callable[[], Rows | None],
        threads: ThreadPoolExecutor,
        away: float = AWAY,
    ) -> None:
        self.own, self.where = initial, Where()
        self._kind, self._key, self._initial = kind, key, initial
        self._rows, self._threads = rows, threads
        self._away, self._away_until = away, 0.0

    async def change(self, change: Callable[[T, Where], tuple[T, R]]) -> R:
        """`change` may run in another thread, and twice: it must be pure."""
        rows = self._rows()
        if rows is not None and time.monotonic() >= self._away_until:
            try:
                return await self._change_row(rows, change)
            except Problem as problem:
                self._fall_back(problem.code)
            except TimeoutError:
                self._fall_back("no answer")
        self.own, result = change(self.own, self.where)
        return result

    async def _change_row(self, rows: Rows, change: Callable[[T, Where], tuple[T, R]]) -> R:
        def body(text: str | None, skew: float) -> tuple[str, tuple[T, Where, R]]:
            where = Where(skew)
            state, result = change(self._read(text), where)
            return _written(state), (state, where, result)

        call = asyncio.get_running_loop().run_in_executor(
            self._threads, rows.change, self._kind, self._key, body
        )
        async with asyncio.timeout(PATIENCE):
            self.own, self.where, result = await call
        return result

    def _fall_back(self, seen: str) -> None:
        if not self.where.cut_off:
            _LOG.warning("%s: %s is kept by this process alone for now", seen, self._kind)
        self.where = Where(self.where.skew, cut_off=True)
        self._away_until = time.monotonic() + self._away

    def _read(self, text: str | None) -> T:
        """Fields of a newer release are passed over; what cannot be read begins anew."""
        with suppress(ValueError, TypeError):
            told = json.loads(text) if text else {}
            known = {field.name for field in fields(self._initial)}  # type: ignore[arg-type]
            return replace(  # type: ignore[type-var]
                self._initial, **{name: _frozen(told[name]) for name in known & told.keys()}
            )
        return self._initial


def _written(state: object) -> str:
    return json.dumps(asdict(state), separators=(",", ":"))  # type: ignore[call-overload]


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
