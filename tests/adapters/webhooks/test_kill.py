"""kill -9 while deliveries go out: none is lost, and each comes under its one id.

GCTRUST_LONG=1 kills 20 times, otherwise 3 times.
"""

from __future__ import annotations

import collections
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from gctrust.adapters.system import SystemClock
from gctrust.adapters.webhooks.lanes import BATCH

from .houses import endpoint, house, receiver, record

LONG = os.environ.get("GCTRUST_LONG") == "1"
KILLS, EVENTS = (20, 4000) if LONG else (3, 240)


def start(folder: Path) -> subprocess.Popen[str]:
    program = str(Path(__file__).with_name("sending.py"))
    process = subprocess.Popen(
        [sys.executable, program, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "sending\n"
    return process


def test_none_is_lost_and_ids_are_stable(tmp_path):
    random.seed(7)
    with receiver() as one, receiver(delay=0.002) as other:
        box = house(tmp_path, clock=SystemClock())
        box.endpoints.add(endpoint("one", one.url))
        box.endpoints.add(endpoint("other", other.url))
        for number in range(EVENTS):
            record(box, number)
        for kill in range(1, KILLS + 1):
            process = start(tmp_path)
            before = len(one.seen) + len(other.seen)
            while len(one.seen) + len(other.seen) < before + EVENTS // (2 * KILLS):
                assert process.poll() is None, f"ended before kill {kill}"
                time.sleep(0.001)
            time.sleep(random.uniform(0, 0.05))
            process.kill()
            process.wait()
        last = start(tmp_path)
        assert last.communicate(timeout=60)[0] == "done\n"
    expected = {row.id for row in box.rows()}
    assert len(expected) == EVENTS
    for there in (one, other):
        assert set(there.ids) == expected, "lost, or under another id"
        bodies = collections.defaultdict(set)
        for seen in there.seen:
            bodies[seen.headers["webhook-id"]].add(seen.body)
        assert all(len(of_one_id) == 1 for of_one_id in bodies.values())
        assert len(there.seen) - EVENTS <= KILLS * BATCH, "at most a batch comes twice for a kill"
    assert box.counts() == {("one", "accepted"): EVENTS, ("other", "accepted"): EVENTS}
    assert len(box.ledger.entries(action="webhook.settled")) == 2 * EVENTS
    assert box.ledger.verify().findings == ()
