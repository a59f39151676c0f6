"""Lanes: what is due goes to its endpoint, several at once, and what came of it is kept.

Each endpoint has a lane of its own, so that one that is slow or down keeps no other waiting. A
batch is claimed, sent and settled in one transaction: after a kill -9 what was not settled is sent
again under the same id. One process delivers (runner/claims.py), so a claim needs no row.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from ...errors import Fact, Problem
from ..ledger.ledger import Entry, rfc3339
from ..store.schema import OUTBOX
from ..store.schema import WEBHOOK_ATTEMPTS as ATTEMPTS
from ..store.schema import WEBHOOK_DELIVERIES as ROWS
from .bodies import FORMATS, body_for
from .endpoints import Endpoint, Endpoints, Health, Keys
from .send import AT_ONCE, Attempt, Sender

BATCH = 64
TURN = 1.0  # seconds a lane goes on before it is asked again whether this process may deliver
OPEN_AFTER = 5  # failures in a row, after which an endpoint is left alone for a while
LONGEST_OPEN = 300.0  # seconds until one delivery tries it again
HELD = 60.0  # seconds in which nothing is sent after what was sent could not be recorded
DISABLE_AFTER = 5 * 86_400.0  # seconds of nothing but failures
_PENDING, _ACCEPTED, _DEAD = "pending", "accepted", "dead"

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


class Lanes:
    """`record` enters an event of our own: an endpoint that was given up."""

    def __init__(self, endpoints: Endpoints, record: Record, stamp: Callable[[], float]) -> None:
        self._endpoints, self._record, self._stamp = endpoints, record, stamp
        self._store, self._clock, self._ledger = endpoints.store, endpoints.clock, endpoints.ledger
        self._senders: dict[str, Sender] = {}
        self._held: dict[str, float] = {}
        self.closing = False

    # --- what is due ---------------------------------------------------------------------------

    def due(self) -> tuple[str, ...]:
        now, real = self._clock.now(), time.monotonic()
        due = (name for name, at in self._next().items() if at <= now)
        return tuple(name for name in due if self._held.get(name, 0.0) <= real)

    def deadlines(self) -> tuple[float, ...]:
        return tuple(self._next().values())

    def _next(self) -> dict[str, float]:
        """When each endpoint that may be sent to is next to be sent to."""
        found: dict[str, float] = {}
        with self._store.read() as connection:
            endpoints = self._endpoints.all_in(connection)
            health = self._endpoints.health_in(connection) if endpoints else {}
            for one in endpoints:
                query = _NEXT.where(_FIRST) if one.ordered else _NEXT
                at = connection.execute(query, {"to": one.name}).scalar()
                of = health.get(one.name, Health())
                if at is not None and of.disabled is None:
                    found[one.name] = max(float(at), of.open_until)
        return found

    def _claim(self, endpoint: Endpoint) -> tuple[Due, ...]:
        with self._store.read() as connection:
            health = self._endpoints.health_in(connection).get(endpoint.name, Health())
            now = self._clock.now()
            if health.disabled is not None or now < health.open_until:
                return ()
            most = 1 if health.failures >= OPEN_AFTER else BATCH
            query = _DUE.where(_FIRST) if endpoint.ordered else _DUE
            rows = connection.execute(query, {"to": endpoint.name, "now": now, "most": most})
            return tuple(Due(*row) for row in rows)

    # --- sending -------------------------------------------------------------------------------

    async def run(self, name: str) -> None:
        """Batches until nothing is due, for a turn. Raises the store's Problems."""
        ends = time.monotonic() + TURN
        while time.monotonic() < ends and not self.closing:
            endpoint = await asyncio.to_thread(self._known, name)
            due = await asyncio.to_thread(self._claim, endpoint) if endpoint else ()
            if not endpoint or not due:
                return
            sent = await self._send(endpoint, due)
            try:
                await asyncio.to_thread(self._settle, endpoint, sent)
            except Exception:  # a full disk must not have a receiver asked every second
                self._held[name] = time.monotonic() + HELD
                raise

    def _known(self, name: str) -> Endpoint | None:
        return next((one for one in self._endpoints.all() if one.name == name), None)

    async def _send(self, endpoint: Endpoint, due: Sequence[Due]) -> list[tuple[Due, Attempt]]:
        """What was attempted: a row of failures leaves the rest of the batch for later."""
        prepared = await self._prepared(endpoint)
        if isinstance(prepared, Attempt):
            return [(due[0], prepared)]
        sender, keys = prepared
        sent: list[tuple[Due, Attempt]] = []
        waiting, failures = list(reversed(due)), 0

        async def worker() -> None:
            nonlocal failures
            while waiting and failures < OPEN_AFTER:
                one = waiting.pop()
                attempt = await _attempt(sender, keys, one.id, one.body, self._stamp())
                failures = 0 if attempt.accepted else failures + 1
                sent.append((one, attempt))

        await asyncio.gather(*(worker() for _ in range(min(AT_ONCE, len(due)))))
        return sent

    async def attempt(self, endpoint: Endpoint, id_: str, body: str) -> Attempt:
        """One delivery of which nothing is kept."""
        prepared = await self._prepared(endpoint)
        if isinstance(prepared, Attempt):
            return prepared
        return await _attempt(*prepared, id_, body, self._stamp())

    async def _prepared(self, endpoint: Endpoint) -> tuple[Sender, Keys] | Attempt:
        """The connections and the keys of this moment, or the attempt that lacks of them is."""
        try:
            keys = await asyncio.to_thread(self._endpoints.keys, endpoint)
            url = await asyncio.to_thread(self._endpoints.address, endpoint)
            return await self._sender(replace(endpoint, url=url)), keys
        except Problem as problem:
            if problem.code.startswith("store."):
                raise
            seen = problem.facts.get("seen", "")
            told = f"{problem.code}: {problem.type.sentence}"
            return Attempt(None, f"{told} ({seen})"[:300] if seen else told)
        except (OSError, ssl.SSLError, ValueError) as error:
            return Attempt(None, f"its certificate, key or roots: {type(error).__name__}")

    async def _sender(self, endpoint: Endpoint) -> Sender:
        sender = self._senders.get(endpoint.name)
        if sender is None or sender.endpoint != endpoint or sender.stale:
            if sender is not None:
                await sender.aclose()
            self._senders[endpoint.name] = sender = Sender(endpoint)
        return sender

    # --- settling ------------------------------------------------------------------------------

    def _settle(self, endpoint: Endpoint, pairs: Sequence[tuple[Due, Attempt]]) -> None:
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
            self._enter(connection, name, [one for one in sent if one.status != _PENDING])
            self._fare(connection, endpoint, sent, now)

    def _enter(self, connection: sa.Connection, name: str, settled: Sequence[Sent]) -> None:
        """What is accepted or given up, in the ledger."""
        if not settled:
            return
        ids = [one.due.id for one in settled]
        rows = connection.execute(_TOTALS, {"to": name, "ids": ids})
        totals = {row[0]: int(row[1]) for row in rows}
        entries = [_entry(name, one, totals[one.due.id]) for one in settled]
        self._ledger.append_all_in(connection, entries)
        connection.execute(_TOGETHER, {"ids": ids})

    def _fare(
        self, connection: sa.Connection, endpoint: Endpoint, sent: Sequence[Sent], now: float
    ) -> None:
        """The endpoint's health after these attempts, in the order they ended in."""
        before = self._endpoints.health_in(connection).get(endpoint.name, Health())
        health = before
        for one in sent:
            if one.attempt.accepted:
                health = replace(Health(), disabled=health.disabled, why=health.why)
            else:
                since = now if health.failing_since is None else health.failing_since
                # Those of one batch fail for one cause: together they open the circuit once.
                most = max(OPEN_AFTER, before.failures + 1)
                failures = min(health.failures + 1, most)
                health = replace(health, failures=failures, failing_since=since)
        if health == before:
            return
        if health.failures >= OPEN_AFTER:
            health = replace(health, open_until=now + _pause(endpoint, health.failures))
        gone = any(one.attempt.gone for one in sent)
        days = health.failing_since is not None and now - health.failing_since >= DISABLE_AFTER
        if (gone or days) and health.disabled is None:
            health = replace(health, disabled=now, why=sent[-1].attempt.error)
            self._disabled(connection, endpoint.name, health)
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
        waits = sa.and_(ROWS.c.endpoint == name, ROWS.c.status == _PENDING)
        ids = list(connection.execute(sa.select(ROWS.c.outbox).where(waits)).scalars())
        connection.execute(sa.update(ROWS).where(waits).values(status=_DEAD))
        for first in range(0, len(ids), BATCH):
            connection.execute(_TOGETHER, {"ids": ids[first : first + BATCH]})
        return len(ids)

    async def aclose(self) -> None:
        for sender in self._senders.values():
            await sender.aclose()
        self._senders.clear()


