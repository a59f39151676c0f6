"""Judges the TLS reporting record (RFC 8460 section 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .questions import Judge, Question, ask
from .transport_record import fields, first, sort_texts

_VERSION = "v=TLSRPTv1"
_COMMA = re.compile(r"[ \t]*,[ \t]*")


@dataclass(frozen=True, slots=True)
class TlsRptReport:
    """`addresses` are the report URIs; `absent` when it is known that there is no record."""

    report: Report
    addresses: tuple[str, ...] = ()
    absent: bool = False


@dataclass(frozen=True, slots=True)
class TlsRptRecord:
    """`addresses` are the URIs as written; `faults` are (URI, reason), the URI being "" for the
    record as a whole. `is_own` is False for a text of another kind."""

    addresses: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    is_own: bool = True


def parse_tls_rpt(text: str) -> TlsRptRecord:
    """Parse the text of one TXT record. Never raises."""
    texts = sort_texts(_VERSION, ((text.encode("utf-8", "surrogateescape"),),))
    if not texts.own:
        reason = f"it begins {text[:20]!r}, not {_VERSION + ';'!r}"
        return TlsRptRecord((), (("", reason),), is_own=False)
    pairs, fault = fields(text)
    rua = first(pairs, "rua")
    if fault or rua is None:
        return TlsRptRecord((), (("", fault or "it has no rua"),))
    addresses = tuple(_COMMA.split(rua))
    said = ((uri, reason) for uri in addresses if (reason := _unusable(uri)))
    return TlsRptRecord(addresses, tuple(said))


def assess_tls_rpt(domain: DomainName, *, fresh: bool = False) -> Judge[TlsRptReport]:
    """Judge the TXT record at _smtp._tls. Its absence alone is no finding (see RPT-02)."""
    name = f"_smtp._tls.{domain.text}"
    answer = yield from ask(Question(name, "TXT", fresh=fresh))
    if answer.status.is_temporary:
        line = f"TLS reporting at {name} (RPT-01, RPT-02): the look-up failed ({answer.failure})"
        return TlsRptReport(Report(domain.text, (), (line,)))
    texts = sort_texts(_VERSION, answer.records)
    if not texts.own and not texts.near:
        return TlsRptReport(Report(domain.text), absent=True)
    if len(texts.own) > 1:
        said = finding(rules.RPT_SEVERAL, name, count=len(texts.own))
        return TlsRptReport(Report(domain.text, (said,)))
    record = parse_tls_rpt((texts.own or texts.near)[0])
    return TlsRptReport(Report(domain.text, tuple(record_findings(name, record))), record.addresses)


def record_findings(name: str, record: TlsRptRecord) -> Iterator[Finding]:
    for uri, reason in record.faults[:20]:
        if uri or record.addresses:
            yield finding(rules.RPT_URI, name, uri=repr(uri[:120]), reason=reason)
        else:
            yield finding(rules.RPT_MALFORMED, name, reason=reason)


def _unusable(uri: str) -> str:
    if not uri:
        return "it is empty"
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "it is no URI"
    if any(mark in uri for mark in " \t"):
        return "it holds a blank"
    if parts.scheme == "mailto":
        local, at, host = parts.path.rpartition("@")
        return "" if local and at and host else "it names no mail address"
    if parts.scheme == "https":
        return "" if parts.hostname else "it names no host"
    return "it is neither mailto: nor https:"
