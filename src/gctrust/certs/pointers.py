"""Pointers: the addresses in certificates to ask, and what came of an AIA fetch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from .bundle import read_bundle
from .certificate import Certificate

MOST = 8  # of each kind: more is an attack on whoever fetches


@dataclass(frozen=True, slots=True)
class Pointer:
    """`kind` is crl, ocsp or issuer; `issuer` the certificate's issuer where it is known."""

    kind: str
    url: str
    certificate: Certificate
    issuer: Certificate | None = None


def pointers(chain: Sequence[Certificate]) -> tuple[Pointer, ...]:
    """What to fetch for a path (leaf first, as far as it is known): http only, each once."""
    found: dict[tuple[str, str], Pointer] = {}
    for cert, issuer in itertools.zip_longest(chain, chain[1:]):
        for kind, url in _addresses(cert, last=issuer is None):
            sane = urlsplit(url) if len(url) <= 2048 else None
            if sane is not None and sane.scheme == "http" and sane.hostname:
                found.setdefault((kind, url), Pointer(kind, url, cert, issuer))
    by_kind = [[p for p in found.values() if p.kind == k][:MOST] for k in ("issuer", "crl", "ocsp")]
    return tuple(itertools.chain(*by_kind))


def _addresses(cert: Certificate, *, last: bool) -> Iterator[tuple[str, str]]:
    if last and not cert.self_issued:
        yield from (("issuer", url) for url in cert.extensions.issuer_urls)
    if not cert.self_issued:
        yield from (("crl", url) for url in cert.extensions.crl_urls)
    if not last and not cert.is_ca:
        yield from (("ocsp", url) for url in cert.extensions.ocsp_urls)


def read_issuers(data: bytes) -> tuple[Certificate, ...]:
    """The CA certificates of a caIssuers body (DER, PEM or PKCS#7); none when it is none."""
    return tuple(c for c in read_bundle(data, name="caIssuers").certificates if c.is_ca)