async def _attempt(sender: Sender, keys: Keys, id_: str, body: str, stamp: float) -> Attempt:
    """One delivery, in the form the endpoint takes."""
    form = sender.endpoint.format
    return await sender.send(id_, body_for(form, body), keys, stamp, FORMATS[form])


def _pause(endpoint: Endpoint, failures: int) -> float:
    pauses = (*endpoint.schedule, LONGEST_OPEN)
    return min(LONGEST_OPEN, pauses[min(failures - OPEN_AFTER, len(pauses) - 1)])


def _judged(endpoint: Endpoint, due: Due, attempt: Attempt, now: float) -> Sent:
    tries, schedule = due.tries + 1, endpoint.schedule
    if attempt.accepted:
        return Sent(due, attempt, _ACCEPTED, now)
    if attempt.gone or tries > len(schedule):  # 410: it wants no more (Standard Webhooks)
        return Sent(due, attempt, _DEAD, now)
    wait = schedule[tries - 1] * random.uniform(1.0, 1.25)
    return Sent(due, attempt, _PENDING, now + max(wait, attempt.retry_after))


def _tried(name: str, sent: Sent, now: float) -> dict[str, object]:
    due, attempt = sent.due, sent.attempt
    of = {"outbox": due.id, "endpoint": name, "try": due.tries + 1, "at": now}
    return of | {"status": attempt.status, "error": attempt.error, "seconds": attempt.seconds}


