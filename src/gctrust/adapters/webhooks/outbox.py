"""The outbox: webhooks committed together with their ledger entry, delivered until they settle.

An event is one row with one id and one body for ever (Standard Webhooks, CloudEvents 1.0); for each
endpoint that wants it there is a delivery of it. Secrets are asked from their sources at each
attempt and never stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemType
from ...pipelines.events import TEST, wanted
from ...ports import Clock
from ..ledger.entry import Entry
from ..ledger.ledger import Ledger
from ..store.changes import NOBODY, Change
from ..store.schema import LEDGER, OUTBOX, WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES
from ..store.store import Store
from .bodies import cloud_event
from .endpoint import Target
from .endpoints import Endpoints
from .lanes import Lanes
from .secret_source import SecretSources
from .send import Attempt
from .settling import DEAD, PENDING, Settling

NO_SUCH = ProblemType(
    code="webhooks.no-such-delivery",
    sentence="There is no such webhook.",
    why="Ids are listed by `gctrust webhooks list`.",
    fix="Run `gctrust webhooks list` and use an id from there.",
    source="docs/reference/commands.md",
)
PROBLEMS = (NO_SUCH,)

_PATIENCE = 0.2  # seconds a lane is waited for before the next one is looked at
_GRACE = 1.0  # seconds that a lane may take to end
_TOGETHER = 500  # ids named in one statement


@dataclass(frozen=True, slots=True)
class DeliveryTry:
    number: int
    at: float
    status: int | None
    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One event on its way to one endpoint. `status` is "pending", "accepted" or "dead"."""

    id: str
    endpoint: str
    run: str
    step: int
    event: str
    entity: str
    entry: int
    created: float
    status: str
    tries: int
    next_at: float
    attempts: tuple[DeliveryTry, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which deliveries are meant; what is left empty admits all. `since` is an instant."""

    id: str = ""
    status: str = ""
    endpoint: str = ""
    run: str = ""
    since: float | None = None
    failed: bool = False

    @property
    def clause(self) -> sa.ColumnElement[bool]:
        rows = WEBHOOK_DELIVERIES.c
        named: dict[sa.ColumnElement[Any], str] = {
            rows.outbox: self.id,
            rows.status: self.status,
            rows.endpoint: self.endpoint,
            OUTBOX.c.run: self.run,
        }
        clauses = [column == value for column, value in named.items() if value]
        if self.since is not None:
            clauses.append(OUTBOX.c.created >= self.since)
        if self.failed:  # some attempt of it failed, or it is given up
            failed = sa.or_(WEBHOOK_ATTEMPTS.c.error != "", WEBHOOK_ATTEMPTS.c.status.is_(None))
            of_it = sa.and_(
                WEBHOOK_ATTEMPTS.c.outbox == rows.outbox,
                WEBHOOK_ATTEMPTS.c.endpoint == rows.endpoint,
            )
            clauses.append(sa.or_(rows.status == DEAD, sa.exists().where(of_it, failed)))
        return sa.and_(sa.true(), *clauses)


_JOINED = WEBHOOK_DELIVERIES.join(OUTBOX, OUTBOX.c.id == WEBHOOK_DELIVERIES.c.outbox)


class Outbox:
    """An event that no endpoint wants is not enqueued, and its entry's delivery_accepted stays
    null. `target` is the environment's endpoint; `stamp` the wall clock, for signatures; `asker`
    who changes endpoints here, and why."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        target: Target | None = None,
        *,
        sources: SecretSources | None = None,
        source: str = "gctrust",
        stamp: Callable[[], float] = time.time,
        asker: Change = NOBODY,
    ) -> None:
        self.store, self.ledger, self.clock, self.source = store, ledger, clock, source
        secret_sources = sources or SecretSources()
        self.endpoints = Endpoints(store, ledger, clock, secret_sources, target, asker)
        self._settling = Settling(self.endpoints, self.record_in)
        self._lanes = Lanes(self.endpoints, self._settling, stamp)
        self._running: dict[str, asyncio.Task[None]] = {}

    @property
    def target(self) -> Target | None:
        return self.endpoints.target

    # --- enqueuing -----------------------------------------------------------------------------

    def record_in(
        self,
        connection: sa.Connection,
        entry: Entry,
        event: str | None,
        data: Mapping[str, Fact],
        but: str = "",
    ) -> int:
        """The ledger entry and, for an event, its webhooks, in the caller's transaction. Appended
        twice it is one entry and one event. The endpoint `but` is not told."""
        seq = self.ledger.append_in(connection, entry)
        if event is None:
            return seq
        names = [
            one.name
            for one in self.endpoints.all_in(connection)
            if one.name != but and wanted(event, one.events)
        ]
        if names:
            self._enqueue(connection, entry, seq, event, data, names)
        return seq

    def _enqueue(
        self,
        connection: sa.Connection,
        entry: Entry,
        seq: int,
        event: str,
        data: Mapping[str, Fact],
        names: Iterable[str],
    ) -> None:
        id_, now = self._id(connection, seq), self.clock.now()
        body = cloud_event(id_, self.source, event, entry.entity, now, data)
        both = {"entry": seq, "entity": entry.entity, "status": PENDING}
        told = {"run": entry.run, "step": entry.step, "event": event, "body": body, "created": now}
        self.store.put_once(connection, OUTBOX, id=id_, **told, **both)
        fresh = {**both, "outbox": id_, "tries": 0, "next_at": now}
        for name in names:
            self.store.put_once(connection, WEBHOOK_DELIVERIES, endpoint=name, **fresh)

    def _id(self, connection: sa.Connection, seq: int) -> str:
        """Stable for the entry, whatever key signs; unique over all stores, also one that was put
        back to an earlier state; and without the full stop that the signed text uses as its
        separator."""
        leaf = connection.execute(sa.select(LEDGER.c.leaf).where(LEDGER.c.seq == seq)).scalar_one()
        seed = f"{self.store.id} {bytes(leaf).hex()}"
        return f"msg_{hashlib.sha256(seed.encode()).hexdigest()[:24]}"

    # --- looking -------------------------------------------------------------------------------

    def rows(
        self, status: str = "", run: str = "", *, chosen: Chosen | None = None, newest: int = 0
    ) -> tuple[OutboxRow, ...]:
        """Deliveries in the order of their entries, with every attempt; only the last `newest`
        of them when that is given."""
        of, rows = chosen or Chosen(status=status, run=run), WEBHOOK_DELIVERIES.c
        columns = (OUTBOX.c.id, rows.endpoint, OUTBOX.c.run, OUTBOX.c.step, OUTBOX.c.event)
        more = (rows.entity, rows.entry, OUTBOX.c.created, rows.status, rows.tries, rows.next_at)
        query = sa.select(*columns, *more).select_from(_JOINED).where(of.clause)
        if newest:
            query = query.order_by(rows.entry.desc(), rows.endpoint.desc()).limit(newest)
        else:
            query = query.order_by(rows.entry, rows.endpoint)
        with self.store.read() as connection:
            found = connection.execute(query).all()
            tries = _tries(connection, [row.id for row in found])
        shown = (OutboxRow(*row, tries.get((row.id, row.endpoint), ())) for row in found)
        return tuple(shown)[::-1] if newest else tuple(shown)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many deliveries there are, by (endpoint, status)."""
        rows = WEBHOOK_DELIVERIES.c
        query = sa.select(rows.endpoint, rows.status, sa.func.count()).group_by(
            rows.endpoint, rows.status
        )
        with self.store.read() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(query)}

    def body(self, id_: str) -> str:
        """The event's stored text. Raises Problem webhooks.no-such-delivery."""
        with self.store.read() as connection:
            body = connection.execute(sa.select(OUTBOX.c.body).where(OUTBOX.c.id == id_)).scalar()
        if body is None:
            raise Problem(NO_SUCH, {"id": id_[:60]})
        return str(body)

    # --- changing ------------------------------------------------------------------------------

    def count(self, chosen: Chosen) -> int:
        query = sa.select(sa.func.count()).select_from(_JOINED).where(chosen.clause)
        with self.store.read() as connection:
            return int(connection.execute(query).scalar_one())

    def replay(self, chosen: Chosen | str) -> int:
        """Send them again, with the same id and body, from a fresh schedule, and say so in the
        ledger. Returns how many.

        Raises Problem webhooks.no-such-delivery for an id that is none.
        """
        of = Chosen(id=chosen) if isinstance(chosen, str) else chosen
        rows = WEBHOOK_DELIVERIES.c
        meant = sa.select(rows.outbox, rows.endpoint).select_from(_JOINED).where(of.clause)
        again = {"status": PENDING, "tries": 0, "next_at": self.clock.now()}
        with self.store.write() as connection:
            ids = sorted({row.outbox for row in connection.execute(meant)})
            place = sa.tuple_(rows.outbox, rows.endpoint).in_(meant)
            changed = connection.execute(sa.update(WEBHOOK_DELIVERIES).where(place).values(again))
            for first in range(0, len(ids), _TOGETHER):
                some = OUTBOX.c.id.in_(ids[first : first + _TOGETHER])
                connection.execute(sa.update(OUTBOX).where(some).values(status=PENDING))
            if ids:
                told = {"deliveries": changed.rowcount, "endpoint": of.endpoint or None}
                self.endpoints.enter(connection, "replayed", of.id or "several", told)
        if of.id and changed.rowcount == 0:
            raise Problem(NO_SUCH, {"id": of.id[:60]})
        return changed.rowcount

    def remove_endpoint(self, name: str) -> int:
        """The endpoint, and what waits for it is given up. Returns how many deliveries that was."""
        self.endpoints.kept(name)
        with self.store.write() as connection:
            undelivered = self._settling.give_up_in(connection, name)
            self.endpoints.remove_in(connection, name, undelivered)
        self.endpoints.sources.forget(name)
        return undelivered

    # --- delivering ----------------------------------------------------------------------------

    def due(self) -> tuple[str, ...]:
        """The endpoints that something is to be sent to now, and nothing is under way to."""
        return tuple(name for name in self._lanes.due() if not self._under_way(name))

    def deadlines(self) -> tuple[float, ...]:
        """When something is next to be sent, by the run's clock: one instant an endpoint."""
        return self._lanes.deadlines()

    @property
    def watched(self) -> bool:
        """At the last look there was an endpoint."""
        return self._lanes.watched

    @property
    def busy(self) -> bool:
        return any(map(self._under_way, tuple(self._running)))

    def _under_way(self, name: str) -> bool:
        lane = self._running.get(name)
        return lane is not None and not lane.done()

    async def deliver(self, name: str) -> None:
        """Send what is due to that endpoint. One that is slow goes on by itself: it keeps nobody
        waiting for more than a moment."""
        self._gather()
        if name not in self._running:
            self._running[name] = asyncio.create_task(self._lanes.run(name))
        await asyncio.wait({self._running[name]}, timeout=_PATIENCE)
        self._gather()

    def _gather(self) -> None:
        """Lanes that have ended; a store's Problem in one of them is the caller's to meet."""
        for name, lane in tuple(self._running.items()):
            if lane.done():
                del self._running[name]
                lane.result()

    async def test(self, name: str) -> tuple[str, Attempt]:
        """A real signed delivery of webhook.test, at once, enabled or not; its id, and what came
        of it. Raises Problem webhooks.no-such-endpoint."""
        endpoint = await asyncio.to_thread(self.endpoints.get, name)
        id_, data = f"msg_{secrets.token_hex(12)}", {**TEST.sample, "endpoint": name}
        body = cloud_event(id_, self.source, TEST.name, name, self.clock.now(), data)
        return id_, await self._lanes.attempt(endpoint, id_, body)

    async def settled(self) -> None:
        """Until nothing is under way any more."""
        while self._running:
            await asyncio.wait(self._running.values())
            self._gather()

    async def aclose(self) -> None:
        """What is under way has a moment to be settled, or it would be sent a second time."""
        self._lanes.closing = True
        lanes = tuple(self._running.values())
        if lanes:
            await asyncio.wait(lanes, timeout=_GRACE)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        self._running.clear()
        await self._lanes.aclose()
        self._lanes.closing = False


def _tries(
    connection: sa.Connection, ids: list[str]
) -> Mapping[tuple[str, str], tuple[DeliveryTry, ...]]:
    tries: dict[tuple[str, str], tuple[DeliveryTry, ...]] = {}
    table = WEBHOOK_ATTEMPTS
    for first in range(0, len(ids), _TOGETHER):
        of = table.c.outbox.in_(ids[first : first + _TOGETHER])
        for row in connection.execute(sa.select(table).where(of).order_by(table.c.id)):
            place = (row.outbox, row.endpoint)
            seen = DeliveryTry(row[3], row.at, row.status, row.error, row.seconds)
            tries[place] = (*tries.get(place, ()), seen)
    return tries
