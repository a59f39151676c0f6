"""A worker that kills itself at one effect: HOME ADDRESSES ORDER N before|after.

"before" dies when the Nth effect is asked for, "after" when it is done and not yet recorded.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from arena import as_order, settings_of

from gctrust.app import App, build_app
from gctrust.pipelines.journeys import journeys
from gctrust.ports import Performer
from gctrust.runner.runner import Runner


def dying(performer: Performer, at: int, after: bool) -> Performer:
    count = 0

    async def perform(effect):
        nonlocal count
        count += 1
        mine = count == at
        if mine and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        outcome = await performer(effect)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return outcome

    return perform


def runner_of(app: App, performer: Performer) -> Runner:
    return Runner(
        pipelines=journeys(),
        performer=performer,
        clock=app.clock,
        store=app.store,
        outbox=app.outbox,
        executor=f"dying-{os.getpid()}",
    )


async def work(home: Path, addresses: Path, order: Path, at: int, after: bool) -> None:
    settings = settings_of(home, json.loads(addresses.read_text()))
    async with build_app(settings) as app:
        runner = runner_of(app, dying(app._performers(), at, after))
        await runner.start()
        print("leading" if runner.leading else "watching", flush=True)
        end = await runner.await_end(runner.submit(as_order(order.read_text())))
        assert end is not None
        print("ended", end.status, flush=True)
        await runner.close()


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:4]]
    asyncio.run(work(*paths, int(sys.argv[4]), sys.argv[5] == "after"))
