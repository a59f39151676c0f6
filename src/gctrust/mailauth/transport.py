"""Mail in transit: MTA-STS, STARTTLS, DANE and TLS reporting, and what one asks of the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import transport_rules as rules
from .dane import DaneReport, assess_dane, match_findings, matches
from .looks import DNS_ONLY, Reach
from .mta_sts import MtaStsReport, assess_mta_sts
from .mta_sts_policy import StsSeen
from .questions import Judge, Later, at_once
from .starttls import StarttlsReport, look_at_starttls, starttls_findings
from .tls_rpt import TlsRptReport, assess_tls_rpt


@dataclass(frozen=True, slots=True)
class TransportReport:
    """`report` sums up the four parts and what they show together."""

    report: Report
    mta_sts: MtaStsReport
    dane: DaneReport
    tls_rpt: TlsRptReport
    starttls: StarttlsReport


def assess_transport(
    domain: DomainName,
    exchanges: Iterable[str],
    *,
    reach: Reach = DNS_ONLY,
    sts_before: StsSeen | None = None,
    fresh: bool = False,
) -> Judge[TransportReport]:
    """Judge the four at once; `exchanges` are the hosts of the domain's MX records."""
    hosts = tuple(exchanges)
    sts = Later(assess_mta_sts(domain, hosts, reach=reach, before=sts_before, fresh=fresh))
    dane = Later(assess_dane(domain, hosts, fresh=fresh))
    rpt = Later(assess_tls_rpt(domain, fresh=fresh))
    tls = Later(look_at_starttls(domain, hosts, reach=reach, fresh=fresh))
    yield from at_once(sts, dane, rpt, tls)
    parts = (sts.result.report, dane.result.report, rpt.result.report, tls.result.report)
    found = [said for part in parts for said in part.findings]
    found += _of_exchanges(domain.text, sts.result, dane.result, tls.result)
    found += _unreported(domain, sts.result, dane.result, rpt.result)
    left = [line for part in parts for line in part.not_judged]
    left += _unmatched(dane.result, tls.result)
    report = Report(domain.text, tuple(found), tuple(left))
    return TransportReport(report, sts.result, dane.result, rpt.result, tls.result)


def _of_exchanges(
    domain: str, sts: MtaStsReport, dane: DaneReport, tls: StarttlsReport
) -> list[Finding]:
    chains = {host: seen.chain for host, seen in tls.seen}
    vouched = frozenset(
        host
        for host, records in dane.records
        if any(matches(record, chains.get(host, ())) for record in records)
    )
    found = list(starttls_findings(domain, tls.seen, enforced=sts.enforced, by_dane=vouched))
    for host, records in dane.records:
        found += match_findings(host, records, chains.get(host, ()))
    return found


def _unmatched(dane: DaneReport, tls: StarttlsReport) -> list[str]:
    return [
        f"whether TLSA records match the certificate of {host} (DANE-03): it was not seen"
        for host in dane.usable
        if (seen := tls.of(host)) is None or not seen.chain
    ]


def _unreported(
    domain: DomainName, sts: MtaStsReport, dane: DaneReport, rpt: TlsRptReport
) -> list[Finding]:
    """RPT-02: a policy that can stop mail, and nobody who would hear of it."""
    used = ["MTA-STS"] * bool(sts.id) + ["DANE"] * bool(dane.usable)
    if not used or not rpt.absent:
        return []
    fix = f'_smtp._tls.{domain.text}. TXT "v=TLSRPTv1; rua=mailto:<address>"'
    return [finding(rules.RPT_MISSING, domain.text, policy=" and ".join(used), fix=fix)]
