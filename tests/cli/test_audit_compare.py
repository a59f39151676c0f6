"""`gctrust audit compare` against a real sandbox in which another client changes things too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from shell import Shell, opened

from gctrust.adapters.genesys.published import Published
from gctrust.adapters.ledger.entry import Entry
from gctrust.app import build_app
from gctrust.settings import load_settings

OTHER = {"id": "stranger", "secret": "s", "roles": ["Email Administrator"]}
DOMAINS = "/api/v2/routing/email/domains"


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with opened(tmp_path_factory.mktemp("home")) as shell:
        shell.environ["GCTRUST_DIALECT"] = "platform"
        yield shell


def change(house: Shell, client: str, secret: str, method: str, path: str, body: object) -> None:
    """As somebody who is not gctrust."""
    with httpx2.Client(base_url=house.addresses["api"], trust_env=False) as http:
        form = {"grant_type": "client_credentials"}
        token = http.post("/oauth/token", data=form, auth=(client, secret)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = http.request(method, path, json=body, headers=headers)
    assert answer.status_code < 300, answer.text


async def register(house: Shell, domain: str) -> None:
    """As a run's effect does it: an entry before the call and one after it."""
    settings = load_settings({}, house.environ, house.home, house.home)
    async with build_app(settings) as app:
        entry = Entry("register-email-domain.intended", domain, "run", 3)
        app.ledger.append(entry)
        await Published(app.genesys).create_inbound(domain)
        app.ledger.append(replace(entry, action="register-email-domain.done"))


def test_changes_of_others_are_told_and_ours_are_not(house: Shell) -> None:
    house.control("PUT", "/clients", OTHER)
    own = house.addresses["client_id"], house.addresses["client_secret"]
    asyncio.run(register(house, "ours.example"))
    change(house, "stranger", "s", "POST", DOMAINS, {"id": "theirs.example", "subDomain": False})
    change(house, *own, "POST", DOMAINS + "/ours.example/dkim", None)
    house.control("POST", "/clock", {"advance": 2 * 86_400})

    told = house.answer("gctrust audit compare")
    assert told["schema"] == "gctrust.audit.compare"
    rules = {one["rule"]: one["subject"] for one in told["findings"]}
    assert rules["audit.unexplained"] == "theirs.example"
    assert "client stranger" in json.dumps(told["findings"])
    assert {one["entity"] for one in told["explained"]} == {"ours.example"}
    assert told["messages"] == told["new"] == len(told["explained"]) + len(told["findings"])

    house.control("POST", "/clock", {"advance": 86_400})
    again = house.run("gctrust audit compare --json")
    assert again.returncode == 10
    later = json.loads(again.stdout)
    assert later["new"] == 0  # they are kept: only the time since was asked for
    assert later["findings"] == told["findings"]
    query = [r for r in house.control("GET", "/journal") if r["path"] == "/api/v2/audits/query"]
    assert len(query) == 6  # three services, twice

    since = told["ends"]
    assert house.run(f"gctrust audit compare --since {since} --read-only").returncode == 0
