"""Alerts of expiry: at 30, 14, 7 and 1 days and on the day, each once for one certificate."""

from __future__ import annotations

import json

from gctrust.adapters.webhooks.alerts import record_expiry

from .houses import deliver, endpoint, house, receiver

DAY = 86_400.0


def look(box, not_after, certificate="aa"):
    with box.store.write() as connection:
        return record_expiry(box, connection, "www.example.com", not_after, certificate)


async def test_told_on_changes_only(tmp_path):
    with receiver() as there:
        box = house(tmp_path)
        box.endpoints.add(endpoint("there", there.url))
        end = box.clock.at + 40 * DAY
        assert not look(box, end)
        for _ in range(90):  # half a day apart, beyond the end
            look(box, end)
            look(box, end)
            await deliver(box)
            box.clock.at += DAY / 2
        look(box, box.clock.at + 3 * DAY, "bb")  # the renewed one
        await deliver(box)
    told = [json.loads(one.body)["data"] for one in there.seen]
    assert [one["threshold"] for one in told] == [30, 14, 7, 1, 0, 7]
    assert [one["days_left"] for one in told] == [30, 14, 7, 1, 0, 3]
    assert len(box.ledger.entries(action="expiry.soon")) == 6
