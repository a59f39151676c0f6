"""Everything gctrust says of a mail domain: the judges of each standard, side by side."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import dmarc_rules
from .caa import CaaReport, assess_caa
from .delegation import DelegationReport, assess_delegation
from .dkim_key import DkimExpectation, DkimReport, assess_dkim
from .dmarc import DmarcReport, MailStream, assess_dmarc
from .dmarc_discovery import OrganisationalDomain
from .expected_records import RecordState, RecordStatus, compare
from .mx import MxReport, assess_mx
from .questions import Answer, Asks, Judge, together
from .rdns import Reverse, ReverseState, assess_address
from .record_text import RequiredRecord, spf_terms
from .spf_lint import SpfReport, assess_spf
from .transport import TransportReport, assess_transport

NOT_JUDGED = (
    "STARTTLS of the exchanges (TLS-01)",
    "DNSSEC of TLSA records, and their match with the exchanges' certificates (DANE-01, DANE-03)",
    "the policy file of MTA-STS (STS-02 to STS-05)",
    "BIMI (BIMI-01 to BIMI-03)",
    "NS records at the parent zone (half of NS-02): a referral is not read",
    "name servers over TCP and without EDNS (part of NS-03)",
    "DNSSEC (SEC-01 to SEC-03)",
)
"""Rows that no judge here looks at yet; every report names them."""


@dataclass(frozen=True, slots=True)
class DomainReport:
    """`report` sums up all parts; `records` are the required records in the order given."""

    domain: DomainName
    report: Report
    spf: SpfReport
    dkim: DkimReport
    dmarc: DmarcReport
    mx: MxReport
    senders: tuple[Reverse, ...]
    records: tuple[RecordState, ...]
    caa: CaaReport
    delegation: DelegationReport
    transport: TransportReport

    @property
    def subject(self) -> str:
        return self.report.subject

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.report.findings

    @property
    def not_judged(self) -> tuple[str, ...]:
        return self.report.not_judged

    @property
    def missing(self) -> tuple[str, ...]:
        """The owner names of required records that are not live."""
        lacking = [s.required.owner for s in self.records if s.status is not RecordStatus.LIVE]
        return tuple(dict.fromkeys(lacking))


@dataclass(frozen=True, slots=True)
class _Parts:
    spf: SpfReport
    dkim: DkimReport
    dmarc: DmarcReport
    mx: MxReport
    senders: tuple[Reverse, ...]
    records: tuple[RecordState, ...]
    caa: CaaReport
    delegation: DelegationReport


_Part = (
    SpfReport
    | DkimReport
    | DmarcReport
    | MxReport
    | tuple[Reverse, ...]
    | tuple[RecordState, ...]
    | CaaReport
    | DelegationReport
)
P = TypeVar("P", bound=_Part)


def assess_domain(
    domain: DomainName,
    selectors: Iterable[str] = (),
    *,
    required: Iterable[RequiredRecord] = (),
    sender_ips: Iterable[str] = (),
    include: str | None = None,
    streams: tuple[MailStream, ...] = (),
    by_list: OrganisationalDomain | None = None,
    special_addresses: bool = False,
    fresh: bool = False,
    nameservers: tuple[str, ...] = (),
) -> Judge[DomainReport]:
    """Judge `domain` by every standard.

    `required` are the platform's records; its MX hosts, SPF include, selectors and keys are drawn
    from them. `include` must be in the SPF policy; `sender_ips` are addresses that send; `by_list`
    is the public suffix list's registrable domain; `nameservers` are the addresses of the zone's
    servers ("192.0.2.1#5353"), looked up when none is given. Raises ValueError for an address
    that is none.
    """
    records, ips, name = tuple(required), tuple(sender_ips), domain.text
    chosen = tuple(selectors)
    wanted = _expectations(records, name)
    hosts = tuple(r.value.split()[-1] for r in records if r.type == "MX" and r.owner == name)
    judges: tuple[Judge[_Part], ...] = (
        _as_part(assess_spf(name, ips, include or _include(records, name))),
        _as_part(assess_dkim(name, chosen, wanted)),
        _as_part(assess_dmarc(domain, by_list=by_list, streams=streams, fresh=fresh)),
        _as_part(
            assess_mx(
                domain,
                expected_hosts=hosts,
                by_list=by_list,
                special_addresses=special_addresses,
                fresh=fresh,
            )
        ),
        _as_part(together([assess_address(ip, fresh=fresh) for ip in ips])),
        _as_part(compare(records, domain=name, fresh=fresh)),
        _as_part(assess_caa(domain, fresh=fresh)),
        _as_part(
            assess_delegation(
                domain,
                servers=nameservers,
                checked=_checked(records, name, chosen),
                by_list=by_list,
            )
        ),
    )
    parts = _Parts(*(yield from together(judges)))  # type: ignore[arg-type]
    hosts = tuple(one.host for one in parts.mx.exchanges if one.addresses)
    transport = yield from assess_transport(domain, hosts, fresh=fresh)
    return DomainReport(
        domain=domain,
        report=_summed(domain, parts, transport, bool(ips)),
        spf=parts.spf,
        dkim=parts.dkim,
        dmarc=parts.dmarc,
        mx=parts.mx,
        senders=parts.senders,
        records=parts.records,
        caa=parts.caa,
        delegation=parts.delegation,
        transport=transport,
    )


def _checked(
    records: tuple[RequiredRecord, ...], domain: str, selectors: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """The records that every name server must answer alike: all that a verdict rests on."""
    own = [(domain, "MX"), (domain, "TXT"), (f"_dmarc.{domain}", "TXT")]
    own += [(f"{selector}._domainkey.{domain}", "TXT") for selector in selectors]
    return tuple(own + [(record.owner, record.type) for record in records])


def _as_part(judge: Generator[Asks, tuple[Answer, ...], P]) -> Judge[_Part]:
    """Widens a judge's result, so that judges of several kinds run together."""
    part: _Part = yield from judge
    return part


