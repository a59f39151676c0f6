"""The platform misbehaves in every way a fault rule can make it: each journey still ends right, and
nothing is done twice."""

from __future__ import annotations

import itertools
import os

import pytest
from arena import CLIENTS, CUSTOM, MAIL, arena
from voyage import told, voyage

PATCH = f"{CLIENTS}client-1"
JOURNEYS = ("email-domain", "custom-domain", "pin-rotation")
WRITES = {"email-domain": MAIL, "custom-domain": CUSTOM, "pin-rotation": PATCH}
METHOD = {"email-domain": "POST", "custom-domain": "POST", "pin-rotation": "PATCH"}
EFFECTS = {"email-domain": 1, "custom-domain": 1, "pin-rotation": 2}


def crossed(faults):
    """Every fault with every journey, or with the next one only, where time matters."""
    if os.environ.get("GCTRUST_LONG") == "1":
        return list(itertools.product(faults, JOURNEYS))
    return list(zip(faults, itertools.cycle(JOURNEYS), strict=False))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with arena(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def house(running):
    running.control("DELETE", "/faults")
    running.control("POST", "/reset")
    yield running
    running.control("DELETE", "/faults")


def effects(house, journey):
    return len(house.journal(METHOD[journey], WRITES[journey]))


async def succeeds(house, journey, *rules):
    """Order the journey under the rules; returns its row and the Problems it met on its way."""
    order = house.order(journey, 1)
    house.faults(*rules)
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.problem is None, row.problem
        assert row.status == "succeeded", row.end
        closing = f"{journey}.succeeded"
        assert trip.actions(row.id).count(closing) == 1
        assert trip.app.ledger.verify().findings == ()
        met = trip.problems(row.id)
    assert effects(house, journey) == EFFECTS[journey]
    return row, met


STORMS = {
    "429 in seconds": {"status": 429, "headers": {"Retry-After": "45"}},
    "429 without a time": {"status": 429},
    "500": {"status": 500},
    "502 with HTML": {"status": 502, "body": "<html>bad gateway</html>"},
    "503": {"status": 503, "headers": {"Retry-After": "20"}},
}


@pytest.mark.parametrize(("storm", "journey"), crossed(STORMS))
async def test_a_storm_is_sat_out(house, journey, storm):
    rule = {"kind": "status", "path": "/api/v2/*", "times": 12, **STORMS[storm]}
    await succeeds(house, journey, rule)
    assert house.fired() == [12], "the storm is over because it was met, not because it was missed"


async def test_retry_after_is_kept_to(house):
    rule = {"kind": "status", "status": 429, "headers": {"Retry-After": "45"}}
    await succeeds(house, "custom-domain", {**rule, "path": CUSTOM, "method": "GET", "times": 6})
    entries = house.control("GET", "/journal")
    looks = [e for e in entries if (e["method"], e["path"]) == ("GET", CUSTOM)]
    refused = [
        (e["time"], later["time"]) for e, later in itertools.pairwise(looks) if e["status"] == 429
    ]
    assert len(refused) == 6
    assert all(later - earlier >= 45.0 for earlier, later in refused)


@pytest.mark.parametrize("journey", JOURNEYS)
async def test_resets_before_anything_happens(house, journey):
    await succeeds(house, journey, {"kind": "reset", "path": "/api/v2/*", "nth": [1, 3, 4]})
    assert house.fired() == [3]


@pytest.mark.parametrize("journey", JOURNEYS)
async def test_resets_of_the_token_request(house, journey):
    await succeeds(house, journey, {"kind": "reset", "path": "/oauth/token", "times": 7})
    assert house.fired() == [7]


@pytest.mark.parametrize(("kind", "journey"), crossed(("lost", "truncate", "malformed")))
async def test_a_write_whose_answer_never_came(house, journey, kind):
    """It took effect; the next look finds it, and it is not sent again."""
    path, method = WRITES[journey], METHOD[journey]
    rule = {"kind": kind, "method": method, "path": path}
    if journey != "pin-rotation":
        rule["times"] = 1
    await succeeds(house, journey, rule)
    assert house.fired() == [EFFECTS[journey]]


@pytest.mark.parametrize(("kind", "journey"), crossed(("truncate", "malformed", "stale")))
async def test_reads_that_cannot_be_believed(house, journey, kind):
    rule = {"kind": kind, "method": "GET", "path": "/api/v2/*", "probability": 0.4, "seed": 7}
    if (kind, journey) == ("stale", "pin-rotation"):
        # Only the reads after a write: before the first one, the client did not exist.
        rule |= {"nth": [3, 4, 7], "probability": 1.0}
    await succeeds(house, journey, rule)
    assert house.fired()[0] > 0


@pytest.mark.parametrize("journey", JOURNEYS)
async def test_all_of_it_at_once(house, journey):
    rules = [
        {"kind": kind, "path": "/api/v2/*", "probability": 0.12, "seed": seed, **more}
        for seed, (kind, more) in enumerate(
            [
                ("status", {"status": 503}),
                ("status", {"status": 429}),
                ("reset", {}),
                ("lost", {}),
                ("malformed", {}),
                ("truncate", {}),
            ]
        )
    ]
    await succeeds(house, journey, *rules)


async def test_a_conflict_without_a_cause_is_told(house):
    """The platform says 409 although no such domain is listed: looked at again, then told."""
    rule = {"kind": "status", "status": 409, "method": "POST", "path": CUSTOM}
    order = house.custom_order(1)
    house.faults(rule)
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.status == "failed"
        assert "genesys.conflict" in told(row)
    assert house.journal("POST", CUSTOM) == []


async def test_a_domain_that_exists_is_adopted(house):
    order = house.mail_order(1)
    async with voyage(house) as trip:
        row = await trip.ended(order)
        again = await trip.ended(order)
        assert (row.end.summary["adopted"], again.end.summary["adopted"]) == (False, True)
        assert again.id != row.id
    assert effects(house, "email-domain") == 1


async def test_somebody_else_changes_the_pins_meanwhile(house):
    """Compare-and-set: the write after their change is refused, and theirs is not undone."""
    order = house.pins_order(1)
    rule = {"kind": "status", "status": 412, "method": "PATCH", "path": PATCH}
    house.faults(rule)
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.status == "failed"
        assert "genesys.changed-meanwhile" in told(row)
    assert effects(house, "pin-rotation") == 0
