"""Figures of the ledger beside the disk's own: `make bench-evidence`.

Each line is the median of three runs in this one process: ours, what it is measured against in the
same run, their ratio, and the goal. `--quick` takes a tenth of the entries.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tampering import trials

from gctrust.adapters.ledger.ledger import Entry, Ledger
from gctrust.adapters.ledger.signed_note import read_checkpoint
from gctrust.adapters.store.store import Store

DATA = {"domain": "mail.example.com", "tries": 3, "latency_ms": 12.5, "records": ["a", "b"]}
PAYLOAD = b"x" * 400  # as long as an entry
GROUP = 100


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


def ledger_size(ledger: Ledger) -> int:
    return read_checkpoint(ledger.checkpoint() or "").size


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def line(what: str, ours: str, beside: str, ratio: str, goal: str) -> None:
    print(f"{what:<44} {ours:>14} {beside:>24} {ratio:>8}  {goal}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    scale = 10 if parser.parse_args().quick else 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = Ledger(Store(folder / "s.db", "sandbox"), folder / "key", WallClock(), "bench")
        line("what", "ours", "beside", "ratio", "goal")
        pairs = [(syncs(folder, 3000 // scale), appends(ledger, 3000 // scale)) for _ in range(3)]
        disk, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        share = statistics.median(b / a for a, b in pairs)
        line("appends/s, each committed", f"{ours:,.0f}", f"fsync {disk:,.0f}/s", f"{share:.2f}",
             "0.60 of fsync")  # fmt: skip
        pairs = [
            (bare(folder, 30_000 // scale), grouped(ledger, 30_000 // scale)) for _ in range(3)
        ]
        plain, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        times = statistics.median(a / b for a, b in pairs)
        line("appends/s in groups of 100", f"{ours:,.0f}", f"bare insert {plain:,.0f}/s",
             f"{times:.1f}x", "50,000/s, within 3x")  # fmt: skip
        total = 1_000_000 // scale
        while (size := ledger_size(ledger)) < total:
            step = min(1000, total - size)
            ledger.append_all([entry(f"fill@{size}", n) for n in range(step)])
        took = statistics.median(seconds(lambda: ledger.verify(processes=2)) for _ in range(3))
        line(f"verify {total:,} entries", f"{took:.2f} s", "", "", "5 s for 1,000,000")
        proofs = [seconds(lambda n=n: ledger.prove(n * 7919 % total)) for n in range(300)]
        seen = trials(folder / "trials", 10_000 // scale)["seen"]
        line("tampering trials seen and located", f"{seen:,} of {10_000 // scale:,}", "", "", "all")
        line(f"one inclusion proof of {total:,}", f"{statistics.median(proofs) * 1e3:.2f} ms",
             "", "", "1 ms")  # fmt: skip


if __name__ == "__main__":
    main()
