"""The engine is asked to go on with runs: with these, once each, and with no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tiny import House, TinyOrder

from gctrust.runner.engine_dbos import Engine
from gctrust.runner.forks import Forks


async def begun(folder: Path, runs: int) -> None:
    """Runs that last are begun; then what had ended meanwhile is asked for: nothing."""
    house = House(folder)
    runner = house.runner()
    for n in range(runs):
        runner.submit(TinyOrder(name=f"r{n}"))
    executed: list[str] = []

    async def execute(run: str, _workflow: str) -> str:
        executed.append(run)
        await asyncio.sleep(1.5)
        return "ended"

    engine = Engine(house.store, Forks(house.store, runner.runs), "alone", execute)
    await engine.open()
    try:
        lasting = runner.runs.open_runs()
        await engine.go_on(lasting)
        await engine.go_on(())
        await asyncio.sleep(1.0)
        assert sorted(executed) == sorted(run.id for run in lasting)
    finally:
        await engine.close()


def test_asked_for_no_run_it_leaves_alone_those_that_are_driven(tmp_path: Path) -> None:
    asyncio.run(begun(tmp_path, 3))
