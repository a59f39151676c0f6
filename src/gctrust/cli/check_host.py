"""`gctrust check host`: what a server really presents, with handshakes counted and timed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..findings import Finding
from .endpoint import read_endpoint
from .exit_codes import ExitCode, of_findings
from .findings_shown import FailOn, bad_argument, findings_blocks, severity
from .histogram import Bucket, buckets, can_show_blocks, picture
from .output import Block, Heading, Table
from .roots_flag import roots_flag
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.tls.host_look import HostLook
    from ..adapters.tls.sample import HandshakeSample

MOST = 100_000
Profile = Literal["public", "private"]


@dataclass(frozen=True, slots=True)
class EdgeShown:
    """One address of a host. Latencies are milliseconds of the successful handshakes, if any."""

    address: str
    tried: int
    succeeded: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    leaves: tuple[str, ...]
    causes: dict[str, int]
    version: str
    cipher: str
    group: str
    alpn: str
    stapled: bool
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostChecked:
    """`chain` and `leaves` are SHA-256 digests; `untested` says what could not be tried here.

    `answers_from` is empty for the world's DNS; a sandbox's is said, with its label.
    """

    host: str
    edges: tuple[EdgeShown, ...]
    versions: tuple[str, ...]
    stapled: int
    legacy_accepted: tuple[str, ...]
    refused: tuple[str, ...]
    weak_ciphers: tuple[str, ...]
    groups: tuple[str, ...]
    untested: tuple[str, ...]
    histogram: tuple[Bucket, ...]
    findings: tuple[Finding, ...]
    answers_from: str = ""


def host(
    address: str,
    /,
    *,
    count: int = 10,
    cert: Path | None = None,
    roots: str = "",
    profile: Profile | None = None,
    web: bool = True,
    fail_on: FailOn = "error",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What a server really presents: chain, versions, staple, pins, handshake latency.

    Parameters
    ----------
    address
        HOST or HOST:PORT; an IPv6 address with a port is [ADDRESS]:PORT.
    count
        Full handshakes with each address of the host.
    cert
        The certificate that should serve there: another one is a finding.
    roots
        Trust "system", "certifi" or the roots of this file, in place of the configured ones.
    profile
        What the certificate is for.
    web
        Also ask what https, and http at port 80, answer.
    fail_on
        The least severity that makes the exit code 10.
    """
    name, port = read_endpoint(address)
    if not 0 < count <= MOST:
        raise bad_argument("--count", str(count), f"It is a number from 1 to {MOST}.")
    named, file = roots_flag(roots)

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.tls.host_look import look

        expected = app.certificates.leaf_of(str(cert)) if cert else None
        with options.out.progress(f"shaking hands with {address}"):
            seen = await look(app.probe, name, count, port, web=web)
        findings = app.certificates.served(
            seen.facts, profile=profile or "", roots=named, expected=expected
        )
        shown = _shown(address, seen, findings, app.answers_from())
        options.out.answer("check.host", shown, _host_blocks(shown, can_show_blocks()))
        return of_findings(findings, severity(fail_on))

    return with_app(options, body, roots_file=file)


def _shown(address: str, seen: HostLook, findings: tuple[Finding, ...], source: str) -> HostChecked:
    facts = seen.facts
    accepted = facts.accepted
    edges = tuple(_edge(edge, sample) for edge, sample in seen.samples)
    return HostChecked(
        host=address,
        edges=edges,
        versions=tuple(v for v in accepted if v not in ("TLSv1", "TLSv1.1")),
        stapled=sum(edge.stapled for edge in edges),
        legacy_accepted=tuple(v for v in accepted if v in ("TLSv1", "TLSv1.1")),
        refused=facts.refused,
        weak_ciphers=facts.weak_ciphers,
        groups=facts.groups,
        untested=seen.untested,
        histogram=buckets(facts.latencies_ms),
        findings=findings,
        answers_from=source,
    )


def _edge(edge: str, sample: HandshakeSample) -> EdgeShown:
    first = sample.first
    return EdgeShown(
        edge,
        sample.count,
        sample.succeeded,
        _milliseconds(sample, sample.p50),
        _milliseconds(sample, sample.p95),
        _milliseconds(sample, sample.p99),
        tuple(sha256(leaf).hexdigest() for leaf, _ in sample.leaves),
        dict(sample.causes),
        first.version if first else "",
        first.cipher if first else "",
        first.group if first else "",
        first.alpn if first else "",
        bool(first and first.staple),
        tuple(sha256(der).hexdigest() for der in first.chain) if first else (),
    )


def _milliseconds(sample: HandshakeSample, seconds: float) -> float | None:
    return round(seconds * 1000, 2) if sample.succeeded else None


def _latencies(edge: EdgeShown) -> str:
    figures = (edge.p50_ms, edge.p95_ms, edge.p99_ms)
    return " / ".join("-" if one is None else str(one) for one in figures)


def _host_blocks(shown: HostChecked, blocks: bool) -> Iterator[Block]:
    rows = tuple(
        (e.address, f"{e.succeeded}/{e.tried}", _latencies(e),
         ", ".join(leaf[:16] for leaf in e.leaves), f"{len(e.chain)}",
         "stapled" if e.stapled else "none", e.version, e.group, e.alpn)
        for e in shown.edges
    )  # fmt: skip
    columns = ("address", "handshakes", "p50 / p95 / p99 ms", "leaf sha256", "chain", "OCSP",
               "version", "group", "alpn")  # fmt: skip
    if shown.answers_from:
        yield f"answers from {shown.answers_from}"
    yield Heading(shown.host)
    yield Table(columns, rows)
    yield from picture(shown.histogram, blocks=blocks)
    yield f"accepted {', '.join((*shown.legacy_accepted, *shown.versions)) or 'no version'}"
    if shown.refused:
        yield f"refused {', '.join(shown.refused)}"
    for edge in shown.edges:
        yield from (f"  {edge.address}: {cause}: {n}" for cause, n in edge.causes.items())
    yield from findings_blocks(shown.findings, shown.untested)
