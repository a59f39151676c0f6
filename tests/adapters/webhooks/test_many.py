"""Very many queued deliveries: looked at by index, a batch at a time, in little memory.

GCTRUST_LONG=1 queues 100,000 of them, otherwise 10,000.
"""

from __future__ import annotations

import os
import time
import tracemalloc

import sqlalchemy as sa

from gctrust.adapters.ledger.entry import Entry
from gctrust.adapters.store.schema import OUTBOX, WEBHOOK_DELIVERIES
from gctrust.adapters.webhooks import lanes
from gctrust.adapters.webhooks.bodies import cloud_event

from .houses import deliver, endpoint, house, receiver

QUEUED = 100_000 if os.environ.get("GCTRUST_LONG") == "1" else 10_000


def queue(box, count):
    """As record_in does, in few statements."""
    now, body = box.clock.now(), cloud_event("msg_0", "gctrust", "webhook.test", "s", 1.8e9, {})
    for first in range(0, count, 5000):
        numbers = range(first, min(count, first + 5000))
        entries = [Entry("thing.done", f"d{n % 500}.example.com", f"r{n}", 1) for n in numbers]
        with box.store.write() as connection:
            events, rows = [], []
            for seq, entry in zip(
                box.ledger.append_all_in(connection, entries), entries, strict=True
            ):
                told = {"status": "pending", "tries": 0, "next_at": now, "entry": seq}
                told |= {"entity": entry.entity}
                more = {"run": entry.run, "step": 1, "event": "webhook.test", "created": now}
                events.append({"id": f"msg_{seq:024x}", "body": body, **more, **told})
                rows.append({"outbox": f"msg_{seq:024x}", "endpoint": "there", **told})
            connection.execute(sa.insert(OUTBOX), events)
            connection.execute(sa.insert(WEBHOOK_DELIVERIES), rows)


def plan(box, query, **values):
    """SQLite's own words on how it would look."""
    text = query.compile(
        dialect=box.store.engine.dialect, compile_kwargs={"render_postcompile": True}
    )
    with box.store.read() as connection:
        names = {**text.params, **values}
        row = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {text}", tuple(names[name] for name in text.positiontup)
        )
        return [one[3] for one in row]


async def test_very_many_queued(tmp_path):
    with receiver(410) as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url))
        queue(box, QUEUED)
        for query in (lanes._DUE, lanes._NEXT):
            told = plan(box, query, to="there", now=box.clock.at, most=lanes.BATCH)
            assert any("webhook_deliveries_due" in line for line in told), told
            assert not any(line.startswith("SCAN") for line in told), told
        began = time.monotonic()
        tracemalloc.start()
        assert len(box.rows(newest=50)) == 50
        assert box.counts() == {("there", "pending"): QUEUED}
        assert box.due() == ("there",)
        await deliver(box)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert time.monotonic() - began < 2.0
        assert peak < 8e6, f"{peak:,} octets"
    await box.aclose()
