"""The deploy journey on the real platform path: proved by handshakes, taken back by handshakes,
and nothing sent for a bundle that would not serve."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from arena import CUSTOM, arena
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from voyage import told, voyage

from gctrust.adapters.credentials.sealed import NOT_OPENED, SealedKeys
from gctrust.cli import tls_status
from gctrust.errors import Problem
from gctrust.pipelines.effects import CertificateFiles, CertificateHeld
from gctrust.secret import Secret


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


async def served(trip, host):
    """The leaves that full handshakes with every edge see."""
    seen = await trip.app.probe.host(host, 3)
    assert seen.succeeded == seen.tried
    return {leaf for _, leaf in seen.served}


async def test_deployed_renewed_and_rolled_back(house):
    old = house.custom_order(1)
    new = replace(old, files=house.issue("newer", old.domain, profile="server"))
    async with voyage(house) as trip:
        first, second = await trip.ended(old), await trip.ended(new)
        leaves = [row.end.summary["leaf_sha256"] for row in (first, second)]
        assert second.end.summary["leaf_sha256_before"] == leaves[0]
        assert await served(trip, old.domain) == {leaves[1]}
        kept = trip.app.sealed.kept(old.domain)
        assert [one.leaf_sha256 for one in kept] == leaves[::-1]
        back = replace(old, files=CertificateFiles(kept[1].reference), rollback=True)
        third = await trip.ended(back)
        assert (third.status, third.end.summary["rollback"]) == ("succeeded", True), told(third)
        assert await served(trip, old.domain) == {leaves[0]}
        did = [row.end.summary["action"] for row in (first, second, third)]
        assert did == ["create", "renew", "renew"]
    puts = [e for e in house.writes() if e["effect"]]
    assert [e["method"] for e in puts] == ["POST", "PUT", "PUT"]


async def test_the_sealing_key_lies_beside_the_store_for_its_owner_alone(house):
    async with voyage(house) as trip:
        await trip.ended(house.custom_order(1))
    file = house.home / "seal.key"
    assert file.stat().st_mode & 0o777 == 0o600
    for store in (house.home / "stores").iterdir():
        assert file.read_bytes() not in store.read_bytes()


async def test_an_encrypted_key_needs_its_passphrase_at_each_reading(house, monkeypatch):
    order = house.custom_order(1)
    path = Path(order.files.key)
    key = load_pem_private_key(path.read_bytes(), None)
    how = BestAvailableEncryption(b"open sesame")
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    async with voyage(house) as trip:
        row = await trip.ended(order)
        assert row.status == "refused"
        assert "cert.key-encrypted" in {one.rule for one in row.end.findings}
        monkeypatch.setenv("GCTRUST_KEY_PASSPHRASE", "open sesame")
        row = await trip.ended(order)
        assert row.status == "succeeded", told(row)
        back = CertificateFiles(trip.app.sealed.kept(order.domain)[0].reference)
        again = await trip.ended(replace(order, files=back, rollback=True))
        assert (again.status, again.end.summary["adopted"]) == ("succeeded", True), told(again)


async def test_only_what_a_rollback_can_need_is_kept(house):
    order = house.custom_order(1)
    async with voyage(house) as trip:
        leaves = []
        for name in ("a", "b", "c"):
            files = house.issue(name, order.domain, profile="server")
            row = await trip.ended(replace(order, files=files))
            leaves.append(row.end.summary["leaf_sha256"])
        kept = [one.leaf_sha256 for one in trip.app.sealed.kept(order.domain)]
    assert kept == [leaves[2], leaves[1]]


async def test_a_certificate_of_other_means_is_replaced_only_when_allowed_by_name(house):
    """Nobody has its key here: a rollback would be impossible, and the plan says so."""
    order = house.custom_order(1)
    async with voyage(house) as trip:
        await trip.ended(order)
        trip.app.sealed.forget(order.domain, ())
        new = replace(order, files=house.issue("newer", order.domain, profile="server"))
        row = await trip.ended(new)
        assert row.status == "refused"
        assert [one.rule for one in row.end.findings][-1] == "tls.no-rollback"
        assert len([e for e in house.writes() if e["effect"]]) == 1
        assert (await trip.ended(order)).status == "succeeded", "the old files once more keep it"
        assert (await trip.ended(new)).status == "succeeded"


async def test_a_key_that_nobody_can_open_any_more_is_no_way_back(house):
    order = house.custom_order(1)
    new = replace(order, files=house.issue("newer", order.domain, profile="server"))
    async with voyage(house, GCTRUST_SEAL_KEY="k" * 40) as trip:
        await trip.ended(order)
    async with voyage(house, GCTRUST_SEAL_KEY="j" * 40) as trip:
        row = await trip.ended(new)
    assert row.status == "refused"
    assert [one.rule for one in row.end.findings][-1] == "tls.no-rollback"


async def test_after_the_last_429_it_is_an_error(house):
    order = replace(house.custom_order(1), horizon=600.0)
    rule = {"kind": "status", "status": 429, "headers": {"Retry-After": "240"}, "method": "POST"}
    house.faults({**rule, "path": CUSTOM})
    async with voyage(house) as trip:
        run = trip.runner.submit(order)
        await trip.until(lambda: house.advance(60) or trip.runner.show(run).status != "open")
        row = trip.runner.show(run)
        assert row.status == "failed"
        assert row.problem.code == "genesys.rate-limited"
        assert trip.actions(run).count("custom-domain.failed") == 1
    assert house.fired()[0] > 3
    assert house.journal("POST", CUSTOM) == []
    house.advance(300)  # the last 429 holds everybody of this store back


async def test_two_states_are_kept_apart(house):
    order = house.custom_order(1)
    async with voyage(house) as trip:
        first = tls_status.shown(order.domain, await tls_status.look(trip.app, order.domain))
        assert (first.hostname.state, first.certificate.state) == ("not-registered", "none")
        await trip.ended(order)
        looked = await tls_status.look(trip.app, order.domain)
        told_ = tls_status.shown(order.domain, looked)
        assert (told_.hostname.state, told_.certificate.state) == ("active", "served")
        assert tls_status.code_of(told_, looked) == 0
        assert len(told_.certificate.edges) > 1
        house.faults({"kind": "status", "status": 403, "path": "/api/v2/customdomains*"})
        looked = await tls_status.look(trip.app, order.domain)
        told_ = tls_status.shown(order.domain, looked)
        assert (told_.hostname.state, told_.certificate.state) == ("not-asked", "not-asked")
        assert told_.hostname.problem.code == "genesys.forbidden"
        assert told_.certificate.edges, "the edges were asked all the same"
        assert tls_status.code_of(told_, looked) == 4


def test_what_an_edge_shows_decides_the_certificates_state_alone():
    from gctrust.pipelines.effects import HandshakesSeen

    def state(served, *, succeeded=4, ends=None, status="failed"):
        held = CertificateHeld("cd-1", status, "aa")
        seen = HandshakesSeen(4, succeeded, 1.0, 1.0, 1.0, served)
        looked = tls_status.TlsLooked(held, seen, 100.0, ("bb",))
        told = tls_status.shown("www.example", looked)
        assert told.hostname.state == status
        assert told.certificate.rollback == "bb"
        return told.certificate.state

    both = (("e1", "aa"), ("e2", "aa"))
    assert state(both) == "served"
    assert state(both, status="unknown") == "served"
    assert state((("e1", "aa"), ("e2", "bb"))) == "behind"
    assert state(both, succeeded=3) == "failing"


async def test_a_sealed_key_opens_with_its_own_sealing_key_alone(house, tmp_path):
    order = house.custom_order(1)
    async with voyage(house, GCTRUST_SEAL_KEY="k" * 40) as trip:
        await trip.ended(order)
        (kept,) = trip.app.sealed.kept(order.domain)
        assert b"PRIVATE KEY" in trip.app.sealed.bundle(kept.reference)
        other = SealedKeys(trip.app.store, trip.app.clock, tmp_path / "k", Secret("j" * 40))
        with pytest.raises(Problem) as refused:
            other.bundle(kept.reference)
        assert refused.value.type is NOT_OPENED
        with pytest.raises(Problem, match=r"sealed\.weak-key"):
            SealedKeys(trip.app.store, trip.app.clock, tmp_path / "k", Secret("short")).keep(
                "a.example", "00", "", Secret("x")
            )
        with pytest.raises(Problem, match=r"sealed\.not-kept"):
            other.bundle("sealed:00")
