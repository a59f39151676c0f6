"""Listings whose operations declare no page parameters, on a platform that pages them all the same:
each is read whole, and what is not on the first page is not taken for gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from box import Sandbox

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.published import Published
from gctrust.adapters.genesys.regions import platform_address
from gctrust.adapters.system import clock_for

DEFAULTS = Path(__file__).parents[3] / "src/gctrust/sandbox/seeds/default.json"
FIXED = ("adfs", "okta", "ping")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    seed = json.loads(DEFAULTS.read_text())
    seed["hostile"] |= {"pagedListings": 1, "listedSeconds": 0, "appearSeconds": 0}
    seed["organisation"] |= {"actionUpcomingDays": 30, "actionCertificateDays": 30}
    (home / "seed.json").write_text(json.dumps(seed))
    running = Sandbox(home, "--dialect", "platform", "--seed", str(home / "seed.json"))
    yield running
    running.end()


@pytest.fixture
async def published(sandbox):
    settings = sandbox.settings(GCTRUST_DIALECT="platform")
    async with GenesysClient.of(settings, clock_for(platform_address(settings))) as one:
        yield Published(one)


async def put(published, sandbox, path, body):
    import httpx2

    token = (await published._client._token(None)).value.reveal()
    async with httpx2.AsyncClient(trust_env=False) as http:
        url, headers = sandbox.addresses["api"] + path, {"Authorization": f"Bearer {token}"}
        assert (await http.put(url, json=body, headers=headers)).status_code == 200


async def test_every_identity_provider_is_read(published, sandbox):
    certificate = Path(sandbox.addresses["roots"]).read_text()
    body = {"issuerURI": "urn:x", "ssoTargetURI": "https://x.example", "certificate": certificate}
    for name in FIXED:
        await put(published, sandbox, f"/api/v2/identityproviders/{name}", body)
    assert sorted(one.id for one in await published.providers()) == sorted(FIXED)


async def test_every_authority_of_edges_is_read(published, sandbox):
    for name in ("roots", "data_action_root"):
        await published.create_edge_authority(name, Path(sandbox.addresses[name]).read_text())
    held = await published.edge_authorities()
    assert sorted(one.name for one in held) == ["data_action_root", "roots"]


async def test_every_oauth_client_is_read(published, sandbox):
    for id in ("blue", "green"):
        sandbox.control("PUT", "/clients", {"id": id})
    own = sandbox.addresses["client_id"]
    assert {one.id for one in await published.clients()} == {own, "blue", "green"}


async def test_both_certificates_of_data_actions_are_read(published, sandbox):
    sandbox.control("POST", "/clock", {"advance": 16 * 86_400})
    shown = await published.action_certificates()
    assert [one.status.value for one in shown] == ["current", "upcoming"]
