"""CHAIN: which certificate is the leaf, and is what was given in the order TLS wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding
from .bundle import Bundle
from .certificate import Certificate
from .key import same_key
from .rules import found


@dataclass(frozen=True, slots=True)
class Sorted:
    """The leaf, the rest without duplicates in the given order, and the findings of sorting."""

    leaf: Certificate | None
    others: tuple[Certificate, ...]
    findings: tuple[Finding, ...]


def sort_bundle(bundle: Bundle, leaf: Certificate | None = None) -> Sorted:
    """The leaf is the one given, or the certificate of the key, or the first that is no CA."""
    unique = tuple(dict.fromkeys(bundle.certificates))
    if not unique:
        return Sorted(None, (), ())
    by_key = [c for c in unique if any(same_key(c, k) for k in bundle.keys)]
    plain = [c for c in unique if not c.is_ca]
    pick = (by_key or plain or list(unique))[0]
    if len(by_key) > 1:
        pick = next((c for c in by_key if not c.is_ca), pick)
    pick = leaf or pick
    others = tuple(c for c in unique if c != pick)
    findings = tuple(_order(bundle.certificates, unique, pick, plain))
    return Sorted(pick, others, findings)


def _order(
    given: tuple[Certificate, ...],
    unique: tuple[Certificate, ...],
    leaf: Certificate,
    plain: list[Certificate],
) -> Iterator[Finding]:
    label = leaf.label
    if len(given) > len(unique):
        yield found("cert.duplicates", label, count=len(given) - len(unique))
    extra = [c for c in plain if c != leaf]
    if extra and not leaf.is_ca:
        yield found("cert.several-leaves", label, others=[c.label for c in extra[:8]])
    if unique[0] != leaf:
        yield found("cert.order", label, detail=f"{unique[0].label} stands first")
        return
    for above, below in zip(unique[1:], unique, strict=False):
        if below.issuer != above.subject:
            yield found("cert.order", label, detail=f"{above.label} does not certify {below.label}")
            return
