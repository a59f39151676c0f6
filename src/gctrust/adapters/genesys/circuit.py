"""The circuit breaker of one host, shared by every process: an open one is asked by one probe."""

from __future__ import annotations

import time

from ...errors import Fact, Problem
from ...ports import Clock
from .breaker import Breaker
from .problems import CIRCUIT_OPEN
from .shared import Shared, Where

LOOK = 2.0  # seconds for which a host that was well is taken to be well


class Circuit:
    """Costs little while all is well: its row is read now and then, and written when it changes."""

    def __init__(self, clock: Clock, shared: Shared[Breaker]) -> None:
        self._clock, self._shared = clock, shared
        self._looked = 0.0

    @property
    def breaker(self) -> Breaker:
        return self._shared.own

    async def check(self, operation: str) -> None:
        """Raises Problem genesys.circuit-open."""
        await self._pass(operation, sending=False)

    async def enter(self, operation: str) -> None:
        """A request goes out; through an open circuit only the one probe does.

        Raises Problem genesys.circuit-open.
        """
        await self._pass(operation, sending=True)

    async def answered(self, well: bool) -> None:
        if well and not self.breaker.failures:
            return
        now = self._clock.now()

        def change(breaker: Breaker, where: Where) -> tuple[Breaker, None]:
            return breaker.succeeded() if well else breaker.failed(now + where.skew), None

        await self._shared.change(change)

    async def _pass(self, operation: str, *, sending: bool) -> None:
        if not self.breaker.failures and time.monotonic() - self._looked < LOOK:
            return
        now = self._clock.now()

        def change(breaker: Breaker, where: Where) -> tuple[Breaker, float | None]:
            at = now + where.skew
            if not breaker.may_send(at):
                return breaker, breaker.blocked_until - where.skew
            return breaker.sending(at) if sending else breaker, None

        blocked_until = await self._shared.change(change)
        self._looked = time.monotonic()
        if blocked_until is not None:
            facts: dict[str, Fact] = {
                "operation": operation,
                "host": self.breaker.host,
                "failures": self.breaker.failures,
            }
            raise Problem(CIRCUIT_OPEN, facts, retry_at=blocked_until)
