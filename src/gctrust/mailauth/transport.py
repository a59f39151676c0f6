"""Mail in transit: MTA-STS, DANE and TLS reporting, and what one asks of the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .dane import DaneReport, assess_dane
from .mta_sts import MtaStsReport, assess_mta_sts
from .questions import Judge, together
from .tls_rpt import TlsRptReport, assess_tls_rpt


@dataclass(frozen=True, slots=True)
class TransportReport:
    """`report` sums up the three parts."""

    report: Report
    mta_sts: MtaStsReport
    dane: DaneReport
    tls_rpt: TlsRptReport


def assess_transport(
    domain: DomainName, exchanges: Iterable[str], *, fresh: bool = False
) -> Judge[TransportReport]:
    """Judge the three at once; `exchanges` are the hosts of the domain's MX records."""
    judges: tuple[Judge[MtaStsReport | DaneReport | TlsRptReport], ...] = (
        _widened(assess_mta_sts(domain, fresh=fresh)),
        _widened(assess_dane(domain, exchanges, fresh=fresh)),
        _widened(assess_tls_rpt(domain, fresh=fresh)),
    )
    sts, dane, rpt = yield from together(judges)
    assert isinstance(sts, MtaStsReport)
    assert isinstance(dane, DaneReport)
    assert isinstance(rpt, TlsRptReport)
    parts = (sts.report, dane.report, rpt.report)
    found = [said for part in parts for said in part.findings]
    found += _unreported(domain, sts, dane, rpt)
    left = tuple(line for part in parts for line in part.not_judged)
    return TransportReport(Report(domain.text, tuple(found), left), sts, dane, rpt)


def _widened(
    judge: Judge[MtaStsReport] | Judge[DaneReport] | Judge[TlsRptReport],
) -> Judge[MtaStsReport | DaneReport | TlsRptReport]:
    """A judge of one kind among judges of several."""
    return (yield from judge)


def _unreported(
    domain: DomainName, sts: MtaStsReport, dane: DaneReport, rpt: TlsRptReport
) -> list[Finding]:
    """RPT-02: a policy that can stop mail, and nobody who would hear of it."""
    used = ["MTA-STS"] * bool(sts.id) + ["DANE"] * bool(dane.usable)
    if not used or not rpt.absent:
        return []
    fix = f'_smtp._tls.{domain.text}. TXT "v=TLSRPTv1; rua=mailto:<address>"'
    return [finding(rules.RPT_MISSING, domain.text, policy=" and ".join(used), fix=fix)]
