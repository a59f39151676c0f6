"""Performs the effects of a run that orders other runs: rows of the same store."""

from __future__ import annotations

import asyncio
from typing import cast

from ..adapters.genesys.caller import caller
from ..adapters.store.changes import change_of
from ..pipelines.many_effects import ReadRuns, RunsSeen, RunsStarted, StartRuns
from ..pipelines.orders import Item
from .bulk import Bulk


class ManyPerformer:
    """Ordering twice is harmless: an open run is joined, and what is done already is adopted."""

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    async def start(self, effect: StartRuns) -> RunsStarted:
        orders = cast("tuple[Item, ...]", effect.orders)
        return RunsStarted(await asyncio.to_thread(self._ordered, orders))

    def _ordered(self, orders: tuple[Item, ...]) -> tuple[str, ...]:
        """By whoever ordered the many, and for their reason: not by who works here."""
        return self._bulk.submit(orders, change_of(self._bulk.runs.store, caller().run))

    async def read(self, effect: ReadRuns) -> RunsSeen:
        return RunsSeen(await asyncio.to_thread(self._bulk.seen, effect.ids))
