"""`gctrust check cert`: judge a certificate, its chain and its key before it is deployed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..errors import Problem
from .certificate_shown import CertificateChecked, certificate_blocks
from .endpoint import read_endpoint
from .exit_codes import ExitCode, of_findings
from .findings_shown import FailOn, bad_argument, severity
from .output import Output, write_file
from .pin import UNREADABLE, read_file
from .roots_flag import NAMED, roots_flag
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.tls.certificate_check import Looked, Question
    from ..certs.evidence import CaaAnswer, TlsaAnswer
    from ..certs.report import CertificateReport

Profile = Literal["public", "private", "client"]


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
    dns: Annotated[bool, Parameter(negative="")] = False,
    allow_fetch: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    key_passphrase_file: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    weak_keys: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    diff: Path | None = None,
    write_bundle: Path | None = None,
    fail_on: FailOn = "error",
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Judge a certificate, its chain and its key before it is deployed.

    Nothing is asked of the network without --revocation, --complete or --dns.

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
    dns
        Ask DNS whether CAA allows the issuer, and whether TLSA fits.
    allow_fetch
        A host that may be fetched from though its address is not public; repeat for several.
    key_passphrase_file
        The file with the passphrase of the key or of PKCS#12, "-" for standard input
        (also: GCTRUST_KEY_PASSPHRASE, GCTRUST_KEY_PASSPHRASE_FILE).
    weak_keys
        A list of compromised keys: SHA-256 of public keys, or Debian's openssl-blacklist, a line
        each; repeat for several.
    diff
        The certificate that serves now: say what changes.
    write_bundle
        Write the repaired chain, leaf first, to this file.
    fail_on
        The least severity that makes the exit code 10.
    """
    own_roots = Path(roots) if roots and roots not in NAMED else None
    _check_files(cert, key, chain, diff, own_roots)
    if dns and not host:
        raise bad_argument("--dns", "", "DNS is asked about a host: give --host.")
    named, roots_file = roots_flag(roots)
    moment = _instant(at) if at else None

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.credentials.passphrase import key_passphrase
        from ..adapters.tls.certificate_check import Files, Question
        from ..settings import environment

        old = app.certificates.leaf_of(str(diff)) if diff else None
        caa, tlsa = await _dns(app, host) if dns else ((), None)
        question = Question(
            Files(str(cert), str(key or ""), str(chain or "")),
            host,
            profile or "",
            moment,
            named,
            key_passphrase(environment(), key_passphrase_file),
            complete,
            revocation,
            frozenset(allow_fetch),
            old,
            caa,
            tlsa,
            weak_keys,
        )
        with options.out.progress(f"judging {cert}"):
            looked = await app.certificates.look(question)
        if write_bundle:
            _write_bundle(options.out, looked.report, write_bundle)
        source = app.answers_from() if dns or complete or revocation else ""
        _answer(options.out, question, looked, source)
        code = of_findings(looked.report.findings, severity(fail_on))
        return code if looked.report.path.accepted else ExitCode.FINDINGS

    return with_app(options, body, roots_file=roots_file)


def _check_files(*paths: Path | None) -> None:
    """A wrong path is told before anything else is done; opening a fifo would wait for ever."""
    for path in paths:
        if path is not None:
            if path.is_fifo():
                raise Problem(UNREADABLE, {"path": str(path), "seen": "it is no regular file"})
            read_file(path)


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
