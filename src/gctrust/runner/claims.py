"""Which runs this process may drive, told by leases.

On SQLite one process holds the store's lease and drives every run. On PostgreSQL each worker holds
a lease of its own, and a run belongs to the worker that claimed it: one whose lease has no
heartbeat any more loses its runs to whoever looks next.
"""

from __future__ import annotations

import time

import sqlalchemy as sa

from ..adapters.store.lease import BEAT, Lease
from ..adapters.store.schema import LEASES, RUNS
from ..adapters.store.store import Store
from .runs import OpenRun, Runs

AT_ONCE = 10  # runs claimed at one look, so that workers that start together share them


class Claims:
    """Every method is one transaction."""

    def __init__(self, store: Store, runs: Runs, executor: str, ttl: float) -> None:
        self.store, self.runs = store, runs
        self.lease = Lease(store, executor, ttl, own=store.shared)
        self._sender = Lease(store, executor, ttl, name="deliveries") if store.shared else None
        self._beaten = 0.0

    def acquire(self) -> bool:
        return self.lease.acquire()

    def renew(self) -> bool:
        return self.lease.renew()

    def release(self) -> None:
        """What is claimed here is free at once."""
        for lease in (self.lease, self._sender):
            if lease is not None and lease.epoch:
                lease.release()

    def held(self, run: str) -> bool:
        """Read anew from the store: asked before every outward effect."""
        if not self.store.shared:
            return self.lease.held()
        mine = sa.select(LEASES.c.name).where(
            LEASES.c.name == self.lease.name, LEASES.c.epoch == self.lease.epoch
        )
        query = sa.select(RUNS.c.id).where(RUNS.c.id == run, RUNS.c.owner.in_(mine))
        with self.store.read() as connection:
            return self.lease.epoch > 0 and connection.execute(query).first() is not None

    def may_deliver(self) -> bool:
        """Webhooks leave from one process, in order."""
        if self._sender is None:
            return self.lease.held()
        if time.monotonic() - self._beaten >= BEAT:
            self._beaten = time.monotonic()
            return self._sender.renew() if self._sender.epoch else self._sender.acquire()
        return self._sender.epoch > 0

    def mine(self) -> tuple[OpenRun, ...]:
        """The open runs that are to be driven here; on PostgreSQL a few more at each look."""
        if self.store.shared:
            self._claim()
        return self.runs.open_runs(self.lease.name if self.store.shared else None)

    def take(self, run: str) -> None:
        """The engine has given this run to this process: whoever asked for it does not have it."""
        if self.store.shared:
            with self.store.write() as connection:
                connection.execute(
                    sa.update(RUNS).where(RUNS.c.id == run).values(owner=self.lease.name)
                )

    def _claim(self) -> None:
        with self.store.write() as connection:
            beating = sa.select(LEASES.c.name).where(
                LEASES.c.holder != "",
                LEASES.c.beat > self.lease.now(connection) - self.lease.ttl,
            )
            free = (
                sa.select(RUNS.c.id)
                .where(RUNS.c.ended.is_(None))
                .where(sa.or_(RUNS.c.owner.is_(None), RUNS.c.owner.not_in(beating)))
                .order_by(RUNS.c.started)
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            ids = connection.execute(free).scalars().all()
            if ids:
                connection.execute(
                    sa.update(RUNS).where(RUNS.c.id.in_(ids)).values(owner=self.lease.name)
                )
