"""The process that gets killed: opens the app on a home, submits one order, drives until the run
has ended and its webhook is settled. Tells "leading" (or "watching")
and "ended STATUS" (or "problem CODE"), a line each."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from arena import as_order, settings_of

from gctrust.app import build_app
from gctrust.errors import Problem


async def work(home: Path, addresses: Path, order: Path) -> None:
    settings = settings_of(home, json.loads(addresses.read_text()))
    async with build_app(settings) as app, app.running() as runner:
        print("leading" if runner.leading else "watching", flush=True)
        wanted = as_order(order.read_text())
        begun = [run for run in runner.list_runs() if run.identity == wanted.identity]
        # A run that ended before the kill is not ordered anew: its webhook may still be due.
        run = begun[0].id if begun else runner.submit(wanted)
        runner.resume(run)  # of a run that failed: an open one, or one that ended, stays as it is
        end = await runner.await_end(run)
        assert end is not None
        while app.outbox.rows("pending"):
            await asyncio.sleep(0.02)
        print("ended", end.status, flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(work(*(Path(argument) for argument in sys.argv[1:])))
    except Problem as problem:
        print("problem", problem.code, flush=True)
        sys.exit(1)