def _stands(name: str, sent: Sent) -> dict[str, object]:
    stands = {"now": sent.status, "number": sent.due.tries + 1, "at": sent.next_at}
    return {**stands, "id": sent.due.id, "to": name}


def _entry(name: str, sent: Sent, total: int) -> Entry:
    """A run that was resumed records at the same step again, and a replay settles twice."""
    due, attempt = sent.due, sent.attempt
    data: dict[str, Fact] = {
        "entry": due.entry,
        "webhook": due.id,
        "endpoint": name,
        "delivery_accepted": sent.status == _ACCEPTED,
        "attempts": total,
        "status": attempt.status,
        "error": attempt.error or None,
    }
    slot = f"{due.entry}:settled:{name}:{total}"
    return Entry("webhook.settled", due.entity, due.run, due.step, slot, data)


_NEXT = sa.select(sa.func.min(ROWS.c.next_at)).where(
    ROWS.c.endpoint == sa.bindparam("to"), ROWS.c.status == _PENDING
)
_COLUMNS = (ROWS.c.outbox, ROWS.c.entry, OUTBOX.c.run, OUTBOX.c.step, ROWS.c.entity)
_DUE = (
    sa.select(*_COLUMNS, ROWS.c.tries, OUTBOX.c.body)
    .join(OUTBOX, OUTBOX.c.id == ROWS.c.outbox)
    .where(
        ROWS.c.endpoint == sa.bindparam("to"),
        ROWS.c.status == _PENDING,
        ROWS.c.next_at <= sa.bindparam("now"),
    )
    .order_by(ROWS.c.next_at, ROWS.c.entry)
    .limit(sa.bindparam("most"))
)
_BEFORE = ROWS.alias("before")
_FIRST = ~sa.exists().where(  # of its entity: what must arrive in order waits for the one before
    _BEFORE.c.endpoint == ROWS.c.endpoint,
    _BEFORE.c.entity == ROWS.c.entity,
    _BEFORE.c.status == _PENDING,
    _BEFORE.c.entry < ROWS.c.entry,
)
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
_STILL = sa.select(ROWS.c.outbox).where(
    ROWS.c.endpoint == sa.bindparam("to"),
    ROWS.c.status == _PENDING,
    ROWS.c.outbox.in_(sa.bindparam("ids", expanding=True)),
)
_WAITING = sa.select(sa.func.count()).where(
    ROWS.c.endpoint == sa.bindparam("to"), ROWS.c.status == _PENDING
)


def _some(status: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(ROWS.c.outbox == OUTBOX.c.id, ROWS.c.status == status)


# An event stands as its deliveries do together.
_TOGETHER = (
    sa.update(OUTBOX)
    .where(OUTBOX.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(status=sa.case((_some(_PENDING), _PENDING), (_some(_DEAD), _DEAD), else_=_ACCEPTED))
)
