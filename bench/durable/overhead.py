"""Durable steps per second: ours, and the bare engine's on the same kind of store.

`python overhead.py ours|outward|bare sqlite|postgresql [RUNS] [STEPS]` prints one figure.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig
from rig import Rig, Steps, places

from gctrust.adapters.store.store import Store
from gctrust.runner.engine_database import JsonSerializer, open_engine

# What ours stores for such an effect.
ANSWER = {
    "kind": "done",
    "outcome": {"~": "Seen", "number": 7, "text": "a small outcome, as a platform's status is"},
    "digest": "0" * 64,
    "line": [1, 1800000000.123456, 1800000000.123456, 0.000123456],
}


async def ours(place: str, folder: Path, runs: int, steps: int, outward: bool) -> float:
    rig = Rig(place, folder)
    for n in range(runs):
        rig.runner.submit(Steps(f"r{n}", steps, outward))
    await rig.runner.start()
    await rig.until_ended(runs, 120)
    await rig.runner.close()
    return runs * steps / (rig.ended_at - rig.begun_at)


async def bare(place: str, folder: Path, runs: int, steps: int) -> float:
    store = Store(place if "://" in place else folder / "store.db", "sandbox")
    config: DBOSConfig = {
        "name": "bare",
        "system_database_engine": open_engine(store),
        "application_version": "1",
        "executor_id": "bare",
        "serializer": JsonSerializer(),  # type: ignore[typeddict-item]
        "log_level": "CRITICAL",
        "max_executor_threads": 32,
    }
    DBOS(config=config)
    begun, ended = [0.0], [0.0]

    async def body() -> dict[str, Any]:
        begun[0] = begun[0] or time.monotonic()
        ended[0] = time.monotonic()
        return ANSWER

    async def flow(name: str) -> str:
        for number in range(steps):
            await DBOS.run_step_async({"name": f"{number + 1} Look {number}"}, body)
        return name

    registered = DBOS.workflow(name="flow")(flow)
    DBOS.launch()
    handles = [await DBOS.start_workflow_async(registered, f"r{n}") for n in range(runs)]
    for handle in handles:
        await handle.get_result()
    await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
    return runs * steps / (ended[0] - begun[0])


def main() -> None:
    who, kind = sys.argv[1], sys.argv[2]
    runs, steps = (int(text) for text in (*sys.argv[3:5], "8", "150")[:2])
    with places(kind) as (place, folder):
        if who == "bare":
            rate = asyncio.run(bare(place, folder, runs, steps))
        else:
            rate = asyncio.run(ours(place, folder, runs, steps, who == "outward"))
    print(rate)


if __name__ == "__main__":
    main()
