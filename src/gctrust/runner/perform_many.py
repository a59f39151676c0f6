"""Performs the effects of a run that orders other runs: rows of the same store."""

from __future__ import annotations

import asyncio

from ..pipelines.many_effects import ReadRuns, RunSeen, RunsSeen, RunsStarted, StartRuns
from ..pipelines.orders import CustomDomainOrder
from .runs import Runs


class ManyPerformer:
    """Ordering twice is harmless: an open run is joined, and what serves already is adopted."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def start(self, effect: StartRuns) -> RunsStarted:
        orders = [one for one in effect.orders if isinstance(one, CustomDomainOrder)]
        return RunsStarted(tuple([await asyncio.to_thread(self._start, one) for one in orders]))

    def _start(self, order: CustomDomainOrder) -> str:
        """ "" when an open run for the domain deploys something else."""
        for other in self._runs.open_runs():
            if other.order and other.order.identity == order.identity:
                same = getattr(other.order, "files", None) == order.files
                return other.id if same else ""
        return self._runs.submit(order)

    async def read(self, effect: ReadRuns) -> RunsSeen:
        return RunsSeen(tuple([await asyncio.to_thread(self._read, id_) for id_ in effect.ids]))

    def _read(self, id_: str) -> RunSeen:
        row = self._runs.get(id_, history=False)
        status = "open" if row.ended is None else row.status
        return RunSeen(id_, status, row.problem.code if row.problem else "")
