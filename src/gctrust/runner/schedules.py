"""Schedules: rows that order a check whenever it is due, once for each instant, whoever looks.

A certificate that was deployed and a domain that was verified are watched from then on; more are
added by hand. What was removed stays removed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ..adapters.ledger.entry import Entry, rfc3339
from ..adapters.ledger.ledger import Ledger
from ..adapters.store.changes import NOBODY, Change
from ..adapters.store.lease import BEAT, Lease
from ..adapters.store.schema import RUNS, SCHEDULES, TURNS
from ..adapters.store.store import Store
from ..errors import Fact, Problem, ProblemKind, ProblemType
from ..pipelines.check_effects import CheckOrder
from ..pipelines.scheduled_check import next_due
from .lasting import lasting
from .runs import Runs

NO_SUCH = ProblemType(
    code="schedules.no-such-schedule",
    sentence="There is no such schedule.",
    why="Ids are listed by `gctrust schedules list`.",
    fix="Run `gctrust schedules list` and use an id from there.",
    kind=ProblemKind.USAGE,
    source="docs/guides/operations.md",
)
PROBLEMS = (NO_SUCH,)

KINDS = ("expiry", "domain", "rotation", "clean")
ACTIVE, PAUSED, REMOVED = "active", "paused", "removed"
_TURNED = {ACTIVE: "resumed", PAUSED: "paused", REMOVED: "removed"}
# What a run that succeeded is watched for.
_WATCHED = {"custom-domain": "expiry", "email-domain": "domain"}
_AT_ONCE = 100  # orders in one transaction
ADOPT = 30.0  # seconds between looks for what succeeded: with 100,000 runs one takes 90 ms


@dataclass(frozen=True, slots=True)
class Schedule:
    """Instants are Unix seconds by the runs' clock. `every` is None where the kind decides; `at`
    is a rotation's date; `changed` is since when the last `result` has been so."""

    id: str
    kind: str
    subject: str
    status: str
    due: float
    every: float | None = None
    at: float | None = None
    result: str = ""
    looked: float | None = None
    changed: float | None = None


class Schedules:
    """Every method is one transaction, with the ledger's entry where somebody changes something:
    `by` is who asked, and why. To look needs no ledger."""

    def __init__(self, store: Store, runs: Runs, ledger: Callable[[], Ledger]) -> None:
        self.store, self.runs, self._ledger = store, runs, ledger

    def add(
        self,
        kind: str,
        subject: str,
        every: float | None = None,
        at: float | None = None,
        by: Change = NOBODY,
    ) -> Schedule:
        """Watch from now on; one that is there, or was removed, begins anew."""
        now = self.runs.clock.now()
        made = Schedule(f"{kind}:{subject}", kind, subject, ACTIVE, now, every, at)
        there = sa.select(SCHEDULES.c.id).where(_there(made.id))
        with self.store.write() as connection:
            what = "changed" if connection.execute(there).first() else "added"
            self.store.put(connection, SCHEDULES, **_values(made))
            self._enter(connection, what, made.id, by, **_told(made))
        return made

    def all(self) -> tuple[Schedule, ...]:
        query = sa.select(SCHEDULES).where(SCHEDULES.c.status != REMOVED)
        with self.store.read() as connection:
            rows = connection.execute(query.order_by(SCHEDULES.c.due, SCHEDULES.c.id))
            return tuple(_schedule(row) for row in rows)

    def turn(self, id_: str, status: str, by: Change = NOBODY) -> None:
        """Make it active, paused or removed. Raises schedules.no-such-schedule."""
        turned = sa.update(SCHEDULES).where(_there(id_)).values(status=status)
        with self.store.write() as connection:
            if connection.execute(turned).rowcount == 0:
                raise Problem(NO_SUCH, {"schedule": id_[:120]})
            self._enter(connection, _TURNED[status], id_, by)

    def _enter(
        self, connection: sa.Connection, what: str, id_: str, by: Change, **data: Fact
    ) -> None:
        entry = Entry.anew(f"schedule.{what}", id_, by, **data)
        self._ledger().append_in(connection, entry)

    def keep(self, kind: str, subject: str, result: str, at: float) -> None:
        """What a look came to at the instant `at`; kept again it is the same."""
        mine = SCHEDULES.c.id == f"{kind}:{subject}"
        with self.store.write() as connection:
            other = sa.and_(mine, SCHEDULES.c.result != result)
            values = {"result": result, "changed": at}
            connection.execute(sa.update(SCHEDULES).where(other).values(values))
            connection.execute(sa.update(SCHEDULES).where(mine).values(looked=at))

    def order_due(self, adopt: bool = True) -> tuple[str, ...]:
        """Order every check that is due, once for each instant it is due at; returns their runs.
        What was missed while nothing ran is made up by one look. `adopt`: what has succeeded is
        watched from now on, which takes a look at all that has."""
        if adopt:
            self._adopt_unwatched()
        now = self.runs.clock.now()
        due = sa.and_(SCHEDULES.c.status == ACTIVE, SCHEDULES.c.due <= now)
        query = sa.select(SCHEDULES).where(due).order_by(SCHEDULES.c.due).limit(_AT_ONCE)
        with self.store.read() as connection:
            rows = [_schedule(row) for row in connection.execute(query)]
        return tuple(run for one in rows if (run := self._order(one, now)))

    def _adopt_unwatched(self) -> None:
        with self.store.read() as connection:
            unwatched = connection.execute(_unwatched().limit(_AT_ONCE)).all()
        for journey, identity in unwatched:
            kind, subject = _WATCHED[journey], identity.partition(":")[2]
            made = Schedule(f"{kind}:{subject}", kind, subject, ACTIVE, self.runs.clock.now())
            with self.store.write() as connection:
                self.store.put_once(connection, SCHEDULES, **_values(made))

    def _order(self, one: Schedule, now: float) -> str:
        """The order and its turn are one transaction: whoever hung since it read what is due, and
        lost its lease, finds the turn taken. "": it was."""
        following = next_due(one.kind, now, now if one.changed is None else one.changed, one.every)
        mine = sa.and_(SCHEDULES.c.id == one.id, SCHEDULES.c.due == one.due)
        with suppress(IntegrityError), self.store.write() as connection:
            run = self._take_turn(connection, one, now)
            connection.execute(sa.update(SCHEDULES).where(mine).values(due=following))
            return run
        return ""  # another is at it

    def _take_turn(self, connection: sa.Connection, one: Schedule, now: float) -> str:
        same = sa.and_(TURNS.c.schedule == one.id, TURNS.c.due == one.due)
        if connection.execute(sa.select(TURNS.c.run).where(same)).first():
            return ""
        order = CheckOrder(one.kind, one.subject, one.due, one.result, one.at)
        run = self.runs.submit_in(connection, order, now, self.runs.asker)
        turn = {"schedule": one.id, "due": one.due, "run": run}
        connection.execute(sa.insert(TURNS).values(turn))
        return run


