"""Weak keys are caught, good ones are not; on fixtures of others when the suites are there."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import rsa

from gctrust.certs.bundle import read_bundle
from gctrust.certs.key import read_public_key
from gctrust.certs.weak_keys import is_probable_prime, weaknesses
from gctrust.keys import PublicKey

SUITES = Path(os.environ.get("GCTRUST_SUITES", Path(__file__).parents[3] / "shared" / "suites"))
BAD = SUITES / "pki" / "badkeys" / "data"
ROCA = SUITES / "pki" / "roca" / "data"
needs_suites = pytest.mark.skipif(not BAD.exists(), reason=f"no suites at {SUITES}")


def kinds(modulus: int, exponent: int = 65537) -> set[str]:
    return {w.kind for w in weaknesses(modulus, exponent, deep=modulus.bit_length() < 1500)}


def prime(bits: int, dice: random.Random, start: int = 0) -> int:
    number = start or dice.getrandbits(bits) | 1 | 3 << (bits - 2)
    while not is_probable_prime(number):
        number += 2
    return number


def test_close_primes_shared_small_factors_and_powers() -> None:
    dice = random.Random(7)
    p = prime(512, dice)
    assert "fermat" in kinds(p * prime(512, dice, p + 2))
    assert kinds(p * 65521) == {"small-factor"}
    assert "modulus" in kinds(p * p)
    assert "modulus" in kinds(p)


def test_primes_next_to_round_numbers() -> None:
    dice = random.Random(8)
    p = prime(1024, dice, (0xC0 << 1016) + 1)
    q = prime(1024, dice, (0xE0 << 1016) + 1)
    assert "pattern" in kinds(p * q)


def test_small_private_exponent() -> None:
    dice = random.Random(9)
    p, q = prime(512, dice), prime(512, dice)
    d = prime(200, dice)
    assert "small-d" in kinds(p * q, pow(d, -1, (p - 1) * (q - 1)))


@pytest.mark.parametrize("exponent", [0, 1, 2, 65536])
def test_exponents_that_protect_nothing(exponent: int) -> None:
    modulus = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n
    assert "exponent" in kinds(modulus, exponent)


def test_fresh_keys_are_not_weak() -> None:
    """2,000 of the least length that CAs sign in a long run, else 100 shorter ones."""
    count, bits = (2000, 2048) if os.environ.get("GCTRUST_LONG") else (100, 1024)
    for _ in range(count):
        numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers()
        assert kinds(numbers.n) == set()
    dice = random.Random(10)
    for _ in range(1000):  # any odd number with no small factor, of a modulus's size
        modulus = dice.getrandbits(2048) | 1 | 1 << 2047
        assert kinds(modulus) <= {"small-factor"}


def read_public(file: Path) -> PublicKey:
    data = file.read_bytes()
    label, _, der = pem.unarmor(data[data.index(b"-----BEGIN") :])
    if label == "CERTIFICATE":
        return PublicKey.from_spki_der(read_bundle(data).certificates[0].spki)
    if label == "RSA PUBLIC KEY":
        return PublicKey.from_rsa_der(der)
    return PublicKey.from_spki_der(der)


@needs_suites
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("rsa-e-larger-n.key", "exponent"),
        ("rsa-e1.key", "exponent"),
        ("rsa-fermat-pkcs1.key", "fermat"),
        ("rsa-fermat-pkcs8.key", "fermat"),
        ("rsa-fermat.crt", "fermat"),
        ("rsa-nprime.key", "modulus"),
        ("rsa-pattern.key", "pattern"),
        ("rsa-roca.key", "roca"),
        ("rsa-small-d.key", "small-d"),
        ("rsa-smallfactors-corrupt.key", "small-factor"),
        ("rsa-smallfactors-valid.key", "small-factor"),
        ("rsa-vanity.key", "pattern"),
        ("rsanzero.key", "modulus"),
        ("rsapoly32.key", "pattern"),
        ("rsapoly128.key", "pattern"),
        ("rsa-ok.key", ""),
    ],
)
def test_badkeys(file: str, kind: str) -> None:
    key = read_public(BAD / file)
    found = {w.kind for w in weaknesses(key.modulus, key.exponent)}
    assert kind in found if kind else not found


@needs_suites
def test_roca_fixtures() -> None:
    weak = {"mod01", "mod02", "mod03", "mod08", "mod09"}
    for file in sorted(ROCA.glob("mod0*.txt")):
        found = kinds(int(file.read_text().strip(), 16))
        assert ("roca" in found) == (file.stem in weak), file.name
    for name in ("cert04.pem", "cert05.pem", "pubkey03.pem"):
        assert "roca" in kinds(read_public(ROCA / name).modulus), name
    for name in ("cert01.pem", "cert02.pem", "pubkey01.pem"):
        assert "roca" not in kinds(read_public(ROCA / name).modulus), name


def test_the_quick_reader_agrees_with_the_general_one() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    made = [rsa.generate_private_key(65537, bits) for bits in (1024, 2048)]
    keys = [*made, *(ec.generate_private_key(c()) for c in (ec.SECP256R1, ec.SECP384R1))]
    for key in keys:
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert read_public_key(spki) == PublicKey.from_spki_der(spki)
