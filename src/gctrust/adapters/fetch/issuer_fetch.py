"""Brings the intermediates a chain lacks: from the local cache, or from AIA caIssuers addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...certs.certificate import Certificate
from ...certs.evidence import Unfetched
from ...certs.path import Roots, signed_by
from ...certs.pointers import pointers, read_issuers
from .guarded_fetch import GuardedFetch, Limits
from .issuer_cache import MOST_STEPS, IssuerCache, from_cache, without_issuer

LIMITS = Limits(octets=256 << 10, seconds=10.0)


@dataclass(frozen=True, slots=True)
class Issuers:
    """`fetched` were asked for over the network, `cached` were at hand."""

    cached: tuple[Certificate, ...] = ()
    fetched: tuple[Certificate, ...] = ()
    unfetched: tuple[Unfetched, ...] = ()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return self.cached + self.fetched


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
        lonely = without_issuer(leaf, [*given, *cached, *fetched], roots)
        if lonely is None:
            break
        new, failed = await _fetch_issuers(fetch, lonely)
        if not new:
            return Issuers(tuple(cached), tuple(fetched), tuple(failed))
        fetched += new
        for issuer in new:
            cache.keep(issuer)
    return Issuers(tuple(cached), tuple(fetched))


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
