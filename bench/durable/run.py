"""`make bench-durable`: the table of how runs last, the bare engine beside ours.

`python run.py [--quick] [NAME...]`: medians of three rounds, or one round of smaller numbers; NAMEs
choose among the rows. Every figure is measured by a process of its own, which ends with it.
"""

from __future__ import annotations

import importlib.util
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

HERE = Path(__file__).parent
STORES = ("sqlite", "postgresql")
JOURNEYS = ("email-domain", "custom-domain", "pin-rotation")
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
    runs = 500 if quick else 10_000
    for store in STORES:
        held, latest, median = medians(script("waiting", store, str(runs)) for _ in range(rounds))
        what = f"{runs:,} waiting runs, {store}"
        yield Row(f"{what}: memory", f"{held:.0f} MB", "one worker", "500 MB", held < 500)
        wakes = f"median {median:.1f} s"
        yield Row(f"{what}: latest wake", f"{latest:.1f} s", wakes, "5 s", latest < 5)


def recovery(rounds: int, quick: bool) -> Iterable[Row]:
    runs = 200 if quick else 1000
    for store in STORES:
        (taken,) = medians(script("recovery", store, str(runs)) for _ in range(rounds))
        beside = "6 s of it the lease" if store == "postgresql" else ""
        what = f"{runs:,} interrupted runs ended, {store}"
        yield Row(what, f"{taken:.1f} s", beside, "30 s", taken < 30)


def workers(rounds: int, quick: bool) -> Iterable[Row]:
    size = ("60", "6") if quick else ("200", "10")
    taken = [script("workers", *size) for _ in range(rounds)]
    ratio = statistics.median(two / one for one, two in taken)
    one, two = medians(taken)
    told = f"one {one:.0f}/s, {ratio:.2f}"
    yield Row("two workers, calls of 100 ms", f"{two:.0f}/s", told, "1.7", ratio >= 1.7)


def budget(rounds: int, quick: bool) -> Iterable[Row]:
    """Of bench/durable/budget.py: rows of (what, ours, beside, goal, met)."""
    path = HERE / "budget.py"
    if not path.exists():
        yield Row("request budget", "skipped", "no budget.py", "98 %")
        return
    spec = importlib.util.spec_from_file_location("budget", path)
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules["budget"] = module
    spec.loader.exec_module(module)
    for row in module.rows():
        yield row if isinstance(row, Row) else Row(*row)


def points(rounds: int, quick: bool) -> Iterable[Row]:
    more = ("--points", "4") if quick else ()
    for journey in JOURNEYS:
        command = [sys.executable, "-m", "gctrust", "rehearse", journey, "--json", *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
        lines = done.stdout.strip().splitlines()
        try:
            told = json.loads(lines[-1])
            right, count = told["right"], told["points"]
        except (IndexError, ValueError, KeyError):
            yield Row(f"crash points, {journey}", "skipped", "no rehearse", "100 %")
            continue
        yield Row(f"crash points, {journey}", f"{right} of {count}", "", "100 %", right == count)


ROWS: dict[str, Callable[[int, bool], Iterable[Row]]] = {
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
            missed += row.met is False
            mark = "  MISSED" if row.met is False else ""
            print(f"{row.what:44}{row.ours:>12}  {row.beside:32}{row.goal:>8}{mark}", flush=True)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{time.monotonic() - began:.0f} s, load average {load}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
