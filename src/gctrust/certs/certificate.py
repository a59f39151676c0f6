"""One X.509 certificate, read tolerantly: what a strict reader refuses is remembered, not fatal.

The outline comes from the DER itself, the extensions from `cryptography`, and from asn1crypto one
by one where `cryptography` refuses them (it refuses the whole set when one is bad).
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from asn1crypto import core as asn1
from cryptography import x509

from .der import Node, Unreadable, children, dotted, node
from .distinguished_name import attributes
from .extensions import Extensions, RawExtension, decode_extensions

__all__ = ["Certificate", "Unreadable", "read_aloud", "read_certificate"]


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """`x509` is None where `cryptography` refuses the certificate, and `refusal` says why.

    `subject`, `issuer`, `spki` are DER. Two certificates are equal when their bytes are.
    """

    der: bytes
    version: int
    serial: int
    subject: bytes
    issuer: bytes
    subject_text: str
    issuer_text: str
    not_before: datetime | None
    not_after: datetime | None
    time_notes: tuple[str, ...]
    spki: bytes
    inner_algorithm: bytes
    outer_algorithm: bytes
    raw_extensions: tuple[RawExtension, ...]
    extensions: Extensions
    x509: x509.Certificate | None
    refusal: str = ""
    notes: tuple[str, ...] = field(default=())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    @property
    def sha256(self) -> str:
        return _digest(self.der)

    @property
    def spki_sha256(self) -> str:
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def self_issued(self) -> bool:
        return self.subject == self.issuer

    @property
    def critical(self) -> frozenset[str]:
        """The ids of the critical extensions."""
        return frozenset(e.oid for e in self.raw_extensions if e.critical)

    @property
    def is_ca(self) -> bool:
        return bool(self.extensions.ca)

    @property
    def label(self) -> str:
        return self.subject_text or f"serial {self.serial:x}"

    @property
    def lifetime_seconds(self) -> int | None:
        """Both ends count (RFC 5280 section 4.1.2.5): the period is one second more."""
        if self.not_before is None or self.not_after is None:
            return None
        return int((self.not_after - self.not_before).total_seconds()) + 1

    def __repr__(self) -> str:
        return f"Certificate({self.label!r}, sha256={self.sha256[:16]})"


@lru_cache(maxsize=256)
def _digest(der: bytes) -> str:
    """The few roots are asked with every leaf."""
    return hashlib.sha256(der).hexdigest()


@lru_cache(maxsize=256)
def _name_text(der: bytes) -> str:
    parts = [f"{_SHORT.get(oid, oid)}={text}"[:120] for oid, text in attributes(der)]
    return ", ".join(parts[:16])


_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}


def _instant(item: Node) -> tuple[datetime | None, str]:
    """RFC 5280 section 4.1.2.5: UTCTime YYMMDDHHMMSSZ to 2049, GeneralizedTime from 2050."""
    text = item.content.decode("latin-1")
    utc = item.tag == 23
    kind = "UTCTime" if utc else "GeneralizedTime"
    plain = len(text) == (13 if utc else 15) and text[:-1].isdecimal() and text.endswith("Z")
    note = "" if plain else f"{kind} {text[:32]!r} is not in the form RFC 5280 demands"
    try:
        if plain:
            year = int(text[:2]) + (2000 if int(text[:2]) < 50 else 1900) if utc else int(text[:4])
            rest = text[2:-1] if utc else text[4:-1]
            parts = int(rest[:2]), int(rest[2:4]), int(rest[4:6]), int(rest[6:8]), int(rest[8:])
            value = datetime(year, *parts, tzinfo=UTC)
            if not utc and year < 2050:
                note = f"{text} before 2050 must be a UTCTime"
            return value, note
        loose = (asn1.UTCTime if utc else asn1.GeneralizedTime).load(item.der).native
        return (loose.astimezone(UTC) if isinstance(loose, datetime) else None), note
    except (ValueError, TypeError, OverflowError, AttributeError):
        return None, note or f"{kind} {text[:32]!r} is no time"


def _validity(der: bytes) -> tuple[datetime | None, datetime | None, tuple[str, ...]]:
    try:
        items = children(der)
    except Unreadable as error:
        return None, None, (str(error),)
    if len(items) != 2:
        return None, None, ("the validity has not two times",)
    before, first = _instant(items[0])
    after, second = _instant(items[1])
    return before, after, tuple(note for note in (first, second) if note)


def _raw_extensions(tbs: list[Node]) -> tuple[RawExtension, ...]:
    """Extensions are the [3] element of the TBSCertificate (RFC 5280 section 4.1)."""
    holder = next((n for n in tbs if n.cls == 2 and n.tag == 3), None)
    if holder is None:
        return ()
    found: list[RawExtension] = []
    for item in children(node(holder.content)[0].content):
        parts = children(item.content)
        if len(parts) not in (2, 3) or parts[0].tag != 6 or parts[-1].tag != 4:
            raise Unreadable("an extension is not (id, critical, value)")
        oid = dotted(parts[0].content)
        critical = len(parts) == 3 and parts[1].content != b"\x00"
        found.append(RawExtension(oid, critical, parts[-1].content))
    return tuple(found)


def _strict(der: bytes) -> tuple[x509.Certificate | None, str]:
    try:
        return x509.load_der_x509_certificate(der), ""
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        return None, str(error)[:300]


def _tbs_parts(der: bytes) -> tuple[list[Node], list[Node], tuple[str, ...]]:
    outer, rest = node(der)
    if outer.tag != 16 or outer.cls != 0:
        raise Unreadable("not a SEQUENCE")
    parts = children(outer.content)
    if len(parts) != 3:
        raise Unreadable(f"a certificate has three parts, this has {len(parts)}")
    tbs = children(parts[0].content)
    notes = (f"{len(rest)} bytes follow the certificate",) if rest else ()
    return parts, tbs, notes


def read_certificate(der: bytes) -> Certificate:
    """Read DER. Raises Unreadable when not even the outline of a certificate is there."""
    with warnings.catch_warnings():  # what will be refused one day is a finding today
        warnings.simplefilter("ignore")
        return read_aloud(der)


def read_aloud(der: bytes) -> Certificate:
    """The same, for who has silenced the library's warnings already."""
    try:
        return _read(der)
    except Unreadable:
        raise
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError) as error:
        raise Unreadable(f"not a certificate: {error}"[:200]) from None


