"""Runs the mail judges over DNS: for a check, and for a run that waits for records to be live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...errors import Problem, ProblemKind, ProblemType
from ...findings import Finding, Severity, finding
from ...mailauth.assess import DomainReport, assess_domain
from ...mailauth.expected_records import RecordStatus
from ...mailauth.looks import DNS_ONLY
from ...mailauth.propagation import NameServer
from ...mailauth.questions import Answer, Question
from ...mailauth.record_rules import FLAPPING
from ...mailauth.record_text import RequiredRecord
from ...mailauth.suffixes import registrable
from ...names import BadName, DomainName
from ...pipelines.effects import AssessMail, MailAssessment
from ...ports import Clock
from ..dns.driver import ASSESSMENT_SECONDS, drive
from ..dns.propagation import ServerLook, Spread, look_around
from ..dns.resolver import Resolver

BAD_NAME = ProblemType(
    "mail.bad-name",
    "The text is no domain name.",
    "A domain name has labels of letters, digits and hyphens, joined by dots.",
    "Give the part of the mail address after the @.",
    kind=ProblemKind.USAGE,
    source="RFC 1123 section 2.1; RFC 5890 section 2.3",
)
PROBLEMS = (BAD_NAME,)

BEYOND_DNS_SECONDS = 60.0
"""For a look that also connects to exchanges: an SMTP greeting alone may take its time."""

_REMEMBERED = 1000  # domains whose last look is kept, to see servers that change their minds


class MailCheck:
    """`nameservers`, when given, are taken for the authoritative servers of every zone; a wait for
    records takes them so only where they answer with authority.

    `special_addresses` accepts exchanges on loopback and documentation addresses (a sandbox's);
    `roots` are what a policy's server and an exchange are verified against (None: the public ones).
    """

    def __init__(
        self,
        resolver: Resolver,
        clock: Clock,
        nameservers: tuple[str, ...] = (),
        *,
        special_addresses: bool = False,
        roots: str | None = None,
    ) -> None:
        self._resolver, self._clock, self._nameservers = resolver, clock, nameservers
        self._special, self._roots = special_addresses, roots
        self._before: dict[str, Spread] = {}

    async def check(
        self,
        name: str,
        selectors: Iterable[str] = (),
        nameservers: tuple[str, ...] = (),
        *,
        beyond_dns: bool = False,
    ) -> DomainReport:
        """Judge a domain as a receiver sees it. Raises Problem mail.bad-name.

        `beyond_dns` also fetches its MTA-STS policy, connects to its exchanges, validates DNSSEC.
        """
        try:
            domain = DomainName.parse(name)
        except BadName as error:
            raise Problem(BAD_NAME, {"seen": error.text[:80], "reason": error.reason}) from None
        if not nameservers:
            return await self._looked(domain, selectors, self._resolver, nameservers, beyond_dns)
        async with Resolver(nameservers, self._clock) as resolver:
            return await self._looked(domain, selectors, resolver, nameservers, beyond_dns)

    async def _looked(
        self,
        domain: DomainName,
        selectors: Iterable[str],
        resolver: Resolver,
        nameservers: tuple[str, ...],
        beyond_dns: bool,
    ) -> DomainReport:
        looks = None
        if beyond_dns:
            from .looks import all_looks  # HTTP and SMTP, which most checks never need

            looks = all_looks(resolver, self._clock, private=self._special, roots=self._roots)
        judge = assess_domain(
            domain,
            tuple(selectors),
            by_list=registrable,
            special_addresses=self._special,
            nameservers=nameservers or self._nameservers,
            reach=looks.reach if looks else DNS_ONLY,
        )
        seconds = BEYOND_DNS_SECONDS if beyond_dns else ASSESSMENT_SECONDS
        return await drive(judge, looks or resolver, deadline=seconds)

    async def perform(self, effect: AssessMail) -> MailAssessment:
        """Look past every cache: at each server by itself, then with the judges."""
        self._resolver.forget()
        asked = self._resolver.tally.asked
        domain = DomainName.parse(effect.domain)
        required = tuple(RequiredRecord(r.type, r.name, r.value) for r in effect.required)
        seen = await self.spread(domain, required, looks=effect.looks)
        report = await self._judge(domain, effect, required, _authoritative(seen))
        found = report.report.findings + self._flapping(seen)
        blocked = any(one.severity >= Severity.CRITICAL for one in found)
        return MailAssessment(
            findings=found,
            not_judged=report.report.not_judged,
            ready=seen.published and not blocked,
            missing=_missing(seen),
            next_look=seen.next_look,
            queries=self._resolver.tally.asked - asked + _asked_alone(seen),
        )

    async def spread(
        self, domain: DomainName, required: tuple[RequiredRecord, ...], *, looks: int = 0
    ) -> Spread:
        """Who serves the records: every authoritative server and resolver, each by itself."""
        own = await self._given(domain)
        return await look_around(
            domain.text, required, self._resolver, self._clock, nameservers=own, looks=looks
        )

    async def _given(self, domain: DomainName) -> tuple[str, ...]:
        """The configured servers when the zone is theirs; resolvers are no servers of the zone."""
        answers = await self._resolver.resolve_all(
            Question(domain.text, "SOA", server=address, fresh=True)
            for address in self._nameservers
        )
        silent = all(answer.status.is_temporary for answer in answers)
        theirs = silent or any(answer.authoritative for answer in answers)
        return self._nameservers if theirs else ()

    def _flapping(self, seen: Spread) -> tuple[Finding, ...]:
        """PROP-04: against what this process saw of the domain at its last look."""
        before = self._before.pop(seen.domain, None)
        self._before[seen.domain] = seen
        if len(self._before) > _REMEMBERED:
            del self._before[next(iter(self._before))]
        return tuple(_lost(before, seen)) if before else ()

    async def _judge(
        self,
        domain: DomainName,
        effect: AssessMail,
        required: tuple[RequiredRecord, ...],
        servers: tuple[NameServer, ...],
    ) -> DomainReport:
        judge = assess_domain(
            domain,
            effect.selectors,
            required=required,
            include=effect.include.removeprefix("include:"),
            by_list=registrable,
            special_addresses=self._special,
            nameservers=self._nameservers,
            fresh=True,
        )
        dns = _AtAuthority(self._resolver, domain, servers) if servers else self._resolver
        return await drive(judge, dns, deadline=ASSESSMENT_SECONDS)


class _AtAuthority:
    """Sends questions below the domain to its own server: a resolver may still say "not there".

    A CNAME that leads out of the zone leaves the server with half an answer: asked again normally.
    """

    def __init__(
        self, resolver: Resolver, domain: DomainName, servers: tuple[NameServer, ...]
    ) -> None:
        self._resolver, self._domain, self._server = resolver, domain, servers[0].address

    async def resolve_all(self, questions: Iterable[Question]) -> tuple[Answer, ...]:
        asked = tuple(questions)
        first = await self._resolver.resolve_all(self._directed(q) for q in asked)
        again = [
            index
            for index, (question, answer) in enumerate(zip(asked, first, strict=True))
            if self._is_own(question) and (not answer.authoritative or answer.chain)
        ]
        answers = list(first)
        second = await self._resolver.resolve_all(replace(asked[i], fresh=True) for i in again)
        for index, answer in zip(again, second, strict=True):
            answers[index] = answer
        return tuple(answers)

    def _is_own(self, question: Question) -> bool:
        name = question.name.lower().rstrip(".")
        return name == self._domain.text or name.endswith("." + self._domain.text)

    def _directed(self, question: Question) -> Question:
        own = self._is_own(question) and question.server is None
        return replace(question, server=self._server, fresh=True) if own else question


def _authoritative(seen: Spread) -> tuple[NameServer, ...]:
    looks = (one for record in seen.records[:1] for one in record.servers)
    return tuple(NameServer(one.address, one.name) for one in looks if not one.is_resolver)


def _asked_alone(seen: Spread) -> int:
    return sum(one.is_resolver for record in seen.records for one in record.servers)


def _lost(before: Spread, after: Spread) -> Iterator[Finding]:
    had = {
        (record.name, record.type, record.value, one.address)
        for record in before.records
        for one in record.servers
        if one.status is RecordStatus.LIVE
    }
    for record in after.records:
        for one in record.servers:
            lacks = one.status in (RecordStatus.MISSING, RecordStatus.WRONG)
            if lacks and (record.name, record.type, record.value, one.address) in had:
                server = one.name or one.address
                yield finding(FLAPPING, record.name, type=record.type, server=server)


def _missing(seen: Spread) -> tuple[str, ...]:
    """ "TXT name" for each record that some server of the zone lacks, with those when not all do;
    once all have it, the resolvers that still hold what was there before."""
    return tuple(
        f"{record.type} {record.name}{where}"
        for record in seen.records
        if (where := _where(record.servers, resolvers=seen.published)) is not None
    )


def _where(servers: tuple[ServerLook, ...], *, resolvers: bool) -> str | None:
    asked = [one for one in servers if one.is_resolver is resolvers]
    behind = [one.name or one.address for one in asked if one.status is not RecordStatus.LIVE]
    if not behind:
        return None if asked or resolvers else ""
    return "" if len(behind) == len(asked) and not resolvers else f" at {', '.join(behind)}"
