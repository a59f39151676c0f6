"""Judges a DMARC policy: discovery, the record, inheritance, alignment, report addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from ..names import DomainName
from . import dmarc_rules as rules
from .dmarc_discovery import (
    Organisation,
    OrganisationalDomain,
    Walk,
    WalkStep,
    organisation,
    policy_step,
    tree_walk,
)
from .dmarc_faults import fault_finding
from .dmarc_record import DmarcRecord, FaultKind, Mode, Policy, is_dmarc, text_of
from .questions import Judge, Question, Status, ask_all, together

MAX_DESTINATIONS = 10  # report domains looked at; each takes a walk and three questions


@dataclass(frozen=True, slots=True)
class MailStream:
    """One way mail is sent: its name, MAIL FROM domain and DKIM d=; "" where there is none."""

    name: str
    mail_from: str = ""
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Alignment:
    """None: the organisational domain could not be found, so nothing is said."""

    stream: MailStream
    spf: bool | None
    dkim: bool | None


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """What receivers apply, t=y taken into account."""

    domain: Policy
    subdomains: Policy
    nonexistent: Policy


@dataclass(frozen=True, slots=True)
class DmarcReport:
    """`record_at` is the name whose record applies; `basis` how the organisation was found."""

    report: Report
    record: DmarcRecord | None
    record_at: str
    effective: EffectivePolicy | None
    organisation: Organisation
    walk: Walk
    alignment: tuple[Alignment, ...] = ()


def assess_dmarc(
    domain: DomainName,
    *,
    by_list: OrganisationalDomain | None = None,
    streams: tuple[MailStream, ...] = (),
    fresh: bool = False,
) -> Judge[DmarcReport]:
    """Judge `domain` as an author domain (the domain of From).

    `by_list` gives the registrable domain by the public suffix list: the fallback when the tree
    walk fails, and its comparison.
    """
    judge = _Judge(domain.text, by_list, fresh)
    return (yield from judge.run(streams))


class _Judge:
    def __init__(self, domain: str, by_list: OrganisationalDomain | None, fresh: bool) -> None:
        self.domain, self.by_list, self.fresh = domain, by_list, fresh
        self.findings: list[Finding] = []
        self.not_judged: list[str] = []
        self.walk = Walk(())

    def run(self, streams: tuple[MailStream, ...]) -> Judge[DmarcReport]:
        walk = self.walk = yield from tree_walk(self.domain, fresh=self.fresh)
        owner = organisation(walk, self.by_list)
        self._look_at_walk(walk, owner)
        step = policy_step(walk, owner)
        effective = None
        if step is None or step.record is None:
            yield from self._absent(walk)
        else:
            effective = yield from self._present(step, step.record, owner)
        alignment = yield from self._alignment(streams, step, owner)
        return DmarcReport(
            report=Report(self.domain, tuple(self.findings), tuple(dict.fromkeys(self.not_judged))),
            record=step.record if step else None,
            record_at=step.name if step else "",
            effective=effective,
            organisation=owner,
            walk=walk,
            alignment=alignment,
        )

    def _look_at_walk(self, walk: Walk, owner: Organisation) -> None:
        for step in walk.failed:
            name = f"_dmarc.{step.name}"
            status, server = step.status.value, step.server
            said = finding(rules.LOOKUP_FAILED, name, status=status, server=server)
            self.findings.append(said)
        if walk.failed:
            by = f"the suffix list gives {owner.domain}" if owner.domain else "it is unknown"
            self.not_judged.append(f"organisational domain by tree walk (DMARC-02): {by}")
        for step in walk.steps:
            self._look_at_step(step)
        if owner.by_list == "":
            self.not_judged.append("organisational domain by suffix list (DMARC-20)")
        elif walk.holders and owner.basis == "tree walk" and owner.domain != owner.by_list:
            self.findings.append(
                finding(
                    rules.TWO_ORGANISATIONS, self.domain, walked=owner.domain, listed=owner.by_list
                )
            )

    def _look_at_step(self, step: WalkStep) -> None:
        name = f"_dmarc.{step.name}"
        if step.discarded:
            self.findings.append(finding(rules.SEVERAL, name, count=len(step.discarded)))
        self.findings += (finding(rules.NEAR_MISS, name, text=t[:200]) for t in step.near_misses)
        if step.chain and step.status is Status.FOUND:
            self.findings.append(finding(rules.BY_ALIAS, name, target=step.chain[-1]))
        psd = step.record.psd if step.record else "u"
        if psd == "n":
            self.findings.append(finding(rules.PSD_CUTS, step.name))
        if psd == "y" and self.by_list is not None and self.by_list(step.name):
            self.findings.append(finding(rules.PSD_ON_DOMAIN, step.name))

    def _absent(self, walk: Walk) -> Judge[None]:
        if walk.failed:
            self.not_judged.append("DMARC policy (DMARC-01): a look-up failed")
            return
        fix = f'_dmarc.{self.domain}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@{self.domain}"'
        self.findings.append(finding(rules.MISSING, self.domain, fix=fix))
        wrong = (self.domain, f"dmarc.{self.domain}", f"_dmarc.{self.domain}.{self.domain}")
        probe = f"_gctrust-probe.{self.domain}"
        answers = yield from ask_all(Question(n, "TXT", fresh=self.fresh) for n in (*wrong, probe))
        for name, answer in zip(wrong, answers, strict=False):
            for text in filter(is_dmarc, map(text_of, answer.records)):
                fix = f'_dmarc.{self.domain}. TXT "{text}"'
                self.findings.append(finding(rules.MISPLACED, self.domain, at=name, fix=fix))
        if any(answer.status.is_temporary for answer in answers):
            self.not_judged.append("misplaced or wildcard DMARC records (DMARC-22, DMARC-24)")
        others = walk.steps[0].others
        if others and others[0] in map(text_of, answers[-1].records):
            name = f"_dmarc.{self.domain}"
            self.findings.append(finding(rules.WILDCARD, name, text=others[0][:200]))

    def _present(
        self, step: WalkStep, record: DmarcRecord, owner: Organisation
    ) -> Judge[EffectivePolicy | None]:
        name = f"_dmarc.{step.name}"
        self.findings += (fault_finding(fault, name, record) for fault in record.faults[:20])
        if not record.rua and not _has(record, FaultKind.URI, "rua"):
            fix = f"add rua=mailto:dmarc@{step.name} to the TXT record at {name}."
            self.findings.append(finding(rules.NO_REPORTS, name, fix=fix))
        yield from self._destinations(step, record)
        if not record.applies:
            return None
        effective = yield from self._effective(step, record, _ruler(self.walk, owner, record))
        self.findings += _policy_findings(self.domain, step, record, owner, effective)
        return effective

    def _effective(
        self, step: WalkStep, record: DmarcRecord, ruler: DmarcRecord
    ) -> Judge[EffectivePolicy]:
        own = record.for_domain
        if step.name != self.domain:
            own = yield from self._inherited(record)
        return EffectivePolicy(
            own.lowered if record.testing else own,
            *(
                policy.lowered if ruler.testing else policy
                for policy in (ruler.for_subdomains, ruler.for_nonexistent)
            ),
        )

    def _inherited(self, record: DmarcRecord) -> Judge[Policy]:
        """sp= for a name that exists, np= for one that does not (RFC 9989 section 3.2.13)."""
        kinds = ("A", "AAAA", "MX")
        answers = yield from ask_all(
            Question(self.domain, kind, fresh=self.fresh) for kind in kinds
        )
        if all(answer.status.is_void for answer in answers):
            return record.for_nonexistent
        if (
            not any(answer.status is Status.FOUND for answer in answers)
            and record.for_nonexistent is not record.for_subdomains
        ):
            self.not_judged.append("whether np= or sp= applies (DMARC-08): a look-up failed")
        return record.for_subdomains

    def _destinations(self, step: WalkStep, record: DmarcRecord) -> Judge[None]:
        """RFC 9990 section 4: a foreign destination has to agree; any has to accept mail."""
        hosts = sorted({uri.domain for uri in (*record.rua, *record.ruf) if uri.domain})
        if len(hosts) > MAX_DESTINATIONS:
            self.not_judged.append(f"report domains after the first {MAX_DESTINATIONS} (DMARC-18)")
            hosts = hosts[:MAX_DESTINATIONS]
        judges = [self._destination(step.name, host) for host in hosts]
        for found in (yield from together(judges)):
            self.findings += found

    def _destination(self, policy_domain: str, host: str) -> Judge[tuple[Finding, ...]]:
        accepts, foreign = yield from _side_by_side(
            _accepts_mail(host, self.fresh), self._is_foreign(policy_domain, host)
        )
        found: list[Finding] = []
        if accepts is None:
            self.not_judged.append(f"whether {host} accepts reports by mail (DMARC-19)")
        elif accepts:
            found.append(
                finding(rules.REPORT_DOMAIN_DEAF, policy_domain, destination=host, reason=accepts)
            )
        if foreign is None:
            self.not_judged.append(f"whether {host} is of the same organisation (DMARC-18)")
        elif foreign:
            found += yield from self._authorisation(policy_domain, host)
        return tuple(found)

    def _is_foreign(self, policy_domain: str, host: str) -> Judge[str | None]:
        """ "foreign", "" for the same organisation, None when a look-up failed."""
        if host == policy_domain:
            return ""
        same = yield from self._same_organisation(policy_domain, host)
        return None if same is None else "" if same else "foreign"

    def _same_organisation(self, one: str, other: str) -> Judge[bool | None]:
        walk = self.walk if one == self.domain else (yield from tree_walk(one))
        owner = organisation(walk, self.by_list).domain
        named = organisation((yield from tree_walk(other)), self.by_list).domain
        return owner == named if owner and named else None

    def _authorisation(self, policy_domain: str, host: str) -> Judge[tuple[Finding, ...]]:
        name = f"{policy_domain}._report._dmarc.{host}"
        (answer,) = yield from ask_all([Question(name, "TXT", fresh=self.fresh)])
        if answer.status.is_temporary:
            self.not_judged.append(f"whether {host} accepts reports (DMARC-18): {answer.failure}")
            return ()
        if any(is_dmarc(text_of(record)) for record in answer.records):
            return ()
        fix = f'{name}. TXT "v=DMARC1"'
        return (finding(rules.NOT_AUTHORISED, policy_domain, fix=fix, destination=host, name=name),)

    def _alignment(
        self, streams: tuple[MailStream, ...], step: WalkStep | None, owner: Organisation
    ) -> Judge[tuple[Alignment, ...]]:
        record = step.record if step else None
        aspf = record.aspf if record else Mode.RELAXED
        adkim = record.adkim if record else Mode.RELAXED
        verdicts = []
        for stream in streams:
            spf = yield from self._aligned(stream.mail_from, aspf, owner)
            dkim = yield from self._aligned(stream.signed_by, adkim, owner)
            verdicts.append(Alignment(stream, spf, dkim))
            self._say_alignment(verdicts[-1])
        if not streams:
            self.not_judged.append("alignment of mail streams (DMARC-21): none given")
        return tuple(verdicts)

    def _aligned(self, identifier: str, mode: Mode, owner: Organisation) -> Judge[bool | None]:
        name = identifier.rstrip(".").lower()
        if not name or name == self.domain:
            return bool(name)
        if mode is Mode.STRICT:
            return False
        walk = yield from tree_walk(name)
        other = organisation(walk, self.by_list).domain
        return owner.domain == other if owner.domain and other else None

    def _say_alignment(self, verdict: Alignment) -> None:
        stream = verdict.stream
        if True not in (verdict.spf, verdict.dkim) and None in (verdict.spf, verdict.dkim):
            self.not_judged.append(f"alignment of {stream.name} (DMARC-21): a look-up failed")
        elif not verdict.spf and not verdict.dkim:
            self.findings.append(
                finding(
                    rules.NOT_ALIGNED,
                    self.domain,
                    stream=stream.name,
                    spf=stream.mail_from or "nothing",
                    dkim=stream.signed_by or "nothing",
                )
            )
        elif False in (verdict.spf, verdict.dkim):
            which = "SPF" if verdict.spf else "DKIM"
            self.findings.append(
                finding(rules.ONE_ALIGNED, self.domain, stream=stream.name, which=which)
            )


def _ruler(walk: Walk, owner: Organisation, record: DmarcRecord) -> DmarcRecord:
    """Whose sp= and np= rule the names below: a sub-domain's own are ignored (RFC 9989 4.7)."""
    if record.psd == "y":
        return record
    above = walk.step(owner.domain) if owner.domain else None
    if above is not None and above.record is not None:
        return above.record
    last = walk.steps[-1].record
    return last if last is not None and last.psd == "y" else record


