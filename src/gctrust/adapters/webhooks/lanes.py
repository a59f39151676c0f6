"""Lanes: what is due goes to its endpoint, several at once.

Each endpoint has a lane of its own, so that one that is slow or down keeps no other waiting. A
batch is claimed, sent and settled in one transaction: after a kill -9 what was not settled is sent
again under the same id. One process delivers (runner/claims.py), so a claim needs no row.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from ...errors import Problem
from ..store.schema import OUTBOX
from ..store.schema import WEBHOOK_DELIVERIES as ROWS
from .bodies import FORMATS, body_for
from .endpoint import Endpoint, Keys
from .endpoints import Endpoints
from .health import OPEN_AFTER, Health
from .send import AT_ONCE, Attempt, Sender
from .settling import PENDING, Due, Settling

BATCH = 64
TURN = 1.0  # seconds a lane goes on before it is asked again whether this process may deliver
HELD = 60.0  # seconds in which nothing is sent after what was sent could not be recorded


class Lanes:
    """`stamp` is the wall clock, which signatures tell. `closing`: nothing more is claimed;
    `watched`: there was an endpoint at the last look."""

    def __init__(
        self, endpoints: Endpoints, settling: Settling, stamp: Callable[[], float]
    ) -> None:
        self._endpoints, self._settling, self._stamp = endpoints, settling, stamp
        self._store, self._clock = endpoints.store, endpoints.clock
        self._senders: dict[str, Sender] = {}
        self._held: dict[str, float] = {}
        self.closing = self.watched = False

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
            self.watched = bool(endpoints)
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
            most = 1 if health.probing else BATCH
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
                await asyncio.to_thread(self._settling.settle, endpoint, sent)
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

    async def aclose(self) -> None:
        for sender in self._senders.values():
            await sender.aclose()
        self._senders.clear()


async def _attempt(sender: Sender, keys: Keys, id_: str, body: str, stamp: float) -> Attempt:
    """One delivery, in the form the endpoint takes."""
    form = sender.endpoint.format
    return await sender.send(id_, body_for(form, body), keys, stamp, FORMATS[form])


_NEXT = sa.select(sa.func.min(ROWS.c.next_at)).where(
    ROWS.c.endpoint == sa.bindparam("to"), ROWS.c.status == PENDING
)
_COLUMNS = (ROWS.c.outbox, ROWS.c.entry, OUTBOX.c.run, OUTBOX.c.step, ROWS.c.entity)
_DUE = (
    sa.select(*_COLUMNS, ROWS.c.tries, OUTBOX.c.body)
    .join(OUTBOX, OUTBOX.c.id == ROWS.c.outbox)
    .where(
        ROWS.c.endpoint == sa.bindparam("to"),
        ROWS.c.status == PENDING,
        ROWS.c.next_at <= sa.bindparam("now"),
    )
    .order_by(ROWS.c.next_at, ROWS.c.entry)
    .limit(sa.bindparam("most"))
)
_BEFORE = ROWS.alias("before")
_FIRST = ~sa.exists().where(  # of its entity: what must arrive in order waits for the one before
    _BEFORE.c.endpoint == ROWS.c.endpoint,
    _BEFORE.c.entity == ROWS.c.entity,
    _BEFORE.c.status == PENDING,
    _BEFORE.c.entry < ROWS.c.entry,
)
