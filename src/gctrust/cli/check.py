"""`gctrust check`: judge a domain, an SPF verdict, a certificate or a host, with no account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from ..errors import Problem, ProblemKind, ProblemType
from ..findings import Finding, Report, Severity
from .exit_codes import ExitCode, of_findings
from .output import Block, Heading, Table, by_severity, write_file
from .pin import read_file
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.tls_probe import HandshakeSample
    from ..certs.assess import CertificateReport, LeafFacts
    from ..mailauth.spf_result import SpfResult

app = App(name="check", help="Check a domain, an SPF verdict, a certificate or a host.")

FailOn = Literal["info", "warn", "error", "critical"]
Profile = Literal["public", "private", "client"]
_AT_ONCE = 50

BAD_ARGUMENT = ProblemType(
    "cli.bad-argument",
    "A value on the command line cannot be used.",
    "Going on with another value would judge something you did not ask for.",
    "Correct the value; `gctrust COMMAND --help` says what is expected.",
    kind=ProblemKind.USAGE,
)


def bad_argument(name: str, seen: str, reason: str) -> Problem:
    return Problem(BAD_ARGUMENT, {"argument": name, "seen": seen[:120]}, hint=reason)


@dataclass(frozen=True, slots=True)
class DomainsChecked:
    domains: tuple[Report, ...]
    senders: tuple[SpfResult, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateChecked:
    """`accepted` is the path's verdict, `reason` why not; `bundle` the repaired chain as PEM."""

    accepted: bool
    reason: str
    leaf: LeafFacts | None
    paths: tuple[str, ...]
    repairs: tuple[str, ...]
    bundle: str
    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...]

    @classmethod
    def of(cls, report: CertificateReport) -> CertificateChecked:
        repaired = report.repaired_chain
        return cls(
            report.path.accepted,
            report.path.reason,
            report.leaf,
            report.path.paths,
            repaired.changes if repaired else (),
            repaired.pem if repaired else "",
            report.findings,
            report.not_judged,
        )


@dataclass(frozen=True, slots=True)
class EdgeShown:
    """One address of a host. Latencies are milliseconds of the successful handshakes."""

    address: str
    tried: int
    succeeded: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    leaves: tuple[str, ...]
    causes: dict[str, int]


@dataclass(frozen=True, slots=True)
class HostChecked:
    host: str
    edges: tuple[EdgeShown, ...]
    versions: tuple[str, ...]
    stapled: int
    legacy_accepted: tuple[str, ...]


