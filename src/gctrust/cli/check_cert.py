"""`gctrust check cert`: judge a certificate, its chain and its key before it is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..findings import Finding
from .exit_codes import ExitCode, of_findings
from .findings_shown import FailOn, bad_argument, findings_blocks, severity
from .output import Block, Heading, Output, write_file
from .pin import read_file
from .roots_flag import roots_flag
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.certificate_check import Looked
    from ..certs.assess import CertificateReport, LeafFacts
    from ..certs.certificate import Certificate

Profile = Literal["public", "private", "client"]


@dataclass(frozen=True, slots=True)
class CertificateChecked:
    """`accepted` is the path's verdict, `reason` why not; `bundle` the repaired chain as PEM.

    `changes` says what differs from the certificate of --diff, `gathered` what was fetched or at
    hand beside the files.
    """

    accepted: bool
    reason: str
    leaf: LeafFacts | None
    paths: tuple[str, ...]
    repairs: tuple[str, ...]
    bundle: str
    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...]
    changes: tuple[str, ...]
    gathered: tuple[str, ...]

    @classmethod
    def of(cls, looked: Looked, changes: tuple[str, ...]) -> CertificateChecked:
        report = looked.report
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
            changes,
            looked.gathered,
        )


def cert(
    *,
    cert: Path,
    key: Path | None = None,
    chain: Path | None = None,
    host: str = "",
    roots: str = "",
    at: str = "",
    profile: Profile | None = None,
    revocation: Annotated[bool, Parameter(negative="")] = False,
    complete: Annotated[bool, Parameter(negative="")] = False,
    allow_fetch: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    key_passphrase_file: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    diff: Path | None = None,
    write_bundle: Path | None = None,
    fail_on: FailOn = "error",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Judge a certificate, its chain and its key before it is deployed.

    Nothing is fetched without --revocation or --complete.

    Parameters
    ----------
    cert
        The certificate: PEM, DER, PKCS#12 or PKCS#7; several in one file are sorted out.
    key
        The private key that belongs to it.
    chain
        The intermediate certificates.
    host
        The host name or address it is to serve.
    roots
        Trust "system", "certifi" or the roots of this file, in place of the configured ones.
    at
        Judge as of this time, RFC 3339, in place of now.
    profile
        What the certificate is for.
    revocation
        Fetch CRLs and ask OCSP responders whether it is revoked.
    complete
        Fetch intermediates that are missing from where the certificate says they are.
    allow_fetch
        A host that may be fetched from though its address is not public; repeat for several.
    key_passphrase_file
        The file with the passphrase of the key or of PKCS#12, "-" for standard input
        (also: GCTRUST_KEY_PASSPHRASE, GCTRUST_KEY_PASSPHRASE_FILE).
    diff
        The certificate that serves now: say what changes.
    write_bundle
        Write the repaired chain, leaf first, to this file.
    fail_on
        The least severity that makes the exit code 10.
    """
    for path in (cert, key, chain, diff):
        if path is not None:
            read_file(path)
    named, roots_file = roots_flag(roots)
    moment = _instant(at) if at else None

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.certificate_check import Question
        from ..adapters.passphrase import key_passphrase
        from ..pipelines.certificate_effects import CertificateFiles
        from ..settings import environment

        question = Question(
            CertificateFiles(str(cert), str(key or ""), str(chain or "")),
            host,
            profile or "",
            moment,
            named,
            key_passphrase(environment(), key_passphrase_file),
            complete,
            revocation,
            frozenset(allow_fetch),
        )
        with options.out.progress(f"judging {cert}"):
            looked = await app.certificates.look(question)
        report = looked.report
        old = app.certificates.leaf_of(str(diff)) if diff else None
        if write_bundle:
            _write_bundle(options.out, report, write_bundle)
        shown = CertificateChecked.of(looked, _changes(old, report, host))
        options.out.answer("check.cert", shown, _certificate_blocks(str(cert), shown))
        code = of_findings(report.findings, severity(fail_on))
        return code if report.path.accepted else ExitCode.FINDINGS

    return with_app(options, body, roots_file=roots_file)


def _write_bundle(out: Output, report: CertificateReport, path: Path) -> None:
    repaired = report.repaired_chain
    if repaired is None or not repaired.pem:
        out.talk(f"no bundle written to {path}: there is no certificate to write")
        return
    write_file(path, repaired.pem)
    whole = "" if report.path.accepted else "; no path to a root is accepted with it"
    out.talk(f"{len(repaired.certificates)} certificates written to {path}{whole}")


def _changes(old: Certificate | None, report: CertificateReport, host: str) -> tuple[str, ...]:
    if old is None or report.certificate is None:
        return ()
    from ..certs.compare import compare_certificates

    found = compare_certificates(old, report.certificate, hosts=[host] if host else [])
    return found.lines


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
        leaf = shown.leaf
        yield f"  subject {leaf.subject}, issuer {leaf.issuer}"
        yield f"  valid {_date(leaf.not_before)} to {_date(leaf.not_after)}"
        yield f"  sha256 {leaf.sha256}, key {leaf.spki_sha256}"
    yield from (f"  path: {path}" for path in shown.paths)
    yield from (f"  repaired: {change}" for change in shown.repairs)
    yield from (f"  against the old one: {change}" for change in shown.changes)
    yield from (f"  {line}" for line in shown.gathered)
    yield from findings_blocks(shown.findings, shown.not_judged)


def _date(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z" if moment else "a time that cannot be read"
