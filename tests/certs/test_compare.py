"""Old and new certificate compared; lists of compromised keys; a newer log list; strict clients."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from gctrust.certs.assess import assess_certificate
from gctrust.certs.blocklist import read_blocklist
from gctrust.certs.bundle import read_bundle
from gctrust.certs.certificate import read_certificate
from gctrust.certs.compare import compare_certificates
from gctrust.certs.ct_update import read_log_list
from gctrust.certs.transparency import shipped_logs
from gctrust.keys import PublicKey
from gctrust.secret import Secret

from .authority import NOW, SERVER, Authority
from .rows_made import DAY, HOST, MIDDLE, OTHER, ROOT, roots, web

OLD = web(names=[HOST, "b.example.org", "*.c.example.org"])


def compared(new: Any, *hosts: str) -> Any:
    one, two = read_certificate(OLD.der), read_certificate(new.der)
    return compare_certificates(one, two, hosts=hosts)


def test_a_renewal_says_what_changes() -> None:
    diff = compared(web(names=[HOST, "d.example.org"], days=30), HOST, "x.c.example.org")
    assert diff.names_lost == ("*.c.example.org", "b.example.org")
    assert diff.names_gained == ("d.example.org",)
    assert diff.hosts_lost == ("x.c.example.org",)
    assert diff.ends_earlier
    assert not diff.key_reused
    assert not diff.issuer_changed
    assert diff.lines[0] == "host no longer served: x.c.example.org"
    assert diff.lines[-1] == "the key is new"


def test_the_same_certificate_and_the_same_key() -> None:
    assert compared(OLD).identical
    assert compared(OLD).lines == ("it is the same certificate",)
    again = compared(web(names=[HOST], key=OLD.key, days=60))
    assert again.key_reused
    assert not again.identical
    assert not again.ends_earlier


def test_another_ca_and_another_kind_of_key() -> None:
    diff = compared(web(Authority("New CA"), key=ec.generate_private_key(ec.SECP384R1())))
    assert diff.issuer_changed
    assert diff.key_kind_changed
    assert "issuer: CN=Middle -> CN=New CA" in diff.lines


def test_lists_of_compromised_keys() -> None:
    key = rsa.generate_private_key(65537, 2048)
    certificate = read_certificate(web(key=key).der)
    known = PublicKey.from_spki_der(certificate.spki)
    text = f"Modulus={known.modulus:X}\n".encode()
    debian = hashlib.sha1(text, usedforsecurity=False).hexdigest()[20:]
    listed = read_blocklist(f"# openssl-blacklist\r\n{debian}\r\nnonsense\r\n".encode())
    assert "CVE-2008-0166" in listed.lists(known)
    assert (listed.debian, listed.ignored) == (True, 1)
    by_digest = read_blocklist(certificate.spki_sha256.upper().encode())
    assert by_digest.lists(known)
    assert not by_digest.debian
    assert listed.plus(by_digest).lists(known)
    assert not read_blocklist(b"\xff\x00garbage" * 9).lists(known)


def test_the_passphrase_is_a_secret() -> None:
    locked = OLD.key_pem(b"open sesame")
    assert read_bundle(locked, passphrase=Secret("open sesame")).keys
    refused = read_bundle(locked, passphrase=Secret("open"))
    assert [f.rule for f in refused.findings] == ["cert.key-passphrase"]


# -- a newer log list -------------------------------------------------------------------------


def published(**changes: Any) -> bytes:
    """The shipped table in the form that is published."""
    operators: dict[str, dict[str, Any]] = {}
    for log in shipped_logs().logs.values():
        home = operators.setdefault(log.operator, {"name": log.operator, "logs": []})
        kind = "tiled_logs" if log.tiled else "logs"
        state = {log.state: {"timestamp": log.since.isoformat().replace("+00:00", "Z")}}
        row = {"description": log.name, "key": base64.b64encode(log.spki).decode(), "state": state}
        row["log_id"] = base64.b64encode(log.id).decode()
        if log.starts and log.ends:
            row["temporal_interval"] = {
                "start_inclusive": f"{log.starts:%Y-%m-%dT%H:%M:%SZ}",
                "end_exclusive": f"{log.ends:%Y-%m-%dT%H:%M:%SZ}",
            }
        home.setdefault(kind, []).append(row)
    listed = shipped_logs().listed_at.isoformat()
    document = {"version": "99", "log_list_timestamp": listed, "operators": [*operators.values()]}
    return json.dumps({**document, **changes}).encode()


def test_a_published_list_reads_as_the_shipped_one() -> None:
    read = read_log_list(published())
    assert read.logs == shipped_logs().logs
    assert read.listed_at == shipped_logs().listed_at


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        published(operators=[]),
        published(operators=[{"name": "A", "logs": [{"key": "AAAA", "log_id": "AAAA"}]}]),
        published(log_list_timestamp="yesterday"),
        published().replace(b'"key": "MFkw', b'"key": "MFkx'),
        b"[" * 100_000,
    ],
)
def test_a_damaged_list_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"log list|names no log|is not the digest"):
        read_log_list(data)


# -- strict clients ---------------------------------------------------------------------------


def test_a_stranger_in_the_bundle_does_not_make_the_path_unfit() -> None:
    no_ca = Authority("No CA", OTHER, ca=False)
    plain = web(usages=("digital_signature",))
    report = assess_certificate(
        read_bundle(plain.pem + MIDDLE.pem + no_ca.pem), host=HOST, at=NOW, roots=roots()
    )
    assert report.path.accepted
    assert report.conforms
    own = assess_certificate(
        read_bundle(web(aki=None).pem + MIDDLE.pem),
        host=HOST,
        at=NOW,
        roots=roots(),
        profile="private",
    )
    assert own.path.accepted == own.conforms


def test_a_strict_client_refuses_what_a_browser_takes() -> None:
    odd = web(ekus=(SERVER, ExtendedKeyUsageOID.CODE_SIGNING))
    report = assess_certificate(read_bundle(odd.pem + MIDDLE.pem), host=HOST, at=NOW, roots=roots())
    assert report.path.accepted
    assert not report.conforms
    assert [f.rule for f in report.strict_findings] == ["cert.foreign-eku"]


def test_the_renewal_habit_and_when_it_meets_each_limit() -> None:
    leaf = web(days=150)
    report = assess_certificate(
        read_bundle(leaf.pem + MIDDLE.pem), host=HOST, at=NOW + DAY, roots=roots(ROOT)
    )
    coming = next(f for f in report.findings if f.rule == "cert.coming-limit")
    assert coming.facts["renewal"] == 100
    assert coming.facts["limits"] == [
        "100 days from 2027-03-15, met 2027-06-08",
        "47 days from 2029-03-15, met 2029-05-08",
    ]
