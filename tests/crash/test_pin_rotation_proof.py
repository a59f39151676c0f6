"""A whole rotation under load: no handshake is refused, whatever is killed and whatever fails.

The harness is bench/rotation.py, whose naive plans show that it can fail. GCTRUST_LONG=1 kills the
process before and after every effect, and runs the whole proof; otherwise one run, one kill (and
test_kill_journeys.py kills at random moments).
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
LONG = os.environ.get("GCTRUST_LONG") == "1"
long = pytest.mark.skipif(not LONG, reason="GCTRUST_LONG=1 runs the whole proof and crash matrix")


def proof(*arguments: str, seconds: float) -> list[str]:
    command = [sys.executable, str(BENCH / "rotation.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def told(line: str) -> tuple[int, int]:
    found = re.search(r"([\d,]+) handshakes, ([\d,]+) refused", line)
    assert found is not None, line
    handshakes, refused = (int(number.replace(",", "")) for number in found.groups())
    return handshakes, refused


SHORT = "--runs 1 --kills 1 --rate 160 --naive-rate 30 --handshakes 300 --sample 48 --pause 0.05"


def test_the_full_plan_refuses_nobody():
    ((handshakes, refused),) = map(told, proof(*SHORT.split(), "--plan", "full", seconds=150.0))
    assert handshakes >= 300
    assert refused == 0


@long
def test_a_naive_plan_refuses_somebody_in_as_short_a_run():
    ((_, refused),) = map(told, proof(*SHORT.split(), "--plan", "replace-first", seconds=150.0))
    assert refused > 0


@long
def test_ten_thousand_handshakes_over_five_runs():
    *naive, full = map(told, proof(seconds=600.0))
    assert len(naive) == 3
    assert all(refused > 0 for _, refused in naive)
    assert full[0] >= 10_000
    assert full[1] == 0


async def rotated(effects: str, rate: float, seconds: float) -> list[str]:
    """The points at which the process died; a worker is started again after each death."""
    sys.path.insert(0, str(BENCH))
    from rotation import CLIENT, arena

    async with arena("full", 7, rate, 48) as made:
        fleet, stop = made.fleet(), asyncio.Event()
        load = asyncio.create_task(fleet.run(1_000_000, stop=stop, pause=0.1))
        ended = b""
        async with asyncio.timeout(seconds):
            while not ended:
                process = await made.worker(effects)
                assert process.stdout is not None
                ended = await process.stdout.read()
                assert await process.wait() in (0, -9)
        stop.set()
        report = await load
        assert ended == b"succeeded\n"
        assert report.handshakes > 50
        assert (report.refused, report.unreachable) == (0, 0)
        writes = [
            entry
            for entry in made.world.journal.json()
            if entry["effect"] and entry["method"] == "PATCH"
        ]
        assert len(writes) == 2, "published once, retired once"
        live = made.world.state.now.clients[CLIENT]
        assert live.pins == {made._pin("new"), made._pin("backup")}
        deaths = made.home / "deaths"
        return deaths.read_text().splitlines()


@long
async def test_killed_before_and_after_every_effect():
    points = await rotated(".", 60.0, 900.0)
    died = {(point.split()[0], point.split()[2]) for point in points}
    effects = "ReadPins AssessFiles ComputePins ReadPinUse WritePins ProbePins SwitchClient"
    assert died >= {(name, when) for name in effects.split() for when in ("before", "after")}
    assert len(points) >= 2 * (2 + 6 + 6)


@long
async def test_killed_after_each_write_before_it_is_recorded():
    points = await rotated("WritePins .* after", 80.0, 150.0)
    assert len(points) == 2
