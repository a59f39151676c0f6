"""Runs as rows: what was ordered, where it stands, which signals came, how it ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ..adapters.store.changes import NOBODY, Change, keep_in
from ..adapters.store.samples import Samples
from ..adapters.store.schema import PAST_SEGMENTS, RUNS, SEGMENTS, SIGNALS, STEPS
from ..adapters.store.store import Store
from ..errors import Problem
from ..pipelines.orders import Order, RunEnd
from ..ports import Clock
from .claims import unpark
from .codec import Codec, dumps
from .problems import NO_SUCH
from .samples import Sample, stage_samples

OPEN, FAILED, CANCELLED = "open", "failed", "cancelled"


@dataclass(frozen=True, slots=True)
class StepRow:
    """`kind` is "done", "failed" or "again"; `seconds` is real time, the instants the run's."""

    step: int
    name: str
    kind: str
    problem: str
    started: float
    ended: float
    seconds: float
    life: int = 1


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as watchers see it. `status` is "open" until it ends, then RunEnd's word, or "failed".

    Instants are Unix seconds by the run's clock. `started` is the first start for good; `life`
    counts up with each resumption of an ended run, and `horizon` lies that much later.
    """

    id: str
    journey: str
    identity: str
    status: str
    stage: str
    note: str
    waiting_until: float | None
    waiting_for: str
    started: float
    ended: float | None
    horizon: float
    life: int = 1
    problem: Problem | None = None
    end: RunEnd | None = None
    history: tuple[StepRow, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenRun:
    """What the engine needs to go on with a run: in `workflow`, whose first step comes after the
    run's step `base`, with the `state` that the segment before handed over (None: from the start).
    """

    id: str
    journey: str
    order: Order | None  # None: written by a version that knows other orders
    horizon: float
    life: int
    rewind_to: int | None
    owner: str | None
    workflow: str = ""
    base: int = 0
    state: object = None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which runs a list is to show; what is left out counts for nothing. `since`: Unix seconds."""

    status: str = ""
    journey: str = ""
    identity: str = ""
    since: float | None = None


# What a watcher is shown. An order of thousands of domains is not read to print one line of it.
_SHOWN = tuple(column for column in RUNS.c if column.name != "order")


def page_query(
    sought: Sought, limit: int, after: tuple[float, str] | None
) -> sa.Select[tuple[Any, ...]]:
    """Led by the indices of the schema, whatever is sought: no page reads all runs."""
    newest = sa.tuple_(RUNS.c.started, RUNS.c.id)
    query = sa.select(*_SHOWN).order_by(RUNS.c.started.desc(), RUNS.c.id.desc()).limit(limit)
    for name in ("status", "journey", "identity"):
        if wanted := getattr(sought, name):
            query = query.where(RUNS.c[name] == wanted)
    if sought.since is not None:
        query = query.where(RUNS.c.started >= sought.since)
    return query if after is None else query.where(newest < sa.tuple_(*map(sa.literal, after)))


