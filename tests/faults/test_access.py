"""Wrong credentials and missing scopes: named, with exit in ACCESS, before anything is written."""

from __future__ import annotations

import pytest
from arena import arena
from voyage import told, voyage

from gctrust.errors import ProblemKind

JOURNEYS = ("email-domain", "custom-domain", "pin-rotation")
SCOPES = {
    "email-domain": "organization:emaildomain:write",
    "custom-domain": "customdomain:write",
    "pin-rotation": "admin:client:update",
}
READ = ("organization:emaildomain:read", "customdomain:read", "auditlog:read", "admin:client:read")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with arena(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture
def house(running):
    running.control("POST", "/reset")
    return running


@pytest.mark.parametrize("journey", JOURNEYS)
async def test_wrong_secret(house, journey):
    order = house.order(journey, 1)
    async with voyage(house, GENESYS_CLIENT_SECRET="not-the-secret") as trip:
        row = await trip.ended(order)
        assert row.status == "failed"
        assert "genesys.bad-credentials" in told(row)
        assert "not-the-secret" not in told(row)
    assert house.writes() == []


@pytest.mark.parametrize("journey", JOURNEYS)
async def test_missing_scope_is_named_before_any_write(house, journey):
    scopes = [*READ, *(scope for other, scope in SCOPES.items() if other != journey)]
    made = house.control("PUT", "/clients", {"id": "narrow", "scopes": scopes})
    order = house.order(journey, 1)
    changes = {"GENESYS_CLIENT_ID": "narrow", "GENESYS_CLIENT_SECRET": made["secret"]}
    async with voyage(house, **changes) as trip:
        row = await trip.ended(order)
        assert row.status == "failed"
        assert "genesys.missing-scope" in told(row)
        assert SCOPES[journey] in told(row)
    assert house.writes() == []


async def test_the_kind_that_makes_the_exit_code(house):
    from gctrust.adapters.genesys.problems import BAD_CREDENTIALS, MISSING_SCOPE

    assert {BAD_CREDENTIALS.kind, MISSING_SCOPE.kind} == {ProblemKind.ACCESS}
