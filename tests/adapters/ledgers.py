"""A ledger on a store of its own, with a clock that stands still."""

from __future__ import annotations

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store


class Clock:
    def now(self):
        return 1_800_000_000.25

    async def sleep_until(self, at):
        raise AssertionError(at)


def opened(folder):
    store = Store(folder / "store.db", "sandbox")
    return Ledger(store, folder / "ledger.key", Clock(), "tester")


def filled(folder, count=11):
    ledger = opened(folder)
    entries = [Entry("thing.done", f"é{n}.example", "run@1", n, "", {"n": n}) for n in range(count)]
    for entry in entries[:12]:
        assert ledger.append(entry) == entry.step
    ledger.append_all(entries[12:])
    return ledger
