"""The list of CT logs: brought, verified, dated, put in force, and refused when not better."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gctrust.adapters.fetch.log_list import LogLists, verified
from gctrust.adapters.system import SystemClock
from gctrust.adapters.tls.certificate_check import CertificateCheck
from gctrust.certs.transparency import shipped_logs
from gctrust.errors import Problem

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPKI = PublicFormat.SubjectPublicKeyInfo


def log_list(made: datetime, *, name: str = "Test log") -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, SPKI)
    log = {
        "description": name,
        "log_id": b64encode(sha256(key).digest()).decode(),
        "key": b64encode(key).decode(),
        "url": "https://log.example/",
        "state": {"usable": {"timestamp": "2026-01-01T00:00:00Z"}},
    }
    stamp = f"{made:%Y-%m-%dT%H:%M:%SZ}"
    operators = [{"name": "Test", "logs": [log], "tiled_logs": []}]
    return json.dumps({"log_list_timestamp": stamp, "operators": operators}).encode()


@pytest.fixture(scope="module")
def signer() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_a_newer_list_is_in_force_for_every_judge(tmp_path: Path) -> None:
    made = NOW - timedelta(days=1)
    assert LogLists(tmp_path).in_force().source == "shipped with gctrust"
    told = LogLists(tmp_path).update(log_list(made), at=NOW)
    assert not told.signed
    found = LogLists(tmp_path).in_force()
    assert found.logs.listed_at == made.replace(microsecond=0)
    assert [log.name for log in found.logs.logs.values()] == ["Test log"]
    assert CertificateCheck(SystemClock(), home=tmp_path).logs.listed_at == found.logs.listed_at


def test_a_signature_is_verified_before_anything_is_kept(
    tmp_path: Path, signer: rsa.RSAPrivateKey
) -> None:
    data = log_list(NOW - timedelta(days=1))
    good = signer.sign(data, padding.PKCS1v15(), hashes.SHA256())
    key = signer.public_key().public_bytes(Encoding.PEM, SPKI)
    assert LogLists(tmp_path).update(data, at=NOW, signature=good, key=key).signed
    assert LogLists(tmp_path).in_force().signed
    other = log_list(NOW - timedelta(hours=1))
    for octets, signature, by in ((other, good, key), (data, good, b""), (data, b"x", key)):
        with pytest.raises(Problem) as told:
            LogLists(tmp_path / "other").update(octets, at=NOW, signature=signature, key=by)
        assert told.value.code == "ct.bad-signature"
    assert not (tmp_path / "other").exists()


def test_a_signature_by_an_ec_key_and_by_none(signer: rsa.RSAPrivateKey) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(b"list", ec.ECDSA(hashes.SHA256()))
    der = key.public_key().public_bytes(Encoding.DER, SPKI)
    assert verified(b"list", signature, der)
    assert not verified(b"list!", signature, der)
    assert not verified(b"list", signature, b"no key")
    assert not verified(b"list", signature)


def test_older_future_and_broken_lists_change_nothing(tmp_path: Path) -> None:
    lists = LogLists(tmp_path)
    lists.update(log_list(NOW - timedelta(days=2)), at=NOW)
    before = lists.in_force().logs.listed_at
    cases = {
        "ct.older-list": log_list(NOW - timedelta(days=3)),
        "ct.future-list": log_list(NOW + timedelta(days=30)),
        "ct.unreadable-list": b"{}",
    }
    for code, data in cases.items():
        with pytest.raises(Problem) as told:
            lists.update(data, at=NOW)
        assert told.value.code == code
    assert lists.in_force().logs.listed_at == before


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"\xff\xfe", b'{"operators": []}', b"[" * 100_000]
)
def test_what_is_no_list(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Problem) as told:
        LogLists(tmp_path).update(data, at=NOW)
    assert told.value.code == "ct.unreadable-list"


def test_a_stored_list_that_rots_is_passed_over(tmp_path: Path) -> None:
    lists = LogLists(tmp_path)
    lists.update(log_list(NOW - timedelta(days=5)), at=NOW)
    newest = Path(lists.update(log_list(NOW - timedelta(days=1)), at=NOW).source)
    newest.write_bytes(b"rot")
    assert lists.in_force().logs.listed_at == NOW - timedelta(days=5)
    for days in (4, 3, 2, 1):
        lists.update(log_list(NOW - timedelta(days=days)), at=NOW)
    assert len(list((tmp_path / "ct").glob("*.json"))) == 3


def test_the_shipped_list_is_unforced_after_seventy_days() -> None:
    listed = shipped_logs().listed_at
    assert shipped_logs().is_fresh(listed + timedelta(days=70))
    assert not shipped_logs().is_fresh(listed + timedelta(days=70, seconds=1))
