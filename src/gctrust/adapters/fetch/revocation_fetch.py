"""Fetches what says whether a path's certificates are revoked: CRLs, and OCSP answers (RFC 6960).

Nothing is judged here. An address that gave nothing is told with its reason, so that the judge can
say "unknown, because".
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from cryptography import x509
from cryptography.x509 import ocsp

from ...certs.certificate import Certificate
from ...certs.evidence import OcspAnswer, Unfetched
from ...certs.ocsp import ocsp_request
from ...certs.pointers import Pointer, pointers
from ...certs.revocation import read_crl
from .guarded_fetch import Fetched, GuardedFetch, Limits

CRL_LIMITS = Limits(octets=20 << 20, seconds=20.0)
OCSP_LIMITS = Limits(octets=64 << 10, seconds=10.0)
_AT_ONCE = 4  # answers held in memory beside each other
_LONGEST_GET = 255  # RFC 5019 section 5: longer requests are posted


@dataclass(frozen=True, slots=True)
class Revocation:
    """What came back: CRLs that read, OCSP answers, and the addresses that gave nothing."""

    crls: tuple[x509.CertificateRevocationList, ...] = ()
    ocsp: tuple[OcspAnswer, ...] = ()
    unfetched: tuple[Unfetched, ...] = ()


async def fetch_revocation(fetch: GuardedFetch, path: Sequence[Certificate]) -> Revocation:
    """Ask every address that the certificates of `path` (leaf first) name, a few at a time."""
    wanted = [pointer for pointer in pointers(path) if pointer.kind in ("crl", "ocsp")]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(pointer: Pointer) -> x509.CertificateRevocationList | OcspAnswer | Unfetched:
        async with gate:
            return await _ask(fetch, pointer)

    found = await asyncio.gather(*map(one, wanted))
    return Revocation(
        tuple(one for one in found if isinstance(one, x509.CertificateRevocationList)),
        tuple(one for one in found if isinstance(one, OcspAnswer)),
        tuple(one for one in found if isinstance(one, Unfetched)),
    )


async def _ask(
    fetch: GuardedFetch, pointer: Pointer
) -> x509.CertificateRevocationList | OcspAnswer | Unfetched:
    if pointer.kind == "crl":
        return await _crl(fetch, pointer.url)
    assert pointer.issuer is not None  # pointers() names no OCSP without the issuer
    return await _ocsp(fetch, pointer.url, pointer.certificate, pointer.issuer)


async def _crl(fetch: GuardedFetch, url: str) -> x509.CertificateRevocationList | Unfetched:
    got = await fetch.get(url, CRL_LIMITS)
    crl = await asyncio.to_thread(read_crl, got.body) if got.ok else None
    if crl is None:  # not `or`: a CRL that lists nothing is empty, and so false
        return Unfetched(url, got.failure or "what is there is no CRL")
    return crl


async def _ocsp(
    fetch: GuardedFetch, url: str, cert: Certificate, issuer: Certificate
) -> OcspAnswer | Unfetched:
    """GET first, which caches may answer (RFC 5019 section 5), then POST, which all understand."""
    try:
        request = ocsp_request(cert, issuer)
    except ValueError as error:
        return Unfetched(url, str(error)[:200])
    got = Fetched(url, failure="not asked")
    by_get = f"{url.rstrip('/')}/{quote_from_bytes(b64encode(request), safe='')}"
    if len(by_get) - len(url) <= _LONGEST_GET:
        got = await fetch.get(by_get, OCSP_LIMITS)
    if not _answers(got):
        got = await fetch.post(url, request, "application/ocsp-request", OCSP_LIMITS)
    if _answers(got):
        return OcspAnswer(got.body, url)
    return Unfetched(url, got.failure or _refusal(got.body))


def _answers(got: Fetched) -> bool:
    return got.ok and not _refusal(got.body)


def _refusal(body: bytes) -> str:
    """Why the body answers nothing (RFC 6960 section 4.2.1); empty when it is an answer."""
    try:
        status = ocsp.load_der_ocsp_response(body).response_status
    except ValueError:
        return "what is there is no OCSP answer"
    if status is ocsp.OCSPResponseStatus.SUCCESSFUL:
        return ""
    return f"the responder says: {status.name.lower().replace('_', ' ')}"
