"""Pins: SHA-256 over a SubjectPublicKeyInfo (RFC 7469 section 2.4) or over a whole certificate.

A pin always knows which of the two it is: the platform's guide dialect hashes certificates, every
TLS library hashes the SPKI, and mixing them up locks clients out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

_PREFIX = re.compile(r"^(?:sha256//|sha256/|pin-sha256=)", re.IGNORECASE)
_HEX = re.compile(r"^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$", re.IGNORECASE)


class PinKind(StrEnum):
    """What was hashed."""

    SPKI = "spki"
    CERTIFICATE = "certificate"


class BadPin(ValueError):
    """The text is no pin; the message says why in words fit for a user."""


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """32 octets of SHA-256, and what they were computed over."""

    kind: PinKind
    sha256: bytes

    def __post_init__(self) -> None:
        if len(self.sha256) != hashlib.sha256().digest_size:
            raise BadPin(f"a pin has 32 octets, this one has {len(self.sha256)}")

    @classmethod
    def of_spki(cls, spki_der: bytes) -> Pin:
        return cls(PinKind.SPKI, hashlib.sha256(spki_der).digest())

    @classmethod
    def of_certificate(cls, certificate_der: bytes) -> Pin:
        return cls(PinKind.CERTIFICATE, hashlib.sha256(certificate_der).digest())

    @classmethod
    def parse(cls, text: str, kind: PinKind) -> Pin:
        """Read base64, hexadecimal (colons allowed), curl, OkHttp or RFC 7469 text.

        Raises BadPin.
        """
        body = _PREFIX.sub("", text.strip()).strip().strip("\"'")
        if _HEX.match(body):
            return cls(kind, bytes.fromhex(body.replace(":", "")))
        try:
            return cls(kind, base64.b64decode(body, validate=True))
        except binascii.Error:
            shown = text[:60]
            raise BadPin(f"{shown!r} is neither base64 nor hexadecimal SHA-256") from None

    @property
    def base64(self) -> str:
        return base64.b64encode(self.sha256).decode("ascii")

    @property
    def hex(self) -> str:
        return self.sha256.hex()

    def __str__(self) -> str:
        return f"{self.kind}:{self.base64}"


def pin_formats(pin: Pin, host: str = "example.com") -> dict[str, str]:
    """The pin as each tool writes it. Tools that pin only keys get no certificate pin."""
    forms = {"base64": pin.base64, "hex": pin.hex}
    if pin.kind is PinKind.SPKI:
        forms |= {
            "curl": f"--pinnedpubkey 'sha256//{pin.base64}'",
            "okhttp": f'.add("{host}", "sha256/{pin.base64}")',
            "android": f'<pin digest="SHA-256">{pin.base64}</pin>',
            "rfc7469": f'pin-sha256="{pin.base64}"',
        }
    else:
        # nginx shows a client certificate's fingerprint as SHA-1 only; a map over the DER is what
        # operators compare, in lower-case hexadecimal.
        forms |= {"nginx": f"# certificate sha256 {pin.hex}", "openssl": _openssl(pin)}
    return forms


def _openssl(pin: Pin) -> str:
    octets = pin.sha256.hex(":").upper()
    return f"sha256 Fingerprint={octets}"
