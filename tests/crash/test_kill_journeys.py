"""kill -9 at seeded random moments of each journey, in the middle of effects too; what happened is
then judged by the platform's journal, the ledger and the webhook inbox.

Only with GCTRUST_LONG=1; tests/cli/test_rehearse.py kills at the points of `gctrust rehearse`.
"""

from __future__ import annotations

import asyncio
import collections
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from arena import CLIENTS, CUSTOM, MAIL, Arena, arena, as_text

from gctrust.adapters.ledger.entry import LedgerEntry
from gctrust.app import build_app

WORKER = str(Path(__file__).with_name("worker.py"))
KILLS = 20
LONG = os.environ.get("GCTRUST_LONG") == "1"
pytestmark = pytest.mark.skipif(not LONG, reason="GCTRUST_LONG=1 kills at random moments")
# The longest moment, in seconds from the worker's start of work: about a whole journey's length.
LENGTH = {"email-domain": 1.6, "custom-domain": 1.2, "pin-rotation": 2.0}
JUMP, BETWEEN = 6.0, 0.05  # the sandbox's clock jumps by the one, a look of ours apart


class Round:
    """One order, driven by as many workers as it takes."""

    def __init__(self, house: Arena, journey: str, number: int) -> None:
        self.house, self.journey = house, journey
        self.order = house.order(journey, number)
        self.file = house.home / f"order-{journey}-{number}.json"
        self.file.write_text(as_text(self.order))
        self.published = journey != "email-domain"
        # The first delivery of each event is refused: every event comes more than once.
        house.control("PUT", "/inbox/script", [503])

    def start(self) -> subprocess.Popen[str]:
        note = self.house.home / "addresses.json"
        note.write_text(json.dumps(self.house.addresses))
        command = [sys.executable, WORKER, str(self.house.home), str(note), str(self.file)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "leading\n", "the one before was killed: take over"
        return worker

    def watch(self, worker: subprocess.Popen[str], seconds: float) -> bool:
        """Let time pass at the platform, until the moment; True when the worker ended before."""
        end = time.monotonic() + seconds
        while worker.poll() is None and time.monotonic() < end:
            if not self.published:
                self.published = self.house.publish(self.order)
            self.house.advance(JUMP)
            time.sleep(max(0.0, min(BETWEEN, end - time.monotonic())))
        return worker.poll() is not None

    def killed(self, chance: random.Random, most: int) -> int:
        """Kill up to `most` times, then let it end; how many kills hit a worker at work."""
        kills = 0
        while kills < most:
            worker = self.start()
            if self.watch(worker, chance.uniform(0.0, LENGTH[self.journey])):
                self.ended(worker)
                return kills
            worker.kill()
            worker.wait()
            kills += 1
        worker = self.start()
        assert self.watch(worker, 60.0), f"{self.file.name} did not end"
        self.ended(worker)
        return kills

    def ended(self, worker: subprocess.Popen[str]) -> None:
        assert worker.stdout is not None
        assert (worker.wait(), worker.stdout.read()) == (0, "ended succeeded\n")


@pytest.fixture
def house(tmp_path):
    with arena(tmp_path) as made:
        yield made


def kill_rounds(house: Arena, journey: str) -> int:
    """Rounds of at most 4 kills each, until there were enough. How many rounds it took."""
    chance, kills, rounds = random.Random(f"{journey} 1"), 0, 0
    while kills < KILLS:
        kills += Round(house, journey, rounds).killed(chance, min(4, KILLS - kills))
        rounds += 1
        assert rounds <= 4 * KILLS, "the workers end before they can be killed: moments too late"
    return rounds


def test_email_domain_is_registered_once(house):
    rounds = kill_rounds(house, "email-domain")
    assert len(house.journal("POST", MAIL)) == rounds
    judge_house(house, rounds, "email-domain.succeeded", "register-email-domain")


def test_certificate_is_uploaded_once(house):
    rounds = kill_rounds(house, "custom-domain")
    assert len(house.journal("POST", CUSTOM)) == rounds
    assert len([w for w in house.writes() if w["effect"]]) == rounds, "and nothing else changed"
    judge_house(house, rounds, "custom-domain.succeeded", "upload-certificate")


def test_pins_are_rotated_once(house):
    rounds = kill_rounds(house, "pin-rotation")
    for number in range(rounds):
        patches = house.journal("PATCH", f"{CLIENTS}client-{number}")
        assert len(patches) == 2, "published once, retired once"
    judge_house(house, rounds, "pin-rotation.succeeded", "write-pins")


def judge_house(house: Arena, rounds: int, closing: str, change: str) -> None:
    """The ledger and the inbox, after that many runs."""
    entries, slots, findings = asyncio.run(read_ledger(house))
    assert findings == ()
    assert len(slots) == len(set(slots)), "an entry was written twice"
    actions = collections.Counter((e.run, e.action) for e in entries)
    runs = {entry.run for entry in entries}
    assert len(runs) == rounds
    for run in runs:
        assert actions[run, closing] == 1
        assert actions[run, "webhook.settled"] == 1
        assert actions[run, f"{change}.intended"] >= actions[run, f"{change}.done"] >= 1
        assert actions[run, f"{change}.intended"] == (
            actions[run, f"{change}.done"] + actions[run, f"{change}.failed"]
        )
    judge_inbox(house, [e for e in entries if e.action == closing])


def judge_inbox(house: Arena, closing: list[LedgerEntry]) -> None:
    """Each event at least once, every time under one id, with one body, and signed."""
    deliveries = house.control("GET", "/inbox")
    assert all(delivery["verified"] for delivery in deliveries)
    bodies: dict[str, set[str]] = collections.defaultdict(set)
    for delivery in deliveries:
        bodies[delivery["headers"]["webhook-id"]].add(delivery["body"])
    assert len(bodies) == len(closing), "one id for each event"
    assert all(len(of_one_id) == 1 for of_one_id in bodies.values())
    accepted = {d["headers"]["webhook-id"] for d in deliveries if d["status"] == 200}
    assert accepted == set(bodies)
    told = sorted(json.loads(min(body))["subject"] for body in bodies.values())
    assert told == sorted(entry.entity for entry in closing)


async def read_ledger(house: Arena):
    import sqlalchemy as sa

    from gctrust.adapters.store.schema import LEDGER

    async with build_app(house.settings()) as app:
        with app.store.read() as connection:
            slots = connection.execute(sa.select(LEDGER.c.run, LEDGER.c.slot)).all()
        return app.ledger.entries(), [tuple(slot) for slot in slots], app.ledger.verify().findings