class Runs:
    """The tables of runs, steps and signals. Every method is one transaction."""

    def __init__(self, store: Store, codec: Codec, clock: Clock, asker: Change = NOBODY) -> None:
        """`asker`: who orders and resumes where nobody else is named."""
        self.store, self.codec, self.clock, self.asker = store, codec, clock, asker

    def submit(self, order: Order, by: Change | None = None) -> str:
        """A new run, or the open one of the same identity. Returns its id."""
        try:
            return self._submit(order, by or self.asker)
        except IntegrityError:  # another process ordered the same between our look and our write
            return self._submit(order, by or self.asker)

    def _submit(self, order: Order, by: Change) -> str:
        now = self.clock.now()
        with self.store.write() as connection:
            return self.submit_in(connection, order, now, by)

    def submit_in(self, connection: sa.Connection, order: Order, now: float, by: Change) -> str:
        """As `submit`. Raises IntegrityError when another process ordered the same meanwhile."""
        same = sa.select(RUNS.c.id, RUNS.c.generation, RUNS.c.ended)
        same = same.where(RUNS.c.identity == order.identity).order_by(RUNS.c.generation.desc())
        last = connection.execute(same.limit(1)).first()
        if last and last.ended is None:
            return str(last.id)
        row = self.new_row(order, last.generation + 1 if last else 1, now)
        connection.execute(sa.insert(RUNS).values(row))
        keep_in(self.store, connection, str(row["id"]), by)
        return str(row["id"])

    def new_row(self, order: Order, generation: int, now: float) -> dict[str, object]:
        return {
            "id": f"{order.identity}@{generation}",
            "journey": order.identity.partition(":")[0],
            "identity": order.identity,
            "generation": generation,
            "order": dumps(self.codec.encode(order)),
            "status": OPEN,
            "started": now,
            "horizon": now + order.horizon,
        }

    def open_runs(self, ids: Collection[str] | None = None) -> tuple[OpenRun, ...]:
        """Oldest first; those of `ids`, or all."""
        segment = (SEGMENTS.c.workflow, SEGMENTS.c.base, SEGMENTS.c.state)
        query = sa.select(*RUNS.c, *segment).select_from(RUNS.outerjoin(SEGMENTS))
        query = query.where(RUNS.c.ended.is_(None)).order_by(RUNS.c.started)
        if ids is not None:
            query = query.where(RUNS.c.id.in_(ids))
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(self._open(row) for row in rows)

    def _open(self, row: sa.Row[*tuple[Any, ...]]) -> OpenRun:
        plain = (row.horizon, row.life, row.rewind_to, row.owner)
        run = OpenRun(row.id, row.journey, None, *plain, row.id)
        try:
            run = replace(run, order=cast(Order, self._read(row._mapping["order"])))
            if row.workflow is None:
                return run
            return replace(run, workflow=row.workflow, base=row.base, state=self._read(row.state))
        except TypeError:  # written by a version that knows other orders or states
            return replace(run, order=None)

    def _read(self, text: str) -> object:
        return self.codec.decode(json.loads(text), object)

    def hand_on(self, run: OpenRun, state: object, step: int) -> None:
        """The run goes on in the next workflow, `run#2`, from `state`. Done again after a crash
        it is the same."""
        mine = SEGMENTS.c.run == run.id
        with self.store.write() as connection:
            number = connection.execute(sa.select(SEGMENTS.c.number).where(mine)).scalar() or 1
            workflow = f"{run.id}#{number + 1}" + (f".{run.life}" if run.life > 1 else "")
            connection.execute(sa.delete(SEGMENTS).where(mine))
            values: dict[str, object] = {"run": run.id, "number": number + 1, "base": step}
            values |= {"workflow": workflow, "state": dumps(self.codec.encode(state))}
            connection.execute(sa.insert(SEGMENTS).values(values))
            self.store.put(connection, PAST_SEGMENTS, **values)

    def get(self, run: str, *, history: bool = True) -> RunRow:
        """Raises Problem run.no-such-run."""
        with self.store.read() as connection:
            row = connection.execute(sa.select(*_SHOWN).where(RUNS.c.id == run)).first()
            if row is None:
                raise Problem(NO_SUCH, {"run": run})
            query = sa.select(STEPS).where(STEPS.c.run == run).order_by(STEPS.c.life, STEPS.c.step)
            steps = connection.execute(query).all() if history else ()
        return self._row(row, tuple(_step(step) for step in steps))

    def all(self, limit: int = 200) -> tuple[RunRow, ...]:
        """Newest first, without their history."""
        return self.page(Sought(), limit)

    def page(
        self, sought: Sought, limit: int, after: tuple[float, str] | None = None
    ) -> tuple[RunRow, ...]:
        """Newest first, those beyond the run that `after` names by its start and id."""
        with self.store.read() as connection:
            rows = connection.execute(page_query(sought, limit, after))
            return tuple(self._row(row) for row in rows)

    def count(self) -> Mapping[tuple[str, str], int]:
        """How many runs there are, by journey and status."""
        query = sa.select(RUNS.c.journey, RUNS.c.status, sa.func.count())
        with self.store.read() as connection:
            rows = connection.execute(query.group_by(RUNS.c.journey, RUNS.c.status))
            return {(journey, status): count for journey, status, count in rows}

    def _row(self, row: sa.Row[tuple[object, ...]], history: tuple[StepRow, ...] = ()) -> RunRow:
        plain = [n for n in RunRow.__slots__ if n not in ("problem", "end", "history")]
        problem, end = row._mapping["problem"], row._mapping["end"]
        return RunRow(
            **{name: row._mapping[name] for name in plain},
            problem=self.codec.decode_problem(json.loads(problem)) if problem else None,
            end=self.codec.decode(json.loads(end), RunEnd) if end else None,
            history=history,
        )

    def write(
        self, lines: Sequence[tuple[str, StepRow]], shown: Mapping[str, Mapping[str, object]]
    ) -> None:
        """Lines of histories, and what open runs are doing. A line that is there stays."""
        rows = [
            {"run": run} | {n: getattr(line, n) for n in StepRow.__slots__} for run, line in lines
        ]
        with self.store.write() as connection:
            if rows:
                self.store.put_all_once(connection, STEPS, rows)
            for run, values in shown.items():
                open_ = sa.and_(RUNS.c.id == run, RUNS.c.ended.is_(None))
                connection.execute(sa.update(RUNS).where(open_).values(**values))

    def began(self, run: str) -> None:
        """The engine has taken the run up: nothing is left to be rewound."""
        with self.store.write() as connection:
            connection.execute(sa.update(RUNS).where(RUNS.c.id == run).values(rewind_to=None))

    def ended(self, run: str, end: RunEnd) -> None:
        self._finish(run, end.status, end=dumps(self.codec.encode(end)))

    def failed(self, run: str, problem: Problem, step: int, status: str = FAILED) -> None:
        """`step` is where a resumption begins again; one before the segment is the start."""
        text = dumps(self.codec.encode_problem(problem))
        with self.store.write() as connection:
            for table in (SEGMENTS, PAST_SEGMENTS):
                undone = sa.and_(table.c.run == run, table.c.base >= step)
                connection.execute(sa.delete(table).where(undone))
        self._finish(run, status, problem=text, rewind_to=step)

    def _finish(self, run: str, status: str, **values: object) -> None:
        try:
            now = self.clock.now()
        except Problem:  # a sandbox that has gone takes its clock along, not the run's end
            row = self.get(run)
            now = row.history[-1].ended if row.history else row.started
        with self.store.write() as connection:
            changed = connection.execute(
                sa.update(RUNS)
                .where(RUNS.c.id == run, RUNS.c.ended.is_(None))
                .values(status=status, ended=now, waiting_until=None, waiting_for="", **values)
            )
            if changed.rowcount:
                samples = Samples(self.store, self.clock)
                samples.keep_in(connection, self._stages_in(connection, run, now), now)

    def _stages_in(self, connection: sa.Connection, run: str, ended: float) -> tuple[Sample, ...]:
        """How long each stage of the run's last life took, for /metrics."""
        life = sa.select(RUNS.c.life).where(RUNS.c.id == run).scalar_subquery()
        query = sa.select(STEPS.c.name, STEPS.c.started).where(
            STEPS.c.run == run, STEPS.c.life == life, STEPS.c.name.contains(" Stage ")
        )
        steps = connection.execute(query.order_by(STEPS.c.step)).all()
        begun = [(name.partition(" Stage ")[2], started) for name, started in steps]
        return stage_samples(run.partition(":")[0], begun, ended)

    def reopen(self, run: str, by: Change | None = None) -> bool:
        """Take a failed run up again from the step it failed at; False when it did not fail.

        It has the horizon of its order anew, from now; its start stays what it was. Who asked
        before to cancel it has changed their mind. An open run, or a later one of the same
        identity, is left as it is.
        """
        horizon = self.clock.now() + self.span(run)
        try:
            with self.store.write() as connection:
                changed = connection.execute(
                    sa.update(RUNS)
                    .where(RUNS.c.id == run, RUNS.c.ended.is_not(None), RUNS.c.end.is_(None))
                    .values(
                        status=OPEN,
                        ended=None,
                        problem=None,
                        life=RUNS.c.life + 1,
                        owner=None,
                        horizon=horizon,
                    )
                )
                if changed.rowcount:
                    connection.execute(_cancels(run).values(taken_by="resumed"))
                    keep_in(self.store, connection, run, by or self.asker)
                return changed.rowcount > 0
        except IntegrityError:
            return False

    def span(self, run: str) -> float:
        """The seconds of its order's horizon. Raises Problem run.no-such-run."""
        row = self.get(run, history=False)
        with self.store.read() as connection:
            text = connection.execute(sa.select(RUNS.c.order).where(RUNS.c.id == run)).scalar_one()
        try:
            return cast(Order, self._read(text)).horizon
        except TypeError:
            return row.horizon - row.started

    def signal(self, run: str, name: str) -> None:
        """Raises Problem run.no-such-run."""
        self.get(run, history=False)
        with self.store.write() as connection:
            unpark(connection, run)
            connection.execute(sa.insert(SIGNALS).values(run=run, name=name, at=self.clock.now()))

    def heard(self, run: str, by: str, names: Sequence[str]) -> bool:
        """A signal has come that ends the wait `by`, or ended it."""
        with self.store.read() as connection:
            return connection.execute(_ending(run, by, names)).first() is not None

    def take_signal(self, run: str, by: str, names: Sequence[str]) -> str | None:
        """The signal that ends the wait `by`; the same one when asked again after a crash."""
        if not self.heard(run, by, names):
            return None
        with self.store.write() as connection:
            found = connection.execute(_ending(run, by, names)).first()
            if found is None:
                return None
            connection.execute(
                sa.update(SIGNALS).where(SIGNALS.c.id == found.id).values(taken_by=by)
            )
            return str(found.name)


def _ending(run: str, by: str, names: Sequence[str]) -> sa.Select[tuple[int, str]]:
    return (
        sa.select(SIGNALS.c.id, SIGNALS.c.name)
        .where(SIGNALS.c.run == run, SIGNALS.c.name.in_(names))
        .where(sa.or_(SIGNALS.c.taken_by == by, SIGNALS.c.taken_by.is_(None)))
        .order_by(SIGNALS.c.taken_by.is_(None), SIGNALS.c.id)
        .limit(1)
    )


def _cancels(run: str) -> sa.Update:
    """Those that no wait has heard."""
    return sa.update(SIGNALS).where(
        SIGNALS.c.run == run, SIGNALS.c.name == "cancel", SIGNALS.c.taken_by.is_(None)
    )


def _step(row: sa.Row[tuple[object, ...]]) -> StepRow:
    return StepRow(**{name: getattr(row, name) for name in StepRow.__slots__})
