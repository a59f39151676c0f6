"""Public keys: kinds, bits, SPKI digests. What DKIM records, certificates and pins share.

Facts are read from the DER itself, so a key that OpenSSL refuses (too short, odd curve, a point off
its curve) still has a kind, a size and a digest; `is_loadable` says whether OpenSSL takes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from asn1crypto import core, keys
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

# OID -> (kind, bits). The sizes are the ones the standards name: RFC 8410, FIPS 204.
_FIXED = {
    "1.3.101.110": ("x25519", 255),
    "1.3.101.111": ("x448", 448),
    "1.3.101.112": ("ed25519", 256),
    "1.3.101.113": ("ed448", 456),
    "2.16.840.1.101.3.4.3.17": ("ml-dsa-44", 10496),
    "2.16.840.1.101.3.4.3.18": ("ml-dsa-65", 15616),
    "2.16.840.1.101.3.4.3.19": ("ml-dsa-87", 20736),
}
_RSA = ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10")  # rsaEncryption, RSASSA-PSS
_EC = "1.2.840.10045.2.1"
_DSA = "1.2.840.10040.4.1"
_ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 section 4
_DER_FAULTS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
)


class BadKey(ValueError):
    """The octets are no public key; the text says why in words fit for a user."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One public key.

    `kind` is "rsa", "ec", "ed25519", "ed448", "x25519", "x448", "dsa", "ml-dsa-44" ... or
    "unknown", `bits` its size (0 when unknown), `curve` the name of an EC curve or its OID.
    `modulus` and `exponent` are set for RSA keys only. `spki_der` is the SubjectPublicKeyInfo as
    it was given.
    """

    kind: str
    bits: int
    spki_der: bytes
    spki_sha256: bytes
    curve: str = ""
    modulus: int = 0
    exponent: int = 0

    @classmethod
    def from_spki_der(cls, der: bytes) -> PublicKey:
        """Read a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). Raises BadKey."""
        try:
            # asn1crypto's own class refuses algorithms it does not know, such as ML-DSA
            info = core.Sequence.load(der, strict=True)
            octets = bytes(info[1].contents or b"")[1:]  # past the unused-bits octet
            return _described(info[0][0].dotted, octets, der)
        except BadKey:
            raise
        except _DER_FAULTS as error:
            raise BadKey(f"it is no SubjectPublicKeyInfo ({_short(error)})") from None

    @classmethod
    def from_rsa_der(cls, der: bytes) -> PublicKey:
        """Read a bare DER RSAPublicKey (RFC 8017 appendix A.1.1). Raises BadKey."""
        try:
            pair = keys.RSAPublicKey.load(der, strict=True)
            pair["modulus"].native, pair["public_exponent"].native
            algorithm = keys.PublicKeyAlgorithm({"algorithm": "rsa", "parameters": core.Null()})
            info = keys.PublicKeyInfo({"algorithm": algorithm, "public_key": pair})
            spki: bytes = info.dump()
        except _DER_FAULTS as error:
            raise BadKey(f"it is no RSAPublicKey ({_short(error)})") from None
        return cls.from_spki_der(spki)

    @classmethod
    def from_ed25519_raw(cls, octets: bytes) -> PublicKey:
        """Wrap the 32 octets of an Ed25519 key (RFC 8032 section 5.1.5). Raises BadKey."""
        if len(octets) != 32:
            raise BadKey(f"an Ed25519 key has 32 octets, this has {len(octets)}")
        return cls.from_spki_der(_ED25519_PREFIX + octets)

    @property
    def is_loadable(self) -> bool:
        """Whether OpenSSL takes the key: well-formed numbers, a point that lies on its curve."""
        try:
            load_der_public_key(self.spki_der)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return False
        return True

    def __str__(self) -> str:
        size = f"{self.bits} bits" if self.bits else "of unknown size"
        return f"{self.kind} {self.curve or size}"


def _described(oid: str, octets: bytes, der: bytes) -> PublicKey:
    digest = hashlib.sha256(der).digest()
    if oid in _RSA:
        pair = keys.RSAPublicKey.load(octets, strict=True)
        modulus, exponent = (
            int(pair["modulus"].native),
            int(pair["public_exponent"].native),
        )
        bits = modulus.bit_length()
        return PublicKey("rsa", bits, der, digest, modulus=modulus, exponent=exponent)
    if oid == _EC:
        curve, bits = _curve(_parameters(der), octets)
        return PublicKey("ec", bits, der, digest, curve=curve)
    if oid == _DSA:
        parameters = _parameters(der)
        bits = int(parameters["p"].native).bit_length() if parameters.native else 0
        return PublicKey("dsa", bits, der, digest)
    if oid in ("1.3.101.110", "1.3.101.112") and len(octets) != 32:
        raise BadKey(f"{_FIXED[oid][0]} keys have 32 octets, this has {len(octets)}")
    kind, bits = _FIXED.get(oid, ("unknown", 0))
    return PublicKey(kind, bits, der, digest, curve="" if bits else oid)


def _parameters(der: bytes) -> Any:
    return keys.PublicKeyInfo.load(der, strict=True)["algorithm"]["parameters"]


def _curve(parameters: Any, octets: bytes) -> tuple[str, int]:
    name = str(parameters.native) if parameters.name == "named" else "explicit parameters"
    known = {"secp256r1": 256, "secp384r1": 384, "secp521r1": 521, "secp224r1": 224}
    field_octets = len(octets) - 1 if octets[:1] in (b"\x02", b"\x03") else (len(octets) - 1) // 2
    return name, known.get(name, max(field_octets, 0) * 8)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__
