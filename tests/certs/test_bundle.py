"""Reading: every wrapping gives the same certificates, and no bytes raise."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    pkcs7,
    pkcs12,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gctrust.certs.assess import assess_certificate
from gctrust.certs.bundle import read_bundle
from gctrust.certs.path import Roots

from .authority import NOW, Authority

ROOT = Authority("Root")
LEAF = ROOT.issue("a.example.org")
BOTH = LEAF.pem + ROOT.pem
DERS = [LEAF.der, ROOT.certificate.public_bytes(Encoding.DER)]


def p12(passphrase: bytes | None) -> bytes:
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"x", LEAF.key, LEAF.certificate, [ROOT.certificate], how
    )


@pytest.mark.parametrize(
    "data",
    [
        BOTH,
        BOTH.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + BOTH,
        BOTH.decode().encode("utf-16"),
        base64.b64encode(BOTH),
        b"".join(DERS),
        b"subject=CN = a\nissuer=CN = Root\n" + BOTH,
        pkcs7.serialize_certificates([LEAF.certificate, ROOT.certificate], Encoding.DER),
        pkcs7.serialize_certificates([LEAF.certificate, ROOT.certificate], Encoding.PEM),
        p12(None),
    ],
    ids=["pem", "crlf", "bom", "utf16", "base64", "der", "text", "p7b", "p7b-pem", "p12"],
)
def test_every_wrapping_gives_the_same_certificates(data: bytes) -> None:
    assert sorted(c.der for c in read_bundle(data).certificates) == sorted(DERS)


@pytest.mark.parametrize(
    ("data", "passphrase", "rule"),
    [
        (b"", None, "cert.empty"),
        (b"hello", None, "cert.unreadable"),
        (LEAF.pem[:200], None, "cert.pem-broken"),
        (LEAF.pem.replace(b"MII", b"M!!", 1), None, "cert.pem-broken"),
        (LEAF.der[:100], None, "cert.unreadable"),
        (LEAF.der + b"xx", None, "cert.trailing-bytes"),
        (LEAF.key_pem(b"secret"), None, "cert.key-encrypted"),
        (LEAF.key_pem(b"secret"), b"wrong", "cert.key-passphrase"),
        (p12(b"secret"), None, "cert.key-encrypted"),
        (p12(b"secret"), b"wrong", "cert.key-passphrase"),
        (b"x" * (1 << 21), None, "cert.too-big"),
    ],
    ids=[
        *("empty", "text", "cut pem", "bad base64", "cut der", "trailing", "encrypted key"),
        *("wrong passphrase", "encrypted p12", "wrong p12 passphrase", "too big"),
    ],
)
def test_bad_input_is_a_finding(data: bytes, passphrase: bytes | None, rule: str) -> None:
    assert rule in {f.rule for f in read_bundle(data, passphrase=passphrase).findings}


def test_encrypted_keys_open_with_their_passphrase() -> None:
    for data in (LEAF.key_pem(b"secret"), p12(b"secret")):
        bundle = read_bundle(data, passphrase=b"secret")
        assert len(bundle.keys) == 1
        assert not bundle.findings


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=300).map(
            lambda b: (
                b"-----BEGIN CERTIFICATE-----\n"
                + base64.b64encode(b)
                + b"\n-----END CERTIFICATE-----\n"
            )
        ),
    )
)
def test_any_bytes_give_findings_and_no_exception(data: bytes) -> None:
    bundle = read_bundle(data, passphrase=b"x")
    report = assess_certificate(bundle, host="a.example.org", at=NOW, roots=Roots(()))
    assert not report.path.accepted
    assert report.findings


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, len(LEAF.der) - 1), st.integers(1, 255))
def test_a_damaged_certificate_is_refused_and_never_raises(place: int, change: int) -> None:
    data = bytearray(LEAF.der)
    data[place] ^= change
    anchors = Roots(read_bundle(ROOT.pem).certificates)
    report = assess_certificate(
        read_bundle(bytes(data)),
        host="a.example.org",
        at=NOW + dt.timedelta(hours=1),
        roots=anchors,
        profile="private",
    )
    assert not report.path.accepted
    assert report.findings
