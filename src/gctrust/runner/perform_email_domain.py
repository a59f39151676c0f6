"""Performs the effects of journey 1: the platform's email domains, and DNS."""

from __future__ import annotations

from dataclasses import replace

from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.problems import ANSWER_LOST, CONFLICT
from ..adapters.genesys.wire import EmailDomain
from ..errors import Problem
from ..pipelines.effects import (
    EmailDomainSeen,
    FindEmailDomain,
    Found,
    ReadEmailDomain,
    RegisterEmailDomain,
    RequestVerification,
    RequiredRecord,
)
from ..ports import Clock
from .absences import Absences
from .perform_platform_domain import PlatformDomains


class EmailDomainPerformer:
    """Looks before it creates: a registration that exists is adopted, whoever made it.

    What the published API has of this is another class: the client's dialect decides.
    """

    def __init__(self, genesys: GenesysClient, clock: Clock) -> None:
        self._genesys, self._clock, self._absences = genesys, clock, Absences(clock)
        published = genesys.dialect == "platform"
        self._published = PlatformDomains(genesys, clock) if published else None

    async def find(self, effect: FindEmailDomain) -> Found:
        if self._published:
            return await self._published.find(effect)
        found = await self._genesys.find_email_domain(effect.domain)
        if found is None:
            self._absences.note(effect.domain)
        return Found(found.id if found else "")

    async def all(self) -> tuple[str, ...]:
        """Every domain of the organisation; none in the guide dialect, which has no such call."""
        return await self._published.all() if self._published else ()

    async def register(self, effect: RegisterEmailDomain) -> EmailDomainSeen:
        if self._published:
            return await self._published.register(effect)
        await self._genesys.require("email-domain.create", "email-domain.verify")
        began = self._clock.now()
        missed = self._absences.take(effect.domain)
        found = None if missed else await self._genesys.find_email_domain(effect.domain)
        made = None if found else await self._create(effect.domain)
        seen = _seen(found or made or await self._adopt(effect.domain))
        return replace(seen, latency=self._clock.now() - began)

    async def _create(self, domain: str) -> EmailDomain | None:
        """None when it exists after all: made by another, or by us before an answer was lost."""
        try:
            return await self._genesys.create_email_domain(domain)
        except Problem as problem:
            if problem.type not in (CONFLICT, ANSWER_LOST):
                raise
            return None

    async def _adopt(self, domain: str) -> EmailDomain:
        found = await self._genesys.find_email_domain(domain)
        if found is None:
            # A list may lag behind a creation; the next try of this effect looks again.
            raise Problem(ANSWER_LOST, {"operation": "email-domain.create", "domain": domain})
        return found

    async def read(self, effect: ReadEmailDomain) -> EmailDomainSeen:
        if self._published:
            return await self._published.read(effect)
        return _seen(await self._genesys.get_email_domain(effect.id))

    async def verify(self, effect: RequestVerification) -> EmailDomainSeen:
        if self._published:
            return await self._published.verify(effect)
        # Asked for before a crash, or found by the platform itself: nothing is left to ask for.
        held = await self._genesys.get_email_domain(effect.id)
        if held.status != "verified":
            held = await self._genesys.verify_email_domain(effect.id)
        return _seen(held)


def _seen(found: EmailDomain) -> EmailDomainSeen:
    required = tuple(RequiredRecord(r.type, r.name, r.value) for r in found.required)
    return EmailDomainSeen(found.id, found.domain, found.status, found.raw_status, required)
