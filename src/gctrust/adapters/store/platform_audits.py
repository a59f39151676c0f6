"""Audit messages of the platform, kept as they were read, and how far they have been read whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from .schema import AUDITS_READ, PLATFORM_AUDITS
from .store import Store

KEPT = 90 * 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class Span:
    """The time of which every message is here; what is written late may still come."""

    begins: float
    ends: float


class PlatformAudits:
    """Those of one platform, by its address."""

    def __init__(self, store: Store, platform: str) -> None:
        self._store, self._platform = store, platform

    def span(self) -> Span | None:
        table = AUDITS_READ
        query = sa.select(table.c.begins, table.c.ends).where(table.c.platform == self._platform)
        with self._store.read() as connection:
            row = connection.execute(query).first()
        return Span(row.begins, row.ends) if row else None

    def keep(self, messages: Mapping[str, tuple[float, str]], read: Span) -> int:
        """`messages` by id: instant and text. `read` touches what was read before. Returns how many
        of them are new."""
        table, oldest = PLATFORM_AUDITS, read.ends - KEPT
        held = self.span() or read
        span = Span(max(min(held.begins, read.begins), oldest), max(held.ends, read.ends))
        rows = [
            {"platform": self._platform, "id": id, "at": at, "message": text}
            for id, (at, text) in messages.items()
        ]
        with self._store.write() as connection:
            before = self._count(connection)
            if rows:
                self._store.put_all_once(connection, table, rows)
            new = self._count(connection) - before
            mine = table.c.platform == self._platform
            connection.execute(sa.delete(table).where(mine, table.c.at < oldest))
            told = {"platform": self._platform, "begins": span.begins, "ends": span.ends}
            self._store.put(connection, AUDITS_READ, **told)
        return new

    def between(self, begins: float, ends: float) -> tuple[str, ...]:
        """In order of time."""
        table = PLATFORM_AUDITS
        query = (
            sa.select(table.c.message)
            .where(table.c.platform == self._platform, table.c.at >= begins, table.c.at < ends)
            .order_by(table.c.at, table.c.id)
        )
        with self._store.read() as connection:
            return tuple(connection.execute(query).scalars())

    def _count(self, connection: sa.Connection) -> int:
        table = PLATFORM_AUDITS
        query = sa.select(sa.func.count()).where(table.c.platform == self._platform)
        return int(connection.execute(query).scalar_one())
