"""A worker that kills itself at one effect: HOME ADDRESSES N before|amid|after EFFECT ORDER...

"before" dies when the Nth effect of that name is asked for ("any": of all), "after" when it is done
and not yet recorded, "amid" when the platform has answered its first write and nothing is done with
the answer. All orders are driven at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from functools import cached_property
from pathlib import Path

from arena import as_order, settings_of

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.regions import platform_address
from gctrust.adapters.system import clock_for
from gctrust.app import App, AsyncExitStack
from gctrust.pipelines.journeys import journeys
from gctrust.ports import Performer
from gctrust.runner.runner import Runner


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Death:
    """When, and at which effect."""

    def __init__(self, number: int, word: str, effect: str) -> None:
        self.left, self.word, self.effect, self.amid = number, word, effect, False

    def watching(self, performer: Performer) -> Performer:
        async def perform(effect):
            named = self.effect in ("any", type(effect).__name__)
            self.left -= named and self.word != "after"
            if named and self.left == 0 and self.word == "before":
                die()
            self.amid |= named and self.left == 0 and self.word == "amid"
            outcome = await performer(effect)
            self.left -= named and self.word == "after"
            if named and self.left == 0:
                die()
            return outcome

        return perform


class DyingClient(GenesysClient):
    death: Death

    async def call(self, operation, *given, **more):
        answer = await super().call(operation, *given, **more)
        if self.death.amid and self._dialect.route(operation).writes:
            die()
        return answer


class DyingApp(App):
    death: Death

    @cached_property
    def genesys(self) -> GenesysClient:
        client = DyingClient.of(self.settled, self.clock, rows=self._shared_rows)
        client.death = self.death
        self._stack.push_async_callback(client.close)
        return client

    def _performers(self) -> Performer:
        return self.death.watching(super()._performers())


def runner_of(app: App, performer: Performer) -> Runner:
    return Runner(
        pipelines=journeys(),
        performer=performer,
        clock=app.clock,
        store=app.store,
        outbox=app.outbox,
        executor=f"dying-{os.getpid()}",
    )


async def work(home: Path, addresses: Path, death: Death, orders: list[Path]) -> None:
    settings = settings_of(home, json.loads(addresses.read_text()))
    address = platform_address(settings)
    async with AsyncExitStack() as stack:
        app = DyingApp(settings, clock_for(address), address, stack)
        app.death = death
        runner = runner_of(app, app._performers())
        await runner.start()
        print("leading" if runner.leading else "watching", flush=True)
        for run in [submitted(runner, path) for path in orders]:
            end = await runner.await_end(run)
            assert end is not None
            print("ended", end.status, flush=True)
        await runner.close()


def submitted(runner: Runner, path: Path) -> str:
    """One that ended in a life before is not ordered anew: its run is noted beside the order."""
    note, text = path.with_suffix(".run"), path.read_text()
    noted = json.loads(note.read_text()) if note.exists() else {}
    if noted.get("order") != text:
        noted = {"order": text, "run": runner.submit(as_order(text))}
        note.write_text(json.dumps(noted))
    return str(noted["run"])


if __name__ == "__main__":
    home, addresses = map(Path, sys.argv[1:3])
    number, word, effect = sys.argv[3:6]
    death = Death(int(number), word, effect)
    asyncio.run(work(home, addresses, death, [Path(one) for one in sys.argv[6:]]))
