"""A statement compiled once and run on the driver's own connection.

SQLAlchemy's way to run a statement costs some 60 microseconds each, and to begin and commit 40; an
append to the ledger runs three, beside a signature of 40 and the disk's own 180 (bench/evidence).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa


class Lane(Protocol):
    """What a prepared statement runs on: SQLAlchemy's connection, or a Bare one."""

    @property
    def connection(self) -> Any: ...

    @property
    def dialect(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Bare:
    """The pool's connection alone, in a transaction that its maker began and ends."""

    connection: Any
    dialect: Any


class Prepared:
    """Texts by dialect. Driver errors pass through as they are; the store translates them."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def first(self, connection: Lane, **values: Any) -> Any:
        """The first row as a tuple, or None."""
        cursor = _cursor(connection)
        text, names = self._for(connection)
        cursor.execute(text, _bound(values, names))
        return cursor.fetchone()

    def all(self, connection: Lane, **values: Any) -> Any:
        cursor = _cursor(connection)
        text, names = self._for(connection)
        cursor.execute(text, _bound(values, names))
        return cursor.fetchall()

    def run(self, connection: Lane, **values: Any) -> None:
        text, names = self._for(connection)
        _cursor(connection).execute(text, _bound(values, names))

    def run_all(self, connection: Lane, rows: Iterable[Mapping[str, Any]]) -> int:
        """Returns how many rows the statement changed."""
        text, names = self._for(connection)
        cursor = _cursor(connection)
        cursor.executemany(text, [_bound(row, names) for row in rows])
        return int(cursor.rowcount)

    def _for(self, connection: Lane) -> tuple[str, tuple[str, ...] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled: Any = self._statement.compile(dialect=connection.dialect)  # type: ignore[attr-defined]
            places = tuple(compiled.positiontup) if compiled.positional else None
            self._compiled[name] = str(compiled), places
        return self._compiled[name]


def _cursor(connection: Lane) -> Any:
    return connection.connection.cursor()


def _bound(values: Mapping[str, Any], names: tuple[str, ...] | None) -> Any:
    return values if names is None else tuple([values[name] for name in names])
