"""DNS says nothing: no verdict is made of silence. The run waits, and goes on when DNS speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from arena import MAIL, arena
from voyage import voyage


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with arena(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def house(running):
    running.control("POST", "/reset")
    return running


def trouble(house, domain, kind):
    """At one of the names the platform asks for: the servers do not answer for it."""
    house.control("PUT", "/zones/trouble", {"name": f"_genesys.{domain}", "kind": kind})


@pytest.mark.parametrize("kind", ["servfail", "refused"])
async def test_the_run_waits_until_dns_speaks(house, kind):
    order = house.mail_order(1 + len(kind))
    trouble(house, order.domain, kind)
    async with voyage(house) as trip:
        run = trip.runner.submit(order)
        await trip.until(lambda: house.publish(order))
        looks = lambda: trip.runner.show(run).history  # noqa: E731
        await trip.until(lambda: [s.name.split()[1] for s in looks()].count("AssessMail") >= 2)
        seen = trip.runner.show(run)
        assert (seen.status, seen.stage) == ("open", "dns"), "the records are there, but unseen"
        trouble(house, order.domain, None)
        await trip.until(lambda: trip.runner.show(run).status != "open")
        row = trip.runner.show(run)
        assert row.status == "succeeded", row.problem
    assert len(house.journal("POST", MAIL)) == 1


async def test_silence_to_the_end_is_unverified_not_failed(house):
    order = replace(house.mail_order(1), horizon=300.0)
    trouble(house, order.domain, "servfail")
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.problem is None
        assert row.end.status == "unverified"
        assert trip.actions(row.id).count("email-domain.unverified") == 1
    assert len(house.journal("POST", MAIL)) == 1
