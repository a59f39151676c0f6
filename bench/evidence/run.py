"""Figures of the ledger, webhooks and metrics, beside the disk's own: `make bench-evidence`.

Each line is a median of three: ours, what it is measured against in the same run, their ratio, and
the goal. `--quick` takes a tenth of the entries and of the trials.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import scrape
import webhooks
from tampering import trials

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.ledger.signed_note import read_checkpoint
from gctrust.adapters.store.store import Store

DATA = {"domain": "mail.example.com", "tries": 3, "latency_ms": 12.5, "records": ["a", "b"]}
PAYLOAD = b"x" * 400  # as long as an entry
GROUP, ROUNDS, TURNS = 100, 3, 10
Rate = Callable[[int], float]


class WallClock:
    def now(self) -> float:
        return time.time()


def entry(run: str, step: int) -> Entry:
    return Entry("email-domain.verified", "mail.example.com", run, step, data=dict(DATA))


def rate(count: int, work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def syncs(folder: Path, count: int) -> float:
    with (folder / "file").open("wb", buffering=0) as file:

        def work() -> None:
            for _ in range(count):
                file.write(PAYLOAD)
                os.fsync(file.fileno())

        return rate(count, work)


def bare(folder: Path, count: int) -> float:
    """Groups of the same columns and indexes as the ledger's, with nothing computed."""
    database = sqlite3.connect(folder / f"bare{time.monotonic_ns()}.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(
        "CREATE TABLE ledger (seq INTEGER PRIMARY KEY, run TEXT, slot TEXT, entity TEXT,"
        " action TEXT, entry TEXT, leaf BLOB, UNIQUE (run, slot))"
    )
    database.execute("CREATE INDEX by_entity ON ledger (entity)")
    text = PAYLOAD.decode()

    def work() -> None:
        for first in range(0, count, GROUP):
            rows = [
                (n, f"run@{first}", str(n), "mail.example.com", "verified", text, PAYLOAD[:32])
                for n in range(first, first + GROUP)
            ]
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            database.execute("COMMIT")

    return rate(count, work)


def appends(ledger: Ledger, count: int) -> float:
    mark = time.monotonic_ns()

    def work() -> None:
        for n in range(count):
            ledger.append(entry(f"one@{mark}", n))

    return rate(count, work)


def grouped(ledger: Ledger, count: int) -> float:
    mark = time.monotonic_ns()
    groups = [
        [entry(f"group@{mark}", n) for n in range(first, first + GROUP)]
        for first in range(0, count, GROUP)
    ]

    def work() -> None:
        for group in groups:
            ledger.append_all(group)

    return rate(count, work)


def in_turns(count: int, one: Rate, other: Rate) -> tuple[float, float]:
    """Rates of both, measured in ten short turns each: a disk that others use changes its pace
    from one second to the next."""
    turns = [(one(count // TURNS), other(count // TURNS)) for _ in range(TURNS)]
    rates = [statistics.harmonic_mean(column) for column in zip(*turns, strict=True)]
    return rates[0], rates[1]


def ledger_size(ledger: Ledger) -> int:
    return read_checkpoint(ledger.checkpoint() or "").size


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def line(what: str, ours: str, goal: str, beside: str = "", ratio: str = "") -> None:
    print(f"{what:<44} {ours:>16} {beside:>26} {ratio:>6}  {goal}", flush=True)


def of_appends(folder: Path, ledger: Ledger, scale: int) -> None:
    """Each beside what the disk itself takes, in turn, so that both meet the same machine."""
    count = 3000 // scale
    pairs = [
        in_turns(count, partial(syncs, folder), partial(appends, ledger)) for _ in range(ROUNDS)
    ]
    disk, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    share = statistics.median(b / a for a, b in pairs)
    goal, beside = "0.60 of the disk's fsyncs", f"fsync {disk:,.0f}/s"
    line("appends/s, each committed", f"{ours:,.0f}", goal, beside, f"{share:.2f}")
    count = 30_000 // scale
    pairs = [
        in_turns(count, partial(bare, folder), partial(grouped, ledger)) for _ in range(ROUNDS)
    ]
    plain, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    times = statistics.median(a / b for a, b in pairs)
    goal, beside = "50,000/s, within 3x", f"bare insert {plain:,.0f}/s"
    line("appends/s in groups of 100", f"{ours:,.0f}", goal, beside, f"{times:.1f}x")


def of_proofs(ledger: Ledger, total: int) -> None:
    while (size := ledger_size(ledger)) < total:
        step = min(1000, total - size)
        ledger.append_all([entry(f"fill@{size}", n) for n in range(step)])
    took = statistics.median(seconds(lambda: ledger.verify(processes=2)) for _ in range(ROUNDS))
    line(f"verify {total:,} entries", f"{took:.2f} s", "5 s for 1,000,000")
    proofs = [seconds(lambda n=n: ledger.prove(n * 7919 % total)) for n in range(300)]
    middle = statistics.median(proofs) * 1e3
    line(f"one inclusion proof of {total:,}", f"{middle:.2f} ms", "1 ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    scale = 10 if parser.parse_args().quick else 1
    line("what", "ours", "goal", "beside it", "ratio")
    with tempfile.TemporaryDirectory(prefix="gctrust-bench-") as name:
        folder = Path(name)
        ledger = Ledger(Store(folder / "s.db", "sandbox"), folder / "key", WallClock(), "bench")
        of_appends(folder, ledger, scale)
        of_proofs(ledger, 1_000_000 // scale)
        count = 10_000 // scale
        seen = trials(folder / "trials", count)["seen"]
        line("tampering trials seen and located", f"{seen:,} of {count:,}", "all")
    for what, ours, goal in (*webhooks.rows(), *scrape.rows()):
        line(what, ours, goal)
    one, five, _ = os.getloadavg()
    print(f"load average {one:.1f} (five minutes: {five:.1f}) on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