def _side_by_side(
    one: Judge[str | None], other: Judge[str | None]
) -> Judge[tuple[str | None, ...]]:
    """Two judges side by side."""
    return (yield from together([one, other]))


def _accepts_mail(host: str, fresh: bool) -> Judge[str | None]:
    """Why `host` accepts no mail; "" when it does, None when a look-up failed (RFC 5321 5.1)."""
    answers = yield from ask_all(Question(host, kind, fresh=fresh) for kind in ("MX", "A", "AAAA"))
    mx, *addresses = answers
    if mx.status is Status.FOUND:
        return "" if any(_exchange(record) for record in mx.records) else "it has a null MX"
    if mx.status.is_temporary:
        return None
    if any(answer.status is Status.FOUND for answer in addresses):
        return ""
    if any(answer.status.is_temporary for answer in addresses):
        return None
    return "it has neither MX nor address"


def _exchange(record: object) -> str:
    return str(record[1]).strip(".") if isinstance(record, tuple) and len(record) == 2 else ""


def _has(record: DmarcRecord, kind: FaultKind, tag: str) -> bool:
    return any(fault.kind is kind and fault.tag == tag for fault in record.faults)


def _policy_findings(
    domain: str,
    step: WalkStep,
    record: DmarcRecord,
    owner: Organisation,
    effective: EffectivePolicy,
) -> Iterator[Finding]:
    name = f"_dmarc.{step.name}"
    yield finding(
        rules.EFFECTIVE,
        domain,
        at=name,
        policy=effective.domain.value,
        subdomains=effective.subdomains.value,
        nonexistent=effective.nonexistent.value,
    )
    if effective.domain is Policy.NONE and not (record.testing and record.for_domain.strength):
        yield finding(rules.POLICY_NONE, domain)
    if record.testing:
        yield finding(
            rules.TESTING,
            name,
            policy=record.for_domain.value,
            lowered=record.for_domain.lowered.value,
        )
    pairs = (("sp", record.subdomain_policy), ("np", record.nonexistent_policy))
    for tag, value in pairs:
        if value is None or record.policy is None:
            continue
        if owner.basis == "tree walk" and owner.domain != step.name and record.psd != "y":
            yield finding(rules.IGNORED_SUB_POLICY, name, tag=tag, organisation=owner.domain)
        elif value.strength < record.policy.strength:
            yield finding(
                rules.WEAKER, name, tag=tag, value=value.value, policy=record.policy.value
            )
