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


class PinKind(StrEnum):
    """What was hashed."""

    SPKI = "spki"
    CERTIFICATE = "certificate"


class BadPin(ValueError):
    """The text is no pin; the message says why in words fit for a user."""


_B64, _HEX = r"([A-Za-z0-9+/]{43}=)", r"((?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2})"
# Each form as a whole, so that no digest is found inside a longer text; the kind where it is told.
_FORMS: tuple[tuple[str, PinKind | None], ...] = (
    (_B64, None),
    (_HEX, None),
    (rf"(?:--pinnedpubkey\s+)?['\"]?sha256//{_B64}['\"]?", PinKind.SPKI),
    (rf"(?:\.add\(\s*\"[^\"]*\"\s*,\s*)?['\"]?sha256/{_B64}['\"]?\s*\)?;?", PinKind.SPKI),
    (rf"<pin\s+digest=\"SHA-256\"\s*>\s*{_B64}\s*</pin>", PinKind.SPKI),
    (rf"pin-sha256=\"?{_B64}\"?;?", PinKind.SPKI),
    (rf"sha256 Fingerprint=\s*{_HEX}", PinKind.CERTIFICATE),
    (rf"#\s*certificate sha256\s+{_HEX}", PinKind.CERTIFICATE),
    (rf"#\s*spki sha256\s+{_HEX}", PinKind.SPKI),
    (rf"certificate:{_B64}", PinKind.CERTIFICATE),
    (rf"spki:{_B64}", PinKind.SPKI),
)
_READ = tuple((re.compile(form, re.IGNORECASE), kind) for form, kind in _FORMS)


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
        """Read any form that `pin_formats` writes. Raises BadPin, also when the form belongs to
        the other kind: curl, OkHttp, Android and RFC 7469 pin keys and nothing else."""
        for form, told in _READ:
            found = form.fullmatch(text.strip())
            if found is None:
                continue
            if told not in (None, kind):
                raise BadPin(f"{text[:60]!r} is a pin of kind {told}, not {kind}")
            return cls(kind, _octets(found[1], text))
        raise BadPin(f"{text[:60]!r} is neither base64 nor hexadecimal SHA-256")

    @property
    def base64(self) -> str:
        return base64.b64encode(self.sha256).decode("ascii")

    @property
    def hex(self) -> str:
        return self.sha256.hex()

    def __str__(self) -> str:
        return f"{self.kind}:{self.base64}"


def _octets(digest: str, text: str) -> bytes:
    if digest.endswith("="):
        octets = base64.b64decode(digest)
        # Two base64 texts can give the same octets (RFC 4648 section 3.5): only one is the pin.
        if base64.b64encode(octets).decode("ascii") != digest:
            raise BadPin(f"{text[:60]!r} is not canonical base64")
        return octets
    try:
        return bytes.fromhex(digest.replace(":", ""))
    except (ValueError, binascii.Error):
        raise BadPin(f"{text[:60]!r} is not hexadecimal") from None


def pin_formats(pin: Pin, host: str = "example.com") -> dict[str, str]:
    """The pin as each tool writes it. Tools that pin only keys get no certificate pin."""
    # nginx names a client certificate by SHA-1 only; a comment over the digest is what operators
    # compare, in lower-case hexadecimal.
    forms = {"base64": pin.base64, "hex": pin.hex, "nginx": f"# {pin.kind} sha256 {pin.hex}"}
    if pin.kind is PinKind.SPKI:
        return forms | {
            "curl": f"--pinnedpubkey 'sha256//{pin.base64}'",
            "okhttp": f'.add("{host}", "sha256/{pin.base64}")',
            "android": f'<pin digest="SHA-256">{pin.base64}</pin>',
            "rfc7469": f'pin-sha256="{pin.base64}"',
        }
    octets = pin.sha256.hex(":").upper()
    return forms | {"openssl": f"sha256 Fingerprint={octets}"}