def _expectations(records: tuple[RequiredRecord, ...], domain: str) -> tuple[DkimExpectation, ...]:
    """What the required records want at each selector of this domain."""
    end = f"._domainkey.{domain}"
    found = []
    for record in records:
        if record.owner.endswith(end):
            selector = record.owner.removesuffix(end)
            if record.type == "CNAME":
                found.append(DkimExpectation(selector, cname=record.value.rstrip(".")))
            elif record.type == "TXT":
                found.append(DkimExpectation(selector, key=record.text))
    return tuple(found)


def _include(records: tuple[RequiredRecord, ...], domain: str) -> str | None:
    for record in records:
        if record.is_spf and record.owner == domain:
            for term in spf_terms(record.text):
                if term.startswith("include:"):
                    return term.removeprefix("include:")
    return None


def _summed(
    domain: DomainName, parts: _Parts, transport: TransportReport, has_senders: bool
) -> Report:
    reports = (
        parts.spf.report,
        parts.dkim.report,
        parts.dmarc.report,
        parts.mx.report,
        transport.report,
        parts.caa.report,
        parts.delegation.report,
    )
    found: list[Finding] = [said for report in reports for said in report.findings]
    found += (said for one in parts.senders for said in one.findings)
    found += (state.finding for state in parts.records if state.finding is not None)
    open_rows = [line for report in reports for line in report.not_judged]
    open_rows += (
        f"reverse DNS of {one.address} (RDNS-05)"
        for one in parts.senders
        if one.state is ReverseState.UNKNOWN
    )
    open_rows += (
        f"{state.required.type} {state.required.owner}: the look-up failed"
        for state in parts.records
        if state.status is RecordStatus.UNKNOWN
    )
    if not has_senders:
        open_rows.append("sending addresses (SPF-14, RDNS-01 for senders): none given")
    lacking = _lacking(parts)
    if lacking:
        found.append(finding(dmarc_rules.BULK_MINIMUM, domain.text, lacking=", ".join(lacking)))
    return Report(domain.text, tuple(found), tuple(dict.fromkeys((*open_rows, *NOT_JUDGED))))


def _lacking(parts: _Parts) -> tuple[str, ...]:
    """What bulk senders need and this domain surely lacks; a failed look-up is not a lack."""
    lacking = []
    if not parts.spf.status.is_temporary and not parts.spf.texts:
        lacking.append("SPF")
    selectors = parts.dkim.selectors
    if selectors and all(one.status.is_void for one in selectors):
        lacking.append("DKIM")
    if parts.dmarc.effective is None and not parts.dmarc.walk.failed:
        lacking.append("DMARC")
    if any(one.state is ReverseState.MISSING for one in parts.senders):
        lacking.append("PTR")
    return tuple(lacking)


def is_settled(report: DomainReport) -> bool:
    """Whether every required record was seen live."""
    return all(state.status is RecordStatus.LIVE for state in report.records)
