"""Performs the effects of journey 1 on the published API: inbound and campaign domains.

The platform is consistent only after a while: what was just made answers 404, and what answers 404
may be refused as existing. Either way the effect is tried again; nothing is made twice. Each call
is of a budget that all runs share: docs/decisions/budget.md says what each is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.problems import (
    ANSWER_LOST,
    BAD_REQUEST,
    CAMPAIGN_NAME,
    CONFLICT,
    MAIL_FROM_NAME,
    NOT_FOUND,
    NOT_SHOWN_YET,
)
from ..adapters.genesys.published import Published
from ..adapters.genesys.wire_platform import (
    Activation,
    CampaignDomain,
    Check,
    Dmarc,
    Enumerated,
    InboundDomain,
)
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
from ..pipelines.platform_domain import PlatformDomain
from ..ports import Clock
from .absences import Absences
from .lately import Lately

_LOOK_AGAIN: Final = 5.0  # seconds until what was just made is looked for again
_SETTLES: Final = 2.0  # seconds after which what was just made is mostly shown
_MOMENT: Final = 600.0  # seconds for which a domain's MX and DMARC are told as they were
_NOT_PROVISIONED: Final = "postino.invalid.domain.activation"
_OWNERSHIP, _DKIM, _MAIL_FROM = "ownership", "DKIM", "MAIL FROM"
_UNSHOWN: Final = Check(Enumerated("pending", "not shown yet"), ())


@dataclass(frozen=True, slots=True)
class _State:
    """How a domain stands: each check by its name, and what is told beside them."""

    checks: dict[str, Check]
    more: str
    dmarc: Dmarc | None
    mail_from: str = ""


class PlatformDomains:
    """One method for each effect."""

    def __init__(self, genesys: GenesysClient, clock: Clock) -> None:
        self._api, self._clock, self._absences = Published(genesys), clock, Absences(clock)
        self._lately: Lately[InboundDomain] = Lately(clock, _MOMENT)

    async def find(self, effect: FindEmailDomain) -> Found:
        domain = PlatformDomain.of(effect.domain)
        there = await self._is_there(domain)
        if not there:
            self._absences.note(domain.id)
        return Found(domain.id if there else "")

    async def all(self) -> tuple[str, ...]:
        """Every domain the organisation has, as orders name them."""
        inbound = [PlatformDomain(one.id) for one in await self._api.inbounds()]
        campaigns = [PlatformDomain(one.id, campaign=True) for one in await self._api.campaigns()]
        return tuple(domain.order for domain in inbound + campaigns)

    async def register(self, effect: RegisterEmailDomain) -> EmailDomainSeen:
        """Raises Problem genesys.campaign-domain or genesys.mail-from before anything is made."""
        began = self._clock.now()
        domain = PlatformDomain.of(effect.domain)
        refuse_faulty(domain)
        missed = self._absences.take(domain.id)
        if missed or not await self._is_there(domain):
            await self._refuse_other_kind(domain)
            await self._create(domain)
            await self._clock.sleep_until(self._clock.now() + _SETTLES)
        try:
            if domain.mail_from:
                await self._set_mail_from(domain)
            seen = await self._seen(domain)
        except Problem as problem:
            raise self._not_yet(problem, domain) from None
        return replace(seen, latency=self._clock.now() - began)

    async def read(self, effect: ReadEmailDomain) -> EmailDomainSeen:
        return await self._seen(PlatformDomain.of(effect.id))

    async def verify(self, effect: RequestVerification) -> EmailDomainSeen:
        """Restart what has failed; the rest is looked at by reading it. A campaign domain is
        looked at when it is asked for."""
        domain = PlatformDomain.of(effect.id)
        if domain.campaign:
            return _told(domain, _of_campaign(await self._activated(domain.name)))
        state = await self._inbound(domain.name)
        failed = [what for what, check in state.checks.items() if check.status.value == "failed"]
        for what in failed:
            state.checks[what] = await self._restarted(domain.name, what, state.mail_from)
        return _told(domain, state)

    # --- registering

    async def _is_there(self, domain: PlatformDomain) -> bool:
        held: InboundDomain | CampaignDomain | None
        if domain.campaign:
            held = await self._api.campaign(domain.name)
        else:
            held = await self._look(domain.name)
        return held is not None

    async def _look(self, name: str) -> InboundDomain | None:
        held = await self._api.inbound(name)
        return held and self._lately.note(name, held)

    async def _refuse_other_kind(self, domain: PlatformDomain) -> None:
        """One name is never both: campaign mail would ride on the contact centre's reputation."""
        other = replace(domain, campaign=not domain.campaign, mail_from="")
        if await self._is_there(other):
            whose = "for campaigns" if other.campaign else "for the contact centre"
            raise Problem(CAMPAIGN_NAME, {"domain": domain.name, "seen": f"registered {whose}"})

    async def _create(self, domain: PlatformDomain) -> None:
        """A conflict, or an answer that was lost, leaves one to adopt: reading it tells."""
        try:
            if domain.campaign:
                await self._api.create_campaign(domain.name)
            else:
                self._lately.note(domain.name, await self._api.create_inbound(domain.name))
        except Problem as problem:
            if problem.type not in (CONFLICT, ANSWER_LOST):
                raise

    async def _set_mail_from(self, domain: PlatformDomain) -> None:
        held = self._lately.known(domain.name) or await self._look(domain.name)
        if held is None:
            raise Problem(NOT_FOUND, {"domain": domain.name})
        if held.mail_from != domain.mail_from:
            told = await self._api.set_mail_from(domain.name, domain.mail_from)
            self._lately.note(domain.name, replace(held, mail_from=told.domain))

    def _not_yet(self, problem: Problem, domain: PlatformDomain) -> Problem:
        if problem.type is not NOT_FOUND:
            return problem
        later = self._clock.now() + _LOOK_AGAIN
        return Problem(NOT_SHOWN_YET, {"domain": domain.name}, retry_at=later)

    # --- looking, and having it look

    async def _activated(self, name: str) -> Activation:
        """Before it is provisioned, the platform refuses to look: that is no failure."""
        try:
            return await self._api.activate(name)
        except Problem as problem:
            if problem.type is not BAD_REQUEST or problem.facts.get("code") != _NOT_PROVISIONED:
                raise
        return await self._api.activation(name)

    async def _restarted(self, name: str, what: str, mail_from: str) -> Check:
        if what == _OWNERSHIP:
            return await self._api.restart_verification(name)
        if what == _DKIM:
            return await self._api.restart_dkim(name)
        return (await self._api.set_mail_from(name, mail_from)).check

    async def _seen(self, domain: PlatformDomain) -> EmailDomainSeen:
        if domain.campaign:
            return _told(domain, _of_campaign(await self._api.activation(domain.name)))
        state = await self._inbound(domain.name)
        if domain.mail_from and state.checks.get(_MAIL_FROM, _UNSHOWN) is _UNSHOWN:
            raise Problem(NOT_FOUND, {"domain": domain.mail_from})  # set just now, shown later
        return _told(domain, state)

    async def _inbound(self, name: str) -> _State:
        """What hardly changes is read again when a moment has passed, or all else is verified."""
        held = self._lately.known(name) or await self._look(name)
        if held is None:
            raise Problem(NOT_FOUND, {"domain": name})
        checks = await self._checks(held)
        if _together(check.status.value for check in checks.values()) == "verified":
            fresh = await self._look(name) or held
            if fresh.mail_from != held.mail_from:
                checks = await self._checks(fresh)
            held = fresh
        return _State(checks, f"MX {held.mx}", held.dmarc, held.mail_from)

    async def _checks(self, held: InboundDomain) -> dict[str, Check]:
        ownership, dkim = await asyncio.gather(
            self._api.verification(held.id), self._api.dkim(held.id)
        )
        checks = {_OWNERSHIP: ownership, _DKIM: dkim}
        if held.mail_from:
            mail_from = await self._api.mail_from(held.id)
            checks[_MAIL_FROM] = mail_from.check if mail_from else _UNSHOWN
        return checks


