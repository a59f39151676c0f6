"""A statement compiled once and run on the driver's own connection.

SQLAlchemy's way to run a statement costs some 60 microseconds each, and to begin and commit 40; an
append to the ledger runs three, beside a signature of 40 and the disk's own 180 (bench/evidence).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        self._texts: dict[str, tuple[str, tuple[str, ...]]] = {}

    def first(self, connection: Lane, **values: Any) -> Any:
        """The first row as a tuple, or None."""
        return self._executed(connection, values).fetchone()

    def all(self, connection: Lane, **values: Any) -> Any:
        return self._executed(connection, values).fetchall()

    def run(self, connection: Lane, **values: Any) -> None:
        self._executed(connection, values)

    def run_all(self, connection: Lane, rows: Sequence[tuple[Any, ...]]) -> int:
        """With each row's values in the statement's order. Returns how many rows it changed."""
        cursor = connection.connection.cursor()
        cursor.executemany(self._for(connection)[0], rows)
        return int(cursor.rowcount)

    def _executed(self, connection: Lane, values: Mapping[str, Any]) -> Any:
        text, names = self._for(connection)
        cursor = connection.connection.cursor()
        cursor.execute(text, [values[name] for name in names])
        return cursor

    def _for(self, connection: Lane) -> tuple[str, tuple[str, ...]]:
        """The text, and its parameters' names in order: drivers take values by place quickest."""
        name = connection.dialect.name
        if name not in self._texts:
            style = "qmark" if name == "sqlite" else "format"
            dialect = type(connection.dialect)(paramstyle=style)
            compiled: Any = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
            self._texts[name] = str(compiled), tuple(compiled.positiontup or ())
        return self._texts[name]
