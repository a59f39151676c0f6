"""`gctrust check cert`: judge a certificate, its chain and its key before it is deployed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..findings import Finding
from .exit_codes import ExitCode, of_findings
from .findings_shown import FailOn, bad_argument, findings_blocks, severity
from .output import Block, Heading, write_file
from .pin import read_file
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..certs.assess import CertificateReport, LeafFacts

Profile = Literal["public", "private", "client"]


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
        code = of_findings(report.findings, severity(fail_on))
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
