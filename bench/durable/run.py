"""`make bench-durable`: the table of how runs last, the bare engine beside ours.

`python run.py [--quick] [--every-point] [NAME...]`: medians of three rounds, or one round of
smaller numbers; some crash points of each journey, or all; NAMEs choose among the rows. Every
figure is measured by a process of its own, which ends with it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig import places

HERE = Path(__file__).parent
STORES = ("sqlite", "postgresql")
JOURNEYS = ("email-domain", "custom-domain", "pin-rotation")
PAUSE = "400"  # milliseconds of a call: 16 at once leave a worker of two cores waiting, not working
LIMIT = 1500.0  # seconds for one process


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    ours: str
    beside: str
    goal: str
    met: bool | None = None  # None: has no goal of its own


def measured(*command: str) -> list[float]:
    """What a process prints last. It and all it started end with it, or after LIMIT."""
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, _ = process.communicate(timeout=LIMIT)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # its own group, and nobody else's
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return [float(text) for text in out.splitlines()[-1].split()]


def script(name: str, *arguments: str) -> list[float]:
    return measured(str(HERE / f"{name}.py"), *arguments)


def medians(rounds: Iterable[list[float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def overhead(rounds: int, quick: bool) -> Iterable[Row]:
    size = ("8", "100" if quick else "300")
    for store in STORES:
        taken = [
            [script("overhead", who, store, *size)[0] for who in ("bare", "ours", "outward")]
            for _ in range(rounds)
        ]
        ratio = statistics.median(ours / bare for bare, ours, _ in taken)
        bare, ours, outward = medians(taken)
        met = ratio >= 0.9
        yield Row(
            f"durable steps/s, {store}", f"{ours:.0f}", f"bare {bare:.0f}, {ratio:.2f}", "0.90", met
        )
        yield Row(f"outward steps/s, {store}", f"{outward:.0f}", "two ledger entries each", "5/s")


def waiting(rounds: int, quick: bool) -> Iterable[Row]:
    """One round: its own runs are the many."""
    sizes = (500, 500) if quick else (10_000, 2_000)
    for store, runs in zip(STORES, sizes, strict=True):
        woken = min(runs, 1_000)
        held, latest, median, parked = script("waiting", store, str(runs), str(woken))
        what = f"{runs:,} waiting runs, {store}"
        yield Row(f"{what}: memory", f"{held:.0f} MB", "one worker", "500 MB", held < 500)
        yield Row(f"{what}: until all wait", f"{parked:.0f} s", f"{runs / parked:.0f}/s", "")
        wakes = f"{woken:,} of them, median {median:.1f} s"
        yield Row(f"{what}: latest wake", f"{latest:.1f} s", wakes, "5 s", latest < 5)


def recovery(rounds: int, quick: bool) -> Iterable[Row]:
    runs = 200 if quick else 1000
    for store in STORES:
        (taken,) = medians(script("recovery", store, str(runs)) for _ in range(rounds))
        beside = "6 s of it the lease" if store == "postgresql" else ""
        what = f"{runs:,} interrupted runs ended, {store}"
        yield Row(what, f"{taken:.1f} s", beside, "30 s", taken < 30)


def workers(rounds: int, quick: bool) -> Iterable[Row]:
    size = ("64", "4", PAUSE) if quick else ("96", "8", PAUSE)
    taken = [script("workers", *size) for _ in range(rounds)]
    ratio = statistics.median(two / one for one, two in taken)
    one, two = medians(taken)
    told = f"one {one:.0f}/s, {ratio:.2f}"
    yield Row(f"two workers, calls of {PAUSE} ms", f"{two:.0f}/s", told, "1.7", ratio >= 1.7)


def budget(rounds: int, quick: bool) -> Iterable[str]:
    """One round: its own windows are the many."""
    return importlib.import_module("budget").rows(100 if quick else 1000)


def points(rounds: int, quick: bool) -> Iterable[Row]:
    """One round: every point is there once, or it is not 100 %."""
    more = () if "--every-point" in sys.argv else ("--points", "2" if quick else "6")
    for store in STORES:
        with places(store) as (place, _):
            where = ("--store", place) if store == "postgresql" else ()
            for journey in JOURNEYS:
                told = rehearsed(journey, *where, *more)
                right, count = told["right"], told["points"]
                what = f"crash points, {journey}, {store}"
                yield Row(what, f"{right} of {count}", "", "100 %", right == count)


def rehearsed(journey: str, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "gctrust", "rehearse", journey, "--json", *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=False)
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


ROWS: dict[str, Callable[[int, bool], Iterable[Row | str]]] = {
    "overhead": overhead,
    "waiting": waiting,
    "recovery": recovery,
    "workers": workers,
    "budget": budget,
    "points": points,
}


def main() -> int:
    quick = "--quick" in sys.argv
    chosen = [name for name in sys.argv[1:] if name in ROWS] or list(ROWS)
    missed, began = 0, time.monotonic()
    print(f"{'what':44}{'ours':>12}  {'beside':32}{'goal':>8}", flush=True)
    for name in chosen:
        for row in ROWS[name](1 if quick else 3, quick):
            if isinstance(row, str):
                missed += "MISSED" in row
                print(row, flush=True)
                continue
            missed += row.met is False
            mark = "  MISSED" if row.met is False else ""
            print(f"{row.what:44}{row.ours:>12}  {row.beside:32}{row.goal:>8}{mark}", flush=True)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{time.monotonic() - began:.0f} s, load average {load}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
