"""Runs interrupted by kill -9, all live in one worker: until the next has ended them all.

`python recovery.py sqlite|postgresql [RUNS]` prints the seconds from the start of the next worker.
On PostgreSQL workers do not see each other's processes: the dead one's heartbeat is missed for 6 s.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import sqlalchemy as sa
from rig import Nap, Rig, places, worker

from gctrust.adapters.store.schema import RUNS

AWAY = 86400.0


def waiting(rig: Rig) -> int:
    query = sa.select(sa.func.count()).select_from(RUNS).where(RUNS.c.waiting_until.is_not(None))
    with rig.store.read() as connection:
        return int(connection.execute(query).scalar_one())


def until(rig: Rig, seen: str, runs: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (count := waiting(rig) if seen == "wait" else rig.ended()) < runs:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {runs} runs {seen}")
        time.sleep(0.2)


def measure(place: str, folder: Path, runs: int) -> float:
    rig = Rig(place, folder)
    for n in range(runs):
        rig.runner.submit(Nap(f"n{n}", rig.clock.now() + AWAY))
    with worker(place, folder, linger=AWAY) as first:
        until(rig, "wait", runs, 30 + runs / 10)
        first.kill()
        first.wait()
    began = time.monotonic()
    with worker(place, folder, ahead=2 * AWAY):
        until(rig, "end", runs, 120)
        return time.monotonic() - began


if __name__ == "__main__":
    with places(sys.argv[1]) as (place, folder):
        print(measure(place, folder, int((*sys.argv[2:], "1000")[0])))
