"""A process that takes slots of one shared budget: `sharer.py PLACE IDENTITY COUNT`.

Time goes on as slots are granted, so it is the same for all such processes and however busy the
machine is. Prints the slots it was given, and how many of them lay in each window.
"""

import asyncio
import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from gctrust.adapters.genesys.limiter import WINDOW, Budget
from gctrust.adapters.genesys.shared import Shared
from gctrust.adapters.store.shared_rows import SharedRows
from gctrust.adapters.store.store import Store

BEGIN = 1_800_000_000.0
LED = Budget(allowed=300, ends_from=BEGIN + WINDOW, ends_by=BEGIN + WINDOW, next_at=BEGIN)


async def lease(place, identity, count):
    store = Store(place if "://" in place else Path(place), "sandbox")
    rows, process = SharedRows(store, virtual_time=True), uuid4().hex
    slots, windows, time = [], Counter(), BEGIN
    print("begins", flush=True)
    with ThreadPoolExecutor(1) as threads:
        shared = Shared("request_budgets", identity, LED, lambda: rows, threads)
        while len(slots) < count:
            given = await shared.change(
                lambda budget, _, seen=time: budget.lease(
                    max(seen, budget.next_at - 0.5), process, (0, 500, 0)
                )
            )
            for slot in given.slots:
                slots.append((slot.window, slot.number))
                windows[int(slot.at // WINDOW)] += 1
            time = max(time, given.again_at - 1.0 if given.slots else given.again_at)
    print(json.dumps({"slots": slots, "windows": windows}))
    store.close()


asyncio.run(lease(sys.argv[1], sys.argv[2], int(sys.argv[3])))
