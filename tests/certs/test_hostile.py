"""Input made to hurt: each ends soon, with a finding and without an exception."""

from __future__ import annotations

import base64
import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    pkcs12,
)

from gctrust.certs.assess import assess_certificate
from gctrust.certs.bundle import from_ders, read_bundle
from gctrust.certs.der import children, node
from gctrust.certs.evidence import CaaAnswer, Evidence, OcspAnswer, TlsaAnswer
from gctrust.certs.kdf import rounds
from gctrust.certs.transparency import shipped_logs

from .authority import NOW, Authority, new_key
from .rows_made import (
    HOST,
    MIDDLE,
    OTHER,
    ROOT,
    armoured,
    replace_der,
    roots,
    rsa_spki,
    strange,
    tlv,
    web,
)

SECONDS = 3.0  # far above what any of them takes, far below what a hang would
LEAF = web()
BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
URI = x509.UniformResourceIdentifier


def judge(data: bytes, profile: str = "public") -> Any:
    start = time.perf_counter()
    report = assess_certificate(
        read_bundle(data), host=HOST, at=NOW, roots=roots(), profile=profile, logs=shipped_logs()
    )
    assert time.perf_counter() - start < SECONDS
    assert report.findings
    assert report.path.paths is not None
    return report


def _mesh() -> bytes:
    keys = [new_key() for _ in range(5)]
    alone = [Authority(f"Mesh {n}", key=key) for n, key in enumerate(keys)]
    pairs = [(a, b) for a in range(5) for b in range(5) if a != b] * 2
    mesh = [Authority(f"Mesh {a}", alone[b], key=keys[a]) for a, b in pairs]
    return web(alone[0]).pem + b"".join(a.pem for a in mesh)


def _many_constraints() -> bytes:
    trees = [x509.DNSName(f"a{n}.example.org") for n in range(1500)]
    tied = Authority("Tied", ROOT, extra=((x509.NameConstraints(trees, trees), True),))
    return web(tied, names=[f"h{n}.example.org" for n in range(1500)]).pem + tied.pem


def _big_rsa(bits: int, exponent_bits: int) -> bytes:
    dice = random.Random(bits)
    modulus = 1 << (bits - 1) | dice.getrandbits(bits - 1) | 1
    exponent = 1 << (exponent_bits - 1) | dice.getrandbits(exponent_bits - 1) | 1
    return armoured(replace_der(LEAF.der, spki=rsa_spki(modulus, exponent))) + MIDDLE.pem


def _nested() -> bytes:
    octets = b""
    for _ in range(3000):
        octets = tlv(0x30, octets)
    return octets


def _points() -> tuple[Any, bool]:
    rows = [x509.DistributionPoint([URI(f"http://c/{n}")], None, None, None) for n in range(2000)]
    return x509.CRLDistributionPoints(rows), False


