"""KEY: the private key belongs to the certificate and works, and the public key is sound."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa

from ..findings import Finding
from ..keys import BadKey, PublicKey
from .blocklist import Blocklist
from .bundle import PrivateKey
from .certificate import Certificate
from .der import Unreadable, children, dotted, node
from .evidence import KeyFile
from .rules import found
from .weak_keys import number_text, weaknesses

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
_SIMPLE = (  # keys that sign octets and need no other choice
    ed25519.Ed25519PrivateKey,
    ed448.Ed448PrivateKey,
    mldsa.MLDSA44PrivateKey,
    mldsa.MLDSA65PrivateKey,
    mldsa.MLDSA87PrivateKey,
)
_PROBE = b"gctrust: does the private half of this key work?"
_WEAK_RULES = {
    "small-factor": "cert.key-small-factor",
    "modulus": "cert.key-modulus",
    "exponent": "cert.key-exponent",
    "roca": "cert.key-roca",
    "fermat": "cert.key-fermat",
    "small-d": "cert.key-compromised",
    "pattern": "cert.key-compromised",
}


@lru_cache(maxsize=256)
def read_public_key(spki: bytes) -> PublicKey:
    """The issuers of a thousand leaves are a few. Raises BadKey."""
    return _usual_key(spki) or PublicKey.from_spki_der(spki)


def _usual_key(spki: bytes) -> PublicKey | None:
    """The two kinds that nearly every certificate has, without the general reader's cost."""
    digest = hashlib.sha256(spki).digest()
    if spki.startswith(_P256_HEAD) and len(spki) == len(_P256_HEAD) + 64:
        return PublicKey("ec", 256, spki, digest, curve="secp256r1")
    try:
        algorithm, octets = children(node(spki)[0].content)
        if algorithm.der != _RSA_ALGORITHM or octets.content[:1] != b"\0":
            return None
        modulus, exponent = children(node(octets.content[1:])[0].content)
    except (Unreadable, ValueError):
        return None
    if {modulus.tag, exponent.tag} != {2} or (modulus.content + b"\x80")[0] & 0x80:
        return None
    n, e = (int.from_bytes(one.content, "big", signed=True) for one in (modulus, exponent))
    return PublicKey("rsa", n.bit_length(), spki, digest, modulus=n, exponent=e)


@lru_cache(maxsize=256)
def _is_loadable(spki: bytes) -> bool:
    return read_public_key(spki).is_loadable


def judge_pair(leaf: Certificate, keys: tuple[PrivateKey, ...]) -> Iterator[Finding]:
    """KEY-01 and KEY-02. The whole SPKI is compared: half of an EC point proves nothing."""
    if not keys:
        return
    key = next((k for k in keys if same_key(leaf, k)), None)
    if key is None:
        yield found("cert.key-mismatch", leaf.label)
    elif not _works(key, leaf):
        yield found("cert.key-broken", leaf.label)
    elif isinstance(key.key, rsa.RSAPrivateKey):
        yield from _judge_private_rsa(leaf, key.key)


def _judge_private_rsa(leaf: Certificate, key: rsa.RSAPrivateKey) -> Iterator[Finding]:
    """KEY-12 and KEY-13 on the private half, which shows more than the public one.

    FIPS 186-5 appendix A.1.3: primes differ in their first 100 bits and d is over half as long as
    the modulus; below n^0.292 Boneh and Durfee (1999) compute it.
    """
    numbers, bits = key.private_numbers(), key.key_size
    if abs(numbers.p - numbers.q).bit_length() <= bits // 2 - 100:
        yield found("cert.key-fermat", leaf.label, detail="they agree in their first 100 bits")
    if numbers.d.bit_length() <= bits // 2:
        detail = f"the private exponent has only {numbers.d.bit_length()} bits"
        yield found("cert.key-compromised", leaf.label, detail=detail)


def judge_shared_primes(leaf: Certificate, others: tuple[Certificate, ...]) -> Iterator[Finding]:
    """KEY-13: a prime that two of the moduli at hand share gives both keys away."""
    mine = _modulus(leaf)
    for cert in others:
        theirs = _modulus(cert)
        if mine and theirs and mine != theirs and math.gcd(mine, theirs) > 1:
            yield found("cert.key-shared-prime", leaf.label, other=cert.label)


def _modulus(cert: Certificate) -> int:
    try:
        return read_public_key(cert.spki).modulus
    except BadKey:
        return 0