@app.command
def domain(
    *names: str,
    selector: tuple[str, ...] = (),
    nameserver: tuple[str, ...] = (),
    from_file: Annotated[str, Parameter(name="--from")] = "",
    sender_ip: str = "",
    fail_on: FailOn = "error",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Mail authentication of domains: SPF, DKIM, DMARC, MX and reverse DNS.

    Parameters
    ----------
    names
        The domains.
    selector
        A DKIM selector to look at; give it several times for several.
    nameserver
        Ask this server, ADDRESS or ADDRESS#PORT, in place of the configured ones.
    from_file
        A file with one domain a line.
    sender_ip
        Also say what SPF answers for mail from this address.
    fail_on
        The least severity that makes the exit code 10.
    """
    wanted = (*names, *(_names_in(Path(from_file)) if from_file else ()))
    if not wanted:
        return options.out.usage("check domain needs at least one NAME", "gctrust check domain -h")

    async def body(app: composition.App) -> ExitCode:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Report:
            async with gate:
                return (await app.check_domain(name, selector, nameserver)).report

        with options.out.progress(f"checking {len(wanted)} domains"):
            reports = await asyncio.gather(*(one(name) for name in wanted))
            senders = [await _sender(app, name, sender_ip) for name in wanted if sender_ip]
        blocks = [b for report in reports for b in _report_blocks(report)]
        blocks += [f"SPF for {sender_ip}: {s.verdict} ({s.cause})" for s in senders]
        options.out.answer("check.domain", DomainsChecked(tuple(reports), tuple(senders)), blocks)
        return of_findings((f for r in reports for f in r.findings), _severity(fail_on))

    return with_app(options, body)


def _names_in(path: Path) -> Iterator[str]:
    for line in read_file(path).decode("utf-8", "replace").splitlines():
        name = line.partition("#")[0].strip()
        if name:
            yield name


async def _sender(app: composition.App, name: str, ip: str) -> SpfResult:
    return await _check_host(app, ip, f"postmaster@{name}", name)


async def _check_host(app: composition.App, ip: str, mail_from: str, helo: str) -> SpfResult:
    from ..adapters.dns_driver import drive
    from ..mailauth.spf_check import check_host

    try:
        judge = check_host(ip, mail_from, helo, now=int(app.clock.now()))
        return await drive(judge, app.resolver)
    except ValueError as error:
        raise bad_argument("--ip", ip, str(error)) from None


@app.command
def spf(
    *,
    ip: str,
    mail_from: str = "",
    helo: str = "",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What SPF answers for one sender (RFC 7208 check_host), with every term tried and its cost.

    Parameters
    ----------
    ip
        The sending address.
    mail_from
        The envelope sender; empty for a bounce.
    helo
        The name the sender gives in HELO or EHLO.
    """
    if not mail_from and not helo:
        return options.out.usage("check spf needs --mail-from or --helo", "gctrust check spf -h")

    async def body(app: composition.App) -> ExitCode:
        result = await _check_host(app, ip, mail_from, helo)
        options.out.answer("check.spf", result, _spf_blocks(result))
        return ExitCode.FINDINGS if result.verdict in ("permerror", "temperror") else ExitCode.FINE

    return with_app(options, body)


def _spf_blocks(result: SpfResult) -> Iterator[Block]:
    yield Heading(f"{result.verdict}  {result.domain}")
    if result.cause:
        yield f"  {result.cause}"
    rows = tuple(
        ("  " * s.depth + s.domain, s.term, s.outcome, str(s.lookups), ", ".join(s.resolved))
        for s in result.trace
    )
    yield Table(("domain", "term", "outcome", "look-ups", "came to"), rows)
    yield f"{result.lookups} of 10 look-ups, {result.voids} of 2 void look-ups"
    if result.explanation:
        yield f"explanation: {result.explanation}"


@app.command
def cert(
    *,
    cert: Path,
    key: Path | None = None,
    chain: Path | None = None,
    host: str = "",
    roots: Path | None = None,
    at: str = "",
    profile: Annotated[Profile | None, Parameter(name="--profile-for")] = None,
    write_bundle: Path | None = None,
    fail_on: FailOn = "error",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Judge a certificate, its chain and its key before it is deployed.

    Parameters
    ----------
    cert
        The certificate, PEM or DER; several in one file are sorted out.
    key
        The private key that belongs to it.
    chain
        The intermediate certificates.
    host
        The host name it is to serve.
    roots
        Trust these roots in place of the public ones.
    at
        Judge as of this time, RFC 3339, in place of now.
    profile
        What the certificate is for.
    write_bundle
        Write the repaired chain, leaf first, to this file.
    fail_on
        The least severity that makes the exit code 10.
    """
    for path in (cert, key, chain, roots):
        if path is not None:
            read_file(path)
    moment = _instant(at) if at else None
    from ..pipelines.effects import CertificateFiles

    files = CertificateFiles(str(cert), str(key or ""), str(chain or ""))

    async def body(app: composition.App) -> ExitCode:
        report = await asyncio.to_thread(app.certificates.files, files, host, profile or "", moment)
        if write_bundle and report.repaired_chain:
            pem = report.repaired_chain.pem
            await asyncio.to_thread(write_file, write_bundle, pem)
            options.out.talk(f"bundle written to {write_bundle}")
        shown = CertificateChecked.of(report)
        options.out.answer("check.cert", shown, _certificate_blocks(str(cert), shown))
        code = of_findings(report.findings, _severity(fail_on))
        return code if report.path.accepted else ExitCode.FINDINGS

    return with_app(options, body, roots_file=str(roots or ""))


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_argument("--at", text, "Write it as 2026-11-21T14:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _certificate_blocks(title: str, shown: CertificateChecked) -> Iterator[Block]:
    path = "a path to a root is accepted" if shown.accepted else f"refused: {shown.reason}"
    yield Heading(f"{title}  {path}")
    if shown.leaf is not None:
        yield f"  subject {shown.leaf.subject}, issuer {shown.leaf.issuer}"
        yield f"  valid {shown.leaf.not_before} to {shown.leaf.not_after}"
        yield f"  sha256 {shown.leaf.sha256}, key {shown.leaf.spki_sha256}"
    yield from (f"  path: {path}" for path in shown.paths)
    yield from (f"  repaired: {change}" for change in shown.repairs)
    yield from findings_blocks(shown.findings, shown.not_judged)


@app.command
def host(
    address: str,
    /,
    *,
    count: int = 10,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """What a server really presents: chain, versions, staple, pins, handshake latency.

    Parameters
    ----------
    address
        HOST or HOST:PORT.
    count
        Full handshakes to do.
    """
    name, _, port = address.partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise bad_argument("HOST:PORT", address, "The port is a number from 1 to 65535.")

    async def body(app: composition.App) -> ExitCode:
        with options.out.progress(f"shaking hands with {address}"):
            samples = await app.probe.samples(name, count, int(port) if port else None)
            seen = await app.probe.host(name, 1, int(port) if port else None)
        shown = HostChecked(
            address,
            tuple(_edge(edge, sample) for edge, sample in samples),
            seen.versions,
            seen.stapled,
            seen.legacy_accepted,
        )
        options.out.answer("check.host", shown, _host_blocks(shown))
        whole = all(edge.succeeded == edge.tried for edge in shown.edges)
        return ExitCode.FINE if whole and not shown.legacy_accepted else ExitCode.FINDINGS

    return with_app(options, body)


def _edge(edge: str, sample: HandshakeSample) -> EdgeShown:
    from hashlib import sha256

    return EdgeShown(
        edge,
        sample.count,
        sample.succeeded,
        round(sample.p50 * 1000, 2),
        round(sample.p95 * 1000, 2),
        round(sample.p99 * 1000, 2),
        tuple(sha256(leaf).hexdigest() for leaf, _ in sample.leaves),
        dict(sample.causes),
    )


def _host_blocks(shown: HostChecked) -> Iterator[Block]:
    rows = tuple(
        (e.address, f"{e.succeeded}/{e.tried}", f"{e.p50_ms} / {e.p95_ms} / {e.p99_ms}",
         ", ".join(leaf[:16] for leaf in e.leaves))
        for e in shown.edges
    )  # fmt: skip
    yield Heading(shown.host)
    yield Table(("address", "handshakes", "p50 / p95 / p99 ms", "leaf sha256"), rows)
    yield f"versions {', '.join(shown.versions) or 'none'}; stapled {shown.stapled}"
    for edge in shown.edges:
        yield from (f"  {edge.address}: {cause}: {n}" for cause, n in edge.causes.items())
    for version in shown.legacy_accepted:
        yield f"  accepts {version}, which is no longer safe (RFC 8996)"


def _severity(word: str) -> Severity:
    return Severity[word.upper()]


def _report_blocks(report: Report) -> Iterator[Block]:
    yield Heading(report.subject)
    yield from findings_blocks(report.findings, report.not_judged)


def findings_blocks(findings: Iterable[Finding], not_judged: Iterable[str] = ()) -> Iterator[Block]:
    """Findings worst first, then what was not judged, then the count."""
    ordered = by_severity(findings)
    yield from ordered
    for left_out in not_judged:
        yield f"not judged: {left_out}"
    if not ordered:
        yield "no findings"
    else:
        yield ", ".join(_counted(ordered))


def _counted(findings: tuple[Finding, ...]) -> Iterator[str]:
    for severity in sorted(Severity, reverse=True):
        count = sum(f.severity is severity for f in findings)
        if count:
            yield f"{count} {severity.word}"
