"""Everything gctrust says of a mail domain: the judges of each standard, side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import dmarc_rules
from .bimi import BimiReport, dmarc_findings, find_bimi
from .caa import CaaReport, assess_caa
from .delegation import DelegationReport, assess_delegation
from .dkim_key import DkimExpectation, DkimReport, assess_dkim
from .dmarc import DmarcReport, MailStream, assess_dmarc
from .dmarc_discovery import OrganisationalDomain
from .dnssec import DnssecReport, assess_dnssec
from .expected_records import RecordState, RecordStatus, compare
from .looks import DNS_ONLY, Reach
from .mta_sts_policy import StsSeen
from .mx import MxReport, assess_mx
from .parts import ALL_PARTS, Chosen, Part
from .questions import Judge, Later, at_once, together
from .rdns import Reverse, ReverseState, assess_address
from .record_text import RequiredRecord, spf_terms
from .spf_lint import SpfReport, SpfSender, assess_spf
from .transport import TransportReport, assess_transport


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
    bimi: BimiReport
    dnssec: DnssecReport

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


def assess_domain(
    domain: DomainName,
    selectors: Iterable[str] = (),
    *,
    required: Iterable[RequiredRecord] = (),
    sender_ips: Iterable[str | SpfSender] = (),
    include: str | None = None,
    streams: tuple[MailStream, ...] = (),
    by_list: OrganisationalDomain | None = None,
    special_addresses: bool = False,
    fresh: bool = False,
    nameservers: tuple[str, ...] = (),
    reach: Reach = DNS_ONLY,
    sts_before: StsSeen | None = None,
    sends_mail: bool = True,
    parts: Collection[Part] = ALL_PARTS,
) -> Judge[DomainReport]:
    """Judge `domain` by every standard, or by the `parts` asked for.

    `required` are the platform's records; its MX hosts, SPF include, selectors and keys are drawn
    from them. `include` must be in the SPF policy; `sender_ips` are addresses that send, with the
    name they give in EHLO where it is known (SpfSender); `by_list` is the public suffix list's
    registrable domain; `nameservers` are the addresses of the zone's servers ("192.0.2.1#5353"),
    looked up when none is given. `reach` says what can be asked beside DNS, `sts_before` what an
    earlier look saw of the MTA-STS policy. A domain that sends none (`sends_mail` False) is to say
    so. Raises ValueError for an address that is none.
    """
    wanted = _Wanted(domain.text, tuple(required))
    look = _Look(
        domain=domain,
        selectors=tuple(selectors),
        wanted=wanted,
        senders=tuple(map(SpfSender.of, sender_ips)),
        include=include or wanted.include,
        streams=streams,
        by_list=by_list,
        special=special_addresses,
        fresh=fresh,
        nameservers=nameservers,
        reach=reach,
        sts_before=sts_before,
        sends_mail=sends_mail,
        chosen=Chosen(domain.text, frozenset(parts)),
    )
    return (yield from look.run())


def _verdicts_rest_on(domain: str, selectors: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The records that every name server must answer alike."""
    yield from ((domain, "MX"), (domain, "TXT"), (f"_dmarc.{domain}", "TXT"))
    yield from ((f"{selector}._domainkey.{domain}", "TXT") for selector in selectors)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the platform's records ask of each standard."""

    domain: str
    records: tuple[RequiredRecord, ...]

    @property
    def checked(self) -> Iterator[tuple[str, str]]:
        return ((record.owner, record.type) for record in self.records)

    @property
    def hosts(self) -> tuple[str, ...]:
        own = (r for r in self.records if r.type == "MX" and r.owner == self.domain)
        return tuple(host for r in own for host in r.value.split()[-1:])

    @property
    def keys(self) -> tuple[DkimExpectation, ...]:
        """At each selector of this domain: the key, or the name where it is published."""
        end = f"._domainkey.{self.domain}"
        found = []
        for record in self.records:
            selector = record.owner.removesuffix(end)
            if selector == record.owner:
                continue
            if record.type == "CNAME":
                found.append(DkimExpectation(selector, cname=record.value.rstrip(".")))
            elif record.type == "TXT":
                found.append(DkimExpectation(selector, key=record.text))
        return tuple(found)

    @property
    def include(self) -> str | None:
        policies = (r for r in self.records if r.is_spf and r.owner == self.domain)
        terms = (term for record in policies for term in spf_terms(record.text))
        includes = (term for term in terms if term.startswith("include:"))
        return next((term.removeprefix("include:") for term in includes), None)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one domain: two rounds, of which the second needs what the first found."""

    domain: DomainName
    selectors: tuple[str, ...]
    wanted: _Wanted
    senders: tuple[SpfSender, ...]
    include: str | None
    streams: tuple[MailStream, ...]
    by_list: OrganisationalDomain | None
    special: bool
    fresh: bool
    nameservers: tuple[str, ...]
    reach: Reach
    sts_before: StsSeen | None
    sends_mail: bool
    chosen: Chosen

    def run(self) -> Judge[DomainReport]:
        domain, name, fresh = self.domain, self.domain.text, self.fresh
        part, reach = self.chosen.part, self.reach
        spf = part(Part.SPF, self._spf())
        dkim = part(Part.DKIM, assess_dkim(name, self.selectors, self.wanted.keys))
        dmarc = part(Part.DMARC, self._dmarc())
        mx = part(Part.MX, self._mx())
        caa = part(Part.CAA, assess_caa(domain, fresh=fresh))
        dnssec = part(Part.DNSSEC, assess_dnssec(domain, reach=reach, fresh=fresh))
        servers = part(Part.NAME_SERVERS, self._name_servers())
        senders = Later(together(map(self._sender, self.senders)))
        records = Later(compare(self.wanted.records, domain=name, fresh=fresh))
        yield from at_once(spf, dkim, dmarc, mx, senders, records, caa, dnssec, servers)
        bimi = part(Part.BIMI, find_bimi(domain, dmarc.result.organisation.domain, fresh=fresh))
        transport = part(Part.TRANSPORT, self._transport(mx.result))
        yield from at_once(transport, bimi)
        return _summed(
            DomainReport(
                domain, Report(name, (), self.chosen.left_out), spf.result, dkim.result,
                dmarc.result, mx.result, senders.result, records.result, caa.result,
                servers.result, transport.result, bimi.result, dnssec.result,
            ),
            self.chosen,
        )  # fmt: skip

    def _spf(self) -> Judge[SpfReport]:
        return assess_spf(
            self.domain.text,
            self.senders,
            self.include,
            sends_mail=self.sends_mail,
            ask_type_99=self.reach.transports,  # a thorough look
        )

    def _dmarc(self) -> Judge[DmarcReport]:
        return assess_dmarc(
            self.domain, by_list=self.by_list, streams=self.streams, fresh=self.fresh
        )

    def _mx(self) -> Judge[MxReport]:
        return assess_mx(
            self.domain,
            expected_hosts=self.wanted.hosts,
            by_list=self.by_list,
            special_addresses=self.special,
            fresh=self.fresh,
        )

    def _name_servers(self) -> Judge[DelegationReport]:
        rest_on = _verdicts_rest_on(self.domain.text, self.selectors)
        return assess_delegation(
            self.domain,
            servers=self.nameservers,
            checked=(*rest_on, *self.wanted.checked),
            by_list=self.by_list,
            reach=self.reach,
        )

    def _sender(self, sender: SpfSender) -> Judge[Reverse]:
        return assess_address(sender.ip, ehlo=sender.helo, fresh=self.fresh)

    def _transport(self, mx: MxReport) -> Judge[TransportReport]:
        hosts = tuple(one.host for one in mx.exchanges if one.addresses)
        return assess_transport(
            self.domain, hosts, reach=self.reach, sts_before=self.sts_before, fresh=self.fresh
        )


def _summed(parts: DomainReport, chosen: Chosen) -> DomainReport:
    """The same with the findings of all parts, and those that only several together show."""
    reports = (
        parts.spf.report, parts.dkim.report, parts.dmarc.report, parts.mx.report,
        parts.transport.report, parts.caa.report, parts.delegation.report, parts.bimi.report,
        parts.dnssec.report,
    )  # fmt: skip
    found = [said for report in reports for said in report.findings]
    found += (said for one in parts.senders for said in one.findings)
    found += (state.finding for state in parts.records if state.finding is not None)
    if Part.DMARC in chosen:
        found += dmarc_findings(parts.bimi, parts.dmarc)
    lacking = _lacking(parts, chosen)
    if lacking:
        subject = parts.domain.text
        found.append(finding(dmarc_rules.BULK_MINIMUM, subject, lacking=", ".join(lacking)))
    left = [line for report in (*reports, parts.report) for line in report.not_judged]
    left += _unknown(parts)
    report = Report(parts.domain.text, tuple(found), tuple(dict.fromkeys(left)))
    return replace(parts, report=report)


def _unknown(parts: DomainReport) -> Iterator[str]:
    for one in parts.senders:
        if one.state is ReverseState.UNKNOWN:
            yield f"reverse DNS of {one.address} (RDNS-05)"
    for state in parts.records:
        if state.status is RecordStatus.UNKNOWN:
            yield f"{state.required.type} {state.required.owner}: the look-up failed"
    if not parts.senders:
        yield "sending addresses (SPF-14, RDNS-01 for senders): none given"


def _lacking(parts: DomainReport, chosen: Chosen) -> tuple[str, ...]:
    """What bulk senders need and this domain surely lacks; a failed look-up is not a lack."""
    lacking = []
    if Part.SPF in chosen and not parts.spf.status.is_temporary and not parts.spf.texts:
        lacking.append("SPF")
    selectors = parts.dkim.selectors
    if selectors and all(one.status.is_void for one in selectors):
        lacking.append("DKIM")
    unruled = parts.dmarc.effective is None and not parts.dmarc.walk.failed
    if Part.DMARC in chosen and unruled:
        lacking.append("DMARC")
    if any(one.state is ReverseState.MISSING for one in parts.senders):
        lacking.append("PTR")
    return tuple(lacking)


def is_settled(report: DomainReport) -> bool:
    """Whether every required record was seen live."""
    return all(state.status is RecordStatus.LIVE for state in report.records)