def judge_key_file(leaf: Certificate, file: KeyFile) -> Iterator[Finding]:
    """KEY-15: nobody but the owner may read the key, and the owner is who deploys."""
    if file.mode & 0o077:
        yield found("cert.key-file-mode", leaf.label, path=file.path, mode=f"{file.mode:03o}")
    if file.owner not in (file.user, 0):
        facts = {"owner": file.owner, "user": file.user}
        yield found("cert.key-file-owner", leaf.label, path=file.path, **facts)


def judge_reuse(leaf: Certificate, previous: Certificate) -> Iterator[Finding]:
    """KEY-14: a renewal with the old key."""
    if previous != leaf and previous.spki == leaf.spki:
        since = f"{previous.not_before:%Y-%m-%d}" if previous.not_before else "an unknown day"
        yield found("cert.key-reused", leaf.label, since=since)


def same_key(cert: Certificate, key: PrivateKey) -> bool:
    """Equal public keys; the DER may differ where the encoding is not the usual one."""
    if cert.spki == key.spki:
        return True
    try:
        return cert.x509 is not None and cert.x509.public_key() == key.key.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False


def _works(pair: PrivateKey, leaf: Certificate) -> bool:
    """Whether the certificate's key verifies what the private half signs."""
    key = pair.key
    try:
        public: Any = leaf.x509.public_key() if leaf.x509 is not None else key.public_key()
        if isinstance(key, rsa.RSAPrivateKey):
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            public.verify(
                key.sign(_PROBE, scheme, hashes.SHA256()), _PROBE, scheme, hashes.SHA256()
            )
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            mode = ec.ECDSA(hashes.SHA256())
            public.verify(key.sign(_PROBE, mode), _PROBE, mode)
        elif isinstance(key, _SIMPLE):
            public.verify(key.sign(_PROBE), _PROBE)
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm, TypeError, AttributeError):
        return False
    return True


def judge_public_key(
    cert: Certificate,
    *,
    public: bool,
    compromised: Blocklist = Blocklist(),  # noqa: B008 -- frozen
    deep: bool = True,
) -> Iterator[Finding]:
    """KEY-04 to KEY-13 on the public key."""
    try:
        key = read_public_key(cert.spki)
    except BadKey as error:
        kind = _algorithm(cert.spki)
        yield found("cert.key-unknown", cert.label, kind=kind or str(error)[:100])
        return
    listed = compromised.lists(key)
    if listed:
        yield found("cert.key-compromised", cert.label, detail=listed)
    if key.kind == "rsa":
        yield from _judge_rsa(cert, key, deep)
    elif key.kind == "ec":
        yield from _judge_ec(cert, key)
    elif key.kind in ("ed25519", "ed448"):
        if public:
            yield found("cert.key-not-for-web", cert.label, kind=key.kind)
    elif key.kind.startswith("ml-dsa"):  # FIPS 204; RFC 9881
        rule = "cert.key-not-for-web" if public else "cert.key-rare"
        yield found(rule, cert.label, kind=key.kind.upper())
    else:
        yield found("cert.key-unknown", cert.label, kind=key.kind)


def _algorithm(spki: bytes) -> str:
    """The algorithm's object identifier; empty when not even that can be read."""
    try:
        return dotted(children(children(node(spki)[0].content)[0].content)[0].content)
    except (Unreadable, IndexError):
        return ""


def _judge_rsa(cert: Certificate, key: PublicKey, deep: bool) -> Iterator[Finding]:
    if key.bits < 2048:
        yield found("cert.key-short", cert.label, bits=key.bits)
    if key.bits % 8:
        yield found("cert.key-odd-size", cert.label, bits=key.bits)
    for weakness in weaknesses(key.modulus, key.exponent, deep=deep):
        yield found(_WEAK_RULES[weakness.kind], cert.label, detail=weakness.detail)
    if 3 <= key.exponent <= 1 << 16 or key.exponent >= 1 << 256:
        yield found("cert.key-exponent-odd", cert.label, exponent=number_text(key.exponent))


def _judge_ec(cert: Certificate, key: PublicKey) -> Iterator[Finding]:
    if key.curve == "explicit parameters":
        yield found("cert.key-explicit-curve", cert.label)
    elif key.curve not in _CURVES:
        yield found("cert.key-curve", cert.label, curve=key.curve)
    elif not _is_loadable(cert.spki):
        yield found("cert.key-point", cert.label)
