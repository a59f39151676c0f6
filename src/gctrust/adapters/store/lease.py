"""The lease: one executor for one store, told by a heartbeat row with an epoch.

A row, not a file lock: a lock would not notice a process that hangs. Whoever takes over raises
the epoch, so a hung process that wakes sees a higher one and does nothing outward any more.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from .schema import LEASES
from .store import Store

TTL = 6.0  # seconds without a heartbeat after which anyone may take over
BEAT = 1.0  # seconds between heartbeats


@dataclass(frozen=True, slots=True)
class LeaseRow:
    epoch: int
    holder: str
    host: str
    pid: int
    beat: float


def _gone(row: LeaseRow) -> bool:
    """A process of this host that has ended need not be waited for."""
    if row.host != socket.gethostname() or row.pid == os.getpid():
        return False
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _is_zombie(row.pid)


def _is_zombie(pid: int) -> bool:
    """Ended, but not yet waited for by its parent (a container's first process may never do)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] == ["Z"]


class Lease:
    """`epoch` is 0 while another holds it. `own`: a lease that only this holder has.

    Heartbeats are wall-clock, never virtual, seconds: the database's where it has a clock of its
    own, so that machines need not agree.
    """

    def __init__(
        self,
        store: Store,
        holder: str,
        ttl: float = TTL,
        *,
        name: str = "executor",
        own: bool = False,
    ) -> None:
        self.store, self.ttl, self.epoch = store, ttl, 0
        self.holder = f"{holder}-{uuid4().hex[:12]}"
        self.name = self.holder if own else name

    def now(self, connection: sa.Connection) -> float:
        if not self.store.shared:
            return time.time()
        clock = sa.extract("epoch", sa.func.clock_timestamp())
        return float(connection.execute(sa.select(clock)).scalar_one())

    def row(self) -> LeaseRow | None:
        with self.store.read() as connection:
            return self._row(connection)

    def _row(self, connection: sa.Connection) -> LeaseRow | None:
        row = connection.execute(sa.select(LEASES).where(LEASES.c.name == self.name)).first()
        return LeaseRow(row.epoch, row.holder, row.host, row.pid, row.beat) if row else None

    def acquire(self) -> bool:
        """Take the lease when it is free, released, expired, or its holder has ended."""
        with self.store.write() as connection:
            self.store.alone_in(connection, self.name)
            now = self._corrected(connection)
            old = self._row(connection)
            if old and old.holder and now - old.beat < self.ttl and not _gone(old):
                return False
            connection.execute(sa.delete(LEASES).where(LEASES.c.name == self.name))
            self.epoch = (old.epoch if old else 0) + 1
            connection.execute(
                sa.insert(LEASES).values(
                    name=self.name,
                    epoch=self.epoch,
                    holder=self.holder,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    beat=now,
                )
            )
            return True

    def renew(self) -> bool:
        """One heartbeat. False: another has taken over, and `epoch` is 0 from here on."""
        with self.store.write() as connection:
            beat = self._corrected(connection)
            done = connection.execute(sa.update(LEASES).where(*self._mine()).values(beat=beat))
        if done.rowcount == 0:
            self.epoch = 0
        return self.epoch > 0

    def held(self) -> bool:
        """Read anew from the store: asked before every outward effect."""
        row = self.row()
        return row is not None and self.epoch > 0 and row.epoch == self.epoch

    def release(self) -> None:
        """A lease that nobody else can have leaves no row."""
        own = self.name == self.holder
        with self.store.write() as connection:
            mine = sa.delete(LEASES) if own else sa.update(LEASES).values(holder="", beat=0.0)
            connection.execute(mine.where(*self._mine()))
        self.epoch = 0

    def _corrected(self, connection: sa.Connection) -> float:
        """Now. A heartbeat of later than that is of before the clock was set back: it counts from
        here on, or one that has ended would seem alive until the clock is there again."""
        now = self.now(connection)
        later = LEASES.c.beat > now + self.ttl
        connection.execute(sa.update(LEASES).where(later).values(beat=now))
        return now

    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            LEASES.c.name == self.name,
            LEASES.c.epoch == self.epoch,
            LEASES.c.holder == self.holder,
        )
