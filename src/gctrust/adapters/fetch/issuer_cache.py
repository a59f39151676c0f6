"""Intermediates that were fetched once, kept under GCTRUST_HOME/issuers.

What is kept made the signature of a certificate it was fetched for; the judge verifies it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ...certs.certificate import Certificate, Unreadable, read_certificate
from ...certs.path import Roots, signed_by
from ...errors import Problem
from ..own_files import write_own

MOST_STEPS = 5  # up a chain; real ones have two or three intermediates
_MOST_KEPT = 2000  # the public web has some hundreds of intermediates in use
_MOST_ALIKE = 8  # cached certificates of one subject: cross-signs and renewals


class IssuerCache:
    """Files named by the digests of the subject and of the certificate; empty without `home`."""

    def __init__(self, home: Path | None) -> None:
        self._folder = home / "issuers" if home else None

    def issuers_of(self, cert: Certificate) -> tuple[Certificate, ...]:
        if self._folder is None:
            return ()
        found = sorted(self._folder.glob(f"{_digest(cert.issuer)}-*.der"))[:_MOST_ALIKE]
        read = (_read(path) for path in found)
        return tuple(one for one in read if one is not None and signed_by(cert, one))

    def keep(self, issuer: Certificate) -> None:
        """A cache that cannot be written is no cache; nothing fails for it."""
        if self._folder is None:
            return
        path = self._folder / f"{_digest(issuer.subject)}-{_digest(issuer.der)}.der"
        if sum(1 for _ in self._folder.glob("*.der")) >= _MOST_KEPT:
            return
        try:
            write_own(path, issuer.der)
        except Problem:
            return


def _digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()[:32]


def _read(path: Path) -> Certificate | None:
    try:
        return read_certificate(path.read_bytes())
    except (OSError, Unreadable):
        return None


def from_cache(
    leaf: Certificate, given: Sequence[Certificate], roots: Roots, cache: IssuerCache
) -> tuple[Certificate, ...]:
    """What the cache has of the certificates missing between `leaf` and a root."""
    found: list[Certificate] = []
    for _ in range(MOST_STEPS):
        lonely = without_issuer(leaf, [*given, *found], roots)
        new = cache.issuers_of(lonely) if lonely else ()
        if not new:
            break
        found += new
    return tuple(found)


def without_issuer(
    leaf: Certificate, pool: Sequence[Certificate], roots: Roots
) -> Certificate | None:
    """The certificate verified signatures lead up to, when neither a root nor itself issued it."""
    top = leaf
    for _ in range(MOST_STEPS * 2):
        if top.self_issued or top.issuer in roots.by_subject:
            return None
        issuer = next((c for c in pool if c.subject == top.issuer and signed_by(top, c)), None)
        if issuer is None:
            return top
        top = issuer
    return None
