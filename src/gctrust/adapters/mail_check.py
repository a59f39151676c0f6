"""Runs the mail judges over DNS: for a check, and for a run that waits for records to be live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..errors import Problem, ProblemKind, ProblemType
from ..findings import Severity
from ..mailauth.assess import DomainReport, assess_domain
from ..mailauth.looks import DNS_ONLY
from ..mailauth.propagation import NameServer, Propagation, name_servers, next_look, observe
from ..mailauth.questions import Answer, Question
from ..mailauth.record_text import RequiredRecord
from ..mailauth.suffixes import registrable
from ..names import BadName, DomainName
from ..pipelines.effects import AssessMail, MailAssessment
from ..ports import Clock
from .dns_driver import drive
from .dns_resolver import Resolver
from .mail_looks import all_looks

BAD_NAME = ProblemType(
    "mail.bad-name",
    "The text is no domain name.",
    "A domain name has labels of letters, digits and hyphens, joined by dots.",
    "Give the part of the mail address after the @.",
    kind=ProblemKind.USAGE,
    source="RFC 1123 section 2.1; RFC 5890 section 2.3",
)
PROBLEMS = (BAD_NAME,)

DEADLINE = 60.0  # seconds for one whole look; what is open then is a time-out, never absence


class MailCheck:
    """`nameservers`, when given, are taken for the authoritative servers of every zone.

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
            looks = all_looks(resolver, self._clock, private=self._special, roots=self._roots)
        judge = assess_domain(
            domain,
            tuple(selectors),
            by_list=registrable,
            special_addresses=self._special,
            nameservers=nameservers or self._nameservers,
            reach=looks.reach if looks else DNS_ONLY,
        )
        return await drive(judge, looks or resolver, deadline=DEADLINE)

    async def perform(self, effect: AssessMail) -> MailAssessment:
        """Look past every cache: at each authoritative server, then with the judges."""
        self._resolver.forget()
        asked = self._resolver.tally.asked
        domain = DomainName.parse(effect.domain)
        required = tuple(RequiredRecord(r.type, r.name, r.value) for r in effect.required)
        servers = await self._servers(domain)
        seen = await drive(observe(required, servers), self._resolver, deadline=DEADLINE)
        report = await self._judge(domain, effect, required, servers)
        found = report.report.findings
        blocked = any(one.severity >= Severity.CRITICAL for one in found)
        return MailAssessment(
            findings=found,
            not_judged=report.report.not_judged,
            ready=seen.complete and not blocked,
            missing=_missing(seen),
            next_look=next_look(self._clock.now(), seen.states, looks=effect.looks),
            queries=self._resolver.tally.asked - asked,
        )

    async def _servers(self, domain: DomainName) -> tuple[NameServer, ...]:
        if self._nameservers:
            return tuple(NameServer(address) for address in self._nameservers)
        return await drive(name_servers(domain.text), self._resolver, deadline=DEADLINE)

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
        return await drive(judge, dns, deadline=DEADLINE)


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


def _missing(seen: Propagation) -> tuple[str, ...]:
    """ "TXT name" for each record that some server lacks, with the servers when not all do."""
    behind: dict[str, list[str]] = {}
    for state in seen.behind:
        behind.setdefault(f"{state.record.type} {state.record.owner}", []).append(
            state.server.name or state.server.address
        )
    count = len({state.server for state in seen.states})
    return tuple(
        record if len(servers) == count else f"{record} at {', '.join(servers)}"
        for record, servers in behind.items()
    )
