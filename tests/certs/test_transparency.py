"""SCTs: made here by logs with known keys, and real ones when the suites are there."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import random
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto.core import OctetString
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gctrust.certs.bundle import read_bundle
from gctrust.certs.certificate import Certificate, read_certificate
from gctrust.certs.transparency import (
    CtLog,
    LogList,
    judge_scts,
    judge_transparency,
    shipped_logs,
)

from .authority import NOW, Authority, Issued, new_key

SUITES = Path(os.environ.get("GCTRUST_SUITES", Path(__file__).parents[3] / "shared" / "suites"))
ONLINE = SUITES / "pki" / "limbo-online"
ROOT = Authority("Root")
SPKI = ROOT.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
SCT_OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
INDEX = b"\x00\x00\x05\x00\x00\x00\x00\x07"


class Log:
    def __init__(self, name: str, operator: str, **changes: Any) -> None:
        self.key = new_key()
        spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        log_id = hashlib.sha256(spki).digest()
        since = NOW - dt.timedelta(days=300)
        plain = CtLog(log_id, name, operator, spki, tiled=False, state="usable", since=since)
        self.log = replace(plain, **changes)

    def sct(self, tbs: bytes, extensions: bytes = b"", at: dt.datetime = NOW) -> bytes:
        millis = int(at.timestamp() * 1000)
        entry = struct.pack(">BBQH", 0, 0, millis, 1) + hashlib.sha256(SPKI).digest()
        entry += len(tbs).to_bytes(3, "big") + tbs + struct.pack(">H", len(extensions)) + extensions
        signature = self.key.sign(entry, ec.ECDSA(hashes.SHA256()))
        head = b"\0" + self.log.id + struct.pack(">Q", millis)
        head += struct.pack(">H", len(extensions)) + extensions
        return head + b"\x04\x03" + struct.pack(">H", len(signature)) + signature


def logged(*logs: Log, days: int = 90, extensions: bytes = b"") -> Certificate:
    """A certificate whose SCTs are over its own TBS without the SCT list."""
    key, serial = new_key(), 77
    plain = _build(key, serial, days)
    scts = [log.sct(plain.certificate.tbs_certificate_bytes, extensions) for log in logs]
    body = b"".join(struct.pack(">H", len(s)) + s for s in scts)
    body = struct.pack(">H", len(body)) + body
    value = x509.UnrecognizedExtension(SCT_OID, OctetString(body).dump())
    return read_certificate(_build(key, serial, days, value).der)


def _build(
    key: Any, serial: int, days: int, value: x509.UnrecognizedExtension | None = None
) -> Issued:
    builder = x509.CertificateBuilder().subject_name(x509.Name([]))
    builder = builder.issuer_name(ROOT.certificate.subject).public_key(key.public_key())
    builder = builder.serial_number(serial).not_valid_before(NOW)
    builder = builder.not_valid_after(NOW + dt.timedelta(days=days, seconds=-1))
    san = x509.SubjectAlternativeName([x509.DNSName("a.example.org")])
    builder = builder.add_extension(san, critical=True)
    if value is not None:
        builder = builder.add_extension(value, critical=False)
    return Issued(builder.sign(ROOT.key, hashes.SHA256()), key)


def rules(leaf: Certificate, *logs: Log, listed: dt.datetime = NOW) -> set[str]:
    known = LogList([log.log for log in logs], listed)
    at = NOW + dt.timedelta(hours=1)
    return {f.rule for f in judge_transparency(leaf, SPKI, at=at, logs=known, public=True)}


def test_two_logs_of_two_operators_are_enough_for_90_days() -> None:
    one, two = Log("one", "A"), Log("two", "B")
    assert rules(logged(one, two), one, two) == set()


def test_three_are_needed_above_180_days() -> None:
    one, two, three = Log("one", "A"), Log("two", "B"), Log("three", "B")
    assert rules(logged(one, two, days=180), one, two) == set()
    assert rules(logged(one, two, days=181), one, two) == {"cert.ct-count"}
    assert rules(logged(one, two, three, days=181), one, two, three) == set()


def test_one_operator_or_one_log_twice_is_not_enough() -> None:
    one, two = Log("one", "A"), Log("two", "A")
    assert rules(logged(one, two), one, two) == {"cert.ct-operators"}
    assert rules(logged(one, one), one) == {"cert.ct-count"}
    bare = read_certificate(_build(new_key(), 5, 90).der)
    assert rules(bare, one) == {"cert.ct-count"}


def test_the_operator_is_the_one_at_the_time_of_the_sct() -> None:
    sold = Log("sold", "A", former=(("B", NOW + dt.timedelta(days=1)),))
    other = Log("other", "A")
    assert rules(logged(sold, other), sold, other) == set()


def test_a_wrong_signature_does_not_count() -> None:
    one, two, thief = Log("one", "A"), Log("two", "B"), Log("thief", "B")
    thief.log = replace(thief.log, id=two.log.id)
    assert rules(logged(one, thief), one, two) == {"cert.sct-invalid", "cert.ct-count"}


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "retired", "since": NOW - dt.timedelta(days=1)},
        {"state": "rejected"},
        {"starts": NOW + dt.timedelta(days=200)},
        {"ends": NOW + dt.timedelta(days=30)},
    ],
)
def test_a_log_out_of_service_does_not_count(changes: dict[str, Any]) -> None:
    one, two = Log("one", "A"), Log("two", "B", **changes)
    assert rules(logged(one, two), one, two) == {"cert.sct-log-state", "cert.ct-count"}


def test_an_sct_from_before_a_log_retired_counts() -> None:
    later = NOW + dt.timedelta(days=1)
    one, two = Log("one", "A"), Log("two", "B", state="retired", since=later)
    assert rules(logged(one, two), one, two) == set()


def test_a_tiled_log_needs_exactly_one_leaf_index() -> None:
    one, two = Log("one", "A", tiled=True), Log("two", "B", tiled=True)
    assert rules(logged(one, two, extensions=INDEX), one, two) == set()
    for bad in (b"", INDEX + INDEX, INDEX[:-1]):
        assert "cert.sct-leaf-index" in rules(logged(one, two, extensions=bad), one, two)


def test_unknown_logs_and_old_lists_are_said_to_be_so() -> None:
    one, two = Log("one", "A"), Log("two", "B")
    assert rules(logged(one, two), one) == {"cert.sct-unknown-log", "cert.ct-unproved"}
    old = NOW - dt.timedelta(days=71)
    assert rules(logged(one, two), one, two, listed=old) == {"cert.ct-list-old"}


def test_the_shipped_list_is_dated_and_whole() -> None:
    logs = shipped_logs()
    assert len(logs.logs) > 40
    assert logs.listed_at.year >= 2026
    assert len({log.operator for log in logs.logs.values()}) >= 6


def _real() -> list[tuple[Certificate, Certificate]]:
    pairs = []
    for file in sorted(ONLINE.glob("*.json")):
        case = json.loads(file.read_text())
        leaf = read_bundle(case["peer_certificate"].encode()).certificates[0]
        pems = "\n".join((*case["untrusted_intermediates"], *case["trusted_certs"]))
        issuers = read_bundle(pems.encode()).certificates
        pairs.append((leaf, next(c for c in issuers if c.subject == leaf.issuer)))
    return pairs


needs_suites = pytest.mark.skipif(not ONLINE.exists(), reason=f"no suites at {SUITES}")
LONG = pytest.mark.skipif(not os.environ.get("GCTRUST_LONG"), reason="GCTRUST_LONG is not set")


@needs_suites
def test_every_real_sct_verifies() -> None:
    verdicts = [v for leaf, issuer in _real() for v in judge_scts(leaf, issuer.spki, LOGS)]
    assert len(verdicts) >= 14
    assert all(v.valid for v in verdicts)


LOGS = shipped_logs()


def still_valid(leaf: Certificate, issuer: Certificate, place: int, bit: int) -> int:
    """How many SCTs verify after the flip of one bit of the TBSCertificate."""
    data = bytearray(leaf.der)
    data[place] ^= 1 << bit
    try:
        damaged = read_certificate(bytes(data))
        return sum(v.valid is True for v in judge_scts(damaged, issuer.spki, LOGS))
    except (ValueError, OverflowError):
        return 0


def _places(leaf: Certificate) -> range:
    """Every octet that an SCT of the certificate stands for: its TBSCertificate."""
    assert leaf.x509 is not None
    tbs = leaf.x509.tbs_certificate_bytes
    start = leaf.der.index(tbs)
    return range(start, start + len(tbs))


def _refused(leaf: Certificate, issuer: Certificate, place: int, bit: int) -> bool:
    """A flip within one SCT spoils that one; a flip elsewhere spoils all of them."""
    whole = judge_scts(leaf, issuer.spki, LOGS)
    first = leaf.der.index(whole[0].log_id)
    within = place >= first - 3 and _end_of_scts(leaf) > place
    return still_valid(leaf, issuer, place, bit) <= (len(whole) - 1 if within else 0)


def _end_of_scts(leaf: Certificate) -> int:
    value = next(e.value for e in leaf.raw_extensions if e.oid == SCT_OID.dotted_string)
    return leaf.der.index(value) + len(value)


@needs_suites
def test_no_flipped_bit_is_accepted_of_two_thousand() -> None:
    dice, pairs = random.Random(6962), _real()
    for _ in range(2000):
        leaf, issuer = dice.choice(pairs)
        place, bit = dice.choice(_places(leaf)), dice.randrange(8)
        assert _refused(leaf, issuer, place, bit), (leaf, place, bit)


@LONG
@needs_suites
def test_no_flipped_bit_is_accepted_at_all() -> None:
    for leaf, issuer in _real():
        for place in _places(leaf):
            for bit in range(8):
                assert _refused(leaf, issuer, place, bit), (leaf, place, bit)
