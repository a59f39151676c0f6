"""Settling: what came of a batch of attempts, in one transaction with the ledger's entries."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ...errors import Fact
from ..ledger.entry import Entry, rfc3339
from ..store.schema import OUTBOX
from ..store.schema import WEBHOOK_ATTEMPTS as ATTEMPTS
from ..store.schema import WEBHOOK_DELIVERIES as ROWS
from .endpoint import Endpoint
from .endpoints import Endpoints
from .health import Health, fared
from .send import Attempt

PENDING, ACCEPTED, DEAD = "pending", "accepted", "dead"
_AT_ONCE = 500  # ids named in one statement

Record = Callable[[sa.Connection, Entry, str | None, Mapping[str, Fact], str], int]


@dataclass(frozen=True, slots=True)
class Due:
    id: str
    entry: int
    run: str
    step: int
    entity: str
    tries: int
    body: str


@dataclass(frozen=True, slots=True)
class Sent:
    due: Due
    attempt: Attempt
    status: str
    next_at: float


class Settling:
    """`record` enters an event of our own: an endpoint that was disabled."""

    def __init__(self, endpoints: Endpoints, record: Record) -> None:
        self._endpoints, self._record = endpoints, record
        self._store, self._clock, self._ledger = endpoints.store, endpoints.clock, endpoints.ledger

    def settle(self, endpoint: Endpoint, pairs: Sequence[tuple[Due, Attempt]]) -> None:
        """In one transaction. Raises the store's Problems."""
        now, name = self._clock.now(), endpoint.name
        sent = [_judged(endpoint, due, attempt, now) for due, attempt in pairs]
        of = {"to": name, "ids": [one.due.id for one in sent]}
        with self._store.write() as connection:
            connection.execute(_TRIED, [_tried(name, one, now) for one in sent])
            # Another process may have settled it meanwhile, or the endpoint was removed.
            waiting = set(connection.execute(_STILL, of).scalars())
            sent = [one for one in sent if one.due.id in waiting]
            if not sent:
                return
            connection.execute(_STANDS, [_stands(name, one) for one in sent])
            self._enter(connection, name, [one for one in sent if one.status != PENDING])
            self._fare(connection, endpoint, sent, now)

    def _enter(self, connection: sa.Connection, name: str, settled: Sequence[Sent]) -> None:
        """What is accepted or given up, in the ledger."""
        if not settled:
            return
        ids = [one.due.id for one in settled]
        rows = connection.execute(_TOTALS, {"to": name, "ids": ids})
        totals = {row[0]: int(row[1]) for row in rows}
        waiting = {row[0]: int(row[1]) for row in connection.execute(_ELSEWHERE, {"ids": ids})}
        entries = [
            _entry(name, one, totals[one.due.id], waiting.get(one.due.id, 0)) for one in settled
        ]
        self._ledger.append_all_in(connection, entries)
        connection.execute(_TOGETHER, {"ids": ids})

    def _fare(
        self, connection: sa.Connection, endpoint: Endpoint, sent: Sequence[Sent], now: float
    ) -> None:
        before = self._endpoints.health_in(connection).get(endpoint.name, Health())
        health = fared(before, [one.attempt for one in sent], endpoint.schedule, now)
        if health.disabled != before.disabled:
            self._disabled(connection, endpoint.name, health)
        if health != before:
            self._endpoints.keep_health(connection, endpoint.name, health)

    def _disabled(self, connection: sa.Connection, name: str, health: Health) -> None:
        since = health.failing_since
        data: dict[str, Fact] = {
            "endpoint": name,
            "why": health.why,
            "failing_since": rfc3339(since) if since is not None else None,
            "waiting": connection.execute(_WAITING, {"to": name}).scalar_one(),
        }
        slot = f"disabled:{name}:{health.disabled}"
        entry = Entry("webhook.endpoint-disabled", name, slot=slot, data=data)
        self._record(connection, entry, "webhook.disabled", data, name)

    def give_up_in(self, connection: sa.Connection, name: str) -> int:
        """What waits for an endpoint that is being removed. Returns how many deliveries it is."""
        waits = sa.and_(ROWS.c.endpoint == name, ROWS.c.status == PENDING)
        ids = list(connection.execute(sa.select(ROWS.c.outbox).where(waits)).scalars())
        connection.execute(sa.update(ROWS).where(waits).values(status=DEAD))
        for first in range(0, len(ids), _AT_ONCE):
            connection.execute(_TOGETHER, {"ids": ids[first : first + _AT_ONCE]})
        return len(ids)


