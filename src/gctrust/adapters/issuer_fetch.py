"""Brings the intermediates a chain lacks: from a local cache, or from AIA caIssuers addresses.

A certificate is kept only when its key made the signature of the one it was fetched for; the judge
verifies it again. The cache lies under GCTRUST_HOME/issuers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..certs.certificate import Certificate, Unreadable, read_certificate
from ..certs.evidence import Unfetched
from ..certs.path import Roots, signed_by
from ..certs.pointers import pointers, read_issuers
from ..errors import Problem
from .guarded_fetch import GuardedFetch, Limits
from .own_files import write_own

LIMITS = Limits(octets=256 << 10, seconds=10.0)
MOST_STEPS = 5  # up a chain; real ones have two or three intermediates
_MOST_ALIKE = 8  # cached certificates of one subject: cross-signs and renewals


@dataclass(frozen=True, slots=True)
class Issuers:
    """`fetched` were asked for over the network, `cached` were at hand."""

    cached: tuple[Certificate, ...] = ()
    fetched: tuple[Certificate, ...] = ()
    unfetched: tuple[Unfetched, ...] = ()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return self.cached + self.fetched


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
        lonely = _without_issuer(leaf, [*given, *found], roots)
        new = cache.issuers_of(lonely) if lonely else ()
        if not new:
            break
        found += new
    return tuple(found)


async def complete(
    leaf: Certificate,
    given: Sequence[Certificate],
    roots: Roots,
    cache: IssuerCache,
    fetch: GuardedFetch,
) -> Issuers:
    """What is missing between `leaf` and a root, from the cache and then from where AIA says."""
    cached: list[Certificate] = []
    fetched: list[Certificate] = []
    for _ in range(MOST_STEPS):
        cached += from_cache(leaf, [*given, *cached, *fetched], roots, cache)
        lonely = _without_issuer(leaf, [*given, *cached, *fetched], roots)
        if lonely is None:
            break
        new, failed = await _fetch_issuers(fetch, lonely)
        if not new:
            return Issuers(tuple(cached), tuple(fetched), tuple(failed))
        fetched += new
        for issuer in new:
            cache.keep(issuer)
    return Issuers(tuple(cached), tuple(fetched))


def _without_issuer(
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


async def _fetch_issuers(
    fetch: GuardedFetch, cert: Certificate
) -> tuple[list[Certificate], list[Unfetched]]:
    """The first address that gives its issuer ends the search."""
    failed: list[Unfetched] = []
    for pointer in pointers((cert,)):
        if pointer.kind != "issuer":
            continue
        got = await fetch.get(pointer.url, LIMITS)
        new = [one for one in read_issuers(got.body) if signed_by(cert, one)] if got.ok else []
        if new:
            return new, failed
        reason = got.failure or "no certificate there signed it"
        failed.append(Unfetched(pointer.url, reason))
    return [], failed
