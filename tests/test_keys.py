"""Public keys: facts of every kind, agreement with OpenSSL, and no exception but BadKey."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    mldsa,
    rsa,
    x25519,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gctrust.keys import BadKey, PublicKey

RSA = rsa.generate_private_key(65537, 2048).public_key()
ED = ed25519.Ed25519PrivateKey.generate().public_key()


def spki(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("key", "kind", "bits", "curve"),
    [
        (RSA, "rsa", 2048, ""),
        (ec.generate_private_key(ec.SECP256R1()).public_key(), "ec", 256, "secp256r1"),
        (ec.generate_private_key(ec.SECP521R1()).public_key(), "ec", 521, "secp521r1"),
        (ED, "ed25519", 256, ""),
        (ed448.Ed448PrivateKey.generate().public_key(), "ed448", 456, ""),
        (x25519.X25519PrivateKey.generate().public_key(), "x25519", 255, ""),
        (dsa.generate_private_key(1024).public_key(), "dsa", 1024, ""),
        (mldsa.MLDSA65PrivateKey.generate().public_key(), "ml-dsa-65", 15616, ""),
    ],
    ids=["rsa", "p256", "p521", "ed25519", "ed448", "x25519", "dsa", "ml-dsa"],
)
def test_facts(key: object, kind: str, bits: int, curve: str) -> None:
    der = spki(key)
    read = PublicKey.from_spki_der(der)
    assert (read.kind, read.bits, read.curve) == (kind, bits, curve)
    assert read.spki_sha256 == hashlib.sha256(der).digest()
    assert read.is_loadable


def test_wrapped_and_bare_keys_are_the_same_key() -> None:
    numbers = RSA.public_numbers()
    bare = PublicKey.from_rsa_der(RSA.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    assert bare == PublicKey.from_spki_der(spki(RSA))
    assert (bare.modulus, bare.exponent) == (numbers.n, numbers.e)
    raw = ED.public_bytes_raw()
    assert PublicKey.from_ed25519_raw(raw) == PublicKey.from_spki_der(spki(ED))


def test_a_point_off_its_curve_has_facts_and_is_not_loadable() -> None:
    der = spki(ec.generate_private_key(ec.SECP256R1()).public_key())
    read = PublicKey.from_spki_der(der[:-1] + bytes([der[-1] ^ 1]))
    assert (read.kind, read.bits, read.is_loadable) == ("ec", 256, False)


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"no key", spki(RSA)[:-1], spki(RSA) + b"\0"])
def test_what_is_no_key_is_refused(octets: bytes) -> None:
    with pytest.raises(BadKey):
        PublicKey.from_spki_der(octets)


@settings(deadline=None)
@given(st.binary(max_size=64), st.integers(0, 293), st.sampled_from([spki(RSA), spki(ED)]))
def test_spoilt_octets_give_a_key_or_bad_key(noise: bytes, at: int, der: bytes) -> None:
    for octets in (noise, der[:at] + noise + der[at + len(noise) :]):
        for read in (PublicKey.from_spki_der, PublicKey.from_rsa_der, PublicKey.from_ed25519_raw):
            try:
                assert isinstance(read(octets).is_loadable, bool)
            except BadKey:
                continue