CASES: dict[str, Callable[[], bytes]] = {
    "a mesh of cross-signed CAs": _mesh,
    "names times constraints": _many_constraints,
    "RSA of 16,384 bits with a long exponent": lambda: _big_rsa(16384, 16000),
    "RSA of 100,000 bits": lambda: _big_rsa(100_000, 17),
    "indefinite lengths within each other": lambda: b"0\x80" * 20_000,
    "sequences within each other": _nested,
    "thirty thousand BEGIN lines": lambda: BEGIN * 30_000,
    "twenty thousand empty blocks": lambda: (BEGIN + END) * 20_000,
    "BEGIN lines of other kinds": lambda: b"-----BEGIN A-----" * 50_000,
    "six hundred extensions": lambda: (
        web(extra=tuple(strange(f"1.2.3.{n}", b"\5\0") for n in range(3000))).pem
    ),
    "three thousand policies": lambda: web(policies=tuple(f"1.2.3.{n}" for n in range(3000))).pem,
    "two thousand distribution points": lambda: web(crl=False, extra=(_points(),)).pem,
    "a long line of letters": lambda: web(names=["a" * 60_000]).pem,
    "a dNSName that is not ASCII": lambda: armoured(LEAF.der.replace(b"mail", b"m\xc3\xa4l")),
    "half a megabyte of one certificate": lambda: LEAF.pem * 700,
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("profile", ["public", "private"])
def test_it_ends_soon_with_a_finding(name: str, profile: str) -> None:
    judge(CASES[name](), profile)


def test_a_container_that_asks_for_years_of_hashing_is_not_opened() -> None:
    inner = LEAF.key_pem(b"x")
    assert 0 < rounds(_der(inner)) < 10_000_000
    slow = pkcs12.serialize_key_and_certificates(
        None,
        LEAF.key,
        LEAF.certificate,
        None,
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(5_000)
        .hmac_hash(hashes.SHA256())
        .build(b"x"),
    )
    for data in (_swollen(slow), _swollen(_der(inner))):
        start = time.perf_counter()
        bundle = read_bundle(data, passphrase=b"x")
        assert time.perf_counter() - start < SECONDS
        assert "cert.unreadable" in {f.rule for f in bundle.findings}
    assert read_bundle(slow, passphrase=b"x").keys


def _der(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.splitlines()[1:-1]))


def _swollen(der: bytes) -> bytes:
    """Every iteration count becomes two thousand million."""

    def inner(content: bytes) -> bytes:
        nodes, made = children(content), []
        for place, one in enumerate(nodes):
            salted = place and (nodes[place - 1].cls, nodes[place - 1].tag) == (0, 4)
            if salted and (one.cls, one.tag) == (0, 2):
                made.append(b"\2\4\x77\x35\x94\x00")
            elif one.der[0] & 0x20:
                made.append(tlv(one.der[0], inner(one.content)))
            else:
                made.append(one.der)
        return b"".join(made)

    return tlv(0x30, inner(node(der)[0].content))


def test_certificates_broken_in_their_structure_give_findings() -> None:
    """Elements dropped, doubled, swapped and retagged, at any depth."""
    dice, ders = random.Random(4), [LEAF.der, MIDDLE.certificate.public_bytes(Encoding.DER)]
    ders += [
        web(crl=False, ocsp=True).der,
        Authority("X", OTHER).certificate.public_bytes(Encoding.DER),
    ]
    for _ in range(10_000 if os.environ.get("GCTRUST_LONG") else 120):
        damaged = tlv(0x30, _mutated(node(dice.choice(ders))[0].content, dice, 0))
        evidence = Evidence(
            ocsp=(OcspAnswer(damaged),),
            hosts=(HOST,),
            caa=(CaaAnswer("example.org", ((0, "issue", "x"),)),),
            tlsa=TlsaAnswer("_443._tcp", ((3, 1, 1, b"x"),)),
        )
        report = assess_certificate(
            from_ders((damaged, dice.choice(ders))),
            host=HOST,
            at=NOW,
            roots=roots(),
            profile=dice.choice(["public", "private", "client"]),
            logs=shipped_logs(),
            evidence=evidence,
        )
        assert report.findings


def _mutated(content: bytes, dice: random.Random, depth: int) -> bytes:
    try:
        nodes = children(content)
    except ValueError:
        nodes = []
    if not nodes or depth > 8 or dice.random() < 0.07:
        data = bytearray(content or b"\0")
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        return bytes(data[: dice.choice([len(data), len(data), dice.randrange(len(data) + 1)])])
    place, made, how = dice.randrange(len(nodes)), [n.der for n in nodes], dice.random()
    if how < 0.06:
        del made[place]
    elif how < 0.12:
        made.insert(place, made[place])
    elif how < 0.18:
        made[place] = tlv(
            dice.choice([1, 2, 3, 4, 5, 6, 12, 23, 48, 0x82, 0xA3]), nodes[place].content
        )
    else:
        made[place] = tlv(made[place][0], _mutated(nodes[place].content, dice, depth + 1))
    return b"".join(made)
