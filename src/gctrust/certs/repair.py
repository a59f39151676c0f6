"""Repair: the chain a server should send, and what was changed, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding

from .certificate import Certificate
from .path import Roots
from .signatures import signed_by


@dataclass(frozen=True, slots=True)
class RepairedChain:
    """Leaf first, each certifying the one before, no root, no stranger. `changes` may be empty."""

    certificates: tuple[Certificate, ...]
    changes: tuple[str, ...]

    @property
    def pem(self) -> str:
        blocks = (
            c.x509.public_bytes(Encoding.PEM).decode("ascii")
            for c in self.certificates
            if c.x509 is not None
        )
        return "".join(blocks)


def repair_chain(
    leaf: Certificate,
    given: tuple[Certificate, ...],
    accepted: tuple[Certificate, ...],
    roots: Roots,
    *,
    fetched: tuple[Certificate, ...] = (),
) -> RepairedChain:
    """From the accepted path when there is one, else as far as verified signatures lead.

    `given` is the bundle in its order; `fetched` are certificates from AIA or a cache.
    """
    wanted = _from_path(leaf, accepted, roots) if accepted else _climb(leaf, given + fetched, roots)
    return RepairedChain(wanted, tuple(_changes(wanted, given, roots)))


def _from_path(
    leaf: Certificate, accepted: tuple[Certificate, ...], roots: Roots
) -> tuple[Certificate, ...]:
    kept = tuple(c for c in accepted if c.der not in roots.members)
    return kept or (leaf,)


def _climb(
    leaf: Certificate, pool: tuple[Certificate, ...], roots: Roots
) -> tuple[Certificate, ...]:
    path = [leaf]
    while len(path) < 10:
        issuer = next(
            (
                c
                for c in pool
                if c.subject == path[-1].issuer and c not in path and signed_by(path[-1], c)
            ),
            None,
        )
        if issuer is None or issuer.der in roots.members or issuer.self_issued:
            break
        path.append(issuer)
    return tuple(path)


def _changes(
    wanted: tuple[Certificate, ...], given: tuple[Certificate, ...], roots: Roots
) -> list[str]:
    changes: list[str] = []
    unique = tuple(dict.fromkeys(given))
    if len(unique) < len(given):
        changes.append(f"removed {len(given) - len(unique)} duplicate(s)")
    for cert in unique:
        if cert in wanted:
            continue
        root = cert.der in roots.members or (cert.self_issued and cert.is_ca)
        kind = "root" if root else "certificate that is not part of the chain"
        changes.append(f"removed the {kind} {cert.label}")
    changes += [f"added the intermediate {c.label}" for c in wanted if c not in unique]
    kept = [c for c in unique if c in wanted]
    if kept != [c for c in wanted if c in unique]:
        changes.append("put the leaf first and each issuer after what it signed")
    return changes
