"""Many runs that wait, held by one worker: its memory, and how late each is woken.

`python waiting.py sqlite|postgresql [RUNS] [WOKEN]` prints megabytes, the latest wake, the median
one, and after how many seconds all waited. Then the clock jumps once, and runs on: the runs' times
come as those of 10,000 in ten minutes do, and the first WOKEN are waited for.
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
from gctrust.runner.bulk import AT_ONCE, Bulk

A_SECOND = 10_000 / 600
AWAY = 86400.0


def megabytes() -> float:
    """The most this process ever held."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def parked(rig: Rig) -> int:
    with rig.store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(PARKED)).scalar_one())


async def measure(place: str, folder: Path, runs: int, woken: int) -> tuple[float, ...]:
    rig = Rig(place, folder)
    until, began = rig.clock.now() + AWAY, time.monotonic()
    await rig.runner.start()
    naps = [Nap(f"n{n}", until + n / A_SECOND) for n in range(runs)]
    for first in range(0, runs, AT_ONCE):
        bulk = Bulk(rig.runner.runs)
        await asyncio.to_thread(bulk.submit, naps[first : first + AT_ONCE])
    deadline = time.monotonic() + 30 + runs / 10
    while await asyncio.to_thread(parked, rig) < runs:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{parked(rig)} of {runs} runs wait")
        await asyncio.sleep(1)
    parked_in = time.monotonic() - began
    rig.clock.ahead = until - time.time() - 2
    await rig.until_ended(woken, 60 + woken / 10)
    late = [
        float(str(row.end.summary["woken"])) - float(str(row.end.summary["until"]))
        for row in rig.runner.list_runs(runs)
        if row.end
    ]
    await rig.runner.close()
    assert len(late) >= woken
    return megabytes(), max(late), statistics.median(late), parked_in


if __name__ == "__main__":
    with places(sys.argv[1]) as (place, folder):
        count = int((*sys.argv[2:], "10000")[0])
        first = int((*sys.argv[3:], str(count))[0])
        print(*asyncio.run(measure(place, folder, count, first)))
