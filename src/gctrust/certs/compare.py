"""What differs between the certificate that serves and the one to come, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..keys import BadKey, PublicKey
from ..names import BadName
from .certificate import Certificate
from .hostname import Target, matches_target


@dataclass(frozen=True, slots=True)
class CertificateDiff:
    """`hosts_lost` are hosts that the old one served and the new one does not."""

    lines: tuple[str, ...]
    key_reused: bool
    identical: bool = False
    names_lost: tuple[str, ...] = ()
    names_gained: tuple[str, ...] = ()
    hosts_lost: tuple[str, ...] = ()
    ends_earlier: bool = False
    issuer_changed: bool = False
    key_kind_changed: bool = False


def compare_certificates(
    old: Certificate, new: Certificate, *, hosts: Sequence[str] = ()
) -> CertificateDiff:
    """Compare; of `hosts` those that the change takes away are named."""
    if old == new:
        return CertificateDiff(("it is the same certificate",), key_reused=True, identical=True)
    before, after = _names(old), _names(new)
    kinds = _kind(old), _kind(new)
    facts = CertificateDiff(
        lines=(),
        key_reused=old.spki == new.spki,
        names_lost=tuple(sorted(before - after)),
        names_gained=tuple(sorted(after - before)),
        hosts_lost=tuple(h for h in hosts if _serves(old, h) and not _serves(new, h)),
        ends_earlier=bool(old.not_after and new.not_after and new.not_after < old.not_after),
        issuer_changed=old.issuer != new.issuer,
        key_kind_changed=kinds[0] != kinds[1],
    )
    return CertificateDiff(
        tuple(_lines(old, new, facts, kinds)),
        *(getattr(facts, name) for name in CertificateDiff.__slots__[1:]),
    )


def _lines(
    old: Certificate, new: Certificate, facts: CertificateDiff, kinds: tuple[str, str]
) -> Iterator[str]:
    yield from (f"host no longer served: {host}" for host in facts.hosts_lost)
    yield from (f"name lost: {name}" for name in facts.names_lost)
    yield from (f"name gained: {name}" for name in facts.names_gained)
    if facts.issuer_changed:
        yield f"issuer: {old.issuer_text} -> {new.issuer_text}"
    if old.not_after and new.not_after and old.not_after != new.not_after:
        earlier = " (earlier than before)" if facts.ends_earlier else ""
        yield f"ends: {old.not_after:%Y-%m-%d} -> {new.not_after:%Y-%m-%d}{earlier}"
    if facts.key_kind_changed:
        yield f"key: {kinds[0]} -> {kinds[1]}"
    yield "the key stays the same" if facts.key_reused else "the key is new"


def _names(cert: Certificate) -> set[str]:
    return {*cert.extensions.dns_names, *(str(a) for a in cert.extensions.addresses)}


def _serves(cert: Certificate, host: str) -> bool:
    try:
        return matches_target(Target.parse(host), cert)
    except BadName:
        return False


def _kind(cert: Certificate) -> str:
    try:
        return str(PublicKey.from_spki_der(cert.spki))
    except BadKey:
        return "unreadable"
