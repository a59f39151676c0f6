"""The engine is asked to go on with runs: with these, once each, and with no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tiny import House, TinyOrder

from gctrust.runner.engine_dbos import FEW, Engine
from gctrust.runner.forks import Forks


@pytest.mark.parametrize("runs", [FEW, FEW + 3], ids=["each by itself", "in one commit"])
async def test_each_run_is_begun_once_and_asking_for_none_disturbs_nobody(tmp_path: Path, runs):
    house = House(tmp_path)
    runner = house.runner()
    ids = sorted(runner.submit(TinyOrder(name=f"r{n}")) for n in range(runs))
    executed: list[tuple[str, str]] = []
    over = asyncio.Event()

    async def execute(run: str, workflow: str) -> str:
        executed.append((run, workflow))
        await over.wait()
        return "ended"

    engine = Engine(house.store, Forks(house.store, runner.runs), "alone", execute)
    await engine.open()
    try:
        await engine.go_on(runner.runs.open_runs())
        for _ in range(200):
            if len(executed) == runs:
                break
            await asyncio.sleep(0.1)
        assert sorted(executed) == [(run, run) for run in ids]
        await engine.go_on(())  # as a look does whose run has ended meanwhile
        await asyncio.sleep(0.8)
        assert len(executed) == runs
    finally:
        over.set()
        await engine.close()
