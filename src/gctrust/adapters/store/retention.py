"""What a store need not keep for ever: ended runs and settled webhooks, once they are old.

Open runs, the ledger, and the newest run of each identity stay: by its number the next run of the
same thing is told from all before, in the ledger as well. That one loses its details only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .schema import FORKS, METADATA, OUTBOX, PAST_SEGMENTS, RUNS, SEGMENTS, STEPS
from .store import Store

BATCH = 200  # runs, or webhooks, in one transaction: others write in between
KEEP = 90 * 86_400.0  # seconds, where nobody says otherwise

# Removes the engine's records of these workflows; those it does not know are none of its business.
Forget = Callable[[Sequence[str]], None]
# Told, before anything goes, what will go of the time before an instant.
Tell = Callable[[float, "Cleaned"], object]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`runs` are those that lose details, `removed` of them wholly; `webhooks` are events."""

    runs: int = 0
    removed: int = 0
    steps: int = 0
    webhooks: int = 0

    def __add__(self, more: Cleaned) -> Cleaned:
        names = self.__slots__
        return Cleaned(*(getattr(self, name) + getattr(more, name) for name in names))

    @property
    def anything(self) -> bool:
        return self != Cleaned()


class Retention:
    """`before` is an instant of the runs' clock: what ended, or was settled, earlier goes."""

    def __init__(self, store: Store, forget: Forget, tell: Tell) -> None:
        self.store, self.forget, self.tell = store, forget, tell

    def would(self, before: float) -> Cleaned:
        """What `clean` would remove now."""
        steps = sa.select(sa.func.count()).select_from(STEPS)
        with self.store.read() as connection:

            def count(query: sa.Select[Any]) -> int:
                return connection.execute(
                    sa.select(sa.func.count()).select_from(query.subquery())
                ).scalar_one()

            return Cleaned(
                count(_with_details(before)),
                count(_replaced(before)),
                connection.execute(steps.where(STEPS.c.run.in_(_ended(before)))).scalar_one(),
                count(_settled(before)),
            )

    def clean(self, before: float) -> Cleaned:
        """Batch by batch until nothing is left to remove. Killed in the middle it goes on with
        the next call, which tells the rest."""
        total, going = Cleaned(), self.would(before)
        if going.anything:
            self.tell(before, going)
        while (batch := self._runs(before)).anything:
            total += batch
        while count := self._webhooks(before):
            total += Cleaned(webhooks=count)
        return total

    def _runs(self, before: float) -> Cleaned:
        """The engine's part first: a run is remembered here until it is forgotten there."""
        with self.store.read() as connection:
            ids = connection.execute(_with_details(before).limit(BATCH)).scalars().all()
            gone = connection.execute(_replaced(before).limit(BATCH)).scalars().all()
            workflows = _workflows(connection, [*ids, *gone])
        if not workflows:
            return Cleaned()
        self.forget(workflows)
        with self.store.write() as connection:
            steps = 0
            for table in METADATA.tables.values():
                column = _column_of(table, RUNS.c.id)
                if column is not None:
                    of_them = sa.delete(table).where(column.in_([*ids, *gone]))
                    deleted = connection.execute(of_them).rowcount
                    steps += deleted if table is STEPS else 0
            connection.execute(sa.delete(RUNS).where(RUNS.c.id.in_(gone)))
        return Cleaned(len(ids), len(gone), steps)

    def _webhooks(self, before: float) -> int:
        with self.store.write() as connection:
            ids = connection.execute(_settled(before).limit(BATCH)).scalars().all()
            for table in METADATA.tables.values():
                if "outbox" in table.c:
                    connection.execute(sa.delete(table).where(table.c.outbox.in_(ids)))
            connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.id.in_(ids)))
        return len(ids)


def _ended(before: float) -> sa.Select[str]:
    return sa.select(RUNS.c.id).where(RUNS.c.ended < before)


def _with_details(before: float) -> sa.Select[str]:
    return _ended(before).where(sa.exists().where(STEPS.c.run == RUNS.c.id))


def _replaced(before: float) -> sa.Select[str]:
    later = RUNS.alias()
    newer = sa.and_(later.c.identity == RUNS.c.identity, later.c.generation > RUNS.c.generation)
    return _ended(before).where(sa.exists().where(newer))


def _settled(before: float) -> sa.Select[str]:
    """Not those of an open run, which may come by the same record again."""
    still_open = sa.select(RUNS.c.id).where(RUNS.c.ended.is_(None))
    return (
        sa.select(OUTBOX.c.id)
        .where(OUTBOX.c.status != "pending", OUTBOX.c.created < before)
        .where(OUTBOX.c.run.not_in(still_open))
    )


def _column_of(table: sa.Table, target: sa.Column[Any]) -> sa.Column[Any] | None:
    """The table's column that refers to the target."""
    return next((key.parent for key in table.foreign_keys if key.column is target), None)


def _workflows(connection: sa.Connection, runs: Sequence[str]) -> list[str]:
    """Every workflow of these runs; one of a segment of before they were listed is told by its
    number and the run's life."""
    names = set(runs)
    for table in (SEGMENTS, PAST_SEGMENTS, FORKS):
        names.update(
            connection.execute(sa.select(table.c.workflow).where(table.c.run.in_(runs))).scalars()
        )
    joined = sa.select(RUNS.c.id, RUNS.c.life, SEGMENTS.c.number).join(SEGMENTS)
    for run, life, number in connection.execute(joined.where(RUNS.c.id.in_(runs))):
        for part in range(2, number + 1):
            names.add(f"{run}#{part}")
            names.update(f"{run}#{part}.{lived}" for lived in range(2, life + 1))
    return sorted(names)
