"""Drives one order through the real app against the sandbox, while the sandbox's clock runs on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from arena import Arena

from gctrust.adapters.sandbox_clock import SandboxClock
from gctrust.app import App, build_app
from gctrust.pipelines.orders import EmailDomainOrder, Order
from gctrust.runner.runner import Runner
from gctrust.runner.runs import RunRow

JUMP, BETWEEN = 10.0, 0.05  # seconds of the sandbox's clock, seconds of ours


@dataclass
class Voyage:
    """The app on one home, its runner driving."""

    house: Arena
    app: App
    runner: Runner

    async def ended(self, order: Order, seconds: float = 60.0) -> RunRow:
        """Submit the order and see it to its end, publishing DNS records when it is their time."""
        run = self.runner.submit(order)
        await self.until(lambda: self.runner.show(run).status != "open", order, seconds)
        return self.runner.show(run)

    async def until(
        self, condition: Callable[[], object], order: Order | None = None, seconds: float = 30.0
    ) -> None:
        """Let the platform's time run on until the condition holds. Fails when it never does."""
        publish = isinstance(order, EmailDomainOrder)
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, [
                (run.id, run.stage, run.note, run.waiting_for) for run in self.runner.list_runs()
            ]
            if publish and isinstance(order, EmailDomainOrder):
                publish = not self.publish(order)
            await self.pass_time()

    async def meanwhile(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        """As `until`, for what is to be seen while the run waits: no wait is jumped over."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, [run.note for run in self.runner.list_runs()]
            self.house.advance(JUMP)
            if isinstance(self.app.clock, SandboxClock):
                self.app.clock.jumped()
            await asyncio.sleep(BETWEEN)

    async def pass_time(self, jump: float = JUMP) -> None:
        """To the next instant somebody waits for, when nobody does anything; else a jump."""
        deadlines = self.runner.pending_deadlines() if self.runner.idle else ()
        now = float(self.house.control("GET", "/clock")["now"])
        self.house.advance(max(jump, deadlines[0] - now) if deadlines else jump)
        if isinstance(self.app.clock, SandboxClock):
            self.app.clock.jumped()
        await asyncio.sleep(BETWEEN)

    def publish(self, order: EmailDomainOrder) -> bool:
        """False while the run does not look at DNS yet: the faults under test come before it."""
        rows = [run for run in self.runner.list_runs() if run.identity == order.identity]
        return rows[0].stage == "dns" and self.house.publish(order)

    def actions(self, run: str) -> list[str]:
        return [entry.action for entry in self.app.ledger.entries(run=run)]

    def problems(self, run: str) -> set[str]:
        """Codes of all the Problems the run met on its way."""
        return {step.problem for step in self.runner.show(run).history if step.problem}


@asynccontextmanager
async def voyage(house: Arena, **changes: str) -> AsyncIterator[Voyage]:
    async with build_app(house.settings(**changes)) as app, app.running() as runner:
        yield Voyage(house, app, runner)


def told(row: RunRow) -> str:
    """The Problem a run ended in, wherever the journey tells it."""
    if row.problem is not None:
        return str(row.problem)
    assert row.end is not None
    return str(row.end.summary["error"])
