"""A client secret replaced through a second client, on the published API."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from arena import Arena, arena
from voyage import told, voyage

from gctrust.pipelines.platform_orders import SecretOrder
from gctrust.runner.perform_client_secret import described, is_marked, successor_name

PLATFORM = {"GCTRUST_DIALECT": "platform"}
CLIENTS = "/api/v2/oauth/clients"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("secret"), "--dialect", "platform") as made:
        yield made


def ask(house: Arena, method: str, path: str, body: object = None) -> dict[str, object]:
    bearer = {"Authorization": f"Bearer {token(house, *credentials(house))}"}
    answer = house.http.request(method, house.addresses["api"] + path, headers=bearer, json=body)
    assert answer.status_code < 300, answer.text
    return dict(answer.json()) if answer.content else {}


def credentials(house: Arena) -> tuple[str, str]:
    return house.addresses["client_id"], house.addresses["client_secret"]


def token(house: Arena, id: str, secret: str) -> str | None:
    form = {"grant_type": "client_credentials"}
    answer = house.http.post(house.addresses["api"] + "/oauth/token", auth=(id, secret), data=form)
    return str(answer.json()["access_token"]) if answer.status_code == 200 else None


def consumer(house: Arena, name: str) -> tuple[str, Path]:
    """A client with its file, as somebody set it up by hand."""
    grants: Any = ask(house, "GET", "/api/v2/authorization/subjects/me")["grants"]
    roles = [{"roleId": grants[0]["role"]["id"], "divisionId": "*"}]
    body = {"name": name, "authorizedGrantType": "CLIENT-CREDENTIALS", "roleDivisions": roles}
    made = ask(house, "POST", CLIENTS, body)
    file = house.home / f"{name}.env"
    file.write_text(f"GENESYS_CLIENT_ID={made['id']}\nGENESYS_CLIENT_SECRET={made['secret']}\n")
    house.advance(60)
    return str(made["id"]), file


def pair_of(file: Path) -> tuple[str, str]:
    found = dict(line.split("=", 1) for line in file.read_text().splitlines())
    return found["GENESYS_CLIENT_ID"], found["GENESYS_CLIENT_SECRET"]


def states(house: Arena, name: str) -> dict[str, object]:
    house.advance(60)
    listed = ask(house, "GET", CLIENTS)["entities"]
    assert isinstance(listed, list)
    return {one["name"]: one["state"] for one in listed if one["name"].startswith(name)}


async def test_the_old_secret_is_gone_when_the_new_one_works(house: Arena) -> None:
    id, file = consumer(house, "crm")
    old = pair_of(file)
    async with voyage(house, **PLATFORM) as trip:
        run = trip.runner.submit(SecretOrder(id, str(file), soak=60.0, keep=60.0))
        await trip.until(lambda: trip.runner.show(run).ended is not None)
        assert trip.runner.show(run).status == "succeeded", told(trip.runner.show(run))
        new = pair_of(file)
        assert new != old
        assert token(house, *new)
        assert token(house, *old) is None
        assert states(house, "crm") == {"crm (green)": "active"}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not file.with_name("crm.env.before").exists()
        database = b"".join(path.read_bytes() for path in house.home.glob("stores/*"))
        assert new[1].encode() not in database
        entries = trip.app.ledger.entries(run=run)
        assert all(new[1] not in str(entry) for entry in entries)
        ids = [one for entry in entries for one in entry.data.get("correlation_ids", ())]
        sent = [one for one in house.control("GET", "/journal") if one["method"] != "GET"]
        changed = {one["correlation_id"] for one in sent if one["effect"]}
        assert len(ids) == len(set(ids)) == 3  # made, disabled, removed
        assert set(ids) <= changed, "under which the platform answered each change"


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")
async def test_going_back_leaves_one_client_and_its_file(house: Arena) -> None:
    id, file = consumer(house, "erp")
    before = file.read_text()
    async with voyage(house, **PLATFORM) as trip:
        run = trip.runner.submit(SecretOrder(id, str(file), soak=60.0, keep=3600.0))
        await trip.meanwhile(lambda: "brought back" in (trip.runner.show(run).waiting_for or ""))
        assert file.read_text() != before
        trip.runner.signal(run, "roll-back")
        await trip.until(lambda: trip.runner.show(run).ended is not None)
        assert trip.runner.show(run).status == "rolled-back", told(trip.runner.show(run))
        assert file.read_text() == before
        assert token(house, *pair_of(file))
        assert states(house, "erp") == {"erp": "active"}


async def test_a_lost_answer_makes_no_third_client(house: Arena) -> None:
    """The secret went with the answer: the client that was made is given another."""
    id, file = consumer(house, "wfm")
    async with voyage(house, **PLATFORM) as trip:
        house.faults({"kind": "lost", "method": "POST", "path": CLIENTS, "nth": [1]})
        run = trip.runner.submit(SecretOrder(id, str(file), soak=0.0, keep=0.0))
        end = time.monotonic() + 30
        await trip.until(lambda: trip.runner.show(run).ended is not None)
        house.faults()
        assert time.monotonic() < end
        assert trip.runner.show(run).status == "succeeded", told(trip.runner.show(run))
        assert token(house, *pair_of(file))
        assert states(house, "wfm") == {"wfm (green)": "active"}


async def test_somebody_elses_client_of_that_name_is_left_alone(house: Arena) -> None:
    id, file = consumer(house, "bot")
    consumer(house, "bot (green)")
    async with voyage(house, **PLATFORM) as trip:
        ended = await trip.ended(SecretOrder(id, str(file)))
        assert "secret.successor-exists" in told(ended)


def test_colours_alternate() -> None:
    assert successor_name("crm") == "crm (green)"
    assert successor_name("crm (green)") == "crm (blue)"
    assert successor_name("crm (blue)") == "crm (green)"


def test_what_its_owner_wrote_stays_behind_the_mark() -> None:
    first = described("Successor of 1", "calls the CRM: daily")
    second = described("Successor of 2", first)
    assert second == "Successor of 2: calls the CRM: daily"
    assert is_marked(second, "Successor of 2")
    assert not is_marked("Successor of 22", "Successor of 2")
    assert described("Successor of 2", "Successor of 1") == "Successor of 2"
