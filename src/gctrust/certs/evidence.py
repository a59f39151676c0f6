"""Evidence: what adapters gathered about a certificate from the world outside it.

Every field may be absent; what is absent is not judged, and the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from .certificate import Certificate


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A DER OCSPResponse; `nonce` is the one that was sent, `stapled` whether a server sent it."""

    response: bytes
    url: str = ""
    nonce: bytes = b""
    stapled: bool = False


@dataclass(frozen=True, slots=True)
class KeyFile:
    """`mode` is the permission bits, `owner` the file's user id, `user` our own."""

    path: str
    mode: int
    owner: int
    user: int


@dataclass(frozen=True, slots=True)
class CaaAnswer:
    """CAA records of one name on the climb; a record is (flags, tag, value)."""

    name: str
    records: tuple[tuple[int, str, str], ...] = ()
    failed: str = ""


@dataclass(frozen=True, slots=True)
class TlsaAnswer:
    """A record is (usage, selector, matching type, data); `secure` None: DNSSEC was not asked."""

    name: str
    records: tuple[tuple[int, int, int, bytes], ...] = ()
    failed: str = ""
    ttl: int = 0
    secure: bool | None = None


@dataclass(frozen=True, slots=True)
class Unfetched:
    """An address of a CRL, OCSP responder or issuer that gave nothing."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """`previous` is the certificate that serves now, `hosts` every host configured for this one."""

    ocsp: tuple[OcspAnswer, ...] = ()
    key_file: KeyFile | None = None
    previous: Certificate | None = None
    caa: tuple[CaaAnswer, ...] = ()
    tlsa: TlsaAnswer | None = None
    hosts: tuple[str, ...] = ()
    unfetched: tuple[Unfetched, ...] = ()
