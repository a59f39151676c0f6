"""Many runs that wait, held by one worker: its memory, and how late each is woken.

`python waiting.py sqlite|postgresql [RUNS]` prints megabytes, the latest wake and the median one.
The clock jumps once when all wait; from then on it runs, and the runs' times come at 40 a second.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import time
from pathlib import Path

import sqlalchemy as sa
from rig import Nap, Rig, places

from gctrust.adapters.store.schema import PARKED

A_SECOND = 40
AWAY = 86400.0


def megabytes() -> float:
    """The most this process ever held."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def parked(rig: Rig) -> int:
    with rig.store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(PARKED)).scalar_one())


async def measure(place: str, folder: Path, runs: int) -> tuple[float, float, float]:
    rig = Rig(place, folder)
    until = rig.clock.now() + AWAY
    await rig.runner.start()
    for n in range(runs):
        await asyncio.to_thread(rig.runner.submit, Nap(f"n{n}", until + n / A_SECOND))
    deadline = time.monotonic() + 30 + runs / 15
    while await asyncio.to_thread(parked, rig) < runs:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{parked(rig)} of {runs} runs wait")
        await asyncio.sleep(1)
    rig.clock.ahead = until - time.time() - 2
    await rig.until_ended(runs, 60 + runs / 10)
    late = [
        float(str(row.end.summary["woken"])) - float(str(row.end.summary["until"]))
        for row in rig.runner.list_runs(runs)
        if row.end
    ]
    await rig.runner.close()
    assert len(late) == runs
    return megabytes(), max(late), statistics.median(late)


if __name__ == "__main__":
    with places(sys.argv[1]) as (place, folder):
        print(*asyncio.run(measure(place, folder, int((*sys.argv[2:], "10000")[0]))))
