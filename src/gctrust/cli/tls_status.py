"""`gctrust tls status`: two states kept apart, the hostname's and the certificate's.

What could not be asked is "not-asked" with its Problem, and never "failed".
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Problem
from .attached import ProblemShown, instant
from .exit_codes import ExitCode, of_problem
from .output import Block, Heading

if TYPE_CHECKING:
    from ..app import App
    from ..pipelines.effects import CertificateHeld, HandshakesSeen

NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class HostnameShown:
    """`state`: the platform's word ("active", "deploying", "pending", "failed", "unknown"),
    "not-registered", or "not-asked"."""

    state: str
    id: str | None = None
    problem: ProblemShown | None = None


@dataclass(frozen=True, slots=True)
class EdgeShown:
    edge: str
    leaf_sha256: str


@dataclass(frozen=True, slots=True)
class CertificateShown:
    """`state`: "served" (every edge shows what the platform holds), "behind" (some edge shows
    another), "expired", "failing" (handshakes fail), "none", or "not-asked". `rollback`: the
    certificate before, whose key is kept."""

    state: str
    leaf_sha256: str | None = None
    not_after: str | None = None
    edges: tuple[EdgeShown, ...] = ()
    causes: tuple[str, ...] = ()
    rollback: str | None = None
    problem: ProblemShown | None = None


@dataclass(frozen=True, slots=True)
class TlsShown:
    domain: str
    hostname: HostnameShown
    certificate: CertificateShown


@dataclass(frozen=True, slots=True)
class TlsLooked:
    """What was found out, or the Problem that kept it from being found out."""

    held: CertificateHeld | Problem
    seen: HandshakesSeen | Problem
    now: float
    kept: tuple[str, ...]


async def look(app: App, domain: str) -> TlsLooked:
    """Ask the platform and the edges; a Problem of one does not hide the other's answer."""
    from ..pipelines.effects import ReadCertificate

    async def held() -> CertificateHeld | Problem:
        try:
            return await app.custom_domains.read(ReadCertificate(domain))
        except Problem as problem:
            return problem

    async def seen() -> HandshakesSeen | Problem:
        try:
            return await app.probe.host(domain, 1)
        except Problem as problem:
            return problem

    answers = await asyncio.gather(held(), seen())
    kept = tuple(one.leaf_sha256 for one in app.sealed.kept(domain))
    return TlsLooked(*answers, app.clock.now(), kept)


def shown(domain: str, looked: TlsLooked) -> TlsShown:
    """Pure: the two states from what was looked at."""
    if isinstance(looked.held, Problem):
        problem = ProblemShown.of(looked.held)
        return TlsShown(
            domain, HostnameShown(NOT_ASKED, problem=problem), _certificate(None, looked, problem)
        )
    held = looked.held
    if not held.id:
        return TlsShown(domain, HostnameShown("not-registered"), CertificateShown("none"))
    return TlsShown(domain, HostnameShown(held.status, held.id), _certificate(held, looked))


def _certificate(
    held: CertificateHeld | None, looked: TlsLooked, problem: ProblemShown | None = None
) -> CertificateShown:
    seen = looked.seen
    ends = _not_after(held.certificate) if held else None
    if isinstance(seen, Problem):
        state, problem = NOT_ASKED, problem or ProblemShown.of(seen)
    else:
        state = NOT_ASKED if held is None else _state(held.leaf_sha256, ends, seen, looked.now)
    served = () if isinstance(seen, Problem) else seen.served
    causes = () if isinstance(seen, Problem) else seen.causes
    leaf = held.leaf_sha256 if held else None
    return CertificateShown(
        state,
        leaf or None,
        instant(ends) if ends is not None else None,
        tuple(EdgeShown(edge, digest) for edge, digest in served),
        tuple(f"{cause}: {count}" for cause, count in causes),
        next((one for one in looked.kept if leaf and one != leaf), None),
        problem,
    )


def _state(leaf: str, ends: float | None, seen: HandshakesSeen, now: float) -> str:
    if ends is not None and ends <= now:
        return "expired"
    if any(digest != leaf for _, digest in seen.served):
        return "behind"
    return "served" if seen.tried and seen.succeeded == seen.tried else "failing"


def _not_after(pem: str) -> float | None:
    from ..certs.bundle import read_bundle

    found = read_bundle(pem.encode("utf-8", "replace")).certificates if pem else ()
    ends = found[0].not_after if found else None
    return ends.timestamp() if ends else None


def code_of(told: TlsShown, looked: TlsLooked) -> ExitCode:
    """What could not be asked has its Problem's code; a word nobody knows is no failure."""
    for answer in (looked.held, looked.seen):
        if isinstance(answer, Problem):
            return of_problem(answer)
    fine = told.hostname.state in ("active", "unknown") and told.certificate.state == "served"
    return ExitCode.FINE if fine else ExitCode.FINDINGS


def blocks(told: TlsShown) -> Iterator[Block]:
    hostname, certificate = told.hostname, told.certificate
    yield Heading(told.domain)
    yield f"  hostname: {hostname.state}" + (f" (id {hostname.id})" if hostname.id else "")
    yield f"  certificate: {certificate.state}"
    if certificate.leaf_sha256:
        yield f"    the platform holds {certificate.leaf_sha256}"
    if certificate.not_after:
        yield f"    it ends {certificate.not_after}"
    for edge in certificate.edges:
        same = edge.leaf_sha256 == certificate.leaf_sha256
        yield f"    {edge.edge} serves {'it' if same else edge.leaf_sha256}"
    yield from (f"    handshakes failed, {cause}" for cause in certificate.causes)
    if certificate.rollback:
        yield f"    `gctrust tls rollback {told.domain}` would restore {certificate.rollback}"
    for problem in dict.fromkeys(p.code for p in (hostname.problem, certificate.problem) if p):
        yield f"  not asked: {problem}"
    first = hostname.problem or certificate.problem
    if first:
        yield f"  next: {first.next}"
