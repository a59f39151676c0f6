"""Answers what mail judges ask beside DNS (policy files, STARTTLS, DNSSEC); passes DNS on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from ...mailauth.looks import DNSSEC, POLICY, STARTTLS, Reach
from ...mailauth.questions import Answer, Question, Status
from ..dns.dnssec import DnssecFacts, Now
from ..dns.driver import Dns
from ..dns.resolver import Resolver
from ..fetch.address_guard import AddressGuard
from .mta_sts_fetch import PolicyFetch
from .smtp_probe import SmtpProbe

_AT_ONCE = 32  # connections open to strangers at one time
_REMEMBERED = 10_000  # looks that are not repeated while this object lives


class Connects(Protocol):
    async def look(self, host: str, addresses: tuple[str, ...]) -> Answer: ...


class Asks(Protocol):
    async def look(self, domain: str) -> Answer: ...


class MailLooks:
    """A `Dns` that can also look at the rest; what is None is not in its `reach`."""

    def __init__(
        self,
        dns: Dns,
        *,
        policies: Connects | None = None,
        exchanges: Connects | None = None,
        dnssec: Asks | None = None,
        transports: bool = False,
    ) -> None:
        self._dns, self._dnssec = dns, dnssec
        self._connects = {POLICY: policies, STARTTLS: exchanges}
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._seen: dict[Question, asyncio.Task[Answer]] = {}
        self.reach = Reach(
            policy_files=policies is not None,
            starttls=exchanges is not None,
            dnssec=dnssec is not None,
            transports=transports,
        )

    async def resolve_all(self, questions: Iterable[Question]) -> tuple[Answer, ...]:
        """All answers, asked at once, in the order of the questions."""
        batch = tuple(questions)
        beyond = {at: q for at, q in enumerate(batch) if q.type in (POLICY, STARTTLS, DNSSEC)}
        if not beyond:
            return await self._dns.resolve_all(batch)
        plain = [question for at, question in enumerate(batch) if at not in beyond]
        looks = asyncio.gather(*map(self._once, beyond.values()))
        seen, known = await asyncio.gather(looks, self._dns.resolve_all(plain))
        answers, rest = dict(zip(beyond, seen, strict=True)), iter(known)
        return tuple(answers[at] if at in answers else next(rest) for at in range(len(batch)))

    async def _once(self, question: Question) -> Answer:
        """Thousands of domains share an exchange: it is connected to once, unless asked anew."""
        seen = self._seen.get(question)
        if seen is None or question.fresh or (seen.done() and _is_passing(seen)):
            if len(self._seen) >= _REMEMBERED:
                self._seen.pop(next(iter(self._seen)))
            seen = self._seen[question] = asyncio.create_task(self._look(question))
        return await asyncio.shield(seen)

    async def _look(self, question: Question) -> Answer:
        async with self._gate:
            if question.type == DNSSEC:
                return await self._dnssec.look(question.name) if self._dnssec else _UNABLE
            way = self._connects[question.type]
            if way is None:
                return _UNABLE
            kinds = ("A", "AAAA")
            found = await self._dns.resolve_all(Question(question.name, kind) for kind in kinds)
            addresses = tuple(str(record) for answer in found for record in answer.records)
            if addresses:
                return await way.look(question.name, addresses)
            failed = next((answer for answer in found if answer.status.is_temporary), found[0])
            return Answer(failed.status)


def _is_passing(seen: asyncio.Task[Answer]) -> bool:
    return seen.cancelled() or seen.exception() is not None or seen.result().status.is_temporary


def all_looks(
    resolver: Resolver, clock: Now, *, private: bool = False, roots: str | None = None
) -> MailLooks:
    """Everything in reach. `private` allows connections to addresses that are not public, `roots`
    is a PEM file of trusted issuers (None: the public ones)."""
    guard = AddressGuard(private=private)
    return MailLooks(
        resolver,
        policies=PolicyFetch(guard, roots=roots),
        exchanges=SmtpProbe(guard, roots=roots),
        dnssec=DnssecFacts(resolver.servers[0], clock) if resolver.servers else None,
        transports=True,
    )


_UNABLE = Answer(Status.REFUSED)
