"""Webhooks that are due leave one after another, from the one process that may send them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ..adapters.webhooks.outbox import Outbox
from .claims import Claims

LOOK = 0.1  # seconds between looks for due deliveries
IDLE = 1.0  # and while there is no endpoint at all


class Deliveries:
    """`blocking` calls the store in a thread; `leading`: this process drives runs."""

    def __init__(
        self,
        outbox: Outbox,
        claims: Claims,
        blocking: Callable[..., Coroutine[Any, Any, Any]],
        leading: Callable[[], bool],
    ) -> None:
        self.outbox, self._claims = outbox, claims
        self._blocking, self._leading = blocking, leading
        self.under_way = 0

    async def tick(self) -> None:
        """Runs until it is cancelled."""
        while True:
            due = await self._blocking(self.outbox.due) if self._leading() else ()
            for name in due:
                if not await self._blocking(self._claims.may_deliver):
                    break
                self.under_way += 1
                try:
                    await self.outbox.deliver(name)
                finally:
                    self.under_way -= 1
            await asyncio.sleep(LOOK if self.outbox.watched else IDLE)