def _judged(endpoint: Endpoint, due: Due, attempt: Attempt, now: float) -> Sent:
    tries, schedule = due.tries + 1, endpoint.schedule
    if attempt.accepted:
        return Sent(due, attempt, ACCEPTED, now)
    if attempt.gone or tries > len(schedule):  # 410: it wants no more (Standard Webhooks)
        return Sent(due, attempt, DEAD, now)
    wait = schedule[tries - 1] * random.uniform(1.0, 1.25)
    return Sent(due, attempt, PENDING, now + max(wait, attempt.retry_after))


def _tried(name: str, sent: Sent, now: float) -> dict[str, object]:
    due, attempt = sent.due, sent.attempt
    of = {"outbox": due.id, "endpoint": name, "try": due.tries + 1, "at": now}
    return of | {"status": attempt.status, "error": attempt.error, "seconds": attempt.seconds}


def _stands(name: str, sent: Sent) -> dict[str, object]:
    stands = {"now": sent.status, "number": sent.due.tries + 1, "at": sent.next_at}
    return {**stands, "id": sent.due.id, "to": name}


def _entry(name: str, sent: Sent, total: int, waiting: int) -> Entry:
    """A run that was resumed records at the same step again, and a replay settles twice.
    `waiting`: how many other endpoints have not settled yet."""
    due, attempt = sent.due, sent.attempt
    data: dict[str, Fact] = {
        "entry": due.entry,
        "webhook": due.id,
        "endpoint": name,
        "delivery_accepted": sent.status == ACCEPTED,
        "waiting": waiting,
        "attempts": total,
        "status": attempt.status,
        "error": attempt.error or None,
    }
    slot = f"{due.entry}:settled:{name}:{total}"
    return Entry("webhook.settled", due.entity, due.run, due.step, slot, data)


_TRIED = sa.insert(ATTEMPTS)
_STANDS = (
    sa.update(ROWS)
    .where(ROWS.c.outbox == sa.bindparam("id"), ROWS.c.endpoint == sa.bindparam("to"))
    .values(status=sa.bindparam("now"), tries=sa.bindparam("number"), next_at=sa.bindparam("at"))
)
_TOTALS = (
    sa.select(ATTEMPTS.c.outbox, sa.func.count())
    .where(
        ATTEMPTS.c.endpoint == sa.bindparam("to"),
        ATTEMPTS.c.outbox.in_(sa.bindparam("ids", expanding=True)),
    )
    .group_by(ATTEMPTS.c.outbox)
)
_ELSEWHERE = (
    sa.select(ROWS.c.outbox, sa.func.count())
    .where(ROWS.c.status == PENDING, ROWS.c.outbox.in_(sa.bindparam("ids", expanding=True)))
    .group_by(ROWS.c.outbox)
)
_STILL = sa.select(ROWS.c.outbox).where(
    ROWS.c.endpoint == sa.bindparam("to"),
    ROWS.c.status == PENDING,
    ROWS.c.outbox.in_(sa.bindparam("ids", expanding=True)),
)
_WAITING = sa.select(sa.func.count()).where(
    ROWS.c.endpoint == sa.bindparam("to"), ROWS.c.status == PENDING
)


def _some(status: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(ROWS.c.outbox == OUTBOX.c.id, ROWS.c.status == status)


# An event stands as its deliveries do together.
_TOGETHER = (
    sa.update(OUTBOX)
    .where(OUTBOX.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(status=sa.case((_some(PENDING), PENDING), (_some(DEAD), DEAD), else_=ACCEPTED))
)
