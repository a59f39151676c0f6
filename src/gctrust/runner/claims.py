"""Which runs this process may drive, told by leases and by who owns a run.

A run is nobody's (the first that looks claims it), a lease holder's (which drives it), or parked:
it waits, and costs a row until its time or a signal frees it. A holder without a heartbeat loses
its runs. On SQLite one process holds the store's lease; on PostgreSQL each worker has its own.
A run that only a later release can drive is left free, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import sqlalchemy as sa

from ..adapters.store.lease import BEAT, Lease
from ..adapters.store.schema import LEASES, PARKED, RUNS, SIGNALS
from ..adapters.store.store import Store
from .problems import LATER_RELEASE

DELIVERIES = "deliveries"  # the lease of whoever sends webhooks
OTHER_WORK = (DELIVERIES, "schedules")  # leases of those who do something else than drive
AT_ONCE = 10  # runs claimed at one look, so that workers that start together share them
NOBODY = ""  # the owner of a parked run

_OPEN = RUNS.c.ended.is_(None)
_MINE = RUNS.c.owner == sa.bindparam("holder")
_SENT = sa.select(sa.func.count()).where(SIGNALS.c.run == RUNS.c.id).scalar_subquery().label("sent")
_FREE = sa.select(RUNS.c.id).where(_OPEN, RUNS.c.owner.is_(None)).order_by(RUNS.c.started)
_DUE = (
    sa.select(RUNS.c.id)
    .join(PARKED, PARKED.c.run == RUNS.c.id)
    .where(PARKED.c.due <= sa.bindparam("now"), RUNS.c.owner == NOBODY)
    .order_by(PARKED.c.due)
)
_KNOWN = RUNS.c.journey.in_(sa.bindparam("journeys", expanding=True))
_OURS = sa.and_(_KNOWN, RUNS.c.id.not_in(sa.bindparam("left", expanding=True)))
_OWNED = sa.select(RUNS.c.id, _SENT).where(_OPEN, _MINE)
# Asked several times a second: made once, so that nothing is compiled anew.
_ANY_FREE, _ANY_DUE = (query.where(_OURS).limit(1) for query in (_FREE, _DUE))
_SOME_FREE, _SOME_DUE = (
    query.where(_OURS)
    .limit(sa.bindparam("room", type_=sa.Integer))
    .with_for_update(skip_locked=True, of=RUNS)
    for query in (_FREE, _DUE)
)
_LATER = f"{LATER_RELEASE.code}: "  # what such a run waits for begins with it


@dataclass(frozen=True, slots=True)
class Parking:
    """A run that waits until an instant, or one of `signals`."""

    run: str
    until: float
    signals: tuple[str, ...]


class Claims:
    """Every method is one transaction, or two."""

    def __init__(self, store: Store, executor: str, ttl: float, journeys: Collection[str]) -> None:
        """`journeys`: those that this process can drive."""
        self.store = store
        self._ours: dict[str, list[str]] = {"journeys": list(journeys), "left": []}
        self.lease = Lease(store, executor, ttl, own=store.shared)
        self._sender = Lease(store, executor, ttl, name=DELIVERIES) if store.shared else None
        self._beaten = 0.0

    def acquire(self) -> bool:
        return self.lease.acquire() and self._freed()

    def renew(self) -> bool:
        return self.lease.renew() and self._freed()

    def release(self) -> None:
        """What is claimed here is free at once."""
        with self.store.write() as connection:
            mine = sa.update(RUNS).where(_OPEN, RUNS.c.owner == self.lease.holder)
            connection.execute(mine.values(owner=None))
        for lease in (self.lease, self._sender):
            if lease is not None and lease.epoch:
                lease.release()

    def _freed(self) -> bool:
        """Runs whose holder's heart has stopped are free. True, for whoever asks in passing."""
        with self.store.read() as connection:
            beating = sa.select(LEASES.c.holder).where(
                LEASES.c.holder != "",
                LEASES.c.beat > self.lease.now(connection) - self.lease.ttl,
            )
            dead = sa.and_(_OPEN, RUNS.c.owner > NOBODY, RUNS.c.owner.not_in(beating))
            found = connection.execute(sa.select(RUNS.c.id).where(dead).limit(1)).first()
        if found:
            with self.store.write() as connection:
                connection.execute(sa.update(RUNS).where(dead).values(owner=None))
        return True

    def held(self, run: str) -> bool:
        """Read anew from the store: asked before every outward effect."""
        query = sa.select(RUNS.c.id).where(
            RUNS.c.id == run,
            RUNS.c.owner == self.lease.holder,
            sa.exists().where(
                LEASES.c.name == self.lease.name,
                LEASES.c.holder == self.lease.holder,
                LEASES.c.epoch == self.lease.epoch,
            ),
        )
        with self.store.read() as connection:
            return self.lease.epoch > 0 and connection.execute(query).first() is not None

    def driven(self) -> bool:
        """Some process whose heartbeat is fresh drives runs of this store."""
        with self.store.read() as connection:
            fresh = LEASES.c.beat > self.lease.now(connection) - self.lease.ttl
            drives = sa.select(LEASES.c.name).where(fresh, LEASES.c.holder != "")
            query = drives.where(LEASES.c.name.not_in(OTHER_WORK)).limit(1)
            return connection.execute(query).first() is not None

    def may_deliver(self) -> bool:
        """Webhooks leave from one process, in order."""
        if self._sender is None:
            return self.lease.held()
        if time.monotonic() - self._beaten >= BEAT:
            self._beaten = time.monotonic()
            return self._sender.renew() if self._sender.epoch else self._sender.acquire()
        return self._sender.epoch > 0

    def look(self, now: float, room: int) -> Mapping[str, int]:
        """The runs to be driven here, and how many signals each was ever sent; with up to `room`
        more than before, taken in turn from those whose wait is over and those nobody has begun."""
        given = {"now": now, "holder": self.lease.holder, **self._ours}
        with self.store.read() as connection:
            mine = {row.id: int(row.sent) for row in connection.execute(_OWNED, given)}
            free = room > 0 and any(
                connection.execute(query, given).first() for query in (_ANY_FREE, _ANY_DUE)
            )
        return mine | dict.fromkeys(self._claim(now, min(room, AT_ONCE)), 0) if free else mine

    def _claim(self, now: float, room: int) -> Collection[str]:
        given = {"now": now, "room": room, **self._ours}
        with self.store.write() as connection:
            due, free = (
                connection.execute(query, given).scalars() for query in (_SOME_DUE, _SOME_FREE)
            )
            turns = chain.from_iterable(zip_longest(due, free))
            ids = [run for run in turns if run is not None][:room]
            mine = sa.update(RUNS).where(RUNS.c.id.in_(ids))
            connection.execute(sa.delete(PARKED).where(PARKED.c.run.in_(ids)))
            connection.execute(mine.values(owner=self.lease.holder))
            told = RUNS.c.waiting_for.startswith(_LATER)
            connection.execute(mine.where(told).values(waiting_for=""))
        return ids

    def leave(self, run: str, what: str) -> None:
        """A later release may drive this run, and this process will not again: `what` of it is
        not known here."""
        self._ours["left"].append(run)
        with self.store.write() as connection:
            mine = sa.update(RUNS).where(RUNS.c.id == run, RUNS.c.owner == self.lease.holder)
            told = {"waiting_until": None, "waiting_for": _LATER + what}
            connection.execute(mine.values(owner=None, **told))

    def tell_unknown(self, now: float) -> None:
        """Runs of journeys that are not known here, and that nobody drives, say so."""
        unknown = sa.and_(~_KNOWN, ~RUNS.c.waiting_for.startswith(_LATER))
        given = {"journeys": self._ours["journeys"], "now": now}
        with self.store.read() as connection:
            ids = [
                run
                for query in (_FREE, _DUE)
                for run in connection.execute(query.where(unknown).limit(AT_ONCE), given).scalars()
            ]
        if ids:
            with self.store.write() as connection:
                connection.execute(sa.delete(PARKED).where(PARKED.c.run.in_(ids)))
                nobodys = sa.func.coalesce(RUNS.c.owner, NOBODY) == NOBODY
                theirs = sa.update(RUNS).where(_OPEN, RUNS.c.id.in_(ids), nobodys)
                told = sa.literal(f"{_LATER}the journey ") + RUNS.c.journey
                connection.execute(theirs.values(owner=None, waiting_until=None, waiting_for=told))

    def park(self, run: str, until: float, signals: Collection[str]) -> bool:
        """Nobody drives this run before `until` or a signal. False: one of `signals` has come."""
        return self.park_all([Parking(run, until, tuple(signals))])[0]

    def park_all(self, waits: Sequence[Parking]) -> Sequence[bool]:
        """As `park`, for many in one transaction.

        The runs' rows are locked before the signals are read, as whoever sends one locks its run's
        first: either sees the other.
        """
        ids = [wait.run for wait in waits]
        mine = sa.select(RUNS.c.id).where(RUNS.c.id.in_(ids), _MINE).order_by(RUNS.c.id)
        sent = sa.select(SIGNALS.c.run, SIGNALS.c.name).where(
            SIGNALS.c.run.in_(ids), SIGNALS.c.taken_by.is_(None)
        )
        with self.store.write() as connection:
            locked = connection.execute(mine.with_for_update(), {"holder": self.lease.holder})
            held = set(locked.scalars())  # what is held no more, another drives
            came = {(row.run, row.name) for row in connection.execute(sent)}
            heard = {wait.run for wait in waits if came & {(wait.run, n) for n in wait.signals}}
            rows = [wait for wait in waits if wait.run in held - heard]
            parked = sa.update(RUNS).where(RUNS.c.id.in_([wait.run for wait in rows]))
            connection.execute(parked.values(owner=NOBODY))
            for wait in rows:
                self.store.put(connection, PARKED, run=wait.run, due=wait.until)
        return [wait.run not in held & heard for wait in waits]

    def next_due(self) -> float | None:
        """The earliest instant at which a parked run goes on."""
        with self.store.read() as connection:
            return connection.execute(sa.select(sa.func.min(PARKED.c.due))).scalar()


def unpark(connection: sa.Connection, run: str) -> None:
    """A signal is being sent to this run: it goes on at once, if it is parked."""
    connection.execute(sa.select(RUNS.c.id).where(RUNS.c.id == run).with_for_update())
    parked = sa.and_(RUNS.c.id == run, RUNS.c.owner == NOBODY)
    connection.execute(sa.update(RUNS).where(parked).values(owner=None))
    connection.execute(sa.delete(PARKED).where(PARKED.c.run == run))