@lru_cache(maxsize=64)
def _read(der: bytes) -> Certificate:
    """Remembered for a while: the intermediates of many leaves are the same few."""
    parts, tbs, notes = _tbs_parts(der)
    versioned = bool(tbs) and tbs[0].cls == 2 and tbs[0].tag == 0
    version = int.from_bytes(node(tbs[0].content)[0].content, "big") + 1 if versioned else 1
    fields = tbs[1:] if versioned else tbs
    if len(fields) < 6:
        raise Unreadable("the TBSCertificate is too short")
    exact = node(der)[0].der if notes else der
    strict, refusal = _strict(exact)
    if parts[2].content[:1] != b"\x00":  # signatures are whole octets
        strict, refusal = None, "the signature's bit string has unused bits"
    raw = _raw_extensions(fields[6:])
    before, after, time_notes = _validity(fields[3].content)
    return Certificate(
        der=exact,
        version=version,
        serial=int.from_bytes(fields[0].content, "big", signed=True),
        subject=fields[4].der,
        issuer=fields[2].der,
        subject_text=_name_text(fields[4].der),
        issuer_text=_name_text(fields[2].der),
        not_before=before,
        not_after=after,
        time_notes=time_notes,
        spki=fields[5].der,
        inner_algorithm=fields[1].der,
        outer_algorithm=parts[1].der,
        raw_extensions=raw,
        extensions=decode_extensions(raw, strict),
        x509=strict,
        refusal=refusal,
        notes=notes,
    )
