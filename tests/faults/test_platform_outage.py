"""The platform is down for hours under open runs of all three journeys: nothing is lost, nothing
done twice, and while it lasts every run says what it waits for."""

from __future__ import annotations

import asyncio

from arena import CLIENTS, CUSTOM, MAIL, arena
from voyage import voyage

HOUR = 3600.0
WRITES = {  # the outward changes of each journey, and how many there are
    "email-domain": ("POST", MAIL, 1),
    "custom-domain": ("POST", CUSTOM, 1),
    "pin-rotation": ("PATCH", f"{CLIENTS}client-1", 2),
}


def changed(house, journey):
    method, path, _ = WRITES[journey]
    return len(house.journal(method, path))


def goes_down(house, *paths):
    house.faults(*({"kind": "reset", "path": path} for path in paths))


async def test_an_hour_without_its_api_and_another_without_its_clock(tmp_path):
    with arena(tmp_path) as house:
        mail, *others = (house.order(journey, 1) for journey in WRITES)
        async with voyage(house) as trip:
            runs = [trip.runner.submit(mail)]
            await trip.until(lambda: house.registered(mail.domain))
            registered = house.registered(mail.domain)
            runs += [trip.runner.submit(order) for order in others]
            await trip.until(lambda: house.journal("GET", CUSTOM, effect=False))
            goes_down(house, "/api/v2/*", "/oauth/token")
            house.put_records(registered)
            named = set()

            def all_say_so():
                rows = [trip.runner.show(run) for run in runs]
                named.update(row.id for row in rows if row.waiting_for.startswith("again: genesys"))
                return named == set(runs)

            await trip.until(all_say_so)
            for _ in range(10):
                house.advance(HOUR / 10)
                await asyncio.sleep(0.05)
            goes_down(house, "*")
            house.advance(HOUR)
            await asyncio.sleep(0.5)
            assert {trip.runner.show(run).status for run in runs} == {"open"}
            house.control("DELETE", "/faults")
            await trip.until(
                lambda: all(trip.runner.show(run).ended for run in runs), seconds=120.0
            )
            for run in runs:
                row = trip.runner.show(run)
                assert row.status == "succeeded", row.problem or row.end
                assert trip.actions(run).count(f"{row.journey}.succeeded") == 1
            assert trip.app.ledger.verify().findings == ()
        assert {j: changed(house, j) for j in WRITES} == {j: n for j, (*_, n) in WRITES.items()}
