"""What the three journeys really send, on a sandbox: each body fits its schema."""

from __future__ import annotations

import asyncio
import json
import time

import jsonschema_rs

from gctrust.app import build_app
from gctrust.pipelines.events import CUSTOM_DOMAIN, EMAIL_DOMAIN, EVENTS, ROTATION

from ...crash.arena import Arena, arena

JUMP = 6.0  # seconds the sandbox's clock is moved on between two looks


async def run_all(house: Arena) -> None:
    mail, custom, pins = house.mail_order(1), house.custom_order(1), house.pins_order(1)
    async with build_app(house.settings()) as app, app.running() as runner:
        runs = [runner.submit(order) for order in (mail, custom, pins)]
        published, deadline = False, time.monotonic() + 25
        while time.monotonic() < deadline:
            published = published or await asyncio.to_thread(house.publish, mail)
            await asyncio.to_thread(house.advance, JUMP)
            rows = [await asyncio.to_thread(runner.show, run) for run in runs]
            if all(row.ended is not None for row in rows) and not app.outbox.rows("pending"):
                break
            await asyncio.sleep(0.05)
        assert [row.end.status if row.end else row.status for row in rows] == ["succeeded"] * 3


def test_what_the_journeys_send_is_what_the_catalogue_says(tmp_path):
    with arena(tmp_path) as house:
        asyncio.run(run_all(house))
        deliveries = house.control("GET", "/inbox")
    assert all(delivery["verified"] for delivery in deliveries)
    events = [json.loads(delivery["body"]) for delivery in deliveries]
    assert {e["type"] for e in events} == {CUSTOM_DOMAIN.name, EMAIL_DOMAIN.name, ROTATION.name}
    for event in events:
        told = EVENTS[event["type"]]
        jsonschema_rs.validate(told.schema(), event)
        unknown = set(event["data"]) - {field.name for field in told.fields}
        assert unknown == set(), "a field that the catalogue does not have"
