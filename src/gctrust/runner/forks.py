"""Forks: a new generation of an ended run, with the outcomes of before a step, goes on from there.

A fork is rows, like an order: whoever drives the runs copies the engine's part when it begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ..adapters.store.schema import FORKS, PAST_SEGMENTS, RUNS, SEGMENTS, STEPS
from ..adapters.store.store import Store
from ..errors import Problem, ProblemKind, ProblemType
from .runs import OPEN, Runs, StepRow

STILL_OPEN = ProblemType(
    code="run.still-open",
    sentence="A run of this identity is still open.",
    why="Two runs for one thing at once would undo each other's work.",
    fix="Let it end or cancel it, then fork.",
    kind=ProblemKind.USAGE,
    source="docs/guides/operations.md",
)
NO_SUCH_PLACE = ProblemType(
    code="run.no-such-place",
    sentence="The run has no such stage or step.",
    why="A run is forked from a step of its history, or from the first step of a stage.",
    fix="Run `gctrust runs show RUN` and give a step's number or a stage's name from there.",
    kind=ProblemKind.USAGE,
    source="docs/guides/operations.md",
)
SOURCE_GONE = ProblemType(
    code="run.fork-source-gone",
    sentence="The outcomes that the fork was to begin with are no longer kept.",
    why="The run it was forked from was cleaned up before the fork began.",
    fix="Order the run anew.",
    source="docs/guides/operations.md",
)
PROBLEMS = (STILL_OPEN, NO_SUCH_PLACE, SOURCE_GONE)


@dataclass(frozen=True, slots=True)
class Fork:
    """`step`, counted in `workflow`, is the first that is not taken over."""

    run: str
    workflow: str
    step: int


class Forks:
    """Every method is one transaction."""

    def __init__(self, store: Store, runs: Runs) -> None:
        self.store, self.runs = store, runs

    def fork(self, run: str, place: str) -> tuple[str, int]:
        """The new run's id, and the step it goes on from. `place` is a step or a stage.

        Raises run.no-such-run, run.still-open, run.no-such-place.
        """
        row = self.runs.get(run)
        history = _lasting(row.history)
        step, span = _step_of(run, history, place), self.runs.span(run)
        try:
            with self.store.write() as connection:
                return self._fork(connection, run, step, history, span), step
        except IntegrityError:
            raise Problem(STILL_OPEN, {"identity": row.identity}) from None

    def _fork(
        self,
        connection: sa.Connection,
        run: str,
        step: int,
        history: Sequence[StepRow],
        span: float,
    ) -> str:
        old = connection.execute(sa.select(RUNS).where(RUNS.c.id == run)).one()._mapping
        same = RUNS.c.identity == old["identity"]
        last = connection.execute(
            sa.select(sa.func.max(RUNS.c.generation)).where(same)
        ).scalar_one()
        id_, now = f"{old['identity']}@{last + 1}", self.runs.clock.now()
        kept = {name: old[name] for name in ("journey", "identity", "order", "stage", "note")}
        own = {"id": id_, "generation": last + 1, "status": OPEN, "started": now}
        connection.execute(sa.insert(RUNS).values({**kept, **own, "horizon": now + span}))
        for line in history:
            if line.step < step:
                values = {name: getattr(line, name) for name in StepRow.__slots__}
                connection.execute(sa.insert(STEPS).values({**values, "run": id_, "life": 1}))
        self._begin_in_segment(connection, run, id_, step)
        return id_

    def _begin_in_segment(self, connection: sa.Connection, run: str, id_: str, step: int) -> None:
        segments = [s for s in _segments(connection, run) if s["base"] < step]
        source = segments[-1]
        workflow = id_ if source["base"] == 0 else f"{id_}#{source['number']}"
        values = {"run": id_, "workflow": workflow}
        connection.execute(
            sa.insert(FORKS).values(**values, source=source["workflow"], step=step - source["base"])
        )
        if source["base"]:
            connection.execute(sa.insert(SEGMENTS).values({**source, **values}))
            past = [{**segment, "run": id_} for segment in segments[:-1]]
            connection.execute(sa.insert(PAST_SEGMENTS), [*past, {**source, **values}])

    def of(self, workflows: Sequence[str]) -> Mapping[str, Fork]:
        """What each of these is to begin with, while it does not exist yet; those that begin with
        nothing are not named."""
        query = sa.select(FORKS).where(FORKS.c.workflow.in_(workflows))
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return {row.workflow: Fork(row.run, row.source, row.step) for row in rows}


def is_own(workflow: str, run: str) -> bool:
    """Whether the workflow is of this run: the engine gives a fork the arguments of its source."""
    return workflow == run or workflow.startswith(f"{run}#")


def _lasting(history: Sequence[StepRow]) -> list[StepRow]:
    """The steps that count: a later life replaces what the earlier ones did from its first step."""
    kept: list[StepRow] = []
    for line in history:
        while kept and kept[-1].step >= line.step:
            kept.pop()
        kept.append(replace(line, life=1))
    return kept


def _step_of(run: str, history: Sequence[StepRow], place: str) -> int:
    found = [
        line.step
        for line in history
        if place in (str(line.step), line.name.partition(" Stage ")[2])
    ]
    if not found or not place:
        raise Problem(NO_SUCH_PLACE, {"run": run, "place": place[:80]})
    return found[0]


def _segments(connection: sa.Connection, run: str) -> list[dict[str, Any]]:
    """Every segment the run went through, first to last; the first begins without a state."""
    found: dict[int, dict[str, Any]] = {
        0: {"run": run, "number": 1, "workflow": run, "base": 0, "state": ""}
    }
    for table in (PAST_SEGMENTS, SEGMENTS):
        for row in connection.execute(sa.select(table).where(table.c.run == run)):
            found[row.base] = dict(row._mapping)
    return [found[base] for base in sorted(found)]
