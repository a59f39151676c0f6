"""What is changed by hand is in the ledger: who asked for it, and why."""

from __future__ import annotations

import asyncio
import contextlib
import time

from gctrust.adapters.store.changes import Change
from gctrust.adapters.webhooks.outbox import Chosen
from gctrust.adapters.webhooks.secret_source import new_signing_secret
from gctrust.runner.deliveries import Deliveries

from .houses import deliver, endpoint, house, receiver, record


class Alone:
    """No other process delivers."""

    def may_deliver(self):
        return True


ALICE = Change("token:alice-ci", "new receiver", "CHG-7")


async def test_each_change_tells_who_asked_and_why(tmp_path):
    with receiver() as there:
        box = house(tmp_path, asker=ALICE)
        box.endpoints.add(endpoint("there", there.url))
        box.endpoints.disable("there")
        box.endpoints.enable("there")
        box.endpoints.rotate_secret("there", new_signing_secret(), 60.0)
        record(box)
        await deliver(box)
        assert box.replay(Chosen(endpoint="there")) == 1
        assert box.replay(Chosen(endpoint="there", status="dead")) == 0
        await deliver(box)
        box.remove_endpoint("there")
    entries = box.ledger.entries()
    by_hand = [e for e in entries if e.actor == ALICE.actor]
    assert [e.action for e in by_hand] == [
        "webhook.endpoint-added",
        "webhook.endpoint-disabled",
        "webhook.endpoint-enabled",
        "webhook.endpoint-secret-rotated",
        "webhook.replayed",
        "webhook.endpoint-removed",
    ]
    assert {(e.data["reason"], e.data["ticket"]) for e in by_hand} == {("new receiver", "CHG-7")}
    assert by_hand[4].data["deliveries"] == 1
    settled = [e for e in entries if e.action == "webhook.settled"]
    assert [("reason" in e.data, e.data["attempts"]) for e in settled] == [(False, 1), (False, 2)]
    await box.aclose()


async def test_a_settling_tells_how_many_endpoints_are_still_to_settle(tmp_path):
    with receiver() as quick, receiver(500, 200) as slow:
        box = house(tmp_path)
        box.endpoints.add(endpoint("quick", quick.url))
        box.endpoints.add(endpoint("slow", slow.url))
        record(box)
        await deliver(box, turns=2)
    settled = box.ledger.entries(action="webhook.settled")
    assert [(e.data["endpoint"], e.data["waiting"]) for e in settled] == [("quick", 1), ("slow", 0)]
    await box.aclose()


async def test_a_stored_endpoint_is_served_as_promptly_as_the_environments(tmp_path):
    with receiver() as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url))
        deliveries = Deliveries(box, Alone(), asyncio.to_thread, lambda: True)
        sending = asyncio.create_task(deliveries.tick())
        began = time.monotonic()
        for number in range(5):
            record(box, number)
            while len(there.seen) <= number:
                await asyncio.sleep(0.01)
        took = time.monotonic() - began
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        await box.aclose()
    assert took < 4.0, "looked for once a second"
