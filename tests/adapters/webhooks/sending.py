"""The process that gets killed: sends what is due from the store of a folder, until all is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gctrust.adapters.ledger.ledger import Ledger
from gctrust.adapters.store.store import Store
from gctrust.adapters.system import SystemClock
from gctrust.adapters.webhooks.outbox import Outbox


async def main(folder: Path) -> None:
    clock, store = SystemClock(), Store(folder / "store.db", "sandbox")
    box = Outbox(store, Ledger(store, folder / "ledger.key", clock, "tester"), clock)
    print("sending", flush=True)
    while box.deadlines():
        for name in box.due():
            await box.deliver(name)
        await asyncio.sleep(0.01)
    await box.aclose()
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
