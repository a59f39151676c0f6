"""A statement compiled once and run on the driver's own connection.

SQLAlchemy's way to run a statement costs some 60 microseconds each; an append to the ledger runs
four, beside a signature of 45 and the disk's own 120 (bench/evidence).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa


class Prepared:
    """Texts by dialect. Driver errors pass through as they are; the store translates them."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def first(self, connection: sa.Connection, **values: Any) -> Any:
        """The first row as a tuple, or None."""
        cursor = _cursor(connection)
        text, names = self._for(connection)
        cursor.execute(text, _bound(values, names))
        return cursor.fetchone()

    def run(self, connection: sa.Connection, **values: Any) -> None:
        text, names = self._for(connection)
        _cursor(connection).execute(text, _bound(values, names))

    def run_all(self, connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        text, names = self._for(connection)
        _cursor(connection).executemany(text, [_bound(row, names) for row in rows])

    def _for(self, connection: sa.Connection) -> tuple[str, tuple[str, ...] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled: Any = self._statement.compile(dialect=connection.dialect)  # type: ignore[attr-defined]
            places = tuple(compiled.positiontup) if compiled.positional else None
            self._compiled[name] = str(compiled), places
        return self._compiled[name]


def _cursor(connection: sa.Connection) -> Any:
    return connection.connection.cursor()


def _bound(values: Mapping[str, Any], names: tuple[str, ...] | None) -> Any:
    return values if names is None else tuple([values[name] for name in names])
