"""Rows that processes change in turns: the request budget of a client, the circuit of a host.

The text of a row is its owner's affair. What is lost with the machine's power here is a minute of
counting, so no commit waits for the disk where the database can be told so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from .schema import METADATA
from .store import Store

R = TypeVar("R")


class SharedRows:
    """`virtual_time`: all processes follow one clock already (a sandbox's)."""

    def __init__(self, store: Store, *, virtual_time: bool = False) -> None:
        self._store = store
        self._own_clocks = store.shared and not virtual_time

    def change(
        self, kind: str, key: str, change: Callable[[str | None, float], tuple[str, R]]
    ) -> R:
        """See adapters/genesys/shared.py. Raises the store's Problems."""
        table = METADATA.tables[kind]
        (column,) = table.primary_key.columns
        seconds = sa.extract("epoch", sa.func.clock_timestamp()) if self._own_clocks else sa.null()
        query = sa.select(table.c.state, seconds.label("shown")).where(column == key)
        with self._store.write() as connection:
            if self._store.shared:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            row = connection.execute(query.with_for_update()).first()
            if row is None:
                self._store.put_once(connection, table, **{column.name: key, "state": ""})
                row = connection.execute(query.with_for_update()).one()
            skew = float(row.shown) - time.time() if self._own_clocks else 0.0
            state, result = change(row.state or None, skew)
            if state != row.state:
                connection.execute(sa.update(table).where(column == key).values(state=state))
            return result
