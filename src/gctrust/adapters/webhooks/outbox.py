"""The outbox: webhooks committed together with their ledger entry, delivered until they settle.

A delivery is at least once with one id for ever (Standard Webhooks), over a CloudEvents 1.0 JSON
body whose `data` has the guides' field names. Secrets are asked from providers at each attempt
and never stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx2
import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemType
from ...ports import Clock
from ..ledger.ledger import Entry, Ledger, canonical, rfc3339
from ..store.schema import DELIVERIES, OUTBOX
from ..store.store import Store
from .send import Attempt, Secrets, send

NO_SUCH = ProblemType(
    code="webhooks.no-such-delivery",
    sentence="There is no such webhook.",
    why="Ids are listed by `gctrust webhooks list`.",
    fix="Run `gctrust webhooks list` and use an id from there.",
    source="docs/reference/commands.md",
)
PROBLEMS = (NO_SUCH,)

# Standard Webhooks' recommended schedule (specification, "Deliverability"): about 28 hours in all.
SCHEDULE = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0)
PENDING, ACCEPTED, DEAD = "pending", "accepted", "dead"


@dataclass(frozen=True, slots=True)
class Target:
    """Where webhooks go, and who provides their secrets. `secret` is a whsec_... text or None."""

    url: str
    secret: Callable[[], str | None] = lambda: None
    bearer: Callable[[], str | None] = lambda: None
    allow_private: bool = False
    timeout: float = 10.0
    schedule: tuple[float, ...] = SCHEDULE


@dataclass(frozen=True, slots=True)
class DeliveryTry:
    number: int
    at: float
    status: int | None
    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """`status` is "pending", "accepted" or "dead"."""

    id: str
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


class Outbox:
    """Without a target nothing is enqueued, and the entry's delivery_accepted stays null."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        target: Target | None,
        *,
        source: str = "gctrust",
        stamp: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.ledger, self.clock, self.target = store, ledger, clock, target
        self.source, self._stamp = source, stamp
        self._client: httpx2.AsyncClient | None = None

    def record_in(
        self,
        connection: sa.Connection,
        entry: Entry,
        event: str | None,
        data: Mapping[str, Fact],
    ) -> int:
        """The ledger entry and, for an event, its webhook, in the caller's transaction."""
        seq = self.ledger.append_in(connection, entry)
        if event is None or self.target is None:
            return seq
        id_ = self._id(seq)
        now = self.clock.now()
        body = canonical(
            {
                "specversion": "1.0",
                "id": id_,
                "source": self.source,
                "type": event,
                "subject": entry.entity,
                "time": rfc3339(now),
                "datacontenttype": "application/json",
                "data": dict(data),
            }
        )
        row = {"id": id_, "run": entry.run, "step": entry.step, "event": event}
        row |= {"entity": entry.entity, "body": body, "entry": seq, "created": now}
        fresh = {"status": PENDING, "tries": 0, "next_at": now}
        self.store.put_once(connection, OUTBOX, **row, **fresh)
        return seq

    def _id(self, seq: int) -> str:
        """Stable for the entry, unique over all stores, and without the full stop that the
        signed text uses as its separator."""
        seed = f"{self.store.id} {self.ledger.verifier_key} {seq}"
        return f"msg_{hashlib.sha256(seed.encode()).hexdigest()[:24]}"

    def rows(self, status: str = "", run: str = "") -> tuple[OutboxRow, ...]:
        query = sa.select(OUTBOX).order_by(OUTBOX.c.entry)
        query = query.where(OUTBOX.c.status == status) if status else query
        query = query.where(OUTBOX.c.run == run) if run else query
        with self.store.read() as connection:
            tries: dict[str, list[DeliveryTry]] = {}
            for row in connection.execute(sa.select(DELIVERIES).order_by(DELIVERIES.c.id)):
                seen = DeliveryTry(row[2], row.at, row.status, row.error, row.seconds)
                tries.setdefault(row.outbox, []).append(seen)
            return tuple(
                _row(row, tuple(tries.get(row.id, ()))) for row in connection.execute(query)
            )

    def due(self) -> tuple[str, ...]:
        query = sa.select(OUTBOX.c.id).where(
            OUTBOX.c.status == PENDING, OUTBOX.c.next_at <= self.clock.now()
        )
        with self.store.read() as connection:
            return tuple(
                connection.execute(query.order_by(OUTBOX.c.next_at, OUTBOX.c.entry)).scalars()
            )

    def deadlines(self) -> tuple[float, ...]:
        """When pending deliveries are to be tried next, by the run's clock."""
        query = sa.select(OUTBOX.c.next_at).where(OUTBOX.c.status == PENDING)
        with self.store.read() as connection:
            return tuple(connection.execute(query).scalars())

    def replay(self, id_: str) -> None:
        """Send a settled webhook again, with the same id and body, from a fresh schedule."""
        with self.store.write() as connection:
            changed = connection.execute(
                sa.update(OUTBOX)
                .where(OUTBOX.c.id == id_)
                .values(status=PENDING, tries=0, next_at=self.clock.now())
            )
        if changed.rowcount == 0:
            raise Problem(NO_SUCH, {"id": id_})

    async def deliver(self, id_: str) -> None:
        """One attempt, stored; the one that settles writes `webhook.settled` with it."""
        if self.target is None:
            return
        pending = await asyncio.to_thread(self._pending, id_)
        if pending is None:
            return
        row, body = pending
        if self._client is None:
            self._client = httpx2.AsyncClient(follow_redirects=False, trust_env=False)
        secrets = Secrets(self.target.secret(), self.target.bearer())
        started = time.monotonic()
        attempt = await send(
            self._client,
            self.target.url,
            id_,
            body,
            secrets,
            stamp=self._stamp(),
            timeout=self.target.timeout,
            allow_private=self.target.allow_private,
        )
        await asyncio.to_thread(self._settle, row, attempt, time.monotonic() - started)

    def _pending(self, id_: str) -> tuple[OutboxRow, str] | None:
        query = sa.select(OUTBOX).where(OUTBOX.c.id == id_, OUTBOX.c.status == PENDING)
        with self.store.read() as connection:
            row = connection.execute(query).first()
        return (_row(row), row.body) if row else None

    def _settle(self, row: OutboxRow, attempt: Attempt, seconds: float) -> None:
        tries, now = row.tries + 1, self.clock.now()
        schedule = self.target.schedule if self.target else ()
        status = ACCEPTED if attempt.accepted else PENDING if tries <= len(schedule) else DEAD
        if attempt.gone:  # 410: the receiver wants no more (Standard Webhooks specification)
            status = DEAD
        wait = schedule[tries - 1] * random.uniform(1.0, 1.25) if status == PENDING else 0.0
        next_at = now + max(wait, attempt.retry_after)
        with self.store.write() as connection:
            connection.execute(
                sa.insert(DELIVERIES).values(
                    {
                        "outbox": row.id,
                        "try": tries,
                        "at": now,
                        "status": attempt.status,
                        "error": attempt.error,
                        "seconds": seconds,
                    }
                )
            )
            values = {"status": status, "tries": tries, "next_at": next_at}
            connection.execute(sa.update(OUTBOX).where(OUTBOX.c.id == row.id).values(values))
            if status != PENDING:
                self.ledger.append_in(connection, self._settled(connection, row, status, attempt))

    def _settled(
        self, connection: sa.Connection, row: OutboxRow, status: str, attempt: Attempt
    ) -> Entry:
        total = connection.execute(
            sa.select(sa.func.count()).where(DELIVERIES.c.outbox == row.id)
        ).scalar_one()
        data: dict[str, Fact] = {
            "entry": row.entry,
            "webhook": row.id,
            "delivery_accepted": status == ACCEPTED,
            "attempts": total,
            "status": attempt.status,
            "error": attempt.error or None,
        }
        slot = f"{row.entry}:settled:{total}"  # a resumed run records at the same step again
        return Entry("webhook.settled", row.entity, row.run, row.step, slot, data)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _row(row: sa.Row[tuple[object, ...]], attempts: tuple[DeliveryTry, ...] = ()) -> OutboxRow:
    names = [name for name in OutboxRow.__slots__ if name != "attempts"]
    return OutboxRow(**{name: getattr(row, name) for name in names}, attempts=attempts)


def event_data(body: str) -> Mapping[str, Fact]:
    """The `data` of a stored body, for those who list deliveries."""
    data: Mapping[str, Fact] = json.loads(body)["data"]
    return data
