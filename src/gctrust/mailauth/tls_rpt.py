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


def assess_tls_rpt(domain: DomainName, *, fresh: bool = False) -> Judge[TlsRptReport]:
    """Judge the TXT record at _smtp._tls. Its absence alone is no finding (see RPT-02)."""
    name = f"_smtp._tls.{domain.text}"
    answer = yield from ask(Question(name, "TXT", fresh=fresh))
    if answer.status.is_temporary:
        line = f"the TLS reporting record {name} (RPT-01, RPT-02): the look-up failed"
        return TlsRptReport(Report(domain.text, (), (line,)))
    texts = sort_texts(_VERSION, answer.records)
    if not texts.own and not texts.near:
        return TlsRptReport(Report(domain.text), absent=True)
    addresses: tuple[str, ...] = ()
    if len(texts.own) == 1:
        addresses, found = _read(name, texts.own[0])
    elif texts.own:
        found = (finding(rules.RPT_SEVERAL, name, count=len(texts.own)),)
    else:
        reason = f"it begins {texts.near[0][:20]!r}, not {_VERSION + ';'!r}"
        found = (finding(rules.RPT_MALFORMED, name, reason=reason),)
    return TlsRptReport(Report(domain.text, found), addresses)


def _read(name: str, text: str) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    pairs, fault = fields(text)
    rua = first(pairs, "rua")
    if fault or rua is None:
        reason = fault or "it has no rua"
        return (), (finding(rules.RPT_MALFORMED, name, reason=reason),)
    return tuple(_COMMA.split(rua)), tuple(_addresses(name, rua))


def _addresses(name: str, rua: str) -> Iterator[Finding]:
    for uri in _COMMA.split(rua):
        reason = _unusable(uri)
        if reason:
            yield finding(rules.RPT_URI, name, uri=repr(uri[:120]), reason=reason)


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
