"""`gctrust check cert`: judge a certificate, its chain and its key before it is deployed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .certificate_flags import AskFlags, FileFlags, Profile
from .certificate_shown import CertificateChecked, certificate_blocks
from .endpoint import read_endpoint
from .exit_codes import ExitCode, of_findings
from .findings_shown import FailOn, bad_argument, severity
from .output import Output, write_file
from .roots_flag import NAMED, roots_flag
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.tls.certificate_check import Looked, Question
    from ..certs.evidence import CaaAnswer, TlsaAnswer
    from ..certs.report import CertificateReport


def cert(
    *,
    files: FileFlags,
    host: str = "",
    roots: str = "",
    at: str = "",
    profile: Profile | None = None,
    asks: AskFlags = AskFlags(),  # noqa: B008 - frozen
    write_bundle: Path | None = None,
    fail_on: FailOn = "error",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Judge a certificate, its chain and its key before it is deployed.

    Nothing is asked of the network without --revocation, --complete or --dns.

    Parameters
    ----------
    host
        The host name or address it is to serve.
    roots
        Trust "system", "certifi" or the roots of this file, in place of the configured ones.
    at
        Judge as of this time, RFC 3339, in place of now.
    profile
        What the certificate is for.
    write_bundle
        Write the repaired chain, leaf first, to this file.
    fail_on
        The least severity that makes the exit code 10.
    """
    files.refuse_unreadable(Path(roots) if roots and roots not in NAMED else None)
    if asks.dns and not host:
        raise bad_argument("--dns", "", "DNS is asked about a host: give --host.")
    named, roots_file = roots_flag(roots)
    moment = _instant(at) if at else None

    async def body(app: composition.App) -> ExitCode:
        question = await _question(app, files, asks, host)
        question = replace(question, profile=profile or "", at=moment, roots=named)
        with options.out.progress(f"judging {files.cert}"):
            looked = await app.certificates.look(question)
        if write_bundle:
            _write_bundle(options.out, looked.report, write_bundle)
        _answer(options.out, question, looked, app.answers_from() if asks.any else "")
        code = of_findings(looked.report.findings, severity(fail_on))
        return code if looked.report.path.accepted else ExitCode.FINDINGS

    return with_app(options, body, roots_file=roots_file)


async def _question(app: composition.App, files: FileFlags, asks: AskFlags, host: str) -> Question:
    from ..adapters.credentials.passphrase import key_passphrase
    from ..adapters.tls.certificate_check import Files, Question
    from ..settings import environment

    caa, tlsa = await _dns(app, host) if asks.dns else ((), None)
    return Question(
        Files(str(files.cert), str(files.key or ""), str(files.chain or "")),
        host,
        passphrase=key_passphrase(
            environment(), files.key_passphrase_file, app.settings.key_passphrase
        ),
        complete=asks.complete,
        revocation=asks.revocation,
        allowed=frozenset(asks.allow_fetch),
        previous=app.certificates.leaf_of(str(files.diff)) if files.diff else None,
        caa=caa,
        tlsa=tlsa,
        weak_keys=files.weak_keys,
    )


def _answer(out: Output, question: Question, looked: Looked, source: str) -> None:
    shown = CertificateChecked.of(looked, _changes(question, looked.report), source)
    out.answer("check.cert", shown, certificate_blocks(question.files.certificate, shown))
    if not question.complete:
        _hint(out, looked.report)


async def _dns(app: composition.App, host: str) -> tuple[tuple[CaaAnswer, ...], TlsaAnswer | None]:
    from ..adapters.tls.certificate_dns import ask_caa, ask_tlsa

    name, _ = read_endpoint(host)
    if ":" in name or name.rpartition(".")[2].isdigit():
        return (), None  # an address has neither
    return await ask_caa(app.resolver, name), await ask_tlsa(app.resolver, name)


def _hint(out: Output, report: CertificateReport) -> None:
    """A missing issuer can often be had: say how."""
    top = report.path.tried[0] if report.path.tried else None
    missing = top is not None and any(flaw.kind == "issuer" for flaw in top.flaws)
    if top is None or not missing or report.path.accepted:
        return
    where = top.certificates[-1].extensions.issuer_urls
    if where and where[0].isprintable():
        out.talk(f"next: --complete fetches the missing issuer from {where[0][:200]}")


def _write_bundle(out: Output, report: CertificateReport, path: Path) -> None:
    repaired = report.repaired_chain
    if repaired is None or not repaired.pem:
        out.talk(f"no bundle written to {path}: there is no certificate to write")
        return
    write_file(path, repaired.pem)
    whole = "" if report.path.accepted else "; no path to a root is accepted with it"
    out.talk(f"{len(repaired.certificates)} certificates written to {path}{whole}")


def _changes(question: Question, report: CertificateReport) -> tuple[str, ...]:
    if question.previous is None or report.certificate is None:
        return ()
    from ..certs.compare import compare_certificates

    hosts = [question.host] if question.host else []
    return compare_certificates(question.previous, report.certificate, hosts=hosts).lines


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise bad_argument("--at", text, "Write it as 2026-11-21T14:00:00Z.") from None
