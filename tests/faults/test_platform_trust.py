"""Signing certificates of identity providers and CAs of edges, rotated on the published API."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from arena import Arena, arena
from voyage import Voyage, told, voyage

from gctrust.adapters.files import read_files
from gctrust.adapters.genesys.published import Published
from gctrust.pipelines.platform_orders import TrustOrder
from gctrust.pipelines.trust_effects import ReadNewCertificate, ReadTrust
from gctrust.runner.perform_platform_trust import differs

PLATFORM = {"GCTRUST_DIALECT": "platform"}
OKTA = "/api/v2/identityproviders/okta"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("trust"), "--dialect", "platform") as made:
        yield made


def certificate(house: Arena, name: str) -> str:
    """The leaf alone, as an identity provider gives it out."""
    path = Path(house.issue(name, f"{name}.demo.example", profile="server").certificate)
    text = path.read_text()
    path.write_text(text[: text.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")
    return str(path)


def put_provider(house: Arena, path: str) -> None:
    body = {
        "issuerURI": "urn:idp", "ssoTargetURI": "https://idp.example/sso", "name": "Okta",
        "relyingPartyIdentifier": "us", "signAuthnRequests": True,
        "certificate": Path(path).read_text(),
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {token(house)}"}
    answer = house.http.put(house.addresses["api"] + OKTA, headers=headers, json=body)
    assert answer.status_code == 200, answer.text


def token(house: Arena) -> str:
    pair = (house.addresses["client_id"], house.addresses["client_secret"])
    form = {"grant_type": "client_credentials"}
    url = house.addresses["api"] + "/oauth/token"
    return str(house.http.post(url, auth=pair, data=form).json()["access_token"])


async def held(trip: Voyage, holder: str) -> tuple[str, ...]:
    return (await trip.app.perform(ReadTrust(holder))).digests


async def digest(trip: Voyage, path: str) -> str:
    return (await trip.app.perform(ReadNewCertificate(path))).one.sha256


async def test_a_signing_certificate_is_rotated_with_an_overlap(house: Arena) -> None:
    old, new = certificate(house, "old"), certificate(house, "new")
    put_provider(house, old)
    house.advance(60)
    async with voyage(house, **PLATFORM) as trip:
        first, second = await digest(trip, old), await digest(trip, new)
        order = TrustOrder("provider/okta", new, overlap=300.0)
        run = trip.runner.submit(order)
        await trip.meanwhile(lambda: trip.runner.show(run).stage == "overlap")
        house.advance(60)
        assert await held(trip, "provider/okta") == (first, second)
        await trip.until(lambda: trip.runner.show(run).ended is not None)
        assert trip.runner.show(run).status == "succeeded", told(trip.runner.show(run))
        house.advance(60)
        assert await held(trip, "provider/okta") == (second,)
        whole = await Published(trip.app.genesys).provider("okta")
        assert whole is not None
        assert '"relyingPartyIdentifier": "us"' in whole.whole.reveal()  # the rest is as it was
        puts = len(house.journal("PUT", OKTA))
        again = await trip.ended(order)
        assert (again.status, len(house.journal("PUT", OKTA))) == ("succeeded", puts)


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")
async def test_going_back_takes_the_new_one_away(house: Arena) -> None:
    old, new = certificate(house, "old2"), certificate(house, "new2")
    put_provider(house, old)
    house.advance(60)
    async with voyage(house, **PLATFORM) as trip:
        before = await digest(trip, old)
        run = trip.runner.submit(TrustOrder("provider/okta", new))
        await trip.meanwhile(lambda: trip.runner.show(run).stage == "overlap")
        trip.runner.signal(run, "roll-back")
        await trip.until(lambda: trip.runner.show(run).ended is not None)
        assert trip.runner.show(run).status == "rolled-back"
        house.advance(60)
        assert await held(trip, "provider/okta") == (before,)


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")
async def test_edges_take_a_ca_once_and_let_the_named_one_go(house: Arena) -> None:
    async with voyage(house, **PLATFORM) as trip:
        leaf = await trip.ended(TrustOrder("edges", certificate(house, "leaf")))
        assert leaf.end is not None
        assert [one.rule for one in leaf.end.findings] == ["trust.no-authority"]
        assert leaf.status == "refused"
        made = await trip.ended(TrustOrder("edges", house.addresses["roots"], name="SBC root"))
        assert made.status == "succeeded", told(made)
        house.advance(60)
        assert len(await held(trip, "edges")) == 1
        old = (await held(trip, "edges"))[0]
        other = house.addresses["data_action_root"]
        order = TrustOrder("edges", other, replaces=(old,), overlap=60.0)
        swapped = await trip.ended(order)
        assert swapped.status == "succeeded", told(swapped)
        house.advance(60)
        assert await held(trip, "edges") == (await digest(trip, other),)


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")
async def test_a_lost_answer_makes_no_second_authority(house: Arena) -> None:
    async with voyage(house, **PLATFORM) as trip:
        path = "/api/v2/telephony/providers/edges/certificateauthorities"
        house.faults({"kind": "lost", "method": "POST", "path": path, "nth": [1]})
        await trip.ended(TrustOrder("edges", house.addresses["roots"], name="again"))
        house.faults()
        house.advance(60)
        digests = await held(trip, "edges")
        assert len(digests) == len(set(digests)) == 2


def test_two_readings_that_differ_are_told(house: Arena) -> None:
    one = read_files((certificate(house, "seen"),)).certificates[0]
    assert one.not_after is not None
    ends = one.not_after.timestamp()
    assert differs(one, ends, expired=False, now=ends - 1) == ""
    assert differs(one, ends + 60, expired=False, now=ends - 1) == "another last day"
    assert differs(one, ends, expired=True, now=ends - 1) == "it has expired"
