"""The figures that runs and checks learnt, as rows: the newest value of each series.

Kept as text that the exposition can use as it is: at ten thousand domains building it anew for
each scrape would take longer than reading it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import sqlalchemy as sa

from ...ports import Clock
from .schema import SAMPLES
from .store import Store


class Told(Protocol):
    """runner.samples.Sample, as far as a row needs it."""

    @property
    def metric(self) -> str: ...
    @property
    def thing(self) -> str: ...
    @property
    def series(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def add(self) -> bool: ...


class Samples:
    """One transaction for what one outcome told."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def keep(self, told: Iterable[Told]) -> None:
        with self._store.write() as connection:
            self.keep_in(connection, told, self._clock.now())

    def keep_in(self, connection: sa.Connection, told: Iterable[Told], now: float) -> None:
        """In the caller's write transaction."""
        samples = list(told)
        replaced = {(one.metric, one.thing) for one in samples if not one.add}
        if replaced:
            connection.execute(_FORGET, [{"m": metric, "t": thing} for metric, thing in replaced])
        for add in (False, True):
            rows = [_row(one, now) for one in samples if one.add is add]
            if rows:
                insert = self._store.insert(SAMPLES)
                value = insert.excluded.value + SAMPLES.c.value if add else insert.excluded.value
                set_ = {"value": value, "at": now}
                upsert = insert.on_conflict_do_update(index_elements=["series"], set_=set_)
                connection.execute(upsert, rows)

    def by_metric(self) -> Mapping[str, str]:
        """The lines of each metric, "SERIES VALUE", put together by the database."""
        with self._store.read() as connection:
            return {str(metric): str(lines) for metric, lines in connection.execute(_LINES)}


_LINE = SAMPLES.c.series + " " + sa.cast(SAMPLES.c.value, sa.Text)
_LINES = sa.select(SAMPLES.c.metric, sa.func.aggregate_strings(_LINE, "\n")).group_by(
    SAMPLES.c.metric
)
_FORGET = sa.delete(SAMPLES).where(
    SAMPLES.c.metric == sa.bindparam("m"), SAMPLES.c.thing == sa.bindparam("t")
)


def _row(told: Told, at: float) -> dict[str, object]:
    row = {"metric": told.metric, "thing": told.thing, "series": told.series}
    return {**row, "value": told.value, "at": at}