class Scheduler:
    """Orders what is due while it is entered, and holds the lease: of all processes one looks."""

    def __init__(self, schedules: Schedules, lease: Lease) -> None:
        self.schedules, self.lease = schedules, lease
        self._adopted = -ADOPT

    async def __aenter__(self) -> Scheduler:
        self._task = asyncio.create_task(lasting(self._ticking))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self.lease.epoch:
            with suppress(Problem):
                await asyncio.to_thread(self.lease.release)

    async def _ticking(self) -> None:
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(BEAT)

    def look(self) -> tuple[str, ...]:
        """Order what is due, if nobody else does; the runs."""
        mine = self.lease.renew() if self.lease.epoch else self.lease.acquire()
        if not mine:
            return ()
        adopt = time.monotonic() - self._adopted >= ADOPT
        if adopt:
            self._adopted = time.monotonic()
        return self.schedules.order_due(adopt)


def _unwatched() -> sa.Select[str, str]:
    """Things whose run succeeded, and that have no schedule yet."""
    kind = sa.case(_WATCHED, value=RUNS.c.journey)
    subject = sa.func.substr(RUNS.c.identity, sa.func.length(RUNS.c.journey) + 2)
    watched = sa.exists().where(SCHEDULES.c.id == kind + ":" + subject)
    return (
        sa.select(RUNS.c.journey, RUNS.c.identity)
        .where(RUNS.c.status == "succeeded", RUNS.c.journey.in_(_WATCHED), ~watched)
        .distinct()
    )


def _there(id_: str) -> sa.ColumnElement[bool]:
    return sa.and_(SCHEDULES.c.id == id_, SCHEDULES.c.status != REMOVED)


def _told(schedule: Schedule) -> dict[str, Fact]:
    every, at = schedule.every, schedule.at
    told: dict[str, Fact] = {} if every is None else {"every_seconds": every}
    return told if at is None else {**told, "at": rfc3339(at)}


def _values(schedule: Schedule) -> dict[str, object]:
    return {name: getattr(schedule, name) for name in Schedule.__slots__}


def _schedule(row: sa.Row[*tuple[object, ...]]) -> Schedule:
    return Schedule(**{name: getattr(row, name) for name in Schedule.__slots__})
