"""Judges the text of one record by itself: SPF, DKIM, DMARC, MTA-STS, TLS reporting, BIMI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..findings import Finding, finding
from . import dmarc_rules, transport_rules
from .bimi import BimiRecord, is_bimi, parse_bimi
from .bimi import record_findings as bimi_findings
from .dkim_key import record_findings as dkim_findings
from .dkim_record import DkimKey, parse_dkim_key
from .dmarc_faults import fault_finding
from .dmarc_record import DmarcRecord, is_dmarc, parse_dmarc
from .mta_sts import StsRecord, parse_sts_record
from .spf_networks import network_findings
from .spf_record import SpfRecord, parse_spf, spf_texts
from .spf_terms import SpfFindings, judge_faults, judge_terms
from .tls_rpt import TlsRptRecord, parse_tls_rpt
from .tls_rpt import record_findings as tls_rpt_findings


class RecordKind(StrEnum):
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MTA_STS = "mta-sts"
    TLS_RPT = "tls-rpt"
    BIMI = "bimi"


ParsedRecord = SpfRecord | DkimKey | DmarcRecord | StsRecord | TlsRptRecord | BimiRecord


@dataclass(frozen=True, slots=True)
class RecordReport:
    """`record` is None for a text that is not of `kind` at all; `usable`: receivers would act on
    it. `findings` are those of the text alone, as the whole judge would make them."""

    kind: RecordKind
    record: ParsedRecord | None
    usable: bool
    findings: tuple[Finding, ...] = ()


def check_record(text: str | bytes, kind: str = "", *, subject: str = "record") -> RecordReport:
    """Parse and judge the joined text of one TXT record.

    `kind` is a RecordKind; without one it is told by the record's version (and DKIM taken, whose
    version may be left out). `subject` is the owner name the findings speak of. Never raises for
    the text; ValueError for a kind that does not exist.
    """
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
    chosen = RecordKind(kind) if kind else kind_of(data)
    return _CHECKS[chosen](data, subject)


def kind_of(data: bytes) -> RecordKind:
    """By the version, spelt rightly or nearly so."""
    head = b"".join(data[:64].split()).strip(b"\"'").lower()
    kinds = {
        b"v=spf": RecordKind.SPF,
        b"v=dmarc": RecordKind.DMARC,
        b"v=sts": RecordKind.MTA_STS,
        b"v=tlsrpt": RecordKind.TLS_RPT,
        b"v=bimi": RecordKind.BIMI,
    }
    return next((kind for start, kind in kinds.items() if head.startswith(start)), RecordKind.DKIM)


def _spf(data: bytes, subject: str) -> RecordReport:
    if not spf_texts(((data,),)):
        out = SpfFindings(subject)
        out.add("spf.near-miss", text=repr(data[:120].decode("latin-1")))
        return RecordReport(RecordKind.SPF, None, False, tuple(out.found))
    record, out = parse_spf(data), SpfFindings(subject)
    judge_faults(out, record)
    judge_terms(out, record)
    found = (*out.found, *network_findings(subject, record))
    return RecordReport(RecordKind.SPF, record, not record.faults, found)


def _dkim(data: bytes, subject: str) -> RecordReport:
    key = parse_dkim_key(data)
    return RecordReport(RecordKind.DKIM, key, key.is_usable, tuple(dkim_findings(subject, key)))


def _dmarc(data: bytes, subject: str) -> RecordReport:
    text = data.decode("utf-8", "backslashreplace")
    if not is_dmarc(text):
        said = finding(dmarc_rules.NEAR_MISS, subject, text=text[:200])
        return RecordReport(RecordKind.DMARC, None, False, (said,))
    record = parse_dmarc(text)
    found = tuple(fault_finding(fault, subject, record) for fault in record.faults[:20])
    return RecordReport(RecordKind.DMARC, record, record.applies, found)


def _mta_sts(data: bytes, subject: str) -> RecordReport:
    record = parse_sts_record(data.decode("utf-8", "surrogateescape"))
    reason = record.fault or ("" if record.count else "it does not begin 'v=STSv1;'")
    rule = transport_rules.STS_MALFORMED
    found = (finding(rule, subject, reason=reason),) if reason else ()
    known = record if record.count else None
    return RecordReport(RecordKind.MTA_STS, known, not found, found)


def _tls_rpt(data: bytes, subject: str) -> RecordReport:
    record = parse_tls_rpt(data.decode("utf-8", "surrogateescape"))
    wrong = {uri for uri, _ in record.faults}
    usable = any(uri not in wrong for uri in record.addresses)
    found = tuple(tls_rpt_findings(subject, record))
    return RecordReport(RecordKind.TLS_RPT, record if record.is_own else None, usable, found)


def _bimi(data: bytes, subject: str) -> RecordReport:
    text = data.decode("utf-8", "surrogateescape")
    record = parse_bimi(text)
    found = tuple(bimi_findings(subject, record))
    known = record if is_bimi(text) else None
    return RecordReport(RecordKind.BIMI, known, not record.faults, found)


_CHECKS: dict[RecordKind, Callable[[bytes, str], RecordReport]] = {
    RecordKind.SPF: _spf,
    RecordKind.DKIM: _dkim,
    RecordKind.DMARC: _dmarc,
    RecordKind.MTA_STS: _mta_sts,
    RecordKind.TLS_RPT: _tls_rpt,
    RecordKind.BIMI: _bimi,
}
