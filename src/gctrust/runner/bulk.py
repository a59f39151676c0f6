"""Many orders as rows: ordered in one transaction, looked at in one, and told item by item."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ..adapters.store.changes import Change, keep_in
from ..adapters.store.schema import RUNS
from ..pipelines.many import OTHER
from ..pipelines.many_effects import RunSeen
from ..pipelines.orders import Item, ManyOrder, Order, RunEnd, files_of
from .runs import RunRow, Runs, Sought

T = TypeVar("T")
AT_ONCE = 500  # names in one question: SQLite takes some thousands of variables
NOT_BEGUN, OTHER_RUN = "not-begun", OTHER


@dataclass(frozen=True, slots=True)
class ItemSeen:
    """One order of many: `status` is "not-begun", "open", a RunEnd's word, "failed", "cancelled" or
    "other-run-open"; `code` that of its Problem."""

    number: int
    identity: str
    run: str
    status: str
    code: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest run of an identity."""

    run: str
    generation: int
    status: str
    code: str
    order: str
    ended: float | None
    end: str | None


class Bulk:
    """Every method is one transaction, but for `submit` when another process ordered the same."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    def submit(self, orders: Sequence[Order], by: Change | None = None) -> tuple[str, ...]:
        """The runs' ids, in the order given; the open run where there is one, and "" where that
        has other files. All are ordered, or none."""
        try:
            return self._submit(orders, by or self.runs.asker)
        except IntegrityError:  # another process ordered one of them meanwhile
            return self._submit(orders, by or self.runs.asker)

    def _submit(self, orders: Sequence[Order], by: Change) -> tuple[str, ...]:
        runs, now = self.runs, self.runs.clock.now()
        ids: dict[str, str] = {}
        rows: list[dict[str, object]] = []
        with runs.store.write() as connection:
            newest = self._newest(connection, [one.identity for one in orders])
            for order in orders:
                before = newest.get(order.identity)
                if before is not None and before.ended is None:
                    ids[order.identity] = before.run if self._same(before, order) else ""
                elif order.identity not in ids:
                    row = runs.new_row(order, before.generation + 1 if before else 1, now)
                    ids[order.identity] = str(row["id"])
                    rows.append(row)
            if rows:
                connection.execute(sa.insert(RUNS), rows)
            for row in rows:
                keep_in(runs.store, connection, str(row["id"]), by)
        return tuple(ids[order.identity] for order in orders)

    def _same(self, before: _Newest, order: Order) -> bool:
        open_ = self._read(before.order)
        return open_ is not None and files_of(open_) == files_of(order)

    def _read(self, text: str) -> Order | None:
        try:
            order: Order = self.runs.codec.decode(json.loads(text), object)  # type: ignore[assignment]
        except TypeError:  # written by a version that knows other orders
            return None
        return order

    def _newest(
        self, connection: sa.Connection, identities: Iterable[str]
    ) -> Mapping[str, _Newest]:
        found: dict[str, _Newest] = {}
        c = RUNS.c
        columns = (c.identity, c.id, c.generation, c.status, c.problem, c.order, c.ended, c.end)
        for some in _batches(identities):
            query = sa.select(*columns).where(c.identity.in_(some)).order_by(c.generation)
            for identity, run, generation, status, problem, *rest in connection.execute(query):
                found[identity] = _Newest(run, generation, status, _code(problem), *rest)
        return found

    def seen(self, ids: Sequence[str]) -> tuple[RunSeen, ...]:
        """How these runs stand, in the order given."""
        c, found = RUNS.c, dict[str, RunSeen]()
        with self.runs.store.read() as connection:
            for some in _batches(ids):
                query = sa.select(c.id, c.status, c.problem).where(c.id.in_(some))
                for id_, status, problem in connection.execute(query):
                    found[id_] = RunSeen(id_, status, _code(problem))
        return tuple(found[id_] for id_ in ids)

    def newest(self, identity: str) -> RunRow | None:
        """The newest run of an identity."""
        return next(iter(self.runs.page(Sought(identity=identity), 1)), None)

    def many(self, run: str) -> ManyOrder | None:
        """The order that a run of many carries out; None for other runs, and for none."""
        query = sa.select(RUNS.c.order).where(RUNS.c.id == run)
        with self.runs.store.read() as connection:
            text = connection.execute(query).scalar()
        order = self._read(text) if text else None
        return order if isinstance(order, ManyOrder) else None

    def items_of(self, run: str) -> tuple[ItemSeen, ...]:
        """Every order of a run of many; nothing for other runs. Raises run.no-such-run."""
        row, order = self.runs.get(run, history=False), self.many(run)
        return self.items(order, row.started) if order else ()

    def items(self, order: ManyOrder, started: float) -> tuple[ItemSeen, ...]:
        """Every item as it stands. A run that had ended before `started` was not this order's."""
        with self.runs.store.read() as connection:
            newest = self._newest(connection, [one.identity for one in order.items])

        def shown(number: int, item: Item) -> ItemSeen:
            run = newest.get(item.identity)
            if run is None or (run.ended is not None and run.ended < started):
                return ItemSeen(number, item.identity, "", NOT_BEGUN)
            if not self._same(run, item):
                return ItemSeen(number, item.identity, run.run, OTHER_RUN)
            return ItemSeen(number, item.identity, run.run, run.status, run.code)

        return tuple(shown(number, item) for number, item in enumerate(order.items, 1))

    def done_before(
        self, orders: Sequence[Item], still: Callable[[Item, RunEnd], bool]
    ) -> frozenset[str]:
        """Identities whose newest run carried out the very same order and succeeded; `still` says
        whether what it deployed is what the files hold today."""
        with self.runs.store.read() as connection:
            newest = self._newest(connection, [one.identity for one in orders])
        done = set()
        for order in orders:
            run = newest.get(order.identity)
            if run is None or run.status != "succeeded" or run.end is None:
                continue
            before = self._read(run.order)
            same = before is not None and replace(order, horizon=before.horizon) == before
            if same and still(order, self.runs.codec.decode(json.loads(run.end), RunEnd)):
                done.add(order.identity)
        return frozenset(done)


def _code(problem: str | None) -> str:
    return str(json.loads(problem)["type"]["code"]) if problem else ""


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(dict.fromkeys(items))
    while some := list(islice(rest, AT_ONCE)):
        yield some