def _of_campaign(held: Activation) -> _State:
    checks = {"bounce CNAME": held.bounce, _DKIM: held.dkim}
    return _State(checks, f"sender {held.sender}", held.dmarc)


def refuse_faulty(domain: PlatformDomain) -> None:
    """Raises Problem genesys.campaign-domain or genesys.mail-from."""
    if fault := domain.fault():
        kind = CAMPAIGN_NAME if domain.campaign else MAIL_FROM_NAME
        raise Problem(kind, {"domain": domain.name, "reason": fault})


def _told(domain: PlatformDomain, state: _State) -> EmailDomainSeen:
    required = {
        RequiredRecord(one.type, one.name, one.value): None
        for check in state.checks.values()
        for one in check.records
    }
    said = [f"{what} {check.status}" for what, check in state.checks.items()]
    said += [state.more, f"DMARC {state.dmarc.status}" if state.dmarc else "DMARC untold"]
    status = _together(check.status.value for check in state.checks.values())
    return EmailDomainSeen(domain.id, domain.name, status, ", ".join(said), tuple(required))


def _together(statuses: Iterable[str]) -> str:
    """Verified when all are; else the worst that is known. What nobody knows is no failure."""
    found = set(statuses)
    if found == {"verified"}:
        return "verified"
    return next((one for one in ("failed", "unknown") if one in found), "pending")
